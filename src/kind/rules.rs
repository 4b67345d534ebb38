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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::kind::{dashboard, field::Field, monitor, slo};

    fn derived(fields: &[Field]) -> Rule {
        let mut root = Rule::default();
        for field in fields {
            let rule = root.at(field.at);
            rule.read_only = field.read_only;
            rule.kept = field.kept;
            rule.unseen = field.unseen;
            rule.open = field.open;
            rule.set = field.set;
            rule.trimmed = field.trimmed;
            rule.defaults = field.defaults.iter().map(|text| parse(text)).collect();
            rule.synonyms = field.synonyms.iter().map(|text| parse(text)).collect();
        }
        root
    }

    fn says(rule: &Rule) -> bool {
        rule.read_only
            || rule.kept
            || rule.unseen
            || rule.open
            || rule.set
            || rule.trimmed
            || !rule.defaults.is_empty()
            || !rule.synonyms.is_empty()
            || !rule.steps.is_empty()
            || rule.any.is_some()
    }

    fn prune(rule: &mut Rule) {
        let open = rule.open;
        rule.steps.retain(|_, child| {
            prune(child);
            open || says(child)
        });
        if let Some(child) = &mut rule.any {
            prune(child);
            if !says(child) {
                rule.any = None;
            }
        }
    }

    #[test]
    fn the_fields_say_what_the_columns_said() {
        for (kind, fields) in [
            (&dashboard::DASHBOARD, dashboard::FIELDS),
            (&monitor::MONITOR, monitor::FIELDS),
            (&slo::SLO, slo::FIELDS),
        ] {
            assert!(fields.is_sorted_by_key(|field| field.at));
            let (mut old, mut new) = (compile(kind), derived(fields));
            prune(&mut old);
            prune(&mut new);
            assert_eq!(format!("{old:#?}"), format!("{new:#?}"));
            let paths = |holds: fn(&Field) -> bool| {
                fields.iter().filter(|field| holds(field)).map(|field| field.at).collect::<BTreeSet<_>>()
            };
            let is = |old: &[&'static str], new: BTreeSet<&'static str>| {
                assert_eq!(old.iter().copied().collect::<BTreeSet<_>>(), new)
            };
            is(kind.replaced, paths(|f| f.replaced));
            is(kind.immutable, paths(|f| f.immutable));
            is(kind.numeric_references, paths(|f| f.numeric));
            is(kind.stakes.recipients, paths(|f| f.recipients));
            is(kind.stakes.thresholds, paths(|f| f.threshold));
            is(kind.stakes.targets, paths(|f| f.target));
            is(kind.stakes.query.as_slice(), paths(|f| f.query));
            is(kind.judged.required, paths(|f| f.required));
            is(kind.judged.required_at_create, paths(|f| f.required_at_create));
            for (at, on) in kind.stakes.no_data {
                assert_eq!(fields.iter().find(|field| field.at == *at).unwrap().no_data, *on);
            }
            assert_eq!(
                fields.iter().filter(|field| !field.no_data.is_empty()).count(),
                kind.stakes.no_data.len()
            );
            let bounds: Vec<_> = fields
                .iter()
                .filter(|f| f.strict)
                .map(|f| {
                    let (min, max) = f.bounds();
                    (f.at.to_owned(), min.map_or(f64::MIN, f64::from), max.map_or(f64::MAX, f64::from))
                })
                .collect();
            let mut were: Vec<_> =
                kind.judged.bounds.iter().map(|(at, a, b)| ((*at).to_owned(), *a, *b)).collect();
            were.sort_by(|a, b| a.0.cmp(&b.0));
            assert_eq!(bounds, were);
            for (at, a, b) in kind.judged.lengths {
                assert_eq!(fields.iter().find(|field| field.at == *at).unwrap().duration, Some((*a, *b)));
            }
            let schema = |fields: Vec<(&str, String, &str)>| {
                fields.into_iter().map(|(at, value, doc)| format!("{at} {value} {doc}")).collect::<Vec<_>>()
            };
            assert_eq!(
                schema(
                    fields
                        .iter()
                        .filter(|f| !f.doc.is_empty())
                        .map(|f| (f.at, format!("{:?}", f.value), f.doc))
                        .collect()
                ),
                schema(kind.fields.iter().map(|f| (f.at, format!("{:?}", f.sort), f.doc)).collect()),
            );
        }
    }
}
