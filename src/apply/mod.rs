//! A plan is carried out: each change as soon as what it needs is done, side by side; a failure stops what needs it.

mod doubles;
mod late;
mod options;
mod steps;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use serde_json::Value;
use tokio::time::Instant;

use crate::client::{Client, Fault, Refusal};
use crate::fill::known_of;
use crate::kind::{self, Kind};
use crate::model::{Action, Address, Change, Event, FieldChange, Known, Live, Outcome, Plan, Status, Watch};
use crate::wire::{counted, no_later_than};
use doubles::Created;
pub use options::Options;
use steps::{Ready, Schedule, deletes_first};
use write::{Create, CreateLog, Failure, filled, kind_of};

/// Changes begun at once: more than the limiter lets out, so that it decides, and at the lowest limit known (300
/// writes a minute) no more than go out while an object that was looked at is fresh.
const AT_ONCE: usize = 128;
/// What was listed earlier than that is looked at again before it is written.
pub const FRESH: Duration = Duration::from_secs(30);
const STOPPED: &str = "apply was stopped before";

/// The outcomes of a plan of which nothing is tried.
pub fn not_tried(plan: &Plan, because: &str) -> Vec<Outcome> {
    let status = Status::NotTried { because: because.to_owned() };
    plan.changes.iter().map(|change| outcome(change, Part::default(), status.clone())).collect()
}

/// Carries out a plan. The outcomes come in the order of its changes, one for each.
pub async fn apply(
    plan: &Plan,
    client: &Client,
    options: &Options<'_>,
    progress: &dyn Watch,
) -> Vec<Outcome> {
    progress.report(Event::Total { changes: plan.changes.len() });
    let schedule = Schedule::new(&plan.changes);
    let mut standing: BTreeMap<&Address, BTreeSet<String>> = BTreeMap::new();
    for change in &plan.changes {
        standing.entry(&change.address).or_default().extend(change.datadog_id.clone());
    }
    let made_here = CreateLog::default();
    let run = Run {
        plan,
        client,
        options,
        progress,
        made_here: &made_here,
        created: Vec::new(),
        ready: schedule.first(),
        schedule,
        running: FuturesUnordered::new(),
        busy: BTreeSet::new(),
        questions: BTreeMap::new(),
        asking: BTreeSet::new(),
        parked: Vec::new(),
        asked_twice: BTreeSet::new(),
        standing,
        made: BTreeMap::new(),
        parts: plan.changes.iter().map(|_| Part::default()).collect(),
        done: 0,
    };
    let (mut outcomes, created) = run.go().await;
    let ended =
        doubles::Ended { plan, client, options, created: &created, is_doubtful: made_here.is_doubtful() };
    doubles::settle(&ended, &mut outcomes).await;
    // A cache that can't be written costs requests, nothing more.
    let _ = client.save_cache();
    outcomes
}

/// The state of a run.
struct Run<'a> {
    plan: &'a Plan,
    client: &'a Client,
    options: &'a Options<'a>,
    progress: &'a dyn Watch,
    schedule: Schedule,
    ready: Ready,
    running: FuturesUnordered<BoxFuture<'a, Ended>>,
    /// Sections whose writes go one after another, and one is on its way.
    busy: BTreeSet<&'static str>,
    /// Deletes that wait to be asked about, by section.
    questions: BTreeMap<&'static str, Vec<usize>>,
    /// Sections with a question on its way.
    asking: BTreeSet<&'static str>,
    /// Deletes that were refused while other work went on: asked about once more when it is over.
    parked: Vec<usize>,
    asked_twice: BTreeSet<usize>,
    /// Objects that bore the mark of a new one before: the old one of a replace, copies made in the UI.
    standing: BTreeMap<&'a Address, BTreeSet<String>>,
    /// What this very run made, to refer to.
    made: BTreeMap<Address, Known>,
    /// What was made, for lists to be held against; and in the order in which it came to be.
    made_here: &'a CreateLog,
    created: Vec<Created>,
    parts: Vec<Part>,
    done: usize,
}

/// What is known of a change so far.
#[derive(Default)]
struct Part {
    attempts: u32,
    milliseconds: u64,
    written: Option<Known>,
    not_kept: Vec<FieldChange>,
    outcome: Option<Outcome>,
}

/// Something that was under way has ended.
enum Ended {
    Step {
        at: usize,
        result: Result<Option<Written>, Failure>,
        attempts: u32,
        milliseconds: u64,
    },
    /// Which of these may not be deleted, with what uses them.
    Asked {
        kind: &'static Kind,
        steps: Vec<usize>,
        used: Result<BTreeMap<String, Vec<String>>, Refusal>,
    },
}

