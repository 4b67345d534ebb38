//! Handles in messages: who is notified. The one reader of them, for rules and for risks.

use std::ops::Range;

/// No variable's name is longer, in bytes; a text of unclosed ones must not cost quadratic time.
const VARIABLE: usize = 200;

/// How handles of services that wake people begin (Datadog's integrations and its own on-call).
const PAGERS: [&str; 6] = ["pagerduty", "opsgenie", "victorops", "oncall", "webhook", "xmatters"];

/// Whether a handle, with its `@` or without, wakes people.
pub fn is_pager(handle: &str) -> bool {
    let name = handle.trim_start_matches('@').to_ascii_lowercase();
    PAGERS.iter().any(|pager| name.starts_with(pager))
}

/// Everything in a text that stands like a handle, its `@` included: `@slack-checkout`, `@pagerduty-{{service.name}}`,
/// `@sre@example.com`, and a bare `@`. No word and no link stands before it.
pub fn handles(text: &str) -> Vec<Range<usize>> {
    // Behind the last one nothing matters.
    let end = memchr::memrchr(b'@', text.as_bytes()).map_or(0, |last| last + 1);
    let next = |from: usize, in_link: bool| {
        let rest = text.as_bytes().get(from..end)?;
        // Outside of a link there is nothing to be seen but a handle and the beginning of a link.
        let seen =
            if in_link { rest.iter().position(Link::matters) } else { memchr::memchr2(b'@', b':', rest) };
        seen.map(|seen| from + seen)
    };
    let mut found = Vec::new();
    let (mut at, mut link) = (0, Link::default());
    while let Some(seen) = next(at, link.is_open) {
        at = seen;
        let Some(c) = text[at..].chars().next() else { break };
        if c == '@' {
            let run = &text[at..at + length(&text[at..])];
            if !link.is_open && begins(&text[..at]) {
                let name = run.trim_end_matches(['.', ':', '/', '-', '_', '#', '@']);
                found.push(at..at + name.len().max(1));
            }
            at += run.len();
        } else {
            link.go_on(c, &text[at..]);
            at += c.len_utf8();
        }
    }
    found
}

/// The handles that name somebody.
pub fn named(text: &str) -> impl Iterator<Item = &str> {
    handles(text).into_iter().map(|range| &text[range]).filter(|handle| names_somebody(handle))
}

pub fn names_somebody(handle: &str) -> bool {
    handle.contains(|c: char| c.is_alphanumeric() || c == '{')
}

/// Whether a handle may begin behind a text: `{{@http.status}}` is a variable, `?query=@x` is a search.
fn begins(before: &str) -> bool {
    let in_word = before.ends_with(|c: char| c.is_alphanumeric() || "._-@/".contains(c));
    let in_search = before.ends_with(['[', '&', '=', '?']) || before.ends_with("{{");
    !in_word && !in_search
}

/// How far what may belong to a handle goes that begins a text.
fn length(text: &str) -> usize {
    let mut end = 1;
    while let Some(c) = text[end..].chars().next() {
        let rest = &text[end..];
        if c.is_alphanumeric() || "-_.+@/:#".contains(c) {
            end += c.len_utf8();
        } else if rest.starts_with("{{") && !rest[2..].starts_with(['#', '/', '^']) {
            // A variable in a handle; a block ends it.
            let Some(close) = rest[..rest.floor_char_boundary(VARIABLE)].find("}}") else { break };
            end += close + 2;
        } else {
            break;
        }
    }
    end
}

/// Whether the text stands in a link: from `://` to white space, or to the bracket around the link.
#[derive(Default)]
struct Link {
    is_open: bool,
    brackets: usize,
}

impl Link {
    /// Whether a byte may end a link, or stand in it for something. White space may have several.
    fn matters(byte: &u8) -> bool {
        !byte.is_ascii()
            || byte.is_ascii_whitespace()
            || matches!(byte, b'@' | b':' | b'(' | b')' | b'>' | b'"' | 0x0B)
    }

    fn go_on(&mut self, c: char, rest: &str) {
        match c {
            ':' if rest.starts_with("://") => *self = Self { is_open: true, brackets: 0 },
            '(' => self.brackets += 1,
            ')' if self.brackets > 0 => self.brackets -= 1,
            ')' | '>' | '"' => self.is_open = false,
            _ if c.is_whitespace() => self.is_open = false,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = handles(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn handles_are_found() {
        check("Hi @slack-a, @slack-b.", &["@slack-a", "@slack-b"]);
        check("me@x.org or @me@x.org", &["@me@x.org"]);
        check("(@slack-a) Notify:@slack-b", &["@slack-a", "@slack-b"]);
        check("{{#is_alert}}@pagerduty-x{{/is_alert}}", &["@pagerduty-x"]);
        check("@slack-{{service.name}} x", &["@slack-{{service.name}}"]);
        check("@slack-#ops", &["@slack-#ops"]);
        check("a @ b", &["@"]);
        check("ü@é @é", &["@é"]);
        check("@@", &["@"]);
    }

    #[test]
    fn searches_and_variables_are_none() {
        check("{{[@http.status].name}} {{@x.name}}", &[]);
        check("https://x/logs?query=@a", &[]);
        check("https://x/logs?query=service:a+@http.status_code:500 @slack-a", &["@slack-a"]);
        check("[logs](https://x/logs?query=(a:b)+@c)@slack-a", &["@slack-a"]);
        check("<https://x/?q=a+@b> @slack-a", &["@slack-a"]);
        check("https://user@x/", &[]);
        check("a: b: @c d: https://x?q=@d e: @f", &["@c", "@f"]);
    }

    proptest! {
        #[test]
        fn any_text_has_whole_handles(text in r"([@{}#/:.()=?& -]|://|\PC){0,60}") {
            let mut end = 0;
            for range in handles(&text) {
                prop_assert!(range.start >= end && text[range.clone()].starts_with('@'));
                end = range.end;
            }
        }
    }
}
