//! The sandbox and `validate` agree: what one refuses of mutated recorded bodies the other refuses, too.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use super::random::recorded;
use super::rules::judged;
use crate::cache::Cache;
use crate::client::{Client, Fault};
use crate::diagnostic::Severity;
use crate::kind::{self, Kind};
use crate::mark;
use crate::model::{Mark, Owner};
use crate::outgoing::to_create;
use crate::pointer::{matches, step};
use crate::sandbox::Sandbox;

/// What is done to one node of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mutation {
    Dropped,
    Retyped,
    KeyMisspelled,
    WordMisspelled,
    Below,
    Above,
    Emptied,
}

const MUTATIONS: [Mutation; 7] = [
    Mutation::Dropped,
    Mutation::Retyped,
    Mutation::KeyMisspelled,
    Mutation::WordMisspelled,
    Mutation::Below,
    Mutation::Above,
    Mutation::Emptied,
];

const NO_READER: &str = "the sandbox reads no queries: what it can't read it stores";
const WARNED: &str = "a warning: recorded updates leave it out";
const OPEN: &str = "a new word of an open set passes, a wrong one can't be told from it";
const MARKED: &str = "the mark takes the place of what is no list, or no text: the service never sees it";
const CHOSEN: &str = "no recording leaves out what names the object";
const TYPES: &str = "the JSON types and closed words of plain fields are told by the table of fields";

/// Where both may differ: section, path (`/**`: and all below), mutation (none: any), and why.
const EXCEPTIONS: &[(&str, &str, Option<Mutation>, &str)] = &[
    ("monitors", "/query", Some(Mutation::WordMisspelled), NO_READER),
    ("monitors", "/options/variables/**", Some(Mutation::WordMisspelled), NO_READER),
    ("slos", "/query/**", Some(Mutation::WordMisspelled), NO_READER),
    ("slos", "/sli_specification/**", Some(Mutation::WordMisspelled), NO_READER),
    ("monitors", "/type", Some(Mutation::Emptied), OPEN),
    ("monitors", "/type", Some(Mutation::WordMisspelled), OPEN),
    ("monitors", "/type", None, WARNED),
    ("monitors", "/query", None, WARNED),
    ("monitors", "/tags", Some(Mutation::Retyped), MARKED),
    ("slos", "/tags", Some(Mutation::Retyped), MARKED),
    ("dashboards", "/tags", Some(Mutation::Retyped), MARKED),
    ("dashboards", "/description", Some(Mutation::Retyped), MARKED),
    ("logs_metrics", "/id", None, CHOSEN),
    ("monitors", "/**", Some(Mutation::Retyped), TYPES),
    ("slos", "/**", Some(Mutation::Retyped), TYPES),
    ("slos", "/type", None, TYPES),
    ("teams", "/**", Some(Mutation::Retyped), TYPES),
    ("retention_filters", "/**", Some(Mutation::Retyped), TYPES),
    ("retention_filters", "/filter_type", None, TYPES),
    ("dashboards", "/title", Some(Mutation::Retyped), TYPES),
    ("dashboards", "/widgets", Some(Mutation::Retyped), TYPES),
    ("dashboards", "/layout_type", None, TYPES),
    ("dashboards", "/notify_list/**", Some(Mutation::Retyped), TYPES),
    ("dashboards", "/restricted_roles/**", Some(Mutation::Retyped), TYPES),
    ("dashboards", "/template_variables/**", Some(Mutation::Retyped), TYPES),
    ("dashboards", "/template_variable_presets/**", Some(Mutation::Retyped), TYPES),
    ("dashboards", "/default_timeframe/**", None, TYPES),
    ("dashboards", "/tabs/**", Some(Mutation::Retyped), TYPES),
    ("dashboards", "/widgets/*/id", Some(Mutation::Retyped), TYPES),
    ("logs_metrics", "/**", Some(Mutation::Retyped), TYPES),
    ("logs_metrics", "/compute/aggregation_type", None, TYPES),
];

/// Whether an exception holds for a place.
fn is_excepted(section: &str, path: &str, mutation: Mutation) -> bool {
    EXCEPTIONS.iter().any(|(of, at, what, _)| {
        let fits = match at.strip_suffix("/**") {
            Some(root) => {
                path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            None => matches(at, path),
        };
        *of == section && fits && what.is_none_or(|what| what == mutation)
    })
}

/// A body with one node changed; none where the mutation does nothing to such a node.
fn mutated(body: &Value, pointer: &str, mutation: Mutation) -> Option<Value> {
    let mut body = body.clone();
    let (parent, key) = pointer.rsplit_once('/')?;
    let parent = body.pointer_mut(parent)?;
    let value = match parent {
        Value::Object(map) => map.get_mut(key)?,
        Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?)?,
        _ => return None,
    };
    let changed = match (mutation, &*value) {
        (Mutation::Retyped, Value::String(_)) => json!(5),
        (Mutation::Retyped, Value::Number(_) | Value::Bool(_) | Value::Object(_)) => json!("x"),
        (Mutation::Retyped, Value::Array(_)) => json!({ "x": 1 }),
        (Mutation::WordMisspelled, Value::String(word)) => json!(format!("{word}x")),
        (Mutation::Below, Value::Number(_)) => json!(-7),
        (Mutation::Above, Value::Number(_)) => json!(987_654_321),
        (Mutation::Emptied, Value::String(_)) => json!(""),
        (Mutation::Emptied, Value::Array(items)) if !items.is_empty() => json!([]),
        (Mutation::Emptied, Value::Object(map)) if !map.is_empty() => json!({}),
        (Mutation::Dropped | Mutation::KeyMisspelled, value) => {
            let value = value.clone();
            let Value::Object(map) = parent else { return None };
            map.shift_remove(key);
            if mutation == Mutation::KeyMisspelled {
                map.insert(format!("{key}z"), value);
            }
            return Some(body);
        }
        _ => return None,
    };
    *value = changed;
    Some(body)
}

