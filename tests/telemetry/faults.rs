//! A collector that is not there, says nothing, refuses or is slow: the same answer, the same exit code, and nobody waits.

use std::process::{Command, Stdio};

use crate::installed::{PYTHON, Running, first_line, free_port};
use crate::project::{API_KEY, APP_KEY, Project, Ran};

const HEADER: &str = "a-header-that-is-secret";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/telemetry/collector.py");

/// A collector with a fault, and its port.
fn collector(protocol: &str, fault: &str, pem: &[&str]) -> Option<(Option<Running>, u16)> {
    let python = PYTHON.as_ref()?;
    if fault == "refused" {
        return Some((None, free_port()));
    }
    let mut process = Command::new(python)
        .args([SCRIPT, protocol, fault])
        .args(pem)
        .env("GRPC_VERBOSITY", "NONE")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let port = first_line(&mut process).parse().unwrap();
    Some((Some(Running(process)), port))
}

fn plan(project: &Project, variables: &[(&str, &str)]) -> Ran {
    project.run(&["plan", "--detailed-exitcode", "--format", "json"], variables)
}

#[test]
fn no_collector_changes_an_answer() {
    let project = Project::new();
    let off = plan(&project, &[]);
    assert_eq!((off.code, off.err.as_str()), (Some(2), ""));
    for protocol in ["http", "grpc"] {
        for fault in ["healthy", "refused", "silent", "401", "503", "slow"] {
            let Some((_running, port)) = collector(protocol, fault, &[]) else { return };
            let wire = if protocol == "grpc" { "grpc" } else { "http/protobuf" };
            let ran = plan(
                &project,
                &[
                    ("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://127.0.0.1:{port}")),
                    ("OTEL_EXPORTER_OTLP_PROTOCOL", wire),
                    ("OTEL_EXPORTER_OTLP_HEADERS", &format!("authorization=Bearer%20{HEADER}")),
                ],
            );
            assert_eq!((ran.code, &ran.out), (off.code, &off.out), "{protocol} {fault}");
            let lines: Vec<&str> = ran.err.lines().collect();
            let is_lost = lines.len() == 2 && lines[0].contains("did not arrive");
            assert!(
                is_lost == !matches!(fault, "healthy" | "slow")
                    && lines.last().unwrap().starts_with("trace "),
                "{protocol} {fault}: {}",
                ran.err
            );
            assert!([API_KEY, APP_KEY, HEADER].iter().all(|secret| !ran.err.contains(secret)), "{}", ran.err);
            assert!(matches!(fault, "401" | "503") <= (ran.err.contains("answers")), "{}", ran.err);
        }
    }
}

#[test]
fn what_cant_be_understood_is_one_line_and_nothing_else() {
    let project = Project::new();
    let off = plan(&project, &[]);
    let secret = "k3y-that-nobody-sees";
    for variables in [
        vec![("OTEL_EXPORTER_OTLP_ENDPOINT", format!("no url {secret}"))],
        vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("::{secret}::")),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc".to_owned()),
        ],
        vec![("OTEL_TRACES_EXPORTER", format!("console-{secret}"))],
        vec![("DD_DOGSTATSD_URL", format!("ftp://{secret}"))],
        vec![
            ("OTEL_TRACES_EXPORTER", "otlp".to_owned()),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://u:{secret}@127.0.0.1:{}", free_port())),
            ("OTEL_EXPORTER_OTLP_HEADERS", format!("bad name={secret},authorization={secret}\r\nx: y,=,ä=ö")),
        ],
    ] {
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let ran = plan(&project, &variables);
        assert_eq!((ran.code, &ran.out), (off.code, &off.out), "{variables:?}");
        assert!(!ran.err.contains(secret) && !ran.err.contains("panicked"), "{}", ran.err);
        let quiet = project.run(&["plan", "-q"], &variables);
        assert_eq!(quiet.err, "", "{variables:?}");
    }
}

/// Makes an authority, and certificates of it for a server at 127.0.0.1 and for a client; false where there is no openssl.
fn certificates(folder: &std::path::Path) -> bool {
    let openssl = |line: &str| {
        let run = Command::new("openssl").args(line.split(' ')).current_dir(folder).output();
        run.is_ok_and(|output| output.status.success())
    };
    std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").unwrap();
    const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    let signed = |name: &str| {
        openssl(&format!("req {KEY} -keyout {name}.key -out {name}.csr -subj /CN={name}"))
            && openssl(&format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out {name}.pem"
            ))
    };
    openssl(&format!("req -x509 {KEY} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"))
        && signed("server")
        && signed("client")
}

#[test]
fn certificates_are_asked_for_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    if !certificates(folder.path()) {
        eprintln!("openssl does not run here: nothing is sent over TLS");
        return;
    }
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let [authority, server, key] = ["ca.pem", "server.pem", "server.key"].map(path);
    let project = Project::new();
    for (protocol, wire) in [("http", "http/protobuf"), ("grpc", "grpc")] {
        let Some((_running, port)) = collector(protocol, "healthy", &[&server, &key, &authority]) else {
            return;
        };
        let endpoint = format!("https://127.0.0.1:{port}");
        let [client, own] = ["client.pem", "client.key"].map(path);
        let all = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", wire),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", &authority),
            ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &client),
            ("OTEL_EXPORTER_OTLP_CLIENT_KEY", &own),
        ];
        // Without the authority the server is not believed, without a certificate of its own a client is not let in.
        for (known, arrives) in [(5, true), (3, false), (2, false)] {
            let ran = project.run(&["plan"], &all[..known]);
            assert_eq!(ran.code, Some(0), "{ran:?}");
            assert_eq!(!ran.err.contains("did not arrive"), arrives, "{protocol} {known}: {}", ran.err);
        }
    }
}
