//! The parts of a string -> pieces: blocks paired up, white space of block tags taken away as in Handlebars.

use std::ops::Range;
use std::rc::Rc;

use super::compile::{BLOCK_LIMIT, Compiler, Site};
use super::parse::{Block, Tag, TagForm};
use super::scan::{self, Form, Part};
use super::tree::{Expr, Piece, Text};
use super::{Fault, syntax};

/// Nobody reads more faults of one string.
const FAULT_LIMIT: usize = 10;

/// A part with its text trimmed, or its tag read.
enum Token<'a> {
    /// With where it begins in the string.
    Text(&'a str, usize),
    Tag {
        tag: Rc<Result<Tag, String>>,
        inside: &'a str,
        range: Range<usize>,
    },
}

/// A block whose end hasn't come yet.
struct Opened<'a> {
    block: Block,
    inside: &'a str,
    range: Range<usize>,
    pieces: Vec<Piece>,
    /// Set once `else` was met.
    body: Option<Vec<Piece>>,
    /// Opened by `else if`: closes together with the one around it.
    chained: bool,
}

impl Compiler<'_> {
    /// Compiles a string; all that is wrong with it where it can't be.
    pub fn text(&mut self, text: &str) -> Result<Text, Vec<Fault>> {
        if !scan::is_template(text) {
            return Ok(Text::Constant(text.into()));
        }
        let parts = scan::scan(text).map_err(|fault| vec![*fault])?;
        if let [scan::Part { form: Form::Expression(inside), range }] = parts.as_slice() {
            let tag = self.read(inside);
            if let Ok(Tag { form: TagForm::Value(parsed), .. }) = tag.as_ref() {
                let expr =
                    self.expr(parsed, &Site { inside, start: range.start + 2 }).map_err(|f| vec![*f])?;
                return Ok(match expr {
                    Expr::Constant(value) if !self.names.traced => Text::Constant(value),
                    expr => Text::Typed(expr, range.clone()),
                });
            }
        }
        let pieces = pieces(self, &parts)?;
        Ok(match pieces.as_slice() {
            [] => Text::Constant("".into()),
            [Piece::Text(text, _)] if !self.names.traced => Text::Constant(text.as_str().into()),
            _ => Text::Mixed(pieces),
        })
    }
}

fn pieces(compiler: &mut Compiler<'_>, parts: &[Part<'_>]) -> Result<Vec<Piece>, Vec<Fault>> {
    let mut faults = Vec::new();
    let tokens = tokens(compiler, parts);
    let mut pieces = Vec::new();
    let mut open: Vec<Opened<'_>> = Vec::new();
    for token in tokens {
        let result = match token {
            Token::Text(text, start) => {
                push_text(compiler, current(&mut pieces, &mut open), text, start);
                Ok(())
            }
            Token::Tag { tag, inside, range } => match tag.as_ref() {
                Ok(tag) => one(compiler, &tag.form, (inside, range), &mut pieces, &mut open),
                Err(words) => Err(syntax(words.clone(), range)
                    .help("inside `${…}` stands a name, a path, or a helper with its values")),
            },
        };
        if let Err(fault) = result {
            // What follows a broken tag would be reported for nothing.
            let fatal = fault.code == "template-syntax";
            faults.push(*fault);
            if fatal || faults.len() >= FAULT_LIMIT {
                break;
            }
        }
    }
    if faults.is_empty()
        && let Some(opened) = open.iter().rfind(|o| !o.chained)
    {
        let words = format!("`#{}` is never closed", opened.block.call.helper.text);
        let help = format!("close it with `${{/{}}}`", opened.block.call.helper.text);
        faults.push(*syntax(words, opened.range.clone()).help(help));
    }
    for _ in open.iter().filter(|opened| opened.body.is_none() && makes_frame(&opened.block)) {
        compiler.close();
    }
    // Thousands of them are held at once.
    pieces.shrink_to_fit();
    if faults.is_empty() { Ok(pieces) } else { Err(faults) }
}

fn current<'p>(pieces: &'p mut Vec<Piece>, open: &'p mut [Opened<'_>]) -> &'p mut Vec<Piece> {
    match open.last_mut() {
        Some(opened) => &mut opened.pieces,
        None => pieces,
    }
}

