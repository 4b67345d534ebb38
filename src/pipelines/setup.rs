//! How programs and functions are set up to send, for whoever asks: variables, and what carries traces.

use std::collections::BTreeMap;

use serde_json::Value;

use super::read::{self, Pieces};
use super::subjects::Subjects;
use super::view::View;
use super::workload::{Container, Workload};
use crate::config::Config;
use crate::diagnostic::{Position, Sources};
use crate::source::locate::Locator;

/// Variables by which a program says its service.
const SERVICE: [&str; 2] = ["DD_SERVICE", "OTEL_SERVICE_NAME"];

/// Variables by which it says where its traces go.
const CARRIERS: [&str; 4] = [
    "DD_AGENT_HOST",
    "DD_TRACE_AGENT_URL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
];

/// A program, or a function, as the files of a pipeline set it up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Of the container, or of the function.
    pub name: String,
    /// In lower case.
    pub service: Option<String>,
    /// By name; `None`: it is set, and to what is not known here.
    pub variables: BTreeMap<String, Option<String>>,
    /// It may have variables that are not written here.
    pub is_open: bool,
    /// What its traces go to, in a few words.
    pub carrier: Option<String>,
    /// Of a function: the whole of it, as `aws lambda list-functions` prints it.
    pub function: Option<Value>,
    pub position: Position,
}

/// The setups of all files that the project names as its pipelines. What is wrong with them is reported elsewhere; they
/// become sources.
pub fn setups(config: &Config, sources: &mut Sources) -> Vec<Setup> {
    if config.pipelines.is_empty() {
        return Vec::new();
    }
    let (pieces, _) = read::read(config, sources);
    let subjects = Subjects::read(&pieces, sources);
    let mut locator = Locator::new(sources);
    let mut place = |view: &View<'_>| position(&pieces, view, &mut locator);
    let mut found = Vec::new();
    for workload in &subjects.workloads {
        for container in workload.containers.iter().filter(|own| !own.is_collector() && !own.is_sidecar()) {
            found.extend(of_container(workload, container, place(&container.view)));
        }
    }
    for function in &subjects.functions {
        found.push(Setup {
            name: function.name.to_owned(),
            service: function.says("DD_SERVICE"),
            variables: BTreeMap::new(),
            is_open: false,
            carrier: None,
            function: Some(function.view.value.clone()),
            position: place(&function.view),
        });
    }
    found
}

fn position(pieces: &Pieces, view: &View<'_>, locator: &mut Locator<'_>) -> Position {
    let Some(piece) = pieces.list.get(view.document) else { return Position::default() };
    let at = piece.document.at(&piece.document.nodes(), &view.pointer, &crate::diagnostic::Part::Value);
    locator.locate(&at).position()
}

/// A container that says which service it is; others are nobody's.
fn of_container(workload: &Workload<'_>, container: &Container<'_>, position: Position) -> Option<Setup> {
    let said = |name: &str| container.variable(name).and_then(|own| own.literal());
    let label = || workload.labels.get("tags.datadoghq.com/service").cloned();
    let service = SERVICE.into_iter().find_map(said).or_else(label)?;
    let beside = || workload.containers.iter().find(|own| own.is_sidecar() || own.is_collector());
    let by_variable = CARRIERS.into_iter().find(|name| container.variable(name).is_some());
    let admitted = || {
        let label = workload.labels.get("admission.datadoghq.com/enabled")?;
        (label == "true").then(|| "the admission controller".to_owned())
    };
    let carrier = by_variable
        .map(str::to_owned)
        .or_else(|| beside().map(|own| format!("the container `{}`", own.name)))
        .or_else(admitted);
    Some(Setup {
        name: container.name.clone(),
        service: Some(service.to_lowercase()),
        variables: container.variables.iter().map(|own| (own.name.to_owned(), own.literal())).collect(),
        is_open: container.is_open,
        carrier,
        function: None,
        position,
    })
}
