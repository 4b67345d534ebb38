//! Named places -> bytes, lines and columns: asked for late, each file parsed again at most once.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::align;
use super::nodes::nodes;
use super::tree::{Content, Index, Tree, clamp};
use crate::diagnostic::{At, FileId, Format, Part, Place, Position, Sources};
use crate::model::Origin;

/// A place as a renderer needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    pub path: Arc<str>,
    /// The whole file.
    pub text: Arc<str>,
    /// Bytes of `text`; none where the file as a whole is meant.
    pub range: Option<Range<usize>>,
    /// Line and column, from 1, of the first byte and of the one behind the last.
    pub start: (u32, u32),
    pub end: (u32, u32),
}

impl Located {
    pub fn position(&self) -> Position {
        Position { file: self.path.clone(), line: self.start.0, column: self.start.1 }
    }
}

/// Looks places up. Keeps the nodes of each file that was asked for.
pub struct Locator<'s> {
    sources: &'s Sources,
    files: HashMap<FileId, Nodes<'s>>,
}

/// The nodes of a text.
pub struct Nodes<'s> {
    tree: Tree<'s>,
    index: Index,
    lines: Lines,
}

impl<'s> Locator<'s> {
    pub fn new(sources: &'s Sources) -> Self {
        Self { sources, files: HashMap::new() }
    }

    /// Where a place is. A node that the file doesn't hold gives the nearest one around it.
    pub fn locate(&mut self, at: &At) -> Located {
        let source = self.sources.get(at.file);
        let nodes = self.nodes(at.file);
        let range = match &at.place {
            Place::File => None,
            Place::Bytes(range) => Some(clamp(&source.text, range)),
            Place::Node { pointer, part } => Some(nodes.range(&source.text, pointer, part)),
        };
        let (from, to) = range.as_ref().map_or((0, 0), |range| (range.start, range.end));
        let (start, end) = (nodes.lines.position(&source.text, from), nodes.lines.position(&source.text, to));
        Located { path: source.path.clone(), text: source.text.clone(), range, start, end }
    }

    /// Where a part of a resource's body was written: the first of its layers that holds the pointer
    /// or, where none does, what stands around it; at last the definition's own key.
    pub fn locate_in(&mut self, origin: &Origin, pointer: &str) -> At {
        let mut pointer = pointer;
        while !pointer.is_empty() {
            let layers = origin.layers.iter().map(|layer| layer.child(pointer));
            for at in layers {
                if let Place::Node { pointer, .. } = &at.place
                    && self.nodes(at.file).find(pointer).is_some()
                {
                    return at;
                }
            }
            pointer = pointer.rsplit_once('/').map_or("", |(around, _)| around);
        }
        let definition = origin.layers.first();
        // A definition without layers does not come out of `load`; its file's begin is as good as any.
        definition.map_or(At::file(FileId(0)), |layer| layer.part(Part::Key))
    }

    /// The text that stands at a node, as written but for quotes and escapes; none where it is not text.
    pub fn text(&mut self, at: &At) -> Option<&str> {
        let Place::Node { pointer, .. } = &at.place else { return None };
        let nodes = self.nodes(at.file);
        let (_, node) = nodes.find(pointer)?;
        nodes.tree.text(nodes.tree.resolve(node))
    }

    fn nodes(&mut self, file: FileId) -> &Nodes<'s> {
        let source = self.sources.get(file);
        self.files.entry(file).or_insert_with(|| Nodes::of(&source.text, source.format, file))
    }
}

impl<'s> Nodes<'s> {
    /// Of a text, which stands in a file.
    pub fn of(text: &'s str, format: Format, file: FileId) -> Self {
        let tree = nodes(text, format, file);
        Nodes { tree, index: Index::default(), lines: Lines::new(text) }
    }

    fn find(&self, pointer: &str) -> Option<(Option<u32>, u32)> {
        self.tree.find(pointer, &self.index)
    }

    /// The bytes of a part of a node, or of the nearest one around it.
    pub fn range(&self, text: &str, pointer: &str, part: &Part) -> Range<usize> {
        if let Some((key, node)) = self.find(pointer) {
            return self.part(text, key, node, part);
        }
        let mut pointer = pointer;
        while let Some((around, _)) = pointer.rsplit_once('/') {
            pointer = around;
            if let Some((key, node)) = self.find(pointer) {
                return self.part(text, key, node, if key.is_some() { &Part::Key } else { &Part::Value });
            }
        }
        0..0
    }

    fn part(&self, text: &str, key: Option<u32>, node: u32, part: &Part) -> Range<usize> {
        let value = self.tree.range(node);
        let range = match (part, key) {
            (Part::Key, Some(key)) => self.tree.range(key),
            (Part::Key, None) => value.start..value.start,
            // `key:` without a value: there is nothing to point at but the key.
            (_, Some(key)) if value.is_empty() => self.tree.range(key),
            (Part::Value, _) => value,
            (Part::Within(within), _) => {
                let target = self.tree.resolve(node);
                match &self.tree.node(target).content {
                    Content::Scalar(scalar, style) => {
                        align::within(text, self.tree.range(target), *style, scalar, within)
                    }
                    _ => value,
                }
            }
        };
        let range = clamp(text, &range);
        let shown = text[range.clone()].trim_end().len();
        range.start..range.start + shown
    }
}

