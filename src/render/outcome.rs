//! What an apply did: a table for people, a report for programs.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::fold::{Pattern, patterns};
use super::page::{Look, Page, Tone};
use super::plan_json::{DiffEntry, FORMAT_VERSION, Source, write_value};
use super::plan_text::source_line;
use super::sanitize::clean_lines;
use super::summary;
use super::telling::{clean_address, names};
use super::value::{count, cut, path, short};
use crate::model::{Action, Outcome, Plan, Status};

/// At most this many done changes are listed one by one; more are folded by their addresses.
const LISTED: usize = 20;
/// Patterns of folded addresses.
const PATTERNS: usize = 8;
/// Names for the `*` of a pattern.
const NAMES: usize = 5;
/// Characters of an answer of the service that are shown.
const WORDS: usize = 2_000;

/// Writes what is done, failed and not tried, and the summary line last. Outcomes are shown in the
/// order of their addresses, whatever the order in which they ended. Errors are those of the writer.
pub fn write(outcomes: &[Outcome], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(look, out);
    let sorted = sorted(outcomes);
    let of = |wanted: &dyn Fn(&Status) -> bool| -> Vec<&Outcome> {
        sorted.iter().copied().filter(|outcome| wanted(&outcome.status)).collect()
    };
    let done = of(&|status| *status == Status::Done);
    if !done.is_empty() {
        page.line(&[(Tone::Strong, "Done")])?;
        write_done(&done, &mut page)?;
        page.line(&[])?;
    }
    let changed: Vec<&Outcome> =
        done.iter().copied().filter(|outcome| !outcome.not_kept.is_empty()).collect();
    if !changed.is_empty() {
        page.line(&[(Tone::Risk, "Not kept by the service as it was sent")])?;
        write_not_kept(&changed, &mut page)?;
        page.line(&[])?;
    }
    let noted: Vec<&Outcome> = sorted.iter().copied().filter(|outcome| outcome.note.is_some()).collect();
    if !noted.is_empty() {
        page.line(&[(Tone::Risk, "What happened beside")])?;
        for note in noted.iter().filter_map(|outcome| outcome.note.as_deref()) {
            page.indent(2)?;
            page.wrapped_at(&[(Tone::Plain, &cut(note, WORDS))], 2, 4)?;
        }
        page.line(&[])?;
    }
    let failed = of(&|status| matches!(status, Status::Failed { .. }));
    if !failed.is_empty() {
        page.line(&[(Tone::Risk, "Failed")])?;
        for outcome in &failed {
            write_failed(outcome, &mut page)?;
        }
        page.line(&[])?;
    }
    let not_tried = of(&|status| matches!(status, Status::NotTried { .. }));
    if !not_tried.is_empty() {
        page.line(&[(Tone::Strong, "Not tried")])?;
        write_not_tried(&not_tried, &mut page)?;
        page.line(&[])?;
    }
    if !outcomes.is_empty() {
        page.raw(&summary::columns(&table(outcomes), true))?;
        page.line(&[])?;
    }
    page.line(&[(Tone::Strong, &line(outcomes))])
}

/// `Applied: 3 created, 1 changed; 1 failed, 2 not tried.`
pub fn line(outcomes: &[Outcome]) -> String {
    let done = |action: Action| {
        outcomes.iter().filter(|outcome| outcome.action == action && outcome.status == Status::Done).count()
    };
    let parts = |counted: Vec<(usize, &str)>| -> String {
        let reported = counted.into_iter().filter(|(number, _)| *number > 0);
        reported.map(|(number, word)| format!("{} {word}", count(number))).collect::<Vec<_>>().join(", ")
    };
    let both = outcomes.iter().filter(|outcome| outcome.both_stand).count();
    let whole = Action::ALL.into_iter().map(|action| (done(action), summary::done(action)));
    let good = parts(whole.chain([(both, "made anew with the old one still there")]).collect());
    let (failed, not_tried) = failures(outcomes);
    let bad = parts(vec![(failed, "failed"), (not_tried, "not tried")]);
    match (good.as_str(), bad.as_str()) {
        ("", "") => "Applied: nothing.".to_owned(),
        ("", bad) => format!("Applied: nothing; {bad}."),
        (good, "") => format!("Applied: {good}."),
        (good, bad) => format!("Applied: {good}; {bad}."),
    }
}

