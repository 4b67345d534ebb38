//! Apply and plan estates against a served sandbox, next to a plain client with the same requests.
//!
//! `cargo bench --profile release --bench online` prints, for the example and for an estate that is written out in three
//! shapes (`written.rs`), at 1x and 10x: requests, wall time and peak memory of a first apply and of plans without a change, with an
//! empty cache and a warm one, at 50 ms latency; and how long plain reqwest takes over the same requests at 64
//! connections. The two take turns, and the best of each counts. Then a plan beside many objects of others, plans that create something
//! there, a plan of one resource, and what a long apply says. Words behind `--` choose parts: `-- json 10x warm`.

mod estate;
mod served;
mod written;

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::runtime::Runtime;

use estate::Run;
use served::{Counting, Plain, Sandbox};
use written::{Body, Shape};

/// At 1x; what is ten times as large is run less often.
const RUNS: usize = 7;
const SIZES: [usize; 2] = [1, 10];
/// Objects of others in a crowded organisation, and what plans create there.
const FOREIGN_MONITORS: usize = 20_000;
const FOREIGN_DASHBOARDS: usize = 3_000;
const CREATES: [usize; 3] = [0, 1, 500];

fn main() -> io::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chosen = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let bench = Bench { chosen, runtime };
    let mut out = io::stdout().lock();
    for times in SIZES {
        bench.estates(&mut out, times)?;
    }
    if bench.runs("foreign") {
        bench.foreign(&mut out)?;
    }
    if bench.runs("creates") {
        bench.creates(&mut out)?;
    }
    if bench.runs("only") {
        bench.only(&mut out)?;
    }
    if bench.runs("limits") {
        bench.limits(&mut out)?;
    }
    Ok(())
}

struct Bench {
    /// Words that the name of a part must hold.
    chosen: Vec<String>,
    runtime: Runtime,
}

/// The example, and what is written out in its shapes.
const ESTATES: [Option<Shape>; 4] = {
    let [one, many, json] = Shape::ALL;
    [None, Some(one), Some(many), Some(json)]
};

impl Bench {
    fn runs(&self, part: &str) -> bool {
        let words: Vec<String> = part.to_lowercase().split(' ').map(str::to_owned).collect();
        self.chosen.iter().all(|word| words.contains(&word.to_lowercase()))
    }

    /// First applies and plans without a change. The shapes hold the same resources: one sandbox serves them all.
    fn estates(&self, out: &mut dyn Write, times: usize) -> io::Result<()> {
        let named = |estate: &Option<Shape>, what: &str| {
            format!("{} {times}x {what}", estate.map_or("example", Shape::name))
        };
        let wanted = |estate: &&Option<Shape>| {
            ["apply", "cold", "warm"].iter().any(|what| self.runs(&named(estate, what)))
        };
        let (mut bodies, mut of_shapes): (Vec<Body>, Option<Sandbox>) = (Vec::new(), None);
        let mut head =
            Some("what                        requests   musher      plain  ratio  by turns  memory");
        for estate in ESTATES.iter().filter(wanted) {
            if let Some(head) = head.take() {
                writeln!(out, "{head}")?;
            }
            let folder = tempfile::tempdir()?;
            let folder = folder.path();
            match *estate {
                None => estate::write(folder, times)?,
                Some(shape) => {
                    if bodies.is_empty() {
                        bodies = written::bodies()?;
                    }
                    written::write(folder, &bodies, shape, times)?;
                }
            }
            let known = of_shapes.take().filter(|_| estate.is_some());
            let is_new = known.is_none();
            let sandbox = match known {
                Some(sandbox) => sandbox,
                None => Sandbox::serve()?,
            };
            point_at(folder, &sandbox.url)?;
            let name = named(estate, "apply");
            if is_new && self.runs(&name) {
                self.first_apply(out, &name, folder, &sandbox)?;
            } else if is_new {
                self.run(folder, &sandbox, APPLY)?;
            }
            for what in ["cold", "warm"] {
                let name = named(estate, what);
                if self.runs(&name) {
                    let runs = if times == 1 { RUNS } else { RUNS.div_ceil(2) };
                    self.plans(out, &name, (folder, &sandbox), (what == "warm", runs))?;
                }
            }
            of_shapes = Some(sandbox).filter(|_| estate.is_some());
        }
        Ok(())
    }

