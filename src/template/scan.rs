//! Cuts a string into literal text and `${…}`, in one pass; nothing of the literal text is ever interpreted.

use std::ops::Range;

use super::{Fault, syntax};
use crate::model::Reference;

/// The longest inside of one `${…}`, in bytes.
pub const EXPRESSION_LIMIT: usize = 4096;

/// A piece of a string. The pieces in turn cover the whole of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Bytes of the string, `${` and `}` included.
    pub range: Range<usize>,
    pub form: Form<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form<'a> {
    /// Stands for itself.
    Text(&'a str),
    /// `$${`, which writes `${`.
    Escape,
    /// The inside of `${…}`.
    Expression(&'a str),
}

/// Whether a string has to be scanned at all.
pub fn is_template(text: &str) -> bool {
    // Nearly all texts hold neither a dollar nor the first byte of a marker's characters.
    memchr::memchr2(b'$', 0xEF, text.as_bytes()).is_some() && holds_template(text)
}

fn holds_template(text: &str) -> bool {
    text.contains("${") || text.contains(Reference::OPEN) || text.contains(Reference::CLOSE)
}

/// The parts of a string, or the first `${` that isn't closed.
pub fn scan(text: &str) -> Result<Vec<Part<'_>>, Box<Fault>> {
    if let Some((at, c)) = text.char_indices().find(|(_, c)| matches!(*c, Reference::OPEN | Reference::CLOSE))
    {
        return Err(Fault::new(
            "reserved-character",
            "The characters U+FDD0 and U+FDD1 can't stand in a text",
        )
        .at(at..at + c.len_utf8())
        .help("take the character out; Unicode has no meaning for it"));
    }
    let mut parts = Vec::new();
    // Where the text begins that isn't a part yet, and where to look for the next `$`.
    let (mut pending, mut from) = (0, 0);
    while let Some(dollar) = text[from..].find('$').map(|at| from + at) {
        let rest = &text[dollar..];
        let (end, form) = if rest.starts_with("$${") {
            (dollar + 3, Form::Escape)
        } else if rest.starts_with("${") && !rest.starts_with("${{") {
            let close = close(text, dollar)?;
            (close + 1, Form::Expression(&text[dollar + 2..close]))
        } else {
            from = dollar + 1;
            continue;
        };
        if pending < dollar {
            parts.push(Part { range: pending..dollar, form: Form::Text(&text[pending..dollar]) });
        }
        parts.push(Part { range: dollar..end, form });
        (pending, from) = (end, end);
    }
    if pending < text.len() {
        parts.push(Part { range: pending..text.len(), form: Form::Text(&text[pending..]) });
    }
    Ok(parts)
}

/// The pieces of a string, each with whether it is an expression or an escape. What can't be scanned is one piece.
pub fn pieces(text: &str) -> Vec<(&str, bool)> {
    let Ok(parts) = scan(text) else { return vec![(text, true)] };
    parts.into_iter().map(|part| (&text[part.range], !matches!(part.form, Form::Text(_)))).collect()
}

/// The `}` that ends the `${` at `open`: braces nest, quotes and bracketed steps of a path hide them.
fn close(text: &str, open: usize) -> Result<usize, Box<Fault>> {
    let inside = open + 2;
    let bytes = &text.as_bytes()[..text.len().min(inside + EXPRESSION_LIMIT + 1)];
    let unclosed = || unclosed(text, open, bytes.len() < text.len());
    if bytes[inside..].first() == Some(&b'!') {
        return close_comment(bytes, inside).ok_or_else(unclosed);
    }
    let mut depth = 0;
    let mut at = inside;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'}' if depth == 0 => return Ok(at),
            b'}' => depth -= 1,
            b'{' => depth += 1,
            b'"' | b'\'' => at = quote_end(bytes, at).ok_or_else(unclosed)?,
            // A step of a path: any text up to the bracket.
            b'[' if matches!(bytes[at - 1], b'.' | b'/' | b'{') => {
                at += bytes[at..].iter().position(|b| *b == b']').ok_or_else(unclosed)?;
            }
            _ => {}
        }
        at += 1;
    }
    Err(unclosed())
}