/// The pointers of a body's nodes, with their paths: items of lists as `*`, widgets by their type.
fn nodes(value: &Value, pointer: &str, path: &str, visit: &mut dyn FnMut(&str, &str)) {
    let mut child = |key: &str, name: &str, value: &Value| {
        let (pointer, path) = (format!("{pointer}{}", step(key)), format!("{path}{}", step(name)));
        visit(&pointer, &path);
        nodes(value, &pointer, &path, visit);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| child(key, key, value)),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let class = item.pointer("/definition/type").or(item.get("data_source"));
                let name = class.and_then(Value::as_str).unwrap_or("*");
                child(&index.to_string(), name, item);
            }
        }
        _ => {}
    }
}

/// The kinds that are held against each other.
const SECTIONS: [&str; 6] = ["dashboards", "logs_metrics", "monitors", "retention_filters", "slos", "teams"];

/// How many bodies of one place are tried: not all bodies are alike.
const EACH: usize = 1;

struct Tried {
    cases: usize,
    refused: usize,
    excepted: usize,
    apart: BTreeMap<String, usize>,
}

/// What `validate` calls an error.
fn faults(kind: &Kind, body: &Value) -> Vec<String> {
    let found = judged(kind.section, body, None, false).into_iter();
    let errors = found.filter(|reported| reported.severity == Severity::Error);
    errors.map(|reported| format!("{}: {}", reported.code, reported.text)).collect()
}

/// The sandbox's words where it refuses to make it.
fn refused(runtime: &Runtime, client: &Client, kind: &'static Kind, body: &Value) -> Option<String> {
    let mark = Mark { owner: Owner("agree.test".into()), id: "one".into(), protect: false };
    match runtime.block_on(client.create(kind, &to_create(kind, body, &mark))) {
        Ok(made) => {
            runtime.block_on(client.delete(kind, &made.id, true)).expect("it was made just now");
            None
        }
        Err(refusal) if matches!(refusal.fault, Fault::Refused | Fault::NotFound) => Some(refusal.words),
        Err(refusal) => panic!("the sandbox fails: {refusal}"),
    }
}

fn try_all(kind: &'static Kind, bodies: &[Map<String, Value>]) -> Tried {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let sandbox = Sandbox::open(folder.path()).expect("a sandbox");
    let client = Client::new(Arc::new(sandbox), "https://example.com", Cache::none());
    let mut tried = Tried { cases: 0, refused: 0, excepted: 0, apart: BTreeMap::new() };
    let mut seen: BTreeMap<(String, Mutation), usize> = BTreeMap::new();
    for body in bodies {
        let mut definition = Value::Object(body.clone());
        mark::strip(kind, &mut definition);
        // What was accepted once may need what isn't there now.
        if refused(&runtime, &client, kind, &definition).is_some() || !faults(kind, &definition).is_empty() {
            continue;
        }
        let mut places = Vec::new();
        nodes(&definition, "", "", &mut |pointer, path| places.push((pointer.to_owned(), path.to_owned())));
        for (pointer, path) in places {
            for mutation in MUTATIONS {
                let count = seen.entry((path.clone(), mutation)).or_default();
                if *count >= EACH {
                    continue;
                }
                let Some(wrong) = mutated(&definition, &pointer, mutation) else { continue };
                *count += 1;
                tried.cases += 1;
                let ours = faults(kind, &wrong);
                let theirs = refused(&runtime, &client, kind, &wrong);
                tried.refused += usize::from(theirs.is_some() && !ours.is_empty());
                if theirs.is_some() != ours.is_empty() {
                    continue;
                }
                if is_excepted(kind.section, &path, mutation) {
                    tried.excepted += 1;
                    continue;
                }
                let words = match &theirs {
                    Some(words) => format!("sandbox only: {words}"),
                    None => format!("validate only: {}", ours.join("; ")),
                };
                *tried
                    .apart
                    .entry(format!("{path} {mutation:?}: {}", words.chars().take(160).collect::<String>()))
                    .or_default() += 1;
            }
        }
    }
    tried
}

#[test]
fn the_sandbox_and_validate_agree() {
    let mut apart = 0;
    for kind in kind::KINDS.into_iter().filter(|kind| SECTIONS.contains(&kind.section)) {
        let Some(bodies) = recorded(kind) else { continue };
        let tried = try_all(kind, &bodies);
        let count: usize = tried.apart.values().sum();
        println!(
            "{}: {} mutated bodies of {}, agreed on {}, of which {} refused; {} excepted, {count} apart",
            kind.section,
            tried.cases,
            bodies.len(),
            tried.cases - count - tried.excepted,
            tried.refused,
            tried.excepted,
        );
        for (case, count) in &tried.apart {
            println!("@{}{case} ({count})", kind.section);
        }
        apart += count;
    }
    assert_eq!(apart, 0);
}
