//! The whole of a project: walks, reads, and takes the documents apart into definitions.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_json::{Map, Value};

use super::body::{self, Entry, Files};
use super::definitions::{Definitions, FILES, Template};
use super::{passed, templates, uses};
use crate::config::{self, Config};
use crate::cores::each_in_parallel;
use crate::diagnostic::{At, Diagnostic, Format, Part, Position, Sources, all_known, known_words};
use crate::kind::{self, KINDS, Kind};
use crate::model::{self, Address};
use crate::pointer::step;
use crate::source::read::{self, Document};
use crate::source::walk::{self, Root, Walked};
use crate::source::{short, type_of};

/// The folder of the team's templates, at the root.
const TEMPLATES: &str = "templates";
const USES: &str = "uses";

/// Below this many definitions, starting a thread costs more than it saves.
const WORTH_THREADS: usize = 32;

/// Reads the definitions of a project and the templates that they name. `built_in` are names and
/// texts of the templates that come with the program: one is read only where a use names it and the
/// team has none of that name. `sources` holds what was read before; the files are added to it.
///
/// Whatever is wrong is reported, all of it; what could be read comes out all the same.
pub fn load(
    config: &Config,
    built_in: &[(&str, &str)],
    sources: Sources,
) -> (Definitions, Sources, Vec<Diagnostic>) {
    let root = config.files.clone();
    let mut gather = Gather { sources, ..Gather::default() };
    let paths = gather.find(&root, &config.definitions);
    let team = gather.find_templates(&root);
    gather.read(&root, paths.iter().chain(&team));
    let named = Named::of(paths.iter().chain(&team).filter_map(|path| gather.files.get(path)));
    gather.read(&root, named.bodies.iter().filter(|path| root.exists(path)));
    let (team, paths) = (named.without(team, &gather.files), named.without(paths, &gather.files));
    gather.report_passed(&root, &config.definitions, &named);
    for path in team {
        gather.template(&path);
    }
    for path in paths {
        gather.document(&path, &config.definitions);
    }
    gather.definitions();
    gather.faults.extend(passed::report_empty(&gather.empty));
    gather.built_in(built_in);
    gather.environments_of_ids(config);
    (gather.definitions, gather.sources, gather.faults)
}

/// Reads one template that comes with the program, outside of any project.
pub fn template(name: &str, text: &str) -> (Template, Vec<Diagnostic>) {
    let mut gather = Gather::default();
    let template = gather.read_built_in(name, text);
    (template, gather.faults)
}

/// Files that other files name, and that are not definitions for this reason.
struct Named {
    /// Of `$file`: read as bodies.
    bodies: BTreeSet<Utf8PathBuf>,
    /// Of `for_each` and `overrides`.
    lists: HashSet<Utf8PathBuf>,
    globs: GlobSet,
}

