//! Faults from a seed: an apply comes to its end all the same, and tells of one that never ends.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::each;
use crate::estate::{Estate, estate};
use crate::world::World;

/// As in docs/sandbox.md.
const TYPES: [&str; 11] =
    ["429", "500", "502", "503", "512", "reset-before", "reset-after", "truncate", "cut", "hang", "drip"];

/// An answer that never comes costs a sixth of it.
const TIMEOUT: &str = "30";

struct Case {
    faults: String,
    seed: u64,
}

/// How many faults of a sort struck, and requests in all.
type Struck = Mutex<(BTreeMap<String, u64>, u64)>;

fn survives(estate: &Estate, case: &Case, struck: &Struck) -> Result<(), String> {
    let world = estate.world();
    world.control(json!({"faults": case.faults, "seed": case.seed}));
    let run = world.run(&["apply", "--yes", "--timeout", TIMEOUT]);
    let counted = world.take_requests();
    let mut all = struck.lock().unwrap();
    for (form, count) in counted["faults"].as_object().into_iter().flatten() {
        *all.0.entry(form.clone()).or_default() += count.as_u64().unwrap_or_default();
    }
    all.1 += counted["total"].as_u64().unwrap_or_default();
    drop(all);
    world.calm();
    if run.code != Some(0) {
        return Err(format!("it exits with {:?} after {counted}\n{}", run.code, run.text));
    }
    estate.check(&world)
}

#[test]
fn faults_of_every_sort_and_rate_are_survived() {
    let estate = estate();
    let case = |form: &str, rate: &str, seed| Case { faults: format!("{form}={rate}"), seed };
    let mut cases = Vec::new();
    for (seed, form) in (1..).zip(TYPES) {
        // A hang takes its time.
        let rates: &[&str] = if form == "hang" { &["0.01", "0.05"] } else { &["0.01", "0.05", "0.2"] };
        cases.extend(rates.iter().map(|rate| case(form, rate, seed)));
    }
    for seed in 0..4 {
        cases.extend(["0.01", "0.05", "0.2"].map(|rate| case("all", rate, 100 + seed)));
    }
    let struck = Struck::default();
    each(
        &cases,
        |case| format!("{}, seed {}", case.faults, case.seed),
        |case| survives(estate, case, &struck),
    );
    let (struck, requests) = struck.into_inner().unwrap();
    println!("survived in {} applies of {requests} requests: {struck:?}", cases.len());
    assert!(TYPES.iter().all(|form| struck.contains_key(*form)), "some sort never struck: {struck:?}");
}

/// The rows of a table of outcomes.
fn reported(world: &World) -> BTreeMap<String, usize> {
    let text = std::fs::read_to_string(world.folder.path().join("report.json")).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    let mut counts = BTreeMap::new();
    for change in report["changes"].as_array().unwrap() {
        *counts.entry(change["status"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

fn is_told(estate: &Estate, form: &str) -> Result<(), String> {
    let world = estate.world();
    world.control(json!({"latency_ms": 30}));
    let apply = ["apply", "--yes", "--timeout", "3", "--report", "report.json"];
    let (run, changed) = std::thread::scope(|scope| {
        let run = scope.spawn(|| world.run(&apply));
        while world.total() <= estate.listing + 2 && !run.is_finished() {
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
        world.control(json!({"faults": format!("{form}=1"), "latency_ms": 0}));
        (run.join().unwrap(), world.total())
    });
    world.calm();
    if run.code != Some(4) || !run.text.contains("failed") {
        return Err(format!("it exits with {:?} after {changed} requests\n{}", run.code, run.text));
    }
    let counts = reported(&world);
    if counts.get("failed").is_none_or(|failed| *failed == 0) {
        return Err(format!("nothing failed by the report: {counts:?}"));
    }
    let second = world.run(&["apply", "--yes"]);
    if second.code != Some(0) {
        return Err(format!("the second run exits with {:?}\n{}", second.code, second.text));
    }
    estate.check(&world)
}

#[test]
fn a_fault_that_never_ends_is_told_and_a_second_run_mends_it() {
    // A slow answer is none that fails.
    let sorts: Vec<&str> = TYPES.into_iter().filter(|form| *form != "drip").collect();
    let estate = estate();
    each(&sorts, |form| (*form).to_owned(), |form| is_told(estate, form));
}
