//! Corrections of SLOs: times that don't count.

use super::field::*;
use super::{About, Api, Envelope, Family, Identity, Kind, List, Mention, Mentioned, OneOf, Paging, Quirks};

/// Facts: 10 creates, 2 updates and 8 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const SLO_CORRECTION: Kind = Kind {
    name: "slo_correction",
    section: "slo_corrections",
    always: false,
    api: Api {
        path: "/api/v1/slo/correction",
        envelope: Envelope::Resource("correction"),
        list: List {
            paging: Paging::Offset { offset: "offset", limit: "limit" },
            total: Some("/meta/page/total_filtered_count"),
            ..Api::V2.list
        },
        read: &["slos_read"],
        write: &["slos_corrections"],
        ..Api::V2
    },
    identity: Identity::LastLine("/description"),
    fields: &[
        undocumented("").open(),
        choice(
            "/category",
            &["Scheduled Maintenance", "Outside Business Hours", "Deployment", "Other"],
            "Why these times don't count",
        )
        .closed()
        .required(),
        read_only("/created_at"),
        read_only("/creator"),
        text("/description", "For people"),
        count("/duration", "How long each one lasts, in seconds; beside `rrule`"),
        count("/end", "When it ends, in seconds since 1970; absent: never, or by `rrule`"),
        read_only("/id"),
        read_only("/modified_at"),
        read_only("/modifier"),
        text("/rrule", "When it repeats: `FREQ=WEEKLY;BYDAY=SA,SU`"),
        // No field of an update (O).
        text("/slo_id", "The SLO: `${slos.ID.id}`; can't be changed in place").immutable(),
        text("/slo_query", "In its place: all SLOs that this search finds by their tags"),
        count("/start", "When it begins, in seconds since 1970").required(),
        // O; sent by all that were recorded.
        text("/timezone", "The time zone of the recurrence, and in which times are shown")
            .defaults(&[r#""UTC""#]),
    ],
    about: About {
        sync_cli: &["slo_corrections"],
        terraform: &["datadog_slo_correction"],
        web: "/slo/manage",
        title: "/description",
        created: Some("/created_at"),
        modified: Some("/modified_at"),
        author: Some("/creator/data/attributes/handle"),
        known_by: &["/slo_id", "/slo_query", "/category", "/start"],
        ..About::NONE
    },
    quirks: Quirks {
        family: Some(Family::Correction),
        // "Exactly one […] must be provided."
        one_of: &[OneOf { fields: &["/slo_id", "/slo_query"], needed: true }],
        mentions: &[Mention { at: Mentioned::Path("/slo_id"), when: None, section: "slos" }],
        ..Quirks::NONE
    },
};
