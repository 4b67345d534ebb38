//! Blocks of messages (`{{#is_alert}}…{{/is_alert}}`): well closed, able to fire, and around who is told.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use crate::check::alert::{MESSAGE, Subject};
use crate::check::finding::Findings;
use crate::check::message::Message;
use crate::diagnostic::did_you_mean;
use crate::query::{Comparison, Grammar, Threshold};

/// docs.datadoghq.com/monitors/notify/variables, conditional variables. A name too few costs no more than a "did you
/// mean" where one resembles it.
const CONDITIONS: [&str; 17] = [
    "is_alert",
    "is_alert_recovery",
    "is_alert_to_warning",
    "is_exact_match",
    "is_match",
    "is_no_data",
    "is_no_data_recovery",
    "is_ok",
    "is_priority",
    "is_recovery",
    "is_renotify",
    "is_test",
    "is_unknown",
    "is_unknown_recovery",
    "is_warning",
    "is_warning_recovery",
    "is_warning_to_alert",
];

/// A stretch of a message that is shown on a condition.
struct Block<'t> {
    name: &'t str,
    /// `{{^is_alert}}`, and what stands behind `{{else}}`.
    negated: bool,
    body: Range<usize>,
}

/// What is wrong with the blocks of a text: where, what, and what to do.
type Fault = (Range<usize>, String, String);

/// At most this many open blocks are searched for the one that is closed.
const NEAR: usize = 16;

/// A block that is open.
struct Open<'t> {
    name: &'t str,
    negated: bool,
    /// What stands between its braces.
    tag: Range<usize>,
    from: usize,
}

/// The blocks of a text in which this is braced, and what is wrong with them. Braces by fours quote a text: nothing is
/// said of it then.
fn blocks<'t>(text: &'t str, braced: &[Range<usize>]) -> (Vec<Block<'t>>, Vec<Fault>) {
    let (mut found, mut faults, mut open) = (Vec::new(), Vec::new(), Vec::<Open<'_>>::new());
    let is_of_block = |tag: &Range<usize>| text[tag.clone()].trim_start().starts_with(['#', '^', '/']);
    if !braced.iter().any(is_of_block) || memchr::memmem::find(text.as_bytes(), b"{{{{").is_some() {
        return (found, faults);
    }
    for tag in braced.iter().cloned() {
        let inside = text[tag.clone()].trim();
        let name = |rest: &'_ str| named(rest.trim_start()).len();
        let (start, behind) = (tag.start - 2, tag.end + 2);
        if let Some(rest) = inside.strip_prefix(['#', '^']).filter(|rest| name(rest) > 0) {
            let rest = rest.trim_start();
            let negated = inside.starts_with('^');
            open.push(Open { name: &rest[..name(rest)], negated, tag, from: behind });
        } else if let Some(rest) = inside.strip_prefix('/') {
            let rest = rest.trim_start();
            let closes = &rest[..name(rest)];
            let near = open.iter().rev().take(NEAR).position(|block| block.name == closes);
            for forgotten in open.split_off(open.len() - near.unwrap_or(0)) {
                faults.push(unclosed(&forgotten));
            }
            match open.pop() {
                None => {
                    let said = format!("`{{{{/{}}}}}` closes no block", crate::source::short(closes));
                    faults.push((tag, said, "take it out, or open the block before it".to_owned()));
                }
                Some(block) => {
                    if near.is_none() {
                        let said = format!(
                            "The block `{{{{#{}}}}}` is closed by `{{{{/{}}}}}`",
                            crate::source::short(block.name),
                            crate::source::short(closes)
                        );
                        faults.push((tag, said, closing(block.name, closes)));
                    }
                    found.push(Block { name: block.name, negated: block.negated, body: block.from..start });
                }
            }
        } else if (inside == "else" || inside == "^")
            && let Some(block) = open.last_mut()
        {
            found.push(Block { name: block.name, negated: block.negated, body: block.from..start });
            (block.negated, block.from) = (!block.negated, behind);
        }
    }
    faults.extend(open.iter().map(unclosed));
    (found, faults)
}

/// The name that what stands behind a sign begins with.
fn named(rest: &str) -> &str {
    let ends = |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'"');
    &rest[..rest.bytes().position(ends).unwrap_or(rest.len())]
}

