//! Parameters of a template: their types and bounds, and what an instance gets for each.

use std::borrow::Cow;

use serde_json::Value;

use crate::diagnostic::FileId;
use crate::load::definitions::{Param, ParamType};
use crate::model::Reference;
use crate::source::{beyond_64_bits, holds_large};
use crate::template::{parse_number, show_number};

/// What a value must be: the declared type, else that of the default.
pub fn type_of(param: &Param) -> Option<ParamType> {
    param.ty.or_else(|| match param.default.as_ref()? {
        // A template's type shows only when it is rendered.
        Value::String(text) if text.contains("${") => None,
        Value::String(_) => Some(ParamType::String),
        Value::Number(_) => Some(ParamType::Number),
        Value::Bool(_) => Some(ParamType::Boolean),
        Value::Array(_) => Some(ParamType::List),
        Value::Object(_) => Some(ParamType::Object),
        Value::Null => None,
    })
}

/// The word for a type, as in `type:`.
pub fn word(ty: ParamType) -> &'static str {
    match ty {
        ParamType::String => "string",
        ParamType::Number => "number",
        ParamType::Integer => "integer",
        ParamType::Boolean => "boolean",
        ParamType::List => "list",
        ParamType::Object => "object",
    }
}

/// A value as the parameter's type has it. Text becomes a number, a boolean, a list or mapping (in JSON)
/// where it reads as one, as every cell of a CSV file is text; nothing becomes text. The error is a code and a sentence.
pub fn convert<'v>(
    name: &str,
    param: &Param,
    value: Cow<'v, Value>,
) -> Result<Cow<'v, Value>, (&'static str, String)> {
    let Some(ty) = type_of(param) else { return Ok(value) };
    // A default of null says that the parameter may be left open.
    if value.is_null() && param.default.as_ref().is_some_and(Value::is_null) {
        return Ok(value);
    }
    let converted = match (ty, value.as_ref()) {
        (ParamType::String, Value::String(_))
        | (ParamType::Number, Value::Number(_))
        | (ParamType::Boolean, Value::Bool(_))
        | (ParamType::List, Value::Array(_))
        | (ParamType::Object, Value::Object(_)) => Some(value.clone()),
        (ParamType::Number, Value::String(text)) => parse_number(text).map(Cow::Owned),
        (ParamType::Integer, Value::Number(_)) => whole(&value).map(Cow::Owned),
        (ParamType::Integer, Value::String(text)) => {
            parse_number(text).and_then(|number| whole(&number)).map(Cow::Owned)
        }
        (ParamType::Boolean, Value::String(text)) => match text.trim() {
            "true" => Some(Cow::Owned(true.into())),
            "false" => Some(Cow::Owned(false.into())),
            _ => None,
        },
        (ParamType::List, Value::String(text)) => json(text).filter(Value::is_array).map(Cow::Owned),
        (ParamType::Object, Value::String(text)) => json(text).filter(Value::is_object).map(Cow::Owned),
        _ => None,
    };
    let Some(converted) = converted else {
        let words =
            format!("The parameter `{name}` is of type {}, and was given {}", word(ty), shown(&value));
        return Err(("wrong-type", words));
    };
    bounds(name, param, &converted)?;
    Ok(converted)
}

/// A text that is JSON, such as a cell `["a", "b"]`.
fn json(text: &str) -> Option<Value> {
    let is_exact = |value: &Value| !holds_large(value) || beyond_64_bits(text, FileId(0)).is_empty();
    serde_json::from_str(text).ok().filter(|value| !Reference::may_stand_in(value) && is_exact(value))
}

fn whole(value: &Value) -> Option<Value> {
    if value.is_i64() || value.is_u64() {
        return Some(value.clone());
    }
    value
        .as_f64()
        .filter(|float| float.fract() == 0.0 && float.abs() < 1e15)
        .map(|float| (float as i64).into())
}

