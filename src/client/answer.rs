//! What the service sends back, taken out of its envelope: objects, their ids, pages of them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::refusal::{Fault, Refusal};
use crate::kind::{Envelope, Kind, documents, flatten};
use crate::wire::{Method, Request, Response};

/// The longest id that is put into a path.
const LONGEST_ID: usize = 200;

/// A success's JSON; an empty body is null.
pub fn json(request: &Request, response: Response) -> Result<Value, Refusal> {
    if let Some(read) = response.read {
        return Ok(read);
    }
    if response.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&response.body)
        .map_err(|error| Refusal::odd(request, format!("it is not JSON that can be read: {error}")))
}

/// The one object of an answer to a read or write, flat.
pub fn object(kind: &Kind, request: &Request, answer: Value) -> Result<Value, Refusal> {
    let inner = match (kind.api.envelope, answer) {
        (Envelope::Flat, answer) => answer,
        (Envelope::Document, answer) => match documents(&kind.api, answer) {
            // A list by a parameter that nothing fits. Where there is no list, nobody knows what there is.
            Some(none) if none.is_empty() && request.method == Method::Get => {
                return Err(Refusal::new(request, Fault::NotFound, "there is none".to_owned()));
            }
            found => found.and_then(|all| all.into_iter().next()).unwrap_or_default(),
        },
        (_, Value::Object(mut members)) => match members.shift_remove("data") {
            // A write of one answers a list of one.
            Some(Value::Array(mut items)) if items.len() == 1 => items.remove(0),
            Some(other) => other,
            None => Value::Null,
        },
        (_, _) => Value::Null,
    };
    let inner = flat(kind, inner);
    if inner.is_object() { Ok(inner) } else { Err(Refusal::odd(request, "there is no object in it")) }
}

/// What stands inside `data` as a flat body: the attributes with the id beside them.
fn flat(kind: &Kind, data: Value) -> Value {
    match (kind.api.envelope, data) {
        (Envelope::Resource(_), Value::Object(data)) => Value::Object(flatten(&kind.api, data)),
        (_, data) => data,
    }
}

/// The objects on a page of a list, flat, with their ids.
pub fn items(kind: &Kind, request: &Request, mut answer: Value) -> Result<Vec<(String, Value)>, Refusal> {
    let is_mixed = kind.api.list.mixed;
    let list = match kind.api.list.items {
        None => answer,
        Some(_) if kind.api.envelope == Envelope::Document => {
            documents(&kind.api, answer).map_or(Value::Null, Value::Array)
        }
        Some(at) => {
            let none = if is_mixed && answer.is_object() { Value::Array(Vec::new()) } else { Value::Null };
            answer.pointer_mut(at).map_or(none, Value::take)
        }
    };
    let is_other = |item: &Value| match kind.api.envelope {
        Envelope::Resource(name) => is_mixed && item.get("type").is_none_or(|own| own != name),
        _ => false,
    };
    let Value::Array(items) = list else {
        let place = kind.api.list.items.map_or(String::new(), |at| format!(" under `{}`", &at[1..]));
        return Err(Refusal::odd(request, format!("there is no list{place} in it")));
    };
    items
        .into_iter()
        .filter(|item| !is_other(item))
        .map(|item| flat(kind, item))
        .map(|item| match id(kind, &item) {
            Some(id) => Ok((id, item)),
            None => Err(Refusal::odd(request, "an item of the list is not an object with an id")),
        })
        .collect()
}

/// The id of an object as text.
pub fn id(kind: &Kind, body: &Value) -> Option<String> {
    let id = body.as_object()?.get(kind.api.id.at)?;
    match kind.api.id.number {
        true => id.as_u64().map(|number| number.to_string()),
        false => id.as_str().filter(|text| !text.is_empty()).map(str::to_owned),
    }
}

/// All but letters, digits and `-_.~`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// An id as a segment of a path; `None` for a text that can't be one.
pub fn segment(kind: &Kind, id: &str) -> Option<String> {
    if !is_segment(id) {
        return None;
    }
    if kind.api.id.number && !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if kind.api.composed.is_some() {
        return path_of(id);
    }
    Some(escaped(id))
}

/// Whether an id can be a segment of a path, once it is escaped.
pub fn is_segment(id: &str) -> bool {
    !id.is_empty() && id.len() <= LONGEST_ID && !id.chars().all(|c| c == '.')
}

/// An id of several parts as the path that it is: `service:default/cart`.
fn path_of(id: &str) -> Option<String> {
    let is_part = |part: &str| !part.is_empty() && !part.chars().all(|c| c == '.');
    let mut parts = Vec::new();
    for part in id.split('/') {
        if !part.split(':').all(is_part) {
            return None;
        }
        parts.push(part.split(':').map(escaped).collect::<Vec<_>>().join(":"));
    }
    Some(parts.join("/"))
}

/// A text as a segment of a path, as far as it can be one.
pub fn escaped(text: &str) -> String {
    let text: String = text.chars().take(LONGEST_ID).collect();
    if text.chars().all(|c| c == '.') {
        return String::new();
    }
    utf8_percent_encode(&text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind;

    #[test]
    fn ids_are_safe_in_a_path() {
        for (section, id, expected) in [
            ("monitors", "123", Some("123")),
            ("monitors", "12/../3", None),
            ("monitors", "-1", None),
            ("dashboards", "abc-def-ghi", Some("abc-def-ghi")),
            ("dashboards", "a/b?c#d %", Some("a%2Fb%3Fc%23d%20%25")),
            ("dashboards", "..", None),
            ("dashboards", "", None),
            ("slos", "é\n", Some("%C3%A9%0A")),
            ("entities", "service:default/cart", Some("service:default/cart")),
            ("entities", "service:default/a?b c#", Some("service:default/a%3Fb%20c%23")),
            ("entities", "service:default/..", None),
            ("entities", "service:../cart", None),
            ("entities", "service:default//cart", None),
            ("entities", "/cart", None),
        ] {
            let kind = kind::of_section(section).expect("a kind");
            assert_eq!(segment(kind, id).as_deref(), expected, "{id}");
        }
    }
}
