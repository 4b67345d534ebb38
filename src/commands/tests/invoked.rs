//! A command in this process, as tests run one: nothing of the environment, no telemetry, and whatever it connects to.

use std::sync::Arc;

use clap::Parser as _;

use crate::args::Cli;
use crate::commands::{Connecting, Invocation, Reach};
use crate::config::Hosts;
use crate::telemetry::Telemetry;

/// Runs what takes the invocation of a command line, which begins behind the program's name.
pub async fn invoked<R>(
    arguments: &[&str],
    connect: &Connecting<'_>,
    act: impl AsyncFnOnce(&Invocation<'_>) -> R,
) -> R {
    let cli = Cli::try_parse_from([&["musher"], arguments].concat()).expect("a command");
    let nothing = |_: &str| None;
    let act_on = Invocation {
        common: &cli.common,
        hosts: &Hosts::read(&nothing),
        reach: &|_, _| Ok(Reach { keys: true, site: "sandbox".to_owned() }),
        variable: &nothing,
        forge: &|_, _| Ok(None),
        telemetry: &Arc::new(Telemetry::off()),
        connect,
    };
    act(&act_on).await
}
