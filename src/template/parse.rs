//! The inside of `${…}` -> a tree. Bare paths are read by us, everything else by Handlebars' own parser.

use std::ops::Range;

use handlebars::template::{BlockParam, HelperTemplate, Parameter, Template, TemplateElement};
use serde_json::Value;

use super::locate::Cursor;
use super::path::{self, Path};

/// How deep brackets may nest in one expression: the parser behind it recurses.
const NESTING_LIMIT: usize = 24;

/// One `${…}`, as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    pub form: TagForm,
    /// `${~ …}` takes the white space before it away, `${… ~}` that behind it.
    pub trim: (bool, bool),
}

#[derive(Clone, Debug, PartialEq)]
pub enum TagForm {
    Value(Parsed),
    /// `#if x`, `#each list as |item key|`.
    Open(Block),
    /// `else if x`.
    ElseOpen(Block),
    Else,
    /// `/if`
    Close(String),
    Comment,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub call: ParsedCall,
    /// The names behind `as |…|`.
    pub names: Vec<String>,
}

/// An expression as written; names mean nothing yet.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    Path(Path, Word),
    Literal(Value, Range<usize>),
    Call(ParsedCall),
}

/// A word as written, and its bytes in the expression; none: all of it is meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    pub text: String,
    pub range: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ParsedCall {
    pub helper: Word,
    pub arguments: Vec<Parsed>,
    /// `key=value`, sorted by key.
    pub options: Vec<(Word, Parsed)>,
}

/// Reads the inside of `${…}`; the error is a full sentence.
pub fn tag(inside: &str) -> Result<Tag, String> {
    if inside.starts_with('!') {
        return Ok(Tag { form: TagForm::Comment, trim: (false, false) });
    }
    let (before, rest) = strip_tilde(inside.trim(), |text| text.strip_prefix('~'));
    let (behind, rest) = strip_tilde(rest, |text| text.strip_suffix('~'));
    let mut form = form(rest.trim())?;
    locate(&mut form, inside);
    Ok(Tag { form, trim: (before, behind) })
}

/// Gives every word its bytes in the inside of a `${…}`.
fn locate(form: &mut TagForm, inside: &str) {
    let mut cursor = Cursor::new(inside);
    cursor.eat("~");
    match form {
        TagForm::Value(parsed) => cursor.value(parsed),
        TagForm::Open(block) => cursor.eat("#").then(|| cursor.call(&mut block.call)).flatten(),
        TagForm::ElseOpen(block) => cursor.eat("else").then(|| cursor.call(&mut block.call)).flatten(),
        TagForm::Else | TagForm::Close(_) | TagForm::Comment => None,
    };
}

fn strip_tilde<'a>(text: &'a str, strip: impl Fn(&'a str) -> Option<&'a str>) -> (bool, &'a str) {
    strip(text).map_or((false, text), |rest| (true, rest))
}

fn form(text: &str) -> Result<TagForm, String> {
    if let Some(block) = text.strip_prefix('#') {
        return Ok(TagForm::Open(open(block)?));
    }
    if let Some(name) = text.strip_prefix('/') {
        return Ok(TagForm::Close(name.trim().to_owned()));
    }
    if matches!(text, "else" | "^") {
        return Ok(TagForm::Else);
    }
    if let Some(block) = text.strip_prefix("else").filter(|rest| rest.starts_with(char::is_whitespace)) {
        return Ok(TagForm::ElseOpen(open(block)?));
    }
    Ok(TagForm::Value(expression(text)?))
}

/// An expression that gives a value.
pub fn expression(text: &str) -> Result<Parsed, String> {
    if let Some(path) = path::parse(text) {
        return Ok(Parsed::Path(path, word(text.trim())));
    }
    if text.trim().is_empty() {
        return Err("An expression can't be empty".to_owned());
    }
    if let Some(sign) = text.trim_start().chars().next().filter(|c| ">*&^#/{".contains(*c)) {
        return Err(format!("An expression can't begin with `{sign}`"));
    }
    let element = single(&format!("{{{{{{ {text} }}}}}}"), text)?;
    match element {
        TemplateElement::HtmlExpression(call) | TemplateElement::Expression(call) => call_of(&call, text),
        _ => Err(unreadable(text)),
    }
}

