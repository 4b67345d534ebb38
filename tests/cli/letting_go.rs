//! Objects that are let go, ids by environment, likely renames, and what a plan tells beside its changes.

use serde_json::{Value, json};

use crate::api::Served;
use crate::project::Project;

fn monitor(id: &str, directives: &str) -> String {
    format!(
        "  {id}: {{{directives}name: Load, type: query alert, query: 'avg(last_5m):avg:a.b{{*}} > 1', message: 'Look. @slack-a', \
         tags: ['team:a'], options: {{thresholds: {{critical: 1}}}}}}\n"
    )
}

fn plan(project: &Project, more: &[&str]) -> Value {
    let text = project.fine(&[&["plan", "--format", "json"], more].concat());
    serde_json::from_str(&text).unwrap()
}

fn changes(plan: &Value) -> Vec<String> {
    let text = |change: &Value, key: &str| change[key].as_str().unwrap_or_default().to_owned();
    let of = |change: &Value| format!("{} {}", text(change, "action"), text(change, "address"));
    plan["changes"].as_array().unwrap().iter().map(of).collect()
}

/// An object without its mark and what the service sets.
fn bare(served: &Served, path: &str) -> Value {
    let mut body = served.get(path);
    if let Some(tags) = body["tags"].as_array_mut() {
        tags.retain(|tag| !tag.as_str().unwrap_or_default().starts_with("musher"));
    }
    let members = body.as_object_mut().unwrap();
    ["modified", "modified_at"].iter().for_each(|key| drop(members.remove(*key)));
    body
}

#[test]
fn what_is_let_go_stays_as_it_is() {
    let project = Project::sandbox();
    let served = Served::start(&project);
    let two = format!("monitors:\n{}{}", monitor("one", "$protect: true, "), monitor("two", ""));
    project.applies(&two, &["create monitors/one", "create monitors/two"]);
    let paths =
        ["one", "two"].map(|id| format!("/api/v1/monitor/{}", project.ids()[&format!("monitors/{id}")]));
    // Somebody muted and changed one meanwhile: that is nobody's business any more.
    let mut live = served.get(&paths[0]);
    live["options"]["silenced"] = json!({"*": null});
    live["priority"] = json!(2);
    served.send("PUT", &paths[0], &live);
    let before = paths.clone().map(|path| bare(&served, &path));
    project.declare("monitors:\n  one: {$forget: true}\n  two: {$forget: true}\n  never: {$forget: true}\n");
    let planned = plan(&project, &[]);
    assert_eq!(changes(&planned), ["forget monitors/one", "forget monitors/two"]);
    // The keys of the summary are fixed: what is written to counts as an update.
    assert_eq!(planned["summary"]["update"], 2);
    let shown = project.fine(&["plan"]);
    assert!(shown.contains("-@ monitors/one (the mark is taken off, the object stays)"), "{shown}");
    assert!(shown.contains("Plan: 2 to forget."), "{shown}");
    let markdown = project.fine(&["plan", "--format", "markdown"]);
    assert!(markdown.contains("<code>-@ monitors/one</code> forget"), "{markdown}");
    project.settles(&["forget monitors/one", "forget monitors/two"]);
    assert_eq!(paths.clone().map(|path| bare(&served, &path)), before);
    assert!(!paths.iter().any(|path| served.get(path).to_string().contains("musher")));
}

#[test]
fn a_whole_use_is_let_go_by_one_line() {
    let project = Project::sandbox();
    project.write(
        "templates/one.yaml",
        format!("params: {{needed: {{}}}}\nmonitors:\n{}{}", monitor("up", ""), monitor("down", "")),
    );
    let uses = |line: &str| format!("uses:\n  fleet: {{template: one, for_each: [a, b], {line}}}\n");
    project.declare(&uses("with: {needed: 1}"));
    project.fine(&["apply", "--yes"]);
    project.declare(&uses("$forget: true"));
    let shown = project.fine(&["plan"]);
    assert!(shown.contains("Plan: 4 to forget."), "{shown}");
    project.fine(&["apply", "--yes"]);
    project.settles(&[]);
    assert!(project.ids().is_empty());
}

