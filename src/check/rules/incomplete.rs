//! Queries of events, formulas and objectives that lack a part which the service asks for.

use crate::check::alert::{QUERY, Subject};
use crate::check::finding::Findings;
use crate::config::RuleLevel;
use crate::diagnostic::did_you_mean;
use crate::query::{Call, ChainAlert, ChainHead, Monitor, Spanned};

/// Sources of issues may leave the rollup out: it is `count` then (OpenAPI, `CreateMonitor`).
const ROLLUP_OPTIONAL: &str = "error-tracking";

/// Rollups that count by a measure or facet.
const MEASURED: [&str; 2] = ["avg", "cardinality"];

/// The others are not documented for all types; a name too many only costs a "did you mean".
const ROLLUPS: [&str; 8] = ["count", "avg", "cardinality", "sum", "min", "max", "median", "latest"];

pub fn query(subject: &Subject<'_>, found: &mut Findings) {
    let (Some(alert), Some(Monitor::Chain(chain))) = (&subject.alert, subject.tree()) else { return };
    let before = found.list.len();
    match &chain.head.value {
        ChainHead::Check(_) => {}
        ChainHead::Source(_) if chain.slo_id().is_some() => of_objective(chain, found),
        ChainHead::Source(call) => of_source(chain, call, found),
        ChainHead::Formula { .. } => window(chain, found),
    }
    // Types whose forms are not documented in full.
    if !alert.class.is_some_and(|class| class.certain) {
        found.list[before..].iter_mut().for_each(|finding| finding.level = RuleLevel::Warn);
    }
}

/// Where the methods end, and what is missing would stand.
fn end(chain: &ChainAlert) -> std::ops::Range<usize> {
    let end = chain.methods.last().map_or(chain.head.span.end, |method| method.span.end);
    end..end
}

fn window(chain: &ChainAlert, found: &mut Findings) {
    if chain.method("last").is_none() && chain.method("current").is_none() {
        let text = "The query lacks `.last(…)`: how far it looks back";
        found.within((QUERY, &end(chain)), text, "add `.last(\"5m\")` before the comparison");
    }
}

fn of_source(chain: &ChainAlert, source: &Call, found: &mut Findings) {
    match chain.method("rollup") {
        Some(rollup) => measure(rollup, found),
        None if source.name.value.starts_with(ROLLUP_OPTIONAL) => {}
        None => {
            let last =
                chain.method("last").map_or_else(|| end(chain), |last| last.span.start..last.span.start);
            let text = "The query lacks `.rollup(…)`: what it counts";
            found.within((QUERY, &last), text, "add `.rollup(\"count\")` before `.last(…)`");
        }
    }
    window(chain, found);
}

fn measure(rollup: &Spanned<Call>, found: &mut Findings) {
    let words = rollup.value.words();
    let Some(method) = words.first() else {
        let text = "`.rollup(…)` does not say how it counts";
        found.within((QUERY, &rollup.span), text, "write `.rollup(\"count\")`");
        return;
    };
    if MEASURED.contains(&method.value) && words.len() < 2 {
        let text = format!("`.rollup(\"{}\")` does not say of what", method.value);
        let help = format!("name a measure or facet: `.rollup(\"{}\", \"@duration\")`", method.value);
        found.within((QUERY, &rollup.span), text, help);
    }
    let is_known = ROLLUPS.contains(&method.value) || method.value.starts_with('p');
    if !is_known && let Some(meant) = did_you_mean(method.value, ROLLUPS) {
        let text = format!("`{}` is not a rollup that musher knows", crate::source::short(method.value));
        found.within((QUERY, &method.span), text, format!("did you mean `{meant}`?"));
    }
}

fn of_objective(chain: &ChainAlert, found: &mut Findings) {
    if chain.method("over").is_none() {
        let text = "The query lacks `.over(…)`: the timeframe of the SLO's target";
        found.within((QUERY, &(chain.head.span.end..chain.head.span.end)), text, "add `.over(\"30d\")`");
    }
    let ChainHead::Source(call) = &chain.head.value else { return };
    let has = |name: &str| chain.method(name).is_some();
    if call.name.value == "burn_rate" && has("long_window") != has("short_window") {
        let missing = if has("long_window") { "short_window" } else { "long_window" };
        let text = format!("A burn rate has two windows, and `.{missing}(…)` is missing");
        let help = "write `.long_window(\"1h\").short_window(\"5m\")`";
        found.within((QUERY, &end(chain)), text, help).level(RuleLevel::Warn);
    }
}
