//! One request as a line of a log.

use std::time::Duration;

use super::sanitize::{clean, clean_lines};
use super::value::cut;

/// The longest body that a log shows, in characters.
const BODY: usize = 20_000;

/// A request and how it ended.
pub struct Line<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a [(String, String)],
    /// Or why there was no answer.
    pub status: Result<u16, &'a str>,
    pub milliseconds: u64,
    pub bucket: Option<&'a str>,
    pub again: Option<Duration>,
}

/// `GET /api/v1/monitor?page=0 200 51 ms (monitor_list)`
pub fn line(line: &Line<'_>) -> String {
    let query: Vec<String> = line.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let status = line.status.map_or_else(|error| format!("no answer: {error}"), |status| status.to_string());
    let bucket = line.bucket.map(|bucket| format!(" ({bucket})")).unwrap_or_default();
    let again = line.again.map(|wait| format!(", again in {:.1} s", wait.as_secs_f32())).unwrap_or_default();
    let text =
        format!("{} {}{query} {status} {} ms{bucket}{again}", line.method, line.path, line.milliseconds);
    clean(&text).into_owned()
}

/// The text of a body, cut where it is very long.
pub fn body(body: &[u8]) -> String {
    cut(&clean_lines(&String::from_utf8_lossy(body)), BODY)
}
