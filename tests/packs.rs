//! The built-in templates: at the bounds of their parameters and with each part switched off, the real binary accepts,
//! applies and plans them empty; their pages tell their parameters.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Map, Value, json};

const PACKS: [&str; 22] = [
    "api-checks",
    "app-protection",
    "aws-dynamodb",
    "aws-lambda",
    "aws-sqs",
    "ci-pipelines",
    "external-api",
    "fleet-dashboard",
    "gcp-cloud-run",
    "investigate-lambda",
    "logs-cost",
    "musher-self",
    "otel-collector",
    "personal-data",
    "quiet-hours",
    "routing",
    "service-catalogue",
    "service-dashboard",
    "service-slo",
    "siem-cloudtrail",
    "trace-retention",
    "vpc-flow",
];

/// Those that carry files: `render` writes them, and nothing of them is sent.
const OF_FILES: [&str; 4] =
    ["adot-xray", "cloud-run-sidecar", "lambda-environment", "otel-collector-datadog"];

type Parameters = Map<String, Value>;

fn musher(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_musher"))
        .env_clear()
        .env("HOME", folder.join(".home"))
        .env("XDG_CACHE_HOME", folder.join(".cache"))
        .current_dir(folder)
        .args(arguments)
        .args(["--color", "never"])
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A project whose uses run templates, each with its parameters.
fn project<'a>(uses: impl IntoIterator<Item = (String, &'a str, Parameters)>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("monitors")).unwrap();
    std::fs::write(
        folder.path().join("musher.yaml"),
        "project: packs\nkinds: [downtimes, entities, logs_archives, logs_indexes, logs_metrics, notebooks, notification_rules, retention_filters, scanner_groups, scanner_rules, security_rules, signal_notification_rules, synthetics_tests, waf_rules]\nenvironments:\n  sandbox: {api: sandbox}\n",
    )
    .unwrap();
    let uses: Parameters = uses
        .into_iter()
        .map(|(name, template, with)| (name, json!({"template": template, "with": with})))
        .collect();
    std::fs::write(folder.path().join("monitors/uses.yaml"), json!({"uses": uses}).to_string()).unwrap();
    folder
}

/// What a run that must go well writes on stdout.
fn fine(folder: &Path, arguments: &[&str]) -> String {
    let output = musher(folder, arguments);
    let out = text(&output.stdout);
    assert!(output.status.success(), "musher {}\n{out}{}", arguments.join(" "), text(&output.stderr));
    out
}

/// The bodies by address.
fn wanted(folder: &Path) -> BTreeMap<String, Value> {
    fine(folder, &["apply", "--yes", "-q"]);
    assert_eq!(musher(folder, &["plan", "--detailed-exitcode", "-q"]).status.code(), Some(0));
    let list: Vec<Value> = serde_json::from_str(&fine(folder, &["list", "--format", "json"])).unwrap();
    let body = |item: &Value| {
        let address = item["address"].as_str().unwrap().to_owned();
        let shown = fine(folder, &["show", &address, "--format", "json"]);
        let shown: Value = serde_json::from_str(&shown).unwrap();
        (address, shown["wanted"].clone())
    };
    list.iter().map(body).collect()
}

fn parameters_of(pack: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let shown = fine(folder.path(), &["show", "template", pack, "--format", "json"]);
    let mut shown: Value = serde_json::from_str(&shown).unwrap();
    serde_json::from_value(shown["params"].take()).unwrap()
}

/// A value for what a pack can't do without; `number` keeps the instances apart.
fn required(parameters: &[Value], number: usize) -> Parameters {
    let value = |name: &str| match name {
        "timeout" => json!(30),
        "destination" => {
            let integration = json!({"account_id": "123456789012", "role_name": "archive"});
            json!({"type": "s3", "bucket": "logs", "path": "shop", "integration": integration})
        }
        "scope" => json!("service:checkout,env:prod"),
        "notify" => json!("@slack-checkout"),
        "team" => json!(format!("payments-{number}")),
        "tags" => json!([format!("service:checkout-{number}")]),
        _ => json!(format!("Checkout-{number}")),
    };
    let mut required: Parameters = parameters
        .iter()
        .filter(|parameter| parameter["required"] == true)
        .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
        .map(|name| (name.clone(), value(&name)))
        .collect();
    if required.is_empty() {
        required.insert("title".to_owned(), value("title"));
    }
    required
}

