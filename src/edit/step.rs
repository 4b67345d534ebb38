//! Edits of a value, and those that lead from one value to another.

use serde_json::Value;

use crate::diff::same;
use crate::pairing::pairing;
use crate::pointer::step;

/// One edit. Pointers are JSON pointers into the document.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// What stands there becomes another value.
    Replace { at: String, value: Value },
    /// A mapping gets one more key.
    Add { at: String, key: String, value: Value },
    /// A member of a mapping or an item of a list goes.
    Remove { at: String },
    /// A list gets one more item, before the one that has this place now.
    Insert { at: String, index: usize, value: Value },
    /// An item of a list goes to another place, which counts without it.
    Move { at: String, from: usize, to: usize },
}

impl Edit {
    pub fn pointer(&self) -> &str {
        match self {
            Self::Replace { at, .. }
            | Self::Add { at, .. }
            | Self::Remove { at }
            | Self::Insert { at, .. }
            | Self::Move { at, .. } => at,
        }
    }

    /// The same edit in a document that holds this one at a pointer.
    #[must_use]
    pub fn below(self, base: &str) -> Self {
        let longer = |at: String| format!("{base}{at}");
        match self {
            Self::Replace { at, value } => Self::Replace { at: longer(at), value },
            Self::Add { at, key, value } => Self::Add { at: longer(at), key, value },
            Self::Remove { at } => Self::Remove { at: longer(at) },
            Self::Insert { at, index, value } => Self::Insert { at: longer(at), index, value },
            Self::Move { at, from, to } => Self::Move { at: longer(at), from, to },
        }
    }

    /// Carries the edit out; none where its place is not there.
    pub fn carry_out(&self, document: &mut Value) -> Option<()> {
        match self {
            Self::Replace { at, value } => document.pointer_mut(at)?.clone_from(value),
            Self::Add { at, key, value } => {
                let slot = document.pointer_mut(at)?;
                if slot.is_null() {
                    *slot = Value::Object(serde_json::Map::new());
                }
                slot.as_object_mut()?.insert(key.clone(), value.clone());
            }
            Self::Remove { at } => {
                let (parent, last) = at.rsplit_once('/')?;
                match document.pointer_mut(parent)? {
                    Value::Object(map) => drop(map.shift_remove(&*crate::pointer::key(last))?),
                    Value::Array(items) => {
                        let index = last.parse::<usize>().ok().filter(|index| *index < items.len())?;
                        items.remove(index);
                    }
                    _ => return None,
                }
            }
            Self::Insert { at, index, value } => {
                let slot = document.pointer_mut(at)?;
                if slot.is_null() {
                    *slot = Value::Array(Vec::new());
                }
                let items = slot.as_array_mut().filter(|items| *index <= items.len())?;
                items.insert(*index, value.clone());
            }
            Self::Move { at, from, to } => {
                let items = document.pointer_mut(at)?.as_array_mut()?;
                if *from.max(to) >= items.len() {
                    return None;
                }
                let item = items.remove(*from);
                items.insert(*to, item);
            }
        }
        Some(())
    }
}

/// What turns one value into the other, as few and small edits as can be told, in an order in which they can be carried
/// out: what is [`same`] stays as it is spelled.
pub fn between(before: &Value, after: &Value) -> Vec<Edit> {
    let mut edits = Vec::new();
    compare(before, after, &mut String::new(), &mut edits);
    edits
}

fn compare(before: &Value, after: &Value, at: &mut String, edits: &mut Vec<Edit>) {
    let length = at.len();
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                at.push_str(&step(key));
                match new.get(key) {
                    Some(after) => compare(value, after, at, edits),
                    None => edits.push(Edit::Remove { at: at.clone() }),
                }
                at.truncate(length);
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                edits.push(Edit::Add { at: at.clone(), key: key.clone(), value: value.clone() });
            }
        }
        (Value::Array(old), Value::Array(new)) => compare_lists(old, new, at, edits),
        (before, after) if same(before, after) && before.is_null() == after.is_null() => {}
        (_, after) => edits.push(Edit::Replace { at: at.clone(), value: after.clone() }),
    }
}

/// First what changes inside of items, then those that go, then moves, then what comes.
fn compare_lists(old: &[Value], new: &[Value], at: &mut String, edits: &mut Vec<Edit>) {
    let length = at.len();
    let pairing = pairing(old, new);
    for (item, place) in new.iter().zip(&pairing.old) {
        let Some((place, before)) = place.and_then(|place| Some((place, old.get(place)?))) else { continue };
        at.push_str(&step(&place.to_string()));
        compare(before, item, at, edits);
        at.truncate(length);
    }
    let mut there: Vec<usize> = Vec::new();
    for place in 0..old.len() {
        if pairing.old.contains(&Some(place)) {
            there.push(place);
        }
    }
    for place in (0..old.len()).rev().filter(|place| !there.contains(place)) {
        edits.push(Edit::Remove { at: format!("{at}/{place}") });
    }
    let mut before: Option<usize> = None;
    for (place, moved) in pairing.old.iter().zip(&pairing.moved) {
        let Some(place) = place else { continue };
        if *moved && let Some(from) = there.iter().position(|other| other == place) {
            there.remove(from);
            let behind = before.and_then(|before| there.iter().position(|other| *other == before));
            let to = behind.map_or(0, |behind| behind + 1);
            there.insert(to, *place);
            if from != to {
                edits.push(Edit::Move { at: at.clone(), from, to });
            }
        }
        before = Some(*place);
    }
    for (index, value) in new.iter().enumerate().filter(|(index, _)| pairing.old[*index].is_none()) {
        edits.push(Edit::Insert { at: at.clone(), index, value: value.clone() });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(before: Value, after: Value, count: usize) {
        let edits = between(&before, &after);
        let mut found = before.clone();
        for edit in &edits {
            edit.carry_out(&mut found).expect("a place");
        }
        assert_eq!(found, after, "{edits:?}");
        assert_eq!(edits.len(), count, "{edits:?}");
    }

    #[test]
    fn lists_change_by_few_edits() {
        check(json!(["a", "b", "c", "d"]), json!(["b", "c", "d", "a"]), 1);
        check(json!(["a", "b", "c", "d"]), json!(["d", "a", "b", "c"]), 1);
        check(json!(["a", "b", "c", "d"]), json!(["d", "x", "b", "a"]), 4);
        check(json!(["a", "b"]), json!(["x", "a", "y", "b", "z"]), 3);
        let item = |name: &str, size: u8| json!({"name": name, "type": "t", "q": "sum:x{*}", "size": size});
        check(json!([item("a", 1), item("b", 1)]), json!([item("b", 1), item("a", 2)]), 2);
    }
}
