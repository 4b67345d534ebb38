//! Objects of git, asked for by name over one `git cat-file --batch`, as the files of a folder.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};

use crate::source::resolve;
use crate::source::stored::{Node, Stored, Unread};

/// A list of a folder is not larger, and a link not longer.
const LARGEST_LIST: u64 = 64 << 20;
const LONGEST_LINK: u64 = 4096;
/// So many links are followed one to the other.
const LINKS: usize = 40;

/// A running `git cat-file --batch`.
pub struct Objects {
    child: Child,
    asked: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Objects {
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let (Some(asked), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("it has no pipes"));
        };
        Ok(Self { child, asked: Some(asked), answers: BufReader::new(answers) })
    }

    /// An object of a form (`tree`, `blob`), if it has no more bytes than these. `name` is made of an object's own name.
    fn get(&mut self, name: &str, form: &str, most: u64) -> io::Result<Result<Vec<u8>, Unread>> {
        let asked = self.asked.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(asked, "{name}")?;
        asked.flush()?;
        let mut line = String::new();
        self.answers.by_ref().take(1024).read_line(&mut line)?;
        let mut words = line.split_whitespace().skip(1);
        let (Some(found), Some(size)) =
            (words.next(), words.next().and_then(|size| size.parse::<u64>().ok()))
        else {
            return Ok(Err(Unread::Missing));
        };
        let mut bytes = Vec::new();
        let mut rest = self.answers.by_ref().take(size);
        let fits = found == form && size <= most;
        if fits {
            rest.read_to_end(&mut bytes)?;
        } else {
            io::copy(&mut rest, &mut io::sink())?;
        }
        let mut end = [0];
        self.answers.read_exact(&mut end)?;
        Ok(match fits {
            true if bytes.len() as u64 == size => Ok(bytes),
            true => Err(Unread::Damaged),
            false if found == form => Err(Unread::TooLarge),
            false => Err(Unread::Missing),
        })
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // At the end of what is asked it ends by itself.
        self.asked = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    File,
    Folder,
    Link,
}

#[derive(Clone, Debug)]
struct Entry {
    name: String,
    form: Form,
    object: String,
}

/// The project's folder in one commit.
pub struct Version {
    objects: Mutex<Objects>,
    /// The object of the folder itself.
    root: String,
    folders: Mutex<HashMap<String, Arc<Vec<Entry>>>>,
    /// Set where an object is named that git does not have, as in a partial clone.
    lacking: Arc<AtomicBool>,
}

impl Version {
    /// `steps`: the way from the repository's folder to the project's.
    pub fn open(objects: Objects, commit: &str, steps: &[&str], lacking: Arc<AtomicBool>) -> Option<Self> {
        let version = Self {
            objects: Mutex::new(objects),
            root: format!("{commit}^{{tree}}"),
            folders: Mutex::default(),
            lacking,
        };
        version.entries(&version.root).ok()?;
        let mut root = version.root.clone();
        for step in steps {
            // A folder that was not there yet held nothing.
            root = version.child(&root, step).map_or_else(String::new, |entry| entry.object);
        }
        Some(Self { root, ..version })
    }

    fn get(&self, name: &str, form: &str, most: u64) -> Result<Vec<u8>, Unread> {
        if name.is_empty() {
            return Err(Unread::Missing);
        }
        let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        let found = objects.get(name, form, most).unwrap_or(Err(Unread::Damaged));
        if matches!(found, Err(Unread::Missing)) {
            self.lacking.store(true, Ordering::Relaxed);
        }
        found
    }

    fn entries(&self, folder: &str) -> Result<Arc<Vec<Entry>>, Unread> {
        let folders = || self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = folders().get(folder) {
            return Ok(Arc::clone(known));
        }
        let listed = Arc::new(entries(&self.get(folder, "tree", LARGEST_LIST)?));
        folders().insert(folder.to_owned(), Arc::clone(&listed));
        Ok(listed)
    }

    fn child(&self, folder: &str, name: &str) -> Option<Entry> {
        self.entries(folder).ok()?.iter().find(|entry| entry.name == name).cloned()
    }

