//! Pairs of a successful write and what the service showed after it: planned again, nothing may change.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Interaction, sessions};
use crate::config::Scope;
use crate::kind::{self, Envelope, Kind};
use crate::mark;
use crate::model::{Address, Body, Directives, Live, Mark, Owner, Plan, Resource};
use crate::plan::{Inputs, plan};

/// A request as a definition, and an object that the service showed while it stood.
pub struct Pair {
    pub source: String,
    pub definition: Value,
    pub live: Value,
}

/// Every pair of a kind: each write with its own answer, and with every later read of the object.
pub fn pairs(kind: &'static Kind) -> Option<Vec<Pair>> {
    let sessions = sessions(&[kind.name], &format!("pairs of {}", kind.name))?;
    let mut pairs = Vec::new();
    for session in sessions.values() {
        let mut written: BTreeMap<String, Value> = BTreeMap::new();
        for interaction in session.iter().filter(|interaction| interaction.status == 200) {
            let writes =
                matches!(interaction.method.as_str(), "POST" | "PUT") && is_object(kind, interaction);
            let shown = shown(kind, interaction);
            if writes {
                for live in &shown {
                    let mut definition = interaction.request.clone();
                    if let Some(before) = written.get(&id(live)).filter(|_| kind.replaced == ["/options"]) {
                        keep_unsent(before, &mut definition);
                    }
                    written.insert(id(live), definition);
                }
            }
            for live in shown {
                let Some(definition) = written.get(&id(&live)).cloned() else { continue };
                pairs.push(Pair { source: interaction.source.clone(), definition, live });
            }
        }
    }
    Some(pairs)
}

/// An update of a monitor keeps the fields that it doesn't send: they are part of what stands.
fn keep_unsent(before: &Value, definition: &mut Value) {
    for (key, value) in before.as_object().into_iter().flatten() {
        if let Value::Object(fields) = definition {
            fields.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// Whether the path is the kind's collection or one object of it, not a route beside them.
fn is_object(kind: &Kind, interaction: &Interaction) -> bool {
    let rest = interaction.path.strip_prefix(kind.path);
    rest.is_some_and(|rest| {
        let id = rest.trim_matches('/');
        !id.contains('/') && !matches!(id, "validate" | "can_delete" | "search" | "bulk_delete")
    })
}

/// The objects in an answer of a write, a read or a list.
fn shown(kind: &Kind, interaction: &Interaction) -> Vec<Value> {
    if !is_object(kind, interaction) {
        return Vec::new();
    }
    let body = match kind.envelope {
        Envelope::Flat => &interaction.response,
        Envelope::Data => &interaction.response["data"],
    };
    let whole = |body: &Value| body.is_object() && (kind.is_export)(body.as_object().expect("an object"));
    match body {
        Value::Array(items) => items.iter().filter(|item| whole(item)).cloned().collect(),
        body if whole(body) => vec![body.clone()],
        _ => Vec::new(),
    }
}

fn id(live: &Value) -> String {
    live["id"].to_string()
}

/// The plan of one definition against one live object that bears its mark.
pub fn plan_one(kind: &'static Kind, definition: &Value, live: &Value) -> Plan {
    let owner = Owner("recorded.test".to_owned());
    let mark = Mark { owner: owner.clone(), id: "one".to_owned(), protect: false };
    let mut body = live.clone();
    mark::write(kind, &mut body, &mark);
    let id = body["id"].as_str().map_or_else(|| body["id"].to_string(), str::to_owned);
    let live = Live { section: kind.section, id, body, mark: Some(mark), url: String::new() };
    let resource = Resource {
        address: Address::new(kind.section, "one"),
        body: Body::of(definition).expect("no recording is that deep"),
        directives: Directives::default(),
        origin: std::sync::Arc::default(),
        instance: None,
    };
    let scope = Scope {
        project: "recorded".to_owned(),
        environment: Some("test".to_owned()),
        owner,
        former: Vec::new(),
        vars: serde_json::Map::new(),
    };
    let inputs = Inputs {
        scope: &scope,
        site: "recorded",
        organisation: None,
        resources: std::slice::from_ref(&resource),
        forgotten: &[],
        live: std::slice::from_ref(&live),
        selected: &|_| true,
        seen_last: &|_, _| None,
    };
    plan(&inputs).0
}

fn check(section: &str) {
    let kind = kind::of_section(section).expect("a kind");
    let Some(pairs) = pairs(kind) else { return };
    let mut wrong = Vec::new();
    for pair in &pairs {
        let plan = plan_one(kind, &pair.definition, &pair.live);
        for change in &plan.changes {
            wrong.push(format!("{}: {} {:?}", pair.source, change.action.name(), change.diff));
        }
    }
    println!("{section}: {} pairs, {} plan empty", pairs.len(), pairs.len() - wrong.len());
    assert!(pairs.len() > 50, "the recordings hold more");
    assert!(wrong.is_empty(), "{} false changes\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn recorded_monitors_plan_empty() {
    check("monitors");
}

#[test]
fn recorded_slos_plan_empty() {
    check("slos");
}

#[test]
fn recorded_dashboards_plan_empty() {
    check("dashboards");
}
