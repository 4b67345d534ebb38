//! The REST engine: every resource's routes, envelopes, pages and writes, as its row says.

use serde_json::{Map, Value, json};

use super::call::{Answer, Call, decoded};
use super::effect::{fill, generated, merge, parsed, walk, work};
use super::index::plain;
use super::kinds::RESOURCES;
use super::refusal::{check, check_id};
use super::resource::{
    CREATE_ONLY, DELETE_ONLY, Does, Draft, Id, Keeps, Moment, Page, Paging, READ, Reply, Resource, Route,
    Shape, UPDATE_ONLY, Unit,
};
use super::world::{Item, World};
use super::{ids, order};

/// The route of a call.
pub struct Found {
    pub resource: &'static Resource,
    pub does: Does,
    /// Decoded, empty where the path holds none.
    pub id: String,
    /// The path with `{id}` in place of the id.
    pub pattern: String,
}

/// The route that names most of the path by its letters.
pub fn find(call: &Call) -> Option<Found> {
    let near = |resource: &&&Resource| {
        resource.more.iter().any(|route| route.path.starts_with("/api/"))
            || call.path.starts_with(resource.path)
    };
    let routes = RESOURCES
        .iter()
        .filter(near)
        .flat_map(|resource| resource.routes.iter().chain(resource.more).map(|route| (*resource, route)));
    let fitting = routes
        .filter(|(_, route)| route.method == call.method || route.method.is_empty())
        .filter_map(|(resource, route)| {
            let pattern = full_path(resource, route);
            let (id, letters) = fit(&pattern, call.path.trim_end_matches('/'))?;
            Some((letters, Found { resource, does: route.does, id, pattern }))
        });
    let found = fitting.max_by_key(|(letters, _)| *letters).map(|(_, found)| found);
    found.filter(|found| !matches!(found.does, Does::Elsewhere))
}

fn full_path(resource: &Resource, route: &Route) -> String {
    if route.path.starts_with("/api/") {
        route.path.to_owned()
    } else {
        format!("{}{}", resource.path, route.path)
    }
}

/// The id that a path has at the pattern's `{id}`, and how many segments are equal.
fn fit(pattern: &str, path: &str) -> Option<(String, usize)> {
    let (mut id, mut equal) = (String::new(), 0);
    let mut rest = path.split('/');
    for step in pattern.split('/') {
        if step == "{*id}" {
            let all: Vec<String> = rest.by_ref().map(|part| decoded(part, false)).collect();
            return (!all.is_empty()).then(|| (all.join("/"), equal));
        }
        match rest.next()? {
            own if own == step => equal += 1,
            own if step == "{id}" && !own.is_empty() => id = decoded(own, false),
            own if step.starts_with('{') && !own.is_empty() => {}
            _ => return None,
        }
    }
    rest.next().is_none().then_some((id, equal))
}

/// The resource below whose path a call is, whether or not it has such a route.
pub fn owner(path: &str) -> Option<&'static Resource> {
    let below = |resource: &&&Resource| {
        let rest = path.strip_prefix(resource.path).filter(|_| !resource.path.is_empty());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    RESOURCES.iter().filter(below).max_by_key(|resource| resource.path.len()).copied()
}

/// Answers a call. An `Err` is a refusal; it has changed nothing.
pub fn answer(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let found = find(call).ok_or_else(Answer::unknown_route)?;
    let (resource, id) = (found.resource, found.id.as_str());
    match found.does {
        Does::Code(handler) => handler(world, call, id),
        Does::List => list(world, call, resource),
        Does::Get => get(world, resource, id, &[resource.lacks.get]),
        Does::Summary => get(world, resource, id, &[resource.lacks.get, resource.lacks.list]),
        Does::Create => create(world, Sent::read(call, resource)?, resource, id),
        Does::Update => update(world, Sent::read(call, resource)?, resource, id),
        Does::Delete => delete(world, resource, id),
        Does::DeleteMany { ids, each, shown } => delete_many(world, call, resource, (ids, each, shown)),
        Does::Validate => {
            if !id.is_empty() {
                existing(world, resource, id, UPDATE_ONLY)?;
            }
            Sent::read(call, resource)?.judge(world, resource, "", CREATE_ONLY)?;
            Ok(Answer::empty())
        }
        Does::Elsewhere => Err(Answer::unknown_route()),
        Does::ReadOrder => order::read(world, resource),
        Does::Reorder => order::write(world, call, resource),
    }
}

