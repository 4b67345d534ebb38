//! The real binary as a person meets it: in a folder of its own, with nothing of this machine's environment.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::too_many_lines)]

mod api;
mod project;

mod organisation;
mod coverage;
mod story;
mod over_http;
mod owners;
mod bad_input;
mod hostile;
mod environment;
mod flags;
mod safety;
mod exports;
mod letting_go;
mod pull;
mod branch;
mod moving;
mod series;
mod openslo;
mod manners;
mod readme;
mod twins;
