//! Security filters: which logs the security rules look at.

use serde_json::Value;

use super::field::*;
use super::{About, Api, Danger, Envelope, Identity, Kind, Quirks};

/// Facts: 5 creates, 2 updates and 6 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const SECURITY_FILTER: Kind = Kind {
    name: "security_filter",
    section: "security_filters",
    always: false,
    api: Api {
        path: "/api/v2/security_monitoring/configuration/security_filters",
        envelope: Envelope::Resource("security_filters"),
        serial: true,
        foreign: |body| body.get("is_builtin") == Some(&Value::Bool(true)),
        read: &["security_monitoring_filters_read"],
        write: &["security_monitoring_filters_write"],
        ..Api::V2
    },
    identity: Identity::Key("/name"),
    fields: &[
        undocumented("").open(),
        list("/exclusion_filters", "Logs that are left out, in order").required(),
        text("/exclusion_filters/*/name", "Its title").required(),
        text("/exclusion_filters/*/query", "A search of logs").required(),
        choice("/filtered_data_type", &["logs"], "`logs`").closed().required(),
        read_only("/id"),
        read_only("/is_builtin"),
        boolean("/is_enabled", "Whether it is at work").required(),
        text("/name", "The title, by which it is known").required(),
        text("/query", "A search of logs: what is looked at").required(),
        read_only("/version"),
    ],
    about: About {
        web: "/security/configuration/security-filters",
        terraform: &["datadog_security_monitoring_filter"],
        ..About::NONE
    },
    quirks: Quirks { dangers: &[Danger { code: "detecting-less", judge: less_seen }], ..Quirks::NONE },
};

fn less_seen(live: &Value, wanted: &Value) -> Option<String> {
    let is_on = |body: &Value| body.get("is_enabled") == Some(&Value::Bool(true));
    if is_on(live) && !is_on(wanted) {
        return Some("What it finds is no longer looked at by security rules".to_owned());
    }
    let count = |body: &Value| body.get("exclusion_filters").and_then(Value::as_array).map_or(0, Vec::len);
    (is_on(wanted) && count(wanted) > count(live)).then(|| "More logs are left out".to_owned())
}
