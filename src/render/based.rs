//! A plan beside an older version of the definitions: what this change does first, what others did below.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::markdown::{code, quoted_prose};
use super::page::{Look, Page, Tone};
use super::telling::clean_address;
use super::value::{count, cut, path, plural, short};
use super::{plan_markdown, plan_text, summary};
use crate::model::{Action, Based, Cause, Change, Plan};

/// Notes, fields on which both sides differ, and drifted objects that a comment lists.
const NOTES: usize = 20;
const BOTH: usize = 50;
const DRIFTED: usize = 100;
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
            if !change.diff.is_empty() {
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

/// `, beside what changes here`
fn beside(change: &Change, based: &Based) -> &'static str {
    if based.cause(&change.address) == Cause::Drift { "" } else { ", beside what changes here" }
}

/// `Compared with origin/main at 0a1b2c3d4e5f; nothing live was asked.`
fn compared(based: &Based, name: &dyn Fn(&str) -> String) -> String {
    let what = if based.offline {
        "the definitions alone, nothing live was asked"
    } else {
        "what differs live and in the definitions is told apart"
    };
    format!("Compared with {} at {}: {what}.", name(&cut(&based.reference, 120)), name(based.short()))
}

/// A field that both this change and somebody else changed: its three values.
struct Both<'a> {
    address: &'a str,
    path: String,
    base: String,
    live: String,
    here: String,
}

fn both<'a>(plan: &'a Plan, based: &'a Based) -> Vec<Both<'a>> {
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
    }
    let text = format!("Drift: {}; an apply takes it back.", plural(drifted.len(), "object"));
    page.line(&[])?;
    page.line(&[(Tone::Strong, &text)])
}

/// The plan as Markdown in so many bytes: the marker first, the summary line last.
pub fn markdown(plan: &Plan, based: &Based, limit: usize) -> String {
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
    top += &both_markdown(plan, based);
    let bottom = drift_markdown(&drifted(plan, based), based);
    let room = limit.saturating_sub(top.len() + bottom.len());
    let own = plan_markdown::within(&own(plan, based), room);
    // Behind the marker and the headline, and before the summary.
    let at = own.find("\n\n").map_or(own.len(), |at| at + 2);
    let end = own.trim_end().rfind('\n').map_or(at, |end| end + 1).max(at);
    format!("{}{top}{}{bottom}{}", &own[..at], &own[at..end], &own[end..])
}

fn both_markdown(plan: &Plan, based: &Based) -> String {
    let conflicts = both(plan, based);
    if conflicts.is_empty() {
        return String::new();
    }
    let mut out = "#### Changed here, and by somebody else\n\n".to_owned();
    for field in conflicts.iter().take(BOTH) {
        let _ = writeln!(
            out,
            "- :warning: {} {}: {} at {}, {} live, {} here",
            code(&clean_address(field.address)),
            code(&field.path),
            code(&field.base),
            code(based.short()),
            code(&field.live),
            code(&field.here)
        );
    }
    if conflicts.len() > BOTH {
        let _ = writeln!(out, "- {} more", count(conflicts.len() - BOTH));
    }
    out.push('\n');
    out
}

fn drift_markdown(drifted: &[Change], based: &Based) -> String {
    if drifted.is_empty() {
        return String::new();
    }
    let objects = match drifted.len() {
        1 => "1 object was".to_owned(),
        many => format!("{} objects were", count(many)),
    };
    let mut out =
        format!("<details><summary>Drift: {objects} changed by somebody else, not here</summary>\n\n");
    for change in drifted.iter().take(DRIFTED) {
        let lines: Vec<String> = fields(change).iter().map(|line| code(line)).collect();
        let address = code(&cut(&clean_address(change.address.as_str()), 200));
        let _ = writeln!(
            out,
            "- {address} would {}{}{}{}",
            summary::verb(change.action),
            beside(change, based),
            if lines.is_empty() { "" } else { ": " },
            lines.join(", ")
        );
    }
    if drifted.len() > DRIFTED {
        let _ = writeln!(out, "- {} more", count(drifted.len() - DRIFTED));
    }
    out.push_str("\nAn apply takes these back.\n\n</details>\n\n");
    out
}
