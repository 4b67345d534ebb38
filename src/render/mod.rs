//! Data -> text, JSON, Markdown: the one printer.

pub mod diagnostics;
mod field;
mod fold;
mod page;
pub mod plan_json;
pub mod plan_markdown;
mod plan_text;
pub mod sanitize;
mod summary;
mod text_diff;
mod value;

#[cfg(test)]
mod samples;
