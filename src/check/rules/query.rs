//! Faults of the query language as findings, in alerts, objectives and boards; names in formulas.

use std::collections::BTreeSet;
use std::ops::Range;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::check::alert::{Count, QUERY, Subject, VARIABLES, holds_metric_query};
use crate::check::finding::{Finding, Findings, listed};
use crate::config::RuleLevel;
use crate::diagnostic::did_you_mean;
use crate::kind::Family;
use crate::pointer::{objects, step};
use crate::query::{self, ChainAlert, ChainHead, Expr, Fault, Head, Monitor, Parsed, Spanned, Suffix};

const TYPE: &str = "/type";

/// What the parser says of every query of a body.
pub fn faults(subject: &Subject<'_>, found: &mut Findings) {
    if let Some(alert) = &subject.alert {
        reported(QUERY, &alert.parsed, false, found);
        for variable in &alert.variables {
            reported(&variable.pointer, &variable.parsed, false, found);
        }
        return;
    }
    // Widgets are stored as sent (recordings, 344 of 344): whatever they hold is not a reason for a refusal.
    let lenient = subject.kind.widgets().next().is_some();
    objects(subject.body, "", &mut |pointer, map| {
        of_object(map, pointer, (lenient, &subject.counts), found);
        true
    });
}

/// Reads the queries that an object holds.
fn of_object(
    map: &Map<String, Value>,
    pointer: &str,
    (lenient, read): (bool, &IndexMap<String, Count<'_>>),
    found: &mut Findings,
) {
    let is_index = |step: &str| step.bytes().all(|b| b.is_ascii_digit());
    let under = pointer.rsplit('/').find(|step| !is_index(step)).unwrap_or_default();

    for (key, value) in map {
        let Some(text) = value.as_str() else { continue };
        let at = || format!("{pointer}/{key}");
        let mut of_metrics = |text| {
            let at = at();
            match read.get(&at) {
                Some(count) => reported(&at, &count.parsed, lenient, found),
                None => reported(&at, &query::metric(text), lenient, found),
            }
        };
        match key.as_str() {
            // The events overlay of a widget holds a search.
            "q" if !under.starts_with("events") && lenient => of_metrics(text),
            "query" if holds_metric_query(map) => of_metrics(text),
            "numerator" | "denominator" if !lenient => of_metrics(text),
            "formula" => reported(&at(), &query::formula(text), lenient, found),
            _ => {}
        }
    }
}

fn reported<T>(pointer: &str, parsed: &Parsed<T>, lenient: bool, found: &mut Findings) {
    for fault in &parsed.errors {
        let level = if lenient { RuleLevel::Warn } else { RuleLevel::Error };
        add(pointer, fault, true, found).level(level);
    }
    for fault in &parsed.warnings {
        add(pointer, fault, false, found).level(RuleLevel::Warn);
    }
}

fn add<'f>(pointer: &str, fault: &Fault, refused: bool, found: &'f mut Findings) -> &'f mut Finding {
    found.rule.0 = fault.code;
    let text = match fault.code {
        "query-syntax" if !refused => format!("The query may be misread: {}", fault.text),
        "query-syntax" | "unknown-aggregation" => format!("The query can't be read: {}", fault.text),
        _ => {
            let mut chars = fault.text.chars();
            let first = chars.next().into_iter().flat_map(char::to_uppercase);
            first.chain(chars).collect()
        }
    };
    let help = fault.help.clone().unwrap_or_default();
    if fault.code == "unknown-monitor-type" {
        return found.add(TYPE, text, help);
    }
    let finding = found.within((pointer, &fault.range), text, help);
    if fault.code == "unknown-source" {
        finding.follows(TYPE);
    }
    finding
}

/// Formulas name the queries beside them.
pub fn names(subject: &Subject<'_>, found: &mut Findings) {
    match &subject.alert {
        Some(alert) => {
            let formula = match alert.parsed.tree.as_ref() {
                Some(Monitor::Chain(ChainAlert {
                    head: Spanned { value: ChainHead::Formula { expr: Some(expr), .. }, .. },
                    ..
                })) => expr,
                _ => return,
            };
            let known = subject.find(VARIABLES).map(names_in).unwrap_or_default();
            judge((QUERY, VARIABLES), formula, &known, found);
        }
        None => {
            let before = found.list.len();
            of_requests(subject.body, found);
            if !subject.is(Family::Objective) {
                // Stored as sent, nameless queries too (3 recordings, one of a powerpack): the graph stays empty.
                found.list[before..].iter_mut().for_each(|finding| finding.level = RuleLevel::Warn);
            }
        }
    }
}

/// Each object with `queries`, and the formulas that belong to them.
fn of_requests(body: &Value, found: &mut Findings) {
    objects(body, "", &mut |pointer, map| {
        if let Some(queries) = map.get("queries").filter(|queries| queries.is_array()) {
            formulas(map, pointer, &names_in(queries), found);
        }
        true
    });
}

fn formulas(around: &Map<String, Value>, base: &str, known: &BTreeSet<&str>, found: &mut Findings) {
    let mut of_one = |pointer: &str, map: &Map<String, Value>| {
        if let Some(tree) =
            map.get("formula").and_then(Value::as_str).and_then(|text| query::formula(text).tree)
        {
            let queries = format!("{base}/queries");
            judge((&format!("{pointer}/formula"), &queries), &tree, known, found);
        }
    };
    of_one(base, around);
    for (key, value) in around {
        objects(value, &format!("{base}{}", step(key)), &mut |pointer, map| {
            // An object with queries of its own is judged by them.
            let is_other = map.contains_key("queries");
            if !is_other {
                of_one(pointer, map);
            }
            !is_other
        });
    }
}

/// Every `name` in a list of queries; some sources hold queries inside.
fn names_in(queries: &Value) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    objects(queries, "", &mut |_, map| {
        names.extend(map.get("name").and_then(Value::as_str));
        true
    });
    names
}

fn judge(
    (pointer, queries): (&str, &str),
    formula: &Spanned<Expr>,
    known: &BTreeSet<&str>,
    found: &mut Findings,
) {
    let mut names = Vec::new();
    operands(formula, &mut names);
    for (name, span) in names.iter().filter(|(name, _)| !known.contains(name) && !name.contains('$')) {
        let text = format!("The formula names `{name}`, and no query bears that name");
        let help = match did_you_mean(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if known.is_empty() => "give the queries names, and use those".to_owned(),
            None => format!("the queries are {}", listed(known)),
        };
        found.within((pointer, span), text, help).follows(queries);
    }
}

/// Names that stand for values; later arguments of functions may be keywords (`top(query1, 5, mean, desc)`).
fn operands<'a>(expr: &'a Spanned<Expr>, names: &mut Vec<(&'a str, Range<usize>)>) {
    match &expr.value {
        Expr::Term(term) => {
            match &term.head.value {
                Head::Name(name) => names.push((name, term.head.span.clone())),
                Head::Call(call) => {
                    if let Some(first) = call.arguments.first() {
                        operands(&first.value, names);
                    }
                }
                Head::Brackets(inside) => operands(inside, names),
                _ => {}
            }
            // A formula's metric has a scope or a grouping: then it is none of the queries.
            if term.suffixes.iter().any(|suffix| matches!(suffix.value, Suffix::By(_))) {
                names.pop();
            }
        }
        Expr::Signed { of, .. } => operands(of, names),
        Expr::Chain { first, rest } => {
            operands(first, names);
            rest.iter().for_each(|(_, operand)| operands(operand, names));
        }
    }
}
