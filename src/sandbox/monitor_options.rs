//! Options of a monitor that the service refuses; the bounds are OpenAPI's.

use serde_json::{Map, Value};

use super::call::Answer;

/// Numbers and their bounds.
const BOUNDS: [(&str, f64, f64); 6] = [
    ("evaluation_delay", 0.0, f64::INFINITY),
    ("new_group_delay", 0.0, f64::INFINITY),
    ("new_host_delay", 0.0, f64::INFINITY),
    ("timeout_h", 0.0, 24.0),
    ("min_failure_duration", 0.0, 7200.0),
    ("min_location_failed", 1.0, f64::INFINITY),
];

/// 0 is taken, and means none.
const PRIORITIES: std::ops::RangeInclusive<f64> = 0.0..=5.0;

pub fn check(class: &str, query: &str, options: &Map<String, Value>, priority: &Value) -> Result<(), Answer> {
    let number = |name: &str| options.get(name).and_then(Value::as_f64);
    for (name, least, most) in BOUNDS {
        if number(name).is_some_and(|number| number < least || number > most) {
            return Err(Answer::invalid_parameter(name));
        }
    }
    if priority.as_f64().is_some_and(|priority| !PRIORITIES.contains(&priority)) {
        return Err(Answer::invalid_parameter("priority"));
    }
    if let Some(thresholds) = options.get("thresholds").and_then(Value::as_object) {
        check_thresholds(class, query, thresholds)?;
    }
    let variables = options.get("variables").filter(|variables| !variables.is_null());
    if query.starts_with("formula(") {
        check_formula(query, variables)?;
    }
    // O: when it ends, in seconds; null and 0 for ever.
    let mutes = options.get("silenced").and_then(Value::as_object);
    if !mutes
        .into_iter()
        .flatten()
        .all(|(_, until)| until.is_null() || until.as_f64().is_some_and(|time| time.fract() == 0.0))
    {
        return Err(Answer::invalid_parameter("silenced"));
    }
    let keys =
        options.get("notify_by").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let known = |key: &str| key == "*" || variables.is_some() || (!key.is_empty() && query.contains(key));
    if !keys.into_iter().all(known) {
        return Err(Answer::invalid_parameter("notify_by"));
    }
    let month =
        options.get("scheduling_options").and_then(|all| all.pointer("/evaluation_window/month_starts"));
    // One day is allowed (OpenAPI).
    if month.and_then(Value::as_f64).is_some_and(|day| day != 1.0) {
        return Err(Answer::invalid_parameter("month_starts"));
    }
    Ok(())
}

fn check_thresholds(class: &str, query: &str, thresholds: &Map<String, Value>) -> Result<(), Answer> {
    let number = |name: &str| thresholds.get(name).and_then(Value::as_f64);
    let critical = number("critical");
    if class == "service check" {
        return check_count(query, thresholds);
    }
    if critical.is_none() && !thresholds.contains_key("critical_query") && number("warning").is_some() {
        return Err(Answer::refusal(400, "Alert status is required."));
    }
    let Some((above, limit)) = comparison(query) else { return Ok(()) };
    if let (Some(critical), Some(limit)) = (critical, limit)
        && critical != limit
    {
        let words =
            format!("Alert threshold ({critical:?}) does not match that used in the query ({limit:?}).");
        return Err(Answer::refusal(400, &words));
    }
    // From the harmless side to the alert.
    for (less, more) in
        [("warning", "critical"), ("critical_recovery", "critical"), ("warning_recovery", "warning")]
    {
        if let (Some(less), Some(more)) = (number(less), number(more))
            && (if above { less > more } else { less < more })
        {
            return Err(Answer::invalid_parameter("thresholds"));
        }
    }
    Ok(())
}

/// Words as in terraform-provider-datadog issue 1202.
fn check_count(query: &str, thresholds: &Map<String, Value>) -> Result<(), Answer> {
    let last =
        query.split(".last(").nth(1).and_then(|rest| rest.split(')').next()?.trim().parse::<f64>().ok());
    let most = thresholds.values().filter_map(Value::as_f64).fold(0.0, f64::max);
    // Shares are no counts.
    if last.is_some_and(|last| last < most) && !query.contains("pct_by_status") {
        let words = "Last field should be larger than or equal to max threshold defined in monitor options";
        return Err(Answer::refusal(400, words));
    }
    Ok(())
}

/// Whether a query asks for values above, and the number at its end.
fn comparison(query: &str) -> Option<(bool, Option<f64>)> {
    let at = query.rfind(['>', '<'])?;
    let rest = &query[at..];
    let above = rest.starts_with('>');
    Some((above, rest.trim_start_matches(['>', '<', '=', ' ']).trim().parse().ok()))
}

/// A formula names its variables.
fn check_formula(query: &str, variables: Option<&Value>) -> Result<(), Answer> {
    let Some(formula) = query.split('"').nth(1) else { return Ok(()) };
    let mut names = Vec::new();
    for variable in variables.and_then(Value::as_array).into_iter().flatten() {
        // A query over a query bears the name of the inner one.
        let inner = variable.get("base_query").and_then(|inner| inner.get("name"));
        names.extend(variable.get("name").into_iter().chain(inner).filter_map(Value::as_str));
    }
    match super::formula::unknown_name(formula, &names) {
        Some(name) => {
            let words = format!("The value provided for parameter 'query' is invalid: unknown query {name}");
            Err(Answer::refusal(400, &words))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn options_are_held_against_the_query() {
        let metric = "avg(last_5m):avg:a{*} by {host} > 5";
        for (query, options, fine) in [
            (metric, json!({"thresholds": {"critical": 5, "warning": 4}, "timeout_h": 24}), true),
            (metric, json!({"thresholds": {"critical": 6}}), false),
            (metric, json!({"thresholds": {"warning": 4}}), false),
            (metric, json!({"thresholds": {"critical": 5, "warning": 6}}), false),
            (metric, json!({"thresholds": {"critical": 5, "critical_recovery": 6}}), false),
            (metric, json!({"timeout_h": 25}), false),
            (metric, json!({"notify_by": ["host"]}), true),
            (metric, json!({"notify_by": ["hosts"]}), false),
            ("formula(\"a / b\").last(\"5m\") > 1", json!({"variables": [{"name": "a"}]}), false),
            ("formula(\"f(a, 'x') * 1e3\").last(\"5m\") > 1", json!({"variables": [{"name": "a"}]}), true),
        ] {
            let options = options.as_object().expect("an object");
            assert_eq!(check("query alert", query, options, &json!(3)).is_ok(), fine, "{query} {options:?}");
        }
        let check = |options: Value| {
            let options = options.as_object().cloned().unwrap_or_default();
            check(
                "service check",
                "\"a\".over(\"*\").by(\"*\").last(2).count_by_status()",
                &options,
                &json!(9),
            )
        };
        assert!(check(json!({"thresholds": {"ok": 3}})).is_err() && check(json!({})).is_err());
    }
}
