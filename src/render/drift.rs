//! What is live and differs from the definitions, by who changed it.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::based::fields;
use super::choices;
use super::comment::marker;
use super::markdown::{code, link, prose};
use super::page::{Look, Page, Tone};
use super::plan_json::{self, write_value};
use super::room::Room;
use super::summary;
use super::telling::clean_address;
use super::value::{count, cut, plural};
use crate::drift::{By, Group, groups};
use crate::model::{Action, Change, Plan};

/// Kept for the end of a text.
const TAIL: usize = 400;

/// `Changed by ann@example.com, last 2026-01-31T10:00:00Z`
fn headline(group: &Group<'_>) -> (String, String) {
    let what = match &group.by {
        By::Changed(_) => "Changed by",
        By::Made(_) => "Made by",
        By::Unknown => "By nobody who is known",
    };
    let latest = group.latest.as_ref().map_or_else(String::new, |latest| format!(", last change {latest}"));
    (what.to_owned(), latest)
}

/// What became of an object, in the words of who looks at the service.
fn became(change: &Change) -> &'static str {
    match change.action {
        Action::Create => "is missing",
        Action::Delete => "is there, and is not declared",
        Action::Replace => "differs in what can't be changed",
        Action::Adopt => "is not taken over yet",
        Action::Move => "bears an old name",
        Action::Forget => "is not let go yet",
        Action::Update => "differs",
    }
}

/// `Drift: 3 objects differ from the definitions.`, or `No drift.`
pub fn line(plan: &Plan) -> String {
    match plan.changes.len() {
        0 => format!("No drift: {} as they are declared.", plural(plan.unchanged, "object")),
        1 => "Drift: 1 object differs from its definition.".to_owned(),
        many => format!("Drift: {} objects differ from their definitions.", count(many)),
    }
}

/// Writes it for people. Errors are those of the writer.
pub fn write(plan: &Plan, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(look, out);
    page.line(&[(Tone::Strong, &summary::headline(plan))])?;
    if let Some(partial) = summary::partial(&plan.notes.only) {
        page.wrapped(&[(Tone::Strong, &partial)], 2)?;
    }
    page.line(&[])?;
    let environment = plan.environment.as_deref();
    let few = plan.changes.len() <= choices::EACH;
    for group in groups(plan) {
        let (what, latest) = headline(&group);
        let name = group.by.name().map_or_else(String::new, |name| format!(" {}", cut(name, 80)));
        page.line(&[(Tone::Strong, &what), (Tone::Strong, &name), (Tone::Faint, &latest)])?;
        for (change, when) in &group.changes {
            let address = clean_address(change.address.as_str());
            let when = when.as_ref().map_or_else(String::new, |when| format!("  {when}"));
            let became = format!("  {}", became(change));
            page.line(&[
                (Tone::Plain, "  "),
                (Tone::Plain, &address),
                (Tone::Plain, &became),
                (Tone::Faint, &when),
            ])?;
            for line in fields(change) {
                page.indent(6)?;
                page.wrapped_at(&[(Tone::Plain, &line)], 6, 8)?;
            }
            let choices = if few { choices::of(change, environment, true) } else { Vec::new() };
            choices::write(&choices, 6, &mut page)?;
        }
        page.line(&[])?;
    }
    if !few {
        choices::write_general(environment, 0, &mut page)?;
        page.line(&[])?;
    }
    for line in summary::not_listed(plan) {
        page.line(&[(Tone::Faint, &line)])?;
    }
    page.line(&[(Tone::Strong, &line(plan))])
}

