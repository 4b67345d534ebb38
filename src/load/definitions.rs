//! What the files say before templates are expanded: definitions, uses, templates.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;
use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::diagnostic::At;
use crate::model::{Address, Body, Origin};

/// The section of a template's files: what `render` writes, and no object of the service.
pub const FILES: &str = "files";

/// Everything that was read from the definitions folder and the templates that it names.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    pub resources: Vec<Definition>,
    pub uses: Vec<Use>,
    /// By name; the team's own and those built-in ones that a use names.
    pub templates: BTreeMap<String, Template>,
    /// A file is broken: what seems to be declared nowhere may stand in it.
    pub incomplete: bool,
}

/// One entry of a section, or a raw export.
#[derive(Clone, Debug)]
pub struct Definition {
    /// In a template: the section and the short id.
    pub address: Address,
    /// `$file` and siblings merged, `$` keys taken out; strings are still templates.
    pub body: Body,
    pub directives: RawDirectives,
    pub origin: Arc<Origin>,
}

/// `$` keys as written; strings are still templates. Few definitions have any: the values stand elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawDirectives {
    /// `$id`: a string or number, or an object of them by environment.
    pub id: Option<Box<Value>>,
    pub when: Option<Box<Value>>,
    pub protect: Option<Box<Value>>,
    pub absent: Option<Box<Value>>,
    /// Checked: a list of JSON pointers.
    pub ignore: Vec<String>,
    /// In a template: relative to the instance.
    pub moved_from: Vec<String>,
    pub allow: Vec<String>,
    /// In place of a body: the object is let go.
    pub forget: bool,
}

impl RawDirectives {
    /// Whether none is there.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An entry under `uses`: a template run over a list.
#[derive(Clone, Debug)]
pub struct Use {
    pub name: String,
    pub template: String,
    /// A path or glob relative to `folder`, or the list or mapping itself. Absent: one instance.
    pub for_each: Option<Value>,
    pub filter: Option<Value>,
    pub key: Option<Value>,
    pub with: Map<String, Value>,
    /// A path of a CSV file, or globs with parameters.
    pub overrides: Option<Value>,
    pub when: Option<Value>,
    /// The objects of all instances are let go.
    pub forget: bool,
    /// Names of this use before renames.
    pub moved_from: Vec<String>,
    /// The folder of the file that holds it, relative to the root: paths start there.
    pub folder: Utf8PathBuf,
    /// The entry; `at.child("/with/x")` names its parts.
    pub at: At,
}

/// `templates/NAME.yaml`, or a built-in one.
#[derive(Clone, Debug)]
pub struct Template {
    pub name: String,
    /// What the file says of itself under `description`.
    pub description: Option<String>,
    pub params: IndexMap<String, Param>,
    pub definitions: Vec<Definition>,
    pub at: At,
}

/// A parameter of a template.
#[derive(Clone, Debug)]
pub struct Param {
    /// Absent: whatever is passed.
    pub ty: Option<ParamType>,
    /// Absent: required.
    pub default: Option<Value>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub description: Option<String>,
    pub at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamType {
    String,
    Number,
    Integer,
    Boolean,
    List,
    Object,
}
