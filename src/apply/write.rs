//! One write: a create that is never made twice, an update, a delete; and whether its mark was kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::client::{Client, Fault, Refusal};
use crate::fill::{Armed, answer, fill, references, unescape};
use crate::kind::{self, Kind, arranged};
use crate::mark::KnownBy;
use crate::model::{Address, Change, Known, Live, Plan, Reference};

/// Between a lost answer, the first look and the second one: the service may still be at it.
const LOOK: Duration = Duration::from_millis(500);
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Between two looks, at most.
const LONGEST: Duration = Duration::from_secs(16);
/// An order that names too many or too few is read and sent again after these pauses.
const ARRANGE_AGAIN: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];
/// A list that is later than that is not waited for: what it hides is found when all is over.
const LATEST: Duration = Duration::from_secs(60);

/// Why a change failed; put into words when its outcome is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The service refuses it, or was not reached. `pointer`: the field that it names, in the body.
    Refused { refusal: Refusal, pointer: Option<String> },
    /// The object is not there any more; reported by a refusal, or found when it was looked at.
    Gone(Option<Refusal>),
    /// A success that nobody has seen: it is not sent again.
    Unseen(Refusal),
    /// Whether it was done is not known, nor could it be found out.
    Unknown { first: Refusal, then: Refusal },
    /// Nothing was sent, or what was sent is not as it should be.
    Because(String),
}

impl Failure {
    pub fn of(refusal: Refusal, body: Option<&Value>) -> Self {
        let pointer = body.and_then(|body| refusal.field(body));
        Self::Refused { refusal, pointer }
    }

    /// The last that was heard.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } | Self::Unseen(refusal) => Some(refusal),
            Self::Gone(refusal) => refusal.as_ref(),
            Self::Unknown { then, .. } => Some(then),
            Self::Because(_) => None,
        }
    }

    /// Surely nothing was done.
    pub fn is_unsent(&self) -> bool {
        let Self::Refused { refusal, .. } = self else { return false };
        matches!(refusal.fault, Fault::Unreachable | Fault::Limited)
    }

    /// In words, for an object of a kind. `serves`: the keys do, for other requests.
    pub fn text(&self, kind: &Kind, serves: bool) -> String {
        match self {
            Self::Refused { refusal, .. } if refusal.fault == Fault::Forbidden && serves => format!(
                "{refusal}. The same keys serve for other requests, but not for this one: look at who may edit this {} \
                 (restriction policy, roles), and whether the keys have the scopes {}",
                kind.name,
                kind.api.write.join(", ")
            ),
            Self::Refused { refusal, .. } => refusal.to_string(),
            Self::Gone(Some(refusal)) => {
                format!("it is gone since the plan was made ({refusal}). Plan again")
            }
            Self::Gone(None) => "it is gone since the plan was made. Plan again".to_owned(),
            Self::Unseen(refusal) => {
                format!("{refusal}. No list shows it so far, and it is not sent again: plan again")
            }
            Self::Unknown { first, then } => {
                format!("{first}. Whether it was made is not known ({then}): run again to find out")
            }
            Self::Because(text) => text.clone(),
        }
    }
}

/// What a create is to be: the kind, the whole body, and the objects known as it that stood there before.
pub struct Create<'a> {
    pub kind: &'static Kind,
    pub body: &'a Value,
    pub others: &'a BTreeSet<String>,
    pub patience: Duration,
    pub made: &'a CreateLog,
}

impl Create<'_> {
    /// Whether an object didn't stand there before. Where people choose the id, one that did may have gone and come.
    fn may_be_new(&self, live: &Live) -> bool {
        self.kind.api.id.chosen || !self.others.contains(&live.id)
    }
}

