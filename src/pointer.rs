//! JSON pointers, and paths in which `*` stands for any step: bodies read, changed and visited by them.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// A key as one step of a JSON pointer: `~` and `/` escaped.
pub fn step(key: &str) -> String {
    let mut pointer = String::with_capacity(key.len() + 1);
    push(&mut pointer, key);
    pointer
}

/// The same, at the end of a pointer.
pub fn push(pointer: &mut String, key: &str) {
    pointer.push('/');
    if key.bytes().any(|byte| matches!(byte, b'~' | b'/')) {
        pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
    } else {
        pointer.push_str(key);
    }
}

/// An item's step, at the end of a pointer.
pub fn push_index(pointer: &mut String, index: usize) {
    pointer.push('/');
    let mut unit = 1;
    while index / unit >= 10 {
        unit *= 10;
    }
    while unit > 0 {
        pointer.push(char::from(b'0' + u8::try_from(index / unit % 10).unwrap_or_default()));
        unit /= 10;
    }
}

/// The key that a step (without its `/`) stands for.
pub fn key(step: &str) -> Cow<'_, str> {
    if step.bytes().any(|byte| byte == b'~') {
        Cow::Owned(step.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(step)
    }
}

/// The keys of a pointer.
pub fn keys(pointer: &str) -> impl Iterator<Item = Cow<'_, str>> {
    pointer.split('/').skip(1).map(key)
}

/// Mappings of so few members are looked through: that costs less than to hash a key.
const FEW: usize = 16;

/// The member of a mapping: as its `get`, which hashes the key.
pub fn member<'v>(map: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    if map.len() > FEW {
        return map.get(key);
    }
    map.iter().find(|(own, _)| own.as_str() == key).map(|(_, value)| value)
}

/// What stands at a pointer: as [`Value::pointer`], which copies each of the keys.
pub fn find<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    // By bytes: pointers are short, and to search for a character costs more than to look at so few.
    let mut rest = &pointer[pointer.bytes().position(|byte| byte == b'/').unwrap_or(pointer.len())..];
    let mut here = value;
    while !rest.is_empty() {
        let end = rest.bytes().skip(1).position(|byte| byte == b'/').map_or(rest.len(), |at| at + 1);
        let key = key(&rest[1..end]);
        here = match here {
            Value::Object(map) => member(map, &key)?,
            Value::Array(items) => items.get(key.parse::<usize>().ok()?)?,
            _ => return None,
        };
        rest = &rest[end..];
    }
    Some(here)
}

/// Whether a pointer matches a path.
pub fn matches(path: &str, pointer: &str) -> bool {
    let (mut path, mut pointer) = (path.split('/'), pointer.split('/'));
    loop {
        match (path.next(), pointer.next()) {
            (None, None) => return true,
            (Some(expected), Some(step)) if expected == "*" || expected == step => {}
            _ => return false,
        }
    }
}

/// The pointers of a body that match a path, in order.
pub fn matching(path: &str, body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(path, body, &mut String::new(), &mut found);
    found
}

fn collect(path: &str, around: &Value, pointer: &mut String, found: &mut Vec<String>) {
    // By bytes: paths are short, and to search for a text costs more than to look at so few.
    let star = path.as_bytes().windows(2).position(|pair| pair == b"/*");
    let (straight, behind) = star.map_or((path, None), |at| (&path[..at], Some(&path[at + 2..])));
    let Some(value) = find(around, straight) else { return };
    let Some(behind) = behind else { return found.push(format!("{pointer}{straight}")) };
    pointer.push_str(straight);
    let length = pointer.len();
    let mut each = |key: &str, value: &Value| {
        push(pointer, key);
        collect(behind, value, pointer, found);
        pointer.truncate(length);
    };
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| each(&index.to_string(), item));
        }
        Value::Object(map) => map.iter().for_each(|(key, value)| each(key, value)),
        _ => {}
    }
    pointer.truncate(length - straight.len());
}

/// Sets the value at a pointer, making objects on the way; where the way is barred, nothing is set.
pub fn put(body: &mut Value, pointer: &str, value: Value) {
    let mut here = body;
    for key in keys(pointer) {
        if here.is_null() {
            *here = Value::Object(Map::new());
        }
        here = match here {
            Value::Object(map) => map.entry(key).or_insert(Value::Null),
            Value::Array(items) => match key.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                Some(item) => item,
                None => return,
            },
            _ => return,
        };
    }
    *here = value;
}

/// Removes a member of an object. Items of lists stay: the others would move up.
pub fn take(body: &mut Value, pointer: &str) {
    let Some((parent, step)) = pointer.rsplit_once('/') else { return };
    if let Some(Value::Object(map)) = body.pointer_mut(parent) {
        map.shift_remove(&*key(step));
    }
}

/// A value and everything inside it, in no order that means anything.
pub fn values(value: &Value) -> impl Iterator<Item = &Value> {
    let mut rest = vec![value];
    std::iter::from_fn(move || {
        let value = rest.pop()?;
        match value {
            Value::Array(items) => rest.extend(items),
            Value::Object(map) => rest.extend(map.values()),
            _ => {}
        }
        Some(value)
    })
}

