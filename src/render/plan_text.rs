//! A plan for people at a terminal: risk first, equal changes folded, 80 columns.

use std::io::{self, Write};

use serde_json::Value;

use super::field::{Field, Shown, field};
use super::fold::{Entry, Pattern, fold, patterns};
use super::page::{Look, Page, Tone};
use super::sanitize::clean;
use super::summary;
use super::text_diff::{Line, Sign};
use super::value::{count, cut, path, plural, short, width};
use crate::diagnostic::Position;
use crate::model::{Action, Change, FieldChange, Plan};

/// Fields of a new object, and of any other change, that are shown without `--expand`.
const FIELDS: usize = 6;
const CHANGED: usize = 60;
/// Patterns of a folded entry, and names for its `*`: more of what is lost.
const PATTERNS: usize = 4;
const NAMES: usize = 5;
const LOST: usize = 30;
/// A path longer than this has its value on the next line.
const PATH: usize = 32;
/// More new entries than these are shown on a line each: nobody reads a thousand lines that scroll away.
const BRIEF: usize = 30;
/// Likely renames that are shown without `--expand`.
const RENAMES: usize = 20;
const INDENT: usize = 4;

/// Writes the plan. Errors are those of the writer.
pub fn write(plan: &Plan, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(look, out);
    page.line(&[(Tone::Strong, &summary::headline(plan))])?;
    let partial = summary::partial(&plan.notes.only);
    if let Some(partial) = &partial {
        page.wrapped(&[(Tone::Strong, partial)], 2)?;
    }
    page.line(&[])?;
    let entries = fold(&plan.changes, look.expand);
    let risky = entries.iter().filter(|entry| entry.is_risky()).count();
    let in_brief = !look.expand && entries.iter().filter(|entry| is_plain(entry)).count() > BRIEF;
    for (at, entry) in entries.iter().enumerate() {
        if risky > 0 && at == 0 {
            page.line(&[(Tone::Risk, "Look at these first")])?;
        } else if risky > 0 && at == risky {
            page.line(&[(Tone::Strong, "Other changes")])?;
        }
        if in_brief && is_plain(entry) {
            write_brief(entry, &mut page)?;
            continue;
        }
        write_entry(entry, &mut page)?;
        page.line(&[])?;
    }
    if in_brief {
        let text = "What is new is shown in brief, as it is much: `--expand` shows all of it.";
        page.line(&[])?;
        page.line(&[(Tone::Faint, text)])?;
        page.line(&[])?;
    }
    if !entries.is_empty() {
        let rows = summary::by_kind(plan.changes.iter().map(|change| (change.kind, change.action)));
        page.raw(&summary::columns(&rows, true))?;
        page.line(&[])?;
    }
    for line in summary::not_listed(plan) {
        page.line(&[(Tone::Faint, &line)])?;
    }
    write_renames(plan, &mut page)?;
    if let Some(unseen) = summary::secrets(&plan.notes.secrets) {
        page.line(&[(Tone::Faint, &unseen)])?;
        page.line(&[])?;
    }
    write_brakes(plan, &mut page)?;
    page.line(&[(Tone::Strong, &summary::line(plan))])
}

/// Something new that needs no second look.
fn is_plain(entry: &Entry<'_>) -> bool {
    entry.first().action == Action::Create && !entry.is_risky()
}

/// What is new on one line (wrapped where it is long), with where it is written.
fn write_brief(entry: &Entry<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let change = entry.first();
    let symbol = format!("{:>3} ", summary::symbol(change.action));
    let patterns = patterns(entry.changes.iter().map(|change| &change.address));
    let title = match entry.is_folded() {
        true => folded_title(entry, &patterns, None),
        false => clean_address(change.address.as_str()),
    };
    page.wrapped(&[(tone(change.action), &symbol), (Tone::Plain, &title)], INDENT)
}

fn write_renames(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    let renames = &plan.notes.renames;
    if renames.is_empty() {
        return Ok(());
    }
    page.line(&[(Tone::Moved, "Likely renames: the old objects would go, and new ones be made")])?;
    let most = if page.look.expand { usize::MAX } else { RENAMES };
    for rename in renames.iter().take(most) {
        page.indent(2)?;
        let text = summary::renamed(rename, &|name| format!("`{}`", cut(name, 200)));
        page.wrapped_at(&[(Tone::Plain, &text)], 2, 4)?;
    }
    if renames.len() > most {
        page.indent(2)?;
        page.line(&[(Tone::Faint, &format!("… {} more", count(renames.len() - most)))])?;
    }
    page.line(&[])
}

