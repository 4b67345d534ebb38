//! A second look before something is made: what everybody has, and what the cache remembers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::call::Client;
use super::pages::{Keep, Until};
use super::refusal::{Fault, Refusal};

use crate::kind::Kind;
use crate::model::Live;

/// What is looked for.
pub struct Look {
    pub kinds: Vec<&'static Kind>,
    /// Which objects are worth keeping: an organisation has many more.
    pub keep: Keep,
    /// By section: the ids in marks of ours whose last bearers are to be had, also where no list shows them.
    pub ids: BTreeMap<&'static str, BTreeSet<String>>,
}

/// What there is.
#[derive(Default)]
pub struct Seen {
    /// Everybody's objects that are kept, as the lists show them: summaries, for some kinds.
    pub shown: Vec<Live>,
    /// What bore a mark of ours when last seen, and is there: the id in that mark, and the object.
    pub recalled: Vec<(String, Live)>,
}

impl Client {
    /// Lists everybody's objects of some kinds, each list to a page with nothing new, and reads what was there before
    /// and is not shown.
    pub async fn look_again(&self, look: &Look) -> Result<Seen, Refusal> {
        let looks = look.kinds.iter().filter(|kind| kind.is_listed()).map(|kind| self.look_at(kind, look));
        let mut seen = Seen::default();
        for of_kind in futures_util::future::join_all(looks).await {
            let of_kind = of_kind?;
            seen.shown.extend(of_kind.shown);
            seen.recalled.extend(of_kind.recalled);
        }
        // A cache that can't be written costs requests, nothing more.
        let _ = self.save_cache();
        Ok(seen)
    }

    async fn look_at(&self, kind: &'static Kind, look: &Look) -> Result<Seen, Refusal> {
        let ids = look.ids.get(kind.section);
        let hints: Vec<(String, String)> = ids
            .into_iter()
            .flatten()
            .filter_map(|id| Some((self.seen_last(kind.section, id)?, id.clone())))
            .collect();
        let (hinted, keep): (BTreeSet<String>, _) =
            (hints.iter().map(|(live, _)| live.clone()).collect(), Arc::clone(&look.keep));
        // What others keep is in the way, too, where people choose the ids.
        let is_seen = move |live: &Live| kind.api.composed.is_some() || !(kind.api.foreign)(&live.body);
        let keep = move |live: &Live| is_seen(live) && keep(live) || hinted.contains(&live.id);
        // Not the number of ours, which the cache has under the section alone.
        let name = format!("{} of everybody", kind.section);
        let mut pages = self.pages_of(kind, None).keeping(Arc::new(keep));
        pages.ask_for(self.cache().count(&name).unwrap_or_default());
        let (shown, count) = pages.counted(&Until::NothingNew).await?;
        self.cache().set_count(&name, count);

        let listed: BTreeMap<&str, &Live> = shown.iter().map(|live| (live.id.as_str(), live)).collect();
        let (mut recalled, mut lost) = (Vec::new(), BTreeMap::new());
        for (live, id) in hints {
            match listed.get(&*live) {
                Some(own) => recalled.push((id, (*own).clone())),
                None => drop(lost.insert(live, id)),
            }
        }
        for (live, read) in self.get_all(kind, lost.keys().cloned().collect()).await? {
            match read {
                Ok(object) => recalled.extend(lost.remove(&live).map(|id| (id, object))),
                Err(refusal) if refusal.fault == Fault::NotFound => self.cache().lost(kind.section, &live),
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(Seen { shown, recalled })
    }
}
