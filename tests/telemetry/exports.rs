//! Spans and metrics as Datadog's test agent and rotel get them, over both protocols.

use std::net::UdpSocket;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::installed::{Agent, PYTHON, Running, free_port, listening};
use crate::lines::heard;
use crate::project::{API_KEY, APP_KEY, Project};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const HEADER: &str = "a-header-that-is-secret";

/// All spans in what the agent took, flat.
fn spans(taken: &Value) -> Vec<Value> {
    let lists = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let requests = taken.as_array().unwrap().iter();
    let scopes = requests.flat_map(|r| lists(r, "resource_spans")).flat_map(|r| lists(&r, "scope_spans"));
    scopes.flat_map(|scope| lists(&scope, "spans")).collect()
}

fn named<'a>(spans: &'a [Value], name: &str) -> &'a Value {
    spans.iter().find(|span| span["name"] == name).unwrap_or_else(|| panic!("no span `{name}` in {spans:#?}"))
}

/// An attribute as text.
fn attribute(span: &Value, name: &str) -> String {
    let found = span["attributes"].as_array().unwrap().iter().find(|own| own["key"] == name);
    let value = &found.unwrap_or_else(|| panic!("no `{name}` in {span:#}"))["value"];
    let value = value.as_object().unwrap().values().next().unwrap();
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn an_apply_is_told_whole_over_both_protocols() {
    let Some(agent) = Agent::start() else { return };
    for (protocol, port) in [("http/protobuf", agent.http), ("grpc", agent.grpc)] {
        agent.clear();
        let project = Project::new();
        let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
        let ran = project.run(
            &["apply", "--yes", "--report", "report.json"],
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://127.0.0.1:{port}")),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                ("OTEL_EXPORTER_OTLP_HEADERS", &format!("x-secret={HEADER}")),
                ("TRACEPARENT", &parent),
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_HEAD_REF", &format!("branch-{API_KEY}")),
                ("GITHUB_REF", "refs/pull/17/merge"),
            ],
        );
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(ran.err.lines().last(), Some(format!("trace {TRACE}").as_str()), "{}", ran.err);
        let report: Value = serde_json::from_str(&project.read("report.json")).unwrap();
        assert_eq!(report["trace_id"], TRACE);
        let (traces, metrics) = (agent.taken("traces"), agent.taken("metrics"));
        let spans: Vec<Value> = spans(&traces).into_iter().collect();
        let root = named(&spans, "musher apply");
        for (name, value) in [
            ("musher.project", "shop"),
            ("musher.changes.create", "3"),
            ("musher.changes.update", "0"),
            ("musher.changes.delete", "0"),
            ("process.exit.code", "0"),
            ("vcs.change.id", "17"),
            ("vcs.ref.head.name", "branch-[key]"),
        ] {
            assert_eq!(attribute(root, name), value);
        }
        let stages = ["load", "expand", "check", "diff", "apply", "list monitors", "list slos"];
        assert!(stages.iter().all(|stage| named(&spans, stage)["parent_span_id"] == root["span_id"]));
        let read = named(&spans, "GET /api/v1/monitor");
        assert_eq!(read["parent_span_id"], named(&spans, "list monitors")["span_id"]);
        assert_eq!(
            named(&spans, "POST /api/v1/monitor")["parent_span_id"],
            named(&spans, "apply")["span_id"]
        );
        let told = format!("{traces}{metrics}");
        assert!(
            told.contains("AGGREGATION_TEMPORALITY_DELTA") && told.contains("musher.changes"),
            "{metrics}"
        );
        assert!([API_KEY, APP_KEY, HEADER].iter().all(|secret| !told.contains(secret)), "{told}");
    }
}

#[test]
fn a_parent_that_is_not_sampled_gets_metrics_and_no_spans() {
    let Some(agent) = Agent::start() else { return };
    let project = Project::new();
    let parent = format!("00-{TRACE}-b7ad6b7169203331-00");
    let endpoint = format!("http://127.0.0.1:{}", agent.http);
    let ran = project.run(&["plan"], &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint), ("TRACEPARENT", &parent)]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(spans(&agent.taken("traces")).len(), 0);
    assert!(agent.taken("metrics").to_string().contains("musher.requests"));
}

#[test]
fn no_span_of_a_large_apply_is_dropped() {
    let Some(agent) = Agent::start() else { return };
    let project = Project::new();
    project.declare("many", 600);
    let endpoint = format!("http://127.0.0.1:{}", agent.http);
    let ran = project.run(
        &["apply", "--yes"],
        &[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &format!("{endpoint}/v1/traces"))],
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let writes =
        spans(&agent.taken("traces")).iter().filter(|span| span["name"] == "POST /api/v1/monitor").count();
    assert_eq!(writes, 600, "{}", ran.err);
    // A queue that somebody made too small says what it lost, and why.
    project.declare("more", 300);
    let small = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", format!("{endpoint}/v1/traces")),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "1".to_owned()),
    ];
    let ran = project.run(
        &["apply", "--yes", "--release-brake", "delete"],
        &small.each_ref().map(|(name, own)| (*name, own.as_str())),
    );
    assert!(ran.err.contains(" spans did not arrive: the queue was full"), "{ran:?}");
}

