//! Alerts of objectives: rates that can be reached, windows that the service has, timeframes that are there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::threshold::comparison;
use crate::check::alert::{QUERY, Subject};
use crate::check::finding::{Findings, listed};
use crate::kind::Family;
use crate::query::{ChainAlert, Comparator, Monitor};

const HOUR: u64 = 3600;

fn chain<'a>(subject: &'a Subject<'_>) -> Option<&'a ChainAlert> {
    match subject.tree()? {
        Monitor::Chain(chain) if chain.slo_id().is_some() => Some(chain),
        _ => None,
    }
}

/// A burn rate: it has windows, an error budget has none.
fn burn_rate<'a>(subject: &'a Subject<'_>) -> Option<&'a ChainAlert> {
    chain(subject)
        .filter(|chain| chain.method("long_window").is_some() || chain.method("short_window").is_some())
}

/// The thresholds of the objective that an alert names.
fn thresholds(subject: &Subject<'_>, chain: &ChainAlert) -> Option<Vec<(String, Option<f64>)>> {
    let id = chain.slo_id()?;
    let (objective, _) = subject.estate.target(id.value, Family::Objective)?;
    let list = objective.body.get("thresholds")?;
    let one = |item: &Value| {
        Some((item.get("timeframe")?.as_str()?.to_owned(), item.get("target").and_then(Value::as_f64)))
    };
    Some(list.as_array()?.iter().filter_map(one).collect())
}

pub fn limit(subject: &Subject<'_>, found: &mut Findings) {
    let (Some(chain), Some((comparison, rate))) = (burn_rate(subject), comparison(subject)) else { return };
    let span = &comparison.threshold.span;
    if rate <= 0.0 {
        found.within(
            (QUERY, span),
            format!("A burn rate is above 0, and this one is `{rate}`"),
            "1 spends the budget exactly over the timeframe",
        );
        return;
    }
    let over = chain.word("over");
    let Some(thresholds) = thresholds(subject, chain) else { return };
    let target =
        thresholds.iter().find(|(timeframe, _)| over.as_ref().is_some_and(|over| over.value == *timeframe));
    let Some(target) = target.and_then(|(_, target)| *target).filter(|target| (0.0..100.0).contains(target))
    else {
        return;
    };
    let most = 100.0 / (100.0 - target);
    if rate > most * (1.0 + 1e-9) {
        let most = (most * 100.0).floor() / 100.0;
        let text = format!(
            "A burn rate of `{rate}` can't be reached: at a target of `{target}` all events failing burn at `{most}`"
        );
        found.within((QUERY, span), text, "the service refuses it: choose a lower rate, or a higher target");
    }
}

pub fn windows(subject: &Subject<'_>, found: &mut Findings) {
    let Some(chain) = burn_rate(subject) else { return };
    let (long, short) = (chain.window("long_window"), chain.window("short_window"));
    if let Some(long) = &long
        && !(HOUR..=48 * HOUR).contains(&long.value.seconds)
    {
        found.within(
            (QUERY, &long.span),
            "The long window of a burn rate has 1 to 48 hours",
            "write one such as `\"1h\"` or `\"24h\"`",
        );
    }
    if let (Some(long), Some(short)) = (&long, &short)
        && short.value.seconds >= long.value.seconds
    {
        let text = "The short window must be shorter than the long one";
        found.within((QUERY, &short.span), text, "Datadog advises a twelfth of the long window");
    }
}

/// OpenAPI, `CreateMonitor`.
const TIMEFRAMES: [&str; 3] = ["7d", "30d", "90d"];

/// An error budget is spent upwards: "`operator`: `>=` or `>`" (OpenAPI, `CreateMonitor`).
pub fn operator(subject: &Subject<'_>, found: &mut Findings) {
    let Some(comparison) = chain(subject).and_then(|chain| chain.comparison.as_ref()) else { return };
    let operator = &comparison.operator;
    if !matches!(operator.value, Comparator::Above | Comparator::AtLeast) {
        let text =
            format!("An alert of an SLO compares by `>` or `>=`, not by `{}`", operator.value.symbol());
        found.within((QUERY, &operator.span), text, "budgets and rates alert when they rise: write `>`");
    }
}

pub fn timeframe(subject: &Subject<'_>, found: &mut Findings) {
    let Some(chain) = chain(subject) else { return };
    let Some(over) = chain.word("over") else { return };
    if !TIMEFRAMES.contains(&over.value) {
        let text = format!(
            "An alert of an SLO is over 7, 30 or 90 days, not `{}`",
            crate::source::short(over.value)
        );
        found.within((QUERY, &over.span), text, "write `\"7d\"`, `\"30d\"` or `\"90d\"`");
        return;
    }
    let Some(thresholds) = thresholds(subject, chain) else { return };
    let known: BTreeSet<&str> = thresholds.iter().map(|(timeframe, _)| timeframe.as_str()).collect();
    if known.is_empty() || known.contains(over.value) || known.contains("custom") {
        return;
    }
    let text = format!("The SLO has no target over `{}`", over.value);
    found.within((QUERY, &over.span), text, format!("it has targets over {}", listed(&known)));
}
