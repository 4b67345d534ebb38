//! Notification rules of security: who is told of signals. Those of vulnerabilities have the same fields.

use serde_json::Value;

use super::field::*;
use super::{About, Api, Danger, Envelope, Family, Identity, Kind, Quirks};

pub(super) const API: Api = Api {
    envelope: Envelope::Resource("notification_rules"),
    serial: true,
    // 2 of 2 updates without it were refused.
    version: Some("version"),
    read: &["security_monitoring_notification_profiles_read"],
    write: &["security_monitoring_notification_profiles_write"],
    ..Api::V2
};

pub(super) const ABOUT: About = About {
    web: "/security/configuration/notification-rules",
    created: Some("/created_at"),
    modified: Some("/modified_at"),
    author: Some("/created_by/handle"),
    ..About::NONE
};

pub(super) const QUIRKS: Quirks =
    Quirks { dangers: &[Danger { code: "detecting-less", judge: tells_less }], ..Quirks::NONE };

/// Facts: 15 creates, 2 updates and 6 reads of both, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const SIGNAL_NOTIFICATION_RULE: Kind = Kind {
    name: "signal_notification_rule",
    section: "signal_notification_rules",
    always: false,
    api: Api { path: "/api/v2/security/signals/notification_rules", ..API },
    identity: Identity::Key("/name"),
    fields: FIELDS,
    about: About { is_export: |body| is_triggered_by(body, "security_signals"), ..ABOUT },
    quirks: Quirks { family: Some(Family::Alarm), ..QUIRKS },
};

/// What signals and findings come from.
const RULE_TYPES: &[&str] = &[
    "application_security",
    "log_detection",
    "workload_security",
    "signal_correlation",
    "cloud_configuration",
    "infrastructure_configuration",
    "application_code_vulnerability",
    "application_library_vulnerability",
    "attack_path",
    "container_image_vulnerability",
    "identity_risk",
    "misconfiguration",
    "api_security",
    "host_vulnerability",
    "iac_misconfiguration",
    "sast_vulnerability",
    "secret_vulnerability",
    "workload_activity",
    "sensitive_data",
    "serverless_function_code_vulnerability",
];

pub(super) const FIELDS: &[Field] = &[
    undocumented("").open(),
    read_only("/created_at"),
    read_only("/created_by"),
    boolean("/enabled", "Whether it is at work").defaults(&["true"]),
    read_only("/id"),
    read_only("/modified_at"),
    read_only("/modified_by"),
    text("/name", "The title, by which it is known").required(),
    object("/routing", "How it is delivered"),
    choice("/routing/mode", &["manual"], "`manual`").closed().required(),
    object("/selectors", "What people are told of").required(),
    text("/selectors/query", "`key:value` pairs: `env:prod AND team:payments`"),
    // In another order once.
    of(
        "/selectors/rule_types",
        Type::Texts(RULE_TYPES),
        "Types of rules: `log_detection`, `misconfiguration` …",
    )
    .closed()
    .set(),
    of(
        "/selectors/severities",
        Type::Texts(&["critical", "high", "medium", "low", "unknown", "info"]),
        "Of these severities",
    )
    .closed()
    .set(),
    choice(
        "/selectors/trigger_source",
        &["security_findings", "security_signals"],
        "`security_signals` of rules about signals, `security_findings` of those about vulnerabilities",
    )
    .closed()
    .required(),
    texts("/targets", "Recipients as in messages: `@slack-security`").set().recipients().required(),
    // 5 of 5.
    count("/time_aggregation", "How long others are told together, in seconds").defaults(&["0"]),
    read_only("/version"),
];

pub(super) fn is_triggered_by(body: &serde_json::Map<String, Value>, source: &str) -> bool {
    let own = body.get("selectors").and_then(|selectors| selectors.get("trigger_source"));
    own.and_then(Value::as_str) == Some(source)
}

fn tells_less(live: &Value, wanted: &Value) -> Option<String> {
    let is_on = |body: &Value| body.get("enabled") != Some(&Value::Bool(false));
    (is_on(live) && !is_on(wanted)).then(|| "Nobody is told by it any more".to_owned())
}
