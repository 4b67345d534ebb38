//! What processors do to what flows through them: memory, order, batches, names.

use crate::diagnostic::Severity;
use crate::pipelines::collector::{Collector, Pipeline, type_of};
use crate::pipelines::finding::{Findings, Spot};
use crate::pipelines::rules;
use crate::pipelines::subjects::Subjects;
use crate::pipelines::view::View;
use crate::source::short;

pub fn judge(subjects: &Subjects<'_>, found: &mut Findings) {
    for collector in &subjects.collectors {
        limiter(collector, found);
        for (_, view) in of_type(collector, "memory_limiter") {
            limits(&view, found);
            fits(collector, &view, subjects, found);
        }
        go_limit(collector, subjects, found);
        for pipeline in &collector.pipelines {
            order(pipeline, found);
            batches(collector, pipeline, found);
        }
        for (_, view) in of_type(collector, "batch") {
            sizes(&view, found);
        }
        names(collector, found);
    }
}

fn of_type<'a>(collector: &Collector<'a>, of: &str) -> Vec<(&'a str, View<'a>)> {
    collector.components("processors").into_iter().filter(|(id, _)| type_of(id) == of).collect()
}

fn limiter(collector: &Collector<'_>, found: &mut Findings) {
    let severity = if collector.is_deployed() { Severity::Warning } else { Severity::Advice };
    for pipeline in &collector.pipelines {
        match pipeline.processor("memory_limiter") {
            Some(0) => {}
            Some(at) => {
                let text = "`memory_limiter` comes too late: what is before it takes memory without a limit";
                let spot = Spot::value(&pipeline.processors[at].view);
                found.add(&rules::NO_LIMITER, spot, text, "name it first").severity(Severity::Warning);
            }
            None => {
                let text = format!(
                    "The pipeline `{}` has no memory_limiter: a peak kills the collector",
                    short(pipeline.name)
                );
                let help = "define `memory_limiter: {check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 20}`, and name it first";
                found.add(&rules::NO_LIMITER, Spot::key(&pipeline.view), text, help).severity(severity);
            }
        }
    }
}

