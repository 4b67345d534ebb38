//! Searches in logs, events, spans and so on: their terms, for rules to look at. Nothing of them is refused.

use super::fault::Fault;
use super::lexical::{Input, MARKER_OPEN, Outcome, at, quoted_length, rest, run_length, space, take};
use super::parsed::{Parsed, parse};
use super::tree::{Search, SearchTerm, Spanned};

/// Reads a search: `service:web @http.status_code:>=500 -env:dev "timed out"`.
pub fn search(text: &str) -> Parsed<Search> {
    parse(text, 0, |input| {
        let mut terms = Vec::new();
        let mut brackets = Vec::new();
        let mut negated = false;
        while let Some(c) = rest(input).chars().next() {
            match c {
                '(' => {
                    brackets.push(at(input));
                    take(input, 1);
                }
                ')' => {
                    if brackets.pop().is_none() {
                        unmatched(input, at(input), "closed without being opened");
                    }
                    take(input, 1);
                }
                '-' => {
                    negated = true;
                    take(input, 1);
                }
                _ => {
                    let term = term(input, negated)?;
                    negated = term.value.value.value == "NOT" && term.value.key.is_none();
                    let joint = term.value.key.is_none()
                        && matches!(term.value.value.value.as_str(), "AND" | "OR" | "NOT");
                    if !joint {
                        terms.push(term);
                    }
                }
            }
            space(input);
        }
        if let Some(open) = brackets.first() {
            unmatched(input, *open, "opened without being closed");
        }
        Ok(Search { terms })
    })
}

fn unmatched(input: &mut Input<'_>, at: usize, what: &str) {
    if input.warnings.is_empty() {
        let said = format!("a bracket of the search is {what}");
        input.warnings.push(
            Fault::new("query-syntax", at..at + 1, said).help("balance the brackets, or quote the text"),
        );
    }
}

fn term(input: &mut Input<'_>, negated: bool) -> Outcome<Spanned<SearchTerm>> {
    let start = at(input);
    let (length, colon) = term_length(rest(input));
    let text = take(input, length);
    let value_from = colon.map_or(0, |colon| colon + 1);
    let key = colon.map(|colon| Spanned { value: text[..colon].to_owned(), span: start..start + colon });
    let value = Spanned { value: text[value_from..].to_owned(), span: start + value_from..start + length };
    Ok(Spanned { value: SearchTerm { negated, key, value }, span: start..start + length })
}

/// The bytes of a term, at least one character, and where its first colon stands. What follows the colon may be
/// quoted, in brackets, or a range.
pub fn term_length(text: &str) -> (usize, Option<usize>) {
    let mut length = 0;
    let mut colon = None;
    let mut begins = true;
    while let Some(c) = text[length..].chars().next() {
        let value = begins && colon.is_some();
        let whole = match c {
            '"' if begins => quoted_length(&text[length..]),
            '(' if value => enclosed_length(&text[length..], ')'),
            '[' | '{' if begins => enclosed_length(&text[length..], if c == '[' { ']' } else { '}' }),
            MARKER_OPEN => Some(run_length(&text[length..], |_| false)).filter(|marker| *marker > 0),
            '\\' => text[length..].chars().nth(1).map(|escaped| 1 + escaped.len_utf8()),
            _ => None,
        };
        if whole.is_none() && (c.is_whitespace() || matches!(c, '(' | ')')) && length > 0 {
            break;
        }
        begins = c == ':' && colon.is_none();
        if begins {
            colon = Some(length);
        }
        length += whole.unwrap_or(c.len_utf8());
    }
    (length, colon.filter(|colon| *colon > 0))
}

/// Further on, a bracket counts as never closed: each one is looked for anew.
const LONGEST_VALUE: usize = 512;

/// The bytes from a bracket to the one that closes it, both included.
fn enclosed_length(text: &str, close: char) -> Option<usize> {
    let open = text.chars().next()?;
    let mut depth = 0_usize;
    for (at, c) in text.char_indices().take(LONGEST_VALUE) {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return Some(at + c.len_utf8());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::search;

    /// Expects each term as `[-]KEY=VALUE`, or the value alone.
    fn check(text: &str, expect: &[&str]) {
        let tree = search(text).tree.expect("a search is always read");
        let terms: Vec<String> = tree
            .terms
            .iter()
            .map(|term| {
                assert!(text[term.span.clone()].ends_with(&term.value.value.value), "{text}");
                let key = term.value.key.as_ref().map(|key| format!("{}=", key.value)).unwrap_or_default();
                format!("{}{key}{}", if term.value.negated { "-" } else { "" }, term.value.value.value)
            })
            .collect();
        assert_eq!(terms, expect, "{text}");
    }

    #[test]
    fn terms_of_searches() {
        for (text, expect) in [
            ("", &[][..]),
            ("service:web -env:dev error", &["service=web", "-env=dev", "error"]),
            ("(a:1 OR NOT b:2) AND c", &["a=1", "-b=2", "c"]),
            ("@http.status_code:[500 TO 599] @n:>=5", &["@http.status_code=[500 TO 599]", "@n=>=5"]),
            ("m:(HEAD OR PUT) \"timed out\" t:\"a b\"", &["m=(HEAD OR PUT)", "\"timed out\"", "t=\"a b\""]),
            ("$env url:http\\://x/y\\ z", &["$env", "url=http\\://x/y\\ z"]),
            ("*:(*x OR y)", &["*=(*x OR y)"]),
            ("env: prod", &["env=", "prod"]),
        ] {
            check(text, expect);
        }
    }
}
