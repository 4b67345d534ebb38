//! Each risk, and its harmless twin, on which it is silent.

mod twins;

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
    let both =
        |message: &str, later: &str| json!({"message": message, "options": {"escalation_message": later}});
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
    let with_warning =
        json!({"query": "avg(last_5m):x{*} > 5", "options": {"thresholds": {"critical": 5, "warning": 2}}});
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
        &["threshold-loosened: The target is lowered: `thresholds[0].target` goes from 99.9 to 99"],
    );
    check("slos", Action::Update, slo(99.0), slo(99.9), &[]);
}

#[test]
fn missing_data() {
    let off = "no-data-off: It no longer alerts when data stops coming";
    let options = |options: Value| json!({ "options": options });
    check_update(options(json!({"notify_no_data": true})), options(json!({"notify_no_data": false})), &[off]);
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
        ("a IN (b, c) AND d:e", "d:e AND a IN (b, c)", None),
        ("a:b OR c:d", "a:b", None),
        ("a:b,é AND ü", "a:b,é", Some("`ü`")),
        ("a:b} + sum:standby{c:d", "a:b} + sum:standby{*", Some("`c:d`")),
    ] {
        let expected = lost.map(|lost| format!("scope-widened: The query's scope is wider: it loses {lost}"));
        check_update(query(before), query(after), &expected.as_deref().into_iter().collect::<Vec<_>>());
    }
    // Braces in the text of a search are no scope.
    let logs = |search: &str| json!({"type": "log alert", "query": format!("logs({search:?}).index(\"*\").rollup(\"count\").last(\"5m\") > 5")});
    check_update(logs("status:error \"{id, name}\""), logs("status:error \"{id}\""), &[]);
    let grouped = |keys: &str| json!({"query": format!("avg(last_5m):sum:x{{*}} by {{{keys}}} > 5")});
    check_update(
        grouped("host,env"),
        grouped("host"),
        &["grouping-removed: One alert where there were several: it no longer groups by `env`"],
    );
    check_update(grouped("host"), grouped("host,env"), &[]);
    check_update(grouped("host"), grouped("pod"), &[]);
}

