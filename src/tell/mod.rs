//! What a change says to people: names for ids, widgets in words, what is made and what goes in a few facts.

mod around;
mod fact;
mod item;
mod likeness;
mod name;

pub use around::{Around, tell};
pub use fact::facts;
pub use item::{Side, items};
pub use name::names;
