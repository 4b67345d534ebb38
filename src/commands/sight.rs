//! What a change does to coverage and readiness: a sentence each, none where it does nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage::{Listing, listing_of};
use crate::config::{Config, FILE, Scope};
use crate::coverage::{Coverage, Tier, coverage};
use crate::diagnostic::{Position, Sources};
use crate::load::definitions::Definitions;
use crate::model::{Resource, count};
use crate::pipelines::setups;
use crate::readiness::{Inputs, Question, Row, State, Subject, readiness};
use crate::render::coverage::percent;
use crate::signal::Signal;

/// Functions that are named.
const NAMED: usize = 5;

/// One version of the project.
pub struct Version<'a> {
    pub config: &'a Config,
    pub scope: &'a Scope,
    pub definitions: &'a Definitions,
    pub sources: &'a Sources,
    pub resources: &'a [Resource],
}

struct Sight {
    coverage: Coverage,
    rows: Vec<Row>,
}

impl Version<'_> {
    fn sight(&self) -> Sight {
        let Listing { functions, tables } =
            listing_of(self.definitions, self.sources.clone(), (self.config, self.scope));
        let setups = setups(self.config, &mut self.sources.clone());
        let rows = readiness(&Inputs {
            environment: "",
            functions: &functions,
            tables: &tables,
            resources: self.resources,
            setups: &setups,
            live: None,
            project: Position { file: FILE.into(), line: 1, column: 1 },
        });
        let coverage = coverage(&functions, self.resources, &self.config.coverage);
        Sight { coverage, rows }
    }
}

/// `coverage 91 % → 93 %: 3 functions lost their alert on errors (a, b, c)`
pub fn sentences(before: &Version<'_>, after: &Version<'_>) -> Vec<String> {
    let (before, after) = (before.sight(), after.sight());
    let mut said = Vec::new();
    if !before.coverage.functions.is_empty() || !after.coverage.functions.is_empty() {
        said.extend(covered(&before.coverage, &after.coverage));
    }
    said.extend(ready(&before.rows, &after.rows));
    said
}

fn whole(coverage: &Coverage) -> Tier {
    let mut whole = Tier::default();
    for tier in coverage.tiers.values() {
        whole.required += tier.required;
        whole.covered += tier.covered;
    }
    whole
}

/// Functions that lack a required signal, by signal.
fn blind(coverage: &Coverage) -> BTreeMap<Signal, BTreeSet<&str>> {
    let mut blind: BTreeMap<Signal, BTreeSet<&str>> = BTreeMap::new();
    for function in &coverage.functions {
        for state in function.signals.iter().filter(|state| state.is_missing()) {
            blind.entry(state.signal).or_default().insert(&function.name);
        }
    }
    blind
}

fn covered(before: &Coverage, after: &Coverage) -> Option<String> {
    let (old, new) = (blind(before), blind(after));
    let known: BTreeSet<&str> = before.functions.iter().map(|own| own.name.as_str()).collect();
    let none = BTreeSet::new();
    let mut parts = Vec::new();
    for signal in Signal::ALL {
        let (old, new) = (old.get(&signal).unwrap_or(&none), new.get(&signal).unwrap_or(&none));
        let came: Vec<&str> = new.difference(old).copied().collect();
        let (lost, fresh): (Vec<&str>, Vec<&str>) = came.into_iter().partition(|name| known.contains(name));
        let name = signal.name().replace('_', " ");
        parts.extend(part(
            &lost,
            &format!("lost its alert on {name}"),
            &format!("lost their alert on {name}"),
        ));
        parts.extend(part(
            &fresh,
            &format!("comes without an alert on {name}"),
            &format!("come without an alert on {name}"),
        ));
    }
    parts.extend(eased(before, after));
    let silent: Vec<&str> = after
        .unanswered
        .iter()
        .filter(|(own, _)| !before.unanswered.iter().any(|(old, _)| old == own))
        .map(|(own, _)| own.as_str())
        .collect();
    parts.extend(named(&silent, "alerts", "tells nobody", "tell nobody"));
    let (was, is) = (whole(before), whole(after));
    let moved = (was.covered * is.required.max(1)) != (is.covered * was.required.max(1));
    if !moved && parts.is_empty() {
        return None;
    }
    let share = match before.functions.is_empty() || !moved {
        true => format!("coverage {}", percent(is.percent())),
        false => format!("coverage {} → {}", percent(was.percent()), percent(is.percent())),
    };
    Some(match parts.is_empty() {
        true => share,
        false => format!("{share}: {}", parts.join("; ")),
    })
}

