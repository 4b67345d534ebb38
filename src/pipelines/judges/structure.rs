//! Whether a collector's configuration holds together: what is named is there, what is there is used.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Severity, did_you_mean, known_words};
use crate::pipelines::collector::{Collector, Listener, Named, Pipeline, SECTIONS, type_of};
use crate::pipelines::components::{self, SIGNALS};
use crate::pipelines::finding::{Findings, Spot};
use crate::pipelines::rules;
use crate::pipelines::subjects::Subjects;
use crate::source::short;

pub fn judge(subjects: &Subjects<'_>, found: &mut Findings) {
    for collector in &subjects.collectors {
        undefined(collector, subjects, found);
        started(collector, found);
        unused(collector, found);
        connectors(collector, found);
        incomplete(collector, found);
        circle(collector, found);
        shared(collector, found);
        signals(collector, found);
        unknown(collector, subjects, found);
        removed(collector, subjects, found);
        variables(collector, found);
    }
}

/// The sections that a list of a pipeline names.
const NAMED: [(&str, &[&str]); 3] = [
    ("receivers", &["receivers", "connectors"]),
    ("processors", &["processors"]),
    ("exporters", &["exporters", "connectors"]),
];

fn list<'s, 'a>(pipeline: &'s Pipeline<'a>, name: &str) -> &'s [Named<'a>] {
    match name {
        "receivers" => &pipeline.receivers,
        "processors" => &pipeline.processors,
        _ => &pipeline.exporters,
    }
}

fn undefined(collector: &Collector<'_>, subjects: &Subjects<'_>, found: &mut Findings) {
    for pipeline in &collector.pipelines {
        for (name, sections) in NAMED {
            if sections.iter().any(|section| collector.is_open(section)) {
                continue;
            }
            for named in list(pipeline, name) {
                let defined = sections.iter().any(|section| collector.component(section, named.id).is_some());
                if !defined
                    && !subjects.fragments.contains(named.id)
                    && crate::pipelines::view::is_literal(named.id)
                {
                    missing(collector, named, sections, found);
                }
            }
        }
    }
    let extensions = collector.extensions();
    for named in &extensions {
        let defined =
            collector.is_open("extensions") || collector.component("extensions", named.id).is_some();
        if !defined && !subjects.fragments.contains(named.id) && crate::pipelines::view::is_literal(named.id)
        {
            missing(collector, named, &["extensions"], found);
        }
    }
}

fn missing(collector: &Collector<'_>, named: &Named<'_>, sections: &[&str], found: &mut Findings) {
    let known: Vec<&str> =
        sections.iter().flat_map(|section| collector.components(section)).map(|(id, _)| id).collect();
    let text = format!("`{}` is not defined under `{}`", short(named.id), sections.join("` or `"));
    let help = match known.is_empty() {
        true => format!("define it under `{}:`", sections.first().unwrap_or(&"receivers")),
        false => known_words(named.id, known),
    };
    found.add(&rules::UNDEFINED, Spot::value(&named.view), text, help);
}

/// Extensions that a component asks for by name are started.
fn started(collector: &Collector<'_>, found: &mut Findings) {
    let started: Vec<&str> = collector.extensions().iter().map(|own| own.id).collect();
    if collector.is_open("extensions") || collector.service().is_none() {
        return;
    }
    for (view, text) in
        SECTIONS.iter().filter_map(|section| collector.section(section)).flat_map(|view| view.texts())
    {
        let asks =
            view.pointer.ends_with("/auth/authenticator") || view.pointer.ends_with("/sending_queue/storage");
        if asks && !started.contains(&text) && crate::pipelines::view::is_literal(text) {
            let words = format!("The extension `{}` is not started", short(text));
            found.add(
                &rules::UNDEFINED,
                Spot::value(&view),
                words,
                "define it, and name it in `service.extensions`",
            );
        }
    }
}

