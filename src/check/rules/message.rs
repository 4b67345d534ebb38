//! Messages: their variables, the numbers that they tell, and where they send people.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use super::threshold::comparison;
use crate::check::alert::{MESSAGE, Subject, VARIABLES};
use crate::check::finding::{Findings, listed};
use crate::check::message::Message;
use crate::diagnostic::did_you_mean;
use crate::pointer::{member, objects};
use crate::query::{ChainHead, Grammar, Monitor};

/// Names that begin what an event brings with it, whatever the query groups by
/// (docs.datadoghq.com/monitors/notify/variables, matching attribute and tag variables).
const OF_EVENTS: [&str; 22] = [
    "log",
    "event",
    "span",
    "rum",
    "ci",
    "audit",
    "issue",
    "error",
    "cost",
    "check",
    "warn",
    "alert",
    "ok",
    "network",
    "synthetics",
    "process",
    "cipipeline",
    "citest",
    "databasemonitoring",
    "finding",
    "networkpath",
    "trace",
];

/// The key that a variable asks for: `host` of `host.name`, `@http.status` of `[@http.status].name`,
/// `service` of `#is_match "service.name" "x"`.
fn asked(inside: &str) -> Option<&str> {
    let inside = inside.trim();
    let variable = match inside.strip_prefix('#') {
        Some(block) => block.split('"').nth(1).filter(|_| block.starts_with("is_"))?,
        None => inside,
    };
    let key = match variable.strip_prefix("host.") {
        // A host brings its own tags and facts.
        Some(_) => "host",
        None => variable.strip_suffix(".name")?,
    };
    let key = key.strip_prefix('[').and_then(|key| key.strip_suffix(']')).unwrap_or(key);
    let plain = |c: char| c.is_alphanumeric() || "_-./@".contains(c);
    let of_event = OF_EVENTS.contains(&key.split('.').next().unwrap_or_default());
    (!key.is_empty() && key.chars().all(plain) && !of_event).then_some(key)
}

/// Keys that a message may name: of the grouping, and of the scope. `None` where they can't be known.
fn keys(subject: &Subject<'_>) -> Option<BTreeSet<String>> {
    let (alert, tree) = (subject.alert.as_ref()?, subject.tree()?);
    let grammar = alert.class?.grammar;
    let mut keys: BTreeSet<String> = tree.group_keys().into_iter().map(|key| key.value).collect();
    match tree {
        Monitor::Metric(metric) => {
            for metric in metric.expr.value.metrics() {
                let scope = metric.value.scope.as_ref();
                keys.extend(
                    scope
                        .iter()
                        .flat_map(|scope| scope.value.tags())
                        .filter_map(|(tag, _)| Some(tag.key?.value)),
                );
            }
        }
        Monitor::Chain(chain) if grammar == Grammar::Check => {
            // The groups of many checks are known to the service without being named.
            chain.method("by")?;
            let over = chain.method("over").into_iter().flat_map(|over| over.value.words());
            keys.extend(over.filter_map(|word| Some(word.value.split_once(':')?.0.to_owned())));
        }
        Monitor::Chain(chain) if matches!(chain.head.value, ChainHead::Formula { .. }) => {
            for variable in &alert.variables {
                let tree = variable.parsed.tree.as_ref()?;
                keys.extend(tree.group_keys().into_iter().map(|key| key.value.clone()));
                let scopes = tree.metrics().into_iter().filter_map(|metric| metric.value.scope.as_ref());
                keys.extend(
                    scopes.flat_map(|scope| scope.value.tags()).filter_map(|(tag, _)| Some(tag.key?.value)),
                );
            }
            facets(subject.find(VARIABLES)?, &mut keys);
        }
        Monitor::Chain(chain) if chain.slo_id().is_none() => {
            let terms = chain.search().map(|search| search.terms).unwrap_or_default();
            keys.extend(terms.into_iter().filter_map(|term| Some(term.value.key?.value)));
        }
        _ => return None,
    }
    // A host brings all of its tags, and `*` groups by whatever tags there are.
    if keys.contains("host") || keys.contains("*") || groups_by_all(tree) {
        return None;
    }
    Some(keys.into_iter().map(|key| bare(&key).to_owned()).collect())
}

