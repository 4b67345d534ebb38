//! Service level objectives: metric, monitor and time slice.

use serde_json::Value;

use super::field::*;
use super::{
    About, Alternative, Api, Derived, Envelope, Family, Identity, Kind, List, Mention, Mentioned, Paging,
    Quirks, Tags,
};

/// Facts: `recorded/SEMANTICS.md` §3 where nothing else is said.
pub const SLO: Kind = Kind {
    name: "slo",
    section: "slos",
    always: true,
    api: Api {
        path: "/api/v1/slo",
        envelope: Envelope::Data,
        // The default page, and the largest in the OpenAPI document, is 1000.
        list: List {
            paging: Paging::Offset { offset: "offset", limit: "limit" },
            items: Some("/data"),
            tag_filter: Some("tags_query"),
            total: Some("/metadata/page/total_count"),
            ..Api::V1.list
        },
        can_delete: Some("ids"),
        // Datadog's documentation, "Datadog Role Permissions".
        read: &["slos_read"],
        write: &["slos_write"],
        ..Api::V1
    },
    identity: Identity::Tags("/tags"),
    fields: &[
        // No recording shows what becomes of fields that a PUT leaves out (SEMANTICS §3): those that nobody knows are
        // sent as they stand, and those to be reset by name.
        undocumented("").open().replaced(),
        // Of GET with `with_configured_alert_ids` and of searches (OpenAPI), as both statuses.
        read_only("/configured_alert_ids"),
        read_only("/created_at"),
        read_only("/creator"),
        text("/description", "What is promised, for people").trimmed().defaults(&[r#""""#]),
        texts("/groups", "Monitor SLOs of one monitor: its groups that count, at most 100"),
        read_only("/id"),
        read_only("/modified_at"),
        of("/monitor_ids", Type::Integers, "Monitor SLOs: the monitors, as `\"${monitors.ID.id}\"`").set(),
        undocumented("/monitor_ids/*").numeric().telling(),
        read_only("/monitor_tags"),
        // OpenAPI, `ServiceLevelObjectiveRequest.required`, with the type; the thresholds have a rule of their own.
        text("/name", "The title").trimmed().required(),
        read_only("/overall_status"),
        object("/query", "Metric SLOs: good and total events"),
        text("/query/denominator", "All valid events: `sum:…{…}.as_count()`").telling(),
        text("/query/numerator", "Good events: `sum:…{…}.as_count()`").telling(),
        object("/sli_specification", "The indicator in full; for metric SLOs in the place of `query`"),
        object("/sli_specification/count", "Metric SLOs: formulas over queries"),
        object("/sli_specification/count/bad_events_formula", "Bad events, in the place of the total"),
        text("/sli_specification/count/bad_events_formula/formula", "Over the names of the queries")
            .telling(),
        object("/sli_specification/count/good_events_formula", "Good events"),
        text("/sli_specification/count/good_events_formula/formula", "Over the names of the queries")
            .telling(),
        list("/sli_specification/count/queries", "What the formulas name"),
        choice("/sli_specification/count/queries/*/data_source", &["metrics"], "Where the data is"),
        text("/sli_specification/count/queries/*/name", "The name in the formulas"),
        text("/sli_specification/count/queries/*/query", "A metric query").telling(),
        object("/sli_specification/count/total_events_formula", "All events, in the place of the bad ones"),
        text("/sli_specification/count/total_events_formula/formula", "Over the names of the queries")
            .telling(),
        object("/sli_specification/time_slice", "Time slice SLOs: the condition of a good slice"),
        choice(
            "/sli_specification/time_slice/comparator",
            &["<", "<=", ">", ">="],
            "A slice is good if the value is …",
        )
        .closed()
        .telling(),
        object("/sli_specification/time_slice/query", "The value"),
        list("/sli_specification/time_slice/query/formulas", "Exactly one"),
        text("/sli_specification/time_slice/query/formulas/*/formula", "Over the names of the queries")
            .required(),
        list("/sli_specification/time_slice/query/queries", "What the formula names"),
        choice(
            "/sli_specification/time_slice/query/queries/*/data_source",
            &["metrics"],
            "Where the data is",
        )
        .required(),
        text("/sli_specification/time_slice/query/queries/*/name", "The name in the formula").required(),
        text("/sli_specification/time_slice/query/queries/*/query", "A metric query").required().telling(),
        bounded(
            "/sli_specification/time_slice/query_interval_seconds",
            60,
            300,
            "Length of a slice: 60 or 300 (default)",
        )
        .defaults(&["300"])
        .form(is_slice, "60 or 300"),
        number("/sli_specification/time_slice/threshold", "… than this").telling(),
        read_only("/status"),
        texts("/tags", "`key:value`, of the SLO itself").set().defaults(&["[]"]),
        percent("/target_threshold", "The first threshold's target, if not set there"),
        list("/thresholds", "A target for each timeframe"),
        percent("/thresholds/*/target", "Percent that must be good").target(),
        read_only("/thresholds/*/target_display"),
        choice("/thresholds/*/timeframe", TIMEFRAMES, "The rolling window").closed().telling(),
        percent("/thresholds/*/warning", "Percent that warns, above `target`"),
        read_only("/thresholds/*/warning_display"),
        choice("/timeframe", TIMEFRAMES, "The window that lists show").closed(),
        // A PUT of another type is judged by the stored type (SEMANTICS §3, last error).
        choice("/type", &["metric", "monitor", "time_slice"], "What it counts; can't be changed in place")
            .immutable()
            .required()
            .closed(),
        read_only("/type_id"),
        percent("/warning_threshold", "The first threshold's warning, if not set there"),
    ],
    about: About {
        sync_cli: &["service_level_objectives"],
        terraform: &["datadog_service_level_objective"],
        web: "/slo?slo_id={id}",
        title: "/name",
        created: Some("/created_at"),
        modified: Some("/modified_at"),
        author: Some("/creator/handle"),
        known_by: &["/name", "/type"],
        is_export: |body| {
            body.contains_key("thresholds")
                && body
                    .get("type")
                    .and_then(Value::as_str)
                    .is_some_and(|class| matches!(class, "metric" | "monitor" | "time_slice"))
        },
        export_needs: "`thresholds` and `type` (`metric`, `monitor` or `time_slice`)",
    },
    quirks: Quirks {
        family: Some(Family::Objective),
        // OpenAPI, `SLOType`.
        measuring: Some("monitor"),
        points_to: &[("monitor_ids", Family::Alert)],
        // Upper case, spaces and other characters (terraform-provider-datadog, issues 961 and 3638).
        tags: Tags { rewritten: true, ..Quirks::NONE.tags },
        // Those of the first threshold (16 of 16), of the one that a `timeframe` names (no recording leaves the
        // others out then).
        derived: &[
            derived("/timeframe", "timeframe"),
            derived("/target_threshold", "target"),
            derived("/warning_threshold", "warning"),
        ],
        alternatives: &[Alternative { one: "/query", other: "/sli_specification", agree: counts_agree }],
        mentions: &[Mention { at: Mentioned::Path("/monitor_ids/*"), when: None, section: "monitors" }],
        ..Quirks::NONE
    },
};

/// OpenAPI, `SLOTimeframe`.
const TIMEFRAMES: &[&str] = &["30d", "7d", "90d", "custom"];

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

fn is_slice(value: &Value) -> bool {
    value.as_f64().is_some_and(|seconds| seconds == 60.0 || seconds == 300.0)
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
