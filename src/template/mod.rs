//! `${…}` in text: scan, compile, render.

mod block;
mod built_in;
mod compile;
mod eval;
mod helper;
mod locate;
mod number;
mod parse;
mod path;
mod scan;
mod trace;
mod tree;

use std::ops::Range;

pub use built_in::BUILT_IN;
pub use compile::{Compiler, Names};
pub use eval::{Borrowed, Frame, Run, Siblings, each, value};
pub use helper::is_helper;
pub use number::{parse as parse_number, show as show_number};
pub use scan::{is_template, pieces};
pub use trace::{Rendering, Renderings, Stretch, Trace};
pub use tree::{Expr, Global, Text};

/// What is wrong with one string, or with the values that it was rendered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// As in a diagnostic.
    pub code: &'static str,
    pub text: String,
    /// Bytes of the string; the whole of it where absent.
    pub range: Option<Range<usize>>,
    pub help: Option<String>,
    /// A member of data isn't there: some helpers take null instead.
    pub missing: bool,
}

impl Fault {
    pub fn new(code: &'static str, text: impl Into<String>) -> Box<Self> {
        Box::new(Self { code, text: text.into(), range: None, help: None, missing: false })
    }

    #[must_use]
    pub fn at(mut self: Box<Self>, range: Range<usize>) -> Box<Self> {
        self.range.get_or_insert(range);
        self
    }

    #[must_use]
    pub fn help(mut self: Box<Self>, help: impl Into<String>) -> Box<Self> {
        self.help = Some(help.into());
        self
    }
}

/// A syntax that can't be read.
fn syntax(text: impl Into<String>, range: Range<usize>) -> Box<Fault> {
    Fault::new("template-syntax", text).at(range)
}

#[cfg(test)]
mod tests;
