//! Fields that are required, bounded, or exclude each other.

use serde_json::{Map, Value};

use super::{form, spelling};
use crate::check::alert::{QUERY, Subject, VARIABLES};
use crate::check::finding::{Finding, Findings, listed};
use crate::config::RuleLevel;
use crate::diagnostic::did_you_mean;
use crate::kind::Field;
use crate::pointer::{find, matching, member, objects};
use crate::query::{Expr, Grammar, Head, Monitor, MonitorType, Operator, Window};
use crate::source::short;

pub fn required(subject: &Subject<'_>, found: &mut Findings) {
    for field in &subject.asked.required {
        let level = match **field {
            Field { required: true, .. } => RuleLevel::Error,
            // Recorded updates of live objects leave them out.
            Field { required_at_create: true, .. } if subject.resource.directives.adopt.is_some() => {
                RuleLevel::Warn
            }
            Field { required_at_create: true, .. } => RuleLevel::Error,
            _ => continue,
        };
        let Some((above, name)) = field.at.rsplit_once('/') else { continue };
        if above.is_empty() {
            if let Some(members) = lacking(subject.body, name) {
                lacks(subject, (above, name), ("", members), found).level(level);
            }
            continue;
        }
        for pointer in matching(above, subject.body) {
            if let Some(members) = find(subject.body, &pointer).and_then(|value| lacking(value, name)) {
                lacks(subject, (above, name), (&pointer, members), found).level(level);
            }
        }
    }
    form::required_inside(subject, found);
}

/// The members of an object without one of a name.
fn lacking<'v>(value: &'v Value, name: &str) -> Option<&'v Map<String, Value>> {
    value.as_object().filter(|members| member(members, name).is_none_or(Value::is_null))
}

/// Reports a field that is not there, or is misspelled.
fn lacks<'f>(
    subject: &Subject<'_>,
    (above, name): (&str, &str),
    (pointer, members): (&str, &Map<String, Value>),
    found: &'f mut Findings,
) -> &'f mut Finding {
    if let Some(at) = spelling::misspelled(subject, (above, name), (pointer, members), found) {
        return &mut found.list[at];
    }
    let whose = match pointer {
        "" => format!("`{}`", subject.resource.address),
        inside => format!("`{}`", inside.trim_start_matches('/').replace('/', ".")),
    };
    let text = format!("{whose} has no `{name}`, which the service requires");
    found.add(&format!("{pointer}/{name}"), text, format!("add `{name}:`"))
}

pub fn bounds(subject: &Subject<'_>, found: &mut Findings) {
    // Items of lists are judged by rules of their own.
    let is_alone = |field: &Field| !field.at.contains('*');
    for (place, field) in subject.places.fields().filter(|(_, field)| field.strict && is_alone(field)) {
        let (least, most) = field.bounds();
        let outside = |number: &f64| {
            least.is_some_and(|least| *number < least.into())
                || most.is_some_and(|most| *number > most.into())
        };
        let Some(number) = place.value.as_f64().filter(outside) else { continue };
        let name = name(field.at);
        let range = match (least, most) {
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("{least} or more"),
            (None, most) => format!("{} or less", most.unwrap_or_default()),
        };
        let text = format!("`{name}` is `{number}`, and the service takes {range}");
        found.add(field.at, text, "choose a number in that range, or leave the option out");
    }
    let is_rewritten = |field: &Field| !field.rewritten.is_empty() && is_alone(field);
    for (place, field) in subject.places.fields().filter(|(_, field)| is_rewritten(field)) {
        let rewritten = |c: char| field.rewritten.contains(c);
        let Some(text) = place.value.as_str().filter(|text| text.contains(rewritten)) else { continue };
        let kept = text.replace(rewritten, "_");
        let name = name(field.at);
        let words = format!("The service keeps the {name} `{}` as `{}`", short(text), short(&kept));
        found.add(field.at, words, format!("write `{}`", short(&kept)));
    }
    for (place, field) in subject.places.fields() {
        let Some((least, most)) = field.duration.filter(|_| is_alone(field)) else { continue };
        let (pointer, Some(text)) = (field.at, place.value.as_str()) else { continue };
        if Window::read(text).is_some_and(|length| length.seconds < least || length.seconds > most) {
            let name = name(pointer);
            let (least, most) = (least / 3600, most / 3600);
            let text = format!("`{name}` is `{text}`, and the service takes {least} to {most} hours");
            found.add(pointer, text, format!("write a length such as `{most}h`"));
        }
    }
}

/// What the kind's row says of fields that don't fit each other.
pub fn conflicts(subject: &Subject<'_>, found: &mut Findings) {
    for wrong in subject.kind.quirks.wrongs {
        if let Some((text, help)) = (wrong.judge)(subject.body) {
            found.add(wrong.at, text, help).follows = Some(wrong.at.to_owned()).filter(|at| !at.is_empty());
        }
    }
}

