//! Which forms the service takes in bodies of the second API, and of what is small: OpenAPI. Nobody recorded the words in
//! which it refuses others.

use crate::sandbox::forms::Form::{
    self, Flag, List, Mapping, Needed, NeededIn, Number, Text, Texts, Whole, Word, Words,
};

type Table = &'static [(&'static str, Form)];

pub const INDEX: Table = &[
    ("/daily_limit", Whole),
    ("/exclusion_filters", List),
    ("/exclusion_filters/*", Mapping),
    ("/exclusion_filters/*/name", Needed),
    ("/exclusion_filters/*/name", Text),
    ("/exclusion_filters/*/is_enabled", Flag),
    ("/exclusion_filters/*/filter", Mapping),
    ("/exclusion_filters/*/filter/query", Text),
    ("/exclusion_filters/*/filter/sample_attribute", Text),
    ("/exclusion_filters/*/filter/sample_rate", Needed),
    ("/exclusion_filters/*/filter/sample_rate", Number),
    ("/filter", Mapping),
    ("/filter/query", Text),
    ("/num_flex_logs_retention_days", Whole),
    ("/num_retention_days", Whole),
    ("/tags", Texts),
];

/// Of a pipeline, and of one in it.
macro_rules! processors {
    ($($at:literal)*) => { &[
        ("/description", Text),
        ("/filter", Mapping),
        ("/filter/query", Text),
        ("/is_enabled", Flag),
        ("/name", Text),
        ("/processors", List),
        ("/tags", Texts),
        $(
            ($at, Mapping),
            (concat!($at, "/type"), Needed),
            (concat!($at, "/is_enabled"), Flag),
            (concat!($at, "/name"), Text),
            (concat!($at, "/source_type"), Word(&["attribute", "tag"])),
            (concat!($at, "/target_type"), Word(&["attribute", "tag"])),
            (concat!($at, "/target_format"), Word(&["auto", "string", "integer", "double"])),
            (concat!($at, "/override_on_conflict"), Flag),
            (concat!($at, "/preserve_source"), Flag),
            (concat!($at, "/binary_to_text_encoding"), Word(&["base64", "base16"])),
            (concat!($at, "/input_representation"), Word(&["utf_8", "integer"])),
            (concat!($at, "/operation/type"), Needed),
            (concat!($at, "/operation/type"), Word(&["append", "length", "select", "key-value"])),
        )*
    ] };
}

pub const PIPELINE: Table = processors!("/processors/*" "/processors/*/processors/*");

pub const ARCHIVE: Table = &[
    ("/compression_method", Word(&["GZIP", "ZSTD"])),
    ("/destination", Mapping),
    ("/destination/bucket", NeededIn(&["gcs", "s3"])),
    ("/destination/bucket", Text),
    ("/destination/container", NeededIn(&["azure"])),
    ("/destination/storage_account", NeededIn(&["azure"])),
    ("/destination/encryption", Mapping),
    ("/destination/encryption/type", Needed),
    ("/destination/encryption/type", Word(&["NO_OVERRIDE", "SSE_S3", "SSE_KMS"])),
    ("/destination/integration", Needed),
    ("/destination/integration", Mapping),
    ("/destination/path", Text),
    (
        "/destination/storage_class",
        Word(&["STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"]),
    ),
    ("/destination/type", Needed),
    ("/destination/type", Word(&["azure", "gcs", "s3"])),
    ("/include_tags", Flag),
    ("/name", Text),
    ("/query", Text),
    ("/rehydration_max_scan_size_in_gb", Whole),
    ("/rehydration_tags", Texts),
];

