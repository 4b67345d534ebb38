//! YAML 1.2 -> a tree with byte-exact places, and its JSON value; the only file that knows the YAML crate.
//!
//! Core schema, but for what would quietly change a text: numbers with a leading zero (`012`, an
//! account id) and integers beyond 64 bits stay the texts that they are; `1_000`, `no` and `on` are
//! texts in YAML 1.2 anyway. What JSON can't hold (`.inf`, tags, keys that aren't text) is refused.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StructureStyle, Tag};
use serde_json::{Map, Value};

use super::scalar::{Plain, plain};
use super::tree::{Children, Content, MAX_DEPTH, MAX_FAULTS, MAX_NODES, Style, Tree, bytes_at};
use super::{block_yaml, yaml_faults};
use crate::diagnostic::{Diagnostic, FileId};

/// The most bytes of text that aliases may add.
pub const MAX_EXPANDED: usize = 32 << 20;

/// What a text holds as far as it could be read.
#[derive(Debug, Default)]
pub struct Parsed<'t> {
    pub tree: Tree<'t>,
    pub faults: Vec<Diagnostic>,
}

/// Reads a text without a byte-order mark. A fault of syntax ends the tree there.
pub fn parse(text: &str, file: FileId) -> Parsed<'_> {
    block_yaml::read(text).map_or_else(|| parsed(text, file), |tree| Parsed { tree, faults: Vec::new() })
}

/// The same of any text: by the parser.
pub fn parsed(text: &str, file: FileId) -> Parsed<'_> {
    let mut builder =
        Builder { text, file, parsed: Parsed::default(), open: Vec::new(), anchors: Vec::new() };
    if let Some(fault) = yaml_faults::foreign_bytes(text, file) {
        builder.parsed.faults.push(fault);
        return builder.parsed;
    }
    let mut options = granit_parser::options! {
        emit_unresolved_aliases: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    options.set_emit_comments(false);
    let mut documents = 0;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                builder.syntax_fault(&error);
                break;
            }
        };
        documents += usize::from(matches!(event, Event::DocumentStart(..)));
        let going_on = if documents > 1 {
            builder.parsed.faults.push(yaml_faults::second_document(file, bytes(&span)));
            false
        } else {
            builder.take(event, &span)
        };
        if !going_on || builder.parsed.faults.len() >= MAX_FAULTS {
            break;
        }
    }
    builder.parsed
}

struct Builder<'t> {
    text: &'t str,
    file: FileId,
    parsed: Parsed<'t>,
    /// The collections around the next node, outermost first.
    open: Vec<u32>,
    /// Node by anchor number, from 1.
    anchors: Vec<u32>,
}

