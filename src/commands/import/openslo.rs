//! `musher import openslo FILE…`: SLOs of the OpenSLO specification become definitions.

use std::collections::BTreeSet;

use anyhow::bail;
use camino::Utf8Path;
use serde_json::{Map, Value, json};

use super::super::declared::{Declared, declare, report};
use super::super::{AlreadyReported, Invocation};
use super::files::{grouped, into};
use super::moving::text;
use super::object::{Import, finish};
use super::said::{applied, counted, tell};
use super::settle::settle;
use crate::args::{self, Exit, Format};
use crate::diagnostic::{Format as TextFormat, Sources, has_errors};
use crate::kind::{KINDS, Kind};
use crate::model::Address;
use crate::openslo::{Made, compile};
use crate::source::documents;

/// The word in the place of a kind.
pub const OPENSLO: &str = "openslo";

pub async fn run(invocation: &Invocation<'_>, options: &args::Import) -> anyhow::Result<Exit> {
    if options.named.is_empty() {
        bail!("say which files: `musher import openslo slos.yaml`, or `-` for stdin");
    }
    if options.id.is_some() || options.templatize || options.group_by.is_some() {
        bail!("ids and files are those of the names and services in the documents");
    }
    if invocation.common.format.is_some_and(|format| format != Format::Yaml) {
        bail!("what is moved in is written as YAML");
    }
    let declared = declare(invocation)?;
    let made = read(invocation, &options.named)?;
    let mut imports = Vec::new();
    let mut given = BTreeSet::new();
    for Made { id, service, body } in made {
        let kind = kind_of(&body)?;
        let address = Address::new(kind.section, &id);
        if !given.insert(address.clone()) || is_taken(&declared, &address) {
            bail!("`{address}` is declared already: give what becomes of it another `metadata.name`");
        }
        let mut import = Import { kind, named: id.clone(), body, live: None, id, file: service };
        finish(invocation, &declared, &mut import, &mut BTreeSet::new())?;
        imports.push(import);
    }
    let files = match &options.into {
        Some(path) => into(invocation, &declared, &imports, path)?,
        None => grouped(invocation, &declared, &imports)?,
    };
    settle(invocation, &files)?;
    tell(invocation, &files)?;
    invocation.say(&format!(
        "{} written into {}.",
        counted(imports.len(), "definition"),
        counted(files.len(), "file")
    ))?;
    if options.apply {
        return applied(invocation, options, &files).await;
    }
    Ok(Exit::Fine)
}

/// What becomes of the documents; all that is wrong with them is reported.
fn read(invocation: &Invocation<'_>, names: &[String]) -> anyhow::Result<Vec<Made>> {
    let (mut sources, mut found, mut faults) = (Sources::default(), Vec::new(), Vec::new());
    for name in names {
        let content = text(invocation, name)?;
        let content = content.strip_prefix('\u{FEFF}').unwrap_or(&content);
        let file = sources.add(name, content, TextFormat::Yaml);
        let format = match Utf8Path::new(name).extension() {
            Some("json") => TextFormat::Json,
            _ => TextFormat::Yaml,
        };
        let read = documents::read(content, format, file);
        found.extend(read.documents);
        faults.extend(read.faults);
    }
    let promise = kind_of(&json!({"type": "metric", "name": "", "thresholds": []}))?;
    let (made, wrong) = compile(&found, promise.section);
    faults.extend(wrong);
    if has_errors(&faults) {
        report(invocation, &faults, &sources)?;
        invocation.complain("nothing was imported: what can't be expressed is reported above")?;
        return Err(AlreadyReported.into());
    }
    if made.is_empty() {
        bail!("there is no SLO in what was read");
    }
    Ok(made)
}

fn is_taken(declared: &Declared, address: &Address) -> bool {
    declared.written.contains(address) || declared.resource(address).is_some()
}

/// The kind of a body, as that of an export is told.
fn kind_of(body: &Value) -> anyhow::Result<&'static Kind> {
    let members = body.as_object().cloned().unwrap_or_else(Map::new);
    let found = KINDS.into_iter().find(|kind| (kind.about.is_export)(&members));
    found.ok_or_else(|| anyhow::anyhow!("no kind has such a body"))
}
