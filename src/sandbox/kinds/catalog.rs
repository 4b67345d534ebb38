//! Entities of the software catalogue: documents that are sent as they stand and found by what they are called.

use serde_json::{Map, Value, json};

use super::bodies;
use crate::sandbox::call::{Answer, Call};
use crate::sandbox::resource::{Resource, Route};
use crate::sandbox::world::{Item, World};
use crate::sandbox::{forms, ids};

pub const ENTITY: Resource = Resource {
    name: "entity",
    path: "/api/v2/catalog/entity",
    routes: &[
        Route::code("GET", "", list),
        Route::code("POST", "", write),
        Route::code("DELETE", "/{*id}", delete),
    ],
    words: &["/schema/metadata/name", "/id"],
    ..Resource::V1
};

/// `kind:namespace/name`.
fn reference(document: &Map<String, Value>) -> Option<String> {
    let metadata = document.get("metadata")?;
    let kind = document.get("kind")?.as_str()?;
    let namespace = metadata.get("namespace").and_then(Value::as_str).unwrap_or("default");
    Some(format!("{kind}:{namespace}/{}", metadata.get("name")?.as_str()?))
}

/// What is told of some entities; what people wrote stands beside, where it is asked for.
fn shown(entities: &[Value], with_schema: bool) -> Value {
    let data: Vec<Value> = entities.iter().map(summary).collect();
    let mut included = Vec::new();
    if with_schema {
        included.extend(entities.iter().map(|entity| {
            json!({ "id": entity["id"], "type": "schema", "attributes": { "schema": entity["schema"] } })
        }));
    }
    let mut body = json!({ "data": data, "meta": { "count": data.len(), "includeCount": included.len() } });
    if !included.is_empty() {
        body["included"] = json!(included);
    }
    body
}

fn summary(entity: &Value) -> Value {
    let (schema, metadata) = (&entity["schema"], &entity["schema"]["metadata"]);
    let mut attributes = json!({ "apiVersion": schema["apiVersion"], "kind": schema["kind"] });
    for name in ["name", "namespace", "displayName", "owner", "tags", "description"] {
        if let Some(value) = metadata.get(name) {
            attributes[name] = value.clone();
        }
    }
    json!({
        "id": entity["id"],
        "type": "entity",
        "attributes": attributes,
        "relationships": { "schema": { "data": { "id": entity["id"], "type": "schema" } } },
        "meta": {
            "createdAt": entity["created"],
            "modifiedAt": entity["modified"],
            "ingestionSource": "api",
            "origin": "unknown",
        },
    })
}

fn list(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let number = |name: &str, default: usize| -> Result<usize, Answer> {
        let number = call.number(name)?.map(|value| usize::try_from(value).unwrap_or(usize::MAX));
        Ok(number.unwrap_or(default))
    };
    let (offset, limit) = (number("page[offset]", 0)?, number("page[limit]", 100)?.min(100));
    let (wanted, name) = (call.parameter("filter[ref]"), call.parameter("filter[name]"));
    let fits = |item: &&Item| {
        wanted.is_none_or(|wanted| item.id == wanted)
            && name.is_none_or(|name| item.word("/schema/metadata/name") == name)
    };
    let chosen = world.store("entity").iter().filter(fits).skip(offset).take(limit);
    let entities: Vec<Value> = chosen.map(Item::value).collect();
    let mut body = shown(&entities, call.list("include").iter().any(|name| name == "schema"));
    body["links"] = json!({ "self": format!("{}?page[limit]={limit}&page[offset]={offset}", call.path) });
    Ok(Answer::json(&body))
}

/// Makes one, or takes the place of one that is there: 202 (R 5 of 5).
fn write(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let mut document = call.object()?;
    if let Some(name) = forms::first_wrong(&document, bodies::ENTITY) {
        return Err(Answer::invalid_parameter(name));
    }
    // The words are ours.
    let id =
        reference(&document).ok_or_else(|| Answer::refusal(400, "An entity needs kind and metadata.name"))?;
    let serial = world.next_serial();
    let now = ids::iso(world.now());
    let before = world.store("entity").get(&id).map(|item| (item.serial, item.value()));
    let (serial, uuid, created) = match before {
        Some((serial, entity)) => (serial, entity["id"].clone(), entity["created"].clone()),
        None => (serial, json!(ids::uuid(serial)), json!(now)),
    };
    if let Some(Value::Object(metadata)) = document.get_mut("metadata") {
        metadata.entry("namespace").or_insert_with(|| json!("default"));
        metadata.shift_remove("id");
        metadata.insert(
            "managed".to_owned(),
            json!({
                "origin": { "origin": "unknown" },
                "ingestionSource": "api",
                "createdAt": created,
                "modifiedAt": now,
            }),
        );
    }
    // R 1 of 1: a search without its texts has empty ones.
    for list in ["events", "logs"] {
        let searches = document.get_mut("datadog").and_then(|datadog| datadog.get_mut(list)?.as_array_mut());
        for search in searches.into_iter().flatten().filter_map(Value::as_object_mut) {
            search.entry("name").or_insert_with(|| json!(""));
            search.entry("query").or_insert_with(|| json!(""));
        }
    }
    let entity = json!({ "id": uuid, "created": created, "modified": now, "schema": document });
    world.put("entity", (serial, &id), entity.to_string(), None);
    Ok(Answer { status: 202, body: shown(&[entity], true).to_string() })
}

/// By its uuid, or by what it is called, the slash as it stands (R 4 and 1).
fn delete(world: &mut World, _: &Call, id: &str) -> Result<Answer, Answer> {
    let own = |item: &&Item| item.id == id || item.word("/id") == id;
    let found = world.store("entity").iter().find(own).map(|item| item.id.clone());
    let words = json!({ "errors": [{ "title": "Not Found", "detail": format!("entity {id} not found") }] });
    let id = found.ok_or_else(|| Answer { status: 404, body: words.to_string() })?;
    world.remove("entity", &id);
    Ok(Answer::empty())
}