fn unused(collector: &Collector<'_>, found: &mut Findings) {
    if collector.pipelines.is_empty() {
        return;
    }
    let lists = NAMED
        .iter()
        .flat_map(|(name, _)| collector.pipelines.iter().flat_map(|pipeline| list(pipeline, name)));
    let used: BTreeSet<&str> = lists.map(|named| named.id).collect();
    for section in ["receivers", "processors", "exporters", "connectors"] {
        for (id, view) in collector.components(section).into_iter().filter(|(id, _)| !used.contains(id)) {
            let text = format!("`{}` is used in no pipeline: it is never started", short(id));
            found.add(&rules::UNUSED, Spot::key(&view), text, "name it in a pipeline, or take it out");
        }
    }
    let asked: BTreeSet<&str> = collector.extensions().iter().map(|own| own.id).collect();
    for (id, view) in collector.components("extensions").into_iter().filter(|(id, _)| !asked.contains(id)) {
        let text = format!("`{}` does not stand in `service.extensions`: it is never started", short(id));
        found.add(
            &rules::EXTENSION,
            Spot::key(&view),
            text,
            format!("add `{}` to `service.extensions`", short(id)),
        );
    }
}

fn connectors(collector: &Collector<'_>, found: &mut Findings) {
    for (id, view) in collector.components("connectors") {
        let takes = |list: fn(&Pipeline<'_>) -> bool| collector.pipelines.iter().any(list);
        let is_exporter =
            collector.pipelines.iter().any(|pipeline| pipeline.exporters.iter().any(|own| own.id == id));
        let is_receiver =
            collector.pipelines.iter().any(|pipeline| pipeline.receivers.iter().any(|own| own.id == id));
        let known = takes(|pipeline| !pipeline.receivers.is_empty() || !pipeline.exporters.is_empty());
        if is_exporter == is_receiver || !known {
            continue;
        }
        let (is, isnt) = if is_exporter { ("exporter", "receiver") } else { ("receiver", "exporter") };
        let text =
            format!("The connector `{}` is an {is} and never a {isnt}: what it makes is lost", short(id));
        let text = text.replace("an receiver", "a receiver").replace("a exporter", "an exporter");
        let help = format!("name it among the {isnt}s of the pipeline that goes on with it");
        found.add(&rules::HALF, Spot::key(&view), text, help);
    }
}

fn incomplete(collector: &Collector<'_>, found: &mut Findings) {
    for pipeline in &collector.pipelines {
        for name in ["receivers", "exporters"] {
            let open = pipeline.view.get(name).is_some_and(|list| list.text().is_some());
            if list(pipeline, name).is_empty() && !open {
                let text = format!(
                    "The pipeline `{}` has no {name}: the collector does not start",
                    short(pipeline.name)
                );
                let own = pipeline.view.get(name);
                let spot = Spot::key(own.as_ref().unwrap_or(&pipeline.view));
                found.add(&rules::EMPTY, spot, text, format!("add `{name}: […]`"));
            }
        }
    }
    let Some(service) = collector.service().filter(|_| collector.pipelines.is_empty()) else { return };
    let flows = service.get("pipelines");
    if flows.as_ref().is_none_or(|flows| flows.value.is_null() || flows.is_map()) {
        let spot = Spot::key(flows.as_ref().unwrap_or(&service));
        let help = "write `pipelines: {traces: {receivers: […], exporters: […]}}`";
        found.add(&rules::EMPTY, spot, "There is no pipeline: the collector does not start", help);
    }
}

/// The first circle of pipelines that connectors make.
fn circle(collector: &Collector<'_>, found: &mut Findings) {
    let next = |pipeline: &Pipeline<'_>| -> Vec<(usize, usize)> {
        let connects = |id: &str| collector.component("connectors", id).is_some();
        let own = pipeline.exporters.iter().enumerate().filter(|(_, own)| connects(own.id));
        own.flat_map(|(at, own)| {
            let takes = |to: &Pipeline<'_>| to.receivers.iter().any(|named| named.id == own.id);
            let to = collector.pipelines.iter().enumerate().filter(move |(_, to)| takes(to));
            to.map(move |(to, _)| (at, to)).collect::<Vec<_>>()
        })
        .collect()
    };
    let edges: Vec<Vec<(usize, usize)>> = collector.pipelines.iter().map(next).collect();
    let mut left: BTreeSet<usize> = (0..edges.len()).collect();
    // What leads nowhere that is left is taken away; what then is left is in a circle, or leads to one.
    while let Some(done) = left.iter().copied().find(|at| edges[*at].iter().all(|(_, to)| !left.contains(to)))
    {
        left.remove(&done);
    }
    let Some(mut at) = left.first().copied() else { return };
    let (mut way, mut seen) = (Vec::new(), BTreeSet::new());
    while seen.insert(at) {
        let Some((exporter, to)) = edges[at].iter().copied().find(|(_, to)| left.contains(to)) else {
            return;
        };
        way.push((at, exporter));
        at = to;
    }
    let begin = way.iter().position(|(own, _)| *own == at).unwrap_or_default();
    let names: Vec<String> = way[begin..]
        .iter()
        .chain([&(at, 0)])
        .map(|(own, _)| format!("`{}`", short(collector.pipelines[*own].name)))
        .collect();
    let Some((own, exporter)) = way.get(begin) else { return };
    let text = format!("Connectors lead in a circle: {}", names.join(" → "));
    let spot = Spot::value(&collector.pipelines[*own].exporters[*exporter].view);
    found.add(&rules::CIRCLE, spot, text, "take the connector out of one of these pipelines");
}

