//! Ids in changed fields -> the addresses of those whose they are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::kind::{self, Kind, Mention, Mentioned};
use crate::model::{Action, Address, Change, FieldChange, Known, Reference, References};
use crate::pointer::{keys, matches, step};

/// The addresses of objects by section and id.
pub type Owners<'a> = HashMap<(&'a str, &'a str), &'a Address>;

/// The names behind all that stands for another object in the fields that a change shows.
pub fn references(kind: &Kind, change: &Change, owners: &Owners<'_>) -> References {
    let is = |at: &str, text: &str| {
        let live = change.live.as_ref().and_then(|live| live.pointer(at));
        let declared =
            change.diff.iter().find(|field| field.path == at).and_then(|field| field.after.as_ref());
        [live, declared].into_iter().flatten().any(|value| value.as_str() == Some(text))
    };
    let here: Vec<&Mention> = kind
        .quirks
        .mentions
        .iter()
        .filter(|mention| mention.when.is_none_or(|(at, text)| is(at, text)))
        .collect();
    let mut found = References::new();
    let mut see = |base: &str, field: &FieldChange| {
        let path = format!("{base}{}", field.path);
        let mut names = BTreeMap::new();
        for value in [&field.before, &field.after].into_iter().flatten() {
            walk(&here, &path, value, &mut |mention, text| note(mention, text, owners, &mut names));
        }
        if !names.is_empty() {
            found.insert(path, names);
        }
    };
    change.diff.iter().for_each(|field| see("", field));
    for item in &change.items {
        let base = item.after.as_ref().or(item.before.as_ref()).map_or("", String::as_str);
        item.diff.iter().for_each(|field| see(base, field));
    }
    for fact in &change.facts {
        let field = FieldChange { path: fact.at.clone(), before: None, after: Some(fact.value.clone()) };
        see("", &field);
    }
    found
}

/// The names behind what stands for another object in two whole bodies, by their fields.
pub fn names(
    kind: &Kind,
    address: &Address,
    (wanted, live): (Option<&Value>, Option<&Value>),
    known: &BTreeMap<Address, Known>,
) -> References {
    let fields = |body: Option<&Value>| -> Vec<String> {
        body.and_then(Value::as_object).map(|members| members.keys().cloned().collect()).unwrap_or_default()
    };
    let keys: BTreeSet<String> = fields(wanted).into_iter().chain(fields(live)).collect();
    let side = |body: Option<&Value>, key: &str| body.and_then(|body| body.get(key)).cloned();
    let mut whole = Change::new(kind.name, address.clone(), Action::Update);
    whole.diff = keys
        .iter()
        .map(|key| FieldChange { path: step(key), before: side(live, key), after: side(wanted, key) })
        .collect();
    whole.live = live.cloned();
    let owners: Owners<'_> = known.iter().flat_map(|(own, known)| owned(own, known)).collect();
    references(kind, &whole, &owners)
}

/// The ids that an object is known by, its alert's among them.
pub fn owned<'a>(
    own: &'a Address,
    known: &'a Known,
) -> impl Iterator<Item = ((&'a str, &'a str), &'a Address)> {
    let alert = known.alert.as_deref().map(|id| ((kind::alerts(), id), own));
    std::iter::once(((own.section(), known.id.as_str()), own)).chain(alert)
}

/// Shows every text and number of a value that may stand for others, with the mention that says so; markers stand for
/// others anywhere.
pub fn walk<'m>(
    here: &[&'m Mention],
    path: &str,
    value: &Value,
    see: &mut dyn FnMut(Option<&'m Mention>, &str),
) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| walk(here, &format!("{path}/{at}"), item, see));
        }
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| walk(here, &format!("{path}{}", step(key)), value, see));
        }
        Value::String(text) => {
            if text.contains(Reference::OPEN) {
                see(None, text);
            }
            mentioned(here, path).for_each(|mention| see(Some(mention), text));
        }
        Value::Number(number) => {
            mentioned(here, path).for_each(|mention| see(Some(mention), &number.to_string()));
        }
        _ => {}
    }
}

fn mentioned<'a, 'm>(here: &'a [&'m Mention], path: &'a str) -> impl Iterator<Item = &'m Mention> {
    here.iter().copied().filter(move |mention| match mention.at {
        Mentioned::Path(own) | Mentioned::Between(own, _, _) => matches(own, path),
        Mentioned::Key(name) => keys(path).last().is_some_and(|key| key == name),
    })
}

fn note(mention: Option<&Mention>, text: &str, owners: &Owners<'_>, names: &mut BTreeMap<String, Address>) {
    let Some(mention) = mention else {
        let markers = Reference::in_text(text).into_iter();
        names.extend(markers.map(|(_, reference)| (reference.expression(), reference.target)));
        return;
    };
    let words: Vec<&str> = match mention.at {
        Mentioned::Path(_) | Mentioned::Between(..) => words(text).collect(),
        Mentioned::Key(_) => vec![text],
    };
    for word in words {
        if let Some(address) = owners.get(&(mention.section, word)) {
            names.insert(word.to_owned(), (*address).clone());
        }
    }
}

/// The runs of letters, digits, `_`, `-` and `.`: what may be an id.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.'))
        .filter(|word| !word.is_empty())
}
