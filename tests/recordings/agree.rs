//! The sandbox and `validate` agree: what one refuses of mutated recorded bodies the other refuses, too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use super::kinds;
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
pub(super) enum Mutation {
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
const OPEN: &str = "a new word of an open set passes, a wrong one can't be told from it";
const LIVE_ID: &str = "an id of a live object, which nobody knows offline";
const MARKED: &str = "a cell with the mark takes the place of what is no list: the service never sees it";
const CHOSEN: &str = "no recording leaves out what names the object";
const NO_CALENDAR: &str = "the sandbox reads no times, zones and rules of recurrence that the service reads";
const AT_READING: &str = "an empty body is refused where files are read";
const UNSENT: &str = "what no request has room for: the sandbox never sees it";
const FORM: &str =
    "words, names and sizes that documents tell, and no recording: what the service says is not known";
const TYPES: &str = "the JSON types and closed words of plain fields are told by the table of fields";

/// Where both may differ: section, path (`/**`: and all below), mutation (none: any), and why.
const EXCEPTIONS: &[(&str, &str, Option<Mutation>, &str)] = &[
    ("monitors", "/query", Some(Mutation::WordMisspelled), NO_READER),
    ("monitors", "/options/variables/**", Some(Mutation::WordMisspelled), NO_READER),
    ("slos", "/query/**", Some(Mutation::WordMisspelled), NO_READER),
    ("slos", "/sli_specification/**", Some(Mutation::WordMisspelled), NO_READER),
    ("monitors", "/type", Some(Mutation::Emptied), OPEN),
    ("monitors", "/type", Some(Mutation::WordMisspelled), OPEN),
    ("logs_metrics", "/id", None, CHOSEN),
    ("monitors", "/**", Some(Mutation::Retyped), TYPES),
    ("slos", "/**", Some(Mutation::Retyped), TYPES),
    ("teams", "/**", Some(Mutation::Retyped), TYPES),
    ("teams", "/members/*/role", Some(Mutation::KeyMisspelled), UNSENT),
    ("logs_indexes", "/name", None, FORM),
    ("logs_indexes", "/tags/**", None, FORM),
    ("spans_metrics", "/id", None, CHOSEN),
    ("rum_metrics", "/id", None, CHOSEN),
    ("notification_rules", "/**", Some(Mutation::Emptied), FORM),
    ("restriction_policies", "/bindings", Some(Mutation::Emptied), FORM),
    ("slo_corrections", "/duration", None, NO_CALENDAR),
    ("slo_corrections", "/end", None, NO_CALENDAR),
    ("slo_corrections", "/rrule", None, NO_CALENDAR),
    ("slo_corrections", "/timezone", None, NO_CALENDAR),
    ("notebooks", "/cells", Some(Mutation::Dropped), MARKED),
    ("notebooks", "/cells", Some(Mutation::KeyMisspelled), MARKED),
    ("scanner_rules", GROUP, None, LIVE_ID),
    ("webhook_variables", "/name", Some(Mutation::WordMisspelled), FORM),
    ("dashboard_lists", "/name", Some(Mutation::Dropped), AT_READING),
    ("downtimes", "/display_timezone", Some(Mutation::WordMisspelled), NO_CALENDAR),
    ("downtimes", "/schedule/**", Some(Mutation::WordMisspelled), NO_CALENDAR),
    ("downtimes", "/schedule/**", Some(Mutation::Emptied), NO_CALENDAR),
];

/// Whether the mark takes the place of what stands there: the service never sees it.
fn is_marked(kind: &Kind, path: &str, mutation: Mutation) -> bool {
    mutation == Mutation::Retyped && kind.identity.at() == Some(path)
}

/// Which exception holds for a place.
fn excepted(section: &str, path: &str, mutation: Mutation) -> Option<usize> {
    EXCEPTIONS.iter().position(|(of, at, what, _)| {
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
pub(super) fn mutated(body: &Value, pointer: &str, mutation: Mutation) -> Option<Value> {
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
pub(super) fn nodes(value: &Value, pointer: &str, path: &str, visit: &mut dyn FnMut(&str, &str)) {
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

/// Where a body names the group that it belongs to, and what stands for one that is there.
const GROUP: &str = "/relationships/group/data/id";
const GROUP_ID: &str = "the group";

/// How many bodies of one place are tried: not all bodies are alike.
const EACH: usize = 1;

#[derive(Default)]
struct Tried {
    cases: usize,
    refused: usize,
    passed_over: usize,
    /// By position in the table.
    excepted: BTreeSet<usize>,
    apart: BTreeMap<String, usize>,
}

/// What `validate` calls an error.
fn faults(kind: &Kind, body: &Value) -> Vec<String> {
    let found = judged(kind.section, body, None, false).into_iter();
    let errors = found.filter(|reported| reported.severity == Severity::Error);
    errors.map(|reported| format!("{}: {}", reported.code, reported.text)).collect()
}

/// The sandbox's words where it refuses to make it.
fn refused(runtime: &Runtime, kind: &'static Kind, body: &Value) -> Option<String> {
    // A new one each time: names of deleted indexes are gone for good, and writes are counted.
    let folder = tempfile::tempdir().expect("a folder");
    let sandbox = Sandbox::open(folder.path()).expect("a sandbox");
    let client = Client::new(Arc::new(sandbox), "https://example.com", Cache::none());
    let mark = Mark { owner: Owner("agree.test".into()), id: "one".into(), protect: false };
    let mut body = body.clone();
    if let Some(group) = body.pointer_mut(GROUP).filter(|id| *id == GROUP_ID) {
        let groups = kind::of_section("scanner_groups").expect("a kind");
        let one = json!({ "name": "one", "filter": { "query": "*" }, "product_list": ["logs"] });
        let made = runtime.block_on(client.create(groups, &one)).expect("a group");
        *group = json!(made.id);
    }
    let refusal = runtime.block_on(client.create(kind, &to_create(kind, &body, &mark))).err()?;
    match refusal.fault {
        Fault::Refused | Fault::NotFound => Some(refusal.words),
        _ => panic!("the sandbox fails: {refusal}"),
    }
}

fn try_all(kind: &'static Kind, bodies: &[Map<String, Value>]) -> Tried {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut tried = Tried::default();
    let mut seen: BTreeMap<(String, Mutation), usize> = BTreeMap::new();
    for body in bodies {
        let mut definition = Value::Object(body.clone());
        mark::strip(kind, &mut definition);
        if let Some(group) = definition.pointer_mut(GROUP) {
            *group = json!(GROUP_ID);
        }
        // What was accepted once may need what isn't there now.
        if refused(&runtime, kind, &definition).is_some() || !faults(kind, &definition).is_empty() {
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
                let theirs = refused(&runtime, kind, &wrong);
                tried.refused += usize::from(theirs.is_some() && !ours.is_empty());
                if theirs.is_some() != ours.is_empty() {
                    continue;
                }
                if is_marked(kind, &path, mutation) {
                    tried.passed_over += 1;
                    continue;
                }
                if let Some(exception) = excepted(kind.section, &path, mutation) {
                    tried.excepted.insert(exception);
                    tried.passed_over += 1;
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
    let (mut apart, mut used, mut sections) = (0, BTreeSet::new(), Vec::new());
    for kind in kinds() {
        let Some(bodies) = recorded(kind) else { continue };
        sections.push(kind.section);
        let mut tried = try_all(kind, &bodies);
        let count: usize = tried.apart.values().sum();
        println!(
            "{}: {} mutated bodies of {}, agreed on {}, of which {} refused; {} excepted, {count} apart",
            kind.section,
            tried.cases,
            bodies.len(),
            tried.cases - count - tried.passed_over,
            tried.refused,
            tried.passed_over,
        );
        assert!(tried.cases > 0 || bodies.is_empty(), "no recorded body of {} is taken", kind.section);
        for (case, count) in &tried.apart {
            println!("@{}{case} ({count})", kind.section);
        }
        apart += count;
        used.append(&mut tried.excepted);
    }
    let idle = EXCEPTIONS
        .iter()
        .enumerate()
        .filter(|(place, (of, ..))| sections.contains(of) && !used.contains(place));
    let idle: Vec<_> = idle.map(|(_, exception)| exception).collect();
    println!("idle: {idle:#?}");
    assert!(idle.is_empty(), "exceptions that except nothing");
    assert_eq!(apart, 0);
}
