//! An SLI of OpenSLO -> what Datadog counts.

use serde_json::{Value, json};

use super::object::{Object, Objects, short};
use crate::diagnostic::Diagnostic;

/// What an indicator measures.
pub enum Indicator<'d> {
    /// Events: good ones, or bad ones, of a total.
    Ratio { counted: String, is_bad: bool, total: String },
    /// A share that somebody else computed.
    Raw { query: String, is_failure: bool, at: Object<'d> },
    /// A value that is held against a threshold.
    Threshold { query: String, at: Object<'d> },
}

pub fn indicator<'d>(slo: &Object<'d>, objects: &Objects<'d>) -> Result<Indicator<'d>, Diagnostic> {
    let spec = slo.get("spec").unwrap_or_else(|| slo.clone());
    let own = match (spec.get("indicator"), spec.is("indicatorRef")) {
        (Some(own), false) => own,
        (None, true) => objects.named(&spec, "indicatorRef", "SLI")?,
        _ => {
            return Err(spec.fault(
                "An SLO has one of `indicator` and `indicatorRef`",
                "write the indicator here, or name an SLI",
            ));
        }
    };
    match (own.find("spec/thresholdMetric"), own.find("spec/ratioMetric")) {
        (Some(metric), None) => Ok(Indicator::Threshold { query: query(&metric, objects)?, at: metric }),
        (None, Some(ratio)) => of_ratio(ratio, objects),
        _ => Err(own.fault_at(
            "spec",
            "An SLI has one of `thresholdMetric` and `ratioMetric`",
            "write one of them",
        )),
    }
}

fn of_ratio<'d>(ratio: Object<'d>, objects: &Objects<'d>) -> Result<Indicator<'d>, Diagnostic> {
    let [good, bad, total, raw] = ["good", "bad", "total", "raw"].map(|key| ratio.get(key));
    match (good, bad, total, raw) {
        (Some(good), None, Some(total), None) => Ok(Indicator::Ratio {
            counted: query(&good, objects)?,
            is_bad: false,
            total: query(&total, objects)?,
        }),
        (None, Some(bad), Some(total), None) => Ok(Indicator::Ratio {
            counted: query(&bad, objects)?,
            is_bad: true,
            total: query(&total, objects)?,
        }),
        (None, None, None, Some(raw)) => {
            let is_failure = match ratio.text_of("rawType").as_deref() {
                Some("success") => false,
                Some("failure") => true,
                _ => {
                    return Err(ratio.fault_at(
                        "rawType",
                        "`raw` needs `rawType`: success or failure",
                        "say what the stored ratio is a share of",
                    ));
                }
            };
            Ok(Indicator::Raw { query: query(&raw, objects)?, is_failure, at: ratio })
        }
        _ => Err(ratio.fault(
            "A ratio is `good` or `bad` with `total`, or `raw` alone",
            "leave one of these three in place",
        )),
    }
}

/// The query of a metric of Datadog's. Of a data source only its type is read.
fn query<'d>(metric: &Object<'d>, objects: &Objects<'d>) -> Result<String, Diagnostic> {
    let source = metric.get("metricSource").unwrap_or_else(|| metric.clone());
    let named = match source.is("metricSourceRef") && !source.is("type") {
        true => Some(objects.named(&source, "metricSourceRef", "DataSource")?),
        false => None,
    };
    // Where the type stands, and how one comes to it.
    let (holder, path) = named.as_ref().map_or((&source, "type"), |named| (named, "spec/type"));
    let class = holder.text_of(path).unwrap_or_default();
    if !class.eq_ignore_ascii_case("datadog") {
        let text = format!("The source is of the type `{}`, not Datadog", short(&class));
        let help = "import SLOs over Datadog's metrics: `type: Datadog`, here or in the DataSource";
        return Err(holder.fault_at(path, text, help));
    }
    let found = source.text_of("spec/query");
    found.ok_or_else(|| {
        source.fault_at("spec/query", "A source of Datadog needs a query", "write `spec: {query: …}`")
    })
}

/// The `sli_specification` of bad events and a total: what is good is the rest.
pub fn of_bad_events(bad: &str, total: &str) -> Value {
    json!({"count": {
        "good_events_formula": {"formula": "total - bad"},
        "total_events_formula": {"formula": "total"},
        "queries": [
            {"data_source": "metrics", "name": "bad", "query": bad},
            {"data_source": "metrics", "name": "total", "query": total},
        ],
    }})
}

/// The `sli_specification` of time slices.
pub fn of_slices(
    (formula, queries): (&str, &[(&str, &str)]),
    (comparator, threshold): (&str, &Value),
    seconds: u32,
) -> Value {
    let queries: Vec<Value> = queries
        .iter()
        .map(|(name, query)| json!({"data_source": "metrics", "name": name, "query": query}))
        .collect();
    json!({"time_slice": {
        "query": {"formulas": [{"formula": formula}], "queries": queries},
        "comparator": comparator,
        "threshold": threshold,
        "query_interval_seconds": seconds,
    }})
}
