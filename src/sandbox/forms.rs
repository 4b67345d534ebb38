//! Which forms the service takes in fields of monitors, SLOs and dashboards: OpenAPI (v1), and what people report. A null
//! passes everywhere.

use serde_json::{Map, Value};

/// What a field's value may be.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    Flag,
    Number,
    Whole,
    /// Written as a text at times: an export of Datadog's own integrations holds `"0"`.
    WholeOrText,
    Text,
    /// A text that says something.
    Filled,
    Texts,
    Mapping,
    List,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of such words.
    Words(&'static [&'static str]),
    /// One of these numbers.
    OneOf(&'static [f64]),
    /// From one to the other.
    Between(f64, f64),
    /// There, wherever what is around it is.
    Needed,
    /// There in objects of these types, or of these sources of data.
    NeededIn(&'static [&'static str]),
}

use Form::{
    Between, Filled, Flag, List, Mapping, Needed, NeededIn, Number, OneOf, Text, Texts, Whole, WholeOrText,
    Word, Words,
};

pub const MONITOR: &[(&str, Form)] = &[
    ("/message", Text),
    ("/priority", Whole),
    ("/restricted_roles", Texts),
    ("/draft_status", Word(&["draft", "published"])),
    ("/assets", List),
    ("/assets/*", Mapping),
    ("/assets/*/category", Needed),
    ("/assets/*/category", Text),
    ("/assets/*/name", Needed),
    ("/assets/*/name", Text),
    ("/assets/*/resource_type", Word(&["notebook"])),
    ("/assets/*/url", Needed),
    ("/assets/*/url", Text),
    ("/options", Mapping),
    ("/options/enable_logs_sample", Flag),
    ("/options/enable_samples", Flag),
    ("/options/escalation_message", Text),
    ("/options/evaluation_delay", Whole),
    ("/options/group_retention_duration", Text),
    ("/options/groupby_simple_monitor", Flag),
    ("/options/include_tags", Flag),
    ("/options/locked", Flag),
    ("/options/min_failure_duration", Whole),
    ("/options/min_location_failed", Whole),
    ("/options/new_group_delay", Whole),
    ("/options/new_host_delay", Whole),
    ("/options/no_data_timeframe", Whole),
    (
        "/options/notification_preset_name",
        Word(&[
            "show_all",
            "hide_query",
            "hide_handles",
            "hide_all",
            "hide_query_and_handles",
            "show_only_snapshot",
            "hide_handles_and_footer",
        ]),
    ),
    ("/options/notify_audit", Flag),
    ("/options/notify_by", Texts),
    ("/options/notify_no_data", Flag),
    ("/options/on_missing_data", Word(&["default", "show_no_data", "show_and_notify_no_data", "resolve"])),
    ("/options/renotify_interval", WholeOrText),
    ("/options/renotify_occurrences", Whole),
    ("/options/renotify_statuses", Words(&["alert", "warn", "no data"])),
    ("/options/require_full_window", Flag),
    ("/options/scheduling_options", Mapping),
    ("/options/silenced", Mapping),
    ("/options/silenced/*", Whole),
    ("/options/threshold_windows", Mapping),
    ("/options/threshold_windows/recovery_window", Text),
    ("/options/threshold_windows/trigger_window", Text),
    ("/options/thresholds", Mapping),
    ("/options/timeout_h", Whole),
    ("/options/variables", List),
    ("/options/variables/*", Mapping),
    (
        "/options/variables/*/compute",
        NeededIn(&[
            "rum",
            "ci_pipelines",
            "ci_tests",
            "audit",
            "events",
            "logs",
            "spans",
            "database_queries",
            "network",
            "network_path",
        ]),
    ),
];

/// Refused in words of their own.
pub const THRESHOLDS: &[(&str, Form)] = &[
    ("/options/thresholds/critical", Number),
    ("/options/thresholds/critical_recovery", Number),
    ("/options/thresholds/ok", Number),
    ("/options/thresholds/unknown", Number),
    ("/options/thresholds/warning", Number),
    ("/options/thresholds/warning_recovery", Number),
];

const TIMEFRAMES: &[&str] = &["7d", "30d", "90d", "custom"];

pub const SLO: &[(&str, Form)] = &[
    ("/description", Text),
    ("/groups", Texts),
    ("/query", Mapping),
    ("/query/numerator", Text),
    ("/query/denominator", Text),
    ("/sli_specification", Mapping),
    ("/sli_specification/time_slice/comparator", Needed),
    ("/sli_specification/time_slice/comparator", Word(&[">", ">=", "<", "<="])),
    ("/sli_specification/time_slice/query", Needed),
    ("/sli_specification/time_slice/query/formulas", Needed),
    ("/sli_specification/time_slice/query/formulas/*/formula", Needed),
    ("/sli_specification/time_slice/query/queries", Needed),
    ("/sli_specification/time_slice/query/queries/*/data_source", Needed),
    ("/sli_specification/time_slice/query/queries/*/name", Needed),
    ("/sli_specification/time_slice/query/queries/*/query", Needed),
    ("/sli_specification/time_slice/query_interval_seconds", OneOf(&[60.0, 300.0])),
    ("/sli_specification/time_slice/threshold", Needed),
    ("/sli_specification/time_slice/threshold", Number),
    ("/target_threshold", Number),
    ("/timeframe", Word(TIMEFRAMES)),
    ("/thresholds/*/timeframe", Word(TIMEFRAMES)),
    ("/thresholds/*/target", Number),
    ("/thresholds/*/warning", Number),
    ("/warning_threshold", Number),
];

