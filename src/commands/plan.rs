//! `musher plan`: what apply would do.

use super::Invocation;
use super::base::{self, Planned};
use super::brakes::forecast;
use super::cost::cost;
use super::failed::failure;
use super::surveyed::declare_and_survey;
use crate::args::{self, Exit, Format};
use crate::model::Plan;
use crate::render::page::Look;
use crate::render::{based, gitlab_terraform, html, plan_json, plan_markdown, plan_text};
use crate::saved::{Seal, seal};

pub async fn run(invocation: &Invocation<'_>, options: &args::Plan) -> anyhow::Result<Exit> {
    let format = invocation.format(&[
        Format::Text,
        Format::Json,
        Format::Markdown,
        Format::Html,
        Format::GitlabTerraform,
    ])?;
    let planned = match &options.base {
        Some(reference) => base::planned(invocation, options, reference).await,
        None => planned(invocation, options, format).await,
    };
    let planned = match planned {
        Err(error) if format == Format::Json && invocation.common.output.is_some() => {
            if let Some(failure) = failure(invocation, &error) {
                invocation.answer(|out, _| writeln!(out, "{failure:#}"))?;
            }
            return Err(error);
        }
        planned => planned?,
    };
    if format == Format::Json {
        let seal = planned.saved.as_ref();
        invocation.answer(|out, _| plan_json::write(&planned.plan, seal.unwrap_or(&Seal::default()), out))?;
    } else {
        show(invocation, &planned.plan, format, options.expand)?;
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

async fn planned(
    invocation: &Invocation<'_>,
    options: &args::Plan,
    format: Format,
) -> anyhow::Result<Planned> {
    let (declared, service, mut surveyed) =
        declare_and_survey(invocation, options.strictness.denies_warnings()).await?;
    service.tell_counts(invocation)?;
    surveyed.plan.notes.brakes = forecast(&declared, &surveyed);
    let is_saved = format == Format::Json;
    let saved = is_saved.then(|| seal(&surveyed.plan, &declared.resources, &invocation.common.only));
    let cost = cost(&surveyed.plan, &service);
    let planned = Planned { saved, cost, denied: surveyed.denied, plan: std::mem::take(&mut surveyed.plan) };
    std::mem::forget((declared, surveyed));
    Ok(planned)
}

/// Writes a plan for people.
pub fn show(invocation: &Invocation<'_>, plan: &Plan, format: Format, expand: bool) -> anyhow::Result<()> {
    invocation.answer(|out, color| match (format, &plan.notes.base) {
        (Format::Html, _) => out.write_all(html::render(plan).as_bytes()),
        (Format::GitlabTerraform, _) => writeln!(out, "{}", gitlab_terraform::render(plan)),
        (Format::Markdown, Some(base)) => {
            writeln!(out, "{}", based::markdown(plan, base, plan_markdown::LIMIT))
        }
        (Format::Markdown, None) => writeln!(out, "{}", plan_markdown::render(plan)),
        (_, Some(base)) => based::write(plan, base, Look { color, expand }, out),
        (_, None) => plan_text::write(plan, Look { color, expand }, out),
    })
}