#[test]
fn the_desk_lets_go_and_says_what_the_files_still_say() {
    let project = Project::sandbox();
    let both = format!("monitors:\n{}{}", monitor("one", ""), monitor("two", ""));
    project.applies(&both, &["create monitors/one", "create monitors/two"]);
    let before = project.journal();
    for (address, said) in [
        ("monitors/on", "did you mean `monitors/one`?"),
        ("monitor/one", "did you mean `monitors`?"),
        ("one", "begins with its section"),
    ] {
        let ran = project.exits(1, &["forget", "monitors/two", address, "--yes"]);
        assert!(ran.err.contains(said), "{address}: {}", ran.err);
    }
    // Nobody can be asked here.
    project.exits(1, &["forget", "monitors/one"]);
    assert_eq!(project.journal(), before);
    let ran = project.exits(0, &["forget", "monitors/one", "--yes"]);
    assert!(ran.err.contains("monitors/one still stands in monitors/case.yaml:2"), "{}", ran.err);
    assert!(ran.err.contains("the next plan would create another one"), "{}", ran.err);
    assert!(ran.out.contains("Applied: 1 forgotten."), "{}", ran.out);
    assert_eq!(project.actions(), ["create monitors/one"]);
    let ran = project.exits(1, &["forget", "monitors/one", "--yes"]);
    assert!(ran.err.contains("nothing live bears its mark"), "{}", ran.err);
    // Nothing is said where the files don't stand against it, `$forget` included.
    let third = monitor("three", "").replace("Load", "Third");
    project.declare(&format!("monitors:\n  two: {{$forget: true}}\n{third}"));
    let ran = project.exits(0, &["forget", "monitors/two", "--yes"]);
    assert!(!ran.err.contains("still stands"), "{}", ran.err);
    project.settles(&["create monitors/three"]);
}

#[test]
fn a_glob_lets_go_of_all_that_it_selects() {
    let project = Project::sandbox();
    let three = ["one", "other", "two"].map(|name| monitor(name, "").replace("Load", name)).concat();
    project.applies(
        &format!("monitors:\n{three}"),
        &["create monitors/one", "create monitors/other", "create monitors/two"],
    );
    let ran = project.exits(1, &["forget", "monitor/o*", "--yes"]);
    assert!(ran.err.contains("did you mean `monitors/o*`?"), "{}", ran.err);
    project.exits(1, &["forget", "slos/*", "--yes"]);
    for named in ["signal_notification_rules/*", "signal_notification_rules/pager"] {
        let ran = project.exits(1, &["forget", named, "--yes"]);
        assert!(ran.err.contains("bears no mark") && ran.err.contains("the object stays"), "{}", ran.err);
    }
    let ran = project.exits(1, &["forget", "orders/retention_filters", "--yes"]);
    assert!(ran.err.contains("an order is not owned"), "{}", ran.err);
    project.declare("monitors: {}\n");
    let ran = project.exits(0, &["forget", "monitors/o*", "--yes"]);
    assert!(ran.out.contains("Applied: 2 forgotten."), "{}", ran.out);
    assert_eq!(project.actions(), ["delete monitors/two"]);
}

/// What still stands in one place is one sentence where it would be many.
#[test]
fn many_that_still_stand_are_told_at_once() {
    let project = Project::sandbox();
    let ids: Vec<String> = (10..22).map(|number| format!("m{number}")).collect();
    let all: String = ids.iter().map(|id| monitor(id, "").replace("Load", id)).collect();
    project.declare(&format!("monitors:\n{all}"));
    project.fine(&["apply", "--yes"]);
    let ran = project.exits(0, &["forget", "monitors/m*", "--yes"]);
    let said = "monitors/m10 and 11 more still stand in monitors/case.yaml: the next plan would create another one beside it";
    assert!(ran.err.contains(said), "{}", ran.err);
    assert_eq!(ran.err.matches("still stand").count(), 1, "{}", ran.err);
}

#[test]
fn an_environment_that_an_id_does_not_list_makes_its_own() {
    let project = Project::new("project: shop\nenvironments: {one: {api: sandbox}, two: {api: sandbox}}\n");
    let served = Served::start(&project);
    let body = json!({"name": "Load", "type": "query alert", "query": "avg(last_5m):avg:a.b{*} > 1"});
    let id = served.send("POST", "/api/v1/monitor", &body)["id"].to_string();
    let planned = |environment: &str| changes(&plan(&project, &["-e", environment]));
    project.declare(&format!("monitors:\n{}", monitor("a", &format!("$id: {{one: '{id}'}}, "))));
    assert_eq!(
        (planned("one"), planned("two")),
        (vec!["adopt monitors/a".to_owned()], vec!["create monitors/a".to_owned()])
    );
    // A mapping that a variable holds.
    project.write(
        "musher.yaml",
        format!("project: shop\nvars: {{ids: {{one: {id}}}}}\nenvironments: {{one: {{api: sandbox}}, two: {{api: sandbox}}}}\n"),
    );
    project.declare(&format!("monitors:\n{}", monitor("a", "$id: '${ids}', ")));
    assert_eq!(
        (planned("one"), planned("two")),
        (vec!["adopt monitors/a".to_owned()], vec!["create monitors/a".to_owned()])
    );
    project.fine(&["apply", "--yes", "-e", "one"]);
    // A plain one goes on in the environment that adopted; the others are reported what to write.
    project.declare(&format!("monitors:\n{}", monitor("a", &format!("$id: {id}, "))));
    assert_eq!(planned("one"), Vec::<String>::new());
    let ran = project.exits(1, &["plan", "-e", "two"]);
    assert!(ran.err.contains(&format!("write `$id: {{one: {id}}}`")), "{}", ran.err);
    project.declare(&format!("monitors:\n{}", monitor("a", &format!("$id: {{tow: {id}}}, "))));
    let ran = project.exits(1, &["plan", "-e", "two"]);
    assert!(ran.err.contains("did you mean `two`?"), "{}", ran.err);
}

