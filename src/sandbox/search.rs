//! Searches of monitors and SLOs, in a modest form: words of the name, and a few `field:value`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::call::{Answer, Call, encoded};
use super::ids;
use super::world::{Item, World};

/// The states of a monitor that a search knows.
const STATES: [&str; 6] = ["alert", "warn", "no data", "ok", "ignored", "skipped"];

/// Words and `field:value` pairs of a query; values may stand in double quotes.
fn terms(query: &str) -> Vec<(Option<String>, String)> {
    let mut terms: Vec<String> = vec![String::new()];
    let mut quoted = false;
    for letter in query.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => terms.push(String::new()),
            _ => terms.last_mut().expect("bug: there is always a term").push(letter),
        }
    }
    let lower = terms.into_iter().filter(|term| !term.is_empty()).map(|term| term.to_lowercase());
    lower
        .map(|term| match term.split_once(':') {
            Some((field, value)) => (Some(field.to_owned()), value.to_owned()),
            None => (None, term),
        })
        .collect()
}

fn chosen<'a>(world: &'a World, call: &Call) -> Result<Vec<&'a Item>, Answer> {
    let terms = terms(call.parameter("query").unwrap_or_default());
    for (field, value) in &terms {
        if matches!(field.as_deref(), Some("status" | "group_status")) && !STATES.contains(&value.as_str()) {
            let words = format!("Query parsing error: '{value}' is not a valid monitor status");
            return Err(Answer::refusal(400, &words));
        }
    }
    let fits = |item: &&Item| {
        let (name, class) = (item.word("name"), item.word("type"));
        let tagged = |tag: &str| item.index.tags.iter().any(|own| own.eq_ignore_ascii_case(tag));
        terms.iter().all(|(field, value)| match field.as_deref() {
            None => name.to_lowercase().contains(value) || tagged(value),
            // Everything here waits for its first data.
            Some("status" | "group_status") => value == "no data",
            Some("muted") => value == "false",
            Some("type") => class == value || class.strip_suffix(" alert") == Some(value),
            Some("id") => item.id == *value,
            Some("title" | "name") => name.to_lowercase().contains(value),
            Some("tag") => tagged(value),
            Some(key) => tagged(&format!("{key}:{value}")),
        })
    };
    Ok(world.store("monitor").iter().filter(fits).collect())
}

/// The page asked for: number, size, all pages (OpenAPI: 30 a page).
fn paged(call: &Call, total: usize) -> Result<(usize, usize, usize), Answer> {
    let number = |value: Option<u64>| value.map(|value| usize::try_from(value).unwrap_or(usize::MAX));
    let page = number(call.number("page")?).unwrap_or(0);
    let size = number(call.number("per_page")?).unwrap_or(30).clamp(1, 1000);
    Ok((page, size, total.div_ceil(size)))
}

fn counts(names: impl Iterator<Item = String>) -> Value {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by(|one, two| two.1.cmp(&one.1).then(one.0.cmp(&two.0)));
    rows.into_iter().map(|(name, count)| json!({ "count": count, "name": name })).collect()
}

pub fn monitors(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let found = chosen(world, call)?;
    let (page, size, pages) = paged(call, found.len())?;
    let muted = if found.is_empty() { json!([]) } else { json!([{ "count": found.len(), "name": false }]) };
    let rows = found.iter().skip(page.saturating_mul(size)).take(size).map(|item| {
        json!({
            "id": ids::monitor_id(item.serial),
            "name": item.word("name"),
            "status": "No Data",
            "type": item.word("type"),
            "classification": item.word("type").strip_suffix(" alert").unwrap_or(item.word("type")),
            "query": item.word("query"),
            "tags": item.index.tags,
            "scopes": [],
            "notifications": [],
            "creator": { "name": "Sandbox", "handle": ids::USER, "id": 1 },
            "last_triggered_ts": null,
            "org_id": super::monitor_body::ORG_ID,
        })
    });
    Ok(Answer::json(&json!({
        "monitors": rows.collect::<Vec<_>>(),
        "counts": {
            "status": counts(found.iter().map(|_| "No Data".to_owned())),
            "muted": muted,
            "tag": counts(found.iter().flat_map(|item| item.index.tags.clone())),
            "type": counts(found.iter().map(|item| item.word("type").to_owned())),
        },
        "metadata": { "page": page, "page_count": pages, "per_page": size, "total_count": found.len() },
    })))
}

