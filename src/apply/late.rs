//! A write that comes long after the list: what somebody did meanwhile is not undone by it.

use serde_json::Value;

use crate::kind::Kind;
use crate::mark;
use crate::model::{Change, Live};
use crate::moved::{differing, fields};
use crate::pointer::{put, take};

/// Holds an object as it stands now against what was planned for: the body to send, with what is left to the UI as
/// it stands now; or the fields that somebody changed. `body` is null for a delete.
pub fn renewed(kind: &Kind, change: &Change, now: &Live, mut body: Value) -> Result<Value, Vec<String>> {
    let Some(before) = &change.live else { return Ok(body) };
    let (mut then, mut fresh) = (before.clone(), now.body.clone());
    let own = mark::read(kind, &body);
    let kept = kind.paths(|field| field.kept).map(str::to_owned);
    let left: Vec<String> = kept.chain(change.ignore.iter().cloned()).collect();
    for pointer in left.iter().map(String::as_str) {
        let (old, new) = (then.pointer(pointer).cloned(), fresh.pointer(pointer).cloned());
        let is_sent_as_it_stood = body.pointer(pointer).is_none() || body.pointer(pointer) == old.as_ref();
        // A mark may stand in what is left to the UI; then the two sides differ by the mark alone.
        let is_marked = kind.identity.at() == Some(pointer);
        if old == new || !(is_sent_as_it_stood || is_marked) {
            continue;
        }
        // The same on both sides, also where one of them had nothing.
        put(&mut then, pointer, Value::Null);
        put(&mut fresh, pointer, Value::Null);
        if then.pointer(pointer).is_none() || fresh.pointer(pointer).is_none() || body.is_null() {
            continue;
        }
        match new {
            Some(new) => put(&mut body, pointer, new),
            None => take(&mut body, pointer),
        }
    }
    let moved = differing(&fields(kind, &then), &fields(kind, &fresh));
    if !moved.is_empty() {
        return Err(moved);
    }
    if let Some(own) = own.filter(|own| mark::read(kind, &body).as_ref() != Some(own)) {
        mark::strip(kind, &mut body);
        mark::write(kind, &mut body, &own);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind::of_section;
    use crate::model::{Action, Address, Mark, Owner};

    fn check(
        section: &str,
        ignore: &[&str],
        [before, now, body]: [Value; 3],
        expected: Result<Value, &[&str]>,
    ) {
        let kind = of_section(section).expect("a kind");
        let marked = |mut body: Value| {
            let mark = Mark { owner: Owner("shop.prod".into()), id: "a".into(), protect: false };
            mark::write(kind, &mut body, &mark);
            body
        };
        let mut change = Change::new(kind.name, Address::new(section, "a"), Action::Update);
        change.live = Some(marked(before));
        change.ignore = ignore.iter().map(|pointer| (*pointer).to_owned()).collect();
        let live =
            Live { section: kind.section, id: "1".into(), body: marked(now), mark: None, url: String::new() };
        let renewed = renewed(kind, &change, &live, if body.is_null() { body } else { marked(body) });
        let expected = match expected {
            Ok(Value::Null) => Ok(Value::Null),
            Ok(body) => Ok(marked(body)),
            Err(fields) => Err(fields.iter().map(|field| (*field).to_owned()).collect()),
        };
        assert_eq!(renewed, expected);
    }

    #[test]
    fn what_is_left_to_the_ui_is_sent_as_it_stands_now() {
        let monitor = |name: &str, silenced: Value| json!({"name": name, "options": {"silenced": silenced}});
        let (loud, mute) = (json!({}), json!({"*": null}));
        let update = |now: Value| [monitor("a", loud.clone()), now, monitor("b", loud.clone())];
        check("monitors", &[], update(monitor("a", loud.clone())), Ok(monitor("b", loud.clone())));
        check("monitors", &[], update(monitor("a", mute.clone())), Ok(monitor("b", mute.clone())));
        check("monitors", &[], update(monitor("edited", mute.clone())), Err(&["name"]));
        check(
            "monitors",
            &[],
            [json!({}), json!({"options": {"silenced": 1}}), json!({})],
            Ok(json!({"options": {"silenced": 1}})),
        );
        // A mute that is declared is not left to the UI.
        let declared =
            [monitor("a", loud.clone()), monitor("a", json!({"x": 1})), monitor("a", mute.clone())];
        check("monitors", &[], declared, Err(&["options"]));
        let title =
            |title: &str, widgets: u64| json!({"title": title, "widgets": widgets, "description": "x"});
        let update = |now: Value| [title("a", 1), now, title("b", 1)];
        check("dashboards", &["/widgets"], update(title("a", 2)), Ok(title("b", 2)));
        check("dashboards", &[], update(title("a", 2)), Err(&["widgets"]));
        // An item of a list, by its place: what somebody took away is not made null.
        let widgets = |list: Value| json!({"title": "a", "widgets": list});
        let item = |now: Value| [widgets(json!([{"id": 1}])), widgets(now), widgets(json!([{"id": 1}]))];
        check("dashboards", &["/widgets/0"], item(json!([{"id": 2}])), Ok(widgets(json!([{"id": 2}]))));
        check("dashboards", &["/widgets/0"], item(json!([])), Err(&["widgets"]));
        // A delete: a mute is not a reason to keep it, an edit is.
        let delete = |now: Value| [monitor("a", loud.clone()), now, Value::Null];
        check("monitors", &[], delete(monitor("a", mute.clone())), Ok(Value::Null));
        check("monitors", &[], delete(monitor("edited", loud.clone())), Err(&["name"]));
    }

    #[test]
    fn a_mark_in_what_is_left_to_the_ui_stays() {
        let tags = |own: &str| json!({"name": "a", "tags": [own]});
        check("monitors", &["/tags"], [tags("x"), tags("y"), tags("x")], Ok(tags("y")));
    }
}