fn failures(outcomes: &[Outcome]) -> (usize, usize) {
    let number = |wanted: fn(&Status) -> bool| outcomes.iter().filter(|o| wanted(&o.status)).count();
    (
        number(|status| matches!(status, Status::Failed { .. })),
        number(|status| matches!(status, Status::NotTried { .. })),
    )
}

fn sorted(outcomes: &[Outcome]) -> Vec<&Outcome> {
    let mut sorted: Vec<&Outcome> = outcomes.iter().collect();
    sorted.sort_by(|a, b| (&a.address, a.action).cmp(&(&b.address, b.action)));
    sorted
}

fn write_done(done: &[&Outcome], page: &mut Page<'_>) -> io::Result<()> {
    if done.len() <= LISTED || page.look.expand {
        for outcome in done {
            let url = outcome.url.as_ref().map_or_else(String::new, |url| format!("  {}", cut(url, 300)));
            let address = clean_address(outcome.address.as_str());
            page.line(&[(Tone::Plain, &symbol(outcome)), (Tone::Plain, &address), (Tone::Faint, &url)])?;
        }
        return Ok(());
    }
    for group in by_section(done) {
        write_group(&group, page)?;
    }
    Ok(())
}

/// Outcomes of one action and section: `+ 500 monitors lambda/*/errors`.
fn write_group(group: &[&Outcome], page: &mut Page<'_>) -> io::Result<()> {
    let section = clean_address(group[0].address.section());
    let patterns = patterns(group.iter().map(|outcome| &outcome.address));
    for Pattern { text, names: of } in patterns.iter().take(PATTERNS) {
        let text = match of.len() {
            1 => format!("{section}/{}", clean_address(text)),
            many => format!("{} {section} {}", count(many), clean_address(text)),
        };
        let which = if of.len() > 1 { format!("  {}", names(of, NAMES)) } else { String::new() };
        page.wrapped(&[(Tone::Plain, &symbol(group[0])), (Tone::Plain, &text), (Tone::Faint, &which)], 4)?;
    }
    if patterns.len() > PATTERNS {
        let more: usize = patterns[PATTERNS..].iter().map(|pattern| pattern.names.len()).sum();
        let text = format!("{} more {section}", count(more));
        page.line(&[(Tone::Plain, &symbol(group[0])), (Tone::Faint, &text)])?;
    }
    Ok(())
}

fn by_section<'a>(outcomes: &[&'a Outcome]) -> Vec<Vec<&'a Outcome>> {
    let mut groups: BTreeMap<(&str, Action), Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        groups.entry((outcome.address.section(), outcome.action)).or_default().push(outcome);
    }
    groups.into_values().collect()
}

fn symbol(outcome: &Outcome) -> String {
    format!("{:>3} ", summary::symbol(outcome.action))
}

fn write_failed(outcome: &Outcome, page: &mut Page<'_>) -> io::Result<()> {
    let Status::Failed { text, pointer } = &outcome.status else { return Ok(()) };
    let place = match (&outcome.field, &outcome.origin) {
        (Some(field), _) => format!("  {}:{}", source_line(field), field.column),
        (None, Some(origin)) => format!("  {}", source_line(&origin.position)),
        (None, None) => String::new(),
    };
    let field = pointer.as_ref().map_or_else(String::new, |pointer| format!("  {}", path(pointer)));
    page.line(&[
        (Tone::Old, &symbol(outcome)),
        (Tone::Strong, &clean_address(outcome.address.as_str())),
        (Tone::Faint, &place),
        (Tone::Faint, &field),
    ])?;
    let words: String = text.chars().take(WORDS).collect();
    for line in clean_lines(words.trim_end()).lines() {
        page.indent(6)?;
        page.wrapped_at(&[(Tone::Plain, line)], 6, 6)?;
    }
    if words.len() < text.len() {
        page.indent(6)?;
        page.line(&[(Tone::Faint, "… (cut)")])?;
    }
    if outcome.attempts > 1 {
        page.indent(6)?;
        page.line(&[(Tone::Faint, &format!("after {} requests", count(outcome.attempts as usize)))])?;
    }
    Ok(())
}

