//! What is wanted and what is live -> the body that is sent.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::canon::{self, Aligned};
use crate::diff::same;
use crate::identify::keep_ids;
use crate::kind::{Field, Kind, Update, is_empty, rules};
use crate::mark;
use crate::model::Mark;
use crate::pointer::{matching, put, step, take};

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
    drop_nulls(&mut body);
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
    end_left_out(kind, live, &mut body);
    reset_left_out(kind, aligned, &mut body);
    reset_derived(kind, live, &mut body);
    keep_others(kind, live, aligned, &mut body);
    keep_spelling(kind, live, &mut body);
    keep_ids(kind, &mut body, live);
    if kind.api.update == Update::Patch {
        if !kind.api.emptied {
            reset_inside(kind, &mut body, aligned);
        }
        drop_steady(kind, aligned, &mut body);
        // It can't differ here, and an update that names it may be refused.
        kind.paths(|field| field.immutable).for_each(|path| take(&mut body, path));
    }
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

/// Ids of list items mean nothing to a reader, but links point at them: they are sent.
fn drop_read_only(kind: &Kind, body: &mut Value) {
    let dropped = kind.paths(Field::is_dropped);
    for pointer in dropped.flat_map(|path| matching(path, body)).collect::<Vec<_>>() {
        take(body, &pointer);
    }
}

/// A null leaves a field out.
fn drop_nulls(body: &mut Value) {
    if let Value::Object(map) = body {
        map.retain(|_, value| !value.is_null());
    }
}

/// Where an update keeps what it leaves out, a switch ends what lives and is not wanted.
fn end_left_out(kind: &Kind, live: &Value, body: &mut Value) {
    for field in kind.fields {
        let Some(switch) = field.ended_by.filter(|_| body.pointer(field.at).is_none()) else { continue };
        // The first of those that a switch ends is what the others belong to.
        let mut ended = kind.fields.iter().filter(|other| other.ended_by == Some(switch));
        let is_first = ended.clone().next().is_some_and(|first| first.at == field.at);
        let lives = ended.any(|other| live.pointer(other.at).is_some_and(|value| !value.is_null()));
        if lives && is_first {
            put(body, switch, Value::Bool(true));
        }
    }
}

