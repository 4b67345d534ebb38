//! The service that a command works with: set up, asked, and its refusals explained.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::declared::Declared;
use super::log::Log;
use super::{Connection, Desk};
use crate::client::{self, Client, Fault, Listing, Refusal, Wanted};
use crate::kind::{KINDS, Kind};
use crate::limit::{Pace, Paced};
use crate::model::{Live, Owner, count};
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

/// What the service is asked first, on its way.
pub struct Asked {
    pub listing: Listing,
    pub organisation: JoinHandle<Result<Option<client::Organisation>, Refusal>>,
    pub at: Instant,
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
    pub async fn listed(
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
        let former = &declared.scope.former;
        let of_former = async {
            if former.is_empty() { Ok(Vec::new()) } else { self.client.of_owners(kinds, former).await }
        };
        let (own, former) = tokio::join!(self.client.finish(listing, &wanted), of_former);
        let mut live = own.map_err(|refusal| self.no_list(refusal))?;
        let listed: BTreeSet<(&str, String)> =
            live.iter().map(|live| (live.section, live.id.clone())).collect();
        let former = former.map_err(|refusal| self.no_list(refusal))?;
        live.extend(former.into_iter().filter(|live| !listed.contains(&(live.section, live.id.clone()))));
        Ok(live)
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
        let number = |number: u64| count(usize::try_from(number).unwrap_or(usize::MAX));
        if desk.common.verbose == 0 {
            return Ok(());
        }
        desk.say(&format!(
            "{} requests, {} of them repeats, {} answered by 429",
            number(counts.requests),
            number(counts.retries),
            number(counts.limited)
        ))
    }

    /// A refusal, with what to do about it.
    pub fn explain(&self, refusal: Refusal) -> anyhow::Error {
        let (fault, blames_keys) = (refusal.fault, self.client.blames_keys(refusal.fault));
        let error = anyhow::Error::new(refusal);
        match fault {
            _ if blames_keys => error.context(self.keys_refused()),
            Fault::Forbidden => error.context(format!(
                "the keys of {} serve otherwise, but not for this: it may be restricted to others, or the keys lack one \
                 of the scopes {}",
                self.variables.join(" and "),
                scopes(),
            )),
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
            Fault::Unauthorized | Fault::Forbidden | Fault::Unreachable => self.explain(refusal),
            _ => anyhow::Error::new(refusal).context(format!("{} gives no list of what is live", self.site)),
        }
    }

    /// What to do where the service doesn't take the keys.
    pub fn keys_refused(&self) -> String {
        format!(
            "{} refuses the keys of {}: they must belong to this site, and need the scopes {}",
            self.site,
            self.variables.join(" and "),
            scopes(),
        )
    }
}

/// All that the keys need.
fn scopes() -> String {
    let scopes: Vec<&str> = KINDS.iter().flat_map(|kind| kind.scopes).copied().collect();
    scopes.join(", ")
}
