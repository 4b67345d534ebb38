//! Fields that are required, bounded, or exclude each other.

use serde_json::Value;

use crate::check::alert::{QUERY, Subject, VARIABLES};
use crate::check::finding::{Findings, listed};
use crate::config::RuleLevel;
use crate::diagnostic::did_you_mean;
use crate::kind::Field;
use crate::query::{Grammar, MonitorType, Window};
use crate::source::short;

pub fn required(subject: &Subject<'_>, found: &mut Findings) {
    for field in subject.kind.fields {
        let level = match field {
            Field { required: true, .. } => RuleLevel::Error,
            // Recorded updates leave them out, so that this is no proof of a refusal.
            Field { required_at_create: true, .. } => RuleLevel::Warn,
            _ => continue,
        };
        if subject.find(field.at).is_none_or(Value::is_null) {
            let name = field.at.trim_start_matches('/');
            let text = format!("`{}` has no `{name}`, which the service requires", subject.resource.address);
            found.add(field.at, text, format!("add `{name}:`")).level(level);
        }
    }
}

pub fn bounds(subject: &Subject<'_>, found: &mut Findings) {
    for field in subject.kind.fields.iter().filter(|field| field.strict) {
        let (least, most) = field.bounds();
        let outside = |number: &f64| {
            least.is_some_and(|least| *number < least.into())
                || most.is_some_and(|most| *number > most.into())
        };
        let Some(number) = subject.number(field.at).filter(outside) else { continue };
        let name = name(field.at);
        let range = match (least, most) {
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("{least} or more"),
            (None, most) => format!("{} or less", most.unwrap_or_default()),
        };
        let text = format!("`{name}` is `{number}`, and the service takes {range}");
        found.add(field.at, text, "choose a number in that range, or leave the option out");
    }
    for field in subject.kind.fields.iter().filter(|field| !field.rewritten.is_empty()) {
        let rewritten = |c: char| field.rewritten.contains(c);
        let Some(text) = subject.text(field.at).filter(|text| text.contains(rewritten)) else { continue };
        let kept = text.replace(rewritten, "_");
        let name = name(field.at);
        let words = format!("The service keeps the {name} `{}` as `{}`", short(text), short(&kept));
        found.add(field.at, words, format!("write `{}`", short(&kept)));
    }
    let durations = subject.kind.fields.iter().filter_map(|field| Some((field.at, field.duration?)));
    for (pointer, (least, most)) in durations {
        let Some(text) = subject.text(pointer) else { continue };
        if Window::read(text).is_some_and(|length| length.seconds < least || length.seconds > most) {
            let name = name(pointer);
            let (least, most) = (least / 3600, most / 3600);
            let text = format!("`{name}` is `{text}`, and the service takes {least} to {most} hours");
            found.add(pointer, text, format!("write a length such as `{most}h`"));
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
    let option = |name: &str| options.and_then(|options| options.get(name));
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
