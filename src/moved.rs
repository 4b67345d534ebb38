//! What somebody else did between a plan and its apply: changes whose live object is no longer what was planned for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::canon;
use crate::diff::spelling;
use crate::kind::{self, Kind};
use crate::mark;
use crate::model::{Change, Live, Plan};

/// How the live side of a change differs from what was planned for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It was changed, by these top-level fields.
    Changed(Vec<String>),
    Gone,
    /// An object with the mark of what is to be made exists now: its id.
    Made(String),
}

impl std::fmt::Display for Moved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Changed(fields) => write!(f, "was changed ({})", fields.join(", ")),
            Self::Gone => f.write_str("was deleted"),
            Self::Made(id) => write!(f, "was made by somebody else, with the id {id}"),
        }
    }
}

/// The changes that a second, fresh list contradicts, by their place in the plan. Fields that the service alone
/// sets don't count; mutes and whatever else an update sends as it stood live do.
pub fn moved_since(plan: &Plan, fresh: &[Live]) -> BTreeMap<usize, Moved> {
    let by_id: HashMap<(&str, &str), &Live> =
        fresh.iter().map(|live| ((live.section, live.id.as_str()), live)).collect();
    let marked =
        |live: &'_ Live| live.mark.as_ref().map(|mark| (live.section, mark.owner.0.clone(), mark.id.clone()));
    let by_mark: HashMap<(&str, String, String), &Live> =
        fresh.iter().rev().filter_map(|live| Some((marked(live)?, live))).collect();
    let moved = |change: &Change| {
        // An order is seen again when it is written.
        let kind = kind::of_name(change.kind).filter(|kind| !kind.is_order())?;
        let Some((id, before)) = change.datadog_id.as_ref().zip(change.live.as_ref()) else {
            let body = change.body.as_ref()?.value();
            if let Some(key) = mark::key(kind, &body) {
                let mut named = fresh.iter().filter(|live| live.section == kind.section);
                let made = named.find(|live| mark::key(kind, &live.body) == Some(key));
                return made.map(|live| Moved::Made(live.id.clone()));
            }
            let own = mark::read(kind, &body)?;
            return by_mark
                .get(&(kind.section, own.owner.0, own.id))
                .map(|live| Moved::Made(live.id.clone()));
        };
        let Some(now) = by_id.get(&(kind.section, id.as_str())) else { return Some(Moved::Gone) };
        let fields = differing(&fields(kind, before), &fields(kind, &now.body));
        (!fields.is_empty()).then_some(Moved::Changed(fields))
    };
    let places = plan.changes.iter().enumerate();
    places.filter_map(|(at, change)| Some((at, moved(change)?))).collect()
}

/// The top-level fields that a person can change, each as a text that is the same where it means the same.
pub fn fields(kind: &Kind, body: &Value) -> BTreeMap<String, String> {
    let Value::Object(members) = canon::lasting(kind, body) else { return BTreeMap::new() };
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    members.map(|(key, value)| (key, spelling(&value))).collect()
}

/// The keys under which two maps differ, sorted.
pub fn differing(before: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<String> {
    let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    keys.into_iter().filter(|key| before.get(*key) != now.get(*key)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(section: &str, before: Value, now: Value, expected: &[&str]) {
        let kind = kind::of_section(section).expect("a kind");
        assert_eq!(differing(&fields(kind, &before), &fields(kind, &now)), expected, "{before} {now}");
    }

    #[test]
    fn what_a_person_changed_is_seen_and_what_the_service_does_is_not() {
        check("monitors", json!({"id": 1, "name": "a"}), json!({"id": 1, "name": "b"}), &["name"]);
        let alerting = json!({"overall_state": "Alert", "modified": "now", "options": {"thresholds": {"critical": 2.0}}});
        check(
            "monitors",
            json!({"overall_state": "OK", "options": {"thresholds": {"critical": 2}}}),
            alerting,
            &[],
        );
        check(
            "monitors",
            json!({"options": {"silenced": {}}}),
            json!({"options": {"silenced": {"*": null}}}),
            &["options"],
        );
        check("monitors", json!({"assets": []}), json!({}), &[]);
        check("monitors", json!({}), json!({"priority": null}), &[]);
        check("slos", json!({"tags": ["a", "b"]}), json!({"tags": ["b", "a"]}), &[]);
        check("monitors", json!({"type": "metric alert"}), json!({"type": "query alert"}), &[]);
        check(
            "slos",
            json!({"thresholds": [{"target": 99, "target_display": "99."}]}),
            json!({"thresholds": [{"target": 99.0}]}),
            &[],
        );
        check("dashboards", json!({"widgets": [1, 2]}), json!({"widgets": [2, 1]}), &["widgets"]);
        check("dashboards", json!({"a": 1}), json!({"b": 1.5}), &["a", "b"]);
    }
}