/// Every object of a value, the outer one first, with its pointer, which begins with `base`. What is inside of one is
/// visited where `see` says so.
pub fn objects<'v>(value: &'v Value, base: &str, see: &mut dyn FnMut(&str, &'v Map<String, Value>) -> bool) {
    visit(value, &mut base.to_owned(), see);
}

fn visit<'v>(
    value: &'v Value,
    pointer: &mut String,
    see: &mut dyn FnMut(&str, &'v Map<String, Value>) -> bool,
) {
    let length = pointer.len();
    let is_nested = |value: &Value| value.is_object() || value.is_array();
    match value {
        Value::Object(map) if see(pointer, map) => {
            for (key, value) in map.iter().filter(|(_, value)| is_nested(value)) {
                push(pointer, key);
                visit(value, pointer, see);
                pointer.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate().filter(|(_, item)| is_nested(item)) {
                push_index(pointer, index);
                visit(item, pointer, see);
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}

/// Everything in a value that is neither list nor object, in order, with its pointer.
pub fn leaves_mut(value: &mut Value, see: &mut dyn FnMut(&str, &mut Value)) {
    visit_mut(value, &mut String::new(), see);
}

fn visit_mut(value: &mut Value, pointer: &mut String, see: &mut dyn FnMut(&str, &mut Value)) {
    let length = pointer.len();
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                push(pointer, key);
                visit_mut(value, pointer, see);
                pointer.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                push_index(pointer, index);
                visit_mut(item, pointer, see);
                pointer.truncate(length);
            }
        }
        leaf => see(pointer, leaf),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_escaped_and_back() {
        for name in ["a", "a/b", "~", "~1", "a~0/b", ""] {
            assert_eq!(key(&step(name)[1..]), name);
            let mut body = Value::Null;
            put(&mut body, &step(name), json!(1));
            assert_eq!(body, json!({name: 1}));
            take(&mut body, &step(name));
            assert_eq!(body, json!({}));
        }
    }

    #[test]
    fn items_are_steps_too() {
        for index in [0, 7, 10, 99, 100, 1_000_000, usize::MAX] {
            let mut pointer = "/a".to_owned();
            push_index(&mut pointer, index);
            assert_eq!(pointer, format!("/a/{index}"));
        }
    }

    #[test]
    fn a_value_is_found_as_serde_json_finds_it() {
        let body = json!({"a": [{"b/c": 1, "~": [5]}, {"": {"": 2}}], "": 3});
        for pointer in
            ["", "/", "/a", "/a/0/b~1c", "/a/0/~0/0", "/a/1//", "/a/2", "/a/x", "/a/0/b", "//", "/a/"]
        {
            assert_eq!(find(&body, pointer), body.pointer(pointer), "{pointer}");
        }
    }

    #[test]
    fn a_value_is_put_where_there_is_a_way() {
        for (body, pointer, expected) in [
            (json!({}), "/a/b", json!({"a": {"b": 5}})),
            (json!({"a": [{}, 2]}), "/a/0/b", json!({"a": [{"b": 5}, 2]})),
            (json!({"a": [1]}), "/a/1", json!({"a": [1]})),
            (json!({"a": "x"}), "/a/b", json!({"a": "x"})),
            (json!(1), "", json!(5)),
        ] {
            let mut out = body.clone();
            put(&mut out, pointer, json!(5));
            assert_eq!(out, expected, "{body} {pointer}");
        }
    }

    #[test]
    fn paths_find_pointers() {
        let body = json!({"a": [{"b": 1}, {"c": 2}, {"b": 3}], "d": {"x/y": {"b": 4}}});
        for (path, expected) in [
            ("/a/*/b", &["/a/0/b", "/a/2/b"][..]),
            ("/d/*/b", &["/d/x~1y/b"]),
            ("/*", &["/a", "/d"]),
            ("", &[""]),
            ("/e/*", &[]),
        ] {
            let found = matching(path, &body);
            assert_eq!(found, expected, "{path}");
            assert!(found.iter().all(|pointer| matches(path, pointer)), "{path}");
        }
        assert!(!matches("/a/*", "/a") && !matches("/a", "/a/b"));
    }

    #[test]
    fn visits_come_by_everything() {
        let mut body = json!({"a": [{"b": 1}, [{}]], "c": {"d": {"e": "x"}}});
        let mut seen = Vec::new();
        objects(&body, "/here", &mut |pointer, map| {
            seen.push(pointer.to_owned());
            !map.contains_key("d")
        });
        assert_eq!(seen, ["/here", "/here/a/0", "/here/a/1/0", "/here/c"]);
        assert_eq!(values(&body).filter(|value| !value.is_object() && !value.is_array()).count(), 2);
        leaves_mut(&mut body, &mut |pointer, leaf| *leaf = json!(pointer));
        assert_eq!(body, json!({"a": [{"b": "/a/0/b"}, [{}]], "c": {"d": {"e": "/c/d/e"}}}));
    }
}
