//! A body -> its normal form, by the kind's row; two of them -> two that differ only in what is real.

use serde_json::{Map, Value};

use crate::diff::{same, spelling};
use crate::kind::{Derived, Identified, Kind, NO_RULE, Rule, is_empty, rules};
use crate::pointer::{matching, step, take};

/// A body without what the service alone sets, every value in its canonical spelling.
///
/// Marks must have been taken out. Idempotent, and blind to the order of keys.
pub fn normal(kind: &Kind, body: &Value) -> Value {
    let mut out = body.clone();
    for list in kind.quirks.identified {
        name_by_place(list, &mut out);
    }
    normalize(&mut out, rules(kind), &|rule| rule.read_only);
    drop_ended(kind, &mut out);
    drop_implied(kind, &mut out);
    out
}

/// Takes out what a switch ends, and the switch: no object shows it.
fn drop_ended(kind: &Kind, body: &mut Value) {
    for field in kind.fields {
        let Some(switch) = field.ended_by else { continue };
        if body.pointer(switch) == Some(&Value::Bool(true)) {
            take(body, field.at);
        }
    }
    for switch in kind.fields.iter().filter_map(|field| field.ended_by) {
        take(body, switch);
    }
}

/// Takes out the fields that say no more than their absence, by the type of the object around them.
pub fn drop_implied(kind: &Kind, body: &mut Value) {
    // The inner ones first: an object may then be as empty as none.
    for field in kind.fields.iter().rev().filter(|field| !field.implied.is_empty()) {
        let said: Vec<(&str, Value)> =
            field.implied.iter().map(|(name, text)| (*name, parsed(text))).collect();
        for pointer in matching(field.at, body) {
            let around = pointer.rsplit_once('/').and_then(|(around, _)| body.pointer(around));
            let own =
                around.and_then(|around| around.get("type")).and_then(Value::as_str).unwrap_or_default();
            let Some(value) = body.pointer(&pointer) else { continue };
            let is_said = |(name, implied): &(&str, Value)| {
                (name.is_empty() || *name == own) && (same(implied, value) || value.is_null())
            };
            if said.iter().any(is_said) {
                take(body, &pointer);
            }
        }
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("bug: a row holds a text that is no JSON")
}

/// The same without what the service doesn't show every time: two of them that differ show that somebody changed
/// the object.
pub fn lasting(kind: &Kind, body: &Value) -> Value {
    let mut out = body.clone();
    normalize(&mut out, rules(kind), &|rule| rule.read_only || rule.unseen);
    out
}

fn normalize(value: &mut Value, rule: &Rule, drops: &dyn Fn(&Rule) -> bool) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !rule.child(key).is_some_and(drops));
            for (key, value) in map.iter_mut() {
                if let Some(child) = rule.child(key) {
                    normalize(value, child, drops);
                }
            }
        }
        Value::Array(items) => {
            for (item, child) in items.iter_mut().zip(std::iter::repeat_with(|| rule.item())) {
                child.into_iter().for_each(|child| normalize(item, child, drops));
            }
            if rule.set {
                items.sort_by_cached_key(spelling);
                items.dedup_by(|a, b| same(a, b));
            }
        }
        Value::String(text) if rule.trimmed => {
            text.truncate(text.trim_end().len());
            text.drain(..text.len() - text.trim_start().len());
        }
        _ => {}
    }
    if rule.synonyms.iter().skip(1).any(|synonym| same(synonym, value)) {
        value.clone_from(&rule.synonyms[0]);
    }
}

