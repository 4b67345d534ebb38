//! The smallest parts of a query: white space, words, numbers, quoted texts, and what is said when one is missing.

use std::ops::Range;

use super::fault::Fault;
use super::tree::{Number, Spanned, Text};

/// Brackets, calls, signs and negations inside each other. Real queries stay below ten.
pub const MAX_DEPTH: usize = 64;

/// The two characters around a reference that is not filled yet: Unicode noncharacters, so that no text forges them.
pub const MARKER_OPEN: char = '\u{FDD0}';
pub const MARKER_CLOSE: char = '\u{FDD1}';

pub type Outcome<T> = Result<T, Fault>;

/// What a parser reads from, and what is found on the way.
#[derive(Debug)]
pub struct Input<'s> {
    place: Place<'s>,
    depth: usize,
    pub warnings: Vec<Fault>,
    /// Faults that don't keep the rest from being read.
    pub errors: Vec<Fault>,
}

/// How far a text is read.
#[derive(Clone, Copy, Debug)]
pub struct Place<'s> {
    rest: &'s str,
    /// The byte of the user's string at which the rest begins.
    at: usize,
}

/// `base`: where the text begins in the user's string. A formula stands inside the quotes of another query.
pub fn input(text: &str, base: usize) -> Input<'_> {
    let place = Place { rest: text, at: base };
    Input { place, depth: 0, warnings: Vec::new(), errors: Vec::new() }
}

/// The byte of the user's string that comes next.
pub fn at(input: &Input<'_>) -> usize {
    input.place.at
}

pub fn rest<'s>(input: &Input<'s>) -> &'s str {
    input.place.rest
}

pub fn peek(input: &Input<'_>) -> Option<char> {
    rest(input).chars().next()
}

/// Where to come back to, if what is read next turns out to be something else.
pub fn place<'s>(input: &Input<'s>) -> Place<'s> {
    input.place
}

pub fn go_back<'s>(input: &mut Input<'s>, place: Place<'s>) {
    input.place = place;
}

/// Takes `bytes` of the text, which end on a character's border.
pub fn take<'s>(input: &mut Input<'s>, bytes: usize) -> &'s str {
    let (taken, rest) = rest(input).split_at(bytes);
    input.place = Place { rest, at: input.place.at + bytes };
    taken
}

pub fn space(input: &mut Input<'_>) {
    // Mostly there is none.
    if rest(input).starts_with(|c: char| c.is_whitespace()) {
        let bytes = rest(input).find(|c: char| !c.is_whitespace()).unwrap_or(rest(input).len());
        take(input, bytes);
    }
}

/// Takes a symbol and the white space behind it.
pub fn symbol(input: &mut Input<'_>, text: &'static str) -> bool {
    let found = rest(input).starts_with(text);
    if found {
        take(input, text.len());
        space(input);
    }
    found
}

pub fn expect_symbol(input: &mut Input<'_>, text: &'static str, what: &str) -> Outcome<()> {
    if symbol(input, text) { Ok(()) } else { Err(expected(input, what)) }
}

/// Runs a parser and notes the bytes it took.
pub fn spanned<'s, T>(
    input: &mut Input<'s>,
    parse: impl FnOnce(&mut Input<'s>) -> Outcome<T>,
) -> Outcome<Spanned<T>> {
    let start = at(input);
    let value = parse(input)?;
    Ok(Spanned { value, span: start..at(input) })
}

/// Runs a parser one level deeper, or says that the query is nested too deeply.
pub fn nested<'s, T>(input: &mut Input<'s>, parse: impl FnOnce(&mut Input<'s>) -> Outcome<T>) -> Outcome<T> {
    if input.depth >= MAX_DEPTH {
        let start = at(input);
        return Err(Fault::new(
            "query-too-deep",
            start..start,
            format!("the query is nested more than {MAX_DEPTH} levels deep"),
        )
        .help("split it into several queries or formulas"));
    }
    input.depth += 1;
    let value = parse(input);
    input.depth -= 1;
    value
}

/// Whether a name may begin with it. `$` begins a template variable, `@` an attribute.
pub fn starts_name(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '@' | '$' | MARKER_OPEN)
}

fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '@' | '$' | '.')
}

/// No address is as long; an opening character without a close is not looked for further.
const LONGEST_MARKER: usize = 1024;

/// The length of a run of characters that fit, reference markers taken whole.
pub fn run_length(text: &str, fits: impl Fn(char) -> bool) -> usize {
    let mut length = 0;
    loop {
        let ascii =
            text.as_bytes()[length..].iter().take_while(|byte| byte.is_ascii() && fits(char::from(**byte)));
        length += ascii.count();
        let Some(c) = text[length..].chars().next() else { break };
        if c == MARKER_OPEN {
            let near = text.floor_char_boundary(length + LONGEST_MARKER);
            let Some(close) = text[length..near].find(MARKER_CLOSE) else { break };
            length += close + MARKER_CLOSE.len_utf8();
        } else if fits(c) {
            length += c.len_utf8();
        } else {
            break;
        }
    }
    length
}