impl<'t> Builder<'t> {
    /// Adds one event; false where the file is refused from here on.
    fn take(&mut self, event: Event<'t>, span: &Span) -> bool {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let style = self.style(style, tag.as_deref(), span);
                self.add(bytes(span), Content::Scalar(text, style), anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), span);
                self.open(bytes(span), Content::List(Children::EMPTY), anchor)
            }
            Event::MappingStart(style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), span);
                let range = bytes(span);
                if style == StructureStyle::Flow && self.text[range.start..].starts_with("{{") {
                    self.parsed.faults.push(yaml_faults::unquoted_braces(self.text, self.file, range.start));
                    return false;
                }
                self.open(range, Content::Map(Children::EMPTY), anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(bytes(span));
                true
            }
            Event::Alias(anchor) => self.alias(anchor, bytes(span)),
            Event::UnresolvedAlias(name) => {
                self.parsed.faults.push(yaml_faults::unknown_anchor(self.file, &name, bytes(span)));
                self.add(bytes(span), Content::Map(Children::EMPTY), 0)
            }
            _ => true,
        }
    }

    fn add(&mut self, range: Range<usize>, content: Content<'t>, anchor: usize) -> bool {
        if self.parsed.tree.nodes.len() >= MAX_NODES {
            self.parsed.faults.push(yaml_faults::too_many_nodes(self.file, range));
            return false;
        }
        let id = self.parsed.tree.add(self.open.last().copied(), range, content);
        if anchor > 0 {
            // Anchors are numbered from 1 without gaps.
            self.anchors.resize(self.anchors.len().max(anchor), id);
            self.anchors[anchor - 1] = id;
        }
        true
    }

    fn open(&mut self, range: Range<usize>, content: Content<'t>, anchor: usize) -> bool {
        if self.open.len() >= MAX_DEPTH {
            self.parsed.faults.push(yaml_faults::too_deep(self.file, range));
            return false;
        }
        let id = u32::try_from(self.parsed.tree.nodes.len()).unwrap_or(u32::MAX);
        let going_on = self.add(range, content, anchor);
        self.open.push(id);
        going_on
    }

    /// Gives the innermost collection its end: a block's own event lies at the next token.
    fn close(&mut self, range: Range<usize>) {
        let Some(id) = self.open.pop() else { return };
        let tree = &mut self.parsed.tree;
        let last = tree.last_child(id).map(|child| tree.node(child).end);
        let is_flow = !range.is_empty();
        let end = match last {
            Some(end) if !is_flow => end,
            _ => u32::try_from(range.end).unwrap_or(u32::MAX),
        };
        tree.nodes[id as usize].end = end;
    }

    fn alias(&mut self, anchor: usize, range: Range<usize>) -> bool {
        let target = anchor.checked_sub(1).and_then(|index| self.anchors.get(index).copied());
        let content = match target {
            Some(target) if !self.open.contains(&target) => Content::Alias(target),
            _ => {
                self.parsed.faults.push(yaml_faults::self_alias(self.file, range.clone()));
                Content::Map(Children::EMPTY)
            }
        };
        self.add(range, content, 0)
    }

    fn style(&mut self, style: ScalarStyle, tag: Option<&Tag>, span: &Span) -> Style {
        let is_string = tag.is_some_and(|tag| tag.core_suffix() == Some("str"));
        if !is_string {
            self.refuse_tag(tag, span);
        }
        match style {
            ScalarStyle::Plain if is_string => Style::PlainText,
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        }
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, span: &Span) {
        if let Some(tag) = tag {
            let range = span.tag_span().and_then(|span| span.byte_range()).unwrap_or_else(|| bytes(span));
            self.parsed.faults.push(yaml_faults::tag(self.file, &tag.original(), range));
        }
    }

    fn syntax_fault(&mut self, error: &ScanError) {
        let around = self.open.last().map(|id| self.parsed.tree.range(*id).start);
        let bracket = around.filter(|start| self.text[*start..].starts_with(['[', '{']));
        self.parsed.faults.push(yaml_faults::syntax(self.text, self.file, error, bracket));
    }
}

fn bytes(span: &Span) -> Range<usize> {
    // A text as input always has byte offsets.
    span.byte_range().unwrap_or_default()
}

/// The JSON value of a document: aliases and merge keys expanded, duplicate keys and what JSON can't
/// hold reported. An empty document is null.
pub fn value(tree: &Tree, text: &str, file: FileId) -> (Value, Vec<Diagnostic>) {
    expanded(tree, text, file, false)
}

/// The same of a file that others read, too: keys and numbers that JSON has no form for are taken for the texts that
/// they are.
pub fn lenient_value(tree: &Tree, text: &str, file: FileId) -> (Value, Vec<Diagnostic>) {
    expanded(tree, text, file, true)
}

fn expanded(tree: &Tree, text: &str, file: FileId, lenient: bool) -> (Value, Vec<Diagnostic>) {
    let (nodes, aliased, in_alias, faults) = (0, 0, 0, Vec::new());
    let mut expansion =
        Expansion { tree, text, file, lenient, nodes, aliased, in_alias, faults, full: false };
    if tree.nodes.is_empty() {
        return (Value::Null, Vec::new());
    }
    let value = expansion.node(0, 0);
    (value, expansion.faults)
}

