//! The API's dry runs over a whole project: what the service refuses, at the lines of the definitions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Context as _;
use futures_util::{StreamExt, TryStreamExt};
use serde_json::Value;

use super::Invocation;
use super::declared::Declared;
use super::service::{Service, service};
use crate::check::{self, Finding, Slip};
use crate::client::{Fault, Refusal, RefusedItem};
use crate::config::RuleLevel;
use crate::diagnostic::{Diagnostic, Part};
use crate::fill::{answer, fill, references};
use crate::kind::{self, KINDS, Kind};
use crate::model::{Address, Known, Resource};
use crate::plan::{Inputs, plan};
use crate::render::progress::Progress;
use crate::template::Renderings;

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
pub async fn ask(invocation: &Invocation<'_>, declared: &Declared) -> anyhow::Result<Vec<Diagnostic>> {
    let selected: Vec<&Resource> =
        declared.resources.iter().filter(|resource| declared.selects(&resource.address)).collect();
    let (judged, foreign): (Vec<&Resource>, Vec<&Resource>) = selected.into_iter().partition(|resource| {
        kind_of(resource).is_some_and(|kind| has_dry_run(kind) && !is_part(kind, resource))
    });
    if judged.is_empty() {
        invocation.say(&reported(0, &[], &foreign))?;
        return Ok(Vec::new());
    }
    let progress = Arc::new(Progress::start(invocation.common.shows_no_progress()));
    let service = service(invocation, declared, &progress)?;
    let known = known(&service, declared, &judged).await?;
    let (questions, waiting) = questions(judged, &known);
    let answers: Vec<Option<Vec<Finding>>> = futures_util::stream::iter(&questions)
        .map(|question| put(&service, question))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    progress.end();
    let (mut found, mut foreign, mut asked) = (Vec::new(), foreign, 0);
    for (question, answer) in questions.iter().zip(answers) {
        match answer {
            Some(refused) => {
                asked += 1;
                found.extend(refused.into_iter().map(|finding| (question.resource, finding)));
            }
            None => foreign.push(question.resource),
        }
    }
    invocation.say(&reported(asked, &waiting, &foreign))?;
    // They point at whole fields: nothing is rendered again.
    Ok(check::report(found.into_iter(), &check::Settings::default(), &declared.sources, &|_| {
        Renderings::new()
    }))
}

fn has_dry_run(kind: &Kind) -> bool {
    kind.api.validate.is_some() || kind.api.validate_items.is_some()
}

/// Whether a definition holds no more than what changes of an object of others: a dry run would take it for the whole.
fn is_part(kind: &Kind, resource: &Resource) -> bool {
    let is_whole = || resource.body.value().as_object().is_some_and(kind.about.is_export);
    resource.directives.adopt.is_some() && !kind.quirks.fixed.is_empty() && !is_whole()
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
        // Whether it lives makes a difference to a dry run of the whole alone.
        if kind_of(resource).is_some_and(|kind| kind.api.validate.is_some()) {
            sections.insert(resource.address.section().to_owned());
        }
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
        now: jiff::Timestamp::now(),
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

/// Puts one question; a refusal of the body is an answer. None: the site has no such dry run.
async fn put(service: &Service, question: &Question<'_>) -> anyhow::Result<Option<Vec<Finding>>> {
    let Question { kind, id, body, .. } = question;
    let refusal = if kind.api.validate.is_some() {
        service.client.validate(kind, *id, body).await.map(|()| Some(Vec::new()))
    } else {
        let items = service.client.validate_items(kind, body).await;
        items.map(|items| items.map(|items| items.iter().map(refused_item).collect()))
    };
    let refusal = match refusal {
        Ok(answer) => return Ok(answer),
        Err(refusal) => refusal,
    };
    match refusal.fault {
        Fault::Refused | Fault::Duplicate { .. } | Fault::NotFound => {
            Ok(Some(vec![finding(&refusal, question)]))
        }
        Fault::Unauthorized | Fault::Forbidden | Fault::Unreachable => {
            Err(service.explain(&[*kind], refusal))
        }
        Fault::Unwell | Fault::Limited | Fault::Lost | Fault::Odd => {
            let address = &question.resource.address;
            Err(refusal).with_context(|| format!("{} does not judge `{address}`", service.site))
        }
    }
}

fn refused_item(item: &RefusedItem) -> Finding {
    let class = if item.class.is_empty() { String::new() } else { format!("`{}` ", item.class) };
    refused(format!("The service refuses this {class}widget: {}", reason(&item.words)), item.pointer.clone())
}

fn reason(words: &str) -> &str {
    let said = words.trim().trim_end_matches('.');
    if said.is_empty() { "it gives no reason" } else { said }
}

fn refused(text: String, pointer: String) -> Finding {
    Finding {
        code: "refused",
        level: RuleLevel::Error,
        pointer,
        part: Part::Value,
        text,
        help: String::new(),
        also: None,
        slip: Slip::None,
        follows: None,
    }
}

/// The service's words, at the field that they name.
fn finding(refusal: &Refusal, question: &Question<'_>) -> Finding {
    let text = format!("The service refuses this {}: {}", question.kind.name, reason(&refusal.words));
    refused(text, refusal.field(&question.body).unwrap_or_default())
}

/// How many were asked about, and why the others were not.
fn reported(asked: usize, waiting: &[&Resource], foreign: &[&Resource]) -> String {
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
        parts.push(format!("there is no dry run for {}", counted.join(", ")));
    }
    parts.join("; ") + "."
}
