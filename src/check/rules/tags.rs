//! Tags: their keys, their spelling, and those that a team asks for.

use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::kind::{Field, Type};
use crate::model::Reference;

const TAGS: &str = "/tags";

pub fn keys(subject: &Subject<'_>, found: &mut Findings) {
    let keys = subject.kind.quirks.tags.keys;
    if keys.is_empty() {
        return;
    }
    let mut count = 0;
    for (pointer, tag) in subject.items(TAGS) {
        count += 1;
        let Some(tag) = tag.as_str() else { continue };
        if !keys.iter().any(|key| tag.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'))) {
            let text = format!(
                "The tag `{}` is refused: only `{}:…` may stand here",
                crate::source::short(tag),
                keys.join(":…`, `")
            );
            found.add(&pointer, text, "take it out; put what it says into the title or the description");
        }
    }
    if let Some(most) = subject.kind.quirks.tags.most.filter(|most| count > *most) {
        let text = format!("There are {count} tags, and the service takes {most}");
        found.add(TAGS, text, "leave the most important ones");
    }
}

/// The service writes tags in lower case, and `_` for characters that it doesn't know.
pub fn spelling(subject: &Subject<'_>, found: &mut Findings) {
    if !subject.kind.quirks.tags.rewritten {
        return;
    }
    for (pointer, tag) in subject.items(TAGS) {
        let Some(tag) = tag.as_str().filter(|tag| !tag.contains(Reference::OPEN)) else { continue };
        let kept = |c: char| !c.is_uppercase() && (c.is_alphanumeric() || "_-:./".contains(c));
        if !tag.chars().all(kept) {
            let spelled = spelled(tag);
            let text = format!(
                "The service would keep the tag `{}` as `{}`, and every plan would show it",
                crate::source::short(tag),
                crate::source::short(&spelled)
            );
            found.add(&pointer, text, format!("write `{}`", crate::source::short(&spelled)));
        }
    }
}

fn spelled(tag: &str) -> String {
    let mut out = String::with_capacity(tag.len());
    for c in tag.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() || "_-:./".contains(c) {
            out.push(c);
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

/// Where the user lists none.
const REQUIRED: [&str; 3] = ["env", "service", "team"];

pub fn required(subject: &Subject<'_>, found: &mut Findings) {
    let has_tags = |field: &Field| field.at == TAGS && matches!(field.value, Type::Texts(_));
    if !subject.kind.fields.iter().any(has_tags) {
        return;
    }
    let listed = subject.estate.required_tags;
    let keys: Vec<&str> =
        if listed.is_empty() { REQUIRED.to_vec() } else { listed.iter().map(String::as_str).collect() };
    let possible = subject.kind.quirks.tags.keys;
    for key in keys.into_iter().filter(|key| possible.is_empty() || possible.contains(key)) {
        let has = |tag: &str| tag.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
        if !subject.items(TAGS).any(|(_, tag)| tag.as_str().is_some_and(has)) {
            let text = format!("`{}` has no tag `{key}:…`", subject.resource.address);
            found.add(TAGS, text, "add it, or put it into `defaults:` of musher.yaml");
        }
    }
}
