//! `--only` of single resources: they and what they refer to are asked for alone. What comes out is taken only where
//! nothing but they can matter; else everything is asked for, as without it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::declared::Declared;
use super::service::Service;
use crate::diagnostic::{Diagnostic, has_errors};
use crate::fill::references;
use crate::kind::{self, Kind};
use crate::model::{Action, Address, Change, Live, Plan, Resource};
use crate::plan::{Inputs, plan};
use crate::pointer;

/// More resources than these are found faster in lists.
const MOST: usize = 16;

/// What is asked for by itself.
pub struct Narrow {
    /// Selected, and referred to; sorted by address.
    resources: Vec<Resource>,
    ids: BTreeMap<&'static str, BTreeSet<String>>,
}

/// Whether `--only` names resources one by one, whatever they are.
pub fn is_single(only: &[String]) -> bool {
    let is_address = |text: &String| {
        !text.contains(['*', '?', '[', ']', '{', '}', '\\', '!']) && Address::parse(text).is_some()
    };
    (1..=MOST).contains(&only.len()) && only.iter().all(is_address)
}

impl Narrow {
    /// `None`: all that is live matters.
    pub fn of(declared: &Declared) -> Option<Self> {
        let only = declared.only.texts();
        if !is_single(only) || !declared.scope.former.is_empty() || !declared.forgotten.is_empty() {
            return None;
        }
        let selected: BTreeSet<Address> = only.iter().filter_map(|text| Address::parse(text)).collect();
        let mut addresses = selected.clone();
        for address in &selected {
            let targets = references(&declared.resource(address)?.body.value());
            addresses.extend(targets.into_iter().map(|reference| reference.target));
        }
        if addresses.len() > MOST {
            return None;
        }
        // An old address of one is where its mark may still be found.
        let mut moved = declared.resources.iter().flat_map(|own| &own.directives.moved_from);
        if moved.any(|old| addresses.contains(old)) {
            return None;
        }
        let mut narrow = Self { resources: Vec::new(), ids: BTreeMap::new() };
        for address in &addresses {
            let resource = declared.resource(address)?;
            let kind = kind::of_section(address.section()).filter(|kind| is_plain(kind))?;
            let directives = &resource.directives;
            let is_known =
                directives.adopt.is_none() && directives.moved_from.is_empty() && !directives.absent;
            if !is_known || !declared.kinds.iter().any(|own| own.section == kind.section) {
                return None;
            }
            narrow.ids.entry(kind.section).or_default().insert(address.id().to_owned());
            narrow.resources.push(resource.clone());
        }
        Some(narrow)
    }

    /// The plan; `None` where it takes all that is live to tell.
    pub fn plan(
        &self,
        service: &Service,
        declared: &Declared,
        live: &[Live],
        organisation: Option<&str>,
    ) -> Option<(Plan, Vec<Diagnostic>)> {
        let (mut plan, diagnostics) = plan(&Inputs {
            scope: &declared.scope,
            site: &service.site,
            organisation,
            now: jiff::Timestamp::now(),
            resources: &self.resources,
            forgotten: &[],
            live,
            unlisted: &[],
            selected: &|address| declared.selects(address),
            seen_last: &|_, _| None,
        });
        plan.declared = declared.resources.len() + declared.forgotten.len();
        let stays = |change: &Change| change.action == Action::Update && !names_others(change, live);
        let is_enough = !has_errors(&diagnostics) && plan.changes.iter().all(stays);
        is_enough.then_some((plan, diagnostics))
    }

    /// The live objects; `None` where one of them is not there, not whole, or there twice.
    pub async fn live(&self, service: &Service, declared: &Declared) -> anyhow::Result<Option<Vec<Live>>> {
        let owner = &declared.scope.owner;
        let kinds: Vec<(&'static Kind, &BTreeSet<String>)> =
            self.ids.iter().filter_map(|(section, ids)| Some((kind::of_section(section)?, ids))).collect();
        let asked = kinds.iter().map(|(kind, ids)| service.client.marked(kind, owner, ids));
        let mut all = Vec::new();
        for ((kind, ids), found) in kinds.iter().zip(futures_util::future::join_all(asked).await) {
            let found = found.map_err(|refusal| service.no_list(&[kind], refusal.into()))?;
            let marks: Vec<&str> =
                found.iter().filter_map(|live| Some(live.mark.as_ref()?.id.as_str())).collect();
            let borne: BTreeSet<&str> = marks.iter().copied().collect();
            if marks.len() != found.len() || borne.len() != found.len() || borne.len() != ids.len() {
                return Ok(None);
            }
            all.extend(found);
        }
        Ok(Some(all))
    }
}

/// A kind of which an object is found by its mark, and is all in one place.
fn is_plain(kind: &Kind) -> bool {
    kind.is_listed()
        && !kind.is_keyed()
        && !kind.is_order()
        && kind.api.parts.is_empty()
        && kind.api.named.is_none()
        && kind.api.list.path.is_none()
}

/// Whether what is live names an object that was not asked for, whose name would be missing from what is shown.
fn names_others(change: &Change, live: &[Live]) -> bool {
    let ids: BTreeSet<&str> = live.iter().map(|live| live.id.as_str()).collect();
    let may_be_id = |word: &str| {
        word.len() >= 6
            && word.bytes().all(|byte| byte.is_ascii_hexdigit())
            && word.bytes().any(|byte| byte.is_ascii_digit())
    };
    let names = |text: &str| {
        text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| may_be_id(word) && !ids.contains(word))
    };
    let before = change.diff.iter().filter_map(|field| field.before.as_ref());
    before.flat_map(pointer::values).any(|value| match value {
        Value::String(text) => !ids.contains(text.as_str()) && names(text),
        Value::Number(number) => names(&number.to_string()),
        _ => false,
    })
}
