//! A line of a log as JSON: in the shape that Cloud Logging reads, with the ids by which a line is found beside its trace.

use serde_json::{Map, Value, json};

use super::request::Line;
use super::sanitize::clean;

/// How much a line matters, by the names of Cloud Logging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Debug,
    Info,
    Warning,
    Error,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }
}

/// The trace that a line belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Trace<'a> {
    pub trace: &'a str,
    pub span: Option<&'a str>,
    pub sampled: bool,
    /// The project of Google Cloud that keeps it.
    pub cloud: Option<&'a str>,
}

/// One line, without its end. `more` are members of its own.
pub fn record(
    severity: Severity,
    message: &str,
    trace: Option<Trace<'_>>,
    more: Map<String, Value>,
) -> String {
    let mut record = Map::new();
    let time = jiff::Timestamp::now();
    record.insert("time".to_owned(), json!(format!("{time:.3}")));
    record.insert("severity".to_owned(), json!(severity.name()));
    record.insert("message".to_owned(), json!(message));
    if let Some(Trace { trace, span, sampled, cloud }) = trace {
        let named =
            cloud.map_or_else(|| trace.to_owned(), |cloud| format!("projects/{cloud}/traces/{trace}"));
        record.insert("trace_id".to_owned(), json!(trace));
        record.insert("logging.googleapis.com/trace".to_owned(), json!(named));
        if let Some(span) = span {
            record.insert("span_id".to_owned(), json!(span));
            record.insert("logging.googleapis.com/spanId".to_owned(), json!(span));
        }
        record.insert("logging.googleapis.com/trace_sampled".to_owned(), json!(sampled));
    }
    record.extend(more);
    Value::Object(record).to_string()
}

/// What a line on a request has besides its words.
pub fn request(line: &Line<'_>) -> Map<String, Value> {
    let mut http = json!({
        "requestMethod": line.method,
        "requestUrl": clean(line.path),
        "latency": format!("{:.3}s", line.milliseconds as f64 / 1000.0),
    });
    if let (Ok(status), Some(http)) = (line.status, http.as_object_mut()) {
        http.insert("status".to_owned(), json!(status));
    }
    Map::from_iter([("httpRequest".to_owned(), http)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_of_json_whatever_it_says() {
        let trace = Trace { trace: "0af7", span: Some("b7ad"), sampled: true, cloud: Some("shop") };
        let text = record(Severity::Warning, "a\n\"b\"\u{1b}", Some(trace), Map::new());
        assert!(!text.contains(['\n', '\u{1b}']), "{text}");
        let record: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(record["logging.googleapis.com/trace"], "projects/shop/traces/0af7");
        assert_eq!((&record["severity"], &record["span_id"]), (&json!("WARNING"), &json!("b7ad")));
    }
}
