//! One project from its first day on: everything that a team does to a definition, and an empty plan after each.

use serde_json::{Value, json};

use crate::api::Served;
use crate::project::{Project, SANDBOX};

/// Who answers: the sandbox in the process of each run, or the same one served over HTTP.
enum Way {
    InProcess,
    OverHttp,
}

fn project(way: &Way) -> (Project, Served) {
    match way {
        Way::InProcess => {
            let project = Project::sandbox();
            let served = Served::start(&project);
            (project, served)
        }
        Way::OverHttp => {
            let mut project = Project::new("project: shop\nenvironments: {sandbox: {}}\n");
            let served = Served::for_project(&mut project);
            (project, served)
        }
    }
}

const ERRORS: &str = "  errors: {name: Errors, type: query alert, query: 'sum(last_5m):sum:a.errors{*}.as_count() > 5', \
                      message: 'Look. @slack-a', options: {thresholds: {critical: 5}}}\n";
const TRAFFIC: &str = "  traffic: {name: Traffic, type: query alert, query: 'sum(last_5m):sum:a.hits{*}.as_count() > 9', \
                       message: Silent., options: {thresholds: {critical: 9}}}\n";
const BROKEN: &str = "  broken: {name: Broken, type: composite, message: '@slack-a', \
                      query: '${monitors.errors.id} && ${monitors.traffic.id}'}\n";
const SLO: &str = "slos:\n  good: {name: Good, type: metric, thresholds: [{timeframe: 30d, target: 99.9}], \
                   query: {numerator: 'sum:a.good{*}.as_count()', denominator: 'sum:a.hits{*}.as_count()'}}\n";
const BOARD: &str = "dashboards:\n  board:\n    title: Board\n    layout_type: ordered\n    widgets:\n    \
                     - definition: {type: alert_graph, alert_id: '${monitors.errors.id}', viz_type: timeseries}\n    \
                     - definition: {type: slo, slo_id: '${slos.good.id}', view_type: detail}\n    \
                     - definition: {type: note, content: 'See ${dashboards.other.url}'}\n  \
                     other: {title: Other, layout_type: ordered, widgets: []}\n";

/// What the composite refers to, as it stands live.
fn composite_query(project: &Project, served: &Served) -> String {
    let id = &project.ids()["monitors/broken"];
    served.get(&format!("/api/v1/monitor/{id}"))["query"].as_str().unwrap().to_owned()
}

