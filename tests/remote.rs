//! What the service refuses is said at the user's line: by `validate --remote`, and by an apply.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

const DEFINITIONS: &str = "\
monitors:
  good:
    type: query alert
    name: good
    message: hi
    query: avg(last_5m):avg:system.load.1{*} > 5
    options: {thresholds: {critical: 5}}
  bad:
    type: log alert
    name: bad
    message: hi
    query: query
    $allow: [query-syntax]
  both:
    type: composite
    name: both
    message: hi
    query: ${monitors.good.id} && ${monitors.good.id}
slos:
  s:
    name: s
    type: metric
    query: {numerator: \"sum:a{*}.as_count()\", denominator: \"sum:b{*}.as_count()\"}
    thresholds: [{timeframe: 7d, target: 99}]
uses:
  u: {template: t, for_each: [a, b], key: \"${each}\", with: {n: \"${each}\"}}
";

const TEMPLATE: &str = "\
params: {n: {}}
monitors:
  m: {type: log alert, name: \"m ${n}\", message: hi, query: logs nothing, $allow: [query-syntax]}
";

/// A project whose queries musher itself would refuse, in `shop/` of a repository.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        (".git/HEAD", "ref: refs/heads/main\n"),
        ("shop/musher.yaml", "project: shop\nenvironments: {sandbox: {api: sandbox}}\n"),
        ("shop/monitors/a.yaml", DEFINITIONS),
        ("shop/templates/t.yaml", TEMPLATE),
    ] {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    folder
}

fn musher(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = Command::new(env!("CARGO_BIN_EXE_musher"));
    command.env_clear().env("PATH", path).env("XDG_CACHE_HOME", folder.join("cache"));
    let Output { status, stdout, stderr } =
        command.current_dir(folder.join("shop")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

const WORDS: &str = "The service refuses this monitor: The value provided for parameter 'query' is invalid";

#[test]
fn all_refusals_are_told_at_their_lines() {
    let folder = project();
    let (code, out, err) = musher(folder.path(), &["validate", "--remote"]);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    has(
        &err,
        &[WORDS, "--> monitors/a.yaml:12:12", "--> templates/t.yaml:3:60", "`monitors/u/a/m` and 1 more"],
    );
    has(&err, &["The API was asked about 4 resources; 1 refers to something that is not live yet"]);
    has(&err, &["there is no dry run for 1 in `slos`", "2 errors"]);
    // Nothing was made by asking.
    let (code, plan, _) = musher(folder.path(), &["plan"]);
    assert_eq!(code, Some(0));
    has(&plan, &["Plan: 6 to create."]);
}

#[test]
fn annotations_name_the_file_from_the_root_of_the_repository() {
    let folder = project();
    let (code, out, _) = musher(folder.path(), &["validate", "--remote", "--format", "github"]);
    assert_eq!(code, Some(1));
    has(&out, &["::error file=shop/monitors/a.yaml,line=12,endLine=12,col=12,endColumn=17,title=refused::"]);
    has(&out, &["::error file=shop/templates/t.yaml,line=3,"]);
    assert_eq!(out.lines().filter(|line| line.starts_with("::error")).count(), 2, "{out}");
    let (_, out, err) = musher(folder.path(), &["validate", "--remote", "--format", "json", "-q"]);
    let reported: Vec<serde_json::Value> = serde_json::from_str(&out).unwrap();
    let refused: Vec<_> = reported.iter().filter(|one| one["code"] == "refused").collect();
    assert_eq!((refused.len(), refused[0]["line"].as_u64(), err.as_str()), (2, Some(12), ""));
}

#[test]
fn an_apply_names_the_line_of_the_field() {
    let folder = project();
    let (code, out, err) = musher(folder.path(), &["apply", "--yes"]);
    assert_eq!(code, Some(4), "{err}");
    has(
        &out,
        &["+ monitors/bad  monitors/a.yaml:12:12  query", "+ monitors/u/b/m  templates/t.yaml:3:60  query"],
    );
    // What lives now is asked about by its id, and the composite can be asked about.
    let (code, _, err) = musher(folder.path(), &["validate", "--remote", "-v", "--only", "monitors/[gb]*o*"]);
    has(&err, &["POST /api/v1/monitor/100000001/validate", "The API was asked about 2 resources.\n"]);
    assert_eq!(code, Some(0), "{err}");
}

#[test]
fn wrong_definitions_are_not_sent() {
    let folder = project();
    std::fs::write(folder.path().join("shop/monitors/b.yaml"), "monitor: {}\n").unwrap();
    let (code, _, err) = musher(folder.path(), &["validate", "--remote", "-v"]);
    assert_eq!(code, Some(1));
    has(&err, &["The API was not asked: fix the errors first.", "unknown-section"]);
    assert!(!err.contains("POST"), "{err}");
}

#[test]
fn rules_that_find_signals_are_asked_about_before_and_after_they_live() {
    let folder = project();
    let shop = folder.path().join("shop");
    let config = std::fs::read_to_string(shop.join("musher.yaml")).unwrap();
    std::fs::write(shop.join("musher.yaml"), format!("{config}kinds: [security_rules]\n")).unwrap();
    std::fs::remove_file(shop.join("templates/t.yaml")).unwrap();
    let rule = |extra: &str| {
        format!(
            "security_rules:\n  login:\n    name: Logins\n    message: Many\n    isEnabled: true\n    type: log_detection\n    \
             queries: [{{query: 'source:login', aggregation: count}}]\n    cases: [{{status: high, condition: 'a > 5'}}]\n    \
             options: {{evaluationWindow: 300, keepAlive: 300, maxSignalDuration: 900{extra}}}\n"
        )
    };
    std::fs::write(shop.join("monitors/a.yaml"), rule("")).unwrap();
    let route = "POST /api/v2/security_monitoring/rules/validation";
    for apply in [true, false] {
        let (code, _, err) = musher(folder.path(), &["validate", "--remote", "-v"]);
        has(&err, &[route, "The API was asked about 1 resource.\n"]);
        assert_eq!(code, Some(0), "{err}");
        if apply {
            assert_eq!(musher(folder.path(), &["apply", "--yes"]).0, Some(0));
        }
    }
}

const BOARDS: &str = "\
dashboards:
  good: {title: good, layout_type: ordered, widgets: [{definition: {type: note, content: hi}}]}
  bad:
    title: bad
    layout_type: ordered
    $allow: [widget-field]
    widgets:
      - definition: {type: note, content: fine}
      - definition:
          type: group
          layout_type: ordered
          widgets:
            - definition:
                type: timeseries
                requests:
                  - q: avg:a{*}
                    display_type: lines
";

#[test]
fn widgets_are_asked_about_too() {
    let folder = project();
    std::fs::write(folder.path().join("shop/monitors/a.yaml"), BOARDS).unwrap();
    std::fs::remove_file(folder.path().join("shop/templates/t.yaml")).unwrap();
    let (code, _, err) = musher(folder.path(), &["validate", "--remote", "-v"]);
    assert_eq!(code, Some(1), "{err}");
    has(
        &err,
        &["POST /api/v2/dashboard/widgets/validate", "The API was asked about 2 resources.", "1 error"],
    );
    has(
        &err,
        &["The service refuses this `timeseries` widget: 'lines' is not one of", "--> monitors/a.yaml:17:35"],
    );
    // A refusal of an apply is shown at the widget, by the words of the service.
    let (code, out, _) = musher(folder.path(), &["apply", "--yes"]);
    assert_eq!(code, Some(4));
    has(&out, &["Invalid inner widget definition at position 0 of type timeseries", "monitors/a.yaml:13:15"]);
}