fn unclosed(block: &Open<'_>) -> Fault {
    let name = crate::source::short(block.name);
    let said = format!("The block `{{{{#{name}}}}}` is not closed");
    (block.tag.clone(), said, format!("write `{{{{/{name}}}}}` where it ends"))
}

/// Which of the two names was meant: the one that exists.
fn closing(opened: &str, closes: &str) -> String {
    let is_known = |name: &str| CONDITIONS.contains(&name);
    match is_known(closes) && !is_known(opened) {
        true => format!("open it by `{{{{#{}}}}}`", crate::source::short(closes)),
        false => format!("write `{{{{/{}}}}}`", crate::source::short(opened)),
    }
}

/// At most this many faults of one message are reported.
const MOST: usize = 16;

pub fn closed(subject: &Subject<'_>, found: &mut Findings) {
    for Message { pointer, text, braced, .. } in &subject.messages {
        let (_, mut faults) = blocks(text, braced);
        if faults.is_empty() {
            faults = unknown(text, braced);
        }
        faults.sort_by_key(|(at, ..)| at.start);
        for (at, said, help) in faults.into_iter().take(MOST) {
            found.within((pointer, &at), said, help);
        }
    }
}

/// Conditions whose name looks like another one's: their blocks never show.
fn unknown(text: &str, braced: &[Range<usize>]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for tag in braced {
        let Some(rest) = text[tag.clone()].trim().strip_prefix(['#', '^']) else { continue };
        let name = rest.split_whitespace().next().unwrap_or_default();
        if !name.starts_with("is") || CONDITIONS.contains(&name) {
            continue;
        }
        // Names that only look alike at their beginning are not typos.
        let near = CONDITIONS.into_iter().filter(|known| strsim::damerau_levenshtein(name, known) <= 2);
        if let Some(meant) = did_you_mean(name, near) {
            let said =
                format!("`{{{{#{}}}}}` is not a condition that musher knows", crate::source::short(name));
            faults.push((tag.clone(), said, format!("did you mean `{{{{#{meant}}}}}`?")));
        }
    }
    faults
}

