//! What metrics and tags the organisation knows: names that reported in the last thirty days.

use std::collections::BTreeSet;

use serde_json::Value;

use super::call::{Client, call, get};
use super::refusal::{Fault, Refusal};
use crate::wire::Request;

/// How far back is looked, in seconds: the most that the list of metrics takes, 30 days.
const WINDOW: &str = "2592000";
/// Names in one page, at most (OpenAPI).
const PAGE: &str = "10000";
/// A list of more pages than that has no end: two million names.
const MOST_PAGES: usize = 200;

/// A metric, as the list of all shows it; one with a configuration of its tags is of another type.
const METRIC: &str = "metrics";

fn looking_back(path: &str) -> Request {
    let mut request = get(path);
    request.query.push(("window[seconds]".to_owned(), WINDOW.to_owned()));
    request
}

impl Client {
    /// The names of all metrics that reported. `None`: not even one is a plain metric, so that nothing is known.
    pub async fn metric_names(&self) -> Result<Option<BTreeSet<String>>, Refusal> {
        let (mut names, mut plain) = (BTreeSet::new(), false);
        let mut cursor: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut request = looking_back("/api/v2/metrics");
            request.query.push(("page[size]".to_owned(), PAGE.to_owned()));
            request.query.extend(cursor.take().map(|cursor| ("page[cursor]".to_owned(), cursor)));
            let answer = call(self.wire.as_ref(), &request).await?;
            let Some(items) = answer.get("data").and_then(Value::as_array) else {
                return Err(Refusal::odd(&request, "it holds no list of metrics"));
            };
            for item in items {
                plain |= item.get("type").and_then(Value::as_str) == Some(METRIC);
                names.extend(item.get("id").and_then(Value::as_str).map(str::to_lowercase));
            }
            let next = answer.pointer("/meta/pagination/next_cursor").and_then(Value::as_str);
            cursor = next.filter(|next| !next.is_empty() && !items.is_empty()).map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        Ok(plain.then_some(names))
    }

    /// The tags that points of a metric bear, `key:value` in lower case. `None`: the service doesn't tell.
    pub async fn metric_tags(&self, metric: &str) -> Result<Option<BTreeSet<String>>, Refusal> {
        if !metric.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')) {
            return Ok(None);
        }
        let request = looking_back(&format!("/api/v2/metrics/{metric}/all-tags"));
        let answer = match call(self.wire.as_ref(), &request).await {
            Ok(answer) => answer,
            Err(refusal) if matches!(refusal.fault, Fault::NotFound | Fault::Refused | Fault::Forbidden) => {
                return Ok(None);
            }
            Err(refusal) => return Err(refusal),
        };
        let tags = |of: &str| {
            answer.pointer("/data/attributes")?.get(of)?.as_array().map(|list| {
                list.iter().filter_map(Value::as_str).map(str::to_lowercase).collect::<BTreeSet<_>>()
            })
        };
        let found: Vec<BTreeSet<String>> = ["tags", "ingested_tags"].into_iter().filter_map(tags).collect();
        Ok((!found.is_empty()).then(|| found.into_iter().flatten().collect()))
    }
}
