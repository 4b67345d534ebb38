//! Monitors, composites and burn-rate alerts included.

use super::{
    Envelope, IdType, Judged, Kind, Listing, MarkSort, Mention, Mentioned, Nature, Paging, Stakes, fields,
};

/// Facts: `recorded/SEMANTICS.md` §2 where nothing else is said.
pub const MONITOR: Kind = Kind {
    name: "monitor",
    section: "monitors",
    path: "/api/v1/monitor",
    envelope: Envelope::Flat,
    listing: Listing {
        paging: Paging::Number { page: "page", size: "page_size" },
        // The maximum that the OpenAPI document gives.
        page_size: 1000,
        items: None,
        tag_filter: Some("monitor_tags"),
        query: &[],
        summary: None,
    },
    id: IdType::Number,
    web_path: "/monitors/{id}",
    mark: MarkSort::Tags("/tags"),
    can_delete: Some("monitor_ids"),
    // Datadog's documentation, "Datadog Role Permissions".
    scopes: &["monitors_read", "monitors_write"],
    validate: true,
    created: "/created_at",
    is_export: |body| {
        body.get("query").is_some_and(|v| v.is_string()) && body.get("type").is_some_and(|v| v.is_string())
    },
    export_needs: "`query` and `type`",
    fields: fields::MONITOR,
    read_only: &[
        "/id",
        "/org_id",
        "/created",
        "/created_at",
        "/modified",
        "/deleted",
        "/creator",
        "/multi",
        "/overall_state",
        "/overall_state_modified",
        "/state",
        "/matching_downtimes",
        "/restriction_policy",
        // Seen in 8 recordings (2025-05, 2026-02); no request sets them.
        "/run_as",
        "/restricted",
        // A field of exports that the service drops (3 of 3).
        "/classification",
        "/assets/*/monitor_id",
    ],
    kept: &["/options/silenced", "/restricted_roles", "/draft_status"],
    // A monitor without a name is named after its query (OpenAPI, CreateMonitor).
    filled: &["/name"],
    // A plain GET lacks assets or says [] even where there are some; `with_restricted_roles=false`, and
    // a restriction policy set elsewhere, hide the roles.
    unseen: &["/assets", "/restricted_roles"],
    defaults: &[
        ("/message", &[r#""""#]),
        ("/tags", &["[]"]),
        ("/priority", &["null"]),
        ("/options/notify_audit", &["false"]),
        ("/options/include_tags", &["true"]),
        ("/options/new_host_delay", &["300"]),
        ("/options/notify_no_data", &["false"]),
        ("/options/groupby_simple_monitor", &["false"]),
        ("/options/locked", &["false"]),
        ("/assets/*/template_variables", &["{}"]),
        ("/assets/*/options", &["{}"]),
        // Filled with 10 or 20 for some types, not reliably (recorded 2025-05 and 2026-02).
        ("/options/avalanche_window", &["null", "10", "20"]),
    ],
    derived: &[],
    known: &[
        "/type",
        "/query",
        "/assets",
        "/options",
        "/options/aggregation",
        "/options/device_ids",
        "/options/enable_logs_sample",
        "/options/enable_samples",
        "/options/escalation_message",
        "/options/evaluation_delay",
        "/options/group_retention_duration",
        "/options/min_failure_duration",
        "/options/min_location_failed",
        "/options/new_group_delay",
        "/options/no_data_timeframe",
        "/options/on_missing_data",
        "/options/notification_preset_name",
        "/options/notify_by",
        "/options/renotify_interval",
        "/options/renotify_occurrences",
        "/options/renotify_statuses",
        "/options/require_full_window",
        "/options/scheduling_options",
        "/options/synthetics_check_id",
        "/options/threshold_windows",
        "/options/thresholds",
        "/options/timeout_h",
        "/options/variables",
    ],
    open: &["", "/options"],
    emptied: false,
    replaced: &["/options"],
    sets: &["/tags", "/options/renotify_statuses"],
    trimmed: &["/message", "/query", "/options/escalation_message"],
    // "metric alert" and "query alert" turn into each other by the query's window (10 of 120).
    synonyms: &[
        ("/type", &[r#""query alert""#, r#""metric alert""#]),
        // 1 of 1 each.
        ("/priority", &["null", "0"]),
        ("/options/on_missing_data", &["null", r#""default""#]),
    ],
    alternatives: &[],
    identified: &[],
    // No recording changes the type of a monitor; Datadog's documentation has no way to.
    immutable: &["/type"],
    numeric_references: &[],
    // `1 || 2` and `burn_rate("…").over("30d")` (recorded, and the examples of the OpenAPI document).
    mentions: &[
        Mention { at: Mentioned::Path("/query"), when: Some(("/type", "composite")), section: "monitors" },
        Mention { at: Mentioned::Path("/query"), when: Some(("/type", "slo alert")), section: "slos" },
    ],
    stakes: Stakes {
        recipients: &["/message", "/options/escalation_message"],
        thresholds: &["/options/thresholds/critical", "/options/thresholds/warning"],
        targets: &[],
        query: Some("/query"),
        no_data: &[
            ("/options/notify_no_data", &["true"]),
            ("/options/on_missing_data", &[r#""show_and_notify_no_data""#]),
        ],
    },
    judged: Judged {
        nature: Nature::Alert,
        measuring: None,
        required: &[],
        // OpenAPI, `Monitor.required`; an update without them was accepted (1 recording).
        required_at_create: &["/type", "/query"],
        points_to: &[],
        // OpenAPI, `Monitor` and `MonitorOptions`; a priority of 0 was accepted as none (7 recordings).
        bounds: &[
            ("/priority", 0.0, 5.0),
            ("/options/timeout_h", 0.0, 24.0),
            ("/options/evaluation_delay", 0.0, f64::MAX),
            ("/options/new_group_delay", 0.0, f64::MAX),
            ("/options/new_host_delay", 0.0, f64::MAX),
            ("/options/min_failure_duration", 0.0, 7200.0),
        ],
        lengths: &[("/options/group_retention_duration", HOUR, 72 * HOUR)],
        // OpenAPI, operation `CreateMonitor`: 48 hours; for metrics "1 month" (docs.datadoghq.com,
        // Configure Monitors), which is 31 days at most.
        windows: &[
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
        ],
        tag_keys: &[],
        most_tags: None,
        rewrites_tags: false,
    },
};

/// In seconds.
const HOUR: u64 = 3600;
