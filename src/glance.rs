//! A body's text and a live object -> whether they are equal at first sight, without a copy of either.
//!
//! Most pairs of a plan are. It sees what [`crate::canon`] and [`crate::diff`] would see, as far as that shows member
//! by member; where it doesn't, it says no, and they have the last word.

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::diff::same;
use crate::kind::{Kind, NO_RULE, Rule, rules};
use crate::pointer::{find, matching, member};

/// The live member that holds the mark, by its name.
#[derive(Clone, Copy)]
pub enum Bare<'a> {
    /// As it is without the mark.
    As(&'a str, &'a Value),
    /// A list, of which these texts are the mark.
    Without(&'a str, Is),
}

/// Judges a text.
type Is = fn(&str) -> bool;

/// Whether what is declared stands live, and what else is live says nothing; `false` decides nothing.
///
/// `desired` is the JSON text of an object without reference markers.
pub fn equal(kind: &Kind, desired: &str, live: &Value, bare: Option<Bare<'_>>) -> bool {
    if !may_be(kind, live) {
        return false;
    }
    let mut reader = serde_json::Deserializer::from_str(desired);
    let glance = Glance { live, rule: rules(kind), bare, is_member: false, without: None };
    glance.deserialize(&mut reader).is_ok()
}

/// Whether a glance can tell anything of an object.
fn may_be(kind: &Kind, live: &Value) -> bool {
    // One spelling stands for another one that is left out.
    let quirks = &kind.quirks;
    if kind.fields.iter().any(|field| !field.implied.is_empty() || field.ended_by.is_some()) {
        return false;
    }
    let spellings = quirks.derived.iter().map(|derived| derived.path);
    let mut spellings = spellings.chain(quirks.alternatives.iter().flat_map(|pair| [pair.one, pair.other]));
    // Lists whose items are named elsewhere by the ids that the service gave them.
    let mut names = quirks.identified.iter().filter_map(|list| list.placeholders);
    !spellings.any(|path| find(live, path).is_some()) && names.all(|path| matching(path, live).is_empty())
}

/// The same of a body that is parsed, and that bears the mark as the live object does.
pub fn equal_values(kind: &Kind, desired: &Value, live: &Value) -> bool {
    may_be(kind, live)
        && Glance { live, rule: rules(kind), bare: None, is_member: false, without: None }
            .deserialize(desired)
            .is_ok()
}

/// One declared value that is read and one that lives; an error means that they may differ.
struct Glance<'a> {
    live: &'a Value,
    rule: &'a Rule,
    bare: Option<Bare<'a>>,
    is_member: bool,
    /// Of a list: these texts are nobody's.
    without: Option<Is>,
}

impl Glance<'_> {
    fn leaf<E: Error>(&self, declared: &Value) -> Result<(), E> {
        let is_synonym = |value: &Value| self.rule.synonyms.iter().any(|synonym| same(synonym, value));
        equal_if(same(declared, self.live) || (is_synonym(declared) && is_synonym(self.live)))
    }
}

fn equal_if<E: Error>(equal: bool) -> Result<(), E> {
    if equal { Ok(()) } else { Err(E::custom("not at first sight")) }
}

