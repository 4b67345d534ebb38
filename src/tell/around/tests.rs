//! Risks that only show beside other objects, and their harmless twins; names of ids.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Around, tell};
use crate::kind;
use crate::model::{
    Action, Address, Attribute, Body, Change, Directives, FieldChange, ItemAction, ItemChange, Known, Live,
    Origin, Reference, Resource,
};

fn known(of: &[(&str, &str)]) -> BTreeMap<Address, Known> {
    let one = |(address, id): &(&str, &str)| {
        let address = Address::parse(address).expect("an address");
        (address, Known { id: (*id).to_owned(), url: String::new(), alert: None })
    };
    of.iter().map(one).collect()
}

fn change(action: Action, address: &str, id: &str, live: Value) -> Change {
    let address = Address::parse(address).expect("an address");
    let kind = kind::of_section(address.section()).expect("a kind");
    Change { datadog_id: Some(id.to_owned()), live: Some(live), ..Change::new(kind.name, address, action) }
}

fn query(before: &str, after: &str) -> FieldChange {
    FieldChange { path: "/query".into(), before: Some(before.into()), after: Some(after.into()) }
}

fn marker(address: &str) -> String {
    let target = Address::parse(address).expect("an address");
    Reference { target, attribute: Attribute::Id }.marker()
}

fn codes(change: &Change) -> Vec<String> {
    change.risks.iter().map(|risk| format!("{}: {}", risk.code, risk.text)).collect()
}

fn told(mut changes: Vec<Change>, around: &Around<'_>) -> Vec<Change> {
    tell(&mut changes, around);
    changes
}

#[test]
fn names_of_ids() {
    let known = known(&[("monitors/a", "11"), ("monitors/b/c", "12")]);
    let around = Around { known: &known, live: &[], resources: &[] };
    let mut composite = change(Action::Update, "monitors/both", "1", json!({"type": "composite"}));
    composite.diff = vec![
        query("11 && 99", &format!("11 && !12 && {}", marker("monitors/new"))),
        FieldChange { path: "/priority".into(), before: Some(json!(11)), after: Some(json!(12)) },
    ];
    let mut metric = change(Action::Update, "monitors/metric", "2", json!({"type": "query alert"}));
    metric.diff = vec![query("avg(last_5m):x{*} > 11", "avg(last_5m):x{*} > 12")];
    let told = told(vec![composite, metric], &around);
    let names: Vec<String> =
        told[0].references["/query"].iter().map(|(text, address)| format!("{text} {address}")).collect();
    assert_eq!(names, ["${monitors.new.id} monitors/new", "11 monitors/a", "12 monitors/b/c"]);
    // Numbers that are no ids stay numbers.
    assert_eq!(told[0].references.len(), 1);
    assert!(told[1].references.is_empty());
}

#[test]
fn an_alert_that_loses_its_objective() {
    let known = known(&[("slos/a", "0a"), ("slos/b", "0b")]);
    let around = Around { known: &known, live: &[], resources: &[] };
    let alert = |before: &str, after: &str| {
        let mut alert = change(Action::Update, "monitors/burn", "1", json!({"type": "slo alert"}));
        let of = |id: &str| {
            format!("burn_rate(\"{id}\").over(\"30d\").long_window(\"1h\").short_window(\"5m\") > 14.4")
        };
        alert.diff = vec![query(&of(before), &of(after))];
        codes(&told(vec![alert], &around)[0])
    };
    assert_eq!(alert("0a", "0b"), ["objective-lost: It no longer alerts on `slos/a`"]);
    assert_eq!(alert("0c", "0b"), ["objective-lost: It no longer alerts on `0c`"]);
    // The same objective, made anew.
    assert!(alert("0a", &marker("slos/a")).is_empty());
}

#[test]
fn an_objective_that_goes_while_its_alert_stays() {
    let known = known(&[("monitors/burn", "1")]);
    let live = |query: &str| Live {
        section: "monitors",
        id: "1".into(),
        body: json!({"type": "slo alert", "query": query}),
        mark: None,
        url: String::new(),
    };
    let burn = "error_budget(\"0a\").over(\"7d\") > 75";
    let gone = || change(Action::Delete, "slos/a", "0a", json!({}));
    let judge = |live: Live, changes: Vec<Change>| {
        codes(&told(changes, &Around { known: &known, live: &[live], resources: &[] })[0])
    };
    assert_eq!(judge(live(burn), vec![gone()]), ["objective-in-use: `monitors/burn` alerts on it"]);
    assert!(judge(live("error_budget(\"0b\").over(\"7d\") > 75"), vec![gone()]).is_empty());
    let with_alert =
        |action| vec![gone(), change(action, "monitors/burn", "1", json!({"type": "slo alert"}))];
    assert!(judge(live(burn), with_alert(Action::Delete)).is_empty());
    assert!(judge(live(burn), with_alert(Action::Update)).is_empty());
}

#[test]
fn a_widget_that_people_need_in_an_incident() {
    let known = BTreeMap::new();
    let board = |title: &str, action: ItemAction| {
        let mut board = change(Action::Update, "dashboards/shop", "x", json!({"title": title}));
        let item = ItemChange { names: vec!["Latency".into(), "p95".into()], ..ItemChange::new(action) };
        board.items = vec![item];
        board
    };
    let judge = |board: Change, resources: &[Resource]| {
        codes(&told(vec![board], &Around { known: &known, live: &[], resources })[0])
    };
    let of_incidents = "widget-removed: A dashboard that is made for incidents loses `Latency › p95`";
    assert_eq!(judge(board("Incident: shop", ItemAction::Removed), &[]), [of_incidents]);
    assert!(judge(board("Incident: shop", ItemAction::Moved), &[]).is_empty());
    assert!(judge(board("Coincidental shop", ItemAction::Removed), &[]).is_empty());
    let alert = |message: &str| Resource {
        address: Address::new("monitors", "a"),
        body: Body::of(&json!({ "message": message })).expect("a body"),
        directives: Directives::default(),
        origin: Arc::new(Origin::default()),
        instance: None,
    };
    let leads = format!("Look at {}", marker("dashboards/shop"));
    let linked = "widget-removed: A dashboard that an alert's message leads to loses `Latency › p95`";
    assert_eq!(judge(board("Shop", ItemAction::Removed), &[alert(&leads)]), [linked]);
    assert!(judge(board("Shop", ItemAction::Removed), &[alert(&marker("dashboards/other"))]).is_empty());
}
