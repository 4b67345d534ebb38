//! Security monitoring: suppressions, filters, critical assets, who is notified; rules of the firewall.

use serde_json::{Value, json};

use super::{bodies, security_bodies};
use crate::sandbox::ids;
use crate::sandbox::resource::{
    BY_ID, CREATE_ONLY, Clock, DELETE_ONLY, Does, Effect, Id, Keeps, Moment, PATCH, PUT, Refusal, Reply,
    Resource, Route, Shape, Test, UPDATE_ONLY, WRITES, Words,
};

const PERSON: &str = r#"{"handle": "sandbox@example.com", "name": "Sandbox"}"#;
/// O: somebody else wrote in between.
const STALE: Words =
    Words(409, "conflict(Field 'data.attributes.version' is invalid: the version is outdated)");

pub const SUPPRESSION: Resource = Resource {
    forms: security_bodies::SUPPRESSION,
    name: "suppression",
    path: "/api/v2/security_monitoring/configuration/suppressions",
    routes: PATCH,
    more: &[Route::new("POST", "/validation", Does::Validate), Route::new("POST", "/rules", Does::Elsewhere)],
    shape: Shape::Data("suppressions"),
    id: Id::Letters,
    effects: &[
        Effect::Fill("/data_exclusion_query", r#""""#), // R 18 of 18
        Effect::Fill("/suppression_query", r#""""#),    // R 1
        Effect::Fill("/description", r#""""#),          // R 1
        Effect::Fill("/tags", "[]"),                    // R 5 of 5
        Effect::Sorted("/tags"),                        // R 13 of 22 in another order
        Effect::DropAs("/start_date", "null"),          // R 1
        Effect::DropAs("/expiration_date", "null"),
        Effect::Made("/creator", PERSON),
        Effect::Created("/creation_date", Clock::Millis),
        Effect::Always("/updater", PERSON),
        Effect::Modified("/update_date", Clock::Millis),
        Effect::Always("/editable", "true"),
        Effect::Counted("/version", 1), // R 19 of 19
    ],
    refuses: &[
        Refusal(
            BY_ID,
            "",
            Test::BadId(|id| id.split('-').map(str::len).eq([3, 3, 3])),
            Words(404, "Not found"),
        ), // R 1
        Refusal(UPDATE_ONLY, "/version", Test::Changed, STALE),
        Refusal(
            WRITES,
            "/rule_query",
            // R 1: a bracket that isn't closed.
            Test::Code(|draft| {
                let query = draft.sent["rule_query"].as_str().unwrap_or_default();
                query.matches('[').count() != query.matches(']').count()
            }),
            Words(
                400,
                "input_validation_error(Field 'data.attributes.rule_query' is invalid: rule query is invalid)",
            ),
        ),
        Refusal(
            CREATE_ONLY,
            "/name",
            Test::Missing,
            Words(400, "input_validation_error(Field 'data.attributes.name' is invalid: name is required)"),
        ), // ?
        Refusal(
            CREATE_ONLY,
            "/rule_query",
            Test::Missing,
            Words(
                400,
                "input_validation_error(Field 'data.attributes.rule_query' is invalid: rule query is required)",
            ),
        ), // ?
    ],
    missing: &[(BY_ID, Words(404, "not_found(Suppression with ID {id} not found)"))], // R 7 of 7
    ..Resource::V2
};

pub const SECURITY_FILTER: Resource = Resource {
    forms: security_bodies::SECURITY_FILTER,
    name: "security_filter",
    path: "/api/v2/security_monitoring/configuration/security_filters",
    shape: Shape::Data("security_filters"),
    id: Id::Letters,
    effects: &[
        Effect::Made("/is_builtin", "false"),
        Effect::Counted("/version", 1), // R 5 of 5, then R 2 of 2
    ],
    refuses: &[
        Refusal(UPDATE_ONLY, "/version", Test::Changed, STALE),
        // O: built-in filters stay; the words are ours.
        Refusal(
            DELETE_ONLY,
            "/is_builtin",
            Test::Stored("true"),
            Words(400, "A built-in security filter can't be deleted"),
        ),
    ],
    missing: &[(BY_ID, Words(404, "not_found(Security filter with id '{id}' not found)"))], // R 2
    built_in: &[r#"{"id":"all-ing-est","type":"security_filters","attributes":{"name":"all ingested logs",
        "query":"*","is_enabled":true,"exclusion_filters":[],"filtered_data_type":"logs","is_builtin":true,
        "version":1}}"#],
    ..Resource::V2
};

pub const CRITICAL_ASSET: Resource = Resource {
    forms: security_bodies::CRITICAL_ASSET,
    name: "critical_asset",
    path: "/api/v2/security_monitoring/configuration/critical_assets",
    shape: Shape::Data("critical_assets"),
    effects: &[
        Effect::Fill("/enabled", "true"), // R 4 of 4
        Effect::Made("/creator", PERSON),
        Effect::Made("/creation_author_id", "1"),
        Effect::Created("/creation_date", Clock::Millis),
        Effect::Always("/updater", PERSON),
        Effect::Always("/update_author_id", "1"),
        Effect::Modified("/update_date", Clock::Millis),
        Effect::Always("/editable", "true"),
        Effect::Counted("/version", 1), // R 4 of 4, R 1
    ],
    refuses: &[Refusal(UPDATE_ONLY, "/version", Test::Changed, STALE)],
    missing: &[(BY_ID, Words(404, "not_found(Critical asset with ID {id} not found)"))], // R 5 of 5
    ..Resource::V2
};

pub const SIGNAL_RULE: Resource = Resource {
    forms: security_bodies::SECURITY_NOTIFICATION,
    name: "signal_notification_rule",
    path: "/api/v2/security/signals/notification_rules",
    shape: Shape::Data("notification_rules"),
    id: Id::Letters,
    answers: [Reply::Object(201), Reply::Object(200), Reply::Fixed(204, "")],
    effects: &[
        Effect::Fill("/time_aggregation", "0"), // R 5 of 5
        Effect::Fill("/enabled", "true"),       // P
        Effect::Made("/created_by", PERSON),
        Effect::Created("/created_at", Clock::Millis),
        Effect::Always("/modified_by", PERSON),
        Effect::Modified("/modified_at", Clock::Millis),
        Effect::Counted("/version", 1), // R 15 of 15, R 2 of 2
    ],
    refuses: &[
        Refusal(
            UPDATE_ONLY,
            "/version",
            Test::Missing,
            Words(
                400,
                "input_validation_error(Field 'data.attributes.version' is invalid: Specify the notification rule version to update, it cannot be 0.)", // R 2
            ),
        ),
        Refusal(UPDATE_ONLY, "/version", Test::Changed, STALE),
    ],
    missing: &[(BY_ID, Words(404, "not_found(Notification rule with id '{id}' not found)"))], // R 12 of 12
    ..Resource::V2
};

pub const VULNERABILITY_RULE: Resource = Resource {
    name: "vulnerability_notification_rule",
    path: "/api/v2/security/vulnerabilities/notification_rules",
    ..SIGNAL_RULE
};

const BUSY: Words = Words(409, r#"[{"title":"another write is in progress","code":"409"}]"#); // P, the words are ours
const NO_ID: Words = Words(404, r#"[{"title":"id not found","code":"404"}]"#); // R 3

pub const WAF_RULE: Resource = Resource {
    forms: bodies::WAF_RULE,
    name: "waf_rule",
    path: "/api/v2/remote_config/products/asm/waf/custom_rules",
    routes: PUT,
    shape: Shape::Data("custom_rule"),
    update: Keeps::Nothing,
    answers: [Reply::Object(201), Reply::Object(200), Reply::Fixed(204, "")],
    effects: &[
        Effect::Fill("/conditions/*/parameters/options", "{}"), // R 4 of 4
        Effect::Code(rule_metadata),
    ],
    refuses: &[Refusal(
        WRITES,
        "/conditions/*/parameters/regex",
        Test::Code(|draft| {
            let rules = draft.sent["conditions"].as_array();
            rules.into_iter().flatten().any(|one| one["parameters"]["regex"] == "\\")
        }),
        Words(400, r#"[{"title":"failed to decode request","code":"400"}]"#), // R 1
    )],
    missing: &[(BY_ID, NO_ID)],
    serial: Some(BUSY),
    ..Resource::V2
};

pub const WAF_EXCLUSION: Resource = Resource {
    forms: security_bodies::WAF_EXCLUSION,
    name: "waf_exclusion",
    path: "/api/v2/remote_config/products/asm/waf/exclusion_filters",
    shape: Shape::Data("exclusion_filter"),
    answers: [Reply::Object(200), Reply::Object(200), Reply::Fixed(204, "")],
    effects: &[Effect::Code(exclusion_metadata), Effect::Always("/search_query", r#""""#)],
    refuses: &[
        Refusal(
            WRITES,
            "",
            Test::Code(|draft| draft.sent.get("event_query").is_some()),
            Words(400, r#"[{"title":"legacy exclusion filters cannot be created anymore","code":"400"}]"#), // R 2
        ),
        Refusal(
            WRITES,
            "",
            Test::Code(|draft| draft.sent["on_match"] == "monitor" && draft.sent.get("parameters").is_some()),
            Words(
                400,
                r#"[{"title":"only IPs are supported for monitored exclusion filters","code":"400"}]"#,
            ), // R 1
        ),
    ],
    ..WAF_RULE
};

/// Who made an exclusion and who changed it, and when (R 6 of 6, R 1).
fn exclusion_metadata(object: &mut Value, moment: &Moment) {
    let mut own =
        moment.before.map(|before| before["attributes"]["metadata"].clone()).unwrap_or_else(|| json!({}));
    if let Value::Object(own) = &mut own {
        own.shift_remove("added_by_name");
    }
    stamp(&mut own, moment);
    object["attributes"]["metadata"] = own;
}

/// Who wrote a rule last: a change forgets who made it (R 3 of 3, R 1).
fn rule_metadata(object: &mut Value, moment: &Moment) {
    let mut own = json!({});
    stamp(&mut own, moment);
    object["attributes"]["metadata"] = own;
}

fn stamp(metadata: &mut Value, moment: &Moment) {
    let time = ids::iso(moment.now);
    let time = time.get(..19).map(|time| format!("{time}Z"));
    let prefix = if moment.before.is_some() { "modified" } else { "added" };
    metadata[format!("{prefix}_at")] = json!(time);
    metadata[format!("{prefix}_by")] = json!("sandbox@example.com");
    metadata[format!("{prefix}_by_name")] = json!("Sandbox");
}
