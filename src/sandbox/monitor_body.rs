//! What the service makes of a monitor's body: checks, rewritings, defaults, and the forms it is shown in.

use serde_json::{Map, Number, Value, json};

use super::call::Answer;
use super::forms;
use super::world::World;
use super::{ids, monitor_options};

pub const ORG_ID: u64 = 321_000;

/// Monitor types over event queries: they get `groupby_simple_monitor`. Recorded for log, rum, ci-pipelines,
/// ci-tests, error-tracking and llm-observability; the others of that class by analogy.
const EVENT_TYPES: [&str; 11] = [
    "log alert",
    "rum alert",
    "ci-pipelines alert",
    "ci-tests alert",
    "error-tracking alert",
    "llm-observability alert",
    "trace-analytics alert",
    "event-v2 alert",
    "audit alert",
    "database-monitoring alert",
    "network-performance alert",
];

const LOCKED: &str = "The `locked` monitor option has been replaced with role-based access control: \
    https://docs.datadoghq.com/monitors/guide/how-to-set-up-rbac-for-monitors/?tab=ui#migrate-monitors-from-locked-to-restricted-roles";

/// Types whose query compares with no number.
const UNCOMPARED: [&str; 3] = ["composite", "service check", "synthetics alert"];

/// Fields that the service fills and overrules, and `classification`, which it drops.
const NOT_SENT: [&str; 16] = [
    "id",
    "org_id",
    "created",
    "created_at",
    "modified",
    "deleted",
    "creator",
    "multi",
    "overall_state",
    "overall_state_modified",
    "state",
    "matching_downtimes",
    "restriction_policy",
    "run_as",
    "restricted",
    "classification",
];

/// What a form of answer shows beside the fields that all have.
#[derive(Clone, Copy, Debug, Default)]
pub struct Form {
    /// The answer to a create or update: `restriction_policy`, `assets` with their monitor's id.
    pub write: bool,
    pub assets: bool,
    pub downtimes: bool,
    pub no_roles: bool,
}

/// The settable fields of a monitor after a create (`before` none) or an update of what was there.
pub fn settled(
    sent: &Map<String, Value>,
    before: Option<&Map<String, Value>>,
    world: &World,
) -> Result<Map<String, Value>, Answer> {
    // Left out or null, a field keeps its value.
    let field =
        |name: &str| sent.get(name).filter(|value| !value.is_null()).or(before.and_then(|old| old.get(name)));
    let text = |name: &str| match field(name) {
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(Answer::invalid_parameter(name)),
        None => Ok(None),
    };
    // Words of the service as reported (DataDog/dogapi issue 132).
    let required = |name: &str| {
        text(name)?.ok_or_else(|| Answer::refusal(400, &format!("The parameter '{name}' is required")))
    };
    check_forms(sent)?;
    let class = checked_class(required("type")?, before)?;
    let query = required("query")?.trim_end();
    check_query(class, query, world)?;
    // What a monitor without a name is called, as in DataDog/datadogpy issue 326.
    let name = text("name")?.map_or_else(|| format!("`{query}`"), |name| name.trim().to_owned());
    // Both are trimmed at either end (terraform-provider-datadog, pull request 1291).
    let message = text("message")?.unwrap_or_default().trim();
    let tags = field("tags").cloned().unwrap_or_else(|| json!([]));
    if !tags.as_array().is_some_and(|tags| tags.iter().all(Value::is_string)) {
        return Err(Answer::invalid_parameter("tags"));
    }
    let options = match sent.get("options") {
        // Options are replaced whole.
        Some(Value::Object(options)) => settled_options(options, class),
        None | Some(Value::Null) => match before.and_then(|old| old.get("options")?.as_object()) {
            Some(kept) => kept.clone(),
            None => settled_options(&Map::new(), class),
        },
        Some(_) => return Err(Answer::invalid_parameter("options")),
    };
    // Null takes these away; left out they are kept.
    let or_null =
        |name: &str| sent.get(name).or(before.and_then(|old| old.get(name))).cloned().unwrap_or(Value::Null);
    let priority = or_null("priority");
    if let Some(Value::Object(sent)) = sent.get("options") {
        monitor_options::check(class, query, sent, &priority)?;
    }
    let priority = Some(priority).filter(|priority| priority.as_f64() != Some(0.0));
    let known = [
        ("type", json!(rewritten_class(class, query, &options))),
        ("name", json!(name)),
        ("message", json!(message)),
        ("tags", tags),
        ("query", json!(query)),
        ("options", Value::Object(options)),
        ("priority", priority.unwrap_or(Value::Null)),
        ("restricted_roles", or_null("restricted_roles")),
        ("draft_status", field("draft_status").cloned().unwrap_or_else(|| json!("published"))),
        ("assets", settled_assets(&or_null("assets"))?),
    ];
    let mut settled: Map<String, Value> =
        known.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    // Fields that the emulator doesn't know are kept as they are, new ones over old ones.
    for (name, value) in sent.iter().chain(before.into_iter().flatten()) {
        if !settled.contains_key(name) && !NOT_SENT.contains(&name.as_str()) {
            settled.insert(name.clone(), value.clone());
        }
    }
    Ok(settled)
}