/// No monitor here has a group yet.
pub fn groups(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    chosen(world, call)?;
    let (page, size, _) = paged(call, 0)?;
    Ok(Answer::json(&json!({
        "groups": [],
        "counts": { "status": [], "muted": [], "tag": [], "type": [] },
        "metadata": { "page": page, "page_count": 0, "per_page": size, "total_count": 0 },
    })))
}

/// Newest first, each SLO in a form of its own.
pub fn slos(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let query = call.parameter("query").unwrap_or_default();
    let terms = terms(query);
    let fits = |item: &&Item| {
        let tagged = |tag: &str| item.index.tags.iter().any(|own| own.eq_ignore_ascii_case(tag));
        terms.iter().all(|(field, value)| match field {
            None => item.word("name").to_lowercase().contains(value) || tagged(value),
            Some(field) => tagged(&format!("{field}:{value}")),
        })
    };
    let found: Vec<&Item> = world.store("slo").iter().rev().filter(fits).collect();
    let number = |value: Option<u64>| value.map(|value| usize::try_from(value).unwrap_or(usize::MAX));
    let page = number(call.number("page[number]")?).unwrap_or(0);
    let size = number(call.number("page[size]")?).unwrap_or(10).clamp(1, 1000);
    let rows: Vec<Value> =
        found.iter().skip(page.saturating_mul(size)).take(size).map(|item| slo_row(item)).collect();
    let total = found.len();
    let last = total.div_ceil(size).saturating_sub(1);
    let base = "https://api.datadoghq.com/api/v1/slo/search";
    let words = encoded(query);
    let link = |number: usize| format!("{base}?query={words}&page[number]={number}&page[size]={size}");
    let sent = call.query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    Ok(Answer::json(&json!({
        "data": { "type": "service_level_objective_search_results", "attributes": { "slos": rows } },
        "meta": { "pagination": {
            "number": page,
            "first_number": 0,
            "prev_number": page.saturating_sub(1),
            "next_number": page.saturating_add(1),
            "last_number": last,
            "size": size,
            "type": "number_size",
            "total": total,
        } },
        "links": {
            "self": format!("{base}?{}", sent.collect::<Vec<_>>().join("&")),
            "last": null,
            "next": link(page.saturating_add(1)),
            "prev": page.checked_sub(1).map(link),
            "first": link(0),
        },
    })))
}

/// Displays are without the point here, and a warning's display shows the target: so it was recorded.
fn slo_row(item: &Item) -> Value {
    let slo = item.value();
    let tagged = |key: &str| -> Vec<&str> {
        item.index.tags.iter().filter_map(|tag| tag.strip_prefix(key)?.strip_prefix(':')).collect()
    };
    let display =
        |one: &Value| one["target_display"].as_str().map(|text| text.trim_end_matches('.').to_owned());
    let thresholds = slo["thresholds"].as_array().into_iter().flatten().map(|one| {
        json!({
            "timeframe": one["timeframe"],
            "target": one["target"],
            "target_display": display(one),
            "warning": one["warning"],
            "warning_display": one.get("warning").and(display(one)),
        })
    });
    let mut query = slo["query"].clone();
    if let Value::Object(query) = &mut query {
        query.insert("metrics".to_owned(), Value::Null);
    }
    let text = |name: &str| slo[name].as_str().filter(|text| !text.is_empty());
    let mut attributes = Map::new();
    let mut set = |name: &str, value: Value| attributes.insert(name.to_owned(), value);
    set("name", slo["name"].clone());
    set("description", json!(text("description")));
    set("slo_type", slo["type"].clone());
    set("thresholds", thresholds.collect());
    set("query", query);
    set("monitor_ids", slo["monitor_ids"].clone());
    set("groups", slo["groups"].clone());
    set("timeframe", slo["timeframe"].clone());
    set("target_threshold", slo["target_threshold"].clone());
    set("warning_threshold", slo["warning_threshold"].clone());
    set("all_tags", slo["tags"].clone());
    set("env_tags", json!(tagged("env")));
    set("service_tags", json!(tagged("service")));
    set("team_tags", json!(tagged("team")));
    set("creator", json!({ "name": "Sandbox", "id": 1, "email": ids::USER }));
    set("created_at", slo["created_at"].clone());
    set("modified_at", slo["modified_at"].clone());
    json!({ "data": { "type": "slo", "attributes": attributes, "id": item.id } })
}
