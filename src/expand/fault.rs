//! Faults of many instances, folded: the same one is reported once, with whom it hits.

use std::collections::BTreeMap;

use super::site::{SiteId, Sites, within};
use crate::diagnostic::{At, Diagnostic, Place};
use crate::template::Fault;

/// A list of instances longer than this is of no use to anybody; the count goes on.
const EXAMPLES: usize = 3;

/// What went wrong in renders, by place and type.
#[derive(Debug, Default)]
pub struct Faults {
    /// Whose render this is: an address, or an instance of a use.
    pub whose: String,
    /// Where the use stands that the render belongs to.
    pub place: Option<(String, At)>,
    /// How many were added, or met where something was reported before.
    pub count: usize,
    groups: BTreeMap<(SiteId, &'static str), Group>,
}

#[derive(Debug)]
struct Group {
    fault: Box<Fault>,
    also: Vec<(String, At)>,
    whose: Vec<String>,
}

impl Faults {
    pub fn of(whose: String, place: Option<(String, At)>) -> Self {
        Self { whose, place, ..Self::default() }
    }

    pub fn add(&mut self, site: SiteId, fault: Box<Fault>) {
        self.count += 1;
        let (whose, place) = (self.whose.clone(), self.place.clone());
        self.join((site, fault.code), Group { fault, also: place.into_iter().collect(), whose: vec![whose] });
    }

    fn join(&mut self, key: (SiteId, &'static str), group: Group) {
        use std::collections::btree_map::Entry;
        match self.groups.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(group);
            }
            Entry::Occupied(mut entry) => {
                let own = entry.get_mut();
                own.whose.extend(group.whose);
                for place in group.also {
                    add_place(&mut own.also, place);
                }
            }
        }
    }

    /// Takes in what another thread found, which comes behind in order.
    pub fn append(&mut self, other: Self) {
        self.count += other.count;
        for (key, group) in other.groups {
            self.join(key, group);
        }
    }

    /// As diagnostics, in the order of their places.
    pub fn report(self, sites: &Sites, diagnostics: &mut Vec<Diagnostic>) {
        for ((site, _), group) in self.groups {
            let mut reported = diagnostic(&group.fault, sites.at(site));
            reported.also = group.also;
            // A place inside the use needs no word about where the use is.
            if let Some(at) = &reported.at {
                reported.also.retain(|(_, place)| !holds(place, at));
            }
            reported.instances = group.whose;
            // One string of a resource may fail twice, and is one instance all the same.
            reported.instances.dedup();
            diagnostics.push(reported);
        }
    }

    /// As diagnostics that need not say whom they hit.
    pub fn report_alone(self, sites: &Sites, diagnostics: &mut Vec<Diagnostic>) {
        for ((site, _), group) in self.groups {
            diagnostics.push(diagnostic(&group.fault, sites.at(site)));
        }
    }
}

/// Adds the place of a use, if it is new and one of the first.
pub fn add_place(places: &mut Vec<(String, At)>, place: (String, At)) {
    if places.len() < EXAMPLES && !places.iter().any(|(_, at)| *at == place.1) {
        places.push(place);
    }
}

/// A fault of a string at its place.
pub fn diagnostic(fault: &Fault, at: &At) -> Diagnostic {
    let mut reported = Diagnostic::error(fault.code, fault.text.clone(), within(at, fault));
    reported.help.clone_from(&fault.help);
    reported
}

/// Whether a place is another one, or around it.
pub fn holds(around: &At, at: &At) -> bool {
    match (&around.place, &at.place) {
        (Place::Node { pointer: outer, .. }, Place::Node { pointer: inner, .. }) => {
            let rest = inner.strip_prefix(outer.as_str());
            around.file == at.file && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        _ => false,
    }
}
