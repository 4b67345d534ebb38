//! A text read by a grammar: what was understood, and what is wrong with it.

use super::fault::{Fault, MAX_FAULTS};
use super::known::Findings;
use super::lexical::{Input, input, space};

/// Longer texts are not read: the service's own limit is far below, and memory stays small.
pub const MAX_BYTES: usize = 256 * 1024;

/// What was understood of a text, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    /// Absent where the text could not be read to its end.
    pub tree: Option<T>,
    /// In the order of the text; at most 16. Nothing that the service is known to refuse.
    pub warnings: Vec<Fault>,
    /// In the order of the text; at most 16.
    pub errors: Vec<Fault>,
}

/// Refuses a text that is too long to be a query, else reads it and collects the faults.
pub fn parse<'s, T>(
    text: &'s str,
    base: usize,
    read: impl FnOnce(&mut Input<'s>) -> Result<T, Fault>,
) -> Parsed<T> {
    if text.len() > MAX_BYTES {
        let said =
            format!("the query is {} bytes long; musher reads queries up to {MAX_BYTES} bytes", text.len());
        let fault =
            Fault::new("query-too-long", base..base + text.len(), said).help("split it into several queries");
        return Parsed { tree: None, warnings: Vec::new(), errors: vec![fault] };
    }
    let mut input = input(text, base);
    space(&mut input);
    let read = read(&mut input);
    let warnings = std::mem::take(&mut input.warnings);
    let mut errors = std::mem::take(&mut input.errors);
    let tree = read.map_err(|fault| errors.push(fault)).ok();
    Parsed { tree, warnings, errors }
}

impl<T> Parsed<T> {
    /// Adds what a look at the finished tree found.
    pub fn with(mut self, check: impl FnOnce(&T, &mut Findings)) -> Self {
        let mut findings = Findings::default();
        if let Some(tree) = &self.tree {
            check(tree, &mut findings);
        }
        self.warnings.append(&mut findings.warnings);
        self.errors.append(&mut findings.errors);
        for faults in [&mut self.warnings, &mut self.errors] {
            faults.sort_by_key(|fault| fault.range.start);
            faults.truncate(MAX_FAULTS);
        }
        self
    }
}
