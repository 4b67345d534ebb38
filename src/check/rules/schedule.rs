//! When a monitor is evaluated: schedules of its own, and windows that begin at a fixed time.

use serde_json::{Map, Value};

use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::config::RuleLevel;

const SCHEDULE: &str = "/options/scheduling_options/custom_schedule";
const WINDOW: &str = "/options/scheduling_options/evaluation_window";

fn object<'a>(subject: &Subject<'a>, at: &str) -> Option<&'a Map<String, Value>> {
    subject.find(at)?.as_object()
}

fn stands(map: &Map<String, Value>, name: &str) -> bool {
    map.get(name).is_some_and(|value| !value.is_null())
}

/// "It is also required for metric monitors that use `scheduling_options.custom_schedule`" (OpenAPI, on_missing_data).
pub fn custom(subject: &Subject<'_>, found: &mut Findings) {
    let Some(schedule) = object(subject, SCHEDULE).filter(|_| subject.alert.is_some()) else { return };
    if subject.find("/options/on_missing_data").is_none_or(Value::is_null) {
        let text = "A custom schedule needs `on_missing_data`";
        let help = "add `on_missing_data: show_no_data`, or another of its values, to `options`";
        found.add(SCHEDULE, text, help);
    }
    let recurrences = schedule.get("recurrences").and_then(Value::as_array);
    if recurrences.is_none_or(Vec::is_empty) {
        let help = "write `recurrences: [{rrule: \"FREQ=DAILY;INTERVAL=1\", timezone: UTC}]`";
        found
            .add(SCHEDULE, "A custom schedule without `recurrences` never evaluates", help)
            .follows(format!("{SCHEDULE}/recurrences"))
            .level(RuleLevel::Warn);
    }
    for (index, recurrence) in recurrences.into_iter().flatten().enumerate() {
        let rule = recurrence.get("rrule").and_then(Value::as_str).unwrap_or_default();
        if !rule.split(';').any(|part| part.trim().trim_start_matches("RRULE:").starts_with("FREQ=")) {
            let at = format!("{SCHEDULE}/recurrences/{index}");
            let text = "A recurrence without `FREQ` never comes";
            found
                .add(&at, text, "write `rrule: \"FREQ=DAILY;INTERVAL=1\"`")
                .follows(format!("{at}/rrule"))
                .level(RuleLevel::Warn);
        }
    }
}

/// Whole numbers of an evaluation window, and their bounds (OpenAPI).
const BOUNDS: [(&str, f64, f64); 2] = [("hour_starts", 0.0, 59.0), ("month_starts", 1.0, 1.0)];

/// "If `hour_starts` is set, no other fields may be set. Otherwise, `day_starts` and `month_starts` must be set
/// together" (OpenAPI).
pub fn evaluation_window(subject: &Subject<'_>, found: &mut Findings) {
    let Some(window) = object(subject, WINDOW).filter(|_| subject.alert.is_some()) else { return };
    let others = ["day_starts", "month_starts", "timezone"];
    if stands(window, "hour_starts") {
        if let Some(other) = others.into_iter().find(|name| stands(window, name)) {
            let text = format!("`hour_starts` and `{other}` exclude each other");
            let at = format!("{WINDOW}/{other}");
            found.add(
                &at,
                text,
                "keep `hour_starts` for a window of an hour, the others for days and months",
            );
        }
    } else if stands(window, "day_starts") != stands(window, "month_starts") {
        // Windows of a day have no use for the day of a month: the refusal is not known.
        let text = "`day_starts` and `month_starts` are set together";
        found
            .add(WINDOW, text, "add the other one, such as `month_starts: 1`")
            .follows(WINDOW)
            .level(RuleLevel::Warn);
    }
    for (name, least, most) in BOUNDS {
        let number = window.get(name).and_then(Value::as_f64);
        if let Some(number) = number.filter(|number| !(least..=most).contains(number)) {
            let text = format!("`{name}` is `{number}`, and the service takes {least} to {most}");
            found.add(&format!("{WINDOW}/{name}"), text, "choose a number in that range");
        }
    }
    if let Some(time) = window.get("day_starts").and_then(Value::as_str).filter(|time| !is_time(time)) {
        let text = format!("`{}` is not a time of the day", crate::source::short(time));
        found
            .add(&format!("{WINDOW}/day_starts"), text, "write hours and minutes such as `\"04:00\"`")
            .level(RuleLevel::Warn);
    }
}

fn is_time(text: &str) -> bool {
    let number =
        |text: &str, below: u8| text.len() == 2 && text.parse::<u8>().is_ok_and(|number| number < below);
    text.split_once(':').is_some_and(|(hours, minutes)| number(hours, 24) && number(minutes, 60))
}
