//! The files' side of every command: found, loaded, expanded, checked, and reported what is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Map;

use super::shared::shared_keys;
use super::{AlreadyReported, Invocation, log_line, start};
use crate::args::LogFormat;
use crate::check::{self, check};
use crate::config::{self, Config, Environment, Scope};
use crate::coverage::functions;
use crate::diagnostic::{At, Diagnostic, Severity, Sources, has_errors};
use crate::expand::{expand, listed, renderings};
use crate::kind::{KINDS, Kind};
use crate::load::load;
use crate::model::{Address, Live, Resource};
use crate::pipelines::Watch;
use crate::render::{self, Stream, diagnostics, log};
use crate::selection::Selection;
use crate::source::overlay::Overlay;
use crate::source::walk::Root;
use crate::telemetry::Telemetry;
use crate::template::BUILT_IN;

/// A project as its files declare it.
pub struct Declared {
    pub config: Config,
    pub scope: Scope,
    /// The kinds that are listed: those in use, or all.
    pub kinds: Vec<&'static Kind>,
    /// Sorted by address.
    pub resources: Vec<Resource>,
    /// What `$forget` lets go, sorted by address: without bodies.
    pub forgotten: Vec<Resource>,
    /// What is to be said of the definitions, none of it an error.
    pub warnings: Vec<Diagnostic>,
    /// Addresses that stand in files, those of switched-off definitions included.
    pub written: BTreeSet<Address>,
    pub sources: Sources,
    /// What `--only` lets through.
    pub only: Selection,
}

impl Declared {
    /// The environment at hand, as `musher.yaml` has it; an empty one where the project declares none.
    pub fn environment(&self) -> Environment {
        let name = self.scope.environment.as_ref();
        name.and_then(|name| self.config.environments.get(name)).cloned().unwrap_or_default()
    }

    /// Where an address is declared, `$forget` included.
    pub fn resource(&self, address: &Address) -> Option<&Resource> {
        let found =
            |list: &'_ [Resource]| list.binary_search_by(|resource| resource.address.cmp(address)).ok();
        let declared = found(&self.resources).map(|at| &self.resources[at]);
        declared.or_else(|| found(&self.forgotten).map(|at| &self.forgotten[at]))
    }

    pub fn selects(&self, address: &Address) -> bool {
        self.only.selects(address)
    }

    /// The globs of `--only` that select nothing of what is declared or of these live objects of ours.
    pub fn idle_only(&self, live: &[Live]) -> Vec<Diagnostic> {
        if self.only.texts().is_empty() {
            return Vec::new();
        }
        let marks = live.iter().filter_map(|live| Some((live.section, live.mark.as_ref()?)));
        let ours = marks.filter(|(_, mark)| mark.owner == self.scope.owner);
        let ours: Vec<Address> = ours.map(|(section, mark)| Address::new(section, &mark.id)).collect();
        let declared = self.resources.iter().chain(&self.forgotten).map(|resource| &resource.address);
        self.only.idle(declared.chain(&self.written).chain(&ours))
    }
}

/// What was read, and everything that is wrong with it.
pub struct Checked {
    /// Absent: nothing can be done without what is wrong.
    pub declared: Option<Declared>,
    pub diagnostics: Vec<Diagnostic>,
    pub sources: Sources,
    /// What is declared that reads telemetry, where it was asked for.
    pub watches: Vec<Watch>,
}

/// Reads and checks the project as it would be with other texts in its files, by their paths; reports nothing.
pub fn judge_with(
    invocation: &Invocation<'_>,
    instead: BTreeMap<Arc<str>, Arc<str>>,
) -> anyhow::Result<Checked> {
    let mut checked = bare(invocation)?;
    checked.sources.instead = instead;
    Ok(checked.with_definitions(invocation.telemetry, false))
}

/// The same with files that may not be there yet, by their paths; nothing is written.
pub fn judge_over(
    invocation: &Invocation<'_>,
    files: BTreeMap<Utf8PathBuf, String>,
) -> anyhow::Result<Checked> {
    let mut checked = bare(invocation)?;
    if let Some(declared) = &mut checked.declared {
        let config = &mut declared.config;
        let overlay = Overlay { disk: config.files.clone(), files };
        config.files = Root::with(&config.root, Arc::new(overlay));
    }
    Ok(checked.with_definitions(invocation.telemetry, false))
}

/// Reads and checks the project; reports nothing yet.
pub fn judge(invocation: &Invocation<'_>) -> anyhow::Result<Checked> {
    let checked = bare(invocation)?.with_definitions(invocation.telemetry, false);
    checked.spare(invocation)?;
    Ok(checked)
}

