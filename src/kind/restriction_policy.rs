//! Restriction policies: who may do what with one object.

use serde_json::Value;

use super::field::*;
use super::{
    About, Api, Create, Danger, Envelope, Id, Identity, Kind, List, Paging, Quirks, Update, Wrong, danger,
};

/// Facts: 4 writes and 9 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const RESTRICTION_POLICY: Kind = Kind {
    name: "restriction_policy",
    section: "restriction_policies",
    always: false,
    api: Api {
        path: "/api/v2/restriction_policy",
        envelope: Envelope::Resource("restriction_policy"),
        id: Id { chosen: true, in_update: true, ..Api::V2.id },
        list: List { paging: Paging::ByKey, ..Api::V2.list },
        create: Create::Item,
        update: Update::Upsert,
        // An object without a policy shows an empty one (1 of 1).
        vacant: |body| body.get("bindings").and_then(Value::as_array).is_none_or(Vec::is_empty),
        ..Api::V2
    },
    identity: Identity::Key("/id"),
    fields: &[
        undocumented("").open(),
        list("/bindings", "Who may do what").required().set(),
        // In another order in 2 of 4 answers (recordings of datadog-sync-cli).
        texts("/bindings/*/principals", "`role:ID`, `team:ID`, `user:ID`, `org:ID`").required().set(),
        choice("/bindings/*/relation", &["viewer", "editor", "runner", "resolver"], "What they may do")
            .required(),
        text("/id", "What it is about, `TYPE:ID`: `dashboard:${dashboards.x.id}`").required(),
    ],
    about: About {
        sync_cli: &["restriction_policies"],
        terraform: &["datadog_restriction_policy"],
        title: "/id",
        known_by: &["/id"],
        ..About::NONE
    },
    quirks: Quirks {
        dangers: &[Danger { code: "access-changed", judge: access_lost }],
        wrongs: &[Wrong { at: "/id", judge: malformed }, Wrong { at: "/bindings", judge: empty }],
        ..Quirks::NONE
    },
};

/// 400 `Invalid resource: 'malformed' is not in a valid format` (3 of 3).
fn malformed(body: &Value) -> Option<(String, &'static str)> {
    let id = body.get("id")?.as_str()?;
    let is_fine = id.split_once(':').is_some_and(|(class, id)| !class.is_empty() && !id.is_empty());
    (!is_fine).then(|| {
        (
            format!("`{id}` names nothing that a policy can be about"),
            "write `TYPE:ID`, such as `dashboard:abc-def-ghi`",
        )
    })
}

/// The service shows an empty policy where there is none.
fn empty(body: &Value) -> Option<(String, &'static str)> {
    body.get("bindings")?.as_array()?.is_empty().then(|| {
        (
            "A policy without bindings is none".to_owned(),
            "write who may do what, or take the policy away by `$absent: true`",
        )
    })
}

fn access_lost(live: &Value, wanted: &Value) -> Option<String> {
    let all = |body: &Value| -> std::collections::BTreeSet<String> {
        let bindings = body.get("bindings").and_then(Value::as_array).into_iter().flatten();
        let of = |binding: &Value| {
            let relation = binding.get("relation").and_then(Value::as_str).unwrap_or_default().to_owned();
            let who = danger::texts(binding, "/principals", None);
            who.into_iter().map(|who| format!("{who} ({relation})")).collect::<Vec<_>>()
        };
        bindings.flat_map(of).collect()
    };
    let (before, after) = (all(live), all(wanted));
    let lost: Vec<&str> = before.difference(&after).map(String::as_str).collect();
    (!lost.is_empty()).then(|| format!("They lose their access: {}", danger::listed(&lost)))
}
