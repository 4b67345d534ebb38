//! A small Datadog on loopback that keeps what it is sent, and can be told to lie.
//!
//! It shares nothing with the product and nothing with the sandbox. What it does by itself is the least that an
//! honest service does; a hook sees each request before it is answered, another each answer before it is sent.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::project::Project;

/// An hour of the year 2025: the clock of the world starts here and ticks a second with each write.
const EPOCH: u64 = 1_760_000_000;

/// One request, as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Null where there is none.
    pub body: Value,
    /// How long it is held before it is looked at; for a hook to set.
    pub held: Duration,
}

impl Request {
    /// Whether it changes an object.
    pub fn writes(&self) -> bool {
        self.method != "GET" && !["/validate", "/search"].iter().any(|end| self.path.ends_with(end))
    }

    /// Whether it asks for the list of a section.
    pub fn lists(&self, section: &str) -> bool {
        self.method == "GET" && self.path == path_of(section)
    }

    /// A parameter that is a number.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.query.get(name)?.parse().ok()
    }
}

/// One answer, as it will be sent.
#[derive(Clone, Debug)]
pub struct Answer {
    /// 0: the connection is closed without a word.
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Value,
    /// How long it is held before it is sent; for a hook to set.
    pub held: Duration,
}

impl Answer {
    pub fn new(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body, held: Duration::ZERO }
    }

    /// The connection is closed without a word.
    pub fn lost() -> Self {
        Self::new(0, Value::Null)
    }
}

/// What the service holds: bodies by section and id, in the order in which they were made.
#[derive(Default)]
pub struct World {
    objects: BTreeMap<String, Vec<(String, Value)>>,
    clock: u64,
    /// Every request so far.
    pub log: Vec<Request>,
}

impl World {
    /// Keeps an object as a person or another tool makes it; its id.
    pub fn add(&mut self, section: &str, body: Value) -> String {
        self.clock += 1;
        let (id, n) = (self.new_id(section), self.clock);
        self.add_as(section, &id, n, body);
        id
    }

    /// The same with an id of one's own, made at a time: small ones are before everything else.
    pub fn add_as(&mut self, section: &str, id: &str, created: u64, mut body: Value) {
        let seconds = EPOCH + created;
        body["id"] = if section == "monitors" { id.parse::<u64>().unwrap().into() } else { id.into() };
        let times = match section {
            "monitors" => {
                json!({"created": iso(seconds), "created_at": seconds * 1000, "modified": iso(seconds), "overall_state": "OK"})
            }
            "slos" => json!({"created_at": seconds, "modified_at": seconds}),
            _ => {
                json!({"created_at": iso(seconds), "modified_at": iso(seconds), "url": format!("/dashboard/{id}/x"), "author_handle": "a"})
            }
        };
        for (key, value) in times.as_object().unwrap() {
            body[key] = value.clone();
        }
        let field = if section == "dashboards" { "description" } else { "tags" };
        if body.get(field).is_none() {
            body[field] = if section == "dashboards" { Value::Null } else { json!([]) };
        }
        number_widgets(&mut body, created);
        self.of(section).push((id.to_owned(), body));
    }

    fn new_id(&self, section: &str) -> String {
        let n = self.clock;
        match section {
            "monitors" => (1000 + n).to_string(),
            "slos" => format!("{n:032x}"),
            _ => format!("{:03x}-{:03x}-abc", n % 4096, n / 4096),
        }
    }

    fn of(&mut self, section: &str) -> &mut Vec<(String, Value)> {
        self.objects.entry(section.to_owned()).or_default()
    }

    pub fn get(&mut self, section: &str, id: &str) -> Option<&mut Value> {
        self.of(section).iter_mut().find(|(own, _)| own == id).map(|(_, body)| body)
    }

    pub fn remove(&mut self, section: &str, id: &str) -> bool {
        let before = self.of(section).len();
        self.of(section).retain(|(own, _)| own != id);
        self.of(section).len() < before
    }

