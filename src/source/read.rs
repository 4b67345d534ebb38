//! Files of the disk -> documents: bounded in size, read and parsed on all cores.

use std::collections::{HashMap, HashSet};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::locate::Lines;
use super::stored::Unread;
use super::tree::Tree;
use super::walk::Root;
use super::{json, yaml};
use crate::diagnostic::{At, Diagnostic, FileId, Format, Place, SourceFile, Sources, has_errors};
use crate::pointer::step;

/// The largest file that is read, in bytes. A larger one could not be parsed within a second.
pub const MAX_FILE: u64 = 32 << 20;
/// The most bytes that all files of a project may have together.
const MAX_TOTAL: u64 = 1 << 30;
/// From this many files on, threads pay off.
const FILES_FOR_THREADS: usize = 8;

/// A file that was read and parsed. Its nodes are gone; `locate` makes them again where a place is asked for.
#[derive(Debug)]
pub struct Document {
    pub file: FileId,
    /// Relative to the root.
    pub path: Utf8PathBuf,
    pub format: Format,
    /// Null where the file is broken.
    pub value: Value,
    /// Line and column of the keys of the two outer levels, by pointer: `/monitors/checkout`.
    pub keys: HashMap<String, (u32, u32)>,
    /// Its syntax is broken, or it could not be read: nothing is known of what it says.
    pub broken: bool,
}

impl Document {
    pub fn folder(&self) -> &Utf8Path {
        self.path.parent().unwrap_or(Utf8Path::new(""))
    }
}

/// The format that a file's name promises.
pub fn format_of(path: &Utf8Path) -> Format {
    match path.extension() {
        Some("yaml" | "yml") => Format::Yaml,
        Some("json") => Format::Json,
        Some("csv") => Format::Csv,
        _ => Format::Text,
    }
}

/// Reads and parses files, in their order.
pub fn files(root: &Root, paths: &[Utf8PathBuf], sources: &mut Sources) -> (Vec<Document>, Vec<Diagnostic>) {
    let base = u32::try_from(sources.files.len()).expect("bug: more than 4 billion files");
    let (next, total) = (AtomicUsize::new(0), AtomicU64::new(0));
    let work = || {
        let (mut done, mut inside) = (Vec::new(), HashSet::new());
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = paths.get(index) else { return done };
            let file = FileId(base.saturating_add(u32::try_from(index).unwrap_or(u32::MAX)));
            done.push((
                index,
                match sources.instead.get(path.as_str()) {
                    Some(text) => {
                        let (document, faults) = parse(path, text, file);
                        (document, text.to_string(), faults)
                    }
                    None => one((root, &mut inside), path, file, &total),
                },
            ));
        }
    };
    let mut done = if paths.len() < FILES_FOR_THREADS {
        work()
    } else {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(paths.len());
        thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("bug: a reader panicked")).collect()
        })
    };
    done.sort_by_key(|(index, _)| *index);
    let (mut documents, mut faults) = (Vec::with_capacity(done.len()), Vec::new());
    for (_, (document, text, mut own)) in done {
        let path = document.path.as_str().into();
        sources.files.push(SourceFile { path, text: text.into(), format: document.format });
        documents.push(document);
        faults.append(&mut own);
    }
    (documents, faults)
}

/// Reads one file for whoever parses it otherwise, and adds it to the sources. No text where it can't be read.
pub fn bare(root: &Root, path: &Utf8Path, sources: &mut Sources) -> (FileId, Result<String, Diagnostic>) {
    let file = sources.add(path.as_str(), "", format_of(path));
    let (text, read) = match text((root, &mut Inside::new()), path, file, &AtomicU64::new(0)) {
        Ok(text) => (text.clone(), Ok(text)),
        Err((shown, fault)) => (shown, Err(fault)),
    };
    if let Some(source) = sources.files.get_mut(file.0 as usize) {
        source.text = text.into();
    }
    (file, read)
}

/// Folders of which it is known that they don't lead out of the project.
type Inside = HashSet<Utf8PathBuf>;

fn one(
    (root, inside): (&Root, &mut Inside),
    path: &Utf8Path,
    file: FileId,
    total: &AtomicU64,
) -> (Document, String, Vec<Diagnostic>) {
    match text((root, inside), path, file, total) {
        Ok(text) => {
            let (document, faults) = parse(path, &text, file);
            (document, text, faults)
        }
        Err((text, fault)) => (broken(path, file), text, vec![fault]),
    }
}

fn broken(path: &Utf8Path, file: FileId) -> Document {
    let (path, format) = (path.to_owned(), format_of(path));
    Document { file, path, format, value: Value::Null, keys: HashMap::new(), broken: true }
}

/// Parses a text; anything but `.json` is taken for YAML.
pub fn parse(path: &Utf8Path, text: &str, file: FileId) -> (Document, Vec<Diagnostic>) {
    let mut document = broken(path, file);
    if document.format == Format::Json {
        let (value, faults) = json::value(text, file);
        document.broken = has_errors(&faults);
        return (Document { value, ..document }, faults);
    }
    let parsed = yaml::parse(text, file);
    let (value, mut more) = yaml::value(&parsed.tree, text, file);
    document.broken = has_errors(&parsed.faults);
    let mut faults = parsed.faults;
    if !document.broken {
        document.broken = has_errors(&more);
        faults.append(&mut more);
    }
    (Document { value, keys: keys(&parsed.tree, text), ..document }, faults)
}

