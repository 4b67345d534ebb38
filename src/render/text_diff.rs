//! What differs between two texts: changed words of a line, changed lines of a text.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

/// Above this many comparisons a diff is reported coarsely: no hostile text may cost quadratic time, and
/// a deadline would make the output depend on the clock.
const WORK: usize = 4_000_000;

/// Beyond this many alternations of equal and changed words a reader learns nothing.
const PIECES: usize = 48;

/// Whether a part of a text is in both, in the old one, or in the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sign {
    Same,
    Old,
    New,
}

/// A run of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub sign: Sign,
    pub text: String,
}

/// A line of a diff, or how many equal lines are left out in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Text(Sign, String),
    Skipped(usize),
}

/// The changed words of a text, all of both texts in it.
pub fn words(before: &str, after: &str) -> Vec<Piece> {
    let (old, new) = (tokens(before), tokens(after));
    let mut pieces = Vec::new();
    for op in operations(&old, &new) {
        let (old, new) = (old[op.old_range()].concat(), new[op.new_range()].concat());
        match op {
            DiffOp::Equal { .. } => push(&mut pieces, Sign::Same, &old),
            _ => {
                push(&mut pieces, Sign::Old, &old);
                push(&mut pieces, Sign::New, &new);
            }
        }
    }
    join_over_gaps(pieces)
}

/// The changed lines of a text with `context` equal lines around them.
pub fn lines(before: &str, after: &str, context: usize) -> Vec<Line> {
    let old: Vec<&str> = before.split('\n').collect();
    let new: Vec<&str> = after.split('\n').collect();
    let mut out = Vec::new();
    let mut shown = 0;
    for group in group_diff_ops(operations(&old, &new), context) {
        for op in group {
            let (from, to) = (op.old_range(), op.new_range());
            if from.start > shown {
                out.push(Line::Skipped(from.start - shown));
            }
            shown = from.end;
            let sign = if matches!(op, DiffOp::Equal { .. }) { Sign::Same } else { Sign::Old };
            out.extend(old[from].iter().map(|line| Line::Text(sign, (*line).to_owned())));
            if sign == Sign::Old {
                out.extend(new[to].iter().map(|line| Line::Text(Sign::New, (*line).to_owned())));
            }
        }
    }
    if old.len() > shown {
        out.push(Line::Skipped(old.len() - shown));
    }
    out
}

/// Leaves out the middle of long equal parts, so that the changed words are seen; a changed part
/// longer than `room` is cut. Counts characters. What fits in three times the room stays whole.
pub fn shorten(pieces: Vec<Piece>, room: usize) -> Vec<Piece> {
    if pieces.iter().map(|piece| piece.text.len()).sum::<usize>() <= 3 * room {
        return pieces;
    }
    let mut pieces = pieces;
    let more = pieces.len().saturating_sub(PIECES);
    pieces.truncate(PIECES);
    let last = pieces.len().saturating_sub(1);
    let shorten = |(at, piece): (usize, Piece)| {
        let (head, tail) = match (piece.sign, at) {
            (Sign::Same, 0) if last == 0 => (room, 0),
            (Sign::Same, 0) => (room / 4, room / 2),
            (Sign::Same, at) if at == last => (room / 2, room / 4),
            (Sign::Same, _) => (room / 2, room / 2),
            _ => (room, room),
        };
        Piece { text: without_middle(&piece.text, head, tail), sign: piece.sign }
    };
    let mut out: Vec<Piece> = pieces.into_iter().enumerate().map(shorten).collect();
    if more > 0 {
        push(&mut out, Sign::Same, &format!("… ({more} more pieces)"));
    }
    out
}

