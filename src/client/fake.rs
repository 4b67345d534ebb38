//! For tests: a small service that keeps objects of all kinds and fails by a script.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::kind::{Delete, Envelope, KINDS, Kind, Paging, ReadFrom, flatten};
use crate::wire::{Method, Request, Response, Wire, WireError};

/// What happens to a request instead of a good answer.
#[derive(Clone, Debug)]
pub enum Instead {
    /// Nothing is done; this is the answer.
    Answer(u16, Value),
    /// Done, but the answer is lost.
    DoneAndLost,
    /// Done, but this is the answer.
    DoneAnd(u16, Value),
    /// Not done, and nobody knows.
    Lost,
    NotSent,
}

/// A fault for the next request whose `METHOD path` begins with this text.
pub type Scripted = (&'static str, Instead);

#[derive(Default)]
pub struct State {
    /// By section, in the order of their making: id and body.
    pub objects: BTreeMap<&'static str, Vec<(String, Value)>>,
    pub script: VecDeque<Scripted>,
    /// `METHOD path?query`, in the order of their arrival.
    pub seen: Vec<String>,
    /// Bodies of writes.
    pub sent: Vec<Value>,
    /// What `can_delete` refuses: id and users, in place of looking for them.
    pub used: BTreeMap<String, Vec<String>>,
    /// Items that a page request finds shifted in or out: at the n-th list request, this is done first.
    pub meanwhile: BTreeMap<usize, fn(&mut State)>,
    pub lists: usize,
    made: u64,
    clock: u64,
}

/// Answers after 10 ms of the test's clock.
#[derive(Default)]
pub struct Fake {
    state: Mutex<State>,
    /// A smaller page than was asked for is never given; this is the page size that requests carry.
    pub wait: Option<Duration>,
}

impl Fake {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), wait: Some(Duration::from_millis(10)) })
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the fake's state")
    }

    /// Puts an object there; gives its id.
    pub fn put(&self, section: &'static str, body: Value) -> String {
        let kind = crate::kind::of_section(section).expect("a kind");
        self.state().make(kind, body).0
    }

    pub fn script(&self, script: &[Scripted]) {
        self.state().script.extend(script.iter().cloned());
    }

    pub fn ids(&self, section: &str) -> Vec<String> {
        self.state().objects.get(section).into_iter().flatten().map(|(id, _)| id.clone()).collect()
    }

    pub fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.state().seen)
    }
}

impl Wire for Fake {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, WireError>> {
        async move {
            crate::wire::count_attempt();
            if let Some(wait) = self.wait {
                tokio::time::sleep(wait).await;
            }
            self.state().answer(request)
        }
        .boxed()
    }
}

fn respond(status: u16, body: &Value) -> Response {
    Response { status, headers: Vec::new(), body: body.to_string().into() }
}

impl State {
    fn answer(&mut self, request: &Request) -> Result<Response, WireError> {
        let query: Vec<String> =
            request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let line = format!("{} {}", request.method.name(), request.path);
        let mark = if query.is_empty() { "" } else { "?" };
        self.seen.push(format!("{line}{mark}{}", query.join("&")));
        if let Some(body) = &request.body {
            self.sent.push(serde_json::from_slice(body).expect("JSON is sent"));
        }
        let scripted = self.script.iter().position(|(start, _)| line.starts_with(start));
        let scripted = scripted.and_then(|at| self.script.remove(at)).map(|(_, instead)| instead);
        match scripted {
            Some(Instead::Answer(status, body)) => return Ok(respond(status, &body)),
            Some(Instead::Lost) => return Err(WireError::Lost("reset".into())),
            Some(Instead::NotSent) => return Err(WireError::NotSent("refused".into())),
            _ => {}
        }
        let done = self.act(request);
        match scripted {
            Some(Instead::DoneAndLost) => Err(WireError::Lost("reset".into())),
            Some(Instead::DoneAnd(status, body)) => Ok(respond(status, &body)),
            _ => Ok(done),
        }
    }

