//! What bears the mark on the live object: of the right type, and without a mark that somebody wrote. No level and no
//! `$allow` silences these: each would make objects twice.

use super::fields::remedy;
use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::config::RuleLevel;
use crate::kind::{Identity, Kind, Type};
use crate::mark;
use crate::pointer::step;
use crate::source::{short, type_of};
use serde_json::Value;

const TAGS: &str = "/tags";
const DESCRIPTION: &str = "/description";

pub fn faults(subject: &Subject<'_>, found: &mut Findings) {
    let kind = subject.kind;
    types(kind, subject, found);
    let is_fine = |tag: &Value| tag.as_str().is_some_and(|tag| !mark::is_mark_tag(tag));
    let at = match kind.identity {
        Identity::Tags(at) => at,
        _ => TAGS,
    };
    // Nearly all lists are in order: no place is spelled out for their items.
    if let Some(Value::Array(tags)) = subject.find(at)
        && !tags.iter().all(is_fine)
    {
        subject.items(at).for_each(|(pointer, tag)| of_tag(&pointer, tag, found));
    }
    found.rule = ("own-mark", RuleLevel::Error);
    for at in mark::places_of_lines(kind, subject.body) {
        let text = "A line of this text is a mark, which musher writes itself: it is left out";
        found.add(&at, text, "take the line out").level(RuleLevel::Warn);
    }
    if let Identity::Members(at) = kind.identity {
        of_members(subject, at, found);
    }
}

fn of_members(subject: &Subject<'_>, at: &str, found: &mut Findings) {
    let members = subject.find(at).and_then(Value::as_object);
    for key in members.into_iter().flat_map(|members| members.keys()).filter(|key| mark::is_mark_member(key))
    {
        let words = format!("`{}` is a part of the mark, which musher writes itself", short(key));
        let help = "take it out: a mark that a person writes makes objects twice, or takes those of others";
        found.add(&format!("{at}{}", step(key)), words, help);
    }
}

fn of_tag(pointer: &str, tag: &Value, found: &mut Findings) {
    let Some(text) = tag.as_str() else {
        found.rule = ("bad-type", RuleLevel::Error);
        found.add(pointer, format!("A tag is a text, not {}", type_of(tag)), "write it in quotes").mistyped();
        return;
    };
    if mark::is_mark_tag(text) {
        found.rule = ("own-mark", RuleLevel::Error);
        let words = format!("The tag `{}` is a part of the mark, which musher writes itself", short(text));
        let help = "take it out: a mark that a person writes makes objects twice, or takes those of others";
        found.add(pointer, words, help);
    }
}

fn types(kind: &Kind, subject: &Subject<'_>, found: &mut Findings) {
    found.rule = ("bad-type", RuleLevel::Error);
    match subject.find(TAGS) {
        None | Some(Value::Null | Value::Array(_)) => {}
        // Something else in this kind: the row tells what.
        Some(_)
            if kind.fields.iter().any(|field| field.at == TAGS && !matches!(field.value, Type::Texts(_))) => {
        }
        Some(other) => {
            let text = format!("`tags` is a list of texts, not {}", type_of(other));
            found.add(TAGS, text, remedy(Type::Texts(&[]), other)).mistyped();
        }
    }
    match subject.find(DESCRIPTION) {
        None | Some(Value::Null | Value::String(_)) => {}
        Some(other) => {
            let text = format!("`description` is a text, not {}", type_of(other));
            found.add(DESCRIPTION, text, "write it in quotes").mistyped();
        }
    }
}
