//! What is made once for each kind, found by it: looked up for every resource, so that no names are compared.

use super::{Kind, every};

pub struct OfEach<T> {
    names: Vec<&'static str>,
    made: Vec<T>,
}

impl<T> OfEach<T> {
    pub fn new(make: fn(&'static Kind) -> T) -> Self {
        Self { names: every().map(|kind| kind.name).collect(), made: every().map(make).collect() }
    }

    /// Of a row of the table, or of one with its name.
    pub fn get(&self, kind: &Kind) -> &T {
        let is_same = |name: &&str| std::ptr::eq(*name, kind.name);
        let at = self.names.iter().position(is_same);
        let at = at.or_else(|| self.names.iter().position(|name| *name == kind.name));
        &self.made[at.expect("bug: a kind that is not in the table")]
    }
}
