//! All objects of some kinds as a plan needs them: lists, and whole bodies where a list shows summaries only.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;

use super::answer;
use super::call::{Client, call_for, lacking, live_of, read_request, request};
use super::order::{alone, in_list};
use super::pages::{Pages, Until};
use super::part::Parts;
use super::refusal::{Fault, Refusal};
use super::shared::First;
use crate::kind::{Kind, Paging, ReadFrom};
use crate::mark;
use crate::model::{Live, Owner};
use crate::wire::{Method, Request, Wire};

/// What a list shows and a read doesn't find is read again after these pauses.
const READ_AGAIN: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// So many objects are looked for in the list of all, in so many pages for each time as many; fewer are read one by one.
const MANY: usize = 20;
const PAGES: usize = 4;

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
    /// Sections whose order is wanted, too.
    pub ordered: BTreeSet<&'static str>,
    /// Sections whose list may be refused: they are left out, and named.
    pub optional: BTreeSet<&'static str>,
    /// Of the others only those whose item of the list passes; no body is asked for in vain.
    pub filter: Option<Filter<'a>>,
    /// Those of which is read too what they hold at a second address; absent: all.
    pub whole: Option<Filter<'a>>,
}

/// Judges an object as a list shows it.
pub type Filter<'a> = &'a (dyn Fn(&Kind, &Value) -> bool + Sync);

impl Wanted<'_> {
    fn adopts(&self, kind: &Kind, id: &str) -> bool {
        self.adopted.get(kind.section).is_some_and(|ids| ids.contains(id))
    }
}

/// What lists hold.
#[derive(Debug, Default)]
pub struct Listed {
    /// By kind, in the service's order.
    pub live: Vec<Live>,
    /// The kinds that the keys may not list.
    pub refused: Vec<&'static Kind>,
    /// Objects that a list shows and that can't be read, by id.
    pub unread: Vec<(&'static Kind, String, Refusal)>,
}

/// Why there are no lists.
#[derive(Debug)]
pub struct Unlisted {
    /// The kinds whose lists failed so.
    pub kinds: Vec<&'static Kind>,
    pub refusal: Refusal,
}

impl From<Refusal> for Unlisted {
    fn from(refusal: Refusal) -> Self {
        Self { kinds: Vec::new(), refusal }
    }
}

/// Lists whose first pages are on their way.
pub struct Listing {
    lists: Vec<(Pages, Parts)>,
}

/// What one list holds: whole objects, and those that it shows and that can't be read.
#[derive(Default)]
pub(super) struct Bodies {
    pub(super) live: Vec<Live>,
    pub(super) unread: Vec<(String, Refusal)>,
}

impl Client {
    /// Lists all kinds at once. The objects come by kind, in the service's order; one that can't be read doesn't hide
    /// the others.
    pub async fn list(&self, wanted: &Wanted<'_>) -> Result<Listed, Unlisted> {
        self.finish_all(self.ask(&wanted.kinds, wanted.owner), wanted).await
    }

    /// Asks for the first pages of all kinds, as many as the last run met, and doesn't wait: what is declared may
    /// be read meanwhile.
    pub fn ask(&self, kinds: &[&'static Kind], owner: Option<&Owner>) -> Listing {
        let mut documents: BTreeMap<&'static str, First> = BTreeMap::new();
        let list = |kind: &&'static Kind| {
            let mut list = self.pages_of(kind, owner.map(mark::owner_tag));
            // Kinds of one document have one list.
            if let Some(path) = kind.api.list.path.filter(|_| kind.api.list.paging == Paging::Whole) {
                let request = list.first_request();
                let first = || First::new(Arc::clone(&self.wire), request);
                list = list.sharing(documents.entry(path).or_insert_with(first));
            }
            list.ask_for(self.cache().count(kind.section).unwrap_or_default());
            (list, self.ask_parts(kind))
        };
        Listing { lists: kinds.iter().filter(|kind| kind.is_listed()).map(list).collect() }
    }

    /// The lists to their ends. `wanted` names the kinds and the owner that were asked for. An object that can't be
    /// read is an error.
    pub async fn finish(&self, listing: Listing, wanted: &Wanted<'_>) -> Result<Listed, Unlisted> {
        let listed = self.finish_all(listing, wanted).await?;
        match listed.unread.first() {
            Some((_, _, refusal)) => Err(refusal.clone().into()),
            None => Ok(listed),
        }
    }