pub const DESTINATION: Table = &[
    ("/enabled", Flag),
    ("/forward_tags", Flag),
    ("/forward_tags_restriction_list", Texts),
    ("/forward_tags_restriction_list_type", Word(&["ALLOW_LIST", "BLOCK_LIST"])),
    ("/forwarder_destination", Mapping),
    ("/forwarder_destination/type", Needed),
    ("/forwarder_destination/type", Word(&["http", "splunk_hec", "elasticsearch", "microsoft_sentinel"])),
    ("/forwarder_destination/access_token", NeededIn(&["splunk_hec"])),
    ("/forwarder_destination/access_token", Text),
    ("/forwarder_destination/auth", NeededIn(&["http", "elasticsearch"])),
    ("/forwarder_destination/auth", Mapping),
    ("/forwarder_destination/auth/type", Word(&["basic", "custom_header"])),
    ("/forwarder_destination/auth/header_name", NeededIn(&["custom_header"])),
    ("/forwarder_destination/auth/header_value", NeededIn(&["custom_header"])),
    ("/forwarder_destination/auth/password", NeededIn(&["basic"])),
    ("/forwarder_destination/auth/username", NeededIn(&["basic"])),
    ("/forwarder_destination/endpoint", NeededIn(&["http", "splunk_hec", "elasticsearch"])),
    ("/forwarder_destination/endpoint", Text),
    ("/forwarder_destination/index_name", NeededIn(&["elasticsearch"])),
    ("/forwarder_destination/index_name", Text),
    ("/forwarder_destination/client_id", NeededIn(&["microsoft_sentinel"])),
    ("/forwarder_destination/client_id", Text),
    ("/forwarder_destination/data_collection_endpoint", NeededIn(&["microsoft_sentinel"])),
    ("/forwarder_destination/data_collection_endpoint", Text),
    ("/forwarder_destination/data_collection_rule_id", NeededIn(&["microsoft_sentinel"])),
    ("/forwarder_destination/data_collection_rule_id", Text),
    ("/forwarder_destination/stream_name", NeededIn(&["microsoft_sentinel"])),
    ("/forwarder_destination/stream_name", Text),
    ("/forwarder_destination/tenant_id", NeededIn(&["microsoft_sentinel"])),
    ("/forwarder_destination/tenant_id", Text),
    ("/name", Text),
    ("/query", Text),
];

pub const RUM_METRIC: Table = &[
    ("/compute", Mapping),
    ("/compute/aggregation_type", Word(&["count", "distribution"])),
    ("/compute/include_percentiles", Flag),
    ("/compute/path", Text),
    ("/event_type", Word(&["session", "view", "action", "error", "resource", "long_task", "vital"])),
    ("/filter", Mapping),
    ("/filter/query", Needed),
    ("/filter/query", Text),
    ("/group_by", List),
    ("/group_by/*", Mapping),
    ("/group_by/*/path", Needed),
    ("/group_by/*/path", Text),
    ("/group_by/*/tag_name", Text),
    ("/uniqueness", Mapping),
    ("/uniqueness/when", Needed),
    ("/uniqueness/when", Word(&["match", "end"])),
];

pub const METRIC_TAG: Table = &[
    ("/aggregations", List),
    ("/aggregations/*", Mapping),
    ("/aggregations/*/space", Needed),
    ("/aggregations/*/time", Needed),
    ("/exclude_tags_mode", Flag),
    ("/include_percentiles", Flag),
    ("/metric_type", Word(&["gauge", "count", "rate", "distribution"])),
    ("/tags", Texts),
];

pub const DOWNTIME: Table = &[
    ("/display_timezone", Text),
    ("/message", Text),
    ("/monitor_identifier", Mapping),
    ("/monitor_identifier/monitor_id", Whole),
    ("/monitor_identifier/monitor_tags", Texts),
    ("/mute_first_recovery_notification", Flag),
    ("/notify_end_states", Words(&["alert", "no data", "warn"])),
    ("/notify_end_types", Words(&["canceled", "expired"])),
    ("/schedule", Mapping),
    ("/schedule/end", Text),
    ("/schedule/recurrences", List),
    ("/schedule/recurrences/*", Mapping),
    ("/schedule/recurrences/*/duration", Needed),
    ("/schedule/recurrences/*/duration", Text),
    ("/schedule/recurrences/*/rrule", Needed),
    ("/schedule/recurrences/*/rrule", Text),
    ("/schedule/recurrences/*/start", Text),
    ("/schedule/start", Text),
    ("/schedule/timezone", Text),
    ("/scope", Text),
];

pub const NOTIFICATION_RULE: Table = &[
    ("/bundle_config", Mapping),
    ("/bundle_config/duration", Needed),
    ("/bundle_config/duration", Whole),
    ("/conditional_recipients", Mapping),
    ("/conditional_recipients/conditions", Needed),
    ("/conditional_recipients/conditions", List),
    ("/conditional_recipients/conditions/*", Mapping),
    ("/conditional_recipients/conditions/*/recipients", Needed),
    ("/conditional_recipients/conditions/*/recipients", Texts),
    ("/conditional_recipients/conditions/*/scope", Needed),
    ("/conditional_recipients/conditions/*/scope", Text),
    ("/conditional_recipients/fallback_recipients", Texts),
    ("/filter", Mapping),
    ("/filter/scope", Text),
    ("/filter/tags", Texts),
    ("/name", Text),
    ("/recipients", Texts),
];

