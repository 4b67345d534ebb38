//! The monitor routes.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::index::{Index, Key, texts};
use super::monitor_body::{self, Form, member_ids};
use super::resource::{Resource, Route};
use super::world::{Item, World};
use super::{ids, search};

/// The most a page holds, and its size if the query says none (OpenAPI, ListMonitors).
const PAGE: (usize, usize) = (1000, 100);

pub const MONITOR: Resource = Resource {
    name: "monitor",
    path: "/api/v1/monitor",
    routes: &[
        Route::code("GET", "", list),
        Route::code("POST", "", create),
        Route::code("POST", "/validate", validate_new),
        Route::code("POST", "/{id}/validate", validate_change),
        Route::code("GET", "/can_delete", can_delete),
        Route::code("GET", "/search", search::monitors),
        Route::code("GET", "/groups/search", search::groups),
        Route::code("GET", "/{id}", get),
        Route::code("PUT", "/{id}", update),
        Route::code("DELETE", "/{id}", delete),
    ],
    index: Some(index),
    ..Resource::V1
};

/// What lists, searches and references read of a monitor.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    name: Value,
    #[serde(rename = "type")]
    class: Value,
    tags: Value,
    query: Value,
    assets: Value,
}

fn index(text: &str) -> Option<Index> {
    let head: Head = serde_json::from_str(text).ok()?;
    let (class, query) = (head.class.as_str().unwrap_or_default(), head.query.as_str().unwrap_or_default());
    let has_assets = head.assets.as_array().is_some_and(|assets| !assets.is_empty());
    let words = [
        ("name", head.name.as_str().unwrap_or_default()),
        ("type", class),
        ("query", query),
        ("assets", if has_assets { "some" } else { "" }),
    ];
    let uses: Vec<Key> = match class {
        "composite" => member_ids(query).into_iter().map(|id| ("monitor", id)).collect(),
        // The SLO of a burn-rate or error-budget alert.
        "slo alert" => query.split('"').nth(1).map(|id| ("slo", id.to_owned())).into_iter().collect(),
        _ => Vec::new(),
    };
    let words = words.map(|(name, text)| (name, text.to_owned())).into();
    Some(Index { words, tags: texts(&head.tags), uses })
}

fn found<'a>(world: &'a World, id: &str) -> Result<&'a Item, Answer> {
    world.store("monitor").get(id).ok_or_else(|| Answer::refusal(404, "Monitor not found"))
}

