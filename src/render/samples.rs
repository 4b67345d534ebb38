//! Plans for the tests of the forms that they are shown in.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::diagnostic::{At, FileId, Position};
use crate::model::{
    Action, Address, Attribute, Brake, Change, FieldChange, Instance, Notes, Origin, Plan, Reference, Rename,
    Renamed, Risk, Warning,
};
use crate::risk::{Watched, risks};

pub fn plan(changes: Vec<Change>, unchanged: usize) -> Plan {
    Plan {
        project: "shop".to_owned(),
        environment: Some("staging".to_owned()),
        site: "datadoghq.eu".to_owned(),
        changes,
        unchanged,
        owned: unchanged,
        marked: unchanged,
        declared: unchanged,
        ..Plan::default()
    }
}

pub fn change(action: Action, address: &str) -> Change {
    let address = Address::parse(address).expect("an address");
    let live = action != Action::Create;
    let kind = match address.section() {
        "slos" => "slo",
        "dashboards" => "dashboard",
        _ => "monitor",
    };
    Change {
        datadog_id: live.then(|| "123".to_owned()),
        url: live.then(|| "https://app.datadoghq.eu/monitors/123".to_owned()),
        origin: (action != Action::Delete).then(|| origin("monitors/shop.yaml", 3)),
        ..Change::new(kind, address, action)
    }
}

pub fn origin(file: &str, line: u32) -> Arc<Origin> {
    Arc::new(Origin { position: Position { file: file.into(), line, column: 5 }, layers: Vec::new() })
}

pub fn replaced(path: &str, before: Value, after: Value) -> FieldChange {
    FieldChange { path: path.to_owned(), before: Some(before), after: Some(after) }
}

pub fn added(path: &str, after: Value) -> FieldChange {
    FieldChange { path: path.to_owned(), before: None, after: Some(after) }
}

/// A change of the instance `lambda/NAME` of a template.
pub fn instance(action: Action, name: &str, id: &str, diff: Vec<FieldChange>) -> Change {
    let use_ = Instance { name: "lambda".into(), key: name.into(), at: At::file(FileId(0)) };
    Change {
        instance: (action != Action::Delete).then(|| Arc::new(use_)),
        origin: (action != Action::Delete).then(|| origin("templates/aws-lambda.yaml", 12)),
        diff,
        ..change(action, &format!("monitors/lambda/{name}/{id}"))
    }
}

/// The threshold of many functions changed, in the number and in each query's text.
pub fn threshold_of(name: &str) -> Change {
    let query =
        |number: &str| json!(format!("sum(last_5m):sum:aws.lambda.errors{{functionname:{name}}} > {number}"));
    instance(
        Action::Update,
        name,
        "errors",
        vec![
            replaced("/options/thresholds/critical", json!(0.05), json!(0.01)),
            replaced("/query", query("0.05"), query("0.01")),
        ],
    )
}

/// What is reported beside the changes, all of it in this text.
pub fn notes(text: &str) -> Notes {
    let (own, address) = (|| text.to_owned(), Address::new("monitors", text));
    let position = Some(Position { file: text.into(), line: 1, column: 1 });
    let of = |renamed| Rename { renamed, count: 2, position: position.clone() };
    Notes {
        base: None,
        committed: false,
        brakes: vec![Brake { name: "delete", text: own(), remedy: own() }; 2],
        warnings: vec![Warning { code: "no-recipient", text: own(), position: position.clone() }; 40],
        only: vec![own(); 12],
        begun: Default::default(),
        secrets: vec![(address.clone(), own()); 9],
        renames: vec![
            of(Renamed::Resource { to: address.clone(), from: vec![address.clone()] }),
            of(Renamed::Resource { to: address.clone(), from: vec![address.clone(), address.clone()] }),
            of(Renamed::Use { to: own(), from: own() }),
            of(Renamed::Entry { name: own(), section: own(), to: own(), from: own() }),
            of(Renamed::Unclear { name: own(), to: address.clone(), from: address }),
        ],
    }
}

/// What is said of a threshold that is put further away.
fn loosened() -> Vec<Risk> {
    let body = |critical: u64| {
        let query = format!(
            "avg(last_5m):sum:requests.errors{{service:checkout,env:staging}} by {{host}}.as_rate() > {critical}"
        );
        json!({"type": "query alert", "query": query, "options": {"thresholds": {"critical": critical}}})
    };
    let (live, wanted) = (body(5), body(8));
    let watched =
        Watched { action: Action::Update, live: Some(&live), wanted: Some(&wanted), protected: false };
    risks(crate::kind::of_name("monitor").expect("a kind"), watched)
}

/// One of each type of change.
pub fn mixed() -> Plan {
    let marker = Reference { target: Address::new("monitors", "traffic"), attribute: Attribute::Id }.marker();
    let mut changes = vec![
        Change {
            diff: vec![
                added("/name", json!("[staging] Checkout error rate")),
                added("/type", json!("query alert")),
                added(
                    "/query",
                    json!(
                        "avg(last_5m):sum:trace.http.request.errors{service:checkout,env:staging}.as_rate() > 5"
                    ),
                ),
                added("/message", json!("Errors on {{host.name}}.\nLook at the logs. @slack-checkout\n")),
                added("/tags", json!(["team:checkout", "service:checkout"])),
                added("/options", json!({"thresholds": {"critical": 5, "warning": 2}, "include_tags": true})),
                added("/priority", json!(2)),
                added("/x", json!([])),
            ],
            ..change(Action::Create, "monitors/checkout-errors")
        },
        Change {
            diff: vec![added("/query", json!(format!("{marker} && 12")))],
            ..change(Action::Create, "monitors/broken")
        },
        Change {
            risks: loosened(),
            diff: vec![
                replaced("/options/thresholds/critical", json!(5.0), json!(8)),
                replaced(
                    "/query",
                    json!(
                        "avg(last_5m):sum:requests.errors{service:checkout,env:staging} by {host}.as_rate() > 5"
                    ),
                    json!(
                        "avg(last_5m):sum:requests.errors{service:checkout,env:staging} by {host}.as_rate() > 8"
                    ),
                ),
                replaced(
                    "/message",
                    json!("One\nTwo\nThree\nFour\nFive @slack-a\n"),
                    json!("One\nTwo\nThree\nFour\nFive @slack-b\n"),
                ),
                replaced("/tags", json!(["a", "team:checkout"]), json!(["team:checkout", "b", "c"])),
                added("/options/renotify_interval", json!(60)),
                FieldChange {
                    path: "/options/evaluation_delay".into(),
                    before: Some(json!(900)),
                    after: None,
                },
            ],
            ..change(Action::Update, "monitors/latency")
        },
        Change {
            moved_from: Address::parse("monitors/old-name"),
            ..change(Action::Move, "monitors/new-name")
        },
        change(Action::Adopt, "slos/availability"),
        change(Action::Delete, "dashboards/gone"),
        Change {
            diff: vec![replaced("/type", json!("query alert"), json!("log alert"))],
            ..change(Action::Replace, "monitors/typed")
        },
    ];
    changes.extend(["api", "billing", "checkout", "fraud", "search", "stock"].map(threshold_of));
    changes.sort_by(|a, b| (&a.address, a.action).cmp(&(&b.address, b.action)));
    plan(changes, 2_496)
}
