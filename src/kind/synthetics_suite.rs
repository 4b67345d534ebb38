//! Suites of synthetic tests: several that alert as one.

use std::collections::BTreeSet;

use serde_json::Value;

use super::danger::listed;
use super::field::*;
use super::{
    About, Api, Danger, Delete, Envelope, Id, Identity, Kind, List, Mention, Mentioned, Paging, Quirks,
    Summary, Update,
};

/// Facts: 2 creates and 2 reads, the search of 24, the OpenAPI document, and what datadog-sync-cli leaves out and asks for.
pub const SYNTHETICS_SUITE: Kind = Kind {
    name: "synthetics_suite",
    section: "synthetics_suites",
    always: false,
    api: Api {
        path: "/api/v2/synthetics/suites",
        envelope: Envelope::Resource("suites"),
        id: Id { at: "public_id", ..Api::V2.id },
        update: Update::Put,
        delete: Delete::Post {
            path: "/bulk-delete",
            body: r#"{"data": {"type": "delete_suites_request", "attributes": {"public_ids": ["{id}"]}}}"#,
        },
        list: List {
            path: Some("/api/v2/synthetics/suites/search"),
            items: Some("/data/attributes/suites"),
            paging: Paging::Offset { offset: "start", limit: "count" },
            // What datadog-sync-cli asks for; the default is 50.
            page_size: 100,
            total: Some("/data/attributes/total"),
            // 24 of 24: no message, and of the options perhaps nothing.
            summary: Some(Summary { modified: "modified_at", shown: &["name", "tests"], lacks: |_| true }),
            ..Api::V2.list
        },
        emptied: true,
        read: &["synthetics_read"],
        write: &["synthetics_write"],
        ..Api::V2
    },
    identity: Identity::Tags("/tags"),
    fields: &[
        undocumented("").open(),
        read_only("/created_at"),
        read_only("/created_by"),
        read_only("/id"),
        text("/message", "Who is told when it fails; Markdown").recipients().trimmed(),
        read_only("/modified_at"),
        read_only("/modified_by"),
        read_only("/monitor_id"),
        text("/name", "What it is called").required(),
        object("/options", "When it fails").required(),
        share("/options/alerting_threshold", "The share of its critical tests that must fail: 0.5").strict(),
        // An objective that the service makes for it (datadog-sync-cli).
        read_only("/options/slo_id"),
        read_only("/org_id"),
        read_only("/overall_state"),
        read_only("/overall_state_modified"),
        read_only("/public_id"),
        texts("/tags", "Tags; its monitor has them too").set(),
        list("/tests", "The tests that it watches").required(),
        // ? no recorded suite holds a test: the service may write it out.
        choice(
            "/tests/*/alerting_criticality",
            &["critical", "ignore"],
            "`ignore`: its failures don't count",
        )
        .closed()
        .implied(&[("", r#""critical""#)]),
        text("/tests/*/public_id", "The test: `${synthetics_tests.ID.id}`").required(),
        choice("/type", &["suite"], "`suite`").closed().required(),
        read_only("/version"),
        read_only("/version_uuid"),
    ],
    about: About {
        web: "/synthetics/suites/{id}",
        created: Some("/created_at"),
        modified: Some("/modified_at"),
        author: Some("/created_by/handle"),
        terraform: &["datadog_synthetics_suite"],
        sync_cli: &["synthetics_test_suites"],
        ..About::NONE
    },
    quirks: Quirks {
        mentions: &[Mention {
            at: Mentioned::Path("/tests/*/public_id"),
            when: None,
            section: "synthetics_tests",
        }],
        dangers: &[
            Danger { code: "detecting-less", judge: watches_less },
            Danger { code: "threshold-loosened", judge: fails_later },
        ],
        ..Quirks::NONE
    },
};

/// The tests whose failures count.
fn critical(suite: &Value) -> BTreeSet<&str> {
    let tests = suite.get("tests").and_then(Value::as_array).into_iter().flatten();
    let counts = |test: &&Value| test.get("alerting_criticality").is_none_or(|own| own != "ignore");
    tests.filter(counts).filter_map(|test| test.get("public_id")?.as_str()).collect()
}

fn watches_less(live: &Value, wanted: &Value) -> Option<String> {
    let (before, after) = (critical(live), critical(wanted));
    let lost: Vec<&str> = before.difference(&after).copied().collect();
    // A test that is made anew has no id yet.
    let is_fewer = after.difference(&before).count() < lost.len();
    is_fewer.then(|| format!("Failures of these tests count no more: {}", listed(&lost)))
}

fn fails_later(live: &Value, wanted: &Value) -> Option<String> {
    let share = |body: &Value| body.pointer("/options/alerting_threshold").and_then(Value::as_f64);
    let (before, after) = (share(live)?, share(wanted)?);
    (after > before)
        .then(|| format!("More of its tests must fail before it alerts: {after} in place of {before}"))
}
