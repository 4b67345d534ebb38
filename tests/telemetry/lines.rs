//! DogStatsD lines, byte for byte those of Datadog's own client.

use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;

use crate::installed::PYTHON;
use crate::project::Project;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/telemetry/client.py");
const OF_PROCESS: [(&str, &str); 5] = [
    ("DATADOG_TAGS", "site:eu west,b"),
    ("DD_ENTITY_ID", "pod-7"),
    ("DD_EXTERNAL_ENV", "it-false,cn-x"),
    ("DD_SERVICE", "deploy & co"),
    ("DD_VERSION", "1.2"),
];

/// All lines that come in, in their order.
pub fn heard(socket: &UdpSocket) -> Vec<String> {
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut buffer = vec![0; 1 << 16];
    let mut lines = Vec::new();
    while let Ok(length) = socket.recv(&mut buffer) {
        lines.push(String::from_utf8(buffer[..length].to_vec()).unwrap());
    }
    lines
}

/// A run's lines, and the same calls made with Datadog's client.
fn both(project: &Project, arguments: &[&str]) -> Option<(Vec<String>, Vec<String>)> {
    let python = PYTHON.as_ref()?;
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let url = format!("udp://127.0.0.1:{port}");
    let mut variables = vec![("DD_DOGSTATSD_URL", url.as_str())];
    variables.extend(OF_PROCESS);
    let ran = project.run(arguments, &variables);
    assert!(matches!(ran.code, Some(0 | 2)) && !ran.err.contains("warning"), "{ran:?}");
    let ours = heard(&socket);
    let output = Command::new(python)
        .arg(SCRIPT)
        .args(&ours)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some((ours, heard(&socket)))
}

#[test]
fn lines_are_those_of_the_official_client() {
    let project = Project::new();
    for (arguments, expected) in [
        (
            &["plan"][..],
            &["musher.changes:3|c|#action:create,kind:monitor,env:prod,project:shop", "musher.run.duration:"]
                [..],
        ),
        (
            &["apply", "--yes"],
            &[
                "musher.changes:3|c|#action:create",
                "_e{14,9}:musher applied|3 created|k:musher|t:info|#env:prod",
            ],
        ),
        (&["drift"], &["musher.drift:0|g|#", "_sc|musher.drift|0|#env:prod,project:shop"]),
    ] {
        let Some((ours, theirs)) = both(&project, arguments) else { return };
        assert_eq!(ours, theirs, "{arguments:?}");
        assert!(expected.iter().all(|start| ours.iter().any(|line| line.starts_with(start))), "{ours:#?}");
    }
    project.declare("b", 2);
    let Some((ours, theirs)) = both(&project, &["drift"]) else { return };
    assert_eq!(ours, theirs);
    assert!(
        ours.iter().any(|line| line.starts_with("_sc|musher.drift|1|#") && line.contains("|m:1 drifted")),
        "{ours:#?}"
    );
}

#[cfg(unix)]
#[test]
fn a_socket_of_either_kind_is_written_to() {
    use std::io::Read as _;
    use std::os::unix::net::{UnixDatagram, UnixListener};

    let project = Project::new();
    let folder = tempfile::tempdir().unwrap();
    let expected = "musher.changes:3|c|#action:create,kind:monitor,env:prod,project:shop";
    let path = folder.path().join("datagrams");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    for scheme in ["unix", "unixgram"] {
        let url = format!("{scheme}://{}", path.display());
        let ran = project.run(&["plan"], &[("DD_DOGSTATSD_URL", &url)]);
        assert!(ran.code == Some(0) && !ran.err.contains("warning"), "{ran:?}");
        let (mut buffer, mut lines) = ([0; 8192], Vec::new());
        while let Ok(length) = socket.recv(&mut buffer) {
            lines.push(String::from_utf8(buffer[..length].to_vec()).unwrap());
        }
        assert!(lines.iter().any(|line| line.starts_with(expected) && line.ends_with('\n')), "{lines:#?}");
    }
    let path = folder.path().join("stream");
    let listener = UnixListener::bind(&path).unwrap();
    for scheme in ["unix", "unixstream"] {
        let url = format!("{scheme}://{}", path.display());
        let ran = project.run(&["plan"], &[("DD_DOGSTATSD_URL", &url)]);
        assert!(ran.code == Some(0) && !ran.err.contains("warning"), "{ran:?}");
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        // Each line after its length.
        let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
        let first = std::str::from_utf8(&bytes[4..4 + length]).unwrap();
        assert!(first.starts_with(expected) && first.ends_with('\n'), "{first}");
    }
    let gone = format!("unix://{}", folder.path().join("gone").display());
    let ran = project.run(&["plan"], &[("DD_DOGSTATSD_URL", &gone)]);
    assert!(ran.code == Some(0) && ran.err.contains("takes no lines"), "{ran:?}");
}
