//! What is silenced.

use serde_json::Value;

use super::code::risk;
use crate::model::Risk;

/// A downtime that never ends, or that silences every group of every alert; told when it begins to be so.
pub fn silenced(live: Option<&Value>, wanted: &Value) -> Vec<Risk> {
    let is_endless = |body: &Value| {
        let has = |at: &str| body.pointer(at).is_some_and(|value| !value.is_null());
        !has("/schedule/end") && !has("/schedule/recurrences")
    };
    let is_everything = |body: &Value| {
        let all = Value::from("*");
        let monitors = body.pointer("/monitor_identifier/monitor_tags").and_then(Value::as_array);
        body.get("scope") == Some(&all) && monitors.is_some_and(|tags| tags.contains(&all))
    };
    let begins = |holds: &dyn Fn(&Value) -> bool| holds(wanted) && !live.is_some_and(holds);
    let mut risks = Vec::new();
    if begins(&is_everything) {
        risks.push(risk("all-silenced", "It silences every monitor, in every scope"));
    }
    if begins(&is_endless) {
        risks.push(risk(
            "endless-downtime",
            "It has no end: what it silences stays silent until somebody deletes it",
        ));
    }
    risks
}
