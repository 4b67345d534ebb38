//! What people write by hand: notebooks, powerpacks, templates of monitors.

use serde_json::{Value, json};

use super::{bodies, content_bodies};
use crate::sandbox::resource::{
    BY_ID, CREATE_ONLY, Clock, Does, Effect, Id, Keeps, Lacks, List, Moment, PATCH, PUT, Paging, Refusal,
    Resource, Route, Shape, Test, Unit, WRITES, Words,
};
use crate::sandbox::{ids, widget};

const AUTHOR: &str =
    r#"{"name": "Sandbox", "handle": "sandbox@example.com", "email": "sandbox@example.com"}"#;

pub const NOTEBOOK: Resource = Resource {
    forms: bodies::NOTEBOOK,
    name: "notebook",
    path: "/api/v1/notebooks",
    routes: PUT,
    shape: Shape::Data("notebooks"),
    id: Id::Number,
    update: Keeps::Nothing,
    list: List {
        paging: Some(Paging { from: "start", size: "count", default: 100, most: 1000, unit: Unit::Items }),
        beside: r#"{"meta": {"page": {"total_count": "{total}", "total_filtered_count": "{total}"}}}"#,
        newest_first: true,
        ..List::DATA
    },
    effects: &[
        Effect::Identified("/cells/*/id", Id::Short), // R 7 of 7; 8 characters there
        Effect::Fill("/metadata", r#"{"take_snapshots": false, "is_template": false, "type": null}"#), // R 5 of 5
        Effect::Always("/metadata/is_favorite", "false"),
        Effect::Fill("/status", r#""published""#), // R 3 of 3
        Effect::Fill("/template_variables", "[]"), // R 5 of 5
        Effect::Fill("/tags", "null"),             // R 1 of 1 since 2025
        Effect::Always("/deleted", "null"),
        Effect::Made("/author", AUTHOR),
        Effect::Created("/created", Clock::Iso),
        Effect::Modified("/modified", Clock::Iso),
    ],
    refuses: &[
        Refusal(WRITES, "/name", Test::Missing, Words(400, "Required parameter 'name' is missing")), // ?
        Refusal(WRITES, "/cells", Test::Missing, Words(400, "Required parameter 'cells' is missing")), // ?
    ],
    missing: &[(BY_ID, Words(404, "Notebook not found"))], // R 2
    ..Resource::V2
};

pub const POWERPACK: Resource = Resource {
    forms: content_bodies::POWERPACK,
    name: "powerpack",
    path: "/api/v2/powerpacks",
    routes: PATCH,
    shape: Shape::Data("powerpack"),
    update: Keeps::Nothing,
    list: List {
        paging: Some(Paging {
            from: "page[offset]",
            size: "page[limit]",
            default: 25,
            most: 1000,
            unit: Unit::Items,
        }), // O
        ..List::DATA
    },
    beside: r#"{"included": [{
        "type": "users",
        "id": "5a4db0c5-0000-4000-8000-000000000001",
        "attributes": {"name": "Sandbox", "email": "sandbox@example.com"}
    }]}"#,
    beside_reads: true, // R 57 of 57
    effects: &[
        Effect::Identified("/group_widget/definition/widgets/*/id", Id::Number), // R 38 of 38
        Effect::Fill("/group_widget/layout", r#"{"x": 0, "y": 0, "width": 12, "height": 1}"#), // R 19 of 28
        Effect::Always(
            "^/relationships",
            r#"{"author": {"data": {"type": "users", "id": "5a4db0c5-0000-4000-8000-000000000001"}}}"#,
        ),
    ],
    refuses: &[
        Refusal(
            BY_ID,
            "",
            Test::NotUuid,
            Words(404, "Powerpack has invalid UUID {id} not found"), // R 3
        ),
        Refusal(
            WRITES,
            "/group_widget",
            Test::Missing,
            Words(400, "API input validation failed: {'group_widget': ['Missing data for required field.']}"), // R 1
        ),
        Refusal(
            WRITES,
            "/group_widget/definition/type",
            Test::NotOneOf(&["group"]),
            // R 2: the failure of a JSON schema.
            Words(
                400,
                "Invalid group widget for powerpack. Error: '{value}' is not one of ['group']\n\nFailed validating 'enum' in schema['properties']['type']:\n    {'enum': ['group']}\n\nOn instance['type']:\n    '{value}'.",
            ),
        ),
        // R 2: a group is held against a JSON schema; its widgets by analogy.
        Refusal(
            WRITES,
            "",
            Test::Like(|draft| {
                let widgets = draft.sent.pointer("/group_widget/definition/widgets")?.as_array()?;
                widget::first_fault(widgets)
            }),
            Words(400, "Invalid group widget for powerpack. Error: {value}"),
        ),
    ],
    missing: &[(BY_ID, Words(404, "Powerpack with ID {id} not found"))], // R 15 of 15
    ..Resource::V2
};

const EMPTY: Words =
    Words(400, "Invalid monitor_definition or template variables: Monitor definition cannot be empty."); // R 4

pub const MONITOR_TEMPLATE: Resource = Resource {
    forms: content_bodies::MONITOR_TEMPLATE,
    name: "monitor_template",
    path: "/api/v2/monitor/template",
    routes: PUT,
    more: &[
        Route::new("POST", "/validate", Does::Validate),
        Route::new("POST", "/{id}/validate", Does::Validate),
    ],
    shape: Shape::Data("monitor-user-template"),
    update: Keeps::Nothing,
    // The versions show in the answer to an update and where one is read (R 1), not in a list.
    lacks: Lacks { update: &[], write: &[], get: &[], list: &["/versions"] },
    effects: &[
        Effect::Made("/creator_uuid", r#""5a4db0c5-0000-4000-8000-000000000001""#),
        Effect::Created("/created", Clock::Iso),
        Effect::Modified("/modified", Clock::Iso),
        Effect::Counted("/version", 0), // R 7 of 7, R 1
        Effect::Code(versions),
    ],
    refuses: &[
        Refusal(WRITES, "/monitor_definition", Test::Empty, EMPTY),
        Refusal(CREATE_ONLY, "/monitor_definition", Test::Missing, EMPTY),
    ],
    missing: &[(BY_ID, Words(404, "Monitor template not found"))], // R 4 of 4
    ..Resource::V2
};

/// Every version so far, the oldest first, once there are two (R 1).
fn versions(object: &mut Value, moment: &Moment) {
    let Some(before) = moment.before else { return };
    let version = |attributes: &Value, id: &str| {
        json!({
            "id": id,
            "version": attributes["version"],
            "title": attributes["title"],
            "description": attributes["description"],
            "created": attributes["created"],
            "tags": attributes["tags"],
            "monitor_definition": attributes["monitor_definition"],
            "template_variables": attributes["template_variables"],
        })
    };
    let before = &before["attributes"];
    let mut all = before["versions"].as_array().cloned().unwrap_or_else(|| vec![version(before, moment.id)]);
    let attributes = &mut object["attributes"];
    all.push(version(attributes, &ids::uuid(moment.serial)));
    attributes["versions"] = json!(all);
}
