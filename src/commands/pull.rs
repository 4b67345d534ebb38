//! `musher pull`: what was edited in the UI goes into the definitions that made it.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use serde_json::{Map, Value};

use super::Invocation;
use super::pulled::{Edits, Estate, Texts};
use super::surveyed::declare_and_survey;
use super::undo::{Rewritten, rewrite};
use crate::args::{self, Common, Exit, Format};
use crate::diagnostic::Part;
use crate::load::definitions::{ParamType, Template};
use crate::model::{Action, Address, Change, Resource, count};
use crate::pull::Given;
use crate::render::{self, Stream, patch};
use crate::source::locate::Locator;
use crate::template::BUILT_IN;

pub async fn run(invocation: &Invocation<'_>, options: &args::Pull) -> anyhow::Result<Exit> {
    invocation.format(&[Format::Text])?;
    anyhow::ensure!(invocation.common.only.is_empty(), "the addresses say themselves what is pulled: leave `--only` out");
    let common = Common { only: options.globs.clone(), ..invocation.common.clone() };
    let invocation = &Invocation { common: &common, ..*invocation };
    let (declared, service, surveyed) = declare_and_survey(invocation, false).await?;
    let drifted: Vec<&Change> = surveyed
        .plan
        .changes
        .iter()
        .filter(|change| matches!(change.action, Action::Update | Action::Replace))
        .collect();
    let estate = Estate::new(invocation, (&declared, &service, &surveyed), &drifted)?;
    let mut work = Work { estate: &estate, options, texts: Texts::new(), told: BTreeMap::new() };
    work.pull(&drifted)?;
    let Work { texts, told, .. } = work;
    let rewritten: Vec<Rewritten> = texts.iter().filter_map(|(path, text)| estate.rewritten(path, text)).collect();
    if options.dry_run {
        let patch: String = rewritten.iter().map(Rewritten::patch).collect();
        invocation.answer(|out, _| out.write_all(patch.as_bytes()))?;
    } else {
        rewrite(&declared.config.root, &rewritten)?;
    }
    tell(invocation, options, &told)
}

/// What became of a drifted resource.
enum Told {
    Pulled {
        files: Vec<String>,
        /// Further sentences.
        notes: Vec<String>,
    },
    Refused {
        why: String,
        /// What would have been written, or is to be written by hand.
        patch: String,
    },
}

/// One resource with the edits that bring it back.
struct Ready {
    address: Address,
    edits: Edits,
    notes: Vec<String>,
}

struct Work<'a> {
    estate: &'a Estate<'a>,
    options: &'a args::Pull,
    /// What has been accepted so far.
    texts: Texts,
    told: BTreeMap<Address, Told>,
}

