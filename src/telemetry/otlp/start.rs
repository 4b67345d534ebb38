//! Exporters and providers set up: by the variables that the SDK reads itself, and by those that it leaves to us.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::tonic_types::transport::{Certificate, ClientTlsConfig, Identity};
use opentelemetry_otlp::{
    MetricExporter, Protocol as Wire, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
    WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use tokio::runtime::Handle;

use super::client::{BESIDE, Client};
use super::counted::{Counted, Tally};
use super::ids::TimedIds;
use super::meter::Meter;
use super::token::Token;
use super::tracer::Tracer;
use crate::telemetry::parent::Propagator;
use crate::telemetry::secrecy::sent;
use crate::telemetry::settings::{Protocol, Settings};
use crate::telemetry::variable::Variable;

/// As many spans as an apply of ten thousand changes has at once.
const QUEUE: usize = 32_768;
/// As long as the SDK waits for one export.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What could be started, and why something could not.
#[derive(Debug, Default)]
pub struct Started {
    pub tracer: Option<Tracer>,
    pub meter: Option<Meter>,
    pub warnings: Vec<String>,
}

/// A certificate and its key.
type Pem = (Vec<u8>, Vec<u8>);

/// One signal on its way to be set up.
struct Signal<'a> {
    /// As variables name it: `TRACES`.
    name: &'static str,
    variable: &'a Variable<'a>,
    runtime: &'a Handle,
    token: Option<Arc<Token>>,
    tally: Arc<Tally>,
}

/// Opens no connection yet. To be called within the runtime.
pub fn start(settings: &Settings, variable: &Variable<'_>, runtime: &Handle) -> Started {
    let mut started = Started::default();
    let token = match &settings.audience {
        None => None,
        Some(audience) => match Token::new(audience, variable("GCE_METADATA_HOST"), runtime.clone()) {
            Some(token) => Some(Arc::new(token)),
            None => {
                started.warnings.push("no ID token can be asked for: telemetry is off".to_owned());
                return started;
            }
        },
    };
    let signal = |name| Signal { name, variable, runtime, token: token.clone(), tally: Arc::default() };
    if let Some(protocol) = settings.traces {
        let is_timed = settings.propagators.contains(&Propagator::Xray);
        match signal("TRACES").tracer(protocol, is_timed) {
            Ok(tracer) => started.tracer = Some(tracer),
            Err(wrong) => started.warnings.push(format!("no spans are sent: {wrong}")),
        }
    }
    if let Some(protocol) = settings.metrics {
        match signal("METRICS").meter(protocol) {
            Ok(meter) => started.meter = Some(meter),
            Err(wrong) => started.warnings.push(format!("no metrics are sent: {wrong}")),
        }
    }
    started
}

/// An exporter over either protocol: the builders of spans and of metrics have no trait in common. Nothing is tried again:
/// a run ends in time.
macro_rules! exporter {
    ($self:ident, $protocol:expr, $builder:expr) => {
        match $protocol {
            Protocol::Http => $builder
                .with_http()
                .with_protocol(Wire::HttpBinary)
                .with_http_client($self.client()?)
                .with_retry_policy(RetryPolicy::disabled())
                .build(),
            Protocol::Grpc => {
                let builder = $builder.with_tonic().with_retry_policy(RetryPolicy::disabled());
                let builder = builder.with_interceptor(bearing($self.token.clone()));
                match $self.tls()? {
                    Some(tls) => builder.with_tls_config(tls).build(),
                    None => builder.build(),
                }
            }
        }
        .map_err(|_| $self.wrong())
    };
}

