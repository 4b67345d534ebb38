//! Data -> text, JSON, Markdown: the one printer.

pub mod diagnostics;
pub mod sanitize;
