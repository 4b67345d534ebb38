//! `musher import monitor --tag team:payments`: all live objects that pass some filters become definitions.

use std::sync::Arc;

use anyhow::bail;
use serde_json::Value;

use super::super::Invocation;
use super::super::declared::declare;
use super::super::export::{ALL, kind_of};
use super::super::service::service;
use super::many::{Wish, conclude, take};
use super::said::Sum;
use crate::args::{self, Exit};
use crate::client::Wanted;
use crate::config::Config;
use crate::kind::{KINDS, Kind};
use crate::mark;
use crate::model::{Live, Owner};
use crate::moving::{Left, segment};
use crate::render::progress::Progress;
use crate::write::name;

/// Whether filters say what is imported, not names.
pub fn is_asked(options: &args::Import) -> bool {
    let which = &options.which;
    which.all || which.managed || which.unmanaged || which.query.is_some() || !which.tag.is_empty()
}

pub async fn run(invocation: &Invocation<'_>, options: &args::Import) -> anyhow::Result<Exit> {
    if options.id.is_some() {
        bail!("--id names one resource: of many, each gets an id made of its name");
    }
    let declared = declare(invocation)?;
    let kinds = kinds(&declared.config, &options.kind)?;
    let progress = Arc::new(Progress::start(invocation.common.shows_no_progress()));
    let service = service(invocation, &declared, &progress)?;
    let passes = |kind: &Kind, body: &Value| passes(kind, body, &options.which, &declared.scope.owner);
    let wanted = Wanted { kinds: kinds.clone(), filter: Some(&passes), ..Wanted::default() };
    let listed = service.client.list(&wanted).await.map_err(|failed| service.no_list(&kinds, failed))?;
    let mut sum = Sum::default();
    for (kind, id, refusal) in &listed.unread {
        sum.left.push(Left::new(&format!("{} {id}", kind.name), format!("can't be read: {refusal}")));
    }
    let mut wishes = Vec::new();
    for live in listed.live {
        let Some(kind) = kinds.iter().copied().find(|kind| kind.section == live.section) else { continue };
        // A summary shows less than the whole.
        if !passes(kind, &live.body) {
            continue;
        }
        wishes.push(wish(kind, live, options.group_by.as_deref()));
    }
    wishes.sort_by_key(order);
    let imports = take(&declared, wishes, &mut sum);
    // Numbers behind equal names are nothing to tell.
    sum.renamed.clear();
    conclude(invocation, options, (&declared, &service, &progress), (imports, sum)).await
}

/// What an object is to be, by its title.
pub fn wish(kind: &'static Kind, live: Live, group_by: Option<&str>) -> Wish {
    let group = group_by.map(|key| group_of(&live.body, key).map(|own| segment(&own, "other")));
    let made = kind.title(&live.body).and_then(name::of_resource);
    let made = made.or_else(|| name::of_resource(&live.id)).unwrap_or_else(|| kind.name.to_owned());
    let (id, file) = match group {
        None => (made, String::new()),
        Some(None) => (made, kind.section.to_owned()),
        Some(Some(group)) => (format!("{group}/{made}"), group),
    };
    let from = format!("{} {}", kind.name, live.id);
    Wish { kind, live, id, from, file }
}

/// Of equal names the older object comes first.
pub fn order(wish: &Wish) -> (&'static str, String, usize, String) {
    (wish.kind.section, wish.id.clone(), wish.live.id.len(), wish.live.id.clone())
}

/// The kinds of a word: one, or all in use that can be listed.
fn kinds(config: &Config, word: &str) -> anyhow::Result<Vec<&'static Kind>> {
    if word == ALL {
        return Ok(KINDS.into_iter().filter(|kind| config.uses(kind) && kind.is_listed()).collect());
    }
    let kind = kind_of(word)?;
    if kind.is_order() || !kind.is_listed() {
        bail!("the service does not list its {}: name those that are to be imported", kind.section);
    }
    Ok(vec![kind])
}

/// Whether an object, or what a list shows of it, may be meant.
fn passes(kind: &Kind, body: &Value, which: &args::Which, owner: &Owner) -> bool {
    let tags = body.get("tags").and_then(Value::as_array);
    let has = |tag: &String| tags.is_none_or(|tags| tags.iter().any(|own| own.as_str() == Some(tag)));
    // What a list shows may have no tags at all: the whole object is asked, later.
    let is_summary =
        tags.is_none() && kind.api.list.summary.is_some_and(|summary| !summary.shown.contains(&"tags"));
    let mark = mark::read_as(kind, body, owner);
    let titled = |text: &String| {
        kind.title(body).is_some_and(|title| title.to_lowercase().contains(&text.to_lowercase()))
    };
    which.query.as_ref().is_none_or(titled)
        && !(which.unmanaged && mark.is_some())
        && (!which.managed || mark.is_some_and(|mark| mark.owner == *owner))
        && (which.tag.is_empty() || ((tags.is_some() || is_summary) && which.tag.iter().all(has)))
}

/// The value of the first tag of a key.
fn group_of(body: &Value, key: &str) -> Option<String> {
    let tags = body.get("tags").and_then(Value::as_array)?;
    let mut values = tags.iter().filter_map(Value::as_str).filter_map(|tag| tag.split_once(':'));
    values.find(|(own, value)| *own == key && !value.is_empty()).map(|(_, value)| value.to_owned())
}
