//! What the environment asks for: which signals, over which protocol, as part of which trace.

use super::parent::Propagator;
use super::variable::Variable;

/// How a signal travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http,
    Grpc,
}

/// What is asked for; nothing where no variable asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Absent: off.
    pub traces: Option<Protocol>,
    pub metrics: Option<Protocol>,
    pub propagators: Vec<Propagator>,
    /// Whom an ID token of Google's metadata server is for, where exports are to bear one.
    pub audience: Option<String>,
    /// What is set and can't be done, each a sentence.
    pub warnings: Vec<String>,
}

/// Reads them. Values stay out of the warnings where they might hold a key.
pub fn read(variable: &Variable<'_>) -> Settings {
    let mut settings = Settings::default();
    settings.propagators = propagators(variable, &mut settings.warnings);
    let disabled = variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if disabled {
        return settings;
    }
    settings.traces = signal("TRACES", variable, &mut settings.warnings);
    settings.metrics = signal("METRICS", variable, &mut settings.warnings);
    if settings.is_on() {
        settings.audience = audience(variable);
        contradictions(variable, &mut settings.warnings);
    }
    settings
}

impl Settings {
    pub fn is_on(&self) -> bool {
        self.traces.is_some() || self.metrics.is_some()
    }
}

fn signal(name: &str, variable: &Variable<'_>, warnings: &mut Vec<String>) -> Option<Protocol> {
    let chosen = format!("OTEL_{name}_EXPORTER");
    let is_on = match variable(&chosen) {
        Some(list) => {
            let names: Vec<&str> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
            let is_known = |name: &&str| matches!(*name, "otlp" | "none");
            if !names.iter().all(is_known) {
                warnings.push(format!(
                    "{chosen} names an exporter that musher has not: it has `otlp` and `none`"
                ));
            }
            names.contains(&"otlp") && !names.contains(&"none")
        }
        None => endpoint(name, variable).is_some(),
    };
    is_on.then(|| protocol(name, variable, warnings))
}

/// Where a signal is sent, as far as the environment says.
fn endpoint(signal: &str, variable: &Variable<'_>) -> Option<String> {
    variable(&format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"))
        .or_else(|| variable("OTEL_EXPORTER_OTLP_ENDPOINT"))
}

fn protocol(signal: &str, variable: &Variable<'_>, warnings: &mut Vec<String>) -> Protocol {
    let own = format!("OTEL_EXPORTER_OTLP_{signal}_PROTOCOL");
    let names = [own.as_str(), "OTEL_EXPORTER_OTLP_PROTOCOL"];
    let Some((name, value)) = names.iter().find_map(|name| Some((*name, variable(name)?))) else {
        return Protocol::Http;
    };
    match value.trim() {
        "grpc" => Protocol::Grpc,
        "http/protobuf" => Protocol::Http,
        _ => {
            let warning =
                format!("{name} names a protocol that musher has not: it sends `http/protobuf`, or `grpc`");
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
            Protocol::Http
        }
    }
}

fn propagators(variable: &Variable<'_>, warnings: &mut Vec<String>) -> Vec<Propagator> {
    let Some(list) = variable("OTEL_PROPAGATORS") else { return vec![Propagator::TraceContext] };
    let mut found = Vec::new();
    for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match name {
            "tracecontext" => found.push(Propagator::TraceContext),
            "xray" => found.push(Propagator::Xray),
            // Baggage is for those that a run calls, and it passes nothing on.
            "baggage" | "none" => {}
            _ => warnings.push(
                "OTEL_PROPAGATORS names a propagator that musher has not: it has `tracecontext`, `baggage`, `xray` and `none`"
                    .to_owned(),
            ),
        }
    }
    warnings.dedup();
    found
}

