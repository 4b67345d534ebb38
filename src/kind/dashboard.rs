//! Dashboards.

use super::field::*;
use super::{
    About, Api, Family, Identified, Identity, ItemDryRun, Kind, List, Mention, Mentioned, Paging, Quirks,
    Summary, Tags,
};

/// Facts: `recorded/SEMANTICS.md` §4 where nothing else is said.
pub const DASHBOARD: Kind = Kind {
    name: "dashboard",
    section: "dashboards",
    always: true,
    api: Api {
        path: "/api/v1/dashboard",
        list: List {
            paging: Paging::Offset { offset: "start", limit: "count" },
            items: Some("/dashboards"),
            summary: Some(Summary {
                modified: "modified_at",
                shown: &["title", "description", "layout_type"],
                lacks: |_| true,
            }),
            ..Api::V1.list
        },
        emptied: true,
        // terraform-provider-datadog, pull request 4063.
        validate_items: Some(ItemDryRun {
            path: "/api/v2/dashboard/widgets/validate",
            list: "/widgets",
            inner: "/definition/widgets",
            within: "/definition",
            beside: &["layout_type", "reflow_type"],
        }),
        // Datadog's documentation, "Datadog Role Permissions".
        read: &["dashboards_read"],
        write: &["dashboards_write"],
        ..Api::V1
    },
    identity: Identity::LastLine("/description"),
    fields: &[
        undocumented("").open().replaced(),
        read_only("/author_handle"),
        read_only("/author_info"),
        read_only("/author_name"),
        read_only("/created_at"),
        object("/default_timeframe", "The time that it opens with"),
        choice(
            "/default_timeframe/type",
            &["fixed", "live"],
            "`live` with `value` and `unit`, `fixed` with `from` and `to`",
        )
        .closed(),
        read_only("/deleted_at"),
        text("/description", "What it is for; Markdown").trimmed().defaults(&["null", r#""""#]),
        // 1 recording.
        undocumented("/experience_type").defaults(&[r#""default""#]),
        read_only("/id"),
        // In answers until 2025-05, gone since; a 400 for each body that holds it, false included (datadog-operator,
        // issues 1707 and 1756; docs.datadoghq.com/dashboards/guide/is-read-only-deprecation).
        retired(
            "/is_read_only",
            &["false", "null"],
            "it restricts nobody any more: a restriction policy says who may edit the dashboard",
        ),
        // OpenAPI, `Dashboard.required`, with title and widgets.
        choice("/layout_type", &["free", "ordered"], "Can't be changed in place")
            .immutable()
            .required()
            .closed(),
        read_only("/modified_at"),
        texts("/notify_list", "Handles that are notified of changes to it").set().recipients(),
        choice(
            "/reflow_type",
            &["auto", "fixed"],
            "Ordered ones: with `fixed` every widget needs a `layout`",
        )
        .closed(),
        texts("/restricted_roles", "Ids of the roles that may edit it; left to the UI unless declared")
            .kept(),
        list("/tabs", "Tabs, at most 100"),
        // A tab without an id gets one (the OpenAPI document asks for it; every recording sends it).
        text("/tabs/*/id", "A UUID").filled(),
        text("/tabs/*/name", "At most 100 characters"),
        list("/tabs/*/widget_ids", "Its widgets: ids, or `\"@1\"` for the first of the list"),
        texts("/tags", "`team:…`, at most five").set(),
        list("/template_variable_presets", "Saved views of the variables"),
        text("/template_variable_presets/*/name", "The view's name"),
        list("/template_variable_presets/*/template_variables", "The variables and their values"),
        text("/template_variable_presets/*/template_variables/*/name", "The variable's name"),
        text("/template_variable_presets/*/template_variables/*/value", "Old; `values` replaces it"),
        texts("/template_variable_presets/*/template_variables/*/values", "Its values, at least one"),
        list("/template_variables", "Variables, `$name` in queries"),
        texts("/template_variables/*/available_values", "Values that may be chosen; absent: all"),
        text("/template_variables/*/default", "Old; `defaults` replaces it"),
        texts("/template_variables/*/defaults", "Values at the begin, joined by OR; at least one"),
        text("/template_variables/*/name", "The name, without `$`"),
        text("/template_variables/*/prefix", "The tag's key that it chooses values of"),
        choice(
            "/template_variables/*/type",
            &["group"],
            "`group` stands in groupings in the place of filters",
        ),
        text("/title", "The title").trimmed().required(),
        read_only("/url"),
        list("/widgets", "What it shows, in order").required(),
        object("/widgets/*/definition", "The widget, as the UI exports it"),
        any("/widgets/*/definition/alert_id", "The monitor: `\"${monitors.ID.id}\"`"),
        text("/widgets/*/definition/content", "Text of a note; Markdown"),
        list("/widgets/*/definition/custom_links", "Links in the menu of the graph"),
        any("/widgets/*/definition/requests", "The data: queries, formulas and how they look"),
        text("/widgets/*/definition/slo_id", "The SLO: `\"${slos.ID.id}\"`"),
        object("/widgets/*/definition/time", "A time of its own"),
        text("/widgets/*/definition/title", "The title"),
        choice("/widgets/*/definition/title_align", &["center", "left", "right"], "Where the title stands")
            .closed(),
        text("/widgets/*/definition/title_size", "Size of the title: `\"16\"`"),
        choice("/widgets/*/definition/type", WIDGET_TYPES, "The type of the widget"),
        of("/widgets/*/definition/widgets", Type::Same("/widgets"), "Widgets of a group"),
        count("/widgets/*/id", "Given by the service; not needed"),
        object("/widgets/*/layout", "Where it stands"),
        number("/widgets/*/layout/height", "In rows of the grid"),
        boolean("/widgets/*/layout/is_column_break", "The first one of the second column, in high density"),
        // Real exports hold places left of the grid, against the document's bounds.
        number("/widgets/*/layout/width", "In columns of the grid"),
        number("/widgets/*/layout/x", "Columns from the left"),
        number("/widgets/*/layout/y", "Rows from the top"),
    ],
    about: About {
        sync_cli: &["dashboards"],
        terraform: &["datadog_dashboard", "datadog_dashboard_json", "datadog_dashboard_v2"],
        web: "/dashboard/{id}",
        title: "/title",
        created: Some("/created_at"),
        modified: Some("/modified_at"),
        author: Some("/author_handle"),
        known_by: &["/title"],
        is_export: |body| body.contains_key("widgets") && body.contains_key("layout_type"),
        export_needs: "`widgets` and `layout_type`",
    },
    quirks: Quirks {
        family: Some(Family::Board),
        points_to: &[("alert_id", Family::Alert), ("slo_id", Family::Objective)],
        // "Invalid tag format. Valid tag keys are: team." (1 recording); at most 5 (OpenAPI).
        tags: Tags { keys: &["team"], most: Some(5), ..Quirks::NONE.tags },
        identified: &[
            widgets("/widgets", Some("/tabs/*/widget_ids")),
            widgets("/widgets/*/definition/widgets", None),
        ],
        // Alert graph, alert value and SLO widgets, and the SLO data source of queries (OpenAPI).
        mentions: &[
            Mention { at: Mentioned::Key("alert_id"), when: None, section: "monitors" },
            Mention { at: Mentioned::Key("slo_id"), when: None, section: "slos" },
        ],
        ..Quirks::NONE
    },
};

/// A list of widgets.
const fn widgets(list: &'static str, placeholders: Option<&'static str>) -> Identified {
    Identified {
        list,
        field: "id",
        placeholders,
        class: "/definition/type",
        name: "/definition/title",
        texts: &["/definition/content", "/definition/text"],
    }
}

const WIDGET_TYPES: &[&str] = &[
    "alert_graph",
    "alert_value",
    "bar_chart",
    "change",
    "check_status",
    "cohort",
    "custom",
    "distribution",
    "embedded_app",
    "event_stream",
    "event_timeline",
    "free_text",
    "funnel",
    "geomap",
    "group",
    "heatmap",
    "hostmap",
    "iframe",
    "image",
    "list_stream",
    "log_stream",
    "manage_status",
    "note",
    "point_plot",
    "powerpack",
    "query_table",
    "query_value",
    "retention_curve",
    "run_workflow",
    "sankey",
    "scatterplot",
    "servicemap",
    "slo",
    "slo_list",
    "split_group",
    "sunburst",
    "timeseries",
    "toplist",
    "topology_map",
    "trace_service",
    "treemap",
    "wildcard",
];
