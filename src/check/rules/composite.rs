//! Composites: how many members, which type, and how those group.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::alert::{QUERY, Subject};
use crate::check::finding::{Findings, listed};
use crate::kind::Family;
use crate::model::Resource;
use crate::query::{self, Grammar, Monitor, Spanned};

/// docs.datadoghq.com/monitors/types/composite: "Choose up to 10 individual monitors".
const MOST: usize = 10;

/// Members, each once.
fn members<'a>(subject: &'a Subject<'_>) -> Vec<Spanned<&'a str>> {
    let mut seen = BTreeSet::new();
    let mut members = subject.tree().map(Monitor::members).unwrap_or_default();
    members.retain(|member| seen.insert(member.value));
    members
}

pub fn size(subject: &Subject<'_>, found: &mut Findings) {
    let members = members(subject);
    let Some(eleventh) = members.get(MOST) else { return };
    let text = format!("A composite has at most {MOST} members, and this one has {}", members.len());
    found.within((QUERY, &eleventh.span), text, "split it, or put the conditions into one formula");
}

/// The type and the query of a member that is declared here.
fn declared(member: &Resource) -> Option<(String, String)> {
    let [class, query] = member.body.pick(["type", "query"]);
    match (class?, query?) {
        (Value::String(class), Value::String(query)) => Some((class, query)),
        _ => None,
    }
}

pub fn nested(subject: &Subject<'_>, found: &mut Findings) {
    for member in members(subject) {
        let Some((target, _)) = subject.estate.target(member.value, Family::Alert) else { continue };
        let class = target.body.get("type");
        let class = class.as_ref().and_then(Value::as_str).and_then(query::monitor_type);
        if class.is_some_and(|class| class.grammar == Grammar::Composite) {
            let text = format!(
                "`{}` is a composite itself, which no composite may have as a member",
                target.address
            );
            found.within((QUERY, &member.span), text, "name its members here instead, in brackets");
        }
    }
}

pub fn groups(subject: &Subject<'_>, found: &mut Findings) {
    let mut first: Option<(BTreeSet<String>, &Resource)> = None;
    for member in members(subject) {
        let Some((target, _)) = subject.estate.target(member.value, Family::Alert) else { continue };
        // Whatever groups says so with this word; most queries don't, and needn't be read for it.
        let Some((class, query)) = declared(target).filter(|(_, query)| query.contains("by")) else {
            continue;
        };
        let Some(tree) = query::monitor(&class, &query).tree else { continue };
        let keys: BTreeSet<String> = tree.group_keys().into_iter().map(|key| key.value).collect();
        if keys.is_empty() {
            continue;
        }
        match &first {
            Some((others, other)) if *others != keys => {
                let show = |keys: &BTreeSet<String>| listed(&keys.iter().map(String::as_str).collect());
                let text = format!(
                    "`{}` groups by {}, and `{}` by {}: only groups that both have can come together",
                    target.address,
                    show(&keys),
                    other.address,
                    show(others)
                );
                found.within((QUERY, &member.span), text, "group the members by the same keys");
                return;
            }
            Some(_) => {}
            None => first = Some((keys, target)),
        }
    }
}
