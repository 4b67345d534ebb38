//! What is wanted and what is live -> the body that is sent.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::canon::{self, Aligned, expand};
use crate::diff::same;
use crate::identify::keep_ids;
use crate::kind::{Kind, rules};
use crate::mark;
use crate::model::Mark;

/// The definition with `$ignore`d places as they stand live.
pub fn with_ignored<'a>(desired: &'a Value, live: &Value, ignore: &[String]) -> Cow<'a, Value> {
    if ignore.is_empty() {
        return Cow::Borrowed(desired);
    }
    let mut out = desired.clone();
    for pointer in ignore {
        match live.pointer(pointer) {
            Some(value) => put(&mut out, pointer, value.clone()),
            None => take(&mut out, pointer),
        }
    }
    Cow::Owned(out)
}

/// The body of a create.
pub fn to_create(kind: &Kind, desired: &Value, mark: &Mark) -> Value {
    let mut body = desired.clone();
    drop_read_only(kind, &mut body);
    mark::write(kind, &mut body, mark);
    body
}

/// The body of an update: the definition whole, and what it takes to leave nothing of the live object
/// that the definition doesn't want, and everything that isn't its business.
///
/// `live` is without marks; `aligned` are the normal forms of the two.
pub fn to_update(kind: &Kind, desired: &Value, live: &Value, aligned: &Aligned, mark: &Mark) -> Value {
    let mut body = desired.clone();
    drop_read_only(kind, &mut body);
    drop_nulls(&mut body);
    reset_left_out(kind, aligned, &mut body);
    keep_others(kind, live, aligned, &mut body);
    keep_spelling(kind, live, &mut body);
    keep_ids(kind, &mut body, live);
    mark::write(kind, &mut body, mark);
    body
}

/// The body that takes the mark off an object and leaves all else: as it stands live, without any mark.
pub fn to_let_go(kind: &Kind, live: &Value) -> Value {
    let mut body = live.clone();
    drop_read_only(kind, &mut body);
    drop_nulls(&mut body);
    mark::strip(kind, &mut body);
    body
}

/// Ids of list items are no business of the reader's, but links point at them: they are sent.
fn drop_read_only(kind: &Kind, body: &mut Value) {
    for pointer in kind.read_only.iter().flat_map(|path| expand(path, body)).collect::<Vec<_>>() {
        take(body, &pointer);
    }
}

/// A null leaves a field out.
fn drop_nulls(body: &mut Value) {
    if let Value::Object(map) = body {
        map.retain(|_, value| !value.is_null());
    }
}

/// An update keeps the top-level fields that it doesn't name: those that somebody set are reset by name.
fn reset_left_out(kind: &Kind, aligned: &Aligned, body: &mut Value) {
    if kind.emptied {
        return;
    }
    let Value::Object(live) = &aligned.live else { return };
    for (key, value) in live {
        let path = crate::diagnostic::step(key);
        if body.get(key).is_some() || kind.replaced.contains(&path.as_str()) {
            continue;
        }
        if kind.alternatives.iter().any(|pair| [pair.one, pair.other].contains(&path.as_str())) {
            continue;
        }
        let goal = rules(kind).child(key).and_then(|rule| rule.defaults.first());
        body[key] = match (goal, value) {
            (Some(goal), _) => goal.clone(),
            (None, Value::Array(_)) => Value::Array(Vec::new()),
            (None, Value::Object(_)) => Value::Object(Map::new()),
            (None, _) => Value::Null,
        };
    }
}

/// What an update would take away with an object that it replaces whole: fields of others' business,
/// and those that musher doesn't know.
fn keep_others(kind: &Kind, live: &Value, aligned: &Aligned, body: &mut Value) {
    let replaced =
        |pointer: &str| kind.replaced.contains(&pointer.rsplit_once('/').map_or("", |(parent, _)| parent));
    for path in kind.replaced.iter().filter(|path| !path.is_empty()) {
        if body.pointer(path).is_none() {
            put(body, path, Value::Object(Map::new()));
        }
    }
    let kept = kind.kept.iter().flat_map(|path| expand(path, live));
    for pointer in kept.chain(aligned.unknown.iter().cloned()).filter(|pointer| replaced(pointer)) {
        let Some(value) = live.pointer(&pointer).filter(|value| !canon::is_empty(value)) else { continue };
        if body.pointer(&pointer).is_none_or(canon::is_empty) {
            put(body, &pointer, value.clone());
        }
    }
}

/// Where two spellings mean the same, the one that lives stays.
fn keep_spelling(kind: &Kind, live: &Value, body: &mut Value) {
    for (path, _) in kind.synonyms {
        let (Some(ours), Some(theirs)) = (body.pointer(path), live.pointer(path)) else { continue };
        if ours != theirs && same(&spelled(kind, path, ours), &spelled(kind, path, theirs)) {
            put(body, path, theirs.clone());
        }
    }
}

/// A value in its canonical spelling, wrapped as a body.
fn spelled(kind: &Kind, path: &str, value: &Value) -> Value {
    let mut body = Value::Object(Map::new());
    put(&mut body, path, value.clone());
    canon::normal(kind, &body)
}

/// Sets the value at a pointer, making objects on the way; where the way is barred, nothing is set.
fn put(body: &mut Value, pointer: &str, value: Value) {
    let mut here = body;
    for part in pointer.split('/').skip(1) {
        let key = part.replace("~1", "/").replace("~0", "~");
        here = match here {
            Value::Object(map) => map.entry(key).or_insert(Value::Null),
            Value::Null => {
                *here = Value::Object(Map::new());
                match here {
                    Value::Object(map) => map.entry(key).or_insert(Value::Null),
                    _ => return,
                }
            }
            Value::Array(items) => match key.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                Some(item) => item,
                None => return,
            },
            _ => return,
        };
    }
    *here = value;
}

fn take(body: &mut Value, pointer: &str) {
    let Some((parent, part)) = pointer.rsplit_once('/') else { return };
    if let Some(Value::Object(map)) = body.pointer_mut(parent) {
        map.shift_remove(&part.replace("~1", "/").replace("~0", "~"));
    }
}
