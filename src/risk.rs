//! What a change endangers: who is no longer told, what no longer fires, what is lost.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::kind::Kind;
use crate::model::{Action, Risk};
use crate::pointer::matching;

/// How handles of services that wake people begin (Datadog's integrations and its own on-call).
const PAGERS: [&str; 6] = ["@pagerduty", "@opsgenie", "@victorops", "@oncall", "@webhook", "@xmatters"];

/// What is said of one sort of risk; its place in the list is its weight.
const CODES: [&str; 7] = [
    "protected-object",
    "pager-deleted",
    "recipient-lost",
    "no-data-off",
    "threshold-loosened",
    "scope-widened",
    "object-replaced",
];

/// What may be endangered by a change.
#[derive(Clone, Copy, Debug)]
pub struct Stake<'a> {
    pub action: Action,
    /// The object as it stands; absent for a create.
    pub live: Option<&'a Value>,
    /// The body that is wanted, without defaults that the service fills; absent for a delete.
    pub wanted: Option<&'a Value>,
    /// The mark or the definition forbids deletes and replaces.
    pub protected: bool,
}

/// All risks of a change, the heaviest first.
pub fn risks(kind: &Kind, stake: Stake<'_>) -> Vec<Risk> {
    let mut risks = Vec::new();
    if stake.protected && matches!(stake.action, Action::Delete | Action::Replace) {
        let text = match stake.action {
            Action::Delete => "A protected object is deleted",
            _ => "A protected object is replaced by a new one",
        };
        risks.push(risk("protected-object", text));
    }
    if stake.action == Action::Replace {
        let text = "The object is replaced: history, mutes and links to the old one are lost";
        risks.push(risk("object-replaced", text));
    }
    match (stake.live, stake.wanted) {
        (Some(live), None) => risks.extend(pager_deleted(kind, live)),
        (Some(live), Some(wanted)) => {
            risks.extend(recipients_lost(kind, live, wanted));
            risks.extend(no_data_off(kind, live, wanted));
            risks.extend(thresholds_loosened(kind, live, wanted));
            risks.extend(scope_widened(kind, live, wanted));
        }
        (None, _) => {}
    }
    risks.sort();
    risks
}

fn risk(code: &'static str, text: impl Into<String>) -> Risk {
    let rank = CODES.iter().position(|known| *known == code).expect("bug: a risk without a weight");
    Risk { rank: u8::try_from(rank).expect("bug: too many risks"), code, text: text.into() }
}

// Recipients.

fn pager_deleted(kind: &Kind, live: &Value) -> Option<Risk> {
    let pagers: Vec<String> = handles(kind, live)
        .into_keys()
        .filter(|handle| PAGERS.iter().any(|pager| handle.to_ascii_lowercase().starts_with(pager)))
        .collect();
    (!pagers.is_empty()).then(|| {
        risk("pager-deleted", format!("The {} pages people ({}) and is deleted", kind.name, listed(&pagers)))
    })
}

/// A handle counts as lost where it is in none of the texts any more, or only in a later one of the
/// row's order: in an escalation instead of the first message.
fn recipients_lost(kind: &Kind, live: &Value, wanted: &Value) -> Option<Risk> {
    let still = handles(kind, wanted);
    let lost: Vec<String> = handles(kind, live)
        .into_iter()
        .filter(|(handle, place)| still.get(handle).is_none_or(|now| now > place))
        .map(|(handle, _)| handle)
        .collect();
    (!lost.is_empty()).then(|| risk("recipient-lost", format!("No longer told: {}", listed(&lost))))
}

/// Every recipient of a body, with the number of the first text that names it.
fn handles(kind: &Kind, body: &Value) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for (place, at) in kind.stakes.recipients.iter().enumerate() {
        let named = match body.pointer(at) {
            Some(Value::String(text)) => handles_in(text),
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        for handle in named {
            found.entry(handle).or_insert(place);
        }
    }
    found
}

