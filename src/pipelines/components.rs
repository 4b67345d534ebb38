//! What is known of the collector's components: their signals, their distributions, their settings. Lists age: as of
//! August 2026, and what is not in them is never an error.

use super::collector::type_of;

/// Signals of a pipeline.
pub const SIGNALS: [&str; 4] = ["traces", "metrics", "logs", "profiles"];

/// Components with fewer signals than all: section, types, signals by their first letters. From `metadata.yaml` of each.
const LIMITED: [(&str, &str, &str); 14] = [
    ("exporters", "awsxray jaeger zipkin sentry tencentcloud_trace", "t"),
    ("exporters", "prometheus prometheusremotewrite awsemf carbon stackdriver_metrics", "m"),
    ("exporters", "awscloudwatchlogs loki alibabacloud_logservice_logs syslog", "l"),
    ("receivers", "jaeger zipkin awsxray skywalking_traces", "t"),
    (
        "receivers",
        "awsecscontainermetrics awscontainerinsightreceiver hostmetrics host_metrics prometheus prometheus_simple statsd",
        "m",
    ),
    (
        "receivers",
        "kubeletstats docker_stats podman_stats nginx apache iis memcached rabbitmq haproxy chrony snmp",
        "m",
    ),
    (
        "receivers",
        "redis elasticsearch flinkmetrics riak zookeeper windowsperfcounters carbon collectd httpcheck jmx",
        "m",
    ),
    (
        "receivers",
        "filelog file_log journald syslog tcplog udplog k8sobjects k8s_events fluentforward windowseventlog",
        "l",
    ),
    ("processors", "tail_sampling groupbytrace datadogsemantics span", "t"),
    ("processors", "probabilistic_sampler", "tl"),
    ("processors", "metricstransform cumulativetodelta deltatocumulative deltatorate interval", "m"),
    ("processors", "experimental_metricsgeneration metricsgeneration metricstarttime", "m"),
    ("processors", "logdedup log_dedup logstransform", "l"),
    ("receivers", "awsfirehose", "ml"),
];

/// Whether a component takes part in pipelines of a signal; none where nothing is known.
pub fn supports(section: &str, id: &str, signal: &str) -> Option<bool> {
    let own = type_of(id);
    let row =
        LIMITED.iter().find(|(of, types, _)| *of == section && types.split(' ').any(|known| known == own))?;
    let letter = signal.chars().next()?;
    Some(!SIGNALS.contains(&signal) || row.2.contains(letter))
}

/// The signals of a component, for people.
pub fn signals(section: &str, id: &str) -> String {
    let own = type_of(id);
    let row =
        LIMITED.iter().find(|(of, types, _)| *of == section && types.split(' ').any(|known| known == own));
    let letters = row.map_or("tmlp", |row| row.2);
    let names = SIGNALS.iter().filter(|signal| signal.chars().next().is_some_and(|c| letters.contains(c)));
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}

/// What was removed: section, type, since which minor release (0: long ago), what takes its place. From the changelogs.
pub const REMOVED: [(&str, &str, u32, &str); 9] = [
    ("exporters", "logging", 111, "use `debug`"),
    ("exporters", "jaeger", 85, "use `otlp`: Jaeger takes it"),
    ("exporters", "jaeger_thrift", 85, "use `otlphttp`: Jaeger takes OTLP"),
    ("extensions", "memory_ballast", 108, "set GOMEMLIMIT to 80 % of the container's memory"),
    ("processors", "queued_retry", 0, "set `retry_on_failure` and `sending_queue` of the exporter"),
    ("processors", "spanmetrics", 0, "use the connector `spanmetrics`"),
    ("processors", "servicegraph", 0, "use the connector `servicegraph`"),
    ("processors", "routing", 0, "use the connector `routing`"),
    ("processors", "k8s_tagger", 0, "use `k8sattributes`"),
];

