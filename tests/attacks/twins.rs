//! Lists that lie, answers that are lost or mixed up, twins without a mark, two applies at once, late writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::liar::{Answer, Liar, World, dashboard, definitions, monitor, slo};
use crate::project::{Project, Ran};

const SECTIONS: [&str; 3] = ["dashboards", "monitors", "slos"];

fn body(section: &str, name: &str) -> Value {
    match section {
        "monitors" => monitor(name, json!({})),
        "slos" => slo(name, json!({})),
        _ => dashboard(name, json!({})),
    }
}

/// Definitions of so many objects of a section: `o0`, `o1`, …
fn many(section: &str, count: usize) -> String {
    let all: serde_json::Map<String, Value> =
        (0..count).map(|at| (format!("o{at}"), body(section, &format!("o{at}")))).collect();
    definitions(json!({ section: all }))
}

fn names(liar: &Liar, section: &str) -> Vec<String> {
    let name = if section == "dashboards" { "title" } else { "name" };
    liar.all(section).iter().map(|body| body[name].as_str().unwrap_or_default().to_owned()).collect()
}

/// Whether something is there twice.
#[track_caller]
fn once_each(liar: &Liar, section: &str, count: usize) {
    let names = names(liar, section);
    let distinct: BTreeSet<&String> = names.iter().collect();
    assert_eq!((names.len(), distinct.len()), (count, count), "{section}: {names:?}");
}

fn apply(project: &Project) -> Ran {
    project.run(&["apply", "--yes"])
}

