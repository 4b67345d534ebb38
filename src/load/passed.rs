//! Files that are passed over although they hold definitions: reported, so that no resource goes unseen.

use std::collections::BTreeSet;
use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::body;
use crate::diagnostic::{Diagnostic, FileId, Format};
use crate::kind;
use crate::source::parsed::{self, Document};
use crate::source::short;
use crate::source::walk::Root;

/// The most bytes of a file that are looked into, and the most files.
const LARGEST: u64 = 1 << 20;
const MOST: usize = 2_000;
/// How deep a folder that is passed over is looked into.
const DEPTH: usize = 4;
/// Files that are named in one message.
const NAMED: usize = 8;
/// Parts of a name that promise definitions, in lower case: `.YAML`, `.yaml.bak`, `.yml~`, `.jsonc` too.
const PROMISES: [&str; 3] = [".yam", ".yml", ".jso"];
/// Endings of files that somebody put aside.
const ASIDE: [&str; 7] = ["txt", "bak", "old", "orig", "save", "off", "disabled"];
/// Endings of what somebody else makes definitions of, or shows how one looks.
const PATTERNS: [&str; 9] = ["example", "sample", "dist", "template", "tmpl", "tpl", "gotmpl", "j2", "erb"];
/// Folders of other tools, which are large and nobody's definitions.
const TOOLS: [&str; 9] =
    [".git", ".terraform", ".musher", ".venv", ".cache", ".idea", ".vscode", ".svn", "node_modules"];

/// Reports the files among these that hold definitions. What is passed over may be a folder.
pub fn report(
    root: &Root,
    passed: Vec<Utf8PathBuf>,
    named: &dyn Fn(&Utf8Path) -> bool,
) -> Option<Diagnostic> {
    let mut open: Vec<(Utf8PathBuf, usize)> = passed.into_iter().map(|path| (path, 0)).collect();
    let (mut found, mut seen) = (BTreeSet::new(), 0);
    while let Some((path, depth)) = open.pop() {
        let name = path.file_name().unwrap_or_default();
        if named(&path) || TOOLS.contains(&name) || root.leaves(&path) || seen >= MOST {
            continue;
        }
        let full = root.join(&path);
        if full.is_dir() {
            let entries = full.read_dir_utf8().into_iter().flatten().flatten();
            let inner = entries.filter(|_| depth < DEPTH).take(MOST);
            open.extend(inner.map(|entry| (path.join(entry.file_name()), depth + 1)));
        } else if is_promising(root, &path) {
            seen += 1;
            if holds_definitions(&full) {
                found.insert(path);
            }
        }
    }
    let (what, is) = match found.len() {
        0 => return None,
        1 => ("1 file".to_owned(), "holds definitions and is"),
        many => (format!("{many} files"), "hold definitions and are"),
    };
    let text = format!("{what} {is} not read: {}", list(&found));
    Some(Diagnostic::warning("passed-over", text, None).help(
        "definitions are the files `*.yaml`, `*.yml` and `*.json` below the folder of the definitions that are not \
         hidden: rename what is one, and move everything else elsewhere",
    ))
}

/// Reports the files that declare nothing.
pub fn report_empty(empty: &BTreeSet<Utf8PathBuf>) -> Option<Diagnostic> {
    let text = match empty.len() {
        0 => return None,
        1 => format!("The file `{}` is empty: it declares nothing", empty.first()?),
        many => format!("{many} files are empty and declare nothing: {}", list(empty)),
    };
    let help = "what was declared there is deleted by the next apply: fill the file, or delete it";
    Some(Diagnostic::warning("empty-file", text, None).help(help))
}

fn list(paths: &BTreeSet<Utf8PathBuf>) -> String {
    let names: Vec<_> = paths.iter().take(NAMED).map(|path| format!("`{}`", short(path.as_str()))).collect();
    let more = if paths.len() > NAMED { format!(" and {} more", paths.len() - NAMED) } else { String::new() };
    names.join(", ") + &more
}

/// Whether a file may hold definitions, by its name; not where it is the copy of one that stands beside it.
fn is_promising(root: &Root, path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let is_scratch = name.starts_with(".#")
        || (name.starts_with('#') && name.ends_with('#'))
        || path.extension().is_some_and(|ending| matches!(ending, "swp" | "swo" | "swx"));
    let is_pattern = path.extension().is_some_and(|ending| PATTERNS.contains(&ending));
    let is_copy = [".yaml", ".yml", ".json"].iter().any(|ending| {
        let original = name.split_once(ending).filter(|(_, rest)| !rest.is_empty());
        original.is_some_and(|(stem, _)| root.join(path).with_file_name(format!("{stem}{ending}")).is_file())
    });
    let small = name.to_lowercase();
    let promises = PROMISES.iter().any(|part| small.contains(part));
    let aside = path.extension().is_none_or(|ending| ASIDE.contains(&ending.to_lowercase().as_str()));
    !is_scratch && !is_pattern && !is_copy && (promises || aside)
}

/// Whether what a file holds looks like definitions, whatever its name says; of a broken one, and of a very large one,
/// the lines decide.
fn holds_definitions(path: &Utf8Path) -> bool {
    let Some((text, is_whole)) = beginning(path) else { return false };
    let documents = ["x.yaml", "x.json"].map(|name| parsed::parse(name.into(), &text, FileId(0)).0);
    if is_whole && documents.iter().any(|document| !document.broken) {
        return documents.iter().any(|document| !document.broken && is_definition(document));
    }
    let sections = || kind::KINDS.iter().map(|kind| kind.section).chain(["uses"]);
    let opens = |line: &str| {
        // In JSON the brace and the quote come first.
        let inner = line.trim_start();
        let line =
            if inner.starts_with(['{', '"']) { inner.trim_start_matches(['{', '"', ' ']) } else { line };
        sections().any(|section| line.strip_prefix(section).is_some_and(|rest| rest.starts_with([':', '"'])))
    };
    text.lines().any(opens)
}

/// Whether a document looks like definitions: it has sections, or is an export.
pub fn is_definition(document: &Document) -> bool {
    let Value::Object(map) = &document.value else { return false };
    match document.format {
        Format::Json => body::unwrap(&document.value).is_some_and(|found| found.kind.is_some()),
        _ => map.keys().any(|key| kind::of_section(key).is_some() || key == "uses"),
    }
}

/// The text of a file, and whether it is all of it; none of a binary file.
fn beginning(path: &Utf8Path) -> Option<(String, bool)> {
    let about = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let is_whole = about.len() <= LARGEST;
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(LARGEST).read_to_end(&mut bytes).ok()?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        // Cut within a character.
        Err(error) if !is_whole => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        Err(_) => return None,
    };
    Some((text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text), is_whole))
}

/// Folders beside that of the definitions whose names say that definitions are meant: `Monitors`, or that of a kind.
pub fn misnamed(root: &Root, definitions: &Utf8Path) -> Vec<Utf8PathBuf> {
    let meant = |name: &str| {
        let name = name.to_lowercase();
        let own = definitions.as_str().to_lowercase();
        let of_kind = kind::KINDS.iter().any(|kind| name == kind.section || name == kind.name);
        of_kind || name == own || name == "definitions"
    };
    let entries = root.path.read_dir_utf8().into_iter().flatten().flatten();
    let names = entries.map(|entry| Utf8PathBuf::from(entry.file_name()));
    names
        .filter(|name| meant(name.as_str()) && !definitions.starts_with(name) && definitions.as_str() != ".")
        .filter(|name| root.join(name).is_dir())
        .collect()
}
