//! Every field that a person can set, changed, taken out or added on the live side: the plan shows it by name.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::kinds;
use super::pairs::{Pair, pairs, plan_one};
use crate::kind::{self, Kind};
use crate::pointer::matches;

/// Fields of an answer that nobody sets, or that are left to others on purpose, each with the reason.
/// Written out here and not read from the rows: a mistake there must show.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("monitors", "/id", "set by the service"),
    ("monitors", "/org_id", "set by the service"),
    ("monitors", "/created", "set by the service"),
    ("monitors", "/created_at", "set by the service"),
    ("monitors", "/modified", "set by the service"),
    ("monitors", "/deleted", "set by the service"),
    ("monitors", "/creator/*", "set by the service"),
    ("monitors", "/multi", "follows the query"),
    ("monitors", "/overall_state", "the state of the monitor"),
    ("monitors", "/overall_state_modified", "the state of the monitor"),
    ("monitors", "/run_as", "set by the service"),
    ("monitors", "/restricted", "set by the service"),
    ("monitors", "/restriction_policy", "a policy of its own"),
    ("monitors", "/assets", "not shown by every read"),
    ("monitors", "/assets/*/monitor_id", "set by the service"),
    ("monitors", "/restricted_roles", "never touched unless declared"),
    ("monitors", "/restricted_roles/*", "never touched unless declared"),
    ("monitors", "/draft_status", "never touched unless declared"),
    ("monitors", "/options/silenced", "mutes are never touched unless declared"),
    ("monitors", "/options/silenced/*", "mutes are never touched unless declared"),
    ("monitors", "/options/locked", "taken by no write since 2024, but for false"),
    ("monitors", "/matching_downtimes", "downtimes are objects of their own"),
    ("monitors", "/matching_downtimes/*/*", "downtimes are objects of their own"),
    ("monitors", "/matching_downtimes/*/*/*", "downtimes are objects of their own"),
    ("slos", "/id", "set by the service"),
    ("slos", "/created_at", "set by the service"),
    ("slos", "/modified_at", "set by the service"),
    ("slos", "/creator/*", "set by the service"),
    ("slos", "/type_id", "follows the type"),
    ("slos", "/monitor_tags", "set by the service"),
    ("slos", "/monitor_tags/*", "set by the service"),
    ("slos", "/thresholds/*/target_display", "follows the target"),
    ("slos", "/thresholds/*/warning_display", "follows the warning"),
    ("dashboards", "/id", "set by the service"),
    ("dashboards", "/url", "set by the service"),
    ("dashboards", "/author_handle", "set by the service"),
    ("dashboards", "/author_name", "set by the service"),
    ("dashboards", "/created_at", "set by the service"),
    ("dashboards", "/modified_at", "set by the service"),
    ("dashboards", "/widgets/*/id", "ids of widgets live on"),
    ("dashboards", "/widgets/*/definition/widgets/*/id", "ids of widgets live on"),
    ("dashboards", "/restricted_roles", "never touched unless declared"),
    ("dashboards", "/is_read_only", "taken by no write since 2025"),
    ("log_destinations", "/id", "set by the service"),
    ("log_destinations", "/forwarder_destination/stream_name", "not shown by every read"),
    ("log_destinations", "/name", "another name is another object"),
    ("logs_indexes", "/name", "another name is another object"),
    ("logs_indexes", "/num_retention_days", "the contract fills it; see `what_the_contract_fills`"),
    ("logs_indexes", "/is_rate_limited", "the state of the index"),
    ("logs_pipelines", "/id", "set by the service"),
    ("logs_pipelines", "/is_read_only", "set by the service"),
    ("logs_pipelines", "/type", "set by the service"),
    ("dashboard_lists", "/id", "set by the service"),
    ("dashboard_lists", "/author/*", "set by the service"),
    ("dashboard_lists", "/created", "set by the service"),
    ("dashboard_lists", "/modified", "set by the service"),
    ("dashboard_lists", "/dashboard_count", "set by the service"),
    ("dashboard_lists", "/is_favorite", "set by the service"),
    ("dashboard_lists", "/type", "set by the service"),
    ("dashboard_lists", "/name", "another name is another object"),
    ("dashboard_lists", "/dashboards", "at another address, and never touched unless declared"),
    ("downtimes", "/id", "set by the service"),
    ("downtimes", "/canceled", "set by the service"),
    ("downtimes", "/created", "set by the service"),
    ("downtimes", "/modified", "set by the service"),
    ("downtimes", "/schedule/current_downtime/*", "set by the service"),
    ("downtimes", "/status", "the state of the downtime"),
    ("downtimes", "/schedule/start", "now, where nobody declares it"),
    ("downtimes", "/schedule/recurrences/*/start", "now, where nobody declares it"),
    ("monitor_policies", "/id", "set by the service"),
    ("monitor_policies", "/policy/tag_key", "another key is another object"),
    ("notification_rules", "/id", "set by the service"),
    ("notification_rules", "/created_at", "set by the service"),
    ("notification_rules", "/modified_at", "set by the service"),
    ("notification_rules", "/name", "another name is another object"),
    ("slo_corrections", "/id", "set by the service"),
    ("slo_corrections", "/created_at", "set by the service"),
    ("slo_corrections", "/modified_at", "set by the service"),
    ("slo_corrections", "/creator/data/*", "set by the service"),
    ("slo_corrections", "/creator/data/attributes/*", "set by the service"),
    ("slo_corrections", "/modifier", "set by the service"),
    ("slo_corrections", "/modifier/data/*", "set by the service"),
    ("slo_corrections", "/modifier/data/attributes/*", "set by the service"),
    ("logs_metrics", "/id", "another name is another object"),
    ("retention_filters", "/name", "another name is another object"),
    ("retention_filters", "/id", "set by the service"),
    ("retention_filters", "/created_at", "set by the service"),
    ("retention_filters", "/created_by", "set by the service"),
    ("retention_filters", "/editable", "set by the service"),
    ("retention_filters", "/execution_order", "set by the service"),
    ("retention_filters", "/modified_at", "set by the service"),
    ("retention_filters", "/modified_by", "set by the service"),
    ("teams", "/id", "set by the service"),
    ("teams", "/created_at", "set by the service"),
    ("teams", "/is_managed", "set by the service"),
    ("teams", "/link_count", "set by the service"),
    ("teams", "/modified_at", "set by the service"),
    ("teams", "/provisioned_by", "set by the service"),
    ("teams", "/summary", "set by the service"),
    ("teams", "/user_count", "set by the service"),
    ("teams", "/avatar", "shown by no read"),
    ("teams", "/banner", "shown by no read"),
    ("teams", "/hidden_modules", "shown by no read"),
    ("teams", "/hidden_modules/*", "shown by no read"),
    ("teams", "/visible_modules", "shown by no read"),
    ("teams", "/visible_modules/*", "shown by no read"),
    ("spans_metrics", "/id", "another name is another object"),
    ("rum_metrics", "/id", "another name is another object"),
    ("metric_tags", "/id", "another name is another object"),
    ("metric_tags", "/created_at", "set by the service"),
    ("metric_tags", "/modified_at", "set by the service"),
    ("metric_tags", "/aggregations", "deprecated: the service chooses them"),
    ("metric_tags", "/aggregations/*/*", "deprecated: the service chooses them"),
    ("scanner_groups", "/id", "set by the service"),
    ("scanner_groups", "/samplings/*/product", "all of a product is looked at where it has no share"),
    ("scanner_rules", "/id", "set by the service"),
    ("scanner_rules", "/labels", "set by the service"),
    ("scanner_rules", "/relationships/group/data/type", "a constant"),
    ("scanner_rules", "/included_keyword_configuration", "a standard pattern brings its own"),
    ("scanner_rules", "/included_keyword_configuration/*", "a standard pattern brings its own"),
    ("suppressions", "/id", "set by the service"),
    ("suppressions", "/version", "set by the service"),
    ("suppressions", "/creation_date", "set by the service"),
    ("suppressions", "/update_date", "set by the service"),
    ("suppressions", "/creator/*", "set by the service"),
    ("suppressions", "/updater/*", "set by the service"),
    ("suppressions", "/editable", "set by the service"),
    ("security_filters", "/id", "set by the service"),
    ("security_filters", "/version", "set by the service"),
    ("security_filters", "/is_builtin", "set by the service"),
    ("security_filters", "/name", "another name is another object"),
    ("critical_assets", "/id", "set by the service"),
    ("critical_assets", "/version", "set by the service"),
    ("critical_assets", "/creation_date", "set by the service"),
    ("critical_assets", "/update_date", "set by the service"),
    ("critical_assets", "/creation_author_id", "set by the service"),
    ("critical_assets", "/update_author_id", "set by the service"),
    ("critical_assets", "/creator/*", "set by the service"),
    ("critical_assets", "/updater/*", "set by the service"),
    ("critical_assets", "/editable", "set by the service"),
    ("signal_notification_rules", "/id", "set by the service"),
    ("signal_notification_rules", "/version", "set by the service"),
    ("signal_notification_rules", "/created_at", "set by the service"),
    ("signal_notification_rules", "/created_by/*", "set by the service"),
    ("signal_notification_rules", "/modified_at", "set by the service"),
    ("signal_notification_rules", "/modified_by/*", "set by the service"),
    ("signal_notification_rules", "/name", "another name is another object"),
    ("vulnerability_notification_rules", "/id", "set by the service"),
    ("vulnerability_notification_rules", "/version", "set by the service"),
    ("vulnerability_notification_rules", "/created_at", "set by the service"),
    ("vulnerability_notification_rules", "/created_by/*", "set by the service"),
    ("vulnerability_notification_rules", "/modified_at", "set by the service"),
    ("vulnerability_notification_rules", "/modified_by/*", "set by the service"),
    ("vulnerability_notification_rules", "/name", "another name is another object"),
    ("waf_exclusions", "/id", "set by the service"),
    ("waf_exclusions", "/metadata/*", "set by the service"),
    ("waf_exclusions", "/search_query", "set by the service"),
    ("synthetics_suites", "/id", "set by the service"),
    ("synthetics_suites", "/public_id", "set by the service"),
    ("synthetics_suites", "/monitor_id", "set by the service"),
    ("synthetics_suites", "/org_id", "set by the service"),
    ("synthetics_suites", "/created_at", "set by the service"),
    ("synthetics_suites", "/modified_at", "set by the service"),
    ("synthetics_suites", "/created_by/*", "set by the service"),
    ("synthetics_suites", "/modified_by/*", "set by the service"),
    ("synthetics_suites", "/version", "set by the service"),
    ("synthetics_suites", "/version_uuid", "set by the service"),
    ("synthetics_tests", "/public_id", "set by the service"),
    ("synthetics_tests", "/monitor_id", "set by the service"),
    ("synthetics_tests", "/org_id", "set by the service"),
    ("synthetics_tests", "/created_at", "set by the service"),
    ("synthetics_tests", "/modified_at", "set by the service"),
    ("synthetics_tests", "/deleted_at", "set by the service"),
    ("synthetics_tests", "/created_by/*", "set by the service"),
    ("synthetics_tests", "/modified_by/*", "set by the service"),
    ("synthetics_tests", "/creator/*", "set by the service"),
    ("synthetics_tests", "/creation_source", "set by the service"),
    ("synthetics_tests", "/overall_state", "the state of the test"),
    ("synthetics_tests", "/overall_state_modified", "the state of the test"),
    ("synthetics_tests", "/stepCount/*", "set by the service"),
    (
        "synthetics_tests",
        "/config/configVariables",
        "an empty list is as good as none, and the service fills it",
    ),
    ("synthetics_tests", "/status", "never touched unless declared"),
    ("synthetics_tests", "/config/steps/*/id", "set by the service"),
    ("synthetics_tests", "/config/steps/*/subtest/*", "another test as it stands"),
    ("synthetics_tests", "/config/steps/*/subtest/*/*", "another test as it stands"),
    ("synthetics_tests", "/config/steps/*/subtest/*/*/*", "another test as it stands"),
    ("synthetics_tests", "/config/steps/*/subtest/*/*/*/*", "another test as it stands"),
    ("synthetics_tests", "/options/monitor_options/locked", "taken by no write"),
    ("synthetics_tests", "/steps/*/public_id", "set by the service"),
    ("synthetics_tests", "/steps/*/context/*", "set by the service"),
    ("synthetics_tests", "/options/bits_ai_auto_investigate", "set by the service"),
    ("synthetics_tests", "/config/request/certificate/cert/updatedAt", "set by the service"),
    ("synthetics_tests", "/config/request/certificate/key/updatedAt", "set by the service"),
    ("synthetics_tests", "/config/request/files/*/bucketKey", "the place of a content that is not shown"),
    (
        "synthetics_tests",
        "/config/steps/*/request/files/*/bucketKey",
        "the place of a content that is not shown",
    ),
    ("synthetics_tests", "/steps/*/params/files/*/bucketKey", "the place of a content that is not shown"),
    ("synthetics_variables", "/id", "set by the service"),
    ("synthetics_variables", "/type", "set by the service"),
    ("synthetics_variables", "/last_error", "set by the service"),
    ("synthetics_variables", "/parse_test_name", "set by the service"),
    ("synthetics_variables", "/parse_test_extracted_at", "set by the service"),
    ("synthetics_variables", "/created_at", "set by the service"),
    ("synthetics_variables", "/modified_at", "set by the service"),
    ("synthetics_variables", "/creator/*", "set by the service"),
    ("synthetics_variables", "/editor/*", "set by the service"),
    ("synthetics_variables", "/value/value", "shown by no read where it is secure"),
    ("notebooks", "/id", "set by the service"),
    ("notebooks", "/author/*", "set by the service"),
    ("notebooks", "/created", "set by the service"),
    ("notebooks", "/modified", "set by the service"),
    ("notebooks", "/deleted", "set by the service"),
    ("notebooks", "/cells/*/id", "ids of cells live on"),
    ("notebooks", "/metadata/is_favorite", "of whoever asks"),
    ("notebooks", "/tags", "no field of a write"),
    ("entities", "/id", "said by kind, namespace and name"),
    ("entities", "/meta/*", "set by the service"),
    ("entities", "/metadata/managed/*", "set by the service"),
    ("entities", "/metadata/managed/origin/origin", "set by the service"),
    ("waf_rules", "/id", "set by the service"),
    ("waf_rules", "/metadata/*", "set by the service"),
    ("powerpacks", "/id", "set by the service"),
    ("powerpacks", "/group_widget/definition/widgets/*/id", "ids of widgets live on"),
    ("monitor_templates", "/id", "set by the service"),
    ("monitor_templates", "/created", "set by the service"),
    ("monitor_templates", "/modified", "set by the service"),
    ("monitor_templates", "/creator_uuid", "set by the service"),
    ("monitor_templates", "/version", "set by the service"),
    ("monitor_templates", "/versions", "set by the service"),
    ("monitor_templates", "/versions/*/*", "set by the service"),
    ("monitor_templates", "/versions/*/*/*", "set by the service"),
    ("monitor_templates", "/versions/*/*/*/*", "set by the service"),
    ("monitor_templates", "/versions/*/*/*/*/*", "set by the service"),
    ("monitor_templates", "/versions/*/*/*/*/*/*", "set by the service"),
    ("security_rules", "/id", "set by the service"),
    ("security_rules", "/version", "set by the service"),
    ("security_rules", "/createdAt", "set by the service"),
    ("security_rules", "/creationAuthorId", "set by the service"),
    ("security_rules", "/creator/*", "set by the service"),
    ("security_rules", "/updatedAt", "set by the service"),
    ("security_rules", "/updateAuthorId", "set by the service"),
    ("security_rules", "/updater/*", "set by the service"),
    ("security_rules", "/isDefault", "set by the service"),
    ("security_rules", "/isPartner", "set by the service"),
    ("security_rules", "/isBeta", "set by the service"),
    ("security_rules", "/isDeleted", "set by the service"),
    ("security_rules", "/isDeprecated", "set by the service"),
    ("security_rules", "/metadata/*", "set by the service"),
    ("security_rules", "/blocking", "set by the service"),
    ("security_rules", "/defaultTags", "set by the service"),
    ("security_rules", "/defaultTags/*", "set by the service"),
    ("security_rules", "/dependencies", "set by the service"),
    ("security_rules", "/dependencies/*", "set by the service"),
    ("security_rules", "/defaultRuleId", "set by the service"),
    ("webhooks", "/name", "another name is another object"),
    ("webhook_variables", "/value", "shown by no read where it is secret"),
    ("webhook_variables", "/name", "another name is another object"),
    ("restriction_policies", "/id", "another name is another object"),
];

