//! Text -> values, with late byte spans: files found and read, YAML and JSON, places looked up again.

mod align;
mod block_yaml;
pub mod documents;
mod json;
pub mod locate;
mod nodes;
pub mod parsed;
mod parts;
pub mod overlay;
pub mod read;
mod scalar;
pub mod stored;
pub mod tree;
pub mod walk;
mod yaml;
mod yaml_faults;

#[cfg(test)]
pub mod tests;

use camino::Utf8Path;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, FileId, Format, Sources, has_errors};

pub use align::within;
pub use json::{beyond_64_bits, holds_large};
pub use nodes::nodes;
pub use tree::short;
pub use walk::resolve;

/// Reads one file of a project, and adds it to the sources. No value where it is broken.
pub fn one(
    root: &walk::Root,
    path: &Utf8Path,
    sources: &mut Sources,
) -> (FileId, Option<Value>, Vec<Diagnostic>) {
    let (mut documents, faults) = read::files(root, &[path.to_owned()], sources);
    let document = documents.pop().expect("bug: one path gives one document");
    (document.file, (!document.broken).then_some(document.value), faults)
}

/// The value of a text without a byte-order mark: JSON, or YAML for any other format. No value where
/// it is broken. For lists, which are read on their own.
pub fn value(text: &str, format: Format, file: FileId) -> (Option<Value>, Vec<Diagnostic>) {
    let path = if format == Format::Json { "x.json" } else { "x.yaml" };
    let (document, faults) = parsed::parse(path.into(), text, file);
    ((!has_errors(&faults)).then_some(document.value), faults)
}

/// What a value is, for a message.
pub fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
