//! What a change endangers: who is no longer told, what no longer fires, what is lost.

mod code;
mod option;
mod query;
mod recipient;
mod scope;
mod silence;
mod threshold;

#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::kind::{Danger, Family, Kind};
use crate::model::{Action, Risk};

pub use code::{listed, risk};

/// What may be endangered by a change.
#[derive(Clone, Copy, Debug)]
pub struct Watched<'a> {
    pub action: Action,
    /// The object as it stands; absent for a create.
    pub live: Option<&'a Value>,
    /// The body that is wanted, without defaults that the service fills; absent for a delete.
    pub wanted: Option<&'a Value>,
    /// The mark or the definition forbids deletes and replaces.
    pub protected: bool,
}

/// All risks of a change, the heaviest first.
pub fn risks(kind: &Kind, watched: Watched<'_>) -> Vec<Risk> {
    let mut risks = Vec::new();
    if watched.protected && matches!(watched.action, Action::Delete | Action::Replace) {
        let text = match watched.action {
            Action::Delete => "A protected object is deleted",
            _ => "A protected object is replaced by a new one",
        };
        risks.push(risk("protected-object", text));
    }
    if watched.action == Action::Replace {
        let text = "The object is replaced: history, mutes and links to the old one are lost";
        risks.push(risk("object-replaced", text));
    }
    match (watched.live, watched.wanted) {
        (Some(live), None) => risks.extend(recipient::pager_deleted(kind, live)),
        (Some(live), Some(wanted)) => {
            risks.extend(recipient::lost(kind, live, wanted));
            risks.extend(option::no_data_off(kind, live, wanted));
            risks.extend(option::dangers(kind, live, wanted));
            risks.extend(threshold::loosened(kind, live, wanted));
            risks.extend(query::harder(kind, live, wanted));
            risks.extend(scope::changed(kind, live, wanted));
            let endangered = |danger: &Danger| Some(risk(danger.code, (danger.judge)(live, wanted)?));
            risks.extend(kind.quirks.dangers.iter().filter_map(endangered));
        }
        (None, Some(wanted)) => {
            let endangered = |danger: &Danger| Some(risk(danger.code, (danger.judge)(&Value::Null, wanted)?));
            risks.extend(kind.quirks.new_dangers.iter().filter_map(endangered));
        }
        (None, None) => {}
    }
    if let (Some(wanted), Some(Family::Silence)) = (watched.wanted, kind.quirks.family) {
        risks.extend(silence::silenced(watched.live, wanted));
    }
    risks.sort();
    risks
}
