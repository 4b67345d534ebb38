//! How the process environment is asked.

/// A variable of the process environment; an empty one is none.
pub type Variable<'a> = dyn Fn(&str) -> Option<String> + Sync + 'a;
