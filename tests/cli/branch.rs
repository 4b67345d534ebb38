//! `pull --branch`: a commit for a pull request, and nothing of the user's own work touched.

use crate::project::{Project, SANDBOX};

const ERRORS: &str = "# ours\nmonitors:\n  errors:\n    name: Errors\n    type: query alert\n    query: \"avg(last_5m):sum:a.b{*} > 5\"\n    message: Look. @slack-a\n    options: {thresholds: {critical: 5}} # tuned\n";
const OTHER: &str = "monitors:\n  other:\n    name: Other\n    type: query alert\n    query: \"avg(last_5m):sum:c.d{*} > 5\"\n    message: Look. @slack-a\n";
const FILE: &str = "obs/monitors/errors.yaml";

fn git(project: &Project, arguments: &[&str]) -> String {
    let ran = project.ended(project.command("git").args(arguments));
    assert_eq!(ran.code, Some(0), "git {}\n{}", arguments.join(" "), ran.shown());
    ran.out
}

/// A repository with the project in a folder of it, applied and committed; somebody raised the threshold in the UI.
fn drifted() -> Project {
    let mut project = Project::empty();
    for name in ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"] {
        project.set(name, "Ann");
    }
    for name in ["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"] {
        project.set(name, "ann@example.com");
    }
    project.write("obs/musher.yaml", SANDBOX);
    project.write("obs/.gitignore", ".musher/\n");
    project.write(FILE, ERRORS.replace("> 5\"", "> 7\"").replace("critical: 5", "critical: 7"));
    project.write("obs/monitors/other.yaml", OTHER);
    project.fine(&["-C", "obs", "apply", "--yes"]);
    project.write(FILE, ERRORS);
    git(&project, &["init", "-q", "-b", "main"]);
    project.write("readme", "one\n");
    git(&project, &["add", "."]);
    git(&project, &["commit", "-q", "-m", "All"]);
    project
}

/// What git knows of the working tree, the index and the branches but for one.
fn state(project: &Project) -> [String; 4] {
    [
        git(project, &["status", "--porcelain=v2", "--branch", "-uall"]),
        git(project, &["diff"]),
        git(project, &["diff", "--cached"]),
        git(project, &["for-each-ref", "--exclude=refs/heads/fix/ui", "refs/heads"]),
    ]
}

#[test]
fn a_branch_holds_the_edit_and_nothing_else() {
    let project = drifted();
    // Work of the user's: staged, unstaged, and in no version yet.
    project.write("readme", "two\n");
    git(&project, &["add", "readme"]);
    project.write("readme", "three\n");
    project.write("new", "x");
    project.write("obs/monitors/other.yaml", format!("# mine\n{OTHER}"));
    let before = state(&project);

    let said = project.fine(&["-C", "obs", "pull", "--branch", "fix/ui"]);
    assert!(said.contains("monitors/errors  committed in monitors/errors.yaml\n"), "{said}");
    assert!(said.contains("\n  git push -u origin fix/ui\n  gh pr create --head fix/ui --fill "), "{said}");
    assert!(said.contains("which it does not hold: monitors/other.yaml\n"), "{said}");
    assert_eq!(state(&project), before);
    assert_eq!(project.read(FILE), ERRORS);
    let patch = git(&project, &["diff", "-U0", "main", "fix/ui"]);
    let lines: Vec<&str> = patch.lines().filter(|line| line.starts_with(['+', '-'])).collect();
    let expected = [
        "--- a/obs/monitors/errors.yaml",
        "+++ b/obs/monitors/errors.yaml",
        "-    query: \"avg(last_5m):sum:a.b{*} > 5\"",
        "+    query: \"avg(last_5m):sum:a.b{*} > 7\"",
        "-    options: {thresholds: {critical: 5}} # tuned",
        "+    options: {thresholds: {critical: 7}} # tuned",
    ];
    assert_eq!(lines, expected);
    let message = git(&project, &["log", "-1", "--format=%an|%P|%B", "fix/ui"]);
    let main = git(&project, &["rev-parse", "main"]);
    let expected =
        format!("Ann|{}|Bring back the UI edit of monitors/errors\n\n- monitors/errors\n\n", main.trim());
    assert_eq!(message, expected);
    // On the branch nothing is left to do.
    git(&project, &["stash", "-q"]);
    git(&project, &["checkout", "-q", "fix/ui"]);
    assert!(project.fine(&["-C", "obs", "plan"]).ends_with("No changes.\n"));
}

