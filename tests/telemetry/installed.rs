//! Programs that are not ours, installed once for all tests and runs.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// Datadog's test agent and client, rotel, and gRPC for our own faulty collector.
const PACKAGES: [&str; 4] = ["ddapm-test-agent==1.69.1", "datadog==0.56.0", "rotel==0.0.1a15", "grpcio"];

/// The Python that has them.
pub static PYTHON: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/receivers_1");
    let python = folder.join("bin/python");
    if !folder.join("whole").exists() {
        let done = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
        let made = done(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        if !made || !done(Command::new(&python).args(pip).args(PACKAGES)) {
            eprintln!(
                "Datadog's test agent, its client and rotel can't be installed here: nothing is sent to them"
            );
            return None;
        }
        std::fs::write(folder.join("whole"), "").unwrap();
    }
    Some(python)
});

/// A process that ends with its test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that nobody has at this moment.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until somebody listens.
pub fn listening(port: u16) {
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(60), "nobody listens on {port}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The first line that a process writes.
pub fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// Datadog's test agent.
pub struct Agent {
    _process: Running,
    pub http: u16,
    pub grpc: u16,
}

impl Agent {
    pub fn start() -> Option<Self> {
        let python = PYTHON.as_ref()?;
        let [own, http, grpc] = [free_port(), free_port(), free_port()];
        let process = Command::new(python.with_file_name("ddapm-test-agent"))
            .args(["--port", &own.to_string()])
            .args(["--otlp-http-port", &http.to_string(), "--otlp-grpc-port", &grpc.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let process = Running(process);
        listening(http);
        listening(grpc);
        Some(Self { _process: process, http, grpc })
    }

    /// Forgets what it took.
    pub fn clear(&self) {
        get(PYTHON.as_ref().unwrap(), &format!("http://127.0.0.1:{}/test/session/clear", self.http));
    }

    /// What it took since it was cleared, of a signal: `traces`, `metrics`.
    pub fn taken(&self, signal: &str) -> serde_json::Value {
        let url = format!("http://127.0.0.1:{}/test/session/{signal}", self.http);
        serde_json::from_str(&get(PYTHON.as_ref().unwrap(), &url)).unwrap()
    }
}

/// A page, whole.
fn get(python: &Path, url: &str) -> String {
    let script = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())";
    let output = Command::new(python).args(["-c", script, url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
