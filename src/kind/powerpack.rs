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
        object("/group_widget/definition", "What the group is").required(),
        text("/group_widget/definition/layout_type", "`ordered`").required(),
        boolean("/group_widget/definition/show_title", "Whether its title is shown"),
        text("/group_widget/definition/title", "Its title"),
        choice("/group_widget/definition/type", &["group"], "`group`").closed().required(),
        list("/group_widget/definition/widgets", "Its widgets").required(),
        object("/group_widget/definition/widgets/*/definition", "What a widget shows"),
        object("/group_widget/definition/widgets/*/layout", "Its place"),
        count("/group_widget/definition/widgets/*/layout/height", "In rows of the grid"),
        count("/group_widget/definition/widgets/*/layout/width", "In columns of the grid"),
        count("/group_widget/definition/widgets/*/layout/x", "Columns from the left"),
        count("/group_widget/definition/widgets/*/layout/y", "Rows from the top"),
        // 33 of 42.
        object("/group_widget/layout", "The place of the group").filled(),
        count("/group_widget/layout/height", "In rows of the grid").strict().required(),
        count("/group_widget/layout/width", "In columns of the grid").strict().required(),
        count("/group_widget/layout/x", "Columns from the left").strict().required(),
        count("/group_widget/layout/y", "Rows from the top").strict().required(),
        choice(
            "/group_widget/live_span",
            &[
                "1m", "5m", "10m", "15m", "30m", "1h", "4h", "1d", "2d", "1w", "1mo", "3mo", "6mo", "1y",
                "alert",
            ],
            "The time that is shown",
        )
        .closed(),
        read_only("/id"),
        text("/name", "The title").required(),
        // The document: eight, each of 80 characters.
        texts("/tags", "Up to eight tags").set().sized(0, Some(8)),
        list("/template_variables", "What a dashboard that uses it sets"),
        texts("/template_variables/*/available_values", "Values to choose from"),
        texts("/template_variables/*/defaults", "Where nothing is chosen"),
        text("/template_variables/*/name", "Its name").required(),
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
