//! What rules found -> diagnostics: at their lines, the same fault of many resources once with the count.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use super::finding::Finding;
use super::place::source_range;
use super::settings::Settings;
use crate::diagnostic::{At, Diagnostic, Part, Sources};
use crate::model::{Address, Origin, Reference, Resource, Secret};
use crate::source::locate::Locator;
use crate::template::Renderings;

/// Renders resources once more, for what their strings come from: nobody keeps that of all of them.
pub type Again<'a> = dyn Fn(&[&Resource]) -> Renderings + 'a;

/// Faults with more places than this are reported at their definitions: looking places up takes its time.
const LOCATED: usize = 2000;

/// What is the same in the same fault of instances of one template.
#[derive(Hash, PartialEq, Eq)]
struct Key {
    code: &'static str,
    origin: usize,
    pointer: String,
    shape: String,
    /// Which one of several findings of this rule in this resource, counted from 0.
    turn: usize,
}

/// As diagnostics, in the order of the resources; findings come resource by resource.
pub fn report<'r>(
    found: impl Iterator<Item = (&'r Resource, Finding)>,
    settings: &Settings,
    sources: &Sources,
    again: &Again<'_>,
) -> Vec<Diagnostic> {
    let mut groups: HashMap<Key, usize> = HashMap::new();
    let mut kept: Vec<Kept<'r>> = Vec::new();
    let mut turns: HashMap<(&str, String, String), usize> = HashMap::new();
    let mut last: Option<&Resource> = None;
    for (resource, finding) in found {
        if last.replace(resource).is_none_or(|last| !std::ptr::eq(last, resource)) {
            turns.clear();
        }
        let shape = shape(&finding.text);
        let turn = turns.entry((finding.code, finding.pointer.clone(), shape.clone())).or_default();
        let origin = Arc::as_ptr(&resource.origin) as usize;
        let own = *turn;
        *turn += 1;
        let key = Key { code: finding.code, origin, pointer: finding.pointer.clone(), shape, turn: own };
        let whose = resource.address.to_string();
        match groups.entry(key) {
            Entry::Occupied(entry) => kept[*entry.get()].whose.push(whose),
            Entry::Vacant(entry) => {
                entry.insert(kept.len());
                kept.push(Kept { resource, finding, turn: own, whose: vec![whose] });
            }
        }
    }
    let mut places = Places::new(sources);
    let count = kept.len();
    let wanted = places.rendered(kept.iter().take(LOCATED));
    if !wanted.is_empty() {
        places.renderings = again(&wanted);
    }
    let placed = kept.into_iter().enumerate().map(|(number, Kept { resource, finding, turn, whose })| {
        let near = (number < LOCATED || count <= LOCATED).then_some(&mut places);
        let pointer = finding.pointer.clone();
        let mut reported = diagnostic(finding, resource, settings, near);
        reported.instances = whose;
        Placed { reported, pointer, turn, of_template: resource.instance.is_some() }
    });
    fold(placed.collect())
}

/// A finding with all resources that it hits.
struct Kept<'r> {
    /// The first of them.
    resource: &'r Resource,
    finding: Finding,
    turn: usize,
    whose: Vec<String>,
}

/// The same with its place looked up.
struct Placed {
    reported: Diagnostic,
    pointer: String,
    turn: usize,
    of_template: bool,
}

/// A fault in defaults hits every resource of a section, and is reported once. Who is hit is said where
/// the place doesn't tell.
fn fold(placed: Vec<Placed>) -> Vec<Diagnostic> {
    let mut first = HashMap::new();
    let mut kept: Vec<(Diagnostic, bool)> = Vec::new();
    for Placed { reported, pointer, turn, of_template } in placed {
        match first.entry((reported.code, format!("{:?}", reported.at), pointer, shape(&reported.text), turn))
        {
            Entry::Occupied(entry) => {
                let at: usize = *entry.get();
                kept[at].0.instances.extend(reported.instances);
            }
            Entry::Vacant(entry) => {
                entry.insert(kept.len());
                kept.push((reported, of_template));
            }
        }
    }
    for (reported, of_template) in &mut kept {
        if reported.instances.len() == 1 && !*of_template {
            reported.instances.clear();
        }
    }
    kept.into_iter().map(|(reported, _)| reported).collect()
}

