//! Whether a list is one page of several, by what stands beside it.

use serde_json::{Map, Value};

/// Names of what a next page is asked for with, in small letters and without signs between the words.
const TOKENS: [&str; 19] = [
    "nextmarker",
    "nexttoken",
    "nextpagetoken",
    "nextpage",
    "nextpageuri",
    "nextpageurl",
    "nextlink",
    "nextcursor",
    "nextforwardtoken",
    "nextcontinuationtoken",
    "continuationtoken",
    "odatanextlink",
    "lastevaluatedkey",
    "lastevaluatedtablename",
    "paginationtoken",
    "istruncated",
    "hasmore",
    "hasmoreresults",
    "hasnextpage",
];

/// Members beside a list that tell of it, and may hold the token: spelled as [`TOKENS`] are.
const ENVELOPES: [&str; 8] =
    ["meta", "metadata", "links", "paging", "pagination", "page", "pageinfo", "responsemetadata"];
/// What a token is called there besides.
const INNER: [&str; 2] = ["next", "continue"];

/// How all pages are had.
pub const REMEDY: &str = "write the whole list: `aws` gives all pages without --max-items, --starting-token and \
    --no-paginate; `az` and `gcloud` without a limit (--max-items, --top, --limit, --page-token); other tools mostly \
    have --all, or are asked again with the token until none comes";

/// The name of a token, where a list stands beside it.
pub fn token(map: &Map<String, Value>) -> Option<&str> {
    if !map.values().any(Value::is_array) {
        return None;
    }
    map.iter().find_map(|(key, value)| {
        if is_one_of(key, &TOKENS) {
            return is_there(value).then_some(key.as_str());
        }
        match value {
            Value::Object(inner) if is_one_of(key, &ENVELOPES) => inner.iter().find_map(|(key, value)| {
                let is_token = is_one_of(key, &TOKENS) || is_one_of(key, &INNER);
                (is_token && is_there(value)).then_some(key.as_str())
            }),
            // A date may be called so; a link says what it is.
            Value::String(link) if key == "next" && link.contains("://") => Some(key.as_str()),
            _ => None,
        }
    })
}

/// Whether a member has one of these names.
fn is_one_of(key: &str, names: &[&str]) -> bool {
    // No name is so long, and a mapping may have very many keys.
    key.len() <= 40 && {
        let bare: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
        names.contains(&bare.to_ascii_lowercase().as_str())
    }
}

/// Whether a token says that more is to come.
fn is_there(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !matches!(text.trim(), "" | "null" | "None" | "false"),
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Bool(true) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_found_beside_the_list_and_in_what_tells_of_it() {
        for (list, expected) in [
            (json!({"a": [1], "NextMarker": "x"}), Some("NextMarker")),
            (json!({"a": [1], "next": "https://x.example/list?page=2"}), Some("next")),
            (json!({"a": [1], "meta": {"next_cursor": "x"}}), Some("next_cursor")),
            (json!({"items": [1], "metadata": {"continue": "x"}}), Some("continue")),
            (json!({"data": [1], "_links": {"next": {"href": "/x"}}}), Some("next")),
            (json!({"data": [1], "pageInfo": {"hasNextPage": true}}), Some("hasNextPage")),
            // The last page, and what only looks like a token.
            (json!({"a": [1], "next": null, "links": {"next": null}, "meta": {"next_cursor": ""}}), None),
            (json!({"items": [1], "metadata": {"continue": "", "resourceVersion": "7"}}), None),
            (json!({"a": [1], "next": "2026-12-01", "meta": {"total": 5}}), None),
            (json!({"a": [1], "tags": {"next": "release"}}), None),
            (json!({"one": {"next": "https://x.example"}, "next": "https://x.example"}), None),
        ] {
            assert_eq!(token(list.as_object().expect("a mapping")), expected, "{list}");
        }
    }
}