impl Named {
    fn of<'a>(documents: impl Iterator<Item = &'a Document>) -> Self {
        let (mut bodies, mut lists, mut globs) = (BTreeSet::new(), HashSet::new(), GlobSetBuilder::new());
        for document in documents.filter(|document| document.format == Format::Yaml) {
            let sections = document.value.as_object().into_iter().flatten();
            for (section, entry) in sections.flat_map(|(section, entries)| {
                entries.as_object().into_iter().flatten().map(move |(_, entry)| (section, entry))
            }) {
                if section != USES {
                    let path =
                        entry.get("$file").and_then(|path| body::literal(path, document.folder()).ok());
                    bodies.extend(path);
                    continue;
                }
                for path in ["for_each", "overrides"].iter().filter_map(|key| entry.get(*key)?.as_str()) {
                    let Some(path) = starred(path).and_then(|path| walk::resolve(document.folder(), &path))
                    else {
                        continue;
                    };
                    let is_glob = path.as_str().contains(['*', '?', '[', '{']);
                    let glob = GlobBuilder::new(path.as_str()).literal_separator(true).build();
                    if let Some(glob) = glob.ok().filter(|_| is_glob) {
                        globs.add(glob);
                    }
                    lists.insert(path);
                }
            }
        }
        Self { bodies, lists, globs: globs.build().unwrap_or_default() }
    }

    /// Whether a file that is not read as a definition is named as something else.
    fn names(&self, path: &Utf8Path) -> bool {
        self.bodies.contains(path) || self.lists.contains(path) || self.globs.is_match(path)
    }

    /// The files that are definitions. A glob names only what can be nothing else: one that was
    /// written too wide must not take definitions away.
    fn without(&self, paths: Vec<Utf8PathBuf>, files: &Files) -> Vec<Utf8PathBuf> {
        let named = |path: &Utf8PathBuf| {
            let by_name = self.bodies.contains(path) || self.lists.contains(path);
            by_name || (self.globs.is_match(path) && !files.get(path).is_some_and(passed::is_definition))
        };
        paths.into_iter().filter(|path| !named(path)).collect()
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

#[derive(Default)]
struct Gather {
    sources: Sources,
    definitions: Definitions,
    faults: Vec<Diagnostic>,
    files: Files,
    /// Where each resource is declared.
    declared: HashMap<Address, At>,
    /// Where each use is declared.
    uses: HashMap<String, At>,
    /// Below the definitions, but hidden or of another ending: not read.
    passed: Vec<Utf8PathBuf>,
    /// Read, with nothing in them.
    empty: BTreeSet<Utf8PathBuf>,
    /// What is to become of definitions outside of templates, in their order: all are known before one is made, so that
    /// all cores make them.
    entries: Vec<Entry>,
}

impl Gather {
    fn find(&mut self, root: &Root, folder: &Utf8Path) -> Vec<Utf8PathBuf> {
        if !root.is_dir(folder) {
            let text = format!("There is no folder `{folder}`: the project declares nothing");
            let help = "create it, or set `definitions:` in `musher.yaml` to the folder of the definitions";
            self.faults.push(Diagnostic::warning("no-definitions", text, None).help(help));
            return Vec::new();
        }
        let wanted = |path: &Utf8Path| path != config::FILE && path != TEMPLATES;
        let (paths, passed) = self.walk(root, folder, &wanted);
        self.passed = passed;
        paths
    }

    /// Reports what looks like definitions and is not read, but for files that others name.
    fn report_passed(&mut self, root: &Root, definitions: &Utf8Path, named: &Named) {
        // It is for whoever edits the files.
        if root.stored().is_some() {
            return;
        }
        let mut passed = std::mem::take(&mut self.passed);
        passed.extend(passed::misnamed(root, definitions));
        self.faults.extend(passed::report(root, passed, &|path| named.names(path)));
    }

    fn find_templates(&mut self, root: &Root) -> Vec<Utf8PathBuf> {
        let folder = Utf8Path::new(TEMPLATES);
        let wanted = |path: &Utf8Path| {
            path.parent() == Some(folder) && read::format_of(path) == Format::Yaml && !root.is_dir(path)
        };
        self.walk(root, folder, &wanted).0
    }

    /// The files that are read, and what is passed over.
    fn walk(
        &mut self,
        root: &Root,
        folder: &Utf8Path,
        wanted: &dyn Fn(&Utf8Path) -> bool,
    ) -> (Vec<Utf8PathBuf>, Vec<Utf8PathBuf>) {
        let Walked { files, hidden, faults } = walk::files(root, folder, wanted);
        self.faults.extend(faults);
        let is_read = |path: &Utf8PathBuf| matches!(read::format_of(path), Format::Json | Format::Yaml);
        let (paths, mut passed): (Vec<_>, Vec<_>) = files.into_iter().partition(is_read);
        passed.extend(hidden);
        (paths, passed)
    }

    /// Reads the files that were not read before.
    fn read<'p>(&mut self, root: &Root, paths: impl Iterator<Item = &'p Utf8PathBuf>) {
        let paths: Vec<_> = paths.filter(|path| !self.files.contains_key(*path)).cloned().collect();
        let (documents, faults) = read::files(root, &paths, &mut self.sources);
        self.faults.extend(faults);
        self.files.extend(documents.into_iter().map(|document| (document.path.clone(), document)));
    }

    /// Takes a file of the definitions folder apart.
    fn document(&mut self, path: &Utf8Path, definitions: &Utf8Path) {
        let Some(mut document) = self.files.remove(path) else { return };
        self.definitions.incomplete |= document.broken;
        let value = document.value.take();
        match document.format {
            _ if document.broken => {}
            Format::Json => self.export(&document, value, definitions),
            _ => self.sections(&document, value),
        }
    }

    fn sections(&mut self, document: &Document, value: Value) {
        let sections = match value {
            Value::Object(sections) => sections,
            Value::Null => Map::new(),
            other => return self.no_sections(document, &other),
        };
        // `monitors:` and nothing behind it but comments: the entries were taken out, the file was not.
        if sections.values().all(Value::is_null) {
            self.empty.insert(document.path.clone());
        }
        let folder: Arc<Utf8Path> = Arc::from(document.folder());
        for (section, entries) in sections {
            let pointer = step(&section);
            if section == USES {
                for (name, value) in self.entries(document, &section, entries) {
                    self.add_use(document, &name, value);
                }
            } else if let Some(kind) = kind::of_section(&section) {
                for (id, value) in self.entries(document, &section, entries) {
                    let at = At::value(document.file, format!("{pointer}{}", step(&id)));
                    if self.id_is_free(kind, &id, &at) {
                        self.entries.push(entry((document, &folder), kind, id, value, &self.sources));
                    }
                }
            } else {
                self.unknown_section(document, &section, &[USES]);
            }
        }
    }

    fn no_sections(&mut self, document: &Document, value: &Value) {
        let text = format!("The file holds {}, not sections", type_of(value));
        let help = format!("begin it with a section: {}", sections(&[]).join(", "));
        let at = At::value(document.file, "");
        self.faults.push(Diagnostic::error("no-object", text, at).help(help));
    }

    fn unknown_section(&mut self, document: &Document, section: &str, more: &[&str]) {
        let at = At::key(document.file, step(section));
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
        self.faults.push(Diagnostic::error(code, text, at).help(help));
    }

    /// The entries of a section; an empty one has none.
    fn entries(&mut self, document: &Document, section: &str, value: Value) -> Map<String, Value> {
        match value {
            Value::Object(entries) => return entries,
            Value::Null => {}
            other => {
                let text = format!("`{section}` is a mapping of ids, not {}", type_of(&other));
                let at = At::value(document.file, step(section));
                let help = "write `ID:` and the fields of the resource below it";
                self.faults.push(Diagnostic::error("no-object", text, at).help(help));
            }
        }
        Map::new()
    }

    fn add_use(&mut self, document: &Document, name: &str, value: Value) {
        let at = At::value(document.file, format!("/{USES}{}", step(name)));
        if !self.is_id(name, &at) {
            return;
        }
        if let Some(first) = self.uses.insert(name.to_owned(), at.part(Part::Key)) {
            let text = format!("The use `{name}` is declared twice");
            let fault = Diagnostic::error("duplicate-id", text, at.part(Part::Key));
            self.faults.push(fault.also("it is declared first here", first).help("rename one of them"));
        }
        let entry = uses::read(name, value, at, document.folder().to_owned(), &mut self.faults);
        self.definitions.uses.extend(entry);
    }

    fn is_id(&mut self, id: &str, at: &At) -> bool {
        let fine = model::is_id(id);
        if !fine {
            let segments: Vec<_> = id.split('/').map(model::slug).filter(|slug| !slug.is_empty()).collect();
            let help = match segments.join("/") {
                slug if slug.is_empty() => String::new(),
                slug => format!("; write `{}`", short(&slug)),
            };
            let fault =
                Diagnostic::error("bad-id", format!("`{}` is not a valid id", short(id)), at.part(Part::Key));
            self.faults.push(fault.help(format!(
                "an id has lower case letters, digits, `.`, `_` and `-`, and begins with a letter or digit{help}"
            )));
        }
        fine
    }

    /// Whether an id is one, and not declared before; faults are reported.
    fn id_is_free(&mut self, kind: &Kind, id: &str, at: &At) -> bool {
        if !self.is_id(id, at) {
            return false;
        }
        let address = Address::new(kind.section, id);
        if let Some(first) = self.declared.get(&address) {
            let text = format!("`{address}` is declared twice");
            let fault = Diagnostic::error("duplicate-id", text, at.part(Part::Key));
            self.faults
                .push(fault.also("it is declared first here", first.clone()).help("rename one of them"));
            return false;
        }
        self.declared.insert(address, at.part(Part::Key));
        true
    }

    /// Takes a raw export of the UI or the API as a resource.
    fn export(&mut self, document: &Document, value: Value, definitions: &Utf8Path) {
        let found = body::unwrap(&value).and_then(|found| Some((found.pointer, found.kind?)));
        let Some((pointer, kind)) = found else {
            return self.faults.push(no_resource(document, &value));
        };
        let at = At::value(document.file, pointer);
        let below = document.path.strip_prefix(definitions).unwrap_or(&document.path).with_extension("");
        let slugs: Vec<_> = below.as_str().split('/').map(model::slug).collect();
        let id = slugs.join("/");
        if slugs.iter().any(String::is_empty) {
            let text = format!("No id can be made from the path `{}`", document.path);
            let help = "rename the file: its name must hold a letter or digit";
            self.faults.push(Diagnostic::error("bad-id", text, At::file(document.file)).help(help));
            return;
        }
        let address = Address::new(kind.section, &id);
        let first = self.declared.entry(address.clone()).or_insert_with(|| At::file(document.file));
        if first.file != document.file {
            let text = format!("`{}` is `{address}`, which is declared before", document.path);
            let fault = Diagnostic::error("duplicate-id", text, At::file(document.file));
            let first = first.clone();
            self.faults.push(fault.also("it is declared first here", first).help("rename the file"));
            return;
        }
        let position = Position { file: self.sources.get(document.file).path.clone(), line: 1, column: 1 };
        let folder = Arc::from(document.folder());
        self.entries.push(Entry { kind, id, value, at, position, folder, is_export: true });
    }

    /// Makes definitions of what was gathered.
    fn definitions(&mut self) {
        let files = &self.files;
        let make = |entry| {
            let mut faults = Vec::new();
            (body::definition(entry, files, &mut faults), faults)
        };
        let made = each_in_parallel(std::mem::take(&mut self.entries), WORTH_THREADS, &make);
        self.definitions.resources.reserve(made.len());
        for (definition, faults) in made {
            self.definitions.resources.push(definition);
            self.faults.extend(faults);
        }
    }

    /// Reads a template of the team.
    fn template(&mut self, path: &Utf8Path) {
        let Some(mut document) = self.files.remove(path) else { return };
        self.definitions.incomplete |= document.broken;
        let name = path.file_stem().unwrap_or_default().to_owned();
        if !model::is_id(&name) {
            let text = format!("`{}` is not a valid template name", short(&name));
            let help = "use lower case letters, digits, `.`, `_` and `-`";
            self.faults.push(Diagnostic::error("bad-id", text, At::file(document.file)).help(help));
        }
        let value = document.value.take();
        let template = self.take_template(&document, name, value);
        if self.definitions.templates.contains_key(&template.name) {
            let text = format!("There are two templates `{}`", template.name);
            let fault = Diagnostic::error("duplicate-id", text, At::file(document.file));
            self.faults.push(fault.help("rename or remove one of the files"));
        }
        self.definitions.templates.insert(template.name.clone(), template);
    }

    fn take_template(&mut self, document: &Document, name: String, value: Value) -> Template {
        let at = At::value(document.file, "");
        let mut template =
            Template { name, description: None, params: Default::default(), definitions: Vec::new(), at };
        let sections = match value {
            Value::Object(sections) => sections,
            Value::Null => return template,
            other => {
                self.no_sections(document, &other);
                return template;
            }
        };
        let folder: Arc<Utf8Path> = Arc::from(document.folder());
        for (section, value) in sections {
            let at = At::value(document.file, step(&section));
            match (section.as_str(), kind::of_section(&section)) {
                ("params", _) => template.params = templates::params(value, &at, &mut self.faults),
                ("description", _) => match value {
                    Value::String(text) => template.description = Some(text),
                    other => {
                        let text = format!("`description` is a text, not {}", type_of(&other));
                        self.faults.push(Diagnostic::error("bad-template", text, at));
                    }
                },
                (FILES, _) => {
                    for (id, value) in self.entries(document, &section, value) {
                        if self.is_id(&id, &at.child(&step(&id))) {
                            let at = at.child(&step(&id));
                            template.definitions.extend(body::of_template(&id, value, at, &mut self.faults));
                        }
                    }
                }
                (_, Some(kind)) => {
                    for (id, value) in self.entries(document, &section, value) {
                        if self.is_id(&id, &at.child(&step(&id))) {
                            let entry = entry((document, &folder), kind, id, value, &self.sources);
                            template.definitions.push(body::definition(entry, &self.files, &mut self.faults));
                        }
                    }
                }
                _ => self.unknown_section(document, &section, &["params", "description", FILES]),
            }
        }
        template
    }

    /// `$id: {prod: 1}` must name environments that there are.
    fn environments_of_ids(&mut self, config: &Config) {
        let in_templates = self.definitions.templates.values().flat_map(|template| &template.definitions);
        for definition in self.definitions.resources.iter().chain(in_templates) {
            let Some(Value::Object(ids)) = &definition.directives.id else { continue };
            for name in ids.keys().filter(|name| !config.environments.contains_key(*name)) {
                let at = definition.origin.layers[0].child("/$id").child(&step(name)).part(Part::Key);
                let text = format!("There is no environment `{}`", short(name));
                let help = match config.environments.is_empty() {
                    true => "the project declares no environments: write the id alone, `$id: 123`".to_owned(),
                    false => known_words(name, config.environments.keys().map(String::as_str)),
                };
                self.faults.push(Diagnostic::error("unknown-environment", text, at).help(help));
            }
        }
    }

    fn read_built_in(&mut self, name: &str, text: &str) -> Template {
        let path = Utf8PathBuf::from(format!("<built-in>/{TEMPLATES}/{name}.yaml"));
        let file = self.sources.add(path.as_str(), text, Format::Yaml);
        let (mut document, faults) = read::parse(&path, text, file);
        self.faults.extend(faults);
        let value = document.value.take();
        self.take_template(&document, name.to_owned(), value)
    }

    /// Reads the built-in templates that uses name; a use of an unknown one is a fault.
    fn built_in(&mut self, built_in: &[(&str, &str)]) {
        let named: Vec<(String, At)> = self
            .definitions
            .uses
            .iter()
            .map(|entry| (entry.template.clone(), entry.at.child("/template")))
            .collect();
        for (name, at) in named {
            if self.definitions.templates.contains_key(&name) {
                continue;
            }
            if let Some((_, text)) = built_in.iter().find(|(own, _)| *own == name) {
                let template = self.read_built_in(&name, text);
                self.definitions.templates.insert(name, template);
                continue;
            }
            let known = self.definitions.templates.keys().map(String::as_str);
            let known = known.chain(built_in.iter().map(|(name, _)| *name));
            let text = format!("There is no template `{}`", short(&name));
            let help = match name.contains("${") {
                true => {
                    "the name of a template is plain text; `$when` can choose between two uses".to_owned()
                }
                false => all_known(&name, known),
            };
            self.faults.push(Diagnostic::error("unknown-template", text, at).help(help));
        }
    }
}

/// `folder` is that of the document, shared by all its entries.
fn entry(
    (document, folder): (&Document, &Arc<Utf8Path>),
    kind: &'static Kind,
    id: String,
    value: Value,
    sources: &Sources,
) -> Entry {
    let section = step(kind.section);
    let pointer = format!("{section}{}", step(&id));
    // An entry that came by a merge key has no key of its own here.
    let place = document.keys.get(&pointer).or_else(|| document.keys.get(&section));
    let (line, column) = place.copied().unwrap_or((1, 1));
    let position = Position { file: sources.get(document.file).path.clone(), line, column };
    let (at, folder) = (At::value(document.file, pointer), Arc::clone(folder));
    Entry { kind, id, value, at, position, folder, is_export: false }
}

/// The names of the sections, quoted.
fn sections(more: &[&str]) -> Vec<String> {
    KINDS
        .iter()
        .map(|kind| kind.section)
        .chain(more.iter().copied())
        .map(|name| format!("`{name}:`"))
        .collect()
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
