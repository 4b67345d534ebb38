//! What musher knows of a kind, as a row of data; the rows are in the files beside this one.

mod api;
mod critical_asset;
mod danger;
mod dashboard;
mod dashboard_list;
mod downtime;
mod each;
mod entity;
mod field;
mod log_destination;
mod logs_archive;
mod logs_index;
mod logs_metric;
mod logs_pipeline;
mod metric_tag;
mod monitor;
mod monitor_policy;
mod monitor_template;
mod notebook;
mod notification_rule;
mod order;
mod powerpack;
mod quirks;
mod restriction_policy;
mod retention_filter;
mod row;
mod rules;
mod rum_metric;
mod scanner_group;
mod scanner_rule;
mod security_filter;
mod security_rule;
mod shape;
mod signal_notification_rule;
mod slo;
mod slo_correction;
mod spans_metric;
mod steps;
mod suppression;
mod synthetics_suite;
mod synthetics_test;
mod synthetics_variable;
mod team;
mod vulnerability_notification_rule;
mod waf_exclusion;
mod waf_rule;
mod webhook;
mod webhook_variable;

use serde_json::{Map, Value};

pub use api::{
    Apart, Api, Create, Delete, Envelope, Held, Id, ItemDryRun, Life, List, Named, Order, Paging, Part,
    ReadFrom, Shown, ShownInList, Summary, Update, documents, flatten, wrap,
};
pub use danger::Danger;
pub use each::OfEach;
pub use field::{Alarm, Field, Type};
pub use order::{ORDER, REST, arranged, members};
pub use quirks::{
    Alternative, Derived, Discard, Family, Identified, Mention, Mentioned, OneOf, Quirks, Store, Tags, Wrong,
};
pub use row::{About, Identity, Kind, LINE, MarkItem, age};
pub use rules::{NO_RULE, Rule, is_empty, rules};
pub use shape::{Shape, resolved, shape};

/// Every kind, in the order of their sections.
pub const KINDS: [&Kind; 38] = [
    &critical_asset::CRITICAL_ASSET,
    &dashboard_list::DASHBOARD_LIST,
    &dashboard::DASHBOARD,
    &downtime::DOWNTIME,
    &entity::ENTITY,
    &log_destination::LOG_DESTINATION,
    &logs_archive::LOGS_ARCHIVE,
    &logs_index::LOGS_INDEX,
    &logs_metric::LOGS_METRIC,
    &logs_pipeline::LOGS_PIPELINE,
    &metric_tag::METRIC_TAG,
    &monitor_policy::MONITOR_POLICY,
    &monitor_template::MONITOR_TEMPLATE,
    &monitor::MONITOR,
    &notebook::NOTEBOOK,
    &notification_rule::NOTIFICATION_RULE,
    &powerpack::POWERPACK,
    &restriction_policy::RESTRICTION_POLICY,
    &retention_filter::RETENTION_FILTER,
    &rum_metric::RUM_METRIC,
    &scanner_group::SCANNER_GROUP,
    &scanner_rule::SCANNER_RULE,
    &security_filter::SECURITY_FILTER,
    &security_rule::SECURITY_RULE,
    &signal_notification_rule::SIGNAL_NOTIFICATION_RULE,
    &slo_correction::SLO_CORRECTION,
    &slo::SLO,
    &spans_metric::SPANS_METRIC,
    &suppression::SUPPRESSION,
    &synthetics_suite::SYNTHETICS_SUITE,
    &synthetics_test::SYNTHETICS_TEST,
    &synthetics_variable::SYNTHETICS_VARIABLE,
    &team::TEAM,
    &vulnerability_notification_rule::VULNERABILITY_NOTIFICATION_RULE,
    &waf_exclusion::WAF_EXCLUSION,
    &waf_rule::WAF_RULE,
    &webhook_variable::WEBHOOK_VARIABLE,
    &webhook::WEBHOOK,
];

/// The kind of a section.
pub fn of_section(section: &str) -> Option<&'static Kind> {
    every().find(|kind| kind.section == section)
}

/// Every kind, and what is none and is declared and changed like one.
fn every() -> impl Iterator<Item = &'static Kind> {
    KINDS.into_iter().chain([&ORDER])
}

/// The kind of a name as typed by a person: `monitor` or `monitors`.
pub fn of_name(name: &str) -> Option<&'static Kind> {
    every().find(|kind| kind.name == name || kind.section == name)
}

/// The kind of an exported object without an envelope, by its fields.
pub fn of_export(body: &Map<String, Value>) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| (kind.about.is_export)(body))
}

