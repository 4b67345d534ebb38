//! What a run tells of itself, before receivers that are not ours: Datadog's test agent, the collector rotel, and Datadog's own
//! client as the yardstick of lines. They are installed from their registries into `target/`; where that can't be done a line
//! says so.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod exports;
mod faults;
mod installed;
mod lines;
mod project;
mod token;
