//! Where the strings of definitions stand: by number while they are rendered, as a place when something is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::{At, FileId, Part};
use crate::model::Origin;
use crate::template::Fault;

/// A string of the definitions, for diagnostics: sorts as it was compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SiteId {
    part: usize,
    at: usize,
}

/// Where the strings stand that are compiled: in parts, so that several can be filled at once.
#[derive(Debug)]
pub struct Sites {
    /// The part that is being filled.
    part: usize,
    parts: BTreeMap<usize, Vec<At>>,
}

impl Sites {
    pub fn part(part: usize) -> Self {
        Self { part, parts: BTreeMap::new() }
    }

    pub fn add(&mut self, at: At) -> SiteId {
        let places = self.parts.entry(self.part).or_default();
        places.push(at);
        SiteId { part: self.part, at: places.len() - 1 }
    }

    pub fn at(&self, site: SiteId) -> &At {
        &self.parts[&site.part][site.at]
    }

    /// Takes in another part.
    pub fn join(&mut self, other: Self) {
        self.parts.extend(other.parts);
    }
}

/// What the pointers of a value are looked up in.
pub enum Base {
    At(At),
    Origin(Arc<Origin>),
}

impl Base {
    pub fn at(&self, pointer: &str) -> At {
        match self {
            Self::At(at) if pointer.is_empty() => at.clone(),
            Self::At(at) => at.child(pointer),
            Self::Origin(origin) => place(origin, pointer),
        }
    }
}

/// The place of a string's part.
pub fn within(at: &At, fault: &Fault) -> At {
    match &fault.range {
        Some(range) => at.part(Part::Within(range.clone())),
        None => at.clone(),
    }
}

/// Where a part of a definition was written.
pub fn place(origin: &Origin, pointer: &str) -> At {
    match origin.layers.first() {
        Some(layer) if pointer.is_empty() => layer.clone(),
        Some(layer) => layer.child(pointer),
        None => At::file(FileId(0)),
    }
}