/// The kind of a resource of JSON:API.
pub fn of_resource(data: &Map<String, Value>) -> Option<&'static Kind> {
    let name = data.get("type")?.as_str()?;
    let body = data.get("attributes")?.as_object()?;
    let is_such = |kind: &&Kind| matches!(kind.api.envelope, Envelope::Resource(own) if own == name);
    let mut such = KINDS.into_iter().filter(is_such);
    let first = such.next()?;
    // Of several kinds with one envelope the fields tell which.
    such.find(|kind| !(first.about.is_export)(body) && (kind.about.is_export)(body)).or(Some(first))
}

/// The kind whose objects this resource of Datadog's Terraform provider manages.
pub fn of_terraform(resource: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| kind.about.terraform.contains(&resource))
}

/// The kind whose objects stand in a file of this name of datadog-sync-cli.
pub fn of_sync_cli(name: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| kind.about.sync_cli.contains(&name))
}

/// The section of what alerts: also of those that the service makes with other objects.
pub fn alerts() -> &'static str {
    monitor::MONITOR.section
}

/// The kinds whose objects have an order.
pub fn ordered() -> impl Iterator<Item = &'static Kind> {
    KINDS.into_iter().filter(|kind| kind.api.order.is_some())
}

/// The kind that an order of this id is of.
pub fn ordered_as(id: &str) -> Option<&'static Kind> {
    ordered().find(|kind| kind.section == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_precious_is_protected_without_being_told() {
        let quirks = Quirks { precious: true, ..Quirks::NONE };
        let precious = Kind { quirks, ..team::TEAM };
        assert!(precious.protects(false) && precious.protects(true));
        assert!(!team::TEAM.protects(false) && team::TEAM.protects(true));
    }

    /// It stands in queries, where another value than an id would have a meaning of its own.
    #[test]
    fn the_id_of_an_alert_is_a_positive_whole_number() {
        let of =
            |id: Value| synthetics_test::SYNTHETICS_TEST.alert_of(&serde_json::json!({ "monitor_id": id }));
        for id in [Value::from(7), Value::from("7"), Value::from("007")] {
            assert_eq!(of(id.clone()).as_deref(), Some("7"), "{id}");
        }
        for id in [
            0.into(),
            (-7).into(),
            7.5.into(),
            "".into(),
            "+7".into(),
            "7 || 8".into(),
            "0".into(),
            Value::Null,
        ] {
            assert_eq!(of(id), None);
        }
    }

    /// Kinds that another tool has no resource for, or none that tells them apart.
    const NOT_TERRAFORM: [(&str, &str); 4] = [
        ("monitor_template", "the provider has none"),
        ("notebook", "the provider has none"),
        (
            "signal_notification_rule",
            "datadog_security_notification_rule is of both kinds, and an id does not tell which",
        ),
        ("vulnerability_notification_rule", "the same"),
    ];
    const NOT_SYNC_CLI: [(&str, &str); 14] = [
        ("critical_asset", "it knows rules of this product only"),
        ("entity", "it has none"),
        ("monitor_policy", "it has none"),
        ("monitor_template", "it has none"),
        ("notification_rule", "it has none"),
        ("retention_filter", "it has those of RUM only"),
        ("security_filter", "it knows rules of this product only"),
        ("signal_notification_rule", "it has none"),
        ("suppression", "it knows rules of this product only"),
        ("vulnerability_notification_rule", "it has none"),
        ("waf_exclusion", "it has none"),
        ("waf_rule", "it has none"),
        ("webhook", "it has no integrations but those of AWS"),
        ("webhook_variable", "the same"),
    ];

    #[test]
    fn other_tools_know_each_kind_by_one_name_or_there_is_a_reason() {
        let none = |names: fn(&Kind) -> &'static [&'static str]| -> Vec<&str> {
            KINDS.iter().filter(|kind| names(kind).is_empty()).map(|kind| kind.name).collect()
        };
        let mut reasons: Vec<&str> = NOT_TERRAFORM.map(|(name, _)| name).to_vec();
        reasons.sort_unstable();
        let mut found = none(|kind| kind.about.terraform);
        found.sort_unstable();
        assert_eq!(found, reasons);
        let mut reasons: Vec<&str> = NOT_SYNC_CLI.map(|(name, _)| name).to_vec();
        reasons.sort_unstable();
        let mut found = none(|kind| kind.about.sync_cli);
        found.sort_unstable();
        assert_eq!(found, reasons);
        for names in [|kind: &Kind| kind.about.terraform, |kind: &Kind| kind.about.sync_cli] {
            let mut all: Vec<&str> = KINDS.iter().flat_map(|kind| names(kind)).copied().collect();
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), count, "one name, one kind: {all:?}");
        }
    }
}
