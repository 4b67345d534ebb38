//! Critical assets: what makes a signal weigh more, or less.

use super::field::*;
use super::{About, Api, Envelope, Identity, Kind, Quirks};

/// Facts: 4 creates, 1 update and 1 read, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const CRITICAL_ASSET: Kind = Kind {
    name: "critical_asset",
    section: "critical_assets",
    always: false,
    api: Api {
        path: "/api/v2/security_monitoring/configuration/critical_assets",
        envelope: Envelope::Resource("critical_assets"),
        serial: true,
        ..Api::V2
    },
    identity: Identity::Tags("/tags"),
    fields: &[
        undocumented("").open(),
        read_only("/creation_author_id"),
        read_only("/creation_date"),
        read_only("/creator"),
        text("/description", "For people").defaults(&[r#""""#]),
        read_only("/editable"),
        // 4 of 4.
        boolean("/enabled", "Whether it is at work").defaults(&["true"]),
        read_only("/id"),
        text("/query", "What is critical, as a search of signals: `host:payments-*`").required(),
        text("/rule_query", "Which rules, as in the search of rules").required(),
        choice(
            "/severity",
            &["info", "low", "medium", "high", "critical", "increase", "decrease", "no-op"],
            "The severity that a signal gets, or how it changes",
        )
        .closed()
        .required(),
        texts("/tags", "Tags, for people").set().defaults(&["[]"]),
        read_only("/update_author_id"),
        read_only("/update_date"),
        read_only("/updater"),
        read_only("/version"),
    ],
    about: About {
        web: "/security/configuration/critical-assets",
        title: "/query",
        created: Some("/creation_date"),
        modified: Some("/update_date"),
        author: Some("/creator/handle"),
        known_by: &["/query", "/rule_query"],
        terraform: &["datadog_security_monitoring_critical_asset"],
        ..About::NONE
    },
    quirks: Quirks::NONE,
};