fn report(way: &Way) {
    let (project, served) = project(way);

    // The first day.
    project.applies(
        &format!("monitors:\n{ERRORS}{TRAFFIC}{BROKEN}{SLO}{BOARD}"),
        &[
            "create dashboards/board",
            "create dashboards/other",
            "create monitors/broken",
            "create monitors/errors",
            "create monitors/traffic",
            "create slos/good",
        ],
    );
    let first = project.ids();
    let board = served.get(&format!("/api/v1/dashboard/{}", first["dashboards/board"]));
    let widget =
        |index: usize, key: &str| board["widgets"][index]["definition"][key].as_str().unwrap().to_owned();
    assert_eq!(widget(0, "alert_id"), first["monitors/errors"]);
    assert_eq!(widget(1, "slo_id"), first["slos/good"]);
    assert!(widget(2, "content").contains(&first["dashboards/other"]), "{board}");

    // A number.
    let sharper = ERRORS.replace("> 5'", "> 7'").replace("critical: 5", "critical: 7");
    project
        .applies(&format!("monitors:\n{sharper}{TRAFFIC}{BROKEN}{SLO}{BOARD}"), &["update monitors/errors"]);
    assert_eq!(project.ids(), first);

    // Taken out.
    let board = BOARD.split("    - definition: {type: note").next().unwrap();
    project.applies(
        &format!("monitors:\n{sharper}{TRAFFIC}{BROKEN}{SLO}{board}"),
        &["update dashboards/board", "delete dashboards/other"],
    );
    let ids = project.ids();
    assert!(!ids.contains_key("dashboards/other"));
    let same = |(address, id): (&String, &String)| first.get(address) == Some(id);
    assert!(ids.iter().all(same), "{ids:?}");

    // Renamed: the same object under another id, and the composite still means it.
    let renamed = sharper.replace("  errors: {", "  failures: {$moved_from: errors, ");
    let broken = BROKEN.replace("monitors.errors", "monitors.failures");
    let board = board.replace("monitors.errors", "monitors.failures");
    project
        .applies(&format!("monitors:\n{renamed}{TRAFFIC}{broken}{SLO}{board}"), &["move monitors/failures"]);
    let ids = project.ids();
    assert_eq!(ids["monitors/failures"], first["monitors/errors"]);
    assert!(!ids.contains_key("monitors/errors"));

    // Another type: a new object, the composite follows, the old one is gone.
    let retyped = renamed.replace(
        "sum(last_5m):sum:a.errors{*}.as_count() > 7",
        "logs(\"status:error\").index(\"*\").rollup(\"count\").last(\"5m\") > 7",
    );
    let retyped = retyped.replace("type: query alert", "type: log alert");
    project.applies(
        &format!("monitors:\n{retyped}{TRAFFIC}{broken}{SLO}{board}"),
        &["update dashboards/board", "update monitors/broken", "replace monitors/failures"],
    );
    let replaced = project.ids();
    assert_ne!(replaced["monitors/failures"], ids["monitors/failures"]);
    assert_eq!(
        composite_query(&project, &served),
        format!("{} && {}", replaced["monitors/failures"], replaced["monitors/traffic"])
    );
    let live = served.get("/api/v1/monitor");
    assert_eq!(live.as_array().unwrap().len(), 3, "{live}");

    // Everything goes, by the word for it.
    project.fine(&["apply", "--destroy", "--yes"]);
    assert_eq!(served.get("/api/v1/monitor"), json!([]));
    assert_eq!(served.get("/api/v1/slo")["data"], json!([]));
    assert_eq!(served.get("/api/v1/dashboard")["dashboards"], json!([]));
}

#[test]
fn a_project_lives_in_the_sandbox() {
    report(&Way::InProcess);
}

#[test]
fn a_project_lives_over_http() {
    report(&Way::OverHttp);
}

#[test]
fn a_project_starts_in_an_empty_folder() {
    let project = Project::empty();
    let said =
        |arguments: &[&str]| project.exits(0, arguments).shown().replace(&folder_name(&project), "folder");
    insta::assert_snapshot!("init", said(&["init"]));
    insta::assert_snapshot!("first_plan", said(&["plan"]));
    insta::assert_snapshot!("first_apply", said(&["apply", "--yes"]));
    insta::assert_snapshot!("second_plan", said(&["plan"]));
    insta::assert_snapshot!("second_apply", said(&["apply", "--yes"]));
    insta::assert_snapshot!("first_list", said(&["list"]));
    insta::assert_snapshot!("first_show", said(&["show", "monitors/example/broken"]));
    // Nothing is overwritten.
    let before = project.read("musher.yaml");
    insta::assert_snapshot!("init_again", project.run(&["init"]).shown());
    assert_eq!(project.read("musher.yaml"), before);
}

/// The project's name is that of its folder, which is another one in every run.
fn folder_name(project: &Project) -> String {
    let config = project.read("musher.yaml");
    config.lines().next().unwrap().trim_start_matches("project: ").to_owned()
}

#[test]
fn a_change_a_move_and_a_replace_are_shown() {
    let project = Project::sandbox();
    project.applies(
        &format!("monitors:\n{ERRORS}{TRAFFIC}{BROKEN}"),
        &["create monitors/broken", "create monitors/errors", "create monitors/traffic"],
    );
    let errors = ERRORS.replace("> 5'", "> 7'").replace("critical: 5", "critical: 7");
    let traffic = TRAFFIC.replace("  traffic: {", "  visits: {$moved_from: traffic, ");
    let broken =
        BROKEN.replace("monitors.traffic", "monitors.visits").replace("type: composite", "type: query alert");
    let broken =
        broken.replace("${monitors.errors.id} && ${monitors.visits.id}", "sum(last_5m):sum:a.b{*} > 1");
    project.declare(&format!("monitors:\n{errors}{traffic}{broken}"));
    insta::assert_snapshot!("plan_of_a_move_and_a_replace", project.exits(0, &["plan"]).shown());
    insta::assert_snapshot!(
        "apply_of_a_move_and_a_replace",
        project.exits(0, &["apply", "--yes", "-q"]).shown()
    );
    project.settles(&[]);
}

