//! What a query needs before it fires: how long it looks back, and how it sums up what it sees.

use std::cmp::Ordering;

use serde_json::Value;

use super::code::risk;
use crate::kind::{Alarm, Kind};
use crate::model::Risk;
use crate::query::{self, ChainAlert, Comparator, Expr, Head, Metric, Monitor, Threshold, WindowForm};

/// A body's query and what it says, where it can be read.
pub fn query<'a>(kind: &Kind, body: &'a Value) -> Option<(&'a str, Monitor)> {
    let text = body.pointer(kind.paths(|field| field.query).next()?)?.as_str()?;
    let class = body.get("type").and_then(Value::as_str).unwrap_or("query alert");
    Some((text, query::monitor(class, text).tree?))
}

/// Which way an alert fires, and beyond which number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    pub fires_above: bool,
    pub number: f64,
}

/// `… >= 0.05`. A composite has none.
pub fn limit(query: &Monitor) -> Option<Limit> {
    let comparison = query.comparison()?;
    let fires_above = match comparison.operator.value {
        Comparator::Above | Comparator::AtLeast => true,
        Comparator::Below | Comparator::AtMost => false,
        Comparator::Equal | Comparator::NotEqual => return None,
    };
    match &comparison.threshold.value {
        Threshold::Number(number) => Some(Limit { fires_above, number: number.value }),
        Threshold::Dynamic => None,
    }
}

/// A window that makes it alert later, and aggregations that are harder to meet.
pub fn harder(kind: &Kind, live: &Value, wanted: &Value) -> Vec<Risk> {
    let (Some((_, before)), Some((_, after))) = (query(kind, live), query(kind, wanted)) else {
        return Vec::new();
    };
    let (Some(old), Some(new)) = (limit(&before), limit(&after)) else { return Vec::new() };
    // The comparison says more than everything else, and is told with the thresholds.
    if old.fires_above != new.fires_above {
        return Vec::new();
    }
    // Of an anomaly monitor a field of its own says how long.
    let by_field = kind.paths(|field| field.alarm == Alarm::Window).any(|at| wanted.pointer(at).is_some());
    let window = if by_field { None } else { window(&before, &after, old, new) };
    window.into_iter().chain(aggregations(&before, &after, old, new)).collect()
}

fn window(before: &Monitor, after: &Monitor, old: Limit, new: Limit) -> Option<Risk> {
    let (from, to) = (before.window()?.value, after.window()?.value);
    if from.form != WindowForm::Last || to.form != WindowForm::Last {
        return None;
    }
    let (name, same) = (aggregation(after)?, aggregation(before)?);
    if name != same {
        return None;
    }
    let longer = to.seconds.cmp(&from.seconds);
    let (from_text, to_text) = (spelled(from.seconds), spelled(to.seconds));
    let later = match (ease(&name)?, new.fires_above) {
        // Every value of the window counts: what is new weighs less in a longer one, or must last as long.
        (Ease::Mean, _) | (Ease::Least, true) | (Ease::Greatest, false) => longer == Ordering::Greater,
        (Ease::Least, false) | (Ease::Greatest, true) => longer == Ordering::Less,
        // A sum grows with its window: what counts is how much of it a second must bring.
        (Ease::Total, above) => {
            let rate = |limit: Limit, seconds: u64| limit.number / seconds as f64;
            let (before, after) = (rate(old, from.seconds), rate(new, to.seconds));
            longer != Ordering::Equal && if above { after > before } else { after < before }
        }
    };
    later.then(|| {
        let text = format!("It alerts later: the {name} is taken over {to_text} instead of {from_text}");
        risk("window-longer", text)
    })
}

/// `5m`, `1h`, `90s`.
fn spelled(seconds: u64) -> String {
    let units = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];
    let fits = units.into_iter().find(|(_, unit)| seconds.is_multiple_of(*unit) && seconds > 0);
    fits.map_or_else(|| "0s".to_owned(), |(name, unit)| format!("{}{name}", seconds / unit))
}