    /// As many creates, of the same objects, in a second sandbox.
    fn first_apply(
        &self,
        out: &mut dyn Write,
        name: &str,
        folder: &Path,
        sandbox: &Sandbox,
    ) -> io::Result<()> {
        let (run, asked) = self.run(folder, sandbox, APPLY)?;
        let held = self.runtime.block_on(sandbox.held())?;
        let count = usize::try_from(asked).unwrap_or(0);
        let writes = held.iter().cycle().take(count).enumerate();
        let writes: Vec<Plain> = writes
            .map(|(at, write)| if at < held.len() { write.clone() } else { another(write, at) })
            .collect();
        let other = Sandbox::serve()?;
        let plain = self.runtime.block_on(other.send(&writes))?;
        report(out, name, asked, run, plain, ratio(run.wall, plain))
    }

    fn plans(
        &self,
        out: &mut dyn Write,
        name: &str,
        (folder, sandbox): (&Path, &Sandbox),
        (warm, runs): (bool, usize),
    ) -> io::Result<()> {
        let reads = reads_of(folder, warm)?;
        let mut best: Option<Run> = None;
        let (mut yardstick, mut ratios, mut asked) = (Duration::MAX, Vec::new(), 0);
        for _ in 0..runs {
            let cache = folder.join("cache");
            if !warm && cache.exists() {
                std::fs::remove_dir_all(cache)?;
            }
            let (run, count) = self.run(folder, sandbox, PLAN)?;
            best = Some(best.map_or(run, |best| better(best, run)));
            asked = count;
            let started = Instant::now();
            // A dashboard is asked for only once the list has named it.
            for wave in [false, true] {
                let wave: Vec<_> =
                    reads.iter().filter(|read| of_one_object(&read.path) == wave).cloned().collect();
                self.runtime.block_on(sandbox.send(&wave))?;
            }
            let plain = started.elapsed();
            yardstick = yardstick.min(plain);
            ratios.push(ratio(run.wall, plain));
        }
        let run = best.ok_or_else(|| io::Error::other("nothing was run"))?;
        report(out, name, asked, run, yardstick, median(ratios))
    }

    /// The example's plan beside many objects of others, and without them, by turns.
    fn foreign(&self, out: &mut dyn Write) -> io::Result<()> {
        let foreign: Vec<Plain> = (0..FOREIGN_MONITORS).map(|at| monitor(&format!("foreign {at}"))).collect();
        let boards: Vec<Plain> = (0..FOREIGN_DASHBOARDS).map(dashboard).collect();
        let of_others = [("nobody's", vec![]), ("monitors", vec![&foreign]), ("dashboards", vec![&boards])];
        let mut places = Vec::new();
        for (what, others) in of_others {
            let (folder, sandbox) = (tempfile::tempdir()?, Sandbox::serve()?);
            estate::write(folder.path(), 1)?;
            point_at(folder.path(), &sandbox.url)?;
            self.run(folder.path(), &sandbox, APPLY)?;
            for others in others {
                self.runtime.block_on(sandbox.send(others))?;
            }
            self.run(folder.path(), &sandbox, PLAN)?;
            places.push((what, folder, sandbox));
        }
        writeln!(
            out,
            "\nwarm plan of the example, beside {FOREIGN_MONITORS} monitors, {FOREIGN_DASHBOARDS} dashboards of others"
        )?;
        let mut best = vec![(Duration::MAX, 0); places.len()];
        for _ in 0..RUNS {
            for ((_, folder, sandbox), best) in places.iter().zip(&mut best) {
                let (run, asked) = self.run(folder.path(), sandbox, PLAN)?;
                *best = (best.0.min(run.wall), asked);
            }
        }
        for ((what, ..), (wall, asked)) in places.iter().zip(&best) {
            let ratio = ratio(*wall, best[0].0);
            writeln!(out, "{what:<13}  {asked:>8} requests  {:>6.0} ms  {ratio:>5.2}", milliseconds(*wall))?;
        }
        Ok(())
    }