/// A body that was sent, and the object that it became.
struct Written {
    sent: Value,
    live: Live,
}

impl<'a> Run<'a> {
    async fn go(mut self) -> (Vec<Outcome>, Vec<Created>) {
        loop {
            while self.running.len() < AT_ONCE && !self.stopped() {
                let free = |(_, at): &&(_, usize)| !self.busy.contains(self.lane(*at));
                let Some(next) = self.ready.iter().find(free).copied() else { break };
                self.ready.remove(&next);
                self.start(next.1);
            }
            self.ask();
            match self.running.next().await {
                Some(Ended::Step { at, result, attempts, milliseconds }) => {
                    let part = &mut self.parts[self.schedule.steps[at].change];
                    part.attempts += attempts;
                    part.milliseconds += milliseconds;
                    self.busy.remove(self.lane(at));
                    self.ended(at, result);
                }
                Some(Ended::Asked { kind, steps, used }) => {
                    self.asking.remove(kind.section);
                    self.answered(kind, steps, used);
                }
                None if !self.parked.is_empty() && !self.stopped() => {
                    for at in std::mem::take(&mut self.parked) {
                        self.asked_twice.insert(at);
                        self.questions.entry(self.kind(at).section).or_default().push(at);
                    }
                }
                None => return self.close(),
            }
        }
    }

    fn stopped(&self) -> bool {
        *self.options.stop.borrow()
    }

