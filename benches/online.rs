//! Apply and plan the example estate against a served sandbox, next to a plain client with the same requests.
//!
//! `cargo bench --profile release --bench online` prints requests, wall time and peak memory of a first
//! apply and of plans without a change, with an empty cache and a warm one, at 50 ms latency; and how long
//! plain reqwest takes over the same requests at 64 connections. Then the requests of plans that create nothing, one thing
//! and many in an organisation with many objects of others.

mod estate;

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use serde_json::Value;

use estate::Run;

const LATENCY: &str = "50";
const CONNECTIONS: usize = 64;
const RUNS: usize = 5;

fn main() -> io::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (first, second) = (Sandbox::serve()?, Sandbox::serve()?);
    let folder = tempfile::tempdir()?;
    estate::write(folder.path(), 1)?;
    point_at(folder.path(), &first.url)?;
    let mut out = io::stdout().lock();
    writeln!(out, "what           requests  musher     plain      ratio  memory  with the program")?;

    let (run, asked) = run(folder.path(), &first, &["apply", "--yes", "--concurrency", "64"])?;
    let writes = runtime.block_on(held_by(&first))?;
    let plain = runtime.block_on(send(&second, &writes))?;
    report(&mut out, "first apply", asked, run, plain)?;

    for warm in [false, true] {
        let mut best: Option<Run> = None;
        let mut yardstick = Duration::MAX;
        let mut asked = 0;
        for _ in 0..RUNS {
            let cache = folder.path().join("cache");
            if !warm && cache.exists() {
                std::fs::remove_dir_all(cache)?;
            }
            let (run, count) = run_plan(folder.path(), &first)?;
            best = Some(best.map_or(run, |best| if run.wall < best.wall { run } else { best }));
            asked = count;
            let reads = reads_of(folder.path(), warm)?;
            let started = Instant::now();
            // A dashboard is asked for only once the list has named it.
            for wave in [false, true] {
                let wave: Vec<_> =
                    reads.iter().filter(|read| of_one_object(&read.path) == wave).cloned().collect();
                runtime.block_on(send(&first, &wave))?;
            }
            yardstick = yardstick.min(started.elapsed());
        }
        let run = best.ok_or_else(|| io::Error::other("nothing was run"))?;
        report(&mut out, if warm { "plan, warm" } else { "plan, cold" }, asked, run, yardstick)?;
    }
    crowded(&mut out, &runtime)
}

/// Foreign objects of the crowded organisation, and what plans create there.
const FOREIGN: usize = 20_000;
const CREATES: [usize; 3] = [0, 1, 500];

/// What plans ask for in an organisation that has many objects of others: a second look comes before creates only.
fn crowded(out: &mut dyn Write, runtime: &tokio::runtime::Runtime) -> io::Result<()> {
    let sandbox = Sandbox::serve()?;
    let foreign: Vec<Plain> = (0..FOREIGN).map(|at| monitor(&format!("foreign {at}"))).collect();
    runtime.block_on(send(&sandbox, &foreign))?;
    let folder = tempfile::tempdir()?;
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
    std::fs::create_dir(folder.path().join("monitors"))?;
    write(
        "musher.yaml",
        &format!("project: crowd\nenvironments:\n  bench: {{api_url: \"{}\"}}\n", sandbox.url),
    )?;
    let declare = |count: usize| {
        let all: serde_json::Map<String, Value> = (0..count)
            .map(|at| {
                let body = monitor(&format!("own {at}")).body.unwrap_or_default();
                serde_json::from_str(&body).map(|body| (format!("own-{at}"), body))
            })
            .collect::<Result<_, _>>()?;
        write("monitors/crowd.yaml", &serde_json::json!({ "monitors": all }).to_string())
    };
    declare(10)?;
    run(folder.path(), &sandbox, &["apply", "--yes"])?;
    writeln!(out, "\ncreates, beside {FOREIGN} foreign monitors  requests  musher")?;
    for creates in CREATES {
        declare(10 + creates)?;
        let (run, asked) = run_plan(folder.path(), &sandbox)?;
        writeln!(out, "{creates:>41}  {asked:>8}  {:>6.0} ms", run.wall.as_secs_f64() * 1e3)?;
    }
    Ok(())
}

/// The create of a monitor.
fn monitor(name: &str) -> Plain {
    let body = serde_json::json!({
        "name": name, "type": "query alert", "query": format!("avg(last_5m):avg:requests{{name:{}}} > 1", name.replace(' ', "-")),
        "message": "Look. @slack-ops", "options": {"thresholds": {"critical": 1}},
    });
    Plain { path: "/api/v1/monitor".to_owned(), body: Some(body.to_string()) }
}

fn report(out: &mut dyn Write, what: &str, asked: u64, run: Run, plain: Duration) -> io::Result<()> {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    writeln!(
        out,
        "{what:<13}  {asked:>8}  {:>6.0} ms  {:>6.0} ms  {:>5.2}  {:>3.0} MB  {:>13.0} MB",
        milliseconds(run.wall),
        milliseconds(plain),
        run.wall.as_secs_f64() / plain.as_secs_f64(),
        run.own as f64 / 1e6,
        run.peak as f64 / 1e6,
    )
}

