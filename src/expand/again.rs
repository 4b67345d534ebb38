//! A few resources rendered once more: what each part of their strings comes from, when something is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::Faults;
use super::plain::plain;
use super::scope::{self, Setting};
use super::site::Sites;
use super::{template, uses};
use crate::config::{Config, Scope};
use crate::diagnostic::Sources;
use crate::load::definitions::Definitions;
use crate::model::Resource;
use crate::template::{Renderings, Trace};

/// The strings of these resources. Definitions that were read anew may have changed meanwhile: what doesn't come of
/// them any more is absent.
pub fn renderings(
    definitions: &Definitions,
    (config, scope): (&Config, &Scope),
    sources: &Sources,
    wanted: &[&Resource],
) -> Renderings {
    let trace = Trace::of(wanted.iter().map(|resource| resource.address.clone()).collect());
    let constants = scope::constants(config, scope, &mut Vec::new());
    let setting = Setting { trace: Some(&trace), ..Setting::new(config, scope, &constants) };
    for definition in definitions.resources.iter().filter(|definition| trace.wants(&definition.address)) {
        plain(std::slice::from_ref(definition), &setting);
    }
    let mut keys: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for instance in wanted.iter().filter_map(|resource| resource.instance.as_ref()) {
        keys.entry(&instance.name).or_default().insert(&instance.key);
    }
    if !keys.is_empty() {
        let (mut sites, mut faults, mut sources) = (Sites::part(0), Faults::default(), sources.clone());
        let (templates, _) = template::compile_all(&definitions.templates, &setting, &mut sites);
        for own in &definitions.uses {
            let Some(keys) = keys.get(own.name.as_str()) else { continue };
            let (setting, templates, part) = (&setting, &templates, templates.len());
            let work =
                &mut uses::UseContext { setting, templates, part, sites: &mut sites, faults: &mut faults };
            uses::again(own, keys, work, &mut sources);
        }
    }
    trace.into_renderings()
}
