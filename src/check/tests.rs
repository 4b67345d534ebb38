//! Rules over random bodies: nothing panics, and every place that is reported can be shown. The docs tell every code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::rules::RULES;
use super::{Settings, all_codes, check};
use crate::config::RuleLevel;
use crate::diagnostic::{At, Format, Position, Sources};
use crate::kind::KINDS;
use crate::model::{Address, Body, Directives, Instance, Origin, Resource};
use crate::render::diagnostics;
use crate::template::{Rendering, Renderings, Stretch};

/// Texts that rules look into, whole and in pieces.
fn text() -> impl Strategy<Value = Value> {
    let piece = prop_oneof![
        Just("avg(last_5m):sum:aws.x{a:b} by {host}.as_count() / sum:b{*} > 4"),
        Just(
            "burn_rate(\"\u{FDD0}id slos/x\u{FDD1}\").over(\"7d\").long_window(\"1h\").short_window(\"5m\") > 14"
        ),
        Just("\u{FDD0}id monitors/x\u{FDD1} && \u{FDD0}url monitors/x\u{FDD1}"),
        Just("logs(\"a:b\").by(\"@c\").last(\"9999999d\") >= 1e308"),
        Just("formula(\"query1 / \\\"é\").last(\"5m\") > 5"),
        Just("{{host.name}} @slack_é more than 7 {{#is_match \"é.name\" }} @ slack-"),
        Just("{{"),
        Just("é\n "),
        Just("> -0"),
        Just("composite"),
        Just("query alert"),
        Just("slo alert"),
        Just("log alert"),
        Just("monitor"),
        Just("metric"),
        Just("7d"),
        Just("2d"),
    ];
    prop_oneof![
        piece.clone().prop_map(Value::from),
        (piece, "\\PC{0,12}", 0..40_usize).prop_map(|(piece, more, cut)| {
            let cut = piece.ceil_char_boundary(cut.min(piece.len()));
            Value::from(format!("{}{more}{}", &piece[..cut], &piece[cut..]))
        }),
        "\\PC{0,30}".prop_map(Value::from),
    ]
}

/// Keys that rules look for.
const KEYS: [&str; 40] = [
    "type",
    "query",
    "name",
    "message",
    "options",
    "thresholds",
    "critical",
    "warning",
    "critical_recovery",
    "tags",
    "priority",
    "timeout_h",
    "group_retention_duration",
    "notify_by",
    "on_missing_data",
    "notify_no_data",
    "no_data_timeframe",
    "variables",
    "evaluation_delay",
    "escalation_message",
    "timeframe",
    "target",
    "monitor_ids",
    "sli_specification",
    "queries",
    "formulas",
    "formula",
    "data_source",
    "widgets",
    "definition",
    "slo_id",
    "alert_id",
    "template_variables",
    "template_variable_presets",
    "defaults",
    "default",
    "values",
    "q",
    "facet",
    "a/~é",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => text(),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => Just(json!("metrics")),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from), object(inner),]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let members = prop::collection::vec((0..KEYS.len(), inner), 0..8);
    members.prop_map(|members| {
        members.into_iter().map(|(key, value)| (KEYS[key].to_owned(), value)).collect::<Map<_, _>>().into()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_rule_panics(bodies in prop::collection::vec((0..3_usize, object(value()), any::<bool>()), 1..5)) {
        let mut sources = Sources::default();
        let file = sources.add("x.json", &json!(bodies.iter().map(|(_, body, _)| body).collect::<Vec<_>>()).to_string(), Format::Json);
        let mut resources: Vec<Resource> = bodies
            .into_iter()
            .enumerate()
            .map(|(index, (kind, body, instance))| {
                let position = Position { file: "x.json".into(), line: 1, column: 1 };
                let at = At::value(file, format!("/{index}"));
                Resource {
                    address: Address::new(KINDS[kind].section, if index == 0 { "x" } else { ["a", "b", "c", "d"][index - 1] }),
                    body: Body::of(&body).expect("a shallow body"),
                    directives: Directives { allow: vec!["no-recipient".to_owned()], ..Directives::default() },
                    origin: Arc::new(Origin { position, layers: vec![at.clone()] }),
                    instance: instance.then(|| Arc::new(Instance { name: "u".to_owned(), key: "x".to_owned(), at })),
                }
            })
            .collect();
        resources.sort_by(|a, b| a.address.cmp(&b.address));
        let silent = RULES.iter().filter(|rule| rule.level == RuleLevel::Off);
        let all = silent.map(|rule| (rule.code.to_owned(), RuleLevel::Warn)).collect();
        let (settings, _) = Settings::read(&all, &[], file);
        let (reported, _) = check(&resources, &settings, &sources, &[], (&|_| Renderings::new(), &|_, _, _| None::<()>));
        let shown = diagnostics::text(&reported, &sources, false);
        prop_assert!(reported.is_empty() || !shown.is_empty());
    }

    #[test]
    fn places_are_within_the_source(parts in prop::collection::vec(("[a-c]{0,3}", any::<bool>()), 1..6), from in 0..20_usize, length in 0..20_usize) {
        let (mut source, mut rendering) = (String::new(), Rendering::default());
        for (text, expression) in &parts {
            let (begin, start) = (source.len(), rendering.text.len());
            source.push_str(&if *expression { format!("${{{text}x}}") } else { text.clone() });
            rendering.text.push_str(text);
            let (rendered, source) = (start..rendering.text.len(), begin..source.len());
            rendering.stretches.push(Stretch { rendered, source, literal: !expression });
        }
        let start = from.min(rendering.text.len());
        let range = start..(start + length).min(rendering.text.len());
        let found = super::place::source_range(&source, &rendering, &range).expect("a place");
        prop_assert!(found.start <= found.end && found.end <= source.len());
        // A file that was changed meanwhile is not a reason to point out of it.
        let short = &source[..source.len() / 2];
        if let Some(found) = super::place::source_range(short, &rendering, &range) {
            prop_assert!(found.start <= found.end && found.end <= short.len());
        }
    }
}

#[test]
fn a_thousand_alerts_of_logs_are_not_too_many() {
    let mut sources = Sources::default();
    let file = sources.add("x.json", "", Format::Json);
    let reported = |number: usize, class: &str| {
        let alert = |n: usize| {
            let query = format!("logs(\"w{n}\").index(\"*\").rollup(\"count\").last(\"5m\") > 5");
            Resource {
                address: Address::new("monitors", &format!("m{n:05}")),
                body: Body::of(&json!({"type": class, "query": query})).expect("a shallow body"),
                directives: Directives::default(),
                origin: Arc::new(Origin { layers: vec![At::value(file, "")], ..Origin::default() }),
                instance: None,
            }
        };
        let resources: Vec<Resource> = (0..number).map(alert).collect();
        let (found, _) = check(
            &resources,
            &Settings::default(),
            &sources,
            &[],
            (&|_| Renderings::new(), &|_, _, _| None::<()>),
        );
        found.iter().filter(|found| found.code == "log-monitors").count()
    };
    assert_eq!(reported(1_000, "log alert"), 0);
    assert_eq!(reported(1_003, "log alert"), 1);
    assert_eq!(reported(1_003, "trace-analytics alert"), 0);
}

fn docs() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/diagnostics.md"))
        .expect("the docs")
}

