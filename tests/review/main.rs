//! What a reviewer reads, end to end: plans beside an older version, comments, drift, issues; by the real binary, against
//! a stand-in for GitHub and GitLab whose requests are judged by GitHub's own description of its API.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod base;
mod comments;
mod drifts;
mod formats;
mod notes;
mod openapi;
mod stand_in;

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use stand_in::StandIn;

pub const TOKEN: &str = "ghs_Zx9Kq4aB3dE5gH7jK9mN1pQ3sT5vW7yA2cE4";
pub const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

/// A project in a folder of its own, in the sandbox.
pub struct Project {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct Ran {
    pub exit: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    #[track_caller]
    pub fn check(&self, exit: i32, said: &[&str]) -> &Self {
        assert_eq!(self.exit, exit, "{self:#?}");
        for part in said {
            assert!(self.out.contains(part) || self.err.contains(part), "`{part}` was not said: {self:#?}");
        }
        self
    }
}

impl Project {
    pub fn bare() -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() };
        project.write("musher.yaml", "project: shop\nenvironments: {sandbox: {api: sandbox}}\n");
        project.write("monitors/shop.yaml", "");
        project
    }

    /// A job of GitHub Actions on pull request 7.
    pub fn on_github(mut self, service: &StandIn) -> Self {
        self.write(
            "event.json",
            &format!(r#"{{"pull_request": {{"number": 7, "head": {{"sha": "{SHA}"}}}}}}"#),
        );
        for (name, value) in [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_API_URL", &service.url),
            ("GITHUB_REPOSITORY", "o/r"),
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_EVENT_PATH", "event.json"),
            ("GITHUB_STEP_SUMMARY", "summary.md"),
            ("GITHUB_RUN_ID", "55"),
            ("GITHUB_TOKEN", TOKEN),
        ] {
            self.set(name, value);
        }
        self
    }

    /// A pipeline of GitLab for merge request 7.
    pub fn on_gitlab(mut self, service: &StandIn) -> Self {
        for (name, value) in [
            ("GITLAB_CI", "true"),
            ("CI_API_V4_URL", service.url.as_str()),
            ("CI_PROJECT_ID", "5"),
            ("CI_MERGE_REQUEST_IID", "7"),
            ("CI_COMMIT_SHA", SHA),
            ("GITLAB_TOKEN", TOKEN),
        ] {
            self.set(name, value);
        }
        self
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(own, _)| own != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Declares these monitors, each with its threshold.
    pub fn declare(&self, monitors: &[(&str, u32)]) {
        let lines: String =
            monitors.iter().map(|(id, limit)| format!("  {id}: {}\n", monitor(id, *limit))).collect();
        self.write("monitors/shop.yaml", &format!("monitors:\n{lines}"));
    }

    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().current_dir(self.folder.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path()).env("XDG_CACHE_HOME", self.path(".cache"));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(env!("CARGO_BIN_EXE_musher"), arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { exit: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:#?}"))
    }

    /// Saves the plan as `plan.json`.
    #[track_caller]
    pub fn plan(&self) {
        self.run(&["plan", "--format", "json", "-o", "plan.json"]).check(0, &[]);
    }

    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        let identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"];
        let output = self.command("git", &[&identity[..], arguments].concat()).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Commits all there is.
    pub fn commit(&self) -> String {
        if !self.path(".git").exists() {
            self.git(&["init", "-q", "-b", "main"]);
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "x", "--allow-empty"]);
        self.git(&["rev-parse", "HEAD"])
    }
}

/// A monitor in flow style.
pub fn monitor(id: &str, limit: u32) -> String {
    format!(
        "{{type: query alert, name: {id}, message: \"hi @slack-x\", query: \"avg(last_5m):avg:system.load.1{{*}} > {limit}\", \
         options: {{thresholds: {{critical: {limit}}}}}}}"
    )
}
