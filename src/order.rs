//! References -> the order of work, or the circles in them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::cores::in_parallel;
use crate::kind;
use crate::model::{Action, Address, Change, Reference, Resource};
use crate::pointer::values;

/// Below this many bodies, starting a thread that looks for references costs more than it saves.
const WORTH_THREADS: usize = 256;

/// Resources that refer to each other in a circle, each circle once, from its first address on.
pub fn circles(resources: &[Resource]) -> Vec<Vec<Address>> {
    let of_some = |resources: &[Resource]| {
        let named = resources.iter().map(|resource| named_in(resource.body.text()));
        named.enumerate().filter(|(_, targets)| !targets.is_empty()).collect::<Vec<_>>()
    };
    let edges = in_parallel(resources, WORTH_THREADS, &|some, from| (from, of_some(some)));
    let edges: BTreeMap<&Address, Vec<Address>> = edges
        .into_iter()
        .flat_map(|(from, edges)| edges.into_iter().map(move |(at, targets)| (from + at, targets)))
        .map(|(at, targets)| (&resources[at].address, targets))
        .collect();
    let mut done: BTreeSet<&Address> = BTreeSet::new();
    let mut found = Vec::new();
    for start in edges.keys() {
        // The way from `start` to here, each step with the targets that it hasn't tried yet.
        let mut way: Vec<(&Address, std::slice::Iter<Address>)> = Vec::new();
        if done.insert(start) {
            way.push((start, edges[start].iter()));
        }
        while let Some((_, rest)) = way.last_mut() {
            let Some(target) = rest.next() else {
                way.pop();
                continue;
            };
            if let Some(from) = way.iter().position(|(address, _)| *address == target) {
                found.push(way[from..].iter().map(|(address, _)| (*address).clone()).collect());
            } else if let Some((target, targets)) = edges.get_key_value(target)
                && done.insert(target)
            {
                way.push((target, targets.iter()));
            }
        }
    }
    found
}

/// The targets of the references in a text; no JSON is needed to find them.
fn named_in(text: &str) -> Vec<Address> {
    let mut targets: Vec<Address> =
        Reference::in_text(text).into_iter().map(|(_, reference)| reference.target).collect();
    targets.sort_unstable();
    targets.dedup();
    targets
}

/// Fills `after` of every change: what it refers to comes first; what still refers to a deleted object
/// goes, or lets it go, before it.
pub fn order(changes: &mut [Change]) {
    // The rest of an interrupted replace is deleted at the address of what replaced it: nobody refers to it.
    let by_address: HashMap<Address, usize> = changes
        .iter()
        .enumerate()
        .filter(|(_, change)| change.action != Action::Delete)
        .map(|(index, change)| (change.address.clone(), index))
        .collect();
    let mut after: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); changes.len()];
    for (index, change) in changes.iter().enumerate() {
        for target in change.body.iter().flat_map(|body| named_in(body.text())) {
            if let Some(first) = by_address.get(&target).filter(|first| **first != index) {
                after[index].insert(*first);
            }
        }
    }
    let deleted: HashMap<String, usize> = changes
        .iter()
        .enumerate()
        .filter(|(_, change)| change.action == Action::Delete)
        .filter_map(|(index, change)| Some((change.datadog_id.clone()?, index)))
        .collect();
    // What the service made with an object goes with it.
    let alerts = deleted.values().filter_map(|index| {
        let change = &changes[*index];
        let id = kind::of_section(change.address.section())?.alert_of(change.live.as_ref()?)?;
        Some((id, *index))
    });
    let deleted: HashMap<String, usize> = alerts
        .collect::<Vec<_>>()
        .into_iter()
        .chain(deleted.iter().map(|(id, at)| (id.clone(), *at)))
        .collect();
    if !deleted.is_empty() {
        for (index, change) in changes.iter().enumerate() {
            let Some(live) = &change.live else { continue };
            for mentioned in mentions(live, &deleted).into_iter().filter(|mentioned| *mentioned != index) {
                if !reaches(&after, index, mentioned) {
                    after[mentioned].insert(index);
                }
            }
        }
    }
    for (index, first) in after.into_iter().enumerate() {
        changes[index].after = first.into_iter().map(|first| changes[first].address.clone()).collect();
    }
}

