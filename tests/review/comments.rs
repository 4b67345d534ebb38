//! `comment` on GitHub: one comment kept up to date through whatever happens.

use serde_json::{Value, json};

use super::openapi;
use super::stand_in::{Fault, How, StandIn};
use super::{Project, SHA, TOKEN};

const LIST: &str = "GET /repos/o/r/issues/7/comments";
const POST: &str = "POST /repos/o/r/issues/7/comments";
const MARKER: &str = "<!-- musher:plan shop.sandbox -->";

/// A project with a plan of two new monitors, and a stand-in that is asked about it.
fn planned() -> (Project, StandIn) {
    let service = StandIn::start();
    let project = Project::bare().on_github(&service);
    project.declare(&[("a", 1), ("b", 2)]);
    project.plan();
    (project, service)
}

/// The end of every case: GitHub would have taken all of it, and the token was said nowhere.
fn end(project: &Project, service: &StandIn, runs: &[&super::Ran]) {
    let seen = service.state().seen.clone();
    openapi::check(&seen);
    for ran in runs {
        assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN), "{ran:#?}");
    }
    for seen in &seen {
        assert!(!seen.body.to_string().contains(TOKEN) && !seen.path.contains(TOKEN), "{seen:?}");
        assert!(seen.headers.to_lowercase().contains("authorization: bearer "), "{seen:?}");
    }
    for name in ["summary.md", "plan.json"] {
        assert!(!project.read(name).contains(TOKEN), "{name}");
    }
}

fn comment(id: u64, form: &str, body: &str) -> Value {
    json!({"id": id, "node_id": format!("N{id}"), "user": {"login": "x", "type": form}, "body": body})
}

