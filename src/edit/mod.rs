//! A YAML or JSON text and edits at JSON pointers -> the text with them, every other byte as it was.

mod block;
mod doc;
mod flow;
mod scalar;
mod shift;
mod spell;
pub mod step;
mod table;

#[cfg(test)]
mod tests;

use serde_json::Value;

use self::doc::Doc;
use self::step::Edit;
use crate::diagnostic::{FileId, Format};
use crate::source;

/// Why a text stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the file can't be read as it stands")]
    Broken,
    #[error("`{0}` does not stand in the file")]
    Missing(String),
    #[error("no way was found to write `{0}` that leaves everything else as it is")]
    NoPlace(String),
}

/// The text with all edits, one after the other: each pointer counts in what the edits before it left.
///
/// After each the text is read again: it must hold the expected values, at the pointer and everywhere else.
pub fn edit(text: &str, format: Format, edits: &[Edit]) -> Result<String, Refusal> {
    if format == Format::Csv {
        return edits.iter().try_fold(text.to_owned(), |text, edit| row(&text, edit));
    }
    let mut value = read(text, format).ok_or(Refusal::Broken)?;
    let mut text = text.to_owned();
    for edit in edits {
        text = match (one(&text, format, &mut value, edit), edit) {
            (Err(Refusal::NoPlace(_)), Edit::Move { at, from, to }) => {
                // Where it can't go as it is written it goes, and comes anew.
                let list = value.pointer(at).and_then(Value::as_array);
                let moved = list.and_then(|list| list.get(*from)).cloned().unwrap_or_default();
                let out = Edit::Remove { at: format!("{at}/{from}") };
                let back = Edit::Insert { at: at.clone(), index: *to, value: moved };
                let text = one(&text, format, &mut value, &out)?;
                one(&text, format, &mut value, &back)?
            }
            (written, _) => written?,
        };
    }
    Ok(text)
}

/// A table is a mapping by its first column: a key that is added sets the cells of its row.
fn row(text: &str, edit: &Edit) -> Result<String, Refusal> {
    let set = match edit {
        Edit::Add { at, key, value: Value::Object(cells) } if at.is_empty() => {
            table::set_row(text, key, cells)
        }
        _ => None,
    };
    set.ok_or_else(|| Refusal::NoPlace(edit.pointer().to_owned()))
}

/// The text with one edit, which is carried out on its value, too, if it is written.
fn one(text: &str, format: Format, value: &mut Value, edit: &Edit) -> Result<String, Refusal> {
    let missing = || Refusal::Missing(edit.pointer().to_owned());
    let mut after = value.clone();
    edit.carry_out(&mut after).ok_or_else(missing)?;
    let ways = Doc::new(text, format).ways(edit).ok_or_else(missing)?;
    let written = ways.into_iter().filter_map(|way| splice(text, way));
    let mut proved = written.filter(|new| read(new, format).as_ref() == Some(&after));
    let new = proved.next().ok_or_else(|| Refusal::NoPlace(edit.pointer().to_owned()))?;
    *value = after;
    Ok(new)
}

impl Doc<'_> {
    /// Ways to write an edit, the best first; none where nothing stands at its pointer.
    fn ways(&self, edit: &Edit) -> Option<Vec<doc::Way>> {
        match edit {
            Edit::Replace { at, value } => self.replace(at, value),
            Edit::Add { at, key, value } => self.add(at, key, value),
            Edit::Remove { at } => self.remove(at),
            Edit::Insert { at, index, value } => self.insert(at, *index, value),
            Edit::Move { at, from, to } => self.shift(at, *from, *to),
        }
    }
}

/// The value of a text as a project reads it; none where it is broken.
fn read(text: &str, format: Format) -> Option<Value> {
    source::value(text, format, FileId(0)).0
}

/// The text with some of its bytes replaced; none where the places meet or lie between characters.
fn splice(text: &str, mut way: doc::Way) -> Option<String> {
    way.sort_by_key(|splice| splice.range.start);
    let (mut out, mut at) = (String::with_capacity(text.len() + 64), 0);
    for splice in way {
        out.push_str(text.get(at..splice.range.start)?);
        out.push_str(&splice.text);
        at = splice.range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}
