//! The window that a query looks over: its words, and its length.

use crate::check::alert::{QUERY, Subject};
use crate::check::finding::Findings;
use crate::config::RuleLevel;
use crate::query::{Call, ChainHead, Expr, Head, Monitor, Spanned, WindowForm};

const DAY: u64 = 86_400;

pub fn range(subject: &Subject<'_>, found: &mut Findings) {
    let (Some(alert), Some(tree)) = (&subject.alert, subject.tree()) else { return };
    let Some(class) = alert.class.map(|class| class.name) else { return };
    let Some((_, longest)) = subject.kind.quirks.windows.iter().find(|(name, _)| *name == class) else {
        return;
    };
    let Some(window) = tree.window().filter(|window| window.value.form == WindowForm::Last) else { return };
    let written = &alert.query[window.span.clone()];
    let help = || format!("windows of this type have 1 minute to {}", length(*longest));
    if window.value.seconds > *longest {
        let text = format!("The window `{written}` is too long for the type `{class}`");
        found.within((QUERY, &window.span), text, help());
    } else if window.value.seconds < 60 {
        let text = format!("The window `{written}` is too short: monitors are evaluated once a minute");
        found.within((QUERY, &window.span), text, help());
    } else if is_change(tree) && window.value.seconds > 2 * DAY {
        let text =
            format!("The window `{written}` is long for a change: the service documents two days at most");
        let help = "compare shorter stretches, or look at the metric itself";
        found.within((QUERY, &window.span), text, help).level(RuleLevel::Warn);
    }
}

/// Whether the query compares a stretch of time with an earlier one: a call around the aggregation.
fn is_change(tree: &Monitor) -> bool {
    let Monitor::Metric(metric) = tree else { return false };
    metric.time.value.arguments.first().and_then(|argument| inner_call(&argument.value.value)).is_some()
}

fn length(seconds: u64) -> String {
    match seconds / 3600 {
        hours if hours > 48 => format!("{} days", hours / 24),
        hours => format!("{hours} hours"),
    }
}

/// Where a window stands, which tells how it is spelled.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// `last_5m` of `avg(last_5m):`.
    Time,
    /// `5m_ago` of `change(avg(last_5m),5m_ago):`; `last_5m` is taken, too (recorded).
    Shift,
    /// `5m` of `.last("5m")`.
    Method,
}

/// Windows by their grammar: a word, a number, a unit.
pub fn syntax(subject: &Subject<'_>, found: &mut Findings) {
    let (Some(alert), Some(tree)) = (&subject.alert, subject.tree()) else { return };
    let level = match alert.class.is_some_and(|class| class.certain) {
        true => RuleLevel::Error,
        false => RuleLevel::Warn,
    };
    for (place, span) in places(tree) {
        let written = alert.query[span.clone()].trim();
        let word = written.trim_matches(['"', '\'']);
        if let Some(help) = fault(word, place) {
            let text = match word.is_empty() {
                true => "A window is missing here".to_owned(),
                false => format!("`{}` is not a window of time", crate::source::short(word)),
            };
            found.within((QUERY, &span), text, help).level(level);
        }
    }
    for (name, at) in [
        ("trigger_window", "/options/threshold_windows/trigger_window"),
        ("recovery_window", "/options/threshold_windows/recovery_window"),
    ] {
        if let Some(help) = subject.text(at).and_then(|word| fault(word, Place::Time)) {
            let text = format!("`{name}` is not a window of time");
            found.add(at, text, help).level(RuleLevel::Warn);
        }
    }
}

/// Where windows stand in a query, whatever is written there.
fn places(tree: &Monitor) -> Vec<(Place, std::ops::Range<usize>)> {
    let mut found = Vec::new();
    match tree {
        Monitor::Metric(metric) => times(&metric.time, &mut found),
        Monitor::Chain(chain) if !matches!(chain.head.value, ChainHead::Check(_)) => {
            for method in ["last", "current"].into_iter().filter_map(|name| chain.method(name)) {
                let argument = method.value.arguments.first();
                let span =
                    argument.map_or(method.span.end..method.span.end, |argument| argument.value.span.clone());
                found.push((Place::Method, span));
            }
        }
        _ => {}
    }
    found
}

