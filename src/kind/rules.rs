//! A row's lists of paths as one tree, so that a body is walked once whatever the row holds.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::{KINDS, Kind};

/// What the row says of one path.
#[derive(Debug, Default)]
pub struct Rule {
    pub read_only: bool,
    pub kept: bool,
    pub unseen: bool,
    pub open: bool,
    pub set: bool,
    pub trimmed: bool,
    /// Values that the service may fill in, the goal first; empty: none is known.
    pub defaults: Vec<Value>,
    /// Spellings of one value, the canonical one first.
    pub synonyms: Vec<Value>,
    steps: BTreeMap<&'static str, Rule>,
    any: Option<Box<Rule>>,
}

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

    fn at(&mut self, path: &'static str) -> &mut Rule {
        path.split('/').skip(1).fold(self, |rule, step| match step {
            "*" => rule.any.get_or_insert_default(),
            step => rule.steps.entry(step).or_default(),
        })
    }
}

/// The rules of a kind's body.
pub fn rules(kind: &Kind) -> &'static Rule {
    static RULES: LazyLock<BTreeMap<&'static str, Rule>> =
        LazyLock::new(|| KINDS.into_iter().map(|kind| (kind.name, compile(kind))).collect());
    &RULES[kind.name]
}

fn compile(kind: &Kind) -> Rule {
    let mut root = Rule::default();
    type Set = fn(&mut Rule);
    let flags: [(&[&'static str], Set); 8] = [
        (kind.read_only, |rule| rule.read_only = true),
        (kind.kept, |rule| rule.kept = true),
        (kind.filled, |rule| rule.kept = true),
        (kind.unseen, |rule| rule.unseen = true),
        (kind.open, |rule| rule.open = true),
        (kind.sets, |rule| rule.set = true),
        (kind.trimmed, |rule| rule.trimmed = true),
        (kind.known, |_| {}),
    ];
    for (paths, set) in flags {
        for path in paths {
            set(root.at(path));
        }
    }
    for derived in kind.derived {
        root.at(derived.path);
    }
    for (path, texts) in kind.defaults {
        root.at(path).defaults = texts.iter().map(|text| parse(text)).collect();
    }
    for (path, texts) in kind.synonyms {
        root.at(path).synonyms = texts.iter().map(|text| parse(text)).collect();
    }
    root
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("bug: a row holds a text that is no JSON")
}
