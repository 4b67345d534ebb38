//! What the service makes of an SLO's body, and the forms it is shown in.

use serde_json::{Map, Value, json};

use super::call::Answer;
use super::monitor_body::float;
use super::{forms, formula, ids};

/// Fields that the service fills.
const NOT_SENT: [&str; 9] = [
    "id",
    "created_at",
    "modified_at",
    "creator",
    "type_id",
    "monitor_tags",
    "configured_alert_ids",
    "overall_status",
    "status",
];

/// Types and the numbers they have (`recorded/SEMANTICS.md` §3).
const TYPES: [(&str, u64); 3] = [("monitor", 0), ("metric", 1), ("time_slice", 2)];

/// Who and when, for a stored SLO.
pub struct Stamp {
    pub id: String,
    /// Seconds since 1970.
    pub created: i64,
    pub modified: i64,
}

/// The object as a create or update answers it; numbers at its top level as they were sent. An update
/// replaces the whole object, but the stored type rules.
pub fn settled(
    sent: &Map<String, Value>,
    stored_type: Option<&str>,
    stamp: &Stamp,
) -> Result<Map<String, Value>, Answer> {
    let refusal = |what: &str| Answer::refusal(400, &format!("Invalid payload: {what}"));
    let field = |name: &str| sent.get(name).filter(|value| !value.is_null());
    let class = stored_type.or(field("type").and_then(Value::as_str)).unwrap_or_default();
    let Some((class, type_id)) = TYPES.iter().find(|(name, _)| *name == class) else {
        return Err(refusal("must specify type"));
    };
    if let Some(name) = forms::first_wrong(sent, forms::SLO) {
        return Err(Answer::invalid_parameter(name));
    }
    let spelling = match *class {
        "metric" => metric(sent).ok_or_else(|| refusal("must specify the query for count types"))?,
        "monitor" => monitor(sent).ok_or_else(|| refusal("must specify monitor_ids"))?,
        _ => time_slice(sent)
            .ok_or_else(|| refusal("must specify the sli_specification for time_slice types"))?,
    };
    let Some(Value::String(name)) = field("name") else {
        return Err(refusal("must specify name"));
    };
    let tags = field("tags").cloned().unwrap_or_else(|| json!([]));
    let Some(tags) = tags.as_array().filter(|tags| tags.iter().all(Value::is_string)) else {
        return Err(Answer::invalid_parameter("tags"));
    };
    let thresholds = field("thresholds").and_then(Value::as_array).filter(|all| !all.is_empty());
    let thresholds = thresholds.ok_or_else(|| refusal("must specify thresholds"))?;
    if !thresholds.iter().all(is_possible) {
        return Err(Answer::invalid_parameter("thresholds"));
    }
    let shown: Option<Vec<Value>> = thresholds.iter().map(threshold).collect();
    let shown = shown.ok_or_else(|| Answer::invalid_parameter("thresholds"))?;
    // The primary timeframe is the first if none is named.
    let timeframe = field("timeframe").or(thresholds[0].get("timeframe")).cloned().unwrap_or_default();
    let primary =
        thresholds.iter().find(|one| one.get("timeframe") == Some(&timeframe)).unwrap_or(&thresholds[0]);
    let primary = |name: &str, part: &str| field(name).or(primary.get(part).filter(|value| !value.is_null()));

    let mut object = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            object.insert(name.to_owned(), value);
        }
    };
    set("id", Some(json!(stamp.id)));
    set("name", Some(json!(name)));
    set("tags", Some(scattered(tags, &stamp.id)));
    set("monitor_tags", Some(json!([])));
    set("thresholds", Some(Value::Array(shown)));
    set("type", Some(json!(class)));
    set("type_id", Some(json!(type_id)));
    set("description", Some(field("description").cloned().unwrap_or_else(|| json!(""))));
    set("timeframe", Some(timeframe.clone()));
    set("warning_threshold", primary("warning_threshold", "warning").cloned());
    set("target_threshold", primary("target_threshold", "target").cloned());
    set("query", spelling.query);
    set("monitor_ids", spelling.monitor_ids);
    set("creator", Some(json!({ "name": "Sandbox", "handle": ids::USER, "email": ids::USER })));
    set("created_at", Some(json!(stamp.created)));
    set("modified_at", Some(json!(stamp.modified)));
    set("groups", field("groups").cloned());
    set("sli_specification", spelling.specification);
    keep_unknown(sent, &mut object);
    Ok(object)
}

/// Keeps the fields that the emulator doesn't know as they were sent.
fn keep_unknown(sent: &Map<String, Value>, object: &mut Map<String, Value>) {
    let known = ["query", "monitor_ids", "groups", "sli_specification", "warning_threshold"];
    for (name, value) in sent {
        let is_known = known.contains(&name.as_str()) || NOT_SENT.contains(&name.as_str());
        if !is_known && !object.contains_key(name) {
            object.insert(name.clone(), value.clone());
        }
    }
}

/// The fields that say what is measured.
struct Spelling {
    query: Option<Value>,
    specification: Option<Value>,
    monitor_ids: Option<Value>,
}

/// Sent in one spelling, a metric SLO gets the other; sent in both it keeps them.
fn metric(sent: &Map<String, Value>) -> Option<Spelling> {
    let part = |name: &str| sent.get(name).filter(|value| value.is_object()).cloned();
    let (query, specification) = (part("query"), part("sli_specification"));
    let text = |name: &str| query.as_ref()?.get(name)?.as_str();
    if query.is_some() && (text("numerator").is_none() || text("denominator").is_none()) {
        return None;
    }
    if let Some(count) = specification.as_ref().and_then(|all| all.get("count")) {
        let formulas = ["good_events_formula", "total_events_formula", "bad_events_formula"];
        if !formulas.iter().filter_map(|name| count.get(name)).all(|one| is_named(one, count)) {
            return None;
        }
    }
    let derived = match (text("numerator"), text("denominator")) {
        (Some(good), Some(total)) => formula::specification(good, total),
        _ => None,
    };
    let query = query.clone().or_else(|| formula::query(specification.as_ref()?));
    query.is_some().then(|| Spelling { query, specification: specification.or(derived), monitor_ids: None })
}

