//! What each part of a rendered string comes from: recorded where somebody asks, after the fact.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::model::Address;

/// A stretch of a rendered string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub rendered: Range<usize>,
    /// Where it comes from, in the string as written.
    pub source: Range<usize>,
    /// It stands there as it is; else a `${…}` does.
    pub literal: bool,
}

/// A string as it was rendered, in stretches from its begin to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendering {
    pub text: String,
    pub stretches: Vec<Stretch>,
}

/// The strings of resources.
pub type Renderings = BTreeMap<Address, Vec<Rendering>>;

/// Records the strings of some resources while they are rendered; those of one at a time.
#[derive(Debug)]
pub struct Trace {
    wanted: BTreeSet<Address>,
    recorded: Mutex<Recorded>,
}

#[derive(Debug, Default)]
struct Recorded {
    /// Whose strings are rendered; absent: of a resource that nobody asks for.
    resource: Option<Address>,
    renderings: Renderings,
}

impl Trace {
    pub fn of(wanted: BTreeSet<Address>) -> Self {
        Self { wanted, recorded: Mutex::default() }
    }

    pub fn wants(&self, address: &Address) -> bool {
        self.wanted.contains(address)
    }

    /// What is rendered from here on is of this resource.
    pub(super) fn begin(&self, address: &Address) {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.resource = self.wanted.get(address).cloned();
    }

    pub(super) fn add(&self, rendering: Rendering) {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(resource) = recorded.resource.clone() {
            recorded.renderings.entry(resource).or_default().push(rendering);
        }
    }

    pub fn into_renderings(self) -> Renderings {
        self.recorded.into_inner().unwrap_or_else(PoisonError::into_inner).renderings
    }
}
