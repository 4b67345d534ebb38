//! `musher render`: the files that packs carry, written below `rendered/`, or held against what is there.

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::declared::{bare, report};
use super::{AlreadyReported, Invocation};
use crate::args::{self, Exit};
use crate::diagnostic::{Diagnostic, Sources, has_errors};
use crate::expand;
use crate::files;
use crate::load::load;
use crate::model::{Reference, Resource, count};
use crate::source::walk;
use crate::template::BUILT_IN;
use crate::write::yaml;

/// The folder that is written, below the project's.
const FOLDER: &str = "rendered";
/// How the first line of a YAML file begins; JSON has no comments.
const MARK: &str = "# Rendered by musher";

/// A file as it should be.
struct Wanted {
    /// Relative to the project's folder.
    path: Utf8PathBuf,
    text: String,
}

/// What is to be said of a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Same,
    Missing,
    Differs,
    /// It is not one of ours, and stands where one should be.
    Foreign,
    /// Nothing renders it.
    Stale,
}

pub fn run(invocation: &Invocation<'_>, options: &args::Render) -> anyhow::Result<Exit> {
    let (root, folder, wanted) = render(invocation)?;
    let found = compare(&root, &folder, &wanted)?;
    if options.check {
        let wrong: Vec<_> = found.iter().filter(|(_, state)| *state != State::Same).collect();
        invocation.answer(|out, _| {
            for (path, state) in &wrong {
                writeln!(out, "{:<18} {path}", words(*state))?;
            }
            match wrong.len() {
                0 => writeln!(out, "{} as they are rendered.", files_are(found.len())),
                _ => writeln!(out, "`musher render` writes what is missing or differs."),
            }
        })?;
        return Ok(if wrong.is_empty() { Exit::Fine } else { Exit::Changes });
    }
    let foreign = found.iter().find(|(_, state)| *state == State::Foreign);
    if let Some((path, _)) = foreign.filter(|_| !options.force) {
        anyhow::bail!(
            "{path} was not written by musher, and would be replaced: move it, or replace it with --force"
        );
    }
    for own in &wanted {
        let state = found.iter().find(|(path, _)| *path == own.path).map(|(_, state)| *state);
        if state != Some(State::Same) {
            write(&root, own)?;
        }
    }
    invocation.answer(|out, _| {
        for (path, state) in &found {
            let done = match state {
                State::Same => continue,
                State::Missing => "written",
                State::Differs | State::Foreign => "replaced",
                State::Stale => words(*state),
            };
            writeln!(out, "{done:<18} {path}")?;
        }
        writeln!(out, "{} as they are rendered.", files_are(wanted.len()))
    })?;
    Ok(Exit::Fine)
}

fn files_are(number: usize) -> String {
    if number == 1 { "1 file is".to_owned() } else { format!("{} files are", count(number)) }
}

fn words(state: State) -> &'static str {
    match state {
        State::Same => "is as rendered",
        State::Missing => "is missing",
        State::Differs => "differs",
        State::Foreign => "is not of musher",
        State::Stale => "no longer rendered",
    }
}

/// The project's folder, the one that is written below it, and all files of the environment at hand.
fn render(invocation: &Invocation<'_>) -> anyhow::Result<(Utf8PathBuf, Utf8PathBuf, Vec<Wanted>)> {
    let checked = bare(invocation)?;
    let (Some(declared), mut faults) = (checked.declared, checked.diagnostics) else {
        return Err(AlreadyReported.into());
    };
    let (config, scope) = (&declared.config, &declared.scope);
    let (definitions, mut sources, more) = load(config, BUILT_IN, checked.sources);
    faults.extend(more);
    let (resources, more) = expand::files(&definitions, config, scope, &mut sources);
    faults.extend(more);
    let folder = Utf8Path::new(FOLDER).join(scope.environment.as_deref().unwrap_or_default());
    let mut wanted = Vec::with_capacity(resources.len());
    for resource in &resources {
        match text(resource) {
            Ok(text) => wanted.push(Wanted { path: folder.join(resource.address.id()), text }),
            Err(fault) => faults.push(fault),
        }
    }
    told(invocation, &faults, &sources)?;
    Ok((config.root.clone(), folder, wanted))
}

fn told(invocation: &Invocation<'_>, faults: &[Diagnostic], sources: &Sources) -> anyhow::Result<()> {
    report(invocation, faults, sources)?;
    if has_errors(faults) { Err(AlreadyReported.into()) } else { Ok(()) }
}

/// A file's text, by the ending of its name.
fn text(file: &Resource) -> Result<String, Diagnostic> {
    let (id, at) = (file.address.id(), file.origin.layers.first().cloned());
    let body = file.body.value();
    let fault = |words: String, help: &str| Diagnostic::error("bad-file", words, at.clone()).help(help);
    if file.body.text().contains(Reference::OPEN) {
        let words = format!("The file `{id}` refers to what is known to Datadog alone, or to a secret");
        return Err(fault(words, "files are written without keys and network: write a name, or a variable"));
    }
    match Utf8Path::new(id).extension() {
        Some("json") => Ok(format!("{body:#}\n")),
        Some("yaml" | "yml") => {
            let whose = file.instance.as_ref().map_or("", |instance| &instance.name);
            let mark = format!("{MARK} from the use `{whose}`: change that, and run `musher render`.\n");
            yaml::document(&body).map(|text| mark + &text).ok_or_else(|| unwritable(id, &body, &fault))
        }
        _ => Err(fault(format!("`{id}` is neither YAML nor JSON"), "let its name end in `.yaml` or `.json`")),
    }
}

fn unwritable(id: &str, body: &Value, fault: &dyn Fn(String, &str) -> Diagnostic) -> Diagnostic {
    let kind = if body.is_object() { "a text in it" } else { "it" };
    fault(
        format!("`{id}` can't be written as YAML: {kind} would not read back"),
        "let its name end in `.json`",
    )
}

/// What is there, by path, sorted.
fn compare(
    root: &Utf8Path,
    folder: &Utf8Path,
    wanted: &[Wanted],
) -> anyhow::Result<Vec<(Utf8PathBuf, State)>> {
    let mut found = Vec::with_capacity(wanted.len());
    for own in wanted {
        let path = place(root, &own.path)?;
        let state = match std::fs::read(&path) {
            Err(_) if !path.exists() => State::Missing,
            Err(error) => anyhow::bail!("{} can't be read: {error}", own.path),
            Ok(text) if text == own.text.as_bytes() => State::Same,
            Ok(text) if own.text.starts_with(MARK) && !text.starts_with(MARK.as_bytes()) => State::Foreign,
            Ok(_) => State::Differs,
        };
        found.push((own.path.clone(), state));
    }
    let there = walk::files(&walk::Root::new(root), folder, &|_| true).files;
    let stale = there.into_iter().filter(|path| !wanted.iter().any(|own| own.path == *path));
    found.extend(stale.map(|path| (path, State::Stale)));
    found.sort();
    Ok(found)
}

fn place(root: &Utf8Path, relative: &Utf8Path) -> anyhow::Result<Utf8PathBuf> {
    files::inside(root, relative).map_err(|why| anyhow::anyhow!("{relative} {why}"))
}

fn write(root: &Utf8Path, own: &Wanted) -> anyhow::Result<()> {
    let path = place(root, &own.path)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    files::put(&path, own.text.as_bytes())
        .map_err(|error| anyhow::anyhow!("{} can't be written: {error}", own.path))
}
