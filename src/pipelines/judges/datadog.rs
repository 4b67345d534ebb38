//! Collectors that send to Datadog or X-Ray: trace metrics, samples, hosts, regions.

use crate::diagnostic::Severity;
use crate::pipelines::collector::{Collector, Host, Named, Pipeline, type_of};
use crate::pipelines::finding::{Findings, Spot};
use crate::pipelines::rules;
use crate::pipelines::subjects::Subjects;
use crate::pipelines::view::View;
use crate::pipelines::watch::{Watch, is_trace_metric};
use crate::pipelines::workload::Platform;
use crate::source::short;

pub fn judge(subjects: &Subjects<'_>, watches: &[Watch], found: &mut Findings) {
    for collector in &subjects.collectors {
        trace_metrics(collector, subjects, watches, found);
        for pipeline in collector.of("traces") {
            sampled(collector, pipeline, found);
        }
        lost(collector, found);
        hosts(collector, subjects, found);
        xray(collector, subjects, found);
    }
    head(subjects, watches, found);
    unnamed(subjects, found);
}

/// The connector of Datadog.
fn is_connector(collector: &Collector<'_>, named: &Named<'_>) -> bool {
    named.is("datadog") && collector.component("connectors", named.id).is_some()
}

/// Monitors and objectives that read metrics of traces; the first stands for all of them.
fn reader(watches: &[Watch]) -> Option<(&Watch, &str)> {
    watches.iter().filter(|watch| watch.alerts()).find_map(|watch| {
        let mut reads = watch.reads.iter();
        Some((watch, reads.find_map(|read| read.metric().filter(|name| is_trace_metric(name)))?))
    })
}

fn trace_metrics(
    collector: &Collector<'_>,
    subjects: &Subjects<'_>,
    watches: &[Watch],
    found: &mut Findings,
) {
    let computes = collector
        .of("traces")
        .flat_map(|pipeline| &pipeline.exporters)
        .any(|own| is_connector(collector, own));
    if computes || subjects.is_before(collector, 95) || collector.is_open("connectors") {
        return;
    }
    for pipeline in collector.of("traces") {
        let sends =
            |own: &&Named<'_>| own.is("datadog") && collector.component("exporters", own.id).is_some();
        let Some(own) = pipeline.exporters.iter().find(sends) else { continue };
        let help = "define `connectors: {datadog/connector: {}}`; name it among the exporters of this pipeline and the receivers of a metrics pipeline that exports to `datadog`";
        let spot = Spot::value(&own.view);
        match reader(watches) {
            Some((watch, metric)) => {
                let text = format!(
                    "No pipeline computes trace metrics since v0.95, and `{}` reads `{}`: it stays silent",
                    watch.address,
                    short(metric)
                );
                let at = watch
                    .reads
                    .iter()
                    .find(|read| read.metric() == Some(metric))
                    .map_or("", |read| &read.pointer);
                found
                    .add(&rules::NO_TRACE_METRICS, spot, text, help)
                    .severity(Severity::Error)
                    .also(format!("`{}` reads it here", watch.address), watch.spot(at));
            }
            None => {
                let text = "These traces reach Datadog without their metrics: since v0.95 the exporter computes none";
                found.add(&rules::NO_TRACE_METRICS, spot, text, help);
            }
        }
    }
}

fn sampled(collector: &Collector<'_>, pipeline: &Pipeline<'_>, found: &mut Findings) {
    let Some(connector) = pipeline.exporters.iter().find(|own| is_connector(collector, own)) else { return };
    let samples =
        pipeline.processors.iter().find(|own| own.is("tail_sampling") || own.is("probabilistic_sampler"));
    if let Some(sampler) = samples {
        let text = format!(
            "`{}` samples before `{}`: the metrics are those of the sample",
            short(sampler.id),
            short(connector.id)
        );
        let help = "sample in a pipeline of its own that receives from the connector";
        found
            .add(&rules::SAMPLED, Spot::value(&sampler.view), text, help)
            .also("the connector", Spot::value(&connector.view));
    }
}

