//! `pull`: edits of the UI come back into the files that made the object, every other byte as it was.

use serde_json::{Value, json};

use crate::api::Served;
use crate::project::Project;

const SHOP: &str = r#"# The shop's own.
monitors:
  errors:
    name: "[${channel}] Errors"   # shown in the pager
    type: query alert
    query: "avg(last_5m):sum:trace.http.request.errors{service:shop}.as_rate() > 5"
    message: "Look. ${channel}"
    options: {thresholds: {critical: 5}}  # tuned in May
dashboards:
  board: {$file: board.json, title: Board}
uses:
  lambda:
    template: fn
    for_each: [{name: a}, {name: b}]
    key: ${each.name}
    with: {function: "${each.name}"}
    overrides: ../inventory/over.csv
"#;

const TEMPLATE: &str = r#"params: {function: {}, errors: {type: number, default: 5}}
monitors:
  errs:
    name: ${function} errors
    type: query alert
    query: "sum(last_5m):sum:aws.lambda.errors{functionname:${function}}.as_count() > ${errors}"
    message: "Look. ${channel}"
    options: {evaluation_delay: 900, thresholds: {critical: "${errors}"}}
"#;

const BOARD: &str = r#"{
  "title": "x",
  "layout_type": "ordered",
  "widgets": [
    {"definition": {"type": "note", "content": "one"}},
    {"definition": {"type": "note", "content": "two"}}
  ]
}
"#;

/// Everything is applied.
fn applied() -> (Project, Served) {
    let project = Project::sandbox();
    let text = project.read("musher.yaml");
    project.write("musher.yaml", format!("{text}\nvars: {{channel: '@slack-a'}}\n"));
    project.write("monitors/shop.yaml", SHOP);
    project.write("monitors/board.json", BOARD);
    project.write("templates/fn.yaml", TEMPLATE);
    project.write("inventory/over.csv", "glob,errors\na,7\n");
    project.fine(&["apply", "--yes"]);
    let served = Served::start(&project);
    (project, served)
}

fn edit(project: &Project, served: &Served, (address, path): (&str, &str), change: impl Fn(&mut Value)) {
    let path = format!("{path}/{}", project.ids()[address]);
    let mut body = served.get(&path);
    change(&mut body);
    let members = body.as_object_mut().unwrap();
    ["modified", "modified_at", "created_at", "creator", "id"]
        .iter()
        .for_each(|key| drop(members.remove(*key)));
    served.send("PUT", &path, &body);
}

fn threshold(body: &mut Value, from: &str, to: &str) {
    let query = body["query"].as_str().unwrap().replace(&format!("> {from}"), &format!("> {to}"));
    body["query"] = query.into();
    body["options"]["thresholds"]["critical"] = to.parse::<f64>().unwrap().into();
}

#[test]
fn edits_come_back_into_their_files() {
    let (project, served) = applied();
    edit(&project, &served, ("monitors/errors", "/api/v1/monitor"), |body| {
        threshold(body, "5", "7");
        body["name"] = "[@slack-a] Errors (EU)".into();
    });
    edit(&project, &served, ("dashboards/board", "/api/v1/dashboard"), |body| {
        let widgets = body["widgets"].as_array_mut().unwrap();
        widgets.reverse();
        widgets.push(json!({"definition": {"type": "note", "content": "three"}}));
    });
    drop(served);

    let patch = project.fine(&["pull", "--dry-run"]);
    assert!(patch.contains("--- a/monitors/shop.yaml\n+++ b/monitors/shop.yaml\n"), "{patch}");
    assert_eq!(project.read("monitors/shop.yaml"), SHOP, "a dry run writes nothing");

    project.fine(&["pull"]);
    let shop = SHOP
        .replace("[${channel}] Errors", "[${channel}] Errors (EU)")
        .replace("as_rate() > 5", "as_rate() > 7")
        .replace("critical: 5}}  #", "critical: 7}}  #");
    assert_eq!(project.read("monitors/shop.yaml"), shop);
    let (one, two) = (
        r#"    {"definition": {"type": "note", "content": "one"}}"#,
        r#"    {"definition": {"type": "note", "content": "two"}}"#,
    );
    let three = r#"    {"definition": {"type": "note", "content": "three"}}"#;
    let board = BOARD.replace(&format!("{one},\n{two}"), &format!("{two},\n{one},\n{three}"));
    assert_eq!(project.read("monitors/board.json"), board);
    assert_eq!(project.actions(), [""; 0]);
}

