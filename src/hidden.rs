//! Keys kept out of whatever is shown: a service, a proxy or an error may repeat what it was sent. Bodies that are
//! compared or sent stay as they are.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex::bytes::Regex;
use serde_json::Value;

/// Shorter values are not keys of the service; searching for them would tear other texts apart.
const SHORTEST: usize = 8;
/// Below this length a mere word, or a mere number, is not taken for a key: ids and names would be torn apart. Keys of
/// Datadog are longer, and mix letters and digits.
const WORD: usize = 16;
const INSTEAD: &str = "[key]";

/// The keys of this run. Whoever prints must not depend on being handed them, so they stand in one place, once.
static OF_THIS_RUN: OnceLock<Hidden> = OnceLock::new();
/// The token of the system where pull requests are discussed.
static TOKEN: OnceLock<Hidden> = OnceLock::new();

/// Hides these keys from now on, in everything that is shown.
pub fn remember(hidden: &Hidden) {
    // A second set is the same one: a run works in one environment.
    let _ = OF_THIS_RUN.set(hidden.clone());
}

/// Hides a token besides the keys.
pub fn remember_token(hidden: &Hidden) {
    // A run talks to one such system.
    let _ = TOKEN.set(hidden.clone());
}

/// A text as it may be shown.
pub fn shown(text: &str) -> Cow<'_, str> {
    let mut shown = Cow::Borrowed(text);
    for hidden in [&OF_THIS_RUN, &TOKEN].into_iter().filter_map(OnceLock::get) {
        if let Cow::Owned(hidden) = hidden.hide(&shown) {
            shown = Cow::Owned(hidden);
        }
    }
    shown
}

/// The same of bytes.
pub fn shown_bytes(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut shown = Cow::Borrowed(bytes);
    for hidden in [&OF_THIS_RUN, &TOKEN].into_iter().filter_map(OnceLock::get) {
        if let Cow::Owned(hidden) = hidden.hide_bytes(&shown) {
            shown = Cow::Owned(hidden);
        }
    }
    shown
}

/// Whether there is a key in a text.
pub fn holds(text: &str) -> bool {
    matches!(shown(text), Cow::Owned(_))
}

/// Takes keys out of a value that is only shown, keys of its mappings included.
pub fn show_value(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(hidden) = shown(text) {
                *text = hidden;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(show_value),
        Value::Object(members) => {
            members.values_mut().for_each(show_value);
            if members.keys().any(|key| holds(key)) {
                let old = std::mem::take(members);
                members.extend(old.into_iter().map(|(key, value)| (shown(&key).into_owned(), value)));
            }
        }
        _ => {}
    }
}

/// Finds keys in every form that they take in texts.
#[derive(Clone, Debug)]
pub struct Hidden {
    /// Absent: there is nothing to hide.
    forms: Option<Regex>,
}

impl Hidden {
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let forms: Vec<String> =
            secrets.into_iter().filter(|secret| is_telling(secret)).flat_map(forms).collect();
        let forms = (!forms.is_empty())
            .then(|| Regex::new(&forms.join("|")).expect("bug: escaped texts are a pattern"));
        Self { forms }
    }

    /// These too, whatever they look like: somebody named them secrets. Shorter ones would tear every text apart.
    pub fn and<'a>(&self, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let named = secrets.into_iter().filter(|secret| secret.len() >= SHORTEST).flat_map(forms);
        let all: Vec<String> =
            self.forms.iter().map(|forms| forms.as_str().to_owned()).chain(named).collect();
        let forms =
            (!all.is_empty()).then(|| Regex::new(&all.join("|")).expect("bug: escaped texts are a pattern"));
        Self { forms }
    }

    pub fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.hide_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    fn hide_bytes<'t>(&self, bytes: &'t [u8]) -> Cow<'t, [u8]> {
        let Some(forms) = &self.forms else { return Cow::Borrowed(bytes) };
        forms.replace_all(bytes, INSTEAD.as_bytes())
    }
}

