//! Load, expand and check the example estate and larger ones, next to serde_json on the same bodies.
//!
//! `cargo bench --profile release --bench offline` prints, for each size, the wall time and the peak of
//! memory of `musher validate` as a whole process, and the ratios to one thread of serde_json that parses
//! and prints the rendered bodies, and to the bytes of those bodies. The memory is the process's own, and the
//! same with the pages of the program's file and libraries (some 9 MB, which all processes share).

mod estate;
mod written;

use std::hint::black_box;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use written::{Body, Shape};

const SIZES: [usize; 3] = [1, 10, 30];
/// The same of what is written out.
const WRITTEN: [usize; 2] = [1, 10];
const RUNS: usize = 5;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "what           size  resources  rendered     validate   serde_json  ratio   memory     of the bytes  with the program  us/resource"
    )?;
    for times in SIZES {
        let folder = tempfile::tempdir()?;
        estate::write(folder.path(), times)?;
        let (bodies, run) = estate::rendered(folder.path())?;
        let (count, time, memory) = (bodies.len(), milliseconds(run.wall), megabytes(run.peak));
        writeln!(io::stderr(), "plan of {count} creates: {time:.1} ms, {memory:.1} MB")?;
        let bodies: Vec<String> =
            bodies.into_iter().map(|(_, body)| Value::Object(body).to_string()).collect();
        measure(&mut out, folder.path(), ("example", times), &bodies)?;
    }
    let once = written::bodies()?;
    for shape in Shape::ALL {
        for times in WRITTEN {
            let folder = tempfile::tempdir()?;
            written::write(folder.path(), &once, shape, times)?;
            let bodies = texts(&vec![once.clone(); times].concat());
            measure(&mut out, folder.path(), (shape.name(), times), &bodies)?;
        }
    }
    Ok(())
}

fn texts(bodies: &[Body]) -> Vec<String> {
    bodies.iter().map(|(_, body)| Value::Object(body.clone()).to_string()).collect()
}

/// One line of the table.
fn measure(
    out: &mut dyn Write,
    folder: &Path,
    (what, times): (&str, usize),
    bodies: &[String],
) -> io::Result<()> {
    let bytes: usize = bodies.iter().map(String::len).sum();
    let run = best(RUNS, &mut || estate::musher(folder, &["validate"], &[]))?;
    let yardstick = (0..RUNS).map(|_| parse_and_print(bodies)).min().unwrap_or_default();
    writeln!(
        out,
        "{what:<13}  {times:>3}x  {:>9}  {:>6.1} MB  {:>7.1} ms  {:>8.1} ms  {:>5.2}  {:>7.1} MB  {:>11.2}x  {:>8.1} MB {:>5.2}x  {:>11.1}",
        bodies.len(),
        megabytes(bytes as u64),
        milliseconds(run.wall),
        milliseconds(yardstick),
        run.wall.as_secs_f64() / yardstick.as_secs_f64(),
        megabytes(run.own),
        run.own as f64 / bytes as f64,
        megabytes(run.peak),
        run.peak as f64 / bytes as f64,
        run.wall.as_secs_f64() * 1e6 / bodies.len() as f64,
    )
}

/// The time that one thread of serde_json takes to parse and print the bodies, one by one.
fn parse_and_print(bodies: &[String]) -> Duration {
    let started = Instant::now();
    for body in bodies {
        let value: Value = serde_json::from_str(body).expect("bug: a printed body is JSON");
        black_box(serde_json::to_string(&value).expect("bug: a value can be printed"));
    }
    started.elapsed()
}

/// The best of several runs: others use the machine too.
fn best(times: usize, run: &mut dyn FnMut() -> io::Result<estate::Run>) -> io::Result<estate::Run> {
    let mut best: Option<estate::Run> = None;
    for _ in 0..times {
        let run = run()?;
        best = Some(best.map_or(run, |best| estate::Run {
            wall: best.wall.min(run.wall),
            peak: best.peak.min(run.peak),
            // A look each millisecond misses some: the highest is nearest.
            own: best.own.max(run.own),
        }));
    }
    best.ok_or_else(|| io::Error::other("nothing was run"))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
