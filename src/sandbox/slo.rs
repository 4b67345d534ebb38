//! The SLO routes.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::index::{Index, texts};
use super::resource::{Resource, Route};
use super::slo_body::{self, Stamp};
use super::world::{Item, World};
use super::{ids, search};

/// The largest page, and the default (OpenAPI, ListSLOs).
const PAGE: usize = 1000;

pub const SLO: Resource = Resource {
    name: "slo",
    path: "/api/v1/slo",
    routes: &[
        Route::code("GET", "", list),
        Route::code("POST", "", create),
        Route::code("GET", "/can_delete", can_delete),
        Route::code("GET", "/search", search::slos),
        Route::code("POST", "/bulk_delete", bulk_delete),
        Route::code("GET", "/{id}", get),
        Route::code("PUT", "/{id}", update),
        Route::code("DELETE", "/{id}", delete),
    ],
    index: Some(index),
    ..Resource::V1
};

/// What lists, searches and references read of an SLO.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    name: Value,
    tags: Value,
    query: Value,
    monitor_ids: Value,
}

fn index(text: &str) -> Option<Index> {
    let head: Head = serde_json::from_str(text).ok()?;
    // Both queries, in two lines.
    let query = head.query.as_object().into_iter().flat_map(Map::values).filter_map(Value::as_str);
    let query = query.collect::<Vec<_>>().join("\n");
    let name = head.name.as_str().unwrap_or_default().to_owned();
    let ids = head.monitor_ids.as_array().into_iter().flatten().filter_map(Value::as_u64);
    let uses = ids.map(|id| ("monitor", id.to_string())).collect();
    Some(Index { words: [("name", name), ("query", query)].into(), tags: texts(&head.tags), uses })
}

fn found<'a>(world: &'a World, id: &str) -> Result<&'a Item, Answer> {
    let none = || Answer::refusal(404, &format!("SLO not found: {id} not found"));
    world.store("slo").get(id).ok_or_else(none)
}

