//! A plan for people at a terminal: risk first, what is alike folded.

use std::io::{self, Write};

use super::choices;
use super::fields::{Place, write_rows};
use super::fold::{Bond, Entry, Pattern, fold, patterns};
use super::page::{Look, Page, Tone};
use super::summary;
use super::telling::{Detail, Row, clean_address, headline, names, risks, rows, steps, title};
use super::value::{count, cut, path, plural, width};
use crate::diagnostic::Position;
use crate::model::{Action, Change, Plan};

/// Fields of a new object beside those that matter most, and rows of any other change, without `--expand`.
const FIELDS: usize = 5;
const CHANGED: usize = 60;
/// Patterns of a folded entry, and names for its `*`: more of what is lost.
const PATTERNS: usize = 4;
const NAMES: usize = 5;
const LOST: usize = 30;
/// Steps of numbers that differ from change to change.
const STEPS: usize = 12;
/// More new entries than these are shown on a line each: nobody reads a thousand lines that scroll away.
const BRIEF: usize = 30;
/// Likely renames and warnings that are shown without `--expand`.
const RENAMES: usize = 20;
const WARNINGS: usize = 10;
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
    write_warnings(plan, &mut page)?;
    write_brakes(plan, &mut page)?;
    if let Some(edited) = choices::closing(plan) {
        page.wrapped(&[(Tone::Faint, &edited)], 2)?;
        page.line(&[])?;
    }
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
        true => title(entry, &patterns),
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

