//! What people have made by hand, as what becomes of it: a template, its list, and what single instances override.

use serde_json::{Value, json};

use super::*;
use crate::kind::of_section;

fn item(section: &str, id: &str, body: Value) -> Item {
    Item { kind: of_section(section).expect("a kind"), id: id.to_owned(), body, spot: None }
}

fn monitor(id: usize, name: &str, service: &str, message: &str) -> Item {
    let body = json!({"$id": {"prod": 1000 + id}, "name": format!("[prod] {service}: {name}"), "type": "query alert",
        "query": format!("avg(last_5m):avg:app.{}.rate{{service:{service}}} > 5", name.replace(' ', ".")),
        "message": message, "tags": [format!("service:{service}")]});
    item("monitors", &format!("{name}-{id}"), body)
}

fn proposed(items: &[Item]) -> Vec<Proposal> {
    let words = Words { is_taken: &|_| false, is_word: &|_| false, environment: Some("prod") };
    propose(items, &words)
}

fn one(items: &[Item]) -> Proposal {
    let mut all = proposed(items);
    assert_eq!(all.len(), 1, "{:?}", all.iter().map(|own| &own.name).collect::<Vec<_>>());
    all.remove(0)
}

const SERVICES: [&str; 12] = [
    "checkout", "cart", "login", "search", "media", "email", "push", "refund", "catalog", "pricing", "fraud",
    "ledger",
];

#[test]
fn a_further_handle_or_sentence_is_no_other_template() {
    let items: Vec<Item> = SERVICES
        .iter()
        .enumerate()
        .map(|(at, service)| {
            let more =
                if at < 4 { " @pagerduty-critical Wake somebody up at once, whatever the hour." } else { "" };
            monitor(at, "errors", service, &format!("Look at it. @slack-core{more}"))
        })
        .collect();
    let found = one(&items);
    assert_eq!(found.members.len(), 12);
    assert_eq!(found.list[0], ["service", "message", "datadog_id"]);
}

#[test]
fn what_an_instance_has_not_is_empty_in_its_row() {
    let mut items: Vec<Item> =
        SERVICES.iter().enumerate().map(|(at, service)| monitor(at, "errors", service, "Hm.")).collect();
    items.extend((0..8).map(|at| monitor(100 + at, "slow calls", SERVICES[at], "Hm.")));
    let found = one(&items);
    assert_eq!(found.name, "monitors-by-service");
    assert_eq!(found.list[0], ["service", "with_slow_calls", "errors_datadog_id", "slow_calls_datadog_id"]);
    let row = |service: &str| found.list.iter().find(|row| row[0] == service).expect("a row").clone();
    assert_eq!(row("checkout"), ["checkout", "true", "1000", "1100"]);
    assert_eq!(row("ledger"), ["ledger", "false", "1011", ""]);
    assert_eq!(found.template["monitors"]["slow-calls"]["$when"], "${with_slow_calls}");
}

#[test]
fn many_exceptions_have_a_table_of_their_own() {
    let all = |count: usize| -> Vec<Item> {
        let own = |at: usize| {
            let mut own = monitor(at, "errors", &format!("shop-{at:03}"), "Hm.");
            let limit = if at < count { 9 } else { 5 };
            own.body["options"] = json!({"thresholds": {"critical": limit}});
            own
        };
        (0..100).map(own).collect()
    };
    let found = one(&all(10));
    assert!(found.exceptions.is_empty());
    assert_eq!(found.entry["overrides"]["shop-003"], json!({"critical": 9}));
    let found = one(&all(11));
    assert!(!found.entry.contains_key("overrides"));
    assert_eq!(found.exceptions.len(), 12);
    assert_eq!(found.exceptions[..2], [vec!["service", "critical"], vec!["shop-000", "9"]]);
    assert_eq!(found.template["params"]["critical"]["default"], 5);
    // Where a fifth and more are other ones, nothing is usual.
    assert_eq!(one(&all(21)).list[0], ["service", "critical", "datadog_id"]);
}

