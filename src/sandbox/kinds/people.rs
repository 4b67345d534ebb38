//! Teams, their links and members.

use serde_json::{Map, Value, json};

use super::bodies;
use crate::sandbox::call::{Answer, Call, encoded};
use crate::sandbox::forms;
use crate::sandbox::ids;
use crate::sandbox::refusal::is_uuid;
use crate::sandbox::resource::{
    BY_ID, CREATE_ONLY, Clock, Does, Effect, Lacks, List, Page, Paging, Refusal, Reply, Resource, Route,
    Shape, Test, Unit, WRITES, Words,
};
use crate::sandbox::world::World;

const TAKEN: Words = Words(409, "Team name and handle must be unique"); // R 1

pub const TEAM: Resource = Resource {
    forms: bodies::TEAM,
    name: "team",
    path: "/api/v2/team",
    more: &[Route::new("", "/connections", Does::Elsewhere), Route::new("", "/sync", Does::Elsewhere)],
    shape: Shape::Data("team"),
    list: List {
        // R: without parameters 100 of them.
        paging: Some(Paging {
            from: "page[number]",
            size: "page[size]",
            default: 100,
            most: 100,
            unit: Unit::Pages,
        }),
        dressed: Some(dressed),
        included: Some(links_of),
        ..List::DATA
    },
    answers: [Reply::Object(201), Reply::Object(200), Reply::Fixed(204, "")],
    lacks: Lacks { update: &[], write: &[], get: HIDDEN, list: &[] },
    effects: &[
        Effect::Fill("/description", "null"),       // R 20 of 20
        Effect::Mirror("/summary", "/description"), // R 78 of 78
        Effect::Fill("/avatar", "null"),
        Effect::Fill("/banner", "7"),             // R a number from 0 to 15
        Effect::Fill("/visible_modules", "null"), // R [] until 2025-11
        Effect::Fill("/hidden_modules", "null"),
        Effect::Made("/user_count", "0"),
        Effect::Made("/link_count", "0"),
        Effect::Always("/is_managed", "false"),
        Effect::Created("/created_at", Clock::Iso),
        Effect::Modified("/modified_at", Clock::Iso),
        Effect::Always("^/relationships", RELATIONSHIPS),
    ],
    refuses: &[
        Refusal(BY_ID, "", Test::NotUuid, Words(404, "{id} is not a valid UUID not found")), // R 3
        // O: required; the words are ours.
        Refusal(CREATE_ONLY, "/name", Test::Missing, Words(400, "name is required")),
        Refusal(CREATE_ONLY, "/handle", Test::Missing, Words(400, "handle is required")),
        // ?: a message names it as `@team-HANDLE`.
        Refusal(
            WRITES,
            "/handle",
            Test::Code(|draft| {
                let handle = draft.sent["handle"].as_str().unwrap_or_default();
                handle.contains(|c: char| c.is_whitespace() || c == '@')
            }),
            Words(400, "handle is invalid"),
        ),
        Refusal(WRITES, "/name", Test::Taken, TAKEN),
        Refusal(WRITES, "/handle", Test::Taken, TAKEN),
    ],
    missing: &[(BY_ID, Words(404, "Team for ID {id} not found"))],
    words: &["/name", "/handle"],
    after: Some(ended),
    ..Resource::V2
};

/// Shown by writes only: R 27 of 27 reads and lists lack them.
const HIDDEN: &[&str] = &["/avatar", "/banner", "/visible_modules", "/hidden_modules"];

const RELATIONSHIPS: &str = r#"{
    "team_links": {"data": [], "links": {"related": "/api/v2/team/{id}/links"}},
    "user_team_permissions": {"data": null, "links": {"related": "/api/v2/team/{id}/permission-settings"}}
}"#;

/// Pages by number are reported otherwise than a list for which nobody asked for pages (R 1).
fn dressed(call: &Call, page: &Page) -> Map<String, Value> {
    paged(call, page, "/api/v2/team")
}