/// What a loop outside of a text runs over: an expression, or a list written out.
pub fn list(text: &str) -> Result<Parsed, String> {
    let mut parsed = list_or_expression(text)?;
    Cursor::new(text).value(&mut parsed);
    Ok(parsed)
}

fn list_or_expression(text: &str) -> Result<Parsed, String> {
    if !text.starts_with('[') {
        return expression(text);
    }
    // Where values stand, Handlebars takes a bracket for a list before it takes it for a path.
    check_nesting(text)?;
    match Parameter::parse(text) {
        Ok(Parameter::Literal(value)) => Ok(Parsed::Literal(value, 0..0)),
        _ => expression(text),
    }
}

/// What stands behind `#` or `else`.
fn open(text: &str) -> Result<Block, String> {
    let name: String = text.trim().chars().take_while(|c| !c.is_whitespace()).collect();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(unreadable(text));
    }
    match single(&format!("{{{{#{text} }}}}{{{{/{name}}}}}"), text)? {
        TemplateElement::HelperBlock(block) => {
            let arguments = block.params.iter().map(|p| parameter(p, text)).collect::<Result<_, _>>()?;
            let call = ParsedCall { helper: word(&name), arguments, options: options(&block, text)? };
            Ok(Block { call, names: block_names(block.block_param.as_ref()) })
        }
        _ => Err(unreadable(text)),
    }
}

/// The one element that a template consists of.
fn single(template: &str, text: &str) -> Result<TemplateElement, String> {
    check_nesting(text)?;
    let compiled = Template::compile(template).map_err(|_| unreadable(text))?;
    let mut elements = compiled.elements.into_iter();
    match (elements.next(), elements.next()) {
        (Some(element), None) => Ok(element),
        _ => Err(unreadable(text)),
    }
}

fn check_nesting(text: &str) -> Result<(), String> {
    let nesting = text.bytes().filter(|b| matches!(b, b'(' | b'[' | b'{')).count();
    if nesting > NESTING_LIMIT {
        return Err(format!("An expression may have at most {NESTING_LIMIT} brackets"));
    }
    Ok(())
}

fn call_of(call: &HelperTemplate, text: &str) -> Result<Parsed, String> {
    if call.params.is_empty() && call.hash.is_empty() {
        return parameter(&call.name, text);
    }
    let helper = word(call.name.as_name().ok_or_else(|| unreadable(text))?);
    let arguments = call.params.iter().map(|p| parameter(p, text)).collect::<Result<_, _>>()?;
    Ok(Parsed::Call(ParsedCall { helper, arguments, options: options(call, text)? }))
}

fn options(call: &HelperTemplate, text: &str) -> Result<Vec<(Word, Parsed)>, String> {
    let mut options = call
        .hash
        .iter()
        .map(|(key, value)| Ok((word(key), parameter(value, text)?)))
        .collect::<Result<Vec<_>, String>>()?;
    options.sort_by(|(a, _), (b, _)| a.text.cmp(&b.text));
    Ok(options)
}

fn parameter(parameter: &Parameter, text: &str) -> Result<Parsed, String> {
    match parameter {
        Parameter::Literal(value) => Ok(Parsed::Literal(value.clone(), 0..0)),
        Parameter::Subexpression(sub) => match sub.as_element() {
            TemplateElement::Expression(call) => call_of(call, text),
            _ => Err(unreadable(text)),
        },
        Parameter::Name(_) | Parameter::Path(_) => {
            let raw = parameter.as_name().unwrap_or_default().trim();
            // Handlebars keeps no text for a lone `this`.
            let raw = if raw.is_empty() { "this" } else { raw };
            let path = path::parse(raw).ok_or_else(|| unreadable(text))?;
            Ok(Parsed::Path(path, word(raw)))
        }
        _ => Err(unreadable(text)),
    }
}

