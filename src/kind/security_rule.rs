//! Detection rules: what in logs, traces and signals is a signal.

use serde_json::Value;

use super::field::*;
use super::{About, Api, Danger, Family, Identity, Kind, List, Mention, Mentioned, Paging, Quirks, Wrong};

const SEVERITIES: &[&str] = &["info", "low", "medium", "high", "critical"];

/// Facts: 38 creates, 13 updates and 52 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const SECURITY_RULE: Kind = Kind {
    name: "security_rule",
    section: "security_rules",
    always: false,
    api: Api {
        path: "/api/v2/security_monitoring/rules",
        list: List {
            paging: Paging::Number { page: "page[number]", size: "page[size]" },
            page_size: 100,
            items: Some("/data"),
            ..Api::V1.list
        },
        validate: Some("/validation"),
        // The service's own, and its partners'.
        foreign: |body| ["isDefault", "isPartner"].iter().any(|by| body.get(*by) == Some(&Value::Bool(true))),
        read: &["security_monitoring_rules_read"],
        write: &["security_monitoring_rules_write"],
        ..Api::V1
    },
    identity: Identity::Tags("/tags"),
    fields: &[
        undocumented("").open(),
        read_only("/blocking"),
        list("/calculatedFields", "Fields that are computed before anything is asked"),
        text("/calculatedFields/*/expression", "The formula").required(),
        text("/calculatedFields/*/name", "The field").required(),
        // Of `third_party` they follow its cases.
        list("/cases", "When a signal is made, the first that holds counts").filled(),
        list("/cases/*/actions", "What is done beside"),
        object("/cases/*/actions/*/options", "How it is done"),
        count("/cases/*/actions/*/options/duration", "For how long, in seconds; 0: for ever"),
        choice("/cases/*/actions/*/options/flaggedIPType", &["SUSPICIOUS", "FLAGGED"], "Of `flag_ip`")
            .closed(),
        text("/cases/*/actions/*/options/userBehaviorName", "Of `user_behavior`"),
        choice(
            "/cases/*/actions/*/type",
            &["block_ip", "block_user", "user_behavior", "flag_ip"],
            "What is done",
        )
        .closed(),
        // Of configurations `a > 0` (4 of 4).
        text("/cases/*/condition", "`a > 10 && b > 0`").filled(),
        text("/cases/*/name", "Its title").implied(&[("", r#""""#)]),
        texts("/cases/*/notifications", "Recipients: `@slack-security`").recipients().implied(&[("", "[]")]),
        choice("/cases/*/status", SEVERITIES, "The severity").closed().required(),
        object("/complianceSignalOptions", "Of rules about configurations").filled(),
        boolean("/complianceSignalOptions/userActivationStatus", "Whether signals are made"),
        texts("/complianceSignalOptions/userGroupByFields", "One signal for each of these"),
        read_only("/createdAt"),
        read_only("/creationAuthorId"),
        read_only("/creator"),
        read_only("/defaultRuleId"),
        read_only("/defaultTags"),
        read_only("/dependencies"),
        list("/filters", "What is looked at, or left out, before"),
        choice("/filters/*/action", &["require", "suppress"], "Which of the two").closed(),
        text("/filters/*/query", "A search"),
        texts("/groupSignalsBy", "One signal for each of these"),
        // False, and true of rules about configurations (4 of 4).
        boolean("/hasExtendedTitle", "Whether the title of a signal tells its groups").filled(),
        read_only("/id"),
        read_only("/isBeta"),
        read_only("/isDefault"),
        read_only("/isDeleted"),
        read_only("/isDeprecated"),
        boolean("/isEnabled", "Whether it is at work").required_at_create(),
        read_only("/isPartner"),
        text("/message", "What people are told; Markdown").required_at_create(),
        read_only("/metadata"),
        text("/name", "The title").required_at_create(),
        object("/options", "How it detects").required_at_create(),
        object("/options/anomalyDetectionOptions", "Of `anomaly_detection`"),
        count("/options/anomalyDetectionOptions/bucketDuration", "What is counted together, in seconds")
            .form(is_bucket, "300, 600, 900, 1800, 3600 or 10800"),
        bounded("/options/anomalyDetectionOptions/detectionTolerance", 1, 5, "How far it must be off")
            .strict(),
        boolean(
            "/options/anomalyDetectionOptions/instantaneousBaseline",
            "Whether the past is learnt from at once",
        )
        .defaults(&["false"]),
        count(
            "/options/anomalyDetectionOptions/instantaneousBaselineTimeoutMinutes",
            "How long that may take",
        )
        .filled(),
        count("/options/anomalyDetectionOptions/learningDuration", "How many hours are learnt from")
            .form(is_learning, "1, 6, 12, 24, 48, 168 or 336 hours"),
        count(
            "/options/anomalyDetectionOptions/learningPeriodBaseline",
            "What is taken as usual while it learns",
        ),
        object("/options/complianceRuleOptions", "Of rules about configurations"),
        boolean("/options/complianceRuleOptions/complexRule", "Whether it looks at several resources")
            .defaults(&["false"]),
        object("/options/complianceRuleOptions/regoRule", "The rule in Rego"),
        text("/options/complianceRuleOptions/regoRule/policy", "The policy").required(),
        texts("/options/complianceRuleOptions/regoRule/resourceTypes", "Types of resources").required(),
        text("/options/complianceRuleOptions/resourceType", "The type of resource that is looked at"),
        boolean("/options/decreaseCriticalityBasedOnEnv", "Whether it weighs less outside of production"),
        choice(
            "/options/detectionMethod",
            &[
                "threshold",
                "new_value",
                "anomaly_detection",
                "impossible_travel",
                "hardcoded",
                "third_party",
                "anomaly_threshold",
                "sequence_detection",
            ],
            "How it detects",
        )
        .closed()
        .defaults(&[r#""threshold""#]),
        // They depend on the type and the method.
        count("/options/evaluationWindow", "The time that is looked at, in seconds")
            .form(is_window, WINDOWS)
            .filled(),
        choice("/options/hardcodedEvaluatorType", &["log4shell"], "Of `hardcoded`").closed(),
        object("/options/impossibleTravelOptions", "Of `impossible_travel`"),
        boolean(
            "/options/impossibleTravelOptions/baselineUserLocations",
            "Whether places are learnt for a day",
        ),
        bounded(
            "/options/impossibleTravelOptions/baselineUserLocationsDuration",
            1,
            30,
            "How many days they are learnt",
        )
        .strict(),
        boolean("/options/impossibleTravelOptions/detectIpTransition", "Whether a change of address counts")
            .defaults(&["false"]),
        count("/options/keepAlive", "How long a signal stays open after it held, in seconds")
            .form(is_window, WINDOWS)
            .filled(),
        count("/options/maxSignalDuration", "When it closes at the latest, in seconds")
            .form(is_window, WINDOWS)
            .filled(),
        object("/options/newValueOptions", "Of `new_value`"),
        bounded("/options/newValueOptions/forgetAfter", 1, 30, "After how many days a value is new again")
            .strict(),
        boolean("/options/newValueOptions/instantaneousBaseline", "Whether the past is learnt from at once"),
        bounded("/options/newValueOptions/learningDuration", 0, 30, "How many days are learnt from").strict(),
        choice("/options/newValueOptions/learningMethod", &["duration", "threshold"], "How it learns")
            .closed(),
        bounded("/options/newValueOptions/learningThreshold", 0, 1, "How many values are learnt").strict(),
        object("/options/sequenceDetectionOptions", "Of `sequence_detection`: steps, and how they follow"),
        list("/options/sequenceDetectionOptions/stepTransitions", "Which step follows which"),
        text("/options/sequenceDetectionOptions/stepTransitions/*/child", "The step that follows"),
        count(
            "/options/sequenceDetectionOptions/stepTransitions/*/evaluationWindow",
            "Within this time, in seconds",
        )
        .form(is_window, WINDOWS),
        text("/options/sequenceDetectionOptions/stepTransitions/*/parent", "The step that comes first"),
        list("/options/sequenceDetectionOptions/steps", "The steps"),
        text("/options/sequenceDetectionOptions/steps/*/condition", "`a > 0`"),
        count(
            "/options/sequenceDetectionOptions/steps/*/evaluationWindow",
            "The time that is looked at, in seconds",
        )
        .form(is_window, WINDOWS),
        text("/options/sequenceDetectionOptions/steps/*/name", "Its name"),
        object("/options/thirdPartyRuleOptions", "Of `third_party`"),
        texts("/options/thirdPartyRuleOptions/defaultNotifications", "Recipients where no case holds")
            .defaults(&["[]"]),
        choice(
            "/options/thirdPartyRuleOptions/defaultStatus",
            SEVERITIES,
            "The severity where no case holds",
        )
        .closed(),
        list("/options/thirdPartyRuleOptions/rootQueries", "What is looked at"),
        texts("/options/thirdPartyRuleOptions/rootQueries/*/groupByFields", "One signal for each of these"),
        text("/options/thirdPartyRuleOptions/rootQueries/*/query", "A search"),
        text("/options/thirdPartyRuleOptions/signalTitleTemplate", "The title of its signals"),
        list("/queries", "What is counted").filled(),
        choice(
            "/queries/*/aggregation",
            &["count", "cardinality", "sum", "max", "new_value", "geo_data", "event_count", "none"],
            "How it is counted",
        )
        .closed()
        .implied(&[("", r#""count""#)]),
        texts("/queries/*/correlatedByFields", "Of signals: fields that must agree").implied(&[("", "[]")]),
        count("/queries/*/correlatedQueryIndex", "Of signals: which query of the other rule"),
        text("/queries/*/customQueryExtension", "What is asked for too").implied(&[("", r#""""#)]),
        // It depends on the type.
        choice(
            "/queries/*/dataSource",
            &[
                "logs",
                "audit",
                "app_sec_spans",
                "spans",
                "security_runtime",
                "network",
                "events",
                "security_signals",
            ],
            "What is searched",
        )
        .closed()
        .filled()
        .synonyms(&[r#""spans""#, r#""app_sec_spans""#]),
        texts("/queries/*/distinctFields", "Of `cardinality`: what is counted once").implied(&[("", "[]")]),
        texts("/queries/*/groupByFields", "One count for each of these").implied(&[("", "[]")]),
        boolean("/queries/*/hasOptionalGroupByFields", "Whether events without those count")
            .implied(&[("", "false")]),
        text("/queries/*/index", "In the place of `indexes`, once").filled(),
        // One index may be written as `index`, too.
        texts("/queries/*/indexes", "Indexes of logs; all where it is left out").filled(),
        text("/queries/*/metric", "In the place of `metrics`, once").implied(&[("", r#""""#)]),
        texts("/queries/*/metrics", "Fields that are added, compared, or learnt")
            .filled()
            .implied(&[("", "[]")]),
        text("/queries/*/name", "`a` in a condition").implied(&[("", r#""""#)]),
        text("/queries/*/query", "A search"),
        text("/queries/*/ruleId", "Of signals: the rule that makes them, `${security_rules.ID.id}`"),
        list("/referenceTables", "Tables that events are held against"),
        boolean("/referenceTables/*/checkPresence", "Whether it must be in the table, or must not"),
        text("/referenceTables/*/columnName", "The column"),
        text("/referenceTables/*/logFieldPath", "The field of the event"),
        text("/referenceTables/*/ruleQueryName", "The query"),
        text("/referenceTables/*/tableName", "The table"),
        object("/schedulingOptions", "When it is asked, instead of always"),
        // `The RRULE schedule is invalid for scheduled rules` (1 recording).
        text("/schedulingOptions/rrule", "`FREQ=HOURLY;INTERVAL=1`").required(),
        text("/schedulingOptions/start", "When it begins: `2025-07-14T12:00:00`"),
        text("/schedulingOptions/timezone", "`Europe/Berlin`"),
        texts("/tags", "Tags of its signals: `source:cloudtrail`, `tactic:TA0004-privilege-escalation`")
            .set(),
        list("/thirdPartyCases", "Of `third_party`: when a signal is made"),
        text("/thirdPartyCases/*/name", "Its title"),
        texts("/thirdPartyCases/*/notifications", "Recipients").implied(&[("", "[]")]),
        text("/thirdPartyCases/*/query", "A search"),
        choice("/thirdPartyCases/*/status", SEVERITIES, "The severity").closed().required(),
        choice(
            "/type",
            &[
                "log_detection",
                "api_security",
                "application_security",
                "signal_correlation",
                "workload_activity",
                "workload_security",
                "cloud_configuration",
                "infrastructure_configuration",
            ],
            "What it looks at",
        )
        .closed()
        .immutable()
        .filled(),
        read_only("/updateAuthorId"),
        read_only("/updatedAt"),
        read_only("/updater"),
        read_only("/version"),
    ],
    about: About {
        web: "/security/rules/view/{id}",
        created: Some("/createdAt"),
        modified: Some("/updatedAt"),
        author: Some("/creator/handle"),
        is_export: |body| {
            (body.contains_key("queries") || body.contains_key("thirdPartyCases"))
                && body.contains_key("cases")
                && body.contains_key("isEnabled")
        },
        export_needs: "`queries`, `cases` and `isEnabled`",
        terraform: &["datadog_security_monitoring_rule", "datadog_security_monitoring_rule_json"],
        sync_cli: &["security_monitoring_rules"],
        ..About::NONE
    },
    quirks: Quirks {
        family: Some(Family::Detection),
        fixed: &["/isEnabled"],
        dangers: &[Danger { code: "detecting-less", judge: detects_less }],
        mentions: &[
            Mention { at: Mentioned::Path("/queries/*/ruleId"), when: None, section: "security_rules" },
            Mention { at: Mentioned::Path("/queries/*/indexes/*"), when: None, section: "logs_indexes" },
        ],
        wrongs: &[Wrong { at: "/options/evaluationWindow", judge: other_window }],
        ..Quirks::NONE
    },
};

/// Lengths in seconds, as the OpenAPI document lists them.
const WINDOWS: &str = "0, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200 or 86400 seconds";

fn is_window(value: &Value) -> bool {
    is_one_of(value, &[0, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400])
}

fn is_bucket(value: &Value) -> bool {
    is_one_of(value, &[300, 600, 900, 1800, 3600, 10800])
}

fn is_learning(value: &Value) -> bool {
    is_one_of(value, &[1, 6, 12, 24, 48, 168, 336])
}

/// Whether a number is one of these; of other values the type is told.
fn is_one_of(value: &Value, known: &[u64]) -> bool {
    value.as_f64().is_none_or(|number| known.iter().any(|known| *known as f64 == number))
}

/// 900 came back as 1800 (2 of 2).
fn other_window(body: &Value) -> Option<(String, &'static str)> {
    let options = body.get("options")?;
    let is_learning = options.get("detectionMethod")? == "anomaly_detection";
    (is_learning && options.get("evaluationWindow")?.as_u64()? == 900).then(|| {
        (
            "The service makes 1800 of the `evaluationWindow` 900 of an anomaly detection".to_owned(),
            "write 1800",
        )
    })
}

fn detects_less(live: &Value, wanted: &Value) -> Option<String> {
    let is_on = |body: &Value| body.get("isEnabled") == Some(&Value::Bool(true));
    let count = |body: &Value| body.get("cases").and_then(Value::as_array).map_or(0, Vec::len);
    match (is_on(live), is_on(wanted)) {
        (true, false) => Some("It makes no signals any more".to_owned()),
        (true, true) if count(wanted) < count(live) => Some("Fewer cases make a signal".to_owned()),
        _ => None,
    }
}
