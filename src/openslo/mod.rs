//! Documents of the OpenSLO specification, v1 -> SLOs of Datadog and the alerts about their burn rates. What can't be
//! expressed exactly is an error at its line.

mod alert;
mod indicator;
mod made;
mod object;
mod objective;

use std::sync::Arc;

pub use made::Made;

use self::object::Objects;
use crate::diagnostic::Diagnostic;
use crate::source::documents::Document;

/// `section` is that of SLOs. All that is wrong is told at once.
pub fn compile(documents: &[Arc<Document>], section: &str) -> (Vec<Made>, Vec<Diagnostic>) {
    let mut faults = Vec::new();
    let objects = Objects::of(documents, &mut faults);
    let slos = objects.all("SLO");
    let made = slos.flat_map(|own| objective::slo(own, &objects, section, &mut faults)).collect();
    (made, faults)
}
