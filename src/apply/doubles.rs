//! At the end: what two runs that knew nothing of each other made twice is there once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::options::Options;
use super::write::{filled, kind_of, wait};
use crate::client::{Client, Refusal};
use crate::fill::known_of;
use crate::kind::{self, Kind};
use crate::mark::{self, KnownBy};
use crate::model::{Address, Change, Known, Live, Outcome, Plan, Status};

/// Between two looks, at first and at most.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(8);
/// How long lists may hide what was just made, and another run may take to clean up behind itself.
const LATE: Duration = Duration::from_secs(10);

/// An object that this run made.
pub struct Created {
    /// Its change's place in the plan.
    pub change: usize,
    pub id: String,
}

/// A run that is over.
pub struct Ended<'a> {
    pub plan: &'a Plan,
    pub client: &'a Client,
    pub options: &'a Options<'a>,
    /// What it made, in the order in which it came to be.
    pub created: &'a [Created],
    /// Some create was sent more than once.
    pub is_doubtful: bool,
}

/// All that may be ours by now, by section and the id in the mark, or the key.
type Bearers = BTreeMap<(&'static str, String), Vec<Live>>;

/// Lists the kinds of what was made. Of two objects with one mark the younger goes, if this run made it; another run
/// has a while to do the same. What is double in the end is reported as a failure.
pub async fn settle(ended: &Ended<'_>, outcomes: &mut [Outcome]) {
    let mut standing = listed(ended);
    let Some(last) = standing.last().copied() else { return };
    let patience = if ended.is_doubtful { ended.options.patience } else { LATE.min(ended.options.patience) };
    let (began, mut pause) = (Instant::now(), PAUSE);
    loop {
        let listed = look(ended, pause > PAUSE).await;
        let is_late = began.elapsed() + pause > patience;
        let is_over = is_late || *ended.options.stop.borrow();
        match listed {
            Ok(bearers) => {
                let (mut losers, mut doubles) = (Vec::new(), Vec::new());
                let (mut failed, mut is_settled) = (Vec::new(), true);
                standing.retain(|created| match judge(ended, created, &bearers) {
                    Verdict::Alone => true,
                    Verdict::Hidden => {
                        is_settled = false;
                        true
                    }
                    Verdict::Younger(winner) => {
                        losers.push((*created, winner));
                        false
                    }
                    Verdict::Double(other, text) => {
                        doubles.push((*created, other));
                        failed.push((created.change, text));
                        true
                    }
                    Verdict::Failed(text) => {
                        failed.push((created.change, text));
                        true
                    }
                });
                if is_late {
                    let gives_way = replaceable(ended, &doubles, outcomes).await;
                    failed.retain(|(at, _)| !gives_way.iter().any(|(created, _)| created.change == *at));
                    losers.extend(gives_way);
                }
                give_way(ended, &losers, outcomes).await;
                if is_over || is_settled && failed.is_empty() {
                    for (at, text) in failed {
                        outcomes[at].status = Status::Failed { text, pointer: None };
                    }
                    return;
                }
            }
            Err(_) if *ended.options.stop.borrow() => return,
            Err(refusal) if is_over => {
                outcomes[last.change].note =
                    Some(format!("Whether another run made the same could not be looked up: {refusal}"));
                return;
            }
            Err(_) => {}
        }
        wait(pause, ended.options.stop).await;
        pause = (pause * 2).min(LONGEST);
    }
}

/// What was made and a list shows: the others have keys that no two objects have.
fn listed<'e>(ended: &Ended<'e>) -> Vec<&'e Created> {
    let is_listed = |created: &&Created| kind_of(&ended.plan.changes[created.change]).is_listed();
    ended.created.iter().filter(is_listed).collect()
}

