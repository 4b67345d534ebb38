//! Many live objects at once become definitions: what can't is left out, with the reason.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::declared::{Declared, report};
use super::super::export::no_file_for;
use super::super::service::{Service, service};
use super::super::{AlreadyReported, Invocation};
use super::files::{apart, grouped, has_file, into};
use super::object::{Import, declared_as, finish, from_live, refer_all, secrets_of};
use super::said::{Sum, applied, tell};
use super::settle::{File, blamed, judged, tried};
use super::templatize::templatized;
use crate::args::{self, Exit, Format};
use crate::diagnostic::has_errors;
use crate::kind::Kind;
use crate::mark;
use crate::model::{Address, Live};
use crate::moving::Left;
use crate::render::progress::Progress;
use crate::write::name;

/// What a live object is to be.
pub struct Wish {
    pub kind: &'static Kind,
    pub live: Live,
    pub id: String,
    /// As it is named in what is told.
    pub from: String,
    /// As [`Import::file`].
    pub file: String,
}

/// What can be adopted, with ids that are free.
pub fn take(declared: &Declared, wishes: Vec<Wish>, sum: &mut Sum) -> Vec<Import> {
    let mut given: BTreeSet<Address> = BTreeSet::new();
    let mut alone: BTreeSet<String> = BTreeSet::new();
    let mut imports = Vec::new();
    for Wish { kind, mut live, id, from, file } in wishes {
        let refused = |why: &dyn std::fmt::Display| Left::new(&from, format!("can't be adopted: {why}"));
        if let Some(why) = no_file_for(kind, &live) {
            sum.left.push(refused(&why));
            continue;
        }
        live.mark = mark::read_as(kind, &live.body, &declared.scope.owner);
        if declared_as(declared, kind, &live).is_some() {
            sum.already += 1;
            continue;
        }
        let datadog_id = live.id.clone();
        let mut import = match from_live(declared, kind, &datadog_id, live) {
            Ok(import) => import,
            Err(why) => {
                sum.left.push(refused(&why));
                continue;
            }
        };
        if import.id.is_empty() {
            // A raw export is named by its file, whatever its kind.
            let is_alone = file.is_empty();
            let is_taken = |id: &str| {
                let address = Address::new(kind.section, id);
                (is_alone && (alone.contains(id) || has_file(declared, id)))
                    || given.contains(&address)
                    || declared.written.contains(&address)
                    || declared.resource(&address).is_some()
            };
            import.id = name::free(&id, &is_taken);
        }
        if import.id != id {
            sum.renamed.push((from.clone(), import.id.clone()));
        }
        given.insert(import.address());
        if file.is_empty() {
            alone.insert(import.id.clone());
        }
        import.file = file;
        import.named = from;
        imports.push(import);
    }
    imports
}

/// Writes what was taken, tells what became of it and, where that is asked for, applies it.
pub async fn conclude(
    invocation: &Invocation<'_>,
    options: &args::Import,
    (declared, service, progress): (&Declared, &Service, &Progress),
    (imports, mut sum): (Vec<Import>, Sum),
) -> anyhow::Result<Exit> {
    // A question may follow: nothing draws over it.
    progress.end();
    let files = settled(invocation, options, declared, imports, &mut sum).await?;
    sum.adopted = files.iter().map(|file| file.holds.len()).sum();
    tell(invocation, &files)?;
    sum.say(invocation, files.len())?;
    service.tell_counts(invocation)?;
    if options.apply && !files.is_empty() {
        return applied(invocation, options, &files).await;
    }
    Ok(if sum.left.is_empty() { Exit::Fine } else { Exit::Incomplete })
}

/// Writes them. What the definitions would be wrong with is left out, and the others are written without it.
async fn settled(
    invocation: &Invocation<'_>,
    options: &args::Import,
    declared: &Declared,
    mut imports: Vec<Import>,
    sum: &mut Sum,
) -> anyhow::Result<Vec<File>> {
    let quiet = Arc::new(Progress::start(true));
    let again = || service(invocation, declared, &quiet);
    while !imports.is_empty() {
        // Anew each time: what is left out is referred to by its Datadog id.
        let mut ready = imports.clone();
        refer_all(invocation, declared, &again, &mut ready).await?;
        let mut secrets = secrets_of(declared);
        for import in &mut ready {
            finish(invocation, declared, import, &mut secrets)?;
        }
        let files = match &options.into {
            Some(path) => into(invocation, declared, &ready, path)?,
            None => {
                let (alone, shared): (Vec<Import>, Vec<Import>) =
                    ready.iter().cloned().partition(|import| import.file.is_empty());
                let format = invocation.common.format.unwrap_or(Format::Json);
                let mut files = apart(invocation, declared, &alone, format)?;
                files.extend(grouped(invocation, declared, &shared)?);
                files
            }
        };
        let judged = match options.templatize {
            true => match judged(invocation, &files)? {
                judged if has_errors(&judged.diagnostics) => judged,
                judged => return templatized(invocation, options, declared, &ready, (&files, judged)).await,
            },
            false => match tried(invocation, &files)? {
                Some(judged) => judged,
                None => return Ok(files),
            },
        };
        let Some(blamed) = blamed(&files, &judged) else {
            report(invocation, &judged.diagnostics, &judged.sources)?;
            invocation.complain(
                "nothing was imported: with it the definitions would be wrong, as reported above",
            )?;
            return Err(AlreadyReported.into());
        };
        imports.retain(|import| match blamed.get(&import.address()) {
            Some(why) => {
                sum.left.push(Left::new(&import.named, format!("would be refused: {why}")));
                false
            }
            None => true,
        });
    }
    Ok(Vec::new())
}
