//! Objectives: targets, warnings, monitors, and who is told when they burn.

use serde_json::Value;

use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::kind::Family;

/// Targets with their pointers and warnings.
fn targets<'a>(subject: &Subject<'a>) -> Vec<(String, Option<f64>, Option<f64>)> {
    if !subject.is(Family::Objective) {
        return Vec::new();
    }
    let number = |item: &'a Value, key: &str| item.get(key).and_then(Value::as_f64);
    let list =
        subject.items("/thresholds").map(|(at, item)| (at, number(item, "target"), number(item, "warning")));
    list.collect()
}

pub fn target(subject: &Subject<'_>, found: &mut Findings) {
    for (pointer, target, _) in targets(subject) {
        if let Some(target) = target.filter(|target| *target <= 0.0 || *target >= 100.0) {
            let text = format!(
                "A target of `{target}` leaves no error budget, or demands nothing: it is above 0 and below 100"
            );
            let help = if target > 0.0 && target <= 1.0 {
                "targets are in percent"
            } else {
                "write it in percent, such as `99.9`"
            };
            found.add(&format!("{pointer}/target"), text, help);
        }
    }
}

pub fn warning(subject: &Subject<'_>, found: &mut Findings) {
    for (pointer, target, warning) in targets(subject) {
        if let (Some(target), Some(warning)) = (target, warning)
            && warning <= target
        {
            let text = format!("A warning at `{warning}` comes too late: the target is `{target}`");
            found.add(
                &format!("{pointer}/warning"),
                text,
                "put the warning above the target, such as half of the way to 100",
            );
        }
    }
}

pub fn thresholds(subject: &Subject<'_>, found: &mut Findings) {
    let has = subject.body.get("thresholds").is_some_and(|list| match list {
        Value::Array(list) => !list.is_empty(),
        Value::Null => false,
        _ => true,
    });
    if subject.is(Family::Objective) && !has {
        let text = format!("`{}` has no thresholds: nothing says what is promised", subject.resource.address);
        found.add("/thresholds", text, "write `thresholds: [{timeframe: 30d, target: 99.9}]`");
    }
    // OpenAPI, `SLOThreshold.required`.
    for (pointer, threshold) in subject.items("/thresholds").filter(|(_, threshold)| threshold.is_object()) {
        for name in ["timeframe", "target"] {
            if subject.is(Family::Objective) && threshold.get(name).is_none_or(Value::is_null) {
                let text = format!("The threshold has no `{name}`");
                found.add(&format!("{pointer}/{name}"), text, "write `{timeframe: 30d, target: 99.9}`");
            }
        }
    }
}

pub fn monitors(subject: &Subject<'_>, found: &mut Findings) {
    if !subject.is(Family::Objective) || !measures_alerts(subject) {
        return;
    }
    let none = subject
        .body
        .get("monitor_ids")
        .is_none_or(|ids| ids.as_array().is_some_and(Vec::is_empty) || ids.is_null());
    if none {
        let text = "An SLO of this type measures monitors, and names none".to_owned();
        found.add("/monitor_ids", text, "write `monitor_ids: [\"${monitors.ID.id}\"]`");
    }
}

/// Whether it measures the alerts that it names.
fn measures_alerts(subject: &Subject<'_>) -> bool {
    subject.kind.quirks.measuring.is_some_and(|measuring| subject.text("/type") == Some(measuring))
}

pub fn unwatched(subject: &Subject<'_>, found: &mut Findings) {
    // Monitors tell for themselves.
    if !subject.is(Family::Objective) || measures_alerts(subject) || subject.estate.is_watched(subject.at) {
        return;
    }
    let text = format!("No alert watches the error budget of `{}`", subject.resource.address);
    let help = "add a monitor of type `slo alert`, or use the template `service-slo`; one in the UI counts, too: then `$allow: [no-burn-alert]`";
    found.add("", text, help);
}
