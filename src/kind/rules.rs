//! A row's fields as one tree, so that a body is walked once whatever the row holds.

use std::sync::LazyLock;

use serde_json::Value;

use super::Kind;
use super::each::OfEach;
use super::field::Meaning;
use super::steps::Steps;
use crate::diff::same;

/// What the row says of one path.
#[derive(Debug, Default)]
pub struct Rule {
    /// Dropped from both sides.
    pub read_only: bool,
    /// Left to others unless declared.
    pub kept: bool,
    /// The same, and an empty value is declared as any other.
    pub empties: bool,
    pub unseen: bool,
    pub open: bool,
    pub set: bool,
    pub trimmed: bool,
    /// An id that the service gave to an item of a list, which is known by its place.
    pub by_place: bool,
    /// Values that the service may fill in, the goal first; empty: none is known.
    pub defaults: Vec<Value>,
    /// Spellings of one value, the canonical one first.
    pub synonyms: Vec<Value>,
    /// Whether two values mean the same although they differ.
    pub meaning: Option<Meaning>,
    steps: Steps<Rule>,
    any: Option<Box<Rule>>,
}

/// The rule of a field that the row doesn't mention.
pub static NO_RULE: LazyLock<Rule> = LazyLock::new(Rule::default);

impl Rule {
    /// The rule of a member or item; `None` where the row says nothing.
    pub fn child(&self, key: &str) -> Option<&Rule> {
        self.steps.get(key).or(self.any.as_deref())
    }

    /// The rule at a path below this one, of a row's own spelling.
    pub fn at_path(&self, path: &str) -> Option<&Rule> {
        path.split('/').skip(1).try_fold(self, |rule, step| rule.child(step))
    }

    /// The rule of every item of a list.
    pub fn item(&self) -> Option<&Rule> {
        self.any.as_deref()
    }

    /// Whether a value is what the service fills in, or says nothing where the object around it is open.
    pub fn is_filled(&self, in_open: bool, value: &Value) -> bool {
        self.is_blank(in_open, value) || self.is_default(value)
    }

    /// Whether a value is what its absence means.
    pub fn is_default(&self, value: &Value) -> bool {
        self.defaults.iter().any(|default| same(default, value))
    }

    /// Whether an empty value is as good as none.
    pub fn is_blank(&self, in_open: bool, value: &Value) -> bool {
        in_open && is_empty(value) && self.defaults.first().is_none_or(is_empty)
    }

    /// Whether a live member that nobody declared says nothing.
    pub fn is_silent(&self, in_open: bool, value: &Value) -> bool {
        self.read_only || self.kept || self.is_filled(in_open, value)
    }

    fn at(&mut self, path: &'static str) -> &mut Rule {
        path.split('/').skip(1).fold(self, |rule, step| match step {
            "*" => rule.any.get_or_insert_default(),
            step => rule.steps.entry(step),
        })
    }

    /// Takes out what says nothing; in an open object a name alone says that the field is known.
    fn prune(&mut self) {
        let open = self.open;
        self.steps.retain(|child| {
            child.prune();
            open || child.says()
        });
        if let Some(child) = &mut self.any {
            child.prune();
        }
        self.any.take_if(|child| !child.says());
    }

    fn says(&self) -> bool {
        let flag = self.read_only || self.kept || self.unseen || self.open || self.set || self.trimmed;
        let flag = flag || self.by_place;
        let value = !self.defaults.is_empty() || !self.synonyms.is_empty() || self.meaning.is_some();
        flag || value || !self.steps.is_empty() || self.any.is_some()
    }
}

/// What the service makes no difference between, at the top of a body and in its open objects.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The rules of a kind's body.
pub fn rules(kind: &Kind) -> &'static Rule {
    static RULES: LazyLock<OfEach<Rule>> = LazyLock::new(|| OfEach::new(compile));
    RULES.get(kind)
}

fn compile(kind: &Kind) -> Rule {
    let mut root = Rule::default();
    for field in kind.fields {
        let rule = root.at(field.at);
        rule.read_only = field.is_dropped();
        rule.kept = field.kept || field.filled;
        rule.empties = kind.is_part(field.at);
        rule.unseen = field.unseen;
        rule.open = field.open;
        rule.set = field.set;
        rule.trimmed = field.trimmed;
        rule.defaults = field.defaults.iter().map(|text| parse(text)).collect();
        rule.synonyms = field.synonyms.iter().map(|text| parse(text)).collect();
        rule.meaning = field.meaning;
    }
    for list in kind.quirks.identified {
        let item = root.at(list.list).any.get_or_insert_default();
        item.steps.entry(list.field).by_place = true;
    }
    root.prune();
    root
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("bug: a row holds a text that is not JSON")
}
