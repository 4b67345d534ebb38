//! Files -> definitions and their sources, with every fault at its place.

mod align;
mod body;
pub mod definitions;
mod directives;
mod gather;
mod json;
pub mod locate;
mod read;
mod scalar;
mod templates;
mod tree;
mod uses;
mod walk;
mod yaml;
mod yaml_faults;

pub use gather::load;
