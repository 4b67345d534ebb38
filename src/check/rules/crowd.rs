//! Alerts of logs past the limits of the service: how many there are, and how many groups one of them looks at.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::check::alert::{QUERY, Subject, VARIABLES};
use crate::check::estate::{OF_LOGS, Tags};
use crate::check::finding::Findings;
use crate::model::Resource;
use crate::query::{self, ChainHead, Monitor, Search};
use crate::source::short;

const SOURCE: &str = "logs";

/// Alerts of logs that an account has where its limit was not raised (documentation, Monitors > Log Monitor).
const MOST: usize = 1_000;

/// Values of each facet that are looked at, by the number of facets (the same page).
const VALUES: [usize; 4] = [1_000, 30, 10, 5];

/// Values that a query beside others looks at, where it doesn't say: of the fourth facet five (the same page).
const USUAL: [usize; 4] = [10, 10, 10, 5];

/// Whether it is an alert of logs that groups, as far as its text tells: what it groups by is to be known then.
pub fn groups_logs(resource: &Resource) -> bool {
    let text = resource.body.text();
    text.contains(OF_LOGS) && (text.contains(".by(") || text.contains("group_by"))
}

/// At the first one past the limit.
pub fn count(subject: &Subject<'_>, found: &mut Findings) {
    if subject.text("/type") == Some(OF_LOGS) && subject.estate.first_of_logs_past(MOST) == Some(subject.at) {
        found.add(
            "/type",
            "This is log monitor 1,001 of the project, and an account has 1,000 of them unless Datadog raised its limit",
            "group several of them into one (`.by(\"service\")`), or ask Datadog's support, and `$allow` this here",
        );
    }
}

/// A grouping of a search.
struct Grouping {
    pointer: String,
    search: String,
    /// Facets, each with the number of its values that are looked at.
    facets: Vec<(String, usize)>,
}

/// A grouping that leaves out functions that the inventory knows.
pub fn groups(subject: &Subject<'_>, found: &mut Findings) {
    if subject.alert.is_none() || subject.text("/type") != Some(OF_LOGS) {
        return;
    }
    for grouping in groupings(subject) {
        let facets = &grouping.facets;
        if facets.len() > VALUES.len() {
            let text =
                format!("It groups by {} facets, and a log monitor groups by four at most", facets.len());
            found.add(&grouping.pointer, text, "leave some of them out");
            continue;
        }
        let values = values(&grouping.search, subject.estate.functions);
        for (facet, most) in facets {
            let Some(own) = values.get(facet.as_str()).filter(|own| own.len() > *most) else { continue };
            let text = format!(
                "The inventory has {} values of `{}`, and a log monitor looks at the {most} largest of them",
                own.len(),
                short(facet),
            );
            found.add(
                &grouping.pointer,
                text,
                "group by less, or watch a metric that is counted from these logs",
            );
        }
    }
}

fn groupings(subject: &Subject<'_>) -> Vec<Grouping> {
    let mut groupings = Vec::new();
    if let Some(tree @ Monitor::Chain(chain)) = subject.tree()
        && let ChainHead::Source(call) = &chain.head.value
        && call.name.value == SOURCE
        && let Some(search) = chain.search_text()
    {
        let keys: Vec<String> = tree.group_keys().into_iter().map(|key| key.value).collect();
        let most = keys.len().checked_sub(1).and_then(|at| VALUES.get(at)).copied().unwrap_or_default();
        let facets = keys.into_iter().map(|key| (key, most)).collect();
        groupings.push(Grouping { pointer: QUERY.to_owned(), search: search.value, facets });
    }
    for (pointer, item) in subject.items(VARIABLES) {
        if item.get("data_source").and_then(Value::as_str) != Some(SOURCE) {
            continue;
        }
        let search = item.pointer("/search/query").and_then(Value::as_str).unwrap_or_default().to_owned();
        let list = item.get("group_by").and_then(Value::as_array).into_iter().flatten();
        let facets = list.enumerate().filter_map(|(at, facet)| {
            let limit =
                facet.get("limit").and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
            let usual = USUAL.get(at).copied().unwrap_or_default();
            Some((facet.get("facet")?.as_str()?.to_owned(), limit.unwrap_or(usual)))
        });
        groupings.push(Grouping { pointer: format!("{pointer}/group_by"), search, facets: facets.collect() });
    }
    groupings.retain(|grouping| !grouping.facets.is_empty());
    groupings
}

/// The values, by key, of the functions that a search may find: none where it is more than a list of terms.
fn values<'f>(search: &str, functions: &'f [Tags]) -> BTreeMap<&'f str, BTreeSet<&'f str>> {
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let is_list = !search.contains(['(', '$']) && !search.split_whitespace().any(|word| word == "OR");
    let Some(search) = query::read_search(search).tree.filter(|_| is_list) else { return values };
    for tags in functions.iter().filter(|tags| may_find(&search, tags)) {
        for (key, own) in tags {
            values.entry(key).or_default().extend(own.iter().map(String::as_str));
        }
    }
    values
}

fn may_find(search: &Search, tags: &Tags) -> bool {
    search.terms.iter().all(|term| {
        let term = &term.value;
        let key = term.key.as_ref().map(|key| key.value.trim_start_matches('@').to_lowercase());
        let Some(own) = key.and_then(|key| tags.get(&key)) else { return true };
        let wanted = term.value.value.trim_matches('"').to_lowercase();
        let is_like =
            |own: &String| wanted.split_once('*').map_or(*own == wanted, |(start, _)| own.starts_with(start));
        own.iter().any(is_like) != term.negated
    })
}