/// The same with what the project's pipelines are held against.
pub fn judge_and_watch(invocation: &Invocation<'_>) -> anyhow::Result<Checked> {
    let bare = bare(invocation)?;
    let has_pipelines = bare.declared.as_ref().is_some_and(|declared| !declared.config.pipelines.is_empty());
    let checked = bare.with_definitions(invocation.telemetry, has_pipelines);
    checked.spare(invocation)?;
    Ok(checked)
}

impl Checked {
    fn nothing(diagnostics: Vec<Diagnostic>, sources: Sources) -> Self {
        Self { declared: None, diagnostics, sources, watches: Vec::new() }
    }

    /// Refuses an `-o` that would replace what was read.
    fn spare(&self, invocation: &Invocation<'_>) -> anyhow::Result<()> {
        let Some(declared) = &self.declared else { return Ok(()) };
        let mut outputs = invocation.common.output.iter();
        outputs.try_for_each(|output| invocation.spare(&output.path, &declared.config, &self.sources))
    }

    /// Reads and judges what the project declares.
    fn with_definitions(self, telemetry: &Telemetry, watches: bool) -> Self {
        let Self { declared: Some(mut declared), mut diagnostics, sources, .. } = self else { return self };
        let read = sources.clone();
        let stage = telemetry.stage("load");
        let (definitions, mut sources, faults) = load(&declared.config, BUILT_IN, sources);
        drop(stage);
        diagnostics.extend(faults);
        let stage = telemetry.stage("expand");
        let (resources, faults) = expand(&definitions, &declared.config, &declared.scope, &mut sources);
        drop(stage);
        telemetry.resources(&resources);
        declared.written =
            definitions.resources.iter().map(|definition| definition.address.clone()).collect();
        diagnostics.extend(faults);
        let Declared { config, scope, .. } = &declared;
        diagnostics.extend(shared_keys(&definitions, config, scope, &resources, &sources));
        let functions = match resources.iter().any(check::groups_logs) {
            true => functions(listed(&definitions, config, scope, &mut sources.clone())),
            false => Vec::new(),
        };
        let functions: Vec<check::Tags> = functions.into_iter().map(|function| function.tags).collect();
        drop(definitions);
        let (forgotten, resources): (Vec<Resource>, Vec<Resource>) =
            match resources.iter().any(|resource| resource.directives.forget) {
                true => resources.into_iter().partition(|resource| resource.directives.forget),
                false => (Vec::new(), resources),
            };
        let (settings, faults) = check::Settings::read(
            &declared.config.rules,
            &declared.config.required_tags,
            declared.config.file,
        );
        diagnostics.extend(faults);
        diagnostics.extend(declared.config.unused(&resources));
        let stage = telemetry.stage("check");
        // Definitions are let go before, since all of them take their room; few runs need them again.
        let again = |wanted: &[&Resource]| {
            let (definitions, sources, _) = load(&declared.config, BUILT_IN, read.clone());
            renderings(&definitions, (&declared.config, &declared.scope), &sources, wanted)
        };
        let look: &check::Look<'_, Watch> = if watches { &Watch::of } else { &|_, _, _| None };
        let (found, watches) = check(&resources, &settings, &sources, &functions, (&again, look));
        drop(stage);
        let secrets = found.iter().filter(|found| found.code == check::LITERAL_SECRET);
        let places: Vec<At> = secrets.filter_map(|found| found.at.clone()).collect();
        config::blot(&mut sources, &places);
        diagnostics.extend(found);
        declared.resources = resources;
        declared.forgotten = forgotten;
        declared.sources = sources.clone();
        Self { declared: Some(declared), diagnostics, sources, watches }
    }
}

/// Reads `musher.yaml` alone: a project that declares nothing.
pub fn bare(invocation: &Invocation<'_>) -> anyhow::Result<Checked> {
    let root = config::find(&start(invocation.common)?)?;
    let only = Selection::read(&invocation.common.only).context("--only")?;
    let mut sources = Sources::default();
    let (config, mut diagnostics) = config::read(&root, invocation.hosts, &mut sources);
    let Some(config) = config else { return Ok(Checked::nothing(diagnostics, sources)) };
    let scope = match config::scope(&config, invocation.common.environment.as_deref()) {
        Ok(scope) => scope,
        Err(diagnostic) => {
            diagnostics.push(diagnostic);
            return Ok(Checked::nothing(diagnostics, sources));
        }
    };
    invocation.telemetry.project(&config.project, scope.environment.as_deref());
    let is_listed = |kind: &&'static Kind| invocation.common.all_kinds || config.uses(kind);
    let declared = Declared {
        kinds: KINDS.into_iter().filter(is_listed).collect(),
        config,
        scope,
        resources: Vec::new(),
        forgotten: Vec::new(),
        warnings: Vec::new(),
        written: BTreeSet::new(),
        sources: sources.clone(),
        only,
    };
    Ok(Checked { declared: Some(declared), diagnostics, sources, watches: Vec::new() })
}