    /// What plans ask for in an organisation that has many objects of others: a second look comes before creates only.
    fn creates(&self, out: &mut dyn Write) -> io::Result<()> {
        let sandbox = Sandbox::serve()?;
        let foreign: Vec<Plain> = (0..FOREIGN_MONITORS).map(|at| monitor(&format!("foreign {at}"))).collect();
        self.runtime.block_on(sandbox.send(&foreign))?;
        let folder = tempfile::tempdir()?;
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        std::fs::create_dir(folder.path().join("monitors"))?;
        write("musher.yaml", "project: crowd\nenvironments:\n  sandbox: {api: sandbox}\n")?;
        point_at(folder.path(), &sandbox.url)?;
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
        self.run(folder.path(), &sandbox, APPLY)?;
        writeln!(out, "\ncreates, beside {FOREIGN_MONITORS} foreign monitors  requests  musher")?;
        for creates in CREATES {
            declare(10 + creates)?;
            let (run, asked) = self.run(folder.path(), &sandbox, PLAN)?;
            writeln!(out, "{creates:>41}  {asked:>8}  {:>6.0} ms", milliseconds(run.wall))?;
        }
        Ok(())
    }

    /// What a plan of one resource asks for.
    fn only(&self, out: &mut dyn Write) -> io::Result<()> {
        let (folder, sandbox) = (tempfile::tempdir()?, Sandbox::serve()?);
        estate::write(folder.path(), 1)?;
        point_at(folder.path(), &sandbox.url)?;
        self.run(folder.path(), &sandbox, APPLY)?;
        let counting = self.runtime.block_on(Counting::before(&sandbox))?;
        let (rendered, _) = estate::rendered(folder.path())?;
        let first =
            |section: &str| rendered.iter().map(|(address, _)| address).find(|own| own.starts_with(section));
        point_at(folder.path(), &counting.url)?;
        writeln!(out, "\n--only                                              requests     bytes  musher")?;
        let addresses =
            ["monitors/", "slos/", "dashboards/", "notebooks/"].iter().filter_map(|own| first(own));
        for only in addresses.map(Some).chain([None]) {
            let named: Vec<&str> = only.iter().flat_map(|only| ["--only", only]).collect();
            self.runtime.block_on(counting.count());
            let (run, asked) =
                self.run(folder.path(), &sandbox, &[&["plan", "--no-cache"], &named[..]].concat())?;
            let bytes = self.runtime.block_on(counting.count());
            let only = only.map_or("(everything)", String::as_str);
            writeln!(out, "{only:<50}  {asked:>8}  {bytes:>8}  {:>4.0} ms", milliseconds(run.wall))?;
        }
        Ok(())
    }

    /// What a first apply says whose writes are held by an announced limit, and when.
    fn limits(&self, out: &mut dyn Write) -> io::Result<()> {
        let (folder, sandbox) = (tempfile::tempdir()?, Sandbox::serve()?);
        let bodies = written::bodies()?;
        written::write(folder.path(), &bodies, Shape::OneYaml, 10)?;
        point_at(folder.path(), &sandbox.url)?;
        self.runtime
            .block_on(sandbox.limit("monitor_write=300/60,slo_write=300/60,dashboard_write=300/60"))?;
        let mut command = musher(folder.path(), &["apply", "--yes", "-e", "bench"]);
        let mut child = command.stderr(std::process::Stdio::piped()).spawn()?;
        let started = Instant::now();
        let said = child.stderr.take().ok_or_else(|| io::Error::other("musher has no stderr"))?;
        let lines = io::BufRead::lines(io::BufReader::new(said));
        let line = lines
            .map_while(Result::ok)
            .find(|line| line.contains("300 in 60 s") || line.contains("rate limit"));
        writeln!(
            out,
            "\nan apply of 32,000 at 300 writes a minute says after {:.1} s: {}",
            started.elapsed().as_secs_f64(),
            line.unwrap_or_default()
        )?;
        child.kill()?;
        child.wait().map(drop)
    }

