//! The client against a fake service.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::fake::{Fake, Instead};
use super::*;
use crate::kind::{KINDS, Kind, Part, of_section};
use crate::model::{Mark, Owner};

fn client(fake: &Arc<Fake>) -> Client {
    Client::new(Arc::<Fake>::clone(fake), "https://app.datadoghq.eu/", Cache::none())
}

fn owner() -> Owner {
    Owner("shop.prod".into())
}

/// A list in which everything can be read.
async fn list(client: &Client, wanted: &Wanted<'_>) -> Result<Vec<Live>, Refusal> {
    let listed = client.finish(client.ask(&wanted.kinds, wanted.owner), wanted).await;
    listed.map(|listed| listed.live).map_err(|failed| failed.refusal)
}

/// A body with the mark of an owner.
fn marked(section: &str, owner: &str, id: &str) -> Value {
    let mut body = json!({ "name": id });
    let mark = Mark { owner: Owner(owner.into()), id: id.into(), protect: false };
    mark::write(of_section(section).expect("a kind"), &mut body, &mark);
    body
}

fn addresses(lives: &[Live]) -> Vec<String> {
    lives
        .iter()
        .map(|live| format!("{}/{}", live.section, live.mark.as_ref().map_or("-", |mark| &mark.id)))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_list_holds_what_bears_the_mark() {
    let fake = Fake::new();
    for section in ["monitors", "slos", "dashboards"] {
        fake.put(section, marked(section, "shop.prod", "a"));
        fake.put(section, marked(section, "shop.staging", "b"));
        fake.put(section, json!({"name": "nobody's", "tags": ["musher:shop.prod"], "description": "x"}));
    }
    let adopted = fake.put("monitors", json!({"name": "made in the UI"}));
    let dashboard = fake.put("dashboards", marked("dashboards", "other", "z"));
    let client = client(&fake);
    let owner = owner();
    let mut wanted = Wanted { kinds: always(), owner: Some(&owner), ..Wanted::default() };
    let lives = list(&client, &wanted).await.expect("a list");
    // A mark of the owner that can't be read is none, and not invisible.
    assert_eq!(addresses(&lives), ["dashboards/a", "monitors/a", "monitors/-", "slos/a", "slos/-"]);
    assert_eq!(lives[1].url, "https://app.datadoghq.eu/monitors/1001");
    let mut seen = fake.seen();
    seen.sort();
    assert_eq!(
        seen,
        [
            "GET /api/v1/dashboard/dashboard-7",
            "GET /api/v1/dashboard?start=0&count=1000",
            "GET /api/v1/monitor?page=0&page_size=1000&monitor_tags=musher:shop.prod",
            "GET /api/v1/slo?offset=0&limit=1000&tags_query=musher:shop.prod",
        ]
    );
    // What is to be adopted comes whatever mark it bears; what is gone doesn't.
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    wanted.adopted.insert("monitors", ids(&[&adopted, "999"]));
    wanted.adopted.insert("dashboards", ids(&[&dashboard]));
    let lives = list(&client, &wanted).await.expect("a list");
    assert_eq!(
        addresses(&lives),
        ["dashboards/a", "dashboards/z", "monitors/a", "monitors/-", "monitors/-", "slos/a", "slos/-"]
    );
    wanted.owner = None;
    assert_eq!(list(&client, &wanted).await.expect("a list").len(), 11);
}

/// A list by the owner's tag shows nothing of it: many are found in the list of all, a few by themselves.
#[tokio::test(start_paused = true)]
async fn what_is_to_be_adopted_comes_in_pages() {
    // The last one: so many pages are worth no more than twenty reads.
    for (many, others, least, most) in [
        (19, 100, 1 + 19, 1 + 19),
        (20, 100, 1 + 1, 1 + 1),
        (500, 100, 1 + 1, 1 + 1),
        (500, 2_700, 1 + 4, 1 + 4),
        (20, 9_000, 1 + 4 + 1, 1 + 4 + 19),
    ] {
        let fake = Fake::new();
        let monitors = of_section("monitors").expect("a kind");
        let mut ids = std::collections::BTreeSet::new();
        for at in 0..many + others {
            let id = fake.put("monitors", json!({"name": format!("m{at}"), "tags": []}));
            // All over the list, the last one included.
            if at * many / (many + others) != (at + 1) * many / (many + others) {
                ids.insert(id);
            }
        }
        assert_eq!(ids.len(), many);
        let owner = owner();
        let mut wanted = Wanted { kinds: vec![monitors], owner: Some(&owner), ..Wanted::default() };
        wanted.adopted.insert("monitors", ids.clone());
        let lives = list(&client(&fake), &wanted).await.expect("a list");
        let found: std::collections::BTreeSet<String> = lives.iter().map(|live| live.id.clone()).collect();
        assert_eq!(found, ids);
        let seen = fake.seen().len();
        assert!((least..=most).contains(&seen), "{many} among {others}: {seen}");
        // One that is gone is asked for by itself, to be sure.
        wanted.adopted.entry("monitors").or_default().insert("999999".to_owned());
        assert_eq!(list(&client(&fake), &wanted).await.expect("a list").len(), many);
    }
}

#[tokio::test(start_paused = true)]
async fn pages_are_guessed_and_asked_for_at_once() {
    for (count, declared, cold, warm) in
        [(0, 0, 1, 1), (2_600, 2_600, 3, 3), (999, 0, 1, 1), (1_000, 0, 2, 2), (3_500, 0, 4, 4)]
    {
        let fake = Fake::new();
        let folder = tempfile::tempdir().expect("a folder");
        for at in 0..count {
            fake.put("monitors", marked("monitors", "shop.prod", &format!("m{at}")));
        }
        let (owner, monitors) = (owner(), of_section("monitors").expect("a kind"));
        let declared = [("monitors", declared)].into();
        let wanted = Wanted { kinds: vec![monitors], owner: Some(&owner), declared, ..Wanted::default() };
        for requests in [cold, warm] {
            let cache = Cache::open_in(folder.path(), "x");
            let client = Client::new(Arc::<Fake>::clone(&fake), "w", cache);
            assert_eq!(list(&client, &wanted).await.expect("a list").len(), count);
            assert_eq!(fake.seen().len(), requests, "{count}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pages_that_shift_give_each_object_once() {
    let fake = Fake::new();
    for at in 0..2_000 {
        fake.put("monitors", marked("monitors", "shop.prod", &format!("m{at}")));
    }
    // Somebody makes an object that sorts first: the last of each page is on the next one too.
    fake.state().meanwhile.insert(2, |state| {
        let first = state.objects["monitors"][0].1.clone();
        let objects = state.objects.get_mut("monitors").expect("monitors");
        objects.insert(0, ("1".into(), json!({"id": 1, "tags": first["tags"]})));
    });
    let (owner, monitors) = (owner(), of_section("monitors").expect("a kind"));
    let wanted = Wanted { kinds: vec![monitors], owner: Some(&owner), ..Wanted::default() };
    let lives = list(&client(&fake), &wanted).await.expect("a list");
    let ids: std::collections::BTreeSet<_> = lives.iter().map(|live| &live.id).collect();
    assert_eq!((lives.len(), ids.len()), (2_000, 2_000));
}

#[tokio::test(start_paused = true)]
async fn a_list_without_pages_ends() {
    let fake = Fake::new();
    let all: Vec<Value> = (1..=1_500).map(|id| json!({ "id": id })).collect();
    fake.script(&[
        ("GET /api/v1/monitor", Instead::Answer(200, json!(all))),
        ("GET /api/v1/monitor", Instead::Answer(200, json!(all))),
    ]);
    let wanted = Wanted { kinds: vec![of_section("monitors").expect("a kind")], ..Wanted::default() };
    assert_eq!(list(&client(&fake), &wanted).await.expect("a list").len(), 1_500);
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_odd_answer_is_an_error() {
    for (section, path, answer, words) in [
        ("monitors", "GET /api/v1/monitor", json!({"monitors": []}), "there is no list in it"),
        (
            "monitors",
            "GET /api/v1/monitor",
            json!([{"id": "7"}]),
            "an item of the list is not an object with an id",
        ),
        ("monitors", "GET /api/v1/monitor", json!([7]), "an item of the list is not an object with an id"),
        ("slos", "GET /api/v1/slo", json!({"data": null}), "there is no list under `data` in it"),
        (
            "dashboards",
            "GET /api/v1/dashboard",
            json!({"dashboards": [{}]}),
            "an item of the list is not an object with an id",
        ),
        ("dashboards", "GET /api/v1/dashboard", Value::Null, "there is no list under `dashboards` in it"),
    ] {
        let fake = Fake::new();
        fake.script(&[(path, Instead::Answer(200, answer))]);
        let wanted = Wanted { kinds: vec![of_section(section).expect("a kind")], ..Wanted::default() };
        let refusal = list(&client(&fake), &wanted).await.expect_err("an odd answer");
        assert_eq!((refusal.fault, refusal.words.as_str()), (Fault::Odd, words));
    }
    let fake = Fake::new();
    let id = fake.put("slos", json!({}));
    fake.script(&[("GET /api/v1/slo/", Instead::Answer(200, json!({"data": {"id": "another"}})))]);
    let refusal = client(&fake).get(of_section("slos").expect("a kind"), &id).await.expect_err("another");
    assert_eq!(refusal.fault, Fault::Odd);
}

#[tokio::test(start_paused = true)]
async fn keys_that_do_not_serve_come_before_other_faults() {
    let fake = Fake::new();
    fake.script(&[
        ("GET /api/v1/dashboard", Instead::Answer(400, json!({"errors": ["no"]}))),
        ("GET /api/v1/slo", Instead::Answer(403, json!({"errors": ["Forbidden"]}))),
    ]);
    let wanted = Wanted { kinds: always(), ..Wanted::default() };
    let refusal = list(&client(&fake), &wanted).await.expect_err("forbidden");
    assert_eq!(refusal.to_string(), "GET /api/v1/slo was answered with 403: Forbidden");
}

/// The kinds that every project lists.
fn always() -> Vec<&'static Kind> {
    KINDS.into_iter().filter(|kind| kind.always).collect()
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_nobody_needs_may_be_forbidden() {
    let forbidden = || Instead::Answer(403, json!({"errors": ["Forbidden"]}));
    let fake = Fake::new();
    fake.put("monitors", marked("monitors", "shop.prod", "a"));
    let sections = |kinds: &[&'static Kind]| kinds.iter().map(|kind| kind.section).collect::<Vec<_>>();
    let list = async |optional: &[&'static str]| {
        let owner = owner();
        let optional = optional.iter().copied().collect();
        let wanted = Wanted { kinds: always(), owner: Some(&owner), optional, ..Wanted::default() };
        let client = client(&fake);
        client.finish(client.ask(&wanted.kinds, wanted.owner), &wanted).await
    };
    fake.script(&[("GET /api/v1/dashboard", forbidden()), ("GET /api/v1/slo", forbidden())]);
    let listed = list(&["dashboards", "slos"]).await.expect("monitors are enough");
    assert_eq!(
        (addresses(&listed.live), sections(&listed.refused)),
        (vec!["monitors/a".to_owned()], vec!["dashboards", "slos"])
    );
    // One that is needed ends it, and is named.
    fake.script(&[("GET /api/v1/dashboard", forbidden()), ("GET /api/v1/slo", forbidden())]);
    let failed = list(&["dashboards"]).await.expect_err("SLOs are needed");
    assert_eq!(sections(&failed.kinds), ["slos"]);
    // Keys that may see nothing are wrong keys.
    let all = ["GET /api/v1/dashboard", "GET /api/v1/slo", "GET /api/v1/monitor"];
    fake.script(&all.map(|path| (path, forbidden())));
    let failed = list(&["dashboards", "monitors", "slos"]).await.expect_err("no keys");
    assert_eq!(failed.refusal.fault, Fault::Forbidden);
}

#[tokio::test(start_paused = true)]
async fn a_resource_travels_in_its_envelope() {
    let fake = Fake::new();
    let client = client(&fake);
    let metrics = of_section("logs_metrics").expect("a kind");
    let body = json!({"id": "a.b", "compute": {"aggregation_type": "count"}});
    let made = client.create(metrics, &body).await.expect("made");
    assert_eq!((made.id.as_str(), &made.body["compute"]), ("a.b", &body["compute"]));
    client.update(metrics, "a.b", &json!({"id": "a.b", "filter": {"query": "x"}})).await.expect("changed");
    let filters = of_section("retention_filters").expect("a kind");
    let filter = client.create(filters, &json!({"name": "f", "rate": 1})).await.expect("made");
    client.update(filters, &filter.id, &json!({"name": "f", "rate": 0.5})).await.expect("changed");
    assert_eq!(
        fake.state().sent,
        [
            json!({"data": {"type": "logs_metrics", "id": "a.b", "attributes": {"compute": {"aggregation_type": "count"}}}}),
            json!({"data": {"type": "logs_metrics", "attributes": {"filter": {"query": "x"}}}}),
            json!({"data": {"type": "apm_retention_filter", "attributes": {"name": "f", "rate": 1}}}),
            json!({"data": {"type": "apm_retention_filter", "id": filter.id, "attributes": {"name": "f", "rate": 0.5}}}),
        ]
    );
    let methods: Vec<String> = fake.seen().iter().map(|line| line[..5].trim().to_owned()).collect();
    assert_eq!(methods, ["POST", "PATCH", "POST", "PUT /"]);
}

#[tokio::test(start_paused = true)]
async fn bodies_come_from_the_cache_while_they_are_unchanged() {
    let fake = Fake::new();
    let folder = tempfile::tempdir().expect("a folder");
    let ids: Vec<String> = (0..5)
        .map(|at| fake.put("dashboards", marked("dashboards", "shop.prod", &format!("d{at}"))))
        .collect();
    let dashboards = of_section("dashboards").expect("a kind");
    let owner = owner();
    let wanted = Wanted { kinds: vec![dashboards], owner: Some(&owner), ..Wanted::default() };
    let open = || {
        Client::new(Arc::<Fake>::clone(&fake), "w", Cache::open_in(folder.path(), "https://api.x shop.prod"))
    };
    let cold = list(&open(), &wanted).await.expect("a list");
    assert_eq!(fake.seen().len(), 6);
    let warm = list(&open(), &wanted).await.expect("a list");
    assert_eq!(fake.seen().len(), 1);
    assert_eq!(format!("{cold:?}"), format!("{warm:?}"));
    // A write's own answer is kept; somebody else's change is read.
    let client = open();
    client.update(dashboards, &ids[0], &marked("dashboards", "shop.prod", "d0")).await.expect("updated");
    client.save_cache().expect("saved");
    let now = json!({"id": ids[1], "modified_at": "now", "description": "Managed by musher: shop.prod/d1", "new": 1});
    fake.state().objects.get_mut("dashboards").expect("dashboards")[1].1 = now.clone();
    fake.seen();
    let lives = list(&open(), &wanted).await.expect("a list");
    assert_eq!(fake.seen()[1..], [format!("GET /api/v1/dashboard/{}", ids[1])]);
    assert_eq!((lives.len(), &lives[1].body), (5, &now));
    // A poisoned file: the right line with the body of another object, or of another time.
    for body in [json!({"id": ids[2], "modified_at": "now"}), json!({"id": ids[1], "modified_at": "then"})] {
        let mut cache = Cache::open_in(folder.path(), "https://api.x shop.prod");
        cache.put("dashboards", &ids[1], "now", &body);
        cache.save().expect("saved");
        fake.seen();
        let lives = list(&open(), &wanted).await.expect("a list");
        assert_eq!((fake.seen().len(), &lives[1].body), (2, &now));
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_list_names_is_read_while_others_are_busy() {
    let fake = Fake::new();
    let dashboards = of_section("dashboards").expect("a kind");
    let id = fake.put("dashboards", marked("dashboards", "shop.prod", "a"));
    fake.put("dashboards", marked("dashboards", "other.prod", "b"));
    let (client, owner) = (client(&fake), owner());
    let wanted = Wanted { kinds: vec![dashboards], owner: Some(&owner), ..Wanted::default() };
    for is_lost in [false, true] {
        if is_lost {
            fake.script(&[("GET /api/v1/dashboard/", Instead::Lost)]);
        }
        let listing = client.ask(&wanted.kinds, wanted.owner);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let own = format!("GET /api/v1/dashboard/{id}");
        let seen = fake.seen();
        assert_eq!(&seen[1..], std::slice::from_ref(&own), "before anybody asks what came of it");
        let listed = client.finish(listing, &wanted).await.expect("a list");
        assert_eq!(addresses(&listed.live), ["dashboards/a"]);
        // What failed is asked for once more, and nothing else.
        assert_eq!(fake.seen(), if is_lost { vec![own] } else { Vec::new() });
    }
}

/// What stands beside a list is asked for with it where the last run needed it.
#[tokio::test(start_paused = true)]
async fn an_order_that_was_needed_is_asked_for_at_once() {
    let fake = Fake::new();
    let folder = tempfile::tempdir().expect("a folder");
    let indexes = of_section("logs_indexes").expect("a kind");
    let open = || {
        Client::new(Arc::<Fake>::clone(&fake), "w", Cache::open_in(folder.path(), "https://api.x shop.prod"))
    };
    let path = indexes.api.order.expect("an order").path;
    let order = format!("GET {path}");
    let owner = owner();
    let mut wanted = Wanted { kinds: vec![indexes], owner: Some(&owner), ..Wanted::default() };
    for (is_needed, is_asked) in [(true, false), (true, true), (false, true), (false, false)] {
        wanted.ordered = if is_needed { BTreeSet::from([indexes.section]) } else { BTreeSet::new() };
        let client = open();
        let listing = client.ask(&wanted.kinds, wanted.owner);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let early = fake.seen().iter().filter(|line| **line == order).count();
        assert_eq!(early, usize::from(is_asked), "needed: {is_needed}");
        let _ = client.finish(listing, &wanted).await;
        client.save_cache().expect("saved");
        let late = fake.seen().iter().filter(|line| **line == order).count();
        assert_eq!(late, usize::from(is_needed && !is_asked), "asked for once");
    }
}

/// The kinds with the usual five routes, which the fake service has.
fn plain() -> impl Iterator<Item = &'static Kind> {
    let has_all = |kind: &&Kind| {
        let is_usual = kind.api.list.path.is_none() && kind.api.item.is_empty();
        kind.is_listed() && is_usual && kind.api.composed.is_none()
    };
    KINDS.into_iter().filter(has_all)
}

/// A type in the path, a delete that is a POST, and reads that show everything only where they name the type.
#[tokio::test(start_paused = true)]
async fn objects_of_several_types_have_several_paths() {
    let folder = tempfile::tempdir().expect("a folder");
    let sandbox = crate::sandbox::Sandbox::open(folder.path()).expect("a sandbox");
    let client = Client::new(Arc::new(sandbox), "https://example.com", Cache::none());
    let kind = of_section("synthetics_tests").expect("a kind");
    let body = |class: &str| {
        json!({
            "type": class, "name": "x", "message": "", "config": {}, "options": {"tick_every": 300},
            "steps": [{"name": "y", "type": "click", "params": {}}], "tags": ["musher:shop.prod", "musher_id:a"],
        })
    };
    for class in ["browser", "mobile"] {
        let made = client.create(kind, &body(class)).await.expect("made");
        assert_eq!(client.get(kind, &made.id).await.expect("read").body["steps"][0]["name"], "y");
        let owner = Owner("shop.prod".into());
        let wanted = Wanted { kinds: vec![kind], owner: Some(&owner), ..Wanted::default() };
        let listed = client.list(&wanted).await.expect("listed").live;
        assert_eq!(listed[0].body["steps"][0]["name"], "y");
        client.update(kind, &made.id, &body(class)).await.expect("changed");
        client.delete(kind, &made.id, false).await.expect("deleted");
        client.delete(kind, &made.id, false).await.expect("gone is fine");
        assert_eq!(client.get(kind, &made.id).await.expect_err("gone").fault, Fault::NotFound);
    }
    // What is no type leads nowhere else.
    for class in ["../../v2/team", "a/b", "..", "?x=1"] {
        let refused = client.create(kind, &body(class)).await.expect_err("no type");
        assert!(matches!(refused.fault, Fault::Refused | Fault::NotFound), "{class}: {refused}");
    }
}

/// A document is found by what it is called, and a create never takes the place of one that is there.
#[tokio::test(start_paused = true)]
async fn objects_that_say_their_ids_are_never_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let sandbox = crate::sandbox::Sandbox::open(folder.path()).expect("a sandbox");
    let client = Client::new(Arc::new(sandbox), "https://example.com", Cache::none());
    let kind = of_section("entities").expect("a kind");
    let body = |name: &str, tags: &[&str]| {
        json!({
            "apiVersion": "v3", "kind": "service", "metadata": {"name": name, "owner": "shop", "tags": tags},
            "spec": {"tier": "1"},
        })
    };
    let ours = ["musher:shop.prod", "musher_id:cart"];
    let made = client.create(kind, &body("cart", &ours)).await.expect("made");
    assert_eq!((made.id.as_str(), &made.body["spec"]["tier"]), ("service:default/cart", &json!("1")));
    assert_eq!(made.mark.as_ref().map(|mark| mark.id.as_str()), Some("cart"));
    // Once more is the same one: an answer may have been lost.
    client.create(kind, &body("cart", &ours)).await.expect("made again");
    for tags in [&["musher:shop.prod", "musher_id:basket"][..], &["musher:other.prod", "musher_id:cart"], &[]]
    {
        let refused = client.create(kind, &body("cart", tags)).await.expect_err("it is there");
        assert_eq!(refused.fault, Fault::Refused, "{refused}");
    }
    assert_eq!(client.get(kind, "service:default/cart").await.expect("read").mark, made.mark);
    for other in ["service:default/car", "service:shop/cart", "queue:default/cart"] {
        assert_eq!(client.get(kind, other).await.expect_err("another").fault, Fault::NotFound, "{other}");
    }
    let mut changed = body("cart", &ours);
    changed["metadata"]["owner"] = json!("checkout");
    let changed = client.update(kind, "service:default/cart", &changed).await.expect("changed");
    assert_eq!(changed.body["metadata"]["owner"], "checkout");
    client.delete(kind, "service:default/cart", false).await.expect("deleted");
    client.delete(kind, "service:default/cart", false).await.expect("gone is fine");
    assert_eq!(client.get(kind, "service:default/cart").await.expect_err("gone").fault, Fault::NotFound);
    for wrong in ["..", "service:default/..", "service:../cart", "/", ""] {
        assert_eq!(client.get(kind, wrong).await.expect_err("no id").fault, Fault::Refused, "{wrong}");
    }
}

/// What tells of no list doesn't tell that nothing is there.
#[tokio::test(start_paused = true)]
async fn an_answer_without_a_list_lets_nothing_be_written_over() {
    let kind = of_section("entities").expect("a kind");
    let body = json!({
        "apiVersion": "v3", "kind": "service",
        "metadata": {"name": "cart", "tags": ["musher:shop.prod", "musher_id:cart"]},
    });
    for odd in [json!({}), json!({ "data": null }), json!([])] {
        let fake = Fake::new();
        let client = Client::new(fake.clone(), "https://example.com", Cache::none());
        fake.script(&[("GET /api/v2/catalog/entity", Instead::DoneAnd(200, odd.clone()))]);
        let refused = client.create(kind, &body).await.expect_err("nobody knows what is there");
        assert_eq!(refused.fault, Fault::Odd, "{odd}: {refused}");
        assert!(fake.seen().iter().all(|seen| seen.starts_with("GET")), "{odd}");
    }
}

/// A document may say of itself what only the service knows.
#[tokio::test(start_paused = true)]
async fn an_entity_is_called_by_what_the_service_says() {
    let kind = of_section("entities").expect("a kind");
    let document = json!({
        "apiVersion": "v3", "kind": "service", "id": "another", "meta": {"createdAt": "x"},
        "metadata": {"name": "cart", "tags": ["musher:shop.prod", "musher_id:cart"]},
    });
    let answer = json!({"data": [{
        "id": "schema", "type": "entity",
        "attributes": {"kind": "service", "name": "cart", "namespace": "default", "apiVersion": "v3", "tags": ["musher:shop.prod"]},
        "meta": {"createdAt": "y"},
    }], "included": [{"id": "schema", "type": "schema", "attributes": {"schema": document}}]});
    let listed = crate::kind::documents(&kind.api, answer).expect("a list");
    let [own] = &listed[..] else { panic!("{listed:?}") };
    let said = [&own["id"], &own["meta"]["createdAt"]];
    assert_eq!(said, [&json!("service:default/cart"), &json!("y")]);
}

/// A list at another path whose items lie deep and are no more than summaries.
#[tokio::test(start_paused = true)]
async fn suites_are_found_by_search_and_read_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let sandbox = crate::sandbox::Sandbox::open(folder.path()).expect("a sandbox");
    let client = Client::new(Arc::new(sandbox), "https://example.com", Cache::none());
    let kind = of_section("synthetics_suites").expect("a kind");
    let body = |number: usize| {
        json!({
            "type": "suite", "name": format!("s{number}"), "message": "@slack-a", "options": {"alerting_threshold": 0.5},
            "tests": [], "tags": ["musher:shop.prod", format!("musher_id:s{number}")],
        })
    };
    let mut made = Vec::new();
    for number in 0..101 {
        made.push(client.create(kind, &body(number)).await.expect("made"));
    }
    // Somebody else's, and what the service itself calls monitors of these.
    let mut other = body(0);
    other["tags"] = json!(["team:other"]);
    client.create(kind, &other).await.expect("made");
    let owner = Owner("shop.prod".into());
    let wanted = Wanted { kinds: vec![kind], owner: Some(&owner), ..Wanted::default() };
    let listed = client.list(&wanted).await.expect("listed").live;
    assert_eq!(listed.len(), 101);
    assert!(
        listed
            .iter()
            .all(|live| live.body["message"] == "@slack-a"
                && live.body["options"]["alerting_threshold"] == 0.5)
    );
    let first = &made[0].id;
    assert_eq!(client.update(kind, first, &body(7)).await.expect("changed").body["name"], "s7");
    client.delete(kind, first, false).await.expect("deleted");
    client.delete(kind, first, false).await.expect("gone is fine");
    assert_eq!(client.get(kind, first).await.expect_err("gone").fault, Fault::NotFound);
}

#[tokio::test(start_paused = true)]
async fn objects_are_made_changed_and_removed() {
    for kind in plain() {
        let fake = Fake::new();
        let client = client(&fake);
        let made = client.create(kind, &marked(kind.section, "shop.prod", "a")).await.expect("made");
        assert_eq!(made.mark.as_ref().map(|mark| mark.id.as_str()), (!kind.is_keyed()).then_some("a"));
        let changed = client.update(kind, &made.id, &json!({"note": "b"})).await.expect("changed");
        assert_eq!((changed.body["note"].as_str(), &changed.mark), (Some("b"), &None));
        client.delete(kind, &made.id, false).await.expect("deleted");
        client.delete(kind, &made.id, false).await.expect("gone is fine");
        let gone = client.get(kind, &made.id).await.expect_err("gone");
        assert_eq!(gone.fault, Fault::NotFound);
        let refused = client.get(kind, "..").await.expect_err("no id");
        assert_eq!(refused.fault, Fault::Refused);
    }
}

#[tokio::test(start_paused = true)]
async fn who_uses_an_object_is_asked_in_bulk() {
    let fake = Fake::new();
    let monitors = of_section("monitors").expect("a kind");
    let ids: Vec<String> = (0..250).map(|at| at.to_string()).collect();
    fake.state().used.insert("7".into(), vec!["composite monitor 9".into()]);
    let refused = client(&fake).can_delete(monitors, &ids).await.expect("asked");
    assert_eq!(refused, [("7".to_owned(), vec!["composite monitor 9".to_owned()])].into());
    assert_eq!(fake.seen().len(), 3);
    for answer in [json!({"errors": ["Bad request"]}), json!({"data": 7})] {
        fake.script(&[("GET /api/v1/monitor/can_delete", Instead::Answer(409, answer))]);
        client(&fake).can_delete(monitors, &ids[..1]).await.expect_err("odd");
    }
    // SLOs answer a text; dashboards have no such question.
    let slos = of_section("slos").expect("a kind");
    let answer = json!({"data": {"ok": []}, "errors": {"x": "used by alert 5", "other": "of nobody"}});
    fake.script(&[("GET /api/v1/slo/can_delete", Instead::Answer(409, answer))]);
    let refused = client(&fake).can_delete(slos, &["x".to_owned()]).await.expect("asked");
    assert_eq!(refused, [("x".to_owned(), vec!["used by alert 5".to_owned()])].into());
    fake.seen();
    let dashboards = of_section("dashboards").expect("a kind");
    assert!(client(&fake).can_delete(dashboards, &ids).await.expect("nothing to ask").is_empty());
    assert!(fake.seen().is_empty());
    // One that is gone doesn't hide the others.
    let gone = json!({"errors": ["Monitor not found"]});
    fake.script(&[
        ("GET /api/v1/monitor/can_delete", Instead::Answer(404, gone.clone())),
        ("GET /api/v1/monitor/can_delete", Instead::Answer(404, gone)),
    ]);
    let refused = client(&fake).can_delete(monitors, &["6".to_owned(), "7".to_owned()]).await.expect("asked");
    assert_eq!(refused.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_object_is_found_by_its_mark() {
    for kind in plain().filter(|kind| !kind.is_keyed()) {
        let fake = Fake::new();
        fake.put(kind.section, marked(kind.section, "shop.staging", "a"));
        let ours = fake.put(kind.section, marked(kind.section, "shop.prod", "a"));
        fake.put(kind.section, marked(kind.section, "shop.prod", "a/b"));
        let own = KnownBy::Mark(Mark { owner: owner(), id: "a".into(), protect: true });
        let found = client(&fake).find(kind, &own).await.expect("found");
        assert_eq!(found.iter().map(|live| &live.id).collect::<Vec<_>>(), [&ours]);
        let all = client(&fake).owned(kind, &own, 0).await.expect("listed");
        assert_eq!(addresses(&all), [format!("{}/a", kind.section), format!("{}/a/b", kind.section)]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_organisation_is_told_where_it_may_be_read() {
    let fake = Fake::new();
    let org = json!({"orgs": [{"name": "Acme", "public_id": "abc"}, {"name": "Child", "public_id": "def"}]});
    for (status, answer, expected) in [
        (200, org, Some("Acme")),
        (403, json!({"errors": ["Forbidden"]}), None),
        (200, json!({"orgs": []}), None),
        (200, json!(7), None),
    ] {
        fake.script(&[("GET /api/v1/org", Instead::Answer(status, answer))]);
        let organisation = client(&fake).organisation().await.expect("asked");
        assert_eq!(organisation.map(|organisation| organisation.name).as_deref(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_that_meets_its_own_version_is_done() {
    const READ: &str = "GET /api/v2/security/signals/notification_rules/1000";
    const WRITE: &str = "PATCH /api/v2/security/signals/notification_rules/1000";
    let kind = of_section("signal_notification_rules").expect("a kind");
    let object = |name: &str, version: u8| json!({"data": {"id": "1000", "type": "notification_rules", "attributes": {"name": name, "version": version}}});
    // What stands there after the conflict, and whether that is what was sent.
    for (found, expected) in [("ours", true), ("somebody else's", false)] {
        let fake = Fake::new();
        fake.script(&[
            (READ, Instead::Answer(200, object("before", 1))),
            (WRITE, Instead::Answer(409, json!({"errors": ["conflict"]}))),
            (READ, Instead::Answer(200, object(found, 2))),
        ]);
        let updated = client(&fake).update(kind, "1000", &json!({"name": "ours"})).await;
        assert_eq!(updated.is_ok(), expected, "{found}: {updated:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_whose_refusal_was_cut_looks_whether_the_object_is_there() {
    const DELETE: &str = "DELETE /api/v1/logs/config/pipelines/1000";
    const READ: &str = "GET /api/v1/logs/config/pipelines/1000";
    let kind = of_section("logs_pipelines").expect("a kind");
    let words = kind.api.gone.expect("words");
    let there = (200, json!({"id": "1000", "name": "a"}));
    let gone = (400, json!({"error": {"message": words}}));
    for ((status, answer), expected) in [(gone, true), (there, false)] {
        let fake = Fake::new();
        fake.script(&[
            (DELETE, Instead::Answer(400, json!({"error": {"code": "InvalidArgument"}}))),
            (READ, Instead::Answer(status, answer)),
        ]);
        let deleted = client(&fake).delete(kind, "1000", false).await;
        assert_eq!(deleted.is_ok(), expected, "{status}: {deleted:?}");
    }
}

/// A team that is there, and the paths of what it holds.
fn team(fake: &Fake) -> (String, String, String) {
    let id = fake.put("teams", marked("teams", "shop.prod", "crew"));
    let [links, members] = ["links", "memberships"].map(|part| format!("/api/v2/team/{id}/{part}"));
    (id, links, members)
}

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn link(id: &str, label: &str) -> Value {
    json!({"type": "team_links", "id": id, "attributes": {"label": label, "url": "https://a.example", "position": 0}})
}

/// What was written of parts, in order.
fn part_writes(fake: &Fake) -> Vec<String> {
    let seen = fake.seen();
    seen.into_iter().filter(|line| !line.starts_with("GET") && line.matches('/').count() > 4).collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_team_holds_is_read_where_it_is_asked_for() {
    let fake = Fake::new();
    let (_, links, members) = team(&fake);
    let owner = owner();
    for (asked, expected) in [(&[][..], 1), (&["links"], 2), (&["links", "members"], 3)] {
        fake.script(&[
            (leak(format!("GET {links}")), Instead::Answer(200, json!({"data": [link("1", "a")]}))),
            (leak(format!("GET {members}")), Instead::Answer(200, json!({"data": []}))),
        ]);
        let whole = |_: &Kind, part: &Part, _: &Value| asked.contains(&part.field);
        let kinds = vec![of_section("teams").expect("a kind")];
        let wanted = Wanted { kinds, owner: Some(&owner), whole: Some(&whole), ..Wanted::default() };
        let lives = list(&client(&fake), &wanted).await.expect("a list");
        let held: Vec<&str> =
            ["links", "members"].into_iter().filter(|part| lives[0].body.get(*part).is_some()).collect();
        assert_eq!(held, asked);
        assert_eq!(fake.seen().len(), expected, "{asked:?}");
        fake.state().script.clear();
    }
}

#[tokio::test(start_paused = true)]
async fn members_of_an_identity_provider_are_left_alone() {
    let kind = of_section("teams").expect("a kind");
    let member = |user: &str, keeper: Value| {
        json!({"type": "team_memberships", "id": user, "attributes": {"role": null, "provisioned_by": keeper},
            "relationships": {"user": {"data": {"type": "users", "id": user}}}})
    };
    for (wanted, expected) in [
        (json!([]), Ok(vec!["DELETE a"])),
        (json!([{"user": "a"}]), Ok(vec![])),
        (json!([{"user": "saml"}, {"user": "b"}]), Err("`saml` stands there already by `saml_mapping`")),
    ] {
        let fake = Fake::new();
        let (id, _, members) = team(&fake);
        let there = json!({"data": [member("a", Value::Null), member("saml", json!("saml_mapping"))]});
        fake.script(&[
            (leak(format!("GET {members}")), Instead::Answer(200, there)),
            (leak(format!("DELETE {members}")), Instead::Answer(204, Value::Null)),
        ]);
        let mut body = marked("teams", "shop.prod", "crew");
        body["members"] = wanted.clone();
        let updated = client(&fake).update(kind, &id, &body).await;
        let writes = part_writes(&fake);
        match expected {
            Ok(expected) => {
                assert!(updated.is_ok(), "{updated:?}");
                let expected: Vec<String> = expected
                    .into_iter()
                    .map(|write| write.replacen(' ', &format!(" {members}/"), 1))
                    .collect();
                assert_eq!(writes, expected, "{wanted}");
            }
            Err(words) => {
                let refusal = updated.expect_err("it is refused");
                assert!(refusal.words.contains(words), "{refusal}");
                assert!(writes.is_empty(), "{writes:?}");
            }
        }
    }
}

/// A list that lags behind doesn't show the link that was made before the one whose answer was lost.
#[tokio::test(start_paused = true)]
async fn a_list_that_lags_doubles_no_link() {
    let kind = of_section("teams").expect("a kind");
    let fake = Fake::new();
    let (id, links, _) = team(&fake);
    let (get, post) = (leak(format!("GET {links}")), leak(format!("POST {links}")));
    let empty = || (get, Instead::Answer(200, json!({"data": []})));
    let made = |id: &str, label: &str| (post, Instead::Answer(200, json!({"data": link(id, label)})));
    fake.script(&[empty(), made("1", "a"), (post, Instead::Lost), empty(), made("2", "b"), empty()]);
    let mut body = marked("teams", "shop.prod", "crew");
    body["links"] =
        json!([{"label": "a", "url": "https://a.example"}, {"label": "b", "url": "https://b.example"}]);
    let updated = client(&fake).update(kind, &id, &body).await.expect("updated");
    let labels: Vec<&str> = updated.body["links"]
        .as_array()
        .expect("links")
        .iter()
        .filter_map(|link| link["label"].as_str())
        .collect();
    assert_eq!(labels, ["a", "b"]);
    let writes = part_writes(&fake);
    assert_eq!(writes.iter().filter(|line| line.starts_with("POST")).count(), 3, "{writes:?}");
}

/// A new link whose answer was lost, or is none that can be read.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_doubles_no_link() {
    let kind = of_section("teams").expect("a kind");
    let lists = |ids: &[&str]| {
        let links: Vec<Value> = ids.iter().map(|id| link(id, "a")).collect();
        Instead::Answer(200, json!({ "data": links }))
    };
    let made = || Instead::Answer(200, json!({"data": link("2", "a")}));
    let odd = || Instead::Answer(200, json!({"data": null}));
    // What the lists show one after the other, the answers to the new link, and how often it and a delete are sent.
    for (shown, answers, expected) in [
        (vec![lists(&[]), lists(&["1"])], vec![Instead::Lost], Ok((1, 0))),
        (vec![lists(&[]), lists(&[]), lists(&["2"])], vec![Instead::Lost, made()], Ok((2, 0))),
        // It was made by the first one after all.
        (vec![lists(&[]), lists(&[]), lists(&["1", "2"])], vec![Instead::Lost, made()], Ok((2, 1))),
        (vec![lists(&[]), lists(&["1"])], vec![odd()], Ok((1, 0))),
        // A success is not sent again, whatever the lists say.
        (vec![lists(&[]), lists(&[]), lists(&[]), lists(&[])], vec![odd()], Err(1)),
    ] {
        let fake = Fake::new();
        let (id, links, _) = team(&fake);
        let (get, post) = (leak(format!("GET {links}")), leak(format!("POST {links}")));
        let delete = leak(format!("DELETE {links}"));
        let mut script: Vec<_> = shown.into_iter().map(|list| (get, list)).collect();
        script.extend(answers.into_iter().map(|answer| (post, answer)));
        script.push((delete, Instead::Answer(204, Value::Null)));
        fake.script(&script);
        let mut body = marked("teams", "shop.prod", "crew");
        body["links"] = json!([{"label": "a", "url": "https://a.example"}]);
        let updated = client(&fake).update(kind, &id, &body).await;
        let writes = part_writes(&fake);
        let count = |start: &str| writes.iter().filter(|line| line.starts_with(start)).count();
        match expected {
            Ok(counts) => {
                assert!(updated.is_ok(), "{updated:?}");
                assert_eq!((count("POST"), count("DELETE")), counts, "{writes:?}");
            }
            Err(sent) => {
                assert!(updated.is_err(), "{updated:?}");
                assert_eq!(count("POST"), sent, "{writes:?}");
            }
        }
    }
}
