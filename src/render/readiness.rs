//! Answers to the seven questions, for people and programs.

use std::io::{self, Write};

use serde::Serialize;

use super::heat::{self, Shade, Table};
use super::markdown::{code, quoted_prose};
use super::plan_json::Source;
use super::plan_text::source_line;
use super::sanitize::clean;
use super::summary::columns;
use super::value::{count, cut};
use crate::readiness::{Cell, Evidence, Proof, Question, Row, State, Subject};

/// Rows of functions and services that are shown, unless all are asked for.
const ROWS: usize = 20;

fn shade(state: State) -> Shade {
    match state {
        State::Green => Shade::Green,
        State::Yellow => Shade::Yellow,
        State::Red => Shade::Red,
        State::Grey => Shade::Grey,
    }
}

/// `✓ green`
fn shown(cell: &Cell) -> String {
    format!("{} {}", shade(cell.state).sign(), cell.state.name())
}

fn place(proof: &Proof) -> String {
    match proof {
        Proof::Line(position) => source_line(position),
        Proof::Url(url) => cut(url, 200),
    }
}

fn environment(rows: &[Row]) -> Option<&Row> {
    rows.iter().find(|row| row.subject == Subject::Environment)
}

pub fn headline(rows: &[Row]) -> String {
    let green = environment(rows).map_or(0, Row::green);
    let of = |subject| count(rows.iter().filter(|row| row.subject == subject).count());
    format!(
        "{green} of {} answers are green, over {} services and {} functions",
        Question::ALL.len(),
        of(Subject::Service),
        of(Subject::Function)
    )
}

/// Text; `all`: a line for every function, too.
pub fn write(rows: &[Row], title: &str, all: bool, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Readiness of {}: {}", clean(title), headline(rows))?;
    for cell in environment(rows).into_iter().flat_map(|row| &row.cells) {
        writeln!(out, "\n  {:<10} {}", cell.question.name(), shown(cell))?;
        for evidence in &cell.evidence {
            let text = clean(&evidence.text).into_owned();
            writeln!(out, "    {}  {text} ({})", evidence.class.name(), clean(&place(&evidence.proof)))?;
        }
    }
    for (subject, title) in [(Subject::Service, "service"), (Subject::Function, "function")] {
        let own: Vec<&Row> = rows.iter().filter(|row| row.subject == subject).collect();
        if own.is_empty() || subject == Subject::Function && !all {
            continue;
        }
        let head = std::iter::once(title).chain(Question::ALL.into_iter().map(Question::name));
        let mut table: Vec<Vec<String>> = vec![head.map(str::to_owned).collect()];
        let most = if all { own.len() } else { ROWS * 2 };
        for row in own.iter().take(most) {
            let name = clean(&cut(&row.name, 60)).into_owned();
            table.push(std::iter::once(name).chain(row.cells.iter().map(shown)).collect());
        }
        writeln!(out)?;
        out.write_all(columns(&table, false).as_bytes())?;
        if own.len() > most {
            writeln!(out, "  and {} more: --expand shows all of them", count(own.len() - most))?;
        }
    }
    if !all {
        writeln!(out, "\nFunction by function: --expand, or --format html.")?;
    }
    Ok(())
}

/// Markdown: the environment's answers with their proofs, and services that have holes.
pub fn markdown(rows: &[Row], title: &str) -> String {
    let mut out = format!("### Readiness of {}\n\n{}\n\n", quoted_prose(title), headline(rows));
    out += "| question | answer | evidence |\n| --- | --- | --- |\n";
    for cell in environment(rows).into_iter().flat_map(|row| &row.cells) {
        let first = cell.evidence.first().map(|evidence| quoted_prose(&evidence.text)).unwrap_or_default();
        out += &format!("| {} | {} | {first} |\n", cell.question.name(), shown(cell));
    }
    let has_hole = |row: &&Row| {
        row.subject == Subject::Service
            && row.cells.iter().any(|cell| matches!(cell.state, State::Red | State::Yellow))
    };
    let holes: Vec<&Row> = rows.iter().filter(has_hole).collect();
    if holes.is_empty() {
        return out;
    }
    out += &format!("\n<details><summary>Services with holes: {}</summary>\n\n", count(holes.len()));
    for row in holes.iter().take(ROWS * 5) {
        let cells = row.cells.iter().filter(|cell| matches!(cell.state, State::Red | State::Yellow));
        let names: Vec<String> =
            cells.map(|cell| format!("{} {}", cell.question.name(), cell.state.name())).collect();
        out += &format!("- {}: {}\n", code(&cut(&row.name, 80)), names.join(", "));
    }
    if holes.len() > ROWS * 5 {
        out += &format!("- and {} more\n", count(holes.len() - ROWS * 5));
    }
    out + "\n</details>\n"
}

#[derive(Serialize)]
struct EvidenceEntry<'a> {
    class: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

#[derive(Serialize)]
struct CellEntry<'a> {
    question: &'a str,
    state: &'a str,
    evidence: Vec<EvidenceEntry<'a>>,
}

#[derive(Serialize)]
struct RowEntry<'a> {
    kind: &'a str,
    name: &'a str,
    cells: Vec<CellEntry<'a>>,
}

#[derive(Serialize)]
struct Whole<'a> {
    format_version: u32,
    rows: Vec<RowEntry<'a>>,
}

/// JSON, as `docs/readiness.md` describes it.
pub fn write_json(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let whole = Whole { format_version: 1, rows: rows.iter().map(row_entry).collect() };
    serde_json::to_writer_pretty(&mut *out, &whole).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

fn row_entry(row: &Row) -> RowEntry<'_> {
    RowEntry { kind: row.subject.name(), name: &row.name, cells: row.cells.iter().map(cell_entry).collect() }
}

fn cell_entry(cell: &Cell) -> CellEntry<'_> {
    CellEntry {
        question: cell.question.name(),
        state: cell.state.name(),
        evidence: cell.evidence.iter().map(evidence_entry).collect(),
    }
}

fn evidence_entry(evidence: &Evidence) -> EvidenceEntry<'_> {
    let (source, url) = match &evidence.proof {
        Proof::Line(position) => (Some(Source::from(position)), None),
        Proof::Url(url) => (None, Some(url.as_str())),
    };
    EvidenceEntry { class: evidence.class.name(), text: &evidence.text, source, url }
}

/// A page with a cell for each row and question.
pub fn html(rows: &[Row], title: &str) -> String {
    let cell = |cell: &Cell| heat::Cell {
        shade: shade(cell.state),
        proof: cell
            .evidence
            .iter()
            .map(|evidence| format!("{} ({})", evidence.text, place(&evidence.proof)))
            .collect(),
    };
    let row = |row: &Row| heat::Row {
        name: row.name.clone(),
        sets: vec![row.subject.name().to_owned()],
        cells: row.cells.iter().map(cell).collect(),
    };
    heat::page(&Table {
        title: format!("Readiness of {title}"),
        line: headline(rows),
        totals: Vec::new(),
        first: "name",
        sets: vec!["kind"],
        columns: Question::ALL.into_iter().map(Question::name).collect(),
        rows: rows.iter().map(row).collect(),
        notes: Vec::new(),
    })
}