/// `${! …}`, or `${!-- … --}`, which may hold braces.
fn close_comment(bytes: &[u8], inside: usize) -> Option<usize> {
    let end: &[u8] = if bytes[inside..].starts_with(b"!--") { b"--}" } else { b"}" };
    let at = bytes[inside..].windows(end.len()).position(|window| window == end)?;
    Some(inside + at + end.len() - 1)
}

fn quote_end(bytes: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            _ if byte == bytes[open] => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

fn unclosed(text: &str, open: usize, cut: bool) -> Box<Fault> {
    let line = text[open..].lines().next().map_or(text.len(), |line| open + line.len());
    if cut {
        let words =
            format!("An expression may have at most {EXPRESSION_LIMIT} bytes; this one has no end by then");
        return syntax(words, open..open + 2).help("close it with `}`, or write `$${` for a literal `${`");
    }
    syntax("This `${` is never closed", open..line).help(
        "close it with `}` (quotes and braces inside it pair up too), or write `$${` for a literal `${`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        let shown = match scan(text) {
            Ok(parts) => parts
                .iter()
                .map(|part| match part.form {
                    Form::Text(text) => text.to_owned(),
                    Form::Escape => "<$>".to_owned(),
                    Form::Expression(inside) => format!("<{inside}>"),
                })
                .collect::<Vec<_>>()
                .join("|"),
            Err(fault) => format!("{} {:?}", fault.code, fault.range.expect("a range")),
        };
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn cuts() {
        check("plain $ {x} $x", "plain $ {x} $x");
        check("a${x}b", "a|<x>|b");
        check("${x}${y}", "<x>|<y>");
        check("$${x}", "<$>|x}");
        check("$$${x}", "$|<$>|x}");
        check("${{x}}", "${{x}}");
        check("${{x ${y}}}", "${{x |<y>|}}");
        check("{{x}}${y}{{/x}}", "{{x}}|<y>|{{/x}}");
        check("${eq env '}'}!", "<eq env '}'>|!");
        check(r#"${eq env "\"}"}"#, r#"<eq env "\"}">"#);
        check("${len {\"a\": {}}}", "<len {\"a\": {}}>");
        check("${monitors.[a}'b].id}", "<monitors.[a}'b].id>");
        check("${! it's}x", "<! it's>|x");
        check("${!-- a } b --}x", "<!-- a } b -->|x");
        check("a ${x", "template-syntax 2..5");
        check("a ${x\nb", "template-syntax 2..5");
        check("${eq 'x}", "template-syntax 0..8");
        check("a\u{FDD0}", "reserved-character 1..4");
        check("ends in $", "ends in $");
        check("é${ü}é", "é|<ü>|é");
    }

    #[test]
    fn an_expression_has_a_limit() {
        let inside = "x".repeat(EXPRESSION_LIMIT);
        check(&format!("${{{inside}}}"), &format!("<{inside}>"));
        check(&format!("${{{inside}x}}"), "template-syntax 0..2");
    }

    proptest! {
        #[test]
        fn parts_cover_the_text(text in r#"([$\{\}\['"\\\]a.! -]|\PC){0,60}"#) {
            if let Ok(parts) = scan(&text) {
                let mut end = 0;
                for part in &parts {
                    prop_assert_eq!(part.range.start, end);
                    prop_assert!(part.range.end > end);
                    end = part.range.end;
                }
                prop_assert_eq!(end, text.len());
            }
        }

        #[test]
        fn text_without_an_opening_is_itself(text in r#"([$\}\['"a]|\PC){0,60}"#) {
            prop_assume!(!text.contains("${"));
            let parts = scan(&text).expect("nothing to close");
            let joined: String = parts.iter().map(|part| &text[part.range.clone()]).collect();
            prop_assert!(parts.iter().all(|part| matches!(part.form, Form::Text(_))));
            prop_assert_eq!(joined, text);
        }

        #[test]
        fn an_escaped_text_comes_back(text in r#"([$\{\}'"a]|\PC){0,60}"#) {
            let escaped = text.replace("${", "$${");
            let back: String = scan(&escaped)
                .expect("nothing to close")
                .iter()
                .map(|part| match part.form {
                    Form::Text(text) => text,
                    Form::Escape => "${",
                    Form::Expression(_) => "an expression",
                })
                .collect();
            prop_assert_eq!(back, text);
        }
    }
}
