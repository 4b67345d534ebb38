//! Metrics made of logs, spans and RUM events, and the tags of metrics. `R 7 of 9`: so many recorded answers show it.

use crate::sandbox::resource::{BY_ID, CREATE_ONLY, Effect, Id, List, Refusal, Resource, Shape, Test, Words};

/// What a metric's name becomes: R 5 of 5 with a `-`.
fn metric_name(name: &str) -> String {
    name.replace('-', "_")
}

pub const LOGS_METRIC: Resource = Resource {
    name: "logs_metric",
    path: "/api/v2/logs/config/metrics",
    shape: Shape::Data("logs_metrics"),
    id: Id::Chosen("/data/id", metric_name),
    list: List { ..List::DATA },
    effects: &[
        Effect::Fill("/filter", r#"{"query":"*"}"#), // R 1 of 1
        Effect::Fill("/group_by", "[]"),             // R 5 of 5
        Effect::SortedBy("/group_by", "path"),       // R 1 PATCH of 4 was in another order
    ],
    refuses: &[
        Refusal(CREATE_ONLY, "/compute", Test::Missing, Words(400, "The parameter 'compute' is required")), // ?
        // KINDS.md §3: 409 if it exists; the words by analogy.
        Refusal(
            CREATE_ONLY,
            "",
            Test::Exists,
            Words(409, "conflict(Metric with name '{id}' already exists)"),
        ),
    ],
    missing: &[(BY_ID, Words(404, "not_found(Metric with name '{id}' not found)"))], // R 4 of 4
    ..Resource::V2
};
