//! Files -> definitions and their sources, with every fault at its place.

mod align;
mod body;
pub mod definitions;
mod directives;
mod gather;
mod json;
pub mod locate;
mod passed;
mod read;
mod scalar;
mod span;
mod templates;
mod tree;
mod uses;
mod walk;
mod yaml;
mod yaml_faults;

#[cfg(test)]
mod tests;

use camino::Utf8Path;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, FileId, Format, Sources, has_errors};

pub use body::{clean, sort_of, unwrap};
pub use directives::check_keys;
pub use gather::{load, template};
pub use span::short;
pub use templates::is_name as is_variable;
pub use walk::resolve;

/// Reads one file of a project, and adds it to the sources. No value where it is broken.
pub fn one(
    root: &Utf8Path,
    path: &Utf8Path,
    sources: &mut Sources,
) -> (FileId, Option<Value>, Vec<Diagnostic>) {
    let (mut documents, faults) = read::files(&walk::Root::new(root), &[path.to_owned()], sources);
    let document = documents.pop().expect("bug: one path gives one document");
    (document.file, (!document.broken).then_some(document.value), faults)
}

/// The value of a text without a byte-order mark: JSON, or YAML for any other format. No value where
/// it is broken. For lists, which are read outside of `load`.
pub fn value(text: &str, format: Format, file: FileId) -> (Option<Value>, Vec<Diagnostic>) {
    let path = if format == Format::Json { "x.json" } else { "x.yaml" };
    let (document, faults) = read::parse(Utf8Path::new(path), text, file);
    ((!has_errors(&faults)).then_some(document.value), faults)
}