fn diagnostic(
    finding: Finding,
    resource: &Resource,
    settings: &Settings,
    places: Option<&mut Places<'_>>,
) -> Diagnostic {
    let mut reported = Diagnostic::error(finding.code, shown(&finding.text), None);
    reported.severity = settings.severity(&finding);
    if !finding.help.is_empty() {
        reported.help = Some(shown(&finding.help));
    }
    match places {
        Some(places) => {
            reported.at = Some(places.of(resource, &finding.pointer, finding.part));
            if let Some((text, pointer)) = finding.also {
                reported = reported.also(shown(&text), places.of(resource, &pointer, Part::Value));
            }
        }
        None => reported.at = Some(definition(&resource.origin)),
    }
    if let Some(instance) = &resource.instance {
        let text = format!("in an instance of the use `{}`", instance.name);
        reported = reported.also(text, instance.at.part(Part::Key));
    }
    reported
}

fn definition(origin: &Origin) -> At {
    origin.layers.first().map_or(At::file(crate::diagnostic::FileId(0)), |layer| layer.part(Part::Key))
}

/// Looks up where parts of bodies were written.
pub struct Places<'s> {
    locator: Locator<'s>,
    /// The body that was asked for last; findings come resource by resource.
    last: Option<(Address, Value)>,
    /// Of the resources whose strings are not as they are written.
    renderings: Renderings,
}

impl<'s> Places<'s> {
    pub fn new(sources: &'s Sources) -> Self {
        Self { locator: Locator::new(sources), last: None, renderings: Renderings::new() }
    }

    /// Where a part of a body was written.
    pub fn of(&mut self, resource: &Resource, pointer: &str, part: Part) -> At {
        if resource.origin.layers.is_empty() {
            return definition(&resource.origin);
        }
        let at = self.locator.locate_in(&resource.origin, pointer);
        match part {
            Part::Within(range) => self.within(resource, pointer, at, &range),
            Part::Key => at.part(Part::Key),
            Part::Value => at,
        }
    }

    /// Resources of which a part of a string is meant that is not as it is written.
    fn rendered<'k, 'r: 'k>(&mut self, kept: impl Iterator<Item = &'k Kept<'r>>) -> Vec<&'r Resource> {
        let mut rendered: Vec<&'r Resource> = Vec::new();
        for Kept { resource, finding, .. } in kept {
            let is_part = matches!(finding.part, Part::Within(_)) && !resource.origin.layers.is_empty();
            if !is_part || rendered.last().is_some_and(|last| std::ptr::eq(*last, *resource)) {
                continue;
            }
            let at = self.locator.locate_in(&resource.origin, &finding.pointer);
            if self.text_of(resource, &finding.pointer).as_deref() != self.locator.text(&at) {
                rendered.push(resource);
            }
        }
        rendered
    }

    /// Where a part of a string was written; all of the string where that isn't known.
    fn within(&mut self, resource: &Resource, pointer: &str, at: At, range: &Range<usize>) -> At {
        let Some(text) = self.text_of(resource, pointer) else { return at };
        let Some(source) = self.locator.text(&at) else { return at };
        // What is missing at the end is shown there, not behind a last newline.
        let end = text.trim_end().len();
        let range = range.start.min(end)..range.end.min(end);
        if text == source {
            return at.part(Part::Within(range));
        }
        let renderings = self.renderings.get(&resource.address).into_iter().flatten();
        let mut of_text = renderings.filter(|rendering| rendering.text == text);
        match of_text.find_map(|rendering| source_range(source, rendering, &range)) {
            Some(range) => at.part(Part::Within(range)),
            None => at,
        }
    }

    /// The string at a pointer into a body.
    fn text_of(&mut self, resource: &Resource, pointer: &str) -> Option<String> {
        if self.last.as_ref().is_none_or(|(address, _)| *address != resource.address) {
            self.last = Some((resource.address.clone(), resource.body.value()));
        }
        let (_, body) = self.last.as_ref()?;
        body.pointer(pointer)?.as_str().map(str::to_owned)
    }
}

/// A text with references as people write them.
fn shown(text: &str) -> String {
    if !text.contains(Reference::OPEN) {
        return text.to_owned();
    }
    let text = Secret::fill(text, &|name| format!("${{secret.{name}}}"));
    Reference::fill(&text, &|reference| {
        let attribute = reference.attribute.name();
        let (section, id) = (reference.target.section(), reference.target.id());
        let id = if id.contains(['.', '/']) { format!("[{id}]") } else { id.to_owned() };
        Some(format!("${{{section}.{id}.{attribute}}}"))
    })
}

/// A text without what differs from instance to instance: names in backquotes, numbers.
fn shape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '`' => quoted = !quoted,
            _ if quoted || c.is_ascii_digit() || c == '.' => {}
            _ => out.push(c),
        }
    }
    out
}
