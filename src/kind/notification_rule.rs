//! Notification rules: whom monitors tell, by their tags.

use super::field::*;
use super::{About, Api, Envelope, Family, Id, Identity, Kind, List, OneOf, Paging, Quirks};

/// Facts: 16 creates, 5 updates and 8 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const NOTIFICATION_RULE: Kind = Kind {
    name: "notification_rule",
    section: "notification_rules",
    always: false,
    api: Api {
        path: "/api/v2/monitor/notification_rule",
        envelope: Envelope::Resource("monitor-notification-rule"),
        id: Id { in_update: true, ..Api::V2.id },
        list: List { paging: Paging::Number { page: "page", size: "per_page" }, ..Api::V2.list },
        // 1 of 1: recipients that an update leaves out are gone.
        emptied: true,
        read: &["monitors_read"],
        write: &["monitor_config_policy_write"],
        ..Api::V2
    },
    identity: Identity::Key("/name"),
    fields: &[
        undocumented("").open(),
        object("/bundle_config", "Bundles alerts; in preview"),
        count("/bundle_config/duration", "The seconds that alerts are bundled for").required(),
        object("/conditional_recipients", "Other recipients by condition; in the place of `recipients`"),
        list("/conditional_recipients/conditions", "Each with its recipients").required().sized(1, Some(10)),
        texts(
            "/conditional_recipients/conditions/*/recipients",
            "Recipients as in messages, without the `@`",
        )
        .required()
        .set()
        .recipients()
        .sized(1, Some(20)),
        text(
            "/conditional_recipients/conditions/*/scope",
            "`transition_type:is_alert`, or a tag: `env:prod`",
        )
        .required()
        .sized(1, Some(3000)),
        texts("/conditional_recipients/fallback_recipients", "Where no condition holds")
            .set()
            .recipients()
            .sized(1, Some(20)),
        read_only("/created_at"),
        object("/filter", "Which monitors: `tags`, or a `scope`").required(),
        text("/filter/scope", "`service:a AND NOT env:dev`").sized(1, Some(3000)),
        texts("/filter/tags", "Tags, all of which must match").set().sized(1, Some(20)),
        read_only("/id"),
        read_only("/modified_at"),
        text("/name", "The title, by which it is known").required().sized(1, Some(1000)),
        texts("/recipients", "Recipients as in messages, without the `@`")
            .set()
            .recipients()
            .sized(1, Some(20)),
    ],
    about: About {
        terraform: &["datadog_monitor_notification_rule"],
        web: "/monitors/settings/notifications",
        created: Some("/created_at"),
        modified: Some("/modified_at"),
        ..About::NONE
    },
    quirks: Quirks {
        family: Some(Family::Routing),
        one_of: &[
            OneOf { fields: &["/filter/tags", "/filter/scope"], needed: true },
            OneOf { fields: &["/recipients", "/conditional_recipients"], needed: true },
        ],
        ..Quirks::NONE
    },
};