fn check_forms(sent: &Map<String, Value>) -> Result<(), Answer> {
    if forms::first_wrong(sent, forms::THRESHOLDS).is_some() {
        // Words as in terraform-provider-datadog issue 372.
        return Err(Answer::refusal(400, "Non-numeric threshold value."));
    }
    if sent.get("options").and_then(|options| options.get("locked")) == Some(&json!(true)) {
        // Words as in terraform-provider-datadog issue 2327.
        return Err(Answer::refusal(400, LOCKED));
    }
    if let Some(name) = forms::first_wrong(sent, forms::MONITOR) {
        return Err(Answer::invalid_parameter(name));
    }
    Ok(())
}

/// The monitor ids in the query of a composite.
pub fn member_ids(query: &str) -> Vec<String> {
    let words = query.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// The serial of a monitor that existed and doesn't any more is known by the id's form.
pub fn is_gone(world: &World, id: &str) -> bool {
    let serial = id.parse().ok().and_then(ids::monitor_serial);
    serial.is_some_and(|serial| world.was_issued(serial)) && world.store("monitor").get(id).is_none()
}

/// The types are OpenAPI's (MonitorType); a new one is let through by its ending.
fn checked_class<'a>(class: &'a str, before: Option<&Map<String, Value>>) -> Result<&'a str, Answer> {
    if !class.ends_with(" alert") && class != "composite" && class != "service check" {
        return Err(Answer::invalid_parameter("type"));
    }
    let one = |class: &str| if class == "metric alert" { "query alert" } else { class }.to_owned();
    if class == "event alert" {
        // Words as in claranet/terraform-datadog-monitors issue 23.
        return Err(Answer::refusal(
            400,
            "Legacy event alert monitors (type: 'event alert') are no longer supported, please create a new monitor \
             with 'event-v2 alert' type or use the UI.",
        ));
    }
    match before.and_then(|old| old.get("type")?.as_str()) {
        // No recording changes a type. The words as in terraform-provider-datadog issue 718.
        Some(old) if one(old) != one(class) => Err(Answer::refusal(400, "Monitor type change not allowed")),
        _ => Ok(class),
    }
}

fn check_query(class: &str, query: &str, world: &World) -> Result<(), Answer> {
    let invalid = |why: &str| {
        Err(Answer::refusal(400, &format!("The value provided for parameter 'query' is invalid: {why}")))
    };
    if class == "composite" {
        let members = member_ids(query);
        if members.is_empty() {
            return invalid("a composite needs monitor ids");
        }
        // Only what surely isn't there: an id that another API made (a synthetic test's) is unknown here.
        if members.iter().any(|id| is_gone(world, id)) {
            // Words as in terraform-provider-datadog issue 2440.
            return Err(Answer::refusal(400, "Some monitor IDs are invalid"));
        }
        return Ok(());
    }
    let bare = unquoted(query);
    if !UNCOMPARED.contains(&class)
        && !bare.contains(['>', '<'])
        && !bare.contains("==")
        && !bare.contains("!=")
    {
        return invalid("invalid operator specified: ");
    }
    Ok(())
}

/// The query without what stands between double quotes.
fn unquoted(query: &str) -> String {
    let mut out = String::with_capacity(query.len());
    let (mut inside, mut escaped) = (false, false);
    for letter in query.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            _ if inside => {}
            _ => out.push(letter),
        }
    }
    out
}