pub fn excepted(section: &str, pointer: &str) -> bool {
    EXCEPTIONS.iter().any(|(of, path, _)| *of == section && matches(path, pointer))
}

/// Fields that the service fills by itself where nobody declares them, with what depends on other fields.
const FILLED: &[(&str, &str)] = &[
    ("powerpacks", "/group_widget/layout/*"),
    ("synthetics_tests", "/locations/*"),
    ("synthetics_tests", "/config/configVariables"),
    ("synthetics_tests", "/config/configVariables/*/*"),
    ("synthetics_variables", "/value/secure"),
    ("security_rules", "/cases/*/*"),
    ("security_rules", "/cases/*/*/*"),
    ("security_rules", "/hasExtendedTitle"),
    ("security_rules", "/options/anomalyDetectionOptions/instantaneousBaselineTimeoutMinutes"),
    ("security_rules", "/options/evaluationWindow"),
    ("security_rules", "/options/keepAlive"),
    ("security_rules", "/options/maxSignalDuration"),
    ("security_rules", "/queries/*/*"),
    ("security_rules", "/queries/*/*/*"),
    ("security_rules", "/type"),
];

/// Whether a field is as the service filled it: nobody declares it, nor the list that it stands in.
pub fn is_filled(section: &str, definition: &Value, pointer: &str) -> bool {
    let is_item = |text: &str| text.rsplit('/').next().is_some_and(|step| step.parse::<usize>().is_ok());
    let whole =
        if is_item(pointer) { pointer.rsplit_once('/').map_or("", |(list, _)| list) } else { pointer };
    FILLED.iter().any(|(of, path)| *of == section && matches(path, pointer))
        && definition.pointer(whole).is_none_or(Value::is_null)
}

