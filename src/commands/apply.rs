//! `musher apply`: the plan shown, agreed to, held against the brakes, and carried out.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use camino::Utf8PathBuf;
use serde_json::Value;
use tokio::sync::watch;

use super::Invocation;
use super::asked::{can_ask, says_yes};
use super::brakes::held;
use super::cost::{self, Costly, cost};
use super::declared::{Declared, declare, declare_nothing};
use super::plan::show;
use super::sealed::{self, Sealed};
use super::service::{Service, service};
use super::surveyed::{Surveyed, survey, survey_some};
use crate::apply::{self, FRESH, Options};
use crate::args::{self, Exit, Format};
use crate::canon;
use crate::diagnostic::Sources;
use crate::diff::diff;
use crate::files;
use crate::fill::blinded;
use crate::glance;
use crate::hidden;
use crate::kind::{KINDS, Kind};
use crate::lock::{self, Held, Lock, LockError};
use crate::mark;
use crate::model::{FieldChange, Outcome, Plan, Status};
use crate::moved::moved_since;
use crate::render::log::Severity;
use crate::render::progress::Progress;
use crate::render::{Speech, Stream, outcome, plan_text};
use crate::source::locate::Locator;

const LOST: &str = "the lock was lost in the middle of this apply: another run took it over, or it could not be renewed in time. \
     What was under way was finished, nothing else was begun; another apply may have run at the same time. \
     Plan before you apply again";
const STOPPING: &str = "Stopping: what is under way is finished first. A second signal stops at once.";

pub async fn run(invocation: &Invocation<'_>, options: &args::Apply) -> anyhow::Result<Exit> {
    invocation.format(&[Format::Text])?;
    let sealed = options.plan.as_deref().map(sealed::open).transpose()?;
    let common = match &sealed {
        Some(sealed) => sealed.common(invocation.common)?,
        None => invocation.common.clone(),
    };
    let given = invocation.common;
    let invocation = &Invocation { common: &common, ..*invocation };
    let declared = if options.destroy { declare_nothing(invocation)? } else { declare(invocation)? };
    if let Some(sealed) = &sealed {
        sealed.agree(given, &declared.config)?;
    }
    carry(invocation, &declared, sealed.as_ref(), options).await
}

/// Plans what is declared, and carries it out where brakes and people agree.
pub async fn carry(
    invocation: &Invocation<'_>,
    declared: &Declared,
    sealed: Option<&Sealed>,
    options: &args::Apply,
) -> anyhow::Result<Exit> {
    // Nothing is written before the end of this: a signal needs no more than the lock given back.
    let ready = tokio::select! {
        // First, so that signals are heard before anything is said.
        biased;
        () = signalled() => {
            invocation.say("Stopped. Nothing was changed.")?;
            return Ok(Exit::Error);
        }
        ready = prepare(invocation, declared, sealed, options) => ready?,
    };
    let Ready { service, surveyed, refused, lock, outlets: _held } = match ready {
        Prepared::Ready(ready) => *ready,
        Prepared::Over(exit) => {
            invocation.telemetry.held();
            return Ok(exit);
        }
    };
    let watch = lock.as_ref().map(|lock| tokio::spawn(stop_when_lost(lock.held(), service.stop.clone())));
    let stage = invocation.telemetry.stage_of_requests("apply");
    let mut outcomes = carry_out(invocation, &service, (&surveyed, &refused), options).await;
    drop(stage);
    invocation.telemetry.applied(&outcomes);
    watch.inspect(tokio::task::JoinHandle::abort);
    let lost = lock.as_ref().is_some_and(Lock::is_lost);
    drop(lock);
    // What is said beside the answer takes nothing back of what was done.
    let _ = service.tell_counts(invocation);
    if lost {
        let _ = invocation.complain(LOST);
    }
    locate_fields(&mut outcomes, &declared.sources);
    let reported = conclude(invocation, options, &surveyed.plan, &outcomes);
    let done = outcomes.iter().all(|outcome| outcome.status == Status::Done);
    Ok(if done && reported && !lost { Exit::Fine } else { Exit::Incomplete })
}

/// Writes what was done, everywhere where it is asked for; whether all of it could be written. Where something could
/// not, what was done is reported on stderr: it stands, and running again would not tell it.
fn conclude(invocation: &Invocation<'_>, options: &args::Apply, plan: &Plan, outcomes: &[Outcome]) -> bool {
    let answered =
        invocation.answer(|out, color| outcome::write(outcomes, invocation.look(color, options.expand), out));
    let written = [answered, report(invocation, options, plan, outcomes)];
    let mut reported = true;
    for error in written.into_iter().filter_map(Result::err) {
        let line = outcome::line(outcomes);
        crate::render::failure(
            &error.context(format!("{line} This could not be written")),
            invocation.common.colors(),
        );
        reported = false;
    }
    reported
}

/// Ends an apply whose lock is gone, as a signal does.
async fn stop_when_lost(held: Held, stop: watch::Sender<bool>) {
    held.lost().await;
    stop.send_replace(true);
}