    pub fn all(&self, section: &str) -> Vec<Value> {
        self.objects.get(section).into_iter().flatten().map(|(_, body)| body.clone()).collect()
    }

    /// What a PUT of an honest service does.
    fn put(&mut self, section: &str, id: &str, sent: &Value) -> Option<Value> {
        self.clock += 1;
        let seconds = EPOCH + self.clock;
        let clock = self.clock;
        let body = self.get(section, id)?;
        if section == "dashboards" {
            // Replaced whole.
            let kept: Vec<(&str, Value)> =
                ["id", "created_at", "url", "author_handle"].map(|key| (key, body[key].clone())).into();
            *body = json!({"description": null});
            for (key, value) in kept {
                body[key] = value;
            }
        }
        for (key, value) in sent.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        match section {
            "monitors" => body["modified"] = iso(seconds).into(),
            "slos" => body["modified_at"] = seconds.into(),
            _ => body["modified_at"] = iso(seconds).into(),
        }
        number_widgets(body, clock);
        Some(body.clone())
    }
}

fn number_widgets(body: &mut Value, by: u64) {
    for (at, widget) in
        body.get_mut("widgets").and_then(Value::as_array_mut).into_iter().flatten().enumerate()
    {
        if widget.is_object() && widget.get("id").is_none() {
            widget["id"] = (by * 1000 + at as u64).into();
        }
    }
}

/// A time on 9 October 2025 and the days after it.
fn iso(seconds: u64) -> String {
    let since = seconds - EPOCH + 8 * 3600;
    let (day, rest) = (9 + since / 86400, since % 86400);
    format!("2025-10-{day:02}T{:02}:{:02}:{:02}.000000+00:00", rest / 3600, rest / 60 % 60, rest % 60)
}

type Before = dyn FnMut(&mut Request, &mut World) -> Option<Answer> + Send;
type After = dyn FnMut(&Request, &mut Answer, &mut World) + Send;

#[derive(Default)]
struct State {
    world: World,
    before: Option<Box<Before>>,
    after: Option<Box<After>>,
}

/// The service at work, until it is dropped.
pub struct Liar {
    state: Arc<Mutex<State>>,
    over: Arc<AtomicBool>,
    /// `127.0.0.1:PORT`
    address: String,
}

impl Liar {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (state, over) = (Arc::<Mutex<State>>::default(), Arc::<AtomicBool>::default());
        let (shared, ended) = (Arc::clone(&state), Arc::clone(&over));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream, &state));
            }
        });
        Self { state, over, address }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A project whose runs talk to this service. Its owner is `bar.prod`.
    pub fn project(&self) -> Project {
        self.project_of("project: bar\nenvironments: {prod: {}}\n")
    }

    /// The same with a `musher.yaml` of one's own.
    pub fn project_of(&self, musher: &str) -> Project {
        let mut project = Project::new(musher);
        for (name, value) in
            [("DATADOG_HOST", &*self.url()), ("DD_API_KEY", "an-api-key"), ("DD_APP_KEY", "an-app-key")]
        {
            project.set(name, value);
        }
        project
    }

    /// Sees each request before it is answered: may change it or the world, or answer in the service's place.
    pub fn before(&self, hook: impl FnMut(&mut Request, &mut World) -> Option<Answer> + Send + 'static) {
        lock(&self.state).before = Some(Box::new(hook));
    }

    /// Sees each answer before it is sent: may change it, or the world.
    pub fn after(&self, hook: impl FnMut(&Request, &mut Answer, &mut World) + Send + 'static) {
        lock(&self.state).after = Some(Box::new(hook));
    }

    /// An honest service from now on.
    pub fn honest(&self) {
        let mut state = lock(&self.state);
        (state.before, state.after) = (None, None);
    }

    /// Looks at what the service holds, or changes it behind the product's back.
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut lock(&self.state).world)
    }

    pub fn add(&self, section: &str, body: Value) -> String {
        self.world(|world| world.add(section, body))
    }

    pub fn all(&self, section: &str) -> Vec<Value> {
        self.world(|world| world.all(section))
    }

    /// Ids in the order in which the objects were made, as texts.
    pub fn ids(&self, section: &str) -> Vec<String> {
        self.world(|world| world.of(section).iter().map(|(id, _)| id.clone()).collect())
    }

    /// The body of an object; null where it is gone.
    pub fn get(&self, section: &str, id: &str) -> Value {
        self.world(|world| world.get(section, id).map(|body| body.clone()).unwrap_or_default())
    }

    /// Requests that changed an object, or tried to, as `METHOD path`, since this was last asked.
    pub fn take_writes(&self) -> Vec<String> {
        let log = self.world(|world| std::mem::take(&mut world.log));
        log.iter().filter(|r| r.writes()).map(|r| format!("{} {}", r.method, r.path)).collect()
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes the one that waits for connections.
        let _ = TcpStream::connect(&self.address);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Requests of one connection, one after the other.
fn serve(stream: &TcpStream, state: &Mutex<State>) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    while let Some(mut request) = read(&mut reader) {
        let early = {
            let State { world, before, .. } = &mut *lock(state);
            before.as_mut().and_then(|hook| hook(&mut request, world))
        };
        std::thread::sleep(request.held);
        let answer = {
            let State { world, after, .. } = &mut *lock(state);
            world.log.push(request.clone());
            let mut answer = early.unwrap_or_else(|| honest(&request, world));
            if let Some(hook) = after {
                hook(&request, &mut answer, world);
            }
            answer
        };
        std::thread::sleep(answer.held);
        if answer.status == 0 || send(stream, &answer).is_err() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
            return;
        }
    }
}