fn shared(collector: &Collector<'_>, found: &mut Findings) {
    let mut seen: Vec<Listener<'_>> = Vec::new();
    for own in collector.listeners() {
        let clashes = |other: &&Listener<'_>| {
            let alike = own.host == other.host || own.is_everywhere() || other.is_everywhere();
            own.udp == other.udp
                && own.port.is_some()
                && own.port == other.port
                && alike
                && own.host.is_some()
                && other.host.is_some()
        };
        if let Some(other) = seen.iter().find(clashes) {
            let port = own.port.unwrap_or_default();
            let text = format!(
                "{} listens at port {port}, where {} does: the collector does not start",
                own.what, other.what
            );
            let spot =
                |one: &Listener<'_>| one.endpoint.as_ref().map_or_else(|| Spot::key(&one.view), Spot::value);
            found
                .add(&rules::ENDPOINT, spot(&own), text, "give each of them a port of its own")
                .also("the other", spot(other));
        }
        seen.push(own);
    }
}

fn signals(collector: &Collector<'_>, found: &mut Findings) {
    for pipeline in &collector.pipelines {
        if !SIGNALS.contains(&pipeline.signal) {
            let text = format!("`{}` is not a signal: the collector does not start", short(pipeline.signal));
            let help = known_words(pipeline.signal, SIGNALS);
            found.add(&rules::SIGNAL, Spot::key(&pipeline.view), text, help);
            continue;
        }
        for (section, _) in NAMED {
            for named in list(pipeline, section)
                .iter()
                .filter(|named| collector.component("connectors", named.id).is_none())
            {
                if components::supports(section, named.id, pipeline.signal) == Some(false) {
                    let takes = components::signals(section, named.id);
                    let text = format!(
                        "`{}` takes {takes}, and this is a pipeline of {}",
                        short(named.id),
                        pipeline.signal
                    );
                    found.add(
                        &rules::SIGNAL,
                        Spot::value(&named.view),
                        text,
                        format!("move it to a pipeline of {takes}"),
                    );
                }
            }
        }
    }
}

fn unknown(collector: &Collector<'_>, subjects: &Subjects<'_>, found: &mut Findings) {
    let images = collector.runs_in.iter().filter_map(|place| subjects.container(*place));
    let distribution = images.map(|container| container.image_name()).find_map(components::distribution);
    for section in SECTIONS {
        for (id, view) in collector.components(section) {
            let own = type_of(id);
            let removed = components::REMOVED.iter().any(|(of, known, ..)| (*of, *known) == (section, own));
            if removed || !crate::pipelines::view::is_literal(id) {
                continue;
            }
            let known = components::all_types().any(|known| known == own);
            let near = if known { None } else { did_you_mean(own, components::all_types()) };
            let (text, help, severity) = match (distribution, near) {
                (Some(distribution), near) if !distribution.has(id) => (
                    format!(
                        "`{}` is not a component of {}, as far as musher knows",
                        short(own),
                        distribution.name
                    ),
                    near.map_or("use a distribution that has it".to_owned(), |near| {
                        format!("did you mean `{near}`?")
                    }),
                    Severity::Warning,
                ),
                (None, Some(near)) => (
                    format!("`{}` is not a component that musher knows", short(own)),
                    format!("did you mean `{near}`?"),
                    Severity::Warning,
                ),
                (None, None) if !known => (
                    format!("`{}` is not a component of the usual distributions", short(own)),
                    "make sure that your build of the collector has it".to_owned(),
                    Severity::Advice,
                ),
                _ => continue,
            };
            found.add(&rules::UNKNOWN, Spot::key(&view), text, help).severity(severity);
        }
    }
}

