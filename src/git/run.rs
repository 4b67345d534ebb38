//! One run of git, and what its failures mean.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use camino::Utf8Path;

#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("git can't be run: {0}. It keeps the versions of the project: install it")]
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
    #[error(
        "`{0}` is not a name that a branch may have: name it as `git branch` lists it, such as `fix/ui-edits`"
    )]
    BadBranch(String),
    #[error("there is a branch `{0}` already, and it stays as it is: name another one")]
    BranchExists(String),
    #[error("nothing was committed here yet: a branch begins at a commit")]
    NoCommit,
    #[error(
        "{0} is not as it was committed last, and what you have not committed stays yours: commit or stash it, or leave \
         `--branch` out"
    )]
    Uncommitted(String),
    #[error("git could not make the branch `{0}`: {1}")]
    NotMade(String, String),
}

/// git in a folder: asks nobody for anything, fetches nothing, and locks nothing that it need not.
pub fn git(folder: &Utf8Path) -> Command {
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

pub fn run(folder: &Utf8Path, arguments: &[&str]) -> Result<Output, GitError> {
    git(folder).args(arguments).stdin(Stdio::null()).output().map_err(GitError::Absent)
}

/// Runs a command that reads these bytes.
pub fn feed(command: &mut Command, input: &[u8]) -> Result<Output, GitError> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(GitError::Absent)?;
    if let Some(mut to) = child.stdin.take() {
        // One that ends before it has read all of it says itself why.
        let _ = to.write_all(input);
    }
    child.wait_with_output().map_err(GitError::Absent)
}

/// What git says of its failure, as the end of a sentence.
pub fn words(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("they have none in common");
    line.trim_start_matches("fatal: ").trim_end_matches('.').chars().take(300).collect()
}
