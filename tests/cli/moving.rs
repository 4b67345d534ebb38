//! Moving in: what other tools manage is taken over by its ids, and the next plan changes nothing but marks.

use serde_json::{Value, json};

use crate::api::Served;
use crate::project::Project;

/// Makes a monitor as somebody else does; its id.
pub fn monitor(served: &Served, body: Value) -> u64 {
    let mut whole = json!({"type": "query alert", "message": "Look. @slack-a", "tags": ["team:a"],
        "options": {"thresholds": {"critical": 1}, "renotify_interval": 0}});
    if let (Value::Object(whole), Value::Object(own)) = (&mut whole, body) {
        whole.extend(own);
    }
    served.send("POST", "/api/v1/monitor", &whole)["id"].as_u64().unwrap()
}

pub fn load(served: &Served, name: &str) -> u64 {
    monitor(
        served,
        json!({"name": format!("Load of {name}"), "query": format!("avg(last_5m):avg:a.b{{service:{name}}} > 1")}),
    )
}

/// That the next plan adopts everything and changes nothing, and after it nothing is to be done.
#[track_caller]
pub fn only_marks(project: &Project, count: usize) {
    let plan: Value = serde_json::from_str(&project.fine(&["plan", "--format", "json"])).unwrap();
    let changes = plan["changes"].as_array().unwrap();
    assert_eq!(changes.len(), count, "{changes:#?}");
    for change in changes {
        assert_eq!(change["action"], "adopt", "{change:#}");
        let fields = change["fields"].as_array().map(Vec::len).unwrap_or_default();
        assert_eq!(fields, 0, "{change:#}");
    }
    project.fine(&["apply", "--yes", "-q"]);
    let ran = project.exits(0, &["plan", "--detailed-exitcode"]);
    assert!(ran.out.ends_with("No changes.\n"), "{}", ran.shown());
}

fn instance(key: &Value, id: &Value) -> Value {
    json!({"index_key": key, "schema_version": 0, "attributes": {"id": id, "api_key": "s3cret"}, "sensitive_attributes": []})
}

fn resource(module: &str, class: &str, name: &str, instances: &[Value]) -> Value {
    let mut own = json!({"mode": "managed", "type": class, "name": name, "instances": instances,
        "provider": "provider[\"registry.terraform.io/datadog/datadog\"]"});
    if !module.is_empty() {
        own["module"] = json!(module);
    }
    own
}

#[test]
fn a_terraform_state_moves_in() {
    let project = Project::sandbox();
    let served = Served::start(&project);
    let counted: Vec<u64> = (0..4).map(|at| load(&served, &format!("counted-{at}"))).collect();
    let both = monitor(
        &served,
        json!({"name": "both", "type": "composite", "query": format!("{} && {}", counted[0], counted[1]), "options": {}}),
    );
    let board = served.send("POST", "/api/v1/dashboard", &json!({"title": "Main", "layout_type": "ordered",
        "widgets": [{"definition": {"type": "alert_graph", "alert_id": counted[2].to_string(), "viz_type": "timeseries"}}]}));
    let foreign = monitor(
        &served,
        json!({"name": "theirs", "query": "avg(last_5m):avg:a.b{*} > 1",
        "tags": ["musher:other.prod", "musher_id:theirs"]}),
    );
    let instances: Vec<Value> =
        counted.iter().enumerate().map(|(at, id)| instance(&json!(at), &json!(id.to_string()))).collect();
    let one = |id: Value| [instance(&Value::Null, &id)];
    let state = json!({"version": 4, "terraform_version": "1.9.8", "serial": 7, "lineage": "0-0", "outputs": {}, "resources": [
        resource("module.app[\"eu\"].module.inner", "datadog_monitor", "counted", &instances),
        resource("", "datadog_monitor", "both", &one(json!(both.to_string()))),
        resource("", "datadog_dashboard", "both", &one(board["id"].clone())),
        resource("", "datadog_dashboard_json", "both", &one(json!("abc-def-ghi"))),
        resource("", "datadog_monitor", "theirs", &one(json!(foreign.to_string()))),
        resource("", "datadog_user", "reader", &one(json!("abc-def-ghi"))),
        resource("", "datadog_monitor", "hostile\u{1b}[31m", &one(json!("1/../../org"))),
        resource("", "aws_lambda_function", "f", &one(json!("f"))),
    ]});
    project.write("terraform.tfstate", state.to_string());
    let ran = project.exits(4, &["import", "terraform", "terraform.tfstate"]);
    assert_eq!(
        ran.out.lines().collect::<Vec<_>>(),
        [
            "monitors/app/eu/inner/counted/0  monitors/app/eu/inner/monitors.yaml",
            "monitors/app/eu/inner/counted/1  monitors/app/eu/inner/monitors.yaml",
            "monitors/app/eu/inner/counted/2  monitors/app/eu/inner/monitors.yaml",
            "monitors/app/eu/inner/counted/3  monitors/app/eu/inner/monitors.yaml",
            "dashboards/both  monitors/dashboards.yaml",
            "monitors/both  monitors/monitors.yaml",
        ]
    );
    for said in [
        "6 imported into 3 files, 4 left. 1 not Datadog's to manage.",
        "module.app[\"eu\"].module.inner.datadog_monitor.counted: 4 of one pattern",
        "left: datadog_dashboard_json.both is not there",
        "left: datadog_user.reader is of a type that musher does not manage",
        "belongs to other.prod, as monitors/theirs",
        "has the id `1/../../org`, and a monitor has a number",
    ] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
    assert!(!ran.err.contains('\u{1b}') && !ran.shown().contains("s3cret"), "{}", ran.shown());
    let text = project.read("monitors/monitors.yaml");
    assert!(
        text.contains(
            "query: ${monitors.[app/eu/inner/counted/0].id} && ${monitors.[app/eu/inner/counted/1].id}"
        ),
        "{text}"
    );
    assert!(
        project
            .read("monitors/dashboards.yaml")
            .contains("alert_id: ${monitors.[app/eu/inner/counted/2].id}")
    );
    only_marks(&project, 6);
    // Once more: there is nothing to do, and no file changes.
    let ran = project.exits(4, &["import", "terraform", "terraform.tfstate"]);
    assert!(
        ran.out.is_empty() && ran.err.contains("0 imported into 0 files, 6 declared here already"),
        "{}",
        ran.shown()
    );
    assert_eq!(project.read("monitors/monitors.yaml"), text);
}

