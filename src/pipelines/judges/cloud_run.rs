//! Services of Cloud Run with Datadog's sidecar.

use serde_json::Value;

use crate::diagnostic::Severity;
use crate::pipelines::finding::{Findings, Spot};
use crate::pipelines::judges::secrecy::holds_key;
use crate::pipelines::rules;
use crate::pipelines::subjects::Subjects;
use crate::pipelines::view::{View, is_literal};
use crate::pipelines::workload::{Container, Platform, Variable, Workload};
use crate::source::short;

pub fn judge(subjects: &Subjects<'_>, found: &mut Findings) {
    for workload in subjects.workloads.iter().filter(|workload| workload.platform == Platform::CloudRun) {
        for container in &workload.containers {
            empty(container, found);
        }
        let sidecar = workload.containers.iter().find(|container| container.is_sidecar());
        match sidecar {
            // The old way: the program is wrapped by it, in one container.
            None => workload.containers.iter().for_each(|container| key(container, found)),
            Some(sidecar) => {
                key(sidecar, found);
                if workload.containers.len() > 1 {
                    environment(sidecar, found);
                    let apps = workload.containers.iter().filter(|container| !container.is_sidecar());
                    let apps: Vec<&Container<'_>> = apps.collect();
                    tags(workload, sidecar, &apps, found);
                    volume(workload, sidecar, &apps, found);
                    start(workload, sidecar, &apps, found);
                }
            }
        }
    }
}

fn empty(container: &Container<'_>, found: &mut Findings) {
    for own in &container.variables {
        let nothing = own.value.as_ref().is_none_or(|value| value.value.is_null());
        if nothing && !own.is_sourced {
            let text = format!(
                "`{}` has neither a value nor a source: the program starts without it",
                short(own.name)
            );
            let help = "write `value`, or `valueFrom: {secretKeyRef: …}` (Terraform: `value_source`, which modules have lost)";
            found.add(&rules::EMPTY_VARIABLE, Spot::value(&own.view), text, help);
        }
    }
}

fn key(container: &Container<'_>, found: &mut Findings) {
    let written = |own: &&Variable<'_>| {
        own.value.as_ref().is_some_and(|value| value.scalar().is_some_and(|text| !text.is_empty()))
    };
    if let Some(own) = container.variable("DD_API_KEY").filter(written)
        && own.literal().is_some_and(|text| !holds_key(&text))
    {
        let value = own.value.as_ref().unwrap_or(&own.view);
        let help =
            "write `valueFrom: {secretKeyRef: {name: …, key: latest}}`, or `valueSource` in the API's JSON";
        found
            .add(
                &rules::SIDECAR,
                Spot::value(value),
                "`DD_API_KEY` is written here, readable by whoever reads the service",
                help,
            )
            .hidden();
    }
}

fn environment(sidecar: &Container<'_>, found: &mut Findings) {
    for (name, what) in [
        ("DD_API_KEY", "nothing is sent"),
        ("DD_SITE", "everything goes to datadoghq.com"),
        ("DD_SERVERLESS_LOG_PATH", "it finds no logs"),
    ] {
        if !sidecar.has(name) {
            let text = format!("The sidecar `{}` has no `{name}`: {what}", short(&sidecar.name));
            let help = match name {
                "DD_API_KEY" => "add it with `valueFrom: {secretKeyRef: {name: …, key: latest}}`".to_owned(),
                "DD_SITE" => "add the site of your organisation: `datadoghq.eu`".to_owned(),
                _ => "add `/shared-volume/logs/*.log`, a path on the volume that both mount".to_owned(),
            };
            let list = sidecar.view.get("env");
            found.add(&rules::SIDECAR, Spot::key(list.as_ref().unwrap_or(&sidecar.view)), text, help);
        }
    }
}

