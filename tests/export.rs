//! Export, import and `show template`, end to end: the real binary over the sandbox.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::too_many_lines)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

const PROJECT: &str = "project: shop\nenvironments:\n  sandbox: {api: sandbox}\n";

/// A project in a folder of its own.
struct Project {
    folder: tempfile::TempDir,
}

/// How a run ended, and what it said.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Project {
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("monitors")).unwrap();
        std::fs::write(folder.path().join("musher.yaml"), config).unwrap();
        Self { folder }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        std::fs::write(self.path(path), text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.read(path)).unwrap()
    }

    /// The names in a folder, sorted.
    fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path(folder)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        // The export's own notes.
        names.retain(|name| name != ".musher-export");
        names.sort();
        names
    }

    fn run(&self, arguments: &[&str]) -> Said {
        run_in(self.folder.path(), arguments)
    }

    /// What a run that must go well writes on stdout.
    fn fine(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments);
        assert_eq!(said.code, Some(0), "musher {}\n{}{}", arguments.join(" "), said.out, said.err);
        said.out
    }

    fn fails(&self, arguments: &[&str], words: &str) -> Said {
        let said = self.run(arguments);
        assert_eq!(said.code, Some(1), "musher {}\n{}{}", arguments.join(" "), said.out, said.err);
        assert!(said.err.contains(words), "{words}: {}", said.err);
        said
    }

    fn apply(&self) {
        self.fine(&["apply", "--yes"]);
        self.is_settled();
    }

    fn is_settled(&self) {
        let said = self.run(&["plan", "--detailed-exitcode", "--expand"]);
        assert_eq!(said.code, Some(0), "the plan is not empty\n{}{}", said.out, said.err);
    }

    /// The live objects by address: id and body.
    fn ids(&self) -> BTreeMap<String, String> {
        let items: Vec<Value> = serde_json::from_str(&self.fine(&["list", "--format", "json"])).unwrap();
        let pair = |item: &Value| {
            Some((item["address"].as_str()?.to_owned(), item["datadog_id"].as_str()?.to_owned()))
        };
        items.iter().filter_map(pair).collect()
    }

    /// Another project over the same sandbox.
    fn beside(&self, config: &str) -> Self {
        let other = Self::new(config);
        copy(&self.path(".musher"), &other.path(".musher"));
        other
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn run_in(folder: &Path, arguments: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_musher"))
        .env_clear()
        .env("HOME", folder.join(".home"))
        .env("XDG_CACHE_HOME", folder.join(".cache"))
        // Any keys serve; the sandbox in process takes none.
        .envs([("DD_API_KEY", "any"), ("DD_APP_KEY", "any")])
        .current_dir(folder)
        .args(arguments)
        .args(["--color", "never"])
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

const MONITORS: &str = r#"# The shop's monitors.
monitors:
  errors:   # the first
    name: Checkout errors
    type: query alert
    query: "sum(last_5m):sum:trace.http.request.errors{service:checkout}.as_count() > 5"
    message: "Look at $${this} and {{host.name}}. @slack-shop"
    tags: ["team:shop"]
  traffic:
    name: "Checkout/../traffic"
    type: query alert
    query: "sum(last_5m):sum:trace.http.request.hits{service:checkout}.as_count() > 100"
    message: "@slack-shop"
    $protect: true

# Objectives stand below.
slos:
  up:
    name: Checkout is up
    type: monitor
    monitor_ids: ["${monitors.errors.id}"]
    thresholds: [{timeframe: 7d, target: 99.9}]
"#;

#[test]
fn an_export_is_what_the_service_holds_without_its_own_fields() {
    let project = Project::new(PROJECT);
    project.write("monitors/shop.yaml", MONITORS);
    project.apply();
    let ids = project.ids();
    let errors = &ids["monitors/errors"];
    let out = project.fine(&["export", "monitor", errors, "-o", "out"]);
    let file = format!("out/checkout-errors-{errors}.json");
    assert_eq!(out.trim(), file);
    let text = project.read(&file);
    assert!(text.starts_with("{\n  \"") && text.ends_with("\n}\n"), "{text}");
    let body = project.json(&file);
    assert_eq!(body["message"], "Look at $${this} and {{host.name}}. @slack-shop");
    assert_eq!(body["tags"], json!(["team:shop"]));
    for field in ["id", "created", "creator", "org_id", "overall_state", "multi"] {
        assert_eq!(body.get(field), None, "{field}");
    }

    // Again: the same bytes, nothing to write. By URL: the same object.
    let url = format!("https://app.datadoghq.com/monitors/{errors}/edit");
    let again = project.run(&["export", "monitor", &url, errors, "-o", "out"]);
    assert!(again.err.contains("0 written, 1 unchanged"), "{}", again.err);

    // A title is not a path.
    project.fine(&["export", "monitor", "--managed", "-o", "out"]);
    let names = [
        format!("checkout-errors-{errors}.json"),
        format!("checkout-traffic-{}.json", ids["monitors/traffic"]),
    ];
    assert_eq!(project.names("out"), names);
    let slo = format!("https://app.datadoghq.com/slo?slo_id={}&timeframe=7d", ids["slos/up"]);
    project.fine(&["export", "slo", &slo, "-o", "out/deeper"]);
    assert_eq!(project.names("out/deeper"), [format!("checkout-is-up-{}.json", ids["slos/up"])]);
}

#[test]
fn what_stands_in_the_way_is_left_alone() {
    let project = Project::new(PROJECT);
    project.write("monitors/shop.yaml", MONITORS);
    project.apply();
    let errors = project.ids()["monitors/errors"].clone();
    let file = format!("checkout-errors-{errors}.json");
    project.write(&file, "mine");
    project.fails(&["export", "monitor", &errors], "left alone since they say something else");
    assert_eq!(project.read(&file), "mine");
    project.fine(&["export", "monitor", &errors, "--force"]);
    assert_eq!(project.json(&file)["name"], "Checkout errors");

    project.fails(&["export", "monitor"], "say what to export");
    project.fails(&["export", "monitr", "1"], "did you mean `monitor`");
    let missed = project.fails(&["export", "monitor", "99999"], "Monitor not found");
    assert!(!missed.err.contains("list"), "{}", missed.err);
    project.fails(&["export", "monitor", "../1"], "is not a URL of a monitor");
    project.fails(&["export", "slo", "https://app.datadoghq.com/monitors/1"], "is the URL of a monitor");
    project.fails(&["export", "monitor", &errors, "--format", "markdown"], "[possible values: json, yaml]");
}

#[test]
fn filters_choose_by_owner_title_and_tag() {
    let project = Project::new(PROJECT);
    project.write("monitors/shop.yaml", MONITORS);
    project.write(
        "monitors/board.json",
        &json!({"title": "Our page", "layout_type": "ordered", "widgets": []}).to_string(),
    );
    project.apply();
    let other = project.beside("project: other\nenvironments:\n  sandbox: {api: sandbox}\n");
    other.write("monitors/m.yaml", "monitors:\n  a: {name: Theirs, type: query alert, query: 'avg(last_5m):avg:system.load.1{*} > 5', message: '@x'}\n");
    other.write(
        "monitors/board.json",
        &json!({"title": "Their page", "layout_type": "free", "widgets": []}).to_string(),
    );
    other.apply();
    let stems = |arguments: &[&str]| {
        let folder = "out";
        let _ = std::fs::remove_dir_all(other.path(folder));
        let mut all = vec!["export"];
        all.extend(arguments);
        all.extend(["-o", folder]);
        other.fine(&all);
        let title = |name: String| {
            ["checkout-errors", "checkout-traffic", "theirs", "our-page", "their-page"]
                .into_iter()
                .find(|title| name.starts_with(title))
        };
        other.names(folder).into_iter().filter_map(title).collect::<Vec<_>>()
    };
    assert_eq!(stems(&["monitor", "--all"]), ["checkout-errors", "checkout-traffic", "theirs"]);
    assert_eq!(stems(&["monitors", "--managed"]), ["theirs"]);
    assert_eq!(stems(&["monitor", "--query", "CHECKOUT"]), ["checkout-errors", "checkout-traffic"]);
    assert_eq!(stems(&["monitor", "--tag", "team:shop"]), ["checkout-errors"]);
    assert_eq!(stems(&["monitor", "--tag", "team:shop", "--tag", "x:y"]), [""; 0]);
    assert_eq!(stems(&["monitor", "--unmanaged"]), [""; 0]);
    let none = other.run(&["export", "monitor", "--tag", "team:nobody"]);
    assert!(none.err.contains("No monitor was found: nothing is written."), "{}", none.err);
    assert_eq!(stems(&["dashboard", "--all"]), ["our-page", "their-page"]);
    assert_eq!(stems(&["dashboard", "--managed", "--query", "page"]), ["their-page"]);
    assert_eq!(stems(&["dashboard", "--query", "our"]), ["our-page"]);
}

/// The sandbox as a server, ended with the test.
struct Server {
    process: std::process::Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_musher"))
            .env_clear()
            .env("HOME", folder.path())
            .current_dir(folder.path())
            .args(["sandbox", "serve", "--port", "0"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).unwrap().split(',').next().unwrap().to_owned();
        Self { process, address, _folder: folder }
    }

    /// A project whose environment is this server.
    fn project(&self, name: &str) -> Project {
        Project::new(&format!(
            "project: {name}\nenvironments:\n  prod: {{api_url: 'http://{}'}}\n  test: {{api: sandbox}}\n\
             default_environment: prod\n",
            self.address
        ))
    }

    /// Makes an object that nobody owns, as a person does in the UI; the answer.
    fn post(&self, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nDD-API-KEY: any\r\n\
             DD-APPLICATION-KEY: any\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn monitor(name: &str, query: &str) -> Value {
    json!({"name": name, "type": "query alert", "query": query, "message": "@x"})
}

#[test]
fn a_live_object_is_imported_with_references_and_adopted() {
    let server = Server::start();
    let project = server.project("shop");
    project.write("monitors/shop.yaml", MONITORS);
    project.apply();
    let managed = project.ids()["monitors/errors"].clone();
    let load = server
        .post("/api/v1/monitor", &monitor("Load: high ${x}", "avg(last_5m):avg:system.load.1{*} > 5"))["id"]
        .clone();
    let both = server.post(
        "/api/v1/monitor",
        &json!({"name": "Both", "type": "composite", "query": format!("{managed} && !{load}"), "message": ""}),
    )["id"]
        .clone();
    let widget = |definition: Value| json!({ "definition": definition });
    let board = server.post(
        "/api/v1/dashboard",
        &json!({"title": "../🔥", "layout_type": "ordered", "widgets": [
            widget(json!({"type": "alert_graph", "alert_id": managed, "viz_type": "timeseries"})),
            widget(json!({"type": "made up", "alert_id": format!("{managed}0"), "$file": {"new": [null, 1.0]}})),
        ]}),
    )["id"]
        .clone();

    // Nobody owns three, all in one file beside what stands there.
    let (load, both, board) = (load.to_string(), both.to_string(), board.as_str().unwrap().to_owned());
    let out = project.fine(&["export", "monitor", "--unmanaged", "-o", "out"]);
    assert_eq!(out.lines().count(), 2, "{out}");
    let out = project.fine(&["import", "monitor", &load, &both, "--into", "monitors/shop.yaml"]);
    assert_eq!(out, "monitors/load-high-x  monitors/shop.yaml\nmonitors/both  monitors/shop.yaml\n");
    let text = project.read("monitors/shop.yaml");
    let (before, after) = MONITORS.split_once("\n\n# Objectives").unwrap();
    assert!(text.starts_with(before) && text.ends_with(&format!("\n\n# Objectives{after}")), "{text}");
    assert!(text.contains(&format!("  load-high-x:\n    $id:\n      prod: {load}\n")), "{text}");
    assert!(text.contains("    name: \"Load: high $${x}\"\n"), "{text}");
    assert!(text.contains("query: ${monitors.errors.id} && !${monitors.load-high-x.id}"), "{text}");
    assert!(!text.contains("notify_audit"), "{text}");

    // A page whose title says nothing, and with a key that YAML definitions take for musher's.
    project.fails(
        &["import", "dashboard", &board, "--into", "monitors/shop.yaml"],
        "definition/$file would be taken",
    );
    let url = format!("https://app.datadoghq.com/dashboard/{board}/x?live=true");
    let out = project.fine(&["import", "dashboard", &url]);
    assert!(out.starts_with("dashboards/") && out.ends_with(".json\n"), "{out}");
    let file = out.trim().split_once("  ").unwrap().1.to_owned();
    let imported = project.json(&file);
    assert_eq!(imported["$id"], json!({ "prod": board }));
    assert_eq!(imported["widgets"][0]["definition"]["alert_id"], "${monitors.errors.id}");
    assert_eq!(imported["widgets"][1]["definition"]["alert_id"], format!("{managed}0"));
    assert_eq!(imported["widgets"][1]["definition"]["$file"], json!({"new": [null, 1.0]}));

    let plan: Value = serde_json::from_str(&project.fine(&["plan", "--format", "json"])).unwrap();
    let changes = plan["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 3, "{plan}");
    for change in changes {
        assert_eq!((&change["action"], &change["diff"]), (&json!("adopt"), &json!([])), "{change}");
    }
    project.fails(&["import", "monitor", &load], "is adopted already, by monitors/load-high-x");
    project.fails(&["import", "monitor", &managed], "is declared here already, as monitors/errors");
    project.apply();
    let ids = project.ids();
    assert_eq!((&ids["monitors/both"], &ids["monitors/load-high-x"]), (&both, &load));

    // Another project takes nothing of ours.
    let other = server.project("other");
    other.fails(&["import", "monitor", &managed], "belongs to shop.prod");
    // What was lost comes back under its own id, without an adoption.
    std::fs::remove_file(project.path(&file)).unwrap();
    project.fine(&["import", "dashboard", &board]);
    assert_eq!(project.json(&file).get("$id"), None);
    project.is_settled();
}

/// A monitor that a synthetic test makes can be read here and not written: it is nobody's to define.
#[test]
fn monitors_of_synthetic_tests_stay_with_their_tests() {
    let server = Server::start();
    let project = server.project("shop");
    server.post("/api/v1/monitor", &monitor("Load", "avg(last_5m):avg:shop.load{*} > 5"));
    let made = json!({"name": "[Synthetics] home", "type": "synthetics alert", "query": "no_query", "message": "@x"});
    let id = server.post("/api/v1/monitor", &made)["id"].to_string();
    let said = project.run(&["export", "monitor", "--all", "-o", "out"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(project.names("out").len(), 1, "{:?}", project.names("out"));
    project.fails(&["import", "monitor", &id], "is not for people to manage");
    project.write("home.json", &made.to_string());
    project.fails(&["import", "monitor", "home.json"], "is not for people to manage");
    assert_eq!(project.names("monitors"), [""; 0]);
}

#[test]
fn import_can_apply_just_that() {
    let server = Server::start();
    let project = server.project("shop");
    project.write("monitors/shop.yaml", MONITORS);
    let id = server.post("/api/v1/monitor", &monitor("Load", "avg(last_5m):avg:system.load.1{*} > 5"))["id"]
        .to_string();
    project.fails(&["import", "monitor", &id, "--apply", "--format", "yaml"], "run it with --yes");
    let out = project.fine(&["apply", "--only", "monitors/load", "--yes"]);
    assert!(out.contains("1 to adopt"), "{out}");
    assert_eq!(project.names("monitors"), ["load.yaml", "shop.yaml"]);
    let slo = json!({"name": "Up", "type": "metric", "thresholds": [{"timeframe": "7d", "target": 99}],
        "query": {"numerator": "sum:a{*}.as_count()", "denominator": "sum:b{*}.as_count()"}});
    let slo = server.post("/api/v1/slo", &slo)["data"][0]["id"].as_str().unwrap().to_owned();
    project.fine(&["import", "slo", &slo, "--id", "checkout/up", "--apply", "--yes"]);
    assert_eq!(project.ids()["slos/checkout/up"], slo);
    assert!(project.read("monitors/checkout/up.json").contains("\"$id\""));
}

#[test]
fn an_imported_file_gets_a_free_id() {
    let project = Project::new(PROJECT);
    let board = json!({"id": "abc-def-ghi", "title": "Checkout", "author_handle": "a@b.c", "layout_type": "ordered",
        "description": "Ours ${really}\nManaged by musher: x.y/z", "widgets": [{"id": 5, "definition": {"type": "note", "content": "x"}}]});
    project.write("downloads/board.json", &board.to_string());
    project.write("downloads/wrapped.json", &json!({ "data": board }).to_string());
    assert_eq!(
        project.fine(&["import", "dashboard", "downloads/board.json"]),
        "dashboards/checkout  monitors/checkout.json\n"
    );
    assert_eq!(
        project.fine(&["import", "dashboard", "downloads/wrapped.json"]),
        "dashboards/checkout-2  monitors/checkout-2.json\n"
    );
    let expected = json!({"title": "Checkout", "layout_type": "ordered", "description": "Ours $${really}",
        "widgets": [{"id": 5, "definition": {"type": "note", "content": "x"}}]});
    assert_eq!(project.json("monitors/checkout.json"), expected);
    project.apply();
    project.fails(&["import", "dashboard", "monitors/checkout.json"], "is a definition as it is");
    project.fails(
        &["import", "monitor", "downloads/board.json"],
        "holds no monitor: it needs `query` and `type`",
    );
    project.fails(&["import", "dashboard", "downloads/none.json"], "can't be read");
    project.fails(&["import", "dashboard", "downloads/board.json", "--id", "Checkout!"], "is not a valid id");
    project
        .fails(&["import", "dashboard", "downloads/board.json", "--id", "checkout"], "`checkout-3` is free");
    project.fails(
        &["import", "dashboard", "downloads/board.json", "--into", "out.yaml"],
        "is not below monitors",
    );
    project.write("downloads/broken.json", "{\"title\": ");
    project.fails(&["import", "dashboard", "downloads/broken.json"], "is not JSON that can be read");
}

#[test]
fn a_file_without_a_place_stays_as_it_is() {
    let project = Project::new(PROJECT);
    let flow = "monitors: {a: {name: A, type: query alert, query: 'avg(last_5m):avg:system.load.1{*} > 5', message: '@x'}}\n";
    project.write("monitors/flow.yaml", flow);
    project.write("in.json", &monitor("Load", "avg(last_5m):avg:system.load.5{*} > 5").to_string());
    let said = project.fails(
        &["import", "monitor", "in.json", "--into", "monitors/flow.yaml"],
        "put the text above into it",
    );
    assert_eq!(project.read("monitors/flow.yaml"), flow);
    assert!(said.out.starts_with("monitors:\n  load:\n    name: Load\n"), "{}", said.out);
    // A file that makes the project wrong is taken back.
    project.write(
        "bad.json",
        &json!({"name": "X", "type": "query alert", "query": 5, "message": "", "options": 1}).to_string(),
    );
    project.fails(&["import", "monitor", "bad.json"], "holds no monitor");
}

#[test]
fn hostile_titles_become_files_in_their_folder() {
    let server = Server::start();
    let project = server.project("shop");
    let titles = [
        "../../escape",
        "a\u{0}b",
        "🔥",
        "CON",
        "aux.txt",
        ".",
        "/etc/passwd",
        "-rf",
        "x\u{202e}y\n",
        "same",
        "same",
    ];
    let long = "very long ".repeat(3000);
    for title in titles.into_iter().chain([long.as_str()]) {
        server.post("/api/v1/dashboard", &json!({"title": title, "layout_type": "ordered", "widgets": []}));
    }
    for format in ["json", "yaml"] {
        let folder = format!("out/{format}");
        project.fine(&["export", "dashboard", "--all", "--format", format, "-o", &folder]);
        let names = project.names(&folder);
        assert_eq!(names.len(), titles.len() + 1);
        for name in &names {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | '_');
            assert!(name.len() < 200 && name.chars().all(fits) && name.matches('.').count() == 1, "{name}");
        }
        assert_eq!(project.names("out").len(), if format == "json" { 1 } else { 2 });
    }
}

#[test]
fn templates_are_shown_in_an_empty_folder_and_the_own_ones_win() {
    let folder = tempfile::tempdir().unwrap();
    let said = run_in(folder.path(), &["show", "template", "aws-lambda"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("timeout  number, 1 to 900, required"), "{}", said.out);
    let said = run_in(folder.path(), &["show", "template"]);
    assert!(said.out.contains("service-slo  built in"), "{}", said.out);
    let said = run_in(folder.path(), &["show", "template", "aws-lamda"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("did you mean `aws-lambda`?") && said.err.contains("gcp-cloud-run"),
        "{}",
        said.err
    );

    let project = Project::new(PROJECT);
    let own = "description: Ours.\nparams: {limit: {type: integer, default: 5, max: 9, description: How much}}\n\
               monitors: {x: {name: X, type: query alert, query: 'avg(last_5m):avg:a{*} > 5', message: ''}}\n";
    project.write("templates/aws-lambda.yaml", own);
    let out = project.fine(&["show", "template", "aws-lambda", "--format", "json"]);
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&shown["origin"], &shown["params"][0]["max"]),
        (&json!("templates/aws-lambda.yaml"), &json!(9.0))
    );
    assert_eq!(shown["makes"], json!(["monitors/x"]));
}

#[test]
fn what_nobody_knows_passes_untouched() {
    let project = Project::new(PROJECT);
    let board = json!({"title": "New", "description": "Ours", "layout_type": "ordered", "new_field": {"a": [1, 2.0, {"b": null}]},
        "widgets": [{"id": 7, "new": true, "definition": {"type": "hologram", "new": [null, {}, "", 0.1], "$schema": "${x}"}}]});
    let mut alert = monitor("New", "avg(last_5m):avg:system.load.1{*} > 5");
    alert["options"] = json!({"thresholds": {"critical": 5}, "new_option": {"a": [1, {"b": []}]}});
    alert["new_field"] = json!(["x", {"y": 1}]);
    let escaped = |body: &Value| body.to_string().replace("${", "$${");
    project.write("monitors/board.json", &escaped(&board));
    project.write("monitors/alert.json", &escaped(&alert));
    project.apply();
    for kind in ["dashboard", "monitor"] {
        project.fine(&["export", kind, "--managed", "-o", "out"]);
    }
    for name in project.names("out") {
        let sent = if name.starts_with("new-1") { &alert } else { &board };
        compare(&name, sent, &project.json(&format!("out/{name}")));
    }
    assert_eq!(project.names("out").len(), 2);
    alert["options"]["new_option"]["a"][1]["b"] = json!([1]);
    project.write("monitors/alert.json", &escaped(&alert));
    let plan: Value = serde_json::from_str(&project.fine(&["plan", "--format", "json"])).unwrap();
    let path = plan.pointer("/changes/0/diff/0/path").unwrap().as_str().unwrap();
    assert!(path.starts_with("/options/new_option/a/1"), "{plan}");
}

#[cfg(unix)]
#[test]
fn a_file_keeps_who_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new(PROJECT);
    project.write("in.json", &monitor("Load", "avg(last_5m):avg:system.load.5{*} > 5").to_string());
    project.write("monitors/a.yaml", "# mine\n");
    std::fs::set_permissions(project.path("monitors/a.yaml"), PermissionsExt::from_mode(0o664)).unwrap();
    project.fine(&["import", "monitor", "in.json", "--into", "monitors/a.yaml"]);
    project.fine(&["import", "monitor", "in.json", "--into", "monitors/new/deep/b.yaml"]);
    let mode = |path: &str| std::fs::metadata(project.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("monitors/a.yaml"), 0o664);
    assert_eq!(mode("monitors/new/deep/b.yaml"), mode("in.json"));
    project.fails(&["import", "monitor", "in.json", "--into", "monitors/../b.yaml"], "is not below monitors");
}

/// The folder of real dashboards and monitors; `None` where it isn't there.
fn shared() -> Option<PathBuf> {
    let shared = std::env::var_os("MUSHER_SHARED").map(PathBuf::from);
    let exports =
        shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared")).join("exports");
    if !exports.is_dir() {
        println!("not run: there is no {}", exports.display());
        return None;
    }
    Some(exports)
}

/// The bodies in a folder by the names of their files; those of monitors stand under `definition`.
fn bodies(folder: &Path) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mut body: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        if let Some(definition) = body.get_mut("definition") {
            body = definition.take();
        }
        found.insert(path.file_stem().unwrap().to_string_lossy().into_owned(), body);
    }
    found
}

/// What the service fills in, and no reader of an export misses.
const FILLED: [&str; 14] = [
    "id",
    "url",
    "author_handle",
    "author_name",
    "author_info",
    "created_at",
    "modified_at",
    "created",
    "modified",
    "creator",
    "org_id",
    "multi",
    "overall_state",
    "classification",
];

/// Every field of an export's input is in the export; what is more is what the service fills in.
fn compare(name: &str, sent: &Value, exported: &Value) {
    let defaults: BTreeMap<&str, Value> = [
        ("description", json!(null)),
        ("template_variables", json!(null)),
        ("notify_list", json!(null)),
        ("priority", json!(null)),
        ("restricted_roles", json!(null)),
        ("draft_status", json!("published")),
        ("assets", json!([])),
        ("tags", json!([])),
    ]
    .into();
    let options: BTreeMap<&str, Value> = [
        ("silenced", json!({})),
        ("notify_audit", json!(false)),
        ("include_tags", json!(true)),
        ("new_host_delay", json!(300)),
        ("notify_no_data", json!(false)),
        ("groupby_simple_monitor", json!(false)),
    ]
    .into();
    let check = |sent: &Value, exported: &Value, defaults: &BTreeMap<&str, Value>, place: &str| {
        let (sent, exported) = (sent.as_object().unwrap(), exported.as_object().unwrap());
        for (key, value) in
            sent.iter().filter(|(key, _)| !FILLED.contains(&key.as_str()) && *key != "options")
        {
            let got = exported.get(key).cloned().unwrap_or(Value::Null);
            let got: Value = serde_json::from_str(&got.to_string().replace("$${", "${")).unwrap();
            // The service drops it (recorded).
            if key == "on_missing_data" && value == "default" && got.is_null() {
                continue;
            }
            // Retired: the service refuses each body that holds it.
            if ["is_read_only", "locked"].contains(&key.as_str()) && got.is_null() {
                continue;
            }
            // Where nothing but the mark stood, nothing tells the two apart.
            if key == "description" && value.is_null() && got == "" {
                continue;
            }
            assert!(equal(value, &got), "{name}: {place}{key} is {got} instead of {value}");
        }
        for (key, value) in exported.iter().filter(|(key, _)| !sent.contains_key(*key)) {
            assert_eq!(Some(value), defaults.get(key.as_str()), "{name}: {place}{key} is new");
        }
    };
    check(sent, exported, &defaults, "");
    if let Some(own) = sent.get("options") {
        check(own, &exported["options"], &options, "options.");
    }
}

/// Numbers by value; ids of widgets may be new; white space at the end of a text counts for nothing.
fn equal(sent: &Value, got: &Value) -> bool {
    match (sent, got) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::String(a), Value::String(b)) => a.trim_end() == b.trim_end(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            let is_new = |key: &str| key == "id" && !a.contains_key("id");
            b.keys().all(|key| a.contains_key(key) || is_new(key))
                && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        (a, b) => a == b,
    }
}

#[test]
fn real_dashboards_and_monitors_live_and_come_back() {
    let Some(exports) = shared() else { return };
    let (dashboards, monitors) = (bodies(&exports.join("dashboards")), bodies(&exports.join("monitors")));
    let all: BTreeMap<String, &Value> =
        dashboards.iter().chain(&monitors).map(|(name, body)| (name.clone(), body)).collect();
    let server = Server::start();
    let project = server.project("shop");
    for (name, body) in &all {
        project.write(&format!("monitors/{name}.json"), &body.to_string());
    }
    project.apply();
    project.fine(&["export", "dashboards", "--managed", "-o", "out"]);
    project.fine(&["export", "monitors", "--managed", "-o", "out"]);
    let ids = project.ids();
    assert_eq!((ids.len(), project.names("out").len()), (all.len(), all.len()));
    let of_id: BTreeMap<&String, &String> = ids.iter().map(|(address, id)| (id, address)).collect();
    let by_slug: BTreeMap<String, (&String, &Value)> =
        all.iter().map(|(name, body)| (slug(name), (name, *body))).collect();
    let mut seen = BTreeSet::new();
    for file in project.names("out") {
        let id = of_id
            .keys()
            .find(|id| file.ends_with(&format!("-{id}.json")))
            .unwrap_or_else(|| panic!("{file}"));
        let (name, sent) = by_slug[of_id[*id].split_once('/').unwrap().1];
        compare(name, sent, &project.json(&format!("out/{file}")));
        seen.insert(name);
    }
    assert_eq!(seen.len(), all.len());
    println!("{} dashboards and {} monitors live and came back", dashboards.len(), monitors.len());

    let mut yaml_ids: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    // As definitions of another project they make new objects of the same content.
    let anew = server.project("anew");
    for file in project.names("out") {
        anew.write(&format!("monitors/{file}"), &project.read(&format!("out/{file}")));
    }
    anew.apply();
    let in_yaml = server.project("yaml");
    in_yaml.fine(&["export", "dashboard", "--tag", "none:such", "--format", "yaml", "-o", "monitors"]);
    assert_eq!(in_yaml.names("monitors"), [""; 0]);
    for id in ids.values() {
        let kind = if id.contains('-') { "dashboard" } else { "monitor" };
        yaml_ids.entry(kind).or_default().push(id.as_str());
    }
    for (kind, ids) in &yaml_ids {
        let arguments: Vec<&str> = ["export", *kind, "--format", "yaml", "-o", "monitors"]
            .into_iter()
            .chain(ids.iter().copied())
            .collect();
        in_yaml.fine(&arguments);
    }
    // The same ids as another project's: that is asked.
    in_yaml.fine(&["apply", "--yes", "--release-brake", "owner"]);

    // Disowned, they are imported by their ids and adopted as they are.
    let adopter = server.project("adopter");
    let adopting = server.project("adopting");
    for (section, path) in [("dashboard", "/api/v1/dashboard"), ("monitor", "/api/v1/monitor")] {
        let bodies = if section == "dashboard" { &dashboards } else { &monitors };
        let mut arguments = vec!["import".to_owned(), section.to_owned()];
        for body in bodies.values() {
            let mut body = body.clone();
            // Retired: the service refuses each body that holds it.
            body.as_object_mut().unwrap().remove("is_read_only");
            let id = server.post(path, &body)["id"].clone();
            arguments.push(id.as_str().map_or_else(|| id.to_string(), str::to_owned));
        }
        // Exported, and adopted by `$id` beside the `$file`.
        adopting.fine(&["export", section, "--unmanaged", "-o", "monitors"]);
        let ids: Vec<&String> = arguments.iter().skip(2).collect();
        let mut text = format!("{section}s:\n");
        for id in ids {
            let names = adopting.names("monitors");
            let file = names.iter().find(|name| name.ends_with(&format!("-{id}.json"))).unwrap();
            text.push_str(&format!("  x{id}: {{$file: {file}, $id: {id}}}\n"));
        }
        adopting.write(&format!("monitors/{section}.yaml"), &text);
        if section == "monitor" {
            arguments.extend(["--into".to_owned(), "monitors/all.yaml".to_owned()]);
        }
        adopter.fine(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    }
    for project in [&adopting, &adopter] {
        let plan: Value = serde_json::from_str(&project.fine(&["plan", "--format", "json"])).unwrap();
        assert_eq!(plan["summary"]["adopt"], all.len(), "{}", plan["summary"]);
        for change in plan["changes"].as_array().unwrap() {
            assert_eq!(change["diff"], json!([]), "{change}");
        }
    }
    adopter.apply();
}

/// The segment that a file's name becomes.
fn slug(name: &str) -> String {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let mut out = String::new();
    for c in name.to_lowercase().chars() {
        if fits(c) {
            out.push(c);
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_matches('-').to_owned()
}
