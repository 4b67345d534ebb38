//! Settings that look like known ones: of collectors, workloads, tasks and functions. What doesn't is left alone, since
//! lists age.

use crate::diagnostic::did_you_mean;
use crate::pipelines::collector::{SECTIONS, type_of};
use crate::pipelines::components::{PIPELINE, SERVICE, SETTINGS, TELEMETRY, TOP};
use crate::pipelines::finding::{Findings, Spot};
use crate::pipelines::rules;
use crate::pipelines::subjects::Subjects;
use crate::pipelines::view::View;
use crate::pipelines::workload::{Platform, Workload};
use crate::source::short;

/// A document of Kubernetes or Cloud Run.
const MANIFEST: &str = "apiVersion kind metadata spec status data stringData binaryData immutable type";
/// What a spec, a template, a pod and a container have; of Cloud Run, too.
const SPEC: &str = "selector template replicas strategy updateStrategy minReadySeconds revisionHistoryLimit paused \
    progressDeadlineSeconds serviceName volumeClaimTemplates traffic podManagementPolicy";
const TEMPLATE: &str = "metadata spec";
const POD: &str = "containers initContainers volumes serviceAccountName serviceAccount restartPolicy nodeSelector tolerations \
    affinity hostNetwork dnsPolicy securityContext terminationGracePeriodSeconds priorityClassName imagePullSecrets \
    topologySpreadConstraints containerConcurrency timeoutSeconds hostPID hostIPC automountServiceAccountToken hostAliases \
    schedulerName runtimeClassName enableServiceLinks shareProcessNamespace subdomain hostname overhead nodeName";
const CONTAINER: &str = "name image command args env envFrom ports resources volumeMounts livenessProbe readinessProbe startupProbe \
    imagePullPolicy securityContext lifecycle workingDir dependsOn terminationMessagePath terminationMessagePolicy tty stdin \
    volumeDevices restartPolicy stdinOnce resizePolicy baseImageUri buildInfo sourceCode";
const VARIABLE: &str = "name value valueFrom valueSource";
const VOLUME: &str = "name configMap secret emptyDir hostPath persistentVolumeClaim projected downwardAPI csi nfs ephemeral cloudSqlInstance gcs";
/// A task definition, and a container of one.
const TASK: &str = "family networkMode taskRoleArn executionRoleArn containerDefinitions volumes placementConstraints \
    requiresCompatibilities cpu memory tags pidMode ipcMode proxyConfiguration inferenceAccelerators ephemeralStorage \
    runtimePlatform enableFaultInjection taskDefinitionArn revision status requiresAttributes compatibilities registeredAt \
    registeredBy deregisteredAt";
const TASK_CONTAINER: &str = "name image repositoryCredentials cpu memory memoryReservation links portMappings essential \
    restartPolicy entryPoint command environment environmentFiles mountPoints volumesFrom linuxParameters secrets dependsOn \
    startTimeout stopTimeout versionConsistency hostname user workingDirectory disableNetworking privileged \
    readonlyRootFilesystem dnsServers dnsSearchDomains extraHosts dockerSecurityOptions interactive pseudoTerminal \
    dockerLabels ulimits logConfiguration healthCheck systemControls resourceRequirements firelensConfiguration credentialSpecs";
/// A function, as the API shows it.
const FUNCTION: &str = "FunctionName FunctionArn Runtime Role Handler CodeSize Description Timeout MemorySize LastModified CodeSha256 \
    Version VpcConfig DeadLetterConfig Environment KMSKeyArn TracingConfig MasterArn RevisionId Layers State StateReason \
    StateReasonCode LastUpdateStatus LastUpdateStatusReason LastUpdateStatusReasonCode FileSystemConfigs PackageType \
    ImageConfigResponse ImageConfig SigningProfileVersionArn SigningJobArn Architectures EphemeralStorage SnapStart \
    RuntimeVersionConfig LoggingConfig Code Tags";
