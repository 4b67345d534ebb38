//! The environment's lock: held for the length of an apply, named when it stands in the way.

use std::time::{SystemTime, UNIX_EPOCH};

use super::Project;

fn project() -> Project {
    let project = Project::new("  sandbox: {api: sandbox, lock: {file: shared/musher.lock}}\n");
    project.write("shared/other", "");
    project.declare([("a", 1)]);
    project
}

/// A lock of somebody else, that holds for so many seconds more.
fn hold(project: &Project, seconds: i64) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let expires = now.saturating_add_signed(seconds);
    let holder = format!(
        r#"{{"owner": "shop.sandbox", "host": "ci-7", "pid": 42, "nonce": "n", "expires": {expires}}}"#
    );
    project.write("shared/musher.lock", &holder);
}

#[test]
fn a_lock_is_given_back() {
    let project = project();
    project.run(&["apply", "--yes"]).check(0, &["1 created"]);
    assert!(!project.path("shared/musher.lock").exists());
    project.declare([("a", 2)]);
    project.run(&["apply"]).check(1, &["run it with --yes"]);
    assert!(!project.path("shared/musher.lock").exists());
}

#[test]
fn a_lock_that_is_held_is_named_and_nothing_is_done() {
    let project = project();
    hold(&project, 1_000);
    let held = "is held by shop.sandbox (host ci-7, process 42)";
    project.run(&["apply", "--yes"]).check(1, &[held, "--lock-timeout", "delete the file"]);
    let waited = project.run(&["apply", "--yes", "--lock-timeout", "1s"]);
    waited.check(1, &["waiting up to 1 s for the lock of shop.sandbox (host ci-7, process 42)", held]);
    // Looking changes nothing, and needs no lock.
    project.run(&["plan"]).check(0, &["1 to create"]);
    assert!(project.path("shared/musher.lock").exists());
    project.run(&["apply", "--yes", "--lock-timeout", "soon"]).check(1, &["as in 30s"]);
}

#[test]
fn a_stale_lock_is_taken_over_and_told() {
    let project = project();
    hold(&project, -10);
    let reported = "took over the lock of shop.sandbox (host ci-7, process 42), which has expired";
    project.run(&["apply", "--yes"]).check(0, &[reported, "1 created"]);
    assert!(!project.path("shared/musher.lock").exists());
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let project = Project::new("  sandbox: {api: sandbox, lock: {file: nowhere/musher.lock}}\n");
    project.declare([("a", 1)]);
    project.run(&["apply", "--yes"]).check(1, &["nowhere/musher.lock can't be used as a lock file"]);
}

/// A signal before the first write ends the run in order.
#[cfg(unix)]
#[test]
fn a_signal_while_waiting_changes_nothing() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    let project = project();
    hold(&project, 1_000);
    let mut command = project.command(&["apply", "--yes", "--lock-timeout", "10m"]);
    let mut waiting = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(waiting.stderr.take().unwrap());
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    assert!(said.starts_with("waiting up to 600 s"), "{said}");
    Command::new("kill").args(["-TERM", &waiting.id().to_string()]).status().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(waiting.wait().unwrap().code(), Some(1), "{said}");
    assert!(said.contains("Stopped. Nothing was changed."), "{said}");
    assert!(project.read("shared/musher.lock").contains("ci-7"));
}