fn push_text(compiler: &Compiler<'_>, pieces: &mut Vec<Piece>, text: &str, start: usize) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(before, _)) if !compiler.names.traced => before.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned(), start)),
    }
}

/// Each tag's own kind of block: `each` and `with` give their inside an item.
fn makes_frame(block: &Block) -> bool {
    matches!(block.call.helper.text.as_str(), "each" | "with")
}

fn one<'a>(
    compiler: &mut Compiler<'_>,
    form: &TagForm,
    (inside, range): (&'a str, Range<usize>),
    pieces: &mut Vec<Piece>,
    open: &mut Vec<Opened<'a>>,
) -> Result<(), Box<Fault>> {
    let site = Site { inside, start: range.start + 2 };
    match form {
        TagForm::Comment => Ok(()),
        TagForm::Value(parsed) => {
            let expr = compiler.expr(parsed, &site)?;
            let pieces = current(pieces, open);
            if let Expr::Constant(value) = &expr
                && !compiler.names.traced
                && let Ok(text) = super::helper::shown(value)
            {
                push_text(compiler, pieces, &text, range.start);
            } else {
                pieces.push(Piece::Value(expr, range));
            }
            Ok(())
        }
        TagForm::Open(block) => enter(compiler, block, (inside, range), false, open),
        TagForm::Else => turn(compiler, range, open),
        TagForm::ElseOpen(block) => {
            turn(compiler, range.clone(), open)?;
            enter(compiler, block, (inside, range), true, open)
        }
        TagForm::Close(name) => leave(compiler, name, range, pieces, open),
    }
}

fn enter<'a>(
    compiler: &mut Compiler<'_>,
    block: &Block,
    (inside, range): (&'a str, Range<usize>),
    chained: bool,
    open: &mut Vec<Opened<'a>>,
) -> Result<(), Box<Fault>> {
    if open.len() >= BLOCK_LIMIT {
        return Err(syntax(format!("Blocks can't nest more than {BLOCK_LIMIT} deep"), range));
    }
    if !super::helper::is_helper(&block.call.helper.text) {
        // Its end has no partner either, so what follows would be reported for nothing.
        let mut fault = compiler.unknown_helper(&block.call.helper.text, range);
        fault.code = "template-syntax";
        return Err(fault);
    }
    if makes_frame(block) {
        let mut names = block.names.iter().cloned();
        // The values of the tag itself are read in the scope around it: see `leave`.
        compiler.open(names.next(), names.next(), true);
    }
    open.push(Opened { block: block.clone(), inside, range, pieces: Vec::new(), body: None, chained });
    Ok(())
}

/// `else`: what follows is the other branch.
fn turn(compiler: &mut Compiler<'_>, range: Range<usize>, open: &mut [Opened<'_>]) -> Result<(), Box<Fault>> {
    let Some(opened) = open.last_mut() else {
        return Err(
            syntax("`else` stands in no block", range).help("it belongs between `${#if x}` and `${/if}`")
        );
    };
    if opened.body.is_some() {
        return Err(syntax("A block can have one `else` only", range));
    }
    if makes_frame(&opened.block) {
        compiler.close();
    }
    opened.body = Some(std::mem::take(&mut opened.pieces));
    Ok(())
}

fn leave(
    compiler: &mut Compiler<'_>,
    name: &str,
    range: Range<usize>,
    pieces: &mut Vec<Piece>,
    open: &mut Vec<Opened<'_>>,
) -> Result<(), Box<Fault>> {
    loop {
        let Some(opened) = open.pop() else {
            return Err(syntax(format!("`/{name}` closes nothing"), range));
        };
        let helper = opened.block.call.helper.text.clone();
        if !opened.chained && helper != name {
            let words = format!("`/{name}` can't close `#{helper}`");
            open.push(opened);
            return Err(syntax(words, range).help(format!("close it with `${{/{helper}}}` first")));
        }
        let chained = opened.chained;
        let piece = finish(compiler, opened)?;
        current(pieces, open).push(piece);
        if !chained {
            return Ok(());
        }
    }
}

