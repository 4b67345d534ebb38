//! Suppressions: signals that are not made.

use super::field::*;
use super::{About, Api, Danger, Envelope, Family, Identity, Kind, OneOf, Quirks};
use serde_json::Value;

/// Facts: 19 creates, 10 updates and 40 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const SUPPRESSION: Kind = Kind {
    name: "suppression",
    section: "suppressions",
    always: false,
    api: Api {
        path: "/api/v2/security_monitoring/configuration/suppressions",
        envelope: Envelope::Resource("suppressions"),
        serial: true,
        validate: Some("/validation"),
        validates_live: false,
        read: &["security_monitoring_suppressions_read"],
        write: &["security_monitoring_suppressions_write"],
        ..Api::V2
    },
    identity: Identity::Tags("/tags"),
    fields: &[
        undocumented("").open(),
        read_only("/creation_date"),
        read_only("/creator"),
        text("/data_exclusion_query", "Events that the rules don't see").defaults(&[r#""""#]),
        text("/description", "For people").defaults(&[r#""""#]),
        read_only("/editable"),
        boolean("/enabled", "Whether it is at work").required(),
        count("/expiration_date", "When it ends, in milliseconds since 1970; absent: never"),
        read_only("/id"),
        text("/name", "The title").required(),
        text("/rule_query", "Which rules, as in the search of rules: `type:log_detection source:cloudtrail`")
            .required(),
        count("/start_date", "When it begins, in milliseconds since 1970").steady(),
        text("/suppression_query", "Signals that are not made").defaults(&[r#""""#]),
        // In another order in 13 of 22.
        texts("/tags", "Tags, for people").set().defaults(&["[]"]),
        read_only("/update_date"),
        read_only("/updater"),
        read_only("/version"),
    ],
    about: About {
        web: "/security/configuration/suppressions/{id}/view",
        created: Some("/creation_date"),
        modified: Some("/update_date"),
        author: Some("/creator/handle"),
        terraform: &["datadog_security_monitoring_suppression"],
        ..About::NONE
    },
    quirks: Quirks {
        family: Some(Family::Suppression),
        one_of: &[OneOf { fields: &["/suppression_query", "/data_exclusion_query"], needed: false }],
        dangers: &[Danger { code: "detecting-less", judge: more_suppressed }],
        ..Quirks::NONE
    },
};

/// It is turned on, or what it keeps from being a signal is all that its rules find.
fn more_suppressed(live: &Value, wanted: &Value) -> Option<String> {
    let is_on = |body: &Value| body.get("enabled") == Some(&Value::Bool(true));
    let is_bare = |body: &Value| {
        let empty = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().trim().is_empty();
        empty("suppression_query") && empty("data_exclusion_query")
    };
    let is_more = is_on(wanted) && is_bare(wanted) && !(is_on(live) && is_bare(live));
    is_more.then(|| "No signal of these rules is made any more".to_owned())
}
