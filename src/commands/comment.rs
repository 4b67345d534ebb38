//! `musher comment`: a plan, its failure, or what an apply did, kept as one comment on the pull request.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};

use anyhow::{Context as _, bail};
use camino::Utf8Path;

use super::hosted::{context, explained, footer, open};
use super::validate::in_repository;
use super::{Invocation, start};
use crate::args::{self, Exit};
use crate::config;
use crate::forge::{self, Annotation, Behavior, Check, Forge, SendError, System, Wrote};
use crate::model::Plan;
use crate::posted::{self, LARGEST, Posted};
use crate::render::annotation::{self, Note};
use crate::render::comment::{self, Footer, LIMIT, SUMMARY, marker};
use crate::render::room::Room;
use crate::render::{self, Speech, Stream};

const RISKY: &str = "musher: risky";
const DELETES: &str = "musher: deletes";
const NOTHING: &str = "musher: no changes";
const LABELS: [&str; 3] = [RISKY, DELETES, NOTHING];

/// What a file comes to.
struct Entry {
    posted: Posted,
    marker: String,
    name: String,
}

pub async fn run(invocation: &Invocation<'_>, options: &args::Comment) -> anyhow::Result<Exit> {
    let name = options.name.as_deref();
    let fits = |name: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        !name.is_empty() && name.len() <= 60 && name.chars().all(plain)
    };
    anyhow::ensure!(
        name.is_none_or(fits),
        "the name of --as has letters, digits, `.`, `_` and `-`, at most 60"
    );
    let entries: Vec<Entry> =
        options.files.iter().map(|path| read(&invocation.at(path), name)).collect::<anyhow::Result<_>>()?;
    for (at, entry) in entries.iter().enumerate() {
        if let Some(twice) = entries[..at].iter().position(|other| other.marker == entry.marker) {
            bail!(
                "{} and {} are both of {}: post them one by one, told apart by `--as NAME`",
                options.files[twice],
                options.files[at],
                entry.name
            );
        }
    }
    let system = match (options.github, options.gitlab) {
        (true, _) => System::Github,
        (_, true) => System::Gitlab,
        _ => forge::system(invocation.variable).ok_or(forge::ContextError::NoSystem)?,
    };
    if options.behavior == args::Behavior::HideAndNew && system == System::Gitlab {
        bail!("GitLab hides no notes: use `--behavior update` or `new`");
    }
    let job = context(invocation, system, options.pr);
    check_own(invocation, options, &entries)?;
    // Before anything is written: from here on its token is known, and hidden.
    let forge = job.as_ref().ok().map(|job| open(invocation, job));
    let footer = footer(job.as_ref().ok());
    let notes = notes(invocation, &entries);
    let mut troubles = Vec::new();
    if system == System::Github {
        if !options.check_run {
            annotate(invocation, &notes)?;
        }
        troubles.extend(summarise(invocation, &entries, name, &footer).err());
    }
    match (job, forge) {
        (Err(error), _) | (Ok(_), Some(Err(error))) => troubles.push(error),
        (Ok(_), Some(Ok(Some(forge)))) => {
            troubles.extend(post(invocation, options, (&entries, &notes), &forge).await);
        }
        (Ok(_), _) => {
            let (variable, name) = (system.token(), system.name());
            troubles.push(anyhow::anyhow!("{variable} is not set: nothing was posted to {name}"));
        }
    }
    for trouble in &troubles {
        invocation.complain(&format!("{trouble:#}"))?;
    }
    Ok(if options.strict && !troubles.is_empty() { Exit::Error } else { Exit::Fine })
}

/// What an apply did is told by the run that applied; a file of another run was written by whoever wrote its code.
fn check_own(invocation: &Invocation<'_>, options: &args::Comment, entries: &[Entry]) -> anyhow::Result<()> {
    if (invocation.variable)("GITHUB_EVENT_NAME").as_deref() != Some("workflow_run") {
        return Ok(());
    }
    let report =
        entries.iter().zip(&options.files).find(|(entry, _)| matches!(entry.posted, Posted::Report(_)));
    match report {
        Some((_, path)) => {
            bail!("{path} is the report of an apply, and this job tells of another run: it is not posted")
        }
        None => Ok(()),
    }
}

