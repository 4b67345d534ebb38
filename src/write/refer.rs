//! Ids of live objects in a body -> references to the resources that they are.

use serde_json::Value;

use crate::kind::{Kind, Mention, Mentioned};
use crate::model::Reference;
use crate::pointer::{keys, leaves_mut, matches};

/// The reference that stands for a live object of a section, by its id.
pub type Known<'a> = dyn Fn(&str, &str) -> Option<Reference> + 'a;

/// Puts reference markers for the ids that the kind's row says are ids, where they are known. Whole words
/// only: a number that an id is a part of stays.
pub fn refer(kind: &Kind, body: &mut Value, known: &Known<'_>) {
    let here: Vec<&Mention> = kind.quirks.mentions.iter().filter(|mention| applies(mention, body)).collect();
    for mention in here {
        leaves_mut(body, &mut |pointer, leaf| replace(kind, mention, pointer, leaf, known));
    }
}

/// Whether a body has a place where ids of others may stand, of sections that are in use.
pub fn mentions(kind: &Kind, body: &Value, is_used: &dyn Fn(&str) -> bool) -> bool {
    let mut seen = body.clone();
    let found = std::cell::Cell::new(false);
    let note = |section: &str, _: &str| {
        found.set(found.get() || is_used(section));
        None
    };
    refer(kind, &mut seen, &note);
    found.get()
}

fn applies(mention: &Mention, body: &Value) -> bool {
    mention.when.is_none_or(|(at, text)| body.pointer(at).and_then(Value::as_str) == Some(text))
}

/// Puts the marker of one place for its id, or for the ids among its words.
fn replace(kind: &Kind, mention: &Mention, pointer: &str, leaf: &mut Value, known: &Known<'_>) {
    let is_here = match mention.at {
        Mentioned::Path(path) | Mentioned::Between(path, _, _) => matches(path, pointer),
        Mentioned::Key(name) => keys(pointer).last().is_some_and(|key| key == name),
    };
    if !is_here {
        return;
    }
    let marker = |id: &str| known(mention.section, id).map(|reference| reference.marker());
    let replaced = match (&*leaf, mention.at) {
        (Value::String(text), Mentioned::Path(_)) => Some(replace_words(text, &marker)),
        (Value::String(text), Mentioned::Between(_, before, after)) => {
            Some(replace_between(text, (before, after), &marker))
        }
        (Value::String(text), Mentioned::Key(_)) => marker(text),
        (Value::Number(number), _) if kind.holds(pointer, |field| field.numeric) => {
            marker(&number.to_string())
        }
        _ => None,
    };
    if let Some(text) = replaced {
        *leaf = Value::String(text);
    }
}

/// Replaces what stands between two texts, where it is known as a whole.
fn replace_between(
    text: &str,
    (before, after): (&str, &str),
    marker: &dyn Fn(&str) -> Option<String>,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once(before) {
        let (name, behind) =
            tail.split_once(after).map_or((tail, ""), |(name, _)| (name, &tail[name.len()..]));
        out.extend([head, before]);
        out.push_str(marker(name).filter(|_| !behind.is_empty()).as_deref().unwrap_or(name));
        rest = behind;
    }
    out + rest
}