/// The same as Markdown in so much room, with the marker by which a later run finds it.
pub fn markdown(plan: &Plan, room: Room) -> String {
    let name = |text: &str| code(&cut(text, 120));
    let environment = plan.environment.as_ref().map_or_else(String::new, |own| format!("{} at ", name(own)));
    let mut out = format!(
        "{}\n### {}\n\nWhat is live in {environment}{} and differs from the definitions of {}. An apply takes it back.\n\n",
        marker("drift", (&plan.project, plan.environment.as_deref()), None),
        line(plan).trim_end_matches('.'),
        name(&plan.site),
        name(&plan.project),
    );
    if let Some(partial) = summary::partial(&plan.notes.only) {
        let _ = writeln!(out, "**{}**\n", prose(&partial));
    }
    let environment = plan.environment.as_deref();
    let few = plan.changes.len() <= choices::EACH;
    if !few {
        let list = choices::markdown(&choices::general(environment), "");
        let _ = writeln!(out, "For each of them:\n\n{list}");
    }
    let mut shown = 0;
    'groups: for group in groups(plan) {
        let (what, latest) = headline(&group);
        let by = group.by.name().map_or_else(String::new, |name| format!(" {}", code(name)));
        let mut title = format!("#### {what}{by}{latest}\n\n");
        for (change, when) in &group.changes {
            let mut line = entry(change, when.as_deref());
            if few {
                line.push_str(&choices::markdown(&choices::of(change, environment, true), "  "));
            }
            if !room.after(&out).after(&title).beside(TAIL).holds(&line) {
                break 'groups;
            }
            out.push_str(&std::mem::take(&mut title));
            out.push_str(&line);
            shown += 1;
        }
        out.push('\n');
    }
    if shown < plan.changes.len() {
        let _ = writeln!(out, "\n{} more are not shown here.\n", count(plan.changes.len() - shown));
    }
    for line in summary::not_listed(plan) {
        let _ = writeln!(out, "{}\n", prose(&line));
    }
    out + &line(plan) + "\n"
}

fn entry(change: &Change, when: Option<&str>) -> String {
    let mut line =
        format!("- {} {}", code(&cut(&clean_address(change.address.as_str()), 200)), became(change));
    if let Some(when) = when {
        let _ = write!(line, ", {when}");
    }
    if let Some(url) = &change.url {
        let _ = write!(line, " · {}", link("in Datadog", url));
    }
    line.push('\n');
    for field in fields(change) {
        let _ = writeln!(line, "  - {}", code(&field));
    }
    line
}

/// Writes it for programs: as a plan's changes, each with who and when. Errors are those of the writer.
pub fn write_json(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let groups = groups(plan);
    let entries: Vec<Value> = groups
        .iter()
        .flat_map(|group| group.changes.iter().map(move |(change, when)| (group, change, when)))
        .map(|(group, change, when)| {
            let mut entry = plan_json::value(change);
            entry["by"] = who(&group.by);
            entry["modified"] = when.as_deref().into();
            entry["choices"] = choices::json(change, plan.environment.as_deref(), true);
            entry
        })
        .collect();
    let mut head = plan_json::head(plan);
    let people: Vec<Value> = groups
        .iter()
        .map(|group| json!({"by": who(&group.by), "latest": group.latest, "count": group.changes.len()}))
        .collect();
    head.insert("groups".to_owned(), people.into());
    out.write_all(b"{\n")?;
    for (name, value) in &head {
        write!(out, "  \"{name}\": ")?;
        write_value(value, out)?;
        out.write_all(b",\n")?;
    }
    out.write_all(b"  \"drift\": [")?;
    for (at, entry) in entries.iter().enumerate() {
        out.write_all(if at == 0 { b"\n    " } else { b",\n    " })?;
        write_value(entry, out)?;
    }
    out.write_all(if entries.is_empty() { b"]\n}\n" } else { b"\n  ]\n}\n" })
}

/// `{"name", "known": "changed|made"}`, or null.
fn who(by: &By) -> Value {
    match by {
        By::Changed(name) => json!({"name": name, "known": "changed"}),
        By::Made(name) => json!({"name": name, "known": "made"}),
        By::Unknown => Value::Null,
    }
}