fn number(view: &View<'_>, key: &str) -> Option<f64> {
    let value = view.get(key)?.value;
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Whether a setting has a value that can be known to be nothing.
fn is_nothing(view: &View<'_>, key: &str) -> bool {
    view.get(key).is_none_or(|own| match own.scalar() {
        Some(text) => matches!(text.trim(), "0" | "0s" | "0ms" | "0m" | ""),
        None => own.value.is_null(),
    })
}

fn limits(view: &View<'_>, found: &mut Findings) {
    let spot = |key: &str| view.get(key).map_or_else(|| Spot::key(view), |own| Spot::value(&own));
    if is_nothing(view, "check_interval") {
        let text =
            "This memory_limiter has no `check_interval`: it never checks, and the collector refuses it";
        found.add(&rules::LIMITER_OFF, spot("check_interval"), text, "set `check_interval: 1s`");
    }
    if is_nothing(view, "limit_mib") && is_nothing(view, "limit_percentage") {
        let text = "This memory_limiter has no limit: the collector refuses it";
        found.add(&rules::LIMITER_OFF, Spot::key(view), text, "set `limit_mib`, or `limit_percentage: 80`");
    }
    for (limit, spike) in [("limit_mib", "spike_limit_mib"), ("limit_percentage", "spike_limit_percentage")] {
        if let (Some(most), Some(peak)) = (number(view, limit), number(view, spike))
            && peak >= most
            && most > 0.0
        {
            let text = format!("`{spike}` is not below `{limit}`: the soft limit is nothing");
            let help = "a fifth of the limit is usual";
            found.add(&rules::LIMITER_OFF, spot(spike), text, help).also("the limit", spot(limit));
        }
    }
}

/// What the process takes itself, in MiB, and the least that leaves room for telemetry.
const LEAST: f64 = 100.0;

fn fits(collector: &Collector<'_>, view: &View<'_>, subjects: &Subjects<'_>, found: &mut Findings) {
    let (Some(limit), Some(own)) = (number(view, "limit_mib"), view.get("limit_mib")) else { return };
    if limit > 0.0 && limit < LEAST {
        let text = format!(
            "{limit} MiB is hardly more than the collector itself takes (some 50): it refuses what comes in"
        );
        found.add(&rules::LIMITER_SIZE, Spot::value(&own), text, "set 80 % of the container's memory");
    }
    for (workload, container) in subjects.runners(collector) {
        if let Some(memory) = workload.memory(container).filter(|memory| limit >= *memory as f64) {
            let text = format!(
                "{limit} MiB is not below the {memory} MiB of the container `{}`: it is killed first",
                short(&container.name)
            );
            found
                .add(&rules::LIMITER_SIZE, Spot::value(&own), text, "set 80 % of the container's memory")
                .also("the container", Spot::key(&container.view));
        }
    }
}

fn go_limit(collector: &Collector<'_>, subjects: &Subjects<'_>, found: &mut Findings) {
    if of_type(collector, "memory_limiter").is_empty() {
        return;
    }
    for (_, container) in subjects.runners(collector).into_iter().filter(|(_, own)| !own.has("GOMEMLIMIT")) {
        let text = format!(
            "`{}` has no GOMEMLIMIT: the Go runtime doesn't know of the memory_limiter",
            short(&container.name)
        );
        let help = "set the variable GOMEMLIMIT to 80 % of the container's memory: `400MiB` of 512";
        found.add(&rules::GOMEMLIMIT, Spot::key(&container.view), text, help);
    }
}

/// Processors that need the sender, of which a batch knows nothing.
const OF_SENDER: [&str; 2] = ["k8sattributes", "k8s_attributes"];
/// Processors that gather from several senders.
const GATHERING: [&str; 3] = ["batch", "tail_sampling", "groupbytrace"];
/// Processors that change what is there.
const CHANGING: [&str; 5] = ["transform", "attributes", "resource", "redaction", "metricstransform"];
/// Processors that take away.
const DROPPING: [&str; 4] = ["tail_sampling", "probabilistic_sampler", "filter", "logdedup"];

fn first(pipeline: &Pipeline<'_>, of: &[&str]) -> Option<usize> {
    pipeline.processors.iter().position(|own| of.contains(&type_of(own.id)))
}

fn order(pipeline: &Pipeline<'_>, found: &mut Findings) {
    let name = |at: usize| short(pipeline.processors[at].id);
    let spot = |at: usize| Spot::value(&pipeline.processors[at].view);
    if let (Some(gathers), Some(asks)) = (first(pipeline, &GATHERING), first(pipeline, &OF_SENDER))
        && gathers < asks
    {
        let text = format!("`{}` comes behind `{}`, which forgets who sent what", name(asks), name(gathers));
        let help = format!("name `{}` before it", name(asks));
        found.add(&rules::ORDER, spot(asks), text, help).also("the one before", spot(gathers));
    }
    let Some(batch) = pipeline.processor("batch") else { return };
    let behind = pipeline.processors.iter().enumerate().skip(batch + 1);
    for (at, own) in behind {
        let of = type_of(own.id);
        if DROPPING.contains(&of) {
            let text = format!(
                "`{}` is made before `{}`: batches are filled with what is then dropped",
                name(batch),
                name(at)
            );
            let help = format!("name `{}` behind it", name(batch));
            found.add(&rules::BATCH_FIRST, spot(batch), text, help).also("what drops", spot(at));
        } else if CHANGING.contains(&of) {
            let text = format!("`{}` works on batches: it stands better before `{}`", name(at), name(batch));
            let help = "the usual order is memory_limiter, sampling, context, changes, batch";
            found.add(&rules::ORDER, spot(at), text, help).also("the one before", spot(batch));
        }
    }
}

/// Where the batch processor's size begins.
const DEFAULT_SIZE: f64 = 8192.0;

fn sizes(view: &View<'_>, found: &mut Findings) {
    let size = match view.get("send_batch_size") {
        Some(_) => number(view, "send_batch_size"),
        None => Some(DEFAULT_SIZE),
    };
    if let (Some(size), Some(most), Some(own)) =
        (size, number(view, "send_batch_max_size"), view.get("send_batch_max_size"))
        && most > 0.0
        && most < size
    {
        let default = if view.get("send_batch_size").is_none() { ", which is the default" } else { "" };
        let text = format!(
            "`send_batch_max_size` is below `send_batch_size` ({size}{default}): the collector refuses it"
        );
        found.add(
            &rules::BATCH_SIZE,
            Spot::value(&own),
            text,
            "set `send_batch_size` to no more than the largest size",
        );
    }
    let text = "The processor `batch` is a thing of the past: exporters batch in their queues, where nothing is lost";
    found.add(
        &rules::LEGACY_BATCH,
        Spot::key(view),
        text,
        "set `sending_queue: {batch: {…}}` of the exporters",
    );
}

/// Seconds of a duration in Go's notation.
fn seconds(text: &str) -> Option<f64> {
    let (mut rest, mut sum) = (text.trim(), 0.0);
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let (number, behind) = rest.split_at(digits);
        let letters = behind.len() - behind.trim_start_matches(|c: char| c.is_alphabetic()).len();
        let (unit, behind) = behind.split_at(letters);
        let factor = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * factor;
        rest = behind;
    }
    Some(sum)
}

