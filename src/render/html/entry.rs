//! One entry of the page: what changes, or what many objects have in common.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::super::field::{Field, Shown as Difference, field};
use super::super::fold::{Entry, patterns};
use super::super::markdown::html as escape;
use super::super::plan_text::source_line;
use super::super::summary;
use super::super::telling::{self, clean_address};
use super::super::text_diff::{Line, Piece, Sign};
use super::super::value::{count, cut};
use super::{board, strip};
use crate::model::Change;

/// Fields of one entry, and addresses of one that folds many.
const FIELDS: usize = 40;
const ADDRESSES: usize = 4000;

/// An entry in both of its forms.
pub struct Shown {
    pub whole: String,
    /// On a line: what is told of it where the page has no room.
    pub short: String,
    pub risky: bool,
    pub action: &'static str,
    pub kind: &'static str,
    pub teams: BTreeSet<String>,
    /// How many changes it stands for.
    pub changes: usize,
}

pub fn show(entry: &Entry<'_>) -> Shown {
    let change = entry.first();
    let (live, wanted) = (change.live.as_ref(), change.body.as_ref().map(crate::model::Body::value));
    let body = wanted.as_ref().or(live);
    let mut shown = Shown {
        whole: String::new(),
        short: String::new(),
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
    shown.short =
        format!("<div class=\"e {} in\"{attributes}>{symbol} {title}{addresses}</div>\n", shown.action);
    let open = if shown.risky { " open" } else { "" };
    let mut out = format!(
        "<details class=\"e {}\"{attributes}{open}><summary>{symbol} {title}{}</summary><div class=in>",
        shown.action,
        name(body, entry)
    );
    place(change, entry, &mut out);
    for risk in &change.risks {
        let _ = write!(out, "<p class=\"r risk\">! {}</p>", escape(&cut(&risk.text, 400)));
    }
    if let Some(claim) = summary::claim(change) {
        let _ = write!(out, "<p class=dim>{}</p>", escape(&claim));
    }
    out.push_str(&strip::of(&change.diff));
    fields(change, entry, &mut out);
    if !entry.is_folded() {
        out.push_str(&board::both(live, wanted.as_ref()));
    }
    out.push_str(&addresses);
    out.push_str("</div></details>\n");
    shown.whole = out;
    shown
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

fn fields(change: &Change, entry: &Entry<'_>, out: &mut String) {
    if change.diff.is_empty() {
        return;
    }
    if entry.is_folded() {
        let _ = write!(out, "<p class=dim>as in {}:</p>", escape(&clean_address(change.address.as_str())));
    }
    out.push_str("<dl>");
    for changed in change.diff.iter().take(FIELDS) {
        let Field { path, shown } = field(changed, false);
        let _ = write!(out, "<dt class=f>{}</dt><dd class=f>{}</dd>", escape(&path), difference(&shown));
    }
    if change.diff.len() > FIELDS {
        let _ =
            write!(out, "<dt></dt><dd class=dim>and {} more fields</dd>", count(change.diff.len() - FIELDS));
    }
    out.push_str("</dl>");
}

/// Old text is struck through and new text underlined, so that nobody needs the colours.
fn difference(shown: &Difference) -> String {
    let old = |text: &str| format!("<del>{}</del>", escape(text));
    let new = |text: &str| format!("<ins>{}</ins>", escape(text));
    match shown {
        Difference::Added(text) => new(text),
        Difference::Removed(text) => old(text),
        Difference::Arrow { before, after } => format!("{} → {}", old(before), new(after)),
        Difference::Words(pieces) => pieces.iter().map(piece).collect(),
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
    for change in entry.changes.iter().take(ADDRESSES) {
        let _ = write!(out, "<li>{}", escape(&clean_address(change.address.as_str())));
    }
    if entry.changes.len() > ADDRESSES {
        let _ = write!(out, "<li class=dim>and {} more", count(entry.changes.len() - ADDRESSES));
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
