//! The live side beside the declared one, and the plan between them.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;

use super::declared::{Declared, bare, declare_strictly, tell};
use super::service::{Asked, Service, service};
use super::{Desk, Told};
use crate::brake::Organisation;
use crate::config::Target;
use crate::diagnostic::has_errors;
use crate::kind::KINDS;
use crate::model::{Live, Plan};
use crate::owner;
use crate::plan::{Inputs, plan};
use crate::render::progress::Progress;

/// What is live, and what apply would do.
pub struct Surveyed {
    pub plan: Plan,
    pub live: Vec<Live>,
    pub organisation: Option<Organisation>,
    /// When the live objects were asked for.
    pub listed: Instant,
}

/// Reads what is declared while the service is asked what is live: neither waits for the other.
pub async fn declare_and_survey(
    desk: &Desk<'_>,
    deny_warnings: bool,
) -> anyhow::Result<(Declared, Service, Surveyed)> {
    let bare = bare(desk)?;
    // Until the files are read there is nothing to show: what is wrong with them comes first.
    let silent = Arc::new(Progress::start(true));
    let ask = |declared: &Declared| {
        let service = service(desk, declared, &silent)?;
        let asked = service.ask(&declared.scope.owner);
        anyhow::Ok((service, asked))
    };
    let sound = bare.declared.as_ref().filter(|_| !has_errors(&bare.diagnostics));
    // The sandbox in this process writes its state when it is opened: not for definitions that are wrong.
    let served = sound.filter(|declared| declared.environment().target != Target::Sandbox);
    let asked = served.map(ask);
    let declared = declare_strictly(desk, bare, deny_warnings)?;
    let (service, asked) = asked.unwrap_or_else(|| ask(&declared))?;
    let progress = Arc::new(Progress::start(desk.common.quiet));
    service.log.go_on_with(Arc::clone(&progress));
    let surveyed = survey(desk, &declared, &service, asked).await?;
    progress.end();
    Ok((declared, service, surveyed))
}

/// Plans with what was asked for. What there is to say beside the plan is told; an error ends the command.
pub async fn survey(
    desk: &Desk<'_>,
    declared: &Declared,
    service: &Service,
    asked: Asked,
) -> anyhow::Result<Surveyed> {
    let Asked { listing, organisation, at: listed } = asked;
    let (live, organisation) = tokio::join!(service.listed(&KINDS, declared, listing), organisation);
    let live = live?;
    let organisation = organisation.context("the question for the organisation was dropped")?;
    // Keys that may not read the organisation plan all the same.
    let organisation = organisation
        .ok()
        .flatten()
        .map(|found| Organisation { name: found.name, public_id: found.public_id });
    let inputs = Inputs {
        scope: &declared.scope,
        site: &service.site,
        organisation: organisation.as_ref().map(|organisation| organisation.name.as_str()),
        resources: &declared.resources,
        live: &live,
        selected: &|address| declared.selects(address),
        seen_last: &|_, _| None,
    };
    let (mut plan, diagnostics) = plan(&inputs);
    tell(desk, &diagnostics, &declared.sources).context("nothing can be told")?;
    if has_errors(&diagnostics) {
        return Err(Told.into());
    }
    if owner::is_asked(&plan) {
        let foreign = service.everybodys(&owner::sections(&plan)).await?;
        plan.questions.extend(owner::question(&plan, &declared.config.owners(), &foreign));
    }
    Ok(Surveyed { plan, live, organisation, listed })
}