/// Types of the distribution `otelcol`.
const CORE: &str = "otlp nop debug otlphttp otlp_grpc otlp_http file kafka opencensus prometheus prometheusremotewrite zipkin \
    hostmetrics host_metrics jaeger batch memory_limiter attributes filter probabilistic_sampler resource span transform \
    health_check pprof zpages forward k8sattributes resourcedetection tail_sampling count datadog";

/// Types of the distribution of AWS.
const ADOT: &str = "otlp nop debug otlphttp otlp_grpc otlp_http file awsecscontainermetrics awscontainerinsightreceiver awsxray statsd \
    prometheus jaeger zipkin kafka attributes resource probabilistic_sampler span filter metricstransform resourcedetection \
    metricsgeneration experimental_metricsgeneration cumulativetodelta deltatorate groupbytrace tail_sampling k8sattributes batch \
    memory_limiter transform awsemf awscloudwatchlogs prometheusremotewrite loadbalancing datadog dynatrace sapm signalfx \
    logzio health_check pprof zpages ecs_observer sigv4auth file_storage filelog journald forward";

/// Types of Datadog's distribution.
const DDOT: &str = "otlp nop debug otlphttp otlp_grpc otlp_http filelog fluentforward hostmetrics jaeger prometheus receiver_creator \
    zipkin attributes batch cumulativetodelta deltatocumulative filter groupbyattrs infraattributes k8sattributes memory_limiter \
    probabilistic_sampler redaction resource resourcedetection routing tail_sampling transform datadog sapm health_check pprof \
    zpages docker_observer ecs_observer ecs_task_observer host_observer k8s_observer ddflare dogtelextension spanmetrics \
    dockerstats docker_stats kafka prometheusremotewrite loadbalancing forward datadogsemantics ddprofiling serializer";

/// Further types of the distribution `otelcol-contrib`.
const CONTRIB: &str = "active_directory_ds aerospike apache apachespark awscloudwatch awsfirehose awss3 azureblob azureeventhub \
    azuremonitor bigip carbon chrony cloudflare cloudfoundry collectd couchdb datadog dockerstats elasticsearch envoyals \
    expvar faro file_stats filestats flinkmetrics fluentforward github gitlab gitproviderreceiver googlecloudmonitoring \
    googlecloudpubsub googlecloudspanner haproxy httpcheck huaweicloudces iis influxdb jmx journald k8s_cluster k8s_events k8sobjects \
    k8slog kafkametrics kubeletstats libhoney loki memcached mongodb mongodbatlas mysql namedpipe netflow nginx nsxt ntp oracledb \
    osquery otelarrow otlpjsonfile podman_stats postgresql pprof prometheus_simple pulsar purefa purefb rabbitmq \
    receiver_creator redis riak saphana signalfx skywalking snmp snowflake solace splunk_hec splunkenterprise sqlquery sqlserver \
    sshcheck statsd stef syslog systemd tcpcheck tcplog tlscheck udplog vcenter wavefront webhookevent windowseventlog \
    windowsperfcounters windowsservice yanggrpc zookeeper coralogix cumulativetodelta deltatocumulative deltatorate dnslookup \
    geoip groupbyattrs groupbytrace interval isolationforest logdedup logstransform metricsgeneration \
    experimental_metricsgeneration metricstarttime metricstransform redaction remotetap routing schema sumologic unroll \
    alertmanager alibabacloud_logservice awscloudwatchlogs awsemf awskinesis azuredataexplorer bmchelix cassandra clickhouse \
    dataset doris faro googlecloud googlecloudlogging googlemanagedprometheus honeycombmarker influxdb kinetica logicmonitor logzio \
    mezmo opensearch rabbitmq sapm sematext sentry stef sumologic tencentcloud_logservice tinybird loadbalancing failover grafanacloud \
    otlpjson roundrobin servicegraph signaltometrics slowsql spanmetrics sum exceptions metricsaslogs ack asapclient \
    avro_log_encoding awslogs_encoding azure_auth azureauth basicauth bearertokenauth cfgardenobserver cgroupruntime \
    db_storage docker_observer ecs_observer ecs_task_observer file_storage googleclientauth google_cloud_logentry_encoding \
    headers_setter healthcheckv2 host_observer http_forwarder jaeger_encoding jaegerremotesampling json_log_encoding k8s_leader_elector \
    k8s_observer kafkatopics_observer oauth2client oidc opamp otlp_encoding redis_storage remotetap sigv4auth skywalking_encoding \
    solarwindsapmsettings sumologicextension text_encoding zipkin_encoding encoding ecs_task_metadata filelog file_log awsxray \
    awsecscontainermetrics awscontainerinsightreceiver docker_stats opencensus azure_encoding opensearch datadogsemantics \
    log_dedup drain prometheusremotewrite cumulative_to_delta k8s_attributes resource_detection span_metrics";

