//! A body as the service holds it -> the same as text of a definition, in which `${` begins an expression.

use serde_json::Value;

use crate::diagnostic::{At, FileId};
use crate::load;
use crate::model::{Reference, is_id};
use crate::pointer::{leaves_mut, objects, step};

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
    texts(body, &mut |text, pointer| {
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
    texts(body, &mut |text, _| {
        if text.contains("${") {
            *text = text.replace("${", "$${");
        }
        if text.contains(Reference::OPEN) {
            *text = Reference::fill(text, &|reference| Some(expression(reference)));
        }
    });
    let mut found = Vec::new();
    objects(body, "", &mut |pointer, map| {
        for key in map.keys().filter(|key| key.contains("${")) {
            let text = "is a key with `${` in it, which a definition takes for a template".to_owned();
            found.push(Trouble { pointer: format!("{pointer}{}", step(key)), text });
        }
        true
    });
    found
}

/// Takes the `$${` of an export of ours back to `${`. An export of the UI has bare ones, or none at all.
pub fn unescape(body: &mut Value) {
    let (mut any, mut bare) = (false, false);
    texts(body, &mut |text, _| {
        any |= text.contains("${");
        bare |= text.match_indices("${").any(|(at, _)| !text[..at].ends_with('$'));
    });
    if any && !bare {
        texts(body, &mut |text, _| *text = text.replace("$${", "${"));
    }
}

/// A key below the top that YAML definitions take for musher's, and raw exports don't.
pub fn foreign_key(body: &Value) -> Option<String> {
    let (mut first, mut repeats) = (None, None);
    objects(body, "", &mut |pointer, map| {
        for key in map.keys().filter(|key| key.starts_with('$') && !pointer.is_empty()) {
            let pointer = format!("{pointer}{}", step(key));
            if matches!(key.as_str(), "$for" | "$yield") {
                repeats.get_or_insert_with(|| pointer.clone());
            }
            first.get_or_insert(pointer);
        }
        true
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
    let attribute = reference.attribute.name();
    let is_word = is_id(id) && id.starts_with(|c: char| c.is_ascii_lowercase()) && !id.contains(['.', '/']);
    let id = if is_word { id.to_owned() } else { format!("[{id}]") };
    format!("${{{section}.{id}.{attribute}}}")
}

/// Calls `change` with every text and its pointer.
fn texts(value: &mut Value, change: &mut dyn FnMut(&mut String, &str)) {
    leaves_mut(value, &mut |pointer, leaf| {
        if let Value::String(text) = leaf {
            change(text, pointer);
        }
    });
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
        let marker = |id: &str| {
            Reference { target: Address::new("monitors", id), attribute: crate::model::Attribute::Id }
                .marker()
        };
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
