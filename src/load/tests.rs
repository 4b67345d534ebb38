//! Whole projects, and any bytes at all.

use std::fs;
use std::path::{Path, PathBuf};

use camino::Utf8Path;
use proptest::prelude::*;
use serde_json::json;

use super::definitions::{Definition, Definitions};
use super::load;
use crate::config;
use crate::diagnostic::{Diagnostic, Sources};
use crate::model::Body;
use crate::source::locate::Locator;
use crate::source::tests::syntax;

const MUSHER: &str = "project: shop\nenvironments: {staging: {}, prod: {}}\n";
const BUILT_IN: &[(&str, &str)] = &[
    (
        "lambda",
        "description: Functions\nparams: {function: {}}\nmonitors: {errors: {name: \"${function}\"}}\n",
    ),
    ("broken", "params: [\n"),
];

fn project(files: &[(&str, &str)]) -> (Definitions, Sources, Vec<Diagnostic>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [&("musher.yaml", MUSHER)].into_iter().chain(files) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    load_folder(folder.path())
}

fn load_folder(folder: &Path) -> (Definitions, Sources, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let (config, faults) =
        config::read(Utf8Path::from_path(folder).unwrap(), &config::Hosts::default(), &mut sources);
    assert_eq!(faults, []);
    load(&config.unwrap(), BUILT_IN, sources)
}

/// The definitions of a project without faults.
fn check(files: &[(&str, &str)]) -> Definitions {
    let (definitions, sources, faults) = project(files);
    assert_eq!(faults, [], "{}", crate::render::diagnostics::text(&faults, &sources, false));
    definitions
}

fn one(files: &[(&str, &str)]) -> Definition {
    let mut definitions = check(files);
    assert_eq!(definitions.resources.len(), 1, "{:?}", definitions.resources);
    definitions.resources.remove(0)
}

#[test]
fn sections_become_definitions() {
    let text = "monitors:\n  a/b:\n    name: x\n    options: {on: yes}\nslos: {c: {name: y}}\ndashboards:\n";
    let definitions =
        check(&[("monitors/team/x.yaml", text), ("monitors/README.md", "no"), ("monitors/.x.yaml", "[")]);
    let [a, c] = &definitions.resources[..] else { panic!("{definitions:?}") };
    assert_eq!((a.address.as_str(), c.address.as_str()), ("monitors/a/b", "slos/c"));
    assert_eq!(a.body.value(), json!({"name": "x", "options": {"on": "yes"}}));
    assert_eq!(a.origin.position.to_string(), "monitors/team/x.yaml:2:3");
    assert_eq!(c.origin.position.to_string(), "monitors/team/x.yaml:5:8");
}

/// A large file is read in parts, and says what it would say whole.
#[test]
fn a_large_file_says_the_same() {
    let entry = |number: usize| {
        format!(
            "  m{number:05}:\n    name: x\n    message: |\n      # some\n      text of {number}\n    query: q\n"
        )
    };
    let all = |count: usize| (0..count).map(entry).collect::<String>();
    let tail = "monitrs:\n$x:\nslos:\n  b: {name: y}\n  a: [1]\n  C: {}\nuses:\n  u: {template: lambda}\nstrangers:\n";
    let of = |count: usize| {
        let text = format!("monitors:\n{}{tail}{}", all(count), all(count).replace("m0", "s0"));
        let (definitions, _, faults) = project(&[("monitors/x.yaml", &text)]);
        let mut said: Vec<_> = faults.into_iter().map(|fault| (fault.code, fault.text, fault.at)).collect();
        said.dedup();
        let lines: Vec<_> = definitions
            .resources
            .iter()
            .map(|own| (own.address.to_string(), own.origin.position.line, own.body.clone()))
            .collect();
        (said, lines, definitions.uses.len(), text.len())
    };
    let ((small, few, ..), (large, many, uses, length)) = (of(2), of(1_000));
    assert!(length > 150_000, "{length}");
    assert_eq!(small, large);
    assert_eq!((few.len(), many.len(), uses), (4, 1_002, 1));
    let line =
        |all: &[(String, u32, Body)], address: &str| all.iter().find(|own| own.0 == address).map(|own| own.1);
    assert_eq!(line(&few, "slos/b"), Some(17));
    assert_eq!((line(&many, "monitors/m00999"), line(&many, "slos/b")), (Some(5_996), Some(6_005)));
    // Part of it is never taken for the whole.
    let broken = format!("monitors:\n{}  m00001: {{name: z}}\n", all(1_000));
    let (definitions, _, faults) = project(&[("monitors/x.yaml", &broken)]);
    assert_eq!((definitions.resources.len(), faults[0].code), (0, "duplicate-key"));
}