/// `@slack-checkout`, `@pagerduty-{{service.name}}`, `@sre@example.com`: an `@` that no word stands
/// before, and what may belong to a handle behind it.
fn handles_in(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut before = None;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let starts = c == '@' && !before.is_some_and(|b: char| b.is_alphanumeric() || "._-@".contains(b));
        let length = if starts { handle_length(&text[at..]) } else { 0 };
        if length > 1 {
            found.push(text[at..at + length].to_owned());
        }
        let step = length.max(c.len_utf8());
        before = text[at..at + step].chars().next_back();
        at += step;
    }
    found
}

/// No variable's name is longer, in bytes; a text of unclosed ones must not cost quadratic time.
const VARIABLE: usize = 200;

fn handle_length(text: &str) -> usize {
    let mut end = 1;
    while let Some(c) = text[end..].chars().next() {
        let rest = &text[end..];
        if c.is_alphanumeric() || "-_.+@/:".contains(c) {
            end += c.len_utf8();
        } else if rest.starts_with("{{") && !rest[2..].starts_with(['#', '/', '^']) {
            // A variable in a handle; a block ends it.
            let Some(close) = rest[..rest.floor_char_boundary(VARIABLE)].find("}}") else { break };
            end += close + 2;
        } else {
            break;
        }
    }
    text[..end].trim_end_matches(['.', ':', '/', '-', '@']).len()
}

fn listed(names: &[String]) -> String {
    const MOST: usize = 5;
    let mut out = names.iter().take(MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        out.push_str(&format!(" and {} more", names.len() - MOST));
    }
    out
}

// Alerts that no longer come.

fn no_data_off(kind: &Kind, live: &Value, wanted: &Value) -> Option<Risk> {
    let on = |body: &Value| {
        kind.stakes.no_data.iter().any(|(at, on)| {
            let value = body.pointer(at).cloned().or_else(|| default_of(kind, at)).unwrap_or(Value::Null);
            on.iter().any(|text| serde_json::from_str::<Value>(text).is_ok_and(|on| on == value))
        })
    };
    (on(live) && !on(wanted)).then(|| risk("no-data-off", "It no longer alerts when data stops coming"))
}

/// What an absent field means.
fn default_of(kind: &Kind, at: &str) -> Option<Value> {
    let (_, values) = kind.defaults.iter().find(|(path, _)| *path == at)?;
    serde_json::from_str(values.first()?).ok()
}

fn thresholds_loosened(kind: &Kind, live: &Value, wanted: &Value) -> Vec<Risk> {
    let of = |body| query(kind, body).and_then(comparison);
    let (before, after) = (of(live), of(wanted));
    // Without a comparison the thresholds are counts, as of service checks: more of them is later.
    let fires_above = after.or(before).is_none_or(|comparison| comparison.fires_above);
    let mut risks = Vec::new();
    for at in kind.stakes.thresholds {
        for (path, number) in numbers_at(live, at) {
            let name = path.trim_start_matches('/').replace('/', ".");
            match wanted.pointer(&path).and_then(Value::as_f64) {
                Some(now) if now != number => {
                    if (now > number) == fires_above {
                        risks.push(loosened(&name, number, now, fires_above));
                    }
                }
                Some(_) => {}
                None => risks.push(risk(
                    "threshold-loosened",
                    format!("The threshold `{name}` ({number}) is taken away"),
                )),
            }
        }
    }
    // The number in the query says the same as the critical threshold; it is told only by itself.
    if let (Some(before), Some(after), true) = (before, after, risks.is_empty()) {
        if before.fires_above != after.fires_above {
            risks.push(risk("threshold-loosened", "The comparison of the query is turned round"));
        } else if before.number != after.number && (after.number > before.number) == fires_above {
            risks.push(loosened("query", before.number, after.number, fires_above));
        }
    }
    for at in kind.stakes.targets {
        for (path, number) in numbers_at(live, at) {
            if let Some(now) = wanted.pointer(&path).and_then(Value::as_f64).filter(|now| *now < number) {
                let name = path.trim_start_matches('/').replace('/', ".");
                risks.push(risk(
                    "threshold-loosened",
                    format!("The target is lowered: `{name}` goes from {number} to {now}"),
                ));
            }
        }
    }
    risks
}