#[test]
fn what_is_not_committed_makes_no_branch() {
    let project = drifted();
    let branches = || git(&project, &["for-each-ref", "refs/heads"]);
    let before = branches();
    project.write(FILE, ERRORS.replace("# ours", "# mine"));
    let ran = project.exits(1, &["-C", "obs", "pull", "--branch", "fix/ui"]);
    assert!(ran.err.contains("monitors/errors.yaml is not as it was committed last"), "{}", ran.err);
    // Staged is not committed.
    git(&project, &["add", FILE]);
    project.exits(1, &["-C", "obs", "pull", "--branch", "fix/ui"]);
    // Nor is what git was told not to look at.
    git(&project, &["reset", "-q"]);
    git(&project, &["update-index", "--skip-worktree", FILE]);
    project.exits(1, &["-C", "obs", "pull", "--branch", "fix/ui"]);
    git(&project, &["update-index", "--no-skip-worktree", FILE]);
    git(&project, &["rm", "-q", "--cached", FILE]);
    git(&project, &["commit", "-q", "-m", "Without"]);
    let before = [before, branches()];
    project.exits(1, &["-C", "obs", "pull", "--branch", "fix/ui"]);
    assert_eq!(branches(), before[1]);
}

#[test]
fn names_that_no_branch_may_have() {
    let project = drifted();
    for name in ["-x", "+x", "@", "tag", "a..b", "a b", "HEAD", "x\ny", "@{-1}", "", "a.lock", "\u{1b}[2J"] {
        let ran = project.exits(1, &["-C", "obs", "pull", &format!("--branch={name}")]);
        assert!(ran.err.contains("not a name that a branch may have") || name.is_empty(), "{}", ran.err);
        assert!(!ran.err.contains('\u{1b}'), "{}", ran.err);
    }
    // What git would make a branch of that nobody finds again.
    let ran = project.exits(1, &["-C", "obs", "pull", "--branch=refs/tags/x"]);
    assert!(ran.err.contains("name it as `git branch` lists it"), "{}", ran.err);
    let said = project.fine(&["-C", "obs", "pull", "--branch", "refs/heads/whole"]);
    assert!(said.contains("to the branch `whole`") && said.contains("git push -u origin whole\n"), "{said}");
    git(&project, &["rev-parse", "--verify", "refs/heads/whole"]);
    git(&project, &["branch", "taken"]);
    let ran = project.exits(1, &["-C", "obs", "pull", "--branch", "taken"]);
    assert!(ran.err.contains("there is a branch `taken` already"), "{}", ran.err);
    // One that lies below another one's name is git's to refuse, and leaves nothing half made.
    let ran = project.exits(1, &["-C", "obs", "pull", "--branch", "taken/x"]);
    assert!(ran.err.contains("could not make the branch `taken/x`"), "{}", ran.err);
    // What a shell would take for more than a name is made, and not told as a command.
    let said = project.fine(&["-C", "obs", "pull", "--branch", "$(rm;x)'"]);
    assert!(said.contains(r"  git push -u origin '$(rm;x)'\'''"), "{said}");
}

#[test]
fn a_detached_head_and_crlf_are_fine_and_no_repository_is_not() {
    let project = drifted();
    git(&project, &["config", "core.autocrlf", "true"]);
    project.write(FILE, ERRORS.replace('\n', "\r\n"));
    git(&project, &["checkout", "-q", "--detach"]);
    project.fine(&["-C", "obs", "pull", "--branch", "fix/ui"]);
    let patch = git(&project, &["diff", "--numstat", "main", "fix/ui"]);
    assert_eq!(patch, "2\t2\tobs/monitors/errors.yaml\n");
    // Nothing to pull, no branch.
    git(&project, &["checkout", "-q", "-f", "fix/ui"]);
    let said = project.fine(&["-C", "obs", "pull", "--branch", "another"]);
    assert!(said.contains("no branch `another` made"), "{said}");

    let project = Project::sandbox();
    let ran = project.exits(1, &["pull", "--branch", "x"]);
    assert!(ran.err.contains("is not in a git repository"), "{}", ran.err);
    git(&project, &["init", "-q"]);
    let ran = project.exits(1, &["pull", "--branch", "x"]);
    assert!(ran.err.contains("nothing was committed here yet"), "{}", ran.err);
}
