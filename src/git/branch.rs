//! A commit on a new branch, made of the last one and some files: neither the working tree nor the index is touched, and
//! nothing that is not committed comes along.

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use super::run::{GitError, feed, git, run, words};

/// A file of the project as it is on the disk, and as the commit holds it.
pub struct Committed {
    /// From the project's folder.
    pub path: Utf8PathBuf,
    pub before: Vec<u8>,
    pub after: Vec<u8>,
}

const STATUS: [&str; 7] = ["status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", "."];

/// The paths in what `git status` lists, from the project's folder.
fn changed(listed: &str, prefix: &str) -> Vec<String> {
    let path = |entry: &str| entry.get(3..)?.strip_prefix(prefix).map(str::to_owned);
    listed.split('\0').filter_map(path).collect()
}

/// Whether these files of the project's folder are all as they were committed last; no, where nothing tells.
pub fn is_committed(folder: &Utf8Path, is_read: &dyn Fn(&str) -> bool) -> bool {
    let said = |arguments: &[&str]| {
        let output = run(folder, arguments).ok().filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok()
    };
    let about = || {
        let prefix = said(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
            .and(said(&["rev-parse", "--show-prefix"]))?;
        Some(changed(&said(&STATUS)?, prefix.trim_end_matches('\n')))
    };
    about().is_some_and(|changed| !changed.iter().any(|path| is_read(path)))
}

/// A branch that can be made.
#[derive(Debug)]
pub struct Branch {
    folder: Utf8PathBuf,
    name: String,
    /// The commit that it begins at.
    pub head: String,
    /// The project's folder in the repository: empty, or with a `/` at its end.
    prefix: String,
}

impl Branch {
    /// Finds out whether a branch of this name can be made at the last commit.
    pub fn new(folder: &Utf8Path, name: &str) -> Result<Self, GitError> {
        let full = format!("refs/heads/{name}");
        // git would take it, as a branch that nobody finds again.
        let is_whole = name.starts_with("refs/");
        // To a `git push` these are no names of branches.
        let is_other = name.starts_with(['-', '+']) || ["HEAD", "@", "tag"].contains(&name);
        let is_odd = is_whole || is_other || name.chars().any(char::is_control);
        let about = run(folder, &["rev-parse", "--is-inside-work-tree", "--show-prefix"])?;
        let said = String::from_utf8_lossy(&about.stdout).into_owned();
        let (is_inside, prefix) = said.split_once('\n').unwrap_or((&said, ""));
        if !about.status.success() || is_inside != "true" {
            return Err(GitError::NoRepository(folder.to_string(), words(&about)));
        }
        if is_odd || !run(folder, &["check-ref-format", &full])?.status.success() {
            return Err(GitError::BadBranch(name.escape_debug().to_string()));
        }
        let head = run(folder, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
        if !head.status.success() {
            return Err(GitError::NoCommit);
        }
        if run(folder, &["show-ref", "--verify", "--quiet", &full])?.status.success() {
            return Err(GitError::BranchExists(name.to_owned()));
        }
        Ok(Self {
            folder: folder.to_owned(),
            name: name.to_owned(),
            head: String::from_utf8_lossy(&head.stdout).trim().to_owned(),
            prefix: prefix.trim_end_matches('\n').to_owned(),
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Files of the project's folder that are not as they were committed last, from that folder.
    pub fn uncommitted(&self) -> Result<Vec<String>, GitError> {
        let listed = self.said(git(&self.folder).args(STATUS), b"")?;
        Ok(changed(&listed, &self.prefix))
    }

    /// Commits these files on top of the last commit, and answers the name of the new one.
    ///
    /// Hooks of commits are not run: they judge the working tree, which does not hold what is committed.
    pub fn commit(&self, files: &[Committed], message: &str) -> Result<String, GitError> {
        let mut entries = Vec::new();
        for file in files {
            let path = format!("{}{}", self.prefix, file.path);
            let mode = self.mode_of(&path, file)?;
            let blob = self.blob(&file.path, &file.after, true)?;
            entries.extend_from_slice(format!("{mode} {blob}\t{path}\0").as_bytes());
        }
        let own = tempfile::tempdir().map_err(GitError::Absent)?;
        // Not yet there: git takes an empty file for a broken index.
        let index = own.path().join("index");
        let with_index = |arguments: &[&str]| {
            let mut command = git(&self.folder);
            command.args(arguments).env("GIT_INDEX_FILE", &index);
            command
        };
        self.said(&mut with_index(&["read-tree", &self.head]), b"")?;
        self.said(&mut with_index(&["update-index", "-z", "--index-info"]), &entries)?;
        let tree = self.said(&mut with_index(&["write-tree", "--missing-ok"]), b"")?;
        let arguments = ["commit-tree", &tree, "-p", &self.head, "-F", "-"];
        let commit = self.said(git(&self.folder).args(arguments), message.as_bytes())?;
        let full = format!("refs/heads/{}", self.name);
        // The empty text: only where there is none yet.
        self.said(git(&self.folder).args(["update-ref", "-m", "musher pull", &full, &commit, ""]), b"")?;
        Ok(commit)
    }

    /// The mode of a file in the last commit, if it is there as it is on the disk.
    fn mode_of(&self, path: &str, file: &Committed) -> Result<String, GitError> {
        let uncommitted = || GitError::Uncommitted(file.path.to_string());
        let arguments = ["ls-tree", "-z", "--full-tree", &self.head, "--", path];
        // A name with `*` in it names itself.
        let listed = self.said(git(&self.folder).arg("--literal-pathspecs").args(arguments), b"")?;
        let (about, _) = listed.split_once('\t').ok_or_else(uncommitted)?;
        let mut words = about.split(' ');
        let (Some(mode @ ("100644" | "100755")), Some("blob"), Some(blob)) =
            (words.next(), words.next(), words.next())
        else {
            return Err(uncommitted());
        };
        if self.blob(&file.path, &file.before, false)? != blob {
            return Err(uncommitted());
        }
        Ok(mode.to_owned())
    }

    /// The name of a file's text as git keeps it, with what its attributes make of line ends.
    fn blob(&self, path: &Utf8Path, text: &[u8], writes: bool) -> Result<String, GitError> {
        let mut command = git(&self.folder);
        command.arg("hash-object");
        if writes {
            command.arg("-w");
        }
        let path = format!("--path={path}");
        self.said(command.args([&path, "--stdin"]), text)
    }

    /// What git answers.
    fn said(&self, command: &mut Command, input: &[u8]) -> Result<String, GitError> {
        let output = feed(command, input)?;
        if !output.status.success() {
            return Err(GitError::NotMade(self.name.clone(), words(&output)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches(['\n', '\0']).to_owned())
    }
}
