//! Every type of risk that a row or this room tells: one edit of which it is told, and its harmless twin.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::code::CODES;
use super::super::*;
use crate::kind;

/// Told of several objects at once, and tested there.
const ELSEWHERE: &[(&str, &str)] = &[
    ("twin", include_str!("../../../tests/attacks/twins.rs")),
    ("objective-in-use", include_str!("../../tell/around/tests.rs")),
    ("objective-lost", include_str!("../../tell/around/tests.rs")),
    ("widget-removed", include_str!("../../tell/around/tests.rs")),
    ("policy-broken", include_str!("../../plan/policies.rs")),
];

fn codes(
    section: &str,
    action: Action,
    live: &Value,
    wanted: &Value,
    protected: bool,
) -> BTreeSet<&'static str> {
    let there = |value: &'_ Value| !value.is_null();
    let watched = Watched {
        action,
        live: Some(live).filter(|value| there(value)),
        wanted: Some(wanted).filter(|value| there(value)),
        protected,
    };
    risks(kind::of_section(section).expect("a kind"), watched).into_iter().map(|risk| risk.code).collect()
}

fn monitor(query: &str, over: Value) -> Value {
    let mut body = json!({"type": "query alert", "query": query, "message": "@slack-a", "options": {}});
    over.as_object().into_iter().flatten().for_each(|(key, value)| body[key] = value.clone());
    body
}

