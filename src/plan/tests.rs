//! Who is whose: small estates, and what a plan does with them.

use serde_json::{Map, Value, json};

use super::*;
use crate::model::{Directives, Owner, is_id};

/// A definition: its id, what directives say, and what differs from the usual body.
fn defined(id: &str, directives: Directives, over: Value) -> Resource {
    Resource {
        address: Address::new("monitors", id),
        body: Body::of(&merged(json!({"name": id, "type": "query alert", "query": "q"}), over))
            .expect("a body"),
        directives,
        origin: std::sync::Arc::default(),
        instance: None,
    }
}

fn plainly(id: &str) -> Resource {
    defined(id, Directives::default(), json!({}))
}

fn moved(id: &str, from: &[&str]) -> Resource {
    let moved_from = from.iter().map(|id| Address::new("monitors", id)).collect();
    defined(id, Directives { moved_from, ..Directives::default() }, json!({}))
}

fn adopting(id: &str, live: &str, over: Value) -> Resource {
    defined(id, Directives { adopt: Some(live.into()), ..Directives::default() }, over)
}

/// A live object, its id also its time of creation; it is called `name`.
fn live(id: u64, name: &str, tags: &[&str], over: Value) -> Live {
    let body =
        json!({"id": id, "created_at": id, "name": name, "type": "query alert", "query": "q", "tags": tags});
    let body = merged(body, over);
    let kind = kind::of_section("monitors").expect("a kind");
    let mark = mark::read_as(kind, &body, &Owner("shop.prod".into()));
    Live { section: "monitors", id: id.to_string(), body, mark, url: format!("url/{id}") }
}

/// One with the mark of an id, and called so.
fn ours(id: u64, own: &str) -> Live {
    live(id, own, &["musher:shop.prod", &format!("musher_id:{own}")], json!({}))
}

fn log_alert() -> Value {
    json!({"type": "log alert"})
}

fn merged(mut body: Value, over: Value) -> Value {
    for (key, value) in over.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    body
}

fn scope(former: &[&str]) -> Scope {
    Scope {
        project: "shop".into(),
        environment: Some("prod".into()),
        owner: Owner("shop.prod".into()),
        former: former.iter().map(|owner| Owner((*owner).into())).collect(),
        vars: Map::new(),
        owns: Vec::new(),
        secrets: indexmap::IndexMap::new(),
    }
}

/// The changes as `ACTION ID LIVE-ID`, then the codes of what is reported and the brakes that ask.
fn planned(resources: &[Resource], live: &[Live], former: &[&str], seen: Option<&str>) -> Vec<String> {
    let mut resources = resources.to_vec();
    resources.sort_by(|a, b| a.address.cmp(&b.address));
    let inputs = Inputs {
        scope: &scope(former),
        site: "s",
        organisation: None,
        now: jiff::Timestamp::UNIX_EPOCH,
        resources: &resources,
        forgotten: &[],
        live,
        unlisted: &[],
        selected: &|_| true,
        seen_last: &|_, _| seen.map(str::to_owned),
    };
    let (plan, reported) = plan(&inputs);
    let change = |change: &Change| {
        let id = change.datadog_id.as_deref().unwrap_or("-");
        format!("{} {} {id}", change.action.name(), change.address.id())
    };
    let mut said: Vec<String> = plan.changes.iter().map(change).collect();
    said.extend(reported.iter().map(|reported| reported.code.to_owned()));
    said.extend(plan.questions.iter().map(|question| format!("? {}", question.brake)));
    assert!(plan.changes.iter().all(|change| is_id(change.address.id())));
    said
}

#[track_caller]
fn check(resources: &[Resource], live: &[Live], expected: &[&str]) {
    assert_eq!(planned(resources, live, &[], None), expected);
    // The order of the lists is the service's, and says nothing.
    let reversed: Vec<Live> = live.iter().rev().cloned().collect();
    assert_eq!(planned(resources, &reversed, &[], None), expected);
}

#[test]
fn by_the_mark() {
    check(&[plainly("a")], &[], &["create a -"]);
    check(&[plainly("a")], &[ours(1, "a")], &[]);
    check(&[], &[ours(1, "a")], &["delete a 1"]);
    check(&[plainly("a")], &[live(1, "b", &["musher:shop.prod", "musher_id:a"], json!({}))], &["update a 1"]);
    check(&[plainly("a")], &[live(1, "a", &["musher:other", "musher_id:a"], json!({}))], &["create a -"]);
    check(&[defined("a", Directives::default(), log_alert())], &[ours(1, "a")], &["replace a 1"]);
    let ignoring = Directives { ignore: vec!["/type".into()], ..Directives::default() };
    check(&[defined("a", ignoring, log_alert())], &[ours(1, "a")], &[]);
}

