//! What all calls share: the client, one request with its answer, an object made of a body.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::answer;
use super::refusal::{Fault, Refusal};
use super::shared::First;
use crate::cache::Cache;
use crate::kind::{Create, Delete, Kind, ReadFrom, Update, wrap};
use crate::mark;
use crate::model::Live;
use crate::pointer::leaves_mut;
use crate::wire::{Method, Request, Response, Wire, WireError};

/// Names by ids.
pub(super) type Names = BTreeMap<String, String>;

/// A Datadog API, seen as objects.
pub struct Client {
    pub(super) wire: Arc<dyn Wire>,
    pub(super) served: Arc<Served>,
    /// The web application, without a slash at the end: `https://app.datadoghq.eu`.
    pub(super) web: String,
    pub(super) cache: Arc<Mutex<Cache>>,
    /// Names by ids of what bodies may name, by the list that tells them.
    pub(super) names: Mutex<BTreeMap<&'static str, Arc<Names>>>,
    /// By path: what was asked for beside lists, since the last run needed it.
    pub(super) begun: Mutex<BTreeMap<&'static str, First>>,
}

impl Client {
    /// The wire for a request of a path that may be on its way.
    pub(super) fn wire_of(&self, path: &'static str) -> Arc<dyn Wire> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
        begun.map_or_else(|| Arc::clone(&self.wire), |first| first.on(Arc::clone(&self.wire)))
    }
}

/// A wire that knows whether the service has done anything for these keys.
pub(super) struct Served {
    pub(super) wire: Arc<dyn Wire>,
    pub(super) once: AtomicBool,
}

impl Wire for Served {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, WireError>> {
        async move {
            let answer = self.wire.send(request).await;
            if answer.as_ref().is_ok_and(|response| (200..300).contains(&response.status)) {
                self.once.store(true, Ordering::Relaxed);
            }
            answer
        }
        .boxed()
    }
}

pub(super) fn get(path: &str) -> Request {
    Request { method: Method::Get, path: path.to_owned(), query: Vec::new(), body: None }
}

/// A request for a kind, or for one object of it.
pub(super) fn request(
    kind: &Kind,
    method: Method,
    id: Option<&str>,
    body: Option<&Value>,
) -> Result<Request, Refusal> {
    let api = &kind.api;
    let own =
        body.filter(|_| id.is_none() && api.create == Create::Item).and_then(|body| answer::id(kind, body));
    let path = match api.typed.zip(body) {
        Some((member, body)) => below(api.path, body.get(member).and_then(Value::as_str)),
        None => api.path.to_owned(),
    };
    let mut sent = body.map(|body| wrap(api, id, body));
    if api.meta && method != Method::Get {
        sent.get_or_insert_with(|| Cow::Owned(json!({}))).to_mut()["meta"] = json!({});
    }
    let body = sent.map(|sent| sent.to_string().into());
    let mut request = Request { method, path, query: Vec::new(), body };
    if let Some(id) = id.or(own.as_deref()) {
        let Some(segment) = answer::segment(kind, id) else {
            let words = format!("`{id}` can't be the id of {}", kind.one());
            return Err(Refusal::new(&request, Fault::Refused, words));
        };
        match api.read_from {
            ReadFrom::Filtered(name) if method == Method::Get => {
                let own = api.list.query.iter().copied().chain([(name, id)]);
                request.query = own.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            }
            // The body says which one it is.
            _ if method == Method::Post && api.composed.is_some() => {}
            _ => request.path = format!("{}/{segment}{}", request.path, api.item),
        }
    }
    Ok(request)
}

/// A path with a type behind it, where it is known.
fn below(path: &str, class: Option<&str>) -> String {
    match class.filter(|class| !class.is_empty()) {
        Some(class) => format!("{path}/{}", answer::escaped(class)),
        None => path.to_owned(),
    }
}

/// The request of one object; of a kind whose paths hold the type, of all of it where that is known.
pub(super) fn read_request(kind: &Kind, id: &str, class: Option<&str>) -> Result<Request, Refusal> {
    let mut plain = request(kind, Method::Get, Some(id), None)?;
    if let Some(class) = class.filter(|_| kind.api.typed.is_some()) {
        let own = plain.path.split_off(kind.api.path.len());
        plain.path = below(kind.api.path, Some(class)) + &own;
    }
    Ok(plain)
}

/// What a read that doesn't name the type leaves out: the type, where it is not everything.
pub(super) fn lacking<'b>(kind: &Kind, body: &'b Value) -> Option<&'b str> {
    let class = body.get(kind.api.typed?)?.as_str()?;
    kind.api.list.summary.is_some_and(|summary| (summary.lacks)(body)).then_some(class)
}

/// The request that deletes an object.
pub(super) fn deletion(kind: &Kind, id: &str) -> Result<Request, Refusal> {
    let item = request(kind, Method::Delete, Some(id), None)?;
    let Delete::Post { path, body } = kind.api.delete else { return Ok(item) };
    let mut body: Value = serde_json::from_str(body).unwrap_or_default();
    leaves_mut(&mut body, &mut |_, leaf| {
        if leaf == "{id}" {
            *leaf = id.into();
        }
    });
    let path = format!("{}{path}", kind.api.path);
    Ok(Request { method: Method::Post, path, query: Vec::new(), body: Some(body.to_string().into()) })
}

/// How a whole body takes the place of another one.
pub(super) fn update_method(update: Update) -> Method {
    match update {
        Update::Put => Method::Put,
        Update::Patch => Method::Patch,
        Update::Upsert => Method::Post,
    }
}

/// Sends a request; the JSON of a success.
pub(super) async fn call(wire: &dyn Wire, request: &Request) -> Result<Value, Refusal> {
    let response = wire.send(request).await.map_err(|error| Refusal::of_fault(request, &error))?;
    if !(200..300).contains(&response.status) {
        return Err(Refusal::of_answer(request, &response));
    }
    answer::json(request, response)
}

/// The same for one object of a kind: what its row says of one that is gone is understood.
pub(super) async fn call_for(kind: &Kind, wire: &dyn Wire, request: &Request) -> Result<Value, Refusal> {
    call(wire, request).await.map_err(|mut refusal| {
        let is_gone = |words: &str| refusal.status == Some(400) && refusal.words.contains(words);
        if kind.api.gone.is_some_and(is_gone) {
            refusal.fault = Fault::NotFound;
        }
        refusal
    })
}

pub(super) fn live_of(kind: &'static Kind, web: &str, id: String, body: Value) -> Live {
    let mark = mark::read(kind, &body);
    let url = url(kind, web, &id);
    Live { section: kind.section, id, body, mark, url }
}

/// The page of an object; of a kind whose objects have none of their own the one that lists them.
pub(super) fn url(kind: &Kind, web: &str, id: &str) -> String {
    let Some((before, behind)) = kind.about.web.split_once("{id}") else {
        return [web, kind.about.web].concat();
    };
    let id = answer::segment(kind, id).unwrap_or_default();
    [web, before, &id, behind].concat()
}
