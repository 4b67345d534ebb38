//! A text in place of another one: in its own quotes, and of a longer one only the part that differs.

use serde_json::Value;

use super::doc::{Doc, Found, Splice, Way};
use super::spell;
use crate::source;
use crate::source::tree::{Content, Style};

impl Doc<'_> {
    /// Ways to write a scalar where one stands.
    pub fn rewrite(&self, found: &Found, value: &Value) -> Vec<Way> {
        let Content::Scalar(old, style) = &self.tree.node(found.node).content else { return Vec::new() };
        let range = self.tree.range(found.node);
        let whole = |text: String| vec![Splice { range: range.clone(), text }];
        let mut ways = Vec::new();
        if let Value::String(new) = value {
            let was_text = *style != Style::Plain || !old.is_empty();
            ways.extend(was_text.then(|| self.part(found, old, new, *style)).flatten());
            match style {
                Style::Single if !new.contains(['\n', '\r']) && !spell::wants_numbers(new) => {
                    ways.push(whole(format!("'{}'", new.replace('\'', "''"))));
                }
                Style::Double => ways.push(whole(spell::quoted(new))),
                _ => {}
            }
        }
        let is_block = *style == Style::Block;
        if !range.is_empty() && !is_block && !matches!(value, Value::Array(_) | Value::Object(_)) {
            let text = match value {
                Value::String(text) if *style != Style::Plain => spell::quoted(text),
                other => spell::flow(other),
            };
            ways.push(whole(text));
            if let Value::String(text) = value {
                ways.push(whole(spell::quoted(text)));
            }
        }
        ways
    }

    /// The part of a text that differs, in the place of the old one's.
    fn part(&self, found: &Found, old: &str, new: &str, style: Style) -> Option<Way> {
        let prefix: usize =
            old.chars().zip(new.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
        let backwards = old[prefix..].chars().rev().zip(new[prefix..].chars().rev());
        let suffix: usize = backwards.take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
        let changed = prefix..old.len() - suffix;
        let written = &new[prefix..new.len() - suffix];
        let node = self.tree.range(found.node);
        let range = source::within(self.text, node.clone(), style, old, &changed);
        if style != Style::Double && spell::wants_numbers(written) {
            return None;
        }
        let is_all = changed.start == 0 && changed.end == old.len();
        if is_all && matches!(style, Style::Plain | Style::PlainText) {
            // What stands alone is judged as a whole: it may not be text any more.
            return None;
        }
        let text = match style {
            Style::Plain | Style::PlainText if written.contains(['\n', '\r']) || spell::is_ambiguous(new) => {
                return None;
            }
            Style::Plain | Style::PlainText => written.to_owned(),
            Style::Single if written.contains(['\n', '\r']) => return None,
            Style::Single => written.replace('\'', "''"),
            Style::Double => {
                let quoted = spell::quoted(written);
                quoted.get(1..quoted.len() - 1)?.to_owned()
            }
            Style::Block => self.lines(found, written)?,
        };
        Some(vec![Splice { range, text }])
    }

    /// A part of a block scalar: each further line moved in as those are that stand there.
    fn lines(&self, found: &Found, written: &str) -> Option<String> {
        if written.contains('\r') {
            return None;
        }
        let range = self.tree.range(found.node);
        let header = self.start(found)?;
        let body = self.next_line(header);
        let mut lines = self.text.get(body..range.end.max(body))?.lines();
        let first = lines.find(|line| !line.trim().is_empty()).unwrap_or_default();
        let indent = &first[..first.len() - first.trim_start_matches(' ').len()];
        let is_folded = self.text[header..].starts_with('>');
        let mut out = String::new();
        let pieces: Vec<&str> = written.split('\n').collect();
        for (number, piece) in pieces.iter().enumerate() {
            if number > 0 {
                out.push_str(self.newline);
                let is_last = number + 1 == pieces.len();
                if is_folded && !piece.is_empty() {
                    out.push_str(self.newline);
                }
                out.push_str(if piece.is_empty() && !is_last { "" } else { indent });
            }
            out.push_str(piece);
        }
        Some(out)
    }
}
