//! `musher import`: an exported file or a live object becomes a definition of this project.

mod bulk;
mod files;
mod many;
mod moving;
mod object;
mod openslo;
mod said;
mod settle;
mod templatize;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use self::files::{apart, below, folder, has_file, into};
use self::object::{Import, finish, from_live, not_for_people, refer_all, secrets_of};
use self::said::{applied, tell};
use self::settle::{File, judged, settle};
use self::templatize::templatized;
use super::declared::{Declared, declare};
use super::export::{id_of, kind_of, no_file_for};
use super::service::{Service, service};
use super::{Invocation, order};
use crate::args::{self, Exit, Format};
use crate::diagnostic::{FileId, Format as TextFormat, Sources};
use crate::files as paths;
use crate::kind::{Kind, ORDER};
use crate::load;
use crate::model::{self, Address};
use crate::render;
use crate::render::progress::Progress;
use crate::source;
use crate::write::{escape, name, tidy};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 32 << 20;

pub async fn run(invocation: &Invocation<'_>, options: &args::Import) -> anyhow::Result<Exit> {
    if options.yes && !options.apply && !options.templatize {
        bail!("--yes answers what --apply and --templatize ask, and nothing is asked without them");
    }
    if options.kind == openslo::OPENSLO {
        return openslo::run(invocation, options).await;
    }
    if let Some(tool) = moving::tool(&options.kind) {
        return moving::run(invocation, options, tool).await;
    }
    let is_filtered = bulk::is_asked(options);
    if is_filtered {
        return bulk::run(invocation, options).await;
    }
    if options.named.is_empty() || options.group_by.is_some() {
        bail!(
            "say what to import: files, ids or URLs; or --all, --managed, --unmanaged, --query TEXT, --tag TAG, --group-by with one of them"
        );
    }
    let format = invocation.common.format.unwrap_or(Format::Json);
    if !matches!(format, Format::Json | Format::Yaml) {
        bail!("a definition is JSON or YAML: --format takes json, yaml");
    }
    let kind = kind_of(&options.kind)?;
    if options.id.is_some() && options.named.len() > 1 {
        bail!("--id names one resource: import the others by themselves");
    }
    let declared = declare(invocation)?;
    let progress = Arc::new(Progress::start(invocation.common.shows_no_progress()));
    let service = Lazy { invocation, declared: &declared, progress: &progress };
    let wanted = if kind.is_order() {
        orders(&service, &options.named).await?
    } else {
        let mut wanted = gather(&service, kind, &options.named).await?;
        name_all(&declared, kind, options, &mut wanted)?;
        refer_all(invocation, &declared, &|| service.service(), &mut wanted).await?;
        let mut secrets = secrets_of(&declared);
        for import in &mut wanted {
            finish(invocation, &declared, import, &mut secrets)?;
        }
        wanted
    };
    progress.end();
    let files = match &options.into {
        Some(path) => into(invocation, &declared, &wanted, path)?,
        None if kind.is_order() => orders_apart(&declared, &wanted)?,
        None => apart(invocation, &declared, &wanted, format)?,
    };
    let files = if options.templatize {
        templatized(invocation, options, &declared, &wanted, (&files, judged(invocation, &files)?)).await?
    } else {
        settle(invocation, &files)?;
        files
    };
    tell(invocation, &files)?;
    if !options.apply || files.is_empty() {
        return Ok(Exit::Fine);
    }
    applied(invocation, options, &files).await
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
            let id = ordered.section.to_owned();
            found.push(Import {
                kind: &ORDER,
                named: text.clone(),
                body,
                live: None,
                id,
                file: String::new(),
            });
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
        let path = paths::inside(&folder(declared), &name).map_err(|why| anyhow!("{shown} {why}"))?;
        Ok(File { path, shown, before: None, text, holds: vec![import.address()] })
    });
    files.collect()
}

fn has_extension(text: &str) -> bool {
    [".json", ".yaml", ".yml"].iter().any(|extension| text.ends_with(extension))
}

fn from_file(
    declared: &Declared,
    kind: &'static Kind,
    text: &str,
    path: &Utf8Path,
) -> anyhow::Result<Import> {
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
    Ok(Import { kind, named, body, live: None, id: String::new(), file: String::new() })
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
            given.iter().any(|given| given == id)
                || declared.written.contains(&address)
                || declared.resources.binary_search_by(|resource| resource.address.cmp(&address)).is_ok()
                || (options.into.is_none() && has_file(declared, id))
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
