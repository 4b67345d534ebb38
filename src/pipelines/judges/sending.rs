//! Where exporters send to, and how.

use std::collections::BTreeMap;

use crate::diagnostic::Severity;
use crate::pipelines::collector::{Collector, split_endpoint, type_of};
use crate::pipelines::finding::{Findings, Spot};
use crate::pipelines::rules;
use crate::pipelines::subjects::Subjects;
use crate::pipelines::view::View;
use crate::source::short;

pub fn judge(subjects: &Subjects<'_>, found: &mut Findings) {
    for collector in &subjects.collectors {
        twice(collector, found);
        debugging(collector, found);
        for (id, view) in collector.components("exporters") {
            encryption(id, &view, found);
            form(id, &view, found);
            retries(id, &view, found);
            raw(id, &view, found);
        }
        cumulative(collector, found);
    }
    for (_, container) in subjects.containers() {
        let direct = ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
        let direct = direct.iter().filter_map(|name| container.variable(name));
        let to_datadog = |text: &str| text.contains("datadoghq.") || text.contains("ddog-gov.com");
        let Some(own) = direct.into_iter().find(|own| own.literal().is_some_and(|text| to_datadog(&text)))
        else {
            continue;
        };
        let preference = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
        let is_delta = container
            .variable(preference)
            .is_some_and(|own| own.literal().is_none_or(|text| text.eq_ignore_ascii_case("delta")));
        if !is_delta && !container.is_open {
            let text = format!(
                "`{}` sends sums to Datadog as they grow: the first point of each is dropped",
                short(&container.name)
            );
            found.add(
                &rules::CUMULATIVE,
                Spot::key(&own.view),
                text,
                format!("set `{preference}` to `delta`"),
            );
        }
    }
}

/// What names the place that an exporter sends to; none where that is unknown.
fn place(id: &str, view: &View<'_>) -> Option<String> {
    let of = type_of(id);
    let said = |way: &str| view.at(way).and_then(|own| own.scalar());
    match of {
        "datadog" => Some(format!(
            "{of} {} {}",
            said("api/site").unwrap_or_default(),
            said("api/key").unwrap_or_default()
        )),
        "awsxray" => Some(format!(
            "{of} {} {}",
            said("region").unwrap_or_default(),
            said("role_arn").unwrap_or_default()
        )),
        "otlp" | "otlp_grpc" | "otlphttp" | "otlp_http" | "zipkin" | "prometheusremotewrite" => {
            let headers = view.get("headers").map(|own| own.value.to_string()).unwrap_or_default();
            Some(format!("{of} {} {headers}", said("endpoint")?))
        }
        _ => None,
    }
}

fn twice(collector: &Collector<'_>, found: &mut Findings) {
    for pipeline in &collector.pipelines {
        let mut seen: BTreeMap<String, (&str, Spot)> = BTreeMap::new();
        for own in &pipeline.exporters {
            let Some(place) = collector.component("exporters", own.id).and_then(|view| place(own.id, &view))
            else {
                continue;
            };
            match seen.get(&place) {
                Some((other, spot)) => {
                    let text = format!(
                        "`{}` sends to the same place as `{}`: everything is stored, and paid for, twice",
                        short(own.id),
                        short(other)
                    );
                    found
                        .add(&rules::TWICE, Spot::value(&own.view), text, "take one of them out")
                        .also("the other", spot.clone());
                }
                None => {
                    seen.insert(place, (own.id, Spot::value(&own.view)));
                }
            }
        }
    }
}

