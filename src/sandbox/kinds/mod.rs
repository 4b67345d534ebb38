//! The table of resources: what this service has.

/// A refusal as an object `{status, title, detail}`; quotes in the detail bear their backslash.
macro_rules! problem {
    ($status:literal, $title:literal, $detail:literal) => {
        $crate::sandbox::resource::Words(
            $status,
            concat!(
                "[{\"status\":\"",
                $status,
                "\",\"title\":\"",
                $title,
                "\",\"detail\":\"",
                $detail,
                "\"}]"
            ),
        )
    };
}

mod bodies;
mod account;
mod alerting;
mod catalog;
mod content;
mod content_bodies;
mod detection;
mod logs;
mod people;
mod scanner;
mod security;
mod security_bodies;
mod sharing;
mod synthetics;
mod telemetry;
mod traces;

use super::dashboard::{DASHBOARD, TRASH};
use super::monitor::MONITOR;
use super::resource::Resource;
use super::slo::SLO;
use super::world::World;

/// A world of these resources in which nobody has made anything.
pub fn world() -> World {
    World::new(RESOURCES.iter().map(|resource| resource.form()).collect())
}

/// In the order in which a journal that is written anew holds them.
pub static RESOURCES: &[&Resource] = &[
    &MONITOR,
    &SLO,
    &DASHBOARD,
    &TRASH,
    &account::ACCOUNT,
    &logs::INDEX,
    &logs::INDEX_GONE,
    &logs::INDEX_ORDER,
    &logs::PIPELINE,
    &logs::PIPELINE_ORDER,
    &logs::ARCHIVE,
    &logs::ARCHIVE_ORDER,
    &logs::DESTINATION,
    &telemetry::LOGS_METRIC,
    &telemetry::SPANS_METRIC,
    &telemetry::RUM_METRIC,
    &telemetry::METRIC_TAG,
    &traces::RETENTION_FILTER,
    &traces::RETENTION_FILTER_ORDER,
    &alerting::NOTIFICATION_RULE,
    &alerting::MONITOR_POLICY,
    &alerting::DOWNTIME,
    &alerting::SLO_CORRECTION,
    &scanner::GROUP,
    &scanner::RULE,
    &scanner::CONFIGURATION,
    &detection::SECURITY_RULE,
    &security::SUPPRESSION,
    &security::SECURITY_FILTER,
    &security::CRITICAL_ASSET,
    &security::SIGNAL_RULE,
    &security::VULNERABILITY_RULE,
    &security::WAF_RULE,
    &security::WAF_EXCLUSION,
    &synthetics::SYNTHETICS_TEST,
    &synthetics::SYNTHETICS_VARIABLE,
    &synthetics::SYNTHETICS_SUITE,
    &content::NOTEBOOK,
    &content::POWERPACK,
    &content::MONITOR_TEMPLATE,
    &people::TEAM,
    &people::TEAM_LINK,
    &people::TEAM_MEMBERSHIP,
    &catalog::ENTITY,
    &sharing::WEBHOOK,
    &sharing::WEBHOOK_VARIABLE,
    &sharing::RESTRICTION_POLICY,
    &sharing::DASHBOARD_LIST,
    &sharing::DASHBOARD_LIST_ITEMS,
];

#[cfg(test)]
mod tests;
