//! Apply against the real binary: saved plans, brakes, the lock, reports, and keys that appear nowhere.

#![allow(clippy::unwrap_used)]

mod brakes;
mod lock;
mod report;
mod saved;
mod secrets;
mod orders;
mod unmarked;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A project in a folder of its own, in the sandbox.
pub struct Project {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Fails with the whole output unless it ended so, and every part was said.
    #[track_caller]
    pub fn check(&self, exit: i32, said: &[&str]) -> &Self {
        assert_eq!(self.exit, exit, "{self:#?}");
        for part in said {
            assert!(self.all().contains(part), "`{part}` was not said: {self:#?}");
        }
        self
    }

    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl Project {
    pub fn new(environments: &str) -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() };
        project.write("musher.yaml", &format!("project: shop\nenvironments:\n{environments}"));
        project.write("monitors/shop.yaml", "");
        project
    }

    /// With the sandbox as its only environment.
    pub fn sandbox() -> Self {
        Self::new("  sandbox: {api: sandbox}\n")
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
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
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// Declares these monitors, each with its name and a number.
    pub fn declare<'a>(&self, monitors: impl IntoIterator<Item = (&'a str, u32)>) {
        let lines = monitors.into_iter().map(|(id, limit)| format!("  {id}: {}\n", monitor(id, limit)));
        self.write("monitors/shop.yaml", &format!("monitors:\n{}", lines.collect::<String>()));
    }

    /// The binary, ready to run, with an environment that holds nothing of whoever tests.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_musher"));
        command
            .env_clear()
            .env("HOME", self.path("home"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .args(arguments)
            .args(["--color", "never"]);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        Ran {
            exit: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Address and Datadog's id of everything that is live.
    pub fn live(&self) -> Vec<(String, String)> {
        let ran = self.run(&["list", "--format", "json"]);
        let listed: Value = serde_json::from_str(&ran.check(0, &[]).stdout).unwrap();
        let items = listed.as_array().or_else(|| listed.as_object()?.values().find_map(Value::as_array));
        let text = |item: &Value, key: &str| item[key].as_str().map(str::to_owned);
        items
            .unwrap()
            .iter()
            .filter_map(|item| Some((text(item, "address")?, text(item, "datadog_id")?)))
            .collect()
    }

    /// Every file below the folder, with its bytes.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push((path.clone(), std::fs::read(Path::new(&path)).unwrap()));
                }
            }
        }
        found
    }
}

/// A monitor as a flow mapping.
pub fn monitor(name: &str, limit: u32) -> String {
    format!(
        "{{name: '{name}', type: query alert, query: 'avg(last_5m):sum:shop.{name}{{*}} > {limit}', \
         message: '@slack-shop', options: {{thresholds: {{critical: {limit}}}}}}}"
    )
}
