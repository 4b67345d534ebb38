//! What the schemas of all files share: the forms of names, where the schema of a body stands.

use serde_json::{Value, json};

use crate::kind::Kind;

/// An id: segments joined by `/`.
const ID: &str = "^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*$";
/// What can stand as a name in a `${…}`.
const VARIABLE: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
/// A text that holds a `${…}`.
pub const TEMPLATE: &str = r"\$\{";
/// A key of a body: neither one of ours nor a template.
pub const FOREIGN: &str = r"[^$]([^$]|\$[^{]|\$$)*";

/// Where the schema of a kind's body stands, as a reference.
pub fn place(kind: &Kind) -> String {
    format!("#/definitions/{}", kind.name)
}

/// Texts of a form, and what to say of others: `patternErrorMessage` is known to language servers.
pub fn texts_of(pattern: &str, otherwise: &str) -> Value {
    json!({"pattern": pattern, "patternErrorMessage": otherwise})
}

pub fn ids() -> Value {
    texts_of(ID, "An id has lower case letters, digits, `.`, `_` and `-`; its segments are joined by `/`")
}

/// Names that can stand in a `${…}`.
pub fn variables() -> Value {
    texts_of(VARIABLE, "A name has letters, digits and `_`, and begins with no digit")
}

/// A template of the team's own, as far as those need to know it who use it.
#[derive(Clone, Debug)]
pub struct Template {
    pub name: String,
    pub parameters: Vec<Parameter>,
}

#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: String,
    pub description: String,
    /// The name of its type in JSON, where it has one.
    pub ty: Option<&'static str>,
    pub required: bool,
}
