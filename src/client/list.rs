//! All objects of a kind: pages asked for at once, and whole bodies where a list shows summaries only.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;

use super::refusal::{Fault, Refusal};
use super::{Client, answer, call, live_of, request};
use crate::kind::{Kind, Paging};
use crate::mark;
use crate::model::{Live, Owner};
use crate::wire::{Method, Request, Wire};

/// Pages asked for at once, at most.
const PAGES_AT_ONCE: usize = 64;
/// A list of more pages than that has no end: half a million objects, which memory must hold.
const MOST_PAGES: usize = 500;

/// What a list is to hold.
#[derive(Clone, Default)]
pub struct Wanted<'a> {
    pub kinds: Vec<&'static Kind>,
    /// Only objects with this owner's mark; absent: everybody's.
    pub owner: Option<&'a Owner>,
    /// How many resources of a section are declared: a guess at the number of pages.
    pub declared: BTreeMap<&'static str, usize>,
    /// Ids (`$id`) by section that are wanted whatever mark they bear. Those that are gone are left out.
    pub adopted: BTreeMap<&'static str, BTreeSet<String>>,
    /// Of the others only those whose item of the list passes; no body is asked for in vain.
    pub filter: Option<Filter<'a>>,
}

/// Judges an object as a list shows it.
pub type Filter<'a> = &'a (dyn Fn(&Kind, &Value) -> bool + Sync);

impl Wanted<'_> {
    fn adopts(&self, kind: &Kind, id: &str) -> bool {
        self.adopted.get(kind.section).is_some_and(|ids| ids.contains(id))
    }
}

/// Lists whose first pages are on their way.
pub struct Listing {
    lists: Vec<Pages>,
}

impl Client {
    /// Lists all kinds at once. The objects come by kind, in the service's order.
    pub async fn list(&self, wanted: &Wanted<'_>) -> Result<Vec<Live>, Refusal> {
        self.finish(self.ask(&wanted.kinds, wanted.owner), wanted).await
    }

    /// Asks for the first pages of all kinds, as many as the last run met, and doesn't wait: what is declared may
    /// be read meanwhile.
    pub fn ask(&self, kinds: &[&'static Kind], owner: Option<&Owner>) -> Listing {
        let list = |kind: &&'static Kind| {
            let mut list = self.pages_of(kind, owner.map(mark::owner_tag));
            list.ask_for(self.cache().count(kind.section).unwrap_or_default());
            list
        };
        Listing { lists: kinds.iter().map(list).collect() }
    }

    /// The lists to their ends, as [`Client::list`] gives them. `wanted` names the kinds and the owner that were
    /// asked for.
    pub async fn finish(&self, mut listing: Listing, wanted: &Wanted<'_>) -> Result<Vec<Live>, Refusal> {
        for list in &mut listing.lists {
            list.ask_for(wanted.declared.get(list.kind.section).copied().unwrap_or_default());
        }
        let lists = listing.lists.into_iter().map(|list| self.finish_kind(list, wanted));
        let lists = futures_util::future::join_all(lists).await;
        // Keys that don't serve are the cause of whatever else went wrong.
        let forbidden = |list: &Result<_, Refusal>| list.as_ref().is_err_and(|r| r.fault == Fault::Forbidden);
        if let Some(at) = lists.iter().position(forbidden) {
            return lists.into_iter().nth(at).expect("bug: it was there");
        }
        let lives = lists.into_iter().collect::<Result<Vec<_>, _>>()?;
        // A cache that can't be written costs requests, nothing else.
        let _ = self.save_cache();
        Ok(lives.into_iter().flatten().collect())
    }