enum Verdict<'b> {
    Alone,
    /// No list shows it yet, nor perhaps what others made.
    Hidden,
    /// Another run was first: its object stays.
    Younger(&'b Live),
    /// Another run came later and is gone already: it did not see this one's object.
    Double(&'b Live, String),
    Failed(String),
}

fn judge<'b>(ended: &Ended<'_>, created: &Created, bearers: &'b Bearers) -> Verdict<'b> {
    let change = &ended.plan.changes[created.change];
    let (kind, address) = (kind_of(change), &change.address);
    // A mark names the resource by its id.
    let own = if kind.is_keyed() { own_of(change) } else { None };
    let name = own.as_ref().map_or(address.id(), KnownBy::name);
    let key = (kind.section, name.to_owned());
    let new = bearers.get(&key).into_iter().flatten().filter(|live| is_new(ended, change, &live.id));
    let mut new: Vec<&Live> = new.collect();
    new.sort_by_key(|live| kind::age(kind, &live.id, &live.body));
    let is_shown = new.iter().any(|live| live.id == created.id);
    let elsewhere =
        || bearers.values().flatten().find(|live| live.section == kind.section && live.id == created.id);
    match new[..] {
        _ if !is_shown => match elsewhere().and_then(|live| KnownBy::of(kind, &live.body)) {
            Some(other) => Verdict::Failed(format!(
                "the service answered with {}, which bears the {} `{}/{}`. Plan again",
                ended.client.url(kind, &created.id),
                if kind.is_keyed() { "name" } else { "mark of" },
                kind.section,
                other.name()
            )),
            None => Verdict::Hidden,
        },
        [_] => Verdict::Alone,
        [oldest, ..] if oldest.id != created.id => Verdict::Younger(oldest),
        [_, next, ..] => Verdict::Double(next, double(kind, &new)),
        [] => Verdict::Hidden,
    }
}

/// Whether an object came to be after the plan was made. Where people choose the id, the one of a replace is the same.
fn is_new(ended: &Ended<'_>, change: &Change, id: &str) -> bool {
    let was_there =
        change.datadog_id.as_deref() == Some(id) || (ended.options.was_there)(change.address.section(), id);
    kind_of(change).api.id.chosen || !was_there
}

fn double(kind: &Kind, all: &[&Live]) -> String {
    let urls: Vec<&str> = all.iter().map(|live| live.url.as_str()).collect();
    format!(
        "it is there {} times, with one {}: {}. A lost answer, or another apply at the same time, did it: delete those \
         that are not wanted",
        all.len(),
        if kind.is_keyed() { "name" } else { "mark" },
        urls.join(", ")
    )
}

/// Lists the kinds of what this run made; `thoroughly`: to a page with nothing new.
async fn look(ended: &Ended<'_>, thoroughly: bool) -> Result<Bearers, Refusal> {
    let mut made: BTreeMap<&'static str, (&'static Kind, KnownBy, usize)> = BTreeMap::new();
    for created in ended.created {
        let change = &ended.plan.changes[created.change];
        let kind = kind_of(change);
        if let Some((_, _, count)) = made.get_mut(kind.section) {
            *count += 1;
        } else if let Some(own) = own_of(change).filter(|_| kind.is_listed()) {
            made.insert(kind.section, (kind, own, 1));
        }
    }
    let least = |count| if thoroughly { usize::MAX } else { count };
    let lists = made.values().map(|(kind, own, count)| ended.client.owned(kind, own, least(*count)));
    let mut bearers = Bearers::new();
    for list in futures_util::future::join_all(lists).await {
        for live in list? {
            let key = kind::of_section(live.section).and_then(|kind| mark::key(kind, &live.body));
            let name = key.or_else(|| Some(live.mark.as_ref()?.id.as_str())).unwrap_or_default().to_owned();
            bearers.entry((live.section, name)).or_default().push(live);
        }
    }
    Ok(bearers)
}

fn own_of(change: &Change) -> Option<KnownBy> {
    KnownBy::of(kind_of(change), &change.body.as_ref()?.value())
}

/// Of what another run made later, and has not taken away in all this time, that which may stand for what this run made:
/// the other run ended before it could see that there are two.
async fn replaceable<'e, 'l>(
    ended: &Ended<'_>,
    doubles: &[(&'e Created, &'l Live)],
    outcomes: &[Outcome],
) -> Vec<(&'e Created, &'l Live)> {
    let mut known = made_known(ended, outcomes);
    known.extend(doubles.iter().map(|(created, other)| {
        let address = ended.plan.changes[created.change].address.clone();
        (address, known_of(other))
    }));
    let mut found = Vec::new();
    for (created, other) in doubles {
        if is_as_wanted(ended, &ended.plan.changes[created.change], &known, &other.id).await {
            found.push((*created, *other));
        }
    }
    found
}