/// A distribution, by the name of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// As people call it.
    pub name: &'static str,
    types: &'static [&'static str],
}

const OF_CORE: Distribution = Distribution { name: "otelcol", types: &[CORE] };
const OF_CONTRIB: Distribution = Distribution { name: "otelcol-contrib", types: &[CORE, CONTRIB, ADOT] };
const OF_AWS: Distribution = Distribution { name: "aws-otel-collector", types: &[ADOT] };
const OF_DATADOG: Distribution = Distribution { name: "ddot-collector", types: &[DDOT] };

/// The distribution that an image holds, where its name tells.
pub fn distribution(image: &str) -> Option<Distribution> {
    let name = image.split(['@', ':']).next().unwrap_or(image).rsplit('/').next().unwrap_or(image);
    match name {
        "aws-otel-collector" => Some(OF_AWS),
        "opentelemetry-collector-contrib" => Some(OF_CONTRIB),
        "opentelemetry-collector" => Some(OF_CORE),
        "ddot-collector" => Some(OF_DATADOG),
        _ => None,
    }
}

impl Distribution {
    pub fn has(&self, id: &str) -> bool {
        let own = type_of(id);
        self.types.iter().flat_map(|list| list.split_whitespace()).any(|known| known == own)
    }
}

/// Every type that is known.
pub fn all_types() -> impl Iterator<Item = &'static str> {
    [CORE, ADOT, DDOT, CONTRIB].into_iter().flat_map(str::split_whitespace)
}

