//! What is wrong with a query.

use std::ops::Range;

/// The most faults and warnings that are reported of one query.
pub const MAX_FAULTS: usize = 16;

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
    pub fn new(code: &'static str, range: Range<usize>, text: impl Into<String>) -> Self {
        Self { code, range, text: text.into(), help: None }
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
