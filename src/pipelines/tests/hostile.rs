//! Files of any form: nothing panics, nothing that is meant for others is an error, no key is shown.

use super::{Files, judge};
use crate::render::diagnostics::text;

const MUSHER: &str =
    "project: shop\nenvironments: {prod: {site: datadoghq.eu}}\npipelines: [\"deploy/**\"]\n";

fn said(name: &str, body: &str) -> (Vec<&'static str>, String) {
    let files: Files = vec![
        ("musher.yaml".into(), MUSHER.into()),
        ("monitors/x.yaml".into(), String::new()),
        (format!("deploy/{name}"), body.into()),
    ];
    let (found, sources) = judge(&files);
    (found.iter().map(|found| found.code).collect(), text(&found, &sources, true))
}

#[test]
fn what_is_meant_for_others_is_no_fault() {
    for (name, body) in [
        ("empty.yaml", ""),
        ("empty.json", "{}"),
        ("comment.yaml", "# nothing\n"),
        ("values.yaml", "image: {repository: otel/x, tag: latest}\nservice: {port: 80}\nmode: daemonset\n"),
        (
            "cfn.yaml",
            "Resources:\n  A:\n    Type: AWS::Lambda::Function\n    Properties: {Role: !GetAtt R.Arn, Name: !Sub \"${A}\"}\n",
        ),
        ("list.yaml", "- 1\n- 2\n"),
        ("scalar.yaml", "hello\n"),
        ("tfplan.json", "{\"resource_changes\": []}"),
        ("ingress.yaml", "apiVersion: networking.k8s.io/v1\nkind: Ingress\nspec: {}\n---\n---\n"),
        ("script.sh", "#!/bin/sh\nFROM=1\n"),
        ("fragment.yaml", "receivers:\n  otlp:\n    protocols: {grpc: {endpoint: \"${env:IP}:4317\"}}\n"),
    ] {
        assert_eq!(said(name, body).0, [""; 0], "{name}");
    }
}

#[test]
fn templates_are_reported_once_and_broken_files_at_their_line() {
    assert_eq!(said("a.yaml", "{{- if .Values.x }}\na: b\n{{- end }}\n").0, ["pipeline-template"]);
    assert_eq!(said("a.yaml", "a: b\nc: [1\n").0, ["broken-yaml"]);
    let files: Files = vec![
        ("musher.yaml".into(), MUSHER.into()),
        ("deploy/a.yaml".into(), "a: {{ .Values.x }}\n".into()),
        ("deploy/b.yaml".into(), "{{- x }}\nb: {{ .Values.x }}\n".into()),
    ];
    let codes: Vec<&str> = judge(&files).0.iter().map(|found| found.code).collect();
    assert_eq!(codes, ["pipeline-template"]);
}

#[test]
fn keys_are_never_shown() {
    let key = "0123456789abcdef0123456789abcdef";
    for (name, body) in [
        (
            "a.yaml",
            format!(
                "receivers: {{otlp: }}\nexporters: {{datadog: {{api: {{key: {key}, site: x}}}}}}\nservice: {{pipelines: {{traces: {{receivers: [otlp], exporters: [datadog]}}}}}}\n"
            ),
        ),
        (
            "b.yaml",
            format!("kind: ConfigMap\napiVersion: v1\ndata:\n  DD_API_KEY: {key}\n  DD_APP_KEY: hunter2\n"),
        ),
        (
            "c.json",
            format!(
                "{{\"containerDefinitions\": [{{\"name\": \"a\", \"image\": \"b\", \"environment\": [{{\"name\": \"DD_API_KEY\", \"value\": \"{key}\"}}, {{\"name\": \"X_TOKEN\", \"value\": \"hunter2\"}}]}}]}}"
            ),
        ),
        (
            "d.yaml",
            format!(
                "services:\n  a:\n    image: b\n    environment:\n      - DD_API_KEY={key}\n      - X_PASSWORD=hunter2\n"
            ),
        ),
        (
            "e.yaml",
            format!(
                "apiVersion: serving.knative.dev/v1\nkind: Service\nspec: {{template: {{spec: {{containers: [{{name: d, image: serverless-init, env: [{{name: DD_API_KEY, value: {key}}}]}}]}}}}}}\n"
            ),
        ),
        ("f.yaml", format!("a: {key}\nb: [{key}\n")),
    ] {
        let (codes, shown) = said(name, &body);
        assert!(!codes.is_empty(), "{name}");
        assert!(!shown.contains(key) && !shown.contains("hunter2"), "{name}: {shown}");
    }
}