fn write_brakes(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    let Some(held) = summary::held(&plan.notes.brakes) else { return Ok(()) };
    page.wrapped(&[(Tone::Risk, &held), (Tone::Risk, ":")], 2)?;
    for brake in &plan.notes.brakes {
        page.indent(2)?;
        let text = format!("`{}`: {}", brake.name, cut(&brake.text, 400));
        page.wrapped_at(&[(Tone::Plain, &text)], 2, 4)?;
        page.indent(4)?;
        page.wrapped_at(&[(Tone::Faint, &cut(&brake.remedy, 400))], 4, 4)?;
    }
    page.line(&[])
}

fn write_entry(entry: &Entry<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let change = entry.first();
    let symbol = format!("{:>3} ", summary::symbol(change.action));
    let tone = tone(change.action);
    let fields: Vec<&FieldChange> = shown_fields(change, page.look);
    let telling = if entry.is_folded() { headline_field(change) } else { None };
    if entry.is_folded() {
        let patterns = patterns(entry.changes.iter().map(|change| &change.address));
        let title = folded_title(entry, &patterns, telling);
        page.wrapped(&[(tone, &symbol), (Tone::Strong, &title)], INDENT)?;
        write_patterns(&patterns, if change.deletes() { LOST } else { NAMES }, page)?;
    } else {
        let address = clean_address(change.address.as_str());
        page.line(&[(tone, &symbol), (Tone::Strong, &address), (Tone::Faint, &remark(change))])?;
    }
    for risk in &change.risks {
        page.indent(INDENT)?;
        page.wrapped_at(&[(Tone::Risk, "! "), (Tone::Risk, &cut(&risk.text, 400))], INDENT, INDENT + 2)?;
    }
    write_place(entry, page)?;
    if entry.is_folded() && !fields.is_empty() && !all_equal(entry) {
        let text = format!("as in {}:", clean_address(change.address.as_str()));
        page.indent(INDENT)?;
        page.line(&[(Tone::Faint, &text)])?;
    }
    let rest: Vec<&FieldChange> = fields
        .into_iter()
        .filter(|field| !telling.is_some_and(|telling| std::ptr::eq(telling, *field)))
        .collect();
    write_fields(change.action, &rest, page)
}

/// The fields in the order of showing: of a new object the plain ones first.
fn shown_fields(change: &Change, look: Look) -> Vec<&FieldChange> {
    let mut fields: Vec<&FieldChange> = change.diff.iter().collect();
    if change.action == Action::Create && !look.expand {
        fields.sort_by_key(|field| match &field.after {
            Some(Value::Array(_) | Value::Object(_)) => 2,
            Some(Value::String(text)) if text.contains('\n') => 1,
            _ => 0,
        });
    }
    fields
}

/// The field that says it all: a plain value, the same for all of an entry.
pub fn headline_field(change: &Change) -> Option<&FieldChange> {
    let plain = |value: &Option<Value>| matches!(value, Some(Value::Number(_) | Value::Bool(_)));
    if change.action == Action::Create {
        return None;
    }
    change.diff.iter().find(|field| plain(&field.before) && plain(&field.after))
}

fn all_equal(entry: &Entry<'_>) -> bool {
    entry.changes.iter().all(|change| change.diff == entry.first().diff)
}

/// `500 monitors lambda/*/errors: options.thresholds.critical 0.05 → 0.01`
pub fn folded_title(entry: &Entry<'_>, patterns: &[Pattern<'_>], telling: Option<&FieldChange>) -> String {
    let change = entry.first();
    let pattern = match patterns {
        [only] => format!(" {}", clean_address(&only.text)),
        _ => String::new(),
    };
    let what = match (change.action, telling) {
        (_, Some(field)) => format!(": {}", inline(field)),
        (Action::Update, None) => String::new(),
        (Action::Move, None) => {
            let from = self::patterns(entry.changes.iter().filter_map(|change| change.moved_from.as_ref()));
            match &from[..] {
                [only] => format!(" to move, from {}", clean_address(&only.text)),
                _ => " to move".to_owned(),
            }
        }
        (action, None) => format!(" to {}", summary::verb(action)),
    };
    let several = clean_address(change.address.section());
    format!("{} {several}{pattern}{what}", count(entry.changes.len()))
}

fn inline(change: &FieldChange) -> String {
    let value = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), |v| short(v, 40));
    format!("{} {} → {}", path(&change.path), value(&change.before), value(&change.after))
}