/// Metric and query alerts turn into each other by their query.
fn rewritten_class(class: &str, query: &str, options: &Map<String, Value>) -> String {
    let aggregates = |variable: &Value| {
        let source = variable.get("data_source").and_then(Value::as_str);
        matches!(source, Some("aggregate_augmented_query" | "aggregate_filtered_query"))
    };
    let variables = options.get("variables").and_then(Value::as_array);
    match class {
        "metric alert" if query.contains("(current_1mo)") => "query alert".to_owned(),
        "query alert"
            if query.starts_with("formula(") && variables.is_some_and(|all| all.iter().any(aggregates)) =>
        {
            "metric alert".to_owned()
        }
        other => other.to_owned(),
    }
}

/// Options as sent, then the defaults in the order in which the service adds them.
fn settled_options(sent: &Map<String, Value>, class: &str) -> Map<String, Value> {
    let mut options = Map::new();
    for (name, value) in sent {
        let value = match (name.as_str(), value) {
            ("thresholds", Value::Object(thresholds)) => {
                let settled = settled_thresholds(thresholds, class);
                if settled.is_empty() {
                    continue;
                }
                Value::Object(settled)
            }
            ("on_missing_data", Value::String(text)) if text == "default" => continue,
            ("escalation_message", Value::String(text)) => Value::String(text.trim_end().to_owned()),
            (_, other) => other.clone(),
        };
        options.insert(name.clone(), value);
    }
    let mut default = |name: &str, value: Value| {
        if !options.contains_key(name) {
            options.insert(name.to_owned(), value);
        }
    };
    if !sent.contains_key("on_missing_data") {
        default("notify_no_data", json!(false));
    }
    default("notify_audit", json!(false));
    default("new_host_delay", json!(300));
    default("include_tags", json!(true));
    if EVENT_TYPES.contains(&class) {
        default("groupby_simple_monitor", json!(false));
    }
    default("silenced", json!({}));
    options
}

/// Integers become floats but for service checks, nulls go.
fn settled_thresholds(sent: &Map<String, Value>, class: &str) -> Map<String, Value> {
    let kept = sent.iter().filter(|(_, value)| !value.is_null());
    kept.map(|(name, value)| {
        let value = if class == "service check" { value.clone() } else { float(value) };
        (name.clone(), value)
    })
    .collect()
}

/// An integer as a float; anything else as it is.
pub fn float(value: &Value) -> Value {
    match value {
        Value::Number(number) => {
            number.as_f64().and_then(Number::from_f64).map_or_else(|| value.clone(), Value::Number)
        }
        other => other.clone(),
    }
}

fn settled_assets(sent: &Value) -> Result<Value, Answer> {
    let list = match sent {
        Value::Null => return Ok(json!([])),
        Value::Array(list) => list,
        _ => return Err(Answer::invalid_parameter("assets")),
    };
    // O, MonitorAsset.
    let has_text = |asset: &Value, name: &str| asset.get(name).is_some_and(Value::is_string);
    if !list.iter().all(|asset| ["name", "url", "category"].iter().all(|name| has_text(asset, name))) {
        return Err(Answer::invalid_parameter("assets"));
    }
    let one = |asset: &Value| {
        let get = |name: &str, default: Value| match asset.get(name) {
            None | Some(Value::Null) => default,
            Some(value) => value.clone(),
        };
        json!({
            "name": get("name", Value::Null),
            "category": get("category", Value::Null),
            "url": get("url", Value::Null),
            "template_variables": get("template_variables", json!({})),
            "options": get("options", json!({})),
            "resource_key": get("resource_key", Value::Null),
            "resource_type": get("resource_type", Value::Null),
        })
    };
    Ok(Value::Array(list.iter().map(one).collect()))
}

/// True if the query groups, as the recordings show without an exception.
fn is_multi(class: &str, query: &str) -> bool {
    if class == "composite" {
        return false;
    }
    let bare = unquoted(query);
    bare.match_indices("by").any(|(at, _)| {
        let before = bare[..at].chars().next_back();
        let after = bare[at + 2..].trim_start();
        match before {
            Some('.') => after.starts_with('('),
            Some(letter) => !letter.is_alphanumeric() && letter != '_' && after.starts_with('{'),
            None => false,
        }
    })
}