    async fn finish_all(&self, mut listing: Listing, wanted: &Wanted<'_>) -> Result<Listed, Unlisted> {
        for (list, _) in &mut listing.lists {
            list.ask_for(wanted.declared.get(list.kind.section).copied().unwrap_or_default());
        }
        let kinds: Vec<&'static Kind> = listing.lists.iter().map(|(list, _)| list.kind).collect();
        let lists = listing.lists.into_iter().map(|(list, parts)| self.finish_kind(list, parts, wanted));
        let lists = futures_util::future::join_all(lists).await;
        // Keys that may read nothing at all are wrong keys.
        let forbidden = |list: &Result<_, Refusal>| list.as_ref().is_err_and(|r| r.fault == Fault::Forbidden);
        let may_read_some = lists.iter().any(Result::is_ok);
        let (mut listed, mut faults) = (Listed::default(), Vec::new());
        for (kind, list) in kinds.into_iter().zip(lists) {
            let is_optional = may_read_some && wanted.optional.contains(kind.section);
            match list {
                list if is_optional && forbidden(&list) => listed.refused.push(kind),
                Ok(bodies) => {
                    listed.live.extend(bodies.live);
                    listed.unread.extend(bodies.unread.into_iter().map(|(id, refusal)| (kind, id, refusal)));
                }
                Err(refusal) => faults.push((kind, refusal)),
            }
        }
        // Keys that don't serve are the cause of whatever else went wrong.
        faults.sort_by_key(|(_, refusal)| !refusal.fault.is_of_keys());
        let fault = faults.first().map(|(_, refusal)| &refusal.fault);
        let alike = faults.iter().filter(|(_, refusal)| Some(&refusal.fault) == fault);
        let kinds = alike.map(|(kind, _)| *kind).collect();
        if let Some((_, refusal)) = faults.into_iter().next() {
            return Err(Unlisted { kinds, refusal });
        }
        // A cache that can't be written costs requests, nothing more.
        let _ = self.save_cache();
        Ok(listed)
    }

    async fn finish_kind(&self, list: Pages, parts: Parts, wanted: &Wanted<'_>) -> Result<Bodies, Refusal> {
        let kind = list.kind;
        // Also what bears a mark of the owner that can't be read: it must not be invisible.
        let marked = |live: &Live| {
            let is_of = |owner| kind.is_keyed() || mark::is_of(kind, &live.body, owner);
            !(kind.api.foreign)(&live.body) && wanted.owner.is_none_or(is_of)
        };
        let ours = |live: &Live| marked(live) && wanted.filter.is_none_or(|filter| filter(kind, &live.body));
        let last = self.cache().count(kind.section).unwrap_or_default();
        let declared = wanted.declared.get(kind.section).copied().unwrap_or_default();
        let is_ordered = wanted.ordered.contains(kind.section);
        let until = Until::Short { last, declared, ours: &marked };
        let (mut lives, apart) = self.list_and_order(list, &until, is_ordered).await?;
        self.cache().set_count(kind.section, lives.len());

        let in_order = apart.unwrap_or_else(|| in_list(kind, &lives));
        let mut missing: BTreeSet<&String> = wanted.adopted.get(kind.section).into_iter().flatten().collect();
        lives.retain(|live| {
            missing.remove(&live.id);
            ours(live) || wanted.adopts(kind, &live.id)
        });
        let is_whole = |live: &Live| {
            wanted.adopts(kind, &live.id) || wanted.whole.is_none_or(|whole| whole(kind, &live.body))
        };
        self.add_parts(kind, parts, &mut lives, &is_whole).await?;
        let mut listed = Bodies { live: lives, unread: Vec::new() };
        if kind.api.list.summary.is_some() {
            let kept: BTreeSet<&str> = listed.live.iter().map(|live| live.id.as_str()).collect();
            // What a filter left out is not gone.
            if wanted.filter.is_none() {
                self.cache().keep_only(kind.section, &|id| kept.contains(id));
            }
            let surely = |live: &Live| wanted.owner.is_some() && marked(live);
            listed = self.whole(kind, &listed.live, &surely).await?;
        }
        // A list filtered by the owner's tag doesn't show what is to be adopted.
        if wanted.owner.is_some() && kind.api.list.tag_filter.is_some() {
            let found = self.found_in_pages(kind, &missing).await;
            missing.retain(|id| found.iter().all(|live| live.id != **id));
            listed.live.extend(found);
        }
        for (id, read) in self.get_all(kind, missing.into_iter().cloned().collect()).await? {
            match read {
                Ok(live) => listed.live.push(live),
                Err(refusal) if refusal.fault == Fault::NotFound => {}
                Err(refusal) => listed.unread.push((id, refusal)),
            }
        }
        // What a summary showed may have changed before its body was read.
        if kind.api.list.summary.is_some() {
            listed.live.retain(|live| ours(live) || wanted.adopts(kind, &live.id));
        }
        if let Some(owner) = wanted.owner {
            // A mark of the owner's that was read already is the one that counts.
            let is_other = |live: &&mut Live| live.mark.as_ref().is_none_or(|mark| mark.owner != *owner);
            for live in listed.live.iter_mut().filter(is_other) {
                live.mark = mark::read_as(kind, &live.body, owner);
            }
            self.remember(owner, kind, &listed.live);
        }
        if is_ordered {
            listed.live.push(self.ordered(kind, &in_order));
        }
        Ok(listed)
    }

