//! Changes as a whole: the names in them, and risks that one object by itself doesn't show.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::name::{Owners, owned, references, walk, words};
use crate::kind::{self, Family, Kind, Mention};
use crate::model::{
    Action, Address, Change, FieldChange, ItemAction, Known, Live, Reference, Resource, Risk,
};
use crate::risk::{listed, risk};

/// Words in a title, a description or a tag that tell a board which people need in an incident.
const URGENT: [&str; 6] = ["incident", "incidents", "oncall", "on-call", "outage", "emergency"];

/// What stands around some changes.
pub struct Around<'a> {
    pub known: &'a std::collections::BTreeMap<Address, Known>,
    pub live: &'a [Live],
    pub resources: &'a [Resource],
}

/// Puts names to ids, and adds the risks that only show beside other objects.
pub fn tell(changes: &mut [Change], around: &Around<'_>) {
    let deleted: Vec<(String, String, Address)> = changes
        .iter()
        .filter(|change| change.deletes())
        .filter_map(|change| {
            let id = change.datadog_id.clone()?;
            Some((change.address.section().to_owned(), id, change.address.clone()))
        })
        .collect();
    let known = around.known.iter().flat_map(|(address, known)| owned(address, known));
    let gone = deleted.iter().map(|(section, id, address)| ((section.as_str(), id.as_str()), address));
    let owners: Owners<'_> = gone.chain(known).collect();
    let in_use = objectives_in_use(changes, around, &owners);
    let linked = linked_boards(changes, around);
    for change in changes.iter_mut() {
        let Some(kind) = kind::of_name(change.kind) else { continue };
        change.references = references(kind, change, &owners);
        let mut more: Vec<Risk> = objective_lost(kind, change).into_iter().collect();
        more.extend(widget_removed(change, &linked));
        more.extend(in_use.iter().filter(|(at, _)| *at == change.address).map(|(_, risk)| risk.clone()));
        if !more.is_empty() {
            change.risks.extend(more);
            change.risks.sort();
        }
    }
}

fn is(kind: &Kind, family: Family) -> bool {
    kind.quirks.family == Some(family)
}

