//! Definitions and templates -> resources.

mod again;
mod body;
mod definition;
mod fault;
mod listed;
mod rendered;
mod overrides;
mod params;
mod plain;
mod printed;
mod scope;
mod site;
mod template;
mod uses;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use self::fault::{Faults, add_place, holds};
use self::plain::plain;
use self::rendered::{Rendered, WORTH_THREADS};
use self::site::{Sites, place};
use crate::config::{Config, Scope};
use crate::cores::in_parallel;
use crate::diagnostic::{At, Diagnostic, Part, Place, Sources, known_words};
use crate::kind;
use crate::load::definitions::{Definitions, FILES};
use crate::mark;
use crate::model::{Address, Mark, Origin, Reference, Resource};
use crate::source::locate::Locator;

pub use self::again::renderings;
pub use self::listed::{Listed, listed};
pub use self::scope::Setting;
pub use self::template::{Description, ParamDescription, describe};

/// At most this many unknown references get a "did you mean": comparing with all addresses takes time.
const SUGGESTIONS: usize = 20;

/// All resources, sorted by address, and all that is wrong. Files that uses name (inventories,
/// overrides) are read here; those with faults become sources.
pub fn expand(
    definitions: &Definitions,
    config: &Config,
    scope: &Scope,
    sources: &mut Sources,
) -> (Vec<Resource>, Vec<Diagnostic>) {
    let (mut resources, diagnostics) = all(definitions, config, scope, sources);
    resources.retain(|resource| resource.address.section() != FILES);
    (resources, diagnostics)
}

/// The files that templates make, as if each were a resource: sorted by address, the id its path.
pub fn files(
    definitions: &Definitions,
    config: &Config,
    scope: &Scope,
    sources: &mut Sources,
) -> (Vec<Resource>, Vec<Diagnostic>) {
    let (mut files, diagnostics) = all(definitions, config, scope, sources);
    files.retain(|file| file.address.section() == FILES && !file.directives.forget);
    (files, diagnostics)
}

fn all(
    definitions: &Definitions,
    config: &Config,
    scope: &Scope,
    sources: &mut Sources,
) -> (Vec<Resource>, Vec<Diagnostic>) {
    let mut rendered = Rendered::default();
    let constants = scope::constants(config, scope, &mut rendered.diagnostics);
    let setting = Setting::new(config, scope, &constants);
    for part in
        in_parallel(&definitions.resources, WORTH_THREADS, &|definitions, _| plain(definitions, &setting))
    {
        rendered.append(part);
    }
    fold(&mut rendered.diagnostics);
    let mut sites = Sites::part(0);
    let (templates, globals) = template::compile_all(&definitions.templates, &setting, &mut sites);
    rendered.globals.extend(globals);
    let (mut faults, mut of_uses) = (Faults::default(), Rendered::default());
    for (index, own) in definitions.uses.iter().enumerate() {
        let part = templates.len() + index;
        let mut context = uses::UseContext {
            setting: &setting,
            templates: &templates,
            part,
            sites: &mut sites,
            faults: &mut faults,
        };
        of_uses.append(uses::run(own, &mut context, sources));
    }
    rendered.diagnostics.extend(template::report(templates, std::mem::take(&mut of_uses.affected)));
    rendered.append(of_uses);
    faults.report(&sites, &mut rendered.diagnostics);
    let (resources, mut diagnostics) = finish(rendered, scope, definitions.incomplete);
    aim(&mut diagnostics, definitions, sources);
    (resources, diagnostics)
}

/// Points at the layer that holds a string: until here, each is looked for in the definition itself,
/// though it may come from its `$file`.
fn aim(diagnostics: &mut [Diagnostic], definitions: &Definitions, sources: &Sources) {
    if diagnostics.is_empty() {
        return;
    }
    let of_templates = definitions.templates.values().flat_map(|template| &template.definitions);
    let all = definitions.resources.iter().chain(of_templates);
    let layered: Vec<&Origin> =
        all.map(|definition| definition.origin.as_ref()).filter(|origin| origin.layers.len() > 1).collect();
    let mut locator = Locator::new(sources);
    for reported in diagnostics {
        let Some(At { file, place: Place::Node { pointer, part } }) = &reported.at else { continue };
        let inside = layered.iter().find_map(|origin| match origin.layers.first() {
            Some(At { file: own, place: Place::Node { pointer: base, .. } }) if own == file => {
                let rest = pointer.strip_prefix(base.as_str())?;
                rest.starts_with('/').then_some((origin, rest))
            }
            _ => None,
        });
        if let Some((origin, rest)) = inside {
            reported.at = Some(locator.locate_in(origin, rest).part(part.clone()));
        }
    }
}

