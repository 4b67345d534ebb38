//! The brakes of an environment held against a plan: foretold by a plan, told by an apply.

use super::Invocation;
use super::declared::Declared;
use super::surveyed::Surveyed;
use crate::args::{self, LogFormat};
use crate::brake::{self, Limits, Organisation};
use crate::model::{Brake, Plan};
use crate::render::Stream;
use crate::render::log::Severity;

/// Reports the brakes that hold; the first of them.
pub fn held(
    invocation: &Invocation<'_>,
    declared: &Declared,
    surveyed: &Surveyed,
    options: &args::Apply,
) -> anyhow::Result<Option<&'static str>> {
    let mut released = options.release_brake.clone();
    if options.destroy {
        released.extend(["delete", "empty", "namespace"].map(str::to_owned));
    }
    let held = brakes(declared, &surveyed.plan, surveyed.organisation.as_ref(), &released);
    for brake in &held {
        if invocation.common.log_format == LogFormat::Json {
            let text = format!("held by the brake `{}`: {}. {}", brake.name, brake.text, brake.remedy);
            let line = invocation.worded(Severity::Error, &text);
            crate::render::print(Stream::Err, invocation.common.colors(), |out, _| writeln!(out, "{line}"))?;
            continue;
        }
        crate::render::held(brake.name, &brake.text, &brake.remedy, invocation.common.colors())?;
    }
    Ok(held.first().map(|brake| brake.name))
}

/// The brakes that would hold an apply of this plan, as far as they are known without the keys of that apply.
pub fn forecast(declared: &Declared, surveyed: &Surveyed) -> Vec<Brake> {
    foretold(declared, &surveyed.plan, surveyed.organisation.as_ref())
}

/// The same of a plan, whoever made it.
pub fn foretold(declared: &Declared, plan: &Plan, organisation: Option<&Organisation>) -> Vec<Brake> {
    // Keys that plan may read less than those that apply: whose they are, apply finds out.
    let is_known = |brake: &Brake| brake.name != "org" || organisation.is_some();
    brakes(declared, plan, organisation, &[]).into_iter().filter(is_known).collect()
}

fn brakes(
    declared: &Declared,
    plan: &Plan,
    organisation: Option<&Organisation>,
    released: &[String],
) -> Vec<Brake> {
    let environment = declared.environment();
    let limits =
        Limits { brakes: &environment.brakes, org: environment.org.as_deref(), organisation, released };
    let held = brake::held(plan, &limits).into_iter();
    held.map(|held| Brake { name: held.name, remedy: held.knobs(), text: held.text }).collect()
}
