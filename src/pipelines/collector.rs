//! A collector's configuration: its components by their names, its pipelines, and where it runs.

use super::view::View;

/// The sections of components.
pub const SECTIONS: [&str; 5] = ["receivers", "processors", "exporters", "connectors", "extensions"];

/// One configuration.
pub struct Collector<'a> {
    pub root: View<'a>,
    pub pipelines: Vec<Pipeline<'a>>,
    /// What its text is a part of: a ConfigMap, a resource of an operator, a container's variable.
    pub host: Option<Host>,
    /// Containers that run it, by workload and position.
    pub runs_in: Vec<(usize, usize)>,
}

/// What holds the text of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    ConfigMap(String),
    Resource,
    /// A variable of a container in this document.
    Variable(usize, String),
}

/// One pipeline.
pub struct Pipeline<'a> {
    /// `traces/2`.
    pub name: &'a str,
    /// `traces`.
    pub signal: &'a str,
    pub view: View<'a>,
    pub receivers: Vec<Named<'a>>,
    pub processors: Vec<Named<'a>>,
    pub exporters: Vec<Named<'a>>,
}

/// A component as a pipeline names it.
#[derive(Clone)]
pub struct Named<'a> {
    /// `batch/traces`.
    pub id: &'a str,
    pub view: View<'a>,
}

/// The type of a component: what stands before the `/` of its id.
pub fn type_of(id: &str) -> &str {
    id.split('/').next().unwrap_or(id).trim()
}

impl<'a> Named<'a> {
    pub fn is(&self, of: &str) -> bool {
        type_of(self.id) == of
    }
}

impl<'a> Pipeline<'a> {
    fn read(name: &'a str, view: View<'a>) -> Self {
        let named = |list: &str| {
            let items = view.list(list).into_iter();
            items.filter_map(|view| Some(Named { id: view.text()?, view })).collect()
        };
        let (receivers, processors, exporters) =
            (named("receivers"), named("processors"), named("exporters"));
        Self { name, signal: type_of(name), view, receivers, processors, exporters }
    }

    /// The position of the first processor of a type.
    pub fn processor(&self, of: &str) -> Option<usize> {
        self.processors.iter().position(|processor| processor.is(of))
    }
}

impl<'a> Collector<'a> {
    /// Of a document, or a part of it; none where it is something else.
    pub fn read(root: View<'a>, host: Option<Host>) -> Option<Self> {
        let service = root.get("service").filter(View::is_map);
        let flows = service.as_ref().and_then(|service| service.get("pipelines"));
        let of_components = |name: &&str| root.get(name).is_some_and(|section| section.is_map());
        let known = SECTIONS.iter().filter(|name| of_components(name)).count();
        // Service and deployment of other programs have such keys, too.
        let fits = match &flows {
            Some(flows) => flows.is_map() || flows.value.is_null(),
            None => service.is_some() && root.get("receivers").is_some() && root.get("exporters").is_some(),
        };
        if !fits || (known == 0 && !flows.as_ref().is_some_and(holds_lists)) || root.get("kind").is_some() {
            return None;
        }
        let pipelines = flows.iter().flat_map(View::entries).filter(|(_, view)| view.is_map());
        let pipelines = pipelines.map(|(name, view)| Pipeline::read(name, view)).collect();
        Some(Self { pipelines, root, host, runs_in: Vec::new() })
    }

    /// Whether it is known to be deployed as it stands here.
    pub fn is_deployed(&self) -> bool {
        self.host.is_some() || !self.runs_in.is_empty()
    }

