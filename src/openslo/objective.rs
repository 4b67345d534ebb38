//! An SLO of OpenSLO -> an SLO of Datadog for each of its objectives, and the alerts of its policies.

use serde_json::{Map, Value, json};

use super::alert::alerts;
use super::indicator::{Indicator, indicator, of_bad_events, of_slices};
use super::made::{Made, tags};
use super::object::{Object, Objects, short};
use crate::diagnostic::Diagnostic;
use crate::model::slug;

/// Rolling windows that Datadog has, as both write them.
const WINDOWS: [(&str, &str); 4] = [("7d", "7d"), ("1w", "7d"), ("30d", "30d"), ("90d", "90d")];

/// `section` is that of SLOs, which alerts refer to.
pub fn slo(
    object: &Object<'_>,
    objects: &Objects<'_>,
    section: &str,
    faults: &mut Vec<Diagnostic>,
) -> Vec<Made> {
    let mut made = Vec::new();
    let spec = object.get("spec").unwrap_or_else(|| object.clone());
    let name = id(&object.name());
    let head = (window(&spec), indicator(object, objects));
    let (timeframe, indicator) = match head {
        (Ok(timeframe), Ok(indicator)) => (timeframe, indicator),
        (timeframe, indicator) => {
            faults.extend(timeframe.err());
            faults.extend(indicator.err());
            return made;
        }
    };
    let objectives = spec.items("objectives");
    if objectives.is_empty() {
        faults.push(spec.fault_at(
            "objectives",
            "An SLO needs an objective",
            "write `objectives: [{target: 0.99}]`",
        ));
    }
    let service = spec.text_of("service").map_or_else(|| "openslo".to_owned(), |service| id(&service));
    for (at, objective) in objectives.iter().enumerate() {
        let own = if at == 0 { name.clone() } else { format!("{name}-{}", at + 1) };
        match body(&spec, objective, &indicator) {
            Ok(mut body) => {
                let title = objective.text_of("displayName").filter(|_| objectives.len() > 1);
                let title =
                    title.map_or_else(|| object.title(), |title| format!("{}: {title}", object.title()));
                body.insert("name".to_owned(), json!(title));
                let target = target(objective).unwrap_or_default();
                body.insert("thresholds".to_owned(), json!([{"timeframe": timeframe, "target": target}]));
                body.insert("tags".to_owned(), json!(tags(object, &spec)));
                let of = (section, own.as_str(), timeframe);
                let found = alerts(object, &spec, objects, of, &title);
                made.push(Made { id: own.clone(), service: service.clone(), body: Value::Object(body) });
                match found {
                    Ok(found) => made.extend(found.into_iter().map(|(id, body)| Made {
                        id,
                        service: service.clone(),
                        body,
                    })),
                    Err(wrong) => faults.extend(wrong),
                }
            }
            Err(fault) => faults.push(*fault),
        }
    }
    made
}

fn id(text: &str) -> String {
    let slug = slug(text).replace('.', "-");
    let id = slug.trim_matches(['-', '_']).chars().take(80).collect::<String>();
    if id.is_empty() { "openslo".to_owned() } else { id }
}

