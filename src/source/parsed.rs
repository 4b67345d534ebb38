//! A text -> a document: its value, and where the keys of its outer levels stand.

use std::collections::HashMap;
use std::sync::Arc;

use camino::Utf8Path;
use serde_json::Value;

use super::locate::Lines;
use super::tree::Tree;
use super::{json, yaml};
use crate::diagnostic::{Diagnostic, FileId, Format, has_errors};
use crate::pointer::step;

/// A file that was read and parsed. Its nodes are gone; `locate` makes them again where a place is asked for.
#[derive(Debug)]
pub struct Document {
    pub file: FileId,
    /// Relative to the root; shared with the sources.
    pub path: Arc<str>,
    pub format: Format,
    /// Null where the file is broken.
    pub value: Value,
    /// Line and column of the keys of the two outer levels, by pointer: `/monitors/checkout`.
    pub keys: HashMap<String, (u32, u32)>,
    /// Its syntax is broken, or it could not be read: nothing is known of what it says.
    pub broken: bool,
}

impl Document {
    pub fn path(&self) -> &Utf8Path {
        Utf8Path::new(&*self.path)
    }

    pub fn folder(&self) -> &Utf8Path {
        self.path().parent().unwrap_or(Utf8Path::new(""))
    }
}

/// The format that a file's name promises.
pub fn format_of(path: &Utf8Path) -> Format {
    match path.extension() {
        Some("yaml" | "yml") => Format::Yaml,
        Some("json") => Format::Json,
        Some("csv") => Format::Csv,
        _ => Format::Text,
    }
}

/// What is known of a file that can't be read.
pub fn broken(path: Arc<str>, file: FileId) -> Document {
    let format = format_of(Utf8Path::new(&*path));
    Document { file, path, format, value: Value::Null, keys: HashMap::new(), broken: true }
}

/// Parses a text; anything but `.json` is taken for YAML.
pub fn parse(path: Arc<str>, text: &str, file: FileId) -> (Document, Vec<Diagnostic>) {
    let mut document = broken(path, file);
    if document.format == Format::Json {
        let (value, faults) = json::value(text, file);
        document.broken = has_errors(&faults);
        return (Document { value, ..document }, faults);
    }
    let parsed = yaml::parse(text, file);
    let (value, mut more) = yaml::value(&parsed.tree, text, file);
    document.broken = has_errors(&parsed.faults);
    let mut faults = parsed.faults;
    if !document.broken {
        document.broken = has_errors(&more);
        faults.append(&mut more);
    }
    (Document { value, keys: keys(&parsed.tree, text), ..document }, faults)
}

/// Line and column of the keys of the two outer levels, by pointer.
pub fn keys(tree: &Tree, text: &str) -> HashMap<String, (u32, u32)> {
    let mut keys = HashMap::new();
    if tree.nodes.is_empty() {
        return keys;
    }
    let lines = Lines::new(text);
    let mut add = |pointer: String, key: u32| {
        keys.insert(pointer, lines.position(text, tree.range(key).start));
    };
    for (section, entries) in tree.entries(0) {
        let pointer = step(tree.text(section).unwrap_or_default());
        for (id, _) in tree.entries(tree.resolve(entries)) {
            add(format!("{pointer}{}", step(tree.text(id).unwrap_or_default())), id);
        }
        add(pointer, section);
    }
    keys
}
