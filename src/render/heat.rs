//! A table of coloured cells as one page for a browser: nothing is loaded, rows can be filtered, each cell says what
//! proves it. Colour is never alone: each shade has a sign.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::frame;
use super::markdown::html as escape;
use super::value::{count, cut};

const STYLE: &str = include_str!("heat.css");
const SCRIPT: &str = include_str!("heat.js");
/// Lines of a note, and proofs of a cell, that are shown.
const LINES: usize = 500;
const PROOFS: usize = 8;
/// The whole page, in bytes: rows behind it are counted.
const LIMIT: usize = 2 * 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shade {
    Green,
    Yellow,
    Red,
    /// Not known.
    Grey,
    /// Not asked.
    None,
}

impl Shade {
    pub fn name(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
            Self::Grey => "grey",
            Self::None => "none",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Green => "yes",
            Self::Yellow => "in part",
            Self::Red => "no",
            Self::Grey => "not known",
            Self::None => "not asked",
        }
    }

    /// What stands in the cell.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Green => "✓",
            Self::Yellow => "~",
            Self::Red => "✗",
            Self::Grey => "?",
            Self::None => "·",
        }
    }
}

pub struct Cell {
    pub shade: Shade,
    pub proof: Vec<String>,
}

pub struct Row {
    pub name: String,
    /// What the row can be filtered by, as the table names it.
    pub sets: Vec<String>,
    pub cells: Vec<Cell>,
}

