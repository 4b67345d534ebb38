//! The live side beside the declared one, and the plan between them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::declared::{Declared, bare, declare_strictly, tell};
use super::log::Log;
use super::{Connection, Desk, Told};
use crate::brake::Organisation;
use crate::client::{self, Client, Fault, Listing, Refusal, Wanted};
use crate::config::Target;
use crate::diagnostic::has_errors;
use crate::kind::{KINDS, Kind};
use crate::limit::{Pace, Paced};
use crate::model::{Live, Owner, Plan};
use crate::plan::{Inputs, plan};
use crate::render::progress::Progress;

/// An API at work for one command.
pub struct Service {
    pub client: Arc<Client>,
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

/// What the service is asked first, on its way.
pub struct Asked {
    listing: Listing,
    organisation: JoinHandle<Result<Option<client::Organisation>, Refusal>>,
    at: Instant,
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
    let client = Arc::new(Client::new(paced.clone(), &web, cache));
    Ok(Service { client, paced, log, stop, site, variables })
}

impl Service {
    /// All objects of the owner, of all kinds, and those that `$id` names.
    pub async fn live(&self, declared: &Declared) -> anyhow::Result<Vec<Live>> {
        self.live_of(&KINDS, declared).await
    }

    /// The same, of these kinds.
    pub async fn live_of(&self, kinds: &[&'static Kind], declared: &Declared) -> anyhow::Result<Vec<Live>> {
        self.listed(kinds, declared, self.client.ask(kinds, Some(&declared.scope.owner))).await
    }

    /// The same, where the first pages have been asked for.
    async fn listed(
        &self,
        kinds: &[&'static Kind],
        declared: &Declared,
        listing: Listing,
    ) -> anyhow::Result<Vec<Live>> {
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
        self.client.finish(listing, &wanted).await.map_err(|refusal| self.no_list(refusal))
    }

    /// Asks for all that a survey needs to know, and doesn't wait.
    pub fn ask(&self, owner: &Owner) -> Asked {
        let client = Arc::clone(&self.client);
        let organisation = tokio::spawn(async move { client.organisation().await });
        Asked { listing: self.client.ask(&KINDS, Some(owner)), organisation, at: Instant::now() }
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
            _ => error,
        }
    }

    /// A refusal of a list.
    pub fn no_list(&self, refusal: Refusal) -> anyhow::Error {
        match refusal.fault {
            Fault::Forbidden | Fault::Unreachable => self.explain(refusal),
            _ => anyhow::Error::new(refusal).context(format!("{} gives no list of what is live", self.site)),
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
    let (plan, diagnostics) = plan(&inputs);
    tell(desk, &diagnostics, &declared.sources).context("nothing can be told")?;
    if has_errors(&diagnostics) {
        return Err(Told.into());
    }
    Ok(Surveyed { plan, live, organisation, listed })
}