#[test]
fn of_several_bearers_one_is_ours() {
    let tags = ["musher:shop.prod", "musher_id:a"];
    let other = |id| live(id, "other", &tags, json!({}));
    let of_type = |id| live(id, "a", &tags, log_alert());
    // The one that equals the definition, whoever is older; else the oldest.
    check(&[plainly("a")], &[other(1), ours(2, "a")], &["duplicate-mark"]);
    check(&[plainly("a")], &[other(1), other(2)], &["update a 1", "duplicate-mark"]);
    // The one that was seen last comes first.
    let seen = planned(&[plainly("a")], &[ours(1, "a"), other(2)], &[], Some("2"));
    assert_eq!(seen, ["update a 2", "duplicate-mark"]);
    // Of another type: the rest of a replace where it is older, a clone where it is younger.
    check(&[plainly("a")], &[of_type(1), ours(2, "a")], &["delete a 1"]);
    check(&[plainly("a")], &[ours(1, "a"), of_type(2)], &["duplicate-mark"]);
    let known = planned(&[plainly("a")], &[of_type(1), other(2)], &[], Some("1"));
    assert_eq!(known, ["update a 2", "duplicate-mark"]);
    // None of them is deleted, neither for want of a definition nor to be replaced or renamed.
    check(&[], &[ours(1, "a"), other(2)], &["duplicate-mark"]);
    let replaced = planned(&[plainly("a")], &[of_type(1), of_type(2)], &[], None);
    assert!(replaced.contains(&"duplicate-mark".to_owned()), "{replaced:?}");
    let renamed = planned(&[moved("b", &["a"])], &[ours(1, "a"), other(2)], &[], None);
    assert_eq!(renamed.last().map(String::as_str), Some("duplicate-mark"));
}

#[test]
fn moves_are_matched_at_once() {
    check(&[moved("b", &["a"])], &[ours(1, "a")], &["move b 1"]);
    check(&[moved("b", &["a"])], &[ours(1, "b")], &[]);
    // Chains, whatever the names' order.
    let chain = [moved("b", &["a"]), moved("c", &["b"])];
    check(&chain, &[ours(1, "a"), ours(2, "b")], &["move b 1", "move c 2"]);
    check(&chain, &[ours(1, "b"), ours(2, "c")], &[]);
    check(&chain, &[ours(1, "a"), ours(2, "c")], &["move b 1"]);
    let back = [moved("b", &["c"]), moved("a", &["b"])];
    check(&back, &[ours(1, "b"), ours(2, "c")], &["move a 1", "move b 2"]);
    // One that was renamed twice.
    check(&[moved("c", &["b", "a"])], &[ours(1, "a")], &["move c 1"]);
    // Conflicts.
    check(&[moved("b", &["a"])], &[ours(1, "a"), ours(2, "b")], &["moved-conflict"]);
    check(&[moved("c", &["b"]), plainly("b")], &[ours(1, "b")], &["create c -", "moved-conflict"]);
}

#[test]
fn circles_are_told_by_what_is_in_them() {
    let named = |id: u64, own: &str, name: &str| {
        live(id, name, &["musher:shop.prod", &format!("musher_id:{own}")], json!({}))
    };
    let swap = [moved("a", &["b"]), moved("b", &["a"])];
    // What was `a` is called as `b` is now, and the other way round.
    check(&swap, &[named(1, "a", "b"), named(2, "b", "a")], &["move a 2", "move b 1"]);
    check(&swap, &[named(1, "b", "b"), named(2, "a", "a")], &[]);
    // Stopped between the two.
    check(&swap, &[named(1, "b", "b"), named(2, "b", "a")], &["move a 2"]);
    let three = [moved("a", &["c"]), moved("b", &["a"]), moved("c", &["b"])];
    let before = [named(1, "a", "b"), named(2, "b", "c"), named(3, "c", "a")];
    check(&three, &before, &["move a 3", "move b 1", "move c 2"]);
}

