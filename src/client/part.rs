//! What objects hold at a second address: read with them, and written after them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::refusal::{Fault, Refusal};
use super::{Client, answer, call};
use crate::kind::{Kind, Part};
use crate::model::Live;
use crate::wire::{Method, Request, Wire};

/// Parts that are on their way, by the ids of their objects.
#[derive(Default)]
pub struct Parts {
    tasks: JoinSet<(String, Result<Value, Refusal>)>,
    asked: BTreeSet<String>,
}

impl Parts {
    fn ask(&mut self, kind: &'static Kind, part: Part, id: &str, wire: &Arc<dyn Wire>) {
        if self.asked.insert(id.to_owned()) {
            let (wire, id) = (Arc::clone(wire), id.to_owned());
            self.tasks.spawn(async move {
                let read = read(kind, part, &id, wire.as_ref()).await;
                (id, read)
            });
        }
    }
}

/// A part as a body has it. Of an object that is gone it is null.
async fn read(kind: &Kind, part: Part, id: &str, wire: &dyn Wire) -> Result<Value, Refusal> {
    let request = request(kind, part, Method::Get, id)?;
    match call(wire, &request).await {
        Ok(mut answer) => items(part, &request, answer.get_mut(part.field).map(Value::take)),
        Err(refusal) if refusal.fault == Fault::NotFound => Ok(Value::Null),
        Err(refusal) => Err(refusal),
    }
}

/// The items with the members that are sent of them.
fn items(part: Part, request: &Request, items: Option<Value>) -> Result<Value, Refusal> {
    let Some(Value::Array(items)) = items else {
        return Err(Refusal::odd(request, format!("there is no list under `{}` in it", part.field)));
    };
    let item = |mut item: Value| {
        let member = |name: &&str| Some(((*name).to_owned(), item.get_mut(*name)?.take()));
        Value::Object(part.members.iter().filter_map(member).collect::<Map<_, _>>())
    };
    Ok(items.into_iter().map(item).collect())
}

fn request(kind: &Kind, part: Part, method: Method, id: &str) -> Result<Request, Refusal> {
    let segment = answer::segment(kind, id).unwrap_or_default();
    let request =
        Request { method, path: part.path.replace("{id}", &segment), query: Vec::new(), body: None };
    match segment.is_empty() {
        true => {
            Err(Refusal::new(&request, Fault::Refused, format!("`{id}` can't be the id of a {}", kind.name)))
        }
        false => Ok(request),
    }
}

/// The body that is sent to the first address, and what goes to the second one.
pub fn split<'b>(kind: &Kind, body: &'b Value) -> (Cow<'b, Value>, Option<Value>) {
    let Some(part) = kind.api.part else { return (Cow::Borrowed(body), None) };
    let mut first = body.clone();
    let part = first.as_object_mut().and_then(|first| first.shift_remove(part.field));
    (Cow::Owned(first), part.filter(|part| !part.is_null()))
}

impl Client {
    /// Asks for the parts that the last run read, and doesn't wait: their objects are most likely still there.
    pub(super) fn ask_parts(&self, kind: &'static Kind) -> Parts {
        let mut parts = Parts::default();
        if let Some(part) = kind.api.part {
            let ids = self.cache().bearers(&remembered(kind));
            ids.iter().for_each(|id| parts.ask(kind, part, id, &self.wire));
        }
        parts
    }

    /// Puts their parts into the objects that are whole only with them.
    pub(super) async fn add_parts(
        &self,
        kind: &'static Kind,
        mut parts: Parts,
        lives: &mut [Live],
        is_whole: &dyn Fn(&Live) -> bool,
    ) -> Result<(), Refusal> {
        let Some(part) = kind.api.part else { return Ok(()) };
        let mut wanted = BTreeSet::new();
        for live in lives.iter().filter(|live| is_whole(live)) {
            parts.ask(kind, part, &live.id, &self.wire);
            wanted.insert(live.id.clone());
        }
        let mut read = BTreeMap::new();
        while let Some(done) = parts.tasks.join_next().await {
            let (id, part) = done.expect("bug: reading a part panicked");
            match part {
                Ok(part) => drop(read.insert(id, part)),
                // Nobody needs it any more.
                Err(_) if !wanted.contains(&id) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        for live in lives.iter_mut().filter(|live| wanted.contains(&live.id)) {
            if let Some(value) = read.remove(&live.id) {
                live.body[part.field] = value;
            }
        }
        self.cache().set_bearers(&remembered(kind), &wanted);
        Ok(())
    }

    /// One object with its part.
    pub(super) async fn with_part(&self, kind: &'static Kind, mut live: Live) -> Result<Live, Refusal> {
        if let Some(part) = kind.api.part {
            live.body[part.field] = read(kind, part, &live.id, self.wire.as_ref()).await?;
        }
        Ok(live)
    }

    /// Writes the part of an object that is there, if there is one to write.
    pub(super) async fn put_part(
        &self,
        kind: &'static Kind,
        mut live: Live,
        wanted: Option<Value>,
    ) -> Result<Live, Refusal> {
        let Some((part, wanted)) = kind.api.part.zip(wanted) else { return Ok(live) };
        let mut request = request(kind, part, Method::Put, &live.id)?;
        request.body = Some(json!({ part.field: wanted }).to_string().into());
        let mut answer = call(self.wire.as_ref(), &request).await?;
        live.body[part.field] = items(part, &request, answer.get_mut(part.field).map(Value::take))?;
        Ok(live)
    }

    /// An object that was made, though nobody knows whether it was made whole.
    pub async fn complete(&self, kind: &'static Kind, live: Live, body: &Value) -> Result<Live, Refusal> {
        self.put_part(kind, live, split(kind, body).1).await
    }
}

/// The objects of a kind whose parts were read last, in the cache.
fn remembered(kind: &Kind) -> String {
    format!("parts of {}", kind.section)
}
