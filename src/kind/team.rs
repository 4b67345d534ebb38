//! Teams, without their members and links.

use serde_json::Value;

use super::field::*;
use super::{About, Api, Envelope, Identity, Kind, List, Paging, Quirks, Summary};

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
            // It lacks avatar, banner and modules (38 of 38).
            summary: Some(Summary { modified: "modified_at" }),
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
        text("/avatar", "One emoji"),
        // A number at random where none was sent (78 of 78).
        count("/banner", "The number of the picture behind the title").filled(),
        read_only("/created_at"),
        text("/description", "For people; Markdown"),
        text("/handle", "`@team-HANDLE`; unique").required(),
        texts("/hidden_modules", "Parts of the team's page that are not shown").set(),
        read_only("/id"),
        read_only("/is_managed"),
        read_only("/link_count"),
        read_only("/modified_at"),
        text("/name", "The title; unique").required(),
        read_only("/provisioned_by"),
        read_only("/summary"),
        read_only("/user_count"),
        texts("/visible_modules", "Parts of the team's page that are shown").set(),
    ],
    about: About { web: "/teams", created: Some("/created_at"), ..About::NONE },
    quirks: Quirks::NONE,
};