/// Whether everything that is to be written at the end can be, as far as that is known before the first change. The
/// handles are kept to the end.
async fn outlets(invocation: &Invocation<'_>, options: &args::Apply) -> anyhow::Result<Vec<File>> {
    let paths: Vec<Utf8PathBuf> =
        invocation.common.output.iter().map(|output| &output.path).chain(&options.report).cloned().collect();
    // On a thread that nobody waits for: a pipe without a reader takes its time, and a signal must get through.
    let (report, reported) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let probe = |path: &Utf8PathBuf| {
            files::probe(path).with_context(|| format!("{path} can't be written: nothing was changed"))
        };
        let _ = report.send(paths.iter().filter_map(|path| probe(path).transpose()).collect());
    });
    reported.await?
}

/// How far it comes before the first write.
enum Prepared {
    Over(Exit),
    Ready(Box<Ready>),
}

struct Ready {
    service: Service,
    surveyed: Surveyed,
    /// Changes that no longer fit, by their place in the plan, and why.
    refused: BTreeMap<usize, String>,
    lock: Option<Lock>,
    /// What is to be written into at the end.
    outlets: Vec<File>,
}

async fn prepare(
    invocation: &Invocation<'_>,
    declared: &Declared,
    sealed: Option<&Sealed>,
    options: &args::Apply,
) -> anyhow::Result<Prepared> {
    if let Some(path) = &options.report {
        invocation.spare(path, &declared.config, &declared.sources)?;
    }
    let outlets = outlets(invocation, options).await?;
    let lock = lock(invocation, declared, options).await?;
    let listing = Arc::new(Progress::start(invocation.common.shows_no_progress()));
    let service = service(invocation, declared, &listing)?;
    let surveyed = match sealed.is_some() || options.destroy {
        true => {
            let asked = service.ask(&declared.kinds, &declared.scope.owner);
            survey(invocation, declared, &service, (asked, false)).await?
        }
        false => survey_some(invocation, declared, &service, false).await?,
    };
    listing.end();
    let plan = &surveyed.plan;
    if let Some(sealed) = sealed {
        sealed.hold(declared, plan)?;
    }
    if plan.changes.is_empty() {
        show(invocation, plan, Format::Text, options.expand)?;
        report(invocation, options, plan, &[])?;
        return Ok(Prepared::Over(Exit::Fine));
    }
    if !invocation.common.quiet {
        // Beside the answer, which is what becomes of it: `-o` is not for the plan.
        crate::render::print(Stream::Out, invocation.common.colors(), |out, color| {
            plan_text::write(plan, invocation.look(color, options.expand), out)
        })?;
    }
    service.secrets.complete(plan)?;
    if let Some(cost) = cost(plan, &service) {
        invocation.say(&cost)?;
    }
    if let Some(name) = held(invocation, declared, &surveyed, options)? {
        report(invocation, options, plan, &apply::not_tried(plan, &format!("the brake `{name}` holds")))?;
        return Ok(Prepared::Over(Exit::Held));
    }
    if !agreed(invocation, options, plan).await? {
        invocation.say("Nothing was changed.")?;
        report(invocation, options, plan, &apply::not_tried(plan, "nobody agreed"))?;
        return Ok(Prepared::Over(Exit::Error));
    }
    let mut surveyed = surveyed;
    let refused = moved(declared, &service, &mut surveyed).await?;
    let plan = &surveyed.plan;
    if let Some(sealed) = sealed.filter(|_| !refused.is_empty()) {
        return Err(
            sealed.refusal(refused.iter().map(|(at, why)| format!("{}: {why}", plan.changes[*at].address)))
        );
    }
    if lock.as_ref().is_some_and(Lock::is_lost) {
        bail!(
            "the lock was lost before anything was changed: another run took it over, or it could not be renewed in time. Run again"
        );
    }
    Ok(Prepared::Ready(Box::new(Ready { service, surveyed, refused, lock, outlets })))
}

/// Takes the environment's lock, where it names one.
async fn lock(
    invocation: &Invocation<'_>,
    declared: &Declared,
    options: &args::Apply,
) -> anyhow::Result<Option<Lock>> {
    let Some(path) = declared.environment().lock else { return Ok(None) };
    let path = declared.config.root.join(path);
    let (path, owner) = (path.as_std_path(), &declared.scope.owner);
    let mut taken = lock::acquire(path, owner, Duration::ZERO).await;
    if let Err(LockError::Held { holder, .. }) = &taken
        && !options.lock_timeout.is_zero()
    {
        let (who, host, seconds) = (&holder.owner, &holder.host, options.lock_timeout.as_secs());
        invocation.say(&format!(
            "waiting up to {seconds} s for the lock of {who} (host {host}, process {})",
            holder.pid
        ))?;
        taken = lock::acquire(path, owner, options.lock_timeout).await;
    }
    let lock = taken?;
    if let Some(stale) = &lock.stale {
        invocation.say(&format!(
            "took over the lock of {} (host {}, process {}), which has expired: that run ended without giving it back",
            stale.owner, stale.host, stale.pid
        ))?;
    }
    Ok(Some(lock))
}

