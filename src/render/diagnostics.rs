//! Diagnostics -> text as rustc prints it, JSON, or annotations of a GitHub workflow.

use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::renderer::Renderer;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Snippet};
use serde_json::{Value, json};

use super::sanitize::clean;
use super::value::count as number;
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::source::locate::{Located, Locator};

/// Columns of the text, whatever the terminal: same input, same bytes.
const WIDTH: usize = 120;
/// The most diagnostics that are printed as text; the others are counted.
const MAX_TOLD: usize = 200;
/// The most bytes of a source line before and behind a place.
const REACH: usize = 1000;
/// The longest message, in characters: room for the names of all sections.
const LONGEST: usize = 1200;

/// A diagnostic with its places looked up.
pub struct Reported<'d> {
    pub diagnostic: &'d Diagnostic,
    pub place: Option<Located>,
    pub also: Vec<(&'d str, Located)>,
}

/// Looks all places up; sorted by file and place, equal ones once.
pub fn look_up<'d>(diagnostics: &'d [Diagnostic], sources: &Sources) -> Vec<Reported<'d>> {
    let mut locator = Locator::new(sources);
    let mut reported: Vec<Reported> = Vec::with_capacity(diagnostics.len());
    for diagnostic in diagnostics {
        let place = diagnostic.at.as_ref().map(|at| locator.locate(at));
        let also = diagnostic.also.iter().map(|(text, at)| (text.as_str(), locator.locate(at))).collect();
        reported.push(Reported { diagnostic, place, also });
    }
    let key = |reported: &Reported| {
        let place = reported.place.as_ref();
        place.map(|place| (place.path.clone(), place.range.as_ref().map(|range| (range.start, range.end))))
    };
    reported.sort_by(|a, b| {
        let by_text =
            || (a.diagnostic.code, &a.diagnostic.text).cmp(&(b.diagnostic.code, &b.diagnostic.text));
        key(a).cmp(&key(b)).then_with(by_text)
    });
    reported.dedup_by(|a, b| a.diagnostic == b.diagnostic);
    reported
}

/// `3 errors, 1 warning`; empty where there is nothing to report.
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let count = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
    let part = |count: usize, one: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{} {one}s", number(count))),
    };
    let parts = [part(count(Severity::Error), "error"), part(count(Severity::Warning), "warning")];
    let advice = match count(Severity::Advice) {
        0 => None,
        1 => Some("1 piece of advice".to_owned()),
        count => Some(format!("{} pieces of advice", number(count))),
    };
    let parts = parts.into_iter().chain([advice]);
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// All diagnostics for a person, each with its source line and a caret; at the end their number. Paths are those of
/// the project.
pub fn text(diagnostics: &[Diagnostic], sources: &Sources, colour: bool) -> String {
    text_from("", diagnostics, sources, colour)
}

/// The same; `from` leads from where the reader stands to the project's folder, so that a terminal can open the paths.
pub fn text_from(from: &str, diagnostics: &[Diagnostic], sources: &Sources, colour: bool) -> String {
    let mut reported = look_up(diagnostics, sources);
    for one in &mut reported {
        let places = one.place.iter_mut().chain(one.also.iter_mut().map(|(_, place)| place));
        places.for_each(|place| place.path = format!("{from}{}", place.path).into());
    }
    if reported.len() > MAX_TOLD {
        // What is left out shall be warnings.
        reported.sort_by_key(|reported| reported.diagnostic.severity);
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() }.term_width(WIDTH);
    let mut out = String::new();
    for one in reported.iter().take(MAX_TOLD) {
        out.push_str(&report(one, &renderer));
        out.push_str("\n\n");
    }
    if reported.len() > MAX_TOLD {
        let _ = writeln!(out, "… and {} more\n", number(reported.len() - MAX_TOLD));
    }
    let unique: Vec<Diagnostic> = reported.into_iter().map(|reported| reported.diagnostic.clone()).collect();
    let summary = summary(&unique);
    if !summary.is_empty() {
        let _ = writeln!(out, "{summary}");
    }
    out
}

fn report(reported: &Reported, renderer: &Renderer) -> String {
    let diagnostic = reported.diagnostic;
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Advice => Level::NOTE.with_name("advice"),
    };
    let window = reported.place.as_ref().map(Window::of);
    let windows: Vec<Window> = reported.also.iter().map(|(_, place)| Window::of(place)).collect();
    let mut first =
        level.primary_title(line(&diagnostic.text)).id(diagnostic.code).elements(Vec::<Origin>::new());
    if let Some(window) = &window {
        first = window.show(first, &line(&diagnostic.label));
    }
    if let Some(help) = &diagnostic.help {
        first = first.element(Level::HELP.message(line(help)));
    }
    if let Some(instances) = folded(&diagnostic.instances) {
        first = first.element(Level::NOTE.message(instances));
    }
    let mut groups = vec![first];
    for ((text, _), window) in reported.also.iter().zip(&windows) {
        groups.push(window.show(Group::with_title(Level::NOTE.secondary_title(line(text))), ""));
    }
    let rendered = renderer.render(&groups);
    if window.iter().chain(&windows).any(|window| window.cut) {
        // A cut line has its place above it; the line that would name its file again is empty.
        let kept =
            rendered.lines().filter(|line| anstream::adapter::strip_str(line).to_string().trim() != ":::");
        return kept.collect::<Vec<_>>().join("\n");
    }
    rendered
}

