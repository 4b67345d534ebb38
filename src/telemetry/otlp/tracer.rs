//! Spans: opened, told more of, ended. What they are made of stays in here.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState,
    Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span};

use super::counted::Tally;
use crate::telemetry::attribute::{Attribute, Value};
use crate::telemetry::parent::Parent;
use crate::telemetry::secrecy::sent;

/// Makes spans.
#[derive(Debug)]
pub struct Tracer {
    pub(super) provider: SdkTracerProvider,
    pub(super) tracer: SdkTracer,
    pub(super) tally: Arc<Tally>,
}

/// What a span begins under.
#[derive(Clone, Debug)]
pub struct Under(Context);

/// A span that goes on; dropped, it has ended.
#[derive(Debug)]
pub struct Open {
    span: Span,
}

impl Under {
    /// Nothing, or a span elsewhere.
    pub fn remote(parent: Option<&Parent>) -> Self {
        let Some(parent) = parent else { return Self(Context::new()) };
        let flags = if parent.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        // It is sent with each span: as it is, or not at all.
        let is_clean = sent(&parent.state) == parent.state;
        let state: TraceState = parent.state.parse().ok().filter(|_| is_clean).unwrap_or_default();
        let (trace, span) = (TraceId::from(parent.trace), SpanId::from(parent.span));
        Self(Context::new().with_remote_span_context(SpanContext::new(trace, span, flags, true, state)))
    }

    /// Trace and span, as hexadecimal digits, and whether they are sent.
    pub fn ids(&self) -> (String, String, bool) {
        let span = self.0.span();
        let context = span.span_context();
        (context.trace_id().to_string(), context.span_id().to_string(), context.is_sampled())
    }
}

impl Tracer {
    /// Opens a span. A call of another service is a client's.
    pub fn open(&self, name: String, is_call: bool, under: &Under, since: SystemTime) -> Open {
        let kind = if is_call { SpanKind::Client } else { SpanKind::Internal };
        let builder = self.tracer.span_builder(name).with_kind(kind).with_start_time(since);
        let span = self.tracer.build_with_context(builder, &under.0);
        if span.span_context().is_sampled() {
            self.tally.made();
        }
        Open { span }
    }

    /// Sends what is left, for at most so long.
    pub fn end(&self, patience: Duration) {
        // What became of it is known by the tally.
        let _ = self.provider.shutdown_with_timeout(patience);
    }

    pub fn tally(&self) -> &Tally {
        &self.tally
    }
}

impl Open {
    /// For what begins under it.
    pub fn under(&self) -> Under {
        Under(Context::new().with_remote_span_context(self.span.span_context().clone()))
    }

    pub fn set(&mut self, attributes: impl IntoIterator<Item = Attribute>) {
        self.span.set_attributes(attributes.into_iter().map(key_value));
    }

    /// What it stands for failed.
    pub fn fail(&mut self) {
        self.span.set_status(Status::error(""));
    }

    pub fn end_at(mut self, at: SystemTime) {
        self.span.end_with_timestamp(at);
    }
}

pub(super) fn key_value((name, value): Attribute) -> KeyValue {
    match value {
        // At the last moment: by now all keys of this run are known.
        Value::Text(text) => KeyValue::new(name, sent(&text)),
        Value::Number(number) => KeyValue::new(name, number),
        Value::Seconds(seconds) => KeyValue::new(name, seconds),
    }
}
