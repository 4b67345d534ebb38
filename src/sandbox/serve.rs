//! The emulator over HTTP on loopback: keys, compressed answers, and connections that really break.

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use futures_util::stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::call::{Answer, Call, query_pairs};
use super::faults::Fault;
use super::{DRIPS, Outcome, Sandbox};

/// Larger bodies are refused.
const LARGEST_BODY: usize = 64 << 20;
/// Smaller answers travel as they are.
const COMPRESS_FROM: usize = 500;
/// How long the first half of a cut answer has to reach the client.
const BEFORE_CUT: Duration = Duration::from_millis(20);

/// The keys that are let in.
#[derive(Clone, Debug)]
pub enum Keys {
    /// Any, but there must be some.
    Any,
    These {
        api: String,
        app: String,
    },
}

/// What to serve, and to whom.
pub struct Serving {
    pub sandbox: Arc<Sandbox>,
    /// 0 takes a free one.
    pub port: u16,
    pub keys: Keys,
}

/// Serves on 127.0.0.1 until `shutdown` is ready. `bound` is told the address once connections are taken.
pub async fn serve(
    serving: Serving,
    bound: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, serving.port)).await?;
    bound(listener.local_addr()?);
    let host = Arc::new(Host { sandbox: serving.sandbox, keys: serving.keys });
    let app = Router::new().fallback(handle).with_state(host);
    let server = axum::serve(Loopback(listener), app.into_make_service_with_connect_info::<Line>());
    // Not gracefully: a connection that hangs on purpose would never end.
    tokio::select! {
        ended = server.into_future() => ended,
        () = shutdown => Ok(()),
    }
}

struct Host {
    sandbox: Arc<Sandbox>,
    keys: Keys,
}

async fn handle(
    State(host): State<Arc<Host>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Result<Response, Infallible> {
    let (parts, body) = request.into_parts();
    let gzip = accepts_gzip(&parts.headers);
    let plain = |answer: Answer| Ok(response(answer.status, &[], answer.body.into_bytes().into(), false));
    let Ok(bytes) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return plain(Answer::refusal(413, "The request body is too large"));
    };
    let call = Call {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: query_pairs(parts.uri.query().unwrap_or_default()),
        body: (!bytes.is_empty()).then(|| bytes.to_vec()),
    };
    if !is_loopback(&parts.headers) {
        return plain(Answer::refusal(403, "The sandbox answers requests to loopback names only"));
    }
    if call.path.starts_with("/sandbox/") {
        return plain(control(&host, &call, &parts.headers));
    }
    if let Some(refusal) = check_keys(&host.keys, &parts.headers, &call.path) {
        return plain(refusal);
    }
    let Outcome { answer, headers, fault } = host.sandbox.receive(&call).await;
    let mut text = answer.body.into_bytes();
    if fault == Some(Fault::Truncate) {
        text.truncate(text.len() / 2);
    }
    let gzip = gzip && text.len() >= COMPRESS_FROM;
    let text = if gzip { compressed(&text) } else { text };
    let length = text.len();
    let body = match fault {
        Some(Fault::ResetBefore | Fault::ResetAfter) => {
            line.reset();
            Body::empty()
        }
        Some(Fault::Hang { .. }) => std::future::pending().await,
        Some(Fault::Cut) => cut(text, line),
        Some(Fault::Drip) => dripping(text),
        _ => Body::from(text),
    };
    let mut response = response(answer.status, &headers, body, gzip);
    if matches!(fault, Some(Fault::Cut | Fault::Drip)) {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(response)
}

/// The control path is for programs on this machine, not for pages in a browser.
fn control(host: &Host, call: &Call, headers: &HeaderMap) -> Answer {
    // A browser says where a request comes from; one that a person typed comes from nowhere.
    let from_page = headers.get("sec-fetch-site").is_some_and(|site| site != "none");
    if from_page || headers.contains_key(header::ORIGIN) {
        return Answer::refusal(403, "The sandbox takes no orders from a web page");
    }
    if (call.method.as_str(), call.path.as_str()) == ("POST", "/sandbox/reset") {
        return host.sandbox.empty();
    }
    host.sandbox.conduct().answer(call).unwrap_or_else(Answer::unknown_route)
}

/// Whether the request was sent to a name of this machine: a page can't reach us under a name of its own.
fn is_loopback(headers: &HeaderMap) -> bool {
    let is_own = |host: &HeaderValue| {
        let host = host.to_str().unwrap_or_default();
        let name =
            if host.starts_with('[') { host.split_inclusive(']').next() } else { host.split(':').next() };
        matches!(name.unwrap_or_default(), "127.0.0.1" | "localhost" | "[::1]")
    };
    headers.contains_key(header::HOST) && headers.get_all(header::HOST).iter().all(is_own)
}

/// 401 without keys, 403 for wrong ones.
fn check_keys(keys: &Keys, headers: &HeaderMap, path: &str) -> Option<Answer> {
    let text = |name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.trim().is_empty())
    };
    let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
    let given = match (text("dd-api-key"), text("dd-application-key"), bearer) {
        (_, _, Some(token)) if !token.is_empty() => (token, token),
        (Some(api), Some(app), _) => (api, app),
        // The one route that asks for no application key.
        (Some(api), None, _) if path == "/api/v1/validate" => (api, ""),
        _ => return Some(Answer::refusal(401, "Unauthorized")),
    };
    match keys {
        Keys::Any => None,
        Keys::These { api, app } => {
            let fits = given == (api, app) || given == (app, app) || given == (api, "");
            (!fits).then(|| Answer::refusal(403, "Forbidden"))
        }
    }
}

