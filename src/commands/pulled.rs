//! A project beside what was edited in the UI: which edits of its files bring an edit back, and the proof that they do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Invocation;
use super::declared::{Declared, bare, judge_with};
use super::service::Service;
use super::surveyed::Surveyed;
use crate::canon::align;
use crate::diagnostic::{At, FileId, Format, Place, Severity, Sources};
use crate::diff::diff;
use crate::edit::edit;
use crate::edit::step::{Edit, between};
use crate::expand::renderings;
use crate::fill::{answer, escape, fill, ids};
use crate::kind;
use crate::load::definitions::{Definition, Definitions, Template, Use};
use crate::load::load;
use crate::mark;
use crate::model::{Address, Change, Live, Origin, Reference, Resource};
use crate::outgoing::with_ignored;
use crate::plan::{Inputs, plan};
use crate::pointer::step;
use crate::pull::{Layer, Part, Taken, route, secret, take};
use crate::source;
use crate::template::{BUILT_IN, Renderings};
use crate::write::refer::refer;

/// Texts of files, by their paths from the project's folder.
pub type Texts = BTreeMap<Arc<str>, Arc<str>>;
/// Edits, each with the file that it is for.
pub type Edits = Vec<(FileId, Edit)>;

/// What brings an edit back.
pub enum Remedy<'a> {
    Edits(Edits),
    /// Parameters for one instance of a use.
    Override {
        own: &'a Use,
        key: &'a str,
        params: Map<String, Value>,
    },
}

pub struct Estate<'a> {
    invocation: &'a Invocation<'a>,
    pub declared: &'a Declared,
    service: &'a Service,
    surveyed: &'a Surveyed,
    pub definitions: Definitions,
    pub sources: Sources,
    renderings: Renderings,
    /// References to live objects, by section and id.
    managed: BTreeMap<(&'static str, &'a str), Reference>,
}

/// What a live edit makes of a definition's body.
pub struct Followed {
    pub before: Value,
    pub taken: Taken,
    /// What is left of it where the expressions stand that made some of the edit.
    pub kept: Value,
}

