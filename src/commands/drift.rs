//! `musher drift`: what is live and differs from the definitions, and who made it so.

use super::Invocation;
use super::hosted::{context, explained, open};
use super::surveyed::declare_and_survey;
use super::validate::in_repository;
use crate::args::{self, Exit, Format};
use crate::forge::{self, Issue, Wrote};
use crate::model::Plan;
use crate::render::comment::{LIMIT, marker};
use crate::render::{annotation, drift};
use crate::telemetry::Drift;

pub async fn run(invocation: &Invocation<'_>, options: &args::Drift) -> anyhow::Result<Exit> {
    let format = invocation.format(&[Format::Text, Format::Json, Format::Markdown, Format::Github])?;
    // Unless it comes to be known.
    invocation.telemetry.drift(Drift::Unknown);
    let (declared, service, surveyed) = declare_and_survey(invocation, false).await?;
    let count = surveyed.plan.changes.len();
    invocation.telemetry.drift(if count == 0 {
        Drift::None
    } else {
        Drift::Some(u64::try_from(count).unwrap_or(u64::MAX))
    });
    service.tell_counts(invocation)?;
    let plan = &surveyed.plan;
    invocation.answer(|out, color| match format {
        Format::Json => drift::write_json(plan, out),
        Format::Markdown => out.write_all(drift::markdown(plan, LIMIT).as_bytes()),
        Format::Github => {
            let notes = annotation::of_drift(plan, &in_repository(&declared.config.root));
            out.write_all(annotation::commands(&notes, "in the log of this job").as_bytes())
        }
        _ => drift::write(plan, invocation.look(color, false), out),
    })?;
    let mut exit = if plan.changes.is_empty() { Exit::Fine } else { Exit::Changes };
    if options.issue {
        match issue(invocation, plan).await {
            Ok(said) => invocation.say(&said)?,
            Err(error) => {
                invocation.complain(&format!("{error:#}"))?;
                exit = if options.strict { Exit::Error } else { exit };
            }
        }
    }
    Ok(exit)
}

/// Keeps the one issue of the environment.
async fn issue(invocation: &Invocation<'_>, plan: &Plan) -> anyhow::Result<String> {
    anyhow::ensure!(
        plan.notes.only.is_empty(),
        "--issue tells of the whole environment: it is not written with --only"
    );
    let system = forge::system(invocation.variable).ok_or(forge::ContextError::NoSystem)?;
    let context = context(invocation, system, None)?;
    let Some(forge) = open(invocation, &context)? else {
        anyhow::bail!("{} is not set: no issue was written to {}", system.token(), system.name());
    };
    let owner = plan
        .environment
        .as_ref()
        .map_or_else(|| plan.project.clone(), |environment| format!("{}.{environment}", plan.project));
    let body = drift::markdown(plan, LIMIT);
    let issue = Issue {
        marker: &marker("drift", (&plan.project, plan.environment.as_deref()), None),
        title: &format!("Drift in {owner}"),
        body: Some(body.as_str()).filter(|_| !plan.changes.is_empty()),
    };
    let wrote = forge.issue(&issue).await.map_err(|error| explained(&forge, "issues", error))?;
    Ok(match wrote {
        Wrote::New => format!("An issue was opened for {owner}."),
        Wrote::Changed => format!("The issue of {owner} was updated."),
        Wrote::Same => format!("The issue of {owner} says the same already."),
        Wrote::Closed => format!("The issue of {owner} was closed."),
        Wrote::Nothing => format!("There is no issue of {owner}, and no need of one."),
    })
}
