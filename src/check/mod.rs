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

use serde_json::Value;

use crate::config::RuleLevel;
use crate::cores::in_parallel;
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::model::Resource;
use crate::query::Monitor;

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

/// A look at each resource while its body and its query are at hand: to parse them once more costs as much as many rules.
pub type Look<'a, L> = dyn Fn(&Resource, &Value, Option<&Monitor>) -> Option<L> + Sync + 'a;

/// What can be known to be wrong without the network, and what a look gave of each resource that has a body. `resources`
/// are sorted by address; `functions` are those of the inventories, where somebody [groups logs](groups_logs).
pub fn check<L: Send>(
    resources: &[Resource],
    settings: &Settings,
    sources: &Sources,
    functions: &[Tags],
    (again, look): (&Again<'_>, &Look<'_, L>),
) -> (Vec<Diagnostic>, Vec<L>) {
    let mut reported = shape::circles(resources);
    reported.extend(shape::adopted_twice(resources));
    reported.extend(shape::moved_twice(resources));
    let inventories = RULES.iter().any(|rule| rule.code == NOT_IN_INVENTORY && !settings.is_off(rule));
    let facts = in_parallel(resources, WORTH_THREADS, &|chunk, _| estate::facts(chunk, inventories));
    let estate = Estate::new(resources, facts, &settings.required_tags, functions);
    let mut found: Vec<(usize, Finding)> = Vec::new();
    let (mut used, mut seen) = (Used::default(), Vec::new());
    for mut part in
        in_parallel(resources, WORTH_THREADS, &|chunk, from| judge(chunk, from, (&estate, settings), look))
    {
        found.append(&mut part.found);
        used.append(part.used);
        seen.append(&mut part.seen);
    }
    let found = found.into_iter().map(|(index, finding)| (&resources[index], finding));
    reported.extend(report(found, settings, sources, again));
    reported.extend(allow::report(resources, &used, settings, sources));
    (reported, seen)
}

/// What a part of the resources gives.
struct Judged<L> {
    found: Vec<(usize, Finding)>,
    /// The `$allow`s that silenced one.
    used: Used,
    seen: Vec<L>,
}

/// Judges a part of the resources, which begins at a position.
fn judge<L>(
    resources: &[Resource],
    from: usize,
    (estate, settings): (&Estate<'_>, &Settings),
    look: &Look<'_, L>,
) -> Judged<L> {
    let rules: Vec<&Rule> = RULES.iter().filter(|rule| !settings.is_off(rule)).collect();
    let (mut found, mut used, mut seen) = (Vec::new(), Used::default(), Vec::new());
    for (index, resource) in resources.iter().enumerate() {
        let body = resource.body.value();
        let Some(subject) = alert::Subject::new(from + index, &body, estate) else { continue };
        seen.extend(look(resource, &body, subject.tree()));
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
    Judged { found, used, seen }
}