#[test]
fn a_body_that_cannot_be_read_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("musher.yaml", MUSHER.as_bytes()),
        ("monitors/a.yaml", b"monitors:\n  a: {$file: b.yaml, name: x}\n"),
        ("monitors/b.yaml", b"type: query alert\nname: \xff\n"),
    ] {
        fs::create_dir_all(folder.path().join("monitors")).unwrap();
        fs::write(folder.path().join(name), text).unwrap();
    }
    let (_, _, faults) = load_folder(folder.path());
    assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["not-utf8"]);
}

#[test]
fn directives_are_taken_out() {
    let text = "monitors:\n  a:\n    name: x\n    $id: {prod: 1}\n    $when: \"${p}\"\n    $protect: true\n    \
                $ignore: [/options/a~1b]\n    $allow: [no-recipient]\n    $moved_from: old\n    \
                widgets: [{$for: x in y, $yield: {a: 1}}]\n";
    let a = one(&[("monitors/x.yaml", text)]);
    assert_eq!(a.body.value(), json!({"name": "x", "widgets": [{"$for": "x in y", "$yield": {"a": 1}}]}));
    let directives = a.directives;
    assert_eq!(directives.id.as_deref(), Some(&json!({"prod": 1})));
    assert_eq!(directives.when.as_deref(), Some(&json!("${p}")));
    assert_eq!(directives.protect.as_deref(), Some(&json!(true)));
    assert_eq!(directives.ignore, ["/options/a~1b"]);
    assert_eq!(directives.allow, ["no-recipient"]);
    assert_eq!(directives.moved_from, ["old"]);
}

const BOARD: &str = r#"{"id": "abc-def-ghi", "title": "Old", "author_handle": "me", "layout_type": "ordered",
  "description": "Shop\nManaged by musher: shop.prod/board", "widgets": [{"id": 5, "definition": {"$x": 1}}],
  "template_variables": [{"name": "a", "defaults": ["*"]}], "meta": {"a": 1, "b": {"c": 2}}}"#;

#[test]
fn a_file_lies_under_its_siblings() {
    let text = "dashboards:\n  board: {$file: ../boards/b.json, title: New, meta: {b: {d: 3}}, template_variables: []}\n";
    let board = one(&[("monitors/x.yaml", text), ("boards/b.json", BOARD)]);
    let expected = json!({
        "title": "New", "layout_type": "ordered", "description": "Shop",
        "widgets": [{"id": 5, "definition": {"$x": 1}}], "template_variables": [],
        "meta": {"a": 1, "b": {"c": 2, "d": 3}},
    });
    assert_eq!(board.body.value(), expected);
    assert_eq!(board.origin.layers.len(), 2);
    let text = "dashboards:\n  board: {$file: body.yaml, title: New}\n";
    let board = one(&[
        ("monitors/x.yaml", text),
        ("monitors/body.yaml", "title: Old\n$protect: true\nwidgets: []\n"),
    ]);
    assert_eq!(board.body.value(), json!({"title": "New", "widgets": []}));
    assert_eq!(board.directives.protect.as_deref(), Some(&json!(true)));
}

