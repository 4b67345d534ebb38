//! What other tools wrote down of their own -> the Datadog objects that are theirs to hand over.

mod address;
pub mod sync_cli;
pub mod terraform;
pub mod tracked;

pub use address::segment;

use crate::kind::Kind;

/// A larger file is not read, in bytes: a state of 10,000 objects has some 100 MB.
pub const LARGEST: u64 = 256 << 20;
/// Longer ids don't fit in a mark.
const LONGEST: usize = 180;

/// What a file of another tool holds.
#[derive(Debug, Default)]
pub struct Found {
    pub owned: Vec<Owned>,
    pub left: Vec<Left>,
    /// What has nothing to do with Datadog, or manages nothing.
    pub others: usize,
}

/// An object that another tool manages.
#[derive(Clone, Debug)]
pub struct Owned {
    pub kind: &'static Kind,
    pub datadog_id: String,
    /// Its id here.
    pub id: String,
    /// As its tool names it.
    pub from: String,
    /// The folder of its file, below that of the definitions.
    pub folder: String,
    /// What it is one of many of, in its tool.
    pub series: Option<String>,
}

/// What can't be taken over, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub from: String,
    /// The end of a sentence that begins with the name.
    pub why: String,
}

impl Left {
    pub fn new(from: &str, why: impl Into<String>) -> Self {
        Self { from: from.to_owned(), why: why.into() }
    }
}

/// An id of a live object, as a kind's ids are; it will stand in a path of the API. The error is the end of a sentence.
pub fn id_of(kind: &Kind, id: &str) -> Result<(), String> {
    let shown: String = id.chars().take(40).collect();
    let is_number = id.parse::<u64>().is_ok_and(|number| number > 0) && !id.starts_with('+');
    if kind.api.id.number && !is_number {
        return Err(format!("has the id `{shown}`, and {} has a number", kind.one()));
    }
    let odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | '?' | '#' | '%');
    let is_name = kind.api.id.chosen;
    let fits = |c: char| is_name && !odd(c) || c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.is_empty() || id.len() > 255 || id.chars().all(|c| c == '.') || !id.chars().all(fits) {
        return Err(format!("has the id `{shown}`, which is not one of {}", kind.one()));
    }
    Ok(())
}
