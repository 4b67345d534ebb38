//! What the row of a kind says of each field: its type, its words, whether it may be declared at all.

use serde_json::Value;

use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::check::places::Place;
use crate::config::RuleLevel;
use crate::diagnostic::{Part, did_you_mean, known_words};
use crate::kind::{Field, Shape, Type, is_empty};
use crate::model::Reference;
use crate::source::{short, type_of};

/// Whether a text becomes something else when references are known.
fn is_pending(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains(Reference::OPEN))
}

fn is_whole(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// Whether a value is of a type, its items left aside.
fn is_of(value: &Value, expected: Type) -> bool {
    match expected {
        Type::Any | Type::Same(_) => true,
        Type::Boolean => value.is_boolean() || is_pending(value),
        Type::Number(..) => value.is_number() || is_pending(value),
        Type::Integer(..) => is_whole(value) || is_pending(value),
        Type::Text(_) => value.is_string(),
        Type::Texts(_) | Type::Integers | Type::List => value.is_array(),
        Type::Object => value.is_object(),
    }
}

/// The type of a list's items, as far as the row tells it.
fn of_items(field: &Field, shape: &Shape) -> Option<Type> {
    match field.value {
        Type::Texts(_) => Some(Type::Text(&[])),
        Type::Integers => Some(Type::Integer(None, None)),
        Type::List if shape.item().is_some_and(Shape::is_named) => Some(Type::Object),
        _ => None,
    }
}

/// A type in words.
fn in_words(expected: Type) -> &'static str {
    match expected {
        Type::Any | Type::Same(_) => "a value",
        Type::Boolean => "true or false",
        Type::Number(..) => "a number",
        Type::Integer(..) => "a whole number",
        Type::Text(_) => "a text",
        Type::Texts(_) => "a list of texts",
        Type::Integers => "a list of whole numbers",
        Type::Object => "a mapping",
        Type::List => "a list",
    }
}

/// What to write in the place of a value that is not of a type.
pub fn remedy(expected: Type, value: &Value) -> String {
    let text = value.as_str();
    let quoted = |value: &Value| match value {
        Value::String(text) => Value::from(short(text)).to_string(),
        other => Value::from(short(&other.to_string())).to_string(),
    };
    match expected {
        Type::Boolean => match text.map(str::to_lowercase).as_deref() {
            Some("yes" | "on" | "true" | "1") => "write `true`".to_owned(),
            Some("no" | "off" | "false" | "0") => "write `false`".to_owned(),
            _ => "write `true` or `false`".to_owned(),
        },
        Type::Number(..) | Type::Integer(..) => {
            match text.map(str::trim).filter(|text| text.parse::<f64>().is_ok()) {
                Some(number) => format!("write `{}`, without quotes", short(number)),
                None => format!("write {}", in_words(expected)),
            }
        }
        Type::Text(_) => match value {
            Value::Number(_) | Value::Bool(_) => format!("write it in quotes: `{}`", quoted(value)),
            Value::Array(items) if items.len() == 1 => format!("write `{}`", quoted(&items[0])),
            _ => "write one text".to_owned(),
        },
        Type::Texts(_) => match value {
            Value::Object(members) if !members.is_empty() => {
                let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let items = members
                    .iter()
                    .take(3)
                    .map(|(key, value)| Value::from(short(&format!("{key}:{}", plain(value)))).to_string());
                let more = if members.len() > 3 { ", …" } else { "" };
                format!("write `[{}{more}]`", items.collect::<Vec<_>>().join(", "))
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) => format!("write `[{}]`", quoted(value)),
            _ => "write the texts below it, each behind a `-`".to_owned(),
        },
        Type::Object => "write its fields below it, as `key: value`".to_owned(),
        Type::List | Type::Integers => "write its items below it, each behind a `-`".to_owned(),
        Type::Any | Type::Same(_) => String::new(),
    }
}

/// The last name of a pointer that is not a number, as people call the field.
fn name(pointer: &str) -> &str {
    let mut steps = pointer.rsplit('/').filter(|step| step.parse::<usize>().is_err());
    steps.next().unwrap_or_default()
}

