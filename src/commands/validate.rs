//! `musher validate`: everything that can be known without the network; with `--remote`, what the API says too.

use camino::Utf8Path;

use super::declared::{Checked, deny, judge_and_watch, report};
use super::{Invocation, remote, start};
use crate::args::{self, Exit, Format};
use crate::config;
use crate::diagnostic::{Severity, has_errors};
use crate::model;
use crate::pipelines;
use crate::render::{code_quality, diagnostics, sarif};

pub async fn run(invocation: &Invocation<'_>, options: &args::Validate) -> anyhow::Result<Exit> {
    let format =
        invocation.format(&[Format::Text, Format::Json, Format::Github, Format::Gitlab, Format::Sarif])?;
    // Part of the definitions can't be judged by itself: they refer to each other.
    anyhow::ensure!(
        options.remote || invocation.common.only.is_empty(),
        "--only chooses what `validate --remote` asks the API; without --remote all definitions are judged together"
    );
    let judged = with_pipelines(judge_and_watch(invocation)?, options.advice);
    let mut found = judged.diagnostics;
    if options.remote {
        match judged.declared.as_ref().filter(|_| !has_errors(&found)) {
            Some(declared) => {
                found.extend(declared.idle_only(&[]));
                if !has_errors(&found) {
                    found.extend(remote::ask(invocation, declared).await?);
                }
            }
            None => invocation.say("The API was not asked: fix the errors first.")?,
        }
    }
    if options.strictness.denies_warnings() {
        deny(&mut found);
    }
    match format {
        Format::Json => {
            let json = diagnostics::json(&found, &judged.sources);
            invocation.answer(|out, _| writeln!(out, "{json:#}"))?;
        }
        Format::Gitlab | Format::Sarif => {
            let folder = in_repository(&config::find(&start(invocation.common)?)?);
            let report = match format {
                Format::Sarif => sarif::sarif(&found, &judged.sources, &folder),
                _ => code_quality::code_quality(&found, &judged.sources, &folder),
            };
            invocation.answer(|out, _| writeln!(out, "{report:#}"))?;
        }
        Format::Github => {
            let folder = in_repository(&config::find(&start(invocation.common)?)?);
            let text = diagnostics::github(&found, &judged.sources, &folder);
            invocation.answer(|out, _| out.write_all(text.as_bytes()))?;
        }
        _ => report(invocation, &found, &judged.sources)?,
    }
    if has_errors(&found) {
        return Ok(Exit::Error);
    }
    if let Some(declared) = judged.declared.filter(|_| format == Format::Text && !invocation.common.quiet) {
        let count = declared.resources.len();
        let resources = if count == 1 { "resource is" } else { "resources are" };
        invocation.answer(|out, _| writeln!(out, "{} {resources} valid.", model::count(count)))?;
    }
    Ok(Exit::Fine)
}

/// The same with what is to be said of the project's pipelines.
fn with_pipelines(mut judged: Checked, advice: bool) -> Checked {
    let Some(declared) = &judged.declared else { return judged };
    let environment = declared.scope.environment.as_deref();
    let mut found = pipelines::check(&declared.config, environment, &judged.watches, &mut judged.sources);
    found.retain(|found| advice || found.severity != Severity::Advice);
    judged.diagnostics.extend(found);
    judged
}

/// A folder as seen from the root of its git repository, `/` between segments: empty where it is the root, or
/// where there is no repository.
pub fn in_repository(folder: &Utf8Path) -> String {
    // In a worktree or submodule `.git` is a file.
    let root = folder.ancestors().find(|above| above.join(".git").exists());
    let inside = root.and_then(|root| folder.strip_prefix(root).ok());
    inside.map(|path| path.as_str().replace('\\', "/")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_seen_from_its_repository() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let deep = root.join("teams/shop");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(root.join(".git"), "gitdir: elsewhere").unwrap();
        assert_eq!(in_repository(&deep), "teams/shop");
        assert_eq!(in_repository(root), "");
        std::fs::create_dir(root.join("teams/.git")).unwrap();
        assert_eq!(in_repository(&deep), "shop");
    }
}
