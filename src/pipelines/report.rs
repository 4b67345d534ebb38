//! Findings -> diagnostics: at their lines, equal ones of many functions once, silenced ones not at all.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::allow::{self, Allowed};
use super::finding::{Finding, Spot};
use super::read::Pieces;
use crate::config::RuleLevel;
use crate::diagnostic::{At, Diagnostic, Part, Severity, Sources};
use crate::pointer::find;
use crate::source::locate::{Locator, Nodes};

/// What `musher.yaml` says of a rule.
pub type Said<'a> = dyn Fn(&str) -> Option<RuleLevel> + 'a;

/// The most findings that are reported of the project's pipelines.
const MOST: usize = 2000;

/// Diagnostics, and the places that must not be shown.
pub fn report(
    found: Vec<Finding>,
    pieces: &Pieces,
    sources: &Sources,
    said: &Said<'_>,
) -> (Vec<Diagnostic>, Vec<At>) {
    let mut places = Places { pieces, nodes: HashMap::new(), locator: Locator::new(sources) };
    let allowed: Vec<Allowed> =
        pieces.files.iter().flat_map(|file| allow::read(*file, &sources.get(*file).text)).collect();
    let mut used = BTreeSet::new();
    let (mut reported, mut hidden): (Vec<Diagnostic>, Vec<At>) = (Vec::new(), Vec::new());
    for finding in fold(found) {
        let at = places.at(&finding.spot);
        hidden.extend(at.clone().filter(|_| finding.hidden));
        let level = said(finding.rule.code);
        if level == Some(RuleLevel::Off) || reported.len() >= MOST {
            continue;
        }
        let line = at.as_ref().map(|at| (at.file, places.locator.locate(at).start.0));
        let silences = |own: &Allowed| own.code == finding.rule.code && line == Some((own.file, own.line));
        match allowed.iter().position(silences) {
            Some(silenced) => {
                used.insert(silenced);
            }
            None => reported.push(diagnostic(finding, level, at, &mut places)),
        }
    }
    reported.extend(allow::report(&allowed, &used, &|code| said(code) == Some(RuleLevel::Off)));
    (reported, hidden)
}

fn diagnostic(
    finding: Finding,
    level: Option<RuleLevel>,
    at: Option<At>,
    places: &mut Places<'_>,
) -> Diagnostic {
    let severity = match level {
        Some(RuleLevel::Error) => Severity::Error,
        Some(RuleLevel::Warn) => Severity::Warning,
        Some(RuleLevel::Off) | None => finding.severity,
    };
    let mut diagnostic = Diagnostic { severity, ..Diagnostic::error(finding.rule.code, finding.text, at) };
    diagnostic.help = (!finding.help.is_empty()).then_some(finding.help);
    diagnostic.instances = finding.instances;
    for (text, spot) in &finding.also {
        if let Some(at) = places.at(spot) {
            diagnostic = diagnostic.also(text.clone(), at);
        }
    }
    diagnostic
}

/// The same finding of many functions is one, with all of their names; each is silenced with the first.
fn fold(found: Vec<Finding>) -> Vec<Finding> {
    let mut first: HashMap<(&str, String), usize> = HashMap::new();
    let mut kept: Vec<Finding> = Vec::new();
    for mut finding in found {
        let Some(name) = finding.whose.take() else {
            kept.push(finding);
            continue;
        };
        let key = (finding.rule.code, finding.text.replace(&name, ""));
        match first.get(&key) {
            Some(at) => kept[*at].instances.push(name),
            None => {
                first.insert(key, kept.len());
                finding.instances.push(name);
                kept.push(finding);
            }
        }
    }
    for finding in &mut kept {
        if finding.instances.len() == 1 {
            finding.instances.clear();
        }
    }
    kept
}

/// Looks places up; keeps the nodes of each document.
struct Places<'a> {
    pieces: &'a Pieces,
    nodes: HashMap<usize, Nodes<'a>>,
    locator: Locator<'a>,
}

impl Places<'_> {
    fn at(&mut self, spot: &Spot) -> Option<At> {
        let (document, pointer, part) = match spot {
            Spot::At(at) => return at.clone(),
            Spot::Body { origin, pointer } => return Some(self.locator.locate_in(origin, pointer)),
            Spot::Node { document, pointer, part } => (*document, pointer, part),
        };
        let piece = self.pieces.list.get(document)?;
        let nodes = self.nodes.entry(document).or_insert_with(|| piece.document.nodes());
        // An item of a list has no key: its name stands for it.
        let item = pointer.rsplit('/').next().is_some_and(|step| step.parse::<usize>().is_ok());
        let names = ["name", "FunctionName"].into_iter().map(|key| format!("{pointer}/{key}"));
        let mut names = names.filter(|name| find(&piece.document.value, name).is_some_and(Value::is_string));
        match names.next().filter(|_| item && *part == Part::Key) {
            Some(name) => Some(piece.document.at(nodes, &name, &Part::Value)),
            None => Some(piece.document.at(nodes, pointer, part)),
        }
    }
}
