//! `musher plan`: what apply would do.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::Invocation;
use super::base::{self, Planned};
use super::brakes::forecast;
use super::cost::cost;
use super::failed;
use super::surveyed::declare_and_survey_some;
use crate::args::{self, Common, Exit, Format};
use crate::git;
use crate::model::{Action, Plan};
use crate::render::comment::{LIMIT, own};
use crate::render::{based, gitlab_terraform, html, plan_json, plan_markdown, plan_text};
use crate::saved::{Seal, seal};

/// What a plan is written as.
pub const FORMATS: [Format; 5] =
    [Format::Text, Format::Json, Format::Markdown, Format::Html, Format::GitlabTerraform];

pub async fn run(invocation: &Invocation<'_>, options: &args::Plan) -> anyhow::Result<Exit> {
    let targets = invocation.targets();
    let formats = targets.iter().map(|common| Invocation { common, ..*invocation }.format(&FORMATS));
    let formats = formats.collect::<Result<Vec<Format>, _>>()?;
    let planned = match &options.base {
        Some(reference) => base::planned(invocation, options, reference).await,
        None => planned(invocation, options, &formats).await,
    };
    let planned = match planned {
        Ok(planned) => planned,
        Err(error) => {
            fail(invocation, &targets, &formats, &error)?;
            return Err(error);
        }
    };
    for (common, format) in targets.iter().zip(formats) {
        let invocation = &Invocation { common, ..*invocation };
        if format == Format::Json {
            let none = Seal::default();
            let seal = planned.saved.as_ref().unwrap_or(&none);
            invocation.answer(|out, _| plan_json::write(&planned.plan, seal, out))?;
        } else {
            show(invocation, &planned.plan, format, options.expand)?;
        }
    }
    if let Some(cost) = &planned.cost {
        invocation.say(cost)?;
    }
    let changes = options.detailed_exitcode && !planned.plan.changes.is_empty();
    let denied = planned.denied;
    // The process ends: to give its memory back piece by piece would take longer than to compare all it holds.
    std::mem::forget(planned);
    Ok(match (denied, changes) {
        (true, _) => Exit::Error,
        (false, true) => Exit::Changes,
        (false, false) => Exit::Fine,
    })
}

/// Puts the failure in the place of the plans that files were to hold, so that no old one is taken for a new one.
fn fail(
    invocation: &Invocation<'_>,
    targets: &[Common],
    formats: &[Format],
    error: &anyhow::Error,
) -> anyhow::Result<()> {
    let failure = OnceCell::new();
    for (common, format) in targets.iter().zip(formats).filter(|(common, _)| !common.output.is_empty()) {
        let invocation = &Invocation { common, ..*invocation };
        let Some(failure) = failure.get_or_init(|| failed::failure(invocation, error)) else { return Ok(()) };
        match format {
            Format::Json => invocation.answer(|out, _| writeln!(out, "{failure:#}"))?,
            _ => invocation.answer(|out, _| writeln!(out, "The plan failed: `musher validate` says why."))?,
        }
    }
    Ok(())
}

async fn planned(
    invocation: &Invocation<'_>,
    options: &args::Plan,
    formats: &[Format],
) -> anyhow::Result<Planned> {
    let (declared, service, mut surveyed) =
        declare_and_survey_some(invocation, options.strictness.denies_warnings()).await?;
    service.tell_counts(invocation)?;
    surveyed.plan.notes.brakes = forecast(&declared, &surveyed);
    // Who compares what changed here has nobody's edit in mind.
    let has_updates = surveyed.plan.count(Action::Update) > 0;
    let for_people = formats.iter().any(|format| matches!(format, Format::Text | Format::Markdown));
    surveyed.plan.notes.committed = has_updates && for_people && !invocation.common.quiet && {
        let read: BTreeSet<&str> = declared.sources.files.iter().map(|file| &*file.path).collect();
        git::is_committed(&declared.config.root, &|path| read.contains(path))
    };
    let saved = formats
        .contains(&Format::Json)
        .then(|| seal(&surveyed.plan, &declared.resources, &invocation.common.only));
    let cost = cost(&surveyed.plan, &service);
    let planned = Planned { saved, cost, denied: surveyed.denied, plan: std::mem::take(&mut surveyed.plan) };
    std::mem::forget((declared, service, surveyed));
    Ok(planned)
}

/// Writes a plan for people.
pub fn show(invocation: &Invocation<'_>, plan: &Plan, format: Format, expand: bool) -> anyhow::Result<()> {
    let look = |color| invocation.look(color, expand);
    invocation.answer(|out, color| match (format, &plan.notes.base) {
        (Format::Html, _) => out.write_all(html::render(plan).as_bytes()),
        (Format::GitlabTerraform, _) => writeln!(out, "{}", gitlab_terraform::render(&own(plan))),
        (Format::Markdown, Some(base)) => {
            out.write_all(based::markdown(plan, base, LIMIT, expand).as_bytes())
        }
        (Format::Markdown, None) if expand => out.write_all(plan_markdown::expanded(plan, LIMIT).as_bytes()),
        (Format::Markdown, None) => out.write_all(plan_markdown::within(plan, LIMIT).as_bytes()),
        (_, Some(base)) => based::write(plan, base, look(color), out),
        (_, None) => plan_text::write(plan, look(color), out),
    })
}
