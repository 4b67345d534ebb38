//! A file of definitions -> its entries. What needs no other file is made into definitions right here, where the file is
//! read: values take several times the room of their text, and those of one file at a time are held.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use super::body::{self, Entry};
use super::definitions::Definition;
use super::passed;
use crate::cores::each_in_parallel;
use crate::diagnostic::{At, Diagnostic, FileId, Format, Position, known_words};
use crate::kind::{self, KINDS, Kind};
use crate::model;
use crate::pointer::step;
use crate::source::parsed::Document;
use crate::source::{short, type_of, walk};

/// The folder of the team's templates, at the root.
pub const TEMPLATES: &str = "templates";
pub const USES: &str = "uses";

/// From this many entries of one file on, threads pay off.
const WORTH_THREADS: usize = 64;

/// A file of the definitions folder, taken apart.
pub struct Taken {
    pub file: FileId,
    pub path: Arc<str>,
    pub content: Content,
    pub named: Named,
    /// Whether it has sections, or is an export.
    pub is_definition: bool,
}

pub enum Content {
    /// Its syntax is broken, or it could not be read.
    Broken,
    /// No definitions stand in it, which is a fault.
    Wrong(Box<Diagnostic>),
    Sections {
        sections: Vec<Section>,
        /// Nothing but comments stands below its sections.
        is_empty: bool,
    },
    /// A raw export: one object.
    Export(Box<Made>),
}

pub enum Section {
    Wrong(Box<Diagnostic>),
    Uses(Map<String, Value>),
    Resources(&'static Kind, Vec<Ready>),
}

/// A definition, and what is wrong with it.
pub struct Made {
    pub definition: Definition,
    pub faults: Vec<Diagnostic>,
}

/// An entry as far as it is made.
pub enum Ready {
    Made(Made),
    /// It names a file, which may not have been read.
    Waits(Entry),
}

/// Files that a file names, by their paths from the root.
#[derive(Default)]
pub struct Named {
    /// By `$file`.
    pub bodies: Vec<Utf8PathBuf>,
    /// By `for_each` and `overrides`; `*` and the like may stand in them.
    pub lists: Vec<Utf8PathBuf>,
}

impl Taken {
    /// How many definitions stand in it.
    pub fn count(&self) -> usize {
        let of = |section: &Section| match section {
            Section::Resources(_, ready) => ready.len(),
            Section::Wrong(_) | Section::Uses(_) => 0,
        };
        match &self.content {
            Content::Broken | Content::Wrong(_) => 0,
            Content::Export(_) => 1,
            Content::Sections { sections, .. } => sections.iter().map(of).sum(),
        }
    }

    pub fn path(&self) -> &Utf8Path {
        Utf8Path::new(&*self.path)
    }
}

impl Named {
    pub fn of(document: &Document) -> Self {
        let mut named = Self::default();
        if document.format != Format::Yaml {
            return named;
        }
        for (section, entries) in document.value.as_object().into_iter().flatten() {
            for entry in entries.as_object().into_iter().flat_map(Map::values) {
                if section != USES {
                    let path = entry.get("$file").map(|path| body::literal(path, document.folder()));
                    named.bodies.extend(path.and_then(Result::ok));
                    continue;
                }
                let paths = ["for_each", "overrides"].iter().filter_map(|key| entry.get(*key)?.as_str());
                let resolved = |path: String| walk::resolve(document.folder(), &path);
                named.lists.extend(paths.filter_map(starred).filter_map(resolved));
            }
        }
        named
    }
}

/// A path with `*` for each `${…}` in it; none where it is nothing else, and may be no path at all.
fn starred(path: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, behind)) = rest.split_once("${") {
        out.push_str(before);
        out.push('*');
        rest = behind.split_once('}').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    (out != "*").then_some(out)
}

