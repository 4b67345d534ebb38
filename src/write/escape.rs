//! A body as the service holds it -> the same as text of a definition, in which `${` begins an expression.

use serde_json::Value;

use crate::diagnostic::{At, FileId, step};
use crate::load;
use crate::model::{Attribute, Reference, is_id};

/// A place of a body that no definition can hold as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// JSON pointer into the body.
    pub pointer: String,
    /// What stands there and what became of it: the end of a sentence that begins with the pointer.
    pub text: String,
}

/// Takes out of every text the two characters that no definition may hold. Comes before
/// [references](super::refer), which are made of them.
pub fn take_reserved(body: &mut Value) -> Vec<Trouble> {
    let mut found = Vec::new();
    walk(body, &mut String::new(), &mut |text, pointer| {
        let reserved = |c: char| matches!(c, Reference::OPEN | Reference::CLOSE);
        if text.contains(reserved) {
            text.retain(|c| !reserved(c));
            let text = "holds U+FDD0 or U+FDD1, which no definition may hold: left out".to_owned();
            found.push(Trouble { pointer: pointer.to_owned(), text });
        }
    });
    found
}

/// Writes `$${` for each `${`, and the expression of each reference; tells the keys that can't be written.
pub fn escape(body: &mut Value) -> Vec<Trouble> {
    walk(body, &mut String::new(), &mut |text, _| {
        if text.contains("${") {
            *text = text.replace("${", "$${");
        }
        if text.contains(Reference::OPEN) {
            *text = Reference::fill(text, &|reference| Some(expression(reference)));
        }
    });
    let mut found = Vec::new();
    keys(body, &mut String::new(), &mut |key, pointer, _| {
        if key.contains("${") {
            let text = "is a key with `${` in it, which a definition takes for a template".to_owned();
            found.push(Trouble { pointer: pointer.to_owned(), text });
        }
    });
    found
}

/// Takes the `$${` of an export of ours back to `${`. An export of the UI has bare ones, or none at all.
pub fn unescape(body: &mut Value) {
    let (mut any, mut bare) = (false, false);
    walk(body, &mut String::new(), &mut |text, _| {
        any |= text.contains("${");
        bare |= text.match_indices("${").any(|(at, _)| !text[..at].ends_with('$'));
    });
    if any && !bare {
        walk(body, &mut String::new(), &mut |text, _| *text = text.replace("$${", "${"));
    }
}

/// A key below the top that YAML definitions take for musher's, and raw exports don't.
pub fn foreign_key(body: &Value) -> Option<String> {
    let (mut first, mut repeats) = (None, None);
    keys(body, &mut String::new(), &mut |key, pointer, is_top| {
        if key.starts_with('$') && !is_top {
            first.get_or_insert_with(|| pointer.to_owned());
            if matches!(key, "$for" | "$yield") {
                repeats.get_or_insert_with(|| pointer.to_owned());
            }
        }
    });
    let first = first?;
    let own = body.as_object()?.iter().filter(|(key, _)| !key.starts_with('$'));
    let own = own.map(|(key, value)| (key.clone(), value.clone())).collect();
    let mut faults = Vec::new();
    load::check_keys(&own, &At::value(FileId(0), ""), false, &mut faults);
    repeats.or_else(|| (!faults.is_empty()).then_some(first))
}

/// `${monitors.checkout.id}`; an id with `.` or `/` in it stands in brackets.
fn expression(reference: &Reference) -> String {
    let (section, id) = (reference.target.section(), reference.target.id());
    let attribute = match reference.attribute {
        Attribute::Id => "id",
        Attribute::Url => "url",
    };
    let is_word = is_id(id) && id.starts_with(|c: char| c.is_ascii_lowercase()) && !id.contains(['.', '/']);
    let id = if is_word { id.to_owned() } else { format!("[{id}]") };
    format!("${{{section}.{id}.{attribute}}}")
}

/// Calls `change` with every text and its pointer. Bodies nest no deeper than a JSON reader lets them.
fn walk(value: &mut Value, pointer: &mut String, change: &mut dyn FnMut(&mut String, &str)) {
    let length = pointer.len();
    match value {
        Value::String(text) => change(text, pointer),
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                pointer.push_str(&format!("/{index}"));
                walk(item, pointer, change);
                pointer.truncate(length);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                pointer.push_str(&step(key));
                walk(value, pointer, change);
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}

/// Calls `see` with every key, its pointer, and whether it stands at the top.
fn keys(value: &Value, pointer: &mut String, see: &mut dyn FnMut(&str, &str, bool)) {
    let length = pointer.len();
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                keys(item, pointer, see);
                pointer.truncate(length);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                pointer.push_str(&step(key));
                see(key, pointer, length == 0);
                keys(value, pointer, see);
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Address;

    fn check(body: Value, expected: Value, troubles: &[&str]) {
        let mut escaped = body.clone();
        let mut found = take_reserved(&mut escaped);
        found.extend(escape(&mut escaped));
        let pointers: Vec<&str> = found.iter().map(|trouble| trouble.pointer.as_str()).collect();
        assert_eq!((&escaped, pointers.as_slice()), (&expected, troubles), "{body}");
    }

    #[test]
    fn texts_stand_for_themselves() {
        check(json!({"a": ["x ${y} $${z} ${{q}} $", 5]}), json!({"a": ["x $${y} $$${z} $${{q}} $", 5]}), &[]);
        check(json!({"a": {"b": "x\u{FDD0}y\u{FDD1}"}}), json!({"a": {"b": "xy"}}), &["/a/b"]);
        check(json!({"a": {"${b}": 1}}), json!({"a": {"${b}": 1}}), &["/a/${b}"]);
    }

    #[test]
    fn an_export_of_ours_is_known_by_its_escapes() {
        let check = |text: &str, expected: &str| {
            let mut body = json!([text, "$"]);
            unescape(&mut body);
            assert_eq!(body, json!([expected, "$"]));
        };
        check("x $${a} $$${b}", "x ${a} $${b}");
        check("x $${a} ${b}", "x $${a} ${b}");
        check("x ${a}", "x ${a}");
    }

    #[test]
    fn references_are_expressions() {
        let marker =
            |id: &str| Reference { target: Address::new("monitors", id), attribute: Attribute::Id }.marker();
        let mut body = json!({"q": format!("{} && {} && {}", marker("a-b"), marker("x/y.z"), marker("1"))});
        assert_eq!(escape(&mut body), []);
        let expected = "${monitors.a-b.id} && ${monitors.[x/y.z].id} && ${monitors.[1].id}";
        assert_eq!(body, json!({ "q": expected }));
    }

    #[test]
    fn keys_of_others_are_found_below_the_top() {
        assert_eq!(foreign_key(&json!({"$id": 1, "a": [{"b": 2}]})), None);
        assert_eq!(foreign_key(&json!({"a": [{"b": {"c": {"$schema": 2}}}]})), None);
        assert_eq!(
            foreign_key(&json!({"a": [{"b": {"c": {"$file": 2}}}]})).as_deref(),
            Some("/a/0/b/c/$file")
        );
        assert_eq!(
            foreign_key(&json!({"a": [{"$for": "x in y", "$yield": 2}]})).as_deref(),
            Some("/a/0/$for")
        );
    }
}