/// The object as it is kept: what a plain GET shows, and `assets` where there are any.
pub fn stored(settled: Map<String, Value>, id: u64, (created, modified): (i64, i64)) -> Map<String, Value> {
    let mut settled = settled;
    let mut object = Map::new();
    let multi = {
        let text = |name: &str| settled.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        is_multi(&text("type"), &text("query"))
    };
    object.insert("id".to_owned(), json!(id));
    object.insert("org_id".to_owned(), json!(ORG_ID));
    for name in ["type", "name", "message", "tags", "query", "options"] {
        object.insert(name.to_owned(), settled.shift_remove(name).unwrap_or_default());
    }
    object.insert("multi".to_owned(), json!(multi));
    object.insert("created_at".to_owned(), json!(created / 1_000_000 * 1000));
    object.insert("created".to_owned(), json!(ids::iso(created)));
    object.insert("modified".to_owned(), json!(ids::iso(modified)));
    object.insert("deleted".to_owned(), Value::Null);
    for name in ["priority", "restricted_roles", "draft_status"] {
        object.insert(name.to_owned(), settled.shift_remove(name).unwrap_or_default());
    }
    let assets = settled.shift_remove("assets").unwrap_or_default();
    if assets.as_array().is_some_and(|assets| !assets.is_empty()) {
        object.insert("assets".to_owned(), assets);
    }
    object.extend(settled);
    object.insert("overall_state_modified".to_owned(), Value::Null);
    object.insert("overall_state".to_owned(), json!("No Data"));
    let creator = json!({
        "name": "Sandbox", "email": ids::USER, "handle": ids::USER, "id": 1,
    });
    object.insert("creator".to_owned(), creator);
    object
}

/// A kept object in one of its forms, fields in the service's order. An update names no creator.
pub fn shown(stored: &Map<String, Value>, form: &Form) -> Map<String, Value> {
    let mut shown = Map::new();
    for (name, value) in stored {
        match name.as_str() {
            "assets" => continue,
            "restricted_roles" if form.no_roles => continue,
            "creator" if form.write => continue,
            // `assets` stand before this one.
            "overall_state_modified" if form.write || form.assets => {
                shown.insert("assets".to_owned(), shown_assets(stored, form));
            }
            _ => {}
        }
        shown.insert(name.clone(), value.clone());
        if name == "restricted_roles" && form.write {
            shown.insert("restriction_policy".to_owned(), Value::Null);
        }
    }
    if form.downtimes {
        shown.insert("matching_downtimes".to_owned(), json!([]));
    }
    shown
}

fn shown_assets(stored: &Map<String, Value>, form: &Form) -> Value {
    let assets = stored.get("assets").and_then(Value::as_array).into_iter().flatten();
    let one = |asset: &Value| {
        let mut shown = Map::new();
        if form.write {
            shown.insert("monitor_id".to_owned(), stored.get("id").cloned().unwrap_or_default());
        }
        shown.extend(asset.as_object().cloned().unwrap_or_default());
        Value::Object(shown)
    };
    Value::Array(assets.map(one).collect())
}

/// Equal for monitors that the service calls duplicates: type, query, message, name, tags and options.
pub fn fingerprint(settled: &Map<String, Value>) -> u64 {
    let parts = ["type", "name", "message", "tags", "query", "options"];
    let text: Vec<String> = parts.iter().map(|name| sorted(settled.get(*name)).to_string()).collect();
    ids::hashed(&text.join("\n"))
}

/// The value with its topmost keys in order.
fn sorted(value: Option<&Value>) -> Value {
    match value {
        Some(Value::Object(map)) => {
            let mut pairs: Vec<_> = map.iter().collect();
            pairs.sort_by_key(|(name, _)| *name);
            Value::Array(pairs.into_iter().map(|(name, value)| json!([name, value])).collect())
        }
        Some(other) => other.clone(),
        None => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grouping_is_seen_outside_of_quotes_only() {
        let check =
            |class: &str, query: &str, expect: bool| assert_eq!(is_multi(class, query), expect, "{query}");
        check("query alert", "avg(last_1h):avg:aws.ec2.cpu{a:b} by {host} > 2", true);
        check("query alert", "avg(last_1h):avg:aws.ec2.cpu{a:b}by{host} > 2", true);
        check("query alert", "avg(last_1h):avg:aws.hobby{standby} > 2", false);
        check("log alert", r#"logs("x by {y} .by(\"z\")").rollup("count").last("5m") > 2"#, false);
        check("log alert", r#"logs("x").rollup("count").by("source").last("5m") > 2"#, true);
        check("composite", "1 || 2", false);
    }
}
