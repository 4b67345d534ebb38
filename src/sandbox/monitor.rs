//! The monitor routes.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::monitor_body::{self, Form};
use super::world::{Item, Sort, World};
use super::{ids, search};

/// The most a page holds, and its size if the query says none (OpenAPI, ListMonitors).
const PAGE: (usize, usize) = (1000, 100);

pub fn answer(world: &mut World, call: &Call, path: &[&str]) -> Result<Answer, Answer> {
    match (call.method.as_str(), path) {
        ("GET", []) => list(world, call),
        ("POST", []) => create(world, call),
        ("POST", ["validate"]) => validate(world, call, None),
        ("POST", [id, "validate"]) => validate(world, call, Some(id)),
        ("GET", ["can_delete"]) => can_delete(world, call),
        ("GET", ["search"]) => search::monitors(world, call),
        ("GET", ["groups", "search"]) => search::groups(world, call),
        ("GET", [id]) => get(world, call, id),
        ("PUT", [id]) => update(world, call, id),
        ("DELETE", [id]) => delete(world, call, id),
        _ => Err(Answer::unknown_route()),
    }
}

fn found<'a>(world: &'a World, id: &str) -> Result<&'a Item, Answer> {
    world.shelf(Sort::Monitor).get(id).ok_or_else(|| Answer::refusal(404, "Monitor not found"))
}

fn object(item: &Item) -> Map<String, Value> {
    match item.value() {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn list(world: &World, call: &Call) -> Result<Answer, Answer> {
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
    let chosen = world.shelf(Sort::Monitor).after(start).filter(|item| {
        (name.is_empty() || item.facts.name.to_lowercase().contains(&name))
            && tags.iter().all(|tag| item.facts.tags.contains(tag))
            && (scope.is_empty() || covers(&item.facts.query, &scope))
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
    if item.facts.has_assets || form.assets || form.no_roles {
        return Value::Object(monitor_body::shown(&object(item), form)).to_string();
    }
    match item.text.strip_suffix('}') {
        Some(open) if form.downtimes => format!("{open},\"matching_downtimes\":[]}}"),
        _ => item.text.clone(),
    }
}

fn get(world: &World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let form = Form {
        write: false,
        assets: call.switch("with_assets"),
        downtimes: call.switch("with_downtimes"),
        no_roles: call.parameter("with_restricted_roles") == Some("false"),
    };
    Ok(Answer::text(shown(found(world, id)?, &form)))
}

fn create(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let settled = monitor_body::settled(&call.object()?, None, world)?;
    let fingerprint = monitor_body::fingerprint(&settled);
    if let Some(twin) = world.twin(fingerprint) {
        // The words as users of other tools report them.
        let words =
            format!("Duplicate of an existing monitor_id:{} org_id:{}", twin.id, monitor_body::ORG_ID);
        return Err(Answer::refusal(400, &words));
    }
    let serial = world.next_serial();
    let id = ids::monitor_id(serial);
    let now = world.now();
    let object = monitor_body::stored(settled, id, (now, now));
    world.put(
        Sort::Monitor,
        serial,
        &id.to_string(),
        Value::Object(object.clone()).to_string(),
        Some(fingerprint),
    );
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
    world.put(Sort::Monitor, serial, id, Value::Object(object.clone()).to_string(), Some(fingerprint));
    let answer = monitor_body::shown(&object, &Form { write: true, ..Form::default() });
    Ok(Answer::json(&Value::Object(answer)))
}

fn validate(world: &World, call: &Call, id: Option<&str>) -> Result<Answer, Answer> {
    let before = id.map(|id| found(world, id).map(object)).transpose()?;
    monitor_body::settled(&call.object()?, before.as_ref(), world)?;
    Ok(Answer::text("{}".to_owned()))
}

fn delete(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let item = found(world, id)?;
    let refusals = referenced(world, item);
    if !refusals.is_empty() && !call.switch("force") {
        return Err(Answer { status: 400, body: json!({ "errors": refusals }).to_string() });
    }
    let number = ids::monitor_id(item.serial);
    world.remove(Sort::Monitor, id);
    Ok(Answer::json(&json!({ "deleted_monitor_id": number })))
}

/// Why a monitor can't go without force. The words are those that users of terraform's provider report
/// (its issues 439 and 519, then with status 401), one for each sort of user.
fn referenced(world: &World, item: &Item) -> Vec<String> {
    let users = world.users(Sort::Monitor, &item.id);
    let told = |class: &str, users: Vec<&Item>| {
        let names: Vec<String> =
            users.iter().map(|user| format!("{},{}", user.id, user.facts.name)).collect();
        let (id, name) = (&item.id, &item.facts.name);
        (!names.is_empty())
            .then(|| format!("monitor [{id},{name}] is referenced in {class}: [{}]", names.join(", ")))
    };
    let (composites, slos) = users.into_iter().partition(|user| user.facts.class == "composite");
    [told("composite monitors", composites), told("slos", slos)].into_iter().flatten().collect()
}

/// `{"data":{"ok":[…]},"errors":{"123":["…"]}}`, 409 if one of them is in use (OpenAPI, CheckCanDeleteMonitor).
fn can_delete(world: &World, call: &Call) -> Result<Answer, Answer> {
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