impl<'de> DeserializeSeed<'de> for Glance<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Glance<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("what is live")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        // A declared null leaves the member out.
        equal_if(!self.is_member && self.live.is_null())
    }

    fn visit_bool<E: Error>(self, declared: bool) -> Result<(), E> {
        self.leaf(&declared.into())
    }

    fn visit_i64<E: Error>(self, declared: i64) -> Result<(), E> {
        self.leaf(&declared.into())
    }

    fn visit_u64<E: Error>(self, declared: u64) -> Result<(), E> {
        self.leaf(&declared.into())
    }

    fn visit_f64<E: Error>(self, declared: f64) -> Result<(), E> {
        self.leaf(&declared.into())
    }

    fn visit_str<E: Error>(self, declared: &str) -> Result<(), E> {
        match self.live {
            Value::String(live) if live == declared => Ok(()),
            Value::String(live) if self.rule.trimmed && live.trim() == declared.trim() => Ok(()),
            _ => self.leaf(&declared.into()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut declared: A) -> Result<(), A::Error> {
        let Value::Array(live) = self.live else { return equal_if(false) };
        if self.rule.set || self.without.is_some() {
            let is_own =
                |item: &&Value| !self.without.is_some_and(|is_mark| item.as_str().is_some_and(is_mark));
            let live: Vec<&Value> = live.iter().filter(is_own).collect();
            return if self.rule.set { equal_sets(declared, &live) } else { equal_lists(declared, &live) };
        }
        let rule = self.rule.item().unwrap_or(&NO_RULE);
        for live in live {
            let item = Glance { live, rule, bare: None, is_member: false, without: None };
            equal_if(declared.next_element_seed(item)?.is_some())?;
        }
        equal_if(declared.next_element::<serde::de::IgnoredAny>()?.is_none())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut declared: A) -> Result<(), A::Error> {
        let Value::Object(live) = self.live else { return equal_if(false) };
        let key_of = Key { live, rule: self.rule, bare: self.bare };
        let tells = |value: &Value, rule: Option<&Rule>| {
            !rule.is_some_and(|rule| rule.by_place || rule.is_silent(self.rule.open, value))
        };
        let (mut members, mut telling, mut is_holder_met) = (0, 0, false);
        while let Some(found) = declared.next_key_seed(key_of)? {
            let Some((value, rule, without)) = found else { return equal_if(false) };
            equal_if(!rule.is_some_and(|rule| rule.read_only || rule.by_place))?;
            let own = rule.unwrap_or(&NO_RULE);
            let member = Glance { live: value, rule: own, bare: None, is_member: true, without };
            declared.next_value_seed(member)?;
            members += 1;
            // What is counted on both sides makes no difference.
            is_holder_met |= without.is_some();
            telling += usize::from(without.is_some() || tells(value, rule));
        }
        // Each live member that tells something is declared where there are as many of them as declared ones.
        let all_telling = || {
            let is_telling = |(key, value): &(&String, &Value)| match key_of.without(key) {
                Some(_) if is_holder_met => true,
                Some(is_mark) => tells(&rest(value, is_mark), self.rule.child(key)),
                None => tells(key_of.value(key, value), self.rule.child(key)),
            };
            live.iter().filter(is_telling).count()
        };
        equal_if(members == live.len() || telling == all_telling())
    }
}

/// Reads a key: the live member of that name, and its rule.
#[derive(Clone, Copy)]
struct Key<'a> {
    live: &'a Map<String, Value>,
    rule: &'a Rule,
    bare: Option<Bare<'a>>,
}

impl<'a> Key<'a> {
    /// The value of a live member, as it is without the mark.
    fn value(&self, key: &str, value: &'a Value) -> &'a Value {
        match self.bare {
            Some(Bare::As(name, bare)) if name == key => bare,
            _ => value,
        }
    }

    /// What is the mark of a live member.
    fn without(&self, key: &str) -> Option<Is> {
        match self.bare {
            Some(Bare::Without(name, is_mark)) if name == key => Some(is_mark),
            _ => None,
        }
    }
}

/// A member's live value, its rule, and what in it is the mark.
type Found<'a> = (&'a Value, Option<&'a Rule>, Option<Is>);

/// A list without what is the mark.
fn rest(value: &Value, is_mark: Is) -> Value {
    match value {
        Value::Array(items) => {
            items.iter().filter(|item| !item.as_str().is_some_and(is_mark)).cloned().collect()
        }
        other => other.clone(),
    }
}

impl<'de, 'a> DeserializeSeed<'de> for Key<'a> {
    type Value = Option<Found<'a>>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Key<'a> {
    type Value = Option<Found<'a>>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let found = |value| (self.value(key, value), self.rule.child(key), self.without(key));
        Ok(member(self.live, key).map(found))
    }
}

/// Longer sets are brought into order to be compared.
const SHORT: usize = 64;

/// Whether two lists without an order hold the same.
fn equal_sets<'de, A: SeqAccess<'de>>(mut declared: A, live: &[&Value]) -> Result<(), A::Error> {
    if live.len() > SHORT {
        return equal_lists(declared, live);
    }
    let (mut met, mut count) = ([false; SHORT], 0);
    while declared.next_element_seed(Item { live, met: &mut met })?.is_some() {
        count += 1;
        equal_if(count <= SHORT)?;
    }
    equal_if(met[..live.len()].iter().all(|met| *met))
}

/// Whether two lists hold the same in the same order.
fn equal_lists<'de, A: SeqAccess<'de>>(mut declared: A, live: &[&Value]) -> Result<(), A::Error> {
    for live in live {
        equal_if(declared.next_element::<Value>()?.is_some_and(|declared| declared == **live))?;
    }
    equal_if(declared.next_element::<serde::de::IgnoredAny>()?.is_none())
}

/// Reads an item of a list without an order, and notes which of the live ones it is.
struct Item<'a> {
    live: &'a [&'a Value],
    met: &'a mut [bool; SHORT],
}

