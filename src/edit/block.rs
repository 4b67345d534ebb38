//! Edits where they stand: in lines of their own, or between brackets.

use serde_json::{Map, Value};

use super::doc::{Doc, Found, Splice, Way, cut, put, split};
use super::spell;
use crate::diagnostic::Format;
use crate::source::tree::{Content, Style};

impl Doc<'_> {
    /// Ways to put a value in the place of what stands at a pointer.
    pub fn replace(&self, at: &str, value: &Value) -> Option<Vec<Way>> {
        let Some(found) = self.find(at) else {
            // A merge key brings it in: the mapping itself says it from now on.
            let (parent, key) = split(at)?;
            return self.add(parent, &key, value);
        };
        let mut ways = self.rewrite(&found, value);
        if found.in_flow || self.format == Format::Json {
            ways.extend(self.replace_bracketed(found.node, value));
        } else {
            ways.extend(self.replace_lines(&found, value));
        }
        Some(ways)
    }

    /// The same where the value has lines of its own.
    fn replace_lines(&self, found: &Found, value: &Value) -> Vec<Way> {
        let Some((opening, start)) = self.opening(found).zip(self.start(found)) else { return Vec::new() };
        let range = self.tree.range(found.node);
        let is_empty = range.is_empty();
        let (start, end) =
            if is_empty { (opening, opening) } else { (start, self.end(found.node).max(start)) };
        let Some(gap) = self.text.get(opening..start) else { return Vec::new() };
        // Comments in a mapping or list that becomes something else are about what goes; those before it stay.
        if self.holds_comment(opening..start) {
            let rest = opening + gap.trim_end().len()..end;
            let mut ways = vec![vec![put(opening, format!(" {}", spell::flow(value))), cut(rest.clone())]];
            if let Some(lines) =
                spell::value(value).filter(|lines| lines.first().is_some_and(String::is_empty))
            {
                let text = spell::join(&lines, &self.line_indent(found, opening), self.newline);
                ways.insert(0, vec![Splice { range: rest, text }]);
            }
            return ways;
        }
        // Behind an anchor, where there is one.
        let from = opening + gap.trim_end().len();
        let end = if is_empty { from } else { end };
        let indent = self.line_indent(found, opening);
        let mut ways = Vec::new();
        let mut push = |text: String| {
            ways.push(vec![Splice { range: from..end, text: text.clone() }]);
            let whole = range.end.max(end);
            if whole > end && matches!(self.tree.node(found.node).content, Content::Scalar(_, Style::Block)) {
                ways.push(vec![Splice { range: from..whole, text: format!("{text}{}", self.newline) }]);
            }
        };
        if found.key.is_some() {
            if let Some(lines) = spell::value(value) {
                push(spell::join(&lines, &indent, self.newline));
            }
        } else if let Some(lines) = spell::item(value) {
            let text = spell::join(&lines, &indent, self.newline);
            push(text.get(1..).unwrap_or_default().to_owned());
        }
        push(format!(" {}", spell::flow(value)));
        ways
    }

    /// How far the key or dash is moved in that a value stands behind.
    fn line_indent(&self, found: &Found, opening: usize) -> String {
        let at = found.key.map_or(opening.saturating_sub(1), |key| self.tree.range(key).start);
        " ".repeat(self.column(at))
    }

    pub fn add(&self, at: &str, key: &str, value: &Value) -> Option<Vec<Way>> {
        let found = self.find(at)?;
        let map = self.tree.resolve(found.node);
        let children = self.children(map);
        let is_map = matches!(self.tree.node(map).content, Content::Map(_));
        let (Some(first), Some(last), true) = (children.first(), children.last(), is_map) else {
            let only = Value::Object(Map::from_iter([(key.to_owned(), value.clone())]));
            return self.replace(at, &only);
        };
        if self.is_flow(map) {
            let begins = children.len().checked_sub(2).and_then(|index| children.get(index)).unwrap_or(first);
            let written = |indent: &str, several: bool| {
                format!("{}: {}", self.bracketed_key(key), self.bracketed(value, indent, several))
            };
            return Some(self.behind(*last, *begins, &written));
        }
        let indent = " ".repeat(self.column(self.tree.range(*first).start));
        let lines = spell::entry(key, value)?;
        let mut ways = self.below(*last, &lines, &indent);
        let short = vec![format!("{}: {}", spell::flow_key(key), spell::flow(value))];
        ways.extend(self.below(*last, &short, &indent));
        Some(ways)
    }

    /// Puts lines below those of a node.
    fn below(&self, node: u32, lines: &[String], indent: &str) -> Vec<Way> {
        let text = spell::join(lines, indent, self.newline);
        let ends = [self.end(node), self.tree.range(node).end];
        let mut ways = Vec::new();
        for end in ends {
            let behind = if end > 0 && self.text[..end].ends_with('\n') { end } else { self.next_line(end) };
            if self.text[..behind].ends_with('\n') {
                ways.push(vec![put(behind, format!("{indent}{text}{}", self.newline))]);
            } else {
                ways.push(vec![put(behind, format!("{}{indent}{text}", self.newline))]);
                ways.push(vec![put(behind, format!("{}{indent}{text}{}", self.newline, self.newline))]);
            }
        }
        ways
    }

    pub fn remove(&self, at: &str) -> Option<Vec<Way>> {
        let found = self.find(at)?;
        let parent = found.parent?;
        let children = self.children(parent);
        let first = found.key.unwrap_or(found.node);
        let is_last_one = children.len() == if found.key.is_some() { 2 } else { 1 };
        if self.is_flow(parent) {
            return Some(self.take_out(parent, first, found.node));
        }
        let begin =
            if found.key.is_some() { self.tree.range(first).start } else { self.dash(parent, first)? };
        let opening = self.opening(&found)?;
        let end = self.end(found.node).max(opening);
        let whole_end = self.tree.range(found.node).end.max(end);
        if is_last_one {
            return Some(self.empty(split(at)?.0, begin, end));
        }
        let mut ways = Vec::new();
        if self.begins_line(begin) {
            let from = self.line_start(begin);
            for end in [end, whole_end] {
                let to =
                    if end > from && self.text[..end].ends_with('\n') { end } else { self.next_line(end) };
                if !self.ends_line(end) && !self.text[..end].ends_with('\n') {
                    continue;
                }
                if to == self.text.len() && !self.text.ends_with('\n') && from > 0 {
                    ways.push(vec![cut(self.line_end(from - 1)..to)]);
                }
                ways.push(vec![cut(from..to)]);
            }
        }
        let next = children.iter().skip_while(|child| **child != found.node).nth(1);
        if let Some(next) = next {
            let to = match found.key {
                Some(_) => self.tree.range(*next).start,
                None => self.dash(parent, *next)?,
            };
            if !self.holds_comment(self.next_line(end).min(to)..to) {
                ways.push(vec![cut(begin..to)]);
            }
        }
        Some(ways)
    }

    /// Ways to take the last member or item out: brackets stay, and comments around it.
    fn empty(&self, at: &str, begin: usize, end: usize) -> Vec<Way> {
        let Some(found) = self.find(at) else { return Vec::new() };
        let Some(opening) = self.opening(&found) else { return Vec::new() };
        let is_list = matches!(self.tree.node(self.tree.resolve(found.node)).content, Content::List(_));
        let brackets = if is_list { " []" } else { " {}" };
        let anchor = self.text.get(opening..begin).unwrap_or_default();
        let anchor = anchor.split(['\n', '#']).next().unwrap_or_default().trim_end().len();
        let mut ways = Vec::new();
        if self.begins_line(begin) && self.ends_line(end) {
            let (mut from, to) = (self.line_start(begin), self.next_line(end));
            if to == self.text.len() && !self.text.ends_with('\n') && from > 0 {
                from = self.line_end(from - 1);
            }
            ways.push(vec![put(opening + anchor, brackets), cut(from..to)]);
        }
        let gap = opening + anchor..begin;
        if !self.holds_comment(gap.clone()) {
            ways.push(vec![Splice { range: gap.start..end, text: brackets.to_owned() }]);
        }
        ways
    }

    pub fn insert(&self, at: &str, index: usize, value: &Value) -> Option<Vec<Way>> {
        let found = self.find(at)?;
        let list = self.tree.resolve(found.node);
        let items = self.children(list);
        let is_list = matches!(self.tree.node(list).content, Content::List(_));
        let (Some(first), true) = (items.first(), is_list) else {
            return self.replace(at, &Value::Array(vec![value.clone()]));
        };
        let before = index.checked_sub(1).and_then(|index| items.get(index));
        if self.is_flow(list) {
            let written = |indent: &str, several: bool| self.bracketed(value, indent, several);
            return Some(match before {
                Some(before) => self.behind(*before, *before, &written),
                None => self.before(*first, &written),
            });
        }
        let dash = self.dash(list, *first)?;
        let indent = " ".repeat(self.column(dash));
        let lines = spell::item(value)?;
        let mut ways = Vec::new();
        for lines in [lines, vec![format!("- {}", spell::flow(value))]] {
            match before {
                Some(before) => ways.extend(self.below(*before, &lines, &indent)),
                None => {
                    let text = spell::join(&lines, &indent, self.newline);
                    ways.push(vec![put(dash, format!("{text}{}{indent}", self.newline))]);
                }
            }
        }
        Some(ways)
    }
}