fn tags(workload: &Workload<'_>, sidecar: &Container<'_>, apps: &[&Container<'_>], found: &mut Findings) {
    let said = |container: &Container<'_>| container.variable("DD_SERVICE").and_then(Variable::literal);
    let all = || apps.iter().copied().chain([sidecar]);
    // A helper without a port, a proxy say, need not be traced.
    let main =
        |container: &Container<'_>| container.is_sidecar() || takes_requests(container) || apps.len() == 1;
    for container in all().filter(|container| main(container)) {
        let spot = || Spot::key(container.view.get("env").as_ref().unwrap_or(&container.view));
        if !container.has("DD_SERVICE") {
            let text =
                format!("`{}` has no `DD_SERVICE`: its telemetry is that of nobody", short(&container.name));
            found.add(&rules::SIDECAR_TAGS, spot(), text, "set the same one for program and sidecar");
        }
        if !container.has("DD_LOGS_INJECTION") {
            let text = format!(
                "`{}` has no `DD_LOGS_INJECTION`: logs and traces are not joined",
                short(&container.name)
            );
            found.add(
                &rules::SIDECAR_TAGS,
                spot(),
                text,
                "set `DD_LOGS_INJECTION` to `true` for program and sidecar",
            );
        }
    }
    let own = said(sidecar);
    for app in apps {
        if let (Some(one), Some(other), Some(at)) = (&own, said(app), app.variable("DD_SERVICE"))
            && *one != other
        {
            let text = format!(
                "`{}` is the service `{}`, and its sidecar `{}`",
                short(&app.name),
                short(&other),
                short(one)
            );
            let also = sidecar.variable("DD_SERVICE").map(|own| Spot::value(&own.view));
            let finding = found.add(
                &rules::SIDECAR_TAGS,
                Spot::value(at.value.as_ref().unwrap_or(&at.view)),
                text,
                "set the same one for both",
            );
            if let Some(also) = also {
                finding.also("that of the sidecar", also);
            }
        }
    }
    if let (Some(label), Some(own), Some(at)) =
        (workload.labels.get("service"), &own, sidecar.variable("DD_SERVICE"))
        && label != own
        && is_literal(label)
    {
        let text = format!("The label `service` is `{}`, and `DD_SERVICE` is `{}`", short(label), short(own));
        found.add(
            &rules::SIDECAR_TAGS,
            Spot::value(at.value.as_ref().unwrap_or(&at.view)),
            text,
            "let them be the same: Datadog joins metrics of Cloud Run by the label",
        );
    }
}

fn takes_requests(container: &Container<'_>) -> bool {
    !container.view.list("ports").is_empty()
}

/// Volumes in memory, by their names.
fn in_memory<'a>(workload: &Workload<'a>) -> Vec<&'a str> {
    let volumes = workload.pod.list("volumes").into_iter();
    let fits = volumes.filter(|volume| {
        let medium = volume.get("emptyDir").and_then(|own| own.get("medium")?.text());
        medium.is_some_and(|medium| medium.eq_ignore_ascii_case("memory"))
    });
    fits.filter_map(|volume| volume.get("name")?.text()).collect()
}

fn mount<'a>(container: &Container<'a>, names: &[&str]) -> Option<(&'a str, &'a str, View<'a>)> {
    let mounts = container.view.list("volumeMounts").into_iter();
    mounts
        .filter_map(|mount| Some((mount.get("name")?.text()?, mount.get("mountPath")?.text()?, mount)))
        .find(|(name, ..)| names.contains(name))
}