fn debugging(collector: &Collector<'_>, found: &mut Findings) {
    for pipeline in &collector.pipelines {
        let is_debug = |id: &str| matches!(type_of(id), "debug" | "logging");
        let sends = pipeline.exporters.iter().any(|own| !is_debug(own.id));
        for own in pipeline.exporters.iter().filter(|own| own.is("debug")) {
            let severity =
                if collector.is_deployed() || sends { Severity::Warning } else { Severity::Advice };
            let verbosity = collector.component("exporters", own.id).and_then(|view| view.get("verbosity"));
            let is_basic = verbosity.is_none_or(|own| own.text() == Some("basic"));
            let what = if is_basic { "a line for each batch" } else { "all" };
            let text = format!("`{}` writes {what} of `{}` to the log", short(own.id), short(pipeline.name));
            let help = "take it out where nobody looks for a fault";
            found.add(&rules::DEBUG, Spot::value(&own.view), text, help).severity(severity);
        }
    }
    let level = collector.service().and_then(|service| service.at("telemetry/logs/level"));
    if let Some(level) =
        level.filter(|level| level.text().is_some_and(|text| text.eq_ignore_ascii_case("debug")))
    {
        let text = "The collector logs at level debug: much to store, with what passes through in it";
        found.add(&rules::DEBUG, Spot::value(&level), text, "write `level: info`, or leave it out");
    }
}

/// Top-level domains that names of two words end in.
const TOP: [&str; 16] = [
    "com", "net", "org", "io", "eu", "de", "dev", "app", "ai", "co", "cloud", "tech", "uk", "fr", "jp", "us",
];

/// Whether a host can be reached by everybody, as far as its name tells.
fn is_public(endpoint: &str) -> bool {
    let (Some(host), _) = split_endpoint(endpoint) else { return false };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    if let Ok(address) = host.parse::<std::net::IpAddr>() {
        return match address {
            std::net::IpAddr::V4(own) => {
                !(own.is_private() || own.is_loopback() || own.is_link_local() || own.is_unspecified())
            }
            std::net::IpAddr::V6(own) => {
                !(own.is_loopback() || own.is_unspecified() || own.segments()[0] & 0xfe00 == 0xfc00)
            }
        };
    }
    const INNER: [&str; 9] = [
        ".local",
        ".internal",
        ".svc",
        ".cluster.local",
        ".lan",
        ".localhost",
        ".test",
        ".home.arpa",
        ".corp",
    ];
    let within = |end: &&str| host.ends_with(*end) || host.contains(&format!("{end}."));
    // `collector.telemetry` is a service and its namespace in Kubernetes.
    let in_cluster = host.split_once('.').is_some_and(|(_, end)| !end.contains('.') && !TOP.contains(&end));
    host.contains('.') && !in_cluster && !INNER.iter().any(within) && !host.ends_with('.')
}

fn encryption(id: &str, view: &View<'_>, found: &mut Findings) {
    let Some(endpoint) = view.get("endpoint").and_then(|own| own.literal()).filter(|text| is_public(text))
    else {
        return;
    };
    for (key, what) in [
        ("insecure", "goes over the network as plain text"),
        ("insecure_skip_verify", "goes to whoever answers: certificates are not verified"),
    ] {
        let ways = [format!("tls/{key}"), key.to_owned(), format!("tls_settings/{key}")];
        if let Some(own) = ways.iter().filter_map(|way| view.at(way)).find(View::is_true) {
            let text = format!("What `{}` sends to `{}` {what}", short(id), short(endpoint));
            found.add(&rules::INSECURE, Spot::value(&own), text, format!("take `{key}` out"));
        }
    }
    if endpoint.starts_with("http://")
        && let Some(own) = view.get("endpoint")
    {
        let text = format!(
            "What `{}` sends to `{}` goes over the network as plain text",
            short(id),
            short(endpoint)
        );
        found.add(&rules::INSECURE, Spot::value(&own), text, "write `https://`");
    }
}

