//! A message of an alert, read once for all rules: the variables, blocks and handles in it.

use std::ops::Range;

use crate::handle::handles;

/// A text that people are sent.
pub struct Message<'a> {
    pub pointer: &'static str,
    pub text: &'a str,
    /// See [`braced`].
    pub braced: Vec<Range<usize>>,
    pub handles: Vec<Range<usize>>,
}

impl<'a> Message<'a> {
    pub fn read(pointer: &'static str, text: &'a str) -> Self {
        Self { pointer, text, braced: braced(text), handles: handles(text) }
    }
}

/// No variable's name is longer, in bytes; a text of unclosed ones must not cost quadratic time.
const LONGEST: usize = 200;

/// What stands between `{{` and `}}`, with its bytes.
pub fn braced(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = pair(&text[from..], '{').map(|at| from + at + 2) {
        let reach = text.floor_char_boundary((open + LONGEST).min(text.len()));
        match pair(&text[open..reach], '}') {
            Some(length) => {
                found.push(open..open + length);
                from = open + length + 2;
            }
            None => from = open,
        }
    }
    found
}

/// Where a character stands twice. To look for one is several times as quick as to look for a text.
fn pair(text: &str, c: char) -> Option<usize> {
    text.match_indices(c).map(|(at, _)| at).find(|at| text[at + c.len_utf8()..].starts_with(c))
}
