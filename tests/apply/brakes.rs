//! The five brakes: each holds an apply, never a plan, and tells what lifts it. And what `--destroy` releases.

use super::{Project, Ran, monitor};

const KNOBS: &str = "if this is meant, run again with `--release-brake ";

/// The plan is shown with exit 0, apply is held with exit 3 and changes nothing; released it goes on.
fn check(project: &Project, brake: &str, setting: &str, said: &str) {
    project.run(&["plan"]).check(0, &["Plan: "]);
    let before = project.live();
    let held = project.run(&["apply", "--yes"]);
    let knob = format!("{KNOBS}{brake}`");
    held.check(3, &["Plan: ", &format!("held by the brake `{brake}`"), said, &knob, setting]);
    // Nothing that switches a brake off for good is offered.
    assert!(!held.stderr.contains("off}") && !held.stderr.contains("100%"), "{held:#?}");
    assert_eq!(held.stderr.matches("held by the brake").count(), 1, "{held:#?}");
    assert_eq!(project.live(), before);
    // Another brake's release is of no use.
    let other = if brake == "protect" { "delete" } else { "protect" };
    project.run(&["apply", "--yes", "--release-brake", other]).check(3, &[]);
    project.run(&["apply", "--yes", "--release-brake", brake]).check(0, &["Applied: "]);
}

/// The same, lifted by a setting.
fn check_setting(project: &Project, brake: &str, setting: &str) {
    project.run(&["apply", "--yes"]).check(3, &[brake]);
    let config = project.read("musher.yaml").replace("api: sandbox", &format!("api: sandbox, {setting}"));
    project.write("musher.yaml", &config);
    project.run(&["apply", "--yes"]).check(0, &["Applied: "]);
}

fn names(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|at| format!("m{at}")).collect()
}

fn declare(project: &Project, names: &[String]) {
    project.declare(names.iter().map(|name| (name.as_str(), 1)));
}

/// Thirty are live, and twelve are taken out.
fn fewer() -> Project {
    let project = Project::sandbox();
    declare(&project, &names(0, 30));
    project.run(&["apply", "--yes"]).check(0, &[]);
    declare(&project, &names(12, 30));
    project
}

#[test]
fn delete() {
    let said = "12 of 30 live resources would be deleted or replaced; the limit is 30 %, from 10 on";
    check(&fewer(), "delete", "`brakes: {delete: 40%}`", said);
    check_setting(&fewer(), "delete", "brakes: {delete: 40%}");
    // A share, and a number of its own.
    let strict = fewer();
    strict.write(
        "musher.yaml",
        "project: shop\nenvironments:\n  sandbox: {api: sandbox, brakes: {delete: 0}}\n",
    );
    declare(&strict, &names(1, 30));
    strict.run(&["apply", "--yes"]).check(3, &["1 of 30 live resources", "the limit is 0"]);
    strict.write(
        "musher.yaml",
        "project: shop\nenvironments:\n  sandbox: {api: sandbox, brakes: {delete: 0%}}\n",
    );
    strict.run(&["apply", "--yes"]).check(3, &["1 of 30 live resources", "the limit is 0 %."]);
    // Nine of ten are too few for the share that nobody set.
    let small = Project::sandbox();
    declare(&small, &names(0, 10));
    small.run(&["apply", "--yes"]).check(0, &[]);
    declare(&small, &names(9, 10));
    small.run(&["apply", "--yes"]).check(0, &["9 deleted"]);
}

fn protected() -> Project {
    let project = Project::sandbox();
    let guarded = monitor("guarded", 1).replacen('{', "{$protect: true, ", 1);
    project.write(
        "monitors/shop.yaml",
        &format!("monitors:\n  guarded: {guarded}\n  other: {}\n", monitor("other", 1)),
    );
    project.run(&["apply", "--yes"]).check(0, &[]);
    project.declare([("other", 1)]);
    project
}

#[test]
fn protect() {
    let said = "`monitors/guarded` is protected and would be deleted or replaced";
    check(&protected(), "protect", "", said);
    check_setting(&protected(), "protect", "brakes: {protect: off}");
}

