//! Pairs of a successful write and what the service showed after it: planned again, nothing may change.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Interaction, kinds, recorded, sessions};
use crate::client::items_of_part;
use crate::config::Scope;
use crate::diagnostic::{FileId, Format};
use crate::kind::{self, Apart, Envelope, Held, Identity, Kind, Part, Update};
use crate::mark;
use crate::model::{Address, Body, Directives, Live, Mark, Owner, Plan, Resource};
use crate::plan::{Inputs, plan};
use crate::source;

/// A request as a definition, and an object that the service showed while it stood.
pub struct Pair {
    pub source: String,
    pub definition: Value,
    pub live: Value,
}

/// Every pair of a kind: each write with its own answer, and with every later read of the object.
pub fn pairs(kind: &'static Kind) -> Option<Vec<Pair>> {
    let what = format!("pairs of {}", kind.name);
    let sessions = sessions(&[recorded(kind, &what)?], &what)?;
    let mut pairs = Vec::new();
    for session in sessions.values() {
        let mut written: BTreeMap<String, Value> = BTreeMap::new();
        for interaction in session.iter().filter(|interaction| matches!(interaction.status, 200..300)) {
            // A PATCH of what is changed by PUT is a list of edits.
            let is_edits = interaction.method == "PATCH" && kind.api.typed.is_some();
            let writes = matches!(interaction.method.as_str(), "POST" | "PUT" | "PATCH")
                && is_object(kind, interaction)
                && !is_edits;
            if is_edits {
                written.clear();
                continue;
            }
            let shown = shown(kind, interaction);
            if let Some(own) = answered_nothing(kind, interaction).filter(|_| writes)
                && let Some(before) = written.remove(&own)
            {
                let mut definition = sent(kind, &interaction.request);
                keep_unsent(&before, &mut definition);
                written.insert(own, definition);
            }
            if writes {
                for live in &shown {
                    let mut definition = sent(kind, &interaction.request);
                    if kind.api.id.chosen {
                        definition[kind.api.id.at] = live[kind.api.id.at].clone();
                    }
                    if let Some(before) = written.get(&id(kind, live)).filter(|_| keeps_unsent(kind)) {
                        keep_unsent(before, &mut definition);
                    }
                    written.insert(id(kind, live), definition);
                }
            }
            for live in shown {
                let Some(definition) = written.get(&id(kind, &live)).cloned() else { continue };
                // Of the service's own rules a few fields change, and nothing else is sent.
                if (kind.api.foreign)(&live) {
                    continue;
                }
                pairs.push(Pair { source: interaction.source.clone(), definition, live });
            }
        }
        pairs.extend(parts(kind, session));
    }
    Some(pairs)
}

/// A part that an interaction is about, the id of its object, and that of the item.
fn of_part<'i>(kind: &Kind, path: &'i str) -> Option<(&'static Part, &'static Apart, &'i str, &'i str)> {
    kind.api.parts.iter().find_map(|part| {
        let Held::Apart(apart) = &part.held else { return None };
        let (before, behind) = part.path.split_once("{id}")?;
        let (id, rest) = path.strip_prefix(before)?.split_once('/')?;
        let item = rest.strip_prefix(behind.trim_start_matches('/'))?;
        Some((part, apart, id, item.trim_start_matches('/')))
    })
}

/// The items of a part as they were asked for, and as they were shown, by their ids.
type Items = BTreeMap<String, Value>;

