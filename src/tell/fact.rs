//! What a reviewer must know of an object that is made or goes, without a look at all of it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::handle::named;
use crate::kind::{Alarm, Kind};
use crate::model::Fact;
use crate::pointer::matching;

/// The title, the query, at which number it fires, who is told; by the kind's row.
pub fn facts(kind: &Kind, body: &Value) -> Vec<Fact> {
    let is_telling = |field: &&crate::kind::Field| {
        let of_alerts = field.query || field.threshold || field.target || !field.no_data.is_empty();
        field.telling || of_alerts || !matches!(field.alarm, Alarm::None | Alarm::Mute)
    };
    let telling: Vec<_> = kind.fields.iter().filter(is_telling).map(|field| field.at).collect();
    let at_first = [kind.about.title, "/type"];
    let is_query = |at: &&&str| kind.fields.iter().any(|field| field.query && field.at == **at);
    let queries = telling.iter().filter(is_query).copied();
    let others = telling.iter().filter(|at| !is_query(at)).copied();
    let mut facts = Vec::new();
    let mut seen = BTreeSet::new();
    for path in at_first.into_iter().chain(queries).chain(others) {
        for at in matching(path, body) {
            let value = body.pointer(&at).filter(|value| says_something(kind, path, value));
            if let Some(value) = value.filter(|_| seen.insert(at.clone())) {
                facts.push(Fact { at, value: value.clone() });
            }
        }
    }
    let recipients = recipients(kind, body);
    if !recipients.is_empty() {
        facts.push(Fact { at: Fact::RECIPIENTS.to_owned(), value: recipients.into_iter().collect() });
    }
    facts
}

/// What is off or left empty needs no line.
fn says_something(kind: &Kind, path: &str, value: &Value) -> bool {
    let of_draft = kind.fields.iter().any(|field| field.alarm == Alarm::Draft && field.at == path);
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty() && (!of_draft || text == "draft"),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}

fn recipients(kind: &Kind, body: &Value) -> BTreeSet<String> {
    let fields = kind.paths(|field| field.recipients).filter_map(|at| body.pointer(at));
    let of = |value: &Value| -> Vec<String> {
        match value {
            Value::String(text) => named(text).map(str::to_owned).collect(),
            Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    };
    fields.flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind;
    use serde_json::json;

    #[test]
    fn what_matters_of_a_monitor() {
        let body = json!({
            "tags": ["a"], "message": "x @slack-a @pagerduty-b", "name": "Errors", "type": "query alert",
            "options": {"notify_no_data": true, "thresholds": {"critical": 5}, "include_tags": true},
            "query": "avg(last_5m):x{*} > 5", "priority": null,
        });
        let found: Vec<String> = facts(kind::of_section("monitors").expect("a kind"), &body)
            .into_iter()
            .map(|fact| format!("{} {}", fact.at, fact.value))
            .collect();
        assert_eq!(
            found,
            [
                r#"/name "Errors""#,
                r#"/type "query alert""#,
                r#"/query "avg(last_5m):x{*} > 5""#,
                "/options/notify_no_data true",
                "/options/thresholds/critical 5",
                r#"recipients ["@pagerduty-b","@slack-a"]"#,
            ]
        );
    }
}
