//! JSON lists read with only those members that a use asks for: an inventory is mostly other things.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{Item, MOST_ITEMS, MOST_VALUES, NoList, TOO_LONG, keyed, page};

/// Which members of an item are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    All,
    Members(BTreeMap<String, Keep>),
}

impl Keep {
    /// What these paths lead through.
    pub fn paths<'p>(paths: impl IntoIterator<Item = &'p [String]>) -> Self {
        let mut keep = Self::Members(BTreeMap::new());
        for path in paths {
            keep.add(path);
        }
        keep
    }

    fn add(&mut self, path: &[String]) {
        match (&mut *self, path.split_first()) {
            (Self::All, _) => {}
            (own, None) => *own = Self::All,
            (Self::Members(members), Some((first, rest))) => {
                members.entry(first.clone()).or_insert_with(|| Self::Members(BTreeMap::new())).add(rest);
            }
        }
    }

    fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::All => Some(self),
            Self::Members(members) => members.get(name),
        }
    }
}

/// The items of a JSON text; the inner error is what it is instead of a list or mapping.
pub fn items(text: &str, keep: &Keep) -> Result<Result<Vec<Item>, NoList>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let count = Cell::new(0);
    let items = Whole(Pruned(keep, &count)).deserialize(&mut reader)?;
    reader.end()?;
    Ok(items)
}

/// A value without the members that nobody asks for.
#[derive(Clone, Copy)]
struct Pruned<'k>(&'k Keep, &'k Cell<usize>);

impl<'k> Pruned<'k> {
    fn with(self, keep: &'k Keep) -> Self {
        Self(keep, self.1)
    }

    /// Counts one more value that is kept: an end comes while there is memory left.
    fn count<E: Error>(self) -> Result<(), E> {
        self.1.set(self.1.get() + 1);
        if self.1.get() > MOST_VALUES { Err(E::custom(TOO_LONG)) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Pruned<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pruned<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            match self.0.member(&key) {
                Some(keep) => {
                    self.count()?;
                    let value = access.next_value_seed(self.with(keep))?;
                    if map.contains_key(&key) {
                        return Err(A::Error::custom(format_args!("the key `{key}` stands twice")));
                    }
                    map.insert(key, value);
                }
                None => {
                    access.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Object(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = access.next_element_seed(self.with(&Keep::All))? {
            self.count()?;
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// The whole text: a list, a mapping, or what `aws lambda list-functions` prints.
struct Whole<'k>(Pruned<'k>);

impl<'de> DeserializeSeed<'de> for Whole<'_> {
    type Value = Result<Vec<Item>, NoList>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = Result<Vec<Item>, NoList>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(value) = access.next_element_seed(self.0)? {
            limited(&items)?;
            items.push(Item { value, keyed: false });
        }
        Ok(Ok(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let none = Keep::Members(BTreeMap::new());
        let value_keep = self.0.0.member("value").unwrap_or(&none);
        let (mut items, mut functions) = (Vec::new(), None);
        let (mut token, mut has_list) = (None, false);
        while let Some(key) = access.next_key::<String>()? {
            limited(&items)?;
            if key == "Functions" {
                match access.next_value_seed(Functions(self.0, value_keep))? {
                    Ok(list) => functions = Some(list),
                    Err(value) => items.push(keyed(key, value)),
                }
                continue;
            }
            let is_token = page::is_name(&key);
            let keep = if is_token { &Keep::All } else { value_keep };
            let value = access.next_value_seed(self.0.with(keep))?;
            has_list |= value.is_array();
            if is_token && page::is_there(&value) {
                token = Some(key.clone());
            }
            items.push(keyed(key, value));
        }
        match (token, functions) {
            (Some(token), Some(Ok(_))) => Ok(Err(NoList::Page(token))),
            (Some(token), None) if has_list => Ok(Err(NoList::Page(token))),
            (_, Some(list)) => Ok(list),
            (_, None) => Ok(Ok(items)),
        }
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Err(NoList::Is("a boolean")))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Err(NoList::Is("a number")))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Err(NoList::Is("a number")))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Err(NoList::Is("a number")))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Err(NoList::Is("a text")))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Err(NoList::Is("null")))
    }
}

fn limited<E: Error>(items: &[Item]) -> Result<(), E> {
    if items.len() < MOST_ITEMS { Ok(()) } else { Err(E::custom(TOO_LONG)) }
}