fn name(pointer: &str) -> &str {
    pointer.trim_start_matches("/options/").trim_start_matches('/')
}

fn is_composite(class: Option<&MonitorType>) -> bool {
    class.is_some_and(|class| class.grammar == Grammar::Composite)
}

/// `on_missing_data` takes the place of `notify_no_data` and `no_data_timeframe`.
pub fn missing_data(subject: &Subject<'_>, found: &mut Findings) {
    const AT: &str = "/options/on_missing_data";
    // "default" is what the service drops (1 recording).
    let Some(chosen) = subject.text(AT).filter(|chosen| *chosen != "default") else { return };
    let options = subject.options();
    let option = |name: &str| options.and_then(|options| member(options, name));
    if subject.alert.as_ref().is_some_and(|alert| is_composite(alert.class)) {
        let text = "A composite has no data of its own that could be missing".to_owned();
        found.add(AT, text, "take `on_missing_data` out; its members have theirs");
    } else if option("notify_no_data").and_then(Value::as_bool) == Some(true) {
        let text = format!(
            "`on_missing_data: {chosen}` and `notify_no_data: true` say two things about missing data"
        );
        found
            .add(AT, text, "take `notify_no_data` out; `show_and_notify_no_data` is its new name")
            .also("the other one", "/options/notify_no_data");
    } else if option("no_data_timeframe").and_then(Value::as_f64).is_some_and(|minutes| minutes > 0.0) {
        let text =
            "`on_missing_data` has no `no_data_timeframe`: it waits as long as the query's window".to_owned();
        found
            .add(AT, text, "take `no_data_timeframe` out")
            .also("the other one", "/options/no_data_timeframe");
    } else if chosen == "resolve"
        && option("timeout_h").and_then(Value::as_f64).is_some_and(|hours| hours > 0.0)
    {
        // A peer refuses it (kennel, `configure_no_data`); what the service says is not known.
        let text = "`on_missing_data: resolve` resolves at once, and `timeout_h` hours later".to_owned();
        found
            .add(AT, text, "take `timeout_h` out")
            .also("the other one", "/options/timeout_h")
            .level(RuleLevel::Warn);
    } else if chosen.starts_with("show_")
        && subject.tree().and_then(Monitor::expr).is_some_and(|expr| is_never_missing(&expr.value))
    {
        // To resolve is another matter: a group that is gone is not filled with zeros for ever.
        let text =
            format!("`default_zero` leaves no data missing: `on_missing_data: {chosen}` never applies");
        found.add(AT, text, "take one of them out").also("the query", QUERY).level(RuleLevel::Warn);
    }
}

/// Whether a query has a value at any time: all of its parts stand in `default_zero(…)`, and nothing divides by zero.
fn is_never_missing(expr: &Expr) -> bool {
    match expr {
        Expr::Term(term) => match &term.head.value {
            Head::Call(call) => call.name.value == "default_zero",
            Head::Brackets(inside) => is_never_missing(&inside.value),
            _ => false,
        },
        Expr::Signed { of, .. } => is_never_missing(&of.value),
        Expr::Chain { first, rest } => {
            let is_number =
                |expr: &Expr| matches!(expr, Expr::Term(term) if matches!(term.head.value, Head::Number(_)));
            let divides = rest.iter().any(|(operator, of)| {
                matches!(operator.value, Operator::Divide | Operator::Remainder) && !is_number(&of.value)
            });
            let parts = || [&**first].into_iter().chain(rest.iter().map(|(_, operand)| operand));
            let holds = |part: &Expr| is_number(part) || is_never_missing(part);
            !divides && parts().all(|part| holds(&part.value)) && !parts().all(|part| is_number(&part.value))
        }
    }
}

/// Whether a monitor alerts by groups; absent where that can't be seen.
fn groups(subject: &Subject<'_>) -> Option<bool> {
    let alert = subject.alert.as_ref()?;
    let by = match subject.tree()? {
        Monitor::Metric(metric) => !metric.expr.value.group_keys().is_empty(),
        Monitor::Chain(chain) => {
            chain.method("by").is_some()
                || alert.variables.iter().any(|variable| {
                    variable.parsed.tree.as_ref().is_none_or(|tree| !tree.group_keys().is_empty())
                })
        }
        Monitor::Composite(_) | Monitor::Opaque => return None,
    };
    let mut in_variables = false;
    if let Some(list) = subject.find(VARIABLES) {
        objects(list, VARIABLES, &mut |_, map| {
            in_variables |=
                map.get("group_by").is_some_and(|by| by.as_array().is_none_or(|by| !by.is_empty()));
            true
        });
    }
    Some(by || in_variables)
}

