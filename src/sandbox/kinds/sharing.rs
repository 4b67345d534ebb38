//! Webhooks and their variables, restriction policies, lists of dashboards.

use serde_json::{Value, json};

use super::bodies;
use crate::sandbox::call::{Answer, Call};
use crate::sandbox::forms;
use crate::sandbox::resource::{
    ALL, BY_ID, CREATE_ONLY, Clock, Does, Effect, Id, Keeps, List, PUT, PUT_BY_KEY, Refusal, Reply, Resource,
    Route, Shape, Test, WRITES, Words,
};
use crate::sandbox::world::{Item, World};

pub const WEBHOOK: Resource = Resource {
    forms: bodies::WEBHOOK,
    name: "webhook",
    path: "/api/v1/integration/webhooks/configuration/webhooks",
    routes: PUT_BY_KEY,
    shape: Shape::Flat("name"),
    id: Id::Chosen("/name", str::to_owned),
    update: Keeps::Members, // R 1
    answers: [Reply::Object(201), Reply::Object(200), Reply::Fixed(200, "{}")],
    effects: &[
        Effect::Fill("/custom_headers", "null"), // R 4 of 4
        Effect::Fill("/encode_as", r#""json""#), // R 5 of 5
        // R 6 of 6: JSON inside a text.
        Effect::Fill(
            "/payload",
            r#""{\"body\": \"$EVENT_MSG\", \"last_updated\": \"$LAST_UPDATED\", \"event_type\": \"$EVENT_TYPE\", \"title\": \"$EVENT_TITLE\", \"date\": \"$DATE\", \"org\": {\"id\": \"$ORG_ID\", \"name\": \"$ORG_NAME\"}, \"id\": \"$ID\"}""#,
        ),
        Effect::Fill("/auth_method_id", "null"), // R 4 of 4, since 2025
    ],
    refuses: &[
        Refusal(CREATE_ONLY, "/name", Test::Missing, Words(400, "Required parameter 'name' is missing")), // ?
        Refusal(CREATE_ONLY, "/url", Test::Missing, Words(400, "Required parameter 'url' is missing")),   // ?
        Refusal(
            WRITES,
            "/url",
            Test::Code(|draft| {
                let url = draft.sent["url"].as_str().unwrap_or_default();
                !["https://", "http://", "$"].iter().any(|start| url.starts_with(start))
                    && draft.sent["url"].is_string()
            }),
            Words(400, "The value provided for parameter 'url' is invalid"),
        ), // ?
        Refusal(CREATE_ONLY, "", Test::Exists, Words(409, "Webhook already exists")),                     // ?
    ],
    missing: &[(BY_ID, Words(404, "Webhook does not exist"))], // R 3 of 3
    ..Resource::V1
};

pub const WEBHOOK_VARIABLE: Resource = Resource {
    forms: bodies::WEBHOOK_VARIABLE,
    name: "webhook_variable",
    path: "/api/v1/integration/webhooks/configuration/custom-variables",
    effects: &[Effect::Secret("/[is_secret=true]/value")], // R 3 of 3
    refuses: &[
        Refusal(CREATE_ONLY, "/name", Test::Missing, Words(400, "Required parameter 'name' is missing")), // ?
        Refusal(CREATE_ONLY, "/value", Test::Missing, Words(400, "Required parameter 'value' is missing")), // ?
        Refusal(CREATE_ONLY, "", Test::Exists, Words(409, "Custom variable already exists")), // ?
    ],
    missing: &[(BY_ID, Words(404, "Custom variable does not exist"))], // R 3 of 3
    ..WEBHOOK
};

pub const RESTRICTION_POLICY: Resource = Resource {
    forms: bodies::POLICY,
    name: "restriction_policy",
    path: "/api/v2/restriction_policy",
    routes: &[
        Route::code("GET", "/{id}", policy),
        Route::new("POST", "/{id}", Does::Create),
        Route::code("DELETE", "/{id}", no_policy),
    ],
    shape: Shape::Data("restriction_policy"),
    id: Id::Path,
    refuses: &[Refusal(
        ALL,
        "",
        Test::BadId(|id| id.contains(':')),
        Words(400, "Invalid resource: '{id}' is not in a valid format"), // R 3
    )],
    ..Resource::V2 // R 4 of 4 echoed
};

/// 400 for what names no resource: R 3.
fn named_resource(id: &str) -> Result<(), Answer> {
    if id.contains(':') {
        return Ok(());
    }
    let Refusal(_, _, _, words) = &RESTRICTION_POLICY.refuses[0];
    Err(words.answer(id, ""))
}

/// Every resource has a policy, which may be empty: R 1 of 1.
fn policy(world: &mut World, _: &Call, id: &str) -> Result<Answer, Answer> {
    named_resource(id)?;
    let none = json!({ "id": id, "type": "restriction_policy", "attributes": { "bindings": [] } });
    let own = world.store("restriction_policy").get(id).map_or(none, Item::value);
    Ok(Answer::json(&json!({ "data": own })))
}

/// 204 also where there is none: R 1 of 1.
fn no_policy(world: &mut World, _: &Call, id: &str) -> Result<Answer, Answer> {
    named_resource(id)?;
    world.remove("restriction_policy", id);
    Ok(Answer { status: 204, body: String::new() })
}

pub const DASHBOARD_LIST: Resource = Resource {
    forms: bodies::DASHBOARD_LIST,
    name: "dashboard_list",
    path: "/api/v1/dashboard/lists/manual",
    routes: PUT,
    id: Id::Number,
    list: List { items: "dashboard_lists", ..List::DATA },
    answers: [
        Reply::Object(200),
        Reply::Object(200),
        Reply::Fixed(200, r#"{"deleted_dashboard_list_id": "{number}"}"#),
    ],
    effects: &[
        Effect::Made("/author", r#"{"name": "Sandbox", "handle": "sandbox@example.com"}"#),
        Effect::Created("/created", Clock::Iso),
        Effect::Modified("/modified", Clock::Iso),
        Effect::Always("/dashboards", "null"), // R 16 of 16
        Effect::Made("/dashboard_count", "0"),
        Effect::Always("/is_favorite", "false"),
        Effect::Always("/type", r#""manual_dashboard_list""#),
    ],
    refuses: &[Refusal(
        CREATE_ONLY,
        "/name",
        Test::Missing,
        Words(400, "Required parameter 'name' is missing"),
    )], // ?
    missing: &[(BY_ID, Words(404, "Manual Dashboard List with id {id} not found"))], // R 8 of 8
    ..Resource::V1
};

/// What lists hold, by the list's id.
pub const DASHBOARD_LIST_ITEMS: Resource = Resource {
    name: "dashboard_list_items",
    path: "/api/v2/dashboard/lists/manual",
    routes: &[
        Route::code("GET", "/{id}/dashboards", items),
        Route::code("POST", "/{id}/dashboards", add_items),
        Route::code("PUT", "/{id}/dashboards", set_items),
        Route::code("DELETE", "/{id}/dashboards", take_items),
    ],
    ..Resource::V1
};

fn held(world: &World, id: &str) -> Result<Vec<Value>, Answer> {
    if world.store("dashboard_list").get(id).is_none() {
        return Err(DASHBOARD_LIST.missing(BY_ID).answer(id, ""));
    }
    let items = world.store("dashboard_list_items").get(id).map(|item| item.value()["dashboards"].take());
    Ok(items.and_then(|items| items.as_array().cloned()).unwrap_or_default())
}

const BOARDS: [&str; 5] = [
    "custom_timeboard",
    "custom_screenboard",
    "integration_screenboard",
    "integration_timeboard",
    "host_timeboard",
];

/// The `{id, type}` of a body.
fn named(call: &Call) -> Result<Vec<Value>, Answer> {
    let body = call.object()?;
    if let Some(name) = forms::first_wrong(&body, bodies::LIST_ITEMS) {
        return Err(Answer::invalid_parameter(name));
    }
    let named = body.get("dashboards").and_then(Value::as_array).cloned().unwrap_or_default();
    // O, DashboardListItemRequest and DashboardType; the words are ours.
    let is_whole = |item: &Value| {
        item["id"].is_string() && item["type"].as_str().is_some_and(|class| BOARDS.contains(&class))
    };
    if !named.iter().all(is_whole) {
        return Err(Answer::refusal(400, "Dashboards of a list have an 'id' and a 'type'"));
    }
    Ok(named.iter().map(|item| json!({ "type": item["type"], "id": item["id"] })).collect())
}

fn hold(world: &mut World, id: &str, items: &[Value]) {
    let serial = world.next_serial();
    let place = world.store("dashboard_list_items").get(id).map_or(serial, |item| item.serial);
    world.put(
        "dashboard_list_items",
        (place, id),
        json!({ "id": id, "dashboards": items }).to_string(),
        None,
    );
    if let Some((serial, mut list)) =
        world.store("dashboard_list").get(id).map(|item| (item.serial, item.value()))
    {
        list["dashboard_count"] = json!(items.len());
        world.put("dashboard_list", (serial, id), list.to_string(), None);
    }
}

fn items(world: &mut World, _: &Call, id: &str) -> Result<Answer, Answer> {
    let mut items = held(world, id)?;
    items.iter_mut().for_each(|item| detail(world, item));
    Ok(Answer::json(&json!({ "dashboards": items, "total": items.len() })))
}

/// What a list tells of a dashboard that is there.
fn detail(world: &World, item: &mut Value) {
    let id = item["id"].as_str().unwrap_or_default();
    let Some(board) = world.store("dashboard").get(id).map(Item::value) else { return };
    *item = json!({
        "author": { "name": board["author_name"], "handle": board["author_handle"] },
        "created": board["created_at"],
        "is_favorite": false,
        "is_shared": false,
        "modified": board["modified_at"],
        "title": board["title"],
        "type": item["type"],
        "id": id,
        "url": board["url"],
        "is_read_only": false,
        "tags": board["tags"],
        "icon": null,
        "integration_id": null,
        "popularity": 0,
    });
}

fn add_items(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let (mut items, mut added) = (held(world, id)?, named(call)?);
    added.retain(|item| !items.contains(item));
    items.extend(added.iter().cloned());
    hold(world, id, &items);
    Ok(Answer::json(&json!({ "added_dashboards_to_list": added })))
}

fn set_items(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    held(world, id)?;
    let items = named(call)?;
    hold(world, id, &items);
    Ok(Answer::json(&json!({ "dashboards": items })))
}

fn take_items(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let (mut items, mut taken) = (held(world, id)?, named(call)?);
    taken.retain(|item| items.contains(item));
    items.retain(|item| !taken.contains(item));
    hold(world, id, &items);
    Ok(Answer::json(&json!({ "deleted_dashboards_from_list": taken })))
}
