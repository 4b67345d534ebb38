//! Values, paths and counts in a few words.

use std::fmt::Write;

use serde_json::Value;
use unicode_width::UnicodeWidthChar;

use super::sanitize::{clean, expressed};
use crate::hidden;
use crate::pointer::keys;

/// A reader loses track of a short value that nests deeper.
const DEPTH: usize = 4;
/// Nor one with a longer name, in bytes.
const PATH: usize = 300;

pub use crate::model::count;

/// `1 monitor` is the caller's word; this one puts an `s` where there are several.
pub fn plural(number: usize, one: &str) -> String {
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A JSON pointer as people write it: `options.thresholds.critical`, `widgets[0].definition`.
pub fn path(pointer: &str) -> String {
    let mut out = String::new();
    for step in keys(pointer) {
        if out.len() > PATH {
            out.push('…');
            break;
        }
        if !step.is_empty() && step.len() < 8 && step.bytes().all(|b| b.is_ascii_digit()) {
            let _ = write!(out, "[{step}]");
        } else if is_word(&step) {
            let dot = if out.is_empty() { "" } else { "." };
            let _ = write!(out, "{dot}{step}");
        } else {
            let _ = write!(out, "[\"{}\"]", cut(&step, 60));
        }
    }
    if out.is_empty() { "(all of it)".to_owned() } else { out }
}

fn is_word(step: &str) -> bool {
    !step.is_empty()
        && step.len() <= 80
        && step.chars().all(|c| c.is_ascii_alphanumeric() || "_-@".contains(c))
}

/// A value in one clean line of roughly `room` columns; what is left out is counted.
pub fn short(value: &Value, room: usize) -> String {
    let mut out = String::new();
    write_short(&mut out, value, room.max(8), 0);
    out
}

/// A text in one clean line of at most `room` characters, and how many are left out.
pub fn cut(text: &str, room: usize) -> String {
    let text = expressed(text);
    let text = hidden::shown(&text);
    let Some((end, _)) = text.char_indices().nth(room) else { return clean(&text).into_owned() };
    let more = text[end..].chars().count();
    format!("{}… ({} more)", clean(&text[..end]), plural(more, "character"))
}

/// A clean text in at most so many columns.
pub fn shortened(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if width(&out) + width(c.encode_utf8(&mut [0; 4])) + 1 > most {
            break;
        }
        out.push(c);
    }
    out + "…"
}

/// Columns on a terminal.
pub fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

fn write_short(out: &mut String, value: &Value, room: usize, depth: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(is) => out.push_str(if *is { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&plain_number(number)),
        Value::String(text) => {
            let text = cut(text, room);
            let _ = write!(out, "\"{text}\"");
        }
        Value::Array(items) if depth == DEPTH && !items.is_empty() => {
            let _ = write!(out, "[{}]", plural(items.len(), "item"));
        }
        Value::Object(fields) if depth == DEPTH && !fields.is_empty() => {
            let _ = write!(out, "{{{}}}", plural(fields.len(), "field"));
        }
        Value::Array(items) => {
            write_list(out, ('[', ']'), items.len(), room, |out, at, room| {
                write_short(out, &items[at], room, depth + 1);
            });
        }
        Value::Object(fields) => {
            let fields: Vec<_> = fields.iter().collect();
            write_list(out, ('{', '}'), fields.len(), room, |out, at, room| {
                let (key, value) = fields[at];
                let _ = write!(out, "{}: ", cut(key, 40));
                write_short(out, value, room, depth + 1);
            });
        }
    }
}

/// Items with commas between, until the room is used up; then how many there are more.
fn write_list(
    out: &mut String,
    (open, close): (char, char),
    items: usize,
    room: usize,
    write_item: impl Fn(&mut String, usize, usize),
) {
    let start = out.len();
    out.push(open);
    for at in 0..items {
        let used = width(&out[start..]);
        if at > 0 && used + 4 > room {
            let _ = write!(out, ", … {} more", count(items - at));
            break;
        }
        if at > 0 {
            out.push_str(", ");
        }
        write_item(out, at, room.saturating_sub(used).max(8));
    }
    out.push(close);
}

/// `5` for `5.0`: the service writes integers as floats, and nobody cares.
fn plain_number(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => format!("{float:.0}"),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn counts() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (2_496, "2,496"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn paths() {
        for (pointer, text) in [
            ("", "(all of it)"),
            ("/options/thresholds/critical", "options.thresholds.critical"),
            ("/widgets/0/definition/title", "widgets[0].definition.title"),
            ("/options/silenced/host:a~1b", "options.silenced[\"host:a/b\"]"),
            ("/x\u{1b}[2J", "[\"x␛[2J\"]"),
        ] {
            assert_eq!(path(pointer), text);
        }
    }

    #[test]
    fn short_values() {
        for (value, room, text) in [
            (json!(5.0), 20, "5"),
            (json!(0.05), 20, "0.05"),
            (json!(null), 20, "null"),
            (json!("a\nb\u{1b}"), 20, "\"a␊b␛\""),
            (json!("0123456789"), 8, "\"01234567… (2 characters more)\""),
            (json!({"critical": 5, "warning": 2}), 40, "{critical: 5, warning: 2}"),
            (json!(["team:a", "team:b", "team:c", "team:d"]), 20, "[\"team:a\", \"team:b\", … 2 more]"),
            (json!([[[[[[1]]]]]]), 40, "[[[[[1 item]]]]]"),
            (json!([]), 20, "[]"),
        ] {
            assert_eq!(short(&value, room), text);
        }
    }

    #[test]
    fn a_long_text_is_cut_with_a_count() {
        let text = "x".repeat(10_000_000);
        assert_eq!(short(&json!(text), 10), "\"xxxxxxxxxx… (9,999,990 characters more)\"");
    }
}
