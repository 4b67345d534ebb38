//! Fields that keep an alert from being heard: reminders, mutes, drafts, delays, urgency.

use serde_json::Value;

use super::code::risk;
use crate::kind::{Alarm, Field, Kind};
use crate::model::Risk;
use crate::query::Window;

pub fn no_data_off(kind: &Kind, live: &Value, wanted: &Value) -> Option<Risk> {
    let on = |body: &Value| {
        kind.fields.iter().filter(|field| !field.no_data.is_empty()).any(|field| {
            let value = body.pointer(field.at).cloned().or_else(|| default_of(field)).unwrap_or(Value::Null);
            field.no_data.iter().any(|text| serde_json::from_str::<Value>(text).is_ok_and(|on| on == value))
        })
    };
    (on(live) && !on(wanted)).then(|| risk("no-data-off", "It no longer alerts when data stops coming"))
}

/// What an absent field means.
fn default_of(field: &Field) -> Option<Value> {
    serde_json::from_str(field.defaults.first()?).ok()
}

/// What the row says of single fields.
pub fn dangers(kind: &Kind, live: &Value, wanted: &Value) -> Vec<Risk> {
    let fields = kind.fields.iter().filter(|field| field.alarm != Alarm::None);
    fields.filter_map(|field| danger(field, live.pointer(field.at), wanted.pointer(field.at))).collect()
}

fn danger(field: &Field, live: Option<&Value>, wanted: Option<&Value>) -> Option<Risk> {
    let number = |value: Option<&Value>| value.and_then(Value::as_f64).filter(|number| *number > 0.0);
    let name = field.at.trim_start_matches('/').replace('/', ".");
    match field.alarm {
        Alarm::None => None,
        Alarm::Reminder => {
            let before = number(live).filter(|_| number(wanted).is_none())?;
            let text =
                format!("Nobody is reminded of an alert that lasts: it was repeated every {before} minutes");
            Some(risk("reminder-off", text))
        }
        Alarm::Draft => {
            let is_draft = |value: Option<&Value>| value.and_then(Value::as_str) == Some("draft");
            let text = "It becomes a draft, which notifies nobody";
            (is_draft(wanted) && !is_draft(live)).then(|| risk("draft", text))
        }
        Alarm::Mute => {
            let muted = live.and_then(Value::as_object);
            let is_new = |scope: &str| muted.is_none_or(|muted| !muted.contains_key(scope));
            let new = wanted?.as_object()?.keys().find(|scope| is_new(scope))?;
            let of = if new == "*" { "all of it".to_owned() } else { format!("`{new}`") };
            Some(risk("muted", format!("It is muted: {of}")))
        }
        Alarm::Delay => {
            let before = number(live).unwrap_or_default();
            let after = number(wanted).filter(|after| *after > before)?;
            let text = format!("It evaluates later: `{name}` goes from {before} to {after} seconds");
            Some(risk("delay-raised", text))
        }
        Alarm::Urgency => {
            let before = number(live)?;
            let lower = number(wanted).is_none_or(|after| after > before);
            let after = number(wanted).map_or_else(|| "none".to_owned(), |after| format!("P{after}"));
            let text = format!("It is less urgent: from P{before} to {after}, and may be routed elsewhere");
            lower.then(|| risk("urgency-lowered", text))
        }
        Alarm::Window => {
            let text = |value: Option<&'_ Value>| value.and_then(Value::as_str).map(str::to_owned);
            let (before, after) = (text(live)?, text(wanted)?);
            let longer = Window::read(&after)?.seconds > Window::read(&before)?.seconds;
            let text = format!("It alerts later: `{name}` goes from {before} to {after}");
            longer.then(|| risk("window-longer", text))
        }
    }
}
