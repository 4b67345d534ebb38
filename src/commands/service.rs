//! The service that a command works with: set up, asked, and its refusals explained.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::declared::Declared;
use super::log::Log;
use super::{Connection, Invocation, Secrets};
use crate::client::{self, Client, Fault, Listed, Listing, Refusal, Unlisted, Wanted};
use crate::config::Scope;
use crate::fill::{answer, known_of};
use crate::kind::{self, Kind, ORDER, Part};
use crate::limit::{Pace, Paced};
use crate::mark;
use crate::matching::key_of;
use crate::model::{Address, Attribute, Known, Live, Owner, Reference, Resource, count};
use crate::render::progress::Progress;
use crate::telemetry::Telemetry;

/// An API at work for one command.
pub struct Service {
    pub client: Arc<Client>,
    pub paced: Arc<Paced>,
    pub log: Arc<Log>,
    telemetry: Arc<Telemetry>,
    /// True: nothing more is sent.
    pub stop: watch::Sender<bool>,
    pub site: String,
    pub secrets: Secrets,
    variables: Vec<String>,
}

/// Keys that were asked for, with their sections.
type Keys = BTreeSet<(&'static str, String)>;

/// What the service is asked first, on its way.
pub struct Asked {
    pub listing: Listing,
    pub organisation: JoinHandle<Result<Option<client::Organisation>, Refusal>>,
    pub at: Instant,
}

/// Gets ready to talk to the environment's API.
pub fn service(
    invocation: &Invocation<'_>,
    declared: &Declared,
    progress: &Arc<Progress>,
) -> anyhow::Result<Service> {
    let Connection { wire, site, web, cache, variables, secrets } =
        (invocation.connect)(&declared.config, &declared.scope, invocation.common.no_cache)?;
    let (stop, stopped) = watch::channel(false);
    let concurrency = invocation.common.concurrency.map(usize::from);
    let pace = Pace { concurrency, patience: invocation.common.patience(), ..Pace::default() };
    let log = Arc::new(Log::new(progress.clone(), invocation.common, Arc::clone(invocation.telemetry)));
    let paced = Arc::new(Paced::new(wire, pace, stopped, Some(log.clone())));
    let client = Arc::new(Client::new(paced.clone(), &web, cache));
    let telemetry = Arc::clone(invocation.telemetry);
    Ok(Service { client, paced, log, telemetry, stop, site, secrets, variables })
}

impl Service {
    /// All objects of the owner, of all kinds in use, and those that `$id` names.
    pub async fn live(&self, declared: &Declared) -> anyhow::Result<Vec<Live>> {
        self.live_of(&declared.kinds, declared).await
    }

    /// The same, of these kinds.
    pub async fn live_of(&self, kinds: &[&'static Kind], declared: &Declared) -> anyhow::Result<Vec<Live>> {
        self.telemetry.lists_begin();
        Ok(self.listed(kinds, declared, self.client.ask(kinds, Some(&declared.scope.owner))).await?.live)
    }

    /// The same, where the first pages have been asked for.
    pub async fn listed(
        &self,
        kinds: &[&'static Kind],
        declared: &Declared,
        listing: Listing,
    ) -> anyhow::Result<Listed> {
        let mut wanted =
            Wanted { kinds: kinds.to_vec(), owner: Some(&declared.scope.owner), ..Wanted::default() };
        let whole = is_parted(declared);
        wanted.whole = Some(&whole);
        let mut adopted: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        for kind in kinds {
            let of_kind =
                declared.resources.iter().filter(|resource| resource.address.section() == kind.section);
            let count = of_kind.clone().count();
            wanted.declared.insert(kind.section, count);
            // What nobody asks for by name may stay unseen.
            if count == 0 && !declared.config.names(kind) {
                wanted.optional.insert(kind.section);
            }
            let is_order =
                |r: &&Resource| r.address.section() == ORDER.section && r.address.id() == kind.section;
            if declared.resources.iter().any(|resource| is_order(&resource)) {
                wanted.ordered.insert(kind.section);
            }
            adopted
                .entry(kind.section)
                .or_default()
                .extend(of_kind.filter_map(|r| r.directives.adopt.clone()));
        }
        wanted.adopted = adopted;
        let hints = |reference: &Reference| match reference.attribute {
            Attribute::Id => self.client.seen_last(reference.target.section(), reference.target.id()),
            Attribute::Url | Attribute::Alert => None,
        };
        let mut asked = Keys::default();
        // By what references stood for when last seen: one round trip where they still do.
        let at_once = self.by_keys(declared, self.keys(kinds, declared, &hints, &mut asked));
        // Of none nothing is asked.
        let of_none = declared.scope.former.is_empty();
        let of_former =
            self.client.of_owners(if of_none { &[] } else { kinds }, &declared.scope.former, &whole);
        let (own, former, by_key) = tokio::join!(self.client.finish(listing, &wanted), of_former, at_once);
        self.telemetry.lists_end();
        let mut listed = own.map_err(|failed| self.no_list(kinds, failed))?;
        let marked = listed.live.iter().filter_map(|live| {
            let mark = live.mark.as_ref().filter(|mark| mark.owner == declared.scope.owner)?;
            Some((Address::new(live.section, &mark.id), known_of(live)))
        });
        let known: BTreeMap<Address, Known> = marked.collect();
        let keys = self.keys(kinds, declared, &|reference| answer(&known, reference), &mut asked);
        let later = self.by_keys(declared, keys).await?;
        listed.live.extend(by_key?.into_iter().chain(later));
        let known: BTreeSet<(&str, String)> =
            listed.live.iter().map(|live| (live.section, live.id.clone())).collect();
        let former = former.map_err(|refusal| self.no_list(kinds, refusal.into()))?;
        listed
            .live
            .extend(former.into_iter().filter(|live| !known.contains(&(live.section, live.id.clone()))));
        Ok(listed)
    }

    /// The keys that are declared of kinds that no list shows, as far as they are known, without those that were asked
    /// for before.
    fn keys(
        &self,
        kinds: &[&'static Kind],
        declared: &Declared,
        known: &dyn Fn(&Reference) -> Option<String>,
        asked: &mut Keys,
    ) -> BTreeMap<&'static str, BTreeSet<String>> {
        let mut keys: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        for resource in &declared.resources {
            let kind =
                kinds.iter().find(|kind| kind.section == resource.address.section() && !kind.is_listed());
            let Some(kind) = kind else { continue };
            let directives = &resource.directives;
            let key = key_of(kind, resource).map(|key| Reference::fill(&key, known));
            for key in key.into_iter().chain(directives.old_keys.clone()).chain(directives.adopt.clone()) {
                if !key.contains(Reference::OPEN) && asked.insert((kind.section, key.clone())) {
                    keys.entry(kind.section).or_default().insert(key);
                }
            }
        }
        keys
    }

    /// What is there under these keys.
    async fn by_keys(
        &self,
        declared: &Declared,
        keys: BTreeMap<&'static str, BTreeSet<String>>,
    ) -> anyhow::Result<Vec<Live>> {
        let kinds = keys.into_iter().filter_map(|(section, keys)| Some((kind::of_section(section)?, keys)));
        let asked = kinds.map(|(kind, keys)| async move { (kind, self.client.by_keys(kind, &keys).await) });
        let mut live = Vec::new();
        for (kind, found) in futures_util::future::join_all(asked).await {
            let found = found.and_then(|found| match found.unread.into_iter().next() {
                Some((_, refusal)) => Err(refusal),
                None => Ok(found.live),
            });
            live.extend(
                found.map_err(|refusal| {
                    self.no_list(&declared.kinds, Unlisted { kinds: vec![kind], refusal })
                })?,
            );
        }
        Ok(live)
    }

    /// Asks whose keys these are, and doesn't wait.
    pub fn ask_whose(&self) -> JoinHandle<Result<Option<client::Organisation>, Refusal>> {
        let client = Arc::clone(&self.client);
        tokio::spawn(async move { client.organisation().await })
    }

    /// Asks for all that a survey needs to know, and doesn't wait.
    pub fn ask(&self, kinds: &[&'static Kind], owner: &Owner) -> Asked {
        let organisation = self.ask_whose();
        self.telemetry.lists_begin();
        Asked { listing: self.client.ask(kinds, Some(owner)), organisation, at: Instant::now() }
    }

    /// With `-v`, what went over the wire.
    pub fn tell_counts(&self, invocation: &Invocation<'_>) -> anyhow::Result<()> {
        let counts = self.paced.counts();
        let number = |number: u64| count(usize::try_from(number).unwrap_or(usize::MAX));
        if invocation.common.verbose == 0 {
            return Ok(());
        }
        invocation.say(&format!(
            "{} requests, {} of them repeats, {} answered by 429",
            number(counts.requests),
            number(counts.retries),
            number(counts.limited)
        ))
    }

    /// A refusal, with what to do about it.
    pub fn explain(&self, kinds: &[&'static Kind], refusal: Refusal) -> anyhow::Error {
        let (fault, blames_keys) = (refusal.fault.clone(), self.client.blames_keys(&refusal.fault));
        let error = anyhow::Error::new(refusal);
        match fault {
            _ if blames_keys => error.context(self.keys_refused(kinds)),
            Fault::Forbidden => {
                let lacking = match &scopes(kinds)[..] {
                    "" => String::new(),
                    scopes => format!(", or the keys lack one of the scopes {scopes}"),
                };
                error.context(format!(
                    "the keys of {} serve otherwise, but not for this: it may be restricted to others{lacking}",
                    self.variables.join(" and "),
                ))
            }
            Fault::Unreachable => error.context(format!(
                "{} can't be reached. Check the environment's `site` in musher.yaml (or DD_SITE, DATADOG_HOST), \
                 the network, and HTTPS_PROXY where there is a proxy",
                self.site
            )),
            _ => error,
        }
    }

    /// A refusal of a list.
    pub fn no_list(&self, kinds: &[&'static Kind], failed: Unlisted) -> anyhow::Error {
        let refusal = failed.refusal;
        match refusal.fault {
            Fault::Forbidden if (1..kinds.len()).contains(&failed.kinds.len()) => {
                let lacks = |kind: &&Kind| format!("{} (`{}`)", kind.section, kind.api.read.join("`, `"));
                let lacking: Vec<String> = failed.kinds.iter().map(lacks).collect();
                anyhow::Error::new(refusal).context(format!(
                    "The key of {} lacks the permission to list {}: give it that, or take what it may not see \
                     out of the project",
                    self.variables.join(" and "),
                    lacking.join(", "),
                ))
            }
            Fault::Unauthorized | Fault::Forbidden | Fault::Unreachable => self.explain(kinds, refusal),
            _ => anyhow::Error::new(refusal).context(format!("{} gives no list of what is live", self.site)),
        }
    }

    /// What to do where the service doesn't take the keys for what is done with these kinds.
    pub fn keys_refused(&self, kinds: &[&'static Kind]) -> String {
        let scopes = match &scopes(kinds)[..] {
            "" => String::new(),
            scopes => format!(", and need the scopes {scopes}"),
        };
        let variables = self.variables.join(" and ");
        format!("{} refuses the keys of {variables}: they must belong to this site{scopes}", self.site)
    }
}

/// Whether something declares this part of a live object.
fn is_parted(declared: &Declared) -> impl Fn(&Kind, &Part, &Value) -> bool + Sync + '_ {
    let parted = parted(&declared.resources);
    move |kind, part, body| {
        let names = names(kind, &declared.scope, body);
        names.into_iter().any(|name| parted.contains(&(kind.section, part.field, name)))
    }
}

/// All that a definition may know a live object by: its key, the id in its mark, its own id.
fn names(kind: &Kind, scope: &Scope, body: &Value) -> Vec<String> {
    let is_ours = |owner: &Owner| *owner == scope.owner || scope.former.contains(owner);
    let mark = mark::read_as(kind, body, &scope.owner).filter(|mark| is_ours(&mark.owner));
    let text = |id: &Value| id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    let names = [mark::key(kind, body).map(str::to_owned), mark.map(|mark| mark.id)];
    names.into_iter().chain([body.get(kind.api.id.at).map(text)]).flatten().collect()
}

/// What declares a part: the section, the part's field, and each name by which the live object may be known. Parts that
/// nobody declares are not asked for.
fn parted(resources: &[Resource]) -> BTreeSet<(&'static str, &'static str, String)> {
    let mut parted = BTreeSet::new();
    for resource in resources {
        let Some(kind) = kind::of_section(resource.address.section()) else { continue };
        for part in kind.api.parts.iter().filter(|part| resource.body.get(part.field).is_some()) {
            let directives = &resource.directives;
            let ids = directives.moved_from.iter().chain([&resource.address]);
            let own = match kind.is_keyed() {
                true => key_of(kind, resource).into_iter().collect(),
                false => ids.map(|address| address.id().to_owned()).collect::<Vec<_>>(),
            };
            let names =
                own.into_iter().chain(directives.old_keys.iter().cloned()).chain(directives.adopt.clone());
            parted.extend(names.map(|name| (kind.section, part.field, name)));
        }
    }
    parted
}

/// The scopes that keys need for these kinds.
fn scopes(kinds: &[&'static Kind]) -> String {
    let scopes = kinds.iter().flat_map(|kind| kind.api.read.iter().chain(kind.api.write));
    scopes.copied().collect::<Vec<_>>().join(", ")
}