/// Variables of Datadog's layers and sidecars that others are taken for.
const VARIABLES: &str = "DD_API_KEY DD_API_KEY_SECRET_ARN DD_API_KEY_SSM_ARN DD_KMS_API_KEY DD_SITE DD_ENV DD_SERVICE DD_VERSION DD_TAGS \
    DD_LAMBDA_HANDLER DD_TRACE_ENABLED DD_TRACE_SAMPLE_RATE DD_LOGS_INJECTION DD_SERVERLESS_LOGS_ENABLED DD_SERVERLESS_LOG_PATH \
    DD_HEALTH_PORT DD_PROFILING_ENABLED DD_CAPTURE_LAMBDA_PAYLOAD DD_MERGE_XRAY_TRACES DD_FLUSH_TO_LOG DD_LOG_LEVEL \
    DD_ENHANCED_METRICS DD_EXTENSION_VERSION DD_COLD_START_TRACING DD_APPSEC_ENABLED DD_SERVERLESS_APPSEC_ENABLED \
    AWS_LAMBDA_EXEC_WRAPPER GOMEMLIMIT OTEL_SERVICE_NAME OTEL_RESOURCE_ATTRIBUTES OTEL_TRACES_SAMPLER OTEL_TRACES_SAMPLER_ARG \
    OTEL_EXPORTER_OTLP_ENDPOINT OTEL_EXPORTER_OTLP_HEADERS OTEL_EXPORTER_OTLP_PROTOCOL OTEL_PROPAGATORS \
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE AOT_CONFIG_CONTENT DD_AGENT_HOST \
    DD_DOGSTATSD_PORT DD_TRACE_AGENT_PORT DD_TRACE_AGENT_URL DD_URL DD_APP_KEY DD_DOGSTATSD_URL DD_LOGS_ENABLED DD_APM_ENABLED";

/// Blocks of components: way in any exporter, and its settings. From the packages `configretry`, `exporterhelper`, `configtls`.
const OF_EXPORTERS: [(&str, &str); 3] = [
    (
        "retry_on_failure",
        "enabled initial_interval randomization_factor multiplier max_interval max_elapsed_time",
    ),
    (
        "sending_queue",
        "enabled num_consumers queue_size storage sizer block_on_overflow wait_for_result batch",
    ),
    (
        "tls",
        "insecure insecure_skip_verify ca_file ca_pem cert_file cert_pem key_file key_pem min_version max_version cipher_suites \
         server_name_override reload_interval include_system_ca_certs_pool curve_preferences tpm",
    ),
];
/// Further blocks of a configuration, by their ways.
const OF_COLLECTORS: [(&str, &str); 4] = [
    (
        "service/telemetry/logs",
        "level development encoding disable_caller disable_stacktrace sampling output_paths error_output_paths initial_fields \
         processors disabled",
    ),
    ("service/telemetry/metrics", "level readers address views"),
    ("processors/resource/attributes/*", ACTION),
    ("processors/attributes/actions/*", ACTION),
];
const ACTION: &str = "key value action from_attribute from_context pattern converted_type default_value";
/// Blocks of a container of Kubernetes or Cloud Run.
const OF_CONTAINERS: [(&str, &str); 4] = [
    ("ports/*", "name containerPort hostPort hostIP protocol"),
    ("env/*/valueFrom", "secretKeyRef configMapKeyRef fieldRef resourceFieldRef fileKeyRef"),
    ("env/*/valueFrom/secretKeyRef", "name key optional"),
    ("env/*/valueSource/secretKeyRef", "secret version"),
];
/// Blocks of a container of a task.
const OF_TASKS: [(&str, &str); 5] = [
    ("dependsOn/*", "containerName condition"),
    ("secrets/*", "name valueFrom"),
    ("healthCheck", "command interval timeout retries startPeriod"),
    ("logConfiguration", "logDriver options secretOptions"),
    (
        "logConfiguration/options",
        "awslogs-group awslogs-region awslogs-stream-prefix awslogs-create-group awslogs-datetime-format \
         awslogs-multiline-pattern mode max-buffer-size",
    ),
];

fn blocks(view: &View<'_>, table: &[(&str, &str)], of: &str, found: &mut Findings) {
    for (way, keys) in table {
        let name = way.split('/').rfind(|step| *step != "*").unwrap_or(way);
        for block in view.all(way) {
            misspelled(&block, keys, &format!("of `{name}`{of}"), found);
        }
    }
}

pub fn judge(subjects: &Subjects<'_>, found: &mut Findings) {
    collectors(subjects, found);
    for root in &subjects.roots {
        shapes(root, found);
    }
    for workload in &subjects.workloads {
        of_workload(workload, found);
    }
    for function in &subjects.functions {
        misspelled(&function.view, FUNCTION, "of a function", found);
        blocks(&function.view, &[("TracingConfig", "Mode"), ("Layers/*", "Arn CodeSize")], "", found);
        for (key, entry) in function.variables.iter().flat_map(View::entries) {
            variable(key, Spot::key(&entry), &|name| function.variable(name).is_some(), found);
        }
    }
}

/// Keys that are not known and look like one that is, and that is not there itself.
fn misspelled(view: &View<'_>, known: &str, of: &str, found: &mut Findings) {
    let known: Vec<&str> = known.split_whitespace().collect();
    for (key, entry) in view.entries().filter(|(key, _)| !known.contains(key)) {
        let absent = known.iter().copied().filter(|known| view.get(known).is_none() && near(key, known));
        if let Some(meant) = did_you_mean(key, absent) {
            let text = format!("There is no setting `{}` {of}: it is refused, or passed over", short(key));
            found.add(&rules::SETTING, Spot::key(&entry), text, format!("did you mean `{meant}`?"));
        }
    }
}

