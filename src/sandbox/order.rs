//! Orders of a resource's objects: each an object of its own that names all of them.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::call::{Answer, Call};
use super::effect::{fill, parsed};
use super::index::plain;
use super::resource::{Order, Resource};
use super::world::World;

/// The id of an order in its store.
const ID: &str = "order";

/// The members as they stand now: as ordered last, newer ones behind.
pub fn members(world: &World, resource: &Resource) -> Vec<String> {
    let Some(order) = &resource.order else { return Vec::new() };
    let store = world.store(order.of);
    let stored =
        world.store(resource.name).get(ID).map(|item| item.value()["ids"].take()).unwrap_or_default();
    let mut ids: Vec<String> = stored.as_array().into_iter().flatten().map(plain).collect();
    ids.retain(|id| store.get(id).is_some());
    let newer: Vec<String> =
        store.iter().map(|item| item.id.clone()).filter(|id| !ids.contains(id)).collect();
    ids.extend(newer);
    ids
}

/// The field that holds an object's place.
pub fn field(resource: &Resource) -> Option<&'static str> {
    resource.ordered_by?.order.as_ref()?.place
}

/// The place of each object, from 0, where lists show it.
pub fn places(world: &World, resource: &Resource) -> Option<HashMap<String, usize>> {
    let ids = members(world, resource.ordered_by?);
    Some(ids.into_iter().enumerate().map(|(place, id)| (id, place)).collect())
}

fn shown(world: &World, resource: &Resource, order: &Order) -> Answer {
    let mut body = parsed(order.shown, "");
    fill(&mut body, &[("{ids}", json!(members(world, resource)))]);
    Answer::json(&body)
}

pub fn read(world: &World, resource: &'static Resource) -> Result<Answer, Answer> {
    let order = resource.order.as_ref().ok_or_else(Answer::unknown_route)?;
    Ok(shown(world, resource, order))
}

pub fn write(world: &mut World, call: &Call, resource: &'static Resource) -> Result<Answer, Answer> {
    let order = resource.order.as_ref().ok_or_else(Answer::unknown_route)?;
    let body = Value::Object(call.object()?);
    let (list, member) = order.ids;
    let list = body.pointer(list).and_then(Value::as_array).cloned().unwrap_or_default();
    let id = |item: &Value| if member.is_empty() { plain(item) } else { plain(&item[member]) };
    let wanted: Vec<String> = list.iter().map(id).collect();
    let present = members(world, resource);
    if let Some(stranger) = wanted.iter().find(|id| !present.contains(id)) {
        return Err(order.stranger.answer(stranger, stranger));
    }
    if let Some(words) = order.forgotten
        && let Some(forgotten) = present.iter().find(|id| !wanted.contains(id))
    {
        return Err(words.answer(forgotten, forgotten));
    }
    let serial = world.store(resource.name).get(ID).map(|item| item.serial);
    let serial = serial.unwrap_or_else(|| world.next_serial());
    world.put(resource.name, (serial, ID), json!({ "ids": wanted }).to_string(), None);
    match order.changed {
        Some(json) => Ok(Answer::text(json.to_owned())),
        None => Ok(shown(world, resource, order)),
    }
}
