//! Text from outside made harmless: control characters become visible.

use std::borrow::Cow;
use std::fmt::Write;

/// One line: every control character, bidi override and zero-width character made visible.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match u32::from(c) {
            _ if !is_hostile(c) => out.push(c),
            // Unicode has a picture for each: ␛ for escape, ␊ for a line feed.
            code @ 0..=0x1f => out.extend(char::from_u32(0x2400 + code)),
            0x7f => out.push('\u{2421}'),
            code => write!(out, "\\u{{{code:x}}}").expect("bug: writing to a string failed"),
        }
    }
    Cow::Owned(out)
}

/// Whether a character may act on a terminal or hide what is written, instead of being seen.
pub fn is_hostile(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{3164}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        | '\u{fdd0}'..='\u{fdef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_characters_become_visible() {
        for (text, expected) in [
            ("plain é 日本 🎉", "plain é 日本 🎉"),
            ("\x1b]0;owned\x07", "␛]0;owned␇"),
            ("a\nb\tc\r", "a␊b␉c␍"),
            ("a\u{202e}b\u{200b}\u{9b}", "a\\u{202e}b\\u{200b}\\u{9b}"),
        ] {
            assert_eq!(clean(text), expected);
        }
    }
}
