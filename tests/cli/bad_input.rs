//! Everything that can be wrong with a definition: reported all at once, at its place, with what to do, and nothing written.

use std::path::Path;

use serde_json::json;

use crate::api::Served;
use crate::project::{Project, Ran};

const GOOD: &str = "monitors:\n  good: {name: Good, type: query alert, query: 'avg(last_5m):avg:a.b{*} > 1', message: '@slack-a'}\n";

/// A project in which one thing is applied already.
fn project() -> Project {
    let project = Project::sandbox();
    project.write("monitors/good.yaml", GOOD);
    project.settles(&["create monitors/good"]);
    project
}

/// Runs what would write, and what must not: each fault is reported with its place and a remedy, nothing is written.
/// A place is `file:line:column`, or a file as a whole.
#[track_caller]
fn refused(project: &Project, faults: &[(&str, &str)]) -> Ran {
    let before = project.journal();
    let ran = project.exits(1, &["apply", "--yes"]);
    assert_eq!(project.journal(), before, "something was written");
    assert_eq!(ran.out, "");
    for (code, place) in faults {
        let reported = ran.err.split("\n\n").find(|one| {
            let starts = one.starts_with(&format!("error[{code}]: "));
            starts && one.lines().nth(1).is_some_and(|line| line.trim_start() == format!("--> {place}"))
        });
        let reported = reported.unwrap_or_else(|| panic!("no {code} at {place}\n{}", ran.err));
        assert!(reported.contains("= help: "), "{code} has no remedy\n{reported}");
        if place.contains(':') {
            assert!(reported.contains('^'), "{code} has no caret\n{reported}");
        }
    }
    let errors = ran.err.lines().filter(|line| line.starts_with("error")).count();
    assert_eq!(errors, faults.len(), "{}", ran.err);
    // Other commands say the same.
    for command in ["validate", "plan"] {
        assert_eq!(project.exits(1, &[command]).err, ran.err);
    }
    ran
}

/// One wrong file among the good ones.
#[track_caller]
fn check(definitions: &str, faults: &[(&str, &str)]) {
    let project = project();
    project.declare(definitions);
    refused(&project, faults);
}

/// A monitor's body with this query.
fn body(query: &str) -> String {
    format!("{{name: x, type: query alert, query: {query}}}")
}

#[test]
fn what_is_no_yaml() {
    check("monitors:\n  a: {name: [x\n", &[("broken-yaml", "monitors/case.yaml:2:13")]);
    check("monitors:\n  a:\n\tname: x\n", &[("tab", "monitors/case.yaml:3:1")]);
    check("monitors:\n  a: {name: \"x}\n", &[("broken-yaml", "monitors/case.yaml:2:13")]);
}

#[test]
fn unknown_words() {
    let query = body("'avg(last_5m):avg:a.b{*} > 1'");
    check(&format!("monitor:\n  a: {query}\n"), &[("unknown-section", "monitors/case.yaml:1:1")]);
    check(
        &format!(
            "monitors:\n  a: {}\n",
            query.replace('{', "{$protected: true, ").replacen("b{$protected: true, *", "b{*", 1)
        ),
        &[("unknown-key", "monitors/case.yaml:2:7")],
    );
    check(
        &format!("monitors:\n  a: {}\n", body("'${nothing}'")),
        &[("unknown-name", "monitors/case.yaml:2:45")],
    );
    check(
        &format!("monitors:\n  a: {}\n", body("'${shout env}'")),
        &[("unknown-helper", "monitors/case.yaml:2:45")],
    );
}

#[test]
fn unclosed_expressions() {
    check(
        &format!("monitors:\n  a: {}\n", body("'x ${env'")),
        &[("template-syntax", "monitors/case.yaml:2:45")],
    );
}

#[test]
fn ids() {
    let query = body("'avg(last_5m):avg:a.b{*} > 1'");
    check(&format!("monitors:\n  good: {query}\n"), &[("duplicate-id", "monitors/good.yaml:2:3")]);
    check(&format!("monitors:\n  Big Bad: {query}\n"), &[("bad-id", "monitors/case.yaml:2:3")]);
    check(
        &format!("monitors:\n  a: {query}\n  a: {query}\n"),
        &[("duplicate-key", "monitors/case.yaml:3:3")],
    );
}

#[test]
fn bodies() {
    check("monitors:\n  a: {}\n", &[("empty-body", "monitors/case.yaml:2:3")]);
    check(
        "monitors:\n  a:\n  b: 1\n",
        &[("empty-body", "monitors/case.yaml:2:3"), ("no-object", "monitors/case.yaml:3:6")],
    );
    check("monitors:\n  a: [1, 2]\n", &[("no-object", "monitors/case.yaml:2:6")]);
}

#[test]
fn references() {
    let composite =
        |id: &str, query: &str| format!("  {id}: {{name: x, type: composite, query: '{query}'}}\n");
    check(
        &format!("monitors:\n{}", composite("a", "${monitors.goood.id} && ${monitors.good.id}")),
        &[("unknown-reference", "monitors/case.yaml:2:43")],
    );
    let project = project();
    let telling = |id: &str, of: &str| {
        format!(
            "  {id}: {{name: x, type: query alert, query: 'avg(last_5m):avg:a.b{{*}} > 1', message: '@slack-a ${{monitors.{of}.url}}'}}\n"
        )
    };
    project.declare(&format!("monitors:\n{}{}{}", telling("a", "b"), telling("b", "c"), telling("c", "a")));
    let ran = refused(&project, &[("circular-reference", "monitors/case.yaml:2:3")]);
    assert!(ran.err.contains("monitors/a") && ran.err.contains("monitors/c"), "{}", ran.err);
}