/// The switches of a pack, all of them on or off.
fn switches(parameters: &[Value], on: bool) -> Parameters {
    let switch = |parameter: &&Value| parameter["type"] == "boolean";
    let named = |parameter: &Value| (parameter["name"].as_str().unwrap().to_owned(), json!(on));
    parameters.iter().filter(switch).map(named).collect()
}

/// A bound as it is written: a whole number where it is one.
fn bound(parameter: &Value, side: &str) -> Option<Value> {
    let number = parameter[side].as_f64()?;
    #[expect(clippy::cast_possible_truncation, reason = "bounds are small")]
    Some(if number.fract() == 0.0 { json!(number as i64) } else { json!(number) })
}

/// Every way to use a pack that is worth a try.
fn cases(parameters: &[Value]) -> Vec<(String, Parameters)> {
    let on = switches(parameters, true);
    let off = switches(parameters, false);
    let with = |base: &Parameters, name: &str, value: Value| {
        let mut with = base.clone();
        with.insert(name.to_owned(), value);
        with
    };
    let mut cases = vec![
        ("default".to_owned(), Parameters::new()),
        ("all-on".to_owned(), on.clone()),
        ("all-off".to_owned(), off.clone()),
    ];
    for name in on.keys() {
        cases.push((format!("only-{name}"), with(&off, name, json!(true))));
        cases.push((format!("without-{name}"), with(&on, name, json!(false))));
    }
    for side in ["min", "max"] {
        let mut all = on.clone();
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap();
            let Some(value) = bound(parameter, side) else { continue };
            cases.push((format!("{name}-{side}"), with(&on, name, value.clone())));
            all.insert(name.to_owned(), value);
        }
        cases.push((format!("all-{side}"), all));
    }
    cases
}

fn is_accepted_at_every_bound(pack: &str) {
    let parameters = parameters_of(pack);
    let uses: Vec<_> = cases(&parameters)
        .into_iter()
        .enumerate()
        .map(|(number, (name, given))| {
            let mut with = required(&parameters, number);
            with.extend(given);
            (name.replace('_', "-"), pack, with)
        })
        .collect();
    // Ten indexes may be written in five minutes: more of them in one project would wait for that.
    uses.chunks(9).for_each(|uses| are_accepted(pack, uses));
}

fn are_accepted(pack: &str, uses: &[(String, &str, Parameters)]) {
    let folder = project(uses.iter().cloned());
    let said = musher(folder.path(), &["validate", "--format", "json"]);
    let reported = text(&said.stdout) + &text(&said.stderr);
    assert!(said.status.success(), "{pack}: {reported}");
    fine(folder.path(), &["apply", "--yes", "-q"]);
    let plan = musher(folder.path(), &["plan", "--detailed-exitcode"]);
    assert_eq!(plan.status.code(), Some(0), "{pack}: {}", text(&plan.stdout));
}

#[test]
fn packs_are_accepted_at_every_bound_and_without_each_part() {
    let packs = std::sync::Mutex::new(PACKS.into_iter());
    let next = || packs.lock().unwrap().next();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(pack) = next() {
                    is_accepted_at_every_bound(pack);
                }
            });
        }
    });
}

fn slo(timeframe: &str, target: f64) -> Parameters {
    let given = json!({"service": "Check Out", "team": "Payments", "scope": "service:checkout", "notify": "@slack-checkout",
        "timeframe": timeframe, "target": target});
    given.as_object().unwrap().clone()
}

