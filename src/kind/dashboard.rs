//! Dashboards.

use super::{
    Envelope, IdType, Identified, Judged, Kind, Listing, MarkSort, Mention, Mentioned, Nature, Paging,
    Stakes, Summary, fields,
};

/// Facts: `recorded/SEMANTICS.md` §4 where nothing else is said.
pub const DASHBOARD: Kind = Kind {
    name: "dashboard",
    section: "dashboards",
    path: "/api/v1/dashboard",
    envelope: Envelope::Flat,
    listing: Listing {
        paging: Paging::Offset { offset: "start", limit: "count" },
        page_size: 1000,
        items: Some("dashboards"),
        tag_filter: None,
        query: &[],
        summary: Some(Summary { modified: "modified_at", shown: &["title", "description", "layout_type"] }),
    },
    id: IdType::Text,
    web_path: "/dashboard/{id}",
    mark: MarkSort::LastLine("/description"),
    can_delete: None,
    // Datadog's documentation, "Datadog Role Permissions".
    scopes: &["dashboards_read", "dashboards_write"],
    validate: false,
    created: "/created_at",
    is_export: |body| body.contains_key("widgets") && body.contains_key("layout_type"),
    export_needs: "`widgets` and `layout_type`",
    fields: fields::DASHBOARD,
    read_only: &[
        "/id",
        "/url",
        "/author_handle",
        "/author_name",
        "/author_info",
        "/created_at",
        "/modified_at",
        "/deleted_at",
    ],
    kept: &["/restricted_roles"],
    // A tab without an id gets one (the OpenAPI document asks for it; every recording sends it).
    filled: &["/tabs/*/id"],
    unseen: &[],
    defaults: &[
        ("/description", &["null", r#""""#]),
        // In answers until 2025-05, gone since.
        ("/is_read_only", &["false"]),
        // 1 recording.
        ("/experience_type", &[r#""default""#]),
    ],
    derived: &[],
    known: &[
        "/title",
        "/layout_type",
        "/widgets",
        "/template_variables",
        "/template_variable_presets",
        "/notify_list",
        "/tags",
        "/tabs",
        "/reflow_type",
        "/default_timeframe",
    ],
    open: &[""],
    emptied: true,
    replaced: &[""],
    sets: &["/tags", "/notify_list"],
    trimmed: &[],
    synonyms: &[],
    alternatives: &[],
    identified: &[
        Identified {
            list: "/widgets",
            field: "id",
            placeholders: Some("/tabs/*/widget_ids"),
            sort: "/definition/type",
            name: "/definition/title",
        },
        Identified {
            list: "/widgets/*/definition/widgets",
            field: "id",
            placeholders: None,
            sort: "/definition/type",
            name: "/definition/title",
        },
    ],
    immutable: &["/layout_type"],
    numeric_references: &[],
    // Alert graph, alert value and SLO widgets, and the SLO data source of queries (OpenAPI).
    mentions: &[
        Mention { at: Mentioned::Key("alert_id"), when: None, section: "monitors" },
        Mention { at: Mentioned::Key("slo_id"), when: None, section: "slos" },
    ],
    stakes: Stakes {
        recipients: &["/notify_list"],
        thresholds: &[],
        targets: &[],
        query: None,
        no_data: &[],
    },
    judged: Judged {
        nature: Nature::Board,
        measuring: None,
        // OpenAPI, `Dashboard.required`.
        required: &["/title", "/layout_type", "/widgets"],
        required_at_create: &[],
        points_to: &[("alert_id", Nature::Alert), ("slo_id", Nature::Objective)],
        bounds: &[],
        lengths: &[],
        windows: &[],
        // "Invalid tag format. Valid tag keys are: team." (1 recording); at most 5 (OpenAPI).
        tag_keys: &["team"],
        most_tags: Some(5),
        rewrites_tags: false,
    },
};