/// Reads the project and reports what is wrong with it; an error ends the command.
pub fn declare(invocation: &Invocation<'_>) -> anyhow::Result<Declared> {
    declare_strictly(invocation, bare(invocation)?, false)
}

/// The same of a project whose `musher.yaml` has been read, with warnings taken for errors where they are denied.
pub fn declare_strictly(
    invocation: &Invocation<'_>,
    bare: Checked,
    deny_warnings: bool,
) -> anyhow::Result<Declared> {
    let mut checked = bare.with_definitions(invocation.telemetry, false);
    if deny_warnings {
        deny(&mut checked.diagnostics);
    }
    sound(invocation, checked)
}

/// The project without its definitions, which may be broken: for the end of everything that it owns, and for exports.
pub fn declare_nothing(invocation: &Invocation<'_>) -> anyhow::Result<Declared> {
    sound(invocation, bare(invocation)?)
}

fn sound(invocation: &Invocation<'_>, checked: Checked) -> anyhow::Result<Declared> {
    checked.spare(invocation)?;
    report(invocation, &checked.diagnostics, &checked.sources)?;
    let mut declared =
        checked.declared.filter(|_| !has_errors(&checked.diagnostics)).ok_or(AlreadyReported)?;
    declared.warnings = checked.diagnostics;
    Ok(declared)
}

/// Takes warnings for errors.
pub fn deny(diagnostics: &mut [Diagnostic]) {
    let warnings = diagnostics.iter_mut().filter(|reported| reported.severity == Severity::Warning);
    warnings.for_each(|reported| reported.severity = Severity::Error);
}

/// Prints diagnostics on stderr.
pub fn report(invocation: &Invocation<'_>, found: &[Diagnostic], sources: &Sources) -> anyhow::Result<()> {
    if found.is_empty() || (invocation.common.quiet && !has_errors(found)) {
        return Ok(());
    }
    if invocation.common.log_format == LogFormat::Json {
        return lines(invocation, found, sources);
    }
    let from = match (std::env::current_dir().ok(), config::find(&start(invocation.common)?)) {
        (Some(here), Ok(root)) => {
            Utf8PathBuf::from_path_buf(here).map_or_else(|_| String::new(), |here| way(&here, &root))
        }
        _ => String::new(),
    };
    render::print(Stream::Err, invocation.common.colors(), |out, color| {
        out.write_all(diagnostics::text_from(&from, found, sources, color).as_bytes())
    })?;
    Ok(())
}

/// Prints diagnostics as lines of a log.
fn lines(invocation: &Invocation<'_>, found: &[Diagnostic], sources: &Sources) -> anyhow::Result<()> {
    let shown = diagnostics::json(found, sources);
    let lines = shown.as_array().into_iter().flatten().map(|shown| {
        let severity =
            if shown["severity"] == "error" { log::Severity::Error } else { log::Severity::Warning };
        let more = Map::from_iter([("diagnostic".to_owned(), shown.clone())]);
        log_line(severity, shown["message"].as_str().unwrap_or_default(), invocation.telemetry.ids(), more)
    });
    let lines: Vec<String> = lines.collect();
    render::print(Stream::Err, invocation.common.colors(), |out, _| {
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))
    })?;
    Ok(())
}

/// What leads from one folder to another, with a `/` at its end: empty where they are the same.
fn way(here: &Utf8Path, root: &Utf8Path) -> String {
    let real = |path: &Utf8Path| path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned());
    let (here, root) = (real(here), real(root));
    if let Ok(below) = root.strip_prefix(&here) {
        return below.iter().map(|part| format!("{part}/")).collect();
    }
    match here.strip_prefix(&root) {
        Ok(below) => below.iter().map(|_| "../").collect(),
        Err(_) => format!("{root}/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_from_where_one_stands() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap().canonicalize_utf8().unwrap();
        let deep = root.join("obs/monitors/deep");
        std::fs::create_dir_all(&deep).unwrap();
        assert_eq!(way(&root, &root), "");
        assert_eq!(way(&root, &root.join("obs")), "obs/");
        assert_eq!(way(&deep, &root.join("obs")), "../../");
        assert_eq!(way(&deep, &root.join("obs/monitors/../monitors/deep")), "");
        std::fs::create_dir(root.join("other")).unwrap();
        assert_eq!(way(&root.join("other"), &root.join("obs")), format!("{root}/obs/"));
    }
}