fn send(mut stream: &TcpStream, answer: &Answer) -> std::io::Result<()> {
    let body = if answer.status == 204 { String::new() } else { answer.body.to_string() };
    let mut text = format!(
        "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        answer.status,
        body.len()
    );
    for (name, value) in &answer.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{text}\r\n{body}").as_bytes())
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (unescaped(name), unescaped(value)))
        .collect();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Some(Request { method, path: path.to_owned(), query, headers, body, held: Duration::ZERO })
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                u8::from_str_radix(&String::from_utf8_lossy(&digits), 16).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn path_of(section: &str) -> String {
    format!("/api/v1/{}", section.trim_end_matches('s'))
}

fn section_of(name: &str) -> Option<&'static str> {
    ["monitors", "slos", "dashboards"].into_iter().find(|section| section.trim_end_matches('s') == name)
}

/// What an honest service answers.
fn honest(request: &Request, world: &mut World) -> Answer {
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let (name, rest) = match &parts[..] {
        ["api", "v1", "org"] => {
            return Answer::new(200, json!({"orgs": [{"name": "Liars", "public_id": "liars"}]}));
        }
        ["api", "v1", name, rest @ ..] => (*name, rest),
        _ => return Answer::new(404, json!({"errors": ["Not found"]})),
    };
    let Some(section) = section_of(name) else {
        return Answer::new(404, json!({"errors": ["Not found"]}));
    };
    let missing = || Answer::new(404, json!({"errors": [format!("{name} not found")]}));
    match (&*request.method, rest) {
        ("GET", []) => list(section, request, world),
        ("GET", ["can_delete"]) => {
            let ids = request
                .query
                .values()
                .next()
                .map(|ids| ids.split(',').map(str::to_owned).collect::<Vec<_>>());
            Answer::new(200, json!({"data": {"ok": ids.unwrap_or_default()}, "errors": {}}))
        }
        ("POST", [.., "validate"]) => Answer::new(200, json!({})),
        ("POST", []) => {
            let id = world.add(section, request.body.clone());
            let made = world.get(section, &id).map(|body| body.clone()).unwrap_or_default();
            enveloped(section, made, true)
        }
        ("GET", [id]) => match world.get(section, id) {
            Some(body) => enveloped(section, body.clone(), false),
            None => missing(),
        },
        ("PUT", [id]) => match world.put(section, id, &request.body) {
            Some(body) => enveloped(section, body, true),
            None => missing(),
        },
        ("DELETE", [id]) => {
            if world.remove(section, id) {
                Answer::new(200, json!({"data": [id]}))
            } else {
                missing()
            }
        }
        _ => missing(),
    }
}