/// Pointers to every scalar and empty container.
pub fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().for_each(|(key, value)| {
                leaves(value, &format!("{path}{}", crate::pointer::step(key)), found)
            });
        }
        Value::Array(items) if !items.is_empty() => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, value)| leaves(value, &format!("{path}/{index}"), found));
        }
        _ => found.push(path.to_owned()),
    }
}

pub fn changed(value: &Value) -> Value {
    match value {
        Value::Null => json!("changed"),
        Value::Bool(flag) => json!(!flag),
        Value::Number(number) => json!(number.as_f64().unwrap_or_default() + 3.5),
        Value::String(text) => json!(format!("{text} changed")),
        Value::Array(_) => json!(["added"]),
        Value::Object(_) => json!({"added": 1}),
    }
}

pub fn removed(live: &Value, pointer: &str) -> Value {
    let mut live = live.clone();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer below the top");
    match live.pointer_mut(parent).expect("a parent") {
        Value::Object(map) => drop(map.shift_remove(&key.replace("~1", "/").replace("~0", "~"))),
        Value::Array(items) => drop(items.remove(key.parse().expect("an index"))),
        _ => unreachable!("a scalar has no members"),
    }
    live
}

/// Whether the plan shows a change whose path is the field, above it or below it.
fn shows(kind: &'static Kind, pair: &Pair, live: &Value, pointer: &str) -> bool {
    let plan = plan_one(kind, &pair.definition, live);
    plan.changes.iter().flat_map(|change| &change.diff).any(|field| {
        let within = |outer: &str, inner: &str| {
            inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
        };
        let set = kind.paths(|field| field.set).any(|set| within(set, pointer) && within(set, &field.path));
        // Items of a list are paired by content: a neighbour may be the one that is named.
        let list = |path: &str| path.rsplit_once('/').map(|(list, _)| list.to_owned());
        set || within(&field.path, pointer)
            || within(pointer, &field.path)
            || list(&field.path) == list(pointer)
    })
}