/// One line, so that wrapped words are found.
fn flat(ran: &Ran) -> String {
    ran.shown().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(ran: &Ran, code: i32, words: &str) {
    assert_eq!(ran.code, Some(code), "{}", ran.shown());
    assert!(flat(ran).contains(words), "`{words}` is not in\n{}", ran.shown());
}

#[test]
fn a_twin_without_a_mark_is_told_and_held_and_its_likes_are_not() {
    for section in SECTIONS {
        let liar = Liar::start();
        let project = liar.project();
        let twin = liar.add(section, body(section, "o0"));
        // Of another owner: no twin, whatever its name.
        let mut foreign = body(section, "o1");
        if section == "dashboards" {
            foreign["description"] = "Managed by musher: other.prod/its-own".into();
        } else {
            foreign["tags"] = json!(["musher:other.prod", "musher_id:its-own"]);
        }
        liar.add(section, foreign);
        project.declare(&many(section, 2));
        let plan = project.plan();
        let risks = |at: usize| plan["changes"][at]["risks"].to_string();
        assert!(
            risks(0).contains("\"twin\"") && risks(0).contains(&twin) && risks(0).contains("$id: "),
            "{plan}"
        );
        assert_eq!(risks(1), "[]", "{section}");
        says(&apply(&project), 3, "--release-brake twin");
        assert_eq!(liar.take_writes(), [] as [&str; 0]);
        let taken = json!({section: {"o0": adopting(body(section, "o0"), &twin), "o1": body(section, "o1")}});
        project
            .applies(&definitions(taken), &[&format!("adopt {section}/o0"), &format!("create {section}/o1")]);
        assert_eq!(liar.ids(section).len(), 3);
    }
}

fn adopting(mut body: Value, id: &str) -> Value {
    body["$id"] = id.into();
    body
}

#[test]
fn who_means_it_makes_the_second_one() {
    let liar = Liar::start();
    let project = liar.project();
    liar.add("monitors", monitor("o0", json!({})));
    project.declare(&many("monitors", 1));
    says(&project.run(&["apply", "--yes", "--release-brake", "twin"]), 0, "1 created");
    project.settles(&[]);
    // Another query, another type: no twins.
    liar.add("monitors", monitor("o1", json!({"query": "avg(last_5m):avg:other{*} > 1"})));
    liar.add("monitors", monitor("o1", json!({"type": "log alert"})));
    project.declare(&many("monitors", 2));
    says(&apply(&project), 0, "1 created");
}

/// What is committed as the UI exports it has no `$id`.
#[test]
fn an_export_that_is_committed_makes_no_second_one() {
    for section in SECTIONS {
        let liar = Liar::start();
        let project = liar.project();
        let id = liar.add(section, body(section, "o0"));
        project.write("monitors/exported.json", liar.get(section, &id).to_string());
        says(&apply(&project), 3, "--release-brake twin");
        assert_eq!(liar.take_writes(), [] as [&str; 0]);
    }
}

/// Nor does the export of what this project owns itself; another object of the same name is meant.
#[test]
fn an_export_of_what_is_managed_is_no_second_one() {
    for section in SECTIONS {
        let liar = Liar::start();
        let project = liar.project();
        project.declare(&many(section, 1));
        project.fine(&["apply", "--yes"]);
        liar.take_writes();
        project.write("monitors/exported.json", liar.get(section, &liar.ids(section)[0]).to_string());
        says(&apply(&project), 3, &format!("is managed already as `{section}/o0`"));
        assert_eq!(liar.take_writes(), [] as [&str; 0]);
        let mut other = body(section, "o0");
        other["description"] = "another one".into();
        if section == "monitors" {
            other["message"] = "another one @slack-b".into();
        }
        project.write("monitors/exported.json", other.to_string());
        says(&apply(&project), 0, "1 created");
    }
}

#[test]
fn an_edit_that_takes_the_mark_off_makes_no_second_one() {
    for section in SECTIONS {
        for renamed in [false, true] {
            let liar = Liar::start();
            let project = liar.project();
            project.applies(
                &many(section, 2),
                &[&format!("create {section}/o0"), &format!("create {section}/o1")],
            );
            let id = liar.ids(section)[0].clone();
            liar.world(|world| {
                let live = world.get(section, &id).unwrap();
                live["tags"] = json!([]);
                live["description"] = "rewritten".into();
                // With another name only the cache knows that it was this one.
                if renamed {
                    let name = if section == "dashboards" { "title" } else { "name" };
                    live[name] = "renamed".into();
                }
                live["modified_at"] = if section == "slos" { 1_770_000_000.into() } else { "later".into() };
            });
            liar.take_writes();
            says(&apply(&project), 3, "--release-brake twin");
            assert_eq!(liar.take_writes(), [] as [&str; 0], "{section} {renamed}");
        }
    }
}

#[test]
fn a_rename_is_told_and_the_old_one_stays_until_the_new_one_is_there() {
    for section in SECTIONS {
        let liar = Liar::start();
        let project = liar.project();
        let of = |id: &str| definitions(json!({section: {id: body(section, "same")}}));
        project.applies(&of("original"), &[&format!("create {section}/original")]);
        let old = liar.ids(section);
        project.declare(&of("renamed"));
        let plan = project.plan().to_string();
        assert!(plan.contains(&format!("\"moved_from\":\"{section}/original\"")), "{plan}");
        // A service that refuses what it takes for a copy.
        let words = format!("Duplicate of an existing object_id:{}", old[0]);
        liar.before(move |request, _| {
            (request.method == "POST").then(|| Answer::new(400, json!({"errors": [words]})))
        });
        says(&apply(&project), 4, "not tried");
        assert_eq!(liar.ids(section), old);
        liar.honest();
        says(&apply(&project), 0, "1 created, 1 deleted");
        once_each(&liar, section, 1);
    }
}

/// The first lists after an apply are empty, once or for ever.
#[test]
fn empty_lists_make_nothing_again() {
    for section in SECTIONS {
        for times in [1, 2, 1_000] {
            let liar = Liar::start();
            let project = liar.project();
            project.declare(&many(section, 3));
            says(&apply(&project), 0, "3 created");
            let mut left = times;
            let empty = if section == "monitors" { json!([]) } else { json!({"data": [], "dashboards": []}) };
            liar.before(move |request, _| {
                let hides = request.lists(section) && left > 0;
                left -= i32::from(hides);
                hides.then(|| Answer::new(200, empty.clone()))
            });
            let ran = apply(&project);
            assert!(
                matches!(ran.code, Some(0)) || flat(&ran).contains("The list was incomplete"),
                "{}",
                ran.shown()
            );
            once_each(&liar, section, 3);
            liar.honest();
            project.settles(&[]);
        }
    }
}

/// What a page gives at most, by whatever is asked for: of what is asked, or cut out of it.
#[test]
fn short_pages_hide_nothing() {
    for section in SECTIONS {
        for is_cut in [false, true] {
            for cache in [true, false] {
                let liar = Liar::start();
                let project = liar.project();
                project.declare(&many(section, 25));
                says(&apply(&project), 0, "25 created");
                liar.before(move |request, _| {
                    let name =
                        ["page_size", "limit", "count"].into_iter().find(|n| request.query.contains_key(*n));
                    if let (true, false, Some(name)) = (request.lists(section), is_cut, name) {
                        let size = request.number(name).unwrap_or(10).min(10);
                        request.query.insert(name.to_owned(), size.to_string());
                    }
                    None
                });
                liar.after(move |request, answer, _| {
                    if request.lists(section) && is_cut {
                        let list = match section {
                            "monitors" => &mut answer.body,
                            "slos" => &mut answer.body["data"],
                            _ => &mut answer.body["dashboards"],
                        };
                        list.as_array_mut().unwrap().truncate(10);
                    }
                });
                if !cache {
                    let _ = std::fs::remove_dir_all(project.path(&project.cache()));
                }
                says(&apply(&project), 0, "No changes");
                // A new one is made, and it alone.
                project.declare(&many(section, 26));
                says(&apply(&project), 0, "1 created");
                once_each(&liar, section, 26);
            }
        }
    }
}

/// What the first look misses, the second one finds: never a create.
#[test]
fn an_object_that_one_list_leaves_out_is_not_made_again() {
    for section in SECTIONS {
        let liar = Liar::start();
        let project = liar.project();
        project.declare(&many(section, 3));
        says(&apply(&project), 0, "3 created");
        let mut lists = 0;
        liar.after(move |request, answer, _| {
            if request.lists(section) {
                lists += 1;
                let list = match section {
                    "monitors" => &mut answer.body,
                    "slos" => &mut answer.body["data"],
                    _ => &mut answer.body["dashboards"],
                };
                // The first look takes two requests, as one object is missing.
                if lists <= 2 {
                    list.as_array_mut().unwrap().retain(|item| item["name"] != "o1" && item["title"] != "o1");
                }
            }
        });
        says(&apply(&project), 1, "The list was incomplete");
        once_each(&liar, section, 3);
        says(&apply(&project), 0, "No changes");
    }
}

#[test]
fn what_is_listed_and_not_found_is_not_made_again() {
    for times in [1, 1_000] {
        let liar = Liar::start();
        let project = liar.project();
        project.declare(&many("dashboards", 2));
        says(&apply(&project), 0, "2 created");
        std::fs::remove_dir_all(project.path(&project.cache())).unwrap();
        let mut left = times;
        let path = format!("/api/v1/dashboard/{}", liar.ids("dashboards")[0]);
        liar.before(move |request, _| {
            let hides = request.method == "GET" && request.path == path && left > 0;
            left -= i32::from(hides);
            hides.then(|| Answer::new(404, json!({"errors": ["not found"]})))
        });
        let ran = apply(&project);
        if times == 1 {
            says(&ran, 0, "No changes");
        } else {
            says(&ran, 1, "the list shows it all the same");
        }
        once_each(&liar, "dashboards", 2);
    }
}

/// The answer of the first create is lost or odd, and lists show what was made only later.
#[test]
fn a_lost_answer_makes_nothing_twice() {
    let odd = [
        Answer::new(502, json!({"errors": ["bad gateway"]})),
        Answer::lost(),
        Answer::new(200, json!({"ok": true})),
        Answer::new(200, json!([])),
        Answer::new(201, Value::Null),
    ];
    std::thread::scope(|scope| {
        for section in SECTIONS {
            for answer in odd.clone() {
                scope.spawn(move || {
                    let liar = Liar::start();
                    let project = liar.project();
                    project.declare(&many(section, 1));
                    let (mut posts, mut born) = (0, None);
                    let mut tried = answer.clone();
                    liar.after(move |request, answer, _| {
                        if request.method == "POST" && request.writes() {
                            posts += 1;
                            born.get_or_insert_with(Instant::now);
                            if posts == 1 {
                                std::mem::swap(answer, &mut tried);
                            }
                        }
                        let is_hidden =
                            born.is_none_or(|born: Instant| born.elapsed() < Duration::from_secs(4));
                        if request.lists(section) && is_hidden {
                            answer.body = if section == "monitors" {
                                json!([])
                            } else {
                                json!({"data": [], "dashboards": []})
                            };
                        }
                    });
                    let ran = project.run(&["apply", "--yes", "--timeout", "24"]);
                    says(&ran, 0, "1 created");
                    assert_eq!(liar.ids(section).len(), 1, "{section} {answer:?}\n{}", ran.shown());
                });
            }
        }
    });
}

/// Lists are so late that it is made again all the same: the younger copy of this run goes.
#[test]
fn a_copy_that_shows_up_late_is_taken_away() {
    let liar = Liar::start();
    let project = liar.project();
    project.declare(&many("dashboards", 1));
    let born: Arc<Mutex<BTreeMap<String, Instant>>> = Arc::default();
    let mut posts = 0;
    liar.after(move |request, answer, _| {
        let mut born = born.lock().unwrap();
        if request.method == "POST" && request.writes() {
            posts += 1;
            born.insert(answer.body["id"].as_str().unwrap().to_owned(), Instant::now());
            if posts == 1 {
                *answer = Answer::lost();
            }
        }
        if request.lists("dashboards") {
            let list = answer.body["dashboards"].as_array_mut().unwrap();
            list.retain(|item| {
                born.get(item["id"].as_str().unwrap()).is_none_or(|at| at.elapsed() > Duration::from_secs(7))
            });
        }
    });
    let ran = project.run(&["apply", "--yes", "--timeout", "12"]);
    says(&ran, 0, "is deleted again");
    once_each(&liar, "dashboards", 1);
}

/// The service drops, cuts or rewrites the mark.
#[test]
fn a_mark_that_is_not_kept_is_a_failure_and_made_once() {
    type Rewrite = fn(&mut Value);
    let rewrites: [(&str, Rewrite); 5] = [
        ("monitors", |body| body["tags"] = json!(["musher:bar.prod"])),
        ("monitors", |body| body["tags"] = json!([])),
        ("slos", |body| body["tags"] = json!(["musher:bar.prod", "musher_id:o-0"])),
        ("slos", |body| body["tags"] = json!([])),
        ("dashboards", |body| body["description"] = "Managed by".into()),
    ];
    std::thread::scope(|scope| {
        for (section, rewrite) in rewrites {
            scope.spawn(move || {
                let liar = Liar::start();
                let project = liar.project();
                project.declare(&many(section, 1));
                liar.before(move |request, _| {
                    if request.method == "POST" && request.writes() {
                        rewrite(&mut request.body);
                    }
                    None
                });
                says(&apply(&project), 4, "the service did not keep the mark");
                for _ in 0..2 {
                    let again = apply(&project);
                    assert!(matches!(again.code, Some(3 | 1)), "{}", again.shown());
                }
                assert_eq!(liar.ids(section).len(), 1, "{section}");
            });
        }
    });
}

#[test]
fn an_update_whose_mark_is_not_kept_is_a_failure() {
    let liar = Liar::start();
    let project = liar.project();
    project.declare(&many("monitors", 1));
    says(&apply(&project), 0, "1 created");
    liar.before(|request, _| {
        if request.method == "PUT" {
            request.body["tags"] = json!([]);
        }
        None
    });
    project.declare(&definitions(
        json!({"monitors": {"o0": monitor("o0", json!({"message": "new @slack-a"}))}}),
    ));
    says(&apply(&project), 4, "the service did not keep the mark");
    liar.take_writes();
    says(&apply(&project), 3, "--release-brake twin");
    assert_eq!(liar.take_writes(), [] as [&str; 0]);
}

/// The answers of two creates are mixed up: each is found by its own mark.
#[test]
fn mixed_up_answers_mislead_nobody() {
    let liar = Liar::start();
    let project = liar.project();
    let composite = json!({"name": "both", "type": "composite", "message": "m @slack-a", "query": "${monitors.o0.id} || ${monitors.o1.id}"});
    let all =
        json!({"monitors": {"o0": body("monitors", "o0"), "o1": body("monitors", "o1"), "c": composite}});
    project.declare(&definitions(all));
    liar.after(|request, answer, world| {
        let others = || world.all("monitors").into_iter().find(|body| body["name"] == "o0");
        let is_second = request.method == "POST" && request.writes() && request.body["name"] == "o1";
        if let Some(other) = is_second.then(others).flatten() {
            answer.body = other;
        }
    });
    says(&project.run(&["apply", "--yes", "--concurrency", "1"]), 0, "3 created");
    let ids = liar.ids("monitors");
    assert_eq!(liar.get("monitors", &ids[2])["query"], json!(format!("{} || {}", ids[0], ids[1])));
}

/// Two applies at once, without a lock, at several distances: one of each, and its references are right.
#[test]
fn two_applies_at_once_end_with_one_of_each() {
    let mut all = serde_json::Map::new();
    for at in 0..5 {
        let (one, id) = (format!("m{at}"), format!("${{monitors.m{at}.id}}"));
        let composite = json!({"name": format!("c{at}"), "type": "composite", "message": "m @slack-a", "query": format!("{id} || {id}")});
        all.insert(one.clone(), monitor(&one, json!({"query": format!("avg(last_5m):avg:q{at}{{*}} > 1")})));
        all.insert(format!("c{at}"), composite);
    }
    let boards: serde_json::Map<String, Value> =
        (0..4).map(|at| (format!("d{at}"), body("dashboards", &format!("d{at}")))).collect();
    let slos: serde_json::Map<String, Value> =
        (0..4).map(|at| (format!("s{at}"), body("slos", &format!("s{at}")))).collect();
    let all = definitions(json!({"monitors": all, "dashboards": boards, "slos": slos}));
    for distance in [0, 40, 120, 300] {
        let liar = Liar::start();
        let (one, two) = (liar.project(), liar.project());
        one.declare(&all);
        two.declare(&all);
        liar.before(|request, _| {
            request.held = Duration::from_millis(25);
            None
        });
        let codes = std::thread::scope(|scope| {
            let first = scope.spawn(|| apply(&one));
            std::thread::sleep(Duration::from_millis(distance));
            [apply(&two), first.join().unwrap()]
        });
        liar.honest();
        for ran in &codes {
            assert!(matches!(ran.code, Some(0 | 1 | 4)), "{}", ran.shown());
        }
        assert!(codes.iter().any(|ran| ran.code == Some(0)) || distance < 300, "{codes:?}");
        // What one of them could not do, the next one does.
        says(&apply(&one), 0, "");
        once_each(&liar, "monitors", 10);
        once_each(&liar, "dashboards", 4);
        once_each(&liar, "slos", 4);
        for at in 0..5 {
            let id = |name: String| {
                liar.all("monitors").into_iter().find(|body| body["name"] == json!(name)).unwrap()
            };
            let member = id(format!("m{at}"))["id"].clone();
            assert_eq!(id(format!("c{at}"))["query"], json!(format!("{member} || {member}")));
        }
        assert!(one.run(&["plan", "--detailed-exitcode"]).code == Some(0));
    }
}

/// A double that nobody takes away doesn't end with 0.
#[test]
fn a_double_that_stays_is_told() {
    let liar = Liar::start();
    let project = liar.project();
    project.declare(&many("monitors", 1));
    // With another text: it can't stand for the one that was made.
    let copy = |world: &mut World, body: &Value| {
        let mut other = body.clone();
        other["message"] = "changed meanwhile".into();
        drop(world.add("monitors", other));
    };
    liar.after(move |request, _, world| {
        if request.method == "POST" && request.writes() {
            copy(world, &request.body);
        }
    });
    says(&apply(&project), 4, "it is there 2 times");
}

/// The other run saw no double, and is over: nobody but this one can end with one of each.
#[test]
fn a_double_whose_maker_is_gone_is_mended() {
    let liar = Liar::start();
    let project = liar.project();
    project.declare(&many("monitors", 1));
    let copy = |world: &mut World, body: &Value| drop(world.add("monitors", body.clone()));
    liar.after(move |request, _, world| {
        if request.method == "POST" && request.writes() {
            copy(world, &request.body);
        }
    });
    says(&apply(&project), 0, "Another run made `monitors/o0` too: its object stays");
    assert_eq!(liar.ids("monitors").len(), 1);
    project.settles(&[]);
}

/// One dashboard is restricted: the others are exported, and it is named.
#[test]
fn one_that_may_not_be_read_hides_no_others() {
    for status in [403, 404, 500] {
        let liar = Liar::start();
        let project = liar.project();
        let ids: Vec<String> =
            (0..4).map(|at| liar.add("dashboards", body("dashboards", &format!("d{at}")))).collect();
        let path = format!("/api/v1/dashboard/{}", ids[1]);
        liar.before(move |request, _| {
            (request.path == path)
                .then(|| Answer::new(status, json!({"errors": ["No access to restricted dashboard"]})))
        });
        let ran = project.run(&["export", "dashboard", "--all", "-o", "out", "--timeout", "3"]);
        if status == 404 {
            // Gone since it was listed.
            assert_eq!(ran.code, Some(0), "{}", ran.shown());
        } else {
            says(&ran, 4, &format!("the dashboard {} can't be read", ids[1]));
            assert!(
                flat(&ran).contains("No access to restricted dashboard")
                    && !flat(&ran).contains("refuses the keys")
            );
        }
        let files = std::fs::read_dir(project.path("out")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        // Beside them stands what lets an export go on.
        let (ledgers, objects): (Vec<_>, Vec<_>) = names.partition(|name| name.starts_with('.'));
        assert_eq!((objects.len(), ledgers), (3, vec![".musher-export".to_owned()]));
    }
}

/// One kind is none of these keys' business: the others are exported, and it is named.
#[test]
fn a_kind_that_may_not_be_listed_hides_no_others() {
    for refused in [&["slos"][..], &["monitors"], &["monitors", "slos", "dashboards"]] {
        let liar = Liar::start();
        let project = liar.project();
        for section in ["monitors", "slos", "dashboards"] {
            liar.add(section, body(section, "a"));
        }
        liar.before(move |request, _| {
            let is_refused = refused.iter().any(|section| request.lists(section));
            is_refused.then(|| Answer::new(403, json!({"errors": ["Forbidden"]})))
        });
        let ran = project.run(&["export", "all", "--all", "-o", "out", "--timeout", "3"]);
        if refused.len() == 3 {
            says(&ran, 1, "refuses the keys of");
            assert!(!project.path("out").exists(), "{}", ran.shown());
            continue;
        }
        says(&ran, 4, &format!("{} are left out: these keys may not list them", refused[0]));
        for section in ["monitors", "slos", "dashboards"] {
            assert_eq!(project.path(&format!("out/{section}")).exists(), section != refused[0], "{section}");
        }
        // Asked for by name it is an error.
        let kind = refused[0].trim_end_matches('s');
        assert_eq!(project.run(&["export", kind, "--all", "-o", "one"]).code, Some(1));
    }
}

/// What plans ask for in an organisation that is large: as much as without a second look where nothing is made, and
/// the pages of everybody's objects of those kinds where something is, one thing or many.
#[test]
fn a_second_look_costs_pages_and_only_where_something_is_made() {
    let liar = Liar::start();
    let project = liar.project();
    liar.world(|world| {
        for at in 0..2_300 {
            world.add("monitors", body("monitors", &format!("foreign {at}")));
        }
        for at in 0..1_100 {
            world.add("dashboards", body("dashboards", &format!("foreign {at}")));
            world.add("slos", body("slos", &format!("foreign {at}")));
        }
    });
    project.declare(&definitions(json!({
        "monitors": {"o0": body("monitors", "o0")},
        "dashboards": {"o0": body("dashboards", "o0")},
        "slos": {"o0": body("slos", "o0")},
    })));
    says(&apply(&project), 0, "3 created");
    let reads = |section: &str, creates: usize| {
        let mut all: serde_json::Map<String, Value> = ["monitors", "dashboards", "slos"]
            .map(|section| (section.to_owned(), json!({"o0": body(section, "o0")})))
            .into_iter()
            .collect();
        for at in 1..=creates {
            all[section][format!("o{at}")] = body(section, &format!("o{at}"));
        }
        project.declare(&definitions(all.into()));
        liar.take_writes();
        project.fine(&["plan"]);
        liar.world(|world| std::mem::take(&mut world.log)).len()
    };
    // The organisation, and a page for every thousand that a list holds.
    assert_eq!(reads("monitors", 0), 1 + 1 + 2 + 1);
    for creates in [1, 50] {
        // One more of ours, since some are missing; everybody's, and one more to be sure of the end.
        assert_eq!(reads("monitors", creates), 5 + 1 + 4);
        assert_eq!(reads("dashboards", creates), 5 + 1 + 3);
        // The service tells how many there are.
        assert_eq!(reads("slos", creates), 5 + 1 + 2);
    }
}
