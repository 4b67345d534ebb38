//! Tags of a metric: by which of them it can be queried.

use serde_json::Value;

use super::field::*;
use super::{About, Api, Create, Danger, Envelope, Id, Identity, Kind, List, Paging, Quirks, Wrong, danger};

/// Facts: 7 creates, 2 updates and 9 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const METRIC_TAG: Kind = Kind {
    name: "metric_tag",
    section: "metric_tags",
    always: false,
    api: Api {
        path: "/api/v2/metrics",
        item: "/tags",
        envelope: Envelope::Resource("manage_tags"),
        id: Id { chosen: true, in_update: true, ..Api::V2.id },
        list: List {
            paging: Paging::Cursor {
                cursor: "page[cursor]",
                size: "page[size]",
                next: "/meta/pagination/next_cursor",
            },
            page_size: 10_000,
            // Metrics without a configuration stand beside those with one.
            mixed: true,
            query: &[("filter[configured]", "true")],
            ..Api::V2.list
        },
        create: Create::Item,
        read: &["metrics_read"],
        write: &["metric_tags_write"],
        ..Api::V2
    },
    identity: Identity::Key("/id"),
    fields: &[
        undocumented("").open(),
        // Deprecated; sum or avg of a gauge (5 and 2 times), and the service's own of the others.
        list("/aggregations", "Deprecated: the service chooses them").set().filled(),
        choice("/aggregations/*/space", &["avg", "max", "min", "sum"], "Over hosts and other tags")
            .closed()
            .required(),
        choice("/aggregations/*/time", &["avg", "count", "max", "min", "sum"], "Over time")
            .closed()
            .required(),
        read_only("/created_at"),
        boolean("/exclude_tags_mode", "Whether all tags but these can be queried").defaults(&["false"]),
        text("/id", "The metric's name; it must have points").required().sized(1, None),
        boolean("/include_percentiles", "Percentiles too; of distributions alone").defaults(&["false"]),
        choice("/metric_type", &["gauge", "count", "rate", "distribution"], "Can't be changed in place")
            .closed()
            .required()
            .immutable(),
        read_only("/modified_at"),
        // In another order in 6 of 9 writes and 5 of 9 reads.
        texts("/tags", "Keys of tags by which the metric can be queried").required().set(),
    ],
    about: About {
        sync_cli: &["metric_tag_configurations"],
        terraform: &["datadog_metric_tag_configuration"],
        web: "/metric/summary?metric={id}",
        title: "/id",
        created: Some("/created_at"),
        modified: Some("/modified_at"),
        known_by: &["/id"],
        ..About::NONE
    },
    quirks: Quirks {
        dangers: &[
            Danger { code: "percentiles-off", judge: percentiles_off },
            Danger { code: "tags-lost", judge: tags_lost },
        ],
        wrongs: &[Wrong { at: "/include_percentiles", judge: no_distribution }],
        ..Quirks::NONE
    },
};

fn is_on(body: &Value, field: &str) -> bool {
    body.get(field) == Some(&Value::Bool(true))
}

fn percentiles_off(live: &Value, wanted: &Value) -> Option<String> {
    let field = "include_percentiles";
    (is_on(live, field) && !is_on(wanted, field))
        .then(|| "The metric has no percentiles any more: graphs and alerts of them end".to_owned())
}

/// Tags that were there and are not: taken out of the list, or put into one of exceptions.
fn tags_lost(live: &Value, wanted: &Value) -> Option<String> {
    let (before, after) = (danger::texts(live, "/tags", None), danger::texts(wanted, "/tags", None));
    match (is_on(live, "exclude_tags_mode"), is_on(wanted, "exclude_tags_mode")) {
        (false, false) => danger::tags_lost(&before.difference(&after).copied().collect::<Vec<_>>()),
        (true, true) => danger::tags_lost(&after.difference(&before).copied().collect::<Vec<_>>()),
        (false, true) => danger::tags_lost(&before.intersection(&after).copied().collect::<Vec<_>>()),
        (true, false) => Some(format!(
            "The metric can be queried by these tags alone, no longer by all others: {}",
            danger::listed(&after.into_iter().collect::<Vec<_>>())
        )),
    }
}

/// "Can only be applied to metrics that have a `metric_type` of `distribution`" (OpenAPI).
fn no_distribution(body: &Value) -> Option<(String, &'static str)> {
    let class = body.get("metric_type")?.as_str()?;
    (is_on(body, "include_percentiles") && class != "distribution").then(|| {
        (
            format!("`include_percentiles` is of distributions, and the `metric_type` is `{class}`"),
            "leave it out, or send the metric as a distribution",
        )
    })
}
