//! An estate that is written out, without templates: what people have who export an organisation and commit it.

use std::io;
use std::path::Path;

use serde_json::{Map, Value};

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

/// A resource: its section, and its body without references.
pub type Body = (String, Map<String, Value>);

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
            let body = named(body, copy);
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

fn named(body: &Map<String, Value>, copy: usize) -> Map<String, Value> {
    let mut body = body.clone();
    for key in ["name", "title"] {
        if let Some(Value::String(name)) = body.get_mut(key).filter(|_| copy > 0) {
            *name = format!("c{copy} {name}");
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
