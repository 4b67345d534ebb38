//! Keys taken out of whatever comes back: a service, a proxy or an error may repeat what it was sent.

use std::borrow::Cow;

use bytes::Bytes;
use regex::bytes::Regex;

/// Shorter values are no keys of the service; searching for them would tear other texts apart.
const SHORTEST: usize = 8;
const INSTEAD: &[u8] = b"[key]";

/// Finds keys in every form that they take in texts.
#[derive(Clone)]
pub struct Hidden {
    /// Absent: there is nothing to hide.
    forms: Option<Regex>,
}

impl Hidden {
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let forms: Vec<String> = secrets
            .into_iter()
            .filter(|secret| secret.len() >= SHORTEST)
            .flat_map(|secret| forms(secret).into_iter().map(move |form| pattern(secret, &form)))
            .collect();
        let forms = (!forms.is_empty())
            .then(|| Regex::new(&forms.join("|")).expect("bug: escaped texts are a pattern"));
        Self { forms }
    }

    pub fn hide(&self, body: Bytes) -> Bytes {
        match &self.forms {
            Some(forms) if forms.is_match(&body) => forms.replace_all(&body, INSTEAD).into_owned().into(),
            _ => body,
        }
    }

    pub fn hide_text(&self, text: &str) -> String {
        let Some(forms) = &self.forms else { return text.to_owned() };
        match forms.replace_all(text.as_bytes(), INSTEAD) {
            Cow::Borrowed(_) => text.to_owned(),
            Cow::Owned(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

/// What finds one form of a key. A key of one or two letters, as tests have them, is found as a whole word only:
/// else it would be found in every long title of that letter, and what the service holds would be read wrong.
fn pattern(secret: &str, form: &str) -> String {
    let letters: std::collections::BTreeSet<u8> = secret.bytes().collect();
    let escaped = regex::escape(form);
    if letters.len() <= 2 && form == secret { format!(r"(?-u:\b){escaped}(?-u:\b)") } else { escaped }
}

/// A key as it is, in JSON, in a URL, and within base64 at each of the places where it may begin. The longest
/// come first, so that nothing of them stays.
fn forms(secret: &str) -> Vec<String> {
    let percent = |upper: bool| -> String {
        let byte = |byte: u8| match byte {
            byte if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => char::from(byte).to_string(),
            byte if upper => format!("%{byte:02X}"),
            byte => format!("%{byte:02x}"),
        };
        secret.bytes().map(byte).collect()
    };
    let json = serde_json::Value::from(secret).to_string();
    let mut forms = vec![secret.to_owned(), json.trim_matches('"').to_owned(), percent(true), percent(false)];
    forms.push(secret.replace('/', "\\/"));
    for before in 0..3 {
        for sixty_two_and_three in [b"+/", b"-_"] {
            forms.push(base64_within(secret.as_bytes(), before, sixty_two_and_three));
        }
    }
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    forms
}

/// The characters of base64 that stand for these bytes alone, with so many others before them.
fn base64_within(bytes: &[u8], before: usize, last: &[u8; 2]) -> String {
    let alphabet: Vec<u8> =
        (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(last.iter().copied()).collect();
    let bit = |at: usize| {
        let byte = (at / 8).checked_sub(before).and_then(|own| bytes.get(own)).copied().unwrap_or_default();
        usize::from(byte >> (7 - at % 8) & 1)
    };
    let (first, end) = ((before * 8).div_ceil(6), (before + bytes.len()) * 8 / 6);
    let digit = |at: usize| (0..6).fold(0, |digit, place| digit << 1 | bit(at * 6 + place));
    (first..end).map(|at| char::from(alphabet[digit(at)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn check(secret: &str, text: &str, expected: &str) {
        let hidden = Hidden::new([secret]);
        assert_eq!(hidden.hide_text(text), expected);
        assert_eq!(hidden.hide(Bytes::from(text.to_owned())), expected);
    }

    #[test]
    fn keys_are_taken_out_in_every_form() {
        check(
            KEY,
            r#"{"errors":["bad key 0123456789abcdef0123456789abcdef"]}"#,
            r#"{"errors":["bad key [key]"]}"#,
        );
        check(KEY, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "[key]Y=");
        // `api:KEY` and `user:KEY!`
        check(KEY, "YXBpOjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm", "YXBpOj[key]");
        check(KEY, "dXNlcjowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZiE=", "dXNlcjo[key]iE=");
        check("pat+a/b=c\"d", "x?k=pat%2Ba%2Fb%3Dc%22d&k=pat%2ba%2fb%3dc%22d", "x?k=[key]&k=[key]");
        check("pat+a/b=c\"d", r#""pat+a/b=c\"d" "#, r#""[key]" "#);
        check("pat+a/b=cd", r"pat+a\/b=cd", "[key]");
        check("short", "short", "short");
        check("aaaaaaaa", "x?k=aaaaaaaa&title=aaaaaaaaaaaa", "x?k=[key]&title=aaaaaaaaaaaa");
        check(KEY, "nothing", "nothing");
        assert_eq!(Hidden::new([]).hide_text("x"), "x");
        let broken = Bytes::from([b"\xff", KEY.as_bytes(), b"\xfe"].concat());
        assert_eq!(&Hidden::new([KEY]).hide(broken)[..], b"\xff[key]\xfe");
    }
}
