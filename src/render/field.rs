//! A changed field made ready to be shown, whatever the format: short, clean, the difference in sight.

use std::collections::HashMap;

use serde_json::Value;

use super::sanitize::{clean, clean_lines, expressed, expressed_in};
use super::text_diff::{Line, Piece, Sign, lines, shorten, without_middle, words};
use super::value::{count, cut, path, short};
use crate::model::FieldChange;

/// Two texts no longer than this stand side by side; words are marked in longer ones.
const SIDE_BY_SIDE: usize = 24;
/// Equal characters kept around the changed words of a long line.
const ROOM: usize = 60;
/// No longer line is cut.
const WHOLE: usize = 400;
/// Diff lines and list items of one field, unless all is asked for.
const LINES: usize = 40;
const ITEMS: usize = 8;
const CONTEXT: usize = 2;

/// A field and its change, all texts clean.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// As people write it: `options.thresholds.critical`.
    pub path: String,
    pub shown: Shown,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Shown {
    Added(String),
    Removed(String),
    Arrow {
        before: String,
        after: String,
    },
    /// A text of one line with its changed words.
    Words(Vec<Piece>),
    /// A list of plain values; how many are in both.
    Items {
        removed: Vec<String>,
        added: Vec<String>,
        same: usize,
    },
    /// A text of several lines, or an object; how many lines are cut off.
    Lines {
        lines: Vec<Line>,
        more: usize,
    },
}

/// Makes a change ready; with `full` nothing is cut.
pub fn field(change: &FieldChange, full: bool) -> Field {
    Field { path: path(&change.path), shown: shown(change, full) }
}

fn shown(change: &FieldChange, full: bool) -> Shown {
    let room = if full { usize::MAX } else { ROOM };
    match (&change.before, &change.after) {
        (None, None) => Shown::Arrow { before: "nothing".to_owned(), after: "nothing".to_owned() },
        (None, Some(after)) => one_sided(after, full, Sign::New),
        (Some(before), None) => one_sided(before, full, Sign::Old),
        (Some(Value::String(before)), Some(Value::String(after))) => texts(before, after, full),
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            items(before, after, full).unwrap_or_else(|| trees(change, full))
        }
        (Some(Value::Object(_)), Some(Value::Object(_))) => trees(change, full),
        (Some(before), Some(after)) => {
            Shown::Arrow { before: short(before, room), after: short(after, room) }
        }
    }
}

/// An added or removed value: in one line, or in full as lines of a diff.
fn one_sided(value: &Value, full: bool, sign: Sign) -> Shown {
    let text = match value {
        Value::String(text) if text.contains('\n') => Some(expressed(text).into_owned()),
        Value::Array(_) | Value::Object(_) => Some(pretty(value)),
        _ => None,
    };
    if let (true, Some(text)) = (full, text) {
        let lines = clean_lines(&text).split('\n').map(|line| Line::Text(sign, line.to_owned())).collect();
        return Shown::Lines { lines, more: 0 };
    }
    let room = match value {
        _ if full => usize::MAX,
        Value::String(_) => 2 * ROOM,
        _ => ROOM,
    };
    let text = short(value, room);
    if sign == Sign::New { Shown::Added(text) } else { Shown::Removed(text) }
}

fn texts(before: &str, after: &str, full: bool) -> Shown {
    let (before, after) = (expressed(before), expressed(after));
    if before.contains('\n') || after.contains('\n') {
        return as_lines(&clean_lines(&before), &clean_lines(&after), full);
    }
    let short = |text: &str| text.chars().nth(SIDE_BY_SIDE).is_none();
    let pieces = words(&clean(&before), &clean(&after));
    let nothing_in_common = !pieces.iter().any(|piece| piece.sign == Sign::Same);
    if nothing_in_common || (short(&before) && short(&after)) {
        let room = if full { usize::MAX } else { ROOM };
        let quoted = |text: &str| format!("\"{}\"", cut(text, room));
        return Shown::Arrow { before: quoted(&before), after: quoted(&after) };
    }
    // A query is read as a whole, and found by searching for it.
    let is_whole = full || before.chars().count().max(after.chars().count()) <= WHOLE;
    Shown::Words(if is_whole { pieces } else { shorten(pieces, ROOM) })
}

/// The items that only one of two lists has: what left, and what came. `None` where only the order
/// differs, or an item is not a plain value.
pub fn item_changes<'a>(before: &'a [Value], after: &'a [Value]) -> Option<[Vec<&'a Value>; 2]> {
    let plain = |value: &Value| !value.is_array() && !value.is_object();
    if !before.iter().chain(after).all(plain) {
        return None;
    }
    let only = |own: &'a [Value], other: &[Value]| -> Vec<&'a Value> {
        let mut times: HashMap<String, usize> = HashMap::new();
        for item in other {
            *times.entry(item.to_string()).or_default() += 1;
        }
        let mut is_left = |item: &&Value| match times.get_mut(&item.to_string()) {
            Some(times) if *times > 0 => {
                *times -= 1;
                false
            }
            _ => true,
        };
        own.iter().filter(|item| is_left(item)).collect()
    };
    let (removed, added) = (only(before, after), only(after, before));
    (!removed.is_empty() || !added.is_empty()).then_some([removed, added])
}

