//! A project in a temporary folder, and what musher says there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub const BINARY: &str = env!("CARGO_BIN_EXE_musher");
/// The folder of the crate.
pub const CRATE: &str = env!("CARGO_MANIFEST_DIR");

/// One environment: the sandbox below the project's own folder.
pub const SANDBOX: &str = "project: shop\nenvironments: {sandbox: {api: sandbox}}\n";

/// The environment variables of every run; nothing else is set.
const KEPT: [&str; 2] = ["PATH", "LLVM_PROFILE_FILE"];

/// A folder with `musher.yaml` and the folder `monitors`.
pub struct Project {
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

/// What a run left: its exit code and what it said.
#[derive(Debug)]
pub struct Ran {
    /// None: killed by a signal.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Project {
    pub fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("musher").tempdir().unwrap();
        let mut project = Self { folder, variables: BTreeMap::new() };
        let home = format!("../{}-home", project.name());
        for (name, place) in [("HOME", home), ("XDG_CACHE_HOME", project.cache())] {
            let place = project.path(&place).to_string_lossy().into_owned();
            project.set(name, &place);
        }
        project
    }

    /// A project with this `musher.yaml`, nothing declared yet.
    pub fn new(musher: &str) -> Self {
        let project = Self::empty();
        project.write("musher.yaml", musher);
        std::fs::create_dir(project.path("monitors")).unwrap();
        project
    }

    pub fn sandbox() -> Self {
        Self::new(SANDBOX)
    }

    fn name(&self) -> String {
        self.folder.path().file_name().unwrap().to_string_lossy().into_owned()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder that runs of this project may keep things in.
    pub fn cache(&self) -> String {
        format!("../{}-home/cache", self.name())
    }

    /// Sets an environment variable of all further runs.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).unwrap();
    }

    /// Writes the definitions of `monitors/case.yaml` anew.
    pub fn declare(&self, definitions: &str) {
        self.write("monitors/case.yaml", definitions);
    }

    /// Everything that the sandbox of this project ever wrote.
    pub fn journal(&self) -> Vec<u8> {
        std::fs::read(self.path(".musher/sandbox/sandbox.journal")).unwrap_or_default()
    }

    /// A command that runs in the project's folder and knows no environment but the project's.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env_clear().current_dir(self.folder.path()).stdin(Stdio::null());
        for name in KEPT {
            std::env::var_os(name).map(|value| command.env(name, value));
        }
        command.envs(&self.variables);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.ended(self.command(BINARY).args(arguments))
    }

    /// Runs a command to its end; the folder's name and the like are made the same for all runs.
    pub fn ended(&self, command: &mut Command) -> Ran {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).expect("output is UTF-8");
            text.replace(&*self.folder.path().to_string_lossy(), "@PROJECT@")
        };
        Ran { code: status.code(), out: text(stdout), err: text(stderr) }
    }

    /// What a run that must be fine says on stdout.
    #[track_caller]
    pub fn fine(&self, arguments: &[&str]) -> String {
        self.exits(0, arguments).out
    }

    #[track_caller]
    pub fn exits(&self, code: i32, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "musher {}\n{}", arguments.join(" "), ran.shown());
        ran
    }

    /// The plan as JSON.
    #[track_caller]
    pub fn plan(&self) -> Value {
        serde_json::from_str(&self.fine(&["plan", "--format", "json"])).unwrap()
    }

    /// The actions of the plan: `update monitors/a`, in order.
    #[track_caller]
    pub fn actions(&self) -> Vec<String> {
        let plan = self.plan();
        let text = |change: &Value, key: &str| change[key].as_str().unwrap().to_owned();
        let changes = plan["changes"].as_array().unwrap();
        changes
            .iter()
            .map(|change| format!("{} {}", text(change, "action"), text(change, "address")))
            .collect()
    }

    /// Declares, checks what the plan would do, does it, and checks that nothing is left to do.
    #[track_caller]
    pub fn applies(&self, definitions: &str, expected: &[&str]) {
        self.declare(definitions);
        self.settles(expected);
    }

    #[track_caller]
    pub fn settles(&self, expected: &[&str]) {
        assert_eq!(self.actions(), expected);
        self.fine(&["apply", "--yes"]);
        let ran = self.exits(0, &["plan", "--detailed-exitcode"]);
        assert!(ran.out.ends_with("No changes.\n"), "{}", ran.shown());
    }

    /// The live ids by address.
    #[track_caller]
    pub fn ids(&self) -> BTreeMap<String, String> {
        let items: Vec<Value> = serde_json::from_str(&self.fine(&["list", "--format", "json"])).unwrap();
        items
            .iter()
            .filter_map(|item| {
                Some((item["address"].as_str()?.to_owned(), item["datadog_id"].as_str()?.to_owned()))
            })
            .collect()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // The home folder stands beside the project, so that it is not part of it.
        let _ = std::fs::remove_dir_all(self.path(&format!("../{}-home", self.name())));
    }
}

impl Ran {
    /// All of it, as a snapshot shows it.
    pub fn shown(&self) -> String {
        let code = self.code.map_or("killed".to_owned(), |code| code.to_string());
        let mut shown = format!("exit: {code}\n");
        for (name, text) in [("stdout", &self.out), ("stderr", &self.err)] {
            if !text.is_empty() {
                shown.push_str(&format!("----- {name}\n{text}"));
            }
        }
        shown
    }
}
