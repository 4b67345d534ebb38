//! Policies of monitors: the tags that each must bear, and how long downtimes may be.

use super::field::*;
use super::{About, Api, Envelope, Family, Id, Identity, Kind, OneOf, Quirks};

/// Facts: 9 creates, 2 updates and 8 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const MONITOR_POLICY: Kind = Kind {
    name: "monitor_policy",
    section: "monitor_policies",
    always: false,
    api: Api {
        path: "/api/v2/monitor/policy",
        envelope: Envelope::Resource("monitor-config-policy"),
        // Another one is a 422.
        id: Id { in_update: true, ..Api::V2.id },
        // An update names all of it (O), and it is echoed whole (2 of 2).
        emptied: true,
        // A policy makes later writes of monitors without its tag fail.
        after: &["monitors"],
        read: &["monitors_read"],
        write: &["monitor_config_policy_write"],
        ..Api::V2
    },
    identity: Identity::Key("/policy/tag_key"),
    fields: &[
        undocumented("").open(),
        read_only("/id"),
        object("/policy", "What it asks for").required(),
        of("/policy/max_duration_ms", Type::Integer(Some(1), None), "The longest downtime, in milliseconds")
            .strict(),
        text("/policy/tag_key", "The key of a tag; it is known by it").sized(1, Some(255)),
        boolean("/policy/tag_key_required", "Whether every monitor must bear the tag"),
        texts("/policy/valid_tag_values", "The values that the tag may have; none: any").set(),
        // "should be any of these ['tag']" (1 recording, of 2023); the document has both.
        choice("/policy_type", &["tag", "downtime"], "What it is about").closed().required(),
    ],
    about: About {
        terraform: &["datadog_monitor_config_policy"],
        web: "/monitors/settings/policies",
        title: "/policy/tag_key",
        known_by: &["/policy/tag_key"],
        ..About::NONE
    },
    quirks: Quirks {
        family: Some(Family::Policy),
        one_of: &[OneOf { fields: &["/policy/tag_key", "/policy/max_duration_ms"], needed: true }],
        // There is one about downtimes.
        key_else: Some("/policy_type"),
        ..Quirks::NONE
    },
};
