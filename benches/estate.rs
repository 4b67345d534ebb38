//! The example estate, once or many times over, in a folder of its own; and the product run in it.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

const EXAMPLE: &str = env!("CARGO_MANIFEST_DIR");

/// Writes the example with its inventories so many times over, every copy under names of its own.
pub fn write(folder: &Path, times: usize) -> io::Result<()> {
    for part in ["musher.yaml", "monitors", "templates", "inventory", "rendered"] {
        copy(&Path::new(EXAMPLE).join(part), &folder.join(part))?;
    }
    multiply_functions(&folder.join("inventory/functions.json"), times)?;
    multiply_services(&folder.join("inventory/services.yaml"), times)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_file() {
        return std::fs::copy(from, to).map(drop);
    }
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// The first copy keeps its names, so that the overrides find it.
fn multiply_functions(path: &Path, times: usize) -> io::Result<()> {
    let mut file: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let once = file["Functions"].as_array().cloned().unwrap_or_default();
    let mut all = Vec::with_capacity(once.len() * times);
    for copy in 0..times {
        for function in &once {
            let mut function = function.clone();
            if copy > 0 {
                for name in ["/FunctionName", "/Environment/Variables/DD_SERVICE"] {
                    if let Some(Value::String(name)) = function.pointer_mut(name) {
                        *name = format!("c{copy}-{name}");
                    }
                }
            }
            all.push(function);
        }
    }
    file["Functions"] = Value::Array(all);
    std::fs::write(path, serde_json::to_string_pretty(&file)?)
}

fn multiply_services(path: &Path, times: usize) -> io::Result<()> {
    let once = std::fs::read_to_string(path)?;
    let mut all = once.clone();
    for copy in 1..times {
        all.push_str(&once.replace("{service: ", &format!("{{service: c{copy}-")));
    }
    std::fs::write(path, all)
}

/// A resource: its address and its body.
pub type Rendered = (String, Map<String, Value>);

/// How a run of the product went.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub wall: Duration,
    /// The most memory that it held, in bytes: its own and, of the program's file and of libraries, the pages
    /// that it touched.
    pub peak: u64,
    /// The most that it held of its own, in bytes: heap and stacks, looked at each millisecond.
    pub own: u64,
}

/// The program: `MUSHER` names another build of it, to compare the two.
pub fn program() -> String {
    std::env::var("MUSHER").unwrap_or_else(|_| env!("CARGO_BIN_EXE_musher").to_owned())
}

/// Runs `musher` in a folder, without the environment of whoever runs the benchmark.
pub fn musher(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> io::Result<Run> {
    let mut command = Command::new(program());
    command.env_clear().env("XDG_CACHE_HOME", folder.join("cache")).envs(variables.iter().copied());
    command.args(arguments).arg("-C").arg(folder).stdin(Stdio::null()).stdout(Stdio::null());
    let started = Instant::now();
    let mut child = command.spawn()?;
    let (mut peak, mut own) = (0, 0);
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        peak = peak.max(bytes(&status, "VmHWM:"));
        own = own.max(bytes(&status, "RssAnon:"));
        if let Some(status) = child.try_wait()? {
            let wall = started.elapsed();
            return if status.success() {
                Ok(Run { wall, peak, own })
            } else {
                Err(io::Error::other(format!("musher {} ended with {status}", arguments.join(" "))))
            };
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A figure of the kernel's about a process; 0 where there is no `/proc`. `VmHWM` is a high-water mark, so that the
/// last look counts. (The usage that `wait4` tells begins with the memory of the parent.)
fn bytes(status: &str, name: &str) -> u64 {
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// The addresses and bodies that the definitions give: a plan against an empty sandbox adds each of their fields. And how
/// that plan went.
pub fn rendered(folder: &Path) -> io::Result<(Vec<Rendered>, Run)> {
    let file = folder.join("plan.json");
    let path = file.to_string_lossy().into_owned();
    let run = musher(folder, &["plan", "--format", "json", "-q", "-o", &path], &[])?;
    let plan: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
    std::fs::remove_file(&file)?;
    let changes = plan["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let body = |change: &Value| {
        let fields = change["diff"].as_array().map(Vec::as_slice).unwrap_or_default();
        let members = fields.iter().filter_map(|field| {
            Some((field["path"].as_str()?.trim_start_matches('/').to_owned(), field["after"].clone()))
        });
        Some((change["address"].as_str()?.to_owned(), members.collect()))
    };
    Ok((changes.iter().filter_map(body).collect(), run))
}
