//! References name what belongs there.

use serde_json::{Map, Value};

use crate::check::alert::{QUERY, Subject};
use crate::check::finding::Findings;
use crate::diagnostic::Part;
use crate::kind::{self, Family};
use crate::model::{Attribute, Reference};
use crate::pointer::{objects, step};
use crate::query::Monitor;

pub fn kinds(subject: &Subject<'_>, found: &mut Findings) {
    if let Some(tree) = subject.tree() {
        for member in tree.members() {
            judge(member.value, (QUERY, &Part::Within(member.span)), Family::Alert, found);
        }
        if let Monitor::Chain(chain) = tree
            && let Some(id) = chain.slo_id()
        {
            judge(id.value, (QUERY, &Part::Within(id.span.clone())), Family::Objective, found);
        }
    }
    if !subject.kind.quirks.points_to.is_empty() {
        objects(subject.body, "", &mut |pointer, map| {
            of_object(subject, map, pointer, found);
            true
        });
    }
}

fn of_object(subject: &Subject<'_>, map: &Map<String, Value>, pointer: &str, found: &mut Findings) {
    for (key, family) in subject.kind.quirks.points_to {
        let at = || format!("{pointer}{}", step(key));
        match map.get(*key) {
            Some(Value::String(text)) => judge(text, (&at(), &Part::Value), *family, found),
            Some(Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    let text = item.as_str().unwrap_or_default();
                    judge(text, (&format!("{}/{index}", at()), &Part::Value), *family, found);
                }
            }
            _ => {}
        }
    }
}

fn judge(id: &str, (pointer, part): (&str, &Part), wanted: Family, found: &mut Findings) {
    let Some((_, reference)) = Reference::in_text(id).into_iter().next() else { return };
    let sections = kind::KINDS.into_iter().filter(|kind| kind.quirks.family == Some(wanted));
    let section: Vec<&str> = sections.map(|kind| kind.section).collect();
    let target = &reference.target;
    let makes_alert = || {
        let kind = kind::of_section(target.section()).filter(|_| wanted == Family::Alert);
        kind.is_some_and(|kind| kind.quirks.alert.is_some())
    };
    let (text, help) = if makes_alert() && reference.attribute == Attribute::Alert {
        return;
    } else if makes_alert() {
        let name = Attribute::Alert.name();
        (
            format!("`{target}` can't stand here: this is the place of the monitor that it makes"),
            format!("write `.{name}` instead of `.{}`", reference.attribute.name()),
        )
    } else if !section.contains(&target.section()) {
        let section = section.join("` or `");
        (
            format!("`{target}` can't stand here: this is the place of one of `{section}`"),
            format!("write `${{{section}.ID.id}}`"),
        )
    } else if reference.attribute != Attribute::Id {
        (
            format!("The URL of `{target}` can't stand here: this is the place of its id"),
            "write `.id` instead of `.url`".to_owned(),
        )
    } else {
        return;
    };
    match part {
        Part::Within(range) => found.within((pointer, range), text, help),
        _ => found.add(pointer, text, help),
    };
}