impl<'a> Estate<'a> {
    pub fn new(
        invocation: &'a Invocation<'a>,
        (declared, service, surveyed): (&'a Declared, &'a Service, &'a Surveyed),
        drifted: &[&Change],
    ) -> anyhow::Result<Self> {
        let (definitions, mut sources, _) = load(&declared.config, BUILT_IN, bare(invocation)?.sources);
        let wanted: Vec<&Resource> =
            drifted.iter().filter_map(|change| declared.resource(&change.address)).collect();
        let renderings = renderings(&definitions, (&declared.config, &declared.scope), &sources, &wanted);
        // Tables of overrides, which are read where a use names them.
        let tables = declared.sources.files.iter().skip(sources.files.len());
        sources.files.extend(tables.cloned());
        let known = surveyed.plan.known.iter();
        let sections = |address: &Address| kind::of_section(address.section()).map(|kind| kind.section);
        let managed = known
            .filter_map(|(address, known)| Some(ids(address, sections(address)?, known)))
            .flatten()
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
        let known = |reference: &_| answer(&self.surveyed.plan.known, reference);
        let mut bare = live.body.clone();
        mark::strip(kind, &mut bare);
        let bare = escape(&bare);
        let rendered = resource.body.value();
        let wanted = with_ignored(&rendered, &bare, &resource.directives.ignore);
        let filled = fill(kind, &wanted, &known);
        // Live still stands the id of what is no more: taken over, nothing would ever name the one that takes its place.
        if let Some((_, dead)) = Reference::in_text(&filled.to_string()).into_iter().next() {
            let target = dead.target;
            return Err(format!(
                "it refers to {target}, which is not live: write the edit into the file yourself, then apply"
            ));
        }
        let sides = align(kind, &filled, &bare);
        if let Some(at) = secret(kind, &filled, &bare) {
            let name = at.trim_start_matches('/').replace('/', ".");
            return Err(format!("`{name}` is a secret that stands live in clear: no file may hold it"));
        }
        let mut referring = sides.live.clone();
        let own = (kind.section, live.id.as_str());
        refer(kind, &mut referring, &|section, id| {
            let section = kind::of_section(section)?.section;
            self.managed.get(&(section, id)).filter(|_| (section, id) != own).cloned()
        });
        let written = definition.body.value();
        let mut part = Part {
            kind,
            written: &written,
            rendered: &rendered,
            desired: &sides.desired,
            live: &sides.live,
            referring: &referring,
            defaults: self.declared.config.defaults.get(kind.section),
            renderings: self.renderings.get(&change.address).map(Vec::as_slice).unwrap_or_default(),
            known: &known,
            keeps: false,
        };
        let taken = take(&part).map_err(|kept| kept.to_string())?;
        part.keeps = true;
        let kept = take(&part).map_err(|kept| kept.to_string())?.body;
        if diff(&sides.desired, &sides.live).is_empty() {
            return Err("what differs is its mark alone: an apply sets it".to_owned());
        }
        Ok(Followed { before: written, taken, kept })
    }

    /// Edits of the files that a definition stands in.
    pub fn edits(&self, (before, after): (&Value, &Value), origin: &Origin) -> Result<Edits, String> {
        let mut layers: Vec<Layer> =
            origin.layers.iter().filter_map(|at| self.layer(at, &Texts::new())).collect();
        route(between(before, after), &mut layers)
            .ok_or_else(|| "what was edited does not stand in its definition".to_owned())
    }

    fn layer(&self, at: &At, texts: &Texts) -> Option<Layer> {
        let Place::Node { pointer, .. } = &at.place else { return None };
        let source = self.sources.get(at.file);
        let text = texts.get(&source.path).unwrap_or(&source.text);
        let (value, _) = source::value(text, source.format, at.file);
        Some(Layer { file: at.file, base: pointer.clone(), value: value?.pointer(pointer)?.clone() })
    }

    /// The texts with what brings an edit back in them.
    pub fn edited(&self, texts: &Texts, remedy: &Remedy<'_>) -> Result<Texts, String> {
        let edits = match remedy {
            Remedy::Edits(edits) => edits,
            Remedy::Override { own, key, params } => &self
                .overriding(texts, own, (key, params))
                .ok_or("the overrides of its use are not where they can be written")?,
        };
        let mut out = texts.clone();
        let mut by_file: BTreeMap<FileId, Vec<Edit>> = BTreeMap::new();
        for (file, edit) in edits {
            by_file.entry(*file).or_default().push(edit.clone());
        }
        for (file, edits) in by_file {
            let source = self.sources.get(file);
            let text = out.get(&source.path).unwrap_or(&source.text);
            let edited =
                edit(text, source.format, &edits).map_err(|why| format!("{}: {why}", source.path))?;
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
        let short = if instance.key.is_empty() {
            short
        } else {
            short.strip_prefix(&instance.key)?.strip_prefix('/')?
        };
        let is_it = |definition: &&Definition| {
            definition.address.section() == resource.address.section() && definition.address.id() == short
        };
        Some((own, template, template.definitions.iter().find(is_it)?))
    }

    /// An override of some parameters for one instance, in the entry of its use or the table that it names.
    fn overriding(
        &self,
        texts: &Texts,
        own: &Use,
        (key, params): (&str, &Map<String, Value>),
    ) -> Option<Edits> {
        let layer = self.layer(&own.at, texts)?;
        let at = |pointer: &str| format!("{}{pointer}", layer.base);
        let entry = if key.is_empty() { "/with".to_owned() } else { format!("/overrides{}", step(key)) };
        let parent = if key.is_empty() { "" } else { "/overrides" };
        let whole = Value::Object(params.clone());
        let edits =
            match (layer.value.get("overrides"), layer.value.pointer(parent), layer.value.pointer(&entry)) {
                (Some(Value::String(path)), _, _) if !key.is_empty() => {
                    let edit = Edit::Add { at: String::new(), key: key.to_owned(), value: whole };
                    return Some(vec![(self.table(path, layer.file)?, edit)]);
                }
                (_, _, Some(Value::Object(there))) => {
                    let set = |(name, value): (&String, &Value)| {
                        let value = value.clone();
                        match there.contains_key(name) {
                            true => Edit::Replace { at: at(&format!("{entry}{}", step(name))), value },
                            false => Edit::Add { at: at(&entry), key: name.clone(), value },
                        }
                    };
                    params.iter().map(set).collect()
                }
                (_, Some(Value::Object(_)), None) => {
                    let key = if key.is_empty() { "with" } else { key };
                    vec![Edit::Add { at: at(parent), key: key.to_owned(), value: whole }]
                }
                (_, None, None) => {
                    let value = Value::Object(Map::from_iter([(key.to_owned(), whole)]));
                    vec![Edit::Add { at: at(""), key: "overrides".to_owned(), value }]
                }
                _ => return None,
            };
        Some(edits.into_iter().map(|edit| (layer.file, edit)).collect())
    }
}

impl Estate<'_> {
    /// The file that the overrides of a use are written into.
    pub fn overrides_of(&self, own: &Use) -> FileId {
        let path = own.overrides.as_ref().and_then(Value::as_str);
        path.and_then(|path| self.table(path, own.at.file)).unwrap_or(own.at.file)
    }

    /// The table of overrides that a file names by its path.
    fn table(&self, path: &str, named_in: FileId) -> Option<FileId> {
        let mut steps: Vec<&str> = self.sources.get(named_in).path.split('/').collect();
        steps.pop();
        for step in path.split('/') {
            match step {
                "" | "." => {}
                ".." => drop(steps.pop()?),
                step => steps.push(step),
            }
        }
        let path = steps.join("/");
        let place =
            self.sources.files.iter().rposition(|file| *file.path == path && file.format == Format::Csv)?;
        Some(FileId(u32::try_from(place).ok()?))
    }
}

/// The first resource, but for these, that is not what it was.
pub fn changed<'r>(
    before: &'r [Resource],
    after: &'r [Resource],
    but: &BTreeSet<Address>,
) -> Option<&'r Address> {
    let same = |a: &Resource, b: &Resource| {
        a.address == b.address
            && (but.contains(&a.address) || (a.body == b.body && a.directives == b.directives))
    };
    let differing = before.iter().zip(after).find(|(a, b)| !same(a, b)).map(|(a, _)| &a.address);
    let more = before.get(after.len()).or_else(|| after.get(before.len()));
    differing.or(more.map(|resource| &resource.address))
}
