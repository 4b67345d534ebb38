//! Definitions of what is over: neither made again nor changed, and told once.

use jiff::Timestamp;
use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::kind::Kind;
use crate::matching::Pair;
use crate::model::Resource;

/// Addresses that are named; the others are counted.
const NAMED: usize = 3;

/// Whether a definition says that its object ended before now.
pub fn is_over(kind: &Kind, resource: &Resource, now: Timestamp) -> bool {
    kind.quirks.ends.is_some_and(|_| end(kind, &resource.body.value()).is_some_and(|end| end <= now))
}

fn end(kind: &Kind, body: &Value) -> Option<Timestamp> {
    body.pointer(kind.quirks.ends?)?.as_str()?.parse().ok()
}

/// What there is to say of all that is over; and of each that goes on all the same, since somebody gave it another end.
pub fn report(over: &[&Pair<'_>], now: Timestamp) -> Vec<Diagnostic> {
    let place = |pair: &Pair<'_>| pair.resource.origin.layers.first().cloned();
    let mut reported = Vec::new();
    if let Some(first) = over.first() {
        let named: Vec<String> =
            over.iter().take(NAMED).map(|pair| format!("`{}`", pair.resource.address)).collect();
        let mut names = named.join(", ");
        if over.len() > NAMED {
            names.push_str(&format!(" and {} more", over.len() - NAMED));
        }
        let verb = if over.len() == 1 { "is" } else { "are" };
        let text = format!("{names} {verb} over by their definitions: nothing is made or changed for them");
        let text = if over.len() == 1 {
            text.replace("their definitions", "its definition").replace("them", "it")
        } else {
            text
        };
        reported.push(Diagnostic::warning("finished", text, place(first)).help("take what is over out"));
    }
    for pair in over {
        let Some((live, _)) = pair.live else { continue };
        if end(pair.kind, &live.body).is_none_or(|end| end > now) {
            let text = format!(
                "`{}` is over by its definition, and goes on in Datadog: {}",
                pair.resource.address, live.url
            );
            let help = "take it out to end it, or give it a later end";
            reported.push(Diagnostic::warning("finished", text, place(pair)).help(help));
        }
    }
    reported
}
