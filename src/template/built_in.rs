//! The templates that come with the program.

/// Names and texts, sorted; a team's own template of the same name wins.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("adot-xray", include_str!("../../templates/adot-xray.yaml")),
    ("app-protection", include_str!("../../templates/app-protection.yaml")),
    ("aws-dynamodb", include_str!("../../templates/aws-dynamodb.yaml")),
    ("aws-lambda", include_str!("../../templates/aws-lambda.yaml")),
    ("aws-sqs", include_str!("../../templates/aws-sqs.yaml")),
    ("ci-pipelines", include_str!("../../templates/ci-pipelines.yaml")),
    ("cloud-run-sidecar", include_str!("../../templates/cloud-run-sidecar.yaml")),
    ("external-api", include_str!("../../templates/external-api.yaml")),
    ("fleet-dashboard", include_str!("../../templates/fleet-dashboard.yaml")),
    ("gcp-cloud-run", include_str!("../../templates/gcp-cloud-run.yaml")),
    ("investigate-lambda", include_str!("../../templates/investigate-lambda.yaml")),
    ("lambda-environment", include_str!("../../templates/lambda-environment.yaml")),
    ("logs-cost", include_str!("../../templates/logs-cost.yaml")),
    ("musher-self", include_str!("../../templates/musher-self.yaml")),
    ("otel-collector", include_str!("../../templates/otel-collector.yaml")),
    ("otel-collector-datadog", include_str!("../../templates/otel-collector-datadog.yaml")),
    ("personal-data", include_str!("../../templates/personal-data.yaml")),
    ("quiet-hours", include_str!("../../templates/quiet-hours.yaml")),
    ("routing", include_str!("../../templates/routing.yaml")),
    ("service-dashboard", include_str!("../../templates/service-dashboard.yaml")),
    ("service-slo", include_str!("../../templates/service-slo.yaml")),
    ("siem-cloudtrail", include_str!("../../templates/siem-cloudtrail.yaml")),
    ("trace-retention", include_str!("../../templates/trace-retention.yaml")),
    ("vpc-flow", include_str!("../../templates/vpc-flow.yaml")),
];
