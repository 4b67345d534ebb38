//! A large file of definitions in plain YAML -> parts, each a section with some of its entries: read on all cores, and
//! let go one by one. Any text that this is not sure of is left whole.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::parsed::{Document, broken, keys};
use super::tree::{Content, MAX_NODES};
use super::{block_yaml, yaml};
use crate::cores::in_parallel;
use crate::diagnostic::{FileId, Format};

/// A smaller text is read whole.
const LARGE: usize = 128 << 10;
/// A part ends with the entry that takes it past this many bytes.
const PART: usize = 32 << 10;

/// Some entries of a section.
#[derive(Debug, PartialEq)]
struct Part<'t> {
    /// The line of the section's key.
    section: &'t str,
    entries: Range<usize>,
    /// How many lines stand before the entries.
    lines: u32,
}

/// What becomes of the parts of a text, in their order; none where it must be read whole. What `work` is given are
/// documents of one section each, with the places that the keys of their entries have in the whole.
pub fn each<T: Send>(
    (path, text, file): (&Arc<str>, &str, FileId),
    work: &(dyn Fn(Document) -> T + Sync),
) -> Option<Vec<T>> {
    let whole = broken(Arc::clone(path), file);
    // A merge key would bring entries of other parts along.
    if text.len() < LARGE
        || whole.format == Format::Json
        || text.contains("<<")
        || !block_yaml::is_ordinary(text.as_bytes())
    {
        return None;
    }
    let parts = parts(text)?;
    let read = in_parallel(&parts, 1, &|parts, _| -> Option<Vec<_>> {
        let one = |part: &Part<'_>| {
            let (document, nodes) = document((path, text, file), part)?;
            let keys: Vec<String> = document.keys.keys().cloned().collect();
            Some((work(document), keys, nodes))
        };
        parts.iter().map(one).collect()
    });
    let (mut taken, mut known, mut nodes) = (Vec::with_capacity(parts.len()), HashSet::new(), 0);
    for (own, keys, more) in read.into_iter().collect::<Option<Vec<_>>>()?.into_iter().flatten() {
        nodes += more;
        if nodes > MAX_NODES || !keys.into_iter().all(|key| known.insert(key)) {
            return None;
        }
        taken.push(own);
    }
    Some(taken)
}

/// Whether a pointer is that of an entry, and not of its section.
fn is_entry(pointer: &str) -> bool {
    pointer.bytes().filter(|byte| *byte == b'/').count() > 1
}

/// A part as a document of its own, and how many nodes it has.
fn document((path, text, file): (&Arc<str>, &str, FileId), part: &Part<'_>) -> Option<(Document, usize)> {
    let own = format!("{}\n{}", part.section, &text[part.entries.clone()]);
    let tree = block_yaml::read(&own)?;
    // What an anchor names may stand in another part, and how much aliases add is counted by file.
    if tree.nodes.iter().any(|node| matches!(node.content, Content::Alias(_))) {
        return None;
    }
    let (value, faults) = yaml::value(&tree, &own, file);
    if !faults.is_empty() {
        return None;
    }
    let mut keys = keys(&tree, &own);
    keys.retain(|pointer, _| is_entry(pointer));
    for (line, _) in keys.values_mut() {
        // The line of the section's key stands before them.
        *line += part.lines - 1;
    }
    Some((Document { value, keys, broken: false, ..broken(Arc::clone(path), file) }, tree.nodes.len()))
}

