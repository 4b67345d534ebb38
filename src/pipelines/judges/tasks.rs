//! Tasks of ECS with a collector beside the program.

use crate::pipelines::finding::{Findings, Spot};
use crate::pipelines::rules;
use crate::pipelines::subjects::Subjects;
use crate::pipelines::workload::{Container, Platform, Workload};
use crate::source::short;

pub fn judge(subjects: &Subjects<'_>, found: &mut Findings) {
    for workload in subjects.workloads.iter().filter(|workload| workload.platform == Platform::Ecs) {
        let collectors = workload.containers.iter().filter(|container| container.is_collector());
        for collector in collectors {
            of_collector(collector, found);
            dependents(workload, collector, found);
            rights(workload, collector, subjects, found);
        }
    }
}

fn of_collector(collector: &Container<'_>, found: &mut Findings) {
    let name = short(&collector.name);
    if let Some(essential) = collector.view.get("essential").filter(|own| own.is_false()) {
        let text = format!("`{name}` is not essential: the task runs on without its telemetry when it dies");
        found.add(&rules::ECS, Spot::value(&essential), text, "write `\"essential\": true`");
    }
    if collector.view.get("logConfiguration").is_none() {
        let text = format!("`{name}` has no `logConfiguration`: what it says is lost");
        found.add(
            &rules::ECS,
            Spot::key(&collector.view),
            text,
            "add a `logConfiguration` with the driver `awslogs`",
        );
    }
    if collector.view.get("healthCheck").is_none() {
        let text = format!("`{name}` has no `healthCheck`: nobody can wait until it is ready");
        let help = "add `\"healthCheck\": {\"command\": [\"CMD\", \"/healthcheck\"]}`, and the extension `health_check`";
        found.add(&rules::ECS, Spot::key(&collector.view), text, help);
    }
}

fn dependents(workload: &Workload<'_>, collector: &Container<'_>, found: &mut Findings) {
    for container in workload.containers.iter().filter(|other| !other.is_collector()) {
        let waits = container.view.list("dependsOn");
        let on = waits
            .iter()
            .find(|wait| wait.get("containerName").and_then(|name| name.text()) == Some(&collector.name));
        let help = format!(
            "write `\"dependsOn\": [{{\"containerName\": \"{}\", \"condition\": \"HEALTHY\"}}]`",
            short(&collector.name)
        );
        match on {
            None => {
                let text = format!(
                    "`{}` doesn't wait for `{}`: its first telemetry is lost",
                    short(&container.name),
                    short(&collector.name)
                );
                found.add(&rules::ECS, Spot::key(&container.view), text, help);
            }
            Some(wait) => {
                let condition = wait.get("condition");
                if condition.as_ref().and_then(|own| own.literal()).is_some_and(|own| own != "HEALTHY") {
                    let spot = condition.as_ref().map_or_else(|| Spot::key(wait), Spot::value);
                    let text = format!(
                        "`{}` waits until `{}` has started, not until it is ready",
                        short(&container.name),
                        short(&collector.name)
                    );
                    found.add(&rules::ECS, spot, text, help);
                }
            }
        }
    }
}

/// Rights of a program are those of the task's role; the execution role is that of the agent that starts it.
fn rights(workload: &Workload<'_>, collector: &Container<'_>, subjects: &Subjects<'_>, found: &mut Findings) {
    let Some(execution) = workload.pod.get("executionRoleArn") else { return };
    let to_aws = ["awsxray", "awsemf", "awscloudwatchlogs"];
    let configured: Vec<_> = subjects
        .collectors
        .iter()
        .filter(|own| subjects.runners(own).iter().any(|(_, container)| std::ptr::eq(*container, collector)))
        .collect();
    // Without a configuration at hand it is the default of the image, which sends to X-Ray.
    let sends = match configured.is_empty() {
        true => collector.image_name().contains("aws-otel-collector"),
        false => configured.iter().any(|own| to_aws.iter().any(|of| !own.exporters(of).is_empty())),
    };
    if workload.pod.get("taskRoleArn").is_none() && sends {
        let text = "Only the execution role is named: the collector itself has no rights, and X-Ray refuses what it sends";
        let help = "add `taskRoleArn`, a role with the policy AWSXRayDaemonWriteAccess";
        found.add(&rules::ECS, Spot::value(&execution), text, help);
    }
}
