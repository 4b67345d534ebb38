//! Values as text: between brackets, as lines of a block, as JSON.

use serde_json::Value;

use crate::write::yaml;

/// Words that some reader of YAML takes for something else than text.
const WORDS: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~"];

/// Characters that some reader takes for the end of a line, or drops, and those that show a line to its reviewer in another
/// order: they are written with their numbers.
fn is_odd(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
        || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether a text can only be written in double quotes: no other form has numbers for characters.
pub fn wants_numbers(text: &str) -> bool {
    text.chars().any(|c| is_odd(c) || (c.is_control() && c != '\n' && c != '\t'))
}

/// Whether some reader of YAML takes a text without quotes for a number, a time (`1:30`), a word or a sign.
pub fn is_ambiguous(text: &str) -> bool {
    let is_of_numbers = |c: char| c.is_ascii_hexdigit() || "_+-.:,xXoOtTzZ ".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let lower = text.to_ascii_lowercase();
    (begins && text.chars().all(is_of_numbers))
        || WORDS.contains(&lower.as_str())
        || [".inf", "+.inf", "-.inf", ".nan"].contains(&lower.as_str())
        || ["=", "<<", ""].contains(&text)
}

/// A text in double quotes, on one line, as both YAML and JSON read it.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    for c in Value::from(text).to_string().chars() {
        match c {
            c if is_odd(c) => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}

/// Whether a text without quotes is this text to every reader, between brackets too.
fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '_'));
    let fits = |c: char| c.is_alphanumeric() || " _-./()+=*<>@%;".contains(c);
    let colons = text.replace(": ", " # ").replace(':', "");
    begins
        && !text.ends_with([' ', ':'])
        && colons.chars().all(fits)
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// A value on one line, between brackets or alone, as YAML.
pub fn flow(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let member = |(key, value): (&String, &Value)| format!("{}: {}", flow_key(key), flow(value));
            let members: Vec<String> = map.iter().map(member).collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}

pub fn flow_key(key: &str) -> String {
    if is_plain(key) && !key.contains(':') { key.to_owned() } else { quoted(key) }
}

/// A value as JSON: over several lines, each behind `indent` but the first, where `unit` says how far each level is
/// moved in; else on one.
pub fn json(value: &Value, (indent, unit, newline): (&str, Option<&str>, &str)) -> String {
    let Some(unit) = unit else {
        return spaced(value);
    };
    let deeper = format!("{indent}{unit}");
    let lines = |parts: Vec<String>, (open, close): (char, char)| {
        let parts: Vec<String> = parts.into_iter().map(|part| format!("{newline}{deeper}{part}")).collect();
        format!("{open}{}{newline}{indent}{close}", parts.join(","))
    };
    let inner = (deeper.as_str(), Some(unit), newline);
    match value {
        Value::Array(items) if !items.is_empty() => {
            lines(items.iter().map(|item| json(item, inner)).collect(), ('[', ']'))
        }
        Value::Object(map) if !map.is_empty() => {
            let member = |(key, value): (&String, &Value)| {
                format!("{}: {}", Value::from(key.as_str()), json(value, inner))
            };
            lines(map.iter().map(member).collect(), ('{', '}'))
        }
        other => other.to_string(),
    }
}

fn spaced(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let member =
                |(key, value): (&String, &Value)| format!("{}: {}", Value::from(key.as_str()), spaced(value));
            format!("{{{}}}", map.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// The lines of `key: value` in a block mapping, not moved in.
pub fn entry(key: &str, value: &Value) -> Option<Vec<String>> {
    Some(yaml::entry(key, value)?.lines().map(str::to_owned).collect())
}

/// The lines of `- value` in a block list, not moved in.
pub fn item(value: &Value) -> Option<Vec<String>> {
    let lines = yaml::entry("x", &Value::Array(vec![value.clone()]))?;
    let lines: Vec<&str> = lines.lines().skip(1).collect();
    let shift = lines.first()?.find('-')?;
    Some(lines.into_iter().map(|line| line.get(shift..).unwrap_or_default().to_owned()).collect())
}

/// What stands behind `key:`, its further lines not moved in more than the key.
pub fn value(value: &Value) -> Option<Vec<String>> {
    let mut lines = entry("x", value)?;
    let first = lines.first_mut()?;
    *first = first.strip_prefix("x:")?.to_owned();
    Some(lines)
}

/// Lines as one text: those behind the first are moved in, but for empty ones.
pub fn join(lines: &[String], indent: &str, newline: &str) -> String {
    let mut out = String::new();
    for (number, line) in lines.iter().enumerate() {
        if number > 0 {
            out.push_str(newline);
            out.push_str(if line.is_empty() { "" } else { indent });
        }
        out.push_str(line);
    }
    out
}
