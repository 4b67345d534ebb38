//! What somebody changes in the UI, on objects as recorded: the plan shows it, and what the plan sends undoes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds;
use super::mutations::{additions, changed, excepted, is_as_absent, is_filled, is_implied, leaves, removed};
use super::pairs::{pairs, plan_one};
use crate::cache::Cache;
use crate::client::{Client, Fault, Refusal, Wanted};
use crate::kind::{self, Kind};
use crate::mark;
use crate::model::{Action, Mark, Owner, Plan};
use crate::outgoing::to_create;
use crate::sandbox::{Behaviour, Limits, Sandbox};

/// The owner that [`plan_one`] plans for.
const OWNER: &str = "recorded.test";

fn own_mark() -> Mark {
    Mark { owner: Owner(OWNER.to_owned()), id: "one".to_owned(), protect: false }
}

/// One recorded definition, made in an organisation of its own.
struct Bench {
    kind: &'static Kind,
    client: Client,
    definition: Value,
    id: String,
    _folder: tempfile::TempDir,
}

/// What became of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// Shown and undone.
    Restored,
    /// The service does not take the edit.
    Refused,
    /// The service takes it and stores what was there before: there is nothing to show.
    NotKept,
    /// Shown as a replace: undone by another object.
    Replaced,
    Missed,
    NotRestored,
}

impl Bench {
    /// `None`: the service refuses the definition.
    async fn of(kind: &'static Kind, definition: &Value) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let sandbox = Sandbox::open(folder.path()).expect("a sandbox");
        // The edits of a test come at once.
        if let Ok(limits) = Limits::parse(&format!("{}_write=1000000/60", kind.name)) {
            sandbox.behave(Behaviour { limits, ..Behaviour::default() });
        }
        let client = Client::new(Arc::new(sandbox), "https://example.com", Cache::none());
        let id = accepted(client.create(kind, &to_create(kind, definition, &own_mark())).await)?.id;
        Some(Self { kind, client, definition: definition.clone(), id, _folder: folder })
    }

    /// The object as a plan's list shows it.
    async fn live(&self) -> Value {
        if !self.kind.is_listed() {
            return self.client.get(self.kind, &self.id).await.expect("an object").body;
        }
        let owner = Owner(OWNER.to_owned());
        // By its id, too: an edit may make it one that is not for people.
        let adopted = [(self.kind.section, [self.id.clone()].into())].into();
        let wanted = Wanted { kinds: vec![self.kind], owner: Some(&owner), adopted, ..Wanted::default() };
        let mut found = self.client.list(&wanted).await.expect("a list").live;
        assert_eq!(found.len(), 1, "one object is there");
        found.remove(0).body
    }

    async fn plan(&self) -> Plan {
        let mut bare = self.live().await;
        mark::strip(self.kind, &mut bare);
        plan_one(self.kind, &self.definition, &bare)
    }

    /// Puts a body that differs at a place, as somebody in the UI does: whole, and the mark stays.
    async fn edit(&self, pointer: &str, body: &Value) -> End {
        let mut before = self.live().await;
        before.as_object_mut().expect("an object").shift_remove("version");
        let mut body = body.clone();
        mark::write(self.kind, &mut body, &own_mark());
        // Sent back it must be the latest, and the UI has that.
        body.as_object_mut().expect("an object").shift_remove("version");
        if accepted(self.client.update(self.kind, &self.id, &body).await).is_none() {
            return End::Refused;
        }
        // A write may bring in defaults beside what was edited: those are nobody's edit.
        let (list, _) = pointer.rsplit_once('/').expect("a pointer");
        let place = if before.pointer(list).is_some_and(Value::is_array) { list } else { pointer };
        if self.live().await.pointer(place) == before.pointer(place) {
            return End::NotKept;
        }
        let plan = self.plan().await;
        let end = match plan.changes.as_slice() {
            [] => return End::Missed,
            [change] if change.action == Action::Replace => End::Replaced,
            [change] => {
                let body = change.body.as_ref().expect("an update has a body").value();
                self.client.update(self.kind, &self.id, &body).await.expect("what the plan sends is taken");
                let restored = self.plan().await.changes.is_empty();
                if restored { End::Restored } else { End::NotRestored }
            }
            more => panic!("one resource and {} changes", more.len()),
        };
        if end != End::Restored {
            self.client.update(self.kind, &self.id, &before).await.expect("what was there is taken");
        }
        end
    }
}

