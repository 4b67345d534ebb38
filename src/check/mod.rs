//! Every rule over every resource: all faults at once.

mod shape;

use crate::diagnostic::Diagnostic;
use crate::model::Resource;

/// What can be known to be wrong without the network.
pub fn check(resources: &[Resource]) -> Vec<Diagnostic> {
    let mut found = shape::circles(resources);
    found.extend(shape::adopted_twice(resources));
    found.extend(shape::moved_twice(resources));
    found
}
