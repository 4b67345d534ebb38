//! What bears the mark on the live object: of the right type, and without a mark that somebody wrote. No level and no
//! `$allow` silences these: each would make objects twice.

use super::fields::remedy;
use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::config::RuleLevel;
use crate::kind::{self, Identity, Type};
use crate::mark;
use crate::source::{short, type_of};
use serde_json::Value;

const TAGS: &str = "/tags";
const DESCRIPTION: &str = "/description";

pub fn faults(subject: &Subject<'_>, found: &mut Findings) {
    types(subject, found);
    let is_fine = |tag: &Value| tag.as_str().is_some_and(|tag| !mark::is_mark_tag(tag));
    // Nearly all lists are in order: no place is spelled out for their items.
    if let Some(Value::Array(tags)) = subject.find(TAGS)
        && !tags.iter().all(is_fine)
    {
        subject.items(TAGS).for_each(|(pointer, tag)| of_tag(&pointer, tag, found));
    }
    found.rule = ("own-mark", RuleLevel::Error);
    let Some(kind) = kind::of_section(subject.resource.address.section()) else { return };
    if let Identity::LastLine(at) = kind.identity
        && subject.text(at).is_some_and(mark::holds_line)
    {
        let text = "A line of this text is a mark, which musher writes itself: it is left out";
        found.add(at, text, "take the line out").level(RuleLevel::Warn);
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

fn types(subject: &Subject<'_>, found: &mut Findings) {
    found.rule = ("bad-type", RuleLevel::Error);
    match subject.find(TAGS) {
        None | Some(Value::Null | Value::Array(_)) => {}
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