/// By the reason, since one failure may stop thousands.
fn write_not_tried(outcomes: &[&Outcome], page: &mut Page<'_>) -> io::Result<()> {
    let mut reasons: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        if let Status::NotTried { because } = &outcome.status {
            reasons.entry(because).or_default().push(outcome);
        }
    }
    for (because, outcomes) in reasons {
        page.indent(2)?;
        page.wrapped_at(&[(Tone::Plain, &cut(because, 400)), (Tone::Plain, ":")], 2, 4)?;
        if outcomes.len() <= LISTED || page.look.expand {
            for outcome in outcomes {
                let address = clean_address(outcome.address.as_str());
                page.line(&[(Tone::Plain, "  "), (Tone::Plain, &symbol(outcome)), (Tone::Plain, &address)])?;
            }
        } else {
            for group in by_section(&outcomes) {
                write_group(&group, page)?;
            }
        }
    }
    Ok(())
}

/// Fields in which the answer differs from what was sent; the same ones of many objects once.
fn write_not_kept(outcomes: &[&Outcome], page: &mut Page<'_>) -> io::Result<()> {
    let mut by_text: BTreeMap<String, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        for field in &outcome.not_kept {
            let value = |value: &Option<serde_json::Value>| {
                value.as_ref().map_or_else(|| "nothing".to_owned(), |value| short(value, 60))
            };
            let text =
                format!("{}: sent {}, kept {}", path(&field.path), value(&field.after), value(&field.before));
            by_text.entry(text).or_default().push(outcome);
        }
    }
    for (text, outcomes) in &by_text {
        let which = match outcomes[..] {
            [only] => clean_address(only.address.as_str()),
            _ => format!(
                "{} and {} more",
                clean_address(outcomes[0].address.as_str()),
                count(outcomes.len() - 1)
            ),
        };
        page.indent(2)?;
        page.wrapped_at(&[(Tone::Strong, &which), (Tone::Plain, "  "), (Tone::Plain, text)], 2, 6)?;
    }
    Ok(())
}

/// Kinds (rows) by how their changes ended.
fn table(outcomes: &[Outcome]) -> Vec<Vec<String>> {
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for outcome in outcomes {
        let column = match outcome.status {
            Status::Done => 0,
            Status::Failed { .. } => 1,
            Status::NotTried { .. } => 2,
        };
        counts.entry(outcome.kind).or_default()[column] += 1;
    }
    let mut rows = vec![["", "done", "failed", "not tried"].map(str::to_owned).to_vec()];
    for (kind, row) in counts {
        let cells = row.into_iter().map(|number| if number == 0 { "·".to_owned() } else { count(number) });
        rows.push(std::iter::once(kind.to_owned()).chain(cells).collect());
    }
    rows
}

#[derive(Serialize)]
struct Entry<'a> {
    address: &'a str,
    kind: &'a str,
    action: &'a str,
    id: Option<&'a str>,
    url: Option<&'a str>,
    status: &'a str,
    /// The service's words of a failure, or why it was not tried.
    error: Option<&'a str>,
    /// The field that a failure names.
    pointer: Option<&'a str>,
    attempts: u32,
    ms: u64,
    source: Option<Source<'a>>,
    not_kept: Vec<DiffEntry<'a>>,
    /// What else there is to say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

