//! What a part of the work gives, and how parts are joined.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::template::Affected;
use crate::diagnostic::{At, Diagnostic};
use crate::model::{Address, Resource};
use crate::template::Global;

/// Below this many definitions or instances, starting a thread costs more than it saves.
pub const WORTH_THREADS: usize = 32;

/// What a part of the work gives; parts are joined in order.
#[derive(Debug, Default)]
pub struct Rendered {
    pub resources: Vec<Resource>,
    /// Switched off by `$when`.
    pub off: Vec<Address>,
    /// Wrong, and reported: what refers to them is not reported too.
    pub failed: Vec<Address>,
    pub diagnostics: Vec<Diagnostic>,
    /// Instances that faults hit which compiling a template reported.
    pub affected: Vec<Affected>,
    pub globals: Vec<(At, Arc<Global>)>,
    /// Uses that gave nothing for a fault.
    pub failed_uses: BTreeSet<String>,
    /// Uses that `$when` switches off.
    pub off_uses: BTreeSet<String>,
}

impl Rendered {
    pub fn append(&mut self, mut other: Self) {
        // The first part is taken as it is: it is the largest, mostly, and in its size.
        if self.resources.capacity() == 0 {
            self.resources = other.resources;
        } else {
            self.resources.append(&mut other.resources);
        }
        self.off.append(&mut other.off);
        self.failed.append(&mut other.failed);
        self.diagnostics.append(&mut other.diagnostics);
        self.affected.append(&mut other.affected);
        self.globals.append(&mut other.globals);
        self.failed_uses.append(&mut other.failed_uses);
        self.off_uses.append(&mut other.off_uses);
    }
}
