//! Any text as Markdown in which it neither acts nor notifies anybody.

use std::fmt::Write;

use super::sanitize::clean;
use super::value::cut;

/// A code span: nothing in it is Markdown, HTML or a mention.
pub fn code(text: &str) -> String {
    let text = clean(text);
    if text.trim().is_empty() {
        return "``(blank)``".to_owned();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let space = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// A sentence in which every word that Markdown or GitHub could act on is a code span. (Escaping an
/// `@` as an entity is not enough: mentions are looked for in what has been rendered.)
pub fn prose(sentence: &str) -> String {
    let sentence = clean(sentence);
    let word = |word: &str| {
        let core = word.trim_end_matches(['.', ',', ';', ':', ')', '?']);
        let tail = &word[core.len()..];
        let bare = core.trim_start_matches('(');
        let head = &core[..core.len() - bare.len()];
        let number = bare.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit())
            && bare.chars().all(|c| c.is_ascii_digit() || ".,%-".contains(c));
        let letters = bare.trim_end_matches('%').chars().all(|c| c.is_alphanumeric() || "'→…".contains(c))
            || (bare.chars().all(|c| c.is_alphanumeric() || c == '-')
                && bare.starts_with(char::is_alphabetic));
        if bare.is_empty() && head.is_empty() || number || letters && !is_linked(bare) {
            word.to_owned()
        } else {
            format!("{head}{}{tail}", code(unquoted(bare)))
        }
    };
    sentence.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Whether a forge would make a link of a word without a sign in it: an issue's key, `GH-12`, or a commit's hash.
fn is_linked(word: &str) -> bool {
    let is_key =
        word.rsplit_once('-').is_some_and(|(_, number)| number.starts_with(|c: char| c.is_ascii_digit()));
    let is_hash = word.len() >= 7 && word.bytes().all(|b| b.is_ascii_hexdigit());
    is_key || is_hash && word.bytes().any(|b| b.is_ascii_digit())
}

/// The same, with what stands between backquotes as one code span, spaces and all.
pub fn quoted_prose(sentence: &str) -> String {
    let parts: Vec<&str> = sentence.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return prose(sentence);
    }
    let shown = |(at, part): (usize, &&str)| match at % 2 {
        0 if part.is_empty() => String::new(),
        0 => prose(part),
        _ => code(part),
    };
    parts.iter().enumerate().map(shown).collect()
}

fn unquoted(word: &str) -> &str {
    word.strip_prefix('`')
        .and_then(|word| word.strip_suffix('`'))
        .filter(|word| !word.is_empty())
        .unwrap_or(word)
}

/// Text between HTML tags.
pub fn html(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A link where the address is one of the web, else the address as code.
pub fn link(text: &str, url: &str) -> String {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if !is_web || url.len() > 1000 {
        return code(&cut(url, 200));
    }
    let mut out = String::with_capacity(url.len());
    for byte in url.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/?#&=%+,;".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    format!("[{text}]({out})")
}

/// The longest run of backquotes: a fence must be longer.
pub fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_notified_and_nothing_is_injected() {
        for (text, expected) in [
            ("a", "`a`"),
            ("a `b` c", "``a `b` c``"),
            ("`", "`` ` ``"),
            ("", "``(blank)``"),
            ("x\n\n# y", "`x␊␊# y`"),
        ] {
            assert_eq!(code(text), expected);
        }
        for (text, expected) in [
            (
                "The recipient `@pagerduty-x` is gone, 5 % (or so).",
                "The recipient `@pagerduty-x` is gone, 5 % (or so).",
            ),
            ("see https://evil.example, **now** <b>", "see `https://evil.example`, `**now**` `<b>`"),
            ("goes from 0.05 to -8: www.evil.example", "goes from 0.05 to -8: `www.evil.example`"),
            ("a\n- b `` c", "`a␊-` b ``` `` ``` c"),
            ("GH-1 see #123, o/r#5 and (AB-77)", "`GH-1` see `#123`, `o/r#5` and (`AB-77`)"),
            (
                "since 57b31f0556ed, by @team !12 %v1 ~bug",
                "since `57b31f0556ed`, by `@team` `!12` `%v1` `~bug`",
            ),
            ("a well-kept deadbeef, 1234567 of 99 %", "a well-kept deadbeef, 1234567 of 99 %"),
        ] {
            assert_eq!(prose(text), expected);
        }
        for (text, expected) in [
            ("write `--release-brake delete`, or not", "write `--release-brake delete`, or not"),
            ("`@a b` @c", "`@a b` `@c`"),
            ("one ` @c", "one `` ` `` `@c`"),
        ] {
            assert_eq!(quoted_prose(text), expected);
        }
        assert_eq!(link("x", "javascript:alert(1)"), "`javascript:alert(1)`");
        assert_eq!(link("x", "https://a/b) [c](d"), "[x](https://a/b%29%20%5Bc%5D%28d)");
    }
}