    /// A run of the product, and how many requests the sandbox saw.
    fn run(&self, folder: &Path, sandbox: &Sandbox, arguments: &[&str]) -> io::Result<(Run, u64)> {
        self.runtime.block_on(sandbox.count())?;
        let arguments = [arguments, &["-e", "bench", "-q"]].concat();
        let run = estate::musher(folder, &arguments, &KEYS)?;
        Ok((run, self.runtime.block_on(sandbox.count())?))
    }
}

const APPLY: &[&str] = &["apply", "--yes", "--concurrency", "64"];
const PLAN: &[&str] = &["plan"];
const KEYS: [(&str, &str); 2] = [("DD_API_KEY", "any"), ("DD_APP_KEY", "any")];

/// The create of a monitor.
fn monitor(name: &str) -> Plain {
    let body = serde_json::json!({
        "name": name, "type": "query alert", "query": format!("avg(last_5m):avg:requests{{name:{}}} > 1", name.replace(' ', "-")),
        "message": "Look. @slack-ops", "options": {"thresholds": {"critical": 1}},
    });
    Plain { path: "/api/v1/monitor".to_owned(), body: Some(body.to_string()) }
}

/// The create of an object's like, under another name.
fn another(write: &Plain, number: usize) -> Plain {
    let mut body: Value =
        write.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    for key in ["name", "title"] {
        if let Some(Value::String(name)) = body.get_mut(key) {
            *name = format!("{number} {name}");
        }
    }
    Plain { path: write.path.clone(), body: Some(body.to_string()) }
}

/// The create of a dashboard.
fn dashboard(number: usize) -> Plain {
    let widget = serde_json::json!({"definition": {"type": "note", "content": "Somebody's."}});
    let body = serde_json::json!({"title": format!("foreign {number}"), "layout_type": "ordered", "widgets": [widget]});
    Plain { path: "/api/v1/dashboard".to_owned(), body: Some(body.to_string()) }
}

fn report(
    out: &mut dyn Write,
    what: &str,
    asked: u64,
    run: Run,
    plain: Duration,
    turns: f64,
) -> io::Result<()> {
    writeln!(
        out,
        "{what:<26}  {asked:>8}  {:>6.0} ms  {:>6.0} ms  {:>5.2}  {turns:>8.2}  {:>3.0} MB",
        milliseconds(run.wall),
        milliseconds(plain),
        ratio(run.wall, plain),
        run.own as f64 / 1e6,
    )
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn ratio(time: Duration, plain: Duration) -> f64 {
    time.as_secs_f64() / plain.as_secs_f64()
}

fn median(mut ratios: Vec<f64>) -> f64 {
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().unwrap_or_default()
}

/// The quicker time, and the most memory: a look each millisecond misses some.
fn better(one: Run, other: Run) -> Run {
    Run { wall: one.wall.min(other.wall), peak: one.peak.max(other.peak), own: one.own.max(other.own) }
}

/// Sets the environment `bench`, which is a served sandbox.
fn point_at(folder: &Path, url: &str) -> io::Result<()> {
    let path = folder.join("musher.yaml");
    let text = std::fs::read_to_string(&path)?;
    let others = text.lines().filter(|line| !line.starts_with("  bench: "));
    let lines = others.flat_map(|line| match line {
        "environments:" => vec![line.to_owned(), format!("  bench: {{api_url: \"{url}\"}}")],
        _ => vec![line.to_owned()],
    });
    std::fs::write(path, lines.map(|line| line + "\n").collect::<String>())
}

fn musher(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(estate::program());
    command.env_clear().envs(KEYS).args(arguments).arg("-C").arg(folder);
    command.env("XDG_CACHE_HOME", folder.join("cache"));
    command
}

/// What a plan asks for, out of its log.
fn reads_of(folder: &Path, warm: bool) -> io::Result<Vec<Plain>> {
    let mut command = musher(folder, &["plan", "-v", "-e", "bench"]);
    if !warm {
        command.env("XDG_CACHE_HOME", folder.join("no-cache"));
    }
    let Output { stderr: log, .. } = command.output()?;
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