/// Short words are alike by chance: of them no more than one letter may differ.
fn near(key: &str, known: &str) -> bool {
    key.chars().count() > 5 || strsim::damerau_levenshtein(key, known) <= 1
}

fn variable(name: &str, spot: Spot, is_set: &dyn Fn(&str) -> bool, found: &mut Findings) {
    let mut known = VARIABLES.split_whitespace();
    let ours = ["DD_", "OTEL_", "DDX", "AWS_LAMBDA_EX", "GOMEM"].iter().any(|start| name.starts_with(start));
    if !ours || known.any(|known| known == name) {
        return;
    }
    // Datadog has hundreds of them: no more than one letter may differ.
    let slip = |known: &&str| strsim::damerau_levenshtein(name, known) == 1 && !is_set(known);
    if let Some(meant) = VARIABLES.split_whitespace().find(slip) {
        let text = format!("Nobody reads the variable `{}`", short(name));
        found.add(&rules::SETTING, spot, text, format!("did you mean `{meant}`?"));
    }
}

fn collectors(subjects: &Subjects<'_>, found: &mut Findings) {
    for collector in &subjects.collectors {
        misspelled(&collector.root, &TOP.join(" "), "of a configuration", found);
        if let Some(service) = collector.service() {
            misspelled(&service, &SERVICE.join(" "), "of `service`", found);
            if let Some(telemetry) = service.get("telemetry") {
                misspelled(&telemetry, &TELEMETRY.join(" "), "of `telemetry`", found);
            }
        }
        blocks(&collector.root, &OF_COLLECTORS, "", found);
        for (_, exporter) in collector.components("exporters") {
            blocks(&exporter, &OF_EXPORTERS, "", found);
        }
        for pipeline in &collector.pipelines {
            misspelled(&pipeline.view, &PIPELINE.join(" "), "of a pipeline", found);
        }
        for (section, types, way, keys) in SETTINGS {
            for (id, view) in collector.components(section) {
                let own = types.split(' ').any(|own| own == type_of(id));
                let block = if way.is_empty() { Some(view) } else { view.at(way) };
                if let Some(block) = block.filter(|_| own) {
                    misspelled(&block, keys, &format!("of `{}`", type_of(id)), found);
                }
            }
        }
    }
}

/// Documents whose shape a slip hides.
fn shapes(root: &View<'_>, found: &mut Findings) {
    let has = |key: &str| root.get(key).is_some();
    if (has("kind") || has("apiVersion")) && (has("metadata") || has("spec")) {
        misspelled(root, MANIFEST, "of a manifest", found);
    } else if has("family") && ["executionRoleArn", "taskRoleArn", "networkMode"].into_iter().any(has) {
        misspelled(root, TASK, "of a task definition", found);
    } else if SECTIONS.iter().filter(|section| has(section)).count() >= 2 && !has("service") {
        misspelled(root, &TOP.join(" "), "of a configuration", found);
    }
}

fn of_workload(workload: &Workload<'_>, found: &mut Findings) {
    let (container, variables) = match workload.platform {
        Platform::Kubernetes | Platform::CloudRun => (CONTAINER, "env"),
        Platform::Ecs => (TASK_CONTAINER, "environment"),
        Platform::Compose => ("", ""),
    };
    if workload.platform == Platform::Kubernetes || workload.root.get("spec").is_some() {
        for (way, keys) in [("spec", SPEC), ("spec/template", TEMPLATE)] {
            if let Some(block) = workload.root.at(way).filter(|block| block.pointer != workload.pod.pointer) {
                misspelled(&block, keys, &format!("of `{way}`"), found);
            }
        }
        misspelled(&workload.pod, POD, "of a pod", found);
        for volume in workload.pod.list("volumes") {
            misspelled(&volume, VOLUME, "of a volume", found);
            blocks(&volume, &[("emptyDir", "medium sizeLimit")], "", found);
        }
    }
    for own in &workload.containers {
        if !container.is_empty() {
            misspelled(&own.view, container, "of a container", found);
            for entry in own.view.list(variables) {
                misspelled(&entry, VARIABLE, "of a variable", found);
            }
            let table: &[_] = if workload.platform == Platform::Ecs { &OF_TASKS } else { &OF_CONTAINERS };
            blocks(&own.view, table, " of a container", found);
        }
        for entry in &own.variables {
            variable(entry.name, Spot::value(&entry.view), &|name| own.variable(name).is_some(), found);
        }
    }
}
