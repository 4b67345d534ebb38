//! An estate in which each check has a function that fails it and one that does not, and estates of chance.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::diagnostic::{At, FileId};
use crate::model::{Attribute, Body, Directives, Origin, Reference};

fn function(name: &str, tags: &[(&str, &str)]) -> Function {
    let tags = tags.iter().copied().chain([("functionname", name)]);
    let tags: BTreeMap<String, BTreeSet<String>> =
        tags.map(|(key, value)| (key.to_owned(), BTreeSet::from([value.to_lowercase()]))).collect();
    let first = |key: &str| tags.get(key).and_then(BTreeSet::first).cloned();
    Function {
        name: name.to_owned(),
        tier: first("tier").unwrap_or_else(|| "standard".to_owned()),
        service: first("service"),
        tags,
        item: Value::Null,
        at: At::file(FileId(0)),
        position: Position::default(),
    }
}

fn resource(address: &str, body: &Value) -> Resource {
    Resource {
        address: Address::parse(address).expect("an address"),
        body: Body::of(body).expect("a shallow body"),
        directives: Directives::default(),
        origin: Arc::new(Origin::default()),
        instance: None,
    }
}

fn alert(id: &str, query: &str) -> Resource {
    resource(
        &format!("monitors/{id}"),
        &json!({"type": "query alert", "query": query, "message": "@slack-a"}),
    )
}

fn reference(address: &str) -> String {
    let target = Address::parse(address).expect("an address");
    Reference { target, attribute: Attribute::Id }.marker()
}

/// What covers the errors of the functions `api`, `etl` and `mail`.
fn check(query: &str, expected: &[&str]) {
    let functions = [
        function("api", &[("service", "shop"), ("env", "prod")]),
        function("etl", &[("service", "reports"), ("env", "prod")]),
        function("mail-in", &[("service", "mail"), ("env", "dev")]),
        function("mail-out", &[("service", "mail"), ("env", "prod")]),
    ];
    let found = coverage(&functions, &[alert("a", query)], &Demands::default());
    let covered = found.functions.iter().filter(|own| own.signals.iter().any(|state| !state.by.is_empty()));
    let names: Vec<&str> = covered.map(|own| own.name.as_str()).collect();
    assert_eq!(names, expected, "{query}");
}

#[test]
fn what_an_alert_selects_and_tells_apart() {
    let all = ["api", "etl", "mail-in", "mail-out"];
    for (query, expected) in [
        ("sum(last_5m):sum:aws.lambda.errors{functionname:api}.as_count() > 1", &["api"][..]),
        ("sum(last_5m):sum:aws.lambda.errors{functionname:API,env:prod}.as_count() > 1", &["api"]),
        ("sum(last_5m):sum:aws.lambda.errors{functionname:api,team:unknown}.as_count() > 1", &["api"]),
        ("sum(last_5m):sum:aws.lambda.errors{functionname:api,env:dev}.as_count() > 1", &[]),
        ("sum(last_5m):sum:aws.lambda.errors{*}.as_count() > 1", &[]),
        ("sum(last_5m):sum:aws.lambda.errors{*} by {functionname}.as_count() > 1", &all),
        ("sum(last_5m):sum:aws.lambda.errors{*} by {region,functionname}.as_count() > 1", &all),
        ("sum(last_5m):sum:aws.lambda.errors{*} by {service}.as_count() > 1", &[]),
        ("sum(last_5m):sum:aws.lambda.errors{service:shop}.as_count() > 1", &[]),
        ("sum(last_5m):sum:aws.lambda.errors{service:mail} by {functionname} > 1", &["mail-in", "mail-out"]),
        ("sum(last_5m):sum:aws.lambda.errors{service:mail,!env:dev} by {functionname} > 1", &["mail-out"]),
        (
            "sum(last_5m):sum:aws.lambda.errors{functionname:mail-*} by {functionname} > 1",
            &["mail-in", "mail-out"],
        ),
        ("sum(last_5m):sum:aws.lambda.errors{functionname:mail-*} > 1", &[]),
        ("sum(last_5m):sum:aws.lambda.errors{functionname:mail-o*} > 1", &["mail-out"]),
        (
            "sum(last_5m):sum:aws.lambda.errors{functionname IN (api, etl)} by {functionname} > 1",
            &["api", "etl"],
        ),
        ("sum(last_5m):sum:aws.lambda.errors{functionname IN (api, etl)} > 1", &[]),
        ("sum(last_5m):sum:aws.lambda.errors{!functionname:api} by {functionname} > 1", &all[1..]),
        ("sum(last_5m):sum:aws.lambda.errors{team:unknown} by {functionname} > 1", &[]),
        (
            "sum(last_5m):sum:aws.lambda.enhanced.errors{functionname:etl} / sum:aws.lambda.enhanced.invocations{functionname:etl} > 1",
            &["etl"],
        ),
        ("sum(last_5m):sum:aws.lambda.invocations{functionname:etl} > 1", &[]),
        ("sum(last_5m):sum:aws.lambda.errors{functionname:other} > 1", &[]),
    ] {
        check(query, expected);
    }
}