/// Takes the ids out of a list's items, and writes places (`"@1"`) where they are named elsewhere.
fn name_by_place(list: &Identified, body: &mut Value) {
    let mut places: Vec<(Value, String)> = Vec::new();
    for at in matching(list.list, body) {
        let Some(Value::Array(items)) = body.pointer_mut(&at) else { continue };
        for (place, item) in items.iter_mut().enumerate() {
            if let Some(id) = item.as_object_mut().and_then(|item| item.shift_remove(list.field)) {
                places.push((id, format!("@{}", place + 1)));
            }
        }
    }
    let named: Vec<String> = list.placeholders.iter().flat_map(|path| matching(path, body)).collect();
    for at in named {
        let Some(Value::Array(names)) = body.pointer_mut(&at) else { continue };
        for name in names {
            if let Some((_, place)) = places.iter().find(|(id, _)| spelled_alike(id, name)) {
                *name = Value::String(place.clone());
            }
        }
    }
}

/// An id as a number or as the same number in a text.
fn spelled_alike(id: &Value, name: &Value) -> bool {
    let spelled = id.to_string();
    same(id, name) || name.as_str() == Some(spelled.as_str())
}

/// Two normal forms that are ready to be compared.
pub struct Aligned {
    /// With the default as the goal where the live side holds another value for a field left out.
    pub desired: Value,
    /// Without what the service filled in, keeps for others, or has learnt since.
    pub live: Value,
    /// Live fields that are neither declared nor known, as JSON pointers; they are not compared.
    pub unknown: Vec<String>,
}

/// Brings both sides into normal form and settles what one of them leaves out.
pub fn align(kind: &Kind, desired: &Value, live: &Value) -> Aligned {
    let mut aligned =
        Aligned { desired: normal(kind, desired), live: normal(kind, live), unknown: Vec::new() };
    settle_nulls(&mut aligned.desired, &mut aligned.live, rules(kind));
    settle_derived(kind, &mut aligned);
    settle_alternatives(kind, &mut aligned);
    settle(&mut aligned.desired, &mut aligned.live, rules(kind), &mut String::new(), &mut aligned.unknown);
    aligned
}

/// A declared null leaves the field out; where the service holds a null too, nothing is to be said of it.
fn settle_nulls(desired: &mut Value, live: &mut Value, rule: &Rule) {
    let (Value::Object(desired), Value::Object(live)) = (desired, live) else { return };
    if !rule.open {
        return;
    }
    let nulls: Vec<String> =
        desired.iter().filter(|(_, value)| value.is_null()).map(|(key, _)| key.clone()).collect();
    for key in nulls {
        desired.shift_remove(&key);
        if live.get(&key).is_some_and(Value::is_null) {
            live.shift_remove(&key);
        }
    }
    for (key, value) in desired.iter_mut() {
        if let (Some(child), Some(live)) = (rule.child(key), live.get_mut(key)) {
            settle_nulls(value, live, child);
        }
    }
}

/// The value that a field left out follows.
pub fn follow<'a>(body: &'a Value, derived: &Derived) -> Option<&'a Value> {
    let items = body.pointer(derived.list)?.as_array()?;
    let (at, field) = derived.chosen_by;
    let named = body.pointer(at).and_then(|wanted| items.iter().find(|item| item.get(field) == Some(wanted)));
    named.or(items.first())?.get(derived.field)
}

/// A field left out says nothing where it follows what is live, too; else it takes the value that it follows.
fn settle_derived(kind: &Kind, aligned: &mut Aligned) {
    let Aligned { desired: Value::Object(_), live: Value::Object(_), .. } = aligned else { return };
    let left_out: Vec<&Derived> = kind
        .quirks
        .derived
        .iter()
        .filter(|derived| aligned.desired.pointer(derived.path).is_none())
        .collect();
    if left_out.iter().all(|derived| aligned.live.pointer(derived.path).is_none()) {
        return;
    }
    // Of what both say without them: a field that follows must not steer the next one.
    let mut bare = aligned.live.clone();
    left_out.iter().for_each(|derived| remove(&mut bare, derived.path));
    let follows: Vec<(Option<Value>, Option<Value>)> = left_out
        .iter()
        .map(|derived| (follow(&aligned.desired, derived).cloned(), follow(&bare, derived).cloned()))
        .collect();
    for (derived, (wanted, followed)) in left_out.into_iter().zip(follows) {
        let Some(value) = aligned.live.pointer(derived.path).filter(|value| !value.is_null()) else {
            continue;
        };
        if followed.is_some_and(|followed| same(&followed, value)) {
            remove(&mut aligned.live, derived.path);
        } else if let (Some(wanted), Value::Object(map)) = (wanted, &mut aligned.desired) {
            map.insert(derived.path.trim_start_matches('/').to_owned(), wanted);
        }
    }
}