#[test]
fn a_rename_without_its_line_is_told_in_every_form() {
    let project = Project::sandbox();
    project.applies(&format!("monitors:\n{}", monitor("k/a", "")), &["create monitors/k/a"]);
    project.declare(&format!("monitors:\n{}", monitor("k/b", "")));
    let planned = plan(&project, &[]);
    assert_eq!(changes(&planned), ["delete monitors/k/a", "create monitors/k/b"]);
    assert_eq!(planned["changes"][1]["moved_from"], "monitors/k/a");
    for format in ["text", "markdown"] {
        let shown = project.fine(&["plan", "--format", format]);
        let line = shown.replace("\n    ", " ");
        assert!(
            line.contains("`monitors/k/b` looks like `monitors/k/a` renamed: `$moved_from: k/a`"),
            "{shown}"
        );
    }
    // What it says keeps the object.
    let id = project.ids()["monitors/k/a"].clone();
    project.applies(&format!("monitors:\n{}", monitor("k/b", "$moved_from: k/a, ")), &["move monitors/k/b"]);
    assert_eq!(project.ids()["monitors/k/b"], id);
    // Another body is another object.
    project.declare(&format!(
        "monitors:\n{}",
        monitor("k/c", "").replace("> 1", "> 2").replace("critical: 1", "critical: 2")
    ));
    let shown = project.fine(&["plan"]);
    assert!(shown.contains("1 to create, 1 to delete") && !shown.contains("renamed"), "{shown}");
}

#[test]
fn a_use_renamed_is_told_once() {
    let project = Project::sandbox();
    project.write(
        "templates/one.yaml",
        "params: {n: {}}\nmonitors:\n  up: {name: 'Up ${n}', type: query alert, query: 'avg(last_5m):avg:a.b{n:${n}} > 1', message: 'x @slack-a'}\n  \
         both: {name: 'Both ${n}', type: composite, query: '${monitors.up.id} || ${monitors.up.id}', message: 'x @slack-a'}\n",
    );
    let uses = |name: &str| {
        format!("uses:\n  {name}: {{template: one, for_each: [a1, b2, c3], with: {{n: '${{each}}'}}}}\n")
    };
    project.declare(&uses("ranking"));
    project.fine(&["apply", "--yes"]);
    project.declare(&uses("rank"));
    let shown = project.fine(&["plan"]).replace("\n    ", " ");
    assert_eq!(shown.matches(" renamed").count(), 1, "{shown}");
    assert!(
        shown.contains("the use `rank` looks like `ranking` renamed (6 objects): `moved_from: ranking`"),
        "{shown}"
    );
    project.declare(&uses("rank").replace("rank: {", "rank: {moved_from: ranking, "));
    let shown = project.fine(&["plan"]);
    assert!(shown.contains("Plan: 6 to move."), "{shown}");
}

