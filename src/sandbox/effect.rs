//! What the service makes of a body: the effects of a resource, worked one after another.

use serde_json::{Map, Number, Value, json};

use super::ids;
use super::index::plain;
use super::resource::{Clock, Effect, Id, Moment};

/// Works the effects on an object.
pub fn work(effects: &[Effect], object: &mut Value, moment: &Moment) {
    for effect in effects {
        work_one(effect, object, moment);
    }
}

fn work_one(effect: &Effect, object: &mut Value, moment: &Moment) {
    let time = |clock: Clock| match clock {
        Clock::Iso => json!(ids::iso(moment.now)),
        Clock::Seconds => json!(moment.now / 1_000_000),
        Clock::Millis => json!(moment.now / 1_000),
    };
    match effect {
        Effect::Fill(path, json) => put(object, path, moment, Put::Absent, &|_| parsed(json, moment.id)),
        Effect::FillNew(path, json) => {
            if moment.before.is_none() {
                put(object, path, moment, Put::Absent, &|_| parsed(json, moment.id));
            }
        }
        Effect::Beside(path, sibling) => beside(object, path, sibling, moment),
        Effect::Always(path, json) => put(object, path, moment, Put::Over, &|_| parsed(json, moment.id)),
        Effect::Made(path, json) => put(object, path, moment, Put::Kept, &|_| parsed(json, moment.id)),
        Effect::Mirror(path, from) => mirror(object, path, from, moment),
        Effect::Drop(path) | Effect::Secret(path) => remove(object, path, moment, None),
        Effect::DropAs(path, json) => remove(object, path, moment, Some(&parsed(json, moment.id))),
        Effect::Instead(path, from, to) => change(object, path, moment, &mut |value| {
            if *value == parsed(from, moment.id) {
                *value = parsed(to, moment.id);
            }
        }),
        Effect::Sorted(path) => change(object, path, moment, &mut |value| sort(value, None)),
        Effect::SortedBy(path, member) => {
            change(object, path, moment, &mut |value| sort(value, Some(member)));
        }
        Effect::Float(path) => change(object, path, moment, &mut |value| {
            if let Some(number) = value.as_f64().and_then(Number::from_f64) {
                *value = Value::Number(number);
            }
        }),
        Effect::Identified(path, id) => {
            put(object, path, moment, Put::Absent, &|place| generated(*id, moment.serial ^ (place << 32)));
        }
        Effect::Created(path, clock) => put(object, path, moment, Put::Kept, &|_| time(*clock)),
        Effect::Modified(path, clock) => put(object, path, moment, Put::Over, &|_| time(*clock)),
        Effect::Counted(path, start) => {
            let last = moment.before.and_then(|before| pointer(before, path, moment)?.as_u64());
            put(object, path, moment, Put::Over, &|_| json!(last.map_or(*start, |last| last + 1)));
        }
        Effect::Code(code) => code(object, moment),
    }
}

/// An id as the service makes it, from a number that no object had before.
pub fn generated(id: Id, serial: u64) -> Value {
    match id {
        Id::Short | Id::Chosen(..) | Id::Path => json!(ids::short_id(serial)),
        Id::Uuid => json!(ids::uuid(serial)),
        Id::Letters => json!(ids::dashboard_id(serial)),
        Id::Number => json!(ids::number_id(serial)),
    }
}

/// JSON of a row, with the object's id in its texts.
pub fn parsed(json: &str, id: &str) -> Value {
    let mut value = serde_json::from_str(json).unwrap_or_else(|_| Value::from(json));
    if json.contains("{id}") {
        named(&mut value, id);
    }
    value
}

fn named(value: &mut Value, id: &str) {
    match value {
        Value::String(text) => *text = text.replace("{id}", id),
        Value::Array(list) => list.iter_mut().for_each(|item| named(item, id)),
        Value::Object(map) => map.values_mut().for_each(|member| named(member, id)),
        _ => {}
    }
}

/// When a value is put.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Put {
    Absent,
    Over,
    /// What was there before, else as [`Put::Over`].
    Kept,
}

