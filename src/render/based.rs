//! A plan beside an older version of the definitions: what this change does first, what others did below.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::choices::{self, Among, Choice};
use super::fitted::CUT;
use super::fold::{Entry, fold, patterns};
use super::markdown::{code, quoted_prose};
use super::page::{Look, Page, Tone};
use super::room::Room;
use super::telling::{clean_address, names};
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
/// Names of many that drifted alike, where there is little room.
const FEW: usize = 8;
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

/// What can be done about what drifted and is told together.
pub fn choices_of(entry: &Entry<'_>, among: &Among<'_>, based: &Based) -> Vec<Choice> {
    let own = entry.changes.iter().all(|change| based.cause(&change.address) == Cause::Drift);
    among.of(&entry.changes, own)
}

/// Whether the changes of an entry are told by one of them.
pub fn is_alike(entry: &Entry<'_>, same: &dyn Fn(&Change, &Change) -> bool) -> bool {
    let first = entry.first();
    let told = fields(first);
    let same =
        |change: &&Change| change.action == first.action && fields(change) == told && same(first, change);
    entry.is_folded() && entry.changes.iter().all(same)
}

/// The same beside an older version.
fn is_told_by_one(entry: &Entry<'_>, based: &Based) -> bool {
    is_alike(entry, &|a, b| beside(a, based) == beside(b, based) && a.risks == b.risks)
}

/// `3 monitors lambda/*/errors`; `5 objects` where they are of several kinds.
pub fn several(entry: &Entry<'_>) -> String {
    let patterns = patterns(entry.changes.iter().map(|change| &change.address));
    let pattern = match &patterns[..] {
        [only] => format!(" {}", clean_address(&only.text)),
        _ => String::new(),
    };
    let section = entry.first().address.section();
    let is_one = entry.changes.iter().all(|change| change.address.section() == section);
    let what = if is_one { clean_address(section) } else { "objects".into() };
    format!("{} {what}{pattern}", count(entry.changes.len()))
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
    let (among, entries) = (Among::the(plan), fold(&drifted, look.expand));
    let few = entries.len() <= choices::EACH;
    for entry in &entries {
        let alike = is_told_by_one(entry, based);
        if alike {
            page.line(&[(Tone::Plain, "  "), (Tone::Plain, &several(entry)), (Tone::Plain, " alike")])?;
        }
        let last = entry.changes.len() - 1;
        for (at, change) in entry.changes.iter().enumerate() {
            let address = clean_address(change.address.as_str());
            let (symbol, verb) = (summary::symbol(change.action), summary::verb(change.action));
            let action = format!("  {symbol} would {verb}{}", beside(change, based));
            page.indent(if alike { 4 } else { 2 })?;
            page.line(&[(Tone::Plain, &address), (Tone::Faint, &action)])?;
            // Where all say the same the last one says it.
            if !alike || at == last {
                write_fields(change, &mut page)?;
            }
        }
        choices::write(&choices_of(entry, &among, based), (6, few), &mut page)?;
    }
    let text = format!("Drift: {}; an apply takes it back.", plural(drifted.len(), "object"));
    page.line(&[])?;
    page.line(&[(Tone::Strong, &text)])
}

fn write_fields(change: &Change, page: &mut Page<'_>) -> io::Result<()> {
    for line in fields(change) {
        page.indent(6)?;
        page.wrapped_at(&[(Tone::Plain, &line)], 6, 8)?;
    }
    for risk in &change.risks {
        page.indent(6)?;
        page.wrapped_at(&[(Tone::Risk, "! "), (Tone::Risk, &cut(&risk.text, 400))], 6, 8)?;
    }
    Ok(())
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
    let shown = own(plan, based);
    let beside = |offers: bool| {
        let bottom = drift_markdown(&drifted, (plan, based), part, offers);
        let inner = room.after(&top).after(&bottom).beside(WORDS);
        let own = match expand {
            true => plan_markdown::expanded(&shown, inner),
            false => plan_markdown::within(&shown, inner),
        };
        (own, bottom)
    };
    let (mut own, mut bottom) = beside(true);
    if own.contains(CUT) {
        // What can be done about a drift takes no room from a risk.
        let (bare, without) = beside(false);
        if bare.matches(RISK).count() > own.matches(RISK).count() {
            (own, bottom) = (bare, without);
        }
    }
    // The verdict tells of what drifted, too.
    let verdict = summary::verdict(&shown);
    let drifted = summary::verdict_beside(&shown, drifted.len());
    let own = own.replacen(&format!("\n### {verdict}\n"), &format!("\n### {drifted}\n"), 1);
    // Behind the marker and the headline, and before the summary.
    let at = own.find("\n\n").map_or(own.len(), |at| at + 2);
    let end = own.trim_end().rfind('\n').map_or(at, |end| end + 1).max(at);
    format!("{}{top}{}{bottom}{}", &own[..at], &own[at..end], &own[end..])
}

/// What stands before a risk.
const RISK: &str = ":warning:";

/// Lines as they fit: whole ones, then as short as they can be, then how many there are more.
fn listed(forms: &[Vec<String>], room: Room) -> String {
    let (lines, more) = room.beside(WORDS).fitted(forms);
    let mut out: String = lines.into_iter().flatten().collect();
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
        vec![format!("{head}\n"), whole]
    });
    let lines: Vec<Vec<String>> = lines.collect();
    format!("#### Changed here, and by somebody else\n\n{}\n", listed(&lines, room))
}

