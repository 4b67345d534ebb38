//! Metrics that are counted from events of real users.

use serde_json::Value;

use super::field::*;
use super::spans_metric::{measures_nothing, same_groups};
use super::{About, Api, Envelope, Id, Identity, Kind, Quirks, Wrong, danger};

/// Facts: 8 creates, 1 update and 1 read, and the OpenAPI document.
pub const RUM_METRIC: Kind = Kind {
    name: "rum_metric",
    section: "rum_metrics",
    always: false,
    api: Api {
        path: "/api/v2/rum/config/metrics",
        envelope: Envelope::Resource("rum_metrics"),
        id: Id { chosen: true, ..Api::V2.id },
        read: &["rum_apps_read"],
        write: &["rum_generate_metrics"],
        ..Api::V2
    },
    identity: Identity::Key("/id"),
    fields: &[
        undocumented("").open(),
        object("/compute", "What is computed").required(),
        choice("/compute/aggregation_type", &["count", "distribution"], "Can't be changed in place")
            .closed()
            .required()
            .immutable(),
        boolean("/compute/include_percentiles", "Percentiles too; of distributions alone")
            .defaults(&["false"]),
        text("/compute/path", "The attribute that a distribution measures; can't be changed in place")
            .immutable(),
        choice(
            "/event_type",
            &["session", "view", "action", "error", "resource", "long_task", "vital"],
            "Can't be changed in place",
        )
        .closed()
        .required()
        .immutable(),
        object("/filter", "Which events count").defaults(&[r#"{"query":"*"}"#]),
        text("/filter/query", "A search, as in the RUM explorer").required().defaults(&[r#""*""#]),
        list("/group_by", "Tags of the metric").set().defaults(&["[]"]).meaning(same_groups),
        text("/group_by/*/path", "The attribute, or the tag").required(),
        text("/group_by/*/tag_name", "The tag of the metric; as the path, where it is left out"),
        text("/id", "The metric's name").required(),
        // Of sessions and views alone: `attribute "uniqueness" failed excluded_if validation` (1 recording).
        object("/uniqueness", "When an event that goes on is counted; of sessions and views").immutable(),
        choice("/uniqueness/when", &["match", "end"], "When it is first seen, or when it is over")
            .required()
            .closed(),
    ],
    about: About {
        terraform: &["datadog_rum_metric"],
        sync_cli: &["rum_metrics"],
        web: "/rum/generate-metrics",
        title: "/id",
        known_by: &["/id"],
        ..About::NONE
    },
    quirks: Quirks {
        dangers: danger::OF_METRICS,
        wrongs: &[
            Wrong { at: "/compute", judge: measures_nothing },
            Wrong { at: "/uniqueness", judge: never_ends },
        ],
        ..Quirks::NONE
    },
};

/// Events that are over at once are counted once anyway.
fn never_ends(body: &Value) -> Option<(String, &'static str)> {
    let class = body.get("event_type")?.as_str()?;
    body.get("uniqueness").filter(|value| !value.is_null())?;
    let is_over_at_once = matches!(class, "action" | "error" | "resource" | "long_task" | "vital");
    is_over_at_once.then(|| {
        (
            format!("`uniqueness` is of sessions and views, and the `event_type` is `{class}`"),
            "leave `uniqueness` out: such an event is counted once",
        )
    })
}
