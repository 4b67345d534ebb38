//! Data -> text, JSON, Markdown: the one printer.

pub mod annotation;
pub mod based;
pub mod choices;
pub mod comment;
pub mod code_quality;
pub mod coverage;
pub mod diagnostics;
pub mod drift;
pub mod explain;
pub mod export;
mod field;
mod fields;
mod fingerprint;
mod fitted;
mod fold;
pub mod gitlab_terraform;
mod guard;
mod frame;
mod heat;
pub mod html;
mod items;
pub mod list;
pub mod log;
mod markdown;
mod markdown_entry;
mod named;
pub mod outcome;
pub mod page;
pub mod patch;
pub mod plan_json;
pub mod plan_markdown;
pub mod plan_text;
pub mod progress;
pub mod readiness;
pub mod request;
pub mod room;
pub mod sanitize;
pub mod sarif;
pub mod shell;
pub mod show;
pub mod sighting;
pub mod summary;
mod telling;
pub mod template;
mod text_diff;
mod value;

#[cfg(test)]
mod samples;

use std::io::{self, BufWriter, IsTerminal as _, Write};

use anstream::{AutoStream, ColorChoice};

use crate::hidden;
pub use guard::Speech;

/// Where something is printed: data on stdout, everything else on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

/// A narrower terminal counts as this wide.
const NARROWEST: usize = 80;

/// Whether a stream shows colour: as asked for, else where it is a terminal and `NO_COLOR` is unset.
pub fn has_color(stream: Stream, choice: ColorChoice) -> bool {
    let choice = match (choice, stream) {
        (ColorChoice::Auto, Stream::Out) => AutoStream::choice(&io::stdout()),
        (ColorChoice::Auto, Stream::Err) => AutoStream::choice(&io::stderr()),
        (choice, _) => choice,
    };
    choice != ColorChoice::Never
}

/// How wide the terminal is that stdout leads to, where it leads to one.
pub fn columns_of_stdout() -> Option<usize> {
    let size = io::stdout().is_terminal().then(|| terminal_size::terminal_size_of(io::stdout())).flatten();
    size.map(|(terminal_size::Width(columns), _)| usize::from(columns).max(NARROWEST))
}

/// Prints text for people.
pub fn print(
    stream: Stream,
    choice: ColorChoice,
    write: impl FnOnce(&mut dyn Write, bool) -> io::Result<()>,
) -> io::Result<()> {
    speak(Speech::Text, stream, choice, write)
}

/// Prints what `write` writes; it is told whether to use colour. A reader who has gone away (`| head`)
/// is not an error: the rest is dropped, and whoever called goes on.
pub fn speak(
    speech: Speech,
    stream: Stream,
    choice: ColorChoice,
    write: impl FnOnce(&mut dyn Write, bool) -> io::Result<()>,
) -> io::Result<()> {
    let color = has_color(stream, choice);
    let choice = if color { ColorChoice::Always } else { ColorChoice::Never };
    let raw: Box<dyn Write> = match stream {
        Stream::Out => Box::new(AutoStream::new(io::stdout().lock(), choice)),
        Stream::Err => Box::new(AutoStream::new(io::stderr().lock(), choice)),
    };
    let guarded = guard::Guard::new(raw, speech, color);
    let mut out = BufWriter::with_capacity(1 << 16, WithoutKeys { out: guarded, rest: Vec::new() });
    let written = write(&mut out, color).and_then(|()| out.flush());
    // A buffer that could not be written must not be tried again when it is dropped.
    let _ = out.into_parts();
    quiet_if_gone(written)
}

/// Takes keys out of what is printed, line by line.
struct WithoutKeys<W: Write> {
    out: W,
    /// The line that has no end yet.
    rest: Vec<u8>,
}

impl<W: Write> Write for WithoutKeys<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (lines, rest) =
            bytes.split_at(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
        if !lines.is_empty() {
            self.rest.extend_from_slice(lines);
            self.out.write_all(&hidden::shown_bytes(&std::mem::take(&mut self.rest)))?;
        }
        self.rest.extend_from_slice(rest);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&hidden::shown_bytes(&std::mem::take(&mut self.rest)))?;
        self.out.flush()
    }
}

/// Reports what ended a run, with its causes, on stderr. Where even that fails, the error can't be reported at all.
pub fn failure(error: &anyhow::Error, choice: ColorChoice) {
    let texts: Vec<String> = error.chain().map(ToString::to_string).collect();
    let _ = print(Stream::Err, choice, |out, color| {
        let style = if color { anstyle::AnsiColor::Red.on_default().bold() } else { anstyle::Style::new() };
        writeln!(out, "{style}error{style:#}: {}", sanitize::clean_lines(&texts.join(": ")))
    });
}

/// Reports a brake that holds, and what lets the plan pass.
pub fn held(name: &str, text: &str, knobs: &str, choice: ColorChoice) -> io::Result<()> {
    print(Stream::Err, choice, |out, color| {
        let style = if color { anstyle::AnsiColor::Red.on_default().bold() } else { anstyle::Style::new() };
        writeln!(out, "{style}held by the brake `{name}`{style:#}: {}.", sanitize::clean(text))?;
        writeln!(out, "  {}", sanitize::clean(knobs))
    })
}

/// Puts a question; the answer is typed behind it.
pub fn ask(question: &str, choice: ColorChoice) -> io::Result<()> {
    print(Stream::Err, choice, |out, _| out.write_all(question.as_bytes()))
}

