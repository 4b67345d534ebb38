//! The live side beside the declared one, and the plan between them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::task::JoinHandle;

use super::declared::{Declared, bare, declare_strictly, deny, report};
use super::narrow::{self, Narrow};
use super::service::{Asked, Service, service};
use super::{AlreadyReported, Invocation};
use crate::brake::Organisation;
use crate::client::{self, Listed, Look, Refusal, Seen};
use crate::config::Target;
use crate::diagnostic::{Diagnostic, Sources, has_errors};
use crate::hidden::{self, show_value};
use crate::kind::{self, Kind};
use crate::model::{Live, Plan, Warning};
use crate::owner;
use crate::plan::{Inputs, plan};
use crate::render::progress::Progress;
use crate::source::locate::Locator;
use crate::twin::{self, Probe, Sight};

/// How long a plan waits for the name of an organisation that it is not held to.
const NAMING: Duration = Duration::from_secs(2);

/// What is live, and what apply would do.
pub struct Surveyed {
    pub plan: Plan,
    pub live: Vec<Live>,
    pub organisation: Option<Organisation>,
    /// When the live objects were asked for.
    pub listed: Instant,
    /// Warnings are errors in this run, and there are some of what is live.
    pub denied: bool,
}

/// Reads what is declared while the service is asked what is live: neither waits for the other.
pub async fn declare_and_survey(
    invocation: &Invocation<'_>,
    deny_warnings: bool,
) -> anyhow::Result<(Declared, Service, Surveyed)> {
    let bare = bare(invocation)?;
    // Until the files are read there is nothing to show: what is wrong with them comes first.
    let silent = Arc::new(Progress::start(true));
    let ask = |declared: &Declared| {
        let service = service(invocation, declared, &silent)?;
        let asked = service.ask(&declared.kinds, &declared.scope.owner);
        anyhow::Ok((service, asked))
    };
    let sound = bare.declared.as_ref().filter(|_| !has_errors(&bare.diagnostics));
    // The sandbox in this process writes its state when it is opened: not for definitions that are wrong.
    let served = sound.filter(|declared| declared.environment().target != Target::Sandbox);
    let asked = served.map(ask);
    let declared = declare_strictly(invocation, bare, deny_warnings)?;
    let (service, asked) = asked.unwrap_or_else(|| ask(&declared))?;
    let progress = Arc::new(Progress::start(invocation.common.shows_no_progress()));
    service.log.go_on_with(Arc::clone(&progress));
    let surveyed = survey(invocation, &declared, &service, (asked, deny_warnings)).await?;
    progress.end();
    Ok((declared, service, surveyed))
}

/// The same for a plan of which `--only` may name single resources: no more is asked for than they need, where that is
/// enough.
pub async fn declare_and_survey_some(
    invocation: &Invocation<'_>,
    deny_warnings: bool,
) -> anyhow::Result<(Declared, Service, Surveyed)> {
    if !narrow::is_single(&invocation.common.only) {
        return declare_and_survey(invocation, deny_warnings).await;
    }
    let declared = declare_strictly(invocation, bare(invocation)?, deny_warnings)?;
    let progress = Arc::new(Progress::start(invocation.common.shows_no_progress()));
    let service = service(invocation, &declared, &progress)?;
    let surveyed = survey_some(invocation, &declared, &service, deny_warnings).await?;
    progress.end();
    Ok((declared, service, surveyed))
}

/// Plans with as little as is enough.
pub async fn survey_some(
    invocation: &Invocation<'_>,
    declared: &Declared,
    service: &Service,
    deny_warnings: bool,
) -> anyhow::Result<Surveyed> {
    if let Some(narrow) = Narrow::of(declared) {
        let listed = Instant::now();
        let asked = service.ask_whose();
        let named = declared.environment().org;
        let organisation = whose(service, asked, (named.as_deref(), listed));
        let (live, organisation) = tokio::join!(narrow.live(service, declared), organisation);
        let (live, organisation) = (live?, organisation?);
        let name = organisation.as_ref().map(|organisation| organisation.name.as_str());
        let planned = live.and_then(|live| Some((narrow.plan(service, declared, &live, name)?, live)));
        if let Some(((plan, diagnostics), live)) = planned {
            let made = Made { plan, live, organisation, listed };
            return conclude(invocation, declared, made, diagnostics, deny_warnings);
        }
    }
    let asked = service.ask(&declared.kinds, &declared.scope.owner);
    survey(invocation, declared, service, (asked, deny_warnings)).await
}

/// A plan and what it was made from.
struct Made {
    plan: Plan,
    live: Vec<Live>,
    organisation: Option<Organisation>,
    listed: Instant,
}

/// Whose keys these are. Where the environment names no organisation nothing waits for its name; else it must be
/// known, or it is known that the keys may not read it, which is for the brake to judge.
async fn whose(
    service: &Service,
    asked: JoinHandle<Result<Option<client::Organisation>, Refusal>>,
    (named, since): (Option<&str>, Instant),
) -> anyhow::Result<Option<Organisation>> {
    let dropped = "the question for the organisation was dropped";
    let ours = |found: client::Organisation| Organisation { name: found.name, public_id: found.public_id };
    let Some(named) = named else {
        let stop = asked.abort_handle();
        let Ok(answer) = tokio::time::timeout_at((since + NAMING).into(), asked).await else {
            stop.abort();
            return Ok(None);
        };
        return Ok(answer.context(dropped)?.ok().flatten().map(ours));
    };
    let answer = asked.await.context(dropped)?;
    let context = || {
        format!(
            "the environment names the organisation `{named}`, and {} doesn't tell whose the keys are",
            service.site
        )
    };
    Ok(answer.map_err(|refusal| service.explain(&[], refusal).context(context()))?.map(ours))
}

