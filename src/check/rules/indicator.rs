//! What an objective measures: queries that are complete and count, monitors that can be measured.

use serde_json::{Map, Value};

use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::config::RuleLevel;
use crate::kind::Family;
use crate::query::{self, Expr, Grammar, Head, Metrics, Suffix};

const COUNT: &str = "/sli_specification/count";
const SLICE: &str = "/sli_specification/time_slice";

/// Objectives of this type count events.
fn counts(subject: &Subject<'_>) -> bool {
    subject.is(Family::Objective) && subject.text("/type") == Some("metric")
}

fn object<'a>(subject: &Subject<'a>, at: &str) -> Option<&'a Map<String, Value>> {
    subject.find(at)?.as_object()
}

fn lacks(map: &Map<String, Value>, name: &str) -> bool {
    map.get(name).is_none_or(Value::is_null)
}

/// What each type is refused without (recorded: `must specify the query for count types`; OpenAPI).
pub fn complete(subject: &Subject<'_>, found: &mut Findings) {
    if !subject.is(Family::Objective) {
        return;
    }
    let (query, count) = (object(subject, "/query"), object(subject, COUNT));
    if counts(subject) && query.is_none() && count.is_none() {
        let text = "An SLO of this type counts events, and has no query";
        found.add("/query", text, "write `query: {numerator: …, denominator: …}`").follows(COUNT);
    }
    if let Some(query) = query.filter(|_| counts(subject)) {
        for name in ["numerator", "denominator"].into_iter().filter(|name| lacks(query, name)) {
            let text = format!("The query has no `{name}`");
            found.add(
                &format!("/query/{name}"),
                text,
                "`numerator` counts the good events, `denominator` all of them",
            );
        }
    }
    if let Some(count) = count {
        of_count(count, found);
    }
    if subject.text("/type") == Some("time_slice") {
        match object(subject, SLICE) {
            None => {
                let text = "An SLO of this type measures slices of time, and does not say how";
                let help =
                    "write `sli_specification: {time_slice: {query: …, comparator: \">\", threshold: …}}`";
                found.add("/sli_specification", text, help).follows(SLICE);
            }
            Some(slice) => {
                for name in ["query", "comparator", "threshold"].into_iter().filter(|name| lacks(slice, name))
                {
                    found.add(
                        &format!("{SLICE}/{name}"),
                        format!("`time_slice` has no `{name}`"),
                        "add it: a slice is good where the query compares so",
                    );
                }
                of_slice(slice, found);
            }
        }
    }
}

/// A query of slices has formulas and the queries that they name (OpenAPI, `SLOTimeSliceQuery`).
fn of_slice(slice: &Map<String, Value>, found: &mut Findings) {
    let Some(query) = slice.get("query").and_then(Value::as_object) else { return };
    let at = format!("{SLICE}/query");
    for name in
        ["formulas", "queries"].into_iter().filter(|name| !query.get(*name).is_some_and(Value::is_array))
    {
        let help = "write `{formulas: [{formula: query1}], queries: [{name: query1, …}]}`";
        found.add(&format!("{at}/{name}"), format!("The query of `time_slice` has no list `{name}`"), help);
    }
    let formulas = query.get("formulas").and_then(Value::as_array).into_iter().flatten();
    for (index, formula) in formulas.enumerate() {
        if formula.get("formula").and_then(Value::as_str).is_none() {
            let text = "A formula of `time_slice` has no `formula`";
            found.add(&format!("{at}/formulas/{index}/formula"), text, "write `{formula: query1}`");
        }
    }
}

fn of_count(count: &Map<String, Value>, found: &mut Findings) {
    if lacks(count, "good_events_formula") {
        found.add(
            &format!("{COUNT}/good_events_formula"),
            "`count` has no `good_events_formula`",
            "write `good_events_formula: {formula: query1}`",
        );
    }
    match (lacks(count, "total_events_formula"), lacks(count, "bad_events_formula")) {
        (true, true) => {
            let text = "`count` has neither `bad_events_formula` nor `total_events_formula`";
            found.add(COUNT, text, "add one of them").follows(COUNT);
        }
        (false, false) => {
            let text = "`bad_events_formula` and `total_events_formula` exclude each other";
            found.add(&format!("{COUNT}/total_events_formula"), text, "take one of them out");
        }
        _ => {}
    }
    for name in ["good_events_formula", "total_events_formula", "bad_events_formula"] {
        let formula = count.get(name).filter(|formula| !formula.is_null());
        if formula.is_some_and(|formula| formula.get("formula").and_then(Value::as_str).is_none()) {
            let text = format!("`{name}` has no `formula`");
            found.add(&format!("{COUNT}/{name}/formula"), text, "write `{formula: query1}`");
        }
    }
    if count.get("queries").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        found.add(
            &format!("{COUNT}/queries"),
            "`count` has no `queries`",
            "add those that the formulas name",
        );
    }
}

