//! An export that is killed goes on where it was, and a second one reads only what has changed.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::each;
use crate::world::World;

const EXPORT: [&str; 5] = ["export", "all", "--all", "-o", "backup"];
const BOARDS: u64 = 40;

/// The files of a folder with what is in them, without the ledger.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            let inner = files(&entry.path()).into_iter();
            found.extend(inner.map(|(path, text)| (format!("{name}/{path}"), text)));
        } else if !name.starts_with('.') {
            found.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
    found
}

/// Hidden files of a folder, but for the ledger.
fn temporary(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with('.') && name != ".musher-export").collect()
}

fn board(number: u64) -> String {
    let note = json!({"definition": {"type": "note", "content": format!("{number}")}});
    json!({"title": format!("Board {number}"), "layout_type": "ordered", "widgets": [note]}).to_string()
}

fn start() -> World {
    let world = World::start(&[], "monitors: {}\n");
    for number in 0..BOARDS {
        assert_eq!(world.send("POST", "/api/v1/dashboard", &board(number)).0, 200);
    }
    for name in ["a", "b"] {
        let body = json!({"name": name, "type": "metric alert", "message": "", "query": "avg(last_5m):avg:x{*} > 5"});
        assert_eq!(world.send("POST", "/api/v1/monitor", &body.to_string()).0, 200);
    }
    world.take_requests();
    world
}

/// How often single dashboards were read since this was last asked.
fn boards_read(world: &World) -> u64 {
    let requests = world.take_requests();
    let routes = requests["routes"].as_object().unwrap();
    let single = routes.iter().filter(|(route, _)| route.contains("dashboard/"));
    single.map(|(_, count)| count.as_u64().unwrap()).sum()
}

#[test]
fn a_killed_export_goes_on_where_it_was() {
    let world = start();
    let journal = world.journal();
    let ran = world.run(&EXPORT);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    let expected = files(&world.folder.path().join("backup"));
    assert_eq!(expected.len() as u64, BOARDS + 2, "{:?}", expected.keys());
    let total = world.total();
    drop(world);
    let points: Vec<u64> = (1..=total).collect();
    each(
        &points,
        |number| format!("request {number}"),
        |number| {
            let world = World::start(&journal, "monitors: {}\n");
            world.control(json!({"hold_from": number, "hold_done": false}));
            let mut run = world.spawn(&EXPORT);
            world.reached(*number, &mut run);
            run.kill().unwrap();
            run.wait().unwrap();
            world.calm();
            world.take_requests();
            let there = world.folder.path().join("backup/dashboards");
            let before = if there.is_dir() { files(&there).len() as u64 } else { 0 };
            let ran = world.run(&EXPORT);
            if ran.code != Some(0) {
                return Err(format!("the second run exits with {:?}\n{}", ran.code, ran.text));
            }
            let read = boards_read(&world);
            if read > BOARDS - before {
                return Err(format!("{before} were there, and {read} were read again"));
            }
            let found = files(&world.folder.path().join("backup"));
            let left = temporary(&there);
            if !left.is_empty() {
                return Err(format!("left behind: {left:?}"));
            }
            if found == expected { Ok(()) } else { Err(format!("{:?}", found.keys())) }
        },
    );
    println!("{total} kills");
}

