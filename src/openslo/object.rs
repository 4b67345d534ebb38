//! Parts of OpenSLO documents, each with its place.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Part};
use crate::model::Reference;
use crate::pointer::step;
use crate::source::documents::Document;

/// The one version that is read.
pub const VERSION: &str = "openslo/v1";
/// The code of every fault.
const CODE: &str = "openslo";

/// A value of a document.
#[derive(Clone)]
pub struct Object<'d> {
    document: &'d Arc<Document>,
    pointer: String,
    pub value: &'d Value,
}

impl<'d> Object<'d> {
    pub fn whole(document: &'d Arc<Document>) -> Self {
        Self { document, pointer: String::new(), value: &document.value }
    }

    pub fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(Self { document: self.document, pointer: format!("{}{}", self.pointer, step(key)), value })
    }

    /// The same along a path: `spec/indicator`.
    pub fn find(&self, path: &str) -> Option<Self> {
        path.split('/').try_fold(self.clone(), |own, key| own.get(key))
    }

    /// The items of a list; none where there is no list.
    pub fn items(&self, key: &str) -> Vec<Self> {
        let Some(list) = self.get(key) else { return Vec::new() };
        let items = list.value.as_array().into_iter().flatten().enumerate();
        items
            .map(|(at, value)| Self {
                document: self.document,
                pointer: format!("{}/{at}", list.pointer),
                value,
            })
            .collect()
    }

    pub fn is(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Without the two characters that references are made of.
    pub fn text(&self) -> Option<String> {
        let own = |text: &str| text.replace([Reference::OPEN, Reference::CLOSE], "");
        self.value.as_str().map(own)
    }

    pub fn text_of(&self, path: &str) -> Option<String> {
        self.find(path)?.text().filter(|text| !text.trim().is_empty())
    }

    pub fn number_of(&self, key: &str) -> Option<f64> {
        self.get(key)?.value.as_f64()
    }

    /// `metadata.name`.
    pub fn name(&self) -> String {
        self.text_of("metadata/name").unwrap_or_default()
    }

    /// What people call it.
    pub fn title(&self) -> String {
        self.text_of("metadata/displayName").unwrap_or_else(|| self.name())
    }

    pub fn fault(&self, text: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        let part = if self.pointer.is_empty() { Part::Value } else { Part::Key };
        let at = self.document.at(&self.document.nodes(), &self.pointer, &part);
        Diagnostic::error(CODE, text, at).help(help)
    }

    /// A fault about a member, or about the whole where it is absent.
    pub fn fault_at(&self, path: &str, text: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        let mut own = self.clone();
        for key in path.split('/') {
            let Some(inner) = own.get(key) else { break };
            own = inner;
        }
        own.fault(text, help)
    }
}

/// All objects by kind and name.
pub struct Objects<'d> {
    by_name: BTreeMap<(String, String), Object<'d>>,
}

impl<'d> Objects<'d> {
    pub fn of(documents: &'d [Arc<Document>], faults: &mut Vec<Diagnostic>) -> Self {
        let mut by_name: BTreeMap<(String, String), Object<'d>> = BTreeMap::new();
        for document in documents {
            let object = Object::whole(document);
            let version = object.text_of("apiVersion").unwrap_or_default();
            if version != VERSION {
                let text = format!("`apiVersion` is `{}`, and {VERSION} is read", short(&version));
                faults.push(object.fault_at("apiVersion", text, format!("write it as `{VERSION}`")));
                continue;
            }
            let key = (object.text_of("kind").unwrap_or_default(), object.name());
            if key.1.is_empty() {
                faults.push(object.fault_at(
                    "metadata",
                    "An object needs a name",
                    "write `metadata: {name: …}`",
                ));
            } else {
                match by_name.entry(key) {
                    Entry::Vacant(place) => drop(place.insert(object)),
                    Entry::Occupied(place) => {
                        let (kind, name) = place.key();
                        let text = format!(
                            "There are two of the kind {} with the name `{}`",
                            short(kind),
                            short(name)
                        );
                        faults.push(object.fault_at("metadata/name", text, "give one of them another name"));
                    }
                }
            }
        }
        Self { by_name }
    }

    pub fn all(&self, kind: &str) -> impl Iterator<Item = &Object<'d>> {
        self.by_name.iter().filter(move |((own, _), _)| own == kind).map(|(_, object)| object)
    }

    /// The object that a member names.
    pub fn named(&self, from: &Object<'d>, key: &str, kind: &str) -> Result<Object<'d>, Diagnostic> {
        let name = from.text_of(key).unwrap_or_default();
        self.by_name.get(&(kind.to_owned(), name.clone())).cloned().ok_or_else(|| {
            let text = format!("There is no {kind} of the name `{}` in these files", short(&name));
            from.fault_at(key, text, "name its file, too: all files of one import know each other")
        })
    }
}

/// A text of a stranger's, cut.
pub fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
