//! Thresholds: equal to the query's number, on the right side of each other, with a way back.

use serde_json::{Map, Value};

use crate::check::alert::{QUERY, Subject};
use crate::check::finding::Findings;
use crate::config::RuleLevel;
use crate::pointer::member;
use crate::query::{ChainHead, Comparator, Comparison, Grammar, Monitor, Threshold};

const CRITICAL: &str = "/options/thresholds/critical";

/// The number of the query, and how values are compared with it.
pub fn comparison<'a>(subject: &'a Subject<'_>) -> Option<(&'a Comparison, f64)> {
    let comparison = subject.tree()?.comparison()?;
    match &comparison.threshold.value {
        Threshold::Number(number) => Some((comparison, number.value)),
        Threshold::Dynamic => None,
    }
}

/// Equal but for the last digits that arithmetic leaves.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

pub fn mismatch(subject: &Subject<'_>, found: &mut Findings) {
    let Some((comparison, number)) = comparison(subject) else { return };
    let Some(critical) = subject.number(CRITICAL).filter(|critical| !same(*critical, number)) else { return };
    let text = format!("The query compares with `{number}`, and `thresholds.critical` is `{critical}`");
    found
        .within(
            (QUERY, &comparison.threshold.span),
            text,
            "write the same number in both places, or give it a parameter",
        )
        .also("the threshold", CRITICAL);
}

/// Each threshold that must not lie beyond another one.
const ORDER: [(&str, &str, &str); 3] = [
    ("warning", "critical", "a warning comes before the alert"),
    ("critical_recovery", "critical", "an alert recovers on the good side of where it fires"),
    ("warning_recovery", "warning", "a warning recovers on the good side of where it fires"),
];

pub fn order(subject: &Subject<'_>, found: &mut Findings) {
    let Some((comparison, number)) = comparison(subject) else { return };
    let above = match comparison.operator.value {
        Comparator::Above | Comparator::AtLeast => true,
        Comparator::Below | Comparator::AtMost => false,
        Comparator::Equal | Comparator::NotEqual => return,
    };
    let Some(thresholds) = subject.options().and_then(|options| member(options, "thresholds")?.as_object())
    else {
        return;
    };
    let threshold = |name: &str| member(thresholds, name)?.as_f64();
    for (name, other, why) in ORDER {
        let of_query = (other == "critical").then_some(number);
        let Some(bound) = threshold(other).or(of_query) else { continue };
        let Some(own) = threshold(name) else { continue };
        if own != bound && (own > bound) == above && !same(own, bound) {
            let (is, must) = if above { ("above", "below") } else { ("below", "above") };
            let text = format!("`{name}` is `{own}`, {is} `{other}` `{bound}`: {why}");
            let sign = comparison.operator.value.symbol();
            let at = format!("/options/thresholds/{name}");
            found.add(&at, text, format!("the query fires at `{sign}`: put `{name}` {must} `{other}`"));
        }
    }
}

fn thresholds<'a>(subject: &Subject<'a>) -> Option<&'a Map<String, Value>> {
    member(subject.options()?, "thresholds")?.as_object()
}

fn stands(thresholds: &Map<String, Value>, name: &str) -> bool {
    member(thresholds, name).is_some_and(|value| !value.is_null())
}

/// Thresholds that mean something beside `critical` alone, and whether the refusal is known.
const BESIDE: [(&str, bool); 3] =
    [("warning", true), ("critical_recovery", false), ("warning_recovery", false)];

/// Without any thresholds the service takes the query's number (recorded); with one it asks for `critical`.
pub fn critical(subject: &Subject<'_>, found: &mut Findings) {
    let (Some(thresholds), Some(alert)) = (thresholds(subject), &subject.alert) else { return };
    if stands(thresholds, "critical") || stands(thresholds, "critical_query") {
        return;
    }
    let Some((name, refused)) = BESIDE.into_iter().find(|(name, _)| stands(thresholds, name)) else { return };
    let compares = subject.tree().is_some_and(|tree| tree.comparison().is_some());
    let is_check = alert.class.is_some_and(|class| class.grammar == Grammar::Check);
    if !compares && !is_check {
        return;
    }
    let text = format!("`thresholds` has `{name}` and no `critical`");
    let help = match comparison(subject) {
        Some((_, number)) => format!("add `critical: {number}`, the number of the query"),
        None => "add `critical:`".to_owned(),
    };
    let finding = found.add("/options/thresholds", text, help);
    finding.follows("/options/thresholds/critical");
    if !refused || !compares {
        finding.level(RuleLevel::Warn);
    }
}

