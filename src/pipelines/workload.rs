//! What runs containers: Kubernetes, Cloud Run, ECS, Compose, in one form.

use std::collections::BTreeMap;

use super::view::View;

/// What a workload is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    Kubernetes,
    CloudRun,
    Ecs,
    Compose,
}

/// Containers that run together.
pub struct Workload<'a> {
    pub platform: Platform,
    /// `Deployment`, `Service` …; empty where the format has no such word.
    pub kind: String,
    pub root: View<'a>,
    /// The block that holds the containers: a pod's spec, a revision's template, a task.
    pub pod: View<'a>,
    /// Those of its pods.
    pub labels: BTreeMap<String, String>,
    pub containers: Vec<Container<'a>>,
}

/// One container.
pub struct Container<'a> {
    pub view: View<'a>,
    pub name: String,
    pub image: Option<View<'a>>,
    pub variables: Vec<Variable<'a>>,
    /// Whether it has variables that are not known here: `envFrom`, `env_file`.
    pub is_open: bool,
}

/// An environment variable.
#[derive(Clone)]
pub struct Variable<'a> {
    pub name: &'a str,
    /// Its entry.
    pub view: View<'a>,
    /// The value, where it is written here.
    pub value: Option<View<'a>>,
    /// Whether it comes from a secret or another place.
    pub is_sourced: bool,
}

impl<'a> Variable<'a> {
    /// The value, where it is known.
    pub fn literal(&self) -> Option<String> {
        let value = self.value.as_ref()?;
        value.scalar().filter(|text| super::view::is_literal(text))
    }
}

impl<'a> Container<'a> {
    pub fn variable(&self, name: &str) -> Option<&Variable<'a>> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// Whether a variable is set, as far as that can be known.
    pub fn has(&self, name: &str) -> bool {
        self.is_open || self.variable(name).is_some()
    }

    pub fn image_name(&self) -> &'a str {
        self.image.as_ref().and_then(View::text).unwrap_or_default()
    }

    pub fn is_collector(&self) -> bool {
        let image = self.image_name();
        COLLECTORS.iter().any(|part| image.contains(part))
    }

    pub fn is_sidecar(&self) -> bool {
        let image = self.image_name();
        ["serverless-init", "datadog/agent", "/agent:"].iter().any(|part| image.contains(part))
    }
}

/// Parts of the names of images that run a collector.
const COLLECTORS: [&str; 5] =
    ["opentelemetry-collector", "otel-collector", "otelcol", "otel-col", "ddot-collector"];

impl<'a> Workload<'a> {
    /// The workloads of a document: several in a list.
    pub fn read(root: &View<'a>) -> Vec<Self> {
        let word = |key: &str| root.get(key).and_then(|word| word.text()).unwrap_or_default();
        if word("kind") == "List" {
            return root.list("items").iter().flat_map(Workload::read).collect();
        }
        if word("apiVersion").starts_with("serving.knative.dev")
            || word("apiVersion").starts_with("run.googleapis.com")
        {
            return cloud_run(root, &root.clone()).into_iter().collect();
        }
        if !word("kind").is_empty() {
            return kubernetes(root).into_iter().collect();
        }
        if root.at("template/containers").is_some_and(|list| list.value.is_array()) {
            return cloud_run(root, root).into_iter().collect();
        }
        let task = root.get("taskDefinition").unwrap_or_else(|| root.clone());
        if task.get("containerDefinitions").is_some_and(|list| list.value.is_array()) {
            return vec![ecs(root, task)];
        }
        compose(root)
    }

    /// Memory of a container in MiB, or that of all together.
    pub fn memory(&self, container: &Container<'a>) -> Option<u64> {
        let own = match self.platform {
            Platform::Kubernetes | Platform::CloudRun => container.view.at("resources/limits/memory"),
            Platform::Ecs => container.view.get("memory").or_else(|| self.pod.get("memory")),
            Platform::Compose => container
                .view
                .get("mem_limit")
                .or_else(|| container.view.at("deploy/resources/limits/memory")),
        };
        mebibytes(&own?.scalar()?, self.platform == Platform::Ecs)
    }
}

/// `512Mi`, `2Gi`, `1G`, `512m` of Compose, bytes; of ECS MiB.
fn mebibytes(text: &str, of_ecs: bool) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let bytes = match unit.trim().to_ascii_lowercase().as_str() {
        "" if of_ecs => 1_048_576.0,
        "" | "b" => 1.0,
        "k" => 1e3,
        "ki" | "kb" => 1024.0,
        "m" | "mb" => 1e6,
        "mi" => 1_048_576.0,
        "g" | "gb" => 1e9,
        "gi" => 1_073_741_824.0,
        _ => return None,
    };
    let whole = (number * bytes / 1_048_576.0).floor();
    // Beyond any memory that there is, and never negative.
    (whole < 1e12).then_some(whole as u64)
}

fn named<'a>(view: &View<'a>, key: &str) -> String {
    view.get(key).and_then(|name| name.text()).unwrap_or_default().to_owned()
}

fn labels(view: Option<View<'_>>) -> BTreeMap<String, String> {
    let entries: Vec<_> = view.iter().flat_map(|view| view.entries().collect::<Vec<_>>()).collect();
    entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.scalar()?))).collect()
}

