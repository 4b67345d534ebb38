//! The order of a kind's objects: read from their list or by itself, and sent as a whole.

use serde_json::{Value, json};

use super::call::{Client, call, get, update_method, url};
use super::pages::Until;
use super::refusal::Refusal;
use crate::kind::{Kind, ORDER, Order, Shown};
use crate::model::Live;
use crate::wire::Request;

/// An order as it was read.
pub struct Ordered {
    /// The ids of all objects, whoever's they are, the first one first.
    pub ids: Vec<String>,
    /// What a write repeats of it.
    id: Value,
}

impl Client {
    /// The order of all objects of a kind.
    pub async fn order(&self, kind: &'static Kind) -> Result<Ordered, Refusal> {
        if let Some((order, at)) = alone(kind) {
            let request = get(order.path);
            let answer = call(self.wire_of(order.path).as_ref(), &request).await?;
            let Some(members) = answer.pointer(at).and_then(Value::as_array) else {
                return Err(Refusal::odd(&request, format!("there is no list at `{at}` in it")));
            };
            let id =
                |member: &Value| member.as_str().or_else(|| member.get("id")?.as_str()).map(str::to_owned);
            let ids = members.iter().filter_map(id).collect();
            return Ok(Ordered { ids, id: answer.pointer("/data/id").cloned().unwrap_or_default() });
        }
        let mut pages = self.pages_of(kind, None);
        pages.ask_for(self.guess(kind));
        let ids = in_list(kind, &pages.all(&Until::NothingNew).await?);
        Ok(Ordered { ids, id: Value::Null })
    }

    /// Puts the objects of a kind in order. `read` is the order as it stands.
    pub async fn put_in_order(
        &self,
        kind: &'static Kind,
        read: &Ordered,
        ids: &[String],
    ) -> Result<(), Refusal> {
        let Some(order) = kind.api.order else { return Ok(()) };
        let method = update_method(order.update);
        let body = Some(body(&order, &read.id, ids).to_string().into());
        let request = Request { method, path: order.path.to_owned(), query: Vec::new(), body };
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

/// Where an order stands by itself, and the members in it; none for one that a list shows.
pub fn alone(kind: &Kind) -> Option<(Order, &'static str)> {
    let order = kind.api.order?;
    match order.shown {
        Shown::Alone(at) => Some((order, at)),
        Shown::List(_) => None,
    }
}

/// The ids of objects by the places that a list shows, else as it has them.
pub fn in_list(kind: &Kind, all: &[Live]) -> Vec<String> {
    let at = kind.api.order.and_then(|order| match order.shown {
        Shown::List(at) => Some(at),
        Shown::Alone(_) => None,
    });
    let place = |live: &Live| live.body.pointer(at?)?.as_u64();
    let mut all: Vec<&Live> = all.iter().collect();
    all.sort_by_key(|live| place(live).unwrap_or(u64::MAX));
    all.into_iter().map(|live| live.id.clone()).collect()
}

/// The body of a write.
fn body(order: &Order, id: &Value, ids: &[String]) -> Value {
    let member = |id: &String| match order.member {
        Some(name) => json!({"id": id, "type": name}),
        None => json!(id),
    };
    let mut body = serde_json::from_str(order.body).expect("bug: a row holds a text that is no JSON");
    fill(&mut body, id, &json!(ids.iter().map(member).collect::<Vec<Value>>()));
    body
}

/// Puts what is sent in the place of its names. A row's text is a few steps deep: so deep is the recursion.
fn fill(value: &mut Value, id: &Value, ids: &Value) {
    match value {
        Value::String(text) if text == "{ids}" => *value = ids.clone(),
        Value::String(text) if text == "{id}" => *value = id.clone(),
        Value::Object(members) => members.values_mut().for_each(|member| fill(member, id, ids)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{Update, ordered};

    /// Each kind has a form of its own (KINDS §6).
    #[test]
    fn every_order_is_sent_as_its_row_says() {
        let ids = ["a".to_owned(), "{id}".to_owned()];
        let groups = Order {
            path: "",
            update: Update::Patch,
            shown: Shown::Alone("/data/relationships/groups/data"),
            body: r#"{"data":{"id":"{id}","type":"c","relationships":{"groups":{"data":"{ids}"}}},"meta":{}}"#,
            member: Some("g"),
        };
        let sent = body(&groups, &json!("conf"), &ids);
        let list = json!([{"id": "a", "type": "g"}, {"id": "{id}", "type": "g"}]);
        assert_eq!(
            sent["data"],
            json!({"id": "conf", "type": "c", "relationships": {"groups": {"data": list}}})
        );
        for kind in ordered() {
            let order = kind.api.order.expect("an order");
            let sent = body(&order, &Value::Null, &ids).to_string();
            assert!(sent.contains(r#""a""#) && !sent.contains("{ids}"), "{}: {sent}", kind.section);
        }
    }
}
