//! Who owns what: environments and projects in one organisation, clones, and `--only`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::api::Served;
use crate::project::Project;

/// A monitor of this id and name.
fn monitor(id: &str, name: &str) -> String {
    format!("  {id}: {{name: '{name}', type: query alert, query: 'avg(last_5m):avg:a.b{{*}} > 1'}}\n")
}

/// A resource of each kind.
fn all_kinds() -> String {
    format!(
        "monitors:\n{}slos:\n  same: {{name: '${{env}}', type: metric, thresholds: [{{timeframe: 7d, target: 99}}], \
         query: {{numerator: 'sum:a.b{{*}}.as_count()', denominator: 'sum:a.c{{*}}.as_count()'}}}}\n\
         dashboards:\n  same: {{title: '${{env}}', layout_type: ordered, widgets: []}}\n",
        monitor("same", "${env}")
    )
}

fn count(served: &Served) -> [usize; 3] {
    let of =
        |path: &str, list: &str| served.get(path).pointer(list).and_then(Value::as_array).map_or(0, Vec::len);
    [of("/api/v1/monitor", ""), of("/api/v1/slo", "/data"), of("/api/v1/dashboard", "/dashboards")]
}

#[test]
fn environments_of_one_organisation_never_see_each_other() {
    let project = Project::new("project: shop\nenvironments: {one: {api: sandbox}, two: {api: sandbox}}\n");
    let served = Served::start(&project);
    project.declare(&all_kinds());
    for environment in ["one", "two"] {
        let ran = project.exits(2, &["plan", "--detailed-exitcode", "-e", environment]);
        assert!(ran.out.contains("Plan: 3 to create."), "{}", ran.out);
        project.fine(&["apply", "--yes", "-e", environment]);
        project.exits(0, &["plan", "--detailed-exitcode", "-e", environment]);
    }
    assert_eq!(count(&served), [2, 2, 2]);
    // What one of them does is nothing to the other.
    project.declare(&all_kinds().replace("'${env}'", "'new ${env}'"));
    project.fine(&["apply", "--yes", "-e", "one"]);
    project.exits(2, &["plan", "--detailed-exitcode", "-e", "two"]);
    project.fine(&["apply", "--destroy", "--yes", "-e", "one"]);
    assert_eq!(count(&served), [1, 1, 1]);
    let ran = project.exits(0, &["plan", "-e", "two"]);
    assert!(ran.out.contains("Plan: 3 to change."), "{}", ran.out);
}

#[test]
fn projects_of_one_organisation_never_see_each_other() {
    // Names that begin alike, and owners that an environment's name could forge.
    let mut projects: Vec<Project> =
        ["project: shop\n", "project: shop-two\n", "project: shop\nenvironments: {two: {}}\n"]
            .map(Project::new)
            .into();
    let served = Served::start(&projects[0]);
    for project in &mut projects {
        project.set("DATADOG_HOST", &served.url());
        project.set("DD_API_KEY", "k");
        project.set("DD_APP_KEY", "k");
        project.declare(&all_kinds().replace("${env}", "same"));
    }
    for (number, project) in (1..).zip(&projects) {
        assert_eq!(project.actions(), ["create dashboards/same", "create monitors/same", "create slos/same"]);
        if number > 1 {
            // The same ids under another owner may be a project that was renamed: that is asked.
            let held = project.exits(3, &["apply", "--yes"]);
            assert!(held.err.contains("brake `owner`"), "{}", held.shown());
        }
        project.fine(&["apply", "--yes", "--release-brake", "owner"]);
        project.settles(&[]);
        assert_eq!(count(&served), [number; 3]);
    }
    for project in &projects {
        project.settles(&[]);
    }
    projects[0].fine(&["apply", "--destroy", "--yes"]);
    assert_eq!(count(&served), [2; 3]);
    projects[1].settles(&[]);
    projects[2].settles(&[]);
}

