//! The mark on a live object: read, written, taken out, by the kind's sort of mark.

use serde_json::{Value, json};

use crate::kind::{Identity, Kind};
use crate::model::{Mark, Owner};

const OWNER: &str = "musher:";
const ID: &str = "musher_id:";
const PROTECT: &str = "musher_protect:true";
const LINE: &str = "Managed by musher: ";
const PROTECTED: &str = " (protected)";

/// The longest tag that the service keeps, key included, in characters.
pub const TAG_LIMIT: usize = 200;

/// The tag that a list can be filtered by.
pub fn owner_tag(owner: &Owner) -> String {
    format!("{OWNER}{owner}")
}

/// The tag that names one resource, whoever owns it.
pub fn id_tag(id: &str) -> String {
    format!("{ID}{id}")
}

/// How long the longest part of a mark is that the service limits; `None` where it limits none.
pub fn longest(kind: &Kind, mark: &Mark) -> Option<usize> {
    match kind.identity {
        Identity::Tags(_) => {
            let (owner, id) = (owner_tag(&mark.owner), format!("{ID}{}", mark.id));
            Some(owner.chars().count().max(id.chars().count()))
        }
        Identity::LastLine(_) | Identity::Key(_) => None,
    }
}

/// The mark of a live object, or none. One with an owner but no id is none.
pub fn read(kind: &Kind, body: &Value) -> Option<Mark> {
    match kind.identity {
        Identity::Tags(at) => {
            let tags =
                || body.pointer(at).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            let owner = tags().find_map(|tag| tag.strip_prefix(OWNER))?;
            let id = tags().find_map(|tag| tag.strip_prefix(ID))?;
            Some(Mark {
                owner: Owner(owner.to_owned()),
                id: id.to_owned(),
                protect: tags().any(|tag| tag == PROTECT),
            })
        }
        Identity::LastLine(at) => parse_line(split_line(body.pointer(at)?.as_str()?).1?),
        Identity::Key(_) => None,
    }
}

/// The key by which an object without a mark is known.
pub fn key<'a>(kind: &Kind, body: &'a Value) -> Option<&'a str> {
    let Identity::Key(at) = kind.identity else { return None };
    body.pointer(at)?.as_str()
}

/// The member that holds the mark, by its name, without any mark.
pub fn bare(kind: &Kind, body: &Value) -> Option<(&'static str, Value)> {
    let (Identity::Tags(at) | Identity::LastLine(at)) = kind.identity else { return None };
    let name = at.trim_start_matches('/');
    let bare = match body.get(name)? {
        Value::Array(tags) if matches!(kind.identity, Identity::Tags(_)) => {
            let own = tags.iter().filter(|tag| !tag.as_str().is_some_and(is_mark_tag));
            Value::Array(own.cloned().collect())
        }
        Value::String(text) if matches!(kind.identity, Identity::LastLine(_)) => split_line(text).0.into(),
        other => other.clone(),
    };
    Some((name, bare))
}

/// Takes any mark out, whoever's it is, so that a user never meets one.
pub fn strip(kind: &Kind, body: &mut Value) {
    if let Some((name, bare)) = bare(kind, body) {
        body[name] = bare;
    }
}

/// Puts the mark on a body that bears none.
pub fn write(kind: &Kind, body: &mut Value, mark: &Mark) {
    match kind.identity {
        Identity::Tags(at) => {
            let tags = slot(body, at);
            if !tags.is_array() {
                *tags = json!([]);
            }
            if let Value::Array(tags) = tags {
                tags.push(Value::String(owner_tag(&mark.owner)));
                tags.push(Value::String(format!("{ID}{}", mark.id)));
                if mark.protect {
                    tags.push(Value::String(PROTECT.to_owned()));
                }
            }
        }
        Identity::LastLine(at) => {
            let text = slot(body, at);
            let before = text.as_str().unwrap_or_default();
            let newline = if before.is_empty() { "" } else { "\n" };
            let protected = if mark.protect { PROTECTED } else { "" };
            *text = Value::String(format!("{before}{newline}{LINE}{}/{}{protected}", mark.owner, mark.id));
        }
        Identity::Key(_) => {}
    }
}

/// The member of the body at a pointer of one step, made where it is absent.
fn slot<'a>(body: &'a mut Value, at: &str) -> &'a mut Value {
    &mut body[at.trim_start_matches('/')]
}

fn is_mark_tag(tag: &str) -> bool {
    tag.starts_with(OWNER) || tag.starts_with(ID) || tag == PROTECT
}

/// The text before the mark's line, and the line, where the last one is a mark.
fn split_line(text: &str) -> (&str, Option<&str>) {
    let (before, last) = text.rsplit_once('\n').unwrap_or(("", text));
    if parse_line(last).is_some() { (before, Some(last)) } else { (text, None) }
}

fn parse_line(line: &str) -> Option<Mark> {
    let rest = line.strip_prefix(LINE)?;
    let (rest, protect) = rest.strip_suffix(PROTECTED).map_or((rest, false), |rest| (rest, true));
    let (owner, id) = rest.split_once('/')?;
    (crate::model::is_id(id) && !owner.is_empty() && !owner.contains(' ')).then(|| Mark {
        owner: Owner(owner.to_owned()),
        id: id.to_owned(),
        protect,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind;

    fn check(section: &str, body: Value, protect: bool) {
        let kind = kind::of_section(section).expect("a kind");
        let mark = Mark { owner: Owner("shop.prod".into()), id: "a/b".into(), protect };
        let mut marked = body.clone();
        assert_eq!(read(kind, &marked), None);
        write(kind, &mut marked, &mark);
        assert_eq!(read(kind, &marked), Some(mark));
        strip(kind, &mut marked);
        assert_eq!(marked, body);
    }

    #[test]
    fn a_mark_goes_on_and_off() {
        for protect in [false, true] {
            check("monitors", json!({"tags": ["b", "a"]}), protect);
            check("dashboards", json!({"description": "two\nlines"}), protect);
            check("dashboards", json!({"description": "ends with a newline\n"}), protect);
            check("dashboards", json!({"description": ""}), protect);
        }
    }
}
