//! Powerpacks: groups of widgets that dashboards share.

use super::field::*;
use super::{About, Api, Envelope, Identified, Identity, Kind, List, Mention, Mentioned, Paging, Quirks};

/// Facts: 28 creates, 1 update and 57 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const POWERPACK: Kind = Kind {
    name: "powerpack",
    section: "powerpacks",
    always: false,
    api: Api {
        path: "/api/v2/powerpacks",
        envelope: Envelope::Resource("powerpack"),
        list: List {
            paging: Paging::Offset { offset: "page[offset]", limit: "page[limit]" },
            ..Api::V2.list
        },
        emptied: true,
        read: &["dashboards_read"],
        write: &["dashboards_write"],
        ..Api::V2
    },
    identity: Identity::LastLine("/description"),
    fields: &[
        undocumented("").open(),
        text("/description", "For people"),
        object("/group_widget", "The group, as on a dashboard").required(),
        object("/group_widget/definition", "What the group is"),
        text("/group_widget/definition/layout_type", "`ordered`"),
        boolean("/group_widget/definition/show_title", "Whether its title is shown"),
        text("/group_widget/definition/title", "Its title"),
        text("/group_widget/definition/type", "`group`"),
        list("/group_widget/definition/widgets", "Its widgets"),
        object("/group_widget/definition/widgets/*/definition", "What a widget shows"),
        object("/group_widget/definition/widgets/*/layout", "Its place"),
        // 33 of 42.
        object("/group_widget/layout", "The place of the group").filled(),
        text("/group_widget/live_span", "The time that is shown"),
        read_only("/id"),
        text("/name", "The title").required(),
        // The document: eight, each of 80 characters.
        texts("/tags", "Up to eight tags").set().sized(0, Some(8)),
        list("/template_variables", "What a dashboard that uses it sets"),
        texts("/template_variables/*/available_values", "Values to choose from"),
        texts("/template_variables/*/defaults", "Where nothing is chosen"),
        text("/template_variables/*/name", "Its name"),
        text("/template_variables/*/prefix", "The tag that it stands for"),
    ],
    about: About {
        web: "/dashboard/lists?p=powerpacks",
        terraform: &["datadog_powerpack"],
        sync_cli: &["powerpacks"],
        ..About::NONE
    },
    quirks: Quirks {
        identified: &[Identified {
            list: "/group_widget/definition/widgets",
            field: "id",
            placeholders: None,
            class: "/definition/type",
            name: "/definition/title",
            texts: &["/definition/content", "/definition/text"],
        }],
        mentions: &[
            Mention { at: Mentioned::Key("alert_id"), when: None, section: "monitors" },
            Mention { at: Mentioned::Key("slo_id"), when: None, section: "slos" },
        ],
        ..Quirks::NONE
    },
};
