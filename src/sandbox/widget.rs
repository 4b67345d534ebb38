//! Whether the service takes a widget, in the words of its validator: the document's schemas, and one reader of them.
//!
//! `widgets.json` holds the schemas by name, shortened: a name stands for a reference, a word in lower case for a type.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::world::World;

static SCHEMAS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("widgets.json")).unwrap_or_default());

/// Members by which one of several schemas is chosen.
const CHOOSERS: [&str; 3] = ["type", "data_source", "request_type"];
/// Schemas refer to each other in circles; a body doesn't go deeper.
const DEEPEST: usize = 64;

/// What is wrong, and the way to it from the value that was judged.
pub struct Fault {
    path: Vec<Value>,
    pub words: String,
}

impl Fault {
    fn new(words: impl Into<String>) -> Self {
        Self { path: Vec::new(), words: words.into() }
    }

    fn below(mut self, step: Value) -> Self {
        self.path.insert(0, step);
        self
    }
}

/// A value held against the schema of a name.
pub fn judge(value: &Value, name: &str) -> Result<(), Fault> {
    holds(value, &json!(name), DEEPEST)
}

fn holds(value: &Value, schema: &Value, depth: usize) -> Result<(), Fault> {
    if value.is_null() || depth == 0 {
        return Ok(());
    }
    match schema {
        Value::String(name) => match SCHEMAS.get(name) {
            Some(schema) => holds(value, schema, depth - 1),
            None => typed(value, name),
        },
        Value::Object(schema) => {
            if let Some(all) = schema.get("oneOf").and_then(Value::as_array) {
                return one_of(value, all, schema.contains_key("open"), depth);
            }
            if let Some(words) = schema.get("enum").and_then(Value::as_array) {
                // Percentiles (`p95` was recorded beside `pc95`) and lengths of time may be newer ones.
                let measures = || value.as_str().is_some_and(is_measure);
                let open = schema.get("open").is_some_and(|open| open != "numbered" || measures());
                return word(value, words, open);
            }
            if let Some(item) = schema.get("items") {
                return list(value, item, schema, depth);
            }
            if let Some(members) = schema.get("properties").and_then(Value::as_object) {
                return object(value, members, schema, depth);
            }
            let of = schema.get("type").and_then(Value::as_str).unwrap_or("any");
            typed(value, of)?;
            match value {
                Value::String(text) => {
                    sized(text.chars().count() as f64, schema, [" is too short", " is too long"], value)
                }
                Value::Number(number) => {
                    let words = [" is less than the minimum", " is greater than the maximum"];
                    sized(number.as_f64().unwrap_or_default(), schema, words, value)
                }
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn typed(value: &Value, of: &str) -> Result<(), Fault> {
    let fits = match of {
        "string" => value.is_string(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        _ => true,
    };
    if fits { Ok(()) } else { Err(Fault::new(format!("{} is not of type '{of}'", python(value)))) }
}

/// A number behind `p` or `pc`, or before a unit of time.
fn is_measure(word: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let percentile = ["p", "pc"].iter().any(|start| word.strip_prefix(start).is_some_and(number));
    percentile
        || ["m", "h", "d", "w", "mo", "y"].iter().any(|unit| word.strip_suffix(unit).is_some_and(number))
}

fn word(value: &Value, words: &[Value], open: bool) -> Result<(), Fault> {
    typed(value, "string")?;
    if open || words.contains(value) {
        return Ok(());
    }
    let known = python(&Value::Array(words.to_vec()));
    Err(Fault::new(format!("{} is not one of {known}", python(value))))
}

fn sized(size: f64, schema: &Map<String, Value>, words: [&str; 2], value: &Value) -> Result<(), Fault> {
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let wrong = match (bound("min"), bound("max")) {
        (Some(least), _) if size < least => words[0],
        (_, Some(most)) if size > most => words[1],
        _ => return Ok(()),
    };
    Err(Fault::new(format!("{}{wrong}", python(value))))
}

fn list(value: &Value, item: &Value, schema: &Map<String, Value>, depth: usize) -> Result<(), Fault> {
    typed(value, "array")?;
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    sized(items.len() as f64, schema, [" is too short", " is too long"], value)?;
    for (index, one) in items.iter().enumerate() {
        holds(one, item, depth - 1).map_err(|fault| fault.below(json!(index)))?;
    }
    Ok(())
}

fn object(
    value: &Value,
    members: &Map<String, Value>,
    schema: &Map<String, Value>,
    depth: usize,
) -> Result<(), Fault> {
    typed(value, "object")?;
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        if value.get(name).is_none() {
            return Err(Fault::new(format!("'{name}' is a required property")));
        }
    }
    for (name, schema) in members {
        if let Some(member) = value.get(name) {
            holds(member, schema, depth - 1).map_err(|fault| fault.below(json!(name)))?;
        }
    }
    Ok(())
}

/// One of the schemas must hold, among those whose word stands in the value, or that have none where it has none. In
/// an open set a word that none of them has is newer than the document.
fn one_of(value: &Value, all: &[Value], open: bool, depth: usize) -> Result<(), Fault> {
    let all: Vec<Value> = all.iter().flat_map(flat).collect();
    let chooser = CHOOSERS.into_iter().find(|name| all.iter().any(|schema| words_of(schema, name).is_some()));
    let word = chooser.and_then(|name| value.get(name));
    let fits = |schema: &&Value| match (chooser, word) {
        (Some(name), Some(word)) => words_of(schema, name).is_some_and(|words| words.contains(word)),
        (Some(name), None) => words_of(schema, name).is_none(),
        (None, _) => true,
    };
    let mut chosen: Vec<&Value> = all.iter().filter(fits).collect();
    if chosen.is_empty() {
        if open && word.is_some_and(Value::is_string) {
            return Ok(());
        }
        if word.is_none() {
            chosen = all.iter().collect();
        }
    }
    let mut first = None;
    for schema in &chosen {
        match holds(value, schema, depth - 1) {
            Ok(()) => return Ok(()),
            Err(fault) => first = first.or(Some(fault)),
        }
    }
    match first {
        Some(fault) if chosen.len() == 1 => Err(fault),
        _ => Err(Fault::new(format!("{} is not valid under any of the given schemas", python(value)))),
    }
}

/// The schemas that a choice among choices comes to.
fn flat(schema: &Value) -> Vec<Value> {
    let inner = schema.as_str().and_then(|name| SCHEMAS.get(name)?.get("oneOf")?.as_array());
    inner.map_or_else(|| vec![schema.clone()], |all| all.iter().flat_map(flat).collect())
}

/// The words that a member of a schema may have.
fn words_of<'a>(schema: &'a Value, member: &str) -> Option<&'a Vec<Value>> {
    let schema = schema.as_str().map_or(Some(schema), |name| SCHEMAS.get(name))?;
    schema.get("properties")?.get(member)?.get("enum")?.as_array()
}

/// The widgets of a board, each in its place; the words of issues 410 of datadogpy and 2243 of terraform's provider.
pub fn all(widgets: &[Value], layout: &str, reflow: Option<&str>) -> Result<(), Answer> {
    for (position, widget) in widgets.iter().enumerate() {
        placed(widget, layout, reflow).map_err(|fault| {
            Answer::refusal(400, &format!("Invalid widget at position {position}. Error: {}", fault.words))
        })?;
        defined(widget).map_err(|fault| {
            let class = class(widget);
            let words = format!(
                "Invalid widget definition at position {position} of type {class}. Error: {}",
                fault.words
            );
            Answer::refusal(400, &words)
        })?;
    }
    Ok(())
}

/// What is wrong with the first of some widgets that the service refuses, wherever they stand.
pub fn first_fault(widgets: &[Value]) -> Option<String> {
    let judged = |widget| placed(widget, "", None).and_then(|()| defined(widget));
    widgets.iter().find_map(|widget| judged(widget).err()).map(|fault| fault.words)
}

fn class(widget: &Value) -> &str {
    widget.pointer("/definition/type").and_then(Value::as_str).unwrap_or_default()
}

fn placed(widget: &Value, layout: &str, reflow: Option<&str>) -> Result<(), Fault> {
    match widget.get("layout").filter(|place| !place.is_null()) {
        Some(place) => judge(place, "WidgetLayout"),
        None if layout == "free" || reflow == Some("fixed") => {
            Err(Fault::new("'layout' is a required property"))
        }
        None => Ok(()),
    }
}

/// Groups are judged widget by widget, as the service does.
fn defined(widget: &Value) -> Result<(), Fault> {
    let Some(definition) = widget.get("definition") else {
        return Err(Fault::new("'definition' is a required property"));
    };
    if definition.get("type").and_then(Value::as_str).is_none() {
        return Err(Fault::new("'type' is a required property").below(json!("definition")));
    }
    if class(widget) == "group" {
        for (position, inner) in
            definition.get("widgets").and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            defined(inner).map_err(|fault| {
                let class = class(inner);
                Fault::new(format!(
                    "Invalid inner widget definition at position {position} of type {class}. Error: {}",
                    fault.words
                ))
            })?;
        }
    }
    judge(definition, "WidgetDefinition")
}

/// A dry run of many widgets (terraform-provider-datadog, pull request 4063): one result for each.
pub fn validate(_: &mut World, call: &Call, _: &str) -> Result<Answer, Answer> {
    let sent = call.object()?;
    let Some(widgets) = sent.get("widgets").and_then(Value::as_array) else {
        return Err(Answer::refusal(400, "Required parameter 'widgets' is missing"));
    };
    let text = |name: &str| sent.get(name).and_then(Value::as_str);
    let layout = text("layout_type").unwrap_or_default();
    let result = |widget: &Value| {
        let judged = placed(widget, layout, text("reflow_type")).and_then(|()| defined(widget));
        let (words, path) = match &judged {
            Ok(()) => (Value::Null, Value::Null),
            Err(fault) => (json!(fault.words), json!(python(&Value::Array(fault.path.clone())))),
        };
        let class = widget.pointer("/definition/type").cloned().unwrap_or_default();
        json!({ "is_valid": judged.is_ok(), "widget_type": class, "error_message": words, "error_path": path })
    };
    Ok(Answer::json(&json!({ "results": widgets.iter().map(result).collect::<Vec<_>>() })))
}

/// The value as Python prints it, which is how the service quotes; not deeper than it is read.
pub fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        Value::Array(list) => format!("[{}]", list.iter().map(python).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let pair = |(name, value): (&String, &Value)| format!("'{name}': {}", python(value));
            format!("{{{}}}", map.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        Value::Number(number) => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(definition: Value) -> Option<String> {
        judge(&definition, "WidgetDefinition")
            .err()
            .map(|fault| format!("{}: {}", python(&Value::Array(fault.path)), fault.words))
    }

    #[test]
    fn python_quotes() {
        let value = json!({ "name": "a'b", "list": [null, true, 1.5], "x": {} });
        assert_eq!(python(&value), r"{'name': 'a\'b', 'list': [None, True, 1.5], 'x': {}}");
    }

    #[test]
    fn schemas_hold() {
        assert!(SCHEMAS.as_object().is_some_and(|all| all.len() > 200));
        let query = |query: Value| json!({ "type": "query_value", "requests": [{ "queries": [query] }] });
        for (definition, expected) in [
            (json!({ "type": "note", "content": "x" }), None),
            (json!({ "type": "of tomorrow", "content": 1 }), None),
            (json!({ "type": "note" }), Some("[]: 'content' is a required property")),
            (json!({ "type": "note", "content": 1 }), Some("['content']: 1 is not of type 'string'")),
            (
                json!({ "type": "note", "content": "", "text_align": "up" }),
                Some("['text_align']: 'up' is not one of ['center', 'left', 'right']"),
            ),
            (json!({ "type": "query_value", "requests": [] }), Some("['requests']: [] is too short")),
            (query(json!({ "data_source": "metrics", "name": "a", "query": "q" })), None),
            (query(json!({ "data_source": "of tomorrow" })), None),
            (
                query(json!({ "data_source": "metrics", "name": "a" })),
                Some("['requests', 0, 'queries', 0]: 'query' is a required property"),
            ),
        ] {
            assert_eq!(words(definition.clone()).as_deref(), expected, "{definition}");
        }
    }
}
