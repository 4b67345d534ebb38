//! Files -> definitions and their sources, with every fault at its place.

pub mod definitions;
