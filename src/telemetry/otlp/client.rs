//! The way of OTLP over HTTP: on this program's runtime, since the threads that export have none.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError};
use reqwest::header::AUTHORIZATION;
use tokio::runtime::Handle;

use super::counted::Tally;
use super::token::Token;

/// Where another service has its own use for `authorization`, Google takes the token from here.
pub const BESIDE: &str = "x-serverless-authorization";
/// No answer to an export is longer.
const LONGEST: usize = 1 << 20;

#[derive(Debug)]
pub struct Client {
    pub client: reqwest::Client,
    pub runtime: Handle,
    pub token: Option<Arc<Token>>,
    pub tally: Arc<Tally>,
    pub timeout: Duration,
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let mut request = reqwest::Request::try_from(request)?;
        *request.timeout_mut() = Some(self.timeout);
        if let Some(token) = &self.token {
            // No empty one, which would be refused in other words.
            let header = token.header().ok_or("there is no ID token")?;
            let is_taken = request.headers().contains_key(AUTHORIZATION);
            request.headers_mut().insert(if is_taken { BESIDE } else { AUTHORIZATION.as_str() }, header);
        }
        let client = self.client.clone();
        let exchange = async move {
            let mut answer = client.execute(request).await?;
            let status = answer.status();
            let headers = answer.headers().clone();
            let mut body = Vec::new();
            while let Some(part) = answer.chunk().await? {
                body.extend_from_slice(&part);
                if body.len() > LONGEST {
                    break;
                }
            }
            let mut response = http::Response::new(Bytes::from(body));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok::<_, reqwest::Error>(response)
        };
        let answer = self.runtime.spawn(exchange).await?;
        match &answer {
            // What is missing then was never sent.
            Ok(response) if response.status().is_success() => {}
            Ok(response) => {
                self.tally.because(format!("the collector answers {}", response.status().as_u16()));
            }
            Err(error) => self.tally.because(
                match (error.is_timeout(), error.is_connect()) {
                    (true, _) => "the collector does not answer in time",
                    (_, true) => "the collector can't be reached",
                    _ => "the connection to the collector broke off",
                }
                .to_owned(),
            ),
        }
        Ok(answer?)
    }
}