#[test]
fn a_collector_passes_on_what_it_gets() {
    let Some((agent, python)) = Agent::start().zip(PYTHON.as_ref()) else { return };
    let [grpc, http] = [free_port(), free_port()];
    let rotel = Command::new(python.with_file_name("rotel"))
        .args(["start", "--otlp-grpc-endpoint", &format!("127.0.0.1:{grpc}")])
        .args(["--otlp-http-endpoint", &format!("127.0.0.1:{http}")])
        .args(["--exporter", "otlp", "--otlp-exporter-protocol", "http"])
        .args(["--otlp-exporter-endpoint", &format!("http://127.0.0.1:{}", agent.http)])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(rotel) = rotel else {
        eprintln!("rotel does not run here: nothing is passed on");
        return;
    };
    let mut rotel = Running(rotel);
    listening(grpc);
    let project = Project::new();
    let endpoint = format!("http://127.0.0.1:{grpc}");
    let variables =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    let ran = project.run(&["plan"], &variables);
    assert!(!ran.err.contains("did not arrive"), "{}", ran.err);
    // It sends in batches, and what it holds when it is told to end.
    let mut taken = Vec::new();
    for _ in 0..100 {
        taken.extend(spans(&agent.taken("traces")));
        if taken.iter().any(|span| span["name"] == "musher plan") {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let _ = rotel.0.kill();
    panic!("{taken:#?}");
}

/// What somebody may write into the environment, of all that is sent on.
#[test]
fn no_secret_is_in_an_export_whatever_the_environment_holds() {
    let Some(agent) = Agent::start() else { return };
    let token = "ghs_16C7e42F292c6912E7710c838347Ae178B4a";
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let url = format!("udp://{}", socket.local_addr().unwrap());
    for (protocol, port) in [("http/protobuf", agent.http), ("grpc", agent.grpc)] {
        agent.clear();
        let project = Project::new();
        let ran = project.run(
            &["apply", "--yes"],
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://127.0.0.1:{port}")),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                ("OTEL_EXPORTER_OTLP_HEADERS", &format!("authorization=Bearer%20{HEADER}")),
                (
                    "OTEL_RESOURCE_ATTRIBUTES",
                    &format!("team=web,a={API_KEY},b={token},c={HEADER},{token}=d,service.version={APP_KEY}"),
                ),
                ("OTEL_SERVICE_NAME", &format!("shop-{token}")),
                ("TRACEPARENT", &format!("00-{TRACE}-b7ad6b7169203331-01")),
                ("TRACESTATE", &format!("a={API_KEY}")),
                ("BAGGAGE", &format!("a={API_KEY}")),
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_TOKEN", token),
                ("GITHUB_SHA", API_KEY),
                ("GITHUB_RUN_ID", token),
                ("GITHUB_REPOSITORY", HEADER),
                ("DD_DOGSTATSD_URL", &url),
                ("DATADOG_TAGS", &format!("a:{API_KEY},b:{token},c:{HEADER}")),
                ("DD_ENV", API_KEY),
                ("DD_SERVICE", token),
                ("DD_VERSION", APP_KEY),
                ("DD_ENTITY_ID", token),
                ("DD_EXTERNAL_ENV", token),
            ],
        );
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let lines = heard(&socket).join("\n");
        let told = format!("{}{}{lines}", agent.taken("traces"), agent.taken("metrics"));
        assert!(told.contains("musher applied") && told.contains("shop-[key]"), "{told}");
        assert!(["web", "musher.requests", "musher apply"].iter().all(|own| told.contains(own)), "{told}");
        for secret in [API_KEY, APP_KEY, HEADER, token] {
            assert!(!format!("{told}{}", ran.err).to_lowercase().contains(&secret.to_lowercase()), "{told}");
        }
    }
}

#[test]
fn what_is_compressed_arrives() {
    let Some(agent) = Agent::start() else { return };
    for (protocol, port) in [("http/protobuf", agent.http), ("grpc", agent.grpc)] {
        agent.clear();
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://127.0.0.1:{port}")),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol.to_owned()),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip".to_owned()),
        ];
        let ran =
            Project::new().run(&["plan"], &variables.each_ref().map(|(name, own)| (*name, own.as_str())));
        assert!(ran.code == Some(0) && !ran.err.contains("did not arrive"), "{protocol}: {}", ran.err);
        named(&spans(&agent.taken("traces")), "musher plan");
        assert!(agent.taken("metrics").to_string().contains("musher.requests"), "{protocol}");
    }
}

#[test]
fn ids_are_those_of_x_ray_where_they_are_asked_for() {
    let Some(agent) = Agent::start() else { return };
    let project = Project::new();
    let endpoint = format!("http://127.0.0.1:{}", agent.http);
    let asked = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""), ("OTEL_PROPAGATORS", "tracecontext,xray")];
    let endpoint = format!("{endpoint}/v1/traces");
    let with = |more: &[(&str, &str)]| {
        let mut all = asked.to_vec();
        all[0].1 = &endpoint;
        all.extend(more);
        agent.clear();
        let ran = project.run(&["plan"], &all);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let spans = spans(&agent.taken("traces"));
        (named(&spans, "musher plan").clone(), ran.err)
    };
    let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let (_, err) = with(&[]);
    let id = err.lines().last().unwrap().strip_prefix("trace ").unwrap().to_owned();
    let began = u64::from_str_radix(&id[..8], 16).unwrap();
    assert!((before..before + 600).contains(&began), "{id}");
    let root = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let (span, err) = with(&[("_X_AMZN_TRACE_ID", root)]);
    assert!(err.ends_with("trace 5759e988bd862e3fe1be46a994272793\n"), "{err}");
    assert!(span["parent_span_id"].as_str().is_some_and(|id| !id.is_empty()), "{span:#}");
    let unsampled = root.replace("Sampled=1", "Sampled=0");
    agent.clear();
    let ran = project.run(
        &["plan"],
        &[asked[1], ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &endpoint), ("_X_AMZN_TRACE_ID", &unsampled)],
    );
    assert_eq!((ran.code, spans(&agent.taken("traces")).len()), (Some(0), 0), "{ran:?}");
}
