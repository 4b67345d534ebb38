//! A live object, or an exported one, becomes a definition.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use serde_json::{Map, Value};

use super::super::Invocation;
use super::super::declared::Declared;
use super::super::export::adopted;
use super::super::service::Service;
use crate::fill;
use crate::kind::{Kind, of_section};
use crate::load;
use crate::mark;
use crate::matching::key_of;
use crate::model::{self, Address, Attribute, Live, Reference, Secret};
use crate::write::{escape, refer, secret, tidy};

/// An object on its way into the project.
#[derive(Clone)]
pub struct Import {
    pub kind: &'static Kind,
    /// What was typed.
    pub named: String,
    /// Without marks and server-filled fields.
    pub body: Value,
    /// Where it lives.
    pub live: Option<Live>,
    /// Empty until it is found.
    pub id: String,
    /// The file that it shares with others, below the folder of the definitions, without an extension; empty: one of its own.
    pub file: String,
}

impl Import {
    pub fn address(&self) -> Address {
        Address::new(self.kind.section, &self.id)
    }
}

pub fn not_for_people(text: &str) -> String {
    format!(
        "`{text}` is not for people to manage: Datadog makes and changes it (a monitor of a synthetic test, an \
         integration's pipeline, …), and no definition can adopt it"
    )
}

/// How a live object is declared here already: the end of a sentence that begins with its name.
pub fn declared_as(declared: &Declared, kind: &Kind, live: &Live) -> Option<String> {
    if let Some(mark) = live.mark.as_ref().filter(|mark| mark.owner == declared.scope.owner) {
        let address = Address::new(kind.section, &mark.id);
        if declared.resources.binary_search_by(|resource| resource.address.cmp(&address)).is_ok() {
            return Some(format!("is declared here already, as {address}"));
        }
        if declared.written.contains(&address) {
            return Some(format!(
                "is declared here already, as {address}, which is switched off in this environment"
            ));
        }
    }
    let key = mark::key(kind, &live.body);
    let names = |resource: &&model::Resource| key.is_some() && key_of(kind, resource).as_deref() == key;
    let mut of_kind = declared.resources.iter().filter(|resource| resource.address.section() == kind.section);
    if let Some(resource) = key.and_then(|_| of_kind.clone().find(names)) {
        return Some(format!("is declared here already, as {}", resource.address));
    }
    let resource = of_kind.find(|resource| resource.directives.adopt.as_deref() == Some(live.id.as_str()))?;
    Some(format!("is adopted already, by {}", resource.address))
}

/// The error is a full sentence.
pub fn from_live(
    declared: &Declared,
    kind: &'static Kind,
    text: &str,
    mut live: Live,
) -> anyhow::Result<Import> {
    let mut id = String::new();
    // What says so may be a field that no definition holds.
    anyhow::ensure!(!(kind.api.foreign)(&live.body), not_for_people(text));
    // Of the marks of several owners, ours counts.
    live.mark = mark::read_as(kind, &live.body, &declared.scope.owner);
    if let Some(mark) = &live.mark {
        if mark.owner != declared.scope.owner {
            let address = Address::new(kind.section, &mark.id);
            bail!("`{text}` belongs to {}, as {address}: take it out of that project first", mark.owner);
        }
        // Its definition was lost: what bears our mark comes back under its id.
        id.clone_from(&mark.id);
    }
    if let Some(how) = declared_as(declared, kind, &live) {
        bail!("`{text}` {how}");
    }
    let body = live.body.as_object().cloned().unwrap_or_default();
    let body = tidy::definition(kind, body, declared.config.defaults.get(kind.section));
    Ok(Import { kind, named: live.id.clone(), body, live: Some(live), id, file: String::new() })
}

