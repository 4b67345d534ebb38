//! A question, its answer, and what proves it; one answer for many.

use crate::diagnostic::Position;
use crate::model::count;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Is it as code?
    Code,
    /// Is the cost of logs under control?
    Cost,
    /// Are traces whole?
    Traces,
    /// Is the database seen?
    Database,
    /// Is it profiled?
    Profiling,
    /// Are attacks seen?
    Security,
    /// Is somebody woken by an SLO and its burn rate?
    Slo,
}

impl Question {
    pub const ALL: [Self; 7] =
        [Self::Code, Self::Cost, Self::Traces, Self::Database, Self::Profiling, Self::Security, Self::Slo];

    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Cost => "cost",
            Self::Traces => "traces",
            Self::Database => "database",
            Self::Profiling => "profiling",
            Self::Security => "security",
            Self::Slo => "slo",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Green,
    Yellow,
    Red,
    /// Not known.
    Grey,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
            Self::Grey => "grey",
        }
    }
}

/// Where evidence comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The definitions, and the lists that they run over.
    Declared,
    /// How a function sends what it sends.
    Pipeline,
    /// What Datadog holds.
    Live,
}

impl Class {
    pub fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Pipeline => "pipeline",
            Self::Live => "live",
        }
    }
}

/// What proves an answer, and where it is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    Line(Position),
    Url(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub class: Class,
    /// A few words, no full stop.
    pub text: String,
    pub proof: Proof,
}

impl Evidence {
    pub fn new(class: Class, text: impl Into<String>, line: &Position) -> Self {
        Self { class, text: text.into(), proof: Proof::Line(line.clone()) }
    }
}

#[derive(Clone, Debug)]
pub struct Cell {
    pub question: Question,
    pub state: State,
    /// At least one.
    pub evidence: Vec<Evidence>,
}

/// Proofs of parts that are shown for the whole.
const SHOWN: usize = 5;

/// One answer for many: green where all that are known are, red where all are, yellow between.
pub fn together(question: Question, parts: &[&[Cell]], of: &str, line: &Position) -> Cell {
    let cells: Vec<&Cell> =
        parts.iter().filter_map(|cells| cells.iter().find(|cell| cell.question == question)).collect();
    let having = |state: State| cells.iter().filter(move |cell| cell.state == state);
    let [green, yellow, red] = [State::Green, State::Yellow, State::Red].map(|state| having(state).count());
    let known = green + yellow + red;
    let state = match (known, green, red) {
        (0, ..) => State::Grey,
        (known, green, _) if green == known => State::Green,
        (known, _, red) if red == known => State::Red,
        _ => State::Yellow,
    };
    // What is to be done, else what proves it.
    let holes = having(State::Red).chain(having(State::Yellow));
    let proofs: Vec<&Evidence> = match state {
        State::Green => having(State::Green).filter_map(|cell| cell.evidence.first()).take(SHOWN).collect(),
        State::Grey => having(State::Grey).filter_map(|cell| cell.evidence.first()).take(SHOWN).collect(),
        _ => holes.filter_map(|cell| cell.evidence.first()).take(SHOWN).collect(),
    };
    let class = proofs.first().map_or(Class::Declared, |proof| proof.class);
    let unknown = match cells.len() - known {
        0 => String::new(),
        unknown => format!(", not known of {}", count(unknown)),
    };
    let text = format!("{} of {} {of}{unknown}", count(green), count(known));
    let mut evidence = vec![Evidence::new(class, text, line)];
    evidence.extend(proofs.into_iter().cloned());
    evidence.dedup();
    Cell { question, state, evidence }
}
