//! The field of a body that the words of a refusal name.

use serde_json::Value;

use crate::pointer::step;

/// How deep a name is looked for, and how many names.
const DEPTH: usize = 16;
const NAMES: usize = 64;

/// A pointer to the field, or to what is nearest around it. Forms that are known:
/// `The value provided for parameter 'query' is invalid` (recorded), `Invalid payload: must specify monitor_ids`
/// (recorded), `Invalid on_missing_data value: resolve`, and `Invalid widget definition at position 2 of type
/// group. Error: Invalid inner widget definition at position 15` (issues 2815 and 2243 of terraform's provider).
pub fn field(words: &str, body: &Value) -> Option<String> {
    let (base, rest) = at_position(words, body);
    let around = body.pointer(&base)?;
    let quoted = rest.split(['\'', '"', '`']).skip(1);
    // A word with an underscore is not a word of a sentence.
    let bare = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.contains('_'));
    let named = quoted.chain(bare).filter(|name| !name.is_empty()).take(NAMES);
    let found = named.into_iter().find_map(|name| nearest(around, &|key, _| key == name));
    match found {
        Some(pointer) => Some(base + &pointer),
        None => (!base.is_empty()).then_some(base),
    }
}

/// `… widget … at position 2`: the item of the list `widgets`, and the words behind.
fn at_position<'w>(words: &'w str, body: &Value) -> (String, &'w str) {
    const POSITION: &str = " at position ";
    let (mut base, mut rest) = (String::new(), words);
    for _ in 0..DEPTH {
        let Some((before, behind)) = rest.split_once(POSITION) else { break };
        let digits = behind.len() - behind.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let Ok(index) = behind[..digits].parse::<usize>() else { break };
        let of_word = |key: &str, value: &Value| {
            let singular = key.strip_suffix('s').filter(|singular| !singular.is_empty());
            let named = singular.is_some_and(|singular| before.split(' ').any(|word| word == singular));
            named && value.as_array().is_some_and(|items| index < items.len())
        };
        let Some(list) = body.pointer(&base).and_then(|around| nearest(around, &of_word)) else { break };
        base = format!("{base}{list}/{index}");
        rest = &behind[digits..];
    }
    (base, rest)
}

/// The member that fits, nearest to the top: `query` of a monitor, not of a variable.
fn nearest(body: &Value, fits: &dyn Fn(&str, &Value) -> bool) -> Option<String> {
    let mut level = vec![(String::new(), body)];
    for _ in 0..DEPTH {
        let mut next = Vec::new();
        for (pointer, value) in level {
            match value {
                Value::Object(members) => {
                    for (key, value) in members {
                        let place = format!("{pointer}{}", step(key));
                        if fits(key, value) {
                            return Some(place);
                        }
                        next.push((place, value));
                    }
                }
                Value::Array(items) => {
                    next.extend(items.iter().enumerate().map(|(at, item)| (format!("{pointer}/{at}"), item)));
                }
                _ => {}
            }
        }
        level = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_points_at_a_field() {
        let body = json!({
            "query": "x", "options": {"variables": [{"query": 1, "data source": 2}], "on_missing_data": "resolve"},
            "a": {"defaults": []},
            "widgets": [{}, {"definition": {"widgets": [{"definition": {"requests": []}}]}}],
        });
        for (words, expected) in [
            ("The value provided for parameter 'query' is invalid: invalid operator", Some("/query")),
            ("Minimum length of parameter 'defaults' should be 1", Some("/a/defaults")),
            ("'template_variables' is invalid", None),
            ("'x' or 'data source' is wrong", Some("/options/variables/0/data source")),
            ("it's broken, this `query`", Some("/query")),
            ("it's broken", None),
            ("Invalid payload: must specify monitor_ids", None),
            (
                "Invalid on_missing_data value: resolve; valid value is: default",
                Some("/options/on_missing_data"),
            ),
            ("Invalid widget at position 0. Error: 'layout' is a required property", Some("/widgets/0")),
            (
                "Invalid widget definition at position 1 of type group. Error: Invalid inner widget definition at \
                 position 0 of type distribution. Error: [{'style': 1}] is not valid under any of the given schemas",
                Some("/widgets/1/definition/widgets/0"),
            ),
            (
                "Invalid widget at position 1: 'requests' is empty",
                Some("/widgets/1/definition/widgets/0/definition/requests"),
            ),
            ("Invalid widget at position 2", None),
            ("Invalid thing at position 99999999999999999999", None),
            (" at position ", None),
            ("", None),
        ] {
            assert_eq!(field(words, &body).as_deref(), expected, "{words}");
        }
        assert_eq!(field("'query'", &json!("query")), None);
    }

    proptest::proptest! {
        #[test]
        fn any_words_point_at_something_or_nothing(words in "[a-z' `\"]{0,20}( at position [0-9]{1,3})?.{0,20}") {
            let body = json!({"widgets": [{"a": [1]}], "a": {"b_c": 1}});
            if let Some(pointer) = field(&words, &body) {
                proptest::prop_assert!(body.pointer(&pointer).is_some());
            }
        }
    }
}
