//! Text from outside as a word of a command that is shown to be copied.

use super::sanitize::is_hostile;

/// A text as one word of a shell; none where it can't safely be one.
pub fn word(text: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._/-:=,+@~".contains(c);
    if text.is_empty() || text.starts_with(['-', '~']) || text.chars().any(|c| is_hostile(c) || c == '\n') {
        return None;
    }
    Some(if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    })
}