/// Of two spellings the undeclared one says nothing, as long as it agrees with the other.
fn settle_alternatives(kind: &Kind, aligned: &mut Aligned) {
    for pair in kind.quirks.alternatives {
        for (ours, theirs) in [(pair.one, pair.other), (pair.other, pair.one)] {
            let agree = |our: &Value, their: &Value| {
                if ours == pair.one { (pair.agree)(our, their) } else { (pair.agree)(their, our) }
            };
            let Some(wanted) = aligned.desired.pointer(ours) else { continue };
            let Some(their) = aligned.live.pointer(theirs) else { continue };
            if aligned.desired.pointer(theirs).is_some() {
                continue;
            }
            match aligned.live.pointer(ours) {
                Some(our) if agree(our, their) => remove(&mut aligned.live, theirs),
                None if agree(wanted, their) => {
                    remove(&mut aligned.desired, ours);
                    remove(&mut aligned.live, theirs);
                }
                _ => {}
            }
        }
    }
}

fn remove(body: &mut Value, path: &str) {
    if let (Some(key), Value::Object(map)) = (path.strip_prefix('/'), body) {
        map.shift_remove(key);
    }
}

fn settle(desired: &mut Value, live: &mut Value, rule: &Rule, path: &mut String, unknown: &mut Vec<String>) {
    match (desired, live) {
        (Value::Object(desired), Value::Object(live)) => settle_objects(desired, live, rule, path, unknown),
        (Value::Array(desired), Value::Array(live)) => {
            let Some(child) = rule.item() else { return };
            for (index, (desired, live)) in desired.iter_mut().zip(live).enumerate() {
                let length = path.len();
                path.push_str(&format!("/{index}"));
                settle(desired, live, child, path, unknown);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

fn settle_objects(
    desired: &mut Map<String, Value>,
    live: &mut Map<String, Value>,
    rule: &Rule,
    path: &mut String,
    unknown: &mut Vec<String>,
) {
    let mut keys: Vec<String> = live.keys().cloned().collect();
    keys.extend(desired.keys().filter(|key| !live.contains_key(*key)).cloned());
    for key in keys {
        let length = path.len();
        path.push_str(&step(&key));
        match (rule.child(&key), rule.open) {
            (None, true) if !desired.contains_key(&key) => {
                live.shift_remove(&key);
                unknown.push(path.clone());
            }
            (child, _) => {
                settle_member(&key, desired, live, (rule, child.unwrap_or(&NO_RULE)), path, unknown)
            }
        }
        path.truncate(length);
    }
}

fn settle_member(
    key: &str,
    desired: &mut Map<String, Value>,
    live: &mut Map<String, Value>,
    (parent, rule): (&Rule, &Rule),
    path: &mut String,
    unknown: &mut Vec<String>,
) {
    let blank = |value: &Value| rule.is_blank(parent.open, value);
    match (desired.get_mut(key), live.get_mut(key)) {
        (None, Some(value)) => {
            if rule.is_silent(parent.open, value) {
                live.shift_remove(key);
            } else if let (true, Value::Object(inner)) = (rule.open, value) {
                // Left out as a whole: so is each of its fields.
                let mut wanted = Map::new();
                settle_objects(&mut wanted, inner, rule, path, unknown);
                if !wanted.is_empty() || !inner.is_empty() {
                    desired.insert(key.to_owned(), Value::Object(wanted));
                } else {
                    live.shift_remove(key);
                }
            } else if let Some(goal) = rule.defaults.first().filter(|goal| !is_empty(goal)) {
                desired.insert(key.to_owned(), goal.clone());
            }
        }
        (Some(value), None)
            if rule.unseen
                || blank(value)
                || rule.is_default(value)
                || is_hollow(value, rule, parent.open) =>
        {
            desired.shift_remove(key);
        }
        (Some(wanted), Some(value)) => {
            let undeclared = rule.kept && is_empty(wanted) && !(rule.empties && wanted.is_array());
            if undeclared || (rule.unseen && is_empty(value)) || (blank(wanted) && blank(value)) {
                desired.shift_remove(key);
                live.shift_remove(key);
            } else if rule.meaning.is_some_and(|mean_the_same| mean_the_same(wanted, value)) {
                wanted.clone_from(value);
            } else {
                settle(wanted, value, rule, path, unknown);
            }
        }
        _ => {}
    }
}

/// Whether an object holds nothing but what its members' absence means, where an empty one is as good as none.
fn is_hollow(value: &Value, rule: &Rule, in_open: bool) -> bool {
    let says_nothing = |key: &String, value: &Value| {
        value.is_null()
            || rule
                .child(key)
                .is_some_and(|child| child.is_default(value) || is_hollow(value, child, in_open))
    };
    match value {
        Value::Object(map) => in_open && map.iter().all(|(key, value)| says_nothing(key, value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::diff::diff;
    use crate::kind::{self, KINDS};

    /// Whether a definition and a live object differ, and in which fields.
    fn check(section: &str, desired: Value, live: Value, expected: &[&str]) {
        let kind = kind::of_section(section).expect("a kind");
        let aligned = align(kind, &desired, &live);
        let fields: Vec<String> =
            diff(&aligned.live, &aligned.desired).into_iter().map(|field| field.path).collect();
        assert_eq!(fields, expected, "{desired} against {live}");
    }

    #[test]
    fn what_the_service_fills_in_is_no_change() {
        let live = json!({"id": 1, "type": "query alert", "query": "q", "message": "", "tags": [], "priority": null,
            "options": {"notify_audit": false, "include_tags": true, "new_host_delay": 300, "silenced": {}}});
        check("monitors", json!({"type": "metric alert", "query": "q \n"}), live, &[]);
        let live = json!({"tags": [3, 2.0, 0.0, 1.5]});
        check("monitors", json!({"tags": [1.5, -0.0, 2, 3.0, 3]}), live, &[]);
        let slo = json!({"tags": ["b", "a"], "thresholds": [{"timeframe": "7d", "target": 99}]});
        let live = json!({"tags": ["a", "b"], "description": "", "timeframe": "7d", "target_threshold": 99.0,
            "thresholds": [{"timeframe": "7d", "target": 99.0, "target_display": "99."}]});
        check("slos", slo, live, &[]);
    }

    #[test]
    fn what_somebody_set_instead_is_drift() {
        let live = json!({"message": "hi", "tags": ["x"], "priority": 3, "options": {"include_tags": false, "timeout_h": 2}});
        let found = ["/options/include_tags", "/options/timeout_h", "/message", "/tags", "/priority"];
        check("monitors", json!({}), live, &found);
        check(
            "slos",
            json!({"thresholds": [{"target": 99}]}),
            json!({"thresholds": [{"target": 99}], "target_threshold": 98}),
            &["/target_threshold"],
        );
        // What follows it is told once.
        check(
            "slos",
            json!({"thresholds": [{"target": 99}]}),
            json!({"thresholds": [{"target": 98}], "target_threshold": 98}),
            &["/thresholds/0/target"],
        );
    }

    #[test]
    fn what_is_left_to_others_is_not_compared() {
        let live = json!({"options": {"silenced": {"*": 5}, "new_in_2030": 1}, "restricted_roles": ["x"], "also_new": {}});
        check("monitors", json!({}), live.clone(), &[]);
        let kind = kind::of_section("monitors").expect("a kind");
        assert_eq!(align(kind, &json!({}), &live).unknown, ["/options/new_in_2030", "/also_new"]);
        check("monitors", json!({"options": {"silenced": {"*": 6}}}), live, &["/options/silenced/*"]);
    }

    #[test]
    fn widgets_are_compared_whole_but_for_their_ids() {
        let tabs = |ids: Value| json!([{"id": "t", "name": "n", "widget_ids": ids}]);
        let desired = json!({"widgets": [{"definition": {"type": "note"}}], "tabs": tabs(json!(["@1"]))});
        let live = json!({"widgets": [{"id": 9, "definition": {"type": "note"}}], "tabs": tabs(json!([9]))});
        check("dashboards", desired.clone(), live, &[]);
        let edited = json!({"widgets": [{"id": 9, "definition": {"type": "note", "new": 1}}], "tabs": tabs(json!([9]))});
        check("dashboards", desired, edited, &["/widgets/0/definition/new"]);
    }

    fn scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-3..400_i64).prop_map(Value::from),
            (0..3).prop_map(|n| Value::from(f64::from(n))),
            prop::sample::select(vec!["", "a", "b\n", "metric alert", "query alert", "default", "@1", "7d"])
                .prop_map(Value::from),
            prop::collection::vec(prop::sample::select(vec!["b", "a", "team:x"]), 0..3).prop_map(Value::from),
            Just(json!({})),
            Just(
                json!([{"id": 5, "definition": {"type": "group", "widgets": [{"id": 6, "x": null}]}}, {"definition": {}}])
            ),
            Just(json!([{"timeframe": "7d", "target": 99, "target_display": "99."}])),
        ]
    }

    /// A body of fields that the row names, and some that it doesn't.
    fn body(kind: &'static Kind) -> impl Strategy<Value = Value> {
        let mut paths: Vec<&str> = kind.paths(|field| !field.at.is_empty()).collect();
        paths.extend(["/unknown", "/options/unknown"]);
        paths.retain(|path| !path.contains('*'));
        prop::collection::vec((prop::sample::select(paths), scalar()), 0..8).prop_map(|fields| {
            let mut body = json!({});
            for (path, value) in fields {
                match path[1..].split_once('/') {
                    None => body[&path[1..]] = value,
                    Some((outer, inner)) if !inner.contains('/') => {
                        if !body[outer].is_object() {
                            body[outer] = json!({});
                        }
                        body[outer][inner] = value;
                    }
                    Some(_) => {}
                }
            }
            body
        })
    }

    fn any_body() -> impl Strategy<Value = (&'static Kind, Value)> {
        prop::sample::select(KINDS.to_vec())
            .prop_flat_map(|kind| body(kind).prop_map(move |body| (kind, body)))
    }

    fn backwards(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                map.iter().rev().map(|(key, value)| (key.clone(), backwards(value))).collect()
            }
            Value::Array(items) => items.iter().map(backwards).collect(),
            value => value.clone(),
        }
    }

    proptest! {
        #[test]
        fn the_normal_form_is_idempotent((kind, body) in any_body()) {
            let once = normal(kind, &body);
            prop_assert_eq!(normal(kind, &once), once);
        }

        #[test]
        fn the_order_of_keys_never_matters((kind, body) in any_body(), (_, other) in any_body()) {
            let fields = |desired: &Value, live: &Value| {
                let aligned = align(kind, desired, live);
                let mut paths: Vec<String> = diff(&aligned.live, &aligned.desired).into_iter().map(|f| f.path).collect();
                paths.sort();
                paths
            };
            prop_assert_eq!(fields(&body, &other), fields(&backwards(&body), &backwards(&other)));
        }

        #[test]
        fn a_body_equals_itself((kind, body) in any_body()) {
            let aligned = align(kind, &body, &body);
            prop_assert!(diff(&aligned.live, &aligned.desired).is_empty());
        }
    }
}
