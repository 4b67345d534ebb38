//! Indexes of logs: what is kept, for how long, and what is thrown away.

use serde_json::{Map, Value};

use super::field::*;
use super::{
    About, Api, Danger, Discard, Id, Identity, Kind, List, Order, Quirks, Shown, Store, Update, Wrong,
};

/// Facts: 2 creates, 2 updates and 6 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const LOGS_INDEX: Kind = Kind {
    name: "logs_index",
    section: "logs_indexes",
    always: false,
    api: Api {
        path: "/api/v1/logs/config/indexes",
        // An update that names it is refused (OpenAPI).
        id: Id { at: "name", chosen: true, ..Api::V1.id },
        list: List { items: Some("/indexes"), ..Api::V1.list },
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
            .ended_by("/disable_daily_limit"),
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
            .form(is_share, "a share from 0 to 1: 1 throws away everything that matches")
            .required(),
        boolean("/exclusion_filters/*/is_enabled", "Whether it is on"),
        text("/exclusion_filters/*/name", "Its name").required(),
        object("/filter", "Which logs come in").required(),
        text("/filter/query", "A search, as in the explorer"),
        read_only("/is_rate_limited"),
        text("/name", "The name, for good: no other index may ever have it")
            .required()
            .immutable()
            .form(is_name, "a lower case letter, then lower case letters, digits and `-`"),
        // 4 of 4.
        count("/num_flex_logs_retention_days", "Days in both tiers together; 0: in the standard tier alone")
            .defaults(&["0"]),
        // The plan's where it is left out: 15 in 1 of 1.
        count("/num_retention_days", "Days in the standard tier; one of those that the contract has")
            .filled(),
        texts("/tags", "`key:value`").set().defaults(&["[]"]).form(are_pairs, "tags of the form `key:value`"),
    ],
    about: About {
        sync_cli: &["logs_indexes"],
        terraform: &["datadog_logs_index"],
        web: "/logs/pipelines/indexes",
        is_export,
        export_needs: "`name`, `filter`, and `num_retention_days` or `exclusion_filters`",
        ..About::NONE
    },
    quirks: Quirks {
        precious: true,
        lasting: true,
        dangers: &[
            Danger { code: "errors-discarded", judge: errors_discarded },
            Danger { code: "more-discarded", judge: more_discarded },
            Danger { code: "quota-lowered", judge: quota_lowered },
            Danger { code: "retention-shortened", judge: kept_shorter },
        ],
        store: Some(store),
        wrongs: &[Wrong { at: "/num_flex_logs_retention_days", judge: tiers }],
        ..Quirks::NONE
    },
};

/// An exclusion filter: its name, which events, and the share of them that it throws away; 0 where it is off.
fn exclusions(body: &Value) -> impl Iterator<Item = (&str, &str, f64)> {
    body.get("exclusion_filters").and_then(Value::as_array).into_iter().flatten().filter_map(|filter| {
        let is_on = filter.get("is_enabled").and_then(Value::as_bool).unwrap_or(true);
        let rate = filter.pointer("/filter/sample_rate").and_then(Value::as_f64).filter(|_| is_on);
        let query = filter.pointer("/filter/query").and_then(Value::as_str).unwrap_or("*");
        Some((filter.get("name")?.as_str()?, query, rate.unwrap_or_default()))
    })
}

fn store(body: &Value) -> Option<Store<'_>> {
    let is_on = |filter: &&Value| filter.get("is_enabled").and_then(Value::as_bool).unwrap_or(true);
    let filters = body.get("exclusion_filters").and_then(Value::as_array).into_iter().flatten();
    let discards = filters.filter(is_on).filter_map(|filter| {
        let query = filter.pointer("/filter/query").and_then(Value::as_str).unwrap_or("*");
        let share = filter.pointer("/filter/sample_rate").and_then(Value::as_f64).unwrap_or_default();
        Some(Discard { name: filter.get("name")?.as_str()?, query, share })
    });
    let intake = body.pointer("/filter/query").and_then(Value::as_str).unwrap_or_default();
    let limited = body.get("daily_limit").is_some_and(Value::is_number);
    Some(Store { name: body.get("name")?.as_str()?, intake, limited, discards: discards.collect() })
}

