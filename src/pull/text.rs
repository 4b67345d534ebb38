//! A string with `${…}` in it and what stands live in its place -> the string that renders to that.

use std::ops::Range;

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::model::Reference;
use crate::template::Rendering;
use crate::write::escape::escape;

/// Longer texts are not compared character by character.
const CHARACTERS: usize = 4000;

pub struct Text {
    pub written: String,
    /// The same with the expressions standing that gave way, where it can be told what stands in their place.
    pub kept: String,
    /// Expressions that gave way, and what stands live in their place where that can be told.
    pub given: Vec<(String, Option<String>)>,
}

/// Whether a rendering may be of this string.
pub fn fits(rendering: &Rendering, written: &str) -> bool {
    let fits = |source: &Range<usize>| written.get(source.clone()).is_some();
    rendering.stretches.iter().all(|stretch| {
        let literal = !stretch.literal || {
            let source = written.get(stretch.source.clone()).unwrap_or_default();
            let said = rendering.text.get(stretch.rendered.clone()).unwrap_or_default();
            source.replace("$${", "${") == said
        };
        fits(&stretch.source) && literal
    })
}

/// A stretch with its references filled in.
struct Piece<'w> {
    /// Bytes of the text as it is compared.
    range: Range<usize>,
    source: &'w str,
    literal: bool,
}

/// None where it has parts that stand in it more than once, or not at all: blocks.
pub fn follow(
    written: &str,
    rendering: &Rendering,
    live: &str,
    known: &dyn Fn(&Reference) -> Option<String>,
) -> Option<Text> {
    let (mut old, mut pieces, mut at) = (String::new(), Vec::new(), 0);
    for stretch in &rendering.stretches {
        if stretch.source.start != at {
            return None;
        }
        at = stretch.source.end;
        let start = old.len();
        old.push_str(&Reference::fill(rendering.text.get(stretch.rendered.clone())?, known));
        let source = written.get(stretch.source.clone())?;
        pieces.push(Piece { range: start..old.len(), source, literal: stretch.literal });
    }
    if at != written.len() {
        return None;
    }
    let by_words = align(&words(&old), &words(live));
    let mut best = assemble(&old, &pieces, live, &by_words);
    if !best.given.is_empty() && old.len().max(live.len()) <= CHARACTERS {
        let by_characters = assemble(&old, &pieces, live, &align(&characters(&old), &characters(live)));
        if by_characters.given.len() < best.given.len() {
            best = by_characters;
        }
    }
    Some(best)
}

/// Equal stretches of both texts, and what was put in the place of what between them, in order.
struct Run {
    old: Range<usize>,
    new: Range<usize>,
    equal: bool,
}

fn align(old: &[&str], new: &[&str]) -> Vec<Run> {
    let ends = |tokens: &[&str]| {
        let mut at = 0;
        let mut ends = vec![0];
        ends.extend(tokens.iter().map(|token| {
            at += token.len();
            at
        }));
        ends
    };
    let (old_ends, new_ends) = (ends(old), ends(new));
    let ops = capture_diff_slices(Algorithm::Myers, old, new);
    let run = |op: &DiffOp| Run {
        old: old_ends[op.old_range().start]..old_ends[op.old_range().end],
        new: new_ends[op.new_range().start]..new_ends[op.new_range().end],
        equal: matches!(op, DiffOp::Equal { .. }),
    };
    ops.iter().map(run).collect()
}

fn words(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length =
            if is_word(first) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        out.push(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

fn characters(text: &str) -> Vec<&str> {
    text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]).collect()
}

/// The parts of a string that is being written: its own, and text.
#[derive(Default)]
struct Out {
    written: String,
    text: String,
}

impl Out {
    fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn source(&mut self, source: &str) {
        self.flush();
        self.written.push_str(source);
    }

    fn flush(&mut self) {
        let mut value = Value::String(std::mem::take(&mut self.text));
        escape(&mut value);
        self.written.push_str(value.as_str().unwrap_or_default());
    }
}

