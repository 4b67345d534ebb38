//! A definition as written and the live object that somebody edited -> the definition that renders to it.

mod follow;
mod route;
mod secret;
mod text;

pub use follow::{Given, Part, Taken, take};
pub use route::{Layer, route};
pub use secret::secret;
