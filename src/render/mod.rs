//! Data -> text, JSON, Markdown: the one printer.

mod field;
mod fold;
pub mod list;
pub mod outcome;
mod page;
pub mod plan_json;
pub mod plan_markdown;
mod plan_text;
mod sanitize;
pub mod show;
mod summary;
mod text_diff;
mod value;

#[cfg(test)]
mod samples;
