//! Sizes of texts and lists, and fields that exclude each other, by the rows.

use serde_json::Value;

use super::spelling::misspelled;
use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::kind::{OneOf, is_empty};
use crate::model::Reference;
use crate::pointer::matching;

pub fn sizes(subject: &Subject<'_>, found: &mut Findings) {
    let sized = subject.asked.sized.iter().filter_map(|field| Some((field.at, field.size?)));
    for (path, (least, most)) in sized {
        for pointer in matching(path, subject.body) {
            let (size, what) = match subject.body.pointer(&pointer) {
                Some(Value::String(text)) if Reference::in_text(text).is_empty() => {
                    (text.chars().count(), "characters")
                }
                Some(Value::Array(items)) => (items.len(), "items"),
                _ => continue,
            };
            let name = pointer.trim_start_matches('/').replace('/', ".");
            if size < least {
                let text = format!("`{name}` is empty, and the service takes {least} or more {what}");
                found.add(&pointer, text, "write one, or leave the field out");
            } else if let Some(most) = most.filter(|most| size > *most) {
                let text = format!("`{name}` has {size} {what}, and the service takes {most}");
                found.add(&pointer, text, format!("write {most} at most"));
            }
        }
    }
}

/// Whether it is reported already that one of them, or what holds them, is missing or misspelled.
fn is_said(subject: &Subject<'_>, choice: &OneOf, found: &mut Findings) -> bool {
    choice.fields.iter().any(|field| {
        let Some((above, name)) = field.rsplit_once('/') else { return false };
        match subject.body.pointer(above).filter(|value| !value.is_null()) {
            Some(Value::Object(members)) => {
                misspelled(subject, (above, name), (above, members), found).is_some()
            }
            // Of another type.
            Some(_) => true,
            None => subject.asked.required.iter().any(|field| field.at == above),
        }
    })
}

pub fn one_of(subject: &Subject<'_>, found: &mut Findings) {
    for choice in subject.kind.quirks.one_of {
        let name = |field: &&str| format!("`{}`", field.trim_start_matches('/').replace('/', "."));
        let names = || choice.fields.iter().map(name).collect::<Vec<_>>().join(" and ");
        let is_there = |field: &&&str| subject.body.pointer(field).is_some_and(|value| !is_empty(value));
        let there: Vec<&&str> = choice.fields.iter().filter(is_there).collect();
        match there[..] {
            [first, second, ..] => {
                let text = format!("{} exclude each other", names());
                found.add(second, text, "take one of them out").also("the other one", *first);
            }
            [] if choice.needed && !is_said(subject, choice, found) => {
                let names = names();
                let text = format!(
                    "`{}` has neither of {names}, and the service asks for one",
                    subject.resource.address
                );
                found.add(choice.fields[0], text, format!("add {}", names.replace(" and ", " or ")));
            }
            _ => {}
        }
    }
}