/// Adds an environment for a sandbox to the example.
fn point_at(folder: &Path, url: &str) -> io::Result<()> {
    let path = folder.join("musher.yaml");
    let text = std::fs::read_to_string(&path)?;
    let environment = format!("environments:\n  bench: {{api_url: \"{url}\"}}\n");
    std::fs::write(path, text.replacen("environments:\n", &environment, 1))
}

const KEYS: [(&str, &str); 2] = [("DD_API_KEY", "any"), ("DD_APP_KEY", "any")];

/// A run of the product, and how many requests the sandbox saw.
fn run(folder: &Path, sandbox: &Sandbox, arguments: &[&str]) -> io::Result<(Run, u64)> {
    sandbox.count()?;
    let arguments = [arguments, &["-e", "bench", "-q"]].concat();
    let run = estate::musher(folder, &arguments, &KEYS)?;
    Ok((run, sandbox.count()?))
}

fn run_plan(folder: &Path, sandbox: &Sandbox) -> io::Result<(Run, u64)> {
    run(folder, sandbox, &["plan"])
}

/// One request as a plain client sends it.
#[derive(Clone)]
struct Plain {
    path: String,
    /// Absent: it is read.
    body: Option<String>,
}

/// What a plan asks for, out of its log.
fn reads_of(folder: &Path, warm: bool) -> io::Result<Vec<Plain>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_musher"));
    command.env_clear().envs(KEYS).args(["plan", "-v", "-e", "bench", "-C"]).arg(folder);
    let cache = folder.join(if warm { "cache" } else { "no-cache" });
    let log = command.env("XDG_CACHE_HOME", cache).output()?.stderr;
    if !warm {
        std::fs::remove_dir_all(folder.join("no-cache"))?;
    }
    let text = String::from_utf8_lossy(&log);
    let path = |line: &str| line.strip_prefix("GET ")?.split(' ').next().map(str::to_owned);
    Ok(text.lines().filter_map(path).map(|path| Plain { path, body: None }).collect())
}

fn of_one_object(path: &str) -> bool {
    path.split('?').next().is_some_and(|path| path.starts_with("/api/v1/dashboard/"))
}

/// The creates that make what a sandbox holds: its objects, as it shows them.
async fn held_by(sandbox: &Sandbox) -> io::Result<Vec<Plain>> {
    let client = client()?;
    let get = async |path: &str| -> io::Result<Value> {
        let answer = client.get(format!("{}{path}", sandbox.url)).send().await.map_err(io::Error::other)?;
        serde_json::from_slice(&answer.bytes().await.map_err(io::Error::other)?).map_err(io::Error::other)
    };
    let mut found = Vec::new();
    let mut add = |section: &str, body: &Value| {
        found.push(Plain { path: format!("/api/v1/{section}"), body: Some(body.to_string()) });
    };
    let monitors = get("/api/v1/monitor").await?;
    monitors.as_array().into_iter().flatten().for_each(|body| add("monitor", body));
    let slos = get("/api/v1/slo?limit=1000").await?;
    slos["data"].as_array().into_iter().flatten().for_each(|body| add("slo", body));
    let dashboards = get("/api/v1/dashboard").await?;
    for summary in dashboards["dashboards"].as_array().into_iter().flatten() {
        let id = summary["id"].as_str().unwrap_or_default();
        add("dashboard", &get(&format!("/api/v1/dashboard/{id}")).await?);
    }
    Ok(found)
}

fn client() -> io::Result<reqwest::Client> {
    let mut keys = reqwest::header::HeaderMap::new();
    for name in ["dd-api-key", "dd-application-key"] {
        keys.insert(name, reqwest::header::HeaderValue::from_static("any"));
    }
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]).default_headers(keys);
    builder.build().map_err(io::Error::other)
}

/// Sends requests side by side over connections that are not open yet; the time until the last byte is read.
async fn send(sandbox: &Sandbox, requests: &[Plain]) -> io::Result<Duration> {
    let started = Instant::now();
    let client = client()?;
    let one = async |request: &Plain| -> io::Result<()> {
        let url = format!("{}{}", sandbox.url, request.path);
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

/// A sandbox that is served until it is dropped.
struct Sandbox {
    url: String,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Sandbox {
    fn serve() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_musher"));
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
    fn count(&self) -> io::Result<u64> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let url = format!("{}/sandbox/requests", self.url);
        let answer = async {
            client()?
                .delete(url)
                .send()
                .await
                .map_err(io::Error::other)?
                .bytes()
                .await
                .map_err(io::Error::other)
        };
        let counted: Value = serde_json::from_slice(&runtime.block_on(answer)?)?;
        Ok(counted["total"].as_u64().unwrap_or_default())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
