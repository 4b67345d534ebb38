//! All that rules look at: collectors, workloads, services and functions of all documents, and who runs what.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use super::collector::{Collector, Host, SECTIONS};
use super::finding::Spot;
use super::function::Function;
use super::image::version;
use super::read::Pieces;
use super::view::View;
use super::workload::{Container, Platform, Workload};
use crate::diagnostic::{At, FileId, Place, Sources};

pub struct Subjects<'a> {
    pub collectors: Vec<Collector<'a>>,
    pub workloads: Vec<Workload<'a>>,
    /// Services of Kubernetes.
    pub services: Vec<View<'a>>,
    pub functions: Vec<Function<'a>>,
    /// Roots of all documents.
    pub roots: Vec<View<'a>>,
    /// Positions of the ConfigMaps among them.
    pub config_maps: Vec<View<'a>>,
    /// `FROM` lines: where the image stands, and its name.
    pub bases: Vec<(Spot, String)>,
    /// Components that files define which are a part of a configuration only.
    pub fragments: BTreeSet<&'a str>,
}

impl<'a> Subjects<'a> {
    pub fn read(pieces: &'a Pieces, sources: &Sources) -> Self {
        let roots: Vec<View<'a>> =
            pieces.list.iter().enumerate().map(|(at, piece)| View::root(at, &piece.document.value)).collect();
        let mut subjects = Self {
            collectors: Vec::new(),
            workloads: Vec::new(),
            services: Vec::new(),
            functions: Vec::new(),
            config_maps: Vec::new(),
            bases: pieces.texts.iter().flat_map(|(file, text)| bases(*file, text)).collect(),
            fragments: BTreeSet::new(),
            roots: Vec::new(),
        };
        for (view, piece) in roots.iter().zip(&pieces.list) {
            let host = piece.within.as_ref().map(|(outer, pointer)| host(&roots[*outer], pointer));
            subjects.add(view, host);
        }
        subjects.roots = roots;
        subjects.link(pieces, sources);
        subjects
    }

    fn add(&mut self, view: &View<'a>, host: Option<Host>) {
        let kind = view.get("kind").and_then(|kind| kind.text()).unwrap_or_default();
        if kind == "List" {
            view.list("items").iter().for_each(|item| self.add(item, None));
            return;
        }
        let api = view.get("apiVersion").and_then(|api| api.text()).unwrap_or_default();
        match kind {
            "Service" if api == "v1" => self.services.push(view.clone()),
            "ConfigMap" => self.config_maps.push(view.clone()),
            "OpenTelemetryCollector" => {
                let config =
                    view.at("spec/config").and_then(|config| Collector::read(config, Some(Host::Resource)));
                self.collectors.extend(config);
            }
            _ => {}
        }
        if let Some(collector) = Collector::read(view.clone(), host) {
            self.collectors.push(collector);
        } else if kind.is_empty() && view.get("service").is_none() {
            let parts = SECTIONS.iter().filter_map(|section| view.get(section)).filter(View::is_map);
            self.fragments
                .extend(parts.flat_map(|part| part.entries().map(|(id, _)| id).collect::<Vec<_>>()));
        }
        self.workloads.extend(Workload::read(view));
        self.functions.extend(Function::read(view));
    }

    /// Finds the containers that run each collector.
    fn link(&mut self, pieces: &Pieces, sources: &Sources) {
        let folder = |document: usize| {
            let file = pieces.list.get(document).map(|piece| piece.document.file);
            let path = file.map(|file| sources.get(file).path.to_string()).unwrap_or_default();
            Utf8Path::new(&path).parent().map(ToOwned::to_owned).unwrap_or_default()
        };
        let mut runners: BTreeMap<_, Vec<(usize, usize)>> = BTreeMap::new();
        for (at, workload) in self.workloads.iter().enumerate() {
            for (place, container) in
                workload.containers.iter().enumerate().filter(|(_, own)| own.is_collector())
            {
                runners.entry(folder(container.view.document)).or_default().push((at, place));
            }
        }
        let bare = |collector: &Collector<'_>| collector.host.is_none();
        let mut files: BTreeMap<_, usize> = BTreeMap::new();
        for collector in self.collectors.iter().filter(|collector| bare(collector)) {
            *files.entry(folder(collector.root.document)).or_default() += 1;
        }
        for collector in &mut self.collectors {
            collector.runs_in = match &collector.host {
                Some(Host::ConfigMap(name)) => mounted(&self.workloads, name),
                Some(Host::Variable(document, pointer)) => holding(&self.workloads, *document, pointer),
                Some(Host::Resource) => Vec::new(),
                // A file beside the one workload that runs a collector is meant for it.
                None => match (
                    files.get(&folder(collector.root.document)),
                    runners.get(&folder(collector.root.document)),
                ) {
                    (Some(1), Some(own)) if own.len() == 1 => own.clone(),
                    _ => Vec::new(),
                },
            };
        }
    }