/// The service refuses it for a monitor that alerts once for all; none and 0 pass.
pub fn new_group_delay(subject: &Subject<'_>, found: &mut Findings) {
    const AT: &str = "/options/new_group_delay";
    let Some(delay) = subject.number(AT).filter(|delay| *delay > 0.0) else { return };
    if groups(subject) == Some(false) {
        let text = format!("`new_group_delay` is `{delay}`, and the query does not group");
        found.add(AT, text, "take it out, or group the query `by {…}`").also("the query", QUERY);
    }
}

/// Options that only another option gives a meaning. The refusal of the first two is known: `The renotify_occurrences
/// option can only be used if renotify_interval is set` (terraform-provider-datadog, pull request 2820).
const OF_RENOTIFY: [(&str, RuleLevel); 3] = [
    ("renotify_occurrences", RuleLevel::Error),
    ("renotify_statuses", RuleLevel::Warn),
    ("escalation_message", RuleLevel::Warn),
];

pub fn renotify(subject: &Subject<'_>, found: &mut Findings) {
    let Some(options) = subject.options() else { return };
    let interval = member(options, "renotify_interval").filter(|interval| !interval.is_null());
    // 0 and "0" (in exports) mean never.
    let never =
        interval.is_none_or(|interval| interval.as_f64() == Some(0.0) || interval.as_str() == Some("0"));
    if let Some(minutes) = interval.and_then(Value::as_f64).filter(|minutes| *minutes < 0.0) {
        let text = format!("`renotify_interval` is `{minutes}`: it is in minutes, and 0 means never");
        let help = "write how many minutes lie between two reminders";
        found.add("/options/renotify_interval", text, help).level(RuleLevel::Warn);
    }
    for (name, level) in OF_RENOTIFY.into_iter().filter(|_| never) {
        let says = member(options, name).is_some_and(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.trim().is_empty(),
            Value::Array(list) => !list.is_empty(),
            Value::Number(count) => count.as_f64() != Some(0.0),
            _ => true,
        });
        if says {
            let text = format!("`{name}` has no effect: without `renotify_interval` nobody is reminded");
            let finding = found.add(
                &format!("/options/{name}"),
                text,
                "set `renotify_interval`, in minutes, or take it out",
            );
            finding.follows("/options/renotify_interval");
            finding.level(if interval.is_none() { level } else { RuleLevel::Warn });
        }
    }
}

/// Monitors that another API of the service makes and changes (`Cannot directly update a Synthetics Monitor, use
/// Synthetics API instead.`).
pub fn made_elsewhere(subject: &Subject<'_>, found: &mut Findings) {
    let class = subject.alert.as_ref().and_then(|alert| alert.class);
    if let Some(class) = class.filter(|class| class.grammar == Grammar::Opaque) {
        let text = format!(
            "A `{}` is made and changed by the Synthetics API alone: it belongs to its test",
            class.name
        );
        let help = "take the definition out; change the name, message and options of the test instead";
        found.add("/type", text, help);
    }
}

/// Grammars whose groups may be kept for a while (OpenAPI, `MonitorOptions`): those of events.
pub fn retention(subject: &Subject<'_>, found: &mut Findings) {
    const AT: &str = "/options/group_retention_duration";
    let class = subject.alert.as_ref().and_then(|alert| alert.class);
    let Some(class) =
        class.filter(|class| matches!(class.grammar, Grammar::Metric | Grammar::Check | Grammar::Composite))
    else {
        return;
    };
    if subject.find(AT).is_some_and(|value| !value.is_null()) {
        let text = format!(
            "`group_retention_duration` is there for monitors of events, not for the type `{}`",
            class.name
        );
        found.add(AT, text, "take it out");
    }
}

/// `notify_by` names keys that the query groups by.
pub fn notify_by(subject: &Subject<'_>, found: &mut Findings) {
    const AT: &str = "/options/notify_by";
    let (Some(alert), Some(tree), Some(_)) = (&subject.alert, subject.tree(), subject.find(AT)) else {
        return;
    };
    let grammar = alert.class.map(|class| class.grammar);
    if !matches!(grammar, Some(Grammar::Metric | Grammar::Chain)) || !alert.variables.is_empty() {
        return;
    }
    let keys = tree.group_keys();
    // A formula groups in its variables.
    if subject.find(VARIABLES).is_some() {
        return;
    }
    let known: std::collections::BTreeSet<&str> = keys.iter().map(|key| bare(&key.value)).collect();
    for (pointer, item) in subject.items(AT) {
        let Some(key) = item.as_str().filter(|key| *key != "*" && !known.contains(bare(key))) else {
            continue;
        };
        let text = format!("`notify_by` names `{key}`, and the query does not group by it");
        let help = match did_you_mean(key, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if known.is_empty() => "group the query `by {…}`, or take `notify_by` out".to_owned(),
            None => format!("the query groups by {}; `*` notifies once for all", listed(&known)),
        };
        found.add(&pointer, text, help).also("the query", QUERY);
    }
}

/// A key without what marks it as an attribute.
fn bare(key: &str) -> &str {
    key.trim_start_matches('@')
}
