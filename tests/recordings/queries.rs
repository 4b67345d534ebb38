//! Every query of the recorded successful writes and of the real exports is read, and printing keeps its tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Display};
use std::path::PathBuf;

use serde_json::Value;

use crate::query::search::search;
use crate::query::{Parsed, formula, metric, monitor};

/// What was read: type of query -> texts; a monitor's text has its type before it.
type Queries = BTreeMap<&'static str, BTreeSet<(String, String)>>;

fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("MUSHER_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("not run: there are no recordings in {}", folder.display());
    None
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// Collects the queries of a body, whatever widget or option they stand in.
fn collect(body: &Value, under: &str, queries: &mut Queries) {
    let mut add = |form: &'static str, query: &str| {
        queries.entry(form).or_default().insert((String::new(), query.to_owned()));
    };
    match body {
        Value::Array(items) => items.iter().for_each(|item| collect(item, under, queries)),
        Value::Object(fields) => {
            let metrics = matches!(text(body, "data_source"), Some("metrics" | "cloud_cost"));
            for (key, value) in fields {
                match (key.as_str(), value.as_str()) {
                    ("q", Some(q)) if under != "events" => add("q of a widget", q),
                    ("query", Some(query)) if metrics => add("query of a metrics source", query),
                    ("query", Some(query)) if under == "search" => add("search", query),
                    ("query_string", Some(query)) => add("search", query),
                    ("numerator" | "denominator", Some(query)) => add("numerator, denominator", query),
                    ("formula", Some(formula)) => add("formula", formula),
                    _ => {}
                }
            }
            fields.iter().for_each(|(key, value)| collect(value, key, queries));
        }
        _ => {}
    }
}

fn collect_monitor(body: &Value, queries: &mut Queries) {
    if let (Some(kind), Some(query)) = (text(body, "type"), text(body, "query")) {
        queries.entry("monitor").or_default().insert((kind.to_owned(), query.to_owned()));
    }
}

fn all_queries() -> Option<Queries> {
    let shared = shared()?;
    let mut queries = Queries::new();
    for file in shared.join("recorded").read_dir().expect("the folder of recordings") {
        let path = file.expect("a recording").path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let lines = std::fs::read_to_string(&path).expect("a recording");
        for line in lines.lines() {
            let call: Value = serde_json::from_str(line).expect("a recorded call");
            let write = matches!(text(&call, "method"), Some("POST" | "PUT" | "PATCH"));
            if !write || call["status"].as_u64().is_none_or(|status| status >= 300) {
                continue;
            }
            collect(&call["request"], "", &mut queries);
            if text(&call, "kind") == Some("monitor") {
                collect_monitor(&call["request"], &mut queries);
            }
        }
    }
    for folder in ["dashboards", "monitors"] {
        for file in shared.join("exports").join(folder).read_dir().expect("the folder of exports") {
            let body = std::fs::read_to_string(file.expect("an export").path()).expect("an export");
            let body: Value = serde_json::from_str(&body).expect("an export");
            collect(&body, "", &mut queries);
            collect_monitor(body.get("definition").unwrap_or(&body), &mut queries);
        }
    }
    Some(queries)
}

/// Reads, prints, reads again; what is wrong with it, and the warnings.
fn faults<T: Display + PartialEq + Debug>(
    text: &str,
    read: impl Fn(&str) -> Parsed<T>,
) -> (Vec<String>, Vec<String>) {
    let parsed = read(text);
    let mut wrong: Vec<String> = parsed.errors.iter().map(|fault| format!("{text}: {fault:?}")).collect();
    let warnings = parsed.warnings.iter().map(|fault| format!("{text}: {fault:?}")).collect();
    match &parsed.tree {
        None => wrong.push(format!("{text}: no tree")),
        Some(tree) => {
            let printed = tree.to_string();
            let again = read(&printed).tree;
            if again.as_ref() != Some(tree) {
                wrong.push(format!("{text}: printed as {printed}, which reads as {again:?}"));
            }
        }
    }
    (wrong, warnings)
}

#[test]
fn every_query_of_the_recordings_and_exports_is_read() {
    let Some(queries) = all_queries() else { return };
    let (mut wrong, mut warned) = (Vec::new(), Vec::new());
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for (kind, _) in queries.get("monitor").into_iter().flatten() {
        *kinds.entry(kind).or_default() += 1;
    }
    println!("monitors by type: {kinds:?}");
    for (form, texts) in &queries {
        println!("{:5} different queries read: {form}", texts.len());
        for (kind, text) in texts {
            let (faults, warnings) = match *form {
                "monitor" if kind == "synthetics alert" => continue,
                "monitor" => faults(text, |text| monitor(kind, text)),
                "formula" => faults(text, formula),
                "search" => faults(text, search),
                _ => faults(text, metric),
            };
            wrong.extend(faults);
            warned.extend(warnings);
        }
    }
    println!("{} warnings\n{}", warned.len(), warned.join("\n"));
    assert!(wrong.is_empty(), "{} queries:\n{}", wrong.len(), wrong.join("\n"));
    assert!(queries.values().map(BTreeSet::len).sum::<usize>() > 1000, "the recordings hold more queries");
}
