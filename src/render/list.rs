//! Resources and live objects as a list.

use std::io::{self, Write};

use serde::Serialize;

use super::markdown::{code, link};
use super::plan_json::{Source, write_value};
use super::plan_text::source_line;
use super::summary::columns;
use super::telling::clean_address;
use super::value::{cut, shortened, width};
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

/// A live object that no project owns.
#[derive(Clone, Debug)]
pub struct Unmanaged {
    pub kind: &'static str,
    pub section: &'static str,
    pub name: Option<String>,
    pub datadog_id: String,
    pub url: String,
    /// As far as the service tells.
    pub made_by: Option<String>,
    pub made_at: Option<String>,
}

/// An address, and where it is declared.
pub type Located = (Address, Position);

/// Addresses with their source lines, as two columns.
pub fn write_located(items: &[Located], out: &mut dyn Write) -> io::Result<()> {
    let row = |(address, position): &Located| vec![clean_address(address.as_str()), source_line(position)];
    out.write_all(columns(&items.iter().map(row).collect::<Vec<_>>(), false).as_bytes())
}

/// What stands between two columns.
const GAP: usize = 2;
/// With less room than this a name says nothing.
const LEAST: usize = 16;

/// A table: address, Datadog id, name, source line. On a terminal it fits `room` columns: names are cut first, the
/// source line goes next, then the name, and the address, which is what one copies, stays whole as long as it can. URLs
/// are in the other forms.
pub fn write_text(items: &[Item], room: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    if items.is_empty() {
        return out.write_all(b"Nothing to list.\n");
    }
    let head = ["address", "id", "name", "source"].map(str::to_owned);
    let mut rows: Vec<[String; 4]> = std::iter::once(head).chain(items.iter().map(cells)).collect();
    if let Some(room) = room {
        fit(&mut rows, room);
    }
    // A column that nothing is left of is none.
    let left = |column: usize| rows.iter().any(|row| !row[column].is_empty());
    let kept: Vec<usize> = (0..4).filter(|column| left(*column)).collect();
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| kept.iter().map(|column| row[*column].clone()).collect()).collect();
    out.write_all(columns(&rows, false).as_bytes())
}

fn fit(rows: &mut [[String; 4]], room: usize) {
    let widest = |rows: &[[String; 4]], column: usize| {
        rows.iter().map(|row| width(&row[column])).max().unwrap_or_default()
    };
    // Two in front of the first column, two between and behind all.
    let [address, id, name, source] = [0, 1, 2, 3].map(|column| widest(rows, column) + GAP);
    let room = room.saturating_sub(GAP);
    if address + id + name + source <= room {
        return;
    }
    if address + id + LEAST + GAP + source <= room {
        let most = room - address - id - source - GAP;
        rows.iter_mut().for_each(|row| row[2] = shortened(&row[2], most));
        return;
    }
    for row in rows.iter_mut() {
        row[3].clear();
    }
    let most = room.saturating_sub(address + id + GAP);
    for row in rows.iter_mut() {
        if most < LEAST {
            row[0] = shortened(&row[0], room.saturating_sub(id + GAP));
            row[2].clear();
        } else {
            row[2] = shortened(&row[2], most);
        }
    }
}

fn cells(item: &Item) -> [String; 4] {
    let text =
        |text: &Option<String>, most| text.as_ref().map_or_else(|| "-".to_owned(), |text| cut(text, most));
    let name = if item.address.is_some() { text(&item.name, 200) } else { "-".to_owned() };
    [
        item.title(),
        text(&item.datadog_id, 60),
        name,
        item.position.as_ref().map_or_else(|| "-".to_owned(), source_line),
    ]
}

/// A table of what nobody owns: kind and id, which an import takes, then who made it and when, and the name. On a terminal
/// each kind has one of its own, so that long ids of one leave the others their names; the day and a part of who made it
/// have to do there, and names are cut.
pub fn write_unmanaged_text(items: &[Unmanaged], room: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    if items.is_empty() {
        return out.write_all(b"Nothing is unmanaged.\n");
    }
    let text =
        |text: &Option<String>, most| text.as_ref().map_or_else(|| "-".to_owned(), |text| cut(text, most));
    if let Some(room) = room {
        let of_kinds = items.chunk_by(|one, next| one.kind == next.kind);
        let tables: Vec<String> = of_kinds.map(|items| unmanaged_of_kind(items, room)).collect();
        return out.write_all(tables.join("\n").as_bytes());
    }
    let head = ["kind", "id", "made by", "made at", "name"].map(str::to_owned).to_vec();
    let row = |item: &Unmanaged| {
        vec![
            item.kind.to_owned(),
            cut(&item.datadog_id, 60),
            text(&item.made_by, 40),
            text(&item.made_at, 30),
            text(&item.name, 200),
        ]
    };
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(items.iter().map(row)).collect();
    out.write_all(columns(&rows, false).as_bytes())
}

/// A day: `2026-11-28`.
const DAY: usize = 10;

