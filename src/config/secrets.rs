//! Keys that somebody wrote into a file: found and blotted out, so that no diagnostic ever shows one.

use std::ops::Range;

/// Whether a text looks like a key of Datadog: 32 or 40 hexadecimal digits, or one of the newer
/// forms with a prefix (`ddapp_…`, `ddpat_…`).
pub fn is_key(text: &str) -> bool {
    let hex = matches!(text.len(), 32 | 40) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let prefixed = ["ddapp_", "ddpat_", "pub"].iter().any(|prefix| {
        text.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() >= 32 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
    });
    hex || prefixed
}

/// Where keys stand in a text.
pub fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        if is_key(word) {
            found.push(at..at + word.len());
        }
        // The character that ends a word may have more than one byte.
        at += word.len() + text[at + word.len()..].chars().next().map_or(0, char::len_utf8);
    }
    found
}

/// The text with `*` for each byte that isn't white space in these ranges: of the same length, so that
/// every place in it stays where it is.
pub fn blot(text: &str, ranges: &[Range<usize>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for range in ranges {
        for byte in bytes.get_mut(range.clone()).unwrap_or_default() {
            if !byte.is_ascii_whitespace() {
                *byte = b'*';
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| "*".repeat(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_blotted_out() {
        let key = "0123456789abcdef0123456789ABCDEF";
        let text = format!("a: ä{key}\nb: '{key}01234567', c: {key}0");
        let blotted = blot(&text, &find(&text));
        assert_eq!(blotted, format!("a: ä{}\nb: '{}', c: {key}0", "*".repeat(32), "*".repeat(40)));
        assert_eq!(blot("a bc\nd", &[0..0, 2..6]), "a **\n*");
    }
}