    fn change(&self, at: usize) -> &'a Change {
        &self.plan.changes[self.schedule.steps[at].change]
    }

    fn kind(&self, at: usize) -> &'static Kind {
        kind_of(self.change(at))
    }

    /// The section whose writes go one after another with this one: an order is written as what it orders.
    fn lane(&self, at: usize) -> &'static str {
        let kind = self.kind(at);
        let ordered = kind::ordered_as(self.change(at).address.id()).filter(|_| kind.is_order());
        ordered.map_or(kind.lane(), Kind::lane)
    }

    fn start(&mut self, at: usize) {
        let (change, kind, client, options) = (self.change(at), self.kind(at), self.client, self.options);
        if let Some(why) = options.refused.get(&self.schedule.steps[at].change) {
            return self.ended(at, Err(Failure::Because(why.clone())));
        }
        if !self.schedule.steps[at].old {
            self.progress.report(Event::Started { change });
        }
        if self.schedule.steps[at].old || change.action == Action::Delete {
            if kind.api.can_delete.is_some() && !options.force {
                self.questions.entry(kind.section).or_default().push(at);
            } else {
                self.delete(at);
            }
            return;
        }
        let (body, armed) = match filled(self.plan, &self.made, change, options.secret) {
            Ok(filled) => filled,
            Err(failure) => return self.ended(at, Err(failure)),
        };
        if let Some(ordered) = kind::ordered_as(change.address.id()).filter(|_| kind.is_order()) {
            return self.run(at, async move {
                let (sent, live) = write::arrange(client, ordered, &kind::members(&body)).await?;
                Ok(Some(Written { sent: sent.body, live }))
            });
        }
        let others = self.standing.get(&change.address).cloned().unwrap_or_default();
        let made = self.made_here;
        self.run(at, async move {
            let (sent, live) = match (&change.datadog_id, change.action) {
                (Some(id), Action::Update | Action::Move | Action::Adopt | Action::Forget) => {
                    let mut seen = options.listed;
                    loop {
                        let body = look_first(client, change, body.clone(), &mut seen).await?;
                        let body = body.ok_or(Failure::Gone(None))?;
                        let loaded = armed.load(&body);
                        let put = write::put(client, kind, id, &loaded);
                        if let Some(live) = no_later_than(seen + FRESH, put).await {
                            break (body, live?);
                        }
                    }
                }
                _ => {
                    let patience = options.patience;
                    let loaded = armed.load(&body);
                    let create = Create { kind, body: &loaded, others: &others, patience, made };
                    let live = write::make(client, &create, options.stop).await?;
                    (body, live)
                }
            };
            Ok(Some(Written { sent, live }))
        });
    }

    fn delete(&mut self, at: usize) {
        let (change, kind, client, options) = (self.change(at), self.kind(at), self.client, self.options);
        self.run(at, async move {
            let id = change.datadog_id.as_ref();
            let id = id.ok_or_else(|| Failure::Because("the plan names no object to delete".to_owned()))?;
            let mut seen = options.listed;
            while look_first(client, change, Value::Null, &mut seen).await?.is_some() {
                let deleted = write::delete(client, kind, id, options.force);
                if let Some(deleted) = no_later_than(seen + FRESH, deleted).await {
                    deleted?;
                    break;
                }
            }
            Ok(None)
        });
    }

    fn run(&mut self, at: usize, work: impl Future<Output = Result<Option<Written>, Failure>> + Send + 'a) {
        if self.kind(at).api.serial {
            self.busy.insert(self.lane(at));
        }
        let timed = async move {
            let began = Instant::now();
            let (result, attempts) = counted(work).await;
            let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            Ended::Step { at, result, attempts, milliseconds }
        };
        self.running.push(timed.boxed());
    }

    /// Asks about the deletes that have come together meanwhile; one question for each kind at a time.
    fn ask(&mut self) {
        if self.stopped() {
            return;
        }
        for (section, steps) in std::mem::take(&mut self.questions) {
            if self.asking.contains(section) {
                self.questions.insert(section, steps);
                continue;
            }
            self.asking.insert(section);
            let (client, kind) = (self.client, self.kind(steps[0]));
            let ids: Vec<String> =
                steps.iter().filter_map(|&at| self.change(at).datadog_id.clone()).collect();
            let asking =
                async move { Ended::Asked { kind, steps, used: client.can_delete(kind, &ids).await } };
            self.running.push(asking.boxed());
        }
    }

    fn answered(
        &mut self,
        kind: &Kind,
        steps: Vec<usize>,
        used: Result<BTreeMap<String, Vec<String>>, Refusal>,
    ) {
        let used = match used {
            Ok(used) => used,
            Err(refusal) => {
                let failure = Failure::of(refusal, None);
                steps.into_iter().for_each(|at| self.ended(at, Err(failure.clone())));
                return;
            }
        };
        let users = |at: &usize| used.get(self.change(*at).datadog_id.as_deref().unwrap_or_default());
        let (refused, free): (Vec<_>, Vec<_>) =
            steps.into_iter().map(|at| (at, users(&at))).partition(|(_, users)| users.is_some());
        if self.stopped() {
            return;
        }
        for (at, _) in free {
            self.delete(at);
        }
        for (at, users) in refused {
            // What uses it may be on its way out.
            let work_goes_on = !self.running.is_empty() || !self.ready.is_empty();
            if work_goes_on && !self.asked_twice.contains(&at) {
                self.parked.push(at);
                continue;
            }
            let users = users.map(|users| users.join("; ")).unwrap_or_default();
            let text = format!("the {} is still used, and is not deleted: {users}", kind.name);
            self.ended(at, Err(Failure::Because(text)));
        }
    }

    /// A step came to its end: what it means for its change and for those that wait for it.
    fn ended(&mut self, at: usize, result: Result<Option<Written>, Failure>) {
        let step = self.schedule.steps[at];
        let change = self.change(at);
        match result {
            Ok(written) => {
                if let Some(Written { sent, live }) = written {
                    let known = known_of(&live);
                    if change.makes() {
                        self.created.push(Created { change: step.change, id: known.id.clone() });
                    }
                    let part = &mut self.parts[step.change];
                    part.not_kept = (self.options.compare)(kind_of(change), &sent, &live.body);
                    part.written = Some(known.clone());
                    self.made.insert(change.address.clone(), known);
                }
                if change.action != Action::Replace || step.old != deletes_first(change) {
                    self.finish(step.change, Status::Done);
                }
                let ready = self.schedule.done(at);
                self.ready.extend(self.schedule.in_turn(ready));
            }
            Err(failure) => {
                let status = self.status_of(at, failure);
                let stopped = matches!(status, Status::NotTried { .. });
                self.finish(step.change, status);
                let (blocked, ready) = self.schedule.failed(at);
                for blocked in blocked {
                    self.blocked(blocked, &change.address, stopped);
                }
                self.ready.extend(self.schedule.in_turn(ready));
            }
        }
    }

    /// What a failure makes of its step; where the keys are to blame, of the whole run.
    fn status_of(&self, at: usize, failure: Failure) -> Status {
        let blames_keys = failure.refusal().is_some_and(|refusal| self.client.blames_keys(&refusal.fault));
        let mut text = failure.text(self.kind(at), !blames_keys);
        if blames_keys {
            self.options.stop.send_replace(true);
            text = format!("{text}. {}", self.options.keys_refused);
        }
        let is_unsent = failure.is_unsent();
        let pointer = match failure {
            Failure::Refused { pointer, .. } => pointer,
            _ => None,
        };
        let (first, is_old) = (deletes_first(self.change(at)), self.schedule.steps[at].old);
        if first && !is_old {
            let text =
                format!("the old one is deleted, and the new one not made: {text}. The next apply makes it");
            return Status::Failed { text, pointer };
        }
        if is_old && !first {
            return self.old_stays(self.schedule.steps[at].change, &text);
        }
        if is_unsent && self.stopped() {
            return Status::NotTried { because: STOPPED.to_owned() };
        }
        Status::Failed { text, pointer }
    }

    /// Something that a step needs failed, or was not tried because of a stop.
    fn blocked(&mut self, at: usize, needed: &Address, stopped: bool) {
        let step = self.schedule.steps[at];
        let status = if step.old && self.parts[step.change].written.is_some() {
            self.old_stays(step.change, &format!("`{needed}` still needs it"))
        } else if stopped {
            Status::NotTried { because: STOPPED.to_owned() }
        } else {
            Status::NotTried { because: format!("it needs `{needed}`, which failed") }
        };
        self.finish(step.change, status);
    }

    fn old_stays(&self, change: usize, why: &str) -> Status {
        let old = self.plan.changes[change].datadog_id.as_deref().unwrap_or_default();
        let new = self.parts[change].written.as_ref().map(|known| known.id.as_str()).unwrap_or_default();
        let text = format!("the new object {new} is there, but the old one {old} is not deleted: {why}");
        Status::Failed { text: format!("{text}. The next apply deletes it"), pointer: None }
    }

    /// The end of a change; the first word on it counts.
    fn finish(&mut self, change: usize, status: Status) {
        let (part, change) = (&mut self.parts[change], &self.plan.changes[change]);
        if part.outcome.is_some() {
            return;
        }
        self.done += 1;
        let ended = outcome(change, std::mem::take(part), status);
        let outcome = &*part.outcome.insert(ended);
        self.progress.report(Event::Done { outcome });
    }

    /// Nothing is on its way any more: what has no end was stopped.
    fn close(mut self) -> (Vec<Outcome>, Vec<Created>) {
        let because = if self.stopped() { STOPPED } else { "the changes that it needs wait for each other" };
        for change in 0..self.parts.len() {
            let status = match self.parts[change].written {
                Some(_) => self.old_stays(change, because),
                None => Status::NotTried { because: because.to_owned() },
            };
            self.finish(change, status);
        }
        (self.parts.into_iter().filter_map(|part| part.outcome).collect(), self.created)
    }
}