    pub fn container(&self, (workload, container): (usize, usize)) -> Option<&Container<'a>> {
        self.workloads.get(workload)?.containers.get(container)
    }

    /// Containers of all workloads.
    pub fn containers(&self) -> impl Iterator<Item = (&Workload<'a>, &Container<'a>)> {
        self.workloads
            .iter()
            .flat_map(|workload| workload.containers.iter().map(move |container| (workload, container)))
    }

    /// Workloads and containers that run a collector.
    pub fn runners(&self, collector: &Collector<'a>) -> Vec<(&Workload<'a>, &Container<'a>)> {
        let places = collector.runs_in.iter();
        places.filter_map(|place| Some((self.workloads.get(place.0)?, self.container(*place)?))).collect()
    }

    /// The releases that run a collector, where the tags of images tell: whether it is that of AWS, which counts by
    /// itself, and the release.
    pub fn releases(&self, collector: &Collector<'a>) -> Vec<(bool, (u32, u32))> {
        let images = self.runners(collector).into_iter().map(|(_, container)| container.image_name());
        images.filter_map(|image| Some((image.contains("aws-otel-collector"), version(image)?))).collect()
    }

    /// Whether a collector runs in releases that are all known to be before v0.`minor`.
    pub fn is_before(&self, collector: &Collector<'a>, minor: u32) -> bool {
        let (known, runners) = (self.releases(collector), collector.runs_in.len());
        // ADOT 0.40 holds v0.102 of the collector.
        let before = |(of_aws, release): &(bool, (u32, u32))| match of_aws {
            true => minor > 102 && *release < (0, 41),
            false => *release < (0, minor),
        };
        runners > 0 && known.len() == runners && known.iter().all(before)
    }
}

fn host(outer: &View<'_>, pointer: &str) -> Host {
    let kind = outer.get("kind").and_then(|kind| kind.text()).unwrap_or_default();
    match kind {
        "ConfigMap" | "Secret" => {
            let name = outer.at("metadata/name").and_then(|name| name.text()).unwrap_or_default();
            Host::ConfigMap(name.to_owned())
        }
        "OpenTelemetryCollector" | "DatadogAgent" => Host::Resource,
        _ => Host::Variable(outer.document, pointer.to_owned()),
    }
}

/// Containers that mount a ConfigMap: those that run a collector, else all that do.
fn mounted(workloads: &[Workload<'_>], name: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, workload) in workloads.iter().enumerate().filter(|(_, own)| own.platform == Platform::Kubernetes)
    {
        let named = |volume: &View<'_>| {
            let own = [("configMap", "name"), ("secret", "secretName")];
            own.iter().any(|(of, key)| volume.get(of).and_then(|own| own.get(key)?.text()) == Some(name))
        };
        let volumes: Vec<_> = workload.pod.list("volumes").into_iter().filter(named).collect();
        let names: Vec<_> = volumes.iter().filter_map(|volume| volume.get("name")?.text()).collect();
        let mounts = |container: &Container<'_>| {
            let mounts = container.view.list("volumeMounts");
            mounts.iter().any(|mount| {
                mount.get("name").and_then(|name| name.text()).is_some_and(|name| names.contains(&name))
            })
        };
        let own: Vec<_> = workload.containers.iter().enumerate().filter(|(_, own)| mounts(own)).collect();
        let known: Vec<_> =
            own.iter().filter(|(_, own)| own.is_collector()).map(|(place, _)| (at, *place)).collect();
        match known.is_empty() {
            true => found.extend(own.iter().map(|(place, _)| (at, *place))),
            false => found.extend(known),
        }
    }
    found
}

/// The container whose variable stands at a pointer.
fn holding(workloads: &[Workload<'_>], document: usize, pointer: &str) -> Vec<(usize, usize)> {
    for (at, workload) in workloads.iter().enumerate() {
        for (place, container) in workload.containers.iter().enumerate() {
            let inside =
                pointer.strip_prefix(&container.view.pointer).is_some_and(|rest| rest.starts_with('/'));
            if container.view.document == document && inside {
                return vec![(at, place)];
            }
        }
    }
    Vec::new()
}

/// The images that a Dockerfile begins from, but for stages of its own and what is filled in.
fn bases(file: FileId, text: &str) -> Vec<(Spot, String)> {
    let (mut found, mut stages, mut at) = (Vec::new(), BTreeSet::new(), 0);
    for line in text.split_inclusive('\n') {
        let mut words = line.split_whitespace();
        if words.next().is_some_and(|word| word.eq_ignore_ascii_case("FROM")) {
            let mut words = words.skip_while(|word| word.starts_with("--"));
            if let Some(image) = words.next().filter(|image| *image != "scratch" && !stages.contains(*image))
            {
                let start = at + line.find(image).unwrap_or_default();
                let place = Place::Bytes(start..start + image.len());
                found.push((Spot::At(Some(At { file, place })), image.to_owned()));
            }
            if words.next().is_some_and(|word| word.eq_ignore_ascii_case("AS")) {
                stages.extend(words.next());
            }
        }
        at += line.len();
    }
    found
}