/// The flex tier begins where the standard tier ends, and its days are those of both (OpenAPI); without days of the first
/// one the service wants a 0 (terraform-provider-datadog).
fn tiers(body: &Value) -> Option<(String, &'static str)> {
    let days = |field: &str| body.get(field).and_then(Value::as_f64);
    let both = days("num_flex_logs_retention_days").filter(|both| *both > 0.0)?;
    match days("num_retention_days") {
        None => Some((
            "An index with flex days says its `num_retention_days`, too".to_owned(),
            "add `num_retention_days:`; 0 keeps logs in the flex tier alone",
        )),
        Some(first) if both < first => Some((
            format!(
                "`num_flex_logs_retention_days` counts both tiers, and {both} days are less than `num_retention_days`"
            ),
            "write the days of both tiers together, or 0 for the standard tier alone",
        )),
        Some(_) => None,
    }
}

/// What throws away more than it did: its name, its search, and both shares.
fn grown<'b>(live: &'b Value, wanted: &'b Value) -> impl Iterator<Item = (&'b str, &'b str, f64, f64)> {
    exclusions(wanted).filter_map(|(name, query, rate)| {
        let before = exclusions(live).filter(|(other, search, _)| (*other, *search) == (name, query));
        let before = before.map(|(_, _, rate)| rate).fold(0.0, f64::max);
        (rate > before).then_some((name, query, before, rate))
    })
}

fn errors_discarded(live: &Value, wanted: &Value) -> Option<String> {
    let hit: Vec<String> = grown(live, wanted)
        .filter(|(_, query, _, _)| holds_errors(query))
        .map(|(name, query, _, rate)| format!("`{name}` throws away {} % of `{query}`", percent(rate)))
        .collect();
    (!hit.is_empty()).then(|| format!("Errors are thrown away, too: {}", hit.join(", ")))
}

/// A filter that is new is what a reviewer looks at anyway, unless it hits errors.
fn more_discarded(live: &Value, wanted: &Value) -> Option<String> {
    let more: Vec<String> = grown(live, wanted)
        .filter(|(_, query, before, _)| *before > 0.0 && !holds_errors(query))
        .map(|(name, _, before, rate)| {
            format!("`{name}` {} % instead of {} %", percent(rate), percent(before))
        })
        .collect();
    (!more.is_empty()).then(|| format!("More is thrown away: {}", more.join(", ")))
}

fn percent(share: f64) -> f64 {
    (share * 1e4).round() / 1e2
}

/// Whether a search asks for errors by name, or for no more than where logs come from. A text or an attribute that is
/// searched for, and a status, may well leave them out: of those nothing is said.
fn holds_errors(query: &str) -> bool {
    const WHENCE: [&str; 7] = ["service", "env", "source", "host", "functionname", "region", "team"];
    const ERRORS: [&str; 5] = ["error", "critical", "alert", "emergency", "err"];
    let words =
        || query.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')')).filter(|word| !word.is_empty());
    let names_error = |word: &str| {
        let value = word.strip_prefix("status:").or_else(|| word.strip_prefix("@level:")).unwrap_or_default();
        ERRORS.contains(&value.trim_matches('"').to_ascii_lowercase().as_str())
    };
    let is_whence = |word: &str| {
        matches!(word, "*" | "AND" | "OR")
            || word.split_once(':').is_some_and(|(key, _)| WHENCE.contains(&key))
    };
    words().any(names_error) || words().all(is_whence)
}

fn quota_lowered(live: &Value, wanted: &Value) -> Option<String> {
    let quota = |body: &Value| body.get("daily_limit").and_then(Value::as_f64);
    let now = quota(wanted)?;
    match quota(live) {
        Some(before) if now < before => {
            Some(format!("The quota falls: {before} events a day to {now}, then logs are lost"))
        }
        None => Some(format!("A quota comes: after {now} events a day logs are lost")),
        Some(_) => None,
    }
}

