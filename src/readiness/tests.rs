//! Answers from the setup of a function, and from what keeps logs.

use serde_json::{Value, json};

use super::*;
use crate::diagnostic::{At, FileId, Position};
use crate::expand::Listed;
use crate::model::{Address, Body, Directives, Origin, Resource};
use crate::pipelines::Setup;

fn function(item: Value) -> Function {
    let listed =
        Listed { value: item, given: serde_json::Map::new(), of_functions: true, at: At::file(FileId(0)) };
    crate::coverage::functions(vec![listed]).remove(0)
}

fn rows(functions: &[Function], resources: &[Resource]) -> Vec<Row> {
    readiness(&Inputs {
        environment: "prod",
        functions,
        tables: &[],
        resources,
        setups: &[],
        live: None,
        project: Position::default(),
    })
}

/// The answer for a function alone.
fn check(question: Question, item: Value, expected: State) {
    let rows = rows(&[function(item.clone())], &[]);
    let cell = rows.last().expect("a row").cells.iter().find(|cell| cell.question == question);
    let cell = cell.expect("an answer to each question");
    assert_eq!(cell.state, expected, "{item}: {:?}", cell.evidence);
    assert!(!cell.evidence.is_empty());
}

fn with(variables: Value, layer: Option<&str>) -> Value {
    let layers: Vec<Value> =
        layer.iter().map(|name| json!({"Arn": format!("arn:aws:lambda:a:1:layer:{name}:1")})).collect();
    json!({"FunctionName": "f", "Handler": "a.b", "Runtime": "python3.12", "PackageType": "Zip", "Layers": layers,
        "Environment": {"Variables": variables}})
}

#[test]
fn traces_need_a_layer_and_logs_that_lead_to_them() {
    let on = json!({"DD_TRACE_ENABLED": "true", "DD_LOGS_INJECTION": "true"});
    let check = |item, expected| check(Question::Traces, item, expected);
    check(with(on.clone(), Some("Datadog-Extension-ARM")), State::Green);
    check(with(on.clone(), Some("dd-trace-py")), State::Green);
    check(with(on.clone(), Some("insights")), State::Red);
    check(with(on.clone(), None), State::Red);
    check(with(json!({"DD_TRACE_ENABLED": "False"}), Some("Datadog-Extension")), State::Red);
    check(with(json!({"DD_TRACE_ENABLED": "true"}), Some("Datadog-Extension")), State::Yellow);
    check(with(json!({}), Some("Datadog-Extension")), State::Yellow);
    check(json!("f"), State::Grey);
    let image = json!({"FunctionName": "f", "PackageType": "Image", "Environment": {"Variables": on}});
    check(image, State::Grey);
}

#[test]
fn what_is_turned_on_is_green_and_what_is_not_said_is_never() {
    for (question, name) in
        [(Question::Profiling, "DD_PROFILING_ENABLED"), (Question::Security, "DD_APPSEC_ENABLED")]
    {
        check(question, with(json!({name: "true"}), None), State::Green);
        check(question, with(json!({name: "0"}), None), State::Red);
        check(question, with(json!({}), None), State::Red);
        check(question, json!({"FunctionName": "f"}), State::Grey);
    }
    let custom = json!({"FunctionName": "f", "Runtime": "provided.al2023", "Environment": {"Variables": {}}});
    check(Question::Profiling, custom, State::Grey);
}

fn resource(address: &str, body: &Value) -> Resource {
    Resource {
        address: Address::parse(address).expect("an address"),
        body: Body::of(body).expect("a shallow body"),
        directives: Directives::default(),
        origin: std::sync::Arc::new(Origin::default()),
        instance: None,
    }
}

#[test]
fn logs_are_kept_with_filters_a_limit_and_an_archive() {
    let index = |body: &Value| {
        let mut whole = json!({"name": "a", "filter": {"query": "source:lambda env:prod"}});
        let map = whole.as_object_mut().expect("an object");
        map.extend(body.as_object().cloned().unwrap_or_default());
        resource("logs_indexes/a", &whole)
    };
    let filters =
        json!({"exclusion_filters": [{"name": "x", "filter": {"query": "START", "sample_rate": 1}}]});
    let whole = json!({"daily_limit": 1000, "exclusion_filters": filters["exclusion_filters"]});
    let archive = resource("logs_archives/a", &json!({"name": "a"}));
    let state = |resources: &[Resource], at: usize| {
        let own = function(with(json!({"DD_ENV": "prod"}), None));
        rows(&[own], resources)[at].cells[1].state
    };
    assert_eq!(state(&[], 0), State::Grey);
    assert_eq!(state(&[index(&whole), archive.clone()], 0), State::Green);
    assert_eq!(state(&[index(&whole), archive.clone()], 1), State::Green);
    assert_eq!(state(&[index(&whole)], 0), State::Yellow);
    assert_eq!(state(&[index(&filters), archive], 0), State::Yellow);
    assert_eq!(state(&[index(&json!({}))], 0), State::Red);
    // An index of another environment says nothing of this function.
    let other = resource(
        "logs_indexes/b",
        &json!({"name": "b", "filter": {"query": "env:dev"}, "daily_limit": 1, "exclusion_filters": filters["exclusion_filters"]}),
    );
    assert_eq!(state(&[other], 1), State::Grey);
}

/// A program of the service `web`, set up with these variables; `-`: set elsewhere.
fn program(variables: &[(&str, &str)], carrier: Option<&str>, is_open: bool) -> Setup {
    let value = |value: &str| (value != "-").then(|| value.to_owned());
    Setup {
        name: "app".to_owned(),
        service: Some("web".to_owned()),
        variables: variables.iter().map(|(name, own)| ((*name).to_owned(), value(own))).collect(),
        is_open,
        carrier: carrier.map(str::to_owned),
        function: None,
        position: Position::default(),
    }
}

