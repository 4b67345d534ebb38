//! Definitions that stand in no template.

use super::body::Body;
use super::definition::{self, Compiled, Place};
use super::fault::Faults;
use super::rendered::Rendered;
use super::scope::Setting;
use super::site::{Sites, place};
use crate::load::definitions::Definition;
use crate::template::Run;

/// Definitions that are resources by themselves.
pub fn plain(definitions: &[Definition], setting: &Setting<'_>) -> Rendered {
    let mut rendered = Rendered::default();
    let Some(first) = definitions.first() else { return rendered };
    rendered.resources.reserve_exact(definitions.len());
    let mut body = Body::new(setting.names(Vec::new(), Vec::new()), 0, place(&first.origin, ""));
    for definition in definitions {
        if let Some(resource) = definition::as_it_stands(definition, setting) {
            rendered.resources.push(resource);
            continue;
        }
        body.sites = Sites::part(0);
        let before = rendered.diagnostics.len();
        let mut compiled = definition::compile(definition, setting, &mut body);
        rendered.diagnostics.append(&mut compiled.faults);
        let mut faults = Faults::default();
        let run = Run::new(&[], None, "").traced(setting.trace);
        render_plain(&compiled, &run, &mut faults, &mut rendered);
        faults.report_alone(&body.sites, &mut rendered.diagnostics);
        for reported in &mut rendered.diagnostics[before..] {
            reported.instances.push(definition.address.to_string());
        }
        rendered.globals.extend(body.take_globals());
    }
    rendered
}

fn render_plain(compiled: &Compiled<'_>, run: &Run<'_>, faults: &mut Faults, rendered: &mut Rendered) {
    if !compiled.is_on(run, faults) {
        rendered.off.push(compiled.definition.address.clone());
        return;
    }
    let place = Place { prefixes: &[String::new()], instance: None };
    match compiled.resource(&place, run, faults) {
        Some(resource) => rendered.resources.push(resource),
        None => rendered.failed.push(compiled.definition.address.clone()),
    }
}