/// The parts of a text; none where its lines are not those of sections with entries below them.
fn parts(text: &str) -> Option<Vec<Part<'_>>> {
    let (mut parts, mut sections): (Vec<Part<'_>>, _) = (Vec::new(), HashSet::new());
    // How deep the entries of the section at hand stand; unknown until the first one.
    let mut indent = None;
    let mut at = 0;
    for (number, line) in (0u32..).zip(text.split_inclusive('\n')) {
        let (start, content) = (at, line.trim_start_matches(' '));
        at += line.len();
        let depth = line.len() - content.len();
        if content.trim_end_matches('\n').is_empty() || content.starts_with('#') {
            continue;
        }
        if depth == 0 {
            let section = line.trim_end_matches(['\n', ' ']);
            let name = section.strip_suffix(':')?;
            let is_word = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            if name.is_empty() || !name.bytes().all(is_word) || !sections.insert(name) {
                return None;
            }
            if let Some(part) = parts.last_mut() {
                part.entries.end = start;
            }
            parts.push(Part { section, entries: at..at, lines: number + 1 });
            indent = None;
            continue;
        }
        let part = parts.last_mut()?;
        let own = *indent.get_or_insert(depth);
        let is_item =
            content.strip_prefix('-').is_some_and(|rest| rest.starts_with([' ', '\n']) || rest.is_empty());
        if depth < own || (depth == own && is_item) {
            return None;
        }
        if depth == own && start - part.entries.start > PART {
            part.entries.end = start;
            let section = part.section;
            parts.push(Part { section, entries: start..at, lines: number });
        }
    }
    parts.last_mut()?.entries.end = text.len();
    Some(parts)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::parsed::parse;
    use super::*;

    /// Forms that an entry may have, `NAME` in place of its id.
    const ENTRIES: [&str; 16] = [
        "  NAME: {name: a, tags: [b, 'c: d']}\n",
        "  NAME:\n    name: plain text\n    message: |\n      first\n\n      # no comment\n        deeper\n",
        "  NAME:\n    message: |+\n      kept\n\n\n",
        "  NAME:\n    message: >-\n      folded\n      text\n    priority: 3\n",
        "  # a comment\n\n  NAME:\n    # another\n    name: \"quoted: \\u00e9\\n\" # behind\n",
        "  NAME: # behind\n    list:\n    - a\n    - b: c\n      d: e\n",
        "  'NAME':\n    name: single ''quotes''\n",
        "  \"NAME\": {}\n",
        "  NAME:\n",
        "  NAME:\n    query: avg(last_5m):avg:a.b{c:d} by {e} > 1\n    other: 012\n    number: 1e3\n",
        "# far out\n  NAME:\n    x: ~\n",
        "  NAME: &anchor {a: b}\n",
        // What can't be read in parts, or not by lines alone.
        "  NAME: {name: a,\n  b: c}\n",
        "  NAME:\n    name: \"two\n  lines: here\"\n",
        "  NAME:\n    a: &x b\n    c: *x\n",
        "  NAME: {a: 99999999999999999999999, a: 2}\n",
    ];

    /// By section and id: the value, and where its key stands.
    type Entries = Vec<(String, String, Value, Option<(u32, u32)>)>;

    fn entries(document: &Document) -> Entries {
        let sections = document.value.as_object().into_iter().flatten();
        let of = |(section, entries): (&String, &Value)| -> Entries {
            let place = |id: &String| document.keys.get(&format!("/{section}/{id}")).copied();
            let all = entries.as_object().into_iter().flatten();
            if entries.is_null() {
                return vec![(section.clone(), String::new(), Value::Null, None)];
            }
            all.map(|(id, value)| (section.clone(), id.clone(), value.clone(), place(id))).collect()
        };
        sections.flat_map(of).collect()
    }

    /// The entries as they are read in parts, and how many parts there are.
    fn in_parts(text: &str) -> Option<(Entries, usize)> {
        let path: Arc<str> = "monitors/a.yaml".into();
        let taken = each((&path, text, FileId(0)), &|document| entries(&document))?;
        let count = taken.len();
        Some((taken.concat(), count))
    }

    fn whole(text: &str) -> Entries {
        let (document, faults) = parse("monitors/a.yaml".into(), text, FileId(0));
        assert_eq!(faults, []);
        entries(&document)
    }

    /// A text of two sections, large enough, with some forms first and among ordinary ones.
    fn text(forms: &[usize]) -> String {
        let mut text = "# All of ours.\nmonitors:\n".to_owned();
        let mut number = 0;
        let mut add = |text: &mut String, form: usize| {
            number += 1;
            text.push_str(&ENTRIES[form].replace("NAME", &format!("m{number}")));
        };
        for form in forms {
            add(&mut text, *form);
            for _ in 0..200 {
                add(&mut text, 9);
            }
        }
        text.push_str("empty:\n\nslos:\n");
        while text.len() <= LARGE {
            add(&mut text, 9);
        }
        text
    }

    #[test]
    fn a_large_file_is_read_in_parts() {
        for (form, entry) in ENTRIES.iter().enumerate().take(12) {
            let text = text(&[form, 0, form]);
            let (found, count) = in_parts(&text).unwrap_or_else(|| panic!("left whole: {entry}"));
            assert!(count >= 3, "{count}");
            assert_eq!(found, whole(&text), "{entry}");
        }
    }

    #[test]
    fn what_no_part_can_tell_is_left_whole() {
        let good = text(&[0]);
        assert!(in_parts(&good).is_some());
        for (form, entry) in ENTRIES.iter().enumerate().skip(14) {
            assert!(in_parts(&text(&[form])).is_none(), "{entry}");
        }
        let mut twice = good.clone();
        // In a part of its own section far above.
        writeln!(twice, "  m400: {{}}").unwrap();
        let again = good.replace("slos:\n", "monitors:\n");
        let list = good.replace("slos:\n", "slos:\n  - a\n");
        let inner = good.replace("slos:\n", "slos: {}\nx:\n");
        for (what, text) in [
            ("an id twice", &twice),
            ("a section twice", &again),
            ("a list", &list),
            ("a list whose dash stands alone", &good.replace("slos:\n", "slos:\n  z:\n  -\n    a: b\n")),
            ("a section in one line", &inner),
            ("a marker", &format!("---\n{good}")),
            ("a blank of another alphabet", &good.replace("slos:\n", "slos:\u{a0}\n")),
            ("one above the first section", &format!("\u{a0}\n{good}")),
            ("a control character in a comment", &format!("# \u{7f}\n{good}")),
            ("a tab", &good.replacen("  m2", "\tm2", 1)),
            ("a merge key", &good.replace("slos:\n", "slos:\n  <<: {a: {b: c}}\n")),
        ] {
            assert!(in_parts(text).is_none(), "{what}");
        }
        assert!(in_parts("monitors:\n  a: {}\n").is_none(), "a small one");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        /// Whatever stands together: read in parts it says what the whole says, or it is left whole.
        #[test]
        fn parts_say_what_the_whole_says(forms in prop::collection::vec(0..14usize, 1..12)) {
            let text = text(&forms);
            let (document, faults) = parse("monitors/a.yaml".into(), &text, FileId(0));
            match in_parts(&text) {
                Some((found, _)) => {
                    prop_assert!(faults.is_empty());
                    prop_assert_eq!(found, entries(&document));
                }
                // An anchor that stands twice is for the parser.
                None => prop_assert!(forms.iter().any(|form| *form > 10), "left whole"),
            }
        }
    }
}
