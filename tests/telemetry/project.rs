//! A project whose sandbox is served over HTTP, and its runs.

use std::process::{Command, Stdio};

use crate::installed::{Running, first_line};

const BINARY: &str = env!("CARGO_BIN_EXE_musher");
pub const API_KEY: &str = "0123456789abcdef0123456789abcdef";
pub const APP_KEY: &str = "fedcba9876543210fedcba9876543210fedcba98";

pub struct Project {
    folder: tempfile::TempDir,
    _served: Running,
}

/// What a run left.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Project {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let command = |arguments: &[&str]| {
            let mut command = Command::new(BINARY);
            command.env_clear().current_dir(folder.path()).args(arguments);
            command
        };
        std::fs::create_dir(folder.path().join("monitors")).unwrap();
        std::fs::write(
            folder.path().join("musher.yaml"),
            "project: shop\nenvironments: {sandbox: {api: sandbox}}\n",
        )
        .unwrap();
        let mut served =
            command(&["sandbox", "serve", "--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
        let line = first_line(&mut served);
        let served = Running(served);
        let url =
            line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().trim_end_matches(',');
        let config = format!("project: shop\nenvironments: {{prod: {{api_url: {url}}}}}\n");
        std::fs::write(folder.path().join("musher.yaml"), config).unwrap();
        let project = Self { folder, _served: served };
        project.declare("b", 3);
        project
    }

    /// Declares so many monitors.
    pub fn declare(&self, id: &str, count: usize) {
        let of = |n: usize| {
            format!(
                "  {id}{n}: {{type: metric alert, name: '{id}{n}', query: 'avg(last_5m):avg:system.load.1{{*}} > {n}', message: '@slack-x'}}\n"
            )
        };
        let text: String = (1..=count).map(of).collect();
        std::fs::write(self.folder.path().join("monitors/all.yaml"), format!("monitors:\n{text}")).unwrap();
    }

    pub fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let output = Command::new(BINARY)
            .env_clear()
            .env("HOME", self.folder.path().join(".home"))
            .envs([("DD_API_KEY", API_KEY), ("DD_APP_KEY", APP_KEY)])
            .envs(variables.iter().copied())
            .current_dir(self.folder.path())
            .args(arguments)
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }
}
