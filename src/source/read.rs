//! Files of the disk -> documents: bounded in size, read and parsed on all cores.

use std::collections::HashSet;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use camino::{Utf8Path, Utf8PathBuf};

use super::parsed::{Document, broken, format_of, parse};
use super::parts;
use super::stored::Unread;
use super::walk::Root;
use crate::cores::in_parallel;
use crate::diagnostic::{At, Diagnostic, FileId, Place, SourceFile, Sources};

/// The largest file that is read, in bytes. A larger one could not be parsed within a second.
pub const MAX_FILE: u64 = 32 << 20;
/// The most bytes that all files of a project may have together.
const MAX_TOTAL: u64 = 1 << 30;

/// Reads and parses files, in their order.
pub fn files(root: &Root, paths: &[Utf8PathBuf], sources: &mut Sources) -> (Vec<Document>, Vec<Diagnostic>) {
    each(root, paths, sources, &|path, file, text| {
        let (document, faults) = document(path, file, text);
        (vec![document], faults)
    })
}

/// Reads files of definitions: what becomes of their documents, in their order. Of a large file each part is a document of
/// its own. Where `take` keeps little of a document, little is held at a time: values take several times the room of
/// their text.
pub fn definitions<T: Send>(
    root: &Root,
    paths: &[Utf8PathBuf],
    sources: &mut Sources,
    take: &(dyn Fn(Document) -> T + Sync),
) -> (Vec<T>, Vec<Diagnostic>) {
    each(root, paths, sources, &|path, file, text| {
        let parts = text.as_ref().ok().and_then(|text| parts::each((&path, text, file), take));
        parts.map(|taken| (taken, Vec::new())).unwrap_or_else(|| {
            let (document, faults) = document(path, file, text);
            (vec![take(document)], faults)
        })
    })
}

fn document(path: Arc<str>, file: FileId, text: Result<&str, Diagnostic>) -> (Document, Vec<Diagnostic>) {
    match text {
        Ok(text) => parse(path, text, file),
        Err(fault) => (broken(path, file), vec![fault]),
    }
}

/// What becomes of a text, or of what keeps it from being read.
type Work<'w, T> =
    dyn Fn(Arc<str>, FileId, Result<&str, Diagnostic>) -> (Vec<T>, Vec<Diagnostic>) + Sync + 'w;

fn each<T: Send>(
    root: &Root,
    paths: &[Utf8PathBuf],
    sources: &mut Sources,
    work: &Work<'_, T>,
) -> (Vec<T>, Vec<Diagnostic>) {
    let base = u32::try_from(sources.files.len()).expect("bug: more than 4 billion files");
    let before = sources.files.iter().map(|file| file.text.len() as u64).sum();
    let total = AtomicU64::new(before);
    let parts = in_parallel(paths, 1, &|paths, from| {
        let mut reader = Reader::new(root, &total);
        let (mut own, mut taken, mut faults) = (Vec::with_capacity(paths.len()), Vec::new(), Vec::new());
        for (index, path) in paths.iter().enumerate() {
            let file = FileId(base.saturating_add(u32::try_from(from + index).unwrap_or(u32::MAX)));
            let shown: Arc<str> = path.as_str().into();
            let text = match sources.instead.get(path.as_str()) {
                Some(text) => Ok(Arc::clone(text)),
                None => reader.text(path, file),
            };
            let (text, fault) = match text {
                Ok(text) => (text, None),
                Err((text, fault)) => (text.into(), Some(fault)),
            };
            let (mut more, mut wrong) = work(Arc::clone(&shown), file, fault.map_or(Ok(&*text), Err));
            taken.append(&mut more);
            faults.append(&mut wrong);
            own.push(SourceFile { path: shown, text, format: format_of(path) });
        }
        (own, taken, faults)
    });
    let (mut taken, mut faults) = (Vec::with_capacity(paths.len()), Vec::new());
    sources.files.reserve_exact(paths.len());
    for (mut own, mut more, mut wrong) in parts {
        sources.files.append(&mut own);
        taken.append(&mut more);
        faults.append(&mut wrong);
    }
    (taken, faults)
}

/// Reads one file for whoever parses it otherwise, and adds it to the sources. No text where it can't be read.
pub fn bare(root: &Root, path: &Utf8Path, sources: &mut Sources) -> (FileId, Result<Arc<str>, Diagnostic>) {
    let file = sources.add(path.as_str(), "", format_of(path));
    let (text, read) = match Reader::new(root, &AtomicU64::new(0)).text(path, file) {
        Ok(text) => (Arc::clone(&text), Ok(text)),
        Err((shown, fault)) => (shown.into(), Err(fault)),
    };
    if let Some(source) = sources.files.get_mut(file.0 as usize) {
        source.text = text;
    }
    (file, read)
}

