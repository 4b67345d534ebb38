//! Thresholds: equal to the query's number, on the right side of each other, with a way back.

use crate::check::alert::{QUERY, Subject};
use crate::check::finding::Findings;
use crate::query::{Comparator, Comparison, Monitor, Threshold};

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
    let Some(thresholds) = subject.options().and_then(|options| options.get("thresholds")?.as_object())
    else {
        return;
    };
    let threshold = |name: &str| thresholds.get(name)?.as_f64();
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
