//! Letting go and renaming against a service that refuses, and beside people who edit.

use serde_json::json;

use crate::liar::{Answer, Liar, definitions, monitor};

#[test]
fn a_renamed_object_stays_where_the_new_one_is_refused() {
    let liar = Liar::start();
    let project = liar.project();
    let one = |id: &str| definitions(json!({"monitors": {id: monitor("Load", json!({}))}}));
    project.applies(&one("original"), &["create monitors/original"]);
    let id = liar.ids("monitors")[0].clone();
    liar.take_writes();
    // The service tells monitors apart by name, type, query and message.
    let old = id.clone();
    liar.before(move |request, _| {
        let creates = request.method == "POST" && request.path == "/api/v1/monitor";
        let words = format!("Duplicate of an existing monitor_id:{old}");
        creates.then(|| Answer::new(400, json!({"errors": [words]})))
    });
    project.declare(&one("renamed"));
    let ran = project.exits(4, &["apply", "--yes"]);
    assert!(ran.out.replace("\n    ", " ").contains("`$moved_from: original`"), "{}", ran.out);
    assert!(ran.out.contains("1 failed, 1 not tried"), "{}", ran.out);
    assert!(!liar.take_writes().iter().any(|write| write.starts_with("DELETE")));
    assert_eq!(liar.ids("monitors"), [id.as_str()]);
    // What the plan said to write keeps it.
    let moved = json!({"monitors": {"renamed": monitor("Load", json!({"$moved_from": "original"}))}});
    project.applies(&definitions(moved), &["move monitors/renamed"]);
    assert_eq!(liar.ids("monitors"), [id.as_str()]);
}

#[test]
fn what_is_let_go_keeps_the_tags_of_people_and_copies_lose_the_mark_too() {
    let liar = Liar::start();
    let project = liar.project();
    let declared = definitions(json!({"monitors": {"a": monitor("a", json!({"tags": ["team:x"]}))}}));
    project.applies(&declared, &["create monitors/a"]);
    let mut copy = liar.all("monitors")[0].clone();
    copy.as_object_mut().unwrap().remove("id");
    copy["name"] = json!("a (copy)");
    liar.add("monitors", copy);
    liar.take_writes();
    project.declare(&definitions(json!({"monitors": {"a": {"$forget": true}}})));
    project.exits(0, &["apply", "--yes"]);
    let left = liar.all("monitors");
    assert_eq!(left.iter().map(|live| live["name"].as_str().unwrap()).collect::<Vec<_>>(), ["a", "a (copy)"]);
    assert!(left.iter().all(|live| live["tags"] == json!(["team:x"])), "{left:?}");
    assert!(liar.take_writes().iter().all(|write| write.starts_with("PUT")));
    project.settles(&[]);
}
