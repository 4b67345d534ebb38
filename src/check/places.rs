//! A body beside its kind's row: every value of which the row says something, found in one walk for all rules.

use serde_json::Value;

use crate::kind::{Field, Kind, Shape, resolved, shape};
use crate::pointer::{push, push_index};

/// Most bodies have fewer places.
const USUAL: usize = 32;

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
#[derive(Default)]
pub struct Places<'a> {
    all: Vec<Place<'a>>,
    /// Members where the row knows all: their names, each with the position of the place around it.
    unknown: Vec<(usize, &'a str)>,
}

impl<'a> Places<'a> {
    pub fn of(kind: &'static Kind, body: &'a Value) -> Self {
        let mut places = Self { all: Vec::with_capacity(USUAL), ..Self::default() };
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
        let own = self.all.len();
        self.all.push(Place { value, shape, inside });
        match value {
            Value::Object(map) => {
                for (name, value) in map {
                    match shape.child(name) {
                        Some(child) => self.add(kind, (value, child), Some((own, Step::Member(name)))),
                        None if shape.is_named() => self.unknown.push((own, name)),
                        None => {}
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

    /// Members that the row doesn't know where it knows the others, with the places around them.
    pub fn unknown(&self) -> impl Iterator<Item = (&Place<'a>, &'a str)> {
        self.unknown.iter().map(|(around, name)| (&self.all[*around], *name))
    }

    /// The values whose row has a field for them.
    pub fn fields(&self) -> impl Iterator<Item = (&Place<'a>, &'static Field)> {
        self.all.iter().filter_map(|place| Some((place, place.shape.field?)))
    }

    /// Spelled out where something is reported, which is seldom.
    pub fn pointer(&self, place: &Place<'_>) -> String {
        let Some((around, step)) = place.inside else { return String::new() };
        let mut pointer = self.pointer(&self.all[around]);
        match step {
            Step::Member(name) => push(&mut pointer, name),
            Step::Item(index) => push_index(&mut pointer, index),
        }
        pointer
    }
}
