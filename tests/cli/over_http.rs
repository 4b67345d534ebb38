//! What a plan costs, counted by the API: requests, by route, cold and warm.

use std::path::Path;

use crate::api::{Requests, Served};
use crate::project::{CRATE, Project};

/// Checks a plan against the floor: the pages of each kind's list, and one read of each dashboard that is not in the
/// cache. The organisation costs one more.
#[track_caller]
fn check(what: &str, requests: &Requests, monitors: u64, dashboards: u64) {
    println!("{what}: {} requests {:?}", requests.total, requests.routes);
    // A page that is full may be the last one: only the next tells.
    assert_eq!(requests.of("GET /api/v1/monitor"), monitors / 1000 + 1, "{what}");
    assert_eq!(requests.of("GET /api/v1/slo"), 1, "{what}");
    assert_eq!(requests.of("GET /api/v1/dashboard"), 1, "{what}");
    assert_eq!(requests.of("GET /api/v1/dashboard/{id}"), dashboards, "{what}");
    assert_eq!(requests.of("GET /api/v1/org"), 1, "{what}");
    assert_eq!(requests.total, monitors / 1000 + 1 + 1 + 1 + dashboards + 1, "{what}");
}

/// Plans twice, the first time with nothing in the cache.
fn cold_and_warm(project: &Project, served: &Served, monitors: u64, dashboards: u64) {
    project.fine(&["apply", "--yes", "-q"]);
    std::fs::remove_dir_all(project.path(&project.cache())).unwrap();
    let _ = served.requests();
    for (what, reads) in [("cold", dashboards), ("warm", 0)] {
        let ran = project.exits(0, &["plan", "--detailed-exitcode"]);
        assert!(ran.out.ends_with("No changes.\n"), "{}", ran.shown());
        check(what, &served.requests(), monitors, reads);
    }
    project.exits(0, &["plan", "--detailed-exitcode", "--no-cache"]);
    check("without a cache", &served.requests(), monitors, dashboards);
}

#[test]
fn a_plan_of_a_small_project_costs_its_lists() {
    let mut project = Project::new("project: shop\n");
    let served = Served::for_project(&mut project);
    let boards: Vec<String> = (0..7)
        .map(|n| format!("  board-{n}: {{title: Board {n}, layout_type: ordered, widgets: []}}\n"))
        .collect();
    project.declare(&format!(
        "monitors:\n  one: {{name: One, type: query alert, query: 'avg(last_5m):avg:a.b{{*}} > 1'}}\ndashboards:\n{}",
        boards.concat()
    ));
    cold_and_warm(&project, &served, 1, 7);

    // One that changed since is read again, and no other.
    let path = format!("/api/v1/dashboard/{}", project.ids()["dashboards/board-3"]);
    let mut live = served.get(&path);
    live["title"] = "Edited".into();
    served.send("PUT", &path, &live);
    let _ = served.requests();
    assert_eq!(project.actions(), ["update dashboards/board-3"]);
    check("one changed", &served.requests(), 1, 1);
}

#[test]
fn a_plan_of_the_example_costs_its_lists() {
    let mut project = Project::empty();
    copy(Path::new(CRATE), &project.path(""));
    let config = project.read("musher.yaml").replace("sandbox: {api: sandbox}", "sandbox: {}");
    project.write("musher.yaml", config);
    let served = Served::for_project(&mut project);
    project.fine(&["apply", "--yes", "-q"]);
    let ids = project.ids();
    let of = |section: &str| ids.keys().filter(|address| address.starts_with(section)).count() as u64;
    assert!(of("monitors/") > 1000, "the example has shrunk");
    cold_and_warm(&project, &served, of("monitors/"), of("dashboards/"));
}

/// Copies the example: what a clone of the repository holds of a project.
pub fn copy(from: &Path, to: &Path) {
    std::fs::copy(from.join("musher.yaml"), to.join("musher.yaml")).unwrap();
    for folder in ["monitors", "inventory", "templates"] {
        copy_folder(&from.join(folder), &to.join(folder));
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