    async fn finish_kind(&self, list: Pages, wanted: &Wanted<'_>) -> Result<Vec<Live>, Refusal> {
        let kind = list.kind;
        let mut lives = list.all().await?;
        self.cache().set_count(kind.section, lives.len());

        let ours = |live: &Live| {
            wanted.owner.is_none_or(|owner| live.mark.as_ref().is_some_and(|mark| mark.owner == *owner))
                && wanted.filter.is_none_or(|filter| filter(kind, &live.body))
        };
        let mut missing: BTreeSet<&String> = wanted.adopted.get(kind.section).into_iter().flatten().collect();
        lives.retain(|live| {
            missing.remove(&live.id);
            ours(live) || wanted.adopts(kind, &live.id)
        });
        if kind.listing.summary.is_some() {
            let kept: BTreeSet<&str> = lives.iter().map(|live| live.id.as_str()).collect();
            self.cache().keep_only(kind.section, &|id| kept.contains(id));
            lives = self.whole(kind, &lives).await?;
        }
        // A list filtered by the owner's tag doesn't show what is to be adopted.
        lives.extend(self.get_all(kind, missing.into_iter().cloned().collect()).await?);
        // What a summary showed may have changed before its body was read.
        lives.retain(|live| ours(live) || wanted.adopts(kind, &live.id));
        Ok(lives)
    }

    pub(super) fn pages_of(&self, kind: &'static Kind, tag: Option<String>) -> Pages {
        let web = self.web.clone();
        Pages { kind, tag, wire: Arc::clone(&self.wire), web, asked: 0, tasks: JoinSet::new() }
    }

    /// The bodies behind summaries: from the cache, or read side by side.
    pub(super) async fn whole(&self, kind: &'static Kind, summaries: &[Live]) -> Result<Vec<Live>, Refusal> {
        let Some(summary) = kind.listing.summary else { return Ok(Vec::new()) };
        let mut bodies: BTreeMap<&str, Live> = BTreeMap::new();
        let mut missing = Vec::new();
        for Live { id, body: shown, .. } in summaries {
            let modified = shown.get(summary.modified).and_then(Value::as_str);
            let kept = modified.and_then(|modified| {
                let body = self.cache().get(kind.section, id, modified)?;
                let same = answer::id(kind, &body).as_ref() == Some(id)
                    && body.get(summary.modified).and_then(Value::as_str) == Some(modified)
                    && summary.shown.iter().all(|field| agrees(shown.get(field), body.get(field)));
                same.then_some(body)
            });
            match kept {
                Some(body) => {
                    bodies.insert(id, live_of(kind, &self.web, id.clone(), body));
                }
                None => missing.push(id.clone()),
            }
        }
        let fetched = self.get_all(kind, missing).await?;
        let mut fetched: BTreeMap<String, Live> =
            fetched.into_iter().map(|live| (live.id.clone(), live)).collect();
        Ok(summaries
            .iter()
            .filter_map(|live| bodies.remove(live.id.as_str()).or_else(|| fetched.remove(&live.id)))
            .collect())
    }