/// Lets one change wait for another, unless that waits for it already.
pub fn wait(changes: &mut [Change], later: &Address, first: &Address) {
    let writes = |address: &Address| {
        let is_it = |change: &Change| change.address == *address && change.action != Action::Delete;
        changes.iter().position(is_it)
    };
    let Some((later_at, first_at)) = writes(later).zip(writes(first)) else { return };
    let (mut rest, mut seen) = (vec![first_at], BTreeSet::new());
    while let Some(here) = rest.pop() {
        if here == later_at {
            return;
        }
        if seen.insert(here) {
            rest.extend(changes[here].after.iter().filter_map(writes));
        }
    }
    changes[later_at].after.push(first.clone());
}

/// Whether `from` waits for `to`, so that `to` can't wait for it.
fn reaches(after: &[BTreeSet<usize>], from: usize, to: usize) -> bool {
    let (mut rest, mut seen) = (vec![from], BTreeSet::new());
    while let Some(here) = rest.pop() {
        if here == to {
            return true;
        }
        if seen.insert(here) {
            rest.extend(&after[here]);
        }
    }
    false
}

/// The deleted objects whose ids stand in a live body, as a number or as a word of a text.
fn mentions(live: &Value, deleted: &HashMap<String, usize>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    for value in values(live) {
        match value {
            Value::String(text) => {
                let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
                found.extend(words.filter_map(|word| deleted.get(word)));
            }
            Value::Number(number) => found.extend(deleted.get(number.to_string().as_str())),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Attribute, Body, Directives};

    fn id_of(id: &str) -> String {
        Reference { target: Address::new("monitors", id), attribute: Attribute::Id }.marker()
    }

    fn resource(id: &str, refers_to: &[&str]) -> Resource {
        let query: Vec<String> = refers_to.iter().map(|id| id_of(id)).collect();
        Resource {
            address: Address::new("monitors", id),
            body: Body::of(&json!({"query": query.join(" && ")})).expect("a body"),
            directives: Directives::default(),
            origin: std::sync::Arc::default(),
            instance: None,
        }
    }

    #[test]
    fn circles_show_the_way_round() {
        let check = |resources: &[Resource], expected: &[&[&str]]| {
            let found: Vec<Vec<String>> = circles(resources)
                .iter()
                .map(|circle| circle.iter().map(|address| address.id().to_owned()).collect())
                .collect();
            assert_eq!(found, expected);
        };
        check(&[resource("a", &["b"]), resource("b", &["c"]), resource("c", &[])], &[]);
        check(&[resource("a", &["a"])], &[&["a"]]);
        check(
            &[
                resource("x", &["b"]),
                resource("a", &["b", "x"]),
                resource("b", &["c"]),
                resource("c", &["b"]),
            ],
            &[&["b", "c"]],
        );
        check(
            &[resource("a", &["b", "c"]), resource("b", &["d"]), resource("c", &["d"]), resource("d", &[])],
            &[],
        );
    }

    fn change(id: &str, action: Action, body: Option<Value>, live: Option<Value>) -> Change {
        let body = body.and_then(|body| Body::of(&body));
        let datadog_id = live.as_ref().map(|live| live["id"].to_string());
        Change { datadog_id, body, live, ..Change::new("monitor", Address::new("monitors", id), action) }
    }

    #[test]
    fn the_rest_of_a_replace_goes_after_what_lets_it_go() {
        let mut changes = [
            change("member", Action::Delete, None, Some(json!({"id": 77}))),
            change(
                "composite",
                Action::Update,
                Some(json!({"query": id_of("member")})),
                Some(json!({"id": 8, "query": "77 && 5"})),
            ),
        ];
        order(&mut changes);
        assert_eq!(changes[0].after, [Address::new("monitors", "composite")]);
        assert_eq!(changes[1].after, []);
    }

    #[test]
    fn needs_come_first_and_deletes_last() {
        let mut changes = [
            change("broken", Action::Create, Some(json!({"query": id_of("errors")})), None),
            change("errors", Action::Update, Some(json!({})), Some(json!({"id": 5}))),
            change("gone", Action::Delete, None, Some(json!({"id": 77}))),
            change("lets-go", Action::Update, Some(json!({})), Some(json!({"id": 6, "query": "77 || 8"}))),
            change("old-composite", Action::Delete, None, Some(json!({"id": 8, "query": "77 && 5"}))),
        ];
        order(&mut changes);
        let after: Vec<Vec<&str>> =
            changes.iter().map(|change| change.after.iter().map(Address::id).collect()).collect();
        assert_eq!(
            after,
            [vec!["errors"], vec![], vec!["lets-go", "old-composite"], vec![], vec!["lets-go"]]
                as [Vec<&str>; 5]
        );
    }
}
