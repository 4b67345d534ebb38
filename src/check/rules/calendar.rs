//! Times of what is silenced or does not count: recurrences, zones, order.

use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use serde_json::Value;

use super::recurrence;
use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::kind::Family;
use crate::model::Reference;
use crate::pointer::matching;
use crate::source::short;

/// What the document says of corrections; of downtimes it names the parts that are not taken.
const OF_CORRECTIONS: &[&str] = &["FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY"];
/// Seconds since 1970 that are milliseconds: the year 5138.
const MILLISECONDS: f64 = 1e11;

/// The texts at some paths, with their pointers; those that wait for an id are passed over.
fn texts<'s>(subject: &'s Subject<'_>, paths: &'s [&str]) -> impl Iterator<Item = (String, &'s str)> {
    let at = |path: &&str| matching(path, subject.body);
    let text = |pointer: String| {
        let text = subject.body.pointer(&pointer)?.as_str()?;
        Reference::in_text(text).is_empty().then_some((pointer, text))
    };
    paths.iter().flat_map(at).filter_map(text)
}

pub fn rules(subject: &Subject<'_>, found: &mut Findings) {
    let (paths, parts): (&[&str], &[&str]) = if subject.is(Family::Silence) {
        (&["/schedule/recurrences/*/rrule"], &[])
    } else if subject.is(Family::Correction) {
        (&["/rrule"], OF_CORRECTIONS)
    } else {
        return;
    };
    for (pointer, text) in texts(subject, paths) {
        if let Some((said, help)) = recurrence::fault(text, parts) {
            found.add(&pointer, said, help);
        }
    }
    let lacks = |pointer: &str, name: &str| {
        format!("`{}` has no `{name}`", pointer.trim_start_matches('/').replace('/', "."))
    };
    for pointer in matching("/schedule/recurrences/*", subject.body) {
        for name in ["rrule", "duration"] {
            let at = format!("{pointer}/{name}");
            let value = subject.body.pointer(&at);
            if subject.is(Family::Silence) && value.is_none_or(Value::is_null) {
                found.add(&at, lacks(&pointer, name), format!("add `{name}:`"));
            }
        }
    }
    if subject.is(Family::Correction)
        && subject.text("/rrule").is_some()
        && subject.number("/duration").is_none()
    {
        found
            .add("/rrule", "A correction that repeats has no `duration`", "add `duration:`, in seconds")
            .follows("/duration");
    }
}

pub fn zones(subject: &Subject<'_>, found: &mut Findings) {
    if !subject.is(Family::Silence) && !subject.is(Family::Correction) {
        return;
    }
    let known = TimeZoneDatabase::bundled();
    for (pointer, name) in texts(subject, &["/schedule/timezone", "/display_timezone", "/timezone"]) {
        if !name.is_empty() && known.get(name).is_err() {
            let text = format!("`{}` is not a time zone", short(name));
            found.add(&pointer, text, "write the name of a zone, such as `Europe/Berlin` or `UTC`");
        }
    }
}

pub fn formats(subject: &Subject<'_>, found: &mut Findings) {
    if subject.is(Family::Silence) {
        for (pointer, text) in texts(subject, &["/schedule/start", "/schedule/end"]) {
            if utc(text).is_none() {
                let said = format!("`{}` is not a time in UTC", short(text));
                found.add(&pointer, said, "write a time such as `2026-05-01T04:00:00Z`");
            }
        }
        for (pointer, text) in texts(subject, &["/schedule/recurrences/*/start"]) {
            let is_local =
                text.parse::<jiff::civil::DateTime>().is_ok() && text.parse::<Timestamp>().is_err();
            if !is_local {
                let said = format!("`{}` is not a time without a zone", short(text));
                found.add(&pointer, said, "write `2026-05-01T22:00:00`; the zone is `schedule.timezone`");
            }
        }
        for (pointer, text) in texts(subject, &["/schedule/recurrences/*/duration"]) {
            if crate::policy::seconds(text).is_none() {
                let said = format!("`{}` is not a length of time", short(text));
                found.add(&pointer, said, "write a number and a unit: `30m`, `8h`, `1d`, `1w`");
            }
        }
    }
    if subject.is(Family::Correction) {
        for pointer in ["/start", "/end"] {
            if let Some(number) = subject.number(pointer).filter(|number| *number > MILLISECONDS) {
                let said = format!("`{number}` is milliseconds, and the service reads seconds since 1970");
                found.add(pointer, said, format!("write `{}`", (number / 1000.0).floor()));
            }
        }
    }
}

/// "Must include a UTC offset of zero."
fn utc(text: &str) -> Option<Timestamp> {
    let is_utc = text.ends_with(['Z', 'z']) || text.ends_with("+00:00") || text.ends_with("-00:00");
    text.parse().ok().filter(|_| is_utc)
}

pub fn order(subject: &Subject<'_>, found: &mut Findings) {
    let is_turned = if subject.is(Family::Silence) {
        let time = |pointer| utc(subject.text(pointer)?);
        time("/schedule/start").zip(time("/schedule/end")).is_some_and(|(start, end)| end <= start)
    } else if subject.is(Family::Correction) {
        let time = |pointer| subject.number(pointer);
        time("/start").zip(time("/end")).is_some_and(|(start, end)| end <= start)
    } else {
        return;
    };
    if is_turned {
        let (start, end) = if subject.is(Family::Silence) {
            ("/schedule/start", "/schedule/end")
        } else {
            ("/start", "/end")
        };
        found.add(end, "It ends before it starts", "give it a later end").also("the start", start);
    }
}

/// "All values must have a key" (1 recording).
pub fn scope(subject: &Subject<'_>, found: &mut Findings) {
    if !subject.is(Family::Silence) {
        return;
    }
    let Some(scope) = subject.text("/scope").filter(|scope| !scope.contains(':') && scope.trim() != "*")
    else {
        return;
    };
    let text = format!("The scope `{}` has no key", short(scope));
    found.add("/scope", text, "write tags, such as `env:prod`, or `*` for every group");
}
