//! The room as its users meet it: over the wire in process, and over HTTP.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::*;
use crate::wire::Method;

const MONITOR: &str = r#"{"type":"metric alert","name":"a","query":"avg(last_5m):avg:x{*} > 1"}"#;

fn request(method: Method, path: &str, body: &str) -> Request {
    let body = (!body.is_empty()).then(|| body.to_owned().into());
    Request { method, path: path.to_owned(), query: Vec::new(), body }
}

fn behaviour(faults: &str, limits: &str) -> Behaviour {
    let (faults, limits) = (Faults::parse(faults).unwrap(), Limits::parse(limits).unwrap());
    Behaviour { faults, limits, ..Behaviour::default() }
}

/// Calls the service itself, without faults: status and body.
fn call(sandbox: &Sandbox, line: &str, body: &str) -> (u16, Value) {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let call = Call {
        method: method.to_owned(),
        path: format!("/api/v1/{path}"),
        query: call::query_pairs(query),
        body: Some(body.as_bytes().to_vec()),
    };
    let answer = sandbox.perform(&call);
    (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
}

fn names(sandbox: &Sandbox) -> Vec<String> {
    let (_, list) = call(sandbox, "GET monitor", "");
    list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

fn opened() -> (tempfile::TempDir, Sandbox) {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::open(folder.path()).unwrap();
    (folder, sandbox)
}

/// A disk that is full or away stays so: no status of those that a client repeats.
#[test]
fn a_state_that_can_not_be_written_is_a_refusal_with_its_reason() {
    let (folder, sandbox) = opened();
    let journal = folder.path().join("sandbox.journal");
    std::fs::remove_file(&journal).unwrap();
    std::fs::create_dir(&journal).unwrap();
    let (status, body) = call(&sandbox, "POST monitor", MONITOR);
    assert_eq!((status, body.to_string().contains("sandbox.journal")), (400, true), "{body}");
}

#[test]
fn references_hold_objects_until_force() {
    let (_folder, sandbox) = opened();
    let id = call(&sandbox, "POST monitor", MONITOR).1["id"].clone();
    let composite = json!({ "type": "composite", "name": "both", "query": format!("{id} && !{id}") });
    let composite = call(&sandbox, "POST monitor", &composite.to_string()).1["id"].clone();
    let slo = json!({ "type": "monitor", "name": "up", "monitor_ids": [id], "thresholds": [{ "timeframe": "7d", "target": 99 }] });
    let slo = call(&sandbox, "POST slo", &slo.to_string()).1["data"][0]["id"].as_str().unwrap().to_owned();
    let words = json!([
        format!("monitor [{id},a] is referenced in composite monitors: [{composite},both]"),
        format!("monitor [{id},a] is referenced in slos: [{slo},up]"),
    ]);
    assert_eq!(call(&sandbox, &format!("DELETE monitor/{id}"), ""), (400, json!({ "errors": words })));
    let asked = call(&sandbox, &format!("GET monitor/can_delete?monitor_ids={id},{composite}"), "");
    let mut errors = serde_json::Map::new();
    errors.insert(id.to_string(), words);
    assert_eq!(asked, (409, json!({ "data": { "ok": [composite] }, "errors": errors })));
    assert_eq!(call(&sandbox, &format!("DELETE monitor/{id}?force=true"), "").0, 200);

    let board = json!({ "title": "b", "layout_type": "ordered", "widgets": [{ "definition": { "type": "slo", "view_type": "detail", "slo_id": slo } }] });
    let board = call(&sandbox, "POST dashboard", &board.to_string()).1["id"].as_str().unwrap().to_owned();
    let words = format!("slo {slo} is referenced in dashboard_id: {board}");
    assert_eq!(
        call(&sandbox, &format!("DELETE slo/{slo}"), ""),
        (409, json!({ "errors": words, "data": null }))
    );
    assert_eq!(call(&sandbox, &format!("GET slo/can_delete?ids={slo}"), "").0, 409);
    assert_eq!(call(&sandbox, &format!("DELETE dashboard/{board}"), "").0, 200);
    assert_eq!(call(&sandbox, &format!("DELETE slo/{slo}"), "").0, 200);
    let gone = json!({ "type": "composite", "name": "late", "query": format!("{id} || 5") });
    let expect = json!({ "errors": ["Some monitor IDs are invalid"] });
    assert_eq!(call(&sandbox, "POST monitor/validate", &gone.to_string()), (400, expect));
}

#[test]
fn refusals_change_nothing() {
    let (_folder, sandbox) = opened();
    let id = call(&sandbox, "POST monitor", MONITOR).1["id"].clone();
    let org = monitor_body::ORG_ID;
    let put = format!("PUT monitor/{id}");
    let checks = [
        ("POST monitor", MONITOR, 400, format!("Duplicate of an existing monitor_id:{id} org_id:{org}")),
        (&put, r#"{"type":"log alert"}"#, 400, "Monitor type change not allowed".to_owned()),
        ("POST monitor", r#"{"query":"a > 1"}"#, 400, "The parameter 'type' is required".to_owned()),
        ("POST monitor", r#"{"type":"log alert"}"#, 400, "The parameter 'query' is required".to_owned()),
        ("POST monitor", "{", 400, "The request body is not valid JSON".to_owned()),
        ("POST slo", "[]", 400, "The request body must be a JSON object".to_owned()),
        (
            "POST dashboard",
            r#"{"widgets":[],"title":""}"#,
            400,
            "Required parameter 'layout_type' is missing".to_owned(),
        ),
        ("GET monitor?page=x", "", 400, "The value provided for parameter 'page' is invalid".to_owned()),
        ("GET downtime", "", 404, "Not found".to_owned()),
        ("PATCH monitor", "", 404, "Not found".to_owned()),
    ];
    for (line, body, status, words) in checks {
        assert_eq!(call(&sandbox, line, body), (status, json!({ "errors": [words] })), "{line} {body}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(call(&sandbox, "POST dashboard", &deep).0, 400);
    assert_eq!(names(&sandbox), ["a"]);
    assert_eq!(call(&sandbox, &put, r#"{"type":"query alert","name":"b"}"#).1["type"], "query alert");
}

#[test]
fn lists_come_in_pages() {
    let (_folder, sandbox) = opened();
    for number in 0..5 {
        let monitor = json!({ "type": "query alert", "name": format!("m{number}"), "query": "avg(last_5m):a{env:x} > 1", "tags": [format!("n:{number}"), "all"] });
        assert_eq!(call(&sandbox, "POST monitor", &monitor.to_string()).0, 200);
    }
    let check = |line: &str, expect: &[&str]| {
        let list = call(&sandbox, line, "").1;
        let own: Vec<&str> =
            list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(own, expect, "{line}");
    };
    check("GET monitor?page=1&page_size=2", &["m2", "m3"]);
    check("GET monitor?page=3&page_size=2", &[]);
    check("GET monitor?page=18446744073709551615&page_size=1000", &[]);
    check("GET monitor?page_size=2", &["m0", "m1", "m2", "m3", "m4"]);
    check("GET monitor?id_offset=100000003&page_size=9", &["m3", "m4"]);
    check("GET monitor?monitor_tags=all,n:4", &["m4"]);
    check("GET monitor?tags=env:x&name=M1", &["m1"]);
    check("GET monitor?tags=env:y", &[]);
}

#[test]
fn deleted_dashboards_come_back() {
    let (_folder, sandbox) = opened();
    let board =
        r#"{"title":"x","layout_type":"ordered","widgets":[{"definition":{"type":"note","content":"x"}}]}"#;
    let made = call(&sandbox, "POST dashboard", board).1;
    let named = json!({ "data": [{ "id": made["id"], "type": "dashboard" }] }).to_string();
    let count = |line: &str| call(&sandbox, line, "").1["dashboards"].as_array().unwrap().len();
    let counts = || (count("GET dashboard"), count("GET dashboard?filter[deleted]=true"));
    assert_eq!(counts(), (1, 0));
    assert_eq!(call(&sandbox, "DELETE dashboard", &named).0, 204);
    assert_eq!(counts(), (0, 1));
    assert_eq!(call(&sandbox, "PATCH dashboard", &named).0, 204);
    assert_eq!(counts(), (1, 0));
    let id = made["id"].as_str().unwrap();
    assert_eq!(call(&sandbox, &format!("GET dashboard/{id}"), "").1, made);
}

#[test]
fn two_processes_share_a_folder() {
    let (folder, one) = opened();
    let two = Sandbox::open(folder.path()).unwrap();
    let made = |sandbox: &Sandbox, name: &str| {
        call(sandbox, "POST monitor", &MONITOR.replace("\"a\"", &format!("\"{name}\""))).1["id"].clone()
    };
    let threads = |path: &Path| {
        let sandbox = Sandbox::open(path).unwrap();
        std::thread::spawn(move || {
            for number in 0..50 {
                let body =
                    MONITOR.replace("\"a\"", &format!("\"{:?} {number}\"", std::thread::current().id()));
                assert_eq!(call(&sandbox, "POST monitor", &body).0, 200);
            }
        })
    };
    let ids = [made(&one, "x"), made(&two, "y"), made(&one, "z")];
    assert_eq!(ids, [100_000_001, 100_000_002, 100_000_003].map(Value::from));
    let running: Vec<_> = (0..4).map(|_| threads(folder.path())).collect();
    running.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((names(&one).len(), names(&one)), (203, names(&two)));
    assert_eq!(names(&Sandbox::open(folder.path()).unwrap()), names(&one));
}

#[tokio::test]
async fn faults_in_process_are_lost_answers() {
    let check = async |faults: &str, lost: bool, done: usize| {
        let (_folder, sandbox) = opened();
        sandbox.behave(behaviour(faults, ""));
        let answer = sandbox.send(&request(Method::Post, "/api/v1/monitor", MONITOR)).await;
        assert_eq!(
            (matches!(answer, Err(WireError::Lost(_))), names(&sandbox).len()),
            (lost, done),
            "{faults}"
        );
        answer.ok().map(|answer| answer.status)
    };
    assert_eq!(check("reset-before=1", true, 0).await, None);
    assert_eq!(check("reset-after=1", true, 1).await, None);
    assert_eq!(check("truncate=1", true, 1).await, None);
    assert_eq!(check("cut=1", true, 1).await, None);
    for status in ["429", "500", "503", "512"] {
        assert_eq!(check(&format!("{status}=1"), false, 0).await, status.parse().ok());
    }
    assert_eq!(check("", false, 1).await, Some(200));
}

#[tokio::test]
async fn limits_are_announced_and_kept() {
    let (_folder, sandbox) = opened();
    // A period that doesn't end while this runs.
    sandbox.behave(behaviour("", "writes=1/1000000000"));
    let write = request(Method::Post, "/api/v1/monitor", MONITOR);
    let first = sandbox.send(&write).await.unwrap();
    assert_eq!((first.status, first.header("x-ratelimit-remaining")), (200, Some("0")));
    let second = sandbox.send(&write).await.unwrap();
    assert_eq!((second.status, second.body.as_ref()), (429, &br#"{"errors":["Too many requests"]}"#[..]));
    assert_eq!(second.header("x-ratelimit-name"), Some("writes"));
    let read = sandbox.send(&request(Method::Get, "/api/v1/monitor", "")).await.unwrap();
    assert_eq!((read.status, read.header("x-ratelimit-name")), (200, Some("monitor_read")));
}

/// A served sandbox; it ends with the sender.
async fn served(folder: &Path, keys: Keys) -> (SocketAddr, oneshot::Sender<()>) {
    let sandbox = Arc::new(Sandbox::open(folder).unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let (report, reported) = oneshot::channel();
    tokio::spawn(serve(
        Serving { sandbox, port: 0, keys },
        move |address| report.send(address).unwrap(),
        async move { stopped.await.unwrap_or_default() },
    ));
    (reported.await.unwrap(), stop)
}

type SocketAddr = std::net::SocketAddr;

/// Sends a request with some headers; head and body of the answer as far as they came.
async fn http(address: SocketAddr, line: &str, headers: &[&str], body: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (length, mut text) = (body.len(), format!("{line} HTTP/1.1\r\n"));
    let own = ["host: localhost", "connection: close"];
    own.iter().chain(headers).for_each(|header| text.push_str(&format!("{header}\r\n")));
    text.push_str(&format!("content-length: {length}\r\n\r\n{body}"));
    stream.write_all(text.as_bytes()).await.unwrap();
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    // An error is the end: a reset connection gives one.
    while let Ok(read) = stream.read(&mut buffer).await
        && read > 0
    {
        answer.extend_from_slice(&buffer[..read]);
    }
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    (String::from_utf8_lossy(&answer[..end]).to_lowercase(), answer[end..].to_vec())
}

const KEYS: [&str; 2] = ["dd-api-key: one", "dd-application-key: two"];

fn status(head: &str) -> &str {
    head.get(9..12).unwrap_or_default()
}

fn length(head: &str) -> usize {
    let line = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    line.map_or(0, |length| length.parse().unwrap())
}

#[tokio::test]
async fn http_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let (address, _stop) = served(folder.path(), Keys::Any).await;
    let (head, body) = http(address, "POST /api/v1/monitor", &KEYS, MONITOR).await;
    assert_eq!(status(&head), "200", "{head}");
    assert!(head.contains("x-ratelimit-name: monitor_write"), "{head}");
    let made: Value = serde_json::from_slice(&body).unwrap();
    let gzip = [KEYS[0], KEYS[1], "accept-encoding: deflate, gzip"];
    let (head, body) = http(address, "GET /api/v1/monitor?name=a&page=0", &gzip, "").await;
    assert!(head.contains("content-encoding: gzip"), "{head}");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()[0]["id"], made["id"]);
    let (_, counted) = http(address, "GET /sandbox/requests", &[], "").await;
    let routes = json!({ "POST /api/v1/monitor": 1, "GET /api/v1/monitor": 1 });
    assert_eq!(serde_json::from_slice::<Value>(&counted).unwrap()["routes"], routes);
    assert_eq!(status(&http(address, "POST /sandbox/reset", &["origin: http://evil"], "").await.0), "403");
    for (from, expected) in [("cross-site", "403"), ("same-site", "403"), ("none", "200")] {
        let header = format!("sec-fetch-site: {from}");
        assert_eq!(
            status(&http(address, "GET /sandbox/control", &[&header], "").await.0),
            expected,
            "{from}"
        );
    }
    assert_eq!(status(&http(address, "POST /sandbox/reset", &[], "").await.0), "200");
    assert_eq!(http(address, "GET /api/v1/monitor", &KEYS, "").await.1, b"[]");
}

#[tokio::test]
async fn keys_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::These { api: "one".to_owned(), app: "two".to_owned() };
    let (address, _stop) = served(folder.path(), keys).await;
    let check = async |path: &str, headers: &[&str], expect: &str| {
        let (head, _) = http(address, &format!("GET /api/v1/{path}"), headers, "").await;
        assert_eq!(status(&head), expect, "{path} {headers:?}");
    };
    check("slo", &KEYS, "200").await;
    check("slo", &["authorization: Bearer two"], "200").await;
    check("slo", &["authorization: Bearer x"], "403").await;
    check("slo", &["dd-api-key: one", "dd-application-key: x"], "403").await;
    check("slo", &["dd-api-key: one"], "401").await;
    check("slo", &["dd-api-key: one", "dd-application-key: "], "401").await;
    check("slo", &[], "401").await;
    check("validate", &["dd-api-key: one"], "200").await;
    check("validate", &["dd-api-key: x"], "403").await;
    let (head, _) = http(address, "GET /api/v1/slo", &[KEYS[0], KEYS[1], "host: evil.example"], "").await;
    assert_eq!(status(&head), "403");
}

#[tokio::test]
async fn faults_over_http_break_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let (address, _stop) = served(folder.path(), Keys::Any).await;
    let faulty = async |fault: &str| {
        let set = async |faults: &str| {
            let body = json!({ "faults": faults }).to_string();
            assert_eq!(status(&http(address, "PUT /sandbox/control", &[], &body).await.0), "200");
        };
        http(address, "POST /sandbox/reset", &[], "").await;
        set(&format!("{fault}=1")).await;
        let (head, body) = http(address, "POST /api/v1/monitor", &KEYS, MONITOR).await;
        set("").await;
        let left = http(address, "GET /api/v1/monitor", &KEYS, "").await.1;
        (head, body, serde_json::from_slice::<Vec<Value>>(&left).unwrap().len())
    };
    assert_eq!(faulty("reset-before").await, (String::new(), Vec::new(), 0));
    assert_eq!(faulty("reset-after").await, (String::new(), Vec::new(), 1));
    let (head, body, done) = faulty("cut").await;
    assert!(done == 1 && body.len() < length(&head), "{head} {body:?}");
    let (head, body, done) = faulty("truncate").await;
    assert!(done == 1 && !body.is_empty() && body.len() == length(&head), "{head} {body:?}");
    assert!(serde_json::from_slice::<Value>(&body).is_err());
    let (head, body, done) = faulty("drip").await;
    assert!(done == 1 && body.len() == length(&head), "{head}");
    assert!(serde_json::from_slice::<Value>(&body).is_ok());
    let (head, body, done) = faulty("512").await;
    assert_eq!((status(&head), done), ("512", 0), "{body:?}");
}

#[tokio::test]
async fn a_request_that_hangs_holds_nobody_else_up() {
    let folder = tempfile::tempdir().unwrap();
    let (address, _stop) = served(folder.path(), Keys::Any).await;
    http(address, "PUT /sandbox/control", &[], r#"{"faults":"hang=1"}"#).await;
    let others = async {
        // The hanging request has certainly come once it is counted.
        while !String::from_utf8(http(address, "GET /sandbox/requests", &[], "").await.1)
            .unwrap()
            .contains("hang")
        {}
        http(address, "PUT /sandbox/control", &[], r#"{"faults":""}"#).await;
        http(address, "GET /api/v1/validate", &KEYS, "").await.1
    };
    tokio::select! {
        _ = http(address, "GET /api/v1/monitor", &KEYS, "") => panic!("the request was answered"),
        body = others => assert_eq!(body, br#"{"valid":true}"#),
    }
}