pub const MONITOR_POLICY: Table = &[
    ("/policy", Mapping),
    ("/policy/max_duration_ms", Whole),
    ("/policy/tag_key", Text),
    ("/policy/tag_key_required", Flag),
    ("/policy/valid_tag_values", Texts),
];

pub const CORRECTION: Table = &[
    ("/category", Word(&["Scheduled Maintenance", "Outside Business Hours", "Deployment", "Other"])),
    ("/description", Text),
    ("/duration", Whole),
    ("/end", Whole),
    ("/rrule", Text),
    ("/start", Whole),
    ("/timezone", Text),
];

pub const POLICY: Table = &[
    ("/bindings", List),
    ("/bindings/*", Mapping),
    ("/bindings/*/principals", Needed),
    ("/bindings/*/principals", Texts),
    ("/bindings/*/relation", Needed),
    ("/bindings/*/relation", Text),
];

pub const RETENTION_FILTER: Table = &[
    ("/enabled", Flag),
    ("/filter", Mapping),
    ("/filter/query", Needed),
    ("/filter/query", Text),
    ("/name", Text),
    ("/rate", Number),
    ("/trace_rate", Number),
];

pub const SCANNER_GROUP: Table = &[
    ("/description", Text),
    ("/filter", Mapping),
    ("/filter/query", Text),
    ("/is_enabled", Flag),
    ("/name", Text),
    ("/product_list", Words(&["logs", "rum", "events", "apm"])),
    ("/samplings", List),
    ("/samplings/*", Mapping),
    ("/samplings/*/product", Needed),
    ("/samplings/*/product", Word(&["logs", "rum", "events", "apm"])),
    ("/samplings/*/rate", Needed),
    ("/samplings/*/rate", Number),
];

pub const SCANNER_RULE: Table = &[
    ("/description", Text),
    ("/excluded_namespaces", Texts),
    ("/included_keyword_configuration", Mapping),
    ("/included_keyword_configuration/character_count", Needed),
    ("/included_keyword_configuration/character_count", Whole),
    ("/included_keyword_configuration/keywords", Needed),
    ("/included_keyword_configuration/keywords", Texts),
    ("/included_keyword_configuration/use_recommended_keywords", Flag),
    ("/is_enabled", Flag),
    ("/name", Text),
    ("/namespaces", Texts),
    ("/pattern", Text),
    ("/priority", Whole),
    ("/tags", Texts),
    ("/text_replacement", Mapping),
    ("/text_replacement/number_of_chars", Whole),
    ("/text_replacement/replacement_string", Text),
    ("/text_replacement/should_save_match", Flag),
    ("/text_replacement/type", Needed),
    (
        "/text_replacement/type",
        Word(&[
            "none",
            "hash",
            "replacement_string",
            "partial_replacement_from_beginning",
            "partial_replacement_from_end",
        ]),
    ),
];

pub const TEAM: Table = &[
    ("/banner", Whole),
    ("/description", Text),
    ("/handle", Text),
    ("/hidden_modules", Texts),
    ("/name", Text),
    ("/visible_modules", Texts),
];

pub const WEBHOOK: Table = &[
    ("/custom_headers", Text),
    ("/encode_as", Word(&["json", "form"])),
    ("/name", Text),
    ("/payload", Text),
    ("/url", Text),
];

pub const WEBHOOK_VARIABLE: Table = &[("/is_secret", Flag), ("/name", Text), ("/value", Text)];

pub const DASHBOARD_LIST: Table = &[("/name", Text)];

pub const LIST_ITEMS: Table = &[
    ("/dashboards", List),
    ("/dashboards/*", Mapping),
    ("/dashboards/*/id", Needed),
    ("/dashboards/*/id", Text),
    ("/dashboards/*/type", Needed),
    (
        "/dashboards/*/type",
        Word(&[
            "custom_timeboard",
            "custom_screenboard",
            "integration_screenboard",
            "integration_timeboard",
            "host_timeboard",
        ]),
    ),
];
