//! Faults of the whole: circles of references, one live object claimed twice, equal bodies.

use std::collections::BTreeMap;

use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::diagnostic::{At, Diagnostic, Part};
use crate::model::{Address, Resource};
use crate::order;

/// Where a resource's definition stands.
fn place(resource: &Resource) -> Option<At> {
    resource.origin.layers.first().map(|at| at.part(crate::diagnostic::Part::Key))
}

/// Steps of a circle that are shown; the others are counted.
const STEPS: usize = 20;

pub fn circles(resources: &[Resource]) -> Vec<Diagnostic> {
    let circles = order::circles(resources);
    if circles.is_empty() {
        return Vec::new();
    }
    let places: BTreeMap<&Address, &Resource> =
        resources.iter().map(|resource| (&resource.address, resource)).collect();
    let show = |circle: Vec<Address>| {
        let mut way: Vec<String> = circle.iter().map(ToString::to_string).collect();
        if way.len() > STEPS {
            way.splice(STEPS.., [format!("{} more", circle.len() - STEPS)]);
        }
        way.extend(circle.first().map(ToString::to_string));
        let at = circle.first().and_then(|first| place(places[first]));
        let text = match circle.as_slice() {
            [alone] => format!("`{alone}` refers to itself"),
            _ => format!("They refer to each other in a circle: {}", way.join(" -> ")),
        };
        let mut diagnostic = Diagnostic::error("circular-reference", text, at).help(
            "none of them can be made first: take one of the references out, or write a live id in its place",
        );
        for (from, to) in circle.iter().zip(circle.iter().skip(1).chain(circle.first())).take(STEPS).skip(1) {
            if let Some(at) = place(places[from]) {
                diagnostic = diagnostic.also(format!("`{from}` refers to `{to}`"), at);
            }
        }
        diagnostic
    };
    circles.into_iter().map(show).collect()
}

pub fn adopted_twice(resources: &[Resource]) -> Vec<Diagnostic> {
    let claims = resources.iter().filter_map(|resource| {
        let id = resource.directives.adopt.as_deref()?;
        Some(((resource.address.section().to_owned(), id.to_owned()), resource))
    });
    claimed_twice(claims, "adopted-twice", |(_, id)| format!("`$id: {id}`"))
}

pub fn moved_twice(resources: &[Resource]) -> Vec<Diagnostic> {
    let claims = resources
        .iter()
        .flat_map(|resource| resource.directives.moved_from.iter().map(move |old| (old.clone(), resource)));
    claimed_twice(claims, "moved-twice", |old| format!("`$moved_from: {}`", old.id()))
}

/// Resources that claim the same live object, each but the first reported with the first.
fn claimed_twice<'a, K: Ord>(
    claims: impl Iterator<Item = (K, &'a Resource)>,
    code: &'static str,
    show: impl Fn(&K) -> String,
) -> Vec<Diagnostic> {
    let mut first: BTreeMap<K, &Resource> = BTreeMap::new();
    let mut found: Vec<Diagnostic> = Vec::new();
    // By the places of both: the instances of one pair of uses are reported once.
    let mut reported: BTreeMap<String, usize> = BTreeMap::new();
    for (claim, resource) in claims {
        let Some(earlier) = first.get(&claim) else {
            first.insert(claim, resource);
            continue;
        };
        let uses = [earlier, resource].map(|resource| resource.instance.as_ref());
        let both = format!("{:?} {:?} {:?}", place(resource), place(earlier), uses.map(|i| i.map(|i| &i.at)));
        if let Some(known) = reported.get(&both).filter(|_| resource.instance.is_some()) {
            let instances = &mut found[*known].instances;
            let address = resource.address.to_string();
            // One resource may make several claims, one behind the other.
            if instances.last() != Some(&address) {
                instances.push(address);
            }
            continue;
        }
        reported.insert(both, found.len());
        let text = format!("`{}` claims {}, as `{}` does", resource.address, show(&claim), earlier.address);
        let diagnostic = Diagnostic::error(code, text, place(resource))
            .help("one live object belongs to one resource: take one of the claims out");
        let mut diagnostic = match place(earlier) {
            Some(at) if place(resource).as_ref() != Some(&at) => diagnostic.also("claimed here first", at),
            _ => diagnostic,
        };
        if resource.instance.is_some() {
            diagnostic.instances.push(resource.address.to_string());
        }
        for instance in uses.into_iter().flatten() {
            let words = format!("in an instance of the use `{}`", instance.name);
            diagnostic = diagnostic.also(words, instance.at.part(Part::Key));
        }
        found.push(diagnostic);
    }
    found
}

/// Two alerts that say the same; the service may refuse the second.
pub fn equal(subject: &Subject<'_>, found: &mut Findings) {
    if let Some(twin) = subject.estate.twin(subject.at) {
        let text = format!(
            "`{}` has the same body as `{}`: the service may refuse the second as a duplicate",
            subject.resource.address, twin.address
        );
        found.add("", text, "take one of them out, or name them by what sets them apart");
    }
}

/// Two alerts of one name: whoever is woken can't tell which it is.
pub fn names(subject: &Subject<'_>, found: &mut Findings) {
    if let Some(other) = subject.estate.namesake(subject.at) {
        let text = format!("`{}` has the same name as `{}`", subject.resource.address, other.address);
        found.add(
            "/name",
            text,
            "put what sets them apart into the name, such as the service or the environment",
        );
    }
}

/// Two alerts over one query, at different thresholds.
pub fn queries(subject: &Subject<'_>, found: &mut Findings) {
    if let Some(other) = subject.estate.same_query(subject.at) {
        let text = format!(
            "`{}` watches the same query as `{}`, at another threshold",
            subject.resource.address, other.address
        );
        let help =
            "one monitor with `thresholds.warning` and `thresholds.critical` says both, and counts once";
        found.add("/query", text, help);
    }
}