impl Work<'_> {
    fn pull(&mut self, drifted: &[&Change]) -> anyhow::Result<()> {
        let mut ready = Vec::new();
        let mut of_templates = Vec::new();
        for change in drifted {
            let Some(resource) = self.estate.declared.resource(&change.address) else { continue };
            if resource.instance.is_some() {
                of_templates.push((*change, resource));
                continue;
            }
            match self.plain(change) {
                Ok(own) => ready.push(own),
                Err(why) => self.refuse(&change.address, why, String::new()),
            }
        }
        self.accept(ready)?;
        for (change, resource) in of_templates {
            self.of_template(change, resource, drifted)?;
        }
        Ok(())
    }

    fn refuse(&mut self, address: &Address, why: String, patch: String) {
        self.told.insert(address.clone(), Told::Refused { why, patch });
    }

    /// The edits for a resource that stands in a definition of its own.
    fn plain(&self, change: &Change) -> Result<Ready, String> {
        let definition = self.estate.plain(&change.address).ok_or("its definition is not there any more")?;
        let followed = self.estate.follow(change, definition)?;
        let edits = self.estate.edits(&followed, &definition.origin)?;
        let notes = followed.taken.given.iter().map(note).collect();
        Ok(Ready { address: change.address.clone(), edits, notes })
    }

    /// Takes all of them at once or, where that can't be proved, each half by itself.
    fn accept(&mut self, ready: Vec<Ready>) -> anyhow::Result<()> {
        let mut texts = self.texts.clone();
        let mut fitting = Vec::new();
        for own in ready {
            match self.estate.edited(&texts, &own.edits) {
                Ok(edited) => {
                    texts = edited;
                    fitting.push(own);
                }
                Err(why) => self.refuse(&own.address, why, String::new()),
            }
        }
        if fitting.is_empty() {
            return Ok(());
        }
        let addresses = fitting.iter().map(|own| own.address.clone()).chain(self.accepted()).collect();
        match self.estate.prove(&texts, &addresses)? {
            Ok(()) => {
                self.texts = texts;
                fitting.into_iter().for_each(|own| self.pulled(own));
            }
            Err(why) => match fitting.pop() {
                Some(own) if fitting.is_empty() => {
                    let patch = self.estate.patch(&self.texts, &texts);
                    self.refuse(&own.address, why, patch);
                }
                last => {
                    fitting.extend(last);
                    let half = fitting.split_off(fitting.len() / 2);
                    self.accept(fitting)?;
                    self.accept(half)?;
                }
            },
        }
        Ok(())
    }

    /// Those whose edits are in the texts.
    fn accepted(&self) -> impl Iterator<Item = Address> {
        let pulled = self.told.iter().filter(|(_, told)| matches!(told, Told::Pulled { .. }));
        pulled.map(|(address, _)| address.clone())
    }

    fn pulled(&mut self, own: Ready) {
        let files = own.edits.iter().map(|(file, _)| self.estate.sources.get(*file).path.to_string());
        let files: BTreeSet<String> = files.collect();
        self.told.insert(own.address, Told::Pulled { files: files.into_iter().collect(), notes: own.notes });
    }

    /// A resource of a template: says what made the value and, where that is a parameter, overrides it.
    fn of_template(&mut self, change: &Change, resource: &Resource, drifted: &[&Change]) -> anyhow::Result<()> {
        let address = &change.address;
        let Some((own, template, definition)) = self.estate.made_by(resource) else {
            self.refuse(address, "its template is not there any more".to_owned(), String::new());
            return Ok(());
        };
        let followed = match self.estate.follow(change, definition) {
            Ok(followed) => followed,
            Err(why) => {
                self.refuse(address, why, String::new());
                return Ok(());
            }
        };
        let key = resource.instance.as_ref().map(|instance| instance.key.as_str()).unwrap_or_default();
        let params = params(template, &followed.taken.given);
        let edits = if params.is_empty() { None } else { self.estate.overriding(own, key, &params) };
        if let Some(edits) = edits {
            return self.overridden(address, (&own.name, key), &params, edits);
        }
        let place = Locator::new(&self.estate.sources).locate_in(&definition.origin, &first_path(change));
        let place = Locator::new(&self.estate.sources).locate(&place.part(Part::Value)).position();
        let patch = match self.estate.edits(&followed, &definition.origin) {
            Ok(edits) => match self.estate.edited(&self.texts, &edits) {
                Ok(texts) => self.estate.patch(&self.texts, &texts),
                Err(_) => String::new(),
            },
            Err(_) => String::new(),
        };
        let (same, all) = self.alike(&followed.taken.body, (change, resource), drifted);
        let name = &template.name;
        let whole = all > 1 && same == all;
        let why = if params.is_empty() {
            let line = format!("the template `{name}` makes it, for {} instances ({place})", count(all));
            let built_in = BUILT_IN.iter().any(|(own, _)| own == name) && !self.estate.sources.holds(&format!("templates/{name}.yaml"));
            match (whole, built_in) {
                (true, false) => format!("{line}; all of them were edited alike: change the template"),
                (false, false) => format!("{line}; give it a parameter, or leave the field to the UI with `$ignore`"),
                (_, true) => format!("{line}, and comes with musher: copy it to templates/{name}.yaml to change it"),
            }
        } else {
            format!("{} made it: write {} for `{key}` into the file of overrides", named(&params), said(&params))
        };
        self.refuse(address, why, if params.is_empty() { patch } else { String::new() });
        Ok(())
    }

    /// Proves that an override of parameters brings the edit back; it is written where that was asked for.
    fn overridden(
        &mut self,
        address: &Address,
        (own, key): (&str, &str),
        params: &Map<String, Value>,
        edits: Edits,
    ) -> anyhow::Result<()> {
        let made = format!("{} of the use `{own}` made it", named(params));
        if self.options.write_overrides {
            let notes = vec![format!("{made}; overridden for `{key}`: {}", said(params))];
            return self.accept(vec![Ready { address: address.clone(), edits, notes }]);
        }
        let texts = match self.estate.edited(&self.texts, &edits) {
            Ok(texts) => texts,
            Err(why) => {
                self.refuse(address, format!("{made}; {why}"), String::new());
                return Ok(());
            }
        };
        let patch = self.estate.patch(&self.texts, &texts);
        let why = match self.estate.prove(&texts, &self.accepted().chain([address.clone()]).collect())? {
            Ok(()) => format!("{made}: --write-overrides writes {} for `{key}`", said(params)),
            Err(why) => format!("{made}, and an override is not all of it: {why}"),
        };
        self.refuse(address, why, patch);
        Ok(())
    }

    /// How many instances of a template's entry were edited like this one, and how many there are.
    fn alike(&self, body: &Value, (change, resource): (&Change, &Resource), drifted: &[&Change]) -> (usize, usize) {
        let origin = |other: &Resource| other.origin.layers.first() == resource.origin.layers.first();
        let all = self.estate.declared.resources.iter().filter(|other| origin(other)).count();
        let same = drifted.iter().filter(|other| {
            let Some(own) = self.estate.declared.resource(&other.address).filter(|own| origin(own)) else {
                return false;
            };
            let made = self.estate.made_by(own);
            let followed = made.and_then(|(_, _, definition)| self.estate.follow(other, definition).ok());
            other.address == change.address || followed.is_some_and(|followed| followed.taken.body == *body)
        });
        (same.count(), all)
    }
}

