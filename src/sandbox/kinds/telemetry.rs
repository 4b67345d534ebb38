//! Metrics made of logs, spans and RUM events, and the tags of metrics. `R 7 of 9`: so many recorded answers show it.

use super::bodies;
use crate::sandbox::forms;
use crate::sandbox::resource::{
    BY_ID, CREATE_ONLY, Clock, Does, Effect, Id, List, Paging, Refusal, Reply, Resource, Route, Shape, Test,
    UPDATE_ONLY, Unit, WRITES, Words,
};

/// What a metric's name becomes: R 5 of 5 with a `-`.
fn metric_name(name: &str) -> String {
    name.replace('-', "_")
}

/// O: of a distribution the path is used; the words are ours.
const PATHLESS: Refusal = Refusal(
    CREATE_ONLY,
    "",
    Test::Code(|draft| {
        let compute = &draft.sent["compute"];
        compute["aggregation_type"] == "distribution" && compute["path"].as_str().is_none_or(str::is_empty)
    }),
    Words(400, "A distribution needs a path"),
);

pub const LOGS_METRIC: Resource = Resource {
    forms: forms::COMPUTED_METRIC,
    name: "logs_metric",
    path: "/api/v2/logs/config/metrics",
    shape: Shape::Data("logs_metrics"),
    id: Id::Chosen("/data/id", metric_name),
    effects: &[
        Effect::Fill("/filter", r#"{"query":"*"}"#),    // R 1 of 1
        Effect::Fill("/group_by", "[]"),                // R 5 of 5
        Effect::Beside("/group_by/*/tag_name", "path"), // P
        Effect::SortedBy("/group_by", "path"),          // R 1 PATCH of 4 was in another order
    ],
    refuses: &[
        Refusal(CREATE_ONLY, "/compute", Test::Missing, Words(400, "The parameter 'compute' is required")), // ?
        PATHLESS,
        // O, LogsMetricGroupBy; the words are ours.
        Refusal(WRITES, "/group_by/*/path", Test::Missing, Words(400, "A grouping has no 'path'")),
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

/// Quotes go, a `-` becomes `_`: R 5 and 4 of 8.
fn spans_name(name: &str) -> String {
    metric_name(name.trim_matches('"'))
}

pub const SPANS_METRIC: Resource = Resource {
    name: "spans_metric",
    path: "/api/v2/apm/config/metrics",
    shape: Shape::Data("spans_metrics"),
    id: Id::Chosen("/data/id", spans_name),
    ..LOGS_METRIC
};

pub const RUM_METRIC: Resource = Resource {
    forms: bodies::RUM_METRIC,
    name: "rum_metric",
    path: "/api/v2/rum/config/metrics",
    shape: Shape::Data("rum_metrics"),
    id: Id::Chosen("/data/id", str::to_owned), // R 8 of 8 come back equal
    answers: [Reply::Object(201), Reply::Object(200), Reply::Fixed(204, "")],
    effects: &[],
    refuses: &[
        Refusal(
            WRITES,
            "",
            Test::OtherType,
            problem!(400, "Bad Request", r#"got type \"{value}\" expected one of \"rum_metrics\""#),
        ), // R 1
        Refusal(
            CREATE_ONLY,
            "/compute",
            Test::Missing,
            problem!(400, "Bad Request", r#"attribute \"compute\" is required"#),
        ), // ?
        PATHLESS,
        Refusal(
            CREATE_ONLY,
            "/event_type",
            Test::Missing,
            problem!(400, "Bad Request", r#"attribute \"event_type\" is required"#),
        ), // ?
        Refusal(
            CREATE_ONLY,
            "/uniqueness",
            Test::Code(|draft| {
                let ends =
                    ["session", "view"].contains(&draft.sent["event_type"].as_str().unwrap_or_default());
                draft.sent.get("uniqueness").is_some() && !ends
            }),
            problem!(400, "Bad Request", r#"attribute \"uniqueness\" failed excluded_if validation"#), // R 1
        ),
        Refusal(
            CREATE_ONLY,
            "",
            Test::Exists,
            problem!(
                409,
                "Conflict",
                "conflict(Field 'data.id' is invalid: '{id}' cannot be used as metric name, a metric already exists with that name)"
            ), // R 1
        ),
        Refusal(
            UPDATE_ONLY,
            "",
            Test::OtherId,
            problem!(409, "Conflict", "ID provided in the payload does not match the url parameter"),
        ), // R 1
    ],
    missing: &[(BY_ID, problem!(404, "Not Found", "not_found(Metric with name '{id}' not found)"))], // R 3 of 3
    ..LOGS_METRIC
};

/// Tags of a metric: every metric is there, since there are no points to tell them by.
pub const METRIC_TAG: Resource = Resource {
    forms: bodies::METRIC_TAG,
    name: "metric_tag",
    path: "/api/v2/metrics",
    routes: &[
        Route::new("GET", "", Does::List),
        Route::new("POST", "/{id}/tags", Does::Create),
        Route::new("GET", "/{id}/tags", Does::Get),
        Route::new("PATCH", "/{id}/tags", Does::Update),
        Route::new("DELETE", "/{id}/tags", Does::Delete),
    ],
    // Other collections of the service's at the same place.
    more: &[Route::new("", "/tag-indexing-rules/{*id}", Does::Elsewhere)],
    shape: Shape::Data("manage_tags"),
    id: Id::Path,
    list: List {
        paging: Some(Paging {
            from: "page[cursor]",
            size: "page[size]",
            default: 10_000,
            most: 10_000,
            unit: Unit::Cursor,
        }), // O
        beside: r#"{"meta": {"pagination": {"cursor": null, "next_cursor": "{next}", "limit": "{size}", "type": "cursor_limit"}}}"#,
        ..List::DATA
    },
    answers: [Reply::Object(201), Reply::Object(200), Reply::Fixed(204, "")], // R 7, 2, 7
    effects: &[
        Effect::Sorted("/tags"), // R 6 of 9 writes in another order
        Effect::Created("/created_at", Clock::Iso),
        Effect::Modified("/modified_at", Clock::Iso),
        Effect::Fill("/[metric_type=gauge]/aggregations", r#"[{"time": "sum", "space": "sum"}]"#), // R 2 of 2 in 2026
    ],
    refuses: &[
        // KINDS.md §2.8; the words are ours.
        Refusal(
            CREATE_ONLY,
            "",
            Test::Exists,
            Words(409, "Metric tag configuration for {id} already exists"),
        ),
        Refusal(CREATE_ONLY, "/tags", Test::Missing, Words(400, "The parameter 'tags' is required")),
        Refusal(
            CREATE_ONLY,
            "/metric_type",
            Test::Missing,
            Words(400, "The parameter 'metric_type' is required"),
        ),
    ],
    missing: &[(BY_ID, Words(404, "{id} not found"))], // R 3 of 3
    ..Resource::V2
};