/// The ids of what this run wrote.
fn made_known(ended: &Ended<'_>, outcomes: &[Outcome]) -> BTreeMap<Address, Known> {
    let written = ended.plan.changes.iter().zip(outcomes).filter_map(|(change, outcome)| {
        let (id, url) = outcome.datadog_id.clone().zip(outcome.url.clone())?;
        Some((change.address.clone(), Known { id, url, alert: outcome.alert.clone() }))
    });
    written.collect()
}

/// Takes away what this run made after another one: what refers to it is turned to the other object first, and
/// what was made last goes first, since it may refer to the others.
async fn give_way(ended: &Ended<'_>, losers: &[(&Created, &Live)], outcomes: &mut [Outcome]) {
    if losers.is_empty() {
        return;
    }
    let mut known = made_known(ended, outcomes);
    let mut turned = BTreeSet::new();
    for (created, winner) in losers {
        let address = &ended.plan.changes[created.change].address;
        known.insert(address.clone(), known_of(winner));
        turned.insert(address);
    }
    let lost: BTreeSet<usize> = losers.iter().map(|(created, _)| created.change).collect();
    for (at, change) in ended.plan.changes.iter().enumerate() {
        let refers = change.after.iter().any(|needed| turned.contains(needed)) && change.body.is_some();
        if refers
            && !lost.contains(&at)
            && outcomes[at].status == Status::Done
            && let Err(text) = turn(ended, change, &known, outcomes[at].datadog_id.as_deref()).await
        {
            outcomes[at].status = Status::Failed { text, pointer: None };
        }
    }
    for (created, winner) in losers.iter().rev() {
        let change = &ended.plan.changes[created.change];
        let url = ended.client.url(kind_of(change), &created.id);
        let outcome = &mut outcomes[created.change];
        if let Err(refusal) = ended.client.delete(kind_of(change), &created.id, false).await {
            let text = format!(
                "it was made twice ({}), and the one made here, {url}, could not be taken away: \
                 {refusal}",
                winner.url
            );
            outcome.status = Status::Failed { text, pointer: None };
            continue;
        }
        let (address, stays) = (&change.address, &winner.url);
        let note = if ended.is_doubtful {
            format!(
                "`{address}` was made twice, by another run or by a request that was sent again: the first object stays \
                 ({stays}), the second one is deleted again ({url})"
            )
        } else {
            format!(
                "Another run made `{address}` too: its object stays ({stays}), the one made here is deleted again ({url})"
            )
        };
        (outcome.datadog_id, outcome.url) = (Some(winner.id.clone()), Some(winner.url.clone()));
        if is_as_wanted(ended, change, &known, &winner.id).await {
            outcome.note = Some(note);
        } else {
            let text = format!("{note}. It is not as it is declared here: plan again");
            outcome.status = Status::Failed { text, pointer: None };
        }
    }
}

/// Writes a change once more, with the references as they are by now.
async fn turn(
    ended: &Ended<'_>,
    change: &Change,
    known: &BTreeMap<Address, Known>,
    id: Option<&str>,
) -> Result<(), String> {
    let Some(id) = id else { return Ok(()) };
    let filled = filled(ended.plan, known, change, ended.options.secret);
    let (body, armed) = filled.map_err(|failure| failure.text(kind_of(change), true))?;
    let written = ended.client.update(kind_of(change), id, &armed.load(&body)).await;
    written.map(drop).map_err(|refusal| {
        format!("it refers to an object that was made twice, and could not be turned to that one: {refusal}")
    })
}

async fn is_as_wanted(
    ended: &Ended<'_>,
    change: &Change,
    known: &BTreeMap<Address, Known>,
    id: &str,
) -> bool {
    let kind = kind_of(change);
    let filled = filled(ended.plan, known, change, ended.options.secret);
    let (Ok((body, _)), Ok(live)) = (filled, ended.client.get(kind, id).await) else {
        return false;
    };
    (ended.options.compare)(kind, &body, &live.body).is_empty()
}
