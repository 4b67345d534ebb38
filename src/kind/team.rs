//! Teams, with their links and members.

use std::collections::BTreeSet;

use serde_json::Value;

use super::danger::{self, Danger, listed};
use super::field::*;
use super::{
    About, Apart, Api, Envelope, Held, Identity, Kind, List, Paging, Part, Quirks, ShownInList, Wrong,
};

/// From 0, at most 100 items (recorded).
const PAGES: Paging = Paging::Number { page: "page[number]", size: "page[size]" };

/// Facts: 78 creates, 2 updates and 23 reads; of links 4 creates, an update and 2 reads, of members 8 creates, an update
/// and 19 reads; and the OpenAPI document.
pub const TEAM: Kind = Kind {
    name: "team",
    section: "teams",
    always: false,
    api: Api {
        path: "/api/v2/team",
        envelope: Envelope::Resource("team"),
        list: List {
            paging: PAGES,
            page_size: 100,
            // No recording shows it (OpenAPI): links that the list doesn't tell whole are read by themselves.
            query: &[("include", "team_links")],
            ..Api::V2.list
        },
        parts: &[LINKS, MEMBERS],
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
        list("/links", "The links on its page, in their order; left out: what people put there").kept(),
        // 422 `label cannot be empty` (1 of 1); OpenAPI.
        text("/links/*/label", "What people read").required().sized(1, Some(256)),
        elsewhere("/links/*/position", "the order of the list is that of the links: leave it out"),
        text("/links/*/url", "Where it leads").required().sized(1, None),
        list("/members", "Who belongs to it; left out: what people and identity providers say").set().kept(),
        // 400 `Not a valid choice.` for another one (1 of 1).
        choice("/members/*/role", &["admin"], "`admin`; left out: a plain member").closed(),
        text("/members/*/user", "The id of a user, a UUID")
            .required()
            .form(is_uuid, "the UUID of a user: the API knows no member by name or e-mail address"),
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
    quirks: Quirks {
        dangers: &[
            Danger { code: "access-changed", judge: members_lost },
            Danger { code: "access-changed", judge: admins_lost },
        ],
        wrongs: &[
            Wrong { at: "/links", judge: more_of_link },
            Wrong { at: "/members", judge: more_of_member },
            Wrong { at: "/members", judge: member_twice },
            Wrong { at: "/members", judge: no_role },
        ],
        ..Quirks::NONE
    },
};

/// Whole, without pages (1 read of all); an update repeats label and URL (OpenAPI), and keeps the place (1 of 1).
const LINKS: Part = Part {
    path: "/api/v2/team/{id}/links",
    field: "links",
    held: Held::Apart(Apart {
        blank: r#"{"type": "team_links"}"#,
        members: &[("label", "/attributes/label"), ("url", "/attributes/url")],
        id: "/id",
        known_by: &["url", "label"],
        place: Some("/attributes/position"),
        keeper: |_| None,
        paging: Paging::Whole,
        shown: Some(ShownInList { of: "/attributes/team_id", count: "/link_count" }),
    }),
};

/// One is named by the user's id (8 of 8), and not by its own.
const MEMBERS: Part = Part {
    path: "/api/v2/team/{id}/memberships",
    field: "members",
    held: Held::Apart(Apart {
        blank: r#"{"type": "team_memberships", "relationships": {"user": {"data": {"type": "users"}}}}"#,
        members: &[("user", "/relationships/user/data/id"), ("role", "/attributes/role")],
        id: "/relationships/user/data/id",
        known_by: &["user"],
        place: None,
        keeper: provider,
        paging: PAGES,
        shown: None,
    }),
};

/// The identity provider that keeps a membership. A service account is somebody's keys, those of an apply as well.
fn provider(membership: &Value) -> Option<&str> {
    let provider = membership.pointer("/attributes/provisioned_by")?.as_str()?;
    (provider != "service_account").then_some(provider)
}

/// A blank ends a handle in a message.
fn is_handle(value: &Value) -> bool {
    value.as_str().is_none_or(|handle| !handle.contains(char::is_whitespace) && !handle.contains('@'))
}

/// 404 `… is not a valid UUID not found` (4 of 4).
fn is_uuid(value: &Value) -> bool {
    let groups = |text: &str| {
        let lengths = text.split('-').map(str::len);
        lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
    };
    value.as_str().is_none_or(groups)
}

fn members_lost(live: &Value, wanted: &Value) -> Option<String> {
    let [before, after] = [live, wanted].map(|body| danger::texts(body, "/members", Some("user")));
    let lost: Vec<&str> = before.difference(&after).copied().collect();
    (!lost.is_empty()).then(|| format!("They belong to the team no more: {}", listed(&lost)))
}

/// Where nobody is left to say who belongs to it.
fn admins_lost(live: &Value, wanted: &Value) -> Option<String> {
    let has_admin = |body: &Value| {
        let mut members = body.get("members").and_then(Value::as_array).into_iter().flatten();
        members.any(|member| member.get("role").is_some_and(|role| role == "admin"))
    };
    (has_admin(live) && !has_admin(wanted))
        .then(|| "The team has no admin any more, but those of an identity provider".to_owned())
}

/// 409 `users already present on the team` (1 of 1).
fn member_twice(body: &Value) -> Option<(String, &'static str)> {
    let mut seen = BTreeSet::new();
    let members = body.get("members")?.as_array()?;
    let user =
        members.iter().filter_map(|member| member.get("user")?.as_str()).find(|user| !seen.insert(*user))?;
    Some((format!("`{user}` is a member twice"), "name each user once"))
}

/// What an item has beyond what is sent of it: the service would never see it.
fn more(body: &Value, field: &str, known: &[&str]) -> Option<String> {
    let items = body.get(field)?.as_array()?;
    if items.iter().any(Value::is_null) {
        return Some(format!("an item of `{field}` is null, and says nothing"));
    }
    let keys = items.iter().filter_map(Value::as_object).flat_map(|item| item.keys());
    let stranger = keys.into_iter().find(|key| !known.contains(&key.as_str()))?;
    Some(format!("`{stranger}` can't be said in `{field}`: it would not be sent"))
}

fn more_of_link(body: &Value) -> Option<(String, &'static str)> {
    let text = more(body, "links", &["label", "position", "url"])?;
    Some((text, "take it out: a link has a `label` and a `url`"))
}

fn more_of_member(body: &Value) -> Option<(String, &'static str)> {
    let text = more(body, "members", &["role", "user"])?;
    Some((text, "take it out: a member has a `user`, and a `role` or none"))
}

/// What is no role is left out.
fn no_role(body: &Value) -> Option<(String, &'static str)> {
    let members = body.get("members")?.as_array()?;
    let is_null = members.iter().any(|member| member.get("role").is_some_and(Value::is_null));
    is_null.then(|| ("a `role` of null says nothing".to_owned(), "leave `role` out for a plain member"))
}