/// Datadog's intake takes 3.2 MB at once; its documentation asks for 100 to 1000 within 10 seconds.
fn batches(collector: &Collector<'_>, pipeline: &Pipeline<'_>, found: &mut Findings) {
    let to_datadog = pipeline
        .exporters
        .iter()
        .any(|own| own.is("datadog") && collector.component("exporters", own.id).is_some());
    let Some(batch) = pipeline.processors.iter().find(|own| own.is("batch")).filter(|_| to_datadog) else {
        return;
    };
    let Some(view) = collector.component("processors", batch.id) else { return };
    const HELP: &str = "Datadog asks for `{send_batch_size: 100, send_batch_max_size: 1000, timeout: 10s}`";
    let most = view.get("send_batch_max_size");
    if most.is_none() || number(&view, "send_batch_max_size").is_some_and(|most| most > 1000.0 || most == 0.0)
    {
        let text = "Batches of this size are refused: Datadog's intake takes 3.2 MB at once";
        let spot = most.as_ref().map_or_else(|| Spot::key(&view), Spot::value);
        once(found, &rules::DATADOG_BATCH, spot, text, HELP);
    }
    if number(&view, "send_batch_size").is_some_and(|size| size < 100.0)
        && let Some(size) = view.get("send_batch_size")
    {
        let text = "Batches as small as this cost a request for a handful of items";
        once(found, &rules::DATADOG_BATCH, Spot::value(&size), text, HELP);
    }
    let timeout = view.get("timeout");
    if let Some(own) = timeout.filter(|own| own.literal().and_then(seconds).is_some_and(|own| own > 10.0)) {
        let text = "What waits longer than 10 seconds is late in Datadog, and lost with the collector";
        once(found, &rules::DATADOG_BATCH, Spot::value(&own), text, HELP);
    }
}

/// Several pipelines share a component: its findings are reported once.
fn once(found: &mut Findings, rule: &'static rules::Rule, spot: Spot, text: &str, help: &str) {
    let same = |spot: &Spot| match spot {
        Spot::Node { document, pointer, .. } => Some((*document, pointer.clone())),
        Spot::Body { .. } | Spot::At(_) => None,
    };
    let wanted = same(&spot);
    if !found
        .list
        .iter()
        .any(|own| own.rule.code == rule.code && own.text == text && same(&own.spot) == wanted)
    {
        found.add(rule, spot, text, help);
    }
}

/// What every SDK sets: an `insert` never applies.
const SET_BY_SDKS: [&str; 4] =
    ["service.name", "telemetry.sdk.name", "telemetry.sdk.language", "telemetry.sdk.version"];

fn names(collector: &Collector<'_>, found: &mut Findings) {
    for (id, view) in collector.components("processors") {
        let (of, list) = match type_of(id) {
            "resource" => ("resource", "attributes"),
            "attributes" => ("attributes", "actions"),
            _ => continue,
        };
        for action in view.list(list) {
            let (Some(key), Some(verb)) = (action.get("key"), action.get("action")) else { continue };
            let (Some(name), Some(verb)) = (key.text(), verb.text()) else { continue };
            if of == "resource" && verb == "insert" && SET_BY_SDKS.contains(&name) {
                let text =
                    format!("SDKs always set `{name}`: `insert` leaves theirs alone and never applies");
                found.add(&rules::INSERT, Spot::value(&key), text, "write `action: upsert`, or take it out");
            }
            if matches!(verb, "insert" | "upsert") && matches!(name, "env" | "deployment.environment") {
                let text = format!("`{name}` is not the name that the conventions have for it");
                found.add(
                    &rules::ATTRIBUTE,
                    Spot::value(&key),
                    text,
                    "write `deployment.environment.name`: Datadog makes `env` of it",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_go() {
        for (text, expected) in [
            ("20s", Some(20.0)),
            ("1m30s", Some(90.0)),
            ("500ms", Some(0.5)),
            ("x", None),
            ("5", None),
            ("", Some(0.0)),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
