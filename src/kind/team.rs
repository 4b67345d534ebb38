//! Teams, without their members and links.

use serde_json::Value;

use super::field::*;
use super::{About, Api, Envelope, Identity, Kind, List, Paging, Quirks};

/// Facts: 78 creates, 2 updates and 23 reads, and the OpenAPI document.
pub const TEAM: Kind = Kind {
    name: "team",
    section: "teams",
    always: false,
    api: Api {
        path: "/api/v2/team",
        envelope: Envelope::Resource("team"),
        list: List {
            paging: Paging::Number { page: "page[number]", size: "page[size]" },
            page_size: 100,
            ..Api::V2.list
        },
        // Kept by an identity provider.
        foreign: |body| body.get("is_managed") == Some(&Value::Bool(true)),
        read: &["teams_read"],
        write: &["teams_manage"],
        ..Api::V2
    },
    identity: Identity::LastLine("/description"),
    fields: &[
        undocumented("").open(),
        // No read shows it, nor banner and modules (27 of 27).
        text("/avatar", "One emoji; sent, and not compared").unseen(),
        // A number at random where none was sent (78 of 78).
        count("/banner", "The number of the picture behind the title; not compared").filled().unseen(),
        read_only("/created_at"),
        text("/description", "For people; Markdown").trimmed(),
        text("/handle", "`@team-HANDLE`; unique")
            .required()
            .form(is_handle, "one word, without blanks and `@`: messages name it as `@team-HANDLE`"),
        texts("/hidden_modules", "Parts of the team's page that are not shown; not compared").set().unseen(),
        read_only("/id"),
        read_only("/is_managed"),
        read_only("/link_count"),
        read_only("/modified_at"),
        text("/name", "The title; unique").trimmed().required(),
        read_only("/provisioned_by"),
        read_only("/summary"),
        read_only("/user_count"),
        texts("/visible_modules", "Parts of the team's page that are shown; not compared").set().unseen(),
    ],
    about: About {
        sync_cli: &["teams"],
        terraform: &["datadog_team"],
        web: "/teams",
        created: Some("/created_at"),
        modified: Some("/modified_at"),
        known_by: &["/handle"],
        ..About::NONE
    },
    quirks: Quirks::NONE,
};

/// A blank ends a handle in a message.
fn is_handle(value: &Value) -> bool {
    value.as_str().is_none_or(|handle| !handle.contains(char::is_whitespace) && !handle.contains('@'))
}
