//! What is read of a stored object once, so that filters and references need not parse it.

use std::collections::BTreeMap;

use serde_json::Value;

/// The name of a resource, and the id of an object.
pub type Key = (&'static str, String);

#[derive(Clone, Debug, Default)]
pub struct Index {
    pub words: BTreeMap<&'static str, String>,
    pub tags: Vec<String>,
    /// The objects that this one names.
    pub uses: Vec<Key>,
}

/// The objects of one resource: how they are indexed, and which of them nobody made.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    pub name: &'static str,
    /// The member that holds the id.
    pub id: &'static str,
    /// The member below which the attributes stand, empty for the object itself.
    pub attributes: &'static str,
    /// Fields whose texts are kept.
    pub words: &'static [&'static str],
    /// Reads it where fields don't suffice.
    pub code: Option<fn(&str) -> Option<Index>>,
    pub built_in: &'static [&'static str],
}

impl Form {
    /// None for what isn't the JSON of an object.
    pub fn index(&self, text: &str) -> Option<Index> {
        if !text.starts_with('{') {
            return None;
        }
        if let Some(code) = self.code {
            return code(text);
        }
        let object: Value = serde_json::from_str(text).ok()?;
        let attributes = if self.attributes.is_empty() { &object } else { &object[self.attributes] };
        let words = self.words.iter().filter_map(|at| Some((*at, plain(attributes.pointer(at)?))));
        Some(Index { words: words.collect(), ..Index::default() })
    }

    /// Id, text and index of what stands there from the start.
    pub fn built_in(&self) -> impl Iterator<Item = (String, String, Index)> {
        self.built_in.iter().filter_map(|text| {
            let object: Value = serde_json::from_str(text).ok()?;
            let (id, text) = (plain(object.get(self.id)?), object.to_string());
            let index = self.index(&text)?;
            Some((id, text, index))
        })
    }
}

/// A text as it is, anything else as JSON.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The texts of a list.
pub fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
