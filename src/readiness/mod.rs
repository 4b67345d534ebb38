//! The seven questions of readiness, answered from evidence: what is declared, how functions are set up, what is live.
//! What is not known is grey, never green.

mod answer;
mod detection;
mod function;
mod program;
mod table;
mod estate;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use self::estate::Estate;
use crate::coverage::Function;

pub use self::answer::{Cell, Evidence, Proof, Question, State};
pub use self::estate::Inputs;
pub use self::table::{Table, tables};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Environment,
    Service,
    Function,
}

impl Subject {
    pub fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Service => "service",
            Self::Function => "function",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Row {
    pub subject: Subject,
    pub name: String,
    /// In the order of the questions.
    pub cells: Vec<Cell>,
}

impl Row {
    pub fn green(&self) -> usize {
        self.cells.iter().filter(|cell| cell.state == State::Green).count()
    }
}

/// The environment's row, those of its services, those of its functions.
pub fn readiness(inputs: &Inputs<'_>) -> Vec<Row> {
    let estate = Estate::new(inputs);
    let functions: Vec<(&Function, Vec<Cell>)> =
        inputs.functions.iter().map(|own| (own, estate.of_function(own))).collect();
    let of_programs = inputs.setups.iter().filter(|setup| setup.function.is_none());
    let of_programs = of_programs.filter_map(|setup| setup.service.as_deref());
    let names: BTreeSet<&str> =
        inputs.functions.iter().filter_map(|own| own.service.as_deref()).chain(of_programs).collect();
    let mut by_service: BTreeMap<&str, Vec<&[Cell]>> = BTreeMap::new();
    for (function, cells) in &functions {
        let own = function.service.as_deref().map(|name| by_service.entry(name).or_default());
        own.into_iter().for_each(|own| own.push(cells));
    }
    let services: Vec<(&str, Vec<Cell>)> = names
        .into_iter()
        .map(|name| (name, estate.of_service(name, by_service.get(name).map_or(&[][..], Vec::as_slice))))
        .collect();
    let of_functions: Vec<&[Cell]> = functions.iter().map(|(_, cells)| cells.as_slice()).collect();
    let of_services: Vec<&[Cell]> = services.iter().map(|(_, cells)| cells.as_slice()).collect();
    let whole = estate.of_environment(&of_functions, &of_services);
    let mut rows = vec![row(Subject::Environment, inputs.environment, whole)];
    rows.extend(services.iter().map(|(name, cells)| row(Subject::Service, name, cells.clone())));
    rows.extend(functions.into_iter().map(|(own, cells)| row(Subject::Function, &own.name, cells)));
    rows
}

fn row(subject: Subject, name: &str, cells: Vec<Cell>) -> Row {
    Row { subject, name: name.to_owned(), cells }
}