fn keys(tree: &Tree, text: &str) -> HashMap<String, (u32, u32)> {
    let mut keys = HashMap::new();
    if tree.nodes.is_empty() {
        return keys;
    }
    let lines = Lines::new(text);
    let mut add = |pointer: String, key: u32| {
        keys.insert(pointer, lines.position(text, tree.range(key).start));
    };
    for (section, entries) in tree.entries(0) {
        let pointer = step(tree.text(section).unwrap_or_default());
        for (id, _) in tree.entries(tree.resolve(entries)) {
            add(format!("{pointer}{}", step(tree.text(id).unwrap_or_default())), id);
        }
        add(pointer, section);
    }
    keys
}

/// Whether a path leads out of the project. Of a file that is not a link its folder tells, which is looked at once.
fn leaves(root: &Root, inside: &mut Inside, path: &Utf8Path, is_link: bool) -> bool {
    let folder = path.parent().unwrap_or(Utf8Path::new(""));
    if root.stored().is_some() || is_link {
        return root.leaves(path);
    }
    if inside.contains(folder) {
        return false;
    }
    let leaves = root.leaves(path);
    if !leaves && root.exists(path) {
        inside.insert(folder.to_owned());
    }
    leaves
}

/// The text of a file without its byte-order mark; or what can be shown of it, and the fault.
fn text(
    (root, inside): (&Root, &mut Inside),
    path: &Utf8Path,
    file: FileId,
    total: &AtomicU64,
) -> Result<String, (String, Diagnostic)> {
    let fault = |code, text: String, help: &str| {
        let fault = Diagnostic::error(code, text, At::file(file));
        (String::new(), if help.is_empty() { fault } else { fault.help(help) })
    };
    // One look tells both, but of a link.
    let own = root.stored().is_none().then(|| std::fs::symlink_metadata(root.join(path)).ok()).flatten();
    let is_link = own.as_ref().is_some_and(Metadata::is_symlink);
    if leaves(root, inside, path, is_link) {
        let help = "put the file below the folder of `musher.yaml`";
        return Err(fault("outside-root", format!("The file `{path}` leads out of the project"), help));
    }
    if let Some(stored) = root.stored() {
        let unread = |why: Unread| fault("unreadable", format!("The file `{path}` {}", why.words()), "");
        let bytes = stored.read(path, MAX_FILE).map_err(unread)?;
        if total.fetch_add(bytes.len() as u64, Ordering::Relaxed) + bytes.len() as u64 > MAX_TOTAL {
            return Err(unread(Unread::TooLarge));
        }
        return decode(bytes, file);
    }
    let unreadable = |error| fault("unreadable", format!("The file `{path}` can't be read: {error}"), "");
    // Looked at before it is opened: opening a pipe would wait for ever.
    let about = match own.filter(|_| !is_link) {
        Some(own) => own,
        None => std::fs::metadata(root.join(path)).map_err(unreadable)?,
    };
    if !about.is_file() {
        return Err(fault("unreadable", format!("`{path}` is not a regular file"), "name a regular file"));
    }
    let too_large = || {
        let text = format!("The file `{path}` is larger than {} MB", MAX_FILE >> 20);
        fault("too-large", text, "split it into several files")
    };
    if about.len() > MAX_FILE {
        return Err(too_large());
    }
    if total.fetch_add(about.len(), Ordering::Relaxed) + about.len() > MAX_TOTAL {
        let text = format!("The project's files are larger than {} MB together", MAX_TOTAL >> 20);
        return Err(fault("too-large", text, "set `definitions:` to the folder of the definitions"));
    }
    let length = usize::try_from(about.len()).unwrap_or_default();
    let bytes = whole(&root.join(path), length).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(too_large());
    }
    decode(bytes, file)
}

/// What a file holds that had a length, in one read where that is still so. Of more than may be, one byte tells.
fn whole(path: &Utf8Path, length: usize) -> io::Result<Vec<u8>> {
    let mut reader = File::open(path)?.take(MAX_FILE + 1);
    // One byte more: what comes in whole, and no more, has ended.
    let mut bytes = vec![0; length + 1];
    let mut filled = 0;
    while filled < length {
        match reader.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    if filled != length || length == 0 {
        reader.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Bytes as text; of what is not UTF-8, what comes before stays so that the place can be shown.
pub fn decode(bytes: Vec<u8>, file: FileId) -> Result<String, (String, Diagnostic)> {
    let bytes = if bytes.starts_with(b"\xEF\xBB\xBF") { bytes[3..].to_vec() } else { bytes };
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let utf16 = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
        let shown = bytes.len().min(valid + 100);
        let text = String::from_utf8_lossy(&bytes[..shown]).into_owned();
        let place = Place::Bytes(valid..valid + char::REPLACEMENT_CHARACTER.len_utf8());
        let what = if utf16 { "The file is UTF-16" } else { "The file is not UTF-8" };
        let fault = Diagnostic::error("not-utf8", what, At { file, place }).help("save the file as UTF-8");
        (text, fault)
    })
}