/// `.by("*")`.
fn groups_by_all(tree: &Monitor) -> bool {
    let Monitor::Chain(chain) = tree else { return false };
    chain.method("by").is_some_and(|by| {
        by.value.words().iter().any(|word| word.value.split(',').any(|key| key.trim() == "*"))
    })
}

fn bare(key: &str) -> &str {
    key.trim_start_matches('@')
}

/// The facets that searches among the variables of a formula group by.
fn facets(variables: &Value, keys: &mut BTreeSet<String>) {
    objects(variables, "", &mut |_, map| {
        keys.extend(map.get("facet").and_then(Value::as_str).map(str::to_owned));
        let groups = map.get("group_by").and_then(Value::as_array).into_iter().flatten();
        keys.extend(groups.filter_map(Value::as_str).map(str::to_owned));
        true
    });
}

pub fn variables(subject: &Subject<'_>, found: &mut Findings) {
    // Most messages ask for none.
    let asks = |message: &Message<'_>| {
        message.braced.iter().any(|range| asked(&message.text[range.clone()]).is_some())
    };
    if !subject.messages.iter().any(asks) {
        return;
    }
    let Some(keys) = keys(subject) else { return };
    let known: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
    for Message { pointer, text, braced, .. } in &subject.messages {
        for range in braced {
            // A key with a dot in it may be written without brackets: `by {host.name}`, `{{host.name}}`.
            let whole = text[range.clone()].trim();
            let is_known = |key: &&str| known.contains(bare(key)) || known.contains(whole);
            let Some(key) = asked(&text[range.clone()]).filter(|key| !is_known(key)) else {
                continue;
            };
            let effect = if whole.starts_with('#') { "never matches" } else { "stays empty" };
            let said =
                format!("`{{{{{whole}}}}}` {effect}: the query neither groups by `{key}` nor names it");
            let help = match did_you_mean(key, known.iter().copied()) {
                Some(meant) => format!("did you mean `{{{{{meant}.name}}}}`?"),
                None if known.is_empty() => {
                    format!("group the query `by {{{key}}}`, or take the variable out")
                }
                None => format!("the query knows {}", listed(&known)),
            };
            found.within((pointer, range), said, help);
        }
    }
}

/// Words that a number behind them makes a threshold.
const COMPARING: [&str; 16] = [
    "more than",
    "less than",
    "fewer than",
    "greater than",
    "higher than",
    "lower than",
    "above",
    "below",
    "over",
    "under",
    "exceeds",
    "exceeded",
    "at least",
    "at most",
    ">=",
    "<=",
];

/// Words behind a number that make it a length of time, or a count of something else.
const OTHER_UNITS: [&str; 16] = [
    "minute",
    "min",
    "hour",
    "day",
    "week",
    "month",
    "second",
    "sec",
    "hr",
    "times",
    "consecutive",
    "m ",
    "h ",
    "d ",
    "host",
    "of the",
];

/// What a number may be multiplied by when people write it: percent, thousands, units of time and of memory.
const SCALES: [f64; 10] = [1.0, 100.0, 1e3, 1e6, 1e9, 60.0, 3600.0, 1024.0, 1_048_576.0, 1_073_741_824.0];

/// A message that compares with a number which is none of the thresholds, in whatever unit.
pub fn threshold(subject: &Subject<'_>, found: &mut Findings) {
    let Some((_, number)) = comparison(subject) else { return };
    let Some(message) = subject.text(MESSAGE) else { return };
    let options = subject.options().and_then(|options| member(options, "thresholds")?.as_object());
    let mut numbers: Vec<f64> =
        options.into_iter().flat_map(|map| map.values().filter_map(Value::as_f64)).collect();
    numbers.push(number);
    let reported = numbers_shown(message);
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-6 * a.abs().max(b.abs());
    let fits = |reported: f64| {
        numbers.iter().any(|own| {
            SCALES.iter().any(|scale| close(reported, own * scale) || close(reported * scale, *own))
        })
    };
    // One that fits shows that the message tells the threshold; the others then mean something else.
    if reported.is_empty() || reported.iter().any(|(value, _)| fits(*value)) {
        return;
    }
    let (value, range) = &reported[0];
    let text = format!("The message compares with `{value}`, and the threshold is `{number}`");
    found.within(
        (MESSAGE, range),
        text,
        "write `{{threshold}}`, which Datadog fills in, or correct the number",
    );
}

