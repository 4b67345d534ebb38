//! Rows of an entry on a terminal or in a file: fields in columns, changed words marked.

use std::io;

use super::field::{Field, Shown};
use super::page::{Page, Tone};
use super::telling::Row;
use super::text_diff::{Line, Piece, Sign};
use super::value::{count, plural, width};
use crate::model::{Action, ItemAction};

/// A path longer than this has its value on the next line.
const PATH: usize = 32;
/// A line of words is wrapped at no less.
const ROOM: usize = 20;

/// Where rows stand, and how many of them.
#[derive(Clone, Copy)]
pub struct Place {
    pub indent: usize,
    pub most: usize,
}

/// Rows below each other, the paths of fields in one column.
pub fn write_rows(action: Action, rows: &[Row], place: Place, page: &mut Page<'_>) -> io::Result<()> {
    let fields = rows.iter().filter_map(|row| match row {
        Row::Field(field) => Some(field),
        _ => None,
    });
    let column = fields.map(|field| width(&field.path)).filter(|w| *w <= PATH).max().unwrap_or(0);
    for row in rows.iter().take(place.most) {
        match row {
            Row::Field(field) => write_field(action, field, (place.indent, column), page)?,
            Row::Note(text) => {
                page.indent(place.indent)?;
                page.wrapped_at(&[(Tone::Faint, text)], place.indent, place.indent)?;
            }
            Row::Item { action: of, text, fields } => {
                let (sign, tone) = match of {
                    ItemAction::Moved => ("> ", Tone::Moved),
                    ItemAction::Added => ("+ ", Tone::New),
                    ItemAction::Removed => ("- ", Tone::Old),
                    ItemAction::Changed => ("~ ", Tone::Changed),
                };
                page.indent(place.indent)?;
                page.wrapped_at(&[(tone, sign), (Tone::Plain, text)], place.indent, place.indent + 2)?;
                let column =
                    fields.iter().map(|field| width(&field.path)).filter(|w| *w <= PATH).max().unwrap_or(0);
                for field in fields {
                    write_field(action, field, (place.indent + 4, column), page)?;
                }
            }
        }
    }
    if rows.len() > place.most {
        page.indent(place.indent)?;
        page.line(&[(Tone::Faint, &format!("… {}", plural(rows.len() - place.most, "more field")))])?;
    }
    Ok(())
}

/// One changed field, its value from `column` on, or on the lines below.
pub fn write_field(
    action: Action,
    field: &Field,
    (indent, column): (usize, usize),
    page: &mut Page<'_>,
) -> io::Result<()> {
    page.indent(indent)?;
    let mut value_at = indent + column + 2;
    if width(&field.path) <= column && fits(&field.shown, page.width().saturating_sub(value_at), page.width())
    {
        let pad = " ".repeat(column - width(&field.path) + 2);
        page.part(&[(Tone::Plain, &field.path), (Tone::Plain, &pad)])?;
    } else {
        page.line(&[(Tone::Plain, &field.path)])?;
        value_at = indent + 2;
        if !matches!(field.shown, Shown::Lines { .. } | Shown::Words(_)) {
            page.indent(value_at)?;
        }
    }
    match &field.shown {
        Shown::Added(text) if action == Action::Create => {
            page.wrapped_at(&[(Tone::Plain, text)], value_at, value_at)
        }
        Shown::Added(text) => {
            page.wrapped_at(&[(Tone::New, "+ "), (Tone::New, text)], value_at, value_at + 2)
        }
        Shown::Removed(text) => {
            page.wrapped_at(&[(Tone::Old, "- "), (Tone::Old, text)], value_at, value_at + 2)
        }
        Shown::Arrow { before, after } => page.wrapped_at(
            &[(Tone::Old, before), (Tone::Plain, " → "), (Tone::New, after)],
            value_at,
            value_at,
        ),
        Shown::Words(pieces) => write_words(pieces, value_at, page),
        Shown::Items { removed, added, same } => write_items(removed, added, *same, value_at, page),
        Shown::Lines { lines, more } => write_lines(lines, *more, indent + 2, page),
    }
}

/// Whether a value reads well beside its path: one line, or words that wrap into a few.
fn fits(shown: &Shown, room: usize, whole: usize) -> bool {
    match shown {
        Shown::Lines { .. } | Shown::Words(_) => false,
        Shown::Arrow { before, after } => width(before) + width(after) + 3 <= room,
        Shown::Added(text) | Shown::Removed(text) => width(text) + 2 <= room || room >= whole / 3 * 2,
        Shown::Items { .. } => true,
    }
}