    fn act(&mut self, request: &Request) -> Response {
        let Some(kind) = KINDS.into_iter().find(|kind| request.path.starts_with(kind.api.path)) else {
            return respond(404, &json!({"errors": ["no such route"]}));
        };
        let rest = request.path[kind.api.path.len()..].trim_start_matches('/').to_owned();
        let read = |body: &bytes::Bytes| attributes(kind, serde_json::from_slice(body).expect("JSON"));
        let body = request.body.as_ref().map(read);
        if let Delete::Post { path, .. } = kind.api.delete
            && rest == path.trim_start_matches('/')
        {
            let ids = body.iter().flat_map(crate::pointer::values).find_map(Value::as_str);
            return self.one(kind, Method::Delete, ids.unwrap_or_default(), None);
        }
        match (request.method, rest.as_str(), body) {
            (Method::Get, "", _) => self.list(kind, request),
            (Method::Get, "can_delete", _) => self.can_delete(request),
            (Method::Post, "validate", Some(_)) => respond(200, &json!({})),
            (Method::Post, "", Some(body)) if kind.api.composed.is_some() => {
                let id = kind.api.composed.and_then(|id| id(&body)).expect("a body that says its id");
                self.put_composed(kind, id, body)
            }
            (Method::Post, "", Some(body)) => {
                let (_, made) = self.make(kind, body);
                respond(200, &wrap(kind, made, true))
            }
            (method, id, body) => self.one(kind, method, id, body),
        }
    }

    /// A create of an id that is there takes its place; its body says the id.
    fn put_composed(&mut self, kind: &'static Kind, id: String, mut body: Value) -> Response {
        self.clock += 1;
        body[kind.api.id.at] = json!(id);
        body["modified_at"] = json!(format!("time {}", self.clock));
        let objects = self.objects.entry(kind.section).or_default();
        match objects.iter_mut().find(|(own, _)| *own == id) {
            Some((_, own)) => *own = body.clone(),
            None => objects.push((id, body.clone())),
        }
        respond(200, &wrap(kind, body, true))
    }

    fn one(&mut self, kind: &'static Kind, method: Method, id: &str, body: Option<Value>) -> Response {
        self.clock += 1;
        let clock = self.clock;
        let objects = self.objects.entry(kind.section).or_default();
        let Some(at) = objects.iter().position(|(own, _)| own == id) else {
            return respond(404, &json!({"errors": ["not found"]}));
        };
        match (method, body) {
            (Method::Delete, _) => {
                objects.remove(at);
                respond(200, &json!({}))
            }
            (Method::Put | Method::Patch, Some(body)) => {
                let mut body = body;
                body[kind.api.id.at] = objects[at].1[kind.api.id.at].clone();
                body["modified_at"] = json!(format!("time {clock}"));
                objects[at].1 = body.clone();
                respond(200, &wrap(kind, body, true))
            }
            _ => respond(200, &wrap(kind, objects[at].1.clone(), false)),
        }
    }

    pub fn make(&mut self, kind: &'static Kind, mut body: Value) -> (String, Value) {
        self.made += 1;
        self.clock += 1;
        let (number, text) = (1_000 + self.made, format!("{}-{}", kind.name, self.made));
        let id = if kind.api.id.number { number.to_string() } else { text.clone() };
        let taken = |id: &&str| {
            self.objects.get(kind.section).is_some_and(|all| all.iter().any(|(own, _)| own == id))
        };
        let composed = kind.api.composed.and_then(|id| id(&body));
        let chosen = body[kind.api.id.at].as_str().filter(|id| kind.api.id.chosen && !taken(id));
        let chosen = composed.or(chosen.map(str::to_owned));
        let id = chosen.clone().unwrap_or(id);
        body[kind.api.id.at] = if kind.api.id.number { json!(number) } else { json!(chosen.unwrap_or(text)) };
        body["modified_at"] = json!(format!("time {}", self.clock));
        self.objects.entry(kind.section).or_default().push((id.clone(), body.clone()));
        (id, body)
    }