/// The estate of the test below, with some resources left out.
fn estate(without: &[&str]) -> Coverage {
    let functions = [
        function("api", &[("service", "shop"), ("tier", "critical")]),
        function("etl", &[("service", "reports"), ("tier", "batch")]),
    ];
    let of = |metric: &str| format!("sum(last_5m):sum:aws.lambda.{metric}{{*}} by {{functionname}} > 1");
    let rate = |window: &str| {
        let slo = reference("slos/shop");
        format!("burn_rate(\"{slo}\").over(\"30d\").long_window(\"{window}\").short_window(\"5m\") > 14")
    };
    let quiet = |id: &str, query: String| {
        resource(
            &format!("monitors/{id}"),
            &json!({"type": "query alert", "query": query, "message": "look"}),
        )
    };
    let mut resources = vec![
        quiet("errors", of("errors")),
        alert("throttles", &of("throttles")),
        alert("duration", &of("duration.maximum")),
        alert("lost", "sum(last_5m):sum:aws.lambda.errors{functionname:gone} > 1"),
        alert("account", "avg(last_5m):avg:aws.lambda.concurrent_executions{*} > 900"),
        resource(
            "monitors/both",
            &json!({"type": "composite", "query": format!("{} && {}", reference("monitors/errors"), reference("monitors/throttles")), "message": "@slack-a"}),
        ),
        resource(
            "slos/shop",
            &json!({"type": "metric", "tags": ["service:shop"], "query": {"numerator": "a", "denominator": "b"}}),
        ),
        resource(
            "slos/reports",
            &json!({"type": "metric", "query": {"numerator": "sum:good{service:reports}", "denominator": "sum:all{service:reports}"}}),
        ),
        resource("monitors/fast", &json!({"type": "slo alert", "query": rate("1h"), "message": "@slack-a"})),
    ];
    resources.retain(|resource| !without.contains(&resource.address.id()));
    resources.sort_by(|a, b| a.address.cmp(&b.address));
    let mut demands = Demands::default();
    demands.minimums.insert("critical".to_owned(), 100.0);
    demands.signals.insert("batch".to_owned(), vec![Signal::Errors]);
    coverage(&functions, &resources, &demands)
}

fn names(list: &[(Address, Position)]) -> Vec<&str> {
    list.iter().map(|(address, _)| address.as_str()).collect()
}

fn service<'c>(found: &'c Coverage, name: &str) -> &'c Service {
    found.services.iter().find(|service| service.name == name).expect("a service")
}

