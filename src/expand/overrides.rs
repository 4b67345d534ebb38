//! Parameters for the instances that a glob names, inline or from a CSV file.

use std::collections::{BTreeSet, HashMap};

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde_json::{Map, Value};

use super::body::{Body, Node};
use super::site::SiteId;
use crate::diagnostic::{At, Diagnostic, FileId, Part, Place, all_known, did_you_mean};
use crate::inventory::{Row, Table};
use crate::model::slug;
use crate::pointer::step;

/// Overrides of one use, in their order: later ones win.
#[derive(Debug, Default)]
pub struct Overrides {
    pub list: Vec<Override>,
    exact: HashMap<String, Vec<usize>>,
    /// Those like `checkout-*`, by what stands before the star.
    prefixes: HashMap<String, Vec<usize>>,
    /// All lengths of those prefixes.
    lengths: BTreeSet<usize>,
    /// All others, with the override of each glob.
    globs: Vec<(GlobSet, Vec<usize>)>,
}

/// Globs in one set: matching takes memory by the square of their number.
const SET: usize = 32;
/// A "did you mean" compares with every key: no more globs get one.
const SUGGESTIONS: usize = 8;
/// At most this many keys that nothing has any more are named; the others are counted.
const NAMED: usize = 20;

#[derive(Debug)]
pub struct Override {
    pub pattern: String,
    pub at: At,
    /// By position of the parameter.
    pub values: Vec<(usize, Node, SiteId)>,
}

impl Overrides {
    /// Those that match a key's slug, in their order.
    pub fn matching(&self, slug: &str) -> Vec<usize> {
        let mut found = self.exact.get(slug).cloned().unwrap_or_default();
        for length in self.lengths.range(..=slug.len()) {
            let prefix = slug.get(..*length).and_then(|prefix| self.prefixes.get(prefix));
            found.extend(prefix.into_iter().flatten());
        }
        for (set, of_glob) in &self.globs {
            found.extend(set.matches(slug).into_iter().map(|glob| of_glob[glob]));
        }
        found.sort_unstable();
        found
    }

    /// Of these, in their order, those that have a say: for each parameter the last one counts.
    pub fn deciding(&self, matching: Vec<usize>) -> Vec<usize> {
        if matching.len() < 2 {
            return matching;
        }
        let mut decided = BTreeSet::new();
        let says = |position: &usize| {
            let mut says = false;
            for (param, _, _) in &self.list[*position].values {
                says |= decided.insert(*param);
            }
            says
        };
        let mut deciding: Vec<usize> = matching.into_iter().rev().filter(says).collect();
        deciding.reverse();
        deciding.shrink_to_fit();
        deciding
    }

    /// What is wrong with those that matched nothing: globs, and keys that are one typing error away from one that
    /// is there. All other keys have left the list, as functions do, and are reported as one warning.
    pub fn idle(&self, hit: &[bool], slugs: &[String], name: &str) -> Vec<Diagnostic> {
        let unused: Vec<&Override> =
            self.list.iter().zip(hit).filter(|(_, hit)| !**hit).map(|(own, _)| own).collect();
        let keys = Keys::new(slugs);
        let (mut reported, mut left, mut globs) = (Vec::new(), Vec::new(), 0);
        for own in unused {
            if !is_plain(&own.pattern) {
                globs += 1;
                reported.push(idle_glob(own, slugs, globs <= SUGGESTIONS));
            } else if let Some(meant) =
                keys.meant(&own.pattern).filter(|meant| !self.exact.contains_key(*meant))
            {
                reported.push(idle(own).help(format!("did you mean `{meant}`?")));
            } else {
                left.push(own);
            }
        }
        reported.extend(left_the_list(&left, name));
        reported
    }
}

fn is_plain(pattern: &str) -> bool {
    !pattern.contains(['*', '?', '[', ']', '{', '}', '\\'])
}

/// The keys that are there, ready to be asked what was meant.
struct Keys<'a> {
    /// With the characters that each holds, a bit each: what differs much in them needs no closer look.
    list: Vec<(u64, &'a str)>,
}

impl<'a> Keys<'a> {
    fn new(slugs: &'a [String]) -> Self {
        Self { list: slugs.iter().map(|slug| (letters(slug), slug.as_str())).collect() }
    }

    /// The key that is a typing error away: one slip in a short word, two in a longer one, none of them in a number,
    /// which tells versions and regions apart.
    fn meant(&self, word: &str) -> Option<&'a str> {
        let slug = slug(word);
        if let Some((_, key)) = self.list.iter().find(|(_, key)| *key == slug) {
            return Some(key);
        }
        let slips = match word.len() {
            0..4 => return None,
            4..8 => 1,
            _ => 2,
        };
        let own = letters(word);
        let near = self.list.iter().filter(|(letters, key)| {
            // Each slip takes one character away, and brings one, at most.
            key.len().abs_diff(word.len()) <= slips && (letters ^ own).count_ones() as usize <= 2 * slips
        });
        near.filter(|(_, key)| digits(key).eq(digits(word)))
            .map(|(_, key)| (strsim::damerau_levenshtein(word, key), *key))
            .filter(|(distance, _)| *distance <= slips)
            .min()
            .map(|(_, key)| key)
    }
}

fn digits(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(u8::is_ascii_digit)
}

fn letters(text: &str) -> u64 {
    text.bytes().fold(0, |bits, byte| bits | 1 << (byte % 64))
}