/// Values that mean what the field's absence means, from the OpenAPI document and the recordings.
const AS_ABSENT: &[(&str, &str, &str)] = &[
    ("monitors", "/draft_status", "\"published\""),
    ("monitors", "/options/enable_logs_sample", "false"),
    ("monitors", "/options/enable_samples", "false"),
    ("monitors", "/options/evaluation_delay", "0"),
    ("monitors", "/options/min_failure_duration", "0"),
    ("monitors", "/options/renotify_interval", "0"),
    ("monitors", "/options/renotify_occurrences", "0"),
    ("monitors", "/options/timeout_h", "0"),
    ("monitors", "/priority", "0"),
    ("monitors", "/options/include_tags", "true"),
    ("monitors", "/options/groupby_simple_monitor", "false"),
    ("monitors", "/options/new_host_delay", "300"),
    ("monitors", "/options/notification_preset_name", "\"show_all\""),
    ("monitors", "/options/notify_audit", "false"),
    ("monitors", "/options/notify_no_data", "false"),
    ("slos", "/sli_specification/time_slice/query_interval_seconds", "300"),
    ("dashboards", "/experience_type", "\"default\""),
    ("logs_metrics", "/compute/include_percentiles", "false"),
    ("logs_metrics", "/filter/query", "\"*\""),
    ("retention_filters", "/trace_rate", "0"),
    ("logs_pipelines", "/is_enabled", "false"),
    ("log_destinations", "/enabled", "true"),
    ("log_destinations", "/forward_tags", "true"),
    ("log_destinations", "/forward_tags_restriction_list_type", "\"ALLOW_LIST\""),
    ("metric_tags", "/exclude_tags_mode", "false"),
    ("metric_tags", "/include_percentiles", "false"),
    ("spans_metrics", "/compute/include_percentiles", "false"),
    ("spans_metrics", "/filter/query", "\"*\""),
    ("rum_metrics", "/compute/include_percentiles", "false"),
    ("rum_metrics", "/filter/query", "\"*\""),
    ("scanner_groups", "/is_enabled", "false"),
    ("scanner_groups", "/filter/query", "\"*\""),
    ("scanner_groups", "/filter/query", "\"\""),
    ("scanner_rules", "/is_enabled", "false"),
    ("scanner_rules", "/included_keyword_configuration/use_recommended_keywords", "false"),
    ("downtimes", "/display_timezone", "\"UTC\""),
    ("slo_corrections", "/timezone", "\"UTC\""),
    ("synthetics_tests", "/options/monitor_options/include_tags", "true"),
    ("synthetics_tests", "/options/monitor_options/new_host_delay", "300"),
    ("synthetics_tests", "/options/monitor_options/notify_audit", "false"),
    ("synthetics_tests", "/options/monitor_options/on_missing_data", "\"show_no_data\""),
    ("synthetics_tests", "/options/monitor_options/notify_no_data", "false"),
    ("entities", "/spec", r#"{"dependsOn": [], "languages": []}"#),
    ("notebooks", "/metadata/is_template", "false"),
    ("notebooks", "/metadata/take_snapshots", "false"),
    ("notebooks", "/status", "\"published\""),
    ("webhooks", "/encode_as", "\"json\""),
    ("downtimes", "/mute_first_recovery_notification", "false"),
    ("downtimes", "/schedule/timezone", "\"UTC\""),
    ("critical_assets", "/enabled", "true"),
    ("signal_notification_rules", "/enabled", "true"),
    ("signal_notification_rules", "/time_aggregation", "0"),
    ("vulnerability_notification_rules", "/enabled", "true"),
    ("vulnerability_notification_rules", "/time_aggregation", "0"),
    ("synthetics_variables", "/is_fido", "false"),
    ("synthetics_variables", "/is_totp", "false"),
    ("synthetics_variables", "/value/secure", "false"),
    ("security_rules", "/options/detectionMethod", "\"threshold\""),
    ("security_rules", "/options/anomalyDetectionOptions/instantaneousBaseline", "false"),
    ("security_rules", "/options/impossibleTravelOptions/detectIpTransition", "false"),
    ("security_rules", "/options/complianceRuleOptions/complexRule", "false"),
];

/// Whether a declared value is as good as none.
pub fn is_as_absent(section: &str, pointer: &str, value: &Value) -> bool {
    let is =
        |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|other| crate::diff::same(&other, value));
    is_empty(value) || AS_ABSENT.iter().any(|(of, at, text)| *of == section && *at == pointer && is(text))
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Null) || *value == json!([]) || *value == json!({}) || *value == json!("")
}

