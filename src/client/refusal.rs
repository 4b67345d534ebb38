//! Why a request came to nothing: which one, what the service said, and what type of failure it is.

use serde_json::Value;

use super::pointed;
use crate::hidden;
use crate::wire::{Method, Request, Response, WireError};

/// Words of the service beyond this many characters are cut.
const LONGEST: usize = 2_000;
const MOST_PARTS: usize = 20;
/// How many bytes of a body that isn't understood are searched for keys: more than any form of one has.
const MOST_READ: usize = 16 * LONGEST;

/// The status of a write that met another one: of a version that is no longer the last, of a name that is taken.
pub const CONFLICT: u16 = 409;

/// A request that came to nothing. Its words are raw: whoever shows them cleans them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct Refusal {
    pub method: Method,
    pub path: String,
    /// Absent: there was no answer.
    pub status: Option<u16>,
    pub fault: Fault,
    /// The service's own, or those of the connection.
    pub words: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 401: the keys don't serve.
    Unauthorized,
    /// 403: the keys don't serve, or not for this.
    Forbidden,
    /// 404: no such object.
    NotFound,
    /// Another 4xx: the service refuses the body or the time.
    Refused,
    /// The same: an object stands in the way, which is as the one that was to be made.
    Duplicate {
        /// Its id.
        of: String,
    },
    /// 5xx or 408: the service couldn't. It may have done it.
    Unwell,
    /// A rate limit: a 429 that did not end, or a wait that is too long. Nothing was done.
    Limited,
    /// Nothing reached the service.
    Unreachable,
    /// The answer was lost on its way: it may have been done.
    Lost,
    /// An answer of a form never seen. It may have been done.
    Odd,
}

impl Fault {
    /// Whether the keys may be to blame.
    pub fn is_of_keys(&self) -> bool {
        matches!(self, Self::Unauthorized | Self::Forbidden)
    }
}

impl Refusal {
    /// Whether a write with this end may have been done all the same.
    pub fn may_be_done(&self) -> bool {
        matches!(self.fault, Fault::Unwell | Fault::Lost | Fault::Odd)
    }

    /// Whether such a write may be sent again, once nothing is found of it: a success of whatever form was done.
    pub fn may_be_sent_again(&self) -> bool {
        self.may_be_done() && self.fault != Fault::Odd
    }

    /// From an answer that isn't a success.
    pub(super) fn of_answer(request: &Request, response: &Response) -> Self {
        let mut words = words(&response.body);
        let fault = match response.status {
            401 => Fault::Unauthorized,
            403 => Fault::Forbidden,
            404 => Fault::NotFound,
            408 | 500.. => Fault::Unwell,
            429 => Fault::Limited,
            // What is answered by a redirect was not done: the same request gets the same answer.
            300..500 => duplicate_of(&words).map_or(Fault::Refused, |of| Fault::Duplicate { of }),
            _ => Fault::Odd,
        };
        if let Some(target) = response.header("location").filter(|_| response.status / 100 == 3) {
            words = format!("a redirect to {target}, which is not followed: check the site or URL");
        }
        Self { status: Some(response.status), ..Self::new(request, fault, cut(words)) }
    }

    pub(super) fn of_fault(request: &Request, error: &WireError) -> Self {
        match error {
            WireError::NotSent(text) => Self::new(request, Fault::Unreachable, cut(text.clone())),
            WireError::Cut(200..300, text) => Self::odd(request, text.clone()),
            WireError::Lost(text) | WireError::Cut(_, text) => {
                Self::new(request, Fault::Lost, cut(text.clone()))
            }
            WireError::Held(text) => Self::new(request, Fault::Limited, cut(text.clone())),
            WireError::TooLarge(text) => Self::odd(request, text.clone()),
        }
    }

    /// A success that makes no sense.
    pub(super) fn odd(request: &Request, words: impl Into<String>) -> Self {
        Self::new(request, Fault::Odd, cut(words.into()))
    }

    pub(super) fn new(request: &Request, fault: Fault, words: String) -> Self {
        Self { method: request.method, path: request.path.clone(), status: None, fault, words }
    }

    /// The field of the body that the words name, as a JSON pointer into it.
    pub fn field(&self, body: &Value) -> Option<String> {
        pointed::field(&self.words, body)
    }

    fn text(&self) -> String {
        let (method, path, words) = (self.method.name(), &self.path, &self.words);
        let colon = if words.is_empty() { "" } else { ": " };
        match (&self.fault, self.status) {
            (Fault::Unreachable, _) => format!("{method} {path} could not be sent{colon}{words}"),
            (Fault::Limited, None) => format!("{method} {path} was not sent{colon}{words}"),
            (Fault::Lost, _) => format!("{method} {path} got no whole answer{colon}{words}"),
            (Fault::Odd, None) => {
                format!("{method} {path} got an answer that musher doesn't understand{colon}{words}")
            }
            (_, Some(status)) => format!("{method} {path} was answered with {status}{colon}{words}"),
            (_, None) => format!("{method} {path} failed{colon}{words}"),
        }
    }
}

/// The service's own words, from each form of error body that the recordings show (`recorded/SEMANTICS.md`
/// §6); anything else as it stands.
fn words(body: &[u8]) -> String {
    let raw = || {
        let begin = hidden::shown_bytes(&body[..body.len().min(MOST_READ)]);
        String::from_utf8_lossy(&begin[..begin.len().min(4 * LONGEST)]).trim().to_owned()
    };
    let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(body) else { return raw() };
    let parts: Vec<String> = match (members.get("errors"), members.get("error"), members.get("message")) {
        (Some(Value::Array(errors)), _, _) => errors.iter().take(MOST_PARTS).filter_map(part).collect(),
        (Some(Value::Object(errors)), _, _) => errors
            .iter()
            .take(MOST_PARTS)
            .map(|(name, error)| format!("{name}: {}", part(error).unwrap_or_default()))
            .collect(),
        (Some(error @ Value::String(_)), _, _) | (_, Some(error), _) | (_, _, Some(error)) => {
            part(error).into_iter().collect()
        }
        _ => Vec::new(),
    };
    let said = parts.join("; ");
    if said.is_empty() { raw() } else { said }
}