/// Aggregations that count nothing: "Datadog only allows the sum by aggregator" (OpenAPI).
const NOT_SUMS: [&str; 3] = ["avg", "min", "max"];

pub fn as_count(subject: &Subject<'_>, found: &mut Findings) {
    if !counts(subject) {
        return;
    }
    for (pointer, count) in &subject.counts {
        if let Some(tree) = &count.parsed.tree {
            of_query(pointer, count.text, tree, found);
        }
    }
}

fn of_query(pointer: &str, text: &str, tree: &Metrics, found: &mut Findings) {
    for item in &tree.items {
        item.value.each_term(&mut |term| {
            let Head::Metric(metric) = &term.head.value else { return };
            let span =
                term.head.span.start..term.suffixes.last().map_or(term.head.span.end, |last| last.span.end);
            let aggregation =
                metric.aggregation.as_ref().map_or("", |aggregation| aggregation.name.value.as_str());
            if NOT_SUMS.contains(&aggregation) {
                let said = format!("An SLO of this type sums events up, and this is their `{aggregation}`");
                let at = metric.name.span.clone();
                found.within((pointer, &(term.head.span.start..at.end)), said, "write `sum:`");
                return;
            }
            let is_count =
                |suffix: &Suffix| matches!(suffix, Suffix::Method(call) if call.name.value == "as_count");
            if term.suffixes.iter().any(|suffix| is_count(&suffix.value)) {
                return;
            }
            let said = "Both sides of this SLO count events, and this one is not a count";
            let finding = found.within((pointer, &span), said, "add `.as_count()`");
            // Distributions are counted by `count:`, and a method around brackets was never seen: it may be taken.
            if aggregation == "count" || text.contains("as_count") && !is_plain(&item.value) {
                finding.level(RuleLevel::Warn);
            }
        });
    }
}

/// Whether nothing stands around the metrics of a query but operators.
fn is_plain(expr: &Expr) -> bool {
    match expr {
        Expr::Term(term) => matches!(term.head.value, Head::Metric(_) | Head::Number(_)),
        Expr::Signed { of, .. } => is_plain(&of.value),
        Expr::Chain { first, rest } => {
            is_plain(&first.value) && rest.iter().all(|(_, operand)| is_plain(&operand.value))
        }
    }
}

/// Monitors of metrics, service checks and synthetic tests (docs.datadoghq.com/service_level_objectives/monitor).
const MEASURABLE: [Grammar; 3] = [Grammar::Metric, Grammar::Check, Grammar::Opaque];

/// The most groups (OpenAPI).
const MOST_GROUPS: usize = 100;

pub fn members(subject: &Subject<'_>, found: &mut Findings) {
    const AT: &str = "/monitor_ids";
    let measures =
        subject.kind.quirks.measuring.is_some_and(|measuring| subject.text("/type") == Some(measuring));
    if !subject.is(Family::Objective) || !measures {
        return;
    }
    let members: Vec<_> = subject.items(AT).collect();
    for (pointer, member) in &members {
        let id = member.as_str().map_or_else(|| member.to_string(), str::to_owned);
        let Some((target, _)) = subject.estate.target(&id, Family::Alert) else { continue };
        let class = target.body.get("type");
        let Some(class) = class.as_ref().and_then(Value::as_str).and_then(query::monitor_type) else {
            continue;
        };
        if !MEASURABLE.contains(&class.grammar) {
            let text = format!("`{}` is of type `{}`, which no SLO can measure", target.address, class.name);
            found.add(pointer, text, "it measures monitors of metrics, service checks and synthetic tests");
        }
    }
    let groups = subject.items("/groups").count();
    if groups > 0 && members.len() > 1 {
        let text = format!("`groups` narrows a single monitor, and there are {}", members.len());
        found
            .add("/groups", text, "take `groups` out, or make an SLO for each monitor")
            .also("the monitors", AT);
    }
    if groups > MOST_GROUPS {
        let text = format!("There are {groups} groups, and the service takes {MOST_GROUPS}");
        found.add("/groups", text, "narrow the monitor's query instead");
    }
}