fn times(call: &Spanned<Call>, found: &mut Vec<(Place, std::ops::Range<usize>)>) {
    let Some(first) = call.value.arguments.first() else {
        found.push((Place::Time, call.span.end..call.span.end));
        return;
    };
    match inner_call(&first.value.value) {
        Some(inner) => {
            times(&Spanned { value: inner.clone(), span: first.value.span.clone() }, found);
            if let Some(shift) = call.value.arguments.get(1) {
                found.push((Place::Shift, shift.value.span.clone()));
            }
        }
        None => found.push((Place::Time, first.value.span.clone())),
    }
}

fn inner_call(expr: &Expr) -> Option<&Call> {
    let Expr::Term(term) = expr else { return None };
    match &term.head.value {
        Head::Call(call) => Some(call),
        _ => None,
    }
}

/// What to write instead of a word that is not a window; `None` where it is one.
fn fault(word: &str, place: Place) -> Option<String> {
    let prefixes: &[&str] = match place {
        Place::Time => &["last_", "current_", "next_"],
        Place::Shift => &["last_", ""],
        Place::Method => &[""],
    };
    let begin = prefixes.iter().find(|prefix| word.starts_with(**prefix));
    let bare = begin.map_or(word, |begin| &word[begin.len()..]);
    let bare = if place == Place::Shift { bare.strip_suffix("_ago").unwrap_or(bare) } else { bare };
    if begin.is_some() && is_length(bare) {
        return None;
    }
    let digits: String =
        word.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    let unit = word.split(|c: char| c.is_ascii_digit()).next_back().unwrap_or_default();
    let meant = unit_meant(unit.trim_matches(['_', ' ']).trim_end_matches("_ago"));
    let begin = begin.copied().unwrap_or(prefixes[0]);
    Some(match (digits.is_empty(), meant) {
        (false, Some(unit)) => {
            let end = if word.ends_with("_ago") { "_ago" } else { "" };
            format!("write `{begin}{digits}{unit}{end}`")
        }
        _ => format!("write a number and a unit, such as `{begin}5m`, `{begin}1h` or `{begin}1d`"),
    })
}

/// `5m`, `1mo`: the units that the service documents, and seconds of processes.
fn is_length(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.len() - unit.len();
    (1..=9).contains(&digits) && ["s", "m", "h", "d", "w", "mo"].contains(&unit)
}

/// The unit that a longer or doubled spelling means. There is none for years.
fn unit_meant(unit: &str) -> Option<&'static str> {
    match unit.to_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => Some("s"),
        "m" | "mm" | "min" | "mins" | "minute" | "minutes" => Some("m"),
        "h" | "hh" | "hr" | "hrs" | "hour" | "hours" => Some("h"),
        "d" | "dd" | "day" | "days" => Some("d"),
        "w" | "ww" | "wk" | "wks" | "week" | "weeks" => Some("w"),
        "mo" | "mon" | "month" | "months" => Some("mo"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_by_their_grammar() {
        for (word, place, expect) in [
            ("last_5m", Place::Time, None),
            ("current_1mo", Place::Time, None),
            ("next_1w", Place::Time, None),
            ("last_5min", Place::Time, Some("write `last_5m`")),
            ("last_5mm", Place::Time, Some("write `last_5m`")),
            ("last_2Hours", Place::Time, Some("write `last_2h`")),
            ("5m", Place::Time, Some("write `last_5m`")),
            ("last5m", Place::Time, Some("write `last_5m`")),
            (
                "last_5",
                Place::Time,
                Some("write a number and a unit, such as `last_5m`, `last_1h` or `last_1d`"),
            ),
            (
                "last_1y",
                Place::Time,
                Some("write a number and a unit, such as `last_5m`, `last_1h` or `last_1d`"),
            ),
            ("", Place::Time, Some("write a number and a unit, such as `last_5m`, `last_1h` or `last_1d`")),
            ("last_5m", Place::Shift, None),
            ("1h_ago", Place::Shift, None),
            ("1d", Place::Shift, None),
            ("5m", Place::Method, None),
            ("10s", Place::Method, None),
            ("last_5m", Place::Method, Some("write `5m`")),
            ("5min", Place::Method, Some("write `5m`")),
        ] {
            assert_eq!(fault(word, place).as_deref(), expect, "{word}");
        }
    }
}
