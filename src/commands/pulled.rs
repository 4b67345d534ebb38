//! A project beside what was edited in the UI: which edits of its files bring an edit back, and the proof that they do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Invocation;
use super::declared::{Declared, bare, judge_with};
use super::service::Service;
use super::surveyed::Surveyed;
use crate::canon::align;
use crate::diagnostic::{At, FileId, Place, Severity, Sources};
use crate::diff::diff;
use crate::edit::step::{Edit, between};
use crate::edit::edit;
use crate::expand::renderings;
use crate::fill::{answer, escape, fill};
use crate::kind;
use crate::load::definitions::{Definition, Definitions, Template, Use};
use crate::load::load;
use crate::mark;
use crate::model::{Address, Change, Live, Origin, Resource};
use crate::outgoing::with_ignored;
use crate::plan::{Inputs, plan};
use crate::pull::{Layer, Part, Taken, route, take};
use crate::source;
use crate::template::{BUILT_IN, Renderings};
use crate::write::refer::refer;

/// Texts of files, by their paths from the project's folder.
pub type Texts = BTreeMap<Arc<str>, Arc<str>>;
/// Edits, each with the file that it is for.
pub type Edits = Vec<(FileId, Edit)>;

pub struct Estate<'a> {
    invocation: &'a Invocation<'a>,
    pub declared: &'a Declared,
    service: &'a Service,
    surveyed: &'a Surveyed,
    pub definitions: Definitions,
    pub sources: Sources,
    renderings: Renderings,
    /// Addresses of live objects, by section and id.
    managed: BTreeMap<(&'static str, &'a str), Address>,
}

/// What a live edit makes of a definition's body.
pub struct Followed {
    pub before: Value,
    pub taken: Taken,
}

impl<'a> Estate<'a> {
    pub fn new(
        invocation: &'a Invocation<'a>,
        (declared, service, surveyed): (&'a Declared, &'a Service, &'a Surveyed),
        drifted: &[&Change],
    ) -> anyhow::Result<Self> {
        let (definitions, sources, _) = load(&declared.config, BUILT_IN, bare(invocation)?.sources);
        let wanted: Vec<&Resource> =
            drifted.iter().filter_map(|change| declared.resource(&change.address)).collect();
        let renderings =
            renderings(&definitions, (&declared.config, &declared.scope), &sources, &wanted);
        let known = surveyed.plan.known.iter();
        let sections = |address: &Address| kind::of_section(address.section()).map(|kind| kind.section);
        let managed = known
            .filter_map(|(address, known)| {
                Some(((sections(address)?, known.id.as_str()), address.clone()))
            })
            .collect();
        Ok(Self { invocation, declared, service, surveyed, definitions, sources, renderings, managed })
    }

    fn live(&self, change: &Change) -> Option<&'a Live> {
        let id = change.datadog_id.as_deref()?;
        self.surveyed.live.iter().find(|live| live.section == change.address.section() && live.id == id)
    }

    /// The body of a definition as written, with the live edits of one of its resources in it.
    pub fn follow(&self, change: &Change, definition: &Definition) -> Result<Followed, String> {
        let absent = || "its definition or its live object is not there any more".to_owned();
        let kind = kind::of_section(change.address.section()).ok_or_else(absent)?;
        let resource = self.declared.resource(&change.address).ok_or_else(absent)?;
        let live = self.live(change).ok_or_else(absent)?;
        if kind.is_order() {
            return Err("an order is a list of others: change it where it stands".to_owned());
        }
        let mut bare = live.body.clone();
        mark::strip(kind, &mut bare);
        let bare = escape(&bare);
        let rendered = resource.body.value();
        let known = |reference: &_| answer(&self.surveyed.plan.known, reference);
        let wanted = with_ignored(&rendered, &bare, &resource.directives.ignore);
        let filled = fill(kind, &wanted, &known);
        let sides = align(kind, &filled, &bare);
        let mut referring = sides.live.clone();
        let own = (kind.section, live.id.as_str());
        refer(kind, &mut referring, &|section, id| {
            let section = kind::of_section(section)?.section;
            self.managed.get(&(section, id)).filter(|_| (section, id) != own).cloned()
        });
        let written = Value::Object(definition.body.clone());
        let taken = take(&Part {
            kind,
            written: &written,
            rendered: &rendered,
            desired: &sides.desired,
            live: &sides.live,
            referring: &referring,
            defaults: self.declared.config.defaults.get(kind.section),
            renderings: self.renderings.get(&change.address).map(Vec::as_slice).unwrap_or_default(),
            known: &known,
        });
        let taken = taken.map_err(|kept| kept.to_string())?;
        if diff(&sides.desired, &sides.live).is_empty() {
            return Err("what differs is its mark alone: an apply sets it".to_owned());
        }
        Ok(Followed { before: written, taken })
    }

    /// Edits of the files that a definition stands in.
    pub fn edits(&self, followed: &Followed, origin: &Origin) -> Result<Edits, String> {
        let mut layers: Vec<Layer> = origin.layers.iter().filter_map(|at| self.layer(at)).collect();
        route(between(&followed.before, &followed.taken.body), &mut layers)
            .ok_or_else(|| "what was edited does not stand in its definition".to_owned())
    }

    fn layer(&self, at: &At) -> Option<Layer> {
        let Place::Node { pointer, .. } = &at.place else { return None };
        let source = self.sources.get(at.file);
        let (value, _) = source::value(&source.text, source.format, at.file);
        Some(Layer { file: at.file, base: pointer.clone(), value: value?.pointer(pointer)?.clone() })
    }