impl Item<'_> {
    fn meet<E: Error>(self, is_it: impl Fn(&Value) -> bool) -> Result<(), E> {
        let mut is_any = false;
        for (met, live) in self.met.iter_mut().zip(self.live) {
            let is_it = is_it(live);
            *met |= is_it;
            is_any |= is_it;
        }
        equal_if(is_any)
    }
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an item of what is live")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.meet(Value::is_null)
    }

    fn visit_bool<E: Error>(self, item: bool) -> Result<(), E> {
        let item = Value::from(item);
        self.meet(|live| *live == item)
    }

    fn visit_i64<E: Error>(self, item: i64) -> Result<(), E> {
        let item = Value::from(item);
        self.meet(|live| *live == item)
    }

    fn visit_u64<E: Error>(self, item: u64) -> Result<(), E> {
        let item = Value::from(item);
        self.meet(|live| *live == item)
    }

    fn visit_f64<E: Error>(self, item: f64) -> Result<(), E> {
        let item = Value::from(item);
        self.meet(|live| *live == item)
    }

    fn visit_str<E: Error>(self, item: &str) -> Result<(), E> {
        self.meet(|live| live.as_str() == Some(item))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        let item = Value::deserialize(SeqAccessDeserializer::new(items))?;
        self.meet(|live| *live == item)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        let item = Value::deserialize(MapAccessDeserializer::new(members))?;
        self.meet(|live| *live == item)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::{Index, select};
    use serde_json::json;

    use super::*;
    use crate::kind::{self, Field, KINDS};
    use crate::{canon, diff, mark};

    #[test]
    fn what_tells_nothing_is_passed_over() {
        let kind = kind::of_section("monitors").expect("a kind");
        let check = |declared: Value, live: Value, expected: bool| {
            let bare = json!(["a", "b"]);
            for bare in [Bare::As("tags", &bare), Bare::Without("tags", mark::is_mark_tag)] {
                let seen = equal(kind, &declared.to_string(), &live, Some(bare));
                assert_eq!(seen, expected, "{declared} and {live}");
            }
        };
        let live = json!({"id": 1, "type": "query alert", "query": "q", "message": "", "priority": null,
            "tags": ["a", "musher:x", "b"],
            "options": {"notify_audit": false, "include_tags": true, "new_host_delay": 300, "silenced": {},
                "thresholds": {"critical": 5.0}}});
        let declared = json!({"type": "metric alert", "query": "q \n", "tags": ["b", "a"],
            "options": {"thresholds": {"critical": 5}, "notify_audit": false}});
        check(declared.clone(), live.clone(), true);
        let with = |pointer: &str, key: &str, value: Value| {
            let mut other = declared.clone();
            other.pointer_mut(pointer).expect("an object")[key] = value;
            other
        };
        check(with("", "query", json!("r")), live.clone(), false);
        check(with("", "type", json!("event alert")), live.clone(), false);
        check(with("", "tags", json!(["a"])), live.clone(), false);
        check(with("", "tags", json!(["a", "b", "b"])), live.clone(), true);
        check(with("", "priority", json!(3)), live.clone(), false);
        check(with("", "priority", json!(null)), live.clone(), false);
        check(with("", "name", json!("n")), live.clone(), false);
        check(with("/options", "include_tags", json!(false)), live.clone(), false);
        check(with("/options/thresholds", "critical", json!("5")), live.clone(), false);
        check(with("/options/thresholds", "warning", json!(4)), live.clone(), false);
        check(json!({"query": "q"}), live, false);
    }

    /// Every path of which a row says something, and some of which none does.
    fn paths(kind: &'static Kind) -> Vec<&'static str> {
        let mut paths: Vec<&str> = [
            ["/new", "/options/new", "/options/thresholds/critical", "/options/thresholds/new"],
            ["/options/silenced/*", "/options/silenced/new", "/widgets/*/definition", "/query/numerator"],
        ]
        .concat();
        paths.extend(kind.quirks.alternatives.iter().flat_map(|pair| [pair.one, pair.other]));
        for derived in kind.quirks.derived {
            paths.extend([derived.path, derived.list]);
        }
        paths.extend(kind.fields.iter().map(|field| field.at));
        paths.retain(|path| !path.is_empty());
        paths
    }

    /// Values that a row names, and others of each type.
    fn values(kind: &'static Kind) -> Vec<Value> {
        let texts = kind.fields.iter().flat_map(|field| field.defaults.iter().chain(field.synonyms));
        let mut values: Vec<Value> =
            texts.map(|text| serde_json::from_str(text).expect("a row's value")).collect();
        values.extend([json!(null), json!(true), json!(0), json!(5), json!(5.0), json!(300.0), json!(-0.0)]);
        values.extend([json!("a"), json!("a \n"), json!("5"), json!([]), json!({}), json!({"a": null})]);
        values.extend([json!(["a", "b"]), json!(["b", "a", "b"]), json!([null]), json!([[], {"id": 1}])]);
        values.extend([json!([0.5, -1]), json!([5, 5.0]), json!({"x": {"y": [1]}})]);
        values
    }

    /// Writes a value at a path, or takes what is there away; `*` is the first item, or the second one.
    fn put(body: &mut Value, path: &str, second: bool, value: Option<&Value>) {
        let Some((path, last)) = path.rsplit_once('/') else { return };
        let mut here = body;
        let number = usize::from(second);
        for step in path.split('/').skip(1).chain([last]).collect::<Vec<_>>().split_last().expect("a step").1
        {
            here = enter(here, step, number);
        }
        match (here, last, value) {
            (Value::Array(items), _, None) => drop(items.pop()),
            (Value::Object(map), key, None) => drop(map.shift_remove(key)),
            (_, _, None) => {}
            (here, last, Some(value)) => *enter(here, last, number) = value.clone(),
        }
    }

    /// The member or the item, made where it is absent.
    fn enter<'v>(value: &'v mut Value, step: &str, number: usize) -> &'v mut Value {
        if step == "*" {
            if !value.is_array() {
                *value = json!([]);
            }
            let Value::Array(items) = value else { unreachable!("a list") };
            while items.len() <= number {
                items.push(json!({}));
            }
            return &mut items[number];
        }
        if !value.is_object() {
            *value = json!({});
        }
        &mut value[step]
    }

    /// Another spelling of the same, and of what is nearly the same.
    fn respell(value: &mut Value, how: Index) {
        match value {
            Value::Object(map) => {
                *map = std::mem::take(map).into_iter().rev().collect();
                if let Some(at) = (!map.is_empty()).then(|| how.index(map.len())) {
                    respell(map.values_mut().nth(at).expect("a member"), how);
                }
            }
            Value::Array(items) => {
                items.reverse();
                match how.index(4) {
                    0 => items.extend(items.first().cloned()),
                    1 => items.push(json!("c")),
                    2 => drop(items.pop()),
                    _ => {}
                }
            }
            Value::String(text) => text.push_str([" ", "\n", "\u{a0}", "\u{200b}"][how.index(4)]),
            Value::Number(number) => *value = number.as_f64().into(),
            Value::Bool(_) | Value::Null => {}
        }
    }

    type Edit = (&'static str, bool, Option<Value>);

    fn edits(kind: &'static Kind, most: usize) -> impl Strategy<Value = Vec<Edit>> {
        let value = prop::option::weighted(0.8, select(values(kind)));
        // Half of the edits are of what has a default.
        let has_default = |field: &Field| !field.defaults.is_empty() || !field.synonyms.is_empty();
        let defaults: Vec<&str> = kind.paths(has_default).collect();
        let defaults = if defaults.is_empty() { paths(kind) } else { defaults };
        let path = prop_oneof![select(paths(kind)), select(defaults)];
        prop::collection::vec((path, any::<bool>(), value), 0..most)
    }

    /// A kind, what is declared, and what lives, mark and all.
    fn pair() -> impl Strategy<Value = (&'static Kind, Value, Value)> {
        select(KINDS.to_vec()).prop_flat_map(|kind| {
            let respelled = prop::option::of(any::<Index>());
            (edits(kind, 8), edits(kind, 4), respelled, any::<bool>()).prop_map(
                move |(declared, changed, respelled, marked)| {
                    let mut body = json!({});
                    for (path, second, value) in &declared {
                        put(&mut body, path, *second, value.as_ref());
                    }
                    let mut live = body.clone();
                    for (path, second, value) in &changed {
                        put(&mut live, path, *second, value.as_ref());
                    }
                    if let Some(how) = respelled {
                        respell(&mut live, how);
                    }
                    if marked {
                        let id = "a".to_owned();
                        let owner = crate::model::Owner("shop".to_owned());
                        mark::write(kind, &mut live, &crate::model::Mark { owner, id, protect: false });
                    }
                    (kind, body, live)
                },
            )
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_is_equal_at_first_sight_is_no_change((kind, declared, live) in pair()) {
            let bare = mark::bare(kind, &live);
            let bare = bare.as_ref().map(|(name, value)| Bare::As(name, value));
            let seen = equal(kind, &declared.to_string(), &live, bare);
            if let Some(tags) = mark::list_of_tags(kind) {
                let without = Some(Bare::Without(tags, mark::is_mark_tag));
                prop_assert_eq!(equal(kind, &declared.to_string(), &live, without), seen);
            }
            if seen {
                let mut stripped = live.clone();
                mark::strip(kind, &mut stripped);
                let aligned = canon::align(kind, &declared, &stripped);
                let fields: Vec<String> =
                    diff::diff(&aligned.live, &aligned.desired).into_iter().map(|field| field.path).collect();
                prop_assert!(fields.is_empty(), "{:?} differ", fields);
                prop_assert!(aligned.unknown.is_empty(), "{:?} are unknown", aligned.unknown);
            }
        }
    }
}
