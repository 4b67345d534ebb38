//! What goes in, and what is proposed.

use serde_json::{Map, Value};

use crate::kind::Kind;
use crate::model::Address;

/// What is known of words around a series.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    /// Names of templates and uses that are there.
    pub is_taken: &'a dyn Fn(&str) -> bool,
    /// Names that no parameter may have.
    pub is_word: &'a dyn Fn(&str) -> bool,
    /// The environment's name, which tells nothing of a title.
    pub environment: Option<&'a str>,
}

/// A definition, as it would be written by itself.
pub struct Item {
    pub kind: &'static Kind,
    pub id: String,
    pub body: Value,
    /// Where its live mark says that it belongs.
    pub spot: Option<Spot>,
}

/// `NAME/KEY/PART`, the id of a resource that a template makes.
pub struct Spot {
    pub name: String,
    pub key: String,
    pub part: String,
}

impl Spot {
    pub fn of(id: &str) -> Option<Self> {
        let (name, rest) = id.split_once('/')?;
        let (key, part) = rest.split_once('/')?;
        let is_plain = !part.contains('/');
        is_plain.then(|| Self { name: name.to_owned(), key: key.to_owned(), part: part.to_owned() })
    }
}

/// What could stand in the place of many definitions.
pub struct Proposal {
    /// Of its use.
    pub name: String,
    /// The template as a document.
    pub template: Value,
    /// The first row is the head.
    pub list: Vec<Vec<String>>,
    /// What single instances override, where these are many; the first row is the head.
    pub exceptions: Vec<Vec<String>>,
    /// The entry of `uses`, but for the template and the lists.
    pub entry: Map<String, Value>,
    /// The item's number, and what it is called then.
    pub members: Vec<(usize, Address)>,
    /// Parameters in their order.
    pub parameters: Vec<Parameter>,
}

/// A parameter, for people.
pub struct Parameter {
    pub name: String,
    /// What most rows have, and how many have something else.
    pub usual: Option<(String, usize)>,
}
