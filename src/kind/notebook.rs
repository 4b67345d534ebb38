//! Notebooks: text and graphs in one column, to follow while one looks into something.

use super::field::*;
use super::{About, Api, Envelope, Id, Identified, Identity, Kind, List, MarkItem, Paging, Quirks};

/// Facts: 4 creates, 1 update and 3 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const NOTEBOOK: Kind = Kind {
    name: "notebook",
    section: "notebooks",
    always: false,
    api: Api {
        path: "/api/v1/notebooks",
        envelope: Envelope::Resource("notebooks"),
        id: Id { number: true, ..Api::V1.id },
        list: List {
            paging: Paging::Offset { offset: "start", limit: "count" },
            page_size: 100,
            items: Some("/data"),
            total: Some("/meta/page/total_count"),
            ..Api::V1.list
        },
        read: &["notebooks_read"],
        write: &["notebooks_write"],
        ..Api::V1
    },
    // No field of a write takes tags.
    identity: Identity::LastItem(&MarkItem {
        list: "/cells",
        text: "/attributes/definition/text",
        blank: r#"{"type": "notebook_cells", "attributes": {"definition": {"type": "markdown", "text": ""}}}"#,
    }),
    fields: &[
        undocumented("").open(),
        read_only("/author"),
        list("/cells", "Texts and graphs, from top to bottom").required(),
        object("/cells/*/attributes", "What the cell shows").open().required(),
        object(
            "/cells/*/attributes/definition",
            "A widget as on a dashboard; or `type: markdown` and a `text`",
        )
        .required(),
        text("/cells/*/attributes/definition/text", "Markdown"),
        text("/cells/*/attributes/definition/type", "`markdown`, or the type of a widget").required(),
        choice("/cells/*/attributes/graph_size", &["xs", "s", "m", "l", "xl"], "How large a graph is")
            .closed(),
        object("/cells/*/attributes/split_by", "One graph for each value of tags"),
        texts("/cells/*/attributes/split_by/keys", "Keys of tags"),
        texts("/cells/*/attributes/split_by/tags", "Tags"),
        object("/cells/*/attributes/time", "A time of the cell's own"),
        text("/cells/*/id", "Given by the service"),
        choice("/cells/*/type", &["notebook_cells"], "`notebook_cells`").closed().required(),
        read_only("/created"),
        read_only("/deleted"),
        read_only("/id"),
        object("/metadata", "What the notebook is for").open(),
        read_only("/metadata/is_favorite"),
        boolean("/metadata/is_template", "Whether others begin with it").defaults(&["false"]),
        boolean("/metadata/take_snapshots", "Whether graphs of a fixed time are kept as pictures")
            .defaults(&["false"]),
        choice(
            "/metadata/type",
            &["documentation", "investigation", "postmortem", "report", "runbook"],
            "Its sort",
        )
        .closed(),
        read_only("/modified"),
        // The document: 80 characters.
        text("/name", "The title").required().sized(0, Some(80)),
        // 3 of 3.
        choice("/status", &["published"], "`published`").closed().defaults(&[r#""published""#]),
        elsewhere("/tags", "the API takes no tags of a notebook: set them in the UI"),
        list("/template_variables", "Variables that graphs filter by"),
        texts("/template_variables/*/available_values", "Values to choose from"),
        texts("/template_variables/*/defaults", "Where nothing is chosen"),
        text("/template_variables/*/name", "`$NAME` in queries").required(),
        text("/template_variables/*/prefix", "The tag that it stands for"),
        object("/time", "What graphs show: `live_span`, or `start`, `end` and `live`").required(),
        text("/time/end", "The end of a fixed time"),
        boolean("/time/live", "Whether a fixed time moves along"),
        choice(
            "/time/live_span",
            &[
                "1m",
                "5m",
                "10m",
                "15m",
                "30m",
                "1h",
                "4h",
                "1d",
                "2d",
                "1w",
                "1mo",
                "3mo",
                "6mo",
                "week_to_date",
                "month_to_date",
                "1y",
                "alert",
            ],
            "The time up to now",
        ),
        text("/time/start", "The beginning of a fixed time"),
    ],
    about: About {
        web: "/notebook/{id}",
        created: Some("/created"),
        modified: Some("/modified"),
        author: Some("/author/handle"),
        sync_cli: &["notebooks"],
        ..About::NONE
    },
    quirks: Quirks {
        identified: &[Identified {
            list: "/cells",
            field: "id",
            placeholders: None,
            class: "/attributes/definition/type",
            name: "/attributes/definition/title",
            texts: &["/attributes/definition/text"],
        }],
        ..Quirks::NONE
    },
};