fn read(path: &Utf8Path, name: Option<&str>) -> anyhow::Result<Entry> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).with_context(|| match path.exists() {
        true => format!("{path} can't be read"),
        false => format!("there is no file {path}: what should have written it ended before"),
    })?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).with_context(|| format!("{path} can't be read"))?;
    let posted = posted::read(&bytes).with_context(|| format!("{path} is not posted"))?;
    let (what, project, environment) = match &posted {
        Posted::Plan(plan) => ("plan", &plan.project, &plan.environment),
        Posted::Failed(failed) => ("plan", &failed.project, &failed.environment),
        Posted::Report(report) => ("apply", &report.project, &report.environment),
    };
    let owner = environment
        .as_ref()
        .map_or_else(|| project.clone(), |environment| format!("{project}.{environment}"));
    let marker = marker(what, (project, environment.as_deref()), name);
    Ok(Entry { name: owner, marker, posted })
}

impl Entry {
    /// `expand`: each change by itself, if that fits.
    fn body(&self, name: Option<&str>, footer: &Footer, (room, expand): (Room, bool)) -> String {
        match &self.posted {
            Posted::Plan(plan) => comment::plan(plan, name, footer, (room, expand)),
            Posted::Failed(failed) => comment::failure(failed, name, footer, room),
            Posted::Report(report) => comment::report(report, name, footer, room),
        }
    }

    fn plan(&self) -> Option<&Plan> {
        match &self.posted {
            Posted::Plan(plan) => Some(plan),
            _ => None,
        }
    }
}

/// What is told at lines of files.
fn notes(invocation: &Invocation<'_>, entries: &[Entry]) -> Vec<Note> {
    // Where nothing is checked out, files are told as the plan names them.
    let folder = start(invocation.common).ok().and_then(|start| config::find(&start).ok());
    let folder = folder.map(|root| in_repository(&root)).unwrap_or_default();
    let of = |entry: &Entry| match &entry.posted {
        // What drifted is not of this change.
        Posted::Plan(plan) => annotation::of_plan(&comment::own(plan), &folder),
        Posted::Failed(failed) => annotation::of_failure(failed, &folder),
        Posted::Report(_) => Vec::new(),
    };
    let mut notes: Vec<Note> = Vec::new();
    for note in entries.iter().flat_map(of) {
        // Environments share their files.
        if !notes.iter().rev().take(1_000).any(|other| *other == note) {
            notes.push(note);
        }
    }
    notes
}

fn annotate(invocation: &Invocation<'_>, notes: &[Note]) -> anyhow::Result<()> {
    let text = annotation::commands(notes, "in the summary of this job");
    let colors = invocation.common.colors();
    Ok(render::speak(Speech::Commands, Stream::Out, colors, |out, _| out.write_all(text.as_bytes()))?)
}

/// Adds the whole of it to the summary of the job.
fn summarise(
    invocation: &Invocation<'_>,
    entries: &[Entry],
    name: Option<&str>,
    footer: &Footer,
) -> anyhow::Result<()> {
    let Some(path) = (invocation.variable)("GITHUB_STEP_SUMMARY") else { return Ok(()) };
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
        let used = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        let room = SUMMARY.beside(used);
        let room = room.part(entries.len()).beside(1);
        for entry in entries {
            let text = entry.body(name, footer, (room, true));
            // Better none than one that fails the upload of all.
            if room.holds(&text) {
                file.write_all(text.as_bytes())?;
                file.write_all(b"\n")?;
            }
        }
        Ok(())
    };
    write().with_context(|| format!("the summary of the job can't be written to {path}"))
}

/// Writes comments, labels and the check; what went wrong.
async fn post(
    invocation: &Invocation<'_>,
    options: &args::Comment,
    (entries, notes): (&[Entry], &[Note]),
    forge: &Forge,
) -> Vec<anyhow::Error> {
    let mut troubles = Vec::new();
    match forge.pull_request().await {
        Ok(Some(number)) => troubles.extend(write(invocation, options, (entries, number), forge).await),
        Ok(None) => {
            let _ = invocation.say("This job is about no pull request: no comment is written.");
        }
        Err(error) => troubles.push(explained(forge, "pull-requests", error)),
    }
    if options.check_run {
        troubles.extend(check(entries, notes, forge).await.err());
    }
    troubles
}