#[test]
fn the_later_of_a_chain_waits() {
    let (marked, resources) = ([ours(1, "a"), ours(2, "b")], [moved("b", &["a"]), moved("c", &["b"])]);
    let inputs = Inputs {
        scope: &scope(&[]),
        site: "s",
        organisation: None,
        now: jiff::Timestamp::UNIX_EPOCH,
        resources: &resources,
        forgotten: &[],
        live: &marked,
        unlisted: &[],
        selected: &|_| true,
        seen_last: &|_, _| None,
    };
    let (plan, _) = plan(&inputs);
    let after: Vec<_> = plan.changes.iter().map(|change| change.after.clone()).collect();
    assert_eq!(after, [vec![Address::new("monitors", "c")], vec![]]);
}

#[test]
fn adopting_takes_what_is_nobodys_and_never_replaces() {
    let foreign = |tags: &[&str]| live(7, "x", tags, json!({}));
    check(&[adopting("a", "7", json!({}))], &[foreign(&["team:x"])], &["adopt a 7"]);
    check(&[adopting("a", "7", json!({}))], &[], &["create a -", "adopted-gone"]);
    check(&[adopting("a", "7", log_alert())], &[foreign(&[])], &["replace a 7", "adopted-other-type"]);
    let others = foreign(&["musher:other", "musher_id:z"]);
    check(&[adopting("a", "7", json!({}))], &[others], &["create a -", "adopted-owned"]);
    let damaged = foreign(&["musher:other"]);
    check(&[adopting("a", "7", json!({}))], &[damaged], &["create a -", "adopted-owned"]);
    // What is left of a mark of ours: this is how it comes back.
    check(&[adopting("a", "7", json!({}))], &[foreign(&["musher:shop.prod"])], &["adopt a 7"]);
}

#[test]
fn damaged_marks_are_told_and_nothing_is_made_that_they_may_be() {
    let damaged = |name: &str, tags: &[&str]| live(7, name, tags, json!({}));
    let lost = |name: &str| damaged(name, &["musher:shop.prod"]);
    check(&[plainly("a")], &[lost("a")], &["create a -", "damaged-mark", "? mark"]);
    check(&[plainly("a")], &[lost("renamed")], &["create a -", "damaged-mark", "? mark"]);
    check(&[plainly("a")], &[lost("renamed"), ours(1, "a")], &["damaged-mark"]);
    check(&[], &[lost("a")], &["damaged-mark"]);
    let several = damaged("x", &["musher:shop.prod", "musher_id:a", "musher_id:b"]);
    check(&[plainly("c")], std::slice::from_ref(&several), &["create c -", "damaged-mark"]);
    check(&[plainly("a"), plainly("b")], &[several, ours(1, "a")], &["create b -", "damaged-mark", "? mark"]);
    let bad = damaged("a", &["musher:shop.prod", "musher_id:../a"]);
    check(&[plainly("a")], &[bad], &["create a -", "damaged-mark", "? mark"]);
    // Rewritten by the service, or cut short: neither made again nor deleted.
    let named =
        |name: &str, own: &str| live(7, name, &["musher:shop.prod", &format!("musher_id:{own}")], json!({}));
    check(&[plainly("a__b")], &[named("x", "a_b")], &["create a__b -", "? mark"]);
    check(&[plainly("checkout")], &[named("checkout", "check")], &["create checkout -", "? mark"]);
    check(&[plainly("checkout")], &[named("check", "check")], &["delete check 7", "create checkout -"]);
}

#[test]
fn an_owner_before_a_rename_is_followed() {
    let old = |id: u64, own: &str| live(id, own, &["musher:store", &format!("musher_id:{own}")], json!({}));
    let check = |resources: &[Resource], live: &[Live], expected: &[&str]| {
        assert_eq!(planned(resources, live, &["store"], None), expected);
    };
    check(&[plainly("a")], &[old(1, "a")], &["move a 1"]);
    check(&[moved("b", &["a"])], &[old(1, "a")], &["move b 1"]);
    check(&[plainly("a")], &[old(1, "a"), ours(2, "a")], &["left-behind"]);
    check(&[], &[old(1, "a")], &["left-behind"]);
    assert_eq!(planned(&[plainly("a")], &[old(1, "a")], &[], None), ["create a -"]);
}