fn lost(collector: &Collector<'_>, found: &mut Findings) {
    for (id, view) in
        collector.components("connectors").into_iter().filter(|(id, _)| type_of(id) == "datadog")
    {
        let takes = collector.of("traces").flat_map(|pipeline| &pipeline.exporters).any(|own| own.id == id);
        let receives = |pipeline: &&Pipeline<'_>| pipeline.receivers.iter().any(|own| own.id == id);
        let flows: Vec<&Pipeline<'_>> = collector.of("metrics").filter(receives).collect();
        if !takes {
            continue;
        }
        let help = "add a metrics pipeline with `receivers: [datadog/connector]` and `exporters: [datadog]`";
        let own = !collector.exporters("datadog").is_empty();
        let Some(flow) = flows.first() else {
            let text =
                format!("No metrics pipeline receives from `{}`: the trace metrics are lost", short(id));
            found.add(&rules::LOST_METRICS, Spot::key(&view), text, help);
            continue;
        };
        let leads = |test: fn(&Collector<'_>, &str) -> bool| {
            flows.iter().flat_map(|flow| &flow.exporters).any(|named| test(collector, named.id))
        };
        if flow.exporters.is_empty() || leads(leads_there) || (leads(leads_on) && !own) {
            continue;
        }
        let exporters = flow.view.get("exporters");
        let spot = exporters.as_ref().map_or_else(|| Spot::key(&flow.view), Spot::value);
        let (words, severity) = match leads(leads_on) {
            true => ("go elsewhere, though this collector sends to Datadog itself", Severity::Warning),
            false => ("don't go to Datadog", Severity::Error),
        };
        let text = format!("The metrics of `{}` {words}", short(id));
        found
            .add(&rules::LOST_METRICS, spot, text, "name the exporter `datadog` in this pipeline")
            .severity(severity);
    }
}

/// Whether metrics reach Datadog straight, or may do so by another pipeline.
fn leads_there(collector: &Collector<'_>, id: &str) -> bool {
    let to_intake = |view: View<'_>| {
        view.texts().iter().any(|(_, text)| text.contains("datadoghq.") || text.contains("ddog-gov."))
    };
    type_of(id) == "datadog"
        || collector.component("connectors", id).is_some()
        || collector.component("exporters", id).is_some_and(to_intake)
}

/// Whether they may do so over another collector.
fn leads_on(_: &Collector<'_>, id: &str) -> bool {
    type_of(id) == "loadbalancing" || type_of(id).starts_with("otlp")
}

fn hosts(collector: &Collector<'_>, subjects: &Subjects<'_>, found: &mut Findings) {
    let runners = subjects.runners(collector);
    let is_gateway = runners
        .iter()
        .any(|(workload, _)| workload.platform == Platform::Kubernetes && workload.kind == "Deployment");
    for (id, view) in collector.exporters("datadog") {
        if is_gateway && view.get("hostname").is_none() {
            let text =
                format!("`{}` has no `hostname`: everything seems to come from the gateway's pod", short(id));
            let help = "set `hostname`, or let `resourcedetection` and `k8sattributes` set `host.name` at the senders";
            found.add(&rules::HOSTNAME, Spot::key(&view), text, help);
        }
        if let Some(off) = view.at("host_metadata/enabled").filter(View::is_false) {
            let text = "Hosts have no metadata in Datadog: no tags of the cloud, no place in the host map";
            found.add(
                &rules::HOSTNAME,
                Spot::value(&off),
                text,
                "take `enabled: false` out, unless an Agent runs on each host",
            );
        }
    }
}