fn write_items(
    removed: &[String],
    added: &[String],
    same: usize,
    at: usize,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let sides = [(Tone::Old, "-", removed), (Tone::New, "+", added)];
    let mut parts: Vec<(Tone, String)> = sides
        .into_iter()
        .flat_map(|(tone, sign, items)| items.iter().map(move |item| (tone, format!("{sign}{item} "))))
        .collect();
    if same > 0 {
        parts.push((Tone::Faint, format!("({} the same)", count(same))));
    }
    let parts: Vec<(Tone, &str)> = parts.iter().map(|(tone, text)| (*tone, text.as_str())).collect();
    page.wrapped_at(&parts, at, at)
}

fn write_lines(lines: &[Line], more: usize, indent: usize, page: &mut Page<'_>) -> io::Result<()> {
    for line in lines {
        let (tone, text) = match line {
            Line::Text(Sign::Same, text) => (Tone::Plain, format!("  {text}")),
            Line::Text(Sign::Old, text) => (Tone::Old, format!("- {text}")),
            Line::Text(Sign::New, text) => (Tone::New, format!("+ {text}")),
            Line::Skipped(lines) => (Tone::Faint, format!("@@ {} the same", plural(*lines, "line"))),
        };
        let text = format!("{:indent$}{text}", "");
        page.line(&[(tone, text.trim_end())])?;
    }
    if more > 0 {
        page.indent(indent)?;
        page.line(&[(Tone::Faint, &format!("… {} of the difference", plural(more, "more line")))])?;
    }
    Ok(())
}

/// A text of one line as it was and as it will be, the words that differ pointed at: by style where there is colour,
/// and by carets everywhere, since a style is lost with the first copy.
fn write_words(pieces: &[Piece], at: usize, page: &mut Page<'_>) -> io::Result<()> {
    // What was taken out without anything in its place shows in the old text alone.
    let alone = pieces.iter().enumerate().any(|(at, piece)| {
        piece.sign == Sign::Old && pieces.get(at + 1).is_none_or(|next| next.sign != Sign::New)
    });
    write_side(pieces, (Sign::Old, alone), at, page)?;
    write_side(pieces, (Sign::New, true), at, page)
}

/// One of the two texts, wrapped, with carets under its words where they are asked for.
fn write_side(
    pieces: &[Piece],
    (side, pointed): (Sign, bool),
    at: usize,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let (sign, tone, word) = match side {
        Sign::Old => ("- ", Tone::Old, Tone::OldWord),
        _ => ("+ ", Tone::New, Tone::NewWord),
    };
    let room = page.width().saturating_sub(at + 2).max(ROOM);
    let mut row: Vec<(Tone, &str)> = Vec::new();
    let mut column: usize = 0;
    let mut is_first = true;
    let own = pieces.iter().filter(|piece| piece.sign == Sign::Same || piece.sign == side);
    for piece in own {
        let part = if piece.sign == Sign::Same { Tone::Plain } else { word };
        for atom in piece.text.split_inclusive([' ', ',', ')', '}']) {
            if column > 0 && column.saturating_add(width(atom.trim_end())) > room {
                write_row(&row, (if is_first { sign } else { "  " }, tone), (at, pointed), page)?;
                (is_first, column) = (false, 0);
                row.clear();
            }
            row.push((part, atom));
            column += width(atom);
        }
    }
    write_row(&row, (if is_first { sign } else { "  " }, tone), (at, pointed), page)
}

fn write_row(
    row: &[(Tone, &str)],
    (sign, tone): (&str, Tone),
    (at, pointed): (usize, bool),
    page: &mut Page<'_>,
) -> io::Result<()> {
    page.indent(at)?;
    page.part(&[(tone, sign)])?;
    // Without white space at the end of the line.
    let last = row.iter().rposition(|(_, text)| !text.trim_end_matches(' ').is_empty());
    let row = &row[..last.map_or(0, |last| last + 1)];
    for (place, (tone, text)) in row.iter().enumerate() {
        let text = if place + 1 == row.len() { text.trim_end_matches(' ') } else { text };
        page.part(&[(*tone, text)])?;
    }
    page.line(&[])?;
    let is_word = |tone: Tone| matches!(tone, Tone::OldWord | Tone::NewWord);
    if pointed && row.iter().any(|(tone, _)| is_word(*tone)) {
        let carets: String = row
            .iter()
            .map(|(tone, text)| if is_word(*tone) { "^" } else { " " }.repeat(width(text)))
            .collect();
        page.indent(at + 2)?;
        page.line(&[(tone, carets.trim_end())])?;
    }
    Ok(())
}
