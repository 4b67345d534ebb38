//! What a change says to people: names for ids, widgets in words, what is made and what goes in a few facts.

mod fact;
mod item;
mod likeness;
mod name;
mod stake;

pub use fact::facts;
pub use item::{Side, items};
pub use stake::{Around, tell};