    /// The texts with more edits in them.
    pub fn edited(&self, texts: &Texts, edits: &Edits) -> Result<Texts, String> {
        let mut out = texts.clone();
        let mut by_file: BTreeMap<FileId, Vec<Edit>> = BTreeMap::new();
        for (file, edit) in edits {
            by_file.entry(*file).or_default().push(edit.clone());
        }
        for (file, edits) in by_file {
            let source = self.sources.get(file);
            let text = out.get(&source.path).unwrap_or(&source.text);
            let edited = edit(text, source.format, &edits).map_err(|why| format!("{}: {why}", source.path))?;
            out.insert(source.path.clone(), edited.into());
        }
        Ok(out)
    }

    /// Reads the project with these texts: what was pulled must plan empty, and nothing else may have changed.
    pub fn prove(&self, texts: &Texts, pulled: &BTreeSet<Address>) -> anyhow::Result<Result<(), String>> {
        let checked = judge_with(self.invocation, texts.clone())?;
        let error = checked.diagnostics.iter().find(|reported| reported.severity == Severity::Error);
        let Some(declared) = checked.declared.filter(|_| error.is_none()) else {
            let text = error.map_or("the project could not be read", |error| error.text.as_str());
            return Ok(Err(format!("with the edit the definitions would be wrong: {text}")));
        };
        if let Some(other) = changed(&self.declared.resources, &declared.resources, pulled) {
            return Ok(Err(format!("the edit would change {other}, too")));
        }
        let selected = |address: &Address| pulled.contains(address);
        let (plan, _) = plan(&Inputs {
            scope: &declared.scope,
            site: &self.service.site,
            organisation: None,
            now: jiff::Timestamp::now(),
            resources: &declared.resources,
            forgotten: &declared.forgotten,
            live: &self.surveyed.live,
            unlisted: &[],
            selected: &selected,
            seen_last: &|section, id| self.service.client.seen_last(section, id),
        });
        let left = plan.changes.iter().find(|change| pulled.contains(&change.address));
        Ok(match left {
            None => Ok(()),
            Some(left) => {
                let paths: Vec<&str> = left.diff.iter().take(3).map(|field| field.path.as_str()).collect();
                Err(format!("with the edit {} would still differ: {}", left.address, paths.join(", ")))
            }
        })
    }

    /// The definition of a resource that no template makes.
    pub fn plain(&self, address: &Address) -> Option<&Definition> {
        self.definitions.resources.iter().find(|definition| definition.address == *address)
    }

    /// What made a resource of a template: the use, the template, and its entry.
    pub fn made_by(&self, resource: &Resource) -> Option<(&Use, &Template, &Definition)> {
        let instance = resource.instance.as_ref()?;
        let own = self.definitions.uses.iter().find(|own| own.name == instance.name)?;
        let template = self.definitions.templates.get(&own.template)?;
        let short = resource.address.id().strip_prefix(&instance.name)?.strip_prefix('/')?;
        let short = if instance.key.is_empty() { short } else { short.strip_prefix(&instance.key)?.strip_prefix('/')? };
        let is_it = |definition: &&Definition| {
            definition.address.section() == resource.address.section() && definition.address.id() == short
        };
        Some((own, template, template.definitions.iter().find(is_it)?))
    }

    /// An override of some parameters for one instance, in the entry of its use.
    pub fn overriding(&self, own: &Use, key: &str, params: &Map<String, Value>) -> Option<Edits> {
        let layer = self.layer(&own.at)?;
        let at = |pointer: &str| format!("{}{pointer}", layer.base);
        let step = crate::pointer::step(key);
        let edits: Vec<Edit> = match (own.overrides.as_ref(), layer.value.pointer(&format!("/overrides{step}"))) {
            (Some(Value::String(_)), _) => return None,
            (_, Some(Value::Object(there))) => params
                .iter()
                .map(|(name, value)| {
                    let value = value.clone();
                    let pointer = format!("/overrides{step}{}", crate::pointer::step(name));
                    match there.contains_key(name) {
                        true => Edit::Replace { at: at(&pointer), value },
                        false => Edit::Add { at: at(&format!("/overrides{step}")), key: name.clone(), value },
                    }
                })
                .collect(),
            (Some(Value::Object(_)), _) => vec![Edit::Add {
                at: at("/overrides"),
                key: key.to_owned(),
                value: Value::Object(params.clone()),
            }],
            (Some(_), _) => return None,
            (None, _) => {
                let entry = Map::from_iter([(key.to_owned(), Value::Object(params.clone()))]);
                vec![Edit::Add { at: at(""), key: "overrides".to_owned(), value: Value::Object(entry) }]
            }
        };
        Some(edits.into_iter().map(|edit| (layer.file, edit)).collect())
    }
}

/// The first resource, but for these, that is not what it was.
pub fn changed<'r>(before: &'r [Resource], after: &'r [Resource], but: &BTreeSet<Address>) -> Option<&'r Address> {
    let same = |a: &Resource, b: &Resource| {
        a.address == b.address && (but.contains(&a.address) || (a.body == b.body && a.directives == b.directives))
    };
    let differing = before.iter().zip(after).find(|(a, b)| !same(a, b)).map(|(a, _)| &a.address);
    let more = before.get(after.len()).or_else(|| after.get(before.len()));
    differing.or(more.map(|resource| &resource.address))
}

