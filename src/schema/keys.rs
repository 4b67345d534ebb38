//! What is musher's own in definition files and templates: `$` keys, `uses`, `params`.

use serde_json::{Map, Value, json};

use super::body::or_template;
use super::words::{Parameter, Template, ids, variables};
use crate::check;
use crate::diagnostic::{FileId, Format};
use crate::source;
use crate::template::BUILT_IN;

/// The names of the keys that a definition may begin with `$`.
pub fn names() -> Vec<String> {
    directives().keys().cloned().collect()
}

/// The `$` keys of a definition.
pub fn directives() -> Map<String, Value> {
    let rules: Vec<&str> = check::all_codes().collect();
    let id = json!({"type": ["integer", "string"], "minLength": 1});
    let keys = json!({
        "$file": {
            "description": "The body from a JSON or YAML file beside this one; sibling keys are merged over it",
            "type": "string",
            "pattern": r"\.(json|ya?ml)$",
        },
        "$id": {
            "description": "Adopts this existing Datadog object: `123`, or `{prod: 123, staging: 456}`",
            "anyOf": [id.clone(), {"type": "object", "minProperties": 1, "additionalProperties": id}],
        },
        "$when": condition("Only where this is true: `${eq environment 'prod'}`"),
        "$protect": condition("Never deleted or replaced; the mark carries it, so it outlives the definition"),
        "$absent": condition("Of a kind without a mark: the object of this name is deleted"),
        "$ignore": {
            "description": "JSON pointers that are left to the UI: `/options/silenced`",
            "type": "array",
            "items": {"type": "string", "pattern": "^/."},
        },
        "$moved_from": one_or_list("The id before a rename: the live object keeps its Datadog id"),
        "$forget": {
            "description": "In place of a body: the mark is taken off the live object, which is left alone",
            "const": true,
        },
        "$allow": {
            "description": "Rules that are silent here, by the code that a diagnostic shows",
            "type": "array",
            "items": {"anyOf": [{"enum": rules}, {"type": "string", "pattern": "^[a-z0-9-]+$"}]},
        },
    });
    match keys {
        Value::Object(keys) => keys,
        _ => Map::new(),
    }
}

fn condition(doc: &str) -> Value {
    let mut schema = or_template(&["boolean"]);
    schema["description"] = json!(doc);
    schema
}

fn one_or_list(doc: &str) -> Value {
    let items = json!({"type": "string", "minLength": 1});
    json!({"description": doc, "type": ["string", "array"], "minLength": 1, "items": items})
}

/// `uses`: templates run over lists.
pub fn uses(own: &[Template]) -> Value {
    let is_own = |name: &str| own.iter().any(|template| template.name == name);
    let built_in: Vec<&(&str, &str)> = BUILT_IN.iter().filter(|(name, _)| !is_own(name)).collect();
    let own_names = own.iter().map(|template| template.name.as_str());
    let names: Vec<&str> = own_names.chain(built_in.iter().map(|(name, _)| *name)).collect();
    let with = own.iter().map(own_parameters);
    let with = with.chain(built_in.iter().filter_map(|(name, text)| built_in_parameters(name, text)));
    let entry = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["template"],
        "properties": {
            "template": {
                "description": "A file of templates/ without .yaml, or a built-in template",
                "anyOf": [{"enum": names}, {"type": "string"}],
            },
            "for_each": {
                "description": "A list: inline, or the path of a JSON, YAML or CSV file; a glob joins files",
                "type": ["string", "array", "object"],
            },
            "where": {
                "description": "Only the items for which this is true: `${eq each.TIER 'critical'}`",
                "type": ["string", "boolean"],
            },
            "key": {"description": "What tells the items apart: `${each.FunctionName}`", "type": "string"},
            "with": {"description": "Parameters of the template", "type": "object"},
            "overrides": {
                "description": "Parameters by glob over the keys, or a CSV file whose first column is the glob",
                "type": ["object", "string"],
                "additionalProperties": {"type": "object"},
            },
            "$when": condition("Only where this is true: `${eq environment 'prod'}`"),
            "$forget": {
                "description": "The marks are taken off the objects of all instances, which are left alone",
                "const": true,
            },
            "moved_from": one_or_list("The name of this use before a rename"),
        },
        "allOf": with.collect::<Vec<_>>(),
    });
    json!({
        "description": "By name: a template, once for each item of a list",
        "type": ["object", "null"],
        "propertyNames": ids(),
        "additionalProperties": entry,
    })
}

/// The parameters of a template of the team's own: an unknown one is not a fault, since the schema may be older than it.
fn own_parameters(template: &Template) -> Value {
    let explained = |parameter: &Parameter| {
        let mut schema = match parameter.ty {
            Some("string") | None => json!({}),
            Some(ty) => or_template(&[ty]),
        };
        let required = if parameter.required { "(required)" } else { "" };
        schema["description"] = json!(format!("{} {required}", parameter.description).trim());
        (parameter.name.clone(), schema)
    };
    with_of(&template.name, template.parameters.iter().map(explained).collect())
}

/// The parameters of a built-in template, explained.
fn built_in_parameters(name: &str, text: &str) -> Option<Value> {
    let (value, _) = source::value(text, Format::Yaml, FileId(0));
    let mut with = Map::new();
    for (parameter, says) in value?.get("params")?.as_object()? {
        with.insert(parameter.clone(), json!({"description": says.get("description")?}));
    }
    Some(with_of(name, with))
}

/// What `with` holds where a use names the template.
fn with_of(name: &str, parameters: Map<String, Value>) -> Value {
    let with = json!({"properties": {"with": {"properties": parameters}}});
    json!({"if": {"properties": {"template": {"const": name}}}, "then": with})
}

/// `files` of a template.
pub fn files() -> Value {
    json!({
        "description": "Files that `musher render` writes, by their names: YAML or JSON, by the ending",
        "type": ["object", "null"],
        "propertyNames": {"pattern": r"\.(ya?ml|json)$"},
        "additionalProperties": {"type": "object", "minProperties": 1},
    })
}

/// `params` of a template.
pub fn params() -> Value {
    let parameter = json!({
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "type": {
                "description": "Absent: the default's type, else whatever is passed",
                "enum": ["string", "number", "integer", "boolean", "list", "object"],
            },
            "default": {"description": "Absent: the parameter is required"},
            "min": {"description": "The least that a number may be", "type": "number"},
            "max": {"description": "The most that a number may be", "type": "number"},
            "description": {"description": "What it is, for whoever uses the template", "type": "string"},
        },
    });
    json!({
        "description": "The parameters of the template, by name",
        "type": ["object", "null"],
        "propertyNames": variables(),
        "additionalProperties": parameter,
    })
}
