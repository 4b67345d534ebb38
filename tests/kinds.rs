//! The conformance suite of the kinds: rows of desired states, each applied, each leaving an empty plan.
//!
//! A case is a file `tests/kinds/KIND/NN-what.yaml`; `tests/kinds/README.md` tells how to write one.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The project of every case: one environment, the sandbox in its own folder.
const PROJECT: &str = "project: cases\nsecrets: {case_siem: MUSHER_SECRET_CASE_SIEM}\nenvironments:\n  sandbox: {api: sandbox}\n";

/// Names of kinds without a mark that the project owns.
const OWNED: &str = "[\"cases.*\", \"Case *\", \"downtime\"]";

/// What puts the objects of kinds in order, and is declared beside them.
const ORDER: &str = "order";

/// What stands before the changes that a step expects of its plan.
const EXPECTATION: &str = "# plan: ";

/// A row of desired states.
struct Case {
    path: PathBuf,
    text: String,
}

impl Case {
    /// The definition files, in the order in which they are applied.
    fn steps(&self) -> Vec<String> {
        let mut steps = vec![String::new()];
        for line in self.text.lines() {
            match line {
                "---" => steps.push(String::new()),
                line => steps.iter_mut().next_back().unwrap().extend([line, "\n"]),
            }
        }
        steps
    }
}

/// How many resources a plan creates, changes, … by the words of its last line.
type Counts = BTreeMap<String, usize>;

/// `Plan: 3 to create, 2,496 unchanged.` and `No changes.`, or the same without the frame in a case.
fn counts(line: &str) -> Counts {
    let line = line.trim().trim_end_matches('.');
    let parts = line
        .strip_prefix("Plan: ")
        .unwrap_or(line)
        .split(", ")
        .filter(|part| !part.eq_ignore_ascii_case("no changes"));
    parts
        .map(|part| {
            let (number, words) = part.split_once(' ').unwrap_or((part, ""));
            let word = words.trim_start_matches("to ").to_owned();
            let known = ["create", "change", "replace", "move", "adopt", "forget", "delete", "unchanged"];
            assert!(known.contains(&word.as_str()), "`{line}` is not a summary of a plan");
            (
                word,
                number
                    .replace(',', "")
                    .parse()
                    .unwrap_or_else(|_| panic!("`{line}` is not a summary of a plan")),
            )
        })
        .collect()
}

fn count(counts: &Counts, words: &[&str]) -> usize {
    words.iter().filter_map(|word| counts.get(*word)).sum()
}

/// A project in a folder of its own.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rows = rows();
        let sections: Vec<String> = rows.iter().map(|row| word(row, "section")).collect();
        // What no list shows has no namespaces.
        let keyed =
            rows.iter().filter(|row| row.contains("Identity::Key(") && !row.contains("Paging::ByKey"));
        let owns: Vec<String> = keyed.map(|row| format!("{}: {OWNED}", word(row, "section"))).collect();
        let (sections, owns) = (sections.join(", "), owns.join(", "));
        let project = format!("{PROJECT}kinds: [{sections}]\nowns: {{{owns}}}\n");
        std::fs::write(folder.path().join("musher.yaml"), project).unwrap();
        std::fs::create_dir(folder.path().join("monitors")).unwrap();
        Self { folder }
    }

    fn declare(&self, definitions: &str) {
        std::fs::write(self.folder.path().join("monitors/case.yaml"), definitions).unwrap();
    }

    /// What a command says; its whole output, if it doesn't exit as expected.
    fn run(&self, arguments: &[&str], exit: i32) -> Result<String, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_musher"));
        command.env_clear().env("HOME", self.folder.path().join("home"));
        let Output { status, stdout, stderr } = command
            .current_dir(self.folder.path())
            .args(arguments)
            .args(["--color", "never"])
            .output()
            .unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        match status.code() {
            Some(code) if code == exit => Ok(stdout.into_owned()),
            code => Err(format!("`musher {}` exits with {code:?}\n{stdout}{stderr}", arguments.join(" "))),
        }
    }

    /// The summary of the plan, and the plan.
    fn plan(&self) -> Result<(Counts, String), String> {
        let text = self.run(&["plan"], 0)?;
        let summary = text.lines().rev().find(|line| line.starts_with("Plan: ") || *line == "No changes.");
        let summary =
            summary.map(counts).ok_or_else(|| format!("the plan ends without a summary\n{text}"))?;
        Ok((summary, text))
    }

    /// The live ids of the resources.
    fn ids(&self) -> Result<BTreeSet<String>, String> {
        let text = self.run(&["list", "--format", "json"], 0)?;
        let items: Vec<Value> = serde_json::from_str(&text).map_err(|error| format!("{error}\n{text}"))?;
        Ok(items
            .iter()
            // An order is neither made nor deleted.
            .filter(|item| item["kind"] != ORDER)
            .filter_map(|item| Some(format!("{} {}", item["kind"], item["datadog_id"].as_str()?)))
            .collect())
    }
}

