//! What a user sets about the rules, in `musher.yaml`.

use indexmap::IndexMap;

use super::finding::Finding;
use super::rules::{RULES, Rule, all_codes, position};
use crate::config::RuleLevel;
use crate::diagnostic::{At, Diagnostic, FileId, Part, Severity, known_words};
use crate::pipelines;
use crate::pointer::step;
use crate::source::short;

/// What a user sets about the rules.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// By position in the table; absent: the rule's own level.
    levels: Vec<Option<RuleLevel>>,
    /// Keys of tags that the rule `required-tags` asks for.
    pub required_tags: Vec<String>,
}

impl Settings {
    /// From the `rules` and `required_tags` of `musher.yaml`, with what is wrong about the rules.
    pub fn read(
        rules: &IndexMap<String, RuleLevel>,
        required_tags: &[String],
        file: FileId,
    ) -> (Self, Vec<Diagnostic>) {
        let mut settings = Self { required_tags: required_tags.to_vec(), ..Self::default() };
        let mut faults = Vec::new();
        for (name, level) in rules {
            match position(name) {
                Some(rule) => settings.set(rule, *level),
                None if pipelines::all_codes().any(|code| code == name) => {}
                None => faults.push(unknown_rule(name, at_rule(file, name))),
            }
        }
        (settings, faults)
    }

    fn set(&mut self, rule: usize, level: RuleLevel) {
        self.levels.resize(RULES.len(), None);
        self.levels[rule] = Some(level);
    }

    /// What the user says of a rule.
    pub fn said(&self, code: &str) -> Option<RuleLevel> {
        self.levels.get(position(code)?).copied().flatten()
    }

    /// What a finding weighs: as the user says of its rule, else by itself.
    pub fn severity(&self, finding: &Finding) -> Severity {
        let level = self.said(finding.code).unwrap_or(finding.level);
        if level == RuleLevel::Error { Severity::Error } else { Severity::Warning }
    }

    pub fn is_off(&self, rule: &Rule) -> bool {
        self.said(rule.code).unwrap_or(rule.level) == RuleLevel::Off
    }
}

fn at_rule(file: FileId, name: &str) -> At {
    At::key(file, format!("/rules{}", step(name)))
}

fn unknown_rule(name: &str, at: At) -> Diagnostic {
    let text = format!("There is no rule `{}`", short(name));
    Diagnostic::error("unknown-rule", text, at.part(Part::Key))
        .help(known_words(name, all_codes().chain(pipelines::all_codes())))
}
