//! GitHub and GitLab on loopback, as far as musher talks to them; and a record of what they were sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use serde_json::{Value, json};

/// A request that came in.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// Without the query.
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: String,
    pub body: Value,
}

impl Seen {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// How requests go wrong whose `METHOD path` begins with a text.
#[derive(Clone, Debug)]
pub struct Fault {
    pub of: &'static str,
    pub how: How,
    pub times: usize,
}

#[derive(Clone, Debug)]
pub enum How {
    /// Refused, with headers.
    Status(u16, &'static [(&'static str, &'static str)]),
    /// The connection ends before anything was done.
    Reset,
    /// It is done, and the connection ends.
    DoneAndLost,
    /// It is done, and 502 is answered.
    DoneAnd502,
}

#[derive(Default)]
pub struct State {
    pub comments: Vec<Value>,
    pub issues: Vec<Value>,
    pub labels: Vec<String>,
    pub checks: Vec<Value>,
    /// Answered for any commit.
    pub of_commit: Vec<Value>,
    pub pulls: Vec<Value>,
    pub faults: Vec<Fault>,
    pub seen: Vec<Seen>,
    pub hidden: Vec<Value>,
    next: u64,
}

impl State {
    /// The requests that wrote something.
    pub fn writes(&self) -> Vec<String> {
        self.seen.iter().filter(|seen| seen.method != "GET").map(Seen::name).collect()
    }

    fn id(&mut self) -> u64 {
        self.next += 1;
        1_000 + self.next
    }

    fn fault(&mut self, name: &str) -> Option<How> {
        let fault = self.faults.iter_mut().find(|fault| fault.times > 0 && name.starts_with(fault.of))?;
        fault.times -= 1;
        Some(fault.how.clone())
    }
}

pub struct StandIn {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl StandIn {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = serve(stream, &shared);
            }
        });
        Self { url, state }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Forgets what was sent, and what goes wrong.
    pub fn calm(&self) {
        let mut state = self.state();
        state.seen.clear();
        state.faults.clear();
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let (mut headers, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        headers.push_str(&line);
    }
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    let mut words = first.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let seen = Seen {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        headers,
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
    };
    let mut state = state.lock().unwrap();
    state.seen.push(seen.clone());
    let fault = state.fault(&seen.name());
    let (status, extra, body) = match &fault {
        Some(How::Reset) => return Ok(()),
        Some(How::Status(status, extra)) => (*status, *extra, json!({"message": "so it goes"})),
        _ => {
            let (status, body) = answer(&mut state, &seen);
            (status, &[][..], body)
        }
    };
    drop(state);
    let (status, body) = match fault {
        Some(How::DoneAndLost) => return Ok(()),
        Some(How::DoneAnd502) => (502, json!({"message": "Bad gateway"})),
        _ => (status, body),
    };
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let extra: String = extra.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{extra}Content-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    )
}

/// A page of a list.
fn page(all: &[Value], seen: &Seen) -> (u16, Value) {
    let number = |name: &str, usual: usize| {
        let found = seen.query.iter().find(|(key, _)| key == name);
        found.and_then(|(_, value)| value.parse().ok()).unwrap_or(usual)
    };
    let (size, at) = (number("per_page", 30).min(100), number("page", 1));
    (200, all.iter().skip(size * (at - 1)).take(size).cloned().collect())
}

fn answer(state: &mut State, seen: &Seen) -> (u16, Value) {
    let steps: Vec<&str> = seen.path.trim_start_matches('/').split('/').collect();
    match (seen.method.as_str(), &steps[..]) {
        ("POST", ["graphql"]) => {
            state.hidden.push(seen.body["variables"]["id"].clone());
            (200, json!({"data": {}}))
        }
        (_, ["repos", "o", "r", rest @ ..]) => github(state, seen, rest),
        (_, ["projects", "5", rest @ ..]) => gitlab(state, seen, rest),
        ("GET", ["user"]) => (200, json!({"id": 77, "username": "deploy"})),
        _ => (404, json!({"message": "Not Found"})),
    }
}

