//! Which functions nobody has an eye on, and whether we are ready: the estate of a small shop.

use std::process::Command;

use serde_json::{Value, json};

use crate::organisation::Organisation;
use crate::project::Project;

/// The same project, its environment at a service.
fn at(organisation: &Organisation) -> Project {
    let mut project = project();
    let text = MUSHER.replace("{api: sandbox, ", "{");
    project.write("musher.yaml", text);
    project.set("DATADOG_HOST", &organisation.url);
    project.set("DD_API_KEY", "an-api-key");
    project.set("DD_APP_KEY", "an-app-key");
    project
}

const MUSHER: &str = "\
project: shop
kinds: [logs_indexes, logs_archives]
environments: {sandbox: {api: sandbox, owns: {logs_archives: [shop*]}}}
coverage: {critical: 100%, standard: 50, signals: {critical: [errors, throttles], standard: [errors]}}
";

fn function(name: &str, variables: &Value, layers: bool) -> Value {
    let mut function = json!({
        "FunctionName": name, "Handler": "a.b", "Runtime": "nodejs22.x", "PackageType": "Zip",
        "FunctionArn": format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}"),
        "Environment": {"Variables": variables}
    });
    if layers {
        function["Layers"] =
            json!([{"Arn": "arn:aws:lambda:eu-west-1:464622532012:layer:Datadog-Extension:72"}]);
    }
    function
}

