//! Whether receivers can be reached by those who send, and by nobody else; whether collectors are probed and limited.

use crate::diagnostic::Severity;
use crate::pipelines::collector::{Collector, Listener, type_of};
use crate::pipelines::finding::{Findings, Spot};
use crate::pipelines::rules;
use crate::pipelines::subjects::Subjects;
use crate::pipelines::view::View;
use crate::pipelines::workload::{Container, Platform, Workload};
use crate::source::short;

pub fn judge(subjects: &Subjects<'_>, found: &mut Findings) {
    for collector in &subjects.collectors {
        for listener in collector.listeners() {
            open(collector, &listener, subjects, found);
            unreachable(collector, &listener, subjects, found);
        }
        health(collector, subjects, found);
    }
    for (workload, container) in subjects.containers().filter(|(_, container)| container.is_collector()) {
        limited(workload, container, found);
        probed(workload, container, found);
    }
    for service in &subjects.services {
        ports(service, subjects, found);
    }
}

fn spot(listener: &Listener<'_>) -> Spot {
    listener.endpoint.as_ref().map_or_else(|| Spot::key(&listener.view), Spot::value)
}

/// Services that select a workload.
fn selecting<'s, 'a>(
    subjects: &'s Subjects<'a>,
    workload: &'s Workload<'a>,
) -> impl Iterator<Item = &'s View<'a>> {
    subjects.services.iter().filter(move |service| selects(service, workload))
}

fn selects(service: &View<'_>, workload: &Workload<'_>) -> bool {
    let Some(selector) = service.at("spec/selector").filter(View::is_map) else { return false };
    let mut wanted = selector.entries().peekable();
    wanted.peek().is_some()
        && workload.platform == Platform::Kubernetes
        && wanted
            .all(|(key, value)| value.scalar().is_some_and(|value| workload.labels.get(key) == Some(&value)))
}

fn open(collector: &Collector<'_>, listener: &Listener<'_>, subjects: &Subjects<'_>, found: &mut Findings) {
    if !listener.is_everywhere() {
        return;
    }
    let port = listener.port.map(u64::from);
    let exposed = subjects.runners(collector).into_iter().any(|(workload, container)| {
        let on_host = container.view.list("ports").iter().any(|own| {
            own.get("hostPort").is_some()
                && own.get("containerPort").and_then(|port| port.value.as_u64()) == port
        });
        let outside = |service: &View<'_>| {
            let of = service.at("spec/type").and_then(|of| of.text());
            matches!(of, Some("LoadBalancer" | "NodePort"))
        };
        let whole = workload.pod.get("hostNetwork").is_some_and(|own| own.is_true());
        on_host || whole || selecting(subjects, workload).any(outside)
    });
    let (severity, what) = match exposed {
        true => (Severity::Warning, "and is exposed beyond the pod: anybody who reaches the node may send"),
        false => (Severity::Advice, "more than its senders need"),
    };
    let text = format!("{} listens on all addresses, {what}", listener.what);
    let help = "write `${env:MY_POD_IP}:PORT` in a pod, `localhost:PORT` beside the sender";
    found.add(&rules::OPEN, spot(listener), text, help).severity(severity);
}

/// In a pod of its own, nobody reaches localhost. Beside the sender, it is what should be written.
fn unreachable(
    collector: &Collector<'_>,
    listener: &Listener<'_>,
    subjects: &Subjects<'_>,
    found: &mut Findings,
) {
    let receives = !matches!(listener.what, "health_check" | "pprof" | "zpages");
    if !listener.is_local() || !receives || !collector.is_deployed() {
        return;
    }
    // Before, the default was all addresses.
    if listener.endpoint.is_none() && subjects.is_before(collector, 104) {
        return;
    }
    let runners = subjects.runners(collector);
    let alone = |workload: &Workload<'_>, container: &Container<'_>| {
        let whole = workload.pod.get("hostNetwork").is_some_and(|own| own.is_true());
        let mode = workload.pod.get("networkMode").and_then(|mode| mode.text());
        let others = workload.containers.iter().any(|other| other.name != container.name);
        match workload.platform {
            Platform::Kubernetes => !whole && !others,
            Platform::Ecs => mode == Some("bridge"),
            Platform::Compose => true,
            Platform::CloudRun => false,
        }
    };
    if !runners.is_empty() && !runners.iter().any(|(workload, container)| alone(workload, container)) {
        return;
    }
    let default = if listener.endpoint.is_none() { ", the default since v0.104" } else { "" };
    let text = format!(
        "{} listens at localhost{default}: inside of a container nobody else reaches it",
        listener.what
    );
    let port = listener.port.unwrap_or_default();
    found.add(
        &rules::UNREACHABLE,
        spot(listener),
        text,
        format!("write `endpoint: ${{env:MY_POD_IP}}:{port}`"),
    );
}

fn probe<'a>(container: &Container<'a>) -> Option<View<'a>> {
    let keys = ["livenessProbe", "readinessProbe", "startupProbe", "healthCheck", "healthcheck"];
    keys.iter().find_map(|key| container.view.get(key))
}