    /// A section; none where it is filled from elsewhere.
    pub fn section(&self, name: &str) -> Option<View<'a>> {
        self.root.get(name).filter(View::is_map)
    }

    /// Whether a section's components can't be known: `receivers: ${file:receivers.yaml}`.
    pub fn is_open(&self, name: &str) -> bool {
        self.root.get(name).is_some_and(|section| section.text().is_some())
    }

    /// A component's settings.
    pub fn component(&self, section: &str, id: &str) -> Option<View<'a>> {
        self.section(section)?.get(id)
    }

    /// Ids and settings of a section.
    pub fn components(&self, section: &str) -> Vec<(&'a str, View<'a>)> {
        self.section(section).map(|section| section.entries().collect()).unwrap_or_default()
    }

    pub fn service(&self) -> Option<View<'a>> {
        self.root.get("service")
    }

    /// Extensions that are started.
    pub fn extensions(&self) -> Vec<Named<'a>> {
        let list = self.service().map(|service| service.list("extensions")).unwrap_or_default();
        list.into_iter().filter_map(|view| Some(Named { id: view.text()?, view })).collect()
    }

    /// Pipelines of a signal.
    pub fn of<'s>(&'s self, signal: &'s str) -> impl Iterator<Item = &'s Pipeline<'a>> {
        self.pipelines.iter().filter(move |pipeline| pipeline.signal == signal)
    }

    /// Exporters of a type that a pipeline uses: its settings, and the pipelines.
    pub fn exporters(&self, of: &str) -> Vec<(&'a str, View<'a>)> {
        let used = |id: &str| {
            self.pipelines.iter().any(|pipeline| pipeline.exporters.iter().any(|own| own.id == id))
        };
        self.components("exporters").into_iter().filter(|(id, _)| type_of(id) == of && used(id)).collect()
    }

    /// Ports that its receivers listen at: with `host` where it is known. Ports of protocols that are not asked for
    /// are none.
    pub fn listeners(&self) -> Vec<Listener<'a>> {
        let used = |id: &str| {
            self.pipelines.iter().any(|pipeline| pipeline.receivers.iter().any(|own| own.id == id))
        };
        let receivers = self.components("receivers").into_iter().filter(|(id, _)| used(id));
        let mut listeners: Vec<Listener<'a>> =
            receivers.flat_map(|(id, view)| of_receiver(type_of(id), &view)).collect();
        for (id, view) in self.components("extensions") {
            let own = LISTENING.iter().find(|own| own.component == type_of(id));
            if let Some(own) = own.filter(|_| self.extensions().iter().any(|started| started.id == id)) {
                listeners.extend(Listener::read(&view, view.get("endpoint"), own));
            }
        }
        listeners
    }
}

fn holds_lists(flows: &View<'_>) -> bool {
    flows.entries().any(|(_, flow)| flow.get("exporters").is_some() || flow.get("receivers").is_some())
}

/// Where a component listens.
#[derive(Clone)]
pub struct Listener<'a> {
    /// `otlp grpc`, for people.
    pub what: &'static str,
    pub udp: bool,
    /// As it is written; none where it is the default.
    pub endpoint: Option<View<'a>>,
    /// The block that says it, or could.
    pub view: View<'a>,
    /// None where it is filled from elsewhere.
    pub host: Option<String>,
    pub port: Option<u16>,
}

/// A component that listens, or a protocol of one.
struct Listening {
    component: &'static str,
    /// The way to its block; empty: the component's own.
    way: &'static str,
    what: &'static str,
    udp: bool,
    /// 0: it has none.
    port: u16,
}

const fn listening(
    component: &'static str,
    way: &'static str,
    what: &'static str,
    udp: bool,
    port: u16,
) -> Listening {
    Listening { component, way, what, udp, port }
}

