//! References name what belongs there.

use serde_json::Value;

use crate::check::alert::{DEPTH, QUERY, Subject, each_child};
use crate::check::finding::Findings;
use crate::diagnostic::{Part, step};
use crate::kind::{self, Nature};
use crate::model::{Attribute, Reference};
use crate::query::Monitor;

pub fn kinds(subject: &Subject<'_>, found: &mut Findings) {
    if let Some(tree) = subject.tree() {
        for member in tree.members() {
            judge(member.value, (QUERY, &Part::Within(member.span)), Nature::Alert, found);
        }
        if let Monitor::Chain(chain) = tree
            && let Some(id) = chain.slo_id()
        {
            judge(id.value, (QUERY, &Part::Within(id.span.clone())), Nature::Objective, found);
        }
    }
    if !subject.judged.points_to.is_empty() {
        walk(subject, subject.body, &mut String::new(), 0, found);
    }
}

fn walk(subject: &Subject<'_>, value: &Value, pointer: &mut String, depth: usize, found: &mut Findings) {
    if depth > DEPTH {
        return;
    }
    for (key, nature) in subject.judged.points_to {
        let at = || format!("{pointer}{}", step(key));
        match value.get(key) {
            Some(Value::String(text)) => judge(text, (&at(), &Part::Value), *nature, found),
            Some(Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    let text = item.as_str().unwrap_or_default();
                    judge(text, (&format!("{}/{index}", at()), &Part::Value), *nature, found);
                }
            }
            _ => {}
        }
    }
    each_child(value, pointer, &mut |child, pointer| walk(subject, child, pointer, depth + 1, found));
}

fn judge(id: &str, (pointer, part): (&str, &Part), wanted: Nature, found: &mut Findings) {
    let Some((_, reference)) = Reference::in_text(id).into_iter().next() else { return };
    let sections = kind::KINDS.into_iter().filter(|kind| kind.judged.nature == wanted);
    let section: Vec<&str> = sections.map(|kind| kind.section).collect();
    let target = &reference.target;
    let (text, help) = if !section.contains(&target.section()) {
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
