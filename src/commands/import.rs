//! `musher import`: an exported file or a live object becomes a definition of this project.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use super::declared::{Declared, declare, judge, report};
use super::export::{adopted, as_json, as_yaml, id_of, kind_of, no_file_for};
use super::service::{Service, service};
use super::undo::{File, Undo};
use super::{AlreadyReported, Invocation, apply, order};
use crate::args::{self, Common, Exit, Format};
use crate::diagnostic::{FileId, Format as TextFormat, Sources, has_errors};
use crate::files;
use crate::kind::{Kind, ORDER, of_section};
use crate::load;
use crate::mark;
use crate::matching::key_of;
use crate::model::{self, Address, Live};
use crate::render::progress::Progress;
use crate::render::{self, Stream};
use crate::source;
use crate::write::{escape, insert, name, refer, secret, tidy, yaml};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 32 << 20;

pub async fn run(invocation: &Invocation<'_>, options: &args::Import) -> anyhow::Result<Exit> {
    let format = invocation.common.format.unwrap_or(Format::Json);
    if !matches!(format, Format::Json | Format::Yaml) {
        bail!("a definition is JSON or YAML: --format takes json, yaml");
    }
    let kind = kind_of(&options.kind)?;
    if options.id.is_some() && options.named.len() > 1 {
        bail!("--id names one resource: import the others by themselves");
    }
    let declared = declare(invocation)?;
    let progress = Arc::new(Progress::start(invocation.common.quiet));
    let service = Lazy { invocation, declared: &declared, progress: &progress };
    let wanted = if kind.is_order() {
        orders(&service, &options.named).await?
    } else {
        let mut wanted = gather(&service, kind, &options.named).await?;
        name_all(&declared, kind, options, &mut wanted)?;
        refer_all(&service, kind, &mut wanted).await?;
        for import in &mut wanted {
            finish(invocation, &declared, kind, import)?;
        }
        wanted
    };
    progress.end();
    let files = match &options.into {
        Some(path) => into(invocation, &declared, kind, &wanted, path)?,
        None if kind.is_order() => orders_apart(&declared, &wanted)?,
        None => apart(invocation, &declared, kind, &wanted, format)?,
    };
    settle(invocation, &files)?;
    render::print(Stream::Out, invocation.common.colors(), |out, _| {
        wanted.iter().zip(files.iter().cycle()).try_for_each(|(import, file)| {
            let address = import.address(kind);
            writeln!(out, "{address}  {}", render::sanitize::clean(file.shown.as_str()))
        })
    })?;
    if !options.apply {
        return Ok(Exit::Fine);
    }
    let only = wanted.iter().map(|import| globset::escape(import.address(kind).as_str())).collect();
    let common = Common { only, format: None, ..invocation.common.clone() };
    let applying = args::Apply { yes: options.yes, ..args::Apply::default() };
    apply::run(&Invocation { common: &common, ..*invocation }, &applying).await
}

/// An object on its way into the project.
struct Import {
    /// What was typed.
    named: String,
    /// Without marks and server-filled fields.
    body: Value,
    /// Where it lives.
    live: Option<Live>,
    /// Empty until it is found.
    id: String,
}

impl Import {
    fn address(&self, kind: &Kind) -> Address {
        Address::new(kind.section, &self.id)
    }
}

/// The service, asked only where something has to be.
struct Lazy<'a> {
    invocation: &'a Invocation<'a>,
    declared: &'a Declared,
    progress: &'a Arc<Progress>,
}

impl Lazy<'_> {
    fn service(&self) -> anyhow::Result<Service> {
        service(self.invocation, self.declared, self.progress)
    }
}

fn not_for_people(text: &str) -> String {
    format!(
        "`{text}` is not for people to manage: Datadog makes and changes it (a monitor of a synthetic test, an \
         integration's pipeline, …), and no definition can adopt it"
    )
}

