//! No rule calls an error what the service accepted, or what real people exported.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{kinds, recorded, sessions, shared};
use crate::check::{LITERAL_SECRET, RULES, Settings, check};
use crate::config::RuleLevel;
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::kind::{self, Envelope};
use crate::load;
use crate::mark;
use crate::model::{Address, Body, Directives, Resource};
use crate::template::Renderings;

/// Findings by code and weight: how many, and one of them.
#[derive(Default)]
struct Tally {
    bodies: usize,
    clean: usize,
    found: BTreeMap<(bool, &'static str), (usize, String)>,
}

impl Tally {
    /// As a definition of a JSON file; one that names a live object may leave out what stands there.
    fn judge(&mut self, section: &str, body: &Value, live: Option<&str>, whence: &str) {
        let mut found = judged(section, body, live, true);
        // The service takes secrets; no file may hold one.
        found.retain(|reported| reported.code != LITERAL_SECRET);
        self.bodies += 1;
        let found_error = found.iter().any(|reported| reported.severity == Severity::Error);
        self.clean += usize::from(!found_error);
        for reported in found {
            let key = (reported.severity == Severity::Error, reported.code);
            let one = || format!("{whence}: {}", reported.text);
            self.found.entry(key).or_insert_with(|| (0, one())).0 += 1;
        }
    }

    fn print(&self, what: &str) {
        println!("{what}: {} bodies, {} without an error", self.bodies, self.clean);
        for ((error, code), (count, one)) in &self.found {
            println!("  {} {code}: {count}, such as {one}", if *error { "error" } else { "warning" });
        }
    }
}

/// What the rules say of a body; `all` rules, or those that are on by default.
pub fn judged(section: &str, body: &Value, live: Option<&str>, all: bool) -> Vec<Diagnostic> {
    let kind = kind::of_section(section).expect("a kind");
    let body = load::clean(kind, body.as_object().expect("an object").clone());
    let resource = Resource {
        address: Address::new(section, "x"),
        body: Body::of(&Value::Object(body)).expect("a shallow body"),
        directives: Directives { adopt: live.map(str::to_owned), ..Directives::default() },
        origin: std::sync::Arc::default(),
        instance: None,
    };
    let mut sources = Sources::default();
    let file = sources.add("x", "", crate::diagnostic::Format::Text);
    let silent = RULES.iter().filter(|rule| all && rule.level == RuleLevel::Off);
    let on = silent.map(|rule| (rule.code.to_owned(), RuleLevel::Warn)).collect();
    let (settings, _) = Settings::read(&on, &[], file);
    check(&[resource], &settings, &sources, &[], (&|_| Renderings::new(), &|_, _, _| None::<()>)).0
}

#[test]
fn no_error_hits_what_the_service_accepted() {
    let names: std::collections::BTreeSet<String> =
        kind::KINDS.iter().filter_map(|kind| recorded(kind, "the rules over recorded bodies")).collect();
    let names: Vec<String> = names.into_iter().collect();
    let Some(sessions) = sessions(&names, "the rules over recorded bodies") else { return };
    let mut tally = Tally::default();
    for (source, interactions) in &sessions {
        for call in interactions.iter().filter(|call| call.status < 300) {
            let writes = matches!(call.method.as_str(), "POST" | "PUT");
            let kind = kind::KINDS.into_iter().find(|kind| {
                let rest = call.path.strip_prefix(kind.api.path).map(|rest| rest.trim_matches('/'));
                let beside = |rest: &str| {
                    matches!(
                        rest,
                        "rules"
                            | "convert"
                            | "test"
                            | "bulk_export"
                            | "delete"
                            | "bulk-delete"
                            | "trigger"
                            | "uptimes"
                    )
                };
                let own = |rest: &str| !rest.contains('/') && !beside(rest) || rest.ends_with("/validate");
                rest.is_some_and(own)
            });
            // Bulk deletes and restores have a body of another form.
            if let Some(kind) = kind.filter(|_| writes && call.request.get("data").is_none())
                && call.request.is_object()
                // What the service writes otherwise is refused by a rule.
                && call.request.pointer("/options/evaluationWindow").is_none_or(|window| {
                    *window != 900 || call.request["options"]["detectionMethod"] != "anomaly_detection"
                })
                // An update may leave its key out, and whatever else it doesn't change.
                && !(kind.is_keyed() && mark::key(kind, &call.request).is_none())
            {
                let mut request = call.request.clone();
                // An update has it in its path.
                if kind.api.id.chosen && !kind.api.id.in_update && call.method == "PUT" {
                    request[kind.api.id.at] = call.response[kind.api.id.at].clone();
                }
                let live = (call.method == "PUT").then(|| call.path.rsplit('/').next()).flatten();
                tally.judge(kind.section, &request, live, source);
            }
        }
    }
    // Bodies in an envelope: those of creates, as updates leave out what they don't change.
    for kind in kinds().filter(|kind| matches!(kind.api.envelope, Envelope::Resource(_) | Envelope::Document))
    {
        for body in super::random::recorded(kind).into_iter().flatten() {
            let mut body = Value::Object(body);
            // What the service writes otherwise is an error though it takes it.
            for field in kind.fields.iter().filter(|field| !field.rewritten.is_empty()) {
                if let Some(Value::String(text)) = body.pointer_mut(field.at) {
                    *text = text.replace(|c| field.rewritten.contains(c), "_");
                }
            }
            tally.judge(kind.section, &body, None, kind.name);
        }
    }
    tally.print("recorded writes");
    assert!(tally.bodies > 700, "the recordings hold more");
    assert_eq!(tally.bodies, tally.clean);
}

#[test]
fn no_error_hits_the_exports() {
    let Some(folder) = shared("the rules over exports") else { return };
    let mut tally = Tally::default();
    for form in ["dashboards", "monitors"] {
        let Ok(entries) = folder.join("exports").join(form).read_dir() else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let body: Value = serde_json::from_str(&text).unwrap();
            let body = body.get("definition").unwrap_or(&body);
            let kind = kind::of_export(body.as_object().unwrap()).expect("an export of some kind");
            tally.judge(kind.section, body, None, &path.file_name().unwrap().to_string_lossy());
        }
    }
    tally.print("exports");
    assert!(tally.bodies > 100, "the exports are missing");
    assert_eq!(tally.bodies, tally.clean);
}

/// What is proven of a refusal is refused: the recorded ones that a rule covers.
#[test]
fn recorded_refusals_are_told() {
    for (section, body, code) in [
        ("monitors", json!({"type": "log alert", "query": "query"}), "query-syntax"),
        (
            "slos",
            json!({"name": "x", "type": "monitor", "thresholds": [{"timeframe": "7d", "target": 99}]}),
            "no-monitors",
        ),
        (
            "dashboards",
            json!({"title": "x", "layout_type": "ordered", "widgets": [], "tags": ["env:x"]}),
            "team-tags",
        ),
        (
            "dashboards",
            json!({"title": "x", "layout_type": "ordered", "widgets": [], "template_variables": [{"name": "x", "default": "*", "defaults": ["*"]}]}),
            "template-variable",
        ),
    ] {
        let mut tally = Tally::default();
        tally.judge(section, &body, None, "");
        assert!(tally.found.contains_key(&(true, code)), "{code}");
    }
}
