//! A text -> its nodes with their bytes, whichever its format.

use super::tree::Tree;
use super::{json, yaml};
use crate::diagnostic::{FileId, Format};

/// Of what is broken, what comes before.
pub fn nodes(text: &str, format: Format, file: FileId) -> Tree<'_> {
    match format {
        Format::Json => json::tree(text),
        Format::Yaml => yaml::parse(text, file).tree,
        Format::Csv | Format::Text => Tree::default(),
    }
}
