//! What a plan costs, counted by the API: requests, by route, cold and warm.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api::{Requests, Served};
use crate::project::{BINARY, CRATE, Project};

/// What a plan costs at least: the pages of each kind's list, and one read of each dashboard that is not in the cache. The
/// organisation costs one more.
struct Floor<'a> {
    monitors: u64,
    dashboards: u64,
    /// Beside monitors, SLOs and dashboards: one request each.
    lists: &'a [&'a str],
    /// Suites of synthetic tests: their list shows summaries, too.
    suites: u64,
}

impl Floor<'_> {
    #[track_caller]
    fn check(&self, what: &str, requests: &Requests, (dashboards, suites): (u64, u64)) {
        println!("{what}: {} requests {:?}", requests.total, requests.routes);
        // A page that is full may be the last one: only the next tells.
        let pages = self.monitors / 1000 + 1;
        assert_eq!(requests.of("GET /api/v1/monitor"), pages, "{what}");
        let once = ["GET /api/v1/slo", "GET /api/v1/dashboard", "GET /api/v1/org"];
        for route in once.iter().chain(self.lists) {
            let times = once.iter().chain(self.lists).filter(|other| *other == route).count() as u64;
            assert_eq!(requests.of(route), times, "{what}: {route}");
        }
        assert_eq!(requests.of("GET /api/v1/dashboard/{id}"), dashboards, "{what}");
        assert_eq!(requests.of("GET /api/v2/synthetics/suites/{id}"), suites, "{what}");
        let lists = u64::try_from(once.len() + self.lists.len()).unwrap();
        assert_eq!(requests.total, pages + lists + dashboards + suites, "{what}: {:?}", requests.routes);
    }

    /// Plans twice, the first time with nothing in the cache.
    fn cold_and_warm(&self, project: &Project, served: &Served) {
        project.fine(&["apply", "--yes", "-q"]);
        std::fs::remove_dir_all(project.path(&project.cache())).unwrap();
        let _ = served.requests();
        for (what, reads) in [("cold", (self.dashboards, self.suites)), ("warm", (0, 0))] {
            let ran = project.exits(0, &["plan", "--detailed-exitcode"]);
            assert!(ran.out.ends_with("No changes.\n"), "{}", ran.shown());
            self.check(what, &served.requests(), reads);
        }
        // A list of what is nobody's reads no bodies, and forgets none.
        project.fine(&["list", "--unmanaged"]);
        let _ = served.requests();
        project.exits(0, &["plan", "--detailed-exitcode"]);
        self.check("after a list", &served.requests(), (0, 0));
        project.exits(0, &["plan", "--detailed-exitcode", "--no-cache"]);
        self.check("without a cache", &served.requests(), (self.dashboards, self.suites));
    }
}

