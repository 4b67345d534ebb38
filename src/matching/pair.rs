//! What is matched, and the pair of a resource and its live object.

use crate::kind::Kind;
use crate::model::{Address, Live, Owner, Resource};

/// The brake that holds where a mark doesn't say which object is which.
pub const BRAKE: &str = "mark";

/// URLs that one message names; the others are counted.
const URLS: usize = 10;

/// What is matched.
pub struct Wanted<'a> {
    pub owner: &'a Owner,
    /// Owners whose objects this one takes over.
    pub former: &'a [Owner],
    pub resources: &'a [Resource],
    /// What is let go (`$forget`).
    pub forgotten: &'a [Resource],
    /// What bears a mark of these owners, and what `$id` names.
    pub live: &'a [Live],
    /// The pattern of the owner's namespace that a section's name belongs to.
    pub namespace: &'a (dyn Fn(&str, &str) -> Option<String> + Sync),
    pub selected: &'a (dyn Fn(&Address) -> bool + Sync),
    /// The live id that a resource was seen with last, by section and id. A hint, safe to lose.
    pub seen_last: &'a (dyn Fn(&str, &str) -> Option<String> + Sync),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Mark,
    /// By an id before a rename, or by the mark of an owner before one.
    OldMark,
    Id,
    /// Without a mark, by the name that is declared; or by one before a rename.
    Name,
    OldName,
}

/// A resource and its live object, where it has one.
pub struct Pair<'a> {
    pub resource: &'a Resource,
    pub kind: &'static Kind,
    pub live: Option<(&'a Live, Found)>,
    /// A field differs that can't be changed in place.
    pub replaced: bool,
}

/// `URL, URL and 3 more`
pub fn urls<'l>(live: impl IntoIterator<Item = &'l &'l Live>) -> String {
    let all: Vec<&str> = live.into_iter().map(|live| live.url.as_str()).collect();
    let shown = all[..all.len().min(URLS)].join(", ");
    if all.len() > URLS { format!("{shown} and {} more", all.len() - URLS) } else { shown }
}
