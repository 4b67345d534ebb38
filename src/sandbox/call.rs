//! One request as the emulator reads it, and its answer, without a wire around them.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value, json};

/// A request, whatever way it came.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Upper case. Text, since the service knows PATCH and our clients don't.
    pub method: String,
    /// Percent-encoded, without the query.
    pub path: String,
    /// Decoded names and values.
    pub query: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
}

impl Call {
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// A switch of the query: true for `true` and `1`, however written.
    pub fn switch(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// A number of the query; a refusal for anything else than digits.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Answer> {
        match self.parameter(name) {
            None | Some("") => Ok(None),
            Some(text) => match text.parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(Answer::invalid_parameter(name)),
            },
        }
    }

    /// A comma separated list of the query, empty if it isn't there. A name may also be repeated.
    pub fn list(&self, name: &str) -> Vec<String> {
        let values = self.query.iter().filter(|(own, _)| own == name);
        let parts = values.flat_map(|(_, value)| value.split(','));
        parts.map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
    }

    /// The body as a JSON object.
    pub fn object(&self) -> Result<Map<String, Value>, Answer> {
        match serde_json::from_slice(self.body.as_deref().unwrap_or_default()) {
            Ok(Value::Object(map)) => Ok(map),
            Ok(_) => Err(Answer::refusal(400, "The request body must be a JSON object")),
            Err(_) => Err(Answer::refusal(400, "The request body is not valid JSON")),
        }
    }

    /// Whether the call would change something: the side of the rate limits it counts for.
    pub fn writes(&self) -> bool {
        self.method != "GET" && !self.path.ends_with("/validate") && !self.path.ends_with("/validation")
    }
}

/// An answer without headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// JSON text; empty for 204.
    pub body: String,
}

impl Answer {
    pub fn json(value: &Value) -> Self {
        Self::text(value.to_string())
    }

    /// 200 with a body that is JSON already.
    pub fn text(body: String) -> Self {
        Self { status: 200, body }
    }

    pub fn empty() -> Self {
        Self { status: 204, body: String::new() }
    }

    /// The form of error that monitors, SLOs and dashboards share (`recorded/SEMANTICS.md` §6).
    pub fn refusal(status: u16, words: &str) -> Self {
        Self { status, body: json!({ "errors": [words] }).to_string() }
    }

    /// A parameter with a value of the wrong type, in the words recorded for a monitor's query.
    pub fn invalid_parameter(name: &str) -> Self {
        Self::refusal(400, &format!("The value provided for parameter '{name}' is invalid"))
    }

    pub fn unknown_route() -> Self {
        Self::refusal(404, "Not found")
    }
}

/// Percent-decoding; `plus` also turns `+` into a space, as in a query. What isn't UTF-8 is replaced.
pub fn decoded(text: &str, plus: bool) -> String {
    let spaced = if plus { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// All but letters, digits and `-_.~`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The decoded pairs of a query string, without its `?`.
pub fn query_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name, true), decoded(value, true)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let pairs = query_pairs("a%5Bb%5D=x%20y+z&c=%zz%+1&d&=e&f=%C3%A4");
        let expect = [("a[b]", "x y z"), ("c", "%zz% 1"), ("d", ""), ("", "e"), ("f", "ä")];
        assert_eq!(pairs, expect.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(
            query_pairs(&format!("a={}", encoded("x y+[ä]&="))),
            [("a".to_owned(), "x y+[ä]&=".to_owned())]
        );
    }
}