/// Settable fields of the OpenAPI document with a value that is not a default, to be added where absent.
pub fn additions(section: &str) -> Vec<(&'static str, Value)> {
    match section {
        "monitors" => vec![
            ("/priority", json!(3)),
            ("/message", json!("set in the UI")),
            ("/options/timeout_h", json!(7)),
            ("/options/renotify_interval", json!(60)),
            ("/options/renotify_occurrences", json!(2)),
            ("/options/renotify_statuses", json!(["alert"])),
            ("/options/escalation_message", json!("set in the UI")),
            ("/options/evaluation_delay", json!(900)),
            ("/options/require_full_window", json!(true)),
            ("/options/no_data_timeframe", json!(20)),
            ("/options/new_group_delay", json!(60)),
            ("/options/new_host_delay", json!(60)),
            ("/options/notify_audit", json!(true)),
            ("/options/include_tags", json!(false)),
            ("/options/notify_no_data", json!(true)),
            ("/options/on_missing_data", json!("resolve")),
            ("/options/notification_preset_name", json!("hide_all")),
            ("/options/group_retention_duration", json!("2d")),
            ("/options/groupby_simple_monitor", json!(true)),
            ("/options/enable_logs_sample", json!(true)),
            ("/options/notify_by", json!(["*"])),
            ("/options/scheduling_options", json!({"evaluation_window": {"day_starts": "04:00"}})),
            ("/options/thresholds/warning_recovery", json!(0.25)),
        ],
        "slos" => vec![
            ("/description", json!("set in the UI")),
            ("/groups", json!(["a:b"])),
            ("/tags/0", json!("set:ui")),
            ("/thresholds/0/warning", json!(99.999)),
        ],
        "entities" => vec![
            ("/metadata/description", json!("set in the UI")),
            ("/metadata/displayName", json!("set in the UI")),
            ("/metadata/owner", json!("set-in-the-ui")),
            ("/metadata/inheritFrom", json!("system:set")),
            ("/metadata/links", json!([{"name": "set", "type": "doc", "url": "https://set.example.com"}])),
            ("/metadata/contacts", json!([{"type": "email", "contact": "set@example.com"}])),
            ("/metadata/additionalOwners", json!([{"name": "set"}])),
            ("/metadata/tags", json!(["set:ui"])),
            ("/spec/lifecycle", json!("deprecated")),
            ("/spec/tier", json!("9")),
            ("/spec/type", json!("set")),
            ("/spec/dependsOn", json!(["service:set"])),
            ("/spec/componentOf", json!(["system:set"])),
            ("/spec/languages", json!(["set"])),
            ("/extensions", json!({"set": "ui"})),
            ("/integrations", json!({"pagerduty": {"serviceURL": "https://set.example.com"}})),
            ("/datadog", json!({"pipelines": {"fingerprints": ["set"]}})),
        ],
        "dashboards" => vec![
            ("/description", json!("set in the UI")),
            ("/notify_list", json!(["someone@example.com"])),
            ("/template_variables", json!([{"name": "set", "prefix": "ui"}])),
            ("/template_variable_presets", json!([{"name": "set"}])),
            ("/tags", json!(["team:ui"])),
            ("/reflow_type", json!("fixed")),
            ("/tabs", json!([{"id": "x", "name": "y", "widget_ids": []}])),
            ("/widgets/0/definition/added", json!({"by": "ui"})),
        ],
        _ => Vec::new(),
    }
}

