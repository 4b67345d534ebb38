//! One entry of a plan as Markdown: in full, or on a line and one for each risk.

use std::fmt::Write as _;

use super::field::{Field, Shown};
use super::fold::{Bond, Entry, Pattern, patterns};
use super::markdown::{code, html, link, longest_run, prose, quoted_prose};
use super::plan_text::source_line;
use super::summary;
use super::telling::{Detail, Row, clean_address, names, risks, rows, steps, title};
use super::text_diff::{Line, Piece, Sign};
use super::value::{count, cut, plural};
use crate::model::ItemAction;

/// The most bytes of one entry, and lines of a difference.
const ENTRY: usize = 12_000;
const LINES: usize = 120;
/// Fields of a new object beside those that matter most, and addresses of a folded entry.
const FIELDS: usize = 8;
const PATTERNS: usize = 20;
/// Names for the `*` of a pattern that need no fold; where an entry is shown in brief; beside a step of numbers.
const NAMES: usize = 50;
const FEW: usize = 8;
/// Steps of numbers that differ from change to change.
const STEPS: usize = 60;

/// How many steps of numbers are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// Of what is risky each, with all that do it.
    All,
    Few,
}

/// What an entry is about, in words; and the patterns of its addresses.
fn called<'a>(entry: &Entry<'a>) -> (String, Vec<Pattern<'a>>) {
    let change = entry.first();
    if !entry.is_folded() {
        return (clean_address(change.address.as_str()), Vec::new());
    }
    let patterns = patterns(entry.changes.iter().map(|change| &change.address));
    (title(entry, &patterns), patterns)
}

/// One line, and one for each risk: nothing that carries a risk is cut away, nor whose it is.
pub fn in_brief(entry: &Entry<'_>) -> String {
    let change = entry.first();
    let (title, patterns) = called(entry);
    let mut out = format!("- {}", code(&format!("{} {}", summary::symbol(change.action), cut(&title, 400))));
    let all = entry.is_risky();
    match entry.bond {
        Bond::One => {
            let _ = write!(out, " {}", summary::verb(change.action));
        }
        Bond::Instance => {}
        _ => {
            let (most, each) = if all { (usize::MAX, usize::MAX) } else { (FEW, FEW) };
            let shown = patterns.iter().take(most).map(|pattern| match patterns.len() {
                1 => names(&pattern.names, each),
                _ => format!("{}: {}", cut(&pattern.text, 200), names(&pattern.names, each)),
            });
            let _ = write!(out, ": {}", code(&shown.collect::<Vec<_>>().join("; ")));
        }
    }
    out.push('\n');
    for risk in risks(entry) {
        let _ = writeln!(out, "  - :warning: {}", quoted_prose(&risk));
    }
    out
}

pub fn in_full(entry: &Entry<'_>, detail: Steps) -> String {
    let change = entry.first();
    let (title, patterns) = called(entry);
    let open = if entry.is_risky() { " open" } else { "" };
    let verb = if entry.is_folded() { String::new() } else { format!(" {}", summary::verb(change.action)) };
    let mut out = format!(
        "<details{open}><summary><code>{} {}</code>{verb}</summary>\n\n",
        html(summary::symbol(change.action)),
        html(&title)
    );
    let risks = risks(entry);
    for risk in &risks {
        let _ = writeln!(out, "- :warning: {}", quoted_prose(risk));
    }
    if !risks.is_empty() {
        out.push('\n');
    }
    // The steps name all of them, where each is shown.
    let steps = if entry.bond == Bond::Shape { steps_of(entry, detail) } else { None };
    let is_named = entry.is_risky() && detail == Steps::All && steps.is_some();
    if matches!(entry.bond, Bond::Equal | Bond::Shape) {
        write_patterns(&mut out, entry, &patterns, is_named);
    }
    write_place(&mut out, entry);
    if let Some(lines) = steps {
        write_fenced(&mut out, "text", &lines);
    }
    if entry.bond == Bond::Shape || entry.bond == Bond::Equal {
        let url = change.url.as_ref().map(|url| format!(" ({})", link("in Datadog", url)));
        let address = code(&clean_address(change.address.as_str()));
        let _ = writeln!(out, "As in {address}{}:\n", url.unwrap_or_default());
    }
    write_diff(&mut out, entry);
    out.push_str("</details>\n\n");
    out
}

/// Which they are: all of them where there is a risk, folded where they are many.
fn write_patterns(out: &mut String, entry: &Entry<'_>, patterns: &[Pattern<'_>], is_named: bool) {
    let all = entry.is_risky();
    let most = if all { usize::MAX } else { PATTERNS };
    for pattern in patterns.iter().take(most) {
        let (of, text) = (count(pattern.names.len()), code(&cut(&pattern.text, 200)));
        let _ = match (all && pattern.names.len() > NAMES, is_named) {
            (_, true) => writeln!(out, "- {of} {text}"),
            (true, _) => writeln!(
                out,
                "- {of} {text}: <details><summary>which</summary>{}</details>",
                code(&names(&pattern.names, usize::MAX))
            ),
            _ => writeln!(out, "- {of} {text}: {}", code(&names(&pattern.names, NAMES))),
        };
    }
    if patterns.len() > most {
        let more: usize = patterns[most..].iter().map(|pattern| pattern.names.len()).sum();
        let _ = writeln!(out, "- {} more", count(more));
    }
    out.push('\n');
}