    /// The object of a path, links followed as long as they stay below the project's folder.
    fn find(&self, path: &Utf8Path) -> Option<(Form, String)> {
        let mut path = resolve(Utf8Path::new(""), path.as_str())?;
        'links: for _ in 0..LINKS {
            let (mut form, mut object) = (Form::Folder, self.root.clone());
            let mut above = Utf8PathBuf::new();
            let steps: Vec<String> =
                path.as_str().split('/').filter(|step| !step.is_empty()).map(str::to_owned).collect();
            for (at, step) in steps.iter().enumerate() {
                let entry = (form == Form::Folder).then(|| self.child(&object, step)).flatten()?;
                if entry.form == Form::Link {
                    let target =
                        String::from_utf8(self.get(&entry.object, "blob", LONGEST_LINK).ok()?).ok()?;
                    let target = resolve(&above, &target)?;
                    path = resolve(&target, &steps[at + 1..].join("/"))?;
                    continue 'links;
                }
                above.push(step);
                (form, object) = (entry.form, entry.object);
            }
            return Some((form, object));
        }
        None
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Version").field(&self.root).finish()
    }
}

impl Stored for Version {
    fn look(&self, path: &Utf8Path) -> Option<Node> {
        match self.find(path)? {
            (Form::Folder, object) => {
                let mut names: Vec<String> =
                    self.entries(&object).ok()?.iter().map(|entry| entry.name.clone()).collect();
                names.sort();
                Some(Node::Folder(names))
            }
            _ => Some(Node::File),
        }
    }

    fn read(&self, path: &Utf8Path, most: u64) -> Result<Vec<u8>, Unread> {
        match self.find(path) {
            Some((Form::File, object)) => self.get(&object, "blob", most),
            _ => Err(Unread::Missing),
        }
    }
}

/// The entries of a tree object: `MODE NAME`, a zero byte, the bytes of the object's name. What can't be read ends it;
/// other repositories and names that are not UTF-8 are left out.
fn entries(tree: &[u8]) -> Vec<Entry> {
    // Names of objects have 20 bytes, or 32; a tree of either length can be read in one way only.
    [20, 32].into_iter().find_map(|length| entries_of(tree, length)).unwrap_or_default()
}

fn entries_of(mut tree: &[u8], length: usize) -> Option<Vec<Entry>> {
    let mut found = Vec::new();
    while !tree.is_empty() {
        let space = tree.iter().position(|byte| *byte == b' ')?;
        let end = space + tree.get(space..)?.iter().position(|byte| *byte == 0)?;
        let (mode, name) = (tree.get(..space)?, tree.get(space + 1..end)?);
        let object = tree.get(end + 1..end + 1 + length)?;
        if mode.is_empty() || mode.len() > 6 || !mode.iter().all(|byte| (b'0'..=b'7').contains(byte)) {
            return None;
        }
        let form = match mode {
            b"40000" | b"040000" => Some(Form::Folder),
            b"120000" => Some(Form::Link),
            mode if mode.starts_with(b"100") => Some(Form::File),
            _ => None,
        };
        let plain = |name: &&str| !name.is_empty() && !name.contains('/') && *name != "." && *name != "..";
        if let (Some(form), Some(name)) = (form, std::str::from_utf8(name).ok().filter(plain)) {
            let object = object.iter().map(|byte| format!("{byte:02x}")).collect();
            found.push(Entry { name: name.to_owned(), form, object });
        }
        tree = &tree[end + 1 + length..];
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn trees_of_both_lengths_are_read() {
        for length in [20, 32] {
            let object = |byte: u8| vec![byte; length];
            let mut tree = b"100644 a.yaml\0".to_vec();
            tree.extend(object(0x20));
            tree.extend(b"40000 sub\0");
            tree.extend(object(2));
            tree.extend(b"120000 link\0");
            tree.extend(object(3));
            tree.extend(b"160000 other\0");
            tree.extend(object(4));
            let found = entries(&tree);
            let shown: Vec<_> = found.iter().map(|entry| (entry.name.as_str(), entry.form)).collect();
            assert_eq!(shown, [("a.yaml", Form::File), ("sub", Form::Folder), ("link", Form::Link)]);
            assert_eq!(found[0].object, "20".repeat(length));
        }
        assert!(entries(b"").is_empty());
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            entries(&bytes);
        }
    }
}