fn object(item: &Item) -> Map<String, Value> {
    match item.value() {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn enveloped(object: Map<String, Value>) -> Answer {
    Answer::json(&json!({ "data": [object], "error": null }))
}

fn list(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let ids = call.list("ids");
    if !ids.is_empty() {
        let rows: Vec<&str> =
            ids.iter().filter_map(|id| world.store("slo").get(id)).map(|item| item.text.as_str()).collect();
        return Ok(Answer::text(format!("{{\"data\":[{}],\"error\":null}}", rows.join(","))));
    }
    let text = |name: &str| call.parameter(name).unwrap_or_default().to_lowercase();
    let (name, tag, metric) =
        (text("query"), call.parameter("tags_query").unwrap_or_default(), text("metrics_query"));
    let number = |value: Option<u64>| value.map(|value| usize::try_from(value).unwrap_or(usize::MAX));
    let limit = number(call.number("limit")?).unwrap_or(PAGE).min(PAGE);
    let offset = number(call.number("offset")?).unwrap_or(0);
    let chosen: Vec<&Item> = world
        .store("slo")
        .iter()
        .filter(|_| !call.switch("is_deleted"))
        .filter(|item| item.word("name").to_lowercase().contains(&name))
        .filter(|item| tag.is_empty() || item.index.tags.iter().any(|own| own == tag))
        .filter(|item| metric.is_empty() || item.word("query").to_lowercase().contains(&metric))
        .collect();
    let total = chosen.len();
    let rows: Vec<&str> = chosen.iter().skip(offset).take(limit).map(|item| item.text.as_str()).collect();
    // The second count is that of a full page, whatever the page (recorded for limit 2 of 3 objects).
    let page = json!({ "page": { "total_count": total, "total_filtered_count": total.min(limit) } });
    Ok(Answer::text(format!("{{\"data\":[{}],\"error\":null,\"metadata\":{page}}}", rows.join(","))))
}

fn get(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let mut shown = slo_body::shown(object(found(world, id)?));
    if call.switch("with_configured_alert_ids") {
        let alerts = world.users("slo", id).into_iter().filter(|user| user.word("type") == "slo alert");
        let alerts: Vec<u64> = alerts.map(|alert| ids::monitor_id(alert.serial)).collect();
        shown.insert("configured_alert_ids".to_owned(), json!(alerts));
    }
    Ok(Answer::json(&json!({ "data": shown, "error": null })))
}

fn create(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let sent = call.object()?;
    let serial = world.next_serial();
    let now = world.now() / 1_000_000;
    let stamp = Stamp { id: ids::slo_id(serial), created: now, modified: now };
    let answered = slo_body::settled(&sent, None, &stamp)?;
    let text = Value::Object(slo_body::stored(&answered)).to_string();
    world.put("slo", (serial, &stamp.id), text, None);
    Ok(enveloped(answered))
}

fn update(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let item = found(world, id)?;
    let (serial, before) = (item.serial, object(item));
    let created = before.get("created_at").and_then(Value::as_i64).unwrap_or_default();
    let stamp = Stamp { id: id.to_owned(), created, modified: world.now() / 1_000_000 };
    let answered = slo_body::settled(&call.object()?, before.get("type").and_then(Value::as_str), &stamp)?;
    let text = Value::Object(slo_body::stored(&answered)).to_string();
    world.put("slo", (serial, id), text, None);
    Ok(enveloped(answered))
}

/// Why an SLO can't go without force: the dashboards that show it. Words as in terraform-provider-datadog
/// issue 1436. Burn-rate alerts don't hold it; nothing that was recorded says that they do.
fn referenced(world: &World, item: &Item) -> Option<String> {
    let users = world.users("slo", &item.id);
    let dashboards: Vec<&str> =
        users.iter().filter(|user| user.word("type") != "slo alert").map(|user| user.id.as_str()).collect();
    let id = &item.id;
    (!dashboards.is_empty())
        .then(|| format!("slo {id} is referenced in dashboard_id: {}", dashboards.join(", ")))
}

fn delete(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    if let Some(words) = referenced(world, found(world, id)?)
        && !call.switch("force")
    {
        return Err(Answer { status: 409, body: json!({ "errors": words, "data": null }).to_string() });
    }
    world.remove("slo", id);
    Ok(Answer::json(&json!({ "data": [id], "error": null })))
}

/// `{"data":{"ok":[…]},"errors":{ID: "…"}}`, 409 if one of them is in use (OpenAPI, CheckCanDeleteSLO).
fn can_delete(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let (mut ok, mut errors) = (Vec::new(), Map::new());
    for id in call.list("ids") {
        match referenced(world, found(world, &id)?) {
            None => ok.push(id),
            Some(words) => {
                errors.insert(id, json!(words));
            }
        }
    }
    let status = if errors.is_empty() { 200 } else { 409 };
    Ok(Answer { status, body: json!({ "data": { "ok": ok }, "errors": errors }).to_string() })
}

/// Takes timeframes away, `{ID: ["7d", …]}`, and an SLO without any (OpenAPI, DeleteSLOTimeframeInBulk).
fn bulk_delete(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let (mut deleted, mut updated, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for (id, timeframes) in call.object()? {
        let Ok(item) = found(world, &id) else {
            let message = format!("SLO not found: {id} not found");
            errors.push(json!({ "id": id, "message": message, "timeframe": "all" }));
            continue;
        };
        let (serial, mut object) = (item.serial, object(item));
        let gone = |one: &Value| {
            let own = one.get("timeframe");
            timeframes.as_array().into_iter().flatten().any(|timeframe| Some(timeframe) == own)
        };
        let mut left = object.get("thresholds").and_then(Value::as_array).cloned().unwrap_or_default();
        left.retain(|one| !gone(one));
        if left.is_empty() {
            world.remove("slo", &id);
            deleted.push(id);
            continue;
        }
        object.insert("thresholds".to_owned(), json!(left));
        object.insert("modified_at".to_owned(), json!(world.now() / 1_000_000));
        world.put("slo", (serial, &id), Value::Object(object).to_string(), None);
        updated.push(id);
    }
    Ok(Answer::json(&json!({ "data": { "deleted": deleted, "updated": updated }, "errors": errors })))
}
