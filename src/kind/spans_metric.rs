//! Metrics that are counted from spans.

use std::collections::BTreeSet;

use serde_json::Value;

use super::field::*;
use super::{About, Api, Envelope, Id, Identity, Kind, Quirks, Wrong, danger};

/// Facts: 8 creates, 2 updates and 7 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const SPANS_METRIC: Kind = Kind {
    name: "spans_metric",
    section: "spans_metrics",
    always: false,
    api: Api {
        path: "/api/v2/apm/config/metrics",
        envelope: Envelope::Resource("spans_metrics"),
        id: Id { chosen: true, ..Api::V2.id },
        read: &["apm_read"],
        write: &["apm_generate_metrics"],
        ..Api::V2
    },
    identity: Identity::Key("/id"),
    fields: &[
        undocumented("").open(),
        object("/compute", "What is computed").required(),
        choice("/compute/aggregation_type", &["count", "distribution"], "Can't be changed in place")
            .closed()
            .required()
            .immutable(),
        boolean("/compute/include_percentiles", "Percentiles too; of distributions alone")
            .defaults(&["false"]),
        // Not in the schema of an update.
        text("/compute/path", "The attribute that a distribution measures; can't be changed in place")
            .immutable(),
        object("/filter", "Which spans count").defaults(&[r#"{"query":"*"}"#]),
        text("/filter/query", "A search, as in the trace explorer").defaults(&[r#""*""#]),
        list("/group_by", "Tags of the metric").set().defaults(&["[]"]).meaning(same_groups),
        text("/group_by/*/path", "The attribute, or the tag").required(),
        text("/group_by/*/tag_name", "The tag of the metric; as the path, where it is left out"),
        // `-` becomes `_` in it (4 of 4), quotes around it go (5 of 5).
        text("/id", "The metric's name, with `_` for `-`").required().rewritten("-\""),
    ],
    about: About {
        sync_cli: &["spans_metrics"],
        terraform: &["datadog_spans_metric"],
        web: "/apm/traces/generate-metrics",
        title: "/id",
        known_by: &["/id"],
        ..About::NONE
    },
    quirks: Quirks {
        dangers: danger::OF_METRICS,
        wrongs: &[Wrong { at: "/compute", judge: measures_nothing }],
        ..Quirks::NONE
    },
};

/// A distribution is of the values at a path (OpenAPI: the path is used if the type is `distribution`).
pub fn measures_nothing(body: &Value) -> Option<(String, &'static str)> {
    let compute = body.get("compute")?;
    let path = compute.get("path").and_then(Value::as_str).unwrap_or_default();
    let is_missing = compute.get("aggregation_type")? == "distribution" && path.trim().is_empty();
    is_missing.then(|| {
        (
            "A metric of the type `distribution` has no `path`".to_owned(),
            "write `path:`, the attribute whose values are measured, such as `@duration`",
        )
    })
}

/// Whether two lists group alike: a tag's name that is left out is the path (terraform-provider-datadog).
pub fn same_groups(one: &Value, other: &Value) -> bool {
    let groups = |value: &Value| -> Option<BTreeSet<(String, String)>> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let group = |item: &Value| {
            let path = text(item.get("path")?)?;
            // What is not known of a group is compared as it stands.
            let is_plain = item.as_object()?.keys().all(|key| matches!(key.as_str(), "path" | "tag_name"));
            let name =
                item.get("tag_name").filter(|name| !name.is_null()).map_or(Some(path.clone()), text)?;
            is_plain.then_some((path, name))
        };
        value.as_array()?.iter().map(group).collect()
    };
    groups(one).is_some_and(|own| groups(other).is_some_and(|other| own == other))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_that_is_left_out_is_the_path() {
        let check =
            |one: Value, other: Value, expected: bool| assert_eq!(same_groups(&one, &other), expected);
        check(json!([{"path": "a"}]), json!([{"path": "a", "tag_name": "a"}]), true);
        check(json!([{"path": "a"}]), json!([{"path": "a", "tag_name": "b"}]), false);
        check(json!([{"path": "a"}]), json!([]), false);
        check(json!([{"path": "a", "new": 1}]), json!([{"path": "a"}]), false);
    }
}
