//! What is said about a YAML file that can't be read: one function for each type of fault.

use std::ops::Range;

use granit_parser::{ErrorKind, ScanError};

use super::tree::{MAX_DEPTH, MAX_NODES, bytes_at, short};
use crate::diagnostic::{At, Diagnostic, FileId, Place};

fn at(file: FileId, range: Range<usize>) -> At {
    At { file, place: Place::Bytes(range) }
}

/// NUL, which no text holds.
pub fn foreign_bytes(text: &str, file: FileId) -> Option<Diagnostic> {
    let nul = text.bytes().position(|byte| byte == 0)?;
    Some(
        Diagnostic::error("foreign-bytes", "The file holds a NUL byte", at(file, nul..nul + 1))
            .help("save the file as UTF-8 text"),
    )
}

pub fn second_document(file: FileId, range: Range<usize>) -> Diagnostic {
    Diagnostic::error("several-documents", "The file holds more than one YAML document", at(file, range))
        .label("the second one begins here")
        .help("put each document into a file of its own, or join their sections")
}

pub fn too_deep(file: FileId, range: Range<usize>) -> Diagnostic {
    let text = format!("The file is nested more than {MAX_DEPTH} levels deep");
    Diagnostic::error("too-deep", text, at(file, range))
}

pub fn too_many_nodes(file: FileId, range: Range<usize>) -> Diagnostic {
    let text = format!("The file holds more than {MAX_NODES} values");
    Diagnostic::error("too-large", text, at(file, range)).help("spread it over several files")
}

pub fn too_large(file: FileId, range: Range<usize>) -> Diagnostic {
    Diagnostic::error("too-large", "The file's aliases expand to more than can be read", at(file, range))
        .help("write the values out, or make a template of them")
}

pub fn unknown_anchor(file: FileId, name: &str, range: Range<usize>) -> Diagnostic {
    let text = format!("There is no anchor `&{}` before this alias", short(name));
    Diagnostic::error("unknown-anchor", text, at(file, range))
        .help("set the anchor earlier in this file, or quote a text that begins with `*`")
}

pub fn self_alias(file: FileId, range: Range<usize>) -> Diagnostic {
    Diagnostic::error("self-alias", "The alias stands for a value that contains it", at(file, range))
        .help("write the inner value out")
}

pub fn tag(file: FileId, tag: &str, range: Range<usize>) -> Diagnostic {
    Diagnostic::error("tag", format!("The tag `{}` has no meaning here", short(tag)), at(file, range))
        .help("write the value without a tag; quote it to make it a text")
}

pub fn no_json(file: FileId, text: &str, range: Range<usize>) -> Diagnostic {
    let what = if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-".contains(&byte))
        && !text.contains(['e', 'E'])
    {
        format!("The number `{}` is beyond 64 bits: it would lose digits", short(text))
    } else {
        format!("JSON has no number `{}`", short(text))
    };
    Diagnostic::error("no-json-number", what, at(file, range)).help("quote it to make it a text")
}

pub fn key_is_no_text(file: FileId, text: &str, range: Range<usize>) -> Diagnostic {
    let (what, help) = match text {
        "" => ("The key is empty".to_owned(), "write a key before the `:`".to_owned()),
        _ => (format!("The key `{}` is not text", short(text)), format!("quote it: `\"{}\"`", short(text))),
    };
    Diagnostic::error("key-is-no-text", what, at(file, range)).help(help)
}

pub fn key_is_collection(file: FileId, range: Range<usize>) -> Diagnostic {
    Diagnostic::error("key-is-no-text", "A list or mapping can't be a key", at(file, range))
        .help("write a text as key; quote a text that begins with `[` or `{`")
}

pub fn duplicate_key(file: FileId, name: &str, first: Range<usize>, second: Range<usize>) -> Diagnostic {
    let fault = Diagnostic::error(
        "duplicate-key",
        format!("The key `{}` stands twice", short(name)),
        at(file, second),
    )
    .also("it stands first here", at(file, first));
    match name {
        "<<" => fault.help("merge several mappings by a list: `<<: [*one, *other]`"),
        _ => fault.help("remove one of them"),
    }
}

