//! Policies that what is declared beside them breaks.

use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::kind::{self, Family};
use crate::policy::is_broken_by;

/// Addresses that are named; the others are counted.
const NAMED: usize = 3;

pub fn broken(subject: &Subject<'_>, found: &mut Findings) {
    if !subject.is(Family::Policy) {
        return;
    }
    let breaks = |resource: &&crate::model::Resource| {
        let family = kind::of_section(resource.address.section()).and_then(|kind| kind.quirks.family);
        matches!(family, Some(Family::Alert | Family::Silence))
            && !resource.directives.absent
            && is_broken_by(subject.body, family, &resource.body.value())
    };
    let broken: Vec<String> = subject
        .estate
        .resources
        .iter()
        .filter(breaks)
        .map(|resource| format!("`{}`", resource.address))
        .collect();
    if broken.is_empty() {
        return;
    }
    let mut names = broken.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if broken.len() > NAMED {
        names.push_str(&format!(" and {} more", broken.len() - NAMED));
    }
    let text = format!("The policy is broken by {names}: once it stands, the service refuses to write them");
    found.add(
        "/policy",
        text,
        "give them what the policy asks for; a tag fits into `defaults:` of musher.yaml",
    );
}