#[test]
fn anchors_merges_and_expansions_are_read() {
    let body = "x: &grpc {endpoint: \"${env:IP:-localhost}:4317\"}\nreceivers:\n  otlp: &otlp\n    protocols: {grpc: {<<: *grpc}}\n  otlp/2:\n    protocols: {grpc: {endpoint: \"${env:IP}:4319\"}}\n\
        processors: {memory_limiter: {check_interval: 1s, limit_percentage: 80}}\nexporters: {otlp: {endpoint: \"${env:OUT}\"}}\n\
        service: {pipelines: {traces: &p {receivers: [otlp, otlp/2], processors: [memory_limiter], exporters: [otlp]}, logs: *p}}\n";
    assert_eq!(said("a.yaml", body).0, [""; 0]);
}

/// Every shape with every part of it replaced by something else, deep and wrong: no panic.
#[test]
fn nothing_panics() {
    let nasty = [
        "null",
        "[]",
        "{}",
        "1",
        "-1",
        "1e300",
        "\"\"",
        "\"${\"",
        "\"$\"",
        "\"é:é\"",
        "[null]",
        "{a: null}",
        "[[1]]",
        "\":::::\"",
        "\"a@\"",
        "true",
    ];
    let keys = [
        "receivers",
        "processors",
        "exporters",
        "connectors",
        "extensions",
        "service",
        "kind",
        "apiVersion",
        "spec",
        "data",
        "template",
        "containers",
        "containerDefinitions",
        "taskDefinition",
        "Functions",
        "Configuration",
        "services",
        "metadata",
        "items",
    ];
    for key in keys {
        for value in nasty {
            let bodies = [
                format!("{key}: {value}\n"),
                format!(
                    "kind: Deployment\napiVersion: apps/v1\nspec: {{template: {{spec: {{{key}: {value}}}}}}}\n"
                ),
                format!(
                    "kind: List\nitems: [{{kind: ConfigMap, {key}: {value}}}, {{kind: Service, apiVersion: v1, {key}: {value}}}]\n"
                ),
                format!(
                    "apiVersion: serving.knative.dev/v1\nkind: Service\nspec: {{template: {{spec: {{containers: [{{name: {value}, image: {value}, env: [{{name: {value}}}, {value}], {key}: {value}}}]}}}}}}\n"
                ),
                format!(
                    "receivers: {{otlp: {value}, awsxray: {value}}}\nexporters: {{datadog: {value}, otlp: {value}}}\nprocessors: {{batch: {value}, memory_limiter: {value}}}\nconnectors: {{datadog: {value}}}\nservice: {{extensions: {value}, telemetry: {value}, pipelines: {{traces: {{receivers: {value}, exporters: {value}}}, metrics: {value}}}, {key}: {value}}}\n"
                ),
                format!(
                    "Functions: [{{FunctionName: x, Layers: {value}, Environment: {{Variables: {value}}}, FunctionArn: {value}, Handler: {value}, Runtime: {value}}}, {value}]\n"
                ),
                format!(
                    "containerDefinitions: [{{name: {value}, image: {value}, environment: {value}, dependsOn: {value}, memory: {value}}}, {value}]\n"
                ),
            ];
            let of_files = bodies.into_iter().enumerate().map(|(number, body)| {
                (format!("deploy/{number}.yaml"), body.replace("kind: Deployment\nkind", "kind"))
            });
            let files: Files =
                [("musher.yaml".to_owned(), MUSHER.to_owned())].into_iter().chain(of_files).collect();
            let (found, sources) = judge(&files);
            assert!(text(&found, &sources, false).len() < 1 << 20);
        }
    }
}
