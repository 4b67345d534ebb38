//! Every rule over every resource: all faults at once.

mod allow;
mod alert;
mod asked;
mod estate;
mod finding;
mod message;
mod place;
mod places;
mod rules;
mod settings;
mod report;
mod widgets;

#[cfg(test)]
mod tests;

use crate::config::RuleLevel;
use crate::cores::in_parallel;
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::model::Resource;

use self::allow::Used;
use self::estate::Estate;
pub use self::estate::Tags;
pub use self::finding::{Finding, Slip};
use self::finding::{Findings, settle};
pub use self::report::{Again, report};
pub use self::rules::crowd::groups_logs;
pub use self::rules::{LITERAL_SECRET, RULES, Rule, all_codes};
use self::rules::{NOT_IN_INVENTORY, marks, query, shape};
pub use self::settings::Settings;

/// Below this many resources, starting a thread costs more than it saves.
const WORTH_THREADS: usize = 32;

/// At most this many findings are reported per resource; the loader has the same limit per file.
const MOST: usize = 100;

/// What can be known to be wrong without the network. `resources` are sorted by address; `functions` are those of the
/// inventories, where somebody [groups logs](groups_logs).
pub fn check(
    resources: &[Resource],
    settings: &Settings,
    sources: &Sources,
    functions: &[Tags],
    again: &Again<'_>,
) -> Vec<Diagnostic> {
    let mut reported = shape::circles(resources);
    reported.extend(shape::adopted_twice(resources));
    reported.extend(shape::moved_twice(resources));
    let inventories = RULES.iter().any(|rule| rule.code == NOT_IN_INVENTORY && !settings.is_off(rule));
    let facts = in_parallel(resources, WORTH_THREADS, &|chunk, _| estate::facts(chunk, inventories));
    let estate = Estate::new(resources, facts, &settings.required_tags, functions);
    let mut found: Vec<(usize, Finding)> = Vec::new();
    let mut used = Used::default();
    for (mut part, also_used) in
        in_parallel(resources, WORTH_THREADS, &|chunk, from| judge(chunk, from, &estate, settings))
    {
        found.append(&mut part);
        used.append(also_used);
    }
    let found = found.into_iter().map(|(index, finding)| (&resources[index], finding));
    reported.extend(report(found, settings, sources, again));
    reported.extend(allow::report(resources, &used, settings, sources));
    reported
}

/// The findings of a part of the resources, which begins at a position, and the `$allow`s that silenced one.
fn judge(
    resources: &[Resource],
    from: usize,
    estate: &Estate<'_>,
    settings: &Settings,
) -> (Vec<(usize, Finding)>, Used) {
    let rules: Vec<&Rule> = RULES.iter().filter(|rule| !settings.is_off(rule)).collect();
    let (mut found, mut used) = (Vec::new(), Used::default());
    for (index, resource) in resources.iter().enumerate() {
        let body = resource.body.value();
        let Some(subject) = alert::Subject::new(from + index, &body, estate) else { continue };
        let mut findings = Findings::new();
        query::faults(&subject, &mut findings);
        marks::faults(&subject, &mut findings);
        for rule in &rules {
            if let Some(judge) = rule.judge {
                findings.rule = (rule.code, rule.level);
                judge(&subject, &mut findings);
            }
        }
        let mut own = findings.list;
        own.retain(|finding| {
            let allowed = resource.directives.allow.iter().any(|allowed| allowed == finding.code);
            if allowed {
                used.add(resource, finding.code);
            }
            !allowed && settings.said(finding.code) != Some(RuleLevel::Off)
        });
        settle(&mut own);
        if own.len() > MOST {
            // Errors first, so that none of them is passed over for a warning.
            own.sort_by_key(|finding| settings.severity(finding) != Severity::Error);
            own.truncate(MOST);
        }
        found.extend(own.into_iter().map(|finding| (from + index, finding)));
    }
    (found, used)
}
