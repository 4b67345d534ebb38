//! Objects of any kind over any wire: list, get, create, update, delete, by the kind's row.

mod answer;
mod apart;
mod call;
mod early;
mod items;
mod key;
mod list;
mod marked;
mod metrics;
mod named;
mod order;
mod pages;
mod part;
mod pointed;
mod refusal;
mod second;
mod shared;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

pub use call::Client;
use call::{
    Served, call, call_for, deletion, get, lacking, live_of, read_request, request, update_method, url,
};
pub use items::RefusedItem;
pub use list::{Listed, Listing, Unlisted, Wanted};
use pages::Until;
use refusal::CONFLICT;
pub use refusal::{Fault, Refusal};
pub use second::{Look, Seen};

use crate::cache::{Cache, Limit};
use crate::kind::{Envelope, Kind, ReadFrom, Update};
use crate::mark::{self, KnownBy};
use crate::model::Live;
use crate::wire::{Method, Request, Wire};

/// Ids in one `can_delete` request: their text must fit into a URL.
const ASKED_AT_ONCE: usize = 100;
/// What uses an object, at most.
const MOST_USERS: usize = 20;

/// Who the keys belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    pub name: String,
    pub public_id: String,
}

/// Whether a live object has everything that an update said, as it said it. What somebody else wrote is never taken for
/// ours: at worst a write that was done is reported as failed.
fn is_done(kind: &Kind, sent: &Value, live: &Value) -> bool {
    let mut members = sent.as_object().into_iter().flatten();
    members.all(|(key, value)| Some(key.as_str()) == kind.api.version || live.get(key) == Some(value))
}

impl Client {
    pub fn new(wire: Arc<dyn Wire>, web: &str, cache: Cache) -> Self {
        let served = Arc::new(Served { wire, once: AtomicBool::new(false) });
        let web = web.trim_end_matches('/').to_owned();
        Self {
            wire: Arc::<Served>::clone(&served),
            served,
            web,
            cache: Arc::new(Mutex::new(cache)),
            names: Mutex::default(),
            begun: Mutex::default(),
        }
    }

    /// Whether it is the keys that don't serve: they are not known, or nothing was done for them so far. What is
    /// forbidden to keys that serve is one object, or one type of request.
    pub fn blames_keys(&self, fault: &Fault) -> bool {
        match fault {
            Fault::Unauthorized => true,
            Fault::Forbidden => !self.served.once.load(Ordering::Relaxed),
            _ => false,
        }
    }

    /// Where a person sees an object.
    pub fn url(&self, kind: &Kind, id: &str) -> String {
        url(kind, &self.web, id)
    }

    pub async fn get(&self, kind: &'static Kind, id: &str) -> Result<Live, Refusal> {
        if kind.api.read_from == ReadFrom::List {
            return self.one_of_list(kind, id).await;
        }
        let mut request = request(kind, Method::Get, Some(id), None)?;
        let answer = call_for(kind, self.wire.as_ref(), &request).await?;
        let mut body = answer::object(kind, &request, answer)?;
        if let Some(class) = lacking(kind, &body) {
            request = read_request(kind, id, Some(class))?;
            let answer = call_for(kind, self.wire.as_ref(), &request).await?;
            body = answer::object(kind, &request, answer)?;
        }
        if (kind.api.vacant)(&body) {
            return Err(Refusal::new(&request, Fault::NotFound, "there is none".to_owned()));
        }
        let live = self.seen(kind, id, body)?;
        self.with_parts(kind, live).await
    }

    /// One object of the list of all, where it has no read of its own.
    async fn one_of_list(&self, kind: &'static Kind, id: &str) -> Result<Live, Refusal> {
        let request = request(kind, Method::Get, Some(id), None)?;
        let mut pages = self.pages_of(kind, None);
        pages.ask_for(self.guess(kind));
        let mut found: Vec<Live> =
            pages.all(&Until::NothingNew).await?.into_iter().filter(|live| live.id == id).collect();
        self.add_names(kind, &mut found).await?;
        let gone = || Refusal::new(&request, Fault::NotFound, "the list of all doesn't show it".to_owned());
        found.pop().ok_or_else(gone)
    }

