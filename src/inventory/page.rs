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

/// How all pages are had.
pub const REMEDY: &str = "write the whole list: `aws` gives all pages without --max-items, --starting-token and \
    --no-paginate; `az` and `gcloud` without a limit (--max-items, --top, --limit, --page-token); other tools mostly \
    have --all, or are asked again with the token until none comes";

/// The name of a token, where a list stands beside it.
pub fn token(map: &Map<String, Value>) -> Option<&str> {
    let has_list = map.values().any(Value::is_array);
    let goes_on = |(key, value): &(&String, &Value)| is_name(key) && is_there(value);
    map.iter().find(goes_on).filter(|_| has_list).map(|(key, _)| key.as_str())
}

/// Whether a member of this name may be a token.
fn is_name(key: &str) -> bool {
    // No name is so long, and a mapping may have very many keys.
    key.len() <= 40 && {
        let bare: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
        TOKENS.contains(&bare.to_ascii_lowercase().as_str())
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
