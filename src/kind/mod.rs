//! What musher knows of a kind, as a row of data; the rows are in the files beside this one.

mod api;
mod danger;
mod dashboard;
mod dashboard_list;
mod downtime;
mod each;
mod field;
mod log_destination;
mod logs_archive;
mod logs_index;
mod logs_metric;
mod logs_pipeline;
mod metric_tag;
mod monitor;
mod monitor_policy;
mod notification_rule;
mod order;
mod quirks;
mod restriction_policy;
mod retention_filter;
mod row;
mod rum_metric;
mod scanner_group;
mod scanner_rule;
mod rules;
mod shape;
mod slo;
mod slo_correction;
mod spans_metric;
mod steps;
mod team;
mod webhook;
mod webhook_variable;

use serde_json::{Map, Value};

pub use api::{
    Api, Create, Envelope, Id, ItemDryRun, Life, List, Named, Order, Paging, Part, ReadFrom, Shown, Summary,
    Update, flatten, wrap,
};
pub use danger::Danger;
pub use each::OfEach;
pub use field::{Alarm, Field, Type};
pub use order::{ORDER, REST, arranged, members};
pub use quirks::{
    Alternative, Derived, Discard, Family, Identified, Mention, Mentioned, OneOf, Quirks, Store, Tags, Wrong,
};
pub use row::{About, Identity, Kind, age};
pub use rules::{NO_RULE, Rule, is_empty, rules};
pub use shape::{Shape, resolved, shape};

/// Every kind, in the order of their sections.
pub const KINDS: [&Kind; 23] = [
    &dashboard_list::DASHBOARD_LIST,
    &dashboard::DASHBOARD,
    &downtime::DOWNTIME,
    &log_destination::LOG_DESTINATION,
    &logs_archive::LOGS_ARCHIVE,
    &logs_index::LOGS_INDEX,
    &logs_metric::LOGS_METRIC,
    &logs_pipeline::LOGS_PIPELINE,
    &metric_tag::METRIC_TAG,
    &monitor_policy::MONITOR_POLICY,
    &monitor::MONITOR,
    &notification_rule::NOTIFICATION_RULE,
    &restriction_policy::RESTRICTION_POLICY,
    &retention_filter::RETENTION_FILTER,
    &rum_metric::RUM_METRIC,
    &scanner_group::SCANNER_GROUP,
    &scanner_rule::SCANNER_RULE,
    &slo_correction::SLO_CORRECTION,
    &slo::SLO,
    &spans_metric::SPANS_METRIC,
    &team::TEAM,
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
    data.get("attributes")?.as_object()?;
    KINDS.into_iter().find(|kind| matches!(kind.api.envelope, Envelope::Resource(own) if own == name))
}

/// The kind whose objects this resource of Datadog's Terraform provider manages.
pub fn of_terraform(resource: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| kind.about.terraform.contains(&resource))
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
}