/// Replaces the runs of letters, digits, `_`, `-` and `.` that are known as wholes.
fn replace_words(text: &str, marker: &dyn Fn(&str) -> Option<String>) -> String {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_word(c)).unwrap_or(from.len()));
        out.push_str(before);
        // A `$` before the expression would make it a literal.
        match marker(word).filter(|_| !out.ends_with('$')) {
            Some(marker) => out.push_str(&marker),
            None => out.push_str(word),
        }
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind;
    use crate::model::{Address, Attribute};
    use crate::write::escape::escape;

    fn check(section: &str, body: Value, expected: Value) {
        let kind = kind::of_section(section).expect("a kind");
        let known = |section: &str, id: &str| {
            let (own, name, attribute) = match (section, id) {
                ("monitors", "12") => ("monitors", "a", Attribute::Id),
                ("monitors", "77") => ("synthetics_tests", "shop", Attribute::Alert),
                ("logs_indexes", "lambda") => ("logs_indexes", "lambda", Attribute::Id),
                ("slos", "0a1b") => ("slos", "x/y", Attribute::Id),
                ("synthetics_tests", "abc-def-ghi") => ("synthetics_tests", "shop", Attribute::Id),
                _ => return None,
            };
            Some(Reference { target: Address::new(own, name), attribute })
        };
        let mut referring = body.clone();
        refer(kind, &mut referring, &known);
        escape(&mut referring);
        assert_eq!(referring, expected, "{body}");
    }

    #[test]
    fn whole_words_become_references() {
        check(
            "monitors",
            json!({"type": "composite", "query": "12 && !(123 || 12)", "message": "12"}),
            json!({"type": "composite", "query": "${monitors.a.id} && !(123 || ${monitors.a.id})", "message": "12"}),
        );
        check(
            "monitors",
            json!({"type": "slo alert", "query": "burn_rate(\"0a1b\").over(\"30d\") > 12"}),
            json!({"type": "slo alert", "query": "burn_rate(\"${slos.[x/y].id}\").over(\"30d\") > 12"}),
        );
        check(
            "monitors",
            json!({"type": "log alert", "query": "logs(\"lambda\").index(\"lambda\").rollup(\"count\").last(\"5m\") > 1"}),
            json!({"type": "log alert", "query": "logs(\"lambda\").index(\"${logs_indexes.lambda.id}\").rollup(\"count\").last(\"5m\") > 1"}),
        );
        let other =
            json!({"type": "log alert", "query": "logs(\"x\").index(\"*\", \"lambda\").index(\"lambda"});
        check("monitors", other.clone(), other);
        let metric = json!({"type": "query alert", "query": "avg(last_5m):avg:x{account:12} > 12"});
        check("monitors", metric.clone(), metric);
        check(
            "slos",
            json!({"monitor_ids": [12, 13], "name": "12"}),
            json!({"monitor_ids": ["${monitors.a.id}", 13], "name": "12"}),
        );
        check(
            "dashboards",
            json!({"widgets": [{"definition": {"widgets": [{"definition": {"alert_id": "12", "slo_id": "0a1b"}}]}}, {"alert_id": "12 "}, {"alert_id": 12}]}),
            json!({"widgets": [{"definition": {"widgets": [{"definition": {"alert_id": "${monitors.a.id}", "slo_id": "${slos.[x/y].id}"}}]}}, {"alert_id": "12 "}, {"alert_id": 12}]}),
        );
    }

    #[test]
    fn what_a_test_or_its_alert_is_becomes_a_reference() {
        check(
            "slos",
            json!({"monitor_ids": [77, 12, 78]}),
            json!({"monitor_ids": ["${synthetics_tests.shop.monitor_id}", "${monitors.a.id}", 78]}),
        );
        check(
            "monitors",
            json!({"type": "composite", "query": "12 && 77"}),
            json!({"type": "composite", "query": "${monitors.a.id} && ${synthetics_tests.shop.monitor_id}"}),
        );
        check(
            "synthetics_suites",
            json!({"tests": [{"public_id": "abc-def-ghi"}, {"public_id": "77"}]}),
            json!({"tests": [{"public_id": "${synthetics_tests.shop.id}"}, {"public_id": "77"}]}),
        );
        check(
            "downtimes",
            json!({"monitor_identifier": {"monitor_id": 77}}),
            json!({"monitor_identifier": {"monitor_id": "${synthetics_tests.shop.monitor_id}"}}),
        );
    }

    #[test]
    fn a_body_that_mentions_nothing_needs_no_list() {
        let kind = kind::of_section("dashboards").expect("a kind");
        assert!(!mentions(kind, &json!({"widgets": [{"definition": {"type": "note"}}]}), &|_| true));
        let mentioning = json!({"widgets": [{"definition": {"alert_id": "5"}}]});
        assert!(mentions(kind, &mentioning, &|_| true) && !mentions(kind, &mentioning, &|_| false));
    }
}
