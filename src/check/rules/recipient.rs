//! Who is told: handles in the messages of an alert.

use std::ops::Range;

use super::routing;
use crate::check::alert::{MESSAGE, Subject};
use crate::check::finding::Findings;
use crate::check::message::Message;
use crate::handle::names_somebody;
use crate::kind::Family;

pub fn none(subject: &Subject<'_>, found: &mut Findings) {
    // Most members of composites are silent on purpose.
    if !subject.is(Family::Alert) || subject.estate.is_spoken_for(subject.at) {
        return;
    }
    let tells = |Message { text, handles, .. }: &Message<'_>| {
        handles.iter().any(|range| names_somebody(&text[range.clone()]))
    };
    if !subject.messages.iter().any(tells) && !routing::is_routed(subject) {
        let text = format!("`{}` notifies nobody: its message names no recipient", subject.resource.address);
        let help = "name one, such as `@slack-CHANNEL`; where rules route by tags that are not declared here, set `rules: {no-recipient: off}`";
        found.add(MESSAGE, text, help);
    }
}

/// Integrations whose handles have a name behind a hyphen (docs.datadoghq.com/monitors/notify, integrations).
const NAMED: [&str; 8] =
    ["slack", "teams", "webhook", "opsgenie", "victorops", "hipchat", "workflow", "servicenow"];

pub fn malformed(subject: &Subject<'_>, found: &mut Findings) {
    for Message { pointer, text, handles, .. } in &subject.messages {
        for range in handles {
            if let Some((what, help)) = fault(text, range) {
                let said = format!("`{}` reaches nobody: {what}", crate::source::short(&text[range.clone()]));
                found.within((pointer, range), said, help);
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
            .then(|| ("a space separates it from its name", "write the handle without a space".to_owned()));
    }
    let lower = name.to_lowercase();
    let known = NAMED.iter().find(|known| lower.starts_with(**known))?;
    let rest = &name[known.len()..];
    let right = |rest: &str| format!("write `@{known}-{}`", if rest.is_empty() { "NAME" } else { rest });
    match rest.chars().next() {
        None => Some(("the name behind the integration is missing", right(""))),
        Some('_' | ':' | '/' | '.') => {
            Some(("a hyphen separates the integration from the name", right(&rest[1..])))
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
    use crate::handle::handles;

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
