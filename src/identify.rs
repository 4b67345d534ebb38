//! List items that are still there -> the ids that the service gave them, since links point at those.

use std::collections::HashMap;

use serde_json::Value;

use crate::diff::spelling;
use crate::kind::{Identified, Kind};
use crate::pointer::matching;

/// Gives the items of `desired` that declare no id the ids of the live items that they still are.
///
/// An item is known again by its content, else by its type and name, else by its type and place; in
/// the same list first, then anywhere in the body.
pub fn keep_ids(kind: &Kind, desired: &mut Value, live: &Value) {
    let live_items = items(kind, live);
    let desired_items = items(kind, desired);
    let claimed: Vec<&Value> = desired_items.iter().filter_map(|item| item.id.as_ref()).collect();
    let mut free: Vec<bool> =
        live_items.iter().map(|item| item.id.as_ref().is_some_and(|id| !claimed.contains(&id))).collect();
    let mut matched: Vec<Option<usize>> = vec![None; desired_items.len()];

    let keys: [fn(&Item) -> Option<String>; 5] = [
        |item| Some(format!("{}\n{}", item.home, item.content)),
        |item| Some(item.content.clone()),
        |item| item.name.as_ref().map(|name| format!("{}\n{}\n{name}", item.home, item.class)),
        |item| item.name.as_ref().map(|name| format!("{}\n{name}", item.class)),
        |item| Some(format!("{}\n{}\n{}", item.home, item.class, item.place)),
    ];
    for key in keys {
        let mut candidates: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, item) in live_items.iter().enumerate().rev().filter(|(index, _)| free[*index]) {
            if let Some(key) = key(item) {
                candidates.entry(key).or_default().push(index);
            }
        }
        for (index, item) in desired_items.iter().enumerate() {
            if item.id.is_some() || matched[index].is_some() {
                continue;
            }
            if let Some(found) = key(item).and_then(|key| candidates.get_mut(&key)?.pop()) {
                matched[index] = Some(found);
                free[found] = false;
            }
        }
    }
    for (item, found) in desired_items.iter().zip(matched) {
        let Some(id) = found.and_then(|found| live_items[found].id.clone()) else { continue };
        if let Some(Value::Object(target)) = desired.pointer_mut(&item.pointer) {
            target.insert(item.field.to_owned(), id);
        }
    }
}

struct Item {
    pointer: String,
    field: &'static str,
    id: Option<Value>,
    /// The name of the item that holds the list, empty at the top.
    home: String,
    /// Without ids.
    content: String,
    class: String,
    name: Option<String>,
    place: usize,
}

fn items(kind: &Kind, body: &Value) -> Vec<Item> {
    let mut found = Vec::new();
    for list in kind.quirks.identified {
        for at in matching(list.list, body) {
            let holder = kind.quirks.identified.iter().find_map(|outer| {
                let depth = outer.list.split('/').count() + 1;
                let holder: Vec<&str> = at.split('/').take(depth).collect();
                let name = body.pointer(&format!("{}{}", holder.join("/"), outer.name))?;
                (outer.list != list.list).then(|| name.to_string())
            });
            let Some(Value::Array(members)) = body.pointer(&at) else { continue };
            for (place, member) in members.iter().enumerate().filter(|(_, member)| member.is_object()) {
                found.push(Item {
                    pointer: format!("{at}/{place}"),
                    field: list.field,
                    id: member.get(list.field).cloned(),
                    home: holder.clone().unwrap_or_default(),
                    content: content(kind, list, member),
                    class: member.pointer(list.class).map(Value::to_string).unwrap_or_default(),
                    name: member.pointer(list.name).map(Value::to_string),
                    place,
                });
            }
        }
    }
    found
}

/// An item's text without its id and those of the items inside it, keys in order.
fn content(kind: &Kind, list: &Identified, member: &Value) -> String {
    let mut member = member.clone();
    let inner = kind
        .quirks
        .identified
        .iter()
        .filter_map(|other| Some((other.list.strip_prefix(list.list)?, other.field)));
    let nested: Vec<(String, &str)> = inner
        .filter_map(|(rest, field)| Some((rest.strip_prefix("/*")?, field)))
        .flat_map(|(rest, field)| {
            let pointers = matching(&format!("{rest}/*"), &member);
            pointers.into_iter().map(move |pointer| (pointer, field))
        })
        .collect();
    for (pointer, field) in nested.into_iter().chain([(String::new(), list.field)]) {
        if let Some(Value::Object(target)) = member.pointer_mut(&pointer) {
            target.shift_remove(field);
        }
    }
    spelling(&member)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind;

    fn note(text: &str, id: Option<u64>) -> Value {
        let mut widget = json!({"definition": {"type": "note", "content": text}});
        if let Some(id) = id {
            widget["id"] = id.into();
        }
        widget
    }

    fn titled(title: &str, form: &str, query: &str) -> Value {
        json!({"definition": {"type": form, "title": title, "q": query}})
    }

    fn group(title: &str, widgets: &[Value]) -> Value {
        json!({"definition": {"type": "group", "title": title, "widgets": widgets}})
    }

    fn with_id(mut widget: Value, id: u64) -> Value {
        widget["id"] = id.into();
        widget
    }

    /// The ids that the desired widgets bear at the end, those inside groups after their group.
    fn check(live: Value, desired: Value, expected: &[Option<u64>]) {
        let dashboard = kind::of_section("dashboards").expect("a kind");
        let mut desired = json!({ "widgets": desired });
        keep_ids(dashboard, &mut desired, &json!({ "widgets": live }));
        let mut ids = Vec::new();
        for widget in desired["widgets"].as_array().expect("a list") {
            ids.push(widget["id"].as_u64());
            for inner in widget.pointer("/definition/widgets").and_then(Value::as_array).into_iter().flatten()
            {
                ids.push(inner["id"].as_u64());
            }
        }
        assert_eq!(ids, expected);
    }

    #[test]
    fn widgets_keep_their_ids() {
        // Reordered.
        check(
            json!([note("a", Some(1)), note("b", Some(2))]),
            json!([note("b", None), note("a", None)]),
            &[Some(2), Some(1)],
        );
        // One in front of them.
        check(json!([note("a", Some(1))]), json!([note("new", None), note("a", None)]), &[None, Some(1)]);
        // Equal twins, one gone.
        check(json!([note("a", Some(1)), note("a", Some(2))]), json!([note("a", None)]), &[Some(1)]);
        // Edited, known by its title.
        check(
            json!([with_id(titled("x", "timeseries", "1"), 1), with_id(titled("y", "timeseries", "1"), 2)]),
            json!([titled("y", "timeseries", "9"), titled("x", "timeseries", "9")]),
            &[Some(2), Some(1)],
        );
        // An id that the file declares is taken from nobody else.
        check(json!([note("a", Some(1))]), json!([note("b", Some(1)), note("a", None)]), &[Some(1), None]);
    }

    #[test]
    fn widgets_in_groups_keep_their_ids() {
        let live = json!([
            with_id(group("g", &[note("a", Some(2)), note("b", Some(3))]), 1),
            with_id(group("h", &[note("a", Some(5))]), 4),
        ]);
        let edited =
            json!([group("h", &[note("a", None)]), group("g", &[note("a!", None), note("b", None)])]);
        check(live.clone(), edited, &[Some(4), Some(5), Some(1), Some(2), Some(3)]);
        let moved = json!([note("b", None), group("g", &[note("a", None)]), group("h", &[note("a", None)])]);
        check(live, moved, &[Some(3), Some(1), Some(2), Some(4), Some(5)]);
    }
}