#[test]
fn silences() {
    let create =
        |wanted: Value, expected: &[&str]| check("downtimes", Action::Create, Value::Null, wanted, expected);
    let of = |scope: &str, monitors: Value, schedule: Value| json!({"scope": scope, "monitor_identifier": monitors, "schedule": schedule});
    let (all, one) = (json!({"monitor_tags": ["*"]}), json!({"monitor_id": 5}));
    let until = json!({"end": "2050-01-01T00:00:00Z"});
    let nightly = json!({"recurrences": [{"rrule": "FREQ=DAILY", "duration": "8h"}]});
    let endless = "endless-downtime: It has no end: what it silences stays silent until somebody deletes it";
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

/// The risks of an edit, and none of the edit back.
fn check_twins(before: Value, after: Value, expected: &str) {
    check_update(before.clone(), after.clone(), &[expected]);
    check_update(after, before, &[]);
}

fn metric(query: &str) -> Value {
    json!({"type": "query alert", "query": query})
}

#[test]
fn windows() {
    let later = |of: &str, to: &str, from: &str| {
        format!("window-longer: It alerts later: the {of} is taken over {to} instead of {from}")
    };
    for (before, after, expected) in [
        ("avg(last_5m):avg:x{*} > 5", "avg(last_1h):avg:x{*} > 5", later("avg", "1h", "5m")),
        ("min(last_5m):avg:x{*} > 5", "min(last_10m):avg:x{*} > 5", later("min", "10m", "5m")),
        ("max(last_10m):avg:x{*} > 5", "max(last_5m):avg:x{*} > 5", later("max", "5m", "10m")),
        ("max(last_5m):avg:x{*} < 5", "max(last_1d):avg:x{*} < 5", later("max", "1d", "5m")),
        (
            "sum(last_10m):sum:x{*}.as_count() > 5",
            "sum(last_5m):sum:x{*}.as_count() > 5",
            later("sum", "5m", "10m"),
        ),
        (
            "sum(last_5m):sum:x{*}.as_count() < 5",
            "sum(last_1h):sum:x{*}.as_count() < 5",
            later("sum", "1h", "5m"),
        ),
        (
            "change(avg(last_5m),last_1h):avg:x{*} > 5",
            "change(avg(last_30m),last_1h):avg:x{*} > 5",
            later("avg", "30m", "5m"),
        ),
    ] {
        check_twins(metric(before), metric(after), &expected);
    }
    let logs = |window: &str| json!({"type": "log alert", "query": format!("logs(\"service:a\").index(\"*\").rollup(\"count\").last({window:?}) > 5")});
    check_twins(logs("1h"), logs("5m"), &later("count", "5m", "1h"));
    // The same in a second, any event at once, and a horizon.
    for (one, other) in [
        ("sum(last_10m):sum:x{*}.as_count() > 10", "sum(last_5m):sum:x{*}.as_count() > 5"),
        ("sum(last_10m):sum:x{*}.as_count() > 0", "sum(last_5m):sum:x{*}.as_count() > 0"),
        (
            "max(next_1w):forecast(avg:x{*}, 'linear', 1) > 5",
            "max(next_2w):forecast(avg:x{*}, 'linear', 1) > 5",
        ),
    ] {
        check_update(metric(one), metric(other), &[]);
    }
    let anomalies = |query: &str, trigger: &str| {
        json!({
            "query": format!("avg({query}):anomalies(avg:x{{*}}, 'basic', 2) >= 1"),
            "options": {"threshold_windows": {"trigger_window": trigger}},
        })
    };
    check_update(anomalies("last_4h", "last_15m"), anomalies("last_1d", "last_15m"), &[]);
    check_twins(
        anomalies("last_4h", "last_15m"),
        anomalies("last_4h", "last_1h"),
        "window-longer: It alerts later: `options.threshold_windows.trigger_window` goes from last_15m to last_1h",
    );
}

#[test]
fn aggregations() {
    let harder =
        |what: &str| format!("aggregation-harder: It is harder to meet: the aggregation over {what}");
    let all = ": every value must be beyond the threshold";
    for (before, after, expected) in [
        ("avg(last_5m):avg:x{*} > 5", "min(last_5m):avg:x{*} > 5", format!("time goes from avg to min{all}")),
        ("max(last_5m):avg:x{*} > 5", "avg(last_5m):avg:x{*} > 5", "time goes from max to avg".to_owned()),
        ("min(last_5m):avg:x{*} < 5", "max(last_5m):avg:x{*} < 5", format!("time goes from min to max{all}")),
        ("sum(last_5m):sum:x{*} > 5", "avg(last_5m):sum:x{*} > 5", "time goes from sum to avg".to_owned()),
        (
            "avg(last_5m):max:x{*} by {host} > 5",
            "avg(last_5m):avg:x{*} by {host} > 5",
            "sources goes from max to avg".to_owned(),
        ),
        (
            "avg(last_5m):default_zero(p99:x{*}) > 5",
            "avg(last_5m):default_zero(p50:x{*}) > 5",
            "sources goes from p99 to p50".to_owned(),
        ),
    ] {
        check_twins(metric(before), metric(after), &harder(&expected));
    }
    // Another metric, less that is more, another number with another size, a percentile beside a mean.
    for (one, other) in [
        ("avg(last_5m):max:x{*} > 5", "avg(last_5m):avg:y{*} > 5"),
        ("avg(last_5m):100 - max:x{*} > 5", "avg(last_5m):100 - avg:x{*} > 5"),
        ("avg(last_5m):sum:x{*} / sum:y{*} > 5", "avg(last_5m):avg:x{*} / avg:y{*} > 5"),
        ("sum(last_5m):sum:x{*} > 500", "avg(last_5m):sum:x{*} > 5"),
        ("avg(last_5m):avg:x{*} > 5", "avg(last_5m):p50:x{*} > 5"),
        ("avg(last_5m):avg:x{*} > 5", "avg(last_5m) : avg:x{*} > 5"),
    ] {
        check_update(metric(one), metric(other), &[]);
    }
}

#[test]
fn less_is_looked_at() {
    let query = |scope: &str| metric(&format!("avg(last_5m):sum:x{{{scope}}} > 5"));
    let narrower = "scope-narrowed: The query looks at less: its scope adds `team:x`";
    for (before, after) in
        [("env:prod", "env:prod,team:x"), ("*", "team:x"), ("a IN (b)", "team:x AND a IN (b)")]
    {
        check_update(query(before), query(after), &[narrower]);
    }
    for (before, after) in
        [("env:prod,team:x", "team:x,env:prod"), ("env:prod", "team:x"), ("a:b", "a:b OR team:x")]
    {
        check_update(query(before), query(after), &[]);
    }
    let logs = |search: &str| json!({"type": "log alert", "query": format!("logs({search:?}).index(\"*\").rollup(\"count\").last(\"5m\") > 5")});
    check_update(logs("service:a"), logs("service:a team:x"), &[narrower]);
    check_update(
        logs("service:a team:x"),
        logs("service:a"),
        &["scope-widened: The query's scope is wider: it loses `team:x`"],
    );
    check_update(logs("service:a OR service:b"), logs("service:a OR service:b OR team:x"), &[]);
    check_update(logs("error"), logs("error \"in vain\""), &[]);
}

#[test]
fn what_is_not_heard() {
    let with = |options: Value| json!({"query": "avg(last_5m):x{*} > 5", "options": options});
    check_twins(
        with(json!({"renotify_interval": 30})),
        with(json!({"renotify_interval": 0})),
        "reminder-off: Nobody is reminded of an alert that lasts: it was repeated every 30 minutes",
    );
    check_update(with(json!({"renotify_interval": 30})), with(json!({"renotify_interval": 60})), &[]);
    check_twins(
        json!({"draft_status": "published"}),
        json!({"draft_status": "draft"}),
        "draft: It becomes a draft, which notifies nobody",
    );
    check_twins(
        with(json!({"silenced": {}})),
        with(json!({"silenced": {"*": 1_900_000_000}})),
        "muted: It is muted: all of it",
    );
    check_update(with(json!({"silenced": {"host:a": null}})), with(json!({"silenced": {"host:a": 5}})), &[]);
    check_twins(
        with(json!({})),
        with(json!({"evaluation_delay": 900})),
        "delay-raised: It evaluates later: `options.evaluation_delay` goes from 0 to 900 seconds",
    );
    check_twins(
        json!({"priority": 1}),
        json!({"priority": 5}),
        "urgency-lowered: It is less urgent: from P1 to P5, and may be routed elsewhere",
    );
    check_twins(
        json!({"priority": 2}),
        json!({}),
        "urgency-lowered: It is less urgent: from P2 to none, and may be routed elsewhere",
    );
}

#[test]
fn blocks_that_never_show() {
    let body = |message: &str, thresholds: Value| json!({"query": "avg(last_5m):x{*} > 5", "message": message, "options": {"thresholds": thresholds}});
    let alone = || json!({"critical": 5});
    let never = "recipient-unreachable: No longer notified, in a block that never shows: `@pagerduty-x`";
    let hidden = "{{#is_warning}} @pagerduty-x {{/is_warning}}";
    check_twins(body("@pagerduty-x", alone()), body(hidden, alone()), never);
    check_twins(
        body("{{#is_alert}}@pagerduty-x{{/is_alert}}", alone()),
        body("{{#is_renotify}}@pagerduty-x{{/is_renotify}}", alone()),
        never,
    );
    for (message, thresholds) in [
        ("{{#is_alert}}@pagerduty-x{{/is_alert}}", alone()),
        ("{{#is_warning}}a{{else}}@pagerduty-x{{/is_warning}}", alone()),
        ("{{^is_warning}}@pagerduty-x{{/is_warning}}", alone()),
        ("{{#is_warning}}@pagerduty-x{{/is_warning}} @pagerduty-x", alone()),
        (hidden, json!({"critical": 5, "warning": 4})),
    ] {
        check_update(body("@pagerduty-x", thresholds.clone()), body(message, thresholds), &[]);
    }
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
    check("metric_tags", Action::Update, tags(json!(["a", "b"]), false), tags(json!(["b"]), false), &[said]);
    check("metric_tags", Action::Update, tags(json!(["b"]), false), tags(json!(["a", "b"]), false), &[]);
    check("metric_tags", Action::Update, tags(json!(["b"]), true), tags(json!(["a", "b"]), true), &[said]);
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
fn who_belongs_to_a_team_no_more_is_told() {
    let crew = |members: Value| json!({"name": "Crew", "handle": "crew", "members": members});
    let both = || crew(json!([{"user": "a", "role": "admin"}, {"user": "b"}]));
    let lost = "access-changed: They belong to the team no more: `a`";
    let no_admin = "access-changed: The team has no admin any more, but those of an identity provider";
    check("teams", Action::Update, both(), crew(json!([{"user": "b", "role": "admin"}])), &[lost]);
    check("teams", Action::Update, both(), crew(json!([{"user": "b"}])), &[no_admin, lost]);
    check("teams", Action::Update, both(), crew(json!([{"user": "a"}, {"user": "b"}])), &[no_admin]);
    // It never had one, or nobody here says who belongs to it.
    check("teams", Action::Update, crew(json!([{"user": "b"}])), both(), &[]);
    let bare = json!({"name": "Crew", "handle": "crew"});
    check("teams", Action::Update, bare.clone(), bare, &[]);
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
        (group(true, "service:a", json!(["logs", "apm"]), 50), "It looks at a smaller share of `logs`: 50 %"),
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
