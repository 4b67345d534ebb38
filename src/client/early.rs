//! Whole objects behind the summaries of a list, asked for as soon as a page shows them: files may still be read then.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::task::JoinHandle;

use super::answer;
use super::call::{call_for, read_request};
use crate::cache::Cache;
use crate::kind::{Kind, ReadFrom};
use crate::mark;
use crate::model::{Live, Owner};
use crate::wire::Wire;

/// A body that was read, and whether the cache had it; none where it must be asked for once more.
pub type Read = Option<(Value, Source)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Cache,
    Service,
}

/// Reads that are on their way, by id.
pub struct Early {
    kind: &'static Kind,
    owner: Owner,
    wire: Arc<dyn Wire>,
    cache: Arc<Mutex<Cache>>,
    reads: Mutex<BTreeMap<String, JoinHandle<Read>>>,
}

impl Early {
    /// None for kinds whose objects take more than one request, or none of their own.
    pub fn of(
        kind: &'static Kind,
        owner: &Owner,
        wire: &Arc<dyn Wire>,
        cache: &Arc<Mutex<Cache>>,
    ) -> Option<Arc<Self>> {
        let api = &kind.api;
        let is_simple = api.part.is_none() && api.typed.is_none() && api.read_from != ReadFrom::List;
        api.list.summary.filter(|_| is_simple)?;
        let (owner, wire, cache) = (owner.clone(), Arc::clone(wire), Arc::clone(cache));
        Some(Arc::new(Self { kind, owner, wire, cache, reads: Mutex::default() }))
    }

    /// Begins to read what is the owner's of a page.
    pub fn begin(&self, page: &[Live]) {
        let (kind, api) = (self.kind, &self.kind.api);
        let Some(summary) = api.list.summary else { return };
        let is_ours = |live: &&Live| {
            !(api.foreign)(&live.body)
                && (summary.lacks)(&live.body)
                && mark::is_of(kind, &live.body, &self.owner)
        };
        for live in page.iter().filter(is_ours) {
            let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
            if reads.contains_key(&live.id) {
                continue;
            }
            let (wire, cache, id, shown) =
                (Arc::clone(&self.wire), Arc::clone(&self.cache), live.id.clone(), live.body.clone());
            let read = async move {
                if let Some(body) = kept(kind, &id, &shown, &cache) {
                    return Some((body, Source::Cache));
                }
                let request = read_request(kind, &id, None).ok()?;
                let answer = call_for(kind, wire.as_ref(), &request).await.ok()?;
                let body = answer::object(kind, &request, answer).ok()?;
                let is_it = answer::id(kind, &body).as_deref() == Some(&*id) && !(kind.api.vacant)(&body);
                is_it.then_some((body, Source::Service))
            };
            reads.insert(live.id.clone(), tokio::spawn(read));
        }
    }

    /// What came of a read that was begun.
    pub async fn take(&self, id: &str) -> Read {
        let read = self.reads.lock().unwrap_or_else(PoisonError::into_inner).remove(id)?;
        read.await.ok()?
    }
}

/// The body that the cache has of an object, where it is the one that a list shows.
pub fn kept(kind: &Kind, id: &str, shown: &Value, cache: &Mutex<Cache>) -> Option<Value> {
    let summary = kind.api.list.summary?;
    let modified = shown.get(summary.modified).and_then(Value::as_str)?;
    // To read it takes longer than to find it: others look for theirs meanwhile.
    let text = cache.lock().unwrap_or_else(PoisonError::into_inner).text(kind.section, id, modified)?;
    let body: Value = serde_json::from_str(&text).ok()?;
    let same = answer::id(kind, &body).as_deref() == Some(id)
        && body.get(summary.modified).and_then(Value::as_str) == Some(modified)
        && summary.shown.iter().all(|field| agrees(shown.get(field), body.get(field)));
    same.then_some(body)
}

/// Whether a summary's field is that of a body. Both leave out what is empty, each in its own way.
fn agrees(shown: Option<&Value>, body: Option<&Value>) -> bool {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    shown.is_none() || text(shown) == text(body)
}