/// What was done, unless the service refused it.
fn accepted<T>(result: Result<T, Refusal>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(refusal) if refusal.fault == Fault::Refused => None,
        Err(refusal) => panic!("the sandbox fails: {refusal}"),
    }
}

/// The edits of one object: every `step`th leaf changed or taken out, and each addition.
fn edits(
    section: &str,
    definition: &Value,
    live: &Value,
    step: usize,
    start: usize,
) -> Vec<(&'static str, String, Value)> {
    let mut pointers = Vec::new();
    leaves(live, "", &mut pointers);
    pointers.retain(|pointer| !excepted(section, pointer) && !is_filled(section, definition, pointer));
    let mut edits = Vec::new();
    for (number, pointer) in pointers.iter().enumerate().skip(start % step).step_by(step) {
        let mut body = live.clone();
        let value = body.pointer_mut(pointer).expect("a leaf");
        *value = changed(value);
        edits.push(("changed", pointer.clone(), body));
        let leaf = live.pointer(pointer).expect("a leaf");
        let says = !is_as_absent(section, pointer, leaf) && !is_implied(section, live, pointer);
        if number % 2 == 0 && says {
            edits.push(("removed", pointer.clone(), removed(live, pointer)));
        }
    }
    for (pointer, value) in additions(section).into_iter().skip(start % 3).step_by(3) {
        let mut body = live.clone();
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        match body.pointer_mut(parent) {
            Some(Value::Object(map)) => drop(map.insert(key.to_owned(), value)),
            Some(Value::Array(items)) => items.push(value),
            _ => continue,
        }
        edits.push(("added", pointer.to_owned(), body));
    }
    edits
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn check(section: &str, step: usize, at_least: usize) {
    let kind = kind::of_section(section).expect("a kind");
    let Some(pairs) = pairs(kind) else { return };
    if kind.api.related {
        return println!(
            "not run: edits of {section} in the sandbox (they belong to objects of another kind)"
        );
    }
    let runtime = runtime();
    let mut seen = BTreeSet::new();
    let mut ends: BTreeMap<End, usize> = BTreeMap::new();
    let mut wrong: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (number, pair) in pairs.iter().filter(|pair| seen.insert(pair.definition.to_string())).enumerate() {
        runtime.block_on(async {
            let Some(bench) = Bench::of(kind, &pair.definition).await else { return };
            assert!(bench.plan().await.changes.is_empty(), "{}", pair.source);
            let mut live = bench.live().await;
            mark::strip(kind, &mut live);
            for (what, pointer, body) in edits(section, &pair.definition, &live, step, number) {
                // The path of a write holds it.
                if kind.api.typed.is_some_and(|member| pointer == format!("/{member}")) {
                    continue;
                }
                // Another one says that it is another object.
                if kind.api.composed.is_some_and(|id| id(&body) != id(&live)) {
                    continue;
                }
                let end = bench.edit(&pointer, &body).await;
                *ends.entry(end).or_default() += 1;
                if matches!(end, End::Missed | End::NotRestored) {
                    let parts = pointer.split('/');
                    let pattern: Vec<&str> =
                        parts.map(|part| if part.parse::<usize>().is_ok() { "*" } else { part }).collect();
                    let entry = wrong.entry(format!("{end:?}: {what} {}", pattern.join("/"))).or_default();
                    *entry = (entry.0 + 1, format!("{} {pointer}", pair.source));
                }
            }
        });
    }
    let tried: usize = ends.values().sum();
    println!("{section}: {tried} edits of {} objects, {ends:?}", seen.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(ends.get(&End::Restored).copied().unwrap_or_default() >= at_least, "the recordings hold more");
}

#[test]
fn edited_monitors_are_restored() {
    check("monitors", 5, 500);
}

#[test]
fn edited_slos_are_restored() {
    check("slos", 2, 200);
}

#[test]
fn edited_dashboards_are_restored() {
    check("dashboards", 8, 800);
}

#[test]
fn edited_objects_of_every_other_kind_are_restored() {
    for kind in kinds().filter(|kind| !kind.always) {
        // Of lists nothing was recorded but names, which are keys.
        check(kind.section, 1, if kind.api.part.is_some() { 0 } else { 5 });
    }
}

/// A definition that held `options` before and holds others now: what is left out is as if it had never been there.
#[test]
fn options_left_out_are_reset() {
    let kind = kind::of_section("monitors").expect("a kind");
    let with = |options: Value| json!({"name": "n", "type": "query alert", "query": "avg(last_5m):avg:a.b{*} by {host} > 1", "message": "m @a", "options": options});
    let all = json!({"thresholds": {"critical": 1, "warning": 0.5}, "renotify_interval": 10, "renotify_occurrences": 2,
        "renotify_statuses": ["alert"], "new_group_delay": 60, "escalation_message": "e", "on_missing_data": "resolve",
        "require_full_window": true, "notify_audit": true, "include_tags": false, "new_host_delay": 10, "timeout_h": 3,
        "evaluation_delay": 60, "notification_preset_name": "hide_all", "notify_by": ["host"]});
    let members: Vec<String> = all.as_object().expect("an object").keys().cloned().collect();
    let steps = members.iter().map(|member| {
        let mut options = all.clone();
        options.as_object_mut().expect("an object").shift_remove(member);
        with(options)
    });
    let mut steps: Vec<Value> = steps.collect();
    steps.push(with(json!({})));
    let mut bare = with(json!({}));
    bare.as_object_mut().expect("an object").shift_remove("options");
    steps.push(bare.clone());
    let mut mute = bare.clone();
    mute.as_object_mut().expect("an object").shift_remove("message");
    steps.push(mute);
    runtime().block_on(async {
        for step in steps {
            let mut bench = Bench::of(kind, &with(all.clone())).await.expect("a good body");
            bench.definition = step.clone();
            let plan = bench.plan().await;
            let [change] = plan.changes.as_slice() else { panic!("no change: {step:#}") };
            let body = change.body.as_ref().expect("an update has a body").value();
            bench.client.update(kind, &bench.id, &body).await.expect("what the plan sends is taken");
            assert!(bench.plan().await.changes.is_empty(), "{step:#}");
            // It is what it would be if it had been made so.
            let fresh = Bench::of(kind, &step).await.expect("a good body");
            let (live, made) = (bench.live().await, fresh.live().await);
            for (key, value) in made["options"].as_object().expect("options") {
                assert_eq!(&live["options"][key], value, "{key} of {step:#}");
            }
            assert_eq!(live["message"], made["message"]);
        }
    });
}

/// The ids of widgets by the content of their notes, those in groups too.
fn ids(live: &Value) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let mut open: Vec<&Value> = live["widgets"].as_array().into_iter().flatten().collect();
    while let Some(widget) = open.pop() {
        let definition = &widget["definition"];
        let name = definition["content"].as_str().or(definition["title"].as_str()).expect("a name");
        let id = widget["id"].as_u64().expect("an id");
        assert!(found.insert(name.to_owned(), id).is_none(), "{name} stands twice");
        open.extend(definition["widgets"].as_array().into_iter().flatten());
    }
    found
}

fn note(text: &str) -> Value {
    json!({"definition": {"type": "note", "content": text}})
}

fn graph(title: &str, query: &str) -> Value {
    json!({"definition": {"type": "timeseries", "title": title, "requests": [{"q": query, "display_type": "line"}]}})
}

fn group(title: &str, widgets: &[Value]) -> Value {
    json!({"definition": {"type": "group", "layout_type": "ordered", "title": title, "widgets": widgets}})
}

fn board(widgets: &[Value], tabs: Value) -> Value {
    let mut board = json!({"title": "t", "layout_type": "ordered", "widgets": widgets});
    if !tabs.is_null() {
        board["tabs"] = tabs;
    }
    board
}

#[test]
fn ids_of_widgets_live_on() {
    let kind = kind::of_section("dashboards").expect("a kind");
    let tab = |name: &str, places: &[&str]| json!({"name": name, "widget_ids": places});
    let first = board(
        &[note("a"), graph("b", "avg:x{*}"), group("g", &[note("c"), graph("d", "avg:y{*}")]), note("e")],
        json!([tab("one", &["@1", "@2"]), tab("two", &["@3", "@4"])]),
    );
    let plain = |widgets: &[Value]| board(widgets, Value::Null);
    let g = group("g", &[note("c"), graph("d", "avg:y{*}")]);
    // Each a later state of the first one, and the names that are new in it.
    let later = [
        ("reordered", plain(&[note("e"), g.clone(), graph("b", "avg:x{*}"), note("a")]), vec![]),
        ("edited", plain(&[note("a"), graph("b", "sum:z{*}"), g.clone(), note("e")]), vec![]),
        ("edited and reordered", plain(&[graph("b", "sum:z{*}"), note("e"), note("a"), g.clone()]), vec![]),
        (
            "one more in front",
            plain(&[note("new"), note("a"), graph("b", "avg:x{*}"), g.clone(), note("e")]),
            vec!["new"],
        ),
        ("one less", plain(&[graph("b", "avg:x{*}"), g.clone(), note("e")]), vec![]),
        (
            "moved into the group",
            plain(&[
                note("a"),
                group("g", &[note("c"), graph("d", "avg:y{*}"), graph("b", "avg:x{*}")]),
                note("e"),
            ]),
            vec![],
        ),
        (
            "moved out of the group",
            plain(&[
                note("a"),
                note("c"),
                graph("b", "avg:x{*}"),
                group("g", &[graph("d", "avg:y{*}")]),
                note("e"),
            ]),
            vec![],
        ),
        (
            "edited in the group",
            plain(&[
                note("a"),
                graph("b", "avg:x{*}"),
                group("g", &[note("c"), graph("d", "max:y{*}")]),
                note("e"),
            ]),
            vec![],
        ),
        (
            "no group any more",
            plain(&[note("a"), graph("b", "avg:x{*}"), note("c"), graph("d", "avg:y{*}"), note("e")]),
            vec![],
        ),
        (
            "other tabs",
            board(
                &[note("a"), graph("b", "avg:x{*}"), g.clone(), note("e")],
                json!([tab("two", &["@4"]), tab("one", &["@3", "@1", "@2"])]),
            ),
            vec![],
        ),
        (
            "reordered below tabs",
            board(
                &[note("e"), note("a"), g, graph("b", "avg:x{*}")],
                json!([tab("one", &["@2", "@4"]), tab("two", &["@3", "@1"])]),
            ),
            vec![],
        ),
    ];
    runtime().block_on(async {
        for (what, state, new) in later {
            let mut bench = Bench::of(kind, &first).await.expect("a good body");
            let before = ids(&bench.live().await);
            bench.definition = state;
            let plan = bench.plan().await;
            let [change] = plan.changes.as_slice() else { panic!("no change: {what}") };
            let body = change.body.as_ref().expect("an update has a body").value();
            bench.client.update(kind, &bench.id, &body).await.expect("what the plan sends is taken");
            assert!(bench.plan().await.changes.is_empty(), "{what}");
            let after = ids(&bench.live().await);
            for (name, id) in &after {
                match before.get(name) {
                    Some(old) => assert_eq!(id, old, "{what}: {name}"),
                    None => assert!(new.contains(&name.as_str()), "{what}: {name} is new"),
                }
            }
        }
    });
}
