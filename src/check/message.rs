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
    while let Some(open) = pair(&text.as_bytes()[from..], b'{').map(|at| from + at + 2) {
        let reach = text.floor_char_boundary((open + LONGEST).min(text.len()));
        match pair(&text.as_bytes()[open..reach], b'}') {
            Some(length) => {
                found.push(open..open + length);
                from = open + length + 2;
            }
            None => from = open,
        }
    }
    found
}

/// Where a byte stands twice.
fn pair(text: &[u8], byte: u8) -> Option<usize> {
    memchr::memchr_iter(byte, text).find(|at| text.get(at + 1) == Some(&byte))
}
