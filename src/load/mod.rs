//! Documents -> definitions, templates and uses, with every fault at its place.

mod body;
pub mod definitions;
mod directives;
mod document;
mod gather;
mod passed;
mod templates;
mod uses;

#[cfg(test)]
mod tests;

pub use body::{clean, leave_out, unwrap};
pub use directives::check_keys;
pub use gather::{load, template};
