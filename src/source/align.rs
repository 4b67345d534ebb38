//! Bytes of a decoded string -> bytes of the file, through quotes, escapes, folding and indentation.

use std::ops::Range;

use super::tree::{Style, clamp};

/// Where bytes `within` of the decoded text stand in the file. `source` is the file's text, `node`
/// the scalar's own bytes in it.
///
/// Folding adds and removes only white space, so the other characters of both sides stand in the
/// same order: they are matched one by one, and white space falls between them. Where the two don't
/// fit, the whole scalar is meant.
pub fn within(
    source: &str,
    node: Range<usize>,
    style: Style,
    text: &str,
    within: &Range<usize>,
) -> Range<usize> {
    let quoted = matches!(style, Style::Single | Style::Double);
    let inner = if quoted && node.len() >= 2 { node.start + 1..node.end - 1 } else { node.clone() };
    let Some(inside) = source.get(inner.clone()) else { return node };
    if inside == text {
        return clamp(source, &(inner.start + within.start..inner.start + within.end));
    }
    let mut raw = Raw { inside, at: 0, style };
    let (mut start, mut end) = (None, None);
    for (offset, expected) in text.char_indices() {
        if within.end <= offset && start.is_some() {
            break;
        }
        let Some(unit) = raw.advance(expected) else { return node };
        if start.is_none() && within.start < offset + expected.len_utf8() {
            start = Some(unit.start);
        }
        if start.is_some() && offset < within.end {
            end = Some(unit.end);
        }
    }
    let start = start.unwrap_or(raw.at);
    let end = end.unwrap_or(start).max(start);
    inner.start + start..inner.start + end
}

/// A scalar as written, read unit by unit: a character, or an escape.
struct Raw<'t> {
    inside: &'t str,
    at: usize,
    style: Style,
}

impl Raw<'_> {
    /// The bytes that stand for the next decoded character.
    fn advance(&mut self, expected: char) -> Option<Range<usize>> {
        if is_space(expected) {
            return Some(self.space(expected));
        }
        loop {
            let (found, length) = self.unit()?;
            let start = self.at;
            self.at += length;
            match found {
                Some(found) if found == expected => return Some(start..self.at),
                Some(found) if is_space(found) => {}
                None => {}
                Some(_) => return None,
            }
        }
    }

    /// White space may stand for itself, for a line break that was folded, or for nothing.
    fn space(&mut self, expected: char) -> Range<usize> {
        let start = self.at;
        if let Some((Some(found), length)) = self.unit() {
            if found == expected {
                self.at += length;
                return start..self.at;
            }
            if is_space(found) {
                let rest = &self.inside[start..];
                self.at += rest.len() - rest.trim_start_matches(is_space).len();
            }
        }
        start..self.at
    }

    /// The next character that the source stands for (none for an escaped line break), and its length.
    fn unit(&self) -> Option<(Option<char>, usize)> {
        let rest = &self.inside[self.at..];
        let first = rest.chars().next()?;
        match (self.style, first) {
            (Style::Double, '\\') => Some(escape(rest)),
            (Style::Single, '\'') if rest.starts_with("''") => Some((Some('\''), 2)),
            _ => Some((Some(first), first.len_utf8())),
        }
    }
}

/// An escape of YAML or JSON at the begin of a text.
fn escape(rest: &str) -> (Option<char>, usize) {
    let Some(letter) = rest[1..].chars().next() else { return (None, 1) };
    let length = 1 + letter.len_utf8();
    let decoded = match letter {
        '\r' | '\n' => {
            let blank = &rest[length..];
            return (None, length + blank.len() - blank.trim_start_matches(is_space).len());
        }
        'x' => return hex(rest, 2),
        'u' => return hex(rest, 4),
        'U' => return hex(rest, 8),
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        other => other,
    };
    (Some(decoded), length)
}

/// `\u00e9`, and the two halves of a surrogate pair as one.
fn hex(rest: &str, digits: usize) -> (Option<char>, usize) {
    let code =
        |from: usize| rest.get(from..from + digits).and_then(|text| u32::from_str_radix(text, 16).ok());
    let length = 2 + digits;
    let Some(first) = code(2) else { return (None, 2) };
    if let (0xD800..=0xDBFF, true) = (first, rest[length..].starts_with("\\u"))
        && let Some(second @ 0xDC00..=0xDFFF) = code(length + 2)
    {
        let joined = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return (char::from_u32(joined), 2 * length);
    }
    (char::from_u32(first), length)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::FileId;
    use crate::source::tree::{Content, Index};
    use crate::source::{json, yaml};

    /// Finds `part` in the decoded text at `/a`, and expects to be led to `expected` in the source.
    fn check(source: &str, part: &str, expected: &str) {
        let yaml = yaml::parse(source, FileId(0)).tree;
        let trees = if source.starts_with('{') { vec![yaml, json::tree(source)] } else { vec![yaml] };
        for tree in trees {
            let (_, node) = tree.find("/a", &Index::default()).unwrap();
            let Content::Scalar(text, style) = &tree.node(node).content else {
                panic!("no scalar: {source}")
            };
            let at = text.find(part).unwrap_or_else(|| panic!("{text:?} holds no {part:?}"));
            let range = super::within(source, tree.range(node), *style, text, &(at..at + part.len()));
            assert_eq!(&source[range], expected, "{source:?}");
        }
    }

    #[test]
    fn parts_are_found_in_the_source() {
        check("a: one two", "two", "two");
        check("a: one\n  two\n  three", "three", "three");
        check("a: one\n  two", "one two", "one\n  two");
        check("a: 'it''s ${x}'", "${x}", "${x}");
        check("a: 'it''s ${x}'", "'s", "''s");
        check("a: \"\\tä\\u00e4${x}\"", "${x}", "${x}");
        check("a: \"\\tä\\u00e4${x}\"", "ää", "ä\\u00e4");
        check("a: \"x\\\n   y ${z}\"", "${z}", "${z}");
        check("a: \"x\n\n   y ${z}\"", "${z}", "${z}");
        check("a: |\n  one\n\n    two ${x}\n  three\n", "${x}", "${x}");
        check("a: |-\r\n  one\r\n  ${x}\r\n", "${x}", "${x}");
        check("a: >\n  one\n  two\n\n  ${x}\n   more\n  last\n", "${x}", "${x}");
        check("a: >\n  one\n  two\n\n  ${x}\n   more\n  last\n", "last", "last");
        check(r#"{"a": "x\n\ud83d\ude00 \"${y}\" \/"}"#, "${y}", "${y}");
        check(r#"{"a": "x\n\ud83d\ude00 \"${y}\" \/"}"#, "😀", r"\ud83d\ude00");
        check(r#"{"a": "x\n${y}"}"#, "\n", "\\n");
        check("a: ''", "", "");
    }
}