fn bodies(service: &StandIn) -> Vec<String> {
    service.state().comments.iter().map(|one| one["body"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn one_comment_is_made_kept_and_changed() {
    let (project, service) = planned();
    let first = project.run(&["comment", "plan.json"]);
    first.check(0, &["shop.sandbox: a new comment on 7"]);
    let body = bodies(&service).pop().unwrap();
    let lines: Vec<&str> = body.lines().collect();
    assert_eq!(&lines[..2], [MARKER, "### 2 to create"]);
    assert_eq!(lines.last(), Some(&"Plan: 2 to create."));
    assert!(body.contains("Commit `0123456789ab`"), "{body}");
    assert!(body.contains("(https://github.com/o/r/actions/runs/55)"), "{body}");
    assert!(project.read("summary.md").contains("### 2 to create"));

    let same = project.run(&["comment", "plan.json"]);
    same.check(0, &["says the same already"]);
    assert_eq!(service.state().writes(), [POST]);

    project.declare(&[("a", 1)]);
    project.plan();
    let changed = project.run(&["comment", "plan.json"]);
    changed.check(0, &["was updated"]);
    assert_eq!(service.state().writes(), [POST, "PATCH /repos/o/r/issues/comments/1001"]);
    assert!(bodies(&service)[0].starts_with(&format!("{MARKER}\n### 1 to create\n")));

    // Nothing to do any more: what is there is corrected, and nothing new is said.
    project.run(&["apply", "--yes"]).check(0, &[]);
    project.plan();
    project.run(&["comment", "plan.json"]).check(0, &["was updated"]);
    assert!(bodies(&service)[0].starts_with(&format!("{MARKER}\n### No changes\n")));
    service.state().comments.clear();
    let quiet = project.run(&["comment", "plan.json"]);
    quiet.check(0, &["no changes, and no comment on 7 to update"]);
    assert_eq!(bodies(&service), [""; 0]);
    end(&project, &service, &[&first, &same, &changed, &quiet]);
}

#[test]
fn only_a_bots_comment_that_begins_with_the_marker_is_ours() {
    let (project, service) = planned();
    let others = vec![
        comment(1, "User", &format!("{MARKER}\nmine")),
        comment(2, "Bot", &format!("> {MARKER}\nquoted")),
        comment(3, "Bot", "<!-- musher:plan shop.prod -->\nanother"),
        comment(4, "Bot", "<!-- musher:plan shop.sandbox infra -->\nanother"),
        comment(5, "Bot", "<!-- musher:apply shop.sandbox -->\nanother"),
    ];
    service.state().comments.clone_from(&others);
    let ran = project.run(&["comment", "plan.json"]);
    ran.check(0, &["a new comment"]);
    assert_eq!(service.state().comments[..5], others[..]);
    assert_eq!(service.state().comments.len(), 6);
    project.run(&["comment", "plan.json", "--as", "infra"]).check(0, &["was updated"]);
    assert!(bodies(&service)[3].starts_with("<!-- musher:plan shop.sandbox infra -->\n### 2 to create"));
    project.run(&["comment", "plan.json", "--as", "a b"]).check(1, &["the name of --as"]);
    end(&project, &service, &[&ran]);
}

#[test]
fn ours_is_found_on_the_third_page() {
    let (project, service) = planned();
    let mut all: Vec<Value> = (0..250).map(|n| comment(n + 1, "User", "talk")).collect();
    all[240] = comment(241, "Bot", &format!("{MARKER}\nold"));
    service.state().comments = all;
    let ran = project.run(&["comment", "plan.json"]);
    ran.check(0, &["was updated"]);
    assert_eq!(service.state().seen.iter().filter(|seen| seen.name() == LIST).count(), 3);
    assert_eq!(service.state().writes(), ["PATCH /repos/o/r/issues/comments/241"]);
    end(&project, &service, &[&ran]);
}

#[test]
fn what_is_refused_is_a_warning_and_strictly_an_error() {
    let (project, service) = planned();
    for (status, said) in [
        (403, "permissions: {pull-requests: write}"),
        (404, "does not exist, or the token may not see it"),
        (422, "was refused: 422"),
        (401, "GITHUB_TOKEN is not a valid token"),
    ] {
        service.calm();
        service.state().faults.push(Fault { of: POST, how: How::Status(status, &[]), times: 9 });
        let ran = project.run(&["comment", "plan.json"]);
        ran.check(0, &["warning: POST", said]);
        let strict = project.run(&["comment", "plan.json", "--strict"]);
        strict.check(1, &[said]);
        assert_eq!(service.state().writes(), [POST, POST], "{status} is not repeated");
        end(&project, &service, &[&ran, &strict]);
    }
}

#[test]
fn limits_and_faults_pass() {
    let slow: &[(&str, &str)] = &[("Retry-After", "1")];
    let secondary: &[(&str, &str)] = &[("Retry-After", "1"), ("X-RateLimit-Remaining", "0")];
    for (of, how, times, posts) in [
        (POST, How::Status(429, slow), 1, 2),
        (POST, How::Status(403, secondary), 1, 2),
        (LIST, How::Status(500, &[]), 2, 1),
        (LIST, How::Reset, 2, 1),
        // Nobody knows whether it was done: it is looked for before it is sent again.
        (POST, How::DoneAndLost, 1, 1),
        (POST, How::DoneAnd502, 1, 1),
        (POST, How::Reset, 1, 2),
        (POST, How::Status(503, &[]), 1, 2),
    ] {
        let (project, service) = planned();
        service.state().faults.push(Fault { of, how: how.clone(), times });
        let ran = project.run(&["comment", "plan.json"]);
        ran.check(0, &["a new comment on 7"]);
        assert_eq!(bodies(&service).len(), 1, "{of} {how:?}");
        assert_eq!(service.state().writes().len(), posts, "{of} {how:?}");
        end(&project, &service, &[&ran]);
    }
}

#[test]
fn behaviors_labels_and_checks() {
    let (project, service) = planned();
    let ran = project.run(&["comment", "plan.json", "--label", "--check-run"]);
    ran.check(0, &[]);
    assert_eq!(service.state().checks[0]["head_sha"], SHA);
    assert_eq!(service.state().checks[0]["conclusion"], "success");
    project.run(&["comment", "plan.json", "--behavior", "new"]).check(0, &["a new comment"]);
    assert_eq!(bodies(&service).len(), 2);
    project.run(&["comment", "plan.json", "--behavior", "hide-and-new"]).check(0, &["a new comment"]);
    assert_eq!(service.state().hidden, [json!("N1001"), json!("N1003")]);
    assert_eq!(service.state().labels, [""; 0]);

    project.run(&["apply", "--yes"]).check(0, &[]);
    project.declare(&[("a", 9)]);
    project.plan();
    service.state().labels = ["bug", "musher: no changes"].map(str::to_owned).to_vec();
    let risky = project.run(&["comment", "plan.json", "--label", "--check-run"]);
    risky.check(0, &[]);
    assert_eq!(service.state().labels, ["bug", "musher: risky", "musher: deletes"]);
    let check = service.state().checks.last().unwrap().clone();
    assert_eq!(check["conclusion"], "neutral");
    assert_eq!(check["output"]["annotations"][0]["path"], "monitors/shop.yaml");
    end(&project, &service, &[&ran, &risky]);
}

#[test]
fn annotations_are_as_many_as_are_shown_and_the_others_counted() {
    let (project, service) = planned();
    let many: Vec<(String, u32)> = (0..60).map(|n| (format!("m{n}"), 1)).collect();
    let declare = |limit: u32| {
        let all: Vec<(&str, u32)> = many.iter().map(|(id, _)| (id.as_str(), limit)).collect();
        project.declare(&all);
    };
    declare(1);
    project.run(&["apply", "--yes", "--release-brake", "delete"]).check(0, &[]);
    declare(2);
    project.plan();
    let ran = project.run(&["comment", "plan.json"]);
    ran.check(0, &["::warning title=musher::and 51 more in the summary of this job"]);
    assert_eq!(ran.out.lines().count(), 10, "{}", ran.out);
    let all = project.run(&["comment", "plan.json", "--check-run"]);
    assert_eq!(all.out, "");
    let checks = service.state().checks.clone();
    let annotations = |at: usize| checks[at]["output"]["annotations"].as_array().unwrap().len();
    assert_eq!((annotations(0), annotations(1)), (50, 10));
    end(&project, &service, &[&ran, &all]);
}

#[test]
fn the_pull_request_of_a_run_is_found_by_its_commit() {
    let (mut project, service) = planned();
    let open = json!({"number": 7, "state": "open", "head": {"sha": SHA}});
    let event = json!({"workflow_run": {"id": 12, "head_sha": SHA, "head_branch": "b", "pull_requests": [{"number": 8}],
        "head_repository": {"owner": {"login": "fork"}}}});
    project.write("event.json", &event.to_string());
    project.set("GITHUB_EVENT_NAME", "workflow_run");
    let other = json!({"number": 9, "state": "open", "head": {"sha": "f".repeat(40)}});
    service.state().of_commit = vec![other.clone()];
    let none = project.run(&["comment", "plan.json", "--strict"]);
    none.check(0, &["about no pull request"]);
    assert_eq!(service.state().writes(), [""; 0]);
    // A fork's commit may be known by its branch alone.
    service.state().pulls = vec![other, open.clone()];
    let by_branch = project.run(&["comment", "plan.json"]);
    by_branch.check(0, &["a new comment on 7"]);
    assert!(bodies(&service)[0].contains("/actions/runs/12)"));
    service.state().of_commit = vec![open];
    let by_commit = project.run(&["comment", "plan.json"]);
    by_commit.check(0, &["says the same already"]);
    end(&project, &service, &[&none, &by_branch, &by_commit]);
}

#[test]
fn what_an_apply_did_is_told_on_the_merged_pull_request() {
    let (mut project, service) = planned();
    project.run(&["apply", "--yes", "--report", "report.json"]).check(0, &[]);
    project.set("GITHUB_EVENT_NAME", "push");
    project.set("GITHUB_SHA", SHA);
    project.write("event.json", "{}");
    let merged =
        json!({"number": 7, "state": "closed", "merged_at": "2026-01-31T10:00:00Z", "merge_commit_sha": SHA});
    service.state().of_commit = vec![json!({"number": 8, "state": "closed", "merged_at": null}), merged];
    let ran = project.run(&["comment", "report.json"]);
    ran.check(0, &["a new comment on 7"]);
    let body = &bodies(&service)[0];
    assert!(body.starts_with("<!-- musher:apply shop.sandbox -->\n### Applied: 2 created\n"), "{body}");
    assert!(body.contains("- created `monitors/a`"), "{body}");
    end(&project, &service, &[&ran]);
}

#[test]
fn the_report_of_an_apply_is_not_taken_from_another_run() {
    let (mut project, service) = planned();
    project.run(&["apply", "--yes", "--report", "report.json"]).check(0, &[]);
    let open = json!({"number": 7, "state": "open", "head": {"sha": SHA}});
    service.state().of_commit = vec![open];
    let event = json!({"workflow_run": {"id": 12, "head_sha": SHA, "head_branch": "b", "pull_requests": []}});
    project.write("event.json", &event.to_string());
    project.set("GITHUB_EVENT_NAME", "workflow_run");
    for words in [&["comment", "report.json"][..], &["comment", "plan.json", "report.json", "--pr", "7"]] {
        project.run(words).check(1, &["report.json is the report of an apply", "it is not posted"]);
    }
    assert!(service.state().seen.is_empty());
    assert_eq!(project.read("summary.md"), "");
    // Its harmless twin is the plan of that run.
    project.run(&["comment", "plan.json"]).check(0, &["a new comment on 7"]);
}

#[test]
fn a_plan_that_failed_is_told_and_no_old_one_is_left() {
    let (project, service) = planned();
    project.write("monitors/shop.yaml", "monitors:\n  a: {type: query alert, name: \"${nothing}\"}\n");
    project.run(&["plan", "--format", "json", "-o", "plan.json"]).check(1, &["unknown-name"]);
    let ran = project.run(&["comment", "plan.json"]);
    ran.check(0, &["a new comment on 7", "::error file=monitors/shop.yaml,line=2,"]);
    let body = &bodies(&service)[0];
    assert!(body.starts_with(&format!("{MARKER}\n### The plan failed for `sandbox`\n")), "{body}");
    assert!(
        body.contains("`unknown-name`")
            && body.contains("`nothing`")
            && body.contains("`monitors/shop.yaml:2`"),
        "{body}"
    );
    end(&project, &service, &[&ran]);
}

#[test]
fn a_file_that_is_not_a_plan_is_never_posted() {
    let (project, service) = planned();
    for text in [
        "",
        "# Title",
        "{}",
        "[]",
        "{\"format_version\": 1, \"project\": \"@all\", \"changes\": []}",
        &"[".repeat(1 << 16),
    ] {
        project.write("bad.json", text);
        project.run(&["comment", "bad.json"]).check(1, &["bad.json is not posted"]);
        project.run(&["comment", "plan.json", "bad.json"]).check(1, &["bad.json is not posted"]);
    }
    project.write("bad.json", &format!("{{\"x\": \"{}\"}}", "y".repeat(33 << 20)));
    project.run(&["comment", "bad.json"]).check(1, &["larger than 32 MB"]);
    project.run(&["comment", "plan.json", "plan.json"]).check(1, &["are both of shop.sandbox"]);
    project.run(&["comment", "gone.json"]).check(1, &["there is no file gone.json"]);
    assert!(service.state().seen.is_empty());
    assert_eq!(project.read("summary.md"), "");
}

#[test]
fn a_strangers_plan_is_text() {
    let (project, service) = planned();
    let mut plan: Value = serde_json::from_str(&project.read("plan.json")).unwrap();
    let evil = "@everyone --> </details><script>alert(1)</script> \u{1b}[31m\u{202e} [x](javascript:1) ![](https://evil.example/x) \
                | `code` \n\n# Title\n\n- [ ] task fixes #1 ::error::x ##[error]x \u{fdd0}id monitors/a\u{fdd1}";
    plan["site"] = json!(evil);
    plan["warnings"] =
        json!([{"code": evil, "text": evil, "source": {"file": evil, "line": 1, "column": 1}}]);
    plan["brakes"] = json!([{"name": evil, "text": evil, "remedy": evil}]);
    plan["only"] = json!([evil]);
    let change = &mut plan["changes"][0];
    change["url"] = json!(evil);
    change["source"] = json!({"file": evil, "line": 1, "column": 1});
    change["address"] = json!(format!("monitors/{evil}"));
    change["risks"] = json!([{"code": evil, "text": evil}]);
    change["diff"] = json!([{"path": evil, "op": "replace", "before": evil, "after": {"x": evil}}]);
    project.write("plan.json", &plan.to_string());
    let ran = project.run(&["comment", "plan.json"]);
    ran.check(0, &["a new comment"]);
    let body = &bodies(&service)[0];
    assert!(body.len() <= 65_536 && body.starts_with(MARKER), "{body}");
    assert!(!body.contains("<script>alert") || code_spans_hold(body, "<script>"), "{body}");
    assert!(!body.chars().any(|c| c != '\n' && c.is_control()), "{body:?}");
    assert!(!body.contains('\u{202e}') && !body.contains('\u{fdd0}'));
    assert!(!body.contains("(javascript:") || code_spans_hold(body, "(javascript:"), "{body}");
    assert!(code_spans_hold(body, "@everyone"), "{body}");
    let commands = ran.out.lines().filter(|line| !line.starts_with("::warning "));
    assert_eq!(commands.collect::<Vec<_>>(), [""; 0], "{}", ran.out);
    end(&project, &service, &[&ran]);
}

/// Whether a text stands only where nothing acts: between backquotes, in a fenced block, or in an HTML code element.
fn code_spans_hold(body: &str, text: &str) -> bool {
    let mut fenced = false;
    body.lines().all(|line| {
        if line.starts_with("```") {
            fenced = !fenced;
            return true;
        }
        line.match_indices(text).all(|(at, _)| {
            let before = &line[..at];
            fenced || before.matches('`').count() > 0 || before.contains("<code>")
        })
    })
}

#[test]
fn without_a_token_or_a_system_nothing_is_sent() {
    let (mut project, service) = planned();
    project.set("GITHUB_TOKEN", "");
    project.run(&["comment", "plan.json"]).check(0, &["GITHUB_TOKEN is not set"]);
    project.run(&["comment", "plan.json", "--strict"]).check(1, &["GITHUB_TOKEN is not set"]);
    assert!(project.read("summary.md").contains("### 2 to create"), "the summary needs no token");
    project.set("GITHUB_ACTIONS", "");
    project.run(&["comment", "plan.json"]).check(1, &["not a job of GitHub Actions or GitLab CI"]);
    project.set("GITHUB_TOKEN", TOKEN);
    project.set("GITHUB_API_URL", "http://example.com");
    project.run(&["comment", "plan.json", "--github"]).check(0, &["would send keys unencrypted"]);
    assert!(service.state().seen.is_empty());
}
