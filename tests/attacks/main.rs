//! Attacks: a service that lies, people who edit the wrong thing, two applies at once. The real binary talks to a
//! small Datadog on loopback that can be told to lie; nothing may be lost, and nothing doubled.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)] // A vocabulary: not every lie is reported at every time.
mod liar;
#[allow(dead_code)] // Shared with the tests of the command line, which need all of it.
#[path = "../cli/project.rs"]
mod project;

mod files;
mod letting_go;
mod limits;
mod marks;
mod twins;
