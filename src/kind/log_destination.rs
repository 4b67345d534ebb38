//! Destinations that logs are forwarded to.

use serde_json::Value;

use super::danger::is_turned_off;
use super::field::*;
use super::{About, Api, Danger, Envelope, Id, Identity, Kind, Quirks, danger};

/// Facts: 20 creates, 6 updates and 3 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const LOG_DESTINATION: Kind = Kind {
    name: "log_destination",
    section: "log_destinations",
    always: false,
    api: Api {
        path: "/api/v2/logs/config/custom-destinations",
        envelope: Envelope::Resource("custom_destination"),
        id: Id { in_update: true, ..Api::V2.id },
        read: &["logs_read_config", "logs_read_data"],
        write: &["logs_write_forwarding_rules"],
        ..Api::V2
    },
    identity: Identity::Key("/name"),
    fields: &[
        undocumented("").open(),
        boolean("/enabled", "Whether logs are forwarded").defaults(&["true"]),
        boolean("/forward_tags", "Whether their tags are, too").defaults(&["true"]),
        // Recorded in the order in which it was sent (3 of 3).
        texts("/forward_tags_restriction_list", "Keys of tags that are let through, or kept back")
            .defaults(&["[]"])
            .form(are_few, "10 keys at most"),
        choice("/forward_tags_restriction_list_type", &["ALLOW_LIST", "BLOCK_LIST"], "What the list means")
            .closed()
            .defaults(&[r#""ALLOW_LIST""#]),
        // A 400 says so (1).
        object("/forwarder_destination", "Where they go").required(),
        // Secrets are accepted, and never returned (34 of 34 writes).
        text("/forwarder_destination/access_token", "Of Splunk; a secret").unseen().secret(has_token),
        object("/forwarder_destination/auth", "Of http and Elasticsearch")
            .required_in(&["http", "elasticsearch"]),
        text("/forwarder_destination/auth/header_name", "Of a custom header").required_in(&["custom_header"]),
        text("/forwarder_destination/auth/header_value", "Of a custom header; a secret")
            .unseen()
            .secret(has_header),
        text("/forwarder_destination/auth/password", "A secret").unseen().secret(has_password),
        choice("/forwarder_destination/auth/type", &["basic", "custom_header"], "Of http").closed(),
        text("/forwarder_destination/auth/username", "A secret").unseen().secret(has_username),
        text("/forwarder_destination/client_id", "Of Microsoft Sentinel")
            .required_in(&["microsoft_sentinel"]),
        text("/forwarder_destination/data_collection_endpoint", "Of Microsoft Sentinel")
            .required_in(&["microsoft_sentinel"]),
        text("/forwarder_destination/data_collection_rule_id", "Of Microsoft Sentinel")
            .required_in(&["microsoft_sentinel"]),
        text("/forwarder_destination/endpoint", "A URL")
            .required_in(&["http", "splunk_hec", "elasticsearch"])
            .form(is_https, "a URL that begins with `https://`"),
        text("/forwarder_destination/index_name", "Of Elasticsearch").required_in(&["elasticsearch"]),
        text("/forwarder_destination/index_rotation", "Of Elasticsearch: a pattern of dates"),
        // Absent, null and a text are three things (6 of 6): once set, null ends it.
        text("/forwarder_destination/sourcetype", "Of Splunk; null: none").defaults(&["null"]),
        text("/forwarder_destination/stream_name", "Of Microsoft Sentinel; a secret").unseen(),
        text("/forwarder_destination/tenant_id", "Of Microsoft Sentinel")
            .required_in(&["microsoft_sentinel"]),
        choice(
            "/forwarder_destination/type",
            &["http", "splunk_hec", "elasticsearch", "microsoft_sentinel"],
            "Which service",
        )
        .required()
        .closed(),
        read_only("/id"),
        text("/name", "The title, by which it is known").required(),
        text("/query", "A search: which logs are forwarded").defaults(&[r#""""#]),
    ],
    about: About {
        terraform: &["datadog_logs_custom_destination"],
        sync_cli: &["logs_custom_destinations"],
        web: "/logs/pipelines/log-forwarding",
        ..About::NONE
    },
    quirks: Quirks {
        dangers: &[danger::SEARCH, Danger { code: "turned-off", judge: no_longer_sent }],
        ..Quirks::NONE
    },
};

/// Whether a secret stands in the body, or must, though no read shows it.
fn has_token(body: &Value) -> bool {
    holds(body, "access_token") || is_of(body, "type", "splunk_hec")
}

fn has_header(body: &Value) -> bool {
    holds(body, "auth/header_value") || is_of(body, "auth/type", "custom_header")
}

fn has_password(body: &Value) -> bool {
    holds(body, "auth/password") || signs_in_by_name(body)
}

fn has_username(body: &Value) -> bool {
    holds(body, "auth/username") || signs_in_by_name(body)
}

fn signs_in_by_name(body: &Value) -> bool {
    is_of(body, "auth/type", "basic") || is_of(body, "type", "elasticsearch")
}

fn of_destination<'a>(body: &'a Value, at: &str) -> Option<&'a Value> {
    body.pointer(&format!("/forwarder_destination/{at}"))
}

fn holds(body: &Value, at: &str) -> bool {
    of_destination(body, at).is_some_and(|value| !value.is_null())
}

fn is_of(body: &Value, at: &str, class: &str) -> bool {
    of_destination(body, at).and_then(Value::as_str) == Some(class)
}

fn no_longer_sent(live: &Value, wanted: &Value) -> Option<String> {
    let off = is_turned_off(live, wanted, "/enabled", true);
    off.then(|| "Logs are no longer forwarded".to_owned())
}

fn are_few(value: &Value) -> bool {
    value.as_array().is_some_and(|keys| keys.len() <= 10)
}

fn is_https(value: &Value) -> bool {
    value.as_str().is_some_and(|url| url.starts_with("https://"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(live: &Value, wanted: &Value) -> Vec<&'static str> {
        let dangers = LOG_DESTINATION.quirks.dangers.iter();
        dangers.filter(|danger| (danger.judge)(live, wanted).is_some()).map(|danger| danger.code).collect()
    }

    #[test]
    fn what_is_no_longer_sent_is_told() {
        let destination =
            |query: &str, enabled: bool| json!({"name": "a", "query": query, "enabled": enabled});
        for (live, wanted, expected) in [
            (destination("source:a", true), destination("source:a env:prod", true), &["search-narrowed"][..]),
            (destination("", true), destination("source:a", true), &["search-narrowed"]),
            (destination("*", true), destination("*", false), &["turned-off"]),
            (json!({"name": "a"}), json!({"name": "a", "enabled": false}), &["turned-off"]),
            // More is sent, or the same.
            (destination("source:a env:prod", false), destination("source:a", true), &[]),
            (destination("*", false), destination("*", false), &[]),
            (destination("", true), destination("*", true), &[]),
            (destination("*", true), json!({"name": "a", "query": "*", "forward_tags": false}), &[]),
        ] {
            assert_eq!(told(&live, &wanted), expected, "{live} to {wanted}");
        }
    }
}
