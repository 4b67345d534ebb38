//! Indexes, pipelines, archives and destinations of logs, and the orders of the first three.

use serde_json::Value;

use super::bodies;
use crate::sandbox::resource::{
    BY_ID, CREATE_ONLY, DELETE_ONLY, Does, Effect, Id, Keeps, Limit, List, Moment, Order, PUT, Refusal,
    Reply, Resource, Route, Shape, Test, UPDATE_ONLY, WRITES, Words,
};

/// Errors of the older logs services (R 3 of 3).
macro_rules! coded {
    ($status:literal, $code:literal, $message:literal) => {
        Words($status, concat!("{\"error\":{\"code\":\"", $code, "\",\"message\":\"", $message, "\"}}"))
    };
}

pub const INDEX: Resource = Resource {
    forms: bodies::INDEX,
    name: "logs_index",
    path: "/api/v1/logs/config/indexes",
    routes: PUT,
    shape: Shape::Flat("name"),
    id: Id::Chosen("/name", str::to_owned),
    list: List { items: "indexes", ..List::DATA },
    answers: [Reply::Object(200), Reply::Object(200), Reply::Fixed(202, "")], // R 2, 2, 1
    effects: &[
        Effect::Fill("/num_retention_days", "15"), // R 1 of 1
        Effect::Code(daily_limit),
        Effect::Always("/is_rate_limited", "false"),
        Effect::Fill("/exclusion_filters", "[]"),
        Effect::Fill("/num_flex_logs_retention_days", "0"), // R 4 of 4
    ],
    refuses: &[
        Refusal(
            CREATE_ONLY,
            "/name",
            Test::Missing,
            coded!(400, "InvalidArgument", "Field 'name' is required"),
        ), // ?
        Refusal(
            WRITES,
            "/filter",
            Test::Missing,
            coded!(400, "InvalidArgument", "Field 'filter' is required"),
        ), // ?
        // O, LogsExclusion and LogsExclusionFilter; the words are ours.
        Refusal(
            WRITES,
            "/exclusion_filters/*/name",
            Test::Missing,
            coded!(400, "InvalidArgument", "Exclusion filters need a 'name'"),
        ),
        Refusal(
            WRITES,
            "/exclusion_filters/*/filter/sample_rate",
            Test::Missing,
            coded!(400, "InvalidArgument", "Exclusion filters need a 'sample_rate'"),
        ),
        Refusal(CREATE_ONLY, "", Test::Exists, coded!(400, "InvalidArgument", "Index '{id}' already exists")), // ?
        // O: the name of a deleted index can't be used again; the words are ours.
        Refusal(
            CREATE_ONLY,
            "/name",
            Test::Code(|draft| draft.world.store("logs_index_gone").get(draft.id).is_some()),
            coded!(400, "InvalidArgument", "Index '{id}' was deleted: its name can't be used again"),
        ),
        Refusal(
            UPDATE_ONLY,
            "/name",
            Test::OtherId,
            coded!(400, "InvalidArgument", "Field 'name' can't be changed"),
        ), // O
    ],
    missing: &[(BY_ID, coded!(404, "NotFound", "No such index"))], // R 1
    built_in: &[r#"{"name":"main","filter":{"query":""},"num_retention_days":15,"daily_limit":null,
        "is_rate_limited":false,"daily_limit_reset":null,"daily_limit_warning_threshold_percentage":null,
        "exclusion_filters":[],"num_flex_logs_retention_days":0}"#],
    grave: Some("logs_index_gone"),
    // KINDS.md §2.3.
    quota: Some(Limit { requests: 10, period: 300 }),
    ..Resource::V1
};

pub const INDEX_GONE: Resource =
    Resource { name: "logs_index_gone", shape: Shape::Flat("name"), ..Resource::V1 };

