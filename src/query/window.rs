//! Stretches of time that a query names: `last_5m`, `current_1mo`, `"30d"`.

/// A stretch of time that a query names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub form: WindowForm,
    /// A month counts 30 days, as the service's cumulative windows differ in length.
    pub seconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowForm {
    /// `last_5m`, `"5m"`.
    Last,
    /// `current_1mo`: from the beginning of the calendar's month.
    Current,
    /// `next_1w` of a forecast.
    Next,
}

impl Window {
    /// Reads `last_5m`, `current_1mo`, `next_1w`, `5m`, `1h_ago`, `1hr`.
    pub fn read(text: &str) -> Option<Self> {
        let (form, length) = match text.split_once('_') {
            Some(("last", length)) => (WindowForm::Last, length),
            Some(("current", length)) => (WindowForm::Current, length),
            Some(("next", length)) => (WindowForm::Next, length),
            Some((length, "ago")) => (WindowForm::Last, length),
            Some(_) => return None,
            None => (WindowForm::Last, text),
        };
        let unit = length.find(|c: char| !c.is_ascii_digit())?;
        let seconds = match &length[unit..] {
            "s" | "sec" => 1,
            "m" | "min" => 60,
            "h" | "hr" => 3600,
            "d" | "day" => 86_400,
            "w" | "week" => 604_800,
            "mo" | "month" => 2_592_000,
            _ => return None,
        };
        let count: u64 = length[..unit].parse().ok()?;
        Some(Self { form, seconds: count.checked_mul(seconds)? })
    }
}

#[cfg(test)]
mod tests {
    use super::{Window, WindowForm};

    #[test]
    fn windows() {
        for (text, expect) in [
            ("last_5m", Some((WindowForm::Last, 300))),
            ("current_1mo", Some((WindowForm::Current, 2_592_000))),
            ("next_1w", Some((WindowForm::Next, 604_800))),
            ("1d_ago", Some((WindowForm::Last, 86_400))),
            ("1hr", Some((WindowForm::Last, 3600))),
            ("99999999999999999999h", None),
            ("9999999999999999999w", None),
            ("5", None),
            ("m", None),
            ("a_5m", None),
        ] {
            assert_eq!(Window::read(text).map(|window| (window.form, window.seconds)), expect, "{text}");
        }
    }
}
