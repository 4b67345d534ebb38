//! The keys of `musher.yaml`.

use serde_json::{Map, Value, json};

use super::words::{place, variables};
use crate::check::{RULES, Rule};
use crate::config::{RuleLevel, SITES};
use crate::diagnostic::Severity;
use crate::kind::KINDS;
use crate::pipelines;
use crate::signal::Signal;

/// Names of projects and environments, which go into marks.
const NAME: &str = "^[a-z][a-z0-9_-]*$";
const NAMES: &str = "A name begins with a lower case letter, and has lower case letters, digits, `_` and `-`";
/// Names of environment variables that hold keys.
const ENVIRONMENT_VARIABLE: &str =
    "^([A-Z_][A-Z0-9_]*_)?DD_[A-Z0-9_]*$|^([A-Z_][A-Z0-9_]*)?DATADOG[A-Z0-9_]*$";

/// The keys at the top of the file.
pub fn properties() -> Map<String, Value> {
    let defaults: Map<String, Value> =
        KINDS.iter().map(|kind| (kind.section.to_owned(), json!({"$ref": place(kind)}))).collect();
    let keys = json!({
        "project": {
            "description": "The project's name; it goes into the mark of every object",
            "type": "string",
            "pattern": NAME,
            "patternErrorMessage": NAMES,
        },
        "moved_from": owners(),
        "vars": vars(),
        "environments": {
            "description": "By name: where the project lives",
            "type": ["object", "null"],
            "propertyNames": {"pattern": NAME, "patternErrorMessage": NAMES},
            "additionalProperties": environment(),
        },
        "default_environment": {
            "description": "The one that is meant where none is named",
            "type": "string",
            "minLength": 1,
        },
        "definitions": {"description": "The folder of the definitions", "type": "string", "minLength": 1},
        "owns": owns(),
        "kinds": {
            "description": "Kinds that the project manages beside those that are always listed",
            "type": ["array", "null"],
            "items": {"enum": KINDS.iter().map(|kind| kind.section).collect::<Vec<_>>()},
        },
        "defaults": {
            "description": "By section: merged under every resource of it",
            "type": ["object", "null"],
            "additionalProperties": false,
            "properties": defaults,
        },
        "required_tags": {
            "description": "Keys of tags that the rule `required-tags` asks for",
            "type": ["array", "null"],
            "items": {"type": "string"},
        },
        "pipelines": {
            "description": "Files that say how telemetry gets to Datadog: collectors, workloads, functions; `validate` reads them",
            "type": ["array", "null"],
            "items": {"type": "string", "minLength": 1},
        },
        "secrets": secrets(),
        "coverage": coverage(),
        "rules": {
            "description": "By rule: how serious it is",
            "type": ["object", "null"],
            "additionalProperties": false,
            "properties": rules(),
        },
    });
    match keys {
        Value::Object(keys) => keys,
        _ => Map::new(),
    }
}

fn rules() -> Map<String, Value> {
    let explained = |rule: &Rule| {
        let level = match rule.level {
            RuleLevel::Error => "error",
            RuleLevel::Warn => "warn",
            RuleLevel::Off => "off",
        };
        let doc = format!("{} (default: {level})", rule.about);
        (rule.code.to_owned(), json!({"description": doc, "enum": ["error", "warn", "off"]}))
    };
    let of_pipelines = |rule: &&pipelines::rules::Rule| {
        let level = match rule.level {
            Severity::Error => "error",
            Severity::Warning => "warn",
            Severity::Advice => "advice",
        };
        let doc = format!("{} (default: {level}; {})", rule.about, rule.source);
        (rule.code.to_owned(), json!({"description": doc, "enum": ["error", "warn", "off"]}))
    };
    RULES.iter().map(explained).chain(pipelines::rules::RULES.iter().map(of_pipelines)).collect()
}

