//! `plan --base`: what a branch changes, without keys and beside what is live.

use serde_json::{Value, json};

use super::{Project, monitor};

const TEMPLATE: &str = "params: {name: {}, limit: {type: number, default: 5}}\nmonitors:\n  load:\n    type: query alert\n    name: load of ${name}\n    message: hi @slack-x\n    query: \"avg(last_5m):avg:system.load.1{host:${name}} > ${limit}\"\n    options: {thresholds: {critical: \"${limit}\"}}\n";
const USES: &str = "uses:\n  hosts: {template: host, for_each: ../inventory/hosts.json, key: \"${each}\", with: {name: \"${each}\"}}\nmonitors:\n  both: {type: composite, name: both, message: hi @slack-x, query: \"${monitors.[hosts/a/load].id} && ${monitors.[hosts/b/load].id}\"}\n  plain: ";

/// A project whose environment needs keys, and has none; one commit of it.
fn keyless() -> Project {
    let project = Project::bare();
    project.write("musher.yaml", "project: shop\nenvironments: {prod: {site: datadoghq.eu}}\n");
    project.write("templates/host.yaml", TEMPLATE);
    project.write("inventory/hosts.json", r#"["a", "b"]"#);
    project.write("monitors/shop.yaml", &format!("{USES}{}\n", monitor("plain", 1)));
    project.write("monitors/board.json", r#"{"title": "Board", "layout_type": "ordered", "widgets": []}"#);
    project.commit();
    project
}

fn plan(project: &Project, more: &[&str]) -> Value {
    project.json(&[&["plan", "--base", "main"], more].concat())
}

fn actions(plan: &Value) -> Vec<String> {
    let text = |change: &Value, key: &str| change[key].as_str().unwrap().to_owned();
    plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {}", text(one, "action"), text(one, "address")))
        .collect()
}

#[test]
fn without_keys_the_definitions_are_compared() {
    let project = keyless();
    let main = project.git(&["rev-parse", "HEAD"]);
    let none = plan(&project, &[]);
    assert_eq!(actions(&none), [""; 0]);
    assert_eq!(none["base"], json!({"ref": "main", "commit": main, "offline": true, "notes": []}));
    assert_eq!(none["summary"]["unchanged"], 5);
    assert!(none.get("saved").is_none());

    project.git(&["checkout", "-q", "-b", "branch"]);
    project.write("templates/host.yaml", &TEMPLATE.replace("default: 5", "default: 6"));
    project.write("inventory/hosts.json", r#"["b", "c"]"#);
    project.git(&["mv", "monitors/shop.yaml", "monitors/store.yaml"]);
    let moved = USES.replace("hosts/a", "hosts/c").replace("plain:", "simple:");
    let renamed = monitor("plain", 1).replacen('{', "{$moved_from: plain, ", 1);
    project.write("monitors/store.yaml", &format!("{moved}{renamed}\n"));
    let after = plan(&project, &[]);
    assert_eq!(
        actions(&after),
        [
            "update monitors/both",
            "delete monitors/hosts/a/load",
            "update monitors/hosts/b/load",
            "create monitors/hosts/c/load",
            "move monitors/simple",
        ]
    );
    assert_eq!(
        after["base"]["notes"],
        json!([
            "template host changed: 2 instances",
            "inventory `inventory/hosts.json` changed: of `hosts`, 1 instance is new (c), 1 instance is gone (a)"
        ])
    );
    let query = &after["changes"][0]["diff"][0];
    assert_eq!(query["before"], "${monitors.[hosts/a/load].id} && ${monitors.[hosts/b/load].id}");
    assert!(after["changes"].as_array().unwrap().iter().all(|change| change["cause"] == "change"));
    assert!(after["changes"].as_array().unwrap().iter().all(|change| change["datadog_id"].is_null()));
    // The merge base is meant, not the tip: what main did since is not this branch's.
    project.commit();
    project.git(&["checkout", "-q", "main"]);
    project.write("monitors/other.yaml", &format!("monitors:\n  other: {}\n", monitor("other", 1)));
    project.commit();
    project.git(&["checkout", "-q", "branch"]);
    assert_eq!(actions(&plan(&project, &[])), actions(&after));
    project
        .run(&["plan", "--base", "main"])
        .check(0, &["Compared with main at ", "Plan: 1 to create, 2 to change"]);
    let markdown = project.run(&["plan", "--base", "main", "--format", "markdown"]);
    markdown.check(0, &["<!-- musher:plan shop.prod -->\n", "- template host changed: 2 instances\n"]);
    assert_eq!(markdown.out, project.run(&["plan", "--base", "main", "--format", "markdown"]).out);
    // A plan of it can't be applied.
    project.run(&["plan", "--base", "main", "--format", "json", "-o", "plan.json"]).check(0, &[]);
    // It is shown again as it was told.
    assert_eq!(project.run(&["show", "plan.json", "--format", "markdown"]).out, markdown.out);
    project.run(&["show", "plan.json", "--format", "html"]).check(0, &["<!doctype html>"]);
    project.run(&["show", "inventory/hosts.json"]).check(1, &["can't be shown"]);
    project.run(&["apply", "plan.json", "--yes", "-e", "prod"]).check(1, &["not saved to be applied"]);
}

#[test]
fn an_environment_and_a_project_may_be_new() {
    let project = keyless();
    project.write(
        "musher.yaml",
        "project: shop\nenvironments: {prod: {site: datadoghq.eu}, staging: {site: datadoghq.eu}}\n",
    );
    let staging = plan(&project, &["-e", "staging"]);
    assert_eq!(staging["summary"]["create"], 5);
    assert_eq!(
        staging["base"]["notes"][0].as_str().unwrap().split(" since").next(),
        Some("the environment `staging` is new")
    );
    let prod = plan(&project, &["-e", "prod"]);
    assert_eq!(prod["base"]["notes"], json!(["`musher.yaml` changed"]));
    assert_eq!(actions(&prod), [""; 0]);
}

#[test]
fn what_fails_on_one_side_is_told_and_the_rest_compared() {
    let project = keyless();
    let good = project.read("monitors/shop.yaml");
    project.write("monitors/shop.yaml", &good.replace("name: both", "name: \"${nothing}\""));
    project.commit();
    project.write("monitors/shop.yaml", &format!("{good}  new: {}\n", monitor("new", 1)));
    let mended = plan(&project, &[]);
    assert_eq!(actions(&mended), ["create monitors/new"], "what can't be read there is left out: {mended:#}");
    assert_eq!(mended["warnings"][0]["code"], "unknown-name");
    assert!(mended["base"]["notes"].to_string().contains("1 resource can't be compared"), "{mended:#}");
    project.commit();
    project.write(
        "monitors/shop.yaml",
        &good
            .replace("name: both", "name: \"${nothing}\"")
            .replace("critical: 1", "critical: 2")
            .replace("> 1", "> 2"),
    );
    let ran = project.run(&["plan", "--base", "main", "--format", "json"]);
    ran.check(1, &["unknown-name"]);
    let broken: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(actions(&broken), ["delete monitors/new", "update monitors/plain"], "{broken:#}");
}

#[test]
fn hostile_names_and_shallow_clones_are_answered() {
    let project = keyless();
    for reference in ["--all", "--output=x", "nothing", "", "main\n", "-h", "main..main"] {
        let ran = project.run(&["plan", &format!("--base={reference}")]);
        assert_eq!(ran.exit, 1, "{reference}: {ran:#?}");
        assert!(!project.path("x").exists());
    }
    project.run(&["plan", "--base", "nothing"]).check(1, &["git has no commit `nothing`", "origin/main"]);
    for _ in 0..3 {
        project.commit();
    }
    let shallow = Project::bare();
    std::fs::remove_dir_all(shallow.path("monitors")).unwrap();
    let from = format!("file://{}", project.path("").display());
    shallow.git(&["clone", "-q", "--depth", "1", &from, "clone"]);
    shallow.run(&["-C", "clone", "plan", "--base", "HEAD~2"]).check(1, &["shallow clone", "fetch-depth: 0"]);
    let outside = Project::bare();
    outside.run(&["plan", "--base", "main"]).check(1, &["is not in a git repository"]);
}

#[test]
fn a_project_in_a_folder_and_links_are_read() {
    let project = keyless();
    let inner = Project::bare();
    inner.git(&["init", "-q", "-b", "main"]);
    for name in ["musher.yaml", "templates/host.yaml", "inventory/hosts.json", "monitors/shop.yaml"] {
        inner.write(&format!("teams/shop/{name}"), &project.read(name));
    }
    inner.write("teams/shop/shared/more.yaml", &format!("monitors:\n  linked: {}\n", monitor("linked", 1)));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../shared", inner.path("teams/shop/monitors/link")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", inner.path("teams/shop/templates/away.yml")).unwrap();
    }
    inner.commit();
    std::fs::remove_file(inner.path("teams/shop/templates/away.yml")).unwrap();
    let plan = inner.json(&["-C", "teams/shop", "plan", "--base", "main"]);
    assert_eq!(actions(&plan), [""; 0], "{plan:#}");
    assert_eq!(plan["summary"]["unchanged"], if cfg!(unix) { 5 } else { 4 });
}

#[test]
fn beside_what_is_live_each_field_has_its_cause() {
    let project = Project::bare();
    let declare = |a: u32, b: u32, c: u32, more: &str| {
        project.write(
            "monitors/shop.yaml",
            &format!(
                "monitors:\n  a: {}\n  b: {}\n  c: {}\n{more}",
                monitor("a", a),
                monitor("b", b),
                monitor("c", c)
            ),
        );
    };
    // Live are 1, 2, 3; main says 1, 5, 7; this branch says 9, 5, 8.
    declare(1, 2, 3, "");
    project.run(&["apply", "--yes"]).check(0, &[]);
    declare(1, 5, 7, "");
    project.write(".gitignore", ".musher\n.cache\nplan.json\n");
    project.commit();
    declare(9, 5, 8, &format!("  d: {}\n", monitor("d", 1)));
    let plan = plan(&project, &[]);
    assert_eq!(plan["base"]["offline"], false);
    let causes: Vec<String> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {}", one["address"].as_str().unwrap(), one["cause"].as_str().unwrap()))
        .collect();
    assert_eq!(causes, ["monitors/a change", "monitors/b drift", "monitors/c both", "monitors/d change"]);
    let both = plan["changes"][2]["diff"].as_array().unwrap();
    let critical = both.iter().find(|field| field["path"] == "/options/thresholds/critical").unwrap();
    let values = ["before", "after", "base", "cause"].map(|key| critical[key].clone());
    assert_eq!(values, [json!(3), json!(8), json!(7), json!("both")]);
    let text = project.run(&["plan", "--base", "main"]);
    text.check(
        0,
        &[
            "Changed here, and by somebody else",
            "7 at ",
            ", 3 live, 8 here",
            "Drift: not of this change",
            "Drift: 1 object",
        ],
    );
    let markdown = project.run(&["plan", "--base", "main", "--format", "markdown"]).out;
    let (change, drift) = markdown.split_once("<summary>Drift: 1 object").unwrap();
    assert!(
        change.contains("monitors/a") && !change.contains("monitors/b") && drift.contains("monitors/b"),
        "{markdown}"
    );
    let offline = project.json(&["plan", "--base", "main", "--offline"]);
    assert_eq!(actions(&offline), ["update monitors/a", "update monitors/c", "create monitors/d"]);
}

#[test]
fn a_risk_is_of_this_change_or_of_what_somebody_else_changed() {
    let project = Project::bare();
    let declare = |a: u32, remark: &str, b: u32| {
        let a = monitor("a", a).replace("hi", remark);
        project.write("monitors/shop.yaml", &format!("monitors:\n  a: {a}\n  b: {}\n", monitor("b", b)));
    };
    // Somebody tightened `a` in the UI; the branch changes its message, and loosens `b`.
    declare(2, "hi", 1);
    project.run(&["apply", "--yes"]).check(0, &[]);
    declare(5, "hi", 1);
    project.write(".gitignore", ".musher\n.cache\nplan.*\n");
    project.commit();
    declare(5, "hello", 9);
    let markdown = project.run(&[
        "plan",
        "--base",
        "main",
        "--format",
        "markdown",
        "-o",
        "plan.json",
        "-o",
        "plan.html",
    ]);
    markdown.check(0, &[]);
    let shown = project.run(&["show", "plan.json", "--format", "markdown"]).out;
    let text = project.run(&["plan", "--base", "main"]).out;
    for (whole, drift) in [(&shown, "<summary>Drift: 1 object"), (&text, "Drift: not of this change")] {
        let (change, drift) = whole.split_once(drift).unwrap();
        assert_eq!(change.matches("It alerts later").count(), 1, "{whole}");
        assert!(change.contains("from 1 to 9") && drift.contains("from 2 to 5"), "{whole}");
    }
    assert!(shown.contains("### 2 to change, 1 risk, 1 drifted\n"), "{shown}");
    let json: Value = serde_json::from_str(&project.read("plan.json")).unwrap();
    assert_eq!(json["changes"][0]["risks"][0]["cause"], "drift");
    assert_eq!(json["changes"][1]["risks"][0]["cause"], "change");
    let page = project.read("plan.html");
    let (change, drift) = page.split_once("class=part").unwrap();
    assert!(
        change.contains("from 1 to 9") && !change.contains("from 2 to 5") && drift.contains("from 2 to 5")
    );
}

#[test]
fn a_partial_clone_is_told_and_nothing_taken_for_deleted() {
    let project = keyless();
    project.git(&["config", "uploadpack.allowFilter", "true"]);
    project.git(&["checkout", "-q", "-b", "branch"]);
    project.git(&["rm", "-q", "monitors/board.json"]);
    project.commit();
    let url = format!("file://{}", project.path("").display());
    project.git(&["clone", "-q", "--filter=blob:none", "-b", "branch", &url, "clone"]);
    let ran = project.run(&["-C", "clone", "plan", "--base", "origin/main"]);
    ran.check(1, &["this is a partial clone", "git diff --stat "]);
}
