//! Webhooks: where notifications go as HTTP requests.

use serde_json::Value;

use super::field::*;
use super::{About, Api, Danger, Id, Identity, Kind, List, Paging, Quirks};

/// Facts: 6 creates, 3 updates and 11 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const WEBHOOK: Kind = Kind {
    name: "webhook",
    section: "webhooks",
    always: false,
    api: Api {
        path: "/api/v1/integration/webhooks/configuration/webhooks",
        id: Id { at: "name", chosen: true, in_update: true, ..Api::V1.id },
        list: List { paging: Paging::ByKey, ..Api::V1.list },
        // terraform-provider-datadog holds a lock around each write.
        serial: true,
        read: &["integrations_read"],
        write: &["create_webhooks", "manage_integrations"],
        ..Api::V1
    },
    identity: Identity::Key("/name"),
    fields: &[
        undocumented("").open(),
        text("/auth_method_id", "How it signs in, by the id of a method that was set up elsewhere"),
        // JSON inside a text; none where nothing was sent (4 of 4).
        text("/custom_headers", "JSON, as a text: headers of each request; secrets by `${secret.NAME}`")
            .meaning(same_json)
            .usually(is_json, "JSON: `'{\"header\": \"value\"}'`"),
        choice("/encode_as", &["json", "form"], "How the payload is sent").closed().defaults(&[r#""json""#]),
        text("/name", "The name in `@webhook-NAME`; another one renames it, by `$moved_from`")
            .required()
            .usually(is_word, "one word: a blank ends `@webhook-NAME` in a message"),
        // 6 of 6.
        text("/payload", "JSON, as a text; a template of Datadog's own where it is left out")
            .defaults(&[PAYLOAD])
            .meaning(same_json),
        text("/url", "Where the requests go")
            .required()
            .form(is_url, "a URL that begins with `https://` or `http://`"),
    ],
    about: About {
        terraform: &["datadog_webhook"],
        web: "/integrations/webhooks",
        known_by: &["/name"],
        is_export: |body| body.contains_key("url") && body.contains_key("encode_as"),
        export_needs: "`url` and `encode_as`",
        ..About::NONE
    },
    quirks: Quirks { dangers: &[Danger { code: "host-changed", judge: other_host }], ..Quirks::NONE },
};

/// What the service fills in.
const PAYLOAD: &str = r#""{\"body\": \"$EVENT_MSG\", \"last_updated\": \"$LAST_UPDATED\", \"event_type\": \"$EVENT_TYPE\", \"title\": \"$EVENT_TITLE\", \"date\": \"$DATE\", \"org\": {\"id\": \"$ORG_ID\", \"name\": \"$ORG_NAME\"}, \"id\": \"$ID\"}""#;

/// Whether two texts hold the same JSON.
/// A variable of the webhook's own may hold the beginning.
fn is_url(value: &Value) -> bool {
    value.as_str().is_none_or(|url| {
        let small = url.trim().to_lowercase();
        let rest = small.strip_prefix("https://").or_else(|| small.strip_prefix("http://"));
        small.starts_with('$')
            || rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
    })
}

fn is_word(value: &Value) -> bool {
    value.as_str().is_none_or(|name| !name.contains(char::is_whitespace))
}

fn is_json(value: &Value) -> bool {
    value.as_str().is_none_or(|text| text.is_empty() || serde_json::from_str::<Value>(text).is_ok())
}

fn same_json(one: &Value, other: &Value) -> bool {
    let read = |value: &Value| serde_json::from_str::<Value>(value.as_str()?).ok();
    read(one).is_some_and(|own| read(other).is_some_and(|other| crate::diff::same(&own, &other)))
}

/// The host of a URL, in lower case; none where it is not one, or where a part of it is not known.
fn host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let host = host.rsplit('@').next()?;
    (!host.contains('\u{FDD0}')).then(|| host.to_lowercase())
}

fn other_host(live: &Value, wanted: &Value) -> Option<String> {
    let of = |body: &Value| host(body.get("url")?.as_str()?);
    let (before, after) = (of(live)?, of(wanted)?);
    (before != after).then(|| format!("Notifications go to another host: from `{before}` to `{after}`"))
}
