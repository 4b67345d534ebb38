//! SIGKILL in the midst of an apply; a plain second run has to bring the end of an undisturbed one.

use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::each;
use crate::estate::{AFTER, BEFORE, Estate, estate};
use crate::world::{World, difference, scrubbed};

/// Kills an apply when its request of this number has come in, done or not, and runs another one. Some need
/// a request less than others, since questions about deletes go together: those end before their last one.
fn killed_at(estate: &Estate, (number, done): (u64, bool), kills: &AtomicU64) -> Result<(), String> {
    let world = estate.world();
    world.control(json!({"hold_from": number, "hold_done": done}));
    let mut run = world.spawn(&["apply", "--yes"]);
    if world.reached(number, &mut run) {
        run.kill().unwrap();
        kills.fetch_add(1, Ordering::Relaxed);
    }
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
    let kills = AtomicU64::new(0);
    each(
        &points,
        |(number, done)| format!("request {number}{}", if *done { ", done" } else { "" }),
        |point| killed_at(estate, *point, &kills),
    );
    let kills = kills.into_inner();
    println!("{kills} kills at {} requests, each before and after it was done", estate.requests);
    assert!(kills + 10 >= 2 * estate.requests, "only {kills} kills at {} requests", estate.requests);
}

/// Numbers by chance, but always the same.
struct Dice(u64);

impl Dice {
    /// From 1 to `most`.
    fn roll(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1 + (self.0 >> 33) % most.max(1)
    }
}

/// Definitions that are taken out again.
const EXTRA: &str = "extra.yaml";

/// The example estate on a sandbox over HTTP: all of it, or a fifth of its functions.
fn large(whole: bool) -> World {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for part in ["monitors", "templates", "inventory"] {
        copy(&root.join(part), &folder.path().join(part));
    }
    if !whole {
        thin_out(folder.path());
    }
    let project = std::fs::read_to_string(root.join("musher.yaml")).unwrap();
    let project = project.replace("sandbox: {api: sandbox}", "sandbox: {}");
    std::fs::write(folder.path().join("musher.yaml"), project).unwrap();
    let extra = (0..200).map(|number| {
        format!("  m{number}: {{name: M{number}, type: metric alert, query: \"avg(last_5m):avg:x{{n:{number}}} > 1\"}}\n")
    });
    std::fs::write(
        folder.path().join("monitors").join(EXTRA),
        format!("monitors:\n{}", extra.collect::<String>()),
    )
    .unwrap();
    World::serve(folder)
}

/// Leaves a fifth of the functions, and those that are named elsewhere.
fn thin_out(folder: &Path) {
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap();
    let named = read("inventory/overrides.csv") + &read("monitors/payments/checkout.yaml");
    let mut inventory: Value = serde_json::from_str(&read("inventory/functions.json")).unwrap();
    let mut number = 0;
    inventory["Functions"].as_array_mut().unwrap().retain(|function| {
        number += 1;
        number % 5 == 0 || named.contains(function["FunctionName"].as_str().unwrap())
    });
    std::fs::write(folder.join("inventory/functions.json"), inventory.to_string()).unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Nearly everything changes, and a few things go.
fn edited(world: &World) {
    let at = world.folder.path();
    let project = std::fs::read_to_string(at.join("musher.yaml")).unwrap();
    std::fs::write(at.join("musher.yaml"), project.replace("estate:acme-shop", "estate:acme")).unwrap();
    for gone in ["data/streams.json", EXTRA] {
        std::fs::remove_file(at.join("monitors").join(gone)).unwrap();
    }
}

/// Runs until nothing kills it any more; each run is killed at a request by chance.
fn applied_through(world: &World, kills: u64, changes: u64, dice: &mut Dice) {
    for _ in 0..kills {
        let number = dice.roll(2 * changes / kills.max(1));
        world.control(json!({"hold_from": number, "hold_done": dice.roll(2) == 1}));
        world.take_requests();
        let mut run = world.spawn(&["apply", "--yes", "--quiet"]);
        if world.reached(number, &mut run) {
            run.kill().unwrap();
        }
        run.wait().unwrap();
        world.calm();
    }
    let last = world.run(&["apply", "--yes", "--quiet"]);
    assert_eq!(last.code, Some(0), "{}", last.text);
}

/// Each run goes on from what the killed one left. `MUSHER_KILLS=100` asks for so many, and for the whole estate.
#[test]
fn a_large_estate_comes_to_its_end_through_kills_by_chance() {
    let asked: Option<u64> = std::env::var("MUSHER_KILLS").ok().map(|text| text.parse().unwrap());
    let kills = asked.unwrap_or(10);
    let (killed, calm) = (large(asked.is_some()), large(asked.is_some()));
    let mut dice = Dice(5);
    let mut resources = 0;
    for phase in ["creates", "updates and deletes"] {
        if phase != "creates" {
            edited(&killed);
            edited(&calm);
        }
        applied_through(&calm, 0, 0, &mut dice);
        let expected = calm.state();
        resources = expected.len() as u64;
        applied_through(&killed, kills / 2, resources, &mut dice);
        let differs = difference(&expected, &killed.state());
        assert!(differs.is_empty(), "after the {phase}: {differs}");
    }
    println!("{kills} kills by chance of {resources} resources");
}

/// The sandbox in the same process dies with it, its state half written.
#[test]
fn a_kill_of_the_sandbox_in_process_is_mended_too() {
    const PROJECT: &str = "project: faults\nenvironments: {here: {api: sandbox}}\n";
    let after = AFTER.replace("$id: \"ADOPTED\", ", "");
    let run = |folder: &Path, definitions: &str| {
        std::fs::write(folder.join("monitors/estate.yaml"), definitions).unwrap();
        let mut command = scrubbed(folder);
        command.args(["apply", "--yes", "--quiet"]).stdout(Stdio::null());
        command
    };
    let made = || {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("monitors")).unwrap();
        std::fs::write(folder.path().join("musher.yaml"), PROJECT).unwrap();
        assert!(run(folder.path(), BEFORE).status().unwrap().success());
        folder
    };
    let calm = made();
    assert!(run(calm.path(), &after).status().unwrap().success());
    let expected = World::serve(calm).state();
    let delays: Vec<u64> = (0..16).map(|step| step * 8).collect();
    each(
        &delays,
        |delay| format!("after {delay} ms"),
        |delay| {
            let folder = made();
            let mut child = run(folder.path(), &after).spawn().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(*delay));
            child.kill().unwrap();
            child.wait().unwrap();
            if !run(folder.path(), &after).status().unwrap().success() {
                return Err("the second run fails".to_owned());
            }
            let differs = difference(&expected, &World::serve(folder).state());
            if differs.is_empty() { Ok(()) } else { Err(differs) }
        },
    );
}
