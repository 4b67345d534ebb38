//! A sandbox that is served, a plain client that sends requests to it, and a wire that counts bytes.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use crate::estate;

/// Of the plain client.
const CONNECTIONS: usize = 64;
/// In milliseconds.
const LATENCY: &str = "50";

/// One request as a plain client sends it.
#[derive(Clone)]
pub struct Plain {
    pub path: String,
    /// Absent: it is read.
    pub body: Option<String>,
}

/// A sandbox that is served until it is dropped.
pub struct Sandbox {
    pub url: String,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Sandbox {
    pub fn serve() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(estate::program());
        command.env_clear().args(["sandbox", "serve", "--port", "0", "--latency", LATENCY, "-C"]);
        let mut process = command.arg(folder.path()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let said = process.stdout.take().ok_or_else(|| io::Error::other("the sandbox has no stdout"))?;
        BufReader::new(said).read_line(&mut line)?;
        let url = line.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.ok_or_else(|| io::Error::other(format!("the sandbox said: {line}")))?;
        Ok(Self { url: url.trim_end_matches(',').to_owned(), process, _folder: folder })
    }

    /// How many requests were sent since the last count.
    pub async fn count(&self) -> io::Result<u64> {
        let sending = client()?.delete(format!("{}/sandbox/requests", self.url)).send();
        let counted: Value = read(sending.await).await?;
        Ok(counted["total"].as_u64().unwrap_or_default())
    }

    /// Changes the rate limits that it announces and holds.
    pub async fn limit(&self, limits: &str) -> io::Result<()> {
        let sending = client()?.put(format!("{}/sandbox/control", self.url));
        read(sending.body(serde_json::json!({ "limits": limits }).to_string()).send().await).await.map(drop)
    }

    /// Sends requests side by side over connections that are not open yet; the time until the last byte is read.
    pub async fn send(&self, requests: &[Plain]) -> io::Result<Duration> {
        let started = Instant::now();
        let client = client()?;
        let one = async |request: &Plain| -> io::Result<()> {
            let url = format!("{}{}", self.url, request.path);
            let sending = match &request.body {
                None => client.get(url),
                Some(body) => client.post(url).header("content-type", "application/json").body(body.clone()),
            };
            let answer = sending.send().await.map_err(io::Error::other)?;
            let status = answer.status();
            let text = answer.bytes().await.map_err(io::Error::other)?;
            if !status.is_success() {
                let text = String::from_utf8_lossy(&text).chars().take(200).collect::<String>();
                return Err(io::Error::other(format!("{} is answered {status}: {text}", request.path)));
            }
            Ok(())
        };
        let mut answers = stream::iter(requests).map(one).buffer_unordered(CONNECTIONS);
        while let Some(answer) = answers.next().await {
            answer?;
        }
        Ok(started.elapsed())
    }

    /// The creates that make the monitors, SLOs and dashboards that it holds: as it shows them.
    pub async fn held(&self) -> io::Result<Vec<Plain>> {
        let client = client()?;
        let get = async |path: &str| read(client.get(format!("{}{path}", self.url)).send().await).await;
        let mut found = Vec::new();
        let mut add = |section: &str, body: &Value| {
            found.push(Plain { path: format!("/api/v1/{section}"), body: Some(body.to_string()) });
        };
        let monitors = get("/api/v1/monitor").await?;
        monitors.as_array().into_iter().flatten().for_each(|body| add("monitor", body));
        for offset in (0..).step_by(1_000) {
            let page = get(&format!("/api/v1/slo?limit=1000&offset={offset}")).await?;
            let slos = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
            slos.iter().for_each(|body| add("slo", body));
            if slos.len() < 1_000 {
                break;
            }
        }
        let dashboards = get("/api/v1/dashboard").await?;
        let all = dashboards["dashboards"].as_array().map(Vec::as_slice).unwrap_or_default();
        let paths = all.iter().filter_map(|summary| summary["id"].as_str());
        let bodies = stream::iter(paths.map(|id| format!("/api/v1/dashboard/{id}")));
        let bodies: Vec<_> = bodies.map(async |path| get(&path).await).buffered(CONNECTIONS).collect().await;
        bodies.into_iter().try_for_each(|body| body.map(|body| add("dashboard", &body)))?;
        Ok(found)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn client() -> io::Result<reqwest::Client> {
    let mut keys = reqwest::header::HeaderMap::new();
    for name in ["dd-api-key", "dd-application-key"] {
        keys.insert(name, reqwest::header::HeaderValue::from_static("any"));
    }
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]).default_headers(keys);
    builder.build().map_err(io::Error::other)
}

async fn read(answer: reqwest::Result<reqwest::Response>) -> io::Result<Value> {
    let text = answer.map_err(io::Error::other)?.bytes().await.map_err(io::Error::other)?;
    serde_json::from_slice(&text).map_err(io::Error::other)
}

/// Passes everything on to a sandbox, and counts what comes back.
pub struct Counting {
    pub url: String,
    bytes: Arc<AtomicU64>,
}

impl Counting {
    pub async fn before(sandbox: &Sandbox) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let bytes = Arc::new(AtomicU64::new(0));
        let (to, counted) = (sandbox.url.trim_start_matches("http://").to_owned(), Arc::clone(&bytes));
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (to, counted) = (to.clone(), Arc::clone(&counted));
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(to).await else { return };
                    // A connection that is cut has told how much it carried all the same.
                    if let Ok((_, back)) = tokio::io::copy_bidirectional(&mut near, &mut far).await {
                        counted.fetch_add(back, Ordering::Relaxed);
                    }
                });
            }
        });
        Ok(Self { url, bytes })
    }

    /// How many bytes came back since the last count, once the client is gone.
    pub async fn count(&self) -> u64 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        self.bytes.swap(0, Ordering::Relaxed)
    }
}