pub fn types(subject: &Subject<'_>, found: &mut Findings) {
    for (place, field) in subject.places.fields().filter(|(place, _)| !place.value.is_null()) {
        // Tags that can't bear a mark are reported whatever the rules say.
        let pointer = || Some(subject.places.pointer(place)).filter(|pointer| !found.has(pointer));
        if !is_of(place.value, field.value) {
            let Some(pointer) = pointer() else { continue };
            of_another_type(field, (&pointer, place.value), found);
        } else if let (Some(expected), Value::Array(items)) = (of_items(field, place.shape), place.value) {
            let is_fine = |item: &Value| is_of(item, expected) || item.is_null();
            if items.iter().all(is_fine) {
                continue;
            }
            let Some(pointer) = pointer() else { continue };
            for (index, item) in items.iter().enumerate().filter(|(_, item)| !is_fine(item)) {
                let at = format!("{pointer}/{index}");
                if found.has(&at) {
                    continue;
                }
                let said = type_of(item);
                let text = format!("An item of `{}` is {}, not {said}", name(&pointer), in_words(expected));
                found.add(&at, text, remedy(expected, item)).mistyped();
            }
        }
    }
}

fn of_another_type(field: &Field, (pointer, value): (&str, &Value), found: &mut Findings) {
    let said = match (value.as_str(), field.value) {
        (_, Type::Integer(..)) if value.is_number() => format!("`{value}`"),
        _ => type_of(value).to_owned(),
    };
    let text = format!("`{}` is {}, not {said}", name(pointer), in_words(field.value));
    let is_number = value.as_str().is_some_and(|text| text.trim().parse::<f64>().is_ok());
    let finding = found.add(pointer, text, remedy(field.value, value));
    finding.mistyped();
    if field.or_text && is_number {
        finding.level(RuleLevel::Warn);
    }
}

pub fn words(subject: &Subject<'_>, found: &mut Findings) {
    for (place, field) in subject.places.fields().filter(|(_, field)| !field.known().is_empty()) {
        let pointer = || subject.places.pointer(place);
        match place.value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    of_word(field, &|| format!("{}/{index}", pointer()), item, found);
                }
            }
            value => match field.gone.iter().find(|(word, _)| value == word) {
                Some((word, instead)) => {
                    let text = format!("The service takes `{word}` no more");
                    found.add(&pointer(), text, *instead);
                }
                None => of_word(field, &pointer, value, found),
            },
        }
    }
}

fn of_word(field: &Field, pointer: &dyn Fn() -> String, value: &Value, found: &mut Findings) {
    let known = field.known();
    let Some(word) = value.as_str().filter(|word| !known.contains(word)) else { return };
    let pointer = pointer();
    if is_pending(value) || found.has(&pointer) {
        return;
    }
    let name = name(&pointer);
    if field.closed {
        let text = format!("`{}` is not a value that `{name}` takes", short(word));
        found.add(&pointer, text, known_words(word, known.iter().copied()));
    } else if let Some(meant) = did_you_mean(word, known.iter().copied()) {
        let text =
            format!("`{}` is not a value of `{name}` that musher knows, and looks like one", short(word));
        found.add(&pointer, text, format!("did you mean `{meant}`?")).level(RuleLevel::Warn);
    }
}

/// Fields that the service refuses by now, with a value that said something.
pub fn retired(subject: &Subject<'_>, found: &mut Findings) {
    for (place, field) in subject.places.fields() {
        let Some(instead) = field.retired.filter(|_| !field.is_harmless(place.value)) else { continue };
        let pointer = subject.places.pointer(place);
        let text = format!("The service refuses `{}` by now: it is left out", name(&pointer));
        found.add(&pointer, text, format!("take it out; {instead}"));
    }
}

/// Fields that a body shows, and that are set by other means.
pub fn elsewhere(subject: &Subject<'_>, found: &mut Findings) {
    for (place, field) in subject.places.fields() {
        let Some(instead) = field.elsewhere.filter(|_| !place.value.is_null()) else { continue };
        let pointer = subject.places.pointer(place);
        let text = format!("`{}` can't be declared here: it would be left out", name(&pointer));
        found.add(&pointer, text, instead).part = Part::Key;
    }
}

/// Fields that the service sets, once for all of a body.
pub fn read_only(subject: &Subject<'_>, found: &mut Findings) {
    let is_set = |(place, field): &(&Place<'_>, &Field)| {
        field.read_only && field.elsewhere.is_none() && !is_empty(place.value)
    };
    let set = subject.places.fields().filter(is_set);
    let pointers: Vec<String> = set.map(|(place, _)| subject.places.pointer(place)).collect();
    let Some(first) = pointers.first() else { return };
    let mut names: Vec<&str> = pointers.iter().map(|pointer| name(pointer)).collect();
    names.sort_unstable();
    names.dedup();
    let all = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let text = format!("The service sets {all} itself: what stands here is neither sent nor compared");
    let help = if names.contains(&"id") {
        "take it out; `$id` takes over the live object of an id"
    } else {
        "take it out"
    };
    found.add(first, text, help).part = Part::Key;
}
