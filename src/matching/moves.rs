//! `$moved_from`, all at once: who takes whose object, by the marks as they were. Chains, swaps and cycles keep theirs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::state::Matching;
use crate::diagnostic::{At, Diagnostic};
use crate::kind;
use crate::model::{Address, Live, Resource};

/// Who takes what; whoever isn't named takes what bears his own mark.
#[derive(Default)]
pub struct Moves<'a> {
    /// By resource: the address whose bearers it takes.
    pub taken: BTreeMap<Address, Address>,
    /// By resource: members of a circle of renames, of which only what is in the objects tells which is which.
    pub exact: HashMap<Address, &'a Live>,
    pub conflicts: Vec<Diagnostic>,
    /// The addresses whose bearers are taken.
    given: BTreeSet<Address>,
}

impl Moves<'_> {
    /// A change that writes a mark waits for the one that takes it off another object: a run that is stopped between
    /// the two leaves no mark on two objects.
    pub fn waits(&self) -> Vec<(Address, Address)> {
        let waits = self.taken.iter().filter(|(_, old)| self.taken.contains_key(*old));
        waits.map(|(first, old)| (old.clone(), first.clone())).collect()
    }
}

pub fn resolve<'a>(work: &Matching<'_, 'a>) -> Moves<'a> {
    let mut moves = Moves::default();
    let movers: Vec<&'a Resource> =
        work.wanted.resources.iter().filter(|resource| !resource.directives.moved_from.is_empty()).collect();
    for circle in circles(work, &movers) {
        by_content(work, &circle, &mut moves);
    }
    for resource in movers {
        let address = &resource.address;
        if work.marked.contains_key(address) || moves.exact.contains_key(address) {
            continue;
        }
        if let Err(stays) = chain(work, resource, &mut moves)
            && (work.wanted.selected)(address)
        {
            moves.conflicts.push(stands(resource, stays));
        }
    }
    moves
}

/// Finds an object for a resource that has none: one with an old mark, whose own resource, where it is declared too,
/// must find another one in the same way. The error is an old address that stays where it is.
fn chain<'a>(work: &Matching<'_, 'a>, start: &'a Resource, moves: &mut Moves<'a>) -> Result<(), &'a Address> {
    let mut seen: BTreeSet<&Address> = BTreeSet::new();
    // The way so far: each a resource, and the next of its old addresses to try.
    let mut way: Vec<(&'a Resource, usize)> = vec![(start, 0)];
    let mut stays = None;
    while let Some((resource, next)) = way.last_mut() {
        let Some(old) = resource.directives.moved_from.get(*next) else {
            way.pop();
            continue;
        };
        *next += 1;
        let is_taken = moves.given.contains(old) || moves.exact.contains_key(old);
        if !work.marked.contains_key(old) || is_taken || !seen.insert(old) {
            continue;
        }
        match work.declared.get(old) {
            None => {
                for (resource, next) in way {
                    let old = resource.directives.moved_from[next - 1].clone();
                    moves.given.insert(old.clone());
                    moves.taken.insert(resource.address.clone(), old);
                }
                return Ok(());
            }
            Some(owner) => {
                stays = stays.or(Some(old));
                way.push((owner, 0));
            }
        }
    }
    stays.map_or(Ok(()), Err)
}

/// Circles of resources that moved to each other's place, each once.
fn circles<'a>(work: &Matching<'_, 'a>, movers: &[&'a Resource]) -> Vec<Vec<&'a Resource>> {
    let next: HashMap<&Address, &'a Resource> = movers
        .iter()
        .filter_map(|resource| {
            let declared = |old| work.declared.get(old).copied();
            Some((&resource.address, resource.directives.moved_from.iter().find_map(declared)?))
        })
        .collect();
    let mut done: BTreeSet<&Address> = BTreeSet::new();
    let mut found = Vec::new();
    for start in movers {
        let mut way: Vec<&'a Resource> = Vec::new();
        let mut here = Some(*start);
        while let Some(resource) = here.filter(|resource| done.insert(&resource.address)) {
            way.push(resource);
            here = next.get(&resource.address).copied();
        }
        if let Some(again) = here
            && let Some(from) = way.iter().position(|resource| resource.address == again.address)
        {
            found.push(way.split_off(from));
        }
    }
    found.retain(|circle| circle.len() > 1);
    found
}

/// In a circle every mark stays in use, so that no mark tells whether it was moved yet: what is in the objects does.
/// Nothing is said where there isn't one object for each.
fn by_content<'a>(work: &Matching<'_, 'a>, circle: &[&'a Resource], moves: &mut Moves<'a>) {
    let bearers = |address: &Address| work.marked.get(address).map_or(&[][..], Vec::as_slice);
    let count: usize = circle.iter().map(|resource| bearers(&resource.address).len()).sum();
    let members: BTreeSet<&Address> = circle.iter().map(|resource| &resource.address).collect();
    if count != circle.len() {
        return;
    }
    let mut candidates = Vec::new();
    for (at, resource) in circle.iter().enumerate() {
        let Some(kind) = kind::of_section(resource.address.section()) else { return };
        let old = resource.directives.moved_from.iter().filter(|old| members.contains(old));
        for (is_moved, address) in [(false, &resource.address)].into_iter().chain(old.map(|old| (true, old)))
        {
            for live in bearers(address) {
                candidates.push((work.difference(kind, resource, live), is_moved, at, *live));
            }
        }
    }
    candidates.sort_by(|a, b| (a.0, a.1, a.2, &a.3.id).cmp(&(b.0, b.1, b.2, &b.3.id)));
    let mut given: BTreeMap<usize, &'a Live> = BTreeMap::new();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for (_, _, at, live) in candidates {
        if !given.contains_key(&at) && used.insert(&live.id) {
            given.insert(at, live);
        }
    }
    if given.len() == circle.len() {
        moves.exact.extend(given.into_iter().map(|(at, live)| (circle[at].address.clone(), live)));
    }
}

fn at(resource: &Resource) -> Option<At> {
    resource.origin.layers.first().map(|at| at.child("/$moved_from"))
}

/// A resource moved away from one that is declared too, and has nowhere to go.
fn stands(resource: &Resource, old: &Address) -> Diagnostic {
    let text = format!(
        "`{}` has moved from `{}`, which is declared too and keeps its live object",
        resource.address,
        old.id()
    );
    Diagnostic::error("moved-conflict", text, at(resource)).help(format!(
        "take `$moved_from` out to make a new object, or give the `{}` that is declared a `$moved_from` of its own",
        old.id()
    ))
}

/// Both the old object and one of the resource's own are live.
pub fn both_live(resource: &Resource, old: &Address, (own, other): (Option<&Live>, &Live)) -> Diagnostic {
    let own = own.map_or_else(String::new, |own| format!(" ({})", own.url));
    let text = format!(
        "`{}` has moved from `{}`, and both are live{own}: {}",
        resource.address,
        old.id(),
        other.url
    );
    Diagnostic::error("moved-conflict", text, at(resource)).help(format!(
        "delete the one that is not wanted, or take the mark off it; without `$moved_from` apply deletes `{}`",
        old.id()
    ))
}