pub struct Table {
    pub title: String,
    pub line: String,
    /// A table in front; its first row is the head.
    pub totals: Vec<Vec<String>>,
    pub first: &'static str,
    pub sets: Vec<&'static str>,
    pub columns: Vec<&'static str>,
    pub rows: Vec<Row>,
    /// Lists behind it.
    pub notes: Vec<(&'static str, Vec<String>)>,
}

pub fn page(table: &Table) -> String {
    let mut out = frame::begin(&cut(&table.title, 200), STYLE, SCRIPT);
    let _ = writeln!(out, "<p class=dim>{}</p>", escape(&table.line));
    frame::table(&table.totals, "totals", &mut out);
    filters(table, &mut out);
    rows(table, &mut out);
    notes(table, &mut out);
    let _ = write!(out, "<script>{SCRIPT}</script>\n</main>\n</html>\n");
    out
}

fn filters(table: &Table, out: &mut String) {
    let _ = write!(
        out,
        "<form role=search><input type=search aria-label=\"Filter rows\" placeholder=\"Filter by name or proof (press /)\">"
    );
    for (at, name) in table.sets.iter().enumerate() {
        let values: BTreeSet<&str> =
            table.rows.iter().filter_map(|row| row.sets.get(at)).map(String::as_str).collect();
        let options: Vec<String> = values
            .into_iter()
            .filter(|value| !value.is_empty())
            .map(|value| format!("<option>{}</option>", escape(&cut(value, 80))))
            .collect();
        let _ = write!(
            out,
            " <label>{name} <select data-set={at}><option value=\"\">all</option>{}</select></label>",
            options.concat()
        );
    }
    out.push_str(
        " <label><input type=checkbox id=holes> only with holes</label> <output class=dim></output></form>\n",
    );
}

fn rows(table: &Table, out: &mut String) {
    let shades = [Shade::Green, Shade::Yellow, Shade::Red, Shade::Grey, Shade::None];
    let used = |shade: &Shade| table.rows.iter().flat_map(|row| &row.cells).any(|cell| cell.shade == *shade);
    let legend: Vec<String> = shades
        .iter()
        .filter(|shade| used(shade))
        .map(|shade| format!("<span class={}>{} {}</span>", shade.name(), shade.sign(), shade.word()))
        .collect();
    let _ = writeln!(out, "<p class=legend>{}</p>", legend.join(" "));
    out.push_str("<div class=scroll><table class=heat>\n<thead><tr>");
    let _ = write!(out, "<th scope=col>{}</th>", table.first);
    for name in table.sets.iter().chain(&table.columns) {
        let _ = write!(out, "<th scope=col>{}</th>", escape(name));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    let mut shown = 0;
    for row in &table.rows {
        if out.len() > LIMIT {
            break;
        }
        shown += 1;
        let holes = row.cells.iter().any(|cell| matches!(cell.shade, Shade::Red | Shade::Yellow));
        let _ = write!(
            out,
            "<tr{}><th scope=row>{}</th>",
            if holes { " data-holes" } else { "" },
            escape(&cut(&row.name, 120))
        );
        for set in &row.sets {
            let _ = write!(out, "<td>{}</td>", escape(&cut(set, 80)));
        }
        for cell in &row.cells {
            let more = cell.proof.len().saturating_sub(PROOFS);
            let mut proof: Vec<String> = cell.proof.iter().take(PROOFS).map(|line| cut(line, 300)).collect();
            if more > 0 {
                proof.push(format!("and {} more", count(more)));
            }
            let proof = escape(&proof.join("; "));
            let _ = write!(
                out,
                "<td class={0} tabindex=0 title=\"{proof}\" aria-label=\"{0}: {proof}\">{1}</td>",
                cell.shade.name(),
                cell.shade.sign()
            );
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n<p id=proof class=dim aria-live=polite></p>\n");
    if shown < table.rows.len() {
        let _ = writeln!(
            out,
            "<p class=line>and {} more rows: see the JSON</p>",
            count(table.rows.len() - shown)
        );
    }
}

fn notes(table: &Table, out: &mut String) {
    for (title, lines) in table.notes.iter().filter(|(_, lines)| !lines.is_empty()) {
        let _ = write!(out, "<h2>{}: {}</h2>\n<ul>", escape(title), count(lines.len()));
        for line in lines.iter().take(LINES) {
            let _ = write!(out, "<li>{}</li>", escape(&cut(line, 300)));
        }
        if lines.len() > LINES {
            let _ = write!(out, "<li>and {} more</li>", count(lines.len() - LINES));
        }
        out.push_str("</ul>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_a_tag_or_an_attribute() {
        let hostile = "</script><script>alert(1)</script>\"><img src=x onerror=alert(1)>\u{202e}".to_owned();
        let page = page(&Table {
            title: hostile.clone(),
            line: hostile.clone(),
            totals: vec![vec![hostile.clone()], vec![hostile.clone()]],
            first: "function",
            sets: vec!["tier"],
            columns: vec!["errors"],
            rows: vec![Row {
                name: hostile.clone(),
                sets: vec![hostile.clone()],
                cells: vec![Cell { shade: Shade::Red, proof: vec![hostile.clone()] }],
            }],
            notes: vec![("Notes", vec![hostile])],
        });
        assert_eq!(page.matches("<script").count(), 1);
        assert!(!page.contains("<img") && !page.contains('\u{202e}'), "{page}");
        assert!(page.contains("title=\"&lt;/script&gt;"), "{page}");
    }

    #[test]
    fn a_large_inventory_has_its_limit() {
        let row = |n: usize| Row {
            name: format!("function-{n}"),
            sets: vec!["standard".to_owned()],
            cells: (0..7).map(|_| Cell { shade: Shade::Green, proof: vec!["x".repeat(200)] }).collect(),
        };
        let table = Table {
            title: "t".to_owned(),
            line: String::new(),
            totals: Vec::new(),
            first: "function",
            sets: vec!["tier"],
            columns: vec!["a", "b", "c", "d", "e", "f", "g"],
            rows: (0..20_000).map(row).collect(),
            notes: Vec::new(),
        };
        let page = page(&table);
        assert!(page.len() < LIMIT + 64 * 1024, "{}", page.len());
        assert!(page.contains("more rows"));
    }
}
