//! Numbers in expressions: whole ones stay whole, others are rounded to twelve digits and print shortest.

use serde_json::{Number, Value};

/// A number on its way through a calculation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Num {
    Whole(i128),
    Float(f64),
}

impl Num {
    pub fn float(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Float(float) => float,
        }
    }
}

pub fn read(value: &Value) -> Option<Num> {
    let Value::Number(number) = value else { return None };
    Some(of(number))
}

pub fn of(number: &Number) -> Num {
    match (number.as_i64(), number.as_u64()) {
        (Some(whole), _) => Num::Whole(whole.into()),
        (None, Some(whole)) => Num::Whole(whole.into()),
        (None, None) => Num::Float(number.as_f64().unwrap_or(f64::NAN)),
    }
}

/// The result of a calculation as JSON; `None` where it is beyond what JSON numbers hold.
pub fn value(num: Num) -> Option<Value> {
    match num {
        Num::Whole(whole) => match (i64::try_from(whole), u64::try_from(whole)) {
            (Ok(whole), _) => Some(whole.into()),
            (_, Ok(whole)) => Some(whole.into()),
            _ => None,
        },
        Num::Float(float) if !float.is_finite() => None,
        Num::Float(float) => {
            let float = twelve_digits(float);
            Some(if is_whole(float) { Value::from(float as i64) } else { Value::from(float) })
        }
    }
}

/// Small enough that every whole number of its size is exact.
fn is_whole(float: f64) -> bool {
    float.fract() == 0.0 && float.abs() < 1e15
}

fn twelve_digits(float: f64) -> f64 {
    // Whole numbers of that many digits are the same after rounding.
    if float.fract() == 0.0 && float.abs() < 1e12 {
        return float;
    }
    format!("{float:.11e}").parse().unwrap_or(float)
}

/// Writes a number as a person would.
pub fn show(number: &Number, out: &mut String) {
    use std::fmt::Write;
    let result = match of(number) {
        Num::Whole(whole) => write!(out, "{whole}"),
        Num::Float(float) => {
            let float = twelve_digits(float);
            if is_whole(float) {
                write!(out, "{}", float as i64)
            } else if (1e-7..1e21).contains(&float.abs()) {
                write!(out, "{float}")
            } else {
                write!(out, "{float:e}")
            }
        }
    };
    result.expect("bug: writing to a string failed");
}

/// A text as a number: digits with sign, point and exponent; leading zeros don't matter.
pub fn parse(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Ok(whole) = text.parse::<i128>() {
        return value(Num::Whole(whole));
    }
    let is_whole_number = text.bytes().all(|b| b.is_ascii_digit() || b"+-".contains(&b));
    // A whole number that fits nowhere would lose digits.
    if is_whole_number || !text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) {
        return None;
    }
    let float: f64 = text.parse().ok()?;
    if !float.is_finite() {
        return None;
    }
    Some(if is_whole(float) { Value::from(float as i64) } else { Value::from(float) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn shown() {
        for (value, expected) in [
            (json!(5), "5"),
            (json!(5.0), "5"),
            (json!(0.1 + 0.2), "0.3"),
            (json!(-0.05), "-0.05"),
            (json!(1.0 / 3.0), "0.333333333333"),
            (json!(u64::MAX), "18446744073709551615"),
            (json!(1e300), "1e300"),
            (json!(1.5e-9), "1.5e-9"),
            (json!(1e20), "100000000000000000000"),
        ] {
            let mut out = String::new();
            show(value.as_number().expect("a number"), &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn parsed() {
        for (text, expected) in [
            ("012", Some(json!(12))),
            (" 1.5 ", Some(json!(1.5))),
            ("1e3", Some(json!(1000))),
            ("-3", Some(json!(-3))),
            ("inf", None),
            ("nan", None),
            ("", None),
            ("1_000", None),
            ("0x10", None),
            ("1e999", None),
            ("18446744073709551615", Some(json!(u64::MAX))),
            ("18446744073709551616", None),
            ("-9223372036854775809", None),
            ("9999999999999999999999999999999999999999999999999", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