/// The list names their types, so that each is read where all of it is: a browser test has its steps at an address of its own.
#[test]
fn what_has_types_is_read_once() {
    let world = World::start(&[], "monitors: {}\n");
    std::fs::write(world.folder.path().join("musher.yaml"), "project: faults\nkinds: [synthetics_tests]\n")
        .unwrap();
    for number in 0..6 {
        let class = if number % 2 == 0 { "api" } else { "browser" };
        let mut body = json!({
            "type": class, "name": format!("t{number}"), "message": "", "locations": ["aws:eu-central-1"], "tags": [],
            "options": {"tick_every": 3600},
            "config": {"request": {"method": "GET", "url": "https://shop.example.com"}, "assertions": []}
        });
        if class == "browser" {
            body["options"]["device_ids"] = json!(["laptop_large"]);
            body["config"]["variables"] = json!([]);
            body["steps"] = json!([{"name": "Buy", "type": "click", "params": {"element": {"url": "https://x.example.com"}}}]);
        } else {
            body["subtype"] = "http".into();
        }
        let (status, answer) =
            world.send("POST", &format!("/api/v1/synthetics/tests/{class}"), &body.to_string());
        assert_eq!(status, 200, "{answer}");
    }
    world.take_requests();
    let ran = world.run(&["export", "synthetics_test", "--all", "-o", "backup"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    let requests = world.take_requests();
    // Of an API test the list shows all.
    assert_eq!(requests["total"], 1 + 3, "{requests:#}");
    let exported = files(&world.folder.path().join("backup"));
    let steps = exported.values().filter(|text| String::from_utf8_lossy(text).contains("\"Buy\"")).count();
    assert_eq!((exported.len(), steps), (6, 3));
}

#[test]
fn three_at_once_end_with_the_same_files_and_leave_nothing_behind() {
    let world = start();
    // As a run that was killed leaves it.
    let folder = world.folder.path().join("backup/dashboards");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(".musher-a1B2c3.tmp"), "{\"ti").unwrap();
    std::fs::write(folder.join(".somebody-elses.tmp"), "x").unwrap();
    world.control(json!({"latency_ms": 5}));
    for round in 0..4 {
        let runs: Vec<_> = (0..3)
            .map(|_| {
                let mut command = world.command(&EXPORT);
                command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
                command.spawn().unwrap()
            })
            .collect();
        for run in runs {
            let output = run.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "round {round}: {said}");
            assert!(!said.contains("left alone"), "round {round}: {said}");
        }
        assert_eq!(files(&world.folder.path().join("backup")).len() as u64, BOARDS + 2);
        assert_eq!(temporary(&folder), [".somebody-elses.tmp"], "round {round}");
        if round < 3 {
            files(&folder).keys().for_each(|name| std::fs::remove_file(folder.join(name)).unwrap());
        }
    }
    world.take_requests();
    let ran = world.run(&EXPORT);
    assert!(ran.text.contains(&format!("0 written, {} unchanged", BOARDS + 2)), "{}", ran.text);
}

#[test]
fn a_second_export_reads_what_has_changed() {
    let world = start();
    world.run(&EXPORT);
    assert_eq!(boards_read(&world), BOARDS);
    let ran = world.run(&EXPORT);
    assert!(ran.text.contains(&format!("0 written, {} unchanged", BOARDS + 2)), "{}", ran.text);
    assert_eq!(boards_read(&world), 0);
    // One changed there, one here, one was taken away here.
    let list = world.send("GET", "/api/v1/dashboard?count=1000", "").1;
    let changed = list["dashboards"].as_array().unwrap()[0].clone();
    let path = format!("/api/v1/dashboard/{}", changed["id"].as_str().unwrap());
    let mut body: Value = world.send("GET", &path, "").1;
    body["widgets"][0]["definition"]["content"] = "other".into();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(world.send("PUT", &path, &body.to_string()).0, 200);
    world.take_requests();
    let folder = world.folder.path().join("backup/dashboards");
    let names: Vec<String> = files(&folder).into_keys().collect();
    let id = changed["id"].as_str().unwrap();
    let others: Vec<&String> = names.iter().filter(|name| !name.contains(id)).collect();
    std::fs::write(folder.join(others[0]), "{}").unwrap();
    std::fs::remove_file(folder.join(others[1])).unwrap();
    let ran = world.run(&EXPORT);
    assert_eq!((ran.code, boards_read(&world)), (Some(1), 3), "{}", ran.text);
    assert!(ran.text.contains("1 written") && ran.text.contains("2 left alone"), "{}", ran.text);
    let ran = world.run(&[&EXPORT[..], &["--force"]].concat());
    assert_eq!((ran.code, boards_read(&world)), (Some(0), 2), "{}", ran.text);
    assert_eq!(world.send("DELETE", &path, "").0, 200);
    world.take_requests();
    let ran = world.run(&EXPORT);
    assert!(ran.text.contains("is gone or has another name now") && ran.code == Some(0), "{}", ran.text);
    assert_eq!(boards_read(&world), 0);
}