/// How an aggregation sums up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ease {
    Total,
    Greatest,
    Mean,
    Least,
}

fn ease(name: &str) -> Option<Ease> {
    match name {
        "sum" | "count" => Some(Ease::Total),
        "max" => Some(Ease::Greatest),
        "avg" | "median" => Some(Ease::Mean),
        "min" => Some(Ease::Least),
        _ => percentile(name).map(|_| Ease::Mean),
    }
}

/// `95` of `p95` and `pc95`.
fn percentile(name: &str) -> Option<f64> {
    let digits = name.strip_prefix("pc").or_else(|| name.strip_prefix('p'))?;
    digits.parse().ok()
}

/// How the values over time are summed up: `avg` of `avg(last_5m)`, `count` of `.rollup("count")`.
fn aggregation(query: &Monitor) -> Option<String> {
    match query {
        Monitor::Metric(alert) => {
            let call = &alert.time.value;
            if ease(&call.name.value).is_some() {
                return Some(call.name.value.clone());
            }
            // `change(avg(last_5m),last_1h)`.
            let Expr::Term(term) = &call.arguments.first()?.value.value else { return None };
            let Head::Call(inner) = &term.head.value else { return None };
            Some(inner.name.value.clone())
        }
        Monitor::Chain(alert) => rollup(alert),
        _ => None,
    }
}

fn rollup(alert: &ChainAlert) -> Option<String> {
    let word = alert.word("rollup")?.value.trim_matches(['"', '\'']).to_owned();
    // A number of different values grows with its window, though not evenly.
    Some(if word == "cardinality" { "count".to_owned() } else { word })
}

fn aggregations(before: &Monitor, after: &Monitor, old: Limit, new: Limit) -> Vec<Risk> {
    let mut found = Vec::new();
    let mut compare = |from: &str, to: &str, of: &str| {
        if is_harder(from, to, old, new) {
            let all = match to {
                "min" if new.fires_above => ": every value must be beyond the threshold",
                "max" if !new.fires_above => ": every value must be beyond the threshold",
                _ => "",
            };
            let text = format!("It is harder to meet: the {of} goes from {from} to {to}{all}");
            found.push(risk("aggregation-harder", text));
        }
    };
    if let (Some(from), Some(to)) = (aggregation(before), aggregation(after)) {
        compare(&from, &to, "aggregation over time");
    }
    if let (Some(from), Some(to)) = (only_metric(before), only_metric(after))
        && from.name == to.name
        && let (Some(from), Some(to)) = (&from.aggregation, &to.aggregation)
    {
        compare(&from.name.value, &to.name.value, "aggregation over sources");
    }
    found
}

/// Whether the value that is compared gets smaller where it fires above a number, or greater where it fires below.
fn is_harder(from: &str, to: &str, old: Limit, new: Limit) -> bool {
    if from == to {
        return false;
    }
    let (Some(a), Some(b)) = (ease(from), ease(to)) else { return false };
    let tightened = if new.fires_above { new.number < old.number } else { new.number > old.number };
    // A sum and a mean are of different size: with another number nobody knows which is met first.
    if (a == Ease::Total || b == Ease::Total) && (tightened || a == b) {
        return false;
    }
    let falls = match (percentile(from), percentile(to)) {
        (Some(from), Some(to)) => to < from,
        // A percentile may be more or less than a mean.
        _ if a == Ease::Mean && b == Ease::Mean => return false,
        _ => (b as u8) > (a as u8),
    };
    falls == new.fires_above
}

/// The metric of a query that consists of one: in `100 - avg:x{*}` less is more.
fn only_metric(query: &Monitor) -> Option<&Metric> {
    let mut expr = &query.expr()?.value;
    loop {
        let Expr::Term(term) = expr else { return None };
        match &term.head.value {
            Head::Metric(metric) => return Some(metric),
            Head::Call(call) => expr = &call.arguments.first()?.value.value,
            Head::Brackets(inside) => expr = &inside.value,
            _ => return None,
        }
    }
}