/// A retention filter, made by somebody, or by nobody where it is built in.
fn filter(id: &str, name: &str, by: &str) -> Live {
    let body = json!({"id": id, "name": name, "enabled": true, "filter_type": "spans-sampling-processor", "rate": 1.0,
        "filter": {"query": "x"}, "trace_rate": 0.0, "created_by": by, "created_at": if by.is_empty() { 0 } else { 5 }});
    Live { section: "retention_filters", id: id.to_owned(), body, mark: None, url: format!("https://x/{id}") }
}

/// What a plan of one definition says, and how many changes it has.
fn check_keyed(live: &[Live], name: &str, rate: f64, adopt: Option<&str>, expected: (&[&str], usize)) {
    let body = json!({"name": name, "enabled": true, "filter_type": "spans-sampling-processor", "rate": rate,
        "filter": {"query": "x"}});
    let directives = Directives { adopt: adopt.map(str::to_owned), ..Directives::default() };
    let resource = Resource {
        address: Address::new("retention_filters", "f"),
        body: Body::of(&body).expect("a shallow body"),
        directives,
        origin: std::sync::Arc::default(),
        instance: None,
    };
    let scope = Scope {
        project: "shop".to_owned(),
        environment: None,
        owner: Owner("shop".to_owned()),
        former: Vec::new(),
        vars: Map::<String, Value>::new(),
        owns: Vec::new(),
        secrets: indexmap::IndexMap::new(),
    };
    let (plan, reported) = plan(&Inputs {
        scope: &scope,
        site: "x",
        organisation: None,
        now: jiff::Timestamp::UNIX_EPOCH,
        resources: &[resource],
        live,
        forgotten: &[],
        unlisted: &[],
        selected: &|_| true,
        seen_last: &|_, _| None,
    });
    let codes: Vec<&str> = reported.iter().map(|reported| reported.code).collect();
    assert_eq!((codes.as_slice(), plan.changes.len()), expected, "{name} {rate} {adopt:?}");
}

#[test]
fn one_of_several_of_a_name_is_said() {
    let two = [filter("1", "a", "me"), filter("2", "a", "you")];
    check_keyed(&two, "a", 0.5, None, (&["ambiguous-key"], 1));
    check_keyed(&two, "a", 0.5, Some("2"), (&[], 1));
    check_keyed(&two, "a", 1.0, Some("2"), (&[], 0));
    check_keyed(&two[..1], "a", 1.0, None, (&[], 0));
}

#[test]
fn what_is_built_in_is_nobodys_but_by_its_id() {
    let built_in = [filter("1", "Default", "")];
    // Of the same name: another one is made.
    check_keyed(&built_in, "Default", 1.0, None, (&[], 1));
    check_keyed(&built_in, "Default", 0.5, Some("1"), (&[], 1));
    check_keyed(&built_in, "Renamed", 1.0, Some("1"), (&["built-in"], 1));
}

/// An object of another section than the usual one, and its definition.
fn pair_of(section: &'static str, declared: Value, live: Value) -> (Resource, Live) {
    let address = Address::new(section, "a");
    let body = Body::of(&declared).expect("a body");
    let resource = Resource {
        address,
        body,
        directives: Directives::default(),
        origin: std::sync::Arc::default(),
        instance: None,
    };
    let kind = kind::of_section(section).expect("a kind");
    let mark = mark::read(kind, &live);
    (resource, Live { section, id: "x".into(), body: live, mark, url: String::new() })
}

#[test]
fn an_index_is_never_replaced_and_what_is_hidden_is_no_change() {
    let tags = json!(["musher:shop.prod", "musher_id:a"]);
    let index = |name: &str| json!({"name": name, "filter": {"query": "*"}, "tags": tags});
    let (renamed, live) =
        pair_of("logs_indexes", json!({"name": "new", "filter": {"query": "*"}}), index("old"));
    check(&[renamed], std::slice::from_ref(&live), &["never-replaced"]);
    let (same, live) =
        pair_of("logs_indexes", json!({"name": "old", "filter": {"query": "*"}}), index("old"));
    check(&[same], std::slice::from_ref(&live), &[]);
    let archive =
        |destination: Value| json!({"id": "x", "name": "a", "query": "*", "destination": destination});
    let bucket = json!({"type": "s3", "bucket": "b"});
    let (hidden, live) = pair_of("logs_archives", archive(bucket.clone()), archive(Value::Null));
    check(&[hidden], std::slice::from_ref(&live), &["hidden-field"]);
    let (seen, live) = pair_of("logs_archives", archive(bucket.clone()), archive(bucket));
    check(&[seen], std::slice::from_ref(&live), &[]);
}
