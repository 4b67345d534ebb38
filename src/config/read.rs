//! The reader of `musher.yaml`: every key known, every value of its form, all faults at once.

use camino::{Utf8Path, Utf8PathBuf};
use globset::Glob;
use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::trust::{Hosts, Url, holds_a_key, host_help, is_variable, site_help};
use super::{
    Brakes, Config, Environment, FILE, KeyNames, Limit, Namespace, RuleLevel, SITES, Target, gate, secrets,
};
use crate::diagnostic::{At, Diagnostic, FileId, Part, Sources, did_you_mean, known_words};
use crate::kind::{KINDS, Kind};
use crate::model::{Owner, is_owner, is_owner_name};
use crate::pointer::step;
use crate::signal::Demands;
use crate::source::locate::Locator;
use crate::source::walk::Root;
use crate::source::{self, short, type_of};

const KEYS: [&str; 14] = [
    "project",
    "moved_from",
    "vars",
    "environments",
    "default_environment",
    "definitions",
    "kinds",
    "owns",
    "defaults",
    "rules",
    "required_tags",
    "pipelines",
    "secrets",
    "coverage",
];
const ENVIRONMENT_KEYS: [&str; 11] =
    ["site", "api", "api_url", "org", "moved_from", "vars", "owns", "brakes", "keys", "secrets", "lock"];
const BRAKES: [&str; 9] =
    ["delete", "inventory", "protect", "empty", "namespace", "org", "mark", "owner", "twin"];
/// How the variables of secrets begin.
const SECRET: &str = "MUSHER_SECRET_";
const KEY_NAMES: [&str; 3] = ["api", "app", "access_token"];
const DEFINITIONS: &str = "monitors";

/// Reads `musher.yaml` of a folder and adds it to the sources, keys that somebody wrote into it
/// blotted out. `None` where nothing can be done without what is wrong.
///
/// `hosts`: those that the process environment lets keys go to.
pub fn read(root: &Utf8Path, hosts: &Hosts, sources: &mut Sources) -> (Option<Config>, Vec<Diagnostic>) {
    read_in(&Root::new(root), hosts, sources)
}

/// The same of files wherever they are.
pub fn read_in(root: &Root, hosts: &Hosts, sources: &mut Sources) -> (Option<Config>, Vec<Diagnostic>) {
    let (file, value, mut faults) = source::one(root, Utf8Path::new(FILE), sources);
    let mut reader = Reader { file, hosts, faults: Vec::new(), secrets: Vec::new() };
    let config = value.and_then(|value| reader.config(root, value));
    let mut ranges = secrets::find(&sources.get(file).text);
    ranges.extend(located(sources, &reader.secrets).into_iter().map(|(_, range)| range));
    sources.files[file.0 as usize].text = secrets::blot(&sources.get(file).text, &ranges).into();
    faults.append(&mut reader.faults);
    (config, faults)
}

/// Takes the values at these places out of the texts that are kept, so that no diagnostic shows them.
pub fn blot(sources: &mut Sources, places: &[At]) {
    for (file, range) in located(sources, places) {
        let text = secrets::blot(&sources.get(file).text, &[range]);
        sources.files[file.0 as usize].text = text.into();
    }
}

/// The same of everything in a file that looks like a key.
pub fn blot_keys(sources: &mut Sources, file: FileId) {
    let text = &sources.get(file).text;
    let ranges = secrets::find(text);
    if !ranges.is_empty() {
        sources.files[file.0 as usize].text = secrets::blot(text, &ranges).into();
    }
}

fn located(sources: &Sources, places: &[At]) -> Vec<(FileId, std::ops::Range<usize>)> {
    let mut locator = Locator::new(sources);
    places.iter().filter_map(|at| Some((at.file, locator.locate(at).range?))).collect()
}

struct Reader<'a> {
    file: FileId,
    hosts: &'a Hosts,
    faults: Vec<Diagnostic>,
    /// Values that must not be shown.
    secrets: Vec<At>,
}

