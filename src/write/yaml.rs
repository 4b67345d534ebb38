//! A definition as YAML text, proved by reading it back.

use serde_json::{Map, Value};

use crate::diagnostic::{FileId, Format};
use crate::source;

/// The text of a file of definitions with one entry. None where it would not read back as the same value.
pub fn file(section: &str, id: &str, body: &Value) -> Option<String> {
    let entries = Value::Object(Map::from_iter([(id.to_owned(), body.clone())]));
    let whole = Value::Object(Map::from_iter([(section.to_owned(), entries)]));
    proved(&whole)
}

/// The text of a file of definitions with many entries: section, id and body of each. None as of [`file`].
pub fn whole<'a>(entries: impl Iterator<Item = (&'a str, &'a str, &'a Value)>) -> Option<String> {
    let mut sections = Map::new();
    for (section, id, body) in entries {
        let slot = sections.entry(section).or_insert_with(|| Value::Object(Map::new()));
        slot.as_object_mut()?.insert(id.to_owned(), body.clone());
    }
    proved(&Value::Object(sections))
}

/// The lines of one entry, not indented.
pub fn entry(id: &str, body: &Value) -> Option<String> {
    proved(&Value::Object(Map::from_iter([(id.to_owned(), body.clone())])))
}

/// The text of a whole document.
pub fn document(value: &Value) -> Option<String> {
    proved(value)
}

fn proved(value: &Value) -> Option<String> {
    let options = serde_saphyr::ser_options! { folded_wrap_chars: 1_000_000 };
    let mut text = String::new();
    serde_saphyr::to_fmt_writer_with_options(&mut text, value, options).ok()?;
    // Texts of several lines keep the indentation on their empty ones, which editors mark and hooks refuse.
    let trimmed: String =
        text.lines().flat_map(|line| [if line.trim().is_empty() { "" } else { line }, "\n"]).collect();
    [trimmed, text].into_iter().find(|text| read(text).as_ref() == Some(value))
}

/// The value of a text as a project reads it; none where it is broken.
pub fn read(text: &str) -> Option<Value> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let (value, faults) = source::value(text, Format::Yaml, FileId(0));
    value.filter(|_| faults.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_texts_stay_on_their_lines() {
        let query =
            "avg(last_5m):sum:trace.http.request.errors{service:checkout,env:prod,region:eu}.as_rate() > 5";
        let body = json!({"query": query, "message": "One.\n\nTwo: on\n", "tags": ["no", "012"], "options": {"x": 5, "w": 2.0, "z": {}}});
        let text = file("monitors", "a/b", &body).expect("a text");
        assert_eq!(
            text,
            format!(
                "monitors:\n  a/b:\n    query: {query}\n    message: |\n      One.\n\n      Two: on\n    tags:\n    - \"no\"\n    \
                 - \"012\"\n    options:\n      x: 5\n      w: 2.0\n      z: {{}}\n"
            )
        );
    }

    #[test]
    fn nasty_texts_read_back() {
        for text in [
            "",
            " ",
            "\t",
            "\tx\ny",
            " a\n b\n",
            "- a",
            "# a",
            "a: b",
            "a #b",
            "'",
            "\"",
            "\\",
            "~",
            "null",
            "yes",
            "1_000",
            "0x1f",
            "1e3",
            ".inf",
            "2020-01-01",
            "\u{85}",
            "\u{2028}x\n",
            "x\r\ny",
            "\n\n",
            "x\n\n\n",
            "{{a}}",
            "${x}",
            "%a",
            "@a",
            "`a",
            "|",
            ">",
            "é\u{0}",
            "a\n  b\n c",
            "x \ny ",
            "\u{FEFF}",
            "--- a",
            "...\n",
            "? a",
            "!a",
            "&a",
            "*a",
            "\u{7f}",
        ] {
            let body = json!({"a": text, "b": [text, {text: text}]});
            assert!(entry("x", &body).is_some(), "{text:?}");
        }
    }
}