impl Signal<'_> {
    fn tracer(self, protocol: Protocol, is_timed: bool) -> Result<Tracer, String> {
        let inner = exporter!(self, protocol, SpanExporter::builder())?;
        let exporter = Counted { inner, tally: Arc::clone(&self.tally), token: self.token.clone() };
        let mut batches = BatchConfigBuilder::default();
        if (self.variable)("OTEL_BSP_MAX_QUEUE_SIZE").is_none() {
            batches = batches.with_max_queue_size(QUEUE);
        }
        let processor = BatchSpanProcessor::builder(exporter).with_batch_config(batches.build()).build();
        let mut builder =
            SdkTracerProvider::builder().with_resource(self.resource()).with_span_processor(processor);
        if is_timed {
            builder = builder.with_id_generator(TimedIds::default());
        }
        let provider = builder.build();
        Ok(Tracer { tracer: provider.tracer("musher"), provider, tally: self.tally })
    }

    fn meter(self, protocol: Protocol) -> Result<Meter, String> {
        let builder = MetricExporter::builder();
        // A process that lives for seconds has nothing to sum up: of a sum that begins anew the first point is dropped.
        let builder = match (self.variable)("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE") {
            None => builder.with_temporality(Temporality::Delta),
            Some(_) => builder,
        };
        let inner = exporter!(self, protocol, builder)?;
        let exporter = Counted { inner, tally: Arc::clone(&self.tally), token: self.token.clone() };
        let provider = SdkMeterProvider::builder()
            .with_resource(self.resource())
            .with_periodic_exporter(exporter)
            .build();
        Ok(Meter::new(provider, self.tally))
    }

    /// A variable of this signal, or of all.
    fn setting(&self, what: &str) -> Option<String> {
        (self.variable)(&format!("OTEL_EXPORTER_OTLP_{}_{what}", self.name))
            .or_else(|| (self.variable)(&format!("OTEL_EXPORTER_OTLP_{what}")))
    }

    /// Whether what is sent goes without TLS.
    fn is_plain(&self) -> bool {
        match self.setting("ENDPOINT") {
            None => true,
            Some(endpoint) if endpoint.contains("://") => endpoint.trim_start().starts_with("http://"),
            Some(_) => self.setting("INSECURE").is_some_and(|value| value.eq_ignore_ascii_case("true")),
        }
    }

    /// What is wrong, without the value, which may hold a key.
    fn wrong(&self) -> String {
        format!(
            "OTEL_EXPORTER_OTLP_ENDPOINT, or OTEL_EXPORTER_OTLP_{}_ENDPOINT, is not a URL that can be sent to",
            self.name
        )
    }

    /// The file that a variable names.
    fn file(&self, what: &str) -> Result<Option<Vec<u8>>, String> {
        let read =
            |path: String| std::fs::read(&path).map_err(|error| format!("{path} can't be read: {error}"));
        self.setting(what).map(read).transpose()
    }

    /// The client's certificate and key.
    fn identity(&self) -> Result<Option<Pem>, String> {
        Ok(self.file("CLIENT_CERTIFICATE")?.zip(self.file("CLIENT_KEY")?))
    }

    fn client(&self) -> Result<Client, String> {
        let pem = |error: reqwest::Error| {
            format!("a certificate of OTEL_EXPORTER_OTLP_… is not one: {}", error.without_url())
        };
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("musher/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none());
        if self.is_plain() {
            builder = builder.tls_certs_only([]);
        } else {
            if let Some(bundle) = self.file("CERTIFICATE")? {
                builder =
                    builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(&bundle).map_err(pem)?);
            }
            if let Some((certificate, key)) = self.identity()? {
                builder =
                    builder.identity(reqwest::Identity::from_pem(&[key, certificate].concat()).map_err(pem)?);
            }
        }
        let client = builder.build().map_err(|_| "the HTTPS client can't start".to_owned())?;
        let timeout = self.setting("TIMEOUT").and_then(|text| text.trim().parse().ok());
        Ok(Client {
            client,
            runtime: self.runtime.clone(),
            token: self.token.clone(),
            tally: Arc::clone(&self.tally),
            timeout: timeout.map_or(TIMEOUT, Duration::from_millis),
        })
    }

    fn tls(&self) -> Result<Option<ClientTlsConfig>, String> {
        if self.is_plain() {
            return Ok(None);
        }
        let mut tls = match self.file("CERTIFICATE")? {
            Some(bundle) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(bundle)),
            None => ClientTlsConfig::new().with_enabled_roots(),
        };
        if let Some((certificate, key)) = self.identity()? {
            tls = tls.identity(Identity::from_pem(certificate, key));
        }
        Ok(Some(tls))
    }

    /// What all spans and metrics belong to; the SDK adds what the environment says.
    fn resource(&self) -> Resource {
        let attributes = (self.variable)("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
        let names = |name: &str| {
            attributes.split(',').filter_map(|pair| pair.split_once('=')).any(|(own, _)| own.trim() == name)
        };
        let mut builder = Resource::builder();
        if (self.variable)("OTEL_SERVICE_NAME").is_none() && !names("service.name") {
            builder = builder.with_service_name("musher");
        }
        if !names("service.version") {
            builder = builder
                .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        }
        let whole = builder.build();
        let clean = whole.iter().map(|(name, value)| match value {
            opentelemetry::Value::String(text) => {
                opentelemetry::KeyValue::new(sent(name.as_str()), sent(text.as_str()))
            }
            other => opentelemetry::KeyValue::new(sent(name.as_str()), other.clone()),
        });
        Resource::builder_empty().with_attributes(clean).build()
    }
}

/// Puts the token into each call, or lets none out where there should be one.
fn bearing(
    token: Option<Arc<Token>>,
) -> impl FnMut(tonic::Request<()>) -> Result<tonic::Request<()>, tonic::Status> + Clone + Send + Sync + 'static
{
    move |mut request| {
        if let Some(token) = &token {
            let none = || tonic::Status::unauthenticated("there is no ID token");
            let header = token.header().ok_or_else(none)?;
            let header = header.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(none)?;
            let is_taken = request.metadata().contains_key("authorization");
            request.metadata_mut().insert(if is_taken { BESIDE } else { "authorization" }, header);
        }
        Ok(request)
    }
}