fn volume(workload: &Workload<'_>, sidecar: &Container<'_>, apps: &[&Container<'_>], found: &mut Findings) {
    let names = in_memory(workload);
    let own = mount(sidecar, &names);
    const HELP: &str = "add `volumes: [{name: shared-volume, emptyDir: {medium: Memory, sizeLimit: 512Mi}}]`, and mount it in both containers";
    let Some((name, path, _)) = &own else {
        let mounts = sidecar.view.get("volumeMounts");
        let text = format!(
            "The sidecar `{}` mounts no volume in memory: it can't read the program's logs",
            short(&sidecar.name)
        );
        found.add(&rules::SIDECAR_VOLUME, Spot::key(mounts.as_ref().unwrap_or(&sidecar.view)), text, HELP);
        return;
    };
    if !apps.iter().any(|app| mount(app, &[name]).is_some())
        && let Some(app) = apps.iter().find(|app| takes_requests(app)).or(apps.first())
    {
        let mounts = app.view.get("volumeMounts");
        let text = format!(
            "`{}` doesn't mount `{}`, where the sidecar looks for its logs",
            short(&app.name),
            short(name)
        );
        found.add(&rules::SIDECAR_VOLUME, Spot::key(mounts.as_ref().unwrap_or(&app.view)), text, HELP);
    }
    for container in apps.iter().copied().chain([sidecar]) {
        let Some(log) = container.variable("DD_SERVERLESS_LOG_PATH") else { continue };
        let below = |text: &str, path: &str| {
            text.strip_prefix(path.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
        };
        let mounted = mount(container, &[name]).map_or(*path, |(_, path, _)| path);
        if let Some(text) = log.literal().filter(|text| !below(text, mounted)) {
            let words = format!(
                "`{}` is not below `{}`, where the volume is mounted: no log is found",
                short(&text),
                short(mounted)
            );
            found.add(
                &rules::SIDECAR_VOLUME,
                Spot::value(log.value.as_ref().unwrap_or(&log.view)),
                words,
                format!("write `{}/logs/*.log`", short(mounted.trim_end_matches('/'))),
            );
        }
    }
}

fn start(workload: &Workload<'_>, sidecar: &Container<'_>, apps: &[&Container<'_>], found: &mut Findings) {
    let with_ports: Vec<&Container<'_>> =
        workload.containers.iter().filter(|own| takes_requests(own)).collect();
    match with_ports.as_slice() {
        [] if workload.kind != "Job" && workload.kind != "WorkerPool" => {
            let list = workload.pod.get("containers");
            let text = "No container has `ports`: Cloud Run doesn't know which one takes requests, and refuses the service";
            found.add(
                &rules::SIDECAR_START,
                Spot::key(list.as_ref().unwrap_or(&workload.pod)),
                text,
                "write `ports: [{containerPort: 8080}]` for the program",
            );
        }
        [_, second, ..] => {
            let wrong = with_ports.iter().find(|own| own.is_sidecar()).unwrap_or(second);
            let ports = wrong.view.get("ports");
            let text = format!(
                "`{}` is a second container with `ports`: Cloud Run refuses the service",
                short(&wrong.name)
            );
            found.add(
                &rules::SIDECAR_START,
                Spot::key(ports.as_ref().unwrap_or(&wrong.view)),
                text,
                "leave `ports` to the program alone",
            );
        }
        _ => {}
    }
    let waits = apps.iter().any(|app| depends(workload, app, &sidecar.name));
    if let Some(app) = apps.iter().find(|app| takes_requests(app)).or(apps.first()).filter(|_| !waits) {
        let text = format!(
            "`{}` doesn't wait for `{}`: what it sends at its start is lost",
            short(&app.name),
            short(&sidecar.name)
        );
        let help = format!(
            "write `dependsOn: [{0}]` (API), or the annotation `run.googleapis.com/container-dependencies: '{{\"{1}\":[\"{0}\"]}}'`",
            short(&sidecar.name),
            short(&app.name)
        );
        found.add(&rules::SIDECAR_START, Spot::key(&app.view), text, help).severity(Severity::Warning);
    }
    probe(sidecar, found);
}

fn depends(workload: &Workload<'_>, app: &Container<'_>, sidecar: &str) -> bool {
    let listed = app.view.list("dependsOn").iter().any(|own| own.text() == Some(sidecar));
    let annotation = workload.root.at("spec/template/metadata/annotations");
    let annotation = annotation.and_then(|all| all.get("run.googleapis.com/container-dependencies"));
    let read = annotation
        .as_ref()
        .and_then(|own| own.text())
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    let names = read.as_ref().and_then(|read| read.get(&app.name)).and_then(Value::as_array);
    let unknown = annotation.as_ref().and_then(|own| own.text()).is_some_and(|text| !is_literal(text));
    listed || unknown || names.is_some_and(|names| names.iter().any(|name| name.as_str() == Some(sidecar)))
}

/// Where the sidecar answers unless `DD_HEALTH_PORT` says otherwise: it has no default, and 5555 is what the guides set.
fn probe(sidecar: &Container<'_>, found: &mut Findings) {
    let health = sidecar.variable("DD_HEALTH_PORT").and_then(Variable::literal);
    let probe = sidecar.view.get("startupProbe");
    let tcp = probe.as_ref().and_then(|probe| probe.get("tcpSocket"));
    let port = tcp.as_ref().and_then(|tcp| tcp.get("port"));
    let help = "write `startupProbe: {tcpSocket: {port: 5555}}`, and `DD_HEALTH_PORT: \"5555\"`";
    let Some(port) = port else {
        let text = format!(
            "The sidecar `{}` has no startup probe by TCP: the program starts before it is ready",
            short(&sidecar.name)
        );
        let spot = Spot::key(probe.as_ref().unwrap_or(&sidecar.view));
        found.add(&rules::SIDECAR_START, spot, text, help).severity(Severity::Warning);
        return;
    };
    let Some(asked) = port.scalar() else { return };
    let text = match health {
        Some(health) if health != asked => {
            format!("The probe asks port {}, and the sidecar answers at {}", short(&asked), short(&health))
        }
        None if !sidecar.has("DD_HEALTH_PORT") => {
            format!("The probe asks port {}, and `DD_HEALTH_PORT` is not set: nothing answers", short(&asked))
        }
        _ => return,
    };
    found.add(&rules::SIDECAR_START, Spot::value(&port), text, help).severity(Severity::Warning);
}