/// What a body holds once it is out of its envelope.
#[derive(Default)]
pub struct Sent {
    /// An object.
    attributes: Value,
    relationships: Option<Value>,
    class: String,
    /// The id in the body.
    id: Option<String>,
    /// The id that the client chooses, where it does.
    chosen: Option<String>,
}

impl Sent {
    fn read(call: &Call, resource: &Resource) -> Result<Self, Answer> {
        let body = Value::Object(call.object()?);
        let chosen = match resource.id {
            Id::Chosen(at, rewrite) => {
                body.pointer(at).and_then(Value::as_str).filter(|id| !id.is_empty()).map(rewrite)
            }
            _ => None,
        };
        let id = |object: &Value, at: &str| object.get(at).map(plain);
        let sent = match resource.shape {
            Shape::Flat(at) => Self { id: id(&body, at), chosen, attributes: body, ..Self::default() },
            Shape::Data(_) | Shape::Related(_) => {
                let data = body.get("data").cloned().unwrap_or_default();
                let related = matches!(resource.shape, Shape::Related(_));
                Self {
                    id: id(&data, "id"),
                    class: id(&data, "type").unwrap_or_default(),
                    chosen,
                    attributes: data.get("attributes").cloned().unwrap_or_else(|| json!({})),
                    relationships: data.get("relationships").filter(|_| related).cloned(),
                }
            }
        };
        match sent.attributes {
            Value::Object(_) => Ok(sent),
            // Nobody recorded it; the words are ours.
            _ => Err(Answer::refusal(400, "The attributes in the request body must be an object")),
        }
    }

    /// Refuses what the resource's row refuses.
    fn judge(&self, world: &World, resource: &'static Resource, id: &str, on: u8) -> Result<(), Answer> {
        let before = world.store(resource.name).get(id).map(Item::value);
        let (sent, sent_id) = (&self.attributes, self.id.as_deref());
        let sent_type = self.class.as_str();
        let relationships = self.relationships.as_ref().unwrap_or(&Value::Null);
        let before = before.as_ref();
        check(&Draft { resource, world, id, sent_id, sent_type, sent, relationships, before }, on)
    }
}

/// The object of an id, for a call of this type.
fn existing<'a>(world: &'a World, resource: &'static Resource, id: &str, on: u8) -> Result<&'a Item, Answer> {
    check_id(resource, id, on)?;
    world.store(resource.name).get(id).ok_or_else(|| resource.missing(on).answer(id, ""))
}

fn list(world: &World, call: &Call, resource: &'static Resource) -> Result<Answer, Answer> {
    let places = order::places(world, resource);
    let words: Vec<(&str, &str)> = resource
        .list
        .filters
        .iter()
        .filter_map(|(name, at)| Some((*at, call.parameter(name).filter(|word| !word.is_empty())?)))
        .collect();
    let mut chosen: Vec<&Item> = world
        .store(resource.name)
        .iter()
        .filter(|item| words.iter().all(|(at, word)| item.word(at) == *word))
        .collect();
    if resource.list.newest_first {
        chosen.reverse();
    }
    if let Some(places) = &places {
        chosen.sort_by_key(|item| places.get(item.id.as_str()));
    }
    let page = page(call, resource, chosen.len())?;
    let items = chosen.iter().skip(page.from).take(page.size);
    let shown: Vec<&str> = items.clone().map(|item| item.id.as_str()).collect();
    let included = resource.list.included.and_then(|include| include(world, call, &shown));
    let rows: Vec<String> = items
        .map(|item| {
            let place = places
                .as_ref()
                .and_then(|places| Some((places.get(item.id.as_str())?, order::field(resource)?)));
            sparse(entry(world, item, resource, place), resource, call)
        })
        .collect();
    let rows = format!("[{}]", rows.join(","));
    if resource.list.items.is_empty() {
        return Ok(Answer::text(rows));
    }
    let mut beside = match resource.list.dressed {
        Some(dress) => dress(call, &page),
        None => beside(resource.list.beside, &page),
    };
    beside.extend(included.map(|included| ("included".to_owned(), included)));
    let beside: String = beside.iter().map(|(name, value)| format!(",{}:{value}", json!(name))).collect();
    Ok(Answer::text(format!("{{{}:{rows}{beside}}}", json!(resource.list.items))))
}

