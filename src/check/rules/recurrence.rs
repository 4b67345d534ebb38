//! Rules of recurrence (RFC 5545): `FREQ=WEEKLY;BYDAY=SA,SU`.

use crate::diagnostic::did_you_mean;

const FREQUENCIES: [&str; 7] = ["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"];
const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
const PARTS: [&str; 14] = [
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "BYSECOND",
    "BYMINUTE",
    "BYHOUR",
    "BYDAY",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYMONTH",
    "BYSETPOS",
    "WKST",
];
/// What an RRULE holds elsewhere, and the API says in fields of its own.
const ELSEWHERE: [&str; 4] = ["DTSTART", "DTEND", "DURATION", "TZID"];

/// What is wrong with a rule, and what to do about it. `parts`: those that are taken; none: all.
pub fn fault(text: &str, parts: &[&str]) -> Option<(String, String)> {
    let rule = text.strip_prefix("RRULE:").unwrap_or(text);
    let mut seen: Vec<(String, &str)> = Vec::new();
    for part in rule.split(';') {
        let Some((name, value)) = part.split_once('=') else {
            let text = format!("`{part}` is not a part of a rule: a part is `NAME=VALUE`");
            return Some((text, "write `FREQ=WEEKLY;BYDAY=SA,SU`".to_owned()));
        };
        let name = name.trim().to_uppercase();
        if ELSEWHERE.contains(&name.as_str()) {
            let help = "say it beside the rule: `start`, `duration`, `timezone`".to_owned();
            return Some((format!("The service takes no `{name}` inside of a rule"), help));
        }
        if !PARTS.contains(&name.as_str()) {
            let help = did_you_mean(&name, PARTS).map_or_else(
                || format!("the parts are {}", PARTS.join(", ")),
                |meant| format!("write `{meant}`"),
            );
            return Some((format!("`{name}` is not a part of a rule"), help));
        }
        if !parts.is_empty() && !parts.contains(&name.as_str()) {
            return Some((
                format!("The service takes no `{name}` here"),
                format!("the parts are {}", parts.join(", ")),
            ));
        }
        if seen.iter().any(|(other, _)| *other == name) {
            return Some((format!("`{name}` stands in the rule twice"), "take one out".to_owned()));
        }
        if let Some(wanted) = wrong_value(&name, &value.to_uppercase()) {
            return Some((format!("`{name}` is `{value}`"), format!("write {wanted}")));
        }
        seen.push((name, value));
    }
    let has = |name: &str| seen.iter().any(|(own, _)| own == name);
    let add = |text: &str, help: &str| Some((text.to_owned(), help.to_owned()));
    if !has("FREQ") {
        return add("The rule has no `FREQ`", "begin with one, such as `FREQ=DAILY`");
    }
    if has("COUNT") && has("UNTIL") {
        return add("`COUNT` and `UNTIL` exclude each other", "take one of them out");
    }
    None
}

/// What should stand there, where a value is wrong.
fn wrong_value(name: &str, value: &str) -> Option<String> {
    let numbers = |least: i32, most: i32, signed: bool| {
        let is_good = |item: &str| {
            let number = item.parse::<i32>().ok();
            let size = number.map(|number| if signed { number.abs() } else { number });
            size.is_some_and(|size| (least..=most).contains(&size))
        };
        let sign = if signed { ", or as many from the end (`-1`)" } else { "" };
        (!value.split(',').all(is_good)).then(|| format!("numbers from {least} to {most}{sign}"))
    };
    match name {
        "FREQ" => (!FREQUENCIES.contains(&value)).then(|| format!("one of {}", FREQUENCIES.join(", "))),
        "INTERVAL" | "COUNT" => {
            (!value.parse::<u32>().is_ok_and(|number| number > 0)).then(|| "a number from 1".to_owned())
        }
        "UNTIL" => (!is_time(value)).then(|| "a time: `20261231T000000Z`, or a date: `20261231`".to_owned()),
        "BYSECOND" => numbers(0, 60, false),
        "BYMINUTE" => numbers(0, 59, false),
        "BYHOUR" => numbers(0, 23, false),
        "BYMONTHDAY" => numbers(1, 31, true),
        "BYYEARDAY" | "BYSETPOS" => numbers(1, 366, true),
        "BYWEEKNO" => numbers(1, 53, true),
        "BYMONTH" => numbers(1, 12, false),
        "WKST" => (!DAYS.contains(&value)).then(|| format!("one of {}", DAYS.join(", "))),
        _ => (!value.split(',').all(is_day))
            .then(|| format!("days ({}), or the first of a month: `1MO`", DAYS.join(", "))),
    }
}

/// `MO`, `-1FR`.
fn is_day(item: &str) -> bool {
    let number = item.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let day = &item[number.len()..];
    DAYS.contains(&day)
        && (number.is_empty() || number.parse::<i32>().is_ok_and(|n| (1..=53).contains(&n.abs())))
}

/// `20261231` or `20261231T000000Z`.
fn is_time(value: &str) -> bool {
    let (date, time) = value.split_once('T').unwrap_or((value, "000000"));
    let digits = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    digits(date, 8) && digits(time.strip_suffix('Z').unwrap_or(time), 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_judged() {
        const FEW: &[&str] = &["FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY"];
        for (rule, parts, fine) in [
            ("FREQ=DAILY;INTERVAL=1", &[][..], true),
            ("RRULE:FREQ=DAILY;INTERVAL=10;COUNT=5", FEW, true),
            ("FREQ=WEEKLY;BYDAY=SA,SU", FEW, true),
            ("FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=22", &[], true),
            ("FREQ=MONTHLY;BYMONTHDAY=-1", &[], true),
            ("FREQ=DAILY;UNTIL=20261231T000000Z", FEW, true),
            ("FREQ=DAILY;BYHOUR=3", FEW, false),
            ("INTERVAL=1", &[], false),
            ("FREQ=DAYLY", &[], false),
            ("FREQ=DAILY;FREQ=DAILY", &[], false),
            ("FREQ=DAILY;INTERVAL=0", &[], false),
            ("FREQ=DAILY;COUNT=3;UNTIL=20261231", &[], false),
            ("FREQ=DAILY;UNTIL=2026-12-31", &[], false),
            ("FREQ=WEEKLY;BYDAY=XX", &[], false),
            ("FREQ=MONTHLY;BYMONTHDAY=32", &[], false),
            ("DTSTART=20260101T000000;FREQ=DAILY", &[], false),
            ("DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY", &[], false),
            ("every day", &[], false),
            ("", &[], false),
        ] {
            assert_eq!(fault(rule, parts).is_none(), fine, "{rule}: {:?}", fault(rule, parts));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(text in "([A-Z]{2,6}=)?[-0-9A-Zé,;=:]{0,30}") {
            let _ = fault(&text, &[]);
        }
    }
}