/// Whether a declared value is what the service means by leaving it out: the switches of processors, which are all off but
/// for these.
pub fn is_implied(section: &str, definition: &Value, pointer: &str) -> bool {
    let Some((around, name)) = pointer.rsplit_once('/') else { return false };
    let around = definition.pointer(around).unwrap_or(&Value::Null);
    if ["logs_metrics", "spans_metrics", "rum_metrics"].contains(&section) && name == "tag_name" {
        // A group is called like its path where nobody calls it otherwise.
        let path = around["path"].as_str().unwrap_or_default();
        return around[name] == json!(path) || around[name] == json!(path.trim_start_matches('@'));
    }
    // Shown by no read where it is secure, or where a file was uploaded.
    if section == "synthetics_tests" && ["example", "pattern", "content", "encoding"].contains(&name) {
        return true;
    }
    if section == "security_rules" && pointer.starts_with("/queries/") {
        return name == "aggregation" && around[name] == "count"
            || name == "hasOptionalGroupByFields" && around[name] == json!(false);
    }
    if section != "logs_pipelines" {
        return false;
    }
    let is_kept = name == "preserve_source"
        && ["array-map-processor", "append"].iter().any(|class| around["type"] == **class);
    pointer.starts_with("/processors/") && around[name] == json!(is_kept)
}

