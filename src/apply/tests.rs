//! Plans carried out against a fake service.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::sync::watch;

use super::options::Compare;
use super::*;
use crate::cache::Cache;
use crate::client::fake::{Fake, Instead};
use crate::mark::{self, KnownBy};
use crate::model::{Attribute, Body, Mark, Owner, Reference};
use crate::moved::{Moved, moved_since};

const OWNER: &str = "shop.prod";

/// A change of `SECTION/ID`. Its body refers to `refers`, and it waits for `after`.
struct Draft {
    change: Change,
}

fn draft(action: Action, address: &str) -> Draft {
    let address = Address::parse(address).expect("an address");
    let kind = kind::of_section(address.section()).expect("a kind");
    let mut body = json!({ "name": address.id() });
    let mark = Mark { owner: Owner(OWNER.into()), id: address.id().into(), protect: false };
    mark::write(kind, &mut body, &mark);
    let body = Body::of(&body).filter(|_| action != Action::Delete);
    let change = Change { body, ..Change::new(kind.name, address, action) };
    Draft { change }
}

impl Draft {
    /// Made before the plan: with the mark, in the fake service.
    fn live(mut self, fake: &Fake) -> Self {
        let kind = kind::of_name(self.change.kind).expect("a kind");
        let mut body = json!({ "name": "as it was" });
        let mark = Mark { owner: Owner(OWNER.into()), id: self.change.address.id().into(), protect: false };
        mark::write(kind, &mut body, &mark);
        self.change.datadog_id = Some(fake.put(kind.section, body));
        self
    }

    fn id(&self) -> String {
        self.change.datadog_id.clone().expect("a live object")
    }

    fn set(&mut self, key: &str, value: Value) {
        let mut body = self.change.body.as_ref().expect("a body").value();
        body[key] = value;
        self.change.body = Body::of(&body);
    }

    fn refers(mut self, target: &str) -> Self {
        let target = Address::parse(target).expect("an address");
        let reference = Reference { target: target.clone(), attribute: Attribute::Id };
        self.set("query", json!(reference.marker()));
        self.change.after.push(target);
        self
    }

    fn after(mut self, target: &str) -> Self {
        self.change.after.push(Address::parse(target).expect("an address"));
        self
    }
}

fn plan(drafts: Vec<Draft>) -> Plan {
    Plan {
        project: "shop".into(),
        environment: Some("prod".into()),
        site: "x".into(),
        changes: drafts.into_iter().map(|draft| draft.change).collect(),
        ..Plan::default()
    }
}

/// Hears events, and stops the run after this many ends.
#[derive(Default)]
struct Ears {
    heard: Mutex<Vec<String>>,
    stop_after: Option<(usize, watch::Sender<bool>)>,
}

impl Watch for Ears {
    fn report(&self, event: Event<'_>) {
        let mut heard = self.heard.lock().expect("ears");
        let line = match event {
            Event::Total { changes } => format!("begun {changes}"),
            Event::Started { change } => format!("started {}", change.address),
            Event::Done { outcome } => {
                let done = heard.iter().filter(|line| line.starts_with("finished")).count() + 1;
                if let Some((_, stop)) = self.stop_after.as_ref().filter(|(after, _)| done == *after) {
                    stop.send_replace(true);
                }
                format!("finished {} {done}", outcome.address)
            }
            Event::Waiting { .. } => return,
        };
        heard.push(line);
    }
}

fn options<'a>(
    stop: &'a watch::Sender<bool>,
    compare: &'a Compare,
    refused: &'a BTreeMap<usize, String>,
) -> Options<'a> {
    Options {
        force: false,
        patience: Duration::from_secs(60),
        listed: Instant::now(),
        was_there: &|_, _| false,
        stop,
        compare,
        refused,
        keys_refused: "Look at the keys",
        secret: &|_| None,
    }
}

