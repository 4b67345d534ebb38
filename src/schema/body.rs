//! The fields of a kind's row -> the schema of its body.

use serde_json::{Map, Value, json};

use super::words::TEMPLATE;
use crate::kind::{Field, Kind, Type};

/// The schema of a body that stands at `place` (`#/definitions/…`). Fields that it doesn't know are allowed.
pub fn schema(kind: &Kind, place: &str) -> Value {
    let table = Table { fields: kind.fields, place };
    json!({"type": "object", "properties": table.below("", place)})
}

/// Adds properties in front of those that are there.
pub fn add(schema: &mut Value, mut properties: Map<String, Value>) {
    if let Some(Value::Object(own)) = schema.get_mut("properties") {
        properties.append(own);
        *own = properties;
    }
}

struct Table<'a> {
    fields: &'static [Field],
    place: &'a str,
}

impl Table<'_> {
    /// The fields directly below a path of the table. A path is a few steps long: so deep is the recursion.
    fn below(&self, path: &str, place: &str) -> Map<String, Value> {
        let direct = |field: &&Field| {
            let name = field.at.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
            name.is_some_and(|name| !name.contains('/'))
        };
        let named = |field: &Field| {
            let name = field.at.rsplit('/').next().unwrap_or_default();
            (name.to_owned(), self.field(field, &format!("{place}/properties/{name}")))
        };
        self.fields.iter().filter(|field| !field.doc.is_empty()).filter(direct).map(named).collect()
    }

    fn field(&self, field: &Field, place: &str) -> Value {
        let mut schema = match field.value {
            Type::Any => json!({}),
            Type::Boolean => value("boolean"),
            Type::Number(min, max) => bounded("number", min, max),
            Type::Integer(min, max) => bounded("integer", min, max),
            Type::Text([]) => json!({"type": ["string", "null"]}),
            Type::Text(known) if field.closed => closed(known),
            // The known ones are offered, others are fine.
            Type::Text(known) => json!({"anyOf": [{"enum": known}, {"type": ["string", "null"]}]}),
            Type::Texts(known) => {
                let form = if field.closed {
                    json!({"type": ["string", "object"], "pattern": TEMPLATE})
                } else {
                    json!({"type": ["string", "object"]})
                };
                let one = item(form, place);
                let items = if known.is_empty() { one } else { json!({"anyOf": [{"enum": known}, one]}) };
                list(items)
            }
            Type::Integers => {
                list(item(json!({"type": ["integer", "string", "object"], "pattern": TEMPLATE}), place))
            }
            Type::Object => {
                let mut schema = value("object");
                schema["properties"] = self.below(field.at, place).into();
                schema
            }
            Type::List => {
                let inner = self.below(&format!("{}/*", field.at), &format!("{place}/items"));
                if inner.is_empty() {
                    value("array")
                } else {
                    let mut one =
                        json!({"type": ["object", "string"], "pattern": TEMPLATE, "properties": inner});
                    add_repeat(&mut one, place);
                    list(one)
                }
            }
            Type::Same(path) => json!({"allOf": [{"$ref": format!("{}{}", self.place, steps(path))}]}),
        };
        schema["description"] = json!(field.doc);
        schema
    }
}

/// A path of the table as steps through a schema.
fn steps(path: &str) -> String {
    path.split('/')
        .skip(1)
        .map(|step| if step == "*" { "/items".to_owned() } else { format!("/properties/{step}") })
        .collect()
}

/// A value of these types, or a text that becomes one.
pub fn or_template(types: &[&str]) -> Value {
    let said = format!("Write a value of the type {}, or a `${{…}}` that becomes one", types[0]);
    let types = [types, &["string"]].concat();
    json!({"type": types, "pattern": TEMPLATE, "patternErrorMessage": said})
}

/// One of these words, a `${…}` that becomes one, or null.
fn closed(known: &[&str]) -> Value {
    let words: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
    let said = format!("Write {}, or a `${{…}}` that becomes one of them", words.join(", "));
    json!({"anyOf": [
        {"enum": known},
        {"type": ["string", "null"], "pattern": TEMPLATE, "patternErrorMessage": said},
    ]})
}

/// The same; null takes a default away.
fn value(name: &str) -> Value {
    or_template(&[name, "null"])
}

fn bounded(name: &str, min: Option<i32>, max: Option<i32>) -> Value {
    let mut schema = value(name);
    for (keyword, bound) in [("minimum", min), ("maximum", max)] {
        if let Some(bound) = bound {
            schema[keyword] = json!(bound);
        }
    }
    schema
}

fn list(items: Value) -> Value {
    let mut schema = value("array");
    schema["items"] = items;
    schema
}

/// An item that is not an object by itself: an object can only be one that repeats.
fn item(mut schema: Value, place: &str) -> Value {
    schema["required"] = json!(["$for", "$yield"]);
    schema["properties"] = json!({});
    add_repeat(&mut schema, place);
    schema
}

/// `{$for: x in list, $yield: …}` in the place of an item.
fn add_repeat(item: &mut Value, place: &str) {
    let repeat = json!({
        "$for": {"type": "string", "description": "Repeats the item below: `x in list`"},
        "$yield": {"description": "The item, once for each", "allOf": [{"$ref": format!("{place}/items")}]},
    });
    if let (Some(Value::Object(properties)), Value::Object(repeat)) = (item.get_mut("properties"), repeat) {
        properties.extend(repeat);
    }
}