/// Code, section, what is live, an edit that endangers, one that doesn't.
fn edits() -> Vec<(&'static str, &'static str, Value, Value, Value)> {
    let query = "avg(last_5m):avg:x{env:prod} by {host} > 5";
    let plain = || monitor(query, json!({}));
    let with = |over: Value| monitor(query, over);
    let asks = |query: &str| monitor(query, json!({}));
    let options = |options: Value| with(json!({"options": options}));
    let index = |over: Value| {
        let mut body =
            json!({"name": "a", "num_retention_days": 15, "daily_limit": 100, "exclusion_filters": []});
        over.as_object().into_iter().flatten().for_each(|(key, value)| body[key] = value.clone());
        body
    };
    let excluding = |query: &str| {
        index(
            json!({"exclusion_filters": [{"name": "e", "is_enabled": true, "filter": {"query": query, "sample_rate": 1.0}}]}),
        )
    };
    let sampled = |rate: f64| {
        index(
            json!({"exclusion_filters": [{"name": "e", "is_enabled": true, "filter": {"query": "status:debug", "sample_rate": rate}}]}),
        )
    };
    let metric = |query: &str, percentiles: bool| json!({"compute": {"aggregation_type": "distribution", "include_percentiles": percentiles}, "filter": {"query": query}});
    let rule = |on: bool, name: &str| json!({"isEnabled": on, "name": name, "cases": [{"status": "high"}]});
    let waf = |on: bool, name: &str| json!({"enabled": on, "blocking": on, "name": name, "action": {"action": "block_request"}});
    let scan = |on: bool, name: &str| json!({"is_enabled": on, "name": name, "filter": {"query": "*"}, "product_list": ["logs"]});
    let hook = |url: &str| json!({"name": "a", "url": url});
    let policy = |who: Value| json!({"bindings": [{"relation": "editor", "principals": who}]});
    let tags = |tags: Value| json!({"tags": tags, "exclude_tags_mode": false});
    let destination = |on: bool, name: &str| json!({"enabled": on, "name": name, "query": "*"});
    let silence = |scope: &str, end: Value| json!({"scope": scope, "monitor_identifier": {"monitor_tags": ["*"]}, "schedule": {"start": null, "end": end}});
    let soon = json!("2030-01-01T00:00:00Z");
    let suite = |share: f64, tests: Value| json!({"name": "a", "options": {"alerting_threshold": share}, "tests": tests});
    let two = json!([{"public_id": "a"}, {"public_id": "b", "alerting_criticality": "critical"}]);
    vec![
        ("scanning-less", "scanner_groups", scan(true, "a"), scan(false, "a"), scan(true, "b")),
        ("detecting-less", "security_rules", rule(true, "a"), rule(false, "a"), rule(true, "b")),
        (
            "detecting-less",
            "synthetics_suites",
            suite(0.5, two.clone()),
            suite(0.5, json!([{"public_id": "a"}, {"public_id": "b", "alerting_criticality": "ignore"}])),
            suite(0.5, json!([{"public_id": "b"}, {"public_id": "a"}, {"public_id": "c"}])),
        ),
        (
            "threshold-loosened",
            "synthetics_suites",
            suite(0.5, two.clone()),
            suite(0.8, two.clone()),
            suite(0.2, two),
        ),
        ("requests-blocked", "waf_rules", waf(false, "a"), waf(true, "a"), waf(false, "b")),
        (
            "host-changed",
            "webhooks",
            hook("https://a.example"),
            hook("https://b.example"),
            hook("https://a.example/x"),
        ),
        (
            "access-changed",
            "restriction_policies",
            policy(json!(["team:a", "org:b"])),
            policy(json!(["org:b"])),
            policy(json!(["org:b", "team:a"])),
        ),
        (
            "errors-discarded",
            "logs_indexes",
            index(json!({})),
            excluding("status:error"),
            index(json!({"filter": {"query": "*"}})),
        ),
        (
            "retention-shortened",
            "logs_indexes",
            index(json!({})),
            index(json!({"num_retention_days": 7})),
            index(json!({"num_retention_days": 30})),
        ),
        (
            "quota-lowered",
            "logs_indexes",
            index(json!({})),
            index(json!({"daily_limit": 50})),
            index(json!({"daily_limit": 200})),
        ),
        ("more-discarded", "logs_indexes", sampled(0.5), sampled(0.9), sampled(0.4)),
        (
            "turned-off",
            "log_destinations",
            destination(true, "a"),
            destination(false, "a"),
            destination(true, "b"),
        ),
        (
            "recipient-lost",
            "monitors",
            plain(),
            with(json!({"message": "Look."})),
            with(json!({"message": "Look, @slack-a"})),
        ),
        (
            "all-silenced",
            "downtimes",
            silence("env:a", soon.clone()),
            silence("*", soon.clone()),
            silence("env:b", soon.clone()),
        ),
        (
            "endless-downtime",
            "downtimes",
            silence("env:a", soon.clone()),
            silence("env:a", Value::Null),
            silence("env:a", json!("2030-01-01T01:00:00Z")),
        ),
        (
            "recipient-unreachable",
            "monitors",
            plain(),
            with(json!({"message": "{{#is_warning}}@slack-a{{/is_warning}}"})),
            with(json!({"message": "{{#is_alert}}@slack-a{{/is_alert}}"})),
        ),
        (
            "draft",
            "monitors",
            plain(),
            with(json!({"draft_status": "draft"})),
            with(json!({"draft_status": "published"})),
        ),
        (
            "muted",
            "monitors",
            plain(),
            options(json!({"silenced": {"*": 1_900_000_000}})),
            options(json!({"silenced": {}})),
        ),
        (
            "no-data-off",
            "monitors",
            options(json!({"notify_no_data": true})),
            options(json!({"notify_no_data": false})),
            options(json!({"on_missing_data": "show_and_notify_no_data"})),
        ),
        (
            "threshold-loosened",
            "monitors",
            plain(),
            asks("avg(last_5m):avg:x{env:prod} by {host} > 8"),
            asks("avg(last_5m):avg:x{env:prod} by {host} > 4"),
        ),
        (
            "window-longer",
            "monitors",
            plain(),
            asks("avg(last_1h):avg:x{env:prod} by {host} > 5"),
            asks("avg(last_1m):avg:x{env:prod} by {host} > 5"),
        ),
        (
            "aggregation-harder",
            "monitors",
            plain(),
            asks("min(last_5m):avg:x{env:prod} by {host} > 5"),
            asks("max(last_5m):avg:x{env:prod} by {host} > 5"),
        ),
        (
            "scope-widened",
            "monitors",
            plain(),
            asks("avg(last_5m):avg:x{*} by {host} > 5"),
            asks("avg(last_5m):avg:x{env:staging} by {host} > 5"),
        ),
        (
            "scope-narrowed",
            "monitors",
            plain(),
            asks("avg(last_5m):avg:x{env:prod,a:b} by {host} > 5"),
            asks("avg(last_5m):avg:x{env:prod } by {host} > 5"),
        ),
        ("percentiles-off", "spans_metrics", metric("*", true), metric("*", false), metric("*", true)),
        (
            "tags-lost",
            "metric_tags",
            tags(json!(["a", "b"])),
            tags(json!(["a"])),
            tags(json!(["a", "b", "c"])),
        ),
        (
            "search-narrowed",
            "spans_metrics",
            metric("service:a", false),
            metric("service:a env:b", false),
            metric("service:a OR env:b", false),
        ),
        (
            "grouping-removed",
            "monitors",
            plain(),
            asks("avg(last_5m):avg:x{env:prod} > 5"),
            asks("avg(last_5m):avg:x{env:prod} by {host,env} > 5"),
        ),
        (
            "delay-raised",
            "monitors",
            options(json!({"evaluation_delay": 60})),
            options(json!({"evaluation_delay": 900})),
            options(json!({"evaluation_delay": 30})),
        ),
        (
            "reminder-off",
            "monitors",
            options(json!({"renotify_interval": 30})),
            options(json!({"renotify_interval": 0})),
            options(json!({"renotify_interval": 20})),
        ),
        (
            "urgency-lowered",
            "monitors",
            with(json!({"priority": 1})),
            with(json!({"priority": 5})),
            with(json!({"priority": 1, "name": "x"})),
        ),
    ]
}