#[test]
fn what_would_be_wrong_here_is_left_and_the_rest_moves_in() {
    let project = Project::new(
        "project: shop\nenvironments: {sandbox: {api: sandbox}}\nrules: {required-tags: error}\nrequired_tags: [team]\n",
    );
    let served = Served::start(&project);
    let fine = load(&served, "fine");
    let bare = monitor(&served, json!({"name": "bare", "query": "avg(last_5m):avg:a.b{*} > 1", "tags": []}));
    let both = monitor(
        &served,
        json!({"name": "both", "type": "composite", "query": format!("{fine} && {bare}"), "options": {}}),
    );
    let values = |id: u64| json!({"id": id.to_string()});
    let shown = |name: &str, id: u64| json!({"address": name, "mode": "managed", "type": "datadog_monitor", "name": name, "values": values(id)});
    let state = json!({"format_version": "1.0", "values": {"root_module": {
        "resources": [shown("fine", fine), shown("bare", bare), shown("both", both)]}}});
    project.write("state.json", state.to_string());
    // Notes that the file has stay where they are.
    project.write("monitors/monitors.yaml", "# ours\nmonitors:\n  # nothing yet\n");
    let ran = project.exits(4, &["import", "terraform", "state.json"]);
    assert!(ran.err.contains("left: datadog_monitor.bare would be refused"), "{}", ran.shown());
    let text = project.read("monitors/monitors.yaml");
    assert!(text.starts_with("# ours\nmonitors:\n  # nothing yet\n"), "{text}");
    assert!(text.contains(&format!("query: ${{monitors.fine.id}} && {bare}")), "{text}");
    only_marks(&project, 2);
}