/// An object as lists show it.
fn entry(world: &World, item: &Item, resource: &Resource, place: Option<(&usize, &str)>) -> String {
    let lacks = &resource.lacks;
    if lacks.get.is_empty() && lacks.list.is_empty() && place.is_none() && resource.ages.is_none() {
        return item.text.clone();
    }
    let mut object = without(item.value(), resource, &[lacks.get, lacks.list]);
    if let Some(ages) = resource.ages {
        ages(&mut object, world.clock());
    }
    if let Some((place, at)) = place {
        resource.attributes_mut(&mut object)[at] = json!(place + 1);
    }
    object.to_string()
}

/// The entry with no more than the attributes that `fields[TYPE]` names (R 1, teams).
fn sparse(entry: String, resource: &Resource, call: &Call) -> String {
    let (Shape::Data(class) | Shape::Related(class)) = resource.shape else {
        return entry;
    };
    let fields = call.list(&format!("fields[{class}]"));
    match serde_json::from_str(&entry) {
        Ok(Value::Object(mut object)) if !fields.is_empty() => {
            object.shift_remove("relationships");
            if let Some(Value::Object(attributes)) = object.get_mut("attributes") {
                attributes.retain(|name, _| fields.contains(name));
            }
            Value::Object(object).to_string()
        }
        _ => entry,
    }
}

/// The object without these fields.
fn without(mut object: Value, resource: &Resource, lacks: &[&[&str]]) -> Value {
    for path in lacks.iter().copied().flatten() {
        let (start, path) = match path.strip_prefix('^') {
            Some(path) => (&mut object, path),
            None => (resource.attributes_mut(&mut object), *path),
        };
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        walk(start, parent, &mut |parent| {
            if let Value::Object(map) = parent {
                map.shift_remove(name);
            }
        });
    }
    object
}

fn page(call: &Call, resource: &Resource, total: usize) -> Result<Page, Answer> {
    let Some(Paging { from, size, default, most, unit }) = resource.list.paging else {
        return Ok(Page { from: 0, size: total, total, count: total });
    };
    let number = |name: &str| -> Result<Option<usize>, Answer> {
        Ok(call.number(name)?.map(|value| usize::try_from(value).unwrap_or(usize::MAX)))
    };
    let size = number(size)?.unwrap_or(default).clamp(1, most);
    let from = match unit {
        Unit::Pages => number(from)?.unwrap_or(0).saturating_mul(size),
        Unit::Items => number(from)?.unwrap_or(0),
        Unit::Cursor => match call.parameter(from).filter(|cursor| !cursor.is_empty()) {
            None => 0,
            // No real cursor is past the end.
            Some(cursor) => {
                let place = cursor.strip_prefix("from-").and_then(|place| place.parse().ok());
                place.unwrap_or(usize::MAX)
            }
        },
    };
    Ok(Page { from, size, total, count: total.saturating_sub(from).min(size) })
}

