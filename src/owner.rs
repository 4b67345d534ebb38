//! An owner that `musher.yaml` doesn't know and that has what is to be made: was the project renamed?

use std::collections::{BTreeMap, BTreeSet};

use crate::kind;
use crate::model::{Action, Address, Change, Live, Owner, Plan, Question};

/// The brake that holds until somebody says.
pub const BRAKE: &str = "owner";

/// Whether everybody's objects are to be looked at: only where this owner would begin.
pub fn is_asked(plan: &Plan) -> bool {
    plan.marked == 0 && !creates(plan).is_empty() && plan.count(Action::Move) == 0
}

/// Without a mark nothing says whose it is.
fn is_marked(change: &Change) -> bool {
    kind::of_name(change.kind).is_some_and(|kind| !kind.is_keyed())
}

fn creates(plan: &Plan) -> BTreeSet<&Address> {
    plan.changes
        .iter()
        .filter(|change| change.action == Action::Create && is_marked(change))
        .map(|change| &change.address)
        .collect()
}

/// What a person has to say where another owner bears most of the ids that would be made. `known` are the
/// owners that `musher.yaml` names; `foreign` is everybody's.
pub fn question(plan: &Plan, known: &[Owner], foreign: &[Live]) -> Option<Question> {
    let creates = creates(plan);
    let mut borne: BTreeMap<&Owner, BTreeSet<Address>> = BTreeMap::new();
    for live in foreign {
        let Some(mark) = live.mark.as_ref().filter(|mark| !known.contains(&mark.owner)) else { continue };
        let address = Address::new(live.section, &mark.id);
        if creates.contains(&address) {
            borne.entry(&mark.owner).or_default().insert(address);
        }
    }
    // The first of those that have the most.
    let (owner, ids) = borne.into_iter().rev().max_by_key(|(_, ids)| ids.len())?;
    if ids.len() * 2 <= creates.len() {
        return None;
    }
    let place = match &plan.environment {
        Some(name) => {
            format!(" (or into its environment `{name}`, where others live in this organisation too)")
        }
        None => String::new(),
    };
    let text = format!(
        "nothing is live of this owner yet, and `{owner}` bears {} of the {} ids that would be made, such as `{}`: if the \
         project was renamed, write `moved_from: {owner}` into musher.yaml{place}, and its objects are taken over",
        ids.len(),
        creates.len(),
        ids.first()?,
    );
    Some(Question { brake: BRAKE, text })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::model::Mark;

    fn live(owner: &str, section: &'static str, id: &str) -> Live {
        let mark = Mark { owner: Owner(owner.into()), id: id.into(), protect: false };
        Live { section, id: "1".into(), body: Value::Null, mark: Some(mark), url: String::new() }
    }

    #[test]
    fn a_project_that_was_renamed_is_asked_about() {
        let create = |id: &str| Change::new("monitor", Address::new("monitors", id), Action::Create);
        let plan = Plan {
            project: "shop".into(),
            environment: Some("prod".into()),
            site: "s".into(),
            changes: ["a", "b", "c"].map(create).into(),
            declared: 3,
            ..Plan::default()
        };
        assert!(is_asked(&plan));
        assert!(!is_asked(&Plan { owned: 1, marked: 1, ..plan.clone() }));
        // What is known by its name says nothing of who was here.
        assert!(is_asked(&Plan { owned: 1, ..plan.clone() }));
        let known = [Owner("shop.prod".into()), Owner("shop.staging".into())];
        for (foreign, expected) in [
            (vec![], None),
            (
                vec![live("store", "monitors", "a"), live("store", "monitors", "b")],
                Some("`store` bears 2 of the 3"),
            ),
            (vec![live("store", "monitors", "a")], None),
            (vec![live("store", "slos", "a"), live("store", "slos", "b")], None),
            (vec![live("shop.staging", "monitors", "a"), live("shop.staging", "monitors", "b")], None),
            (
                vec![live("x", "monitors", "a"), live("y", "monitors", "a"), live("y", "monitors", "b")],
                Some("`y` bears 2"),
            ),
        ] {
            let found = question(&plan, &known, &foreign);
            match expected {
                None => assert_eq!(found, None),
                Some(part) => assert!(found.as_ref().is_some_and(|q| q.text.contains(part)), "{found:?}"),
            }
        }
    }
}
