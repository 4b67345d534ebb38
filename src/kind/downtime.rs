//! Downtimes: when monitors tell nobody.

use serde_json::Value;

use super::field::*;
use super::{
    About, Api, Envelope, Family, Id, Identity, Kind, List, Mention, Mentioned, OneOf, Paging, Quirks,
};

/// Facts: 8 creates, 3 updates and 9 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const DOWNTIME: Kind = Kind {
    name: "downtime",
    section: "downtimes",
    always: false,
    api: Api {
        path: "/api/v2/downtime",
        envelope: Envelope::Resource("downtime"),
        id: Id { in_update: true, ..Api::V2.id },
        list: List {
            paging: Paging::Offset { offset: "page[offset]", limit: "page[limit]" },
            // The most is not documented; pages of 100 were seen.
            page_size: 100,
            // 3 of 3.
            total: Some("/meta/page/total_filtered_count"),
            ..Api::V2.list
        },
        // One that was canceled stays in the list for about two days; one that is over, too.
        foreign: is_over,
        read: &["monitors_downtime"],
        write: &["monitors_downtime"],
        ..Api::V2
    },
    // People read it when one starts or ends; nothing better exists.
    identity: Identity::LastLine("/message"),
    fields: &[
        // "Additional properties are not allowed (… was unexpected)" (1 recording).
        undocumented("").open().closed(),
        read_only("/canceled"),
        read_only("/created"),
        // 5 of 5; an empty text is the same (1 of 1).
        text("/display_timezone", "The time zone in which times are shown; not that of the schedule")
            .defaults(&[r#""UTC""#])
            .synonyms(&[r#""UTC""#, r#""""#]),
        read_only("/id"),
        text("/message", "What people are told when it starts and ends; `@` names recipients").recipients(),
        read_only("/modified"),
        // One of two forms, each whole.
        object("/monitor_identifier", "Which monitors: one by its id, or those with tags")
            .required()
            .steady(),
        count("/monitor_identifier/monitor_id", "A monitor: `${monitors.ID.id}`").numeric(),
        texts("/monitor_identifier/monitor_tags", "Monitors that bear all of these tags; `*`: every one")
            .sized(1, None),
        boolean("/mute_first_recovery_notification", "The first recovery inside of it tells nobody")
            .defaults(&["false"]),
        // In any order (12 of 15 reads).
        of(
            "/notify_end_states",
            Type::Texts(&["alert", "no data", "warn"]),
            "States that are told of when it ends",
        )
        .closed()
        .set()
        .defaults(&[r#"["alert","no data","warn"]"#]),
        // Reordered in 5 of 10 reads.
        of("/notify_end_types", Type::Texts(&["canceled", "expired"]), "Ends that are told of")
            .closed()
            .set()
            .defaults(&[r#"["expired"]"#]),
        read_only("/run_as"),
        // Replaced whole (2 of 2). The start of one in progress can't be changed (terraform-provider-datadog, issue
        // 2798).
        object("/schedule", "When: once, from `start` to `end`; or as `recurrences`").open().steady(),
        read_only("/schedule/current_downtime"),
        text("/schedule/end", "When it ends, in UTC (`2026-05-01T04:00:00Z`); absent: never")
            .meaning(same_time),
        // datadog-sync-cli, and the schema of the answer.
        list("/schedule/recurrences", "Up to five rules that repeat").sized(1, Some(5)),
        text("/schedule/recurrences/*/duration", "How long each one lasts: `30m`, `8h`, `1d`, `1w`")
            .required(),
        text("/schedule/recurrences/*/rrule", "When it repeats: `FREQ=WEEKLY;BYDAY=SA,SU`").required(),
        text(
            "/schedule/recurrences/*/start",
            "When the first one begins, in the schedule's time zone, without it",
        )
        .filled(),
        text("/schedule/start", "When it begins, in UTC; absent: when it is made")
            .filled()
            .meaning(same_time),
        text("/schedule/timezone", "The time zone of the recurrences: `Europe/Berlin`")
            .defaults(&[r#""UTC""#]),
        text("/scope", "Which groups of the monitors: `env:prod`, `env:(a OR b)`, `*`").required(),
        read_only("/status"),
    ],
    about: About {
        sync_cli: &["downtime_schedules"],
        terraform: &["datadog_downtime_schedule"],
        web: "/monitors/downtimes",
        title: "/message",
        created: Some("/created"),
        modified: Some("/modified"),
        known_by: &["/scope", "/monitor_identifier", "/schedule"],
        ..About::NONE
    },
    quirks: Quirks {
        family: Some(Family::Silence),
        mentions: &[Mention {
            at: Mentioned::Path("/monitor_identifier/monitor_id"),
            when: None,
            section: "monitors",
        }],
        one_of: &[
            OneOf {
                fields: &["/monitor_identifier/monitor_id", "/monitor_identifier/monitor_tags"],
                needed: true,
            },
            OneOf { fields: &["/schedule/recurrences", "/schedule/start"], needed: false },
            OneOf { fields: &["/schedule/recurrences", "/schedule/end"], needed: false },
        ],
        ends: Some("/schedule/end"),
        ..Quirks::NONE
    },
};

fn is_over(body: &Value) -> bool {
    body.get("status").and_then(Value::as_str).is_some_and(|status| matches!(status, "canceled" | "ended"))
}

/// `…Z` comes back as `…+00:00` (3 of 3).
fn same_time(one: &Value, other: &Value) -> bool {
    let time = |value: &Value| value.as_str()?.parse::<jiff::Timestamp>().ok();
    time(one).is_some_and(|one| time(other) == Some(one))
}
