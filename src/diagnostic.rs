//! What is wrong with the definitions, and where: names of places, never bytes. `load` looks up the bytes late.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A file of [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// The texts that definitions were read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    pub files: Vec<SourceFile>,
    /// Texts, by path, that are read in place of what the files hold: to see what they would make of the project.
    pub instead: BTreeMap<Arc<str>, Arc<str>>,
}

#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Relative to the project's folder, `/` between segments.
    pub path: Arc<str>,
    pub text: Arc<str>,
    pub format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Yaml,
    Json,
    Csv,
    /// No nodes can be looked up in it.
    Text,
}

impl Sources {
    pub fn add(&mut self, path: &str, text: &str, format: Format) -> FileId {
        self.files.push(SourceFile { path: path.into(), text: text.into(), format });
        FileId(u32::try_from(self.files.len() - 1).expect("bug: more than 4 billion files"))
    }

    pub fn get(&self, file: FileId) -> &SourceFile {
        &self.files[file.0 as usize]
    }

    /// Whether a file of this path, as diagnostics show it, was read.
    pub fn holds(&self, path: &str) -> bool {
        self.files.iter().any(|file| &*file.path == path)
    }
}

/// A file and a place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    pub file: FileId,
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole (it can't be read, it is empty, …).
    File,
    /// A byte range, where the file has no nodes yet: a fault of its syntax.
    Bytes(Range<usize>),
    /// A node, by JSON pointer into the file's document.
    Node { pointer: String, part: Part },
}

/// The part of a node that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The key under which it stands.
    Key,
    Value,
    /// Bytes of the decoded string, mapped back to the bytes of the file when shown.
    Within(Range<usize>),
}

impl At {
    pub fn file(file: FileId) -> Self {
        Self { file, place: Place::File }
    }

    pub fn value(file: FileId, pointer: impl Into<String>) -> Self {
        Self { file, place: Place::Node { pointer: pointer.into(), part: Part::Value } }
    }

    pub fn key(file: FileId, pointer: impl Into<String>) -> Self {
        Self { file, place: Place::Node { pointer: pointer.into(), part: Part::Key } }
    }

    /// The same node, or the child at `pointer` (`/options/thresholds`), its value meant.
    pub fn child(&self, pointer: &str) -> Self {
        match &self.place {
            Place::Node { pointer: own, .. } => Self::value(self.file, format!("{own}{pointer}")),
            Place::File | Place::Bytes(_) => Self::value(self.file, pointer),
        }
    }

    /// The same node, another part of it meant.
    pub fn part(&self, part: Part) -> Self {
        let place = match &self.place {
            Place::Node { pointer, .. } => Place::Node { pointer: pointer.clone(), part },
            other => other.clone(),
        };
        Self { file: self.file, place }
    }
}

/// Line and column as people count, from 1; columns count characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub file: Arc<str>,
    pub line: u32,
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
    /// What could be better; it fails nothing, and is shown where it is asked for.
    Advice,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// A stable name in kebab case, listed in `docs/diagnostics.md`: `unknown-key`.
    pub code: &'static str,
    /// A full sentence without a final full stop, values in backquotes.
    pub text: String,
    pub at: Option<At>,
    /// A few words beside the caret; may be empty.
    pub label: String,
    /// Other places that take part: the first declaration, the instance's `uses` line.
    pub also: Vec<(String, At)>,
    /// What to do.
    pub help: Option<String>,
    /// The addresses that the same fault hits, where it stands in a template: reported once with the count.
    pub instances: Vec<String>,
}

impl Diagnostic {
    pub fn error(code: &'static str, text: impl Into<String>, at: impl Into<Option<At>>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            text: text.into(),
            at: at.into(),
            label: String::new(),
            also: Vec::new(),
            help: None,
            instances: Vec::new(),
        }
    }

    pub fn warning(code: &'static str, text: impl Into<String>, at: impl Into<Option<At>>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, text, at) }
    }

    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn also(mut self, text: impl Into<String>, at: At) -> Self {
        self.also.push((text.into(), at));
        self
    }
}

pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|d| d.severity == Severity::Error)
}

