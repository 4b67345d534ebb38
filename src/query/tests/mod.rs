//! What all tests of the query language share: trees as text, with what is wrong.

mod print;
mod properties;
#[path = "../../../tests/recordings/queries.rs"]
mod recordings;

use super::{Fault, Parsed};

/// The tree as text and what is wrong, one line each: what the tests of this room compare.
pub fn reported<T: std::fmt::Display>(parsed: &Parsed<T>) -> String {
    let tree = parsed.tree.iter().map(T::to_string);
    let fault = |form: &str, fault: &Fault| {
        let help = fault.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{form} {}..{}: {}{help}", fault.range.start, fault.range.end, fault.text)
    };
    let warnings = parsed.warnings.iter().map(|warning| fault("warning", warning));
    let errors = parsed.errors.iter().map(|error| fault("error", error));
    tree.chain(warnings).chain(errors).collect::<Vec<_>>().join("\n")
}
