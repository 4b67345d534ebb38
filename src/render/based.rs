//! A plan beside an older version of the definitions: what this change does first, what others did below.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::choices::{self, Choice};
use super::markdown::{code, quoted_prose};
use super::page::{Look, Page, Tone};
use super::room::Room;
use super::telling::clean_address;
use super::value::{count, cut, path, plural, short};
use super::{plan_markdown, plan_text, summary};
use crate::model::{Action, Based, Cause, Change, Plan, Risk};

/// Notes that a comment lists.
const NOTES: usize = 20;
/// The part of a comment's room for what both sides changed, and for what drifted; and the words around each.
const PART: usize = 4;
const WORDS: usize = 250;
/// Fields of one drifted object.
const FIELDS: usize = 6;
/// Characters of a value.
const VALUE: usize = 120;

/// The plan without what only drifted: nobody is to answer for another's edit.
pub fn own(plan: &Plan, based: &Based) -> Plan {
    let mut own = plan.clone();
    own.changes.retain(|change| based.cause(&change.address) != Cause::Drift);
    for change in own.changes.iter_mut().filter(|change| is_in_fields(change)) {
        let address = change.address.clone();
        change.diff.retain(|field| based.cause_of(&address, &field.path) != Cause::Drift);
        change.risks.retain(|risk| !based.is_drifted(&address, risk));
    }
    own
}

/// What only drifted, objects and fields.
pub fn drifted(plan: &Plan, based: &Based) -> Vec<Change> {
    let mut drifted = Vec::new();
    for change in &plan.changes {
        if based.cause(&change.address) == Cause::Drift {
            drifted.push(change.clone());
        } else if is_in_fields(change) {
            let mut change = change.clone();
            let address = change.address.clone();
            change.diff.retain(|field| based.cause_of(&address, &field.path) == Cause::Drift);
            change.risks.retain(|risk| based.is_drifted(&address, risk));
            if !change.diff.is_empty() || !change.risks.is_empty() {
                drifted.push(change);
            }
        }
    }
    drifted
}

/// Whether it has fields with a cause each: what is made or goes has one as a whole.
fn is_in_fields(change: &Change) -> bool {
    !change.makes() && change.action != Action::Delete
}

/// What can be done about a drifted object of a few; nothing where they are many, and `general` tells.
fn choices_of(change: &Change, plan: &Plan, based: &Based, drifted: usize) -> Vec<Choice> {
    match drifted <= choices::EACH {
        true => {
            let own = based.cause(&change.address) == Cause::Drift;
            choices::of(change, plan.environment.as_deref(), own)
        }
        false => Vec::new(),
    }
}

/// `, beside what changes here`
fn beside(change: &Change, based: &Based) -> &'static str {
    if based.cause(&change.address) == Cause::Drift { "" } else { ", beside what changes here" }
}

/// `Compared with origin/main at 0a1b2c3d4e5f; nothing live was asked.`
pub fn compared(based: &Based, name: &dyn Fn(&str) -> String) -> String {
    let what = if based.offline {
        "the definitions alone, nothing live was asked"
    } else {
        "what differs live and in the definitions is told apart"
    };
    format!("Compared with {} at {}: {what}.", name(&cut(&based.reference, 120)), name(based.short()))
}

/// A field that both this change and somebody else changed: its three values.
pub struct Both<'a> {
    pub address: &'a str,
    pub path: String,
    pub base: String,
    pub live: String,
    pub here: String,
}

pub fn both<'a>(plan: &'a Plan, based: &'a Based) -> Vec<Both<'a>> {
    let shown = |value: Option<&serde_json::Value>| {
        value.map_or_else(|| "nothing".to_owned(), |value| short(value, VALUE))
    };
    let of = |change: &'a Change| {
        let fields = change.diff.iter().filter_map(move |field| {
            let (cause, base) = based.causes.get(&change.address)?.fields.get(&field.path)?;
            (*cause == Cause::Both).then(|| Both {
                address: change.address.as_str(),
                path: path(&field.path),
                base: shown(base.as_ref()),
                live: shown(field.before.as_ref()),
                here: shown(field.after.as_ref()),
            })
        });
        fields.collect::<Vec<_>>()
    };
    plan.changes.iter().filter(|change| !change.makes()).flat_map(of).collect()
}