/// Why a block can't fire, where it can't.
fn dead(subject: &Subject<'_>, comparison: &Comparison, name: &str) -> Option<&'static str> {
    let option = |name: &str| subject.options()?.get(name).filter(|value| !value.is_null());
    match name {
        "is_warning" | "is_warning_recovery" | "is_alert_to_warning" | "is_warning_to_alert" => {
            let thresholds = option("thresholds").and_then(Value::as_object);
            let warns = thresholds.is_some_and(|thresholds| {
                ["warning", "warning_query"]
                    .iter()
                    .any(|name| thresholds.get(*name).is_some_and(|value| !value.is_null()))
            });
            let is_static = matches!(comparison.threshold.value, Threshold::Number(_));
            (is_static && !warns).then_some("there is no `thresholds.warning`")
        }
        "is_no_data" | "is_no_data_recovery" => {
            let notifies = option("notify_no_data").is_some_and(|value| *value != Value::Bool(false));
            let shows = option("on_missing_data").is_some_and(|value| *value == "show_and_notify_no_data");
            (!notifies && !shows).then_some("nobody is notified of missing data")
        }
        "is_renotify" => {
            let interval = option("renotify_interval");
            let never = interval.is_none_or(|value| value.as_f64() == Some(0.0) || *value == "0");
            never.then_some("there is no `renotify_interval`")
        }
        _ => None,
    }
}

/// Recipients that stand nowhere but in blocks that can't fire.
pub fn unreachable(subject: &Subject<'_>, found: &mut Findings) {
    let (Some(alert), Some(message)) = (&subject.alert, subject.message()) else { return };
    let text = message.text;
    // Checks and composites warn by what they look at.
    let judged = alert.class.is_some_and(|class| matches!(class.grammar, Grammar::Metric | Grammar::Chain));
    let Some(comparison) = subject.tree().and_then(|tree| tree.comparison()).filter(|_| judged) else {
        return;
    };
    // Nearly all conditions can fire; where the blocks end is of no interest then.
    let inside = || message.braced.iter().map(|tag| text[tag.clone()].trim());
    let is_dead = |tag: &str| {
        let name = tag.strip_prefix(['#', '^']).map(|rest| named(rest.trim_start()));
        name.is_some_and(|name| dead(subject, comparison, name).is_some())
    };
    if !inside().any(|tag| tag.starts_with("#is_")) || !inside().any(is_dead) {
        return;
    }
    let (blocks, _) = blocks(text, &message.braced);
    let reasons = blocks
        .iter()
        .filter(|block| !block.negated)
        .filter_map(|block| Some((&block.body, block.name, dead(subject, comparison, block.name)?)));
    let reasons: Vec<_> = reasons.take(MOST).collect();
    if reasons.is_empty() {
        return;
    }
    let (mut alive, mut lost) = (BTreeSet::new(), Vec::new());
    for range in message.handles.iter().cloned() {
        match reasons.iter().find(|(body, ..)| body.contains(&range.start)) {
            Some((_, name, why)) => lost.push((range, *name, *why)),
            None => {
                alive.insert(&text[range]);
            }
        }
    }
    for (range, name, why) in
        lost.into_iter().filter(|(range, ..)| !alive.contains(&text[range.clone()])).take(MOST)
    {
        let handle = crate::source::short(&text[range.clone()]);
        let said = format!("`{handle}` is never notified: it stands in `{{{{#{name}}}}}`, and {why}");
        found.within((MESSAGE, &range), said, "set that option, or move the recipient out of the block");
    }
}

/// Recipients outside of all conditions, where a message has a block for recoveries: they are notified at each
/// transition.
pub fn outside(subject: &Subject<'_>, found: &mut Findings) {
    let Some(Message { text, braced, handles, .. }) = subject.message().filter(|_| subject.alert.is_some())
    else {
        return;
    };
    let (blocks, _) = blocks(text, braced);
    if !blocks.iter().any(|block| block.name.ends_with("_recovery")) {
        return;
    }
    for range in handles.iter().filter(|range| !text[(*range).clone()].ends_with('@')).take(MOST) {
        let inside = |block: &Block<'_>| block.name.starts_with("is_") && block.body.contains(&range.start);
        if !blocks.iter().any(inside) {
            let handle = crate::source::short(&text[range.clone()]);
            let said =
                format!("`{handle}` stands outside of every condition: it is notified at each transition");
            found.within(
                (MESSAGE, range),
                said,
                "put it into the blocks that it is meant for, such as `{{#is_alert}}`",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::message::braced;

    #[test]
    fn blocks_and_their_faults() {
        for (text, expect) in [
            ("{{#is_alert}}a{{/is_alert}} {{^is_match \"a.name\" \"b\"}}c{{else}}d{{/is_match}}", &[][..]),
            ("{{#is_alert}}{{#is_warning}}x{{/is_warning}}{{/is_alert}}", &[]),
            ("{{{{raw}}}}{{#is_alert}}{{{{/raw}}}}", &[]),
            ("{{value}} {{ eval \"a/b\" }}", &[]),
            ("{{#is_alert}}x{{/is_alart}}", &["The block `{{#is_alert}}` is closed by `{{/is_alart}}`"]),
            ("{{#is_alert}}x", &["The block `{{#is_alert}}` is not closed"]),
            ("x{{/is_alert}}", &["`{{/is_alert}}` closes no block"]),
            ("{{#is_alert}}{{#is_warning}}x{{/is_alert}}", &["The block `{{#is_warning}}` is not closed"]),
        ] {
            let (_, faults) = blocks(text, &braced(text));
            let said: Vec<&str> = faults.iter().map(|(_, said, _)| said.as_str()).collect();
            assert_eq!(said, expect, "{text}");
        }
    }

    #[test]
    fn conditions_that_look_like_others() {
        let unknown = |text| unknown(text, &braced(text)).len();
        assert_eq!(unknown("{{#is_alert}}{{#is_match \"a\" \"b\"}}{{#is_of_tomorrow}}{{#if x}}"), 0);
        assert_eq!(unknown("{{#is_alrt}}"), 1);
        assert_eq!(unknown("{{^isalert}}"), 1);
    }

    #[test]
    fn hostile_texts_end_soon() {
        for piece in ["{{#is_a}}", "{{/is_a}}", "{{#a}}{{/b}}", "{{else}}"] {
            let text = piece.repeat(50_000);
            let (found, faults) = blocks(&text, &braced(&text));
            assert!(found.len() + faults.len() <= 100_000, "{piece}");
        }
    }
}
