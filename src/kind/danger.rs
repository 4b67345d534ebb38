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

/// Of what is kept or sent on: the search finds less.
pub const SEARCH: Danger =
    Danger { code: "search-narrowed", judge: |live, wanted| asks_for_more(live, wanted, "/query") };
/// The same, where the search stands in a filter.
pub const FILTER: Danger =
    Danger { code: "search-narrowed", judge: |live, wanted| asks_for_more(live, wanted, "/filter/query") };

/// Of metrics that are counted from something.
pub const OF_METRICS: &[Danger] = &[
    Danger { code: "percentiles-off", judge: percentiles_off },
    Danger { code: "tags-lost", judge: groups_lost },
    FILTER,
];

fn asks_for_more(live: &Value, wanted: &Value, at: &str) -> Option<String> {
    let lost = narrowed(live, wanted, at)?;
    Some(format!("The search finds less: it asks for {lost}, too"))
}

fn percentiles_off(live: &Value, wanted: &Value) -> Option<String> {
    is_turned_off(live, wanted, "/compute/include_percentiles", false)
        .then(|| "The metric has no percentiles any more: graphs and alerts of them end".to_owned())
}

/// The texts of a list, or of a member of its items.
pub fn texts<'a>(body: &'a Value, at: &str, member: Option<&str>) -> BTreeSet<&'a str> {
    let items = body.pointer(at).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| member.map_or(Some(item), |name| item.get(name))?.as_str()).collect()
}

/// `a`, `b`: nothing of a danger is cut away, unless it were a page by itself.
pub fn listed(names: &[&str]) -> String {
    const MOST: usize = 100;
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

/// Whether a switch that is on is turned off; `default`: what its absence means.
pub fn is_turned_off(live: &Value, wanted: &Value, at: &str, default: bool) -> bool {
    let is_on = |body: &Value| body.pointer(at).and_then(Value::as_bool).unwrap_or(default);
    is_on(live) && !is_on(wanted)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_search_that_finds_less_is_told() {
        for (before, after, expected) in [
            ("service:a", "service:a env:b", Some("`env:b`")),
            ("*", "service:a", Some("`service:a`")),
            ("service:a env:b", "service:a", None),
            ("service:a env:b", "env:b AND service:a", None),
            ("service:a", "service:b", None),
            ("service:a", "service:a OR env:b", None),
        ] {
            let body = |query: &str| json!({ "query": query });
            assert_eq!(
                narrowed(&body(before), &body(after), "/query").as_deref(),
                expected,
                "{before}, {after}"
            );
        }
    }

    #[test]
    fn a_switch_is_turned_off_once() {
        let body = |on: Value| json!({ "on": on });
        assert!(is_turned_off(&body(true.into()), &body(false.into()), "/on", false));
        assert!(is_turned_off(&json!({}), &body(false.into()), "/on", true));
        assert!(!is_turned_off(&json!({}), &body(false.into()), "/on", false));
        assert!(!is_turned_off(&body(false.into()), &body(true.into()), "/on", false));
        assert!(!is_turned_off(&body(true.into()), &json!({}), "/on", true));
    }
}
