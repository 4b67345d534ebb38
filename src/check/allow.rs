//! `$allow`: which of them silence something, and which are idle or name no rule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::report::Places;
use super::rules::{RULES, all_codes};
use super::settings::Settings;
use crate::diagnostic::{Diagnostic, Part, Sources, known_words};
use crate::model::Resource;

/// Rules that a definition silenced: by the definition, not by its instances.
#[derive(Debug, Default)]
pub struct Used(BTreeSet<(usize, &'static str)>);

impl Used {
    pub fn add(&mut self, resource: &Resource, code: &'static str) {
        self.0.insert((Arc::as_ptr(&resource.origin) as usize, code));
    }

    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }
}

/// What is wrong with the `$allow`s themselves, each reported once a definition.
pub fn report(
    resources: &[Resource],
    used: &Used,
    settings: &Settings,
    sources: &Sources,
) -> Vec<Diagnostic> {
    let mut definitions: BTreeMap<usize, Vec<&Resource>> = BTreeMap::new();
    for resource in resources.iter().filter(|resource| !resource.directives.allow.is_empty()) {
        definitions.entry(Arc::as_ptr(&resource.origin) as usize).or_default().push(resource);
    }
    // By address, not by where memory happens to be.
    let mut definitions: Vec<(usize, Vec<&Resource>)> = definitions.into_iter().collect();
    definitions.sort_by_key(|(_, of)| &of[0].address);
    let mut places = Places::new(sources);
    let mut reported = Vec::new();
    for (origin, of) in definitions {
        for (index, name) in of[0].directives.allow.iter().enumerate() {
            let mut at = || places.of(of[0], &format!("/$allow/{index}"), Part::Value);
            let mut diagnostic = match RULES.iter().find(|rule| rule.code == name) {
                None => {
                    let text = format!("There is no rule `{}`", crate::source::short(name));
                    Diagnostic::error("unknown-rule", text, at()).help(known_words(name, all_codes()))
                }
                Some(rule) if settings.is_off(rule) || used.0.contains(&(origin, rule.code)) => {
                    continue;
                }
                Some(_) => {
                    let text = format!("`$allow` silences `{name}`, which finds nothing here");
                    Diagnostic::warning("unused-allow", text, at())
                        .help("take it out: what it hid is fixed, and it would hide the next one")
                }
            };
            if of[0].instance.is_some() {
                diagnostic.instances = of.iter().map(|resource| resource.address.to_string()).collect();
            }
            reported.push(diagnostic);
        }
    }
    reported
}