fn monitor(sent: &Map<String, Value>) -> Option<Spelling> {
    let ids = sent.get("monitor_ids").filter(|ids| ids.as_array().is_some_and(|ids| !ids.is_empty()))?;
    Some(Spelling { query: None, specification: None, monitor_ids: Some(ids.clone()) })
}

fn time_slice(sent: &Map<String, Value>) -> Option<Spelling> {
    let mut specification = sent.get("sli_specification")?.clone();
    let slice = specification.get_mut("time_slice")?.as_object_mut()?;
    let query = slice.get("query")?;
    let formulas = query.get("formulas").and_then(Value::as_array).into_iter().flatten();
    if !["comparator", "threshold"].iter().all(|name| slice.contains_key(*name))
        || !["formulas", "queries"].iter().all(|name| query.get(*name).is_some_and(Value::is_array))
        || !formulas.into_iter().all(|one| is_named(one, query))
    {
        return None;
    }
    // O, SLOTimeSliceInterval.
    let interval = slice.get("query_interval_seconds").and_then(Value::as_f64);
    if interval.is_some_and(|seconds| seconds != 60.0 && seconds != 300.0) {
        return None;
    }
    if slice.get("query_interval_seconds").is_none_or(Value::is_null) {
        slice.insert("query_interval_seconds".to_owned(), json!(300));
    }
    Some(Spelling { query: None, specification: Some(specification), monitor_ids: None })
}

/// Whether a formula is one, and names queries that stand beside it.
fn is_named(formula: &Value, around: &Value) -> bool {
    let queries = around.get("queries").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<&str> = queries.filter_map(|query| query.get("name")?.as_str()).collect();
    let text = formula.get("formula").and_then(Value::as_str).filter(|text| !text.is_empty());
    text.is_some_and(|text| formula::unknown_name(text, &names).is_none())
}

/// A threshold in the service's order, with its displays; None without a target.
fn threshold(sent: &Value) -> Option<Value> {
    let mut shown = Map::new();
    shown.insert("timeframe".to_owned(), sent.get("timeframe")?.clone());
    for (name, display) in [("target", "target_display"), ("warning", "warning_display")] {
        match sent.get(name).filter(|value| !value.is_null()) {
            Some(value) => {
                shown.insert(name.to_owned(), float(value));
                shown.insert(display.to_owned(), json!(displayed(value.as_f64()?)));
            }
            None if name == "target" => return None,
            None => {}
        }
    }
    let displays = ["target_display", "warning_display", "warning"];
    for (name, value) in sent.as_object()? {
        if !shown.contains_key(name) && !displays.contains(&name.as_str()) {
            shown.insert(name.clone(), value.clone());
        }
    }
    Some(Value::Object(shown))
}

/// A target leaves a budget, and is warned of before (OpenAPI).
fn is_possible(threshold: &Value) -> bool {
    let number = |name: &str| threshold.get(name).and_then(Value::as_f64);
    let target = number("target");
    let warning = number("warning").zip(target);
    target.is_none_or(|target| target > 0.0 && target < 100.0)
        && warning.is_none_or(|(warning, target)| warning > target)
}

/// The number with a bare point: 99 gives `99.`.
fn displayed(number: f64) -> String {
    let text = number.to_string();
    if text.contains('.') { text } else { format!("{text}.") }
}

/// The tags in an order that depends on the object but never is the one sent: the service's is arbitrary.
fn scattered(tags: &[Value], id: &str) -> Value {
    let mut order: Vec<&Value> = tags.iter().collect();
    order.sort_by_key(|tag| ids::hashed(&format!("{id}{tag}")));
    if order.iter().eq(&tags.iter().collect::<Vec<_>>()) && order.len() > 1 {
        order.rotate_left(1);
    }
    Value::Array(order.into_iter().cloned().collect())
}

/// The object as it is kept and as lists show it: all numbers of thresholds are floats, and the denominator
/// stands first.
pub fn stored(answered: &Map<String, Value>) -> Map<String, Value> {
    let mut stored = answered.clone();
    if let Some(Value::Object(query)) = stored.get_mut("query")
        && let Some(denominator) = query.shift_remove("denominator")
    {
        query.shift_insert(0, "denominator".to_owned(), denominator);
    }
    for name in ["warning_threshold", "target_threshold"] {
        if let Some(number) = stored.get_mut(name) {
            *number = float(number);
        }
    }
    stored
}

/// The object as a GET of its own shows it: the tags in yet another order.
pub fn shown(stored: Map<String, Value>) -> Map<String, Value> {
    let mut shown = stored;
    if let Some(Value::Array(tags)) = shown.get_mut("tags") {
        tags.reverse();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_have_a_bare_point() {
        for (number, expect) in [(99.0, "99."), (99.5, "99.5"), (99.999, "99.999"), (0.0, "0.")] {
            assert_eq!(displayed(number), expect);
        }
    }

    #[test]
    fn tags_never_come_back_in_the_order_sent() {
        for id in 0..50 {
            let tags = [json!("a"), json!("b"), json!("c")];
            let scattered = scattered(&tags, &id.to_string());
            assert_ne!(scattered, json!(tags));
            assert_eq!(scattered.as_array().unwrap().len(), 3);
        }
    }
}
