//! What a body names of the service's own: people write its name, the service its id, which no two organisations share.

use std::sync::{Arc, PoisonError};

use serde_json::Value;

use super::call::{Client, Names, call, get, request};
use super::refusal::{Fault, Refusal};

use crate::diagnostic::all_known;
use crate::kind::{Kind, Named};
use crate::model::Live;
use crate::wire::{Method, Request};

impl Client {
    /// The names that objects of a kind may hold, asked for once.
    pub(super) async fn names(&self, named: &Named) -> Result<Arc<Names>, Refusal> {
        let known = || self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(names) = known().get(named.list) {
            return Ok(Arc::clone(names));
        }
        let request = get(named.list);
        let answer = call(self.wire_of(named.list).as_ref(), &request).await?;
        let Some(items) = answer.get("data").and_then(Value::as_array) else {
            return Err(Refusal::odd(&request, "there is no list under `data` in it"));
        };
        let text = |item: &Value, at: &str| item.pointer(at).and_then(Value::as_str).map(str::to_owned);
        let names = items.iter().filter_map(|item| text(item, "/id").zip(text(item, named.name)));
        let names = Arc::new(names.collect::<Names>());
        known().insert(named.list, Arc::clone(&names));
        Ok(names)
    }

    /// Puts names beside the ids of live objects.
    pub(super) async fn add_names(&self, kind: &'static Kind, lives: &mut [Live]) -> Result<(), Refusal> {
        let Some(named) =
            kind.api.named.filter(|named| lives.iter().any(|live| live.body.pointer(named.at).is_some()))
        else {
            return Ok(());
        };
        let names = self.names(&named).await?;
        lives.iter_mut().for_each(|live| add(kind, &mut live.body, &names));
        Ok(())
    }

    /// The request of a write, with ids for names; and the names.
    pub(super) async fn with_ids(
        &self,
        kind: &'static Kind,
        method: Method,
        body: &Value,
    ) -> Result<(Request, Arc<Names>), Refusal> {
        let plain = request(kind, method, None, Some(body))?;
        let Some(named) = kind.api.named.filter(|named| body.pointer(named.at).is_some()) else {
            return Ok((plain, Arc::default()));
        };
        let names = self.names(&named).await?;
        let mut body = body.clone();
        if let Some(Value::Object(place)) = body.pointer_mut(named.at)
            && let Some(name) = place.shift_remove("name")
            && !place.contains_key("id")
        {
            let name = name.as_str().unwrap_or_default();
            let Some((id, _)) = names.iter().find(|(_, own)| *own == name) else {
                let known = all_known(name, names.values().map(String::as_str));
                let words = format!("there is no {} `{name}`: {known}", named.what);
                return Err(Refusal::new(&plain, Fault::Refused, words));
            };
            place.insert("id".to_owned(), id.as_str().into());
        }
        Ok((request(kind, method, None, Some(&body))?, names))
    }
}

/// Puts the name beside the id of what a body names.
pub fn add(kind: &Kind, body: &mut Value, names: &Names) {
    let Some(named) = kind.api.named else { return };
    if let Some(Value::Object(place)) = body.pointer_mut(named.at)
        && let Some(name) = place.get("id").and_then(Value::as_str).and_then(|id| names.get(id))
    {
        place.insert("name".to_owned(), name.as_str().into());
    }
}