impl Estate<'_> {
    fn rewritten(&self, path: &str, text: &str) -> Option<Rewritten> {
        let source = self.sources.files.iter().find(|file| &*file.path == path)?;
        let rewritten =
            Rewritten { path: Utf8PathBuf::from(path), before: source.text.to_string(), after: text.to_owned() };
        (rewritten.before != rewritten.after).then_some(rewritten)
    }

    /// What turns some texts into others.
    fn patch(&self, before: &Texts, after: &Texts) -> String {
        let mut out = String::new();
        for (path, text) in after {
            let source = self.sources.files.iter().find(|file| file.path == *path);
            let old = before.get(path).or(source.map(|source| &source.text));
            out.push_str(&patch::unified(path, old.map_or("", |old| &**old), text));
        }
        out
    }
}

impl Rewritten {
    fn patch(&self) -> String {
        patch::unified(self.path.as_str(), &self.before, &self.after)
    }
}

fn note(given: &Given) -> String {
    let Given { pointer, expression, .. } = given;
    format!("`{expression}` at {pointer} gave way to what stands live, for every environment")
}

fn first_path(change: &Change) -> String {
    change.diff.first().map(|field| field.path.clone()).unwrap_or_default()
}

/// The parameters that made what was edited, with the values that make what is live; none where one of the expressions
/// is something else.
fn params(template: &Template, given: &[Given]) -> Map<String, Value> {
    let mut out = Map::new();
    for Given { expression, now, .. } in given {
        let name = expression.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or_default().trim();
        let (Some(param), Some(now)) = (template.params.get(name), now) else { return Map::new() };
        let is_text = matches!(param.ty, Some(ParamType::String))
            || (param.ty.is_none() && param.default.as_ref().is_some_and(Value::is_string));
        let read = now.as_str().filter(|_| !is_text).and_then(|text| serde_json::from_str(text).ok());
        let now = read.filter(Value::is_number).unwrap_or_else(|| now.clone());
        if out.insert(name.to_owned(), now.clone()).is_some_and(|other| !crate::diff::same(&other, &now)) {
            return Map::new();
        }
    }
    out
}

/// `the parameter `a``, or `the parameters `a`, `b``.
fn named(params: &Map<String, Value>) -> String {
    let names: Vec<String> = params.keys().map(|name| format!("`{name}`")).collect();
    format!("the parameter{} {}", if names.len() == 1 { "" } else { "s" }, names.join(", "))
}

fn said(params: &Map<String, Value>) -> String {
    let values: Vec<String> = params.iter().map(|(name, value)| format!("`{name}: {value}`")).collect();
    values.join(", ")
}

/// Names every resource that was edited, and what became of the edit.
fn tell(
    invocation: &Invocation<'_>,
    options: &args::Pull,
    told: &BTreeMap<Address, Told>,
) -> anyhow::Result<Exit> {
    let width = told.keys().map(|address| address.as_str().len()).max().unwrap_or_default();
    let mut lines = String::new();
    for (address, told) in told {
        match told {
            Told::Pulled { files, notes } => {
                let done = if options.dry_run { "would be pulled into" } else { "pulled into" };
                lines.push_str(&format!("{address:width$}  {done} {}\n", files.join(", ")));
                notes.iter().for_each(|note| lines.push_str(&format!("{:width$}  {note}\n", "")));
            }
            Told::Refused { why, patch } => {
                lines.push_str(&format!("{address:width$}  refused: {why}\n"));
                patch.lines().for_each(|line| lines.push_str(&format!("    {line}\n")));
            }
        }
    }
    if told.is_empty() {
        lines.push_str("Nothing that is managed was edited in the UI.\n");
    }
    let stream = if options.dry_run { Stream::Err } else { Stream::Out };
    let text = render::sanitize::clean_lines(&lines).into_owned();
    let refused = told.values().any(|told| matches!(told, Told::Refused { .. }));
    if !(options.dry_run && invocation.common.quiet && !refused) {
        render::print(stream, invocation.common.colors(), |out, _| out.write_all(text.as_bytes()))?;
    }
    Ok(if refused { Exit::Incomplete } else { Exit::Fine })
}
