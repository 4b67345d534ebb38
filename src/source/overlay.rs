//! The project's folder as it would be with some files written: nothing of them is on the disk.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::stored::{Node, Stored, Unread};
use super::walk::Root;

#[derive(Debug)]
pub struct Overlay {
    pub disk: Root,
    /// By paths from the project's folder.
    pub files: BTreeMap<Utf8PathBuf, String>,
}

impl Overlay {
    /// The names in a folder on the disk; none where it is no folder of the project.
    fn names(&self, path: &Utf8Path) -> Option<BTreeSet<String>> {
        if self.disk.leaves(path) {
            return None;
        }
        let entries = self.disk.join(path).read_dir_utf8().ok()?;
        Some(entries.flatten().map(|entry| entry.file_name().to_owned()).collect())
    }
}

impl Stored for Overlay {
    fn look(&self, path: &Utf8Path) -> Option<Node> {
        if self.files.contains_key(path) {
            return Some(Node::File);
        }
        let own = self.files.keys().filter_map(|file| {
            let inside = if path.as_str().is_empty() { file } else { file.strip_prefix(path).ok()? };
            inside.components().next().map(|step| step.as_str().to_owned())
        });
        let own: BTreeSet<String> = own.collect();
        match self.names(path) {
            Some(names) => Some(Node::Folder(
                names.into_iter().chain(own).collect::<BTreeSet<_>>().into_iter().collect(),
            )),
            None if !own.is_empty() => Some(Node::Folder(own.into_iter().collect())),
            None => (self.disk.is_file(path) && !self.disk.leaves(path)).then_some(Node::File),
        }
    }

    fn read(&self, path: &Utf8Path, most: u64) -> Result<Vec<u8>, Unread> {
        if let Some(text) = self.files.get(path) {
            return Ok(text.clone().into_bytes());
        }
        match self.disk.bytes(path, most) {
            Some(bytes) => Ok(bytes),
            None if self.disk.is_file(path) => Err(Unread::Damaged),
            None => Err(Unread::Missing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_not_written_stand_beside_those_that_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("a path");
        std::fs::create_dir(root.join("a")).expect("a folder");
        for name in ["a/x", "a/y"] {
            std::fs::write(root.join(name), "disk").expect("written");
        }
        let files = BTreeMap::from([("a/y".into(), "new".to_owned()), ("b/c/z".into(), "z".to_owned())]);
        let overlay = Overlay { disk: Root::new(root), files };
        let look = |path: &str| overlay.look(path.into());
        let read =
            |path: &str| overlay.read(path.into(), 100).map(|bytes| String::from_utf8(bytes).expect("text"));
        assert_eq!(look(""), Some(Node::Folder(vec!["a".to_owned(), "b".to_owned()])));
        assert_eq!(look("a"), Some(Node::Folder(vec!["x".to_owned(), "y".to_owned()])));
        assert_eq!(look("b/c"), Some(Node::Folder(vec!["z".to_owned()])));
        assert_eq!((look("a/x"), look("b/c/z"), look("c")), (Some(Node::File), Some(Node::File), None));
        assert_eq!(read("a/x"), Ok("disk".to_owned()));
        assert_eq!(read("a/y"), Ok("new".to_owned()));
        assert_eq!(read("q"), Err(Unread::Missing));
    }
}
