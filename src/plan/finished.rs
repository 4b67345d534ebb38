//! Definitions of what is over: neither made again nor changed, and told once.

use jiff::Timestamp;
use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::kind::Kind;
use crate::matching::Pair;
use crate::model::{Address, Resource};

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
pub fn report(now: Timestamp, pairs: &[Pair<'_>], selected: &dyn Fn(&Address) -> bool) -> Vec<Diagnostic> {
    let is_told =
        |pair: &&Pair<'_>| selected(&pair.resource.address) && is_over(pair.kind, pair.resource, now);
    let over: Vec<&Pair<'_>> = pairs.iter().filter(is_told).collect();
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind::of_section;

    #[test]
    fn what_has_ended_is_over() {
        let now: Timestamp = "2030-01-01T00:00:00Z".parse().expect("a time");
        let over = |section: &str, body: &Value| {
            end(of_section(section).expect("a kind"), body).is_some_and(|end| end <= now)
        };
        for (end, expected) in [
            (json!("2029-12-31T23:59:59Z"), true),
            (json!("2030-01-01T00:00:00+00:00"), true),
            (json!("2030-01-01T00:00:01Z"), false),
            (json!("soon"), false),
            (json!(null), false),
        ] {
            assert_eq!(over("downtimes", &json!({"schedule": {"end": end}})), expected, "{end}");
        }
        let repeats = json!({"schedule": {"recurrences": [{"rrule": "FREQ=DAILY", "duration": "1h"}]}});
        assert!(!over("downtimes", &repeats));
        // A correction of what was is as good as one of what is to come.
        assert!(!over("slo_corrections", &json!({"end": 5})));
    }
}
