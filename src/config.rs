//! `musher.yaml`: project, environments, defaults; read with every fault told at its line.

mod read;
mod secrets;

use camino::{Utf8Path, Utf8PathBuf};
use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::diagnostic::{At, Diagnostic, FileId, known_words};
use crate::load::short;
use crate::model::Owner;

pub use read::read;

/// The name of the file that makes a folder a project.
pub const FILE: &str = "musher.yaml";

#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of `musher.yaml`, absolute.
    pub root: Utf8PathBuf,
    /// `musher.yaml` among the sources.
    pub file: FileId,
    pub project: String,
    /// Top-level `vars`; an environment's own are laid over them.
    pub vars: Map<String, Value>,
    /// In the order of the file. Empty: the project has none.
    pub environments: IndexMap<String, Environment>,
    pub default_environment: Option<String>,
    /// The folder of the definitions, below the root: `monitors`.
    pub definitions: Utf8PathBuf,
    /// By section: what is merged under every resource of it. Each value is an object.
    pub defaults: IndexMap<String, Value>,
    /// By rule: how seriously it is taken. Whether there is such a rule is not checked here.
    pub rules: IndexMap<String, RuleLevel>,
}

/// What becomes of a rule's findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleLevel {
    Error,
    Warn,
    Off,
}

#[derive(Clone, Debug, Default)]
pub struct Environment {
    pub target: Target,
    pub vars: Map<String, Value>,
    /// The organisation that the keys must belong to: its name or public id.
    pub org: Option<String>,
    pub brakes: Brakes,
    pub keys: KeyNames,
    /// `lock: {file: PATH}`, relative to the root: held for the length of an apply.
    pub lock: Option<Utf8PathBuf>,
}

/// Where an environment's API is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// Whatever `DATADOG_HOST` or `DD_SITE` say, else datadoghq.com.
    #[default]
    Unnamed,
    /// `site: datadoghq.eu`.
    Site(String),
    /// `api_url: https://…`; plain http on loopback only.
    Url(String),
    /// `api: sandbox`: the emulator, in process.
    Sandbox,
}

/// Limits that an environment changes; absent ones keep their default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brakes {
    pub delete: Option<Limit>,
    pub inventory: Option<Limit>,
    /// Brakes that are off, by name: `protect: off`.
    pub off: Vec<String>,
}

/// How much a brake lets pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Percent(u32),
    Count(u32),
}

/// Names of environment variables that hold the keys; never values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyNames {
    pub api: Option<String>,
    pub app: Option<String>,
    pub access_token: Option<String>,
}

/// What the definitions are read for: the project, and one of its environments.
#[derive(Clone, Debug)]
pub struct Scope {
    pub project: String,
    /// Absent where the project declares none.
    pub environment: Option<String>,
    pub owner: Owner,
    /// Top-level vars with the environment's laid over them.
    pub vars: Map<String, Value>,
}

/// No project was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    #[error(
        "There is no `musher.yaml` in `{0}` or above it. Run `musher init` to begin a project, or name its folder with `-C`."
    )]
    Project(Utf8PathBuf),
    #[error("There is no folder `{0}`. Name the project's folder with `-C`.")]
    Folder(Utf8PathBuf),
}

/// The folder of the project that a folder belongs to: the nearest one, from there upwards, with a
/// `musher.yaml`. An absolute path.
pub fn find(from: &Utf8Path) -> Result<Utf8PathBuf, NotFound> {
    let missing = || NotFound::Folder(from.to_owned());
    let start = from.canonicalize_utf8().map_err(|_| missing())?;
    if !start.is_dir() {
        return Err(missing());
    }
    let found = start.ancestors().find(|folder| folder.join(FILE).is_file());
    found.map(Utf8Path::to_owned).ok_or(NotFound::Project(start))
}

/// The environment that a command works in: the one that is named on the command line, else
/// `default_environment`, else the only one.
pub fn scope(config: &Config, chosen: Option<&str>) -> Result<Scope, Diagnostic> {
    let names = || config.environments.keys().map(String::as_str);
    let name = match (chosen, &config.default_environment) {
        (Some(name), _) if config.environments.is_empty() => {
            let text = format!("There is no environment `{name}`: the project declares none");
            return Err(Diagnostic::error("unknown-environment", text, At::file(config.file))
                .help("leave the environment out, or declare it under `environments:`"));
        }
        (Some(name), _) => Some(name),
        (None, Some(default)) => Some(default.as_str()),
        (None, None) if config.environments.len() > 1 => {
            let listed = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let text = format!("The project has several environments: {listed}");
            return Err(Diagnostic::error(
                "unknown-environment",
                text,
                At::key(config.file, "/environments"),
            )
            .help("choose one with `-e`, or set `default_environment:`"));
        }
        (None, None) => names().next(),
    };
    let mut vars = config.vars.clone();
    if let Some(name) = name {
        let Some(environment) = config.environments.get(name) else {
            let at = At::key(config.file, "/environments");
            let text = format!("There is no environment `{}`", short(name));
            return Err(Diagnostic::error("unknown-environment", text, at).help(known_words(name, names())));
        };
        vars.extend(environment.vars.clone());
    }
    let owner =
        Owner(name.map_or_else(|| config.project.clone(), |name| format!("{}.{name}", config.project)));
    Ok(Scope { project: config.project.clone(), environment: name.map(str::to_owned), owner, vars })
}
