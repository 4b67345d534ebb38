//! Two applies of one project at once, and somebody else in the same organisation.

use serde_json::{Value, json};

use crate::each;
use crate::estate::{Estate, estate};
use crate::world::World;

/// Two applies run into each other; one more brings the end that each of them wanted, with one of each. One that sees
/// what the other makes while it looks has nothing done.
fn two_at_once(estate: &Estate, latency: u64) -> Result<(), String> {
    let world = estate.world();
    world.control(json!({"latency_ms": latency}));
    let codes = std::thread::scope(|scope| {
        let runs = [(); 2].map(|()| scope.spawn(|| world.run(&["apply", "--yes"])));
        runs.map(|run| run.join().unwrap())
    });
    if let Some(odd) = codes.iter().find(|run| !matches!(run.code, Some(0 | 1 | 4))) {
        return Err(format!("one of the two exits with {:?}\n{}", odd.code, odd.text));
    }
    world.calm();
    let third = world.run(&["apply", "--yes"]);
    if third.code != Some(0) {
        return Err(format!("the third run exits with {:?}\n{}", third.code, third.text));
    }
    let state = world.state();
    println!("latency {latency}: codes {:?}", codes.map(|run| run.code));
    let plan = world.run(&["plan", "--detailed-exitcode"]);
    if plan.code != Some(0) {
        return Err(format!("the plan isn't empty\n{}", plan.text));
    }
    for (name, bodies) in &state {
        let expected = estate.end.get(name).ok_or_else(|| format!("{name} should be gone"))?;
        if !bodies.contains(&expected[0]) {
            return Err(format!("{name} isn't as declared: {bodies:?}"));
        }
        if bodies.len() > 1 {
            return Err(format!("{name} is there {} times\n{}", bodies.len(), plan.text));
        }
    }
    match estate.end.keys().find(|name| !state.contains_key(*name)) {
        Some(missing) => Err(format!("{missing} is missing")),
        None => Ok(()),
    }
}

#[test]
fn two_applies_at_once_come_to_one_end() {
    let latencies: Vec<u64> = vec![0, 1, 5, 10, 20, 40];
    let estate = estate();
    each(&latencies, |latency| format!("latency {latency}"), |latency| two_at_once(estate, *latency));
}

/// The body of a live monitor that bears this id in its mark.
fn monitor(world: &World, id: &str) -> Value {
    let tag = json!(format!("musher_id:{id}"));
    let bears = |body: &Value| body["tags"].as_array().is_some_and(|tags| tags.contains(&tag));
    world.objects().into_iter().find(|(_, body)| bears(body)).unwrap().1
}

/// A person's edit of a monitor.
fn edit(world: &World, id: &str) {
    let live = monitor(world, id);
    let (status, answer) = world.send(
        "PUT",
        &format!("/api/v1/monitor/{}", live["id"]),
        &json!({"message": "edited by hand @slack-ops", "options": live["options"]}).to_string(),
    );
    assert_eq!(status, 200, "{answer}");
}

/// The plan's list takes longer than a plan stays fresh, and somebody edits behind it.
#[test]
fn an_edit_behind_an_old_plan_is_not_overwritten() {
    let estate = estate();
    let world = estate.world();
    world.control(json!({"latency_ms": 31_000}));
    let mut run = world.spawn(&["apply", "--yes"]);
    // The lists and the organisation have been asked for; what is asked for after them comes sooner.
    assert!(world.reached(4, &mut run));
    world.control(json!({"latency_ms": 6_000}));
    assert!(world.reached(4, &mut run));
    world.calm();
    edit(&world, "changes");
    assert_eq!(run.wait().unwrap().code(), Some(4));
    assert_eq!(monitor(&world, "changes")["message"], "edited by hand @slack-ops");
    assert_eq!(monitor(&world, "also-changes")["message"], "after @slack-ops");
    // Once somebody has seen it in a plan of its own, the definition counts.
    assert_eq!(world.run(&["apply", "--yes"]).code, Some(0));
    estate.check(&world).unwrap();
}

/// What somebody else uses is not deleted: its users are named, the rest of the plan is done.
#[test]
fn what_others_use_stays_and_they_are_named() {
    let estate = estate();
    let world = estate.world();
    let id = |name: &str| monitor(&world, name)["id"].to_string();
    let composite = json!({"name": "Composite by hand", "type": "composite", "message": "",
        "query": format!("{} && {}", id("goes"), id("stays"))});
    assert_eq!(world.send("POST", "/api/v1/monitor", &composite.to_string()).0, 200);
    let slo = json!({"name": "SLO by hand", "type": "monitor", "monitor_ids": [monitor(&world, "goes-with-its-composite")["id"]],
        "thresholds": [{"timeframe": "7d", "target": 99}]});
    assert_eq!(world.send("POST", "/api/v1/slo", &slo.to_string()).0, 200);
    let run = world.run(&["apply", "--yes"]);
    assert_eq!(run.code, Some(4), "{}", run.text);
    let text = run.text.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "Composite by hand",
        "SLO by hand",
        "2 failed",
        "- monitors/composite-goes",
        "the monitor is still used, and is not deleted",
    ] {
        assert!(text.contains(expected), "`{expected}` is not in\n{}", run.text);
    }
    let state = world.state();
    let missing: Vec<&String> = estate.end.keys().filter(|name| !state.contains_key(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(state.contains_key("monitors/goes") && state.contains_key("monitors/goes-with-its-composite"));
}