/// Puts a value at each place of a path; the function gets the place's number.
fn put(object: &mut Value, path: &str, moment: &Moment, how: Put, value: &dyn Fn(u64) -> Value) {
    let kept = moment.before.filter(|_| how == Put::Kept).and_then(|before| pointer(before, path, moment));
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut place = 0;
    change(object, parent, moment, &mut |parent| {
        let Value::Object(map) = parent else { return };
        place += 1;
        if how != Put::Absent || !map.contains_key(name) {
            map.insert(name.to_owned(), kept.cloned().unwrap_or_else(|| value(place)));
        }
    });
}

/// Another field's value, read once: both paths lead to one place.
fn mirror(object: &mut Value, path: &str, from: &str, moment: &Moment) {
    let value = pointer(object, from, moment).cloned().unwrap_or_default();
    put(object, path, moment, Put::Over, &|_| value.clone());
}

/// Fills a member with another one of the same object, if there is one.
fn beside(object: &mut Value, path: &str, sibling: &str, moment: &Moment) {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    change(object, parent, moment, &mut |parent| {
        if let Value::Object(map) = parent
            && let Some(value) = map.get(sibling).filter(|_| !map.contains_key(name)).cloned()
        {
            map.insert(name.to_owned(), value);
        }
    });
}

fn remove(object: &mut Value, path: &str, moment: &Moment, as_this: Option<&Value>) {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    change(object, parent, moment, &mut |parent| {
        if let Value::Object(map) = parent
            && as_this.is_none_or(|value| map.get(name) == Some(value))
        {
            map.shift_remove(name);
        }
    });
}

fn sort(value: &mut Value, member: Option<&str>) {
    let key = |value: &Value| {
        let value = member.map_or(value, |member| &value[member]);
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    };
    if let Value::Array(list) = value {
        list.sort_by_cached_key(key);
    }
}

/// The value at a path without `*`.
fn pointer<'a>(object: &'a Value, path: &str, moment: &Moment) -> Option<&'a Value> {
    match path.strip_prefix('^') {
        Some(path) => object.pointer(path),
        None => moment.resource.attributes(object).pointer(path),
    }
}

/// Visits each value that a path leads to.
fn change(object: &mut Value, path: &str, moment: &Moment, see: &mut dyn FnMut(&mut Value)) {
    let (path, whole) = path.strip_prefix('^').map_or((path, false), |path| (path, true));
    walk(if whole { object } else { moment.resource.attributes_mut(object) }, path, see);
}

/// Visits each value below a value that a path leads to.
pub fn walk(value: &mut Value, path: &str, see: &mut dyn FnMut(&mut Value)) {
    let Some(path) = path.strip_prefix('/') else {
        return see(value);
    };
    let (step, rest) = path.find('/').map_or((path, ""), |at| path.split_at(at));
    if let Some((key, text)) = step.strip_prefix('[').and_then(|step| step.strip_suffix(']')?.split_once('='))
    {
        let fits = value.get(key).is_some_and(|own| plain(own) == text);
        if fits {
            walk(value, rest, see);
        }
        return;
    }
    match value {
        Value::Array(list) if step == "*" => list.iter_mut().for_each(|item| walk(item, rest, see)),
        Value::Object(map) if step == "*" => map.values_mut().for_each(|member| walk(member, rest, see)),
        Value::Object(map) => {
            if let Some(member) = map.get_mut(step) {
                walk(member, rest, see);
            }
        }
        _ => {}
    }
}

/// New members over old ones; objects are merged where `deep`, everything else is replaced.
pub fn merge(old: &mut Map<String, Value>, new: &Map<String, Value>, deep: bool) {
    for (name, value) in new {
        match (old.get_mut(name), value) {
            (Some(Value::Object(old)), Value::Object(new)) if deep => merge(old, new, deep),
            _ => {
                old.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Puts values in the place of texts that stand for them.
pub fn fill(value: &mut Value, values: &[(&str, Value)]) {
    match value {
        Value::String(text) => {
            if let Some((_, number)) = values.iter().find(|(name, _)| name == text) {
                *value = number.clone();
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|item| fill(item, values)),
        Value::Object(map) => map.values_mut().for_each(|member| fill(member, values)),
        _ => {}
    }
}
