//! Parameters for the instances that a glob names, inline or from a CSV file.

use std::collections::HashMap;

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde_json::{Map, Value};

use super::body::{Body, Node, SiteId};
use crate::diagnostic::{At, Diagnostic, FileId, Part, Place, did_you_mean, known_words, step};
use crate::inventory::{Row, Table};

/// Overrides of one use, in their order: later ones win.
#[derive(Debug, Default)]
pub struct Overrides {
    pub list: Vec<Override>,
    exact: HashMap<String, Vec<usize>>,
    globs: GlobSet,
    /// The override of each glob.
    of_glob: Vec<usize>,
}

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
        if !self.of_glob.is_empty() {
            found.extend(self.globs.matches(slug).into_iter().map(|glob| self.of_glob[glob]));
            found.sort_unstable();
        }
        found
    }
}

/// From a mapping of globs to parameters.
pub fn inline(map: &Map<String, Value>, params: &[&str], body: &mut Body<'_, '_>, at: &At) -> Overrides {
    let mut list = Vec::with_capacity(map.len());
    for (pattern, given) in map {
        let pointer = step(pattern);
        let own = at.child(&pointer);
        let Some(given) = given.as_object() else {
            let fault = Diagnostic::error("wrong-type", "An override is a mapping of parameters", own);
            body.faults.push(fault.help("write `checkout-*: {error_rate: 0.01}`"));
            continue;
        };
        let mut values = Vec::with_capacity(given.len());
        for (name, value) in given {
            let pointer = format!("{pointer}{}", step(name));
            let Some(param) = params.iter().position(|known| known == name) else {
                let at = at.child(&pointer).part(Part::Key);
                body.faults.push(unknown_param(name, params, at));
                continue;
            };
            let node = body.node(value, &pointer, 0);
            values.push((param, node, body.sites.add(at.child(&pointer))));
        }
        list.push(Override { pattern: pattern.clone(), at: own.part(Part::Key), values });
    }
    index(list, body.faults)
}

/// From a table: the first column is the glob, the others are parameters. An empty cell says nothing.
pub fn from_table(table: Table, file: FileId, params: &[&str], body: &mut Body<'_, '_>) -> Overrides {
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
    index(list, body.faults)
}

pub fn unknown_param(name: &str, params: &[&str], at: At) -> Diagnostic {
    let help = known_words(name, params.iter().copied());
    Diagnostic::error("unknown-parameter", format!("The template has no parameter `{name}`"), at).help(help)
}

fn index(all: Vec<Override>, faults: &mut Vec<Diagnostic>) -> Overrides {
    let mut overrides = Overrides::default();
    let mut globs = GlobSetBuilder::new();
    for own in all {
        let position = overrides.list.len();
        if !own.pattern.contains(['*', '?', '[', '{', '\\']) {
            overrides.exact.entry(own.pattern.clone()).or_default().push(position);
        } else {
            match Glob::new(&own.pattern) {
                Ok(glob) => globs.add(glob),
                Err(error) => {
                    let words = format!("`{}` is no glob: {}", own.pattern, error.kind());
                    faults.push(Diagnostic::error("bad-glob", words, own.at.clone()));
                    continue;
                }
            };
            overrides.of_glob.push(position);
        }
        overrides.list.push(own);
    }
    match globs.build() {
        Ok(set) => overrides.globs = set,
        Err(error) => {
            overrides.of_glob.clear();
            let at = overrides.list.first().map(|own| own.at.clone());
            faults.push(Diagnostic::error(
                "bad-glob",
                format!("The globs can't be used: {}", error.kind()),
                at,
            ));
        }
    }
    overrides
}

/// An override that matched nothing.
pub fn idle(own: &Override, slugs: &[&str]) -> Diagnostic {
    let fault = Diagnostic::error(
        "idle-override",
        format!("The override `{}` matches no key", own.pattern),
        own.at.clone(),
    );
    let length = own.pattern.len();
    let near = slugs.iter().copied().filter(|slug| slug.len().abs_diff(length) <= 1 + length / 4);
    match did_you_mean(&own.pattern, near) {
        Some(meant) => fault.help(format!("did you mean `{meant}`?")),
        None => {
            fault.help("overrides are globs over the slugs of all keys; take it out if it's no longer needed")
        }
    }
}
