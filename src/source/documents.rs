//! Files that are written for other programs -> documents: several in one file, and texts of theirs that are documents
//! themselves, each with the way back to the bytes of the file.

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use super::locate::Nodes;
use super::{json, yaml};
use crate::diagnostic::{At, Diagnostic, FileId, Format, Part, Place, has_errors};
use crate::pointer::find;

/// One document.
#[derive(Debug)]
pub struct Document {
    pub file: FileId,
    pub value: Value,
    text: String,
    format: Format,
    within: Within,
}

/// Where the text of a document stands.
#[derive(Debug)]
enum Within {
    /// In its file, from this byte on.
    File(usize),
    /// It is a text of another document, at this pointer.
    Document(Arc<Document>, String),
}

/// The documents of a text, and what is wrong with its syntax.
#[derive(Debug, Default)]
pub struct Read {
    pub documents: Vec<Arc<Document>>,
    pub faults: Vec<Diagnostic>,
}

/// Reads all documents of a file's text; those that are broken are passed over and reported. Empty ones are none. Tags
/// of YAML (`!Ref`) are ignored: they mean something to the program that the file is for.
pub fn read(text: &str, format: Format, file: FileId) -> Read {
    let mut read = Read::default();
    if format == Format::Json {
        let (value, faults) = json::value(text, file);
        read.add(Document { file, value, text: text.to_owned(), format, within: Within::File(0) }, faults);
        return read;
    }
    for range in parts(text) {
        let part = &text[range.clone()];
        let (value, mut faults) = lenient(part, file);
        faults.iter_mut().for_each(|fault| moved(fault, range.start));
        let document = Document {
            file,
            value,
            text: part.to_owned(),
            format: Format::Yaml,
            within: Within::File(range.start),
        };
        read.add(document, faults);
    }
    read
}

impl Read {
    fn add(&mut self, document: Document, faults: Vec<Diagnostic>) {
        if !has_errors(&faults) && !document.value.is_null() {
            self.documents.push(Arc::new(document));
        }
        self.faults.extend(faults);
    }
}

fn lenient(text: &str, file: FileId) -> (Value, Vec<Diagnostic>) {
    let parsed = yaml::parse(text, file);
    let mut faults = parsed.faults;
    faults.retain(|fault| fault.code != "tag");
    if has_errors(&faults) {
        return (Value::Null, faults);
    }
    let (value, more) = yaml::lenient_value(&parsed.tree, text, file);
    faults.extend(more);
    (value, faults)
}

/// The parts of a YAML text that are a document each: a line that begins with `---` begins one, wherever it stands.
fn parts(text: &str) -> Vec<Range<usize>> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let behind = line.strip_prefix("---");
        if at > 0 && behind.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r'])) {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// Moves the bytes of a fault.
fn moved(fault: &mut Diagnostic, by: usize) {
    let places = fault.at.iter_mut().chain(fault.also.iter_mut().map(|(_, at)| at));
    for at in places {
        if let Place::Bytes(range) = &mut at.place {
            *range = range.start + by..range.end + by;
        }
    }
}

impl Document {
    /// The document that a text of this one is; none where there is no text, or where it is empty.
    pub fn inner(self: &Arc<Self>, pointer: &str) -> Read {
        let mut read = Read::default();
        let Some(text) = find(&self.value, pointer).and_then(Value::as_str) else { return read };
        let format = if text.trim_start().starts_with('{') { Format::Json } else { Format::Yaml };
        let (value, mut faults) = match format {
            Format::Json => json::value(text, self.file),
            _ => lenient(text, self.file),
        };
        let within = Within::Document(Arc::clone(self), pointer.to_owned());
        let document = Document { file: self.file, value, text: text.to_owned(), format, within };
        for fault in &mut faults {
            let places = fault.at.iter_mut().chain(fault.also.iter_mut().map(|(_, at)| at));
            for at in places {
                if let Place::Bytes(range) = &mut at.place {
                    *range = document.outer(range.clone());
                }
            }
        }
        read.add(document, faults);
        read
    }

