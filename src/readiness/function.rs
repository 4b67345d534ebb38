//! What the setup of a function answers: tracing, profiling, protection. From its variables and layers, as
//! `aws lambda list-functions` prints them.

use serde_json::Value;

use super::answer::{Cell, Class, Evidence, Question, State};
use crate::coverage::Function;

/// Variables that turn on what attacks are seen by (documentation, Serverless > App and API Protection).
pub const PROTECTION: [&str; 2] = ["DD_APPSEC_ENABLED", "DD_SERVERLESS_APPSEC_ENABLED"];

fn cell(question: Question, state: State, text: impl Into<String>, function: &Function) -> Cell {
    let text = format!("`{}`: {}", function.name, text.into());
    let evidence = vec![Evidence::new(Class::Pipeline, text, &function.position)];
    Cell { question, state, evidence }
}

pub fn is_on(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on")
}

pub fn is_off(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "false" | "0" | "no" | "off")
}

/// Whether the list says anything of how the function is set up.
pub fn is_described(function: &Function) -> bool {
    function.item.get("Environment").is_some() || function.item.get("Handler").is_some()
}

fn unknown(question: Question, function: &Function) -> Cell {
    cell(question, State::Grey, "the list says nothing of its variables", function)
}

/// A variable that turns something on.
fn by_variable(question: Question, names: &[&str], function: &Function) -> Cell {
    let set = names.iter().find_map(|name| Some((name, function.variable(name)?)));
    match set {
        Some((name, value)) if is_on(value) => {
            cell(question, State::Green, format!("{name} is on"), function)
        }
        Some((name, _)) => cell(question, State::Red, format!("{name} is off"), function),
        None if !is_described(function) => unknown(question, function),
        None => cell(question, State::Red, format!("{} is not set", names.join(" or ")), function),
    }
}

pub fn profiling(function: &Function) -> Cell {
    let question = Question::Profiling;
    let runtime = function.item.get("Runtime").and_then(Value::as_str).unwrap_or_default();
    if runtime.starts_with("provided") && function.variable("DD_PROFILING_ENABLED").is_none() {
        return cell(question, State::Grey, format!("`{runtime}` doesn't tell the language"), function);
    }
    by_variable(question, &["DD_PROFILING_ENABLED"], function)
}

pub fn security(function: &Function) -> Cell {
    by_variable(Question::Security, &PROTECTION, function)
}

/// Whether it sends traces, and logs that lead to them. That no hop loses them is not seen here.
pub fn traces(function: &Function) -> Cell {
    let question = Question::Traces;
    let said = |state, text: &str| cell(question, state, text, function);
    if !is_described(function) {
        return unknown(question, function);
    }
    let tracing = function.variable("DD_TRACE_ENABLED");
    if tracing.is_some_and(is_off) {
        return said(State::Red, "DD_TRACE_ENABLED is off");
    }
    let is_image = function.item.get("PackageType").and_then(Value::as_str) == Some("Image");
    match (has_layer(function), is_image) {
        (true, _) => {}
        (false, true) => return said(State::Grey, "an image: what carries its traces is not known"),
        (false, false) => return said(State::Red, "no layer of Datadog carries its traces"),
    }
    match (tracing, function.variable("DD_LOGS_INJECTION")) {
        (None, _) => said(State::Yellow, "DD_TRACE_ENABLED is not set"),
        (Some(_), Some(value)) if is_off(value) => {
            said(State::Yellow, "DD_LOGS_INJECTION is off: logs lead to no trace")
        }
        (Some(_), None) => said(State::Yellow, "DD_LOGS_INJECTION is not set: logs may lead to no trace"),
        _ => said(State::Green, "DD_TRACE_ENABLED and DD_LOGS_INJECTION are on, with a layer of Datadog"),
    }
}

fn has_layer(function: &Function) -> bool {
    let layers = function.item.get("Layers").and_then(Value::as_array).into_iter().flatten();
    layers.filter_map(|layer| layer.get("Arn").unwrap_or(layer).as_str()).any(|arn| {
        let name = arn.split(':').nth(6).unwrap_or(arn).to_ascii_lowercase();
        name.contains("datadog") || name.starts_with("dd-trace")
    })
}