fn write_patterns(patterns: &[Pattern<'_>], most: usize, page: &mut Page<'_>) -> io::Result<()> {
    if let [only] = patterns {
        page.indent(INDENT)?;
        return page.wrapped_at(&[(Tone::Faint, &names(&only.names, most))], INDENT, INDENT);
    }
    for pattern in patterns.iter().take(PATTERNS) {
        let text = match pattern.names.len() {
            1 => clean_address(&pattern.text),
            many => format!("{} {}", count(many), clean_address(&pattern.text)),
        };
        page.indent(INDENT)?;
        page.line(&[(Tone::Faint, &text)])?;
    }
    if patterns.len() > PATTERNS {
        let more: usize = patterns[PATTERNS..].iter().map(|pattern| pattern.names.len()).sum();
        page.indent(INDENT)?;
        page.line(&[(Tone::Faint, &format!("… {} more", count(more)))])?;
    }
    Ok(())
}

/// `checkout-api, checkout-db, … 498 more`
pub fn names(names: &[&str], most: usize) -> String {
    let mut out: Vec<String> = names.iter().take(most).map(|name| cut(name, 60)).collect();
    if names.len() > most {
        out.push(format!("… {} more", count(names.len() - most)));
    }
    out.join(", ")
}

fn remark(change: &Change) -> String {
    let id = change.datadog_id.as_deref().map_or_else(String::new, |id| format!(" {}", cut(id, 60)));
    match (change.action, &change.moved_from) {
        (Action::Move, Some(from)) => format!(" (was {})", clean_address(from.as_str())),
        (Action::Adopt, _) => format!(" (adopts {}{id})", change.kind),
        (Action::Forget, _) => " (the mark is taken off, the object stays)".to_owned(),
        (Action::Replace, _) => " (replaced: a new one is made, the old one goes)".to_owned(),
        _ => summary::claim(change).map_or_else(String::new, |claim| format!(" ({claim})")),
    }
}

/// The URL of a single change; the definition's line where it is the same for all.
fn write_place(entry: &Entry<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let change = entry.first();
    let source = change.origin.as_ref().map(|origin| source_line(&origin.position));
    let shared = |other: &&Change| {
        other.origin.as_ref().map(|o| &o.position) == change.origin.as_ref().map(|o| &o.position)
    };
    let source = source.filter(|_| entry.changes.iter().all(shared));
    let url = change.url.as_deref().filter(|_| !entry.is_folded()).map(|url| cut(url, 300));
    let parts: Vec<String> = source.into_iter().chain(url).collect();
    let one_line = parts.join("  ");
    let lines = if width(&one_line) + INDENT <= Page::WIDTH { vec![one_line] } else { parts };
    for line in lines.iter().filter(|line| !line.is_empty()) {
        page.indent(INDENT)?;
        page.line(&[(Tone::Faint, line)])?;
    }
    Ok(())
}

/// `monitors/checkout.yaml:3`
pub fn source_line(position: &Position) -> String {
    format!("{}:{}", cut(&position.file, 200), position.line)
}

/// Changed fields below each other, their paths in one column.
fn write_fields(action: Action, fields: &[&FieldChange], page: &mut Page<'_>) -> io::Result<()> {
    let most = match action {
        _ if page.look.expand => usize::MAX,
        Action::Create => FIELDS,
        _ => CHANGED,
    };
    let shown: Vec<Field> = fields.iter().take(most).map(|change| field(change, page.look.expand)).collect();
    let column = shown.iter().map(|field| width(&field.path)).filter(|w| *w <= PATH).max().unwrap_or(0);
    for field in &shown {
        write_field(action, field, column, page)?;
    }
    if fields.len() > most {
        page.indent(INDENT)?;
        page.line(&[(Tone::Faint, &format!("… {}", plural(fields.len() - most, "more field")))])?;
    }
    Ok(())
}

/// One changed field, its value from `column` on, or on the lines below.
pub fn write_field(action: Action, field: &Field, column: usize, page: &mut Page<'_>) -> io::Result<()> {
    page.indent(INDENT)?;
    let mut value_at = INDENT + column + 2;
    if width(&field.path) <= column && fits(&field.shown, Page::WIDTH - value_at) {
        let pad = " ".repeat(column - width(&field.path) + 2);
        page.part(&[(Tone::Plain, &field.path), (Tone::Plain, &pad)])?;
    } else {
        page.line(&[(Tone::Plain, &field.path)])?;
        value_at = INDENT + 2;
        if !matches!(field.shown, Shown::Lines { .. }) {
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
        Shown::Words(pieces) => {
            let marked: Vec<(Tone, String)> = pieces.iter().map(|piece| page.look.marked(piece)).collect();
            let parts: Vec<(Tone, &str)> = marked.iter().map(|(tone, text)| (*tone, text.as_str())).collect();
            page.wrapped_at(&parts, value_at, value_at)
        }
        Shown::Items { removed, added, same } => write_items(removed, added, *same, value_at, page),
        Shown::Lines { lines, more } => write_lines(lines, *more, page),
    }
}

/// Whether a value reads well beside its path: one line, or words that wrap into a few.
fn fits(shown: &Shown, room: usize) -> bool {
    match shown {
        Shown::Lines { .. } => false,
        Shown::Words(pieces) => pieces.iter().map(|piece| width(&piece.text) + 2).sum::<usize>() <= room,
        Shown::Arrow { before, after } => width(before) + width(after) + 3 <= room,
        Shown::Added(text) | Shown::Removed(text) => width(text) + 2 <= room || room >= Page::WIDTH * 2 / 3,
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

fn write_lines(lines: &[Line], more: usize, page: &mut Page<'_>) -> io::Result<()> {
    for line in lines {
        let (tone, text) = match line {
            Line::Text(Sign::Same, text) => (Tone::Plain, format!("  {text}")),
            Line::Text(Sign::Old, text) => (Tone::Old, format!("- {text}")),
            Line::Text(Sign::New, text) => (Tone::New, format!("+ {text}")),
            Line::Skipped(lines) => (Tone::Faint, format!("@@ {} the same", plural(*lines, "line"))),
        };
        let text = format!("{:indent$}{text}", "", indent = INDENT + 2);
        page.line(&[(tone, text.trim_end())])?;
    }
    if more > 0 {
        page.indent(INDENT + 2)?;
        page.line(&[(Tone::Faint, &format!("… {} of the difference", plural(more, "more line")))])?;
    }
    Ok(())
}

fn tone(action: Action) -> Tone {
    match action {
        Action::Create => Tone::New,
        Action::Delete | Action::Replace => Tone::Old,
        Action::Update => Tone::Changed,
        Action::Move | Action::Adopt | Action::Forget => Tone::Moved,
    }
}

/// Addresses hold no hostile character where musher made them; a saved plan may come from anywhere.
pub fn clean_address(text: &str) -> String {
    if text.len() <= 300 { clean(text).into_owned() } else { cut(text, 300) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    fn written(plan: &Plan, look: Look) -> String {
        let mut out = Vec::new();
        write(plan, look, &mut out).expect("a vector takes all");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_plan_of_everything() {
        insta::assert_snapshot!(written(&samples::mixed(), Look::default()), @r#"
        Environment staging, site datadoghq.eu (project shop)

        Look at these first
          ~ monitors/latency
            ! It alerts later: `options.thresholds.critical` goes from 5 to 8, and it
              fires above it
            monitors/shop.yaml:3  https://app.datadoghq.eu/monitors/123
            options.thresholds.critical  5 → 8
            query
              avg(last_5m):sum:requests.errors{service:checkout,env:staging} by {host}
              .as_rate() > [-5-]{+8+}
            message
              @@ 2 lines the same
                Three
                Four
              - Five @slack-a
              + Five @slack-b
            tags                         -"a" +"b" +"c" (1 the same)
            options.renotify_interval    + 60
            options.evaluation_delay     - 900

        Other changes
          - dashboards/gone
            https://app.datadoghq.eu/monitors/123

          + monitors/broken
            monitors/shop.yaml:3
            query  "(known after apply) && 12"

          + monitors/checkout-errors
            monitors/shop.yaml:3
            name      "[staging] Checkout error rate"
            type      "query alert"
            query     "avg(last_5m):sum:trace.http.request.errors{service:checkout,
                      env:staging}.as_rate() > 5"
            priority  2
            message   "Errors on {{host.name}}.␊Look at the logs. @slack-checkout␊"
            tags      ["team:checkout", "service:checkout"]
            … 2 more fields

          ~ 6 monitors lambda/*/errors: options.thresholds.critical 0.05 → 0.01
            api, billing, checkout, fraud, search, … 1 more
            templates/aws-lambda.yaml:12
            as in monitors/lambda/api/errors:
            query  sum(last_5m):sum:aws.lambda.errors{functionname:api} > [-0.05-]
                   {+0.01+}

          > monitors/new-name (was monitors/old-name)
            monitors/shop.yaml:3  https://app.datadoghq.eu/monitors/123

        -/+ monitors/typed (replaced: a new one is made, the old one goes)
            monitors/shop.yaml:3  https://app.datadoghq.eu/monitors/123
            type  "query alert" → "log alert"

          @ slos/availability (adopts slo 123)
            monitors/shop.yaml:3  https://app.datadoghq.eu/monitors/123

                     create  change  replace  move  adopt  delete
          dashboard       ·       ·        ·     ·      ·       1
          monitor         2       7        1     1      ·       ·
          slo             ·       ·        ·     ·      1       ·

        Plan: 2 to create, 7 to change, 1 to replace, 1 to move, 1 to adopt, 1 to delete, 2,496 unchanged.
        "#);
    }
}