    /// Makes an object of a body that bears its mark. A fault that [may be done](Refusal::may_be_done) is for
    /// the caller to look up.
    pub async fn create(&self, kind: &'static Kind, body: &Value) -> Result<Live, Refusal> {
        let (body, parts) = part::split(kind, body);
        let (request, names) = self.with_ids(kind, Method::Post, &body).await?;
        if let Some(id) = kind.api.composed.and_then(|id| id(&body)) {
            self.refuse_to_replace(kind, &id, (&request, &body)).await?;
        }
        let answer = call(self.wire.as_ref(), &request).await?;
        let mut made = answer::object(kind, &request, answer)?;
        let Some(id) = answer::id(kind, &made) else {
            return Err(Refusal::odd(&request, "the new object has no id"));
        };
        named::add(kind, &mut made, &names);
        self.wrote(kind, &id, &body);
        let live = self.seen(kind, &id, made)?;
        self.put_parts(kind, live, parts, true).await
    }

    /// A create that takes the place of whatever has its id is not sent where that is not the same object.
    async fn refuse_to_replace(
        &self,
        kind: &'static Kind,
        id: &str,
        (request, body): (&Request, &Value),
    ) -> Result<(), Refusal> {
        match self.get(kind, id).await {
            Ok(live) if live.mark == mark::read(kind, body) && !(kind.api.foreign)(&live.body) => Ok(()),
            Ok(live) => {
                let words =
                    format!("`{id}` is there meanwhile, and not as this one: {}. Plan again", live.url);
                Err(Refusal::new(request, Fault::Refused, words))
            }
            Err(refusal) if refusal.fault == Fault::NotFound => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// Puts a whole body in the place of an object's.
    pub async fn update(&self, kind: &'static Kind, id: &str, body: &Value) -> Result<Live, Refusal> {
        let method = update_method(kind.api.update);
        let (mut body, parts) = part::split(kind, body);
        if let Some(version) = kind.api.version {
            body.to_mut()[version] = self.get(kind, id).await?.body.get(version).cloned().unwrap_or_default();
        }
        let request = request(kind, method, Some(id), Some(&body))?;
        let answer = match self.put(kind, &request).await {
            Ok(answer) => answer,
            // An update whose answer was lost is sent again, and meets the version that it made itself.
            Err(refusal) if kind.api.version.is_some() && refusal.status == Some(CONFLICT) => {
                let live = self.get(kind, id).await.ok().filter(|live| is_done(kind, &body, &live.body));
                return live.ok_or(refusal);
            }
            Err(refusal) => return Err(refusal),
        };
        let live = if kind.api.silent {
            // It was done; what it came to is not known.
            self.get(kind, id).await.map_err(|refusal| Refusal::odd(&request, refusal.words))?
        } else {
            self.seen(kind, &renamed(kind, &body, id), answer::object(kind, &request, answer)?)?
        };
        self.wrote(kind, &live.id, &body);
        self.put_parts(kind, live, parts, false).await
    }

    /// Sends an update. One that is a POST does the same twice, too, which no layer below can know.
    async fn put(&self, kind: &'static Kind, request: &Request) -> Result<Value, Refusal> {
        let mut pauses = part::AGAIN.into_iter();
        loop {
            match call_for(kind, self.wire.as_ref(), request).await {
                Err(refusal) if kind.api.update == Update::Upsert && refusal.may_be_done() => {
                    let Some(pause) = pauses.next() else { return Err(refusal) };
                    tokio::time::sleep(pause).await;
                }
                answer => return answer,
            }
        }
    }

    /// Deletes an object; one that is gone is fine. `force`: also where others use it, for kinds that ask.
    pub async fn delete(&self, kind: &'static Kind, id: &str, force: bool) -> Result<(), Refusal> {
        let mut request = deletion(kind, id)?;
        if force && kind.api.can_delete.is_some() {
            request.query.push(("force".to_owned(), "true".to_owned()));
        }
        match call_for(kind, self.wire.as_ref(), &request).await {
            Err(refusal) if refusal.fault != Fault::NotFound && !self.is_gone(kind, id, &refusal).await => {
                Err(refusal)
            }
            _ => {
                self.cache().forget(kind.section, id);
                Ok(())
            }
        }
    }

    /// Whether a refused delete was of something that is not there: where words alone say so, an answer that was cut on its
    /// way says nothing.
    async fn is_gone(&self, kind: &'static Kind, id: &str, refusal: &Refusal) -> bool {
        let may_be = kind.api.gone.is_some() && refusal.fault == Fault::Refused;
        may_be && self.get(kind, id).await.is_err_and(|refusal| refusal.fault == Fault::NotFound)
    }

    /// Which of these can't be deleted since others use them: by id, what the service says of each user.
    pub async fn can_delete(
        &self,
        kind: &'static Kind,
        ids: &[String],
    ) -> Result<BTreeMap<String, Vec<String>>, Refusal> {
        let Some(parameter) = kind.api.can_delete else { return Ok(BTreeMap::new()) };
        let mut refused = BTreeMap::new();
        for ids in ids.chunks(ASKED_AT_ONCE) {
            match self.ask_can_delete(kind, parameter, ids).await {
                Ok(users) => refused.extend(users),
                // One that is gone may spoil the answer for all.
                Err(refusal) if refusal.fault == Fault::NotFound && ids.len() > 1 => {
                    for id in ids {
                        match self.ask_can_delete(kind, parameter, std::slice::from_ref(id)).await {
                            Ok(users) => refused.extend(users),
                            Err(refusal) if refusal.fault == Fault::NotFound => {}
                            Err(refusal) => return Err(refusal),
                        }
                    }
                }
                Err(refusal) if refusal.fault == Fault::NotFound => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(refused)
    }

    /// Answers 200 or 409 `{"data": {"ok": […]}, "errors": {ID: text or […]}}` (OpenAPI; only the 200 is recorded).
    async fn ask_can_delete(
        &self,
        kind: &'static Kind,
        parameter: &str,
        ids: &[String],
    ) -> Result<BTreeMap<String, Vec<String>>, Refusal> {
        let request = Request {
            method: Method::Get,
            path: format!("{}/can_delete", kind.api.path),
            query: vec![(parameter.to_owned(), ids.join(","))],
            body: None,
        };
        let response = self.wire.send(&request).await.map_err(|error| Refusal::of_fault(&request, &error))?;
        let (status, refusal) = (response.status, Refusal::of_answer(&request, &response));
        if !(200..300).contains(&status) && status != CONFLICT {
            return Err(refusal);
        }
        match answer::json(&request, response)?.get("errors") {
            None | Some(Value::Null) if status != CONFLICT => Ok(BTreeMap::new()),
            Some(Value::Object(errors)) => {
                let asked = |id: &&String| ids.contains(id);
                Ok(errors
                    .iter()
                    .filter(|(id, _)| asked(id))
                    .map(|(id, users)| (id.clone(), texts(users)))
                    .collect())
            }
            _ => Err(refusal),
        }
    }

    /// A dry run of a create, or of an update of the object with this id; fine for kinds that have none.
    pub async fn validate(&self, kind: &'static Kind, id: Option<&str>, body: &Value) -> Result<(), Refusal> {
        let Some(suffix) = kind.api.validate else { return Ok(()) };
        let mut request = request(kind, Method::Post, id.filter(|_| kind.api.validates_live), Some(body))?;
        request.path.push_str(suffix);
        call(self.wire.as_ref(), &request).await.map(|_| ())
    }

    /// The organisation of the keys; none where they may not read it.
    pub async fn organisation(&self) -> Result<Option<Organisation>, Refusal> {
        let request = get("/api/v1/org");
        let answer = match call(self.wire.as_ref(), &request).await {
            Ok(answer) => answer,
            Err(refusal)
                if refusal.fault.is_of_keys()
                    || matches!(refusal.fault, Fault::NotFound | Fault::Refused) =>
            {
                return Ok(None);
            }
            Err(refusal) => return Err(refusal),
        };
        // The keys' own comes first; a parent's keys also list its children.
        let organisation = answer.pointer("/orgs/0").or_else(|| answer.get("org"));
        let text = |key: &str| organisation?.get(key)?.as_str().map(str::to_owned);
        Ok(text("name").zip(text("public_id")).map(|(name, public_id)| Organisation { name, public_id }))
    }

    /// The objects that are known as this one, found by the tag of its id where the API can, as a list shows them.
    pub async fn find(&self, kind: &'static Kind, own: &KnownBy) -> Result<Vec<Live>, Refusal> {
        let tag = match own {
            KnownBy::Mark(mark) => Some(mark::id_tag(&mark.id)),
            KnownBy::Key(_) => None,
        };
        if !kind.is_listed() {
            return self.of_own(kind, own).await;
        }
        let is_filtered = tag.is_some() && kind.api.list.tag_filter.is_some();
        let mut pages = self.pages_of(kind, tag);
        pages.ask_for(if is_filtered { 0 } else { self.guess(kind) });
        let mut live = pages.all(&Until::NothingNew).await?;
        live.retain(|live| own.is_on(kind, live));
        Ok(live)
    }

    /// All objects that bear the owner's mark, as this one does, as a list shows them; of a kind without marks all that
    /// people made. Where there are fewer than `least`, it is read to a page with nothing new.
    pub async fn owned(
        &self,
        kind: &'static Kind,
        own: &KnownBy,
        least: usize,
    ) -> Result<Vec<Live>, Refusal> {
        let is_ours = |live: &Live| {
            !(kind.api.foreign)(&live.body)
                && match own {
                    KnownBy::Mark(own) => live.mark.as_ref().is_some_and(|mark| mark.owner == own.owner),
                    KnownBy::Key(_) => true,
                }
        };
        if !kind.is_listed() {
            return self.of_own(kind, own).await;
        }
        let tag = match own {
            KnownBy::Mark(mark) => Some(mark::owner_tag(&mark.owner)),
            KnownBy::Key(_) => None,
        };
        let mut pages = self.pages_of(kind, tag);
        let known = if least == usize::MAX { 0 } else { least };
        pages.ask_for(self.guess(kind).max(known));
        let mut live = pages.all(&Until::Short { last: 0, declared: least, ours: &is_ours }).await?;
        live.retain(is_ours);
        Ok(live)
    }

    fn guess(&self, kind: &Kind) -> usize {
        self.cache().count(kind.section).unwrap_or_default()
    }

    /// The object that an item of a list stands for; none where it is gone since.
    pub async fn shown(&self, kind: &'static Kind, id: &str, item: &Value) -> Result<Option<Live>, Refusal> {
        let shown = call::live_of(kind, &self.web, id.to_owned(), item.clone());
        let read = self.whole(kind, std::slice::from_ref(&shown), &|_| false).await?;
        match read.unread.into_iter().next() {
            Some((_, refusal)) => Err(refusal),
            None => Ok(read.live.into_iter().next()),
        }
    }

    /// The live object that bore this mark when last seen: a hint, safe to lose.
    pub fn seen_last(&self, section: &str, id: &str) -> Option<String> {
        self.cache().seen_last(section, id).map(str::to_owned)
    }

    /// Whether something live ever bore this mark, as far as that is remembered.
    pub fn was_seen(&self, section: &str, id: &str) -> bool {
        self.cache().was_seen(section, id)
    }

    /// The rate limit that writes of a kind met in an earlier run.
    pub fn limit(&self, kind: &Kind) -> Option<Limit> {
        self.cache().limit(kind.section).cloned()
    }

    /// Keeps a rate limit for the next run.
    pub fn set_limit(&self, kind: &Kind, limit: Limit) {
        self.cache().set_limit(kind.section, limit);
    }

    /// Writes what was learnt for the next run.
    pub fn save_cache(&self) -> std::io::Result<()> {
        self.cache().save()
    }

    /// An object as it was just answered: checked, and kept for the next run where lists show summaries only.
    fn seen(&self, kind: &'static Kind, id: &str, body: Value) -> Result<Live, Refusal> {
        if answer::id(kind, &body).as_deref() != Some(id) {
            let request = request(kind, Method::Get, Some(id), None)?;
            return Err(Refusal::odd(&request, "it is about another object than was asked for"));
        }
        let modified = kind.api.list.summary.and_then(|summary| body.get(summary.modified)?.as_str());
        if let Some(modified) = modified {
            self.cache().put(kind.section, id, modified, &body);
        }
        Ok(live_of(kind, &self.web, id.to_owned(), body))
    }

    /// Remembers what was written for which mark, whether or not the service kept it.
    fn wrote(&self, kind: &Kind, id: &str, sent: &Value) {
        if let Some(mark) = mark::read(kind, sent) {
            self.cache().set_seen_last(kind.section, &mark.id, id);
        }
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The id of an object after an update: where it is one of the fields that people write, another one renames it.
fn renamed(kind: &Kind, body: &Value, id: &str) -> String {
    let is_written = kind.api.id.chosen && kind.api.envelope == Envelope::Flat;
    answer::id(kind, body).filter(|_| is_written).unwrap_or_else(|| id.to_owned())
}

/// A text, or a list of texts.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => {
            items.iter().filter_map(Value::as_str).take(MOST_USERS).map(str::to_owned).collect()
        }
        other => vec![other.to_string()],
    }
}

#[cfg(test)]
pub use apart::items as items_of_part;
#[cfg(test)]
pub mod fake;
#[cfg(test)]
mod tests;
