//! A project, the real binary, and a sandbox of its own over HTTP.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_musher");
const JOURNAL: &str = ".musher/sandbox/sandbox.journal";
const PROJECT: &str = "project: faults\n";

/// How a run of the binary ended.
#[derive(Debug)]
pub struct Run {
    /// Absent: a signal ended it.
    pub code: Option<i32>,
    /// What it said, on both streams.
    pub text: String,
}

/// A project in a folder of its own, and the sandbox that it talks to.
pub struct World {
    pub folder: tempfile::TempDir,
    server: Child,
    pub address: String,
}

impl World {
    /// A world whose sandbox holds what a journal tells, with one definition file.
    pub fn start(journal: &[u8], definitions: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        std::fs::create_dir_all(at.join(".musher/sandbox")).unwrap();
        std::fs::create_dir_all(at.join("monitors")).unwrap();
        std::fs::write(at.join("musher.yaml"), PROJECT).unwrap();
        std::fs::write(at.join("monitors/estate.yaml"), definitions).unwrap();
        if !journal.is_empty() {
            std::fs::write(at.join(JOURNAL), journal).unwrap();
        }
        Self::serve(folder)
    }

    /// Serves the sandbox of a project that stands in the folder already.
    pub fn serve(folder: tempfile::TempDir) -> Self {
        let mut server = scrubbed(folder.path())
            .args(["sandbox", "serve", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address =
            line.split("http://").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or_default();
        Self { address: address.trim().to_owned(), folder, server }
    }

    /// What the sandbox holds, to start another world from.
    pub fn journal(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join(JOURNAL)).unwrap()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = scrubbed(self.folder.path());
        command.args(arguments).args(["--color", "never"]);
        command.env("DATADOG_HOST", format!("http://{}", self.address));
        command.env("DD_API_KEY", "any").env("DD_APP_KEY", "any");
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        Run { code: output.status.code(), text: text.concat() }
    }

    /// Starts the binary; what it says goes nowhere.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    pub fn control(&self, settings: Value) {
        let (status, answer) = self.send("PUT", "/sandbox/control", &settings.to_string());
        assert_eq!(status, 200, "{answer}");
    }

    /// Back to good behaviour.
    pub fn calm(&self) {
        self.control(
            json!({"faults": "", "limits": "", "latency_ms": 0, "hold_from": 0, "hold_done": false}),
        );
    }

    /// `{total, routes, limited, faults}` since the last call.
    pub fn take_requests(&self) -> Value {
        self.send("DELETE", "/sandbox/requests", "").1
    }

    pub fn total(&self) -> u64 {
        self.send("GET", "/sandbox/requests", "").1["total"].as_u64().unwrap()
    }

