//! Names that the service knows, as data, and what is said of those that it may not.

use std::collections::BTreeSet;
use std::ops::Range;

use super::fault::{Fault, MAX_FAULTS};
use super::lexical::shown;
use super::tree::{Aggregation, Call, Expr, Head, Spanned, Suffix};
use super::types::{MONITOR_TYPES, MonitorType, is_source};
use crate::diagnostic::{did_you_mean, known_words};

/// Space aggregations, `p95` and its like apart: Datadog's pages on metric queries and distributions, the exports, the
/// OpenAPI document's list for formulas. `median`, `distribution` and `uniq` are not proven.
pub const AGGREGATIONS: &[&str] = &[
    "avg",
    "sum",
    "min",
    "max",
    "count",
    "last",
    "histogram",
    "distribution",
    "stddev",
    "median",
    "uniq",
    "area",
    "l2norm",
];

/// Time aggregations of a metric monitor: the first six of the OpenAPI document (operation `CreateMonitor`), and
/// `percentile` of public monitors. The others are not proven; a name too many costs a warning, one too few a false one.
pub const TIME_AGGREGATIONS: &[&str] =
    &["avg", "sum", "min", "max", "change", "pct_change", "count", "last", "percentile", "stddev"];

/// Functions of metric queries and formulas: Datadog's function pages, the recordings and the exports. Some of the
/// arithmetic and of the aggregations of formulas are not proven: a name too many only costs a warning.
pub const FUNCTIONS: &[&str] = &[
    // Algorithms.
    "anomalies",
    "anomaly",
    "forecast",
    "outliers",
    // Arithmetic.
    "abs",
    "ceil",
    "cumsum",
    "exp",
    "floor",
    "integral",
    "log",
    "log10",
    "log2",
    "pow",
    "round",
    "sqrt",
    // Counting.
    "count_nonzero",
    "count_not_null",
    "cardinality",
    // Interpolation and exclusion.
    "default",
    "default_zero",
    "fill",
    "clamp_max",
    "clamp_min",
    "cutoff_max",
    "cutoff_min",
    "exclude_null",
    // Rates.
    "derivative",
    "derived",
    "diff",
    "dt",
    "monotonic_diff",
    "per_hour",
    "per_minute",
    "per_second",
    "rate",
    // Regression and smoothing; those with a number are in FAMILIES.
    "piecewise_constant",
    "robust_trend",
    "trend_line",
    "autosmooth",
    // Rollups and aggregation of formulas.
    "moving_rollup",
    "rollup",
    "reduce",
    "percentile",
    "avg",
    "sum",
    "min",
    "max",
    "count",
    "last",
    "mean",
    "median",
    "stddev",
    "weighted",
    "as_count",
    "as_rate",
    // Ranks.
    "top",
    "bottom",
    "top_offset",
    "bottom_offset",
    "limit",
    "sort",
    // Time shifts.
    "calendar_shift",
    "day_before",
    "hour_before",
    "month_before",
    "timeshift",
    "week_before",
    "avg_5min",
    "avg_10min",
    "avg_30min",
    "avg_hourly",
    "avg_daily",
    // Formulas of data jobs (the recordings).
    "failed_runs",
    "run_duration",
];

/// Functions with a number in their name: what stands before it, the numbers, what may stand behind it.
const FAMILIES: &[(&str, &[&str], &[&str])] = &[
    ("ewma_", &["1", "3", "5", "7", "10", "20"], &[""]),
    ("median_", &["3", "5", "7", "9"], &[""]),
    ("rollingavg_", &["5", "13", "21", "29"], &[""]),
    ("top", RANKS, RANKED_BY),
    ("bottom", RANKS, RANKED_BY),
];

const RANKS: &[&str] = &["5", "10", "15", "20", "25", "50", "100"];
const RANKED_BY: &[&str] = &["", "_mean", "_min", "_max", "_last", "_sum", "_area", "_l2norm", "_norm"];

/// Methods behind a metric query.
pub const METHODS: &[&str] =
    &["as_count", "as_rate", "fill", "rollup", "weighted", "avg", "sum", "min", "max"];

pub fn is_function(name: &str) -> bool {
    FUNCTIONS.contains(&name)
        || FAMILIES.iter().any(|(start, numbers, ends)| {
            name.strip_prefix(start).is_some_and(|behind| {
                numbers
                    .iter()
                    .any(|number| behind.strip_prefix(number).is_some_and(|end| ends.contains(&end)))
            })
        })
}

fn is_aggregation(name: &str) -> bool {
    AGGREGATIONS.contains(&name) || name.contains('$') || is_percentile(name)
}

/// `p95`, `pc99`.
pub fn is_percentile(name: &str) -> bool {
    let rank = name.strip_prefix("pc").or_else(|| name.strip_prefix(['p', 'P']));
    rank.is_some_and(|rank| rank.starts_with(|c: char| c.is_ascii_digit()) && rank.parse::<f64>().is_ok())
}

/// Faults of a finished tree, each name reported once.
#[derive(Debug, Default)]
pub struct Findings {
    pub warnings: Vec<Fault>,
    pub errors: Vec<Fault>,
    reported: BTreeSet<String>,
}

/// Longer names are not typos, and comparing them is expensive.
const LONGEST_NAME: usize = 40;