#[test]
fn what_somebody_made_is_adopted_by_its_id() {
    let (project, served) = project(&Way::InProcess);
    let made = served.send(
        "POST",
        "/api/v1/monitor",
        &json!({"name": "By hand", "type": "query alert", "query": "avg(last_5m):avg:x.y{*} > 1", "message": "m",
            "tags": ["by:hand"], "options": {"thresholds": {"critical": 1}, "notify_audit": true}}),
    );
    let id = made["id"].to_string();
    // What nobody adopts stays as it is.
    let other = served.send(
        "POST",
        "/api/v1/dashboard",
        &json!({"title": "Nobody's", "layout_type": "ordered", "widgets": []}),
    );
    let body = "name: By hand, type: query alert, query: 'avg(last_5m):avg:x.y{*} > 1', message: m, \
                tags: ['by:hand'], options: {thresholds: {critical: 1}, notify_audit: true}";
    let declared = format!("monitors:\n  ours: {{$id: {id}, {body}}}\n");
    project.applies(&declared, &["adopt monitors/ours"]);
    assert_eq!(project.ids()["monitors/ours"], id);
    // `$id` may stay or go.
    project.applies(&format!("monitors:\n  ours: {{{body}}}\n"), &[]);
    let unmarked = served.get(&format!("/api/v1/dashboard/{}", other["id"].as_str().unwrap()));
    assert_eq!(unmarked, other);

    // What another project marked is not for the taking, and what is gone is made anew.
    project.declare(&format!("monitors:\n  twice: {{$id: {id}, {body}}}\n"));
    let ran = project.exits(1, &["plan"]);
    assert!(
        ran.err.contains("error[adopted-owned]") && ran.err.contains("monitors/case.yaml:2:"),
        "{}",
        ran.err
    );
    let lost = body.replace("By hand", "Lost");
    project.declare(&format!("monitors:\n  ours: {{{body}}}\n  gone: {{$id: 42, {lost}}}\n"));
    let ran = project.exits(0, &["plan"]);
    assert!(
        ran.err.contains("warning[adopted-gone]") && ran.err.contains("monitors/case.yaml:3:"),
        "{}",
        ran.err
    );
    project.settles(&["create monitors/gone"]);
}

#[test]
fn the_id_to_adopt_may_differ_by_environment() {
    let project = Project::new("project: shop\nenvironments: {one: {api: sandbox}, two: {api: sandbox}}\n");
    let served = Served::start(&project);
    let make = |name: &str| {
        let body = json!({"name": name, "type": "query alert", "query": "avg(last_5m):avg:x.y{*} > 1"});
        served.send("POST", "/api/v1/monitor", &body)["id"].to_string()
    };
    let (one, two) = (make("one"), make("two"));
    project.declare(&format!(
        "monitors:\n  ours: {{$id: {{one: {one}, two: {two}}}, name: '${{env}}', type: query alert, \
         query: 'avg(last_5m):avg:x.y{{*}} > 1'}}\n"
    ));
    for environment in ["one", "two"] {
        project.fine(&["apply", "--yes", "-e", environment]);
        project.exits(0, &["plan", "--detailed-exitcode", "-e", environment]);
    }
    let live = served.get("/api/v1/monitor");
    assert_eq!(live.as_array().unwrap().len(), 2);
}

#[test]
fn what_is_protected_outlives_its_definition() {
    let (project, served) = project(&Way::InProcess);
    project.applies(
        &format!("monitors:\n{}{TRAFFIC}", ERRORS.replace("errors: {", "errors: {$protect: true, ")),
        &["create monitors/errors", "create monitors/traffic"],
    );
    let id = project.ids()["monitors/errors"].clone();
    project.declare(&format!("monitors:\n{TRAFFIC}"));
    assert_eq!(project.actions(), ["delete monitors/errors"]);
    let before = project.journal();
    let ran = project.exits(3, &["apply", "--yes"]);
    insta::assert_snapshot!("held_by_protect", ran.shown());
    assert_eq!(project.journal(), before);
    served.get(&format!("/api/v1/monitor/{id}"));
    // `--destroy` releases other brakes, but not this one.
    project.exits(3, &["apply", "--destroy", "--yes"]);
    assert_eq!(project.journal(), before);
    project.fine(&["apply", "--yes", "--release-brake", "protect"]);
    project.settles(&[]);
}