/// The members beside a list's items.
fn beside(json: &str, page: &Page) -> Map<String, Value> {
    let mut value = if json.is_empty() { json!({}) } else { parsed(json, "") };
    let next = page.from.saturating_add(page.size);
    let numbers = [
        ("{total}", json!(page.total)),
        ("{count}", json!(page.count)),
        ("{page}", json!(page.from / page.size.max(1))),
        ("{size}", json!(page.size)),
        ("{from}", json!(page.from)),
        ("{next}", if next < page.total { json!(format!("from-{next}")) } else { Value::Null }),
    ];
    fill(&mut value, &numbers);
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn get(world: &World, resource: &'static Resource, id: &str, lacks: &[&[&str]]) -> Result<Answer, Answer> {
    let item = existing(world, resource, id, READ)?;
    let mut body = if lacks.iter().all(|paths| paths.is_empty()) && resource.ages.is_none() {
        resource.enveloped(&item.text)
    } else {
        let mut object = without(item.value(), resource, lacks);
        if let Some(ages) = resource.ages {
            ages(&mut object, world.clock());
        }
        resource.enveloped(&object.to_string())
    };
    if resource.beside_reads {
        put_beside(&mut body, parsed(resource.beside, id));
    }
    Ok(Answer::text(body))
}

/// Adds members to the JSON of an object.
fn put_beside(body: &mut String, beside: Value) {
    body.pop();
    body.push_str(&beside.to_string().replacen('{', ",", 1));
}

fn create(world: &mut World, sent: Sent, resource: &'static Resource, at: &str) -> Result<Answer, Answer> {
    check_id(resource, at, CREATE_ONLY)?;
    let chosen = if at.is_empty() { sent.chosen.clone() } else { Some(at.to_owned()) };
    sent.judge(world, resource, chosen.as_deref().unwrap_or_default(), CREATE_ONLY)?;
    let serial = world.next_serial();
    let id = chosen.unwrap_or_else(|| plain(&generated(resource.id, serial)));
    // One that is there is overwritten: where that is refused, it was refused above.
    let place = world.store(resource.name).get(&id).map_or(serial, |item| item.serial);
    let mut object = store(world, sent, resource, (place, &id, Keeps::Nothing));
    let moment = Moment { id: &id, now: world.now(), serial, before: None, resource };
    work(resource.first, &mut object, &moment);
    Ok(reply(object, resource, resource.answers[0], (&id, world.last_serial())))
}

fn update(world: &mut World, sent: Sent, resource: &'static Resource, id: &str) -> Result<Answer, Answer> {
    let serial = existing(world, resource, id, UPDATE_ONLY)?.serial;
    sent.judge(world, resource, id, UPDATE_ONLY)?;
    // A flat object's chosen id is one of its fields: another one renames it.
    let renamed = sent.chosen.clone().filter(|new| new != id && matches!(resource.shape, Shape::Flat(_)));
    let mut object = store(world, sent, resource, (serial, id, resource.update));
    let id = renamed.as_deref().unwrap_or(id);
    if let (Some(new), Shape::Flat(at)) = (&renamed, resource.shape) {
        world.remove(resource.name, &resource.id_of(&object).unwrap_or_default());
        object[at] = json!(new);
        world.put(resource.name, (serial, new), object.to_string(), None);
    }
    let object = without(object, resource, &[resource.lacks.update]);
    Ok(reply(object, resource, resource.answers[1], (id, world.last_serial())))
}

/// Makes the object of what was sent and what was there, and keeps it.
fn store(world: &mut World, sent: Sent, resource: &'static Resource, at: (u64, &str, Keeps)) -> Value {
    let (serial, id, keeps) = at;
    let before = world.store(resource.name).get(id).map(Item::value);
    let mut attributes = match (keeps, &before) {
        (Keeps::Members | Keeps::All, Some(before)) => resource.attributes(before).as_object().cloned(),
        _ => None,
    }
    .unwrap_or_default();
    if let Value::Object(new) = &sent.attributes {
        merge(&mut attributes, new, keeps == Keeps::All);
    }
    let own = if matches!(resource.id, Id::Number) {
        json!(id.parse::<u64>().unwrap_or_default())
    } else {
        json!(id)
    };
    let mut object = match resource.shape {
        Shape::Flat(at) => {
            let mut object = Map::from_iter([(at.to_owned(), own.clone())]);
            object.extend(attributes);
            object.insert(at.to_owned(), own);
            Value::Object(object)
        }
        Shape::Data(class) | Shape::Related(class) => {
            json!({ "id": own, "type": class, "attributes": attributes })
        }
    };
    let kept = || before.as_ref().and_then(|before| before.get("relationships")).cloned();
    if matches!(resource.shape, Shape::Related(_))
        && let Some(relationships) = sent.relationships.or_else(kept)
    {
        object["relationships"] = relationships;
    }
    // New ids inside, and a version that rises.
    let fresh = world.next_serial();
    let moment = Moment { id, now: world.now(), serial: fresh, before: before.as_ref(), resource };
    work(resource.effects, &mut object, &moment);
    world.put(resource.name, (serial, id), object.to_string(), None);
    if let Some(after) = resource.after {
        after(world, &object, before.as_ref());
    }
    object
}

fn reply(object: Value, resource: &Resource, reply: Reply, (id, version): (&str, u64)) -> Answer {
    let versions = [("{version}", json!(version)), ("{number}", json!(id.parse::<u64>().ok()))];
    match reply {
        Reply::Object(status) => {
            let object = without(object, resource, &[resource.lacks.write]);
            let mut body = resource.enveloped(&object.to_string());
            if !resource.beside.is_empty() {
                let mut beside = parsed(resource.beside, id);
                fill(&mut beside, &versions);
                put_beside(&mut body, beside);
            }
            Answer { status, body }
        }
        Reply::Fixed(status, "") => Answer { status, body: String::new() },
        Reply::Fixed(status, json) => {
            let mut body = parsed(json, id);
            fill(&mut body, &versions);
            Answer { status, body: body.to_string() }
        }
    }
}

fn delete(world: &mut World, resource: &'static Resource, id: &str) -> Result<Answer, Answer> {
    existing(world, resource, id, DELETE_ONLY)?;
    Sent { attributes: json!({}), ..Sent::default() }.judge(world, resource, id, DELETE_ONLY)?;
    let object = discard(world, resource, id);
    let version = world.next_serial();
    Ok(reply(object, resource, resource.answers[2], (id, version)))
}

/// Takes an object away, or ends it; the object as it was.
fn discard(world: &mut World, resource: &'static Resource, id: &str) -> Value {
    let Some((serial, before)) = world.store(resource.name).get(id).map(|item| (item.serial, item.value()))
    else {
        return Value::Null;
    };
    if resource.ends.is_empty() {
        world.remove(resource.name, id);
        if let Some(grave) = resource.grave {
            world.put(grave, (serial, id), before.to_string(), None);
        }
        if let Some(after) = resource.after {
            after(world, &before, Some(&before));
        }
        return before;
    }
    let mut object = before.clone();
    let moment = Moment { id, now: world.now(), serial, before: Some(&before), resource };
    work(resource.ends, &mut object, &moment);
    world.put(resource.name, (serial, id), object.to_string(), None);
    object
}

fn delete_many(
    world: &mut World,
    call: &Call,
    resource: &'static Resource,
    (at, each, shown): (&str, &str, &str),
) -> Result<Answer, Answer> {
    let body = Value::Object(call.object()?);
    let list = body.pointer(at).and_then(Value::as_array).cloned().unwrap_or_default();
    let ids: Vec<String> = list.iter().map(plain).collect();
    for id in &ids {
        existing(world, resource, id, DELETE_ONLY)?;
    }
    let now = json!(ids::iso(world.now()));
    let rows = ids.iter().map(|id| {
        discard(world, resource, id);
        let mut row = parsed(each, id);
        fill(&mut row, &[("{now}", now.clone())]);
        row
    });
    let rows: Vec<Value> = rows.collect();
    let mut body = parsed(shown, "");
    fill(&mut body, &[("{each}", json!(rows))]);
    Ok(Answer::json(&body))
}
