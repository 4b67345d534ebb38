//! Changed fields with names where ids and markers stand: `api/latency && !example/traffic`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::{Address, Change, Fact, FieldChange, ItemChange, Reference, References};
use crate::pointer::step;

/// The changed fields of a change, named.
pub fn fields(change: &Change) -> Vec<Cow<'_, FieldChange>> {
    change.diff.iter().map(|field| named(change, "", field)).collect()
}

/// The changed fields of one of its items, named.
pub fn in_item<'a>(change: &'a Change, item: &'a ItemChange) -> Vec<Cow<'a, FieldChange>> {
    let base = item.after.as_ref().or(item.before.as_ref()).map_or("", String::as_str);
    item.diff.iter().map(|field| named(change, base, field)).collect()
}

/// A whole body, named; the names stand by its fields.
pub fn body(of: &Value, section: &str, names: &References) -> Value {
    let Value::Object(members) = of else { return of.clone() };
    let named =
        |(key, member): (&String, &Value)| (key.clone(), value(member, section, names.get(&step(key))));
    Value::Object(members.iter().map(named).collect())
}

/// A fact's value, named.
pub fn fact<'a>(change: &'a Change, fact: &'a Fact) -> Cow<'a, Value> {
    let names = change.references.get(&fact.at);
    match names.is_some() || holds_marker(&fact.value) {
        true => Cow::Owned(value(&fact.value, change.address.section(), names)),
        false => Cow::Borrowed(&fact.value),
    }
}

fn named<'a>(change: &'a Change, base: &str, field: &'a FieldChange) -> Cow<'a, FieldChange> {
    let names = match base.is_empty() {
        true => change.references.get(&field.path),
        false => change.references.get(&format!("{base}{}", field.path)),
    };
    let sides = [&field.before, &field.after];
    if names.is_none() && !sides.into_iter().flatten().any(holds_marker) {
        return Cow::Borrowed(field);
    }
    let section = change.address.section();
    let [before, after] = sides.map(|side| side.as_ref().map(|side| value(side, section, names)));
    Cow::Owned(FieldChange { path: field.path.clone(), before, after })
}

fn holds_marker(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(Reference::OPEN),
        Value::Array(items) => items.iter().any(holds_marker),
        Value::Object(members) => members.values().any(holds_marker),
        _ => false,
    }
}

fn value(of: &Value, section: &str, names: Option<&BTreeMap<String, Address>>) -> Value {
    match of {
        Value::String(text) => Value::String(text_of(text, section, names)),
        Value::Number(number) => match names.and_then(|names| names.get(&number.to_string())) {
            Some(address) => Value::String(short(address, section)),
            None => of.clone(),
        },
        Value::Array(items) => items.iter().map(|item| value(item, section, names)).collect(),
        Value::Object(members) => {
            let named = members.iter().map(|(key, member)| (key.clone(), value(member, section, names)));
            Value::Object(named.collect())
        }
        other => other.clone(),
    }
}

/// An address as another object of a section is called there: without the section.
pub fn short(address: &Address, section: &str) -> String {
    if address.section() == section { address.id().to_owned() } else { address.to_string() }
}

fn text_of(text: &str, section: &str, names: Option<&BTreeMap<String, Address>>) -> String {
    let text = Reference::fill(text, &|reference| Some(short(&reference.target, section)));
    let Some(names) = names else { return text };
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find(is_word) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_word(c)).unwrap_or(from.len()));
        out.push_str(before);
        match names.get(word) {
            Some(address) => out.push_str(&short(address, section)),
            None => out.push_str(word),
        }
        rest = after;
    }
    // A saved plan has expressions in the place of markers.
    let mut out = out + rest;
    for (expression, address) in names.iter().filter(|(text, _)| text.starts_with("${")) {
        out = out.replace(expression.as_str(), &short(address, section));
    }
    out
}

/// `api/latency is 100000004`: the ids behind names, in the order of the names.
pub fn ids(references: &References, section: &str) -> Vec<(String, String)> {
    let names = references.values().flatten();
    let mut found: Vec<(String, String)> = names
        .filter(|(text, _)| !text.starts_with("${"))
        .map(|(id, address)| (short(address, section), id.clone()))
        .collect();
    found.sort();
    found.dedup();
    found
}
