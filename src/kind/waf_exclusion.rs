//! Exclusions of the firewall: requests that are not looked at, or only watched.

use serde_json::Value;

use super::field::*;
use super::{About, Api, Danger, Envelope, Identity, Kind, Quirks, Update};

/// Facts: 6 creates, 1 update and 2 reads, and the OpenAPI document.
pub const WAF_EXCLUSION: Kind = Kind {
    name: "waf_exclusion",
    section: "waf_exclusions",
    always: false,
    api: Api {
        path: "/api/v2/remote_config/products/asm/waf/exclusion_filters",
        envelope: Envelope::Resource("exclusion_filter"),
        update: Update::Put,
        serial: true,
        emptied: true,
        read: &["appsec_protect_read"],
        write: &["appsec_protect_write"],
        ..Api::V2
    },
    identity: Identity::LastLine("/description"),
    fields: &[
        undocumented("").open(),
        text("/description", "For people"),
        boolean("/enabled", "Whether it is at work").required(),
        read_only("/id"),
        texts("/ip_list", "Addresses of clients, CIDR too").set(),
        read_only("/metadata"),
        choice("/on_match", &["monitor"], "`monitor`: watched, and not blocked; addresses only").closed(),
        texts("/parameters", "Parameters of the query and the body that are not looked at").set(),
        text("/path_glob", "Paths: `/accounts/*`"),
        list("/rules_target", "Rules that are left out"),
        text("/rules_target/*/rule_id", "One rule by its id"),
        object("/rules_target/*/tags", "Rules by their tags"),
        text("/rules_target/*/tags/category", "Their category"),
        text("/rules_target/*/tags/type", "Their type"),
        list("/scope", "Services where it counts; all where it is left out"),
        text("/scope/*/env", "An environment"),
        text("/scope/*/service", "A service"),
        read_only("/search_query"),
    ],
    about: About {
        web: "/security/appsec/passlist",
        title: "/description",
        created: Some("/metadata/added_at"),
        modified: Some("/metadata/modified_at"),
        known_by: &["/description"],
        terraform: &["datadog_appsec_waf_exclusion_filter"],
        ..About::NONE
    },
    quirks: Quirks { dangers: &[Danger { code: "detecting-less", judge: more_passes }], ..Quirks::NONE },
};

fn more_passes(live: &Value, wanted: &Value) -> Option<String> {
    let is_on = |body: &Value| body.get("enabled") == Some(&Value::Bool(true));
    (is_on(wanted) && !is_on(live)).then(|| "Requests pass that were looked at".to_owned())
}