/// Applies one desired state to what the steps before it left.
fn apply(project: &Project, step: &str) -> Result<(), String> {
    project.declare(step);
    let (planned, text) = project.plan()?;
    if let Some(expected) = step.lines().find_map(|line| line.strip_prefix(EXPECTATION)).map(counts) {
        let unchanged = |counts: &Counts| counts.get("unchanged").copied();
        let silent = unchanged(&expected).is_none();
        let relevant = planned.iter().filter(|(word, _)| !(silent && *word == "unchanged"));
        if !relevant.eq(expected.iter()) {
            return Err(format!("expected {expected:?} of the plan\n{text}"));
        }
    }
    let before = project.ids()?;
    project.run(&["apply", "--yes"], 0)?;
    project
        .run(&["plan", "--detailed-exitcode"], 0)
        .map_err(|why| format!("the second plan is not empty: {why}"))?;

    // What is updated or moved stays the object that it was: people and other tools know it by its id.
    let after = project.ids()?;
    let (gone, new) = (before.difference(&after).count(), after.difference(&before).count());
    let expected =
        (count(&planned, &["delete", "forget", "replace"]), count(&planned, &["create", "replace", "adopt"]));
    // An object whose id people choose has the same one after a replace.
    let is_chosen =
        |row: &String| row.contains("chosen: true") && step.contains(&format!("{}:", word(row, "section")));
    let replaced = count(&planned, &["replace"]);
    let kept = (expected.0 - replaced, expected.1 - replaced);
    if (gone, new) != expected && !(rows().iter().any(is_chosen) && (gone, new) == kept) {
        return Err(format!("{gone} ids are gone and {new} are new, expected {expected:?}\n{text}"));
    }
    Ok(())
}

/// The end of every row: nothing is desired, nothing of ours is left.
fn remove(project: &Project) -> Result<(), String> {
    // What is precious is protected without being told.
    project.run(&["apply", "--destroy", "--yes", "--release-brake", "protect"], 0)?;
    let left = project.ids()?;
    let (planned, text) = project.plan()?;
    let declared = count(&planned, &["create"]);
    match left.is_empty() && planned.values().sum::<usize>() == declared {
        true => Ok(()),
        false => Err(format!("`apply --destroy` left {left:?}\n{text}")),
    }
}

fn run(case: &Case) -> Result<(), String> {
    let project = Project::new();
    for (number, step) in case.steps().iter().enumerate() {
        apply(&project, step).map_err(|why| format!("step {}: {why}", number + 1))?;
    }
    remove(&project).map_err(|why| format!("at the end: {why}"))
}

fn folder() -> PathBuf {
    Path::new(ROOT).join("tests/kinds")
}

/// What a folder holds, sorted.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// The kinds that have a folder of cases.
fn folders() -> BTreeSet<String> {
    entries(&folder()).iter().filter(|path| path.is_dir()).map(|path| name(path)).collect()
}

fn cases(kind: &str) -> Vec<Case> {
    let read = |path: PathBuf| Case { text: std::fs::read_to_string(&path).unwrap(), path };
    entries(&folder().join(kind)).into_iter().map(read).collect()
}

/// Runs every case of a kind and tells all that fail.
fn check(kind: &str) {
    let cases = cases(kind);
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| Some(format!("{kind}/{}: {}", name(&case.path), run(case).err()?)))
        .collect();
    println!("{kind}: {} cases, {} failed", cases.len(), failed.len());
    assert!(failed.is_empty(), "\n{}", failed.join("\n\n"));
}

#[test]
fn monitors_live_as_declared() {
    check("monitor");
}

#[test]
fn slos_live_as_declared() {
    check("slo");
}

#[test]
fn dashboards_live_as_declared() {
    check("dashboard");
}

#[test]
fn other_kinds_live_as_declared() {
    for kind in folders() {
        if is_asked(&kind) && !["monitor", "slo", "dashboard"].contains(&kind.as_str()) {
            check(&kind);
        }
    }
}

/// Whether a kind is asked for: any, or the one that `KIND` names.
fn is_asked(kind: &str) -> bool {
    std::env::var("KIND").map_or(true, |only| only == kind)
}

/// A word of a row: its `name` or its `section`.
fn word(row: &str, field: &str) -> String {
    let after =
        row.split(&format!("    {field}: \"")).nth(1).unwrap_or_else(|| panic!("a row without a {field}"));
    after.split('"').next().unwrap().to_owned()
}

/// The rows that the list of kinds names, by their files.
fn rows() -> Vec<String> {
    let source = |file: &str| std::fs::read_to_string(Path::new(ROOT).join("src/kind").join(file)).unwrap();
    let list = source("mod.rs");
    let list = list.split("pub const KINDS").nth(1).unwrap().split(';').nth(1).unwrap();
    list.split('&')
        .skip(1)
        .map(|entry| source(&format!("{}.rs", entry.split("::").next().unwrap())))
        .collect()
}

