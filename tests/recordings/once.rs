//! One fault is said once: a misspelled name, a misspelled word, a value of another type.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::agree::{Mutation, mutated, nodes};
use super::random::recorded;
use super::rules::judged;
use crate::kind::Kind;
use crate::mark;

const MUTATIONS: [Mutation; 3] = [Mutation::Retyped, Mutation::KeyMisspelled, Mutation::WordMisspelled];

/// What is said of a body.
fn said(kind: &Kind, body: &Value) -> BTreeSet<String> {
    let found = judged(kind.section, body, None, false).into_iter();
    found.map(|one| format!("{}: {}", one.code, one.text)).collect()
}

#[test]
fn one_fault_is_said_once() {
    let mut twice: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut tried = 0;
    for kind in super::kinds() {
        let mut seen = BTreeSet::new();
        for body in recorded(kind).unwrap_or_default() {
            let mut body = Value::Object(body);
            mark::strip(kind, &mut body);
            let before = said(kind, &body);
            let mut places = Vec::new();
            nodes(&body, "", "", &mut |pointer, path| places.push((pointer.to_owned(), path.to_owned())));
            for (pointer, path) in places {
                for mutation in MUTATIONS {
                    if !seen.insert((path.clone(), mutation)) {
                        continue;
                    }
                    let Some(wrong) = mutated(&body, &pointer, mutation) else { continue };
                    tried += 1;
                    let after = said(kind, &wrong);
                    let new: Vec<String> = after.difference(&before).cloned().collect();
                    if new.len() > 1 {
                        twice.insert(format!("@{}{path} {mutation:?}", kind.section), new);
                    }
                }
            }
        }
    }
    for (place, all) in &twice {
        println!("{place}");
        all.iter().for_each(|one| println!("    {}", one.chars().take(200).collect::<String>()));
    }
    println!("{tried} faults, {} said twice", twice.len());
    assert!(twice.is_empty());
}