    fn list(&mut self, kind: &'static Kind, request: &Request) -> Response {
        self.lists += 1;
        if let Some(change) = self.meanwhile.remove(&self.lists) {
            change(self);
        }
        let value =
            |name: &str| request.query.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
        let filter = match kind.api.read_from {
            ReadFrom::Filtered(name) => value(name),
            _ => None,
        };
        let number = |name: &str| value(name).expect("paged").parse::<usize>().expect("a number");
        let (from, size) = match kind.api.list.paging {
            Paging::Whole | Paging::Cursor { .. } | Paging::ByKey => (0, usize::MAX),
            Paging::Number { page, size } => (number(page) * number(size), number(size)),
            Paging::Offset { .. } if filter.is_some() => (0, usize::MAX),
            Paging::Offset { offset, limit } => (number(offset), number(limit)),
        };
        let tag = kind.api.list.tag_filter.and_then(value);
        let tagged = |body: &Value| match &tag {
            None => true,
            Some(tag) => {
                body["tags"].as_array().is_some_and(|tags| tags.iter().any(|own| own == tag.as_str()))
            }
        };
        let shown = |body: &Value| match kind.api.list.summary {
            None => body.clone(),
            Some(summary) if !(summary.lacks)(body) => body.clone(),
            Some(_) => {
                json!({"id": body["id"], "description": body["description"], "modified_at": body["modified_at"]})
            }
        };
        let objects = self.objects.get(kind.section).into_iter().flatten();
        let page: Vec<Value> = objects
            .filter(|(id, body)| tagged(body) && filter.as_ref().is_none_or(|filter| filter == id))
            .skip(from)
            .take(size)
            .map(|(_, body)| resource(kind, shown(body)))
            .collect();
        match kind.api.list.items {
            _ if kind.api.envelope == Envelope::Document => respond(200, &documents(kind, page)),
            None => respond(200, &json!(page)),
            Some(at) => respond(
                200,
                &at.rsplit('/')
                    .filter(|key| !key.is_empty())
                    .fold(json!(page), |inner, key| json!({ key: inner })),
            ),
        }
    }

    fn can_delete(&self, request: &Request) -> Response {
        let ids: Vec<&str> = request.query[0].1.split(',').collect();
        let (used, free): (Vec<&str>, Vec<&str>) =
            ids.into_iter().partition(|id| self.used.contains_key(*id));
        if used.is_empty() {
            return respond(200, &json!({"data": {"ok": free}, "errors": null}));
        }
        let errors: serde_json::Map<String, Value> =
            used.into_iter().map(|id| (id.to_owned(), json!(self.used[id]))).collect();
        respond(409, &json!({"data": {"ok": free}, "errors": errors}))
    }
}

fn wrap(kind: &Kind, body: Value, write: bool) -> Value {
    match kind.api.envelope {
        Envelope::Flat => body,
        Envelope::Document => documents(kind, [body]),
        Envelope::Resource(_) => json!({"data": resource(kind, body)}),
        Envelope::Data if write => json!({"data": [body], "error": null}),
        Envelope::Data => json!({"data": body, "error": null}),
    }
}

/// Bodies as an answer shows documents: each beside what is told of it.
fn documents(kind: &Kind, bodies: impl IntoIterator<Item = Value>) -> Value {
    let (mut data, mut included) = (Vec::new(), Vec::new());
    for body in bodies {
        let id = kind.api.composed.and_then(|id| id(&body));
        data.push(json!({"id": id, "type": "told", "attributes": body, "meta": body["meta"]}));
        included.push(json!({"id": id, "type": "schema", "attributes": {"schema": body}}));
    }
    json!({"data": data, "included": included})
}

/// A body as a resource of JSON:API, where the kind travels so.
fn resource(kind: &Kind, mut body: Value) -> Value {
    let Envelope::Resource(name) = kind.api.envelope else { return body };
    let id = body.as_object_mut().and_then(|body| body.shift_remove("id"));
    json!({"type": name, "id": id, "attributes": body})
}

/// The body inside a request.
fn attributes(kind: &Kind, body: Value) -> Value {
    match (kind.api.envelope, body) {
        (Envelope::Resource(_), mut body) => match body["data"].take() {
            Value::Object(data) => Value::Object(flatten(&kind.api, data)),
            other => other,
        },
        (_, body) => body,
    }
}
