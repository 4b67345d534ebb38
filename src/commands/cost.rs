//! How long the writes of a plan take under the rate limits that are known.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use super::service::Service;
use crate::cache::Limit;
use crate::kind::{KINDS, Kind};
use crate::model::{Action, Event, Plan, Watch};
use crate::render::progress::Progress;
use crate::render::summary;
use crate::wire::{Method, Request};

/// A shorter time is not worth a word.
const WORTH: u64 = 60;
/// At most this many finished changes are looked at for a limit.
const LOOKS: u32 = 20;

/// What the writes of a plan take, in words: by the limits that this run or an earlier one has met, since nothing
/// is written to find out. `None` where it is quick, or not known.
pub fn cost(plan: &Plan, service: &Service) -> Option<String> {
    let mut writes: BTreeMap<&str, u64> = BTreeMap::new();
    for change in &plan.changes {
        *writes.entry(change.kind).or_default() += if change.action == Action::Replace { 2 } else { 1 };
    }
    let counted = KINDS.iter().filter_map(|kind| Some((*writes.get(kind.name)?, limit(kind, service)?)));
    slowest(counted).map(|(writes, limit)| summary::cost(writes, (limit.requests, limit.seconds)))
}

/// The limit that takes longest, with the writes under it.
fn slowest(counted: impl Iterator<Item = (u64, Limit)>) -> Option<(u64, Limit)> {
    let mut by_name: BTreeMap<String, (u64, Limit)> = BTreeMap::new();
    for (writes, limit) in counted {
        by_name.entry(limit.name.clone()).or_insert((0, limit)).0 += writes;
    }
    let time = |(writes, limit): &(u64, Limit)| writes.saturating_mul(limit.seconds) / limit.requests.max(1);
    by_name.into_values().filter(|counted| time(counted) > WORTH).max_by_key(time)
}

fn limit(kind: &Kind, service: &Service) -> Option<Limit> {
    announced(kind, service).or_else(|| service.client.limit(kind))
}

/// What was announced to creates, updates or deletes of this run.
fn announced(kind: &Kind, service: &Service) -> Option<Limit> {
    let one = format!("{}/0", kind.api.path);
    let routes = [(Method::Post, kind.api.path), (Method::Put, one.as_str()), (Method::Delete, &one)];
    let (name, announced) = routes.into_iter().find_map(|(method, path)| {
        let request = Request { method, path: path.to_owned(), query: Vec::new(), body: None };
        service.paced.announced_to(&request)
    })?;
    let requests = u64::try_from(announced.limit).ok()?;
    Some(Limit { name, requests, seconds: announced.period.as_secs() })
}

/// Keeps the limits that this run has met, for the plans to come.
pub fn remember(service: &Service) {
    for kind in KINDS {
        if let Some(limit) = announced(kind, service) {
            service.client.set_limit(kind, limit);
        }
    }
    // A cache that can't be written costs a sentence, nothing more.
    let _ = service.client.save_cache();
}

/// Progress that shows the cost as soon as a first answer announces a limit, where no earlier run knew it.
pub struct Costly<'a> {
    pub plan: &'a Plan,
    pub service: &'a Service,
    pub progress: &'a Progress,
    /// A text as it stands on stderr.
    pub worded: &'a (dyn Fn(&str) -> String + Sync),
    /// How often there is still a look; none: it has been reported.
    pub looks: AtomicU32,
}

impl<'a> Costly<'a> {
    pub fn new(
        (plan, service): (&'a Plan, &'a Service),
        progress: &'a Progress,
        worded: &'a (dyn Fn(&str) -> String + Sync),
        quiet: bool,
    ) -> Self {
        let looks = if quiet || cost(plan, service).is_some() { 0 } else { LOOKS };
        Self { plan, service, progress, worded, looks: looks.into() }
    }
}

impl Watch for Costly<'_> {
    fn report(&self, event: Event<'_>) {
        self.progress.report(event);
        let looks = self.looks.load(Ordering::Relaxed);
        if !matches!(event, Event::Done { .. }) || looks == 0 {
            return;
        }
        let cost = cost(self.plan, self.service);
        self.looks.store(if cost.is_some() { 0 } else { looks - 1 }, Ordering::Relaxed);
        if let Some(cost) = cost {
            self.progress.say(&(self.worded)(&cost));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(counted: &[(u64, &str, u64, u64)], expected: Option<(u64, &str)>) {
        let limits = counted.iter().map(|(writes, name, requests, seconds)| {
            (*writes, Limit { name: (*name).to_owned(), requests: *requests, seconds: *seconds })
        });
        let found = slowest(limits);
        assert_eq!(
            found.as_ref().map(|(writes, limit)| (*writes, limit.name.as_str())),
            expected,
            "{counted:?}"
        );
    }

    #[test]
    fn the_slowest_limit_counts() {
        check(&[(2500, "m", 300, 60)], Some((2500, "m")));
        check(&[(300, "m", 300, 60)], None);
        check(&[(200, "all", 300, 60), (200, "all", 300, 60)], Some((400, "all")));
        check(&[(400, "m", 300, 60), (400, "s", 100, 60)], Some((400, "s")));
        check(&[(1, "m", 0, 60)], None);
        check(&[(u64::MAX, "m", 1, u64::MAX)], Some((u64::MAX, "m")));
        check(&[], None);
    }
}
