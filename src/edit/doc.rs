//! A text and its nodes: where values, keys, dashes and lines begin and end.

use std::ops::Range;

use crate::diagnostic::{FileId, Format};
use crate::pointer::key;
use crate::source;
use crate::source::tree::{Content, Index, Node, Style, Tree};

/// Bytes, and what stands there afterwards.
#[derive(Clone, Debug)]
pub struct Splice {
    pub range: Range<usize>,
    pub text: String,
}

/// What carries one edit out.
pub type Way = Vec<Splice>;

pub fn put(at: usize, text: impl Into<String>) -> Splice {
    Splice { range: at..at, text: text.into() }
}

pub fn cut(range: Range<usize>) -> Splice {
    Splice { range, text: String::new() }
}

pub struct Doc<'t> {
    pub text: &'t str,
    pub format: Format,
    pub tree: Tree<'t>,
    index: Index,
    /// How the text ends its lines.
    pub newline: &'static str,
}

/// A node, and what leads to it.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    pub key: Option<u32>,
    pub node: u32,
    /// The mapping or list that holds it; absent for the root.
    pub parent: Option<u32>,
    /// Some collection around it is written with brackets.
    pub in_flow: bool,
}

impl<'t> Doc<'t> {
    pub fn new(text: &'t str, format: Format) -> Self {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Self { text, format, tree: source::nodes(text, format, FileId(0)), index: Index::default(), newline }
    }

    /// What stands at a pointer. A key that a merge key brings in is not there: the mapping itself doesn't hold it.
    pub fn find(&self, pointer: &str) -> Option<Found> {
        let (found_key, node) = self.tree.find(pointer, &self.index)?;
        let mut found = Found { key: found_key, node, parent: None, in_flow: false };
        let mut around = pointer;
        while let Some((parent, _)) = around.rsplit_once('/') {
            around = parent;
            let (_, node) = self.tree.find(parent, &self.index)?;
            let node = self.tree.resolve(node);
            found.parent.get_or_insert(node);
            found.in_flow |= self.is_flow(node);
        }
        let parent = found.parent;
        let is_own =
            |own: u32| parent.is_some_and(|parent| self.tree.entries(parent).any(|(key, _)| key == own));
        found_key.is_none_or(is_own).then_some(found)
    }

    /// Whether a collection is written with brackets.
    pub fn is_flow(&self, node: u32) -> bool {
        let opens = |bracket: char| self.text[self.tree.range(node).start..].starts_with(bracket);
        match self.tree.node(node).content {
            Content::Map(_) => self.format == Format::Json || opens('{'),
            // One that is not moved in begins behind its dash, as its first item does.
            Content::List(_) => self.format == Format::Json || (opens('[') && !self.begins_with_item(node)),
            _ => false,
        }
    }

    fn begins_with_item(&self, list: u32) -> bool {
        let first = self.tree.children(list).next();
        first.is_some_and(|first| self.tree.range(first).start == self.tree.range(list).start)
    }

    pub fn children(&self, node: u32) -> Vec<u32> {
        self.tree.children(node).collect()
    }

    /// The byte behind the colon or dash, where a value may begin; for the root, the begin of the text.
    pub fn opening(&self, found: &Found) -> Option<usize> {
        if let Some(key) = found.key {
            let end = self.tree.range(key).end;
            let colon = self.text.get(end..)?.find(':')?;
            let between = self.text[end..end + colon].trim();
            return between.is_empty().then_some(end + colon + 1);
        }
        let parent = found.parent?;
        if self.is_flow(parent) {
            return Some(self.tree.range(found.node).start);
        }
        Some(self.dash(parent, found.node)? + 1)
    }

    /// Where the dash of an item of a block list stands.
    pub fn dash(&self, list: u32, item: u32) -> Option<usize> {
        let before = self.tree.children(list).take_while(|child| *child != item).last();
        let mut at = match before {
            Some(before) => self.tree.range(before).end,
            None => {
                // A list that is not moved in more than its key begins behind the dash.
                let start = self.tree.range(list).start;
                let back = self.text[..start].trim_end();
                let is_behind = !self.text[start..].starts_with('-') && back.ends_with('-');
                if is_behind { back.len() - 1 } else { start }
            }
        };
        loop {
            at = self.past_space(at);
            match self.text.get(at..)?.chars().next()? {
                '#' => at = self.line_end(at),
                '-' => return Some(at),
                _ => return None,
            }
        }
    }

    /// The first byte of a value as written, the header of a block scalar included; anchors stand before it.
    pub fn start(&self, found: &Found) -> Option<usize> {
        let range = self.tree.range(found.node);
        if !matches!(self.tree.node(found.node).content, Content::Scalar(_, Style::Block)) {
            return Some(range.start);
        }
        let mut at = self.opening(found)?;
        loop {
            at = self.past_space(at);
            match self.text.get(at..)?.chars().next()? {
                '&' | '!' => at += self.text[at..].find(char::is_whitespace)?,
                '#' => at = self.line_end(at),
                '|' | '>' => return Some(at),
                _ => return None,
            }
        }
    }

    /// The byte behind a node, without the white space at its end.
    pub fn end(&self, node: u32) -> usize {
        let range = self.tree.range(node);
        range.start + self.text[range.clone()].trim_end().len()
    }

    pub fn past_space(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        at + rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len()
    }

    pub fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |found| found + 1)
    }

    /// The byte of the line's break, or the end of the text.
    pub fn line_end(&self, at: usize) -> usize {
        let end = self.text[at..].find('\n').map_or(self.text.len(), |found| at + found);
        if self.text[..end].ends_with('\r') { end - 1 } else { end }
    }

    /// The byte behind the line's break, or the end of the text.
    pub fn next_line(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |found| at + found + 1)
    }

    /// How many characters stand before a byte in its line.
    pub fn column(&self, at: usize) -> usize {
        self.text[self.line_start(at)..at].chars().count()
    }

    /// Whether nothing but spaces stands before a byte in its line.
    pub fn begins_line(&self, at: usize) -> bool {
        self.text[self.line_start(at)..at].chars().all(|c| matches!(c, ' ' | '\t'))
    }

    /// What stands before the first word of a byte's line.
    pub fn indent(&self, at: usize) -> &'t str {
        let line = &self.text[self.line_start(at)..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    /// Whether behind a byte its line holds nothing, or a comment.
    pub fn ends_line(&self, at: usize) -> bool {
        let rest = &self.text[at..self.line_end(at)];
        rest.trim().is_empty() || (rest.starts_with([' ', '\t']) && rest.trim_start().starts_with('#'))
    }

    /// Whether a comment may stand in these bytes. Of what a block scalar says, that can't be told from its bytes.
    pub fn holds_comment(&self, gap: Range<usize>) -> bool {
        if self.format == Format::Json {
            return false;
        }
        let Some(text) = self.text.get(gap.clone()) else { return true };
        let mut signs = text.match_indices('#').map(|(at, _)| gap.start + at);
        let is_said = |at: usize| {
            let says =
                |node: &&Node| matches!(node.content, Content::Scalar(_, style) if style != Style::Block);
            self.tree
                .nodes
                .iter()
                .filter(says)
                .any(|node| (node.start as usize..node.end as usize).contains(&at))
        };
        signs.any(|at| !is_said(at))
    }
}

/// The parent's pointer, and the last key or place.
pub fn split(pointer: &str) -> Option<(&str, String)> {
    let (parent, last) = pointer.rsplit_once('/')?;
    Some((parent, key(last).into_owned()))
}
