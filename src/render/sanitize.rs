//! Text from files and from the service, made fit for a terminal.

use std::borrow::Cow;

/// Takes out what steers a terminal or hides text: control characters but line feeds and tabs, marks
/// of direction, characters without width.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_foul) { text.chars().filter(|c| !is_foul(*c)).collect() } else { text.into() }
}

fn is_foul(c: char) -> bool {
    let control = c.is_control() && !matches!(c, '\n' | '\t');
    let direction =
        matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let no_width =
        matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{FDD0}'..='\u{FDEF}');
    control || direction || no_width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foul_characters_go() {
        for (text, expected) in [
            ("plain ä\n\tx", "plain ä\n\tx"),
            ("\u{1b}]0;title\u{7}x", "]0;titlex"),
            ("a\u{202e}b\u{200b}c\u{9b}31m\r", "abc31m"),
        ] {
            assert_eq!(clean(text), expected);
        }
    }
}
