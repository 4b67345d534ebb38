//! Files that `pipelines:` names -> documents, those inside of others included; what is a template is reported once.

use std::sync::Arc;

use serde_json::Value;

use super::view::View;
use crate::config::Config;
use crate::diagnostic::{At, Diagnostic, FileId, Format, Sources, has_errors};
use crate::pointer::find;
use crate::source::documents::{self, Document};
use crate::source::{read, walk};

/// A document, and the one whose text it is.
pub struct Piece {
    pub document: Arc<Document>,
    /// The position of the outer one, and the pointer of the text in it.
    pub within: Option<(usize, String)>,
}

/// What was read.
#[derive(Default)]
pub struct Pieces {
    pub list: Vec<Piece>,
    /// Files that are no documents, with their text: Dockerfiles.
    pub texts: Vec<(FileId, String)>,
    /// All files that were read.
    pub files: Vec<FileId>,
}

/// Reads them all, each once.
pub fn read(config: &Config, sources: &mut Sources) -> (Pieces, Vec<Diagnostic>) {
    let (mut pieces, mut faults) = (Pieces::default(), Vec::new());
    let mut paths = Vec::new();
    for (index, pattern) in config.pipelines.iter().enumerate() {
        let walked = walk::matching(&config.files, pattern);
        faults.extend(walked.faults);
        if walked.files.is_empty() {
            let at = At::value(config.file, format!("/pipelines/{index}"));
            let text = format!("`{}` matches no file", crate::source::short(pattern));
            let help = "name files below the folder of `musher.yaml`; `**` stands for folders of any depth";
            faults.push(Diagnostic::warning("no-pipeline-file", text, at).help(help));
        }
        paths.extend(walked.files);
    }
    paths.sort();
    paths.dedup();
    let mut templates = Vec::new();
    for path in paths {
        let (file, text) = read::bare(&config.files, &path, sources);
        pieces.files.push(file);
        match text {
            Err(fault) => faults.push(fault),
            Ok(text) => match pieces.add(file, &text, sources.get(file).format) {
                Err(wrong) if is_template(&text) => {
                    templates.extend(wrong.into_iter().next().map(|fault| (file, fault)))
                }
                Err(wrong) => faults.extend(wrong),
                Ok(()) => {}
            },
        }
    }
    faults.extend(passed_over(&templates, sources));
    (pieces, faults)
}

impl Pieces {
    fn add(&mut self, file: FileId, text: &str, format: Format) -> Result<(), Vec<Diagnostic>> {
        match format {
            Format::Yaml | Format::Json => {}
            Format::Text | Format::Csv => {
                self.texts.push((file, text.to_owned()));
                return Ok(());
            }
        }
        let mut read = documents::read(text, format, file);
        if has_errors(&read.faults) && is_template(text) {
            return Err(read.faults);
        }
        for document in read.documents {
            let outer = self.list.len();
            self.list.push(Piece { document: Arc::clone(&document), within: None });
            let view = View::root(outer, &document.value);
            for pointer in embedded(&view) {
                let inner = document.inner(&pointer);
                let text = find(&document.value, &pointer).and_then(Value::as_str).unwrap_or_default();
                if looks_like_collector(text) && !is_template(text) {
                    read.faults.extend(inner.faults);
                }
                let within = Some((outer, pointer));
                let inner = inner.documents.into_iter().filter(|inner| inner.value.is_object());
                self.list.extend(inner.map(|document| Piece { document, within: within.clone() }));
            }
        }
        if read.faults.is_empty() { Ok(()) } else { Err(read.faults) }
    }
}

/// A text with the marks of a template language, which may be anything until it is rendered.
fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("<%")
}

fn looks_like_collector(text: &str) -> bool {
    ["receivers:", "exporters:", "service:"].iter().all(|key| text.contains(key))
}

/// Variables whose value is the configuration of a collector.
const CONTENT: [&str; 3] = ["AOT_CONFIG_CONTENT", "OTEL_CONFIG_CONTENT", "OTELCOL_CONFIG"];

/// The pointers of texts that may be documents.
fn embedded(view: &View<'_>) -> Vec<String> {
    let kind = view.get("kind").and_then(|kind| kind.text());
    let mut found: Vec<String> = Vec::new();
    match kind {
        Some("List") => {
            for item in view.list("items") {
                found.extend(embedded(&item));
            }
        }
        Some("ConfigMap" | "Secret") => {
            let data = ["data", "stringData"].into_iter().filter_map(|key| view.get(key));
            for data in data {
                let texts =
                    data.entries().filter(|(_, value)| value.text().is_some_and(|text| text.contains(':')));
                found.extend(texts.map(|(_, value)| value.pointer));
            }
        }
        Some("OpenTelemetryCollector") => found.extend(view.at("spec/config").map(|config| config.pointer)),
        Some("DatadogAgent") => {
            found.extend(view.at("spec/features/otelCollector/conf/configData").map(|config| config.pointer));
        }
        _ => {}
    }
    for (value, text) in view.texts() {
        let (Some((around, _)), true) = (value.pointer.rsplit_once('/'), looks_like_collector(text)) else {
            continue;
        };
        let root = View::root(view.document, view.value);
        let inside = around.strip_prefix(&view.pointer).unwrap_or(around);
        let named = find(root.value, &format!("{inside}/name")).and_then(Value::as_str);
        let key = value.name();
        if named.is_some_and(|name| CONTENT.contains(&name)) || CONTENT.contains(&key) {
            found.push(value.pointer);
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Templates are passed over, and said so once.
fn passed_over(templates: &[(FileId, Diagnostic)], sources: &Sources) -> Option<Diagnostic> {
    let (file, fault) = templates.first()?;
    let first = &sources.get(*file).path;
    let text = match templates.len() {
        1 => format!("`{first}` is a template and not YAML: it was not checked"),
        count => {
            format!("`{first}` and {} more are templates and not YAML: they were not checked", count - 1)
        }
    };
    let help = "render it first (`helm template`), and name what comes out under `pipelines:`";
    Some(Diagnostic::warning("pipeline-template", text, fault.at.clone()).help(help))
}