/// What stands under `Functions`: items where it is a list, else a value like any other.
struct Functions<'k>(Pruned<'k>, &'k Keep);

impl<'de> DeserializeSeed<'de> for Functions<'_> {
    type Value = Result<Result<Vec<Item>, NoList>, Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Functions<'_> {
    type Value = Result<Result<Vec<Item>, NoList>, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
        Whole(self.0).visit_seq(access).map(Ok)
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
        self.0.with(self.1).visit_map(access).map(Err)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Err(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Err(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Err(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Err(value.into()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Err(value.into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Err(Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(text: Value, paths: &[&str], expected: Value) {
        let paths: Vec<Vec<String>> = paths
            .iter()
            .map(|path| path.split('.').filter(|s| !s.is_empty()).map(str::to_owned).collect())
            .collect();
        let keep = Keep::paths(paths.iter().map(Vec::as_slice));
        let items = items(&text.to_string(), &keep).expect("JSON").expect("a list");
        let values: Vec<Value> = items.into_iter().map(|item| item.value).collect();
        assert_eq!(Value::Array(values), expected, "{text}");
    }

    #[test]
    fn only_what_is_asked_for_is_kept() {
        let item = json!({"a": {"b": 1, "c": 2}, "d": [{"e": 1, "f": 2}], "g": "x"});
        check(json!([item]), &["a.b", "d.0.e"], json!([{"a": {"b": 1}, "d": [{"e": 1, "f": 2}]}]));
        check(json!([item]), &["a.b", "a"], json!([{"a": {"b": 1, "c": 2}}]));
        check(json!([item]), &[""], json!([item]));
        check(json!(["x", 1, null, true, 0.5]), &["a"], json!(["x", 1, null, true, 0.5]));
        check(json!({"Functions": [item], "other": 1}), &["g"], json!([{"g": "x"}]));
        check(json!({"k": item}), &["value.g"], json!([{"key": "k", "value": {"g": "x"}}]));
        check(json!({"Functions": item}), &["value.g"], json!([{"key": "Functions", "value": {"g": "x"}}]));
        check(json!({"Functions": 1}), &["value"], json!([{"key": "Functions", "value": 1}]));
    }

    #[test]
    fn a_page_is_no_list() {
        let keep = Keep::paths([]);
        for (text, token) in [
            (r#"{"NextMarker": "x", "Functions": [{}]}"#, Some("NextMarker")),
            (r#"{"Functions": [], "nextToken": "x"}"#, Some("nextToken")),
            (r#"{"serviceArns": ["a"], "next_page_token": "x"}"#, Some("next_page_token")),
            (r#"{"TableNames": ["a"], "LastEvaluatedKey": {"id": {"S": "x"}}}"#, Some("LastEvaluatedKey")),
            (r#"{"IsTruncated": true, "Contents": []}"#, Some("IsTruncated")),
            (r#"{"Functions": [{}], "NextMarker": null}"#, None),
            (r#"{"Functions": [{}], "NextToken": ""}"#, None),
            (r#"{"Contents": [], "IsTruncated": false}"#, None),
            (r#"{"nextToken": {"tier": "a"}, "other": {"tier": "b"}}"#, None),
            (r#"[{"NextToken": "x", "tags": []}]"#, None),
        ] {
            let wrong = items(text, &keep).expect("JSON").err();
            assert_eq!(wrong, token.map(|token| NoList::Page(token.to_owned())), "{text}");
            let value = serde_json::from_str(text).expect("JSON");
            let wrong = super::super::of_value(value).err();
            assert_eq!(wrong, token.map(|token| NoList::Page(token.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_list_without_end_is_an_error() {
        let zeros = |count: usize| format!("[{}0]", "0,".repeat(count));
        let keep = Keep::paths([]);
        assert!(items(&zeros(MOST_ITEMS - 1), &keep).is_ok());
        let error = items(&zeros(MOST_ITEMS), &keep).expect_err("too many");
        assert!(error.to_string().starts_with(TOO_LONG), "{error}");
        let error = items(&format!("[{}]", zeros(MOST_VALUES)), &Keep::All).expect_err("too many");
        assert!(error.to_string().starts_with(TOO_LONG), "{error}");
    }
}