/// Takes a file apart; `definitions` is the folder of them all.
pub fn take(mut document: Document, definitions: &Utf8Path) -> Taken {
    let (named, is_yaml) = (Named::of(&document), document.format != Format::Json);
    let has_sections = is_yaml && passed::is_definition(&document);
    let value = document.value.take();
    let (content, is_definition) = if document.broken {
        (Content::Broken, has_sections)
    } else if is_yaml {
        (content(&document, value), has_sections)
    } else {
        export(&document, value, definitions)
    };
    Taken { file: document.file, path: document.path, content, named, is_definition }
}

/// The parts of a large file say together what it is, and each fault of theirs once.
pub fn together(parts: &mut [Taken]) {
    if parts.len() < 2 {
        return;
    }
    let is_definition = parts.iter().any(|part| part.is_definition);
    let says = |part: &Taken| !matches!(part.content, Content::Sections { is_empty: true, .. });
    let is_empty = !parts.iter().any(says);
    let mut told: Vec<Diagnostic> = Vec::new();
    for part in parts {
        part.is_definition = is_definition;
        if let Content::Sections { sections, is_empty: own } = &mut part.content {
            *own = is_empty;
            sections.retain(|section| match section {
                Section::Wrong(fault) if told.contains(fault) => false,
                Section::Wrong(fault) => {
                    told.push((**fault).clone());
                    true
                }
                Section::Uses(_) | Section::Resources(..) => true,
            });
        }
    }
}

fn content(document: &Document, value: Value) -> Content {
    let found = match value {
        Value::Object(sections) => sections,
        Value::Null => Map::new(),
        other => return Content::Wrong(Box::new(no_sections(document.file, &other))),
    };
    // `monitors:` and nothing behind it but comments: the entries were taken out, the file was not.
    let is_empty = found.values().all(Value::is_null);
    let mut sections = Vec::with_capacity(found.len());
    let folder: Arc<Utf8Path> = Arc::from(document.folder());
    for (name, value) in found {
        let kind = kind::of_section(&name);
        if name != USES && kind.is_none() {
            let fault = unknown_section(document.file, &name, &[USES]);
            sections.push(Section::Wrong(Box::new(fault)));
            continue;
        }
        sections.push(match (entries(document.file, &name, value), kind) {
            (Err(fault), _) => Section::Wrong(fault),
            (Ok(entries), None) => Section::Uses(entries),
            (Ok(entries), Some(kind)) => {
                let one = |(id, value)| entry((document, &folder), kind, id, value);
                let entries = entries.into_iter().map(one).collect();
                Section::Resources(kind, each_in_parallel(entries, WORTH_THREADS, &ready))
            }
        });
    }
    Content::Sections { sections, is_empty }
}

fn ready(entry: Entry) -> Ready {
    match entry.value.get("$file") {
        Some(_) => Ready::Waits(entry),
        None => Ready::Made(made(entry)),
    }
}

fn made(entry: Entry) -> Made {
    let mut faults = Vec::new();
    let definition = body::definition(entry, &body::Files::new(), &mut faults);
    Made { definition, faults }
}

impl Ready {
    pub fn id(&self) -> &str {
        match self {
            Self::Made(made) => made.definition.address.id(),
            Self::Waits(entry) => &entry.id,
        }
    }
}

/// A raw export of the UI or the API as a resource, and whether it is one.
fn export(document: &Document, value: Value, definitions: &Utf8Path) -> (Content, bool) {
    let found = body::unwrap(&value).and_then(|found| Some((found.pointer, found.kind?)));
    let Some((pointer, kind)) = found else {
        return (Content::Wrong(Box::new(no_resource(document, &value))), false);
    };
    let path = document.path();
    let below = path.strip_prefix(definitions).unwrap_or(path).with_extension("");
    let slugs: Vec<_> = below.as_str().split('/').map(model::slug).collect();
    if slugs.iter().any(String::is_empty) {
        let text = format!("No id can be made from the path `{path}`");
        let fault = Diagnostic::error("bad-id", text, At::file(document.file));
        let fault = fault.help("rename the file: its name must hold a letter or digit");
        return (Content::Wrong(Box::new(fault)), true);
    }
    let position = Position { file: Arc::clone(&document.path), line: 1, column: 1 };
    let (id, at) = (slugs.join("/"), At::value(document.file, pointer));
    let folder = Arc::from(document.folder());
    let made = made(Entry { kind, id, value, at, position, folder, is_export: true });
    (Content::Export(Box::new(made)), true)
}