struct Expansion<'a, 't> {
    tree: &'a Tree<'t>,
    text: &'a str,
    file: FileId,
    /// Whether keys and numbers that JSON can't hold are texts.
    lenient: bool,
    /// Nodes made so far.
    nodes: usize,
    /// Bytes of text made under aliases so far.
    aliased: usize,
    in_alias: usize,
    faults: Vec<Diagnostic>,
    /// A limit is reached: the rest of the file is not expanded.
    full: bool,
}

impl Expansion<'_, '_> {
    fn node(&mut self, id: u32, depth: usize) -> Value {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.stop(yaml_faults::too_large(self.file, self.tree.range(id)));
        } else if depth > MAX_DEPTH {
            self.stop(yaml_faults::too_deep(self.file, self.tree.range(id)));
        }
        if self.full {
            return Value::Null;
        }
        match &self.tree.node(id).content {
            Content::Scalar(text, Style::Plain) => self.plain(id, text),
            Content::Scalar(text, _) => self.string(id, text),
            Content::List(_) => {
                Value::Array(self.tree.children(id).map(|child| self.node(child, depth + 1)).collect())
            }
            Content::Map(_) => Value::Object(self.map(id, depth)),
            Content::Alias(target) => {
                self.in_alias += 1;
                let value = self.node(*target, depth);
                self.in_alias -= 1;
                value
            }
        }
    }

    fn plain(&mut self, id: u32, text: &str) -> Value {
        match plain(text) {
            Plain::Text => self.string(id, text),
            Plain::Value(value) => value,
            Plain::NoJson if self.lenient => self.string(id, text),
            Plain::NoJson => {
                self.report(yaml_faults::no_json(self.file, text, self.tree.range(id)));
                Value::Null
            }
        }
    }

    fn string(&mut self, id: u32, text: &str) -> Value {
        if self.in_alias > 0 {
            self.aliased += text.len();
            if self.aliased > MAX_EXPANDED {
                self.stop(yaml_faults::too_large(self.file, self.tree.range(id)));
                return Value::Null;
            }
        }
        Value::String(text.to_owned())
    }

    fn map(&mut self, id: u32, depth: usize) -> Map<String, Value> {
        let mut map = Map::new();
        let mut merge = None;
        for (key, value) in self.tree.entries(id) {
            if self.full {
                break;
            }
            if self.tree.is_merge(key) {
                if let Some(first) = merge.replace((key, value)).map(|(first, _)| first) {
                    self.duplicate("<<", first, key);
                }
            } else if let Some(name) = self.key(key) {
                let value = self.node(value, depth + 1);
                if map.insert(name, value).is_some()
                    && let Some(name) = self.tree.text(key)
                {
                    let first = self.tree.entries(id).find(|(own, _)| self.tree.text(*own) == Some(name));
                    self.duplicate(name, first.map_or(key, |(first, _)| first), key);
                }
            }
        }
        if let Some((_, value)) = merge {
            self.merge(&mut map, value, depth + 1);
        }
        map
    }

    /// Lays a mapping, or a list of them with the first winning, under the keys that are there.
    fn merge(&mut self, into: &mut Map<String, Value>, value: u32, depth: usize) {
        let is_list = matches!(self.tree.node(self.tree.resolve(value)).content, Content::List(_));
        let parts =
            if is_list { self.tree.children(self.tree.resolve(value)).collect() } else { vec![value] };
        for part in parts {
            let target = self.tree.resolve(part);
            if !matches!(self.tree.node(target).content, Content::Map(_)) {
                self.report(yaml_faults::bad_merge(self.file, self.tree.range(part)));
                continue;
            }
            let Value::Object(merged) = self.node(part, depth) else { return };
            for (key, value) in merged {
                into.entry(key).or_insert(value);
            }
        }
    }

    /// The text of a key, or its fault reported.
    fn key(&mut self, id: u32) -> Option<String> {
        let target = self.tree.resolve(id);
        let fault = match &self.tree.node(target).content {
            Content::Scalar(text, Style::Plain) if !self.lenient && !matches!(plain(text), Plain::Text) => {
                yaml_faults::key_is_no_text(self.file, text, self.tree.range(id))
            }
            Content::Scalar(text, _) => {
                if let Value::String(text) = self.string(target, text) {
                    return Some(text);
                }
                return None;
            }
            _ => yaml_faults::key_is_collection(self.file, bytes_at(self.text, self.tree.range(id).start)),
        };
        self.report(fault);
        None
    }

    fn duplicate(&mut self, name: &str, first: u32, second: u32) {
        let (first, second) = (self.tree.range(first), self.tree.range(second));
        self.report(yaml_faults::duplicate_key(self.file, name, first, second));
    }

    /// Keeps a fault; one in an anchor would come once for each of its aliases.
    fn report(&mut self, fault: Diagnostic) {
        if self.faults.len() >= MAX_FAULTS {
            self.full = true;
        } else if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn stop(&mut self, fault: Diagnostic) {
        if !self.full {
            self.faults.push(fault);
        }
        self.full = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> (Value, Vec<Diagnostic>) {
        let parsed = parse(text, FileId(0));
        let (value, mut faults) = value(&parsed.tree, text, FileId(0));
        faults.splice(0..0, parsed.faults);
        (value, faults)
    }

    fn check(text: &str, expected: Value) {
        let (value, faults) = read(text);
        assert_eq!(faults, [], "{text}");
        assert_eq!(value, expected, "{text}");
    }

    fn codes(text: &str) -> Vec<&'static str> {
        read(text).1.into_iter().map(|fault| fault.code).collect()
    }

    #[test]
    fn values() {
        check("", Value::Null);
        check("# nothing\n", Value::Null);
        check("a: 1\r\nb: |\r\n  x\r\n  y\r\n", json!({"a": 1, "b": "x\ny\n"}));
        check(
            "a: [no, on, yes, off, y, true, ~, null]",
            json!({"a": ["no", "on", "yes", "off", "y", true, null, null]}),
        );
        check("{a: , b}", json!({"a": null, "b": null}));
        check("a: !!str 12", json!({"a": "12"}));
        check("'1': x\n\"true\": y", json!({"1": "x", "true": "y"}));
    }

    #[test]
    fn anchors_and_merge_keys() {
        check("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}", json!({"a": {"p": 1, "q": 2}, "b": {"q": 3, "p": 1}}));
        check(
            "a: &x {p: 1}\nb: &y {p: 2, r: 3}\nc: {<<: [*x, *y]}",
            json!({"a": {"p": 1}, "b": {"p": 2, "r": 3}, "c": {"p": 1, "r": 3}}),
        );
        check("a: &x 1\nb: &x 2\nc: *x", json!({"a": 1, "b": 2, "c": 2}));
        check("\"<<\": 1", json!({"<<": 1}));
    }

    #[test]
    fn faults() {
        for (text, expected) in [
            ("a: 1\na: 2\nb: 1\nb: 2", &["duplicate-key", "duplicate-key"][..]),
            ("a: &x {p: 1, p: 2}\nb: *x", &["duplicate-key"]),
            ("a: .inf\nb: .NaN\nc: 1e999", &["no-json-number"; 3]),
            ("a: !Ref x\nb: !!binary eA==", &["tag"; 2]),
            ("1: a\nnull: b\n? [x]\n: c", &["key-is-no-text"; 3]),
            ("a: *x\nb: *y", &["unknown-anchor"; 2]),
            ("&a [*a]", &["self-alias"]),
            ("a: &a {<<: *a}", &["self-alias"]),
            ("a: {b: ${x}}", &["unquoted-template"]),
            ("a: [p-${x}]", &["unquoted-template"]),
            ("a: {{x}} y", &["unquoted-template"]),
            ("a:\n\tb: 1", &["tab"]),
            ("a: 1\n\tb: 1", &["tab"]),
            ("a: 1\n---\nb: 1", &["several-documents"]),
            ("a: [1", &["broken-yaml"]),
            ("a: \0", &["foreign-bytes"]),
            ("a: {<<: 1}", &["bad-merge"]),
        ] {
            assert_eq!(codes(text), expected, "{text}");
        }
    }
}