/// Reads files one after the other.
struct Reader<'a> {
    root: &'a Root,
    /// Folders of which it is known that they don't lead out of the project.
    inside: HashSet<Utf8PathBuf>,
    /// The bytes of all files that were read.
    total: &'a AtomicU64,
    /// Read into again and again.
    bytes: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn new(root: &'a Root, total: &'a AtomicU64) -> Self {
        Self { root, inside: HashSet::new(), total, bytes: Vec::new() }
    }

    /// The text of a file without its byte-order mark; or what can be shown of it, and the fault.
    fn text(&mut self, path: &Utf8Path, file: FileId) -> Result<Arc<str>, (String, Diagnostic)> {
        let root = self.root;
        let fault = |code, text: String, help: &str| {
            let fault = Diagnostic::error(code, text, At::file(file));
            (String::new(), if help.is_empty() { fault } else { fault.help(help) })
        };
        // One look tells both, but of a link.
        let own = root.stored().is_none().then(|| std::fs::symlink_metadata(root.join(path)).ok()).flatten();
        let is_link = own.as_ref().is_some_and(Metadata::is_symlink);
        if self.leaves(path, is_link) {
            let help = "put the file below the folder of `musher.yaml`";
            return Err(fault("outside-root", format!("The file `{path}` leads out of the project"), help));
        }
        if let Some(stored) = root.stored() {
            let unread = |why: Unread| fault("unreadable", format!("The file `{path}` {}", why.words()), "");
            let bytes = stored.read(path, MAX_FILE).map_err(unread)?;
            if self.count(bytes.len() as u64) > MAX_TOTAL {
                return Err(unread(Unread::TooLarge));
            }
            return decode(&bytes, file);
        }
        let unreadable = |error| fault("unreadable", format!("The file `{path}` can't be read: {error}"), "");
        // Looked at before it is opened: opening a pipe would wait for ever.
        let about = match own.filter(|_| !is_link) {
            Some(own) => own,
            None => std::fs::metadata(root.join(path)).map_err(unreadable)?,
        };
        if !about.is_file() {
            return Err(fault(
                "unreadable",
                format!("`{path}` is not a regular file"),
                "name a regular file",
            ));
        }
        let too_large = || {
            let text = format!("The file `{path}` is larger than {} MB", MAX_FILE >> 20);
            fault("too-large", text, "split it into several files")
        };
        if about.len() > MAX_FILE {
            return Err(too_large());
        }
        if self.count(about.len()) > MAX_TOTAL {
            let text = format!("The project's files are larger than {} MB together", MAX_TOTAL >> 20);
            return Err(fault("too-large", text, "set `definitions:` to the folder of the definitions"));
        }
        let length = usize::try_from(about.len()).unwrap_or_default();
        let read = whole(&root.join(path), length, &mut self.bytes).map_err(unreadable)?;
        if read as u64 > MAX_FILE {
            return Err(too_large());
        }
        decode(&self.bytes[..read], file)
    }

    /// Counts what another file holds: what all hold together.
    fn count(&self, length: u64) -> u64 {
        self.total.fetch_add(length, Ordering::Relaxed) + length
    }

    /// Whether a path leads out of the project. Of a file that is not a link its folder tells, which is looked at once.
    fn leaves(&mut self, path: &Utf8Path, is_link: bool) -> bool {
        let folder = path.parent().unwrap_or(Utf8Path::new(""));
        if self.root.stored().is_some() || is_link {
            return self.root.leaves(path);
        }
        if self.inside.contains(folder) {
            return false;
        }
        let leaves = self.root.leaves(path);
        if !leaves && self.root.exists(path) {
            self.inside.insert(folder.to_owned());
        }
        leaves
    }
}

/// Reads what a file holds that had a length, in one read where that is still so: how much there is. Of more than may be,
/// one byte tells.
fn whole(path: &Utf8Path, length: usize, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let mut reader = File::open(path)?.take(MAX_FILE + 1);
    // One byte more: what comes in whole, and no more, has ended.
    if bytes.len() <= length {
        bytes.resize(length + 1, 0);
    }
    let mut filled = 0;
    while filled < length {
        match reader.read(&mut bytes[filled..=length]) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if filled != length || length == 0 {
        bytes.truncate(filled);
        reader.read_to_end(bytes)?;
        filled = bytes.len();
    }
    Ok(filled)
}

/// Bytes as text; of what is not UTF-8, what comes before stays so that the place can be shown.
fn decode(bytes: &[u8], file: FileId) -> Result<Arc<str>, (String, Diagnostic)> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    str::from_utf8(bytes).map(Arc::from).map_err(|error| {
        let valid = error.valid_up_to();
        let utf16 = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
        let shown = bytes.len().min(valid + 100);
        let text = String::from_utf8_lossy(&bytes[..shown]).into_owned();
        let place = Place::Bytes(valid..valid + char::REPLACEMENT_CHARACTER.len_utf8());
        let what = if utf16 { "The file is UTF-16" } else { "The file is not UTF-8" };
        let fault = Diagnostic::error("not-utf8", what, At { file, place }).help("save the file as UTF-8");
        (text, fault)
    })
}