/// SLOs travel in an envelope: writes answer a list of one.
fn enveloped(section: &str, body: Value, written: bool) -> Answer {
    let body = match (section, written) {
        ("slos", true) => json!({"data": [body], "error": null}),
        ("slos", false) => json!({"data": body, "errors": []}),
        _ => body,
    };
    Answer::new(200, body)
}

fn list(section: &str, request: &Request, world: &World) -> Answer {
    let filter = |name: &str| request.query.get(name).map(String::as_str).unwrap_or_default();
    let tags: Vec<&str> = filter(if section == "monitors" { "monitor_tags" } else { "tags_query" })
        .split(',')
        .filter(|tag| !tag.is_empty())
        .collect();
    let named = filter(if section == "monitors" { "name" } else { "query" }).to_lowercase();
    let ids: Vec<&str> = filter("ids").split(',').filter(|id| !id.is_empty()).collect();
    let bears = |body: &Value, tag: &str| {
        body["tags"].as_array().into_iter().flatten().any(|own| own.as_str() == Some(tag))
    };
    let mut rows = world.all(section);
    if section != "dashboards" {
        rows.retain(|body| {
            tags.iter().all(|tag| bears(body, tag))
                && body["name"].as_str().unwrap_or_default().to_lowercase().contains(&named)
                && (ids.is_empty() || body["id"].as_str().is_some_and(|id| ids.contains(&id)))
        });
    }
    let total = rows.len();
    let (at, size) = match section {
        "monitors" => {
            let size = request.number("page_size").unwrap_or(100);
            (request.number("page").map_or(0, |page| page * size), size)
        }
        "slos" => (request.number("offset").unwrap_or(0), request.number("limit").unwrap_or(1000)),
        _ => (request.number("start").unwrap_or(0), request.number("count").unwrap_or(100)),
    };
    let page: Vec<Value> = rows.into_iter().skip(at).take(size).collect();
    Answer::new(
        200,
        match section {
            "monitors" => page.into(),
            "slos" => {
                json!({"data": page, "error": null, "metadata": {"page": {"total_count": total, "total_filtered_count": total}}})
            }
            _ => {
                let summary = |body: &Value| {
                    let keys = [
                        "id",
                        "title",
                        "description",
                        "layout_type",
                        "url",
                        "created_at",
                        "modified_at",
                        "author_handle",
                    ];
                    Value::Object(keys.iter().map(|key| ((*key).to_owned(), body[*key].clone())).collect())
                };
                json!({"dashboards": page.iter().map(summary).collect::<Vec<_>>()})
            }
        },
    )
}

/// Bodies that the service takes, with more or other fields.
pub fn monitor(name: &str, over: Value) -> Value {
    let body = json!({"name": name, "type": "query alert", "query": "avg(last_5m):avg:a.b{*} > 1", "message": "m @slack-a", "options": {"thresholds": {"critical": 1}}});
    merged(body, over)
}

pub fn slo(name: &str, over: Value) -> Value {
    let body = json!({"name": name, "type": "metric", "query": {"numerator": "sum:a.g{*}.as_count()", "denominator": "sum:a.t{*}.as_count()"}, "thresholds": [{"timeframe": "30d", "target": 99}]});
    merged(body, over)
}

pub fn dashboard(title: &str, over: Value) -> Value {
    let body = json!({"title": title, "layout_type": "ordered", "widgets": [{"definition": {"type": "note", "content": "x"}}]});
    merged(body, over)
}

fn merged(mut body: Value, over: Value) -> Value {
    for (key, value) in over.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    body
}

/// A definition file: JSON is YAML.
pub fn definitions(sections: Value) -> String {
    sections.to_string()
}