/// Reads the files and gets the live objects.
async fn gather(lazy: &Lazy<'_>, kind: &'static Kind, names: &[String]) -> anyhow::Result<Vec<Import>> {
    let mut found: Vec<Import> = Vec::new();
    for text in names {
        let path = lazy.invocation.at(Utf8Path::new(text));
        let import = if !text.contains("://") && (path.is_file() || has_extension(text)) {
            from_file(lazy.declared, kind, text, &path)?
        } else {
            let service = lazy.service()?;
            let id = id_of(lazy.invocation, &service, kind, text)?;
            let answer = service.client.get(kind, &id).await;
            let live = answer.map_err(|refusal| {
                service.explain(&[kind], refusal).context(format!("the {} {id} can't be read", kind.name))
            })?;
            if let Some(why) = no_file_for(kind, &live) {
                bail!(why);
            }
            // What says so may be a field that no definition holds.
            anyhow::ensure!(!(kind.api.foreign)(&live.body), not_for_people(text));
            from_live(lazy.declared, kind, text, live)?
        };
        anyhow::ensure!(!(kind.api.foreign)(&import.body), not_for_people(text));
        let id = |import: &Import| import.live.as_ref().map(|live| live.id.clone());
        if id(&import).is_none() || !found.iter().any(|other| id(other) == id(&import)) {
            found.push(import);
        }
    }
    Ok(found)
}

/// Orders, each by the section that it orders.
async fn orders(lazy: &Lazy<'_>, names: &[String]) -> anyhow::Result<Vec<Import>> {
    let service = lazy.service()?;
    let mut found: Vec<Import> = Vec::new();
    for text in names {
        let ordered = order::named(text)?;
        let address = Address::new(ORDER.section, ordered.section);
        if lazy.declared.written.contains(&address) {
            bail!("`{address}` is declared here already");
        }
        let body = order::definition(&service, lazy.declared, ordered).await?;
        if !found.iter().any(|import| import.id == ordered.section) {
            found.push(Import { named: text.clone(), body, live: None, id: ordered.section.to_owned() });
        }
    }
    Ok(found)
}

/// A file of its own for each order.
fn orders_apart(declared: &Declared, imports: &[Import]) -> anyhow::Result<Vec<File>> {
    let files = imports.iter().map(|import| {
        let written = order::file(order::named(&import.id)?, &import.body);
        let (stem, text) =
            written.with_context(|| format!("the order of {} can't be said in YAML", import.id))?;
        let name = Utf8PathBuf::from(format!("{stem}.yaml"));
        let shown = declared.config.definitions.join(&name);
        let path = files::inside(&folder(declared), &name).map_err(|why| anyhow!("{shown} {why}"))?;
        Ok(File { path, shown, before: None, text })
    });
    files.collect()
}

fn has_extension(text: &str) -> bool {
    [".json", ".yaml", ".yml"].iter().any(|extension| text.ends_with(extension))
}

fn from_file(declared: &Declared, kind: &Kind, text: &str, path: &Utf8Path) -> anyhow::Result<Import> {
    if path.is_file() && below(declared, path).is_some() {
        bail!("{path} stands below {} already: it is a definition as it is", declared.config.definitions);
    }
    let size = std::fs::metadata(path).with_context(|| format!("{path} can't be read"))?.len();
    if size > LARGEST {
        bail!("{path} is larger than {} MiB: no export is", LARGEST >> 20);
    }
    let content = std::fs::read_to_string(path).with_context(|| format!("{path} can't be read"))?;
    let content = content.strip_prefix('\u{FEFF}').unwrap_or(&content);
    let mut sources = Sources::default();
    let file: FileId = sources.add(path.as_str(), content, TextFormat::Json);
    let (value, faults) = source::value(content, TextFormat::Json, file);
    let Some(value) = value else {
        let reported = render::diagnostics::text(&faults, &sources, false);
        return Err(anyhow!("{path} is not JSON that can be read\n{reported}"));
    };
    let Some(body) = object_of(kind, &value) else {
        bail!("{path} holds no {}: it needs {}", kind.name, kind.export_needs());
    };
    let named = path.file_stem().unwrap_or(text).to_owned();
    let mut body = Value::Object(load::clean(kind, body));
    escape::unescape(&mut body);
    let body = match body {
        Value::Object(body) => tidy::definition(kind, body, declared.config.defaults.get(kind.section)),
        other => other,
    };
    Ok(Import { named, body, live: None, id: String::new() })
}