#[test]
fn each_check_finds_what_fails_it_and_nothing_else() {
    let whole = estate(&[]);
    assert_eq!(names(&whole.idle), ["monitors/lost"]);
    assert_eq!(names(&whole.unanswered), [""; 0]);
    assert!(service(&whole, "shop").burn_rate && !service(&whole, "reports").burn_rate);
    assert_eq!(service(&whole, "reports").slos.len(), 1);
    let tier = |found: &Coverage, name: &str| {
        let tier = &found.tiers[name];
        (tier.required, tier.covered, tier.is_missed())
    };
    assert_eq!(tier(&whole, "critical"), (3, 3, false));
    assert_eq!(tier(&whole, "batch"), (1, 1, false));

    // The composite spoke for the silent one.
    assert_eq!(names(&estate(&["both"]).unanswered), ["monitors/errors"]);
    let blind = estate(&["duration"]);
    assert_eq!(tier(&blind, "critical"), (3, 2, true));
    assert_eq!(tier(&blind, "batch"), (1, 1, false));
    assert!((blind.tiers["critical"].percent() - 66.6).abs() < 1e-9);
    assert!(service(&estate(&["shop"]), "shop").slos.is_empty());
    assert!(!service(&estate(&["fast"]), "shop").burn_rate);
}

#[test]
fn a_muted_alert_and_a_draft_cover_nothing() {
    let query = "sum(last_5m):sum:aws.lambda.errors{functionname:api} > 1";
    let covered = |extra: Value| {
        let mut body = json!({"type": "query alert", "query": query, "message": "@slack-a"});
        body.as_object_mut().expect("an object").extend(extra.as_object().cloned().unwrap_or_default());
        let found = coverage(&[function("api", &[])], &[resource("monitors/a", &body)], &Demands::default());
        found.functions[0].signals.iter().any(|state| !state.by.is_empty())
    };
    assert!(covered(json!({})));
    assert!(covered(json!({"options": {"silenced": {}}, "draft_status": "published"})));
    assert!(covered(json!({"options": {"silenced": {"*": 1_900_000_000}}})));
    assert!(!covered(json!({"options": {"silenced": {"*": null}}})));
    assert!(!covered(json!({"draft_status": "draft"})));
}

/// What a service of an estate of chance is made of: functions, and for each signal how it is watched.
type Plan = Vec<(usize, Vec<(u8, bool)>, bool)>;

/// An estate in which nothing is missing, and nothing stands twice: each signal of each function is covered by one alert,
/// each service has an SLO with one alert on its burn rate, and quiet alerts have a composite that speaks for them.
fn covered_estate(plan: &Plan) -> (Vec<Function>, Vec<Resource>) {
    let (mut functions, mut resources) = (Vec::new(), Vec::new());
    for (index, (size, ways, quiet)) in plan.iter().enumerate() {
        let service = format!("svc-{index}");
        let names: Vec<String> = (0..*size).map(|n| format!("Fn-{index}-{n}")).collect();
        functions.extend(names.iter().map(|name| function(name, &[("service", service.as_str())])));
        let mut own = Vec::new();
        for (signal, (way, enhanced)) in Signal::USUAL.into_iter().zip(ways) {
            let prefix = if *enhanced { "aws.lambda.enhanced" } else { "aws.lambda" };
            let mut add = |id: String, scope: String| {
                let query = format!("sum(last_5m):sum:{prefix}.{}{{{scope}}} > 1", signal.name());
                own.push((format!("{index}/{}/{id}", signal.name()), query));
            };
            match way {
                0 => names
                    .iter()
                    .for_each(|name| add(name.clone(), format!("functionname:{}", name.to_lowercase()))),
                1 => add("all".to_owned(), format!("service:{service}}} by {{functionname")),
                2 => add(
                    "in".to_owned(),
                    format!("functionname IN ({})}} by {{functionname", names.join(", ")),
                ),
                3 => names.iter().for_each(|name| {
                    add(name.clone(), format!("(functionname:{name} AND !env:dev) OR functionname:nobody"));
                }),
                _ => add("like".to_owned(), format!("functionname:fn-{index}-*}} by {{region,functionname")),
            }
        }
        let message = if *quiet { "look" } else { "@slack-a" };
        for (id, query) in &own {
            let body = json!({"type": "query alert", "query": query, "message": message});
            resources.push(resource(&format!("monitors/{id}"), &body));
        }
        if *quiet {
            let members: Vec<String> =
                own.iter().map(|(id, _)| reference(&format!("monitors/{id}"))).collect();
            let body = json!({"type": "composite", "query": members.join(" || "), "message": "@slack-a"});
            resources.push(resource(&format!("monitors/{index}/speaks"), &body));
        }
        let slo = json!({"type": "metric", "tags": [format!("service:{service}")], "query": {"numerator": "a", "denominator": "b"}});
        resources.push(resource(&format!("slos/{index}"), &slo));
        let slo = reference(&format!("slos/{index}"));
        let rate =
            format!("burn_rate(\"{slo}\").over(\"30d\").long_window(\"1h\").short_window(\"5m\") > 14");
        let body = json!({"type": "slo alert", "query": rate, "message": "@slack-a"});
        resources.push(resource(&format!("monitors/{index}/burns"), &body));
    }
    (functions, resources)
}