fn window(spec: &Object<'_>) -> Result<&'static str, Diagnostic> {
    const ROLLING: &str = "Datadog's windows are rolling: write `timeWindow: [{duration: 30d, isRolling: true}]`, with 7d, 30d or 90d";
    let windows = spec.items("timeWindow");
    let [window] = &windows[..] else {
        return Err(spec.fault_at("timeWindow", "An SLO needs exactly one time window", ROLLING));
    };
    let is_rolling = window.get("isRolling").is_some_and(|own| own.value == &Value::Bool(true));
    if window.is("calendar") || !is_rolling {
        let at = if window.is("calendar") { "calendar" } else { "isRolling" };
        return Err(window.fault_at(
            at,
            "A window that is aligned with the calendar can't be expressed",
            ROLLING,
        ));
    }
    let duration = window.text_of("duration").unwrap_or_default();
    let known = WINDOWS.iter().find(|(own, _)| *own == duration).map(|(_, timeframe)| *timeframe);
    known.ok_or_else(|| {
        window.fault_at(
            "duration",
            format!("Datadog has no window of `{}`", short(&duration)),
            "write 7d, 30d or 90d",
        )
    })
}

/// In percent.
fn target(objective: &Object<'_>) -> Option<f64> {
    let percent = match (objective.number_of("target"), objective.number_of("targetPercent")) {
        // 0.9995 is 99.95, whatever a computer makes of it.
        (Some(share), None) => (share * 100.0 * 1e9).round() / 1e9,
        (None, Some(percent)) => percent,
        _ => return None,
    };
    (percent > 0.0 && percent < 100.0).then_some(percent)
}

type Body = Result<Map<String, Value>, Box<Diagnostic>>;

fn body(spec: &Object<'_>, objective: &Object<'_>, indicator: &Indicator<'_>) -> Body {
    for key in ["compositeWeight", "indicator", "indicatorRef"] {
        if objective.is(key) {
            let text = "An objective with an indicator of its own makes a weighted composite, which can't be expressed";
            return Err(Box::new(objective.fault_at(
                key,
                text,
                "write an SLO of its own for each indicator",
            )));
        }
    }
    if target(objective).is_none() {
        let text = "An objective needs one of `target` (0 to 1) and `targetPercent` (0 to 100)";
        return Err(Box::new(objective.fault(text, "write `target: 0.999`")));
    }
    let description = spec.text_of("description").unwrap_or_default();
    let mut body = Map::new();
    if !description.is_empty() {
        body.insert("description".to_owned(), json!(description));
    }
    let method = spec.text_of("budgetingMethod").unwrap_or_default();
    match method.as_str() {
        "Occurrences" => occurrences(&mut body, objective, indicator)?,
        "Timeslices" => slices(&mut body, objective, indicator)?,
        "RatioTimeslices" => {
            let text = "A mean of the shares of slices can't be expressed";
            return Err(Box::new(spec.fault_at("budgetingMethod", text, "write Occurrences or Timeslices")));
        }
        other => {
            let text = format!("There is no budgeting method `{}`", short(other));
            return Err(Box::new(spec.fault_at("budgetingMethod", text, "write Occurrences or Timeslices")));
        }
    }
    Ok(body)
}

fn occurrences(
    body: &mut Map<String, Value>,
    objective: &Object<'_>,
    indicator: &Indicator<'_>,
) -> Result<(), Box<Diagnostic>> {
    body.insert("type".to_owned(), json!("metric"));
    match indicator {
        Indicator::Ratio { .. } if objective.is("op") || objective.is("value") => {
            let text = "`op` and `value` are for `thresholdMetric`, and this indicator is a ratio";
            let key = if objective.is("op") { "op" } else { "value" };
            Err(Box::new(objective.fault_at(key, text, "take them out")))
        }
        Indicator::Ratio { counted, is_bad: false, total, .. } => {
            body.insert("query".to_owned(), json!({"numerator": counted, "denominator": total}));
            Ok(())
        }
        Indicator::Ratio { counted, is_bad: true, total, .. } => {
            body.insert("sli_specification".to_owned(), of_bad_events(counted, total));
            Ok(())
        }
        Indicator::Raw { at, .. } => Err(Box::new(at.fault(
            "A share that was computed before has no events to count",
            "write `good` and `total`, or `budgetingMethod: Timeslices`",
        ))),
        Indicator::Threshold { at, .. } => Err(Box::new(at.fault(
            "The points of a metric can't be counted as good and bad",
            "write `budgetingMethod: Timeslices`, or a ratio of good and total events",
        ))),
    }
}

/// OpenSLO's words for them.
const COMPARATORS: [(&str, &str); 4] = [("lt", "<"), ("lte", "<="), ("gt", ">"), ("gte", ">=")];

fn slices(
    body: &mut Map<String, Value>,
    objective: &Object<'_>,
    indicator: &Indicator<'_>,
) -> Result<(), Box<Diagnostic>> {
    let seconds =
        match objective.get("timeSliceWindow").map(|own| own.text().unwrap_or_else(|| own.value.to_string()))
        {
            Some(window) if matches!(window.as_str(), "1" | "1m") => 60,
            Some(window) if matches!(window.as_str(), "5" | "5m") => 300,
            _ => {
                let text = "Datadog's slices have one minute or five";
                return Err(Box::new(objective.fault_at(
                    "timeSliceWindow",
                    text,
                    "write `timeSliceWindow: 5m` or `1m`",
                )));
            }
        };
    let is_share = |value: &&Value| value.as_f64().is_some_and(|share| (0.0..=1.0).contains(&share));
    let share = objective.get("timeSliceTarget").map(|own| own.value).filter(is_share).ok_or_else(|| {
        Box::new(objective.fault_at(
            "timeSliceTarget",
            "Timeslices need a `timeSliceTarget` from 0 to 1",
            "write it",
        ))
    })?;
    let made = match indicator {
        Indicator::Ratio { counted, is_bad, total, .. } => {
            let (name, formula) =
                if *is_bad { ("bad", "(total - bad) / total") } else { ("good", "good / total") };
            of_slices((formula, &[(name, counted), ("total", total)]), (">=", share), seconds)
        }
        Indicator::Raw { query, is_failure, .. } => {
            let formula = if *is_failure { "1 - share" } else { "share" };
            of_slices((formula, &[("share", query)]), (">=", share), seconds)
        }
        Indicator::Threshold { query, .. } => {
            if share.as_f64().is_some_and(|share| share < 1.0) {
                let text = "A slice is good or bad as a whole: a share of its points can't be asked for";
                return Err(Box::new(objective.fault_at(
                    "timeSliceTarget",
                    text,
                    "write `timeSliceTarget: 1`",
                )));
            }
            let word = objective.text_of("op").unwrap_or_default();
            let known = COMPARATORS.iter().find(|(own, _)| *own == word);
            let (_, comparator) = known.ok_or_else(|| {
                let text = "A threshold needs `op`: lt, lte, gt or gte";
                Box::new(objective.fault_at("op", text, "say when a value is good"))
            })?;
            let value = objective.get("value").map(|own| own.value).filter(|value| value.is_number());
            let value = value.ok_or_else(|| {
                Box::new(objective.fault_at("value", "A threshold needs a `value`", "write the number"))
            })?;
            of_slices(("value", &[("value", query)]), (comparator, value), seconds)
        }
    };
    body.insert("type".to_owned(), json!("time_slice"));
    body.insert("sli_specification".to_owned(), made);
    Ok(())
}