/// Whether two words may be so few letters apart: each mistake adds one letter at most, and takes one at most away. To
/// count mistakes costs much more, and most words share too few letters.
pub fn may_resemble(word: &str, known: &str, most: usize) -> bool {
    if !word.is_ascii() || !known.is_ascii() {
        return true;
    }
    let letters = |text: &str| text.bytes().fold(0u64, |set, byte| set | 1 << (byte & 63));
    let (word, known) = (letters(word), letters(known));
    let beyond = |some: u64, others: u64| (some & !others).count_ones() as usize;
    beyond(word, known) <= most && beyond(known, word) <= most
}

/// What people write, and what the service calls it.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("mean", "avg"),
    ("average", "avg"),
    ("average", "mean"),
    ("avg", "mean"),
    ("maximum", "max"),
    ("minimum", "min"),
    ("total", "sum"),
    ("ascending", "asc"),
    ("descending", "desc"),
    ("latest", "last"),
];
/// Units of time, by the letters in which they are written out.
const UNITS: &[(&str, &[&str])] = &[
    ("mo", &["month", "months", "mon"]),
    ("m", &["min", "mins", "minute", "minutes"]),
    ("h", &["hr", "hrs", "hour", "hours"]),
    ("d", &["day", "days"]),
    ("w", &["week", "weeks"]),
    ("y", &["yr", "year", "years"]),
];

/// The known word that is the usual name of one: `avg` for `mean`, `7d` for `7days`.
fn renamed<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let small = word.trim().to_lowercase();
    let of = |name: &str| known.iter().copied().find(|known| *known == name);
    let mut names = OTHER_NAMES.iter().filter(|(other, _)| *other == small);
    if let Some(found) = names.find_map(|(_, name)| of(name)) {
        return Some(found);
    }
    let length = small.strip_prefix("last_").unwrap_or(&small);
    let at = length.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0)?;
    let (number, unit) = length.split_at(at);
    let unit = unit.trim_start_matches([' ', '_', '-']);
    let (unit, _) = UNITS.iter().find(|(short, names)| *short == unit || names.contains(&unit))?;
    of(&format!("{number}{unit}"))
}

/// The known word that was probably meant.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(meant) = renamed(word, &known) {
        return Some(meant);
    }
    // Another name of what is not among them: what looks like it is something else.
    if OTHER_NAMES.iter().any(|(other, _)| *other == word) {
        return None;
    }
    let length = word.chars().count();
    let near = known.into_iter().filter_map(|candidate| {
        let own = candidate.chars().count();
        let reach = 1 + own.max(length) / 4;
        // Lengths alone tell most apart, which costs less than to compare them.
        let may_be = own.abs_diff(length) <= reach;
        let distance = may_be.then(|| strsim::damerau_levenshtein(word, candidate))?;
        (distance <= reach).then_some((distance, candidate))
    });
    near.min().map(|(_, candidate)| candidate)
}

/// Words that are named all, where no more are known.
const MOST_KNOWN: usize = 60;

/// A remedy for an unknown word: the one that was probably meant, else all of them (twelve of very many).
pub fn known_words<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    match did_you_mean(word, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => listed(&known, if known.len() <= MOST_KNOWN { MOST_KNOWN } else { 12 }),
    }
}

/// The same for names of which all count: those of expressions, parameters, templates. What is meant, if a
/// known one is close, and the list in any case.
pub fn all_known<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    let listed = listed(&known, MOST_KNOWN);
    match did_you_mean(word, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`? {listed}"),
        None => listed,
    }
}

fn listed(known: &[&str], most: usize) -> String {
    let more = known.len().saturating_sub(most);
    let listed = known.iter().take(most).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (listed.as_str(), more) {
        ("", _) => "there are none".to_owned(),
        (_, 0) => format!("known: {listed}"),
        _ => format!("known: {listed} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_that_are_alike_are_never_passed_over(one in "[a-dé_]{0,7}", other in "[a-dé_]{0,7}") {
            let distance = strsim::damerau_levenshtein(&one, &other);
            prop_assert!(may_resemble(&one, &other, distance));
            prop_assert!(!may_resemble("window", "wombat", 1));
        }
    }
}
