//! What a change endangers: who is no longer told, what no longer fires, what is lost.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::handle::{is_pager, named};
use crate::kind::{Danger, Family, Field, Kind};
use crate::model::{Action, Risk};
use crate::pointer::matching;
use crate::query::{self, Comparator, Filter, Monitor, Threshold};

/// What is said of one type of risk; its place in the list is its weight.
const CODES: [&str; 22] = [
    "twin",
    "protected-object",
    "pager-deleted",
    "scanning-less",
    "host-changed",
    "access-changed",
    "errors-discarded",
    "retention-shortened",
    "quota-lowered",
    "more-discarded",
    "turned-off",
    "recipient-lost",
    "all-silenced",
    "endless-downtime",
    "policy-broken",
    "no-data-off",
    "threshold-loosened",
    "scope-widened",
    "percentiles-off",
    "tags-lost",
    "search-narrowed",
    "object-replaced",
];

/// What may be endangered by a change.
#[derive(Clone, Copy, Debug)]
pub struct Watched<'a> {
    pub action: Action,
    /// The object as it stands; absent for a create.
    pub live: Option<&'a Value>,
    /// The body that is wanted, without defaults that the service fills; absent for a delete.
    pub wanted: Option<&'a Value>,
    /// The mark or the definition forbids deletes and replaces.
    pub protected: bool,
}

/// All risks of a change, the heaviest first.
pub fn risks(kind: &Kind, watched: Watched<'_>) -> Vec<Risk> {
    let mut risks = Vec::new();
    if watched.protected && matches!(watched.action, Action::Delete | Action::Replace) {
        let text = match watched.action {
            Action::Delete => "A protected object is deleted",
            _ => "A protected object is replaced by a new one",
        };
        risks.push(risk("protected-object", text));
    }
    if watched.action == Action::Replace {
        let text = "The object is replaced: history, mutes and links to the old one are lost";
        risks.push(risk("object-replaced", text));
    }
    match (watched.live, watched.wanted) {
        (Some(live), None) => risks.extend(pager_deleted(kind, live)),
        (Some(live), Some(wanted)) => {
            risks.extend(recipients_lost(kind, live, wanted));
            risks.extend(no_data_off(kind, live, wanted));
            risks.extend(thresholds_loosened(kind, live, wanted));
            risks.extend(scope_widened(kind, live, wanted));
            let endangered = |danger: &Danger| Some(risk(danger.code, (danger.judge)(live, wanted)?));
            risks.extend(kind.quirks.dangers.iter().filter_map(endangered));
        }
        (None, _) => {}
    }
    if let (Some(wanted), Some(Family::Silence)) = (watched.wanted, kind.quirks.family) {
        risks.extend(silenced(watched.live, wanted));
    }
    risks.sort();
    risks
}

/// A risk of one of the types above.
pub fn risk(code: &'static str, text: impl Into<String>) -> Risk {
    let rank = CODES.iter().position(|known| *known == code).expect("bug: a risk without a weight");
    Risk { rank: u8::try_from(rank).expect("bug: too many risks"), code, text: text.into() }
}

// Recipients.

fn pager_deleted(kind: &Kind, live: &Value) -> Option<Risk> {
    let pagers: Vec<String> = handles(kind, live).into_keys().filter(|handle| is_pager(handle)).collect();
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
    (!lost.is_empty()).then(|| risk("recipient-lost", format!("No longer notified: {}", listed(&lost))))
}

/// Every recipient of a body, with the number of the first text that names it.
fn handles(kind: &Kind, body: &Value) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for (place, path) in kind.paths(|field| field.recipients).enumerate() {
        for at in matching(path, body) {
            // Of lists none is later than another.
            let (place, named) = match body.pointer(&at) {
                Some(Value::String(text)) => (place, named(text).map(str::to_owned).collect()),
                Some(Value::Array(items)) => {
                    (0, items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                }
                _ => (place, Vec::new()),
            };
            for handle in named {
                found.entry(handle).or_insert(place);
            }
        }
    }
    found
}

/// The first names of a list, and how many more there are.
pub fn listed(names: &[String]) -> String {
    const MOST: usize = 5;
    let mut out = names.iter().take(MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        out.push_str(&format!(" and {} more", names.len() - MOST));
    }
    out
}

// What is silenced.