/// The fields of a drifted object: `options.thresholds.critical 5 → 7`.
pub fn fields(change: &Change) -> Vec<String> {
    let shown = |value: &Option<serde_json::Value>| {
        value.as_ref().map_or_else(|| "nothing".to_owned(), |value| short(value, VALUE))
    };
    let listed = change.diff.iter().take(FIELDS);
    // From what the definitions say to what somebody made of it.
    let mut lines: Vec<String> = listed
        .map(|field| format!("{}: {} → {}", path(&field.path), shown(&field.after), shown(&field.before)))
        .collect();
    if change.makes() || change.deletes() {
        lines.clear();
    }
    if change.diff.len() > FIELDS && !lines.is_empty() {
        lines.push(format!("… {}", plural(change.diff.len() - FIELDS, "more field")));
    }
    lines
}

/// Writes the plan for people. Errors are those of the writer.
pub fn write(plan: &Plan, based: &Based, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(look, out);
    page.wrapped(&[(Tone::Strong, &compared(based, &|name| cut(name, 120)))], 2)?;
    for note in &based.notes {
        page.indent(2)?;
        page.wrapped_at(&[(Tone::Plain, &cut(note, 400))], 2, 4)?;
    }
    page.line(&[])?;
    plan_text::write(&own(plan, based), look, out)?;
    let mut page = Page::new(look, out);
    let conflicts = both(plan, based);
    if !conflicts.is_empty() {
        page.line(&[])?;
        page.line(&[(Tone::Risk, "Changed here, and by somebody else")])?;
    }
    for field in &conflicts {
        let text = format!(
            "{}: {} at {}, {} live, {} here",
            field.path,
            field.base,
            based.short(),
            field.live,
            field.here
        );
        page.indent(2)?;
        page.wrapped_at(
            &[(Tone::Plain, &clean_address(field.address)), (Tone::Plain, "  "), (Tone::Plain, &text)],
            2,
            4,
        )?;
    }
    let drifted = drifted(plan, based);
    if drifted.is_empty() {
        return Ok(());
    }
    page.line(&[])?;
    page.line(&[(Tone::Strong, "Drift: not of this change")])?;
    for change in &drifted {
        let address = clean_address(change.address.as_str());
        let (symbol, verb) = (summary::symbol(change.action), summary::verb(change.action));
        let action = format!("  {symbol} would {verb}{}", beside(change, based));
        page.line(&[(Tone::Plain, "  "), (Tone::Plain, &address), (Tone::Faint, &action)])?;
        for line in fields(change) {
            page.indent(6)?;
            page.wrapped_at(&[(Tone::Plain, &line)], 6, 8)?;
        }
        for risk in &change.risks {
            page.indent(6)?;
            page.wrapped_at(&[(Tone::Risk, "! "), (Tone::Risk, &cut(&risk.text, 400))], 6, 8)?;
        }
        choices::write(&choices_of(change, plan, based, drifted.len()), 6, &mut page)?;
    }
    if drifted.len() > choices::EACH {
        choices::write_general(plan.environment.as_deref(), 2, &mut page)?;
    }
    let text = format!("Drift: {}; an apply takes it back.", plural(drifted.len(), "object"));
    page.line(&[])?;
    page.line(&[(Tone::Strong, &text)])
}