/// Puts references in the place of ids of what is managed, and of what is imported together.
///
/// `service` is asked for what is managed, where anything may refer to it.
pub async fn refer_all(
    invocation: &Invocation<'_>,
    declared: &Declared,
    service: &(dyn Fn() -> anyhow::Result<Service> + Sync),
    imports: &mut [Import],
) -> anyhow::Result<()> {
    for import in imports.iter_mut() {
        let troubles = escape::take_reserved(&mut import.body);
        complain(invocation, import.kind, &import.named, &troubles)?;
    }
    let is_used = |section: &str| of_section(section).is_some_and(|kind| declared.config.uses(kind));
    if !imports.iter().any(|import| refer::mentions(import.kind, &import.body, &is_used)) {
        return Ok(());
    }
    let mut known: BTreeMap<(String, String), Reference> = BTreeMap::new();
    let ids = |live: &Live, address: &Address| -> Vec<((String, String), Reference)> {
        let owned = |((section, id), reference): ((&str, &str), Reference)| {
            ((section.to_owned(), id.to_owned()), reference)
        };
        fill::ids(address, live.section, &fill::known_of(live)).map(owned).collect()
    };
    // Where nothing is declared, nothing is managed that could be meant.
    let managed = if declared.resources.is_empty() { Vec::new() } else { service()?.live(declared).await? };
    for live in managed {
        let own = live.mark.as_ref().filter(|mark| mark.owner == declared.scope.owner);
        let Some(address) = own.map(|mark| Address::new(live.section, &mark.id)) else { continue };
        if declared.resources.binary_search_by(|resource| resource.address.cmp(&address)).is_ok() {
            known.extend(ids(&live, &address));
        }
    }
    // What was imported before, and has no mark yet.
    for resource in &declared.resources {
        if let Some(id) = &resource.directives.adopt {
            known
                .entry((resource.address.section().to_owned(), id.clone()))
                .or_insert_with(|| Reference { target: resource.address.clone(), attribute: Attribute::Id });
        }
    }
    for import in imports.iter() {
        if let Some(live) = &import.live {
            known.extend(ids(live, &import.address()));
        }
    }
    for import in imports {
        let own = import.live.as_ref().map(|live| live.id.clone());
        let section_of = import.kind.section;
        refer::refer(import.kind, &mut import.body, &|section, id| {
            let is_own = section == section_of && own.as_deref() == Some(id);
            known.get(&(section.to_owned(), id.to_owned())).filter(|_| !is_own).cloned()
        });
    }
    Ok(())
}

fn complain(
    invocation: &Invocation<'_>,
    kind: &Kind,
    name: &str,
    troubles: &[escape::Trouble],
) -> anyhow::Result<()> {
    for trouble in troubles {
        invocation.complain(&format!("{} {name}: {} {}", kind.name, trouble.pointer, trouble.text))?;
    }
    Ok(())
}

/// The names of the secrets that are declared by now.
pub fn secrets_of(declared: &Declared) -> BTreeSet<String> {
    let texts = declared.resources.iter().map(|resource| resource.body.text());
    texts.flat_map(Secret::names).map(str::to_owned).collect()
}

/// The texts as a definition writes them, and the keys of ours in front.
///
/// `secrets` are the names of secrets that others have.
pub fn finish(
    invocation: &Invocation<'_>,
    declared: &Declared,
    import: &mut Import,
    secrets: &mut BTreeSet<String>,
) -> anyhow::Result<()> {
    let kind = import.kind;
    for said in load::leave_out(kind, &mut import.body) {
        invocation.complain(&format!("{} {}: {said}", kind.name, import.named))?;
    }
    let mut troubles = escape::escape(&mut import.body);
    troubles.extend(secret::write(kind, &mut import.body, &import.id, secrets));
    complain(invocation, kind, &import.named, &troubles)?;
    let mut body = Map::new();
    if let Some(live) = &import.live {
        match live.mark.as_ref().filter(|mark| model::is_id(&mark.id)) {
            // Where there is no mark the name is enough, but for an object of others.
            None if kind.is_keyed() && !(kind.api.foreign)(&live.body) => {}
            None => {
                body.insert("$id".to_owned(), adopted(declared, kind, &live.id));
            }
            Some(mark) if mark.protect => {
                body.insert("$protect".to_owned(), Value::Bool(true));
            }
            Some(_) => {}
        }
    }
    if let Value::Object(own) = import.body.take() {
        body.extend(own);
    }
    import.body = Value::Object(body);
    Ok(())
}