/// Takes keys out of what a plan shows; what it sends stays. Before anything is compared word by word, which would take
/// a key to pieces.
fn show_no_keys(plan: &mut Plan) {
    for change in &mut plan.changes {
        change
            .diff
            .iter_mut()
            .flat_map(|field| [&mut field.before, &mut field.after])
            .flatten()
            .for_each(show_value);
        for risk in &mut change.risks {
            risk.text = hidden::shown(&risk.text).into_owned();
        }
    }
}

/// Plans with what was asked for. What there is to say beside the plan is reported; an error ends the command.
pub async fn survey(
    invocation: &Invocation<'_>,
    declared: &Declared,
    service: &Service,
    (asked, deny_warnings): (Asked, bool),
) -> anyhow::Result<Surveyed> {
    let Asked { listing, organisation, at: listed } = asked;
    let named = declared.environment().org;
    let organisation = whose(service, organisation, (named.as_deref(), listed));
    let (live, organisation) = tokio::join!(service.listed(&declared.kinds, declared, listing), organisation);
    let (Listed { live, refused, .. }, organisation) = (live?, organisation?);
    let inputs = Inputs {
        scope: &declared.scope,
        site: &service.site,
        organisation: organisation.as_ref().map(|organisation| organisation.name.as_str()),
        now: jiff::Timestamp::now(),
        resources: &declared.resources,
        forgotten: &declared.forgotten,
        live: &live,
        unlisted: &refused,
        selected: &|address| declared.selects(address),
        seen_last: &|section, id| service.client.seen_last(section, id),
    };
    let stage = invocation.telemetry.stage("diff");
    let (mut plan, mut diagnostics) = plan(&inputs);
    drop(stage);
    if !has_errors(&diagnostics) {
        let _stage = invocation.telemetry.stage_of_requests("look again");
        diagnostics.extend(look_again(service, declared, &live, &mut plan).await?);
    }
    conclude(invocation, declared, Made { plan, live, organisation, listed }, diagnostics, deny_warnings)
}

/// What there is to say beside the plan is reported; an error ends the command.
fn conclude(
    invocation: &Invocation<'_>,
    declared: &Declared,
    made: Made,
    mut diagnostics: Vec<Diagnostic>,
    deny_warnings: bool,
) -> anyhow::Result<Surveyed> {
    let Made { mut plan, live, organisation, listed } = made;
    diagnostics.extend(declared.idle_only(&live));
    show_no_keys(&mut plan);
    plan.notes.only = declared.only.texts().to_vec();
    plan.notes.warnings = warnings(declared.warnings.iter().chain(&diagnostics), &declared.sources);
    invocation.telemetry.planned(&plan);
    let wrong = has_errors(&diagnostics);
    let denied = deny_warnings && !diagnostics.is_empty();
    if denied {
        deny(&mut diagnostics);
    }
    report(invocation, &diagnostics, &declared.sources).context("nothing can be reported")?;
    if wrong {
        return Err(AlreadyReported.into());
    }
    Ok(Surveyed { plan, live, organisation, listed, denied })
}

/// Warnings as a plan holds them: with their places looked up, sorted, each once.
pub fn warnings<'a>(reported: impl Iterator<Item = &'a Diagnostic>, sources: &Sources) -> Vec<Warning> {
    let mut locator = Locator::new(sources);
    let mut warnings: Vec<Warning> = reported
        .map(|reported| Warning {
            code: reported.code,
            text: reported.text.clone(),
            position: reported.at.as_ref().map(|at| locator.locate(at).position()),
        })
        .collect();
    warnings.sort_by(|a, b| (&a.position, a.code, &a.text).cmp(&(&b.position, b.code, &b.text)));
    warnings.dedup();
    warnings
}

/// Before something is made: a second look at what is there. What it finds is reported as risks of the plan, or as
/// errors.
async fn look_again(
    service: &Service,
    declared: &Declared,
    live: &[Live],
    plan: &mut Plan,
) -> anyhow::Result<Vec<Diagnostic>> {
    let (owner, resources) = (&declared.scope.owner, &declared.resources[..]);
    let kinds: Vec<&'static Kind> = twin::sections(plan).into_iter().filter_map(kind::of_section).collect();
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let probe = Probe::new(plan, resources);
    let keep = Arc::new(move |live: &Live| probe.keeps(live));
    let look = Look { kinds, keep, ids: twin::ids(plan, resources) };
    let Seen { shown, recalled } = service
        .client
        .look_again(&look)
        .await
        .map_err(|refusal| service.no_list(&look.kinds, refusal.into()))?;
    if owner::is_asked(plan) {
        plan.questions.extend(owner::question(plan, &declared.config.owners(), &shown));
    }
    let sight = Sight { owner, resources, live, shown: &shown, recalled: &recalled };
    Ok(twin::judge(plan, &sight))
}