fn finish(compiler: &mut Compiler<'_>, opened: Opened<'_>) -> Result<Piece, Box<Fault>> {
    if opened.body.is_none() && makes_frame(&opened.block) {
        compiler.close();
    }
    let (body, otherwise) = match opened.body {
        Some(body) => (body, opened.pieces),
        None => (opened.pieces, Vec::new()),
    };
    let range = opened.range;
    let site = Site { inside: opened.inside, start: range.start + 2 };
    let call = &opened.block.call;
    if !makes_frame(&opened.block) {
        let condition = compiler.condition(call, &site)?;
        return Ok(Piece::If { condition, range, then: body, otherwise });
    }
    let [argument] = call.arguments.as_slice() else {
        let words =
            format!("`#{}` takes one value, and was given {}", call.helper.text, call.arguments.len());
        return Err(Fault::new("wrong-value", words).at(range));
    };
    let value = compiler.expr(argument, &site)?;
    Ok(match call.helper.text.as_str() {
        "each" => Piece::Each { list: value, range, body, otherwise },
        _ => Piece::With { value, range, body, otherwise },
    })
}

/// Reads the tags and takes white space away: what `~` asks for, and the whole line of a block tag
/// or comment that stands alone on it.
fn tokens<'a>(compiler: &mut Compiler<'_>, parts: &[Part<'a>]) -> Vec<Token<'a>> {
    let tags: Vec<Option<Rc<Result<Tag, String>>>> = parts
        .iter()
        .map(|part| match part.form {
            Form::Expression(inside) => Some(compiler.read(inside)),
            _ => None,
        })
        .collect();
    let alone: Vec<bool> = (0..parts.len()).map(|at| stands_alone(parts, &tags, at)).collect();
    let trims = |at: usize| match tags[at].as_deref() {
        Some(Ok(tag)) => tag.trim,
        _ => (false, false),
    };
    parts
        .iter()
        .enumerate()
        .map(|(at, part)| match &part.form {
            Form::Escape => Token::Text("${", part.range.start + 1),
            Form::Expression(inside) => {
                let tag = Rc::clone(tags[at].as_ref().expect("bug: every expression was read"));
                Token::Tag { tag, inside, range: part.range.clone() }
            }
            Form::Text(whole) => {
                let mut text = *whole;
                if at > 0 {
                    if trims(at - 1).1 {
                        text = text.trim_start();
                    } else if alone[at - 1] {
                        text = text.trim_start_matches([' ', '\t']);
                        text = text.strip_prefix("\r\n").or(text.strip_prefix('\n')).unwrap_or(text);
                    }
                }
                if at + 1 < parts.len() {
                    if trims(at + 1).0 {
                        text = text.trim_end();
                    } else if alone[at + 1] {
                        text = text.trim_end_matches([' ', '\t']);
                    }
                }
                // What is empty by now has no place, and needs none.
                let before = text.as_ptr() as usize - whole.as_ptr() as usize;
                Token::Text(text, part.range.start + before)
            }
        })
        .collect()
}

/// Whether a part is a block tag or comment with nothing but white space on its line, in a text of several lines.
fn stands_alone(parts: &[Part<'_>], tags: &[Option<Rc<Result<Tag, String>>>], at: usize) -> bool {
    let Some(Ok(tag)) = tags[at].as_deref() else { return false };
    if matches!(tag.form, TagForm::Value(_)) {
        return false;
    }
    let before = match at.checked_sub(1).map(|before| &parts[before].form) {
        None => Some(""),
        Some(Form::Text(text)) => Some(*text),
        Some(_) => None,
    };
    let behind = match parts.get(at + 1).map(|part| &part.form) {
        None => Some(""),
        Some(Form::Text(text)) => Some(*text),
        Some(_) => None,
    };
    let (Some(before), Some(behind)) = (before, behind) else { return false };
    let begins = match before.rsplit_once('\n') {
        Some((_, line)) => line.trim().is_empty(),
        None => at <= 1 && before.trim().is_empty(),
    };
    let ends = match behind.split_once('\n') {
        Some((line, _)) => line.trim().is_empty(),
        None => at + 2 >= parts.len() && behind.trim().is_empty(),
    };
    begins && ends && (before.contains('\n') || behind.contains('\n'))
}
