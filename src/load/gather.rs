//! The whole of a project: walks, reads, and gathers what stands in the files.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_json::{Map, Value};

use super::body::{self, Entry, Files};
use super::definitions::{Definitions, FILES, Template};
use super::document::{self, Content, Made, Ready, Section, TEMPLATES, Taken, USES};
use super::{passed, templates, uses};
use crate::config::{self, Config};
use crate::cores::each_in_parallel;
use crate::diagnostic::{At, Diagnostic, FileId, Format, Part, Sources, all_known, known_words};
use crate::kind::{self, Kind};
use crate::model::{self, Address};
use crate::pointer::step;
use crate::source::parsed::{self, Document, format_of};
use crate::source::read;
use crate::source::walk::{self, Root, Walked};
use crate::source::{short, type_of};

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
    let (root, folder) = (config.files.clone(), &config.definitions);
    let mut gather = Gather { sources, ..Gather::default() };
    let mut paths = gather.find(&root, folder);
    let team = gather.find_templates(&root);
    // With `definitions: templates` they are found twice.
    paths.retain(|path| path.parent() != Some(Utf8Path::new(TEMPLATES)) || !team.contains(path));
    gather.read(&root, &team);
    // Only YAML names other files.
    let (yaml, json): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| format_of(path) == Format::Yaml);
    let mut taken = gather.take(&root, &yaml, folder);
    let named = Named::of(
        team.iter().filter_map(|path| gather.files.get(path)).map(document::Named::of),
        taken.iter_mut().map(|taken| std::mem::take(&mut taken.named)),
    );
    let (own, json): (Vec<_>, Vec<_>) = json.into_iter().partition(|path| named.bodies.contains(path));
    taken.append(&mut gather.take(&root, &json, folder));
    // Stable: the parts of a large file stay in their order.
    taken.sort_by(|one, other| one.path().cmp(other.path()));
    gather.read_again(taken.iter().filter(|taken| named.bodies.contains(taken.path())));
    let mut bodies: BTreeSet<&Utf8PathBuf> = named.bodies.iter().filter(|path| root.exists(path)).collect();
    bodies.extend(&own);
    bodies.retain(|path| !gather.files.contains_key(*path));
    gather.read(&root, &bodies.into_iter().cloned().collect::<Vec<_>>());
    gather.report_passed(&root, folder, &named);
    for path in team {
        let is_definition = || gather.files.get(&path).is_some_and(passed::is_definition);
        if !named.takes(&path, &is_definition) {
            gather.template(&path);
        }
    }
    let count = taken.iter().map(Taken::count).sum();
    gather.definitions.resources.reserve_exact(count);
    gather.declared.reserve(count);
    for taken in taken {
        if !named.takes(taken.path(), &|| taken.is_definition) {
            gather.add(taken);
        }
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
    fn of(
        templates: impl Iterator<Item = document::Named>,
        definitions: impl Iterator<Item = document::Named>,
    ) -> Self {
        let (mut bodies, mut lists, mut globs) = (BTreeSet::new(), HashSet::new(), GlobSetBuilder::new());
        for named in templates.chain(definitions) {
            bodies.extend(named.bodies);
            for path in named.lists {
                let is_glob = path.as_str().contains(['*', '?', '[', '{']);
                let glob = GlobBuilder::new(path.as_str()).literal_separator(true).build();
                if let Some(glob) = glob.ok().filter(|_| is_glob) {
                    globs.add(glob);
                }
                lists.insert(path);
            }
        }
        Self { bodies, lists, globs: globs.build().unwrap_or_default() }
    }

    /// Whether a file that is not read as a definition is named as something else.
    fn names(&self, path: &Utf8Path) -> bool {
        self.bodies.contains(path) || self.lists.contains(path) || self.globs.is_match(path)
    }

    /// Whether a file is no definition, since it is named as something else. A glob names only what can be nothing else:
    /// one that was written too wide must not take definitions away.
    fn takes(&self, path: &Utf8Path, is_definition: &dyn Fn() -> bool) -> bool {
        let by_name = self.bodies.contains(path) || self.lists.contains(path);
        by_name || (self.globs.is_match(path) && !is_definition())
    }
}