#[test]
fn files() {
    check("dashboards:\n  a: {$file: absent.json}\n", &[("missing-file", "monitors/case.yaml:2:14")]);
    check("dashboards:\n  a: {$file: ../../other.json}\n", &[("outside-root", "monitors/case.yaml:2:14")]);
    let project = project();
    project.write("monitors/list.json", "[1]");
    project.declare("dashboards:\n  a: {$file: list.json}\n");
    refused(&project, &[("no-object", "monitors/case.yaml:2:14")]);
    project.declare("dashboards: {}\n");
    refused(&project, &[("no-resource", "monitors/list.json:1:1")]);
}

#[cfg(unix)]
#[test]
fn a_link_leads_out_of_the_project() {
    let project = project();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(
        outside.path().join("secret.json"),
        "{\"title\": \"secret\", \"widgets\": [], \"layout_type\": \"free\"}",
    )
    .unwrap();
    std::os::unix::fs::symlink(outside.path(), project.path("monitors/link")).unwrap();
    project.declare("dashboards:\n  a: {$file: link/secret.json}\n");
    let ran = project.exits(1, &["plan"]);
    assert!(ran.err.contains("The link `monitors/link` leads out of the project"), "{}", ran.err);
    assert!(!ran.err.contains("\"secret\""), "{}", ran.err);
}

#[test]
fn marks_that_are_too_long() {
    let id = format!("{}/{}", "a".repeat(120), "b".repeat(90));
    check(
        &format!("monitors:\n  {id}: {}\n", body("'avg(last_5m):avg:a.b{*} > 1'")),
        &[("mark-too-long", "monitors/case.yaml:2:3")],
    );
}

#[test]
fn an_id_that_bears_another_mark() {
    let project = project();
    let served = Served::start(&project);
    let made = served.send(
        "POST",
        "/api/v1/monitor",
        &json!({"name": "Theirs", "type": "query alert", "query": "avg(last_5m):avg:a.b{*} > 2",
            "tags": ["musher:other.prod", "musher_id:theirs"]}),
    );
    project.declare(&format!(
        "monitors:\n  a: {{$id: {}, name: x, type: query alert, query: 'avg(last_5m):avg:a.b{{*}} > 1'}}\n",
        made["id"]
    ));
    let before = project.journal();
    let ran = project.exits(1, &["apply", "--yes"]);
    assert_eq!(project.journal(), before);
    insta::assert_snapshot!("id_of_another_project", ran.shown());
}

#[test]
fn everything_is_told_at_once() {
    let project = project();
    project.write("monitors/one.yaml", "monitors:\n  a: {name: [x\n");
    project.write(
        "monitors/two.yaml",
        format!("monitors:\n  b: {}\n  c: []\nslo: {{}}\n", body("'${nothing}'")),
    );
    project.write("monitors/three.json", "{\"functions\": []}");
    project.write(
        "monitors/four.yaml",
        [b"monitors:\n  d: {name: \"", b"\xff\xfe".as_slice(), b"\"}\n"].concat(),
    );
    let before = project.journal();
    let ran = project.exits(1, &["apply", "--yes"]);
    assert_eq!(project.journal(), before);
    insta::assert_snapshot!("everything_at_once", ran.shown());
    let json = project.exits(1, &["validate", "--format", "json"]);
    let reported: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let count =
        ran.err.lines().filter(|line| line.starts_with("error[") || line.starts_with("warning[")).count();
    assert_eq!(reported.as_array().unwrap().len(), count, "{reported:#}");
    insta::assert_snapshot!(
        "everything_at_once_for_github",
        project.exits(1, &["validate", "--format", "github"]).shown()
    );
}

#[test]
fn a_flow_map_with_an_expression_without_quotes() {
    let project = project();
    project.declare("monitors:\n  a: {name: ${env}, type: query alert, query: x}\n");
    let ran = project.exits(1, &["plan"]);
    assert!(ran.err.contains("monitors/case.yaml:2:13") && ran.err.contains("quote"), "{}", ran.err);
}

#[test]
fn mistakes_in_the_project() {
    let check = |name: &str, config: &str| {
        let project = Project::new(config);
        project.write("monitors/good.yaml", GOOD);
        let ran = project.exits(1, &["plan"]);
        insta::assert_snapshot!(format!("project_{name}"), ran.shown());
        assert!(!Path::new(&project.path(".musher")).exists());
    };
    check(
        "unknown_keys",
        "projet: shop\nproject: shop\nenvironments:\n  prod: {sit: datadoghq.eu, api: cloud}\ndefault_environment: prd\n",
    );
    check("bad_name", "project: My Shop\n");
    check("no_yaml", "project: [shop\n");
    let project = Project::empty();
    insta::assert_snapshot!("project_absent", project.exits(1, &["plan"]).shown());
}

#[test]
fn a_plan_of_wrong_definitions_begins_no_sandbox() {
    let project = Project::sandbox();
    project.write("monitors/wrong.yaml", "monitors:\n  wrong: {name: '${nope}'}\n");
    for arguments in [&["plan"][..], &["show", "monitors/wrong"]] {
        project.exits(1, arguments);
        assert!(!Path::new(&project.path(".musher")).exists(), "{arguments:?}");
    }
}
