//! A node of a document together with its place: what rules walk over.

use serde_json::Value;

use crate::pointer::step;

/// A node.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// The position of its document.
    pub document: usize,
    pub pointer: String,
    pub value: &'a Value,
}

impl<'a> View<'a> {
    pub fn root(document: usize, value: &'a Value) -> Self {
        Self { document, pointer: String::new(), value }
    }

    fn child(&self, key: &str, value: &'a Value) -> Self {
        Self { document: self.document, pointer: format!("{}{}", self.pointer, step(key)), value }
    }

    /// A member of a mapping.
    pub fn get(&self, key: &str) -> Option<Self> {
        Some(self.child(key, self.value.as_object()?.get(key)?))
    }

    /// The member at the end of a way of keys: `spec/template`.
    pub fn at(&self, way: &str) -> Option<Self> {
        way.split('/').try_fold(self.clone(), |view, key| view.get(key))
    }

    /// Keys and members of a mapping.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, Self)> + use<'a, '_> {
        self.value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.as_str(), self.child(key, value)))
    }

    /// The items of a list.
    pub fn items(&self) -> impl Iterator<Item = Self> + use<'a, '_> {
        let list = self.value.as_array().into_iter().flatten().enumerate();
        list.map(|(index, value)| self.child(&index.to_string(), value))
    }

    /// All nodes at the end of a way whose `*` stands for each item of a list, or each member of a mapping.
    pub fn all(&self, way: &str) -> Vec<Self> {
        way.split('/').filter(|step| !step.is_empty()).fold(vec![self.clone()], |views, step| match step {
            "*" => views
                .iter()
                .flat_map(|view| {
                    view.items().chain(view.entries().map(|(_, inside)| inside)).collect::<Vec<_>>()
                })
                .collect(),
            key => views.iter().filter_map(|view| view.get(key)).collect(),
        })
    }

    /// Members of a list at the end of a way.
    pub fn list(&self, way: &str) -> Vec<Self> {
        self.at(way).map(|list| list.items().collect()).unwrap_or_default()
    }

    pub fn text(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// A text that is known here: nothing of it is filled from elsewhere.
    pub fn literal(&self) -> Option<&'a str> {
        self.text().filter(|text| is_literal(text))
    }

    /// What a scalar says: numbers and booleans as they are written.
    pub fn scalar(&self) -> Option<String> {
        match self.value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(is) => Some(is.to_string()),
            _ => None,
        }
    }

    pub fn is_map(&self) -> bool {
        self.value.is_object()
    }

    pub fn is_false(&self) -> bool {
        *self.value == Value::Bool(false)
    }

    pub fn is_true(&self) -> bool {
        *self.value == Value::Bool(true)
    }

    /// Every text in it, with its place.
    pub fn texts(&self) -> Vec<(Self, &'a str)> {
        let (mut open, mut found) = (vec![self.clone()], Vec::new());
        while let Some(view) = open.pop() {
            match view.value {
                Value::String(text) => found.push((view.clone(), text.as_str())),
                Value::Object(_) => open.extend(view.entries().map(|(_, inside)| inside)),
                Value::Array(_) => open.extend(view.items()),
                _ => {}
            }
        }
        found
    }

    /// The last key of its pointer that is a name and not a position.
    pub fn name(&self) -> &str {
        let mut steps = self.pointer.rsplit('/');
        steps.find(|step| step.parse::<usize>().is_err()).unwrap_or_default()
    }
}

/// Whether a text stands for itself: not for a variable, a template's part, or something that people are to fill in.
pub fn is_literal(text: &str) -> bool {
    let inner = text.trim();
    let to_fill_in = inner.starts_with('<') && inner.ends_with('>');
    !(to_fill_in || ["${", "$(", "{{", "%{"].iter().any(|mark| text.contains(mark)) || inner.starts_with('$'))
}