/// Keys of which the list has none any more, and nothing that is like them.
fn left_the_list(left: &[&Override], name: &str) -> Option<Diagnostic> {
    let first = left.first()?;
    let mut keys: Vec<String> = left.iter().take(NAMED).map(|own| format!("`{}`", own.pattern)).collect();
    if left.len() > NAMED {
        keys.push(format!("{} more", left.len() - NAMED));
    }
    let overrides = match left.len() {
        1 => "1 override names a key".to_owned(),
        many => format!("{many} overrides name keys"),
    };
    let words = format!("{overrides} that the list of `{name}` doesn't have: {}", keys.join(", "));
    Some(
        Diagnostic::warning("idle-override", words, first.at.clone())
            .help("they do nothing, and do no harm: take them out when what they named is gone for good"),
    )
}

/// From a mapping of globs to parameters.
pub fn inline(map: &Map<String, Value>, params: &[&str], body: &mut Body<'_>, at: &At) -> Overrides {
    let mut list = Vec::with_capacity(map.len());
    for (pattern, given) in map {
        let pointer = step(pattern);
        let own = at.child(&pointer);
        // What is not a mapping was reported by the reader.
        let Some(given) = given.as_object() else { continue };
        let mut values = Vec::with_capacity(given.len());
        for (name, value) in given {
            let pointer = format!("{pointer}{}", step(name));
            let Some(param) = params.iter().position(|known| known == name) else {
                let at = at.child(&pointer).part(Part::Key);
                body.faults.push(unknown_param(name, params, at));
                continue;
            };
            let (node, site) = body.sited(value, &pointer);
            values.push((param, node, site));
        }
        list.push(Override { pattern: pattern.clone(), at: own.part(Part::Key), values });
    }
    index(list, &mut body.faults)
}

/// From a table: the first column is the glob, the others are parameters. An empty cell says nothing.
pub fn from_table(table: Table, file: FileId, params: &[&str], body: &mut Body<'_>) -> Overrides {
    let header = At { file, place: Place::Bytes(0..table.header.iter().map(|c| c.len() + 1).sum()) };
    let columns: Vec<Option<usize>> = table
        .header
        .iter()
        .enumerate()
        .map(|(column, name)| {
            let param = params.iter().position(|known| known == name);
            if column > 0 && param.is_none() {
                body.faults.push(unknown_param(name, params, header.clone()));
            }
            param.filter(|_| column > 0)
        })
        .collect();
    let mut list = Vec::with_capacity(table.rows.len());
    for Row { cells, range } in table.rows {
        let at = At { file, place: Place::Bytes(range) };
        let mut cells = cells.into_iter().zip(&columns);
        let Some((pattern, _)) = cells.next() else { continue };
        let mut values = Vec::new();
        for (cell, param) in cells.filter(|(cell, _)| !cell.is_empty()) {
            if let Some(param) = param {
                values.push((*param, Node::Literal(cell.into()), body.sites.add(at.clone())));
            }
        }
        list.push(Override { pattern: pattern.trim().to_owned(), at, values });
    }
    index(list, &mut body.faults)
}

pub fn unknown_param(name: &str, params: &[&str], at: At) -> Diagnostic {
    let help = all_known(name, params.iter().copied());
    Diagnostic::error("unknown-parameter", format!("The template has no parameter `{name}`"), at).help(help)
}

fn index(all: Vec<Override>, faults: &mut Vec<Diagnostic>) -> Overrides {
    let mut overrides = Overrides::default();
    let mut globs = Vec::new();
    for own in all {
        let position = overrides.list.len();
        if is_plain(&own.pattern) {
            overrides.exact.entry(own.pattern.clone()).or_default().push(position);
        } else if let Some(prefix) = own.pattern.strip_suffix('*').filter(|prefix| is_plain(prefix)) {
            overrides.lengths.insert(prefix.len());
            overrides.prefixes.entry(prefix.to_owned()).or_default().push(position);
        } else {
            match Glob::new(&own.pattern) {
                Ok(glob) => globs.push((glob, position)),
                Err(error) => {
                    let words = format!("`{}` is not a glob: {}", own.pattern, error.kind());
                    faults.push(Diagnostic::error("bad-glob", words, own.at.clone()));
                    continue;
                }
            }
        }
        overrides.list.push(own);
    }
    for part in globs.chunks(SET) {
        let mut set = GlobSetBuilder::new();
        for (glob, _) in part {
            set.add(glob.clone());
        }
        match set.build() {
            Ok(set) => overrides.globs.push((set, part.iter().map(|(_, position)| *position).collect())),
            Err(error) => {
                let at = part.first().map(|(_, position)| overrides.list[*position].at.clone());
                let words = format!("The globs can't be used: {}", error.kind());
                faults.push(Diagnostic::error("bad-glob", words, at));
            }
        }
    }
    overrides
}

/// An override that matched nothing.
fn idle(own: &Override) -> Diagnostic {
    let words = format!("The override `{}` matches no key", own.pattern);
    Diagnostic::error("idle-override", words, own.at.clone())
}

fn idle_glob(own: &Override, slugs: &[String], suggest: bool) -> Diagnostic {
    let length = own.pattern.len();
    let near = slugs
        .iter()
        .map(String::as_str)
        .filter(|slug| suggest && slug.len().abs_diff(length) <= 1 + length / 4);
    idle(own).help(match did_you_mean(&own.pattern, near) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => {
            "overrides are globs over the slugs of all keys; take it out if it's no longer needed".to_owned()
        }
    })
}
