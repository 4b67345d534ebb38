//! Edits of mappings and lists between brackets: of JSON all.

use serde_json::Value;

use super::doc::{Doc, Splice, Way, cut, put};
use super::spell;
use crate::diagnostic::Format;

impl Doc<'_> {
    /// A value as it stands between brackets, or anywhere in JSON; `column` is where the lines of its container begin.
    pub fn bracketed(&self, value: &Value, indent: &str, several_lines: bool) -> String {
        match self.format {
            Format::Json => {
                let unit = several_lines.then(|| self.unit());
                spell::json(value, (indent, unit.as_deref(), self.newline))
            }
            _ => spell::flow(value),
        }
    }

    pub fn bracketed_key(&self, key: &str) -> String {
        if self.format == Format::Json { Value::from(key).to_string() } else { spell::flow_key(key) }
    }

    /// By how much this JSON text moves each level in.
    fn unit(&self) -> String {
        let mut lines = self.text.lines();
        let indents =
            lines.by_ref().map(|line| &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]);
        indents
            .filter(|indent| !indent.is_empty())
            .min_by_key(|indent| indent.len())
            .unwrap_or("  ")
            .to_owned()
    }

    /// Whether a neighbour that holds something stands on one line: what comes beside it does, too.
    fn is_short(&self, node: u32) -> bool {
        let said = self.text.get(self.tree.range(node)).unwrap_or_default();
        !self.children(self.tree.resolve(node)).is_empty() && !said.contains('\n')
    }

    /// Puts `written` behind the first nodes of a collection that has some: `node` is the last of them.
    pub fn behind(&self, node: u32, first: u32, written: &dyn Fn(&str, bool) -> String) -> Vec<Way> {
        let end = self.tree.range(node).end;
        let begins = self.tree.range(first).start;
        let mut ways = Vec::new();
        if self.begins_line(begins) && !self.holds_comment(end..self.line_end(end)) {
            let indent = self.indent(begins);
            let text = format!(",{}{indent}{}", self.newline, written(indent, !self.is_short(node)));
            ways.push(vec![put(end, text)]);
        }
        let comma = self.comma();
        ways.push(vec![put(end, format!("{comma}{}", written("", false)))]);
        ways
    }

    /// Puts `written` before the first node of a collection.
    pub fn before(&self, node: u32, written: &dyn Fn(&str, bool) -> String) -> Vec<Way> {
        let begins = self.tree.range(node).start;
        let mut ways = Vec::new();
        if self.begins_line(begins) {
            let indent = self.indent(begins);
            let text = format!("{},{}{indent}", written(indent, !self.is_short(node)), self.newline);
            ways.push(vec![put(begins, text)]);
        }
        let comma = self.comma();
        ways.push(vec![put(begins, format!("{}{comma}", written("", false)))]);
        ways
    }

    /// Takes out what stands from the byte where `first` begins to the one where `last` ends, and one comma.
    pub fn take_out(&self, collection: u32, first: u32, last: u32) -> Vec<Way> {
        let children = self.children(collection);
        let before = children.iter().take_while(|child| **child != first).last();
        let after = children.iter().skip_while(|child| **child != last).nth(1);
        let own = self.tree.range(first).start..self.tree.range(last).end;
        let mut ways = Vec::new();
        if let Some(before) = before {
            let from = self.tree.range(*before).end;
            if !self.holds_comment(from..own.start) {
                ways.push(vec![cut(from..own.end)]);
            }
        }
        if let Some(after) = after {
            let to = self.tree.range(*after).start;
            // A comment behind the item, on its line, is about the item.
            let own_line = self.next_line(own.end).min(to);
            if !self.holds_comment(own_line..to) {
                ways.insert(0, vec![cut(own.start..to)]);
            }
        }
        if before.is_none() && after.is_none() {
            let whole = self.tree.range(collection);
            let inside = whole.start + 1..whole.end.saturating_sub(1);
            if !self.holds_comment(inside.start..own.start) && !self.holds_comment(own.end..inside.end) {
                ways.push(vec![cut(inside)]);
            }
        }
        ways.push(vec![cut(own)]);
        ways
    }

    /// Ways to put a value between brackets in the place of another.
    pub fn replace_bracketed(&self, node: u32, value: &Value) -> Vec<Way> {
        let range = self.tree.range(node);
        let several = self.text[range.clone()].contains('\n') || self.is_spread();
        let text = self.bracketed(value, self.indent(range.start), several);
        let mut ways = Vec::new();
        if range.is_empty() {
            // `{a: , b}`
            ways.push(vec![put(range.start, format!(" {text}"))]);
        }
        ways.push(vec![Splice { range, text }]);
        ways
    }

    fn comma(&self) -> &'static str {
        let is_compact = self.format == Format::Json && !self.text.contains("\": ");
        if is_compact { "," } else { ", " }
    }

    /// Whether this JSON text has a line for each member.
    pub fn is_spread(&self) -> bool {
        self.format == Format::Json && self.text.trim_end().contains('\n')
    }
}
