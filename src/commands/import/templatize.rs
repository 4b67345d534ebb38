//! `musher import … --templatize`: what differs in names, scopes and numbers only becomes a template and a list.
//!
//! Nothing is guessed: both forms are read as a project would, and where one resource comes out otherwise, what it belongs
//! to stays as it is.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, anyhow, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value, json};

use super::super::Invocation;
use super::super::asked::{can_ask, says_yes};
use super::super::declared::{Checked, Declared};
use super::files::{apart, grouped};
use super::object::Import;
use super::said::counted;
use super::settle::{File, judged, settle};
use crate::args::{self, Format};
use crate::diagnostic::has_errors;
use crate::diff::same;
use crate::files;
use crate::kind::KINDS;
use crate::model::{Address, Attribute, Reference, Resource, count};
use crate::pointer::leaves_mut;
use crate::render::sanitize::clean;
use crate::series::{Item, LEAST, Proposal, Spot, Words, propose, rename, sorted};
use crate::template::BUILT_IN;
use crate::write::yaml;

/// Folders below the project's.
const TEMPLATES: &str = "templates";
const LISTS: &str = "inventory";
/// Behind the name of the list that they are exceptions to.
const EXCEPTIONS: &str = "-overrides";
/// So many parameters are shown.
const MOST: usize = 12;

/// Writes the imports as templates and lists, as far as they are series, and the others as `plain` would have all of
/// them. The files that are written; none where somebody says no.
pub async fn templatized(
    invocation: &Invocation<'_>,
    options: &args::Import,
    declared: &Declared,
    imports: &[Import],
    (plain, judged): (&[File], Checked),
) -> anyhow::Result<Vec<File>> {
    let before = resources(judged).ok_or_else(|| anyhow!("the import can't be read again"))?;
    let found = found(invocation, declared, imports, (plain, &before))?;
    if found.drafts.is_empty() {
        invocation.say(&format!(
            "No template: no {LEAST} or more of these differ in names, scopes and numbers only."
        ))?;
        settle(invocation, plain)?;
        return Ok(found.files);
    }
    let mut text: String = found.drafts.iter().map(Draft::told).collect();
    let saved: usize = found.drafts.iter().map(|draft| draft.before - draft.lines()).sum();
    let before: usize = imports.iter().map(lines).sum();
    text.push_str(&format!(
        "{} of YAML and CSV in place of {} of YAML; each renders to the body that is live.",
        counted(before - saved, "line"),
        count(before)
    ));
    invocation.say(&text)?;
    if !options.yes {
        if !can_ask() {
            bail!("nobody can be asked here whether this is wanted: run it with --yes; nothing was written");
        }
        if !says_yes(invocation, "Only \"yes\" writes these files: ").await? {
            invocation.say("Nothing was written. Without --templatize each is imported by itself.")?;
            return Ok(Vec::new());
        }
    }
    settle(invocation, &found.files)?;
    Ok(found.files)
}

/// What is proposed, and all files with it.
pub struct Found {
    pub drafts: Vec<Draft>,
    pub files: Vec<File>,
}

/// A proposal with its files.
pub struct Draft {
    pub proposal: Proposal,
    definitions: Utf8PathBuf,
    files: Vec<(Utf8PathBuf, String)>,
    /// How many lines its members have by themselves.
    before: usize,
}

impl Draft {
    fn lines(&self) -> usize {
        self.files.iter().map(|(_, text)| text.lines().count()).sum()
    }

    fn told(&self) -> String {
        let Proposal { name, list, parameters, members, .. } = &self.proposal;
        let paths: Vec<_> = self.files.iter().map(|(path, _)| clean(path.as_str())).collect();
        let mut text = format!(
            "{}: {} of {} become one template\n  {}: {} in place of {}\n",
            clean(name),
            counted(members.len(), "resource"),
            counted(list.len().saturating_sub(1), "instance"),
            paths.join(", "),
            counted(self.lines(), "line"),
            count(self.before),
        );
        let shown = parameters.iter().take(MOST).map(|parameter| match &parameter.usual {
            Some((usual, others)) => {
                format!("{} ({}, {} otherwise)", parameter.name, clean(usual), count(*others))
            }
            None => parameter.name.clone(),
        });
        text.push_str(&format!("  parameters: {}", shown.collect::<Vec<_>>().join(", ")));
        if let Some(more) = parameters.len().checked_sub(MOST).filter(|more| *more > 0) {
            text.push_str(&format!(" and {} more", count(more)));
        }
        text.push('\n');
        text
    }
}

pub fn found(
    invocation: &Invocation<'_>,
    declared: &Declared,
    imports: &[Import],
    (plain, before): (&[File], &BTreeMap<Address, Resource>),
) -> anyhow::Result<Found> {
    let mut dropped: BTreeSet<String> = BTreeSet::new();
    loop {
        let drafts = drafts(declared, imports, &dropped)?;
        if drafts.is_empty() {
            return Ok(Found { drafts, files: plain.to_vec() });
        }
        let files = files_of(invocation, declared, imports, &drafts)?;
        let after = resources(judged(invocation, &files)?);
        let wrong = match &after {
            Some(after) => wrong(&drafts, imports, before, after),
            // What is wrong with which can't be told.
            None => drafts.iter().map(|draft| draft.proposal.name.clone()).collect(),
        };
        if wrong.is_empty() {
            return Ok(Found { drafts, files });
        }
        dropped.extend(wrong);
    }
}