fn paged(call: &Call, page: &Page, path: &str) -> Map<String, Value> {
    let base = format!("https://api.datadoghq.com{path}");
    let pair = |(name, value): &(String, String)| format!("{}={}", encoded(name), encoded(value));
    let sent: Vec<String> = call.query.iter().map(pair).collect();
    let own = if sent.is_empty() { base.clone() } else { format!("{base}?{}", sent.join("&")) };
    let Page { from, size, total, .. } = *page;
    let others = call.query.iter().filter(|(name, _)| !name.starts_with("page["));
    let others: String = others.map(pair).map(|pair| pair + "&").collect();
    let link = |number: usize| format!("{base}?{others}page[number]={number}&page[size]={size}");
    if !call.query.iter().any(|(name, _)| name.starts_with("page[")) {
        return unpaged(&own, &format!("{base}?{others}"), size, total);
    }
    let (number, last) = (from / size, total.div_ceil(size).saturating_sub(1));
    let body = json!({
        "meta": { "pagination": {
            "number": number,
            "first_number": 0,
            "prev_number": number.saturating_sub(1),
            "next_number": number + 1,
            "last_number": last,
            "size": size,
            "type": "number_size",
            "total": total,
        } },
        "links": {
            "self": own,
            "last": (last > 0).then(|| link(last)), // R 19 of 20
            "next": link(number + 1),
            "prev": number.checked_sub(1).map(link),
            "first": link(0),
        },
    });
    body.as_object().cloned().unwrap_or_default()
}

/// R 3 of 3: nobody asked for pages.
fn unpaged(own: &str, base: &str, size: usize, total: usize) -> Map<String, Value> {
    let link = |offset: usize| format!("{base}page[offset]={offset}&page[limit]={size}");
    let body = json!({
        "meta": { "pagination": {
            "offset": 0,
            "first_offset": 0,
            "prev_offset": 0,
            "next_offset": size,
            "last_offset": 0,
            "limit": size,
            "type": "offset_limit",
            "total": total,
        } },
        "links": { "self": own, "last": null, "next": link(size), "prev": null, "first": link(0) },
    });
    body.as_object().cloned().unwrap_or_default()
}

/// Links, by the team's id.
pub const TEAM_LINK: Resource = Resource {
    name: "team_link",
    path: "/api/v2/team/{id}/links",
    routes: &[],
    more: &[
        Route::code("GET", "/api/v2/team/{id}/links", links),
        Route::code("POST", "/api/v2/team/{id}/links", add_link),
        Route::code("GET", "/api/v2/team/{team}/links/{id}", link),
        Route::code("PATCH", "/api/v2/team/{team}/links/{id}", change_link),
        Route::code("DELETE", "/api/v2/team/{team}/links/{id}", take_link),
    ],
    ..Resource::V1
};

/// Memberships, by the team's id. Every UUID is a user.
pub const TEAM_MEMBERSHIP: Resource = Resource {
    name: "team_membership",
    path: "/api/v2/team/{id}/memberships",
    routes: &[],
    more: &[
        Route::code("GET", "/api/v2/team/{id}/memberships", members),
        Route::code("POST", "/api/v2/team/{id}/memberships", add_member),
        Route::code("PATCH", "/api/v2/team/{team}/memberships/{id}", change_member),
        Route::code("DELETE", "/api/v2/team/{team}/memberships/{id}", take_member),
    ],
    ..Resource::V1
};

/// What goes with a team.
fn ended(world: &mut World, team: &Value, _: Option<&Value>) {
    let id = team["id"].as_str().unwrap_or_default();
    if world.store("team").get(id).is_some() {
        return;
    }
    for store in ["team_link", "team_membership"] {
        if world.store(store).get(id).is_some() {
            world.remove(store, id);
        }
    }
}

/// `include=team_links` (O; nobody recorded it).
fn links_of(world: &World, call: &Call, teams: &[&str]) -> Option<Value> {
    let is_asked = call.list("include").iter().any(|name| name == "team_links");
    is_asked.then(|| teams.iter().flat_map(|team| held(world, "team_link", team)).collect())
}

/// R 10 of 10.
fn checked(id: &str) -> Result<(), Answer> {
    match is_uuid(id) {
        true => Ok(()),
        false => Err(Answer::refusal(404, &format!("{id} is not a valid UUID not found"))),
    }
}

/// The team that a path is below.
fn team_of(world: &World, call: &Call) -> Result<String, Answer> {
    let id = call.path.split('/').nth(4).unwrap_or_default();
    checked(id)?;
    match world.store("team").get(id) {
        Some(_) => Ok(id.to_owned()),
        None => Err(TEAM.missing(BY_ID).answer(id, "")),
    }
}