    /// Those of many objects that the list of all shows whole, in fewer requests than there are objects.
    async fn found_in_pages(&self, kind: &'static Kind, ids: &BTreeSet<&String>) -> Vec<Live> {
        if ids.len() < MANY || kind.api.list.summary.is_some() || kind.api.part.is_some() {
            return Vec::new();
        }
        let wanted: BTreeSet<String> = ids.iter().map(|id| (*id).clone()).collect();
        let (count, most) = (wanted.len(), ids.len() / MANY * PAGES);
        let mut pages = self.pages_of(kind, None).keeping(Arc::new(move |live| wanted.contains(&live.id)));
        pages.ask_for(1);
        // What it doesn't show, or not in so many pages, is read by itself.
        let mut lives = pages.all(&Until::Found { count, most }).await.unwrap_or_default();
        match self.add_names(kind, &mut lives).await {
            Ok(()) => lives,
            Err(_) => Vec::new(),
        }
    }

    /// All objects of a list, with the names that stand for ids in them; and their order, where that is asked for and
    /// stands by itself.
    async fn list_and_order(
        &self,
        list: Pages,
        until: &Until<'_>,
        is_ordered: bool,
    ) -> Result<(Vec<Live>, Option<Vec<String>>), Refusal> {
        let kind = list.kind;
        let apart = async {
            match alone(kind).filter(|_| is_ordered) {
                Some(_) => self.order(kind).await.map(|order| Some(order.ids)),
                None => Ok(None),
            }
        };
        // At once with the list, where something declared may need them; who needs them asks again.
        let is_declared = matches!(until, Until::Short { declared: 1.., .. });
        let names = async {
            if let Some(named) = kind.api.named.filter(|_| is_declared) {
                drop(self.names(&named).await);
            }
            Ok(())
        };
        let (mut lives, apart, ()) = tokio::try_join!(list.all(until), apart, names)?;
        self.add_names(kind, &mut lives).await?;
        Ok((lives, apart))
    }

    /// Keeps who bears a mark. Of several bearers the one that did before stays, else none is.
    fn remember(&self, owner: &Owner, kind: &Kind, lives: &[Live]) {
        let mut bearers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for live in lives {
            if let Some(mark) = live.mark.as_ref().filter(|mark| mark.owner == *owner) {
                bearers.entry(&mark.id).or_default().push(&live.id);
            }
        }
        let mut cache = self.cache();
        for (id, bearers) in bearers {
            if let [only] = bearers[..] {
                cache.set_seen_last(kind.section, id, only);
            }
        }
    }