fn xray(collector: &Collector<'_>, subjects: &Subjects<'_>, found: &mut Findings) {
    let runners = subjects.runners(collector);
    let on_aws = runners.iter().any(|(workload, _)| workload.platform == Platform::Ecs)
        || matches!(collector.host, Some(Host::Variable(..)));
    let has_region = runners
        .iter()
        .any(|(_, container)| container.has("AWS_REGION") || container.has("AWS_DEFAULT_REGION"));
    for (id, view) in collector.exporters("awsxray") {
        if view.get("region").is_none() && collector.is_deployed() && !on_aws && !has_region {
            let text = format!(
                "`{}` has no region, and the container no AWS_REGION: it is asked of the instance, if there is one",
                short(id)
            );
            found.add(
                &rules::XRAY_REGION,
                Spot::key(&view),
                text,
                "set `region: ${env:AWS_REGION}`, and the variable",
            );
        }
        if let Some(all) = view.get("index_all_attributes").filter(View::is_true) {
            let text = "All attributes become annotations: X-Ray keeps 50 of a trace, by chance";
            found.add(
                &rules::XRAY_REGION,
                Spot::value(&all),
                text,
                "list those that are searched in `indexed_attributes`",
            );
        }
        let is_old =
            |(of_aws, version): &(bool, (u32, u32))| *version < if *of_aws { (0, 34) } else { (0, 86) };
        if subjects.releases(collector).iter().any(is_old) {
            let text = format!(
                "`{}` of this release refuses W3C trace ids: programs need an id generator for X-Ray",
                short(id)
            );
            found.add(
                &rules::XRAY_IDS,
                Spot::key(&view),
                text,
                "use the collector 0.86 (ADOT 0.34) or later",
            );
        }
    }
}

fn head(subjects: &Subjects<'_>, watches: &[Watch], found: &mut Findings) {
    let Some((watch, metric)) = reader(watches) else { return };
    for (_, container) in subjects.containers() {
        let Some(own) = container.variable("OTEL_TRACES_SAMPLER") else { continue };
        if own.literal().is_some_and(|text| text.ends_with("traceidratio")) {
            let text = format!(
                "`{}` samples at the head: `{}` reads `{}` of the sample alone",
                short(&container.name),
                watch.address,
                short(metric)
            );
            let help = "sample behind the datadog connector, or compare rates and not counts";
            found.add(&rules::HEAD, Spot::value(&own.view), text, help);
        }
    }
}

/// What telemetry says of itself by the conventions: attribute, other ways to say it.
const NAMES: [(&str, &[&str], &str); 3] = [
    ("service.name", &["OTEL_SERVICE_NAME", "DD_SERVICE"], "tags.datadoghq.com/service"),
    ("deployment.environment.name", &["DD_ENV"], "tags.datadoghq.com/env"),
    ("service.version", &["DD_VERSION"], "tags.datadoghq.com/version"),
];

/// Programs that send OTLP and don't say of what service, environment and version they are.
fn unnamed(subjects: &Subjects<'_>, found: &mut Findings) {
    let sets = |name: &str| {
        subjects.collectors.iter().flat_map(|collector| collector.components("processors")).any(
            |(_, view)| {
                view.texts()
                    .iter()
                    .any(|(_, text)| text.contains(name) || text.contains("deployment.environment"))
            },
        )
    };
    for (workload, container) in subjects.containers() {
        let sends = container.variables.iter().any(|own| own.name.starts_with("OTEL_EXPORTER_OTLP_"));
        if !sends || container.is_open || container.is_collector() || container.is_sidecar() {
            continue;
        }
        let listed = match container.variable("OTEL_RESOURCE_ATTRIBUTES") {
            None => String::new(),
            Some(own) => match own.literal() {
                Some(text) => text,
                // It is filled from elsewhere.
                None => continue,
            },
        };
        let says = |name: &str| listed.split(',').any(|pair| pair.trim().starts_with(&format!("{name}=")));
        let missing: Vec<String> = NAMES
            .iter()
            .filter(|(name, variables, label)| {
                let old =
                    *name == "deployment.environment.name" && (says("deployment.environment") || sets(name));
                !says(name)
                    && !old
                    && !variables.iter().any(|variable| container.has(variable))
                    && !workload.labels.contains_key(*label)
            })
            .map(|(name, ..)| format!("`{name}`"))
            .collect();
        if !missing.is_empty() {
            let text = format!("The telemetry of `{}` has no {}", short(&container.name), missing.join(", "));
            let help = "set `OTEL_SERVICE_NAME`, and `OTEL_RESOURCE_ATTRIBUTES` to `deployment.environment.name=…,service.version=…`";
            let env = container.view.get("env").or_else(|| container.view.get("environment"));
            found.add(&rules::ATTRIBUTE, Spot::key(env.as_ref().unwrap_or(&container.view)), text, help);
        }
    }
}