fn held(world: &World, store: &str, team: &str) -> Vec<Value> {
    let items = world.store(store).get(team).map(|item| item.value()["items"].take());
    items.and_then(|items| items.as_array().cloned()).unwrap_or_default()
}

fn hold(world: &mut World, (store, count): (&'static str, &str), team: &str, items: &[Value]) {
    let serial = world.next_serial();
    let place = world.store(store).get(team).map_or(serial, |item| item.serial);
    world.put(store, (place, team), json!({ "id": team, "items": items }).to_string(), None);
    let Some((serial, mut own)) = world.store("team").get(team).map(|item| (item.serial, item.value()))
    else {
        return;
    };
    own["attributes"][count] = json!(items.len()); // R 17 of 17: users; nobody recorded it of links
    world.put("team", (serial, team), own.to_string(), None);
}

const LINKS: (&str, &str) = ("team_link", "link_count");
const USERS: (&str, &str) = ("team_membership", "user_count");

fn links(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let team = team_of(world, call)?;
    Ok(Answer::json(&json!({ "data": held(world, "team_link", &team) })))
}

/// The attributes of a link that is sent.
fn sent_link(call: &Call) -> Result<Value, Answer> {
    let mut body = Value::Object(call.object()?);
    let attributes = body["data"]["attributes"].take();
    let Value::Object(own) = &attributes else {
        return Err(Answer::refusal(422, "attributes cannot be empty")); // ?
    };
    if let Some(name) = forms::first_wrong(own, bodies::TEAM_LINK) {
        return Err(Answer::refusal(422, &format!("{name} is invalid"))); // ?
    }
    // R 1 for the label; O: the other is required, too.
    for name in ["label", "url"] {
        if attributes[name].as_str().is_none_or(str::is_empty) {
            return Err(Answer::refusal(422, &format!("{name} cannot be empty")));
        }
    }
    Ok(attributes)
}

fn add_link(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let (team, sent) = (team_of(world, call)?, sent_link(call)?);
    let link = json!({ "type": "team_links", "id": ids::uuid(world.next_serial()), "attributes": {
        "team_id": team,
        "label": sent["label"],
        "url": sent["url"],
        "position": sent["position"].as_i64().unwrap_or_default(), // R 4 of 4: as it was sent
    } });
    let mut links = held(world, "team_link", &team);
    links.push(link.clone());
    hold(world, LINKS, &team, &links);
    Ok(Answer::json(&json!({ "data": link })))
}

/// The links of a team, and which of them a path names.
fn named_link(world: &World, call: &Call, id: &str) -> Result<(String, Vec<Value>, usize), Answer> {
    let team = team_of(world, call)?;
    checked(id)?;
    let links = held(world, "team_link", &team);
    let at = links.iter().position(|link| link["id"] == id);
    let missing = || Answer::refusal(404, &format!("Link for ID {id} not found")); // R 1
    let at = at.ok_or_else(missing)?;
    Ok((team, links, at))
}

/// R 1: an answer of another hand than the others.
fn link(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let (_, links, at) = named_link(world, call, id)?;
    let own = &links[at]["attributes"];
    let attributes = json!({
        "label": own["label"],
        "position": own["position"],
        "team_id": own["team_id"],
        "url": own["url"],
    });
    Ok(Answer::json(&json!({ "data": { "id": id, "type": "team_links", "attributes": attributes } })))
}

fn change_link(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let (team, mut links, at) = named_link(world, call, id)?;
    let sent = sent_link(call)?;
    // R 1 of 1: the position stays where none is sent.
    for (name, value) in sent.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        if ["label", "url", "position"].contains(&name.as_str()) {
            links[at]["attributes"][name] = value.clone();
        }
    }
    hold(world, LINKS, &team, &links);
    Ok(Answer::json(&json!({ "data": links[at] })))
}

fn take_link(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let (team, mut links, at) = named_link(world, call, id)?;
    links.remove(at);
    hold(world, LINKS, &team, &links);
    Ok(Answer { status: 204, body: String::new() })
}

/// What an answer tells of the users of memberships.
fn users(memberships: &[Value]) -> Value {
    let user = |membership: &Value| {
        let id = &membership["relationships"]["user"]["data"]["id"];
        json!({ "type": "users", "id": id, "attributes": {
            "name": null,
            "handle": "user@example.com",
            "email": "user@example.com",
            "icon": "https://secure.gravatar.com/avatar/00000000000000000000000000000000?s=48&d=retro",
            "disabled": false,
            "service_account": false,
        } })
    };
    memberships.iter().map(user).collect()
}