/// `in `monitors/lambda/a/errors` and 499 more`.
fn folded(instances: &[String]) -> Option<String> {
    let first = instances.iter().min()?;
    Some(match instances.len() {
        1 => format!("in `{}`", line(first)),
        count => format!("in `{}` and {} more", line(first), number(count - 1)),
    })
}

/// A message on one line, cleaned and of a length that can be read.
pub fn line(text: &str) -> String {
    let cut = text.chars().nth(LONGEST).is_some();
    let text: String = text.chars().take(LONGEST).map(|c| if c == '\n' { ' ' } else { c }).collect();
    let text = clean(&text).into_owned();
    if cut { text + "…" } else { text }
}

/// The part of a source line around a place, fit to be printed.
struct Window {
    path: String,
    line: usize,
    column: usize,
    /// The line, or what is near of it; none where the file as a whole is meant.
    text: Option<String>,
    /// The place in `text`.
    range: Range<usize>,
    /// The line's begin is not shown: columns can't be counted in it.
    cut: bool,
}

impl Window {
    fn of(place: &Located) -> Self {
        let mut window = Self {
            path: line(&place.path),
            line: place.start.0 as usize,
            column: place.start.1 as usize,
            text: None,
            range: 0..0,
            cut: false,
        };
        let Some(range) = &place.range else { return window };
        let text = &place.text;
        let (start, end) = (range.start.min(text.len()), range.end.min(text.len()));
        let (from, to) =
            (text.floor_char_boundary(start.saturating_sub(REACH)), text.floor_char_boundary(start + REACH));
        let before = &text[from..start];
        let newline = before.rfind('\n');
        window.cut = newline.is_none() && from > 0;
        let before = newline.map_or(before, |newline| &before[newline + 1..]);
        let behind = text[start..to].split(['\n', '\r']).next().unwrap_or_default();
        let inside = behind.get(..end - start).unwrap_or(behind);
        let (before, inside, behind) = (clean(before), clean(inside), clean(&behind[inside.len()..]));
        let before = if window.cut { format!("…{before}") } else { before.into_owned() };
        window.range = before.len()..before.len() + inside.len();
        window.text = Some(before + &inside + &behind);
        window
    }

    fn show<'w>(&'w self, group: Group<'w>, label: &str) -> Group<'w> {
        let Some(text) = &self.text else { return group.element(Origin::path(self.path.as_str())) };
        let mut annotation = AnnotationKind::Primary.span(self.range.clone());
        if !label.is_empty() {
            annotation = annotation.label(label.to_owned());
        }
        let snippet = Snippet::source(text.as_str()).line_start(self.line).annotation(annotation);
        if self.cut {
            let origin = Origin::path(self.path.as_str()).line(self.line).char_column(self.column);
            return group.element(origin).element(snippet);
        }
        group.element(snippet.path(self.path.as_str()))
    }
}

/// `[{"code","severity","message","file","line","column","end_line","end_column","help","also","instances"}]`;
/// what does not apply is null or empty.
pub fn json(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    let list = look_up(diagnostics, sources).into_iter().map(|reported| {
        let also = reported.also.iter().map(|(text, place)| {
            let mut also = json!({"message": line(text)});
            add_place(&mut also, Some(place));
            also
        });
        let mut one = json!({
            "code": reported.diagnostic.code,
            "severity": severity(reported.diagnostic),
            "message": line(&reported.diagnostic.text),
        });
        add_place(&mut one, reported.place.as_ref());
        one["help"] = reported.diagnostic.help.as_deref().map(line).into();
        one["also"] = also.collect();
        one["instances"] = reported.diagnostic.instances.iter().map(|instance| line(instance)).collect();
        one
    });
    list.collect()
}

fn add_place(to: &mut Value, place: Option<&Located>) {
    let ranged = place.filter(|place| place.range.is_some());
    to["file"] = place.map(|place| line(&place.path)).into();
    to["line"] = ranged.map(|place| place.start.0).into();
    to["column"] = ranged.map(|place| place.start.1).into();
    to["end_line"] = ranged.map(|place| place.end.0).into();
    to["end_column"] = ranged.map(|place| place.end.1).into();
}

/// The word for it.
pub fn severity(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "advice",
    }
}

