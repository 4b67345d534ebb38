//! The files that say how telemetry gets to Datadog: collectors, workloads, functions, checked as code.

mod allow;
mod collector;
mod components;
mod finding;
mod function;
mod image;
mod judges;
mod read;
mod report;
pub mod rules;
mod setup;
mod subjects;
mod view;
mod watch;
mod workload;

#[cfg(test)]
mod tests;

pub use rules::all_codes;
pub use setup::{Setup, setups};

use crate::config::{self, Config, Target};
use crate::diagnostic::{Diagnostic, Sources};
use finding::Findings;
use subjects::Subjects;
pub use watch::Watch;

/// Everything that is wrong with the pipelines of a project, by themselves and with what is declared; advice included.
/// Their files are added to the sources.
pub fn check(
    config: &Config,
    environment: Option<&str>,
    watches: &[Watch],
    sources: &mut Sources,
) -> Vec<Diagnostic> {
    if config.pipelines.is_empty() {
        return Vec::new();
    }
    let (pieces, mut reported) = read::read(config, sources);
    let subjects = Subjects::read(&pieces, sources);
    let mut found = Findings::default();
    judges::structure::judge(&subjects, &mut found);
    judges::spelling::judge(&subjects, &mut found);
    judges::missing::judge(&subjects, &mut found);
    judges::flow::judge(&subjects, &mut found);
    judges::sending::judge(&subjects, &mut found);
    judges::listening::judge(&subjects, &mut found);
    judges::datadog::judge(&subjects, watches, &mut found);
    judges::secrecy::judge(&subjects, config, environment, &mut found);
    judges::tasks::judge(&subjects, &mut found);
    judges::cloud_run::judge(&subjects, &mut found);
    judges::functions::judge(&subjects, watches, &mut found);
    judges::across::judge(&subjects, watches, is_sandbox(config, environment), &mut found);
    let said = |code: &str| config.rules.get(code).copied();
    let (more, hidden) = report::report(found.list, &pieces, sources, &said);
    reported.extend(more);
    config::blot(sources, &hidden);
    pieces.files.iter().for_each(|file| config::blot_keys(sources, *file));
    reported
}

/// Whether nothing but definitions is tried in the environment at hand: no pipeline emits its name.
fn is_sandbox(config: &Config, environment: Option<&str>) -> bool {
    let own = environment.and_then(|name| config.environments.get(name));
    own.is_some_and(|own| own.target == Target::Sandbox)
}
