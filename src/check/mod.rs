//! Every rule over every resource: all faults at once.

mod allow;
mod alert;
mod board;
mod burn_rate;
mod composite;
mod estate;
mod finding;
mod message;
mod metric;
mod objective;
mod options;
mod place;
mod query;
mod recipient;
mod reference;
mod rules;
mod shape;
mod spelling;
mod tags;
mod threshold;
mod widely;
mod window;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::config::{Config, RuleLevel};
use crate::cores::in_parallel;
use crate::diagnostic::{At, Diagnostic, FileId, Part, Severity, Sources, known_words, step};
use crate::model::Resource;

use self::allow::Used;
use self::estate::Estate;
use self::finding::{Finding, Findings};
use self::rules::{NOT_IN_INVENTORY, position};
pub use self::rules::{RULES, Rule, all_codes};

/// A thread is worth so many resources.
const WORTH_THREADS: usize = 32;

/// So many findings of one resource are told, as of one file.
const MOST: usize = 100;

/// What a user sets about the rules.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// By position in the table; absent: the rule's own level.
    levels: Vec<Option<RuleLevel>>,
    /// Keys of tags that the rule `required-tags` asks for.
    pub required_tags: Vec<String>,
}

impl Settings {
    /// From `musher.yaml`, with what is wrong about its `rules`.
    pub fn read(config: &Config) -> (Self, Vec<Diagnostic>) {
        let mut settings = Self { required_tags: config.required_tags.clone(), ..Self::default() };
        let mut faults = Vec::new();
        for (name, level) in &config.rules {
            match position(name) {
                Some(rule) => settings.set(rule, *level),
                None => faults.push(unknown_rule(name, at_rule(config.file, name))),
            }
        }
        (settings, faults)
    }

    /// Every rule that is off by default at a level, the others at their own.
    #[cfg(test)]
    pub fn all(level: RuleLevel) -> Self {
        let mut settings = Self::default();
        for (rule, _) in RULES.iter().enumerate().filter(|(_, rule)| rule.level == RuleLevel::Off) {
            settings.set(rule, level);
        }
        settings
    }

    fn set(&mut self, rule: usize, level: RuleLevel) {
        self.levels.resize(RULES.len(), None);
        self.levels[rule] = Some(level);
    }

    /// What the user says of a rule.
    fn said(&self, rule: usize) -> Option<RuleLevel> {
        self.levels.get(rule).copied().flatten()
    }

    fn is_off(&self, rule: usize) -> bool {
        self.said(rule).unwrap_or(RULES[rule].level) == RuleLevel::Off
    }
}

fn at_rule(file: FileId, name: &str) -> At {
    At::key(file, format!("/rules{}", step(name)))
}

fn unknown_rule(name: &str, at: At) -> Diagnostic {
    let text = format!("There is no rule `{}`", crate::load::short(name));
    Diagnostic::error("unknown-rule", text, at.part(Part::Key)).help(known_words(name, all_codes()))
}

/// What can be known to be wrong without the network. `resources` are sorted by address.
pub fn check(resources: &[Resource], settings: &Settings, sources: &Sources) -> Vec<Diagnostic> {
    let mut told = shape::circles(resources);
    told.extend(shape::adopted_twice(resources));
    told.extend(shape::moved_twice(resources));
    let inventories = position(NOT_IN_INVENTORY).is_some_and(|rule| !settings.is_off(rule));
    let facts = in_parallel(resources, WORTH_THREADS, &|chunk, _| estate::facts(chunk, inventories));
    let estate = Estate::new(resources, facts, settings);
    let mut found: Vec<(usize, Finding)> = Vec::new();
    let mut used = Used::default();
    for (mut part, also_used) in
        in_parallel(resources, WORTH_THREADS, &|chunk, from| judge(chunk, from, &estate))
    {
        found.append(&mut part);
        used.append(also_used);
    }
    told.extend(finding::tell(found, resources, settings, sources));
    told.extend(allow::tell(resources, &used, settings, sources));
    told
}

/// The findings of a part of the resources, which begins at a position, and the `$allow`s that silenced one.
fn judge(resources: &[Resource], from: usize, estate: &Estate<'_>) -> (Vec<(usize, Finding)>, Used) {
    let rules: Vec<usize> = (0..RULES.len()).filter(|rule| !estate.settings.is_off(*rule)).collect();
    let (mut found, mut used) = (Vec::new(), Used::default());
    for (index, resource) in resources.iter().enumerate() {
        let body = resource.body.value();
        let Some(subject) = alert::Subject::new(from + index, &body, estate) else { continue };
        let mut findings = Findings::default();
        query::faults(&subject, &mut findings);
        for rule in &rules {
            if let Some(judge) = RULES[*rule].judge {
                findings.rule = *rule;
                judge(&subject, &mut findings);
            }
        }
        let mut own = findings.list;
        own.retain(|finding| {
            let code = RULES[finding.rule].code;
            let allowed = resource.directives.allow.iter().any(|allowed| allowed == code);
            if allowed {
                used.add(resource, code);
            }
            !allowed && !estate.settings.is_off(finding.rule)
        });
        if own.len() > MOST {
            // Errors first, so that none of them is passed over for a warning.
            own.sort_by_key(|finding| finding.severity(estate.settings) != Severity::Error);
            own.truncate(MOST);
        }
        found.extend(own.into_iter().map(|finding| (from + index, finding)));
    }
    (found, used)
}

/// The names of a text that are meant to be one of a few: for rules that compare with lists.
fn listed(names: &BTreeSet<&str>) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
