//! JSON -> its value, with duplicate keys reported; and, where a place is asked for, its nodes with their bytes.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::tree::{Children, Content, MAX_DEPTH, MAX_FAULTS, MAX_NODES, Style, Tree, bytes_at};
use super::yaml_faults::{duplicate_key, no_json};
use crate::diagnostic::{At, Diagnostic, FileId, Place};

const TOO_MANY: &str = "too many values";

/// The value of a text without a byte-order mark; null where it is broken.
pub fn value(text: &str, file: FileId) -> (Value, Vec<Diagnostic>) {
    let (nodes, duplicate, large) = (Cell::new(0), Cell::new(false), Cell::new(false));
    let seed = Seed { nodes: &nodes, duplicate: &duplicate, large: &large };
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = seed.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match read {
        Ok(value) => {
            let mut faults = if duplicate.get() { duplicates(text, file) } else { Vec::new() };
            faults.extend(if large.get() { beyond_64_bits(text, file) } else { Vec::new() });
            (value, faults)
        }
        Err(error) => (Value::Null, vec![broken(text, file, &error)]),
    }
}

#[derive(Clone, Copy)]
struct Seed<'c> {
    nodes: &'c Cell<usize>,
    /// Set where a key stands twice; the places are looked up then.
    duplicate: &'c Cell<bool>,
    /// Set where a number is beyond 64 bits, or written with a point or exponent.
    large: &'c Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let nodes = self.nodes.get() + 1;
        self.nodes.set(nodes);
        if nodes > MAX_NODES {
            return Err(D::Error::custom(TOO_MANY));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        self.large.set(self.large.get() || is_large(value));
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self)?;
            if map.insert(key, value).is_some() {
                self.duplicate.set(true);
            }
        }
        Ok(Value::Object(map))
    }
}

/// Whether a number in a value may have been a whole one that lost digits.
pub fn holds_large(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64() && number.as_f64().is_some_and(is_large),
        Value::Array(items) => items.iter().any(holds_large),
        Value::Object(members) => members.values().any(holds_large),
        _ => false,
    }
}

fn is_large(number: f64) -> bool {
    number.abs() >= 9_223_372_036_854_775_808.0
}

/// Whole numbers that 64 bits don't hold: a reader makes something near them.
pub fn beyond_64_bits(text: &str, file: FileId) -> Vec<Diagnostic> {
    let tree = tree(text);
    let mut faults = Vec::new();
    for node in &tree.nodes {
        let Content::Scalar(scalar, Style::Plain) = &node.content else { continue };
        let digits = scalar.strip_prefix('-').unwrap_or(scalar);
        let is_whole = digits.len() > 18 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let fits = scalar.parse::<i64>().is_ok() || scalar.parse::<u64>().is_ok();
        if is_whole && !fits && faults.len() < MAX_FAULTS {
            faults.push(no_json(file, scalar, node.start as usize..node.end as usize));
        }
    }
    faults
}

fn duplicates(text: &str, file: FileId) -> Vec<Diagnostic> {
    let tree = tree(text);
    let mut faults = Vec::new();
    for id in 0..u32::try_from(tree.nodes.len()).unwrap_or(u32::MAX) {
        let mut seen = std::collections::HashMap::new();
        for (key, _) in tree.entries(id) {
            let name = tree.text(key).unwrap_or_default();
            if let Some(first) = seen.insert(name, key)
                && faults.len() < MAX_FAULTS
            {
                faults.push(duplicate_key(file, name, tree.range(first), tree.range(key)));
            }
        }
    }
    faults
}

/// A refusal of `serde_json`, with its place and a remedy.
fn broken(text: &str, file: FileId, error: &serde_json::Error) -> Diagnostic {
    let place = bytes_at(text, offset(text, error.line(), error.column()));
    let at = At { file, place: Place::Bytes(place.clone()) };
    let said = error.to_string();
    let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
    if said.contains("recursion limit") {
        return Diagnostic::error(
            "too-deep",
            format!("The file is nested more than {MAX_DEPTH} levels deep"),
            at,
        );
    }
    if said == TOO_MANY {
        return Diagnostic::error("too-large", format!("The file holds more than {MAX_NODES} values"), at)
            .help("spread it over several files");
    }
    let what = said.replace("EOF while parsing", "the file ends inside");
    let fault = Diagnostic::error("broken-json", format!("The JSON is broken here: {what}"), at);
    match (said, text[place].chars().next()) {
        ("trailing comma", _) => fault.help("remove the comma before the closing bracket"),
        (_, Some('/' | '#')) => fault.help("JSON has no comments: remove them, or write the file as YAML"),
        (_, Some('\'')) => fault.help("JSON quotes with `\"`"),
        (_, None) if text.trim().is_empty() => {
            fault.help("the file is empty: put an exported object into it")
        }
        (said, _) if said.starts_with("EOF") => {
            fault.help("the file ends too early: it was cut off, or a bracket or quote is never closed")
        }
        (said, _) if said.starts_with("control character") => {
            fault.help("write line breaks and tabs in texts as `\\n` and `\\t`")
        }
        _ => fault.help("check the text before this place"),
    }
}

