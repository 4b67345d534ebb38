//! Bodies that nobody recorded, put together from recorded fields: applied to the sandbox, they plan empty.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value};

use super::{Interaction, kinds, sessions};
use crate::cache::Cache;
use crate::client::{Client, Fault};
use crate::kind::{self, Create, Envelope, Kind, flatten};
use crate::mark;
use crate::model::{Mark, Owner};
use crate::outgoing::to_create;
use crate::recordings::pairs::{document, plan_one};
use crate::sandbox::Sandbox;

/// The bodies of recorded successful creates.
pub fn recorded(kind: &Kind) -> Option<Vec<Map<String, Value>>> {
    let what = format!("random bodies of {}", kind.name);
    let sessions = sessions(&[super::recorded(kind, &what)?], &what)?;
    let interactions = sessions.into_values().flatten();
    let is_create = |one: &Interaction| match (kind.api.create, kind.api.typed) {
        (_, Some(member)) => {
            let class = one.request[member].as_str().unwrap_or_default();
            one.path == format!("{}/{class}", kind.api.path)
        }
        (Create::Collection, None) => one.path == kind.api.path,
        (Create::Item, None) => one.path.starts_with(kind.api.path) && one.path.ends_with(kind.api.item),
    };
    let creates = interactions.filter(|one| one.method == "POST" && one.status < 300 && is_create(one));
    Some(
        creates
            .filter_map(|create| match (kind.api.envelope, create.request) {
                (Envelope::Resource(_), mut request) => match request["data"].take() {
                    Value::Object(data) => Some(flatten(&kind.api, data)),
                    _ => None,
                },
                (Envelope::Document, request) => document(&request).as_object().cloned(),
                (_, Value::Object(body)) => Some(body),
                _ => None,
            })
            .collect(),
    )
}

/// One body with some fields of others of its type, and some left out; likewise one level deeper.
fn mix(kind: &Kind, bodies: &[Map<String, Value>], picks: &[(usize, usize, u8)], base: usize) -> Value {
    let mut body = bodies[base % bodies.len()].clone();
    let alike: Vec<&Map<String, Value>> =
        bodies.iter().filter(|other| other.get("type") == body.get("type")).collect();
    for (donor, field, what) in picks {
        let donor = alike[donor % alike.len()];
        let Some((key, value)) = donor.iter().nth(field % donor.len().max(1)) else { continue };
        if matches!(key.as_str(), "type" | "query" | "sli_specification" | "layout_type" | "tabs") {
            continue;
        }
        match (what % 3, value, body.get_mut(key)) {
            (0, _, _) => drop(body.insert(key.clone(), value.clone())),
            (_, Value::Object(theirs), Some(Value::Object(ours))) => {
                let picked =
                    theirs.iter().filter(|(key, _)| !matches!(key.as_str(), "variables" | "thresholds"));
                for (inner, value) in picked.skip(*what as usize % 3).step_by(2) {
                    ours.insert(inner.clone(), value.clone());
                }
            }
            (1, _, Some(_))
                // The service refuses a body without what it needs.
                if !kind.holds(&format!("/{key}"), |field| field.required)
                    && !matches!(key.as_str(), "name" | "title" | "widgets" | "thresholds" | "options") =>
            {
                drop(body.shift_remove(key));
            }
            _ => {}
        }
    }
    Value::Object(body)
}

/// Creates a body in an empty sandbox and plans it against what the list then shows. `None`: refused.
async fn plans_empty(kind: &'static Kind, definition: &Value) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().expect("a folder");
    let sandbox = Sandbox::open(folder.path()).expect("a sandbox");
    let client = Client::new(Arc::new(sandbox), "https://example.com", Cache::none());
    let mark = Mark { owner: Owner("random.test".into()), id: "one".into(), protect: false };
    let made = match client.create(kind, &to_create(kind, definition, &mark)).await {
        Ok(made) => made,
        Err(refusal) if refusal.fault == Fault::Refused => return None,
        Err(refusal) => panic!("the sandbox fails: {refusal}"),
    };
    let mut shown = client.get(kind, &made.id).await.expect("what was made").body;
    mark::strip(kind, &mut shown);
    let plan = plan_one(kind, definition, &shown);
    Some(plan.changes.iter().flat_map(|change| &change.diff).map(|field| format!("{field:?}")).collect())
}

fn check(section: &str) {
    let kind = kind::of_section(section).expect("a kind");
    let Some(bodies) = recorded(kind) else { return };
    if kind.api.related {
        return println!("not run: random bodies of {section} (they belong to objects of another kind)");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (tried, accepted) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let picks = prop::collection::vec((0..10_000_usize, 0..100_usize, any::<u8>()), 0..8);
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let result = runner.run(&(0..10_000_usize, picks), |(base, picks)| {
        let definition = mix(kind, &bodies, &picks, base);
        tried.set(tried.get() + 1);
        if let Some(changes) = runtime.block_on(plans_empty(kind, &definition)) {
            accepted.set(accepted.get() + 1);
            prop_assert!(changes.is_empty(), "{definition:#}\n{}", changes.join("\n"));
        }
        Ok(())
    });
    println!("{section}: {} random bodies, {} accepted by the sandbox", tried.get(), accepted.get());
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(accepted.get() > if kind.always { 200 } else { 20 }, "most bodies are good");
}

#[test]
fn random_monitors_plan_empty() {
    check("monitors");
}

#[test]
fn random_slos_plan_empty() {
    check("slos");
}

#[test]
fn random_dashboards_plan_empty() {
    check("dashboards");
}

#[test]
fn random_bodies_of_every_other_kind_plan_empty() {
    for kind in kinds().filter(|kind| !kind.always) {
        check(kind.section);
    }
}
