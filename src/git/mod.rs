//! An older version of the project's folder, as git keeps it: read without a checkout; and a new one on a branch of its
//! own. The only place that runs git.

mod branch;
mod objects;
mod run;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use camino::Utf8Path;

use crate::source::stored::Stored;
use objects::{Objects, Version};
use run::{git, run, words};

pub use branch::{Branch, Committed, is_committed};
pub use run::GitError;

/// A version of the project's folder.
#[derive(Clone, Debug)]
pub struct Base {
    /// The whole name of the commit.
    pub commit: String,
    pub files: Arc<dyn Stored>,
    lacking: Arc<AtomicBool>,
}

impl Base {
    /// Refuses a version of which something that was asked for is not here: it would be taken for not being in it.
    pub fn whole(&self) -> Result<(), GitError> {
        if self.lacking.load(Ordering::Relaxed) {
            return Err(GitError::Partial(self.commit.clone()));
        }
        Ok(())
    }
}

/// The project's folder at the commit from which the present version and `reference` went apart.
pub fn base(folder: &Utf8Path, reference: &str) -> Result<Base, GitError> {
    if reference.is_empty() || reference.chars().any(char::is_control) {
        return Err(GitError::Malformed(reference.escape_debug().to_string()));
    }
    let about = run(folder, &["rev-parse", "--is-shallow-repository", "--show-prefix"])?;
    if !about.status.success() {
        return Err(GitError::NoRepository(folder.to_string(), words(&about)));
    }
    let about = String::from_utf8_lossy(&about.stdout).into_owned();
    let (is_shallow, prefix) = about.split_once('\n').unwrap_or((&about, ""));
    let found = run(folder, &["merge-base", "--end-of-options", reference, "HEAD"])?;
    let commit = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    if !found.status.success() || commit.is_empty() || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(match is_shallow {
            "true" => GitError::Shallow(reference.to_owned()),
            _ => GitError::Unknown(reference.to_owned(), words(&found)),
        });
    }
    let unreadable = |why: &str| GitError::Unreadable(commit.clone(), why.to_owned());
    let mut command = git(folder);
    command.args(["cat-file", "--batch"]);
    let objects = Objects::start(&mut command).map_err(GitError::Absent)?;
    let steps: Vec<&str> = prefix.trim_end_matches('\n').split('/').filter(|step| !step.is_empty()).collect();
    let lacking = Arc::<AtomicBool>::default();
    let version =
        Version::open(objects, &commit, &steps, Arc::clone(&lacking)).ok_or_else(|| {
            match lacking.load(Ordering::Relaxed) {
                true => GitError::Partial(commit.clone()),
                false => unreadable("its files can't be listed"),
            }
        })?;
    Ok(Base { commit: commit.clone(), files: Arc::new(version), lacking })
}