/// What the UI does on "clone": everything but the name and what the service sets, the mark included.
fn clone(served: &Served, path: &str, id: &str) -> String {
    let mut body = served.get(&format!("{path}/{id}"));
    if let Some(data) = body.get("data") {
        body = data.clone();
    }
    for field in ["id", "created_at", "modified_at", "created", "modified", "creator", "url"] {
        body.as_object_mut().unwrap().remove(field);
    }
    for field in ["name", "title"] {
        if let Some(name) = body.get_mut(field) {
            *name = format!("{} (copy)", name.as_str().unwrap()).into();
        }
    }
    let made = served.send("POST", path, &body);
    let id = made.pointer("/data/0/id").unwrap_or(&made["id"]);
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

#[test]
fn clones_are_told_and_never_touched() {
    let project = Project::sandbox();
    let served = Served::start(&project);
    project.declare(&all_kinds());
    project.settles(&["create dashboards/same", "create monitors/same", "create slos/same"]);
    let ids = project.ids();
    // An SLO is as old as the second in which it was made.
    let second = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let made =
        served.get(&format!("/api/v1/slo/{}", ids["slos/same"]))["data"]["created_at"].as_u64().unwrap();
    while second() <= made {
        std::thread::sleep(Duration::from_millis(20));
    }
    let paths = [
        ("dashboards/same", "/api/v1/dashboard"),
        ("monitors/same", "/api/v1/monitor"),
        ("slos/same", "/api/v1/slo"),
    ];
    let clones = paths.map(|(address, path)| (path, clone(&served, path, &ids[address])));
    let before = clones.clone().map(|(path, id)| served.get(&format!("{path}/{id}")));

    let ran = project.exits(0, &["plan", "--detailed-exitcode"]);
    assert_eq!(ran.err.matches("warning[duplicate-mark]").count(), 3, "{}", ran.err);
    for (_, id) in &clones {
        assert!(ran.err.contains(id.as_str()), "the URL of {id} is missing: {}", ran.err);
    }
    assert_eq!(project.ids(), ids);

    // Neither a change nor a delete reaches them.
    project.declare(&all_kinds().replace("'${env}'", "'new'"));
    project.fine(&["apply", "--yes"]);
    assert_eq!(project.ids(), ids);
    let after = clones.clone().map(|(path, id)| served.get(&format!("{path}/{id}")));
    assert_eq!(before, after);
}

#[test]
fn what_a_replace_left_behind_is_taken_away() {
    let project = Project::sandbox();
    let served = Served::start(&project);
    project.applies(&format!("monitors:\n{}", monitor("one", "One")), &["create monitors/one"]);
    let old = project.ids()["monitors/one"].clone();
    // The new one was made, then the run was killed: two objects with one mark, of which one can't be what is declared.
    let tags = served.get(&format!("/api/v1/monitor/{old}"))["tags"].clone();
    let new = served.send(
        "POST",
        "/api/v1/monitor",
        &json!({"name": "One", "type": "log alert", "tags": tags,
            "query": "logs(\"*\").index(\"*\").rollup(\"count\").last(\"5m\") > 1"}),
    );
    project.declare(
        "monitors:\n  one: {name: One, type: log alert, query: 'logs(\"*\").index(\"*\").rollup(\"count\").last(\"5m\") > 1'}\n",
    );
    project.settles(&["delete monitors/one"]);
    assert_eq!(project.ids()["monitors/one"], new["id"].to_string());
    assert_eq!(count(&served), [1, 0, 0]);
}

#[test]
fn only_what_is_named_changes() {
    let project = Project::sandbox();
    let served = Served::start(&project);
    let made = served.send(
        "POST",
        "/api/v1/monitor",
        &json!({"name": "Found", "type": "query alert", "query": "avg(last_5m):avg:a.b{*} > 1"}),
    );
    let all = |name: &str| {
        format!("monitors:\n{}{}{}", monitor("a/one", name), monitor("a/two", name), monitor("b/one", name))
    };
    project
        .applies(&all("first"), &["create monitors/a/one", "create monitors/a/two", "create monitors/b/one"]);
    // A change of all, one taken out, one to adopt: outside of the pattern nothing happens.
    let found = monitor("b/found", "Found").replace('{', &format!("{{$id: {}, ", made["id"])).replacen(
        "a.b{$id: 100000001, *",
        "a.b{*",
        1,
    );
    project.declare(&format!("monitors:\n{}{found}", monitor("a/one", "second")));
    assert_eq!(
        project.actions(),
        ["update monitors/a/one", "delete monitors/a/two", "adopt monitors/b/found", "delete monitors/b/one"]
    );
    let before = project.ids();
    project.fine(&["apply", "--yes", "--only", "monitors/a/o*"]);
    assert_eq!(project.ids().len(), before.len());
    assert_eq!(
        project.actions(),
        ["delete monitors/a/two", "adopt monitors/b/found", "delete monitors/b/one"]
    );
    project.fine(&["apply", "--yes", "--only", "monitors/a/*"]);
    assert_eq!(project.actions(), ["adopt monitors/b/found", "delete monitors/b/one"]);
    project.fine(&["apply", "--yes"]);
    project.settles(&[]);
}

#[test]
fn a_reference_outside_of_only_is_the_live_one() {
    let project = Project::sandbox();
    let served = Served::start(&project);
    let composite =
        "  both: {name: Both, type: composite, query: '${monitors.one.id} && ${monitors.two.id}'}\n";
    let members = format!("{}{}", monitor("one", "One"), monitor("two", "Two"));
    project.declare(&format!("monitors:\n{members}{composite}"));
    // Nothing to refer to yet: an error that names it, and no write.
    let before = project.journal();
    let ran = project.exits(1, &["apply", "--yes", "--only", "monitors/both"]);
    insta::assert_snapshot!("reference_outside_of_only", ran.shown());
    assert_eq!(project.journal(), before);

    project.fine(&["apply", "--yes", "--only", "monitors/one", "--only", "monitors/two"]);
    project.fine(&["apply", "--yes", "--only", "monitors/both"]);
    let ids = project.ids();
    let live = served.get(&format!("/api/v1/monitor/{}", ids["monitors/both"]));
    assert_eq!(live["query"], format!("{} && {}", ids["monitors/one"], ids["monitors/two"]));

    // A member that would be replaced is not, and the reference stays with the one that lives.
    let other = "logs(\"*\").index(\"*\").rollup(\"count\").last(\"5m\") > 1";
    let replaced =
        format!("  one: {{name: One, type: log alert, query: '{other}'}}\n{}", monitor("two", "Two"));
    let renamed = composite.replace("name: Both", "name: Pair");
    project.declare(&format!("monitors:\n{replaced}{renamed}"));
    project.fine(&["apply", "--yes", "--only", "monitors/both"]);
    let live = served.get(&format!("/api/v1/monitor/{}", ids["monitors/both"]));
    assert_eq!(live["name"], "Pair");
    assert_eq!(live["query"], format!("{} && {}", ids["monitors/one"], ids["monitors/two"]));
}

/// An entity of this id and name, and what stands beside it.
fn entity(id: &str, name: &str, beside: &str) -> String {
    format!("  {id}: {{apiVersion: v3, kind: service, metadata: {{name: {name}, owner: shop}}{beside}}}\n")
}

/// The service has one write for entities, which takes the place of whatever bears the name: nothing is written over.
#[test]
fn an_entity_that_is_there_is_never_written_over() {
    let project = Project::new(
        "project: shop\nkinds: [entities]\nenvironments: {one: {api: sandbox}, two: {api: sandbox}}\n",
    );
    let served = Served::start(&project);
    let owners = || -> Vec<Value> {
        let all = served.get("/api/v2/catalog/entity?include=schema");
        let mut all: Vec<Value> = all["included"].as_array().cloned().unwrap_or_default();
        all.sort_by_key(|one| one["id"].to_string());
        all.iter().map(|one| one["attributes"]["schema"]["metadata"].clone()).collect()
    };
    let declared = |all: &[String]| project.declare(&format!("entities:\n{}", all.concat()));
    declared(&[entity("cart", "cart", "")]);
    project.fine(&["apply", "--yes", "-e", "one"]);
    let document =
        json!({"apiVersion": "v3", "kind": "service", "metadata": {"name": "theirs", "owner": "others"}});
    served.send("POST", "/api/v2/catalog/entity", &document);
    let before = owners();
    assert_eq!(before.len(), 2);
    let refused = |environment: &str, words: &str| {
        for command in [&["plan"][..], &["apply", "--yes"]] {
            let ran = project.exits(1, &[command, &["-e", environment]].concat());
            assert!(ran.err.contains("id-taken") && ran.err.contains(words), "{words}\n{}", ran.err);
        }
        assert_eq!(owners(), before, "{words}");
    };
    // Another environment's, one without a mark, one of our own under another id, and one that is declared twice.
    refused("two", "that is `entities/cart` of `shop.one`");
    declared(&[entity("cart", "cart", ""), entity("a", "theirs", "")]);
    refused("one", "to take it over write `$id: \"service:default/theirs\"` here");
    declared(&[entity("basket", "cart", "")]);
    refused("one", "write `$moved_from: cart`");
    declared(&[entity("cart", "cart", ""), entity("a", "new", ""), entity("b", "new", "")]);
    refused("one", "so is `entities/a`");
    // Renamed to what somebody else has.
    declared(&[entity("cart", "theirs", "")]);
    refused("one", "bears no mark");
    // What was said may be done.
    declared(&[
        entity("basket", "cart", ", $moved_from: cart"),
        entity("a", "theirs", ", $id: \"service:default/theirs\""),
    ]);
    project.fine(&["apply", "--yes", "-e", "one"]);
    project.exits(0, &["plan", "--detailed-exitcode", "-e", "one"]);
    assert_eq!(owners().len(), 2);
    // Somebody makes it between the plan and its apply.
    declared(&[entity("basket", "cart", ""), entity("a", "theirs", ""), entity("late", "late", "")]);
    project.fine(&["plan", "-e", "one", "--format", "json", "-o", "plan.json"]);
    let document =
        json!({"apiVersion": "v3", "kind": "service", "metadata": {"name": "late", "owner": "others"}});
    served.send("POST", "/api/v2/catalog/entity", &document);
    let before = owners();
    let ran = project.run(&["apply", "plan.json", "--yes", "-e", "one"]);
    assert!(ran.code != Some(0) && owners() == before, "{}", ran.shown());
    project.fine(&["apply", "--destroy", "--yes", "-e", "one"]);
    assert_eq!(owners().len(), 1);
}
