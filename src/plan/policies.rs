//! Policies that begin to hold, and what is declared beside them and breaks them.

use crate::kind::{self, Family};
use crate::model::{Action, Change, Resource};
use crate::policy::is_broken_by;
use crate::risk::{listed, risk};

/// Tells it as a risk of the policy's change.
pub fn judge(changes: &mut [Change], resources: &[Resource]) {
    let family = |kind: Option<&'static kind::Kind>| kind.and_then(|kind| kind.quirks.family);
    for change in changes.iter_mut().filter(|change| change.action != Action::Delete) {
        let Some(body) =
            change.body.as_ref().filter(|_| family(kind::of_name(change.kind)) == Some(Family::Policy))
        else {
            continue;
        };
        let policy = body.value();
        let breaks = |resource: &&Resource| {
            let own = family(kind::of_section(resource.address.section()));
            matches!(own, Some(Family::Alert | Family::Silence))
                && !resource.directives.absent
                && is_broken_by(&policy, own, &resource.body.value())
        };
        let broken: Vec<String> =
            resources.iter().filter(breaks).map(|resource| resource.address.to_string()).collect();
        if !broken.is_empty() {
            let text = format!("Once it stands, the service refuses to write {}", listed(&broken));
            change.risks.push(risk("policy-broken", text));
            change.risks.sort();
        }
    }
}
