//! One entry of the page: what changes, or what many objects have in common.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::super::field::{Field, Shown as Difference};
use super::super::fold::{Bond, Entry, patterns};
use super::super::markdown::html as escape;
use super::super::plan_text::source_line;
use super::super::summary;
use super::super::telling::{self, Detail, Row, clean_address, risks, steps};
use super::super::text_diff::{Line, Piece, Sign};
use super::super::value::{count, cut, plural};
use super::{board, strip};
use crate::model::{Change, ItemAction};

/// Rows of one change; fields of a new object beside those that matter most; steps of numbers where there is no risk.
const ROWS: usize = 200;
const FIELDS: usize = 12;
const STEPS: usize = 200;
/// More addresses than these are folded.
const MANY: usize = 60;

/// An entry in all of its forms, by the room it takes.
pub struct Shown {
    pub whole: String,
    /// All but drawings of dashboards.
    pub told: String,
    /// On a line, and one for each risk: what is told of it where the page has no room.
    pub short: String,
    /// On a line.
    pub bare: String,
    pub risky: bool,
    pub action: &'static str,
    pub kind: &'static str,
    pub teams: BTreeSet<String>,
    /// How many changes it stands for.
    pub changes: usize,
}

/// `below`: what can be done about it, as HTML.
pub fn show(entry: &Entry<'_>, below: &str) -> Shown {
    let change = entry.first();
    let (live, wanted) = (change.live.as_ref(), change.body.as_ref().map(crate::model::Body::value));
    let mut shown = Shown {
        whole: String::new(),
        told: String::new(),
        short: String::new(),
        bare: String::new(),
        risky: entry.is_risky(),
        action: change.action.name(),
        kind: change.kind,
        teams: entry.changes.iter().flat_map(|change| teams(change)).collect(),
        changes: entry.changes.len(),
    };
    let attributes = attributes(&shown);
    let symbol = format!("<span class=s>{}</span>", escape(summary::symbol(change.action)));
    let title = title(entry);
    let addresses = if entry.is_folded() { addresses(entry) } else { String::new() };
    let risks: String =
        risks(entry).iter().map(|risk| format!("<p class=\"r risk\">! {}</p>", quoted(risk))).collect();
    let line = |inside: &str| {
        format!(
            "<div class=\"e {} in\"{attributes}>{symbol} {title}{inside}{addresses}</div>\n",
            shown.action
        )
    };
    (shown.short, shown.bare) = (line(&risks), line(&codes(entry)));
    let open = if shown.risky { " open" } else { "" };
    let mut out = format!(
        "<details class=\"e {}\"{attributes}{open}><summary>{symbol} {title}{}</summary><div class=in>",
        shown.action,
        name(wanted.as_ref().or(live), entry)
    );
    out.push_str(&risks);
    place(change, entry, &mut out);
    if let Some(claim) = summary::claim(change) {
        let _ = write!(out, "<p class=dim>{}</p>", escape(&claim));
    }
    if matches!(entry.bond, Bond::One | Bond::Equal) {
        out.push_str(&strip::of(&change.diff));
    }
    write_steps(entry, &mut out);
    write_rows(entry, &mut out);
    let drawn = match entry.is_folded() {
        true => String::new(),
        false => board::both(live, wanted.as_ref(), &change.items),
    };
    let at = out.len();
    if !addresses.is_empty() {
        let objects = plural(entry.changes.len(), "object");
        let open = if entry.changes.len() > MANY { "" } else { " open" };
        let _ = write!(out, "<details{open}><summary class=dim>{objects}</summary>{addresses}</details>");
    }
    out.push_str(below);
    out.push_str("</div></details>\n");
    shown.told.clone_from(&out);
    out.insert_str(at, &drawn);
    shown.whole = out;
    shown
}

/// The types of its risks.
fn codes(entry: &Entry<'_>) -> String {
    let risks = entry.changes.iter().flat_map(|change| &change.risks);
    let codes: BTreeSet<&str> = risks.map(|risk| risk.code).collect();
    if codes.is_empty() {
        return String::new();
    }
    format!(" <b class=risk>! {}</b>", escape(&codes.into_iter().collect::<Vec<_>>().join(", ")))
}

