//! Names that two environments of one organisation both declare, of kinds without a mark: each apply would undo the other's.

use std::collections::BTreeMap;

use crate::config::{Config, Scope, scope};
use crate::diagnostic::{Diagnostic, Sources};
use crate::expand::expand;
use crate::kind::{self, ORDER};
use crate::load::definitions::Definitions;
use crate::matching::key_of;
use crate::model::Resource;

/// What of the resources another environment declares, too. Environments count as one organisation's where they have
/// the same target, organisation and keys.
pub fn shared_keys(
    definitions: &Definitions,
    config: &Config,
    own: &Scope,
    resources: &[Resource],
    sources: &Sources,
) -> Vec<Diagnostic> {
    let keyed = keys(resources);
    let here = own.environment.as_ref().and_then(|name| config.environments.get(name));
    let Some(here) = here.filter(|_| !keyed.is_empty()) else { return Vec::new() };
    let mut reported = Vec::new();
    for (name, other) in &config.environments {
        let same = (&other.target, &other.org, &other.keys) == (&here.target, &here.org, &here.keys);
        if own.environment.as_ref() == Some(name) || !same {
            continue;
        }
        let Ok(scope) = scope(config, Some(name)) else { continue };
        // What is wrong there is reported where somebody works on it.
        let (theirs, _) = expand(definitions, config, &scope, &mut sources.clone());
        let theirs = keys(&theirs);
        for ((section, key), resource) in keyed.iter().filter(|(key, _)| theirs.contains_key(*key)) {
            if resource.address.section() == ORDER.section {
                reported.push(ordered_twice(resource, name));
                continue;
            }
            let text = format!(
                "`{}` names `{key}`, and so does the environment `{name}` of the same organisation",
                resource.address
            );
            let at = resource.origin.layers.first().cloned();
            let help = format!(
                "put the environment into the name of each of the {section}: `${{env}}`, or use `$when`"
            );
            reported.push(Diagnostic::warning("shared-key", text, at).help(help));
        }
    }
    reported
}

fn ordered_twice(resource: &Resource, other: &str) -> Diagnostic {
    let text = format!(
        "`{}` is declared here and for the environment `{other}` of the same organisation",
        resource.address
    );
    let help =
        "one of them has the last word: give it `$when: \"${eq environment 'NAME'}\"` beside `members:`";
    Diagnostic::error("shared-order", text, resource.origin.layers.first().cloned()).help(help)
}

fn keys(resources: &[Resource]) -> BTreeMap<(&'static str, String), &Resource> {
    let keyed = resources.iter().filter_map(|resource| {
        let kind = kind::of_section(resource.address.section())?;
        Some(((kind.section, key_of(kind, resource)?), resource))
    });
    keyed.collect()
}
