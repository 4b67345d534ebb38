//! What changes of few kinds endanger, by their rows: what is no longer measured, hidden, kept or sent where it was.

use std::collections::BTreeSet;

use serde_json::Value;

/// See [`Quirks::dangers`](super::Quirks::dangers).
#[derive(Clone, Copy, Debug)]
pub struct Danger {
    /// One of those that `risk.rs` weighs.
    pub code: &'static str,
    /// What is lost, in words, by the object as it stands and as it is wanted; both in normal form.
    pub judge: fn(live: &Value, wanted: &Value) -> Option<String>,
}

/// Of metrics that are counted from something.
pub const OF_METRICS: &[Danger] = &[
    Danger { code: "percentiles-off", judge: percentiles_off },
    Danger { code: "tags-lost", judge: groups_lost },
    Danger { code: "search-narrowed", judge: search_narrowed },
];

fn is_on(body: &Value, at: &str) -> bool {
    body.pointer(at) == Some(&Value::Bool(true))
}

fn percentiles_off(live: &Value, wanted: &Value) -> Option<String> {
    let at = "/compute/include_percentiles";
    (is_on(live, at) && !is_on(wanted, at))
        .then(|| "The metric has no percentiles any more: graphs and alerts of them end".to_owned())
}

/// The texts of a list, or of a member of its items.
pub fn texts<'a>(body: &'a Value, at: &str, member: Option<&str>) -> BTreeSet<&'a str> {
    let items = body.pointer(at).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| member.map_or(Some(item), |name| item.get(name))?.as_str()).collect()
}

/// `a`, `b` and 3 more
pub fn listed(names: &[&str]) -> String {
    const MOST: usize = 5;
    let shown = names.iter().take(MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > MOST { format!("{shown} and {} more", names.len() - MOST) } else { shown }
}

/// What those that query a metric by these tags miss.
pub fn tags_lost(lost: &[&str]) -> Option<String> {
    (!lost.is_empty()).then(|| format!("Queries by these tags find nothing any more: {}", listed(lost)))
}

/// The tags that a metric has by its groups.
fn group_names(body: &Value) -> BTreeSet<&str> {
    let groups = body.get("group_by").and_then(Value::as_array).into_iter().flatten();
    groups.filter_map(|group| group.get("tag_name").or_else(|| group.get("path"))?.as_str()).collect()
}

fn groups_lost(live: &Value, wanted: &Value) -> Option<String> {
    let (before, after) = (group_names(live), group_names(wanted));
    tags_lost(&before.difference(&after).copied().collect::<Vec<_>>())
}

fn search_narrowed(live: &Value, wanted: &Value) -> Option<String> {
    let lost = narrowed(live, wanted, "/filter/query")?;
    Some(format!("The search finds less: it asks for {lost}, too"))
}

/// The words that a search asks for beyond what it asked for. Compares conservatively: all words of both stand side by
/// side, and none of those before is gone.
pub fn narrowed(live: &Value, wanted: &Value, at: &str) -> Option<String> {
    let words = |body: &Value| -> Option<BTreeSet<String>> {
        let text = body.pointer(at).and_then(Value::as_str).unwrap_or("*");
        let is_plain = !text.contains(['(', ')', '"']) && !text.split_whitespace().any(|word| word == "OR");
        let words = text.split_whitespace().filter(|word| !matches!(*word, "AND" | "*"));
        is_plain.then(|| words.map(str::to_owned).collect())
    };
    let (before, after) = (words(live)?, words(wanted)?);
    let new: Vec<&str> = after.difference(&before).map(String::as_str).collect();
    (before.is_subset(&after) && !new.is_empty()).then(|| listed(&new))
}
