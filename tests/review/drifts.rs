//! `drift`: who changed what, and the one issue that tells of it.

use serde_json::Value;

use super::openapi;
use super::stand_in::StandIn;
use super::{Project, TOKEN};

/// What was applied, and is declared otherwise since: as if somebody had changed it live.
fn drifted(project: &Project) {
    project.declare(&[("a", 1), ("b", 1)]);
    project.run(&["apply", "--yes"]).check(0, &[]);
    project.declare(&[("a", 1), ("b", 2)]);
}

#[test]
fn every_format_tells_it_and_the_exit_code_too() {
    let project = Project::bare();
    project.declare(&[("a", 1)]);
    project.run(&["apply", "--yes"]).check(0, &[]);
    project.run(&["drift"]).check(0, &["No drift: 1 object as they are declared."]);
    drifted(&project);
    project
        .run(&["drift"])
        .check(2, &["Made by", "monitors/b  differs", "options.thresholds.critical: 2 → 1"]);
    let json = project.json(&["drift"]);
    assert_eq!(json["drift"][0]["address"], "monitors/b");
    assert!(
        json["drift"][0]["modified"].is_string() && json["drift"][0]["by"]["name"].is_string(),
        "{json:#}"
    );
    assert_eq!(json["groups"][0]["count"], 1);
    let markdown = project.run(&["drift", "--format", "markdown"]);
    markdown
        .check(2, &["<!-- musher:drift shop.sandbox -->", "### Drift: 1 object differs from its definition"]);
    let github = project.run(&["drift", "--format", "github"]);
    github.check(2, &["::warning file=monitors/shop.yaml,line=3,title=monitors/b::it drifted: "]);
    assert_eq!(project.run(&["drift"]).out, project.run(&["drift"]).out);
}

fn states(service: &StandIn) -> Vec<Value> {
    service.state().issues.iter().map(|issue| issue["state"].clone()).collect()
}

#[test]
fn one_issue_is_opened_updated_and_closed() {
    for (is_github, open) in [(true, "open"), (false, "opened")] {
        let service = StandIn::start();
        let project = Project::bare();
        let project = if is_github { project.on_github(&service) } else { project.on_gitlab(&service) };
        drifted(&project);
        let first = project.run(&["drift", "--issue"]);
        first.check(2, &["An issue was opened for shop.sandbox."]);
        project.run(&["drift", "--issue"]).check(2, &["says the same already"]);
        project.declare(&[("a", 7), ("b", 2)]);
        project.run(&["drift", "--issue"]).check(2, &["was updated"]);
        assert_eq!(states(&service), [open]);
        let text = if is_github { "body" } else { "description" };
        let issue = service.state().issues[0].clone();
        assert!(
            issue[text].as_str().unwrap().starts_with("<!-- musher:drift shop.sandbox -->\n### Drift: 2 ")
        );
        assert_eq!(issue["title"], "Drift in shop.sandbox");
        project.declare(&[("a", 1), ("b", 1)]);
        project.run(&["drift", "--issue"]).check(0, &["was closed"]);
        assert_eq!(states(&service), ["closed"]);
        project.run(&["drift", "--issue"]).check(0, &["no need of one"]);
        project.run(&["drift", "--issue", "--only", "monitors/a"]).check(0, &["not written with --only"]);
        let seen = service.state().seen.clone();
        if is_github {
            openapi::check(&seen);
        }
        assert!(!seen.iter().any(|seen| seen.body.to_string().contains(TOKEN)) && !first.err.contains(TOKEN));
    }
}