/// Datadog's tables, and what is left of them where the highest possible rate is lower.
#[test]
fn burn_rates_are_those_of_the_tables_and_stay_below_the_highest_possible_one() {
    let expected = [
        ("7d", 99.9, [16.8, 5.6, 2.8]),
        ("30d", 99.99, [14.4, 6.0, 3.0]),
        ("30d", 96.0, [14.4, 6.0, 3.0]),
        ("30d", 93.0, [12.86, 6.0, 3.0]),
        ("90d", 96.0, [21.6, 10.8, 4.5]),
        ("90d", 90.0, [9.0, 9.0, 4.5]),
        ("7d", 50.0, [1.8, 1.8, 1.8]),
    ];
    let name = |(at, (timeframe, target, _)): (usize, &(&str, f64, [f64; 3]))| {
        (format!("u{at}"), "service-slo", slo(timeframe, *target))
    };
    let folder = project(expected.iter().enumerate().map(name));
    let bodies = wanted(folder.path());
    let windows = [
        ("fast-burn", r#"long_window("1h").short_window("5m")"#),
        ("slow-burn", r#"long_window("6h").short_window("30m")"#),
        ("steady-burn", r#"long_window("24h").short_window("120m")"#),
    ];
    for (at, (timeframe, target, rates)) in expected.iter().enumerate() {
        for ((alert, windows), rate) in windows.iter().zip(rates) {
            let body = &bodies[&format!("monitors/u{at}/{alert}")];
            let query = body["query"].as_str().unwrap();
            assert!(query.ends_with(&format!(r#".over("{timeframe}").{windows} > {rate}"#)), "{query}");
            assert_eq!(body["options"]["thresholds"]["critical"].as_f64(), Some(*rate), "{query}");
            assert!(*rate < 100.0 / (100.0 - target), "{query}");
        }
    }
    let tags = bodies["slos/u0/availability"]["tags"].as_array().unwrap();
    assert!(tags.contains(&json!("service:check_out")) && tags.contains(&json!("team:payments")), "{tags:?}");
}

/// The error rate of a function tells by itself whenever the composite isn't there to tell.
#[test]
fn somebody_is_told_of_errors_whatever_is_switched_off() {
    let case = |name: &str, off: &[&str]| {
        let mut with = json!({"function": name, "service": "checkout", "team": "payments", "timeout": 30,
            "notify": "@slack-checkout", "page": "@pagerduty-checkout"});
        for switch in off {
            with[*switch] = json!(false);
        }
        (name.to_owned(), "aws-lambda", with.as_object().unwrap().clone())
    };
    let folder = project([
        case("whole", &[]),
        case("quiet", &["watch_broken"]),
        case("traffic", &["watch_traffic"]),
        case("errors", &["watch_errors"]),
    ]);
    let bodies = wanted(folder.path());
    let tells = |address: &str| {
        let message = bodies.get(address)?["message"].as_str().unwrap();
        Some(message.contains("@slack-checkout") && message.contains("@pagerduty-checkout"))
    };
    let pair =
        |name: &str| (tells(&format!("monitors/{name}/errors")), tells(&format!("monitors/{name}/broken")));
    assert_eq!(pair("whole"), (Some(false), Some(true)));
    assert_eq!(pair("quiet"), (Some(true), None));
    assert_eq!(pair("traffic"), (Some(true), None));
    assert_eq!(pair("errors"), (None, None));
}

/// One row of a page's table of parameters.
fn row(parameter: &Value) -> String {
    let word = |name: &str| parameter[name].as_str().unwrap_or_default().to_owned();
    let shown = match &parameter["default"] {
        _ if parameter["required"] == true => "required".to_owned(),
        Value::String(text) if text.is_empty() => "`\"\"`".to_owned(),
        Value::String(text) => format!("`{text}`"),
        Value::Object(map) => {
            let pairs: Vec<String> = map.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
            format!("`{{{}}}`", pairs.join(", "))
        }
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(Value::to_string).collect();
            format!("`[{}]`", items.join(", "))
        }
        value => format!("`{value}`"),
    };
    let bounds = match (bound(parameter, "min"), bound(parameter, "max")) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("from {min}"),
        (None, Some(max)) => format!("to {max}"),
        (None, None) => String::new(),
    };
    let form = if parameter["type"].is_null() { "string".to_owned() } else { word("type") };
    format!("| `{}` | {form} | {shown} | {bounds} | {} |", word("name"), word("description"))
}

/// What packs write passes every rule about such files, advice included; `--check` tells what is not as it is written.
#[test]
fn packs_of_files_pass_the_rules_about_pipelines_at_every_bound() {
    for pack in OF_FILES {
        let parameters = parameters_of(pack);
        let word = |name: &str| match name {
            "site" => "datadoghq.eu".to_owned(),
            "region" => "eu-west-1".to_owned(),
            "image" => "acme/shop:1.2.3".to_owned(),
            "key_secret" => "arn:aws:secretsmanager:eu-west-1:123456789012:secret:datadog".to_owned(),
            name => format!("shop-{}", name.replace('_', "-")),
        };
        let required = parameters.iter().filter(|parameter| parameter["required"] == true);
        let required: Parameters = required
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .map(|name| (name.clone(), word(&name).into()))
            .collect();
        let uses = cases(&parameters).into_iter().map(|(name, given)| {
            let mut with = required.clone();
            with.extend(given);
            (name.replace('_', "-"), pack, with)
        });
        let folder = project(uses);
        let path = folder.path();
        std::fs::write(
            path.join("musher.yaml"),
            "project: packs\npipelines: [\"rendered/**\"]\nenvironments:\n  prod: {site: datadoghq.eu}\n",
        )
        .unwrap();
        assert_eq!(musher(path, &["render", "--check"]).status.code(), Some(2), "{pack}");
        fine(path, &["render"]);
        assert!(fine(path, &["render"]).starts_with(|c: char| c.is_ascii_digit()), "{pack}: written twice");
        fine(path, &["render", "--check"]);
        let said = fine(path, &["validate", "--advice", "--format", "json"]);
        assert_eq!(serde_json::from_str::<Value>(&said).unwrap(), json!([]), "{pack}");
    }
}

#[test]
fn files_of_others_are_not_replaced_and_what_is_idle_is_reported() {
    let with = json!({"name": "collector", "site": "datadoghq.eu"});
    let folder = project([("gateway".to_owned(), OF_FILES[3], with.as_object().unwrap().clone())]);
    let service = folder.path().join("rendered/sandbox/gateway/service.yaml");
    fine(folder.path(), &["render"]);
    let written = std::fs::read_to_string(&service).unwrap();
    assert!(written.starts_with("# Rendered by musher from the use `gateway`"), "{written}");
    std::fs::write(&service, written.clone() + "# mine\n").unwrap();
    std::fs::write(service.with_file_name("old.json"), "{}").unwrap();
    let check = musher(folder.path(), &["render", "--check"]);
    let said = text(&check.stdout);
    assert_eq!(check.status.code(), Some(2));
    assert!(said.contains("differs            rendered/sandbox/gateway/service.yaml"), "{said}");
    assert!(said.contains("no longer rendered rendered/sandbox/gateway/old.json"), "{said}");
    let said = fine(folder.path(), &["render"]);
    assert!(said.contains("replaced           rendered/sandbox/gateway/service.yaml"), "{said}");
    assert_eq!(std::fs::read_to_string(&service).unwrap(), written);
    std::fs::write(&service, "kind: Service\n").unwrap();
    let refused = musher(folder.path(), &["render"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("was not written by musher"), "{}", text(&refused.stderr));
    assert_eq!(std::fs::read_to_string(&service).unwrap(), "kind: Service\n");
    fine(folder.path(), &["render", "--force"]);
    assert_eq!(std::fs::read_to_string(&service).unwrap(), written);
}

/// The files of the example estate are those that its uses render.
#[test]
fn the_example_estate_is_rendered() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_musher"))
        .env_clear()
        .current_dir(root)
        .args(["render", "-e", "prod", "--check"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn pages_tell_the_parameters_as_they_are() {
    for pack in PACKS.into_iter().chain(OF_FILES) {
        let path = format!("{}/docs/templates/{pack}.md", env!("CARGO_MANIFEST_DIR"));
        let page = std::fs::read_to_string(path).unwrap();
        let table: Vec<&str> = page
            .split("## Parameters")
            .nth(1)
            .and_then(|rest| rest.split("\n## ").next())
            .unwrap()
            .lines()
            .filter(|line| line.starts_with("| `"))
            .collect();
        let expected: Vec<String> = parameters_of(pack).iter().map(row).collect();
        assert_eq!(table, expected, "{pack}");
    }
}

/// A group that would be empty isn't drawn.
#[test]
fn a_fleet_without_objectives_has_no_group_of_them() {
    let objectives = json!([{"title": "checkout", "id": "0123456789abcdef0123456789abcdef"}]);
    let case = |name: &str, given: Value| {
        let mut with = Parameters::new();
        with.insert("title".to_owned(), json!(name));
        with.insert("objectives".to_owned(), given);
        (name.to_owned(), "fleet-dashboard", with)
    };
    let folder = project([case("none", json!([])), case("one", objectives)]);
    let bodies = wanted(folder.path());
    let groups = |name: &str| -> Vec<String> {
        let body = &bodies[&format!("dashboards/{name}/overview")];
        let widgets = body["widgets"].as_array().unwrap();
        let title = |widget: &Value| widget["definition"]["title"].as_str().unwrap().to_owned();
        widgets.iter().map(title).collect()
    };
    let common = ["What is red", "Functions", "What the account allows, and what it costs"];
    assert_eq!(groups("none"), common);
    assert_eq!(groups("one"), [&common[..], &["SLOs"]].concat());
}

/// The service has no more than a few indexes of logs and groups of the scanner.
const FEW: usize = 8;

/// One of many instances: teams are shared, and a few of the numbers are other ones.
fn varied(pack: &str, parameters: &[Value], at: usize) -> Parameters {
    const VARIED: [&str; 6] = ["error_rate", "failure_rate", "latency", "age", "throttled", "refused"];
    let mut with = required(parameters, at);
    if let Some(team) = with.get_mut("team").filter(|_| pack != "routing") {
        *team = json!(format!("team-{}", at % 5));
    }
    for parameter in parameters {
        let name = parameter["name"].as_str().unwrap();
        let Some(usual) = parameter["default"].as_f64().filter(|_| VARIED.contains(&name)) else { continue };
        let fits = parameter["max"].as_f64().is_none_or(|most| 2.0 * usual < most);
        let other = if fits { 2.0 * usual } else { usual / 2.0 };
        with.insert(name.to_owned(), json!(if at.is_multiple_of(8) { other } else { usual }));
    }
    with
}

/// Instances of each pack, their definitions lost and their marks taken off, come back as one template whose plan adopts
/// and changes nothing. `MUSHER_INSTANCES=500` asks for more of them.
#[test]
fn instances_of_each_pack_come_back_as_one_template() {
    let asked = std::env::var("MUSHER_INSTANCES").ok().and_then(|text| text.parse().ok()).unwrap_or(24);
    for pack in PACKS {
        let count = if ["logs-cost", "personal-data"].contains(&pack) { asked.min(FEW) } else { asked };
        let parameters = parameters_of(pack);
        let uses = || (0..count).map(|at| (format!("u{at}"), pack, varied(pack, &parameters, at)));
        let folder = project(uses());
        let path = folder.path();
        fine(path, &["apply", "--yes", "-q"]);
        let made: Vec<Value> = serde_json::from_str(&fine(path, &["list", "--format", "json"])).unwrap();
        let forgotten: Parameters = uses()
            .map(|(name, template, with)| {
                (name, json!({"template": template, "with": with, "$forget": true}))
            })
            .collect();
        std::fs::write(path.join("monitors/uses.yaml"), json!({"uses": forgotten}).to_string()).unwrap();
        fine(path, &["apply", "--yes", "-q"]);
        std::fs::remove_file(path.join("monitors/uses.yaml")).unwrap();
        let imported = musher(path, &["import", "all", "--all", "--templatize", "--yes"]);
        let said = text(&imported.stderr);
        assert!(imported.status.success(), "{pack}: {said}");
        let templates: Vec<String> = std::fs::read_dir(path.join("templates"))
            .unwrap_or_else(|error| panic!("{pack}: {error}: {said}"))
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        assert_eq!(templates.len(), 1, "{pack}: {templates:?}\n{said}");
        let wanted = format!("{} resource", made.len());
        assert!(said.replace(',', "").contains(&wanted), "{pack}: {} were made\n{said}", made.len());
        let plan: Value = serde_json::from_str(&fine(path, &["plan", "--format", "json"])).unwrap();
        for change in plan["changes"].as_array().unwrap() {
            let fields = change["fields"].as_array().map(Vec::len).unwrap_or_default();
            assert!(change["action"] == "adopt" && fields == 0, "{pack}: {change:#}");
        }
        fine(path, &["apply", "--yes", "-q"]);
        let plan = musher(path, &["plan", "--detailed-exitcode"]);
        assert_eq!(plan.status.code(), Some(0), "{pack}: {}", text(&plan.stdout));
        println!(
            "{pack}: {}",
            said.lines().find(|line| line.contains("in place of")).unwrap_or_default().trim()
        );
    }
}