/// Finds lines and columns without reading a file from its begin each time.
pub struct Lines {
    /// Every 4 KiB or so: byte, line, column.
    marks: Vec<(usize, u32, u32)>,
}

const STRIDE: usize = 4096;

impl Lines {
    pub fn new(text: &str) -> Self {
        let mut marks = vec![(0, 1, 1)];
        let mut from = (0, 1, 1);
        while from.0 + STRIDE < text.len() {
            let at = text.floor_char_boundary(from.0 + STRIDE);
            let (line, column) = walk(text, from, at);
            from = (at, line, column);
            marks.push(from);
        }
        Self { marks }
    }

    /// Line and column of a byte, both from 1; columns count characters.
    pub fn position(&self, text: &str, at: usize) -> (u32, u32) {
        let at = text.floor_char_boundary(at);
        let index = self.marks.partition_point(|mark| mark.0 <= at).saturating_sub(1);
        walk(text, self.marks[index], at)
    }
}

fn walk(text: &str, (from, line, column): (usize, u32, u32), to: usize) -> (u32, u32) {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let chars = |bytes: &[u8]| number(bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count());
    let passed = &text.as_bytes()[from..to.max(from)];
    match memchr::memrchr(b'\n', passed) {
        None => (line, column.saturating_add(chars(passed))),
        Some(last) => {
            let lines = memchr::memchr_iter(b'\n', passed).count();
            (line.saturating_add(number(lines)), chars(&passed[last + 1..]).saturating_add(1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "\
monitors:
  ä:
    name: \"x ${y}\"
    options: &o
      thresholds: {critical: 5}
    empty:
    text: |
      one
      two
  b:
    <<: {name: merged}
    options: *o
";

    fn check(format: Format, text: &str, pointer: &str, part: Part, expected: (&str, u32, u32)) {
        let mut sources = Sources::default();
        let file = sources.add("x", text, format);
        let at = At { file, place: Place::Node { pointer: pointer.into(), part } };
        let found = Locator::new(&sources).locate(&at);
        let shown = &text[found.range.unwrap()];
        assert_eq!((shown, found.start.0, found.start.1), expected, "{pointer}");
    }

    #[test]
    fn places_in_yaml() {
        let check = |pointer: &str, part, expected| check(Format::Yaml, YAML, pointer, part, expected);
        check("/monitors/ä", Part::Key, ("ä", 2, 3));
        check("/monitors/ä/name", Part::Value, ("\"x ${y}\"", 3, 11));
        check("/monitors/ä/name", Part::Within(2..6), ("${y}", 3, 14));
        check("/monitors/ä/options", Part::Value, ("thresholds: {critical: 5}", 5, 7));
        check("/monitors/ä/empty", Part::Value, ("empty", 6, 5));
        check("/monitors/ä/text", Part::Within(4..7), ("two", 9, 7));
        check("/monitors/ä/nothing/here", Part::Value, ("ä", 2, 3));
        check("/monitors/b/name", Part::Value, ("merged", 11, 16));
        check("/monitors/b/options/thresholds/critical", Part::Key, ("critical", 5, 20));
        check("", Part::Key, ("", 1, 1));
    }

    #[test]
    fn places_in_json() {
        let text = "{\n \"a\": [1, {\"b\": \"c\\nd\"}]}";
        let check = |pointer: &str, part, expected| check(Format::Json, text, pointer, part, expected);
        check("/a/1/b", Part::Key, ("\"b\"", 2, 12));
        check("/a/1/b", Part::Within(2..3), ("d", 2, 21));
        check("/a/9", Part::Value, ("\"a\"", 2, 2));
    }

    #[test]
    fn layers_are_tried_in_turn() {
        let mut sources = Sources::default();
        let yaml = sources.add("a.yaml", "dashboards: {x: {$file: b.json, title: t}}", Format::Yaml);
        let json = sources.add("b.json", r#"{"data": {"title": "old", "widgets": [1]}}"#, Format::Json);
        let origin = Origin {
            position: Position { file: "a.yaml".into(), line: 1, column: 14 },
            layers: vec![At::value(yaml, "/dashboards/x"), At::value(json, "/data")],
        };
        let mut locator = Locator::new(&sources);
        assert_eq!(locator.locate_in(&origin, "/title"), At::value(yaml, "/dashboards/x/title"));
        assert_eq!(locator.locate_in(&origin, "/widgets/0"), At::value(json, "/data/widgets/0"));
        assert_eq!(locator.locate_in(&origin, "/widgets/7/q"), At::value(json, "/data/widgets"));
        assert_eq!(locator.locate_in(&origin, "/nothing"), At::key(yaml, "/dashboards/x"));
    }

    #[test]
    fn positions_need_no_walk_from_the_begin() {
        let text = "ä\nbc€\n".repeat(5000);
        let lines = Lines::new(&text);
        for at in (0..text.len()).step_by(997) {
            let at = text.floor_char_boundary(at);
            assert_eq!(lines.position(&text, at), walk(&text, (0, 1, 1), at), "{at}");
        }
    }
}
