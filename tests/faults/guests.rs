//! The same for kinds without marks and their order: nothing is made twice, whatever gets lost.

use serde_json::{Value, json};

use crate::each;
use crate::world::World;

const PROJECT: &str = "project: faults
kinds: [logs_metrics, retention_filters, teams]
owns: {logs_metrics: ['shop.*'], retention_filters: ['Shop *']}
";

const BEFORE: &str = "\
logs_metrics:
  stays: {id: shop.stays, compute: {aggregation_type: count}, filter: {query: stays}}
  goes: {id: shop.goes, compute: {aggregation_type: count}, filter: {query: goes}}
  becomes: {id: shop.becomes, compute: {aggregation_type: count}, filter: {query: becomes}}
retention_filters:
  stays: {name: Shop stays, enabled: true, filter_type: spans-sampling-processor, rate: 1, filter: {query: stays}}
  goes: {name: Shop goes, enabled: true, filter_type: spans-sampling-processor, rate: 1, filter: {query: goes}}
teams:
  stays: {name: Stays, handle: stays}
  goes: {name: Goes, handle: goes}
";

const AFTER: &str = "\
logs_metrics:
  stays: {id: shop.stays, compute: {aggregation_type: count}, filter: {query: changed}}
  becomes: {id: shop.becomes, compute: {aggregation_type: distribution, path: '@duration'}, filter: {query: becomes}}
  new: {id: shop.new, compute: {aggregation_type: count}, filter: {query: new}}
retention_filters:
  stays: {name: Shop stays, enabled: true, filter_type: spans-sampling-processor, rate: 0.5, filter: {query: stays}}
  new: {name: Shop new, enabled: true, filter_type: spans-sampling-processor, rate: 1, filter: {query: new}}
teams:
  stays: {name: Stays, handle: stays, description: Changed.}
  new: {name: New, handle: new}
orders:
  retention_filters: ['${retention_filters.new.id}', $rest, '${retention_filters.stays.id}']
";

struct Guests {
    journal: Vec<u8>,
    end: Vec<Value>,
    requests: u64,
    listing: u64,
}

fn world(journal: &[u8], definitions: &str) -> World {
    let world = World::start(journal, definitions);
    std::fs::write(world.folder.path().join("musher.yaml"), PROJECT).unwrap();
    world
}

/// Everything that is there, in order, without ids and times.
fn state(world: &World) -> Vec<Value> {
    let mut found = Vec::new();
    for path in ["logs/config/metrics", "apm/config/retention-filters", "team"] {
        let (status, mut answer) = world.send("GET", &format!("/api/v2/{path}"), "");
        assert_eq!(status, 200, "{path}: {answer}");
        let Value::Array(mut items) = answer["data"].take() else { panic!("{path}: no list") };
        for item in &mut items {
            let body = item.as_object_mut().unwrap();
            body.remove("relationships");
            // The id of a metric is its name.
            if !path.starts_with("logs") {
                body.remove("id");
            }
            let attributes = body["attributes"].as_object_mut().unwrap();
            attributes.retain(|key, _| !key.ends_with("_at") && key != "banner");
        }
        if !path.starts_with("apm") {
            items.sort_by_key(Value::to_string);
        }
        found.extend(items);
    }
    found
}

fn guests() -> Guests {
    let start = world(&[], BEFORE);
    let applied = start.run(&["apply", "--yes"]);
    assert_eq!(applied.code, Some(0), "{}", applied.text);
    let journal = start.journal();
    let end = world(&journal, AFTER);
    assert_eq!(end.run(&["plan", "--no-cache"]).code, Some(0));
    let listing = end.take_requests()["total"].as_u64().unwrap();
    let applied = end.run(&["apply", "--yes"]);
    assert_eq!(applied.code, Some(0), "{}", applied.text);
    let requests = end.take_requests()["total"].as_u64().unwrap();
    assert_eq!(end.run(&["plan", "--detailed-exitcode"]).code, Some(0));
    Guests { journal, end: state(&end), requests, listing }
}

impl Guests {
    fn world(&self) -> World {
        world(&self.journal, AFTER)
    }

    fn check(&self, world: &World) -> Result<(), String> {
        let found = state(world);
        if found != self.end {
            return Err(format!("expected {:#?}\nfound {found:#?}", self.end));
        }
        let plan = world.run(&["plan", "--detailed-exitcode"]);
        if plan.code == Some(0) { Ok(()) } else { Err(format!("the plan isn't empty: {}", plan.text)) }
    }
}

#[test]
fn a_kill_at_any_request_is_mended_where_nothing_bears_a_mark() {
    let guests = guests();
    assert!(guests.requests > guests.listing + 8, "all that is declared is written");
    let points: Vec<(u64, bool)> =
        (guests.listing..=guests.requests).flat_map(|number| [(number, false), (number, true)]).collect();
    each(
        &points,
        |(number, done)| format!("request {number}, done {done}"),
        |(number, done)| {
            let world = guests.world();
            world.control(json!({"hold_from": number, "hold_done": done}));
            let mut run = world.spawn(&["apply", "--yes"]);
            if world.reached(*number, &mut run) {
                run.kill().unwrap();
            }
            run.wait().unwrap();
            world.calm();
            let second = world.run(&["apply", "--yes"]);
            if second.code != Some(0) {
                return Err(format!("the second run exits with {:?}\n{}", second.code, second.text));
            }
            guests.check(&world)
        },
    );
}

#[test]
fn a_lost_answer_doubles_nothing_that_bears_no_mark() {
    let guests = guests();
    let sorts = ["reset-before", "reset-after", "truncate", "500", "502", "429"];
    let cases: Vec<(String, u64)> =
        sorts.iter().flat_map(|form| (1..3).map(move |seed| (format!("{form}=0.2"), seed))).collect();
    each(
        &cases,
        |(faults, seed)| format!("{faults}, seed {seed}"),
        |(faults, seed)| {
            let world = guests.world();
            world.control(json!({"faults": faults, "seed": seed}));
            let run = world.run(&["apply", "--yes", "--timeout", "30"]);
            world.calm();
            if run.code != Some(0) {
                return Err(format!("it exits with {:?}\n{}", run.code, run.text));
            }
            guests.check(&world)
        },
    );
}

/// All that a plan without changes needs is asked for at once: it is on its way before the first answer comes.
#[test]
fn a_plan_of_six_kinds_is_one_round_trip() {
    let guests = guests();
    let world = world(&guests.journal, BEFORE);
    world.take_requests();
    world.control(json!({"latency_ms": 20_000}));
    let mut run = world.spawn(&["plan", "--detailed-exitcode", "--no-cache"]);
    // A list for each kind; whose the keys are is a courtesy that is not waited for.
    let all = world.reached(6, &mut run);
    run.kill().unwrap();
    run.wait().unwrap();
    let asked = world.total();
    assert!(all, "{asked} asked: the plan waits for an answer before it has asked for all");
    world.calm();
    world.take_requests();
    assert_eq!(world.run(&["plan", "--detailed-exitcode", "--no-cache"]).code, Some(0));
    let routes = world.take_requests();
    assert!(routes["total"].as_u64() <= Some(7), "{routes}");
}
