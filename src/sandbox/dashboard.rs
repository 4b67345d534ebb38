//! The dashboard routes.

use serde_json::{Value, json};

use super::call::{Answer, Call};
use super::dashboard_body::{self, Stamp};
use super::ids;
use super::world::{Item, Sort, World};

/// How many a list holds if the query doesn't say (OpenAPI, ListDashboards).
const COUNT: usize = 100;

pub fn answer(world: &mut World, call: &Call, path: &[&str]) -> Result<Answer, Answer> {
    match (call.method.as_str(), path) {
        ("GET", []) => list(world, call),
        ("POST", []) => create(world, call),
        ("DELETE", []) => delete_many(world, call),
        ("PATCH", []) => restore(world, call),
        ("GET", [id]) => Ok(Answer::text(found(world, Sort::Dashboard, id)?.text.clone())),
        ("PUT", [id]) => update(world, call, id),
        ("DELETE", [id]) => {
            discard(world, id)?;
            Ok(Answer::json(&json!({ "deleted_dashboard_id": id })))
        }
        _ => Err(Answer::unknown_route()),
    }
}

fn found<'a>(world: &'a World, sort: Sort, id: &str) -> Result<&'a Item, Answer> {
    let none = || Answer::refusal(404, &format!("Dashboard with ID {id} not found"));
    world.shelf(sort).get(id).ok_or_else(none)
}

fn list(world: &World, call: &Call) -> Result<Answer, Answer> {
    let number = |value: Option<u64>| value.map(|value| usize::try_from(value).unwrap_or(usize::MAX));
    let start = number(call.number("start")?).unwrap_or(0);
    let count = number(call.number("count")?).unwrap_or(COUNT);
    let sort = if call.switch("filter[deleted]") { Sort::Trash } else { Sort::Dashboard };
    // Nothing here is shared.
    let count = if call.switch("filter[shared]") { 0 } else { count };
    let rows: Vec<String> = world
        .shelf(sort)
        .iter()
        .skip(start)
        .take(count)
        .map(|item| {
            let deleted = json!(item.facts.deleted_at);
            format!("{},\"deleted_at\":{deleted}}}", item.facts.summary)
        })
        .collect();
    Ok(Answer::text(format!("{{\"dashboards\":[{}]}}", rows.join(","))))
}

fn create(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let sent = call.object()?;
    let serial = world.next_serial();
    let now = json!(ids::iso(world.now()));
    let stamp = Stamp { id: ids::dashboard_id(serial), created: now.clone(), modified: now };
    let text = Value::Object(dashboard_body::settled(&sent, None, &stamp, world)?).to_string();
    world.put(Sort::Dashboard, serial, &stamp.id, text.clone(), None);
    Ok(Answer::text(text))
}

fn update(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let item = found(world, Sort::Dashboard, id)?;
    let (serial, before) = (item.serial, item.value());
    let modified = json!(ids::iso(world.now()));
    let stamp = Stamp { id: id.to_owned(), created: before["created_at"].clone(), modified };
    let layout = before["layout_type"].as_str();
    let text = Value::Object(dashboard_body::settled(&call.object()?, layout, &stamp, world)?).to_string();
    world.put(Sort::Dashboard, serial, id, text.clone(), None);
    Ok(Answer::text(text))
}

/// Moves a dashboard to the deleted ones.
fn discard(world: &mut World, id: &str) -> Result<(), Answer> {
    let item = found(world, Sort::Dashboard, id)?;
    let (serial, mut object) = (item.serial, item.value());
    object["deleted_at"] = json!(ids::iso(world.now()));
    world.remove(Sort::Dashboard, id);
    world.put(Sort::Trash, serial, id, object.to_string(), None);
    Ok(())
}

/// The ids of `{"data":[{"id","type":"dashboard"}]}`, all of them there.
fn named(world: &World, call: &Call, sort: Sort) -> Result<Vec<String>, Answer> {
    let body = call.object()?;
    let entries = body.get("data").and_then(Value::as_array);
    let Some(entries) = entries else {
        return Err(Answer::refusal(400, "Required parameter 'data' is missing"));
    };
    let mut ids = Vec::new();
    for id in entries.iter().map(|entry| entry["id"].as_str().unwrap_or_default()) {
        found(world, sort, id)?;
        if !ids.iter().any(|own| own == id) {
            ids.push(id.to_owned());
        }
    }
    Ok(ids)
}

fn delete_many(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    for id in named(world, call, Sort::Dashboard)? {
        discard(world, &id)?;
    }
    Ok(Answer::empty())
}

fn restore(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    for id in named(world, call, Sort::Trash)? {
        let item = found(world, Sort::Trash, &id)?;
        let (serial, mut object) = (item.serial, item.value());
        if let Some(map) = object.as_object_mut() {
            map.shift_remove("deleted_at");
        }
        world.remove(Sort::Trash, &id);
        world.put(Sort::Dashboard, serial, &id, object.to_string(), None);
    }
    Ok(Answer::empty())
}
