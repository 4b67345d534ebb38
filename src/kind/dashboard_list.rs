//! Lists of dashboards.

use serde_json::{Map, Value};

use super::field::*;
use super::{About, Api, Id, Identity, Kind, List, Mention, Mentioned, Part, Quirks};

/// Facts: 14 creates, 2 updates and 7 reads, 3 writes of items, and the OpenAPI document.
pub const DASHBOARD_LIST: Kind = Kind {
    name: "dashboard_list",
    section: "dashboard_lists",
    always: false,
    api: Api {
        path: "/api/v1/dashboard/lists/manual",
        id: Id { number: true, ..Api::V1.id },
        list: List { items: Some("/dashboard_lists"), ..Api::V1.list },
        part: Some(Part {
            path: "/api/v2/dashboard/lists/manual/{id}/dashboards",
            field: "dashboards",
            members: &["id", "type"],
        }),
        read: &["dashboards_read"],
        write: &["dashboards_write"],
        ..Api::V1
    },
    identity: Identity::Key("/name"),
    fields: &[
        undocumented("").open(),
        read_only("/author"),
        read_only("/created"),
        read_only("/dashboard_count"),
        // At a second address; null in answers at the first (16 of 16).
        list("/dashboards", "What it holds; left out: what people put there").set().kept(),
        text("/dashboards/*/id", "A dashboard: `${dashboards.ID.id}`").required(),
        choice(
            "/dashboards/*/type",
            &[
                "custom_timeboard",
                "custom_screenboard",
                "integration_screenboard",
                "integration_timeboard",
                "host_timeboard",
            ],
            "`custom_timeboard` for an ordered layout, `custom_screenboard` for a free one",
        )
        .required()
        .closed(),
        read_only("/id"),
        read_only("/is_favorite"),
        read_only("/modified"),
        text("/name", "The title, by which it is known").required(),
        read_only("/type"),
    ],
    about: About {
        sync_cli: &["dashboard_lists"],
        terraform: &["datadog_dashboard_list"],
        web: "/dashboard/lists/manual/{id}",
        created: Some("/created"),
        modified: Some("/modified"),
        author: Some("/author/handle"),
        is_export,
        export_needs: "`type` `manual_dashboard_list`, or `name` and `dashboards`",
        ..About::NONE
    },
    quirks: Quirks {
        mentions: &[Mention { at: Mentioned::Path("/dashboards/*/id"), when: None, section: "dashboards" }],
        ..Quirks::NONE
    },
};

/// As the API shows one, or as an export of ours does: its type is the server's.
fn is_export(body: &Map<String, Value>) -> bool {
    body.get("type").and_then(Value::as_str) == Some("manual_dashboard_list")
        || body.contains_key("name") && body.get("dashboards").is_some_and(Value::is_array)
}
