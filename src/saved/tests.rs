//! Plans written, read back, and held against later ones.

use super::*;
use crate::model::{Action, Address, Body, Directives};

/// What a project says and what is live at one moment, for a plan of updates.
#[derive(Clone)]
struct Moment {
    /// By id: the wanted name and the live one; no live one: a create.
    monitors: Vec<(&'static str, &'static str, Option<&'static str>)>,
    site: &'static str,
}

const BEFORE: &[(&str, &str, Option<&str>)] = &[("a", "new", Some("old")), ("b", "b", None)];

fn moment(monitors: &[(&'static str, &'static str, Option<&'static str>)]) -> Moment {
    Moment { monitors: monitors.to_vec(), site: "datadoghq.eu" }
}

impl Moment {
    fn plan(&self) -> Plan {
        let change = |(id, wanted, live): &(&str, &str, Option<&str>)| Change {
            claim: crate::model::Claim::Mark,
            address: Address::new("monitors", id),
            action: if live.is_some() { Action::Update } else { Action::Create },
            kind: "monitor",
            datadog_id: live.map(|_| format!("1{}", id.len())),
            url: None,
            moved_from: None,
            alike: Vec::new(),
            origin: None,
            instance: None,
            risks: Vec::new(),
            diff: vec![crate::model::FieldChange {
                path: "/name".into(),
                before: live.map(Value::from),
                after: Some((*wanted).into()),
            }],
            body: None,
            live: live.map(|name| json!({"name": name, "modified": "at some time", "message": "m"})),
            after: Vec::new(),
            protected: false,
            ignore: Vec::new(),
            items: Vec::new(),
            facts: Vec::new(),
            references: crate::model::References::new(),
        };
        let due = self.monitors.iter().filter(|(_, wanted, live)| *live != Some(*wanted));
        Plan {
            unlisted: Vec::new(),
            project: "shop".into(),
            environment: Some("prod".into()),
            site: self.site.into(),
            changes: due.map(change).collect(),
            declared: self.monitors.len(),
            ..Plan::default()
        }
    }

    fn seal(&self) -> Seal {
        let resource = |(id, wanted, _): &(&str, &str, Option<&str>)| Resource {
            address: Address::new("monitors", id),
            body: Body::of(&json!({ "name": wanted })).expect("a shallow body"),
            directives: Directives::default(),
            origin: std::sync::Arc::default(),
            instance: None,
        };
        seal(&self.plan(), &self.monitors.iter().map(resource).collect::<Vec<_>>(), &[])
    }

    fn file(&self) -> String {
        let mut out = Vec::new();
        crate::render::plan_json::write(&self.plan(), &self.seal(), &mut out).expect("a vector takes all");
        String::from_utf8(out).expect("text")
    }
}

fn now_of<'a>(plan: &'a Plan, seal: &'a Seal) -> Now<'a> {
    let summary = crate::render::plan_json::summary(plan);
    Now { plan, seal, entry: &crate::render::plan_json::value, summary }
}

/// What is reported when a plan of before is applied at a later moment.
fn check(now: &Moment, expected: &[&str]) {
    let saved = read(moment(BEFORE).file().as_bytes()).expect("a saved plan");
    let (plan, seal) = (now.plan(), now.seal());
    let found = moved(&saved, &now_of(&plan, &seal));
    assert_eq!(found, expected);
}

#[test]
fn what_moved_is_named_with_its_reason() {
    check(&moment(BEFORE), &[]);
    check(
        &Moment { site: "datadoghq.com", ..moment(BEFORE) },
        &["the site was datadoghq.eu, and is datadoghq.com"],
    );
    let edited = moment(&[("a", "other", Some("old")), ("b", "b", None)]);
    check(&edited, &["monitors/a: its definition was changed"]);
    let in_the_ui = moment(&[("a", "new", Some("theirs")), ("b", "b", None)]);
    check(&in_the_ui, &["monitors/a: the live object 11 was changed (name)"]);
    let the_same_by_hand = moment(&[("a", "new", Some("new")), ("b", "b", None)]);
    let due = "monitors/a: the live object 11 was changed or deleted, and this change is no longer due";
    check(&the_same_by_hand, &[due]);
    check(
        &moment(&[("a", "new", Some("old")), ("b", "b", Some("b"))]),
        &["monitors/b: it was made meanwhile"],
    );
    check(&moment(&[("a", "new", Some("old"))]), &["monitors/b: it is no longer defined"]);
    let one_more = moment(&[("a", "new", Some("old")), ("b", "b", None), ("cc", "c", Some("x"))]);
    check(&one_more, &["monitors/cc: it is defined since"]);
}

#[test]
fn a_forged_file_with_a_fitting_digest_does_not_pass_for_the_plan_of_now() {
    let now = moment(BEFORE);
    let mut plan = now.plan();
    plan.changes[0].diff[0].after = Some("harmless".into());
    let mut out = Vec::new();
    crate::render::plan_json::write(&plan, &now.seal(), &mut out).expect("a vector takes all");
    let saved = read(out.as_slice()).expect("its digest fits");
    let (plan, seal) = (now.plan(), now.seal());
    let found = moved(&saved, &now_of(&plan, &seal));
    let expected = "monitors/a: what it refers to was changed, or the file no longer says what is due";
    assert_eq!(found, [expected]);
}

#[test]
fn a_summary_that_is_not_that_of_the_changes_is_told() {
    let now = moment(BEFORE);
    let mut plan = now.plan();
    plan.unchanged = 7;
    let mut out = Vec::new();
    crate::render::plan_json::write(&plan, &now.seal(), &mut out).expect("a vector takes all");
    let saved = read(out.as_slice()).expect("its digest fits");
    let (plan, seal) = (now.plan(), now.seal());
    let found = moved(&saved, &now_of(&plan, &seal));
    assert!(
        matches!(&found[..], [one] if one.contains("unchanged 7;") && one.ends_with("unchanged 0")),
        "{found:?}"
    );
}

#[test]
fn an_organisation_that_could_not_be_read_says_nothing() {
    let now = moment(BEFORE);
    for (before, after, expected) in [
        (Some("Acme"), Some("Acme"), &[][..]),
        (Some("Acme"), None, &[]),
        (None, Some("Acme"), &[]),
        (Some("Acme"), Some("Other"), &["the organisation was Acme, and is Other"]),
    ] {
        let mut saved = read(now.file().as_bytes()).expect("a saved plan");
        saved.seal.organisation = before.map(str::to_owned);
        let plan = Plan { organisation: after.map(str::to_owned), ..now.plan() };
        assert_eq!(moved(&saved, &now_of(&plan, &now.seal())), expected);
    }
}

#[test]
fn every_edit_is_found() {
    let text = moment(BEFORE).file();
    for (from, to) in [
        ("\"after\": \"new\"", "\"after\": \"more\""),
        ("\"action\": \"update\"", "\"action\": \"delete\""),
        ("\"environment\": \"prod\"", "\"environment\": \"dev\""),
        ("\"update\": 1", "\"update\": 2"),
        ("\"only\": []", "\"only\": [\"x\"]"),
        ("\"name\": \"", "\"name\": \"0"),
        ("\"saved\"", "\"more\": 1, \"saved\""),
    ] {
        assert!(text.contains(from), "{from} is not in {text}");
        let edited = text.replacen(from, to, 1);
        assert!(matches!(read(edited.as_bytes()), Err(SavedError::Edited)), "{edited}");
    }
    // White space and the order of keys say nothing.
    let value: Value = serde_json::from_str(&text).expect("JSON");
    assert!(read(format!("{value:#}").as_bytes()).is_ok());
}

#[test]
fn what_is_no_saved_plan_of_this_version_is_refused() {
    let text = moment(BEFORE).file();
    let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
    for (file, expected) in [
        (text.replace("\"format_version\": 1", "\"format_version\": 2"), "its format is 2"),
        (r#"{"format_version": "x", "changes": 7}"#.to_owned(), "its format is \"x\""),
        (text.replace(&version, "\"9.9.9\""), "musher 9.9.9 wrote it"),
        (text.replace("\"saved\"", "\"other\""), "it holds a plan that was not saved"),
        (
            text.replace("\"project\"", "\"site\""),
            "it is not a saved plan in JSON (`site` stands in it twice",
        ),
        (text[..text.len() / 2].to_owned(), "it is not a saved plan in JSON"),
        (format!("{text}{text}"), "it is not a saved plan in JSON"),
        (String::new(), "it is not a saved plan in JSON"),
        ("[]".to_owned(), "it is not a saved plan in JSON"),
        ("{}".to_owned(), "it is not a saved plan in JSON (`musher_version` is missing)"),
        ("[".repeat(100_000), "it is not a saved plan in JSON"),
        (format!("{{\"x\": {}", "[".repeat(100_000)), "it is not a saved plan in JSON"),
    ] {
        let error = read(file.as_bytes()).expect_err(expected).to_string();
        assert!(error.starts_with(expected), "{error} is not {expected}");
    }
}

#[test]
fn a_file_holds_sums_of_bodies_only_beside_the_changes() {
    let mut now = moment(BEFORE);
    now.monitors.push((
        "quiet",
        "a text that nobody should carry around",
        Some("a text that nobody should carry around"),
    ));
    assert!(!now.file().contains("carry around"));
}