/// The resources of a project; none where it would be wrong.
pub fn resources(judged: Checked) -> Option<BTreeMap<Address, Resource>> {
    let declared = judged.declared.filter(|_| !has_errors(&judged.diagnostics))?;
    Some(declared.resources.into_iter().map(|resource| (resource.address.clone(), resource)).collect())
}

/// The names of those of which a resource does not come out as it is by itself.
fn wrong(
    drafts: &[Draft],
    imports: &[Import],
    before: &BTreeMap<Address, Resource>,
    after: &BTreeMap<Address, Resource>,
) -> BTreeSet<String> {
    let members =
        || drafts.iter().flat_map(|draft| draft.proposal.members.iter().map(move |own| (draft, own)));
    let new: BTreeMap<Address, &Address> =
        members().map(|(_, (number, to))| (imports[*number].address(), to)).collect();
    let mut wrong = BTreeSet::new();
    for (draft, (number, to)) in members() {
        let import = &imports[*number];
        let is_same = before.get(&import.address()).zip(after.get(to)).is_some_and(|(old, own)| {
            let moved = |reference: Reference| {
                let target = new.get(&reference.target).map_or(&reference.target, |to| *to).clone();
                Reference { target, attribute: reference.attribute }
            };
            let was = filled(old.body.value(), before, &moved);
            let is = filled(own.body.value(), after, &|reference| reference);
            let alike = same(&sorted(import.kind, &was), &sorted(import.kind, &is));
            alike
                && old.directives.adopt == own.directives.adopt
                && old.directives.protect == own.directives.protect
        });
        if !is_same {
            wrong.insert(draft.proposal.name.clone());
        }
    }
    wrong
}

/// A body with the ids of what is adopted in the place of references, and other references as `moved` has them.
fn filled(
    mut body: Value,
    resources: &BTreeMap<Address, Resource>,
    moved: &dyn Fn(Reference) -> Reference,
) -> Value {
    let id = |reference: &Reference| {
        let target = resources.get(&reference.target).filter(|_| reference.attribute == Attribute::Id)?;
        target.directives.adopt.clone()
    };
    leaves_mut(&mut body, &mut |_, leaf| {
        if let Value::String(text) = leaf
            && text.contains(Reference::OPEN)
        {
            *text = Reference::fill(text, &|reference| {
                Some(id(reference).unwrap_or_else(|| moved(reference.clone()).marker()))
            });
        }
    });
    body
}

/// Proposals that save lines, with the texts of their files.
fn drafts(declared: &Declared, imports: &[Import], dropped: &BTreeSet<String>) -> anyhow::Result<Vec<Draft>> {
    let (mut numbers, mut items) = (Vec::new(), Vec::new());
    for (number, import) in imports.iter().enumerate().filter(|(_, import)| !import.kind.is_order()) {
        let is_ours = import.live.as_ref().is_some_and(|live| live.mark.is_some());
        let spot = if is_ours { Spot::of(&import.id) } else { None };
        if is_ours && spot.is_none() {
            continue;
        }
        numbers.push(number);
        items.push(Item { kind: import.kind, id: import.id.clone(), body: import.body.clone(), spot });
    }
    let mut used: BTreeSet<&str> = BTreeSet::new();
    used.extend(declared.written.iter().map(Address::id));
    used.extend(declared.resources.iter().map(|resource| resource.address.id()));
    let used: BTreeSet<&str> = used.into_iter().filter_map(|id| id.split('/').next()).collect();
    let is_taken = |name: &str| {
        used.contains(name) || dropped.contains(name) || imports.iter().any(|own| own.id == name)
    };
    let sections: BTreeSet<&str> = KINDS.iter().map(|kind| kind.section).collect();
    let is_word = |word: &str| sections.contains(word) || declared.scope.vars.contains_key(word);
    let mut found = Vec::new();
    let mut stems = BTreeSet::new();
    let environment = declared.scope.environment.as_deref();
    let words = Words { is_taken: &is_taken, is_word: &is_word, environment };
    for mut proposal in propose(&items, &words) {
        let is_open = !dropped.contains(&proposal.name) && !used.contains(&*proposal.name);
        if !is_open {
            continue;
        }
        proposal.members.iter_mut().for_each(|(number, _)| *number = numbers[*number]);
        let draft = drawn(declared, imports, proposal, &mut stems)?;
        found.extend(draft.filter(|draft| draft.lines() < draft.before));
    }
    Ok(found)
}

