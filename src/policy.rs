//! What policies ask: which alerts lack a tag, which downtimes are too long.

use jiff::Timestamp;
use serde_json::Value;

use crate::kind::Family;

/// Whether a body of a family breaks a policy.
pub fn is_broken_by(policy: &Value, family: Option<Family>, body: &Value) -> bool {
    let Some(policy) = policy.get("policy") else { return false };
    match family {
        Some(Family::Alert) => lacks_tag(policy, body),
        Some(Family::Silence) => is_too_long(policy, body),
        _ => false,
    }
}

fn lacks_tag(policy: &Value, body: &Value) -> bool {
    let Some(key) = policy.get("tag_key").and_then(Value::as_str) else { return false };
    let list = |value: Option<&Value>| -> Vec<String> {
        let items = value.and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (tags, valid) = (list(body.get("tags")), list(policy.get("valid_tag_values")));
    let mut values = tags.iter().filter_map(|tag| tag.strip_prefix(key)?.strip_prefix(':')).peekable();
    let is_required = policy.get("tag_key_required") == Some(&Value::Bool(true));
    if values.peek().is_none() {
        return is_required;
    }
    !valid.is_empty() && values.any(|value| !valid.iter().any(|valid| valid == value))
}

fn is_too_long(policy: &Value, body: &Value) -> bool {
    let Some(most) = policy.get("max_duration_ms").and_then(Value::as_f64) else { return false };
    let Some(schedule) = body.get("schedule") else { return true };
    let is_longer = |seconds: f64| seconds * 1000.0 > most;
    if let Some(recurrences) = schedule.get("recurrences").and_then(Value::as_array) {
        let lengths = recurrences.iter().filter_map(|one| seconds(one.get("duration")?.as_str()?));
        return lengths.into_iter().any(is_longer);
    }
    let time = |name: &str| schedule.get(name)?.as_str()?.parse::<Timestamp>().ok();
    match (time("start"), time("end"), schedule.get("end").and_then(Value::as_str)) {
        (_, None, None) => true,
        (Some(start), Some(end), _) => is_longer(end.duration_since(start).as_secs_f64()),
        // From now on: how long that is shows when it is made.
        _ => false,
    }
}

/// `30m`, `8h`, `1d`, `1w` in seconds.
pub fn seconds(text: &str) -> Option<f64> {
    let unit = text.chars().next_back()?;
    let length = match unit {
        'm' => 60.0,
        'h' => 3_600.0,
        'd' => 86_400.0,
        'w' => 604_800.0,
        _ => return None,
    };
    let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
    Some(f64::from(number) * length)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn alerts_lack_tags_or_do_not() {
        let policy = |required: bool, valid: Value| json!({"policy_type": "tag", "policy": {"tag_key": "team", "tag_key_required": required, "valid_tag_values": valid}});
        for (policy, tags, expected) in [
            (policy(true, json!([])), json!(["env:prod"]), true),
            (policy(true, json!([])), json!(["team:a"]), false),
            (policy(true, json!([])), json!(["teams:a"]), true),
            (policy(false, json!([])), json!([]), false),
            (policy(false, json!(["a", "b"])), json!(["team:c"]), true),
            (policy(false, json!(["a", "b"])), json!(["team:b"]), false),
        ] {
            let alert = json!({ "tags": tags });
            assert_eq!(is_broken_by(&policy, Some(Family::Alert), &alert), expected, "{policy} {alert}");
            assert!(!is_broken_by(&policy, Some(Family::Objective), &alert));
        }
    }

    #[test]
    fn downtimes_are_too_long_or_are_not() {
        let policy = json!({"policy_type": "downtime", "policy": {"max_duration_ms": 3_600_000}});
        for (schedule, expected) in [
            (json!(null), true),
            (json!({"end": null}), true),
            (json!({"start": "2050-01-01T00:00:00Z", "end": "2050-01-01T01:00:00Z"}), false),
            (json!({"start": "2050-01-01T00:00:00Z", "end": "2050-01-01T01:00:01Z"}), true),
            (json!({"end": "2050-01-01T01:00:01Z"}), false),
            (json!({"recurrences": [{"duration": "60m"}]}), false),
            (json!({"recurrences": [{"duration": "1h"}, {"duration": "1d"}]}), true),
            (json!({"recurrences": [{"duration": "x"}]}), false),
        ] {
            let body = if schedule.is_null() { json!({}) } else { json!({ "schedule": schedule }) };
            assert_eq!(is_broken_by(&policy, Some(Family::Silence), &body), expected, "{body}");
        }
    }
}