/// The object of this kind: the value itself, or what one of its members holds (`{"data": …}`).
fn object_of(kind: &Kind, value: &Value) -> Option<Map<String, Value>> {
    let own = load::unwrap(value)?;
    if own.kind.is_some_and(|found| found.section == kind.section) {
        return Some(own.body.into_owned());
    }
    let mut members = own.body.values().filter_map(Value::as_object);
    members.find(|inner| (kind.about.is_export)(inner)).cloned()
}

fn from_live(declared: &Declared, kind: &Kind, text: &str, mut live: Live) -> anyhow::Result<Import> {
    let mut id = String::new();
    // Of the marks of several owners, ours counts.
    live.mark = mark::read_as(kind, &live.body, &declared.scope.owner);
    if let Some(mark) = &live.mark {
        let address = Address::new(kind.section, &mark.id);
        if mark.owner != declared.scope.owner {
            bail!("`{text}` belongs to {}, as {address}: take it out of that project first", mark.owner);
        }
        if declared.resources.iter().any(|resource| resource.address == address) {
            bail!("`{text}` is declared here already, as {address}");
        }
        if declared.written.contains(&address) {
            bail!(
                "`{text}` is declared here already, as {address}, which is switched off in this environment"
            );
        }
        // Its definition was lost: what bears our mark comes back under its id.
        id.clone_from(&mark.id);
    }
    let key = mark::key(kind, &live.body);
    let names = |resource: &&model::Resource| key.is_some() && key_of(kind, resource).as_deref() == key;
    let mut of_kind = declared.resources.iter().filter(|resource| resource.address.section() == kind.section);
    if let Some(resource) = of_kind.find(names) {
        bail!("`{text}` is declared here already, as {}", resource.address);
    }
    let adopts = |resource: &&model::Resource| {
        resource.address.section() == kind.section
            && resource.directives.adopt.as_deref() == Some(live.id.as_str())
    };
    if let Some(resource) = declared.resources.iter().find(adopts) {
        bail!("`{text}` is adopted already, by {}", resource.address);
    }
    let body = live.body.as_object().cloned().unwrap_or_default();
    let body = tidy::definition(kind, body, declared.config.defaults.get(kind.section));
    Ok(Import { named: live.id.clone(), body, live: Some(live), id })
}

/// Gives each an id that is free.
fn name_all(
    declared: &Declared,
    kind: &Kind,
    options: &args::Import,
    imports: &mut [Import],
) -> anyhow::Result<()> {
    let mut given: Vec<String> = Vec::new();
    for import in imports {
        let is_taken = |id: &str| {
            let address = Address::new(kind.section, id);
            let stands = |extension| {
                let path = folder(declared).join(format!("{id}.{extension}"));
                std::fs::symlink_metadata(path).is_ok()
            };
            given.iter().any(|given| given == id)
                || declared.written.contains(&address)
                || declared.resources.binary_search_by(|resource| resource.address.cmp(&address)).is_ok()
                || (options.into.is_none() && (stands("json") || stands("yaml")))
        };
        if let Some(id) = &options.id {
            if !model::is_id(id) {
                bail!(
                    "`{id}` is not a valid id: an id has lower case letters, digits, `.`, `_` and `-`, and segments joined by `/`"
                );
            }
            if is_taken(id) {
                bail!("`{id}` is taken: `{}` is free", name::free(id, &is_taken));
            }
            import.id.clone_from(id);
        } else if import.id.is_empty() {
            let made = kind.title(&import.body).and_then(name::of_resource);
            let made =
                made.or_else(|| name::of_resource(&import.named)).unwrap_or_else(|| kind.name.to_owned());
            import.id = name::free(&made, &is_taken);
        }
        given.push(import.id.clone());
    }
    Ok(())
}

