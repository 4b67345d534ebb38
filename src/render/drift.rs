//! What is live and differs from the definitions, by who changed it.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::based::{fields, is_alike, several};
use super::choices::{self, Among};
use super::comment::marker;
use super::fold::{Entry, fold_of};
use super::markdown::{code, link, prose};
use super::page::{Look, Page, Tone};
use super::plan_json::{self, write_value};
use super::room::Room;
use super::summary;
use super::telling::{clean_address, names};
use super::value::{count, cut, plural};
use crate::drift::{By, Group, groups, when};
use crate::model::{Action, Change, Plan};

/// Kept for the end of a text.
const TAIL: usize = 400;
/// Names of many that differ alike, where there is little room.
const FEW: usize = 8;

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

/// The same of many.
fn became_of_many(change: &Change) -> &'static str {
    match change.action {
        Action::Create => "are missing",
        Action::Delete => "are there, and are not declared",
        Action::Replace => "differ in what can't be changed",
        Action::Adopt => "are not taken over yet",
        Action::Move => "bear an old name",
        Action::Forget => "are not let go yet",
        Action::Update => "differ",
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
    let (among, groups) = (Among::the(plan), groups(plan));
    let folded: Vec<_> = groups.iter().map(|group| (group, entries(group))).collect();
    let few = folded.iter().map(|(_, entries)| entries.len()).sum::<usize>() <= choices::EACH;
    for (group, entries) in folded {
        let (what, latest) = headline(group);
        let name = group.by.name().map_or_else(String::new, |name| format!(" {}", cut(name, 80)));
        page.line(&[(Tone::Strong, &what), (Tone::Strong, &name), (Tone::Faint, &latest)])?;
        for entry in entries {
            write_entry(&entry, &mut page)?;
            choices::write(&among.of(&entry.changes, true), (6, few), &mut page)?;
        }
        page.line(&[])?;
    }
    for line in summary::not_listed(plan) {
        page.line(&[(Tone::Faint, &line)])?;
    }
    page.line(&[(Tone::Strong, &line(plan))])
}

/// What one person changed, what is alike together.
fn entries<'a>(group: &Group<'a>) -> Vec<Entry<'a>> {
    fold_of(&group.changes.iter().map(|(change, _)| *change).collect::<Vec<_>>(), false)
}

fn write_entry(entry: &Entry<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let alike = is_alike(entry, &|_, _| true);
    if alike {
        let became = format!("  {}, all alike", became_of_many(entry.first()));
        page.line(&[(Tone::Plain, "  "), (Tone::Plain, &several(entry)), (Tone::Plain, &became)])?;
    }
    let last = entry.changes.len() - 1;
    for (at, change) in entry.changes.iter().enumerate() {
        let address = clean_address(change.address.as_str());
        let when = when(change).map_or_else(String::new, |when| format!("  {when}"));
        let became = if alike { String::new() } else { format!("  {}", became(change)) };
        page.indent(if alike { 4 } else { 2 })?;
        page.line(&[(Tone::Plain, &address), (Tone::Plain, &became), (Tone::Faint, &when)])?;
        let fields = if !alike || at == last { fields(change) } else { Vec::new() };
        for line in fields {
            page.indent(6)?;
            page.wrapped_at(&[(Tone::Plain, &line)], 6, 8)?;
        }
    }
    Ok(())
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
    let (among, groups) = (Among::the(plan), groups(plan));
    let folded: Vec<_> = groups.iter().map(|group| (group, entries(group))).collect();
    let few = folded.iter().map(|(_, entries)| entries.len()).sum::<usize>() <= choices::EACH;
    let (mut items, mut titles) = (Vec::new(), Vec::new());
    for (place, (group, entries)) in folded.iter().enumerate() {
        let (what, latest) = headline(group);
        let by = group.by.name().map_or_else(String::new, |name| format!(" {}", code(name)));
        titles.push(format!("#### {what}{by}{latest}\n\n"));
        for entry in entries {
            let offered = choices::markdown(&among.of(&entry.changes, true), "  ", few);
            items.extend(self::items(entry, place, offered));
        }
    }
    let room = room.after(&out).after(&titles.concat()).beside(TAIL + titles.len());
    let forms: Vec<Vec<String>> = items.iter().map(Item::forms).collect();
    let (mut texts, _) = room.fitted(&forms);
    let is_offered = |(item, text): (&Item, &Option<String>)| {
        text.as_ref().is_some_and(|text| text.contains(&item.choices))
    };
    if !items.iter().zip(&texts).all(is_offered) {
        let general = choices::general_markdown(plan.environment.as_deref());
        (texts, _) = room.after(&general).fitted(&forms);
        out.push_str(&general);
    }
    let mut hidden = 0;
    for (place, title) in titles.iter().enumerate() {
        let own = items.iter().zip(&texts).filter(|(item, _)| item.group == place);
        hidden += own.clone().filter(|(_, text)| text.is_none()).map(|(item, _)| item.changes).sum::<usize>();
        let own: String = own.filter_map(|(_, text)| text.as_deref()).collect();
        if !own.is_empty() {
            let _ = writeln!(out, "{title}{own}");
        }
    }
    if hidden > 0 {
        let _ = writeln!(out, "{} more are not shown here.\n", count(hidden));
    }
    for line in summary::not_listed(plan) {
        let _ = writeln!(out, "{}\n", prose(&line));
    }
    out + &line(plan) + "\n"
}

