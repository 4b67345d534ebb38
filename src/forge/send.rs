//! Requests to GitHub or GitLab: repeated where that is safe, for a minute in all, one after the other.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use crate::hidden;
use crate::wire::{Method, Request, Response, Wire, WireError};

/// How long all of it may take, waits included.
const PATIENCE: Duration = Duration::from_secs(60);
/// One answer.
const ANSWER: Duration = Duration::from_secs(20);
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// Entries of a page, and pages of a list.
pub const PAGE: usize = 100;
const PAGES: usize = 100;
/// Words of an answer that are shown.
const WORDS: usize = 300;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Refused by its status.
    #[error("{request} was refused: {status} {words}")]
    Refused { request: String, status: u16, words: String },
    /// It may have been done, and nobody knows.
    #[error("{request} was not answered: {words}")]
    Unsure { request: String, words: String },
    #[error("{request} gave an answer that is not understood")]
    Odd { request: String },
}

impl SendError {
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}

pub struct Sender {
    wire: Arc<dyn Wire>,
    until: Instant,
}

/// What is asked.
pub struct Ask<'a> {
    pub method: Method,
    pub path: &'a str,
    pub query: &'a [(&'a str, String)],
    pub body: Option<&'a Value>,
    /// To do it twice is to do it once.
    pub again: bool,
}

impl<'a> Ask<'a> {
    pub fn get(path: &'a str) -> Self {
        Self { method: Method::Get, path, query: &[], body: None, again: true }
    }

    pub fn send(method: Method, path: &'a str, body: &'a Value) -> Self {
        Self { method, path, query: &[], body: Some(body), again: method != Method::Post }
    }
}

impl Sender {
    pub fn new(wire: Arc<dyn Wire>) -> Self {
        Self { wire, until: Instant::now() + PATIENCE }
    }

    /// The value that is answered; null where there is none.
    pub async fn ask(&self, ask: Ask<'_>) -> Result<Value, SendError> {
        self.answer(ask).await.map(|(value, _)| value)
    }

    /// Every entry of a list, page by page.
    pub async fn all(&self, path: &str, query: &[(&str, String)]) -> Result<Vec<Value>, SendError> {
        let mut found = Vec::new();
        for page in 1..=PAGES {
            let mut query = query.to_vec();
            query.extend([("per_page", PAGE.to_string()), ("page", page.to_string())]);
            let (value, more) = self.answer(Ask { query: &query, ..Ask::get(path) }).await?;
            let Value::Array(entries) = value else {
                return Err(SendError::Odd { request: format!("GET {path}") });
            };
            let is_full = entries.len() >= PAGE;
            let is_empty = entries.is_empty();
            found.extend(entries);
            if is_empty || !(more || is_full) {
                break;
            }
        }
        Ok(found)
    }

    async fn answer(&self, ask: Ask<'_>) -> Result<(Value, bool), SendError> {
        let name = format!("{} {}", ask.method.name(), ask.path);
        let request = Request {
            method: ask.method,
            path: ask.path.to_owned(),
            query: ask.query.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
            body: ask.body.map(|body| Bytes::from(body.to_string())),
        };
        let mut wait = FIRST_WAIT;
        loop {
            let left = self.until.saturating_duration_since(Instant::now());
            let answer = match timeout(left.min(ANSWER), self.wire.send(&request)).await {
                Ok(answer) => answer,
                Err(_) => Err(WireError::Lost("no answer came in time".to_owned())),
            };
            let (fault, pause) = match answer {
                Ok(response) if (200..300).contains(&response.status) => return read(&response, name),
                Ok(response) => {
                    let pause = pause(&response, ask.again);
                    let unsure = response.status >= 500 && !ask.again;
                    (if unsure { unsure_of(&name, &response) } else { refused(&name, &response) }, pause)
                }
                Err(WireError::NotSent(words)) => {
                    (SendError::Unsure { request: name.clone(), words }, Pause::Short)
                }
                Err(error) => {
                    let pause = if ask.again { Pause::Short } else { Pause::Never };
                    (SendError::Unsure { request: name.clone(), words: error.to_string() }, pause)
                }
            };
            let pause = match pause {
                Pause::Never => return Err(fault),
                Pause::Short => wait,
                Pause::Asked(time) => time,
            };
            if Instant::now() + pause >= self.until {
                return Err(fault);
            }
            sleep(pause).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

enum Pause {
    Never,
    Short,
    Asked(Duration),
}

/// Whether a refusal may pass, and when.
fn pause(response: &Response, again: bool) -> Pause {
    let asked = response.header("retry-after").and_then(|text| text.trim().parse::<u64>().ok());
    let asked = asked.map(|seconds| Pause::Asked(Duration::from_secs(seconds.min(3600)).max(FIRST_WAIT)));
    let is_limit = response.header("x-ratelimit-remaining") == Some("0");
    match response.status {
        // Nothing was done: such a request may be sent again whatever it is.
        429 => asked.unwrap_or(Pause::Short),
        403 if asked.is_some() || is_limit => asked.unwrap_or(Pause::Short),
        500.. if again => asked.unwrap_or(Pause::Short),
        _ => Pause::Never,
    }
}

fn read(response: &Response, request: String) -> Result<(Value, bool), SendError> {
    let more = response.header("link").is_some_and(|link| link.contains("rel=\"next\""))
        || response.header("x-next-page").is_some_and(|page| !page.trim().is_empty());
    if response.body.is_empty() {
        return Ok((Value::Null, more));
    }
    let value = serde_json::from_slice(&response.body).map_err(|_| SendError::Odd { request })?;
    Ok((value, more))
}

fn refused(request: &str, response: &Response) -> SendError {
    SendError::Refused { request: request.to_owned(), status: response.status, words: words(response) }
}

fn unsure_of(request: &str, response: &Response) -> SendError {
    let words = format!("{} {}", response.status, words(response));
    SendError::Unsure { request: request.to_owned(), words }
}

/// What the service says, in a line.
fn words(response: &Response) -> String {
    let value: Option<Value> = serde_json::from_slice(&response.body).ok();
    let message = value.as_ref().and_then(|value| {
        let text = value.get("message").or_else(|| value.get("error"))?;
        Some(text.as_str().map_or_else(|| text.to_string(), str::to_owned))
    });
    let text = message.unwrap_or_else(|| String::from_utf8_lossy(&response.body).into_owned());
    // Before it is cut: the half of a token can't be found.
    let text = hidden::shown(&text);
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS).collect()
}
