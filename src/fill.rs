//! References in a body -> the live ids that are known by now.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::kind::{self, Kind};
use crate::model::{Address, Attribute, Known, Live, Reference, Secret};
use crate::pointer::{leaves_mut, take, values};

/// The body with every reference that `known` answers filled in; the others stay markers.
///
/// A reference is text, except where the kind's row lists a number. Most bodies have none and are not copied.
pub fn fill<'a>(
    kind: &Kind,
    body: &'a Value,
    known: &dyn Fn(&Reference) -> Option<String>,
) -> Cow<'a, Value> {
    if !refers(body) {
        return Cow::Borrowed(body);
    }
    let mut out = body.clone();
    leaves_mut(&mut out, &mut |pointer, leaf| {
        let Some(text) = leaf.as_str().filter(|text| text.contains(Reference::OPEN)) else { return };
        let filled = Reference::fill(text, known);
        *leaf = match filled.parse::<u64>() {
            Ok(number) if kind.holds(pointer, |field| field.numeric) => number.into(),
            _ => Value::String(filled),
        };
    });
    Cow::Owned(out)
}

/// The same of a body's JSON text. `None` where a reference is of a kind that may want a number: then the
/// text doesn't tell which.
pub fn fill_text<'a>(
    kind: &Kind,
    text: &'a str,
    known: &dyn Fn(&Reference) -> Option<String>,
) -> Option<Cow<'a, str>> {
    if !text.contains(Reference::OPEN) {
        return Some(Cow::Borrowed(text));
    }
    let escaped = |reference: &Reference| {
        let quoted = Value::String(known(reference)?).to_string();
        Some(quoted[1..quoted.len() - 1].to_owned())
    };
    kind.paths(|field| field.numeric).next().is_none().then(|| Cow::Owned(Reference::fill(text, &escaped)))
}

fn refers(body: &Value) -> bool {
    let marked = |text: &str| text.contains(Reference::OPEN);
    values(body).any(|value| match value {
        Value::String(text) => marked(text),
        Value::Object(members) => members.keys().any(|key| marked(key)),
        _ => false,
    })
}

/// The text that a reference stands for, where it is known.
pub fn answer(known: &BTreeMap<Address, Known>, reference: &Reference) -> Option<String> {
    known.get(&reference.target)?.of(reference.attribute)
}

/// What references to a live object stand for.
pub fn known_of(live: &Live) -> Known {
    let alert = kind::of_section(live.section).and_then(|kind| kind.alert_of(&live.body));
    Known { id: live.id.clone(), url: live.url.clone(), alert }
}

/// The live ids that references may stand for, by section: an object's own, and that of its alert. With the reference
/// that stands for each.
pub fn ids<'k>(
    address: &Address,
    section: &'static str,
    known: &'k Known,
) -> impl Iterator<Item = ((&'static str, &'k str), Reference)> {
    let of = |attribute| Reference { target: address.clone(), attribute };
    let own = ((section, known.id.as_str()), of(Attribute::Id));
    let alert = known.alert.as_deref().map(|id| ((kind::alerts(), id), of(Attribute::Alert)));
    std::iter::once(own).chain(alert)
}

/// A live body in which no text is a marker, whatever somebody wrote there. Nearly all are so by themselves.
pub fn escape(live: &Value) -> Cow<'_, Value> {
    if !refers(live) {
        return Cow::Borrowed(live);
    }
    Cow::Owned(map_texts(live, &Reference::escape))
}

/// The body with what was escaped of the live one as it was: for the moment at which it is sent.
pub fn unescape(body: Value) -> Value {
    if refers(&body) { map_texts(&body, &Reference::unescape) } else { body }
}

fn map_texts(value: &Value, map: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(map(text)),
        Value::Array(items) => Value::Array(items.iter().map(|item| map_texts(item, map)).collect()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(key, value)| (map(key), map_texts(value, map))).collect())
        }
        other => other.clone(),
    }
}

/// The places of a body that hold secrets, as JSON pointers, with the texts there.
pub fn secret_places(body: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if refers(body) {
        leaves_mut(&mut body.clone(), &mut |pointer, leaf| {
            if let Some(text) = leaf.as_str().filter(|text| Secret::is_in(text)) {
                found.push((pointer.to_owned(), text.to_owned()));
            }
        });
    }
    found
}

