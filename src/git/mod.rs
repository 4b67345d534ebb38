//! An older version of the project's folder, as git keeps it: read without a checkout. The only place that runs git.

mod objects;

use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use camino::Utf8Path;

use crate::source::stored::Stored;
use objects::{Objects, Version};

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

#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("git can't be run: {0}. `--base` reads what git keeps of the project: install it")]
    Absent(std::io::Error),
    #[error("`{0}` is not in a git repository: {1}")]
    NoRepository(String, String),
    #[error("`{0}` is not a name that git has")]
    Malformed(String),
    #[error(
        "git has no commit `{0}` here: this is a shallow clone. Fetch the whole history: `fetch-depth: 0` of \
         actions/checkout, `GIT_DEPTH: 0` of GitLab, or `git fetch --unshallow`"
    )]
    Shallow(String),
    #[error(
        "git has no commit `{0}` that this version comes from: {1}. A branch that was only fetched is named with \
         its remote, such as `origin/main`"
    )]
    Unknown(String, String),
    #[error(
        "git has not all files of the commit {0} here: this is a partial clone. Fetch them first: `git diff --stat {0} \
         HEAD`, or clone without `--filter` (`filter:` of actions/checkout)"
    )]
    Partial(String),
    #[error("git can't show the commit {0}: {1}")]
    Unreadable(String, String),
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

/// git in a folder: asks nobody for anything, fetches nothing, and writes nothing.
fn git(folder: &Utf8Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["--no-pager", "--no-replace-objects"]);
    command.envs([
        ("LC_ALL", "C"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_OPTIONAL_LOCKS", "0"),
    ]);
    command
}

fn run(folder: &Utf8Path, arguments: &[&str]) -> Result<Output, GitError> {
    git(folder).args(arguments).stdin(Stdio::null()).output().map_err(GitError::Absent)
}

/// What git says of its failure, as the end of a sentence.
fn words(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("they have none in common");
    line.trim_start_matches("fatal: ").trim_end_matches('.').chars().take(300).collect()
}
