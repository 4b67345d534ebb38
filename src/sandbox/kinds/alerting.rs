//! What surrounds monitors and SLOs: who is notified, tag policies, downtimes, corrections.

use serde_json::{Value, json};

use super::bodies;
use crate::sandbox::ids;
use crate::sandbox::resource::{
    BY_ID, CREATE_ONLY, Clock, DELETE_ONLY, Draft, Effect, Keeps, Lacks, List, Moment, Paging, READ, Refusal,
    Resource, Shape, Test, UPDATE_ONLY, Unit, WRITES, Words,
};

/// Writes alone show who made it, with the person beside (R 16 of 16).
const MAKER: &str =
    r#"{"created_by": {"data": {"type": "users", "id": "5a4db0c5-0000-4000-8000-000000000001"}}}"#;
const PEOPLE: &str = r#"{"included": [{
    "type": "users",
    "id": "5a4db0c5-0000-4000-8000-000000000001",
    "attributes": {"name": "Sandbox", "handle": "sandbox@example.com", "email": "sandbox@example.com"}
}]}"#;

const AT: Words = Words(400, "Invalid recipients: Recipient handle should not start with '@'"); // R 2

pub const NOTIFICATION_RULE: Resource = Resource {
    forms: bodies::NOTIFICATION_RULE,
    name: "notification_rule",
    path: "/api/v2/monitor/notification_rule",
    shape: Shape::Data("monitor-notification-rule"),
    // R 1 of 1: the recipients that a PATCH leaves out are gone.
    update: Keeps::Nothing,
    list: List {
        paging: Some(Paging { from: "page", size: "per_page", default: 100, most: 1000, unit: Unit::Pages }), // O
        ..List::DATA
    },
    lacks: Lacks { update: &[], write: &[], get: &["^/relationships"], list: &[] },
    beside: PEOPLE,
    effects: &[
        Effect::Created("/created_at", Clock::Iso),
        Effect::Modified("/modified_at", Clock::Iso),
        Effect::Always("^/relationships", MAKER),
    ],
    first: &[Effect::Always("/modified_at", r#""1970-01-01T00:00:00+00:00""#)], // R 14 of 16
    refuses: &[
        // O; the words are ours.
        Refusal(
            CREATE_ONLY,
            "/filter",
            Test::Code(|draft| has_none(draft, &["/filter/tags", "/filter/scope"])),
            Words(400, "Neither tags nor a scope in the filter"),
        ),
        // O; the words are ours.
        Refusal(
            CREATE_ONLY,
            "/recipients",
            Test::Code(|draft| has_none(draft, &["/recipients", "/conditional_recipients"])),
            Words(400, "Neither recipients nor conditional_recipients"),
        ),
        Refusal(WRITES, "/recipients/*", Test::StartsWith("@"), AT),
        Refusal(WRITES, "/conditional_recipients/conditions/*/recipients/*", Test::StartsWith("@"), AT),
        Refusal(WRITES, "/conditional_recipients/fallback_recipients/*", Test::StartsWith("@"), AT),
        Refusal(CREATE_ONLY, "/name", Test::Missing, Words(400, "'name' is a required property")), // ?
        Refusal(CREATE_ONLY, "/filter", Test::Missing, Words(400, "'filter' is a required property")), // ?
    ],
    missing: &[(BY_ID, Words(404, "Monitor Notification Rule not found"))], // R 4 of 4
    ..Resource::V2
};

pub const MONITOR_POLICY: Resource = Resource {
    forms: bodies::MONITOR_POLICY,
    name: "monitor_policy",
    path: "/api/v2/monitor/policy",
    shape: Shape::Data("monitor-config-policy"),
    update: Keeps::Members,
    refuses: &[
        // O; the words are ours.
        Refusal(
            CREATE_ONLY,
            "/policy",
            Test::Code(|draft| has_none(draft, &["/policy/tag_key", "/policy/max_duration_ms"])),
            Words(400, "The policy asks for nothing"),
        ),
        Refusal(BY_ID, "", Test::NotUuid, Words(400, "Invalid URL param: policy_id must be an uuid")), // R 1
        Refusal(
            UPDATE_ONLY,
            "",
            Test::OtherId,
            Words(422, "Policy id in request body does not match id in URL param"), // R 1
        ),
        Refusal(
            WRITES,
            "/policy_type",
            Test::NotOneOf(&["tag", "downtime"]),
            Words(400, "Value of parameter 'policy_type' should be any of these ['tag']"), // R 1
        ),
        Refusal(CREATE_ONLY, "/policy", Test::Missing, Words(400, "Required parameter 'policy' is missing")), // ?
    ],
    missing: &[
        (DELETE_ONLY, Words(404, "Monitor config policy not found")), // R 2 of 2
        (BY_ID, Words(404, "Monitor configuration policy not found")), // R 2 of 2
    ],
    ..Resource::V2 // R 11 of 11 echoed whole
};

pub const DOWNTIME: Resource = Resource {
    forms: bodies::DOWNTIME,
    name: "downtime",
    path: "/api/v2/downtime",
    shape: Shape::Data("downtime"),
    // A schedule is replaced: R 2 of 2.
    update: Keeps::Members,
    list: List {
        paging: Some(Paging {
            from: "page[offset]",
            size: "page[limit]",
            default: 30,
            most: 1000,
            unit: Unit::Items,
        }),
        beside: r#"{"meta": {"page": {"total_filtered_count": "{total}"}}}"#, // R 3 of 3
        ..List::DATA
    },
    lacks: Lacks { update: &[], write: &[], get: &["^/relationships"], list: &[] }, // R 9 of 9
    beside: PEOPLE,
    effects: &[
        Effect::Fill("/notify_end_states", r#"["alert", "no data", "warn"]"#), // R 7 of 7, in any order
        Effect::Fill("/notify_end_types", r#"["expired"]"#),                   // R 6 of 6
        Effect::Fill("/mute_first_recovery_notification", "false"),            // R 5 of 5
        Effect::Fill("/display_timezone", r#""UTC""#),                         // R 5 of 5
        Effect::Instead("/display_timezone", r#""""#, r#""UTC""#),             // R 1
        Effect::Fill("/message", "null"),                                      // R 2 of 2
        Effect::Fill("/canceled", "null"),
        Effect::Fill("/schedule", r#"{"start": null}"#), // O
        Effect::Created("/created", Clock::Iso),
        Effect::Modified("/modified", Clock::Iso),
        Effect::Always("^/relationships", MAKER),
        Effect::Code(scheduled),
    ],
    refuses: &[
        Refusal(BY_ID, "", Test::NotUuid, Words(400, "Invalid URL param: downtime_id must be an uuid")), // R 1
        Refusal(
            WRITES,
            "",
            Test::Unknown(DOWNTIME_FIELDS),
            Words(400, "Additional properties are not allowed ('{name}' was unexpected)"),
        ), // R 1
        Refusal(WRITES, "/scope", Test::Code(has_no_key), Words(400, "All values must have a key")), // R 1
        // datadog-sync-cli; the words before `duplicate` are ours.
        Refusal(
            CREATE_ONLY,
            "",
            Test::Like(like),
            Words(400, "This downtime is a duplicate of one or more existing downtimes: ['{value}']"),
        ),
        Refusal(CREATE_ONLY, "/scope", Test::Missing, Words(400, "'scope' is a required property")), // ?
        Refusal(
            CREATE_ONLY,
            "/monitor_identifier",
            Test::Missing,
            Words(400, "'monitor_identifier' is a required property"),
        ), // ?
        // O: one of two forms; the words are ours.
        Refusal(
            CREATE_ONLY,
            "/monitor_identifier",
            Test::Code(|draft| {
                let identifier = &draft.sent["monitor_identifier"];
                let tags = identifier["monitor_tags"].as_array().is_some_and(|tags| !tags.is_empty());
                identifier["monitor_id"].is_null() && !tags
            }),
            Words(400, "'monitor_identifier' is not valid under any of the given schemas"),
        ),
    ],
    missing: &[
        (DELETE_ONLY, Words(404, "Downtime {id} not found")), // R 1
        (READ + UPDATE_ONLY, Words(404, "Downtime not found")), // R 2
    ],
    // O: it stays in the list for two days; here for ever.
    ages: Some(over),
    ends: &[
        Effect::Modified("/canceled", Clock::Iso),
        Effect::Modified("/modified", Clock::Iso),
        Effect::Always("/status", r#""canceled""#),
    ],
    ..Resource::V2
};

/// O.
const DOWNTIME_FIELDS: &[&str] = &[
    "display_timezone",
    "message",
    "monitor_identifier",
    "mute_first_recovery_notification",
    "notify_end_states",
    "notify_end_types",
    "schedule",
    "scope",
    "status",
    "canceled",
    "created",
    "modified",
];

/// `*` is every group (R 1, the matches of a monitor).
fn has_no_key(draft: &Draft) -> bool {
    draft.sent["scope"].as_str().is_some_and(|scope| scope != "*" && !scope.contains(':'))
}

/// Another one that stands, of the same monitors and groups at the same times.
fn like(draft: &Draft) -> Option<String> {
    let sent = |name: &str| &draft.sent[name];
    let times = |attributes: &Value| {
        let time = |name: &str| {
            let time = attributes["schedule"][name].as_str();
            time.map(|time| time.strip_suffix('Z').map_or(time.to_owned(), |time| format!("{time}+00:00")))
        };
        (time("start"), time("end"), attributes["schedule"]["recurrences"].clone())
    };
    let (start, _, recurrences) = times(draft.sent);
    if start.is_none() && recurrences.is_null() {
        return None;
    }
    let is_like = |attributes: &Value| {
        attributes["status"] != "canceled"
            && ["scope", "monitor_identifier"].iter().all(|name| attributes[name] == *sent(name))
            && times(attributes) == times(draft.sent)
    };
    let found =
        draft.world.store(draft.resource.name).iter().find(|item| is_like(&item.value()["attributes"]));
    found.map(|item| item.id.clone())
}

/// One that is over says so.
fn over(object: &mut Value, now: i64) {
    let attributes = &mut object["attributes"];
    let passed = |time: &Value| time.as_str().is_some_and(|time| time.get(..19) <= ids::iso(now).get(..19));
    if attributes["status"] == "scheduled" && passed(&attributes["schedule"]["start"]) {
        attributes["status"] = json!("active");
    }
    if attributes["status"] != "canceled" && passed(&attributes["schedule"]["end"]) {
        attributes["status"] = json!("ended");
    }
}

/// When it begins and ends, whether it has begun, and the monitor that it is of.
fn scheduled(object: &mut Value, moment: &Moment) {
    let now = ids::iso(moment.now);
    let monitor = match &object["attributes"]["monitor_identifier"]["monitor_id"] {
        Value::Number(id) => json!({ "data": { "type": "monitor", "id": id.to_string() } }),
        _ => json!({ "data": null }),
    };
    object["relationships"]["monitor"] = monitor;
    let attributes = &mut object["attributes"];
    let mut start = None;
    if let Value::Object(schedule) = &mut attributes["schedule"] {
        let recurs = schedule.contains_key("recurrences");
        for recurrence in schedule.get_mut("recurrences").and_then(Value::as_array_mut).into_iter().flatten()
        {
            // A local time without its zone.
            if recurrence["start"].is_null() {
                recurrence["start"] = json!(now.get(..19));
            }
            start = start.or(recurrence["start"].as_str().map(str::to_owned));
        }
        if recurs {
            // R 2 of 2 for a day's length in UTC; other lengths and zones only get the start.
            schedule.insert("current_downtime".to_owned(), json!({ "start": start, "end": null }));
        } else {
            for name in ["start", "end"] {
                let given = schedule.get(name).and_then(Value::as_str);
                let time = given.map(|time| {
                    time.strip_suffix('Z').map_or(time.to_owned(), |time| format!("{time}+00:00"))
                });
                let time = time.or_else(|| (name == "start").then(|| now.clone()));
                schedule.insert(name.to_owned(), json!(time));
            }
            start = schedule.get("start").and_then(Value::as_str).map(str::to_owned);
        }
    }
    let is_active = start.is_none_or(|start| start.get(..19) <= now.get(..19));
    attributes["status"] = json!(if is_active { "active" } else { "scheduled" });
}

pub const SLO_CORRECTION: Resource = Resource {
    forms: bodies::CORRECTION,
    name: "slo_correction",
    path: "/api/v1/slo/correction",
    shape: Shape::Data("correction"),
    update: Keeps::Members,
    list: List {
        paging: Some(Paging { from: "offset", size: "limit", default: 25, most: 1000, unit: Unit::Items }), // O
        beside: r#"{"meta": {"page": {"total_count": "{total}", "total_filtered_count": "{total}"}}}"#,
        ..List::DATA
    },
    effects: &[
        Effect::Fill("/slo_id", "null"),   // R 2 of 2
        Effect::Fill("/end", "null"),      // R 2 of 2
        Effect::Fill("/rrule", "null"),    // R 8 of 8
        Effect::Fill("/duration", "null"), // R 8 of 8
        Effect::Created("/created_at", Clock::Seconds),
        Effect::Modified("/modified_at", Clock::Seconds),
        Effect::Made("/creator", USER),
        Effect::Always("/modifier", USER),
    ],
    // R 10 of 10: not yet known to the first answer.
    first: &[
        Effect::Always("/created_at", "null"),
        Effect::Always("/modified_at", "null"),
        Effect::Always("/modifier", "null"),
    ],
    refuses: &[
        // O; the words are ours.
        Refusal(
            CREATE_ONLY,
            "/slo_id",
            Test::Code(|draft| has_none(draft, &["/slo_id", "/slo_query"])),
            Words(400, "Neither slo_id nor slo_query"),
        ),
        Refusal(CREATE_ONLY, "/start", Test::Missing, Words(400, "Invalid payload: must specify start")), // ?
        Refusal(
            CREATE_ONLY,
            "/category",
            Test::Missing,
            Words(400, "Invalid payload: must specify category"),
        ), // ?
        // KINDS.md §4: a create with nulls is refused; the words are ours.
        Refusal(
            CREATE_ONLY,
            "",
            Test::Code(|draft| draft.sent.as_object().is_some_and(|sent| sent.values().any(Value::is_null))),
            Words(400, "Invalid payload: a field is null"),
        ),
    ],
    missing: &[(BY_ID, Words(404, "slo correction public id {id} not found"))], // R 1
    ..Resource::V2
};

const USER: &str = r#"{"data": {
    "type": "users",
    "id": "5a4db0c5-0000-4000-8000-000000000001",
    "attributes": {"handle": "sandbox@example.com", "email": "sandbox@example.com", "name": "Sandbox"}
}}"#;

/// Whether none of these fields says anything.
fn has_none(draft: &Draft, fields: &[&str]) -> bool {
    let is_empty = |value: &Value| {
        value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty) || *value == json!({})
    };
    fields.iter().all(|field| draft.sent.pointer(field).is_none_or(is_empty))
}