/// The byte of a line and column as `serde_json` counts them: lines from 1, columns in bytes from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
    (start + column.saturating_sub(1)).min(text.len())
}

/// The nodes of a JSON text with their bytes. Not strict: what the reader refused comes out in part.
pub fn tree(text: &str) -> Tree<'_> {
    let mut tree = Tree::default();
    let mut open: Vec<u32> = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if tree.nodes.len() >= MAX_NODES || (open.is_empty() && !tree.nodes.is_empty()) {
            break;
        }
        let parent = open.last().copied();
        let start = at;
        at += 1;
        match byte {
            b'{' => open.push(tree.add(parent, start..at, Content::Map(Children::EMPTY))),
            b'[' => open.push(tree.add(parent, start..at, Content::List(Children::EMPTY))),
            b'}' | b']' => {
                if let Some(id) = open.pop() {
                    tree.nodes[id as usize].end = u32::try_from(at).unwrap_or(u32::MAX);
                }
            }
            b'"' => {
                at = end_of_string(bytes, at);
                let inside = text.get(start + 1..at.saturating_sub(1)).unwrap_or_default();
                tree.add(parent, start..at, Content::Scalar(decode(inside), Style::Double));
            }
            b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => {
                let ends =
                    |byte: &u8| matches!(byte, b',' | b':' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
                at += bytes[at..].iter().position(ends).unwrap_or(bytes.len() - at);
                let scalar = text.get(start..at).unwrap_or_default();
                tree.add(parent, start..at, Content::Scalar(scalar.into(), Style::Plain));
            }
        }
    }
    tree
}

/// The byte behind the closing quote of a string whose first inner byte is `from`.
fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn decode(inside: &str) -> Cow<'_, str> {
    if !inside.contains('\\') {
        return inside.into();
    }
    serde_json::from_str::<String>(&format!("\"{inside}\"")).map_or(inside.into(), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tree::Index;

    #[test]
    fn whole_numbers_beyond_64_bits_are_told() {
        let large = r#"{"a": 18446744073709551616, "b": [-9223372036854775809], "c": {"d": 99999999999999999999999999}}"#;
        assert_eq!(codes(large), ["no-json-number"; 3]);
        for fine in [
            r#"{"a": 18446744073709551615, "b": -9223372036854775808, "c": 1e30, "d": 1.0e25, "e": 0.1}"#,
            r#"{"a": "99999999999999999999999999", "b": 99999999999999999999.0}"#,
        ] {
            assert_eq!(codes(fine), [""; 0], "{fine}");
        }
    }

    fn codes(text: &str) -> Vec<&'static str> {
        value(text, FileId(0)).1.into_iter().map(|fault| fault.code).collect()
    }

    #[test]
    fn values_are_those_of_serde_json() {
        let text = r#"{"a": [1, -2, 1.5, 1e3, true, null, "x\né\u00e9"], "b": {"c": {}}}"#;
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(value(text, FileId(0)), (expected, vec![]));
    }

    #[test]
    fn faults() {
        for (text, expected) in [
            ("", &["broken-json"][..]),
            ("{\"a\": 1,}", &["broken-json"]),
            ("{} {}", &["broken-json"]),
            ("// x\n{}", &["broken-json"]),
            (r#"{"a": 1, "a": 2, "b": {"c": 1, "c": 2}}"#, &["duplicate-key"; 2]),
            (r#"{"a": 1, "\u0061": 2}"#, &["duplicate-key"]),
        ] {
            assert_eq!(codes(text), expected, "{text}");
        }
        assert_eq!(codes(&"[".repeat(100_000)), ["too-deep"]);
        assert_eq!(codes(&"{\"a\":".repeat(100_000)), ["too-deep"]);
    }

    #[test]
    fn nodes_have_their_bytes() {
        let text = r#"{"a": [1, {"b\n": "x"}], "c": true}"#;
        let tree = tree(text);
        for (pointer, expected) in
            [("", text), ("/a", r#"[1, {"b\n": "x"}]"#), ("/a/1/b\n", r#""x""#), ("/c", "true")]
        {
            let (_, node) = tree.find(pointer, &Index::default()).unwrap();
            assert_eq!(&text[tree.range(node)], expected, "{pointer}");
        }
    }
}
