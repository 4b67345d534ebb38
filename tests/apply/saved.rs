//! Saved plans: exactly that, or a refusal that names what moved.

use super::{Project, monitor};

/// Two monitors are live, one of them is to be changed, and the plan for it is saved.
fn saved() -> Project {
    let project =
        Project::new("  sandbox: {api: sandbox}\n  other: {api: sandbox}\ndefault_environment: sandbox\n");
    project.declare([("a", 1), ("b", 1)]);
    project.run(&["apply", "--yes"]).check(0, &["Applied: 2 created."]);
    project.declare([("a", 2), ("b", 1)]);
    project.run(&["plan", "--format", "json", "-o", "plan.json"]).check(0, &[]);
    project
}

/// Nothing of the plan was done.
#[track_caller]
fn refused(project: &Project, said: &[&str]) {
    let state = || {
        let files = project.files().into_iter();
        files.filter(|(path, _)| path.starts_with(project.path(".musher"))).collect::<Vec<_>>()
    };
    let before = state();
    assert!(!before.is_empty());
    let ran = project.run(&["apply", "plan.json", "-e", "sandbox", "--yes"]);
    ran.check(1, said);
    assert!(!ran.all().contains("Applied"), "{ran:#?}");
    assert_eq!(before, state());
}

/// Changes the live object behind the project's back, as somebody in the UI would: by the same binary, from
/// definitions that are put back.
fn edit_live(project: &Project, monitors: [(&str, u32); 2]) {
    let kept = project.read("monitors/shop.yaml");
    project.declare(monitors);
    project.run(&["apply", "--yes"]).check(0, &[]);
    project.write("monitors/shop.yaml", &kept);
}

#[test]
fn a_saved_plan_is_carried_out_as_it_is() {
    let project = saved();
    // Comments and lines are not definitions.
    let text = project.read("monitors/shop.yaml");
    project.write("monitors/shop.yaml", &format!("# moved down\n\n{text}"));
    project.run(&["apply", "plan.json", "-e", "sandbox", "--yes"]).check(0, &["Applied: 1 changed."]);
    project.run(&["plan"]).check(0, &["No changes."]);
    refused(&project, &["plan.json no longer fits", "monitors/a: the live object"]);
}

#[test]
fn a_saved_plan_carries_its_environment_and_selection() {
    let project = saved();
    project.declare([("a", 2), ("b", 3)]);
    let plan = ["plan", "-e", "other", "--only", "monitors/a", "--format", "json", "-o", "plan.json"];
    project.run(&plan).check(0, &[]);
    let elsewhere = project.run(&["apply", "plan.json", "-e", "sandbox", "--yes"]);
    elsewhere.check(1, &["was planned for the environment other, not for sandbox"]);
    let other = ["apply", "plan.json", "-e", "other", "--yes"];
    project.run(&[&other[..], &["--only", "x"]].concat()).check(1, &["was not planned with that `--only`"]);
    project.run(&[&other[..], &["--destroy"]].concat()).check(1, &["cannot be used with"]);
    // Whoever may write the file must not choose the environment.
    project
        .run(&["apply", "plan.json", "--yes"])
        .check(1, &["several environments", "`-e`", "it says other"]);
    project.run(&["plan", "-e", "other"]).check(0, &["2 to create"]);
    let same = [&other[..], &["--only", "monitors/a"]].concat();
    project.run(&same).check(0, &["Environment other", "Applied: 1 created."]);
    project.run(&["plan"]).check(0, &["Environment sandbox", "2 to change"]);
}

#[test]
fn what_moved_is_named() {
    let project = saved();
    project.declare([("a", 3), ("b", 1)]);
    refused(&project, &["monitors/a: its definition was changed"]);

    let project = saved();
    project.declare([("a", 2), ("b", 7)]);
    refused(&project, &["monitors/b: its definition was changed"]);

    let project = saved();
    project.declare([("a", 2), ("b", 1), ("c", 1)]);
    refused(&project, &["monitors/c: it is defined since"]);

    let project = saved();
    edit_live(&project, [("a", 9), ("b", 1)]);
    refused(&project, &["monitors/a: the live object", "was changed (options, query)"]);

    let project = saved();
    edit_live(&project, [("a", 1), ("b", 9)]);
    refused(&project, &["monitors/b: the live object", "was made or changed"]);

    let project = saved();
    let kept = project.read("monitors/shop.yaml");
    project.write("monitors/shop.yaml", &format!("monitors:\n  b: {}\n", monitor("b", 1)));
    project.run(&["apply", "--yes"]).check(0, &["1 deleted"]);
    project.write("monitors/shop.yaml", &kept);
    refused(&project, &["monitors/a: the live object", "was changed or deleted"]);

    let project = saved();
    let config = project.read("musher.yaml").replace("project: shop", "project: store");
    project.write("musher.yaml", &config);
    refused(&project, &["the project was shop, and is store"]);

    let project = saved();
    let config =
        project.read("musher.yaml").replace("sandbox", "local").replace("api: local", "api: sandbox");
    project.write("musher.yaml", &config);
    refused(&project, &["There is no environment `sandbox`"]);
}

#[test]
fn a_file_that_was_tampered_with_is_refused() {
    let project = saved();
    let text = project.read("plan.json");
    for (from, to, said) in [
        ("\"action\": \"update\"", "\"action\": \"delete\"", "its digest doesn't fit"),
        ("\"environment\": \"sandbox\"", "\"environment\": \"other\"", "its digest doesn't fit"),
        ("\"format_version\": 1", "\"format_version\": 2", "its format is 2"),
        (concat!("\"", env!("CARGO_PKG_VERSION"), "\""), "\"0.0.0\"", "musher 0.0.0 wrote it"),
        ("\"saved\"", "\"unsaved\"", "not saved to be applied"),
        ("{", "", "it is not a saved plan in JSON"),
    ] {
        let edited = text.replacen(from, to, 1);
        assert_ne!(edited, text);
        project.write("plan.json", &edited);
        refused(&project, &["plan.json can't be applied", said]);
    }
    project.write("plan.json", &text);
    project.run(&["apply", "plan.json", "-e", "sandbox", "--yes"]).check(0, &[]);
    project.run(&["apply", "none.json", "--yes"]).check(1, &["none.json can't be read"]);
    project.run(&["apply", "monitors", "--yes"]).check(1, &["monitors can't be"]);
}

#[test]
fn a_saved_plan_is_held_by_brakes_and_asks_too() {
    let project = saved();
    project.run(&["apply", "plan.json", "-e", "sandbox"]).check(1, &["run it with --yes"]);
    project.write("monitors/shop.yaml", "");
    project.run(&["plan", "--format", "json", "-o", "plan.json"]).check(0, &[]);
    project.run(&["apply", "plan.json", "-e", "sandbox", "--yes"]).check(3, &["held by the brake `empty`"]);
    let released = ["apply", "plan.json", "-e", "sandbox", "--yes", "--release-brake", "empty"];
    project.run(&released).check(0, &["Applied: 2 deleted."]);
}

#[test]
fn a_plan_without_changes_is_saved_too() {
    let project = Project::sandbox();
    project.declare([("a", 1)]);
    project.run(&["apply", "--yes"]).check(0, &[]);
    project.run(&["plan", "--format", "json", "-o", "plan.json"]).check(0, &[]);
    project.run(&["apply", "plan.json", "--yes"]).check(0, &["No changes."]);
    project.declare([("a", 2)]);
    refused(&project, &["monitors/a: its definition was changed"]);
}
