//! New files of definitions are written, and taken back where the project would be wrong with them.

use std::collections::BTreeMap;

use super::super::declared::{Checked, judge, judge_over, report};
pub use super::super::undo::File;
use super::super::undo::Undo;
use super::super::{AlreadyReported, Invocation};
use crate::diagnostic::{Place, Severity, has_errors};
use crate::model::Address;

/// Writes the files and reads the project again: what makes it faulty is taken back.
pub fn settle(invocation: &Invocation<'_>, files: &[File]) -> anyhow::Result<()> {
    let Some(judged) = tried(invocation, files)? else { return Ok(()) };
    report(invocation, &judged.diagnostics, &judged.sources)?;
    invocation.complain("nothing was imported: with it the definitions would be wrong, as reported above")?;
    Err(AlreadyReported.into())
}

/// The same; where the project would be faulty, nothing was written and this is what is wrong with it.
pub fn tried(invocation: &Invocation<'_>, files: &[File]) -> anyhow::Result<Option<Checked>> {
    let mut undo = Undo::default();
    // What declares nothing by itself first, templates and lists: a run that is killed leaves no definition without them.
    let mut order: Vec<&File> = files.iter().collect();
    order.sort_by_key(|file| !file.holds.is_empty());
    let settled = order.into_iter().try_for_each(|file| undo.write(file)).and_then(|()| judge(invocation));
    match settled {
        Ok(judged) if !has_errors(&judged.diagnostics) => Ok(None),
        Ok(judged) => {
            undo.take_back()?;
            Ok(Some(judged))
        }
        Err(error) => {
            undo.take_back()?;
            Err(error)
        }
    }
}

/// The project as it would be with these files; nothing is written.
pub fn judged(invocation: &Invocation<'_>, files: &[File]) -> anyhow::Result<Checked> {
    let texts = files.iter().map(|file| (file.shown.clone(), file.text.clone())).collect();
    judge_over(invocation, texts)
}

/// The new ones among what errors are about, each with the first of them. None where one is about something else.
pub fn blamed(files: &[File], judged: &Checked) -> Option<BTreeMap<Address, String>> {
    let mut found = BTreeMap::new();
    for wrong in judged.diagnostics.iter().filter(|wrong| wrong.severity == Severity::Error) {
        let at = wrong.at.as_ref()?;
        let path = &judged.sources.get(at.file).path;
        let file = files.iter().find(|file| file.shown.as_str() == &**path)?;
        let Place::Node { pointer, .. } = &at.place else { return None };
        // Ids have `/` in them, which a pointer writes as `~1`.
        let own = |address: &&Address| {
            let own = format!("/{}/{}", address.section(), address.id().replace('/', "~1"));
            pointer.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let alone = || file.holds.first().filter(|_| file.shown.extension() == Some("json"));
        let address = file.holds.iter().find(own).or_else(alone)?;
        found.entry(address.clone()).or_insert_with(|| wrong.text.clone());
    }
    (!found.is_empty()).then_some(found)
}