/// What a run has made, with the time when it was sent: a list that shows one of them is so fresh.
#[derive(Debug, Default)]
pub struct CreateLog {
    sent: Mutex<BTreeMap<(&'static str, String), Instant>>,
    /// Creates that were sent more than once.
    repeated: Mutex<BTreeSet<(&'static str, String)>>,
}

impl CreateLog {
    fn add(&self, live: &Live, sent: Instant) {
        let mut all = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert((live.section, live.id.clone()), sent);
    }

    /// Whether a list shows something that was sent after this time.
    fn is_newer(&self, list: &[Live], than: Instant) -> bool {
        let all = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        list.iter().any(|live| all.get(&(live.section, live.id.clone())).is_some_and(|sent| *sent >= than))
    }

    fn repeat(&self, kind: &Kind, own: &KnownBy) {
        let mut repeated = self.repeated.lock().unwrap_or_else(PoisonError::into_inner);
        repeated.insert((kind.section, own.name().to_owned()));
    }

    /// Whether some create was sent more than once: there may be a copy that nobody has seen.
    pub fn is_doubtful(&self) -> bool {
        !self.repeated.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// Makes an object, once. Where an answer is lost it is looked up by its mark or name, again and again, before it is sent
/// again; what was answered with a success is never sent again.
pub async fn make(client: &Client, create: &Create<'_>, stop: &watch::Sender<bool>) -> Result<Live, Failure> {
    let end = Instant::now() + create.patience;
    let Some(own) = KnownBy::of(create.kind, create.body) else {
        return Err(Failure::Because("the plan holds neither mark nor name for it".to_owned()));
    };
    loop {
        let sent = Instant::now();
        let refusal = match client.create(create.kind, create.body).await {
            Ok(live) => {
                create.made.add(&live, sent);
                return kept(client, create, &own, live, stop).await;
            }
            Err(refusal) => refusal,
        };
        if let Fault::Duplicate { of } = &refusal.fault
            && let Some(live) = ours(client, create, of, &own).await
        {
            return Ok(live);
        }
        if !refusal.may_be_done() {
            return Err(Failure::of(refusal, Some(create.body)));
        }
        let now = Instant::now();
        let left = end.saturating_duration_since(now);
        // The other half is for the one that is sent then.
        let window = if refusal.may_be_sent_again() { left / 2 } else { left };
        match look_up(client, create, &own, now + window.min(LATEST), stop).await {
            Looked::Found(live) => return Ok(*live),
            Looked::Absent => {}
            Looked::Unknown(then) => return Err(Failure::Unknown { first: refusal, then }),
        }
        if !refusal.may_be_sent_again() {
            return Err(Failure::Unseen(refusal));
        }
        if *stop.borrow() || Instant::now() >= end {
            return Err(Failure::of(refusal, Some(create.body)));
        }
        create.made.repeat(create.kind, &own);
    }
}

/// Puts a whole body in the place of an object's.
pub async fn put(client: &Client, kind: &'static Kind, id: &str, body: &Value) -> Result<Live, Failure> {
    let live = client.update(kind, id, body).await.map_err(|refusal| match refusal.fault {
        Fault::NotFound => Failure::Gone(Some(refusal)),
        _ => Failure::of(refusal, Some(body)),
    })?;
    let sent = KnownBy::of(kind, body);
    if KnownBy::of(kind, &live.body) == sent {
        return Ok(live);
    }
    // The answer may lie where the object doesn't.
    match client.get(kind, id).await {
        Ok(live) if KnownBy::of(kind, &live.body) == sent => Ok(live),
        _ => Err(not_kept(kind, &live, sent.as_ref())),
    }
}

/// Puts the objects of a kind in order as they are by now: others may have come meanwhile. The order that was sent, and
/// the one that came of it.
pub async fn arrange(
    client: &Client,
    kind: &'static Kind,
    declared: &[String],
) -> Result<(Live, Live), Failure> {
    let failed = |refusal: Refusal| Failure::of(refusal, None);
    let mut pauses = ARRANGE_AGAIN.into_iter();
    loop {
        let live = client.order(kind).await.map_err(failed)?;
        let wanted = arranged(declared, &live.ids);
        let lacking = wanted.iter().find(|id| !live.ids.contains(id));
        let refusal = if let Some(lacking) = lacking {
            // What was just made may be missing for a while (1 recording).
            Failure::Because(format!("`{lacking}` is gone since the plan was made. Plan again"))
        } else {
            let sent = client.ordered(kind, &wanted);
            if wanted == live.ids {
                return Ok((sent.clone(), sent));
            }
            let answer = client.put_in_order(kind, &live, &wanted).await;
            match answer {
                // Somebody else's may have come or gone since it was read: an order names all there are.
                Err(refusal) if !refusal.may_be_done() && refusal.fault == Fault::Refused => failed(refusal),
                Err(refusal) if !refusal.may_be_done() => return Err(failed(refusal)),
                answer => return seen(client, kind, declared, (sent, answer)).await,
            }
        };
        let Some(pause) = pauses.next() else { return Err(refusal) };
        tokio::time::sleep(pause).await;
    }
}

/// What became of an order that was sent. Nothing is answered, and an answer may be lost: what stands there counts.
async fn seen(
    client: &Client,
    kind: &'static Kind,
    declared: &[String],
    (sent, answer): (Live, Result<(), Refusal>),
) -> Result<(Live, Live), Failure> {
    let now = client.order(kind).await.map_err(|refusal| Failure::of(refusal, None))?.ids;
    match answer {
        Err(refusal) if arranged(declared, &now) != now => Err(Failure::of(refusal, None)),
        _ => Ok((sent, client.ordered(kind, &now))),
    }
}

pub async fn delete(client: &Client, kind: &'static Kind, id: &str, force: bool) -> Result<(), Failure> {
    client.delete(kind, id, force).await.map_err(|refusal| Failure::of(refusal, None))
}

/// Whether what was made is known by what was sent. If not, the answer may be that of another write.
async fn kept(
    client: &Client,
    create: &Create<'_>,
    own: &KnownBy,
    live: Live,
    stop: &watch::Sender<bool>,
) -> Result<Live, Failure> {
    if KnownBy::of(create.kind, &live.body).as_ref() == Some(own) {
        return Ok(live);
    }
    if let Ok(read) = client.get(create.kind, &live.id).await
        && KnownBy::of(create.kind, &read.body).as_ref() == Some(own)
    {
        return Ok(read);
    }
    match look_up(client, create, own, Instant::now(), stop).await {
        Looked::Found(found) => Ok(*found),
        _ => Err(not_kept(create.kind, &live, Some(own))),
    }
}

fn not_kept(kind: &Kind, live: &Live, sent: Option<&KnownBy>) -> Failure {
    let reported = |own: Option<&KnownBy>| match own {
        Some(KnownBy::Mark(mark)) => {
            let protect = if mark.protect { " (protected)" } else { "" };
            format!("`{}/{}`{protect}", mark.owner, mark.id)
        }
        Some(KnownBy::Key(key)) => format!("`{key}`"),
        None => "none".to_owned(),
    };
    let kept = KnownBy::of(kind, &live.body);
    let (what, whence) = match kind.is_keyed() {
        true => ("name", "look at what changes names there"),
        false => ("mark", "look at what changes tags or descriptions there"),
    };
    Failure::Because(format!(
        "the service did not keep the {what}: sent {}, kept {}. Without it the next plan does not know {} again, and it \
         is not written a second time: {whence}, then delete the object or adopt it with `$id`",
        reported(sent),
        reported(kept.as_ref()),
        live.url,
    ))
}

/// What looking for an object has come to.
enum Looked {
    Found(Box<Live>),
    /// No list shows it, though one is newer or enough time has passed.
    Absent,
    /// The last look failed.
    Unknown(Refusal),
}

/// Looks for what may have been made: twice at least, then with growing pauses until a time.
async fn look_up(
    client: &Client,
    create: &Create<'_>,
    own: &KnownBy,
    until: Instant,
    stop: &watch::Sender<bool>,
) -> Looked {
    let began = Instant::now();
    let until = until.max(began + LOOK + LOOK_AGAIN);
    let (mut pause, mut is_first) = (LOOK, true);
    loop {
        wait(pause, stop).await;
        let list = if is_first {
            client.find(create.kind, own).await
        } else {
            client.owned(create.kind, own, usize::MAX).await
        };
        let failed = match list {
            Ok(list) => {
                if let Some(live) = oldest(create, own, &list) {
                    // A list may show a summary only.
                    let whole = match client.get(create.kind, &live.id).await {
                        Ok(live) => client.complete(create.kind, live, create.body).await,
                        failed => failed,
                    };
                    match whole {
                        Ok(live) => return Looked::Found(Box::new(live)),
                        Err(refusal) => Some(refusal),
                    }
                } else if create.made.is_newer(&list, began) {
                    return Looked::Absent;
                } else {
                    None
                }
            }
            Err(refusal) => Some(refusal),
        };
        pause = if is_first { LOOK_AGAIN } else { (pause * 2).min(LONGEST) };
        let is_over = !is_first && Instant::now() + pause > until;
        if is_over || *stop.borrow() || failed.as_ref().is_some_and(|refusal| refusal.fault.is_of_keys()) {
            return failed.map_or(Looked::Absent, Looked::Unknown);
        }
        is_first = false;
    }
}

/// The oldest that is known as what was to be made, and is new.
fn oldest<'l>(create: &Create<'_>, own: &KnownBy, list: &'l [Live]) -> Option<&'l Live> {
    list.iter()
        .filter(|live| own.is_on(create.kind, live) && create.may_be_new(live))
        .min_by_key(|live| kind::age(create.kind, &live.id, &live.body))
}

/// A pause that ends when the run is stopped.
pub async fn wait(pause: Duration, stop: &watch::Sender<bool>) {
    let mut stopped = stop.subscribe();
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        _ = stopped.wait_for(|stop| *stop) => {}
    }
}

/// The object that stands in the way, if it is the one that was to be made.
async fn ours(client: &Client, create: &Create<'_>, id: &str, own: &KnownBy) -> Option<Live> {
    let live = client.get(create.kind, id).await.ok()?;
    (own.is_on(create.kind, &live) && create.may_be_new(&live)).then_some(live)
}

/// The body of a change with all its references, those to what this run made first: a replace makes a new id; and its
/// secrets, which are put in when it is sent.
pub fn filled(
    plan: &Plan,
    made: &BTreeMap<Address, Known>,
    change: &Change,
    secret: &dyn Fn(&str) -> Option<String>,
) -> Result<(Value, Armed), Failure> {
    let body = change.body.as_ref();
    let body = body.ok_or_else(|| Failure::Because("the plan holds no body for it".to_owned()))?;
    let known = |reference: &Reference| answer(made, reference).or_else(|| answer(&plan.known, reference));
    let body = body.value();
    let body = fill(kind_of(change), &body, &known);
    match references(&body).into_iter().next() {
        Some(reference) => {
            let text = format!("it refers to `{}`, which is not there", reference.target);
            Err(Failure::Because(text))
        }
        None => {
            let lacking = |name| Failure::Because(format!("the secret `{name}` has no value"));
            let armed = Armed::of(&body, secret).map_err(lacking)?;
            Ok((unescape(body.into_owned()), armed))
        }
    }
}

pub fn kind_of(change: &Change) -> &'static Kind {
    kind::of_name(change.kind).expect("bug: a plan holds kinds of the table only")
}