/// Rooms that report diagnostics. Their other files hold names of Datadog's that look like codes.
const ROOMS: [&str; 17] = [
    "check",
    "config",
    "config.rs",
    "expand",
    "inventory",
    "load",
    "matching",
    "source",
    "plan",
    "pipelines/read.rs",
    "pipelines/rules.rs",
    "plan.rs",
    "selection.rs",
    "twin.rs",
    "query",
    "template",
    "commands",
];
const NO_CODES: [&str; 5] = ["types.rs", "built_in.rs", "tests.rs", "tests", "init"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    if NO_CODES.iter().any(|name| folder.ends_with(name)) {
        return;
    }
    if folder.is_file() {
        found.push(folder.to_owned());
        return;
    }
    for entry in std::fs::read_dir(folder).expect("a room") {
        files(&entry.expect("a file").path(), found);
    }
}

/// Every text of the product that has the form of a code.
fn codes_of_source() -> BTreeSet<String> {
    let mut paths = Vec::new();
    for room in ROOMS {
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room), &mut paths);
    }
    let code = regex::Regex::new("\"([a-z][a-z0-9]*(?:-[a-z0-9]+)+)\"").expect("a pattern");
    let word =
        regex::Regex::new("(?:Diagnostic::(?:error|warning)\\(\\s*|code: )\"([a-z]+)\"").expect("a pattern");
    let mut codes = BTreeSet::new();
    for path in paths {
        let text = std::fs::read_to_string(path).expect("a file");
        let product = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for pattern in [&code, &word] {
            codes.extend(pattern.captures_iter(product).map(|found| found[1].to_owned()));
        }
    }
    // The name of a permission.
    codes.remove("pull-requests");
    // The name of a tool.
    codes.remove("sync-cli");
    // Sources of monitors that `query` and `check` know, which are not codes.
    codes.retain(|code| {
        !crate::query::types::MONITOR_TYPES.iter().any(|kind| kind.sources.contains(&code.as_str()))
    });
    codes
}

#[test]
fn every_code_has_a_section() {
    let docs = docs();
    let sections: BTreeSet<String> =
        docs.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_owned).collect();
    let codes = codes_of_source();
    let missing: Vec<_> = codes.difference(&sections).collect();
    let idle: Vec<_> = sections.difference(&codes).collect();
    assert!(
        missing.is_empty() && idle.is_empty(),
        "without a section: {missing:?}; without a code: {idle:?}"
    );
}

#[test]
fn the_docs_tell_the_table_of_rules() {
    let docs = docs();
    for rule in RULES {
        let level = match rule.level {
            RuleLevel::Error => "error",
            RuleLevel::Warn => "warn",
            RuleLevel::Off => "off",
        };
        let row = format!("| [`{0}`](#{0}) | {level} | {1} |", rule.code, rule.about);
        assert!(docs.contains(&row), "{row}");
        let section =
            docs.split(&format!("### {}\n", rule.code)).nth(1).and_then(|text| text.split("\n##").next());
        let source = format!("*Level:* {level}. *Source:* ");
        assert!(section.is_some_and(|section| section.contains(&source)), "{}: {source}", rule.code);
    }
}

/// A pair of a wrong file and its diagnostics for each rule.
#[test]
fn every_rule_has_a_golden_pair() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let mut reported = String::new();
    for entry in std::fs::read_dir(folder).expect("the pairs") {
        let path = entry.expect("a file").path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            reported.push_str(&std::fs::read_to_string(path).expect("a text"));
        }
    }
    // Longer than anybody wants to read in a pair; see the test of hostile files.
    let missing: Vec<_> = all_codes()
        .filter(|code| *code != "query-too-long" && !reported.contains(&format!("[{code}]")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
