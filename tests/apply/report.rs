//! `--report FILE`, and `--force`.

use serde_json::{Value, json};

use super::{Project, monitor};

fn report(project: &Project, arguments: &[&str], exit: i32) -> Value {
    let _ = std::fs::remove_file(project.path("report.json"));
    project.run(&[&["apply", "--report", "report.json"], arguments].concat()).check(exit, &[]);
    project.json("report.json")
}

#[test]
fn a_report_tells_what_was_done() {
    let project = Project::sandbox();
    project.declare([("a", 1)]);
    let done = report(&project, &["--yes"], 0);
    let change = &done["changes"][0];
    for (key, expected) in [
        ("address", json!("monitors/a")),
        ("action", json!("create")),
        ("status", json!("done")),
        ("attempts", json!(1)),
        ("error", Value::Null),
    ] {
        assert_eq!(change[key], expected, "{change}");
    }
    assert!(change["id"].is_string() && change["ms"].is_u64(), "{change}");
    assert!(change["url"].as_str().unwrap().starts_with("https://sandbox.invalid/monitors/"), "{change}");
    assert_eq!(done["summary"], json!({"done": 1, "failed": 0, "not_tried": 0}));
    assert_eq!(report(&project, &["--yes"], 0)["changes"], json!([]));
}

#[test]
fn a_report_is_written_where_nothing_was_tried() {
    let project = Project::sandbox();
    project.declare([("a", 1)]);
    project.run(&["apply", "--yes"]).check(0, &[]);
    project.write("monitors/shop.yaml", "");
    let held = report(&project, &["--yes"], 3);
    assert_eq!(held["changes"][0]["status"], "not_tried");
    assert_eq!(held["changes"][0]["error"], "the brake `empty` holds");
}

/// An SLO and a composite that this project doesn't know of use what it deletes.
#[test]
fn what_others_use_is_deleted_by_force_only() {
    let project = Project::sandbox();
    project.write(
        "monitors/shop.yaml",
        &format!("monitors:\n  used: {}\n  free: {}\n", monitor("used", 1), monitor("free", 1)),
    );
    project.run(&["apply", "--yes"]).check(0, &[]);
    let id = project.live().into_iter().find(|(address, _)| address == "monitors/used").unwrap().1;

    // Another project in the same organisation.
    let other = Project::new(&format!("  sandbox: {{api: sandbox}}\nvars: {{used: {id}}}\n"));
    other.write("musher.yaml", &other.read("musher.yaml").replace("project: shop", "project: other"));
    other.write(
        "monitors/other.yaml",
        &format!("slos:\n  up: {{name: Up, type: monitor, monitor_ids: [{id}], thresholds: [{{timeframe: 7d, target: 99}}]}}\n"),
    );
    std::fs::create_dir_all(other.path(".musher")).unwrap();
    std::fs::rename(project.path(".musher/sandbox"), other.path(".musher/sandbox")).unwrap();
    other.run(&["apply", "--yes"]).check(0, &["1 created"]);
    std::fs::rename(other.path(".musher/sandbox"), project.path(".musher/sandbox")).unwrap();

    let partly = report(&project, &["--destroy", "--yes"], 4);
    let of = |address: &str| {
        let changes = partly["changes"].as_array().unwrap();
        changes.iter().find(|change| change["address"] == address).unwrap().clone()
    };
    assert_eq!(of("monitors/free")["status"], "done");
    assert_eq!(of("monitors/used")["status"], "failed");
    let error = of("monitors/used")["error"].as_str().unwrap().to_owned();
    assert!(error.contains("still used") && error.contains("Up"), "{error}");
    assert_eq!(project.live().len(), 1);
    let forced = report(&project, &["--destroy", "--yes", "--force"], 0);
    assert_eq!(forced["changes"][0]["status"], "done");
    assert_eq!(project.live(), []);
}
