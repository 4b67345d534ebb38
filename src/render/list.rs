//! Resources and live objects as a list.

use std::io::{self, Write};

use serde::Serialize;

use super::markdown::{code, link};
use super::plan_json::{Source, write_value};
use super::plan_text::{clean_address, source_line};
use super::summary::columns;
use super::value::cut;
use crate::diagnostic::Position;
use crate::model::Address;

/// A resource, or a live object that nobody owns.
#[derive(Clone, Debug)]
pub struct Item {
    /// Absent: not ours.
    pub address: Option<Address>,
    /// The name of the kind: `monitor`.
    pub kind: &'static str,
    /// What people call it in Datadog.
    pub name: Option<String>,
    /// Absent: not made yet.
    pub datadog_id: Option<String>,
    pub url: Option<String>,
    /// Absent: not declared.
    pub position: Option<Position>,
}

impl Item {
    /// The address; of an object without one its kind and name.
    fn title(&self) -> String {
        match &self.address {
            Some(address) => clean_address(address.as_str()),
            None => format!("{} \"{}\"", self.kind, cut(self.name.as_deref().unwrap_or_default(), 60)),
        }
    }
}

/// A table: address, Datadog id, source line, URL.
pub fn write_text(items: &[Item], out: &mut dyn Write) -> io::Result<()> {
    if items.is_empty() {
        return out.write_all(b"Nothing to list.\n");
    }
    let head = ["address", "id", "source", "url"].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(items.iter().map(cells)).collect();
    out.write_all(columns(&rows, false).as_bytes())
}

fn cells(item: &Item) -> Vec<String> {
    let text =
        |text: &Option<String>, most| text.as_ref().map_or_else(|| "-".to_owned(), |text| cut(text, most));
    vec![
        item.title(),
        text(&item.datadog_id, 60),
        item.position.as_ref().map_or_else(|| "-".to_owned(), source_line),
        text(&item.url, 200),
    ]
}

/// A Markdown list. (No table: a cell can't hold every text safely.)
pub fn write_markdown(items: &[Item], out: &mut dyn Write) -> io::Result<()> {
    for item in items {
        write!(out, "- {}", code(&item.title()))?;
        if let Some(id) = &item.datadog_id {
            write!(out, " {}", code(&cut(id, 60)))?;
        }
        if let Some(url) = &item.url {
            write!(out, " {}", link("in Datadog", url))?;
        }
        if let Some(position) = &item.position {
            write!(out, " {}", code(&source_line(position)))?;
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Entry<'a> {
    address: Option<&'a str>,
    kind: &'a str,
    name: Option<&'a str>,
    datadog_id: Option<&'a str>,
    url: Option<&'a str>,
    source: Option<Source<'a>>,
}

/// A JSON list, one item a line.
pub fn write_json(items: &[Item], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"[")?;
    for (at, item) in items.iter().enumerate() {
        out.write_all(if at == 0 { b"\n  " } else { b",\n  " })?;
        let entry = Entry {
            address: item.address.as_ref().map(Address::as_str),
            kind: item.kind,
            name: item.name.as_deref(),
            datadog_id: item.datadog_id.as_deref(),
            url: item.url.as_deref(),
            source: item.position.as_ref().map(Source::from),
        };
        write_value(&entry, out)?;
    }
    out.write_all(if items.is_empty() { b"]\n" } else { b"\n]\n" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(write: fn(&[Item], &mut dyn Write) -> io::Result<()>) -> String {
        let items = [
            Item {
                address: Address::parse("monitors/lambda/api/errors"),
                kind: "monitor",
                name: Some("API errors".to_owned()),
                datadog_id: Some("12345".to_owned()),
                url: Some("https://app.datadoghq.eu/monitors/12345".to_owned()),
                position: Some(Position { file: "templates/aws-lambda.yaml".into(), line: 12, column: 3 }),
            },
            Item {
                address: None,
                kind: "dashboard",
                name: Some("a | b\u{1b}[2J `@all`".to_owned()),
                datadog_id: None,
                url: None,
                position: None,
            },
        ];
        let mut out = Vec::new();
        write(&items, &mut out).expect("a vector takes all");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn as_text() {
        insta::assert_snapshot!(check(write_text), @r#"
        address                       id     source                        url
        monitors/lambda/api/errors    12345  templates/aws-lambda.yaml:12  https://app.datadoghq.eu/monitors/12345
        dashboard "a | b␛[2J `@all`"  -      -                             -
        "#);
    }

    #[test]
    fn as_markdown() {
        insta::assert_snapshot!(check(write_markdown), @r#"
        - `monitors/lambda/api/errors` `12345` [in Datadog](https://app.datadoghq.eu/monitors/12345) `templates/aws-lambda.yaml:12`
        - ``dashboard "a | b␛[2J `@all`"``
        "#);
    }

    #[test]
    fn as_json() {
        insta::assert_snapshot!(check(write_json), @r#"
        [
          {"address": "monitors/lambda/api/errors", "kind": "monitor", "name": "API errors", "datadog_id": "12345", "url": "https://app.datadoghq.eu/monitors/12345", "source": {"file": "templates/aws-lambda.yaml", "line": 12, "column": 3}},
          {"address": null, "kind": "dashboard", "name": "a | b\u001b[2J `@all`", "datadog_id": null, "url": null, "source": null}
        ]
        "#);
    }
}