fn members(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let team = team_of(world, call)?;
    let all = held(world, "team_membership", &team);
    let number = |name: &str| call.number(name).map(|number| number.and_then(|n| usize::try_from(n).ok()));
    // R: 100 unless another size is asked for.
    let size = number("page[size]")?.unwrap_or(100).clamp(1, 100);
    let from = number("page[number]")?.unwrap_or_default().saturating_mul(size);
    let shown: Vec<Value> = all.iter().skip(from).take(size).cloned().collect();
    let page = Page { from, size, total: all.len(), count: shown.len() };
    let mut body = Map::from_iter([("data".to_owned(), json!(shown))]);
    // R 2 of 2: nobody, nothing.
    if !shown.is_empty() {
        body.insert("included".to_owned(), users(&shown));
    }
    body.extend(paged(call, &page, &format!("/api/v2/team/{team}/memberships")));
    Ok(Answer::json(&Value::Object(body)))
}

/// The role that is sent; null is none.
fn sent_role(body: &Value) -> Result<Value, Answer> {
    let role = &body["data"]["attributes"]["role"];
    if role.is_null() || role == "admin" {
        return Ok(role.clone());
    }
    // R 1
    let words =
        "{'errors': [{'detail': 'Not a valid choice.', 'source': {'pointer': '/data/attributes/role'}}]}";
    Err(Answer::refusal(400, words))
}

fn is_of(user: &str) -> impl Fn(&Value) -> bool + '_ {
    move |membership| membership["relationships"]["user"]["data"]["id"] == user
}

fn add_member(world: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let team = team_of(world, call)?;
    let body = Value::Object(call.object()?);
    let user = body["data"]["relationships"]["user"]["data"]["id"].as_str().unwrap_or_default().to_owned();
    checked(&user)?;
    let role = sent_role(&body)?;
    let mut all = held(world, "team_membership", &team);
    if all.iter().any(is_of(&user)) {
        let detail = format!("users already present on the team [{user}]"); // R 1
        let problem = json!([{ "status": "409", "title": "Conflict", "detail": detail }]);
        return Err(Answer { status: 409, ..Answer::json(&json!({ "errors": problem })) });
    }
    let serial = world.next_serial();
    let membership = json!({
        "type": "team_memberships",
        "id": format!("TeamMembership-{team}-{serial}"),
        "attributes": { "role": role, "provisioned_by": null, "provisioned_by_id": "3ad549bf-0000-4000-8000-000000000001" },
        "relationships": { "user": { "data": { "type": "users", "id": user } } },
    });
    all.push(membership.clone());
    hold(world, USERS, &team, &all);
    // R 5 of 5 since 2026: in this order.
    let shown = json!({
        "id": membership["id"],
        "type": membership["type"],
        "attributes": {
            "provisioned_by": null,
            "provisioned_by_id": membership["attributes"]["provisioned_by_id"],
            "role": membership["attributes"]["role"],
        },
        "relationships": { "user": { "data": { "id": user, "type": "users" } } },
    });
    Ok(Answer::json(&json!({ "data": shown, "included": users(&[membership]) })))
}

fn change_member(world: &mut World, call: &Call, user: &str) -> Result<Answer, Answer> {
    let team = team_of(world, call)?;
    checked(user)?;
    let mut all = held(world, "team_membership", &team);
    let missing = || Answer::refusal(404, &format!("User for ID {user} not found")); // R 1
    let at = all.iter().position(is_of(user)).ok_or_else(missing)?;
    all[at]["attributes"]["role"] = sent_role(&Value::Object(call.object()?))?;
    hold(world, USERS, &team, &all);
    Ok(Answer::json(&json!({ "data": all[at], "included": users(&all[at..=at]) })))
}

fn take_member(world: &mut World, call: &Call, user: &str) -> Result<Answer, Answer> {
    let team = team_of(world, call)?;
    checked(user)?;
    let mut all = held(world, "team_membership", &team);
    let words = || format!("User {user} is not a member of Team {team} not found"); // R 1
    let at = all.iter().position(is_of(user)).ok_or_else(|| Answer::refusal(404, &words()))?;
    all.remove(at);
    hold(world, USERS, &team, &all);
    Ok(Answer { status: 204, body: String::new() })
}
