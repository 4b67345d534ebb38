//! The table of resources: what this service has.

mod account;
mod people;
mod telemetry;
mod traces;

use super::dashboard::{DASHBOARD, TRASH};
use super::monitor::MONITOR;
use super::resource::Resource;
use super::slo::SLO;

/// In the order in which a journal that is written anew holds them.
pub static RESOURCES: &[&Resource] = &[
    &MONITOR,
    &SLO,
    &DASHBOARD,
    &TRASH,
    &account::ACCOUNT,
    &telemetry::LOGS_METRIC,
    &people::TEAM,
    &traces::RETENTION_FILTER,
    &traces::RETENTION_FILTER_ORDER,
];
