//! `musher plan`: what apply would do.

use super::Invocation;
use super::brakes::forecast;
use super::cost::cost;
use super::surveyed::declare_and_survey;
use crate::args::{self, Exit, Format};
use crate::model::Plan;
use crate::render::page::Look;
use crate::render::{gitlab_terraform, html, plan_json, plan_markdown, plan_text};
use crate::saved::seal;

pub async fn run(invocation: &Invocation<'_>, options: &args::Plan) -> anyhow::Result<Exit> {
    let format = invocation.format(&[
        Format::Text,
        Format::Json,
        Format::Markdown,
        Format::Html,
        Format::GitlabTerraform,
    ])?;
    let (declared, service, mut surveyed) =
        declare_and_survey(invocation, options.strictness.denies_warnings()).await?;
    service.tell_counts(invocation)?;
    surveyed.plan.notes.brakes = forecast(&declared, &surveyed);
    if format == Format::Json {
        let seal = seal(&surveyed.plan, &declared.resources, &invocation.common.only);
        invocation.answer(|out, _| plan_json::write(&surveyed.plan, &seal, out))?;
    } else {
        show(invocation, &surveyed.plan, format, options.expand)?;
    }
    if let Some(cost) = cost(&surveyed.plan, &service) {
        invocation.say(&cost)?;
    }
    let changes = options.detailed_exitcode && !surveyed.plan.changes.is_empty();
    let denied = surveyed.denied;
    // The process ends: to give its memory back piece by piece would take longer than to compare all it holds.
    std::mem::forget((declared, service, surveyed));
    Ok(match (denied, changes) {
        (true, _) => Exit::Error,
        (false, true) => Exit::Changes,
        (false, false) => Exit::Fine,
    })
}

/// Writes a plan for people.
pub fn show(invocation: &Invocation<'_>, plan: &Plan, format: Format, expand: bool) -> anyhow::Result<()> {
    invocation.answer(|out, color| match format {
        Format::Html => out.write_all(html::render(plan).as_bytes()),
        Format::GitlabTerraform => writeln!(out, "{}", gitlab_terraform::render(plan)),
        Format::Markdown => writeln!(out, "{}", plan_markdown::render(plan)),
        _ => plan_text::write(plan, Look { color, expand }, out),
    })
}