/// A downtime that never ends, or that silences every group of every alert; told when it begins to be so.
fn silenced(live: Option<&Value>, wanted: &Value) -> Vec<Risk> {
    let is_endless = |body: &Value| {
        let has = |at: &str| body.pointer(at).is_some_and(|value| !value.is_null());
        !has("/schedule/end") && !has("/schedule/recurrences")
    };
    let is_everything = |body: &Value| {
        let all = Value::from("*");
        let monitors = body.pointer("/monitor_identifier/monitor_tags").and_then(Value::as_array);
        body.get("scope") == Some(&all) && monitors.is_some_and(|tags| tags.contains(&all))
    };
    let begins = |holds: &dyn Fn(&Value) -> bool| holds(wanted) && !live.is_some_and(holds);
    let mut risks = Vec::new();
    if begins(&is_everything) {
        risks.push(risk("all-silenced", "It silences every monitor, in every scope"));
    }
    if begins(&is_endless) {
        risks.push(risk(
            "endless-downtime",
            "It has no end: what it silences stays silent until somebody deletes it",
        ));
    }
    risks
}

// Alerts that no longer fire.

fn no_data_off(kind: &Kind, live: &Value, wanted: &Value) -> Option<Risk> {
    let on = |body: &Value| {
        kind.fields.iter().filter(|field| !field.no_data.is_empty()).any(|field| {
            let value = body.pointer(field.at).cloned().or_else(|| default_of(field)).unwrap_or(Value::Null);
            field.no_data.iter().any(|text| serde_json::from_str::<Value>(text).is_ok_and(|on| on == value))
        })
    };
    (on(live) && !on(wanted)).then(|| risk("no-data-off", "It no longer alerts when data stops coming"))
}

/// What an absent field means.
fn default_of(field: &Field) -> Option<Value> {
    serde_json::from_str(field.defaults.first()?).ok()
}

fn thresholds_loosened(kind: &Kind, live: &Value, wanted: &Value) -> Vec<Risk> {
    let of = |body| query(kind, body).and_then(|(_, query)| limit(&query));
    let (before, after) = (of(live), of(wanted));
    // Without a comparison the thresholds are counts, as of service checks: more of them is later.
    let fires_above = after.or(before).is_none_or(|limit| limit.fires_above);
    let mut risks = Vec::new();
    for at in kind.paths(|field| field.threshold) {
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
    // The number in the query says the same as the critical threshold; it is reported only by itself.
    if let (Some(before), Some(after), true) = (before, after, risks.is_empty()) {
        if before.fires_above != after.fires_above {
            risks.push(risk("threshold-loosened", "The comparison of the query is turned round"));
        } else if before.number != after.number && (after.number > before.number) == fires_above {
            risks.push(loosened("query", before.number, after.number, fires_above));
        }
    }
    for at in kind.paths(|field| field.target) {
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

/// A body's query and what it says, where it can be read.
fn query<'a>(kind: &Kind, body: &'a Value) -> Option<(&'a str, Monitor)> {
    let text = body.pointer(kind.paths(|field| field.query).next()?)?.as_str()?;
    let class = body.get("type").and_then(Value::as_str).unwrap_or("query alert");
    Some((text, query::monitor(class, text).tree?))
}

/// Which way an alert fires, and beyond which number.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Limit {
    fires_above: bool,
    number: f64,
}

/// `… >= 0.05`. A composite has none.
fn limit(query: &Monitor) -> Option<Limit> {
    let comparison = query.comparison()?;
    let fires_above = match comparison.operator.value {
        Comparator::Above | Comparator::AtLeast => true,
        Comparator::Below | Comparator::AtMost => false,
        Comparator::Equal | Comparator::NotEqual => return None,
    };
    match &comparison.threshold.value {
        Threshold::Number(number) => Some(Limit { fires_above, number: number.value }),
        Threshold::Dynamic => None,
    }
}

// Scopes.

/// Compares conservatively: the query has as many metrics as before, and one of them asks for less than it did while
/// its other filters stay.
fn scope_widened(kind: &Kind, live: &Value, wanted: &Value) -> Option<Risk> {
    let (before, after) = (query(kind, live)?, query(kind, wanted)?);
    let (before, after) = (scopes(before.0, &before.1), scopes(after.0, &after.1));
    if before.len() != after.len() {
        return None;
    }
    let mut lost = BTreeSet::new();
    for (before, after) in before.iter().zip(&after) {
        if let (Some(before), Some(after)) = (before, after)
            && after.is_subset(before)
        {
            lost.extend(before.difference(after).map(|filter| (*filter).to_owned()));
        }
    }
    let lost: Vec<String> = lost.into_iter().collect();
    (!lost.is_empty())
        .then(|| risk("scope-widened", format!("The query's scope is wider: it loses {}", listed(&lost))))
}

/// What each metric is filtered by, as written. `None` where there are alternatives: more of them is wider.
fn scopes<'q>(text: &'q str, query: &Monitor) -> Vec<Option<BTreeSet<&'q str>>> {
    let metrics = query.expr().map(|expr| expr.value.metrics()).unwrap_or_default();
    let filters = metrics.into_iter().map(|metric| match &metric.value.scope.as_ref()?.value.filter {
        None => Some(BTreeSet::new()),
        Some(filter) => {
            let all = filter.all()?.into_iter();
            Some(
                all.filter(|filter| !filters_nothing(&filter.value))
                    .map(|filter| &text[filter.span.clone()])
                    .collect(),
            )
        }
    });
    filters.collect()
}