/// Writes what was done as JSON, one outcome a line, sorted by address. Errors are those of the writer.
pub fn write_report(
    plan: &Plan,
    outcomes: &[Outcome],
    trace: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    write!(out, "{{\n  \"format_version\": {FORMAT_VERSION},\n  \"musher_version\": ")?;
    write_value(env!("CARGO_PKG_VERSION"), out)?;
    let head = [
        ("project", Some(plan.project.as_str())),
        ("environment", plan.environment.as_deref()),
        ("site", Some(plan.site.as_str())),
    ];
    for (name, value) in head {
        write!(out, ",\n  \"{name}\": ")?;
        write_value(&value, out)?;
    }
    // By which the run is found in what watches it.
    if let Some(trace) = trace {
        out.write_all(b",\n  \"trace_id\": ")?;
        write_value(trace, out)?;
    }
    let (failed, not_tried) = failures(outcomes);
    let done = outcomes.len() - failed - not_tried;
    write!(out, ",\n  \"summary\": {{\"done\": {done}, \"failed\": {failed}, \"not_tried\": {not_tried}}}")?;
    out.write_all(b",\n  \"changes\": [")?;
    for (at, outcome) in sorted(outcomes).into_iter().enumerate() {
        out.write_all(if at == 0 { b"\n    " } else { b",\n    " })?;
        write_value(&entry(outcome), out)?;
    }
    out.write_all(if outcomes.is_empty() { b"]\n}\n" } else { b"\n  ]\n}\n" })
}

