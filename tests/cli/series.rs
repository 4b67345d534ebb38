//! `import --templatize`: series become a template, a list and overrides, and the next plan changes nothing but marks.

use serde_json::json;

use crate::api::Served;
use crate::moving::{monitor, only_marks};
use crate::project::Project;

fn load(served: &Served, service: &str, critical: f64, tags: &[&str]) -> u64 {
    let query =
        format!("avg(last_5m):avg:system.load.5{{service:{service},env:prod}} by {{host}} > {critical}");
    let tags: Vec<String> =
        tags.iter().map(|tag| (*tag).to_owned()).chain([format!("service:{service}")]).collect();
    monitor(
        served,
        json!({"name": format!("Load of {service} is high"), "query": query, "tags": tags,
            "message": format!("Look at {service} first. @slack-core"), "options": {"thresholds": {"critical": critical}}}),
    )
}

#[test]
fn what_is_alike_becomes_a_template() {
    let project = Project::sandbox();
    let served = Served::start(&project);
    let services: Vec<String> = (0..30).map(|number| format!("card-{number}-api")).collect();
    let ids: Vec<u64> = services
        .iter()
        .enumerate()
        .map(|(at, service)| load(&served, service, if at == 3 { 9.0 } else { 5.0 }, &["team:core"]))
        .collect();
    monitor(
        &served,
        json!({"name": "Something else", "query": "max(last_1h):max:x.y{*} by {zone} > 1", "message": "Hm."}),
    );
    let both = format!("{} && {}", ids[0], ids[1]);
    monitor(&served, json!({"name": "Both are high", "type": "composite", "query": both, "options": {}}));

    // Nobody can be asked: it is shown, and nothing is written.
    let ran = project.exits(1, &["import", "monitor", "--all", "--templatize"]);
    assert!(ran.err.contains("30 resources of 30 instances become one template"), "{}", ran.err);
    assert!(
        ran.err.contains("critical (5, 1 otherwise)") && ran.err.contains("run it with --yes"),
        "{}",
        ran.err
    );
    assert!(!project.path("templates").exists() && !project.path("inventory").exists());
    assert_eq!(std::fs::read_dir(project.path("monitors")).unwrap().count(), 0);

    let ran = project.exits(0, &["import", "monitor", "--all", "--templatize", "--yes", "-v"]);
    assert_eq!(ran.out.lines().count(), 32, "{}", ran.shown());
    let template = project.read("templates/load-of-is-high.yaml");
    for line in [
        "name: Load of ${service} is high",
        "query: avg(last_5m):avg:system.load.5{service:${service},env:prod} by {host} > ${critical}",
        "critical: ${critical}",
        "    default: 5\n",
    ] {
        assert!(template.contains(line), "{line}\n{template}");
    }
    let list = project.read("inventory/load-of-is-high.csv");
    assert!(list.starts_with("service,datadog_id\ncard-0-api,"), "{list}");
    assert!(
        project.read("monitors/load-of-is-high.yaml").contains("      card-3-api:\n        critical: 9\n")
    );
    // What refers to one of them finds it under its new address.
    let composite = project.read("monitors/both-are-high.json");
    assert!(composite.contains("${monitors.[load-of-is-high/card-0-api/monitor].id} && ${monitors.[load-of-is-high/card-1-api/monitor].id}"), "{composite}");
    only_marks(&project, 32);

    // Its files lost, it comes back from the marks, under the same ids.
    for file in
        ["templates/load-of-is-high.yaml", "inventory/load-of-is-high.csv", "monitors/load-of-is-high.yaml"]
    {
        project.remove(file);
    }
    project.remove("monitors/both-are-high.json");
    // Told by places, where nobody asked for each.
    let ran = project.exits(0, &["import", "monitor", "--managed", "--templatize", "--yes"]);
    assert_eq!(
        ran.out,
        "monitors/both-are-high.json    1 monitor\nmonitors/load-of-is-high.yaml  30 monitors\n"
    );
    assert!(!project.read("inventory/load-of-is-high.csv").contains("datadog_id"));
    let ran = project.exits(0, &["plan", "--detailed-exitcode"]);
    assert!(ran.out.ends_with("No changes.\n"), "{}", ran.shown());
}

/// Killed as soon as the first of its files is there, or a little later: nothing is declared without its template and
/// list, and the next run ends as an undisturbed one.
#[test]
fn killed_between_its_files_it_is_mended_by_the_next_run() {
    const FILES: [&str; 3] =
        ["templates/load-of-is-high.yaml", "inventory/load-of-is-high.csv", "monitors/load-of-is-high.yaml"];
    let arguments = ["import", "monitor", "--all", "--templatize", "--yes"];
    let project = Project::sandbox();
    let served = Served::start(&project);
    for number in 0..12 {
        load(&served, &format!("card-{number}-api"), if number == 3 { 9.0 } else { 5.0 }, &["team:core"]);
    }
    drop(served);
    project.fine(&arguments);
    let expected = FILES.map(|file| project.read(file));
    // Each state that a kill can leave, by the order in which the files are written.
    for there in 0..FILES.len() {
        FILES.iter().skip(there).for_each(|file| drop(std::fs::remove_file(project.path(file))));
        project.fine(&["validate"]);
        project.fine(&arguments);
        assert_eq!(FILES.map(|file| project.read(file)), expected, "{there} were there");
    }
    for pause in 0..12 {
        FILES.iter().for_each(|file| project.remove(file));
        let mut run = project.command(crate::project::BINARY);
        run.args(arguments).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut run = run.spawn().unwrap();
        while !FILES.iter().any(|file| project.path(file).exists()) && run.try_wait().unwrap().is_none() {}
        std::thread::sleep(std::time::Duration::from_micros(40 * pause));
        run.kill().unwrap();
        run.wait().unwrap();
        let there = FILES.map(|file| project.path(file).exists());
        assert!(!there[2] || there == [true; 3], "{there:?}");
        let ran = project.run(&arguments);
        assert_eq!(ran.code, Some(0), "{}", ran.shown());
        assert_eq!(FILES.map(|file| project.read(file)), expected, "{there:?}");
        for folder in ["templates", "inventory", "monitors"] {
            assert_eq!(std::fs::read_dir(project.path(folder)).unwrap().count(), 1, "{folder}");
        }
    }
}