#[test]
fn a_parameter_of_a_template_is_named_and_overridden() {
    let (project, served) = applied();
    for (address, from) in [("monitors/lambda/a/errs", "7"), ("monitors/lambda/b/errs", "5")] {
        edit(&project, &served, (address, "/api/v1/monitor"), |body| threshold(body, from, "8"));
    }
    drop(served);
    let ran = project.exits(4, &["pull"]);
    let said =
        "the parameter `errors` of the use `lambda` made it: --write-overrides writes `errors: 8` for `b`";
    assert!(ran.out.contains(said), "{}", ran.out);
    assert_eq!(project.read("inventory/over.csv"), "glob,errors\na,7\n");
    project.fine(&["pull", "--write-overrides"]);
    assert_eq!(project.read("inventory/over.csv"), "glob,errors\na,8\nb,8\n");
    assert_eq!(project.read("monitors/shop.yaml"), SHOP);
    assert_eq!(project.actions(), [""; 0]);
}

#[test]
fn what_a_template_says_itself_is_refused_with_its_line() {
    let (project, served) = applied();
    edit(&project, &served, ("monitors/lambda/a/errs", "/api/v1/monitor"), |body| {
        body["priority"] = 2.into()
    });
    drop(served);
    let ran = project.exits(4, &["pull"]);
    assert!(
        ran.out.contains("the template `fn` makes it, for 2 instances (templates/fn.yaml:"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("+    priority: 2"), "{}", ran.out);
    assert_eq!(project.read("templates/fn.yaml"), TEMPLATE);
}

#[test]
fn a_field_is_left_to_the_ui() {
    let (project, served) = applied();
    edit(&project, &served, ("monitors/errors", "/api/v1/monitor"), |body| body["priority"] = 2.into());
    drop(served);
    let ran = project.exits(1, &["ignore", "monitors/errors", "/priorty"]);
    assert!(ran.err.contains("has no `/priorty`: did you mean `/priority`?"), "{}", ran.err);
    project.fine(&["ignore", "monitors/errors", "/priority"]);
    assert!(
        project.read("monitors/shop.yaml").starts_with(SHOP.split_once("dashboards:").unwrap().0.trim_end())
    );
    assert_eq!(project.actions(), [""; 0]);
}

#[test]
fn a_parameter_and_something_else_are_told_apart() {
    let (project, served) = applied();
    edit(&project, &served, ("monitors/lambda/b/errs", "/api/v1/monitor"), |body| {
        threshold(body, "5", "8");
        body["query"] = body["query"].as_str().unwrap().replace("as_count", "as_rate").into();
    });
    drop(served);
    let ran = project.exits(4, &["pull", "--write-overrides"]);
    let said = "the parameter `errors` of the use `lambda` made a part of it: `errors: 8`. For the rest, the template `fn` makes it";
    assert!(ran.out.contains(said), "{}", ran.out);
    // The expression stands in what is to be changed by hand.
    assert!(ran.out.contains(".as_rate() > ${errors}\""), "{}", ran.out);
    assert!(ran.out.contains("+b,8\n"), "{}", ran.out);
    assert_eq!(project.read("inventory/over.csv"), "glob,errors\na,7\n");
}

#[test]
fn the_same_edit_of_all_instances_is_told_once() {
    let (project, served) = applied();
    for address in ["monitors/lambda/a/errs", "monitors/lambda/b/errs"] {
        edit(&project, &served, (address, "/api/v1/monitor"), |body| body["priority"] = 2.into());
    }
    drop(served);
    let ran = project.exits(4, &["pull"]);
    assert!(ran.out.contains("; all of them were edited alike: change the template\n"), "{}", ran.out);
    assert!(ran.out.ends_with("monitors/lambda/b/errs  refused: as monitors/lambda/a/errs\n"), "{}", ran.out);
    let patch: String = ran
        .out
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .fold(String::new(), |patch, line| patch + line + "\n");
    // What is shown can be applied as it is, and then nothing is left to do.
    project.write("edit.patch", patch);
    let ran = project.ended(project.command("git").args(["apply", "edit.patch"]));
    assert_eq!(ran.code, Some(0), "{}", ran.shown());
    assert_eq!(project.actions(), [""; 0]);
}

#[test]
fn what_was_deleted_in_the_ui_is_told_with_what_to_do() {
    let mut project = Project::new("project: shop\nvars: {channel: '@slack-a'}\n");
    project.write("monitors/shop.yaml", SHOP);
    project.write("monitors/board.json", BOARD);
    project.write("templates/fn.yaml", TEMPLATE);
    project.write("inventory/over.csv", "glob,errors\na,7\n");
    let served = Served::for_project(&mut project);
    project.fine(&["apply", "--yes"]);
    let path = format!("/api/v1/monitor/{}", project.ids()["monitors/errors"]);
    served.send("DELETE", &path, &Value::Null);
    // Who looked in between knows it all the same.
    project.exits(2, &["drift"]);
    edit(&project, &served, ("dashboards/board", "/api/v1/dashboard"), |body| body["title"] = "B".into());
    let ran = project.exits(4, &["pull"]);
    let said = "monitors/errors   gone: somebody deleted it. `musher apply --only monitors/errors` makes it again; to let it \
                go, take its definition out (monitors/shop.yaml:3)\n";
    assert!(ran.out.contains(said), "{}", ran.out);
    assert!(ran.out.contains("dashboards/board  pulled into monitors/shop.yaml\n"), "{}", ran.out);
    // The rest of it is no business of this glob's.
    assert!(!project.fine(&["pull", "dashboards/*"]).contains("gone"));
    project.fine(&["apply", "--yes", "--only", "monitors/errors"]);
    assert_eq!(project.fine(&["pull"]), "Nothing that is managed was edited in the UI.\n");
    // What was never there is no edit.
    project.write(
        "monitors/new.yaml",
        "monitors: {new: {name: n, type: query alert, message: m, query: 'avg(last_5m):avg:x.y{a:b} > 1'}}\n",
    );
    let said = "Nothing that is managed was edited in the UI.\nmonitors/new is declared and not live, never applied or \
                deleted in the UI: `musher apply` makes it; to let it go, take it out of the definitions.\n";
    assert_eq!(project.fine(&["pull"]), said);
}

/// The id of what is no more never takes the place of a reference: what is made again has another one.
#[test]
fn a_reference_to_what_was_deleted_in_the_ui_stays() {
    const PAIR: &str = "monitors:\n  one: {name: One, type: query alert, message: m, query: 'avg(last_5m):avg:x.y{a:b} > 1'}\n  \
                        both:\n    name: Both\n    type: composite\n    message: m\n    query: '${monitors.one.id} && \
                        ${monitors.two.id}'\n  two: {name: Two, type: query alert, message: m, query: 'avg(last_5m):avg:x.z{a:b} > \
                        1'}\n";
    let mut project = Project::new("project: shop\n");
    project.write("monitors/shop.yaml", PAIR);
    let served = Served::for_project(&mut project);
    project.fine(&["apply", "--yes"]);
    edit(&project, &served, ("monitors/both", "/api/v1/monitor"), |body| body["message"] = "n".into());
    served.send(
        "DELETE",
        &format!("/api/v1/monitor/{}?force=true", project.ids()["monitors/one"]),
        &Value::Null,
    );
    // What can be done about it does it.
    let drift = project.exits(2, &["drift"]).out;
    let undo = "musher apply --only monitors/one --only monitors/both";
    assert!(drift.contains(undo) && !drift.contains("musher pull monitors/both"), "{drift}");
    let ran = project.exits(4, &["pull"]);
    assert!(
        ran.out
            .contains("monitors/both  refused: it refers to monitors/one, which is not live: write the edit"),
        "{}",
        ran.out
    );
    assert_eq!(project.read("monitors/shop.yaml"), PAIR);
    let arguments: Vec<&str> = undo.split(' ').skip(1).collect();
    project.fine(&[&arguments[..], &["--yes"]].concat());
    project.fine(&["drift"]);
}

#[test]
fn a_drift_names_its_choices() {
    let (project, served) = applied();
    edit(&project, &served, ("monitors/errors", "/api/v1/monitor"), |body| body["priority"] = 2.into());
    let said = project.exits(2, &["drift"]).out;
    let choices = "      musher pull monitors/errors -e sandbox              takes it into the files\n      \
         musher apply --only monitors/errors -e sandbox      undoes it\n      \
         musher ignore monitors/errors /priority -e sandbox  leaves the field to the UI\n";
    assert!(said.contains(choices), "{said}");
    let said = project.exits(2, &["drift", "--format", "markdown"]).out;
    assert!(
        said.contains("\n  - `musher pull monitors/errors -e sandbox` takes it into the files\n"),
        "{said}"
    );
    let said: Value = serde_json::from_str(&project.exits(2, &["drift", "--format", "json"]).out).unwrap();
    let expected = json!({"take": "musher pull monitors/errors -e sandbox",
        "undo": "musher apply --only monitors/errors -e sandbox",
        "leave": ["musher ignore monitors/errors /priority -e sandbox"]});
    assert_eq!(said["drift"][0]["choices"], expected);
    // Of more each has them on a line.
    for address in ["monitors/lambda/a/errs", "monitors/lambda/b/errs"] {
        edit(&project, &served, (address, "/api/v1/monitor"), |body| body["priority"] = 2.into());
    }
    edit(&project, &served, ("dashboards/board", "/api/v1/dashboard"), |body| body["title"] = "B".into());
    let said = project.exits(2, &["drift"]).out;
    for (address, pointer) in [
        ("monitors/errors", "/priority"),
        ("monitors/lambda/a/errs", "/priority"),
        ("monitors/lambda/b/errs", "/priority"),
        ("dashboards/board", "/title"),
    ] {
        let line = format!(
            "\n      take: musher pull {address} -e sandbox   undo: musher apply --only {address} -e sandbox   \
             leave: musher ignore {address} {pointer} -e sandbox\n"
        );
        assert!(said.contains(&line), "{address}: {said}");
    }
    let said = project.exits(2, &["drift", "--format", "markdown"]).out;
    let line = "\n  - take `musher pull dashboards/board -e sandbox` · undo `musher apply --only dashboards/board -e sandbox` \
         · leave `musher ignore dashboards/board /title -e sandbox`\n";
    assert!(said.contains(line) && !said.contains("For each of them"), "{said}");
}

#[test]
fn what_drifted_alike_is_told_together_with_commands_that_take_all_of_it() {
    let project = Project::sandbox();
    project.write("musher.yaml", "project: shop\nenvironments: {sandbox: {api: sandbox}}\n");
    let monitor = |name: &str| {
        format!(
            "  {name}: {{name: {name}, type: query alert, message: hi, \
             query: 'avg(last_5m):avg:system.load.1{{service:shop}} > 5', options: {{thresholds: {{critical: 5}}}}}}\n"
        )
    };
    let names = ["pay-a", "pay-b", "pay-c", "ship-a"];
    let before = format!("monitors:\n{}", names.map(monitor).concat());
    project.write("monitors/shop.yaml", &before);
    project.fine(&["apply", "--yes"]);
    for arguments in [
        &["init", "-q"][..],
        &["add", "musher.yaml", "monitors"],
        &["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "-m", "All"],
    ] {
        let ran = project.ended(project.command("git").args(arguments));
        assert_eq!(ran.code, Some(0), "{}", ran.shown());
    }
    let served = Served::start(&project);
    for name in &names[..3] {
        edit(&project, &served, (&format!("monitors/{name}"), "/api/v1/monitor"), |body| {
            body["priority"] = 2.into()
        });
    }
    drop(served);
    let (take, undo, leave) = (
        "musher pull 'monitors/pay-*' -e sandbox",
        "musher apply --only 'monitors/pay-*' -e sandbox",
        "musher ignore ADDRESS /priority -e sandbox",
    );
    for arguments in [&["drift"][..], &["plan", "--base", "HEAD"], &["drift", "--format", "markdown"]] {
        let said = project.run(arguments).out;
        for command in [take, undo, leave] {
            assert_eq!(said.matches(command).count(), 1, "{arguments:?}, {command}: {said}");
        }
        for name in &names[..3] {
            assert!(said.contains(&format!("monitors/{name}")), "{arguments:?}, {name}: {said}");
        }
        assert_eq!(said.matches("priority: nothing → 2").count(), 1, "{arguments:?}: {said}");
    }
    let page = project.run(&["plan", "--base", "HEAD", "--format", "html"]).out;
    for command in [take, undo, leave] {
        assert_eq!(page.matches(&format!("<td><code>{command}</code>")).count(), 1, "{command}: {page}");
    }
    // A plan by itself can't tell them apart, and says how; nobody is told of it where the files are being worked on.
    let closing = "Was this edited in the UI, and not in the files? `musher plan --base HEAD -e sandbox` tells, and how to take \
        it or leave it there.";
    let plan = project.fine(&["plan"]);
    assert!(plan.contains(&format!("\n{closing}\n\nPlan: 3 to change")), "{plan}");
    assert!(
        project
            .fine(&["plan", "--format", "markdown"])
            .contains(&format!("\n{closing}\n\nPlan: 3 to change"))
    );
    assert!(!project.fine(&["plan", "-q"]).contains("Was this edited"));
    project.write("monitors/shop.yaml", format!("# At work.\n{before}"));
    assert!(!project.fine(&["plan"]).contains("Was this edited"));
    project.write("monitors/shop.yaml", &before);
    // What is shown does what it says.
    let command: Vec<&str> = take.split(' ').skip(1).map(|word| word.trim_matches('\'')).collect();
    project.fine(&command);
    assert_eq!(project.actions(), [""; 0]);
}
