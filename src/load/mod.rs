//! Files -> definitions and their sources, with every fault at its place.

mod align;
pub mod definitions;
mod json;
pub mod locate;
mod scalar;
mod tree;
mod yaml;
mod yaml_faults;