/// What is told together in Markdown.
struct Item {
    /// The place of its group.
    group: usize,
    /// How many changes it stands for.
    changes: usize,
    /// Shortest first.
    forms: Vec<String>,
    /// What can be done about it, below the longest of them.
    choices: String,
}

impl Item {
    fn forms(&self) -> Vec<String> {
        let whole = self.forms.last().filter(|_| !self.choices.is_empty());
        self.forms.iter().cloned().chain(whole.map(|whole| format!("{whole}{}", self.choices))).collect()
    }
}

/// What was changed alike as one, else each by itself, what can be done below the last one.
fn items(entry: &Entry<'_>, group: usize, choices: String) -> Vec<Item> {
    let fields = |change: &Change| -> String {
        fields(change).iter().map(|field| format!("  - {}\n", code(field))).collect()
    };
    if is_alike(entry, &|_, _| true) {
        let first = entry.first();
        let head = format!("- {} {}, all alike\n", code(&several(entry)), became_of_many(first));
        let ids: Vec<&str> = entry.changes.iter().map(|change| change.address.id()).collect();
        let which = |most: usize| format!("  - {}\n", code(&names(&ids, most)));
        let each: String = entry.changes.iter().map(|change| format!("  - {}\n", called(change))).collect();
        let forms = vec![
            format!("{head}{}", which(FEW)),
            format!("{head}{}{}", fields(first), which(usize::MAX)),
            format!("{head}{}{each}", fields(first)),
        ];
        return vec![Item { group, changes: entry.changes.len(), forms, choices }];
    }
    let item = |change: &Change| {
        let head = format!("- {}\n", called(change));
        let forms = vec![head.clone(), format!("{head}{}", fields(change))];
        Item { group, changes: 1, forms, choices: String::new() }
    };
    let mut items: Vec<Item> = entry.changes.iter().map(|change| item(change)).collect();
    if let Some(last) = items.last_mut() {
        last.choices = choices;
    }
    items
}

/// Its address, what became of it, when, and where it is.
fn called(change: &Change) -> String {
    let mut text = format!("{} {}", code(&cut(&clean_address(change.address.as_str()), 200)), became(change));
    if let Some(when) = when(change) {
        let _ = write!(text, ", {when}");
    }
    if let Some(url) = &change.url {
        let _ = write!(text, " · {}", link("in Datadog", url));
    }
    text
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
