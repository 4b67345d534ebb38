//! Many definitions that differ only in names, scopes and numbers -> one template, the list that it runs over, and what
//! is said of single rows.

mod align;
mod atom;
mod cluster;
mod column;
mod document;
mod draft;
mod group;
mod item;
mod naming;
mod shape;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

pub use cluster::LEAST;
pub use item::{Item, Proposal, Spot, Words};
pub use shape::sorted;

use self::document::Name;
use crate::model::Address;
use crate::pointer::leaves_mut;

/// Everything that is one of a series.
pub fn propose(items: &[Item], words: &Words<'_>) -> Vec<Proposal> {
    let bodies: Vec<Value> = items.iter().map(|item| sorted(item.kind, &item.body)).collect();
    let by_address: BTreeMap<Address, usize> = items
        .iter()
        .enumerate()
        .map(|(number, item)| (Address::new(item.kind.section, &item.id), number))
        .collect();
    let groups = group::groups(items, &bodies, &by_address);
    let mut names = document::names(items, &bodies, groups, words);
    // A resource that refers to what no template can name stays by itself, and so does what refers to it.
    loop {
        let places = document::places(&names);
        let wrong: Vec<(usize, usize)> = names
            .iter()
            .enumerate()
            .flat_map(|(number, name)| {
                let parts = 0..name.parts.len();
                let (by_address, places) = (&by_address, &places);
                parts
                    .filter(move |part| !name.refers_well(*part, number, by_address, places))
                    .map(move |part| (number, part))
            })
            .collect();
        if wrong.is_empty() {
            break;
        }
        let mut again = Vec::new();
        for (number, name) in names.into_iter().enumerate() {
            let keep = |part: usize| !wrong.contains(&(number, part));
            if (0..name.parts.len()).all(keep) {
                again.push(name);
            } else {
                again.extend(name.without(items, &bodies, &keep, words));
            }
        }
        names = again;
    }
    let places = document::places(&names);
    let renamed = renamed(items, &names);
    names.iter().filter_map(|name| name.proposal(items, &bodies, (&by_address, &places, &renamed))).collect()
}

fn renamed(items: &[Item], names: &[Name]) -> BTreeMap<Address, Address> {
    let members = names.iter().flat_map(|name| name.members(items));
    members.map(|(item, to)| (Address::new(items[item].kind.section, &items[item].id), to)).collect()
}

/// Puts other addresses into the references of a definition.
pub fn rename(body: &mut Value, renamed: &BTreeMap<Address, Address>) {
    leaves_mut(body, &mut |_, leaf| {
        if let Value::String(text) = leaf
            && text.contains("${")
        {
            let pieces = atom::atoms(text).into_iter().map(|atom| match atom {
                atom::Atom::Refer(text) => atom::renamed(text, renamed),
                atom => atom.text().to_owned(),
            });
            *text = pieces.collect();
        }
    });
}