/// A sentence in which what stands between backquotes is code.
pub fn quoted(sentence: &str) -> String {
    let parts: Vec<&str> = sentence.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escape(sentence);
    }
    let part = |(at, part): (usize, &&str)| match at % 2 {
        0 => escape(part),
        _ => format!("<code>{}</code>", escape(part)),
    };
    parts.iter().enumerate().map(part).collect()
}

/// What the filters look at.
fn attributes(shown: &Shown) -> String {
    let mut out = format!(" data-action={} data-kind={}", shown.action, shown.kind);
    if shown.risky {
        out.push_str(" data-risk");
    }
    if !shown.teams.is_empty() {
        let teams: Vec<String> = shown.teams.iter().map(|team| escape(team)).collect();
        let _ = write!(out, " data-team=\"{}\"", teams.join(" "));
    }
    if shown.changes > 1 {
        let _ = write!(out, " data-count={}", shown.changes);
    }
    out
}

fn title(entry: &Entry<'_>) -> String {
    if !entry.is_folded() {
        return format!("<code>{}</code>", escape(&clean_address(entry.first().address.as_str())));
    }
    let patterns = patterns(entry.changes.iter().map(|change| &change.address));
    escape(&telling::title(entry, &patterns))
}

/// What people call it, where it is one.
fn name(body: Option<&Value>, entry: &Entry<'_>) -> String {
    let text = |key: &str| body?.get(key)?.as_str();
    match text("name").or_else(|| text("title")).filter(|_| !entry.is_folded()) {
        Some(name) => format!(" <span class=dim>{}</span>", escape(&cut(name, 160))),
        None => String::new(),
    }
}

/// Its line in the definitions, and the object itself.
fn place(change: &Change, entry: &Entry<'_>, out: &mut String) {
    let mut parts = Vec::new();
    if let Some(origin) = &change.origin {
        parts.push(escape(&source_line(&origin.position)));
    }
    let web = change.url.as_deref().filter(|url| url.len() < 1000 && is_web(url) && !entry.is_folded());
    if let Some(url) = web {
        let url = escape(url);
        parts.push(format!("<a href=\"{url}\" rel=\"noreferrer noopener\">{url}</a>"));
    }
    if let Some(from) = &change.moved_from {
        parts.push(format!("was {}", escape(&clean_address(from.as_str()))));
    }
    if !parts.is_empty() {
        let _ = write!(out, "<p class=dim>{}</p>", parts.join(" · "));
    }
}

fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// The numbers of changes that are alike but for them, as a table.
fn write_steps(entry: &Entry<'_>, out: &mut String) {
    if entry.bond != Bond::Shape {
        return;
    }
    let most = if entry.is_risky() { usize::MAX } else { STEPS };
    let Some(steps) = steps(entry, (most, usize::MAX)) else { return };
    let _ = write!(out, "<table class=\"steps f\"><caption>{}</caption>", escape(&steps.path));
    for row in &steps.rows {
        let _ =
            write!(out, "<tr><td>{}<td>{}<td>{}", escape(&row.numbers), count(row.of), escape(&row.names));
    }
    out.push_str("</table>");
    if steps.more > 0 {
        let _ = write!(out, "<p class=dim>and {}</p>", plural(steps.more, "more step"));
    }
}

/// What is said of it, in the words of all formats.
fn write_rows(entry: &Entry<'_>, out: &mut String) {
    let change = entry.first();
    if entry.bond == Bond::Instance {
        for change in &entry.changes {
            let _ = write!(out, "<h3 class=f>{}</h3>", escape(&clean_address(change.address.as_str())));
            rows(&telling::rows(change, Detail { full: false, others: 0 }), out);
        }
        return;
    }
    let of_one = telling::rows(change, Detail { full: false, others: FIELDS });
    if entry.is_folded() && !of_one.is_empty() {
        let _ = write!(out, "<p class=dim>as in {}:</p>", escape(&clean_address(change.address.as_str())));
    }
    rows(&of_one, out);
}