/// The quota ends only where it is said so (R 7 of 7); left out of a PUT it is kept (O, field text).
fn daily_limit(object: &mut Value, moment: &Moment) {
    let Value::Object(index) = object else { return };
    let ends = index.shift_remove("disable_daily_limit") == Some(Value::Bool(true));
    let kept = !ends && !index.contains_key("daily_limit");
    for name in ["daily_limit", "daily_limit_reset", "daily_limit_warning_threshold_percentage"] {
        let before = moment.before.and_then(|before| before.get(name)).filter(|_| kept);
        let own = index.get(name).filter(|_| !ends);
        let value = own.or(before).cloned().unwrap_or_default();
        index.insert(name.to_owned(), value);
    }
}

pub const INDEX_ORDER: Resource = Resource {
    name: "logs_index_order",
    path: "/api/v1/logs/config/index-order",
    routes: ORDER,
    order: Some(Order {
        of: "logs_index",
        ids: ("/index_names", ""),
        shown: r#"{"index_names": "{ids}"}"#,
        changed: None,
        // S, P: all of them; the words are ours.
        forgotten: Some(coded!(400, "InvalidArgument", "Index '{id}' is missing in the order")),
        stranger: coded!(400, "InvalidArgument", "No such index '{id}'"),
        place: None,
    }),
    ..Resource::V1
};

const ORDER: &[Route] = &[Route::new("GET", "", Does::ReadOrder), Route::new("PUT", "", Does::Reorder)];

pub const PIPELINE: Resource = Resource {
    forms: bodies::PIPELINE,
    name: "logs_pipeline",
    path: "/api/v1/logs/config/pipelines",
    routes: PUT,
    list: List { items: "", ..List::DATA },
    answers: [Reply::Object(200), Reply::Object(200), Reply::Fixed(200, "{}")],
    effects: PIPELINE_EFFECTS,
    refuses: &[
        Refusal(
            CREATE_ONLY,
            "/name",
            Test::Missing,
            coded!(400, "InvalidArgument", "Field 'name' is required"),
        ), // ?
        // O, TargetFormatType; the words are ours.
        Refusal(
            WRITES,
            "/processors/*/target_format",
            Test::NotOneOf(FORMATS),
            coded!(400, "InvalidArgument", "'{value}' is not a target format"),
        ),
        Refusal(
            WRITES,
            "/processors/*/processors/*/target_format",
            Test::NotOneOf(FORMATS),
            coded!(400, "InvalidArgument", "'{value}' is not a target format"),
        ),
        // KINDS.md §7: integration pipelines aren't changed; the words are ours.
        Refusal(
            UPDATE_ONLY + DELETE_ONLY,
            "/is_read_only",
            Test::Stored("true"),
            coded!(404, "NotFound", "Non existing pipeline"),
        ),
    ],
    missing: &[(BY_ID, coded!(400, "InvalidArgument", "Non existing pipeline"))], // R 2 of 2
    built_in: &[r#"{"id":"integration-pipeline-1","type":"pipeline","name":"Nginx","is_enabled":true,
        "is_read_only":true,"filter":{"query":"source:nginx"},"processors":[],"tags":[]}"#],
    ..Resource::V1
};

const FORMATS: &[&str] = &["auto", "string", "integer", "double"];

