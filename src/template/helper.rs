//! The helpers of expressions, as a table: values in, one value out.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::number::{self, Num};
use crate::model::{Reference, slug};

/// The longest text that a helper may make, in bytes.
const TEXT_LIMIT: usize = 1 << 20;

/// A helper. Its facts are here; `if`, `unless` and `default` choose which argument is computed at all.
pub struct Helper {
    pub name: &'static str,
    /// How many arguments it takes.
    pub arguments: (usize, usize),
    /// A missing member of data counts as null in its arguments.
    pub missing_is_null: bool,
    /// Works with references, whose values are known only when they are applied.
    pub references: bool,
    pub run: fn(&[Cow<'_, Value>]) -> Result<Value, String>,
    /// For people: an expression and what it gives.
    pub example: (&'static str, &'static str),
}

impl std::fmt::Debug for Helper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const MANY: usize = 64;

/// A reference whose id is put together: `reference 'dashboards' 'url' 'teams/' team`.
pub const REFERENCE: &str = "reference";

macro_rules! helper {
    ($name:expr, $arguments:expr, $run:expr, $example:expr $(, $flag:ident)*) => {
        Helper { $($flag: true,)* ..Helper {
            name: $name,
            arguments: $arguments,
            missing_is_null: false,
            references: false,
            run: $run,
            example: $example,
        }}
    };
}

/// All helpers, by name.
pub static HELPERS: [Helper; 32] = [
    helper!("add", (2, MANY), |a| fold(a, i128::checked_add, |a, b| a + b), ("add 1 2.5", "3.5")),
    helper!(
        "and",
        (1, MANY),
        |a| Ok(a.iter().all(|v| truthy(v)).into()),
        ("and true 0", "false"),
        missing_is_null,
        references
    ),
    helper!(
        "default",
        (2, MANY),
        |a| Ok(first_known(a)),
        ("default null 'none'", "\"none\""),
        missing_is_null,
        references
    ),
    helper!("div", (2, 2), divide, ("div 900 60", "15")),
    helper!("eq", (2, 2), |a| Ok(equal(&a[0], &a[1]).into()), ("eq 'prod' 'prod'", "true"), missing_is_null),
    helper!("gt", (2, 2), |a| compare(a, Ordering::is_gt), ("gt 2 1", "true")),
    helper!("gte", (2, 2), |a| compare(a, Ordering::is_ge), ("gte 1 2", "false")),
    helper!("if", (2, 3), |a| Ok(choose(a, true)), ("if true 1 3", "1"), missing_is_null, references),
    helper!("join", (1, 2), join, (r#"join ["a", "b"] " ""#, "\"a b\""), references),
    helper!(
        "json",
        (1, 1),
        |a| Ok(a[0].to_string().into()),
        (r#"json ["a", 1]"#, r#""[\"a\",1]""#),
        references
    ),
    helper!("len", (1, 1), length, (r#"len ["a", "b"]"#, "2")),
    helper!(
        "lookup",
        (2, 2),
        |_| Err("There is no such member".to_owned()),
        (r#"lookup ["a", "b"] 1"#, "\"b\""),
        references
    ),
    helper!("lower", (1, 1), |a| text(a, 0).map(|t| t.to_lowercase().into()), ("lower 'API'", "\"api\"")),
    helper!("lt", (2, 2), |a| compare(a, Ordering::is_lt), ("lt 1 2", "true")),
    helper!("lte", (2, 2), |a| compare(a, Ordering::is_le), ("lte 2 2", "true")),
    helper!("matches", (2, 2), matches, ("matches 'checkout-api' '^checkout-'", "true")),
    helper!("mul", (2, MANY), |a| fold(a, i128::checked_mul, |a, b| a * b), ("mul 30 0.8", "24")),
    helper!("ne", (2, 2), |a| Ok((!equal(&a[0], &a[1])).into()), ("ne 'a' 'b'", "true"), missing_is_null),
    helper!("not", (1, 1), |a| Ok((!truthy(&a[0])).into()), ("not true", "false"), references),
    helper!("number", (1, 1), to_number, ("number '012'", "12")),
    helper!(
        "or",
        (1, MANY),
        |a| Ok(a.iter().any(|v| truthy(v)).into()),
        ("or false 'x'", "true"),
        missing_is_null,
        references
    ),
    // Made to a reference of its own kind when it is compiled.
    helper!(REFERENCE, (3, MANY), |_| Err("It is no value".to_owned()), ("", "")),
    helper!("replace", (3, 3), replace, ("replace 'a_b' '_' '-'", "\"a-b\"")),
    helper!("round", (1, 2), round, ("round 2.345 2", "2.35")),
    helper!(
        "slug",
        (1, 1),
        |a| text(a, 0).map(|t| slug(t).into()),
        ("slug 'Checkout API'", "\"checkout-api\"")
    ),
    helper!("string", (1, 1), |a| shown(&a[0]).map(Value::from), ("string 5", "\"5\""), references),
    helper!("sub", (2, 2), |a| fold(a, i128::checked_sub, |a, b| a - b), ("sub 10 1", "9")),
    helper!(
        "unless",
        (2, 3),
        |a| Ok(choose(a, false)),
        ("unless true 1 3", "3"),
        missing_is_null,
        references
    ),
    helper!("upper", (1, 1), |a| text(a, 0).map(|t| t.to_uppercase().into()), ("upper 'api'", "\"API\"")),
    // Blocks only: `${#each list}…${/each}`, `${#with x}…${/with}`.
    helper!("each", (1, 1), |_| Err(BLOCK_ONLY.to_owned()), ("", "")),
    helper!("with", (1, 1), |_| Err(BLOCK_ONLY.to_owned()), ("", "")),
    helper!("else", (0, 0), |_| Err(BLOCK_ONLY.to_owned()), ("", "")),
];

const BLOCK_ONLY: &str = "This helper works as a block only: `${#each list}…${/each}`";

pub fn find(name: &str) -> Option<&'static Helper> {
    HELPERS.iter().find(|helper| helper.name == name)
}

pub fn is_helper(name: &str) -> bool {
    find(name).is_some()
}

/// As Handlebars has it: false, 0, "", null and what is empty are not.
pub fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(on) => *on,
        Value::Number(number) => number.as_f64().is_some_and(|float| float != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// The value in the middle of a text.
pub fn shown(value: &Value) -> Result<String, String> {
    let mut out = String::new();
    show(value, &mut out)?;
    Ok(out)
}

/// Appends a value to a text.
pub fn show(value: &Value, out: &mut String) -> Result<(), String> {
    match value {
        Value::String(text) => out.push_str(text),
        Value::Number(number) => number::show(number, out),
        Value::Bool(on) => out.push_str(if *on { "true" } else { "false" }),
        Value::Null => return Err("null can't stand in a text; `default` gives another value".to_owned()),
        Value::Array(_) => return Err("A list can't stand in a text; use `join` or `json`".to_owned()),
        Value::Object(_) => {
            return Err("A mapping can't stand in a text; use `json`, or name a member".to_owned());
        }
    }
    Ok(())
}

/// What a value is, for people.
pub fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

pub fn is_reference(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains(Reference::OPEN))
}

fn choose(arguments: &[Cow<'_, Value>], positive: bool) -> Value {
    let taken = if truthy(&arguments[0]) == positive { 1 } else { 2 };
    arguments.get(taken).map_or(Value::Null, |value| value.as_ref().clone())
}

fn first_known(arguments: &[Cow<'_, Value>]) -> Value {
    arguments.iter().find(|value| !value.is_null()).map_or(Value::Null, |value| value.as_ref().clone())
}

fn text<'a>(arguments: &'a [Cow<'_, Value>], at: usize) -> Result<&'a str, String> {
    let value = &arguments[at];
    value.as_str().ok_or_else(|| {
        let help = if value.is_number() || value.is_boolean() { "; `string` converts it" } else { "" };
        format!("{} is needed here, not {}{help}", "A text", type_of(value))
    })
}

fn num(value: &Value) -> Result<Num, String> {
    number::read(value).ok_or_else(|| {
        let help = if value.as_str().is_some_and(|t| number::parse(t).is_some()) {
            "; `number` converts it"
        } else {
            ""
        };
        format!("A number is needed here, not {}{}{help}", type_of(value), quoted(value))
    })
}

fn quoted(value: &Value) -> String {
    match value.as_str() {
        Some(text) if text.chars().count() <= 40 => format!(" (`{text}`)"),
        _ => String::new(),
    }
}

fn fold(
    arguments: &[Cow<'_, Value>],
    whole: fn(i128, i128) -> Option<i128>,
    float: fn(f64, f64) -> f64,
) -> Result<Value, String> {
    let mut total = num(&arguments[0])?;
    for argument in &arguments[1..] {
        total = match (total, num(argument)?) {
            (Num::Whole(a), Num::Whole(b)) => Num::Whole(whole(a, b).ok_or_else(too_large)?),
            (a, b) => Num::Float(float(a.float(), b.float())),
        };
    }
    number::value(total).ok_or_else(too_large)
}

fn too_large() -> String {
    "The result is too large for a number".to_owned()
}

fn divide(arguments: &[Cow<'_, Value>]) -> Result<Value, String> {
    let (a, b) = (num(&arguments[0])?, num(&arguments[1])?);
    if b.float() == 0.0 {
        return Err("Division by zero".to_owned());
    }
    let result = match (a, b) {
        (Num::Whole(a), Num::Whole(b)) if a % b == 0 => Num::Whole(a / b),
        _ => Num::Float(a.float() / b.float()),
    };
    number::value(result).ok_or_else(too_large)
}

/// Halves go away from zero; the second argument is the number of digits behind the point.
fn round(arguments: &[Cow<'_, Value>]) -> Result<Value, String> {
    let digits = arguments.get(1).map_or(Ok(Num::Whole(0)), |value| num(value))?;
    let Num::Whole(digits @ 0..=12) = digits else {
        return Err("The number of digits must be a whole number from 0 to 12".to_owned());
    };
    let result = match num(&arguments[0])? {
        whole @ Num::Whole(_) => whole,
        Num::Float(float) => {
            let scale = 10f64.powi(i32::try_from(digits).expect("bug: at most 12"));
            // 2.345 * 100 is 234.49999…: twelve digits bring the half back that was written.
            let scaled = match number::value(Num::Float(float * scale)).as_ref().and_then(number::read) {
                Some(scaled) => scaled.float().round(),
                None => return Err(too_large()),
            };
            Num::Float(scaled / scale)
        }
    };
    number::value(result).ok_or_else(too_large)
}

fn to_number(arguments: &[Cow<'_, Value>]) -> Result<Value, String> {
    match arguments[0].as_ref() {
        Value::Number(_) => Ok(arguments[0].as_ref().clone()),
        Value::String(text) => {
            number::parse(text).ok_or_else(|| format!("This text is not a number{}", quoted(&arguments[0])))
        }
        other => Err(format!("{} can't be made a number", capital(type_of(other)))),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

fn length(arguments: &[Cow<'_, Value>]) -> Result<Value, String> {
    match arguments[0].as_ref() {
        Value::Array(list) => Ok(list.len().into()),
        Value::Object(map) => Ok(map.len().into()),
        Value::String(text) => Ok(text.chars().count().into()),
        other => Err(format!("{} has no length", capital(type_of(other)))),
    }
}

/// By value: 5 and 5.0 are equal, 5 and "5" are not.
fn equal(a: &Value, b: &Value) -> bool {
    match (number::read(a), number::read(b)) {
        (Some(Num::Whole(a)), Some(Num::Whole(b))) => a == b,
        (Some(a), Some(b)) => a.float() == b.float(),
        _ => a == b,
    }
}

fn compare(arguments: &[Cow<'_, Value>], holds: fn(Ordering) -> bool) -> Result<Value, String> {
    let (a, b) = (arguments[0].as_ref(), arguments[1].as_ref());
    // A text that is a number compares with a number, as in Handlebars.
    let as_num = |value: &Value, other: &Value| match value {
        Value::String(text) if other.is_number() => number::parse(text).as_ref().and_then(number::read),
        _ => number::read(value),
    };
    let order = match (a, b) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => match (as_num(a, b), as_num(b, a)) {
            (Some(Num::Whole(a)), Some(Num::Whole(b))) => Some(a.cmp(&b)),
            (Some(a), Some(b)) => a.float().partial_cmp(&b.float()),
            _ => None,
        },
    };
    let order = order.ok_or_else(|| {
        format!("{}{} can't be compared with {}{}", capital(type_of(a)), quoted(a), type_of(b), quoted(b))
    })?;
    Ok(holds(order).into())
}

fn join(arguments: &[Cow<'_, Value>]) -> Result<Value, String> {
    let Value::Array(list) = arguments[0].as_ref() else {
        return Err(format!("A list is needed here, not {}", type_of(&arguments[0])));
    };
    let separator = if arguments.len() > 1 { text(arguments, 1)? } else { ", " };
    let mut out = String::new();
    for (at, item) in list.iter().enumerate() {
        if at > 0 {
            out.push_str(separator);
        }
        show(item, &mut out)?;
        if out.len() > TEXT_LIMIT {
            return Err(too_long());
        }
    }
    Ok(out.into())
}

fn replace(arguments: &[Cow<'_, Value>]) -> Result<Value, String> {
    let (whole, from, to) = (text(arguments, 0)?, text(arguments, 1)?, text(arguments, 2)?);
    if from.is_empty() {
        return Err("The text to replace can't be empty".to_owned());
    }
    let found = whole.matches(from).count();
    if whole.len() + found.saturating_mul(to.len()) > TEXT_LIMIT {
        return Err(too_long());
    }
    Ok(whole.replace(from, to).into())
}

fn too_long() -> String {
    format!("The text is longer than {TEXT_LIMIT} bytes")
}

fn matches(arguments: &[Cow<'_, Value>]) -> Result<Value, String> {
    let (text, pattern) = (text(arguments, 0)?, text(arguments, 1)?);
    Ok(regex(pattern)?.is_match(text).into())
}

/// A regular expression, within a size that can't eat the memory. Matching takes linear time.
pub fn regex(pattern: &str) -> Result<regex::Regex, String> {
    regex::RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .dfa_size_limit(1 << 20)
        .nest_limit(32)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "The regular expression is too large".to_owned(),
            _ => format!("`{}` is not a regular expression", pattern.chars().take(60).collect::<String>()),
        })
}
