//! Every field of every row: what is declared is sent and compared, or refused; and what says no more than its absence
//! is no change, whichever side leaves it out.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::canon::align;
use crate::check::{Settings, check};
use crate::diagnostic::{Format, Sources};
use crate::diff::{diff, same};
use crate::kind::{Field, KINDS, Kind, Type, is_empty};
use crate::model::{Address, Body, Directives, Mark, Owner, Resource};
use crate::outgoing::to_create;
use crate::pointer::{put, take};
use crate::template::Renderings;

/// A body that holds a value at a path of a row, and where it stands in it.
fn holding(kind: &Kind, path: &str, value: &Value) -> (Value, String) {
    let mut body = json!({});
    let (mut at, mut above) = (String::new(), String::new());
    for step in path.split('/').skip(1) {
        let of = |field: &&Field| field.at == above;
        let is_map = kind.fields.iter().find(of).is_some_and(|field| field.value == Type::Object);
        if step == "*" && !is_map {
            put(&mut body, &at, json!([null]));
        }
        let step_of_body = match step {
            "*" if is_map => "a",
            "*" => "0",
            step => step,
        };
        at = format!("{at}/{step_of_body}");
        above = format!("{above}/{step}");
    }
    put(&mut body, &at, value.clone());
    (body, at)
}

#[test]
fn what_says_no_more_than_its_absence_is_no_change() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for kind in KINDS {
        for (field, text) in
            kind.fields.iter().flat_map(|field| field.defaults.iter().map(move |text| (field, text)))
        {
            let default: Value = serde_json::from_str(text).expect("a JSON text");
            let (with, at) = holding(kind, field.at, &default);
            let mut without = with.clone();
            take(&mut without, &at);
            for (what, desired, live) in [("declared", &with, &without), ("live", &without, &with)] {
                tried += 1;
                let aligned = align(kind, desired, live);
                let found = diff(&aligned.live, &aligned.desired);
                if !found.is_empty() {
                    wrong.push(format!("{} {} {text} {what} alone: {found:?}", kind.name, field.at));
                }
            }
        }
    }
    assert!(tried > 40, "the rows hold more: {tried}");
    assert!(wrong.is_empty(), "{} of {tried}\n{}", wrong.len(), wrong.join("\n"));
}

/// Values of a field's type, and those that people write for something special.
fn samples(field: &Field) -> Vec<Value> {
    let known = |known: &[&str]| known.first().copied().unwrap_or("x").to_owned();
    match field.value {
        Type::Any => vec![json!("x"), json!({"x": 1}), json!(["x"])],
        Type::Boolean => vec![json!(true), json!(false)],
        Type::Number(_, most) | Type::Integer(_, most) => vec![json!(most.unwrap_or(7)), json!(0)],
        Type::Text(words) => vec![json!(known(words))],
        Type::Texts(words) => vec![json!([known(words)])],
        Type::Integers => vec![json!([7])],
        Type::Object => vec![json!({"x": 1}), json!({"*": null})],
        Type::List | Type::Same(_) => vec![json!([{"x": 1}])],
    }
}

/// Whether a rule says that the value is not what the service will hold.
fn is_refused(kind: &Kind, body: &Value) -> bool {
    let resource = Resource {
        address: Address::new(kind.section, "x"),
        body: Body::of(body).expect("a shallow body"),
        directives: Directives::default(),
        origin: Arc::default(),
        instance: None,
    };
    let mut sources = Sources::default();
    sources.add("x", "", Format::Text);
    let (found, _) = check(
        &[resource],
        &Settings::default(),
        &sources,
        &[],
        (&|_| Renderings::new(), &|_, _, _| None::<()>),
    );
    const REFUSING: [&str; 5] =
        ["read-only-field", "kept-elsewhere", "retired-field", "field-type", "unknown-word"];
    found.iter().any(|reported| REFUSING.contains(&reported.code))
}

/// Where a body is neither sent nor compared as it stands; empty: all is well.
fn lost(kind: &Kind, field: &Field, value: &Value) -> Option<&'static str> {
    let (body, at) = holding(kind, field.at, value);
    if is_refused(kind, &body) {
        return None;
    }
    let mark = Mark { owner: Owner("rows".to_owned()), id: "x".to_owned(), protect: false };
    let mut sent = to_create(kind, &body, &mark);
    // The mark may stand inside of it, where the value has nothing.
    if let Some(own) = kind.identity.at().filter(|own| own.starts_with(&format!("{at}/"))) {
        take(&mut sent, own);
    }
    if !sent.pointer(&at).is_some_and(|sent| same(sent, value) || kind.identity.at() == Some(&*at)) {
        return Some("not sent");
    }
    let mut live = body.clone();
    take(&mut live, &at);
    if live.pointer(&at).is_some() {
        // An item of a list stays where it is: another one shows whether it is compared.
        put(&mut live, &at, json!("other"));
    }
    let aligned = align(kind, &body, &live);
    let spelled = |text: &&&str| serde_json::from_str::<Value>(text).is_ok_and(|other| same(&other, value));
    let is_null = field.synonyms.first() == Some(&"null") && field.synonyms.iter().any(|text| spelled(&text));
    // Where members are not named by people, one that is null is none.
    let inside = format!("{}/*", field.at);
    let is_blank = value.as_object().is_some_and(|members| members.values().all(Value::is_null))
        && !kind.fields.iter().any(|field| field.at == inside);
    let is_implied = field.implied.iter().any(|(_, text)| spelled(&text));
    let is_silent =
        is_empty(value) || is_blank || is_implied || field.is_harmless(value) || is_null || field.unseen;
    let is_shown = !diff(&aligned.live, &aligned.desired).is_empty();
    (!is_shown && !is_silent).then_some("not compared")
}

#[test]
fn what_is_declared_is_sent_and_compared_or_refused() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for kind in KINDS {
        // Ids of list items name things inside of a body: they are matched, not compared.
        let is_matched = |at: &str| {
            let mut lists = kind.quirks.identified.iter();
            lists.any(|list| at == format!("{}/*/{}", list.list, list.field))
                // A share of no product is a share of nothing.
                || (kind.name, at) == ("scanner_group", "/samplings/*/rate")
        };
        for field in kind.fields.iter().filter(|field| !field.at.is_empty() && !is_matched(field.at)) {
            for value in samples(field) {
                tried += 1;
                if let Some(how) = lost(kind, field, &value) {
                    wrong.push(format!("{} {} {value}: {how}", kind.name, field.at));
                }
            }
        }
    }
    assert!(tried > 250, "the rows hold more: {tried}");
    assert!(wrong.is_empty(), "{} of {tried}\n{}", wrong.len(), wrong.join("\n"));
}
