//! Which functions nobody has an eye on, and whether we are ready: the estate of a small shop.

use std::process::Command;

use serde_json::{Value, json};

use crate::project::Project;

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
}
