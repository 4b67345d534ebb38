//! `musher apply`: the plan shown, agreed to, held against the brakes, and carried out.

use std::io::{BufRead, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use camino::Utf8Path;
use serde_json::Value;

use super::declared::{Declared, declare};
use super::plan::show;
use super::surveyed::{Service, Surveyed, service, survey};
use super::{Desk, replace_file};
use crate::apply::{self, Options, moved_since};
use crate::brake::{self, Limits};
use crate::canon;
use crate::cli::{self, Exit, Format};
use crate::config::Environment;
use crate::diff::diff;
use crate::kind::Kind;
use crate::mark;
use crate::model::{FieldChange, Outcome, Plan, Status};
use crate::render::outcome;
use crate::render::page::Look;
use crate::render::progress::Progress;

/// A plan older than that is looked at again before the first write.
const FRESH: Duration = Duration::from_secs(30);
const STOPPING: &str = "Stopping: what is on its way is finished first. Once more stops at once.";

pub async fn run(desk: &Desk<'_>, options: &cli::Apply) -> anyhow::Result<Exit> {
    desk.format(&[Format::Text])?;
    let mut declared = declare(desk)?;
    if options.destroy {
        declared.resources.clear();
    }
    let listing = Arc::new(Progress::start(desk.common.quiet));
    let service = service(desk, &declared, &listing)?;
    let surveyed = survey(desk, &declared, &service).await?;
    listing.end();
    if !desk.common.quiet || surveyed.plan.changes.is_empty() {
        show(desk, &surveyed.plan, Format::Text, options.expand)?;
    }
    if surveyed.plan.changes.is_empty() {
        report(options, &[])?;
        return Ok(Exit::Fine);
    }
    if is_held(desk, &declared, &surveyed, options)? {
        return Ok(Exit::Held);
    }
    if !agreed(desk, options)? {
        desk.say("Nothing was changed.")?;
        return Ok(Exit::Error);
    }
    refuse_if_moved(desk, &declared, &service, &surveyed).await?;
    let outcomes = carry_out(desk, &service, &surveyed.plan).await;
    desk.answer(|out, color| outcome::write(&outcomes, Look { color, expand: options.expand }, out))?;
    report(options, &outcomes)?;
    let done = outcomes.iter().all(|outcome| outcome.status == Status::Done);
    Ok(if done { Exit::Fine } else { Exit::Partly })
}

/// Tells the brakes that hold; whether any does.
fn is_held(
    desk: &Desk<'_>,
    declared: &Declared,
    surveyed: &Surveyed,
    options: &cli::Apply,
) -> anyhow::Result<bool> {
    let unnamed = Environment::default();
    let name = declared.scope.environment.as_ref();
    let environment = name.and_then(|name| declared.config.environments.get(name)).unwrap_or(&unnamed);
    let mut released = options.release_brake.clone();
    if options.destroy {
        released.extend(["delete".to_owned(), "empty".to_owned()]);
    }
    let limits = Limits {
        brakes: &environment.brakes,
        org: environment.org.as_deref(),
        organisation: surveyed.organisation.as_ref(),
        released: &released,
    };
    let held = brake::held(&surveyed.plan, &limits);
    for brake in &held {
        crate::render::held(brake.name, &brake.text, &brake.knobs(), desk.common.colors())?;
    }
    Ok(!held.is_empty())
}

/// Whether somebody said yes: by flag, or asked on a terminal.
fn agreed(desk: &Desk<'_>, options: &cli::Apply) -> anyhow::Result<bool> {
    if options.yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        bail!("apply changes things and nobody can be asked here: run it with --yes");
    }
    crate::render::ask("Apply this? Only `yes` does. ", desk.common.colors())?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

/// Lists again where the plan has aged: what somebody changed meanwhile is not overwritten.
async fn refuse_if_moved(
    desk: &Desk<'_>,
    declared: &Declared,
    service: &Service,
    surveyed: &Surveyed,
) -> anyhow::Result<()> {
    if surveyed.listed.elapsed() < FRESH {
        return Ok(());
    }
    let moved = moved_since(&surveyed.plan, &service.live(declared).await?);
    if moved.is_empty() {
        return Ok(());
    }
    for (address, what) in &moved {
        desk.say(&format!("{address} {what} since the plan was made"))?;
    }
    bail!("{} of the changes no longer fit what is live: plan again", moved.len());
}

/// Applies the plan; the first signal ends it in order, the second one at once.
async fn carry_out(desk: &Desk<'_>, service: &Service, plan: &Plan) -> Vec<Outcome> {
    let progress = Arc::new(Progress::start(desk.common.quiet));
    service.log.go_on_with(progress.clone());
    let (stop, teller, quiet) = (service.stop.clone(), progress.clone(), desk.common.quiet);
    let listener = tokio::spawn(async move {
        signalled().await;
        // Nobody listens any more where apply is over.
        let _ = stop.send(true);
        if !quiet {
            teller.say(STOPPING);
        }
        signalled().await;
        std::process::exit(i32::from(Exit::Partly as u8));
    });
    let options =
        Options { force: false, patience: desk.common.patience(), stop: &service.stop, compare: &not_kept };
    let outcomes = apply::apply(plan, &service.client, &options, progress.as_ref()).await;
    listener.abort();
    progress.end();
    outcomes
}

/// SIGINT or SIGTERM.
async fn signalled() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return,
            _ = terminate.recv() => return,
        }
    }
    // Where no handler can be set, the signal ends the process by itself.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// What the service did not keep of what was sent to it, under the normal form.
fn not_kept(kind: &Kind, sent: &Value, got: &Value) -> Vec<FieldChange> {
    let bare = |body: &Value| {
        let mut body = body.clone();
        mark::strip(kind, &mut body);
        body
    };
    let aligned = canon::align(kind, &bare(sent), &bare(got));
    diff(&aligned.live, &aligned.desired)
}

fn report(options: &cli::Apply, outcomes: &[Outcome]) -> anyhow::Result<()> {
    let Some(path) = &options.report else { return Ok(()) };
    write_report(path, outcomes)
}

fn write_report(path: &Utf8Path, outcomes: &[Outcome]) -> anyhow::Result<()> {
    replace_file(path, format!("{:#}\n", apply::report(outcomes)).as_bytes())
}
