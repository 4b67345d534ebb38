//! `musher list`: the resources, with their live ids.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::declared::{Declared, declare, report};
use super::service::service;
use super::{AlreadyReported, Invocation};
use crate::args::{self, Exit, Format};
use crate::client::Wanted;
use crate::drift;
use crate::fill::{answer, known_of};
use crate::kind::{self, Kind};
use crate::mark;
use crate::matching::{key_of, taken};
use crate::model::{Address, Known, Live, Reference, Resource};
use crate::render;
use crate::render::list::{self, Item, Unmanaged};
use crate::render::progress::Progress;
use crate::render::summary;

pub async fn run(invocation: &Invocation<'_>, options: &args::List) -> anyhow::Result<Exit> {
    let format = invocation.format(&[Format::Text, Format::Json, Format::Markdown])?;
    let declared = declare(invocation)?;
    if options.unmanaged {
        return unmanaged(invocation, &declared, format).await;
    }
    let progress = Arc::new(Progress::start(invocation.common.shows_no_progress()));
    let live = service(invocation, &declared, &progress)?.live(&declared).await?;
    progress.end();
    let idle = declared.idle_only(&live);
    if !idle.is_empty() {
        report(invocation, &idle, &declared.sources)?;
        return Err(AlreadyReported.into());
    }
    let mut rows: BTreeMap<Address, (Option<&Resource>, Vec<&Live>)> = BTreeMap::new();
    let mut keys: BTreeMap<(&str, String), &Address> = BTreeMap::new();
    let marked = live.iter().filter_map(|live| {
        let mark = live.mark.as_ref().filter(|mark| mark.owner == declared.scope.owner)?;
        Some((Address::new(live.section, &mark.id), known_of(live)))
    });
    let known: BTreeMap<Address, Known> = marked.collect();
    for resource in &declared.resources {
        rows.entry(resource.address.clone()).or_default().0 = Some(resource);
        let kind = kind::of_section(resource.address.section());
        if let Some((kind, key)) = kind.and_then(|kind| Some((kind, key_of(kind, resource)?))) {
            let key = Reference::fill(&key, &|reference| answer(&known, reference));
            keys.insert((kind.section, key), &resource.address);
        }
    }
    for live in &live {
        let key = kind::of_section(live.section).and_then(|kind| mark::key(kind, &live.body));
        if let Some(key) = key {
            // Without a mark it is ours by its name: as declared, or in a namespace.
            let named = keys.get(&(live.section, key.to_owned())).map(|address| (*address).clone());
            let owned = declared.scope.namespace(live.section, key).is_some();
            if let Some(address) = named.or_else(|| owned.then(|| Address::new(live.section, key))) {
                rows.entry(address).or_default().1.push(live);
            }
            continue;
        }
        if let Some(mark) = live.mark.as_ref().filter(|mark| mark.owner == declared.scope.owner) {
            rows.entry(Address::new(live.section, &mark.id)).or_default().1.push(live);
        }
    }
    if let Some(partial) = summary::partial(declared.only.texts()) {
        invocation.say(&partial)?;
    }
    let items: Vec<Item> = rows
        .into_iter()
        .filter(|(address, _)| declared.selects(address))
        .filter_map(|(address, (resource, found))| item(address, resource, found))
        .collect();
    // A file is read elsewhere, and grepped.
    let room = invocation.common.output.is_empty().then(render::columns_of_stdout).flatten();
    invocation.answer(|out, _| match format {
        Format::Json => list::write_json(&items, out),
        Format::Markdown => list::write_markdown(&items, out),
        _ => list::write_text(&items, room, out),
    })?;
    Ok(Exit::Fine)
}

