//! What the service refuses, in its own words.

use serde_json::{Value, json};

use super::call::Answer;
use super::effect::{parsed, walk};
use super::forms::{self, Form};
use super::index::plain;
use super::resource::{CREATE_ONLY, Draft, Refusal, Resource, Shape, Test, WRITES, Words};

/// The first refusal that a call meets, `on` being its bit.
pub fn check(draft: &Draft, on: u8) -> Result<(), Answer> {
    for Refusal(calls, path, test, words) in draft.resource.refuses {
        if calls & on == 0 {
            continue;
        }
        let mut found = None;
        meets(draft, path, test, &mut |value| found = found.take().or(Some(value)));
        if let Some(value) = found {
            return Err(words.answer(draft.id, &value));
        }
    }
    // An update may leave out what it doesn't change.
    let asked =
        |(_, form): &&(&str, Form)| on == CREATE_ONLY || !matches!(form, Form::Needed | Form::NeededIn(_));
    let forms = draft.resource.forms.iter().filter(asked).filter(|_| on & WRITES > 0);
    match draft.sent.as_object().and_then(|sent| forms::first_wrong(sent, forms)) {
        Some(name) => Err(Answer::invalid_parameter(name)),
        None => Ok(()),
    }
}

/// Refuses an id that no object can have, before anybody looks for it.
pub fn check_id(resource: &'static Resource, id: &str, on: u8) -> Result<(), Answer> {
    let wanted = resource.refuses.iter().find(|Refusal(calls, _, test, _)| {
        calls & on > 0
            && match test {
                Test::NotUuid => !is_uuid(id),
                Test::BadId(is_good) => !is_good(id),
                _ => false,
            }
    });
    wanted.map_or(Ok(()), |Refusal(_, _, _, words)| Err(words.answer(id, id)))
}

/// Reports the value, or the name, with which a test goes wrong.
fn meets(draft: &Draft, path: &str, test: &Test, report: &mut dyn FnMut(String)) {
    let stored = || draft.before.and_then(|before| draft.resource.attributes(before).pointer(path));
    let is_wrong = match test {
        Test::NotUuid | Test::BadId(_) => false,
        Test::OtherId => draft.sent_id.is_some_and(|sent| sent != draft.id),
        Test::OtherType => match draft.resource.shape {
            Shape::Data(class) | Shape::Related(class) if class != draft.sent_type => {
                return report(draft.sent_type.to_owned());
            }
            _ => false,
        },
        Test::Exists => draft.world.store(draft.resource.name).get(draft.id).is_some(),
        Test::Stored(json) => stored() == Some(&parsed(json, draft.id)),
        Test::Code(code) => code(draft),
        Test::Like(like) => return like(draft).into_iter().for_each(report),
        Test::Changed => {
            let sent = draft.sent.pointer(path);
            sent.is_some() && draft.before.is_some() && sent != stored()
        }
        Test::Taken => is_taken(draft, path),
        Test::Missing => is_missing(draft.sent, path),
        _ => {
            let mut sent = draft.sent.clone();
            return walk(&mut sent, path, &mut |value| judge(value, test, report));
        }
    };
    if is_wrong {
        report(draft.sent.pointer(path).map(plain).unwrap_or_default());
    }
}

/// Whether a field is absent or null at some place; a parent that is absent misses nothing.
fn is_missing(sent: &Value, path: &str) -> bool {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut missing = false;
    walk(&mut sent.clone(), parent, &mut |parent| missing |= parent.get(name).is_none_or(Value::is_null));
    missing
}

fn is_taken(draft: &Draft, path: &str) -> bool {
    let Some(wanted) = draft.sent.pointer(path).map(plain) else {
        return false;
    };
    let store = draft.world.store(draft.resource.name);
    store.iter().any(|item| item.id != draft.id && item.word(path) == wanted)
}

fn judge(value: &Value, test: &Test, report: &mut dyn FnMut(String)) {
    let text = value.as_str();
    let is_wrong = match test {
        Test::Empty => [json!(""), json!([]), json!({})].contains(value),
        Test::NotOneOf(words) => !text.is_some_and(|text| words.contains(&text)),
        Test::Outside(low, high) => !value.as_f64().is_some_and(|number| (*low..=*high).contains(&number)),
        Test::StartsWith(start) => text.is_some_and(|text| text.starts_with(start)),
        Test::Unknown(names) => {
            let members = value.as_object().into_iter().flat_map(|map| map.keys());
            return members
                .filter(|name| !names.contains(&name.as_str()))
                .for_each(|name| report(name.clone()));
        }
        _ => false,
    };
    if is_wrong {
        report(plain(value));
    }
}

pub fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

impl Words {
    /// The refusal, about the object of an id and a value.
    pub fn answer(self, id: &str, value: &str) -> Answer {
        let Self(status, words) = self;
        let is_json = words.starts_with("{\"") || words.starts_with("[\"") || words.starts_with("[{\"");
        let quoted = |text: &str| {
            let json = Value::from(text).to_string();
            if is_json { json.trim_matches('"').to_owned() } else { text.to_owned() }
        };
        let words = words.replace("{id}", &quoted(id));
        let words = words.replace("{value}", &quoted(value)).replace("{name}", &quoted(value));
        match words.get(..1) {
            Some("{") if is_json => Answer { status, body: words },
            Some("[") if is_json => Answer { status, body: format!("{{\"errors\":{words}}}") },
            _ => Answer::refusal(status, &words),
        }
    }
}