fn response(status: u16, headers: &[(String, String)], body: Body, gzip: bool) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let own = response.headers_mut();
    own.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if gzip {
        own.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value)) {
            own.insert(name, value);
        }
    }
    response
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING);
    accepted.iter().filter_map(|value| value.to_str().ok()).any(|value| value.contains("gzip"))
}

fn compressed(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let done = encoder.write_all(text).and_then(|()| encoder.finish());
    done.expect("bug: writing to memory doesn't fail")
}

/// The first half of the text, then the end of the connection.
fn cut(text: Vec<u8>, line: Line) -> Body {
    let half = Bytes::from(text[..text.len() / 2].to_vec());
    let parts = stream::unfold((Some(half), line), |(half, line)| async move {
        match half {
            Some(half) => Some((Ok(half), (None, line))),
            None => {
                tokio::time::sleep(BEFORE_CUT).await;
                line.reset();
                Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), (None, line)))
            }
        }
    });
    Body::from_stream(parts)
}

/// The text in small pieces.
fn dripping(text: Vec<u8>) -> Body {
    let size = text.len().div_ceil(DRIPS.0 as usize).max(1);
    let parts = stream::unfold(Bytes::from(text), move |mut left| async move {
        if left.is_empty() {
            return None;
        }
        tokio::time::sleep(DRIPS.1).await;
        let piece = left.split_to(size.min(left.len()));
        Some((Ok::<_, Infallible>(piece), left))
    });
    Body::from_stream(parts)
}

/// Accepts connections whose other end a handler can break.
struct Loopback(TcpListener);

impl Listener for Loopback {
    type Io = Breakable;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Breakable, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Small answers must not wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        (Breakable { stream, line: Line::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A handler's hold on its connection.
#[derive(Clone, Debug, Default)]
struct Line(Arc<AtomicBool>);

impl Line {
    /// Lets the next byte that would be sent reset the connection instead.
    fn reset(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Connected<IncomingStream<'_, Loopback>> for Line {
    fn connect_info(stream: IncomingStream<'_, Loopback>) -> Self {
        stream.io().line.clone()
    }
}

/// A connection that fails once its line is reset.
struct Breakable {
    stream: TcpStream,
    line: Line,
}

impl Breakable {
    fn check(&self) -> io::Result<()> {
        if self.line.0.load(Ordering::Acquire) {
            // Without lingering the kernel sends a reset, not an orderly end.
            let _ = self.stream.set_zero_linger();
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Breakable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Breakable {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
