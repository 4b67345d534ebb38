//! What objects hold at addresses of their own: read with them, and written after them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::apart::{self, Step};
use super::refusal::{CONFLICT, Fault, Refusal};
use super::{Client, answer, call};
use crate::kind::{Apart, Held, Kind, Paging, Part};
use crate::model::Live;
use crate::wire::{Method, Request, Wire};

/// The most items on a page, and pages of one part.
const PAGE: usize = 100;
const MOST_PAGES: usize = 500;
/// A write that met another one, or whose answer was lost, is looked at again after these pauses.
pub const AGAIN: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(4)];

/// Parts that are on their way, by the ids of their objects and by their fields.
#[derive(Default)]
pub struct Parts {
    tasks: JoinSet<(String, &'static str, Result<Value, Refusal>)>,
    asked: BTreeSet<(String, &'static str)>,
}

impl Parts {
    fn ask(&mut self, kind: &'static Kind, part: &'static Part, id: &str, wire: &Arc<dyn Wire>) {
        if self.asked.insert((id.to_owned(), part.field)) {
            let (wire, id) = (Arc::clone(wire), id.to_owned());
            self.tasks.spawn(async move {
                let read = read(kind, part, &id, wire.as_ref()).await;
                (id, part.field, read)
            });
        }
    }
}

/// A part as a body has it. Of an object that is gone it is null.
async fn read(kind: &Kind, part: &Part, id: &str, wire: &dyn Wire) -> Result<Value, Refusal> {
    let read = match &part.held {
        Held::Whole(members) => {
            let request = request(kind, part, Method::Get, id)?;
            match call(wire, &request).await {
                Ok(answer) => return items(part, members, &request, answer),
                Err(refusal) => Err(refusal),
            }
        }
        Held::Apart(own) => {
            resources(kind, part, own, id, wire).await.map(|resources| apart::items(own, &resources))
        }
    };
    match read {
        Err(refusal) if refusal.fault == Fault::NotFound => Ok(Value::Null),
        read => read,
    }
}

/// The items with the members that are sent of them.
fn items(part: &Part, members: &[&str], request: &Request, mut answer: Value) -> Result<Value, Refusal> {
    let Some(Value::Array(items)) = answer.get_mut(part.field).map(Value::take) else {
        return Err(Refusal::odd(request, format!("there is no list under `{}` in it", part.field)));
    };
    let item = |mut item: Value| {
        let member = |name: &&str| Some(((*name).to_owned(), item.get_mut(*name)?.take()));
        Value::Object(members.iter().filter_map(member).collect::<Map<_, _>>())
    };
    Ok(items.into_iter().map(item).collect())
}

/// All resources of a part.
async fn resources(
    kind: &Kind,
    part: &Part,
    own: &Apart,
    id: &str,
    wire: &dyn Wire,
) -> Result<Vec<Value>, Refusal> {
    let mut request = request(kind, part, Method::Get, id)?;
    let (mut all, mut seen): (Vec<Value>, BTreeSet<String>) = Default::default();
    for page in 0..MOST_PAGES {
        if let Paging::Number { page: name, size } = own.paging {
            request.query = vec![(name.to_owned(), page.to_string()), (size.to_owned(), PAGE.to_string())];
        }
        let mut answer = call(wire, &request).await?;
        let Some(Value::Array(items)) = answer.get_mut("data").map(Value::take) else {
            return Err(Refusal::odd(&request, "there is no list under `data` in it"));
        };
        let (count, before) = (items.len(), all.len());
        for resource in items {
            let Some(id) = apart::id(own, &resource) else {
                return Err(Refusal::odd(&request, "an item of the list has no id"));
            };
            if seen.insert(id) {
                all.push(resource);
            }
        }
        if own.paging == Paging::Whole || count < PAGE || all.len() == before {
            return Ok(all);
        }
    }
    Err(Refusal::odd(&request, "the list has no end"))
}

fn request(kind: &Kind, part: &Part, method: Method, id: &str) -> Result<Request, Refusal> {
    let segment = answer::segment(kind, id).unwrap_or_default();
    let request =
        Request { method, path: part.path.replace("{id}", &segment), query: Vec::new(), body: None };
    match segment.is_empty() {
        true => {
            Err(Refusal::new(&request, Fault::Refused, format!("`{id}` can't be the id of {}", kind.one())))
        }
        false => Ok(request),
    }
}

/// The body that is sent to the first address, and what goes to others.
pub fn split<'b>(kind: &Kind, body: &'b Value) -> (Cow<'b, Value>, Vec<(&'static Part, Value)>) {
    if kind.api.parts.is_empty() {
        return (Cow::Borrowed(body), Vec::new());
    }
    let mut first = body.clone();
    let mut taken = |part: &'static Part| Some((part, first.as_object_mut()?.shift_remove(part.field)?));
    let mut parts: Vec<(&'static Part, Value)> = kind.api.parts.iter().filter_map(&mut taken).collect();
    parts.retain(|(_, wanted)| !wanted.is_null());
    (Cow::Owned(first), parts)
}

/// Writes a part whole.
async fn replace(
    kind: &Kind,
    part: &Part,
    members: &[&str],
    id: &str,
    wanted: Value,
    wire: &dyn Wire,
) -> Result<Value, Refusal> {
    let mut request = request(kind, part, Method::Put, id)?;
    request.body = Some(json!({ part.field: wanted }).to_string().into());
    let answer = call(wire, &request).await?;
    items(part, members, &request, answer)
}

/// The object is there: what is not is something that an item names.
fn of_item(refusal: Refusal) -> Refusal {
    match refusal.fault {
        Fault::NotFound => Refusal { fault: Fault::Refused, ..refusal },
        _ => refusal,
    }
}

/// A part whose items are written one by one.
struct Writes<'a> {
    kind: &'static Kind,
    part: &'static Part,
    apart: &'a Apart,
    id: &'a str,
    wire: &'a dyn Wire,
    /// The object was made just now: there are none of them.
    is_new: bool,
    /// New items whose answer was lost, or was none that can be read.
    lost: Vec<(Value, Refusal)>,
    /// What was made, as answered: a list may lag behind.
    made: Vec<Value>,
    /// Whether one of those that were lost was sent again.
    repeated: bool,
}