fn write_place(out: &mut String, entry: &Entry<'_>) {
    let change = entry.first();
    let mut parts = Vec::new();
    if let Some(from) = &change.moved_from {
        parts.push(format!("was {}", code(&clean_address(from.as_str()))));
    }
    parts.extend(summary::claim(change).map(|claim| prose(&claim)));
    if let Some(origin) = &change.origin {
        parts.push(code(&source_line(&origin.position)));
    }
    if let Some(url) = change.url.as_ref().filter(|_| !entry.is_folded()) {
        parts.push(link("in Datadog", url));
    }
    if !parts.is_empty() {
        let _ = writeln!(out, "{}\n", parts.join(" · "));
    }
}

/// The numbers of changes that are alike but for them, as columns. (No table: a cell can't hold every text safely.)
fn steps_of(entry: &Entry<'_>, detail: Steps) -> Option<Vec<String>> {
    let all = entry.is_risky() && detail == Steps::All;
    let steps = steps(entry, if all { (usize::MAX, usize::MAX) } else { (STEPS, FEW) })?;
    let mut lines = vec![steps.path.clone()];
    lines.extend(steps.rows.iter().map(|row| format!("{}  {}{}", row.numbers, row.times(), row.names)));
    if steps.more > 0 {
        lines.push(format!("… {}", plural(steps.more, "more step")));
    }
    Some(lines)
}

fn write_fenced(out: &mut String, language: &str, lines: &[String]) {
    let text = lines.join("\n");
    let fence = "`".repeat((longest_run(&text) + 1).max(3));
    let _ = write!(out, "{fence}{language}\n{text}\n{fence}\n\n");
}

fn write_diff(out: &mut String, entry: &Entry<'_>) {
    let mut groups: Vec<Vec<String>> = Vec::new();
    match entry.bond {
        Bond::Instance => {
            for change in &entry.changes {
                groups.push(vec![format!("@@ {} @@", clean_address(change.address.as_str()))]);
                let rows = rows(change, Detail { full: false, others: 0 });
                groups.extend(rows.iter().map(row_lines));
            }
        }
        _ => {
            let rows = rows(entry.first(), Detail { full: false, others: FIELDS });
            groups.extend(rows.iter().map(row_lines));
        }
    }
    let mut lines: Vec<String> = Vec::new();
    let (mut size, mut hidden) = (0, 0);
    for (at, group) in groups.iter().enumerate() {
        size += group.iter().map(|line| line.len() + 1).sum::<usize>();
        if size > ENTRY || lines.len() + group.len() > LINES {
            hidden = groups.len() - at;
            break;
        }
        lines.extend(group.iter().cloned());
    }
    if hidden > 0 {
        lines.push(format!("  … {}", plural(hidden, "more field")));
    }
    if !lines.is_empty() {
        write_fenced(out, "diff", &lines);
    }
}

/// A row as lines of a diff.
fn row_lines(row: &Row) -> Vec<String> {
    match row {
        Row::Field(field) => diff_lines(field),
        Row::Note(text) => vec![format!("  {text}")],
        Row::Item { action, text, fields } => {
            let sign = match action {
                ItemAction::Added => '+',
                ItemAction::Removed => '-',
                ItemAction::Moved | ItemAction::Changed => '!',
            };
            let mut lines = vec![format!("{sign} {text}")];
            lines.extend(fields.iter().flat_map(diff_lines));
            lines
        }
    }
}

/// A field as lines of a diff.
fn diff_lines(field: &Field) -> Vec<String> {
    let Field { path, shown } = field;
    let side = |pieces: &[Piece], without: Sign| -> String {
        pieces.iter().filter(|piece| piece.sign != without).map(|piece| piece.text.as_str()).collect()
    };
    match shown {
        Shown::Added(text) => vec![format!("+ {path}: {text}")],
        Shown::Removed(text) => vec![format!("- {path}: {text}")],
        Shown::Arrow { before, after } => vec![format!("- {path}: {before}"), format!("+ {path}: {after}")],
        Shown::Words(pieces) => vec![
            format!("- {path}: {}", side(pieces, Sign::New)),
            format!("+ {path}: {}", side(pieces, Sign::Old)),
        ],
        Shown::Items { removed, added, .. } => {
            let removed = removed.iter().map(|item| format!("- {path}: {item}"));
            removed.chain(added.iter().map(|item| format!("+ {path}: {item}"))).collect()
        }
        Shown::Lines { lines, more } => {
            let mut out = vec![format!("@@ {path} @@")];
            out.extend(lines.iter().map(|line| match line {
                Line::Text(Sign::Same, text) => format!("  {text}"),
                Line::Text(Sign::Old, text) => format!("- {text}"),
                Line::Text(Sign::New, text) => format!("+ {text}"),
                Line::Skipped(lines) => format!("  … {} the same", plural(*lines, "line")),
            }));
            if *more > 0 {
                out.push(format!("  … {} of the difference", plural(*more, "more line")));
            }
            out
        }
    }
}
