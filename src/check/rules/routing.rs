//! Who is told by rules in place of messages.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::check::message::Message;
use crate::handle::is_pager;
use crate::kind::Family;
use crate::pointer::matching;
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
    if subject.estate.routings.is_empty() {
        return false;
    }
    let tags = tags(subject);
    subject.estate.routings.iter().any(|routing| routing.filter.passes(&tags))
}

fn tags<'a>(subject: &Subject<'a>) -> BTreeSet<&'a str> {
    let tags = subject.find("/tags").and_then(Value::as_array).into_iter().flatten();
    tags.filter_map(Value::as_str).collect()
}

/// A recipient of a message whom a rule tells too, and two that wake people. A rule counts whose tags the alert bears
/// itself: what its groups add is not known here.
pub fn twice(subject: &Subject<'_>, found: &mut Findings) {
    let tells = |message: &Message<'_>| !message.handles.is_empty();
    if !subject.is(Family::Alert) || subject.estate.routings.is_empty() || !subject.messages.iter().any(tells)
    {
        return;
    }
    let tags = tags(subject);
    for routing in &subject.estate.routings {
        if !routing.filter.passes(&tags) {
            continue;
        }
        let address = &subject.estate.resources[routing.at].address;
        let pager = routing.recipients.iter().find(|name| is_pager(name));
        for Message { pointer, text, handles, .. } in &subject.messages {
            for range in handles {
                let name = text[range.clone()].trim_start_matches('@');
                let other = if routing.recipients.contains(name) {
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
