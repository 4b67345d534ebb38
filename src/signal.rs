//! What a function tells of itself, the metrics that carry it, and which of it tiers ask for.

use indexmap::IndexMap;

/// One thing that somebody should have an eye on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    Errors,
    Throttles,
    Duration,
    Concurrency,
    IteratorAge,
    DeadLetters,
}

/// How metrics of Lambda begin: from CloudWatch, and from Datadog's extension (documentation, Serverless > AWS Lambda >
/// Metrics). The longer one stands first.
const PREFIXES: [&str; 2] = ["aws.lambda.enhanced.", "aws.lambda."];

/// What a function sends whenever it is called.
pub const CALLS: [&str; 2] = ["aws.lambda.enhanced.invocations", "aws.lambda.invocations"];

impl Signal {
    pub const ALL: [Self; 6] = [
        Self::Errors,
        Self::Throttles,
        Self::Duration,
        Self::Concurrency,
        Self::IteratorAge,
        Self::DeadLetters,
    ];

    /// What a tier needs that `musher.yaml` says nothing of.
    pub const USUAL: [Self; 3] = [Self::Errors, Self::Throttles, Self::Duration];

    pub fn name(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::Throttles => "throttles",
            Self::Duration => "duration",
            Self::Concurrency => "concurrency",
            Self::IteratorAge => "iterator_age",
            Self::DeadLetters => "dead_letters",
        }
    }

    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| signal.name() == name)
    }

    /// The metrics behind the prefix; each also with an aggregation behind it: `duration.maximum`.
    fn metrics(self) -> &'static [&'static str] {
        match self {
            Self::Errors => &["errors"],
            Self::Throttles => &["throttles"],
            Self::Duration => &["duration", "runtime_duration"],
            Self::Concurrency => &[
                "concurrent_executions",
                "provisioned_concurrent_executions",
                "provisioned_concurrency_utilization",
            ],
            Self::IteratorAge => &["iterator_age"],
            Self::DeadLetters => &["dead_letter_errors"],
        }
    }

    /// Whether a metric carries it.
    pub fn is_told_by(self, metric: &str) -> bool {
        let Some(own) = of_lambda(metric) else { return false };
        self.metrics()
            .iter()
            .any(|name| own.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    }
}

/// What tiers ask for, from `coverage:` of `musher.yaml`. Tiers are in lower case.
#[derive(Clone, Debug, Default)]
pub struct Demands {
    /// By tier: the least share, in percent, of what is required that must be covered.
    pub minimums: IndexMap<String, f64>,
    /// By tier: the signals that a function needs; the usual ones where it is absent.
    pub signals: IndexMap<String, Vec<Signal>>,
}

impl Demands {
    pub fn of(&self, tier: &str) -> &[Signal] {
        self.signals.get(tier).map_or(&Signal::USUAL, Vec::as_slice)
    }
}

/// A metric of Lambda without its prefix; `None` of others.
pub fn of_lambda(metric: &str) -> Option<&str> {
    PREFIXES.iter().find_map(|prefix| metric.strip_prefix(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_of_signals() {
        for (metric, expected) in [
            ("aws.lambda.errors", Some(Signal::Errors)),
            ("aws.lambda.enhanced.errors", Some(Signal::Errors)),
            ("aws.lambda.duration.maximum", Some(Signal::Duration)),
            ("aws.lambda.iterator_age", Some(Signal::IteratorAge)),
            ("aws.lambda.dead_letter_errors", Some(Signal::DeadLetters)),
            ("aws.lambda.concurrent_executions.maximum", Some(Signal::Concurrency)),
            ("aws.lambda.errors_of_mine", None),
            ("aws.lambda.invocations", None),
            ("app.aws.lambda.errors", None),
            ("errors", None),
        ] {
            assert_eq!(
                Signal::ALL.into_iter().find(|signal| signal.is_told_by(metric)),
                expected,
                "{metric}"
            );
        }
    }
}