/// What stands before a word at the end of a text, upper and lower case being one.
fn before_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (before, last) = text.split_at_checked(text.len().checked_sub(word.len())?)?;
    last.eq_ignore_ascii_case(word).then_some(before)
}

fn begins(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|first| first.eq_ignore_ascii_case(word))
}

/// The first digit of a text. Most bytes are none: they are looked at by many at once.
fn digit(bytes: &[u8]) -> Option<usize> {
    const MANY: usize = 32;
    let is_one = |part: &&[u8]| part.iter().fold(false, |seen, byte| seen | byte.is_ascii_digit());
    let part = bytes.chunks(MANY).position(|part| is_one(&part))?;
    let within = bytes[part * MANY..].iter().position(u8::is_ascii_digit)?;
    Some(part * MANY + within)
}

/// Numbers that a comparing word stands before, with their bytes.
fn numbers_shown(message: &str) -> Vec<(f64, Range<usize>)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = digit(&message.as_bytes()[from..]).map(|at| from + at) {
        let is_behind = |byte: &u8| !byte.is_ascii_digit() && *byte != b'.';
        let length = message.as_bytes()[start..].iter().position(is_behind);
        from = length.map_or(message.len(), |length| start + length);
        let number = message[start..from].trim_end_matches('.');
        let before = message[..start].trim_end_matches([' ', '$', '~', '`', '*']);
        let apart = before.len() < start;
        if !apart && !before.ends_with('=') {
            continue;
        }
        let compares = COMPARING.iter().any(|word| {
            let Some(rest) = before_word(before, word) else { return false };
            !rest.ends_with(char::is_alphanumeric)
        });
        let behind = message[from..].trim_start();
        if compares
            && !OTHER_UNITS.iter().any(|unit| begins(behind, unit))
            && let Ok(value) = number.parse()
        {
            found.push((value, start..start + number.len()));
        }
    }
    found
}

pub fn runbook(subject: &Subject<'_>, found: &mut Findings) {
    let Some(message) = subject.text(MESSAGE) else { return };
    let has_link = message.contains("https://") || message.contains("http://");
    let asset = subject.items("/assets").next().is_some();
    if subject.alert.is_some() && !has_link && !asset && !subject.estate.is_spoken_for(subject.at) {
        let text = format!(
            "The message of `{}` has no link: whoever is woken has nowhere to begin",
            subject.resource.address
        );
        found.add(MESSAGE, text, "add the URL of a runbook");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_ask_for_keys() {
        for (inside, expected) in [
            ("host.name", Some("host")),
            ("host.env", Some("host")),
            (" service.name ", Some("service")),
            ("[@http.status].name", Some("@http.status")),
            ("#is_match \"service.name\" \"x\"", Some("service")),
            ("#is_alert", None),
            ("/is_alert", None),
            ("value", None),
            ("log.service.name", None),
            ("eval \"a.name\"", None),
            ("", None),
        ] {
            assert_eq!(asked(inside), expected, "{inside}");
        }
    }

    #[test]
    fn numbers_behind_comparing_words() {
        for (message, expected) in [
            ("more than 5 errors, above 7.5%.", &[5.0, 7.5][..]),
            ("for more than 5 minutes", &[]),
            ("over10, moreover 3", &[]),
            (">= 3 and >=4", &[3.0, 4.0]),
            ("above {{threshold}}", &[]),
            ("at least 2 hosts", &[]),
            ("more than", &[]),
        ] {
            let found: Vec<f64> = numbers_shown(message).into_iter().map(|(value, _)| value).collect();
            assert_eq!(found, expected, "{message}");
        }
    }
}
