//! Who is told by rules in place of messages.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::check::message::Message;
use crate::handle::is_pager;
use crate::kind::{self, Family};
use crate::pointer::matching;
use crate::routing::passes;
use crate::source::short;

/// "Recipient handle should not start with '@'" (2 recordings).
pub fn at_signs(subject: &Subject<'_>, found: &mut Findings) {
    if !subject.is(Family::Routing) {
        return;
    }
    for list in subject.kind.paths(|field| field.recipients) {
        for pointer in matching(&format!("{list}/*"), subject.body) {
            let Some(name) = subject.body.pointer(&pointer).and_then(Value::as_str) else { continue };
            if let Some(bare) = name.strip_prefix('@') {
                let text = format!("The recipient `{}` begins with `@`, as in a message", short(name));
                found.add(&pointer, text, format!("write `{}`", short(bare)));
            }
        }
    }
}

/// Whether a rule that is declared tells somebody of an alert.
pub fn is_routed(subject: &Subject<'_>) -> bool {
    let tags = tags(subject);
    subject.estate.routings.iter().any(|(_, rule)| passes(rule, &tags))
}

fn tags<'a>(subject: &Subject<'a>) -> BTreeSet<&'a str> {
    let tags = subject.find("/tags").and_then(Value::as_array).into_iter().flatten();
    tags.filter_map(Value::as_str).collect()
}

/// A recipient of a message whom a rule tells too, and two that wake people. A rule counts whose tags the alert bears
/// itself: what its groups add is not known here.
pub fn twice(subject: &Subject<'_>, found: &mut Findings) {
    if !subject.is(Family::Alert) || subject.estate.routings.is_empty() {
        return;
    }
    let tags = tags(subject);
    for (at, rule) in &subject.estate.routings {
        let address = &subject.estate.resources[*at].address;
        if !passes(rule, &tags) {
            continue;
        }
        let recipients = recipients(address.section(), rule);
        let pager = recipients.iter().find(|name| is_pager(name));
        for Message { pointer, text, handles, .. } in &subject.messages {
            for range in handles {
                let name = text[range.clone()].trim_start_matches('@');
                let other = if recipients.contains(name) {
                    format!("The rule `{address}` tells `@{}` too", short(name))
                } else if let Some(pager) = pager.filter(|_| is_pager(name)) {
                    format!("This pages people, and the rule `{address}` pages `{}`", short(pager))
                } else {
                    continue;
                };
                let help = "leave it to the rule: take the recipient out of the message";
                found.within((pointer, range), other, help);
            }
        }
    }
}

fn recipients<'r>(section: &str, rule: &'r Value) -> BTreeSet<&'r str> {
    let lists = kind::of_section(section).into_iter().flat_map(|kind| kind.paths(|field| field.recipients));
    let items = lists.flat_map(|list| matching(&format!("{list}/*"), rule));
    items.filter_map(|pointer| rule.pointer(&pointer)?.as_str()).collect()
}