/// A word that has no place yet.
fn word(word: &str) -> Word {
    Word { text: word.to_owned(), range: 0..0 }
}

fn block_names(names: Option<&BlockParam>) -> Vec<String> {
    let name = |parameter: &Parameter| parameter.as_name().unwrap_or_default().to_owned();
    match names {
        Some(BlockParam::Single(value)) => vec![name(value)],
        Some(BlockParam::Pair((value, key))) => vec![name(value), name(key)],
        _ => Vec::new(),
    }
}

fn unreadable(text: &str) -> String {
    let text = text.trim();
    let short: String = text.chars().take(60).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("`{short}{dots}` can't be read as an expression")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn show(parsed: &Parsed) -> String {
        match parsed {
            Parsed::Path(_, word) => word.text.clone(),
            Parsed::Literal(value, _) => value.to_string(),
            Parsed::Call(call) => format!("({})", show_call(call)),
        }
    }

    fn show_call(call: &ParsedCall) -> String {
        let mut out = call.helper.text.clone();
        for argument in &call.arguments {
            out += &format!(" {}", show(argument));
        }
        for (key, value) in &call.options {
            out += &format!(" {}={}", key.text, show(value));
        }
        out
    }

    fn check(inside: &str, expected: &str) {
        let shown = match tag(inside) {
            Err(_) => "error".to_owned(),
            Ok(Tag { form, trim }) => {
                let block = |block: &Block| format!("{} |{}|", show_call(&block.call), block.names.join(" "));
                let shown = match form {
                    TagForm::Value(parsed) => show(&parsed),
                    TagForm::Open(open) => format!("open {}", block(&open)),
                    TagForm::ElseOpen(open) => format!("else {}", block(&open)),
                    TagForm::Else => "else".to_owned(),
                    TagForm::Close(name) => format!("close {name}"),
                    TagForm::Comment => "comment".to_owned(),
                };
                format!("{}{shown}{}", if trim.0 { "~" } else { "" }, if trim.1 { "~" } else { "" })
            }
        };
        assert_eq!(shown, expected, "{inside}");
    }

    /// Every word and literal of an expression with its bytes, in the order of the bytes.
    fn places(parsed: &Parsed, found: &mut Vec<(String, Range<usize>)>) {
        match parsed {
            Parsed::Path(_, word) => found.push((word.text.clone(), word.range.clone())),
            Parsed::Literal(value, range) => found.push((value.to_string(), range.clone())),
            Parsed::Call(call) => {
                let helper = [(call.helper.text.clone(), call.helper.range.clone())];
                let keys = call.options.iter().map(|(key, _)| (key.text.clone(), key.range.clone()));
                found.extend(helper.into_iter().chain(keys));
                let values = call.options.iter().map(|(_, value)| value);
                call.arguments.iter().chain(values).for_each(|value| places(value, found));
            }
        }
        found.sort_by_key(|(_, range)| (range.start, range.end));
    }

    fn check_places(inside: &str, expected: &[&str]) {
        let parsed = match tag(inside).expect("an expression").form {
            TagForm::Value(parsed) => parsed,
            TagForm::Open(block) | TagForm::ElseOpen(block) => Parsed::Call(block.call),
            other => panic!("{inside} is {other:?}"),
        };
        let mut found = Vec::new();
        places(&parsed, &mut found);
        let found: Vec<&str> = found.into_iter().map(|(_, range)| &inside[range]).collect();
        assert_eq!(found, expected, "{inside}");
    }

    #[test]
    fn words_have_their_places() {
        check_places("nope", &["nope"]);
        check_places(" ~ nope ~ ", &["nope"]);
        check_places("join 'nope' nope", &["join", "'nope'", "nope"]);
        check_places(r#"eq "a\" nope" nope"#, &["eq", r#""a\" nope""#, "nope"]);
        check_places("eq '(nope' (eq (nope) 1)", &["eq", "'(nope'", "eq", "nope", "1"]);
        check_places("mul (add n 1) n", &["mul", "add", "n", "1", "n"]);
        check_places("(eq n 1)", &["eq", "n", "1"]);
        check_places("len [\"n]\", [1]] n", &["len", "[\"n]\", [1]]", "n"]);
        check_places("len {\"n\": 1} n.[n m].n", &["len", "{\"n\": 1}", "n.[n m].n"]);
        check_places("[a b].c", &["[a b].c"]);
        check_places("add 1 1.5 -1 true null", &["add", "1", "1.5", "-1", "true", "null"]);
        check_places("join b=b a a='b' b", &["join", "b", "b", "a", "a", "'b'", "b"]);
        check_places("join this ../this", &["join", "this", "../this"]);
        check_places(".", &["."]);
        check_places("lookup ../n @index", &["lookup", "../n", "@index"]);
        check_places("#if if", &["if", "if"]);
        check_places("~#each each.each as |each i|", &["each", "each.each"]);
        check_places("else if (eq else 1)", &["if", "eq", "else", "1"]);
        check_places("eq 'ü' ü", &["eq", "'ü'", "ü"]);
    }

    proptest! {
        /// Whatever the parser takes has places that say what they name, in order and apart.
        #[test]
        fn what_is_read_stands_somewhere(
            words in prop::collection::vec(
                select(vec!["a", "b.[c d]", "'a'", "\"b\"", "(", ")", "1", "-2.5", "k=", "[1, 2]", "{\"a\": 1}", "true", "this", ".", "..", "@index", "ü"]),
                1..12,
            ),
            open in any::<bool>(),
        ) {
            let inside = format!("{}{}", if open { "#a " } else { "" }, words.join(" ").replace("= ", "="));
            // Of an option that is given twice the parser keeps the last.
            prop_assume!(inside.matches("k=").count() < 2);
            let parsed = match tag(&inside).map(|tag| tag.form) {
                Ok(TagForm::Value(parsed)) => parsed,
                Ok(TagForm::Open(block)) => Parsed::Call(block.call),
                _ => return Ok(()),
            };
            let mut found = Vec::new();
            places(&parsed, &mut found);
            let mut end = 0;
            for (text, range) in found {
                prop_assert!(range.start >= end && range.end > range.start, "{inside}: {text} at {range:?}");
                end = range.end;
                prop_assert!(inside.is_char_boundary(range.start) && inside.is_char_boundary(end));
            }
        }
    }

    #[test]
    fn tags() {
        check("name", "name");
        check(" a.[b c].d ", "a.[b c].d");
        check("mul timeout 900", "(mul timeout 900)");
        check("mul (add a 1) -2.5", "(mul (add a 1) -2.5)");
        check("(eq a 'x')", "(eq a \"x\")");
        check(r#"eq a "q\"}""#, r#"(eq a "q\"}")"#);
        check("default each.x null", "(default each.x null)");
        check("join list sep=', ' a=1", "(join list a=1 sep=\", \")");
        check("len [1, 2]", "(len [1,2])");
        check("lookup ../this @index", "(lookup ../this @index)");
        check("eq this 1", "(eq this 1)");
        check("lookup monitors.[a/b].id 1", "(lookup monitors.[a/b].id 1)");
        check("#if x", "open if x ||");
        check("#each a.b as |item key|", "open each a.b |item key|");
        check("else", "else");
        check("^", "else");
        check("else if (eq a 1)", "else if (eq a 1) ||");
        check("/if", "close if");
        check("~ x ~", "~x~");
        check("~#if x~", "~open if x ||~");
        check("! anything", "comment");
        for wrong in
            ["", "a b }}} {{{c", "> partial", "* x", "&x", "a (", "eq 'a", "#", "# a.b c", "{{x}}", "a.b c"]
        {
            check(wrong, "error");
        }
        check(&"(".repeat(3000), "error");
    }
}
