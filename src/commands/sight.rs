//! What a change does to coverage and readiness: a sentence each, none where it does nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage::{Listing, listing_of};
use crate::config::{Config, FILE, Scope};
use crate::coverage::{Coverage, Tier, coverage};
use crate::diagnostic::{Position, Sources};
use crate::load::definitions::Definitions;
use crate::model::{Resource, count};
use crate::pipelines::setups;
use crate::readiness::{Inputs, Row, State, readiness};
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
    /// The environment's row.
    row: Option<Row>,
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
        Sight { coverage, row: rows.into_iter().next() }
    }
}

/// `coverage 91 % → 93 %: 3 functions lost their alert on errors (a, b, c)`
pub fn sentences(before: &Version<'_>, after: &Version<'_>) -> Vec<String> {
    let (before, after) = (before.sight(), after.sight());
    let mut said = Vec::new();
    if !before.coverage.functions.is_empty() || !after.coverage.functions.is_empty() {
        said.extend(covered(&before.coverage, &after.coverage));
    }
    if let (Some(before), Some(after)) = (&before.row, &after.row) {
        said.extend(ready(before, after));
    }
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
    let (was, is) = (whole(before), whole(after));
    let moved = (was.covered * is.required.max(1)) != (is.covered * was.required.max(1));
    if !moved && parts.is_empty() {
        return None;
    }
    let share = match before.functions.is_empty() {
        true => format!("coverage {}", percent(is.percent())),
        false => format!("coverage {} → {}", percent(was.percent()), percent(is.percent())),
    };
    Some(match parts.is_empty() {
        true => share,
        false => format!("{share}: {}", parts.join("; ")),
    })
}

fn part(names: &[&str], one: &str, many: &str) -> Option<String> {
    let first = names.first()?;
    let mut shown: Vec<&str> = names.iter().take(NAMED).copied().collect();
    if names.len() > NAMED {
        shown.push("…");
    }
    Some(match names.len() {
        1 => format!("{first} {one}"),
        number => format!("{} functions {many} ({})", count(number), shown.join(", ")),
    })
}

fn ready(before: &Row, after: &Row) -> Option<String> {
    let changed: Vec<String> = before
        .cells
        .iter()
        .zip(&after.cells)
        .filter(|(old, new)| {
            old.state != new.state && (old.state == State::Green || new.state == State::Green)
        })
        .map(|(old, new)| format!("{} {} → {}", new.question.name(), old.state.name(), new.state.name()))
        .collect();
    let (old, new) = (before.green(), after.green());
    (!changed.is_empty()).then(|| format!("readiness {old} of 7 → {new} of 7: {}", changed.join(", ")))
}
