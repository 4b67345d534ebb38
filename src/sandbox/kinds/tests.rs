//! The engine and its table: what no recording shows, and what all resources have in common.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::RESOURCES;
use crate::sandbox::call::{Call, query_pairs};
use crate::sandbox::resource::{Does, Effect};
use crate::sandbox::{Behaviour, Faults, Limits, Sandbox, engine};
use crate::wire::{Method, Request, Wire};

fn opened() -> (tempfile::TempDir, Sandbox) {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::open(folder.path()).unwrap();
    (folder, sandbox)
}

/// Status and body; a path below `/api/`.
fn call(sandbox: &Sandbox, line: &str, body: &Value) -> (u16, Value) {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let answer = sandbox.perform(&Call {
        method: method.to_owned(),
        path: format!("/api/{path}"),
        query: query_pairs(query),
        body: Some(body.to_string().into_bytes()),
    });
    (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
}

fn data(class: &str, attributes: &Value) -> Value {
    json!({ "data": { "type": class, "attributes": attributes } })
}

fn made(sandbox: &Sandbox, path: &str, body: &Value) -> String {
    let (status, object) = call(sandbox, &format!("POST {path}"), body);
    assert!(status < 300, "{path}: {object}");
    let id = object["data"]["id"].as_str().or(object["id"].as_str()).or(object["public_id"].as_str());
    id.unwrap().to_owned()
}

fn filter(name: &str) -> Value {
    let class = "spans-sampling-processor";
    let filter =
        json!({ "name": name, "rate": 1, "enabled": true, "filter_type": class, "filter": { "query": "*" } });
    data("apm_retention_filter", &filter)
}

fn archive(name: &str) -> Value {
    let role = json!({ "account_id": "123456789012", "role_name": "logs" });
    let bucket = json!({ "type": "s3", "bucket": "b", "integration": role });
    data("archives", &json!({ "name": name, "query": "*", "destination": bucket }))
}

#[test]
fn the_table_holds_together() {
    let names: BTreeSet<&str> = RESOURCES.iter().map(|resource| resource.name).collect();
    assert_eq!(names.len(), RESOURCES.len());
    for resource in RESOURCES {
        let name = resource.name;
        assert_eq!(resource.form().built_in().count(), resource.built_in.len(), "{name}");
        for route in resource.routes.iter().chain(resource.more) {
            let base = if route.path.starts_with("/api/") { "" } else { resource.path };
            let path = format!("{base}{}", route.path).replace("{type}", "api").replace("{*id}", "a/b");
            let call = Call { method: route.method.to_owned(), path, ..Call::default() };
            let found = engine::find(&call);
            if matches!(route.does, Does::Elsewhere) {
                assert!(found.is_none(), "{name} {}", call.path);
            } else {
                assert_eq!(found.unwrap().resource.name, name, "{}", call.path);
            }
        }
        for effect in resource.effects.iter().chain(resource.first).chain(resource.ends) {
            let jsons = match effect {
                Effect::Fill(_, json) | Effect::FillNew(_, json) | Effect::Always(_, json) => vec![*json],
                Effect::Made(_, json) | Effect::DropAs(_, json) => vec![*json],
                Effect::Instead(_, one, two) => vec![*one, *two],
                _ => Vec::new(),
            };
            for json in jsons {
                assert!(serde_json::from_str::<Value>(json).is_ok(), "{name}: {json}");
            }
        }
        if !resource.path.is_empty() {
            assert!(Limits::parse(&format!("{name}_write=1/1")).is_ok(), "{name}");
        }
    }
}

#[test]
fn orders_name_all_and_show_in_lists() {
    let (_folder, sandbox) = opened();
    let ids = ["a", "b"].map(|name| made(&sandbox, "v2/logs/config/archives", &archive(name)));
    let order = |ids: &[&str]| data("archive_order", &json!({ "archive_ids": ids }));
    let put = "PUT v2/logs/config/archive-order";
    let words = json!({ "errors": [format!("Missing order for archive {}", ids[0])] });
    assert_eq!(call(&sandbox, put, &order(&[&ids[1]])), (422, words));
    let turned = order(&[&ids[1], &ids[0]]);
    assert_eq!(call(&sandbox, put, &turned), (200, turned.clone()));
    assert_eq!(call(&sandbox, "GET v2/logs/config/archive-order", &json!({})).1, turned);
    let taken = json!({ "errors": ["Archive with name 'a' already exists"] });
    assert_eq!(call(&sandbox, "POST v2/logs/config/archives", &archive("a")), (400, taken));

    let own = made(&sandbox, "v2/apm/config/retention-filters", &filter("own"));
    let list = || call(&sandbox, "GET v2/apm/config/retention-filters", &json!({})).1["data"].clone();
    let last = list().as_array().unwrap().last().unwrap().clone();
    assert_eq!((last["id"].as_str(), &last["attributes"]["execution_order"]), (Some(&*own), &json!(5)));
    let mut all: Vec<Value> =
        list().as_array().unwrap().iter().map(|one| json!({ "id": one["id"] })).collect();
    all.rotate_right(1);
    let put = "PUT v2/apm/config/retention-filters-execution-order";
    assert_eq!(call(&sandbox, put, &json!({ "data": all })), (200, json!({})));
    let first = list()[0].clone();
    assert_eq!((first["id"].as_str(), &first["attributes"]["execution_order"]), (Some(&*own), &json!(1)));
    let built_in = list()[1]["id"].as_str().unwrap().to_owned();
    let line = format!("DELETE v2/apm/config/retention-filters/{built_in}");
    assert_eq!(call(&sandbox, &line, &json!({})).0, 400);
    let mut untyped = filter("untyped");
    untyped["data"]["attributes"].as_object_mut().unwrap().remove("filter_type");
    assert_eq!(call(&sandbox, "POST v2/apm/config/retention-filters", &untyped).0, 400);
}

#[test]
fn a_deleted_index_takes_its_name_along_and_a_quota_is_kept() {
    let (folder, sandbox) = opened();
    let index = json!({ "name": "main-two", "filter": { "query": "*" }, "daily_limit": 5 });
    assert_eq!(call(&sandbox, "POST v1/logs/config/indexes", &index).0, 200);
    let put =
        |body: Value| call(&sandbox, "PUT v1/logs/config/indexes/main-two", &body).1["daily_limit"].clone();
    assert_eq!(put(json!({ "filter": { "query": "a" } })), 5);
    assert_eq!(put(json!({ "filter": { "query": "a" }, "disable_daily_limit": true })), Value::Null);
    assert_eq!(call(&sandbox, "DELETE v1/logs/config/indexes/main-two", &json!({})).0, 202);
    let again = Sandbox::open(folder.path()).unwrap();
    assert_eq!(call(&again, "POST v1/logs/config/indexes", &index).0, 400);
    let write =
        Call { method: "POST".to_owned(), path: "/api/v1/logs/config/indexes".to_owned(), ..Call::default() };
    let mut conduct = crate::sandbox::control::Conduct::default();
    let mut take = || conduct.receive(&write, std::time::Duration::from_secs(1)).1;
    let verdicts: Vec<bool> = (0..11).map(|_| take().allowed).collect();
    assert_eq!(
        (verdicts.iter().filter(|allowed| **allowed).count(), take().name),
        (10, "logs_index_write".to_owned())
    );
}

#[test]
fn a_test_makes_its_monitor_and_takes_it_along() {
    let (_folder, sandbox) = opened();
    let config = json!({ "request": { "method": "GET", "url": "https://example.com" }, "assertions": [] });
    let test = json!({
        "name": "t", "type": "api", "subtype": "http", "tags": ["a:b"], "message": "", "config": config,
        "locations": ["aws:eu-central-1"], "options": { "tick_every": 60 }
    });
    let id = made(&sandbox, "v1/synthetics/tests/api", &test);
    let monitors = || call(&sandbox, "GET v1/monitor", &json!({})).1.as_array().unwrap().clone();
    let monitor = monitors()[0].clone();
    assert_eq!((monitor["type"].as_str(), &monitor["tags"][0]), (Some("synthetics alert"), &json!("a:b")));
    let own = call(&sandbox, &format!("GET v1/synthetics/tests/{id}"), &json!({})).1["monitor_id"].clone();
    assert_eq!(own, monitor["id"]);
    assert_eq!(call(&sandbox, "POST v1/synthetics/tests/delete", &json!({ "public_ids": [id] })).0, 200);
    assert!(monitors().is_empty());
}

#[test]
fn versions_guard_and_ended_objects_stay() {
    let (_folder, sandbox) = opened();
    let rule = |version: Value| {
        let mut attributes =
            json!({ "name": "r", "selectors": { "trigger_source": "security_signals" }, "targets": [] });
        attributes["version"] = version;
        data("notification_rules", &attributes)
    };
    let id = made(&sandbox, "v2/security/signals/notification_rules", &rule(json!(null)));
    let line = format!("PATCH v2/security/signals/notification_rules/{id}");
    assert_eq!(call(&sandbox, &line, &rule(json!(null))).0, 400);
    assert_eq!(call(&sandbox, &line, &rule(json!(1))).1["data"]["attributes"]["version"], 2);
    assert_eq!(call(&sandbox, &line, &rule(json!(1))).0, 409);

    let downtime = json!({ "scope": "env:a", "monitor_identifier": { "monitor_tags": ["*"] } });
    let id = made(&sandbox, "v2/downtime", &data("downtime", &downtime));
    assert_eq!(call(&sandbox, &format!("DELETE v2/downtime/{id}"), &json!({})).0, 204);
    let left = call(&sandbox, "GET v2/downtime?page[limit]=1", &json!({})).1;
    assert_eq!(
        (&left["data"][0]["attributes"]["status"], &left["meta"]["page"]["total_filtered_count"]),
        (&json!("canceled"), &json!(1))
    );
}

#[test]
fn chosen_ids_survive_in_the_journal_and_secrets_do_not() {
    let (folder, sandbox) = opened();
    let webhook = json!({ "name": "a b/c", "url": "https://example.com" });
    assert_eq!(call(&sandbox, "POST v1/integration/webhooks/configuration/webhooks", &webhook).0, 201);
    let secret = json!({ "name": "S", "value": "hidden", "is_secret": true });
    assert_eq!(call(&sandbox, "POST v1/integration/webhooks/configuration/custom-variables", &secret).0, 201);
    let again = Sandbox::open(folder.path()).unwrap();
    let line = "v1/integration/webhooks/configuration/webhooks/a%20b%2Fc";
    assert_eq!(call(&again, &format!("GET {line}"), &json!({})).1["name"], "a b/c");
    let journal = std::fs::read_to_string(folder.path().join("sandbox.journal")).unwrap();
    assert!(!journal.contains("hidden"));
    let renamed = json!({ "name": "d", "url": "https://example.com" });
    assert_eq!(call(&again, &format!("PUT {line}"), &renamed).1["name"], "d");
    assert_eq!(call(&sandbox, &format!("GET {line}"), &json!({})).0, 404);
}

#[test]
fn pages_of_every_unit_hold_each_object_once() {
    let (_folder, sandbox) = opened();
    for name in ["a", "b", "c"] {
        made(&sandbox, "v2/team", &data("team", &json!({ "name": name, "handle": name })));
        let tags = data("manage_tags", &json!({ "metric_type": "count", "tags": [] }));
        made(&sandbox, &format!("v2/metrics/{name}/tags"), &tags);
    }
    let names = |line: &str, at: &str| -> Vec<String> {
        let list = call(&sandbox, line, &json!({})).1["data"].clone();
        let text = |one: &Value| one.pointer(at).and_then(Value::as_str).unwrap().to_owned();
        list.as_array().unwrap().iter().map(text).collect()
    };
    assert_eq!(names("GET v2/team?page[number]=1&page[size]=2", "/attributes/name"), ["c"]);
    let first = call(&sandbox, "GET v2/metrics?page[size]=2", &json!({})).1;
    let cursor = first["meta"]["pagination"]["next_cursor"].as_str().unwrap();
    assert_eq!(names(&format!("GET v2/metrics?page[size]=2&page[cursor]={cursor}"), "/id"), ["c"]);
    assert!(names("GET v2/metrics?page[cursor]=x", "/id").is_empty());
}

fn request(path: &str, body: &Value) -> Request {
    Request {
        method: Method::Post,
        path: path.to_owned(),
        query: Vec::new(),
        body: Some(body.to_string().into()),
    }
}

#[tokio::test]
async fn two_writes_at_once_are_made_and_one_is_refused() {
    let (_folder, sandbox) = opened();
    sandbox.behave(Behaviour { latency: std::time::Duration::from_millis(5), ..Behaviour::default() });
    let path = "/api/v2/apm/config/retention-filters";
    let (one, two) = (request(path, &filter("one")), request(path, &filter("two")));
    let answers = futures_util::future::join(sandbox.send(&one), sandbox.send(&two)).await;
    let (first, second) = (answers.0.unwrap(), answers.1.unwrap());
    let words = &br#"{"errors":["This pipeline does not exist or is outdated"]}"#[..];
    assert_eq!((first.status, second.status, second.body.as_ref()), (200, 400, words));
    assert_eq!(sandbox.send(&one).await.unwrap().status, 200);
    let list = call(&sandbox, "GET v2/apm/config/retention-filters", &json!({})).1;
    assert_eq!(list["data"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn faults_befall_every_resource() {
    let (_folder, sandbox) = opened();
    let faults = Faults::parse("reset-after=1").unwrap();
    sandbox.behave(Behaviour { faults, ..Behaviour::default() });
    let body = data("team", &json!({ "name": "n", "handle": "h" }));
    assert!(sandbox.send(&request("/api/v2/team", &body)).await.is_err());
    assert_eq!(call(&sandbox, "GET v2/team", &json!({})).1["data"][0]["attributes"]["name"], "n");
}
