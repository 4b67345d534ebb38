//! `templates/NAME.yaml` -> what it declares: parameters, and definitions of each section.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::definitions::{Param, ParamType};
use crate::diagnostic::{At, Diagnostic, Part, known_words};
use crate::model::is_name;
use crate::pointer::step;
use crate::source::{short, type_of};

const PARAM_KEYS: [&str; 5] = ["type", "default", "min", "max", "description"];

const TYPES: [(&str, ParamType); 6] = [
    ("string", ParamType::String),
    ("number", ParamType::Number),
    ("integer", ParamType::Integer),
    ("boolean", ParamType::Boolean),
    ("list", ParamType::List),
    ("object", ParamType::Object),
];

/// Reads `params`.
pub fn params(value: Value, at: &At, faults: &mut Vec<Diagnostic>) -> IndexMap<String, Param> {
    let mut params = IndexMap::new();
    let entries = match value {
        Value::Object(entries) => entries,
        Value::Null => return params,
        other => {
            let text = format!("`params` is a mapping of names, not {}", type_of(&other));
            faults.push(Diagnostic::error("bad-template", text, at.clone()));
            return params;
        }
    };
    for (name, value) in entries {
        let at = at.child(&step(&name));
        if !is_name(&name) {
            let text = format!("`{}` is not a valid parameter name", short(&name));
            let fault = Diagnostic::error("bad-template", text, at.part(Part::Key));
            faults.push(fault.help("use letters, digits and `_`, and begin with a letter or `_`"));
        }
        let entry = match value {
            Value::Object(entry) => entry,
            Value::Null => Map::new(),
            other => {
                let text = format!("A parameter is a mapping, not {}", type_of(&other));
                let fault = Diagnostic::error("bad-template", text, at.clone());
                faults.push(fault.help("write `{}` for a required one, or `{default: …}`"));
                Map::new()
            }
        };
        params.insert(name, param(entry, at, faults));
    }
    params
}

fn param(mut entry: Map<String, Value>, at: At, faults: &mut Vec<Diagnostic>) -> Param {
    for key in entry.keys().filter(|key| !PARAM_KEYS.contains(&key.as_str())) {
        let text = format!("There is no key `{}` of a parameter", short(key));
        let place = at.child(&step(key)).part(Part::Key);
        faults.push(Diagnostic::error("unknown-key", text, place).help(known_words(key, PARAM_KEYS)));
    }
    let default = entry.shift_remove("default");
    let declared = entry.get("type").and_then(|value| type_of_declared(value, &at, faults));
    let ty = declared.or_else(|| default.as_ref().and_then(type_of_default));
    let bounds = [("min", entry.get("min")), ("max", entry.get("max"))];
    let [min, max] = bounds.map(|(name, value)| bound(name, value?, ty, &at, faults));
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        faults.push(Diagnostic::error("bad-template", "`min` is above `max`", at.child("/min")));
    }
    let description = match entry.get("description") {
        None => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => {
            let text = format!("`description` is a text, not {}", type_of(other));
            faults.push(Diagnostic::error("bad-template", text, at.child("/description")));
            None
        }
    };
    Param { ty, default, min, max, description, at }
}

fn type_of_declared(value: &Value, at: &At, faults: &mut Vec<Diagnostic>) -> Option<ParamType> {
    let named = value.as_str().unwrap_or_default();
    let ty = TYPES.iter().find(|(name, _)| *name == named).map(|(_, ty)| *ty);
    if ty.is_none() {
        let text = match value.as_str() {
            Some(name) => format!("There is no type `{}`", short(name)),
            None => format!("`type` is the name of a type, not {}", type_of(value)),
        };
        let help = known_words(named, TYPES.iter().map(|(name, _)| *name));
        faults.push(Diagnostic::error("bad-template", text, at.child("/type")).help(help));
    }
    ty
}

/// A default that is itself a template may become anything.
fn type_of_default(default: &Value) -> Option<ParamType> {
    match default {
        Value::Bool(_) => Some(ParamType::Boolean),
        Value::Number(_) => Some(ParamType::Number),
        Value::String(text) if text.contains("${") => None,
        Value::String(_) => Some(ParamType::String),
        Value::Array(_) => Some(ParamType::List),
        Value::Object(_) => Some(ParamType::Object),
        Value::Null => None,
    }
}

fn bound(
    name: &str,
    value: &Value,
    ty: Option<ParamType>,
    at: &At,
    faults: &mut Vec<Diagnostic>,
) -> Option<f64> {
    let numeric = matches!(ty, None | Some(ParamType::Number | ParamType::Integer));
    let fault = match value.as_f64() {
        None => Diagnostic::error(
            "bad-template",
            format!("`{name}` is a number, not {}", type_of(value)),
            at.child(&step(name)),
        ),
        Some(_) if !numeric => {
            let text = format!("Only a number can have a `{name}`");
            Diagnostic::error("bad-template", text, at.child(&step(name))).help("write `type: number`")
        }
        bound => return bound,
    };
    faults.push(fault);
    None
}