/// `folder` is that of the document, shared by all its entries.
pub fn entry(
    (document, folder): (&Document, &Arc<Utf8Path>),
    kind: &'static Kind,
    id: String,
    value: Value,
) -> Entry {
    let section = step(kind.section);
    let pointer = format!("{section}{}", step(&id));
    // An entry that came by a merge key has no key of its own here.
    let place = document.keys.get(&pointer).or_else(|| document.keys.get(&section));
    let (line, column) = place.copied().unwrap_or((1, 1));
    let position = Position { file: Arc::clone(&document.path), line, column };
    let (at, folder) = (At::value(document.file, pointer), Arc::clone(folder));
    Entry { kind, id, value, at, position, folder, is_export: false }
}

/// The entries of a section; an empty one has none.
pub fn entries(file: FileId, section: &str, value: Value) -> Result<Map<String, Value>, Box<Diagnostic>> {
    match value {
        Value::Object(entries) => Ok(entries),
        Value::Null => Ok(Map::new()),
        other => {
            let text = format!("`{section}` is a mapping of ids, not {}", type_of(&other));
            let fault = Diagnostic::error("no-object", text, At::value(file, step(section)));
            Err(Box::new(fault.help("write `ID:` and the fields of the resource below it")))
        }
    }
}

pub fn no_sections(file: FileId, value: &Value) -> Diagnostic {
    let text = format!("The file holds {}, not sections", type_of(value));
    let help = format!("begin it with a section: {}", sections().join(", "));
    Diagnostic::error("no-object", text, At::value(file, "")).help(help)
}

pub fn unknown_section(file: FileId, section: &str, more: &[&str]) -> Diagnostic {
    let at = At::key(file, step(section));
    let sections = KINDS.into_iter().chain([&kind::ORDER]).map(|kind| kind.section);
    let known = sections.chain(more.iter().copied());
    let help = match section {
        USES => "a template can't run templates: put it into a file of the definitions".to_owned(),
        TEMPLATES => "each template is a file of its own: `templates/NAME.yaml`".to_owned(),
        section => known_words(section, known),
    };
    let (code, text) = if section.starts_with('$') {
        ("unknown-key", format!("There is no key `{}` at the top of a file", short(section)))
    } else {
        ("unknown-section", format!("There is no section `{}`", short(section)))
    };
    Diagnostic::error(code, text, at).help(help)
}

/// The names of the sections, quoted.
fn sections() -> Vec<String> {
    KINDS.iter().map(|kind| format!("`{}:`", kind.section)).collect()
}

/// A JSON file that is not an export, and what it would need to be one.
fn no_resource(document: &Document, value: &Value) -> Diagnostic {
    let fault = Diagnostic::error(
        "no-resource",
        format!("The file `{}` is not a resource", document.path),
        At::value(document.file, ""),
    );
    let Value::Object(map) = value else {
        return fault
            .label(format!("this is {}", type_of(value)))
            .help("a resource is one exported object; move lists out of the definitions folder, or name them in a `for_each`");
    };
    let wrapper = map.iter().find_map(|(key, inner)| {
        let kind = kind::of_export(inner.as_object()?)?;
        Some((key, kind))
    });
    if let Some((key, kind)) = wrapper {
        let (key, name) = (short(key), kind.name);
        return fault
            .label(format!("the {name} stands under `{key}`"))
            .help(format!("take the object out of `{key}` and make it the whole file"));
    }
    if map.keys().any(|key| kind::of_section(key).is_some() || key == USES) {
        return fault.help("sections stand in YAML files: rename it to `.yaml`");
    }
    let needs: Vec<_> = KINDS
        .iter()
        .filter(|kind| kind.always)
        .map(|kind| format!("{} needs {}", kind.one(), kind.export_needs()))
        .collect();
    fault.help(format!(
        "{}; a list or a body for `$file` is not taken for one once a definition names it",
        needs.join(", ")
    ))
}