/// Annotations of a GitHub workflow, one line each. `folder` is the project's folder as seen from the
/// root of the repository, empty where they are the same.
pub fn github(diagnostics: &[Diagnostic], sources: &Sources, folder: &str) -> String {
    let mut out = String::new();
    for reported in look_up(diagnostics, sources) {
        let mut properties = Vec::new();
        if let Some(place) = &reported.place {
            let slash = if folder.is_empty() { "" } else { "/" };
            properties.push(format!("file={}", property(&format!("{folder}{slash}{}", place.path))));
        }
        if let Some(place) = reported.place.as_ref().filter(|place| place.range.is_some()) {
            properties.push(format!("line={}", place.start.0));
            properties.push(format!("endLine={}", place.end.0));
            // GitHub refuses columns of a place that spans lines.
            if place.start.0 == place.end.0 {
                properties.push(format!("col={}", place.start.1));
                properties.push(format!("endColumn={}", place.end.1));
            }
        }
        properties.push(format!("title={}", property(reported.diagnostic.code)));
        let mut message = line(&reported.diagnostic.text);
        let more = [reported.diagnostic.help.as_deref().map(line), folded(&reported.diagnostic.instances)];
        for more in more.into_iter().flatten() {
            message.push('\n');
            message.push_str(&more);
        }
        let word = match reported.diagnostic.severity {
            Severity::Advice => "notice",
            _ => severity(reported.diagnostic),
        };
        let _ = writeln!(out, "::{word} {}::{}", properties.join(","), data(&message));
    }
    out
}

/// Escapes as the workflow commands of GitHub ask for.
pub fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

pub fn property(text: &str) -> String {
    data(&clean(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{At, FileId, Format, Place};

    fn sample() -> (Vec<Diagnostic>, Sources) {
        let mut sources = Sources::default();
        let file = sources.add("monitors/a.yaml", "monitors:\n  a:\n    name: \"x ${y}\"\n", Format::Yaml);
        let name = At::value(file, "/monitors/a/name");
        let mut fault = Diagnostic::error(
            "unknown-name",
            "Unknown name `y`",
            name.part(crate::diagnostic::Part::Within(2..6)),
        )
        .label("unknown")
        .help("did you mean `env`?")
        .also("the instance: 50 %", At::key(file, "/monitors/a"));
        fault.instances = vec!["monitors/b".into(), "monitors/a\u{1b}[31m".into()];
        let warning = Diagnostic::warning("no-definitions", "Nothing\nis here", None);
        (vec![fault.clone(), warning, fault], sources)
    }

    #[test]
    fn text_is_as_rustc_prints_it() {
        let (diagnostics, sources) = sample();
        let expected = "\
warning[no-definitions]: Nothing is here

error[unknown-name]: Unknown name `y`
 --> monitors/a.yaml:3:14
  |
3 |     name: \"x ${y}\"
  |              ^^^^ unknown
  |
  = help: did you mean `env`?
  = note: in `monitors/a␛[31m` and 1 more
note: the instance: 50 %
 --> monitors/a.yaml:2:3
  |
2 |   a:
  |   ^

1 error, 1 warning
";
        assert_eq!(text(&diagnostics, &sources, false), expected);
    }

    #[test]
    fn json_and_annotations() {
        let (diagnostics, sources) = sample();
        let expected = json!({
            "code": "unknown-name", "severity": "error", "message": "Unknown name `y`",
            "file": "monitors/a.yaml", "line": 3, "column": 14, "end_line": 3, "end_column": 18,
            "help": "did you mean `env`?",
            "also": [{"message": "the instance: 50 %", "file": "monitors/a.yaml", "line": 2, "column": 3, "end_line": 2, "end_column": 4}],
            "instances": ["monitors/b", "monitors/a␛[31m"],
        });
        assert_eq!(json(&diagnostics, &sources)[1], expected);
        let expected = "\
::warning title=no-definitions::Nothing is here
::error file=ops/monitors/a.yaml,line=3,endLine=3,col=14,endColumn=18,title=unknown-name::Unknown name `y`%0Adid you mean `env`?%0Ain `monitors/a␛[31m` and 1 more
";
        assert_eq!(github(&diagnostics, &sources, "ops"), expected);
    }

    #[test]
    fn a_huge_line_is_shown_in_part() {
        let mut sources = Sources::default();
        let long = format!("é{}X{}", "a".repeat(1 << 20), "b".repeat(1 << 20));
        let file = sources.add("long.yaml", &long, Format::Yaml);
        let at = At { file, place: Place::Bytes((1 << 20) + 2..(1 << 20) + 3) };
        let shown = text(&[Diagnostic::error("broken-yaml", "Wrong", at)], &sources, false);
        assert!(shown.len() < 1000, "{}", shown.len());
        assert!(shown.contains("--> long.yaml:1:1048578\n"), "{shown}");
        assert!(shown.contains("aX") && !shown.contains(":::"), "{shown}");
    }

    #[test]
    fn any_place_can_be_shown() {
        let mut sources = Sources::default();
        let file = sources.add("x", "ä\r\n\u{1b}ö\n", Format::Text);
        for start in 0..12 {
            for end in start..12 {
                let at = At { file, place: Place::Bytes(start..end) };
                let diagnostics = [Diagnostic::error("x", "y", at)];
                assert!(text(&diagnostics, &sources, true).contains("1 error"));
            }
        }
        let whole = [Diagnostic::error("x", "y", At::file(FileId(0)))];
        assert_eq!(text(&whole, &sources, false), "error[x]: y\n--> x\n\n1 error\n");
    }
}