/// Whether a value can be told from the words and numbers of ordinary texts.
pub fn is_telling(secret: &str) -> bool {
    let all = |fits: fn(u8) -> bool| secret.bytes().all(fits);
    let is_word = all(|byte| byte.is_ascii_alphabetic() || b"-_".contains(&byte));
    let is_number = all(|byte| byte.is_ascii_digit());
    secret.len() >= SHORTEST && (secret.len() >= WORD || !(is_word || is_number))
}

/// Patterns for a key in its characters, in hexadecimal digits, and within base64 at each of the places where it may
/// begin, once and twice.
fn forms(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let spelled: String = secret.bytes().map(character).collect();
    let mut forms = vec![format!("(?i-u:{spelled})"), format!("(?i-u:{hex})")];
    let within = |bytes: &[u8]| -> Vec<String> {
        let places = (0..3).flat_map(|before| [(before, b"+/"), (before, b"-_")]);
        places.map(|(before, last)| base64_within(bytes, before, last)).collect()
    };
    for once in within(secret.as_bytes()) {
        forms.extend(within(once.as_bytes()).iter().map(|twice| regex::escape(twice)));
        forms.push(regex::escape(&once));
    }
    forms.sort();
    forms.dedup();
    // The longest come first, so that nothing of them stays.
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms
}

/// A character as JSON, URLs (encoded over and over, too), HTML and programs may write it.
fn character(byte: u8) -> String {
    let own = regex::escape(&char::from(byte).to_string());
    let escaped = if byte.is_ascii_alphanumeric() { own } else { format!(r"\\{{0,8}}{own}") };
    format!(
        r"(?:{escaped}|\\{{1,8}}(?:u00|x){byte:02x}|%(?:25){{0,4}}{byte:02x}|&#(?:0{{0,5}}{byte}|x0{{0,5}}{byte:x});)"
    )
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
        assert_eq!(Hidden::new([secret]).hide(text), expected, "{secret}");
    }

    #[test]
    fn keys_are_taken_out_in_every_form() {
        check(
            KEY,
            r#"{"errors":["bad key 0123456789abcdef0123456789abcdef"]}"#,
            r#"{"errors":["bad key [key]"]}"#,
        );
        check(KEY, "0123456789ABCDEF0123456789abcdef!", "[key]!");
        check(KEY, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "[key]Y=");
        // `api:KEY` and `user:KEY!`
        check(KEY, "YXBpOjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm", "YXBpOj[key]");
        check(KEY, "dXNlcjowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZiE=", "dXNlcjo[key]iE=");
        check("pat+a/b=c\"d", "x?k=pat%2Ba%2Fb%3Dc%22d&k=pat%2ba%2fb%3dc%22d", "x?k=[key]&k=[key]");
        check("pat+a/b=c\"d", "pat%252Ba%25252Fb=c%22d", "[key]");
        check("pat+a/b=c\"d", r#""pat+a/b=c\"d" "#, r#""[key]" "#);
        check("pat+a/b=cd", r"pat+a\/b=cd", "[key]");
        check("aB3dEf6h", r"\u0061\u0042\u0033\u0064\u0045\u0066\u0036\u0068", "[key]");
        check("aB3dEf6h", r#""a\\u0042\\\\u00333\x64Ef6h""#, r#""a\\u0042\\\\u00333\x64Ef6h""#);
        check("aB3dEf6h", r#""a\\u0042\\\\u0033\x64Ef6h""#, r#""[key]""#);
        check("aB3dEf6h", "&#97;&#x42;3d&#0069;f6h", "[key]");
        check("aB3dEf6h", "6142336445663668", "[key]");
        check("aB3dEf6h", "WVVJelpFVm1ObWc9", "[key]Wc9");
        check(KEY, "nothing", "nothing");
        assert_eq!(Hidden::new([]).hide("x"), "x");
        let broken = [b"\xff", KEY.as_bytes(), b"\xfe"].concat();
        assert_eq!(&Hidden::new([KEY]).hide_bytes(&broken)[..], b"\xff[key]\xfe");
    }

    #[test]
    fn words_and_numbers_are_no_keys() {
        for word in ["short", "monitors", "critical", "no_data_at-all", "12345678", "a1", ""] {
            let text = format!("{word} {word}s {{\"{word}\": 1}}");
            check(word, &text, &text);
        }
        check("abcdefghijklmnop", "abcdefghijklmnop", "[key]");
    }
}