/// `offers`: what can be done about each, where there is room.
fn drift_markdown(drifted: &[Change], (plan, based): (&Plan, &Based), room: Room, offers: bool) -> String {
    if drifted.is_empty() {
        return String::new();
    }
    let objects = match drifted.len() {
        1 => "1 object was".to_owned(),
        many => format!("{} objects were", count(many)),
    };
    let (among, entries) = (Among::the(plan), fold(drifted, false));
    let few = entries.len() <= choices::EACH;
    let items: Vec<(Vec<String>, String)> = entries
        .iter()
        .flat_map(|entry| {
            let choices = choices::markdown(&choices_of(entry, &among, based), "  ", few);
            items(entry, based, choices)
        })
        .collect();
    let forms = items.iter().map(|(forms, choices)| {
        let whole = forms.last().filter(|_| offers && !choices.is_empty());
        forms.iter().cloned().chain(whole.map(|whole| format!("{whole}{choices}"))).collect()
    });
    let forms: Vec<Vec<String>> = forms.collect();
    let mut list = listed(&forms, room);
    let mut general = String::new();
    if items.iter().any(|(_, choices)| !list.contains(choices.as_str())) {
        general = choices::general_markdown(plan.environment.as_deref());
        list = listed(&forms, room.after(&general));
    }
    format!(
        "<details><summary>Drift: {objects} changed by somebody else, not here</summary>\n\n{list}\n{general}An apply takes \
         these back.\n\n</details>\n\n"
    )
}

/// What drifted, shortest form first: the addresses, the risks, the fields. What can be done stands below the last one.
fn items(entry: &Entry<'_>, based: &Based, choices: String) -> Vec<(Vec<String>, String)> {
    let risk = |risk: &Risk| format!("  - {RISK} {}\n", quoted_prose(&cut(&risk.text, 400)));
    let forms = |change: &Change, named: &str, which: &[String]| {
        let fields: Vec<String> = fields(change).iter().map(|line| code(line)).collect();
        let colon = if fields.is_empty() { "" } else { ": " };
        let head = format!("- {named} would {}{}", summary::verb(change.action), beside(change, based));
        let risks: String = change.risks.iter().map(risk).collect();
        let (few, all) = (which.first().map_or("", String::as_str), which.last().map_or("", String::as_str));
        vec![
            format!("- {named}\n{few}"),
            format!("{head}\n{risks}{few}"),
            format!("{head}{colon}{}\n{risks}{all}", fields.join(", ")),
        ]
    };
    if is_told_by_one(entry, based) {
        let ids: Vec<String> =
            entry.changes.iter().map(|change| clean_address(change.address.id())).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let which = [FEW, usize::MAX].map(|most| format!("  - {}\n", code(&names(&ids, most))));
        return vec![(forms(entry.first(), &code(&several(entry)), &which), choices)];
    }
    let address = |change: &Change| code(&cut(&clean_address(change.address.as_str()), 200));
    let mut items: Vec<_> =
        entry.changes.iter().map(|change| (forms(change, &address(change), &[]), String::new())).collect();
    if let Some(last) = items.last_mut() {
        last.1 = choices;
    }
    items
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Address, Causes};
    use crate::render::fold::Bond;
    use crate::render::plan_markdown::LIMIT;
    use crate::render::samples::{self, instance, replaced};

    /// Changes of this version and drifted ones, no two alike, each with a risk of its own.
    fn both_sorts(own: usize, drifted: usize) -> (Plan, Based) {
        let word = |n: usize| -> String {
            format!("{n:04}").bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
        };
        let mut based = Based { commit: "0a1b2c3d4e5f".to_owned(), ..Based::default() };
        let changes = (0..own + drifted).map(|n| {
            let name = format!("{}-{}", if n < own { "own" } else { "theirs" }, word(n));
            let change = Change {
                risks: vec![Risk {
                    rank: 3,
                    code: "recipient-lost",
                    text: format!("No longer notified: `@{name}`"),
                }],
                diff: vec![replaced("/message", json!(format!("@{name} x")), json!(word(n)))],
                ..instance(Action::Update, &name, "errors", Vec::new())
            };
            if n >= own {
                let causes = Causes { cause: Cause::Drift, ..Causes::default() };
                based.causes.insert(change.address.clone(), causes);
            }
            change
        });
        (samples::plan(changes.collect(), 0), based)
    }

    /// An instance that is gone has objects of several kinds.
    #[test]
    fn many_are_counted_by_what_they_are() {
        let change = |section: &str, id: &str| Change::new("", Address::new(section, id), Action::Create);
        let all = [change("monitors", "a/x/y"), change("monitors", "a/z/y"), change("slos", "b")];
        let said =
            |changes: &[Change]| several(&Entry { changes: changes.iter().collect(), bond: Bond::Instance });
        assert_eq!(said(&all[..2]), "2 monitors a/*/y");
        assert_eq!(said(&all), "3 objects");
    }

    #[test]
    fn what_can_be_done_takes_no_room_from_a_risk() {
        for (own, drifted, offered) in [(2, 3, 3), (3, 20, 20), (100, 60, 10), (300, 100, 0), (350, 110, 0)] {
            let (plan, based) = both_sorts(own, drifted);
            let text = markdown(&plan, &based, Room::characters(LIMIT), false);
            assert!(text.encode_utf16().count() <= LIMIT);
            for change in &plan.changes {
                let risk = change.risks[0].text.trim_start_matches("No longer notified: ");
                assert!(text.contains(risk), "of {own} and {drifted}, {risk} is cut");
            }
            let takes = text.matches("`musher pull monitors/lambda/theirs-").count();
            assert!(takes >= offered, "of {own} and {drifted}, {takes} are told what can be done");
            // Who is not told by name is told in general.
            assert_eq!(
                text.contains("`musher pull ADDRESS -e staging`"),
                takes < drifted,
                "{own} and {drifted}"
            );
        }
    }
}
