//! A template as its users see it: what it makes and what it takes.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::page::{Look, Page, Tone};
use super::plan_json::write_value;
use super::sanitize::{clean, clean_lines};
use crate::expand::{Description, ParamDescription};

/// A template and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub description: Description,
    pub origin: Origin,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the program.
    BuiltIn,
    /// The team's own, by its path.
    File(String),
}

impl Origin {
    fn text(&self) -> &str {
        match self {
            Self::BuiltIn => "built in",
            Self::File(path) => path,
        }
    }
}

/// The longest default that stands beside a parameter's name.
const SHORT: usize = 60;

/// Names with the first sentence of their descriptions.
pub fn write_list(templates: &[&Shown], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(look, out);
    for shown in templates {
        let name = clean(&shown.description.name).into_owned();
        page.line(&[(Tone::Strong, &name), (Tone::Faint, &format!("  {}", clean(shown.origin.text())))])?;
        let text = shown.description.description.as_deref().map(paragraph).unwrap_or_default();
        let sentence = text.split_once(". ").map_or(text.clone(), |(first, _)| format!("{first}."));
        write_paragraph(&sentence, 4, &mut page)?;
    }
    page.line(&[])?;
    page.line(&[(Tone::Plain, "`musher show template NAME` shows the parameters of one.")])
}

/// All that is known of one.
pub fn write_text(shown: &Shown, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let Shown { description, origin } = shown;
    let mut page = Page::new(look, out);
    let origin = format!("  {}", clean(origin.text()));
    page.line(&[(Tone::Strong, &clean(&description.name)), (Tone::Faint, &origin)])?;
    if let Some(text) = &description.description {
        write_paragraph(&paragraph(text), 4, &mut page)?;
    }
    page.line(&[])?;
    page.line(&[(Tone::Strong, "Parameters")])?;
    if description.params.is_empty() {
        page.line(&[(Tone::Plain, "    It takes none.")])?;
    }
    for param in &description.params {
        write_param(param, &mut page)?;
    }
    page.line(&[])?;
    page.line(&[(Tone::Strong, "Makes, for each item")])?;
    for address in &description.makes {
        page.line(&[(Tone::Plain, "    "), (Tone::Plain, &clean(address))])?;
    }
    Ok(())
}

fn write_param(param: &ParamDescription, page: &mut Page<'_>) -> io::Result<()> {
    let mut facts = vec![param.ty.unwrap_or("any value").to_owned()];
    facts.extend(match (param.min, param.max) {
        (Some(min), Some(max)) => Some(format!("{min} to {max}")),
        (Some(min), None) => Some(format!("at least {min}")),
        (None, Some(max)) => Some(format!("at most {max}")),
        (None, None) => None,
    });
    let default = param.default.as_ref().map(Value::to_string);
    let is_short = |text: &&String| text.chars().count() <= SHORT;
    match default.as_ref().filter(is_short) {
        Some(default) => facts.push(format!("default {}", clean(default))),
        None if default.is_none() => facts.push("required".to_owned()),
        None => {}
    }
    let name = clean(&param.name).into_owned();
    page.line(&[
        (Tone::Plain, "    "),
        (Tone::Strong, &name),
        (Tone::Faint, &format!("  {}", facts.join(", "))),
    ])?;
    if let Some(text) = &param.description {
        write_paragraph(&paragraph(text), 8, page)?;
    }
    if let Some(default) = default.as_ref().filter(|default| !is_short(default)) {
        write_paragraph(&format!("default {}", clean(default)), 8, page)?;
    }
    Ok(())
}

/// A text's words, whatever lines they were written on.
fn paragraph(text: &str) -> String {
    clean_lines(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn write_paragraph(text: &str, indent: usize, page: &mut Page<'_>) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    page.indent(indent)?;
    page.wrapped_at(&[(Tone::Plain, text)], indent, indent)
}

/// The same as a JSON object.
pub fn write_json(shown: &Shown, out: &mut dyn Write) -> io::Result<()> {
    write_value(&entry(shown), out)?;
    out.write_all(b"\n")
}

/// All of them as a JSON list.
pub fn write_list_json(templates: &[&Shown], out: &mut dyn Write) -> io::Result<()> {
    let entries: Vec<Value> = templates.iter().map(|shown| entry(shown)).collect();
    write_value(&entries, out)?;
    out.write_all(b"\n")
}

fn entry(shown: &Shown) -> Value {
    let Shown { description, origin } = shown;
    let params: Vec<Value> = description
        .params
        .iter()
        .map(|param| {
            json!({
                "name": param.name, "type": param.ty, "required": param.default.is_none(), "default": param.default,
                "min": param.min, "max": param.max, "description": param.description,
            })
        })
        .collect();
    json!({
        "name": description.name, "origin": origin.text(), "description": description.description,
        "params": params, "makes": description.makes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Shown {
        let param = |name: &str, ty, default| ParamDescription {
            name: name.to_owned(),
            ty,
            default,
            min: None,
            max: None,
            description: Some("What it\nis for".to_owned()),
        };
        let bounded = ParamDescription {
            min: Some(0.0),
            max: Some(1.5),
            ..param("rate", Some("number"), Some(json!(0.05)))
        };
        let description = Description {
            name: "lambda".to_owned(),
            description: Some("Watches a function. And more.\u{1b}".to_owned()),
            params: vec![
                param("function", None, None),
                bounded,
                param("steps", Some("object"), Some(json!({"a": "x".repeat(70)}))),
            ],
            makes: vec!["monitors/errors".to_owned()],
        };
        Shown { description, origin: Origin::File("templates/lambda.yaml".to_owned()) }
    }

    fn text(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).expect("a vector takes all");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_template_tells_what_it_takes() {
        let shown = text(|out| write_text(&sample(), Look::default(), out));
        insta::assert_snapshot!(shown, @r#"
        lambda  templates/lambda.yaml
            Watches a function. And more.␛

        Parameters
            function  any value, required
                What it is for
            rate  number, 0 to 1.5, default 0.05
                What it is for
            steps  object
                What it is for
                default {"a":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}

        Makes, for each item
            monitors/errors
        "#);
        let listed = text(|out| write_list(&[&sample()], Look::default(), out));
        insta::assert_snapshot!(listed, @r"
        lambda  templates/lambda.yaml
            Watches a function.

        `musher show template NAME` shows the parameters of one.
        ");
        let json: Value = serde_json::from_str(&text(|out| write_json(&sample(), out))).expect("JSON");
        assert_eq!(json["params"][1]["max"], 1.5);
    }
}
