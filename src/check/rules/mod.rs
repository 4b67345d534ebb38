//! The table of rules: code, level, and the function that judges. Where each is known from, `docs/diagnostics.md` says.

mod block;
mod board;
mod burn_rate;
mod calendar;
mod composite;
pub mod crowd;
mod discarded;
mod fields;
mod form;
pub mod marks;
mod incomplete;
mod indicator;
mod message;
mod metric;
mod objective;
mod options;
pub mod query;
mod policy;
mod recipient;
mod recurrence;
mod reference;
mod routing;
mod schedule;
mod scope;
mod secret;
mod service_check;
pub mod shape;
mod size;
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
    /// In one line.
    pub about: &'static str,
    /// Looks at one resource. Absent: the parser of queries tells it.
    pub judge: Option<fn(&Subject<'_>, &mut Findings)>,
}

/// The rule that asks what inventories hold.
pub const NOT_IN_INVENTORY: &str = "not-in-inventory";

/// The rule that no secret stands in a file: what it points at is not shown.
pub const LITERAL_SECRET: &str = "literal-secret";

type Judge = fn(&Subject<'_>, &mut Findings);

const fn rule(code: &'static str, level: RuleLevel, about: &'static str, judge: Judge) -> Rule {
    Rule { code, level, about, judge: Some(judge) }
}

const fn parsed(code: &'static str, level: RuleLevel, about: &'static str) -> Rule {
    Rule { code, level, about, judge: None }
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
    rule("missing-field", Error, "the fields that the service requires are there", options::required),
    rule("field-type", Error, "a field has a value of its type", fields::types),
    rule("unknown-word", Error, "a word is one that its field takes", fields::words),
    rule("kept-elsewhere", Error, "what is declared is kept with the object", fields::elsewhere),
    rule(
        "option-range",
        Error,
        "priority, timeout_h and their like are within their bounds",
        options::bounds,
    ),
    rule(LITERAL_SECRET, Error, "no secret stands in a file", secret::literal),
    rule("secret-in-name", Error, "no secret stands in a name", secret::in_name),
    rule("field-conflict", Error, "fields fit each other, as the kind asks for", options::conflicts),
    rule("field-form", Error, "a field has the form that the service takes", form::fits),
    rule(
        "reference-kind",
        Error,
        "a reference names the kind that belongs there, and its id",
        reference::kinds,
    ),
    rule("field-size", Error, "texts and lists are as long as the service takes", size::sizes),
    rule("one-of", Error, "of fields that exclude each other there is one", size::one_of),
    rule("team-tags", Error, "dashboards bear `team:` tags only, five at most", tags::keys),
    rule("rewritten-tag", Error, "a tag is spelled as the service keeps it", tags::spelling),
    // Alerts.
    rule("threshold-mismatch", Error, "thresholds.critical is the number of the query", threshold::mismatch),
    rule("threshold-order", Error, "warning and recovery thresholds are on the right side", threshold::order),
    rule("window-range", Error, "the window is one that the type may have", window::range),
    rule("window-syntax", Error, "a window is a number and a unit: `last_5m`", window::syntax),
    rule("incomplete-query", Error, "a query has the parts that its type asks for", incomplete::query),
    rule("check-grouping", Error, "a service check groups", service_check::grouping),
    rule(
        "check-count",
        Error,
        "a service check looks at enough results, and not at too many",
        service_check::count,
    ),
    rule("no-critical", Error, "no threshold stands without `critical`", threshold::critical),
    rule("recovery-threshold", Error, "monitors of events have no recovery thresholds", threshold::recovery),
    rule("dynamic-threshold", Error, "a threshold that is a query is one alone", threshold::dynamic),
    rule("new-group-delay", Error, "`new_group_delay` stands beside a grouping", options::new_group_delay),
    rule("custom-schedule", Error, "a custom schedule says what missing data means", schedule::custom),
    rule(
        "evaluation-window",
        Error,
        "an evaluation window begins by the hour, or by the day",
        schedule::evaluation_window,
    ),
    rule(
        "renotify-options",
        Error,
        "options of reminders stand beside `renotify_interval`",
        options::renotify,
    ),
    rule("made-elsewhere", Error, "a monitor is one that this API makes", options::made_elsewhere),
    rule("no-data-conflict", Error, "missing data is treated in one way only", options::missing_data),
    rule("notify-by", Error, "`notify_by` names keys of the grouping", options::notify_by),
    rule("unknown-query-name", Error, "a formula names queries that are there", query::names),
    rule("composite-size", Error, "a composite has at most ten members", composite::size),
    rule("composite-nested", Error, "no member of a composite is a composite", composite::nested),
    rule("burn-rate-limit", Error, "a burn rate is above 0 and at most 1/(1 - target)", burn_rate::limit),
    rule(
        "burn-rate-window",
        Error,
        "the long window has 1 to 48 hours, the short one is shorter",
        burn_rate::windows,
    ),
    rule("unknown-timeframe", Error, "an alert asks for a timeframe that its SLO has", burn_rate::timeframe),
    rule("slo-operator", Error, "an alert of an SLO compares by `>` or `>=`", burn_rate::operator),
    // Objectives.
    rule("target-range", Error, "a target is above 0 and below 100", objective::target),
    rule("warning-target", Error, "a warning is above its target", objective::warning),
    rule("no-target", Error, "an SLO has a threshold", objective::thresholds),
    rule("no-monitors", Error, "a monitor SLO has monitors", objective::monitors),
    rule("slo-query", Error, "an SLO says what it measures, in full", indicator::complete),
    rule("slo-count", Error, "a metric SLO sums and counts", indicator::as_count),
    rule("slo-members", Error, "an SLO measures monitors that can be measured", indicator::members),
    // Times, and who is told.
    rule(
        "recurrence-rule",
        Error,
        "an RRULE is one, and says no more than the service takes",
        calendar::rules,
    ),
    rule("time-zone", Error, "a time zone is one that exists", calendar::zones),
    rule(
        "time-format",
        Error,
        "times and lengths of time are written as the service reads them",
        calendar::formats,
    ),
    rule("time-order", Error, "nothing ends before it starts", calendar::order),
    rule("downtime-scope", Error, "a scope of a downtime has a key", calendar::scope),
    rule("routing-recipient", Error, "recipients of a notification rule have no `@`", routing::at_signs),
    // Boards.
    rule("widget-type", Error, "a widget has a definition with a type", board::widget_types),
    rule("widget-field", Error, "fields of widgets are those that the service takes", board::widget_fields),
    rule("template-variable", Error, "template variables are well formed", board::variables),
    rule("widget-layout", Error, "widgets have a place where the layout asks for it", board::layouts),
    // What hurts at three in the morning.
    rule(
        "misspelled-field",
        Warn,
        "a field that is not known doesn't look like one that is",
        spelling::fields,
    ),
    rule("retired-field", Warn, "a field is one that the service still takes", fields::retired),
    rule("read-only-field", Warn, "a field is not one that the service sets", fields::read_only),
    rule(
        "message-variable",
        Warn,
        "variables of a message belong to the scope or the grouping",
        message::variables,
    ),
    rule("message-block", Warn, "blocks of a message are closed by their names", block::closed),
    rule(
        "unreachable-recipient",
        Warn,
        "no recipient stands in a block that can't fire alone",
        block::unreachable,
    ),
    rule("scope-tag", Warn, "a tag of a scope is one that can match", scope::tags),
    rule("metric-name", Warn, "the name of a metric has no gaps", scope::names),
    rule(
        "group-retention",
        Warn,
        "only monitors of events keep their groups for a while",
        options::retention,
    ),
    rule("no-recipient", Warn, "somebody is notified", recipient::none),
    rule("malformed-recipient", Warn, "handles are well formed", recipient::malformed),
    rule(
        "double-paging",
        Warn,
        "nobody is told twice, by a message and by a notification rule",
        routing::twice,
    ),
    rule("discarded-logs", Warn, "no alert reads what an index throws away", discarded::read),
    rule("log-monitors", Warn, "an account has at most a thousand log monitors", crowd::count),
    rule("log-groups", Warn, "a log monitor looks at all functions that it groups by", crowd::groups),
    rule("policy-broken", Warn, "what is declared follows the policies that are declared", policy::broken),
    rule("aws-delay", Warn, "CloudWatch metrics are late: the evaluation waits", metric::aws_delay),
    rule("equal-bodies", Warn, "no two monitors say the same", shape::equal),
    rule("composite-groups", Warn, "members of a composite group alike", composite::groups),
    rule("threshold-text", Warn, "the number in the message is that of a threshold", message::threshold),
    rule("no-burn-alert", Warn, "an alert watches the budget of each SLO", objective::unwatched),
    // Off by default.
    rule(
        "no-recovery-threshold",
        Off,
        "an alert recovers at another value than it fires at",
        threshold::no_recovery,
    ),
    rule(
        "outside-recipient",
        Off,
        "recipients stand in conditions where recoveries are notified",
        block::outside,
    ),
    rule("equal-names", Off, "no two monitors bear one name", shape::names),
    rule("equal-queries", Off, "no two monitors watch one query at several thresholds", shape::queries),
    rule("sparse-no-data", Off, "counts that come seldom do not alert on missing data", metric::sparse),
    rule("ratio-default-zero", Off, "a ratio of counts survives a side without points", metric::ratio),
    rule("no-runbook", Off, "a message has a link", message::runbook),
    rule("required-tags", Off, "tags of the keys that you list are there", tags::required),
    rule(
        NOT_IN_INVENTORY,
        Off,
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