#[test]
fn definitions_may_depend_on_the_environment() {
    let project =
        Project::new("project: shop\nenvironments: {sandbox: {api: sandbox}, prod: {api: sandbox}}\n");
    let declared = format!(
        "monitors:\n{}{}",
        ERRORS.replace("errors: {", "errors: {$when: \"${eq environment 'prod'}\", "),
        TRAFFIC
    );
    project.declare(&declared);
    project.fine(&["apply", "--yes", "-e", "sandbox"]);
    project.fine(&["apply", "--yes", "-e", "prod"]);
    let addresses = |environment: &str| {
        let list: Value =
            serde_json::from_str(&project.fine(&["list", "--format", "json", "-e", environment])).unwrap();
        list.as_array().unwrap().len()
    };
    assert_eq!((addresses("sandbox"), addresses("prod")), (1, 2));
    for environment in ["sandbox", "prod"] {
        project.exits(0, &["plan", "--detailed-exitcode", "-e", environment]);
    }
}

#[test]
fn what_is_ignored_is_left_to_the_ui() {
    let (project, served) = project(&Way::InProcess);
    let ignoring = |name: &str| {
        let named = ERRORS.replace("name: Errors", &format!("name: {name}"));
        format!(
            "monitors:\n{}",
            named.replace("errors: {", "errors: {$ignore: [/options/thresholds, /message], ")
        )
    };
    project.applies(&ignoring("Errors"), &["create monitors/errors"]);
    let path = format!("/api/v1/monitor/{}", project.ids()["monitors/errors"]);
    let mut live = served.get(&path);
    live["message"] = json!("Edited in the UI.");
    live["options"]["thresholds"] = json!({"critical": 5, "warning": 1});
    served.send("PUT", &path, &live);
    project.settles(&[]);
    // An update of something else sends it as it stands.
    project.applies(&ignoring("Failures"), &["update monitors/errors"]);
    let live = served.get(&path);
    assert_eq!(live["message"], "Edited in the UI.");
    assert_eq!(live["options"]["thresholds"]["warning"].as_f64(), Some(1.0));
}

#[test]
fn defaults_stand_under_every_resource() {
    let config = "defaults:\n  monitors: {tags: ['team:a'], priority: 3, options: {timeout_h: 2, notify_audit: true}}\n";
    let project = Project::new(&format!("{SANDBOX}{config}"));
    let served = Served::start(&project);
    let own = ERRORS.replace("options: {", "tags: ['own:b'], priority: null, options: {timeout_h: null, ");
    project.applies(&format!("monitors:\n{own}"), &["create monitors/errors"]);
    let live = served.get(&format!("/api/v1/monitor/{}", project.ids()["monitors/errors"]));
    let tags: Vec<&str> = live["tags"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(tags.contains(&"team:a") && tags.contains(&"own:b"), "{live}");
    assert_eq!(live["priority"], Value::Null);
    assert_eq!(live["options"].get("timeout_h").filter(|value| !value.is_null()), None);
    assert_eq!(live["options"]["notify_audit"], true);
}

#[test]
fn an_edit_in_the_ui_shows_and_is_undone() {
    let (project, served) = project(&Way::InProcess);
    project.applies(&format!("monitors:\n{ERRORS}"), &["create monitors/errors"]);
    let path = format!("/api/v1/monitor/{}", project.ids()["monitors/errors"]);
    let before = served.get(&path);
    let mut live = before.clone();
    live["options"]["renotify_interval"] = json!(30);
    live["priority"] = json!(2);
    live["name"] = json!("Edited");
    live["tags"].as_array_mut().unwrap().push(json!("added:ui"));
    served.send("PUT", &path, &live);
    insta::assert_snapshot!("plan_of_drift", project.exits(0, &["plan"]).shown());
    project.settles(&["update monitors/errors"]);
    let after = served.get(&path);
    for field in ["name", "priority", "tags"] {
        assert_eq!(after[field], before[field]);
    }
}