#[test]
fn a_team_moves_in_with_a_file_for_each_service() {
    let project = Project::sandbox();
    let served = Served::start(&project);
    let make = |name: &str, tags: &[&str]| {
        monitor(&served, json!({"name": name, "query": "avg(last_5m):avg:a.b{*} > 1", "tags": tags}))
    };
    make("High load", &["team:payments", "service:card-api"]);
    make("High: load", &["team:payments", "service:card-api"]);
    make("../../etc/passwd \u{1b}[31m", &["team:payments", "service:../../x"]);
    make("Nobody's", &["team:payments"]);
    make("Other", &["team:shop", "service:card-api"]);
    make("Theirs", &["team:payments", "service:card-api", "musher:other.prod", "musher_id:theirs"]);
    let ran = project.exits(4, &["import", "monitor", "--tag", "team:payments", "--group-by", "service"]);
    assert_eq!(
        ran.out.lines().collect::<Vec<_>>(),
        [
            "monitors/card-api/high-load  monitors/card-api.yaml",
            "monitors/card-api/high-load-2  monitors/card-api.yaml",
            "monitors/nobody-s  monitors/monitors.yaml",
            "monitors/x/etc-passwd-31m  monitors/x.yaml",
        ]
    );
    assert!(
        ran.err.contains("4 imported into 3 files, 1 left.") && ran.err.contains("belongs to other.prod"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains('\u{1b}'), "{}", ran.err);
    only_marks(&project, 4);
    // What is new comes behind what is in the file, which stays as it was.
    let before = project.read("monitors/card-api.yaml");
    make("New", &["team:payments", "service:card-api"]);
    let ran = project
        .exits(0, &["import", "monitor", "--unmanaged", "--tag", "team:payments", "--group-by", "service"]);
    assert_eq!(ran.out, "monitors/card-api/new  monitors/card-api.yaml\n");
    let after = project.read("monitors/card-api.yaml");
    assert!(after.starts_with(&before) && after.len() > before.len(), "{after}");
    only_marks(&project, 1);
    // All kinds at once, a file each.
    let ran = project.exits(0, &["import", "all", "--unmanaged", "--query", "oth", "--format", "yaml"]);
    assert_eq!(ran.out, "monitors/other  monitors/other.yaml\n");
    for wrong in
        [&["import", "monitor"][..], &["import", "monitor", "1", "--group-by", "x"], &["import", "terraform"]]
    {
        project.exits(1, wrong);
    }
}

#[test]
fn what_bears_the_traces_of_kennel_and_the_serverless_plugin_moves_in() {
    let project = Project::sandbox();
    let served = Served::start(&project);
    let line = |id: &str| {
        format!("Look. @slack-a\n-- Managed by kennel {id} in projects/shop.rb, do not modify manually")
    };
    let load = |name: &str, message: &str, tags: &[&str]| {
        let query = format!("avg(last_5m):avg:a.b{{service:{name}}} > 1");
        monitor(&served, json!({"name": name, "query": query, "message": message, "tags": tags}))
    };
    let a = load("a", &line("shop:a"), &["team:a"]);
    let both = monitor(
        &served,
        json!({"name": "both", "type": "composite", "query": format!("{a} && {a}"), "options": {}, "message": line("shop:both")}),
    );
    served.send("POST", "/api/v1/dashboard", &json!({"title": "Main", "layout_type": "ordered", "description": line("core:main"),
        "widgets": [{"definition": {"type": "alert_graph", "alert_id": both.to_string(), "viz_type": "timeseries"}}]}));
    load("other", "-- Managed by hand", &["team:a"]);
    load(
        "plugin",
        "@slack-a",
        &["serverless_monitor_id:high_error_rate", "created_by:dd_sls_plugin", "env:prod", "service:api"],
    );
    let ran = project.exits(0, &["import", "kennel"]);
    assert_eq!(
        ran.out.lines().collect::<Vec<_>>(),
        [
            "dashboards/core/main  monitors/core.yaml",
            "monitors/shop/a  monitors/shop.yaml",
            "monitors/shop/both  monitors/shop.yaml"
        ],
        "{}",
        ran.err
    );
    let text = project.read("monitors/core.yaml");
    assert!(
        text.contains("alert_id: ${monitors.[shop/both].id}")
            && text.contains("-- Managed by kennel core:main"),
        "{text}"
    );
    only_marks(&project, 3);
    let ran = project.exits(0, &["import", "serverless"]);
    assert_eq!(ran.out, "monitors/api/prod/high_error_rate  monitors/api/prod.yaml\n", "{}", ran.err);
    only_marks(&project, 1);
    let ran = project.exits(0, &["import", "kennel"]);
    assert!(ran.out.is_empty() && ran.err.contains("3 declared here already"), "{}", ran.err);
}

#[test]
fn a_state_of_sync_cli_moves_in() {
    let project = Project::sandbox();
    let served = Served::start(&project);
    let (a, b) = (load(&served, "a"), load(&served, "b"));
    let state = json!({"900": {"id": a, "name": "Load of a"}, "901": {"id": b, "name": "Load of a"}, "902": {"id": 5, "name": "gone"}});
    project.write("resources/destination/monitors.json", state.to_string());
    project.write("resources/source/monitors.json", "{\"900\": {\"id\": 900}}");
    project.write("resources/destination/roles.json", "{\"r\": {\"id\": \"r\"}}");
    let ran = project.exits(4, &["import", "sync-cli", "resources"]);
    assert_eq!(
        ran.out,
        "monitors/load-of-a  monitors/monitors.yaml\nmonitors/load-of-a-2  monitors/monitors.yaml\n"
    );
    assert!(
        ran.err.contains("left: monitors 902 is not there") && ran.err.contains("left: roles r is of a type"),
        "{}",
        ran.err
    );
    only_marks(&project, 2);
}
