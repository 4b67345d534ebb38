//! Indexes of logs: what is kept, for how long, and what is thrown away.

use serde_json::{Map, Value};

use super::field::*;
use super::{About, Api, Discards, Id, Identity, Kind, List, Order, Quirks, Shown, Tags, Update};

/// Facts: 2 creates, 2 updates and 6 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const LOGS_INDEX: Kind = Kind {
    name: "logs_index",
    section: "logs_indexes",
    always: false,
    api: Api {
        path: "/api/v1/logs/config/indexes",
        // An update that names it is refused (OpenAPI).
        id: Id { at: "name", chosen: true, ..Api::V1.id },
        list: List { items: Some("indexes"), ..Api::V1.list },
        order: Some(Order {
            path: "/api/v1/logs/config/index-order",
            update: Update::Put,
            shown: Shown::Alone("/index_names"),
            body: r#"{"index_names":"{ids}"}"#,
            member: None,
        }),
        // But for the quota (OpenAPI).
        emptied: true,
        serial: true,
        read: &["logs_read_config"],
        write: &["logs_modify_indexes"],
        ..Api::V1
    },
    identity: Identity::Tags("/tags"),
    fields: &[
        undocumented("").open(),
        // Left out of an update it is kept (OpenAPI; terraform-provider-datadog, issue 3191).
        count("/daily_limit", "Events a day; more are thrown away until the next day")
            .ended_by("/disable_daily_limit")
            .danger(Danger::Quota),
        object("/daily_limit_reset", "When the day of the quota begins").ended_by("/disable_daily_limit"),
        text("/daily_limit_reset/reset_time", "`HH:00`").form(is_hour, "a full hour from `00:00` to `23:00`"),
        text("/daily_limit_reset/reset_utc_offset", "`+HH:00` or `-HH:00`")
            .form(is_offset, "full hours from `-12:00` to `+14:00`"),
        number(
            "/daily_limit_warning_threshold_percentage",
            "A warning at this share of the quota, in percent",
        )
        .ended_by("/disable_daily_limit")
        .form(is_warning, "a number from 50 to 99.99"),
        // Never shown, and no difference (7 of 7).
        boolean("/disable_daily_limit", "True: there is no quota").unseen(),
        list("/exclusion_filters", "What is thrown away: the first that is on and matches counts")
            .defaults(&["[]"]),
        object("/exclusion_filters/*/filter", "Which events"),
        text("/exclusion_filters/*/filter/query", "A search; all events where it is left out"),
        text(
            "/exclusion_filters/*/filter/sample_attribute",
            "Events with the same value go or stay together",
        ),
        number("/exclusion_filters/*/filter/sample_rate", "The share that is thrown away, from 0 to 1")
            .form(is_share, "a share from 0 to 1: 1 throws away everything that matches"),
        boolean("/exclusion_filters/*/is_enabled", "Whether it is on"),
        text("/exclusion_filters/*/name", "Its name"),
        object("/filter", "Which logs come in").required(),
        text("/filter/query", "A search, as in the explorer"),
        read_only("/is_rate_limited"),
        text("/name", "The name, for good: no other index may ever have it")
            .required()
            .immutable()
            .form(is_name, "a lower case letter, then lower case letters, digits and `-`"),
        // 4 of 4.
        count("/num_flex_logs_retention_days", "Days in both tiers together; 0: in the standard tier alone")
            .defaults(&["0"])
            .danger(Danger::Kept),
        // The plan's where it is left out: 15 in 1 of 1.
        count("/num_retention_days", "Days in the standard tier; one of those that the contract has")
            .filled()
            .danger(Danger::Kept),
        texts("/tags", "`key:value`").set().defaults(&["[]"]).form(are_pairs, "tags of the form `key:value`"),
    ],
    about: About {
        web: "/logs/pipelines/indexes",
        is_export,
        export_needs: "`name`, `filter`, and `num_retention_days` or `exclusion_filters`",
        ..About::NONE
    },
    quirks: Quirks {
        tags: Tags { keys: &[], most: None, rewritten: false },
        precious: true,
        lasting: true,
        discards: Some(Discards {
            list: "/exclusion_filters",
            query: "/filter/query",
            rate: "/filter/sample_rate",
            enabled: "/is_enabled",
        }),
        ..Quirks::NONE
    },
};

fn is_export(body: &Map<String, Value>) -> bool {
    let has = |key: &str| body.contains_key(key);
    has("name")
        && body.get("filter").is_some_and(Value::is_object)
        && (has("num_retention_days") || has("exclusion_filters"))
}

fn is_name(value: &Value) -> bool {
    let is_inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    value
        .as_str()
        .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(is_inside))
}

fn is_share(value: &Value) -> bool {
    value.as_f64().is_some_and(|share| (0.0..=1.0).contains(&share))
}

fn is_warning(value: &Value) -> bool {
    value.as_f64().is_some_and(|percent| (50.0..=99.99).contains(&percent))
}

/// The hours of `HH:00`.
fn hours(text: &str) -> Option<u8> {
    let hours = text.strip_suffix(":00").filter(|hours| hours.len() == 2)?;
    hours.bytes().all(|byte| byte.is_ascii_digit()).then(|| hours.parse().ok())?
}

fn is_hour(value: &Value) -> bool {
    value.as_str().and_then(hours).is_some_and(|hours| hours < 24)
}

fn is_offset(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(ahead), _) => hours(ahead).is_some_and(|hours| hours <= 14),
        (_, Some(behind)) => hours(behind).is_some_and(|hours| hours <= 12),
        _ => false,
    }
}

fn are_pairs(value: &Value) -> bool {
    let is_pair = |tag: &Value| {
        let pair = tag.as_str().and_then(|tag| tag.split_once(':'));
        pair.is_some_and(|(key, value)| !key.is_empty() && !value.is_empty())
    };
    value.as_array().is_some_and(|tags| tags.iter().all(is_pair))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn forms() {
        for (fits, value, expected) in [
            (is_name as fn(&Value) -> bool, json!("lambda-1"), true),
            (is_name, json!("Lambda"), false),
            (is_name, json!("1ambda"), false),
            (is_name, json!("a_b"), false),
            (is_name, json!(""), false),
            (is_hour, json!("00:00"), true),
            (is_hour, json!("23:00"), true),
            (is_hour, json!("24:00"), false),
            (is_hour, json!("14:30"), false),
            (is_hour, json!("+4:00"), false),
            (is_offset, json!("+14:00"), true),
            (is_offset, json!("-12:00"), true),
            (is_offset, json!("-13:00"), false),
            (is_offset, json!("02:00"), false),
            (is_warning, json!(49), false),
            (is_warning, json!(99.99), true),
            (is_share, json!(1), true),
            (is_share, json!(10), false),
            (are_pairs, json!(["a:b", "env:x:y"]), true),
            (are_pairs, json!(["a"]), false),
            (are_pairs, json!([":b"]), false),
        ] {
            assert_eq!(fits(&value), expected, "{value}");
        }
    }
}
