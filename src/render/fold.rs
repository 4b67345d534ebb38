//! Equal changes across many resources as one entry.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};

use super::field::item_changes;
use super::text_diff::{Piece, Sign, words};
use crate::model::{Action, Address, Change, FieldChange};
use serde_json::Value;

/// From this many on, equal changes are one entry.
const FOLD: usize = 3;

/// Changes that are reported together: one, or three and more that are equal.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Never empty; in the order of the plan.
    pub changes: Vec<&'a Change>,
}

impl<'a> Entry<'a> {
    /// The one that stands for all.
    pub fn first(&self) -> &'a Change {
        self.changes[0]
    }

    pub fn is_folded(&self) -> bool {
        self.changes.len() > 1
    }

    pub fn is_risky(&self) -> bool {
        !self.first().risks.is_empty()
    }
}

/// Ids with one segment in common place left open.
#[derive(Debug, PartialEq, Eq)]
pub struct Pattern<'a> {
    /// `lambda/*/errors`; the id itself where there is one only.
    pub text: String,
    /// What stands at the `*`.
    pub names: Vec<&'a str>,
}

/// Folds equal changes, or lists each by itself. What is risky comes first, the heaviest risk on top;
/// otherwise the order is the plan's.
pub fn fold(changes: &[Change], each: bool) -> Vec<Entry<'_>> {
    let mut entries: Vec<(usize, Entry<'_>)> = Vec::new();
    let single = |at: usize| (at, Entry { changes: vec![&changes[at]] });
    if each {
        entries.extend((0..changes.len()).map(single));
    } else {
        let mut groups: HashMap<[u8; 32], Vec<usize>> = HashMap::new();
        for (at, change) in changes.iter().enumerate() {
            groups.entry(likeness(change)).or_default().push(at);
        }
        for group in groups.into_values() {
            if group.len() < FOLD {
                entries.extend(group.into_iter().map(single));
            } else {
                entries
                    .push((group[0], Entry { changes: group.into_iter().map(|at| &changes[at]).collect() }));
            }
        }
    }
    let weight =
        |entry: &Entry<'_>| entry.first().risks.iter().map(|risk| risk.rank).min().unwrap_or(u8::MAX);
    entries.sort_by_cached_key(|(at, entry)| (weight(entry), *at));
    entries.into_iter().map(|(_, entry)| entry).collect()
}

/// The patterns of some addresses, those with the most first.
pub fn patterns<'a>(addresses: impl IntoIterator<Item = &'a Address>) -> Vec<Pattern<'a>> {
    let mut found: BTreeMap<String, Vec<&'a Address>> = BTreeMap::new();
    for address in addresses {
        found.entry(shape(address.id()).0).or_default().push(address);
    }
    let mut patterns: Vec<Pattern<'a>> = found
        .into_iter()
        .map(|(text, addresses)| match addresses[..] {
            [only] => Pattern { text: only.id().to_owned(), names: vec![only.id()] },
            _ => {
                Pattern { text, names: addresses.into_iter().map(|address| shape(address.id()).1).collect() }
            }
        })
        .collect();
    patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.names.len()));
    patterns
}

/// An id with the segment open in which siblings differ, and that segment. Instances of a template
/// are `USE/KEY/ID`, so it is the second one; of a shorter id the last.
fn shape(id: &str) -> (String, &str) {
    let Some((first, rest)) = id.split_once('/') else { return ("*".to_owned(), id) };
    match rest.split_once('/') {
        Some((name, rest)) => (format!("{first}/*/{rest}"), name),
        None => (format!("{first}/*"), rest),
    }
}

/// A digest that is equal for changes which a reader takes for the same. (A digest, so that 90,000
/// changes with bodies of many kilobytes fold in little memory.)
fn likeness(change: &Change) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    add(change.kind);
    add(change.action.name());
    add(if change.protected { "protected" } else { "" });
    let (id, is_instance) = (change.address.id(), change.address.id().matches('/').count() >= 2);
    let own = InstanceName(shape(id).1);
    for risk in &change.risks {
        add(&own.hide(&risk.text));
    }
    match change.action {
        // Bodies of one template differ in names only; others are worth a look each.
        Action::Create => match &change.instance {
            Some(instance) if is_instance => {
                add(&instance.name);
                add(&shape(id).0);
            }
            _ => add(id),
        },
        // Nothing is known of a delete's template: its definition is gone.
        Action::Delete | Action::Forget => add(&if is_instance { shape(id).0 } else { id.to_owned() }),
        Action::Move => {
            let from = change.moved_from.as_ref().map_or("", Address::id);
            let ((old, old_name), (new, new_name)) = (shape(from), shape(id));
            let same_name = old_name == new_name;
            add(if same_name { &old } else { from });
            add(if same_name { &new } else { id });
            add_diff(&change.diff, own, &mut add);
        }
        Action::Update | Action::Replace | Action::Adopt => add_diff(&change.diff, own, &mut add),
    }
    hash.finalize().into()
}

/// The name of an instance: two texts that differ in it alone say the same of two functions.
#[derive(Clone, Copy)]
struct InstanceName<'a>(&'a str);

impl InstanceName<'_> {
    /// Short names and numbers stand in too many texts by chance.
    fn hide(self, text: &str) -> String {
        let telling = self.0.len() >= 4 && self.0.contains(|c: char| c.is_ascii_alphabetic());
        if telling { text.replace(self.0, "*") } else { text.to_owned() }
    }
}

fn add_diff(diff: &[FieldChange], own: InstanceName<'_>, add: &mut impl FnMut(&str)) {
    for field in diff {
        add(&field.path);
        match (&field.before, &field.after) {
            // The same words changed, though each text names another function: the same change.
            (Some(Value::String(before)), Some(Value::String(after))) => {
                add_words(&words(&own.hide(before), &own.hide(after)), add);
            }
            (Some(Value::Array(before)), Some(Value::Array(after))) => match item_changes(before, after) {
                Some(sides) => sides.into_iter().for_each(|items| add_items(&items, own, add)),
                None => {
                    [before, after].into_iter().for_each(|items| add(&Value::from(items.clone()).to_string()))
                }
            },
            (before, after) => [before, after].into_iter().for_each(|side| match side {
                Some(Value::String(text)) => add(&own.hide(text)),
                Some(value) => add(&value.to_string()),
                None => add("nothing"),
            }),
        }
    }
}

fn add_items(items: &[&Value], own: InstanceName<'_>, add: &mut impl FnMut(&str)) {
    add(&items.len().to_string());
    items.iter().for_each(|item| add(&own.hide(&item.to_string())));
}

/// The changed words and the signs around them; what else the text says does not count.
fn add_words(pieces: &[Piece], add: &mut impl FnMut(&str)) {
    for piece in pieces {
        match piece.sign {
            Sign::Old => add(&format!("-{}", piece.text)),
            Sign::New => add(&format!("+{}", piece.text)),
            Sign::Same => {
                add(&signs(piece.text.chars()));
                add(&signs(piece.text.chars().rev()));
            }
        }
    }
}

/// The first three characters, any word counted as one: `> w`.
fn signs(text: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    for c in text {
        let c = if c.is_alphanumeric() || "._-".contains(c) { 'w' } else { c };
        if !(c == 'w' && out.ends_with('w')) {
            out.push(c);
        }
        if out.chars().count() > 3 {
            out.pop();
            break;
        }
    }
    out
}
