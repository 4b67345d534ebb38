//! Text from outside never acts on the reader's terminal, nor on the page that shows a plan.

use serde_json::json;

use crate::api::Served;
use crate::project::{Project, Ran};

/// Sets the title, turns the text, moves the cursor, hides, rings, breaks lines.
const HOSTILE: &str = "a\x1b]0;owned\x07\x1b[2J\u{9b}31m\u{202e}txt\u{202c}\u{200b}\u{feff}\u{2028}b\r\n\x08\x7f</details><!--`|";

#[track_caller]
fn harmless(what: &str, ran: &Ran) {
    for text in [&ran.out, &ran.err] {
        let bad = text.chars().find(|c| {
            (c.is_control() && *c != '\n')
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{2028}' | '\u{2029}')
        });
        assert_eq!(bad, None, "{what}: {text:?}");
    }
}

/// Every command, and what it says.
fn all(project: &Project, what: &str) {
    for arguments in [
        &["validate"][..],
        &["validate", "--format", "json"],
        &["validate", "--format", "github"],
        &["plan"],
        &["plan", "--expand"],
        &["plan", "--format", "json"],
        &["plan", "--format", "markdown"],
        &["plan", "-vv"],
        &["list"],
        &["list", "--format", "json"],
        &["list", "--format", "markdown"],
        &["show", "monitors/a"],
        &["show", "monitors/a", "--format", "json"],
        &["show", "dashboards/a"],
        &["apply", "--yes", "-vv"],
    ] {
        harmless(&format!("{what}: {}", arguments.join(" ")), &project.run(arguments));
    }
}

#[test]
fn in_what_is_declared() {
    let project = Project::sandbox();
    let text = json!(HOSTILE);
    project.declare(&format!(
        "monitors:\n  a: {{name: {text}, type: query alert, query: 'avg(last_5m):avg:a.b{{*}} > 1', message: {text}, \
         tags: [{text}], {text}: {text}}}\n\
         dashboards:\n  a: {{title: {text}, layout_type: ordered, description: {text}, \
         widgets: [{{definition: {{type: note, content: {text}, {text}: 1}}}}]}}\n"
    ));
    all(&project, "declared");
    let ran = project.run(&["plan", "--format", "markdown"]);
    assert!(!ran.out.contains("<!--`"), "{}", ran.out);
    assert_eq!(ran.out.matches("<details>").count(), ran.out.matches("</details>").count(), "{}", ran.out);
}

#[test]
fn in_what_is_live() {
    let project = Project::sandbox();
    project.declare(
        "monitors:\n  a: {name: a, type: query alert, query: 'avg(last_5m):avg:a.b{*} > 1'}\n\
         dashboards:\n  a: {title: a, layout_type: ordered, widgets: []}\n",
    );
    project.fine(&["apply", "--yes"]);
    let served = Served::start(&project);
    let ids = project.ids();
    let monitor = format!("/api/v1/monitor/{}", ids["monitors/a"]);
    let mut live = served.get(&monitor);
    live["name"] = json!(HOSTILE);
    live["message"] = json!(HOSTILE);
    live["tags"].as_array_mut().unwrap().push(json!(HOSTILE));
    live["options"][HOSTILE] = json!(HOSTILE);
    served.send("PUT", &monitor, &live);
    let dashboard = format!("/api/v1/dashboard/{}", ids["dashboards/a"]);
    let mut live = served.get(&dashboard);
    live["title"] = json!(HOSTILE);
    live["widgets"] = json!([{"definition": {"type": "note", "content": HOSTILE, HOSTILE: [HOSTILE]}}]);
    served.send("PUT", &dashboard, &live);
    all(&project, "live");
}

#[test]
fn in_what_is_wrong() {
    let project = Project::sandbox();
    let text = json!(HOSTILE);
    for definitions in [
        format!("monitors:\n  {text}: {{name: x}}\n"),
        format!("{text}: {{a: 1}}\n"),
        "monitors:\n  a: {name: x, \"$\\e[2J\": 1, query: \"${no\\e[2Jthing}\", type: \"${\\e\"}\n"
            .to_owned(),
        format!("monitors:\n  a: {{name: x, query: x, type: x, $file: {text}}}\n"),
        format!("monitors:\n  a: {{name: x, query: x, type: x, $moved_from: {text}}}\n"),
        "monitors:\n  a: {name: x\x1b]0;owned\x07\u{202e}\n".to_owned(),
        format!("uses:\n  {text}: {{template: {text}, for_each: {text}}}\n"),
    ] {
        project.declare(&definitions);
        let ran = project.exits(1, &["plan"]);
        harmless("wrong", &ran);
        harmless("wrong", &project.run(&["validate", "--format", "json"]));
        harmless("wrong", &project.run(&["validate", "--format", "github"]));
    }
    project.declare("monitors: {}\n");
    for arguments in [
        &["plan", "-e", HOSTILE][..],
        &["show", HOSTILE],
        &["plan", "--only", "[\x1b[2J"],
        &["plan", "-C", "\x1b[2J"],
    ] {
        harmless("an argument", &project.run(arguments));
    }
    project.write("musher.yaml", format!("project: {text}\n{text}: 1\n"));
    harmless("musher.yaml", &project.exits(1, &["plan"]));
}

#[cfg(unix)]
#[test]
fn in_names_of_files() {
    let project = Project::sandbox();
    project.write(
        "monitors/a\x1b]0;owned\x07\u{202e}.json",
        "{\"title\": \"x\", \"widgets\": [], \"layout_type\": \"ordered\"}",
    );
    project.write("monitors/b\x1b[2J.json", "[]");
    project.write("monitors/c\n::error::x.yaml", "monitor: {}\n");
    for arguments in [&["plan"][..], &["validate", "--format", "json"], &["validate", "--format", "github"]] {
        harmless("a file's name", &project.exits(1, arguments));
    }
    // An annotation is one line, whatever the name of the file.
    let ran = project.exits(1, &["validate", "--format", "github"]);
    assert!(
        ran.out.lines().all(|line| line.starts_with("::error file=") || line.starts_with("::error title=")),
        "{}",
        ran.out
    );
    project.remove("monitors/b\x1b[2J.json");
    project.remove("monitors/c\n::error::x.yaml");
    for arguments in [&["plan"][..], &["list"], &["plan", "--format", "markdown"], &["apply", "--yes"]] {
        harmless("a file's name", &project.exits(0, arguments));
    }
}