fn rows(rows: &[Row], out: &mut String) {
    let mut in_list = false;
    for row in rows.iter().take(ROWS) {
        let is_field = matches!(row, Row::Field(_));
        if is_field != std::mem::replace(&mut in_list, is_field) {
            out.push_str(if is_field { "<dl>" } else { "</dl>" });
        }
        match row {
            Row::Field(own) => field(own, out),
            Row::Note(text) => {
                let _ = write!(out, "<p class=dim>{}</p>", escape(text));
            }
            Row::Item { action, text, fields } => {
                let (class, sign) = match action {
                    ItemAction::Moved => ("moved", "↕"),
                    ItemAction::Added => ("added", "+"),
                    ItemAction::Removed => ("removed", "−"),
                    ItemAction::Changed => ("changed", "±"),
                };
                let _ =
                    write!(out, "<p class=\"i {class}\"><span class=s>{sign}</span> {}</p>", escape(text));
                if !fields.is_empty() {
                    out.push_str("<dl class=n>");
                    fields.iter().for_each(|own| field(own, out));
                    out.push_str("</dl>");
                }
            }
        }
    }
    if in_list {
        out.push_str("</dl>");
    }
    if rows.len() > ROWS {
        let _ = write!(out, "<p class=dim>and {}</p>", plural(rows.len() - ROWS, "more row"));
    }
}

fn field(field: &Field, out: &mut String) {
    let Field { path, shown } = field;
    let _ = write!(out, "<dt class=f>{}</dt><dd class=f>{}</dd>", escape(path), difference(shown));
}

/// Old text is struck through and new text underlined, so that nobody needs the colours.
fn difference(shown: &Difference) -> String {
    let old = |text: &str| format!("<del>{}</del>", escape(text));
    let new = |text: &str| format!("<ins>{}</ins>", escape(text));
    match shown {
        Difference::Added(text) => new(text),
        Difference::Removed(text) => old(text),
        Difference::Arrow { before, after } => format!("{} → {}", old(before), new(after)),
        Difference::Words(pieces) => {
            format!("<span class=wd>{}</span>", pieces.iter().map(piece).collect::<String>())
        }
        Difference::Items { removed, added, same } => {
            let mut parts: Vec<String> = removed.iter().map(|item| old(&format!("- {item}"))).collect();
            parts.extend(added.iter().map(|item| new(&format!("+ {item}"))));
            if *same > 0 {
                parts.push(format!("<span class=dim>{} more in both</span>", count(*same)));
            }
            parts.join("  ")
        }
        Difference::Lines { lines, more } => {
            let mut out: String = lines.iter().map(line).collect();
            if *more > 0 {
                let _ = write!(out, "<span class=\"l dim\">{} more lines</span>", count(*more));
            }
            out
        }
    }
}

fn piece(piece: &Piece) -> String {
    let text = escape(&piece.text);
    match piece.sign {
        Sign::Same => text,
        Sign::Old => format!("<del>{text}</del>"),
        Sign::New => format!("<ins>{text}</ins>"),
    }
}

fn line(line: &Line) -> String {
    match line {
        Line::Text(Sign::Same, text) => format!("<span class=l>  {}</span>", escape(text)),
        Line::Text(Sign::Old, text) => format!("<del class=l>- {}</del>", escape(text)),
        Line::Text(Sign::New, text) => format!("<ins class=l>+ {}</ins>", escape(text)),
        Line::Skipped(lines) => format!("<span class=\"l dim\">  … {} equal lines</span>", count(*lines)),
    }
}

fn addresses(entry: &Entry<'_>) -> String {
    let mut out = String::from("<ul class=\"cols f\">");
    for change in &entry.changes {
        let _ = write!(out, "<li>{}", escape(&clean_address(change.address.as_str())));
    }
    out + "</ul>"
}

/// The teams of its tags, before and after, as one word each.
fn teams(change: &Change) -> Vec<String> {
    let wanted = change.body.as_ref().and_then(|body| body.get("tags"));
    let live = change.live.as_ref().and_then(|live| live.get("tags")).cloned();
    let tags = [wanted, live].into_iter().flatten();
    let of = |tags: Value| -> Vec<String> {
        let tags = tags.as_array().cloned().unwrap_or_default();
        let names = tags.iter().filter_map(|tag| tag.as_str()?.strip_prefix("team:"));
        names.map(|name| cut(name, 60).split_whitespace().collect::<Vec<_>>().join("_")).collect()
    };
    tags.flat_map(of).filter(|name| !name.is_empty()).collect()
}