/// Settings of components that are used much: section, type, way to the block, all of its keys.
pub const SETTINGS: [(&str, &str, &str, &str); 17] = [
    ("receivers", "otlp", "", "protocols"),
    ("receivers", "otlp", "protocols", "grpc http"),
    (
        "receivers",
        "otlp",
        "protocols/grpc",
        "endpoint transport tls max_recv_msg_size_mib max_concurrent_streams read_buffer_size write_buffer_size keepalive auth \
         include_metadata middlewares dialer",
    ),
    (
        "receivers",
        "otlp",
        "protocols/http",
        "endpoint transport tls cors auth max_request_body_size include_metadata response_headers compression_algorithms \
         read_timeout read_header_timeout write_timeout idle_timeout middlewares keep_alives_enabled traces_url_path \
         metrics_url_path logs_url_path profiles_url_path dialer",
    ),
    (
        "processors",
        "batch",
        "",
        "timeout send_batch_size send_batch_max_size metadata_keys metadata_cardinality_limit",
    ),
    (
        "processors",
        "memory_limiter",
        "",
        "check_interval limit_mib spike_limit_mib limit_percentage spike_limit_percentage min_gc_interval_when_soft_limited \
         min_gc_interval_when_hard_limited ballast_size_mib",
    ),
    ("processors", "resource", "", "attributes"),
    (
        "processors",
        "tail_sampling",
        "",
        "decision_wait num_traces expected_new_traces_per_sec policies decision_cache \
         sample_on_first_match drop_pending_traces_on_shutdown maximum_trace_size_bytes block_on_overflow sampling_strategy tail_storage",
    ),
    (
        "processors",
        "probabilistic_sampler",
        "",
        "sampling_percentage hash_seed mode fail_closed sampling_precision \
         attribute_source from_attribute sampling_priority",
    ),
    (
        "exporters",
        "datadog",
        "",
        "api metrics traces logs host_metadata hostname tls only_metadata sending_queue retry_on_failure timeout \
         orchestrator_explorer hostname_detection_timeout idle_conn_timeout max_idle_conns max_idle_conns_per_host \
         max_conns_per_host disable_keep_alives proxy_url read_buffer_size write_buffer_size headers compression endpoint auth \
         http2_read_idle_timeout http2_ping_timeout cookies middlewares force_attempt_http2 env service version tags orchestrator",
    ),
    ("exporters", "datadog", "api", "key site fail_on_invalid_key"),
    ("exporters", "datadog", "host_metadata", "enabled hostname_source tags reporter_period"),
    (
        "exporters",
        "otlp otlp_grpc",
        "",
        "endpoint tls compression headers keepalive balancer_name wait_for_ready read_buffer_size write_buffer_size auth authority \
         sending_queue retry_on_failure timeout batcher middlewares dial_options user_agent",
    ),
    (
        "exporters",
        "otlphttp otlp_http",
        "",
        "endpoint traces_endpoint metrics_endpoint logs_endpoint profiles_endpoint encoding tls compression compression_params \
         headers auth sending_queue retry_on_failure timeout read_buffer_size write_buffer_size proxy_url max_idle_conns \
         max_idle_conns_per_host max_conns_per_host idle_conn_timeout disable_keep_alives http2_read_idle_timeout \
         http2_ping_timeout cookies batcher middlewares force_attempt_http2",
    ),
    (
        "exporters",
        "awsxray",
        "",
        "num_workers endpoint request_timeout_seconds max_retries no_verify_ssl proxy_address region local_mode resource_arn \
         role_arn external_id indexed_attributes index_all_attributes aws_log_groups telemetry middleware transit_spans_in_otlp_format \
         certificate_file_path imds_retries profile shared_credentials_file skip_timestamp_validation retry_on_failure sending_queue timeout dualstack_endpoint",
    ),
    (
        "extensions",
        "health_check",
        "",
        "endpoint path response_body check_collector_pipeline tls cors auth max_request_body_size include_metadata \
         response_headers compression_algorithms read_timeout read_header_timeout write_timeout idle_timeout port transport \
         middlewares keep_alives_enabled dialer use_v2 component_health http grpc",
    ),
    (
        "exporters",
        "debug",
        "",
        "verbosity sampling_initial sampling_thereafter use_internal_logger output_paths sending_queue",
    ),
];

/// Keys of the file itself, of `service`, of its `telemetry`, and of a pipeline.
pub const TOP: [&str; 6] = ["receivers", "processors", "exporters", "connectors", "extensions", "service"];
pub const SERVICE: [&str; 3] = ["extensions", "pipelines", "telemetry"];
pub const TELEMETRY: [&str; 5] = ["logs", "metrics", "traces", "resource", "profiles"];
pub const PIPELINE: [&str; 3] = ["receivers", "processors", "exporters"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_and_distributions() {
        assert_eq!(supports("exporters", "awsxray/a", "metrics"), Some(false));
        assert_eq!(supports("exporters", "awsxray", "traces"), Some(true));
        assert_eq!(supports("exporters", "datadog", "metrics"), None);
        assert_eq!(signals("processors", "probabilistic_sampler"), "`traces` and `logs`");
        let aws = distribution("public.ecr.aws/aws-observability/aws-otel-collector:v0.43.0").expect("known");
        assert!(aws.has("awsxray/2") && !aws.has("clickhouse"));
        assert_eq!(distribution("acme/collector:1"), None);
    }
}
