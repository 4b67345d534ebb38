//! A row's fields as a tree of types, so that a body is walked once beside them.

use std::sync::LazyLock;

use super::Kind;
use super::each::OfEach;
use super::field::{Field, Type};
use super::steps::Steps;

/// What may stand at one place of a body.
#[derive(Debug, Default)]
pub struct Shape {
    /// Absent: nothing is known but what is below.
    pub field: Option<&'static Field>,
    steps: Steps<Shape>,
    any: Option<Box<Shape>>,
}

impl Shape {
    /// The shape of a member, whatever its name where the row names none.
    pub fn child(&self, key: &str) -> Option<&Shape> {
        self.steps.get(key).or(self.any.as_deref())
    }

    /// The shape of every item of a list.
    pub fn item(&self) -> Option<&Shape> {
        self.any.as_deref()
    }

    /// The members that the row names.
    pub fn members(&self) -> impl Iterator<Item = (&'static str, &Shape)> {
        self.steps.iter()
    }

    /// Whether the row names members, and any other is unknown.
    pub fn is_named(&self) -> bool {
        !self.steps.is_empty() && self.any.is_none()
    }

    fn at(&self, path: &str) -> Option<&Shape> {
        path.split('/').skip(1).try_fold(self, |shape, step| match step {
            "*" => shape.item(),
            step => shape.steps.get(step),
        })
    }
}

/// The shape of a kind's body.
pub fn shape(kind: &Kind) -> &'static Shape {
    static SHAPES: LazyLock<OfEach<Shape>> = LazyLock::new(|| OfEach::new(compile));
    SHAPES.get(kind)
}

/// The shape that stands for one: another one where the row says that the two are the same.
pub fn resolved(kind: &Kind, one: &'static Shape) -> &'static Shape {
    match one.field.map(|field| field.value) {
        Some(Type::Same(path)) => shape(kind).at(path).unwrap_or(one),
        _ => one,
    }
}

fn compile(kind: &Kind) -> Shape {
    let mut root = Shape::default();
    for field in kind.fields {
        let mut here = &mut root;
        for step in field.at.split('/').skip(1) {
            here = match step {
                "*" => here.any.get_or_insert_default(),
                step => here.steps.entry(step),
            };
        }
        here.field = Some(field);
    }
    root
}
