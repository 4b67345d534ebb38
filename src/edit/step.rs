//! Edits of a value, and those that lead from one value to another.

use serde_json::Value;

use crate::diff::{longest_common, same};
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
}

impl Edit {
    pub fn pointer(&self) -> &str {
        match self {
            Self::Replace { at, .. } | Self::Add { at, .. } | Self::Remove { at } | Self::Insert { at, .. } => at,
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

/// From the end on, so that the places before stay what they are.
fn compare_lists(old: &[Value], new: &[Value], at: &mut String, edits: &mut Vec<Edit>) {
    let length = at.len();
    let kept = longest_common(old, new);
    let bounds = kept.iter().copied().chain([(old.len(), new.len())]);
    let starts = [(0, 0)].into_iter().chain(kept.iter().map(|(i, j)| (i + 1, j + 1)));
    let gaps: Vec<_> = starts.zip(bounds).collect();
    for ((from, new_from), (to, new_to)) in gaps.into_iter().rev() {
        let both = (to - from).min(new_to - new_from);
        for index in (from + both..to).rev() {
            edits.push(Edit::Remove { at: format!("{at}/{index}") });
        }
        for value in new[new_from + both..new_to].iter().rev() {
            edits.push(Edit::Insert { at: at.clone(), index: from + both, value: value.clone() });
        }
        for offset in (0..both).rev() {
            at.push_str(&format!("/{}", from + offset));
            compare(&old[from + offset], &new[new_from + offset], at, edits);
            at.truncate(length);
        }
    }
}
