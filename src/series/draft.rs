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
    columns.derive(&|column| column.places.iter().all(|place| place.pointer.starts_with(ADOPT)));
    Some(Draft { columns, fields, titles })
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
    let place =
        Place { part, pointer: pointer.to_owned(), before: String::new(), is_number: first.is_number() };
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
            let place = Place { part, pointer: pointer.to_owned(), before: before.clone(), is_number: false };
            Piece::Column(columns.add(values, place))
        }
    });
    Some(pieces.collect())
}
