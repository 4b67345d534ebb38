//! The table of rules: code, level, why the service minds, and the function that judges.

mod board;
mod burn_rate;
mod composite;
pub mod marks;
mod message;
mod metric;
mod objective;
mod options;
pub mod query;
mod recipient;
mod reference;
pub mod shape;
mod spelling;
mod tags;
mod threshold;
mod window;

use crate::config::RuleLevel::{self, Error, Off, Warn};

use crate::check::alert::Subject;
use crate::check::finding::Findings;

/// One rule.
pub struct Rule {
    /// A stable name in kebab case, with a section in `docs/diagnostics.md`.
    pub code: &'static str,
    /// Where `musher.yaml` says nothing.
    pub level: RuleLevel,
    /// Where it is known from; `docs/diagnostics.md` says so, too.
    #[cfg_attr(not(test), expect(dead_code, reason = "compared with the docs by a test"))]
    pub source: &'static str,
    /// In one line.
    pub about: &'static str,
    /// Looks at one resource. Absent: the parser of queries tells it.
    pub judge: Option<fn(&Subject<'_>, &mut Findings)>,
}

const OPENAPI: &str = "OpenAPI document";
const SEMANTICS: &str = "the recordings";
const PARSER: &str = "docs/queries.md";
const COMPOSITE: &str = "docs.datadoghq.com/monitors/types/composite";
const BURN_RATE: &str = "docs.datadoghq.com/service_management/service_level_objectives/burn_rate";
const NO_DATA: &str = "docs.datadoghq.com/monitors/guide/on_missing_data";
const THRESHOLDS: &str = "docs.datadoghq.com/monitors/guide/recovery-thresholds";
const NOTIFY: &str = "docs.datadoghq.com/monitors/notify";
const VARIABLES: &str = "docs.datadoghq.com/monitors/notify/variables";
const CLOUD: &str = "docs.datadoghq.com/integrations/guide/cloud-metric-delay";
const HOUSE: &str = "practice";

/// The rule that asks what inventories hold.
pub const NOT_IN_INVENTORY: &str = "not-in-inventory";

type Judge = fn(&Subject<'_>, &mut Findings);

const fn rule(
    code: &'static str,
    level: RuleLevel,
    source: &'static str,
    about: &'static str,
    judge: Judge,
) -> Rule {
    Rule { code, level, source, about, judge: Some(judge) }
}

const fn parsed(code: &'static str, level: RuleLevel, about: &'static str) -> Rule {
    Rule { code, level, source: PARSER, about, judge: None }
}

/// Every rule. Errors are what the service is known to refuse, or what can never work.
pub static RULES: &[Rule] = &[
    // What the parser of queries tells; see `query.rs`.
    parsed("query-syntax", Error, "a query can be read to its end"),
    parsed("query-too-long", Error, "a query is no longer than 256 KiB"),
    parsed("query-too-deep", Error, "brackets of a query nest at most 64 levels"),
    parsed("unknown-aggregation", Error, "an aggregation is one that exists"),
    parsed("unknown-function", Warn, "a function is one that exists"),
    parsed("unknown-source", Warn, "a query fits the type of its monitor"),
    parsed("unknown-monitor-type", Warn, "the type of a monitor is one that exists"),
    // Bodies.
    rule(
        "missing-field",
        Error,
        OPENAPI,
        "the fields that the service requires are there",
        options::required,
    ),
    rule(
        "option-range",
        Error,
        OPENAPI,
        "priority, timeout_h and their like are within their bounds",
        options::bounds,
    ),
    rule(
        "reference-kind",
        Error,
        OPENAPI,
        "a reference names the kind that belongs there, and its id",
        reference::kinds,
    ),
    rule("team-tags", Error, SEMANTICS, "dashboards bear `team:` tags only, five at most", tags::keys),
    rule(
        "rewritten-tag",
        Error,
        "terraform-provider-datadog, issues 961 and 3638",
        "a tag is spelled as the service keeps it",
        tags::spelling,
    ),
    // Alerts.
    rule(
        "threshold-mismatch",
        Error,
        "400 \"Alert threshold (X) does not match that used in the query (Y)\" (datadog-operator, issue 2106)",
        "thresholds.critical is the number of the query",
        threshold::mismatch,
    ),
    rule(
        "threshold-order",
        Error,
        THRESHOLDS,
        "warning and recovery thresholds are on the right side",
        threshold::order,
    ),
    rule("window-range", Error, OPENAPI, "the window is one that the type may have", window::range),
    rule(
        "no-data-conflict",
        Error,
        NO_DATA,
        "missing data is treated in one way only",
        options::missing_data,
    ),
    rule("notify-by", Error, OPENAPI, "`notify_by` names keys of the grouping", options::notify_by),
    rule("unknown-query-name", Error, OPENAPI, "a formula names queries that are there", query::names),
    rule("composite-size", Error, COMPOSITE, "a composite has at most ten members", composite::size),
    rule("composite-nested", Error, COMPOSITE, "no member of a composite is a composite", composite::nested),
    rule(
        "burn-rate-limit",
        Error,
        BURN_RATE,
        "a burn rate is above 0 and at most 1/(1 - target)",
        burn_rate::limit,
    ),
    rule(
        "burn-rate-window",
        Error,
        BURN_RATE,
        "the long window has 1 to 48 hours, the short one is shorter",
        burn_rate::windows,
    ),
    rule(
        "unknown-timeframe",
        Error,
        BURN_RATE,
        "an alert asks for a timeframe that its SLO has",
        burn_rate::timeframe,
    ),
    // Objectives.
    rule("target-range", Error, OPENAPI, "a target is above 0 and below 100", objective::target),
    rule("warning-target", Error, OPENAPI, "a warning is above its target", objective::warning),
    rule("no-target", Error, OPENAPI, "an SLO has a threshold", objective::thresholds),
    rule(
        "no-monitors",
        Error,
        "400 \"Invalid payload: must specify monitor_ids\" (recorded)",
        "a monitor SLO has monitors",
        objective::monitors,
    ),
    // Boards.
    rule("widget-type", Error, OPENAPI, "a widget has a definition with a type", board::widget_types),
    rule("template-variable", Error, SEMANTICS, "template variables are well formed", board::variables),
    // What hurts at three in the morning.
    rule(
        "misspelled-field",
        Warn,
        OPENAPI,
        "a field that is not known doesn't look like one that is",
        spelling::fields,
    ),
    rule(
        "message-variable",
        Warn,
        VARIABLES,
        "variables of a message belong to the scope or the grouping",
        message::variables,
    ),
    rule("no-recipient", Warn, NOTIFY, "somebody is told", recipient::none),
    rule("malformed-recipient", Warn, NOTIFY, "handles are well formed", recipient::malformed),
    rule("aws-delay", Warn, CLOUD, "CloudWatch metrics are late: the evaluation waits", metric::aws_delay),
    rule(
        "equal-bodies",
        Warn,
        "400 \"Duplicate of an existing monitor_id:N\"",
        "no two monitors say the same",
        shape::equal,
    ),
    rule("composite-groups", Warn, COMPOSITE, "members of a composite group alike", composite::groups),
    rule(
        "threshold-text",
        Warn,
        HOUSE,
        "the number in the message is that of a threshold",
        message::threshold,
    ),
    rule(
        "no-burn-alert",
        Warn,
        BURN_RATE,
        "somebody is told when an SLO's budget burns",
        objective::unwatched,
    ),
    // Off by default.
    rule(
        "no-recovery-threshold",
        Off,
        "docs.datadoghq.com/monitors/guide/recovery-thresholds; terraform-provider-datadog, issue 1401",
        "an alert recovers at another value than it fires at",
        threshold::no_recovery,
    ),
    rule(
        "sparse-no-data",
        Off,
        "docs.datadoghq.com/monitors/guide/monitoring-sparse-metrics",
        "counts that come seldom do not alert on missing data",
        metric::sparse,
    ),
    rule(
        "ratio-default-zero",
        Off,
        "docs.datadoghq.com/dashboards/functions/interpolation",
        "a ratio of counts survives a side without points",
        metric::ratio,
    ),
    rule("no-runbook", Off, HOUSE, "a message has a link", message::runbook),
    rule("required-tags", Off, HOUSE, "tags of the keys that you list are there", tags::required),
    rule(
        NOT_IN_INVENTORY,
        Off,
        HOUSE,
        "functions and services in queries are those of the inventories",
        metric::inventory,
    ),
];

/// The codes of all rules.
pub fn all_codes() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.code)
}

/// Where a rule stands in the table.
pub fn position(code: &str) -> Option<usize> {
    RULES.iter().position(|rule| rule.code == code)
}
