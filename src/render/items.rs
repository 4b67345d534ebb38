//! Items of lists in words: `moved "p95" to the top`, `Latency › p95: query …`.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use super::named;
use super::value::{cut, plural};
use crate::model::{Action, Change, FieldChange, ItemAction, ItemChange};
use crate::pointer::keys;

/// More of one type of news, each without details, are one line.
const MANY: usize = 6;
/// Names that such a line holds.
const NAMES: usize = 12;

/// A line of news, and the fields that changed.
pub struct Told<'a> {
    pub action: ItemAction,
    pub text: String,
    /// By words: `query`, `title`.
    pub fields: Vec<(String, Cow<'a, FieldChange>)>,
}

/// What became of the items of a change, in the order of the lists; with `full` each by itself.
pub fn told(change: &Change, full: bool) -> Vec<Told<'_>> {
    let is_plain = |item: &&ItemChange| item.action != ItemAction::Changed;
    let mut out = Vec::new();
    let mut folded: Vec<ItemAction> = Vec::new();
    for item in &change.items {
        let alike: Vec<&ItemChange> =
            change.items.iter().filter(is_plain).filter(|other| other.action == item.action).collect();
        let folds = !full && is_plain(&item) && alike.len() > MANY && change.action == Action::Update;
        if !folds {
            out.push(one(change, item));
        } else if !folded.contains(&item.action) {
            folded.push(item.action);
            out.push(many(item.action, &alike));
        }
    }
    out
}

/// Whether a field is told by the items: it stands in one of their lists.
pub fn tells(change: &Change, path: &str) -> bool {
    let root = |pointer: &str| pointer[1..].find('/').map_or(pointer.len(), |at| at + 1);
    change.items.iter().any(|item| {
        let at = item.after.as_ref().or(item.before.as_ref()).filter(|at| at.starts_with('/'));
        at.is_some_and(|at| {
            path.strip_prefix(&at[..root(at)]).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    })
}

/// `Latency › p95`, or the type where there is no name.
pub fn name(item: &ItemChange) -> String {
    item.names.iter().map(|name| cut(name, 80)).collect::<Vec<_>>().join(" › ")
}

/// `moved timeseries “p95” to the top`
pub fn sentence(item: &ItemChange) -> String {
    let (name, class) = (name(item), cut(&item.class, 40));
    let called = if item.names.last() == Some(&item.class) { name } else { format!("{class} “{name}”") };
    let place = item.place.as_ref().map(|place| format!(" {}", cut(place, 200))).unwrap_or_default();
    match item.action {
        ItemAction::Moved => format!("moved {called}{place}"),
        ItemAction::Changed if place.is_empty() => format!("changed {called}"),
        ItemAction::Changed => format!("changed {called}, moved{place}"),
        ItemAction::Added | ItemAction::Removed => format!("{} {called}{}", item.action.name(), inside(item)),
    }
}

fn one<'a>(change: &'a Change, item: &'a ItemChange) -> Told<'a> {
    let fields = named::in_item(change, item);
    let words = words(&fields);
    Told { action: item.action, text: sentence(item), fields: words.into_iter().zip(fields).collect() }
}

fn inside(item: &ItemChange) -> String {
    if item.inside.is_empty() {
        return String::new();
    }
    let names = listed(item.inside.iter().map(|name| cut(name, 60)).collect());
    format!(" with {}: {names}", plural(item.inside.len(), "widget"))
}

fn listed(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(NAMES);
    names.truncate(NAMES);
    if more > 0 {
        names.push(format!("… {more} more"));
    }
    names.join(", ")
}

fn many<'a>(action: ItemAction, items: &[&ItemChange]) -> Told<'a> {
    let names = listed(items.iter().map(|item| name(item)).collect());
    Told {
        action,
        text: format!("{} {}: {names}", action.name(), plural(items.len(), "widget")),
        fields: Vec::new(),
    }
}

/// Each field by its last word; where two would be called alike, by as much of their paths as tells them apart.
fn words(fields: &[Cow<'_, FieldChange>]) -> Vec<String> {
    let word = |path: &str, most: usize| -> String {
        let steps: Vec<String> = keys(path).map(Cow::into_owned).collect();
        let is_place = |step: &String| step.bytes().all(|b| b.is_ascii_digit());
        let mut start = steps.len();
        let mut left = most;
        while start > 0 && left > 0 {
            start -= 1;
            left -= usize::from(!is_place(&steps[start]));
        }
        let parts = steps[start..].iter().map(|step| {
            if is_place(step) { format!("[{}]", cut(step, 8)) } else { format!(".{}", cut(step, 60)) }
        });
        parts.collect::<String>().trim_start_matches('.').to_owned()
    };
    for most in 1..6 {
        let found: Vec<String> = fields.iter().map(|field| word(&field.path, most)).collect();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for name in &found {
            *counts.entry(name).or_default() += 1;
        }
        if counts.values().all(|count| *count == 1) {
            return found;
        }
    }
    fields.iter().map(|field| super::value::path(&field.path)).collect()
}

/// The items of a new or a removed object in a few lines: groups with what is in them.
pub fn overview(change: &Change) -> Vec<String> {
    change
        .items
        .iter()
        .map(|item| {
            let name = name(item);
            let called = match item.names.last() == Some(&item.class) {
                true => name,
                false => format!("“{name}” ({})", cut(&item.class, 40)),
            };
            format!("{called}{}", inside(item).replacen(" with ", ", ", 1))
        })
        .collect()
}

/// A value's plain words, for a fact: a list of texts without brackets.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => cut(text, usize::MAX),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().map(plain).collect::<Vec<_>>().join(", ")
        }
        other => super::value::short(other, 200),
    }
}
