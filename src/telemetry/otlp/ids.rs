//! Trace ids that begin with the time, as X-Ray once asked for and still sorts by.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

#[derive(Debug, Default)]
pub struct TimedIds {
    random: RandomIdGenerator,
}

impl IdGenerator for TimedIds {
    fn new_trace_id(&self) -> TraceId {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let [.., a, b, c, d] = seconds.to_be_bytes();
        let mut bytes = self.random.new_trace_id().to_bytes();
        for (byte, of_time) in bytes.iter_mut().zip([a, b, c, d]) {
            *byte = of_time;
        }
        TraceId::from_bytes(bytes)
    }

    fn new_span_id(&self) -> SpanId {
        self.random.new_span_id()
    }
}