/// Two bodies without the places where the first one holds a secret: nobody can compare those.
pub fn blinded<'a>(declared: &'a Value, live: &'a Value) -> (Cow<'a, Value>, Cow<'a, Value>) {
    let places = secret_places(declared);
    if places.is_empty() {
        return (Cow::Borrowed(declared), Cow::Borrowed(live));
    }
    let without = |body: &Value| {
        let mut body = body.clone();
        for (pointer, _) in &places {
            take(&mut body, pointer);
            // Items of lists stay where they are.
            if let Some(item) = body.pointer_mut(pointer) {
                *item = Value::Null;
            }
        }
        Cow::Owned(body)
    };
    (without(declared), without(live))
}

/// Secrets of one body, with the texts that are sent in their places. Never shown.
#[derive(Clone, Default)]
pub struct Armed(Vec<(String, String, String)>);

impl Armed {
    /// Of a body in which no live text is a marker; or the name of a secret that has no value.
    pub fn of(body: &Value, value: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut armed = Vec::new();
        for (pointer, text) in secret_places(body) {
            if let Some(name) = Secret::names(&text).into_iter().find(|name| value(name).is_none()) {
                return Err(name.to_owned());
            }
            let filled = Secret::fill(&text, &|name| value(name).unwrap_or_default());
            armed.push((pointer, Reference::unescape(&text), Reference::unescape(&filled)));
        }
        Ok(Self(armed))
    }

    /// The body as it is sent: secrets in the places that hold them, and nowhere else.
    pub fn load<'a>(&self, body: &'a Value) -> Cow<'a, Value> {
        if self.0.is_empty() {
            return Cow::Borrowed(body);
        }
        let mut body = body.clone();
        for (pointer, marked, filled) in &self.0 {
            if let Some(place) = body.pointer_mut(pointer).filter(|place| place.as_str() == Some(marked)) {
                *place = filled.as_str().into();
            }
        }
        Cow::Owned(body)
    }
}

/// Every reference of a body.
pub fn references(body: &Value) -> BTreeSet<Reference> {
    let texts = values(body).filter_map(Value::as_str).filter(|text| text.contains(Reference::OPEN));
    texts.flat_map(Reference::in_text).map(|(_, reference)| reference).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind;

    #[test]
    fn references_become_numbers_where_the_row_says_so() {
        let slo = kind::of_section("slos").expect("a kind");
        let a = Reference { target: Address::new("monitors", "a"), attribute: Attribute::Id };
        let b = Reference { target: Address::new("monitors", "b"), attribute: Attribute::Id };
        let body = json!({"monitor_ids": [a.marker(), b.marker(), 7], "name": a.marker()});
        let filled = fill(slo, &body, &|r| (*r == a).then(|| "12".to_owned()));
        assert_eq!(*filled, json!({"monitor_ids": [12, b.marker(), 7], "name": "12"}));
        assert_eq!(references(&body).into_iter().collect::<Vec<_>>(), [a, b]);
        assert_eq!(fill_text(slo, &body.to_string(), &|_| None), None);
    }

    #[test]
    fn a_live_text_is_never_a_reference() {
        let a = Reference { target: Address::new("monitors", "a"), attribute: Attribute::Id }.marker();
        let live = json!({"message": format!("x {a}"), &a: [{"b": "\u{FDD0}"}], "c": 1});
        let escaped = escape(&live).into_owned();
        assert!(references(&escaped).is_empty());
        assert!(Reference::in_text(&escaped.to_string()).is_empty());
        let monitor = kind::of_section("monitors").expect("a kind");
        let filled = fill(monitor, &escaped, &|_| Some("12".to_owned())).into_owned();
        assert_eq!(unescape(filled), live);
    }

    #[test]
    fn a_text_is_filled_as_its_value_is() {
        let monitor = kind::of_section("monitors").expect("a kind");
        let a = Reference { target: Address::new("monitors", "a"), attribute: Attribute::Url };
        let body = json!({"message": format!("\"see\" {} or", a.marker()), "name": "n"});
        let known = |_: &Reference| Some("https://x/\"\\?a=1".to_owned());
        let text = body.to_string();
        let filled = fill_text(monitor, &text, &known).expect("texts alone");
        assert_eq!(filled, fill(monitor, &body, &known).to_string());
        assert_eq!(fill_text(monitor, &text, &|_| None).as_deref(), Some(text.as_str()));
    }
}