/// Each write of an item with its own answer, and with every later read of all of them: as part of the object that the
/// session made.
fn parts(kind: &'static Kind, session: &[Interaction]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let mut objects: BTreeMap<String, (Value, Value)> = BTreeMap::new();
    let mut asked: BTreeMap<(String, &str), Items> = BTreeMap::new();
    for interaction in session.iter().filter(|interaction| matches!(interaction.status, 200..300)) {
        let id_in = |live: &Value| live[kind.api.id.at].as_str().unwrap_or_default().to_owned();
        for live in shown(kind, interaction).into_iter().filter(|_| interaction.method == "POST") {
            objects.insert(id_in(&live), (sent(kind, &interaction.request), live));
        }
        let Some((part, apart, id, item)) = of_part(kind, &interaction.path) else { continue };
        let asked = asked.entry((id.to_owned(), part.field)).or_default();
        let name = |resource: &Value| resource.pointer(apart.id).and_then(Value::as_str).map(str::to_owned);
        let answer = &interaction.response["data"];
        let mut request = interaction.request["data"].clone();
        match interaction.method.as_str() {
            "POST" => drop(asked.insert(name(answer).expect("an item that was made has an id"), request)),
            "PATCH" => {
                let before = asked.get(item).cloned().unwrap_or_default();
                keep_unsent(&before, &mut request);
                asked.insert(item.to_owned(), request);
            }
            "DELETE" => drop(asked.remove(item)),
            _ => {}
        }
        let shown = match answer {
            Value::Array(items) => items.clone(),
            Value::Object(_) => vec![answer.clone()],
            _ => continue,
        };
        let of = |resource: &Value| asked.get(&name(resource)?).cloned();
        let wanted: Option<Vec<Value>> = shown.iter().map(of).collect();
        let (Some((definition, live)), Some(wanted)) = (objects.get(id), wanted) else { continue };
        let (mut definition, mut live) = (definition.clone(), live.clone());
        definition[part.field] = items_of_part(apart, &wanted);
        live[part.field] = items_of_part(apart, &shown);
        pairs.push(Pair { source: interaction.source.clone(), definition, live });
    }
    pairs
}

/// The body of a request.
fn sent(kind: &Kind, request: &Value) -> Value {
    match kind.api.envelope {
        Envelope::Resource(_) => flat(kind, &request["data"]),
        Envelope::Document => document(request),
        _ => request.clone(),
    }
}

/// A document, which may be sent as the text of a YAML file.
pub fn document(request: &Value) -> Value {
    let Some(text) = request.as_str() else { return request.clone() };
    let (value, faults) = source::value(text, Format::Yaml, FileId(0));
    assert!(faults.is_empty(), "the service took it: {text}");
    value.expect("a document")
}

/// Whether an update keeps the fields that it doesn't send: they are part of what stands.
fn keeps_unsent(kind: &Kind) -> bool {
    // A PUT of a webhook without most fields (2 recordings).
    let is_named = kind.api.envelope == Envelope::Flat && kind.api.id.chosen && kind.api.id.in_update;
    is_named
        // R: flat, changed by PUT, and kept all the same.
        || kind.section == "security_rules"
        || (kind.api.update == Update::Patch && !kind.api.emptied)
        || kind.paths(|field| field.replaced).any(|path| path == "/options")
}

/// Puts in what an update did not send.
fn keep_unsent(before: &Value, definition: &mut Value) {
    for (key, value) in before.as_object().into_iter().flatten() {
        let Value::Object(fields) = &mut *definition else { return };
        match fields.get_mut(key) {
            // Members of a member are merged by a PATCH, but for those that are replaced as was recorded.
            Some(inner @ Value::Object(_))
                if !["options", "schedule", "monitor_identifier"].contains(&key.as_str()) =>
            {
                keep_unsent(value, inner);
            }
            Some(_) => {}
            None => drop(fields.insert(key.clone(), value.clone())),
        }
    }
}

/// Whether the path is the kind's collection or one object of it, not a route beside them.
fn is_object(kind: &Kind, interaction: &Interaction) -> bool {
    if kind.api.list.path == Some(&*interaction.path) {
        return true;
    }
    let rest = interaction.path.strip_prefix(kind.api.path);
    rest.is_some_and(|rest| {
        let id = rest.strip_suffix(kind.api.item).unwrap_or(rest).trim_matches('/');
        let steps = if kind.api.typed.is_some() { 2 } else { 1 };
        id.split('/').count() <= steps
            && !matches!(id, "validate" | "can_delete" | "search" | "bulk_delete" | "bulk-delete")
    })
}