/// What bears nobody's mark, and whose name nothing here declares or owns.
async fn unmanaged(invocation: &Invocation<'_>, declared: &Declared, format: Format) -> anyhow::Result<Exit> {
    let progress = Arc::new(Progress::start(invocation.common.shows_no_progress()));
    let service = service(invocation, declared, &progress)?;
    let ours = Ours::of(declared);
    // Judged by what the lists show: no object is read for it.
    let found: Mutex<Vec<Unmanaged>> = Mutex::default();
    let see = |kind: &Kind, body: &Value| {
        let id = body.get(kind.api.id.at).map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
        let Some(id) = id else { return false };
        if mark::read(kind, body).is_none() && !ours.holds(kind, &id, body) {
            found.lock().unwrap_or_else(PoisonError::into_inner).push(Unmanaged {
                kind: kind.name,
                section: kind.section,
                name: kind.title(body).map(str::to_owned),
                url: service.client.url(kind, &id),
                datadog_id: id,
                made_by: drift::maker(kind, body),
                made_at: drift::made_at(kind, body),
            });
        }
        false
    };
    let kinds: Vec<&'static Kind> = declared.kinds.iter().copied().filter(|kind| kind.is_listed()).collect();
    let unnamed = kinds.iter().filter(|kind| !declared.config.names(kind)).map(|kind| kind.section);
    let wanted = Wanted {
        kinds: kinds.clone(),
        filter: Some(&see),
        whole: Some(&|_, _, _| false),
        optional: unnamed.collect(),
        ..Wanted::default()
    };
    let listed = service.client.list(&wanted).await.map_err(|failed| service.no_list(&kinds, failed))?;
    progress.end();
    for kind in listed.refused {
        invocation.complain(&format!("{} can't be listed by these keys, and are not shown", kind.section))?;
    }
    let mut items = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    items.sort_by(|a, b| {
        let key = |item: &Unmanaged| {
            (item.section, item.name.clone(), item.datadog_id.len(), item.datadog_id.clone())
        };
        key(a).cmp(&key(b))
    });
    let room = invocation.common.output.is_empty().then(render::columns_of_stdout).flatten();
    invocation.answer(|out, _| match format {
        Format::Json => list::write_unmanaged_json(&items, out),
        Format::Markdown => list::write_unmanaged_markdown(&items, out),
        _ => list::write_unmanaged_text(&items, room, out),
    })?;
    Ok(Exit::Fine)
}

/// What is ours without a mark: by an id that a definition adopts, or by its name.
struct Ours<'d> {
    declared: &'d Declared,
    adopted: BTreeSet<(&'d str, &'d str)>,
    named: BTreeSet<(&'static str, String)>,
}

impl<'d> Ours<'d> {
    fn of(declared: &'d Declared) -> Self {
        let resources = declared.resources.iter();
        let adopted = resources
            .clone()
            .filter_map(|own| Some((own.address.section(), own.directives.adopt.as_deref()?)));
        let named = resources.filter_map(|own| {
            let kind = kind::of_section(own.address.section())?;
            Some((kind.section, key_of(kind, own)?))
        });
        Self { declared, adopted: adopted.collect(), named: named.collect() }
    }

    fn holds(&self, kind: &Kind, id: &str, body: &Value) -> bool {
        let is_named = |key: &str| {
            self.named.contains(&(kind.section, key.to_owned()))
                || self.declared.scope.namespace(kind.section, key).is_some()
        };
        self.adopted.contains(&(kind.section, id)) || mark::key(kind, body).is_some_and(is_named)
    }
}

/// `found` bear the mark of the address: a clone does too.
fn item(address: Address, resource: Option<&Resource>, found: Vec<&Live>) -> Option<Item> {
    let kind = kind::of_section(address.section())?;
    let live = (!found.is_empty()).then(|| taken(kind, &found, resource));
    let title = match (live, resource) {
        (Some(live), _) => kind.title(&live.body).map(str::to_owned),
        (None, Some(resource)) => kind.title(&resource.body.value()).map(str::to_owned),
        (None, None) => None,
    };
    Some(Item {
        kind: kind.name,
        name: title,
        datadog_id: live.map(|live| live.id.clone()),
        url: live.map(|live| live.url.clone()),
        position: resource.map(|resource| resource.origin.position.clone()),
        address: Some(address),
    })
}