/// Puts references in the place of ids of what is managed, and of what is imported together.
async fn refer_all(lazy: &Lazy<'_>, kind: &Kind, imports: &mut [Import]) -> anyhow::Result<()> {
    for import in imports.iter_mut() {
        let troubles = escape::take_reserved(&mut import.body);
        complain(lazy.invocation, kind, &import.named, &troubles)?;
    }
    let is_used = |section: &str| of_section(section).is_some_and(|kind| lazy.declared.config.uses(kind));
    if !imports.iter().any(|import| refer::mentions(kind, &import.body, &is_used)) {
        return Ok(());
    }
    let mut known: BTreeMap<(String, String), Address> = BTreeMap::new();
    for live in lazy.service()?.live(lazy.declared).await? {
        let Some(mark) = live.mark.filter(|mark| mark.owner == lazy.declared.scope.owner) else { continue };
        let address = Address::new(live.section, &mark.id);
        if lazy.declared.resources.binary_search_by(|resource| resource.address.cmp(&address)).is_ok() {
            known.insert((live.section.to_owned(), live.id), address);
        }
    }
    for import in imports.iter() {
        if let Some(live) = &import.live {
            known.insert((kind.section.to_owned(), live.id.clone()), import.address(kind));
        }
    }
    for import in imports {
        let own = import.live.as_ref().map(|live| live.id.clone());
        refer::refer(kind, &mut import.body, &|section, id| {
            let is_own = section == kind.section && own.as_deref() == Some(id);
            known.get(&(section.to_owned(), id.to_owned())).filter(|_| !is_own).cloned()
        });
    }
    Ok(())
}

fn complain(
    invocation: &Invocation<'_>,
    kind: &Kind,
    name: &str,
    troubles: &[escape::Trouble],
) -> anyhow::Result<()> {
    for trouble in troubles {
        invocation.complain(&format!("{} {name}: {} {}", kind.name, trouble.pointer, trouble.text))?;
    }
    Ok(())
}

/// The texts as a definition writes them, and the keys of ours in front.
fn finish(
    invocation: &Invocation<'_>,
    declared: &Declared,
    kind: &Kind,
    import: &mut Import,
) -> anyhow::Result<()> {
    for said in load::leave_out(kind, &mut import.body) {
        invocation.complain(&format!("{} {}: {said}", kind.name, import.named))?;
    }
    let mut troubles = escape::escape(&mut import.body);
    troubles.extend(secret::write(kind, &mut import.body));
    complain(invocation, kind, &import.named, &troubles)?;
    let mut body = Map::new();
    if let Some(live) = &import.live {
        match live.mark.as_ref().filter(|mark| model::is_id(&mark.id)) {
            // Where there is no mark the name is enough, but for an object of others.
            None if kind.is_keyed() && !(kind.api.foreign)(&live.body) => {}
            None => {
                body.insert("$id".to_owned(), adopted(declared, kind, &live.id));
            }
            Some(mark) if mark.protect => {
                body.insert("$protect".to_owned(), Value::Bool(true));
            }
            Some(_) => {}
        }
    }
    if let Value::Object(own) = import.body.take() {
        body.extend(own);
    }
    import.body = Value::Object(body);
    Ok(())
}

fn folder(declared: &Declared) -> Utf8PathBuf {
    declared.config.root.join(&declared.config.definitions)
}

