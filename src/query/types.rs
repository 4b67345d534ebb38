//! The types of monitors, and which grammar the query of each follows.

/// One type of monitor.
#[derive(Clone, Copy, Debug)]
pub struct MonitorType {
    pub name: &'static str,
    pub grammar: Grammar,
    /// What its query may begin with, where it is a chain of methods: `logs("…")`.
    pub sources: &'static [&'static str],
    /// Its forms are documented in full: what can't be read is an error. Otherwise it is a warning.
    pub certain: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// `avg(last_5m):avg:system.load.1{*} > 4`, or a formula.
    Metric,
    /// A source in brackets, methods, a comparison.
    Chain,
    /// A check in quotes, methods, no comparison.
    Check,
    Composite,
    /// Not read: the service makes it itself.
    Opaque,
}

const fn chain(name: &'static str, sources: &'static [&'static str]) -> MonitorType {
    MonitorType { name, grammar: Grammar::Chain, sources, certain: true }
}

const fn uncertain(name: &'static str, sources: &'static [&'static str]) -> MonitorType {
    MonitorType { name, grammar: Grammar::Chain, sources, certain: false }
}

const fn other(name: &'static str, grammar: Grammar) -> MonitorType {
    MonitorType { name, grammar, sources: &["formula"], certain: true }
}

/// The enumeration `MonitorType` and the query forms of the operation `CreateMonitor` in the OpenAPI document; the
/// recordings for `error-tracking-rum`, `data-jobs alert`, `data-quality alert` and `llm-observability alert`, of
/// which the document shows no query. `audit`, `spans`, `network`, `error-tracking-traces` and `error-tracking-logs` are
/// not proven; a source too many only costs a warning.
pub const MONITOR_TYPES: &[MonitorType] = &[
    other("metric alert", Grammar::Metric),
    other("query alert", Grammar::Metric),
    other("composite", Grammar::Composite),
    other("service check", Grammar::Check),
    other("synthetics alert", Grammar::Opaque),
    chain("log alert", &["logs", "formula"]),
    chain("rum alert", &["rum", "formula"]),
    // The old events language: sources, priorities and statuses in one text.
    chain("event alert", &["events"]),
    chain("event-v2 alert", &["events", "formula"]),
    chain("audit alert", &["audits", "audit", "formula"]),
    chain("trace-analytics alert", &["trace-analytics", "spans", "formula"]),
    chain("ci-pipelines alert", &["ci-pipelines", "formula"]),
    chain("ci-tests alert", &["ci-tests", "formula"]),
    chain(
        "error-tracking alert",
        &["error-tracking", "error-tracking-rum", "error-tracking-traces", "error-tracking-logs", "formula"],
    ),
    chain("process alert", &["processes"]),
    chain("slo alert", &["error_budget", "burn_rate"]),
    chain("cost alert", &["formula"]),
    chain("database-monitoring alert", &["database-monitoring", "formula"]),
    chain("network-performance alert", &["network-performance", "network", "formula"]),
    uncertain("network-path alert", &["network-path", "formula"]),
    uncertain("data-quality alert", &["formula"]),
    uncertain("data-jobs alert", &["formula"]),
    uncertain("llm-observability alert", &["llm-observability", "formula"]),
];

pub fn monitor_type(name: &str) -> Option<&'static MonitorType> {
    MONITOR_TYPES.iter().find(|known| known.name == name)
}

/// Whether some type's query begins so.
pub fn is_source(name: &str) -> bool {
    MONITOR_TYPES.iter().any(|known| known.sources.contains(&name))
}