    /// The bytes of the file that bytes of this document's text stand for.
    fn outer(&self, range: Range<usize>) -> Range<usize> {
        match &self.within {
            Within::File(start) => range.start + start..range.end + start,
            Within::Document(outer, pointer) => outer.range(&outer.nodes(), pointer, &Part::Within(range)),
        }
    }

    /// Its nodes: made for every question, so whoever has several keeps them.
    pub fn nodes(&self) -> Nodes<'_> {
        Nodes::of(&self.text, self.format, self.file)
    }

    fn range(&self, nodes: &Nodes<'_>, pointer: &str, part: &Part) -> Range<usize> {
        self.outer(nodes.range(&self.text, pointer, part))
    }

    /// A node's place in the file. `nodes` are this document's.
    pub fn at(&self, nodes: &Nodes<'_>, pointer: &str, part: &Part) -> At {
        At { file: self.file, place: Place::Bytes(self.range(nodes, pointer, part)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown<'t>(text: &'t str, document: &Document, pointer: &str, part: Part) -> &'t str {
        let At { place: Place::Bytes(range), .. } = document.at(&document.nodes(), pointer, &part) else {
            panic!("no bytes")
        };
        &text[range]
    }

    #[test]
    fn every_document_keeps_its_place() {
        let text = "# first\na: ä\n---\nb: {1: x}\n--- # third\n---\nc: !Ref d\n";
        let read = read(text, Format::Yaml, FileId(0));
        assert_eq!(read.faults, []);
        let values: Vec<&Value> = read.documents.iter().map(|document| &document.value).collect();
        assert_eq!(values, [&json!({"a": "ä"}), &json!({"b": {"1": "x"}}), &json!({"c": "d"})]);
        assert_eq!(shown(text, &read.documents[0], "/a", Part::Value), "ä");
        assert_eq!(shown(text, &read.documents[1], "/b/1", Part::Value), "x");
        assert_eq!(shown(text, &read.documents[2], "/c", Part::Key), "c");
    }

    #[test]
    fn a_document_inside_of_a_text_is_found_in_the_file() {
        for text in [
            "x: y\n---\ndata:\n  conf: |\n    # one\n    a:\n      b: {c: two}\n",
            "x: y\n---\ndata: {conf: \"a:\\n  b: {c: two}\\n\"}\n",
        ] {
            let outer = read(text, Format::Yaml, FileId(0)).documents.pop().expect("a document");
            let inner = outer.inner("/data/conf").documents.pop().expect("a document inside");
            assert_eq!(inner.value, json!({"a": {"b": {"c": "two"}}}));
            assert_eq!(shown(text, &inner, "/a/b/c", Part::Value), "two");
            assert_eq!(shown(text, &inner, "/a/b", Part::Key), "b");
        }
        let text = r#"{"value": "a:\n  b: [one, \"two\"]\n"}"#;
        let outer = read(text, Format::Json, FileId(0)).documents.pop().expect("a document");
        let inner = outer.inner("/value").documents.pop().expect("a document inside");
        assert_eq!(shown(text, &inner, "/a/b/0", Part::Value), "one");
    }

    #[test]
    fn faults_are_those_of_the_file() {
        let text = "a: 1\n---\ndata:\n  conf: |\n    b: [1\n";
        let outer = read(text, Format::Yaml, FileId(0)).documents.pop().expect("a document");
        let faults = outer.inner("/data/conf").faults;
        let Some(At { place: Place::Bytes(range), .. }) = &faults[0].at else { panic!("{faults:?}") };
        assert!(range.start > text.find("b: [").expect("it"), "{range:?}");
        let faults = read("a: 1\n---\nb: 1\nb: 2\n", Format::Yaml, FileId(0)).faults;
        let Some(At { place: Place::Bytes(range), .. }) = &faults[0].at else { panic!("{faults:?}") };
        assert_eq!(*range, 14..15);
    }
}
