//! An estate that is written out, without templates: what people have who export an organisation and commit it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use serde_json::{Map, Value};

use crate::estate::{self, Rendered};

/// How many resources it has of each section: what an organisation has that somebody counted.
const COUNTS: [(&str, usize); 3] = [("monitors", 2_600), ("slos", 500), ("dashboards", 100)];
/// Stands in a reference for the copy that it is written in.
const COPY: &str = "@/";

/// How the same resources lie in files.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    OneYaml,
    ManyYaml,
    ManyJson,
}

impl Shape {
    pub const ALL: [Self; 3] = [Self::OneYaml, Self::ManyYaml, Self::ManyJson];

    pub fn name(self) -> &'static str {
        match self {
            Self::OneYaml => "one YAML file",
            Self::ManyYaml => "YAML files",
            Self::ManyJson => "JSON files",
        }
    }
}

/// A resource: its section, and its body, which refers to others of the estate only.
pub type Body = (String, Map<String, Value>);

/// The example's monitors, SLOs and dashboards as they are once rendered, some of them several times, others left out,
/// so that there are as many as the table says. What refers to something else names what stands there instead.
pub fn bodies() -> io::Result<Vec<Body>> {
    let folder = tempfile::tempdir()?;
    estate::write(folder.path(), 1)?;
    let (rendered, _) = estate::rendered(folder.path())?;
    let chosen = chosen(&rendered);
    let number =
        |address: &String| chosen.iter().position(|(at, copy)| *copy == 0 && rendered[*at].0 == *address);
    let numbers: BTreeMap<&String, usize> =
        rendered.iter().filter_map(|(address, _)| Some((address, number(address)?))).collect();
    let body = |(at, copy): &(usize, usize)| {
        let (address, body) = &rendered[*at];
        let mut body = Value::Object(body.clone());
        each_text(&mut body, &mut |text| *text = settled(text, &numbers));
        let body = body.as_object().map(|body| renamed(body, "variant", *copy)).unwrap_or_default();
        (section(address).to_owned(), body)
    };
    Ok(chosen.iter().map(body).collect())
}

/// Which of the resources, and the how many-th time; by section. What others refer to is among them.
fn chosen(rendered: &[Rendered]) -> Vec<(usize, usize)> {
    let mut chosen = Vec::new();
    for (own, count) in COUNTS {
        let of_section: Vec<usize> =
            (0..rendered.len()).filter(|at| section(&rendered[*at].0) == own).collect();
        let named: BTreeSet<String> = rendered
            .iter()
            .flat_map(|(_, body)| references(&Value::Object(body.clone()).to_string()))
            .map(|(_, address, _)| address)
            .collect();
        let mut surplus = of_section.len().saturating_sub(count);
        let mut kept = of_section.clone();
        kept.reverse();
        kept.retain(|at| {
            let goes = surplus > 0 && !named.contains(&rendered[*at].0);
            surplus -= usize::from(goes);
            !goes
        });
        kept.reverse();
        chosen
            .extend((0..count).filter_map(|at| Some((*kept.get(at % kept.len().max(1))?, at / kept.len()))));
    }
    chosen
}

fn section(address: &str) -> &str {
    address.split('/').next().unwrap_or_default()
}

/// The references in a text: where each stands, the address that it names, and whether it is for the page.
fn references(text: &str) -> Vec<(std::ops::Range<usize>, String, bool)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find("${").map(|at| from + at) {
        let Some(close) = text[open..].find('}').map(|at| open + at) else { break };
        from = close + 1;
        let inside = &text[open + 2..close];
        let parts =
            inside.split_once('.').and_then(|(section, rest)| Some((section, rest.rsplit_once('.')?)));
        if let Some((section, (id, attribute))) = parts {
            let address = format!("{section}/{}", id.trim_matches(['[', ']']));
            found.push((open..from, address, attribute == "url"));
        }
    }
    found
}

/// A text whose references name resources by their numbers; what is left out is named as it would be found there.
fn settled(text: &str, numbers: &BTreeMap<&String, usize>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (range, address, is_page) in references(text) {
        out.push_str(&text[from..range.start]);
        let attribute = if is_page { "url" } else { "id" };
        match numbers.get(&address) {
            Some(number) => {
                out.push_str(&format!("${{{}.[{COPY}r{number:05}].{attribute}}}", section(&address)));
            }
            None if is_page => out.push_str("https://app.datadoghq.eu/notebook/1234567"),
            None => out.push_str("1234567"),
        }
        from = range.end;
    }
    out.push_str(&text[from..]);
    out
}

