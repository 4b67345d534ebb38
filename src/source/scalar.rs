//! What an unquoted YAML scalar means: the core schema, but no text is ever changed quietly.

use serde_json::{Number, Value};

#[derive(Debug, PartialEq)]
pub enum Plain {
    /// The text itself.
    Text,
    /// Null, a boolean or a number.
    Value(Value),
    /// A number that JSON has no form for, or that would lose digits: `.inf`, `.nan`, `1e999`, whole ones beyond 64 bits.
    NoJson,
}

/// YAML 1.2.2 §10.3.2, with an exception: what has a leading zero (`012`) is a text, since as a number it would lose it.
pub fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Plain::Value(Value::Null),
        "true" | "True" | "TRUE" => Plain::Value(Value::Bool(true)),
        "false" | "False" | "FALSE" => Plain::Value(Value::Bool(false)),
        _ if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) => number(text),
        _ => Plain::Text,
    }
}

fn number(text: &str) -> Plain {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Plain::NoJson;
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let fits = digits.chars().all(|c| c.is_digit(radix));
            if digits.is_empty() || !fits {
                return Plain::Text;
            }
            let number = u64::from_str_radix(digits, radix);
            return number.map_or(Plain::NoJson, |number| Plain::Value(number.into()));
        }
    }
    let whole = unsigned.len() - unsigned.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if whole > 1 && unsigned.starts_with('0') {
        return Plain::Text;
    }
    if whole > 0 && whole == unsigned.len() {
        return integer(text);
    }
    if is_float(unsigned, whole) { float(text) } else { Plain::Text }
}

fn integer(text: &str) -> Plain {
    if let Ok(number) = text.parse::<i64>() {
        return Plain::Value(number.into());
    }
    text.parse::<u64>().map_or(Plain::NoJson, |number| Plain::Value(number.into()))
}

/// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, the whole part's length known.
fn is_float(unsigned: &str, whole: usize) -> bool {
    let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mut rest = &unsigned[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = digits(fraction);
        if whole + length == 0 {
            return false;
        }
        rest = &fraction[length..];
    } else if whole == 0 {
        return false;
    }
    let Some(exponent) = rest.strip_prefix(['e', 'E']) else { return rest.is_empty() };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    !exponent.is_empty() && digits(exponent) == exponent.len()
}

fn float(text: &str) -> Plain {
    let number = text.parse::<f64>().ok().and_then(Number::from_f64);
    number.map_or(Plain::NoJson, |number| Plain::Value(Value::Number(number)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_scalars() {
        for (text, expected) in [
            ("12", json!(12)),
            ("-12", json!(-12)),
            ("+12", json!(12)),
            ("0", json!(0)),
            ("-0", json!(0)),
            ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("1.10", json!(1.1)),
            (".5", json!(0.5)),
            ("5.", json!(5.0)),
            ("-1e3", json!(-1000.0)),
            ("1E-2", json!(0.01)),
            ("True", json!(true)),
            ("~", json!(null)),
        ] {
            assert_eq!(plain(text), Plain::Value(expected), "{text}");
        }
        for text in [
            "012", "-012", "00", "01.5", "1_000", "no", "yes", "on", "off", "y", "nUll", "tRue", "1.2.3",
            "1e", "1e+", ".", "-", "+", "..5", "0b11", "0xZZ", "0x", "0o8", "12:30", "5m", "-.", "1,5", "e5",
            "+.", "+-1", "inf", "NaN", "-.nan",
        ] {
            assert_eq!(plain(text), Plain::Text, "{text}");
        }
        for text in [
            ".inf",
            "-.Inf",
            "+.INF",
            ".nan",
            "1e999",
            "18446744073709551616",
            "+99999999999999999999999999",
            "-9223372036854775809",
            "0x11112222333344445",
            "0o7777777777777777777777",
        ] {
            assert_eq!(plain(text), Plain::NoJson, "{text}");
        }
    }
}