/// Whether somebody said yes: by flag, or asked on a terminal.
async fn agreed(invocation: &Invocation<'_>, options: &args::Apply, plan: &Plan) -> anyhow::Result<bool> {
    if options.yes {
        return Ok(true);
    }
    if !can_ask() {
        bail!("apply changes things and nobody can be asked here: run it with --yes");
    }
    // The headline with both may be a thousand lines up.
    says_yes(invocation, &crate::render::summary::question(plan)).await
}

/// Lists again where the plan has aged: what somebody changed meanwhile is not overwritten.
async fn moved(
    declared: &Declared,
    service: &Service,
    surveyed: &mut Surveyed,
) -> anyhow::Result<BTreeMap<usize, String>> {
    if surveyed.listed.elapsed() < FRESH {
        return Ok(BTreeMap::new());
    }
    let listed = Instant::now();
    let moved = moved_since(&surveyed.plan, &service.live(declared).await?);
    surveyed.listed = listed;
    Ok(moved
        .into_iter()
        .map(|(at, moved)| (at, format!("it {moved} since the plan was made; plan again")))
        .collect())
}

/// Applies the plan; the first signal ends it in order, the second one at once.
async fn carry_out(
    invocation: &Invocation<'_>,
    service: &Service,
    (surveyed, refused): (&Surveyed, &BTreeMap<usize, String>),
    options: &args::Apply,
) -> Vec<Outcome> {
    let plan = &surveyed.plan;
    let there: HashSet<(&str, &str)> =
        surveyed.live.iter().map(|live| (live.section, live.id.as_str())).collect();
    let progress = Arc::new(Progress::start(invocation.common.shows_no_progress()));
    service.log.go_on_with(progress.clone());
    let (stop, teller, quiet) = (service.stop.clone(), progress.clone(), invocation.common.quiet);
    let stopping = invocation.worded(Severity::Info, STOPPING).into_owned();
    let listener = tokio::spawn(async move {
        signalled().await;
        // Nobody listens any more where apply is over.
        let _ = stop.send(true);
        if !quiet {
            teller.say(&stopping);
        }
        signalled().await;
        std::process::exit(i32::from(Exit::Incomplete as u8));
    });
    let keys_refused = service.keys_refused(&written(plan));
    let options = Options {
        force: options.force,
        patience: invocation.common.patience(),
        listed: surveyed.listed.into(),
        was_there: &|section, id| there.contains(&(section, id)),
        stop: &service.stop,
        compare: &not_kept,
        refused,
        keys_refused: &keys_refused,
        secret: &|name| service.secrets.value(name),
    };
    let worded = |text: &str| invocation.worded(Severity::Info, text).into_owned();
    let watch = Costly::new((plan, service), &progress, &worded, quiet);
    let outcomes = apply::apply(plan, &service.client, &options, &watch).await;
    cost::remember(service);
    listener.abort();
    progress.end();
    outcomes
}

/// The kinds that a plan writes.
fn written(plan: &Plan) -> Vec<&'static Kind> {
    let is_written = |kind: &&'static Kind| plan.changes.iter().any(|change| change.kind == kind.name);
    KINDS.into_iter().filter(is_written).collect()
}

/// Finds the lines of the fields that refusals name.
fn locate_fields(outcomes: &mut [Outcome], sources: &Sources) {
    let mut locator = Locator::new(sources);
    for outcome in outcomes {
        let Status::Failed { pointer: Some(pointer), .. } = &outcome.status else { continue };
        // A saved plan knows the definition's line, and nothing of its layers.
        let Some(origin) = outcome.origin.as_ref().filter(|origin| !origin.layers.is_empty()) else {
            continue;
        };
        let at = locator.locate_in(origin, pointer);
        outcome.field = Some(locator.locate(&at).position());
    }
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
    // Nearly always all of it is.
    if glance::equal_values(kind, sent, got) {
        debug_assert!(lost(kind, sent, got).is_empty(), "kept at first sight, and not kept: {sent} {got}");
        return Vec::new();
    }
    lost(kind, sent, got)
}

fn lost(kind: &Kind, sent: &Value, got: &Value) -> Vec<FieldChange> {
    let bare = |body: &Value| {
        let mut body = body.clone();
        mark::strip(kind, &mut body);
        body
    };
    let (sent, got) = (bare(sent), bare(got));
    let (sent, got) = blinded(&sent, &got);
    let aligned = canon::align(kind, &sent, &got);
    diff(&aligned.live, &aligned.desired)
}

/// Writes `--report FILE`.
fn report(
    invocation: &Invocation<'_>,
    options: &args::Apply,
    plan: &Plan,
    outcomes: &[Outcome],
) -> anyhow::Result<()> {
    let Some(path) = &options.report else { return Ok(()) };
    let mut text = Vec::new();
    outcome::write_report(plan, outcomes, invocation.telemetry.trace(), &mut text)?;
    invocation.deliver(path, &hidden::shown_bytes(&text), Speech::Json)
}