fn entry(outcome: &Outcome) -> Entry<'_> {
    let (status, error, pointer) = match &outcome.status {
        Status::Done => ("done", None, None),
        Status::Failed { text, pointer } => ("failed", Some(text.as_str()), pointer.as_deref()),
        Status::NotTried { because } => ("not_tried", Some(because.as_str()), None),
    };
    Entry {
        address: outcome.address.as_str(),
        kind: outcome.kind,
        action: outcome.action.name(),
        id: outcome.datadog_id.as_deref(),
        url: outcome.url.as_deref(),
        status,
        error,
        pointer,
        attempts: outcome.attempts,
        ms: outcome.milliseconds,
        source: outcome.origin.as_ref().map(|origin| Source::from(&origin.position)),
        not_kept: outcome.not_kept.iter().map(DiffEntry::from).collect(),
        note: outcome.note.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Address;
    use crate::render::samples::{origin, plan, replaced};
    use serde_json::json;

    fn outcome(action: Action, address: &str, status: Status) -> Outcome {
        Outcome {
            address: Address::parse(address).expect("an address"),
            action,
            kind: "monitor",
            datadog_id: Some("12".to_owned()),
            url: Some("https://app.datadoghq.eu/monitors/12".to_owned()),
            alert: None,
            attempts: 2,
            milliseconds: 80,
            origin: Some(origin("monitors/shop.yaml", 7)),
            field: None,
            not_kept: Vec::new(),
            note: None,
            both_stand: false,
            status,
        }
    }

    fn some() -> Vec<Outcome> {
        let failed = Status::Failed {
            text: "The value provided for parameter 'query' is invalid: \u{1b}[31minvalid operator\nand more"
                .to_owned(),
            pointer: Some("/query".to_owned()),
        };
        let not_tried = || Status::NotTried { because: "monitors/b failed, which it refers to".to_owned() };
        vec![
            outcome(Action::Create, "monitors/z", not_tried()),
            outcome(Action::Update, "monitors/b", failed),
            Outcome {
                not_kept: vec![replaced("/options/foo", json!(null), json!(5))],
                ..outcome(Action::Create, "monitors/a", Status::Done)
            },
            outcome(Action::Delete, "monitors/y", not_tried()),
        ]
    }

    fn written(outcomes: &[Outcome]) -> String {
        let mut out = Vec::new();
        write(outcomes, Look::default(), &mut out).expect("a vector takes all");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_failure_and_what_it_stops() {
        insta::assert_snapshot!(written(&some()), @r#"
        Done
          + monitors/a  https://app.datadoghq.eu/monitors/12

        Not kept by the service as it was sent
          monitors/a  options.foo: sent 5, kept null

        Failed
          ~ monitors/b  monitors/shop.yaml:7  query
              The value provided for parameter 'query' is invalid: ␛[31minvalid operator
              and more
              after 2 requests

        Not tried
          monitors/b failed, which it refers to:
            - monitors/y
            + monitors/z

                   done  failed  not tried
          monitor     1       1          2

        Applied: 1 created; 1 failed, 2 not tried.
        "#);
    }

    #[test]
    fn many_are_folded() {
        let many: Vec<Outcome> = (0..50)
            .flat_map(|n| {
                let done =
                    |id: &str| outcome(Action::Create, &format!("monitors/lambda/f{n}/{id}"), Status::Done);
                [done("errors"), done("traffic")]
            })
            .chain([outcome(Action::Create, "monitors/alone", Status::Done)])
            .collect();
        insta::assert_snapshot!(written(&many), @r#"
        Done
          + 50 monitors lambda/*/errors  f0, f1, f10, f11, f12, … 45 more
          + 50 monitors lambda/*/traffic  f0, f1, f10, f11, f12, … 45 more
          + monitors/alone

                   done  failed  not tried
          monitor   101       ·          ·

        Applied: 101 created.
        "#);
    }

    #[test]
    fn summary_lines() {
        assert_eq!(line(&[]), "Applied: nothing.");
        assert_eq!(line(&some()), "Applied: 1 created; 1 failed, 2 not tried.");
        assert_eq!(line(&some()[1..2]), "Applied: nothing; 1 failed.");
        let failed = Status::Failed { text: "it is still used".to_owned(), pointer: None };
        let half = Outcome { both_stand: true, ..outcome(Action::Replace, "monitors/a", failed) };
        assert_eq!(line(&[half]), "Applied: 1 made anew with the old one still there; 1 failed.");
    }

    #[test]
    fn a_report() {
        let mut out = Vec::new();
        write_report(&plan(Vec::new(), 0), &some(), None, &mut out).expect("a vector takes all");
        let text = String::from_utf8(out).expect("text").replace(env!("CARGO_PKG_VERSION"), "VERSION");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
        insta::assert_snapshot!(text, @r#"
        {
          "format_version": 1,
          "musher_version": "VERSION",
          "project": "shop",
          "environment": "staging",
          "site": "datadoghq.eu",
          "summary": {"done": 1, "failed": 1, "not_tried": 2},
          "changes": [
            {"address": "monitors/a", "kind": "monitor", "action": "create", "id": "12", "url": "https://app.datadoghq.eu/monitors/12", "status": "done", "error": null, "pointer": null, "attempts": 2, "ms": 80, "source": {"file": "monitors/shop.yaml", "line": 7, "column": 5}, "not_kept": [{"path": "/options/foo", "op": "replace", "before": null, "after": 5}]},
            {"address": "monitors/b", "kind": "monitor", "action": "update", "id": "12", "url": "https://app.datadoghq.eu/monitors/12", "status": "failed", "error": "The value provided for parameter 'query' is invalid: \u001b[31minvalid operator\nand more", "pointer": "/query", "attempts": 2, "ms": 80, "source": {"file": "monitors/shop.yaml", "line": 7, "column": 5}, "not_kept": []},
            {"address": "monitors/y", "kind": "monitor", "action": "delete", "id": "12", "url": "https://app.datadoghq.eu/monitors/12", "status": "not_tried", "error": "monitors/b failed, which it refers to", "pointer": null, "attempts": 2, "ms": 80, "source": {"file": "monitors/shop.yaml", "line": 7, "column": 5}, "not_kept": []},
            {"address": "monitors/z", "kind": "monitor", "action": "create", "id": "12", "url": "https://app.datadoghq.eu/monitors/12", "status": "not_tried", "error": "monitors/b failed, which it refers to", "pointer": null, "attempts": 2, "ms": 80, "source": {"file": "monitors/shop.yaml", "line": 7, "column": 5}, "not_kept": []}
          ]
        }
        "#);
    }
}