#[test]
fn empty() {
    let project = || {
        let project = Project::sandbox();
        project.declare([("a", 1), ("b", 1)]);
        project.run(&["apply", "--yes"]).check(0, &[]);
        project.write("monitors/shop.yaml", "");
        project
    };
    let said = "there are no definitions at all, so that all 2 live resources would be deleted";
    check(&project(), "empty", "", said);
    check_setting(&project(), "empty", "brakes: {empty: off}");
}

#[test]
fn inventory() {
    let list = |to: usize| {
        let items: Vec<String> = names(0, to).iter().map(|name| format!("\"{name}\"")).collect();
        format!("[{}]", items.join(","))
    };
    let project = || {
        let project = Project::sandbox();
        project.write(
            "templates/one.yaml",
            &format!("params: {{n: {{}}}}\nmonitors:\n  up: {}\n", monitor("${n}", 1)),
        );
        project.write("functions.json", &list(20));
        // Enough others to keep the brake `delete` still.
        let others: String =
            names(0, 40).iter().map(|name| format!("  {name}: {}\n", monitor(name, 7))).collect();
        let uses = "uses:\n  fleet: {template: one, for_each: ../functions.json, key: '${each}', with: {n: '${each}'}}\n";
        project.write("monitors/shop.yaml", &format!("{uses}monitors:\n{others}"));
        project.run(&["apply", "--yes"]).check(0, &["60 created"]);
        project.write("functions.json", &list(8));
        project
    };
    let said = "12 of 20 live instances of `fleet` would go; the limit is 30 %, from 10 on";
    check(&project(), "inventory", "`brakes: {inventory: 60%}`", said);
    check_setting(&project(), "inventory", "brakes: {inventory: 60%}");
}

#[test]
fn org() {
    let project = || {
        let project = Project::new("  sandbox: {api: sandbox, org: Acme}\n");
        project.declare([("a", 1)]);
        project
    };
    let said = "the environment names the organisation `Acme`, the keys belong to `Sandbox`";
    check(&project(), "org", "", said);
    check_setting(&project(), "org", "brakes: {org: off}");
    let own = Project::new("  sandbox: {api: sandbox, org: Sandbox}\n");
    own.declare([("a", 1)]);
    own.run(&["apply", "--yes"]).check(0, &[]);
}

#[test]
fn all_that_hold_are_told_at_once() {
    let project = fewer();
    project.write("musher.yaml", "project: shop\nenvironments:\n  sandbox: {api: sandbox, org: Acme}\n");
    let held: Ran = project.run(&["apply", "--yes"]);
    held.check(3, &["held by the brake `delete`", "held by the brake `org`"]);
    project.run(&["apply", "--yes", "--release-brake", "org"]).check(3, &["held by the brake `delete`"]);
    project.run(&["apply", "--yes", "--release-brake", "nonsense"]).check(1, &["nonsense", "inventory"]);
}

#[test]
fn destroy_releases_delete_and_empty_but_not_protect() {
    let project = fewer();
    project.run(&["apply", "--destroy", "--yes"]).check(0, &["30 deleted"]);
    assert_eq!(project.live(), []);
    let project = protected();
    project.run(&["apply", "--destroy", "--yes"]).check(3, &["held by the brake `protect`"]);
    assert_eq!(project.live().len(), 2);
    project.run(&["apply", "--destroy", "--yes", "--release-brake", "protect"]).check(0, &["2 deleted"]);
}

#[test]
fn destroy_needs_no_definitions_and_keeps_to_what_is_selected() {
    let project = fewer();
    project.write("monitors/broken.yaml", "monitors: [broken");
    project.run(&["plan"]).check(1, &["broken.yaml"]);
    project
        .run(&["apply", "--destroy", "--only", "monitors/m1?", "--yes"])
        .check(0, &["Applied: 10 deleted."]);
    project.write("monitors/broken.yaml", "");
    assert_eq!(project.live().len(), 20);
    project.write("musher.yaml", "project: [broken");
    project.run(&["apply", "--destroy", "--yes"]).check(1, &["musher.yaml"]);
}