#[test]
fn what_names_a_file_keeps_its_place() {
    let text = "monitors:\n  a: {$file: x.json}\n  b: {name: b}\n  c: {$file: x.json}\n  d: {$file: x.json}\n  e: {name: e}\n";
    let definitions = check(&[("monitors/y.yaml", text), ("monitors/x.json", r#"{"name": "x"}"#)]);
    let all: Vec<(&str, serde_json::Value)> = definitions
        .resources
        .iter()
        .map(|own| (own.address.id(), own.body.value()["name"].clone()))
        .collect();
    let expected =
        [("a", "x"), ("b", "b"), ("c", "x"), ("d", "x"), ("e", "e")].map(|(id, name)| (id, json!(name)));
    assert_eq!(all, expected);
}

#[test]
fn a_raw_export_is_a_resource() {
    let board = one(&[("monitors/Team A/My (Board).json", &format!("\u{feff}{BOARD}"))]);
    assert_eq!(board.address.as_str(), "dashboards/team-a/my-board");
    assert_eq!(board.body.value()["description"], "Shop");
    assert!(board.body.get("id").is_none() && board.body.get("author_handle").is_none());
    assert_eq!(board.body.value()["widgets"][0], json!({"id": 5, "definition": {"$x": 1}}));
    assert_eq!(board.origin.position.to_string(), "monitors/Team A/My (Board).json:1:1");
    let slo = r#"{"data": {"id": "1", "type": "metric", "thresholds": [], "tags": ["a", "musher:x", "musher_id:y"]},
                 "errors": [], "$protect": true}"#;
    let slo = one(&[("monitors/s.json", slo)]);
    assert_eq!(slo.body.value(), json!({"type": "metric", "thresholds": [], "tags": ["a"]}));
    assert_eq!(slo.directives.protect.as_deref(), Some(&json!(true)));
    let monitor =
        r#"{"query": "q", "type": "query alert", "assets": [{"name": "a", "monitor_id": 5}], "$id": 7}"#;
    let monitor = one(&[("monitors/m.json", monitor)]);
    assert_eq!(monitor.body.value()["assets"], json!([{"name": "a"}]));
    assert_eq!(monitor.directives.id.as_deref(), Some(&json!(7)));
}

#[test]
fn files_that_are_named_are_no_definitions() {
    let uses = "uses:\n  a: {template: lambda, for_each: data/list.json}\n  b: {template: lambda, for_each: \"data/*/x.json\"}\n  \
                c: {template: lambda, for_each: \"../monitors/${env}.yaml\", overrides: ./data/o.json, $when: false}\n";
    let definitions = check(&[
        ("monitors/u.yaml", uses),
        ("monitors/data/list.json", "[]"),
        ("monitors/data/eu/x.json", "[]"),
        ("monitors/prod.yaml", "[1]"),
        ("monitors/data/o.json", "{}"),
    ]);
    assert_eq!(definitions.uses.len(), 3);
    assert_eq!(definitions.uses[0].for_each, Some(json!("data/list.json")));
    assert_eq!(definitions.uses[0].folder, "monitors");
    assert_eq!(definitions.uses[2].when, Some(json!(false)));
}

#[test]
fn templates_are_the_teams_or_built_in() {
    let team = "params:\n  function:\n  rate: {default: 0.05, max: 1}\nmonitors:\n  errors: {$file: bodies/e.json, name: x}\n";
    let definitions = check(&[
        ("templates/team.yaml", team),
        ("templates/bodies/e.json", "{\"message\": \"m\"}"),
        ("monitors/u.yaml", "uses:\n  a: {template: team}\n  b: {template: lambda}\n"),
    ]);
    let names: Vec<_> = definitions.templates.keys().collect();
    assert_eq!(names, ["lambda", "team"]);
    let team = &definitions.templates["team"];
    assert_eq!(team.params["rate"].ty, Some(super::definitions::ParamType::Number));
    assert_eq!((team.params["rate"].max, team.params["function"].default.clone()), (Some(1.0), None));
    assert_eq!(team.definitions[0].body.value(), json!({"message": "m", "name": "x"}));
    assert_eq!(definitions.templates["lambda"].description.as_deref(), Some("Functions"));
    let own = check(&[
        ("templates/lambda.yaml", "description: Ours\n"),
        ("monitors/u.yaml", "uses:\n  b: {template: lambda}\n"),
    ]);
    assert_eq!(own.templates["lambda"].description.as_deref(), Some("Ours"));
}

#[test]
fn a_broken_file_hides_no_other() {
    let (definitions, _, faults) =
        project(&[("monitors/a.yaml", "a: ["), ("monitors/b.yaml", "monitors: {b: {name: x}}")]);
    assert_eq!(definitions.resources.len(), 1);
    assert!(definitions.incomplete);
    assert_eq!(faults.len(), 1);
}

#[test]
fn the_whole_project_may_be_the_definitions_folder() {
    let musher = ("musher.yaml", "project: shop\ndefinitions: .\n");
    let definitions =
        check(&[musher, ("a.yaml", "monitors: {a: {name: x}}"), ("templates/t.yaml", "params: {}")]);
    assert_eq!(definitions.resources[0].origin.position.to_string(), "a.yaml:1:12");
    assert_eq!(definitions.templates.len(), 1);
}

#[test]
fn many_files_come_in_a_stable_order() {
    let names: Vec<String> = (0..100).map(|index| format!("monitors/{index:03}.yaml")).collect();
    let texts: Vec<String> =
        (0..100).map(|index| format!("monitors: {{m{index:03}: {{name: x}}}}")).collect();
    let files: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    let ids: Vec<String> =
        check(&files).resources.iter().map(|definition| definition.address.id().to_owned()).collect();
    let expected: Vec<String> = (0..100).map(|index| format!("m{index:03}")).collect();
    assert_eq!(ids, expected);
}

fn shared() -> PathBuf {
    std::env::var_os("MUSHER_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from)
}

/// Real dashboards are definitions as they are; real monitors come in a wrapper, and are reported how to unwrap.
#[test]
fn real_exports_are_resources() {
    let exports = shared().join("exports");
    if !exports.is_dir() {
        println!("real exports: not run, {} is absent", exports.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("monitors")).unwrap();
    fs::write(folder.path().join("musher.yaml"), MUSHER).unwrap();
    let mut count = 0;
    for entry in fs::read_dir(exports.join("dashboards")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join("monitors").join(path.file_name().unwrap())).unwrap();
        count += 1;
    }
    let (definitions, _, faults) = load_folder(folder.path());
    assert_eq!(faults, []);
    assert_eq!(definitions.resources.len(), count);
    println!("real exports: {count} loaded");
}

/// Everything that may be said about a file, shown.
fn show(name: &str, text: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("monitors")).unwrap();
    fs::write(folder.path().join("musher.yaml"), MUSHER).unwrap();
    fs::write(folder.path().join("monitors").join(name), text).unwrap();
    let (definitions, sources, faults) = load_folder(folder.path());
    crate::render::diagnostics::text(&faults, &sources, true);
    crate::render::diagnostics::github(&faults, &sources, "");
    let mut locator = Locator::new(&sources);
    for definition in definitions.resources {
        for pointer in ["", "/name", "/options/0", "/x"] {
            let at = locator.locate_in(&definition.origin, pointer);
            locator.locate(&at);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_break_the_readers(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        show("x.yaml", &bytes);
        show("x.json", &bytes);
    }

    #[test]
    fn no_syntax_breaks_the_readers(text in syntax()) {
        show("x.yaml", text.as_bytes());
        show("x.json", text.as_bytes());
    }
}
