//! Monitors, composites and burn-rate alerts included.

use serde_json::Value;

use super::field::*;
use super::{About, Api, Family, Id, Identity, Kind, List, Mention, Mentioned, Paging, Quirks};

/// Facts: `recorded/SEMANTICS.md` §2 where nothing else is said.
pub const MONITOR: Kind = Kind {
    name: "monitor",
    section: "monitors",
    always: true,
    api: Api {
        path: "/api/v1/monitor",
        id: Id { number: true, ..Api::V1.id },
        // The maximum that the OpenAPI document gives is 1000.
        list: List {
            paging: Paging::Number { page: "page", size: "page_size" },
            tag_filter: Some("monitor_tags"),
            ..Api::V1.list
        },
        can_delete: Some("monitor_ids"),
        validate: Some("/validate"),
        // A synthetic test makes one, and copies its tags onto it: our mark, too (KINDS §2.1).
        foreign: |body| body.get("type").is_some_and(|value| value == "synthetics alert"),
        // Datadog's documentation, "Datadog Role Permissions".
        read: &["monitors_read"],
        write: &["monitors_write"],
        ..Api::V1
    },
    identity: Identity::Tags("/tags"),
    fields: &[
        undocumented("").open(),
        // A plain GET lacks assets or says [] even where there are some.
        list("/assets", "Links for whoever handles the alert, such as runbooks").unseen(),
        choice("/assets/*/category", &["runbook"], "What the link is").required(),
        read_only("/assets/*/monitor_id"),
        text("/assets/*/name", "The link's text").required(),
        undocumented("/assets/*/options").defaults(&["{}"]),
        text("/assets/*/resource_key", "Id of the Datadog object that the link leads to"),
        choice("/assets/*/resource_type", &["notebook"], "Sort of Datadog object that the link leads to")
            .closed(),
        undocumented("/assets/*/template_variables").defaults(&["{}"]),
        text("/assets/*/url", "A whole URL, or a path in Datadog's web application")
            .required()
            .usually(leads_somewhere, "a whole URL, or a path that begins with `/`"),
        // A field of exports that the service drops (3 of 3).
        read_only("/classification"),
        read_only("/created"),
        read_only("/created_at"),
        read_only("/creator"),
        read_only("/deleted"),
        choice("/draft_status", &["draft", "published"], "A draft notifies nobody")
            .kept()
            .closed()
            .alarm(Alarm::Draft),
        read_only("/id"),
        read_only("/matching_downtimes"),
        text("/message", "What is sent when the state changes; `@handle` notifies, `{{#is_alert}}` branches")
            .trimmed()
            .recipients()
            .defaults(&[r#""""#]),
        read_only("/modified"),
        read_only("/multi"),
        // A monitor without a name is named after its query (OpenAPI, CreateMonitor). Name and message are
        // trimmed (terraform-provider-datadog, pull request 1291; airbnb/interferon, pull request 20).
        text("/name", "The title, `{{host.name}}` and the like allowed").trimmed().filled(),
        object("/options", "How it evaluates and notifies").open().replaced(),
        undocumented("/options/aggregation"),
        // Filled with 10 or 20 for some types, not reliably (recorded 2025-05 and 2026-02).
        undocumented("/options/avalanche_window").defaults(&["null", "10", "20"]),
        undocumented("/options/device_ids"),
        boolean("/options/enable_logs_sample", "Log monitors: send a sample of the logs along")
            .defaults(&["false"]),
        boolean("/options/enable_samples", "CI monitors: send a sample of the events along")
            .defaults(&["false"]),
        text("/options/escalation_message", "What a repeated notification says instead of the message")
            .trimmed()
            .recipients(),
        // 0 as none: OpenAPI's texts, here and below.
        count("/options/evaluation_delay", "Seconds that evaluation lags behind; AWS metrics need 900")
            .defaults(&["null", "0"])
            .strict()
            .alarm(Alarm::Delay),
        text("/options/group_retention_duration", "How long a group without data is kept: `1h` to `72h`")
            .duration(HOUR, 72 * HOUR),
        boolean(
            "/options/groupby_simple_monitor",
            "Log monitors: one alert for all groups; `notify_by` replaces it",
        )
        .defaults(&["false"]),
        boolean(
            "/options/include_tags",
            "Put the tags of the group that triggers into the title (default true)",
        )
        .defaults(&["true"]),
        // true: 400, "The `locked` monitor option has been replaced with role-based access control"
        // (terraform-provider-datadog, issue 2327). false is taken (13 of 13).
        retired(
            "/options/locked",
            &["false"],
            "name the roles that may edit the monitor in `restricted_roles`, or set a restriction policy",
        ),
        bounded("/options/min_failure_duration", 0, 7200, "Synthetics: seconds of failure before an alert")
            .defaults(&["0"])
            .strict(),
        of(
            "/options/min_location_failed",
            Type::Integer(Some(1), None),
            "Synthetics: locations that must fail at once",
        )
        .defaults(&["1"]),
        count("/options/new_group_delay", "Seconds for which a new group is not evaluated").strict(),
        count(
            "/options/new_host_delay",
            "Seconds for which a new host is not evaluated; `new_group_delay` replaces it",
        )
        .defaults(&["300"])
        .strict(),
        count("/options/no_data_timeframe", "Minutes without data before `notify_no_data` notifies"),
        choice(
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
        )
        .defaults(&[r#""show_all""#])
        .closed(),
        boolean("/options/notify_audit", "Notify the recipients of changes to the monitor itself")
            .defaults(&["false"]),
        texts(
            "/options/notify_by",
            "Groups that notify by themselves, a part of those of the query; `*` means one alert",
        ),
        boolean("/options/notify_no_data", "Notify when data stops; `on_missing_data` replaces it")
            .defaults(&["false"])
            .no_data(&["true"]),
        // "default" is dropped (1 of 1).
        choice(
            "/options/on_missing_data",
            &["default", "resolve", "show_and_notify_no_data", "show_no_data"],
            "What a group without data does; not with `notify_no_data` or `no_data_timeframe`",
        )
        .synonyms(&["null", r#""default""#])
        .closed()
        .no_data(&[r#""show_and_notify_no_data""#]),
        // "0" in an export (1).
        count("/options/renotify_interval", "Minutes after which an alert that lasts notifies again")
            .defaults(&["null", "0", r#""0""#])
            .or_text()
            .alarm(Alarm::Reminder),
        count("/options/renotify_occurrences", "How many times it notifies again").defaults(&["null", "0"]),
        of(
            "/options/renotify_statuses",
            Type::Texts(&["alert", "no data", "warn"]),
            "States that notify again (default: alert and no data)",
        )
        .set()
        .closed(),
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
        bounded(
            "/options/scheduling_options/evaluation_window/hour_starts",
            0,
            59,
            "Minute of the hour at which it begins; not with the others",
        ),
        bounded(
            "/options/scheduling_options/evaluation_window/month_starts",
            1,
            1,
            "Day of the month at which it begins; with `day_starts`",
        ),
        text("/options/scheduling_options/evaluation_window/timezone", "`Europe/Berlin`"),
        object("/options/silenced", "Mutes of the old kind by group; left to the UI unless declared")
            .kept()
            .alarm(Alarm::Mute),
        // Both mean for ever (terraform-provider-datadog, `silenced`).
        of("/options/silenced/*", Type::Integer(None, None), "").synonyms(&["0", "null"]),
        text("/options/synthetics_check_id", "The synthetic test that it belongs to"),
        object("/options/threshold_windows", "Windows of anomaly monitors"),
        text(
            "/options/threshold_windows/recovery_window",
            "How long it must be normal to recover: `last_15m`",
        ),
        text(
            "/options/threshold_windows/trigger_window",
            "How long it must be anomalous to alert: `last_15m`",
        )
        .alarm(Alarm::Window),
        object("/options/thresholds", "Values at which the state changes; `critical` is the query's number"),
        number("/options/thresholds/critical", "Alert; the number in the query").threshold(),
        text("/options/thresholds/critical_query", "A query as the threshold of an alert"),
        number(
            "/options/thresholds/critical_recovery",
            "Where an alert ends, on the good side of `critical`",
        ),
        text("/options/thresholds/critical_recovery_query", "A query as the threshold of a recovery"),
        number("/options/thresholds/ok", "Service checks: OKs in a row that recover"),
        number("/options/thresholds/unknown", "Service checks: UNKNOWNs in a row that count"),
        number("/options/thresholds/warning", "Warn, on the good side of `critical`").threshold(),
        number("/options/thresholds/warning_recovery", "Where a warning ends, on the good side of `warning`"),
        // OpenAPI, `MonitorOptions`, as the other bounds.
        bounded("/options/timeout_h", 0, 24, "Hours without data after which an alert resolves by itself")
            .defaults(&["null", "0"])
            .strict(),
        list("/options/variables", "Queries that `formula(…)` in the query names"),
        any("/options/variables/*/compute", "What is computed of the events").required_in(EVENT_SOURCES),
        choice("/options/variables/*/data_source", DATA_SOURCES, "Where the data is"),
        list("/options/variables/*/group_by", "What the events are grouped by"),
        texts("/options/variables/*/indexes", "Indexes that are searched"),
        text("/options/variables/*/name", "The name in the formula"),
        text("/options/variables/*/query", "A metric query"),
        object("/options/variables/*/search", "Which events count"),
        text("/options/variables/*/search/query", "A search, as in the explorer"),
        read_only("/org_id"),
        read_only("/overall_state"),
        read_only("/overall_state_modified"),
        // 0 is how some tools write "none"; the service takes it (7 recordings). OpenAPI, `Monitor`: 1 to 5.
        bounded("/priority", 0, 5, "Severity, from 1 (highest) to 5")
            .defaults(&["null"])
            .synonyms(&["null", "0"])
            .strict()
            .alarm(Alarm::Urgency),
        // OpenAPI, `Monitor.required`; an update without was accepted (1 recording), as for the type.
        text("/query", "What is watched, up to and with the threshold")
            .trimmed()
            .required_at_create()
            .query(),
        read_only("/restricted"),
        // Hidden by `with_restricted_roles=false`, and by a restriction policy set elsewhere.
        texts("/restricted_roles", "Ids of the roles that may edit it; left to the UI unless declared")
            .kept()
            .unseen(),
        elsewhere(
            "/restriction_policy",
            "the service keeps it as an object of its own: write it under `restriction_policies`, or set it in the UI",
        ),
        // Seen in 8 recordings (2025-05, 2026-02) with `/restricted`; no request sets them.
        read_only("/run_as"),
        read_only("/state"),
        texts("/tags", "`key:value`, of the monitor itself").set().defaults(&["[]"]),
        // "metric alert" and "query alert" turn into each other by the query's window (10 of 120). No recording
        // changes the type of a monitor; Datadog's documentation has no way to.
        choice("/type", TYPES, "The type of its query; can't be changed in place")
            .immutable()
            .required_at_create()
            // 400, "Legacy event alert monitors (type: 'event alert') are no longer supported"
            // (claranet/terraform-datadog-monitors, issue 23).
            .gone(&[(
                "event alert",
                "write `event-v2 alert`, with a query such as `events(…).rollup(…).last(…) > 0`",
            )])
            .synonyms(&[r#""query alert""#, r#""metric alert""#]),
    ],
    about: About {
        sync_cli: &["monitors"],
        terraform: &["datadog_monitor", "datadog_monitor_json"],
        web: "/monitors/{id}",
        title: "/name",
        created: Some("/created_at"),
        modified: Some("/modified"),
        author: Some("/creator/handle"),
        known_by: &["/name", "/type", "/query"],
        is_export: |body| {
            body.get("query").is_some_and(|v| v.is_string())
                && body.get("type").is_some_and(|v| v.is_string())
        },
        export_needs: "`query` and `type`",
    },
    quirks: Quirks {
        family: Some(Family::Alert),
        windows: WINDOWS,
        // `1 || 2` and `burn_rate("…").over("30d")` (recorded, and the examples of the OpenAPI document).
        mentions: &[
            Mention {
                at: Mentioned::Path("/query"),
                when: Some(("/type", "composite")),
                section: "monitors",
            },
            Mention { at: Mentioned::Path("/query"), when: Some(("/type", "slo alert")), section: "slos" },
            Mention {
                at: Mentioned::Between("/query", ".index(\"", "\")"),
                when: Some(("/type", "log alert")),
                section: "logs_indexes",
            },
        ],
        ..Quirks::NONE
    },
};

/// In seconds.
const HOUR: u64 = 3600;

/// OpenAPI, operation `CreateMonitor`: 48 hours; for metrics "1 month" (docs.datadoghq.com, Configure Monitors), which
/// is 31 days at most.
const WINDOWS: &[(&str, u64)] = &[
    ("metric alert", 31 * 24 * HOUR),
    ("query alert", 31 * 24 * HOUR),
    ("log alert", 48 * HOUR),
    ("event-v2 alert", 48 * HOUR),
    ("audit alert", 48 * HOUR),
    ("ci-pipelines alert", 48 * HOUR),
    ("ci-tests alert", 48 * HOUR),
    ("error-tracking alert", 48 * HOUR),
    ("database-monitoring alert", 48 * HOUR),
    ("network-performance alert", 48 * HOUR),
    ("network-path alert", 48 * HOUR),
];

/// Known types of monitors.
const TYPES: &[&str] = &[
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

/// OpenAPI, `MonitorFormulaAndFunctionEventQueryDefinition`.
const EVENT_SOURCES: &[&str] = &[
    "audit",
    "ci_pipelines",
    "ci_tests",
    "database_queries",
    "events",
    "logs",
    "network",
    "network_path",
    "rum",
    "spans",
];

const DATA_SOURCES: &[&str] = &[
    "aggregate_augmented_query",
    "aggregate_filtered_query",
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

/// A path is one of Datadog's web application (5 of 5 recorded ones begin with `/`).
fn leads_somewhere(value: &Value) -> bool {
    value.as_str().is_none_or(|url| url.starts_with('/') || url.contains("://"))
}