/// An update keeps the top-level fields that it doesn't name: those that somebody set are reset by name.
fn reset_left_out(kind: &Kind, aligned: &Aligned, body: &mut Value) {
    let replaced: Vec<&str> = kind.paths(|field| field.replaced).collect();
    if kind.api.emptied {
        return;
    }
    let Value::Object(live) = &aligned.live else { return };
    for (key, value) in live {
        let path = step(key);
        if body.get(key).is_some() || replaced.contains(&path.as_str()) {
            continue;
        }
        if kind.quirks.alternatives.iter().any(|pair| [pair.one, pair.other].contains(&path.as_str())) {
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

/// What follows another field is set anew by name: no recording shows that it follows by itself.
fn reset_derived(kind: &Kind, live: &Value, body: &mut Value) {
    for derived in kind.quirks.derived {
        let lives = live.pointer(derived.path).is_some_and(|value| !value.is_null());
        if lives && body.pointer(derived.path).is_none() {
            put(body, derived.path, Value::Null);
        }
    }
}

/// What is named only where it changes, and doesn't.
fn drop_steady(kind: &Kind, aligned: &Aligned, body: &mut Value) {
    for path in kind.paths(|field| field.steady) {
        let [wanted, stands] = [&aligned.desired, &aligned.live].map(|side| side.pointer(path));
        if wanted.is_none_or(|wanted| stands.is_some_and(|stands| same(wanted, stands))) {
            take(body, path);
        }
    }
}

/// A PATCH keeps what it doesn't name inside an object, too; but not in one that it replaces.
fn reset_inside(kind: &Kind, body: &mut Value, aligned: &Aligned) {
    let Value::Object(members) = body else { return };
    for (key, value) in members {
        let at = step(key);
        let is_merged = !kind.fields.iter().any(|field| field.steady && field.at == at);
        if let (true, Some(desired), Some(live)) =
            (is_merged, aligned.desired.get(key), aligned.live.get(key))
        {
            reset_members(value, desired, live);
        }
    }
}

/// The members that somebody set in an object, and in those inside of it.
fn reset_members(body: &mut Value, desired: &Value, live: &Value) {
    let (Value::Object(body), Value::Object(desired), Value::Object(live)) = (body, desired, live) else {
        return;
    };
    for (inner, live) in live {
        let wanted = desired.get(inner);
        let value = body.entry(inner.clone()).or_insert_with(|| wanted.cloned().unwrap_or_default());
        if let Some(wanted) = wanted {
            reset_members(value, wanted, live);
        }
    }
}

/// What an update would take away with an object that it replaces whole: fields of others' business,
/// and those that musher doesn't know.
fn keep_others(kind: &Kind, live: &Value, aligned: &Aligned, body: &mut Value) {
    let objects: Vec<&str> = kind.paths(|field| field.replaced).collect();
    let replaced =
        |pointer: &str| objects.contains(&pointer.rsplit_once('/').map_or("", |(parent, _)| parent));
    for path in objects.iter().filter(|path| !path.is_empty()) {
        if body.pointer(path).is_none() {
            put(body, path, Value::Object(Map::new()));
        }
    }
    let kept = kind.paths(|field| field.kept).flat_map(|path| matching(path, live));
    for pointer in kept.chain(aligned.unknown.iter().cloned()).filter(|pointer| replaced(pointer)) {
        let Some(value) = live.pointer(&pointer).filter(|value| !is_empty(value)) else { continue };
        if body.pointer(&pointer).is_none_or(is_empty) {
            put(body, &pointer, value.clone());
        }
    }
}

/// Where two spellings mean the same, the one that lives stays.
fn keep_spelling(kind: &Kind, live: &Value, body: &mut Value) {
    for field in kind.fields.iter().filter(|field| !field.synonyms.is_empty() || field.meaning.is_some()) {
        let (Some(ours), Some(theirs)) = (body.pointer(field.at), live.pointer(field.at)) else { continue };
        let alike = || same(&spelled(kind, field.at, ours), &spelled(kind, field.at, theirs));
        let equal = || field.meaning.is_some_and(|mean_the_same| mean_the_same(ours, theirs));
        if ours != theirs && (alike() || equal()) {
            put(body, field.at, theirs.clone());
        }
    }
}

/// A value in its canonical spelling, wrapped as a body.
fn spelled(kind: &Kind, path: &str, value: &Value) -> Value {
    let mut body = Value::Object(Map::new());
    put(&mut body, path, value.clone());
    canon::normal(kind, &body)
}
#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind;
    use crate::model::Owner;

    /// What an update sends, without the mark, which must be there once.
    fn check(section: &str, desired: Value, live: Value, expected: Value) {
        let kind = kind::of_section(section).expect("a kind");
        let mark = Mark { owner: Owner("shop".into()), id: "a".into(), protect: false };
        let aligned = canon::align(kind, &desired, &live);
        let mut sent = to_update(kind, &desired, &live, &aligned, &mark);
        assert_eq!(mark::read(kind, &sent), Some(mark));
        mark::strip(kind, &mut sent);
        assert_eq!(sent, expected, "{desired} over {live}");
    }

    #[test]
    fn an_update_leaves_nothing_that_is_not_declared_and_touches_nothing_of_others() {
        let name = json!({"name": "a", "tags": ["x"]});
        // What somebody set is taken back by name; a mute is nobody's business.
        check(
            "slos",
            name.clone(),
            json!({"name": "b", "description": "d"}),
            json!({"name": "a", "tags": ["x"], "description": ""}),
        );
        check(
            "monitors",
            name.clone(),
            json!({"name": "b", "options": {"silenced": {"*": 5}}}),
            json!({"name": "a", "tags": ["x"], "options": {"silenced": {"*": 5}}}),
        );
        // Two spellings of one type: the live one stays.
        check(
            "monitors",
            json!({"type": "metric alert", "options": {}, "tags": []}),
            json!({"type": "query alert"}),
            json!({"type": "query alert", "options": {}, "tags": []}),
        );
        check(
            "monitors",
            json!({"id": 5, "options": {}, "tags": []}),
            json!({"id": 7}),
            json!({"options": {}, "tags": []}),
        );
        // A mark that stands in a definition gives way to the right one.
        check(
            "dashboards",
            json!({"description": "x\nManaged by musher: y/z\n"}),
            json!({}),
            json!({"description": "x"}),
        );
        check(
            "monitors",
            json!({"tags": ["musher:y", "b"], "options": {}}),
            json!({}),
            json!({"tags": ["b"], "options": {}}),
        );
    }

    #[test]
    fn what_is_ignored_stands_as_it_lives() {
        for (ignore, expected) in [
            (vec![], json!({"a": 1, "b": {"c": 2}})),
            (vec!["/a"], json!({"a": 9, "b": {"c": 2}})),
            (vec!["/b/c"], json!({"a": 1, "b": {}})),
            (vec!["/d"], json!({"a": 1, "b": {"c": 2}, "d": [3]})),
            (vec!["/a/x", "/nowhere"], json!({"a": 1, "b": {"c": 2}})),
        ] {
            let ignore: Vec<String> = ignore.into_iter().map(str::to_owned).collect();
            let (desired, live) = (json!({"a": 1, "b": {"c": 2}}), json!({"a": 9, "b": {"e": 4}, "d": [3]}));
            assert_eq!(*with_ignored(&desired, &live, &ignore), expected);
        }
    }
}