/// A metric, a function, a query of a formula, a keyword: letters, digits, `_`, `.`, `$`, `@`.
pub fn name<'s>(input: &mut Input<'s>, what: &str) -> Outcome<Spanned<&'s str>> {
    spanned(input, |input| match run_length(rest(input), continues_name) {
        0 => Err(expected(input, what)),
        length => Ok(take(input, length)),
    })
}

pub fn owned(name: &Spanned<&str>) -> Spanned<String> {
    Spanned { value: name.value.to_owned(), span: name.span.clone() }
}

/// The end of the name that may stand next, without taking it; 0 where none does.
pub fn name_length(input: &Input<'_>) -> usize {
    run_length(rest(input), continues_name)
}

/// `5`, `0.5`, `.5`, `1e6`; `None`, and nothing taken, where a word such as `5m` or `5xx.rate` stands.
pub fn number(input: &mut Input<'_>) -> Option<Spanned<Number>> {
    let start = at(input);
    let length = number_length(rest(input));
    if length == 0 || rest(input)[length..].starts_with(|c| continues_name(c) || c == MARKER_OPEN) {
        return None;
    }
    let text = take(input, length);
    let value = text.parse().ok()?;
    Some(Spanned { value: Number { value, text: text.to_owned() }, span: start..start + length })
}

/// The bytes of the number without a sign that a text begins with.
fn number_length(text: &str) -> usize {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(0);
    let mut length = whole;
    if text[length..].starts_with('.') {
        let fraction = digits(length + 1);
        if whole + fraction == 0 {
            return 0;
        }
        length += 1 + fraction;
    }
    if length > 0 && text[length..].starts_with(['e', 'E']) {
        let sign = usize::from(text[length + 1..].starts_with(['+', '-']));
        match digits(length + 1 + sign) {
            0 => {}
            exponent => length += 1 + sign + exponent,
        }
    }
    length
}

/// A text in single or double quotes; a backslash keeps the next character from ending it.
pub fn text(input: &mut Input<'_>) -> Outcome<Spanned<Text>> {
    spanned(input, |input| {
        let start = at(input);
        let Some(quote @ ('"' | '\'')) = peek(input) else {
            return Err(expected(input, "a quoted text"));
        };
        let Some(length) = quoted_length(rest(input)) else {
            return Err(Fault::new(
                "query-syntax",
                start..start + 1,
                format!("the text that begins with `{quote}` has no end"),
            )
            .help(format!("close it with `{quote}`")));
        };
        let raw = take(input, length);
        Ok(Text { quote, raw: raw[1..raw.len() - 1].to_owned() })
    })
}

/// The bytes of a quoted text, its quotes included; `None` where it has no end.
pub fn quoted_length(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return Some(at + c.len_utf8());
        }
    }
    None
}

/// Says what should stand here instead of what does.
pub fn expected(input: &Input<'_>, what: &str) -> Fault {
    let start = at(input);
    let found = found(rest(input));
    let range: Range<usize> = start..start + found.len();
    let said = if found.is_empty() {
        format!("expected {what}; the query ends here")
    } else {
        format!("expected {what}; found `{}`", shown(found))
    };
    let fault = Fault::new("query-syntax", range, said);
    match found.chars().next() {
        Some('“' | '”' | '„' | '‘' | '’') => fault.help("write straight quotes: `\"`"),
        _ => fault,
    }
}

/// The word or the character that stands at the beginning of a text.
fn found(text: &str) -> &str {
    let length = run_length(text, continues_name);
    let first = text.chars().next().map_or(0, char::len_utf8);
    &text[..length.max(first)]
}

/// A piece of the user's text, short and without control characters, fit to stand in a sentence.
pub fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let plain = |c: char| if c.is_control() || (MARKER_OPEN..=MARKER_CLOSE).contains(&c) { ' ' } else { c };
    let mut out: String = text.chars().take(LONGEST).map(plain).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}

/// Takes the end of the query.
pub fn end(input: &mut Input<'_>, what: &str) -> Outcome<()> {
    space(input);
    if rest(input).is_empty() { Ok(()) } else { Err(expected(input, what)) }
}

#[cfg(test)]
mod tests {
    use super::{MARKER_CLOSE, MARKER_OPEN};

    #[test]
    fn markers_are_those_of_references() {
        assert_eq!(MARKER_OPEN, crate::model::Reference::OPEN);
        assert_eq!(MARKER_CLOSE, crate::model::Reference::CLOSE);
    }
}
