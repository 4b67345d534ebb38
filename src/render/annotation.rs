//! Notes at lines of files, as a job of GitHub Actions takes them: so many as are shown, and the others counted.

use std::fmt::Write as _;

use super::diagnostics::{data, property};
use super::sanitize::clean;
use super::value::{count, cut};
use crate::diagnostic::Position;
use crate::model::Plan;
use crate::posted::Failed;

/// What GitHub shows of each level for one step.
const SHOWN: usize = 10;
const TITLE: usize = 200;
const TEXT: usize = 1_000;

/// One note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub is_error: bool,
    /// As seen from the repository; absent: of no file.
    pub path: Option<String>,
    pub line: u32,
    pub title: String,
    pub text: String,
}

impl Note {
    fn new(is_error: bool, place: Option<&Position>, folder: &str, (title, text): (&str, &str)) -> Self {
        let slash = if folder.is_empty() { "" } else { "/" };
        let path = place.map(|place| format!("{folder}{slash}{}", clean(&place.file)));
        Self {
            is_error,
            path,
            line: place.map_or(1, |place| place.line.max(1)),
            title: cut(&clean(title), TITLE),
            text: cut(&clean(text), TEXT),
        }
    }
}

/// What is risky in a plan, and its warnings. `folder`: the project's, as seen from the repository.
pub fn of_plan(plan: &Plan, folder: &str) -> Vec<Note> {
    let risks = plan.changes.iter().flat_map(|change| {
        let place = change.origin.as_ref().map(|origin| &origin.position);
        let note = move |risk: &crate::model::Risk| {
            Note::new(false, place, folder, (change.address.as_str(), &risk.text))
        };
        change.risks.iter().map(note).collect::<Vec<_>>()
    });
    let warnings = plan.notes.warnings.iter();
    let warnings = warnings
        .map(|warning| Note::new(false, warning.position.as_ref(), folder, (warning.code, &warning.text)));
    risks.chain(warnings).collect()
}

/// What kept a plan from being made.
pub fn of_failure(failed: &Failed, folder: &str) -> Vec<Note> {
    let note = |fault: &crate::posted::Fault| {
        Note::new(fault.is_error, fault.position.as_ref(), folder, (&fault.code, &fault.text))
    };
    failed.faults.iter().map(note).collect()
}

/// What is drifted, a note each.
pub fn of_drift(plan: &Plan, folder: &str) -> Vec<Note> {
    let note = |change: &crate::model::Change| {
        let place = change.origin.as_ref().map(|origin| &origin.position);
        let fields: Vec<String> = super::based::fields(change);
        let text = match fields.is_empty() {
            true => format!("it drifted: an apply would {} it", super::summary::verb(change.action)),
            false => format!("it drifted: {}", fields.join("; ")),
        };
        Note::new(false, place, folder, (change.address.as_str(), &text))
    };
    plan.changes.iter().map(note).collect()
}

/// The commands that make notes of these, errors first; of each level no more than are shown, and a last one that counts
/// the others.
pub fn commands(notes: &[Note], elsewhere: &str) -> String {
    let mut out = String::new();
    for (is_error, level) in [(true, "error"), (false, "warning")] {
        let all: Vec<&Note> = notes.iter().filter(|note| note.is_error == is_error).collect();
        let shown = if all.len() > SHOWN { SHOWN - 1 } else { all.len() };
        for note in &all[..shown] {
            let mut properties = Vec::new();
            if let Some(path) = &note.path {
                properties.push(format!("file={}", property(path)));
                properties.push(format!("line={}", note.line));
            }
            properties.push(format!("title={}", property(&note.title)));
            let _ = writeln!(out, "::{level} {}::{}", properties.join(","), data(&note.text));
        }
        if shown < all.len() {
            let _ =
                writeln!(out, "::{level} title=musher::and {} more {elsewhere}", count(all.len() - shown));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_are_shown_and_the_others_counted() {
        let note = |n: usize, is_error| Note {
            is_error,
            path: Some(format!("a,b/{n}.yaml")),
            line: 3,
            title: "t: x".to_owned(),
            text: "100 %".to_owned(),
        };
        let ten: Vec<Note> = (0..10).map(|n| note(n, false)).collect();
        let text = commands(&ten, "in the summary");
        assert_eq!(text.lines().count(), 10);
        assert_eq!(text.lines().next(), Some("::warning file=a%2Cb/0.yaml,line=3,title=t%3A x::100 %25"));
        let mut many: Vec<Note> = (0..500).map(|n| note(n, false)).collect();
        many.push(note(0, true));
        let text = commands(&many, "in the summary");
        assert_eq!(text.lines().count(), 11);
        assert!(text.starts_with("::error "), "{text}");
        assert!(text.ends_with("::warning title=musher::and 491 more in the summary\n"), "{text}");
    }
}
