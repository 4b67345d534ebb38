//! Definitions that stand in no template.

use super::body::Body;
use super::definition::{self, Compiled, Place};
use super::fault::Faults;
use super::made::Made;
use super::scope::Setting;
use super::site::{Sites, place};
use crate::load::definitions::Definition;
use crate::template::Run;

/// Definitions that are resources by themselves.
pub fn plain(definitions: &[Definition], setting: &Setting<'_>) -> Made {
    let mut made = Made::default();
    let Some(first) = definitions.first() else { return made };
    let mut body = Body::new(setting.names(Vec::new(), Vec::new()), 0, place(&first.origin, ""));
    for definition in definitions {
        body.sites = Sites::part(0);
        let before = made.diagnostics.len();
        let mut compiled = definition::compile(definition, setting, &mut body);
        made.diagnostics.append(&mut compiled.faults);
        let mut faults = Faults::default();
        let run = Run::new(&[], None, "").traced(setting.trace);
        render_plain(&compiled, &run, &mut faults, &mut made);
        faults.report_alone(&body.sites, &mut made.diagnostics);
        for reported in &mut made.diagnostics[before..] {
            reported.instances.push(definition.address.to_string());
        }
        made.globals.extend(body.take_globals());
    }
    made
}

fn render_plain(compiled: &Compiled<'_>, run: &Run<'_>, faults: &mut Faults, made: &mut Made) {
    if !compiled.is_on(run, faults) {
        made.off.push(compiled.definition.address.clone());
        return;
    }
    let place = Place { prefixes: &[String::new()], instance: None };
    match compiled.resource(&place, run, faults) {
        Some(resource) => made.resources.push(resource),
        None => made.failed.push(compiled.definition.address.clone()),
    }
}
