//! Exporters that know what became of what they were given: the SDK tells nobody.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use super::token::Token;

/// What became of the exports of a signal.
#[derive(Debug, Default)]
pub struct Tally {
    /// What was given to the SDK.
    made: AtomicU64,
    arrived: AtomicU64,
    failed: AtomicU64,
    /// Of the last export that failed; holds nothing that the other side wrote.
    reason: Mutex<Option<String>>,
}

impl Tally {
    pub fn made(&self) {
        self.made.fetch_add(1, Ordering::Relaxed);
    }

    /// How many did not arrive of how many.
    pub fn lost(&self) -> (u64, u64) {
        let made = self.made.load(Ordering::Relaxed);
        (made.saturating_sub(self.arrived.load(Ordering::Relaxed)), made)
    }

    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed) > 0
    }

    pub fn reason(&self) -> Option<String> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says why an export fails: the first one that knows.
    pub fn because(&self, reason: String) {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }

    fn take(&self, count: usize, result: &OTelSdkResult) {
        match result {
            Ok(()) => {
                self.arrived.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
            }
            Err(error) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                let mut reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
                reason.get_or_insert_with(|| words(error));
            }
        }
    }
}

/// What an exporter says of gRPC, in words for people. Of what the other side wrote it holds the code alone.
fn words(error: &OTelSdkError) -> String {
    let text = error.to_string();
    match text.split_once("gRPC code: ").map(|(_, rest)| rest) {
        Some(rest) if rest.contains("error") => "the collector can't be reached".to_owned(),
        Some(code) => format!("the collector answers {code}"),
        None => "they could not be sent".to_owned(),
    }
}

/// An exporter whose exports are counted, and wait for a token where they need one.
#[derive(Debug)]
pub struct Counted<E> {
    pub inner: E,
    pub tally: Arc<Tally>,
    pub token: Option<Arc<Token>>,
}

impl<E> Counted<E> {
    /// Without a token nothing is sent.
    async fn ready(&self) -> OTelSdkResult {
        let Some(token) = &self.token else { return Ok(()) };
        token.refresh().await.map_err(|reason| {
            self.tally.because(reason.clone());
            OTelSdkError::InternalFailure(reason)
        })
    }
}

impl<E: SpanExporter> SpanExporter for Counted<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let result = match self.ready().await {
            Ok(()) => self.inner.export(batch).await,
            Err(error) => Err(error),
        };
        self.tally.take(count, &result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for Counted<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.tally.made();
        let result = match self.ready().await {
            Ok(()) => self.inner.export(metrics).await,
            Err(error) => Err(error),
        };
        self.tally.take(1, &result);
        result
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}
