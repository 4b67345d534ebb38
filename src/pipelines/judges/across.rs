//! Pipelines against what the project declares: monitors that read what nobody sends.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::did_you_mean;
use crate::pipelines::collector::type_of;
use crate::pipelines::finding::{Findings, Spot};
use crate::pipelines::function::Function;
use crate::pipelines::rules;
use crate::pipelines::subjects::Subjects;
use crate::pipelines::view::{View, is_literal};
use crate::pipelines::watch::{Of, Read, Watch};
use crate::source::short;

pub fn judge(subjects: &Subjects<'_>, watches: &[Watch], is_sandbox: bool, found: &mut Findings) {
    extensions(subjects, watches, found);
    if !is_sandbox {
        unfed(subjects, watches, found);
    }
    logs(subjects, watches, found);
    profiles(subjects, watches, found);
    collectors(subjects, watches, found);
}

const ENHANCED: &str = "aws.lambda.enhanced.";

/// Functions that a query names, by their names or by their service.
fn selected<'s, 'a>(subjects: &'s Subjects<'a>, read: &Read) -> Vec<&'s Function<'a>> {
    let names: Vec<&str> = read.values("functionname").chain(read.values("function_name")).collect();
    let services: Vec<&str> = read.values("service").collect();
    let by_name = |function: &&Function<'a>| names.contains(&function.name.to_ascii_lowercase().as_str());
    let by_service = |function: &&Function<'a>| {
        let own = function.says("DD_SERVICE");
        own.is_some_and(|own| services.contains(&own.as_str()))
    };
    match names.is_empty() {
        false => subjects.functions.iter().filter(by_name).collect(),
        true => subjects.functions.iter().filter(by_service).collect(),
    }
}

fn extensions(subjects: &Subjects<'_>, watches: &[Watch], found: &mut Findings) {
    for watch in watches.iter().filter(|watch| watch.alerts()) {
        let mut seen = BTreeSet::new();
        for read in
            watch.reads.iter().filter(|read| read.metric().is_some_and(|name| name.starts_with(ENHANCED)))
        {
            let own = selected(subjects, read);
            // Of a service it is enough that one of its functions reports.
            let by_service = read.values("functionname").chain(read.values("function_name")).next().is_none();
            let silent = |function: &&&Function<'_>| !function.has_extension() && !function.is_image();
            let first = own
                .iter()
                .find(silent)
                .filter(|_| !by_service || own.iter().all(|function| silent(&function)));
            let Some(function) = first.filter(|function| seen.insert(function.name)) else { continue };
            let metric = read.metric().unwrap_or_default();
            let text = format!(
                "`{}` reads `{}`, which `{}` doesn't send: it has no extension",
                watch.address,
                short(metric),
                short(function.name)
            );
            let layers = function.view.get("Layers");
            found
                .add(
                    &rules::NO_EXTENSION,
                    watch.spot(&read.pointer),
                    text,
                    "add the layer Datadog-Extension, or read `aws.lambda.…`",
                )
                .also("the function", Spot::key(layers.as_ref().unwrap_or(&function.view)))
                .instances
                .push(watch.address.clone());
        }
    }
}

/// What pipelines emit for a key, and where one of the values is said.
#[derive(Default)]
struct Emitted {
    values: BTreeMap<String, Spot>,
    /// A value that can't be known: anything may be emitted.
    is_open: bool,
}

impl Emitted {
    fn add(&mut self, view: &View<'_>, value: Option<String>) {
        match value.filter(|text| is_literal(text)) {
            Some(value) if value.is_empty() => {}
            Some(value) => {
                self.values.entry(value.to_ascii_lowercase()).or_insert_with(|| Spot::value(view));
            }
            None => self.is_open = true,
        }
    }
}

/// How a key of unified service tagging is written: variable, resource attributes, label.
struct Key {
    tag: &'static str,
    variable: &'static str,
    attributes: &'static [&'static str],
    label: &'static str,
}

const UNIFIED: [Key; 2] = [
    Key {
        tag: "env",
        variable: "DD_ENV",
        attributes: &["deployment.environment.name", "deployment.environment", "env"],
        label: "tags.datadoghq.com/env",
    },
    Key {
        tag: "service",
        variable: "DD_SERVICE",
        attributes: &["service.name", "service"],
        label: "tags.datadoghq.com/service",
    },
];

