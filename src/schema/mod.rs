//! JSON Schema of the files that people write: definitions, templates, `musher.yaml`.
//!
//! Draft 7: what the language servers of editors know best. A keyword speaks of values of its type only:
//! `pattern` lets a text with a `${…}` stand for any value, and `minimum` still bounds a number beside it.

mod body;
mod keys;
mod project;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use crate::kind::{KINDS, Kind};

/// An id: segments joined by `/`.
const ID: &str = "^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*$";
/// What can stand as a name in a `${…}`.
const VARIABLE: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
/// A text that holds a `${…}`.
const TEMPLATE: &str = r"\$\{";
/// A key of a body: neither one of ours nor a template.
const FOREIGN: &str = r"[^$]([^$]|\$[^{]|\$$)*";

/// A sort of file that has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    Definitions,
    Template,
    Project,
}

/// A template of the team's own, as far as those need to know it who use it.
#[derive(Clone, Debug)]
pub struct Template {
    pub name: String,
    pub parameters: Vec<Parameter>,
}

#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: String,
    pub description: String,
    /// The name of its type in JSON, where it has one.
    pub sort: Option<&'static str>,
    pub required: bool,
}

/// The schema of a sort of file: draft 7, and the same bytes each time. `own` are the project's templates.
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

/// Where the schema of a kind's body stands, as a reference.
fn place(kind: &Kind) -> String {
    format!("#/definitions/{}", kind.name)
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
    KINDS.iter().map(section).collect()
}

/// Texts of a form, and what to say of others: `patternErrorMessage` is known to language servers.
fn texts_of(pattern: &str, otherwise: &str) -> Value {
    json!({"pattern": pattern, "patternErrorMessage": otherwise})
}

fn ids() -> Value {
    texts_of(ID, "An id has lower case letters, digits, `.`, `_` and `-`; its segments are joined by `/`")
}

/// Names that can stand in a `${…}`.
fn variables() -> Value {
    texts_of(VARIABLE, "A name has letters, digits and `_`, and begins with no digit")
}
