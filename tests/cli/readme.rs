//! What the README says to do is done here, as it stands there.

use std::collections::BTreeSet;
use std::path::Path;

use crate::flags::commands as commands_of;
use crate::over_http::copy;
use crate::project::{BINARY, CRATE, Project, SANDBOX};

fn readme() -> String {
    std::fs::read_to_string(Path::new(CRATE).join("README.md")).unwrap()
}

/// The part of the README under a heading.
fn section(heading: &str) -> String {
    let text = readme();
    let after =
        text.split(&format!("\n## {heading}\n")).nth(1).unwrap_or_else(|| panic!("no heading `{heading}`"));
    after.split("\n## ").next().unwrap().to_owned()
}

/// The lines of the blocks that are indented by four spaces, without what a `#` tells.
fn commands(text: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("    "));
    lines.map(|line| line.split(" # ").next().unwrap().trim().to_owned()).collect()
}

/// The blocks fenced as YAML.
fn yaml_blocks(text: &str) -> Vec<String> {
    text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// Runs a command line as the binary, arguments as written.
#[track_caller]
fn run(project: &Project, arguments: &str) -> String {
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    project.fine(&arguments)
}

#[test]
fn five_minutes_are_as_told() {
    let clone = Project::empty();
    copy(Path::new(CRATE), &clone.path(""));
    let own = Project::empty();
    let (mut in_clone, mut in_own) = (0, 0);
    for command in commands(&section("Five minutes, no key")) {
        if let Some(arguments) = command.strip_prefix("cargo run --release -- ") {
            run(&clone, arguments);
            in_clone += 1;
        } else if let Some(arguments) = command.strip_prefix("musher ") {
            run(&own, arguments);
            in_own += 1;
        } else {
            // This is what runs here.
            assert_eq!(command, "cargo test", "a command that no test runs");
        }
    }
    assert_eq!((in_clone, in_own), (2, 3));
    for project in [&clone, &own] {
        let ran = project.exits(0, &["plan", "--detailed-exitcode"]);
        assert!(ran.out.ends_with("No changes.\n"), "{}", ran.shown());
    }
}

/// A project that holds what the examples name.
fn project() -> Project {
    let project = Project::new(SANDBOX);
    project.write(
        "monitors/checkout.json",
        "{\"title\": \"Checkout\", \"layout_type\": \"ordered\", \"widgets\": [{\"definition\": {\"type\": \"note\", \"content\": \"x\"}}]}",
    );
    let functions = std::fs::read_to_string(Path::new(CRATE).join("inventory/functions.json")).unwrap();
    project.write("inventory/functions.json", &functions);
    project
}

#[test]
fn the_examples_are_valid() {
    let blocks = yaml_blocks(&readme());
    assert!(blocks.len() >= 2);
    let project = project();
    for (number, block) in blocks.iter().enumerate() {
        project.write(&format!("monitors/example-{number}.yaml"), block);
    }
    let ran = project.exits(0, &["validate"]);
    assert_eq!(ran.err, "", "the examples are warned of");
    project.fine(&["apply", "--yes"]);
    project.exits(0, &["plan", "--detailed-exitcode"]);
}

#[test]
fn the_commands_for_ci_are_good() {
    let text = section("On a pull request, on merge, at night");
    let project = Project::new("project: shop\nenvironments: {prod: {api: sandbox}}\n");
    project.declare("monitors:\n  a: {name: a, type: query alert, query: 'avg(last_5m):avg:a.b{*} > 1', message: '@slack-a'}\n");
    // Comments and `--base` need a pull request: `tests/review/` has one.
    let needs_one = |part: &str| part.starts_with("musher comment") || part.contains(" --base ");
    let is_run = |part: &&str| part.starts_with("musher ") && !needs_one(part);
    let commands: Vec<&str> = text.split('`').filter(is_run).collect();
    assert!(commands.len() >= 5, "{commands:?}");
    let mut apply_saved = None;
    for command in commands {
        let arguments = command.strip_prefix("musher ").unwrap();
        if arguments.contains("apply plan.json") {
            apply_saved = Some(arguments);
        } else {
            run(&project, arguments);
        }
    }
    assert!(project.path(".github/workflows").is_dir());
    // After the apply of the table nothing is left to do; a change is planned, saved and done.
    project.declare("monitors:\n  a: {name: b, type: query alert, query: 'avg(last_5m):avg:a.b{*} > 1', message: '@slack-a'}\n");
    run(&project, "plan --format json -o plan.json");
    run(&project, apply_saved.expect("the README applies a saved plan"));
    project.exits(0, &["plan", "--detailed-exitcode"]);
}

/// The targets of all links that stay in the repository.
fn links(text: &str) -> BTreeSet<String> {
    let targets = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    targets
        .filter(|target| !target.contains("://"))
        .map(|target| target.split('#').next().unwrap().to_owned())
        .collect()
}

#[test]
fn every_page_is_linked_and_every_link_leads_somewhere() {
    let links = links(&readme());
    for link in &links {
        assert!(Path::new(CRATE).join(link).is_file(), "README.md links to {link}, which is absent");
    }
    // The index of docs/ names every page.
    let index = std::fs::read_to_string(Path::new(CRATE).join("docs/README.md")).unwrap();
    let links: BTreeSet<String> =
        self::links(&index).into_iter().map(|link| format!("docs/{link}")).collect();
    for folder in ["docs", "docs/templates", "docs/tasks"] {
        for entry in std::fs::read_dir(Path::new(CRATE).join(folder)).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            let page = format!("{folder}/{name}");
            let is_page = name.ends_with(".md") && page != "docs/README.md";
            assert!(!is_page || links.contains(&page), "docs/README.md doesn't link to {page}");
        }
    }
}

#[test]
fn commands_of_the_help_are_known() {
    // What the help of every command gives as an example is at least read by the command line.
    let project = Project::sandbox();
    let top = project.fine(&["--help"]);
    let mut tried = 0;
    for name in commands_of(&top) {
        let help = project.fine(&[&name, "--help"]);
        let examples = help.split("Example").nth(1).unwrap_or_default().lines().skip(1);
        for line in examples.filter_map(|line| line.strip_prefix("  musher ")) {
            // Two spaces and more part the command from what is said about it.
            let command = line.split("  ").next().unwrap().split(['>', '&', '|']).next().unwrap().trim();
            let mut shell = project.command("/bin/sh");
            shell.args(["-c", &format!("\"$0\" {command} --help"), BINARY]);
            let ran = project.ended(&mut shell);
            assert_eq!(ran.code, Some(0), "musher {command}\n{}", ran.shown());
            tried += 1;
        }
    }
    assert!(tried >= 15, "{tried} examples");
}