#[test]
fn an_exception_that_says_nothing_is_no_cell_of_a_table() {
    let own = |at: usize| {
        let more = if at < 11 { "" } else { " @slack-more" };
        monitor(at, "errors", &format!("shop-{at:03}"), &format!("Look at it. @slack-core{more}"))
    };
    let found = one(&(0..100).map(own).collect::<Vec<_>>());
    assert!(found.exceptions.is_empty(), "{:?}", found.exceptions);
    let overrides = found.entry["overrides"].as_object().expect("exceptions");
    assert_eq!(overrides.len(), 11);
    assert!(overrides["shop-000"].as_object().expect("values").values().all(|value| value == ""));
}

#[test]
fn rows_that_say_the_same_go_together_in_their_order() {
    let note = |sort: &str, at: usize| {
        let text =
            format!("When {sort}: look at the {sort} chart, ask who made {sort} worse, tell team-{}", at % 2);
        let definition = json!({"type": "markdown", "text": text});
        let cells = json!([{"type": "notebook_cells", "attributes": {"definition": definition}}]);
        let body = json!({"$id": {"prod": format!("{sort}{at}")}, "name": format!("team-{}: {sort}", at % 2), "cells": cells});
        item("notebooks", &format!("{sort}-{at}"), body)
    };
    let mut items: Vec<Item> = (0..6).map(|at| note("slow", at)).collect();
    items.extend((0..6).map(|at| note("failing", at)));
    let found = one(&items);
    assert_eq!(found.members.len(), 12);
    let keys: Vec<&str> = found.list[1..].iter().map(|row| row[0].as_str()).collect();
    assert_eq!(keys, ["team-0", "team-1", "team-0-2", "team-1-2", "team-0-3", "team-1-3"]);
    // One more of one of them, and nobody knows which belong together.
    items.push(note("slow", 6));
    assert_eq!(proposed(&items).len(), 2);
}

#[test]
fn a_word_more_in_front_of_a_name_is_the_same_name() {
    let index = |at: usize| {
        let name = format!("prod-{}", SERVICES[at]);
        let body = json!({"$id": {"prod": name}, "name": name, "filter": {"query": "source:lambda"}});
        item("logs_indexes", &format!("index-{at}"), body)
    };
    let archive = |at: usize| {
        let title = format!("[prod] {} API", SERVICES[at]);
        item("logs_archives", &format!("archive-{at}"), json!({"name": title, "query": "source:lambda"}))
    };
    let mut items: Vec<Item> = (0..8).map(index).collect();
    items.extend((0..8).map(archive));
    let found = one(&items);
    assert_eq!(found.list[..2], [["name"], ["checkout"]]);
    assert_eq!(found.template["logs_indexes"]["logs_index"]["$id"]["prod"], "prod-${name}");
    // Numbers alone are the numbers of anything.
    let numbered = |section: &str, word: &str, at: usize| {
        item(section, &format!("{word}-{at}"), json!({"name": format!("{word}-{at}"), "query": "x"}))
    };
    let mut items: Vec<Item> = (0..5).map(|at| numbered("logs_archives", "web", at)).collect();
    items.extend((0..5).map(|at| numbered("logs_indexes", "db", at)));
    assert_eq!(proposed(&items).len(), 2);
}

#[test]
fn an_id_in_a_link_is_a_reference() {
    let slo = |at: usize| {
        let id = format!("{at:032x}");
        let body =
            json!({"$id": {"prod": id}, "name": format!("{} is there", SERVICES[at]), "type": "metric"});
        item("slos", &format!("slo-{at}"), body)
    };
    let mut items: Vec<Item> = (0..8).map(slo).collect();
    items.extend((0..8).map(|at| {
        monitor(
            100 + at,
            "errors",
            SERVICES[at],
            &format!("https://app.datadoghq.com/slo?slo_id={at:032x} @slack-x"),
        )
    }));
    let found = one(&items);
    let message = &found.template["monitors"]["errors"]["message"];
    assert_eq!(message, "https://app.datadoghq.com/slo?slo_id=${slos.is-there.id} @slack-x");
    assert_eq!(found.list[0], ["service", "is_there_datadog_id", "errors_datadog_id"]);
}
