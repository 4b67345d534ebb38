//! The API's dry runs over a whole project: what the service refuses, at the lines of the definitions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Context as _;
use futures_util::{StreamExt, TryStreamExt};
use serde_json::Value;

use super::Desk;
use super::declared::Declared;
use super::service::{Service, service};
use crate::client::{Fault, Refusal};
use crate::diagnostic::{At, Diagnostic, Position};
use crate::fill::{answer, fill, references};
use crate::kind::{self, KINDS, Kind};
use crate::model::{Address, Known, Resource};
use crate::plan::{Inputs, plan};
use crate::render::progress::Progress;
use crate::source::locate::Locator;

/// Questions begun at once: more than the limiter ever lets out, so that it decides.
const AT_ONCE: usize = 256;

/// A body that can be asked about.
struct Question<'a> {
    kind: &'static Kind,
    resource: &'a Resource,
    /// Of the live object, where there is one.
    id: Option<&'a str>,
    body: Value,
}

/// Asks about every selected resource whose kind has a dry run and whose references are live. All refusals
/// are diagnostics; an error is whatever keeps the service from judging. Tells how many were not asked about.
pub async fn ask(desk: &Desk<'_>, declared: &Declared) -> anyhow::Result<Vec<Diagnostic>> {
    let selected: Vec<&Resource> =
        declared.resources.iter().filter(|resource| declared.selects(&resource.address)).collect();
    let (judged, foreign): (Vec<&Resource>, Vec<&Resource>) = selected
        .into_iter()
        .partition(|resource| kind_of(resource).is_some_and(|kind| kind.api.validate.is_some()));
    if judged.is_empty() {
        desk.say(&told(0, &[], &foreign))?;
        return Ok(Vec::new());
    }
    let progress = Arc::new(Progress::start(desk.common.quiet));
    let service = service(desk, declared, &progress)?;
    let known = known(&service, declared, &judged).await?;
    let (questions, waiting) = questions(judged, &known);
    let refused: Vec<Option<Diagnosed>> = futures_util::stream::iter(&questions)
        .map(|question| put(&service, question))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    progress.end();
    desk.say(&told(questions.len(), &waiting, &foreign))?;
    let refused = questions.iter().zip(refused).filter_map(|(question, refused)| Some((question, refused?)));
    Ok(diagnose(refused, declared))
}

fn kind_of(resource: &Resource) -> Option<&'static Kind> {
    kind::of_section(resource.address.section())
}

/// The live ids of what is asked about, and of what that refers to.
async fn known(
    service: &Service,
    declared: &Declared,
    judged: &[&Resource],
) -> anyhow::Result<BTreeMap<Address, Known>> {
    let mut sections: BTreeSet<String> = BTreeSet::new();
    for resource in judged {
        sections.insert(resource.address.section().to_owned());
        let targets = references(&resource.body.value()).into_iter();
        sections.extend(targets.map(|reference| reference.target.section().to_owned()));
    }
    let kinds: Vec<&'static Kind> =
        KINDS.into_iter().filter(|kind| sections.contains(kind.section)).collect();
    let live = service.live_of(&kinds, declared).await?;
    let inputs = Inputs {
        unlisted: &[],
        scope: &declared.scope,
        site: &service.site,
        organisation: None,
        resources: &declared.resources,
        forgotten: &declared.forgotten,
        live: &live,
        selected: &|address| declared.selects(address),
        seen_last: &|_, _| None,
    };
    // What the plan has to say of kinds that were not listed means nothing.
    let (plan, _) = plan(&inputs);
    Ok(plan.known)
}

/// What can be asked, and what waits for ids that only an apply makes.
fn questions<'a>(
    judged: Vec<&'a Resource>,
    known: &'a BTreeMap<Address, Known>,
) -> (Vec<Question<'a>>, Vec<&'a Resource>) {
    let (mut questions, mut waiting) = (Vec::new(), Vec::new());
    for resource in judged {
        let Some(kind) = kind_of(resource) else { continue };
        let body = resource.body.value();
        let body = fill(kind, &body, &|reference| answer(known, reference)).into_owned();
        if references(&body).is_empty() {
            let id = known.get(&resource.address).map(|known| known.id.as_str());
            questions.push(Question { kind, resource, id, body });
        } else {
            waiting.push(resource);
        }
    }
    (questions, waiting)
}

