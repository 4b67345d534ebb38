//! What the setup of a program in a container answers: tracing, profiling, protection.

use super::answer::{Cell, Class, Evidence, Question, State};
use super::function::{self, is_off, is_on};
use crate::pipelines::Setup;

fn cell(question: Question, state: State, text: impl Into<String>, own: &Setup) -> Cell {
    let text = format!("`{}`: {}", own.name, text.into());
    Cell { question, state, evidence: vec![Evidence::new(Class::Pipeline, text, &own.position)] }
}

/// The answers that a setup gives, in the order of the questions.
pub fn cells(own: &Setup) -> Vec<Cell> {
    vec![
        traces(own),
        by_variable(Question::Profiling, &["DD_PROFILING_ENABLED"], own),
        by_variable(Question::Security, &function::PROTECTION, own),
    ]
}

fn by_variable(question: Question, names: &[&str], own: &Setup) -> Cell {
    let set = names.iter().find_map(|name| Some((name, own.variables.get(*name)?)));
    let said = |state, text: String| cell(question, state, text, own);
    match set {
        Some((name, Some(value))) if is_on(value) => said(State::Green, format!("{name} is on")),
        // Of profiling `auto`: where it is worth it.
        Some((name, Some(value))) if value == "auto" => said(State::Green, format!("{name} is `auto`")),
        Some((name, Some(_))) => said(State::Red, format!("{name} is off")),
        Some((name, None)) => said(State::Grey, format!("{name} is set elsewhere")),
        None if own.is_open => said(State::Grey, "not all of its variables are written here".to_owned()),
        None => said(State::Red, format!("{} is not set", names.join(" or "))),
    }
}

/// Whether its traces go somewhere, with logs that lead to them.
fn traces(own: &Setup) -> Cell {
    let question = Question::Traces;
    let value = |name: &str| own.variables.get(name).map(|value| value.as_deref().unwrap_or_default());
    if value("DD_TRACE_ENABLED").is_some_and(is_off) {
        return cell(question, State::Red, "DD_TRACE_ENABLED is off", own);
    }
    if value("OTEL_SDK_DISABLED").is_some_and(is_on) {
        return cell(question, State::Red, "OTEL_SDK_DISABLED is on", own);
    }
    let Some(carrier) = &own.carrier else {
        return cell(question, State::Grey, "nothing here says where its traces go", own);
    };
    match value("DD_LOGS_INJECTION") {
        Some(value) if is_on(value) => {
            cell(question, State::Green, format!("traces go to {carrier}, DD_LOGS_INJECTION is on"), own)
        }
        Some(value) if is_off(value) => {
            cell(question, State::Yellow, "DD_LOGS_INJECTION is off: logs lead to no trace", own)
        }
        _ => cell(
            question,
            State::Yellow,
            format!("traces go to {carrier}, and nothing says that logs lead to them"),
            own,
        ),
    }
}