#[test]
fn names_of_hostile_titles_are_harmless_and_nothing_is_overwritten() {
    let project = Project::sandbox();
    let served = Served::start(&project);
    for at in 0..5 {
        let title = format!("../../{at}/etc \u{1b}[31m=cmd()|'\"{at}\"' ${{env}} {{{{x}}}}");
        let query = format!("avg(last_5m):avg:a.b{{service:s{at}}} > 1");
        monitor(
            &served,
            json!({"name": title, "query": query, "tags": [format!("lower:${at}"), format!("each:{at},\"x")]}),
        );
    }
    project.write("templates/etc-31m-cmd-env-x.yaml", "monitors: {}\n");
    let ran = project.exits(0, &["import", "monitor", "--all", "--templatize", "--yes"]);
    assert!(!ran.shown().contains('\u{1b}'), "{}", ran.shown());
    let all: Vec<String> = ["templates", "inventory", "monitors"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(project.path(folder)).into_iter().flatten().flatten())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let is_plain = |name: &String| {
        name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c))
    };
    assert!(all.iter().all(is_plain), "{all:?}");
    assert_eq!(project.read("templates/etc-31m-cmd-env-x.yaml"), "monitors: {}\n");
    only_marks(&project, 5);
}

#[test]
fn what_differs_in_more_than_names_stays_apart() {
    let project = Project::sandbox();
    let served = Served::start(&project);
    for (name, query) in [
        ("a", "avg(last_5m):avg:a.b{service:a} > 1"),
        ("b", "avg(last_5m):avg:c.d{service:b} > 1"),
        ("c", "avg(last_10m):avg:a.b{service:c} > 1"),
        ("d", "avg(last_5m):avg:a.b{host:d} > 1"),
        ("e", "avg(last_5m):avg:a.b{service:e} < 1"),
    ] {
        monitor(&served, json!({"name": name, "query": query}));
    }
    let ran = project.exits(0, &["import", "monitor", "--all", "--templatize"]);
    assert!(ran.err.contains("No template"), "{}", ran.err);
    only_marks(&project, 5);
    for wrong in [
        &["import", "monitor", "--all", "--yes"][..],
        &["import", "monitor", "--all", "--templatize", "--into", "monitors/x.yaml"],
    ] {
        let ran = project.run(wrong);
        assert!(ran.code.is_some_and(|code| code != 0), "{}", ran.shown());
    }
}

#[test]
fn what_nobody_owns_is_listed_with_who_made_it() {
    let project =
        Project::new("project: shop\nkinds: [logs_metrics]\nenvironments: {sandbox: {api: sandbox}}\n");
    let served = Served::start(&project);
    load(&served, "mine", 5.0, &["musher:shop.sandbox", "musher_id:mine"]);
    load(&served, "theirs", 5.0, &["musher:other.prod", "musher_id:x"]);
    let wild = load(&served, "wild", 5.0, &[]);
    let adopted = load(&served, "adopted", 5.0, &[]);
    let board = served.send(
        "POST",
        "/api/v1/dashboard",
        &json!({"title": "Bo\u{1b}ard", "layout_type": "ordered", "widgets": []}),
    );
    for id in ["declared.metric", "wild.metric"] {
        let body = json!({"data": {"type": "logs_metrics", "id": id, "attributes": {"compute": {"aggregation_type": "count"}, "filter": {"query": "*"}}}});
        served.send("POST", "/api/v2/logs/config/metrics", &body);
    }
    project.declare(&format!(
        "monitors:\n  a: {{$id: {{sandbox: {adopted}}}, name: Load of adopted is high, type: query alert, query: \"avg(last_5m):avg:x{{*}} > 1\"}}\n\
         logs_metrics:\n  m: {{id: declared.metric, compute: {{aggregation_type: count}}, filter: {{query: \"*\"}}}}\n"
    ));
    served.requests();
    let found: serde_json::Value =
        serde_json::from_str(&project.fine(&["list", "--unmanaged", "--format", "json"])).unwrap();
    let shown: Vec<String> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            format!(
                "{} {} {}",
                item["kind"].as_str().unwrap(),
                item["datadog_id"].as_str().unwrap(),
                item["made_by"].is_string()
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            format!("dashboard {} true", board["id"].as_str().unwrap()),
            "logs_metric wild.metric false".to_owned(),
            format!("monitor {wild} true")
        ]
    );
    assert!(found[0]["made_at"].as_str().unwrap().ends_with('Z') && found[1]["made_at"].is_null(), "{found}");
    let text = project.fine(&["list", "--unmanaged"]);
    assert!(
        text.contains("made by") && text.contains("Load of wild is high") && !text.contains('\u{1b}'),
        "{text}"
    );
    assert!(project.fine(&["list", "--unmanaged", "--format", "markdown"]).contains(&format!("`{wild}`")));
}
