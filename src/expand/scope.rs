//! What expressions have in scope before any template: the project, the environment, its variables.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::body::{Body, Node, render};
use super::fault::Faults;
use crate::config::{Config, Scope};
use crate::diagnostic::{At, Diagnostic, Part};
use crate::kind::{KINDS, Kind};
use crate::model::{Reference, Secret};
use crate::pointer::step;
use crate::source::walk::Root;
use crate::template::{Names, Run, Trace, is_helper};

/// What is the same for all definitions.
pub struct Setting<'a> {
    pub root: &'a Root,
    pub environment: Option<&'a str>,
    pub constants: &'a Map<String, Value>,
    pub sections: Vec<&'static str>,
    /// Those of kinds that the project does not use.
    pub unused: Vec<&'static str>,
    /// Those of kinds whose objects come with an alert of their own.
    pub alerting: Vec<&'static str>,
    /// By section: what is merged under each body, and where it stands.
    pub defaults: IndexMap<&'a str, (&'a Map<String, Value>, At)>,
    /// Records what strings are rendered from.
    pub trace: Option<&'a Trace>,
}

impl<'a> Setting<'a> {
    pub fn new(config: &'a Config, scope: &'a Scope, constants: &'a Map<String, Value>) -> Self {
        let defaults = config.defaults.iter().filter_map(|(section, defaults)| {
            let at = At::value(config.file, format!("/defaults{}", step(section)));
            Some((section.as_str(), (defaults.as_object()?, at)))
        });
        let (used, unused): (Vec<_>, Vec<_>) = KINDS.iter().partition(|kind| config.uses(kind));
        let sections = |kinds: Vec<&&Kind>| kinds.into_iter().map(|kind| kind.section).collect();
        Self {
            root: &config.files,
            environment: scope.environment.as_deref(),
            constants,
            sections: sections(used),
            unused: sections(unused),
            alerting: sections(KINDS.iter().filter(|kind| kind.quirks.alert.is_some()).collect()),
            defaults: defaults.collect(),
            trace: None,
        }
    }

    /// The names for a compiler: the constants, and what is given at each render.
    pub fn names(&self, slots: Vec<String>, siblings: Vec<(String, String)>) -> Names<'_> {
        Names {
            constants: Some(self.constants),
            slots,
            sections: &self.sections,
            unused: &self.unused,
            alerting: &self.alerting,
            siblings,
            traced: self.trace.is_some(),
        }
    }
}

/// `project`, `environment`, `env` and the variables. A variable may use those before it.
pub fn constants(config: &Config, scope: &Scope, diagnostics: &mut Vec<Diagnostic>) -> Map<String, Value> {
    let environment = scope.environment.as_deref().map_or(Value::Null, Value::from);
    let mut known = Map::new();
    known.insert("project".to_owned(), scope.project.as_str().into());
    known.insert("environment".to_owned(), environment.clone());
    known.insert("env".to_owned(), environment);
    for (name, value) in &scope.vars {
        let at = place(config, scope, name);
        if let Some(what) = reserved(config, name) {
            let words = format!("A variable can't be called `{name}`: that is {what}");
            diagnostics.push(
                Diagnostic::error("reserved-name", words, at.part(Part::Key)).help("choose another name"),
            );
            continue;
        }
        let value = variable(value, &known, at, diagnostics);
        known.insert(name.clone(), value);
    }
    // After the variables: none of them may hold one, since their values are shown.
    let secrets = scope.secrets.keys().map(|name| (name.clone(), Secret::marker(name).into()));
    if !scope.secrets.is_empty() {
        known.entry(Secret::WORD).or_insert_with(|| Value::Object(secrets.collect()));
    }
    known
}

fn reserved(config: &Config, name: &str) -> Option<&'static str> {
    if is_helper(name) {
        Some("the name of a helper")
    } else if matches!(name, "each" | "this") {
        Some("a word of expressions")
    } else if name == Secret::WORD && !config.secrets.is_empty() {
        Some("the word that begins secrets")
    } else if matches!(name, "project" | "environment") {
        Some("set by musher")
    } else if KINDS.iter().any(|kind| kind.section == name && config.uses(kind)) {
        Some("a section, whose name begins references")
    } else {
        None
    }
}

/// Where a variable stands: the environment's own, else the one at the top.
fn place(config: &Config, scope: &Scope, name: &str) -> At {
    let environment = scope.environment.as_deref().filter(|environment| {
        config.environments.get(*environment).is_some_and(|own| own.vars.contains_key(name))
    });
    let pointer = match environment {
        Some(environment) => format!("/environments{}/vars{}", step(environment), step(name)),
        None => format!("/vars{}", step(name)),
    };
    At::value(config.file, pointer)
}

fn variable(value: &Value, known: &Map<String, Value>, at: At, diagnostics: &mut Vec<Diagnostic>) -> Value {
    let names = Names { constants: Some(known), ..Names::default() };
    let mut body = Body::new(names, 0, at);
    let node = body.node(value, "", 0);
    diagnostics.append(&mut body.faults);
    if let Node::Literal(value) = node {
        return if Reference::may_stand_in(&value) { Value::Null } else { value };
    }
    let mut faults = Faults::default();
    let run = Run::new(&[], None, "");
    let value = render(&node, &run, None, &mut faults);
    faults.report_alone(&body.sites, diagnostics);
    value
}