/// How many warnings there are: all of them stand on stderr, or in the file beside.
fn write_warnings(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    let warnings = &plan.notes.warnings;
    if warnings.is_empty() {
        return Ok(());
    }
    page.line(&[(Tone::Changed, &plural(warnings.len(), "warning"))])?;
    let most = if page.look.expand { usize::MAX } else { WARNINGS };
    for warning in warnings.iter().take(most) {
        let place = warning.position.as_ref().map(|position| format!(" ({})", source_line(position)));
        let text = format!("{}: {}{}", warning.code, cut(&warning.text, 300), place.unwrap_or_default());
        page.indent(2)?;
        page.wrapped_at(&[(Tone::Plain, &text)], 2, 4)?;
    }
    if warnings.len() > most {
        page.indent(2)?;
        page.line(&[(Tone::Faint, &format!("… {} more", count(warnings.len() - most)))])?;
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
    if entry.is_folded() {
        let patterns = patterns(entry.changes.iter().map(|change| &change.address));
        page.wrapped(&[(tone, &symbol), (Tone::Strong, &title(entry, &patterns))], INDENT)?;
        match entry.bond {
            Bond::Instance => {}
            // The steps name all of them.
            Bond::Shape if entry.is_risky() && steps(entry, (0, 0)).is_some() => {}
            _ => write_patterns(entry, &patterns, page)?,
        }
    } else {
        let address = clean_address(change.address.as_str());
        page.line(&[(tone, &symbol), (Tone::Strong, &address), (Tone::Faint, &remark(change))])?;
    }
    for risk in risks(entry) {
        page.indent(INDENT)?;
        page.wrapped_at(&[(Tone::Risk, "! "), (Tone::Risk, &risk)], INDENT, INDENT + 2)?;
    }
    write_place(entry, page)?;
    match entry.bond {
        Bond::Instance => write_members(entry, page),
        Bond::Shape => {
            write_steps(entry, page)?;
            write_example(entry, page)
        }
        _ => write_example(entry, page),
    }
}

/// Each object of an instance with what it looks at, on a line or two.
fn write_members(entry: &Entry<'_>, page: &mut Page<'_>) -> io::Result<()> {
    for change in &entry.changes {
        page.indent(INDENT)?;
        page.line(&[(Tone::Strong, &clean_address(change.address.as_str()))])?;
        let detail = Detail { full: page.look.expand, others: 0 };
        let rows = rows(change, detail);
        write_rows(change.action, &rows, Place { indent: INDENT + 2, most: CHANGED }, page)?;
    }
    Ok(())
}

/// The numbers of changes that are alike but for them: from, to, how many, and which.
fn write_steps(entry: &Entry<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let all = page.look.expand || entry.is_risky();
    let Some(steps) = steps(entry, if all { (usize::MAX, usize::MAX) } else { (STEPS, NAMES) }) else {
        return Ok(());
    };
    page.indent(INDENT)?;
    page.line(&[(Tone::Plain, &steps.path)])?;
    for row in &steps.rows {
        let numbers = format!("{}  ", row.numbers);
        page.indent(INDENT + 2)?;
        let at = INDENT + 2 + width(&numbers);
        page.part(&[(Tone::Plain, &numbers)])?;
        page.wrapped_at(&[(Tone::Faint, &format!("{}{}", row.times(), row.names))], at, at)?;
    }
    if steps.more > 0 {
        page.indent(INDENT + 2)?;
        let more = plural(steps.more, "more step");
        page.line(&[(Tone::Faint, &format!("… {more}: `--expand` shows all"))])?;
    }
    Ok(())
}

fn write_example(entry: &Entry<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let change = entry.first();
    let mut rows = rows(change, Detail { full: page.look.expand, others: FIELDS });
    if entry.bond == Bond::Equal {
        // The title says it already.
        let telling = headline(change).map(|field| path(&field.path));
        rows.retain(|row| match (row, &telling) {
            (Row::Field(field), Some(telling)) => field.path != *telling,
            _ => true,
        });
    }
    if entry.is_folded() && !rows.is_empty() {
        let text = format!("as in {}:", clean_address(change.address.as_str()));
        page.indent(INDENT)?;
        page.line(&[(Tone::Faint, &text)])?;
    }
    let most = if page.look.expand { usize::MAX } else { CHANGED };
    write_rows(change.action, &rows, Place { indent: INDENT, most }, page)
}

/// Which they are: all of them where there is a risk.
fn write_patterns(entry: &Entry<'_>, patterns: &[Pattern<'_>], page: &mut Page<'_>) -> io::Result<()> {
    let all = page.look.expand || entry.is_risky();
    let most = match entry.first().deletes() {
        _ if all => usize::MAX,
        true => LOST,
        false => NAMES,
    };
    if let [only] = patterns {
        page.indent(INDENT)?;
        return page.wrapped_at(&[(Tone::Faint, &names(&only.names, most))], INDENT, INDENT);
    }
    let shown = if all { usize::MAX } else { PATTERNS };
    for pattern in patterns.iter().take(shown) {
        let text = match pattern.names.len() {
            1 => clean_address(&pattern.text),
            many => {
                format!("{} {}: {}", count(many), clean_address(&pattern.text), names(&pattern.names, most))
            }
        };
        page.indent(INDENT)?;
        page.wrapped_at(&[(Tone::Faint, &text)], INDENT, INDENT + 2)?;
    }
    if patterns.len() > shown {
        let more: usize = patterns[shown..].iter().map(|pattern| pattern.names.len()).sum();
        page.indent(INDENT)?;
        page.line(&[(Tone::Faint, &format!("… {} more", count(more)))])?;
    }
    Ok(())
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
    let lines = if width(&one_line) + INDENT <= page.width() { vec![one_line] } else { parts };
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

fn tone(action: Action) -> Tone {
    match action {
        Action::Create => Tone::New,
        Action::Delete | Action::Replace => Tone::Old,
        Action::Update => Tone::Changed,
        Action::Move | Action::Adopt | Action::Forget => Tone::Moved,
    }
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
            ! It alerts later: `options.thresholds.critical` goes from 5 to 8, and it fires above it
            monitors/shop.yaml:3  https://app.datadoghq.eu/monitors/123
            options.thresholds.critical  5 → 8
            query
              - avg(last_5m):sum:requests.errors{service:checkout,env:staging} by {host}.as_rate() > 5
              + avg(last_5m):sum:requests.errors{service:checkout,env:staging} by {host}.as_rate() > 8
                                                                                                     ^
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
            query  "traffic && 12"

          + monitors/checkout-errors
            monitors/shop.yaml:3
            name     "[staging] Checkout error rate"
            type     "query alert"
            query    "avg(last_5m):sum:trace.http.request.errors{service:checkout,env:staging}.as_rate() > 5"
            message  "Errors on {{host.name}}.␊Look at the logs. @slack-checkout␊"
            tags     ["team:checkout", "service:checkout"]
            … 3 more fields

          ~ 6 monitors lambda/*/errors: options.thresholds.critical 0.05 → 0.01
            api, billing, checkout, fraud, search, … 1 more
            templates/aws-lambda.yaml:12
            as in monitors/lambda/api/errors:
            query
              - sum(last_5m):sum:aws.lambda.errors{functionname:api} > 0.05
              + sum(last_5m):sum:aws.lambda.errors{functionname:api} > 0.01
                                                                       ^^^^

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