    /// These objects, read side by side; those that are gone are left out.
    async fn get_all(&self, kind: &'static Kind, ids: Vec<String>) -> Result<Vec<Live>, Refusal> {
        let requests: Result<Vec<_>, _> =
            ids.iter().map(|id| request(kind, Method::Get, Some(id), None)).collect();
        let read = move |request: &Request, value| answer::object(kind, request, value);
        let answers = side_by_side(&self.wire, requests?, read).await;
        let mut lives = Vec::new();
        for (id, body) in ids.into_iter().zip(answers) {
            match body {
                Ok(body) => lives.push(self.seen(kind, &id, body)?),
                Err(refusal) if refusal.fault == Fault::NotFound => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(lives)
    }
}

/// Whether a summary's field is that of a body. Both leave out what is empty, each in its own way.
fn agrees(shown: Option<&Value>, body: Option<&Value>) -> bool {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    shown.is_none() || text(shown) == text(body)
}

/// The pages of one list.
pub(super) struct Pages {
    kind: &'static Kind,
    /// What the list is filtered by, where the API can.
    tag: Option<String>,
    wire: Arc<dyn Wire>,
    web: String,
    asked: usize,
    /// By position of the page.
    tasks: JoinSet<(usize, Result<Vec<Live>, Refusal>)>,
}

impl Pages {
    /// Asks for the pages that so many items fill, and for the one behind them.
    pub(super) fn ask_for(&mut self, items: usize) {
        self.ask((items / self.kind.listing.page_size + 1).min(PAGES_AT_ONCE));
    }

    /// Asks for all pages up to this one, without those that were asked for already.
    fn ask(&mut self, until: usize) {
        while self.asked < until {
            let (kind, page, web) = (self.kind, self.asked, self.web.clone());
            let (wire, request) = (Arc::clone(&self.wire), page_request(kind, self.tag.as_deref(), page));
            self.tasks.spawn(async move {
                let answer = call(wire.as_ref(), &request).await;
                let items = answer.and_then(|answer| answer::items(kind, &request, answer));
                let live = |(id, body)| live_of(kind, &web, id, body);
                (page, items.map(|items| items.into_iter().map(live).collect()))
            });
            self.asked += 1;
        }
    }

    /// Every item of the list, each id once: an object that is made meanwhile shifts others to the next page.
    /// At least one page must have been asked for.
    pub(super) async fn all(mut self) -> Result<Vec<Live>, Refusal> {
        let size = self.kind.listing.page_size;
        let (mut items, mut seen) = (Vec::new(), HashSet::new());
        loop {
            let mut pages = Vec::new();
            while let Some(page) = self.tasks.join_next().await {
                pages.push(page.expect("bug: reading a page panicked"));
            }
            pages.sort_unstable_by_key(|(page, _)| *page);
            let before = items.len();
            let mut last = 0;
            for (_, page) in pages {
                let page = page?;
                last = page.len();
                items.extend(page.into_iter().filter(|live: &Live| seen.insert(live.id.clone())));
            }
            // A short page is the end. So is one with nothing new: not every list knows pages.
            if last < size || items.len() == before {
                return Ok(items);
            }
            if self.asked >= MOST_PAGES {
                let request = page_request(self.kind, self.tag.as_deref(), self.asked);
                return Err(Refusal::odd(&request, "the list has no end"));
            }
            self.ask(self.asked + self.asked.min(PAGES_AT_ONCE));
        }
    }
}

fn page_request(kind: &Kind, tag: Option<&str>, page: usize) -> Request {
    let listing = &kind.listing;
    let size = listing.page_size;
    let mut query: Vec<(String, String)> =
        listing.query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (position, at, limit) = match listing.paging {
        Paging::Number { page: name, size } => (name, page, size),
        Paging::Offset { offset, limit } => (offset, page * size, limit),
    };
    query.push((position.to_owned(), at.to_string()));
    query.push((limit.to_owned(), size.to_string()));
    if let (Some(name), Some(tag)) = (listing.tag_filter, tag) {
        query.push((name.to_owned(), tag.to_owned()));
    }
    Request { method: Method::Get, path: kind.path.to_owned(), query, body: None }
}

/// Sends all at once and reads the answers on all cores, in the order of the requests. How many are really on
/// their way is the wire's business.
async fn side_by_side<T: Send + 'static>(
    wire: &Arc<dyn Wire>,
    requests: Vec<Request>,
    read: impl Fn(&Request, Value) -> Result<T, Refusal> + Copy + Send + 'static,
) -> Vec<Result<T, Refusal>> {
    let mut tasks = JoinSet::new();
    for (at, request) in requests.into_iter().enumerate() {
        let wire = Arc::clone(wire);
        tasks.spawn(async move {
            let answer = call(wire.as_ref(), &request).await;
            (at, answer.and_then(|answer| read(&request, answer)))
        });
    }
    let mut answers: Vec<_> = tasks.join_all().await;
    answers.sort_unstable_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