fn object(item: &Item) -> Map<String, Value> {
    match item.value() {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn list(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    // The values are OpenAPI's; the words were recorded.
    let states = call.list("group_states");
    if states
        .iter()
        .any(|state| !["all", "ok", "alert", "warn", "no data"].contains(&state.to_lowercase().as_str()))
    {
        return Err(Answer::refusal(400, "Invalid group_state filters."));
    }
    let name = call.parameter("name").unwrap_or_default().to_lowercase();
    let (tags, scope) = (call.list("monitor_tags"), call.list("tags"));
    let page = call.number("page")?;
    let after = call.number("id_offset")?;
    let size = match call.number("page_size")? {
        Some(size) => usize::try_from(size).unwrap_or(usize::MAX).clamp(1, PAGE.0),
        None => PAGE.1,
    };
    let (skip, take) = match (page, after) {
        (Some(page), _) => (usize::try_from(page).unwrap_or(usize::MAX).saturating_mul(size), size),
        (None, Some(_)) => (0, size),
        (None, None) => (0, usize::MAX),
    };
    let start = after.and_then(ids::monitor_serial).unwrap_or(0);
    let chosen = world.store("monitor").after(start).filter(|item| {
        (name.is_empty() || item.word("name").to_lowercase().contains(&name))
            && tags.iter().all(|tag| item.index.tags.contains(tag))
            && (scope.is_empty() || covers(item.word("query"), &scope))
    });
    let downtimes = Form { downtimes: true, ..Form::default() };
    let rows: Vec<String> = chosen.skip(skip).take(take).map(|item| shown(item, &downtimes)).collect();
    Ok(Answer::text(format!("[{}]", rows.join(","))))
}

/// Whether the scopes of a query name all of these tags.
fn covers(query: &str, tags: &[String]) -> bool {
    let inside = query.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let named: HashSet<&str> = inside.flat_map(|scope| scope.split(',')).map(str::trim).collect();
    tags.iter().all(|tag| named.contains(tag.as_str()))
}

/// An object as GET and lists show it. Most need no look inside.
fn shown(item: &Item, form: &Form) -> String {
    if !item.word("assets").is_empty() || form.assets || form.no_roles {
        return Value::Object(monitor_body::shown(&object(item), form)).to_string();
    }
    match item.text.strip_suffix('}') {
        Some(open) if form.downtimes => format!("{open},\"matching_downtimes\":[]}}"),
        _ => item.text.clone(),
    }
}

fn get(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let form = Form {
        write: false,
        assets: call.switch("with_assets"),
        downtimes: call.switch("with_downtimes"),
        no_roles: call.parameter("with_restricted_roles") == Some("false"),
    };
    Ok(Answer::text(shown(found(world, id)?, &form)))
}

fn create(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let settled = monitor_body::settled(&call.object()?, None, world)?;
    let fingerprint = monitor_body::fingerprint(&settled);
    if let Some(twin) = world.twin("monitor", fingerprint) {
        // The words as users of other tools report them.
        let words =
            format!("Duplicate of an existing monitor_id:{} org_id:{}", twin.id, monitor_body::ORG_ID);
        return Err(Answer::refusal(400, &words));
    }
    let serial = world.next_serial();
    let id = ids::monitor_id(serial);
    let now = world.now();
    let object = monitor_body::stored(settled, id, (now, now));
    let text = Value::Object(object.clone()).to_string();
    world.put("monitor", (serial, &id.to_string()), text, Some(fingerprint));
    let creator = object.get("creator").cloned().unwrap_or_default();
    let mut answer = monitor_body::shown(&object, &Form { write: true, ..Form::default() });
    answer.insert("creator".to_owned(), creator);
    Ok(Answer::json(&Value::Object(answer)))
}

fn update(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let item = found(world, id)?;
    let (serial, before) = (item.serial, object(item));
    let settled = monitor_body::settled(&call.object()?, Some(&before), world)?;
    let fingerprint = monitor_body::fingerprint(&settled);
    let created = before.get("created").cloned().unwrap_or_default();
    let now = world.now();
    let mut object = monitor_body::stored(settled, ids::monitor_id(serial), (now, now));
    object.insert("created_at".to_owned(), before.get("created_at").cloned().unwrap_or_default());
    object.insert("created".to_owned(), created);
    world.put("monitor", (serial, id), Value::Object(object.clone()).to_string(), Some(fingerprint));
    let answer = monitor_body::shown(&object, &Form { write: true, ..Form::default() });
    Ok(Answer::json(&Value::Object(answer)))
}

fn validate_new(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    monitor_body::settled(&call.object()?, None, world)?;
    Ok(Answer::text("{}".to_owned()))
}

fn validate_change(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let before = object(found(world, id)?);
    monitor_body::settled(&call.object()?, Some(&before), world)?;
    Ok(Answer::text("{}".to_owned()))
}

fn delete(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let item = found(world, id)?;
    let refusals = referenced(world, item);
    if !refusals.is_empty() && !call.switch("force") {
        return Err(Answer { status: 400, body: json!({ "errors": refusals }).to_string() });
    }
    let number = ids::monitor_id(item.serial);
    world.remove("monitor", id);
    Ok(Answer::json(&json!({ "deleted_monitor_id": number })))
}

/// Why a monitor can't go without force. The words are those that users of terraform's provider report
/// (its issues 439 and 519, then with status 401), one for each type of user.
fn referenced(world: &World, item: &Item) -> Vec<String> {
    let users = world.users("monitor", &item.id);
    let reported = |class: &str, users: Vec<&Item>| {
        let names: Vec<String> =
            users.iter().map(|user| format!("{},{}", user.id, user.word("name"))).collect();
        let (id, name) = (&item.id, item.word("name"));
        (!names.is_empty())
            .then(|| format!("monitor [{id},{name}] is referenced in {class}: [{}]", names.join(", ")))
    };
    let (composites, slos) = users.into_iter().partition(|user| user.word("type") == "composite");
    [reported("composite monitors", composites), reported("slos", slos)].into_iter().flatten().collect()
}

/// `{"data":{"ok":[…]},"errors":{"123":["…"]}}`, 409 if one of them is in use (OpenAPI, CheckCanDeleteMonitor).
fn can_delete(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let (mut ok, mut errors) = (Vec::new(), Map::new());
    for id in call.list("monitor_ids") {
        let item = found(world, &id)?;
        let refusals = referenced(world, item);
        if refusals.is_empty() {
            ok.push(ids::monitor_id(item.serial));
        } else {
            errors.insert(id, json!(refusals));
        }
    }
    let status = if errors.is_empty() { 200 } else { 409 };
    let errors = if errors.is_empty() { Value::Null } else { Value::Object(errors) };
    Ok(Answer { status, body: json!({ "data": { "ok": ok }, "errors": errors }).to_string() })
}
