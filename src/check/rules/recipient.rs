//! Who is told: handles in the messages of an alert.

use std::ops::Range;

use crate::check::alert::{ESCALATION, MESSAGE, Subject};
use crate::check::finding::Findings;
use crate::kind::Nature;

/// Every `@…` of a text that no word stands before, its `@` included.
fn handles(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find('@').map(|at| from + at) {
        let inside_word =
            text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || "._-@/".contains(c));
        // `{{@http.status}}` and `service:@x` of a search in a link are no handles.
        let in_variable =
            text[..at].ends_with("{{") || text[..at].ends_with('[') || text[..at].ends_with(['&', '=', '?']);
        let length = text[at + 1..].find(|c: char| !c.is_alphanumeric() && !"-_.+@/:{}#".contains(c));
        let end = length.map_or(text.len(), |length| at + 1 + length);
        if !inside_word && !in_variable {
            // A block may follow at once: `@slack-x{{/is_alert}}`.
            let own = &text[at..end];
            let block = ["{{/", "{{#", "{{^"].iter().filter_map(|open| own.find(open)).min();
            let own = &own[..block.unwrap_or(own.len())];
            found.push(at..at + own.trim_end_matches(['.', ':', '/', '-', '_', '}', '#']).len().max(1));
        }
        from = end.max(at + 1);
    }
    found
}

pub fn none(subject: &Subject<'_>, found: &mut Findings) {
    // Most members of composites are silent on purpose.
    if !subject.is(Nature::Alert) || subject.estate.is_spoken_for(subject.at) {
        return;
    }
    let tells = |pointer| {
        subject.text(pointer).is_some_and(|text| {
            handles(text)
                .into_iter()
                .any(|handle| text[handle].contains(|c: char| c.is_alphanumeric() || c == '{'))
        })
    };
    if !tells(MESSAGE) && !tells(ESCALATION) {
        let text = format!("`{}` tells nobody: its message names no recipient", subject.resource.address);
        let help = "name one, such as `@slack-CHANNEL`; where rules in Datadog route by tags, set `rules: {no-recipient: off}`";
        found.add(MESSAGE, text, help);
    }
}

/// Integrations whose handles have a name behind a hyphen (docs.datadoghq.com/monitors/notify, integrations).
const NAMED: [&str; 8] =
    ["slack", "teams", "webhook", "opsgenie", "victorops", "hipchat", "workflow", "servicenow"];

pub fn malformed(subject: &Subject<'_>, found: &mut Findings) {
    if !subject.is(Nature::Alert) {
        return;
    }
    for pointer in [MESSAGE, ESCALATION] {
        let Some(text) = subject.text(pointer) else { continue };
        for range in handles(text) {
            if let Some((what, help)) = fault(text, &range) {
                let said = format!("`{}` reaches nobody: {what}", crate::source::short(&text[range.clone()]));
                found.within((pointer, &range), said, help);
            }
        }
    }
}

/// What is wrong with a handle.
fn fault(text: &str, range: &Range<usize>) -> Option<(&'static str, String)> {
    let name = &text[range.start + 1..range.end];
    let behind = &text[range.end..];
    if name.is_empty() {
        // `5 @ 10` is prose; `@ slack-x` is not.
        let next = behind.strip_prefix(' ')?;
        let meant = NAMED.iter().chain(&["pagerduty"]).any(|known| next.starts_with(&format!("{known}-")));
        return meant
            .then(|| ("a space parts it from its name", "write the handle without a space".to_owned()));
    }
    let lower = name.to_lowercase();
    let known = NAMED.iter().find(|known| lower.starts_with(**known))?;
    let rest = &name[known.len()..];
    let right = |rest: &str| format!("write `@{known}-{}`", if rest.is_empty() { "NAME" } else { rest });
    match rest.chars().next() {
        None => Some(("the name behind the integration is missing", right(""))),
        Some('_' | ':' | '/' | '.') => {
            Some(("a hyphen parts the integration from the name", right(&rest[1..])))
        }
        Some('-') if rest.len() == 1 => Some(("the name behind the integration is missing", right(""))),
        Some('-') if rest.starts_with("-#") => Some(("channels are named without `#`", right(&rest[2..]))),
        Some('-') if !name.starts_with(*known) => {
            Some(("integrations are written in lower case", right(&rest[1..])))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_found() {
        for (text, expected) in [
            ("Hi @slack-a, @slack-b.", &["@slack-a", "@slack-b"][..]),
            ("me@x.org or @me@x.org", &["@me@x.org"]),
            ("{{#is_alert}}@pagerduty-x{{/is_alert}}", &["@pagerduty-x"]),
            ("@slack-{{service.name}} x", &["@slack-{{service.name"]),
            ("{{[@http.status].name}} {{@x.name}}", &[]),
            ("https://x/logs?query=@a", &[]),
            ("a @ b", &["@"]),
            ("ü@é", &[]),
            ("@@", &["@@"]),
        ] {
            let found: Vec<&str> = handles(text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn malformed_handles() {
        for (text, wrong) in [
            ("@slack-ops", false),
            ("@slack-acme-ops", false),
            ("@slack_ops", true),
            ("@slack", true),
            ("@slack-", true),
            ("@Slack-ops", true),
            ("@slack-#ops", true),
            ("@pagerduty", false),
            ("@ slack-ops", true),
            ("@ 5", false),
            ("@slacker@x.org", false),
            ("@teamster", false),
        ] {
            let found = handles(text).iter().any(|range| fault(text, range).is_some());
            assert_eq!(found, wrong, "{text}");
        }
    }
}
