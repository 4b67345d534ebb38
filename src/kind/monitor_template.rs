//! Templates of monitors that people fill in in the UI.

use super::field::*;
use super::{About, Api, Envelope, Id, Identity, Kind, Quirks, Update};

/// Facts: 7 creates, 1 update and 2 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const MONITOR_TEMPLATE: Kind = Kind {
    name: "monitor_template",
    section: "monitor_templates",
    always: false,
    api: Api {
        path: "/api/v2/monitor/template",
        envelope: Envelope::Resource("monitor-user-template"),
        id: Id { in_update: true, ..Api::V2.id },
        update: Update::Put,
        emptied: true,
        validate: Some("/validate"),
        read: &["monitors_read"],
        write: &["monitor_config_policy_write"],
        ..Api::V2
    },
    identity: Identity::LastLine("/description"),
    fields: &[
        undocumented("").open(),
        read_only("/created"),
        read_only("/creator_uuid"),
        text("/description", "For people"),
        read_only("/id"),
        read_only("/modified"),
        object("/monitor_definition", "A monitor, as under `monitors`")
            .required()
            // `Monitor definition cannot be empty` (4 recordings).
            .form(
                |body| body.as_object().is_none_or(|body| !body.is_empty()),
                "a monitor, as under `monitors`",
            ),
        texts("/tags", "Tags of the template").set().required(),
        list("/template_variables", "What people fill in"),
        texts("/template_variables/*/available_values", "Values to choose from"),
        texts("/template_variables/*/defaults", "Where nothing is chosen"),
        text("/template_variables/*/name", "Its name: `{{name}}` in the monitor").required(),
        text("/template_variables/*/tag_key", "The tag that it stands for"),
        text("/title", "The title").required(),
        read_only("/version"),
        read_only("/versions"),
    ],
    about: About {
        web: "/monitors/templates",
        title: "/title",
        created: Some("/created"),
        modified: Some("/modified"),
        known_by: &["/title"],
        ..About::NONE
    },
    quirks: Quirks::NONE,
};