/// The plan as Markdown in so much room: the marker first, the summary line last. `expand`: each change by itself, if that fits.
pub fn markdown(plan: &Plan, based: &Based, room: Room, expand: bool) -> String {
    let mut top = format!("{}\n\n", compared(based, &|name| code(name)));
    for note in based.notes.iter().take(NOTES) {
        let _ = writeln!(top, "- {}", quoted_prose(&cut(note, 400)));
    }
    if based.notes.len() > NOTES {
        let _ = writeln!(top, "- {} more", count(based.notes.len() - NOTES));
    }
    if !based.notes.is_empty() {
        top.push('\n');
    }
    let part = room.part(PART);
    top += &both_markdown(plan, based, part);
    let drifted = drifted(plan, based);
    let bottom = drift_markdown(&drifted, (plan, based), part);
    let inner = room.after(&top).after(&bottom).beside(WORDS);
    let shown = own(plan, based);
    let own = match expand {
        true => plan_markdown::expanded(&shown, inner),
        false => plan_markdown::within(&shown, inner),
    };
    // The verdict tells of what drifted, too.
    let verdict = summary::verdict(&shown);
    let drifted = summary::verdict_beside(&shown, drifted.len());
    let own = own.replacen(&format!("\n### {verdict}\n"), &format!("\n### {drifted}\n"), 1);
    // Behind the marker and the headline, and before the summary.
    let at = own.find("\n\n").map_or(own.len(), |at| at + 2);
    let end = own.trim_end().rfind('\n').map_or(at, |end| end + 1).max(at);
    format!("{}{top}{}{bottom}{}", &own[..at], &own[at..end], &own[end..])
}

/// Lines as they fit: whole ones, then as short as they can be, then how many there are more.
fn listed(lines: impl Iterator<Item = (String, String)>, room: Room) -> String {
    let (mut out, mut room, mut more) = (String::new(), room.beside(WORDS), 0);
    for (whole, short) in lines {
        // A third of the room is for the short ones, so that all have their word.
        let line = [whole, short].into_iter().enumerate();
        let mut line = line.map(|(at, line)| (if at == 0 { room.left / 3 } else { 0 }, line));
        let Some((_, line)) = line.find(|(kept, line)| room.beside(*kept).holds(line)) else {
            more += 1;
            continue;
        };
        room = room.after(&line);
        out.push_str(&line);
    }
    if more > 0 {
        let _ = writeln!(out, "- {} more", count(more));
    }
    out
}

fn both_markdown(plan: &Plan, based: &Based, room: Room) -> String {
    let conflicts = both(plan, based);
    if conflicts.is_empty() {
        return String::new();
    }
    let lines = conflicts.iter().map(|field| {
        let head = format!("- :warning: {} {}", code(&clean_address(field.address)), code(&field.path));
        let whole = format!(
            "{head}: {} at {}, {} live, {} here\n",
            code(&field.base),
            code(based.short()),
            code(&field.live),
            code(&field.here)
        );
        (whole, format!("{head}\n"))
    });
    format!("#### Changed here, and by somebody else\n\n{}\n", listed(lines, room))
}

fn drift_markdown(drifted: &[Change], (plan, based): (&Plan, &Based), room: Room) -> String {
    if drifted.is_empty() {
        return String::new();
    }
    let objects = match drifted.len() {
        1 => "1 object was".to_owned(),
        many => format!("{} objects were", count(many)),
    };
    let lines = drifted.iter().map(|change| {
        let fields: Vec<String> = fields(change).iter().map(|line| code(line)).collect();
        let colon = if fields.is_empty() { "" } else { ": " };
        let address = code(&cut(&clean_address(change.address.as_str()), 200));
        let head = format!("- {address} would {}{}", summary::verb(change.action), beside(change, based));
        let risk = |risk: &Risk| format!("  - :warning: {}\n", quoted_prose(&cut(&risk.text, 400)));
        let risks: String = change.risks.iter().map(risk).collect();
        let choices = choices::markdown(&choices_of(change, plan, based, drifted.len()), "  ");
        (format!("{head}{colon}{}\n{risks}{choices}", fields.join(", ")), format!("- {address}\n"))
    });
    let each = match drifted.len() > choices::EACH {
        true => {
            let list = choices::markdown(&choices::general(plan.environment.as_deref()), "");
            format!("For each of them:\n\n{list}\n")
        }
        false => String::new(),
    };
    format!(
        "<details><summary>Drift: {objects} changed by somebody else, not here</summary>\n\n{}\n{each}An apply takes these \
         back.\n\n</details>\n\n",
        listed(lines, room)
    )
}