#[test]
fn programs_of_pipelines_answer_for_their_service() {
    let state = |question: Question, setup: Setup| {
        let rows = readiness(&Inputs {
            environment: "prod",
            functions: &[],
            tables: &[],
            resources: &[],
            setups: &[setup],
            live: None,
            project: Position::default(),
        });
        assert_eq!((rows.len(), rows[1].name.as_str()), (2, "web"));
        let of = |row: &Row| row.cells.iter().find(|cell| cell.question == question).map(|cell| cell.state);
        assert_eq!(of(&rows[0]), of(&rows[1]), "the environment's answer is that of its one program");
        of(&rows[1]).expect("an answer")
    };
    let sidecar = Some("the container `agent`");
    for (variables, carrier, is_open, expected) in [
        (&[("DD_LOGS_INJECTION", "true")][..], sidecar, false, State::Green),
        (&[("DD_LOGS_INJECTION", "false")], sidecar, false, State::Yellow),
        (&[], sidecar, false, State::Yellow),
        (&[("DD_LOGS_INJECTION", "true")], None, false, State::Grey),
        (&[("DD_TRACE_ENABLED", "0"), ("DD_LOGS_INJECTION", "true")], sidecar, false, State::Red),
        (&[("OTEL_SDK_DISABLED", "true")], sidecar, false, State::Red),
    ] {
        assert_eq!(state(Question::Traces, program(variables, carrier, is_open)), expected, "{variables:?}");
    }
    for (question, name) in
        [(Question::Profiling, "DD_PROFILING_ENABLED"), (Question::Security, "DD_APPSEC_ENABLED")]
    {
        for (variables, is_open, expected) in [
            (&[(name, "true")][..], false, State::Green),
            (&[(name, "false")], true, State::Red),
            (&[(name, "-")], false, State::Grey),
            (&[], true, State::Grey),
            (&[], false, State::Red),
        ] {
            assert_eq!(state(question, program(variables, None, is_open)), expected, "{variables:?}");
        }
    }
}

#[test]
fn a_function_that_its_list_only_names_is_as_the_pipeline_says() {
    let item = with(json!({"DD_PROFILING_ENABLED": "true"}), None);
    let mut setup = program(&[], None, false);
    (setup.name, setup.function) = ("F".to_owned(), Some(item));
    let own = |item: Value| {
        let functions = [function(item)];
        let rows = readiness(&Inputs {
            environment: "prod",
            functions: &functions,
            tables: &[],
            resources: &[],
            setups: &[setup.clone()],
            live: None,
            project: Position::default(),
        });
        rows.last().expect("a row").cells[4].state
    };
    assert_eq!(own(json!("f")), State::Green);
    assert_eq!(own(json!("other")), State::Grey);
    // Its own list knows better.
    assert_eq!(own(with(json!({}), None)), State::Red);
}

#[test]
fn what_detects_attacks_tells_somebody() {
    let rule = |id: &str, extra: Value| {
        let mut whole = json!({"name": "a", "isEnabled": true, "type": "log_detection", "queries": [], "tags": ["detections:a", "team:b"],
            "cases": [{"status": "high", "condition": "a > 0", "notifications": []}]});
        whole.as_object_mut().expect("an object").extend(extra.as_object().cloned().unwrap_or_default());
        resource(&format!("security_rules/{id}"), &whole)
    };
    let told =
        json!({"cases": [{"status": "high", "condition": "a > 0", "notifications": ["@slack-security"]}]});
    let route = |selectors: Value, enabled: bool| {
        resource(
            "signal_notification_rules/a",
            &json!({"name": "a", "enabled": enabled, "targets": ["@slack-security"], "selectors": selectors}),
        )
    };
    let signals = |more: Value| {
        let mut selectors = json!({"trigger_source": "security_signals"});
        selectors.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        selectors
    };
    let suppression = |query: &str| {
        let query = json!({"name": "a", "enabled": true, "rule_query": "type:log_detection", "suppression_query": query});
        resource("suppressions/a", &query)
    };
    let state = |resources: &[Resource]| rows(&[], resources)[0].cells[5].state;
    let bare = || rule("a", json!({}));
    assert_eq!(state(&[]), State::Grey);
    assert_eq!(state(&[rule("a", json!({"isEnabled": false}))]), State::Grey);
    assert_eq!(state(&[rule("a", told.clone())]), State::Green);
    assert_eq!(state(&[bare()]), State::Red);
    assert_eq!(state(&[rule("a", told.clone()), rule("b", json!({}))]), State::Yellow);
    for (route, expected) in [
        (route(signals(json!({})), true), State::Green),
        (
            route(signals(json!({"severities": ["high"], "rule_types": ["log_detection"]})), true),
            State::Green,
        ),
        (route(signals(json!({})), false), State::Red),
        (route(json!({"trigger_source": "security_findings"}), true), State::Red),
        (route(signals(json!({"severities": ["low"]})), true), State::Red),
        (route(signals(json!({"rule_types": ["api_security"]})), true), State::Red),
        (route(signals(json!({"query": "env:prod"})), true), State::Grey),
        (route(signals(json!({"query": "detections:a AND team:b"})), true), State::Green),
        (route(signals(json!({"query": "detections:a OR team:c"})), true), State::Grey),
    ] {
        assert_eq!(state(&[bare(), route.clone()]), expected, "{}", route.body.text());
    }
    assert_eq!(state(&[rule("a", told.clone()), suppression("")]), State::Yellow);
    assert_eq!(state(&[rule("a", told), suppression("@usr.id:admin")]), State::Green);
}