fn emitted(subjects: &Subjects<'_>, key: &Key) -> Emitted {
    let mut emitted = Emitted::default();
    for (workload, container) in subjects.containers() {
        emitted.is_open |= container.is_open && !container.is_collector();
        let names = [key.variable].into_iter().chain((key.tag == "service").then_some("OTEL_SERVICE_NAME"));
        for own in names.filter_map(|name| container.variable(name)) {
            let of_list = own.view.text().and_then(|text| Some(text.split_once('=')?.1.to_owned()));
            emitted.add(&own.view, own.literal().or(of_list));
        }
        if let Some(own) = container.variable("OTEL_RESOURCE_ATTRIBUTES") {
            let text = own.value.as_ref().and_then(View::scalar);
            emitted.is_open |= text.is_none();
            for pair in text.as_deref().unwrap_or_default().split(',') {
                if let Some((name, value)) =
                    pair.split_once('=').filter(|(name, _)| key.attributes.contains(&name.trim()))
                {
                    let _ = name;
                    emitted.add(&own.view, Some(value.trim().to_owned()));
                }
            }
        }
        if let Some(label) = workload.labels.get(key.label) {
            emitted.add(&workload.pod, Some(label.clone()));
        }
    }
    for function in &subjects.functions {
        if let Some(own) = function.variable(key.variable) {
            emitted.add(&own, own.scalar());
        }
    }
    for collector in &subjects.collectors {
        for (id, view) in collector.components("processors") {
            let list = match type_of(id) {
                "resource" => "attributes",
                "attributes" => "actions",
                // What is written there can be anything.
                "transform" => {
                    emitted.is_open |= view
                        .texts()
                        .iter()
                        .any(|(_, text)| key.attributes.iter().any(|own| text.contains(own)));
                    continue;
                }
                _ => continue,
            };
            for action in view.list(list) {
                let named = action
                    .get("key")
                    .and_then(|own| own.text())
                    .is_some_and(|own| key.attributes.contains(&own));
                if named && let Some(value) = action.get("value") {
                    emitted.add(&value, value.scalar());
                } else if named && action.get("from_attribute").is_some() {
                    emitted.is_open = true;
                }
            }
        }
    }
    emitted
}

/// Metrics that come from the integrations of clouds and from Datadog itself, not from pipelines.
const FROM_ELSEWHERE: [&str; 10] = [
    "aws.",
    "gcp.",
    "azure.",
    "datadog.",
    "synthetics.",
    "rum.",
    "ci.",
    "estimated_usage.",
    "oci.",
    "cloudflare.",
];

fn comes_from_here(read: &Read) -> bool {
    match &read.of {
        Of::Metric(name) => {
            name.starts_with(ENHANCED) || !FROM_ELSEWHERE.iter().any(|start| name.starts_with(start))
        }
        Of::Events(source) => {
            matches!(source.as_str(), "logs" | "trace-analytics" | "spans" | "error-tracking")
        }
    }
}

/// So many values that nothing emits are mistakes, whatever else is watched.
const FEW: usize = 3;

fn unfed(subjects: &Subjects<'_>, watches: &[Watch], found: &mut Findings) {
    for key in UNIFIED {
        let emitted = emitted(subjects, &key);
        let Some((_, spot)) = emitted.values.first_key_value().filter(|_| !emitted.is_open) else { continue };
        let mut missing: BTreeMap<&str, Vec<(&Watch, &Read)>> = BTreeMap::new();
        for watch in watches.iter().filter(|watch| watch.alerts()) {
            for read in watch.reads.iter().filter(|read| comes_from_here(read)) {
                for value in read.values(key.tag).filter(|value| !emitted.values.contains_key(*value)) {
                    missing.entry(value).or_default().push((watch, read));
                }
            }
        }
        let fed = watches.iter().flat_map(|watch| &watch.reads).flat_map(|read| read.values(key.tag));
        let fed: BTreeSet<&str> = fed.filter(|value| emitted.values.contains_key(*value)).collect();
        // Where most of what is watched comes from elsewhere, these are not the pipelines of the project.
        if missing.len() > fed.len().max(FEW) {
            continue;
        }
        for (value, readers) in missing {
            let Some((watch, read)) = readers.first() else { continue };
            let text = format!(
                "`{}` selects `{}:{}`, which no pipeline emits",
                watch.address,
                key.tag,
                short(value)
            );
            let known: Vec<&str> = emitted.values.keys().map(String::as_str).collect();
            let help = match did_you_mean(value, known.iter().copied()) {
                Some(meant) => format!("did you mean `{}:{meant}`?", key.tag),
                None => format!("pipelines emit {}", listed(&known)),
            };
            let finding = found
                .add(&rules::UNFED, watch.spot(&read.pointer), text, help)
                .also("one that is emitted", spot.clone());
            finding.instances = readers
                .iter()
                .map(|(watch, _)| watch.address.clone())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect();
        }
    }
}

