//! A compiled body as JSON text with holes: what is the same in every instance is printed once.

use std::ops::Range;

use serde_json::Value;

use super::body::{Item, Node, render, spread};
use super::fault::Faults;
use super::site::SiteId;
use crate::model::{self, is_shallow};
use crate::template::{Borrowed, Run, Text, is_template};

/// A body that is rendered to text, piece by piece.
#[derive(Debug)]
pub struct Printed {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Fixed(String),
    /// A text with expressions, and the levels of nesting that are left at its depth.
    Text(Text, SiteId, usize),
    /// A list's items, and those of another one behind them that are none of these.
    Union(Vec<Part>, Vec<Part>, usize),
    /// What depends on values in its form, too: rendered, then printed.
    Value(Node, usize),
}

/// An item of a list.
#[derive(Debug)]
enum Part {
    Fixed(String),
    Text(Text, SiteId),
    /// As many as a list has.
    Loop(Item),
}

/// The body is nested too deeply to be read again.
pub struct TooDeep;

impl Printed {
    pub fn new(body: Node) -> Self {
        let mut printed = Self { pieces: Vec::new() };
        printed.add(body, model::Body::DEEPEST);
        printed
    }

    fn add(&mut self, node: Node, levels: usize) {
        match node {
            Node::Literal(value) if is_shallow(&value, levels) => self.fixed(&value.to_string()),
            Node::Text(text, site) => self.pieces.push(Piece::Text(text, site, levels)),
            Node::Map(members)
                if levels > 0 && !members.iter().any(|(_, node)| matches!(node, Node::Over(..))) =>
            {
                for (index, (key, node)) in members.into_iter().enumerate() {
                    self.fixed(if index == 0 { "{" } else { "," });
                    self.fixed(&Value::String(key).to_string());
                    self.fixed(":");
                    self.add(node, levels - 1);
                }
                self.fixed("}");
            }
            Node::List(items) if levels > 0 && items.iter().all(|item| matches!(item, Item::One(_))) => {
                for (index, item) in items.into_iter().enumerate() {
                    self.fixed(if index == 0 { "[" } else { "," });
                    if let Item::One(node) = item {
                        self.add(node, levels - 1);
                    }
                }
                self.fixed("]");
            }
            Node::Union(own, default) if levels > 0 && is_plain(&own) && is_plain(&default) => {
                self.pieces.push(Piece::Union(parts(*own), parts(*default), levels - 1));
            }
            node => self.pieces.push(Piece::Value(node, levels)),
        }
    }

    fn fixed(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Fixed(before)) => before.push_str(text),
            _ => self.pieces.push(Piece::Fixed(text.to_owned())),
        }
    }

    /// Appends the JSON text. Faults are reported, also those behind a value that is too deep; with one the text is of
    /// no use.
    pub fn print(&self, run: &Run<'_>, faults: &mut Faults, out: &mut Vec<u8>) -> Result<(), TooDeep> {
        let mut printed = Ok(());
        for piece in &self.pieces {
            printed = printed.and(match piece {
                Piece::Fixed(text) => {
                    out.extend_from_slice(text.as_bytes());
                    Ok(())
                }
                Piece::Text(text, site, levels) => append_text((text, *site), run, *levels, faults, out),
                Piece::Union(own, default, levels) => union((own, default), run, *levels, faults, out),
                Piece::Value(node, levels) => append_value(&render(node, run, None, faults), *levels, out),
            });
        }
        printed
    }
}

/// Whether nothing in a body is to be rendered: looked for in its text, in which `$`, braces and markers stand as they are.
pub fn is_literal(body: &model::Body) -> bool {
    let text = body.text();
    !is_template(text) && !["\"$for\"", "\"$yield\""].iter().any(|key| text.contains(key))
}

fn append_text(
    (text, site): (&Text, SiteId),
    run: &Run<'_>,
    levels: usize,
    faults: &mut Faults,
    out: &mut Vec<u8>,
) -> Result<(), TooDeep> {
    let printed = text.with_value(run, |value| match value {
        Borrowed::Text(text) => {
            append(text, out);
            Ok(())
        }
        Borrowed::Value(value) => append_value(value, levels, out),
    });
    printed.unwrap_or_else(|fault| {
        faults.add(site, fault);
        Ok(())
    })
}

/// Whether a node is a list of texts and of what can't be written in two ways.
fn is_plain(node: &Node) -> bool {
    let is_leaf = |value: &Value| !value.is_array() && !value.is_object();
    match node {
        Node::Literal(Value::Array(items)) => items.iter().all(is_leaf),
        Node::List(items) => items.iter().all(|item| match item {
            Item::One(Node::Literal(value)) => is_leaf(value),
            Item::One(node) => matches!(node, Node::Text(..)),
            Item::For { .. } => true,
        }),
        _ => false,
    }
}

/// The items of a list that is plain.
fn parts(list: Node) -> Vec<Part> {
    let fixed = |value: &Value| Part::Fixed(value.to_string());
    match list {
        Node::Literal(Value::Array(items)) => items.iter().map(fixed).collect(),
        Node::List(items) => items
            .into_iter()
            .filter_map(|item| match item {
                Item::One(Node::Literal(value)) => Some(fixed(&value)),
                Item::One(Node::Text(text, site)) => Some(Part::Text(text, site)),
                Item::One(_) => None,
                item => Some(Part::Loop(item)),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// What is equal is printed alike, so that the items behind are told from those before by their text.
fn union(
    (own, default): (&[Part], &[Part]),
    run: &Run<'_>,
    levels: usize,
    faults: &mut Faults,
    out: &mut Vec<u8>,
) -> Result<(), TooDeep> {
    let mut printed = Ok(());
    let mut items: Vec<Range<usize>> = Vec::with_capacity(own.len() + default.len());
    out.push(b'[');
    for (index, part) in own.iter().chain(default).enumerate() {
        let mut keep = |print: &mut dyn FnMut(&mut Vec<u8>) -> Result<(), TooDeep>| {
            let before = out.len();
            if !items.is_empty() {
                out.push(b',');
            }
            let start = out.len();
            let printed = print(out);
            let item = start..out.len();
            if index >= own.len() && items.iter().any(|other| out[other.clone()] == out[item.clone()]) {
                out.truncate(before);
            } else {
                items.push(item);
            }
            printed
        };
        printed = printed.and(match part {
            Part::Fixed(text) => keep(&mut |out| {
                out.extend_from_slice(text.as_bytes());
                Ok(())
            }),
            Part::Text(text, site) => keep(&mut |out| append_text((text, *site), run, levels, faults, out)),
            Part::Loop(item) => {
                let mut repeated = Vec::new();
                spread(item, run, None, faults, &mut repeated);
                let mut each = repeated.iter().map(|item| keep(&mut |out| append_value(item, levels, out)));
                each.try_for_each(|printed| printed)
            }
        });
    }
    out.push(b']');
    printed
}

fn append_value(value: &Value, levels: usize, out: &mut Vec<u8>) -> Result<(), TooDeep> {
    if !is_shallow(value, levels) {
        return Err(TooDeep);
    }
    append(value, out);
    Ok(())
}

fn append(value: &(impl serde::Serialize + ?Sized), out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("bug: a value can be printed");
}
