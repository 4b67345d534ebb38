//! Marks: written by others, copied, damaged, lost; and who is whose after it.

use serde_json::{Value, json};

use crate::liar::{Answer, Liar, dashboard, definitions, monitor, slo};

#[test]
fn an_honest_service_ends_with_one_of_each() {
    let liar = Liar::start();
    let project = liar.project();
    let all = json!({
        "monitors": {"a": monitor("a", json!({}))},
        "slos": {"s": slo("s", json!({}))},
        "dashboards": {"d": dashboard("d", json!({}))},
    });
    let created = ["create dashboards/d", "create monitors/a", "create slos/s"];
    project.applies(&definitions(all), &created);
    assert_eq!(liar.take_writes().len(), 3);
    project.applies(
        &definitions(json!({"monitors": {"a": monitor("new", json!({}))}})),
        &["delete dashboards/d", "update monitors/a", "delete slos/s"],
    );
    assert_eq!(liar.take_writes().len(), 3);
    assert_eq!(liar.all("monitors")[0]["tags"], json!(["musher:bar.prod", "musher_id:a"]));
    assert_eq!(liar.get("monitors", &liar.ids("monitors")[0])["name"], "new");
    assert!(liar.all("slos").is_empty() && liar.all("dashboards").is_empty());
}

const MARK: [&str; 2] = ["musher:bar.prod", "musher_id:a"];

fn log_alert(name: &str, tags: &[&str]) -> Value {
    let query = "logs(\"x\").index(\"*\").rollup(\"count\").last(\"5m\") > 1";
    monitor(name, json!({"type": "log alert", "query": query, "tags": tags}))
}

fn with_tags(name: &str, tags: &[&str]) -> Value {
    monitor(name, json!({ "tags": tags }))
}

fn monitors(all: Value) -> String {
    definitions(json!({ "monitors": all }))
}

