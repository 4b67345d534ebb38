//! The nodes of one file with their bytes: what both readers build, and what places are looked up in.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use crate::pointer::keys;

/// How deep nodes may nest, after aliases are followed. `serde_json` draws the same line.
pub const MAX_DEPTH: usize = 128;
/// The most nodes of a file, aliases expanded.
pub const MAX_NODES: usize = 2_000_000;
/// The most faults that are reported of one file.
pub const MAX_FAULTS: usize = 100;

/// Marks the end of a chain of siblings.
const NONE: u32 = u32::MAX;

/// A file's document. Node 0 is the root; an empty tree is an empty document.
#[derive(Debug, Default)]
pub struct Tree<'t> {
    pub nodes: Vec<Node<'t>>,
}

/// One node, linked to its next sibling. The children of a mapping are key, value, key, value, …
#[derive(Debug)]
pub struct Node<'t> {
    /// Bytes in the file; `u32` is enough for every file that is read at all.
    pub start: u32,
    pub end: u32,
    next: u32,
    pub content: Content<'t>,
}

#[derive(Debug)]
pub enum Content<'t> {
    Scalar(Cow<'t, str>, Style),
    List(Children),
    Map(Children),
    /// The node that bears the anchor; never an alias itself.
    Alias(u32),
}

#[derive(Clone, Copy, Debug)]
pub struct Children {
    first: u32,
    last: u32,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    /// Plain, but tagged as a string.
    PlainText,
    Single,
    /// Strings of JSON too.
    Double,
    /// Literal or folded; the node's bytes begin behind the header.
    Block,
}

impl Children {
    pub const EMPTY: Self = Self { first: NONE, last: NONE };
}

impl<'t> Tree<'t> {
    /// Adds a node as the last child of `parent`.
    pub fn add(&mut self, parent: Option<u32>, range: Range<usize>, content: Content<'t>) -> u32 {
        let id = u32::try_from(self.nodes.len()).expect("bug: nodes are counted before they are added");
        let bytes = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.nodes.push(Node { start: bytes(range.start), end: bytes(range.end), next: NONE, content });
        let Some(parent) = parent else { return id };
        let (Content::List(children) | Content::Map(children)) = &mut self.nodes[parent as usize].content
        else {
            return id;
        };
        let last = std::mem::replace(&mut children.last, id);
        if last == NONE {
            children.first = id;
        } else {
            self.nodes[last as usize].next = id;
        }
        id
    }

    pub fn node(&self, id: u32) -> &Node<'t> {
        &self.nodes[id as usize]
    }

    pub fn range(&self, id: u32) -> Range<usize> {
        let node = self.node(id);
        node.start as usize..node.end as usize
    }

    /// The node itself, or the one that an alias stands for.
    pub fn resolve(&self, id: u32) -> u32 {
        match self.node(id).content {
            Content::Alias(target) => target,
            _ => id,
        }
    }

    pub fn children(&self, id: u32) -> impl Iterator<Item = u32> + '_ {
        let first = match &self.node(id).content {
            Content::List(children) | Content::Map(children) => children.first,
            Content::Scalar(..) | Content::Alias(_) => NONE,
        };
        std::iter::successors((first != NONE).then_some(first), |id| {
            let next = self.node(*id).next;
            (next != NONE).then_some(next)
        })
    }

    /// The last child, if there is one.
    pub fn last_child(&self, id: u32) -> Option<u32> {
        match &self.node(id).content {
            Content::List(children) | Content::Map(children) if children.last != NONE => Some(children.last),
            _ => None,
        }
    }

    /// Keys and values of a mapping, as written: merge keys are entries like others.
    pub fn entries(&self, id: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        let is_map = matches!(self.node(id).content, Content::Map(_));
        let mut children = self.children(id);
        std::iter::from_fn(move || {
            let key = is_map.then(|| children.next()).flatten()?;
            Some((key, children.next()?))
        })
    }

    /// The text of a scalar.
    pub fn text(&self, id: u32) -> Option<&str> {
        match &self.node(self.resolve(id)).content {
            Content::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// Whether a key is the merge key: `<<`, not quoted.
    pub fn is_merge(&self, key: u32) -> bool {
        matches!(&self.node(key).content, Content::Scalar(text, Style::Plain) if text == "<<")
    }

    /// The key (where it stands under one) and the node at a JSON pointer; merge keys and aliases
    /// are followed to where the text stands.
    pub fn find(&self, pointer: &str, index: &Index) -> Option<(Option<u32>, u32)> {
        let mut found = (None, if self.nodes.is_empty() { return None } else { 0 });
        for step in keys(pointer) {
            let node = self.resolve(found.1);
            found = match self.node(node).content {
                Content::Map(_) => {
                    let (key, value) = self.member(node, &step, index, MAX_DEPTH)?;
                    (Some(key), value)
                }
                Content::List(_) => (None, index.item(self, node, step.parse().ok()?)?),
                Content::Scalar(..) | Content::Alias(_) => return None,
            };
        }
        Some(found)
    }

    fn member(&self, map: u32, name: &str, index: &Index, depth: usize) -> Option<(u32, u32)> {
        let own = index.entry(self, map, name);
        if own.is_some() || depth == 0 {
            return own;
        }
        let merged = self.entries(map).filter(|(key, _)| self.is_merge(*key));
        merged.map(|(_, value)| self.resolve(value)).find_map(|value| match self.node(value).content {
            Content::Map(_) => self.member(value, name, index, depth - 1),
            Content::List(_) => {
                self.children(value).find_map(|item| self.member(self.resolve(item), name, index, depth - 1))
            }
            Content::Scalar(..) | Content::Alias(_) => None,
        })
    }
}

/// What [`Tree::find`] learnt of large lists and mappings, so that a thousand places in one of them don't
/// cost a thousand walks through it.
#[derive(Debug, Default)]
pub struct Index {
    lists: RefCell<HashMap<u32, Vec<u32>>>,
    maps: RefCell<HashMap<u32, Entries>>,
}

/// Keys and values of a mapping, by the name of the key.
type Entries = HashMap<String, (u32, u32)>;

impl Index {
    fn item(&self, tree: &Tree, list: u32, place: usize) -> Option<u32> {
        let mut lists = self.lists.borrow_mut();
        lists.entry(list).or_insert_with(|| tree.children(list).collect()).get(place).copied()
    }

    /// The first entry of this name, but for merge keys.
    fn entry(&self, tree: &Tree, map: u32, name: &str) -> Option<(u32, u32)> {
        let read = || {
            let mut members = HashMap::new();
            for (key, value) in tree.entries(map).filter(|(key, _)| !tree.is_merge(*key)) {
                if let Some(name) = tree.text(key) {
                    members.entry(name.to_owned()).or_insert((key, value));
                }
            }
            members
        };
        self.maps.borrow_mut().entry(map).or_insert_with(read).get(name).copied()
    }
}

/// The character at a byte; empty at the end of a line or of the text.
pub fn bytes_at(text: &str, at: usize) -> Range<usize> {
    let start = text.floor_char_boundary(at);
    let length = text[start..].chars().next().filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8);
    start..start + length
}

/// A range of bytes, kept inside the text.
pub fn clamp(text: &str, range: &Range<usize>) -> Range<usize> {
    text.floor_char_boundary(range.start)..text.floor_char_boundary(range.end.max(range.start))
}

/// A key or word from a file, short enough for a message.
pub fn short(text: &str) -> String {
    if text.chars().nth(60).is_none() {
        return text.to_owned();
    }
    text.chars().take(57).chain("…".chars()).collect()
}