fn github(state: &mut State, seen: &Seen, steps: &[&str]) -> (u16, Value) {
    match (seen.method.as_str(), steps) {
        ("GET", ["issues", "7", "comments"]) => page(&state.comments, seen),
        ("POST", ["issues", "7", "comments"]) => {
            let id = state.id();
            let made = json!({"id": id, "node_id": format!("N{id}"), "user": {"login": "github-actions[bot]", "type": "Bot"},
                "body": seen.body["body"]});
            state.comments.push(made.clone());
            (201, made)
        }
        ("PATCH", ["issues", "comments", id]) => change(&mut state.comments, "id", id, &seen.body),
        ("GET", ["issues", "7", "labels"]) => {
            (200, state.labels.iter().map(|name| json!({"name": name})).collect())
        }
        ("POST", ["issues", "7", "labels"]) => {
            let new = seen.body["labels"].as_array().cloned().unwrap_or_default();
            state.labels.extend(new.iter().filter_map(Value::as_str).map(str::to_owned));
            (200, json!([]))
        }
        ("DELETE", ["issues", "7", "labels", name]) => {
            let name = name.replace("%20", " ").replace("%3A", ":");
            state.labels.retain(|label| *label != name);
            (200, json!([]))
        }
        ("POST", ["check-runs"]) => {
            let id = state.id();
            state.checks.push(seen.body.clone());
            (201, json!({"id": id}))
        }
        ("PATCH", ["check-runs", _]) => {
            state.checks.push(seen.body.clone());
            (200, json!({}))
        }
        ("GET", ["commits", _, "pulls"]) => page(&state.of_commit, seen),
        ("GET", ["pulls"]) => page(&state.pulls, seen),
        ("GET", ["issues"]) => {
            let open: Vec<Value> =
                state.issues.iter().filter(|issue| issue["state"] == "open").cloned().collect();
            page(&open, seen)
        }
        ("POST", ["issues"]) => {
            let number = state.id();
            let made = json!({"number": number, "state": "open", "user": {"type": "Bot"}, "title": seen.body["title"],
                "body": seen.body["body"]});
            state.issues.push(made.clone());
            (201, made)
        }
        ("PATCH", ["issues", number]) => change(&mut state.issues, "number", number, &seen.body),
        _ => (404, json!({"message": "Not Found"})),
    }
}

fn gitlab(state: &mut State, seen: &Seen, steps: &[&str]) -> (u16, Value) {
    let bot = || json!({"id": 9, "username": "project_5_bot_0a1b2c"});
    match (seen.method.as_str(), steps) {
        ("GET", ["merge_requests", "7", "notes"]) => page(&state.comments, seen),
        ("POST", ["merge_requests", "7", "notes"]) => {
            let made = json!({"id": state.id(), "author": bot(), "system": false, "body": seen.body["body"]});
            state.comments.push(made.clone());
            (201, made)
        }
        ("PUT", ["merge_requests", "7", "notes", id]) => change(&mut state.comments, "id", id, &seen.body),
        ("PUT", ["merge_requests", "7"]) => {
            state.labels.push(format!("+{} -{}", seen.body["add_labels"], seen.body["remove_labels"]));
            (200, json!({}))
        }
        ("GET", ["repository", "commits", _, "merge_requests"]) => page(&state.of_commit, seen),
        ("GET", ["issues"]) => {
            let open: Vec<Value> =
                state.issues.iter().filter(|issue| issue["state"] == "opened").cloned().collect();
            page(&open, seen)
        }
        ("POST", ["issues"]) => {
            let made = json!({"iid": state.id(), "state": "opened", "author": bot(), "title": seen.body["title"],
                "description": seen.body["description"]});
            state.issues.push(made.clone());
            (201, made)
        }
        ("PUT", ["issues", iid]) => {
            let mut body = seen.body.clone();
            if body["state_event"] == "close" {
                body = json!({"state": "closed"});
            }
            change(&mut state.issues, "iid", iid, &body)
        }
        _ => (404, json!({"message": "Not Found"})),
    }
}

/// Lays a body over the one of this id.
fn change(all: &mut [Value], key: &str, id: &str, body: &Value) -> (u16, Value) {
    let found =
        all.iter_mut().find(|one| one[key].as_u64().map(|own| own.to_string()).as_deref() == Some(id));
    match (found, body.as_object()) {
        (Some(one), Some(fields)) => {
            for (name, value) in fields {
                one[name] = value.clone();
            }
            (200, one.clone())
        }
        _ => (404, json!({"message": "Not Found"})),
    }
}