/// The body to send for a change, held against its object as it stands now where that was `seen` long ago; `None`
/// where the object is gone.
async fn look_first(
    client: &Client,
    change: &Change,
    body: Value,
    seen: &mut Instant,
) -> Result<Option<Value>, Failure> {
    let Some(id) = change.datadog_id.as_ref().filter(|_| seen.elapsed() > FRESH) else {
        return Ok(Some(body));
    };
    *seen = Instant::now();
    let kind = kind_of(change);
    let now = match client.get(kind, id).await {
        Ok(now) => now,
        Err(refusal) if refusal.fault == Fault::NotFound => return Ok(None),
        Err(refusal) => return Err(Failure::of(refusal, None)),
    };
    late::renewed(kind, change, &now, body).map(Some).map_err(|fields| {
        let fields = fields.join(", ");
        Failure::Because(format!("it was changed ({fields}) since the plan was made; plan again"))
    })
}

fn outcome(change: &Change, part: Part, status: Status) -> Outcome {
    let both_stand = change.action == Action::Replace && part.written.is_some() && status != Status::Done;
    let alert = part.written.as_ref().and_then(|known| known.alert.clone());
    let (id, url) = part.written.map(|known| (known.id, known.url)).unzip();
    Outcome {
        address: change.address.clone(),
        action: change.action,
        kind: change.kind,
        status,
        datadog_id: id.or_else(|| change.datadog_id.clone()),
        url: url.or_else(|| change.url.clone()),
        alert: alert.or_else(|| kind_of(change).alert_of(change.live.as_ref()?)),
        attempts: part.attempts,
        milliseconds: part.milliseconds,
        origin: change.origin.clone(),
        field: None,
        not_kept: part.not_kept,
        note: None,
        both_stand,
    }
}

#[cfg(test)]
mod tests;
