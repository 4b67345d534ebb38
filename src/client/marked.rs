//! The bearers of a few marks, asked for by themselves: nothing else of their kind is listed where the API can filter.

use std::collections::BTreeSet;

use super::call::Client;
use super::pages::Until;
use super::refusal::Refusal;
use crate::kind::Kind;
use crate::mark;
use crate::model::{Live, Owner};

impl Client {
    /// All objects that bear an owner's mark with one of these ids, whole. One whose mark can't be read is among them
    /// where the service filters by its id. What the cache knows of the kind as a whole stays as it is.
    pub async fn marked(
        &self,
        kind: &'static Kind,
        owner: &Owner,
        ids: &BTreeSet<String>,
    ) -> Result<Vec<Live>, Refusal> {
        let is_filtered = kind.api.list.tag_filter.is_some();
        let is_ours = |live: &Live| {
            !(kind.api.foreign)(&live.body)
                && mark::is_of(kind, &live.body, owner)
                && match mark::read_as(kind, &live.body, owner) {
                    Some(mark) => mark.owner == *owner && ids.contains(&mark.id),
                    None => is_filtered,
                }
        };
        let tags: Vec<(String, usize)> = match is_filtered {
            true => ids.iter().map(|id| (mark::id_tag(id), 1)).collect(),
            false => vec![(mark::owner_tag(owner), ids.len())],
        };
        let lists = tags.into_iter().map(|(tag, declared)| async move {
            let mut pages = self.pages_of(kind, Some(tag));
            pages.ask_for(if is_filtered { 0 } else { self.guess(kind) });
            pages.all(&Until::Short { last: 0, declared, ours: &is_ours }).await
        });
        let lists = futures_util::future::try_join_all(lists).await?;
        // One that names several ids stands in several lists.
        let mut seen = BTreeSet::new();
        let mut live: Vec<Live> = lists.into_iter().flatten().collect();
        live.retain(|live| is_ours(live) && seen.insert(live.id.clone()));
        if kind.api.list.summary.is_some() {
            let whole = self.whole(kind, &live, &|_| true).await?;
            if let Some((_, refusal)) = whole.unread.into_iter().next() {
                return Err(refusal);
            }
            live = whole.live;
            live.retain(is_ours);
        }
        for live in &mut live {
            live.mark = mark::read_as(kind, &live.body, owner);
        }
        Ok(live)
    }
}
