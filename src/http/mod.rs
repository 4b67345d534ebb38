//! The wire over HTTPS: one request, one whole answer, keys in headers that nobody prints.

mod keys;
mod endpoint;
mod size;

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};

pub use endpoint::Endpoint;
pub use keys::{KeyError, Keys};

use crate::wire::{Method, Request, Response, Wire, WireError};
use size::Growing;

const CONNECT: Duration = Duration::from_secs(10);
/// From the first byte sent to the last one read.
const ANSWER: Duration = Duration::from_secs(60);
/// The level that the limiter may reach, kept open between bursts.
const IDLE_CONNECTIONS: usize = 128;

/// Installs the cryptography that TLS needs. Called once by `main` and by tests; later calls do nothing.
pub fn install_crypto() {
    // An error says that a provider stands already: the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// No client could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "The HTTPS client can't start: {0}. Where the machine has no CA certificates, install the package \
     `ca-certificates`, or let SSL_CERT_FILE name a bundle"
)]
pub struct StartError(pub String);

/// A Datadog API, reached with keys.
pub struct Https {
    client: reqwest::Client,
    base: reqwest::Url,
    keys: Keys,
}

impl Https {
    /// Opens no connection yet.
    pub fn new(endpoint: &Endpoint, keys: Keys) -> Result<Self, StartError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.extend(keys.headers());
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("musher/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .tcp_keepalive(Duration::from_secs(30))
            .http2_adaptive_window(true)
            // A redirect would carry the keys to wherever an answer points; the API has none.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never());
        if endpoint.plain() {
            // Loopback: a proxy elsewhere would get the keys in the clear, and no certificate is needed.
            builder = builder.no_proxy().tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| StartError(chain(&error)))?;
        Ok(Self { client, base: endpoint.url.clone(), keys })
    }

    async fn exchange(&self, request: &Request) -> Result<Response, WireError> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut sending = self.client.request(method, self.url(request));
        if let Some(body) = &request.body {
            sending = sending.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let answer = sending.send().await.map_err(|error| self.fault(error))?;
        let (status, hidden) = (answer.status().as_u16(), &self.keys.hidden);
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    hidden.hide(&String::from_utf8_lossy(value.as_bytes())).into_owned(),
                )
            })
            .collect();
        let body = self.read(answer).await.map_err(|error| match error {
            WireError::Lost(words) => WireError::Cut(status, words),
            other => other,
        })?;
        Ok(Response { status, headers, body, read: None })
    }

    /// The body, whole and unpacked.
    async fn read(&self, mut answer: reqwest::Response) -> Result<Bytes, WireError> {
        let mut body = Growing::default();
        while let Some(part) = answer.chunk().await.map_err(|error| self.fault(error))? {
            body.take(&part).map_err(WireError::TooLarge)?;
        }
        Ok(body.end())
    }

    fn url(&self, request: &Request) -> reqwest::Url {
        let mut url = self.base.clone();
        let path = format!("{}{}", url.path().trim_end_matches('/'), request.path);
        url.set_path(&path);
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        url
    }

    /// Connecting failed: nothing was sent. Everything later: nobody knows.
    fn fault(&self, error: reqwest::Error) -> WireError {
        let early = error.is_connect() || error.is_builder();
        let text = self.keys.hidden.hide(&chain(&error.without_url())).into_owned();
        if early { WireError::NotSent(text) } else { WireError::Lost(text) }
    }
}

impl Wire for Https {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, WireError>> {
        self.exchange(request).boxed()
    }
}

/// An error with its causes: reqwest's own text hides them ("error sending request").
fn chain(error: &dyn Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        // Wrappers repeat what they wrap.
        if texts.last().is_none_or(|last| !last.contains(&text)) {
            texts.push(text);
        }
        next = error.source();
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests;