pub fn bad_merge(file: FileId, range: Range<usize>) -> Diagnostic {
    Diagnostic::error("bad-merge", "`<<` merges a mapping, or a list of mappings", at(file, range))
        .help("name an anchor of a mapping, as in `<<: *defaults`")
}

/// `key: {{host.name}} is down`.
pub fn unquoted_braces(text: &str, file: FileId, start: usize) -> Diagnostic {
    let line = text[start..].lines().next().unwrap_or_default().trim_end();
    let what = "A text that begins with `{{` must be quoted";
    Diagnostic::error("unquoted-template", what, at(file, start..start + line.len()))
        .label("YAML reads this as a mapping")
        .help("quote the whole text, or write it as a block with `|`")
}

/// A fault of the parser, in our words. `bracket`: where the bracket stands that is open around it.
pub fn syntax(text: &str, file: FileId, error: &ScanError, bracket: Option<usize>) -> Diagnostic {
    let mark = text.floor_char_boundary(error.marker().byte_offset().unwrap_or(text.len()));
    if let Some(start) = unquoted_template(text, mark) {
        let end = text[mark..].find(['}', '\n']).map_or(mark + 1, |length| mark + length);
        // Of `${{…}}` both braces belong to it.
        let braces = text[end..].chars().take_while(|c| *c == '}').count();
        let opened = text[mark..].chars().take_while(|c| *c == '{').count();
        let end = end + braces.min(opened);
        let what = "A `${…}` between braces or brackets must be quoted";
        return Diagnostic::error("unquoted-template", what, at(file, start..end))
            .label("YAML reads this brace as a mapping")
            .help(format!("quote it: `\"{}\"`", short(&text[start..end])));
    }
    if let Some(tab) = tab(text, mark, error.kind()) {
        return Diagnostic::error("tab", "A tab can't indent a line of YAML", at(file, tab..tab + 1))
            .help("indent with spaces");
    }
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        return too_deep(file, bytes_at(text, mark));
    }
    let (what, help) = explain(error.kind());
    let mut fault = Diagnostic::error("broken-yaml", what, at(file, bytes_at(text, mark)));
    if !help.is_empty() {
        fault = fault.help(help);
    }
    if matches!(
        error.kind(),
        ErrorKind::InvalidQuotedScalarIndent | ErrorKind::DocumentIndicatorInQuotedScalar
    ) && let Some(quote) = opening_quote(text, mark)
    {
        fault = fault.also("the quote opens here", at(file, quote..quote + 1));
    }
    if let Some(bracket) = bracket.filter(|bracket| *bracket < mark) {
        fault = fault.also("this bracket is still open", at(file, bracket..bracket + 1));
    }
    fault
}

/// The quote before a place that can open a text: the first character of a value.
fn opening_quote(text: &str, mark: usize) -> Option<usize> {
    let before = &text[..mark];
    before.rmatch_indices(['"', '\'']).map(|(quote, _)| quote).find(|quote| {
        before[..*quote].chars().next_back().is_none_or(|c| matches!(c, ' ' | '\n' | '[' | '{' | ','))
    })
}

/// Where the word with a `${` begins whose brace YAML took for a mapping.
fn unquoted_template(text: &str, mark: usize) -> Option<usize> {
    if !text[mark..].starts_with('{') || !text[..mark].ends_with('$') {
        return None;
    }
    let before = text[..mark].trim_end_matches(|c: char| !matches!(c, ' ' | ',' | '[' | '{' | '\n' | '\t'));
    Some(before.len())
}

/// The tab that indents the line of a fault, or the one after it (the parser sees some of them late).
fn tab(text: &str, mark: usize, kind: &ErrorKind) -> Option<usize> {
    let said = matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabAtBlockScalarStart
    );
    let from = text[..mark].rfind('\n').map_or(0, |newline| newline + 1);
    let mut offset = from;
    // The fault may be reported at the end of the line before; two lines are looked at.
    for line in text[from..].split_inclusive('\n').take(if said { 2 } else { 1 }) {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line[..indent].find('\t') {
            return Some(offset + tab);
        }
        offset += line.len();
    }
    let at_mark = said && text[mark..].starts_with('\t');
    at_mark.then_some(mark)
}