/// The first and the last characters of a text, what is between them left out.
pub fn without_middle(text: &str, head: usize, tail: usize) -> String {
    // Texts of many megabytes are not walked twice where they fit.
    if text.len() <= head.saturating_add(tail) {
        return text.to_owned();
    }
    let characters = text.chars().count();
    if characters <= head.saturating_add(tail).saturating_add(1) {
        return text.to_owned();
    }
    let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
    format!("{}…{}", &text[..at(head)], &text[at(characters - tail)..])
}

/// Words, runs of white space, and every other character by itself. `0.05`, `trace.http.errors`
/// and `prod-eu` are one word each.
fn tokens(text: &str) -> Vec<&str> {
    let sort = |c: char| match c {
        _ if c.is_alphanumeric() || "._-".contains(c) => 0,
        _ if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut out = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, c) in text.char_indices() {
        let sort = sort(c);
        if last.is_some_and(|last| last != sort || sort == 2) {
            out.push(&text[start..at]);
            start = at;
        }
        last = Some(sort);
    }
    if start < text.len() {
        out.push(&text[start..]);
    }
    out
}

/// The edit script; coarse in the middle where a fine one would cost too much.
fn operations(old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    let prefix = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let suffix =
        old[prefix..].iter().rev().zip(new[prefix..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (from, to) = (prefix..old.len() - suffix, prefix..new.len() - suffix);
    let mut ops = Vec::new();
    if prefix > 0 {
        ops.push(DiffOp::Equal { old_index: 0, new_index: 0, len: prefix });
    }
    if from.len().saturating_mul(to.len()) > WORK {
        ops.push(coarse(&from, &to));
    } else {
        let middle = capture_diff_slices(Algorithm::Myers, &old[from.clone()], &new[to.clone()]);
        ops.extend(middle.into_iter().map(|op| moved(op, prefix)));
    }
    if suffix > 0 {
        ops.push(DiffOp::Equal { old_index: from.end, new_index: to.end, len: suffix });
    }
    ops
}

fn coarse(from: &Range<usize>, to: &Range<usize>) -> DiffOp {
    DiffOp::Replace { old_index: from.start, old_len: from.len(), new_index: to.start, new_len: to.len() }
}

fn moved(op: DiffOp, by: usize) -> DiffOp {
    match op {
        DiffOp::Equal { old_index, new_index, len } => {
            DiffOp::Equal { old_index: old_index + by, new_index: new_index + by, len }
        }
        DiffOp::Delete { old_index, old_len, new_index } => {
            DiffOp::Delete { old_index: old_index + by, old_len, new_index: new_index + by }
        }
        DiffOp::Insert { old_index, new_index, new_len } => {
            DiffOp::Insert { old_index: old_index + by, new_index: new_index + by, new_len }
        }
        DiffOp::Replace { old_index, old_len, new_index, new_len } => {
            DiffOp::Replace { old_index: old_index + by, old_len, new_index: new_index + by, new_len }
        }
    }
}

fn push(pieces: &mut Vec<Piece>, sign: Sign, text: &str) {
    if text.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some(last) if last.sign == sign => last.text.push_str(text),
        _ => pieces.push(Piece { sign, text: text.to_owned() }),
    }
}

/// Takes a lone space or sign between two changes into both: `[-a b-]{+c d+}` reads better than
/// four pieces.
fn join_over_gaps(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    let (mut old, mut new) = (String::new(), String::new());
    let mut pieces = pieces.into_iter().peekable();
    while let Some(piece) = pieces.next() {
        match piece.sign {
            Sign::Old => old.push_str(&piece.text),
            Sign::New => new.push_str(&piece.text),
            Sign::Same => {
                let changing = !old.is_empty() || !new.is_empty();
                if changing && pieces.peek().is_some() && is_gap(&piece.text) {
                    old.push_str(&piece.text);
                    new.push_str(&piece.text);
                } else {
                    push(&mut out, Sign::Old, &std::mem::take(&mut old));
                    push(&mut out, Sign::New, &std::mem::take(&mut new));
                    push(&mut out, Sign::Same, &piece.text);
                }
            }
        }
    }
    push(&mut out, Sign::Old, &old);
    push(&mut out, Sign::New, &new);
    out
}

fn is_gap(text: &str) -> bool {
    text.chars().count() == 1 && !text.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(pieces: &[Piece]) -> String {
        let mark = |piece: &Piece| match piece.sign {
            Sign::Same => piece.text.clone(),
            Sign::Old => format!("[-{}-]", piece.text),
            Sign::New => format!("{{+{}+}}", piece.text),
        };
        pieces.iter().map(mark).collect()
    }

    fn check_words(before: &str, after: &str, expected: &str) {
        assert_eq!(written(&words(before, after)), expected);
    }

    #[test]
    fn changed_words_are_marked() {
        check_words(
            "avg(last_5m):x{a} > 5",
            "avg(last_10m):x{a} > 8",
            "avg([-last_5m-]{+last_10m+}):x{a} > [-5-]{+8+}",
        );
        check_words("> 0.05", "> 0.01", "> [-0.05-]{+0.01+}");
        check_words("old name here", "new title here", "[-old name-]{+new title+} here");
        check_words("a", "a b", "a{+ b+}");
        check_words("", "x", "{+x+}");
        check_words("same", "same", "same");
    }

    #[test]
    fn long_equal_parts_are_left_out() {
        let long = "word ".repeat(50);
        let pieces = words(&format!("{long}5 {long}"), &format!("{long}6 {long}"));
        assert_eq!(written(&shorten(pieces, 20)), "word …word word [-5-]{+6+} word word…word ");
        assert_eq!(written(&shorten(words(&long[..25], "word"), 20)), "word[- word word word word -]");
    }

    fn check_lines(before: &str, after: &str, expected: &str) {
        let out: Vec<String> = lines(before, after, 1)
            .into_iter()
            .map(|line| match line {
                Line::Text(Sign::Same, text) => format!("  {text}"),
                Line::Text(Sign::Old, text) => format!("- {text}"),
                Line::Text(Sign::New, text) => format!("+ {text}"),
                Line::Skipped(lines) => format!("@{lines}"),
            })
            .collect();
        assert_eq!(out.join("\n"), expected);
    }

    #[test]
    fn changed_lines_stand_with_context() {
        check_lines("a\nb\nc\nd\ne\nf", "a\nb\nc\nD\ne\nf", "@2\n  c\n- d\n+ D\n  e\n@1");
        check_lines("a\n", "a", "  a\n- ");
        check_lines("1\n2\n3\n4\n5\n6\n7", "0\n2\n3\n4\n5\n6\n8", "- 1\n+ 0\n  2\n@3\n  6\n- 7\n+ 8");
    }

    #[test]
    fn two_huge_texts_without_a_common_word_are_told_coarsely() {
        let text = |word: &str| (0..400_000).map(|n| format!("{word}{n}\n")).collect::<String>();
        let (before, after) = (text("a"), text("b"));
        assert_eq!(words(&before, &after).len(), 3);
        assert_eq!(lines(&before, &after, 3).len(), 800_001);
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_back(before in "[a-c ,\n]{0,40}", after in "[a-c ,\n]{0,40}") {
            let side = |without: Sign| -> String {
                words(&before, &after).into_iter().filter(|p| p.sign != without).map(|p| p.text).collect()
            };
            prop_assert_eq!(side(Sign::New), before.clone());
            prop_assert_eq!(side(Sign::Old), after.clone());
            let lines = lines(&before, &after, usize::MAX / 4);
            let side = |without: Sign| -> Vec<String> {
                lines.iter().filter_map(|line| match line {
                    Line::Text(sign, text) if *sign != without => Some(text.clone()),
                    _ => None,
                }).collect()
            };
            if before != after {
                prop_assert_eq!(side(Sign::New).join("\n"), before);
                prop_assert_eq!(side(Sign::Old).join("\n"), after);
            }
        }
    }
}