/// From the README of each component.
const LISTENING: [Listening; 18] = [
    listening("otlp", "protocols/grpc", "otlp by gRPC", false, 4317),
    listening("otlp", "protocols/http", "otlp by HTTP", false, 4318),
    listening("jaeger", "protocols/grpc", "jaeger by gRPC", false, 14250),
    listening("jaeger", "protocols/thrift_http", "jaeger by HTTP", false, 14268),
    listening("jaeger", "protocols/thrift_compact", "jaeger compact", true, 6831),
    listening("jaeger", "protocols/thrift_binary", "jaeger binary", true, 6832),
    listening("zipkin", "", "zipkin", false, 9411),
    listening("datadog", "", "datadog", false, 8126),
    listening("awsxray", "", "awsxray", true, 2000),
    listening("statsd", "", "statsd", true, 8125),
    listening("fluentforward", "", "fluentforward", false, 0),
    listening("splunk_hec", "", "splunk_hec", false, 8088),
    listening("webhookevent", "", "webhookevent", false, 0),
    listening("loki", "protocols/http", "loki by HTTP", false, 3500),
    listening("awsfirehose", "", "awsfirehose", false, 4433),
    listening("health_check", "", "health_check", false, 13133),
    listening("pprof", "", "pprof", false, 1777),
    listening("zpages", "", "zpages", false, 55679),
];

fn of_receiver<'a>(component: &str, view: &View<'a>) -> Vec<Listener<'a>> {
    let own = LISTENING.iter().filter(|own| own.component == component);
    let listeners = own.filter_map(|own| {
        let block = if own.way.is_empty() { view.clone() } else { view.at(own.way)? };
        Listener::read(&block, block.get("endpoint"), own)
    });
    listeners.collect()
}

impl<'a> Listener<'a> {
    fn read(view: &View<'a>, endpoint: Option<View<'a>>, own: &Listening) -> Option<Self> {
        let (what, udp, view) = (own.what, own.udp, view.clone());
        let Some(endpoint) = endpoint else {
            let port = Some(own.port).filter(|port| *port > 0);
            return Some(Self { what, udp, endpoint: None, view, host: Some("localhost".to_owned()), port });
        };
        let text = endpoint.text()?;
        let (host, port) = split_endpoint(text);
        Some(Self { what, udp, endpoint: Some(endpoint), view, host, port })
    }

    pub fn is_everywhere(&self) -> bool {
        matches!(self.host.as_deref(), Some("0.0.0.0" | "[::]" | "::" | ""))
    }

    pub fn is_local(&self) -> bool {
        matches!(self.host.as_deref(), Some("localhost" | "127.0.0.1" | "[::1]"))
    }
}

/// Host and port of `host:4317`; a host that is filled from elsewhere is not known, and neither is such a port.
pub fn split_endpoint(text: &str) -> (Option<String>, Option<u16>) {
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = if bare.starts_with("${") { bare } else { bare.split('/').next().unwrap_or(bare) };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port.parse().ok()),
        _ => (authority, None),
    };
    let known = super::view::is_literal(host);
    (known.then(|| host.to_owned()), port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn endpoints_come_apart() {
        for (text, host, port) in [
            ("0.0.0.0:4317", Some("0.0.0.0"), Some(4317)),
            ("${env:POD_IP}:4317", None, Some(4317)),
            ("${env:A:-b}", None, None),
            ("https://x.example/v1", Some("x.example"), None),
            ("[::]:1", Some("[::]"), Some(1)),
            (":4317", Some(""), Some(4317)),
            ("x:99999", Some("x"), None),
            ("", Some(""), None),
        ] {
            assert_eq!(split_endpoint(text), (host.map(str::to_owned), port), "{text}");
        }
    }

    #[test]
    fn a_collector_is_told_by_its_shape() {
        let read = |value| Collector::read(View::root(0, &value), None).is_some();
        assert!(read(json!({"receivers": {"otlp": null}, "service": {"pipelines": {"traces": {}}}})));
        assert!(read(json!({"receivers": {"a": null}, "exporters": {"b": null}, "service": {}})));
        assert!(read(json!({"service": {"pipelines": {"traces": {"receivers": ["otlp"]}}}})));
        for other in [
            json!(null),
            json!([1]),
            json!({"kind": "Deployment", "spec": {}}),
            json!({"service": {"port": 80}, "image": {}}),
            json!({"service": {"pipelines": [1]}}),
            json!({"receivers": {"a": null}}),
        ] {
            assert!(!read(other.clone()), "{other}");
        }
    }
}
