//! SIGKILL in the midst of an apply; a plain second run has to bring the end of an undisturbed one.

use serde_json::json;

use crate::each;
use crate::estate::{Estate, estate};

/// Kills an apply when its request of this number has come in, done or not, and runs another one.
fn killed_at(estate: &Estate, number: u64, done: bool) -> Result<(), String> {
    let world = estate.world();
    world.control(json!({"hold_from": number, "hold_done": done}));
    let mut run = world.spawn(&["apply", "--yes"]);
    if !world.reached(number, &mut run) {
        return Err("it ended before that".to_owned());
    }
    run.kill().unwrap();
    run.wait().unwrap();
    world.calm();
    let second = world.run(&["apply", "--yes"]);
    if second.code != Some(0) {
        return Err(format!("the second run exits with {:?}\n{}", second.code, second.text));
    }
    estate.check(&world)
}

#[test]
fn a_kill_at_any_request_is_mended_by_a_second_run() {
    let estate = estate();
    let points: Vec<(u64, bool)> =
        (1..=estate.requests).flat_map(|number| [(number, false), (number, true)]).collect();
    each(
        &points,
        |(number, done)| format!("request {number}{}", if *done { ", done" } else { "" }),
        |(number, done)| killed_at(estate, *number, *done),
    );
    println!("killed at {} requests, each before and after it was done", estate.requests);
}
