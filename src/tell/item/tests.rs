//! What became of widgets, in words.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Side, items};
use crate::kind;
use crate::model::ItemChange;

fn series(title: &str, query: &str) -> Value {
    json!({"definition": {"type": "timeseries", "title": title, "requests": [{"q": query}]}})
}

fn note(text: &str) -> Value {
    json!({"definition": {"type": "note", "content": text}})
}

fn group(title: &str, widgets: &[Value]) -> Value {
    json!({"definition": {"type": "group", "title": title, "layout_type": "ordered", "widgets": widgets}})
}

fn with_id(mut widget: Value, id: u64) -> Value {
    widget["id"] = id.into();
    widget
}

fn found(live: &[Value], desired: &[Value]) -> Vec<ItemChange> {
    let dashboard = kind::of_section("dashboards").expect("a kind");
    let (live, desired) = (json!({ "widgets": live }), json!({ "widgets": desired }));
    items(dashboard, Side::of(&live), Side::of(&desired))
}

fn check(live: &[Value], desired: &[Value], expected: &[&str]) {
    let said = |item: &ItemChange| {
        let place = item.place.as_ref().map(|place| format!(" {place}")).unwrap_or_default();
        let inside =
            if item.inside.is_empty() { String::new() } else { format!(" with {}", item.inside.join(", ")) };
        let fields: Vec<String> = item.diff.iter().map(|field| field.path.clone()).collect();
        let fields = if fields.is_empty() { String::new() } else { format!(": {}", fields.join(" ")) };
        format!("{} {} ({}){place}{inside}{fields}", item.action.name(), item.names.join(" › "), item.class)
    };
    let found: Vec<String> = found(live, desired).iter().map(said).collect();
    assert_eq!(found, expected);
}

#[test]
fn widgets_are_known_by_what_they_are() {
    let (a, b, c) = (series("a", "avg:a{*}"), series("b", "avg:b{*}"), series("c", "avg:c{*}"));
    check(&[a.clone(), b.clone()], &[a.clone(), b.clone()], &[]);
    check(
        &[a.clone(), b.clone(), c.clone()],
        &[b.clone(), a.clone(), c.clone()],
        &["moved b (timeseries) to the top"],
    );
    check(
        &[a.clone(), b.clone(), c.clone()],
        &[c.clone(), a.clone(), b.clone()],
        &["moved c (timeseries) to the top"],
    );
    check(
        &[a.clone(), b.clone(), c.clone()],
        &[note("### Inserted on top\nx"), a.clone(), b.clone()],
        &["added Inserted on top (note)", "removed c (timeseries)"],
    );
    // By title; by likeness; one that is nothing like another is a new one.
    let changed = series("b", "avg:b{env:prod}");
    check(
        &[a.clone(), b.clone()],
        &[changed, a.clone()],
        &["changed b (timeseries) to the top: /definition/requests/0/q"],
    );
    check(
        &[series("p95", "p95:trace.http.request{service:checkout}"), a.clone()],
        &[series("95th percentile", "p95:trace.http.request{service:checkout}"), a.clone()],
        &["changed p95 (timeseries): /definition/title"],
    );
    check(std::slice::from_ref(&a), &[note("x")], &["added x (note)", "removed a (timeseries)"]);
    // An id says more than all else.
    check(
        &[with_id(series("a", "avg:a{*}"), 7), b.clone()],
        &[b, with_id(series("other", "sum:else{x:y}"), 7)],
        &[
            "moved b (timeseries) to the top",
            "changed a (timeseries): /definition/title /definition/requests/0/q",
        ],
    );
}

#[test]
fn another_title_and_another_query_are_another_widget() {
    check(
        &[series("old", "avg:e.f{*}"), note("x")],
        &[note("x"), series("new", "avg:g.h{*}")],
        &["added new (timeseries)", "removed old (timeseries)"],
    );
    // Its harmless twins: the title alone, the query alone.
    check(
        &[series("old", "avg:e.f{*}")],
        &[series("new", "avg:e.f{*}")],
        &["changed old (timeseries): /definition/title"],
    );
    check(
        &[series("old", "avg:e.f{*}")],
        &[series("old", "avg:g.h{*}")],
        &["changed old (timeseries): /definition/requests/0/q"],
    );
}

#[test]
fn widgets_in_groups() {
    let (a, b) = (series("a", "avg:a{*}"), series("b", "avg:b{*}"));
    let p95 = |query: &str| series("p95", query);
    check(
        &[group("Latency", &[p95("p95:x{*}"), a.clone()])],
        &[group("Latency", &[p95("p95:x{env:prod}"), a.clone()])],
        &["changed Latency › p95 (timeseries): /definition/requests/0/q"],
    );
    check(
        &[group("Latency", &[a.clone(), b.clone()]), group("Other", &[p95("x")])],
        &[group("Latency", std::slice::from_ref(&a)), group("Other", &[p95("x"), b.clone()])],
        &["moved Latency › b (timeseries) from “Latency” into “Other”"],
    );
    check(
        &[group("Latency", &[a.clone(), b.clone()])],
        &[a.clone(), group("Latency", std::slice::from_ref(&b))],
        &["moved Latency › a (timeseries) out of “Latency”"],
    );
    check(
        std::slice::from_ref(&a),
        &[group("New", &[b.clone(), note("n")]), a.clone()],
        &["added New (group) with b, n"],
    );
    check(&[group("Gone", &[b]), a.clone()], &[a], &["removed Gone (group) with b"]);
}

#[test]
fn places_on_a_grid() {
    let at = |x: u64| {
        let mut widget = series("a", "avg:a{*}");
        widget["layout"] = json!({"x": x, "y": 0, "width": 4, "height": 2});
        widget
    };
    check(&[at(0)], &[at(4)], &["moved a (timeseries) to column 4, row 0, 4 × 2: /layout/x"]);
}

#[test]
fn one_of_many_moved_is_one_line() {
    let mut widgets: Vec<Value> = (0..65).map(|n| series(&format!("Series {n}"), "avg:x{*}")).collect();
    let live = widgets.clone();
    let moved = widgets.remove(35);
    widgets.insert(0, moved);
    check(&live, &widgets, &["moved Series 35 (timeseries) to the top"]);
}

fn any_widgets() -> impl Strategy<Value = Vec<Value>> {
    let leaf = prop_oneof![
        ("[ab]?", "[xy]{0,2}").prop_map(|(title, query)| series(&title, &query)),
        "[a#\n]{0,3}".prop_map(|text| note(&text)),
        Just(json!({"definition": {}})),
        Just(json!(5)),
    ];
    let widget = prop_oneof![
        3 => leaf.clone(),
        1 => ("[AB]", prop::collection::vec(leaf, 0..4)).prop_map(|(title, inside)| group(&title, &inside)),
    ];
    prop::collection::vec(widget, 0..6)
}

proptest! {
    #[test]
    fn equal_lists_say_nothing_and_others_something(live in any_widgets(), desired in any_widgets()) {
        prop_assert!(found(&live, &live).is_empty());
        let objects = |list: &[Value]| -> Vec<Value> { list.iter().filter(|item| item.is_object()).cloned().collect() };
        let differ = objects(&live) != objects(&desired);
        let inner = |list: &[Value]| list.iter().any(|item| item.pointer("/definition/widgets").is_some());
        // Inside a group there may be what is no widget.
        if !inner(&live) && !inner(&desired) {
            prop_assert_eq!(!found(&live, &desired).is_empty(), differ);
        }
    }
}
