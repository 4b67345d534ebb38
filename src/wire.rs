//! What goes to the service and what comes back, and the one method between: `Wire::send`.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::time::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: Method,
    /// `/api/v1/monitor/123`, already percent-encoded.
    pub path: String,
    /// Names and values, not yet encoded.
    pub query: Vec<(String, String)>,
    /// JSON text.
    pub body: Option<Bytes>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Whole: a shortened answer is a [`WireError::Cut`].
    pub body: Bytes,
    /// The JSON of the body, where it was read on the way: to see that it is whole.
    pub read: Option<Value>,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// No answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Nothing reached the service: safe to send anything again. (Name not found, connection refused, TLS.)
    #[error("{0}")]
    NotSent(String),
    /// The request may have been done: a reset, a timeout.
    #[error("{0}")]
    Lost(String),
    /// An answer with this status began, and not all of it came.
    #[error("{1}")]
    Cut(u16, String),
    /// A rate limit holds it back for longer than this run may wait. Nothing was sent.
    #[error("{0}")]
    Held(String),
    /// An answer that is larger than any that makes sense, given up in the midst: the request may have been done, and the
    /// same one would end the same way.
    #[error("{0}")]
    TooLarge(String),
}

/// A way to the service. Keys are its own business: no request carries any.
pub trait Wire: Send + Sync {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, WireError>>;
}

tokio::task_local! {
    static ATTEMPTS: std::cell::Cell<u32>;
    static LATEST: Latest;
}

/// Until when a write may set out that was decided on by what was seen earlier.
struct Latest {
    at: Instant,
    /// It set out in time: what is repeated later is the same write.
    is_out: std::cell::Cell<bool>,
    is_late: std::cell::Cell<bool>,
}

/// Runs a write that is not to set out after an instant; `None` where it had to wait for longer, and nothing was sent.
pub async fn no_later_than<F: Future>(at: Instant, write: F) -> Option<F::Output> {
    let latest = Latest { at, is_out: false.into(), is_late: false.into() };
    let watched = async {
        let output = write.await;
        (!LATEST.with(|latest| latest.is_late.get())).then_some(output)
    };
    LATEST.scope(latest, watched).await
}

/// Whether a write whose turn it is came too late: asked by the wire that makes it wait.
pub fn is_too_late(now: Instant) -> bool {
    let judge = |latest: &Latest| {
        let is_late = !latest.is_out.get() && now > latest.at;
        (if is_late { &latest.is_late } else { &latest.is_out }).set(true);
        is_late
    };
    LATEST.try_with(judge).unwrap_or(false)
}

/// Runs work and counts the requests that went out for it, retries included. A repeat happens inside
/// [`Wire::send`], where only the wire knows of it.
pub async fn counted<F: Future>(work: F) -> (F::Output, u32) {
    let counting = async {
        let output = work.await;
        (output, ATTEMPTS.with(std::cell::Cell::get))
    };
    ATTEMPTS.scope(std::cell::Cell::new(0), counting).await
}

/// One request goes out: called by the wire that repeats, or by the last one.
pub fn count_attempt() {
    // Outside of `counted` nobody asks.
    let _ = ATTEMPTS.try_with(|attempts| attempts.set(attempts.get() + 1));
}
