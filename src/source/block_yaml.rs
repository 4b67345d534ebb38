//! The plain cases of YAML in one pass: block mappings and lists, scalars and flow collections of one line, literal
//! texts. Gives the nodes that the parser would give, at the same bytes, in a fraction of the time; whatever it isn't
//! sure of, it leaves to the parser, faults first of all.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use memchr::{memchr, memchr2, memchr3};

use super::tree::{Children, Content, MAX_NODES, Style, Tree};

/// Deeper than people write; the parser knows what the limit is.
const DEEPEST: usize = 64;
/// A key is read on one line, and the parser refuses longer ones.
const LONGEST_KEY: usize = 1000;

/// The tree of a text, or nothing where the parser must look at it. `text` has no byte-order mark.
pub fn read(text: &str) -> Option<Tree<'_>> {
    let bytes = text.as_bytes();
    if !is_ordinary(bytes) {
        return None;
    }
    let mut reader =
        Reader { text, bytes, at: 0, line: 0, depth: 0, anchors: HashMap::new(), tree: Tree::default() };
    let indent = reader.next_line()?;
    if indent != Some(0) {
        return None;
    }
    reader.block(None, 0)?;
    // What stands further out than the root is for the parser to refuse.
    (reader.at == bytes.len()).then_some(reader.tree)
}

/// Whether there is nothing but what stands for itself: tabs, carriage returns and what can't be seen have rules of their
/// own.
pub fn is_ordinary(bytes: &[u8]) -> bool {
    // By blocks without an end in between, so that many bytes are looked at once.
    let is_control = |byte: &u8| (*byte < b' ' && *byte != b'\n') || *byte == 0x7f;
    let has_control = |block: &[u8]| block.iter().fold(false, |found, byte| found | is_control(byte));
    if bytes.chunks(64).any(has_control) {
        return false;
    }
    // U+0080 to U+009F begin with the first; U+FEFF, U+FFFE and U+FFFF with the second.
    memchr::memchr2_iter(0xc2, 0xef, bytes).all(|at| match bytes[at..] {
        [0xc2, next, ..] => next > 0x9f,
        [0xef, second, third, ..] => !matches!((second, third), (0xbb, 0xbf) | (0xbf, 0xbe | 0xbf)),
        _ => true,
    })
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    /// The next byte: between nodes, the first one of a line's content, or the end.
    at: usize,
    /// Where the line begins that this byte stands in.
    line: usize,
    depth: usize,
    /// Nodes by the names of their anchors.
    anchors: HashMap<&'t str, u32>,
    tree: Tree<'t>,
}