/// Variables of `[{name, value | valueFrom}]`.
fn variables<'a>(container: &View<'a>, list: &str) -> Vec<Variable<'a>> {
    let entries = container.list(list).into_iter().filter_map(|view| {
        let name = view.get("name")?.text()?;
        let source =
            ["valueFrom", "valueSource", "value_source", "value_from"].iter().find_map(|key| view.get(key));
        let is_sourced = source.is_some_and(|source| !source.value.is_null());
        Some(Variable { name, value: view.get("value"), is_sourced, view })
    });
    entries.collect()
}

fn containers<'a>(pod: &View<'a>, lists: &[&str]) -> Vec<Container<'a>> {
    let of_list = |list: &&str| {
        let all = pod.list(list).into_iter().filter(View::is_map);
        all.map(|view| Container {
            name: named(&view, "name"),
            image: view.get("image"),
            variables: variables(&view, "env"),
            is_open: view.get("envFrom").is_some(),
            view,
        })
        .collect::<Vec<_>>()
    };
    lists.iter().flat_map(of_list).collect()
}

fn kubernetes<'a>(root: &View<'a>) -> Option<Workload<'a>> {
    let kind = named(root, "kind");
    let (pod, meta) = match kind.as_str() {
        "Pod" => (root.get("spec")?, root.get("metadata")),
        "Deployment"
        | "DaemonSet"
        | "StatefulSet"
        | "ReplicaSet"
        | "Job"
        | "ReplicationController"
        | "Rollout" => (root.at("spec/template/spec")?, root.at("spec/template/metadata")),
        "CronJob" => {
            let template = root.at("spec/jobTemplate/spec/template")?;
            (template.get("spec")?, template.get("metadata"))
        }
        _ => return None,
    };
    let labels = labels(meta.and_then(|meta| meta.get("labels")));
    Some(Workload {
        platform: Platform::Kubernetes,
        containers: containers(&pod, &["containers", "initContainers"]),
        root: root.clone(),
        kind,
        pod,
        labels,
    })
}

/// Of the YAML form (Knative) or of the API's JSON.
fn cloud_run<'a>(root: &View<'a>, service: &View<'a>) -> Option<Workload<'a>> {
    let kind = named(root, "kind");
    if !matches!(kind.as_str(), "" | "Service" | "Job" | "WorkerPool") {
        return None;
    }
    let knative = service.at("spec/template");
    let of_job = knative.as_ref().and_then(|template| template.at("spec/template/spec"));
    let pod = of_job.or_else(|| knative.as_ref().and_then(|template| template.get("spec")));
    let pod = pod.or_else(|| service.get("template"))?;
    let mut all = BTreeMap::new();
    for way in ["labels", "metadata/labels", "template/labels", "spec/template/metadata/labels"] {
        all.extend(labels(service.at(way)));
    }
    let containers = containers(&pod, &["containers"]);
    (!containers.is_empty()).then(|| Workload {
        platform: Platform::CloudRun,
        kind,
        root: root.clone(),
        pod,
        labels: all,
        containers,
    })
}

fn ecs<'a>(root: &View<'a>, task: View<'a>) -> Workload<'a> {
    let all = task.list("containerDefinitions").into_iter().filter(View::is_map);
    let containers = all.map(|view| {
        let mut own = variables(&view, "environment");
        own.extend(variables(&view, "secrets"));
        Container {
            name: named(&view, "name"),
            image: view.get("image"),
            variables: own,
            is_open: view.get("environmentFiles").is_some(),
            view,
        }
    });
    Workload {
        platform: Platform::Ecs,
        kind: String::new(),
        containers: containers.collect(),
        root: root.clone(),
        pod: task,
        labels: BTreeMap::new(),
    }
}

fn compose<'a>(root: &View<'a>) -> Vec<Workload<'a>> {
    let Some(services) = root.get("services").filter(View::is_map) else { return Vec::new() };
    let runs = |view: &View<'_>| view.get("image").is_some() || view.get("build").is_some();
    let own = services.entries().filter(|(_, view)| runs(view));
    let containers: Vec<Container<'a>> = own
        .map(|(name, view)| Container {
            name: name.to_owned(),
            image: view.get("image"),
            variables: of_compose(&view),
            is_open: view.get("env_file").is_some(),
            view,
        })
        .collect();
    if containers.is_empty() {
        return Vec::new();
    }
    let (pod, labels) = (root.clone(), BTreeMap::new());
    vec![Workload {
        platform: Platform::Compose,
        kind: String::new(),
        root: root.clone(),
        pod,
        labels,
        containers,
    }]
}

/// `environment:` as a mapping, or as a list of `NAME=value`.
fn of_compose<'a>(service: &View<'a>) -> Vec<Variable<'a>> {
    let Some(environment) = service.get("environment") else { return Vec::new() };
    let entries = environment.entries().map(|(name, view)| {
        let is_sourced = view.value.is_null();
        Variable { name, value: Some(view.clone()).filter(|_| !is_sourced), is_sourced, view }
    });
    let mut found: Vec<Variable<'a>> = entries.collect();
    found.extend(environment.items().filter_map(|view| {
        let text = view.text()?;
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        // A value that is written behind its name is known as a whole only.
        Some(Variable { name, value: None, is_sourced: value.is_none(), view })
    }));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_any_unit() {
        for (text, of_ecs, expected) in [
            ("512Mi", false, Some(512)),
            ("2Gi", false, Some(2048)),
            ("1G", false, Some(953)),
            ("512", true, Some(512)),
            ("536870912", false, Some(512)),
            ("0.5Gi", false, Some(512)),
            ("lots", false, None),
            ("1e", false, None),
            ("", false, None),
        ] {
            assert_eq!(mebibytes(text, of_ecs), expected, "{text}");
        }
    }
}
