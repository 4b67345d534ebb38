//! A compiled body as JSON text with holes: what is the same in every instance is printed once.

use serde_json::Value;

use super::body::{Item, Node, render};
use super::fault::Faults;
use super::site::SiteId;
use crate::model::{self, is_shallow};
use crate::template::{Borrowed, Run, Text};

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
    /// What depends on values in its form, too: rendered, then printed.
    Value(Node, usize),
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
                Piece::Text(text, site, levels) => {
                    let printed = text.with_value(run, |value| match value {
                        Borrowed::Text(text) => {
                            append(text, out);
                            Ok(())
                        }
                        Borrowed::Value(value) => append_value(value, *levels, out),
                    });
                    printed.unwrap_or_else(|fault| {
                        faults.add(*site, fault);
                        Ok(())
                    })
                }
                Piece::Value(node, levels) => append_value(&render(node, run, None, faults), *levels, out),
            });
        }
        printed
    }
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