/// The files of a proposal. None where a text can't be said in YAML.
fn drawn(
    declared: &Declared,
    imports: &[Import],
    proposal: Proposal,
    stems: &mut BTreeSet<String>,
) -> anyhow::Result<Option<Draft>> {
    let definitions = &declared.config.definitions;
    let places = |stem: &str| {
        let yaml = format!("{stem}.yaml");
        [
            Utf8Path::new(TEMPLATES).join(&yaml),
            Utf8Path::new(LISTS).join(format!("{stem}.csv")),
            definitions.join(yaml),
            Utf8Path::new(LISTS).join(format!("{stem}{EXCEPTIONS}.csv")),
        ]
    };
    let mut whole = Map::from_iter([(
        "description".to_owned(),
        json!(format!(
            "Found among {} of {} that were alike",
            counted(proposal.members.len(), "resource"),
            counted(proposal.list.len().saturating_sub(1), "instance"),
        )),
    )]);
    whole.extend(proposal.template.as_object().cloned().unwrap_or_default());
    let Some(made) = yaml::document(&Value::Object(whole)) else { return Ok(None) };
    let (table, others) = (csv(&proposal.list)?, csv(&proposal.exceptions)?);
    let is_free = |stem: &str| {
        let is_there = |path: &Utf8Path| std::fs::symlink_metadata(declared.config.root.join(path)).is_ok();
        let of_import = imports.iter().any(|import| import.file == stem || import.id == stem);
        // The same text was left by a run that was killed before its definitions were written.
        let is_open = |path: &Utf8Path, text: &str| !is_there(path) || stands(declared, path, text);
        !BUILT_IN.iter().any(|(name, _)| *name == stem)
            && !stems.contains(stem)
            && !of_import
            && is_open(&places(stem)[0], &made)
            && is_open(&places(stem)[1], &table)
            && is_open(&places(stem)[3], &others)
            && !is_there(&places(stem)[2])
    };
    let stem = crate::write::name::free(&proposal.name, &|stem| !is_free(stem));
    let [template, list, own, exceptions] = places(&stem);
    stems.insert(stem.clone());
    let up = "../".repeat(definitions.components().filter(|step| step.as_str() != ".").count());
    let mut entry = Map::from_iter([
        ("template".to_owned(), json!(stem)),
        ("for_each".to_owned(), json!(format!("{up}{list}"))),
    ]);
    entry.extend(proposal.entry.clone());
    if !proposal.exceptions.is_empty() {
        entry.insert("overrides".to_owned(), json!(format!("{up}{exceptions}")));
    }
    let uses = json!({"uses": {proposal.name.as_str(): entry}});
    let Some(used) = yaml::document(&uses) else { return Ok(None) };
    let before = proposal.members.iter().map(|(number, _)| lines(&imports[*number])).sum();
    let mut files = vec![(template, made), (list, table), (own.clone(), used)];
    if !proposal.exceptions.is_empty() {
        files.push((exceptions, others));
    }
    Ok(Some(Draft { proposal, definitions: own, files, before }))
}

/// How many lines of YAML an import has by itself.
fn lines(import: &Import) -> usize {
    yaml::entry(&import.id, &import.body).map_or(0, |text| text.lines().count())
}

/// Whether a plain file of the project says just this.
fn stands(declared: &Declared, path: &Utf8Path, text: &str) -> bool {
    let path = declared.config.root.join(path);
    let is_plain = std::fs::symlink_metadata(&path).is_ok_and(|about| about.is_file());
    is_plain && std::fs::read(path).is_ok_and(|own| own == text.as_bytes())
}

fn csv(rows: &[Vec<String>]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    let bytes = writer.into_inner().map_err(|error| anyhow!("the list can't be written: {error}"))?;
    String::from_utf8(bytes).context("the list is no text")
}

/// All files: those of the drafts, and those of what stays by itself.
fn files_of(
    invocation: &Invocation<'_>,
    declared: &Declared,
    imports: &[Import],
    drafts: &[Draft],
) -> anyhow::Result<Vec<File>> {
    let members = || drafts.iter().flat_map(|draft| &draft.proposal.members);
    let taken: BTreeSet<usize> = members().map(|(number, _)| *number).collect();
    let new: BTreeMap<Address, Address> =
        members().map(|(number, to)| (imports[*number].address(), to.clone())).collect();
    let mut rest: Vec<Import> = Vec::new();
    for (_, import) in imports.iter().enumerate().filter(|(number, _)| !taken.contains(number)) {
        let mut import = import.clone();
        rename(&mut import.body, &new);
        rest.push(import);
    }
    let (alone, shared): (Vec<Import>, Vec<Import>) =
        rest.into_iter().partition(|import| import.file.is_empty());
    let mut found = apart(invocation, declared, &alone, invocation.common.format.unwrap_or(Format::Json))?;
    found.extend(grouped(invocation, declared, &shared)?);
    for draft in drafts {
        for (shown, text) in &draft.files {
            let path = files::inside(&declared.config.root, shown).map_err(|why| anyhow!("{shown} {why}"))?;
            let is_use = *shown == draft.definitions;
            let addresses = draft.proposal.members.iter().map(|(_, to)| to.clone());
            let holds = if is_use { addresses.collect() } else { Vec::new() };
            let before = stands(declared, shown, text).then(|| text.clone().into_bytes());
            found.push(File { path, shown: shown.clone(), before, text: text.clone(), holds });
        }
    }
    Ok(found)
}
