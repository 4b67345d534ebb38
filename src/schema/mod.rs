//! JSON Schema of the files that people write: definitions, templates, `musher.yaml`.
//!
//! Draft 7: what the language servers of editors know best. A keyword speaks of values of its type only:
//! `pattern` lets a text with a `${…}` stand for any value, and `minimum` still bounds a number beside it.

mod body;
mod keys;
mod project;
mod words;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use self::words::{FOREIGN, ids, place, texts_of};
pub use self::words::{Parameter, Template};
use crate::kind::{KINDS, Kind, ORDER, REST, ordered};

/// A type of file that has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    Definitions,
    Template,
    Project,
}

/// The schema of a type of file: draft 7, and the same bytes each time. `own` are the project's templates.
pub fn schema(file: File, own: &[Template]) -> Value {
    match file {
        File::Definitions => {
            let mut properties = sections();
            properties.insert("uses".to_owned(), keys::uses(own));
            document("Definitions of musher: sections of ids and bodies", properties, true)
        }
        File::Template => {
            let mut properties = sections();
            properties.insert("params".to_owned(), keys::params());
            let description = json!({"type": "string", "description": "What the template is for"});
            properties.insert("description".to_owned(), description);
            properties.insert("files".to_owned(), keys::files());
            document("A template of musher: parameters, and definitions made of them", properties, true)
        }
        File::Project => {
            let mut schema =
                document("musher.yaml: what makes a folder a project", project::properties(), false);
            schema["type"] = json!("object");
            schema["required"] = json!(["project"]);
            schema
        }
    }
}

/// A whole document; `entries`: its bodies take the keys that begin with `$`.
fn document(title: &str, properties: Map<String, Value>, entries: bool) -> Value {
    let mut definitions = Map::new();
    for kind in KINDS {
        let mut body = body::schema(kind, &place(kind));
        body["propertyNames"] = if entries {
            let own = keys::names().join("|").replace('$', r"\$");
            let said = format!("Keys that begin with $ are musher's own: {}", keys::names().join(", "));
            texts_of(&format!("^({own}|{FOREIGN})$"), &said)
        } else {
            texts_of(&format!("^{FOREIGN}$"), "Keys that begin with $ belong to definitions")
        };
        if entries {
            body["minProperties"] = json!(1);
            body::add(&mut body, keys::directives());
        }
        definitions.insert(kind.name.to_owned(), body);
    }
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": properties,
        "definitions": definitions,
    })
}

/// A section for each kind: ids and bodies.
fn sections() -> Map<String, Value> {
    let section = |kind: &&'static Kind| {
        let schema = json!({
            "description": format!("By id: bodies of the kind `{}`, as Datadog's API takes them", kind.name),
            "type": ["object", "null"],
            "propertyNames": ids(),
            "additionalProperties": {"$ref": place(kind)},
        });
        (kind.section.to_owned(), schema)
    };
    KINDS.iter().map(section).chain([(ORDER.section.to_owned(), orders())]).collect()
}

/// By section: who comes first.
fn orders() -> Value {
    let members = json!({
        "description": format!("References to the objects, and `{REST}` for all others"),
        "type": "array",
        "items": {"type": "string"},
    });
    let beside = json!({
        "type": "object",
        "required": ["members"],
        "properties": {"members": members},
        "patternProperties": {r"^\$": {}},
        "additionalProperties": false,
    });
    let order = json!({"anyOf": [members, beside]});
    let sections: Map<String, Value> =
        ordered().map(|kind| (kind.section.to_owned(), order.clone())).collect();
    json!({
        "description": "By section: which object comes first",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": sections,
    })
}
