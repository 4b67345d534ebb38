//! One of each kind that there is, and their orders, by the cases of `tests/kinds/`: kills, faults and lost answers end as
//! the calm run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::each;
use crate::world::World;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Kills of a usual run; `MUSHER_KILLS=100` asks for more.
const KILLS: u64 = 8;

/// A word of a row: its `name`, `section` or `path`.
fn word(row: &str, field: &str) -> String {
    let after = row.split(&format!("    {field}: \"")).nth(1).unwrap_or_default();
    after.split('"').next().unwrap_or_default().to_owned()
}

/// The rows that the list of kinds names, by their files.
fn rows() -> Vec<String> {
    let source = |file: &str| std::fs::read_to_string(Path::new(ROOT).join("src/kind").join(file)).unwrap();
    let list = source("mod.rs");
    let list = list.split("pub const KINDS").nth(1).unwrap().split(';').nth(1).unwrap();
    let files = list.split('&').skip(1).map(|entry| entry.split("::").next().unwrap().to_owned());
    files.map(|file| source(&format!("{file}.rs"))).collect()
}

/// The cases of a folder, in order.
fn cases(folder: &str) -> Vec<String> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(Path::new(ROOT).join("tests/kinds").join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// The first case of each kind, and the first order of each section that has one, by file.
fn stories() -> Vec<(String, Vec<String>)> {
    let steps = |case: &str| case.split("\n---\n").map(str::to_owned).collect::<Vec<_>>();
    let mut stories: Vec<(String, Vec<String>)> = rows()
        .iter()
        .map(|row| word(row, "name"))
        .map(|name| (format!("{name}.yaml"), steps(&cases(&name)[0])))
        .collect();
    let mut ordered = BTreeSet::new();
    for (number, case) in cases("order").iter().enumerate() {
        let order = case.split("orders:\n").nth(1).unwrap_or_default();
        let section = order.trim_start().split(':').next().unwrap_or_default().to_owned();
        if ordered.insert(section) {
            let mut steps = steps(case);
            steps.retain(|step| step.contains("orders:"));
            stories.push((format!("order-{number}.yaml"), steps));
        }
    }
    stories
}

fn world(journal: &[u8], step: fn(&[String]) -> &String) -> World {
    let world = World::start(journal, "");
    let rows = rows();
    // What can't be listed has no namespaces.
    let keyed = rows.iter().filter(|row| row.contains("Identity::Key(") && !row.contains("Paging::ByKey"));
    let owns: Vec<String> =
        keyed.map(|row| format!("{}: ['cases.*', 'Case *']", word(row, "section"))).collect();
    let kinds: Vec<String> = rows.iter().map(|row| word(row, "section")).collect();
    let project = format!("project: faults\nkinds: [{}]\nowns: {{{}}}\n", kinds.join(", "), owns.join(", "));
    std::fs::write(world.folder.path().join("musher.yaml"), project).unwrap();
    for (name, steps) in stories() {
        std::fs::write(world.folder.path().join("monitors").join(name), step(&steps)).unwrap();
    }
    world
}

fn before(steps: &[String]) -> &String {
    &steps[0]
}

fn after(steps: &[String]) -> &String {
    &steps[steps.len() - 1]
}

/// How many objects there are, whoever's they are, by the path of their kind.
fn counts(world: &World) -> BTreeMap<String, usize> {
    let paths = rows().into_iter().map(|row| word(&row, "path")).filter(|path| !path.is_empty());
    let count = |path: &String| {
        let (status, answer) = world.send("GET", &format!("{path}?page_size=1000"), "");
        let list = answer.as_array().or_else(|| answer.as_object()?.values().find_map(Value::as_array));
        (status == 200).then(|| list.map_or(0, Vec::len))
    };
    paths.filter_map(|path| Some((path.clone(), count(&path)?))).collect()
}

struct Estate {
    journal: Vec<u8>,
    end: BTreeMap<String, usize>,
    requests: u64,
    listing: u64,
}

const APPLY: [&str; 6] = ["apply", "--yes", "--timeout", "60", "--release-brake", "delete"];

fn estate() -> Estate {
    let start = world(&[], before);
    let applied = start.run(&APPLY);
    assert_eq!(applied.code, Some(0), "{}", applied.text);
    let journal = start.journal();
    let end = world(&journal, after);
    end.take_requests();
    assert_eq!(end.run(&["plan", "--no-cache"]).code, Some(0));
    let listing = end.take_requests()["total"].as_u64().unwrap();
    let applied = end.run(&APPLY);
    assert_eq!(applied.code, Some(0), "{}", applied.text);
    let requests = end.take_requests()["total"].as_u64().unwrap();
    let plan = end.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(plan.code, Some(0), "{}", plan.text);
    Estate { journal, end: counts(&end), requests, listing }
}

impl Estate {
    fn check(&self, world: &World) -> Result<(), String> {
        let plan = world.run(&["plan", "--detailed-exitcode"]);
        if plan.code != Some(0) {
            return Err(format!("the plan isn't empty: {}", plan.text));
        }
        let found = counts(world);
        if found == self.end { Ok(()) } else { Err(format!("expected {:?}\nfound {found:?}", self.end)) }
    }
}

#[test]
fn one_of_each_kind_ends_as_declared_whatever_goes_wrong() {
    let estate = estate();
    let writes = estate.requests - estate.listing;
    assert!(writes > 20 && estate.end.len() >= 8, "{writes} requests, {:?}", estate.end);
    let kills = std::env::var("MUSHER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let killed = (0..kills.min(2 * writes)).map(|number| {
        let at = estate.listing + 1 + number * writes / kills.min(2 * writes).max(1);
        json!({"hold_from": at, "hold_done": number % 2 == 1})
    });
    let sorts = ["reset-before", "reset-after", "truncate", "500", "429"];
    let disturbed = sorts.iter().map(|sort| json!({"faults": format!("{sort}=0.15"), "seed": 7}));
    let cases: Vec<Value> = killed.chain(disturbed).collect();
    each(&cases, ToString::to_string, |settings| {
        let world = world(&estate.journal, after);
        world.control(settings.clone());
        if let Some(at) = settings["hold_from"].as_u64() {
            let mut run = world.spawn(&APPLY);
            if world.reached(at, &mut run) {
                run.kill().unwrap();
            }
            run.wait().unwrap();
        } else {
            let run = world.run(&APPLY);
            if run.code != Some(0) {
                return Err(format!("it exits with {:?}\n{}", run.code, run.text));
            }
        }
        world.calm();
        let second = world.run(&APPLY);
        if second.code != Some(0) {
            return Err(format!("the second run exits with {:?}\n{}", second.code, second.text));
        }
        estate.check(&world)
    });
    println!("{} cases over {} kinds, {writes} requests of an apply", cases.len(), rows().len());
}