/// Everything that coverage misses, one line each.
fn missed(found: &Coverage) -> BTreeSet<String> {
    let mut missed = BTreeSet::new();
    for function in &found.functions {
        let lacks = function.signals.iter().filter(|state| state.is_missing());
        missed.extend(lacks.map(|state| format!("{} {}", function.name, state.signal.name())));
    }
    for service in &found.services {
        missed.extend(service.slos.is_empty().then(|| format!("{} slo", service.name)));
        missed.extend((!service.burn_rate).then(|| format!("{} burn rate", service.name)));
    }
    missed.extend(found.unanswered.iter().map(|(address, _)| format!("{address} silent")));
    missed.extend(found.idle.iter().map(|(address, _)| format!("{address} idle")));
    missed
}

/// Each alert of each estate is taken out in turn: exactly what it looked at is missed. Muted or without its function it
/// is noticed, too. How often that was tried is printed.
#[test]
fn no_alert_goes_unnoticed() {
    let ways = prop::collection::vec((0..5_u8, any::<bool>()), 3);
    let plans = prop::collection::vec((1..5_usize, ways, any::<bool>()), 1..6);
    let counts = std::cell::Cell::new((0_usize, 0_usize, 0_usize));
    let config = ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() };
    let tried = prop::test_runner::TestRunner::new(config).run(&plans, |plan| {
        let (functions, resources) = covered_estate(&plan);
        let judge = |resources: &[Resource]| missed(&coverage(&functions, resources, &Demands::default()));
        let whole = judge(&resources);
        prop_assert!(whole.is_empty(), "{whole:?}");
        let (mut estates, mut removed, mut muted) = counts.get();
        estates += 1;
        for at in 0..resources.len() {
            let mut fewer = resources.clone();
            let gone = fewer.remove(at);
            let left = judge(&fewer);
            prop_assert!(!left.is_empty(), "nobody misses {}", gone.address);
            // What is missed is of its own service.
            let index = gone.address.id().split('/').next().unwrap_or_default().to_owned();
            let is_own = |line: &String| {
                [format!("Fn-{index}-"), format!("svc-{index} "), format!("monitors/{index}/")]
                    .iter()
                    .any(|start| line.starts_with(start.as_str()))
            };
            prop_assert!(left.iter().all(is_own), "{}: {left:?}", gone.address);
            removed += 1;
            if gone.address.section() == "monitors" {
                let mut body = gone.body.value();
                body["options"] = json!({"silenced": {"*": null}});
                fewer.insert(at, resource(gone.address.as_str(), &body));
                prop_assert!(!judge(&fewer).is_empty(), "nobody misses {} that is muted", gone.address);
                muted += 1;
            }
        }
        counts.set((estates, removed, muted));
        Ok(())
    });
    let (estates, removed, muted) = counts.get();
    println!("{estates} estates, {removed} resources taken out and {muted} alerts muted, each noticed");
    tried.expect("an alert goes unnoticed");
    assert!(estates >= 128 && removed > 1_000, "too few were tried");
}
