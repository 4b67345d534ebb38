//! A collector that is not there, says nothing, refuses or is slow: the same answer, the same exit code, and nobody waits.

use std::process::{Command, Stdio};

use crate::installed::{PYTHON, Running, first_line, free_port};
use crate::project::{API_KEY, APP_KEY, Project, Ran};

const HEADER: &str = "a-header-that-is-secret";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/telemetry/collector.py");

/// A collector with a fault, and its port.
fn collector(protocol: &str, fault: &str) -> Option<(Option<Running>, u16)> {
    let python = PYTHON.as_ref()?;
    if fault == "refused" {
        return Some((None, free_port()));
    }
    let mut process =
        Command::new(python).args([SCRIPT, protocol, fault]).stdout(Stdio::piped()).spawn().unwrap();
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
        for fault in ["refused", "silent", "401", "503", "slow"] {
            let Some((_running, port)) = collector(protocol, fault) else { return };
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
                is_lost == (fault != "slow") && lines.last().unwrap().starts_with("trace "),
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