/// Which resource each monitor says that it is, and its name, by id.
fn owned(liar: &Liar) -> Vec<(u64, String, String)> {
    let tag = |body: &Value| {
        let tags = body["tags"].as_array().unwrap().iter().filter_map(Value::as_str);
        tags.filter_map(|tag| tag.strip_prefix("musher_id:")).collect::<Vec<_>>().join(",")
    };
    let all = liar.all("monitors");
    all.iter()
        .map(|body| (body["id"].as_u64().unwrap(), tag(body), body["name"].as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn a_mark_that_a_person_writes_is_refused_and_makes_nothing() {
    let in_defaults =
        "project: bar\nenvironments: {prod: {}}\ndefaults: {monitors: {tags: ['MUSHER:yes']}}\n";
    let by_variable = "project: bar\nenvironments: {prod: {}}\nvars: {mark: 'musher_id:b'}\n";
    let silenced = "project: bar\nenvironments: {prod: {}}\nrules: {own-mark: off}\n";
    for (musher, over) in [
        ("project: bar\n", json!({"tags": ["musher:yes"]})),
        ("project: bar\n", json!({"tags": ["\u{200b}Musher_Protect: true"]})),
        ("project: bar\n", json!({"tags": "team:x"})),
        (in_defaults, json!({})),
        (by_variable, json!({"tags": ["${mark}"]})),
        (silenced, json!({"tags": ["musher:yes"]})),
    ] {
        let liar = Liar::start();
        let project = liar.project_of(musher);
        project.declare(&monitors(json!({"a": monitor("a", over)})));
        project.exits(1, &["validate"]);
        project.exits(1, &["apply", "--yes"]);
        assert!(liar.all("monitors").is_empty(), "{musher}");
    }
    // What only looks alike is fine, and a raw export or a `$file` may hold a mark: it is dropped.
    let liar = Liar::start();
    let project = liar.project();
    project.write("monitors/raw.json", with_tags("raw", &["musher:yes", "musher_id:x"]).to_string());
    project.write("bodies/part.json", json!({"tags": ["musher:yes", "kept:yes"]}).to_string());
    let filed = monitor("filed", json!({"$file": "../bodies/part.json"}));
    project.applies(
        &monitors(json!({"alike": with_tags("alike", &["mushers:yes", "my_musher:x"]), "filed": filed})),
        &["create monitors/alike", "create monitors/filed", "create monitors/raw"],
    );
    let tags: Vec<Value> = liar.all("monitors").iter().map(|body| body["tags"].clone()).collect();
    assert!(tags.contains(&json!(["kept:yes", "musher:bar.prod", "musher_id:filed"])), "{tags:?}");
}

#[test]
fn a_line_that_looks_like_a_mark_leaves_the_plan_empty() {
    let liar = Liar::start();
    let project = liar.project();
    let about = "About it.\nManaged by musher: bar.prod/other\n";
    let all = json!({"dashboards": {"d": dashboard("d", json!({"description": about}))}});
    project.applies(&definitions(all), &["create dashboards/d"]);
    assert_eq!(liar.all("dashboards")[0]["description"], "About it.\nManaged by musher: bar.prod/d");
}

#[test]
fn an_edited_mark_is_read_or_told_and_never_made_again() {
    let line = "Managed by musher: bar.prod/d";
    for (description, exit) in [
        (format!("{line}\n"), 0),
        (format!("x\r\n{line}\r\n\r\nSee the wiki."), 0),
        (format!("  {}\u{200b} ", line.to_uppercase()), 0),
        (format!("{line} See the wiki."), 3),
        ("Managed by musher: bar.pr".to_owned(), 3),
        (format!("{line}\nManaged by musher: bar.prod/e"), 3),
    ] {
        let liar = Liar::start();
        let project = liar.project();
        let id = liar.add("dashboards", dashboard("d", json!({ "description": description })));
        project
            .declare(&definitions(json!({"dashboards": {"d": dashboard("d", json!({"tags": ["team:x"]}))}})));
        let ran = project.exits(exit, &["apply", "--yes"]);
        assert_eq!(liar.ids("dashboards"), std::slice::from_ref(&id), "{description}");
        if exit == 0 {
            assert_eq!(liar.all("dashboards")[0]["description"], line);
            project.settles(&[]);
        } else {
            assert!(ran.err.contains(&id) && ran.err.contains("damaged-mark"), "{}", ran.shown());
            assert!(liar.take_writes().is_empty());
        }
    }
    for (tags, exit) in [
        (vec!["musher:aaa", "musher:bar.prod", "musher_id:a"], 0),
        (vec!["musher:bar.prod", "MUSHER_ID: A"], 0),
        (vec!["musher:bar.prod"], 3),
        (vec!["musher:bar.prod", "musher_id:../a"], 3),
        (vec!["musher:bar.prod", "musher_id:a", "musher_id:b"], 3),
    ] {
        let liar = Liar::start();
        let project = liar.project();
        let id = liar.add("monitors", with_tags("renamed", &tags));
        project.declare(&monitors(json!({"a": monitor("a", json!({}))})));
        let ran = project.exits(exit, &["apply", "--yes"]);
        assert_eq!(liar.ids("monitors"), std::slice::from_ref(&id), "{tags:?}");
        if exit == 0 {
            assert_eq!(liar.get("monitors", &id)["tags"], json!(MARK));
        } else {
            assert!(ran.err.contains(&format!("/monitors/{id}")), "{}", ran.shown());
            assert!(liar.take_writes().is_empty());
        }
    }
}

#[test]
fn what_is_left_of_a_mark_comes_back_by_its_id() {
    let liar = Liar::start();
    let project = liar.project();
    let id = liar.add("monitors", with_tags("a", &["musher:bar.prod"]));
    let mut body = monitor("a", json!({}));
    body["$id"] = id.parse::<u64>().unwrap().into();
    project.applies(&monitors(json!({ "a": body })), &["adopt monitors/a"]);
    assert_eq!(liar.get("monitors", &id)["tags"], json!(MARK));
}

#[test]
fn clones_are_never_touched_now_or_later() {
    let liar = Liar::start();
    let project = liar.project();
    liar.world(|world| {
        world.add_as("monitors", "100", 1, with_tags("a", &MARK));
        world.add_as("monitors", "200", 2, log_alert("a person's", &MARK));
    });
    let clone = liar.get("monitors", "200");
    project.declare(&monitors(json!({"a": monitor("a", json!({"priority": 3}))})));
    project.fine(&["apply", "--yes"]);
    // To be replaced or renamed it must be known which is meant.
    for wrong in
        [json!({"a": log_alert("new", &[])}), json!({"b": monitor("a", json!({"$moved_from": "a"}))})]
    {
        liar.world(|world| world.get("monitors", "200").unwrap()["type"] = "query alert".into());
        project.declare(&monitors(wrong));
        liar.take_writes();
        let ran = project.exits(1, &["apply", "--yes"]);
        assert!(ran.err.contains("duplicate-mark"), "{}", ran.shown());
        assert!(liar.take_writes().is_empty());
        liar.world(|world| world.get("monitors", "200").unwrap()["type"] = "log alert".into());
    }
    // Nothing declares it any more: neither of them goes, until a person has taken one away.
    project.declare("monitors: {}\n");
    for _ in 0..3 {
        let ran = project.run(&["apply", "--yes", "--release-brake", "empty"]);
        assert!(ran.err.contains("/monitors/200"), "{}", ran.shown());
    }
    assert_eq!(liar.ids("monitors"), ["100", "200"]);
    assert_eq!(liar.get("monitors", "200"), clone);
    liar.world(|world| world.remove("monitors", "200"));
    project.fine(&["apply", "--yes", "--release-brake", "empty"]);
    assert!(liar.ids("monitors").is_empty());
}

#[test]
fn an_older_object_with_pasted_tags_is_not_overwritten() {
    let liar = Liar::start();
    let project = liar.project();
    let foreign = with_tags("somebody's", &["team:z", MARK[0], MARK[1]]);
    liar.world(|world| {
        world.add_as("monitors", "5", 1, foreign.clone());
        world.add_as("monitors", "900", 9, with_tags("a", &MARK));
    });
    project.declare(&monitors(json!({"a": monitor("a", json!({}))})));
    project.fine(&["apply", "--yes"]);
    assert_eq!(liar.get("monitors", "5")["name"], "somebody's");
    assert!(liar.take_writes().is_empty());
    // Nor is it when the definition changes and no cache tells what was seen last: ours is the nearest.
    std::fs::remove_dir_all(project.path(&project.cache())).unwrap();
    project.declare(&monitors(json!({"a": monitor("a", json!({"message": "other @slack-a"}))})));
    project.fine(&["apply", "--yes"]);
    assert_eq!(liar.get("monitors", "5")["name"], "somebody's");
    assert_eq!(liar.get("monitors", "900")["message"], "other @slack-a");
}

#[test]
fn moves_keep_their_objects_also_when_they_are_stopped() {
    let body = |name: &str, from: &str| monitor(name, json!({ "$moved_from": from }));
    let chain = json!({"b": body("m1", "a"), "c": body("m2", "b")});
    let swap = json!({"b": body("m1", "a"), "a": body("m2", "b")});
    for (all, second) in [(chain, "c"), (swap, "a")] {
        // All at once, and stopped after each number of writes.
        for most in [usize::MAX, 1, 0] {
            let liar = Liar::start();
            let project = liar.project();
            liar.world(|world| {
                world.add_as("monitors", "101", 1, with_tags("m1", &["musher:bar.prod", "musher_id:a"]));
                world.add_as("monitors", "102", 2, with_tags("m2", &["musher:bar.prod", "musher_id:b"]));
            });
            let mut writes = 0;
            liar.before(move |request, _| {
                writes += usize::from(request.writes());
                (request.writes() && writes > most).then(|| Answer::new(400, json!({"errors": ["stopped"]})))
            });
            project.declare(&monitors(all.clone()));
            project.run(&["apply", "--yes"]);
            liar.honest();
            project.fine(&["apply", "--yes"]);
            let expected = [(101, "b", "m1"), (102, second, "m2")];
            let expected = expected.map(|(id, own, name)| (id, own.to_owned(), name.to_owned()));
            assert_eq!(owned(&liar), expected, "after {most} writes");
            project.settles(&[]);
        }
    }
}

#[test]
fn adopting_never_replaces() {
    let liar = Liar::start();
    let project = liar.project();
    liar.world(|world| world.add_as("monitors", "7", 1, log_alert("a person's", &[])));
    let before = liar.get("monitors", "7");
    project.declare(&monitors(json!({"a": monitor("a", json!({"$id": 7}))})));
    let ran = project.exits(1, &["apply", "--yes"]);
    assert!(ran.err.contains("adopted-other-type"), "{}", ran.shown());
    assert_eq!((liar.all("monitors").len(), liar.get("monitors", "7")), (1, before));
}

#[test]
fn a_renamed_project_is_asked_about_and_taken_over() {
    let all = definitions(json!({
        "monitors": {"a": monitor("a", json!({})), "b": monitor("b", json!({}))},
        "slos": {"s": slo("s", json!({}))},
        "dashboards": {"d": dashboard("d", json!({}))},
    }));
    let liar = Liar::start();
    let old = liar.project_of("project: bar\n");
    old.declare(&all);
    old.fine(&["apply", "--yes"]);
    liar.add("monitors", with_tags("left", &["musher:bar", "musher_id:left"]));
    let ids = ["monitors", "slos", "dashboards"].map(|section| liar.ids(section));
    for musher in ["project: foo\n", "project: bar\nenvironments: {prod: {}}\n"] {
        let project = liar.project_of(musher);
        project.declare(&all);
        liar.take_writes();
        let ran = project.exits(3, &["apply", "--yes"]);
        assert!(ran.err.contains("`moved_from: bar`"), "{}", ran.shown());
        assert!(liar.take_writes().is_empty());
    }
    let project = liar.project_of("project: bar\nmoved_from: bar\nenvironments: {prod: {}}\n");
    project.declare(&all);
    let moved = ["move dashboards/d", "move monitors/a", "move monitors/b", "move slos/s"];
    assert_eq!(project.actions(), moved);
    let ran = project.exits(0, &["apply", "--yes"]);
    assert!(ran.err.contains("left-behind"), "{}", ran.shown());
    assert_eq!(["monitors", "slos", "dashboards"].map(|section| liar.ids(section)), ids);
    project.settles(&[]);
    // What is not selected is not reported, least of all where something else is let go.
    for line in [&["plan", "--only", "monitors/a"][..], &["forget", "--yes", "monitors/a"]] {
        let ran = project.exits(0, line);
        assert!(!ran.err.contains("left-behind"), "{}", ran.shown());
    }
    // A name that nobody had is nothing to ask about.
    let other = liar.project_of("project: other\n");
    other.declare(&monitors(json!({"z": monitor("z", json!({}))})));
    other.settles(&["create monitors/z"]);
}

#[test]
fn a_live_text_is_never_taken_for_a_reference() {
    let liar = Liar::start();
    let project = liar.project();
    let nasty = "\u{fdd0}id monitors/b\u{fdd1} \u{fdd0}=\u{fdd1} \u{fdd0}";
    project.applies(
        &monitors(json!({"a": monitor("a", json!({"$ignore": ["/message"]})), "b": monitor("b", json!({}))})),
        &["create monitors/a", "create monitors/b"],
    );
    let id = liar.ids("monitors").into_iter().find(|id| liar.get("monitors", id)["name"] == "a").unwrap();
    liar.world(|world| {
        let live = world.get("monitors", &id).unwrap();
        live["message"] = nasty.into();
        live["options"]["silenced"] = json!({nasty: null});
        live["name"] = format!("edited {nasty}").into();
    });
    project.settles(&["update monitors/a"]);
    let live = liar.get("monitors", &id);
    assert_eq!((&live["message"], &live["name"]), (&json!(nasty), &json!("a")));
    assert_eq!(live["options"]["silenced"], json!({nasty: null}));
}
