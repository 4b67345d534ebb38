//! Who is no longer notified.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::Value;

use super::code::{listed, risk};
use super::query::query;
use crate::handle::{handles as all_handles, is_pager, named};
use crate::kind::{Alarm, Field, Kind};
use crate::model::Risk;
use crate::pointer::matching;
use crate::query::Threshold;

pub fn pager_deleted(kind: &Kind, live: &Value) -> Option<Risk> {
    let pagers: Vec<String> = handles(kind, live).into_keys().filter(|handle| is_pager(handle)).collect();
    (!pagers.is_empty()).then(|| {
        risk("pager-deleted", format!("The {} pages people ({}) and is deleted", kind.name, listed(&pagers)))
    })
}

/// A handle counts as lost where it is in none of the texts any more, or only in a later one of the row's order: in an
/// escalation instead of the first message. One that moved into a block that never shows is as good as lost.
pub fn lost(kind: &Kind, live: &Value, wanted: &Value) -> Vec<Risk> {
    let (before, still) = (handles(kind, live), handles(kind, wanted));
    let gone = |handle: &String, place: &usize| still.get(handle).is_none_or(|now| now > place);
    let lost: Vec<String> = before
        .iter()
        .filter(|(handle, place)| gone(handle, place))
        .map(|(handle, _)| handle.clone())
        .collect();
    let was_hidden = hidden(kind, live);
    let newly: Vec<String> = hidden(kind, wanted)
        .into_iter()
        .filter(|handle| {
            before.contains_key(handle) && !was_hidden.contains(handle) && !lost.contains(handle)
        })
        .collect();
    let mut risks = Vec::new();
    if !lost.is_empty() {
        risks.push(risk("recipient-lost", format!("No longer notified: {}", listed(&lost))));
    }
    if !newly.is_empty() {
        let text = format!("No longer notified, in a block that never shows: {}", listed(&newly));
        risks.push(risk("recipient-unreachable", text));
    }
    risks
}

/// Every recipient of a body, with the number of the first text that names it.
fn handles(kind: &Kind, body: &Value) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for (place, path) in kind.paths(|field| field.recipients).enumerate() {
        for at in matching(path, body) {
            // Of lists none is later than another.
            let (place, named) = match body.pointer(&at) {
                Some(Value::String(text)) => (place, named(text).map(str::to_owned).collect()),
                Some(Value::Array(items)) => {
                    (0, items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                }
                _ => (place, Vec::new()),
            };
            for handle in named {
                found.entry(handle).or_insert(place);
            }
        }
    }
    found
}

/// Recipients of the first text that stand nowhere but in blocks that can't show: `{{#is_warning}}` of an alert that has
/// no warning threshold.
fn hidden(kind: &Kind, body: &Value) -> BTreeSet<String> {
    let at = kind.paths(|field| field.recipients).next();
    let text = at.and_then(|at| body.pointer(at)).and_then(Value::as_str).unwrap_or_default();
    let dead = dead_blocks(kind, body);
    if dead.is_empty() || !text.contains("{{") {
        return BTreeSet::new();
    }
    let blocks: Vec<Range<usize>> = dead.iter().flat_map(|name| blocks(text, name)).collect();
    let is_inside = |range: &Range<usize>| blocks.iter().any(|block| block.contains(&range.start));
    let (inside, outside): (Vec<_>, Vec<_>) = all_handles(text).into_iter().partition(is_inside);
    let outside: BTreeSet<&str> = outside.into_iter().map(|range| &text[range]).collect();
    let inside = inside.into_iter().map(|range| &text[range]);
    inside.filter(|handle| !outside.contains(handle)).map(str::to_owned).collect()
}

/// The conditions that never hold for this body.
fn dead_blocks(kind: &Kind, body: &Value) -> Vec<&'static str> {
    let Some((_, query)) = query(kind, body) else { return Vec::new() };
    // What is no comparison with a number warns by other things.
    let is_static = query
        .comparison()
        .is_some_and(|comparison| matches!(comparison.threshold.value, Threshold::Number(_)));
    if !is_static {
        return Vec::new();
    }
    let is_set = |at: &str| body.pointer(at).is_some_and(|value| !value.is_null());
    let mut dead = Vec::new();
    let warns = kind
        .paths(|field| field.threshold)
        .filter(|at| at.contains("warning"))
        .any(|at| is_set(at) || is_set(&format!("{at}_query")));
    if !warns {
        dead.extend(["is_warning", "is_warning_recovery", "is_alert_to_warning", "is_warning_to_alert"]);
    }
    let reminds = |field: &&Field| body.pointer(field.at).and_then(Value::as_f64).is_some_and(|n| n > 0.0);
    let mut reminders = kind.fields.iter().filter(|field| field.alarm == Alarm::Reminder).peekable();
    if reminders.peek().is_some() && !reminders.any(|field| reminds(&field)) {
        dead.push("is_renotify");
    }
    dead
}

/// What stands in the blocks of a condition: from its tag to the end tag, or to its `{{else}}`.
fn blocks(text: &str, name: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("{{#").map(|at| from + at) {
        let inside = text[at + 3..].trim_start();
        let is_this = inside.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with("}}"));
        let start = at + 3;
        if is_this {
            let ends = [format!("{{{{/{name}}}}}"), "{{else}}".to_owned()];
            let end = ends.iter().filter_map(|end| text[start..].find(end.as_str())).min();
            found.push(start..end.map_or(text.len(), |end| start + end));
        }
        from = start;
    }
    found
}
