//! Several live objects with one mark: which of them is ours, which is the rest of a replace, which are clones.

use super::likeness::Compared;
use super::pair::urls;
use crate::diagnostic::{Diagnostic, Part};
use crate::kind::{self, Kind};
use crate::model::{Address, Live, Resource};

/// What becomes of the bearers of one mark.
pub struct Selected<'a> {
    pub live: &'a Live,
    /// Rests of an interrupted replace: they go.
    pub rests: Vec<&'a Live>,
    /// Left alone.
    pub clones: Vec<&'a Live>,
}

/// Of the live objects with one mark, the one that a plan takes. There must be one.
pub fn taken<'a>(kind: &Kind, found: &[&'a Live], resource: Option<&Resource>) -> &'a Live {
    let mut by_age = found.to_vec();
    by_age.sort_by_cached_key(|live| age(live));
    match resource {
        Some(resource) => {
            choose(&Compared { kind, resource, known: &Default::default() }, &by_age, None).live
        }
        None => by_age[0],
    }
}

/// Ours is the one that was seen last, else the one that is nearest to the definition, of equals the oldest, of those
/// that can be what is declared: tags may be pasted to objects that are older, and no cache may be at hand when the
/// definition changes next. `bearers` come from the oldest.
pub fn choose<'a>(compared: &Compared<'_>, bearers: &[&'a Live], seen_last: Option<&str>) -> Selected<'a> {
    if let [only] = bearers {
        return Selected { live: only, rests: Vec::new(), clones: Vec::new() };
    }
    let fitting: Vec<usize> = (0..bearers.len()).filter(|at| compared.fits(bearers[*at])).collect();
    let among: Vec<usize> = if fitting.is_empty() { (0..bearers.len()).collect() } else { fitting.clone() };
    let is_seen = |at: &usize| seen_last == Some(bearers[*at].id.as_str());
    let is_equal = |at: &usize| compared.difference(bearers[*at]) == 0;
    let nearest = || among.iter().copied().min_by_key(|at| compared.difference(bearers[*at]));
    let chosen = among.iter().copied().find(is_seen).or_else(nearest).unwrap_or(0);
    // Older than ours and not to be changed into what is declared: what a replace that was interrupted left. Where it
    // is the one that was known until now, only a new one that is just as declared can be meant to follow it.
    let followed = |at: usize| !is_seen(&at) || is_equal(&chosen);
    let is_rest = |at: usize| !fitting.is_empty() && !fitting.contains(&at) && at < chosen && followed(at);
    let others = (0..bearers.len()).filter(|at| *at != chosen);
    let (rests, clones): (Vec<usize>, Vec<usize>) = others.partition(|at| is_rest(*at));
    let those = |places: Vec<usize>| places.into_iter().map(|at| bearers[at]).collect();
    Selected { live: bearers[chosen], rests: those(rests), clones: those(clones) }
}

/// The place of a live object among others by age.
pub fn age(live: &Live) -> Option<(u64, String, u64, String)> {
    kind::of_section(live.section).map(|kind| kind::age(kind, &live.id, &live.body))
}

const HOW: &str = "a clone made in the UI copies the mark, and two applies at once may both make it";

/// The others are left alone.
pub fn cloned(address: &Address, live: &Live, clones: &[&Live]) -> Diagnostic {
    let text = format!(
        "{} live objects bear the mark of `{address}`; {} is taken, the others are left alone: {}",
        clones.len() + 1,
        live.url,
        urls(clones),
    );
    Diagnostic::warning("duplicate-mark", text, None)
        .help(format!("{HOW}: delete those that are not wanted, or take the mark off them"))
}

/// Nothing declares it any more.
pub fn abandoned(address: &Address, bearers: &[&Live]) -> Diagnostic {
    let text = format!(
        "{} live objects bear the mark of `{address}`, which nothing declares; none of them is deleted: {}",
        bearers.len(),
        urls(bearers),
    );
    Diagnostic::warning("duplicate-mark", text, None).help(format!(
        "{HOW}: delete those that are not wanted, or take the mark off what is to stay; the last one with the mark is \
         deleted by the next apply"
    ))
}

/// What is to become of one of them would make the others look like something that they aren't.
pub fn undecided(resource: &Resource, bearers: &[&Live], why: &str) -> Diagnostic {
    let text = format!(
        "{} live objects bear the mark of `{}`, and {why}: which of them is meant? {}",
        bearers.len(),
        resource.address,
        urls(bearers),
    );
    let at = resource.origin.layers.first().map(|at| at.part(Part::Key));
    Diagnostic::error("duplicate-mark", text, at)
        .help(format!("{HOW}: delete those that are not wanted, or take the mark off them"))
}
