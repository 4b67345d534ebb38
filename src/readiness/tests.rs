//! Answers from the setup of a function, and from what keeps logs.

use serde_json::{Value, json};

use super::*;
use crate::diagnostic::{At, FileId, Position};
use crate::expand::Listed;
use crate::model::{Address, Body, Directives, Origin, Resource};

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
