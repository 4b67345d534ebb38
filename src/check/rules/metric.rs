//! Metrics that come late, seldom, or from nowhere.

use std::ops::Range;

use serde_json::Value;

use crate::check::alert::{QUERY, Subject};
use crate::check::finding::Findings;
use crate::diagnostic::did_you_mean;
use crate::model::slug;
use crate::query::{Call, Expr, Head, Metric, Operator, Spanned, Suffix, Tag};

/// Every metric of an alert: its query's and those of its variables.
pub fn metrics<'a>(subject: &'a Subject<'_>) -> Vec<(&'a str, Spanned<&'a Metric>)> {
    let Some(alert) = &subject.alert else { return Vec::new() };
    let own = alert.parsed.tree.as_ref().and_then(|tree| tree.expr());
    let mut found: Vec<(&str, Spanned<&Metric>)> =
        own.into_iter().flat_map(|expr| expr.value.metrics()).map(|metric| (QUERY, metric)).collect();
    for variable in &alert.variables {
        let metrics = variable.parsed.tree.iter().flat_map(|tree| tree.metrics());
        found.extend(metrics.map(|metric| (variable.pointer.as_str(), metric)));
    }
    found
}

/// Metrics below `aws.` that do not come from CloudWatch: pushed by Datadog's Lambda extension, and bills.
const NOT_LATE: [&str; 2] = ["aws.lambda.enhanced.", "aws.cost."];

/// CloudWatch is polled: its metrics come 10 to 15 minutes late.
pub fn aws_delay(subject: &Subject<'_>, found: &mut Findings) {
    const AT: &str = "/options/evaluation_delay";
    if subject.number(AT).is_some_and(|delay| delay > 0.0) {
        return;
    }
    let late = |name: &str| name.starts_with("aws.") && !NOT_LATE.iter().any(|start| name.starts_with(start));
    let all = metrics(subject);
    let Some((pointer, metric)) = all.iter().find(|(_, metric)| late(&metric.value.name.value)) else {
        return;
    };
    let text = format!(
        "`{}` comes from CloudWatch, minutes late: without `evaluation_delay` the newest points are missing",
        metric.value.name.value
    );
    found.within((pointer, &metric.value.name.span), text, "set `options.evaluation_delay: 900`");
}

/// Counts have points only where something happened.
pub fn sparse(subject: &Subject<'_>, found: &mut Findings) {
    let option = |name: &str| subject.options().and_then(|options| options.get(name));
    let notifies = option("notify_no_data").and_then(Value::as_bool) == Some(true);
    let shows = option("on_missing_data").and_then(Value::as_str) == Some("show_and_notify_no_data");
    let Some(expr) = subject.tree().and_then(|tree| tree.expr()).filter(|_| notifies || shows) else {
        return;
    };
    if let Some(call) = expr.value.functions().into_iter().find(|call| call.name.value == "as_count") {
        let at = if notifies { "/options/notify_no_data" } else { "/options/on_missing_data" };
        let text = "This alerts on missing data, and a count has none wherever nothing happens";
        found
            .within((QUERY, &call.name.span), text, "use `default_zero(…)`, or `on_missing_data: resolve`")
            .also("the option", at);
    }
}

/// Ratios of metrics one of whose sides may lack points.
pub fn ratio(subject: &Subject<'_>, found: &mut Findings) {
    if let Some(expr) = subject.tree().and_then(|tree| tree.expr()) {
        ratios(expr, found);
    }
}

fn ratios(expr: &Spanned<Expr>, found: &mut Findings) {
    match &expr.value {
        Expr::Chain { first, rest } => {
            let divided = rest.iter().any(|(operator, _)| operator.value == Operator::Divide);
            if divided && let Some(span) = bare_metric(first) {
                let text = "Without a point on this side there is no ratio, and no alert";
                found.within((QUERY, &span), text, "write `default_zero(…)` around it");
            }
            ratios(first, found);
            rest.iter().for_each(|(_, operand)| ratios(operand, found));
        }
        Expr::Signed { of, .. } => ratios(of, found),
        Expr::Term(term) => match &term.head.value {
            Head::Brackets(inside) => ratios(inside, found),
            Head::Call(Call { arguments, .. }) => {
                arguments.iter().for_each(|argument| ratios(&argument.value, found))
            }
            _ => {}
        },
    }
}

/// A metric that no function fills.
fn bare_metric(expr: &Spanned<Expr>) -> Option<Range<usize>> {
    let Expr::Term(term) = &expr.value else { return None };
    let filled = term
        .suffixes
        .iter()
        .any(|suffix| matches!(&suffix.value, Suffix::Method(call) if call.name.value == "fill"));
    match &term.head.value {
        Head::Metric(_) if !filled => Some(expr.span.clone()),
        Head::Brackets(inside) => bare_metric(inside),
        _ => None,
    }
}

/// Keys of tags whose values inventories hold.
const NAMED: [&str; 3] = ["service", "functionname", "function_name"];

pub fn inventory(subject: &Subject<'_>, found: &mut Findings) {
    let known = &subject.estate.inventory;
    if known.is_empty() {
        return;
    }
    for (pointer, metric) in metrics(subject) {
        let tags = metric.value.scope.iter().flat_map(|scope| scope.value.tags());
        for (tag, _) in tags.filter(|(_, wanted)| *wanted) {
            let Tag { key: Some(key), value } = &tag else { continue };
            let dynamic = value.value.contains(['*', '$', '?', '"', '\u{FDD0}']);
            if !NAMED.contains(&key.value.as_str()) || dynamic || known.contains(&slug(&value.value)) {
                continue;
            }
            let text = format!("`{}:{}` is in no inventory", key.value, value.value);
            let length = value.value.len();
            let near =
                known.iter().map(String::as_str).filter(|name| name.len().abs_diff(length) <= 1 + length / 4);
            let help = match did_you_mean(&value.value, near) {
                Some(meant) => format!("did you mean `{}:{meant}`?", key.value),
                None => {
                    "instances of `uses` are known by their keys, and by their `service:` tags".to_owned()
                }
            };
            found.within((pointer, &value.span), text, help);
        }
    }
}