/// What raises the share without anybody looking at more: functions that left the inventory, and what is no longer asked
/// for of others.
fn eased(before: &Coverage, after: &Coverage) -> Vec<String> {
    let by_name = |coverage: &'_ Coverage| -> BTreeMap<String, Vec<Signal>> {
        let mut found: BTreeMap<String, Vec<Signal>> = BTreeMap::new();
        for function in &coverage.functions {
            let required = function.signals.iter().filter(|state| state.required).map(|state| state.signal);
            found.entry(function.name.clone()).or_default().extend(required);
        }
        found
    };
    let (old, new) = (by_name(before), by_name(after));
    let gone: Vec<&str> = old.keys().filter(|name| !new.contains_key(*name)).map(String::as_str).collect();
    let mut parts: Vec<String> =
        part(&gone, "left the inventory", "left the inventory").into_iter().collect();
    for signal in Signal::ALL {
        let is_eased = |(name, required): &(&String, &Vec<Signal>)| {
            required.contains(&signal) && new.get(*name).is_some_and(|now| !now.contains(&signal))
        };
        let eased: Vec<&str> = old.iter().filter(is_eased).map(|(name, _)| name.as_str()).collect();
        let what = signal.name().replace('_', " ");
        parts.extend(part(
            &eased,
            &format!("needs no alert on {what} any more"),
            &format!("need no alert on {what} any more"),
        ));
    }
    parts
}

fn part(names: &[&str], one: &str, many: &str) -> Option<String> {
    named(names, "functions", one, many)
}

/// `a lost its alert`, `3 functions lost their alert (a, b, c)`
fn named(names: &[&str], what: &str, one: &str, many: &str) -> Option<String> {
    let first = names.first()?;
    let mut shown: Vec<&str> = names.iter().take(NAMED).copied().collect();
    if names.len() > NAMED {
        shown.push("…");
    }
    Some(match names.len() {
        1 => format!("{first} {one}"),
        number => format!("{} {what} {many} ({})", count(number), shown.join(", ")),
    })
}

/// `readiness 5 of 7 → 4 of 7: slo green → yellow; mail is no longer green in slo`
fn ready(before: &[Row], after: &[Row]) -> Option<String> {
    let (first, last) = (before.first()?, after.first()?);
    let turned = first.cells.iter().zip(&last.cells).filter(|(old, new)| {
        old.state != new.state && (old.state == State::Green || new.state == State::Green)
    });
    let mut parts: Vec<String> = turned
        .map(|(old, new)| format!("{} {} → {}", new.question.name(), old.state.name(), new.state.name()))
        .collect();
    let services: BTreeMap<&str, &Row> = before
        .iter()
        .filter(|row| row.subject == Subject::Service)
        .map(|row| (row.name.as_str(), row))
        .collect();
    for (at, question) in Question::ALL.into_iter().enumerate() {
        let is_green = |row: &Row| row.cells.get(at).is_some_and(|cell| cell.state == State::Green);
        let lost: Vec<&str> = after
            .iter()
            .filter(|row| row.subject == Subject::Service && !is_green(row))
            .filter(|row| services.get(row.name.as_str()).is_some_and(|old| is_green(old)))
            .map(|row| row.name.as_str())
            .collect();
        let question = question.name();
        parts.extend(named(
            &lost,
            "services",
            &format!("is no longer green in {question}"),
            &format!("are no longer green in {question}"),
        ));
    }
    if parts.is_empty() {
        return None;
    }
    let (old, new) = (first.green(), last.green());
    let count = if old == new { format!("{old} of 7") } else { format!("{old} of 7 → {new} of 7") };
    Some(format!("readiness {count}: {}", parts.join("; ")))
}