/// What one project made is nobody's, and another one takes it by its export: nothing changes but marks.
fn comes_back(row: &str, format: &str) -> Result<(), String> {
    let kind = word(row, "name");
    let first = Project::new();
    let case = cases(&kind).swap_remove(0);
    first.declare(&case.steps()[0]);
    first.run(&["apply", "--yes"], 0)?;
    let listed = first.run(&["list", "--format", "json"], 0)?;
    let listed: Vec<Value> = serde_json::from_str(&listed).map_err(|error| error.to_string())?;
    let own = || listed.iter().filter(|item| item["kind"] == kind.as_str());
    let texts = |key: &'static str| -> Vec<&str> { own().filter_map(|item| item[key].as_str()).collect() };
    let (addresses, ids) = (texts("address"), texts("datadog_id"));
    if !row.contains("Identity::Key(") {
        first.run(&[&["forget", "--yes"][..], &addresses].concat(), 0)?;
    }
    let second = Project::new();
    let other = std::fs::read_to_string(second.folder.path().join("musher.yaml")).unwrap();
    let other = other.replace("project: cases", "project: others");
    std::fs::write(second.folder.path().join("musher.yaml"), other).unwrap();
    std::fs::rename(first.folder.path().join(".musher"), second.folder.path().join(".musher")).unwrap();
    second.run(&[&["export", &kind, "-o", "monitors", "--format", format][..], &ids].concat(), 0)?;
    let plan = second.run(&["plan", "--format", "json"], 0)?;
    let read: Value = serde_json::from_str(&plan).map_err(|error| format!("{error}\n{plan}"))?;
    let changes = read["changes"].as_array().cloned().unwrap_or_default();
    let is_mark = |field: &Value| field["path"].as_str().is_some_and(|path| path.starts_with("/$"));
    let is_mere = |change: &&Value| {
        change["action"] == "adopt" && change["diff"].as_array().is_some_and(|diff| diff.iter().all(is_mark))
    };
    if ids.is_empty() || !changes.iter().all(|change| is_mere(&change)) {
        return Err(format!("something changes beside marks\n{plan}"));
    }
    second.run(&["apply", "--yes"], 0)?;
    second.run(&["plan", "--detailed-exitcode"], 0)?;
    let after = second.ids()?.len();
    if after == ids.len() { Ok(()) } else { Err(format!("{after} are managed of {}", ids.len())) }
}

#[test]
fn what_is_exported_comes_back_in_another_project() {
    let rows = rows();
    let tried =
        rows.iter().filter(|row| is_asked(&word(row, "name"))).flat_map(|row| [(row, "yaml"), (row, "json")]);
    let failed: Vec<String> = tried
        .filter_map(|(row, format)| {
            let why = comes_back(row, format).err()?;
            Some(format!("{} as {format}: {why}", word(row, "name")))
        })
        .collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n\n"));
}

#[test]
fn every_kind_has_cases_and_a_section_in_the_docs() {
    let rows = rows();
    let kinds =
        rows.iter().map(|row| word(row, "name")).chain([ORDER.to_owned()]).collect::<BTreeSet<String>>();
    assert_eq!(folders(), kinds);
    let Ok(docs) = std::fs::read_to_string(Path::new(ROOT).join("docs/definitions.md")) else { return };
    let sections =
        rows.iter().map(|row| word(row, "section")).chain([format!("{ORDER}s")]).collect::<BTreeSet<_>>();
    let shown =
        docs.split("\n## Sections\n").nth(1).unwrap_or_default().split("\n## ").next().unwrap_or_default();
    let shown = shown.lines().filter_map(|line| line.strip_suffix(':'));
    let shown = shown.filter(|line| line.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
    assert_eq!(
        shown.map(str::to_owned).collect::<BTreeSet<_>>(),
        sections,
        "the sections that docs/definitions.md shows"
    );
}

#[test]
fn every_case_tells_what_it_guards() {
    let mut faults = Vec::new();
    for kind in folders() {
        for (number, case) in (1..).zip(cases(&kind)) {
            let name = name(&case.path);
            let mut lines = case.text.lines();
            let mut starts =
                |with: &str| lines.next().is_some_and(|line| line.starts_with(with) && line.ends_with('.'));
            if !name.starts_with(&format!("{number:02}-")) || !name.ends_with(".yaml") {
                faults.push(format!("{kind}/{name} should be the case {number:02}"));
            }
            if !starts("# ") || !starts("# Source: ") {
                faults.push(format!("{kind}/{name} doesn't begin with a sentence and a line `# Source: ….`"));
            }
            if case
                .steps()
                .iter()
                .any(|step| step.lines().all(|line| line.is_empty() || line.starts_with('#')))
            {
                faults.push(format!("{kind}/{name} holds a step without definitions"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn summaries_are_read() {
    let check = |line: &str, expect: &[(&str, usize)]| {
        let expect: Counts = expect.iter().map(|(word, number)| ((*word).to_owned(), *number)).collect();
        assert_eq!(counts(line), expect, "{line}");
    };
    check(
        "Plan: 3 to create, 1 to delete, 2,496 unchanged.",
        &[("create", 3), ("delete", 1), ("unchanged", 2496)],
    );
    check("No changes.", &[]);
    check("no changes", &[]);
    check("1 to change", &[("change", 1)]);
}