/// The objects in an answer of a write, a read or a list.
fn shown(kind: &Kind, interaction: &Interaction) -> Vec<Value> {
    if !is_object(kind, interaction) {
        return Vec::new();
    }
    let documents;
    let body = match kind.api.envelope {
        Envelope::Document => {
            let shown = kind::documents(&kind.api, interaction.response.clone());
            documents = Value::Array(shown.unwrap_or_default());
            &documents
        }
        Envelope::Flat => {
            let list = kind.api.list.items.and_then(|items| interaction.response.pointer(items));
            list.unwrap_or(&interaction.response)
        }
        _ if kind.api.list.path == Some(&*interaction.path) => {
            interaction.response.pointer(kind.api.list.items.unwrap_or("/data")).unwrap_or(&Value::Null)
        }
        Envelope::Data | Envelope::Resource(_) => &interaction.response["data"],
    };
    let is_part =
        |body: &Value| kind.api.typed.is_some() && kind.api.list.summary.is_some_and(|s| (s.lacks)(body));
    let whole = |body: &Value| match kind.api.envelope {
        Envelope::Resource(name) => body["type"] == name && body["attributes"].is_object(),
        _ => body.as_object().is_some_and(kind.about.is_export) && !is_part(body),
    };
    match body {
        Value::Array(items) => items.iter().filter(|item| whole(item)).map(|item| flat(kind, item)).collect(),
        body if whole(body) => vec![flat(kind, body)],
        _ => Vec::new(),
    }
}

/// A body as a definition has it: the attributes of a resource, and its id where people choose it.
fn flat(kind: &Kind, data: &Value) -> Value {
    match (kind.api.envelope, data) {
        (Envelope::Resource(_), Value::Object(data)) => Value::Object(kind::flatten(&kind.api, data.clone())),
        (_, data) => data.clone(),
    }
}

fn id(kind: &Kind, live: &Value) -> String {
    live[kind.api.id.at].to_string()
}

/// The id in the path of an update that answers without the object.
fn answered_nothing(kind: &Kind, interaction: &Interaction) -> Option<String> {
    let own = interaction.path.strip_prefix(kind.api.path)?.strip_prefix('/')?;
    (kind.api.silent && interaction.method == "PATCH").then(|| Value::from(own).to_string())
}

/// The plan of one definition against one live object that bears its mark.
pub fn plan_one(kind: &'static Kind, definition: &Value, live: &Value) -> Plan {
    let owner = Owner("recorded.test".to_owned());
    let mark = Mark { owner: owner.clone(), id: "one".to_owned(), protect: false };
    let mut body = live.clone();
    mark::write(kind, &mut body, &mark);
    let own = &body[kind.api.id.at];
    let id = own.as_str().map_or_else(|| own.to_string(), str::to_owned);
    let mark = mark::read(kind, &body);
    let mut definition = definition.clone();
    if let Identity::Key(at) = kind.identity {
        // The service rewrites some: a rule refuses those.
        if let Some(key) = body.pointer(at) {
            crate::pointer::put(&mut definition, at, key.clone());
        }
    }
    // A rule refuses what the service writes as 1800.
    let window = "/options/evaluationWindow";
    if kind.section == "security_rules"
        && definition.pointer("/options/detectionMethod").is_some_and(|method| method == "anomaly_detection")
        && definition.pointer(window).is_some_and(|window| *window == 900)
    {
        crate::pointer::put(&mut definition, window, 1800.into());
    }
    let live = Live { section: kind.section, id, body, mark, url: String::new() };
    let resource = Resource {
        address: Address::new(kind.section, "one"),
        body: Body::of(&definition).expect("no recording is that deep"),
        directives: Directives::default(),
        origin: std::sync::Arc::default(),
        instance: None,
    };
    let scope = Scope {
        owns: Vec::new(),
        secrets: indexmap::IndexMap::new(),
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
        now: jiff::Timestamp::UNIX_EPOCH,
        resources: std::slice::from_ref(&resource),
        forgotten: &[],
        live: std::slice::from_ref(&live),
        unlisted: &[],
        selected: &|_| true,
        seen_last: &|_, _| None,
    };
    plan(&inputs).0
}

fn check(kind: &'static Kind) {
    let Some(pairs) = pairs(kind) else { return };
    let mut wrong = Vec::new();
    for pair in &pairs {
        let plan = plan_one(kind, &pair.definition, &pair.live);
        for change in &plan.changes {
            wrong.push(format!("{}: {} {:?}", pair.source, change.action.name(), change.diff));
        }
    }
    println!(
        "{}: {} pairs, {} plan empty",
        kind.section,
        pairs.len(),
        pairs.len().saturating_sub(wrong.len())
    );
    assert!(pairs.len() >= if kind.always { 50 } else { 4 }, "the recordings hold more");
    assert!(wrong.is_empty(), "{} false changes\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_was_recorded_plans_empty() {
    for kind in kinds() {
        check(kind);
    }
}