    /// Everything that bears a mark of one of these owners: beside a list of one's own, and without the cache's
    /// counts of it.
    pub async fn of_owners(&self, kinds: &[&'static Kind], owners: &[Owner]) -> Result<Vec<Live>, Refusal> {
        let marked = kinds.iter().filter(|kind| !kind.is_keyed());
        let lists = marked.flat_map(|kind| {
            let tags: Vec<Option<String>> = match kind.api.list.tag_filter {
                Some(_) => owners.iter().map(|owner| Some(mark::owner_tag(owner))).collect(),
                None => vec![None],
            };
            tags.into_iter().map(|tag| self.of_tag(kind, tag, owners))
        });
        let lists = futures_util::future::join_all(lists).await;
        let mut found: Vec<Live> =
            lists.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        // One object may bear the tags of several owners.
        let mut seen = HashSet::new();
        found.retain(|live| seen.insert((live.section, live.id.clone())));
        Ok(found)
    }

    /// One list of [`Client::of_owners`].
    async fn of_tag(
        &self,
        kind: &'static Kind,
        tag: Option<String>,
        owners: &[Owner],
    ) -> Result<Vec<Live>, Refusal> {
        let mut pages = self.pages_of(kind, tag);
        pages.ask_for(0);
        let mut lives = pages.all(&Until::NothingNew).await?;
        let mark_of = |live: &Live| {
            let read = |owner| mark::read_as(kind, &live.body, owner).filter(|mark| mark.owner == *owner);
            owners.iter().find_map(read)
        };
        lives.retain(|live| !(kind.api.foreign)(&live.body) && mark_of(live).is_some());
        if kind.api.list.summary.is_some() {
            let listed = self.whole(kind, &lives, &|_| true).await?;
            if let Some((_, refusal)) = listed.unread.into_iter().next() {
                return Err(refusal);
            }
            lives = listed.live;
        }
        for live in &mut lives {
            live.mark = mark_of(live);
        }
        lives.retain(|live| live.mark.is_some());
        Ok(lives)
    }

    pub(super) fn pages_of(&self, kind: &'static Kind, tag: Option<String>) -> Pages {
        Pages::new(kind, tag, Arc::clone(&self.wire), self.web.clone())
    }

    /// The bodies behind summaries: from the cache, or read side by side. One that is `surely` there and can't be
    /// found is an error: whoever takes it for gone makes it again. Others that are gone are left out.
    pub(super) async fn whole(
        &self,
        kind: &'static Kind,
        summaries: &[Live],
        surely: &(dyn Fn(&Live) -> bool + Sync),
    ) -> Result<Bodies, Refusal> {
        let Some(summary) = kind.api.list.summary else { return Ok(Bodies::default()) };
        let mut bodies: BTreeMap<String, Live> = BTreeMap::new();
        let mut missing = Vec::new();
        for Live { id, body: shown, .. } in summaries {
            if !(summary.lacks)(shown) {
                bodies.insert(id.clone(), live_of(kind, &self.web, id.clone(), shown.clone()));
                continue;
            }
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
                    bodies.insert(id.clone(), live_of(kind, &self.web, id.clone(), body));
                }
                None => missing.push(id.clone()),
            }
        }
        let sure: BTreeSet<&str> =
            summaries.iter().filter(|live| surely(live)).map(|live| live.id.as_str()).collect();
        let mut unread = Vec::new();
        for (id, read) in self.get_shown(kind, missing, (summaries, &sure)).await? {
            match read {
                Ok(live) => drop(bodies.insert(id, live)),
                Err(refusal) if refusal.fault == Fault::NotFound && !sure.contains(&*id) => {}
                Err(refusal) => unread.push((id, refusal)),
            }
        }
        let live = summaries.iter().filter_map(|live| bodies.remove(&live.id)).collect();
        Ok(Bodies { live, unread })
    }

    /// Reads objects that a list shows. Those that are `sure` to be there are asked for again where they are not
    /// found.
    async fn get_shown(
        &self,
        kind: &'static Kind,
        ids: Vec<String>,
        (summaries, sure): (&[Live], &BTreeSet<&str>),
    ) -> Result<Vec<(String, Result<Live, Refusal>)>, Refusal> {
        let class = |live: &Live| lacking(kind, &live.body).map(str::to_owned);
        let classes = summaries.iter().filter_map(|live| Some((live.id.clone(), class(live)?))).collect();
        let mut reads = self.read_all(kind, ids, &classes).await?;
        for pause in READ_AGAIN {
            let is_lost = |id: &str, read: &Result<Live, Refusal>| {
                sure.contains(id) && read.as_ref().is_err_and(|refusal| refusal.fault == Fault::NotFound)
            };
            let (lost, rest): (Vec<_>, Vec<_>) = reads.into_iter().partition(|(id, read)| is_lost(id, read));
            reads = rest;
            if lost.is_empty() {
                return Ok(reads);
            }
            tokio::time::sleep(pause).await;
            let lost = lost.into_iter().map(|(id, _)| id).collect();
            reads.extend(self.read_all(kind, lost, &classes).await?);
        }
        for (id, read) in &mut reads {
            if let Err(refusal) = read
                && refusal.fault == Fault::NotFound
                && sure.contains(id.as_str())
            {
                refusal.words.push_str(": the list shows it all the same. Run again");
            }
        }
        Ok(reads)
    }

    /// These objects, read side by side. Keys that are refused end it.
    pub(super) async fn get_all(
        &self,
        kind: &'static Kind,
        ids: Vec<String>,
    ) -> Result<Vec<(String, Result<Live, Refusal>)>, Refusal> {
        self.read_all(kind, ids, &BTreeMap::new()).await
    }

