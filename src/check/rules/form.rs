//! What a value must look like, by the kind's row: at any place of a list.

use serde_json::{Map, Value};

use super::spelling;
use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::config::RuleLevel;
use crate::model::Reference;
use crate::pointer::{matching, values};
use crate::source::short;

pub fn fits(subject: &Subject<'_>, found: &mut Findings) {
    let formed = subject.asked.formed.iter().filter_map(|field| Some((field.at, field.form?)));
    for (path, form) in formed {
        for pointer in matching(path, subject.body) {
            let Some(value) = subject.body.pointer(&pointer) else { continue };
            if value.is_null() || waits(value) || (form.fits)(value) || found.has(&pointer) {
                continue;
            }
            let (name, text) = (path.rsplit('/').next().unwrap_or_default(), value.to_string());
            let text = format!("`{name}` is `{}`, and must be {}", short(&text), form.says);
            let finding = found.add(&pointer, text, "write it so, or leave the field out");
            if !form.proven {
                finding.level(RuleLevel::Warn);
            }
        }
    }
}

/// Whether a value holds a reference, of which nothing is known yet.
fn waits(value: &Value) -> bool {
    values(value).any(|value| value.as_str().is_some_and(|text| text.contains(Reference::OPEN)))
}

/// Fields that objects of a list need, by their type.
pub fn required_inside(subject: &Subject<'_>, found: &mut Findings) {
    for field in &subject.asked.required_inside {
        let Some((around, name)) = field.at.rsplit_once('/') else { continue };
        // A query of a formula says by its source what it is.
        let class =
            |members: &Map<String, Value>| members.get("type").or(members.get("data_source")).cloned();
        for pointer in matching(around, subject.body) {
            let Some(Value::Object(members)) = subject.body.pointer(&pointer) else { continue };
            let own = class(members);
            let own = own.as_ref().and_then(Value::as_str).unwrap_or_default();
            let is_needed = field.required_in.iter().any(|name| name.is_empty() || *name == own);
            if is_needed && members.get(name).is_none_or(Value::is_null) {
                if spelling::misspelled(subject, (around, name), (&pointer, members), found).is_some() {
                    continue;
                }
                let what = if own.is_empty() {
                    around.trim_start_matches('/').replace("/*", "")
                } else {
                    own.to_owned()
                };
                let text = format!("This `{}` has no `{name}`, which the service requires", short(&what));
                found.add(&format!("{pointer}/{name}"), text, format!("add `{name}:`"));
            }
        }
    }
}
