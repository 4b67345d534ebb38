//! Service level objectives: metric, monitor and time slice.

use serde_json::Value;

use super::{
    Alternative, Derived, Envelope, IdType, Judged, Kind, Listing, MarkSort, Mention, Mentioned, Nature,
    Paging, Stakes, fields,
};

/// Facts: `recorded/SEMANTICS.md` §3 where nothing else is said.
pub const SLO: Kind = Kind {
    name: "slo",
    section: "slos",
    path: "/api/v1/slo",
    envelope: Envelope::Data,
    listing: Listing {
        paging: Paging::Offset { offset: "offset", limit: "limit" },
        // The default, and the largest page in the OpenAPI document.
        page_size: 1000,
        items: Some("data"),
        tag_filter: Some("tags_query"),
        query: &[],
        summary: None,
    },
    id: IdType::Text,
    web_path: "/slo?slo_id={id}",
    mark: MarkSort::Tags("/tags"),
    can_delete: Some("ids"),
    // Datadog's documentation, "Datadog Role Permissions".
    scopes: &["slos_read", "slos_write"],
    validate: false,
    created: "/created_at",
    is_export: |body| {
        body.contains_key("thresholds")
            && body
                .get("type")
                .and_then(Value::as_str)
                .is_some_and(|sort| matches!(sort, "metric" | "monitor" | "time_slice"))
    },
    export_needs: "`thresholds` and `type` (`metric`, `monitor` or `time_slice`)",
    fields: fields::SLO,
    read_only: &[
        "/id",
        "/created_at",
        "/modified_at",
        "/creator",
        "/type_id",
        "/monitor_tags",
        "/thresholds/*/target_display",
        "/thresholds/*/warning_display",
        // Of GET with `with_configured_alert_ids` and of searches (OpenAPI).
        "/configured_alert_ids",
        "/overall_status",
        "/status",
    ],
    kept: &[],
    filled: &[],
    unseen: &[],
    defaults: &[
        ("/description", &[r#""""#]),
        ("/tags", &["[]"]),
        ("/sli_specification/time_slice/query_interval_seconds", &["300"]),
    ],
    derived: &[
        // Those of the first threshold (16 of 16), of the one that a `timeframe` names (no recording leaves the
        // others out then).
        derived("/timeframe", "timeframe"),
        derived("/target_threshold", "target"),
        derived("/warning_threshold", "warning"),
    ],
    known: &["/name", "/type", "/query", "/sli_specification", "/thresholds", "/monitor_ids", "/groups"],
    open: &[""],
    // No recording shows what becomes of fields that a PUT leaves out (SEMANTICS §3): those that nobody knows are sent
    // as they stand, and those to be reset by name.
    emptied: false,
    replaced: &[""],
    sets: &["/tags", "/monitor_ids"],
    trimmed: &[],
    synonyms: &[],
    alternatives: &[Alternative { one: "/query", other: "/sli_specification", agree: counts_agree }],
    identified: &[],
    // A PUT of another type is judged by the stored type (SEMANTICS §3, last error).
    immutable: &["/type"],
    numeric_references: &["/monitor_ids/*"],
    mentions: &[Mention { at: Mentioned::Path("/monitor_ids/*"), when: None, section: "monitors" }],
    stakes: Stakes {
        recipients: &[],
        thresholds: &[],
        targets: &["/thresholds/*/target"],
        query: None,
        no_data: &[],
    },
    judged: Judged {
        nature: Nature::Objective,
        // OpenAPI, `SLOType`.
        measuring: Some("monitor"),
        // OpenAPI, `ServiceLevelObjectiveRequest.required`; the thresholds have a rule of their own.
        required: &["/name", "/type"],
        required_at_create: &[],
        points_to: &[("monitor_ids", Nature::Alert)],
        bounds: &[],
        lengths: &[],
        windows: &[],
        tag_keys: &[],
        most_tags: None,
        // Upper case, spaces and other characters (terraform-provider-datadog, issues 961 and 3638).
        rewrites_tags: true,
    },
};

/// A field of the whole that follows the threshold of its timeframe.
const fn derived(path: &'static str, field: &'static str) -> Derived {
    Derived { path, list: "/thresholds", field, chosen_by: ("/timeframe", "timeframe") }
}

/// Whether `{numerator, denominator}` is what `{count: {…}}` spells with names: the service rebuilds each
/// from the other, with brackets and spaces of its own (24 of 24).
fn counts_agree(query: &Value, specification: &Value) -> bool {
    let Some(count) = specification.get("count") else { return false };
    let Some(queries) = count.get("queries").and_then(Value::as_array) else { return false };
    let mut texts = Vec::new();
    for query in queries {
        let text = |key| query.get(key).and_then(Value::as_str);
        let (Some("metrics"), Some(name), Some(query)) = (text("data_source"), text("name"), text("query"))
        else {
            return false;
        };
        texts.push((name, query));
    }
    let spelled = |key| Some(spell(count.pointer(key)?.as_str()?, &texts));
    let Some(good) = spelled("/good_events_formula/formula") else { return false };
    let total = match (spelled("/total_events_formula/formula"), spelled("/bad_events_formula/formula")) {
        (Some(total), _) => total,
        (None, Some(bad)) => format!("{good}+{bad}"),
        (None, None) => return false,
    };
    let side = |key| query.get(key).and_then(Value::as_str).map(bare);
    side("numerator") == Some(bare(&good)) && side("denominator") == Some(bare(&total))
}

/// A formula with the queries in the place of their names.
fn spell(formula: &str, queries: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let mut rest = formula;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_') {
        let (before, word) = rest.split_at(start);
        let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        out.push_str(before);
        out.push_str(queries.iter().find(|(name, _)| *name == word).map_or(word, |(_, query)| query));
        rest = after;
    }
    out + rest
}

/// Without spaces and brackets.
fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')')).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_agrees_with_its_other_spelling() {
        let queries = json!([
            {"data_source": "metrics", "name": "query1", "query": "sum:a{*}.as_count()"},
            {"data_source": "metrics", "name": "query2", "query": "sum:b{x:y}.as_count()"},
        ]);
        let query = json!({"numerator": "sum:a{*}.as_count()", "denominator": "sum:a{*}.as_count() + sum:b{x:y}.as_count()"});
        for (good, other, formula, expected) in [
            ("query1", "total_events_formula", "(query1 + query2)", true),
            ("query1", "bad_events_formula", "query2", true),
            ("query2", "bad_events_formula", "query1", false),
            ("query1", "total_events_formula", "query2", false),
        ] {
            let count = json!({"count": {"queries": queries, "good_events_formula": {"formula": good}, other: {"formula": formula}}});
            assert_eq!(counts_agree(&query, &count), expected, "{good} {formula}");
        }
    }
}
