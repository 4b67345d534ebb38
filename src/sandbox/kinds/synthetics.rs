//! Synthetic tests, each with a monitor of its own, and global variables.

use serde_json::{Value, json};

use super::content_bodies as bodies;
use crate::sandbox::call::{Answer, Call};
use crate::sandbox::ids;
use crate::sandbox::resource::{
    BY_ID, CREATE_ONLY, Clock, Does, Effect, Id, Keeps, Lacks, List, Moment, PUT, Paging, Refusal, Reply,
    Resource, Route, Shape, Test, Unit, Words,
};
use crate::sandbox::world::World;

const PERSON: &str =
    r#"{"name": "Sandbox", "handle": "sandbox@example.com", "email": "sandbox@example.com"}"#;

pub const SYNTHETICS_TEST: Resource = Resource {
    forms: bodies::SYNTHETICS_TEST,
    name: "synthetics_test",
    path: "/api/v1/synthetics/tests",
    routes: &[
        Route::new("GET", "", Does::List),
        Route::new("POST", "/{type}", Does::Create),
        Route::new("GET", "/{id}", Does::Summary),
        Route::new("GET", "/{type}/{id}", Does::Get),
        Route::new("PUT", "/{type}/{id}", Does::Update),
        Route::new(
            "POST",
            "/delete",
            Does::DeleteMany {
                ids: "/public_ids",
                each: r#"{"public_id": "{id}", "deleted_at": "{now}"}"#,
                shown: r#"{"deleted_tests": "{each}"}"#, // R 61 of 61
            },
        ),
    ],
    more: &[
        Route::new("", "/{id}/results", Does::Elsewhere),
        Route::new("", "/search", Does::Elsewhere),
        Route::new("", "/trigger", Does::Elsewhere),
        Route::new("", "/uptimes", Does::Elsewhere),
    ],
    shape: Shape::Flat("public_id"),
    id: Id::Letters,
    update: Keeps::Nothing,
    list: List {
        items: "tests",
        paging: Some(Paging {
            from: "page_number",
            size: "page_size",
            default: 100,
            most: 1000,
            unit: Unit::Pages,
        }),
        ..List::DATA
    },
    lacks: Lacks {
        update: &[],
        write: &["/creator"],
        get: &["/created_by", "/modified_by", "/org_id", "/stepCount"],
        list: &["/[type=browser]/steps", "/[type=mobile]/steps"],
    },
    effects: &[
        Effect::Fill("/[type=browser]/status", r#""paused""#), // R 3 of 3
        Effect::Fill("/status", r#""live""#),                  // R 24 of 24
        Effect::Fill("/tags", "[]"),                           // R 6 of 6
        Effect::Fill("/[type=mobile]/locations", r#"["aws:us-west-2"]"#), // R 7 of 7
        Effect::FillNew("/options/monitor_options/notify_audit", "false"), // R 15 of 15
        Effect::FillNew("/options/monitor_options/new_host_delay", "300"),
        Effect::FillNew("/options/monitor_options/include_tags", "true"),
        Effect::FillNew("/options/monitor_options/on_missing_data", r#""show_no_data""#),
        Effect::DropAs("/steps/*/hasNewStepElement", "false"), // R 6 of 6
        Effect::Identified("/[type=browser]/steps/*/public_id", Id::Letters), // R 30 of 30
        Effect::Identified("/[type=mobile]/steps/*/public_id", Id::Letters),
        Effect::Identified("/config/steps/*/id", Id::Letters), // R 65 of 65
        Effect::Secret("/config/request/certificate/cert/content"), // R 14 of 14
        Effect::Secret("/config/request/certificate/key/content"),
        Effect::Secret("/config/steps/*/request/certificate/cert/content"),
        Effect::Secret("/config/steps/*/request/certificate/key/content"),
        Effect::Code(uploaded),
        Effect::Secret("/config/variables/*/[secure=true]/example"), // R 3 of 3
        Effect::Secret("/config/variables/*/[secure=true]/pattern"),
        Effect::Secret("/config/configVariables/*/[secure=true]/example"), // R 1
        Effect::Secret("/config/configVariables/*/[secure=true]/pattern"),
        Effect::Code(counted),
        Effect::Created("/created_at", Clock::Iso),
        Effect::Modified("/modified_at", Clock::Iso),
        Effect::Made("/created_by", PERSON),
        Effect::Always("/modified_by", PERSON),
        Effect::Made("/creator", PERSON),
        Effect::Always("/org_id", "321000"),
    ],
    first: &[
        Effect::Always("/deleted_at", "null"), // R 61 of 61, 1 of 15 updates
        Effect::DropAs("/steps", "[]"),        // R 5 of 5
    ],
    refuses: &[
        Refusal(
            CREATE_ONLY,
            "/config/assertions",
            Test::Code(|draft| {
                draft.sent.pointer("/config/assertions") == Some(&json!([]))
                    && draft.sent.pointer("/options/tick_every").is_none()
            }),
            // R 1: two at once, each in a line.
            Words(
                400,
                "Minimum number of elements in parameter 'assertions' should be 1\nRequired parameter 'tick_every' is missing",
            ),
        ),
        Refusal(
            CREATE_ONLY,
            "/options/tick_every",
            Test::Missing,
            Words(400, "Required parameter 'tick_every' is missing"),
        ), // R 1
        Refusal(CREATE_ONLY, "/name", Test::Missing, Words(400, "Required parameter 'name' is missing")), // ?
    ],
    missing: &[(BY_ID, Words(404, "Synthetics test not found"))], // R 24 of 24
    after: Some(monitored),
    ..Resource::V1
};

/// Files are uploaded: a key stands in the place of their content (R 6 of 6).
fn uploaded(object: &mut Value, moment: &Moment) {
    let id = moment.id;
    for path in ["/config/request/files/*", "/config/steps/*/request/files/*", "/steps/*/params/files/*"] {
        crate::sandbox::effect::walk(object, path, &mut |file| {
            if let Value::Object(file) = file
                && file.shift_remove("content").is_some()
            {
                file.shift_remove("encoding");
                let time = ids::iso(moment.now);
                file.insert("bucketKey".to_owned(), json!(format!("upload-file/{id}/{time}.json")));
            }
        });
    }
}

/// The number of a browser or mobile test's steps, and the id of the monitor that it will have.
fn counted(object: &mut Value, moment: &Moment) {
    let steps = object["steps"].as_array().map_or(&[][..], Vec::as_slice);
    let of_type = |start: &str| {
        steps.iter().filter(|step| step["type"].as_str().is_some_and(|own| own.starts_with(start))).count()
    };
    let (total, assertions, subtests) = (steps.len(), of_type("assert"), of_type("playSubTest"));
    if object["type"] == "browser" || object["type"] == "mobile" {
        object["stepCount"] = json!({ "assertions": assertions, "subtests": subtests, "total": total });
    }
    let monitor = moment.before.map(|before| before["monitor_id"].clone());
    object["monitor_id"] = monitor.unwrap_or_else(|| json!(ids::monitor_id(moment.serial)));
}

/// The monitor of a test bears its tags, and goes with it (R 1: type, query, options, more tags).
fn monitored(world: &mut World, test: &Value, _: Option<&Value>) {
    let is_there =
        world.store("synthetics_test").get(test["public_id"].as_str().unwrap_or_default()).is_some();
    watch(world, test, is_there);
}

fn suite_monitored(world: &mut World, suite: &Value, _: Option<&Value>) {
    let is_there = world.store("synthetics_suite").get(suite["id"].as_str().unwrap_or_default()).is_some();
    watch(world, &suite["attributes"], is_there);
}

fn watch(world: &mut World, test: &Value, is_there: bool) {
    let Some(id) = test["monitor_id"].as_u64() else { return };
    let (key, serial) = (id.to_string(), ids::monitor_serial(id).unwrap_or_default());
    if !is_there {
        return world.remove("monitor", &key);
    }
    let mut tags = test["tags"].as_array().cloned().unwrap_or_default();
    let more = test["locations"].as_array().into_iter().flatten().filter_map(Value::as_str);
    tags.extend(more.map(|place| json!(format!("probe_dc:{place}"))));
    for (name, value) in [("check_type", &test["type"]), ("check_status", &test["status"])] {
        tags.push(json!(format!("{name}:{}", value.as_str().unwrap_or_default())));
    }
    let rule = test["options"]["ci"]["executionRule"].as_str();
    tags.push(json!(format!("ci_execution_rule:{}", rule.unwrap_or("blocking"))));
    let seconds = test["created_at"].as_str().and_then(|time| time.parse::<jiff::Timestamp>().ok());
    let options = json!({
        "on_missing_data": "show_no_data",
        "notify_audit": false,
        "new_host_delay": 300,
        "include_tags": true,
        "synthetics_check_id": test["public_id"],
        "silenced": {},
    });
    let monitor = json!({
        "id": id,
        "org_id": test["org_id"],
        "type": "synthetics alert",
        "name": test["name"],
        "message": test["message"],
        "tags": tags,
        "query": "no_query",
        "options": options,
        "multi": false,
        "created_at": seconds.map(|time| time.as_second() * 1000),
        "created": test["created_at"],
        "modified": test["modified_at"],
        "deleted": null,
        "restricted_roles": null,
        "priority": test["options"]["monitor_priority"],
        "overall_state_modified": null,
        "overall_state": "No Data",
        "creator": test["creator"],
    });
    world.put("monitor", (serial, &key), monitor.to_string(), None);
}

/// Tests that are watched as one.
pub const SYNTHETICS_SUITE: Resource = Resource {
    forms: bodies::SYNTHETICS_SUITE,
    name: "synthetics_suite",
    path: "/api/v2/synthetics/suites",
    routes: &[
        Route::new("POST", "", Does::Create),
        Route::new("GET", "/{id}", Does::Get),
        Route::new("PUT", "/{id}", Does::Update),
        Route::code("GET", "/search", search_suites),
        Route::new(
            "POST",
            "/bulk-delete",
            Does::DeleteMany {
                ids: "/data/attributes/public_ids",
                each: r#"{"type": "suites", "attributes": {"deleted_at": "{now}", "public_id": "{id}"}, "id": "{id}"}"#,
                shown: r#"{"data": "{each}"}"#, // R 2 of 2
            },
        ),
    ],
    shape: Shape::Data("suites"),
    id: Id::Letters,
    update: Keeps::Nothing,
    lacks: Lacks { update: &[], write: &["/version", "/version_uuid"], get: &[], list: &[] },
    effects: &[
        Effect::Always("/public_id", r#""{id}""#),
        Effect::Code(suite_monitor),
        Effect::Created("/created_at", Clock::Iso),
        Effect::Modified("/modified_at", Clock::Iso),
        Effect::Made("/created_by", PERSON),
        Effect::Always("/modified_by", PERSON),
        Effect::Always("/org_id", "321000"),
        Effect::Counted("/version", 1), // R 2
    ],
    missing: &[(BY_ID, Words(404, "Synthetics test not found"))], // R 1
    after: Some(suite_monitored),
    ..Resource::V2
};

fn suite_monitor(object: &mut Value, moment: &Moment) {
    let monitor = moment.before.map(|before| before["attributes"]["monitor_id"].clone());
    object["attributes"]["monitor_id"] = monitor.unwrap_or_else(|| json!(ids::monitor_id(moment.serial)));
    object["attributes"]["version_uuid"] = json!(ids::uuid(moment.serial));
}

/// Summaries: without message and options (KINDS.md §13).
fn search_suites(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let number = |value: Option<u64>| value.map(|value| usize::try_from(value).unwrap_or(usize::MAX));
    let (start, count) =
        (number(call.number("start")?).unwrap_or(0), number(call.number("count")?).unwrap_or(50));
    let store = world.store("synthetics_suite");
    let rows = store.iter().skip(start).take(count).map(|item| {
        let mut suite = item.value()["attributes"].take();
        if let Value::Object(suite) = &mut suite {
            suite.shift_remove("message");
            suite.insert("options".to_owned(), json!({}));
        }
        suite
    });
    let suites: Vec<Value> = rows.collect();
    let attributes = json!({ "facets": [], "suites": suites, "total": store.iter().count() });
    Ok(Answer::json(
        &json!({ "data": { "type": "suites_search", "id": ids::uuid(0), "attributes": attributes } }),
    ))
}

pub const SYNTHETICS_VARIABLE: Resource = Resource {
    forms: bodies::SYNTHETICS_VARIABLE,
    name: "synthetics_variable",
    path: "/api/v1/synthetics/variables",
    routes: PUT,
    id: Id::Uuid,
    update: Keeps::Nothing,
    list: List { items: "variables", ..List::DATA },
    answers: [Reply::Object(200), Reply::Object(200), Reply::Fixed(200, "")],
    // R 20 of 20 writes, 35 of 35 reads.
    lacks: Lacks {
        update: &[],
        write: &["/created_at", "/modified_at", "/creator", "/editor"],
        get: &[],
        list: &[],
    },
    words: &["/name"],
    effects: &[
        Effect::Always("/type", r#""variable""#),
        Effect::Always("/last_error", "null"),         // R 20 of 20
        Effect::DropAs("/is_totp", "false"),           // R 16 of 16
        Effect::DropAs("/is_fido", "false"),           // R 13 of 13
        Effect::Fill("/value", r#"{"secure": true}"#), // R 1, a FIDO one
        Effect::Secret("/value/[secure=true]/value"),  // R 3 of 3
        Effect::Created("/created_at", Clock::Iso),
        Effect::Modified("/modified_at", Clock::Iso),
        Effect::Made("/creator", PERSON),
        Effect::Always("/editor", PERSON),
    ],
    refuses: &[
        Refusal(CREATE_ONLY, "/name", Test::Missing, Words(400, "Required parameter 'name' is missing")), // ?
        // S; the words are ours.
        Refusal(
            CREATE_ONLY,
            "/name",
            Test::Taken,
            Words(400, "A global variable named {value} already exists"),
        ),
    ],
    missing: &[(BY_ID, Words(404, "Synthetics global variable not found"))], // R 11 of 11
    ..Resource::V1
};