    /// The same, with the types by id as far as they are known, where the paths of reads hold those.
    async fn read_all(
        &self,
        kind: &'static Kind,
        ids: Vec<String>,
        classes: &BTreeMap<String, String>,
    ) -> Result<Vec<(String, Result<Live, Refusal>)>, Refusal> {
        if kind.api.read_from == ReadFrom::List && !ids.is_empty() {
            return self.all_from_list(kind, ids).await;
        }
        let bodies = self.bodies(kind, &ids, classes).await?;
        let mut reads = Vec::new();
        for (id, body) in ids.into_iter().zip(bodies) {
            let is_vacant = body.as_ref().is_ok_and(kind.api.vacant);
            if is_vacant {
                let request = request(kind, Method::Get, Some(&id), None)?;
                let gone = Refusal::new(&request, Fault::NotFound, "there is none".to_owned());
                reads.push((id, Err(gone)));
                continue;
            }
            let live = match body.and_then(|body| self.seen(kind, &id, body)) {
                Ok(live) => self.with_part(kind, live).await,
                failed => failed,
            };
            if let Err(refusal) = &live
                && refusal.fault == Fault::Unauthorized
            {
                return Err(refusal.clone());
            }
            reads.push((id, live));
        }
        Ok(reads)
    }

    /// Bodies by id, side by side; once more where an answer shows no more than the type.
    async fn bodies(
        &self,
        kind: &'static Kind,
        ids: &[String],
        classes: &BTreeMap<String, String>,
    ) -> Result<Vec<Result<Value, Refusal>>, Refusal> {
        let read = move |request: &Request, value| answer::object(kind, request, value);
        let class = |id: &String| classes.get(id).map(String::as_str);
        let requests = ids.iter().map(|id| read_request(kind, id, class(id))).collect::<Result<_, _>>()?;
        let mut bodies = side_by_side(kind, &self.wire, requests, read).await;
        let mut again = Vec::new();
        for (at, (id, body)) in ids.iter().zip(&bodies).enumerate() {
            let found = body.as_ref().ok().and_then(|body| lacking(kind, body));
            if let Some(found) = found.filter(|_| class(id).is_none()) {
                again.push((at, read_request(kind, id, Some(found))?));
            }
        }
        let (places, requests): (Vec<usize>, Vec<Request>) = again.into_iter().unzip();
        for (at, body) in places.into_iter().zip(side_by_side(kind, &self.wire, requests, read).await) {
            bodies[at] = body;
        }
        Ok(bodies)
    }

    /// The same of a kind whose objects have no read of their own: one list for all of them.
    async fn all_from_list(
        &self,
        kind: &'static Kind,
        ids: Vec<String>,
    ) -> Result<Vec<(String, Result<Live, Refusal>)>, Refusal> {
        let mut pages = self.pages_of(kind, None);
        pages.ask_for(self.guess(kind));
        let mut lives = pages.all(&Until::NothingNew).await?;
        self.add_names(kind, &mut lives).await?;
        let mut reads = Vec::new();
        for id in ids {
            let request = request(kind, Method::Get, Some(&id), None)?;
            let gone =
                || Refusal::new(&request, Fault::NotFound, "the list of all doesn't show it".to_owned());
            let live = lives.iter().find(|live| live.id == id).cloned();
            reads.push((id, live.ok_or_else(gone)));
        }
        Ok(reads)
    }
}

/// Whether a summary's field is that of a body. Both leave out what is empty, each in its own way.
fn agrees(shown: Option<&Value>, body: Option<&Value>) -> bool {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    shown.is_none() || text(shown) == text(body)
}

/// Sends all at once and reads the answers on all cores, in the order of the requests. How many are really on
/// their way is up to the wire.
async fn side_by_side<T: Send + 'static>(
    kind: &'static Kind,
    wire: &Arc<dyn Wire>,
    requests: Vec<Request>,
    read: impl Fn(&Request, Value) -> Result<T, Refusal> + Copy + Send + 'static,
) -> Vec<Result<T, Refusal>> {
    let mut tasks = JoinSet::new();
    for (at, request) in requests.into_iter().enumerate() {
        let wire = Arc::clone(wire);
        tasks.spawn(async move {
            let answer = call_for(kind, wire.as_ref(), &request).await;
            (at, answer.and_then(|answer| read(&request, answer)))
        });
    }
    let mut answers: Vec<_> = tasks.join_all().await;
    answers.sort_unstable_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