fn loosened(name: &str, before: f64, after: f64, fires_above: bool) -> Risk {
    let side = if fires_above { "above" } else { "below" };
    let text = format!("It alerts later: `{name}` goes from {before} to {after}, and it fires {side} it");
    risk("threshold-loosened", text)
}

/// The numbers at a path, with their pointers.
fn numbers_at(body: &Value, path: &str) -> Vec<(String, f64)> {
    let number = |pointer: String| {
        let number = body.pointer(&pointer)?.as_f64()?;
        Some((pointer, number))
    };
    matching(path, body).into_iter().filter_map(number).collect()
}

fn query<'a>(kind: &Kind, body: &'a Value) -> Option<&'a str> {
    body.pointer(kind.stakes.query?)?.as_str()
}

/// The comparison that ends an alert's query.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Comparison {
    fires_above: bool,
    number: f64,
}

/// `… >= 0.05`. A composite has none.
fn comparison(query: &str) -> Option<Comparison> {
    let query = query.trim_end();
    let start = query.rfind(['>', '<', '=']).map(|at| at + 1)?;
    let number = query[start..].trim().parse::<f64>().ok().filter(|number| number.is_finite())?;
    let before = query[..start].trim_end_matches('=');
    let fires_above = match before.chars().next_back() {
        Some('>') => true,
        Some('<') => false,
        _ => return None,
    };
    Some(Comparison { fires_above, number })
}

// Scopes.

/// Compares text, conservatively: the query has as many scopes as before, and one of them asks for
/// less than it did while the others stay.
fn scope_widened(kind: &Kind, live: &Value, wanted: &Value) -> Option<Risk> {
    let (before, after) = (scopes(query(kind, live)?), scopes(query(kind, wanted)?));
    if before.len() != after.len() {
        return None;
    }
    let lost: BTreeSet<&str> =
        before.iter().zip(&after).flat_map(|(before, after)| dropped(before, after)).collect();
    let lost: Vec<String> = lost.into_iter().map(str::to_owned).collect();
    (!lost.is_empty())
        .then(|| risk("scope-widened", format!("The query's scope is wider: it loses {}", listed(&lost))))
}

/// The filters of each `{…}` that is no grouping.
fn scopes(query: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = query[from..].find('{').map(|at| from + at) {
        let Some(close) = query[open..].find('}').map(|at| open + at) else { break };
        let is_grouping = query[..open]
            .trim_end()
            .strip_suffix("by")
            .is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.'));
        if !is_grouping {
            found.push(query[open + 1..close].trim());
        }
        from = close + 1;
    }
    found
}

/// The filters that a scope lost without another one in their place. With `OR` more alternatives are
/// wider, so nothing is said of a scope that has any.
fn dropped<'a>(before: &'a str, after: &'a str) -> Vec<&'a str> {
    let is_plain = |scope: &str| !scope.to_ascii_uppercase().contains(" OR ");
    if !is_plain(before) || !is_plain(after) {
        return Vec::new();
    }
    let (old, new) = (filters(before), filters(after));
    if new.is_subset(&old) { old.difference(&new).copied().collect() } else { Vec::new() }
}