    /// Waits until so many requests have come in, or the run is over; whether it is still at it.
    pub fn reached(&self, total: u64, run: &mut Child) -> bool {
        loop {
            if self.total() >= total {
                return true;
            }
            if run.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    /// One request to the sandbox, without the product: its status and JSON.
    pub fn send(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let head = "Host: 127.0.0.1\r\nConnection: close\r\nDD-API-KEY: any\r\nDD-APPLICATION-KEY: any";
        write!(stream, "{method} {path} HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    fn get(&self, path: &str) -> Value {
        let (status, answer) = self.send("GET", path, "");
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Every object, whoever's it is.
    pub fn objects(&self) -> Vec<(&'static str, Value)> {
        let list = |value: Value| match value {
            Value::Array(items) => items,
            other => panic!("{other} is not a list"),
        };
        let mut found = Vec::new();
        for page in 0.. {
            let monitors = list(self.get(&format!("/api/v1/monitor?page={page}&page_size=1000")));
            let last = monitors.len() < 1000;
            found.extend(monitors.into_iter().map(|body| ("monitors", body)));
            if last {
                break;
            }
        }
        let slos = list(self.get("/api/v1/slo?limit=1000")["data"].take());
        found.extend(slos.into_iter().map(|body| ("slos", body)));
        for summary in list(self.get("/api/v1/dashboard?count=1000")["dashboards"].take()) {
            let id = summary["id"].as_str().unwrap().to_owned();
            found.push(("dashboards", self.get(&format!("/api/v1/dashboard/{id}"))));
        }
        found
    }

    /// What lives, by mark, without ids and times: the same for two worlds that only took another way.
    pub fn state(&self) -> State {
        state(self.objects(), self.names())
    }

    /// Words that differ from one world to the other, and what stands for them: the address, and ids of what monitors link
    /// or belong to.
    fn names(&self) -> BTreeMap<String, String> {
        let mut names = BTreeMap::from([(self.address.clone(), "ADDRESS".to_owned())]);
        let mut add = |what: &str, id: &Value, name: &Value| {
            let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
            names.insert(id, format!("{what}: {}", name.as_str().unwrap_or_default()));
        };
        for start in (0..).step_by(100) {
            let page = self.get(&format!("/api/v1/notebooks?count=100&start={start}"));
            let books = page["data"].as_array().unwrap();
            books.iter().for_each(|book| add("notebooks", &book["id"], &book["attributes"]["name"]));
            if books.len() < 100 {
                break;
            }
        }
        for number in 0.. {
            let page = self.get(&format!("/api/v1/synthetics/tests?page_size=100&page_number={number}"));
            let tests = page["tests"].as_array().unwrap();
            tests.iter().for_each(|test| add("synthetics_tests", &test["public_id"], &test["name"]));
            if tests.len() < 100 {
                break;
            }
        }
        let page = self.get("/api/v2/synthetics/suites/search?count=100");
        let suites = page["data"]["attributes"]["suites"].as_array().unwrap();
        suites.iter().for_each(|suite| add("synthetics_suites", &suite["public_id"], &suite["name"]));
        names
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The binary, started in a folder, with nothing of this machine's environment.
pub fn scrubbed(folder: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command.env_clear().env("HOME", folder.join("home")).env("XDG_CACHE_HOME", folder.join("cache"));
    command.current_dir(folder);
    command
}

/// Bodies by what they are to us; several where a mark, or an unmanaged name, is there more than once.
pub type State = BTreeMap<String, Vec<Value>>;

/// `names` stand for words that are others in each world.
fn state(objects: Vec<(&'static str, Value)>, mut names: BTreeMap<String, String>) -> State {
    let id_of = |body: &Value| match &body["id"] {
        Value::String(id) => id.clone(),
        other => other.to_string(),
    };
    names.extend(objects.iter().map(|(section, body)| (id_of(body), name_of(section, body))));
    let mut state = State::new();
    for (section, body) in objects {
        state.entry(name_of(section, &body)).or_default().push(bare(&body, &names));
    }
    state
}

/// `monitors/ID` by the mark, or `monitors: NAME` of an object without one.
fn name_of(section: &str, body: &Value) -> String {
    let tags: Vec<&str> = body["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let ours = tags.iter().any(|tag| tag.strip_prefix("musher:").is_some_and(|owner| owner != "other"));
    let tag = tags.iter().find_map(|tag| tag.strip_prefix("musher_id:")).filter(|_| ours);
    let line = body["description"].as_str().and_then(|text| text.rsplit_once("Managed by musher: "));
    let line = line.and_then(|(_, mark)| mark.split_once('/')).map(|(_, id)| id);
    match tag.or(line) {
        Some(id) => format!("{section}/{id}"),
        None => {
            format!("{section}: {}", body["name"].as_str().or(body["title"].as_str()).unwrap_or_default())
        }
    }
}

const TIMES: [&str; 6] = ["created", "created_at", "modified", "modified_at", "overall_state_modified", "id"];

/// A body without times and ids of its own; ids of others are their names.
fn bare(value: &Value, names: &BTreeMap<String, String>) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(key, _)| !TIMES.contains(&key.as_str()));
            let mut kept: Vec<_> = kept.map(|(key, value)| (key.clone(), bare(value, names))).collect();
            kept.sort_by(|(a, _), (b, _)| a.cmp(b));
            for (_, tags) in kept.iter_mut().filter(|(key, _)| key == "tags") {
                if let Value::Array(tags) = tags {
                    tags.sort_by_key(Value::to_string);
                }
            }
            Value::Object(kept.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| bare(item, names)).collect()),
        Value::Number(number) => {
            names.get(&number.to_string()).map_or_else(|| value.clone(), |name| json!(name))
        }
        Value::String(text) => json!(renamed(text, names)),
        other => other.clone(),
    }
}

/// A text in which each word that is an id is the name of its object.
fn renamed(text: &str, names: &BTreeMap<String, String>) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let (before, word) = rest.split_at(start);
        let (word, after) = word.split_at(word.find(|c| !is_word(c)).unwrap_or(word.len()));
        out.push_str(before);
        out.push_str(names.get(word).map_or(word, String::as_str));
        rest = after;
    }
    out + rest
}

/// What differs between two states, for a person to read; empty for nothing.
pub fn difference(expected: &State, found: &State) -> String {
    let mut lines = Vec::new();
    for name in expected.keys().chain(found.keys().filter(|name| !expected.contains_key(*name))) {
        let none = Vec::new();
        let (wanted, got) = (expected.get(name).unwrap_or(&none), found.get(name).unwrap_or(&none));
        if wanted != got {
            lines.push(format!("{name}: {} expected, {} found", wanted.len(), got.len()));
            lines.extend(wanted.iter().map(|body| format!("  expected {body}")));
            lines.extend(got.iter().map(|body| format!("  found    {body}")));
        }
    }
    lines.join("\n")
}