fn health(collector: &Collector<'_>, subjects: &Subjects<'_>, found: &mut Findings) {
    if collector.is_open("extensions") {
        return;
    }
    let of_health = |id: &str| matches!(type_of(id), "health_check" | "healthcheckv2");
    let started = collector.extensions().into_iter().find(|own| of_health(own.id));
    let probed = subjects
        .runners(collector)
        .into_iter()
        .find_map(|(_, container)| Some((container.name.clone(), probe(container)?)));
    match (started, probed) {
        (None, probed) if collector.is_deployed() => {
            let service = collector.service();
            let at = service.as_ref().and_then(|service| service.get("extensions")).or(service);
            let spot = Spot::key(at.as_ref().unwrap_or(&collector.root));
            let text = "No extension `health_check` is started: nothing tells whether the collector is well";
            let help = "define `extensions: {health_check: {endpoint: …:13133}}`, and name it in `service.extensions`";
            let finding = found.add(&rules::HEALTH, spot, text, help);
            if let Some((name, probe)) = probed {
                finding.also(format!("`{}` is probed all the same", short(&name)), Spot::key(&probe));
            }
        }
        (Some(own), None) => {
            for (_, container) in subjects.runners(collector) {
                let text =
                    format!("`{}` answers, and nobody asks: the container has no probe", short(own.id));
                let help = "add a probe of port 13133 to the container";
                found
                    .add(&rules::HEALTH, Spot::value(&own.view), text, help)
                    .also("the container", Spot::key(&container.view));
            }
        }
        _ => {}
    }
}

fn limited(workload: &Workload<'_>, container: &Container<'_>, found: &mut Findings) {
    let own = match workload.platform {
        Platform::Kubernetes => container.view.at("resources/limits/memory"),
        Platform::Ecs => container.view.get("memory").or_else(|| container.view.get("memoryReservation")),
        Platform::CloudRun | Platform::Compose => return,
    };
    if own.is_none() {
        let (text, help) = match workload.platform {
            Platform::Ecs => ("has no memory of its own: it takes what the program needs", "set `memory`"),
            _ => ("has no memory limit: it takes what its neighbours need", "set `resources.limits.memory`"),
        };
        let text = format!("The collector `{}` {text}", short(&container.name));
        found.add(&rules::MEMORY, Spot::key(&container.view), text, help);
    }
}

fn probed(workload: &Workload<'_>, container: &Container<'_>, found: &mut Findings) {
    let once = matches!(workload.kind.as_str(), "Job" | "CronJob" | "Pod");
    if workload.platform != Platform::Kubernetes || once || probe(container).is_some() {
        return;
    }
    let text =
        format!("The collector `{}` has no probe: one that hangs is not restarted", short(&container.name));
    let help = "add `livenessProbe: {httpGet: {path: /, port: 13133}}`, and the extension `health_check`";
    found.add(&rules::PROBES, Spot::key(&container.view), text, help);
}

fn ports(service: &View<'_>, subjects: &Subjects<'_>, found: &mut Findings) {
    let runs = |collector: &&Collector<'_>| {
        let mut runners = subjects.runners(collector).into_iter();
        runners.any(|(workload, _)| selects(service, workload))
    };
    let collectors: Vec<&Collector<'_>> = subjects.collectors.iter().filter(runs).collect();
    let [collector] = collectors.as_slice() else { return };
    let listeners = collector.listeners();
    let known: Vec<u16> = listeners.iter().filter_map(|own| own.port).collect();
    // Telemetry of the collector itself, and components whose ports nobody told us.
    let of_other = |id: &str| {
        !["otlp", "jaeger", "zipkin", "hostmetrics", "host_metrics", "filelog"].contains(&type_of(id))
    };
    let open = collector.components("receivers").iter().any(|(id, _)| of_other(id));
    let names = |name: &str| {
        let containers = subjects.runners(collector).into_iter().map(|(_, container)| container);
        let ports: Vec<View<'_>> = containers.flat_map(|container| container.view.list("ports")).collect();
        let own = ports.iter().find(|port| port.get("name").and_then(|own| own.text()) == Some(name));
        own.and_then(|port| port.get("containerPort")?.value.as_u64())
    };
    let mut targets = Vec::new();
    for port in service.list("spec/ports") {
        let (Some(own), target) = (port.get("port"), port.get("targetPort")) else { continue };
        let target = target.unwrap_or(own);
        let number = target.value.as_u64().or_else(|| names(target.text()?));
        let Some(number) = number else { continue };
        targets.push(number);
        let listens = known.iter().any(|known| u64::from(*known) == number);
        if !listens && !open && number != 8888 {
            let text = format!("No receiver of the collector listens at port {number}");
            let known: Vec<String> = known.iter().map(u16::to_string).collect();
            found.add(
                &rules::PORT,
                Spot::value(&target),
                text,
                format!("ports that are listened at: {}", known.join(", ")),
            );
        }
    }
    let grpc = listeners.iter().find(|own| own.what == "otlp by gRPC");
    if let Some(port) = grpc.and_then(|own| own.port).filter(|port| !targets.contains(&u64::from(*port))) {
        let ports = service.at("spec/ports");
        let spot = Spot::key(ports.as_ref().unwrap_or(service));
        let text =
            format!("The Service does not lead to port {port}, where the collector takes OTLP by gRPC");
        found.add(&rules::PORT, spot, text, format!("add `{{name: otlp-grpc, port: {port}}}`"));
    }
}