/// R 19 of 19; each default as often as its processor was made.
const PIPELINE_EFFECTS: &[Effect] = &[
    Effect::Always("/type", r#""pipeline""#),
    Effect::Always("/is_read_only", "false"),
    Effect::Fill("/is_enabled", "false"), // R 17 of 17
    Effect::Sorted("/tags"),              // R 8 of 8
    Effect::Fill("/processors", "[]"),
    Effect::Fill("/processors/*/[type=pipeline]/processors", "[]"),
    Effect::Fill("/processors/*/[type=grok-parser]/samples", "[]"),
    Effect::Fill("/processors/*/processors/*/[type=grok-parser]/samples", "[]"),
    Effect::Fill("/processors/*/[type=geo-ip-parser]/ip_processing_behavior", r#""do-nothing""#),
    // O at both depths; R 1 of 1 in an array-map-processor.
    Effect::Fill("/processors/*/[type=attribute-remapper]/preserve_source", "false"),
    Effect::Fill("/processors/*/processors/*/[type=attribute-remapper]/preserve_source", "false"),
    Effect::Fill("/processors/*/[type=attribute-remapper]/override_on_conflict", "false"),
    Effect::Fill("/processors/*/processors/*/[type=attribute-remapper]/override_on_conflict", "false"),
    Effect::Fill("/processors/*/[type=string-builder-processor]/is_replace_missing", "false"),
    Effect::Fill("/processors/*/processors/*/[type=string-builder-processor]/is_replace_missing", "false"),
    Effect::Fill("/processors/*/[type=arithmetic-processor]/is_replace_missing", "false"),
    Effect::Fill("/processors/*/processors/*/[type=arithmetic-processor]/is_replace_missing", "false"),
    Effect::Fill("/processors/*/[type=array-map-processor]/preserve_source", "true"),
    Effect::Fill("/processors/*/[type=array-processor]/operation/[type=append]/preserve_source", "true"),
    Effect::Fill(
        "/processors/*/[type=array-processor]/operation/[type=key-value]/override_on_conflict",
        "false",
    ),
    Effect::Fill("/processors/*/schema/extensions", "[]"),
    Effect::Fill("/processors/*/mappers/*/[type=schema-category-mapper]/fallback", "{}"),
    Effect::Fill("/processors/*/mappers/*/[type=schema-category-mapper]/fallback/values", "{}"),
    Effect::Fill("/processors/*/mappers/*/[type=schema-category-mapper]/fallback/sources", "{}"),
    Effect::Fill("/processors/*/mappers/*/[type=schema-remapper]/override_on_conflict", "false"),
    Effect::Fill("/processors/*/mappers/*/[type=schema-remapper]/preserve_source", "false"),
];

pub const PIPELINE_ORDER: Resource = Resource {
    name: "logs_pipeline_order",
    path: "/api/v1/logs/config/pipeline-order",
    routes: ORDER,
    order: Some(Order {
        of: "logs_pipeline",
        ids: ("/pipeline_ids", ""),
        shown: r#"{"pipeline_ids": "{ids}"}"#, // X 2 of 2
        changed: None,
        // P: 422; the words are ours.
        forgotten: Some(coded!(422, "InvalidArgument", "Pipeline '{id}' is missing in the order")),
        stranger: coded!(422, "InvalidArgument", "Non existing pipeline"),
        place: None,
    }),
    ..Resource::V1
};

const NO_BUCKET: Words = Words(400, "The destination is incomplete");

/// No create was recorded here: from older answers and other programs' tests (KINDS.md §4).
pub const ARCHIVE: Resource = Resource {
    forms: bodies::ARCHIVE,
    name: "logs_archive",
    path: "/api/v2/logs/config/archives",
    routes: PUT,
    shape: Shape::Data("archives"),
    id: Id::Short,
    update: Keeps::Nothing,
    words: &["/name"],
    effects: &[
        Effect::Always("/state", r#""UNKNOWN""#),
        Effect::Fill("/include_tags", "false"),
        Effect::Fill("/rehydration_tags", "[]"),
        Effect::Fill("/lookup_attributes", "[]"),
        Effect::Fill("/partitioning_attributes", "[]"),
    ],
    refuses: &[
        Refusal(WRITES, "/name", Test::Missing, Words(400, "The parameter 'name' is required")), // ?
        Refusal(WRITES, "/query", Test::Missing, Words(400, "The parameter 'query' is required")), // ?
        Refusal(WRITES, "/destination", Test::Missing, Words(400, "The parameter 'destination' is required")), // ?
        // O, LogsArchiveCreateRequestDestination and what it may be; the words are ours.
        Refusal(WRITES, "/destination/type", Test::Missing, NO_BUCKET),
        Refusal(WRITES, "/destination/type", Test::NotOneOf(&["s3", "gcs", "azure"]), NO_BUCKET),
        Refusal(WRITES, "/destination/integration", Test::Missing, NO_BUCKET),
        Refusal(WRITES, "/destination/[type=s3]/bucket", Test::Missing, NO_BUCKET),
        Refusal(WRITES, "/destination/[type=gcs]/bucket", Test::Missing, NO_BUCKET),
        Refusal(WRITES, "/destination/[type=azure]/container", Test::Missing, NO_BUCKET),
        Refusal(WRITES, "/destination/[type=azure]/storage_account", Test::Missing, NO_BUCKET),
        Refusal(WRITES, "/destination/encryption/type", Test::Missing, NO_BUCKET),
        Refusal(
            WRITES,
            "/destination/encryption/type",
            Test::NotOneOf(&["NO_OVERRIDE", "SSE_S3", "SSE_KMS"]),
            NO_BUCKET,
        ),
        Refusal(
            WRITES,
            "/compression_method",
            Test::NotOneOf(&["GZIP", "ZSTD"]),
            Words(400, "'{value}' is not a compression method"),
        ),
        Refusal(WRITES, "/name", Test::Taken, Words(400, "Archive with name '{value}' already exists")), // S
    ],
    missing: &[(BY_ID, Words(404, "Archive {id} not found"))], // ?
    ..Resource::V2
};

pub const ARCHIVE_ORDER: Resource = Resource {
    name: "logs_archive_order",
    path: "/api/v2/logs/config/archive-order",
    routes: ORDER,
    order: Some(Order {
        of: "logs_archive",
        ids: ("/data/attributes/archive_ids", ""),
        shown: r#"{"data": {"type": "archive_order", "attributes": {"archive_ids": "{ids}"}}}"#, // R 11 of 11
        changed: None,
        forgotten: Some(Words(422, "Missing order for archive {id}")), // R 3 of 3
        stranger: Words(422, "Archive {id} not found"),                // ?
        place: None,
    }),
    ..Resource::V1
};

const NO_DESTINATION: Words = Words(400, "The parameter 'forwarder_destination' is required"); // R 1

pub const DESTINATION: Resource = Resource {
    forms: bodies::DESTINATION,
    name: "log_destination",
    path: "/api/v2/logs/config/custom-destinations",
    shape: Shape::Data("custom_destination"),
    effects: &[
        Effect::Fill("/enabled", "true"),
        Effect::Fill("/query", r#""""#),
        Effect::Fill("/forward_tags", "true"),
        Effect::Fill("/forward_tags_restriction_list", "[]"), // R 10 of 10
        Effect::Fill("/forward_tags_restriction_list_type", r#""ALLOW_LIST""#), // R 9 of 9
        Effect::Secret("/forwarder_destination/access_token"), // R 14 of 14
        Effect::Secret("/forwarder_destination/auth/username"), // R 8 of 8
        Effect::Secret("/forwarder_destination/auth/password"),
        Effect::Secret("/forwarder_destination/auth/header_value"),
    ],
    refuses: &[
        Refusal(CREATE_ONLY, "/forwarder_destination", Test::Missing, NO_DESTINATION),
        Refusal(CREATE_ONLY, "/name", Test::Missing, Words(400, "The parameter 'name' is required")), // ?
        Refusal(
            WRITES,
            "/forwarder_destination/sourcetype",
            Test::Code(|draft| {
                let kind = draft.sent.pointer("/forwarder_destination/sourcetype");
                kind.is_some_and(|kind| !kind.is_null() && !kind.is_string())
            }),
            Words(
                400,
                r#"["Invalid custom destination configuration","Sourcetype must be a string or null"]"#,
            ), // R 1
        ),
        Refusal(
            WRITES,
            "/forward_tags_restriction_list_type",
            Test::NotOneOf(&["ALLOW_LIST", "BLOCK_LIST"]),
            Words(400, "Internal error"), // R 1
        ),
    ],
    missing: &[(BY_ID, Words(404, "NotFound"))], // R 13 of 13
    ..Resource::V2
};
