//! A diagnostic's explanation, and the list of all: Markdown of ours for a terminal.

use std::io::{self, Write};

use super::page::{Look, Page, Tone};
use super::value::shortened;
use crate::explain::Explained;

/// Columns that prose is wrapped at, wherever it is read.
const WIDTH: usize = 80;
/// Codes up to this length share a column.
const CODE: usize = 24;

/// One code: its paragraphs wrapped, examples as they are.
pub fn write_one(one: &Explained, color: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(Look { color, width: Some(WIDTH), ..Look::default() }, out);
    page.line(&[(Tone::Strong, one.code)])?;
    for paragraph in one.text.split("\n\n") {
        page.line(&[])?;
        if paragraph.starts_with("    ") || paragraph.starts_with("```") || paragraph.starts_with('|') {
            page.raw(paragraph.trim_end())?;
            page.line(&[])?;
            continue;
        }
        // Each of these begins a line of its own; other line ends are those of the source.
        let mut parts: Vec<String> = Vec::new();
        for line in paragraph.lines() {
            match parts.last_mut() {
                Some(last) if !line.starts_with(['*', '-']) => *last = format!("{last} {}", line.trim()),
                _ => parts.push(line.trim().to_owned()),
            }
        }
        for part in parts {
            page.wrapped(&[(Tone::Plain, &plain(&part))], 0)?;
        }
    }
    Ok(())
}

/// All codes, each with its first sentence on its line.
pub fn write_all(chapters: &[(&str, Vec<Explained>)], color: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(Look { color, width: Some(WIDTH), ..Look::default() }, out);
    for (title, codes) in chapters {
        page.line(&[(Tone::Strong, title)])?;
        for one in codes {
            let code = format!("  {:CODE$} ", one.code);
            let first = shortened(&plain(&one.first()), WIDTH.saturating_sub(code.chars().count()));
            page.line(&[(Tone::Plain, &code), (Tone::Faint, &first)])?;
        }
        page.line(&[])?;
    }
    page.line(&[(Tone::Plain, "`musher explain CODE` says why, and what to write instead.")])
}

/// Without the signs of emphasis at a word like `*Why:*`, and with links as their texts.
fn plain(text: &str) -> String {
    let text = ["Why", "Instead", "Level", "Source"]
        .iter()
        .fold(text.to_owned(), |text, word| text.replace(&format!("*{word}:*"), &format!("{word}:")));
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['[', '`']) {
        let (before, sign) = rest.split_at(at);
        out.push_str(before);
        let (shown, behind) = link(sign).or_else(|| code(sign)).unwrap_or_else(|| sign.split_at(1));
        out.push_str(shown);
        rest = behind;
    }
    out + rest
}

/// `[text](target)`: the text, and what comes behind.
fn link(text: &str) -> Option<(&str, &str)> {
    let (shown, behind) = text.strip_prefix('[')?.split_once("](")?;
    let (_, behind) = behind.split_once(')')?;
    (!shown.contains(['[', ']'])).then_some((shown, behind))
}

/// A span of code, with its signs: nothing in it is a link.
fn code(text: &str) -> Option<(&str, &str)> {
    let end = text.strip_prefix('`')?.find('`')?;
    Some(text.split_at(end + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &'static str, expected: &str) {
        let mut out = Vec::new();
        let one = Explained { code: "some-code", text };
        write_one(&one, false, &mut out).expect("a vector takes all");
        assert_eq!(String::from_utf8(out).expect("text"), format!("some-code\n\n{expected}\n"));
    }

    #[test]
    fn markdown_is_plain_text() {
        check("A `[x]` and\na [link](queries.md), [`c`](#c).", "A `[x]` and a link, `c`.");
        check("Open [ and `", "Open [ and `");
        check("It.\n\n*Why:* So.\n*Instead:* `a: [b](c)`.", "It.\n\nWhy: So.\nInstead: `a: [b](c)`.");
        check("It:\n\n    a: 1\n    b: 2", "It:\n\n    a: 1\n    b: 2");
    }
}
