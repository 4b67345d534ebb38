//! What is live and differs from the definitions -> who made it so, and when, as far as the objects tell.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::kind::{self, Kind};
use crate::model::{Change, Plan};

/// Names and times are cut here.
const LONGEST: usize = 80;

/// What one person changed, or may have.
#[derive(Debug)]
pub struct Group<'a> {
    pub by: By,
    /// The last of the changes.
    pub latest: Option<String>,
    pub changes: Vec<(&'a Change, Option<String>)>,
}

/// What an object tells of people. Most tell who made them, and not who changed them last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    Changed(String),
    Made(String),
    /// It is not there, or tells nothing.
    Unknown,
}

impl By {
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Changed(name) | Self::Made(name) => Some(name),
            Self::Unknown => None,
        }
    }
}

/// The changes of a plan by people, sorted; the time of each beside it.
pub fn groups(plan: &Plan) -> Vec<Group<'_>> {
    let mut by: BTreeMap<By, Vec<(&Change, Option<String>)>> = BTreeMap::new();
    for change in &plan.changes {
        by.entry(who(change)).or_default().push((change, when(change)));
    }
    let groups = by.into_iter().map(|(by, changes)| {
        let latest = changes.iter().filter_map(|(_, when)| when.clone()).max();
        Group { by, latest, changes }
    });
    groups.collect()
}

/// Who changed an object last, where it tells; else who made it.
pub fn who(change: &Change) -> By {
    let Some((kind, body)) = kind::of_name(change.kind).zip(change.live.as_ref()) else { return By::Unknown };
    if let Some(name) = person(body, "/modified_by") {
        return By::Changed(name);
    }
    maker(kind, body).map_or(By::Unknown, By::Made)
}

/// Who made an object, where it tells.
pub fn maker(kind: &Kind, body: &Value) -> Option<String> {
    person(body, kind.about.author?)
}

/// When an object was made: `2026-01-31T10:00:00Z`.
pub fn made_at(kind: &Kind, body: &Value) -> Option<String> {
    time(body.pointer(kind.about.created?)?)
}

fn person(body: &Value, at: &str) -> Option<String> {
    let value = body.pointer(at)?;
    let text = value.as_str().or_else(|| value.get("handle").or_else(|| value.get("email"))?.as_str())?;
    let cut: String = text.chars().take(LONGEST).collect();
    Some(cut).filter(|text| !text.trim().is_empty())
}

/// When an object was changed last: `2026-01-31T10:00:00Z`.
pub fn when(change: &Change) -> Option<String> {
    let (kind, body) = kind::of_name(change.kind).zip(change.live.as_ref())?;
    time(body.pointer(kind.about.modified?)?)
}

fn time(value: &Value) -> Option<String> {
    let time = match value {
        Value::String(text) => text.parse::<Timestamp>().ok()?,
        Value::Number(number) => {
            let number = number.as_i64()?;
            // Some are told in milliseconds.
            let far = number.unsigned_abs() > 100_000_000_000;
            if far {
                Timestamp::from_millisecond(number).ok()?
            } else {
                Timestamp::from_second(number).ok()?
            }
        }
        _ => return None,
    };
    Timestamp::from_second(time.as_second()).ok().map(|time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, Address};
    use serde_json::json;

    fn check(kind: &'static str, live: Value, expected: (By, Option<&str>)) {
        let address = Address::new("monitors", "a");
        let change = Change { live: Some(live), ..Change::new(kind, address, Action::Update) };
        assert_eq!((who(&change), when(&change).as_deref()), expected);
    }

    #[test]
    fn people_and_times_as_far_as_they_are_told() {
        let made = |name: &str| By::Made(name.to_owned());
        check(
            "monitor",
            json!({"creator": {"handle": "ann@x.org"}, "modified": "2026-01-31T10:00:00.123456+00:00"}),
            (made("ann@x.org"), Some("2026-01-31T10:00:00Z")),
        );
        check("slo", json!({"modified_at": 1_760_000_000}), (By::Unknown, Some("2025-10-09T08:53:20Z")));
        check(
            "retention_filter",
            json!({"modified_by": "bob", "modified_at": 1_760_000_000_000_i64}),
            (By::Changed("bob".to_owned()), Some("2025-10-09T08:53:20Z")),
        );
        check("slo", json!({"modified_at": u64::MAX}), (By::Unknown, None));
        check("dashboard", json!({"author_handle": "", "modified_at": "yesterday"}), (By::Unknown, None));
    }
}