/// Types of which the refusal of recovery thresholds is known: `Invalid threshold statuses found: critical_recovery.`
/// (terraform-provider-datadog, issue 1401 and pull request 210).
const NO_RECOVERY: [&str; 2] = ["log alert", "event-v2 alert"];

/// Monitors of events recover as soon as they no longer fire.
pub fn recovery(subject: &Subject<'_>, found: &mut Findings) {
    let (Some(thresholds), Some(alert), Some(Monitor::Chain(chain))) =
        (thresholds(subject), &subject.alert, subject.tree())
    else {
        return;
    };
    let Some(class) = alert.class.filter(|class| class.grammar == Grammar::Chain) else { return };
    let of_events = class.certain && chain.slo_id().is_none() && class.sources != ["formula"];
    for name in ["critical_recovery", "warning_recovery"] {
        if of_events && stands(thresholds, name) {
            let text = format!("A monitor of type `{}` has no `{name}`", class.name);
            let at = format!("/options/thresholds/{name}");
            let finding = found.add(&at, text, "take it out: it recovers as soon as it no longer fires");
            if !NO_RECOVERY.contains(&class.name) {
                finding.level(RuleLevel::Warn);
            }
        }
    }
}

/// A threshold that is a query itself: the word `threshold`, the query, and a formula that it belongs to.
pub fn dynamic(subject: &Subject<'_>, found: &mut Findings) {
    let Some(comparison) = subject.tree().and_then(Monitor::comparison) else { return };
    let is_dynamic = comparison.threshold.value == Threshold::Dynamic;
    let query = thresholds(subject).filter(|thresholds| stands(thresholds, "critical_query"));
    let span = &comparison.threshold.span;
    const AT: &str = "/options/thresholds/critical_query";
    match query {
        None if is_dynamic => {
            let text = "The query compares with `threshold`, and there is no `thresholds.critical_query`";
            found.within((QUERY, span), text, "add the query that gives the threshold, or write a number");
        }
        None => {}
        Some(_) if !is_dynamic => {
            let text = "`thresholds.critical_query` is there, and the query compares with a number";
            found
                .within((QUERY, span), text, "write the word `threshold` in its place")
                .also("the other one", AT);
        }
        Some(thresholds) => {
            if let Some(name) = ["critical", "warning"].into_iter().find(|name| stands(thresholds, name)) {
                let text = format!("`critical_query` and the number `{name}` exclude each other");
                found
                    .add(AT, text, format!("take `{name}` out"))
                    .also("the number", format!("/options/thresholds/{name}"));
            }
            let is_formula = matches!(subject.tree(), Some(Monitor::Chain(chain)) if matches!(chain.head.value, ChainHead::Formula { .. }));
            if !is_formula {
                let text = "Only a formula over `options.variables` has a threshold that is a query";
                found.add(AT, text, "write the query as `formula(\"query1\").last(\"5m\") > threshold`");
            }
        }
    }
}

/// Of metrics alone: in monitors of events the service refuses these thresholds (`Invalid threshold statuses found:
/// critical_recovery.`, terraform-provider-datadog, issue 1401), and a burn rate has a short window for it.
pub fn no_recovery(subject: &Subject<'_>, found: &mut Findings) {
    let of_metrics = matches!(subject.tree(), Some(Monitor::Metric(_)));
    if !of_metrics
        || comparison(subject).is_none()
        || subject.number("/options/thresholds/critical_recovery").is_some()
    {
        return;
    }
    let text =
        format!("`{}` recovers at the value that it fires at, and flaps around it", subject.resource.address);
    found.add("/options/thresholds", text, "add `critical_recovery`, some way on the good side");
}
