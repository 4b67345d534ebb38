//! What was edited in the UI -> the texts of the files with it, and what became of each edit.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use serde_json::{Map, Value};

use super::Invocation;
use super::declared::Declared;
use super::pulled::{Estate, Followed, Remedy, Texts};
use super::service::Service;
use super::surveyed::{Surveyed, declare_and_survey};
use super::undo::Rewritten;
use crate::args;
use crate::diagnostic::{Part, Position};
use crate::edit::step::between;
use crate::load::definitions::{Definition, ParamType, Template, Use};
use crate::model::{Action, Address, Change, Resource, count};
use crate::pull::Given;
use crate::render::patch;
use crate::source::locate::Locator;
use crate::template::BUILT_IN;

/// Overrides that are shown as patches where nobody asked for them; `--write-overrides --dry-run` shows all.
const OFFERED: usize = 3;

/// A project with the edits in it, nothing written yet.
pub struct Brought {
    /// The project's folder.
    pub root: Utf8PathBuf,
    pub rewritten: Vec<Rewritten>,
    /// Files that the project was read from.
    pub read: BTreeSet<String>,
    pub told: BTreeMap<Address, Told>,
}

/// Follows every edit of what the invocation selects.
pub async fn bring(invocation: &Invocation<'_>, options: &args::Pull) -> anyhow::Result<Brought> {
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
    work.told.extend(gone(&declared, &service, &surveyed));
    let Work { texts, told, .. } = work;
    let rewritten = texts.iter().filter_map(|(path, text)| estate.rewritten(path, text)).collect();
    let read = declared.sources.files.iter().map(|file| file.path.to_string()).collect();
    Ok(Brought { root: declared.config.root.clone(), rewritten, read, told })
}

/// What was seen live, or is named by `$id`, and is there no more.
fn gone(declared: &Declared, service: &Service, surveyed: &Surveyed) -> Vec<(Address, Told)> {
    let mut found = Vec::new();
    for change in surveyed.plan.changes.iter().filter(|change| change.action == Action::Create) {
        let Some(resource) = declared.resource(&change.address) else { continue };
        let (section, id) = (change.address.section(), change.address.id());
        let was_there = resource.directives.adopt.is_some() || service.client.was_seen(section, id);
        let told = match was_there {
            true => Told::Gone { place: resource.origin.position.clone() },
            false => Told::Absent,
        };
        found.push((change.address.clone(), told));
    }
    found
}

/// What became of a drifted resource.
pub enum Told {
    /// It was deleted in the UI.
    Gone {
        /// Where it is declared.
        place: Position,
    },
    /// It is not live, and nothing tells whether it ever was.
    Absent,
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
struct Ready<'a> {
    address: Address,
    remedy: Remedy<'a>,
    notes: Vec<String>,
}

/// A resource that a template makes, as its entry would render to what is live.
struct Made<'a> {
    change: &'a Change,
    resource: &'a Resource,
    own: &'a Use,
    template: &'a Template,
    definition: &'a Definition,
    followed: Followed,
}

struct Work<'a> {
    estate: &'a Estate<'a>,
    options: &'a args::Pull,
    /// What has been accepted so far.
    texts: Texts,
    told: BTreeMap<Address, Told>,
}

impl<'a> Work<'a> {
    fn pull(&mut self, drifted: &[&'a Change]) -> anyhow::Result<()> {
        let (mut ready, mut made) = (Vec::new(), Vec::new());
        for change in drifted {
            let Some(resource) = self.estate.declared.resource(&change.address) else { continue };
            let found = match resource.instance.is_some() {
                true => self.made(change, resource).map(|own| made.push(own)),
                false => self.plain(change).map(|own| ready.push(own)),
            };
            if let Err(why) = found {
                self.refuse(&change.address, why, String::new());
            }
        }
        self.accept(ready)?;
        self.of_templates(&made)
    }

    fn refuse(&mut self, address: &Address, why: String, patch: String) {
        self.told.insert(address.clone(), Told::Refused { why, patch });
    }

    /// The edits for a resource that stands in a definition of its own.
    fn plain(&self, change: &Change) -> Result<Ready<'a>, String> {
        let definition = self.estate.plain(&change.address).ok_or("its definition is not there any more")?;
        let followed = self.estate.follow(change, definition)?;
        let edits = self.estate.edits((&followed.before, &followed.taken.body), &definition.origin)?;
        let notes = followed.taken.given.iter().map(note).collect();
        Ok(Ready { address: change.address.clone(), remedy: Remedy::Edits(edits), notes })
    }

