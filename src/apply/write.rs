//! One write: a create that is never made twice, an update, a delete.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::client::{Client, Fault, Refusal, Search};
use crate::kind::Kind;
use crate::mark;
use crate::model::{Live, Mark};

/// Between a lost answer, the first look and the second one: the service may still be at it.
const LOOK: Duration = Duration::from_millis(500);
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Between two tries of a create, at most.
const LONGEST: Duration = Duration::from_secs(30);

/// Why a change failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub text: String,
    /// The field that the service names, where it stands in the body.
    pub pointer: Option<String>,
    /// The keys are refused: nothing else will work.
    pub forbidden: bool,
    /// Surely nothing was done.
    pub unsent: bool,
}

impl Failure {
    pub fn of(refusal: &Refusal, body: Option<&Value>) -> Self {
        Self {
            text: refusal.to_string(),
            pointer: body.and_then(|body| refusal.field(body)),
            forbidden: refusal.fault == Fault::Forbidden,
            unsent: matches!(refusal.fault, Fault::Unreachable | Fault::Limited),
        }
    }

    pub fn because(text: String) -> Self {
        Self { text, pointer: None, forbidden: false, unsent: false }
    }
}

/// What a create is to be: the kind, the whole body, and the objects of its mark that stood there before.
pub struct Wish<'a> {
    pub kind: &'static Kind,
    pub body: &'a Value,
    pub others: &'a BTreeSet<String>,
    pub patience: Duration,
}

/// Makes an object, once. Where an answer is lost it is looked up by its mark, twice, before it is sent again.
pub async fn make(client: &Client, wish: &Wish<'_>, stop: &watch::Sender<bool>) -> Result<Live, Failure> {
    let began = Instant::now();
    let mut pause = LOOK;
    loop {
        let refusal = match client.create(wish.kind, wish.body).await {
            Ok(live) => return Ok(live),
            Err(refusal) => refusal,
        };
        let mark = mark::read(wish.kind, wish.body);
        if let Some((id, mark)) = duplicate_of(&refusal.words).zip(mark.as_ref())
            && let Some(live) = ours(client, wish, &id, mark).await
        {
            return Ok(live);
        }
        // A 429 that doesn't end was surely not done, but was repeated long enough.
        if !refusal.fault.may_be_done() || refusal.status == Some(429) {
            return Err(Failure::of(&refusal, Some(wish.body)));
        }
        let Some(mark) = mark else { return Err(Failure::of(&refusal, Some(wish.body))) };
        match look_up(client, wish, &mark).await {
            Ok(Some(live)) => return Ok(live),
            Ok(None) => {}
            Err(second) => {
                let text =
                    format!("{refusal}. Whether it was made is not known ({second}): run again to find out");
                return Err(Failure {
                    forbidden: second.fault == Fault::Forbidden,
                    ..Failure::because(text)
                });
            }
        }
        if *stop.borrow() || began.elapsed() + pause > wish.patience {
            return Err(Failure::of(&refusal, Some(wish.body)));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
}

/// Puts a whole body in the place of an object's.
pub async fn put(client: &Client, kind: &'static Kind, id: &str, body: &Value) -> Result<Live, Failure> {
    client.update(kind, id, body).await.map_err(|refusal| {
        let failure = Failure::of(&refusal, Some(body));
        if refusal.fault == Fault::NotFound {
            let text = format!("it is gone since the plan was made ({refusal}). Plan again");
            return Failure { text, ..failure };
        }
        failure
    })
}

pub async fn delete(client: &Client, kind: &'static Kind, id: &str, force: bool) -> Result<(), Failure> {
    client.delete(kind, id, force).await.map_err(|refusal| Failure::of(&refusal, None))
}

/// Two looks, the second among everything that the owner has.
async fn look_up(client: &Client, wish: &Wish<'_>, mark: &Mark) -> Result<Option<Live>, Refusal> {
    for (pause, search) in [(LOOK, Search::Quick), (LOOK_AGAIN, Search::Thorough)] {
        tokio::time::sleep(pause).await;
        let mut found = client.find(wish.kind, mark, search).await?;
        found.retain(|live| !wish.others.contains(&live.id));
        // The oldest, should there be several: ids of numbers grow.
        found.sort_by(|a, b| (a.id.len(), &a.id).cmp(&(b.id.len(), &b.id)));
        if let Some(live) = found.into_iter().next() {
            return Ok(Some(live));
        }
    }
    Ok(None)
}

/// The object that stands in the way, if it is the one that was to be made.
async fn ours(client: &Client, wish: &Wish<'_>, id: &str, mark: &Mark) -> Option<Live> {
    let live = client.get(wish.kind, id).await.ok()?;
    let same = live.mark.as_ref().is_some_and(|own| own.owner == mark.owner && own.id == mark.id);
    (same && !wish.others.contains(&live.id)).then_some(live)
}

/// The id in `Duplicate of an existing monitor_id:123`.
fn duplicate_of(words: &str) -> Option<String> {
    let rest = words.split_once("Duplicate of an existing")?.1.split_once(':')?.1;
    let id: String =
        rest.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    (!id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_is_named() {
        assert_eq!(duplicate_of("Duplicate of an existing monitor_id:123").as_deref(), Some("123"));
        assert_eq!(duplicate_of("x: Duplicate of an existing slo_id: a-1; y").as_deref(), Some("a-1"));
        assert_eq!(duplicate_of("Duplicate of an existing monitor_id:"), None);
        assert_eq!(duplicate_of("Monitor not found"), None);
    }
}
