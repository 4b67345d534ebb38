//! Settings that are needed: without them a component or a container does not start.

use crate::pipelines::collector::{Host, type_of};
use crate::pipelines::finding::{Findings, Spot};
use crate::pipelines::rules;
use crate::pipelines::subjects::Subjects;
use crate::pipelines::view::View;
use crate::pipelines::workload::{Platform, Workload};
use crate::source::short;

/// Of components: section, types, way to the block, settings of which one is needed.
const OF_COMPONENTS: [(&str, &str, &str, &str); 9] = [
    ("receivers", "otlp", "", "protocols"),
    ("processors", "tail_sampling", "", "policies"),
    ("processors", "resource", "attributes/*", "key pattern"),
    ("processors", "resource", "attributes/*", "action"),
    ("processors", "attributes", "actions/*", "key pattern"),
    ("processors", "attributes", "actions/*", "action"),
    ("exporters", "otlp otlp_grpc", "", "endpoint"),
    (
        "exporters",
        "otlphttp otlp_http",
        "",
        "endpoint traces_endpoint metrics_endpoint logs_endpoint profiles_endpoint",
    ),
    ("exporters", "datadog", "", "api"),
];

/// Of manifests of Kubernetes and Cloud Run, by the way in a container.
const OF_CONTAINERS: [(&str, &str); 6] = [
    ("", "name"),
    ("env/*", "name"),
    ("env/*/valueFrom/secretKeyRef", "name"),
    ("env/*/valueFrom/secretKeyRef", "key"),
    ("env/*/valueSource/secretKeyRef", "secret"),
    ("volumeMounts/*", "name"),
];

/// Of a container of a task.
const OF_TASKS: [(&str, &str); 10] = [
    ("", "name"),
    ("", "image"),
    ("environment/*", "name"),
    ("secrets/*", "name"),
    ("secrets/*", "valueFrom"),
    ("dependsOn/*", "containerName"),
    ("dependsOn/*", "condition"),
    ("healthCheck", "command"),
    ("logConfiguration", "logDriver"),
    ("logConfiguration/options", "awslogs-group"),
];

pub fn judge(subjects: &Subjects<'_>, found: &mut Findings) {
    for collector in &subjects.collectors {
        for (section, types, way, one_of) in OF_COMPONENTS {
            for (id, view) in collector.components(section) {
                // What is left out here may stand in another part of the configuration.
                let whole = !subjects.fragments.contains(id);
                if whole && types.split(' ').any(|own| own == type_of(id)) {
                    needed(&view, way, one_of, &format!("`{}`", short(id)), found);
                }
            }
        }
        // The operator of Datadog fills it in.
        for (id, view) in collector.exporters("datadog") {
            if collector.host != Some(Host::Resource) && !subjects.fragments.contains(id) {
                needed(&view, "api", "key", &format!("`{}`", short(id)), found);
            }
        }
    }
    for workload in &subjects.workloads {
        of_workload(workload, found);
    }
}

fn of_workload(workload: &Workload<'_>, found: &mut Findings) {
    let table: &[(&str, &str)] = match workload.platform {
        Platform::Kubernetes | Platform::CloudRun => &OF_CONTAINERS,
        Platform::Ecs => &OF_TASKS,
        Platform::Compose => &[],
    };
    for container in &workload.containers {
        let name = if container.name.is_empty() { "the container" } else { &container.name };
        for (way, one_of) in table {
            if *one_of == "awslogs-group"
                && container.view.at("logConfiguration/logDriver").and_then(|own| own.text())
                    != Some("awslogs")
            {
                continue;
            }
            needed(&container.view, way, one_of, &format!("`{}`", short(name)), found);
        }
        if workload.platform == Platform::CloudRun {
            needed(&container.view, "", "image", &format!("`{}`", short(name)), found);
        }
    }
    if workload.platform == Platform::Ecs {
        needed(&workload.pod, "", "family", "The task definition", found);
    }
}

/// Reports each block at the end of a way that has none of the settings.
fn needed(view: &View<'_>, way: &str, one_of: &str, whose: &str, found: &mut Findings) {
    for block in view.all(way) {
        let empty = block.value.is_null() || block.is_map();
        if empty && !one_of.split(' ').any(|key| block.get(key).is_some()) {
            let first = one_of.split(' ').next().unwrap_or_default();
            let place = way.split('/').rfind(|step| *step != "*" && !step.is_empty());
            let within = place.map(|place| format!(" of its `{place}`")).unwrap_or_default();
            let text = format!("{whose} lacks the `{first}`{within}: it is refused");
            found.add(&rules::MISSING, Spot::key(&block), text, format!("add `{first}`"));
        }
    }
}