/// A fault's sentence and remedy.
#[allow(clippy::too_many_lines, reason = "a table of messages")]
fn explain(kind: &ErrorKind) -> (String, &'static str) {
    let (what, help) = match kind {
        ErrorKind::UnclosedQuotedScalar => ("The quote that opens here is never closed", "close it"),
        ErrorKind::UnclosedFlowCollection { open } => {
            return (format!("The `{open}` that opens here is never closed"), "close it");
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("`{open}` is closed by `{close}`"), "make the two fit");
        }
        ErrorKind::MisplacedFlowCollectionEnd => {
            ("This closes nothing", "remove it, or quote the text that it belongs to")
        }
        ErrorKind::UnexpectedCharacter { character } => return unexpected(*character),
        ErrorKind::InvalidQuotedScalarIndent | ErrorKind::DocumentIndicatorInQuotedScalar => {
            ("A quoted text goes on in this line", "close its quote, or indent this line deeper than its key")
        }
        ErrorKind::InvalidColonPlacement => {
            ("A `:` can't stand here", "close the bracket before, or quote a text that holds a `:`")
        }
        ErrorKind::MappingValueNotAllowed => (
            "A `:` can't stand here",
            "quote a text that holds `: `, or check the indentation of this line and the one before",
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("A `:` is missing behind this key", "write `key: value`, or indent a text that goes on here")
        }
        ErrorKind::ExpectedFlowMappingSeparator => ("A `,` or `}` is missing here", ""),
        ErrorKind::ExpectedFlowSequenceSeparator => ("A `,` or `]` is missing here", ""),
        ErrorKind::ExpectedBlockMappingKey => (
            "A key was expected here",
            "check the indentation; quote a text that goes on behind a quote or brace",
        ),
        ErrorKind::ExpectedBlockSequenceEntry => {
            ("A list item (`- …`) was expected here", "check the indentation")
        }
        ErrorKind::BlockSequenceEntryNotAllowed => (
            "A list item can't stand here",
            "put it on a line of its own, or quote a text that begins with `- `",
        ),
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            ("A text goes on behind its closing quote", "quote the whole text")
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            ("The text holds an escape that YAML doesn't know", "double the backslash, or use single quotes")
        }
        ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate
        | ErrorKind::InvalidUnicodeEscape => {
            ("The text holds a broken Unicode escape", "double the backslash, or use single quotes")
        }
        ErrorKind::MissingAnchorOrAliasName => {
            ("An anchor or alias has no name", "quote a text that begins with `*` or `&`")
        }
        ErrorKind::InvalidIndentation
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::InvalidBlockScalarIndent => {
            ("This line is indented wrongly", "indent it like its siblings")
        }
        ErrorKind::InvalidBlockScalarHeader | ErrorKind::ZeroBlockScalarIndent => (
            "The header of this block text is broken",
            "write `|`, `|-` or `>` and begin the text on the next line",
        ),
        ErrorKind::BomInsideDocument => ("A byte-order mark stands inside the file", "remove it"),
        ErrorKind::DirectiveDisallowed
        | ErrorKind::MissingDocumentEndBeforeDirective
        | ErrorKind::UnsupportedYamlMajorVersion => {
            ("A `%` directive can't stand here", "quote a text that begins with `%`")
        }
        ErrorKind::UndeclaredTagHandle => {
            ("The tag's handle is unknown", "quote a text that begins with `!`")
        }
        _ => return (format!("The YAML is broken here ({})", words(kind)), "check the lines around"),
    };
    (what.to_owned(), help)
}

fn unexpected(character: char) -> (String, &'static str) {
    if matches!(character, '@' | '`' | '%' | '|' | '>') {
        return (format!("A text that begins with `{character}` must be quoted"), "quote the whole text");
    }
    (
        format!("The character U+{:04X} can't stand here", character as u32),
        "remove it, or write it as an escape in double quotes",
    )
}

/// `InvalidTagEscape { … }` -> `invalid tag escape`.
fn words(kind: &ErrorKind) -> String {
    let name = format!("{kind:?}");
    let name = name.split([' ', '(']).next().unwrap_or_default();
    let mut words = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}
