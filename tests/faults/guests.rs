//! The same for kinds without marks and their order: nothing is made twice, whatever gets lost.

use serde_json::{Value, json};

use crate::each;
use crate::world::World;

const PROJECT: &str = "project: faults
kinds: [dashboard_lists, downtimes, logs_metrics, monitor_policies, notification_rules, retention_filters, slo_corrections, teams]
owns:
  logs_metrics: ['shop.*']
  monitor_policies: ['shop.*']
  dashboard_lists: ['Shop *']
  notification_rules: ['Shop *']
  retention_filters: ['Shop *']
";

const BEFORE: &str = "\
logs_metrics:
  stays: {id: shop.stays, compute: {aggregation_type: count}, filter: {query: stays}}
  goes: {id: shop.goes, compute: {aggregation_type: count}, filter: {query: goes}}
  becomes: {id: shop.becomes, compute: {aggregation_type: count}, filter: {query: becomes}}
retention_filters:
  stays: {name: Shop stays, enabled: true, filter_type: spans-sampling-processor, rate: 1, filter: {query: stays}}
  goes: {name: Shop goes, enabled: true, filter_type: spans-sampling-processor, rate: 1, filter: {query: goes}}
dashboards:
  board: {title: Board, layout_type: ordered, widgets: []}
dashboard_lists:
  stays: {name: Shop stays, dashboards: []}
  goes: {name: Shop goes}
downtimes:
  stays: {scope: 'env:stays', monitor_identifier: {monitor_tags: ['a:b']}, schedule: {start: '2050-01-01T00:00:00Z', end: '2050-01-02T00:00:00Z'}}
  goes: {scope: 'env:goes', monitor_identifier: {monitor_tags: ['a:b']}, schedule: {start: '2050-01-01T00:00:00Z', end: '2050-01-02T00:00:00Z'}}
monitor_policies:
  stays: {policy_type: tag, policy: {tag_key: shop.stays, tag_key_required: false, valid_tag_values: [a]}}
  goes: {policy_type: tag, policy: {tag_key: shop.goes, tag_key_required: false, valid_tag_values: [a]}}
notification_rules:
  stays: {name: Shop stays, filter: {tags: ['a:b']}, recipients: [slack-a]}
  goes: {name: Shop goes, filter: {tags: ['a:b']}, recipients: [slack-a]}
slo_corrections:
  stays: {slo_query: 'env:stays', category: Other, start: 1779914722, end: 1779918322}
  goes: {slo_query: 'env:goes', category: Other, start: 1779914722, end: 1779918322}
teams:
  stays:
    name: Stays
    handle: stays
    links: [{label: Stays, url: 'https://example.com/stays'}, {label: Goes, url: 'https://example.com/goes'}]
    members: [{user: 00000000-0000-4000-8000-000000000001}, {user: 00000000-0000-4000-8000-000000000002}]
  goes: {name: Goes, handle: goes, links: [{label: Goes, url: 'https://example.com/goes'}]}
";

const AFTER: &str = "\
logs_metrics:
  stays: {id: shop.stays, compute: {aggregation_type: count}, filter: {query: changed}}
  becomes: {id: shop.becomes, compute: {aggregation_type: distribution, path: '@duration'}, filter: {query: becomes}}
  new: {id: shop.new, compute: {aggregation_type: count}, filter: {query: new}}
retention_filters:
  stays: {name: Shop stays, enabled: true, filter_type: spans-sampling-processor, rate: 0.5, filter: {query: stays}}
  new: {name: Shop new, enabled: true, filter_type: spans-sampling-processor, rate: 1, filter: {query: new}}
dashboards:
  board: {title: Board, layout_type: ordered, widgets: []}
dashboard_lists:
  stays: {name: Shop stays, dashboards: [{id: '${dashboards.board.id}', type: custom_timeboard}]}
  new: {name: Shop new, dashboards: [{id: '${dashboards.board.id}', type: custom_timeboard}]}
downtimes:
  stays: {scope: 'env:stays', monitor_identifier: {monitor_tags: ['a:b']}, schedule: {recurrences: [{rrule: FREQ=DAILY, duration: 1h, start: '2050-01-01T00:00:00'}]}}
  new: {scope: 'env:new', monitor_identifier: {monitor_tags: ['a:b']}, schedule: {start: '2050-01-01T00:00:00Z', end: '2050-01-02T00:00:00Z'}}
monitor_policies:
  stays: {policy_type: tag, policy: {tag_key: shop.stays, tag_key_required: false, valid_tag_values: [b]}}
  new: {policy_type: tag, policy: {tag_key: shop.new, tag_key_required: false, valid_tag_values: [a]}}
