//! Files -> definitions and their sources, with every fault at its place.

mod align;
mod body;
pub mod definitions;
mod directives;
mod gather;
mod json;
pub mod locate;
mod read;
mod scalar;
mod templates;
mod tree;
mod uses;
mod walk;
mod yaml;
mod yaml_faults;

use camino::Utf8Path;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, FileId, Sources, has_errors};

pub use body::sort_of;
pub use gather::load;
pub use templates::is_name as is_variable;
pub use walk::resolve;
pub use yaml_faults::short;

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

/// The value of a YAML or JSON text that was read elsewhere, by the path's extension.
pub fn document(path: &Utf8Path, text: &str, file: FileId) -> Result<Value, Vec<Diagnostic>> {
    let (document, faults) = read::parse(path, text, file);
    if has_errors(&faults) || document.broken { Err(faults) } else { Ok(document.value) }
}