#[derive(Default)]
struct Gather {
    sources: Sources,
    definitions: Definitions,
    faults: Vec<Diagnostic>,
    files: Files,
    /// The file that declares each resource.
    declared: HashMap<Address, FileId>,
    /// Where each use is declared.
    uses: HashMap<String, At>,
    /// Below the definitions, but hidden or of another ending: not read.
    passed: Vec<Utf8PathBuf>,
    /// Read, with nothing in them.
    empty: BTreeSet<Utf8PathBuf>,
    /// Definitions that wait for the file that they name, and their places among all.
    waiting: Vec<(usize, Entry)>,
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
            path.parent() == Some(folder) && format_of(path) == Format::Yaml && !root.is_dir(path)
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
        let is_read = |path: &Utf8PathBuf| matches!(format_of(path), Format::Json | Format::Yaml);
        let (paths, mut passed): (Vec<_>, Vec<_>) = files.into_iter().partition(is_read);
        passed.extend(hidden);
        (paths, passed)
    }

    /// Reads files that are needed whole.
    fn read(&mut self, root: &Root, paths: &[Utf8PathBuf]) {
        let (documents, faults) = read::files(root, paths, &mut self.sources);
        self.faults.extend(faults);
        self.files.extend(documents.into_iter().map(|document| (document.path().to_owned(), document)));
    }

    /// Reads files of the definitions folder.
    fn take(&mut self, root: &Root, paths: &[Utf8PathBuf], definitions: &Utf8Path) -> Vec<Taken> {
        let take = |document| document::take(document, definitions);
        let (mut taken, faults) = read::definitions(root, paths, &mut self.sources, &take);
        self.faults.extend(faults);
        for parts in taken.chunk_by_mut(|one, other| one.file == other.file) {
            document::together(parts);
        }
        taken
    }

    /// Reads files whole that were taken apart, and turn out to be bodies. What is wrong with them was said.
    fn read_again<'t>(&mut self, taken: impl Iterator<Item = &'t Taken>) {
        for taken in taken {
            if self.files.contains_key(taken.path()) {
                continue;
            }
            let path = Arc::clone(&taken.path);
            let document = match taken.content {
                Content::Broken => parsed::broken(path, taken.file),
                _ => parsed::parse(path, &self.sources.get(taken.file).text, taken.file).0,
            };
            self.files.insert(taken.path().to_owned(), document);
        }
    }

    /// Adds what stands in a file of the definitions folder.
    fn add(&mut self, taken: Taken) {
        let (file, path) = (taken.file, Utf8Path::new(&*taken.path));
        match taken.content {
            Content::Broken => self.definitions.incomplete = true,
            Content::Wrong(fault) => self.faults.push(*fault),
            Content::Export(made) => self.add_export(file, path, *made),
            Content::Sections { sections, is_empty } => {
                if is_empty {
                    self.empty.insert(path.to_owned());
                }
                for section in sections {
                    match section {
                        Section::Wrong(fault) => self.faults.push(*fault),
                        Section::Uses(uses) => {
                            for (name, value) in uses {
                                self.add_use((file, path), &name, value);
                            }
                        }
                        Section::Resources(kind, ready) => {
                            for ready in ready {
                                if self.id_is_free(kind, ready.id(), file) {
                                    self.add_ready(ready);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn add_ready(&mut self, ready: Ready) {
        match ready {
            Ready::Made(made) => self.add_made(made),
            Ready::Waits(entry) => {
                let place = self.definitions.resources.len() + self.waiting.len();
                self.waiting.push((place, entry));
            }
        }
    }

    fn add_made(&mut self, Made { definition, faults }: Made) {
        self.definitions.resources.push(definition);
        self.faults.extend(faults);
    }

    fn add_use(&mut self, (file, path): (FileId, &Utf8Path), name: &str, value: Value) {
        let at = At::value(file, format!("/{USES}{}", step(name)));
        if !self.is_id(name, &at) {
            return;
        }
        if let Some(first) = self.uses.insert(name.to_owned(), at.part(Part::Key)) {
            let text = format!("The use `{name}` is declared twice");
            let fault = Diagnostic::error("duplicate-id", text, at.part(Part::Key));
            self.faults.push(fault.also("it is declared first here", first).help("rename one of them"));
        }
        let folder = path.parent().unwrap_or(Utf8Path::new("")).to_owned();
        let entry = uses::read(name, value, at, folder, &mut self.faults);
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
    fn id_is_free(&mut self, kind: &Kind, id: &str, file: FileId) -> bool {
        let at = || At::value(file, format!("{}{}", step(kind.section), step(id)));
        if !model::is_id(id) {
            return self.is_id(id, &at());
        }
        let address = Address::new(kind.section, id);
        if let Some(first) = self.declared.get(&address) {
            let text = format!("`{address}` is declared twice");
            let fault = Diagnostic::error("duplicate-id", text, at().part(Part::Key));
            let first = self.declared_at(&address, *first);
            self.faults.push(fault.also("it is declared first here", first).help("rename one of them"));
            return false;
        }
        self.declared.insert(address, file);
        true
    }

    /// Where a resource is declared in a file; an export is the whole of one.
    fn declared_at(&self, address: &Address, file: FileId) -> At {
        match self.sources.get(file).format {
            Format::Json => At::file(file),
            _ => At::key(file, format!("{}{}", step(address.section()), step(address.id()))),
        }
    }

    fn add_export(&mut self, file: FileId, path: &Utf8Path, made: Made) {
        let address = made.definition.address.clone();
        let first = *self.declared.entry(address.clone()).or_insert(file);
        if first == file {
            return self.add_made(made);
        }
        let text = format!("`{path}` is `{address}`, which is declared before");
        let fault = Diagnostic::error("duplicate-id", text, At::file(file));
        let first = self.declared_at(&address, first);
        self.faults.push(fault.also("it is declared first here", first).help("rename the file"));
    }

    /// Makes the definitions that waited for files.
    fn definitions(&mut self) {
        let files = &self.files;
        let make = |(place, entry)| {
            let mut faults = Vec::new();
            (place, body::definition(entry, files, &mut faults), faults)
        };
        let made = each_in_parallel(std::mem::take(&mut self.waiting), WORTH_THREADS, &make);
        if made.is_empty() {
            return;
        }
        let mut others = std::mem::take(&mut self.definitions.resources).into_iter();
        for (place, definition, faults) in made {
            let resources = &mut self.definitions.resources;
            resources.extend(others.by_ref().take(place - resources.len()));
            resources.push(definition);
            self.faults.extend(faults);
        }
        self.definitions.resources.extend(others);
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

    /// The entries of a template's section.
    fn entries(&mut self, document: &Document, section: &str, value: Value) -> Map<String, Value> {
        document::entries(document.file, section, value).unwrap_or_else(|fault| {
            self.faults.push(*fault);
            Map::new()
        })
    }

    fn take_template(&mut self, document: &Document, name: String, value: Value) -> Template {
        let at = At::value(document.file, "");
        let mut template =
            Template { name, description: None, params: Default::default(), definitions: Vec::new(), at };
        let sections = match value {
            Value::Object(sections) => sections,
            Value::Null => return template,
            other => {
                self.faults.push(document::no_sections(document.file, &other));
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
                            let entry = document::entry((document, &folder), kind, id, value);
                            template.definitions.push(body::definition(entry, &self.files, &mut self.faults));
                        }
                    }
                }
                _ => {
                    let more = ["params", "description", FILES];
                    self.faults.push(document::unknown_section(document.file, &section, &more));
                }
            }
        }
        template
    }

    /// `$id: {prod: 1}` must name environments that there are.
    fn environments_of_ids(&mut self, config: &Config) {
        let in_templates = self.definitions.templates.values().flat_map(|template| &template.definitions);
        for definition in self.definitions.resources.iter().chain(in_templates) {
            let Some(Value::Object(ids)) = definition.directives.id.as_deref() else { continue };
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
        let path = format!("<built-in>/{TEMPLATES}/{name}.yaml");
        let file = self.sources.add(&path, text, Format::Yaml);
        let (mut document, faults) = parsed::parse(path.into(), text, file);
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