fn bounds(name: &str, param: &Param, value: &Value) -> Result<(), (&'static str, String)> {
    let Some(number) = value.as_f64() else { return Ok(()) };
    let too_small = param.min.is_some_and(|min| number < min);
    let too_large = param.max.is_some_and(|max| number > max);
    if !too_small && !too_large {
        return Ok(());
    }
    let range = match (param.min, param.max) {
        (Some(min), Some(max)) => format!("between {} and {}", bound(min), bound(max)),
        (Some(min), None) => format!("at least {}", bound(min)),
        (None, max) => format!("at most {}", bound(max.unwrap_or_default())),
    };
    Err(("out-of-bounds", format!("The parameter `{name}` must be {range}, and was given {}", shown(value))))
}

/// A bound, as a person would write it.
pub fn bound(bound: f64) -> String {
    let mut out = String::new();
    if let Some(number) = serde_json::Number::from_f64(bound) {
        show_number(&number, &mut out);
    }
    out
}

/// A value in a message, shortened.
fn shown(value: &Value) -> String {
    let ty = match value {
        Value::Null => return "null".to_owned(),
        Value::Bool(on) => return format!("`{on}`"),
        Value::Array(_) => return "a list".to_owned(),
        Value::Object(_) => return "a mapping".to_owned(),
        Value::Number(number) => {
            let mut out = "the number ".to_owned();
            show_number(number, &mut out);
            return out;
        }
        Value::String(text) => text,
    };
    let short: String = ty.chars().take(40).collect();
    if short.len() < ty.len() { format!("the text `{short}…`") } else { format!("the text `{ty}`") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{At, FileId};
    use serde_json::json;

    fn check(ty: Option<ParamType>, default: Option<Value>, value: Value, expected: Result<Value, &str>) {
        let at = At::file(FileId(0));
        let param = Param { ty, default, min: Some(0.0), max: Some(100.0), description: None, at };
        let result =
            convert("p", &param, Cow::Borrowed(&value)).map(Cow::into_owned).map_err(|(code, _)| code);
        assert_eq!(result, expected, "{ty:?} {value}");
    }

    #[test]
    fn values_take_the_parameters_type() {
        use ParamType::{Boolean, Integer, List, Number, Object, String};
        check(None, None, json!("012"), Ok(json!("012")));
        check(None, None, json!(5), Ok(json!(5)));
        check(Some(String), None, json!("012"), Ok(json!("012")));
        check(Some(String), None, json!(12), Err("wrong-type"));
        check(Some(Number), None, json!("012"), Ok(json!(12)));
        check(Some(Number), None, json!("0.5"), Ok(json!(0.5)));
        check(Some(Number), None, json!("fast"), Err("wrong-type"));
        check(Some(Number), None, json!(101), Err("out-of-bounds"));
        check(Some(Number), None, json!("-1"), Err("out-of-bounds"));
        check(Some(Integer), None, json!(5.0), Ok(json!(5)));
        check(Some(Integer), None, json!(5.5), Err("wrong-type"));
        check(Some(Integer), None, json!("7"), Ok(json!(7)));
        check(Some(Boolean), None, json!("true"), Ok(json!(true)));
        check(Some(Boolean), None, json!("yes"), Err("wrong-type"));
        check(Some(List), None, json!("a"), Err("wrong-type"));
        check(Some(List), None, json!(r#"["a", 1]"#), Ok(json!(["a", 1])));
        check(Some(List), None, json!("[a]"), Err("wrong-type"));
        check(Some(List), None, json!("{}"), Err("wrong-type"));
        check(Some(Object), None, json!(r#"{"a": 1}"#), Ok(json!({"a": 1})));
        check(Some(Object), None, json!({"a": 1}), Ok(json!({"a": 1})));
        check(None, Some(json!(5)), json!("6"), Ok(json!(6)));
        check(None, Some(json!("x")), json!(6), Err("wrong-type"));
        check(None, Some(json!([])), json!([1]), Ok(json!([1])));
        check(Some(Number), Some(json!(null)), json!(null), Ok(json!(null)));
        check(Some(Number), None, json!(null), Err("wrong-type"));
    }
}