/// A file of its own for each, where none is.
fn apart(
    invocation: &Invocation<'_>,
    declared: &Declared,
    kind: &Kind,
    imports: &[Import],
    format: Format,
) -> anyhow::Result<Vec<File>> {
    let root = folder(declared);
    let mut files: Vec<File> = Vec::new();
    for import in imports {
        let in_yaml = (format == Format::Yaml).then(|| as_yaml(kind, &import.id, &import.body));
        let (extension, text) = match in_yaml {
            Some(Ok(text)) => ("yaml", text),
            Some(Err(why)) => {
                invocation.complain(&format!("{} is written as JSON: {why}", import.id))?;
                ("json", as_json(kind, &import.body))
            }
            None => ("json", as_json(kind, &import.body)),
        };
        let name_of = |stem: &str| Utf8PathBuf::from(format!("{stem}.{extension}"));
        // What bears our mark keeps the id of the mark, and a file of that name may be there.
        let is_taken = |stem: &str| {
            let path = root.join(name_of(stem));
            std::fs::symlink_metadata(&path).is_ok() || files.iter().any(|file| file.path == path)
        };
        // In YAML the id stands in the file, whatever the file's name.
        let stem = if extension == "yaml" { name::free(&import.id, &is_taken) } else { import.id.clone() };
        let name = name_of(&stem);
        let shown = declared.config.definitions.join(&name);
        if is_taken(&stem) {
            bail!(
                "{shown} is there, and stays as it is: import {} with --format yaml, or --into a file",
                import.address(kind)
            );
        }
        let path =
            files::inside(&root, &name).map_err(|why| anyhow!("{shown} {why}: choose another --id"))?;
        files.push(File { path, shown, before: None, text });
    }
    Ok(files)
}

/// All of them as entries of one YAML file.
fn into(
    invocation: &Invocation<'_>,
    declared: &Declared,
    kind: &Kind,
    imports: &[Import],
    path: &Utf8Path,
) -> anyhow::Result<Vec<File>> {
    if !matches!(path.extension(), Some("yaml" | "yml")) {
        bail!("--into takes a YAML file, and {path} has another name");
    }
    let own = below(declared, &invocation.at(path)).with_context(|| {
        format!("{path} is not below {}, where definitions are", declared.config.definitions)
    })?;
    if std::fs::metadata(&own).is_ok_and(|about| !about.is_file()) {
        bail!("{path} is not a regular file");
    }
    let before = match std::fs::read_to_string(&own) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("{path} can't be read")),
    };
    let mut text = before.clone().unwrap_or_default();
    let before = before.map(String::into_bytes);
    for import in imports {
        if let Some(pointer) = escape::foreign_key(&import.body) {
            bail!("in YAML the key {pointer} would be taken for one of musher's: import it without --into");
        }
        match insert::insert(&text, kind.section, &import.id, &import.body) {
            Some(more) => text = more,
            None => {
                let entry = yaml::file(kind.section, &import.id, &import.body).unwrap_or_default();
                render::print(Stream::Out, invocation.common.colors(), |out, _| {
                    out.write_all(render::sanitize::clean_lines(&entry).as_bytes())
                })?;
                bail!(
                    "no place in {path} was found where {} leaves all else as it is: the file is unchanged; \
                     put the text above into it yourself",
                    import.address(kind)
                );
            }
        }
    }
    let shown = own.strip_prefix(&declared.config.root).unwrap_or(&own).to_owned();
    Ok(vec![File { path: own, shown, before, text }])
}

/// A path as the system resolves its folder, where that is the definitions' or below.
fn below(declared: &Declared, path: &Utf8Path) -> Option<Utf8PathBuf> {
    let real = files::within(&folder(declared), path)?;
    (real.file_name() == path.file_name()).then_some(real)
}

/// Writes the files and reads the project again: what makes it faulty is taken back.
fn settle(invocation: &Invocation<'_>, files: &[File]) -> anyhow::Result<()> {
    let mut undo = Undo::default();
    let settled = files.iter().try_for_each(|file| undo.write(file)).and_then(|()| judge(invocation));
    match settled {
        Ok(judged) if !has_errors(&judged.diagnostics) => Ok(()),
        Ok(judged) => {
            undo.take_back()?;
            report(invocation, &judged.diagnostics, &judged.sources)?;
            invocation.complain(
                "nothing was imported: with it the definitions would be wrong, as reported above",
            )?;
            Err(AlreadyReported.into())
        }
        Err(error) => {
            undo.take_back()?;
            Err(error)
        }
    }
}
