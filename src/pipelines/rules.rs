//! The table of rules about pipelines: code, level, what it asks for, and where that is known from.

use crate::diagnostic::Severity::{self, Advice, Error, Warning};

/// One rule.
pub struct Rule {
    /// A stable name in kebab case, with a section in `docs/diagnostics.md`.
    pub code: &'static str,
    /// Where `musher.yaml` says nothing; a finding may weigh more or less, as `docs/diagnostics.md` says.
    pub level: Severity,
    /// In one line.
    pub about: &'static str,
    /// A page of documentation, or a file of a repository.
    pub source: &'static str,
}

macro_rules! rules {
    ($($name:ident $code:literal $level:ident $about:literal $source:literal)*) => {
        $(pub static $name: Rule = Rule { code: $code, level: $level, about: $about, source: $source };)*
        /// Every rule.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    // Collectors: structure.
    UNDEFINED "undefined-component" Error "what a pipeline names is defined" "opentelemetry-collector otelcol/config.go"
    UNUSED "unused-component" Warning "what is defined is used in a pipeline" "opentelemetry-collector docs: components that no pipeline names are not started"
    EXTENSION "unused-extension" Warning "an extension stands in `service.extensions`" "opentelemetry-collector service/README.md"
    HALF "half-connector" Error "a connector is an exporter of one pipeline and a receiver of another" "opentelemetry-collector connector/README.md"
    EMPTY "empty-pipeline" Error "a pipeline has receivers and exporters" "opentelemetry-collector service/pipelines/config.go"
    CIRCLE "pipeline-circle" Error "connectors lead in no circle" "opentelemetry-collector service/internal/graph"
    ENDPOINT "shared-endpoint" Error "two receivers don't listen at one endpoint" "opentelemetry-collector config/confignet"
    SIGNAL "component-signal" Error "a component supports the signal of its pipeline" "opentelemetry-collector-contrib metadata.yaml of each component"
    UNKNOWN "unknown-component" Warning "a component is one that the distribution has" "manifests of opentelemetry-collector-releases, aws-otel-collector and the Datadog distribution, as of August 2026"
    SETTING "misspelled-setting" Warning "a setting doesn't look like one that is known" "opentelemetry-collector confmap: unknown keys are refused"
    MISSING "missing-setting" Warning "what a component or a container can't do without is there" "opentelemetry-collector: Validate of each component; docs.aws.amazon.com/AmazonECS/latest/APIReference, kubernetes.io/docs/reference"
    REMOVED "removed-component" Error "what was removed from the collector is not used" "opentelemetry-collector CHANGELOG.md"
    BARE "bare-variable" Warning "a variable is written `${env:NAME}`" "opentelemetry-collector confmap/README.md"
    // Collectors: behaviour.
    NO_LIMITER "no-memory-limiter" Advice "a pipeline has a memory_limiter, first of its processors" "opentelemetry-collector processor/memorylimiterprocessor/README.md"
    LIMITER_OFF "memory-limiter-off" Error "a memory_limiter checks, and has a limit above its spike" "opentelemetry-collector processor/memorylimiterprocessor/README.md"
    LIMITER_SIZE "memory-limiter-size" Warning "a memory_limiter's limit fits into the container" "opentelemetry-collector processor/memorylimiterprocessor/README.md"
    GOMEMLIMIT "no-gomemlimit" Advice "GOMEMLIMIT stands beside a memory_limiter" "opentelemetry-collector processor/memorylimiterprocessor/README.md"
    ORDER "processor-order" Warning "processors that need the sender stand before those that gather" "opentelemetry-collector processor/README.md"
    BATCH_FIRST "batch-before-sampling" Warning "batches are made of what is kept" "opentelemetry-collector processor/README.md"
    BATCH_SIZE "batch-size" Error "a batch's largest size is not below its size" "opentelemetry-collector processor/batchprocessor/README.md"
    LEGACY_BATCH "legacy-batch" Advice "exporters batch in their queues" "opentelemetry-collector CHANGELOG.md, v0.158"
    DATADOG_BATCH "datadog-batch" Warning "batches fit the intake of Datadog" "docs.datadoghq.com/opentelemetry/setup/collector_exporter/install (batch and memory)"
    TWICE "exported-twice" Warning "two exporters of a pipeline send to different places" "docs.datadoghq.com/account_management/billing"
    DEBUG "debug-in-production" Warning "a deployed collector does not debug" "opentelemetry-collector exporter/debugexporter/README.md"
    OPEN "open-receiver" Advice "a receiver listens where its senders are" "opentelemetry.io/docs/security/config-best-practices (CWE-1327)"
    UNREACHABLE "unreachable-receiver" Warning "a receiver in a pod of its own can be reached" "opentelemetry-collector CHANGELOG.md, v0.104: localhost is the default"
    INSECURE "insecure-exporter" Warning "what leaves the network is encrypted" "opentelemetry.io/docs/security/config-best-practices"
    FORM "endpoint-form" Warning "an endpoint has the form and port of its protocol" "opentelemetry-collector exporter/otlpexporter/README.md, otlphttpexporter/README.md"
    RETRIES "no-retries" Warning "an exporter retries, and has a queue" "opentelemetry-collector exporter/exporterhelper/README.md"
    HEALTH "health-check" Warning "what is probed answers, and what answers is probed" "opentelemetry-collector-contrib extension/healthcheckextension/README.md"
    INSERT "idle-insert" Advice "`insert` is not used for what SDKs always set" "opentelemetry-collector-contrib processor/resourceprocessor/README.md"
    ATTRIBUTE "environment-attribute" Advice "telemetry says service, environment and version by the names of the conventions" "docs.datadoghq.com/opentelemetry/mapping/semantic_mapping"
    // Collectors: Datadog and AWS.
    NO_TRACE_METRICS "no-trace-metrics" Warning "traces that go to Datadog pass the datadog connector" "docs.datadoghq.com/opentelemetry/migrate/collector_0_95_0"
    SAMPLED "sampled-metrics" Warning "trace metrics are computed before sampling" "opentelemetry-collector-contrib connector/datadogconnector/README.md"
    HEAD "head-sampling" Advice "trace metrics that monitors read don't come from a sample" "docs.datadoghq.com/opentelemetry/ingestion_sampling"
    LOST_METRICS "lost-trace-metrics" Error "the metrics of a datadog connector reach Datadog" "opentelemetry-collector-contrib connector/datadogconnector/README.md"
    SITE "pipeline-site" Error "telemetry goes to the site of its environment" "docs.datadoghq.com/getting_started/site"
    API_KEY "plain-api-key" Error "no key of Datadog stands in a file" "docs.datadoghq.com/account_management/api-app-keys"
    HOSTNAME "gateway-hostname" Advice "hosts keep their names and metadata behind a gateway" "opentelemetry-collector-contrib exporter/datadogexporter/README.md"
    XRAY_REGION "xray-exporter" Advice "an awsxray exporter finds its region and indexes what is searched" "opentelemetry-collector-contrib exporter/awsxrayexporter/README.md"
    XRAY_IDS "xray-ids" Warning "X-Ray takes the ids of W3C traces" "opentelemetry-collector-contrib pull request 26041"
    CUMULATIVE "cumulative-sums" Warning "sums reach Datadog as deltas" "docs.datadoghq.com/opentelemetry/guide/otlp_delta_temporality"
    // Whatever runs them.
    LATEST "image-latest" Warning "an image has a version" "kubernetes.io/docs/concepts/containers/images"
    SECRET "plain-secret" Error "a secret comes from where secrets are kept" "docs.datadoghq.com/containers/guide/kubernetes_daemonset (secrets)"
    MEMORY "no-memory-limit" Warning "a collector has a memory limit" "opentelemetry-collector processor/memorylimiterprocessor/README.md"
    PROBES "no-probes" Warning "a collector is probed" "opentelemetry-collector-contrib extension/healthcheckextension/README.md"
    PORT "service-port" Warning "a Service leads to ports that receivers listen at" "kubernetes.io/docs/concepts/services-networking/service"
    // Cloud Run.
    SIDECAR "sidecar-environment" Error "the sidecar knows key, site and log path" "docs.datadoghq.com/serverless/google_cloud_run"
    SIDECAR_TAGS "sidecar-tags" Warning "program and sidecar bear one service" "docs.datadoghq.com/serverless/google_cloud_run"
    SIDECAR_VOLUME "sidecar-volume" Error "program and sidecar share a volume in memory, with the logs on it" "terraform-google-cloud-run-datadog main.tf"
    SIDECAR_START "sidecar-start" Error "one container takes requests, and it waits for a sidecar that is probed" "docs.datadoghq.com/serverless/google_cloud_run"
    EMPTY_VARIABLE "empty-variable" Error "a variable has a value or a source" "cloud.google.com/run/docs/reference/rest (EnvVar)"
    // ECS.
    ECS "ecs-collector" Warning "a task starts, ends and logs with its collector, whose rights are the task's" "docs.aws.amazon.com/AmazonECS/latest/developerguide (task definition parameters, task IAM role)"
    // Functions.
    LAYER "lambda-layer" Error "layers, runtime and handler of a function fit each other" "datadog-ci src/commands/lambda/constants.ts"
    LAMBDA_KEY "lambda-key" Error "the extension has one source of its key" "terraform-aws-lambda-datadog variables.tf"
    LAMBDA "lambda-settings" Warning "a function says who it is, and keeps what it handles to itself" "docs.datadoghq.com/serverless/aws_lambda/configuration"
    // Across: pipelines and what is declared here.
    NO_EXTENSION "monitor-without-extension" Warning "a function whose enhanced metrics are watched has the extension" "docs.datadoghq.com/serverless/aws_lambda/metrics"
    UNFED "unfed-monitor" Warning "a monitor selects what a pipeline emits" "the pipelines and monitors of the project"
    UNFED_LOGS "unfed-logs" Warning "logs and profiles that are watched are sent" "docs.datadoghq.com/serverless/aws_lambda/logs"
    UNFED_COLLECTOR "unfed-collector" Warning "a collector that is watched emits its own metrics" "opentelemetry-collector service/telemetry"
}

/// The codes of all rules.
pub fn all_codes() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.code)
}