impl Reader<'_> {
    fn at(&self, pointer: &str) -> At {
        At::value(self.file, pointer)
    }

    pub fn fault(
        &mut self,
        code: &'static str,
        text: impl Into<String>,
        pointer: &str,
        help: impl Into<String>,
    ) {
        let fault = Diagnostic::error(code, text, self.at(pointer));
        let help: String = help.into();
        self.faults.push(if help.is_empty() { fault } else { fault.help(help) });
    }

    fn config(&mut self, root: &Root, value: Value) -> Option<Config> {
        let mut map = match value {
            Value::Object(map) => map,
            Value::Null => Map::new(),
            other => {
                let text = format!("`{FILE}` is a mapping, not {}", type_of(&other));
                self.fault("bad-config", text, "", "begin it with `project: NAME`");
                return None;
            }
        };
        for key in map.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            let help = if ENVIRONMENT_KEYS.contains(&key.as_str()) {
                "it belongs to an environment: put it below `environments:` and a name".to_owned()
            } else {
                known_words(key, KEYS)
            };
            let at = self.at(&step(key)).part(Part::Key);
            let text = format!("There is no key `{}` in `{FILE}`", short(key));
            self.faults.push(Diagnostic::error("unknown-key", text, at).help(help));
        }
        let project = self.project(map.get("project"));
        let environments = self.environments(map.get_mut("environments").map(Value::take));
        let default_environment = self.default_environment(map.get("default_environment"), &environments);
        let config = Config {
            root: root.path.clone(),
            files: root.clone(),
            file: self.file,
            project: project.clone().unwrap_or_default(),
            moved_from: self.owners(map.get("moved_from"), "/moved_from"),
            vars: self.vars(map.get_mut("vars").map(Value::take), "/vars"),
            environments,
            default_environment,
            definitions: self.definitions(map.get("definitions")),
            owns: self.owns(map.get_mut("owns").map(Value::take), "/owns"),
            kinds: self.kinds(map.get("kinds")),
            defaults: self.defaults(map.get_mut("defaults").map(Value::take)),
            rules: self.rules(map.get_mut("rules").map(Value::take)),
            required_tags: self.required_tags(map.get("required_tags")),
            pipelines: self.pipelines(map.get("pipelines")),
            coverage: self.coverage(map.get_mut("coverage").map(Value::take)),
            secrets: self.variables(map.get_mut("secrets").map(Value::take), "/secrets"),
        };
        project.map(|_| config)
    }

    fn project(&mut self, value: Option<&Value>) -> Option<String> {
        const FORM: &str =
            "a name begins with a lower case letter, and has lower case letters, digits, `_` and `-`";
        match value {
            Some(Value::String(name)) if is_owner_name(name) => return Some(name.clone()),
            Some(Value::String(name)) => {
                self.fault(
                    "bad-name",
                    format!("`{}` is not a valid project name", short(name)),
                    "/project",
                    FORM,
                );
            }
            Some(other) => {
                let text = format!("`project` is a name, not {}", type_of(other));
                self.fault("bad-config", text, "/project", FORM);
            }
            None => {
                let text = format!("`{FILE}` names no project");
                let help = "write `project: NAME` at the top; the name goes into the mark of every object";
                self.faults.push(Diagnostic::error("bad-config", text, At::file(self.file)).help(help));
            }
        }
        None
    }

    /// A mapping; faults are reported, and nothing is an empty one.
    fn map(&mut self, value: Option<Value>, pointer: &str) -> Map<String, Value> {
        match value {
            Some(Value::Object(map)) => return map,
            None | Some(Value::Null) => {}
            Some(other) => {
                let name = pointer.rsplit('/').next().unwrap_or_default();
                let text = format!("`{}` is a mapping, not {}", short(name), type_of(&other));
                self.fault("bad-config", text, pointer, "");
            }
        }
        Map::new()
    }

    fn text(&mut self, value: &Value, pointer: &str, form: &str) -> Option<String> {
        match value {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            other => {
                let name = pointer.rsplit('/').next().unwrap_or_default();
                self.fault(
                    "bad-config",
                    format!("`{}` is {form}, not {}", short(name), type_of(other)),
                    pointer,
                    "",
                );
                None
            }
        }
    }

    fn unknown_keys(&mut self, map: &Map<String, Value>, pointer: &str, known: &[&'static str], of: &str) {
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let at = self.at(&format!("{pointer}{}", step(key))).part(Part::Key);
            let text = format!("There is no key `{}` {of}", short(key));
            let help = known_words(key, known.iter().copied());
            self.faults.push(Diagnostic::error("unknown-key", text, at).help(help));
        }
    }

    fn coverage(&mut self, value: Option<Value>) -> Demands {
        let (demands, faults) = gate::read(value);
        for fault in faults {
            self.fault("bad-config", fault.text, &fault.pointer, fault.help);
        }
        demands
    }

    fn vars(&mut self, value: Option<Value>, pointer: &str) -> Map<String, Value> {
        let vars = self.map(value, pointer);
        for name in vars.keys().filter(|name| !crate::model::is_name(name)) {
            let at = self.at(&format!("{pointer}{}", step(name))).part(Part::Key);
            let fault =
                Diagnostic::error("bad-name", format!("`{}` is not a valid variable name", short(name)), at);
            self.faults.push(fault.help("use letters, digits and `_`, and begin with a letter or `_`"));
        }
        vars
    }

    fn definitions(&mut self, value: Option<&Value>) -> Utf8PathBuf {
        let Some(value) = value else { return DEFINITIONS.into() };
        let Some(text) = self.text(value, "/definitions", "the path of a folder") else {
            return DEFINITIONS.into();
        };
        source::resolve(Utf8Path::new(""), &text).unwrap_or_else(|| {
            let help = "name a folder below this one";
            self.fault("outside-root", "The path leads out of the project", "/definitions", help);
            DEFINITIONS.into()
        })
    }

    /// `{SECTION: [PATTERN, …]}`, of kinds whose objects bear no mark.
    fn owns(&mut self, value: Option<Value>, pointer: &str) -> Vec<Namespace> {
        let mut owns = Vec::new();
        for (section, patterns) in self.map(value, pointer) {
            let pointer = format!("{pointer}{}", step(&section));
            let keyed = || KINDS.into_iter().filter(|kind| kind.is_keyed() && kind.is_listed());
            if KINDS.into_iter().any(|kind| kind.section == section && !kind.is_listed()) {
                let text = format!("`{section}` has no namespaces: the service doesn't list what there is");
                let help = "what is declared is managed; `$absent: true` says that one goes";
                self.fault("bad-config", text, &pointer, help);
                continue;
            }
            let Some(kind) = keyed().find(|kind| kind.section == section) else {
                let text =
                    format!("`{}` has no namespaces: they are for kinds without a mark", short(&section));
                let help = known_words(&section, keyed().map(|kind| kind.section));
                self.fault("bad-config", text, &pointer, help);
                continue;
            };
            let Value::Array(patterns) = patterns else {
                let help = "write the patterns in brackets: `[\"lambda.*\"]`";
                self.fault("bad-config", "A namespace is a list of patterns", &pointer, help);
                continue;
            };
            for (index, pattern) in patterns.iter().enumerate() {
                let pointer = format!("{pointer}/{index}");
                let Some(text) = self.text(pattern, &pointer, "a pattern of names") else { continue };
                match Glob::new(&text) {
                    Ok(glob) => {
                        owns.push(Namespace { section: kind.section, pattern: glob.compile_matcher() });
                    }
                    Err(error) => {
                        let text = format!("`{}` is not a pattern: {}", short(&text), error.kind());
                        self.fault("bad-config", text, &pointer, "`*` stands for any characters");
                    }
                }
            }
        }
        owns
    }

    fn kinds(&mut self, value: Option<&Value>) -> Vec<&'static Kind> {
        let names = match value {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(names)) => names,
            Some(other) => {
                let text = format!("`kinds` is a list of sections, not {}", type_of(other));
                self.fault("bad-config", text, "/kinds", "write the names in brackets: `[A, B]`");
                return Vec::new();
            }
        };
        let mut kinds: Vec<&'static Kind> = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let pointer = format!("/kinds/{index}");
            let Some(name) = self.text(name, &pointer, "the name of a section") else { continue };
            match KINDS.into_iter().find(|kind| kind.section == name) {
                Some(kind) if kinds.iter().any(|own| own.section == kind.section) => {}
                Some(kind) => kinds.push(kind),
                None => {
                    let help = known_words(&name, KINDS.iter().map(|kind| kind.section));
                    self.fault("bad-config", format!("There is no kind `{}`", short(&name)), &pointer, help);
                }
            }
        }
        kinds
    }

    fn defaults(&mut self, value: Option<Value>) -> IndexMap<String, Value> {
        let mut defaults = IndexMap::new();
        let sections = KINDS.map(|kind| kind.section);
        let map = self.map(value, "/defaults");
        self.unknown_keys(&map, "/defaults", &sections, "of `defaults`");
        for (section, value) in map {
            let pointer = format!("/defaults{}", step(&section));
            let body = self.map(Some(value), &pointer);
            for key in body.keys().filter(|key| key.starts_with('$')) {
                let at = self.at(&format!("{pointer}{}", step(key))).part(Part::Key);
                let text = format!("`{}` can't be a default", short(key));
                self.faults
                    .push(Diagnostic::error("unknown-key", text, at).help("put it into the definitions"));
            }
            if sections.contains(&section.as_str()) {
                defaults.insert(section, Value::Object(body));
            }
        }
        defaults
    }

    fn rules(&mut self, value: Option<Value>) -> IndexMap<String, RuleLevel> {
        let mut rules = IndexMap::new();
        for (rule, value) in self.map(value, "/rules") {
            let level = match value.as_str() {
                Some("error") => RuleLevel::Error,
                Some("warn") => RuleLevel::Warn,
                Some("off") => RuleLevel::Off,
                _ => {
                    let help = "write `error`, `warn` or `off`";
                    let text = "This is not a level of a rule";
                    self.fault("bad-config", text, &format!("/rules{}", step(&rule)), help);
                    continue;
                }
            };
            rules.insert(rule, level);
        }
        rules
    }

    /// One owner, or a list of them.
    fn owners(&mut self, value: Option<&Value>, pointer: &str) -> Vec<Owner> {
        let items = match value {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(items)) => {
                items.iter().enumerate().map(|(at, item)| (Some(at), item)).collect()
            }
            Some(one) => vec![(None, one)],
        };
        let mut owners = Vec::new();
        for (at, item) in items {
            match item.as_str().filter(|text| is_owner(text)) {
                Some(text) => owners.push(Owner(text.to_owned())),
                None => {
                    let pointer = at.map_or_else(|| pointer.to_owned(), |at| format!("{pointer}/{at}"));
                    let help = "write the `PROJECT` or `PROJECT.ENVIRONMENT` that stands in the marks, or a list of them";
                    self.fault("bad-config", "This is not an owner", &pointer, help);
                }
            }
        }
        owners
    }

    fn required_tags(&mut self, value: Option<&Value>) -> Vec<String> {
        let list = match value {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(list)) => list.iter().map(|key| key.as_str().map(str::to_owned)).collect(),
            Some(_) => None,
        };
        list.unwrap_or_else(|| {
            let text = "`required_tags` is a list of the keys of tags";
            self.fault("bad-config", text, "/required_tags", "write `[team, service]`");
            Vec::new()
        })
    }

    /// Paths and globs below the root, as `source::walk` reads them.
    fn pipelines(&mut self, value: Option<&Value>) -> Vec<String> {
        const HELP: &str = "write paths and globs in brackets: `[\"deploy/**/*.yaml\"]`";
        let list = match value {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(list)) => list,
            Some(other) => {
                let text = format!("`pipelines` is a list of paths and globs, not {}", type_of(other));
                self.fault("bad-config", text, "/pipelines", HELP);
                return Vec::new();
            }
        };
        let mut globs = Vec::new();
        for (index, glob) in list.iter().enumerate() {
            let pointer = format!("/pipelines/{index}");
            let Some(text) = self.text(glob, &pointer, "a path or glob") else { continue };
            let Some(path) = source::resolve(Utf8Path::new(""), &text) else {
                let help = "name files below this folder";
                self.fault("outside-root", "The path leads out of the project", &pointer, help);
                continue;
            };
            match Glob::new(path.as_str()) {
                Ok(_) => globs.push(path.into_string()),
                Err(error) => {
                    let text = format!("`{}` is not a glob: {}", short(&text), error.kind());
                    self.fault("bad-config", text, &pointer, HELP);
                }
            }
        }
        globs
    }

    fn default_environment(
        &mut self,
        value: Option<&Value>,
        environments: &IndexMap<String, Environment>,
    ) -> Option<String> {
        let name = self.text(value?, "/default_environment", "the name of an environment")?;
        if environments.contains_key(&name) {
            return Some(name);
        }
        let help = known_words(&name, environments.keys().map(String::as_str));
        let text = format!("There is no environment `{}`", short(&name));
        self.fault("unknown-environment", text, "/default_environment", help);
        None
    }

    fn environments(&mut self, value: Option<Value>) -> IndexMap<String, Environment> {
        let mut environments = IndexMap::new();
        for (name, value) in self.map(value, "/environments") {
            let pointer = format!("/environments{}", step(&name));
            if !is_owner_name(&name) {
                let at = self.at(&pointer).part(Part::Key);
                let text = format!("`{}` is not a valid environment name", short(&name));
                let help =
                    "a name begins with a lower case letter, and has lower case letters, digits, `_` and `-`";
                self.faults.push(Diagnostic::error("bad-name", text, at).help(help));
            }
            let environment = self.environment(value, &pointer);
            environments.insert(name, environment);
        }
        environments
    }

    fn environment(&mut self, value: Value, pointer: &str) -> Environment {
        let mut map = self.map(Some(value), pointer);
        self.unknown_keys(&map, pointer, &ENVIRONMENT_KEYS, "of an environment");
        let mut take = |key: &str| map.get_mut(key).map(Value::take);
        let (vars, brakes, keys, lock) = (take("vars"), take("brakes"), take("keys"), take("lock"));
        let (owns, secrets) = (take("owns"), take("secrets"));
        Environment {
            target: self.target(&map, pointer),
            moved_from: self.owners(map.get("moved_from"), &format!("{pointer}/moved_from")),
            vars: self.vars(vars, &format!("{pointer}/vars")),
            owns: self.owns(owns, &format!("{pointer}/owns")),
            org: map.get("org").and_then(|value| self.org(value, &format!("{pointer}/org"))),
            brakes: self.brakes(brakes, &format!("{pointer}/brakes")),
            keys: self.keys(keys, &format!("{pointer}/keys")),
            secrets: self.variables(secrets, &format!("{pointer}/secrets")),
            lock: self.lock(lock, &format!("{pointer}/lock")),
        }
    }

    fn org(&mut self, value: &Value, pointer: &str) -> Option<String> {
        match value {
            Value::Number(number) => Some(number.to_string()),
            value => self.text(value, pointer, "the name or public id of an organisation"),
        }
    }

    fn target(&mut self, map: &Map<String, Value>, pointer: &str) -> Target {
        let named: Vec<&str> =
            ["site", "api", "api_url"].into_iter().filter(|key| map.contains_key(*key)).collect();
        if let [_, second, ..] = named[..] {
            let text =
                format!("An environment has one target, but both `{}` and `{second}` are set", named[0]);
            self.fault("bad-config", text, &format!("{pointer}/{second}"), "keep one of them");
        }
        let Some(key) = named.first() else { return Target::Unnamed };
        let pointer = format!("{pointer}/{key}");
        let value = &map[*key];
        match *key {
            "api" => {
                if value.as_str() == Some("sandbox") {
                    return Target::Sandbox;
                }
                let help = "write `api: sandbox`; a real one is named by `site:` or `api_url:`";
                self.fault("bad-config", "The only value of `api` is `sandbox`", &pointer, help);
                None
            }
            "site" => self.text(value, &pointer, "a host name").and_then(|text| self.site(&text, &pointer)),
            _ => self.text(value, &pointer, "a URL").and_then(|text| self.url(&text, &pointer)),
        }
        .unwrap_or_default()
    }

    fn site(&mut self, text: &str, pointer: &str) -> Option<Target> {
        if SITES.contains(&text) {
            return Some(Target::Site(text.to_owned()));
        }
        self.fault("bad-config", "This is not a Datadog site", pointer, site_help(text));
        None
    }

    fn url(&mut self, text: &str, pointer: &str) -> Option<Target> {
        let url = match Url::read(text) {
            Ok(url) => url,
            Err((what, help)) => {
                if text.contains('@') {
                    self.secrets.push(self.at(pointer));
                }
                self.fault("bad-config", what, pointer, help);
                return None;
            }
        };
        if self.hosts.allow(&url) {
            return Some(Target::Url(url.text()));
        }
        let text = "This host is not one of Datadog's, and keys go to no other that the file alone names";
        self.fault("foreign-host", text, pointer, host_help(&url));
        None
    }

    fn brakes(&mut self, value: Option<Value>, pointer: &str) -> Brakes {
        let mut brakes = Brakes::default();
        let map = self.map(value, pointer);
        self.unknown_keys(&map, pointer, &BRAKES, "of `brakes`");
        for (name, value) in map {
            let limit = limit(&value);
            match (name.as_str(), limit) {
                (_, None) if value.as_str() == Some("off") => brakes.off.push(name),
                ("delete", Some(limit)) => brakes.delete = Some(limit),
                ("inventory", Some(limit)) => brakes.inventory = Some(limit),
                (name, _) if BRAKES.contains(&name) => {
                    let counts = matches!(name, "delete" | "inventory");
                    let help =
                        if counts { "write `10%`, a number of objects, or `off`" } else { "write `off`" };
                    let text = format!("This is not a value of the brake `{name}`");
                    self.fault("bad-config", text, &format!("{pointer}/{name}"), help);
                }
                _ => {}
            }
        }
        brakes
    }

    /// Names of environment variables. What is none may be a key itself: it is never shown.
    fn keys(&mut self, value: Option<Value>, pointer: &str) -> KeyNames {
        let mut names = KeyNames::default();
        if value.as_ref().is_some_and(|value| !value.is_object() && !value.is_null()) {
            self.secrets.push(self.at(pointer));
        }
        let map = self.map(value, pointer);
        for (key, value) in map {
            let place = format!("{pointer}{}", step(&key));
            let name = value.as_str().filter(|name| is_variable(name)).map(str::to_owned);
            if name.is_none() {
                self.secrets.push(self.at(&place));
            }
            let slot = match key.as_str() {
                "api" => &mut names.api,
                "app" => &mut names.app,
                "access_token" => &mut names.access_token,
                _ => {
                    // The word may be a key, too.
                    let text = "There is no such key of `keys`";
                    let help = match did_you_mean(&key, KEY_NAMES) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => "known: `api`, `app`, `access_token`".to_owned(),
                    };
                    self.secrets.push(self.at(&place).part(Part::Key));
                    self.faults.push(
                        Diagnostic::error("unknown-key", text, self.at(&place).part(Part::Key)).help(help),
                    );
                    continue;
                }
            };
            if name.is_none() {
                let text = format!("`keys.{key}` is the name of an environment variable, never a key itself");
                let help = "put the key into the environment and write the variable's name, such as `PROD_DD_API_KEY`; \
                            a key that was committed must be revoked";
                self.fault("key-in-file", text, &place, help);
            } else if name.as_deref().is_some_and(holds_a_key) {
                *slot = name;
            } else {
                let text = "A variable that holds a key of Datadog has `DD_` or `DATADOG` in its name: no other is sent";
                self.fault("bad-config", text, &place, "rename the variable, such as `PROD_DD_API_KEY`");
            }
        }
        names
    }

    /// Names of environment variables that hold secrets. What is none may be a secret itself: it is never shown.
    fn variables(&mut self, value: Option<Value>, pointer: &str) -> IndexMap<String, String> {
        const HELP: &str = "put the secret into the environment and write the variable's name, such as \
                            `MUSHER_SECRET_PAGER`; a secret that was committed must be revoked";
        let mut variables = IndexMap::new();
        if value.as_ref().is_some_and(|value| !value.is_object() && !value.is_null()) {
            self.secrets.push(self.at(pointer));
        }
        for (name, value) in self.map(value, pointer) {
            let place = format!("{pointer}{}", step(&name));
            if !crate::model::is_name(&name) {
                let at = self.at(&place).part(Part::Key);
                let fault =
                    Diagnostic::error("bad-name", format!("`{}` is no name of a secret", short(&name)), at);
                self.faults.push(fault.help("use letters, digits and `_`, and begin with a letter or `_`"));
            }
            match value.as_str().filter(|variable| is_variable(variable)) {
                Some(variable) if variable.starts_with(SECRET) && variable.len() > SECRET.len() => {
                    variables.insert(name, variable.to_owned());
                }
                Some(_) => {
                    let text =
                        format!("A variable that holds a secret begins with `{SECRET}`: no other is sent");
                    let help = format!("rename the variable, such as `{SECRET}PAGER`");
                    self.fault("bad-config", text, &place, help);
                }
                None => {
                    self.secrets.push(self.at(&place));
                    let text = "A secret is the name of an environment variable, never the secret itself";
                    self.fault("key-in-file", text, &place, HELP);
                }
            }
        }
        variables
    }

    fn lock(&mut self, value: Option<Value>, pointer: &str) -> Option<Utf8PathBuf> {
        let map = self.map(Some(value?), pointer);
        self.unknown_keys(&map, pointer, &["file"], "of `lock`");
        let pointer = format!("{pointer}/file");
        let text = self.text(map.get("file")?, &pointer, "the path of a file")?;
        // The one path that may leave the project: teams share a volume.
        Some(text.into())
    }
}

/// `10%` or a count.
fn limit(value: &Value) -> Option<Limit> {
    match value {
        Value::Number(number) => Some(Limit::Count(u32::try_from(number.as_u64()?).ok()?)),
        Value::String(text) => {
            let percent = text.strip_suffix('%')?.trim_end().parse().ok()?;
            (percent <= 100).then_some(Limit::Percent(percent))
        }
        _ => None,
    }
}
