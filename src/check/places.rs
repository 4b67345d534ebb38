//! A body beside its kind's row: every value of which the row says something, found in one walk for all rules.

use serde_json::Value;

use crate::kind::{Field, Kind, Shape, resolved, shape};
use crate::pointer::push;

/// A value, and what may stand in its place.
pub struct Place<'a> {
    pub value: &'a Value,
    pub shape: &'static Shape,
    /// The place around it, by position, and the step from there; absent: it is the body.
    inside: Option<(usize, Step<'a>)>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

/// The places of a body, the outer ones first.
pub struct Places<'a>(Vec<Place<'a>>);

impl<'a> Places<'a> {
    pub fn of(kind: &'static Kind, body: &'a Value) -> Self {
        let mut places = Self(Vec::new());
        places.add(kind, (body, shape(kind)), None);
        places
    }

    fn add(
        &mut self,
        kind: &'static Kind,
        (value, shape): (&'a Value, &'static Shape),
        inside: Option<(usize, Step<'a>)>,
    ) {
        let shape = resolved(kind, shape);
        let own = self.0.len();
        self.0.push(Place { value, shape, inside });
        match value {
            Value::Object(map) => {
                for (name, value) in map {
                    if let Some(child) = shape.child(name) {
                        self.add(kind, (value, child), Some((own, Step::Member(name))));
                    }
                }
            }
            Value::Array(items) => {
                let Some(child) = shape.item() else { return };
                for (index, item) in items.iter().enumerate() {
                    self.add(kind, (item, child), Some((own, Step::Item(index))));
                }
            }
            _ => {}
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Place<'a>> {
        self.0.iter()
    }

    /// The values whose row has a field for them.
    pub fn fields(&self) -> impl Iterator<Item = (&Place<'a>, &'static Field)> {
        self.0.iter().filter_map(|place| Some((place, place.shape.field?)))
    }

    /// Spelled out where something is reported, which is seldom.
    pub fn pointer(&self, place: &Place<'_>) -> String {
        let Some((around, step)) = place.inside else { return String::new() };
        let mut pointer = self.pointer(&self.0[around]);
        match step {
            Step::Member(name) => push(&mut pointer, name),
            Step::Item(index) => push(&mut pointer, &index.to_string()),
        }
        pointer
    }
}
