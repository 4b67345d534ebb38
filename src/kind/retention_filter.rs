//! Retention filters: which spans are kept.

use serde_json::Value;

use super::field::*;
use super::{About, Api, Envelope, Id, Identity, Kind, Order, Quirks, Shown, Update};

/// Facts: 10 creates, 3 updates and 1 read, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const RETENTION_FILTER: Kind = Kind {
    name: "retention_filter",
    section: "retention_filters",
    always: false,
    api: Api {
        path: "/api/v2/apm/config/retention-filters",
        envelope: Envelope::Resource("apm_retention_filter"),
        id: Id { in_update: true, ..Api::V2.id },
        update: Update::Put,
        // All are sent: 934 once, 2 of an unknown number once. Those that are built in can be moved.
        order: Some(Order {
            path: "/api/v2/apm/config/retention-filters-execution-order",
            update: Update::Put,
            shown: Shown::List("/execution_order"),
            body: r#"{"data":"{ids}"}"#,
            member: Some("apm_retention_filter"),
        }),
        // Two writes at once end in a 400, although one was done (terraform-provider-datadog, issue 2242).
        serial: true,
        foreign: is_built_in,
        read: &["apm_retention_filter_read"],
        write: &["apm_retention_filter_write"],
        ..Api::V2
    },
    identity: Identity::Key("/name"),
    fields: &[
        undocumented("").open(),
        read_only("/created_at"),
        read_only("/created_by"),
        read_only("/editable"),
        boolean("/enabled", "Whether it is on").required(),
        // In lists alone.
        read_only("/execution_order"),
        object("/filter", "Which spans").required(),
        // Rewritten at times (terraform-provider-datadog, issue 2415; no recording shows it).
        text("/filter/query", "A search, as in the trace explorer").required().meaning(searches_alike),
        // The only one that can be made (a 400 says so).
        choice("/filter_type", &["spans-sampling-processor"], "Can't be changed in place")
            .required()
            .immutable()
            .closed(),
        read_only("/id"),
        read_only("/modified_at"),
        read_only("/modified_by"),
        text("/name", "The title, by which it is known").required(),
        // "'rate' must exist and be between 0 and 1" (1 recording).
        share("/rate", "The share of the spans that is kept, from 0 to 1").required().strict(),
        // 7 of 7.
        share("/trace_rate", "The share of whole traces that is kept, from 0 to 1").defaults(&["0"]).strict(),
    ],
    about: About {
        terraform: &["datadog_apm_retention_filter"],
        web: "/apm/traces/retention-filters",
        created: Some("/created_at"),
        modified: Some("/modified_at"),
        author: Some("/created_by"),
        ..About::NONE
    },
    quirks: Quirks {
        fixed: &["/enabled", "/filter", "/filter/query", "/rate", "/trace_rate"],
        ..Quirks::NONE
    },
};

/// Another type, or of the type that people make and made by nobody (11 recordings of two names).
fn is_built_in(body: &Value) -> bool {
    let is = |key: &str, value: Value| body.get(key) == Some(&value);
    let of_people = is("filter_type", "spans-sampling-processor".into());
    !of_people || (is("created_by", "".into()) && is("created_at", 0.into()))
}

/// Whether the service would make one search of the other: blanks are an AND, a `-` may bear a backslash, and lengths
/// of time turn into nanoseconds.
fn searches_alike(one: &Value, other: &Value) -> bool {
    let (Some(one), Some(other)) = (one.as_str(), other.as_str()) else { return false };
    words(one) == words(other)
}

/// The words of a search, each as the service may write it; what stands in quotes is left as it is.
fn words(search: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut quoted, mut rest) = (false, search.chars().peekable());
    while let Some(c) = rest.next() {
        match c {
            '"' => {
                quoted = !quoted;
                word.push(c);
            }
            '\\' if !quoted && rest.peek() == Some(&'-') => {}
            c if !quoted && c.is_whitespace() => words.push(std::mem::take(&mut word)),
            '(' | ')' if !quoted => words.extend([std::mem::take(&mut word), c.to_string()]),
            c => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty() && word != "AND");
    words.iter().map(|word| in_nanoseconds(word)).collect()
}

/// `@duration:>600ms` with its number in nanoseconds.
fn in_nanoseconds(word: &str) -> String {
    let start = word.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '.').map_or(0, |at| at + 1);
    // A field whose value begins behind the colon; a bare word is not a length of time.
    let (before, value) = word.split_at_checked(start).unwrap_or((word, ""));
    let end = value.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(value.len());
    let factor = match &value[end..] {
        "ns" => 1.0,
        "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        _ => return word.to_owned(),
    };
    match value[..end].parse::<f64>() {
        Ok(number) if before.contains(':') => format!("{before}{}", number * factor),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_the_same_as_the_service_writes_it() {
        for (one, other, expected) in [
            ("service:a env:b", "service:a AND env:b", true),
            ("service:my-app", r"service:my\-app", true),
            ("@duration:>600ms", "@duration:>600000000", true),
            ("@duration:[1s TO 2s]", "@duration:[1s TO 2s]", true),
            ("(a OR b) c", "( a OR b ) AND c", true),
            ("service:a OR env:b", "service:a env:b", false),
            (r#"name:"a b""#, r#"name:"a AND b""#, false),
            (r#"name:"a\-b""#, r#"name:"a-b""#, false),
            ("service:a", "-service:a", false),
            ("@duration:>600ms", "@duration:>600", false),
            ("600ms", "600000000", false),
            ("version:1m", "version:1M", false),
        ] {
            assert_eq!(searches_alike(&one.into(), &other.into()), expected, "{one} and {other}");
        }
    }
}
