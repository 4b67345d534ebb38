//! Two normal forms -> the fields that differ.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::model::FieldChange;
use crate::pointer::step;

/// Lists whose lengths multiply to more are compared place by place.
const ALIGNED: usize = 1_000_000;

/// What turns `live` into `desired`, in the order of the desired fields; removed ones come last.
///
/// Paths of replaced and removed list items count in `live`, those of added ones in `desired`.
pub fn diff(live: &Value, desired: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare(live, desired, &mut String::new(), &mut changes);
    changes
}

/// Equal by meaning: numbers by value, a `null` member as an absent one.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
                a == b
            } else {
                a == b || a.as_f64() == b.as_f64()
            }
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            let present = |map: &Map<String, Value>| map.values().filter(|value| !value.is_null()).count();
            present(a) == present(b)
                && a.iter().all(|(key, a)| a.is_null() || b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

/// A text that only values which are [`same`] share, whatever the order of their keys. A null is told from what is
/// absent: a mute without an end is one.
pub fn spelling(value: &Value) -> String {
    let mut out = String::new();
    spell(value, &mut out);
    out
}

fn spell(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut members: Vec<(&String, &Value)> = map.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (key, value) in members {
                let _ = write!(out, "{}:", Value::from(key.as_str()));
                spell(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                spell(item, out);
                out.push(',');
            }
            out.push(']');
        }
        // `5.0` is `5`, and `-0.0` is `0`.
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => {
                let _ = write!(out, "{}", float as i64);
            }
            _ => {
                let _ = write!(out, "{number}");
            }
        },
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

fn compare(live: &Value, desired: &Value, path: &mut String, changes: &mut Vec<FieldChange>) {
    match (live, desired) {
        (Value::Object(live), Value::Object(desired)) => compare_objects(live, desired, path, changes),
        (Value::Array(live), Value::Array(desired)) => compare_lists(live, desired, path, changes),
        (live, desired) if same(live, desired) => {}
        (live, desired) => changes.push(change(path, Some(live), Some(desired))),
    }
}

fn change(path: &str, before: Option<&Value>, after: Option<&Value>) -> FieldChange {
    FieldChange { path: path.to_owned(), before: before.cloned(), after: after.cloned() }
}

/// Runs `inside` with the path one step further.
fn at(path: &mut String, key: &str, inside: impl FnOnce(&mut String)) {
    let length = path.len();
    path.push_str(&step(key));
    inside(path);
    path.truncate(length);
}

fn compare_objects(
    live: &Map<String, Value>,
    desired: &Map<String, Value>,
    path: &mut String,
    changes: &mut Vec<FieldChange>,
) {
    for (key, after) in desired {
        at(path, key, |path| match live.get(key).filter(|value| !value.is_null()) {
            Some(_) if after.is_null() => changes.push(change(path, live.get(key), Some(after))),
            Some(before) => compare(before, after, path, changes),
            None if after.is_null() => {}
            None => changes.push(change(path, None, Some(after))),
        });
    }
    for (key, before) in live {
        if !before.is_null() && !desired.contains_key(key) {
            at(path, key, |path| changes.push(change(path, Some(before), None)));
        }
    }
}

/// Items that are equal stay where they are; between them the others are paired in order.
fn compare_lists(live: &[Value], desired: &[Value], path: &mut String, changes: &mut Vec<FieldChange>) {
    let start = live.iter().zip(desired).take_while(|(a, b)| same(a, b)).count();
    let (l, d) = (&live[start..], &desired[start..]);
    let end = l.iter().rev().zip(d.iter().rev()).take_while(|(a, b)| same(a, b)).count();
    let (l, d) = (&l[..l.len() - end], &d[..d.len() - end]);

    let mut kept = if l.len() == d.len() { Vec::new() } else { longest_common(l, d) };
    kept.push((l.len(), d.len()));
    let (mut i, mut j) = (0, 0);
    for (next_l, next_d) in kept {
        while i < next_l || j < next_d {
            let (before, after) = (l.get(i).filter(|_| i < next_l), d.get(j).filter(|_| j < next_d));
            let index = if before.is_some() { i } else { j };
            at(path, &(start + index).to_string(), |path| match (before, after) {
                (Some(before), Some(after)) => compare(before, after, path, changes),
                (before, after) => changes.push(change(path, before, after)),
            });
            i += usize::from(before.is_some());
            j += usize::from(after.is_some());
        }
        (i, j) = (next_l + 1, next_d + 1);
    }
}

/// Pairs of places that hold equal items, both rising, as many as there can be. By hand: numbers are the same by value,
/// and the libraries want items that hash.
pub fn longest_common(l: &[Value], d: &[Value]) -> Vec<(usize, usize)> {
    if l.is_empty() || d.is_empty() || l.len() * d.len() > ALIGNED {
        return Vec::new();
    }
    let width = d.len() + 1;
    let mut lengths = vec![0_u32; (l.len() + 1) * width];
    for i in (0..l.len()).rev() {
        for j in (0..d.len()).rev() {
            lengths[i * width + j] = if same(&l[i], &d[j]) {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < l.len() && j < d.len() {
        let here = lengths[i * width + j];
        if here == lengths[(i + 1) * width + j] {
            i += 1;
        } else if here == lengths[i * width + j + 1] {
            j += 1;
        } else {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(live: Value, desired: Value, expected: &[(&str, Option<Value>, Option<Value>)]) {
        let found: Vec<_> = diff(&live, &desired).into_iter().map(|c| (c.path, c.before, c.after)).collect();
        let expected: Vec<_> =
            expected.iter().map(|(p, b, a)| ((*p).to_owned(), b.clone(), a.clone())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn fields_that_differ() {
        check(json!({"a": 1, "b": null}), json!({"a": 1.0}), &[]);
        check(json!({"a": {"x": 1}}), json!({"a": {"x": 2}}), &[("/a/x", Some(json!(1)), Some(json!(2)))]);
        check(json!({"a/b": "x"}), json!({}), &[("/a~1b", Some(json!("x")), None)]);
        check(json!([1, 2, 3]), json!([2, 3]), &[("/0", Some(json!(1)), None)]);
        check(
            json!([2, 3]),
            json!([1, 2, 3, 4]),
            &[("/0", None, Some(json!(1))), ("/3", None, Some(json!(4)))],
        );
        check(
            json!([false, true, {}]),
            json!([true, {"~": false}]),
            &[("/0", Some(json!(false)), None), ("/2/~0", None, Some(json!(false)))],
        );
        check(json!([{"a": 1}, 5]), json!([{"a": 2}, 5]), &[("/0/a", Some(json!(1)), Some(json!(2)))]);
    }

    /// Carries the changes out on the live side; only for the test that they say all. Inner lists first:
    /// paths count in the live ones around them.
    fn patch(live: &Value, changes: &[FieldChange]) -> Value {
        let mut out = live.clone();
        let parent_of = |path: &str| {
            path.rsplit_once('/').map(|(p, k)| (p.to_owned(), k.replace("~1", "/").replace("~0", "~")))
        };
        let depth = |change: &FieldChange| change.path.matches('/').count();
        let deepest = changes.iter().map(depth).max().unwrap_or_default();
        for level in (0..=deepest).rev() {
            let here: Vec<&FieldChange> = changes.iter().filter(|change| depth(change) == level).collect();
            for change in here.iter().filter(|c| c.before.is_some() && c.after.is_some()) {
                *out.pointer_mut(&change.path).expect("a live path") = change.after.clone().expect("after");
            }
            for change in here.iter().rev().filter(|c| c.after.is_none()) {
                let (parent, key) = parent_of(&change.path).expect("a parent");
                match out.pointer_mut(&parent).expect("a live parent") {
                    Value::Object(map) => drop(map.shift_remove(&key)),
                    Value::Array(items) => drop(items.remove(key.parse().expect("an index"))),
                    _ => panic!("a scalar has no members"),
                }
            }
            for change in here.iter().filter(|c| c.before.is_none()) {
                let (parent, key) = parent_of(&change.path).expect("a parent");
                let after = change.after.clone().expect("after");
                match out.pointer_mut(&parent).expect("a parent") {
                    Value::Object(map) => drop(map.insert(key, after)),
                    Value::Array(items) => items.insert(key.parse().expect("an index"), after),
                    _ => panic!("a scalar has no members"),
                }
            }
        }
        out
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0..5).prop_map(Value::from),
            (0..3).prop_map(|whole| Value::from(f64::from(whole) / 2.0)),
            Just(Value::Null),
            "[a-c/~]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-c/~]{1,2}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn a_spelling_is_blind_to_the_order_of_keys() {
        let one = json!({"a": [5.0, -0.0, null], "b": {"c": "x\n"}});
        let other = json!({"b": {"c": "x\n"}, "a": [5, 0, null]});
        assert_eq!(spelling(&one), spelling(&other));
        assert_eq!(spelling(&other), r#"{"a":[5,0,null,],"b":{"c":"x\n",},}"#);
    }

    proptest! {
        #[test]
        fn diff_then_patch_gives_the_other_side(
            members in prop::collection::vec(("[a-c]", json_value(), json_value()), 1..3)
        ) {
            // One level of lists whose items are objects or scalars: paths of nested lists shift with their parents'.
            let live = Value::Object(members.iter().map(|(k, l, _)| (k.clone(), l.clone())).collect());
            let desired = Value::Object(members.iter().map(|(k, _, d)| (k.clone(), d.clone())).collect());
            prop_assert!(diff(&live, &live).is_empty());
            prop_assert!(spelling(&live) != spelling(&desired) || same(&live, &desired));
            prop_assert_eq!(diff(&live, &desired).is_empty(), same(&live, &desired));
            prop_assert!(same(&patch(&live, &diff(&live, &desired)), &desired), "{live} -> {desired}: {:?}", diff(&live, &desired));
        }
    }
}
