//! Flags, formats, exit codes, and the shell around the binary.

use std::process::Stdio;

use serde_json::Value;

use crate::api::Served;
use crate::project::{BINARY, Project};

const ONE: &str = "  one: {name: One, type: query alert, query: 'avg(last_5m):avg:a.b{*} > 1', message: '@slack-a', \
                   options: {thresholds: {critical: 1}}}\n";

fn declared() -> Project {
    let project = Project::sandbox();
    project.declare(&format!("monitors:\n{ONE}"));
    project
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_folder_may_be_named() {
    let project = declared();
    project.write("monitors/deep/down.yaml", "monitors: {}\n");
    let elsewhere = Project::empty();
    let folder = project.path("").to_string_lossy().into_owned();
    let run = |arguments: &[&str]| elsewhere.exits(0, arguments).out;
    let expected = project.fine(&["plan"]);
    assert_eq!(run(&["-C", &folder, "plan"]), expected);
    assert_eq!(run(&["plan", "-C", &format!("{folder}/monitors/deep")]), expected);
    let ran = elsewhere.exits(1, &["plan", "-C", "nowhere"]);
    assert!(ran.err.contains("nowhere"), "{}", ran.err);
}

#[test]
fn answers_go_to_a_file() {
    let project = declared();
    for (format, name) in [("text", "plan.txt"), ("json", "plan.json"), ("markdown", "plan.md")] {
        let expected = project.fine(&["plan", "--format", format]);
        let ran = project.exits(0, &["plan", "--format", format, "-o", name]);
        assert_eq!(ran.out, "");
        assert_eq!(project.read(name), expected);
    }
    let ran = project.exits(1, &["plan", "-o", "no/such/folder/plan.txt"]);
    assert!(ran.err.contains("no/such/folder/plan.txt"), "{}", ran.err);
}

#[test]
fn what_apply_did_goes_to_a_file_and_its_plan_does_not() {
    let project = declared();
    let ran = project.exits(0, &["apply", "--yes", "-o", "done.txt"]);
    assert!(ran.out.contains("+ monitors/one"), "{}", ran.out);
    let done = project.read("done.txt");
    assert!(done.contains("Applied: 1 created."), "{done}");
    assert!(!done.contains("avg(last_5m)") && !ran.out.contains("Applied"), "{done}{}", ran.out);
    let ran = project.exits(0, &["apply", "--yes", "-o", "done.txt"]);
    assert_eq!(ran.out, "");
    assert!(project.read("done.txt").contains("No changes."));
}

#[test]
fn the_plan_for_programs_has_a_stable_shape() {
    let project = declared();
    project.settles(&["create monitors/one"]);
    let served = Served::start(&project);
    let path = format!("/api/v1/monitor/{}", project.ids()["monitors/one"]);
    let mut live = served.get(&path);
    live["options"]["thresholds"]["critical"] = 2.into();
    live["query"] = live["query"].as_str().unwrap().replace("> 1", "> 2").into();
    live["priority"] = 1.into();
    live.as_object_mut().unwrap().remove("message");
    live["message"] = "".into();
    served.send("PUT", &path, &live);
    project.declare(&format!("monitors:\n{ONE}{}", ONE.replace("one: {name: One", "two: {name: Two")));
    let plan = project.plan();
    assert_eq!(
        keys(&plan),
        [
            "format_version",
            "musher_version",
            "project",
            "environment",
            "site",
            "summary",
            "brakes",
            "warnings",
            "only",
            "changes",
            "saved"
        ]
    );
    assert_eq!(plan["format_version"], 1);
    assert_eq!(plan["musher_version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (&plan["project"], &plan["environment"], &plan["site"]),
        (&"shop".into(), &"sandbox".into(), &"sandbox".into())
    );
    assert_eq!(
        keys(&plan["summary"]),
        ["create", "update", "replace", "move", "adopt", "delete", "unchanged"]
    );
    let changes = plan["changes"].as_array().unwrap();
    for change in changes {
        assert_eq!(
            keys(change),
            ["address", "kind", "action", "datadog_id", "url", "source", "risks", "diff"]
        );
        assert_eq!(keys(&change["source"]), ["file", "line", "column"]);
        for field in change["diff"].as_array().unwrap() {
            assert_eq!(keys(field), ["path", "op", "before", "after"]);
        }
    }
    // What `apply FILE` needs beside is written behind all that.
    let text = project.fine(&["plan", "--format", "json"]);
    insta::assert_snapshot!("plan_for_programs", text.split(",\n  \"saved\"").next().unwrap());
    insta::assert_snapshot!("plan_for_a_pull_request", project.fine(&["plan", "--format", "markdown"]));
    // The same input, the same bytes.
    assert_eq!(project.fine(&["plan", "--format", "json"]), project.fine(&["plan", "--format", "json"]));

    project.fine(&["apply", "--yes", "--report", "report.json"]);
    // How long a change took is the machine's affair.
    insta::with_settings!({filters => [(r#""ms": \d+"#, r#""ms": 0"#)]}, {
        insta::assert_snapshot!("report", project.read("report.json"));
    });
    let list: Value = serde_json::from_str(&project.fine(&["list", "--format", "json"])).unwrap();
    assert_eq!(keys(&list[0]), ["address", "kind", "name", "datadog_id", "url", "source"]);
    let show: Value =
        serde_json::from_str(&project.fine(&["show", "monitors/one", "--format", "json"])).unwrap();
    assert_eq!(show["address"], "monitors/one");
}

#[test]
fn quiet_says_nothing_but_the_answer() {
    let project = declared();
    assert_eq!(project.exits(0, &["validate", "-q"]).shown(), "exit: 0\n");
    let ran = project.exits(0, &["plan", "-q"]);
    assert!(ran.err.is_empty() && ran.out.contains("Plan: 1 to create."), "{}", ran.shown());
    let ran = project.exits(0, &["apply", "--yes", "-q"]);
    assert!(ran.err.is_empty(), "{}", ran.shown());
    // Errors are reported all the same.
    project.declare("monitors:\n  one: {}\n");
    assert!(project.exits(1, &["plan", "-q"]).err.contains("error["));
}

#[test]
fn colours_are_a_choice() {
    let mut project = declared();
    let colored = |project: &Project, arguments: &[&str]| project.fine(arguments).contains('\x1b');
    // No terminal: none but on demand.
    assert!(!colored(&project, &["plan"]));
    assert!(colored(&project, &["plan", "--color", "always"]));
    assert!(!colored(&project, &["plan", "--color", "never"]));
    project.set("NO_COLOR", "1");
    assert!(!colored(&project, &["plan"]));
    assert!(colored(&project, &["plan", "--color", "always"]));
    // What others read is never coloured.
    project.fine(&["plan", "--color", "always", "-o", "plan.txt"]);
    assert!(!project.read("plan.txt").contains('\x1b'));
    for format in ["json", "markdown"] {
        assert!(!colored(&project, &["plan", "--color", "always", "--format", format]), "{format}");
    }
    project.declare("monitors:\n  one: {}\n");
    assert!(project.exits(1, &["plan", "--color", "always"]).err.contains('\x1b'));
    assert!(!project.exits(1, &["plan", "--color", "never"]).err.contains('\x1b'));
}

#[test]
fn exit_codes_are_a_contract() {
    let project = declared();
    let code = |arguments: &[&str]| project.run(arguments).code;
    assert_eq!(code(&["validate"]), Some(0));
    assert_eq!(code(&["plan"]), Some(0));
    assert_eq!(code(&["plan", "--detailed-exitcode"]), Some(2));
    // Nobody can be asked.
    assert_eq!(code(&["apply"]), Some(1));
    assert_eq!(code(&["apply", "--yes"]), Some(0));
    assert_eq!(code(&["plan", "--detailed-exitcode"]), Some(0));
    // Wrong usage.
    for arguments in [
        &["plan", "--nothing"][..],
        &["plann"],
        &[],
        &["plan", "--format", "xml"],
        &["validate", "--format", "markdown"],
        &["plan", "--concurrency", "0"],
        &["show"],
        &["show", "monitors/nothing"],
        &["show", "nothing"],
        &["apply", "--release-brake", "nothing"],
        &["completions", "tcsh"],
    ] {
        let ran = project.run(arguments);
        assert_eq!(ran.code, Some(1), "{arguments:?} {}", ran.shown());
        assert!(!ran.err.is_empty(), "{arguments:?}");
    }
    // A brake: nothing is declared any more.
    project.declare("monitors: {}\n");
    assert_eq!(code(&["plan"]), Some(0));
    let before = project.journal();
    let ran = project.exits(3, &["apply", "--yes"]);
    assert_eq!(project.journal(), before);
    insta::assert_snapshot!("held_by_empty", ran.shown());
    // Applied in part: the service refuses one of two.
    project.declare(&format!(
        "monitors:\n{}{}",
        ONE.replace("One", "Uno"),
        ONE.replace("one: {name: One", "two: {assets: 5, $allow: [field-type], name: Two"),
    ));
    assert_eq!(code(&["apply", "--yes"]), Some(4));
}

#[test]
fn what_the_service_refuses_points_at_the_line() {
    let project = declared();
    project.declare(&format!(
        "monitors:\n{ONE}{}",
        ONE.replace("one: {name: One", "two: {assets: 5, $allow: [field-type], name: Two")
    ));
    let ran = project.exits(4, &["apply", "--yes"]);
    insta::assert_snapshot!("applied_in_part", ran.shown());
    let ran = project.exits(4, &["apply", "--yes"]);
    assert!(ran.out.contains("Plan: 1 to create, 1 unchanged."), "{}", ran.out);
}

#[cfg(unix)]
#[test]
fn a_reader_who_goes_away_is_no_error() {
    let project = Project::sandbox();
    let many: String =
        (0..3000).map(|n| ONE.replace("one: {name: One", &format!("m{n}: {{name: M {n}"))).collect();
    project.declare(&format!("monitors:\n{many}"));
    for command in [
        "plan --expand",
        "plan --format json",
        "plan --format markdown",
        "list",
        "completions bash",
        "--help",
    ] {
        let mut shell = project.command("/bin/sh");
        shell.args(["-c", &format!("{{ \"$0\" {command}; echo \"code $?\" >&2; }} | head -1"), BINARY]);
        let ran = project.ended(shell.stdout(Stdio::piped()));
        assert_eq!(ran.err, "code 0\n", "{command}");
    }
}

#[test]
fn completions_name_the_commands() {
    let project = Project::empty();
    for shell in ["bash", "zsh", "fish"] {
        let script = project.fine(&["completions", shell]);
        for word in ["plan", "apply", "detailed-exitcode", "sandbox"] {
            assert!(script.contains(word), "{shell} completes no {word}");
        }
        // Where the shell is there, it reads its script.
        let path = format!("completions.{shell}");
        project.write(&path, &script);
        if project.command(shell).arg("-c").arg("exit 0").output().is_ok() {
            let ran = project.ended(project.command(shell).args(["-n", &path]));
            assert_eq!(ran.shown(), "exit: 0\n", "{shell}");
        }
    }
}

/// The commands that a help text lists.
pub fn commands(help: &str) -> Vec<String> {
    let listed = help.split("Commands:\n").nth(1).unwrap_or_default();
    let lines = listed.lines().take_while(|line| line.starts_with("  "));
    let names =
        lines.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_helps_with_an_example() {
    let project = Project::empty();
    let top = project.fine(&["--help"]);
    assert!(top.contains("Examples:"), "{top}");
    let mut paths: Vec<Vec<String>> = commands(&top).into_iter().map(|name| vec![name]).collect();
    assert!(paths.len() >= 8, "{top}");
    while let Some(path) = paths.pop() {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = project.fine(&arguments);
        let example = help.split("Example").nth(1).unwrap_or_default();
        assert!(example.contains("musher "), "`musher {}` has no example\n{help}", path.join(" "));
        paths.extend(commands(&help).into_iter().map(|name| [path.clone(), vec![name]].concat()));
    }
}

#[test]
fn the_version_is_told() {
    let project = Project::empty();
    assert_eq!(project.fine(&["--version"]), format!("musher {}\n", env!("CARGO_PKG_VERSION")));
}