async fn run_with(fake: &Arc<Fake>, plan: &Plan, stop: &watch::Sender<bool>, ears: &Ears) -> Vec<Outcome> {
    let client = Client::new(Arc::<Fake>::clone(fake), "w", Cache::none());
    let compare: &Compare = &|_, sent, got| {
        let lost = sent.get("lost").filter(|_| got.get("lost").is_none());
        let change = |before| FieldChange { path: "/lost".into(), before: Some(before), after: None };
        lost.cloned().map(change).into_iter().collect()
    };
    let none = BTreeMap::new();
    let options = options(stop, compare, &none);
    apply(plan, &client, &options, ears).await
}

async fn run(fake: &Arc<Fake>, plan: &Plan) -> Vec<Outcome> {
    run_with(fake, plan, &watch::channel(false).0, &Ears::default()).await
}

/// `ADDRESS done`, `ADDRESS failed: …`, `ADDRESS not tried: …`.
fn reported(outcomes: &[Outcome]) -> Vec<String> {
    let reported = |outcome: &Outcome| match &outcome.status {
        Status::Done => format!("{} done", outcome.address),
        Status::Failed { text, .. } => format!("{} failed: {text}", outcome.address),
        Status::NotTried { because } => format!("{} not tried: {because}", outcome.address),
    };
    outcomes.iter().map(reported).collect()
}

/// Writes and deletes, in the order of their arrival.
fn writes(fake: &Fake) -> Vec<String> {
    fake.seen().into_iter().filter(|line| !line.starts_with("GET")).collect()
}

#[tokio::test(start_paused = true)]
async fn references_are_filled_with_what_was_made() {
    let fake = Fake::new();
    let plan = plan(vec![
        draft(Action::Create, "monitors/alert").refers("slos/s"),
        draft(Action::Create, "monitors/both").refers("monitors/alert"),
        draft(Action::Create, "slos/s"),
    ]);
    let ears = Ears::default();
    let outcomes = run_with(&fake, &plan, &watch::channel(false).0, &ears).await;
    assert_eq!(reported(&outcomes), ["monitors/alert done", "monitors/both done", "slos/s done"]);
    let queries: Vec<_> = fake.state().sent.iter().map(|body| body["query"].clone()).collect();
    assert_eq!(queries, [Value::Null, json!("slo-1"), json!("1002")]);
    assert_eq!((outcomes[0].attempts, outcomes[0].milliseconds), (1, 10));
    assert_eq!(outcomes[2].url.as_deref(), Some("w/slo?slo_id=slo-1"));
    let heard = ears.heard.lock().expect("ears").clone();
    assert_eq!(heard[..3], ["begun 3", "started slos/s", "finished slos/s 1"]);
}

#[tokio::test(start_paused = true)]
async fn work_begins_when_its_own_needs_are_met() {
    // A chain of ten and ten that stand alone: as long as the chain, not longer.
    let mut drafts: Vec<Draft> =
        (0..10).map(|at| draft(Action::Create, &format!("monitors/alone-{at}"))).collect();
    drafts.push(draft(Action::Create, "monitors/c0"));
    for at in 1..10 {
        drafts
            .push(draft(Action::Create, &format!("monitors/c{at}")).refers(&format!("monitors/c{}", at - 1)));
    }
    let fake = Fake::new();
    let began = Instant::now();
    let outcomes = run(&fake, &plan(drafts)).await;
    assert!(outcomes.iter().all(|outcome| outcome.status == Status::Done));
    // One more for the list that shows what is there in the end.
    assert_eq!(began.elapsed().as_millis() / 10, 11);
}

#[tokio::test(start_paused = true)]
async fn a_failure_stops_what_needs_it_and_nothing_else() {
    let fake = Fake::new();
    let refusal = json!({"errors": ["The value provided for parameter 'query' is invalid"]});
    fake.script(&[("POST /api/v1/slo", Instead::Answer(400, refusal))]);
    let plan = plan(vec![
        draft(Action::Create, "monitors/alert").refers("slos/s"),
        draft(Action::Create, "monitors/both").refers("monitors/alert"),
        draft(Action::Create, "monitors/other"),
        draft(Action::Create, "slos/s").refers("monitors/other"),
    ]);
    let outcomes = run(&fake, &plan).await;
    assert_eq!(
        reported(&outcomes),
        [
            "monitors/alert not tried: it needs `slos/s`, which failed",
            "monitors/both not tried: it needs `slos/s`, which failed",
            "monitors/other done",
            "slos/s failed: POST /api/v1/slo was answered with 400: The value provided for parameter 'query' is invalid",
        ]
    );
    let Status::Failed { pointer, .. } = &outcomes[3].status else { panic!("it failed") };
    assert_eq!(pointer.as_deref(), Some("/query"));
}

