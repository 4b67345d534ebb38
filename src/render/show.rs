//! One resource: the rendered body, the live one, their difference.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::fields::{Place, write_rows};
use super::named;
use super::page::{Look, Page, Tone};
use super::plan_json::{DiffEntry, Source, write_value};
use super::plan_text::source_line;
use super::sanitize::{clean_lines, expressed_in};
use super::telling::{Detail, clean_address, ids, rows};
use super::value::cut;
use crate::diagnostic::Position;
use crate::model::{Action, Address, Change, References};

/// What is known of a resource.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    pub address: &'a Address,
    pub datadog_id: Option<&'a str>,
    pub url: Option<&'a str>,
    pub position: Option<&'a Position>,
    /// The body as rendered; absent: only live.
    pub wanted: Option<&'a Value>,
    /// Absent: not made yet, or not asked for.
    pub live: Option<&'a Value>,
    /// From live to wanted; absent: they are alike, or one of them is.
    pub change: Option<&'a Change>,
    /// The addresses behind the ids in both bodies, by their fields.
    pub references: &'a References,
}

/// Writes the difference, which one mostly comes for, and the bodies in full below.
pub fn write_text(shown: Shown<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(look, out);
    page.line(&[(Tone::Strong, &clean_address(shown.address.as_str()))])?;
    let source = shown.position.map(source_line);
    let id = shown.datadog_id.map(|id| format!("id {}", cut(id, 60)));
    let url = shown.url.map(|url| cut(url, 300));
    for part in [source, id, url].into_iter().flatten() {
        page.line(&[(Tone::Faint, "    "), (Tone::Faint, &part)])?;
    }
    if shown.wanted.is_some() && shown.live.is_some() {
        page.line(&[])?;
        page.line(&[(Tone::Strong, "Difference, from live to rendered")])?;
        let rows = shown.change.map(|change| rows(change, Detail { full: look.expand, others: usize::MAX }));
        match rows.filter(|rows| !rows.is_empty()) {
            None => page.line(&[(Tone::Plain, "    None.")])?,
            Some(rows) => {
                write_rows(Action::Update, &rows, Place { indent: 4, most: usize::MAX }, &mut page)?;
            }
        }
    }
    let section = shown.address.section();
    let [wanted, live] =
        [shown.wanted, shown.live].map(|body| body.map(|body| named::body(body, section, shown.references)));
    write_body("Rendered", wanted.as_ref(), "It is not declared.", &mut page)?;
    write_body("Live", live.as_ref(), "There is no live object.", &mut page)?;
    let Some(ids) = ids(shown.references, section) else { return Ok(()) };
    page.line(&[])?;
    page.wrapped_at(&[(Tone::Faint, &ids)], 0, 4)
}

fn write_body(title: &str, body: Option<&Value>, absent: &str, page: &mut Page<'_>) -> io::Result<()> {
    page.line(&[])?;
    page.line(&[(Tone::Strong, title)])?;
    let Some(body) = body else { return page.line(&[(Tone::Plain, "    "), (Tone::Plain, absent)]) };
    let body = expressed_in(body);
    let text = serde_json::to_string_pretty(&*body).expect("bug: a value is always JSON");
    for line in clean_lines(&text).lines() {
        page.indent(4)?;
        page.line(&[(Tone::Plain, line)])?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Entry<'a> {
    address: &'a str,
    datadog_id: Option<&'a str>,
    url: Option<&'a str>,
    source: Option<Source<'a>>,
    wanted: Option<Value>,
    live: Option<&'a Value>,
    diff: Vec<DiffEntry<'a>>,
    /// By the fields of both bodies.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    references: BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>,
}

/// Writes all of it as one JSON object.
pub fn write_json(shown: Shown<'_>, out: &mut dyn Write) -> io::Result<()> {
    let entry = Entry {
        address: shown.address.as_str(),
        datadog_id: shown.datadog_id,
        url: shown.url,
        source: shown.position.map(Source::from),
        wanted: shown.wanted.map(|wanted| expressed_in(wanted).into_owned()),
        live: shown.live,
        diff: shown.change.map(DiffEntry::all).unwrap_or_default(),
        references: shown
            .references
            .iter()
            .map(|(path, names)| {
                (path.as_str(), names.iter().map(|(id, of)| (id.as_str(), of.as_str())).collect())
            })
            .collect(),
    };
    write_value(&entry, out)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{self, replaced};
    use serde_json::json;

    #[test]
    fn bodies_and_difference() {
        let (wanted, live) = (json!({"query": "12 > 5"}), json!({"query": "12 > 6", "name": "\u{9b}x"}));
        let address = Address::new("monitors", "a");
        let names = [("12".to_owned(), Address::new("monitors", "b"))].into_iter().collect();
        let references: References = [("/query".to_owned(), names)].into_iter().collect();
        let change = Change {
            diff: vec![replaced("/query", json!("12 > 6"), json!("12 > 5"))],
            references: references.clone(),
            ..samples::change(Action::Update, "monitors/a")
        };
        let shown = Shown {
            address: &address,
            datadog_id: Some("11"),
            url: None,
            position: None,
            wanted: Some(&wanted),
            live: Some(&live),
            change: Some(&change),
            references: &references,
        };
        let mut out = Vec::new();
        write_text(shown, Look::default(), &mut out).expect("a vector takes all");
        insta::assert_snapshot!(String::from_utf8(out).expect("text"), @r#"
        monitors/a
            id 11

        Difference, from live to rendered
            query  "b > 6" → "b > 5"
            b is 12

        Rendered
            {
              "query": "b > 5"
            }

        Live
            {
              "query": "b > 6",
              "name": "\u{9b}x"
            }

        b is 12
        "#);
        let mut out = Vec::new();
        write_json(Shown { live: None, change: None, ..shown }, &mut out).expect("a vector takes all");
        insta::assert_snapshot!(String::from_utf8(out).expect("text"), @r#"{"address": "monitors/a", "datadog_id": "11", "url": null, "source": null, "wanted": {"query": "12 > 5"}, "live": null, "diff": [], "references": {"/query": {"12": "monitors/b"}}}"#);
    }
}
