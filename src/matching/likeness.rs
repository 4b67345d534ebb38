//! How far a live object is from what is declared.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::canon;
use crate::diff::{diff, same};
use crate::fill::{answer, blinded, fill};
use crate::kind::{Kind, Rule, rules};
use crate::mark;
use crate::model::{Address, Known, Live, Reference, Resource};
use crate::outgoing::with_ignored;

/// A difference that can't be mended in place weighs more than all others.
const HEAVY: usize = 1 << 20;

/// A resource that live objects are compared with.
pub struct Compared<'c> {
    pub kind: &'c Kind,
    pub resource: &'c Resource,
    /// What its references stand for, as far as that is beyond doubt.
    pub known: &'c BTreeMap<Address, Known>,
}

impl Compared<'_> {
    pub fn fits(&self, live: &Live) -> bool {
        !must_replace(self.kind, self.resource, &live.body, Some(&|reference| answer(self.known, reference)))
    }

    /// 0: equal in normal form.
    pub fn difference(&self, live: &Live) -> usize {
        let mut bare = live.body.clone();
        mark::strip(self.kind, &mut bare);
        let wanted = wanted(self.kind, self.resource, &bare, &|reference| answer(self.known, reference));
        let (wanted, bare) = blinded(&wanted, &bare);
        let aligned = canon::align(self.kind, &wanted, &bare);
        let heavy = if self.fits(live) { 0 } else { HEAVY };
        heavy + diff(&aligned.live, &aligned.desired).len()
    }
}

/// What is declared, as it is compared with a live object that bears no mark: no mark in it either, references
/// filled as far as they are known, and what is ignored as it stands live.
pub fn wanted(
    kind: &Kind,
    resource: &Resource,
    bare: &Value,
    known: &dyn Fn(&Reference) -> Option<String>,
) -> Value {
    let mut declared = resource.body.value();
    mark::strip(kind, &mut declared);
    // References first: in a live text there are none.
    let filled = fill(kind, &declared, known);
    with_ignored(&filled, bare, &resource.directives.ignore).into_owned()
}

/// What references stand for; absent: nobody knows, and a reference differs from nothing.
pub type Targets<'t> = Option<&'t dyn Fn(&Reference) -> Option<String>>;

/// Whether a field differs that can't be changed in place. One that is left to the UI differs from nothing.
pub fn must_replace(kind: &Kind, resource: &Resource, live: &Value, known: Targets<'_>) -> bool {
    differing(kind, resource, live, known).is_some()
}

/// The first field that differs and can't be changed in place, by its path.
pub fn differing(kind: &Kind, resource: &Resource, live: &Value, known: Targets<'_>) -> Option<&'static str> {
    let ignored = |path: &str| {
        let covers = |pointer: &String| path.strip_prefix(pointer.as_str()).is_some_and(is_below);
        resource.directives.ignore.iter().any(covers)
    };
    kind.paths(|field| field.immutable).filter(|path| !ignored(path)).find(|path| {
        let key = path.split('/').nth(1).unwrap_or_default();
        let (desired, live) = (resource.body.get(key), live.get(key));
        let is_filled = || desired.is_none() && kind.holds(path, |field| field.filled);
        if desired.as_ref() == live || is_filled() {
            return false;
        }
        // What stands around it is not a matter of its own.
        let alone = |value: Option<Value>| {
            let member = value.map(|value| (key.to_owned(), value));
            let body = Value::Object(member.into_iter().collect::<Map<_, _>>());
            let body = fill(kind, &body, &|reference| known?(reference)).into_owned();
            let own = canon::normal(kind, &body).pointer(path).filter(|value| !value.is_null()).cloned();
            own.or_else(|| rules(kind).at_path(path)?.defaults.first().cloned()).unwrap_or_default()
        };
        let desired = alone(desired);
        let is_unknown = known.is_none() && desired.to_string().contains(Reference::OPEN);
        let live = alone(live.cloned());
        let means_the_same = |rule: &Rule| rule.meaning.is_some_and(|mean| mean(&desired, &live));
        !is_unknown && !same(&desired, &live) && !rules(kind).at_path(path).is_some_and(means_the_same)
    })
}

fn is_below(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}