/// Whom tokens are for; `auto` is the endpoint without its path.
fn audience(variable: &Variable<'_>) -> Option<String> {
    let audience = variable("MUSHER_OTLP_ID_TOKEN_AUDIENCE")?;
    if audience != "auto" {
        return Some(audience);
    }
    let endpoint = endpoint("TRACES", variable).or_else(|| endpoint("METRICS", variable))?;
    let (scheme, rest) = endpoint.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    Some(format!("{scheme}://{host}"))
}

/// Datadog's own variables that say something else than those that count.
fn contradictions(variable: &Variable<'_>, warnings: &mut Vec<String>) {
    let attributes = variable("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let attribute = |names: &[&str]| {
        let pairs = attributes.split(',').filter_map(|pair| pair.split_once('='));
        pairs
            .map(|(name, value)| (name.trim(), value.trim()))
            .find(|(name, _)| names.contains(name))
            .map(|(_, value)| value.to_owned())
    };
    let doubles = [
        (
            "DD_SERVICE",
            "OTEL_SERVICE_NAME",
            variable("OTEL_SERVICE_NAME").or_else(|| attribute(&["service.name"])),
        ),
        (
            "DD_ENV",
            "OTEL_RESOURCE_ATTRIBUTES",
            attribute(&["deployment.environment.name", "deployment.environment"]),
        ),
        ("DD_VERSION", "OTEL_RESOURCE_ATTRIBUTES", attribute(&["service.version"])),
    ];
    for (ours, theirs, value) in doubles {
        if value.is_some_and(|value| variable(ours).is_some_and(|own| own != value)) {
            warnings.push(format!("{ours} and {theirs} say different things: {theirs} counts"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Settings {
        read(&|name: &str| {
            variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn nothing_is_on_unless_it_is_asked_for() {
        let is_on = |variables: &[(&str, &str)]| {
            let settings = of(variables);
            (settings.traces.is_some(), settings.metrics.is_some())
        };
        assert_eq!(is_on(&[]), (false, false));
        assert_eq!(is_on(&[("OTEL_TRACES_EXPORTER", "otlp")]), (true, false));
        assert_eq!(is_on(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318")]), (true, true));
        assert_eq!(is_on(&[("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c:4318")]), (false, true));
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
        assert_eq!(is_on(&[endpoint, ("OTEL_METRICS_EXPORTER", "none")]), (true, false));
        assert_eq!(is_on(&[endpoint, ("OTEL_SDK_DISABLED", "TRUE")]), (false, false));
        assert_eq!(is_on(&[("OTEL_SERVICE_NAME", "x"), ("DD_SERVICE", "y")]), (false, false));
    }

    #[test]
    fn the_protocol_of_a_signal_comes_before_that_of_all() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c");
        let all = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
        assert_eq!(of(&[endpoint]).traces, Some(Protocol::Http));
        let settings = of(&[endpoint, all, ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf")]);
        assert_eq!((settings.traces, settings.metrics), (Some(Protocol::Grpc), Some(Protocol::Http)));
        let settings = of(&[endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]);
        assert_eq!((settings.traces, settings.warnings.len()), (Some(Protocol::Http), 1));
    }

    #[test]
    fn what_cant_be_done_is_said_without_values() {
        let settings = of(&[
            ("OTEL_TRACES_EXPORTER", "zipkin,otlp"),
            ("OTEL_PROPAGATORS", "b3,xray,b3multi"),
            ("DD_SERVICE", "a"),
            ("OTEL_SERVICE_NAME", "b"),
            ("DD_ENV", "prod"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=prod,x=y"),
        ]);
        assert_eq!(settings.propagators, [Propagator::Xray]);
        assert_eq!(settings.warnings.len(), 3, "{:?}", settings.warnings);
    }

    #[test]
    fn an_audience_is_the_endpoint_without_path_and_login() {
        let auto = ("MUSHER_OTLP_ID_TOKEN_AUDIENCE", "auto");
        let settings = of(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://u:p@agent.run.app:443/v1?x"), auto]);
        assert_eq!(settings.audience.as_deref(), Some("https://agent.run.app:443"));
    }
}