fn each_text(value: &mut Value, work: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => work(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, work)),
        Value::Object(map) => map.values_mut().for_each(|member| each_text(member, work)),
        _ => {}
    }
}

/// Writes bodies so many times over, every copy under names of its own.
pub fn write(folder: &Path, bodies: &[Body], shape: Shape, times: usize) -> io::Result<()> {
    std::fs::write(
        folder.join("musher.yaml"),
        "project: written\nrules: {no-recipient: off, no-burn-alert: off}\nenvironments:\n  sandbox: {api: sandbox}\n",
    )?;
    let definitions = folder.join("monitors");
    let mut whole = String::new();
    let mut section = "";
    for copy in 0..times {
        let place = definitions.join(format!("c{copy}"));
        std::fs::create_dir_all(&place)?;
        for (number, (own, body)) in bodies.iter().enumerate() {
            let body = settle(body, copy);
            let id = format!("c{copy}/r{number:05}");
            match shape {
                Shape::ManyJson => {
                    let text = serde_json::to_string_pretty(&body)?;
                    std::fs::write(place.join(format!("r{number:05}.json")), text)?;
                }
                Shape::ManyYaml => {
                    let mut text = format!("{own}:\n  {id}:\n");
                    yaml(&Value::Object(body), 4, &mut text);
                    std::fs::write(place.join(format!("r{number:05}.yaml")), text)?;
                }
                Shape::OneYaml => {
                    if section != own {
                        whole.push_str(&format!("{own}:\n"));
                        section = own;
                    }
                    whole.push_str(&format!("  {id}:\n"));
                    yaml(&Value::Object(body), 4, &mut whole);
                }
            }
        }
        if matches!(shape, Shape::OneYaml) {
            std::fs::write(definitions.join(format!("c{copy}.yaml")), &whole)?;
            (whole, section) = (String::new(), "");
        }
    }
    Ok(())
}

/// A body in a copy: under a name of its own, and referring to its like.
fn settle(body: &Map<String, Value>, copy: usize) -> Map<String, Value> {
    let mut body = Value::Object(renamed(body, "c", copy));
    let own = format!("c{copy}/");
    each_text(&mut body, &mut |text| {
        if text.contains(COPY) {
            *text = text.replace(&format!("[{COPY}"), &format!("[{own}"));
        }
    });
    body.as_object().cloned().unwrap_or_default()
}

fn renamed(body: &Map<String, Value>, word: &str, copy: usize) -> Map<String, Value> {
    let mut body = body.clone();
    for key in ["name", "title"] {
        if let Some(Value::String(name)) = body.get_mut(key).filter(|_| copy > 0) {
            *name = format!("{word}{copy} {name}");
        }
    }
    body
}

/// Block style, as people write it: plain where that is safe, else in double quotes; long texts as blocks.
fn yaml(value: &Value, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                out.push_str(&format!("{pad}{}:", scalar(key)));
                nested(value, indent, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                out.push_str(&format!("{pad}-"));
                nested(item, indent, out);
            }
        }
        other => out.push_str(&format!("{pad}{other}\n")),
    }
}

fn nested(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            yaml(value, indent + 2, out);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            yaml(value, indent + 2, out);
        }
        Value::String(text) if is_block(text) => {
            out.push_str(if text.ends_with('\n') { " |\n" } else { " |-\n" });
            for line in text.lines() {
                if !line.is_empty() {
                    out.push_str(&" ".repeat(indent + 2));
                }
                out.push_str(line);
                out.push('\n');
            }
        }
        Value::String(text) => out.push_str(&format!(" {}\n", scalar(text))),
        other => out.push_str(&format!(" {other}\n")),
    }
}

fn is_block(text: &str) -> bool {
    let plain = |c: char| c == '\n' || (c >= ' ' && c != '\u{7f}');
    text.contains('\n')
        && text.chars().all(plain)
        && !text.starts_with([' ', '\n', '\t'])
        && !text.ends_with("\n\n")
        && text.lines().all(|line| line.trim_end() == line)
}

fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./ ".contains(c);
    let is_word =
        text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain) && text.trim() == text;
    let is_other =
        ["true", "false", "null", "yes", "no", "on", "off"].contains(&text.to_lowercase().as_str());
    if is_word && !is_other { text.to_owned() } else { Value::from(text).to_string() }
}
