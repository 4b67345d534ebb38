//! Parameters for the instances that a glob names, inline or from a CSV file.

use std::collections::{BTreeSet, HashMap};

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde_json::{Map, Value};

use super::body::{Body, Node};
use super::site::SiteId;
use crate::diagnostic::{At, Diagnostic, FileId, Part, Place, all_known, did_you_mean};
use crate::inventory::{Row, Table};
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
/// A "did you mean" compares with every key: no more overrides get one.
const SUGGESTIONS: usize = 8;

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

    /// What is wrong with those that matched nothing.
    pub fn idle(&self, hit: &[bool], slugs: &[String]) -> Vec<Diagnostic> {
        let idle = self.list.iter().zip(hit).filter(|(_, hit)| !**hit);
        idle.enumerate().map(|(count, (own, _))| told_idle(own, slugs, count < SUGGESTIONS)).collect()
    }
}

/// From a mapping of globs to parameters.
pub fn inline(map: &Map<String, Value>, params: &[&str], body: &mut Body<'_>, at: &At) -> Overrides {
    let mut list = Vec::with_capacity(map.len());
    for (pattern, given) in map {
        let pointer = step(pattern);
        let own = at.child(&pointer);
        // What is none was told by who read it.
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
    let is_plain = |text: &str| !text.contains(['*', '?', '[', ']', '{', '}', '\\']);
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
                    let words = format!("`{}` is no glob: {}", own.pattern, error.kind());
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
fn told_idle(own: &Override, slugs: &[String], suggest: bool) -> Diagnostic {
    let fault = Diagnostic::error(
        "idle-override",
        format!("The override `{}` matches no key", own.pattern),
        own.at.clone(),
    );
    let length = own.pattern.len();
    let near = slugs
        .iter()
        .map(String::as_str)
        .filter(|slug| suggest && slug.len().abs_diff(length) <= 1 + length / 4);
    match did_you_mean(&own.pattern, near) {
        Some(meant) => fault.help(format!("did you mean `{meant}`?")),
        None => {
            fault.help("overrides are globs over the slugs of all keys; take it out if it's no longer needed")
        }
    }
}
