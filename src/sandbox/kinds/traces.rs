//! Retention filters of traces, and their order.

use super::bodies;
use crate::sandbox::resource::{
    BY_ID, CREATE_ONLY, Clock, DELETE_ONLY, Does, Effect, Id, Keeps, Order, PUT, Refusal, Reply, Resource,
    Route, Shape, Test, UPDATE_ONLY, WRITES, Words,
};

const RATE: Words = Words(400, r#"["Invalid Pipeline","'rate' must exist and be between 0 and 1"]"#); // R 4 of 4
const FILTER_TYPE: Words =
    Words(400, "Field 'filter_type' is invalid, expected value is 'spans-sampling-processor'");

pub const RETENTION_FILTER: Resource = Resource {
    forms: bodies::RETENTION_FILTER,
    name: "retention_filter",
    path: "/api/v2/apm/config/retention-filters",
    routes: PUT,
    shape: Shape::Data("apm_retention_filter"),
    id: Id::Short,
    update: Keeps::Nothing,
    answers: [Reply::Object(200), Reply::Object(200), Reply::Fixed(200, "{}")],
    effects: &[
        Effect::Fill("/trace_rate", "0.0"), // R 7 of 7 since 2024
        Effect::Float("/rate"),             // R 10 of 10
        Effect::Float("/trace_rate"),
        Effect::Made("/editable", "true"),
        Effect::Always("/modified_by", r#""sandbox@example.com""#),
        Effect::Modified("/modified_at", Clock::Seconds),
        Effect::Made("/created_by", r#""sandbox@example.com""#),
        Effect::Created("/created_at", Clock::Seconds),
        Effect::Drop("/execution_order"),
    ],
    refuses: &[
        // O: required; the words are ours.
        Refusal(CREATE_ONLY, "/name", Test::Missing, Words(400, "Field 'name' is required")),
        Refusal(CREATE_ONLY, "/enabled", Test::Missing, Words(400, "Field 'enabled' is required")),
        Refusal(CREATE_ONLY, "/filter", Test::Missing, Words(400, "Field 'filter' is required")),
        Refusal(CREATE_ONLY, "/filter_type", Test::Missing, Words(400, "Field 'filter_type' is required")),
        Refusal(WRITES, "/trace_rate", Test::Outside(0.0, 1.0), Words(400, "Field 'trace_rate' is invalid")),
        Refusal(WRITES, "/rate", Test::Missing, RATE),
        Refusal(WRITES, "/rate", Test::Outside(0.0, 1.0), RATE),
        // O: required; the words are those for another value.
        Refusal(CREATE_ONLY, "/filter_type", Test::Missing, FILTER_TYPE),
        // R 1 of 1
        Refusal(CREATE_ONLY, "/filter_type", Test::NotOneOf(&["spans-sampling-processor"]), FILTER_TYPE),
        // O: built-in ones can't be renamed or deleted; the words are ours.
        Refusal(
            DELETE_ONLY,
            "/created_by",
            Test::Stored(r#""""#),
            Words(400, "Default filters can't be deleted"),
        ),
        Refusal(
            UPDATE_ONLY,
            "/name",
            Test::Code(|draft| {
                let stored = |at: &str| draft.before.map(|before| &before["attributes"][at]);
                stored("created_by").is_some_and(|by| by == "") && draft.sent.get("name") != stored("name")
            }),
            Words(400, "Default filters can't be renamed"),
        ),
    ],
    missing: &[(BY_ID, Words(404, "retention filter with id: '{id}' not found"))], // R 6 of 6
    built_in: BUILT_IN,
    ordered_by: Some(&RETENTION_FILTER_ORDER),
    // KINDS.md §2.4: refused, though it is made.
    serial: Some(Words(400, "This pipeline does not exist or is outdated")),
    ..Resource::V2
};

pub const RETENTION_FILTER_ORDER: Resource = Resource {
    name: "retention_filter_order",
    path: "/api/v2/apm/config/retention-filters-execution-order",
    routes: &[Route::new("PUT", "", Does::Reorder)],
    order: Some(Order {
        of: "retention_filter",
        ids: ("/data", "id"),
        shown: "{}",
        changed: Some("{}"), // R 2 of 2
        // Nobody showed whether all must be named: the recordings can't tell.
        forgotten: None,
        stranger: Words(404, "retention filter with id: '{id}' not found"), // ?
        place: Some("execution_order"),
    }),
    ..Resource::V1
};

/// R 4 of 4: the filters that every account has, with nobody as their maker.
const BUILT_IN: &[&str] = &[
    r#"{"id":"default-errors-0000001","type":"apm_retention_filter","attributes":{"name":"Error Default","rate":1.0,
        "trace_rate":0.0,"enabled":true,"filter_type":"spans-errors-sampling-processor","filter":{"query":"status:error"},
        "editable":true,"modified_by":"","modified_at":0,"created_by":"","created_at":0}}"#,
    r#"{"id":"default-security-00001","type":"apm_retention_filter","attributes":{"name":"Application Security Monitoring Default","rate":1.0,
        "trace_rate":0.0,"enabled":true,"filter_type":"spans-appsec-sampling-processor","filter":{"query":"@appsec.event:true"},
        "editable":true,"modified_by":"","modified_at":0,"created_by":"","created_at":0}}"#,
    r#"{"id":"default-synthetics-001","type":"apm_retention_filter","attributes":{"name":"Synthetics Default","rate":1.0,
        "trace_rate":0.0,"enabled":true,"filter_type":"spans-sampling-processor","filter":{"query":"@_dd.origin:(synthetics OR synthetics-browser)"},
        "editable":true,"modified_by":"","modified_at":0,"created_by":"","created_at":0}}"#,
    r#"{"id":"default-live-debug-001","type":"apm_retention_filter","attributes":{"name":"Dynamic Instrumentation Default","rate":1.0,
        "trace_rate":0.0,"enabled":true,"filter_type":"spans-sampling-processor","filter":{"query":"operation_name:dd.dynamic.span"},
        "editable":true,"modified_by":"","modified_at":0,"created_by":"","created_at":0}}"#,
];