fn check(section: &str) {
    let kind = kind::of_section(section).expect("a kind");
    let Some(pairs) = pairs(kind) else { return };
    let (mut tried, mut excepted_count) = (0, 0);
    let mut missed: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut missed_at = |what: &str, pointer: &str, pair: &Pair| {
        let pattern: Vec<&str> =
            pointer.split('/').map(|part| if part.parse::<usize>().is_ok() { "*" } else { part }).collect();
        let entry = missed.entry(format!("{what} {}", pattern.join("/"))).or_default();
        *entry = (entry.0 + 1, format!("{} {pointer}", pair.source));
    };
    // A dashboard has hundreds of leaves, and is read often: one pair of each session will do.
    let mut seen = std::collections::BTreeSet::new();
    for pair in pairs.iter().filter(|pair| section != "dashboards" || seen.insert(&pair.source)) {
        let mut pointers = Vec::new();
        leaves(&pair.live, "", &mut pointers);
        for pointer in pointers {
            if excepted(section, &pointer) || is_filled(section, &pair.definition, &pointer) {
                excepted_count += 1;
                continue;
            }
            let mut live = pair.live.clone();
            let value = live.pointer_mut(&pointer).expect("a leaf");
            *value = changed(value);
            tried += 1;
            if !shows(kind, pair, &live, &pointer) {
                missed_at("changed", &pointer, pair);
            }
            let declared = pair.definition.pointer(&pointer);
            let says = |declared: &Value| {
                !is_as_absent(section, &pointer, declared) && !is_implied(section, &pair.definition, &pointer)
            };
            if declared.is_some_and(says) {
                tried += 1;
                if !shows(kind, pair, &removed(&pair.live, &pointer), &pointer) {
                    missed_at("removed", &pointer, pair);
                }
            }
        }
        for (pointer, value) in additions(section) {
            let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
            let mut live = pair.live.clone();
            if pair.live.pointer(pointer).is_some_and(|held| !is_empty(held)) {
                continue;
            }
            match live.pointer_mut(parent) {
                Some(Value::Object(map)) => drop(map.insert(key.to_owned(), value)),
                Some(Value::Array(items)) => items.push(value),
                _ => continue,
            }
            tried += 1;
            if !shows(kind, pair, &live, pointer) {
                missed_at("added", pointer, pair);
            }
        }
    }
    println!(
        "{section}: {tried} mutations tried, {} not shown, {excepted_count} leaves excepted",
        missed.len()
    );
    // Of lists nothing was recorded but names, which are keys.
    let least = if kind.always { 1000 } else { 20 };
    assert!(kind.api.part.is_some() || tried > least, "the recordings hold more");
    assert!(missed.is_empty(), "missed changes\n{missed:#?}");
}

#[test]
fn mutated_monitors_show() {
    check("monitors");
}

#[test]
fn mutated_slos_show() {
    check("slos");
}

#[test]
fn mutated_dashboards_show() {
    check("dashboards");
}

#[test]
fn mutations_of_every_other_kind_show() {
    for kind in kinds().filter(|kind| !kind.always) {
        check(kind.section);
    }
}

/// What the contract fills counts where it is declared.
#[test]
fn what_the_contract_fills() {
    let kind = kind::of_section("logs_indexes").expect("a kind");
    let index = |days: Value| json!({"name": "a", "filter": {"query": "*"}, "num_retention_days": days});
    for (declared, live, changes) in
        [(json!(15), json!(7), 1), (json!(15), json!(15), 0), (Value::Null, json!(7), 0)]
    {
        assert_eq!(plan_one(kind, &index(declared), &index(live)).changes.len(), changes);
    }
}
