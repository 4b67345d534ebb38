//! Entries in the room there is: what is risky first, each in full, in brief, or by address; nothing without a word.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::fold::{Entry, pattern_of, patterns};
use super::markdown::code;
use super::markdown_entry::{Steps, in_brief, in_full};
use super::room::Room;
use super::summary;
use super::telling::clean_address;
use super::value::{count, cut};
use crate::model::Address;

/// While all entries together have no more lines, none is folded away.
const SHORT: usize = 80;
/// So many addresses of one pattern are listed by what stands at its `*`.
const ALIKE: usize = 3;
/// Kept for what is said of those that are not even listed, and for headings.
const WORDS: usize = 500;
/// What is said where something had no room.
pub const CUT: &str = "not shown here";

/// Each entry as it fits; absent: by address, in the list of what is not shown.
pub fn fitted(entries: &[Entry<'_>], room: Room) -> Vec<Option<String>> {
    let room = room.beside(WORDS);
    let brief: Vec<String> = entries.iter().map(in_brief).collect();
    let mut left = room.left;
    let all: usize = brief.iter().map(|text| room.of(text) + 1).sum();
    let fit = all <= left;
    let sizes = if fit { HashMap::new() } else { sizes(entries, room) };
    let listed = |entry: &Entry<'_>| -> usize {
        entry.changes.iter().filter_map(|change| sizes.get(&change.address)).sum()
    };
    let (risky, others): (Vec<&Entry<'_>>, Vec<&Entry<'_>>) =
        entries.iter().partition(|entry| entry.is_risky());
    left = left.saturating_sub(risky.into_iter().map(listed).sum());
    left -= others.into_iter().map(listed).sum::<usize>().min(left / 4);
    let in_brief = entries.iter().zip(brief).map(|(entry, text)| {
        // Its own place in the list is free then.
        let free = left + if entry.is_risky() { listed(entry) } else { 0 };
        let rest = free.checked_sub(room.of(&text) + 1);
        left = rest.unwrap_or(left);
        rest.map(|_| text)
    });
    let mut shown: Vec<Option<String>> = in_brief.collect();
    if fit {
        lengthen(entries, &mut shown, room.beside(all));
    }
    shown
}

/// What each address takes in the list of what is not shown.
fn sizes<'a>(entries: &[Entry<'a>], room: Room) -> HashMap<&'a Address, usize> {
    let mut shapes: HashMap<(&str, &str, String), Vec<&Address>> = HashMap::new();
    for change in entries.iter().flat_map(|entry| &entry.changes) {
        let key = (change.address.section(), summary::verb(change.action), pattern_of(&change.address).0);
        shapes.entry(key).or_default().push(&change.address);
    }
    let size = |alike: &Vec<&'a Address>| {
        let by_name = alike.len() >= ALIKE;
        let size = move |address: &'a Address| {
            let text = if by_name { pattern_of(address).1 } else { address.id() };
            (address, room.of(text) + 2)
        };
        alike.iter().map(|address| size(address)).collect::<Vec<_>>()
    };
    shapes.values().flat_map(size).collect()
}

/// In full, what has room for it.
fn lengthen(entries: &[Entry<'_>], shown: &mut [Option<String>], room: Room) {
    let (mut left, mut lines) = (room.left, 0);
    for (entry, shown) in entries.iter().zip(&mut *shown) {
        let Some(text) = shown else { continue };
        let free = left + room.of(text);
        let whole = [Steps::All, Steps::Few].into_iter().map(|steps| in_full(entry, steps));
        let Some(whole) = whole.into_iter().find(|whole| room.of(whole) <= free) else { continue };
        left = free - room.of(&whole);
        lines += whole.lines().count();
        *text = whole;
    }
    // As long as before: the space that opens one is counted where all are.
    if lines <= SHORT && left > 5 * entries.len() {
        for text in shown.iter_mut().flatten() {
            *text = text.replacen("<details><summary>", "<details open><summary>", 1);
        }
    }
}

/// What is left, by address: what is risky first, by its risks.
pub fn write_rest(out: &mut String, rest: &[&Entry<'_>], room: Room) {
    let changes = || rest.iter().flat_map(|entry| &entry.changes);
    let hidden = changes().count();
    if hidden == 0 {
        return;
    }
    let text = match hidden {
        1 => "1 more change is".to_owned(),
        many => format!("{} more changes are", count(many)),
    };
    let risky = changes().filter(|change| !change.risks.is_empty()).count();
    let of = if risky > 0 { format!(", {} of them risky", count(risky)) } else { String::new() };
    let _ = write!(out, "**{text} {CUT}{of}.** `musher plan` shows all of them.\n\n");
    let mut groups: BTreeMap<(bool, String, &str, &str), Vec<&Address>> = BTreeMap::new();
    for change in changes() {
        let codes: Vec<&str> = change.risks.iter().map(|risk| risk.code).collect();
        let key =
            (codes.is_empty(), codes.join(", "), summary::verb(change.action), change.address.section());
        groups.entry(key).or_default().push(&change.address);
    }
    let mut room = room.beside(WORDS);
    let mut unlisted = (0, 0);
    for ((is_plain, codes, verb, section), addresses) in groups {
        let sign = if is_plain { String::new() } else { format!(":warning: {} ", code(&cut(&codes, 200))) };
        for (pattern, names) in listed(&addresses) {
            let section = clean_address(section);
            let head = match pattern {
                Some(pattern) => code(&format!("{section}/{}", cut(&pattern, 200))),
                None => code(&section),
            };
            let head = format!("- {sign}{verb} {} {head}: ", count(names.len()));
            let fits = fitting(&names, room.after(&head).beside(4));
            let more = names.len() - fits;
            *(if is_plain { &mut unlisted.1 } else { &mut unlisted.0 }) += more;
            if fits == 0 {
                continue;
            }
            let tail = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
            let line = format!("{head}{}{tail}\n", code(&names[..fits].join(", ")));
            room = room.after(&line);
            out.push_str(&line);
        }
    }
    if unlisted != (0, 0) {
        let total = unlisted.0 + unlisted.1;
        let risky =
            if unlisted.0 > 0 { format!(", {} of them risky", count(unlisted.0)) } else { String::new() };
        let _ = writeln!(out, "- {} more have no room here even by address{risky}", count(total));
    }
    out.push('\n');
}

/// Names for the `*` of a pattern that many have in common; the ids of the others.
fn listed(addresses: &[&Address]) -> Vec<(Option<String>, Vec<String>)> {
    let name = |name: &&str| cut(name, 200);
    let (many, few): (Vec<_>, Vec<_>) =
        patterns(addresses.iter().copied()).into_iter().partition(|pattern| pattern.names.len() >= ALIKE);
    let mut out: Vec<(Option<String>, Vec<String>)> = many
        .into_iter()
        .map(|pattern| (Some(pattern.text), pattern.names.iter().map(name).collect()))
        .collect();
    let ids: Vec<String> =
        few.iter().flat_map(|pattern| pattern.names.iter().map(|name| cut(&pattern.id(name), 300))).collect();
    if !ids.is_empty() {
        out.push((None, ids));
    }
    out
}

/// How many of them there is room for.
fn fitting(names: &[String], room: Room) -> usize {
    let mut left = room.left;
    let fits = names.iter().take_while(|name| {
        let rest = left.checked_sub(room.of(name) + 2);
        left = rest.unwrap_or(0);
        rest.is_some()
    });
    fits.count()
}