fn form(id: &str, view: &View<'_>, found: &mut Findings) {
    let Some(endpoint) = view.get("endpoint") else { return };
    let Some(text) = endpoint.literal().filter(|text| !text.is_empty()) else { return };
    let (_, port) = split_endpoint(text);
    let has_scheme = text.contains("://");
    let (words, help) = match type_of(id) {
        "otlp" | "otlp_grpc" => match (has_scheme, port) {
            _ if text.starts_with("unix:") || text.starts_with("dns:") => return,
            (_, Some(4318)) => {
                ("speaks gRPC, and 4318 is the port of OTLP by HTTP", "write port 4317, or use `otlphttp`")
            }
            (true, _) => (
                "speaks gRPC, whose endpoints have no scheme",
                "write `host:4317`; `tls: {insecure: true}` stands for `http`",
            ),
            (false, None) => ("has an endpoint without a port", "write `host:4317`"),
            _ => return,
        },
        "otlphttp" | "otlp_http" => match (has_scheme, port) {
            (_, Some(4317)) => {
                ("speaks HTTP, and 4317 is the port of OTLP by gRPC", "write port 4318, or use `otlp`")
            }
            (false, _) => {
                ("speaks HTTP, whose endpoints have a scheme", "write `http://` or `https://` before it")
            }
            _ => return,
        },
        _ => return,
    };
    found.add(&rules::FORM, Spot::value(&endpoint), format!("`{}` {words}", short(id)), help);
}

fn retries(id: &str, view: &View<'_>, found: &mut Findings) {
    for (block, what) in
        [("retry_on_failure", "is lost at the first failure"), ("sending_queue", "has no queue to wait in")]
    {
        let off = view.get(block).and_then(|block| block.get("enabled")).filter(View::is_false);
        if let Some(off) = off {
            let text = format!("What `{}` sends {what}", short(id));
            found.add(&rules::RETRIES, Spot::value(&off), text, format!("take `{block}.enabled: false` out"));
        }
    }
}

fn raw(id: &str, view: &View<'_>, found: &mut Findings) {
    let mode = view.at("metrics/sums/cumulative_monotonic_mode").filter(|_| type_of(id) == "datadog");
    if let Some(mode) = mode.filter(|mode| mode.text() == Some("raw_value")) {
        let text = "Sums reach Datadog as they grow, and `as_count` of them is wrong";
        found.add(&rules::CUMULATIVE, Spot::value(&mode), text, "take it out: `to_delta` is the default");
    }
}

/// OTLP straight to Datadog: nothing makes deltas of sums.
fn cumulative(collector: &Collector<'_>, found: &mut Findings) {
    for pipeline in
        collector.of("metrics").filter(|pipeline| pipeline.processor("cumulativetodelta").is_none())
    {
        for own in &pipeline.exporters {
            let Some(view) = collector.component("exporters", own.id) else { continue };
            let ways = ["metrics_endpoint", "endpoint"];
            let direct = ways.iter().filter_map(|way| view.get(way)?.text()).any(|text| {
                text.contains("otlp.")
                    && (text.contains("datadoghq.") || text.contains("ddog-gov.") || text.contains("DD_SITE"))
            });
            if direct && type_of(own.id).starts_with("otlp") {
                let text = format!(
                    "`{}` sends sums to Datadog as they grow: the first point of each is dropped",
                    short(own.id)
                );
                found.add(
                    &rules::CUMULATIVE,
                    Spot::value(&own.view),
                    text,
                    "add the processor `cumulativetodelta`",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_hosts() {
        for (host, expected) in [
            ("otlp.example.com:443", true),
            ("8.8.8.8:4317", true),
            ("https://x.example.com/v1", true),
            ("example.com:4317", true),
            ("collector:4317", false),
            ("collector.telemetry:4317", false),
            ("otel.monitoring.svc:4317", false),
            ("otel.monitoring.svc.cluster.local:4317", false),
            ("10.0.0.1:4317", false),
            ("localhost:4317", false),
            ("[::1]:4317", false),
            ("host.docker.internal:4317", false),
            ("${env:HOST}:4317", false),
        ] {
            assert_eq!(is_public(host), expected, "{host}");
        }
    }
}
