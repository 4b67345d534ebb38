//! An item of a list goes to another place, as it is written.

use std::ops::Range;

use super::doc::{Doc, Splice, Way, cut, put};
use crate::source::tree::Content;

impl Doc<'_> {
    /// Ways to move an item; `to` is its place among the others.
    pub fn shift(&self, at: &str, from: usize, to: usize) -> Option<Vec<Way>> {
        let found = self.find(at)?;
        let list = self.tree.resolve(found.node);
        let items = self.children(list);
        if !matches!(self.tree.node(list).content, Content::List(_)) || from.max(to) >= items.len() {
            return None;
        }
        if self.is_flow(list) {
            return Some(vec![self.rotate(&items, from, to)?]);
        }
        let lines = self.lines_of(list, *items.get(from)?)?;
        let other = self.lines_of(list, *items.get(to)?)?;
        let goes = if to < from { other.start } else { other.end };
        let text = self.text.get(lines.clone())?;
        let breaks = text.ends_with('\n') && (goes == 0 || self.text.get(..goes)?.ends_with('\n'));
        // The last line of a file may have no break: such an item is written anew.
        Some(if breaks { vec![vec![cut(lines), put(goes, text)]] } else { Vec::new() })
    }

    /// Between brackets the places stay as they are, with what stands around them, and the items go round.
    fn rotate(&self, items: &[u32], from: usize, to: usize) -> Option<Way> {
        let mut order: Vec<u32> = items.to_vec();
        let item = order.remove(from);
        order.insert(to, item);
        let says = |node: u32| self.text.get(self.tree.range(node)).map(str::to_owned);
        let places = items.iter().zip(order).filter(|(old, new)| *old != new);
        places.map(|(old, new)| Some(Splice { range: self.tree.range(*old), text: says(new)? })).collect()
    }

    /// The whole lines of an item of a block list, with the comments right above it.
    fn lines_of(&self, list: u32, item: u32) -> Option<Range<usize>> {
        let dash = self.dash(list, item)?;
        if !self.begins_line(dash) {
            return None;
        }
        let indent = self.indent(dash);
        let mut start = self.line_start(dash);
        while start > 0 {
            let above = self.line_start(start - 1);
            let line = self.text.get(above..start)?;
            let is_about_it = line.strip_prefix(indent).is_some_and(|rest| rest.starts_with('#'));
            // What a block scalar says is part of the item before.
            let is_said = self.children(list).iter().any(|other| self.tree.range(*other).contains(&above));
            if !is_about_it || is_said {
                break;
            }
            start = above;
        }
        let end = self.end(item).max(dash + 1);
        let end = if self.text.get(..end)?.ends_with('\n') { end } else { self.next_line(end) };
        Some(start..end)
    }
}