/// `*` and `env:*`.
fn filters_nothing(filter: &Filter) -> bool {
    match filter {
        Filter::Tag(tag) => tag.value.value == "*",
        Filter::Empty => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind;
    use proptest::prelude::*;
    use serde_json::json;

    fn check(section: &str, action: Action, live: Value, wanted: Value, expected: &[&str]) {
        let watched = Watched {
            action,
            live: (!live.is_null()).then_some(&live),
            wanted: (!wanted.is_null()).then_some(&wanted),
            protected: false,
        };
        let kind = kind::of_section(section).expect("a kind");
        let found: Vec<String> =
            risks(kind, watched).into_iter().map(|r| format!("{}: {}", r.code, r.text)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_rows_say_is_endangered() {
        let metric = |compute: Value, query: &str, groups: Value| json!({"compute": compute, "filter": {"query": query}, "group_by": groups});
        let on = json!({"aggregation_type": "distribution", "include_percentiles": true});
        let off = json!({"aggregation_type": "distribution"});
        let (one, two) =
            (json!([{"path": "a", "tag_name": "a"}]), json!([{"path": "a", "tag_name": "a"}, {"path": "b"}]));
        let (many, fewer) = (metric(on.clone(), "service:a", two), metric(off, "service:a env:b", one));
        let lost = [
            "percentiles-off: The metric has no percentiles any more: graphs and alerts of them end",
            "tags-lost: Queries by these tags find nothing any more: `b`",
            "search-narrowed: The search finds less: it asks for `env:b`, too",
        ];
        for section in ["spans_metrics", "rum_metrics", "logs_metrics"] {
            check(section, Action::Update, many.clone(), fewer.clone(), &lost);
            // The other way round nothing is lost.
            check(section, Action::Update, fewer.clone(), many.clone(), &[]);
        }
        let tags = |tags: Value, exclude: bool| json!({"tags": tags, "exclude_tags_mode": exclude});
        let said = "tags-lost: Queries by these tags find nothing any more: `a`";
        check(
            "metric_tags",
            Action::Update,
            tags(json!(["a", "b"]), false),
            tags(json!(["b"]), false),
            &[said],
        );
        check("metric_tags", Action::Update, tags(json!(["b"]), false), tags(json!(["a", "b"]), false), &[]);
        check(
            "metric_tags",
            Action::Update,
            tags(json!(["b"]), true),
            tags(json!(["a", "b"]), true),
            &[said],
        );
        check("metric_tags", Action::Update, tags(json!(["a", "b"]), true), tags(json!(["b"]), true), &[]);
        let hook = |url: &str| json!({"name": "a", "url": url});
        let moved = "host-changed: Notifications go to another host: from `a.example` to `b.example`";
        check("webhooks", Action::Update, hook("https://a.example/x"), hook("https://b.example/x"), &[moved]);
        check("webhooks", Action::Update, hook("https://a.example/x"), hook("https://A.example/y?z"), &[]);
        let policy = |who: Value| json!({"bindings": [{"relation": "editor", "principals": who}]});
        let access = "access-changed: They lose their access: `team:a (editor)`";
        check(
            "restriction_policies",
            Action::Update,
            policy(json!(["team:a", "org:b"])),
            policy(json!(["org:b"])),
            &[access],
        );
        check(
            "restriction_policies",
            Action::Update,
            policy(json!(["org:b"])),
            policy(json!(["team:a", "org:b"])),
            &[],
        );
    }

    #[test]
    fn what_the_scanner_no_longer_finds_is_endangered() {
        let group = |on: bool, query: &str, products: Value, rate: u8| {
            json!({"is_enabled": on, "filter": {"query": query}, "product_list": products,
                "samplings": [{"product": "logs", "rate": rate}]})
        };
        let all = group(true, "service:a", json!(["logs", "apm"]), 100);
        for (wanted, said) in [
            (
                group(false, "service:a", json!(["logs", "apm"]), 100),
                "It is switched off: what it hid is seen from now on",
            ),
            (
                group(true, "service:a env:b", json!(["logs", "apm"]), 100),
                "It looks at fewer events: they must have `env:b`, too",
            ),
            (group(true, "service:a", json!(["logs"]), 100), "It no longer looks at `apm`"),
            (
                group(true, "service:a", json!(["logs", "apm"]), 50),
                "It looks at a smaller share of `logs`: 50 %",
            ),
        ] {
            check(
                "scanner_groups",
                Action::Update,
                all.clone(),
                wanted.clone(),
                &[&format!("scanning-less: {said}")],
            );
            check("scanner_groups", Action::Update, wanted, all.clone(), &[]);
        }
        let rule = |over: Value| {
            let mut rule = json!({"is_enabled": true, "pattern": "a", "text_replacement": {"type": "hash"}});
            over.as_object().into_iter().flatten().for_each(|(key, value)| rule[key] = value.clone());
            rule
        };
        for (over, said) in [
            (json!({"is_enabled": false}), "It is switched off: what it hid is seen from now on"),
            (json!({"text_replacement": {"type": "none"}}), "What it finds is no longer replaced"),
            (json!({"namespaces": ["a"]}), "It looks at fewer attributes"),
            (json!({"suppressions": {"exact_match": ["x"]}}), "It leaves more of what it finds as it is"),
        ] {
            check(
                "scanner_rules",
                Action::Update,
                rule(json!({})),
                rule(over.clone()),
                &[&format!("scanning-less: {said}")],
            );
            check("scanner_rules", Action::Update, rule(over), rule(json!({})), &[]);
        }
        let other = "scanning-less: Another pattern: it may miss what was found";
        check("scanner_rules", Action::Update, rule(json!({})), rule(json!({"pattern": "b"})), &[other]);
        check(
            "scanner_rules",
            Action::Update,
            rule(json!({})),
            rule(json!({"pattern": "a|b", "name": "x"})),
            &[],
        );
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
            &["recipient-lost: No longer notified: `@slack-a`"],
        );
        check_update(
            message("mail me@x.org or @me@x.org"),
            message("mail me@x.org"),
            &["recipient-lost: No longer notified: `@me@x.org`"],
        );
        check_update(message("{{#is_alert}}@pagerduty-x{{/is_alert}}"), message("@pagerduty-x"), &[]);
        check_update(
            message("@slack-{{service.name}} x"),
            message(""),
            &["recipient-lost: No longer notified: `@slack-{{service.name}}`"],
        );
        check_update(message("@a"), json!({}), &["recipient-lost: No longer notified: `@a`"]);
        let link = "https://app.datadoghq.com/logs?query=service:a%20@http.status_code:500";
        check_update(message(&format!("@slack-a {link}&x=@y")), message("@slack-a"), &[]);
        check_update(message("https://x/?query=@http.status_code:500"), message(""), &[]);
        let both = |message: &str, later: &str| json!({"message": message, "options": {"escalation_message": later}});
        check_update(both("@a", ""), both("", "@a"), &["recipient-lost: No longer notified: `@a`"]);
        check_update(both("", "@a"), both("@a", ""), &[]);
        check(
            "dashboards",
            Action::Update,
            json!({"notify_list": ["a@x.org"]}),
            json!({"notify_list": null}),
            &["recipient-lost: No longer notified: `a@x.org`"],
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
        let with_warning = json!({"query": "avg(last_5m):x{*} > 5", "options": {"thresholds": {"critical": 5, "warning": 2}}});
        check_update(
            with_warning,
            json!({"query": "avg(last_5m):x{*} > 5", "options": {"thresholds": {"critical": 5}}}),
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
        // Braces in the text of a search are not a scope.
        let logs = |search: &str| json!({"type": "log alert", "query": format!("logs({search:?}).index(\"*\").rollup(\"count\").last(\"5m\") > 5")});
        check_update(logs("status:error \"{id, name}\""), logs("status:error \"{id}\""), &[]);
        let grouped = |keys: &str| json!({"query": format!("avg(last_5m):sum:x{{*}} by {{{keys}}} > 5")});
        check_update(grouped("host,env"), grouped("host"), &[]);
    }

    #[test]
    fn silences() {
        let create = |wanted: Value, expected: &[&str]| {
            check("downtimes", Action::Create, Value::Null, wanted, expected)
        };
        let of = |scope: &str, monitors: Value, schedule: Value| json!({"scope": scope, "monitor_identifier": monitors, "schedule": schedule});
        let (all, one) = (json!({"monitor_tags": ["*"]}), json!({"monitor_id": 5}));
        let until = json!({"end": "2050-01-01T00:00:00Z"});
        let nightly = json!({"recurrences": [{"rrule": "FREQ=DAILY", "duration": "8h"}]});
        let endless =
            "endless-downtime: It has no end: what it silences stays silent until somebody deletes it";
        let everything = "all-silenced: It silences every monitor, in every scope";
        create(of("env:prod", all.clone(), until.clone()), &[]);
        create(of("*", one.clone(), until.clone()), &[]);
        create(of("*", json!({"monitor_tags": ["service:a"]}), nightly.clone()), &[]);
        create(of("*", all.clone(), until.clone()), &[everything]);
        create(of("*", all.clone(), Value::Null), &[everything, endless]);
        create(of("env:prod", one.clone(), json!({"start": "2050-01-01T00:00:00Z"})), &[endless]);
        let update = |live: Value, wanted: Value, expected: &[&str]| {
            check("downtimes", Action::Update, live, wanted, expected);
        };
        let endless_one = of("env:prod", one.clone(), json!({"end": null}));
        update(endless_one.clone(), endless_one.clone(), &[]);
        update(endless_one.clone(), of("env:prod", one.clone(), until.clone()), &[]);
        update(of("env:prod", one, until), endless_one, &[endless]);
    }

    #[test]
    fn recipients_of_rules() {
        let update = |live: Value, wanted: Value, expected: &[&str]| {
            check("notification_rules", Action::Update, live, wanted, expected);
        };
        let plain = json!({"recipients": ["slack-a", "pagerduty-b"]});
        let by_condition = json!({"conditional_recipients": {
            "conditions": [{"scope": "transition_type:is_alert", "recipients": ["pagerduty-b"]}],
            "fallback_recipients": ["slack-a"],
        }});
        update(plain.clone(), by_condition.clone(), &[]);
        update(by_condition.clone(), plain.clone(), &[]);
        update(plain.clone(), json!({"recipients": ["pagerduty-b", "slack-a", "slack-c"]}), &[]);
        let lost = |name: &str| format!("recipient-lost: No longer notified: `{name}`");
        update(plain.clone(), json!({"recipients": ["slack-a"]}), &[&lost("pagerduty-b")]);
        let without = json!({"conditional_recipients": {"conditions": [{"recipients": ["pagerduty-b"]}]}});
        update(by_condition, without, &[&lost("slack-a")]);
        let pages = "pager-deleted: The notification_rule pages people (`pagerduty-b`) and is deleted";
        check("notification_rules", Action::Delete, plain, Value::Null, &[pages]);
        check("notification_rules", Action::Delete, json!({"recipients": ["slack-a"]}), Value::Null, &[]);
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
        let watched = Watched {
            action: Action::Delete,
            live: Some(&json!({"message": "@oncall-x"})),
            wanted: None,
            protected: true,
        };
        let codes: Vec<_> =
            risks(kind::of_section("monitors").expect("a kind"), watched).iter().map(|r| r.code).collect();
        assert_eq!(codes, ["protected-object", "pager-deleted"]);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(a in any::<String>(), b in "[@{}#/a:.,>=<0-9 ANDOR()*]{0,60}") {
            for (live, wanted) in [(&a, &b), (&b, &a), (&b, &b)] {
                let body = |text: &str| json!({"message": text, "query": text});
                let (live, wanted) = (body(live), body(wanted));
                let watched = Watched { action: Action::Update, live: Some(&live), wanted: Some(&wanted), protected: false };
                let found = risks(kind::of_section("monitors").expect("a kind"), watched);
                prop_assert!(live != wanted || found.is_empty(), "{:?}", found);
            }
        }
    }
}