/// A scalar and where it ends.
struct Scalar<'t> {
    text: Cow<'t, str>,
    style: Style,
    end: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// Where the line ends that a byte stands in: at its line feed, or at the end.
    fn line_end(&self, at: usize) -> usize {
        memchr(b'\n', &self.bytes[at..]).map_or(self.bytes.len(), |length| at + length)
    }

    fn spaces(&self, mut at: usize) -> usize {
        while self.peek(at) == Some(b' ') {
            at += 1;
        }
        at
    }

    /// Goes from the beginning of a line to the content of the next line that has some, and tells its column: none at
    /// the end. Nothing at all where a document begins or ends.
    fn next_line(&mut self) -> Option<Option<usize>> {
        loop {
            self.line = self.at;
            self.at = self.spaces(self.at);
            match self.peek(self.at) {
                None => return Some(None),
                Some(b'\n') => self.at += 1,
                Some(b'#') => {
                    self.at = self.line_end(self.at);
                    self.at += usize::from(self.at < self.bytes.len());
                }
                Some(_) => {
                    let rest = &self.bytes[self.at..];
                    let is_marker = rest.starts_with(b"---") || rest.starts_with(b"...");
                    let column = self.at - self.line;
                    return if column == 0 && (is_marker || rest[0] == b'%') {
                        None
                    } else {
                        Some(Some(column))
                    };
                }
            }
        }
    }

    /// The column of the content at hand; none at the end.
    fn column(&self) -> Option<usize> {
        (self.at < self.bytes.len()).then(|| self.at - self.line)
    }

    /// Goes behind a node's last byte to the next content, over the comment that may stand there.
    fn end_of_node(&mut self, end: usize) -> Option<()> {
        let behind = self.spaces(end);
        match self.peek(behind) {
            None | Some(b'\n') => {}
            Some(b'#') if behind > end => {}
            Some(_) => return None,
        }
        let end = self.line_end(behind);
        self.at = (end + 1).min(self.bytes.len());
        self.next_line().map(drop)
    }

    fn add(&mut self, parent: Option<u32>, range: Range<usize>, content: Content<'t>) -> Option<u32> {
        (self.tree.nodes.len() < MAX_NODES).then(|| self.tree.add(parent, range, content))
    }

    fn scalar(&mut self, parent: Option<u32>, start: usize, scalar: Scalar<'t>) -> Option<()> {
        self.add(parent, start..scalar.end, Content::Scalar(scalar.text, scalar.style)).map(drop)
    }

    /// A collection in block style whose first byte is at hand, in this column.
    fn block(&mut self, parent: Option<u32>, column: usize) -> Option<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        if self.is_dash() {
            self.list(parent, column)?
        } else {
            self.mapping(parent, column)?
        }
        self.depth -= 1;
        Some(())
    }

    fn is_dash(&self) -> bool {
        self.peek(self.at) == Some(b'-') && matches!(self.peek(self.at + 1), None | Some(b' ' | b'\n'))
    }

    /// Gives a collection its end: that of its last child.
    fn close(&mut self, id: u32) {
        if let Some(last) = self.tree.last_child(id) {
            self.tree.nodes[id as usize].end = self.tree.node(last).end;
        }
    }

    fn list(&mut self, parent: Option<u32>, column: usize) -> Option<()> {
        let own = self.add(parent, self.at..self.at, Content::List(Children::EMPTY))?;
        while self.column() == Some(column) && self.is_dash() {
            let start = self.spaces(self.at + 1);
            match self.peek(start) {
                None | Some(b'\n' | b'#') => self.below(own, self.at, column, false)?,
                Some(_) => {
                    self.at = start;
                    let inner = start - self.line;
                    if self.is_dash() || self.key().is_some() {
                        self.block(Some(own), inner)?;
                    } else {
                        self.value(own, column)?;
                    }
                }
            }
        }
        self.ended(column)?;
        self.close(own);
        Some(())
    }

    fn mapping(&mut self, parent: Option<u32>, column: usize) -> Option<()> {
        let own = self.add(parent, self.at..self.at, Content::Map(Children::EMPTY))?;
        while self.column() == Some(column) && !self.is_dash() {
            let start = self.at;
            let key = self.key()?;
            let colon = key.end;
            self.scalar(Some(own), start, key)?;
            self.at = self.spaces(colon + 1);
            match self.peek(self.at) {
                None | Some(b'\n' | b'#') => self.below(own, colon, column, true)?,
                Some(_) => self.value(own, column)?,
            }
        }
        self.ended(column)?;
        self.close(own);
        Some(())
    }

    /// Behind a collection nothing may stand further in; a list that is done in the column of its mapping's keys, and a
    /// mapping whose column a dash has, are told apart by who asks next.
    fn ended(&self, column: usize) -> Option<()> {
        self.column().is_none_or(|next| next <= column).then_some(())
    }

    /// What belongs to a colon or dash, which is at hand, of a collection of this column and stands on the lines below.
    fn below(&mut self, parent: u32, sign: usize, column: usize, of_key: bool) -> Option<()> {
        self.end_of_node(sign + 1)?;
        match self.column() {
            Some(next) if next > column => self.block(Some(parent), next),
            // A list may stand in the column of its key.
            Some(next) if of_key && next == column && self.is_dash() => {
                // The parser tells its beginning by the first item, or by the end of the line.
                let own = u32::try_from(self.tree.nodes.len()).ok()?;
                let start = self.spaces(self.at + 1);
                if self.peek(start) == Some(b'#') {
                    return None;
                }
                self.block(Some(parent), next)?;
                self.tree.nodes[own as usize].start = u32::try_from(start).ok()?;
                Some(())
            }
            // Nothing is null, and stands at the colon.
            _ if of_key => {
                let empty = Scalar { text: Cow::Borrowed("~"), style: Style::Plain, end: sign };
                self.scalar(Some(parent), sign, empty)
            }
            _ => None,
        }
    }

    /// A value that begins on the line of its key or dash, in a collection of this column.
    fn value(&mut self, parent: u32, column: usize) -> Option<()> {
        let start = self.at;
        let end = match self.peek(start)? {
            b'|' | b'>' => return self.text(parent, column),
            b'&' => return self.anchored(parent, column),
            b'*' => self.alias(parent)?,
            b'[' | b'{' => self.flow(Some(parent), column)?,
            _ => {
                let scalar = self.scalar_at(start, Self::plain_value)?;
                let end = scalar.end;
                self.scalar(Some(parent), start, scalar)?;
                end
            }
        };
        self.end_of_node(end)?;
        // Further in it goes on: a scalar of several lines.
        self.ended(column)
    }

    /// The name of an anchor or alias, and where it ends.
    fn name(&self) -> Option<(&'t str, usize)> {
        let start = self.at + 1;
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let length =
            self.bytes[start..].iter().position(|byte| !is_part(byte)).unwrap_or(self.bytes.len() - start);
        let end = start + length;
        let ends = matches!(self.peek(end), None | Some(b' ' | b'\n'));
        (length > 0 && ends).then(|| (&self.text[start..end], end))
    }

    /// A value with an anchor.
    fn anchored(&mut self, parent: u32, column: usize) -> Option<()> {
        let (name, end) = self.name()?;
        let own = u32::try_from(self.tree.nodes.len()).ok()?;
        self.at = self.spaces(end);
        match self.peek(self.at)? {
            b'\n' => {
                self.end_of_node(end)?;
                let next = self.column().filter(|next| *next > column)?;
                self.block(Some(parent), next)?;
            }
            b'#' | b'&' | b'*' => return None,
            _ => self.value(parent, column)?,
        }
        // One that is given again stands for what comes between, too.
        self.anchors.insert(name, own).is_none().then_some(())
    }

    /// An alias; tells its end. In the node that it stands for there is none yet.
    fn alias(&mut self, parent: u32) -> Option<usize> {
        let (name, end) = self.name()?;
        let target = *self.anchors.get(name)?;
        self.add(Some(parent), self.at..end, Content::Alias(target))?;
        Some(end)
    }

    /// The scalar at a byte: between quotes, or plain and as long as it may be where it stands, spaces at its end left aside.
    fn scalar_at(&self, start: usize, plain: fn(&Self, usize) -> Option<usize>) -> Option<Scalar<'t>> {
        if matches!(self.peek(start)?, b'"' | b'\'') {
            return self.quoted(start);
        }
        if !self.may_begin(start) {
            return None;
        }
        let text = self.text[start..plain(self, start)?].trim_end_matches(' ');
        Some(Scalar { text: Cow::Borrowed(text), style: Style::Plain, end: start + text.len() })
    }

    /// The key at hand, its end at the colon; nothing where it is none, or one for the parser.
    fn key(&self) -> Option<Scalar<'t>> {
        let scalar = self.scalar_at(self.at, Self::plain_key)?;
        let is_key = self.peek(scalar.end) == Some(b':')
            && matches!(self.peek(scalar.end + 1), None | Some(b' ' | b'\n'))
            && scalar.end - self.at <= LONGEST_KEY;
        is_key.then_some(scalar)
    }

    /// Up to the colon, but for a comment.
    fn plain_key(&self, start: usize) -> Option<usize> {
        let end = self.colon(start)?;
        let text = &self.bytes[start..end];
        let is_cut = |at: usize| text[..at].ends_with(b" ");
        (!memchr::memchr_iter(b'#', text).any(is_cut)).then_some(end)
    }

    /// The first colon of a line that a space or the end follows.
    fn colon(&self, start: usize) -> Option<usize> {
        let mut at = start;
        loop {
            at += memchr2(b':', b'\n', &self.bytes[at..])?;
            if self.bytes[at] == b'\n' {
                return None;
            }
            if matches!(self.peek(at + 1), None | Some(b' ' | b'\n')) {
                return Some(at);
            }
            at += 1;
        }
    }

    /// Whether a plain scalar may begin with a byte and the next one.
    fn may_begin(&self, at: usize) -> bool {
        match self.bytes[at] {
            b'-' => self.peek(at + 1).is_some_and(|next| next.is_ascii_alphanumeric() || next == b'.'),
            byte => !b"?:,[]{}#&*!|>'\"%@` \n".contains(&byte),
        }
    }

    /// Up to the end of the line, or a comment.
    fn plain_value(&self, start: usize) -> Option<usize> {
        let mut end = self.line_end(start);
        let mut at = start;
        while let Some(found) = memchr2(b':', b'#', &self.bytes[at..end]) {
            let found = at + found;
            if self.bytes[found] == b':' {
                // A mapping may not begin here.
                if matches!(self.peek(found + 1), None | Some(b' ' | b'\n')) {
                    return None;
                }
            } else if self.bytes[found - 1] == b' ' {
                end = found;
                break;
            }
            at = found + 1;
        }
        Some(end)
    }

    /// A scalar of one line between quotes.
    fn quoted(&self, start: usize) -> Option<Scalar<'t>> {
        let quote = self.bytes[start];
        let from = start + 1;
        let mut owned: Option<String> = None;
        let mut kept = from;
        let mut at = from;
        loop {
            at += memchr3(quote, b'\\', b'\n', &self.bytes[at..])?;
            match self.bytes[at] {
                b'\n' => return None,
                b'\\' if quote == b'\'' => at += 1,
                b'\\' => {
                    let (c, length) = self.escape(at + 1)?;
                    let text = owned.get_or_insert_default();
                    text.push_str(&self.text[kept..at]);
                    text.push(c);
                    at += 1 + length;
                    kept = at;
                }
                _ if quote == b'\'' && self.peek(at + 1) == Some(b'\'') => {
                    let text = owned.get_or_insert_default();
                    text.push_str(&self.text[kept..=at]);
                    at += 2;
                    kept = at;
                }
                _ => break,
            }
        }
        let rest = &self.text[kept..at];
        let text = match owned {
            None => Cow::Borrowed(rest),
            Some(text) => Cow::Owned(text + rest),
        };
        let style = if quote == b'"' { Style::Double } else { Style::Single };
        Some(Scalar { text, style, end: at + 1 })
    }

    /// What an escape stands for, and its length behind the backslash. Rare ones are the parser's.
    fn escape(&self, at: usize) -> Option<(char, usize)> {
        let digits = match self.peek(at)? {
            b'n' => return Some(('\n', 1)),
            b't' => return Some(('\t', 1)),
            b'r' => return Some(('\r', 1)),
            b'"' => return Some(('"', 1)),
            b'\\' => return Some(('\\', 1)),
            b'/' => return Some(('/', 1)),
            b'u' => self.bytes.get(at + 1..at + 5)?,
            _ => return None,
        };
        let digits = std::str::from_utf8(digits)
            .ok()
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?;
        Some((c, 5))
    }

    /// A literal or folded text: `|`, `|-`, `|+`, `>`, …
    fn text(&mut self, parent: u32, column: usize) -> Option<()> {
        let is_folded = self.bytes[self.at] == b'>';
        let chomping = self.peek(self.at + 1).filter(|byte| matches!(byte, b'-' | b'+'));
        let header = self.at + 1 + usize::from(chomping.is_some());
        let end = self.spaces(header);
        if self.peek(end) != Some(b'\n') {
            return None;
        }
        let (mut text, mut indent, mut blank) = (String::new(), None, 0_usize);
        let (mut first, mut at) = (0, end + 1);
        while at < self.bytes.len() {
            let content = self.spaces(at);
            let end = self.line_end(at);
            // Without a line feed at its end the text ends otherwise.
            if end == self.bytes.len() {
                return None;
            }
            if content == end {
                // Spaces beyond the indentation belong to the text.
                if indent.is_none_or(|indent| content - at > indent) && content > at {
                    return None;
                }
                blank += 1;
            } else {
                let own = *indent.get_or_insert_with(|| {
                    first = content;
                    content - at
                });
                if own <= column {
                    return None;
                }
                if content - at < own {
                    break;
                }
                if is_folded && content - at > own {
                    // What is further in is not folded, with rules of its own.
                    return None;
                }
                if is_folded && blank == 0 && text.ends_with('\n') {
                    text.pop();
                    text.push(' ');
                } else if is_folded && !text.is_empty() {
                    text.extend(std::iter::repeat_n('\n', blank - 1));
                } else {
                    text.extend(std::iter::repeat_n('\n', blank));
                }
                blank = 0;
                text.push_str(&self.text[at + own..=end]);
            }
            at = end + 1;
        }
        indent?;
        match chomping {
            Some(b'-') => drop(text.pop()),
            Some(_) => text.extend(std::iter::repeat_n('\n', blank)),
            None => {}
        }
        // The parser has gone over the spaces before what ends it.
        let scalar = Scalar { text: Cow::Owned(text), style: Style::Block, end: self.spaces(at) };
        self.scalar(Some(parent), first, scalar)?;
        self.at = at;
        self.next_line()?;
        self.ended(column)
    }

    /// Spaces and line feeds between brackets. No line may begin as far out as what is around them.
    fn between(&self, mut at: usize, column: usize) -> Option<usize> {
        loop {
            at = self.spaces(at);
            match self.peek(at)? {
                b'\n' => {
                    at += 1;
                    let next = self.spaces(at);
                    if self.peek(next)? != b'\n' && next - at <= column {
                        return None;
                    }
                }
                _ => return Some(at),
            }
        }
    }

    /// A collection between brackets, in a collection of this column; tells its end.
    fn flow(&mut self, parent: Option<u32>, column: usize) -> Option<usize> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let start = self.at;
        let is_map = self.bytes[start] == b'{';
        let (content, close) = if is_map {
            (Content::Map(Children::EMPTY), b'}')
        } else {
            (Content::List(Children::EMPTY), b']')
        };
        let own = self.add(parent, start..start + 1, content)?;
        self.at = self.between(start + 1, column)?;
        if self.peek(self.at) != Some(close) {
            loop {
                if is_map {
                    let key = self.at;
                    self.flow_scalar(own)?;
                    if self.at - key > LONGEST_KEY
                        || self.peek(self.at) != Some(b':')
                        || self.peek(self.at + 1) != Some(b' ')
                    {
                        return None;
                    }
                    self.at = self.spaces(self.at + 1);
                }
                match self.peek(self.at)? {
                    b'[' | b'{' => self.at = self.flow(Some(own), column)?,
                    _ => self.flow_scalar(own)?,
                }
                self.at = self.between(self.at, column)?;
                match self.peek(self.at)? {
                    b',' => self.at = self.between(self.at + 1, column)?,
                    byte if byte == close => break,
                    _ => return None,
                }
            }
        }
        let end = self.at + 1;
        self.tree.nodes[own as usize].end = u32::try_from(end).ok()?;
        self.depth -= 1;
        Some(end)
    }

    /// A scalar between brackets; behind it stands a comma, a colon or a bracket, or spaces before one.
    fn flow_scalar(&mut self, parent: u32) -> Option<()> {
        let start = self.at;
        let scalar = self.scalar_at(start, Self::plain_item)?;
        self.at = scalar.end;
        self.scalar(Some(parent), start, scalar)
    }

    /// Up to what ends it between brackets.
    fn plain_item(&self, start: usize) -> Option<usize> {
        let mut end = start;
        loop {
            match self.peek(end)? {
                b',' | b']' | b'}' | b'\n' => return Some(end),
                b':' if b" ,]}[{\n".contains(&self.peek(end + 1)?) => return Some(end),
                // What begins here is a comment or a collection.
                b'#' | b'[' | b'{' => return None,
                _ => end += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::diagnostic::FileId;
    use crate::source::yaml;

    /// Reads a text both ways; tells whether it was read here.
    fn agree(text: &str) -> bool {
        let parsed = yaml::parsed(text, FileId(0));
        let Some(tree) = read(text) else { return false };
        assert_eq!(parsed.faults, [], "{text}");
        assert_eq!(format!("{tree:#?}"), format!("{:#?}", parsed.tree), "{text}");
        true
    }

    #[test]
    fn plain_cases_are_read_as_the_parser_reads_them() {
        for text in [
            "a: 1\n",
            "a: 1",
            "a:\n",
            "a:",
            "a: # nothing\nb: 1 # one\n# end\n",
            "a:\n\n  # in\n  b: x:y#z\n",
            "a:\n  b: x\n  c:\n    - 1\n    - -2\n  d: y\n",
            "a:\n- 1\n- b: 2\n  c: 3\n-\n  d: 4\n- - 5\n  - 6\ne: f\n",
            "- a\n- 'it''s'\n- \"x\\ny\\u00e9\"\n- é\n",
            "\"a\": b\n'c:d': e\nf-g.h/i: -j\n",
            "a: {b: c, d: [1, \"x\", {e: f}], g: {}} # x\nh: []\ni: [ a , b ]\n",
            "a: [\n  b,\n\n  {c: d,\n e: f}\n ]\ng: h\n",
            "a: |\n  x\n\n   y\n  # z\n\nb: |-\n  x\n\nc:\n  - |+\n    x\n\n  - y\n",
            "a: |-\n    x\n   \n    y\n\n\n# b\nc: d\n",
            "a: >-\n  x\n  y\n\n  z\n\nb: >\n  x\n  y\n",
            "a: ${x}/y#z @w\nb: http://x:8080/?a=b#c\nc: a:b\n",
            "a:\n  b:\n    c:\n\n\nd:\n- e:\n- f:\n  - g\n",
            "a: &x\n  - 1\nb: &y {c: d}\ne: *x\nf: {<<: g}\nh:\n  - *y # y\n",
        ] {
            assert!(agree(text), "left to the parser: {text}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_parser() {
        for text in [
            "",
            "# nothing\n",
            "a",
            "a: x: y\n",
            "a: b\n  c\n",
            "a: \"b\n  c\"\n",
            "a: 1\n  b: 2\n",
            "a:\n  b: 1\n  - 2\n",
            "a: !x 1\n",
            "a: *x\n",
            "a: &x [*x]\n",
            "a: &x 1\nb: &x 2\nc: *x\n",
            "a: {b: ${x}}\n",
            "a: {{x}}\n",
            "a: [b\n",
            "a: [\nb]\n",
            "a: |2\n   b\n",
            "a: >\n  b\n   c\n",
            "a: |\n  b",
            "a: 1\n---\nb: 2\n",
            "%YAML 1.2\na: 1\n",
            "? a\n: b\n",
            "a:\tb\n",
            "a: b\r\n",
            "a: \u{80}\n",
            "@a: b\n",
            &format!("a: {{{}: b}}\n", "k".repeat(3000)),
        ] {
            assert!(!agree(text), "read: {text}");
        }
        let deep = "- ".repeat(1000) + "x\n";
        assert!(read(&deep).is_none());
        assert!(read(&format!("a: {}{}\n", "[".repeat(1000), "]".repeat(1000))).is_none());
    }

    const KEYS: [&str; 8] = ["a", "b c", "\"k\"", "'q'", "x.y/z", "-n", "<<", "é"];
    const VALUES: [&str; 40] = [
        "",
        " 1",
        " x",
        " x: y",
        " \"s\\n\"",
        " 's''t'",
        " {a: b, c: [1, d]}",
        " []",
        " {}",
        " |",
        " |-",
        " |+",
        " # c",
        " x # c",
        " [a,b ,\"c\" ]",
        " >",
        " >-",
        " x#y",
        " http://a:1",
        " ~",
        " {a: b} # c",
        " - x",
        " {a, b}",
        " &x 1",
        " *x",
        " &y",
        " \"a\" b",
        "  two",
        " {a: }",
        " [a, ]",
        " [a: b]",
        " ${a b}",
        " {{x}}",
        " \"",
        " |2",
        " -5",
        " ? x",
        " [a,\n   b]",
        " [-1, http://x]",
        " x\u{a0}",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn any_text_is_read_as_the_parser_reads_it_or_not_at_all(
            lines in prop::collection::vec(
                (0_usize..4, select(&["", "", "", "- ", "- - ", "-", "-   "][..]), select(&KEYS[..]), any::<bool>(),
                 select(&VALUES[..]), select(&["\n", "\n", "\n", "\n\n", "\n  \n", "\n # c\n", ""][..])),
                1..9,
            ),
        ) {
            let mut text = String::new();
            for (indent, dash, key, colon, value, end) in lines {
                text += &" ".repeat(indent * 2);
                text += dash;
                text += key;
                text += if colon { ":" } else { "" };
                text += value;
                text += end;
            }
            agree(&text);
        }
    }
}
