//! `musher.yaml`: project, environments, defaults; read with every fault reported at its line.

mod gate;
mod read;
mod secrets;
mod trust;

use camino::{Utf8Path, Utf8PathBuf};
use globset::GlobMatcher;
use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::diagnostic::{At, Diagnostic, FileId, all_known, known_words};
use crate::kind::{KINDS, Kind, ORDER, ordered, ordered_as};
use crate::model::{Owner, Resource};
use crate::signal::Demands;
use crate::source::short;
use crate::source::walk::Root;

pub use read::{blot, blot_keys, read, read_in};
pub use trust::{Hosts, PLAIN, SITES, Url, site_help};

/// The name of the file that makes a folder a project.
pub const FILE: &str = "musher.yaml";

#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of `musher.yaml`, absolute.
    pub root: Utf8PathBuf,
    /// The same, with where its files are read from.
    pub files: Root,
    /// `musher.yaml` among the sources.
    pub file: FileId,
    pub project: String,
    /// `moved_from:` at the top: owners before a rename. See [`Config::former`].
    pub moved_from: Vec<Owner>,
    /// Top-level `vars`; an environment's own are laid over them.
    pub vars: Map<String, Value>,
    /// In the order of the file. Empty: the project has none.
    pub environments: IndexMap<String, Environment>,
    pub default_environment: Option<String>,
    /// The folder of the definitions, below the root: `monitors`.
    pub definitions: Utf8PathBuf,
    /// Namespaces of every environment.
    pub owns: Vec<Namespace>,
    /// The kinds that `kinds:` names.
    pub kinds: Vec<&'static Kind>,
    /// By section: what is merged under every resource of it. Each value is an object.
    pub defaults: IndexMap<String, Value>,
    /// By rule: how seriously it is taken. Whether there is such a rule is not checked here.
    pub rules: IndexMap<String, RuleLevel>,
    /// Paths and globs of files that say how telemetry gets to Datadog, relative to the root.
    pub pipelines: Vec<String>,
    /// By name: the environment variables of secrets.
    pub secrets: IndexMap<String, String>,
    /// Keys of tags that the rule `required-tags` asks for.
    pub required_tags: Vec<String>,
    /// What `coverage:` asks for.
    pub coverage: Demands,
}

impl Config {
    /// Whether the project manages objects of a kind.
    pub fn uses(&self, kind: &Kind) -> bool {
        kind.always || self.names(kind)
    }

    /// Whether `kinds:` names it.
    pub fn names(&self, kind: &Kind) -> bool {
        self.kinds.iter().any(|named| named.section == kind.section)
    }