fn assemble(old: &str, pieces: &[Piece<'_>], live: &str, runs: &[Run]) -> Text {
    let mut out = Out::default();
    let mut given = Vec::new();
    let holds = |run: &Run, piece: &Piece| {
        run.equal && run.old.start <= piece.range.start && piece.range.end <= run.old.end
    };
    for run in runs {
        if !run.equal {
            out.text(&live[run.new.clone()]);
            continue;
        }
        for piece in pieces {
            let (start, end) = (piece.range.start.max(run.old.start), piece.range.end.min(run.old.end));
            if holds(run, piece) && !(piece.range.is_empty() && piece.range.start == run.old.end) {
                out.source(piece.source);
            } else if start < end {
                out.text(&old[start..end]);
            }
        }
    }
    out.flush();
    let mut standing: Vec<(Range<usize>, &str)> = Vec::new();
    for piece in pieces {
        let held = runs.iter().find(|run| holds(run, piece));
        let now = begins(runs, piece.range.start).zip(ends(runs, piece.range.end));
        let now = now.filter(|(start, end)| start <= end).map(|(start, end)| start..end);
        match held {
            Some(run) => {
                let at = |byte: usize| run.new.start + (byte - run.old.start);
                standing.push((at(piece.range.start)..at(piece.range.end), piece.source));
            }
            None if piece.literal || piece.range.is_empty() => {}
            None => {
                let text = now.clone().and_then(|now| live.get(now)).map(str::to_owned);
                given.push((piece.source.to_owned(), text));
                standing.extend(now.map(|now| (now, piece.source)));
            }
        }
    }
    Text { kept: standing_in(live, &standing), written: out.written, given }
}

/// The live text with sources in the place of what they make, in order.
fn standing_in(live: &str, standing: &[(Range<usize>, &str)]) -> String {
    let (mut out, mut at) = (Out::default(), 0);
    for (range, source) in standing {
        let Some(between) = live.get(at..range.start) else { continue };
        out.text(between);
        out.source(source);
        at = range.end;
    }
    out.text(live.get(at..).unwrap_or_default());
    out.flush();
    out.written
}

/// Where what stands behind a byte of the old text begins in the live one.
fn begins(runs: &[Run], at: usize) -> Option<usize> {
    let run = runs.iter().find(|run| run.old.start <= at && at < run.old.end)?;
    match run.equal {
        true => Some(run.new.start + (at - run.old.start)),
        false => (run.old.start == at).then_some(run.new.start),
    }
}

/// Where what stands before a byte of the old text ends in the live one.
fn ends(runs: &[Run], at: usize) -> Option<usize> {
    let run = runs.iter().find(|run| run.old.start < at && at <= run.old.end)?;
    match run.equal {
        true => Some(run.new.start + (at - run.old.start)),
        false => (run.old.end == at).then_some(run.new.end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Stretch;

    /// Renders `${env}` as prod, `${n}` as 5 and `${m}` as the id 12, and follows what is live.
    fn check(written: &str, live: &str, (expected, kept): (&str, &str), given: &[(&str, Option<&str>)]) {
        let (mut text, mut stretches, mut at) = (String::new(), Vec::new(), 0);
        let mut add = |source: Range<usize>, said: &str, literal| {
            let start = text.len();
            text.push_str(said);
            stretches.push(Stretch { rendered: start..text.len(), source, literal });
        };
        while let Some(found) = written[at..].find("${") {
            let start = at + found;
            if start > at {
                add(at..start, &written[at..start], true);
            }
            let end = start + written[start..].find('}').expect("an end") + 1;
            let said = match &written[start..end] {
                "${env}" => "prod",
                "${n}" => "5",
                _ => "12",
            };
            add(start..end, said, false);
            at = end;
        }
        if at < written.len() {
            add(at..written.len(), &written[at..], true);
        }
        let followed = follow(written, &Rendering { text, stretches }, live, &|_| None).expect("no blocks");
        assert_eq!(followed.written, expected);
        let found: Vec<(&str, Option<&str>)> =
            followed.given.iter().map(|(text, now)| (text.as_str(), now.as_deref())).collect();
        assert_eq!(found, given, "{written}");
        if given.iter().all(|(_, now)| now.is_some()) {
            assert_eq!(followed.kept, kept);
        }
    }

    #[test]
    fn what_still_matches_stays_an_expression() {
        let check_same = |written, live, expected| check(written, live, (expected, expected), &[]);
        check_same("[${env}] Errors", "[prod] Errors and more", "[${env}] Errors and more");
        check_same("x{env:${env}} > 5", "x{env:prod} > 7", "x{env:${env}} > 7");
        check(
            "x{env:${env}} > ${n}",
            "x{env:prod} > 70",
            ("x{env:${env}} > 70", "x{env:${env}} > ${n}"),
            &[("${n}", Some("70"))],
        );
        check(
            "max x{env:${env}} > ${n}",
            "sum x{env:prod,a:8} > 8",
            ("sum x{env:${env},a:8} > 8", "sum x{env:${env},a:8} > ${n}"),
            &[("${n}", Some("8"))],
        );
        check_same("${env}api is down", "prodapi is up", "${env}api is up");
        check("[${env}] Errors", "Errors", ("Errors", "Errors"), &[("${env}", None)]);
        check("${m} && ${n}", "5", ("${n}", "${n}"), &[("${m}", None)]);
        check_same("a ${env}", "a prod ${x}", "a ${env} $${x}");
    }
}
