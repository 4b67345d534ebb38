//! Where each word of an expression stands: the parser behind it keeps no places, but what it read stands there in order.

use std::ops::Range;

use serde::de::IgnoredAny;

use super::parse::{Parsed, ParsedCall, Word};
use super::path::is_symbol;

/// Walks the inside of a `${…}` along with what was read of it. `None` ends the walk where the two don't fit: words
/// that have no place yet keep the whole as theirs.
pub struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Gives the words of an expression their places.
    pub fn value(&mut self, parsed: &mut Parsed) -> Option<()> {
        let mut brackets = 0;
        while self.eat("(") {
            brackets += 1;
        }
        match parsed {
            Parsed::Path(_, word) => self.word(word)?,
            Parsed::Literal(_, range) => *range = self.literal()?,
            Parsed::Call(call) => self.call(call)?,
        }
        (0..brackets).all(|_| self.eat(")")).then_some(())
    }

    /// The same of a helper and what stands behind it.
    pub fn call(&mut self, call: &mut ParsedCall) -> Option<()> {
        self.word(&mut call.helper)?;
        let mut arguments = call.arguments.iter_mut();
        for _ in 0..arguments.len() + call.options.len() {
            match self.option() {
                Some(key) => {
                    let (word, value) =
                        call.options.iter_mut().find(|(word, _)| word.text == self.text[key.clone()])?;
                    word.range = key;
                    self.value(value)?;
                }
                None => self.value(arguments.next()?)?,
            }
        }
        Some(())
    }

    /// Goes past a sign or word, if it stands here.
    pub fn eat(&mut self, expected: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(expected);
        self.at += if found { expected.len() } else { 0 };
        found
    }

    fn word(&mut self, word: &mut Word) -> Option<()> {
        self.space();
        let start = self.at;
        word.range = self.eat(&word.text).then_some(start..self.at)?;
        Some(())
    }

    /// The key of `key=value`, where one stands here.
    fn option(&mut self) -> Option<Range<usize>> {
        self.space();
        let start = self.at;
        let length = self.rest().find(|c| !is_symbol(c)).unwrap_or(self.rest().len());
        self.at += length;
        let key = start..self.at;
        if length > 0 && self.eat("=") {
            return Some(key);
        }
        self.at = start;
        None
    }

    fn literal(&mut self) -> Option<Range<usize>> {
        self.space();
        let (start, rest) = (self.at, self.rest());
        let length = match rest.chars().next()? {
            quote @ ('"' | '\'') => quoted(rest, quote)?,
            '[' | '{' => {
                let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
                values.next()?.ok()?;
                values.byte_offset()
            }
            _ => rest.find(|c: char| c.is_whitespace() || c == ')').unwrap_or(rest.len()),
        };
        self.at += length;
        Some(start..self.at)
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }
}

/// The length of a text in quotes.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == quote && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map(|(at, _)| at + quote.len_utf8())
}
