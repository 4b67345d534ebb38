//! Archives of logs: what is kept for years, in a bucket of one's own.

use serde_json::Value;

use super::danger::is_turned_off;
use super::field::*;
use super::{About, Api, Danger, Envelope, Family, Identity, Kind, Order, Quirks, Shown, Update, danger};

/// Facts: the order's recordings, those of another program's tests (6 creates, 2 updates), `recorded/SEMANTICS.md` §5,
/// and the OpenAPI document.
pub const LOGS_ARCHIVE: Kind = Kind {
    name: "logs_archive",
    section: "logs_archives",
    always: false,
    api: Api {
        path: "/api/v2/logs/config/archives",
        envelope: Envelope::Resource("archives"),
        update: Update::Put,
        order: Some(Order {
            path: "/api/v2/logs/config/archive-order",
            update: Update::Put,
            shown: Shown::Alone("/data/attributes/archive_ids"),
            // 3 of 3.
            body: r#"{"data":{"type":"archive_order","attributes":{"archive_ids":"{ids}"}}}"#,
            member: None,
        }),
        emptied: true,
        // An order names all of them: none may come while it is written.
        serial: true,
        read: &["logs_read_config", "logs_read_archives"],
        write: &["logs_write_archives"],
        ..Api::V2
    },
    // A 400 says that a name is taken (datadog-sync-cli).
    identity: Identity::Key("/name"),
    fields: &[
        undocumented("").open(),
        // An older answer dropped it, newer ones keep it (datadog-sync-cli's tests).
        choice("/compression_method", &["GZIP", "ZSTD"], "How files are packed")
            .defaults(&[r#""GZIP""#])
            .closed(),
        object("/destination", "The bucket or container").required().hidden_without("logs_read_archives"),
        text("/destination/bucket", "Of S3 or GCS").required_in(&["s3", "gcs"]),
        text("/destination/container", "Of Azure").required_in(&["azure"]),
        object("/destination/encryption", "Of S3").implied(&[("s3", r#"{"type":"NO_OVERRIDE"}"#)]),
        text("/destination/encryption/key", "The ARN of a key of KMS"),
        choice("/destination/encryption/type", &["NO_OVERRIDE", "SSE_S3", "SSE_KMS"], "Which encryption")
            .required()
            .closed(),
        object("/destination/integration", "The cloud account that lets Datadog in").required(),
        text("/destination/integration/access_key_id", "Of S3, in place of account and role"),
        text("/destination/integration/account_id", "Of S3"),
        text("/destination/integration/client_email", "Of GCS"),
        text("/destination/integration/client_id", "Of Azure"),
        text("/destination/integration/project_id", "Of GCS"),
        text("/destination/integration/role_name", "Of S3"),
        text("/destination/integration/tenant_id", "Of Azure"),
        text("/destination/path", "The folder in it"),
        text("/destination/region", "Of Azure"),
        text("/destination/storage_account", "Of Azure").required_in(&["azure"]),
        choice(
            "/destination/storage_class",
            &["STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"],
            "Of S3",
        )
        .closed()
        .implied(&[("s3", r#""STANDARD""#)]),
        choice("/destination/type", &["s3", "gcs", "azure"], "Whose bucket").required().closed(),
        read_only("/id"),
        boolean("/include_tags", "Whether tags are kept with the logs").defaults(&["false"]),
        texts("/lookup_attributes", "Attributes to look up logs by").defaults(&["[]"]),
        text("/name", "The title, by which it is known").required(),
        texts("/partitioning_attributes", "Attributes that part the files; the most used first")
            .defaults(&["[]"]),
        text("/query", "A search: which logs are kept").required(),
        count("/rehydration_max_scan_size_in_gb", "The most that one rehydration scans"),
        texts("/rehydration_tags", "Tags put on logs that are brought back").defaults(&["[]"]),
        read_only("/state"),
    ],
    about: About {
        sync_cli: &["logs_archives"],
        terraform: &["datadog_logs_archive"],
        web: "/logs/pipelines/log-forwarding",
        ..About::NONE
    },
    quirks: Quirks {
        family: Some(Family::Archive),
        precious: true,
        dangers: &[danger::SEARCH, Danger { code: "turned-off", judge: tags_left_out }],
        ..Quirks::NONE
    },
};

fn tags_left_out(live: &Value, wanted: &Value) -> Option<String> {
    let off = is_turned_off(live, wanted, "/include_tags", false);
    off.then(|| "Tags are no longer kept with the logs".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(live: &Value, wanted: &Value) -> Vec<&'static str> {
        let dangers = LOGS_ARCHIVE.quirks.dangers.iter();
        dangers.filter(|danger| (danger.judge)(live, wanted).is_some()).map(|danger| danger.code).collect()
    }

    #[test]
    fn what_is_no_longer_kept_is_told() {
        let archive = |query: &str, tags: bool| json!({"name": "a", "query": query, "include_tags": tags});
        for (live, wanted, expected) in [
            (
                archive("source:lambda", true),
                archive("source:lambda env:prod", true),
                &["search-narrowed"][..],
            ),
            (archive("*", true), archive("source:lambda", true), &["search-narrowed"]),
            (archive("*", true), archive("*", false), &["turned-off"]),
            // More is kept, or the same.
            (archive("source:lambda env:prod", false), archive("source:lambda", true), &[]),
            (archive("a b", true), archive("b AND a", true), &[]),
            (archive("*", false), archive("*", false), &[]),
            (archive("*", false), json!({"name": "a", "query": "*"}), &[]),
            (
                archive("*", true),
                json!({"name": "b", "query": "*", "include_tags": true, "rehydration_tags": ["x"]}),
                &[],
            ),
        ] {
            assert_eq!(told(&live, &wanted), expected, "{live} to {wanted}");
        }
    }
}