pub const DASHBOARD: &[(&str, Form)] = &[
    ("/default_timeframe", Mapping),
    ("/default_timeframe/type", Word(&["fixed", "live"])),
    ("/description", Text),
    ("/notify_list", Texts),
    ("/reflow_type", Word(&["auto", "fixed"])),
    ("/restricted_roles", Texts),
    ("/tabs", List),
    ("/tabs/*", Mapping),
    ("/tabs/*/id", Text),
    ("/tabs/*/name", Text),
    ("/tabs/*/widget_ids", List),
    ("/tags", Texts),
    ("/template_variable_presets", List),
    ("/template_variables", List),
    ("/template_variables/*", Mapping),
    ("/template_variables/*/available_values", Texts),
    ("/template_variables/*/default", Text),
    ("/template_variables/*/defaults", Texts),
    ("/template_variables/*/name", Text),
    ("/template_variables/*/prefix", Text),
    ("/widgets/*", Mapping),
    ("/widgets/*/id", Whole),
    ("/widgets/*/definition", Mapping),
    ("/widgets/*/definition/title", Text),
    ("/widgets/*/definition/type", Text),
    ("/widgets/*/layout", Mapping),
];

pub const COMPUTED_METRIC: &[(&str, Form)] = &[
    ("/compute", Mapping),
    ("/compute/aggregation_type", Needed),
    ("/compute/aggregation_type", Word(&["count", "distribution"])),
    ("/compute/include_percentiles", Flag),
    ("/compute/path", Text),
    ("/filter", Mapping),
    ("/filter/query", Text),
    ("/group_by", List),
    ("/group_by/*", Mapping),
    ("/group_by/*/path", Needed),
    ("/group_by/*/path", Text),
    ("/group_by/*/tag_name", Text),
];

/// The name of the first field that has another form.
pub fn first_wrong<'t>(
    sent: &Map<String, Value>,
    table: impl IntoIterator<Item = &'t (&'static str, Form)>,
) -> Option<&'static str> {
    let is_wrong = |(path, form): &&(&'static str, Form)| match form {
        Needed | NeededIn(_) => lacks(sent, path, *form),
        _ => !at(sent, path).iter().all(|value| fits(value, *form)),
    };
    table.into_iter().find(is_wrong).map(|(path, _)| {
        let mut names = path.rsplit('/').filter(|name| *name != "*");
        names.next().unwrap_or_default()
    })
}

/// Whether an object that needs a field is without it.
fn lacks(sent: &Map<String, Value>, path: &str, form: Form) -> bool {
    let Some((around, name)) = path.rsplit_once('/') else { return false };
    let is_of = |object: &Map<String, Value>| match form {
        NeededIn(types) => {
            let class = object.get("type").or_else(|| object.get("data_source"));
            class.and_then(Value::as_str).is_some_and(|class| types.contains(&class))
        }
        _ => true,
    };
    let is_without = |object: &Map<String, Value>| object.get(name).is_none_or(Value::is_null);
    if around.is_empty() {
        return is_of(sent) && is_without(sent);
    }
    at(sent, around)
        .into_iter()
        .filter_map(Value::as_object)
        .any(|object| is_of(object) && is_without(object))
}

/// The values at a path; there are none where something of another form stands on the way.
fn at<'v>(sent: &'v Map<String, Value>, path: &str) -> Vec<&'v Value> {
    let mut steps = path.split('/').skip(1);
    let mut found: Vec<&Value> = steps.next().and_then(|name| sent.get(name)).into_iter().collect();
    for step in steps {
        found = match step {
            "*" => found.into_iter().flat_map(members).collect(),
            name => found.into_iter().filter_map(|value| value.get(name)).collect(),
        };
    }
    found
}

/// The items of a list, the values of a mapping.
fn members(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    }
}

fn fits(value: &Value, form: Form) -> bool {
    let each = |test: &dyn Fn(&Value) -> bool| value.as_array().is_some_and(|items| items.iter().all(test));
    let is_whole = |value: &Value| value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let is_word = |value: &Value, words: &[&str]| value.as_str().is_some_and(|text| words.contains(&text));
    value.is_null()
        || match form {
            Flag => value.is_boolean(),
            Number => value.is_number(),
            Whole => is_whole(value),
            WholeOrText => is_whole(value) || value.as_str().is_some_and(|text| text.parse::<u32>().is_ok()),
            Text => value.is_string(),
            Filled => value.as_str().is_some_and(|text| !text.is_empty()),
            Texts => each(&Value::is_string),
            Mapping => value.is_object(),
            List => value.is_array(),
            Word(words) => is_word(value, words),
            Words(words) => each(&|item| is_word(item, words)),
            OneOf(numbers) => value.as_f64().is_some_and(|number| numbers.contains(&number)),
            Between(low, high) => value.as_f64().is_some_and(|number| (low..=high).contains(&number)),
            // Judged from around it.
            Needed | NeededIn(_) => true,
        }
}