    fn made(&self, change: &'a Change, resource: &'a Resource) -> Result<Made<'a>, String> {
        let (own, template, definition) =
            self.estate.made_by(resource).ok_or("its template is not there any more")?;
        let followed = self.estate.follow(change, definition)?;
        Ok(Made { change, resource, own, template, definition, followed })
    }

    /// Takes all of them at once or, where that can't be proved, each half by itself.
    fn accept(&mut self, ready: Vec<Ready<'_>>) -> anyhow::Result<()> {
        let mut texts = self.texts.clone();
        let mut fitting = Vec::new();
        for own in ready {
            match self.estate.edited(&texts, &own.remedy) {
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

    fn pulled(&mut self, own: Ready<'_>) {
        let files = match &own.remedy {
            Remedy::Edits(edits) => edits.iter().map(|(file, _)| *file).collect(),
            Remedy::Override { own, .. } => vec![self.estate.overrides_of(own)],
        };
        let files: BTreeSet<String> =
            files.into_iter().map(|file| self.estate.sources.get(file).path.to_string()).collect();
        self.told.insert(own.address, Told::Pulled { files: files.into_iter().collect(), notes: own.notes });
    }

    /// Says what made the values and, where that are parameters, overrides them if that was asked for.
    fn of_templates(&mut self, made: &[Made<'_>]) -> anyhow::Result<()> {
        let mut ready = Vec::new();
        for one in made {
            let Made { change, resource, own, template, .. } = one;
            let key = resource.instance.as_ref().map(|instance| instance.key.as_str()).unwrap_or_default();
            let params = params(template, &one.followed.taken.given);
            let rest = between(&one.followed.before, &one.followed.kept);
            if params.is_empty() || !rest.is_empty() {
                let (why, patch) = self.by_hand(one, made, (key, &params));
                self.refuse(&change.address, why, patch);
                continue;
            }
            let note = self.note(one, made, (key, &params));
            let remedy = Remedy::Override { own, key, params };
            ready.push(Ready { address: change.address.clone(), remedy, notes: vec![note] });
        }
        if self.options.write_overrides { self.accept(ready) } else { self.offer(ready) }
    }

    /// Which parameters made the values of an instance, and what brings the edit back.
    fn note(&self, one: &Made<'_>, made: &[Made<'_>], (key, params): (&str, &Map<String, Value>)) -> String {
        let said = format!("{} of the use `{}` made it", named(params), one.own.name);
        let values = said_values(params);
        let place = if key.is_empty() { "its `with`".to_owned() } else { format!("`{key}`") };
        match (self.options.write_overrides, self.whole(one, made)) {
            (true, _) => format!("{said}; overridden for {place}: {values}"),
            (false, None) => format!("{said}: --write-overrides writes {values} for {place}"),
            (false, Some(all)) => format!(
                "{said}: --write-overrides writes {values} for {place}; all {} were edited alike, so that another \
                 default in the template would do",
                count(all)
            ),
        }
    }

    /// Proves overrides that nobody asked for, to say what would write them.
    fn offer(&mut self, ready: Vec<Ready<'_>>) -> anyhow::Result<()> {
        let before = self.texts.clone();
        let mut offers = BTreeMap::new();
        for (number, own) in ready.iter().enumerate() {
            let texts = (number < OFFERED).then(|| self.estate.edited(&before, &own.remedy).ok()).flatten();
            let patch = texts.map(|texts| self.estate.patch(&before, &texts)).unwrap_or_default();
            offers.insert(own.address.clone(), (own.notes.join("; "), patch));
        }
        self.accept(ready)?;
        self.texts = before;
        for (address, (why, patch)) in offers {
            if let Some(Told::Pulled { .. }) = self.told.get(&address) {
                self.refuse(&address, why, patch);
            }
        }
        Ok(())
    }

    /// What a person has to change of a template, and where; beside the parameters that made a part of the edit.
    fn by_hand(
        &self,
        one: &Made<'_>,
        made: &[Made<'_>],
        (key, params): (&str, &Map<String, Value>),
    ) -> (String, String) {
        let Followed { before, taken, kept } = &one.followed;
        let after = if params.is_empty() { &taken.body } else { kept };
        let first = between(before, after).first().map(|edit| edit.pointer().to_owned()).unwrap_or_default();
        let mut locator = Locator::new(&self.estate.sources);
        let place = locator.locate_in(&one.definition.origin, &first);
        let place = locator.locate(&place.part(Part::Value)).position();
        let mut edited = self.estate.edits((before, after), &one.definition.origin).map(Remedy::Edits);
        let mut texts = self.texts.clone();
        if !params.is_empty() && self.whole(one, made).is_none() {
            let own = Remedy::Override { own: one.own, key, params: params.clone() };
            texts = self.estate.edited(&texts, &own).unwrap_or(texts);
        }
        if let Ok(edits) = &mut edited {
            texts = self.estate.edited(&texts, edits).unwrap_or(texts);
        }
        let why = self.named_line(one, made, &place.to_string());
        let part = match params.is_empty() {
            true => String::new(),
            false => format!(
                "{} of the use `{}` made a part of it: {}. For the rest, ",
                named(params),
                one.own.name,
                said_values(params)
            ),
        };
        (format!("{part}{why}"), self.estate.patch(&self.texts, &texts))
    }

    /// The line of a template that made what was edited, and what can be done about it.
    fn named_line(&self, one: &Made<'_>, made: &[Made<'_>], place: &str) -> String {
        let name = &one.template.name;
        let all = self.instances(one);
        let line = match all {
            1 => format!("the template `{name}` makes it ({place})"),
            all => format!("the template `{name}` makes it, for {} instances ({place})", count(all)),
        };
        let own_file = self.estate.sources.holds(&format!("templates/{name}.yaml"));
        if BUILT_IN.iter().any(|(own, _)| own == name) && !own_file {
            format!("{line}, and comes with musher: copy it to templates/{name}.yaml to change it")
        } else if all == 1 {
            format!("{line}: change the template")
        } else if self.whole(one, made).is_some() {
            format!("{line}; all of them were edited alike: change the template")
        } else {
            format!("{line}; give it a parameter, or leave the field to the UI with `$ignore`")
        }
    }

    /// How many resources the entry of a template makes.
    fn instances(&self, one: &Made<'_>) -> usize {
        let origin = one.resource.origin.layers.first();
        self.estate.declared.resources.iter().filter(|other| other.origin.layers.first() == origin).count()
    }

    /// How many they are, where several were all edited alike.
    fn whole(&self, one: &Made<'_>, made: &[Made<'_>]) -> Option<usize> {
        let alike = |other: &&Made<'_>| {
            other.resource.origin.layers.first() == one.resource.origin.layers.first()
                && other.followed.taken.body == one.followed.taken.body
        };
        let all = self.instances(one);
        (all > 1 && made.iter().filter(alike).count() == all).then_some(all)
    }
}

impl Estate<'_> {
    fn rewritten(&self, path: &str, text: &str) -> Option<Rewritten> {
        let source = self.sources.files.iter().find(|file| &*file.path == path)?;
        let rewritten = Rewritten {
            path: Utf8PathBuf::from(path),
            before: source.text.to_string(),
            after: text.to_owned(),
        };
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
    pub fn patch(&self) -> String {
        patch::unified(self.path.as_str(), &self.before, &self.after)
    }
}

fn note(given: &Given) -> String {
    let Given { pointer, expression, .. } = given;
    format!("`{expression}` at {pointer} gave way to what stands live, for every environment")
}

/// The parameters that made what was edited, with the values that make what is live; none where one of the expressions
/// is something else.
fn params(template: &Template, given: &[Given]) -> Map<String, Value> {
    let mut out = Map::new();
    for Given { expression, now, .. } in given {
        let name =
            expression.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or_default().trim();
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

fn said_values(params: &Map<String, Value>) -> String {
    let values: Vec<String> = params.iter().map(|(name, value)| format!("`{name}: {value}`")).collect();
    values.join(", ")
}

#[cfg(test)]
#[path = "tests/bring.rs"]
mod tests;