/// A fault in the defaults hits every resource of the section, and is reported once.
fn fold(diagnostics: &mut Vec<Diagnostic>) {
    let mut first: HashMap<(&'static str, String), usize> = HashMap::new();
    let mut kept: Vec<Diagnostic> = Vec::new();
    for reported in diagnostics.drain(..) {
        match first.entry((reported.code, format!("{:?}", reported.at))) {
            Entry::Occupied(entry) => kept[*entry.get()].instances.extend(reported.instances),
            Entry::Vacant(entry) => {
                entry.insert(kept.len());
                kept.push(reported);
            }
        }
    }
    for reported in kept.iter_mut().filter(|reported| reported.instances.len() == 1) {
        reported.instances.clear();
    }
    *diagnostics = kept;
}

/// What can be said only when everything is there: duplicates, marks, unknown references.
/// `incomplete`: what a reference names may stand in a file that is broken.
fn finish(mut rendered: Rendered, scope: &Scope, incomplete: bool) -> (Vec<Resource>, Vec<Diagnostic>) {
    rendered.resources.sort_by(|a, b| a.address.cmp(&b.address));
    duplicates(&rendered.resources, &mut rendered.diagnostics);
    let mut reported = Vec::new();
    if !incomplete {
        unknown_references(&rendered, &mut reported);
    }
    forgotten_references(&rendered.resources, &mut reported);
    rendered.diagnostics.append(&mut reported);
    for resource in &rendered.resources {
        check_mark(resource, scope, &mut rendered.diagnostics);
    }
    (rendered.resources, rendered.diagnostics)
}

fn duplicates(resources: &[Resource], diagnostics: &mut Vec<Diagnostic>) {
    for pair in resources.windows(2).filter(|pair| pair[0].address == pair[1].address) {
        let (first, second) = (&pair[0], &pair[1]);
        let words = format!("`{}` is declared twice", second.address);
        let mut fault = Diagnostic::error("duplicate-id", words, declared_at(second))
            .also("declared here first", declared_at(first));
        if first.instance.is_some() || second.instance.is_some() {
            fault = fault
                .help("an instance's ids begin with the name of the use and the key; rename one of the two");
        }
        diagnostics.push(fault);
    }
}

fn declared_at(resource: &Resource) -> At {
    resource
        .instance
        .as_ref()
        .map_or_else(|| key_of(&resource.origin), |instance| instance.at.part(Part::Key))
}

fn key_of(origin: &Origin) -> At {
    place(origin, "").part(Part::Key)
}

fn check_mark(resource: &Resource, scope: &Scope, diagnostics: &mut Vec<Diagnostic>) {
    let id = resource.address.id();
    // Most are far from the limit: a tag is its key, at most 20 bytes, and one of the two.
    if id.len().max(scope.owner.0.len()) + 20 <= mark::TAG_LIMIT {
        return;
    }
    let Some(kind) = kind::of_section(resource.address.section()) else { return };
    let own = Mark { owner: scope.owner.clone(), id: id.to_owned(), protect: resource.directives.protect };
    if let Some(length) = mark::longest(kind, &own).filter(|length| *length > mark::TAG_LIMIT) {
        let words = format!(
            "The mark of `{}` would have {length} characters, and the service keeps {}",
            resource.address,
            mark::TAG_LIMIT
        );
        let fault = Diagnostic::error("mark-too-long", words, declared_at(resource));
        diagnostics.push(fault.help("shorten the id, or the key of the instance"));
    }
}

/// References that lead nowhere, or to what is switched off.
fn unknown_references(rendered: &Rendered, reported: &mut Vec<Diagnostic>) {
    let is_there = |target: &Address| rendered.resources.binary_search_by(|r| r.address.cmp(target)).is_ok();
    let met = rendered
        .globals
        .iter()
        .flat_map(|(at, global)| global.target.met().into_iter().map(move |target| (at, global, target)));
    let mut unknown: Vec<_> = met.filter(|(_, _, target)| !is_there(target)).collect();
    if unknown.is_empty() {
        return;
    }
    let failed: HashSet<&Address> = rendered.failed.iter().collect();
    let off: HashSet<&Address> = rendered.off.iter().collect();
    unknown.retain(|(_, _, target)| {
        let of_use = target.id().split('/').next().unwrap_or_default();
        !failed.contains(target) && !rendered.failed_uses.contains(of_use)
    });
    for (count, (at, global, target)) in unknown.into_iter().enumerate() {
        let target = &target;
        let at = at.clone().part(Part::Within(global.range.clone()));
        let of_use = target.id().split('/').next().unwrap_or_default();
        if off.contains(target) || rendered.off_uses.contains(of_use) {
            let words = format!("`{target}` is switched off by its `$when`");
            let help =
                "give what refers to it the same `$when`, or put the reference into an `${#if …}` block";
            reported.push(Diagnostic::error("switched-off-reference", words, at).help(help));
            continue;
        }
        let mut fault = Diagnostic::error("unknown-reference", format!("There is no `{target}`"), at);
        if count < SUGGESTIONS {
            name_instances(&mut fault, target, &rendered.resources);
            let ids = rendered.resources.iter().filter(|r| r.address.section() == target.section());
            fault = fault.help(match &global.sibling {
                Some(short) => reference_to(target, short),
                None => suggestion(target, ids.map(|r| r.address.id())),
            });
        }
        reported.push(fault);
    }
}

/// References to what is let go: once the mark is off, nothing tells its id.
fn forgotten_references(resources: &[Resource], reported: &mut Vec<Diagnostic>) {
    let forgotten: HashSet<&Address> =
        resources.iter().filter(|r| r.directives.forget).map(|r| &r.address).collect();
    if forgotten.is_empty() {
        return;
    }
    // A template's entry is reported once, with its instances.
    let mut first: HashMap<String, usize> = HashMap::new();
    for resource in resources {
        let named =
            Reference::in_text(resource.body.text()).into_iter().map(|(_, reference)| reference.target);
        let Some(target) = named.into_iter().find(|target| forgotten.contains(target)) else { continue };
        let at = key_of(&resource.origin);
        let index = *first.entry(format!("{at:?}")).or_insert_with(|| {
            let words = format!("`{}` refers to `{target}`, which `$forget` lets go", resource.address);
            reported.push(Diagnostic::error("forgotten-reference", words, at).help(
                "without its mark nobody knows its id: write the Datadog id in place of the reference, or keep the object",
            ));
            reported.len() - 1
        });
        if let Some(instance) = &resource.instance {
            reported[index].instances.push(resource.address.to_string());
            add_place(&mut reported[index].also, uses::place(&instance.name, &instance.at));
        }
    }
}

/// Names the instances in which a template's reference leads nowhere, and a use of them.
fn name_instances(fault: &mut Diagnostic, target: &Address, resources: &[Resource]) {
    let Some(at) = &fault.at else { return };
    // The marker of either attribute ends like this.
    let marker = format!(" {target}{}", Reference::CLOSE);
    for resource in resources {
        let Some(instance) = &resource.instance else { continue };
        let inside = resource.origin.layers.iter().any(|layer| holds(layer, at));
        if inside && resource.body.text().contains(&marker) {
            fault.instances.push(resource.address.to_string());
            add_place(&mut fault.also, uses::place(&instance.name, &instance.at));
        }
    }
}

fn suggestion<'a>(target: &Address, ids: impl Iterator<Item = &'a str>) -> String {
    // Much longer or shorter ones can't be meant: comparing is what costs.
    let length = target.id().len();
    let ids: Vec<&str> = ids.collect();
    let near = ids.iter().copied().filter(|id| id.len().abs_diff(length) <= 1 + length / 4);
    match crate::diagnostic::did_you_mean(target.id(), near) {
        Some(meant) => reference_to(target, meant),
        None => known_words("", ids),
    }
}

fn reference_to(target: &Address, id: &str) -> String {
    match id.contains(['.', '/']) {
        true => format!("did you mean `${{{}.[{id}].id}}`?", target.section()),
        false => format!("did you mean `${{{}.{id}.id}}`?", target.section()),
    }
}

#[cfg(test)]
mod tests;
