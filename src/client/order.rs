//! The order of a kind's objects: read from their list, and sent as a whole.

use serde_json::{Value, json};

use super::call::{Client, call, url};
use super::pages::Until;
use super::refusal::Refusal;
use crate::kind::{Envelope, Kind, ORDER};
use crate::model::Live;
use crate::wire::{Method, Request};

impl Client {
    /// The ids of all objects of a kind, whoever's they are, the first one first.
    pub async fn order(&self, kind: &'static Kind) -> Result<Vec<String>, Refusal> {
        let mut pages = self.pages_of(kind, None);
        pages.ask_for(self.guess(kind));
        Ok(in_order(kind, &pages.all(&Until::NothingNew).await?))
    }

    /// Puts the objects of a kind in order.
    pub async fn put_in_order(&self, kind: &'static Kind, ids: &[String]) -> Result<(), Refusal> {
        let Some(order) = kind.api.order else { return Ok(()) };
        let member = |id: &String| match kind.api.envelope {
            Envelope::Resource(name) => json!({"id": id, "type": name}),
            _ => json!({ "id": id }),
        };
        let body = json!({"data": ids.iter().map(member).collect::<Vec<Value>>()});
        let body = Some(body.to_string().into());
        let request = Request { method: Method::Put, path: order.path.to_owned(), query: Vec::new(), body };
        call(self.wire.as_ref(), &request).await.map(drop)
    }

    /// An order as a live object, by the objects that are put in order.
    pub fn ordered(&self, kind: &'static Kind, ids: &[String]) -> Live {
        Live {
            section: ORDER.section,
            id: kind.section.to_owned(),
            body: json!({"id": kind.section, "members": ids}),
            mark: None,
            url: url(kind, &self.web, ""),
        }
    }
}

/// The ids of objects by the places that a list shows, else as it has them.
pub fn in_order(kind: &Kind, all: &[Live]) -> Vec<String> {
    let place = |live: &Live| kind.api.order.and_then(|order| live.body.pointer(order.place)?.as_u64());
    let mut all: Vec<&Live> = all.iter().collect();
    all.sort_by_key(|live| place(live).unwrap_or(u64::MAX));
    all.into_iter().map(|live| live.id.clone()).collect()
}
