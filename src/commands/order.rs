//! Orders as definitions: references for what is declared here, one word for everybody else's.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::declared::Declared;
use super::service::Service;
use crate::diagnostic::known_words;
use crate::kind::{self, Kind, REST};
use crate::mark;
use crate::matching::key_of;
use crate::model::{Address, Attribute, Reference};
use crate::write::{escape, yaml};

/// The kind whose order a person names.
pub fn named(word: &str) -> anyhow::Result<&'static Kind> {
    kind::of_name(word).filter(|kind| kind.api.order.is_some()).with_context(|| {
        let sections = kind::ordered().map(|kind| kind.section);
        format!("there is no order of `{word}`: {}", known_words(word, sections))
    })
}

/// A live order as a definition holds it.
pub async fn definition(
    service: &Service,
    declared: &Declared,
    kind: &'static Kind,
) -> anyhow::Result<Value> {
    let kinds = [kind];
    let (ids, live) = tokio::join!(service.client.order(kind), service.live_of(&kinds, declared));
    let ids = ids.map_err(|refusal| {
        service.explain(&[kind], refusal).context(format!("the order of {} can't be read", kind.section))
    })?;
    let of_kind = || declared.resources.iter().filter(|own| own.address.section() == kind.section);
    let mut own: BTreeMap<String, Address> = BTreeMap::new();
    for live in live? {
        let marked = live.mark.as_ref().filter(|mark| mark.owner == declared.scope.owner);
        let address = marked.map(|mark| Address::new(kind.section, &mark.id));
        let key = mark::key(kind, &live.body);
        let is_it = |resource: &&crate::model::Resource| match key {
            Some(_) => key_of(kind, resource).as_deref() == key,
            None => Some(&resource.address) == address.as_ref(),
        };
        if let Some(resource) = of_kind().find(is_it) {
            own.insert(live.id, resource.address.clone());
        }
    }
    let mut members = json!(arranged(&ids.ids, &own));
    // What lives bears no reference: there is nothing to be told.
    let _ = escape::escape(&mut members);
    Ok(members)
}

/// The members: where others stand in one run, [`REST`] says so. Else ours alone are named, which keep the places that
/// they have among the others.
fn arranged(ids: &[String], own: &BTreeMap<String, Address>) -> Vec<String> {
    let is_own = |id: &String| own.contains_key(id);
    let runs = ids.chunk_by(|one, other| is_own(one) == is_own(other));
    let others = runs.filter(|run| run.first().is_some_and(|id| !is_own(id))).count();
    let mut members: Vec<String> = Vec::new();
    for id in ids {
        match own.get(id) {
            Some(target) => {
                members.push(Reference { target: target.clone(), attribute: Attribute::Id }.marker());
            }
            None if others == 1 && members.last().is_none_or(|last| last != REST) => {
                members.push(REST.to_owned());
            }
            None => {}
        }
    }
    members
}

/// The text of a definitions file with one order; its name without an ending.
pub fn file(kind: &Kind, members: &Value) -> Option<(String, String)> {
    let text = yaml::file(kind::ORDER.section, kind.section, members)?;
    Some((format!("{}-{}", kind::ORDER.name, kind.section), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_one_word_where_they_stand_together() {
        let list = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let own: BTreeMap<String, Address> =
            ["a", "b"].map(|id| (id.to_owned(), Address::new("logs_indexes", id))).into();
        for (live, expected) in [
            ("a x y b", "a $rest b"),
            ("x a b", "$rest a b"),
            ("a b x y", "a b $rest"),
            ("x a y b", "a b"),
            ("b a", "b a"),
            ("x y", "$rest"),
            ("", ""),
        ] {
            let found: Vec<String> = arranged(&list(live), &own)
                .into_iter()
                .map(|member| match Reference::in_text(&member).first() {
                    Some((_, reference)) => reference.target.id().to_owned(),
                    None => member,
                })
                .collect();
            assert_eq!(found, list(expected), "{live}");
        }
    }
}
