//! References in a body become live ids: markers are replaced by what is known of their targets.

use serde_json::{Map, Value};

use crate::diagnostic::step;
use crate::kind::{self, Kind};
use crate::model::Reference;

/// Bodies nest less: JSON readers stop at 128, definitions earlier.
const DEPTH: usize = 256;

/// The body with every marker that `known` answers replaced; the others stay. Where the kind's row
/// lists numbers, a text that has become digits becomes a number.
pub fn fill(kind: &Kind, body: &Value, known: &dyn Fn(&Reference) -> Option<String>) -> Value {
    fill_at(kind, body, known, &mut String::new(), DEPTH)
}

/// The first marker that still stands in a body.
pub fn unfilled(body: &Value) -> Option<Reference> {
    let mut rest = vec![body];
    while let Some(value) = rest.pop() {
        match value {
            Value::String(text) => {
                if let Some((_, reference)) = Reference::in_text(text).into_iter().next() {
                    return Some(reference);
                }
            }
            Value::Array(items) => rest.extend(items.iter().rev()),
            Value::Object(members) => rest.extend(members.values().rev()),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    None
}

fn fill_at(
    kind: &Kind,
    value: &Value,
    known: &dyn Fn(&Reference) -> Option<String>,
    pointer: &mut String,
    depth: usize,
) -> Value {
    let mut inside = |key: &str, value: &Value| {
        let length = pointer.len();
        // Only kinds with numbers among their references care where a text stands.
        if !kind.numeric_references.is_empty() {
            pointer.push_str(&step(key));
        }
        let filled = fill_at(kind, value, known, pointer, depth - 1);
        pointer.truncate(length);
        filled
    };
    match value {
        Value::Array(items) if depth > 0 => {
            items.iter().enumerate().map(|(at, item)| inside(&at.to_string(), item)).collect()
        }
        Value::Object(members) if depth > 0 => Value::Object(
            members.iter().map(|(key, value)| (key.clone(), inside(key, value))).collect::<Map<_, _>>(),
        ),
        Value::String(text) if text.contains(Reference::OPEN) => {
            let filled = Reference::fill(text, known);
            let numeric = kind.numeric_references.iter().any(|path| kind::matches(path, pointer));
            match filled.parse::<u64>() {
                Ok(number) if numeric => number.into(),
                _ => filled.into(),
            }
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Address, Attribute};

    fn check(section: &str, body: Value, expected: Value, left: Option<&str>) {
        let kind = kind::of_section(section).expect("a kind");
        let known = |reference: &Reference| match (reference.target.as_str(), reference.attribute) {
            ("monitors/a", Attribute::Id) => Some("12".to_owned()),
            ("monitors/a", Attribute::Url) => Some("https://x/monitors/12".to_owned()),
            _ => None,
        };
        let filled = fill(kind, &body, &known);
        assert_eq!(filled, expected);
        assert_eq!(unfilled(&filled).map(|reference| reference.target.to_string()).as_deref(), left);
    }

    fn marker(target: &str, attribute: Attribute) -> String {
        Reference { target: Address::parse(target).expect("an address"), attribute }.marker()
    }

    #[test]
    fn markers_become_ids() {
        let (id, url) = (marker("monitors/a", Attribute::Id), marker("monitors/a", Attribute::Url));
        let later = marker("monitors/later", Attribute::Id);
        check("monitors", json!({"query": format!("{id} && {id}")}), json!({"query": "12 && 12"}), None);
        check(
            "monitors",
            json!({"message": [{"x": url}]}),
            json!({"message": [{"x": "https://x/monitors/12"}]}),
            None,
        );
        // A number only where the row says so, and only alone.
        check("slos", json!({"monitor_ids": [id, 7]}), json!({"monitor_ids": [12, 7]}), None);
        check("slos", json!({"description": id}), json!({"description": "12"}), None);
        check(
            "slos",
            json!({"monitor_ids": [id, later]}),
            json!({"monitor_ids": [12, later]}),
            Some("monitors/later"),
        );
        check("monitors", json!({"monitor_ids": [id]}), json!({"monitor_ids": ["12"]}), None);
    }

    #[test]
    fn depth_has_an_end() {
        let mut body = Value::String(marker("monitors/a", Attribute::Id));
        for _ in 0..1_000 {
            body = Value::Array(vec![body]);
        }
        let filled = fill(kind::of_section("slos").expect("a kind"), &body, &|_| Some("1".into()));
        assert_eq!(filled, body);
    }
}
