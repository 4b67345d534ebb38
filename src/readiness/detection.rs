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
    let silent: Vec<_> = rules
        .iter()
        .filter(|(_, rule)| !tells(rule) && !routes.iter().any(|route| takes(route, rule)))
        .collect();
    let muted: Vec<_> = of(Family::Suppression).into_iter().filter(|(_, body)| is_bare(body)).collect();
    let at = |own: &Resource, text: String| Evidence::new(Class::Declared, text, &own.origin.position);
    let told = rules.len() - silent.len();
    let (first, _) = silent.first().copied().or(rules.first()).unwrap_or(&rules[0]);
    let mut evidence = vec![at(
        first,
        format!("{told} of {} declared rules that detect attacks tell somebody", rules.len()),
    )];
    evidence.extend(muted.iter().map(|(own, _)| {
        at(own, format!("`{}` keeps all signals of its rules silent, for ever", own.address))
    }));
    let state = match (told, silent.len() + muted.len()) {
        (_, 0) => State::Green,
        (0, _) => State::Red,
        _ => State::Yellow,
    };
    (state, evidence)
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

/// Whether a notification rule tells somebody of a rule's signals. One that asks for more than severities and types
/// tells nobody, as far as is known here.
fn takes(route: &Value, rule: &Value) -> bool {
    let selectors = route.get("selectors");
    let of = |key: &str| selectors.and_then(|own| own.get(key));
    let is_bare = of("query").and_then(Value::as_str).unwrap_or_default().trim().is_empty();
    let of_signals = of("trigger_source").and_then(Value::as_str) == Some("security_signals");
    let types: Vec<&str> = texts(of("rule_types")).collect();
    let class = rule.get("type").and_then(Value::as_str).unwrap_or_default();
    let severities: Vec<&str> = texts(of("severities")).collect();
    let mut statuses = cases(rule).filter_map(|case| case.get("status")?.as_str());
    is_bare
        && of_signals
        && !is(route, "enabled", false)
        && texts(route.get("targets")).next().is_some()
        && (types.is_empty() || types.contains(&class))
        && (severities.is_empty() || statuses.any(|status| severities.contains(&status)))
}

/// Whether a suppression leaves nothing of its rules, without an end.
fn is_bare(body: &Value) -> bool {
    let empty = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().trim().is_empty();
    is(body, "enabled", true)
        && empty("suppression_query")
        && empty("data_exclusion_query")
        && body.get("expiration_date").is_none_or(Value::is_null)
}