fn coverage() -> Value {
    let names: Vec<&str> = Signal::ALL.into_iter().map(Signal::name).collect();
    let least = json!({
        "description": "The least share of what the tier needs that must be covered",
        "anyOf": [
            {"type": "string", "pattern": r"^\s*(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)\s*%\s*$"},
            {"type": "number", "minimum": 0, "maximum": 100},
        ],
    });
    json!({
        "description": "By tier of functions: how much of what it needs must be covered; checked by `musher coverage`",
        "type": ["object", "null"],
        "properties": {
            "signals": {
                "description": "By tier: the signals that each function needs",
                "type": ["object", "null"],
                "additionalProperties": {"type": "array", "items": {"enum": names}},
            },
        },
        "additionalProperties": least,
    })
}

fn owns() -> Value {
    let names = json!({"type": "array", "items": {"type": "string", "minLength": 1}});
    let keyed = KINDS.iter().filter(|kind| kind.is_keyed() && kind.is_listed());
    let sections: Map<String, Value> = keyed.map(|kind| (kind.section.to_owned(), names.clone())).collect();
    json!({
        "description": "By section, of kinds without a mark: patterns of the names that are the project's, `lambda.*`",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": sections,
    })
}

fn secrets() -> Value {
    json!({
        "description": "By the name in `${secret.NAME}`: the environment variable that holds it; an environment's own win",
        "type": ["object", "null"],
        "propertyNames": variables(),
        "additionalProperties": {"type": "string", "pattern": "^MUSHER_SECRET_[A-Z0-9_]+$"},
    })
}

fn vars() -> Value {
    json!({
        "description": "Values for `${name}`; an environment's own win",
        "type": ["object", "null"],
        "propertyNames": variables(),
    })
}

fn owners() -> Value {
    let owner = json!({"type": "string", "pattern": r"^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)?$"});
    json!({
        "description": "The owner before a rename of the project, or a list: its live objects are taken over",
        "anyOf": [owner, {"type": "array", "items": owner}, {"type": "null"}],
    })
}

#[allow(clippy::too_many_lines, reason = "one literal")]
fn environment() -> Value {
    let variable = |doc: &str| json!({"description": doc, "type": "string", "pattern": ENVIRONMENT_VARIABLE});
    let share = |doc: &str| {
        let pattern = r"^([0-9]|[1-9][0-9]|100) *%$|^off$";
        json!({"description": doc, "type": ["string", "integer"], "pattern": pattern, "minimum": 0})
    };
    let off = |doc: &str| json!({"description": doc, "enum": ["off"]});
    json!({
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "site": {
                "description": "The Datadog site",
                "enum": SITES,
            },
            "api": {"description": "The embedded emulator: nothing leaves the machine", "enum": ["sandbox"]},
            "api_url": {
                "description": "A whole URL of an API, in the place of a site: loopback, a host of a site, or one in MUSHER_ALLOW_HOSTS",
                "type": "string",
                "pattern": "^https?://[^@?#]+$",
            },
            "org": {
                "description": "Name or public id of the organisation that the keys must belong to",
                "type": ["string", "integer"],
                "minLength": 1,
            },
            "moved_from": owners(),
            "vars": vars(),
            "owns": owns(),
            "brakes": {
                "description": "Limits of an apply",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {
                    "delete": share("Deletes and replaces: `10%`, a number of objects, or `off`"),
                    "inventory": share("Instances of one use that go: `10%`, a number, or `off`"),
                    "protect": off("`off`: protected objects may go"),
                    "empty": off("`off`: all may go when nothing is declared"),
                    "namespace": off("`off`: a new namespace may take what is there"),
                    "org": off("`off`: any organisation will do"),
                    "mark": off("`off`: what may be there already, with a mark that can't be read, is made anew"),
                    "owner": off("`off`: what another owner has under the same ids is made anew"),
                    "twin": off("`off`: new objects may look like those that are there"),
                },
            },
            "secrets": secrets(),
            "keys": {
                "description": "Names of environment variables that hold the keys; never values",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {
                    "api": variable("Of the API key, such as `PROD_DD_API_KEY`"),
                    "app": variable("Of the application key, such as `PROD_DD_APP_KEY`"),
                    "access_token": variable("Of a bearer token, in the place of both"),
                },
            },
            "lock": {
                "description": "Held for the length of an apply",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {
                    "file": {"description": "The lock's file, on a volume that all share", "type": "string", "minLength": 1},
                },
            },
        },
    })
}
