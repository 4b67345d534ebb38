//! Text from outside made harmless: control characters become visible, reference markers readable.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::Value;

use crate::hidden;
use crate::model::{Reference, Secret};

/// One line: every control character, bidi override and zero-width character made visible.
pub fn clean(text: &str) -> Cow<'_, str> {
    without_keys(text, is_hostile)
}

/// As [`clean`], but line feeds and tabs stay, for text that is shown in several lines.
pub fn clean_lines(text: &str) -> Cow<'_, str> {
    without_keys(text, |c| is_hostile(c) && c != '\n' && c != '\t')
}

/// Keys first: what is cut or wrapped later can't be found as a whole.
fn without_keys(text: &str, hostile: impl Fn(char) -> bool) -> Cow<'_, str> {
    match hidden::shown(text) {
        Cow::Borrowed(text) => make_visible(text, hostile),
        Cow::Owned(text) => Cow::Owned(make_visible(&text, hostile).into_owned()),
    }
}

/// Writes the markers of references that are not known yet as a definition has them: `${monitors.a.id}`.
pub fn expressed(text: &str) -> Cow<'_, str> {
    if text.contains(Reference::OPEN) {
        let named = Reference::fill(text, &|reference| Some(reference.expression()));
        Cow::Owned(Secret::fill(&named, &|name| format!("(secret {name})")))
    } else {
        Cow::Borrowed(text)
    }
}

/// A value in whose strings [`expressed`] was done, keys left as they are.
pub fn expressed_in(value: &Value) -> Cow<'_, Value> {
    if !holds_marker(value) {
        return Cow::Borrowed(value);
    }
    let mut value = value.clone();
    fill(&mut value);
    Cow::Owned(value)
}

/// Whether a character may act on a terminal or hide what is written, instead of being seen.
pub fn is_hostile(c: char) -> bool {
    matches!(c,
        // C0, DEL and C1: cursor movements, titles, colours.
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        // Soft hyphen, combining grapheme joiner, Arabic letter mark, fillers, Mongolian separator.
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{3164}'
        // Zero width, directional marks, line and paragraph separators, embeddings, isolates.
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // Byte order mark, half-width filler, annotations, tags; noncharacters, of which two mark references.
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        | '\u{fdd0}'..='\u{fdef}')
}

fn make_visible(text: &str, hostile: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match u32::from(c) {
            _ if !hostile(c) => out.push(c),
            // Unicode has a picture for each: ␛ for escape, ␊ for a line feed.
            code @ 0..=0x1f => out.extend(char::from_u32(0x2400 + code)),
            0x7f => out.push('\u{2421}'),
            code => write!(out, "\\u{{{code:x}}}").expect("bug: writing to a string failed"),
        }
    }
    Cow::Owned(out)
}

fn holds_marker(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(Reference::OPEN),
        Value::Array(items) => items.iter().any(holds_marker),
        Value::Object(fields) => fields.values().any(holds_marker),
        _ => false,
    }
}

fn fill(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(filled) = expressed(text) {
                *text = filled;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(fill),
        Value::Object(fields) => fields.values_mut().for_each(fill),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Attribute};
    use proptest::prelude::*;

    #[test]
    fn hostile_characters_become_visible() {
        for (text, one_line, lines) in [
            ("plain é 日本 🎉", "plain é 日本 🎉", "plain é 日本 🎉"),
            ("\x1b]0;owned\x07", "␛]0;owned␇", "␛]0;owned␇"),
            ("a\nb\tc\r", "a␊b␉c␍", "a\nb\tc␍"),
            ("\u{9b}31m\x7f", "\\u{9b}31m␡", "\\u{9b}31m␡"),
            ("a\u{202e}b\u{200b}\u{feff}", "a\\u{202e}b\\u{200b}\\u{feff}", "a\\u{202e}b\\u{200b}\\u{feff}"),
            ("\u{e0041}\u{fdd0}", "\\u{e0041}\\u{fdd0}", "\\u{e0041}\\u{fdd0}"),
        ] {
            assert_eq!(clean(text), one_line);
            assert_eq!(clean_lines(text), lines);
        }
    }

    #[test]
    fn references_become_words() {
        let marker = Reference { target: Address::new("monitors", "a"), attribute: Attribute::Id }.marker();
        assert_eq!(expressed(&format!("{marker} && {marker}")), "${monitors.a.id} && ${monitors.a.id}");
        assert_eq!(
            *expressed_in(&serde_json::json!({"a": [marker], "b": 1})),
            serde_json::json!({"a": ["${monitors.a.id}"], "b": 1})
        );
    }

    proptest! {
        #[test]
        fn nothing_hostile_is_left(text in any::<String>()) {
            prop_assert!(!clean(&text).chars().any(is_hostile));
            prop_assert!(!clean_lines(&text).chars().any(|c| is_hostile(c) && c != '\n' && c != '\t'));
        }
    }
}