/// What is joined by commas or `AND` outside of brackets; `*` filters nothing.
fn filters(scope: &str) -> BTreeSet<&str> {
    let mut found = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (at, c) in scope.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        let joins =
            |word: &str| scope.get(at..at + word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word));
        let skip = if depth > 0 {
            0
        } else if c == ',' {
            1
        } else if joins(" AND ") {
            4
        } else {
            0
        };
        if skip > 0 && at >= start {
            found.push(scope[start..at].trim());
            start = at + skip;
        }
    }
    found.push(scope[start..].trim());
    let is_filter = |filter: &&str| !filter.is_empty() && *filter != "*" && !filter.ends_with(":*");
    found.into_iter().filter(is_filter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind;
    use proptest::prelude::*;
    use serde_json::json;

    fn check(section: &str, action: Action, live: Value, wanted: Value, expected: &[&str]) {
        let stake = Stake {
            action,
            live: (!live.is_null()).then_some(&live),
            wanted: (!wanted.is_null()).then_some(&wanted),
            protected: false,
        };
        let kind = kind::of_section(section).expect("a kind");
        let found: Vec<String> =
            risks(kind, stake).into_iter().map(|r| format!("{}: {}", r.code, r.text)).collect();
        assert_eq!(found, expected);
    }

    fn check_update(live: Value, wanted: Value, expected: &[&str]) {
        check("monitors", Action::Update, live, wanted, expected);
    }

    #[test]
    fn recipients() {
        let message = |text: &str| json!({ "message": text });
        check_update(
            message("Hi @slack-a, @slack-b."),
            message("@slack-b"),
            &["recipient-lost: No longer told: `@slack-a`"],
        );
        check_update(
            message("mail me@x.org or @me@x.org"),
            message("mail me@x.org"),
            &["recipient-lost: No longer told: `@me@x.org`"],
        );
        check_update(message("{{#is_alert}}@pagerduty-x{{/is_alert}}"), message("@pagerduty-x"), &[]);
        check_update(
            message("@slack-{{service.name}} x"),
            message(""),
            &["recipient-lost: No longer told: `@slack-{{service.name}}`"],
        );
        check_update(message("@a"), json!({}), &["recipient-lost: No longer told: `@a`"]);
        let both = |message: &str, later: &str| json!({"message": message, "options": {"escalation_message": later}});
        check_update(both("@a", ""), both("", "@a"), &["recipient-lost: No longer told: `@a`"]);
        check_update(both("", "@a"), both("@a", ""), &[]);
        check(
            "dashboards",
            Action::Update,
            json!({"notify_list": ["a@x.org"]}),
            json!({"notify_list": null}),
            &["recipient-lost: No longer told: `a@x.org`"],
        );
    }

    #[test]
    fn thresholds() {
        let monitor = |sign: &str, number: f64| json!({"query": format!("avg(last_5m):x{{a:b}} {sign} {number}"), "options": {"thresholds": {"critical": number}}});
        let above = "threshold-loosened: It alerts later: `options.thresholds.critical` goes from 5 to 8, and it fires above it";
        check_update(monitor(">", 5.0), monitor(">", 8.0), &[above]);
        check_update(monitor(">=", 8.0), monitor(">=", 5.0), &[]);
        check_update(monitor("<", 5.0), monitor("<", 8.0), &[]);
        let below = "threshold-loosened: It alerts later: `options.thresholds.critical` goes from 8 to 5, and it fires below it";
        check_update(monitor("<=", 8.0), monitor("<=", 5.0), &[below]);
        check_update(
            monitor(">", 5.0),
            monitor("<", 5.0),
            &["threshold-loosened: The comparison of the query is turned round"],
        );
        check_update(
            json!({"query": "logs(\"x\").index(\"*\").rollup(\"count\").last(\"5m\") > 5"}),
            json!({"query": "logs(\"x\").index(\"*\").rollup(\"count\").last(\"5m\") > 6"}),
            &["threshold-loosened: It alerts later: `query` goes from 5 to 6, and it fires above it"],
        );
        let with_warning =
            json!({"query": "x > 5", "options": {"thresholds": {"critical": 5, "warning": 2}}});
        check_update(
            with_warning,
            json!({"query": "x > 5", "options": {"thresholds": {"critical": 5}}}),
            &["threshold-loosened: The threshold `options.thresholds.warning` (2) is taken away"],
        );
        check_update(json!({"query": "1 && 2"}), json!({"query": "1 || 2"}), &[]);
        let slo = |target: f64| json!({"thresholds": [{"timeframe": "7d", "target": target}]});
        check(
            "slos",
            Action::Update,
            slo(99.9),
            slo(99.0),
            &["threshold-loosened: The target is lowered: `thresholds.0.target` goes from 99.9 to 99"],
        );
        check("slos", Action::Update, slo(99.0), slo(99.9), &[]);
    }

    #[test]
    fn missing_data() {
        let off = "no-data-off: It no longer alerts when data stops coming";
        let options = |options: Value| json!({ "options": options });
        check_update(
            options(json!({"notify_no_data": true})),
            options(json!({"notify_no_data": false})),
            &[off],
        );
        check_update(options(json!({"notify_no_data": true})), json!({}), &[off]);
        let on = options(json!({"on_missing_data": "show_and_notify_no_data"}));
        check_update(on.clone(), options(json!({"on_missing_data": "resolve"})), &[off]);
        check_update(options(json!({"notify_no_data": true})), on, &[]);
    }

    #[test]
    fn scopes_of_queries() {
        let query = |scope: &str| json!({"query": format!("avg(last_5m):sum:x{{{scope}}} by {{host}} > 5")});
        for (before, after, lost) in [
            ("env:prod,service:a", "service:a", Some("`env:prod`")),
            ("env:prod AND service:a", "env:prod", Some("`service:a`")),
            ("env:prod", "*", Some("`env:prod`")),
            ("env:prod", "env:*", Some("`env:prod`")),
            ("env:prod,!host:a", "env:prod", Some("`!host:a`")),
            ("env:prod", "env:staging", None),
            ("service:a", "env:prod,service:a", None),
            ("a IN (b, c) AND d:e", "d:e AND a IN (b, c)", None),
            ("a:b OR c:d", "a:b", None),
            ("a:b,é AND ü", "a:b,é", Some("`ü`")),
            ("a:b} + sum:standby{c:d", "a:b} + sum:standby{*", Some("`c:d`")),
        ] {
            let expected =
                lost.map(|lost| format!("scope-widened: The query's scope is wider: it loses {lost}"));
            check_update(query(before), query(after), &expected.as_deref().into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn lost_objects() {
        check(
            "monitors",
            Action::Delete,
            json!({"message": "@slack-a @PagerDuty-Shop"}),
            Value::Null,
            &["pager-deleted: The monitor pages people (`@PagerDuty-Shop`) and is deleted"],
        );
        check("monitors", Action::Delete, json!({"message": "@slack-a"}), Value::Null, &[]);
        check("monitors", Action::Create, Value::Null, json!({"message": "@pagerduty"}), &[]);
        check(
            "dashboards",
            Action::Replace,
            json!({}),
            json!({}),
            &["object-replaced: The object is replaced: history, mutes and links to the old one are lost"],
        );
        let stake = Stake {
            action: Action::Delete,
            live: Some(&json!({"message": "@oncall-x"})),
            wanted: None,
            protected: true,
        };
        let codes: Vec<_> =
            risks(kind::of_section("monitors").expect("a kind"), stake).iter().map(|r| r.code).collect();
        assert_eq!(codes, ["protected-object", "pager-deleted"]);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(a in any::<String>(), b in "[@{}#/a:.,>=<0-9 ANDOR()*]{0,60}") {
            for (live, wanted) in [(&a, &b), (&b, &a), (&b, &b)] {
                let body = |text: &str| json!({"message": text, "query": text});
                let (live, wanted) = (body(live), body(wanted));
                let stake = Stake { action: Action::Update, live: Some(&live), wanted: Some(&wanted), protected: false };
                let found = risks(kind::of_section("monitors").expect("a kind"), stake);
                prop_assert!(live != wanted || found.is_empty(), "{:?}", found);
            }
        }
    }
}
