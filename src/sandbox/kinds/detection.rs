//! Detection rules: flat though they are v2, with a default for nearly everything.

use serde_json::{Value, json};

use super::security_bodies as bodies;
use crate::sandbox::resource::{
    BY_ID, Clock, DELETE_ONLY, Does, Effect, Id, Keeps, Lacks, List, Moment, PUT, Paging, Refusal, Reply,
    Resource, Route, Test, Unit, WRITES, Words,
};

const PERSON: &str = r#"{"handle": "sandbox@example.com", "name": "Sandbox"}"#;

pub const SECURITY_RULE: Resource = Resource {
    forms: bodies::SECURITY_RULE,
    name: "security_rule",
    path: "/api/v2/security_monitoring/rules",
    routes: PUT,
    more: &[
        Route::new("POST", "/validation", Does::Validate),
        Route::new("POST", "/convert", Does::Elsewhere),
        Route::new("POST", "/test", Does::Elsewhere),
        Route::new("POST", "/bulk_export", Does::Elsewhere),
    ],
    id: Id::Letters,
    // R: a PUT keeps what it doesn't name; O: `cases`, `queries`, `options` are replaced whole.
    update: Keeps::Members,
    list: List {
        paging: Some(Paging {
            from: "page[number]",
            size: "page[size]",
            default: 10,
            most: 100,
            unit: Unit::Pages,
        }),
        // R 6 of 7: the page's own size in place of the total.
        beside: r#"{"meta": {"page": {"current_page": "{page}", "total_count": "{size}", "total_filtered_count": "{size}"}}}"#,
        ..List::DATA
    },
    answers: [Reply::Object(200), Reply::Object(200), Reply::Fixed(204, "")],
    // R 11 of 13.
    lacks: Lacks { update: &["/isPartner", "/creator", "/updater"], write: &[], get: &[], list: &[] },
    effects: &[
        Effect::Fill("/type", r#""log_detection""#),
        Effect::DropAs("/queries", "null"),
        Effect::DropAs("/schedulingOptions", "null"), // R 5 of 5
        Effect::DropAs("/calculatedFields", "[]"),    // R 6 of 6
        Effect::DropAs("/queries/*/metrics", "[]"),   // R 21 of 21
        Effect::DropAs("/queries/*/metric", r#""""#), // R 7 of 7
        Effect::DropAs("/queries/*/customQueryExtension", r#""""#), // R 2
        Effect::Code(resources),
        Effect::Fill("/thirdPartyCases/*/notifications", "[]"),
        Effect::Fill("/options/thirdPartyRuleOptions/defaultNotifications", "[]"), // R 3 of 3
        Effect::Code(third_party),
        Effect::Fill("/queries/*/hasOptionalGroupByFields", "false"), // R 40 of 40
        Effect::Fill("/queries/*/distinctFields", "[]"),              // R 34 of 34
        Effect::Fill("/queries/*/groupByFields", "[]"),               // R 12 of 12
        Effect::Fill("/queries/*/name", r#""""#),                     // R 31 of 31
        Effect::Fill("/queries/*/aggregation", r#""count""#),
        Effect::Fill("/queries/*/dataSource", r#""logs""#), // R 15 of 15 since 2024
        Effect::Instead("/queries/*/dataSource", r#""app_sec_spans""#, r#""spans""#), // R 1
        Effect::Fill("/options", "{}"),
        Effect::Fill("/options/anomalyDetectionOptions/instantaneousBaseline", "false"), // R 1
        Effect::Fill("/options/anomalyDetectionOptions/instantaneousBaselineTimeoutMinutes", "30"), // R 2
        Effect::Fill("/options/impossibleTravelOptions/detectIpTransition", "false"),    // R 1
        Effect::Fill("/complianceSignalOptions/defaultActivationStatus", "null"),        // R 5 of 5
        Effect::Fill("/complianceSignalOptions/defaultGroupByFields", "null"),
        Effect::Fill("/[type=cloud_configuration]/hasExtendedTitle", "true"), // R 4 of 4
        Effect::Fill("/options/detectionMethod", r#""threshold""#),           // R 26 of 28
        Effect::Fill("/[type=cloud_configuration]/options/keepAlive", "21600"), // R 5 of 5
        Effect::Fill("/[type=cloud_configuration]/options/maxSignalDuration", "86400"),
        Effect::Fill("/[type=cloud_configuration]/options/evaluationWindow", "7200"),
        Effect::Fill("/options/[detectionMethod=third_party]/evaluationWindow", "0"), // R 3 of 3
        Effect::Fill("/options/[detectionMethod=sequence_detection]/evaluationWindow", "0"),
        Effect::Drop("/[type=signal_correlation]/queries/*/dataSource"), // R 4 of 4
        Effect::Code(windows),
        Effect::Fill("/[type=cloud_configuration]/cases/*/condition", r#""a > 0""#), // R 4 of 4
        Effect::Fill("/cases/*/name", r#""""#),                                      // R 7 of 7
        Effect::Fill("/cases/*/notifications", "[]"),
        Effect::Fill("/filters", "[]"),             // R 13 of 13
        Effect::Fill("/tags", "[]"),                // R 2 of 2
        Effect::Fill("/hasExtendedTitle", "false"), // R 26 of 27
        Effect::Always("/blocking", "false"),
        Effect::Always("/metadata", r#"{"entities": null, "sources": null}"#), // R 33 of 33
        Effect::Always("/isDefault", "false"),
        Effect::Always("/isPartner", "false"),
        Effect::Always("/isBeta", "false"),
        Effect::Always("/isDeleted", "false"),
        Effect::Always("/isDeprecated", "false"),
        Effect::Created("/createdAt", Clock::Millis),
        Effect::Made("/creationAuthorId", "1"),
        Effect::Made("/creator", PERSON),
        Effect::Code(updated),
        Effect::Counted("/version", 1), // R 38 of 38
    ],
    refuses: &[
        Refusal(
            WRITES,
            "/schedulingOptions",
            Test::Code(|draft| {
                draft.sent["schedulingOptions"].is_object()
                    && draft.sent["schedulingOptions"]["rrule"].is_null()
            }),
            Words(
                400,
                r#"{"error":{"code":"InvalidArgument","message":"Invalid rule configuration","details":[{"code":"InvalidArgument","message":"The RRULE schedule is invalid for scheduled rules","target":"schedulingOptions.rrule"}]}}"#, // R 1
            ),
        ),
        Refusal(
            WRITES,
            "/options",
            Test::Code(|draft| {
                let seconds = |name: &str| draft.sent["options"][name].as_u64();
                seconds("maxSignalDuration") < seconds("keepAlive") && seconds("maxSignalDuration").is_some()
            }),
            Words(
                400,
                r#"{"error":{"code":"InvalidArgument","message":"Invalid rule configuration","details":[{"code":"InvalidArgument","message":"Max signal duration must be greater than or equal to keep alive","target":"maxSignalDuration"}]}}"#, // R 2
            ),
        ),
        Refusal(
            BY_ID,
            "",
            Test::BadId(|id| id.split('-').map(str::len).eq([3, 3, 3])),
            Words(404, "Not found"),
        ), // R 2
        Refusal(
            WRITES,
            "/queries/*/query",
            Test::Code(|draft| {
                let queries = draft.sent["queries"].as_array().into_iter().flatten();
                queries
                    .into_iter()
                    .any(|one| one["query"] == "" && one.as_object().is_some_and(|one| one.len() == 1))
            }),
            Words(400, r#"["Invalid rule configuration","Query filter cannot be empty"]"#), // R 2
        ),
    ],
    missing: &[
        (DELETE_ONLY, Words(404, "Threat detection rule not found: {id}")), // R 1
        (
            BY_ID,
            Words(404, r#"{"error":{"code":"NotFound","message":"Threat detection rule not found: {id}"}}"#), // R 9 of 10
        ),
    ],
    ..Resource::V1
};

/// The query of a cloud configuration rule follows from the resource that it is about (R 5 of 5).
fn resources(object: &mut Value, _: &Moment) {
    let kind = object["options"]["complianceRuleOptions"]["resourceType"].as_str();
    if let Some(kind) = kind
        && object["queries"].is_null()
    {
        object["queries"] = json!([{
            "query": format!("resource_type:{kind}"),
            "groupByFields": ["resource_type", "resource_id"],
            "hasOptionalGroupByFields": false,
            "distinctFields": [],
            "aggregation": "count",
            "name": "a",
        }]);
    }
}

/// Queries and cases of a rule over third parties follow from its own cases (R 3 of 3).
fn third_party(object: &mut Value, _: &Moment) {
    let Some(own) = object["thirdPartyCases"].as_array().cloned() else { return };
    let query = |one: &Value| {
        json!({
            "query": one["query"],
            "groupByFields": [],
            "hasOptionalGroupByFields": false,
            "distinctFields": [],
            "aggregation": "none",
            "name": "",
        })
    };
    let case = |one: &Value| json!({ "name": one["name"], "status": one["status"], "notifications": one["notifications"] });
    // Where none are sent (R 3 of 3).
    for (name, made) in
        [("queries", own.iter().map(query).collect::<Value>()), ("cases", own.iter().map(case).collect())]
    {
        if object[name].as_array().is_none_or(Vec::is_empty) {
            object[name] = made;
        }
    }
}

/// A window of a quarter of an hour becomes one of half an hour for anomalies (R 2 of 2).
fn windows(object: &mut Value, _: &Moment) {
    let options = &mut object["options"];
    if options["detectionMethod"] == "anomaly_detection" && options["evaluationWindow"] == 900 {
        options["evaluationWindow"] = json!(1800);
    }
}

/// Who changed it, and when; nobody before the first change (R 22 of 22, 13 of 13).
fn updated(object: &mut Value, moment: &Moment) {
    if moment.before.is_none() {
        object["updater"] = json!({ "handle": "", "name": "" });
        return;
    }
    object["updater"] = json!({ "handle": "sandbox@example.com", "name": "Sandbox" });
    object["updateAuthorId"] = json!(1);
    object["updatedAt"] = json!(moment.now / 1_000);
}
