//! What is declared against attacks: rules that make signals, who is told of them, and what keeps them silent.

use serde_json::Value;

use super::answer::{Class, Evidence, State};
use crate::diagnostic::Position;
use crate::kind::{self, Family};
use crate::model::Resource;

/// What is declared: its state, none where nothing is, and what proves it.
pub fn declared(resources: &[Resource], line: &Position) -> (State, Vec<Evidence>) {
    let of = |family: Family| {
        let own = resources.iter().filter(move |own| {
            !own.directives.absent
                && kind::of_section(own.address.section())
                    .is_some_and(|kind| kind.quirks.family == Some(family))
        });
        own.map(|own| (own, own.body.value())).collect::<Vec<_>>()
    };
    let rules: Vec<(&Resource, Value)> =
        of(Family::Detection).into_iter().filter(|(_, body)| !is(body, "isEnabled", false)).collect();
    if rules.is_empty() {
        let text = "no rule that detects attacks is declared";
        return (State::Grey, vec![Evidence::new(Class::Declared, text, line)]);
    }
    let routes: Vec<Value> = of(Family::Alarm).into_iter().map(|(_, body)| body).collect();
    let (mut told, mut silent, mut unknown) = (0, Vec::new(), 0);
    for (own, rule) in &rules {
        let by_routes = routes.iter().map(|route| takes(route, rule)).max().unwrap_or(Takes::No);
        match if tells(rule) { Takes::Yes } else { by_routes } {
            Takes::Yes => told += 1,
            Takes::Unknown => unknown += 1,
            Takes::No => silent.push(*own),
        }
    }
    let muted: Vec<_> = of(Family::Suppression).into_iter().filter(|(_, body)| is_bare(body)).collect();
    let at = |own: &Resource, text: String| Evidence::new(Class::Declared, text, &own.origin.position);
    let first = silent.first().copied().unwrap_or(rules[0].0);
    let rest = if unknown > 0 { format!(", not known of {unknown}") } else { String::new() };
    let text =
        format!("{told} of {} declared rules that detect attacks tell somebody{rest}", told + silent.len());
    let mut evidence = vec![at(first, text)];
    evidence.extend(muted.iter().map(|(own, _)| {
        at(own, format!("`{}` keeps all signals of its rules silent, for ever", own.address))
    }));
    let state = match (told, silent.len(), muted.len()) {
        (0, 0, 0) => State::Grey,
        (_, 0, 0) => State::Green,
        (0, 1.., _) => State::Red,
        _ => State::Yellow,
    };
    (state, evidence)
}

/// Whether a notification rule tells of a rule's signals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Takes {
    No,
    /// It asks for more than is known here.
    Unknown,
    Yes,
}

fn is(body: &Value, field: &str, wanted: bool) -> bool {
    body.get(field) == Some(&Value::Bool(wanted))
}

fn texts(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn cases(rule: &Value) -> impl Iterator<Item = &Value> {
    ["cases", "thirdPartyCases"].into_iter().filter_map(|key| rule.get(key)?.as_array()).flatten()
}

/// Whether a rule names recipients itself.
fn tells(rule: &Value) -> bool {
    cases(rule).any(|case| texts(case.get("notifications")).next().is_some())
}

/// Signals bear the tags of their rule: a query of nothing but tags is answered by those.
fn takes(route: &Value, rule: &Value) -> Takes {
    let selectors = route.get("selectors");
    let of = |key: &str| selectors.and_then(|own| own.get(key));
    let of_signals = of("trigger_source").and_then(Value::as_str) == Some("security_signals");
    let types: Vec<&str> = texts(of("rule_types")).collect();
    let class = rule.get("type").and_then(Value::as_str).unwrap_or_default();
    let severities: Vec<&str> = texts(of("severities")).collect();
    let mut statuses = cases(rule).filter_map(|case| case.get("status")?.as_str());
    let fits = of_signals
        && !is(route, "enabled", false)
        && texts(route.get("targets")).next().is_some()
        && (types.is_empty() || types.contains(&class))
        && (severities.is_empty() || statuses.any(|status| severities.contains(&status)));
    if !fits {
        return Takes::No;
    }
    let query = of("query").and_then(Value::as_str).unwrap_or_default();
    let own: Vec<&str> = texts(rule.get("tags")).collect();
    let known = query.split_whitespace().filter(|word| *word != "AND").all(|word| own.contains(&word));
    // A tag that is not the rule's may be that of the event behind the signal.
    if known { Takes::Yes } else { Takes::Unknown }
}

/// Whether a suppression leaves nothing of its rules, without an end.
fn is_bare(body: &Value) -> bool {
    let empty = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().trim().is_empty();
    is(body, "enabled", true)
        && empty("suppression_query")
        && empty("data_exclusion_query")
        && body.get("expiration_date").is_none_or(Value::is_null)
}
