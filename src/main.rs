//! Parse, run, print the error, exit.

// A test may be one long table.
#![cfg_attr(test, allow(clippy::too_many_lines))]

mod args;
mod cli;
mod commands;

// Words.
mod diagnostic;
mod model;
mod pointer;
mod policy;
mod wire;
mod cores;

// Facts.
mod kind;
mod handle;
mod routing;
mod signal;

// Stages.
mod source;
mod config;
mod load;
mod inventory;
mod template;
mod expand;
mod query;
mod check;
mod mark;
mod fill;
mod canon;
mod diff;
mod glance;
mod identify;
mod outgoing;
mod order;
mod matching;
mod owner;
mod pairing;
mod pipelines;
mod plan;
mod risk;
mod tell;
mod rename;
mod selection;
mod twin;
mod moved;
mod saved;
mod posted;
mod base;
mod drift;
mod coverage;
mod readiness;
mod brake;

// Doors.
mod client;
mod cache;
mod hidden;
mod http;
mod limit;
mod apply;
mod forge;
mod lock;
mod files;
mod git;
mod write;
mod edit;
mod pull;
mod moving;
mod openslo;
mod series;
mod telemetry;

// Face.
mod explain;
mod render;
mod schema;

// Island.
mod sandbox;

#[cfg(test)]
#[path = "../tests/recordings/mod.rs"]
mod recordings;

#[cfg(test)]
#[path = "../tests/rows/mod.rs"]
mod rows;

/// Most of the work makes and drops small texts and maps, on all cores; the allocator of musl, which releases are built
/// with, would be the slowest part of it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run()
}

#[cfg(test)]
#[path = "../tests/diagnostics/mod.rs"]
mod diagnostics_golden;