fn listed(known: &[&str]) -> String {
    let names: Vec<String> = known.iter().take(12).map(|name| format!("`{}`", short(name))).collect();
    let more = known.len().saturating_sub(12);
    if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
}

fn logs(subjects: &Subjects<'_>, watches: &[Watch], found: &mut Findings) {
    const VARIABLE: &str = "DD_SERVERLESS_LOGS_ENABLED";
    for watch in watches.iter().filter(|watch| watch.alerts()) {
        for read in watch.reads.iter().filter(|read| read.of == Of::Events("logs".to_owned())) {
            let own = selected(subjects, read);
            let Some(function) = own.first().filter(|_| own.iter().all(|function| function.is_off(VARIABLE)))
            else {
                continue;
            };
            let Some(off) = function.variable(VARIABLE) else { continue };
            let text =
                format!("`{}` reads logs of `{}`, which sends none", watch.address, short(function.name));
            found
                .add(
                    &rules::UNFED_LOGS,
                    watch.spot(&read.pointer),
                    text,
                    format!("take `{VARIABLE}` out, unless another way leads its logs to Datadog"),
                )
                .also("switched off here", Spot::value(&off))
                .instances
                .push(watch.address.clone());
            break;
        }
    }
}

/// Boards of profiles.
fn profiles(subjects: &Subjects<'_>, watches: &[Watch], found: &mut Findings) {
    const VARIABLE: &str = "DD_PROFILING_ENABLED";
    for watch in watches {
        let of_profiles =
            |read: &&Read| matches!(&read.of, Of::Events(source) if source.starts_with("profile"));
        for read in watch.reads.iter().filter(of_profiles) {
            let own = selected(subjects, read);
            let Some(function) = own.first().filter(|_| !own.iter().any(|function| function.is_on(VARIABLE)))
            else {
                continue;
            };
            let text =
                format!("`{}` shows profiles of `{}`, which sends none", watch.address, short(function.name));
            let off = function.variable(VARIABLE).or_else(|| function.variables.clone());
            found
                .add(
                    &rules::UNFED_LOGS,
                    watch.spot(&read.pointer),
                    text,
                    format!("set `{VARIABLE}` to `true`"),
                )
                .also("not switched on here", Spot::key(off.as_ref().unwrap_or(&function.view)))
                .instances
                .push(watch.address.clone());
            break;
        }
    }
}

/// The collectors' own metrics, which somebody watches, and which are off.
fn collectors(subjects: &Subjects<'_>, watches: &[Watch], found: &mut Findings) {
    let reader = watches.iter().find_map(|watch| {
        let mut reads = watch.reads.iter().filter(|read| {
            read.metric().is_some_and(|name| name.starts_with("otelcol_") || name.starts_with("otelcol."))
        });
        Some((watch, reads.next()?))
    });
    let Some((watch, read)) = reader else { return };
    for collector in &subjects.collectors {
        let level = collector.service().and_then(|service| service.at("telemetry/metrics/level"));
        if let Some(level) =
            level.filter(|level| level.text().is_some_and(|text| text.eq_ignore_ascii_case("none")))
        {
            let text = format!(
                "The collector's own metrics are off, and `{}` reads `{}`",
                watch.address,
                short(read.metric().unwrap_or_default())
            );
            found
                .add(
                    &rules::UNFED_COLLECTOR,
                    Spot::value(&level),
                    text,
                    "write `level: normal`, or leave it out",
                )
                .also("read here", watch.spot(&read.pointer));
        }
    }
}
