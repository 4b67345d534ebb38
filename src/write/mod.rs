//! Definitions as files: export, import, edits in place.

pub mod escape;
pub mod insert;
pub mod name;
pub mod refer;
pub mod secret;
pub mod tidy;
pub mod web;
pub mod yaml;
