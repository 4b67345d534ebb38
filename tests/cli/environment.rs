//! Environments, sites and keys: what is missing or refused is named, what is secret is not.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::project::{Project, Ran};

const MONITOR: &str = "monitors:\n  a: {name: a, type: query alert, query: 'avg(last_5m):avg:a.b{*} > 1', message: '@slack-a'}\n";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn declared(musher: &str) -> Project {
    let project = Project::new(musher);
    project.declare(MONITOR);
    project
}

/// Runs what needs the API; nothing secret is said.
#[track_caller]
fn refused(project: &Project, arguments: &[&str]) -> Ran {
    let ran = project.exits(1, arguments);
    assert!(!ran.shown().contains(SECRET), "a key is shown: {}", ran.shown());
    assert_eq!(ran.out, "");
    ran
}

const TWO: &str = "project: shop\nenvironments: {staging: {site: datadoghq.eu}, prod: {api: sandbox}}\n";

#[test]
fn several_environments_and_none_named() {
    let project = declared(TWO);
    insta::assert_snapshot!("environment_unnamed", refused(&project, &["plan"]).shown());
    insta::assert_snapshot!("environment_unknown", refused(&project, &["plan", "-e", "prd"]).shown());
    project.fine(&["plan", "-e", "prod"]);
}

#[test]
fn an_environment_is_named_in_one_of_four_ways() {
    let names =
        |project: &Project, arguments: &[&str]| project.fine(arguments).lines().next().unwrap().to_owned();
    let two = "project: shop\nenvironments: {one: {api: sandbox}, two: {api: sandbox}}\n";
    let mut project = declared(&format!("{two}default_environment: one\n"));
    assert!(names(&project, &["plan"]).starts_with("Environment one,"));
    project.set("MUSHER_ENVIRONMENT", "two");
    assert!(names(&project, &["plan"]).starts_with("Environment two,"));
    assert!(names(&project, &["plan", "-e", "one"]).starts_with("Environment one,"));
    let only = declared("project: shop\nenvironments: {only: {api: sandbox}}\n");
    assert!(names(&only, &["plan"]).starts_with("Environment only,"));
}

#[test]
fn missing_keys() {
    let mut project = declared("project: shop\n");
    insta::assert_snapshot!("keys_missing", refused(&project, &["plan"]).shown());
    project.set("DD_API_KEY", SECRET);
    insta::assert_snapshot!("keys_missing_one", refused(&project, &["plan"]).shown());
    let project = declared(
        "project: shop\nenvironments: {prod: {site: datadoghq.eu, keys: {api: PROD_DD_API, app: PROD_DD_APP}}}\n",
    );
    insta::assert_snapshot!("keys_missing_named", refused(&project, &["plan"]).shown());
}

#[test]
fn a_site_that_does_not_exist() {
    let mut project =
        declared("project: shop\nenvironments: {prod: {api_url: 'https://no-such-site.invalid'}}\n");
    project.set("MUSHER_ALLOW_HOSTS", "no-such-site.invalid");
    project.set("DD_API_KEY", SECRET);
    project.set("DD_APP_KEY", SECRET);
    // One try is enough to see what is said.
    let ran = refused(&project, &["plan", "--timeout", "1"]);
    assert!(ran.err.contains("no-such-site.invalid can't be reached"), "{}", ran.err);

    let mut project = declared("project: shop\n");
    project.set("DD_API_KEY", SECRET);
    project.set("DD_APP_KEY", SECRET);
    for (name, value) in [
        ("DD_SITE", "https://app.datadoghq.eu/"),
        ("DD_SITE", "datadog"),
        ("DATADOG_HOST", "http://api.example.com"),
        ("DATADOG_HOST", "datadoghq.eu"),
        ("DATADOG_HOST", "https://user:0123456789abcdef0123456789abcdef@api.example.com"),
    ] {
        project.set("DD_SITE", "");
        project.set("DATADOG_HOST", "");
        project.set(name, value);
        let ran = refused(&project, &["plan"]);
        assert!(ran.err.contains(name), "{}", ran.err);
    }
}

/// An API that answers every request alike, until the test ends.
fn answering(status: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = Vec::new();
            let mut piece = [0; 4096];
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut piece) {
                    Ok(length @ 1..) => request.extend_from_slice(&piece[..length]),
                    _ => break,
                }
            }
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    url
}

/// What is said of an answer of that type.
fn reported(status: &'static str, body: &'static str) -> String {
    let mut project = declared("project: shop\n");
    let url = answering(status, body);
    project.set("DATADOG_HOST", &url);
    project.set("DD_API_KEY", SECRET);
    project.set("DD_APP_KEY", SECRET);
    let mut all = String::new();
    for command in &[&["plan"][..], &["plan", "-vv"], &["apply", "--yes"], &["list"]] {
        let ran = refused(&project, &[*command, &["--timeout", "1"]].concat());
        if *command == ["plan"] {
            all = ran.shown().replace(&url, "@API@");
        }
    }
    all
}

#[test]
fn refused_keys() {
    insta::assert_snapshot!("keys_refused", reported("403 Forbidden", "{\"errors\":[\"Forbidden\"]}"));
    let said = reported("401 Unauthorized", "{\"errors\":[\"Unauthorized\"]}");
    assert!(said.contains("DD_API_KEY"), "{said}");
}

#[test]
fn answers_that_make_no_sense() {
    for body in ["<html>proxy</html>", "{}", "[1]", "null", "[{\"id\": \"x\"}]", "\x1b]0;owned\x07"] {
        let said = reported("200 OK", body);
        assert!(said.contains("error"), "{body}: {said}");
        assert!(!said.contains('\x1b'), "{said}");
    }
}

#[test]
fn keys_are_shown_nowhere() {
    let mut project = declared("project: shop\n");
    let served = crate::api::Served::for_project(&mut project);
    project.set("DD_API_KEY", SECRET);
    project.set("DD_APP_KEY", SECRET);
    for arguments in [
        &["plan", "-vv"][..],
        &["apply", "--yes", "-vv", "--report", "report.json"],
        &["list", "-vv", "--format", "json"],
        &["show", "monitors/a", "-vv"],
        &["plan", "-vv", "-o", "plan.json", "--format", "json"],
    ] {
        let ran = project.exits(0, arguments);
        assert!(!ran.shown().contains(SECRET), "{arguments:?}: {}", ran.shown());
    }
    drop(served);
    let mut folders = vec![project.path(""), project.path(&project.cache())];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            let held = bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
            assert!(!held, "{} holds a key", path.display());
        }
    }
    assert!(files >= 5, "the files are missing");
}
