//! Names of metrics, and the tags that alerts and objectives filter by.

use super::metric::metrics;
use crate::check::alert::{QUERY, Subject};
use crate::check::finding::Findings;
use crate::query::{Metric, Monitor, Spanned, Tag};

/// Hands every metric of a query that decides something to a judge, with where it stands.
fn each(subject: &Subject<'_>, judge: &mut dyn FnMut(&str, &Spanned<&Metric>)) {
    for (pointer, metric) in metrics(subject) {
        judge(pointer, &metric);
    }
    for (pointer, count) in &subject.counts {
        for metric in count.parsed.tree.iter().flat_map(|tree| tree.metrics()) {
            judge(pointer, &metric);
        }
    }
}

pub fn names(subject: &Subject<'_>, found: &mut Findings) {
    each(subject, &mut |pointer, metric| {
        let name = &metric.value.name;
        if name.value.split('.').any(str::is_empty) {
            let text =
                format!("`{}` is not the name of a metric: a word between its dots is missing", name.value);
            found.within(
                (pointer, &name.span),
                text,
                "names are words with one dot between them: `system.load.1`",
            );
        }
    });
}

pub fn tags(subject: &Subject<'_>, found: &mut Findings) {
    keys(subject, found);
    each(subject, &mut |pointer, metric| {
        let Some(scope) = &metric.value.scope else { return };
        for (tag, _) in scope.value.tags() {
            if let Some((what, help)) = fault(&tag) {
                let start = tag.key.as_ref().map_or(tag.value.span.start, |key| key.span.start);
                let text = format!("`{}` {what}", crate::source::short(&written(&tag)));
                found.within((pointer, &(start..tag.value.span.end)), text, help);
            }
        }
    });
}

/// Keys that an alert groups by are not variables either.
fn keys(subject: &Subject<'_>, found: &mut Findings) {
    let keys = subject.tree().map(Monitor::group_keys).unwrap_or_default();
    for key in keys.into_iter().filter(|key| key.value.starts_with('$')) {
        let text = format!("`{}` is a variable of dashboards: nothing is grouped by it here", key.value);
        found.within(
            (QUERY, &key.span),
            text,
            format!("write the key itself: `{}`", key.value.trim_start_matches('$')),
        );
    }
}

fn written(tag: &Tag) -> String {
    match &tag.key {
        Some(key) => format!("{}:{}", key.value, tag.value.value),
        None => tag.value.value.clone(),
    }
}

/// What is wrong with a tag of a scope.
fn fault(tag: &Tag) -> Option<(&'static str, String)> {
    let value = tag.value.value.as_str();
    if value.starts_with(['"', '\'']) {
        return None;
    }
    let Some(key) = tag.key.as_ref().map(|key| key.value.as_str()) else {
        if let Some(name) = value.strip_prefix('$') {
            let help =
                format!("write the tag itself, or `${{{name}}}` for a parameter of musher's, in a template");
            return Some(("is a variable of dashboards: here it matches nothing", help));
        }
        let (key, of) = value.split_once('=').filter(|(key, of)| !key.is_empty() && !of.is_empty())?;
        let of = of.trim_start_matches('=');
        return Some(("matches nothing: a colon parts a tag from its value", format!("write `{key}:{of}`")));
    };
    if value.contains(';') {
        let of = value.split(';').next().unwrap_or_default();
        return Some((
            "matches nothing: a comma parts tags from each other",
            format!("write `{key}:{of},…`"),
        ));
    }
    if value.starts_with('$') {
        return Some((
            "names a variable of dashboards: here it matches nothing",
            "write the value itself".to_owned(),
        ));
    }
    let doubled = value.strip_prefix(key).and_then(|rest| rest.strip_prefix(':'));
    let of = doubled.filter(|of| !key.is_empty() && !of.is_empty())?;
    Some(("says its key twice", format!("write `{key}:{of}`")))
}
