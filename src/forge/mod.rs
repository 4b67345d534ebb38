//! GitHub and GitLab: comments on a pull request, labels, checks and issues, each found again by who made it and how it
//! begins.

mod context;
mod routes;
mod send;
mod work;

pub use context::{Context, ContextError, System, Variable, read, system};
pub use send::SendError;
pub use work::{Annotation, Behavior, Check, Forge, Issue, Wrote};
