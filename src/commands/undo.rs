//! Files of the project written one after the other, all of them or none.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::{new_file, replace_file};
use crate::files;
use crate::model::Address;

/// A file as it is to be, and as it was.
#[derive(Clone)]
pub struct File {
    pub path: Utf8PathBuf,
    /// As people know it: from the project's folder.
    pub shown: Utf8PathBuf,
    pub before: Option<Vec<u8>>,
    pub text: String,
    /// What stands in it that did not before.
    pub holds: Vec<Address>,
}

/// What was written, to be taken back.
#[derive(Default)]
pub struct Undo<'a> {
    written: Vec<&'a File>,
    /// The outer ones first.
    folders: Vec<Utf8PathBuf>,
    /// Those in which nothing of a killed run is left.
    swept: BTreeSet<Utf8PathBuf>,
}

impl<'a> Undo<'a> {
    /// Writes a file, if what is there is still what was there when its text was made.
    pub fn write(&mut self, file: &'a File) -> anyhow::Result<()> {
        let absent = |folder: &&Utf8Path| !folder.as_str().is_empty() && !folder.exists();
        let mut missing: Vec<_> = file.path.ancestors().skip(1).take_while(absent).collect();
        missing.reverse();
        for folder in missing {
            std::fs::create_dir(folder)
                .with_context(|| format!("the folder of {} can't be made", file.shown))?;
            self.folders.push(folder.to_owned());
        }
        let folder = file.path.parent().unwrap_or(Utf8Path::new(""));
        if self.swept.insert(folder.to_owned()) {
            files::sweep(folder);
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
            bail!("{} was changed meanwhile, and stays as it is: run this again", file.shown);
        }
        self.written.push(file);
        Ok(())
    }

    /// Puts everything back as it was, to the byte; what somebody wrote meanwhile stays.
    pub fn take_back(&self) -> anyhow::Result<()> {
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

/// A file of the project as it was read, and its text afterwards.
pub struct Rewritten {
    /// From the project's folder.
    pub path: Utf8PathBuf,
    pub before: String,
    pub after: String,
}

/// Writes all of them or none. A byte-order mark stays, and what was changed meanwhile, too.
pub fn rewrite(root: &Utf8Path, rewritten: &[Rewritten]) -> anyhow::Result<()> {
    let files: Vec<File> = rewritten.iter().map(|own| own.file(root)).collect::<anyhow::Result<_>>()?;
    let mut undo = Undo::default();
    let written = files.iter().try_for_each(|file| undo.write(file));
    if written.is_err() {
        undo.take_back()?;
    }
    written
}

impl Rewritten {
    /// The file as it was read and as it is to be, byte-order mark included.
    pub fn file(&self, root: &Utf8Path) -> anyhow::Result<File> {
        const MARK: &str = "\u{FEFF}";
        let Self { path, before, after } = self;
        let own = root.join(path);
        let bytes = std::fs::read(&own).with_context(|| format!("{path} can't be read"))?;
        let mark = if bytes.starts_with(MARK.as_bytes()) { MARK } else { "" };
        Ok(File {
            path: own,
            shown: path.clone(),
            before: Some(format!("{mark}{before}").into_bytes()),
            text: format!("{mark}{after}"),
            holds: Vec::new(),
        })
    }
}