fn quiet_if_gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, Plan};
    use page::Look;
    use proptest::prelude::*;
    use samples::{added, change, replaced, threshold_of};
    use sanitize::is_hostile;
    use serde_json::json;

    fn text(plan: &Plan, look: Look) -> String {
        let mut out = Vec::new();
        plan_text::write(plan, look, &mut out).expect("a vector takes all");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_reader_who_has_gone_is_no_error() {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(quiet_if_gone(Err(gone())).is_ok());
        assert!(quiet_if_gone(Err(io::Error::from(io::ErrorKind::StorageFull))).is_err());
    }

    #[test]
    fn the_same_change_of_five_hundred_functions_is_one_entry() {
        let plan =
            samples::plan((0..500).map(|n| threshold_of(&format!("function-{n:03}"))).collect(), 2_100);
        insta::assert_snapshot!(text(&plan, Look::default()), @r#"
        Environment staging, site datadoghq.eu (project shop)

          ~ 500 monitors lambda/*/errors: options.thresholds.critical 0.05 → 0.01
            function-000, function-001, function-002, function-003, function-004, … 495 more
            templates/aws-lambda.yaml:12
            as in monitors/lambda/function-000/errors:
            query
              - sum(last_5m):sum:aws.lambda.errors{functionname:function-000} > 0.05
              + sum(last_5m):sum:aws.lambda.errors{functionname:function-000} > 0.01
                                                                                ^^^^

                   change
          monitor     500

        Plan: 500 to change, 2,100 unchanged.
        "#);
        assert_eq!(
            text(&plan, Look { expand: true, ..Look::default() }).matches("  ~ monitors/").count(),
            500
        );
    }

    #[test]
    fn a_change_that_differs_is_not_folded_away() {
        let mut changes: Vec<_> = (0..10).map(|n| threshold_of(&format!("function-{n}"))).collect();
        changes[4].diff[0].after = Some(json!(0.9));
        let query = |scope: &str| json!(format!("sum(last_5m):sum:aws.lambda.errors{{{scope}}} > 0.05"));
        changes[7].diff[1] = replaced("/query", query("functionname:x"), query("functionname:y"));
        let out = text(&samples::plan(changes, 0), Look::default());
        assert!(out.contains("8 monitors lambda/*/errors: options.thresholds.critical 0.05 → 0.01"), "{out}");
        assert!(out.contains("~ monitors/lambda/function-4/errors\n"), "{out}");
        assert!(out.contains("+ sum(last_5m):sum:aws.lambda.errors{functionname:y} > 0.05\n"), "{out}");
    }

    #[test]
    fn creates_and_deletes_of_a_template_are_one_entry_each() {
        let of = |action, n: usize| {
            let name = format!("f{n}");
            samples::instance(
                action,
                &name,
                "errors",
                vec![added("/name", json!(format!("Errors of {name}")))],
            )
        };
        let mut changes: Vec<_> = (0..5).map(|n| of(Action::Create, n)).collect();
        changes.extend((5..9).map(|n| crate::model::Change { diff: Vec::new(), ..of(Action::Delete, n) }));
        insta::assert_snapshot!(text(&samples::plan(changes, 0), Look::default()), @r#"
        Environment staging, site datadoghq.eu (project shop)

          + 5 monitors lambda/*/errors to create
            f0, f1, f2, f3, f4
            templates/aws-lambda.yaml:12
            as in monitors/lambda/f0/errors:
            name  "Errors of f0"

          - 4 monitors lambda/*/errors to delete
            f5, f6, f7, f8

                   create  delete
          monitor       5       4

        Plan: 5 to create, 4 to delete.
        "#);
    }

    #[test]
    fn colour_only_adds_to_the_text() {
        let plan = samples::plan(vec![threshold_of("a")], 0);
        let colored = text(&plan, Look { color: true, ..Look::default() });
        let stripped = anstream::adapter::strip_str(&colored).to_string();
        assert_eq!(stripped, text(&plan, Look::default()));
        assert_ne!(colored, stripped);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn text_never_acts_on_a_terminal(parts in prop::collection::vec(any::<String>(), 8), action in 0..7_usize) {
            let [address, path, a, b, url, risk, id, name] = <[String; 8]>::try_from(parts).expect("eight");
            let mut one = change(Action::ALL[action], &format!("monitors/{address}"));
            one.diff = vec![
                replaced(&path, json!(a), json!(b)),
                replaced("/x", json!([a, b]), json!([b])),
                replaced("/y", json!({ a.as_str(): b }), json!({ b.as_str(): a })),
                added("/z", json!(format!("{a}\n{b}"))),
            ];
            one.url = Some(url);
            one.datadog_id = Some(id);
            one.risks = vec![crate::model::Risk { rank: 0, code: "x", text: risk }];
            let mut plan = samples::plan(vec![one.clone(), one.clone(), one], 0);
            plan.notes = samples::notes(&name);
            plan.site = name;
            for expand in [false, true] {
                let out = text(&plan, Look { expand, ..Look::default() });
                prop_assert!(!out.chars().any(|c| is_hostile(c) && c != '\n' && c != '\t'), "{:?}", out);
                prop_assert_eq!(&text(&plan, Look { expand, ..Look::default() }), &out);
            }
            let mut json = Vec::new();
            plan_json::write(&plan, &crate::saved::Seal::default(), &mut json).expect("a vector takes all");
            let json = String::from_utf8(json).expect("text");
            prop_assert!(!json.chars().any(|c| is_hostile(c) && c != '\n'));
            prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
        }
    }
}
