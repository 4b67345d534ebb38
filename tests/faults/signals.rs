//! SIGINT and SIGTERM: the first one ends an apply in order, a second one at once.

use std::process::{Child, Command};

use serde_json::{Value, json};

use crate::each;
use crate::estate::{Estate, estate};
use crate::world::World;

const APPLY: [&str; 4] = ["apply", "--yes", "--report", "report.json"];

fn signal(run: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &run.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Statuses in the report; none if none was written. A replace of which half is done is reported as failed.
fn report(world: &World) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(world.folder.path().join("report.json")).ok()?;
    let report: Value = serde_json::from_str(&text).unwrap();
    let status = |change: &Value| {
        let half = change["error"].as_str().is_some_and(|error| error.ends_with("The next apply deletes it"));
        if half { "half done".to_owned() } else { change["status"].as_str().unwrap_or_default().to_owned() }
    };
    Some(report["changes"].as_array().unwrap().iter().map(status).collect())
}

fn ends_in_order(estate: &Estate, name: &str) -> Result<(), String> {
    let world = estate.world();
    world.control(json!({"latency_ms": 100}));
    let mut run = world.spawn(&APPLY);
    if !world.reached(estate.listing + 2, &mut run) {
        return Err("it ended before the signal".to_owned());
    }
    signal(&run, name);
    let code = run.wait().unwrap().code();
    world.calm();
    let statuses = report(&world).ok_or("there is no report")?;
    let count = |status: &str| statuses.iter().filter(|own| *own == status).count();
    if code != Some(4) || count("done") == 0 || count("failed") > 0 || count("not_tried") == 0 {
        return Err(format!("it exits with {code:?}: {statuses:?}"));
    }
    let second = world.run(&["apply", "--yes"]);
    if second.code != Some(0) {
        return Err(format!("the second run exits with {:?}\n{}", second.code, second.text));
    }
    estate.check(&world)
}

#[test]
fn a_signal_finishes_what_is_on_its_way_and_reports() {
    let estate = estate();
    each(&["INT", "TERM"], |name| (*name).to_owned(), |name| ends_in_order(estate, name));
}

fn ends_at_once(estate: &Estate, name: &str) -> Result<(), String> {
    let world = estate.world();
    world.control(json!({"hold_from": estate.listing + 2}));
    let mut run = world.spawn(&APPLY);
    if !world.reached(estate.listing + 2, &mut run) {
        return Err("it ended before the signal".to_owned());
    }
    // Nothing comes of what is on its way. One signal may be taken for two that came together.
    let code = loop {
        signal(&run, name);
        std::thread::sleep(std::time::Duration::from_millis(100));
        if let Some(status) = run.try_wait().unwrap() {
            break status.code();
        }
    };
    world.calm();
    if code != Some(4) || report(&world).is_some() {
        return Err(format!("it exits with {code:?}, report: {:?}", report(&world)));
    }
    let second = world.run(&["apply", "--yes"]);
    if second.code != Some(0) {
        return Err(format!("the second run exits with {:?}\n{}", second.code, second.text));
    }
    estate.check(&world)
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let estate = estate();
    each(&["INT", "TERM"], |name| (*name).to_owned(), |name| ends_at_once(estate, name));
}