/// One error: a text, `{status, title, detail, code}` or `{code, message, details: [{message, target}]}`.
fn part(error: &Value) -> Option<String> {
    let text = |key: &str| error.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    match error {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Object(_) => {
            let head = text("title").or(text("message"));
            let details =
                error.get("details").and_then(Value::as_array).into_iter().flatten().filter_map(|detail| {
                    let said = |key: &str| detail.get(key).and_then(Value::as_str);
                    match (said("target"), said("message")) {
                        (Some(target), Some(message)) => Some(format!("{target}: {message}")),
                        (_, message) => message.map(str::to_owned),
                    }
                });
            let parts: Vec<String> = head
                .into_iter()
                .chain(text("detail"))
                .map(str::to_owned)
                .chain(details.take(MOST_PARTS))
                .collect();
            Some(if parts.is_empty() { error.to_string() } else { parts.join(": ") })
        }
        Value::Array(items) => {
            Some(items.iter().filter_map(Value::as_str).take(MOST_PARTS).collect::<Vec<_>>().join(", "))
        }
        other => Some(other.to_string()),
    }
}

/// The id in `Duplicate of an existing monitor_id:123`.
fn duplicate_of(words: &str) -> Option<String> {
    let forms = ["Duplicate of an existing", "duplicate of one or more existing"];
    let (_, rest) = forms.iter().find_map(|form| words.split_once(form))?;
    let rest = rest.split_once(':')?.1.trim_start_matches([' ', '[', '\'', '"']);
    let id: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    (!id.is_empty()).then_some(id)
}

/// Without keys first: half of one would not be found any more.
fn cut(text: String) -> String {
    let text = hidden::shown(&text).into_owned();
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, fault: Fault, expected: &str) {
        let request =
            Request { method: Method::Get, path: "/api/v1/monitor/1".into(), query: Vec::new(), body: None };
        let response = Response { status, headers: Vec::new(), body: body.to_owned().into(), read: None };
        let refusal = Refusal::of_answer(&request, &response);
        assert_eq!((&refusal.fault, refusal.words.as_str()), (&fault, expected), "{body}");
        assert!(
            refusal.to_string().starts_with(&format!("GET /api/v1/monitor/1 was answered with {status}"))
        );
    }

    #[test]
    fn the_service_is_quoted() {
        check(404, r#"{"errors":["Monitor not found"]}"#, Fault::NotFound, "Monitor not found");
        check(400, r#"{"errors":["a","b"]}"#, Fault::Refused, "a; b");
        let object = r#"{"errors":[{"status":"409","title":"Conflict","detail":"it exists"},{"title":"id not found","code":"404"}]}"#;
        check(409, object, Fault::Refused, "Conflict: it exists; id not found");
        let coded = r#"{"error":{"code":"InvalidArgument","message":"Invalid rule configuration","details":[{"code":"X","message":"too long","target":"name"}]}}"#;
        check(400, coded, Fault::Refused, "Invalid rule configuration: name: too long");
        check(404, r#"{"errors":["Not Found"],"error_details":[{}]}"#, Fault::NotFound, "Not Found");
        check(
            409,
            r#"{"errors":{"7":["used by b","used by c"]}}"#,
            Fault::Refused,
            "7: used by b, used by c",
        );
        check(403, "<html>Forbidden</html>", Fault::Forbidden, "<html>Forbidden</html>");
        check(401, "", Fault::Unauthorized, "");
        check(502, r#"["x"]"#, Fault::Unwell, r#"["x"]"#);
        check(400, r#"{"errors":[]}"#, Fault::Refused, r#"{"errors":[]}"#);
        check(400, r#"{"errors":[null,{"a":1}]}"#, Fault::Refused, r#"{"a":1}"#);
        check(400, &"é".repeat(5_000), Fault::Refused, &format!("{}…", "é".repeat(2_000)));
        check(400, &"[".repeat(5_000), Fault::Refused, &format!("{}…", "[".repeat(2_000)));
    }

    #[test]
    fn what_stands_in_the_way_is_named() {
        for (words, of) in [
            ("Duplicate of an existing monitor_id:123", Some("123")),
            ("x: Duplicate of an existing slo_id: a-1; y", Some("a-1")),
            ("Duplicate of an existing monitor_id:", None),
            ("The name is not a Duplicate: of another", None),
        ] {
            let fault = of.map_or(Fault::Refused, |of| Fault::Duplicate { of: of.to_owned() });
            check(400, &format!(r#"{{"errors":["{words}"]}}"#), fault, words);
        }
        // What was not refused for it says nothing by it.
        let said = "Duplicate of an existing monitor_id:123";
        check(502, said, Fault::Unwell, said);
        check(403, said, Fault::Forbidden, said);
    }

    proptest::proptest! {
        #[test]
        fn any_body_has_words(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let said = words(&bytes);
            proptest::prop_assert!(said.is_empty() || !bytes.is_empty());
        }

        #[test]
        fn any_error_json_has_words(text in r#"\{"(errors|error|message)":(\[|\{"[a-z]{1,7}":|)("[^"\\]{0,9}"|null|7|\{\})(\]|\}|)\}"#) {
            proptest::prop_assert!(!words(text.as_bytes()).is_empty(), "{}", text);
        }
    }
}