    /// What is declared of kinds that the project does not use: an error for each of them.
    pub fn unused(&self, resources: &[Resource]) -> Vec<Diagnostic> {
        let unused = KINDS.into_iter().filter(|kind| !self.uses(kind));
        let mut reported = self.unknown_orders(resources);
        // Those of a section stand side by side.
        let sections: Vec<&[Resource]> =
            resources.chunk_by(|one, next| one.address.section() == next.address.section()).collect();
        let declared = |kind: &&Kind| sections.iter().any(|all| all[0].address.section() == kind.section);
        let unused: Vec<&Kind> = unused.filter(declared).collect();
        // One line to be copied, whichever of the messages is read.
        let named = self.kinds.iter().chain(&unused).map(|kind| kind.section);
        let line = format!("kinds: [{}]", named.collect::<Vec<_>>().join(", "));
        reported.extend(unused.iter().filter_map(|kind| {
            let own = || sections.iter().filter(|all| all[0].address.section() == kind.section);
            let first = own().next()?.first()?;
            let more = match own().map(|all| all.len()).sum::<usize>() - 1 {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            let text =
                format!("`{}`{more}: the project does not use the kind `{}`", first.address, kind.section);
            let fault = Diagnostic::error("unused-kind", text, first.origin.layers.first().cloned());
            Some(fault.help(format!("write `{line}` in {FILE}: only kinds that it names are listed")))
        }));
        reported
    }

    /// Orders of what has none, and of kinds that the project does not use.
    fn unknown_orders(&self, resources: &[Resource]) -> Vec<Diagnostic> {
        let orders = resources.iter().filter(|resource| resource.address.section() == ORDER.section);
        let reported = orders.filter_map(|order| {
            let address = &order.address;
            let (code, text, help) = match ordered_as(address.id()) {
                Some(kind) if self.uses(kind) => return None,
                Some(kind) => (
                    "unused-kind",
                    format!("`{address}`: the project does not use the kind `{}`", kind.section),
                    format!(
                        "write `kinds: [{}]` in {FILE}: only kinds that it names are listed",
                        kind.section
                    ),
                ),
                None => (
                    "bad-order",
                    format!("There is no order of `{}`", address.id()),
                    known_words(address.id(), ordered().map(|kind| kind.section)),
                ),
            };
            Some(Diagnostic::error(code, text, order.origin.layers.first().cloned()).help(help))
        });
        reported.collect()
    }

    /// Every owner that this file names: of each environment, and those before renames.
    pub fn owners(&self) -> Vec<Owner> {
        let own = self.environments.keys().map(|name| Owner(format!("{}.{name}", self.project)));
        let alone = self.environments.is_empty().then(|| Owner(self.project.clone()));
        let former = self.environments.values().flat_map(|environment| &environment.moved_from);
        own.chain(alone).chain(self.moved_from.iter().chain(former).cloned()).collect()
    }

    /// The owners whose objects an environment takes over. An owner that was another environment's, by its name, is
    /// not for this one.
    fn former(&self, owner: &Owner, environment: Option<&str>) -> Vec<Owner> {
        let is_for_another = |old: &Owner| {
            let name = old.0.split_once('.').map(|(_, name)| name);
            name != environment && name.is_some_and(|name| self.environments.contains_key(name))
        };
        let own = environment.and_then(|name| self.environments.get(name)).map(|own| &own.moved_from);
        let top = self.moved_from.iter().filter(|old| !is_for_another(old));
        let mut former: Vec<Owner> =
            own.into_iter().flatten().chain(top).filter(|old| *old != owner).cloned().collect();
        former.dedup();
        former
    }
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
    /// Owners before a rename that are this environment's alone.
    pub moved_from: Vec<Owner>,
    pub vars: Map<String, Value>,
    pub owns: Vec<Namespace>,
    /// The organisation that the keys must belong to: its name or public id.
    pub org: Option<String>,
    pub brakes: Brakes,
    pub keys: KeyNames,
    /// Environment variables of secrets that are this environment's own.
    pub secrets: IndexMap<String, String>,
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
    /// Owners whose objects this one takes over: what it was called before.
    pub former: Vec<Owner>,
    /// Top-level vars with the environment's laid over them.
    pub vars: Map<String, Value>,
    /// The project's namespaces and the environment's.
    pub owns: Vec<Namespace>,
    /// By name: the environment variables of secrets, the environment's laid over the project's.
    pub secrets: IndexMap<String, String>,
}

/// Objects without a mark that are the owner's by their name.
#[derive(Clone, Debug)]
pub struct Namespace {
    pub section: &'static str,
    /// `lambda.*`
    pub pattern: GlobMatcher,
}

impl Scope {
    /// The pattern of the namespace that a name belongs to.
    pub fn namespace(&self, section: &str, name: &str) -> Option<&str> {
        let mut own = self.owns.iter().filter(|own| own.section == section);
        Some(own.find(|own| own.pattern.is_match(name))?.pattern.glob().glob())
    }
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
            let text = format!("There is no environment `{}`: the project declares none", short(name));
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
    let (mut vars, mut owns, mut secrets) =
        (config.vars.clone(), config.owns.clone(), config.secrets.clone());
    if let Some(name) = name {
        let Some(environment) = config.environments.get(name) else {
            // What is wrong stands on the command line, in MUSHER_ENVIRONMENT or in a saved plan, not in the file.
            let text = format!("There is no environment `{}`", short(name));
            let help = format!("name another one by `-e`: {}", all_known(name, names()));
            return Err(Diagnostic::error("unknown-environment", text, None).help(help));
        };
        vars.extend(environment.vars.clone());
        owns.extend(environment.owns.clone());
        secrets.extend(environment.secrets.clone());
    }
    let owner =
        Owner(name.map_or_else(|| config.project.clone(), |name| format!("{}.{name}", config.project)));
    Ok(Scope {
        project: config.project.clone(),
        environment: name.map(str::to_owned),
        former: config.former(&owner, name),
        owner,
        vars,
        owns,
        secrets,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Sources;
    use serde_json::json;

    fn config(text: &str) -> Config {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(FILE), text).expect("a file");
        let mut sources = Sources::default();
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
        let (config, faults) = read(root, &Hosts::default(), &mut sources);
        assert_eq!(faults, [], "{text}");
        config.expect("a config")
    }

    #[test]
    fn every_key_is_read() {
        let config = config(
            "project: shop\nmoved_from: [store, store.prod, store.eu]\nvars: {a: 1, b: [2]}\ndefault_environment: prod\ndefinitions: ./ops/alerts/\n\
             defaults: {monitors: {tags: [x]}}\nrules: {no-recipient: off, other: warn}\nenvironments:\n  \
             local: {api: sandbox}\n  eu: {site: datadoghq.eu}\n  prod:\n    api_url: http://[::1]:8080/\n    org: 5\n    \
             vars: {a: 2}\n    brakes: {delete: 10%, inventory: 50, protect: off}\n    \
             keys: {api: P_DD_API, app: P_DD_APP, access_token: P_DD_TOKEN}\n    lock: {file: /mnt/x.lock}\n",
        );
        assert_eq!(config.definitions, "ops/alerts");
        assert_eq!(config.defaults["monitors"], json!({"tags": ["x"]}));
        assert_eq!(config.rules["no-recipient"], RuleLevel::Off);
        assert_eq!(config.environments["local"].target, Target::Sandbox);
        assert_eq!(config.environments["eu"].target, Target::Site("datadoghq.eu".into()));
        let prod = &config.environments["prod"];
        assert_eq!(prod.target, Target::Url("http://[::1]:8080".into()));
        assert_eq!(prod.org.as_deref(), Some("5"));
        assert_eq!(prod.brakes.delete, Some(Limit::Percent(10)));
        assert_eq!(prod.brakes.inventory, Some(Limit::Count(50)));
        assert_eq!(prod.brakes.off, ["protect"]);
        assert_eq!(prod.keys.access_token.as_deref(), Some("P_DD_TOKEN"));
        assert_eq!(prod.lock.as_deref(), Some(Utf8Path::new("/mnt/x.lock")));
        let scope = scope(&config, None).expect("the default");
        assert_eq!(scope.former, ["store", "store.prod"].map(|old| Owner(old.into())));
        assert_eq!(
            (scope.owner.to_string(), scope.vars),
            ("shop.prod".into(), json_map(json!({"a": 2, "b": [2]})))
        );
    }

    fn json_map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn an_environment_is_chosen() {
        let none = "project: shop";
        let one = "project: shop\nenvironments: {a: {}}";
        let two = "project: shop\nenvironments: {a: {}, b: {}}";
        let with_default = "project: shop\nenvironments: {a: {}, b: {}}\ndefault_environment: b";
        for (text, chosen, expected) in [
            (none, None, Ok("shop")),
            (none, Some("a"), Err("There is no environment `a`: the project declares none")),
            (one, None, Ok("shop.a")),
            (two, None, Err("The project has several environments: `a`, `b`")),
            (two, Some("a"), Ok("shop.a")),
            (two, Some("c"), Err("There is no environment `c`")),
            (with_default, None, Ok("shop.b")),
            (with_default, Some("a"), Ok("shop.a")),
        ] {
            let found = scope(&config(text), chosen).map(|scope| scope.owner.0).map_err(|fault| fault.text);
            assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{text} {chosen:?}");
        }
    }

    #[test]
    fn a_project_is_found_upwards() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8").canonicalize_utf8().expect("a path");
        std::fs::create_dir_all(root.join("p/monitors/a")).expect("folders");
        std::fs::write(root.join("p").join(FILE), "").expect("a file");
        assert_eq!(find(&root.join("p/monitors/a")), Ok(root.join("p")));
        assert_eq!(find(&root.join("p")), Ok(root.join("p")));
        assert_eq!(find(&root), Err(NotFound::Project(root.clone())));
        assert_eq!(find(&root.join("q")), Err(NotFound::Folder(root.join("q"))));
    }
}