#[test]
fn a_plan_tells_the_brakes_and_the_warnings() {
    let project = Project::sandbox();
    let ids: Vec<String> = (0..12).map(|n| format!("m{n}")).collect();
    let all = |ids: &[String]| -> String {
        ids.iter()
            .map(|id| monitor(id, if id == "m1" { "$protect: true, " } else { "" }).replace("Load", id))
            .collect()
    };
    project.declare(&format!("monitors:\n{}", all(&ids)));
    project.fine(&["apply", "--yes"]);
    assert_eq!(plan(&project, &[])["brakes"], json!([]));
    project.declare(&format!("monitors:\n{}", all(&ids[..1]).replace("@slack-a", "nobody")));
    let planned = plan(&project, &[]);
    let names: Vec<&str> =
        planned["brakes"].as_array().unwrap().iter().map(|b| b["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["delete", "protect"]);
    let remedy = planned["brakes"][0]["remedy"].as_str().unwrap();
    assert!(remedy.contains("--release-brake delete"), "{remedy}");
    let warning = &planned["warnings"][0];
    assert_eq!(
        (warning["code"].as_str(), warning["source"]["file"].as_str()),
        (Some("no-recipient"), Some("monitors/case.yaml"))
    );
    assert_eq!(warning["source"]["line"], 2);
    let held = "apply will be held by the brakes `delete`, `protect`";
    let shown = project.exits(0, &["plan"]).out;
    assert!(shown.contains(held) && shown.contains("11 of 12 live resources"), "{shown}");
    assert!(shown.ends_with("Plan: 1 to change, 11 to delete.\n"), "{shown}");
    let markdown = project.fine(&["plan", "--format", "markdown"]);
    assert_eq!(markdown.matches(held).count(), 2, "near the top and beside the summary: {markdown}");
    assert!(markdown.contains("#### 1 warning\n\n- `no-recipient`"), "{markdown}");
    assert!(markdown.trim_end().ends_with("Plan: 1 to change, 11 to delete."), "{markdown}");
    project.exits(3, &["apply", "--yes"]);
}

#[test]
fn only_must_select_something_and_every_form_says_that_it_is_partial() {
    let project = Project::sandbox();
    project.applies(
        &format!("monitors:\n{}{}", monitor("pay/up", ""), monitor("pay/gone", "").replace("Load", "Gone")),
        &["create monitors/pay/gone", "create monitors/pay/up"],
    );
    project.declare(&format!("monitors:\n{}", monitor("pay/up", "")));
    let before = project.journal();
    for command in [
        &["plan"][..],
        &["apply", "--yes"],
        &["list"],
        &["show", "monitors/pay/up"],
        &["export", "monitor", "--managed", "-o", "out"],
    ] {
        for (glob, meant) in [
            ("monitor/pay/*", "monitors/pay/*"),
            ("pay/*", "monitors/pay/*"),
            ("monitors/pya/*", "monitors/pay/*"),
        ] {
            let ran = project.exits(1, &[command, &["--only", "*", "--only", glob]].concat());
            let said =
                ran.err.contains("error[idle-only]") && ran.err.contains(&format!("did you mean `{meant}`?"));
            assert!(said, "{command:?} {glob}: {}", ran.err);
        }
    }
    assert_eq!(project.journal(), before);
    // What is live and no longer declared is something.
    let planned = plan(&project, &["--only", "monitors/pay/g*"]);
    assert_eq!(changes(&planned), ["delete monitors/pay/gone"]);
    assert_eq!(planned["only"], json!(["monitors/pay/g*"]));
    assert_eq!(plan(&project, &[])["only"], json!([]));
    for format in ["text", "markdown"] {
        let shown = project.fine(&["plan", "--format", format, "--only", "monitors/pay/up"]);
        assert!(
            shown.contains("Partial: only")
                && shown.contains("monitors/pay/up")
                && shown.trim_end().ends_with("No changes."),
            "{shown}"
        );
        assert!(!project.fine(&["plan", "--format", format]).contains("Partial"));
    }
}

#[test]
fn functions_that_left_stand_in_no_plans_way() {
    let project = Project::sandbox();
    project.write(
        "templates/one.yaml",
        format!("params: {{n: {{default: 1}}}}\nmonitors:\n{}", monitor("up", "")),
    );
    let rows: String = (0..25).map(|n| format!("worker-{n},2\n")).collect();
    project.write("limits.csv", format!("key,n\n{rows}checkout-api,3\n"));
    let uses = |list: &str| {
        format!("uses:\n  fleet: {{template: one, for_each: {list}, overrides: ../limits.csv}}\n")
    };
    project.declare(&uses("[checkout-api]"));
    let ran = project.exits(0, &["plan"]);
    assert_eq!(ran.err.matches("idle-override").count(), 1, "{}", ran.err);
    assert!(
        ran.err.contains("25 overrides name keys that the list of `fleet` doesn't have: `worker-0`"),
        "{}",
        ran.err
    );
    // A typing error stays one.
    project.declare(&uses("[checkout-apl, worker-1]"));
    let ran = project.exits(1, &["plan"]);
    assert!(
        ran.err.contains("error[idle-override]") && ran.err.contains("did you mean `checkout-apl`?"),
        "{}",
        ran.err
    );
}
