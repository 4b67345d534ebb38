//! `musher show template`: what a template makes, and its parameters.

use std::collections::BTreeMap;

use anyhow::bail;

use super::declared::report;
use super::{Invocation, start};
use crate::args::{Exit, Format};
use crate::config;
use crate::diagnostic::{Diagnostic, Sources, did_you_mean};
use crate::expand::{Description, describe};
use crate::load::{self, load};
use crate::render::template::{Origin, Shown, write_json, write_list, write_list_json, write_text};
use crate::template::BUILT_IN;

/// Shows one template.
pub fn show(invocation: &Invocation<'_>, name: &str, format: Format) -> anyhow::Result<Exit> {
    let found = all(invocation)?;
    let Some(shown) = found.templates.get(name) else {
        // A broken file of that name may be what is meant.
        report(invocation, &found.faults, &found.sources)?;
        let known: Vec<&str> = found.templates.keys().map(String::as_str).collect();
        let guess = did_you_mean(name, known.iter().copied());
        let guess = guess.map_or_else(String::new, |guess| format!("; did you mean `{guess}`?"));
        bail!("there is no template `{name}`{guess}\nTemplates: {}", known.join(", "));
    };
    invocation.answer(|out, color| match format {
        Format::Json => write_json(shown, out),
        _ => write_text(shown, invocation.look(color, true), out),
    })?;
    Ok(Exit::Fine)
}

/// Lists all templates.
pub fn list(invocation: &Invocation<'_>, format: Format) -> anyhow::Result<Exit> {
    let found = all(invocation)?;
    report(invocation, &found.faults, &found.sources)?;
    let shown: Vec<&Shown> = found.templates.values().collect();
    invocation.answer(|out, color| match format {
        Format::Json => write_list_json(&shown, out),
        _ => write_list(&shown, invocation.look(color, false), out),
    })?;
    Ok(Exit::Fine)
}

#[derive(Default)]
struct Found {
    /// By name; a team's own wins over the one that comes with the program.
    templates: BTreeMap<String, Shown>,
    /// Of files that are not templates as they stand.
    faults: Vec<Diagnostic>,
    sources: Sources,
}

/// The templates of the project at hand, and those that come with the program, which need none.
fn all(invocation: &Invocation<'_>) -> anyhow::Result<Found> {
    let mut found = Found::default();
    for (name, text) in BUILT_IN {
        let (template, _) = load::template(name, text);
        found.add(describe(&template), Origin::BuiltIn);
    }
    let root = match config::find(&start(invocation.common)?) {
        Ok(root) => root,
        Err(config::NotFound::Project(_)) => return Ok(found),
        Err(error) => return Err(error.into()),
    };
    let mut sources = Sources::default();
    let (config, faults) = config::read(&root, invocation.hosts, &mut sources);
    let Some(config) = config else {
        return Ok(Found { faults, sources, ..found });
    };
    let (definitions, sources, faults) = load(&config, &[], sources);
    for template in definitions.templates.values() {
        let path = sources.get(template.at.file).path.to_string();
        found.add(describe(template), Origin::File(path));
    }
    let is_template = |fault: &Diagnostic| {
        fault.at.as_ref().is_some_and(|at| sources.get(at.file).path.starts_with("templates/"))
    };
    let faults = faults.into_iter().filter(is_template).collect();
    Ok(Found { faults, sources, ..found })
}

impl Found {
    fn add(&mut self, description: Description, origin: Origin) {
        self.templates.insert(description.name.clone(), Shown { description, origin });
    }
}
