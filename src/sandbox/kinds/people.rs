//! Teams.

use serde_json::{Map, Value, json};

use super::bodies;
use crate::sandbox::call::{Call, encoded};
use crate::sandbox::resource::{
    BY_ID, CREATE_ONLY, Clock, Does, Effect, Lacks, List, Page, Paging, Refusal, Reply, Resource, Route,
    Shape, Test, Unit, WRITES, Words,
};

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
        Effect::Always("/user_count", "0"),
        Effect::Always("/link_count", "0"),
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
    let base = "https://api.datadoghq.com/api/v2/team";
    let sent: Vec<String> =
        call.query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    let own = if sent.is_empty() { base.to_owned() } else { format!("{base}?{}", sent.join("&")) };
    let Page { from, size, total, .. } = *page;
    let link = |number: usize| format!("{base}?page[number]={number}&page[size]={size}");
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
            "last": link(last),
            "next": link(number + 1),
            "prev": number.checked_sub(1).map(link),
            "first": link(0),
        },
    });
    body.as_object().cloned().unwrap_or_default()
}