notification_rules:
  stays: {name: Shop stays, filter: {scope: 'a:b'}, conditional_recipients: {conditions: [{scope: 'transition_type:is_alert', recipients: [slack-a]}]}}
  new: {name: Shop new, filter: {tags: ['a:b']}, recipients: [slack-a]}
slo_corrections:
  stays: {slo_query: 'env:changed', category: Deployment, start: 1779914722, end: 1779918322}
  new: {slo_query: 'env:new', category: Other, start: 1779914722, end: 1779918322}
teams:
  stays:
    name: Stays
    handle: stays
    description: Changed.
    links: [{label: New, url: 'https://example.com/new'}, {label: Stays, url: 'https://example.com/stays'}]
    members: [{user: 00000000-0000-4000-8000-000000000001, role: admin}, {user: 00000000-0000-4000-8000-000000000003}]
  new:
    name: New
    handle: new
    links: [{label: A, url: 'https://example.com/a'}, {label: A, url: 'https://example.com/a'}]
    members: [{user: 00000000-0000-4000-8000-000000000001, role: admin}]
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
    for path in [
        "v2/logs/config/metrics",
        "v2/apm/config/retention-filters",
        "v2/downtime",
        "v2/monitor/notification_rule",
        "v2/monitor/policy",
        "v1/slo/correction",
        "v2/team",
    ] {
        let (status, mut answer) = world.send("GET", &format!("/api/{path}"), "");
        assert_eq!(status, 200, "{path}: {answer}");
        let Value::Array(mut items) = answer["data"].take() else { panic!("{path}: no list") };
        // A downtime that was deleted stays in the list.
        items.retain(|item| item["attributes"]["status"] != "canceled");
        for item in &mut items {
            let body = item.as_object_mut().unwrap();
            body.remove("relationships");
            // The id of a metric is its name.
            if !path.starts_with("v2/logs") {
                body.remove("id");
            }
            let attributes = body["attributes"].as_object_mut().unwrap();
            attributes.retain(|key, _| {
                !key.ends_with("_at") && !["banner", "created", "modified"].contains(&key.as_str())
            });
        }
        if !path.starts_with("v2/apm") {
            items.sort_by_key(Value::to_string);
        }
        found.extend(items);
    }
    found.extend(teams(world));
    let (_, lists) = world.send("GET", "/api/v1/dashboard/lists/manual", "");
    let of = |list: &Value| json!([list["name"], list["dashboard_count"]]);
    let mut lists: Vec<Value> = lists["dashboard_lists"].as_array().unwrap().iter().map(of).collect();
    lists.sort_by_key(Value::to_string);
    found.extend(lists);
    found
}

/// What teams hold at addresses of their own: links in their order, and members.
fn teams(world: &World) -> Vec<Value> {
    let (_, teams) = world.send("GET", "/api/v2/team", "");
    let of = |team: &Value| {
        let id = team["id"].as_str().unwrap();
        let part = |name: &str| world.send("GET", &format!("/api/v2/team/{id}/{name}"), "").1["data"].clone();
        let (links, members) = (part("links"), part("memberships"));
        let mut links = links.as_array().unwrap().clone();
        links.sort_by_key(|link| link["attributes"]["position"].as_i64());
        let links: Vec<&Value> = links.iter().map(|link| &link["attributes"]["url"]).collect();
        let member =
            |one: &Value| json!([one["relationships"]["user"]["data"]["id"], one["attributes"]["role"]]);
        let mut members: Vec<Value> = members.as_array().unwrap().iter().map(member).collect();
        members.sort_by_key(Value::to_string);
        json!([team["attributes"]["handle"], links, members])
    };
    let mut teams: Vec<Value> = teams["data"].as_array().unwrap().iter().map(of).collect();
    teams.sort_by_key(Value::to_string);
    teams
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
fn a_plan_of_eleven_kinds_is_one_round_trip() {
    let guests = guests();
    let world = world(&guests.journal, BEFORE);
    assert_eq!(world.run(&["plan", "--detailed-exitcode"]).code, Some(0));
    world.take_requests();
    world.control(json!({"latency_ms": 20_000}));
    let mut run = world.spawn(&["plan", "--detailed-exitcode"]);
    // A list for each kind, what the one declared list of dashboards holds, and the members of the one team that declares
    // any; whose the keys are is a courtesy that is not waited for.
    let all = world.reached(13, &mut run);
    run.kill().unwrap();
    run.wait().unwrap();
    let asked = world.total();
    assert!(all, "{asked} asked: the plan waits for an answer before it has asked for all");
    world.calm();
    world.take_requests();
    assert_eq!(world.run(&["plan", "--detailed-exitcode", "--no-cache"]).code, Some(0));
    let routes = world.take_requests();
    // Eleven lists, the organisation, the body of a dashboard, what a list of them holds, and the members of a team: links
    // stand in the list.
    assert!(routes["total"].as_u64() <= Some(15), "{routes}");
}