#[test]
fn each_risk_is_told_and_its_harmless_twin_is_not() {
    let (mut told, mut faults) = (BTreeSet::new(), Vec::new());
    for (code, section, live, wrong, harmless) in edits() {
        let wrong = codes(section, Action::Update, &live, &wrong, false);
        if !wrong.contains(code) {
            faults.push(format!("{code} is not told, but {wrong:?}"));
        }
        let harmless = codes(section, Action::Update, &live, &harmless, false);
        if harmless.contains(code) {
            faults.push(format!("{code} is told of its harmless twin"));
        }
        told.insert(code);
    }
    assert!(faults.is_empty(), "{faults:#?}");
    let pager =
        json!({"type": "query alert", "query": "avg(last_5m):avg:x{*} > 5", "message": "@pagerduty-a"});
    let quiet = json!({"type": "query alert", "query": "avg(last_5m):avg:x{*} > 5", "message": "@slack-a"});
    let replaced = Action::Replace;
    for (code, action, live, wanted, protected, twin) in [
        (
            "protected-object",
            Action::Delete,
            &quiet,
            &Value::Null,
            true,
            (Action::Delete, &quiet, &Value::Null, false),
        ),
        (
            "pager-deleted",
            Action::Delete,
            &pager,
            &Value::Null,
            false,
            (Action::Delete, &quiet, &Value::Null, false),
        ),
        ("object-replaced", replaced, &quiet, &quiet, false, (Action::Update, &quiet, &quiet, false)),
    ] {
        assert!(codes("monitors", action, live, wanted, protected).contains(code), "{code} is not told");
        let (action, live, wanted, protected) = twin;
        assert!(
            !codes("monitors", action, live, wanted, protected).contains(code),
            "{code} is told of its twin"
        );
        told.insert(code);
    }
    for (code, tests) in ELSEWHERE {
        assert!(tests.contains(code), "{code} is not tested where it is told");
        told.insert(code);
    }
    let missing: Vec<&&str> = CODES.iter().filter(|code| !told.contains(**code)).collect();
    assert!(missing.is_empty(), "risks without a harmless twin: {missing:?}");
}
