//! Traces and metrics by OTLP: the one place that knows the crates of OpenTelemetry.

mod client;
mod counted;
mod ids;
mod meter;
mod start;
mod token;
mod tracer;

pub use meter::Meter;
pub use start::start;
pub use tracer::{Open, Tracer, Under};