/// One create under a script: what is reported of it, and how many objects there are in the end.
async fn check_create(script: &[crate::client::fake::Scripted], expected: &str, objects: usize) {
    for address in ["monitors/a", "slos/a", "dashboards/a"] {
        let fake = Fake::new();
        let path = kind::of_section(address.split_once('/').expect("a section").0).expect("a kind").api.path;
        for (start, instead) in script {
            let start = format!("{start} {path}").leak();
            fake.script(&[(start, instead.clone())]);
        }
        let outcomes = run(&fake, &plan(vec![draft(Action::Create, address)])).await;
        let reported = reported(&outcomes).remove(0);
        assert!(reported.starts_with(&format!("{address} {expected}")), "{reported}");
        assert_eq!(fake.ids(address.split_once('/').expect("a section").0).len(), objects, "{script:?}");
        if expected == "done" {
            assert_eq!(outcomes[0].datadog_id, fake.ids(outcomes[0].address.section()).pop());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_made_twice() {
    let error = || json!({"errors": ["oops"]});
    check_create(&[], "done", 1).await;
    check_create(&[("POST", Instead::DoneAndLost)], "done", 1).await;
    check_create(&[("POST", Instead::Lost)], "done", 1).await;
    check_create(&[("POST", Instead::DoneAnd(502, error()))], "done", 1).await;
    check_create(&[("POST", Instead::Answer(500, error()))], "done", 1).await;
    check_create(&[("POST", Instead::DoneAnd(200, json!([])))], "done", 1).await;
    check_create(
        &[("POST", Instead::Lost), ("POST", Instead::Lost), ("POST", Instead::DoneAndLost)],
        "done",
        1,
    )
    .await;
    check_create(&[("POST", Instead::DoneAndLost), ("GET", Instead::NotSent)], "done", 1).await;
    // A success is never sent again, whatever its form, nor what leads elsewhere.
    check_create(&[("POST", Instead::Answer(200, json!({"ok": true})))], "failed: POST", 0).await;
    check_create(&[("POST", Instead::Answer(307, json!({})))], "failed: POST", 0).await;
    // Nothing shows what became of it: it is not sent again.
    let mut dark = vec![("POST", Instead::DoneAndLost)];
    dark.extend((0..100).map(|_| ("GET", Instead::NotSent)));
    check_create(&dark, "failed: POST", 1).await;
    check_create(&[("POST", Instead::Answer(400, error()))], "failed: POST", 0).await;
    let never: Vec<_> = (0..100).map(|_| ("POST", Instead::Answer(503, error()))).collect();
    check_create(&never, "failed: POST", 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_that_bears_our_mark_is_the_one() {
    for (mine, expected) in [(true, "monitors/a done"), (false, "monitors/a failed: POST")] {
        let fake = Fake::new();
        let made = draft(Action::Create, "monitors/a").live(&fake);
        let id = made.id();
        if !mine {
            fake.state().objects.get_mut("monitors").expect("monitors")[0].1["tags"] = json!([]);
        }
        let words = json!({"errors": [format!("Duplicate of an existing monitor_id:{id}")]});
        fake.script(&[("POST", Instead::Answer(400, words))]);
        let outcomes = run(&fake, &plan(vec![draft(Action::Create, "monitors/a")])).await;
        assert!(reported(&outcomes)[0].starts_with(expected), "{:?}", reported(&outcomes));
    }
}

#[tokio::test(start_paused = true)]
async fn a_replace_makes_the_new_one_first_and_deletes_the_old_one_last() {
    let fake = Fake::new();
    let replaced = draft(Action::Replace, "monitors/m").live(&fake);
    let user = draft(Action::Update, "monitors/user").live(&fake).refers("monitors/m");
    let (old, user_id) = (replaced.id(), user.id());
    // The lost answer of the new one must not be taken for the old one, which bears the same mark.
    fake.script(&[("POST", Instead::Lost)]);
    let outcomes = run(&fake, &plan(vec![replaced, user])).await;
    assert_eq!(reported(&outcomes), ["monitors/m done", "monitors/user done"]);
    assert_eq!(outcomes[0].datadog_id.as_deref(), Some("1003"));
    let expected = [
        "POST /api/v1/monitor".to_owned(),
        "POST /api/v1/monitor".to_owned(),
        format!("PUT /api/v1/monitor/{user_id}"),
        format!("DELETE /api/v1/monitor/{old}"),
    ];
    assert_eq!(writes(&fake), expected);
    assert_eq!(fake.state().sent.last().expect("sent")["query"], json!("1003"));
}

#[tokio::test(start_paused = true)]
async fn an_old_one_stays_while_it_is_needed() {
    let fake = Fake::new();
    let replaced = draft(Action::Replace, "monitors/m").live(&fake);
    let user = draft(Action::Update, "monitors/user").live(&fake).refers("monitors/m");
    let old = replaced.id();
    fake.script(&[("PUT", Instead::Answer(400, json!({"errors": ["no"]})))]);
    let outcomes = run(&fake, &plan(vec![replaced, user])).await;
    let stays = format!(
        "monitors/m failed: the new object 1003 is there, but the old one {old} is not deleted: \
         `monitors/user` still needs it. The next apply deletes it"
    );
    assert_eq!(reported(&outcomes)[0], stays);
    assert!(reported(&outcomes)[1].starts_with("monitors/user failed: PUT"));
    assert_eq!(fake.ids("monitors").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn replaces_that_build_on_each_other_go_in_reverse() {
    let fake = Fake::new();
    let member = draft(Action::Replace, "monitors/member").live(&fake);
    let whole = draft(Action::Replace, "monitors/whole").live(&fake).refers("monitors/member");
    let gone = draft(Action::Delete, "monitors/gone").live(&fake).after("monitors/whole");
    let ids = [whole.id(), member.id(), gone.id()];
    let outcomes = run(&fake, &plan(vec![gone, member, whole])).await;
    assert!(outcomes.iter().all(|outcome| outcome.status == Status::Done), "{:?}", reported(&outcomes));
    let deletes: Vec<_> = writes(&fake).into_iter().filter(|line| line.starts_with("DELETE")).collect();
    assert_eq!(deletes[0], format!("DELETE /api/v1/monitor/{}", ids[0]));
    assert_eq!(deletes.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_others_use_is_not_deleted() {
    let fake = Fake::new();
    let drafts: Vec<_> =
        ["a", "b", "c"].map(|id| draft(Action::Delete, &format!("monitors/{id}")).live(&fake)).into();
    let used = drafts[1].id();
    fake.state().used.insert(used.clone(), vec!["composite monitor 7 (Shop)".into(), "slo x".into()]);
    let plan = plan(drafts);
    let outcomes = run(&fake, &plan).await;
    assert_eq!(
        reported(&outcomes),
        [
            "monitors/a done",
            "monitors/b failed: the monitor is still used, and is not deleted: composite monitor 7 (Shop); slo x",
            "monitors/c done"
        ]
    );
    // Asked in bulk, and once more when the others were gone.
    let asked = fake.seen().into_iter().filter(|line| line.contains("can_delete")).count();
    assert_eq!((asked, fake.ids("monitors")), (2, vec![used]));
    // What was deleted before is done now.
    fake.state().used.clear();
    assert!(run(&fake, &plan).await.iter().all(|outcome| outcome.status == Status::Done));
    assert!(fake.ids("monitors").is_empty());
}

#[tokio::test(start_paused = true)]
async fn deletes_wait_for_their_users_and_ask_after() {
    let fake = Fake::new();
    let member = draft(Action::Delete, "monitors/member").live(&fake).after("monitors/whole");
    let whole = draft(Action::Delete, "monitors/whole").live(&fake);
    let ids = [whole.id(), member.id()];
    let outcomes = run(&fake, &plan(vec![member, whole])).await;
    assert_eq!(reported(&outcomes), ["monitors/member done", "monitors/whole done"]);
    assert_eq!(
        fake.seen(),
        [
            format!("GET /api/v1/monitor/can_delete?monitor_ids={}", ids[0]),
            format!("DELETE /api/v1/monitor/{}", ids[0]),
            format!("GET /api/v1/monitor/can_delete?monitor_ids={}", ids[1]),
            format!("DELETE /api/v1/monitor/{}", ids[1]),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_update_of_what_is_gone_says_so() {
    let fake = Fake::new();
    let gone = draft(Action::Update, "slos/gone").live(&fake);
    fake.state().objects.clear();
    let outcomes = run(&fake, &plan(vec![gone])).await;
    assert_eq!(
        reported(&outcomes),
        [
            "slos/gone failed: it is gone since the plan was made (PUT /api/v1/slo/slo-1 was answered with 404: \
          not found). Plan again"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_service_did_not_keep_is_told() {
    let fake = Fake::new();
    let mut odd = draft(Action::Create, "monitors/a");
    odd.set("lost", json!(1));
    let tags = ["musher:shop.prod", "musher_id:a"];
    fake.script(&[("POST", Instead::DoneAnd(200, json!({"id": 1001, "name": "a", "tags": tags})))]);
    let outcomes = run(&fake, &plan(vec![odd])).await;
    assert_eq!(outcomes[0].not_kept.iter().map(|field| field.path.as_str()).collect::<Vec<_>>(), ["/lost"]);
}

#[tokio::test(start_paused = true)]
async fn refused_keys_stop_everything_and_a_refused_object_only_itself() {
    let chain = || {
        plan(vec![
            draft(Action::Create, "monitors/a"),
            draft(Action::Create, "monitors/b").after("monitors/a"),
            draft(Action::Create, "monitors/c").after("monitors/b"),
            draft(Action::Create, "slos/s"),
        ])
    };
    let forbidden = |status| Instead::Answer(status, json!({"errors": ["Forbidden"]}));
    for (script, stops) in [
        // The keys are not known, whenever that is said.
        (vec![("POST /api/v1/slo", forbidden(401))], true),
        // Nothing was ever done for them.
        (vec![("POST /api/v1/slo", forbidden(403)), ("POST /api/v1/monitor", forbidden(403))], true),
        (vec![("POST /api/v1/slo", forbidden(403))], false),
    ] {
        let fake = Fake::new();
        let serves = script.len() == 1;
        fake.script(&script);
        let client = Client::new(Arc::<Fake>::clone(&fake), "w", Cache::none());
        if serves {
            let own = KnownBy::Mark(Mark { owner: Owner(OWNER.into()), id: "a".into(), protect: false });
            client.owned(kind::of_section("monitors").expect("a kind"), &own, 0).await.expect("listed");
        }
        let stop = watch::channel(false).0;
        let (compare, none): (&Compare, _) = (&|_, _, _| Vec::new(), BTreeMap::new());
        let outcomes = apply(&chain(), &client, &options(&stop, compare, &none), &Ears::default()).await;
        let reported = reported(&outcomes);
        assert_eq!(*stop.borrow(), stops, "{reported:?}");
        // What was on its way is finished.
        assert_eq!(reported[2] == "monitors/c done", !stops, "{reported:?}");
        assert_eq!(reported[3].contains("Look at the keys"), stops, "{reported:?}");
        assert_eq!(reported[3].contains("who may edit this slo"), !stops, "{reported:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_finishes_what_is_on_its_way() {
    let fake = Fake::new();
    let mut drafts = vec![draft(Action::Replace, "monitors/c0").live(&fake)];
    for at in 1..6 {
        drafts
            .push(draft(Action::Create, &format!("monitors/c{at}")).refers(&format!("monitors/c{}", at - 1)));
    }
    let stop = watch::channel(false).0;
    let ears = Ears { stop_after: Some((2, stop.clone())), ..Ears::default() };
    let outcomes = run_with(&fake, &plan(drafts), &stop, &ears).await;
    let reported = reported(&outcomes);
    assert!(
        reported[0].ends_with("is not deleted: apply was stopped before. The next apply deletes it"),
        "{reported:?}"
    );
    assert_eq!(reported[1..3], ["monitors/c1 done", "monitors/c2 done"]);
    assert!(
        reported[3..].iter().all(|reported| reported.ends_with("not tried: apply was stopped before")),
        "{reported:?}"
    );
    assert_eq!(ears.heard.lock().expect("ears").last().map(String::as_str), Some("finished monitors/c5 6"));
}

/// Those that were begun and not sent when the stop came have not failed, nor has what waits for them.
#[tokio::test(start_paused = true)]
async fn nothing_that_a_stop_left_undone_has_failed() {
    let fake = Fake::new();
    let mut drafts = Vec::new();
    for at in 0..6 {
        drafts.push(draft(Action::Create, &format!("monitors/a{at}")));
        drafts.push(draft(Action::Create, &format!("monitors/b{at}")).refers(&format!("monitors/a{at}")));
    }
    let stop = watch::channel(false).0;
    let pace = crate::limit::Pace { concurrency: Some(1), ..crate::limit::Pace::default() };
    let paced = crate::limit::Paced::new(Arc::<Fake>::clone(&fake), pace, stop.subscribe(), None);
    let client = Client::new(Arc::new(paced), "w", Cache::none());
    let ears = Ears { stop_after: Some((1, stop.clone())), ..Ears::default() };
    let none = BTreeMap::new();
    let outcomes = apply(&plan(drafts), &client, &options(&stop, &|_, _, _| Vec::new(), &none), &ears).await;
    let reported = reported(&outcomes);
    let begun = ears.heard.lock().expect("ears").iter().filter(|line| line.starts_with("started")).count();
    let done = reported.iter().filter(|reported| reported.ends_with(" done")).count();
    assert!(begun > done + 2 && done > 0, "nothing was begun and left: {reported:?}");
    let left =
        reported.iter().filter(|reported| reported.ends_with("not tried: apply was stopped before")).count();
    assert_eq!(done + left, reported.len(), "{reported:?}");
}

#[tokio::test(start_paused = true)]
async fn a_circle_and_a_reference_to_nothing_end() {
    let fake = Fake::new();
    let plan = plan(vec![
        draft(Action::Create, "monitors/a").refers("monitors/b"),
        draft(Action::Create, "monitors/b").refers("monitors/a"),
        draft(Action::Create, "monitors/c").refers("monitors/nothing"),
    ]);
    assert_eq!(
        reported(&run(&fake, &plan).await),
        [
            "monitors/a not tried: the changes that it needs wait for each other",
            "monitors/b not tried: the changes that it needs wait for each other",
            "monitors/c failed: it refers to `monitors/nothing`, which is not there",
        ]
    );
    assert!(writes(&fake).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refused_change_fails_and_stops_what_needs_it_and_nothing_else() {
    let fake = Fake::new();
    let plan = plan(vec![
        draft(Action::Create, "monitors/alone"),
        draft(Action::Update, "monitors/edited").live(&fake),
        draft(Action::Create, "monitors/needs").refers("monitors/edited"),
        draft(Action::Replace, "monitors/replaced").live(&fake),
    ]);
    let client = Client::new(Arc::<Fake>::clone(&fake), "w", Cache::none());
    let refused = [1, 3].map(|at| (at, "it was changed; plan again".to_owned())).into();
    let stop = watch::channel(false).0;
    let outcomes =
        apply(&plan, &client, &options(&stop, &|_, _, _| Vec::new(), &refused), &Ears::default()).await;
    assert_eq!(
        reported(&outcomes),
        [
            "monitors/alone done",
            "monitors/edited failed: it was changed; plan again",
            "monitors/needs not tried: it needs `monitors/edited`, which failed",
            "monitors/replaced failed: it was changed; plan again",
        ]
    );
    assert_eq!(writes(&fake), ["POST /api/v1/monitor"]);
}

/// A write half a minute after the list looks at its object first.
#[tokio::test(start_paused = true)]
async fn a_late_write_undoes_nothing() {
    for late in [false, true] {
        let fake = Fake::new();
        let drafts = [
            draft(Action::Update, "monitors/edited").live(&fake),
            draft(Action::Update, "monitors/muted").live(&fake),
            draft(Action::Update, "slos/same").live(&fake),
            draft(Action::Delete, "dashboards/edited").live(&fake),
            draft(Action::Delete, "dashboards/gone").live(&fake),
            draft(Action::Update, "slos/gone").live(&fake),
        ];
        let drafts = drafts.map(|mut draft| {
            let id = draft.id();
            let state = fake.state();
            let all = &state.objects[draft.change.address.section()];
            draft.change.live = all.iter().find(|(own, _)| *own == id).map(|(_, body)| body.clone());
            draft
        });
        let listed = Instant::now();
        let pause = if late { FRESH + Duration::from_secs(1) } else { FRESH - Duration::from_secs(1) };
        tokio::time::advance(pause).await;
        for draft in &drafts {
            let mut state = fake.state();
            let section = kind::of_section(draft.change.address.section()).expect("a kind").section;
            let objects = state.objects.get_mut(section).expect("objects");
            let at = objects.iter().position(|(id, _)| *id == draft.id()).expect("it is there");
            match draft.change.address.id() {
                "edited" => objects[at].1["name"] = json!("edited in the UI"),
                "muted" => objects[at].1["options"] = json!({"silenced": {"*": null}}),
                "gone" => drop(objects.remove(at)),
                _ => {}
            }
        }
        let plan = plan(drafts.into());
        let client = Client::new(Arc::<Fake>::clone(&fake), "w", Cache::none());
        let (stop, none) = (watch::channel(false).0, BTreeMap::new());
        let options = Options { listed, ..options(&stop, &|_, _, _| Vec::new(), &none) };
        let outcomes = apply(&plan, &client, &options, &Ears::default()).await;
        let reported = reported(&outcomes);
        let reads =
            fake.seen().into_iter().filter(|line| line.starts_with("GET") && !line.contains("can_delete"));
        if !late {
            assert_eq!(reported[0], "monitors/edited done");
            assert_eq!(reads.count(), 0);
            continue;
        }
        assert_eq!(reads.count(), 6);
        assert_eq!(
            reported[..5],
            [
                "monitors/edited failed: it was changed (name) since the plan was made; plan again",
                "monitors/muted done",
                "slos/same done",
                "dashboards/edited failed: it was changed (name) since the plan was made; plan again",
                "dashboards/gone done",
            ]
        );
        assert!(
            reported[5].starts_with("slos/gone failed: it is gone since the plan was made"),
            "{reported:?}"
        );
        let mutes: Vec<Value> =
            fake.state().sent.iter().map(|body| body["options"]["silenced"].clone()).collect();
        assert!(mutes.contains(&json!({"*": null})), "{mutes:?}");
    }
}

#[test]
fn what_moved_since_the_plan_is_named() {
    let fake = Fake::new();
    let [mut changed, mut same, mut gone] =
        ["a", "b", "c"].map(|id| draft(Action::Update, &format!("monitors/{id}")).live(&fake));
    let bodies: Vec<Value> = fake.state().objects["monitors"].iter().map(|(_, body)| body.clone()).collect();
    for (draft, body) in [&mut changed, &mut same, &mut gone].into_iter().zip(&bodies) {
        draft.change.live = Some(body.clone());
    }
    let made = draft(Action::Create, "monitors/d").live(&fake);
    let made_id = made.id();
    let mut created = draft(Action::Create, "monitors/d");
    created.change.datadog_id = None;
    let plan = plan(vec![changed, same, gone, created, draft(Action::Create, "monitors/e")]);
    let monitors = kind::of_section("monitors").expect("a kind");
    let fresh: Vec<Live> = fake.state().objects["monitors"]
        .iter()
        .filter(|(id, _)| Some(id) != plan.changes[2].datadog_id.as_ref())
        .map(|(id, body)| {
            let mut body = body.clone();
            body["modified"] = json!("later");
            if Some(id) == plan.changes[0].datadog_id.as_ref() {
                body["name"] = json!("edited in the UI");
            }
            let mark = mark::read(monitors, &body);
            Live { section: "monitors", id: id.clone(), body, mark, url: String::new() }
        })
        .collect();
    let moved: Vec<_> = moved_since(&plan, &fresh).into_iter().collect();
    assert_eq!(
        moved,
        [(0, Moved::Changed(vec!["name".into()])), (2, Moved::Gone), (3, Moved::Made(made_id))]
    );
}

/// Eight creates that build on each other, under faults; then once more for what was not done.
async fn end_state(needs: &[Option<usize>], script: Vec<crate::client::fake::Scripted>) -> (usize, usize) {
    let fake = Fake::new();
    fake.script(&script);
    let address = |at: usize| format!("{}/r{at}", ["monitors", "slos", "dashboards"][at % 3]);
    let drafts = needs.iter().enumerate().map(|(at, need)| {
        let draft = draft(Action::Create, &address(at));
        match need.filter(|_| at > 0) {
            Some(need) => draft.refers(&address(need % at)),
            None => draft,
        }
    });
    let mut plan = plan(drafts.collect());
    for _ in 0..20 {
        let stop = watch::channel(false).0;
        let paced = crate::limit::Paced::new(
            Arc::<Fake>::clone(&fake),
            crate::limit::Pace::default(),
            stop.subscribe(),
            None,
        );
        let client = Client::new(Arc::new(paced), "w", Cache::none());
        let compare: &Compare = &|_, _, _| Vec::new();
        let none = BTreeMap::new();
        let options = options(&stop, compare, &none);
        let outcomes = apply(&plan, &client, &options, &Ears::default()).await;
        // A second plan finds by its mark what is there, reported or not.
        for outcome in &outcomes {
            let kind = kind::of_name(outcome.kind).expect("a kind");
            let mark = Mark { owner: Owner(OWNER.into()), id: outcome.address.id().into(), protect: false };
            let state = fake.state();
            let objects = state.objects.get(kind.section).into_iter().flatten();
            let mut there = objects.filter(|(_, body)| mark::read(kind, body).as_ref() == Some(&mark));
            if let Some((id, _)) = there.next() {
                let known = Known { id: id.clone(), url: String::new(), alert: None };
                plan.known.insert(outcome.address.clone(), known);
                plan.changes.retain(|change| change.address != outcome.address);
            } else {
                assert_ne!(outcome.status, Status::Done, "{} is not there", outcome.address);
            }
        }
    }
    let objects: usize =
        ["monitors", "slos", "dashboards"].iter().map(|section| fake.ids(section).len()).sum();
    (objects, plan.changes.len())
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_fails_everything_is_there_once(
        needs in proptest::collection::vec(proptest::option::of(0_usize..8), 8),
        faults in proptest::collection::vec((0_usize..7, 0_usize..7), 0..40),
    ) {
        let script = faults.into_iter().map(|(start, instead)| {
            let start = [
                "POST", "POST", "POST /api/v1/slo", "POST /api/v1/dashboard", "POST /api/v1/monitor", "GET",
                "GET /api/v1/monitor",
            ][start];
            let error = json!({"errors": ["oops"]});
            let write = start.starts_with("POST");
            (start, match instead {
                0 => Instead::Answer(503, error),
                1 | 2 if write => Instead::DoneAndLost,
                3 if write => Instead::DoneAnd(502, error),
                4 if write => Instead::Answer(400, error),
                4 | 5 => Instead::NotSent,
                _ => Instead::Lost,
            })
        }).collect();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        let (objects, left) = runtime.block_on(end_state(&needs, script));
        proptest::prop_assert_eq!((objects, left), (8, 0));
    }
}
