//! Fields of bodies with their types and one line of explanation each: what an editor completes.
//!
//! Names, types, bounds and known values: the OpenAPI document of the v1 API. Where the recordings show
//! that the service takes more, the table allows more. What is not listed is allowed.

/// One field that a person may write.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// A path into the body in which `*` is any item of a list: `/thresholds/*/target`.
    pub at: &'static str,
    pub sort: Sort,
    pub doc: &'static str,
}

/// The type of a field's value. Null and a `${…}` are allowed everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sort {
    Any,
    Boolean,
    /// With its bounds.
    Number(Option<i32>, Option<i32>),
    Integer(Option<i32>, Option<i32>),
    /// With the values that are known: suggestions, as Datadog adds others.
    Text(&'static [&'static str]),
    Texts(&'static [&'static str]),
    Integers,
    Object,
    /// A list; its items are objects if there are fields below `/*`.
    List,
    /// As the field at this path: a nested list of the same sort.
    Same(&'static str),
}

const fn of(at: &'static str, sort: Sort, doc: &'static str) -> Field {
    Field { at, sort, doc }
}

const fn text(at: &'static str, doc: &'static str) -> Field {
    of(at, Sort::Text(&[]), doc)
}

const fn words(at: &'static str, known: &'static [&'static str], doc: &'static str) -> Field {
    of(at, Sort::Text(known), doc)
}

const fn texts(at: &'static str, doc: &'static str) -> Field {
    of(at, Sort::Texts(&[]), doc)
}

const fn boolean(at: &'static str, doc: &'static str) -> Field {
    of(at, Sort::Boolean, doc)
}

const fn number(at: &'static str, doc: &'static str) -> Field {
    of(at, Sort::Number(None, None), doc)
}

/// A whole number of something: not negative.
const fn count(at: &'static str, doc: &'static str) -> Field {
    of(at, Sort::Integer(Some(0), None), doc)
}

const fn within(at: &'static str, min: i32, max: i32, doc: &'static str) -> Field {
    of(at, Sort::Integer(Some(min), Some(max)), doc)
}

const fn object(at: &'static str, doc: &'static str) -> Field {
    of(at, Sort::Object, doc)
}

const fn list(at: &'static str, doc: &'static str) -> Field {
    of(at, Sort::List, doc)
}

/// Known types of monitors.
const MONITOR_TYPES: &[&str] = &[
    "audit alert",
    "ci-pipelines alert",
    "ci-tests alert",
    "composite",
    "cost alert",
    "data-jobs alert",
    "data-quality alert",
    "database-monitoring alert",
    "error-tracking alert",
    "event alert",
    "event-v2 alert",
    "llm-observability alert",
    "log alert",
    "metric alert",
    "network-path alert",
    "network-performance alert",
    "process alert",
    "query alert",
    "rum alert",
    "service check",
    "slo alert",
    "synthetics alert",
    "trace-analytics alert",
];

const DATA_SOURCES: &[&str] = &[
    "audit",
    "ci_pipelines",
    "ci_tests",
    "cloud_cost",
    "data_quality_metrics",
    "database_queries",
    "datadog_usage",
    "events",
    "logs",
    "metrics",
    "network",
    "network_path",
    "rum",
    "spans",
];

/// Of monitors, sorted.
pub const MONITOR: &[Field] = &[
    list("/assets", "Links for whoever handles the alert, such as runbooks"),
    words("/assets/*/category", &["runbook"], "What the link is"),
    text("/assets/*/name", "The link's text"),
    text("/assets/*/resource_key", "Id of the Datadog object that the link leads to"),
    words("/assets/*/resource_type", &["notebook"], "Sort of Datadog object that the link leads to"),
    text("/assets/*/url", "A whole URL, or a path in Datadog's web application"),
    words("/draft_status", &["draft", "published"], "A draft notifies nobody"),
    text("/message", "What is sent when the state changes; `@handle` notifies, `{{#is_alert}}` branches"),
    text("/name", "The title, `{{host.name}}` and the like allowed"),
    object("/options", "How it evaluates and notifies"),
    boolean("/options/enable_logs_sample", "Log monitors: send a sample of the logs along"),
    boolean("/options/enable_samples", "CI monitors: send a sample of the events along"),
    text("/options/escalation_message", "What a repeated notification says instead of the message"),
    count("/options/evaluation_delay", "Seconds that evaluation lags behind; AWS metrics need 900"),
    text("/options/group_retention_duration", "How long a group without data is kept: `1h` to `72h`"),
    boolean(
        "/options/groupby_simple_monitor",
        "Log monitors: one alert for all groups; `notify_by` replaces it",
    ),
    boolean("/options/include_tags", "Put the tags of the group that triggers into the title (default true)"),
    boolean("/options/locked", "Only creator and admins may edit; `restricted_roles` replaces it"),
    within("/options/min_failure_duration", 0, 7200, "Synthetics: seconds of failure before an alert"),
    of(
        "/options/min_location_failed",
        Sort::Integer(Some(1), None),
        "Synthetics: locations that must fail at once",
    ),
    count("/options/new_group_delay", "Seconds for which a new group is not evaluated"),
    count(
        "/options/new_host_delay",
        "Seconds for which a new host is not evaluated; `new_group_delay` replaces it",
    ),
    count("/options/no_data_timeframe", "Minutes without data before `notify_no_data` notifies"),
    words(
        "/options/notification_preset_name",
        &[
            "hide_all",
            "hide_handles",
            "hide_handles_and_footer",
            "hide_query",
            "hide_query_and_handles",
            "show_all",
            "show_only_snapshot",
        ],
        "What a notification shows beside the message (default show_all)",
    ),
    boolean("/options/notify_audit", "Notify the recipients of changes to the monitor itself"),
    texts(
        "/options/notify_by",
        "Groups that notify by themselves, a part of those of the query; `*` means one alert",
    ),
    boolean("/options/notify_no_data", "Notify when data stops; `on_missing_data` replaces it"),
    words(
        "/options/on_missing_data",
        &["default", "resolve", "show_and_notify_no_data", "show_no_data"],
        "What a group without data does; not with `notify_no_data` or `no_data_timeframe`",
    ),
    count("/options/renotify_interval", "Minutes after which an alert that lasts notifies again"),
    count("/options/renotify_occurrences", "How many times it notifies again"),
    of(
        "/options/renotify_statuses",
        Sort::Texts(&["alert", "no data", "warn"]),
        "States that notify again (default: alert and no data)",
    ),
    boolean(
        "/options/require_full_window",
        "Evaluate only when the window is full of data; false for sparse metrics",
    ),
    object("/options/scheduling_options", "When it evaluates"),
    object("/options/scheduling_options/custom_schedule", "Evaluation at times of one's own"),
    list("/options/scheduling_options/custom_schedule/recurrences", "The times"),
    text(
        "/options/scheduling_options/custom_schedule/recurrences/*/rrule",
        "A rule: `FREQ=DAILY;INTERVAL=1`",
    ),
    text(
        "/options/scheduling_options/custom_schedule/recurrences/*/start",
        "The first time: `2025-01-31T08:00:00`",
    ),
    text("/options/scheduling_options/custom_schedule/recurrences/*/timezone", "`Europe/Berlin`"),
    object("/options/scheduling_options/evaluation_window", "A window that begins by the calendar"),
    text(
        "/options/scheduling_options/evaluation_window/day_starts",
        "Time of the day at which it begins: `04:00`",
    ),
    within(
        "/options/scheduling_options/evaluation_window/hour_starts",
        0,
        59,
        "Minute of the hour at which it begins; not with the others",
    ),
    within(
        "/options/scheduling_options/evaluation_window/month_starts",
        1,
        1,
        "Day of the month at which it begins; with `day_starts`",
    ),
    text("/options/scheduling_options/evaluation_window/timezone", "`Europe/Berlin`"),
    object("/options/silenced", "Mutes of the old kind by group; left to the UI unless declared"),
    text("/options/synthetics_check_id", "The synthetic test that it belongs to"),
    object("/options/threshold_windows", "Windows of anomaly monitors"),
    text("/options/threshold_windows/recovery_window", "How long it must be normal to recover: `last_15m`"),
    text("/options/threshold_windows/trigger_window", "How long it must be anomalous to alert: `last_15m`"),
    object("/options/thresholds", "Values at which the state changes; `critical` is the query's number"),
    number("/options/thresholds/critical", "Alert; the number in the query"),
    text("/options/thresholds/critical_query", "A query as the threshold of an alert"),
    number("/options/thresholds/critical_recovery", "Where an alert ends, on the good side of `critical`"),
    text("/options/thresholds/critical_recovery_query", "A query as the threshold of a recovery"),
    number("/options/thresholds/ok", "Service checks: OKs in a row that recover"),
    number("/options/thresholds/unknown", "Service checks: UNKNOWNs in a row that count"),
    number("/options/thresholds/warning", "Warn, on the good side of `critical`"),
    number("/options/thresholds/warning_recovery", "Where a warning ends, on the good side of `warning`"),
    within("/options/timeout_h", 0, 24, "Hours without data after which an alert resolves by itself"),
    list("/options/variables", "Queries that `formula(…)` in the query names"),
    of("/options/variables/*/compute", Sort::Any, "What is computed of the events"),
    words("/options/variables/*/data_source", DATA_SOURCES, "Where the data is"),
    list("/options/variables/*/group_by", "What the events are grouped by"),
    texts("/options/variables/*/indexes", "Indexes that are searched"),
    text("/options/variables/*/name", "The name in the formula"),
    text("/options/variables/*/query", "A metric query"),
    object("/options/variables/*/search", "Which events count"),
    text("/options/variables/*/search/query", "A search, as in the explorer"),
    // 0 is how some tools write "none"; the service takes it.
    within("/priority", 0, 5, "Severity, from 1 (highest) to 5"),
    text("/query", "What is watched, up to and with the threshold"),
    texts("/restricted_roles", "Ids of the roles that may edit it; left to the UI unless declared"),
    texts("/tags", "`key:value`, of the monitor itself"),
    words("/type", MONITOR_TYPES, "What sort of query it has; can't be changed in place"),
];

/// Of SLOs, sorted.
pub const SLO: &[Field] = &[
    text("/description", "What is promised, for people"),
    texts("/groups", "Monitor SLOs of one monitor: its groups that count, at most 100"),
    of("/monitor_ids", Sort::Integers, "Monitor SLOs: the monitors, as `\"${monitors.ID.id}\"`"),
    text("/name", "The title"),
    object("/query", "Metric SLOs: good and total events"),
    text("/query/denominator", "All valid events: `sum:…{…}.as_count()`"),
    text("/query/numerator", "Good events: `sum:…{…}.as_count()`"),
    object("/sli_specification", "The indicator in full; for metric SLOs in the place of `query`"),
    object("/sli_specification/count", "Metric SLOs: formulas over queries"),
    object("/sli_specification/count/bad_events_formula", "Bad events, in the place of the total"),
    text("/sli_specification/count/bad_events_formula/formula", "Over the names of the queries"),
    object("/sli_specification/count/good_events_formula", "Good events"),
    text("/sli_specification/count/good_events_formula/formula", "Over the names of the queries"),
    list("/sli_specification/count/queries", "What the formulas name"),
    words("/sli_specification/count/queries/*/data_source", &["metrics"], "Where the data is"),
    text("/sli_specification/count/queries/*/name", "The name in the formulas"),
    text("/sli_specification/count/queries/*/query", "A metric query"),
    object("/sli_specification/count/total_events_formula", "All events, in the place of the bad ones"),
    text("/sli_specification/count/total_events_formula/formula", "Over the names of the queries"),
    object("/sli_specification/time_slice", "Time slice SLOs: the condition of a good slice"),
    words(
        "/sli_specification/time_slice/comparator",
        &["<", "<=", ">", ">="],
        "A slice is good if the value is …",
    ),
    object("/sli_specification/time_slice/query", "The value"),
    list("/sli_specification/time_slice/query/formulas", "Exactly one"),
    text("/sli_specification/time_slice/query/formulas/*/formula", "Over the names of the queries"),
    list("/sli_specification/time_slice/query/queries", "What the formula names"),
    words("/sli_specification/time_slice/query/queries/*/data_source", &["metrics"], "Where the data is"),
    text("/sli_specification/time_slice/query/queries/*/name", "The name in the formula"),
    text("/sli_specification/time_slice/query/queries/*/query", "A metric query"),
    within(
        "/sli_specification/time_slice/query_interval_seconds",
        60,
        300,
        "Length of a slice: 60 or 300 (default)",
    ),
    number("/sli_specification/time_slice/threshold", "… than this"),
    texts("/tags", "`key:value`, of the SLO itself"),
    of(
        "/target_threshold",
        Sort::Number(Some(0), Some(100)),
        "The first threshold's target, if not set there",
    ),
    list("/thresholds", "A target for each timeframe"),
    of("/thresholds/*/target", Sort::Number(Some(0), Some(100)), "Percent that must be good"),
    words("/thresholds/*/timeframe", &["30d", "7d", "90d"], "The rolling window"),
    of("/thresholds/*/warning", Sort::Number(Some(0), Some(100)), "Percent that warns, above `target`"),
    words("/timeframe", &["30d", "7d", "90d"], "The window that lists show"),
    words("/type", &["metric", "monitor", "time_slice"], "What it counts; can't be changed in place"),
    of(
        "/warning_threshold",
        Sort::Number(Some(0), Some(100)),
        "The first threshold's warning, if not set there",
    ),
];

const WIDGET_TYPES: &[&str] = &[
    "alert_graph",
    "alert_value",
    "bar_chart",
    "change",
    "check_status",
    "cohort",
    "distribution",
    "event_stream",
    "event_timeline",
    "free_text",
    "funnel",
    "geomap",
    "group",
    "heatmap",
    "hostmap",
    "iframe",
    "image",
    "list_stream",
    "log_stream",
    "manage_status",
    "note",
    "point_plot",
    "powerpack",
    "query_table",
    "query_value",
    "retention_curve",
    "run_workflow",
    "sankey",
    "scatterplot",
    "servicemap",
    "slo",
    "slo_list",
    "split_group",
    "sunburst",
    "timeseries",
    "toplist",
    "topology_map",
    "trace_service",
    "treemap",
    "wildcard",
];

/// Of dashboards, sorted. Of widgets only what many types share: the rest is as the UI exports it.
pub const DASHBOARD: &[Field] = &[
    object("/default_timeframe", "The time that it opens with"),
    words(
        "/default_timeframe/type",
        &["fixed", "live"],
        "`live` with `value` and `unit`, `fixed` with `from` and `to`",
    ),
    text("/description", "What it is for; Markdown"),
    boolean("/is_read_only", "Old; restriction policies replace it"),
    words("/layout_type", &["free", "ordered"], "Can't be changed in place"),
    texts("/notify_list", "Handles that are told of changes to it"),
    words("/reflow_type", &["auto", "fixed"], "Ordered ones: with `fixed` every widget needs a `layout`"),
    texts("/restricted_roles", "Ids of the roles that may edit it; left to the UI unless declared"),
    list("/tabs", "Tabs, at most 100"),
    text("/tabs/*/id", "A UUID"),
    text("/tabs/*/name", "At most 100 characters"),
    list("/tabs/*/widget_ids", "Its widgets: ids, or `\"@1\"` for the first of the list"),
    texts("/tags", "`team:…`, at most five"),
    list("/template_variable_presets", "Saved views of the variables"),
    text("/template_variable_presets/*/name", "The view's name"),
    list("/template_variable_presets/*/template_variables", "The variables and their values"),
    text("/template_variable_presets/*/template_variables/*/name", "The variable's name"),
    texts("/template_variable_presets/*/template_variables/*/values", "Its values, at least one"),
    list("/template_variables", "Variables, `$name` in queries"),
    texts("/template_variables/*/available_values", "Values that may be chosen; absent: all"),
    text("/template_variables/*/default", "Old; `defaults` replaces it"),
    texts("/template_variables/*/defaults", "Values at the begin, joined by OR; at least one"),
    text("/template_variables/*/name", "The name, without `$`"),
    text("/template_variables/*/prefix", "The tag's key that it chooses values of"),
    words("/template_variables/*/type", &["group"], "`group` stands in groupings in the place of filters"),
    text("/title", "The title"),
    list("/widgets", "What it shows, in order"),
    object("/widgets/*/definition", "The widget, as the UI exports it"),
    of("/widgets/*/definition/alert_id", Sort::Any, "The monitor: `\"${monitors.ID.id}\"`"),
    text("/widgets/*/definition/content", "Text of a note; Markdown"),
    list("/widgets/*/definition/custom_links", "Links in the menu of the graph"),
    of("/widgets/*/definition/requests", Sort::Any, "The data: queries, formulas and how they look"),
    text("/widgets/*/definition/slo_id", "The SLO: `\"${slos.ID.id}\"`"),
    object("/widgets/*/definition/time", "A time of its own"),
    text("/widgets/*/definition/title", "The title"),
    words("/widgets/*/definition/title_align", &["center", "left", "right"], "Where the title stands"),
    text("/widgets/*/definition/title_size", "Size of the title: `\"16\"`"),
    words("/widgets/*/definition/type", WIDGET_TYPES, "What sort of widget it is"),
    of("/widgets/*/definition/widgets", Sort::Same("/widgets"), "Widgets of a group"),
    count("/widgets/*/id", "Given by the service; not needed"),
    object("/widgets/*/layout", "Where it stands"),
    // Real exports hold places left of the grid, against the document's bounds.
    number("/widgets/*/layout/height", "In rows of the grid"),
    boolean("/widgets/*/layout/is_column_break", "The first one of the second column, in high density"),
    number("/widgets/*/layout/width", "In columns of the grid"),
    number("/widgets/*/layout/x", "Columns from the left"),
    number("/widgets/*/layout/y", "Rows from the top"),
];

#[cfg(test)]
mod tests {
    use crate::kind::KINDS;

    #[test]
    fn the_tables_are_sorted_and_every_field_hangs_together() {
        for kind in KINDS {
            let paths: Vec<&str> = kind.fields.iter().map(|field| field.at).collect();
            assert!(paths.is_sorted() && !paths.is_empty(), "{kind:?}");
            for field in kind.fields {
                assert!(!field.doc.is_empty() && !field.doc.contains('\n'), "{}", field.at);
                let (parent, _) = field.at.rsplit_once('/').expect("a path");
                let parent = parent.strip_suffix("/*").unwrap_or(parent);
                assert!(parent.is_empty() || paths.contains(&parent), "{} stands below nothing", field.at);
            }
        }
    }

    #[test]
    fn what_the_row_knows_is_explained() {
        for kind in KINDS {
            for path in kind.known {
                // Fields of synthetics monitors that only their own API sets.
                let foreign = ["/options/aggregation", "/options/device_ids"].contains(path);
                assert!(foreign || kind.fields.iter().any(|field| field.at == *path), "{kind:?}: {path}");
            }
        }
    }
}
