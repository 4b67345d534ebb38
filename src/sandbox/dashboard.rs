//! The dashboard routes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Answer, Call};
use super::dashboard_body::{self, Stamp};
use super::ids;
use super::index::Index;
use super::resource::{Resource, Route};
use super::widget;
use super::world::{Item, World};

/// How many a list holds if the query doesn't say (OpenAPI, ListDashboards).
const COUNT: usize = 100;

pub const DASHBOARD: Resource = Resource {
    name: "dashboard",
    path: "/api/v1/dashboard",
    routes: &[
        Route::code("GET", "", list),
        Route::code("POST", "", create),
        Route::code("DELETE", "", delete_many),
        Route::code("PATCH", "", restore),
        Route::code("GET", "/{id}", get),
        Route::code("PUT", "/{id}", update),
        Route::code("DELETE", "/{id}", delete),
    ],
    more: &[Route::code("POST", "/api/v2/dashboard/widgets/validate", widget::validate)],
    index: Some(index),
    ..Resource::V1
};

/// Deleted dashboards, which can be restored.
pub const TRASH: Resource = Resource { name: "trash", index: Some(trash_index), ..Resource::V1 };

/// A dashboard as lists show it, and when it was deleted.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    id: Value,
    title: Value,
    description: Value,
    layout_type: Value,
    url: Value,
    is_read_only: Value,
    created_at: Value,
    modified_at: Value,
    author_handle: Value,
    deleted_at: Value,
}

fn index(text: &str) -> Option<Index> {
    let head: Head = serde_json::from_str(text).ok()?;
    // Inside a JSON string the quotes would bear a backslash, so looking for the text finds fields only.
    let shown = text.split("\"slo_id\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    let uses = shown.map(|id| ("slo", id.to_owned())).collect();
    let deleted = head.deleted_at.to_string();
    let words = [("summary", summary(&head)), ("deleted_at", deleted)].into();
    Some(Index { words, tags: Vec::new(), uses })
}

fn trash_index(text: &str) -> Option<Index> {
    Some(Index { uses: Vec::new(), ..index(text)? })
}

/// The fields of a list's entry as recorded, in their order, but for the last one; without the closing brace.
fn summary(head: &Head) -> String {
    let read_only = if head.is_read_only.is_boolean() { &head.is_read_only } else { &Value::Bool(false) };
    let fields: [(&str, &Value); 9] = [
        ("id", &head.id),
        ("title", &head.title),
        ("description", &head.description),
        ("layout_type", &head.layout_type),
        ("url", &head.url),
        ("is_read_only", read_only),
        ("created_at", &head.created_at),
        ("modified_at", &head.modified_at),
        ("author_handle", &head.author_handle),
    ];
    let pairs = fields.map(|(name, value)| format!("\"{name}\":{value}"));
    format!("{{{}", pairs.join(","))
}

fn get(world: &mut World, _: &Call, id: &str) -> Result<Answer, Answer> {
    Ok(Answer::text(found(world, "dashboard", id)?.text.clone()))
}

fn delete(world: &mut World, _: &Call, id: &str) -> Result<Answer, Answer> {
    discard(world, id)?;
    Ok(Answer::json(&json!({ "deleted_dashboard_id": id })))
}

fn found<'a>(world: &'a World, store: &str, id: &str) -> Result<&'a Item, Answer> {
    let none = || Answer::refusal(404, &format!("Dashboard with ID {id} not found"));
    world.store(store).get(id).ok_or_else(none)
}

fn list(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let number = |value: Option<u64>| value.map(|value| usize::try_from(value).unwrap_or(usize::MAX));
    let start = number(call.number("start")?).unwrap_or(0);
    let count = number(call.number("count")?).unwrap_or(COUNT);
    let store = if call.switch("filter[deleted]") { "trash" } else { "dashboard" };
    // Nothing here is shared.
    let count = if call.switch("filter[shared]") { 0 } else { count };
    let rows: Vec<String> = world
        .store(store)
        .iter()
        .skip(start)
        .take(count)
        .map(|item| {
            let (summary, deleted) = (item.word("summary"), item.word("deleted_at"));
            format!("{summary},\"deleted_at\":{deleted}}}")
        })
        .collect();
    Ok(Answer::text(format!("{{\"dashboards\":[{}]}}", rows.join(","))))
}

fn create(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let sent = call.object()?;
    let serial = world.next_serial();
    let now = json!(ids::iso(world.now()));
    let stamp = Stamp { id: ids::dashboard_id(serial), created: now.clone(), modified: now };
    let text = Value::Object(dashboard_body::settled(&sent, None, &stamp, world)?).to_string();
    world.put("dashboard", (serial, &stamp.id), text.clone(), None);
    Ok(Answer::text(text))
}

fn update(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let item = found(world, "dashboard", id)?;
    let (serial, before) = (item.serial, item.value());
    let modified = json!(ids::iso(world.now()));
    let stamp = Stamp { id: id.to_owned(), created: before["created_at"].clone(), modified };
    let layout = before["layout_type"].as_str();
    let text = Value::Object(dashboard_body::settled(&call.object()?, layout, &stamp, world)?).to_string();
    world.put("dashboard", (serial, id), text.clone(), None);
    Ok(Answer::text(text))
}

/// Moves a dashboard to the deleted ones.
fn discard(world: &mut World, id: &str) -> Result<(), Answer> {
    let item = found(world, "dashboard", id)?;
    let (serial, mut object) = (item.serial, item.value());
    object["deleted_at"] = json!(ids::iso(world.now()));
    world.remove("dashboard", id);
    world.put("trash", (serial, id), object.to_string(), None);
    Ok(())
}

/// The ids of `{"data":[{"id","type":"dashboard"}]}`, all of them there.
fn named(world: &World, call: &Call, store: &str) -> Result<Vec<String>, Answer> {
    let body = call.object()?;
    let entries = body.get("data").and_then(Value::as_array);
    let Some(entries) = entries else {
        return Err(Answer::refusal(400, "Required parameter 'data' is missing"));
    };
    let mut ids = Vec::new();
    for id in entries.iter().map(|entry| entry["id"].as_str().unwrap_or_default()) {
        found(world, store, id)?;
        if !ids.iter().any(|own| own == id) {
            ids.push(id.to_owned());
        }
    }
    Ok(ids)
}

fn delete_many(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    for id in named(world, call, "dashboard")? {
        discard(world, &id)?;
    }
    Ok(Answer::empty())
}

fn restore(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    for id in named(world, call, "trash")? {
        let item = found(world, "trash", &id)?;
        let (serial, mut object) = (item.serial, item.value());
        if let Some(map) = object.as_object_mut() {
            map.shift_remove("deleted_at");
        }
        world.remove("trash", &id);
        world.put("dashboard", (serial, &id), object.to_string(), None);
    }
    Ok(Answer::empty())
}