impl Findings {
    /// Looks for functions, methods and aggregations that aren't known.
    pub fn look_at(&mut self, expr: &Spanned<Expr>) {
        expr.value.each_term(&mut |term| {
            match &term.head.value {
                Head::Call(call) => {
                    self.function(&call.name);
                    self.arguments(call);
                }
                Head::Metric(metric) => self.aggregation(metric.aggregation.as_ref()),
                _ => {}
            }
            for suffix in &term.suffixes {
                if let Suffix::Method(call) = &suffix.value {
                    self.method(&call.name);
                    self.arguments_behind(call);
                }
            }
        });
    }

    /// The time aggregation of a metric monitor, and the one inside a change.
    pub fn time(&mut self, call: &Call) {
        if !TIME_AGGREGATIONS.contains(&call.name.value.as_str()) {
            self.mistyped("time aggregation", &call.name, TIME_AGGREGATIONS);
        }
        let Some(Expr::Term(first)) = call.arguments.first().map(|argument| &argument.value.value) else {
            return;
        };
        if let Head::Call(inner) = &first.head.value {
            self.time(inner);
        }
    }

    fn function(&mut self, name: &Spanned<String>) {
        if !is_function(&name.value) && !name.value.contains('$') {
            self.unknown("unknown-function", "function", name, FUNCTIONS);
        }
    }

    fn method(&mut self, name: &Spanned<String>) {
        if !METHODS.contains(&name.value.as_str()) && !is_function(&name.value) {
            self.unknown("unknown-function", "method", name, METHODS);
        }
    }

    fn aggregation(&mut self, aggregation: Option<&Aggregation>) {
        if let Some(Aggregation { name, .. }) = aggregation
            && !is_aggregation(&name.value)
        {
            self.mistyped("aggregation", name, AGGREGATIONS);
        }
    }

    /// An error where a known word was surely meant, else a warning: the service may have learnt a new one.
    fn mistyped(&mut self, what: &str, name: &Spanned<String>, known: &'static [&'static str]) {
        if !self.first(what, &name.value) {
            return;
        }
        let said = format!(
            "expected {} {what}: {}, …; found `{}`",
            article(what),
            known[..4].join(", "),
            shown(&name.value)
        );
        let fault = Fault::new("unknown-aggregation", name.span.clone(), said);
        match meant(&name.value, known) {
            Some(meant) => self.errors.push(fault.help(format!("did you mean `{meant}`?"))),
            None => self.warnings.push(fault.help("musher does not know it; it is passed as it is")),
        }
    }

    fn unknown(
        &mut self,
        code: &'static str,
        what: &str,
        name: &Spanned<String>,
        known: &'static [&'static str],
    ) {
        if self.first(what, &name.value) {
            let said = format!("`{}` is not {} {what} that musher knows", shown(&name.value), article(what));
            let fault = Fault::new(code, name.span.clone(), said);
            self.warnings.push(match meant(&name.value, known) {
                Some(meant) => fault.help(format!("did you mean `{meant}`?")),
                None => fault.help("it is passed as it is"),
            });
        }
    }

    /// What a chain begins with: `logs` of `logs("…")`.
    pub fn source(&mut self, name: &Spanned<String>, known: Option<&MonitorType>) {
        let said = match known {
            Some(known) if known.sources.contains(&name.value.as_str()) => return,
            None if is_source(&name.value) => return,
            Some(known) => {
                format!("`{}` is not a source of a monitor of type `{}`", shown(&name.value), known.name)
            }
            None => format!("`{}` is not a source that musher knows", shown(&name.value)),
        };
        let sources: Vec<&str> = match known {
            Some(known) => known.sources.to_vec(),
            None => MONITOR_TYPES.iter().flat_map(|known| known.sources).copied().collect(),
        };
        let fault = Fault::new("unknown-source", name.span.clone(), said);
        // Where one type alone has the source, the type is what is wrong.
        let mut types = MONITOR_TYPES.iter().filter(|known| known.sources.contains(&name.value.as_str()));
        if let (Some(of), None) = (types.next(), types.next()) {
            self.warnings.push(fault.help(format!("it belongs to the type `{}`", of.name)));
            return;
        }
        self.warnings.push(match name.value.len() <= LONGEST_NAME {
            true => fault.help(known_words(&name.value, sources)),
            false => fault,
        });
    }

    /// A query of another type's form: `avg(last_5m):…` in a log alert.
    pub fn form(&mut self, span: &Range<usize>, known: &MonitorType, form: &str) {
        let said = format!("this is {form}, but the monitor's type is `{}`", known.name);
        let fault =
            Fault::new("unknown-source", span.clone(), said).help("set the `type` that the query belongs to");
        match known.certain {
            true => self.errors.push(fault),
            false => self.warnings.push(fault),
        }
    }

    /// Whether a name was not reported yet, and may be.
    fn first(&mut self, what: &str, name: &str) -> bool {
        self.reported.len() < MAX_FAULTS && self.reported.insert(format!("{what} {name}"))
    }
}

fn article(what: &str) -> &'static str {
    if what.starts_with('a') { "an" } else { "a" }
}

fn meant<'a>(name: &str, known: &'a [&'a str]) -> Option<&'a str> {
    if name.len() > LONGEST_NAME { None } else { did_you_mean(name, known.iter().copied()) }
}
