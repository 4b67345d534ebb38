//! Service level objectives: metric, monitor and time slice.

use serde_json::Value;

use super::{Alternative, Envelope, IdType, Kind, Listing, MarkSort, Paging, Stakes};

/// Facts: `recorded/SEMANTICS.md` §3 where nothing else is said.
pub const SLO: Kind = Kind {
    name: "slo",
    section: "slos",
    path: "/api/v1/slo",
    envelope: Envelope::Data,
    listing: Listing {
        paging: Paging::Offset { offset: "offset", limit: "limit" },
        // The default, and the largest page in the OpenAPI document.
        page_size: 1000,
        items: Some("data"),
        tag_filter: Some("tags_query"),
        query: &[],
        summary: None,
    },
    id: IdType::Text,
    web_path: "/slo?slo_id={id}",
    mark: MarkSort::Tags("/tags"),
    can_delete: Some("ids"),
    validate: false,
    is_export: |body| {
        body.contains_key("thresholds")
            && body
                .get("type")
                .and_then(Value::as_str)
                .is_some_and(|sort| matches!(sort, "metric" | "monitor" | "time_slice"))
    },
    export_needs: "`thresholds` and `type` (`metric`, `monitor` or `time_slice`)",
    read_only: &[
        "/id",
        "/created_at",
        "/modified_at",
        "/creator",
        "/type_id",
        "/monitor_tags",
        "/thresholds/*/target_display",
        "/thresholds/*/warning_display",
        // Of GET with `with_configured_alert_ids` and of searches (OpenAPI).
        "/configured_alert_ids",
        "/overall_status",
        "/status",
    ],
    kept: &[],
    unseen: &[],
    defaults: &[
        ("/description", &[r#""""#]),
        ("/tags", &["[]"]),
        ("/sli_specification/time_slice/query_interval_seconds", &["300"]),
    ],
    derived: &[
        ("/timeframe", "/thresholds/0/timeframe"),
        ("/target_threshold", "/thresholds/0/target"),
        ("/warning_threshold", "/thresholds/0/warning"),
    ],
    known: &["/name", "/type", "/query", "/sli_specification", "/thresholds", "/monitor_ids", "/groups"],
    open: &[""],
    replaced: &[],
    sets: &["/tags", "/monitor_ids"],
    trimmed: &[],
    synonyms: &[],
    alternatives: &[Alternative { one: "/query", other: "/sli_specification", derive: |_| None }],
    identified: &[],
    // A PUT of another type is judged by the stored type (SEMANTICS §3, last error).
    immutable: &["/type"],
    numeric_references: &["/monitor_ids/*"],
    stakes: Stakes { recipients: &[], thresholds: &[], query: None, no_data: &[] },
};
