//! What a query looks at: more than before, less than before, or no longer by itself.

use std::collections::BTreeSet;

use serde_json::Value;

use super::code::{listed, risk};
use super::query::query;
use crate::kind::Kind;
use crate::model::Risk;
use crate::query::{Filter, Monitor};

/// Compares conservatively: the query has as many metrics as before, and each of them asks for the same and more, or
/// for the same and less. A filter that takes another's place is neither.
pub fn changed(kind: &Kind, live: &Value, wanted: &Value) -> Vec<Risk> {
    let (Some(before), Some(after)) = (query(kind, live), query(kind, wanted)) else { return Vec::new() };
    let mut risks = Vec::new();
    let (old, new) = (scopes(before.0, &before.1), scopes(after.0, &after.1));
    if old.len() == new.len() {
        let (mut lost, mut added) = (BTreeSet::new(), BTreeSet::new());
        for (old, new) in old.iter().zip(&new).filter_map(|(old, new)| Some((old.as_ref()?, new.as_ref()?))) {
            if new.is_subset(old) {
                lost.extend(old.difference(new).map(|filter| (*filter).to_owned()));
            } else if old.is_subset(new) {
                added.extend(new.difference(old).map(|filter| (*filter).to_owned()));
            }
        }
        let [lost, added]: [Vec<String>; 2] = [lost, added].map(|filters| filters.into_iter().collect());
        if !lost.is_empty() {
            risks.push(risk(
                "scope-widened",
                format!("The query's scope is wider: it loses {}", listed(&lost)),
            ));
        }
        if !added.is_empty() {
            let text = format!("The query looks at less: its scope adds {}", listed(&added));
            risks.push(risk("scope-narrowed", text));
        }
    }
    risks.extend(ungrouped(&before.1, &after.1));
    risks
}

/// Groups that are no longer told apart: one alert where there were several. A key that takes another's place is left
/// to the reader.
fn ungrouped(before: &Monitor, after: &Monitor) -> Option<Risk> {
    let keys = |query: &Monitor| -> BTreeSet<String> {
        query.group_keys().into_iter().map(|key| key.value).collect()
    };
    let (before, after) = (keys(before), keys(after));
    let lost: Vec<String> = before.difference(&after).cloned().collect();
    (!lost.is_empty() && after.is_subset(&before)).then(|| {
        let text = format!("One alert where there were several: it no longer groups by {}", listed(&lost));
        risk("grouping-removed", text)
    })
}

/// What each metric is filtered by, as written. `None` where there are alternatives: more of them is wider.
fn scopes<'q>(text: &'q str, query: &Monitor) -> Vec<Option<BTreeSet<&'q str>>> {
    let metrics = query.expr().map(|expr| expr.value.metrics()).unwrap_or_default();
    let filters = metrics.into_iter().map(|metric| match &metric.value.scope.as_ref()?.value.filter {
        None => Some(BTreeSet::new()),
        Some(filter) => {
            let all = filter.all()?.into_iter();
            Some(
                all.filter(|filter| !filters_nothing(&filter.value))
                    .map(|filter| &text[filter.span.clone()])
                    .collect(),
            )
        }
    });
    filters.chain(searched(text, query)).collect()
}

/// What a search in logs and the like asks for; `None` where there may be alternatives.
fn searched<'q>(text: &'q str, query: &Monitor) -> Option<Option<BTreeSet<&'q str>>> {
    let Monitor::Chain(alert) = query else { return None };
    let search = alert.search()?;
    // How terms are joined is not in the tree: brackets and a word between them may make alternatives.
    let whole = search.terms.first()?.span.start..search.terms.last()?.span.end;
    let is_joined = |c: char| c.is_whitespace() || matches!(c, '(' | ')');
    let is_plain = !text.get(whole)?.split(is_joined).any(|word| matches!(word, "OR" | "||"))
        && search.terms.iter().all(|term| term.value.key.is_some());
    Some(is_plain.then(|| search.terms.iter().filter_map(|term| text.get(term.span.clone())).collect()))
}

/// `*` and `env:*`.
fn filters_nothing(filter: &Filter) -> bool {
    match filter {
        Filter::Tag(tag) => tag.value.value == "*",
        Filter::Empty => true,
        _ => false,
    }
}