/// Waits until a plan has sent so many requests, of which those from a number on are never answered. A plan that waits for
/// an answer before it sends the rest never gets there: none is given up and sent again before this is over.
#[track_caller]
fn sends(project: &Project, served: &Served, total: u64, held_from: u64) {
    let _ = served.requests();
    served.hold_from(held_from);
    let mut command = project.command(BINARY);
    command.args(["plan", "--timeout", "600"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = command.spawn().unwrap();
    let began = Instant::now();
    loop {
        let sent = served.total();
        if sent >= total {
            break;
        }
        let goes_on = run.try_wait().unwrap().is_none() && began.elapsed() < Duration::from_secs(40);
        if !goes_on {
            let _ = run.kill();
        }
        assert!(goes_on, "{sent} requests of {total} are sent before an answer");
        std::thread::sleep(Duration::from_millis(5));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    served.hold_from(0);
    let _ = served.requests();
}

#[test]
fn a_plan_of_a_small_project_costs_its_lists() {
    let mut project = Project::new("project: shop\n");
    let served = Served::for_project(&mut project);
    let boards: Vec<String> = (0..7)
        .map(|n| format!("  board-{n}: {{title: Board {n}, layout_type: ordered, widgets: []}}\n"))
        .collect();
    project.declare(&format!(
        "monitors:\n  one: {{name: One, type: query alert, query: 'avg(last_5m):avg:a.b{{*}} > 1'}}\ndashboards:\n{}",
        boards.concat()
    ));
    let floor = Floor { monitors: 1, dashboards: 7, lists: &[], suites: 0 };
    floor.cold_and_warm(&project, &served);

    // One that changed since is read again, and no other.
    let path = format!("/api/v1/dashboard/{}", project.ids()["dashboards/board-3"]);
    let mut live = served.get(&path);
    live["title"] = "Edited".into();
    served.send("PUT", &path, &live);
    let _ = served.requests();
    assert_eq!(project.actions(), ["update dashboards/board-3"]);
    floor.check("one changed", &served.requests(), (1, 0));
}

/// What the example declares beside monitors, SLOs and dashboards. The scanner's groups and rules stand in one answer.
const LISTS: [&str; 16] = [
    "GET /api/v2/catalog/entity",
    "GET /api/v1/notebooks",
    "GET /api/v1/synthetics/tests",
    "GET /api/v2/synthetics/suites/search",
    "GET /api/v2/remote_config/products/asm/waf/custom_rules",
    "GET /api/v2/downtime",
    "GET /api/v2/logs/config/archives",
    "GET /api/v1/logs/config/indexes",
    "GET /api/v1/logs/config/index-order",
    "GET /api/v2/logs/config/metrics",
    "GET /api/v2/monitor/notification_rule",
    "GET /api/v2/apm/config/retention-filters",
    "GET /api/v2/security/signals/notification_rules",
    "GET /api/v2/security_monitoring/rules",
    "GET /api/v2/sensitive-data-scanner/config",
    "GET /api/v2/sensitive-data-scanner/config/standard-patterns",
];

#[test]
fn a_plan_of_the_example_costs_its_lists() {
    let mut project = Project::empty();
    copy(Path::new(CRATE), &project.path(""));
    let config = project.read("musher.yaml").replace("    api: sandbox\n", "");
    project.write("musher.yaml", config);
    let served = Served::for_project(&mut project);
    project.fine(&["apply", "--yes", "-q"]);
    let ids = project.ids();
    let of = |section: &str| ids.keys().filter(|address| address.starts_with(section)).count() as u64;
    assert!(of("monitors/") > 1000, "the example has shrunk");
    let floor = Floor {
        monitors: of("monitors/"),
        dashboards: of("dashboards/"),
        lists: &LISTS,
        suites: of("synthetics_suites/"),
    };
    floor.cold_and_warm(&project, &served);

    // Warm it is one round trip: all is asked for before anything is answered.
    let warm = floor.monitors / 1000 + 1 + 3 + u64::try_from(LISTS.len()).unwrap();
    sends(&project, &served, warm, 1);
    // Dashboards that changed are read once the lists are there: a second one, however many they are.
    let mut edited = 0;
    for (_, id) in ids.iter().filter(|(address, _)| address.starts_with("dashboards/")).take(3) {
        let path = format!("/api/v1/dashboard/{id}");
        let mut live = served.get(&path);
        live["title"] = "Edited".into();
        served.send("PUT", &path, &live);
        edited += 1;
    }
    sends(&project, &served, warm + edited, warm + 1);
}

/// A first apply knows no limit; the first answer of a write announces one.
#[test]
fn a_first_apply_tells_at_once_how_long_the_announced_limit_makes_it() {
    let mut project = Project::new("project: shop\n");
    let served = Served::for_project(&mut project);
    let monitor = |n: u32| {
        format!(
            "  m{n}: {{name: M {n}, type: query alert, query: 'avg(last_5m):avg:a.b{{*}} > {n}', message: x}}\n"
        )
    };
    project.declare(&format!("monitors:\n{}", (0..20).map(monitor).collect::<String>()));
    served.send("PUT", "/sandbox/control", &json!({"limits": "monitor_write=2/10"}));
    let there = || served.get("/api/v1/monitor").as_array().unwrap().len();
    let tells = |arguments: &[&str]| {
        let before = there();
        let mut command = project.command(BINARY);
        command.args(["apply", "--yes", "--no-cache"]).args(arguments);
        let mut run = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(run.stderr.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.into_iter().find(|line| line.contains("announced"));
        run.kill().unwrap();
        run.wait().unwrap();
        // Not counted by requests: those that were on their way at once and refused are more.
        let written = there() - before;
        assert!(written <= 4, "{written} of 20 are written when it is said");
        line.unwrap_or_default()
    };
    assert_eq!(tells(&[]), "About 20 writes: at the announced 2 in 10 s that takes 1 min.");
    let line: Value = serde_json::from_str(&tells(&["--log-format", "json"])).unwrap();
    let said = line.to_string();
    assert!(said.contains("writes: at the announced 2 in 10 s that takes 1 min."), "{said}");
}

/// One of each kind that is asked for by its key, or of which a part is asked for by its own address.
const BY_KEY: &str = "\
webhooks:
  hook: {name: hook, url: https://example.com/hook}
webhook_variables:
  variable: {name: VARIABLE, value: plain, is_secret: false}
dashboard_lists:
  list: {name: List, dashboards: []}
teams:
  crew:
    name: Crew
    handle: crew
    links: [{label: Runbook, url: 'https://example.com/runbook'}]
    members: [{user: 00000000-0000-4000-8000-000000000001, role: admin}]
restriction_policies:
  crew: {id: 'dashboard:abc-def-ghi', bindings: [{relation: editor, principals: ['team:${teams.crew.id}']}]}
";

#[test]
fn a_plan_of_every_kind_is_one_round_trip() {
    let mut project = Project::new("project: shop\n");
    let served = Served::for_project(&mut project);
    let mut config = project.read("musher.yaml");
    config.push_str("kinds:\n");
    let sections = std::fs::read_dir(Path::new(CRATE).join("tests/kinds")).unwrap();
    let section = |name: &str| match name.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if name.ends_with('x') => format!("{name}es"),
        None => format!("{name}s"),
    };
    let named = sections.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let others =
        named.filter(|name| !["README.md", "dashboard", "monitor", "order", "slo"].contains(&&**name));
    others.for_each(|name| config.push_str(&format!("  - {}\n", section(&name))));
    project.write("musher.yaml", config);
    project.declare(BY_KEY);
    project.fine(&["apply", "--yes", "-q"]);
    let _ = served.requests();
    project.exits(0, &["plan", "--detailed-exitcode"]);
    let warm = served.requests();
    println!("every kind, warm: {} requests {:?}", warm.total, warm.routes);
    sends(&project, &served, warm.total, 1);
}

/// Links stand in the list of teams, members are read team by team, and only where somebody declares them.
#[test]
fn what_teams_hold_costs_what_is_declared() {
    let mut project = Project::new("project: shop\nkinds: [teams]\n");
    let served = Served::for_project(&mut project);
    let team = |n: usize| {
        let user = |of: usize| format!("{{user: 00000000-0000-4000-8000-{of:012}}}");
        let links = format!(
            "[{{label: Runbook, url: 'https://example.com/{n}'}}, {{label: Chat, url: 'https://chat.example'}}]"
        );
        let members = match n % 100 {
            0 => format!(", members: [{}, {}]", user(n), user(n + 1)),
            _ => String::new(),
        };
        format!("  team-{n}: {{name: Team {n}, handle: team-{n}, links: {links}{members}}}\n")
    };
    let teams: String = (0..500).map(team).collect();
    project.declare(&format!("teams:\n{teams}"));
    project.fine(&["apply", "--yes", "-q"]);
    let _ = served.requests();
    for cache in ["warm", "none"] {
        let options: &[&str] = if cache == "none" { &["--no-cache"] } else { &[] };
        project.exits(0, &[&["plan", "--detailed-exitcode"], options].concat());
        let asked = served.requests();
        println!(
            "500 teams with links, 5 with members, {cache}: {} requests {:?}",
            asked.total, asked.routes
        );
        // Pages of 100, and one behind them.
        assert_eq!(asked.of("GET /api/v2/team"), 6);
        assert_eq!(asked.of("GET /api/v2/team/{id}/links"), 0);
        assert_eq!(asked.of("GET /api/v2/team/{id}/memberships"), 5);
        assert_eq!(asked.total, 6 + 5 + 4);
    }
}

/// Copies the example: what a clone of the repository holds of a project.
pub fn copy(from: &Path, to: &Path) {
    std::fs::copy(from.join("musher.yaml"), to.join("musher.yaml")).unwrap();
    for folder in ["monitors", "inventory", "templates"] {
        copy_folder(&from.join(folder), &to.join(folder));
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What `--only` asks for, by route, and what it plans.
fn only(project: &Project, served: &Served, addresses: &[&str]) -> (Requests, String) {
    let _ = served.requests();
    let mut words = vec!["plan"];
    addresses.iter().for_each(|address| words.extend(["--only", address]));
    let ran = project.run(&words);
    let requests = served.requests();
    println!("--only {addresses:?}: {} requests {:?}", requests.total, requests.routes);
    (requests, ran.out)
}

const FEW: &str = "\
monitors:
  a: {type: metric alert, name: A, query: 'avg(last_5m):avg:a{*} > 1', message: '@slack-a', options: {thresholds: {critical: 1}}}
  b: {type: metric alert, name: B, query: 'avg(last_5m):avg:b{*} > 1', message: '@slack-a', options: {thresholds: {critical: 1}}}
  c: {type: metric alert, name: C, query: 'avg(last_5m):avg:c{*} > 1', message: '@slack-a', options: {thresholds: {critical: 1}}}
  both: {type: composite, name: Both, query: '${monitors.a.id} && ${monitors.b.id}', message: '@slack-a'}
slos:
  works: {name: Works, type: monitor, monitor_ids: ['${monitors.a.id}'], thresholds: [{timeframe: 30d, target: 99}]}
dashboards:
  one: {title: One, layout_type: ordered, widgets: []}
  two: {title: Two, layout_type: ordered, widgets: []}
";

#[test]
fn one_resource_costs_no_more_than_it_needs() {
    let mut project = Project::new("project: shop\n");
    let served = Served::for_project(&mut project);
    project.declare(FEW);
    project.fine(&["apply", "--yes", "-q"]);
    let list = "GET /api/v1/monitor";
    let check = |addresses: &[&str], monitors: u64, others: &[&str]| {
        let (asked, out) = only(&project, &served, addresses);
        assert!(out.ends_with("No changes.\n"), "{out}");
        assert_eq!(asked.of(list), monitors, "{addresses:?}");
        let others = others.len() as u64;
        assert_eq!(asked.total, 1 + monitors + others, "{addresses:?}: {:?}", asked.routes);
    };
    check(&["monitors/c"], 1, &[]);
    check(&["monitors/c", "monitors/b"], 2, &[]);
    check(&["slos/works"], 1, &["GET /api/v1/slo"]);
    check(&["monitors/both"], 3, &[]);
    // Its own list shows a summary, and the cache has the body.
    check(&["dashboards/one"], 0, &["GET /api/v1/dashboard"]);
    std::fs::remove_dir_all(project.path(&project.cache())).unwrap();
    check(&["dashboards/one"], 0, &["GET /api/v1/dashboard", "GET /api/v1/dashboard/{id}"]);
    // A pattern asks for all that may fit it.
    let (asked, _) = only(&project, &served, &["monitors/*"]);
    assert_eq!(asked.of("GET /api/v1/slo"), 1);

    // What the next plan of all costs is what it cost before: nothing of what few were asked for is taken for all.
    project.fine(&["plan"]);
    let _ = served.requests();
    project.fine(&["plan"]);
    let whole = served.requests();
    check(&["dashboards/two"], 0, &["GET /api/v1/dashboard"]);
    check(&["monitors/a"], 1, &[]);
    let _ = served.requests();
    project.fine(&["plan"]);
    assert_eq!(served.requests().routes, whole.routes);
}

/// With and without asking for less, the same is said: each of these is planned for itself, and among all.
#[test]
fn one_resource_is_planned_as_among_all() {
    let mut project = Project::new("project: shop\n");
    let served = Served::for_project(&mut project);
    project.declare(FEW);
    project.fine(&["apply", "--yes", "-q"]);
    let ids = project.ids();
    let monitor = |address: &str| format!("/api/v1/monitor/{}", ids[address]);
    // The pattern that only this address fits asks for everything.
    let whole = |address: &str| {
        let pattern = format!("{}[{}]", &address[..address.len() - 1], &address[address.len() - 1..]);
        project.run(&["plan", "--only", &pattern]).out.replace(&pattern, address)
    };
    let check = |address: &str, is_narrow: bool, expected: &str| {
        let (asked, out) = only(&project, &served, &[address]);
        assert_eq!(asked.of("GET /api/v1/dashboard") == 0, is_narrow, "{address}: {:?}", asked.routes);
        assert!(out.contains(expected), "{address}: {expected}: {out}");
        assert_eq!(out, whole(address), "{address}");
    };
    check("monitors/a", true, "No changes.");
    project.declare(&FEW.replace("name: C,", "name: New,"));
    check("monitors/c", true, "~ monitors/c");
    check("monitors/b", true, "No changes.");
    // A member is another one: the old one's name is known from its list alone.
    project.declare(
        &FEW.replace("${monitors.a.id} && ${monitors.b.id}", "${monitors.a.id} && ${monitors.c.id}"),
    );
    check("monitors/both", false, "~ monitors/both");
    // Another type is a new object.
    let other =
        "  c: {type: event-v2 alert, name: C, query: 'events(\"c\").rollup(\"count\").last(\"5m\") > 1',";
    let own = "  c: {type: metric alert, name: C, query: 'avg(last_5m):avg:c{*} > 1',";
    assert!(FEW.contains(own));
    project.declare(&FEW.replace(own, other));
    check("monitors/c", false, "monitors/c");
    // What is new, no longer declared, moved, taken by its id, or refers to what is not there yet.
    project.declare(&FEW.replace("  c: {", "  d: {"));
    check("monitors/d", false, "+ monitors/d");
    check("monitors/c", false, "- monitors/c");
    project.declare(&FEW.replace("  c: {", "  d: {$moved_from: [c], "));
    check("monitors/d", false, "monitors/d");
    project.declare(&FEW.replace("  c: {", &format!("  c: {{$id: {}, ", ids["monitors/c"])));
    check("monitors/c", false, "No changes.");
    project.declare(FEW);
    // A clone bears the mark, too.
    let mut clone = served.get(&monitor("monitors/c"));
    clone["name"] = "A copy".into();
    let made = served.send("POST", "/api/v1/monitor", &clone);
    check("monitors/c", false, "monitors/c");
    served.send("DELETE", &format!("/api/v1/monitor/{}", made["id"]), &Value::Null);
    check("monitors/c", true, "No changes.");
    // Somebody damaged the mark: its owner is there, its id is not.
    let mut live = served.get(&monitor("monitors/c"));
    let tags = live["tags"].as_array().unwrap().clone();
    let without: Vec<&Value> =
        tags.iter().filter(|tag| !tag.as_str().unwrap().starts_with("musher_id:")).collect();
    live["tags"] = json!(without);
    served.send("PUT", &monitor("monitors/c"), &live);
    let (_, out) = only(&project, &served, &["monitors/c"]);
    assert_eq!(out, whole("monitors/c"));
    live["tags"] = json!(tags);
    served.send("PUT", &monitor("monitors/c"), &live);
    // It is gone.
    served.send("DELETE", &monitor("monitors/c"), &Value::Null);
    check("monitors/c", false, "+ monitors/c");
    // An apply of one changes that one.
    project.declare(&FEW.replace("name: B,", "name: Better,"));
    project.fine(&["apply", "--yes", "-q", "--only", "monitors/b"]);
    assert_eq!(served.get(&monitor("monitors/b"))["name"], "Better");
    assert_eq!(project.actions(), ["create monitors/c"]);
}