/// The service's words, and the field that they name.
struct Diagnosed {
    words: String,
    pointer: String,
}

/// Puts one question; a refusal of the body is an answer.
async fn put(service: &Service, question: &Question<'_>) -> anyhow::Result<Option<Diagnosed>> {
    let refusal = match service.client.validate(question.kind, question.id, &question.body).await {
        Ok(()) => return Ok(None),
        Err(refusal) => refusal,
    };
    match refusal.fault {
        Fault::Refused | Fault::NotFound => Ok(Some(diagnosed(&refusal, &question.body))),
        Fault::Unauthorized | Fault::Forbidden | Fault::Unreachable => {
            Err(service.explain(&[question.kind], refusal))
        }
        Fault::Unwell | Fault::Limited | Fault::Lost | Fault::Odd => {
            let address = &question.resource.address;
            Err(refusal).with_context(|| format!("{} does not judge `{address}`", service.site))
        }
    }
}

fn diagnosed(refusal: &Refusal, body: &Value) -> Diagnosed {
    let said = refusal.words.trim().trim_end_matches('.');
    Diagnosed {
        words: if said.is_empty() { "it gives no reason".to_owned() } else { said.to_owned() },
        pointer: refusal.field(body).unwrap_or_default(),
    }
}

/// Refusals at their places; the same one of many instances once.
fn diagnose<'a>(
    refused: impl Iterator<Item = (&'a Question<'a>, Diagnosed)>,
    declared: &Declared,
) -> Vec<Diagnostic> {
    let mut locator = Locator::new(&declared.sources);
    let mut groups: BTreeMap<(Position, String), (At, Vec<&Resource>)> = BTreeMap::new();
    for (question, Diagnosed { words, pointer }) in refused {
        let resource = question.resource;
        let at = locator.locate_in(&resource.origin, &pointer);
        let text = format!("The service refuses this {}: {words}", question.kind.name);
        let group = (locator.locate(&at).position(), text);
        groups.entry(group).or_insert_with(|| (at, Vec::new())).1.push(resource);
    }
    let tell = |((_, text), (at, resources)): (_, (At, Vec<&Resource>))| {
        let mut diagnostic = Diagnostic::error("refused", text, at);
        let instance = resources.iter().find_map(|resource| resource.instance.as_ref());
        if let Some(instance) = instance {
            let use_ = format!("in an instance of the use `{}`", instance.name);
            diagnostic = diagnostic.also(use_, instance.at.part(crate::diagnostic::Part::Key));
        }
        if instance.is_some() || resources.len() > 1 {
            diagnostic.instances = resources.iter().map(|resource| resource.address.to_string()).collect();
        }
        diagnostic
    };
    groups.into_iter().map(tell).collect()
}

/// How many were asked about, and why the others were not.
fn told(asked: usize, waiting: &[&Resource], foreign: &[&Resource]) -> String {
    let mut parts = vec![match asked {
        0 => "The API was asked about nothing".to_owned(),
        1 => "The API was asked about 1 resource".to_owned(),
        _ => format!("The API was asked about {asked} resources"),
    }];
    match waiting.len() {
        0 => {}
        1 => parts.push("1 refers to something that is not live yet".to_owned()),
        count => parts.push(format!("{count} refer to something that is not live yet")),
    }
    let mut by_section: BTreeMap<&str, usize> = BTreeMap::new();
    for resource in foreign {
        *by_section.entry(resource.address.section()).or_default() += 1;
    }
    let counted: Vec<String> =
        by_section.iter().map(|(section, count)| format!("{count} in `{section}`")).collect();
    if !counted.is_empty() {
        parts.push(format!("there is no dry run for {}", counted.join(" and ")));
    }
    parts.join("; ") + "."
}
