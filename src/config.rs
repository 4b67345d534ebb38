//! `musher.yaml`: project, environments, defaults; read with every fault told at its line.

use camino::Utf8PathBuf;
use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::diagnostic::{At, FileId};
use crate::model::Owner;

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
}

#[derive(Clone, Debug, Default)]
pub struct Environment {
    pub target: Target,
    pub vars: Map<String, Value>,
    /// The organisation that the keys must belong to: its name or public id.
    pub org: Option<String>,
    pub brakes: Brakes,
    pub keys: KeyNames,
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
    /// Brakes that are off: `protect: off`.
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

/// Where a top-level key of `musher.yaml` stands.
pub fn at(config: &Config, pointer: &str) -> At {
    At::value(config.file, pointer)
}
