//! The rules, by what they look at.

pub mod across;
pub mod cloud_run;
pub mod datadog;
pub mod flow;
pub mod functions;
pub mod listening;
pub mod missing;
pub mod secrecy;
pub mod sending;
pub mod spelling;
pub mod structure;
pub mod tasks;
