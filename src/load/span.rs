//! Parts of a text, kept on the boundaries of its characters.

use std::ops::Range;

/// The character at a byte; empty at the end of a line or of the text.
pub fn bytes_at(text: &str, at: usize) -> Range<usize> {
    let start = text.floor_char_boundary(at);
    let length = text[start..].chars().next().filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8);
    start..start + length
}

/// A range of bytes, kept inside the text.
pub fn clamp(text: &str, range: &Range<usize>) -> Range<usize> {
    text.floor_char_boundary(range.start)..text.floor_char_boundary(range.end.max(range.start))
}

/// A key or word from a file, short enough for a message.
pub fn short(text: &str) -> String {
    if text.chars().nth(60).is_none() {
        return text.to_owned();
    }
    text.chars().take(57).chain("…".chars()).collect()
}
