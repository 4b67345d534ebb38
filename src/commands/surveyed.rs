//! The live side beside the declared one, and the plan between them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use tokio::sync::watch;

use super::declared::{Declared, tell};
use super::log::Log;
use super::{Connection, Desk, Told};
use crate::brake::Organisation;
use crate::client::{Client, Fault, Refusal, Wanted};
use crate::diagnostic::has_errors;
use crate::kind::{KINDS, Kind};
use crate::limit::{Pace, Paced};
use crate::model::{Live, Plan};
use crate::plan::{Inputs, plan};
use crate::render::progress::Progress;

/// An API at work for one command.
pub struct Service {
    pub client: Client,
    pub paced: Arc<Paced>,
    pub log: Arc<Log>,
    /// True: nothing more is sent.
    pub stop: watch::Sender<bool>,
    pub site: String,
    variables: Vec<String>,
}

/// What is live, and what apply would do.
pub struct Surveyed {
    pub plan: Plan,
    pub live: Vec<Live>,
    pub organisation: Option<Organisation>,
    /// When the live objects were asked for.
    pub listed: Instant,
}

/// Gets ready to talk to the environment's API.
pub fn service(desk: &Desk<'_>, declared: &Declared, progress: &Arc<Progress>) -> anyhow::Result<Service> {
    let Connection { wire, site, web, cache, variables } =
        (desk.connect)(&declared.config, &declared.scope, desk.common.no_cache)?;
    let (stop, stopped) = watch::channel(false);
    let concurrency = desk.common.concurrency.map(usize::from);
    let pace = Pace { concurrency, patience: desk.common.patience(), ..Pace::default() };
    let log = Arc::new(Log::new(progress.clone(), desk.common.verbose));
    let paced = Arc::new(Paced::new(wire, pace, stopped, Some(log.clone())));
    let client = Client::new(paced.clone(), &web, cache);
    Ok(Service { client, paced, log, stop, site, variables })
}

impl Service {
    /// All objects of the owner, of all kinds, and those that `$id` names.
    pub async fn live(&self, declared: &Declared) -> anyhow::Result<Vec<Live>> {
        self.live_of(&KINDS, declared).await
    }

    /// The same, of these kinds.
    pub async fn live_of(&self, kinds: &[&'static Kind], declared: &Declared) -> anyhow::Result<Vec<Live>> {
        let mut wanted =
            Wanted { kinds: kinds.to_vec(), owner: Some(&declared.scope.owner), ..Wanted::default() };
        let mut adopted: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        for kind in kinds {
            let of_kind =
                declared.resources.iter().filter(|resource| resource.address.section() == kind.section);
            wanted.declared.insert(kind.section, of_kind.clone().count());
            adopted
                .entry(kind.section)
                .or_default()
                .extend(of_kind.filter_map(|r| r.directives.adopt.clone()));
        }
        wanted.adopted = adopted;
        self.client.list(&wanted).await.map_err(|refusal| self.explain(refusal))
    }

    /// With `-v`, what went over the wire.
    pub fn tell_counts(&self, desk: &Desk<'_>) -> anyhow::Result<()> {
        let counts = self.paced.counts();
        if desk.common.verbose == 0 {
            return Ok(());
        }
        desk.say(&format!(
            "{} requests, {} of them repeats, {} answered by 429",
            counts.requests, counts.retries, counts.limited
        ))
    }

    /// A refusal, with what to do about it.
    pub fn explain(&self, refusal: Refusal) -> anyhow::Error {
        let fault = refusal.fault;
        let error = anyhow::Error::new(refusal);
        match fault {
            Fault::Forbidden => error.context(self.keys_refused()),
            Fault::Unreachable => error.context(format!(
                "{} can't be reached. Check the environment's `site` in musher.yaml (or DD_SITE, DATADOG_HOST), \
                 the network, and HTTPS_PROXY where there is a proxy",
                self.site
            )),
            _ => error.context(format!("{} gives no list of what is live", self.site)),
        }
    }

    /// What to do where the service doesn't take the keys.
    pub fn keys_refused(&self) -> String {
        let scopes: Vec<&str> = KINDS.iter().flat_map(|kind| kind.scopes).copied().collect();
        format!(
            "{} refuses the keys of {}: they must belong to this site, and need the scopes {}",
            self.site,
            self.variables.join(" and "),
            scopes.join(", "),
        )
    }
}

/// Lists what is live and plans. What there is to say beside the plan is told; an error ends the command.
pub async fn survey(desk: &Desk<'_>, declared: &Declared, service: &Service) -> anyhow::Result<Surveyed> {
    let listed = Instant::now();
    let (live, organisation) = tokio::join!(service.live(declared), service.client.organisation());
    let live = live?;
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
    };
    let (plan, diagnostics) = plan(&inputs);
    tell(desk, &diagnostics, &declared.sources).context("nothing can be told")?;
    if has_errors(&diagnostics) {
        return Err(Told.into());
    }
    Ok(Surveyed { plan, live, organisation, listed })
}