fn removed(collector: &Collector<'_>, subjects: &Subjects<'_>, found: &mut Findings) {
    for (section, of, minor, help) in components::REMOVED {
        if subjects.is_before(collector, minor) {
            continue;
        }
        for (id, view) in collector.components(section).into_iter().filter(|(id, _)| type_of(id) == of) {
            let since = if minor > 0 { format!(" in v0.{minor}") } else { String::new() };
            let text = format!("`{}` was removed from the collector{since}", short(id));
            found.add(&rules::REMOVED, Spot::key(&view), text, help);
        }
    }
    let Some(service) = collector.service() else { return };
    if let Some(address) =
        service.at("telemetry/metrics/address").filter(|_| !subjects.is_before(collector, 111))
    {
        let help = "write `readers: [{pull: {exporter: {prometheus: {host: …, port: …}}}}]`";
        let text = "`telemetry.metrics.address` is deprecated since v0.111, and ignored by later releases";
        found.add(&rules::REMOVED, Spot::key(&address), text, help).severity(Severity::Warning);
    }
}

/// Variables in the old form, and `$1` of replacements, which is taken for one.
fn variables(collector: &Collector<'_>, found: &mut Findings) {
    let mut seen: BTreeMap<String, ()> = BTreeMap::new();
    for (view, text) in collector.root.texts() {
        if seen.insert(view.pointer.clone(), ()).is_some() {
            continue;
        }
        if let Some(name) = bare(text) {
            let (words, help) = match name.strip_prefix('$') {
                Some(name) => (
                    format!(
                        "`${name}` is no variable since v0.104: it is taken as it is written, or refused"
                    ),
                    format!("write `${{env:{name}}}`, or `$${name}` for the text"),
                ),
                None if name.starts_with(|c: char| c.is_ascii_digit()) => (
                    format!(
                        "`${name}` is taken for a variable of the collector, not for a group of the expression"
                    ),
                    format!("write `$${name}`"),
                ),
                None => (
                    format!(
                        "`${{{name}}}` has no provider: whether it is taken for a variable depends on the release"
                    ),
                    format!("write `${{env:{name}}}`"),
                ),
            };
            found.add(&rules::BARE, Spot::value(&view), words, help);
        }
    }
}

/// The name in the first `${NAME}` or `$1`, or `$NAME` with its mark; `$$` writes a `$`.
fn bare(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let behind = &rest[at + 1..];
        if let Some(escaped) = behind.strip_prefix('$') {
            rest = escaped;
            continue;
        }
        let inside = behind.strip_prefix('{').and_then(|inside| inside.split('}').next());
        match inside {
            Some(name)
                if !name.is_empty()
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
            {
                return Some(name.to_owned());
            }
            None if behind.starts_with(|c: char| c.is_ascii_digit()) => {
                return Some(behind.chars().take_while(char::is_ascii_digit).collect());
            }
            None if behind.starts_with(|c: char| c.is_ascii_uppercase()) => {
                let rest: String = behind.chars().take_while(|c| is_of_name(*c)).collect();
                let ends = !behind[rest.len()..].starts_with(|c: char| c.is_ascii_lowercase());
                if ends && rest.len() > 1 {
                    return Some(format!("${rest}"));
                }
            }
            _ => {}
        }
        rest = behind;
    }
    None
}

/// Whether it may stand in the name of a variable, as people write them.
fn is_of_name(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_variables_are_told_from_others() {
        for (text, expected) in [
            ("${DD_SITE}", Some("DD_SITE")),
            ("a${env:X}b${Y}", Some("Y")),
            ("$1:$2", Some("1")),
            ("${1}", Some("1")),
            ("$$1", None),
            ("$${X}", None),
            ("${env:X:-y}", None),
            ("^a$", None),
            ("${", None),
            ("$", None),
            ("$é", None),
            ("$GATEWAY:4317", Some("$GATEWAY")),
            ("a-$API_KEY", Some("$API_KEY")),
            ("$$GATEWAY", None),
            ("EXPR($.stream)", None),
            ("^a$|B", None),
            ("$A", None),
            ("$Abc", None),
        ] {
            assert_eq!(bare(text).as_deref(), expected, "{text}");
        }
    }
}
