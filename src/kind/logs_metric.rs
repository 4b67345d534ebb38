//! Metrics that are counted from logs.

use super::field::*;
use super::spans_metric::{measures_nothing, same_groups};
use super::{About, Api, Envelope, Id, Identity, Kind, Quirks, Wrong, danger};

/// Facts: 9 creates, 4 updates and 13 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const LOGS_METRIC: Kind = Kind {
    name: "logs_metric",
    section: "logs_metrics",
    always: false,
    api: Api {
        path: "/api/v2/logs/config/metrics",
        envelope: Envelope::Resource("logs_metrics"),
        id: Id { chosen: true, ..Api::V2.id },
        read: &["logs_read_config"],
        write: &["logs_generate_metrics"],
        ..Api::V2
    },
    identity: Identity::Key("/id"),
    fields: &[
        undocumented("").open(),
        object("/compute", "What is computed").required(),
        choice("/compute/aggregation_type", &["count", "distribution"], "Can't be changed in place")
            .required()
            .immutable()
            .closed(),
        boolean("/compute/include_percentiles", "Percentiles too; of distributions alone")
            .defaults(&["false"]),
        text("/compute/path", "The attribute that a distribution measures; can't be changed in place")
            .immutable(),
        object("/filter", "Which logs count").defaults(&[r#"{"query":"*"}"#]),
        text("/filter/query", "A search, as in the explorer").defaults(&[r#""*""#]),
        // Another order after 1 of 4 updates.
        list("/group_by", "Tags of the metric").set().defaults(&["[]"]).meaning(same_groups),
        text("/group_by/*/path", "The attribute, or the tag").required(),
        text("/group_by/*/tag_name", "The tag of the metric; as the path, where it is left out"),
        // `-` becomes `_` in it (5 of 5).
        text("/id", "The metric's name, with `_` for `-`").required().rewritten("-"),
    ],
    about: About {
        sync_cli: &["logs_metrics"],
        terraform: &["datadog_logs_metric"],
        web: "/logs/pipelines/generate-metrics",
        title: "/id",
        known_by: &["/id"],
        ..About::NONE
    },
    quirks: Quirks {
        dangers: danger::OF_METRICS,
        wrongs: &[Wrong { at: "/compute", judge: measures_nothing }],
        ..Quirks::NONE
    },
};