/// Where an alert of this kind names the objective that it watches.
fn objective_mentions(kind: &'static Kind) -> Vec<&'static Mention> {
    let names_objective = |mention: &&Mention| {
        mention.when.is_some()
            && kind::of_section(mention.section).is_some_and(|kind| is(kind, Family::Objective))
    };
    match is(kind, Family::Alert) {
        true => kind.quirks.mentions.iter().filter(names_objective).collect(),
        false => Vec::new(),
    }
}

/// An alert that watches another objective than before, or none.
fn objective_lost(kind: &'static Kind, change: &Change) -> Option<Risk> {
    if change.action == Action::Create {
        return None;
    }
    let live = change.live.as_ref()?;
    let here: Vec<&Mention> = objective_mentions(kind)
        .into_iter()
        .filter(|mention| {
            mention.when.is_some_and(|(at, text)| live.pointer(at).and_then(Value::as_str) == Some(text))
        })
        .collect();
    if here.is_empty() {
        return None;
    }
    let of = |field: &FieldChange, side: &Option<Value>| -> BTreeSet<String> {
        let names = change.references.get(&field.path);
        let mut found = BTreeSet::new();
        let name = |word: &str| names.and_then(|names| names.get(word)).map(ToString::to_string);
        side.iter().for_each(|value| {
            walk(&here, &field.path, value, &mut |mention, text| match mention {
                None => found.extend(Reference::in_text(text).into_iter().map(|(_, r)| r.target.to_string())),
                Some(_) => {
                    found.extend(first_quoted(text).map(|id| name(id).unwrap_or_else(|| id.to_owned())))
                }
            });
        });
        // A marker among the words is a name already.
        found.retain(|name| !name.contains(Reference::OPEN));
        found
    };
    let lost: Vec<String> = change
        .diff
        .iter()
        .flat_map(|field| {
            let after = of(field, &field.after);
            of(field, &field.before).into_iter().filter(move |name| !after.contains(name))
        })
        .collect();
    (!lost.is_empty()).then(|| risk("objective-lost", format!("It no longer alerts on {}", listed(&lost))))
}

/// The first text in quotes: `burn_rate("0a1b")` names its objective there.
fn first_quoted(text: &str) -> Option<&str> {
    text.split('"').nth(1)
}

/// Objectives that go while an alert of ours stays that watches them.
fn objectives_in_use(changes: &[Change], around: &Around<'_>, owners: &Owners<'_>) -> Vec<(Address, Risk)> {
    let goes = |change: &&Change| {
        change.action == Action::Delete
            && kind::of_name(change.kind).is_some_and(|kind| is(kind, Family::Objective))
    };
    let gone: HashSet<&Address> = changes.iter().filter(goes).map(|change| &change.address).collect();
    if gone.is_empty() {
        return Vec::new();
    }
    // An alert that goes or changes doesn't stay as it is.
    let moving: HashSet<&Address> =
        changes.iter().filter(|change| change.action != Action::Move).map(|change| &change.address).collect();
    let mut found = Vec::new();
    for live in around.live {
        let Some(kind) = kind::of_section(live.section) else { continue };
        for mention in objective_mentions(kind) {
            if mention
                .when
                .is_some_and(|(at, text)| live.body.pointer(at).and_then(Value::as_str) != Some(text))
            {
                continue;
            }
            let Some(own) = owners.get(&(live.section, live.id.as_str())) else { continue };
            if moving.contains(*own) {
                continue;
            }
            walk(&[mention], "", &live.body, &mut |mention, text| {
                let targets = mention.into_iter().flat_map(|mention| {
                    words(text).filter_map(|word| owners.get(&(mention.section, word)).copied())
                });
                for target in targets.filter(|target| gone.contains(target)) {
                    let text = format!("`{own}` alerts on it");
                    found.push((target.clone(), risk("objective-in-use", text)));
                }
            });
        }
    }
    found
}

/// The boards that lose something and that a message of an alert leads to.
fn linked_boards(changes: &[Change], around: &Around<'_>) -> HashSet<Address> {
    let loses = |change: &&Change| change.items.iter().any(|item| item.action == ItemAction::Removed);
    let boards: HashSet<&Address> = changes.iter().filter(loses).map(|change| &change.address).collect();
    if boards.is_empty() {
        return HashSet::new();
    }
    let alerts = around
        .resources
        .iter()
        .filter(|own| kind::of_section(own.address.section()).is_some_and(|kind| is(kind, Family::Alert)));
    alerts
        .flat_map(|alert| Reference::in_text(alert.body.text()))
        .map(|(_, reference)| reference.target)
        .filter(|target| boards.contains(target))
        .collect()
}

/// A board that people open in an incident loses a widget.
fn widget_removed(change: &Change, linked: &HashSet<Address>) -> Option<Risk> {
    if change.action != Action::Update {
        return None;
    }
    let removed: Vec<String> = change
        .items
        .iter()
        .filter(|item| item.action == ItemAction::Removed)
        .map(|item| item.names.join(" › "))
        .collect();
    let is_linked = linked.contains(&change.address);
    if removed.is_empty() || !(is_linked || is_urgent(change.live.as_ref()?)) {
        return None;
    }
    let why = if is_linked { "that an alert's message leads to" } else { "that is made for incidents" };
    Some(risk("widget-removed", format!("A dashboard {why} loses {}", listed(&removed))))
}

fn is_urgent(board: &Value) -> bool {
    let texts = ["title", "description"].into_iter().filter_map(|key| board.get(key)?.as_str());
    let tags = board.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    texts.chain(tags).any(|text| {
        let lower = text.to_lowercase();
        lower.split(|c: char| !c.is_alphanumeric() && c != '-').any(|word| URGENT.contains(&word))
    })
}

#[cfg(test)]
mod tests;
