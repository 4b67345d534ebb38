//! The Datadog query language: parse, spans.

mod tree;
mod fault;
mod lexical;
mod parsed;
mod scope;
mod metric;
mod composite;
mod search;
mod clauses;
pub mod types;
mod monitor;
mod known;
mod arguments;
mod window;
mod facts;
#[cfg(test)]
mod tests;

pub use clauses::Clauses;
pub use fault::Fault;
pub use metric::{formula, metric};
pub use monitor::monitor;
pub use parsed::Parsed;
pub use search::search as read_search;
pub use tree::*;
pub use types::{Grammar, MonitorType, monitor_type};
pub use window::{Window, WindowForm};