async fn write(
    invocation: &Invocation<'_>,
    options: &args::Comment,
    (entries, number): (&[Entry], u64),
    forge: &Forge,
) -> Vec<anyhow::Error> {
    let mut troubles = Vec::new();
    let footer = footer(Some(forge.context()));
    let behavior = match options.behavior {
        args::Behavior::Update => Behavior::Update,
        args::Behavior::New => Behavior::New,
        args::Behavior::HideAndNew => Behavior::HideAndNew,
    };
    for entry in entries {
        let body = entry.body(options.name.as_deref(), &footer, (LIMIT, false));
        let only_update = entry.plan().is_some_and(comment::is_empty);
        match forge.comment(number, (&entry.marker, &body), behavior, only_update).await {
            Ok(wrote) => {
                let _ = invocation.say(&format!("{}: {}", entry.name, told(wrote, number)));
            }
            Err(error) => troubles.push(explained(forge, "pull-requests", error)),
        }
    }
    if options.label && entries.iter().any(|entry| entry.plan().is_some()) {
        let holding = labels(entries.iter().filter_map(Entry::plan));
        let labelled = forge.label(number, &LABELS, &holding).await;
        troubles.extend(labelled.err().map(|error| explained(forge, "pull-requests", error)));
    }
    troubles
}

fn told(wrote: Wrote, number: u64) -> String {
    match wrote {
        Wrote::New => format!("a new comment on {number}"),
        Wrote::Changed => format!("the comment on {number} was updated"),
        Wrote::Same => format!("the comment on {number} says the same already"),
        Wrote::Nothing | Wrote::Closed => format!("no changes, and no comment on {number} to update"),
    }
}

/// The labels that hold for these plans together.
fn labels<'p>(plans: impl Iterator<Item = &'p Plan> + Clone) -> Vec<&'static str> {
    // What drifted is not of this change.
    let any = |holds: &dyn Fn(&Plan) -> bool| plans.clone().any(|plan| holds(&comment::own(plan)));
    let risky = any(&|plan| plan.changes.iter().any(|change| !change.risks.is_empty()));
    let deletes = any(&|plan| plan.changes.iter().any(crate::model::Change::deletes));
    let changes = any(&|plan| !comment::is_empty(plan));
    let all = [(RISKY, risky), (DELETES, deletes), (NOTHING, !changes)];
    all.into_iter().filter(|(_, holds)| *holds).map(|(label, _)| label).collect()
}

async fn check(entries: &[Entry], notes: &[Note], forge: &Forge) -> anyhow::Result<()> {
    let job = forge.context();
    anyhow::ensure!(job.system == System::Github, "--check-run is for GitHub alone");
    let commit = job.commit.as_deref().context("no commit is known to make a check of")?;
    let footer = footer(Some(job));
    let fails = entries.iter().any(|entry| match &entry.posted {
        Posted::Failed(_) => true,
        Posted::Report(report) => report.outcomes.iter().any(|one| one.status != crate::model::Status::Done),
        Posted::Plan(_) => false,
    });
    let asks = |plan: &Plan| {
        !plan.notes.brakes.is_empty()
            || comment::own(plan).changes.iter().any(|change| !change.risks.is_empty())
    };
    let conclusion = match (fails, entries.iter().filter_map(Entry::plan).any(asks)) {
        (true, _) => "failure",
        (_, true) => "neutral",
        _ => "success",
    };
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    let titles: Vec<String> =
        entries.iter().filter_map(|entry| Some(comment::verdict(entry.plan()?).replace('`', ""))).collect();
    let room = LIMIT.part(entries.len()).beside(1);
    let bodies: Vec<String> = entries.iter().map(|entry| entry.body(None, &footer, (room, false))).collect();
    let annotation = |note: &Note| {
        Some(Annotation {
            is_failure: note.is_error,
            path: note.path.clone()?,
            line: note.line,
            title: note.title.clone(),
            text: note.text.clone(),
        })
    };
    let check = Check {
        name: format!("musher {}", names.join(", ")),
        conclusion,
        title: if titles.is_empty() { "musher".to_owned() } else { titles.join("; ") },
        summary: bodies.join("\n"),
        annotations: notes.iter().filter_map(annotation).collect(),
    };
    let made: Result<(), SendError> = forge.check(commit, &check).await;
    made.map_err(|error| explained(forge, "checks", error))
}
