//! The Datadog query language: parse, spans.

mod tree;
mod lexical;
mod scope;
mod metric;
mod composite;
mod search;
pub mod types;
mod monitor;
mod known;
mod window;
mod facts;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use metric::{formula, metric};
pub use monitor::monitor;
pub use tree::*;
pub use types::{Grammar, MonitorType, monitor_type};
pub use window::{Window, WindowSort};

/// Longer texts are not read: the service's own limit is far below, and memory stays small.
pub const MAX_BYTES: usize = 256 * 1024;

/// Faults told of one query, of each sort.
const MAX_FAULTS: usize = 16;

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

/// One thing that is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A stable name in kebab case: `query-syntax`, `query-too-long`, `query-too-deep`, `unknown-aggregation`,
    /// `unknown-function`, `unknown-source`, `unknown-monitor-type`.
    pub code: &'static str,
    /// Bytes of the user's string; empty where something is missing.
    pub range: Range<usize>,
    /// What is wrong, without a final full stop: ``expected `}`; found `x` ``.
    pub text: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Fault {
    fn new(code: &'static str, range: Range<usize>, text: impl Into<String>) -> Self {
        Self { code, range, text: text.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Refuses a text that is too long to be a query, else reads it and collects the faults.
fn parse<'s, T>(
    text: &'s str,
    base: usize,
    read: impl FnOnce(&mut lexical::Input<'s>) -> Result<T, Fault>,
) -> Parsed<T> {
    if text.len() > MAX_BYTES {
        let said =
            format!("the query is {} bytes long; musher reads queries up to {MAX_BYTES} bytes", text.len());
        let fault =
            Fault::new("query-too-long", base..base + text.len(), said).help("split it into several queries");
        return Parsed { tree: None, warnings: Vec::new(), errors: vec![fault] };
    }
    let mut input = lexical::input(text, base);
    lexical::space(&mut input);
    let read = read(&mut input);
    let warnings = std::mem::take(&mut input.warnings);
    let mut errors = std::mem::take(&mut input.errors);
    let tree = read.map_err(|fault| errors.push(fault)).ok();
    Parsed { tree, warnings, errors }
}

impl<T> Parsed<T> {
    /// Adds what a look at the finished tree found.
    fn with(mut self, check: impl FnOnce(&T, &mut known::Findings)) -> Self {
        let mut findings = known::Findings::default();
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