fn kept_shorter(live: &Value, wanted: &Value) -> Option<String> {
    let fields = [("num_retention_days", ""), ("num_flex_logs_retention_days", " in both tiers")];
    let shorter = fields.iter().filter_map(|(field, tiers)| {
        let days = |body: &Value| body.get(field).and_then(Value::as_f64);
        let before = days(live)?;
        let now = days(wanted).unwrap_or_default();
        // Left to the contract nothing is known of it.
        let is_known = days(wanted).is_some() || !tiers.is_empty();
        (is_known && now < before).then(|| format!("{now} days{tiers} instead of {before}"))
    });
    let shorter: Vec<String> = shorter.collect();
    (!shorter.is_empty()).then(|| format!("Logs are kept for less: {}", shorter.join(", ")))
}

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

    fn told(live: &Value, wanted: &Value) -> Vec<&'static str> {
        let dangers = LOGS_INDEX.quirks.dangers.iter();
        dangers.filter(|danger| (danger.judge)(live, wanted).is_some()).map(|danger| danger.code).collect()
    }

    fn excluding(query: &str, rate: f64, on: bool) -> Value {
        json!({"exclusion_filters": [{"name": "a", "is_enabled": on, "filter": {"query": query, "sample_rate": rate}}]})
    }

    #[test]
    fn what_is_thrown_away_is_told() {
        let none = json!({"exclusion_filters": []});
        for (live, wanted, expected) in [
            // Errors, by name or since nothing leaves them out.
            (none.clone(), excluding("status:error", 1.0, true), &["errors-discarded"][..]),
            (none.clone(), excluding("service:a env:b", 0.9, true), &["errors-discarded"]),
            (none.clone(), excluding("*", 1.0, true), &["errors-discarded"]),
            (none.clone(), excluding("status:(info OR error)", 1.0, true), &[]),
            (none.clone(), excluding("service:a", 1.0, false), &[]),
            (excluding("service:a", 0.5, true), excluding("service:a", 0.9, true), &["errors-discarded"]),
            (excluding("service:a", 0.9, true), excluding("service:a", 0.5, true), &[]),
            (excluding("service:a", 0.9, true), excluding("service:a", 0.9, false), &[]),
            // The platform's own lines, and the chatter of debugging.
            (none.clone(), excluding("\"REPORT RequestId\" source:lambda", 1.0, true), &[]),
            (none.clone(), excluding("service:a status:debug", 0.9, true), &[]),
            (none.clone(), excluding("service:a -status:error", 0.9, true), &[]),
            (excluding("status:debug", 0.5, true), excluding("status:debug", 0.9, true), &["more-discarded"]),
            (excluding("status:debug", 0.9, true), excluding("status:debug", 0.5, true), &[]),
            (excluding("status:debug", 0.9, true), none, &[]),
        ] {
            assert_eq!(told(&live, &wanted), expected, "{live} to {wanted}");
        }
    }

    #[test]
    fn less_room_is_told() {
        let quota = |limit: Value| json!({ "daily_limit": limit });
        let days =
            |days: u64, both: u64| json!({"num_retention_days": days, "num_flex_logs_retention_days": both});
        for (live, wanted, expected) in [
            (quota(100.into()), quota(50.into()), &["quota-lowered"][..]),
            (quota(Value::Null), quota(50.into()), &["quota-lowered"]),
            (quota(50.into()), quota(100.into()), &[]),
            (quota(50.into()), json!({}), &[]),
            (days(15, 0), days(7, 0), &["retention-shortened"]),
            (days(15, 90), days(15, 30), &["retention-shortened"]),
            (days(7, 30), days(15, 90), &[]),
            (days(15, 0), json!({}), &[]),
        ] {
            assert_eq!(told(&live, &wanted), expected, "{live} to {wanted}");
        }
    }

    #[test]
    fn flex_days_stand_beside_those_of_the_standard_tier() {
        for (body, expected) in [
            (json!({"num_flex_logs_retention_days": 180}), true),
            (json!({"num_flex_logs_retention_days": 3, "num_retention_days": 15}), true),
            (json!({"num_flex_logs_retention_days": 180, "num_retention_days": 0}), false),
            (json!({"num_flex_logs_retention_days": 180, "num_retention_days": 15}), false),
            (json!({"num_flex_logs_retention_days": 0}), false),
            (json!({}), false),
        ] {
            assert_eq!(tiers(&body).is_some(), expected, "{body}");
        }
    }

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
