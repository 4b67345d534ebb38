//! Files that are not on the disk: a project's folder as somebody else keeps it, such as an older version of it.

use std::fmt::Debug;

use camino::Utf8Path;

/// A folder of files that can be listed and read. Paths are relative to the project's folder, `/` between segments.
pub trait Stored: Send + Sync + Debug {
    /// What a path is, links followed; none where nothing is, or where a link leads out of the project.
    fn look(&self, path: &Utf8Path) -> Option<Node>;

    /// The bytes of a file, if they are no more than these.
    fn read(&self, path: &Utf8Path, most: u64) -> Result<Vec<u8>, Unread>;
}

/// What a path is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    File,
    /// The names of what is in it, sorted.
    Folder(Vec<String>),
}

/// Why a stored file was not read. The words end a sentence that begins with its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    Missing,
    TooLarge,
    Damaged,
}

impl Unread {
    pub fn words(self) -> &'static str {
        match self {
            Self::Missing => "is not there",
            Self::TooLarge => "is too large",
            Self::Damaged => "can't be read",
        }
    }
}
