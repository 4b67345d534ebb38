//! One resource: the rendered body, the live one, their difference.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::field::field;
use super::fields::write_field;
use super::page::{Look, Page, Tone};
use super::plan_json::{DiffEntry, Source, write_value};
use super::plan_text::source_line;
use super::sanitize::{clean_lines, expressed_in};
use super::telling::clean_address;
use super::value::{cut, width};
use crate::diagnostic::Position;
use crate::model::{Action, Address, FieldChange};

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
    /// From live to wanted, in the normal form.
    pub diff: &'a [FieldChange],
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
        if shown.diff.is_empty() {
            page.line(&[(Tone::Plain, "    None.")])?;
        }
        let fields: Vec<_> = shown.diff.iter().map(|change| field(change, look.expand)).collect();
        let column = fields.iter().map(|field| width(&field.path)).filter(|w| *w <= 32).max().unwrap_or(0);
        for field in &fields {
            write_field(Action::Update, field, (4, column), &mut page)?;
        }
    }
    write_body("Rendered", shown.wanted, "It is not declared.", &mut page)?;
    write_body("Live", shown.live, "There is no live object.", &mut page)
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
        diff: shown.diff.iter().map(DiffEntry::from).collect(),
    };
    write_value(&entry, out)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::replaced;
    use serde_json::json;

    #[test]
    fn bodies_and_difference() {
        let (wanted, live) = (json!({"query": "a > 5"}), json!({"query": "a > 6", "name": "\u{9b}x"}));
        let address = Address::new("monitors", "a");
        let shown = Shown {
            address: &address,
            datadog_id: Some("12"),
            url: None,
            position: None,
            wanted: Some(&wanted),
            live: Some(&live),
            diff: &[replaced("/query", json!("a > 6"), json!("a > 5"))],
        };
        let mut out = Vec::new();
        write_text(shown, Look::default(), &mut out).expect("a vector takes all");
        insta::assert_snapshot!(String::from_utf8(out).expect("text"), @r#"
        monitors/a
            id 12

        Difference, from live to rendered
            query  "a > 6" → "a > 5"

        Rendered
            {
              "query": "a > 5"
            }

        Live
            {
              "query": "a > 6",
              "name": "\u{9b}x"
            }
        "#);
        let mut out = Vec::new();
        write_json(Shown { live: None, diff: &[], ..shown }, &mut out).expect("a vector takes all");
        insta::assert_snapshot!(String::from_utf8(out).expect("text"), @r#"{"address": "monitors/a", "datadog_id": "12", "url": null, "source": null, "wanted": {"query": "a > 5"}, "live": null, "diff": []}"#);
    }
}
