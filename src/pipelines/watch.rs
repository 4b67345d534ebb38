//! What the project declares that reads telemetry: which metrics and logs, of which tags.

use std::sync::Arc;

use serde_json::Value;

use super::finding::Spot;
use crate::kind::{self, Family};
use crate::model::{Origin, Reference, Resource};
use crate::pointer::{find, member, objects};
use crate::query::{self, ChainHead, Metric, Monitor, Search};

/// A tag that is asked for.
pub type Tag = (String, String);

/// One thing that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    pub of: Of,
    /// Tags that are wanted, each of which is a name: none with `*` or a variable.
    pub tags: Vec<Tag>,
    /// The pointer of the query.
    pub pointer: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    Metric(String),
    /// Logs, spans and their like, by the name of the source.
    Events(String),
}

/// A resource with all that it reads.
pub struct Watch {
    pub address: String,
    pub origin: Arc<Origin>,
    pub family: Family,
    pub reads: Vec<Read>,
}

impl Read {
    pub fn metric(&self) -> Option<&str> {
        match &self.of {
            Of::Metric(name) => Some(name),
            Of::Events(_) => None,
        }
    }

    /// Values of a key.
    pub fn values<'s>(&'s self, key: &'s str) -> impl Iterator<Item = &'s str> {
        self.tags.iter().filter(move |(own, _)| own == key).map(|(_, value)| value.as_str())
    }
}

impl Watch {
    /// Of an alert, an objective or a board; none of others. `body` is that of the resource, `tree` its query where it is an
    /// alert, and where that can be read.
    pub fn of(resource: &Resource, body: &Value, tree: Option<&Monitor>) -> Option<Self> {
        let family = kind::of_section(resource.address.section())?.quirks.family?;
        if resource.directives.absent || !matches!(family, Family::Alert | Family::Objective | Family::Board)
        {
            return None;
        }
        let mut reads: Vec<Read> = tree.map(of_alert).unwrap_or_default();
        // All but these is words for people.
        let at = if family == Family::Alert { "/options" } else { "" };
        objects(find(body, at).unwrap_or(&Value::Null), at, &mut |pointer, map| {
            let own = |key: &str| member(map, key).and_then(Value::as_str);
            let source = own("data_source");
            let text = |key: &str| own(key).map(|text| (format!("{pointer}/{key}"), text));
            let metrics = [
                text("q"),
                text("numerator"),
                text("denominator"),
                text("query").filter(|_| source == Some("metrics")),
            ];
            for (pointer, text) in metrics.into_iter().flatten() {
                reads.extend(of_metrics(text, &pointer));
            }
            if let (Some(source), Some(search)) =
                (source, member(map, "search").and_then(|search| search.get("query")?.as_str()))
            {
                reads.extend(
                    query::read_search(search)
                        .tree
                        .map(|search| of_search(source, &search, &format!("{pointer}/search/query"))),
                );
            }
            if let (Some(source), Some((pointer, text))) =
                (source.filter(|source| *source != "metrics"), text("query_string").or(text("query")))
            {
                reads
                    .extend(query::read_search(text).tree.map(|search| of_search(source, &search, &pointer)));
            }
            true
        });
        let (address, origin) = (resource.address.to_string(), Arc::clone(&resource.origin));
        Some(Self { address, origin, family, reads })
    }

    /// Whether it tells people, or counts for them.
    pub fn alerts(&self) -> bool {
        matches!(self.family, Family::Alert | Family::Objective)
    }

    pub fn spot(&self, pointer: &str) -> Spot {
        Spot::Body { origin: Arc::clone(&self.origin), pointer: pointer.to_owned() }
    }
}

/// Metrics that Datadog computes of traces.
pub fn is_trace_metric(name: &str) -> bool {
    name.starts_with("trace.")
}

fn of_alert(tree: &Monitor) -> Vec<Read> {
    let mut reads: Vec<Read> = Vec::new();
    if let Some(expr) = tree.expr() {
        reads.extend(expr.value.metrics().into_iter().map(|metric| of_metric(metric.value, "/query")));
    }
    if let Monitor::Chain(chain) = tree
        && let (ChainHead::Source(source), Some(search)) = (&chain.head.value, chain.search())
    {
        reads.push(of_search(&source.name.value, &search, "/query"));
    }
    reads
}

fn of_metrics(text: &str, pointer: &str) -> Vec<Read> {
    let parsed = query::metric(text).tree;
    let metrics = parsed.iter().flat_map(|tree| tree.metrics());
    metrics.map(|metric| of_metric(metric.value, pointer)).collect()
}

fn of_metric(metric: &Metric, pointer: &str) -> Read {
    let tags = metric.scope.iter().flat_map(|scope| scope.value.tags());
    let wanted =
        tags.filter(|(_, wanted)| *wanted).filter_map(|(tag, _)| known(tag.key?.value, tag.value.value));
    Read { of: Of::Metric(metric.name.value.clone()), tags: wanted.collect(), pointer: pointer.to_owned() }
}

fn of_search(source: &str, search: &Search, pointer: &str) -> Read {
    let terms = search.terms.iter().filter(|term| !term.value.negated);
    let tags = terms
        .filter_map(|term| known(term.value.key.as_ref()?.value.clone(), term.value.value.value.clone()));
    Read { of: Of::Events(source.to_owned()), tags: tags.collect(), pointer: pointer.to_owned() }
}

/// A tag whose value is a name.
fn known(key: String, value: String) -> Option<Tag> {
    let value = value.trim_matches('"').to_ascii_lowercase();
    let dynamic =
        value.is_empty() || value.contains(['*', '?', '$', '(', '[', '>', '<', ' ', Reference::OPEN]);
    (!dynamic).then(|| (key.to_ascii_lowercase(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(class: &str, text: &str) -> Vec<Read> {
        query::monitor(class, text).tree.as_ref().map(of_alert).unwrap_or_default()
    }

    #[test]
    fn queries_are_taken_apart() {
        let reads = of(
            "query alert",
            "sum(last_5m):sum:trace.http.request.errors{env:prod, !service:a, service:B}.as_count() / sum:x.y{service:$s} > 5",
        );
        let metrics: Vec<_> = reads.iter().filter_map(Read::metric).collect();
        assert_eq!(metrics, ["trace.http.request.errors", "x.y"]);
        assert_eq!(
            reads[0].tags,
            [("env".to_owned(), "prod".to_owned()), ("service".to_owned(), "b".to_owned())]
        );
        assert_eq!(reads[1].tags, []);
        let reads = of(
            "log alert",
            "logs(\"service:web -env:dev @a:1\").index(\"*\").rollup(\"count\").last(\"5m\") > 5",
        );
        assert_eq!(reads[0].of, Of::Events("logs".to_owned()));
        assert_eq!(reads[0].values("service").collect::<Vec<_>>(), ["web"]);
        assert_eq!(reads[0].values("env").count(), 0);
        assert_eq!(of("query alert", "broken((").len(), 0);
    }
}
