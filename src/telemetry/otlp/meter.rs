//! Metrics: counted while a run goes on, and summed up at its end.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, MeterProvider as _};
use opentelemetry_sdk::metrics::SdkMeterProvider;

use super::counted::Tally;
use super::tracer::key_value;
use crate::telemetry::attribute::{Attribute, text};
use crate::telemetry::facts::Facts;

/// Seconds: from an answer at once to the longest apply.
const RUN: [f64; 12] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0];
const WAIT: [f64; 10] = [0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

/// Makes metrics.
#[derive(Debug)]
pub struct Meter {
    provider: SdkMeterProvider,
    tally: Arc<Tally>,
    requests: Counter<u64>,
    wait: Histogram<f64>,
}

impl Meter {
    pub(super) fn new(provider: SdkMeterProvider, tally: Arc<Tally>) -> Self {
        let meter = provider.meter("musher");
        let requests = meter
            .u64_counter("musher.requests")
            .with_unit("{request}")
            .with_description("Attempts of requests to the API")
            .build();
        let wait = meter
            .f64_histogram("musher.ratelimit.wait")
            .with_unit("s")
            .with_description("Time that a request waited for a rate limit")
            .with_boundaries(WAIT.to_vec())
            .build();
        Self { provider, tally, requests, wait }
    }

    /// A request went out, and had waited for so long for its rate limit.
    pub fn request(&self, class: &'static str, waited: Duration, facts: &Facts) {
        let own = |more: &[KeyValue]| [common(facts), more.to_vec()].concat();
        self.requests.add(1, &own(&[KeyValue::new("status_class", class)]));
        if !waited.is_zero() {
            self.wait.record(waited.as_secs_f64(), &own(&[]));
        }
    }

    /// All that is known at the end.
    pub fn sum_up(&self, command: &'static str, facts: &Facts, took: Duration) {
        let meter = self.provider.meter("musher");
        let own = |more: &[KeyValue]| [common(facts), more.to_vec()].concat();
        meter
            .f64_histogram("musher.run.duration")
            .with_unit("s")
            .with_description("Time of a whole run")
            .with_boundaries(RUN.to_vec())
            .build()
            .record(took.as_secs_f64(), &own(&[KeyValue::new("command", command)]));
        let changes = meter
            .u64_counter("musher.changes")
            .with_unit("{change}")
            .with_description("Changes, planned or done")
            .build();
        for ((action, kind), count) in facts.changes.iter().flatten() {
            changes.add(*count, &own(&[KeyValue::new("action", *action), KeyValue::new("kind", *kind)]));
        }
        let resources = meter
            .u64_gauge("musher.resources")
            .with_unit("{resource}")
            .with_description("Resources that are declared")
            .build();
        for (kind, count) in &facts.resources {
            resources.record(*count, &own(&[KeyValue::new("kind", *kind)]));
        }
        if let Some(drift) = facts.drift {
            let gauge = meter
                .u64_gauge("musher.drift")
                .with_description("0: nothing drifted, 1: something did, 2: unknown")
                .build();
            gauge.record(u64::from(drift.status()), &own(&[]));
        }
    }

    /// Sends what is left.
    pub fn end(&self) {
        // What became of it is known by the tally.
        let _ = self.provider.shutdown();
    }

    pub fn tally(&self) -> &Tally {
        &self.tally
    }
}

/// What all points have in common.
fn common(facts: &Facts) -> Vec<KeyValue> {
    let named = [("project", &facts.project), ("env", &facts.environment)];
    let found = named.into_iter().filter_map(|(name, value)| Some(text(name, value.as_deref()?)));
    found.map(|attribute: Attribute| key_value(attribute)).collect()
}