impl Writes<'_> {
    /// Makes of the items there those that are wanted: what stands there counts, after a lost answer, too.
    async fn bring(mut self, wanted: &[Value]) -> Result<Value, Refusal> {
        let mut pauses = AGAIN.into_iter();
        loop {
            let mut there = if self.is_new { Vec::new() } else { self.resources().await? };
            self.is_new = false;
            match self.run(self.steps(wanted, &there)?, &mut there).await {
                Ok(()) if self.repeated => return self.take_doubles(wanted).await,
                Ok(()) => return Ok(apart::items(self.apart, &there)),
                Err(refusal) => {
                    // Somebody may have made or taken it meanwhile.
                    let is_late = refusal.status == Some(CONFLICT)
                        || (refusal.fault == Fault::NotFound && refusal.method == Method::Patch);
                    let may_pass = is_late || refusal.may_be_done();
                    let Some(pause) = pauses.next().filter(|_| may_pass) else {
                        return Err(of_item(refusal));
                    };
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// What was sent twice may have been made twice.
    async fn take_doubles(mut self, wanted: &[Value]) -> Result<Value, Refusal> {
        tokio::time::sleep(AGAIN[1]).await;
        let mut there = self.resources().await?;
        let mut steps = self.steps(wanted, &there)?;
        steps.retain(|step| matches!(step, Step::Take(_)));
        self.run(steps, &mut there).await?;
        Ok(apart::items(self.apart, &there))
    }

    /// What the list shows, and what was made and isn't in it yet.
    async fn resources(&self) -> Result<Vec<Value>, Refusal> {
        let mut there = resources(self.kind, self.part, self.apart, self.id, self.wire).await?;
        let ids: BTreeSet<Option<String>> = there.iter().map(|own| apart::id(self.apart, own)).collect();
        let unlisted = self.made.iter().filter(|own| !ids.contains(&apart::id(self.apart, own)));
        there.extend(unlisted.cloned());
        Ok(there)
    }

    fn steps(&self, wanted: &[Value], there: &[Value]) -> Result<Vec<Step>, Refusal> {
        apart::steps(self.part, self.apart, wanted, there).or_else(|words| {
            Err(Refusal::new(&request(self.kind, self.part, Method::Post, self.id)?, Fault::Refused, words))
        })
    }

    async fn run(&mut self, steps: Vec<Step>, there: &mut Vec<Value>) -> Result<(), Refusal> {
        for step in steps {
            let mut request = request(self.kind, self.part, step.method(), self.id)?;
            match &step {
                Step::Make(body) => {
                    self.may_send(body)?;
                    request.body = Some(body.to_string().into());
                }
                Step::Change(own, body) => {
                    request.path = format!("{}/{}", request.path, answer::escaped(own));
                    request.body = Some(body.to_string().into());
                }
                Step::Take(own) => request.path = format!("{}/{}", request.path, answer::escaped(own)),
            }
            let answer = match call(self.wire, &request).await {
                Err(refusal) if refusal.fault == Fault::NotFound && matches!(step, Step::Take(_)) => {
                    Ok(Value::Null)
                }
                answer => answer,
            };
            let answer = answer.and_then(|mut answer| match answer.get_mut("data").map(Value::take) {
                Some(resource) if apart::id(self.apart, &resource).is_some() => Ok(Some(resource)),
                _ if matches!(step, Step::Take(_)) => Ok(None),
                _ => Err(Refusal::odd(&request, "there is no object with an id in it")),
            });
            match (answer, &step) {
                (Ok(answer), _) => {
                    match &step {
                        Step::Make(_) => self.made.extend(answer.clone()),
                        Step::Take(own) => {
                            self.made.retain(|made| apart::id(self.apart, made).as_ref() != Some(own))
                        }
                        Step::Change(..) => {}
                    }
                    apart::done(self.apart, there, &step, answer);
                }
                (Err(refusal), Step::Make(body)) if refusal.may_be_done() => {
                    self.lost.push((body.clone(), refusal.clone()));
                    return Err(refusal);
                }
                (Err(refusal), Step::Change(own, _)) if refusal.fault == Fault::NotFound => {
                    // Somebody took it: the list says what is there.
                    self.made.retain(|made| apart::id(self.apart, made).as_ref() != Some(own));
                    return Err(refusal);
                }
                (Err(refusal), _) => return Err(refusal),
            }
        }
        Ok(())
    }

    /// What was answered with a success of whatever form is not sent again.
    fn may_send(&mut self, body: &Value) -> Result<(), Refusal> {
        match self.lost.iter().rfind(|(lost, _)| apart::is_same(self.apart, lost, body)) {
            Some((_, refusal)) if !refusal.may_be_sent_again() => Err(refusal.clone()),
            Some(_) => {
                self.repeated = true;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Client {
    /// Asks for the parts that the last run read, and doesn't wait: their objects are most likely still there.
    pub(super) fn ask_parts(&self, kind: &'static Kind) -> Parts {
        let mut parts = Parts::default();
        for part in kind.api.parts {
            let ids = self.cache().bearers(&remembered(kind, part));
            ids.iter().for_each(|id| parts.ask(kind, part, id, &self.wire));
        }
        parts
    }

    /// Puts their parts into the objects that are whole only with them, and keeps in mind which those were.
    pub(super) async fn add_parts(
        &self,
        kind: &'static Kind,
        parts: Parts,
        lives: &mut [Live],
        is_whole: &dyn Fn(&Part, &Live) -> bool,
    ) -> Result<(), Refusal> {
        let mut read = self.read_parts(kind, parts, lives, is_whole).await?;
        for part in kind.api.parts {
            let ids = read.remove(part.field).unwrap_or_default();
            self.cache().set_bearers(&remembered(kind, part), &ids);
        }
        Ok(())
    }

    /// Puts parts into objects; those that nobody asks for are not to be seen. The objects of which they were read, by
    /// the part's field.
    pub(super) async fn read_parts(
        &self,
        kind: &'static Kind,
        mut parts: Parts,
        lives: &mut [Live],
        is_whole: &dyn Fn(&Part, &Live) -> bool,
    ) -> Result<BTreeMap<&'static str, BTreeSet<String>>, Refusal> {
        let mut wanted: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        for part in kind.api.parts {
            let wanted = wanted.entry(part.field).or_default();
            for live in &mut *lives {
                let is_shown = live.body.get(part.field).is_some_and(Value::is_array);
                if !is_whole(part, live) {
                    live.body.as_object_mut().map(|body| body.shift_remove(part.field));
                } else if !(is_shown && matches!(part.held, Held::Apart(_))) {
                    parts.ask(kind, part, &live.id, &self.wire);
                    wanted.insert(live.id.clone());
                }
            }
        }
        let is_wanted = |id: &str, field: &str| wanted.get(field).is_some_and(|ids| ids.contains(id));
        let mut read = BTreeMap::new();
        while let Some(done) = parts.tasks.join_next().await {
            let (id, field, part) = done.expect("bug: reading a part panicked");
            match part {
                Ok(part) => drop(read.insert((id, field), part)),
                // Nobody needs it any more.
                Err(_) if !is_wanted(&id, field) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        for part in kind.api.parts {
            for live in lives.iter_mut().filter(|live| is_wanted(&live.id, part.field)) {
                if let Some(value) = read.remove(&(live.id.clone(), part.field)) {
                    live.body[part.field] = value;
                }
            }
        }
        Ok(wanted)
    }

    /// One object with its parts.
    pub(super) async fn with_parts(&self, kind: &'static Kind, mut live: Live) -> Result<Live, Refusal> {
        let reads = kind.api.parts.iter().map(|part| read(kind, part, &live.id, self.wire.as_ref()));
        let held = try_join_all(reads).await?;
        for (part, held) in kind.api.parts.iter().zip(held) {
            live.body[part.field] = held;
        }
        Ok(live)
    }

    /// Writes the parts of an object that is there; `is_new`: it was made just now.
    pub(super) async fn put_parts(
        &self,
        kind: &'static Kind,
        mut live: Live,
        parts: Vec<(&'static Part, Value)>,
        is_new: bool,
    ) -> Result<Live, Refusal> {
        for (part, wanted) in parts {
            let wire = self.wire.as_ref();
            live.body[part.field] = match &part.held {
                Held::Whole(members) => replace(kind, part, members, &live.id, wanted, wire).await?,
                Held::Apart(apart) => {
                    let (id, lost, made) = (&live.id, Vec::new(), Vec::new());
                    let writes = Writes { kind, part, apart, id, wire, is_new, lost, made, repeated: false };
                    writes.bring(wanted.as_array().map_or(&[], Vec::as_slice)).await?
                }
            };
        }
        Ok(live)
    }

    /// An object that was made, though nobody knows whether it was made whole.
    pub async fn complete(&self, kind: &'static Kind, live: Live, body: &Value) -> Result<Live, Refusal> {
        self.put_parts(kind, live, split(kind, body).1, false).await
    }
}

/// The objects of a kind of which a part was read last, in the cache.
fn remembered(kind: &Kind, part: &Part) -> String {
    format!("{} of {}", part.field, kind.section)
}