fn project() -> Project {
    let project = Project::new(MUSHER);
    let ready = json!({
        "DD_SERVICE": "checkout", "DD_ENV": "prod", "TIER": "critical", "DD_TRACE_ENABLED": "true",
        "DD_LOGS_INJECTION": "true", "DD_PROFILING_ENABLED": "true", "DD_SERVERLESS_APPSEC_ENABLED": "true",
        "TABLE_NAME": "orders"
    });
    let bare =
        json!({"DD_SERVICE": "mail", "DD_ENV": "prod", "DD_TRACE_ENABLED": "false", "TABLE_NAME": "letters"});
    let list =
        json!({"Functions": [function("Checkout-API", &ready, true), function("mail-in", &bare, false)]});
    project.write("inventory/functions.json", serde_json::to_string_pretty(&list).unwrap());
    project.write(
        "templates/errors.yaml",
        "\
params: {function: {}}
monitors:
  errors:
    type: query alert
    name: Errors of ${function}
    query: \"sum(last_5m):sum:aws.lambda.errors{functionname:${lower function}}.as_count() > 5\"
    message: \"@slack-shop\"
    options: {evaluation_delay: 900, thresholds: {critical: 5}}
",
    );
    project.declare(
        "\
uses:
  lambda:
    template: errors
    for_each: ../inventory/functions.json
    where: \"${eq each.FunctionName 'Checkout-API'}\"
    key: \"${each.FunctionName}\"
    with: {function: \"${each.FunctionName}\"}
monitors:
  throttles:
    type: query alert
    name: Throttles
    query: \"sum(last_5m):sum:aws.lambda.throttles{service:checkout} by {functionname}.as_count() > 5\"
    message: \"@slack-shop\"
    options: {evaluation_delay: 900, thresholds: {critical: 5}}
  gone:
    type: query alert
    name: Errors of a function that is gone
    query: \"sum(last_5m):sum:aws.lambda.errors{functionname:gone}.as_count() > 5\"
    message: \"@slack-shop\"
    options: {evaluation_delay: 900, thresholds: {critical: 5}}
  table:
    type: query alert
    name: Throttles of orders
    query: \"sum(last_5m):sum:aws.dynamodb.throttled_requests{tablename:orders}.as_count() > 5\"
    message: \"@slack-shop\"
    options: {evaluation_delay: 900, thresholds: {critical: 5}}
  fast:
    type: slo alert
    name: Burns fast
    query: \"burn_rate(\\\"${slos.checkout.id}\\\").over(\\\"30d\\\").long_window(\\\"1h\\\").short_window(\\\"5m\\\") > 14.4\"
    message: \"@pagerduty-shop\"
    options: {thresholds: {critical: 14.4}}
  slow:
    type: slo alert
    name: Burns slowly
    query: \"burn_rate(\\\"${slos.checkout.id}\\\").over(\\\"30d\\\").long_window(\\\"6h\\\").short_window(\\\"30m\\\") > 6\"
    message: \"@slack-shop\"
    options: {thresholds: {critical: 6}}
slos:
  checkout:
    name: Checkout works
    type: metric
    tags: [service:checkout]
    query:
      numerator: \"sum:good{service:checkout}.as_count()\"
      denominator: \"sum:all{service:checkout}.as_count()\"
    thresholds: [{timeframe: 30d, target: 99.9}]
",
    );
    project
}

fn json_of(project: &Project, words: &[&str]) -> Value {
    serde_json::from_str(&project.run(words).out).unwrap()
}

#[test]
fn what_nobody_has_an_eye_on() {
    let project = project();
    let ran = project.exits(1, &["coverage"]);
    insta::assert_snapshot!("coverage", format!("{}\n{}", ran.out, ran.err));
    let found = json_of(&project, &["coverage", "--format", "json"]);
    assert_eq!(found["format_version"], 1);
    let functions = found["functions"].as_array().unwrap();
    let of = |name: &str| functions.iter().find(|own| own["name"] == name).unwrap();
    assert_eq!(
        (of("mail-in")["tier"].as_str(), of("Checkout-API")["tier"].as_str()),
        (Some("standard"), Some("critical"))
    );
    assert_eq!(of("mail-in")["source"]["file"], "inventory/functions.json");
    let signal = |name: &str, signal: &str| -> Value {
        of(name)["signals"].as_array().unwrap().iter().find(|own| own["signal"] == signal).unwrap().clone()
    };
    assert_eq!(signal("Checkout-API", "errors")["by"], json!(["monitors/lambda/checkout-api/errors"]));
    assert_eq!(signal("Checkout-API", "throttles")["by"], json!(["monitors/throttles"]));
    assert_eq!(signal("Checkout-API", "duration")["required"], false);
    assert_eq!(signal("mail-in", "errors")["covered"], false);
    assert_eq!(found["idle"][0]["address"], "monitors/gone");
    assert_eq!(found["idle"].as_array().unwrap().len(), 1);
    assert_eq!(
        found["services"][0],
        json!({"name": "checkout", "slos": ["slos/checkout"], "burn_rate": true})
    );
    assert_eq!(found["services"][1], json!({"name": "mail", "slos": [], "burn_rate": false}));
    assert_eq!(found["summary"]["critical"]["percent"], 100.0);
    assert_eq!(
        found["summary"]["standard"],
        json!({"functions": 1, "required": 1, "covered": 0, "percent": 0.0, "minimum": 50.0})
    );
    // What is asked for is there once every function has its monitor.
    let text = project
        .read("monitors/case.yaml")
        .replace("    where: \"${eq each.FunctionName 'Checkout-API'}\"\n", "");
    project.declare(&text);
    project.fine(&["coverage"]);
}

#[test]
fn the_seven_questions() {
    let project = project();
    insta::assert_snapshot!("readiness", project.fine(&["readiness", "--offline", "--expand"]));
    let found = json_of(&project, &["readiness", "--offline", "--format", "json"]);
    let rows = found["rows"].as_array().unwrap();
    let states = |kind: &str, name: &str| -> Vec<String> {
        let row = rows.iter().find(|row| row["kind"] == kind && row["name"] == name).unwrap();
        let cells = row["cells"].as_array().unwrap();
        for cell in cells {
            let evidence = cell["evidence"].as_array().unwrap();
            assert!(
                !evidence.is_empty()
                    && evidence.iter().all(|own| own["source"].is_object() || own["url"].is_string())
            );
        }
        cells.iter().map(|cell| cell["state"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        states("function", "Checkout-API"),
        ["grey", "grey", "green", "green", "green", "green", "green"]
    );
    assert_eq!(states("function", "mail-in"), ["grey", "grey", "red", "red", "red", "red", "red"]);
    assert_eq!(states("service", "mail"), ["grey", "grey", "red", "red", "red", "red", "red"]);
    assert_eq!(
        states("environment", "sandbox"),
        ["grey", "grey", "yellow", "yellow", "yellow", "yellow", "yellow"]
    );
    let missed = project.exits(1, &["readiness", "--offline", "--min", "1/7"]);
    assert!(missed.err.contains("0 of 7 answers are green, and at least 1 are asked for"), "{}", missed.err);
    project.fine(&["readiness", "--offline", "--min", "0/7"]);
    project.exits(1, &["readiness", "--min", "8/7"]);
    // What is live tells whether it is code.
    project.fine(&["apply", "--yes", "-q"]);
    let live = json_of(&project, &["readiness", "--format", "json"]);
    let code = &live["rows"][0]["cells"][0];
    assert_eq!(code["question"], "code");
    assert_eq!(code["evidence"][0]["class"], "live");
    assert!(code["evidence"].to_string().contains("6 of 6 monitors are as code"), "{code}");
}

#[test]
fn a_change_tells_what_it_does_to_both() {
    let project = project();
    let git = |words: &[&str]| {
        let mut command = Command::new("git");
        let ran = command
            .args(["-c", "user.name=a", "-c", "user.email=a@b"])
            .args(words)
            .current_dir(project.path(""));
        assert!(ran.output().unwrap().status.success(), "{words:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "first"]);
    let text = project.read("monitors/case.yaml");
    let silent = project.run(&["plan", "--base", "HEAD", "--offline"]).out;
    assert!(!silent.contains("coverage") && !silent.contains("readiness"), "{silent}");
    project.declare(&text.replace("functionname}.as_count", "region}.as_count"));
    let said = project.run(&["plan", "--base", "HEAD", "--offline", "--format", "markdown"]).out;
    assert!(said.contains("coverage 66.6 % → 33.3 %: Checkout-API lost its alert on throttles"), "{said}");
    project.declare(&text.replace("    where: \"${eq each.FunctionName 'Checkout-API'}\"\n", ""));
    let said = project.run(&["plan", "--base", "HEAD", "--offline"]).out;
    assert!(said.contains("coverage 66.6 % → 100 %\n"), "{said}");
    // What is said stands in each form, and in the comment that a saved plan becomes.
    let check = |expected: &str| {
        for words in [&["--offline"][..], &["--offline", "--format", "markdown"], &[]] {
            let words: Vec<&str> =
                ["plan", "--base", "HEAD"].into_iter().chain(words.iter().copied()).collect();
            let said = project.run(&words).out.replace('`', "");
            assert!(said.contains(expected), "{words:?}: {expected}: {said}");
        }
        project.run(&["plan", "--base", "HEAD", "--offline", "-o", "plan.json"]);
        let shown = project.run(&["show", "plan.json", "--format", "markdown"]).out.replace('`', "");
        assert!(shown.contains(expected), "{expected}: {shown}");
    };
    project.declare(&text.replacen("message: \"@slack-shop\"", "message: \"look\"", 1));
    check("coverage 66.6 %: monitors/throttles tells nobody");
    project.declare(&text.replace(".long_window(\\\"6h\\\")", ".long_window(\\\"1h\\\")"));
    check("readiness 0 of 7: checkout is no longer green in slo");
    project.declare(&text);
    // Less is asked for, of fewer: that is no progress, and is told.
    let musher = project.read("musher.yaml");
    project.write("musher.yaml", musher.replace("critical: [errors, throttles]", "critical: [errors]"));
    check("coverage 66.6 % → 50 %: Checkout-API needs no alert on throttles any more");
    project.write("musher.yaml", musher);
    let list = project.read("inventory/functions.json");
    project.write("inventory/functions.json", list.replace("\"mail-in\"", "\"mail-out\""));
    check("coverage 66.6 %: mail-out comes without an alert on errors; mail-in left the inventory");
}

#[test]
fn what_is_live_tells_which_alerts_look_at_nothing() {
    let organisation = Organisation::of(&[
        ("aws.lambda.invocations", Some(&["functionname:checkout-api", "functionname:forgotten"])),
        ("aws.lambda.errors", Some(&["functionname:checkout-api", "functionname:mail-in"])),
        ("aws.lambda.throttles", Some(&["functionname:checkout-api"])),
        ("aws.dynamodb.throttled_request", None),
        ("aws.dynamodb.user_errors", None),
    ]);
    let project = at(&organisation);
    let ran = project.exits(1, &["coverage"]);
    insta::assert_snapshot!("coverage_live", ran.out);
    let asked = organisation.asked.lock().unwrap().clone();
    // The names, and the tags of each metric that an alert looks at: not a request for each function or monitor.
    assert_eq!(asked.len(), 4, "{asked:?}");
    assert!(asked[0].starts_with("/api/v2/metrics?window%5Bseconds%5D=2592000"), "{asked:?}");
    let live = json_of(&project, &["coverage", "--format", "json"])["live"].clone();
    let blind = live["blind"].as_array().unwrap();
    let of = |address: &str| blind.iter().find(|own| own["address"] == address).unwrap();
    assert_eq!(of("monitors/gone")["tag"], "functionname:gone");
    assert_eq!(of("monitors/throttles")["tag"], "service:checkout");
    assert_eq!(of("monitors/table")["metric"], "aws.dynamodb.throttled_requests");
    assert_eq!(of("monitors/table")["near"], "aws.dynamodb.throttled_request");
    assert_eq!(blind.len(), 3, "{blind:?}");
    assert_eq!(live["unlisted"], json!(["forgotten"]));
    assert_eq!(live["unseen"][0]["name"], "mail-in");
    assert_eq!(live["unseen"].as_array().unwrap().len(), 1);
    // Its counts are those of the definitions.
    let offline = json_of(&project, &["coverage", "--offline", "--format", "json"]);
    assert_eq!(offline["summary"], json_of(&project, &["coverage", "--format", "json"])["summary"]);
    assert_eq!(offline["live"], Value::Null);
    let page = project.run(&["coverage", "--format", "html"]).out;
    assert!(page.contains("nothing live to look at") && page.contains("forgotten"), "{page}");
}

#[test]
fn what_is_not_told_is_not_known() {
    let refused = |status: u16, body: Value| {
        let organisation = Organisation::answering([("/api/v2/metrics".to_owned(), (status, body))].into());
        at(&organisation).run(&["coverage"])
    };
    let forbidden = refused(403, json!({"errors": ["Forbidden"]}));
    assert!(
        forbidden.out.contains("the keys may not list metrics (`metrics_read`)"),
        "{}",
        forbidden.shown()
    );
    let empty = refused(200, json!({"data": []}));
    assert!(empty.out.contains("the organisation tells of no metric"), "{}", empty.shown());
    // Configurations of tags alone are no list of what reports.
    let configured = refused(200, json!({"data": [{"type": "manage_tags", "id": "a.b"}]}));
    assert!(configured.out.contains("the organisation tells of no metric"), "{}", configured.shown());
    let odd = refused(200, json!({"data": {"a": 1}}));
    assert!(odd.code == Some(1) && odd.err.contains("no list of metrics"), "{}", odd.shown());
    for ran in [project().run(&["coverage"]), project().run(&["coverage", "--offline"])] {
        assert!(ran.out.contains("and which functions are live, is not known:"), "{}", ran.shown());
    }
    // Names of functions are not told where no metric bears any.
    let organisation = Organisation::of(&[("aws.lambda.errors", None), ("aws.lambda.invocations", None)]);
    let live = json_of(&at(&organisation), &["coverage", "--format", "json"])["live"].clone();
    assert_eq!((&live["unlisted"], &live["unseen"]), (&json!([]), &json!([])));
    assert_eq!(live["untold"], 1);
    // Hostile names stay text.
    let organisation = Organisation::of(&[(
        "aws.lambda.invocations",
        Some(&["functionname:\u{1b}[31m</script><img src=x>`|\u{202e}"]),
    )]);
    let project = at(&organisation);
    for format in ["text", "markdown", "html"] {
        let out = project.run(&["coverage", "--format", format]).out;
        let has_tag = format == "html" && out.contains("<img");
        assert!(!out.contains(['\u{1b}', '\u{202e}']) && !has_tag, "{format}: {out}");
    }
}

#[test]
fn pipelines_prove_what_inventories_only_name() {
    let project =
        Project::new("project: shop\npipelines: [\"deploy/*\"]\nenvironments: {sandbox: {api: sandbox}}\n");
    project.write(
        "deploy/web.yaml",
        "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry/web:1.2.3
          env:
            - {name: DD_SERVICE, value: web}
            - {name: DD_AGENT_HOST, value: agent}
            - {name: DD_LOGS_INJECTION, value: \"true\"}
            - {name: DD_APPSEC_ENABLED, value: \"true\"}
",
    );
    project.declare("monitors: {}\n");
    let found = json_of(&project, &["readiness", "--offline", "--format", "json"]);
    let rows = found["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["kind"] == "service" && row["name"] == "web").unwrap();
    let cell = |question: &str| {
        row["cells"].as_array().unwrap().iter().find(|own| own["question"] == question).unwrap().clone()
    };
    for (question, expected) in
        [("traces", "green"), ("profiling", "red"), ("security", "green"), ("slo", "red")]
    {
        assert_eq!(cell(question)["state"], expected, "{row}");
    }
    let proof = &cell("traces")["evidence"][1];
    assert_eq!((&proof["class"], &proof["source"]["file"]), (&json!("pipeline"), &json!("deploy/web.yaml")));
    assert_eq!(proof["source"]["line"], 10);
}