fn items(before: &[Value], after: &[Value], full: bool) -> Option<Shown> {
    let [removed, added] = item_changes(before, after)?;
    let same = before.len() - removed.len();
    let (room, most) = if full { (usize::MAX, usize::MAX) } else { (ROOM, ITEMS) };
    let texts = |items: &[&Value]| {
        let more = items.len().saturating_sub(most);
        let mut out: Vec<String> = items.iter().take(most).map(|item| short(item, room)).collect();
        if more > 0 {
            out.push(format!("… {} more", count(more)));
        }
        out
    };
    Some(Shown::Items { removed: texts(&removed), added: texts(&added), same })
}

/// Objects, and lists of objects: their JSON, line by line.
fn trees(change: &FieldChange, full: bool) -> Shown {
    let text = |value: &Option<Value>| value.as_ref().map(pretty).unwrap_or_default();
    as_lines(&clean_lines(&text(&change.before)), &clean_lines(&text(&change.after)), full)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(&*expressed_in(value)).expect("bug: a value is always JSON")
}

fn as_lines(before: &str, after: &str, full: bool) -> Shown {
    // A final newline of both is not a line of its own.
    let (before, after) = match (before.strip_suffix('\n'), after.strip_suffix('\n')) {
        (Some(before), Some(after)) => (before, after),
        _ => (before, after),
    };
    let mut lines = lines(before, after, CONTEXT);
    if full {
        return Shown::Lines { lines, more: 0 };
    }
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    shorten_lines(&mut lines);
    Shown::Lines { lines, more }
}

/// Cuts long lines; where one line became another, so that what differs stays in sight.
fn shorten_lines(lines: &mut [Line]) {
    let sign = |line: &Line| match line {
        Line::Text(sign, _) => Some(*sign),
        Line::Skipped(_) => None,
    };
    let mut at = 0;
    while at < lines.len() {
        let run = |from: usize, wanted: Sign| {
            lines[from..].iter().take_while(|line| sign(line) == Some(wanted)).count()
        };
        let old = run(at, Sign::Old);
        let new = run(at + old, Sign::New);
        for pair in 0..old.min(new) {
            shorten_pair(lines, at + pair, at + old + pair);
        }
        at += (old + new).max(1);
    }
    for line in lines {
        if let Line::Text(_, text) = line {
            *text = without_middle(text, 2 * ROOM, ROOM);
        }
    }
}

fn shorten_pair(lines: &mut [Line], old: usize, new: usize) {
    let (Line::Text(_, before), Line::Text(_, after)) = (&lines[old], &lines[new]) else { return };
    if before.len().max(after.len()) <= 3 * ROOM {
        return;
    }
    let pieces = shorten(words(before, after), ROOM);
    let side = |without: Sign| {
        pieces.iter().filter(|piece| piece.sign != without).map(|piece| piece.text.as_str()).collect()
    };
    let (before, after) = (side(Sign::New), side(Sign::Old));
    lines[old] = Line::Text(Sign::Old, before);
    lines[new] = Line::Text(Sign::New, after);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(before: Option<Value>, after: Option<Value>, expected: Shown) {
        let change = FieldChange { path: "/a".to_owned(), before, after };
        assert_eq!(field(&change, false).shown, expected);
    }

    fn arrow(before: &str, after: &str) -> Shown {
        Shown::Arrow { before: before.to_owned(), after: after.to_owned() }
    }

    #[test]
    fn plain_values_stand_side_by_side() {
        check(Some(json!(5)), Some(json!(8.0)), arrow("5", "8"));
        check(Some(json!(null)), Some(json!("x")), arrow("null", "\"x\""));
        check(Some(json!("a")), Some(json!("\u{1b}b")), arrow("\"a\"", "\"␛b\""));
        check(None, Some(json!([1])), Shown::Added("[1]".to_owned()));
        check(Some(json!("a\nb")), None, Shown::Removed("\"a␊b\"".to_owned()));
    }

    #[test]
    fn lists_show_what_left_and_what_came() {
        check(
            Some(json!(["a", "b", "b", "c"])),
            Some(json!(["c", "b", "d"])),
            Shown::Items {
                removed: vec!["\"a\"".to_owned(), "\"b\"".to_owned()],
                added: vec!["\"d\"".to_owned()],
                same: 2,
            },
        );
        let Shown::Lines { lines, more: 0 } = shown(
            &FieldChange { path: "/a".into(), before: Some(json!([1, 2])), after: Some(json!([2, 1])) },
            false,
        ) else {
            panic!("the order alone is shown as lines")
        };
        assert!(lines.contains(&Line::Text(Sign::Old, "  1,".to_owned())), "{lines:?}");
    }

    #[test]
    fn a_changed_word_in_a_huge_line_is_in_sight() {
        let text =
            |word: &str| format!("first\n{} {word} {}", "x ".repeat(1_000_000), "y ".repeat(1_000_000));
        let change = FieldChange {
            path: "/a".into(),
            before: Some(json!(text("old"))),
            after: Some(json!(text("new"))),
        };
        let Shown::Lines { lines, .. } = field(&change, false).shown else { panic!("lines") };
        let Line::Text(Sign::Old, line) = &lines[1] else { panic!("an old line") };
        assert!(line.contains(" old ") && line.len() < 500, "{line}");
    }
}