fn unmanaged_of_kind(items: &[Unmanaged], room: usize) -> String {
    let text =
        |text: &Option<String>, most| text.as_ref().map_or_else(|| "-".to_owned(), |text| cut(text, most));
    let day =
        |at: &Option<String>| at.as_ref().map_or_else(|| "-".to_owned(), |at| at.chars().take(DAY).collect());
    let head = [items[0].kind, "made by", "made at", "name"].map(str::to_owned).to_vec();
    let row = |item: &Unmanaged| {
        vec![
            cut(&item.datadog_id, 60),
            shortened(&text(&item.made_by, 40), LEAST),
            clean_address(&day(&item.made_at)),
            text(&item.name, 200),
        ]
    };
    let mut rows: Vec<Vec<String>> = std::iter::once(head).chain(items.iter().map(row)).collect();
    let widest = |column: usize| rows.iter().map(|row| width(&row[column])).max().unwrap_or_default() + GAP;
    let left = room.saturating_sub(GAP + (0..3).map(widest).sum::<usize>());
    rows.iter_mut().for_each(|row| row[3] = shortened(&row[3], left));
    columns(&rows, false)
}

/// The same as a Markdown list.
pub fn write_unmanaged_markdown(items: &[Unmanaged], out: &mut dyn Write) -> io::Result<()> {
    for item in items {
        let name = format!("{} \"{}\"", item.kind, cut(item.name.as_deref().unwrap_or_default(), 60));
        write!(out, "- {} {}", code(&name), code(&cut(&item.datadog_id, 60)))?;
        write!(out, " {}", link("in Datadog", &item.url))?;
        for told in [&item.made_by, &item.made_at].into_iter().flatten() {
            write!(out, " {}", code(&cut(told, 40)))?;
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

#[derive(Serialize)]
struct UnmanagedEntry<'a> {
    kind: &'a str,
    name: Option<&'a str>,
    datadog_id: &'a str,
    url: &'a str,
    made_by: Option<&'a str>,
    made_at: Option<&'a str>,
}

/// A JSON list, one item a line.
pub fn write_unmanaged_json(items: &[Unmanaged], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"[")?;
    for (at, item) in items.iter().enumerate() {
        out.write_all(if at == 0 { b"\n  " } else { b",\n  " })?;
        let entry = UnmanagedEntry {
            kind: item.kind,
            name: item.name.as_deref(),
            datadog_id: &item.datadog_id,
            url: &item.url,
            made_by: item.made_by.as_deref(),
            made_at: item.made_at.as_deref(),
        };
        write_value(&entry, out)?;
    }
    out.write_all(if items.is_empty() { b"]\n" } else { b"\n]\n" })
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
        insta::assert_snapshot!(check(|items, out| write_text(items, None, out)), @r#"
        address                       id     name        source
        monitors/lambda/api/errors    12345  API errors  templates/aws-lambda.yaml:12
        dashboard "a | b␛[2J `@all`"  -      -           -
        "#);
    }

    #[test]
    fn what_nobody_owns_fits_a_terminal_and_keeps_its_names() {
        let item = |kind: &'static str, id: &str, name: &str| Unmanaged {
            kind,
            section: "x",
            name: Some(name.to_owned()),
            url: String::new(),
            datadog_id: id.to_owned(),
            made_by: Some("somebody.with.a.long.name@example.com".to_owned()),
            made_at: Some("2026-11-28T11:56:52Z".to_owned()),
        };
        let items = [
            item("monitor", "100000001", "[prod] fn-000 errors"),
            item("monitor", "100000003", "[prod] fn-000 is broken\u{1b}[2J"),
            item("slo", "0123456789abcdef0123456789abcdef", "The shop answers"),
        ];
        let mut out = Vec::new();
        write_unmanaged_text(&items, Some(80), &mut out).expect("a vector takes all");
        insta::assert_snapshot!(String::from_utf8(out).expect("text"), @r"
        monitor    made by           made at     name
        100000001  somebody.with.a…  2026-11-28  [prod] fn-000 errors
        100000003  somebody.with.a…  2026-11-28  [prod] fn-000 is broken␛[2J

        slo                               made by           made at     name
        0123456789abcdef0123456789abcdef  somebody.with.a…  2026-11-28  The shop answ…
        ");
    }

    #[test]
    fn a_terminal_is_never_too_narrow() {
        let item = |id: &str, name: &str, file: &str| Item {
            address: Address::parse(&format!("monitors/{id}")),
            kind: "monitor",
            name: Some(name.to_owned()),
            datadog_id: Some("12345".to_owned()),
            url: None,
            position: Some(Position { file: file.into(), line: 12, column: 3 }),
        };
        let (long, wide) = ("a-long-name/".repeat(12), "名前 of a monitor ".repeat(9));
        let estates = [
            vec![item("a", "short", "a.yaml"), item("b", &wide, "b.yaml")],
            vec![item("lambda/api/errors", &wide, "templates/aws-lambda.yaml"), item("b", "b", "b.yaml")],
            vec![item(&long, &wide, &long)],
            vec![item("service/video-transcode/availability/of-all-of-it", &wide, "templates/a.yaml")],
        ];
        for items in &estates {
            for room in [80, 100, 160, 400] {
                let mut out = Vec::new();
                write_text(items, Some(room), &mut out).expect("a vector takes all");
                let text = String::from_utf8(out).expect("text");
                assert!(text.lines().all(|line| width(line) <= room), "{room}:\n{text}");
                assert!(
                    text.lines().all(|line| line.contains("12345") || line.contains("address")),
                    "{text}"
                );
            }
        }
        let mut out = Vec::new();
        write_text(&estates[1], Some(80), &mut out).expect("a vector takes all");
        let text = String::from_utf8(out).expect("text");
        assert!(text.contains("monitors/lambda/api/errors  ") && !text.contains("source"), "{text}");
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
