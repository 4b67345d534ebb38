//! Definitions put into files: one each, or entries of one file.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Context as _, anyhow, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::super::Invocation;
use super::super::declared::Declared;
use super::super::export::{as_json, as_yaml};
use super::object::Import;
use super::settle::File;
use crate::args::Format;
use crate::files;
use crate::render::{self, Stream};
use crate::write::{escape, insert, name, yaml};

pub fn folder(declared: &Declared) -> Utf8PathBuf {
    declared.config.root.join(&declared.config.definitions)
}

/// Whether a file of this name stands among the definitions.
pub fn has_file(declared: &Declared, stem: &str) -> bool {
    let stands =
        |extension| std::fs::symlink_metadata(folder(declared).join(format!("{stem}.{extension}"))).is_ok();
    stands("json") || stands("yaml")
}

/// A file of its own for each, where none is.
pub fn apart(
    invocation: &Invocation<'_>,
    declared: &Declared,
    imports: &[Import],
    format: Format,
) -> anyhow::Result<Vec<File>> {
    let root = folder(declared);
    let mut files: Vec<File> = Vec::new();
    let mut taken: HashSet<Utf8PathBuf> = HashSet::new();
    for import in imports {
        // What bears our mark keeps the id of the mark, and another kind may have one of that name.
        let in_json = root.join(format!("{}.json", import.id));
        let is_there = std::fs::symlink_metadata(&in_json).is_ok() || taken.contains(&in_json);
        let in_yaml =
            (format == Format::Yaml || is_there).then(|| as_yaml(import.kind, &import.id, &import.body));
        let (extension, text) = match in_yaml {
            Some(Ok(text)) => ("yaml", text),
            Some(Err(why)) => {
                invocation.complain(&format!("{} is written as JSON: {why}", import.id))?;
                ("json", as_json(import.kind, &import.body))
            }
            None => ("json", as_json(import.kind, &import.body)),
        };
        let name_of = |stem: &str| Utf8PathBuf::from(format!("{stem}.{extension}"));
        let is_taken = |stem: &str| {
            let path = root.join(name_of(stem));
            std::fs::symlink_metadata(&path).is_ok() || taken.contains(&path)
        };
        // In YAML the id stands in the file, whatever the file's name.
        let stem = if extension == "yaml" { name::free(&import.id, &is_taken) } else { import.id.clone() };
        let name = name_of(&stem);
        let shown = declared.config.definitions.join(&name);
        if is_taken(&stem) {
            bail!(
                "{shown} is there, and stays as it is: import {} with --format yaml, or --into a file",
                import.address()
            );
        }
        let path =
            files::inside(&root, &name).map_err(|why| anyhow!("{shown} {why}: choose another --id"))?;
        taken.insert(path.clone());
        files.push(File { path, shown, before: None, text, holds: vec![import.address()] });
    }
    Ok(files)
}

/// One YAML file for those that share one. What is in such a file already stays as it is, and they come behind it.
pub fn grouped(
    invocation: &Invocation<'_>,
    declared: &Declared,
    imports: &[Import],
) -> anyhow::Result<Vec<File>> {
    let root = folder(declared);
    let mut groups: BTreeMap<Utf8PathBuf, Vec<&Import>> = BTreeMap::new();
    let mut alone = Vec::new();
    for import in imports {
        if let Some(pointer) = escape::foreign_key(&import.body) {
            invocation.complain(&format!(
                "{} is written as JSON: in YAML the key {pointer} would be taken for one of musher's",
                import.address()
            ))?;
            alone.push(import);
            continue;
        }
        let wanted = Utf8PathBuf::from(format!("{}.yaml", import.file));
        // A word that names a device on some system.
        let fits = files::inside(&root, &wanted).is_ok();
        let plain = || Utf8PathBuf::from(format!("{}.yaml", import.kind.section));
        groups.entry(if fits { wanted } else { plain() }).or_default().push(import);
    }
    let mut found = Vec::new();
    for (name, imports) in groups {
        let shown = declared.config.definitions.join(&name);
        let path = files::inside(&root, &name).map_err(|why| anyhow!("{shown} {why}"))?;
        let before = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("{shown} can't be read")),
        };
        let text = match &before {
            None => {
                yaml::whole(imports.iter().map(|import| (import.kind.section, &*import.id, &import.body)))
            }
            Some(text) => added(text, &imports).ok(),
        };
        let text = text.with_context(|| {
            format!("{shown} has no place that leaves all else as it is: move it away, or import with --into")
        })?;
        let holds = imports.iter().map(|import| import.address()).collect();
        found.push(File { path, shown, before: before.map(String::into_bytes), text, holds });
    }
    for import in alone {
        found.extend(apart(invocation, declared, std::slice::from_ref(import), Format::Json)?);
    }
    Ok(found)
}

/// All of them as entries of one YAML file.
pub fn into(
    invocation: &Invocation<'_>,
    declared: &Declared,
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
    if let Some(pointer) = imports.iter().find_map(|import| escape::foreign_key(&import.body)) {
        bail!("in YAML the key {pointer} would be taken for one of musher's: import it without --into");
    }
    let text = match added(before.as_deref().unwrap_or_default(), &imports.iter().collect::<Vec<_>>()) {
        Ok(text) => text,
        Err(import) => {
            let entry = yaml::file(import.kind.section, &import.id, &import.body).unwrap_or_default();
            render::print(Stream::Out, invocation.common.colors(), |out, _| {
                out.write_all(render::sanitize::clean_lines(&entry).as_bytes())
            })?;
            bail!(
                "no place in {path} was found where {} leaves all else as it is: the file is unchanged; \
                 put the text above into it yourself",
                import.address()
            );
        }
    };
    let before = before.map(String::into_bytes);
    let holds = imports.iter().map(Import::address).collect();
    let shown = own.strip_prefix(&declared.config.root).unwrap_or(&own).to_owned();
    Ok(vec![File { path: own, shown, before, text, holds }])
}

/// The text of a file with more definitions in it, those of a section at once; else one that finds no place.
fn added<'i>(text: &str, imports: &[&'i Import]) -> Result<String, &'i Import> {
    let mut of_sections = imports.chunk_by(|one, next| one.kind.section == next.kind.section);
    of_sections.try_fold(text.to_owned(), |text, some| {
        let entries: Vec<(&str, &Value)> = some.iter().map(|import| (&*import.id, &import.body)).collect();
        insert::insert(&text, some[0].kind.section, &entries).ok_or_else(|| {
            let alone = |import: &Import| {
                insert::insert(&text, import.kind.section, &[(&*import.id, &import.body)]).is_none()
            };
            some.iter().copied().find(|import| alone(import)).unwrap_or(some[0])
        })
    })
}

/// A path as the system resolves its folder, where that is the definitions' or below.
pub fn below(declared: &Declared, path: &Utf8Path) -> Option<Utf8PathBuf> {
    let real = files::within(&folder(declared), path)?;
    (real.file_name() == path.file_name()).then_some(real)
}
