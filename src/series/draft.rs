//! The parts of one template, field by field: what is the same in all rows, and the columns of what is not.

use serde_json::Value;

use super::align::{Stretch, align};
use super::atom::number;
use super::column::{Column, Columns, Place};
use super::item::Item;
use super::shape::{ADOPT, leaves};

/// One resource of a template.
#[derive(Clone)]
pub struct Part {
    pub name: Option<String>,
    /// The item of each row of the list; absent where an instance has none.
    pub rows: Vec<Option<usize>>,
}

/// A field that is not the same in all rows.
pub struct Field {
    pub pointer: String,
    pub is_number: bool,
    pub pieces: Vec<Piece>,
}

#[derive(Clone)]
pub enum Piece {
    Same(String),
    Column(usize),
    /// The reference of each row, as it stands in the text.
    Refers(Vec<Option<String>>),
    /// The id of another part's resource, in a link to it.
    Sibling(usize),
}

pub struct Draft {
    pub columns: Columns,
    /// For each part the fields that differ, and what is the same of its name.
    pub fields: Vec<Vec<Field>>,
    pub titles: Vec<String>,
}

impl Draft {
    /// Whether a column holds the ids of Datadog's objects.
    pub fn is_adoption(&self, column: &Column) -> bool {
        column.places.iter().all(|place| place.pointer.starts_with(ADOPT))
    }
}

/// None where the rows differ in more than names, scopes and numbers.
pub fn draft(items: &[Item], bodies: &[Value], parts: &[Part]) -> Option<Draft> {
    let mut columns = Columns::default();
    let (mut fields, mut titles) = (Vec::new(), Vec::new());
    for (number, part) in parts.iter().enumerate() {
        let first = part.rows.iter().flatten().next()?;
        let title = items[*first].kind.about.title;
        let rows: Vec<Option<Vec<(String, &Value)>>> =
            part.rows.iter().map(|row| row.map(|row| leaves(&bodies[row]))).collect();
        let pointers: Vec<String> =
            rows.iter().flatten().next()?.iter().map(|(pointer, _)| pointer.clone()).collect();
        let mut own = Vec::new();
        titles.push(String::new());
        for (at, pointer) in pointers.iter().enumerate() {
            let values: Vec<Option<&Value>> = rows
                .iter()
                .map(|row| row.as_ref().and_then(|row| row.get(at)).map(|(_, value)| *value))
                .collect();
            let (is_number, pieces) = field(&values, &mut columns, (number, pointer))?;
            if pointer == title {
                titles[number] = pieces
                    .iter()
                    .map(|piece| if let Piece::Same(text) = piece { text } else { " " })
                    .collect();
            }
            if pieces.iter().any(|piece| !matches!(piece, Piece::Same(_))) {
                own.push(Field { pointer: pointer.clone(), is_number, pieces });
            }
        }
        fields.push(own);
    }
    // One by one: none may lead back to another.
    while let Some((column, target)) = linked(&columns, &fields) {
        link(&mut columns.list[column], &mut fields, (column, target));
    }
    columns.derive(&|column| column.places.iter().all(|place| place.pointer.starts_with(ADOPT)));
    Some(Draft { columns, fields, titles })
}

/// A column that holds the ids of a part's resources and stands elsewhere, too: in a link. What refers to others itself is
/// left out, since these may refer to it.
fn linked(columns: &Columns, fields: &[Vec<Field>]) -> Option<(usize, usize)> {
    columns.list.iter().enumerate().find_map(|(number, column)| {
        let target = column.places.iter().find(|place| place.pointer.starts_with(ADOPT))?.part;
        let elsewhere = |place: &&Place| !place.pointer.starts_with(ADOPT);
        let mut others = column.places.iter().filter(elsewhere).peekable();
        others.peek()?;
        let refers = |piece: &Piece| matches!(piece, Piece::Refers(_) | Piece::Sibling(_));
        let is_last = !fields[target].iter().flat_map(|field| &field.pieces).any(refers);
        (is_last && others.all(|place| place.part != target && !place.is_number)).then_some((number, target))
    })
}

fn link(column: &mut Column, fields: &mut [Vec<Field>], (number, target): (usize, usize)) {
    let pieces = fields.iter_mut().flatten().filter(|field| !field.pointer.starts_with(ADOPT));
    for piece in pieces.flat_map(|field| &mut field.pieces) {
        if matches!(piece, Piece::Column(own) if *own == number) {
            *piece = Piece::Sibling(target);
        }
    }
    column.places.retain(|place| place.pointer.starts_with(ADOPT));
}

/// Whether a field is a number, and its pieces.
fn field(
    values: &[Option<&Value>],
    columns: &mut Columns,
    (part, pointer): (usize, &str),
) -> Option<(bool, Vec<Piece>)> {
    let first = values.iter().flatten().next()?;
    if values.iter().flatten().all(|value| value == first) {
        // What is the same may still refer to what gets another name.
        return match first {
            Value::String(text) => {
                Some((false, texts(values, columns, (part, pointer))?)).filter(|_| text.contains("${"))
            }
            _ => None,
        }
        .or_else(|| {
            Some((false, vec![Piece::Same(first.as_str().map_or_else(|| first.to_string(), str::to_owned))]))
        });
    }
    if !first.is_number() && !pointer.starts_with(ADOPT) {
        return Some((false, texts(values, columns, (part, pointer))?));
    }
    let place = Place {
        part,
        pointer: pointer.to_owned(),
        before: String::new(),
        is_number: first.is_number(),
        is_plain: true,
    };
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        value if pointer.starts_with(ADOPT) => Some(value.to_string()),
        value => number(&value.to_string()),
    };
    let own: Option<Vec<Option<String>>> =
        values.iter().map(|value| value.map_or(Some(None), |value| text(value).map(Some))).collect();
    Some((true, vec![Piece::Column(columns.add(own?, place))]))
}

fn texts(
    values: &[Option<&Value>],
    columns: &mut Columns,
    (part, pointer): (usize, &str),
) -> Option<Vec<Piece>> {
    let texts: Option<Vec<Option<&str>>> =
        values.iter().map(|value| value.map_or(Some(None), |value| value.as_str().map(Some))).collect();
    let mut before = String::new();
    let pieces = align(&texts?)?.into_iter().map(|stretch| match stretch {
        Stretch::Same(text) => {
            before.clone_from(&text);
            Piece::Same(text)
        }
        Stretch::Refers(texts) => Piece::Refers(texts),
        Stretch::Differs(values) => {
            let place = Place {
                part,
                pointer: pointer.to_owned(),
                before: before.clone(),
                is_number: false,
                is_plain: true,
            };
            Piece::Column(columns.add(values, place))
        }
    });
    Some(pieces.collect())
}
