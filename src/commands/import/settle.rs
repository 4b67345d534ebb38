//! New files of definitions are written, and taken back where the project would be wrong with them.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::super::declared::{Checked, judge, report};
use super::super::{AlreadyReported, Invocation, new_file, replace_file};
use crate::diagnostic::{Place, Severity, has_errors};
use crate::model::Address;

/// A file as it is to be, and as it was.
pub struct File {
    pub path: Utf8PathBuf,
    /// As people know it: from the project's folder.
    pub shown: Utf8PathBuf,
    pub before: Option<Vec<u8>>,
    pub text: String,
    /// What stands in it that did not before.
    pub holds: Vec<Address>,
}

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
    let settled = files.iter().try_for_each(|file| undo.write(file)).and_then(|()| judge(invocation));
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

/// What was written, to be taken back.
#[derive(Default)]
struct Undo<'a> {
    written: Vec<&'a File>,
    /// The outer ones first.
    folders: Vec<Utf8PathBuf>,
}

impl<'a> Undo<'a> {
    /// Writes a file, if what is there is still what was there when its text was made.
    fn write(&mut self, file: &'a File) -> anyhow::Result<()> {
        let absent = |folder: &&Utf8Path| !folder.as_str().is_empty() && !folder.exists();
        let mut missing: Vec<_> = file.path.ancestors().skip(1).take_while(absent).collect();
        missing.reverse();
        for folder in missing {
            std::fs::create_dir(folder)
                .with_context(|| format!("the folder of {} can't be made", file.shown))?;
            self.folders.push(folder.to_owned());
        }
        let is_as_it_was = match &file.before {
            None => new_file(&file.path, file.text.as_bytes())?,
            Some(before) if std::fs::read(&file.path).is_ok_and(|now| now == *before) => {
                replace_file(&file.path, file.text.as_bytes())?;
                true
            }
            Some(_) => false,
        };
        if !is_as_it_was {
            bail!("{} was changed meanwhile, and stays as it is: import again", file.shown);
        }
        self.written.push(file);
        Ok(())
    }

    /// Puts everything back as it was, to the byte; what somebody wrote meanwhile stays.
    fn take_back(&self) -> anyhow::Result<()> {
        for file in &self.written {
            if !std::fs::read(&file.path).is_ok_and(|now| now == file.text.as_bytes()) {
                continue;
            }
            match &file.before {
                Some(before) => replace_file(&file.path, before)?,
                None => std::fs::remove_file(&file.path)
                    .with_context(|| format!("{} can't be removed again", file.shown))?,
            }
        }
        // One that is not empty has something of somebody else in it.
        self.folders.iter().rev().for_each(|folder| drop(std::fs::remove_dir(folder)));
        Ok(())
    }
}
